/*
 * How a good ticket is changed: each field by bits, steps and edges, its
 * width, the forms of a signature, when and how often it is sent. One table
 * names them all.
 */
#ifndef LP_TEST_JUDGEDIFF_CHANGE_H
#define LP_TEST_JUDGEDIFF_CHANGE_H


#include "t/tools/sent.h"


#define BLOCK  1000                        /* the head, when judged in time */


typedef struct {
    uint64_t   number;
    lp_hash_t  hash;
} mint_t;                                  /* a round that tickets come from */

/* what a change decides besides the bytes */
typedef struct {
    signed_e  sign;
    int       twice, revealed;
    uint64_t  block;
} how_t;

typedef void (*change_pt)(sent_t *s, how_t *how);


static uint64_t            state;
static lp_keys_t          *keys;
static lp_secret_t         stranger;
static mint_t              rounds[3];      /* now, before, too old */
static const lp_address_t  nobody;
static const lp_u256_t     order = { { 0xbfd25e8cd0364141, 0xbaaedce6af48a03b,
                                       0xfffffffffffffffe, UINT64_MAX } };


static uint32_t
next(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return (uint32_t) ((state >> 11) % below);
}


static void
noise(uint8_t *p, size_t len)
{
    while (len--) {
        *p++ = (uint8_t) next(256);
    }
}


static void
flip(bytes_t *f)
{
    if (f->len) {
        f->b[next((uint32_t) f->len)] ^= (uint8_t) (1 << next(8));
    }
}


/* bits, small steps, edges: what a number can be instead */

static void
bend(bytes_t *f)
{
    size_t     i;
    lp_u256_t  v = word(f), one;

    lp_u256_set(&one, 1);

    switch (next(8)) {
    case 0:
        lp_u256_add(&v, &v, &one);
        set_word(f, &v);
        break;
    case 1:
        lp_u256_sub(&v, &v, &one);
        set_word(f, &v);
        break;
    case 2:
        memset(f->b, 0, f->len);
        break;
    case 3:
        memset(f->b, 0xff, f->len);
        break;
    case 4:                                        /* bytes to the left */
        i = 1 + next(31);
        memmove(f->b, f->b + i, 32 - i);
        memset(f->b + 32 - i, 0, i);
        break;
    case 5:                                        /* and to the right */
        i = 1 + next(31);
        memmove(f->b + i, f->b, 32 - i);
        memset(f->b, 0, i);
        break;
    case 6:
        noise(f->b, f->len);
        break;
    default:
        flip(f);
    }
}


/* another width: the bytes before or after it are there, or are gone */

static void
resize(bytes_t *f)
{
    size_t               n;
    static const size_t  widths[] = { 0, 1, 2, 12, 32, 33 };

    n = widths[next(6)];

    switch (next(4)) {
    case 0:
        f->len = f->len > n ? f->len - n : 0;
        break;
    case 1:
        f->len = n == f->len ? n + 1 : n;
        break;
    case 2:
        n = n ? n : 1;
        memmove(f->b + n, f->b, f->len);
        memset(f->b, 0, n);
        f->len += n;
        break;
    default:
        f->len += n ? n : 1;
    }
}


/* --- changes */

static void
coin(how_t *how)
{
    how->sign = next(2) ? signed_after : signed_before;
}


static void
as_issued(sent_t *s, how_t *how)
{
    (void) s;
    (void) how;
}


static void
change_recipient(sent_t *s, how_t *how)
{
    coin(how);
    next(4) ? flip(&s->recipient) : set(&s->recipient, nobody.b, 20);
}


static void
change_sender(sent_t *s, how_t *how)
{
    coin(how);
    next(4) ? flip(&s->sender) : set(&s->sender, nobody.b, 20);
}


static void
change_signer(sent_t *s, how_t *how)
{
    how->sign = signed_before;
    sign(s, signed_after, keys, &stranger);
}


static void
change_face_value(sent_t *s, how_t *how)
{
    coin(how);
    bend(&s->face_value);
}


static void
change_win_prob(sent_t *s, how_t *how)
{
    coin(how);
    bend(&s->win_prob);
}


/* T-01's shift: the bytes of both together stay the same */

static void
change_border(sent_t *s, how_t *how)
{
    size_t   k, nf, nw;
    uint8_t  fv[32], wp[32], joined[64];
    lp_u256_t  v;

    coin(how);
    v = word(&s->face_value);
    nf = lp_u256_put_min(fv, &v);
    v = word(&s->win_prob);
    nw = lp_u256_put_min(wp, &v);

    memcpy(joined, fv + 32 - nf, nf);
    memcpy(joined + nf, wp + 32 - nw, nw);
    k = 1 + next((uint32_t) nw);
    k = nf + k > 32 ? 32 - nf : k;
    set(&s->face_value, joined, nf + k);
    set(&s->win_prob, joined + nf + k, nw - k);
}


static void
change_nonce(sent_t *s, how_t *how)
{
    coin(how);
    s->nonce ^= UINT64_C(1) << next(64);
}


static void
change_rand_hash(sent_t *s, how_t *how)
{
    coin(how);
    flip(&s->rand_hash);
}


static void
change_rand(sent_t *s, how_t *how)
{
    bytes_t  f;

    (void) how;
    set_word(&f, &s->rand);
    bend(&f);
    s->rand = word(&f);
}


/* both, so that they fit: what another commitment would be */

static void
change_commitment(sent_t *s, how_t *how)
{
    lp_hash_t  h;

    coin(how);
    change_rand(s, how);
    lp_ticket_rand_hash(&h, &s->rand);
    set(&s->rand_hash, h.b, 32);
}


static void
set_round(sent_t *s, uint64_t number, const lp_hash_t *hash)
{
    lp_u256_t  v;

    lp_u256_set(&v, number);
    lp_u256_put_be(s->aux.b, &v);
    memcpy(s->aux.b + 32, hash->b, 32);
    s->aux.len = 64;
}


static void
change_round(sent_t *s, how_t *how)
{
    coin(how);
    set_round(s, rounds[0].number + next(3) - 1, &rounds[next(3)].hash);

    switch (next(4)) {
    case 0:
        s->aux.b[24 + next(8)] ^= (uint8_t) (1 << next(8));
        break;
    case 1:                                        /* -1, all 256 bits of it */
        memset(s->aux.b, 0xff, 32);
        break;
    }
}


static void
change_to_older(sent_t *s, how_t *how)
{
    coin(how);
    set_round(s, rounds[1].number, &rounds[1].hash);
}


static void
change_to_dead(sent_t *s, how_t *how)
{
    coin(how);
    set_round(s, rounds[2].number, &rounds[2].hash);
}


static void
change_round_hash(sent_t *s, how_t *how)
{
    coin(how);
    s->aux.b[32 + next(32)] ^= (uint8_t) (1 << next(8));
}


static void
change_aux_width(sent_t *s, how_t *how)
{
    static const size_t  widths[] = { 0, 1, 31, 32, 33, 63, 65, 96, 128 };

    coin(how);
    s->aux.len = widths[next(9)];
}


/* the part of params that no ticket carries, and the price behind them */

static void
change_offer(sent_t *s, how_t *how)
{
    how->sign = signed_before;

    switch (next(4)) {
    case 0:
        flip(&s->seed);
        break;
    case 1:
        flip(&s->expiration_block);
        break;
    case 2:
        s->price.num = 1 + next(1000000);
        s->price.num += s->price.num == 1200;
        break;
    default:
        s->price.den = 2 + next(1000000);
    }
}


static void
change_width(sent_t *s, how_t *how)
{
    bytes_t  *all[] = { &s->recipient, &s->sender, &s->face_value,
                        &s->win_prob, &s->rand_hash, &s->seed,
                        &s->expiration_block };

    coin(how);
    resize(all[next(7)]);
}


static void
change_sig_bit(sent_t *s, how_t *how)
{
    how->sign = signed_before;
    flip(&s->sig);
}


static void
change_v(sent_t *s, how_t *how)
{
    static const uint8_t  v[] = { 0, 1, 2, 26, 29, 30, 31, 35, 36, 37, 255 };

    how->sign = signed_before;
    s->sig.b[64] = next(4) ? v[next(11)] : (uint8_t) (55 - s->sig.b[64]);
}


/* the other form of the same signature, with or without the other v */

static void
change_to_high_s(sent_t *s, how_t *how)
{
    lp_u256_t  v;

    how->sign = signed_before;
    lp_u256_get_be(&v, s->sig.b + 32, 32);
    lp_u256_sub(&v, &order, &v);
    lp_u256_put_be(s->sig.b + 32, &v);

    if (next(4)) {
        s->sig.b[64] = (uint8_t) (55 - s->sig.b[64]);
    }
}


/* r or s at the ends of their range; half of the order is the last low s */

static void
change_scalar(sent_t *s, how_t *how)
{
    size_t     i;
    uint8_t   *p = s->sig.b + 32 * next(2);
    lp_u256_t  v = order, step;

    how->sign = signed_before;

    if (next(2)) {                                 /* (n - 1) / 2 */
        for (i = 0; i < 4; i++) {
            v.w[i] = v.w[i] >> 1 | (i < 3 ? v.w[i + 1] << 63 : 0);
        }
    }

    lp_u256_set(&step, next(3));

    switch (next(4)) {
    case 0:
        v = step;                                  /* 0, 1, 2 */
        break;
    case 1:
        memset(&v, 0xff, sizeof(v));
        break;
    case 2:
        lp_u256_add(&v, &v, &step);
        break;
    default:
        lp_u256_sub(&v, &v, &step);
    }

    lp_u256_put_be(p, &v);
}


static void
change_sig_width(sent_t *s, how_t *how)
{
    static const size_t  widths[] = { 0, 1, 32, 63, 64, 64, 64, 66, 66, 96,
                                      130 };

    how->sign = signed_before;

    if (next(8) == 0) {                            /* EIP-2098's 64 bytes */
        s->sig.b[32] |= (uint8_t) ((s->sig.b[64] - 27) << 7);
        s->sig.len = 64;
        return;
    }

    s->sig.len = widths[next(11)];
}


static void
change_digest(sent_t *s, how_t *how)
{
    (void) s;
    how->sign = signed_bare;
}


static void
send_twice(sent_t *s, how_t *how)
{
    (void) s;
    how->twice = 1;
}


static void
send_late(sent_t *s, how_t *how)
{
    (void) s;
    how->block = BLOCK + LP_PARAMS_LIFE_BLOCKS + next(3);
}


static void
send_revealed(sent_t *s, how_t *how)
{
    (void) s;
    how->revealed = 1;
}


/* several at once */

static void
change_any(sent_t *s, how_t *how)
{
    static const change_pt  all[] = {
        change_recipient, change_sender, change_face_value, change_win_prob,
        change_nonce, change_rand_hash, change_commitment, change_round,
        change_round_hash, change_offer
    };

    all[next(10)](s, how);
    all[next(10)](s, how);
    coin(how);
}


/* bare: signature and draw alone are compared, so the rest must be fit */

static const struct {
    const char  *kind;
    change_pt    change;
    int          bare;
} changes[] = {
    { "good",        as_issued,          0 },
    { "recipient",   change_recipient,   0 },
    { "sender",      change_sender,      1 },
    { "signer",      change_signer,      1 },
    { "face_value",  change_face_value,  1 },
    { "win_prob",    change_win_prob,    1 },
    { "border",      change_border,      1 },
    { "nonce",       change_nonce,       1 },
    { "rand_hash",   change_rand_hash,   1 },
    { "rand",        change_rand,        1 },
    { "commitment",  change_commitment,  1 },
    { "round",       change_round,       0 },
    { "older",       change_to_older,    0 },
    { "dead",        change_to_dead,     0 },
    { "round_hash",  change_round_hash,  0 },
    { "aux_width",   change_aux_width,   0 },
    { "offer",       change_offer,       0 },
    { "width",       change_width,       0 },
    { "sig_bit",     change_sig_bit,     1 },
    { "v",           change_v,           1 },
    { "high_s",      change_to_high_s,   1 },
    { "scalar",      change_scalar,      1 },
    { "sig_width",   change_sig_width,   1 },
    { "digest",      change_digest,      1 },
    { "twice",       send_twice,         0 },
    { "late",        send_late,          0 },
    { "revealed",    send_revealed,      0 },
    { "any",         change_any,         0 },
};

#define NCHANGES  (sizeof(changes) / sizeof(changes[0]))


#endif /* LP_TEST_JUDGEDIFF_CHANGE_H */
