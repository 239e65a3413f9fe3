/*
 * Sessions: admitted or refused, found by the id of their token, ended by
 * their owner or when no segment came for long. A session lives while someone
 * holds it; ended means that nothing new is done for it.
 */
#ifndef ORCH_CAPACITY_H
#define ORCH_CAPACITY_H


#include "common/util/log.h"
#include "orchestrator/conf.h"
#include "orchestrator/rpc_rendition.h"
#include "orchestrator/sched.h"
#include "orchestrator/token.h"


#define ORCH_CAPACITY_BUCKETS  256
#define ORCH_CAPACITY_SENDER   32         /* segments under way of a sender */


typedef struct orch_session_s  orch_session_t;

struct orch_session_s {
    char             id[ORCH_TOKEN_ID + 1];
    uint8_t          key[ORCH_TOKEN_ID / 2];
    lp_address_t     sender;
    uint64_t         started_ms;
    uint64_t         last_ms;             /* end of the last segment */
    uint64_t         segments;            /* accepted */
    uint64_t         seq;                 /* of the newest */
    uint64_t         round_ms;            /* head to answer, the newest */
    unsigned         refs;                /* segments and payments under way */
    uint8_t          ended;
    orch_queue_t     queue;
    orch_shelf_t     shelf;
    orch_session_t  *next;
};

typedef struct {
    const orch_conf_t  *conf;
    const lp_log_t     *log;
    orch_loop_t        *loop;
    orch_sched_t       *sched;
    orch_timer_t        sweep;
    orch_session_t     *buckets[ORCH_CAPACITY_BUCKETS];
    unsigned            n;
    uint8_t             closed;           /* no new sessions: stopping */
} orch_capacity_t;


void orch_capacity_init(orch_capacity_t *c, const orch_conf_t *conf,
    const lp_log_t *log, orch_loop_t *loop, orch_sched_t *sched);

/* ends every session */
void orch_capacity_done(orch_capacity_t *c);

/* is there room for one more session, of anyone */
int orch_capacity_full(const orch_capacity_t *c);

/* NULL: no such session now */
orch_session_t *orch_capacity_find(const orch_capacity_t *c,
    const uint8_t key[ORCH_TOKEN_ID / 2]);

/*
 * The session of a token, new or known, held. LP_BUSY: capped, for all or
 * for this sender, or the sender has too much under way; LP_NOMEM.
 */
lp_status_t orch_capacity_hold(orch_capacity_t *c, orch_session_t **s,
    const orch_token_t *token);

/* *s is NULL afterwards; one that never had a segment ends with it */
void orch_capacity_release(orch_capacity_t *c, orch_session_t **s);

/* renditions vanish, jobs end in LP_GONE, the transcoder is free */
void orch_capacity_end(orch_capacity_t *c, orch_session_t *s,
    const char *why);


#endif /* ORCH_CAPACITY_H */
