/* GetOrchestrator, Ping and EndTranscodingSession. */

#include <string.h>

#include "common/net/segcreds.h"
#include "orchestrator/rpc.h"


#define ORCH_INFO_ARENA     (512 * 1024)
#define ORCH_INFO_MALFORMED "malformed request"


static lp_status_t
orch_info_fail(orch_grpc_call_t *call, int status, const char *message)
{
    call->status = status;
    call->message = message;

    return LP_OK;
}


static void
orch_info_params(lp_wire_ticket_params_t *out, const lp_params_t *p)
{
    memset(out, 0, sizeof(*out));

    out->recipient = p->recipient;
    out->face_value = p->face_value;
    out->win_prob = p->win_prob;
    out->rand_hash = p->rand_hash;
    out->seed = p->seed;
    lp_u256_set(&out->expiration_block, p->expiration_block);
    out->expiration.round = (int64_t) p->round;
    out->expiration.block_hash = p->round_hash;
    out->has_expiration = 1;
}


void
orch_info_fill(const orch_rpc_t *rpc, lp_wire_orch_info_t *info,
    const lp_wire_token_t *token, const lp_wire_price_t *price,
    const lp_params_t *params)
{
    memset(info, 0, sizeof(*info));

    info->transcoder = rpc->service_uri;
    info->address = *orch_signer_address(rpc->signer);
    info->has_address = 1;

    if (rpc->payments) {
        info->price = *price;
        info->has_price = 1;
        orch_info_params(&info->params, params);
        info->has_params = 1;
    }

    lp_capability_orchestrator(&info->capabilities,
                               LP_CAPABILITY_NETWORK);
    info->has_capabilities = 1;

    info->token = *token;
    info->has_token = 1;
}


/* the claim to be an address; off chain one may claim to be none */

static lp_status_t
orch_info_judge(const orch_rpc_t *rpc, const lp_wire_orch_request_t *req)
{
    lp_hash_t  digest;

    if (lp_address_is_zero(&req->address) && !req->has_sig) {
        return LP_OK;
    }

    if (!req->has_sig) {
        return LP_BAD_SIGNATURE;
    }

    lp_segcreds_request_digest(&digest, &req->address);

    return lp_keys_verify(orch_signer_keys(rpc->signer), &req->address,
                          &req->sig, &digest);
}


/* nothing is remembered: the session begins with its first segment */

static lp_status_t
orch_info_put(orch_grpc_call_t *call, const lp_address_t *sender,
    const lp_wire_price_t *price, const lp_params_t *params)
{
    uint8_t               bytes[ORCH_TOKEN_LEN];
    orch_rpc_t           *rpc = call->rpc;
    orch_token_t          token;
    lp_wire_token_t       wire;
    lp_wire_orch_info_t   info;

    if (orch_token_make(&rpc->tokens, &token, bytes, &wire, sender, price,
                        orch_loop_unix_s(rpc->loop)
                        + (int64_t) rpc->conf->token_life_ms / 1000) != LP_OK)
    {
        return orch_info_fail(call, ORCH_GRPC_INTERNAL, "internal error");
    }

    orch_info_fill(rpc, &info, &wire, price, params);
    lp_wire_encode_orch_info(&call->out, &info);

    if (lp_buf_status(&call->out) != LP_OK) {
        return orch_info_fail(call, ORCH_GRPC_INTERNAL, "internal error");
    }

    rpc->metrics.value[ORCH_METRIC_DISCOVERIES]++;

    return LP_OK;
}


/* the price is fixed here for the session: it goes into its token (T-07) */

static lp_status_t
orch_info_offer(orch_grpc_call_t *call, const lp_address_t *sender)
{
    orch_rpc_t       *rpc = call->rpc;
    lp_price_t        price;
    lp_params_t       params;
    lp_status_t       rc;
    const char       *text;
    lp_wire_price_t   wire = { 0, 1 };

    if (rpc->payments == NULL) {
        return orch_info_put(call, sender, &wire, NULL);
    }

    if (orch_payments_price(rpc->payments, &price, sender) != LP_OK) {
        return orch_info_fail(call, ORCH_GRPC_UNKNOWN,
                              "the price is not known yet");
    }

    rc = orch_payments_offer(rpc->payments, &params, sender, &price,
                             call->r->peer, &call->wake, &text);
    if (rc == LP_AGAIN) {
        return LP_AGAIN;
    }

    if (rc != LP_OK) {
        return orch_info_fail(call, ORCH_GRPC_UNKNOWN, text);
    }

    wire.num = price.num;
    wire.den = price.den;

    return orch_info_put(call, sender, &wire, &params);
}


void
orch_info_drop(orch_grpc_call_t *call)
{
    orch_payments_forget(call->rpc->payments, &call->wake);
}


static int
orch_info_limited(orch_grpc_call_t *call)
{
    uint64_t            now = orch_loop_now_ms(call->rpc->loop);
    orch_rpc_t         *rpc = call->rpc;
    const orch_conf_t  *c = rpc->conf;

    if (call->times
        || (orch_limit_take(&rpc->discovery, call->r->peer, now)
            && orch_rate_take(&rpc->discovery_total,
                              (uint32_t) c->discovery_total,
                              (uint32_t) c->discovery_total, now)))
    {
        return 0;
    }

    rpc->metrics.value[ORCH_METRIC_LIMITED]++;

    return 1;
}


lp_status_t
orch_info_get(orch_grpc_call_t *call)
{
    lp_arena_t              arena;
    lp_status_t             rc;
    lp_wire_orch_request_t  req;

    if (orch_info_limited(call)) {
        return orch_info_fail(call, ORCH_GRPC_EXHAUSTED, "too many requests");
    }

    lp_arena_init(&arena, ORCH_INFO_ARENA);

    if (lp_wire_decode_orch_request(&arena, &req, call->msg, call->len)
        != LP_OK)
    {
        rc = orch_info_fail(call, ORCH_GRPC_INTERNAL, ORCH_INFO_MALFORMED);

    } else if (orch_info_judge(call->rpc, &req) != LP_OK) {
        rc = orch_info_fail(call, ORCH_GRPC_UNKNOWN, "Invalid orchestrator "
                            "request: orchestrator req sig check failed");

    } else if (orch_capacity_full(&call->rpc->capacity)) {
        rc = orch_info_fail(call, ORCH_GRPC_UNKNOWN, "Invalid orchestrator "
                            "request: OrchestratorCapped");

    } else {
        rc = orch_info_offer(call, &req.address);
    }

    lp_arena_done(&arena);

    return rc;
}


/*
 * T-35: anyone may call, so only a value of our own is signed; for any other
 * one the answer is empty, and that is no error.
 */

lp_status_t
orch_info_ping(orch_grpc_call_t *call)
{
    lp_sig_t     sig;
    uint64_t     now = orch_loop_now_ms(call->rpc->loop);
    lp_bytes_t   value;
    lp_arena_t   arena;
    orch_rpc_t  *rpc = call->rpc;

    if (!orch_limit_take(&rpc->pings, call->r->peer, now)) {
        rpc->metrics.value[ORCH_METRIC_LIMITED]++;
        return orch_info_fail(call, ORCH_GRPC_EXHAUSTED, "too many requests");
    }

    lp_arena_init(&arena, ORCH_INFO_ARENA);

    if (lp_wire_decode_ping(&arena, &value, call->msg, call->len) != LP_OK) {
        orch_info_fail(call, ORCH_GRPC_INTERNAL, ORCH_INFO_MALFORMED);

    } else if (orch_signer_answer_ping(rpc->signer, &sig, value.data,
                                       value.len, now) == LP_OK)
    {
        lp_wire_encode_ping(&call->out, sig.b, sizeof(sig.b));
    }

    lp_arena_done(&arena);

    return LP_OK;
}


/*
 * An unknown session is no error, and an old token still ends its own. What
 * its sender owes is owed all the same (T-16).
 */

lp_status_t
orch_info_end(orch_grpc_call_t *call)
{
    lp_status_t       rc;
    lp_arena_t        arena;
    orch_rpc_t       *rpc = call->rpc;
    orch_token_t      token;
    lp_wire_token_t   wire;
    orch_session_t   *s;

    lp_arena_init(&arena, ORCH_INFO_ARENA);

    rc = lp_wire_decode_end(&arena, &wire, call->msg, call->len);

    if (rc != LP_OK && rc != LP_MISSING) {
        orch_info_fail(call, ORCH_GRPC_INTERNAL, ORCH_INFO_MALFORMED);

    } else if (rc == LP_MISSING
               || orch_token_open(&rpc->tokens, &token, &wire) != LP_OK)
    {
        orch_info_fail(call, ORCH_GRPC_UNKNOWN, "Invalid auth token");

    } else {
        s = orch_capacity_find(&rpc->capacity, token.session);

        if (s) {
            orch_capacity_end(&rpc->capacity, s, "its owner ended it");
        }
    }

    lp_arena_done(&arena);

    return LP_OK;
}
