/*
 * The body of a segment's answer: renditions, their signature and the offer
 * for the next payment, or one of the errors that peers know. Source: wire.md
 * 4.7, 5.
 */
#ifndef ORCH_RPC_RESULT_H
#define ORCH_RPC_RESULT_H


#include "orchestrator/rpc_creds.h"


typedef struct {
    const orch_rpc_t    *rpc;
    orch_creds_t        *creds;            /* texts go to its arena */
    const lp_params_t   *params;           /* NULL: no offer */
    const char          *session;
    const orch_job_t    *job;
    const lp_sig_t      *sig;              /* over all renditions */
} orch_result_t;


/*
 * One TranscodeResult appended. rc: LP_OK, or why there are no renditions;
 * what it came to in the end is returned. out has the first failure.
 */
lp_status_t orch_result_encode(lp_buf_t *out, const orch_result_t *r,
    lp_status_t rc);


#endif /* ORCH_RPC_RESULT_H */
