/* go-ethereum's key file, version 3. */

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <string.h>

#include "common/crypto/keystore.h"
#include "common/util/hex.h"


#define LP_KEYSTORE_DK        32
#define LP_KEYSTORE_SALT_MAX  64
#define LP_KEYSTORE_MEMORY    (1024ULL * 1024 * 1024 + 65536)


typedef struct {
    uint8_t   salt[LP_KEYSTORE_SALT_MAX];
    size_t    salt_len;
    uint8_t   iv[16];
    uint8_t   text[32];                      /* encrypted secret */
    uint8_t   mac[32];
    uint64_t  n, r, p;                       /* scrypt */
    uint64_t  rounds;                        /* PBKDF2 when not zero */
} lp_keystore_file_t;


static lp_status_t
lp_keystore_hex(uint8_t *out, size_t len, const cJSON *o, const char *name)
{
    const char  *s;

    s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));

    return s ? lp_hex_decode(out, len, s, strlen(s)) : LP_MALFORMED;
}


/* a whole number of a bounded range; 0 when it is none */

static uint64_t
lp_keystore_number(const cJSON *o, const char *name)
{
    const cJSON  *v = cJSON_GetObjectItemCaseSensitive(o, name);

    if (!cJSON_IsNumber(v) || v->valuedouble < 1 || v->valuedouble > 1e9
        || v->valuedouble != (double) (uint64_t) v->valuedouble)
    {
        return 0;
    }

    return (uint64_t) v->valuedouble;
}


static int
lp_keystore_is(const cJSON *o, const char *name, const char *want)
{
    const char  *s;

    s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));

    return s && strcmp(s, want) == 0;
}


static lp_status_t
lp_keystore_read_kdf(lp_keystore_file_t *f, const cJSON *crypto)
{
    const char   *salt;
    const cJSON  *kdf;

    kdf = cJSON_GetObjectItemCaseSensitive(crypto, "kdfparams");

    salt = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(kdf,
                                                                 "salt"));
    f->salt_len = salt ? strlen(salt) / 2 : 0;

    if (f->salt_len == 0 || f->salt_len > LP_KEYSTORE_SALT_MAX
        || lp_hex_decode(f->salt, f->salt_len, salt, strlen(salt)) != LP_OK)
    {
        return LP_MALFORMED;
    }

    if (lp_keystore_number(kdf, "dklen") != LP_KEYSTORE_DK) {
        return LP_UNSUPPORTED;
    }

    if (lp_keystore_is(crypto, "kdf", "pbkdf2")) {
        f->rounds = lp_keystore_number(kdf, "c");

        return !lp_keystore_is(kdf, "prf", "hmac-sha256") ? LP_UNSUPPORTED
               : f->rounds == 0 ? LP_MALFORMED
               : f->rounds > 10000000 ? LP_LIMIT : LP_OK;
    }

    if (!lp_keystore_is(crypto, "kdf", "scrypt")) {
        return LP_UNSUPPORTED;
    }

    f->n = lp_keystore_number(kdf, "n");
    f->r = lp_keystore_number(kdf, "r");
    f->p = lp_keystore_number(kdf, "p");

    if (f->n < 2 || (f->n & (f->n - 1)) || f->r == 0 || f->p == 0) {
        return LP_MALFORMED;
    }

    if (f->n > 1 << 20 || f->r > 8 || f->p > 16) {
        return LP_LIMIT;
    }

    /* RFC 7914: n < 2^(128 r / 8), and libcrypto insists */

    return f->r == 1 && f->n >= 1 << 16 ? LP_UNSUPPORTED : LP_OK;
}


static lp_status_t
lp_keystore_read(lp_keystore_file_t *f, const char *json, size_t len)
{
    cJSON        *root;
    lp_status_t   s;
    const cJSON  *crypto;

    memset(f, 0, sizeof(lp_keystore_file_t));

    if (len > LP_KEYSTORE_FILE_MAX) {
        return LP_LIMIT;
    }

    root = cJSON_ParseWithLength(json, len);
    if (!cJSON_IsObject(root)) {
        s = LP_MALFORMED;
        goto done;
    }

    s = LP_UNSUPPORTED;
    if (lp_keystore_number(root, "version") != 3) {
        goto done;
    }

    crypto = cJSON_GetObjectItemCaseSensitive(root, "crypto");
    if (crypto == NULL) {
        crypto = cJSON_GetObjectItemCaseSensitive(root, "Crypto");
    }

    if (!lp_keystore_is(crypto, "cipher", "aes-128-ctr")) {
        goto done;
    }

    s = LP_MALFORMED;
    if (lp_keystore_hex(f->iv, 16, cJSON_GetObjectItemCaseSensitive(crypto,
                        "cipherparams"), "iv") != LP_OK
        || lp_keystore_hex(f->text, 32, crypto, "ciphertext") != LP_OK
        || lp_keystore_hex(f->mac, 32, crypto, "mac") != LP_OK)
    {
        goto done;
    }

    s = lp_keystore_read_kdf(f, crypto);

done:

    cJSON_Delete(root);

    return s;
}


static lp_status_t
lp_keystore_derive(uint8_t dk[LP_KEYSTORE_DK], const lp_keystore_file_t *f,
    const char *password, size_t len)
{
    int  done;

    if (len > INT32_MAX) {
        return LP_LIMIT;
    }

    if (f->rounds) {
        done = PKCS5_PBKDF2_HMAC(password, (int) len, f->salt,
                                 (int) f->salt_len, (int) f->rounds,
                                 EVP_sha256(), LP_KEYSTORE_DK, dk);
    } else {
        done = EVP_PBE_scrypt(password, len, f->salt, f->salt_len, f->n,
                              f->r, f->p, LP_KEYSTORE_MEMORY, dk,
                              LP_KEYSTORE_DK);
    }

    return done == 1 ? LP_OK : LP_NOMEM;
}


/* CTR: the same call encrypts and decrypts */

static lp_status_t
lp_keystore_cipher(uint8_t out[32], const uint8_t in[32],
    const uint8_t key[16], const uint8_t iv[16])
{
    int              n, ok;
    EVP_CIPHER_CTX  *c;

    c = EVP_CIPHER_CTX_new();
    if (c == NULL) {
        return LP_NOMEM;
    }

    ok = EVP_EncryptInit_ex(c, EVP_aes_128_ctr(), NULL, key, iv) == 1
         && EVP_EncryptUpdate(c, out, &n, in, 32) == 1 && n == 32;
    EVP_CIPHER_CTX_free(c);

    return ok ? LP_OK : LP_INTERNAL;
}


static void
lp_keystore_mac(lp_hash_t *mac, const uint8_t dk[LP_KEYSTORE_DK],
    const uint8_t text[32])
{
    lp_keccak_t  k;

    lp_keccak_init(&k);
    lp_keccak_update(&k, dk + 16, 16);
    lp_keccak_update(&k, text, 32);
    lp_keccak_final(&k, mac);
}


lp_status_t
lp_keystore_open(lp_secret_t *secret, const char *json, size_t len,
    const char *password, size_t password_len)
{
    uint8_t             dk[LP_KEYSTORE_DK];
    lp_hash_t           mac;
    lp_status_t         s;
    lp_keystore_file_t  f;

    s = lp_keystore_read(&f, json, len);
    if (s == LP_OK) {
        s = lp_keystore_derive(dk, &f, password, password_len);
    }

    if (s == LP_OK) {
        lp_keystore_mac(&mac, dk, f.text);
        s = lp_equal_ct(mac.b, f.mac, 32)
            ? lp_keystore_cipher(secret->b, f.text, dk, f.iv) : LP_MISMATCH;
    }

    explicit_bzero(dk, sizeof(dk));

    if (s != LP_OK) {
        lp_secret_wipe(secret);
    }

    return s;
}


lp_status_t
lp_keystore_address(lp_address_t *a, const char *json, size_t len)
{
    cJSON        *root;
    const char   *s;
    lp_status_t   status;

    if (len > LP_KEYSTORE_FILE_MAX) {
        return LP_LIMIT;
    }

    root = cJSON_ParseWithLength(json, len);
    s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root,
                                                              "address"));
    if (s && s[0] == '0' && s[1] == 'x') {
        s += 2;
    }

    status = s ? lp_hex_decode(a->b, LP_ADDRESS_LEN, s, strlen(s))
               : LP_MISSING;
    cJSON_Delete(root);

    return status;
}


lp_status_t
lp_keystore_seal(lp_buf_t *json, const lp_secret_t *secret,
    const lp_address_t *a, const char *password, size_t password_len,
    const uint8_t random[LP_KEYSTORE_RANDOM], uint32_t n)
{
    char                address[41], text[65], iv[33], salt[65], mac[65],
                        id[33];
    uint8_t             dk[LP_KEYSTORE_DK], uuid[16];
    lp_hash_t           h;
    lp_status_t         s;
    lp_keystore_file_t  f;

    if (n < 4096 || (n & (n - 1)) || n > 1 << 20) {
        return LP_MALFORMED;
    }

    memset(&f, 0, sizeof(f));
    memcpy(f.salt, random, 32);
    f.salt_len = 32;
    memcpy(f.iv, random + 32, 16);
    memcpy(uuid, random + 48, 16);
    uuid[6] = (uint8_t) ((uuid[6] & 0x0f) | 0x40);         /* RFC 4122, 4 */
    uuid[8] = (uint8_t) ((uuid[8] & 0x3f) | 0x80);
    f.n = n;
    f.r = 8;
    f.p = 1;

    s = lp_keystore_derive(dk, &f, password, password_len);
    if (s == LP_OK) {
        s = lp_keystore_cipher(f.text, secret->b, dk, f.iv);
    }

    if (s != LP_OK) {
        explicit_bzero(dk, sizeof(dk));
        return s;
    }

    lp_keystore_mac(&h, dk, f.text);
    explicit_bzero(dk, sizeof(dk));

    lp_hex_encode(address, a->b, LP_ADDRESS_LEN);
    lp_hex_encode(text, f.text, 32);
    lp_hex_encode(iv, f.iv, 16);
    lp_hex_encode(salt, f.salt, 32);
    lp_hex_encode(mac, h.b, 32);
    lp_hex_encode(id, uuid, 16);

    lp_buf_printf(json, "{\"address\":\"%s\",\"crypto\":{\"cipher\":"
        "\"aes-128-ctr\",\"ciphertext\":\"%s\",\"cipherparams\":{\"iv\":"
        "\"%s\"},\"kdf\":\"scrypt\",\"kdfparams\":{\"dklen\":32,\"n\":%u,"
        "\"p\":1,\"r\":8,\"salt\":\"%s\"},\"mac\":\"%s\"},\"id\":"
        "\"%.8s-%.4s-%.4s-%.4s-%s\",\"version\":3}\n",
        address, text, iv, n, salt, mac, id, id + 8, id + 12, id + 16,
        id + 20);

    return lp_buf_status(json);
}
