/*
 * A job to a transcoder. Each session has a queue: one segment runs, some
 * wait, in order of arrival; the session keeps its transcoder. The asker is
 * woken when job->state is job_done.
 *
 *   waiting -> sent -> done      an answer, or the transcoder went away
 *         \      `---> done      the deadline: the transcoder is killed
 *          `---------> done      no transcoder, or the session ended
 */
#ifndef ORCH_SCHED_H
#define ORCH_SCHED_H


#include "common/util/log.h"
#include "orchestrator/pool.h"


#define ORCH_SCHED_POISON  64


typedef struct orch_queue_s  orch_queue_t;

struct orch_queue_s {
    orch_place_t    place;
    orch_job_t     *head;
    unsigned        n;                    /* the running one included */
    orch_queue_t   *next;                 /* in sched's list of those with
                                             jobs */
    uint8_t         listed;
};

/* a segment that ended a transcoder */
typedef struct {
    lp_hash_t       hash;
    unsigned        times;
    uint64_t        until_ms;             /* 0: empty */
} orch_poison_t;

struct orch_sched_s {
    orch_loop_t    *loop;
    const lp_log_t *log;
    orch_pool_t    *pool;
    orch_memory_t  *memory;
    orch_timer_t    wake;
    orch_queue_t   *queues;
    uint32_t        waiting_max;
    uint64_t        job_min_ms;
    uint64_t        poison_ms;
    orch_poison_t   poison[ORCH_SCHED_POISON];
};


void orch_sched_init(orch_sched_t *s, orch_loop_t *loop, const lp_log_t *log,
    orch_pool_t *pool, orch_memory_t *memory);
void orch_sched_done(orch_sched_t *s);

/*
 * An empty job; source is taken over (left empty), counted bytes of memory go
 * back with it. NULL without memory: source is as before.
 */
orch_job_t *orch_sched_job(orch_sched_t *s, lp_buf_t *source,
    uint64_t counted);

/* frees a job that is done or was never submitted; a job under way is left
 * to end by itself. *job is NULL afterwards */
void orch_sched_leave(orch_job_t **job);

/*
 * LP_BUSY: the session's queue is full; LP_UNSUPPORTED: this segment ended
 * transcoders before. The job is then still the caller's and not submitted.
 */
lp_status_t orch_sched_submit(orch_sched_t *s, orch_queue_t *q,
    orch_job_t *job);

/* the session ends: its jobs end in LP_GONE, its transcoder is free */
void orch_sched_end(orch_sched_t *s, orch_queue_t *q);


/*
 * T-71, sched_judge: what a transcoder says about its work, compared with
 * what it was asked and with the bytes it gave. LP_MISMATCH: it lied;
 * *why (may be NULL) is a fixed sentence for the log.
 */
lp_status_t orch_sched_judge(const orch_job_t *job, const char **why);

/* bytes that a rendition may have at most (T-26) */
uint64_t orch_sched_rendition_max(const lp_profile_t *p,
    uint32_t duration_ms);


#endif /* ORCH_SCHED_H */
