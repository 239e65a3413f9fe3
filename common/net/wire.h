/*
 * The network's messages as plain structs (door: protobuf-c), and gRPC's
 * five-byte frames. Decoding goes to fixed types at once: an address is 20
 * bytes, a hash 32, a signature 65 or absent, an integer 256 bits; whatever
 * cannot be that is LP_MALFORMED and nothing else is looked at (T-02, T-57).
 * Field numbers: wire.md 2; go-livepeer net/lp_rpc.proto.
 *
 * Every decoder: arena holds what the struct points at and outlives it;
 * strings are checked to be UTF-8 without NUL; repeated fields at most 1024,
 * maps 256, the message 256 KiB. LP_LIMIT when one is passed. A field given
 * twice has two readings and is LP_MALFORMED. After any failure the struct
 * is not to be read. Encoders append to out; ask lp_buf_status.
 */
#ifndef LP_WIRE_H
#define LP_WIRE_H


#include <stddef.h>
#include <stdint.h>

#include "common/crypto/keys.h"
#include "common/media/profile.h"
#include "common/net/capability.h"
#include "common/util/arena.h"
#include "common/util/buf.h"
#include "common/util/u256.h"


#define LP_WIRE_MESSAGE_MAX   (256 * 1024)
#define LP_WIRE_GRPC_PREFIX   5
#define LP_WIRE_NODES_MAX     16

#define LP_WIRE_GET_ORCHESTRATOR  "/net.Orchestrator/GetOrchestrator"
#define LP_WIRE_END_SESSION       "/net.Orchestrator/EndTranscodingSession"
#define LP_WIRE_PING              "/net.Orchestrator/Ping"
#define LP_WIRE_REGISTER          "/net.Transcoder/RegisterTranscoder"


typedef struct {
    const uint8_t  *data;
    size_t          len;
} lp_bytes_t;

typedef struct {
    lp_bytes_t   token;                    /* opaque to the broadcaster */
    const char  *session_id;               /* NUL-terminated, "" if absent */
    int64_t      expiration;               /* unix seconds */
} lp_wire_token_t;

typedef struct {
    int64_t  num;                          /* wei, >= 0 */
    int64_t  den;                          /* pixels, >= 1 */
} lp_wire_price_t;

typedef struct {
    int64_t    round;
    lp_hash_t  block_hash;
} lp_wire_expiration_t;

typedef struct {
    lp_address_t          recipient;
    lp_u256_t             face_value;      /* wei */
    lp_u256_t             win_prob;        /* in 2^-256 */
    lp_hash_t             rand_hash;
    lp_u256_t             seed;
    lp_u256_t             expiration_block;
    lp_wire_expiration_t  expiration;
    uint8_t               has_expiration;
} lp_wire_ticket_params_t;

typedef struct {
    uint32_t  nonce;
    lp_sig_t  sig;
} lp_wire_sender_params_t;

typedef struct {
    lp_address_t       address;
    lp_sig_t           sig;
    uint8_t            has_sig;            /* 0: off chain, zero address */
    uint8_t            has_capabilities;
    lp_capabilities_t  capabilities;
} lp_wire_orch_request_t;

typedef struct {
    const char               *transcoder;  /* base URI, "" if absent */
    lp_address_t              address;
    lp_wire_ticket_params_t   params;
    lp_wire_price_t           price;
    lp_capabilities_t         capabilities;
    lp_wire_token_t           token;
    const char               *nodes[LP_WIRE_NODES_MAX];
    size_t                    nnodes;      /* later ones are not kept */
    uint8_t                   has_address, has_params, has_price,
                              has_capabilities, has_token,
                              has_storage; /* read only: never written */
} lp_wire_orch_info_t;

typedef struct {
    const char         *manifest_id;
    uint64_t            seq;
    lp_hash_t           hash;
    lp_sig_t            sig;
    uint8_t             has_sig;
    uint8_t             has_capabilities;
    uint8_t             has_token;
    uint8_t             has_storage;       /* external: type not DIRECT; read
                                              only */
    uint8_t             calc_phash;
    uint8_t             has_clip;          /* only a part is asked for */
    int32_t             duration_ms;       /* as sent; 0 means 2000 */
    lp_capabilities_t   capabilities;
    lp_wire_token_t     token;
    lp_profile_t        profiles[LP_PROFILE_MAX];
    size_t              nprofiles;
    uint64_t            clip_from_ms;
    uint64_t            clip_to_ms;
    const char         *profile_error;     /* wire.md 4.3's text, or NULL */
} lp_wire_seg_data_t;

typedef struct {
    lp_address_t              sender;
    uint8_t                   has_sender, has_params, has_expiration,
                              has_price;
    lp_wire_ticket_params_t   params;
    lp_wire_expiration_t      expiration;
    lp_wire_price_t           price;       /* den 0 is kept: the judge says */
    lp_wire_sender_params_t  *tickets;
    size_t                    ntickets;
} lp_wire_payment_t;

typedef struct {
    const char  *url;
    int64_t      pixels;
    const char  *phash_url;
} lp_wire_rendition_t;

typedef struct {
    uint64_t              seq;
    const char           *error;           /* NULL: data */
    uint8_t               has_data;
    lp_wire_rendition_t  *renditions;
    size_t                nrenditions;
    lp_sig_t              sig;
    uint8_t               has_sig;
    uint8_t               has_info;
    lp_wire_orch_info_t   info;
} lp_wire_result_t;


lp_status_t lp_wire_decode_orch_request(lp_arena_t *a,
    lp_wire_orch_request_t *r, const uint8_t *data, size_t len);
void lp_wire_encode_orch_request(lp_buf_t *out,
    const lp_wire_orch_request_t *r);

lp_status_t lp_wire_decode_orch_info(lp_arena_t *a, lp_wire_orch_info_t *i,
    const uint8_t *data, size_t len);
void lp_wire_encode_orch_info(lp_buf_t *out, const lp_wire_orch_info_t *i);

lp_status_t lp_wire_decode_seg_data(lp_arena_t *a, lp_wire_seg_data_t *s,
    const uint8_t *data, size_t len);
void lp_wire_encode_seg_data(lp_buf_t *out, const lp_wire_seg_data_t *s);

lp_status_t lp_wire_decode_payment(lp_arena_t *a, lp_wire_payment_t *p,
    const uint8_t *data, size_t len);
void lp_wire_encode_payment(lp_buf_t *out, const lp_wire_payment_t *p);

lp_status_t lp_wire_decode_result(lp_arena_t *a, lp_wire_result_t *r,
    const uint8_t *data, size_t len);
void lp_wire_encode_result(lp_buf_t *out, const lp_wire_result_t *r);

/* PingPong; value points into data or arena */
lp_status_t lp_wire_decode_ping(lp_arena_t *a, lp_bytes_t *value,
    const uint8_t *data, size_t len);
void lp_wire_encode_ping(lp_buf_t *out, const uint8_t *value, size_t len);

/* EndTranscodingSessionRequest; LP_MISSING without auth_token */
lp_status_t lp_wire_decode_end(lp_arena_t *a, lp_wire_token_t *token,
    const uint8_t *data, size_t len);
void lp_wire_encode_end(lp_buf_t *out, const lp_wire_token_t *token);

/*
 * gRPC: one message of data. LP_AGAIN: more bytes are needed; LP_UNSUPPORTED:
 * the compressed flag is set; LP_LIMIT: over LP_WIRE_MESSAGE_MAX.
 */
lp_status_t lp_wire_grpc_open(const uint8_t **msg, size_t *msg_len,
    const uint8_t *data, size_t len);

/* returns the place of the prefix; close fills in the length */
size_t lp_wire_grpc_begin(lp_buf_t *out);
void lp_wire_grpc_end(lp_buf_t *out, size_t begin);


#endif /* LP_WIRE_H */
