/*
 * The transcoders as seen from here: who is there, who works for which
 * session, what was sent and not answered. How bytes travel is behind the
 * ops: a child process now, a remote transcoder is one more kind of entry.
 *
 *   an entry:  orch_pool_add ... orch_pool_answer ... orch_pool_remove
 *   a session: orch_pool_hold ... orch_pool_send ... orch_pool_release
 *
 * The pool calls no one above: it sets the job's fields and wakes sched; and
 * it wakes the supply when a transcoder was taken or is missed.
 */
#ifndef ORCH_POOL_H
#define ORCH_POOL_H


#include "common/crypto/keccak.h"
#include "common/net/jobs.h"
#include "orchestrator/blob.h"
#include "orchestrator/loop.h"


typedef struct orch_pool_s        orch_pool_t;
typedef struct orch_place_s       orch_place_t;
typedef struct orch_transcoder_s  orch_transcoder_t;
typedef struct orch_job_s         orch_job_t;
typedef struct orch_sched_s       orch_sched_t;

typedef enum {
    job_waiting,
    job_sent,
    job_done
} orch_job_e;

struct orch_job_s {
    /* asked */
    lp_jobs_job_t         ask;
    lp_buf_t              source;
    lp_hash_t             hash;               /* of source */
    orch_timer_t         *wake;               /* the asker's; NULL: left */

    /* answered */
    orch_job_e            state;
    lp_status_t           status;
    uint8_t               lost;               /* its transcoder died or hung */
    lp_jobs_result_t      result;
    const uint8_t        *data[LP_PROFILE_MAX];
    orch_blob_t          *blob;               /* what data points into */

    /* sched's */
    orch_sched_t         *sched;
    orch_place_t         *place;              /* while it is in a queue */
    orch_timer_t          deadline;
    uint64_t              counted;            /* bytes of memory, source's */
    orch_job_t           *next;
};

/* one session's seat at a transcoder */
struct orch_place_s {
    uint8_t               session[LP_JOBS_SESSION_LEN];
    orch_transcoder_t    *transcoder;         /* NULL: none */
    orch_job_t           *job;                /* sent, not answered */
    orch_place_t         *next;
};

typedef struct {
    /* job's source stays until the answer, or until t is removed */
    void                (*send)(orch_transcoder_t *t, orch_job_t *job);

    /* the session is over: its state at t is to go */
    void                (*end)(orch_transcoder_t *t,
                               const uint8_t session[LP_JOBS_SESSION_LEN]);

    /* t lied or hangs: end it; orch_pool_remove is called before return */
    void                (*kill)(orch_transcoder_t *t);
} orch_transcoder_ops_t;

struct orch_transcoder_s {
    const orch_transcoder_ops_t  *ops;
    orch_pool_t                  *pool;
    lp_jobs_hello_t               hello;
    char                          name[32];   /* for log and status */
    unsigned                      taken;      /* places, <= hello.capacity */
    uint64_t                      jobs;       /* answered */
    uint64_t                      cpu_ms;
    orch_place_t                 *places;
    orch_transcoder_t            *next;
};

struct orch_pool_s {
    orch_transcoder_t            *transcoders;
    unsigned                      n;
    unsigned                      missed;     /* sessions without a place */
    orch_timer_t                 *sched;      /* woken after any change */
    orch_timer_t                 *supply;     /* woken when one is wanted */
    lp_status_t                   outlook;    /* the supply's: LP_AGAIN, one
                                                 may come; else why not */
    uint64_t                      lost;       /* crashed, hung, killed */
};


/* entries */
void orch_pool_add(orch_pool_t *pool, orch_transcoder_t *t);

/* t is gone: jobs end in LP_GONE, sessions lose their place */
void orch_pool_remove(orch_transcoder_t *t);

/*
 * An answer came. LP_MISMATCH: no such job is out, t is to be killed. The
 * blob is held by the job afterwards, on failure it is released.
 */
lp_status_t orch_pool_answer(orch_transcoder_t *t,
    const lp_jobs_result_t *result, const uint8_t *const *data,
    orch_blob_t *blob);

/*
 * A place at the least loaded transcoder. LP_AGAIN: wait, sched is woken;
 * other failures are final for now.
 */
lp_status_t orch_pool_hold(orch_pool_t *pool, orch_place_t *place);

/* the session ends; its job, if one is out, ends in LP_GONE */
void orch_pool_release(orch_place_t *place);

void orch_pool_send(orch_place_t *place, orch_job_t *job);

/* the job ends in status, its transcoder is killed */
void orch_pool_drop(orch_place_t *place, lp_status_t status);


#endif /* ORCH_POOL_H */
