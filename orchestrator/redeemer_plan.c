/*
 * A ticket is consumed by its redemption whatever it pays, so one that would
 * pay less than its face value waits for funds until the window closes; gas
 * may take half of a payout, and more only when time runs out.
 */

#include "orchestrator/redeemer_plan.h"


void
orch_plan_part(lp_u256_t *out, const lp_u256_t *v, uint32_t ppm)
{
    lp_u256_t  n, d;

    lp_u256_set(&n, ppm);
    lp_u256_set(&d, ORCH_PLAN_MILLION);

    if (lp_u256_mul_div(out, v, &n, &d, 0) != LP_OK) {
        lp_u256_set(out, 0);
    }
}


/* a * b + c that ends at the largest number instead of wrapping */

static uint64_t
orch_plan_line(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t  v;

    if (__builtin_mul_overflow(a, b, &v) || __builtin_add_overflow(v, c, &v))
    {
        return UINT64_MAX;
    }

    return v;
}


void
orch_plan_window(orch_window_t *w, uint64_t expiration, uint64_t reveal,
    uint64_t round, uint64_t validity, uint64_t current_round,
    uint64_t round_start, uint64_t round_length, uint64_t l1_block)
{
    uint64_t  last = orch_plan_line(validity, 1, round);

    w->now = l1_block;
    w->begin = orch_plan_line(reveal, 1, expiration);
    w->end = last > current_round
             ? orch_plan_line(last - current_round, round_length, round_start)
             : 0;
}


uint32_t
orch_plan_gone(const orch_window_t *w)
{
    uint64_t  whole, gone;

    if (w->now >= w->end || w->end <= w->begin) {
        return ORCH_PLAN_MILLION;
    }

    if (w->now <= w->begin) {
        return 0;
    }

    whole = w->end - w->begin;
    gone = w->now - w->begin;

    return (uint32_t) ((__uint128_t) gone * ORCH_PLAN_MILLION / whole);
}


uint32_t
orch_plan_share(const orch_window_t *w)
{
    uint32_t  late, gone = orch_plan_gone(w);

    if (gone <= ORCH_PLAN_LATE) {
        return ORCH_PLAN_SHARE;
    }

    late = gone - ORCH_PLAN_LATE;

    return ORCH_PLAN_SHARE
           + (uint32_t) ((uint64_t) (ORCH_PLAN_SHARE_LATE - ORCH_PLAN_SHARE)
                         * late / (ORCH_PLAN_MILLION - ORCH_PLAN_LATE));
}


/* v - less, or zero; what could not be taken off is left in less */

static void
orch_plan_take(lp_u256_t *v, lp_u256_t *less)
{
    lp_u256_t  taken = lp_u256_cmp(v, less) < 0 ? *v : *less;

    lp_u256_sub(v, v, &taken);
    lp_u256_sub(less, less, &taken);
}


void
orch_plan_payout(lp_u256_t *payout, lp_u256_t *deposit,
    lp_u256_t *claimable, const lp_u256_t *face_value)
{
    lp_u256_t  unpaid = *face_value;

    orch_plan_take(deposit, &unpaid);
    orch_plan_take(claimable, &unpaid);

    lp_u256_sub(payout, face_value, &unpaid);
}


orch_plan_e
orch_plan_decide(const orch_worth_t *worth, const orch_window_t *w)
{
    int        last;
    lp_u256_t  most, five, six;

    if (w->now >= w->end) {
        return plan_over;
    }

    last = orch_plan_gone(w) >= ORCH_PLAN_DEADLINE
           || w->end - w->now <= ORCH_PLAN_LAST_L1;

    if (lp_u256_cmp(&worth->payout, &worth->face_value) < 0) {

        if (!last) {
            return plan_wait_funds;
        }

        /* payout > 1.2 * cost */

        lp_u256_set(&five, 5);
        lp_u256_set(&six, 6);
        (void) lp_u256_mul_div(&most, &worth->payout, &five, &six, 1);

        return lp_u256_cmp(&worth->cost, &most) < 0 ? plan_send
                                                    : plan_wait_funds;
    }

    orch_plan_part(&most, &worth->payout, orch_plan_share(w));

    return lp_u256_cmp(&worth->cost, &most) <= 0 ? plan_send : plan_wait_gas;
}


/* the most that a gas may cost; all ones when nothing limits it */

static void
orch_plan_cap(lp_u256_t *cap, const orch_gas_t *g, uint64_t gas,
    const lp_u256_t *limit)
{
    lp_u256_t                one, n, each;
    static const lp_u256_t   all = { { UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                       UINT64_MAX } };

    *cap = lp_u256_is_zero(&g->max_price) ? all : g->max_price;

    if (lp_u256_is_zero(limit)) {
        return;
    }

    lp_u256_set(&one, 1);
    lp_u256_set(&n, gas);

    if (lp_u256_mul_div(&each, limit, &one, &n, 0) != LP_OK) {
        lp_u256_set(&each, 0);
    }

    if (lp_u256_cmp(&each, cap) < 0) {
        *cap = each;
    }
}


lp_status_t
orch_plan_fees(lp_u256_t *max_fee, lp_u256_t *tip, const orch_gas_t *g,
    uint64_t gas, const lp_u256_t *limit)
{
    lp_u256_t  cap, least, wanted;

    orch_plan_cap(&cap, g, gas, limit);

    if (lp_u256_add(&least, &g->base, &g->tip) != LP_OK
        || lp_u256_add(&wanted, &least, &g->base) != LP_OK
        || lp_u256_cmp(&least, &cap) > 0)
    {
        return LP_LIMIT;
    }

    *max_fee = lp_u256_cmp(&wanted, &cap) > 0 ? cap : wanted;
    *tip = g->tip;

    return LP_OK;
}


/* nodes want both fees a tenth higher; an eighth is what they are given */

static lp_status_t
orch_plan_eighth_more(lp_u256_t *v)
{
    lp_u256_t  nine, eight;

    lp_u256_set(&nine, 9);
    lp_u256_set(&eight, 8);

    return lp_u256_mul_div(v, v, &nine, &eight, 1);
}


lp_status_t
orch_plan_raise(lp_u256_t *max_fee, lp_u256_t *tip, const orch_gas_t *g,
    uint64_t gas, const lp_u256_t *limit)
{
    lp_u256_t  cap, fee = *max_fee, prio = *tip, now_fee, now_tip;

    orch_plan_cap(&cap, g, gas, limit);

    if (orch_plan_eighth_more(&fee) != LP_OK
        || orch_plan_eighth_more(&prio) != LP_OK
        || lp_u256_cmp(&fee, &cap) > 0)
    {
        return LP_LIMIT;
    }

    if (orch_plan_fees(&now_fee, &now_tip, g, gas, limit) == LP_OK) {
        fee = lp_u256_cmp(&now_fee, &fee) > 0 ? now_fee : fee;
        prio = lp_u256_cmp(&now_tip, &prio) > 0 ? now_tip : prio;
    }

    *max_fee = fee;
    *tip = lp_u256_cmp(&prio, &fee) > 0 ? fee : prio;

    return LP_OK;
}
