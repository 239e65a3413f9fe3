/*
 * Segment credentials: the Livepeer-Segment header built, signed and checked,
 * and the signature over a result. Source: wire.md 4.2, 4.3, 4.6, 5.3.
 */
#ifndef LP_SEGCREDS_H
#define LP_SEGCREDS_H


#include "common/net/wire.h"


#define LP_SEGCREDS_DURATION_MAX  300000               /* ms */
#define LP_SEGCREDS_HEADER_MAX    (64 * 1024)          /* base64 bytes */


/* keccak of manifest | BE32(seq) | hash | 8 hex digits for each rendition */
void lp_segcreds_digest(lp_hash_t *out, const lp_wire_seg_data_t *s);

/*
 * Sign s->sig with the key (sets has_sig). LP_LIMIT: a manifest of more than
 * 64 printable ASCII characters, or not 1 to 12 renditions: such bytes could
 * be taken for something else that the key signs (T-36).
 */
lp_status_t lp_segcreds_sign(lp_wire_seg_data_t *s, const lp_keys_t *keys,
    const lp_secret_t *secret);

/* LP_BAD_SIGNATURE unless sender signed it */
lp_status_t lp_segcreds_verify(const lp_wire_seg_data_t *s,
    const lp_keys_t *keys, const lp_address_t *sender);

/* header value, base64, appended to out */
void lp_segcreds_encode(lp_buf_t *out, const lp_wire_seg_data_t *s);
void lp_segcreds_encode_payment(lp_buf_t *out, const lp_wire_payment_t *p);

/*
 * The header value read. LP_MALFORMED with *stage telling which step of
 * wire.md 4.6 refused: 0 base64, 1 protobuf.
 */
lp_status_t lp_segcreds_decode(lp_arena_t *a, lp_wire_seg_data_t *s,
    int *stage, const char *value, size_t len);
lp_status_t lp_segcreds_decode_payment(lp_arena_t *a, lp_wire_payment_t *p,
    int *stage, const char *value, size_t len);

/*
 * What an orchestrator signs for a result: keccak of the renditions' hashes
 * in order; n >= 1.
 */
void lp_segcreds_result_digest(lp_hash_t *out, const lp_hash_t *renditions,
    size_t n);

/*
 * The message of OrchestratorRequest.sig: keccak of the EIP-55 text.
 */
void lp_segcreds_request_digest(lp_hash_t *out, const lp_address_t *a);


#endif /* LP_SEGCREDS_H */
