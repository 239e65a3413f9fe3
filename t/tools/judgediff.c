/*
 * judgediff KEYFILE RECIPIENT ROUND HASH OLDER HASH DEAD HASH SEED WINNERS N:
 * tickets as a broadcaster could send them, judged here, and the call that
 * redeems each. KEYFILE is the sender's key; the rounds are the current one,
 * the one before it and one that is too old.
 *
 * WINNERS good ones first; then, after a line on stdin, the same ones once
 * more and N that were changed. A line for each:
 *     KIND STATUS WON SAME CALLDATA
 * STATUS is what our validator says of the bytes on the wire: widths, then
 * the commitment, then signature, draw, nonce and expiry. SAME: what we would
 * send to the chain is the ticket as it came. A kind in capitals is judged
 * without its commitment, as if those values had been issued: how the rules
 * of signature and draw are compared for values that we never issue.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/eth/abi.h"
#include "common/net/wire.h"
#include "common/pm/recipient.h"
#include "common/util/hex.h"


#define BLOCK        1000
#define PER_PARAMS   300                   /* tickets of a commitment */
#define WINNERS_MAX  64
#define BYTES        160


typedef struct {
    uint8_t  b[BYTES];
    size_t   len;
} bytes_t;

typedef struct {
    uint64_t   number;
    lp_hash_t  hash;
} mint_t;                                  /* a round that tickets come from */

/* as on the wire: every width is free; a contract sees it as it can */
typedef struct {
    bytes_t     recipient, sender, face_value, win_prob, rand_hash, seed;
    bytes_t     expiration_block, aux, sig;
    uint64_t    nonce;                     /* a varint */
    lp_u256_t   rand;                      /* never on the wire */
    lp_price_t  price;
} sent_t;

typedef enum {
    signed_before,                         /* then changed */
    signed_after,                          /* the sender wants it so */
    signed_bare                            /* without the text prefix */
} signed_e;

/* what a change decides besides the bytes */
typedef struct {
    signed_e  sign;
    int       twice, revealed;
    uint64_t  block;
} how_t;

typedef void (*change_pt)(sent_t *s, how_t *how);


static uint64_t              state;
static lp_keys_t            *keys;
static lp_secret_t           secret, stranger;
static lp_address_t          sender, recipient;
static mint_t                rounds[3];
static lp_recipient_t       *judge[3];     /* odds of 99, 50 and 10 in 100 */
static const lp_address_t    nobody;
static const lp_u256_t       order = { { 0xbfd25e8cd0364141, 0xbaaedce6af48a03b,
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
fail(const char *what)
{
    fprintf(stderr, "judgediff: %s\n", what);
    exit(2);
}


static void
set(bytes_t *f, const void *data, size_t len)
{
    memset(f, 0, sizeof(bytes_t));
    memcpy(f->b, data, len);
    f->len = len;
}


static void
set_word(bytes_t *f, const lp_u256_t *v)
{
    f->len = 32;
    lp_u256_put_be(f->b, v);
}


static lp_u256_t
word(const bytes_t *f)
{
    lp_u256_t  v;

    if (lp_u256_get_be(&v, f->b, f->len > 32 ? 32 : f->len) != LP_OK) {
        fail("a number of more than 32 bytes");
    }

    return v;
}


static void
flip(bytes_t *f)
{
    if (f->len) {
        f->b[next((uint32_t) f->len)] ^= (uint8_t) (1 << next(8));
    }
}


static void
noise(uint8_t *p, size_t len)
{
    while (len--) {
        *p++ = (uint8_t) next(256);
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


/* --- the ticket as a contract sees it */

static void
put_fixed(uint8_t *out, size_t width, const bytes_t *f)
{
    memset(out, 0, width);
    memcpy(out, f->b, f->len < width ? f->len : width);
}


static void
put_number(uint8_t *out, const bytes_t *f)
{
    lp_u256_t  v = word(f);

    lp_u256_put_be(out, &v);
}


/* recipient | sender | face value | win probability | nonce | rand's hash */

static void
put_packed(uint8_t out[168], const sent_t *s)
{
    lp_u256_t  nonce;

    put_fixed(out, 20, &s->recipient);
    put_fixed(out + 20, 20, &s->sender);
    put_number(out + 40, &s->face_value);
    put_number(out + 72, &s->win_prob);
    lp_u256_set(&nonce, s->nonce);
    lp_u256_put_be(out + 104, &nonce);
    put_fixed(out + 136, 32, &s->rand_hash);
}


static void
put_redeem(lp_buf_t *out, const sent_t *s)
{
    size_t    i;
    uint8_t   packed[168];
    uint8_t  *p;

    put_packed(packed, s);
    lp_abi_put_selector(out, "redeemWinningTicket((address,address,uint256,"
                             "uint256,uint256,bytes32,bytes),bytes,uint256)");
    lp_abi_put_u64(out, 3 * 32);
    lp_abi_put_u64(out, (3 + 7 + lp_abi_bytes_words(s->aux.len)) * 32);
    lp_abi_put_u256(out, &s->rand);

    for (i = 0; i < 40; i += 20) {
        p = lp_buf_add(out, 32);
        memset(p, 0, 12);
        memcpy(p + 12, packed + i, 20);
    }

    lp_buf_put(out, packed + 40, 128);
    lp_abi_put_u64(out, 7 * 32);
    lp_abi_put_bytes(out, s->aux.b, s->aux.len);
    lp_abi_put_bytes(out, s->sig.b, s->sig.len);
}


static void
sign(sent_t *s, signed_e how, const lp_secret_t *who)
{
    uint8_t      packed[168 + BYTES];
    lp_sig_t     sig;
    lp_hash_t    hash;
    lp_status_t  rc;

    put_packed(packed, s);
    memcpy(packed + 168, s->aux.b, s->aux.len);
    lp_keccak256(&hash, packed, 168 + s->aux.len);

    rc = how == signed_bare ? lp_keys_sign_tx(keys, &sig, who, &hash)
                            : lp_keys_sign(keys, &sig, who, &hash);
    if (rc != LP_OK) {
        fail("cannot sign");
    }

    set(&s->sig, sig.b, LP_SIG_LEN);
}


/* --- the ticket as it goes over the wire */

static void
put_varint(lp_buf_t *b, uint64_t v)
{
    for ( /* void */ ; v > 127; v >>= 7) {
        lp_buf_put_u8(b, (uint8_t) (v | 128));
    }

    lp_buf_put_u8(b, (uint8_t) v);
}


static void
put_part(lp_buf_t *b, unsigned field, const uint8_t *data, size_t len)
{
    put_varint(b, field << 3 | 2);
    put_varint(b, len);
    lp_buf_put(b, data, len);
}


static void
put_int(lp_buf_t *b, unsigned field, uint64_t v)
{
    put_varint(b, field << 3);
    put_varint(b, v);
}


static void
put_expiration(lp_buf_t *b, const sent_t *s)
{
    if (s->aux.len < 32) {
        return;
    }

    put_int(b, 1, lp_get_be64(s->aux.b + 24));
    put_part(b, 2, s->aux.b + 32, s->aux.len - 32);
}


static void
put_payment(lp_buf_t *out, const sent_t *s)
{
    lp_buf_t  part;

    lp_buf_init(&part, 4096);
    put_part(&part, 1, s->recipient.b, s->recipient.len);
    put_part(&part, 2, s->face_value.b, s->face_value.len);
    put_part(&part, 3, s->win_prob.b, s->win_prob.len);
    put_part(&part, 4, s->rand_hash.b, s->rand_hash.len);
    put_part(&part, 5, s->seed.b, s->seed.len);
    put_part(&part, 6, s->expiration_block.b, s->expiration_block.len);
    put_part(out, 1, part.data, part.len);
    put_part(out, 2, s->sender.b, s->sender.len);

    lp_buf_reset(&part);
    put_expiration(&part, s);
    if (part.len) {
        put_part(out, 3, part.data, part.len);
    }

    lp_buf_reset(&part);
    put_int(&part, 1, s->nonce);
    put_part(&part, 2, s->sig.b, s->sig.len);
    put_part(out, 4, part.data, part.len);
    lp_buf_done(&part);
}


/* --- our validator, from the wire's bytes to the verdict */

static lp_status_t
take(lp_params_t *p, const lp_wire_payment_t *in)
{
    if (!in->has_sender || !in->has_params || !in->has_expiration
        || in->ntickets != 1 || in->params.expiration_block.w[1]
           | in->params.expiration_block.w[2] | in->params.expiration_block.w[3])
    {
        return LP_MALFORMED;
    }

    memset(p, 0, sizeof(lp_params_t));
    p->recipient = in->params.recipient;
    p->face_value = in->params.face_value;
    p->win_prob = in->params.win_prob;
    p->rand_hash = in->params.rand_hash;
    p->seed = in->params.seed;
    p->expiration_block = in->params.expiration_block.w[0];
    p->round = (uint64_t) in->expiration.round;
    p->round_hash = in->expiration.block_hash;

    return LP_OK;
}


/* the commitment opens to the number that goes to the chain */

static lp_status_t
open_rand(const lp_recipient_t *r, const sent_t *s, const lp_params_t *p,
    const lp_address_t *from, int bare)
{
    lp_hash_t    h;
    lp_u256_t    rand;
    lp_status_t  rc = LP_OK;

    if (!bare) {
        rc = lp_recipient_open(r, &rand, p, from, &s->price);
    }

    lp_ticket_rand_hash(&h, &s->rand);

    return rc == LP_OK && memcmp(h.b, p->rand_hash.b, 32) != 0 ? LP_MISMATCH
                                                               : rc;
}


static lp_status_t
judge_sent(lp_recipient_t *r, lp_verdict_t *v, lp_buf_t *redeem,
    const sent_t *s, const how_t *how, int bare)
{
    int                 i;
    lp_buf_t            bytes;
    lp_arena_t          a;
    lp_params_t         p;
    lp_ticket_t         t;
    lp_status_t         rc;
    lp_wire_payment_t   in;

    memset(v, 0, sizeof(lp_verdict_t));
    lp_buf_init(&bytes, 65536);
    lp_arena_init(&a, 65536);
    put_payment(&bytes, s);

    rc = lp_wire_decode_payment(&a, &in, bytes.data, bytes.len);
    rc = rc == LP_OK ? take(&p, &in) : rc;
    rc = rc == LP_OK ? open_rand(r, s, &p, &in.sender, bare) : rc;

    if (rc == LP_OK && how->revealed) {
        lp_recipient_reveal(r, &p.rand_hash);
    }

    for (i = 0; rc == LP_OK && i <= how->twice; i++) {
        rc = lp_recipient_judge(r, v, &p, &s->rand, &in.sender,
                                in.tickets[0].nonce, &in.tickets[0].sig, keys,
                                how->block);
    }

    if (rc == LP_OK) {
        lp_params_ticket(&t, &p, &in.sender, in.tickets[0].nonce);
        lp_ticket_put_redeem(redeem, &t, &in.tickets[0].sig, &s->rand);
    }

    lp_arena_done(&a);
    lp_buf_done(&bytes);

    return rc;
}


static void
show(lp_recipient_t *r, const char *kind, const sent_t *s, const how_t *how,
    int bare)
{
    size_t        i;
    lp_buf_t      raw, ours;
    lp_status_t   rc;
    lp_verdict_t  v;

    lp_buf_init(&raw, 4096);
    lp_buf_init(&ours, 4096);

    put_redeem(&raw, s);
    rc = judge_sent(r, &v, &ours, s, how, bare);

    for (i = 0; kind[i]; i++) {
        putchar(bare && kind[i] >= 'a' ? kind[i] - 32 : kind[i]);
    }

    printf(" %s %d %d 0x", lp_status_label(rc), v.won,
           ours.len == raw.len && memcmp(ours.data, raw.data, raw.len) == 0);

    for (i = 0; i < raw.len; i++) {
        printf("%02x", raw.data[i]);
    }

    printf("\n");
    lp_buf_done(&raw);
    lp_buf_done(&ours);
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
    sign(s, signed_after, &stranger);
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


/* --- good tickets, and the run */

static lp_recipient_t *
recipient_of(uint64_t ev)
{
    uint8_t               key[32];
    lp_recipient_t       *r;
    lp_recipient_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    conf.address = recipient;
    lp_u256_set(&conf.ev_wei, ev);
    conf.redeem_gas = 1;
    conf.redeem_overhead_ppm = 10000;              /* face value: 100 wei */
    conf.max_commitments = UINT32_MAX;

    noise(key, sizeof(key));
    r = lp_recipient_create(&conf, key);
    if (r == NULL) {
        fail("out of memory");
    }

    return r;
}


/* fresh parameters as they are offered, and the number behind them */

static void
issue(lp_recipient_t *r, sent_t *s)
{
    uint8_t               seed[32];
    lp_u256_t             block;
    lp_params_t           p;
    lp_recipient_chain_t  chain;

    memset(&chain, 0, sizeof(chain));
    lp_u256_set(&chain.gas_price, 1);
    lp_u256_set(&chain.max_float, 1000000);
    chain.l1_block = BLOCK;
    chain.round = rounds[0].number;
    chain.round_hash = rounds[0].hash;
    s->price.num = 1200;
    s->price.den = 1;

    noise(seed, sizeof(seed));

    if (lp_recipient_issue(r, &p, seed, &sender, &s->price, &chain) != LP_OK
        || lp_recipient_open(r, &s->rand, &p, &sender, &s->price) != LP_OK)
    {
        fail("no parameters");
    }

    set(&s->recipient, p.recipient.b, 20);
    set(&s->sender, sender.b, 20);
    set_word(&s->face_value, &p.face_value);
    set_word(&s->win_prob, &p.win_prob);
    set(&s->rand_hash, p.rand_hash.b, 32);
    set_word(&s->seed, &p.seed);
    lp_u256_set(&block, p.expiration_block);
    set_word(&s->expiration_block, &block);
    memset(&s->aux, 0, sizeof(s->aux));
    set_round(s, p.round, &p.round_hash);
    s->nonce = 0;
}


static void
run_winners(sent_t *used, unsigned n)
{
    unsigned  i;
    how_t     how = { signed_after, 0, 0, BLOCK };
    char      line[16];

    for (i = 0; i < n; i++) {
        issue(judge[0], &used[i]);
        used[i].nonce = i;
        sign(&used[i], signed_after, &secret);
        show(judge[0], "good", &used[i], &how, 0);
    }

    fflush(stdout);

    if (fgets(line, sizeof(line), stdin) == NULL) {
        fail("nobody says that the winners are redeemed");
    }

    for (i = 0; i < n; i++) {
        show(judge[0], "used", &used[i], &how, 0);
    }
}


/* nonces differ in two bits: none is another's with a bit changed */

static void
run_changed(unsigned n)
{
    int       bare;
    how_t     how;
    sent_t    base[3], s;
    size_t    c;
    unsigned  i, j, uses[3] = { PER_PARAMS, PER_PARAMS, PER_PARAMS };

    for (i = 0; i < n; i++) {
        j = next(8) ? 0 : 1 + next(2);

        if (uses[j]++ == PER_PARAMS) {
            issue(judge[j], &base[j]);
            uses[j] = 1;
        }

        s = base[j];
        s.nonce = (uint64_t) uses[j] << 1 | __builtin_parity(uses[j]);
        sign(&s, signed_after, &secret);

        c = i % NCHANGES;
        bare = changes[c].bare && next(2);
        how = (how_t) { signed_before, 0, 0, BLOCK };
        changes[c].change(&s, &how);

        if (how.sign != signed_before) {
            sign(&s, how.sign, &secret);
        }

        show(judge[j], changes[c].kind, &s, &how, bare);

        /* no ticket of a commitment that was revealed is good again */

        uses[j] = how.revealed ? PER_PARAMS : uses[j];
    }
}


static void
hex(uint8_t *out, size_t len, const char *text)
{
    if (strncmp(text, "0x", 2) != 0
        || lp_hex_decode(out, len, text + 2, strlen(text) - 2) != LP_OK)
    {
        fail(text);
    }
}


static void
read_key(const char *path)
{
    char   line[80];
    FILE  *f;

    f = fopen(path, "r");
    if (f == NULL || fgets(line, sizeof(line), f) == NULL) {
        fail(path);
    }

    fclose(f);
    line[strcspn(line, "\n")] = '\0';
    hex(secret.b, 32, line);
}


int
main(int argc, char **argv)
{
    int       i;
    sent_t    used[WINNERS_MAX];
    uint8_t   blind[32];
    unsigned  winners;

    if (argc != 12) {
        fail("KEYFILE RECIPIENT ROUND HASH OLDER HASH DEAD HASH SEED WINNERS "
             "N");
    }

    state = strtoull(argv[9], NULL, 10) * 2654435761u + 88172645463325252u;
    noise(blind, sizeof(blind));
    noise(stranger.b, 32);
    keys = lp_keys_create(blind);
    read_key(argv[1]);
    hex(recipient.b, 20, argv[2]);
    winners = (unsigned) strtoul(argv[10], NULL, 10);

    if (keys == NULL || winners > WINNERS_MAX
        || lp_keys_address(keys, &sender, &secret) != LP_OK)
    {
        fail("no key");
    }

    for (i = 0; i < 3; i++) {
        rounds[i].number = strtoull(argv[3 + 2 * i], NULL, 10);
        hex(rounds[i].hash.b, 32, argv[4 + 2 * i]);
    }

    judge[0] = recipient_of(99);
    judge[1] = recipient_of(50);
    judge[2] = recipient_of(10);

    run_winners(used, winners);
    run_changed((unsigned) strtoul(argv[11], NULL, 10));

    for (i = 0; i < 3; i++) {
        lp_recipient_destroy(&judge[i]);
    }

    lp_keys_destroy(&keys);

    return 0;
}
