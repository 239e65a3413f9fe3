/*
 * The orchestrator's own transcoders: child processes, one session each, that
 * speak the job protocol over a socket pair (their fd 3; nothing else is
 * inherited). One is kept warm for the next session; those that die are
 * replaced, ever later when they die at the start.
 *
 *   starting --HELLO--> ready --session ends--> ending --reaped--> (gone)
 *       \--- deadline, exit ---\--- exit, lie, hang ---/
 */
#ifndef ORCH_LOCAL_H
#define ORCH_LOCAL_H


#include "common/util/log.h"
#include "orchestrator/pool.h"


typedef struct orch_local_s  orch_local_t;

typedef struct {
    const char     *program;
    const char     *args;                /* separated by spaces */
    unsigned        max;                 /* processes */
    uint64_t        start_ms;            /* until HELLO */
    orch_loop_t    *loop;
    orch_pool_t    *pool;
    orch_memory_t  *memory;
    const lp_log_t *log;
    orch_timer_t   *on_ready;            /* woken by the first HELLO */
} orch_local_conf_t;


/* starts the first one; NULL without memory */
orch_local_t *orch_local_create(const orch_local_conf_t *conf);

/* asks all to end; *wake is woken when the last one is reaped */
void orch_local_stop(orch_local_t *l, orch_timer_t *wake);

/* processes not reaped yet */
unsigned orch_local_running(const orch_local_t *l);

/* kills and reaps what is left */
void orch_local_destroy(orch_local_t **l);


#endif /* ORCH_LOCAL_H */
