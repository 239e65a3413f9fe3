/*
 * POST /payment: credentials without a segment, answered with our offer.
 *
 *   creds -> take -> offer -> reply
 *      \-------\--------\---> refuse
 */

#include <stdlib.h>
#include <string.h>

#include "common/util/failpoint.h"
#include "orchestrator/rpc_creds.h"


typedef enum {
    payment_take,
    payment_offer,
    payment_reply
} orch_payment_e;

typedef struct {
    orch_rpc_t           *rpc;
    orch_http_request_t  *r;
    orch_payment_e        state;
    orch_timer_t          wake;
    orch_creds_t          creds;
    orch_payment_t        pay;
    lp_params_t           params;
    uint8_t               offered;            /* params are fresh */
} orch_pay_t;


static void
orch_pay_free(orch_pay_t *p)
{
    orch_payments_drop(&p->pay);

    if (p->state == payment_offer) {
        orch_payments_forget(p->rpc->payments, &p->wake);
    }

    orch_timer_done(&p->wake);
    orch_creds_done(&p->creds);
    free(p);
}


static orch_http_request_t *
orch_pay_detach(orch_pay_t *p)
{
    orch_http_request_t  *r = p->r;

    r->data = NULL;
    r->on_abort = NULL;

    return r;
}


static void
orch_pay_refuse(orch_pay_t *p, int status, const char *text,
    const char *error)
{
    lp_log(p->rpc->log, LP_LOG_INFO, "payment of %s refused: %d %s",
           p->r->peer, status, text);

    orch_rpc_refuse_payment(orch_pay_detach(p), status, text, error);
    orch_pay_free(p);
}


/*
 * PaymentResult holds nothing but the info, in the field where a
 * TranscodeResult has it: a result without seq, data and error is the same
 * bytes.
 */

static void
orch_pay_reply(orch_pay_t *p)
{
    lp_buf_t              out;
    lp_wire_result_t      res = { .has_info = 1 };
    orch_http_request_t  *r = orch_pay_detach(p);

    lp_buf_init(&out, ORCH_RPC_INFO_MAX);

    orch_info_fill(p->rpc, &res.info, &p->creds.seg.token,
                   &p->creds.token.price, &p->params);
    res.info.has_params = p->offered;
    lp_wire_encode_result(&out, &res);

    LP_FAILPOINT("pay_answering");

    if (lp_buf_status(&out) == LP_OK) {
        orch_http_reply(r, 200, NULL, 0, out.data, out.len);

    } else {
        orch_http_error(r, 500, "Internal Server Error");
    }

    LP_FAILPOINT("pay_answered");

    lp_buf_done(&out);
    orch_pay_free(p);
}


static void
orch_pay_run(void *data)
{
    lp_price_t     price;
    lp_status_t    rc;
    const char    *text;
    orch_pay_t    *p = data;
    orch_creds_t  *c = &p->creds;

    if (p->state == payment_take) {

        rc = orch_payments_take(p->rpc->payments, &p->pay, &c->token,
                                &c->payment, p->r->peer, &p->wake);
        if (rc == LP_AGAIN) {
            return;
        }

        if (rc != LP_OK) {
            orch_pay_refuse(p, p->pay.http_status, p->pay.text, p->pay.error);
            return;
        }

        p->state = payment_offer;
    }

    price.num = c->token.price.num;
    price.den = c->token.price.den;

    rc = orch_payments_offer(p->rpc->payments, &p->params, &c->token.sender,
                             &price, p->r->peer, &p->wake, &text);
    if (rc == LP_AGAIN) {
        return;
    }

    p->state = payment_reply;

    /* what was credited is not refused for want of parameters: its sender
       would think that the tickets do not count */

    if (rc != LP_OK && p->pay.next == 0) {
        orch_pay_refuse(p, orch_payments_status(text), text,
                        orch_payments_error(text));
        return;
    }

    p->offered = rc == LP_OK;
    orch_pay_reply(p);
}


static void
orch_pay_on_abort(orch_http_request_t *r)
{
    orch_pay_t  *p = r->data;

    r->data = NULL;
    orch_pay_free(p);
}


void
orch_payment_begin(orch_rpc_t *rpc, orch_http_request_t *r)
{
    orch_pay_t  *p;

    if (!orch_rpc_method_is(r, "POST")) {
        orch_rpc_refuse(r, 405, "Method Not Allowed");
        return;
    }

    p = calloc(1, sizeof(orch_pay_t));
    if (p == NULL) {
        orch_rpc_refuse(r, 503, "Service Unavailable");
        return;
    }

    p->rpc = rpc;
    p->r = r;
    orch_timer_init(&p->wake, rpc->loop, orch_pay_run, p);

    if (orch_creds_read(rpc, &p->creds, r) != LP_OK) {
        orch_rpc_refuse(r, p->creds.http_status, p->creds.text);
        orch_pay_free(p);
        return;
    }

    if (!r->ended) {
        orch_http_discard(r);
    }

    if (rpc->payments == NULL) {
        orch_pay_reply(p);
        return;
    }

    r->data = p;
    r->on_abort = orch_pay_on_abort;

    orch_pay_run(p);
}
