/* The broadcaster's judgement of an offer. */

#include "common/pm/sender.h"


static const char *const  lp_sender_texts[] = {
    [LP_SENDER_OK] = "the offer is good",
    [LP_SENDER_FREE] = "the offer is free",
    [LP_SENDER_NO_PRICE] = "the orchestrator named no valid price",
    [LP_SENDER_PRICE] = "the price is over livepeer_max_price",
    [LP_SENDER_PRICE_ROSE] = "the price rose during the session",
    [LP_SENDER_RECIPIENT] = "the recipient is not the registered address",
    [LP_SENDER_EXPIRED] = "the ticket parameters are expired",
    [LP_SENDER_EXPIRY] = "the ticket parameters last too long",
    [LP_SENDER_ROUND] = "the ticket parameters are of another round",
    [LP_SENDER_EV_ZERO] = "the tickets are worth nothing",
    [LP_SENDER_FACE_VALUE_LOW] = "every ticket would win",
    [LP_SENDER_EV] = "a ticket is worth more than the limit",
    [LP_SENDER_UNLOCKING] = "our deposit and reserve are about to unlock",
    [LP_SENDER_NO_RESERVE] = "our reserve is empty",
    [LP_SENDER_NO_DEPOSIT] = "our deposit is empty",
    [LP_SENDER_TOTAL_EV] = "the payment is worth more than the limit",
    [LP_SENDER_FACE_VALUE_HIGH] = "a winner would take too much of our deposit",
};


const char *
lp_sender_text(lp_sender_verdict_e v)
{
    return (unsigned) v < sizeof(lp_sender_texts) / sizeof(lp_sender_texts[0])
           ? lp_sender_texts[v] : "unknown";
}


static lp_sender_verdict_e
lp_sender_judge_price(const lp_price_t *price, const lp_price_t *first,
    const lp_sender_limits_t *limits)
{
    __int128  now, allowed;

    if (price->num < 0 || price->den < 1) {
        return LP_SENDER_NO_PRICE;
    }

    if (lp_price_cmp(price, &limits->max_price) > 0) {
        return LP_SENDER_PRICE;
    }

    if (first) {

        /* num and den fit in 63 bits, the factor in 21: a double-width
           product of the reduced halves would not; compare by quotients */

        now = (__int128) price->num * first->den;
        allowed = (__int128) first->num * price->den;

        if (now > allowed
            && (now - allowed) / ((allowed / 1000000) + 1)
               > (__int128) limits->price_rise_ppm - 1000000)
        {
            return LP_SENDER_PRICE_ROSE;
        }
    }

    return LP_SENDER_OK;
}


static lp_sender_verdict_e
lp_sender_judge_funds(const lp_params_t *p, const lp_money_t *ev,
    uint32_t ntickets, const lp_sender_limits_t *limits,
    const lp_sender_chain_t *chain)
{
    lp_u256_t   one, n, most;
    lp_money_t  limit, total;

    if (chain->withdraw_round && chain->withdraw_round <= chain->round + 1) {
        return LP_SENDER_UNLOCKING;
    }

    if (lp_u256_is_zero(&chain->reserve)) {
        return LP_SENDER_NO_RESERVE;
    }

    if (lp_u256_is_zero(&chain->deposit)) {
        return LP_SENDER_NO_DEPOSIT;
    }

    lp_u256_set(&n, ntickets);

    if (ntickets > limits->max_tickets
        || lp_money_from_wei(&limit, &limits->max_total_ev) != LP_OK
        || lp_u256_mul(&total.abs, &ev->abs, &n) != LP_OK
        || lp_u256_cmp(&total.abs, &limit.abs) > 0)
    {
        return LP_SENDER_TOTAL_EV;
    }

    lp_u256_set(&one, 1);
    lp_u256_set(&n, limits->deposit_multiplier ? limits->deposit_multiplier
                                               : 1);

    if (lp_u256_mul_div(&most, &chain->deposit, &one, &n, 0) != LP_OK
        || lp_u256_cmp(&p->face_value, &most) > 0)
    {
        return LP_SENDER_FACE_VALUE_HIGH;
    }

    return LP_SENDER_OK;
}


static lp_sender_verdict_e
lp_sender_judge_ev(lp_money_t *ev, const lp_params_t *p,
    const lp_sender_limits_t *limits)
{
    lp_money_t  face, limit;

    if (lp_params_ev(ev, p, LP_ROUND_UP) != LP_OK
        || lp_money_from_wei(&face, &p->face_value) != LP_OK
        || lp_money_from_wei(&limit, &limits->max_ticket_ev) != LP_OK)
    {
        return LP_SENDER_EV;
    }

    if (lp_u256_is_zero(&ev->abs)) {
        return LP_SENDER_EV_ZERO;
    }

    if (lp_money_cmp(ev, &face) >= 0) {
        return LP_SENDER_FACE_VALUE_LOW;
    }

    return lp_money_cmp(ev, &limit) > 0 ? LP_SENDER_EV : LP_SENDER_OK;
}


lp_sender_verdict_e
lp_sender_judge(const lp_params_t *p, const lp_price_t *price,
    const lp_address_t *expected, const lp_price_t *first, uint32_t ntickets,
    const lp_sender_limits_t *limits, const lp_sender_chain_t *chain)
{
    lp_money_t           ev;
    lp_sender_verdict_e  v;

    if (!lp_address_equal(&p->recipient, expected)
        || lp_address_is_zero(expected))
    {
        return LP_SENDER_RECIPIENT;
    }

    v = lp_sender_judge_price(price, first, limits);
    if (v != LP_SENDER_OK) {
        return v;
    }

    if (price->num == 0) {
        return LP_SENDER_FREE;
    }

    if (p->expiration_block < chain->l1_block + LP_SENDER_BLOCKS_MIN) {
        return LP_SENDER_EXPIRED;
    }

    if (p->expiration_block > chain->l1_block + LP_SENDER_BLOCKS_MAX) {
        return LP_SENDER_EXPIRY;
    }

    if (p->round != chain->round && p->round + 1 != chain->round) {
        return LP_SENDER_ROUND;
    }

    v = lp_sender_judge_ev(&ev, p, limits);
    if (v != LP_SENDER_OK) {
        return v;
    }

    return lp_sender_judge_funds(p, &ev, ntickets, limits, chain);
}


lp_status_t
lp_sender_fee(lp_money_t *fee, uint64_t pixels, const lp_price_t *price)
{
    lp_u256_t    n, d;
    lp_status_t  s;

    s = lp_money_price(fee, pixels, price->num, price->den, LP_ROUND_UP);
    if (s != LP_OK) {
        return s;
    }

    lp_u256_set(&n, 102);
    lp_u256_set(&d, 100);

    return lp_u256_mul_div(&fee->abs, &fee->abs, &n, &d, 1);
}
