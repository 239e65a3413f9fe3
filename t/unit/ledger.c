/*
 * Money at length, beside GMP's whole numbers: ten million operations at
 * prices whose denominators have nothing in common, and a million offers.
 */

#include <gmp.h>
#include <time.h>

#include "common/pm/balance.h"
#include "common/pm/recipient.h"
#include "t/unit/tap.h"


#define OPS      10000000
#define PRIMES   64
#define PAIRS    1000                      /* of each of so many EVs */


static uint64_t  state = 88172645463325252u;


static uint64_t
next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return state * UINT64_C(2685821657736338717);
}


static void
to_mpz(mpz_t z, const lp_u256_t *v)
{
    mpz_import(z, 4, -1, sizeof(v->w[0]), 0, 0, v->w);
}


static lp_u256_t
from_mpz(const mpz_t z)
{
    lp_u256_t  v = { { 0, 0, 0, 0 } };

    mpz_export(v.w, NULL, -1, sizeof(v.w[0]), 0, 0, z);

    return v;
}


/* --- T-12 */

typedef struct {
    int64_t    den;
    mp_limb_t  sum[2][4];                  /* units * num, in and out */
} prime_t;


/* the largest below 2^63, the smallest, and some between */

static void
find_primes(prime_t *p)
{
    size_t  i;
    mpz_t   z;

    mpz_init(z);

    for (i = 0; i < PRIMES; i++) {
        if (i % 2) {
            mpz_set_ui(z, next() >> (1 + i / 2));

        } else {
            mpz_set_ui(z, (UINT64_C(1) << 63) - 1000 * (i + 1));
        }

        mpz_nextprime(z, z);
        p[i].den = (int64_t) mpz_get_ui(z);
    }

    mpz_clear(z);
}


/* units * num * 2^64 / den lies in [m, m + 1), or in (m - 1, m] for a debit */

static int
is_rounded(const lp_money_t *m, uint64_t units, int64_t num, int64_t den,
    int debit)
{
    mp_limb_t  exact[5] = { 0 }, low[5];
    unsigned __int128  product = (unsigned __int128) units * (uint64_t) num;

    exact[1] = (mp_limb_t) product;
    exact[2] = (mp_limb_t) (product >> 64);
    low[4] = mpn_mul_1(low, m->abs.w, 4, (mp_limb_t) den);

    if (mpn_cmp(debit ? exact : low, debit ? low : exact, 5) > 0) {
        return 0;
    }

    debit ? mpn_sub_n(exact, low, exact, 5) : mpn_sub_n(exact, exact, low, 5);

    return mpn_zero_p(exact + 1, 4) && exact[0] < (mp_limb_t) den;
}


/* one step of the ledger: what was worked for is paid or owed */

static int
step(lp_balance_t *b, prime_t *p)
{
    int          debit = (int) (next() & 1);
    int64_t      num = (int64_t) (next() >> (1 + (next() & 31)));
    uint64_t     units = next() >> (next() & 31);
    mp_limb_t    product[2];
    lp_money_t   m;
    lp_status_t  rc;
    unsigned __int128  exact = (unsigned __int128) units * (uint64_t) num;

    product[0] = (mp_limb_t) exact;
    product[1] = (mp_limb_t) (exact >> 64);
    mpn_add(p->sum[debit], p->sum[debit], 4, product, 2);

    rc = lp_money_price(&m, units, num, p->den, debit ? LP_ROUND_UP
                                                      : LP_ROUND_DOWN);
    if (rc == LP_OK) {
        rc = debit ? lp_balance_debit(b, &m) : lp_balance_credit(b, &m);
    }

    return rc == LP_OK && is_rounded(&m, units, num, p->den, debit);
}


/* exact minus balance, in 2^-64 wei, rounded down: what rounding took */

static void
find_drift(mpz_t drift, const lp_balance_t *b, prime_t *p)
{
    size_t  i;
    mpz_t   in, out, den, balance;
    mpq_t   sum, part;

    mpz_inits(in, out, den, balance, NULL);
    mpq_inits(sum, part, NULL);

    for (i = 0; i < PRIMES; i++) {
        mpz_import(in, 4, -1, sizeof(mp_limb_t), 0, 0, p[i].sum[0]);
        mpz_import(out, 4, -1, sizeof(mp_limb_t), 0, 0, p[i].sum[1]);
        mpz_sub(in, in, out);
        mpz_mul_2exp(in, in, 64);
        mpz_set_ui(den, (uint64_t) p[i].den);
        mpq_set_num(part, in);
        mpq_set_den(part, den);
        mpq_canonicalize(part);
        mpq_add(sum, sum, part);
    }

    to_mpz(balance, &b->credit.abs);
    if (b->credit.negative) {
        mpz_neg(balance, balance);
    }

    mpz_fdiv_q(drift, mpq_numref(sum), mpq_denref(sum));
    mpz_sub(drift, drift, balance);

    mpq_clears(sum, part, NULL);
    mpz_clears(in, out, den, balance, NULL);
}


static double
cpu_s(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);

    return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}


static void
test_ledger(void)
{
    int              i, bad = 0;
    mpz_t            drift;
    double           begin, first = 0, last = 0;
    lp_balance_t     b;
    static prime_t   primes[PRIMES];

    find_primes(primes);
    lp_balance_init(&b);
    begin = cpu_s();

    for (i = 0; i < OPS; i++) {
        bad += !step(&b, &primes[next() % PRIMES]);

        if (i + 1 == OPS / 10) {
            first = cpu_s() - begin;

        } else if (i + 1 == OPS - OPS / 10) {
            begin = cpu_s();
        }
    }

    last = cpu_s() - begin;

    is_int(bad, 0, "T-12: 10^7 operations at prime denominators, each within "
           "2^-64 wei and on our side");
    ok(last < 3 * first, "T-12: the last million is as fast as the first: "
       "%.0f ns, %.0f ns", first / OPS * 1e10, last / OPS * 1e10);

    mpz_init(drift);
    find_drift(drift, &b, primes);
    ok(mpz_sgn(drift) >= 0 && mpz_cmp_ui(drift, OPS) <= 0,
       "T-12: all together drift by %.3f of 2^-64 wei an operation",
       mpz_get_d(drift) / OPS);
    mpz_clear(drift);
}


/* what does not fit is refused and changes nothing */

static void
test_ceiling(void)
{
    int           i, bad = 0;
    lp_money_t    m, big, before;
    lp_balance_t  b;

    memset(&big, 0, sizeof(big));
    memset(&big.abs, 0xff, sizeof(big.abs));
    lp_balance_init(&b);
    lp_balance_credit(&b, &big);

    for (i = 0; i < 1000; i++) {
        lp_money_price(&m, 1 + next(), 1 + (int64_t) (next() >> 1),
                       1 + (int64_t) (next() >> 1), LP_ROUND_UP);
        before = b.credit;
        bad += lp_balance_credit(&b, &m) == LP_OK
               || lp_money_cmp(&b.credit, &before) != 0;
    }

    is_int(bad, 0, "T-12: over the ceiling is refused, never wrapped");
}


/* --- T-11 */

typedef struct {
    mpz_t  max, ev, fv, wp, exact, most;
} oracle_t;


/* how many bits it has is as random as they are */

static lp_u256_t
any_word(void)
{
    size_t     i;
    unsigned   bits = 1 + (unsigned) (next() % 256);
    lp_u256_t  v;

    for (i = 0; i < 4; i++, bits = bits > 64 ? bits - 64 : 0) {
        v.w[i] = bits ? next() >> (bits < 64 ? 64 - bits : 0) : 0;
    }

    return v;
}


/* a face value for this EV: any, or close to where the rules change */

static void
any_face_value(oracle_t *o)
{
    lp_u256_t  v;

    switch (next() % 8) {
    case 0:
        mpz_set(o->fv, o->ev);
        break;
    case 1:
        mpz_add_ui(o->fv, o->ev, 1 + next() % 3);
        break;
    case 2:
        mpz_sub_ui(o->fv, o->ev, 1);
        break;
    case 3:
        mpz_mul_ui(o->fv, o->ev, 1 + next() % 1000);
        break;
    case 4:
        mpz_tdiv_q_2exp(o->fv, o->max, 1);
        break;
    default:
        v = any_word();
        to_mpz(o->fv, &v);
    }

    if (mpz_cmp(o->fv, o->max) > 0) {
        mpz_set(o->fv, o->max);
    }
}


/* is there a lottery, and which: ev * ceil(max / fv) while ev * fv is a word */

static int
has_lottery(oracle_t *o)
{
    if (mpz_sgn(o->ev) == 0 || mpz_cmp(o->fv, o->ev) < 0) {
        return 0;
    }

    mpz_cdiv_q(o->wp, o->max, o->fv);
    mpz_mul(o->wp, o->wp, o->ev);

    mpz_mul(o->exact, o->ev, o->fv);

    return mpz_cmp(o->exact, o->max) <= 0 && mpz_cmp(o->wp, o->max) < 0;
}


static int
is_offer_right(oracle_t *o, const lp_params_t *p)
{
    lp_u256_t   v;
    lp_money_t  ev;

    v = from_mpz(o->fv);
    if (lp_u256_cmp(&p->face_value, &v) != 0) {
        return 0;
    }

    v = from_mpz(o->wp);
    if (lp_u256_cmp(&p->win_prob, &v) != 0
        || mpz_sgn(o->wp) == 0 || mpz_cmp(o->wp, o->max) >= 0)
    {
        return 0;
    }

    /* ev <= fv * wp / max < ev + 1: no more than was wanted, and a wei */

    mpz_mul(o->exact, o->fv, o->wp);
    mpz_mul(o->most, o->ev, o->max);

    if (mpz_cmp(o->exact, o->most) < 0) {
        return 0;
    }

    mpz_add(o->most, o->most, o->max);

    if (mpz_cmp(o->exact, o->most) >= 0) {
        return 0;
    }

    /* the same in 2^-64 wei, or over what money holds */

    mpz_mul_2exp(o->exact, o->exact, 64);
    mpz_fdiv_q(o->exact, o->exact, o->max);

    if (lp_params_ev(&ev, p, LP_ROUND_DOWN) != LP_OK) {
        return mpz_sizeinbase(o->fv, 2) > 192;
    }

    v = from_mpz(o->exact);

    return !ev.negative && lp_u256_cmp(&ev.abs, &v) == 0;
}


/* redemption costs a hundredth of the wanted face value, the float is all of
   it */

static int
offer(oracle_t *o, const lp_recipient_t *r, int *issued)
{
    lp_status_t            rc;
    lp_u256_t              one;
    lp_price_t             price = { 1200, 1 };
    lp_params_t            p;
    lp_recipient_chain_t   chain;
    static const uint8_t   seed[32] = { 1 };
    static const lp_address_t  sender = { { 2 } };

    memset(&chain, 0, sizeof(chain));
    chain.round_hash.b[0] = 1;
    chain.max_float = from_mpz(o->fv);
    mpz_tdiv_q_ui(o->wp, o->fv, 100);
    chain.gas_price = from_mpz(o->wp);
    lp_u256_set(&one, 1);
    (void) lp_u256_add(&chain.gas_price, &chain.gas_price, &one);

    rc = lp_recipient_issue(r, &p, seed, &sender, &price, &chain);

    if (!has_lottery(o)) {
        return rc == LP_LIMIT;
    }

    *issued += rc == LP_OK;

    return rc == LP_OK && is_offer_right(o, &p);
}


static void
test_offers(void)
{
    int                   i, k, bad = 0, issued = 0;
    oracle_t              o;
    lp_recipient_t       *r;
    lp_recipient_conf_t   conf;
    static const uint8_t  secret[32] = { 3 };

    mpz_inits(o.max, o.ev, o.fv, o.wp, o.exact, o.most, NULL);
    mpz_ui_pow_ui(o.max, 2, 256);
    mpz_sub_ui(o.max, o.max, 1);

    memset(&conf, 0, sizeof(conf));
    conf.redeem_gas = 1;
    conf.redeem_overhead_ppm = 10000;
    conf.max_commitments = 1;

    for (i = 0; i < 1000000 / PAIRS; i++) {
        conf.ev_wei = any_word();
        conf.ev_wei.w[0] |= 1;
        to_mpz(o.ev, &conf.ev_wei);
        r = lp_recipient_create(&conf, secret);

        for (k = 0; r && k < PAIRS; k++) {
            any_face_value(&o);
            bad += !offer(&o, r, &issued);
        }

        lp_recipient_destroy(&r);
    }

    is_int(bad, 0, "T-11: 10^6 pairs of face value and EV, each offer exact "
           "and worth less than a wei more, or none");
    ok(issued > 200000, "T-11: %d of them are lotteries", issued);

    mpz_clears(o.max, o.ev, o.fv, o.wp, o.exact, o.most, NULL);
}


int
main(void)
{
    plan(6);

    test_ledger();
    test_ceiling();
    test_offers();

    return done();
}
