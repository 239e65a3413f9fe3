/* Steps 1 to 12 of wire.md 4.6, the cheap ones first. */

#include <string.h>

#include "orchestrator/rpc_creds.h"


#define ORCH_CREDS_ARENA  (512 * 1024)


typedef lp_status_t (*orch_creds_step_pt)(orch_rpc_t *rpc, orch_creds_t *c,
    const orch_http_request_t *r);


static lp_status_t
orch_creds_refuse(orch_creds_t *c, int http_status, const char *text,
    lp_status_t why)
{
    c->http_status = http_status;
    c->text = text;

    return why;
}


/* absent and empty are the same: no sender, no tickets */

static lp_status_t
orch_creds_payment(orch_rpc_t *rpc, orch_creds_t *c,
    const orch_http_request_t *r)
{
    int          stage;
    size_t       count;
    orch_str_t   value;
    lp_status_t  rc;

    (void) rpc;

    value = orch_http_header(r, "livepeer-payment", &count);

    if (count > 1) {
        return orch_creds_refuse(c, 402, "more than one payment header",
                                 LP_MALFORMED);
    }

    if (value.len == 0) {
        return LP_OK;
    }

    stage = 0;

    rc = lp_segcreds_decode_payment(&c->arena, &c->payment, &stage,
                                    value.data, value.len);
    if (rc == LP_OK) {
        return LP_OK;
    }

    return orch_creds_refuse(c, 402, stage
                             ? "protobuf unmarshal error: malformed payment"
                             : "base64 decode error: malformed payment", rc);
}


static lp_status_t
orch_creds_segment(orch_rpc_t *rpc, orch_creds_t *c,
    const orch_http_request_t *r)
{
    int          stage;
    size_t       count;
    orch_str_t   value;
    lp_status_t  rc;

    (void) rpc;

    value = orch_http_header(r, "livepeer-segment", &count);

    if (count != 1) {
        return orch_creds_refuse(c, 403, "ErrorSegEncoding", LP_MALFORMED);
    }

    stage = 0;

    rc = lp_segcreds_decode(&c->arena, &c->seg, &stage, value.data,
                            value.len);
    if (rc == LP_OK) {
        return LP_OK;
    }

    return orch_creds_refuse(c, 403, stage
                             ? "protobuf unmarshal error: malformed segment"
                             : "ErrorSegEncoding", rc);
}


static int
orch_creds_name_repeats(const lp_wire_seg_data_t *seg, size_t k)
{
    size_t  i;

    for (i = 0; i < k; i++) {
        if (strcmp(seg->profiles[i].name, seg->profiles[k].name) == 0) {
            return 1;
        }
    }

    return 0;
}


static lp_status_t
orch_creds_profiles(orch_rpc_t *rpc, orch_creds_t *c,
    const orch_http_request_t *r)
{
    size_t       i;
    const char  *why;

    (void) rpc;
    (void) r;

    if (c->seg.profile_error) {
        return orch_creds_refuse(c, 403, c->seg.profile_error,
                                 LP_BAD_PROFILE);
    }

    if (c->seg.nprofiles == 0) {
        return orch_creds_refuse(c, 403, "no profiles", LP_BAD_PROFILE);
    }

    for (i = 0; i < c->seg.nprofiles; i++) {

        if (lp_profile_check(&c->seg.profiles[i], &why) != LP_OK) {
            return orch_creds_refuse(c, 403, why, LP_BAD_PROFILE);
        }

        if (orch_creds_name_repeats(&c->seg, i)) {
            return orch_creds_refuse(c, 403, "two profiles have one name",
                                     LP_BAD_PROFILE);
        }
    }

    if (c->seg.duration_ms < 0
        || c->seg.duration_ms > LP_SEGCREDS_DURATION_MAX)
    {
        return orch_creds_refuse(c, 403, "invalid duration", LP_TOO_LONG);
    }

    if (c->seg.seq > INT64_MAX) {
        return orch_creds_refuse(c, 403, "invalid sequence number",
                                 LP_MALFORMED);
    }

    return LP_OK;
}


/* what the job says it needs, and what its profiles really are */

static lp_status_t
orch_creds_capabilities(orch_rpc_t *rpc, orch_creds_t *c,
    const orch_http_request_t *r)
{
    size_t             i;
    lp_status_t        rc;
    lp_capabilities_t  ours;

    (void) rpc;
    (void) r;

    if (!c->seg.has_capabilities) {
        memset(&c->seg.capabilities, 0, sizeof(lp_capabilities_t));
    }

    lp_capability_orchestrator(&ours, LP_CAPABILITY_NETWORK);
    rc = lp_capability_match(&c->seg.capabilities, &ours);

    /* asked for without the bit: a slice, a signature, storage elsewhere */

    if (c->seg.has_clip || c->seg.calc_phash || c->seg.has_storage) {
        rc = LP_UNSUPPORTED;
    }

    for (i = 0; i < c->seg.nprofiles; i++) {
        if (c->seg.profiles[i].encoder != LP_CODEC_H264) {
            rc = LP_UNSUPPORTED;
        }
    }

    return rc == LP_OK ? LP_OK
           : orch_creds_refuse(c, 403, "incompatible capabilities", rc);
}


/* ours, of this sender, and not too old */

static lp_status_t
orch_creds_token(orch_rpc_t *rpc, orch_creds_t *c,
    const orch_http_request_t *r)
{
    (void) r;

    if (!c->seg.has_token) {
        return orch_creds_refuse(c, 403, "missing auth token", LP_MISSING);
    }

    if (orch_token_open(&rpc->tokens, &c->token, &c->seg.token) != LP_OK
        || !lp_address_equal(&c->token.sender, &c->payment.sender))
    {
        return orch_creds_refuse(c, 403, "invalid auth token", LP_BAD_TOKEN);
    }

    if (orch_loop_unix_s(rpc->loop) > c->token.expiry_s) {
        return orch_creds_refuse(c, 403, "expired auth token", LP_EXPIRED);
    }

    return LP_OK;
}


static lp_status_t
orch_creds_room(orch_rpc_t *rpc, orch_creds_t *c,
    const orch_http_request_t *r)
{
    (void) r;

    if (rpc->capacity.closed
        || (orch_capacity_full(&rpc->capacity)
            && orch_capacity_find(&rpc->capacity, c->token.session) == NULL))
    {
        return orch_creds_refuse(c, 403, "OrchestratorCapped", LP_BUSY);
    }

    return LP_OK;
}


/* who pays nothing may be no one; who names itself must have signed */

static lp_status_t
orch_creds_signature(orch_rpc_t *rpc, orch_creds_t *c,
    const orch_http_request_t *r)
{
    (void) r;

    if (lp_address_is_zero(&c->payment.sender)
        && (rpc->payments == NULL || c->token.price.num == 0))
    {
        return LP_OK;
    }

    if (!c->seg.has_sig
        || lp_segcreds_verify(&c->seg, orch_signer_keys(rpc->signer),
                              &c->payment.sender) != LP_OK)
    {
        return orch_creds_refuse(c, 403, "ErrSegSig", LP_BAD_SIGNATURE);
    }

    return LP_OK;
}


static const orch_creds_step_pt  orch_creds_steps[] = {
    orch_creds_payment,
    orch_creds_segment,
    orch_creds_profiles,
    orch_creds_capabilities,
    orch_creds_token,
    orch_creds_room,
    orch_creds_signature
};


lp_status_t
orch_creds_read(orch_rpc_t *rpc, orch_creds_t *c,
    const orch_http_request_t *r)
{
    size_t       i;
    lp_status_t  rc;

    memset(c, 0, sizeof(*c));
    lp_arena_init(&c->arena, ORCH_CREDS_ARENA);

    for (i = 0; i < sizeof(orch_creds_steps) / sizeof(orch_creds_steps[0]);
         i++)
    {
        rc = orch_creds_steps[i](rpc, c, r);
        if (rc != LP_OK) {
            return rc;
        }
    }

    return LP_OK;
}


void
orch_creds_done(orch_creds_t *c)
{
    lp_arena_done(&c->arena);
}
