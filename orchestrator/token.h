/*
 * Session ids and the tokens that prove they are ours (T-16). The token holds
 * the sender and the price that were agreed, and a MAC over a fixed-width
 * record of everything, so nothing can be moved between neighbours:
 *
 *   token   price num 8 | price den 8 | sender 20 | mac 32
 *   record  tag 4 | len(id) 1 | id 32 | expiry 8 | sender 20 | num 8 | den 8
 */
#ifndef ORCH_TOKEN_H
#define ORCH_TOKEN_H


#include "common/net/wire.h"


#define ORCH_TOKEN_LEN  68
#define ORCH_TOKEN_ID   32                  /* hexadecimal, 128 random bits */


typedef struct {
    uint8_t  key[32];
} orch_token_key_t;

/* what a token says, once it is known to be ours */
typedef struct {
    char             id[ORCH_TOKEN_ID + 1];
    uint8_t          session[ORCH_TOKEN_ID / 2];
    lp_address_t     sender;
    lp_wire_price_t  price;
    int64_t          expiry_s;              /* unix */
} orch_token_t;


/* random bytes of the kernel; a failure of it ends the program */
void orch_token_random(void *out, size_t len);

void orch_token_init(orch_token_key_t *key);
void orch_token_done(orch_token_key_t *key);

/*
 * A new session's token. wire points into bytes and t, which the caller
 * keeps. LP_INTERNAL when OpenSSL fails.
 */
lp_status_t orch_token_make(const orch_token_key_t *key, orch_token_t *t,
    uint8_t bytes[ORCH_TOKEN_LEN], lp_wire_token_t *wire,
    const lp_address_t *sender, const lp_wire_price_t *price,
    int64_t expiry_s);

/*
 * LP_BAD_TOKEN: not ours, or changed. Whether it has expired and whose it is
 * is the caller's question.
 */
lp_status_t orch_token_open(const orch_token_key_t *key, orch_token_t *t,
    const lp_wire_token_t *wire);


#endif /* ORCH_TOKEN_H */
