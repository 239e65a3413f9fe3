/* Ticket parameters and prices. */

#include "common/pm/params.h"


void
lp_params_ticket(lp_ticket_t *t, const lp_params_t *p,
    const lp_address_t *sender, uint32_t nonce)
{
    t->recipient = p->recipient;
    t->sender = *sender;
    t->face_value = p->face_value;
    t->win_prob = p->win_prob;
    t->nonce = nonce;
    t->rand_hash = p->rand_hash;
    t->round = p->round;
    t->round_hash = p->round_hash;
}


lp_status_t
lp_params_ev(lp_money_t *ev, const lp_params_t *p, lp_round_e round)
{
    return lp_money_ev(ev, &p->face_value, &p->win_prob, round);
}


lp_status_t
lp_price_reduce(lp_price_t *p)
{
    int64_t  a, b, rest;

    if (p->num < 0 || p->den < 1) {
        return LP_MALFORMED;
    }

    for (a = p->den, b = p->num; b; a = b, b = rest) {
        rest = a % b;
    }

    p->num /= a;
    p->den /= a;

    return LP_OK;
}


int
lp_price_cmp(const lp_price_t *a, const lp_price_t *b)
{
    __int128  x, y;

    x = (__int128) a->num * b->den;
    y = (__int128) b->num * a->den;

    return x < y ? -1 : x > y;
}
