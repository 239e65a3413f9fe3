/*
 * What must be there before the orchestrator listens, in the order of who
 * stands on whom: contracts, signer, store, watcher, payments, redeemer
 * (threats.md 4.3). Off chain only the signer is.
 */
#ifndef ORCH_START_H
#define ORCH_START_H


#include "orchestrator/client.h"
#include "orchestrator/rpc.h"


#define ORCH_START_WHY  4096


typedef struct {
    orch_rpc_t      *rpc;                 /* what is opened goes there */
    orch_conf_t     *conf;
    orch_client_t   *client;
    orch_timer_t     wake;
    orch_timer_t    *done;                /* of the owner */
    unsigned         step;
    lp_status_t      status;              /* LP_AGAIN; LP_OK; why was logged */
    lp_contracts_t   pinned;
    uint8_t          have_pinned;
    uint64_t         since_ms;            /* of a step that waits */
    char             path[ORCH_START_WHY];
    char             why[ORCH_START_WHY];
} orch_start_t;


/* steps run until one must wait; done is woken at the end */
void orch_start_begin(orch_start_t *s, orch_rpc_t *rpc, orch_conf_t *conf,
    orch_timer_t *done);

/* everything that was opened, in reverse; at any time */
void orch_start_close(orch_start_t *s);


#endif /* ORCH_START_H */
