/* GetOrchestrator, Ping and EndTranscodingSession. */

#include <string.h>

#include "common/net/segcreds.h"
#include "orchestrator/rpc.h"


#define ORCH_INFO_ARENA     (512 * 1024)
#define ORCH_INFO_MALFORMED "malformed request"


static void
orch_info_fail(orch_grpc_reply_t *reply, int status, const char *message)
{
    reply->status = status;
    reply->message = message;
}


void
orch_info_fill(const orch_rpc_t *rpc, lp_wire_orch_info_t *info,
    const lp_wire_token_t *token)
{
    memset(info, 0, sizeof(*info));

    info->transcoder = rpc->service_uri;
    info->address = *orch_identity_address(rpc->identity);
    info->has_address = 1;

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

    return lp_keys_verify(orch_identity_keys(rpc->identity), &req->address,
                          &req->sig, &digest);
}


/* nothing is remembered: the session begins with its first segment */

static void
orch_info_offer(orch_rpc_t *rpc, orch_grpc_reply_t *reply,
    const lp_address_t *sender)
{
    uint8_t              bytes[ORCH_TOKEN_LEN];
    orch_token_t         token;
    lp_wire_price_t      price = { 0, 1 };
    lp_wire_token_t      wire;
    lp_wire_orch_info_t  info;

    if (orch_token_make(&rpc->tokens, &token, bytes, &wire, sender, &price,
                        orch_loop_unix_s(rpc->loop)
                        + (int64_t) rpc->conf->token_life_ms / 1000) != LP_OK)
    {
        orch_info_fail(reply, ORCH_GRPC_INTERNAL, "internal error");
        return;
    }

    orch_info_fill(rpc, &info, &wire);
    lp_wire_encode_orch_info(&reply->out, &info);

    if (lp_buf_status(&reply->out) != LP_OK) {
        orch_info_fail(reply, ORCH_GRPC_INTERNAL, "internal error");
        return;
    }

    rpc->metrics.value[ORCH_METRIC_DISCOVERIES]++;
}


void
orch_info_get(orch_rpc_t *rpc, const orch_http_request_t *r,
    orch_grpc_reply_t *reply, const uint8_t *msg, size_t len)
{
    uint64_t                now = orch_loop_now_ms(rpc->loop);
    lp_arena_t              arena;
    lp_wire_orch_request_t  req;

    if (!orch_limit_take(&rpc->discovery, r->peer, now)
        || !orch_rate_take(&rpc->discovery_total,
                             (uint32_t) rpc->conf->discovery_total,
                             (uint32_t) rpc->conf->discovery_total, now))
    {
        rpc->metrics.value[ORCH_METRIC_LIMITED]++;
        orch_info_fail(reply, ORCH_GRPC_EXHAUSTED, "too many requests");
        return;
    }

    lp_arena_init(&arena, ORCH_INFO_ARENA);

    if (lp_wire_decode_orch_request(&arena, &req, msg, len) != LP_OK) {
        orch_info_fail(reply, ORCH_GRPC_INTERNAL, ORCH_INFO_MALFORMED);

    } else if (orch_info_judge(rpc, &req) != LP_OK) {
        orch_info_fail(reply, ORCH_GRPC_UNKNOWN, "Invalid orchestrator "
                       "request: orchestrator req sig check failed");

    } else if (orch_capacity_full(&rpc->capacity)) {
        orch_info_fail(reply, ORCH_GRPC_UNKNOWN,
                       "Invalid orchestrator request: OrchestratorCapped");

    } else {
        orch_info_offer(rpc, reply, &req.address);
    }

    lp_arena_done(&arena);
}


/*
 * T-35: anyone may call, so only a value of our own is signed; for any other
 * one the answer is empty, and that is no error.
 */

void
orch_info_ping(orch_rpc_t *rpc, const orch_http_request_t *r,
    orch_grpc_reply_t *reply, const uint8_t *msg, size_t len)
{
    lp_sig_t    sig;
    uint64_t    now = orch_loop_now_ms(rpc->loop);
    lp_bytes_t  value;
    lp_arena_t  arena;

    if (!orch_limit_take(&rpc->pings, r->peer, now)) {
        rpc->metrics.value[ORCH_METRIC_LIMITED]++;
        orch_info_fail(reply, ORCH_GRPC_EXHAUSTED, "too many requests");
        return;
    }

    lp_arena_init(&arena, ORCH_INFO_ARENA);

    if (lp_wire_decode_ping(&arena, &value, msg, len) != LP_OK) {
        orch_info_fail(reply, ORCH_GRPC_INTERNAL, ORCH_INFO_MALFORMED);

    } else if (orch_identity_sign_ping(rpc->identity, &sig, value.data,
                                       value.len, now) == LP_OK)
    {
        lp_wire_encode_ping(&reply->out, sig.b, sizeof(sig.b));
    }

    lp_arena_done(&arena);
}


/* an unknown session is no error, and an old token still ends its own */

void
orch_info_end(orch_rpc_t *rpc, const orch_http_request_t *r,
    orch_grpc_reply_t *reply, const uint8_t *msg, size_t len)
{
    lp_status_t       rc;
    lp_arena_t        arena;
    orch_token_t      token;
    lp_wire_token_t   wire;
    orch_session_t   *s;

    (void) r;

    lp_arena_init(&arena, ORCH_INFO_ARENA);

    rc = lp_wire_decode_end(&arena, &wire, msg, len);

    if (rc != LP_OK && rc != LP_MISSING) {
        orch_info_fail(reply, ORCH_GRPC_INTERNAL, ORCH_INFO_MALFORMED);

    } else if (rc == LP_MISSING
               || orch_token_open(&rpc->tokens, &token, &wire) != LP_OK)
    {
        orch_info_fail(reply, ORCH_GRPC_UNKNOWN, "Invalid auth token");

    } else {
        s = orch_capacity_find(&rpc->capacity, token.session);

        if (s) {
            orch_capacity_end(&rpc->capacity, s, "its owner ended it");
        }
    }

    lp_arena_done(&arena);
}
