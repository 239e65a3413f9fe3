/*
 * Money at length, beside GMP's whole numbers: ten million operations at
 * prices whose denominators have nothing in common (T-12).
 */

#include <gmp.h>
#include <time.h>

#include "common/pm/balance.h"
#include "t/unit/tap.h"


#define OPS      10000000
#define PRIMES   64


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


int
main(void)
{
    plan(4);

    test_ledger();
    test_ceiling();

    return done();
}
