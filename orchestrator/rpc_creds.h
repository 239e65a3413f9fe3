/*
 * The two headers of a segment request read and judged: cheap checks first,
 * nothing that costs before the token is known to be ours (threats.md 3.1,
 * texts of wire.md 4.6).
 */
#ifndef ORCH_RPC_CREDS_H
#define ORCH_RPC_CREDS_H


#include "common/net/segcreds.h"
#include "orchestrator/rpc.h"


typedef struct {
    lp_arena_t          arena;          /* what seg and payment point into */
    lp_wire_seg_data_t  seg;
    lp_wire_payment_t   payment;
    orch_token_t        token;
    int                 http_status;    /* of a refusal */
    const char         *text;
} orch_creds_t;


/*
 * Not LP_OK: http_status and text, a fixed sentence, are the answer.
 * orch_creds_done in every case.
 */
lp_status_t orch_creds_read(orch_rpc_t *rpc, orch_creds_t *c,
    const orch_http_request_t *r);
void orch_creds_done(orch_creds_t *c);


#endif /* ORCH_RPC_CREDS_H */
