/*
 * What an orchestrator offers, over a million random parameters each: no byte
 * can move between two fields of a commitment (T-01), and every lottery is
 * worth what is wanted, by integers of any size (T-11).
 */

#include <gmp.h>

#include "common/pm/recipient.h"
#include "t/unit/tap.h"


static const lp_address_t  sender = { { 0x3c, 0x44 } };
static const lp_address_t  recipient = { { 0x70, 0x70 } };


/* --- T-01: every shift of bytes between any two fields */

enum { in_seed, in_face, in_prob, in_block, in_num, in_den, in_round,
       FIELDS };

typedef struct {
    uint8_t  b[64];
    size_t   len;                        /* minimal */
} field_t;

static const size_t  field_max[FIELDS] = { 32, 32, 32, 8, 8, 8, 8 };

static uint64_t  random_state = 1;


static uint64_t
random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;

    return random_state;
}


static void
random_field(field_t *f, size_t max)
{
    size_t  i;

    f->len = 1 + random_next() % max;

    for (i = 0; i < f->len; i++) {
        f->b[i] = (uint8_t) random_next();
    }

    f->b[0] |= 1;                        /* minimal */

    if (f->len == 8 && max == 8) {
        f->b[0] &= 0x7f;                 /* what int64 holds */
        f->b[0] |= 1;
    }
}


static uint64_t
field_u64(const field_t *f)
{
    size_t    i;
    uint64_t  v = 0;

    for (i = 0; i < f->len; i++) {
        v = v << 8 | f->b[i];
    }

    return v;
}


static void
params_of(lp_params_t *p, lp_price_t *price, const field_t f[FIELDS])
{
    lp_u256_get_be(&p->seed, f[in_seed].b, f[in_seed].len);
    lp_u256_get_be(&p->face_value, f[in_face].b, f[in_face].len);
    lp_u256_get_be(&p->win_prob, f[in_prob].b, f[in_prob].len);
    p->expiration_block = field_u64(&f[in_block]);
    p->round = field_u64(&f[in_round]);
    price->num = (int64_t) field_u64(&f[in_num]);
    price->den = (int64_t) field_u64(&f[in_den]);
}


/* the first k bytes of b become the last ones of a, or the other way round;
   0: that cannot be written */

static int
shift(field_t f[FIELDS], int a, int b, size_t k, int back)
{
    field_t  *x = &f[a], *y = &f[b];

    if (back) {
        if (k >= x->len || y->len + k > field_max[b]) {
            return 0;
        }

        memmove(y->b + k, y->b, y->len);
        memcpy(y->b, x->b + x->len - k, k);
        x->len -= k;
        y->len += k;
        return 1;
    }

    if (k > y->len || x->len + k > field_max[a]) {
        return 0;
    }

    memcpy(x->b + x->len, y->b, k);
    memmove(y->b, y->b + k, y->len - k);
    x->len += k;
    y->len -= k;

    return 1;
}


static int
same_price(const lp_price_t *a, const lp_price_t *b)
{
    lp_price_t  x = *a, y = *b;

    return lp_price_reduce(&x) == LP_OK && lp_price_reduce(&y) == LP_OK
           && x.num == y.num && x.den == y.den;
}


static int
same_params(const lp_params_t *p, const lp_price_t *pp, const lp_params_t *q,
    const lp_price_t *qp)
{
    return memcmp(&p->seed, &q->seed, 32) == 0
           && memcmp(&p->face_value, &q->face_value, 32) == 0
           && memcmp(&p->win_prob, &q->win_prob, 32) == 0
           && p->expiration_block == q->expiration_block
           && p->round == q->round && same_price(pp, qp);
}


static void
test_shifts(void)
{
    int                   a, b, back, bad = 0, closed = 0, pairs = 0;
    long                  tries[FIELDS][FIELDS] = { { 0 } }, all = 0;
    size_t                k;
    field_t               f[FIELDS], g[FIELDS];
    lp_u256_t             rand;
    lp_price_t            price, other;
    lp_params_t           p, q;
    lp_recipient_t       *r;
    lp_recipient_conf_t   conf;
    static const uint8_t  key[32] = { 0, 1, 2, 3 };

    memset(&conf, 0, sizeof(conf));
    conf.address = recipient;
    r = lp_recipient_create(&conf, key);

    memset(&p, 0, sizeof(p));
    p.recipient = recipient;
    p.round_hash.b[3] = 7;

    while (all < 1000000) {

        for (a = 0; a < FIELDS; a++) {
            random_field(&f[a], field_max[a]);
        }

        params_of(&p, &price, f);
        lp_recipient_open(r, &rand, &p, &sender, &price);
        lp_ticket_rand_hash(&p.rand_hash, &rand);
        closed += lp_recipient_open(r, &rand, &p, &sender, &price) != LP_OK;

        for (a = 0; a < FIELDS; a++) {
            for (b = 0; b < FIELDS; b++) {
                for (k = 1; a != b && k <= 32; k++) {
                    for (back = 0; back < 2; back++) {

                        memcpy(g, f, sizeof(f));

                        if (!shift(g, a, b, k, back)) {
                            continue;
                        }

                        q = p;
                        params_of(&q, &other, g);

                        if (same_params(&p, &price, &q, &other)) {
                            continue;
                        }

                        bad += lp_recipient_open(r, &rand, &q, &sender,
                                                 &other) == LP_OK;
                        tries[a][b]++;
                        all++;
                    }
                }
            }
        }
    }

    for (a = 0; a < FIELDS; a++) {
        for (b = 0; b < FIELDS; b++) {
            pairs += tries[a][b] > 1000;
        }
    }

    is_int(closed, 0, "T-01: random parameters open");
    is_int(bad, 0, "T-01: after no shift between any two fields do they");
    is_int(pairs, FIELDS * (FIELDS - 1), "T-01: every pair of fields was tried");
    ok(all >= 1000000, "T-01: %ld shifts were tried", all);

    lp_recipient_destroy(&r);
}


/* --- T-11: what is offered, against integers of any size */

static void
mpz_of(mpz_t z, const lp_u256_t *v)
{
    mpz_import(z, 4, -1, 8, 0, 0, v->w);
}


/* 1: wp makes a lottery worth ev to ev + 1 wei, and it is credited as such */

static int
is_fair(const lp_params_t *p, const lp_u256_t *ev_wei)
{
    int           fair;
    mpz_t         fv, wp, ev, max, value, credit;
    lp_money_t    m;
    static mp_limb_t  ones[4] = { ~0ull, ~0ull, ~0ull, ~0ull };

    mpz_inits(fv, wp, ev, max, value, credit, NULL);
    mpz_of(fv, &p->face_value);
    mpz_of(wp, &p->win_prob);
    mpz_of(ev, ev_wei);
    mpz_import(max, 4, -1, 8, 0, 0, ones);

    fair = mpz_sgn(wp) > 0 && mpz_cmp(wp, max) < 0 && mpz_cmp(fv, ev) >= 0;

    mpz_mul(value, fv, wp);                      /* EV * MAX */
    mpz_mul(credit, ev, max);
    fair &= mpz_cmp(value, credit) >= 0;
    mpz_add(credit, credit, max);
    fair &= mpz_cmp(value, credit) <= 0;

    mpz_mul_2exp(value, value, 64);
    mpz_fdiv_q(value, value, max);
    fair &= lp_params_ev(&m, p, LP_ROUND_DOWN) == LP_OK && !m.negative;
    mpz_of(credit, &m.abs);
    fair &= mpz_cmp(value, credit) == 0;

    mpz_clears(fv, wp, ev, max, value, credit, NULL);

    return fair;
}


static void
test_lottery(void)
{
    int                   i, j, unfair = 0, refused = 0, wrong = 0, n = 0;
    lp_u256_t             ev, one, thousand;
    lp_price_t            price = { 1200, 1 };
    lp_params_t           p;
    lp_status_t           s;
    lp_recipient_t       *r;
    lp_recipient_conf_t   conf;
    lp_recipient_chain_t  c;
    static const uint8_t  seed[32] = { 9 };

    lp_u256_set(&one, 1);
    lp_u256_set(&thousand, 1000);
    memset(&conf, 0, sizeof(conf));
    conf.address = recipient;
    conf.redeem_gas = 1;
    conf.redeem_overhead_ppm = 1;
    conf.max_commitments = 1;

    memset(&c, 0, sizeof(c));
    c.l1_block = 22000000;
    c.round = 3900;
    c.round_hash.b[31] = 1;

    for (i = 0; i < 1000; i++) {

        /* up to 2^100 wei, of every length */

        memset(&ev, 0, sizeof(ev));
        ev.w[0] = random_next() | 1;
        ev.w[1] = random_next() >> 28;

        if (i % 2) {
            ev.w[1] = 0;
            ev.w[0] >>= random_next() % 64;
            ev.w[0] |= 1;
        }

        conf.ev_wei = ev;
        r = lp_recipient_create(&conf, seed);

        for (j = 0; j < 1000; j++) {
            c.max_float = ev;

            if (j % 3) {
                memset(&c.max_float, 0, sizeof(ev));
                c.max_float.w[0] = random_next();
                c.max_float.w[1] = random_next() >> (24 + random_next() % 40);

            } else {
                c.max_float.w[0] += random_next() % 1000;    /* close to EV */
            }

            lp_u256_mul_div(&c.gas_price, &c.max_float, &one, &thousand, 1);
            s = lp_recipient_issue(r, &p, seed, &sender, &price, &c);

            if (s == LP_OK) {
                n++;
                unfair += !is_fair(&p, &ev);
                wrong += lp_u256_cmp(&c.max_float, &ev) <= 0;

            } else {
                refused++;
                wrong += s != LP_LIMIT;
            }
        }

        lp_recipient_destroy(&r);
    }

    is_int(n + refused, 1000000, "T-11: 10^6 pairs of face value and EV");
    ok(n > 200000 && refused > 200000, "T-11: %d are offered, %d are not", n,
       refused);
    is_int(unfair, 0, "T-11: 0 < win probability < 2^256 - 1, and EV within a "
           "wei above what is wanted");
    is_int(wrong, 0, "T-11: none where the face value is not above EV");
}


int
main(void)
{
    plan(8);

    test_shifts();
    test_lottery();

    return done();
}
