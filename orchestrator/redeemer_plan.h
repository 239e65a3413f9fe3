/*
 * What a redemption is worth and what it may cost: decisions without I/O
 * (T-20, T-80, T-83). Shares are parts in a million.
 */
#ifndef ORCH_REDEEMER_PLAN_H
#define ORCH_REDEEMER_PLAN_H


#include "common/pm/ticket.h"


#define ORCH_PLAN_MILLION     1000000u
#define ORCH_PLAN_SHARE       500000u      /* of the payout, that gas may be */
#define ORCH_PLAN_SHARE_LATE  950000u      /* at the end of the window */
#define ORCH_PLAN_LATE        750000u      /* of the window: from here it
                                              rises */
#define ORCH_PLAN_DEADLINE    900000u      /* of the window: less than the
                                              face value is taken */
#define ORCH_PLAN_LAST_L1     5            /* the same, L1 blocks before the
                                              end */


typedef enum {
    plan_send,
    plan_wait_funds,             /* it would pay less than its face value */
    plan_wait_gas,               /* gas is too dear for what it pays */
    plan_over                    /* no round is left in which it is good */
} orch_plan_e;

/* L1 blocks: the ticket may be redeemed from begin until before end */
typedef struct {
    uint64_t   begin, end, now;
} orch_window_t;

typedef struct {
    lp_u256_t  face_value;
    lp_u256_t  payout;           /* what it would pay now */
    lp_u256_t  cost;             /* its gas at the price of now */
} orch_worth_t;

/* fees per gas, wei */
typedef struct {
    lp_u256_t  base, tip;        /* as the node has them */
    lp_u256_t  max_price;        /* the operator's cap; zero: none */
} orch_gas_t;


/*
 * When a ticket of round can be redeemed: from the end of its parameters and
 * some blocks, until the round in which it is too old begins.
 */
void orch_plan_window(orch_window_t *w, uint64_t expiration, uint64_t reveal,
    uint64_t round, uint64_t validity, uint64_t current_round,
    uint64_t round_start, uint64_t round_length, uint64_t l1_block);

/* how much of the window is gone, and the share of a payout that gas may be */
uint32_t orch_plan_gone(const orch_window_t *w);
uint32_t orch_plan_share(const orch_window_t *w);

/* what a ticket is paid; deposit and claimable are what it leaves */
void orch_plan_payout(lp_u256_t *payout, lp_u256_t *deposit,
    lp_u256_t *claimable, const lp_u256_t *face_value);

orch_plan_e orch_plan_decide(const orch_worth_t *worth,
    const orch_window_t *w);

/*
 * Fees of a transaction: twice the base fee and the tip, but never more than
 * limit for all of gas (zero: no limit) nor over the operator's cap.
 * LP_LIMIT: that would not be mined now.
 */
lp_status_t orch_plan_fees(lp_u256_t *max_fee, lp_u256_t *tip,
    const orch_gas_t *g, uint64_t gas, const lp_u256_t *limit);

/* both fees raised by an eighth, and to what is asked now; LP_LIMIT: over
   limit or cap */
lp_status_t orch_plan_raise(lp_u256_t *max_fee, lp_u256_t *tip,
    const orch_gas_t *g, uint64_t gas, const lp_u256_t *limit);

/* v * ppm / 1000000, rounded down */
void orch_plan_part(lp_u256_t *out, const lp_u256_t *v, uint32_t ppm);


#endif /* ORCH_REDEEMER_PLAN_H */
