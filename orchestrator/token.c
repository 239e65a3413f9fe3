/* Session ids and tokens (door: OpenSSL's HMAC, beside tls). */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/util/hex.h"
#include "orchestrator/token.h"


#define ORCH_TOKEN_TAG     "LPT1"
#define ORCH_TOKEN_RECORD  (4 + 1 + ORCH_TOKEN_ID + 8 + LP_ADDRESS_LEN + 16)
#define ORCH_TOKEN_HEAD    (16 + LP_ADDRESS_LEN)           /* before the MAC */


static uint8_t *
orch_token_put_be64(uint8_t *p, uint64_t v)
{
    int  i;

    for (i = 0; i < 8; i++) {
        p[i] = (uint8_t) (v >> (56 - 8 * i));
    }

    return p + 8;
}


static lp_status_t
orch_token_mac(const orch_token_key_t *key, const orch_token_t *t,
    uint8_t mac[32])
{
    uint8_t   record[ORCH_TOKEN_RECORD], *p;
    unsigned  len;

    memcpy(record, ORCH_TOKEN_TAG, 4);
    record[4] = ORCH_TOKEN_ID;
    memcpy(record + 5, t->id, ORCH_TOKEN_ID);

    p = orch_token_put_be64(record + 5 + ORCH_TOKEN_ID,
                            (uint64_t) t->expiry_s);
    memcpy(p, t->sender.b, LP_ADDRESS_LEN);
    p = orch_token_put_be64(p + LP_ADDRESS_LEN, (uint64_t) t->price.num);
    orch_token_put_be64(p, (uint64_t) t->price.den);

    len = 32;

    return HMAC(EVP_sha256(), key->key, sizeof(key->key), record,
                sizeof(record), mac, &len) ? LP_OK : LP_INTERNAL;
}


void
orch_token_random(void *out, size_t len)
{
    ssize_t   n;
    uint8_t  *p = out;

    while (len) {

        n = getrandom(p, len, 0);

        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }

            abort();                 /* no id of ours may be guessable */
        }

        p += n;
        len -= (size_t) n;
    }
}


void
orch_token_init(orch_token_key_t *key)
{
    orch_token_random(key->key, sizeof(key->key));
}


void
orch_token_done(orch_token_key_t *key)
{
    OPENSSL_cleanse(key->key, sizeof(key->key));
}


lp_status_t
orch_token_make(const orch_token_key_t *key, orch_token_t *t,
    uint8_t bytes[ORCH_TOKEN_LEN], lp_wire_token_t *wire,
    const lp_address_t *sender, const lp_wire_price_t *price,
    int64_t expiry_s)
{
    uint8_t  *p;

    orch_token_random(t->session, sizeof(t->session));
    lp_hex_encode(t->id, t->session, sizeof(t->session));
    t->sender = *sender;
    t->price = *price;
    t->expiry_s = expiry_s;

    p = orch_token_put_be64(bytes, (uint64_t) price->num);
    p = orch_token_put_be64(p, (uint64_t) price->den);
    memcpy(p, sender->b, LP_ADDRESS_LEN);

    wire->token.data = bytes;
    wire->token.len = ORCH_TOKEN_LEN;
    wire->session_id = t->id;
    wire->expiration = expiry_s;

    return orch_token_mac(key, t, bytes + ORCH_TOKEN_HEAD);
}


lp_status_t
orch_token_open(const orch_token_key_t *key, orch_token_t *t,
    const lp_wire_token_t *wire)
{
    uint8_t         mac[32];
    lp_status_t     rc;
    const uint8_t  *p = wire->token.data;

    if (wire->token.len != ORCH_TOKEN_LEN
        || strlen(wire->session_id) != ORCH_TOKEN_ID)
    {
        return LP_BAD_TOKEN;
    }

    memcpy(t->id, wire->session_id, ORCH_TOKEN_ID + 1);
    t->expiry_s = wire->expiration;
    t->price.num = (int64_t) lp_get_be64(p);
    t->price.den = (int64_t) lp_get_be64(p + 8);
    memcpy(t->sender.b, p + 16, LP_ADDRESS_LEN);

    rc = orch_token_mac(key, t, mac);
    if (rc != LP_OK) {
        return rc;
    }

    if (!lp_equal_ct(mac, p + ORCH_TOKEN_HEAD, sizeof(mac))) {
        return LP_BAD_TOKEN;
    }

    /* the MAC says that we made the id, so it is hexadecimal */

    return lp_hex_decode(t->session, sizeof(t->session), t->id,
                         ORCH_TOKEN_ID) == LP_OK ? LP_OK : LP_BAD_TOKEN;
}
