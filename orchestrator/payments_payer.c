/*
 * The senders that pay: found by address, their credits by token, what they
 * owe, how often their work failed and how often their tickets win.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/payments_parts.h"


#define ORCH_PAYER_CREDITS     64
#define ORCH_PAYER_EVICT       64             /* looked at for a free place */
#define ORCH_PAYER_DEBT_MS     (24 * 3600 * 1000)              /* T-13 */
#define ORCH_PAYER_KEEP_MS     (60 * 60 * 1000)
#define ORCH_PAYER_CREDIT_MS   (10 * 60 * 1000)    /* past a token's life */

#define ORCH_PAYER_FAILURES    5                    /* T-14: in a minute .. */
#define ORCH_PAYER_MINUTE      60000
#define ORCH_PAYER_PAUSE_MAX   (60 * 60 * 1000)

#define ORCH_PAYER_Z           5.0                              /* T-15 */


static orch_payer_t **
orch_payer_bucket(orch_payments_t *p, const lp_address_t *a)
{
    int       i;
    uint64_t  h = p->seed;

    /* the seed is random: no one can fill a bucket of his choice */

    for (i = 0; i < LP_ADDRESS_LEN; i++) {
        h = (h ^ a->b[i]) * 0x9e3779b97f4a7c15;
        h ^= h >> 29;
    }

    return &p->payers[h % ORCH_PAYERS_BUCKETS];
}


orch_payer_t *
orch_payer_find(orch_payments_t *p, const lp_address_t *a)
{
    orch_payer_t  *payer;

    for (payer = *orch_payer_bucket(p, a); payer; payer = payer->next) {
        if (lp_address_equal(&payer->address, a)) {
            return payer;
        }
    }

    return NULL;
}


static void
orch_payer_unlink(orch_payments_t *p, orch_payer_t *payer)
{
    if (payer->newer) {
        payer->newer->older = payer->older;

    } else {
        p->newest = payer->older;
    }

    if (payer->older) {
        payer->older->newer = payer->newer;

    } else {
        p->oldest = payer->newer;
    }
}


static void
orch_payer_touch(orch_payments_t *p, orch_payer_t *payer, int linked)
{
    if (linked) {
        orch_payer_unlink(p, payer);
    }

    payer->used_ms = orch_loop_now_ms(p->conf.loop);
    payer->newer = NULL;
    payer->older = p->newest;

    if (p->newest) {
        p->newest->newer = payer;

    } else {
        p->oldest = payer;
    }

    p->newest = payer;
}


/* is nothing lost when it is forgotten, but how long its last pause was */

static int
orch_payer_idle(const orch_payer_t *payer, uint64_t now_ms)
{
    return payer->uses == 0 && payer->credits == NULL && !payer->stopped
           && lp_u256_is_zero(&payer->debt.abs)
           && payer->paused_until_ms <= now_ms;
}


/* does its next pause begin with a minute */

static int
orch_payer_forgiven(const orch_payer_t *payer, uint64_t now_ms)
{
    return payer->paused_until_ms + ORCH_PAYER_PAUSE_MAX < now_ms;
}


static void
orch_payer_free(orch_payments_t *p, orch_payer_t *payer)
{
    orch_payer_t   **at;
    orch_credit_t   *c;

    for (at = orch_payer_bucket(p, &payer->address); *at != payer;
         at = &(*at)->next) { /* void */ }

    *at = payer->next;
    orch_payer_unlink(p, payer);
    p->npayers--;

    while ((c = payer->credits)) {
        payer->credits = c->next;
        free(c);
    }

    free(payer);
}


static int
orch_payer_make_room(orch_payments_t *p)
{
    unsigned       i;
    uint64_t       now = orch_loop_now_ms(p->conf.loop);
    orch_payer_t  *payer;

    if (p->npayers < p->conf.conf->senders_max) {
        return 0;
    }

    payer = p->oldest;

    for (i = 0; payer && i < ORCH_PAYER_EVICT; i++) {

        if (orch_payer_idle(payer, now)) {
            orch_payer_free(p, payer);
            return 0;
        }

        payer = payer->newer;
    }

    return -1;
}


orch_payer_t *
orch_payer_get(orch_payments_t *p, const lp_address_t *a)
{
    orch_payer_t  *payer, **bucket;

    payer = orch_payer_find(p, a);

    if (payer) {
        orch_payer_touch(p, payer, 1);
        return payer;
    }

    if (orch_payer_make_room(p)) {
        return NULL;
    }

    payer = calloc(1, sizeof(orch_payer_t));
    if (payer == NULL) {
        return NULL;
    }

    bucket = orch_payer_bucket(p, a);
    payer->address = *a;
    payer->next = *bucket;
    *bucket = payer;
    p->npayers++;
    orch_payer_touch(p, payer, 0);

    return payer;
}


orch_credit_t *
orch_payer_credit(orch_payments_t *p, orch_payer_t *payer,
    const orch_token_t *token, int create)
{
    orch_credit_t  *c;

    for (c = payer->credits; c; c = c->next) {
        if (memcmp(c->session, token->session, sizeof(c->session)) == 0) {
            c->used_ms = orch_loop_now_ms(p->conf.loop);
            return c;
        }
    }

    if (!create || payer->ncredits == ORCH_PAYER_CREDITS) {
        return NULL;
    }

    c = calloc(1, sizeof(orch_credit_t));
    if (c) {
        memcpy(c->session, token->session, sizeof(c->session));
        c->used_ms = orch_loop_now_ms(p->conf.loop);
        lp_balance_init(&c->balance);
        c->next = payer->credits;
        payer->credits = c;
        payer->ncredits++;
    }

    return c;
}


lp_status_t
orch_payer_pay(orch_payments_t *p, orch_payer_t *payer, orch_credit_t *c,
    const lp_money_t *amount)
{
    lp_money_t   rest = *amount, part;
    lp_status_t  rc;

    part = lp_money_cmp(&rest, &payer->debt) < 0 ? rest : payer->debt;

    rc = lp_money_sub(&payer->debt, &payer->debt, &part);

    if (rc == LP_OK) {
        rc = lp_money_sub(&rest, &rest, &part);
    }

    if (rc == LP_OK) {
        rc = lp_balance_credit(&c->balance, &rest);
    }

    if (rc == LP_OK) {
        rc = lp_money_add(&p->sums.ev, &p->sums.ev, amount);
    }

    if (rc == LP_OK) {
        rc = lp_money_add(&payer->ev, &payer->ev, amount);
    }

    return rc;
}


/* how many pixels a sum is at a price, for the count of unpaid ones */

static uint64_t
orch_payer_pixels(const lp_money_t *sum, const lp_price_t *price)
{
    lp_u256_t   wei, num, den;
    lp_money_t  m = *sum;

    m.negative = 0;
    lp_u256_set(&num, (uint64_t) price->num);
    lp_u256_set(&den, (uint64_t) price->den);

    if (price->num < 1 || lp_money_to_wei(&wei, &m, LP_ROUND_UP) != LP_OK
        || lp_u256_mul_div(&wei, &wei, &den, &num, 1) != LP_OK
        || wei.w[1] | wei.w[2] | wei.w[3])
    {
        return 0;
    }

    return wei.w[0];
}


void
orch_payer_owe(orch_payments_t *p, orch_payer_t *payer, orch_credit_t *c,
    const lp_price_t *price)
{
    lp_money_t  owed = c->balance.credit;

    if (!owed.negative) {
        return;
    }

    owed.negative = 0;
    p->sums.unpaid_pixels += orch_payer_pixels(&owed, price);

    /* a sum over 2^192 wei: it stays where it is, and nothing is held on it */

    if (lp_money_add(&payer->debt, &payer->debt, &owed) == LP_OK) {
        lp_money_zero(&c->balance.credit);
        payer->debt_ms = orch_loop_now_ms(p->conf.loop);
    }
}


/* T-14: work that nobody pays for is waited with, longer each time */

void
orch_payer_fail(orch_payments_t *p, orch_payer_t *payer, uint64_t now_ms)
{
    /* what was under way when the pause began is one fault with it */

    if (orch_payer_paused(payer, now_ms)) {
        return;
    }

    if (now_ms - payer->failures_ms > ORCH_PAYER_MINUTE) {
        payer->failures = 0;
        payer->failures_ms = now_ms;
    }

    if (++payer->failures < ORCH_PAYER_FAILURES) {
        return;
    }

    payer->failures = 0;

    if (orch_payer_forgiven(payer, now_ms)) {
        payer->pause_ms = 0;
    }

    payer->pause_ms = payer->pause_ms ? 2 * payer->pause_ms
                                      : ORCH_PAYER_MINUTE;

    if (payer->pause_ms > ORCH_PAYER_PAUSE_MAX) {
        payer->pause_ms = ORCH_PAYER_PAUSE_MAX;
    }

    payer->paused_until_ms = now_ms + payer->pause_ms;

    lp_log(p->conf.log, LP_LOG_WARN, "payments: a sender's segments fail, it "
           "is paused for %llu s",
           (unsigned long long) payer->pause_ms / 1000);
}


int
orch_payer_paused(const orch_payer_t *payer, uint64_t now_ms)
{
    return now_ms < payer->paused_until_ms;
}


static double
orch_lottery_z(const orch_lottery_t *l)
{
    return l->variance > 0 ? ((double) l->wins - l->expected)
                             / sqrt(l->variance)
                           : 0;
}


int64_t
orch_payer_z_milli(const orch_lottery_t *l)
{
    return (int64_t) (orch_lottery_z(l) * 1000);
}


static void
orch_lottery_add(orch_lottery_t *l, double prob, int won)
{
    l->wins += won ? 1 : 0;
    l->expected += prob;
    l->variance += prob * (1 - prob);
}


/* few tickets say nothing: a rare win alone is many deviations */

static int
orch_lottery_odd(const orch_lottery_t *l)
{
    double  z = orch_lottery_z(l);

    return l->variance >= ORCH_PAYER_Z && (z < -ORCH_PAYER_Z
                                           || z > ORCH_PAYER_Z);
}


void
orch_payer_drew(orch_payments_t *p, orch_payer_t *payer,
    const lp_u256_t *win_prob, int won)
{
    char    text[LP_ADDRESS_TEXT_LEN + 1];
    double  prob = ldexp((double) win_prob->w[3], -64)
                   + ldexp((double) win_prob->w[2], -128);

    orch_lottery_add(&payer->lottery, prob, won);
    orch_lottery_add(&p->lottery, prob, won);
    p->sums.z_milli = orch_payer_z_milli(&p->lottery);

    if (!payer->stopped && orch_lottery_odd(&payer->lottery)) {
        payer->stopped = 1;
        lp_address_text(text, &payer->address);
        lp_log(p->conf.log, LP_LOG_ERROR, "payments: tickets of %s win %llu "
               "times where %.0f are expected: no more are taken, the "
               "lottery is known or broken", text,
               (unsigned long long) payer->lottery.wins,
               payer->lottery.expected);
    }

    if (!p->alarmed && orch_lottery_odd(&p->lottery)) {
        p->alarmed = 1;
        lp_log(p->conf.log, LP_LOG_ERROR, "payments: all tickets together win "
               "%llu times where %.0f are expected: the lottery is known or "
               "broken", (unsigned long long) p->lottery.wins,
               p->lottery.expected);
    }
}


static void
orch_payer_sweep_credits(orch_payments_t *p, orch_payer_t *payer,
    uint64_t now)
{
    orch_credit_t  *c, **at;

    for (at = &payer->credits; (c = *at); ) {

        if (c->holds || now - c->used_ms < p->conf.conf->token_life_ms
                                           + ORCH_PAYER_CREDIT_MS)
        {
            at = &c->next;
            continue;
        }

        *at = c->next;
        payer->ncredits--;
        free(c);
    }
}


void
orch_payer_sweep(orch_payments_t *p, uint64_t now_ms)
{
    orch_payer_t  *payer, *newer;

    for (payer = p->oldest; payer; payer = newer) {
        newer = payer->newer;

        if (payer->uses) {
            continue;
        }

        orch_payer_sweep_credits(p, payer, now_ms);

        if (now_ms - payer->debt_ms >= ORCH_PAYER_DEBT_MS) {
            lp_money_zero(&payer->debt);
        }

        if (orch_payer_idle(payer, now_ms)
            && orch_payer_forgiven(payer, now_ms)
            && now_ms - payer->used_ms >= ORCH_PAYER_KEEP_MS)
        {
            orch_payer_free(p, payer);
        }
    }
}


void
orch_payer_free_all(orch_payments_t *p)
{
    while (p->oldest) {
        orch_payer_free(p, p->oldest);
    }
}
