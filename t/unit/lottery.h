/*
 * The lottery played: parameters issued, tickets drawn, what they pay beside
 * what they are worth. One ticket in `every` is signed by its sender and
 * judged as one that came in a payment; the others carry random bytes for a
 * signature, which is what a signature is to the draw.
 */
#ifndef LP_TEST_LOTTERY_H
#define LP_TEST_LOTTERY_H


#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/pm/recipient.h"


#define LOTTERY_BLOCK  22000000


typedef struct {
    const char  *name;
    uint64_t     ev_wei;
    uint64_t     redeem_gas;
    uint64_t     gas_price;                /* wei */
} lottery_t;

typedef struct {
    lp_u256_t    face_value;
    double       prob;
    uint64_t     tickets, wins;
    uint64_t     judged, judged_wins;      /* of them, signed and judged */
    uint64_t     refused;                  /* good tickets, by the judge */
    lp_money_t   credited;                 /* to the judged */
    lp_money_t   ev;                       /* of one ticket, rounded down */
} lottery_sum_t;


static uint64_t  lottery_state = 88172645463325252u;


static inline void
lottery_noise(uint8_t *p, size_t len)
{
    size_t    n;
    uint64_t  v;

    for ( /* void */ ; len; p += n, len -= n) {
        lottery_state ^= lottery_state << 13;
        lottery_state ^= lottery_state >> 7;
        lottery_state ^= lottery_state << 17;
        v = lottery_state * UINT64_C(2685821657736338717);
        n = len < 8 ? len : 8;
        memcpy(p, &v, n);
    }
}


static inline double
lottery_z(double wins, double n, double prob)
{
    return (wins - n * prob) / sqrt(n * prob * (1 - prob));
}


/* what was paid for a million wei of expected value */

static inline double
lottery_payout(const lottery_sum_t *s)
{
    lp_u256_t   wins, million, paid, r, n;
    lp_money_t  all, worth;

    lp_u256_set(&wins, s->wins);
    lp_u256_set(&n, s->tickets);
    lp_u256_set(&million, 1000000);

    if (lp_u256_mul(&paid, &wins, &s->face_value) != LP_OK
        || lp_money_from_wei(&all, &paid) != LP_OK
        || lp_u256_mul(&worth.abs, &s->ev.abs, &n) != LP_OK
        || lp_u256_mul_div(&r, &all.abs, &million, &worth.abs, 0) != LP_OK)
    {
        return -1;
    }

    return (double) r.w[0];
}


static inline int
lottery_judge(lottery_sum_t *s, lp_recipient_t *r, const lp_params_t *p,
    const lp_u256_t *rand, const lp_address_t *sender, uint32_t nonce,
    const lp_keys_t *keys, const lp_secret_t *secret)
{
    lp_sig_t      sig;
    lp_ticket_t   t;
    lp_verdict_t  v;

    lp_params_ticket(&t, p, sender, nonce);
    s->judged++;

    if (lp_ticket_sign(&sig, &t, keys, secret) != LP_OK
        || lp_recipient_judge(r, &v, p, rand, sender, nonce, &sig, keys,
                              LOTTERY_BLOCK) != LP_OK
        || lp_money_add(&s->credited, &s->credited, &v.credit) != LP_OK)
    {
        s->refused++;
        return 0;
    }

    s->judged_wins += v.won;

    return v.won;
}


/* the tickets of one commitment, at most as many as it may have */

static inline void
lottery_draw(lottery_sum_t *s, lp_recipient_t *r, const lp_params_t *p,
    const lp_u256_t *rand, const lp_keys_t *keys, const lp_secret_t *secret,
    uint64_t until, unsigned every)
{
    uint32_t      nonce;
    lp_sig_t      sig;
    lp_ticket_t   t;
    lp_address_t  sender;

    lp_keys_address(keys, &sender, secret);

    for (nonce = 1; nonce <= LP_RECIPIENT_NONCES && s->tickets < until;
         nonce++, s->tickets++)
    {
        if (s->tickets % every == 0) {
            s->wins += (unsigned) lottery_judge(s, r, p, rand, &sender, nonce,
                                                keys, secret);
            continue;
        }

        lp_params_ticket(&t, p, &sender, nonce);
        lottery_noise(sig.b, LP_SIG_LEN);
        s->wins += (unsigned) lp_ticket_wins(&t, &sig, rand);
    }
}


/* n tickets; -1: there are no such parameters */

static inline int
lottery_play(lottery_sum_t *s, const lottery_t *l, uint64_t n, unsigned every,
    const lp_keys_t *keys, const lp_secret_t *secret)
{
    int                   rc = 0;
    uint8_t               bytes[32];
    lp_u256_t             rand;
    lp_price_t            price = { 1200, 1 };
    lp_params_t           p;
    lp_address_t          sender;
    lp_recipient_t       *r;
    lp_recipient_conf_t   conf;
    lp_recipient_chain_t  chain;

    memset(s, 0, sizeof(lottery_sum_t));
    memset(&conf, 0, sizeof(conf));
    memset(&chain, 0, sizeof(chain));

    conf.address.b[0] = 1;
    lp_u256_set(&conf.ev_wei, l->ev_wei);
    conf.redeem_gas = l->redeem_gas;
    conf.redeem_overhead_ppm = 10000;
    conf.max_commitments = UINT32_MAX;
    lp_u256_set(&chain.gas_price, l->gas_price);
    memset(&chain.max_float, 0xff, sizeof(chain.max_float));
    chain.l1_block = LOTTERY_BLOCK;
    chain.round = 3900;
    chain.round_hash.b[0] = 1;

    lp_keys_address(keys, &sender, secret);
    lottery_noise(bytes, sizeof(bytes));
    r = lp_recipient_create(&conf, bytes);

    while (r && s->tickets < n) {
        lottery_noise(bytes, sizeof(bytes));

        if (lp_recipient_issue(r, &p, bytes, &sender, &price, &chain)
                != LP_OK
            || lp_recipient_open(r, &rand, &p, &sender, &price) != LP_OK
            || lp_params_ev(&s->ev, &p, LP_ROUND_DOWN) != LP_OK)
        {
            rc = -1;
            break;
        }

        s->face_value = p.face_value;
        s->prob = ldexp((double) p.win_prob.w[3], -64)
                  + ldexp((double) p.win_prob.w[2], -128);
        lottery_draw(s, r, &p, &rand, keys, secret, n, every);
    }

    rc = r ? rc : -1;
    lp_recipient_destroy(&r);

    return rc;
}


#endif /* LP_TEST_LOTTERY_H */
