/*
 * The bytes behind each signature, built from fields. Five kinds share the
 * EIP-191 prefix with one key; lengths alone keep them apart, so those are
 * fixed here and asserted (T-36). A receipt is EIP-712, whose preimage begins
 * with 0x1901, and a transaction begins with 0x02 or an RLP list.
 */
#ifndef LP_PREIMAGE_H
#define LP_PREIMAGE_H


#include "common/signer/protocol.h"


#define LP_PREIMAGE_TICKET       232
#define LP_PREIMAGE_REQUEST      42
#define LP_PREIMAGE_PING         32
#define LP_PREIMAGE_SEGMENT_MIN  (1 + 64 + 8)
#define LP_PREIMAGE_SEGMENT_MAX  (LP_SIGN_MANIFEST_MAX + 64                   \
                                  + 8 * LP_PROFILE_MAX)


/* what OrchestratorRequest.sig is over */
void lp_preimage_request(lp_hash_t *out, const lp_address_t *self);

/* s has passed lp_policy_judge_segment */
void lp_preimage_segment(lp_hash_t *out, const lp_sign_segment_t *s);

/* ticket i of the batch; its round and round hash are not zero */
void lp_preimage_ticket(lp_hash_t *out, const lp_sign_tickets_t *t,
    uint32_t i, const lp_address_t *self);

void lp_preimage_result(lp_hash_t *out, const lp_sign_result_t *r);
void lp_preimage_ping(lp_hash_t *out, const uint8_t drawn[LP_PREIMAGE_PING]);

/* contracts.md 4.3: signed as it is, without the EIP-191 prefix */
void lp_preimage_receipt(lp_hash_t *out, const lp_sign_receipt_t *r,
    uint64_t chain_id);


#endif /* LP_PREIMAGE_H */
