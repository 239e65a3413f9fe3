/* Credit, debit and holds of one session. */

#include <string.h>

#include "common/pm/balance.h"


void
lp_balance_init(lp_balance_t *b)
{
    memset(b, 0, sizeof(lp_balance_t));
}


lp_status_t
lp_balance_credit(lp_balance_t *b, const lp_money_t *amount)
{
    return amount->negative ? LP_MALFORMED
                            : lp_money_add(&b->credit, &b->credit, amount);
}


lp_status_t
lp_balance_debit(lp_balance_t *b, const lp_money_t *amount)
{
    return amount->negative ? LP_MALFORMED
                            : lp_money_sub(&b->credit, &b->credit, amount);
}


lp_status_t
lp_balance_free(lp_money_t *out, const lp_balance_t *b)
{
    return lp_money_sub(out, &b->credit, &b->held);
}


lp_status_t
lp_balance_hold(lp_balance_t *b, lp_hold_t *h, const lp_money_t *amount)
{
    lp_money_t   left;
    lp_status_t  s;

    h->balance = NULL;

    if (amount->negative) {
        return LP_MALFORMED;
    }

    s = lp_balance_free(&left, b);
    if (s != LP_OK) {
        return s;
    }

    if (lp_money_cmp(&left, amount) < 0) {
        return LP_LIMIT;
    }

    s = lp_money_add(&b->held, &b->held, amount);
    if (s == LP_OK) {
        h->balance = b;
        h->amount = *amount;
    }

    return s;
}


lp_status_t
lp_balance_settle(lp_hold_t *h, const lp_money_t *cost)
{
    lp_status_t    s;
    lp_balance_t  *b = h->balance;

    if (b == NULL) {
        return LP_OK;
    }

    h->balance = NULL;

    s = lp_money_sub(&b->held, &b->held, &h->amount);
    if (s == LP_OK && cost) {
        s = lp_balance_debit(b, cost);
    }

    return s;
}


lp_status_t
lp_balance_tickets(uint32_t *n, const lp_balance_t *b, const lp_money_t *fee,
    const lp_money_t *ev, uint32_t max)
{
    lp_u256_t    one, count;
    lp_money_t   left, gap;
    lp_status_t  s;

    *n = 0;

    s = lp_balance_free(&left, b);
    if (s != LP_OK) {
        return s;
    }

    s = lp_money_sub(&gap, lp_money_cmp(fee, ev) > 0 ? fee : ev, &left);
    if (s != LP_OK) {
        return s;
    }

    if (gap.negative || lp_u256_is_zero(&gap.abs)
        || lp_u256_is_zero(&ev->abs))
    {
        return LP_OK;
    }

    lp_u256_set(&one, 1);

    s = lp_u256_mul_div(&count, &gap.abs, &one, &ev->abs, 1);
    if (s != LP_OK || count.w[1] | count.w[2] | count.w[3]
        || count.w[0] > max)
    {
        return LP_LIMIT;
    }

    *n = (uint32_t) count.w[0];

    return LP_OK;
}
