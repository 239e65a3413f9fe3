/*
 * Ethereum keys: address, sign, recover. The signature is EIP-191 over a
 * 32-byte message, r | s | v with v 27 or 28 and low s; nonces are RFC 6979.
 * Source: wire.md 3.1; go-livepeer eth/accountmanager.go, crypto/crypto.go.
 */
#ifndef LP_KEYS_H
#define LP_KEYS_H


#include "common/crypto/keccak.h"
#include "common/util/status.h"


#define LP_SIG_LEN           65
#define LP_ADDRESS_LEN       20
#define LP_ADDRESS_TEXT_LEN  42                   /* 0x and 40 digits */


typedef struct {
    uint8_t  b[LP_ADDRESS_LEN];
} lp_address_t;

typedef struct {
    uint8_t  b[LP_SIG_LEN];
} lp_sig_t;

typedef struct {
    uint8_t  b[32];
} lp_secret_t;

/* libsecp256k1's tables: one for a program, const use is thread safe */
typedef struct lp_keys_s  lp_keys_t;


/* seed: 32 random bytes that blind the signing; NULL without memory */
lp_keys_t *lp_keys_create(const uint8_t seed[32]);
void lp_keys_destroy(lp_keys_t **keys);

/* LP_MALFORMED: zero or not below the group order */
lp_status_t lp_keys_address(const lp_keys_t *keys, lp_address_t *out,
    const lp_secret_t *secret);

/* EthSign(secret, m): signs keccak("\x19Ethereum Signed Message:\n32" | m) */
lp_status_t lp_keys_sign(const lp_keys_t *keys, lp_sig_t *out,
    const lp_secret_t *secret, const lp_hash_t *m);

/*
 * The digest of a transaction, signed as it is: for eth/tx alone, whose
 * preimages begin with 0x02 or an RLP list and so are never EIP-191 text.
 */
lp_status_t lp_keys_sign_tx(const lp_keys_t *keys, lp_sig_t *out,
    const lp_secret_t *secret, const lp_hash_t *digest);

/* who signed m; LP_BAD_SIGNATURE: high s, v not 27 or 28, no such point */
lp_status_t lp_keys_recover(const lp_keys_t *keys, lp_address_t *out,
    const lp_sig_t *sig, const lp_hash_t *m);

/* LP_BAD_SIGNATURE also when another address signed */
lp_status_t lp_keys_verify(const lp_keys_t *keys, const lp_address_t *signer,
    const lp_sig_t *sig, const lp_hash_t *m);

/* EIP-55: mixed case, 0x in front, a NUL at the end */
void lp_address_text(char out[LP_ADDRESS_TEXT_LEN + 1],
    const lp_address_t *a);

/* 0x and 40 digits; mixed case must be EIP-55's; LP_MALFORMED otherwise */
lp_status_t lp_address_parse(lp_address_t *out, const char *text, size_t len);

int lp_address_is_zero(const lp_address_t *a);
int lp_address_equal(const lp_address_t *a, const lp_address_t *b);

/* the secret is overwritten and the compiler may not leave that out */
void lp_secret_wipe(lp_secret_t *secret);


#endif /* LP_KEYS_H */
