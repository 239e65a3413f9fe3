/* POST /payment: credentials without a segment, answered with our offer. */

#include "orchestrator/rpc_creds.h"


/*
 * PaymentResult holds nothing but the info, in the field where a
 * TranscodeResult has it: a result without seq, data and error is the same
 * bytes.
 */

static void
orch_payment_reply(orch_rpc_t *rpc, orch_http_request_t *r,
    const orch_creds_t *creds)
{
    lp_buf_t          out;
    lp_wire_result_t  res = { .has_info = 1 };

    lp_buf_init(&out, ORCH_RPC_INFO_MAX);

    orch_info_fill(rpc, &res.info, &creds->seg.token);
    lp_wire_encode_result(&out, &res);

    if (lp_buf_status(&out) == LP_OK) {
        orch_http_reply(r, 200, NULL, 0, out.data, out.len);

    } else {
        orch_http_error(r, 500, "Internal Server Error");
    }

    lp_buf_done(&out);
}


void
orch_payment_begin(orch_rpc_t *rpc, orch_http_request_t *r)
{
    orch_creds_t  creds;

    if (!orch_rpc_method_is(r, "POST")) {
        orch_rpc_refuse(r, 405, "Method Not Allowed");
        return;
    }

    if (orch_creds_read(rpc, &creds, r) != LP_OK) {
        orch_rpc_refuse(r, creds.http_status, creds.text);

    } else {
        if (!r->ended) {
            orch_http_discard(r);
        }

        orch_payment_reply(rpc, r, &creds);
    }

    orch_creds_done(&creds);
}
