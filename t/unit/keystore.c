/* key files: the definition's own vectors, our own files, hostile numbers */

#include "common/crypto/keystore.h"
#include "common/util/hex.h"
#include "t/unit/tap.h"


/* the two test vectors of the Web3 Secret Storage Definition */

#define KDF_PBKDF2                                                            \
    "\"kdf\":\"pbkdf2\",\"kdfparams\":{\"c\":262144,\"dklen\":32,\"prf\":"    \
    "\"hmac-sha256\",\"salt\":\"ae3cd4e7013836a3df6bd7241b12db061dbe2c678585" \
    "3cce422d148a624ce0bd\"}"

static const char  pbkdf2[] =
    "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\"iv\":"
    "\"6087dab2f9fdbbfaddc31a909735c1e6\"},\"ciphertext\":\"5318b4d5bcd28de6"
    "4ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46\"," KDF_PBKDF2 ","
    "\"mac\":\"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e"
    "9b2\"},\"id\":\"3198bc9c-6672-5ab3-d995-4942343ae5b6\",\"version\":3}";

/* of go-ethereum's tests: made with the lightest scrypt, empty password */

static const char  scrypt[] =
    "{\"address\":\"45dea0fb0bba44f4fcf290bba71fd57d7117cbb8\",\"crypto\":{"
    "\"cipher\":\"aes-128-ctr\",\"ciphertext\":\"b87781948a1befd247bff51ef40"
    "63f716cf6c2d3481163e9a8f42e1f9bb74145\",\"cipherparams\":{\"iv\":"
    "\"dc4926b48a105133d2f16b96833abf1e\"},\"kdf\":\"scrypt\",\"kdfparams\":{"
    "\"dklen\":32,\"n\":2,\"p\":1,\"r\":8,\"salt\":\"004244bbdc51cadda545b1cf"
    "a43cff9ed2ae88e08c61f1479dbb45410722f8f0\"},\"mac\":\"39990c168455744794"
    "0d4c69e06b1b82b2aceacb43f284df65c956daf3046b85\"},\"id\":"
    "\"ce541d8d-c79b-40f8-9f8c-20f59616faba\",\"version\":3}";

static const char  want[] =
    "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";


static void
is_refused(const char *from, const char *to, lp_status_t s, const char *what)
{
    char         json[2048], *at;
    lp_secret_t  secret;
    size_t       head;

    at = strstr((char *) scrypt, from);
    head = (size_t) (at - scrypt);
    snprintf(json, sizeof(json), "%.*s%s%s", (int) head, scrypt, to,
             at + strlen(from));
    is_str(lp_status_label(lp_keystore_open(&secret, json, strlen(json),
           "", 0)), lp_status_label(s), what);
}


int
main(void)
{
    lp_buf_t      json;
    lp_keys_t    *keys;
    lp_secret_t   secret, again, zero;
    lp_address_t  a, b;
    uint8_t       random[LP_KEYSTORE_RANDOM];

    plan(18);
    memset(random, 0x5a, sizeof(random));

    ok(lp_keystore_open(&secret, pbkdf2, strlen(pbkdf2), "testpassword", 12)
       == LP_OK, "the definition's PBKDF2 file opens");
    is_hex(secret.b, 32, want, "with its key");
    ok(lp_keystore_open(&again, scrypt, strlen(scrypt), "", 0) == LP_OK,
       "go-ethereum's scrypt file opens");
    keys = lp_keys_create(random);
    ok(lp_keystore_address(&b, scrypt, strlen(scrypt)) == LP_OK
       && lp_keys_address(keys, &a, &again) == LP_OK
       && lp_address_equal(&a, &b), "with the key of its address");
    lp_keys_destroy(&keys);

    memset(&zero, 0, sizeof(zero));
    ok(lp_keystore_open(&again, pbkdf2, strlen(pbkdf2), "testpassworD", 12)
       == LP_MISMATCH, "another password is told apart");
    ok(memcmp(&again, &zero, sizeof(zero)) == 0, "and leaves no key");

    is_refused("\"n\":2", "\"n\":2097152", LP_LIMIT, "n of 2^21");
    is_refused("\"n\":2", "\"n\":3", LP_MALFORMED, "n that is no power of two");
    is_refused("\"r\":8", "\"r\":64", LP_LIMIT, "r of 64");
    is_refused("\"p\":1", "\"p\":1000000", LP_LIMIT, "p of a million");
    is_refused("\"n\":2,\"p\":1,\"r\":8", "\"n\":65536,\"p\":1,\"r\":1",
               LP_UNSUPPORTED, "an n that RFC 7914 forbids");
    is_refused("aes-128-ctr", "aes-128-cbc", LP_UNSUPPORTED, "a cipher");
    is_refused("\"version\":3", "\"version\":1", LP_UNSUPPORTED, "version 1");
    is_refused("\"mac\":\"39", "\"mac\":\"", LP_MALFORMED, "a short MAC");

    memset(a.b, 0x77, sizeof(a.b));
    lp_buf_init(&json, 4096);
    ok(lp_keystore_seal(&json, &secret, &a, "pass word", 9, random, 4096)
       == LP_OK, "a file of our own");
    ok(lp_keystore_open(&again, (char *) json.data, json.len, "pass word", 9)
       == LP_OK && memcmp(&again, &secret, 32) == 0, "opens again");
    ok(lp_keystore_address(&b, (char *) json.data, json.len) == LP_OK
       && lp_address_equal(&a, &b), "and says its address");
    ok(lp_keystore_seal(&json, &secret, &a, "", 0, random, 1024)
       == LP_MALFORMED, "too cheap a derivation is not made");
    lp_buf_done(&json);

    return done();
}
