/*
 * Segment credentials: what is signed for a segment and for its result, and
 * the two headers a segment comes with.
 */

#include <string.h>

#include "common/net/segcreds.h"
#include "common/util/hex.h"


#define LP_SEGCREDS_MANIFEST_MAX  64

/* bytes that a header can hold, before base64 */

#define LP_SEGCREDS_BYTES_MAX     (LP_SEGCREDS_HEADER_MAX / 4 * 3)


void
lp_segcreds_digest(lp_hash_t *out, const lp_wire_seg_data_t *s)
{
    char         id[9];                      /* 8 digits name a rendition */
    size_t       i;
    uint8_t      word[32];
    lp_hash_t    name;
    lp_u256_t    seq;
    lp_keccak_t  k;

    lp_u256_set(&seq, s->seq);
    lp_u256_put_be(word, &seq);

    lp_keccak_init(&k);
    lp_keccak_update(&k, s->manifest_id, strlen(s->manifest_id));
    lp_keccak_update(&k, word, sizeof(word));
    lp_keccak_update(&k, s->hash.b, sizeof(s->hash.b));

    for (i = 0; i < s->nprofiles; i++) {
        lp_keccak256(&name, s->profiles[i].name, strlen(s->profiles[i].name));
        lp_hex_encode(id, name.b, 4);
        lp_keccak_update(&k, id, 8);
    }

    lp_keccak_final(&k, out);
}


/*
 * One key signs several kinds of bytes, told apart by their length alone: a
 * segment must stay under the 232 of a ticket (T-36).
 */

static int
lp_segcreds_is_signable(const lp_wire_seg_data_t *s)
{
    size_t  i;

    for (i = 0; s->manifest_id[i]; i++) {
        if (i == LP_SEGCREDS_MANIFEST_MAX || s->manifest_id[i] <= ' '
            || s->manifest_id[i] > '~')
        {
            return 0;
        }
    }

    return s->nprofiles >= 1 && s->nprofiles <= LP_PROFILE_MAX;
}


lp_status_t
lp_segcreds_sign(lp_wire_seg_data_t *s, const lp_keys_t *keys,
    const lp_secret_t *secret)
{
    lp_hash_t    m;
    lp_status_t  rc;

    if (!lp_segcreds_is_signable(s)) {
        return LP_LIMIT;
    }

    lp_segcreds_digest(&m, s);

    rc = lp_keys_sign(keys, &s->sig, secret, &m);
    s->has_sig = rc == LP_OK;

    return rc;
}


lp_status_t
lp_segcreds_verify(const lp_wire_seg_data_t *s, const lp_keys_t *keys,
    const lp_address_t *sender)
{
    lp_hash_t  m;

    if (!s->has_sig) {
        return LP_BAD_SIGNATURE;
    }

    lp_segcreds_digest(&m, s);

    return lp_keys_verify(keys, sender, &s->sig, &m);
}


/* the message's bytes end here, as text or as the failure they met */

static void
lp_segcreds_put(lp_buf_t *out, lp_buf_t *bytes)
{
    if (lp_buf_status(bytes) == LP_OK) {
        lp_base64_encode(out, bytes->data, bytes->len);

    } else if (lp_buf_status(out) == LP_OK) {
        out->status = bytes->status;
    }

    lp_buf_done(bytes);
}


void
lp_segcreds_encode(lp_buf_t *out, const lp_wire_seg_data_t *s)
{
    lp_buf_t  bytes;

    lp_buf_init(&bytes, LP_SEGCREDS_BYTES_MAX);
    lp_wire_encode_seg_data(&bytes, s);
    lp_segcreds_put(out, &bytes);
}


void
lp_segcreds_encode_payment(lp_buf_t *out, const lp_wire_payment_t *p)
{
    lp_buf_t  bytes;

    lp_buf_init(&bytes, LP_SEGCREDS_BYTES_MAX);
    lp_wire_encode_payment(&bytes, p);
    lp_segcreds_put(out, &bytes);
}


static lp_status_t
lp_segcreds_get(lp_buf_t *bytes, int *stage, const char *value, size_t len)
{
    lp_status_t  rc;

    *stage = 0;
    lp_buf_init(bytes, LP_SEGCREDS_BYTES_MAX);

    rc = lp_base64_decode(bytes, value, len);
    if (rc == LP_OK) {
        *stage = 1;
    }

    return rc;
}


/* what a decoder keeps is in the arena, so the bytes need not stay */

lp_status_t
lp_segcreds_decode(lp_arena_t *a, lp_wire_seg_data_t *s, int *stage,
    const char *value, size_t len)
{
    lp_buf_t     bytes;
    lp_status_t  rc;

    memset(s, 0, sizeof(lp_wire_seg_data_t));
    s->manifest_id = "";

    rc = lp_segcreds_get(&bytes, stage, value, len);
    if (rc == LP_OK) {
        rc = lp_wire_decode_seg_data(a, s, bytes.data, bytes.len);
    }

    lp_buf_done(&bytes);

    return rc;
}


lp_status_t
lp_segcreds_decode_payment(lp_arena_t *a, lp_wire_payment_t *p, int *stage,
    const char *value, size_t len)
{
    lp_buf_t     bytes;
    lp_status_t  rc;

    memset(p, 0, sizeof(lp_wire_payment_t));

    rc = lp_segcreds_get(&bytes, stage, value, len);
    if (rc == LP_OK) {
        rc = lp_wire_decode_payment(a, p, bytes.data, bytes.len);
    }

    lp_buf_done(&bytes);

    return rc;
}


void
lp_segcreds_result_digest(lp_hash_t *out, const lp_hash_t *renditions,
    size_t n)
{
    size_t       i;
    lp_keccak_t  k;

    lp_keccak_init(&k);

    for (i = 0; i < n; i++) {
        lp_keccak_update(&k, renditions[i].b, sizeof(renditions[i].b));
    }

    lp_keccak_final(&k, out);
}


void
lp_segcreds_request_digest(lp_hash_t *out, const lp_address_t *a)
{
    char  text[LP_ADDRESS_TEXT_LEN + 1];

    lp_address_text(text, a);
    lp_keccak256(out, text, LP_ADDRESS_TEXT_LEN);
}
