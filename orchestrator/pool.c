/* The list of transcoders, the places in them and the jobs that are out. */

#include <assert.h>
#include <string.h>

#include "orchestrator/pool.h"


static void
orch_pool_finish(orch_place_t *place, lp_status_t status)
{
    orch_job_t  *job = place->job;

    place->job = NULL;

    job->state = job_done;
    job->status = status;

    orch_loop_wake(place->transcoder->pool->sched);
}


void
orch_pool_add(orch_pool_t *pool, orch_transcoder_t *t)
{
    t->pool = pool;
    t->next = pool->transcoders;

    pool->transcoders = t;
    pool->n++;

    orch_loop_wake(pool->sched);
}


void
orch_pool_remove(orch_transcoder_t *t)
{
    orch_pool_t         *pool = t->pool;
    orch_place_t        *place;
    orch_transcoder_t  **p;

    for (p = &pool->transcoders; *p != t; p = &(*p)->next) {
        assert(*p);
    }

    *p = t->next;
    pool->n--;

    while (t->places) {
        place = t->places;
        t->places = place->next;

        if (place->job) {
            place->job->lost = 1;
            orch_pool_finish(place, LP_GONE);
        }

        place->transcoder = NULL;
    }

    t->taken = 0;
    pool->outlook = LP_AGAIN;

    orch_loop_wake(pool->supply);
}


lp_status_t
orch_pool_answer(orch_transcoder_t *t, const lp_jobs_result_t *result,
    const uint8_t *const *data, orch_blob_t *blob)
{
    orch_job_t    *job;
    orch_place_t  *place;

    for (place = t->places; place; place = place->next) {
        if (place->job && place->job->ask.id == result->id) {
            break;
        }
    }

    if (place == NULL) {
        orch_blob_release(blob);
        return LP_MISMATCH;
    }

    job = place->job;
    job->result = *result;
    job->blob = blob;
    memcpy(job->data, data, sizeof(job->data));

    t->jobs++;
    t->cpu_ms += result->cpu_ms;

    orch_pool_finish(place, result->status);

    return LP_OK;
}


lp_status_t
orch_pool_hold(orch_pool_t *pool, orch_place_t *place)
{
    orch_transcoder_t  *t, *best;

    best = NULL;

    for (t = pool->transcoders; t; t = t->next) {

        if (t->taken >= t->hello.capacity) {
            continue;
        }

        if (best == NULL || (uint64_t) t->taken * best->hello.capacity
                            < (uint64_t) best->taken * t->hello.capacity)
        {
            best = t;
        }
    }

    orch_loop_wake(pool->supply);

    if (best == NULL) {
        return pool->outlook;
    }

    best->taken++;

    place->transcoder = best;
    place->next = best->places;
    best->places = place;

    return LP_OK;
}


void
orch_pool_release(orch_place_t *place)
{
    orch_place_t       **p;
    orch_transcoder_t   *t = place->transcoder;

    if (t == NULL) {
        return;
    }

    if (place->job) {
        orch_pool_finish(place, LP_GONE);
    }

    for (p = &t->places; *p != place; p = &(*p)->next) {
        assert(*p);
    }

    *p = place->next;
    t->taken--;
    place->transcoder = NULL;

    t->pool->outlook = LP_AGAIN;
    orch_loop_wake(t->pool->supply);

    t->ops->end(t, place->session);
}


void
orch_pool_send(orch_place_t *place, orch_job_t *job)
{
    place->job = job;
    place->transcoder->ops->send(place->transcoder, job);
}


void
orch_pool_drop(orch_place_t *place, lp_status_t status)
{
    orch_transcoder_t  *t = place->transcoder;

    if (place->job) {
        place->job->lost = 1;
        orch_pool_finish(place, status);
    }

    if (t) {
        t->pool->lost++;
        t->ops->kill(t);
    }
}
