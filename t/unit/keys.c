/* Addresses, signatures and who made them, against the vectors. */

#include "common/crypto/keys.h"
#include "common/util/hex.h"
#include "t/data/keys.h"
#include "t/unit/tap.h"


static lp_keys_t  *keys;


static void
unhex(void *out, size_t len, const char *text)
{
    if (lp_hex_decode(out, len, text, strlen(text)) != LP_OK) {
        printf("Bail out! a vector is not %zu bytes: %s\n", len, text);
    }
}


static void
test_vector(const key_vector_t *v)
{
    char          text[LP_ADDRESS_TEXT_LEN + 1];
    lp_sig_t      sig;
    lp_hash_t     m;
    lp_secret_t   secret;
    lp_address_t  address, who;

    unhex(secret.b, 32, v->secret);
    unhex(m.b, 32, key_m);

    is_int(lp_keys_address(keys, &address, &secret), LP_OK, "a key's address");
    lp_address_text(text, &address);
    is_str(text, v->address, "its text is EIP-55's");

    is_int(lp_keys_sign(keys, &sig, &secret, &m), LP_OK, "the key signs");
    is_hex(sig.b, LP_SIG_LEN, v->sig, "the same bytes as everyone's");

    is_int(lp_keys_recover(keys, &who, &sig, &m), LP_OK, "who signed it");
    ok(lp_address_equal(&who, &address), "the one who did");
    is_int(lp_keys_verify(keys, &address, &sig, &m), LP_OK, "it verifies");
}


static void
test_from_go(void)
{
    size_t        i;
    lp_sig_t      sig, bad;
    lp_hash_t     m, other;
    lp_address_t  address, who;

    unhex(m.b, 32, key_m);
    unhex(sig.b, 65, from_go.sig);
    lp_address_parse(&address, from_go.address, strlen(from_go.address));

    is_int(lp_keys_verify(keys, &address, &sig, &m), LP_OK,
           "go-livepeer's signature");

    other = m;
    other.b[0] ^= 1;
    is_int(lp_keys_verify(keys, &address, &sig, &other), LP_BAD_SIGNATURE,
           "another message is refused");

    unhex(bad.b, 65, from_go.high_s);
    is_int(lp_keys_recover(keys, &who, &bad, &m), LP_BAD_SIGNATURE,
           "a high s is refused");

    for (i = 0; i < 256; i++) {
        bad = sig;
        bad.b[64] = (uint8_t) i;

        if (i != 27 && i != 28
            && lp_keys_recover(keys, &who, &bad, &m) != LP_BAD_SIGNATURE)
        {
            break;
        }
    }

    is_int((int64_t) i, 256, "v is 27 or 28, nothing else");

    memset(&bad, 0, sizeof(bad));
    bad.b[64] = 27;
    is_int(lp_keys_recover(keys, &who, &bad, &m), LP_BAD_SIGNATURE,
           "r and s of zero are refused");

    memset(&bad, 0xff, sizeof(bad));
    bad.b[64] = 27;
    is_int(lp_keys_recover(keys, &who, &bad, &m), LP_BAD_SIGNATURE,
           "r and s over the order are refused");

    memset(bad.b + 32, 0, 32);
    memset(bad.b, 0, 32);
    bad.b[31] = 5;                             /* no point has this x */
    bad.b[63] = 1;
    is_int(lp_keys_recover(keys, &who, &bad, &m), LP_BAD_SIGNATURE,
           "an r that is on no point is refused");
    ok(lp_address_is_zero(&who), "and nobody is named");
}


static void
test_protocol(void)
{
    char         text[LP_ADDRESS_TEXT_LEN + 1];
    lp_sig_t     sig;
    lp_hash_t    m;
    lp_secret_t  secret;

    unhex(secret.b, 32, key0.secret);
    lp_keccak256(&m, key0.address, strlen(key0.address));
    is_hex(m.b, 32, request_m, "the message of a request");

    lp_keys_sign(keys, &sig, &secret, &m);
    is_hex(sig.b, LP_SIG_LEN, request_sig, "and its signature");

    unhex(secret.b, 32, key1.secret);
    lp_keccak256(&m, "\x00\x11\x22\x33", 4);
    lp_keys_sign(keys, &sig, &secret, &m);
    is_hex(sig.b, LP_SIG_LEN, ping_sig, "the answer to a ping");

    lp_secret_wipe(&secret);
    memset(text, 0, sizeof(text));
    ok(memcmp(secret.b, text, 32) == 0, "a wiped key is zeros");
}


static void
test_secrets(void)
{
    lp_sig_t      sig;
    lp_hash_t     m;
    lp_secret_t   secret;
    lp_address_t  address;

    memset(&m, 1, sizeof(m));
    memset(&secret, 0, sizeof(secret));
    is_int(lp_keys_address(keys, &address, &secret), LP_MALFORMED,
           "zero is no key");
    is_int(lp_keys_sign(keys, &sig, &secret, &m), LP_MALFORMED,
           "and signs nothing");

    memset(&secret, 0xff, sizeof(secret));
    is_int(lp_keys_address(keys, &address, &secret), LP_MALFORMED,
           "a key is below the group order");
}


static lp_status_t
parse(const char *text)
{
    lp_address_t  a;

    return lp_address_parse(&a, text, strlen(text));
}


static void
test_text(void)
{
    lp_address_t  a;

    is_int(parse("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"), LP_OK,
           "the checked form");
    is_int(parse("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"), LP_OK,
           "lower case carries no check");
    is_int(parse("0xF39FD6E51AAD88F6F4CE6AB8827279CFFFB92266"), LP_OK,
           "nor does upper case");
    is_int(parse("0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266"), LP_MALFORMED,
           "one letter in the wrong case");
    is_int(parse("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"), LP_MALFORMED,
           "0x is required");
    is_int(parse("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb9226"), LP_MALFORMED,
           "39 digits");
    is_int(parse("0xg39fd6e51aad88f6f4ce6ab8827279cfffb92266"), LP_MALFORMED,
           "a letter that is no digit");
    is_int(lp_address_parse(&a, "", 0), LP_MALFORMED, "nothing at all");
    ok(lp_address_is_zero(&a), "a refused text leaves the zero address");
}


int
main(void)
{
    uint8_t  seed[32] = { 7 };

    keys = lp_keys_create(seed);
    ok(keys != NULL, "the tables are made");

    test_vector(&key0);
    test_vector(&key1);
    test_from_go();
    test_protocol();
    test_secrets();
    test_text();

    lp_keys_destroy(&keys);
    ok(keys == NULL, "and freed, once");
    lp_keys_destroy(&keys);

    return done();
}
