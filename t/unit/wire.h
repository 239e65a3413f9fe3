/*
 * Every message of common/net/wire behind one signature: decode, and what
 * was understood encoded again. For the unit test and the fuzz target.
 */
#ifndef T_UNIT_WIRE_H
#define T_UNIT_WIRE_H


#include "common/net/wire.h"


typedef struct {
    const char    *name;
    lp_status_t  (*again)(lp_arena_t *a, lp_buf_t *out, const uint8_t *data,
                          size_t len);
} wire_codec_t;


#define WIRE_AGAIN(name, type)                                                \
static lp_status_t                                                            \
wire_again_##name(lp_arena_t *a, lp_buf_t *out, const uint8_t *data,          \
    size_t len)                                                               \
{                                                                             \
    type         m;                                                           \
    lp_status_t  rc;                                                          \
                                                                              \
    rc = lp_wire_decode_##name(a, &m, data, len);                             \
    if (rc == LP_OK) {                                                        \
        lp_wire_encode_##name(out, &m);                                       \
    }                                                                         \
                                                                              \
    return rc;                                                                \
}

WIRE_AGAIN(orch_request, lp_wire_orch_request_t)
WIRE_AGAIN(orch_info, lp_wire_orch_info_t)
WIRE_AGAIN(seg_data, lp_wire_seg_data_t)
WIRE_AGAIN(payment, lp_wire_payment_t)
WIRE_AGAIN(result, lp_wire_result_t)
WIRE_AGAIN(end, lp_wire_token_t)


static lp_status_t
wire_again_ping(lp_arena_t *a, lp_buf_t *out, const uint8_t *data,
    size_t len)
{
    lp_bytes_t   value;
    lp_status_t  rc;

    rc = lp_wire_decode_ping(a, &value, data, len);
    if (rc == LP_OK) {
        lp_wire_encode_ping(out, value.data, value.len);
    }

    return rc;
}


enum {
    WIRE_REQUEST, WIRE_INFO, WIRE_SEG_DATA, WIRE_PAYMENT, WIRE_RESULT,
    WIRE_END, WIRE_PING, WIRE_NCODECS
};

static const wire_codec_t  wire_codecs[WIRE_NCODECS] = {
    [WIRE_REQUEST] = { "OrchestratorRequest", wire_again_orch_request },
    [WIRE_INFO] = { "OrchestratorInfo", wire_again_orch_info },
    [WIRE_SEG_DATA] = { "SegData", wire_again_seg_data },
    [WIRE_PAYMENT] = { "Payment", wire_again_payment },
    [WIRE_RESULT] = { "TranscodeResult", wire_again_result },
    [WIRE_END] = { "EndTranscodingSessionRequest", wire_again_end },
    [WIRE_PING] = { "PingPong", wire_again_ping }
};


#endif /* T_UNIT_WIRE_H */
