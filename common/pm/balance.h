/*
 * Credit and debit between one sender and one recipient, in one session.
 * Holds keep what is promised to work under way, so that parallel segments
 * cannot share one credit (T-13). Kept by both sides: each rounds against
 * itself. Source: wire.md 4.5, 7.5; threats.md T-12, T-13.
 */
#ifndef LP_BALANCE_H
#define LP_BALANCE_H


#include "common/util/money.h"


typedef struct {
    lp_money_t  credit;                    /* may be negative: a debt */
    lp_money_t  held;                      /* of credit, promised */
} lp_balance_t;

/* what one piece of work has reserved; settled exactly once */
typedef struct {
    lp_balance_t  *balance;                /* NULL: nothing is held */
    lp_money_t     amount;
} lp_hold_t;


void lp_balance_init(lp_balance_t *b);

lp_status_t lp_balance_credit(lp_balance_t *b, const lp_money_t *amount);
lp_status_t lp_balance_debit(lp_balance_t *b, const lp_money_t *amount);

/* credit - held */
lp_status_t lp_balance_free(lp_money_t *out, const lp_balance_t *b);

/* LP_LIMIT: the free part does not cover it; nothing is held then */
lp_status_t lp_balance_hold(lp_balance_t *b, lp_hold_t *h,
    const lp_money_t *amount);

/*
 * The hold ends; cost (NULL: none) is debited, also when it is more than was
 * held. May be repeated: the second call does nothing.
 */
lp_status_t lp_balance_settle(lp_hold_t *h, const lp_money_t *cost);

/*
 * How many tickets of value ev a sender owes before work of this fee:
 * ceil((max(fee, ev) - free) / ev), 0 when the free part is enough or ev is
 * zero. LP_LIMIT when it passes max. Source: wire.md 4.5 StageUpdate.
 */
lp_status_t lp_balance_tickets(uint32_t *n, const lp_balance_t *b,
    const lp_money_t *fee, const lp_money_t *ev, uint32_t max);


#endif /* LP_BALANCE_H */
