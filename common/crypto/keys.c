/*
 * Ethereum keys on libsecp256k1: address, sign, recover, and the text of an
 * address. The only file that includes that library.
 */

#include <stdlib.h>
#include <string.h>

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "common/crypto/keys.h"
#include "common/util/hex.h"


struct lp_keys_s {
    secp256k1_context  *ctx;
};


/* half of the group order: a larger s is the other form of the same point */

static const uint8_t  lp_keys_half_order[32] = {
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d,
    0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0
};


lp_keys_t *
lp_keys_create(const uint8_t seed[32])
{
    lp_keys_t  *keys;

    keys = calloc(1, sizeof(lp_keys_t));
    if (keys == NULL) {
        return NULL;
    }

    keys->ctx = secp256k1_context_create(SECP256K1_CONTEXT_SIGN
                                         | SECP256K1_CONTEXT_VERIFY);

    if (keys->ctx == NULL || !secp256k1_context_randomize(keys->ctx, seed)) {
        lp_keys_destroy(&keys);
    }

    return keys;
}


void
lp_keys_destroy(lp_keys_t **keys)
{
    if (*keys == NULL) {
        return;
    }

    if ((*keys)->ctx) {
        secp256k1_context_destroy((*keys)->ctx);
    }

    free(*keys);
    *keys = NULL;
}


/* the last 20 bytes of the hash of x | y */

static void
lp_keys_point_address(const lp_keys_t *keys, lp_address_t *out,
    const secp256k1_pubkey *point)
{
    size_t     len;
    uint8_t    text[65];                                       /* 4 | x | y */
    lp_hash_t  hash;

    len = sizeof(text);
    secp256k1_ec_pubkey_serialize(keys->ctx, text, &len, point,
                                  SECP256K1_EC_UNCOMPRESSED);

    lp_keccak256(&hash, text + 1, sizeof(text) - 1);
    memcpy(out->b, hash.b + sizeof(hash.b) - LP_ADDRESS_LEN, LP_ADDRESS_LEN);
}


lp_status_t
lp_keys_address(const lp_keys_t *keys, lp_address_t *out,
    const lp_secret_t *secret)
{
    secp256k1_pubkey  point;

    memset(out, 0, sizeof(lp_address_t));

    if (!secp256k1_ec_pubkey_create(keys->ctx, &point, secret->b)) {
        return LP_MALFORMED;
    }

    lp_keys_point_address(keys, out, &point);

    return LP_OK;
}


/* EIP-191: what is signed can be no transaction */

static void
lp_keys_digest(lp_hash_t *out, const lp_hash_t *m)
{
    lp_keccak_t        k;
    static const char  prefix[] = "\x19" "Ethereum Signed Message:\n32";

    lp_keccak_init(&k);
    lp_keccak_update(&k, prefix, sizeof(prefix) - 1);
    lp_keccak_update(&k, m->b, sizeof(m->b));
    lp_keccak_final(&k, out);
}


lp_status_t
lp_keys_sign(const lp_keys_t *keys, lp_sig_t *out, const lp_secret_t *secret,
    const lp_hash_t *m)
{
    lp_hash_t  digest;

    lp_keys_digest(&digest, m);

    return lp_keys_sign_tx(keys, out, secret, &digest);
}


lp_status_t
lp_keys_sign_tx(const lp_keys_t *keys, lp_sig_t *out,
    const lp_secret_t *secret, const lp_hash_t *digest)
{
    int                               v;
    secp256k1_ecdsa_recoverable_signature  sig;

    memset(out, 0, sizeof(lp_sig_t));

    if (!secp256k1_ecdsa_sign_recoverable(keys->ctx, &sig, digest->b,
                                          secret->b, NULL, NULL))
    {
        return LP_MALFORMED;
    }

    secp256k1_ecdsa_recoverable_signature_serialize_compact(keys->ctx, out->b,
                                                            &v, &sig);
    out->b[64] = (uint8_t) (27 + v);

    return LP_OK;
}


lp_status_t
lp_keys_recover(const lp_keys_t *keys, lp_address_t *out, const lp_sig_t *sig,
    const lp_hash_t *m)
{
    int                               v;
    lp_hash_t                         digest;
    secp256k1_pubkey                  point;
    secp256k1_ecdsa_recoverable_signature  parsed;

    memset(out, 0, sizeof(lp_address_t));

    v = sig->b[64] - 27;

    if (v < 0 || v > 1
        || memcmp(sig->b + 32, lp_keys_half_order, 32) > 0
        || !secp256k1_ecdsa_recoverable_signature_parse_compact(keys->ctx,
                                                       &parsed, sig->b, v))
    {
        return LP_BAD_SIGNATURE;
    }

    lp_keys_digest(&digest, m);

    if (!secp256k1_ecdsa_recover(keys->ctx, &point, &parsed, digest.b)) {
        return LP_BAD_SIGNATURE;
    }

    lp_keys_point_address(keys, out, &point);

    return LP_OK;
}


lp_status_t
lp_keys_verify(const lp_keys_t *keys, const lp_address_t *signer,
    const lp_sig_t *sig, const lp_hash_t *m)
{
    lp_address_t  who;

    if (lp_keys_recover(keys, &who, sig, m) != LP_OK
        || !lp_address_equal(&who, signer))
    {
        return LP_BAD_SIGNATURE;
    }

    return LP_OK;
}


/* a letter is a capital where the hash of the plain digits has a digit > 7 */

void
lp_address_text(char out[LP_ADDRESS_TEXT_LEN + 1], const lp_address_t *a)
{
    size_t     i;
    uint8_t    digit;
    lp_hash_t  hash;

    out[0] = '0';
    out[1] = 'x';
    lp_hex_encode(out + 2, a->b, LP_ADDRESS_LEN);
    lp_keccak256(&hash, out + 2, 2 * LP_ADDRESS_LEN);

    for (i = 0; i < 2 * LP_ADDRESS_LEN; i++) {
        digit = i % 2 ? hash.b[i / 2] & 15 : hash.b[i / 2] >> 4;

        if (digit > 7 && out[2 + i] >= 'a') {
            out[2 + i] = (char) (out[2 + i] - 'a' + 'A');
        }
    }
}


lp_status_t
lp_address_parse(lp_address_t *out, const char *text, size_t len)
{
    int     lower = 0, upper = 0;
    char    mixed[LP_ADDRESS_TEXT_LEN + 1];
    size_t  i;

    memset(out, 0, sizeof(lp_address_t));

    if (len != LP_ADDRESS_TEXT_LEN || text[0] != '0' || text[1] != 'x'
        || lp_hex_decode(out->b, LP_ADDRESS_LEN, text + 2, len - 2) != LP_OK)
    {
        memset(out, 0, sizeof(lp_address_t));
        return LP_MALFORMED;
    }

    for (i = 2; i < len; i++) {
        lower |= text[i] >= 'a';
        upper |= text[i] >= 'A' && text[i] <= 'F';
    }

    if (lower && upper) {
        lp_address_text(mixed, out);

        if (memcmp(mixed, text, len) != 0) {
            memset(out, 0, sizeof(lp_address_t));
            return LP_MALFORMED;
        }
    }

    return LP_OK;
}


int
lp_address_is_zero(const lp_address_t *a)
{
    static const lp_address_t  zero;

    return lp_address_equal(a, &zero);
}


int
lp_address_equal(const lp_address_t *a, const lp_address_t *b)
{
    return memcmp(a->b, b->b, LP_ADDRESS_LEN) == 0;
}


void
lp_secret_wipe(lp_secret_t *secret)
{
    explicit_bzero(secret->b, sizeof(secret->b));
}
