/*
 * Queues of sessions and the pass over them. Whatever happens (a submit, an
 * answer, a transcoder come or gone) wakes the pass; it starts what can start
 * and finishes what is done, so an early or doubled wake does no harm.
 */

#include <stdlib.h>
#include <string.h>

#include "common/util/hex.h"
#include "orchestrator/sched.h"
#include "orchestrator/token.h"


#define ORCH_SCHED_TIMES   2             /* a segment may end transcoders */
#define ORCH_SCHED_FACTOR  4             /* durations that a job may take */


static void orch_sched_run(void *data);
static void orch_sched_late(void *data);


void
orch_sched_init(orch_sched_t *s, orch_loop_t *loop, const lp_log_t *log,
    orch_pool_t *pool, orch_memory_t *memory)
{
    memset(s, 0, sizeof(*s));

    s->loop = loop;
    s->log = log;
    s->pool = pool;
    s->memory = memory;

    orch_timer_init(&s->wake, loop, orch_sched_run, s);
    pool->sched = &s->wake;
}


void
orch_sched_done(orch_sched_t *s)
{
    orch_timer_done(&s->wake);
}


orch_job_t *
orch_sched_job(orch_sched_t *s, lp_buf_t *source, uint64_t counted)
{
    orch_job_t  *job;

    job = calloc(1, sizeof(orch_job_t));
    if (job == NULL) {
        return NULL;
    }

    job->source = *source;
    lp_buf_init(source, source->max);

    job->sched = s;
    job->counted = counted;

    orch_timer_init(&job->deadline, s->loop, orch_sched_late, job);
    orch_token_random(&job->ask.id, sizeof(job->ask.id));

    return job;
}


static void
orch_sched_free(orch_job_t *job)
{
    if (job->blob) {
        orch_blob_release(job->blob);
    }

    orch_timer_done(&job->deadline);
    orch_memory_give(job->sched->memory, job->counted);
    lp_buf_done(&job->source);
    free(job);
}


void
orch_sched_leave(orch_job_t **job)
{
    orch_job_t  *j = *job;

    *job = NULL;

    if (j == NULL) {
        return;
    }

    if (j->place == NULL) {
        orch_sched_free(j);
        return;
    }

    j->wake = NULL;

    /* the pass takes one out that only waits; one at work ends by itself */

    if (j->state == job_waiting) {
        j->state = job_done;
        j->status = LP_GONE;
        orch_loop_wake(&j->sched->wake);
    }
}


/* out of its queue: to the asker, or to nobody */

static void
orch_sched_finish(orch_queue_t *q, orch_job_t **link)
{
    orch_job_t  *job = *link;

    *link = job->next;
    q->n--;

    orch_timer_clear(&job->deadline);
    job->place = NULL;

    if (job->wake) {
        orch_loop_wake(job->wake);

    } else {
        orch_sched_free(job);
    }
}


static orch_poison_t *
orch_sched_poison_find(orch_sched_t *s, const lp_hash_t *hash)
{
    size_t    i;
    uint64_t  now = orch_loop_now_ms(s->loop);

    for (i = 0; i < ORCH_SCHED_POISON; i++) {
        if (s->poison[i].until_ms > now
            && memcmp(s->poison[i].hash.b, hash->b, sizeof(hash->b)) == 0)
        {
            return &s->poison[i];
        }
    }

    return NULL;
}


static void
orch_sched_poison_add(orch_sched_t *s, const lp_hash_t *hash)
{
    size_t          i;
    orch_poison_t  *p;

    p = orch_sched_poison_find(s, hash);

    if (p == NULL) {

        /* the one that ends first makes room */

        for (i = 0, p = s->poison; i < ORCH_SCHED_POISON; i++) {
            if (s->poison[i].until_ms < p->until_ms) {
                p = &s->poison[i];
            }
        }

        p->hash = *hash;
        p->times = 0;
    }

    p->times++;
    p->until_ms = orch_loop_now_ms(s->loop) + s->poison_ms;
}


/* the deadline of a job that was sent */

static void
orch_sched_late(void *data)
{
    orch_job_t  *job = data;

    if (job->state != job_sent) {
        return;
    }

    lp_log(job->sched->log, LP_LOG_WARN, "transcoder %s is killed: no answer "
           "in time", job->place->transcoder->name);

    orch_pool_drop(job->place, LP_TIMEOUT);
}


static void
orch_sched_send(orch_sched_t *s, orch_queue_t *q, orch_job_t *job)
{
    uint64_t  limit_ms;

    limit_ms = (uint64_t) job->ask.duration_ms * ORCH_SCHED_FACTOR;

    if (limit_ms < s->job_min_ms) {
        limit_ms = s->job_min_ms;
    }

    job->ask.deadline_ms = (uint32_t) limit_ms;
    job->state = job_sent;

    orch_timer_set(&job->deadline, limit_ms);
    orch_pool_send(&q->place, job);
}


static void
orch_sched_start(orch_sched_t *s, orch_queue_t *q)
{
    lp_status_t   rc;
    orch_job_t   *job = q->head;

    rc = q->place.transcoder ? LP_OK : orch_pool_hold(s->pool, &q->place);

    if (rc == LP_OK) {
        orch_sched_send(s, q, job);

    } else if (rc == LP_AGAIN) {
        s->pool->missed++;

    } else {
        job->state = job_done;
        job->status = rc;
    }
}


/* what an answer is worth; a liar is killed */

static void
orch_sched_check(orch_sched_t *s, orch_queue_t *q, orch_job_t *job)
{
    const char  *why;

    if (job->lost) {
        orch_sched_poison_add(s, &job->hash);
        return;
    }

    if (job->status != LP_OK || orch_sched_judge(job, &why) == LP_OK) {
        return;
    }

    lp_log(s->log, LP_LOG_WARN, "transcoder %s is killed, it lied: %s",
           q->place.transcoder ? q->place.transcoder->name : "that left",
           why);

    job->status = LP_MISMATCH;
    orch_pool_drop(&q->place, LP_MISMATCH);
}


/* jobs that are done go, wherever they stand; then the first one starts */

static void
orch_sched_advance(orch_sched_t *s, orch_queue_t *q)
{
    orch_job_t  **link;

    for (link = &q->head; *link; /* void */ ) {

        if ((*link)->state == job_waiting && link == &q->head) {
            orch_sched_start(s, q);
        }

        if ((*link)->state != job_done) {
            link = &(*link)->next;
            continue;
        }

        orch_sched_check(s, q, *link);
        orch_sched_finish(q, link);
    }
}


static void
orch_sched_run(void *data)
{
    orch_queue_t  *q, **link;
    orch_sched_t  *s = data;

    s->pool->missed = 0;

    for (link = &s->queues; *link; /* void */ ) {
        q = *link;

        orch_sched_advance(s, q);

        if (q->head) {
            link = &q->next;
            continue;
        }

        *link = q->next;
        q->listed = 0;
    }
}


lp_status_t
orch_sched_submit(orch_sched_t *s, orch_queue_t *q, orch_job_t *job)
{
    orch_job_t     **link;
    orch_poison_t   *poison;

    if (q->n > s->waiting_max) {
        return LP_BUSY;
    }

    poison = orch_sched_poison_find(s, &job->hash);

    if (poison && poison->times >= ORCH_SCHED_TIMES) {
        return LP_UNSUPPORTED;
    }

    for (link = &q->head; *link; link = &(*link)->next) { /* void */ }

    *link = job;
    job->place = &q->place;
    q->n++;

    if (!q->listed) {
        q->next = s->queues;
        s->queues = q;
        q->listed = 1;
    }

    orch_loop_wake(&s->wake);

    return LP_OK;
}


void
orch_sched_end(orch_sched_t *s, orch_queue_t *q)
{
    orch_queue_t  **link;

    orch_pool_release(&q->place);

    while (q->head) {
        q->head->state = job_done;
        q->head->status = LP_GONE;
        orch_sched_finish(q, &q->head);
    }

    if (!q->listed) {
        return;
    }

    for (link = &s->queues; *link != q; link = &(*link)->next) { /* void */ }

    *link = q->next;
    q->listed = 0;
}
