/*
 * The broadcaster's side: is an offer acceptable, and which tickets answer
 * it. Signing is not done here: the signer's process does, within its own
 * budgets. Source: wire.md 7.6, 4.5; threats.md T-21..T-25, T-34.
 */
#ifndef LP_SENDER_H
#define LP_SENDER_H


#include "common/pm/balance.h"
#include "common/pm/params.h"


/* the operator's limits */
typedef struct {
    lp_price_t   max_price;                /* mandatory on chain */
    lp_u256_t    max_ticket_ev;            /* wei */
    lp_u256_t    max_total_ev;             /* wei, one payment */
    uint32_t     max_tickets;              /* of one payment, 300 */
    uint32_t     deposit_multiplier;       /* face value <= deposit / it */
    uint32_t     price_rise_ppm;           /* over the session's first price;
                                              1000000: none */
} lp_sender_limits_t;

/* the sender's own state on the chain */
typedef struct {
    lp_u256_t    deposit;                  /* wei */
    lp_u256_t    reserve;                  /* fundsRemaining */
    uint64_t     withdraw_round;           /* 0: not unlocking */
    uint64_t     round;                    /* last initialized */
    uint64_t     l1_block;
} lp_sender_chain_t;

typedef enum {
    LP_SENDER_OK,
    LP_SENDER_FREE,                        /* price 0: no ticket is due */
    LP_SENDER_NO_PRICE,
    LP_SENDER_PRICE,                       /* over max_price */
    LP_SENDER_PRICE_ROSE,
    LP_SENDER_RECIPIENT,                   /* not the registered address */
    LP_SENDER_EXPIRED,                     /* refresh the session */
    LP_SENDER_EXPIRY,                      /* never expires */
    LP_SENDER_ROUND,
    LP_SENDER_EV_ZERO,
    LP_SENDER_FACE_VALUE_LOW,              /* win probability 1 or more */
    LP_SENDER_EV,
    LP_SENDER_UNLOCKING,                   /* ends the stream's payments */
    LP_SENDER_NO_RESERVE,
    LP_SENDER_NO_DEPOSIT,
    LP_SENDER_TOTAL_EV,
    LP_SENDER_FACE_VALUE_HIGH
} lp_sender_verdict_e;

#define LP_SENDER_BLOCKS_MIN  2            /* of life left, L1 */
#define LP_SENDER_BLOCKS_MAX  100


/*
 * Judge an offer for ntickets tickets (1 before the number is known).
 * expected: the address the orchestrator was found under; first: the price
 * at the session's start, NULL at that start.
 */
lp_sender_verdict_e lp_sender_judge(const lp_params_t *p,
    const lp_price_t *price, const lp_address_t *expected,
    const lp_price_t *first, uint32_t ntickets,
    const lp_sender_limits_t *limits, const lp_sender_chain_t *chain);

/* a sentence for the log and the page */
const char *lp_sender_text(lp_sender_verdict_e v);

/*
 * The fee that a segment may cost: pixels * 1.02 at price, rounded up.
 * pixels: sum over renditions of w * h * ceil(fps) * ceil(seconds).
 */
lp_status_t lp_sender_fee(lp_money_t *fee, uint64_t pixels,
    const lp_price_t *price);


#endif /* LP_SENDER_H */
