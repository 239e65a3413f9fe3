/*
 * Does our own service address lead to us? A ping through it, as a peer would
 * send one, shortly after the start (T-35; wire.md 1.3).
 */
#ifndef ORCH_SELFCHECK_H
#define ORCH_SELFCHECK_H


#include "orchestrator/client.h"
#include "orchestrator/rpc.h"


typedef struct {
    orch_rpc_t      *rpc;
    orch_client_t   *client;              /* NULL: one of its own */
    orch_client_t   *own;
    orch_timer_t     timer;
    orch_sign_t      sign;
    orch_request_t   request;
    char             url[ORCH_CONF_URI_MAX + 64];
    uint8_t          value[ORCH_SIGNER_PING];
    lp_sig_t         sig;
    lp_buf_t         body;
    uint8_t          state;
    uint8_t          failed;              /* and --startup-check is on */
    orch_timer_t    *wake;                /* of the owner, when failed */
} orch_selfcheck_t;


/* --startup-check off: does nothing */
void orch_selfcheck_begin(orch_selfcheck_t *c, orch_rpc_t *rpc,
    orch_client_t *client, orch_timer_t *wake);
void orch_selfcheck_done(orch_selfcheck_t *c);


#endif /* ORCH_SELFCHECK_H */
