/*
 * A ticket as it may be sent: every width is free. Written as the wire has it
 * and as a contract sees it, who cuts and fills to its own widths; both are
 * written here by hand, beside what libcommon does.
 */
#ifndef LP_TEST_SENT_H
#define LP_TEST_SENT_H


#include <stdlib.h>
#include <string.h>

#include "common/eth/abi.h"
#include "common/pm/recipient.h"


#define SENT_BYTES  160


typedef struct {
    uint8_t  b[SENT_BYTES];
    size_t   len;
} bytes_t;

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


static inline void
set(bytes_t *f, const void *data, size_t len)
{
    memset(f, 0, sizeof(bytes_t));
    memcpy(f->b, data, len);
    f->len = len;
}


static inline void
set_word(bytes_t *f, const lp_u256_t *v)
{
    f->len = 32;
    lp_u256_put_be(f->b, v);
}


static inline lp_u256_t
word(const bytes_t *f)
{
    lp_u256_t  v;

    (void) lp_u256_get_be(&v, f->b, f->len > 32 ? 32 : f->len);

    return v;
}


/* --- the ticket as a contract sees it */

static inline void
put_fixed(uint8_t *out, size_t width, const bytes_t *f)
{
    memset(out, 0, width);
    memcpy(out, f->b, f->len < width ? f->len : width);
}


static inline void
put_number(uint8_t *out, const bytes_t *f)
{
    lp_u256_t  v = word(f);

    lp_u256_put_be(out, &v);
}


/* recipient | sender | face value | win probability | nonce | rand's hash */

static inline void
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


static inline void
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


static inline void
sign(sent_t *s, signed_e how, const lp_keys_t *keys, const lp_secret_t *who)
{
    uint8_t      packed[168 + SENT_BYTES];
    lp_sig_t     sig;
    lp_hash_t    hash;
    lp_status_t  rc;

    put_packed(packed, s);
    memcpy(packed + 168, s->aux.b, s->aux.len);
    lp_keccak256(&hash, packed, 168 + s->aux.len);

    rc = how == signed_bare ? lp_keys_sign_tx(keys, &sig, who, &hash)
                            : lp_keys_sign(keys, &sig, who, &hash);
    if (rc != LP_OK) {
        abort();
    }

    set(&s->sig, sig.b, LP_SIG_LEN);
}


/* --- the ticket as it goes over the wire */

static inline void
put_varint(lp_buf_t *b, uint64_t v)
{
    for ( /* void */ ; v > 127; v >>= 7) {
        lp_buf_put_u8(b, (uint8_t) (v | 128));
    }

    lp_buf_put_u8(b, (uint8_t) v);
}


static inline void
put_part(lp_buf_t *b, unsigned field, const uint8_t *data, size_t len)
{
    put_varint(b, field << 3 | 2);
    put_varint(b, len);
    lp_buf_put(b, data, len);
}


static inline void
put_int(lp_buf_t *b, unsigned field, uint64_t v)
{
    put_varint(b, field << 3);
    put_varint(b, v);
}


static inline void
put_expiration(lp_buf_t *b, const sent_t *s)
{
    if (s->aux.len < 32) {
        return;
    }

    put_int(b, 1, lp_get_be64(s->aux.b + 24));
    put_part(b, 2, s->aux.b + 32, s->aux.len - 32);
}


static inline void
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


#endif /* LP_TEST_SENT_H */
