/*
 * Rungs in parallel. A queue is short so that pictures are still in the
 * cache when they are scaled, and so that memory is bounded.
 */
#include "orchestrator/transcoder/crew.h"

#include <string.h>

#include "orchestrator/transcoder/decode.h"


static void *tc_crew_run(void *arg);
static int tc_crew_take(tc_crew_worker_t *w, tc_crew_item_t *item);
static void tc_crew_work(tc_crew_worker_t *w, struct AVFrame *frame,
    int64_t pts);
static void tc_crew_last(tc_crew_worker_t *w);


void
tc_crew_start(tc_crew_t *c, tc_rung_t *rungs, uint32_t nrungs,
    uint32_t threads, tc_watch_t *watch)
{
    uint32_t           i;
    tc_crew_worker_t  *w;

    memset(c, 0, sizeof(*c));
    c->nworkers = threads < nrungs ? threads : nrungs;

    for (i = 0; i < nrungs; i++) {
        w = &c->workers[i % c->nworkers];
        w->rungs[w->nrungs++] = &rungs[i];
    }

    for (i = 0; i < c->nworkers; i++) {
        w = &c->workers[i];
        w->watch = watch;

        if (threads > 1) {
            pthread_mutex_init(&w->mutex, NULL);
            pthread_cond_init(&w->cond, NULL);
            w->running = pthread_create(&w->thread, NULL, tc_crew_run, w) == 0;
        }
    }
}


lp_status_t
tc_crew_put(tc_crew_t *c, struct AVFrame *frame, int64_t pts)
{
    uint32_t           i;
    tc_crew_item_t    *item;
    struct AVFrame    *held;
    tc_crew_worker_t  *w;

    for (i = 0; i < c->nworkers; i++) {
        w = &c->workers[i];

        if (!w->running) {
            tc_crew_work(w, frame, pts);
            continue;
        }

        held = tc_decode_hold(frame);

        if (held == NULL) {
            return LP_NOMEM;
        }

        pthread_mutex_lock(&w->mutex);

        while (w->count == TC_CREW_QUEUE) {
            pthread_cond_wait(&w->cond, &w->mutex);
        }

        item = &w->queue[(w->head + w->count++) % TC_CREW_QUEUE];
        item->frame = held;
        item->pts_90k = pts;

        pthread_cond_signal(&w->cond);
        pthread_mutex_unlock(&w->mutex);
    }

    return LP_OK;
}


void
tc_crew_finish(tc_crew_t *c)
{
    uint32_t           i;
    tc_crew_worker_t  *w;

    for (i = 0; i < c->nworkers; i++) {
        w = &c->workers[i];

        if (!w->running) {
            tc_crew_last(w);
            continue;
        }

        pthread_mutex_lock(&w->mutex);
        w->closed = 1;
        pthread_cond_signal(&w->cond);
        pthread_mutex_unlock(&w->mutex);
    }

    for (i = 0; i < c->nworkers; i++) {
        w = &c->workers[i];

        if (w->running) {
            pthread_join(w->thread, NULL);
            pthread_cond_destroy(&w->cond);
            pthread_mutex_destroy(&w->mutex);
            w->running = 0;
        }
    }
}


static void *
tc_crew_run(void *arg)
{
    tc_crew_worker_t  *w = arg;
    tc_crew_item_t     item;

    while (tc_crew_take(w, &item)) {
        tc_crew_work(w, item.frame, item.pts_90k);
        tc_decode_release(&item.frame);
    }

    tc_crew_last(w);

    return NULL;
}


/* 0: closed and empty. One side waits at a time, so one condition is enough */
static int
tc_crew_take(tc_crew_worker_t *w, tc_crew_item_t *item)
{
    int  got;

    pthread_mutex_lock(&w->mutex);

    while (w->count == 0 && !w->closed) {
        pthread_cond_wait(&w->cond, &w->mutex);
    }

    got = w->count > 0;

    if (got) {
        *item = w->queue[w->head];
        w->head = (w->head + 1) % TC_CREW_QUEUE;
        w->count--;
        pthread_cond_signal(&w->cond);
    }

    pthread_mutex_unlock(&w->mutex);

    return got;
}


/* a stopped job is only drained: the caller must never wait for room */
static void
tc_crew_work(tc_crew_worker_t *w, struct AVFrame *frame, int64_t pts)
{
    uint32_t     i;
    lp_status_t  rc;

    for (i = 0; i < w->nrungs; i++) {

        if (tc_watch_check(w->watch) != LP_OK) {
            return;
        }

        rc = tc_rung_frame(w->rungs[i], frame, pts);

        if (rc != LP_OK) {
            tc_watch_fail(w->watch, rc);
        }
    }
}


static void
tc_crew_last(tc_crew_worker_t *w)
{
    uint32_t     i;
    lp_status_t  rc;

    for (i = 0; i < w->nrungs; i++) {

        if (tc_watch_check(w->watch) != LP_OK) {
            return;
        }

        rc = tc_rung_finish(w->rungs[i]);

        if (rc != LP_OK) {
            tc_watch_fail(w->watch, rc);
        }
    }
}
