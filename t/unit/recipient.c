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

typedef struct {
    mpz_t  max, ev, fv, wp, exact, most;
} oracle_t;


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


/* how many bits it has is as random as they are */

static lp_u256_t
random_word(unsigned max_bits)
{
    size_t     i;
    unsigned   bits = 1 + (unsigned) (random_next() % max_bits);
    lp_u256_t  v;

    for (i = 0; i < 4; i++, bits = bits > 64 ? bits - 64 : 0) {
        v.w[i] = bits ? random_next() >> (bits < 64 ? 64 - bits : 0) : 0;
    }

    return v;
}


/* a face value for this EV: any, or close to where the rules change */

static void
random_face_value(oracle_t *o)
{
    lp_u256_t  v;

    switch (random_next() % 8) {
    case 0:
        mpz_set(o->fv, o->ev);
        break;
    case 1:
        mpz_add_ui(o->fv, o->ev, 1 + random_next() % 3);
        break;
    case 2:
        mpz_sub_ui(o->fv, o->ev, 1);
        break;
    case 3:
        mpz_mul_ui(o->fv, o->ev, 1 + random_next() % 1000);
        break;
    case 4:
        mpz_tdiv_q_2exp(o->fv, o->max, 1);
        break;
    case 5:
        mpz_add_ui(o->fv, o->ev, random_next() % 1000);
        break;
    default:
        v = random_word(256);
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


/* 0 < wp < max, and ev <= fv * wp / max < ev + 1: what is wanted, and no wei
   more */

static int
is_fair(oracle_t *o, const lp_params_t *p)
{
    lp_u256_t  fv = from_mpz(o->fv), wp = from_mpz(o->wp);

    if (lp_u256_cmp(&p->face_value, &fv) != 0
        || lp_u256_cmp(&p->win_prob, &wp) != 0
        || mpz_sgn(o->wp) == 0 || mpz_cmp(o->wp, o->max) >= 0)
    {
        return 0;
    }

    mpz_mul(o->exact, o->fv, o->wp);
    mpz_mul(o->most, o->ev, o->max);

    if (mpz_cmp(o->exact, o->most) < 0) {
        return 0;
    }

    mpz_add(o->most, o->most, o->max);

    return mpz_cmp(o->exact, o->most) < 0;
}


/* the same in 2^-64 wei, or over what money holds */

static int
is_credited(oracle_t *o, const lp_params_t *p)
{
    lp_u256_t   credit;
    lp_money_t  ev;

    if (lp_params_ev(&ev, p, LP_ROUND_DOWN) != LP_OK) {
        return mpz_sizeinbase(o->fv, 2) > 192;
    }

    mpz_mul(o->exact, o->fv, o->wp);
    mpz_mul_2exp(o->exact, o->exact, 64);
    mpz_fdiv_q(o->exact, o->exact, o->max);
    credit = from_mpz(o->exact);

    return !ev.negative && lp_u256_cmp(&ev.abs, &credit) == 0;
}


/* redemption costs a hundredth of the wanted face value, the float is all of
   it */

static lp_status_t
offer(oracle_t *o, const lp_recipient_t *r, lp_params_t *p)
{
    lp_u256_t              one;
    lp_price_t             price = { 1200, 1 };
    lp_recipient_chain_t   c;
    static const uint8_t   seed[32] = { 9 };

    memset(&c, 0, sizeof(c));
    c.l1_block = 22000000;
    c.round = 3900;
    c.round_hash.b[31] = 1;
    c.max_float = from_mpz(o->fv);
    mpz_tdiv_q_ui(o->exact, o->fv, 100);
    c.gas_price = from_mpz(o->exact);
    lp_u256_set(&one, 1);
    (void) lp_u256_add(&c.gas_price, &c.gas_price, &one);

    return lp_recipient_issue(r, p, seed, &sender, &price, &c);
}


static void
test_lottery(void)
{
    int                   i, k, n = 0, refused = 0;
    int                   wrong = 0, unfair = 0, uncredited = 0;
    oracle_t              o;
    lp_params_t           p;
    lp_status_t           s;
    lp_recipient_t       *r;
    lp_recipient_conf_t   conf;
    static const uint8_t  secret[32] = { 3 };

    mpz_inits(o.max, o.ev, o.fv, o.wp, o.exact, o.most, NULL);
    mpz_ui_pow_ui(o.max, 2, 256);
    mpz_sub_ui(o.max, o.max, 1);

    memset(&conf, 0, sizeof(conf));
    conf.address = recipient;
    conf.redeem_gas = 1;
    conf.redeem_overhead_ppm = 10000;
    conf.max_commitments = 1;

    for (i = 0; i < 1000; i++) {

        /* any word, or what there is of ether */

        conf.ev_wei = random_word(i % 2 ? 256 : 100);
        conf.ev_wei.w[0] |= 1;
        to_mpz(o.ev, &conf.ev_wei);
        r = lp_recipient_create(&conf, secret);

        for (k = 0; r && k < 1000; k++) {
            random_face_value(&o);
            s = offer(&o, r, &p);
            n += s == LP_OK;
            refused += s == LP_LIMIT;

            if (!has_lottery(&o)) {
                wrong += s != LP_LIMIT;

            } else if (s != LP_OK) {
                wrong++;

            } else {
                unfair += !is_fair(&o, &p);
                uncredited += !is_credited(&o, &p);
            }
        }

        lp_recipient_destroy(&r);
    }

    is_int(n + refused, 1000000, "T-11: 10^6 pairs of face value and EV");
    ok(n > 200000 && refused > 200000, "T-11: %d are offered, %d are not", n,
       refused);
    is_int(wrong, 0, "T-11: where there is a lottery, it is offered; none "
           "where the face value is not above EV");
    is_int(unfair, 0, "T-11: 0 < win probability < 2^256 - 1, and EV within a "
           "wei above what is wanted");
    is_int(uncredited, 0, "T-11: and that EV is credited, to 2^-64 wei");

    mpz_clears(o.max, o.ev, o.fv, o.wp, o.exact, o.most, NULL);
}


int
main(void)
{
    plan(9);

    test_shifts();
    test_lottery();

    return done();
}
