/*
 * Ticket parameters: what a recipient offers and a sender accepts or not.
 * Source: wire.md 2.4, 7.3, 7.4; threats.md T-01, T-02, T-11, T-23.
 */
#ifndef LP_PARAMS_H
#define LP_PARAMS_H


#include "common/pm/ticket.h"
#include "common/util/money.h"


#define LP_PARAMS_LIFE_BLOCKS  40                  /* L1 blocks */


typedef struct {
    int64_t       num;                     /* wei, >= 0 */
    int64_t       den;                     /* for so many pixels, >= 1 */
} lp_price_t;

typedef struct {
    lp_address_t  recipient;
    lp_u256_t     face_value;              /* wei */
    lp_u256_t     win_prob;
    lp_hash_t     rand_hash;
    lp_u256_t     seed;
    uint64_t      expiration_block;        /* L1; expired when seen <= head */
    uint64_t      round;
    lp_hash_t     round_hash;
} lp_params_t;


/* the ticket of these parameters that sender signs with this nonce */
void lp_params_ticket(lp_ticket_t *t, const lp_params_t *p,
    const lp_address_t *sender, uint32_t nonce);

/* face_value * win_prob / (2^256 - 1) */
lp_status_t lp_params_ev(lp_money_t *ev, const lp_params_t *p,
    lp_round_e round);

/* lowest terms; num 0 is 0/1; LP_MALFORMED: num < 0 or den < 1 */
lp_status_t lp_price_reduce(lp_price_t *p);

/* a < b: -1, equal: 0, a > b: 1; exact */
int lp_price_cmp(const lp_price_t *a, const lp_price_t *b);


#endif /* LP_PARAMS_H */
