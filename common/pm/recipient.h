/*
 * The orchestrator's side: parameters issued, a ticket judged. Holds the
 * secret behind the commitments and the nonces seen; time and the chain's
 * state arrive as arguments. No table of issued parameters is kept: what
 * comes back is recomputed from the secret (wire.md 7.3, 7.5).
 *
 * The commitment is keyed Keccak over a tagged record of fixed width, so no
 * byte can move from one field to its neighbour (T-01).
 */
#ifndef LP_RECIPIENT_H
#define LP_RECIPIENT_H


#include "common/pm/params.h"


#define LP_RECIPIENT_NONCES  600           /* of one commitment */


typedef struct lp_recipient_s  lp_recipient_t;

typedef struct {
    lp_address_t  address;                 /* who is paid */
    lp_u256_t     ev_wei;                  /* wanted value of a ticket */
    lp_u256_t     max_face_value;          /* zero: none */
    uint64_t      redeem_gas;              /* of redeemWinningTicket */
    uint32_t      redeem_overhead_ppm;     /* redemption cost <= this share
                                              of the face value; 10000: 1 % */
    uint32_t      max_commitments;         /* live ones, of all senders */
} lp_recipient_conf_t;

/* what the chain says when parameters are issued */
typedef struct {
    lp_u256_t     gas_price;               /* wei */
    lp_u256_t     max_float;               /* of this sender, wei */
    uint64_t      l1_block;
    uint64_t      round;
    lp_hash_t     round_hash;              /* never zero */
} lp_recipient_chain_t;

typedef struct {
    lp_money_t    credit;                  /* EV, rounded down; zero unless
                                              LP_OK */
    uint8_t       won;                     /* may be set for LP_EXPIRED and
                                              LP_REPLAYED too: never credited,
                                              but it may be redeemed */
    lp_u256_t     rand;                    /* set when won: keep it secret */
    lp_hash_t     hash;                    /* of the ticket */
} lp_verdict_t;


/* secret: 32 random bytes, new at each start; NULL without memory */
lp_recipient_t *lp_recipient_create(const lp_recipient_conf_t *conf,
    const uint8_t secret[32]);
void lp_recipient_destroy(lp_recipient_t **r);      /* the secret is wiped */

/*
 * Parameters for one reply. seed: 32 random bytes. price 0 gives face value
 * and win probability 0.
 * LP_LIMIT: the sender's reserve is too small for a ticket that is worth
 * redeeming; LP_MALFORMED: the round's hash is zero, or the price is no price.
 */
lp_status_t lp_recipient_issue(const lp_recipient_t *r, lp_params_t *p,
    const uint8_t seed[32], const lp_address_t *sender,
    const lp_price_t *price, const lp_recipient_chain_t *chain);

/*
 * What redemption costs at this gas price, and the face value that answers
 * it, before the sender's float is known. LP_LIMIT: over 2^256.
 */
lp_status_t lp_recipient_cost(const lp_recipient_t *r, lp_u256_t *cost,
    lp_u256_t *face_value, const lp_u256_t *gas_price);

/*
 * The secret number behind p when sender and price are those it was issued
 * for; LP_MISMATCH otherwise.
 */
lp_status_t lp_recipient_open(const lp_recipient_t *r, lp_u256_t *rand,
    const lp_params_t *p, const lp_address_t *sender,
    const lp_price_t *price);

/*
 * One ticket of a payment whose parameters were opened. In order:
 * LP_MISMATCH another recipient; LP_BAD_SIGNATURE (nothing is set);
 * LP_REPLAYED the nonce was seen; LP_LIMIT too many nonces or commitments;
 * LP_EXPIRED by l1_block, or revealed. Only LP_OK carries credit.
 */
lp_status_t lp_recipient_judge(lp_recipient_t *r, lp_verdict_t *verdict,
    const lp_params_t *p, const lp_u256_t *rand, const lp_address_t *sender,
    uint32_t nonce, const lp_sig_t *sig, const lp_keys_t *keys,
    uint64_t l1_block);

/* rand will be seen by others: no ticket of its commitment is credit again */
void lp_recipient_reveal(lp_recipient_t *r, const lp_hash_t *rand_hash);

/* commitments of which a ticket came */
size_t lp_recipient_live(const lp_recipient_t *r);

/* commitments that ended by l1_block are forgotten; returns how many live */
size_t lp_recipient_prune(lp_recipient_t *r, uint64_t l1_block);


#endif /* LP_RECIPIENT_H */
