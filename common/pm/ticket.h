/*
 * A probabilistic-micropayment ticket: its fields, its hash, its signature
 * and the rule by which it wins. Source: wire.md 7.1, 7.2; TicketBroker.sol.
 */
#ifndef LP_TICKET_H
#define LP_TICKET_H


#include "common/crypto/keys.h"
#include "common/util/buf.h"
#include "common/util/u256.h"


typedef struct {
    lp_address_t  recipient;
    lp_address_t  sender;
    lp_u256_t     face_value;              /* wei */
    lp_u256_t     win_prob;                /* in 1 / (2^256 - 1) */
    uint32_t      nonce;
    lp_hash_t     rand_hash;               /* keccak of BE32(rand) */
    uint64_t      round;                   /* creation round */
    lp_hash_t     round_hash;              /* its L1 block hash */
} lp_ticket_t;


/* auxData is empty when round and round_hash are both zero */
void lp_ticket_hash(lp_hash_t *out, const lp_ticket_t *t);

/* the sender's signature over lp_ticket_hash */
lp_status_t lp_ticket_sign(lp_sig_t *out, const lp_ticket_t *t,
    const lp_keys_t *keys, const lp_secret_t *secret);

/* LP_BAD_SIGNATURE unless t->sender signed it; a zero sender never did */
lp_status_t lp_ticket_verify(const lp_ticket_t *t, const lp_sig_t *sig,
    const lp_keys_t *keys);

/* keccak(sig | BE32(rand)) < win_prob, strictly */
int lp_ticket_wins(const lp_ticket_t *t, const lp_sig_t *sig,
    const lp_u256_t *rand);

/* the commitment to rand that t->rand_hash must be */
void lp_ticket_rand_hash(lp_hash_t *out, const lp_u256_t *rand);

/* calldata of TicketBroker.redeemWinningTicket */
void lp_ticket_put_redeem(lp_buf_t *out, const lp_ticket_t *t,
    const lp_sig_t *sig, const lp_u256_t *rand);


#endif /* LP_TICKET_H */
