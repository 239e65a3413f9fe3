/*
 * An encrypted key file to a key and back: version 3 of go-ethereum's
 * keystore, with scrypt or PBKDF2 and AES-128-CTR (doors: libcrypto, cJSON).
 * The file's own numbers are bounded before any of them costs memory (T-39).
 * Source: Web3 Secret Storage Definition; EIP-2335's predecessor.
 */
#ifndef LP_KEYSTORE_H
#define LP_KEYSTORE_H


#include "common/crypto/keys.h"
#include "common/util/buf.h"


#define LP_KEYSTORE_FILE_MAX   16384               /* bytes of the JSON */
#define LP_KEYSTORE_RANDOM     64                  /* salt 32, iv 16, id 16 */
#define LP_KEYSTORE_SCRYPT_N   262144              /* go-ethereum's standard */


/*
 * LP_MISMATCH: the password is wrong (the MAC does not fit); LP_UNSUPPORTED:
 * another version, cipher or derivation; LP_LIMIT: its derivation would take
 * more than n 2^20, r 8, p 16 or 10^7 rounds; LP_MALFORMED otherwise.
 * secret is wiped unless LP_OK. The caller wipes the password.
 */
lp_status_t lp_keystore_open(lp_secret_t *secret, const char *json,
    size_t len, const char *password, size_t password_len);

/* the address the file says it is for; nothing is decrypted */
lp_status_t lp_keystore_address(lp_address_t *a, const char *json,
    size_t len);

/*
 * Append the JSON of a new file. random: LP_KEYSTORE_RANDOM fresh random
 * bytes; n: scrypt's cost, a power of two, 4096 or more.
 */
lp_status_t lp_keystore_seal(lp_buf_t *json, const lp_secret_t *secret,
    const lp_address_t *a, const char *password, size_t password_len,
    const uint8_t random[LP_KEYSTORE_RANDOM], uint32_t n);


#endif /* LP_KEYSTORE_H */
