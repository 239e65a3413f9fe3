/*
 * What the signer remembers of a commitment, a stream or a recipient: a
 * table of fixed size, found by a secret hash, forgotten oldest first and
 * only when it may be. Full of what may not be forgotten, it refuses.
 */
#ifndef LP_SIGN_TABLE_H
#define LP_SIGN_TABLE_H


#include "common/crypto/keccak.h"
#include "common/util/money.h"


typedef struct {
    lp_hash_t   key;
    int64_t     used_s;                            /* last asked for */
    int64_t     since_s;                           /* its window's start */
    lp_money_t  spent;                             /* in the window */
    uint64_t    next_nonce;                        /* lower ones are signed */
    uint32_t    older, newer, chain;               /* places + 1 */
} lp_sign_entry_t;

typedef struct {
    lp_sign_entry_t  *entries;
    uint32_t         *heads;                       /* of chains, places + 1 */
    uint32_t          n, max;
    uint32_t          oldest, newest;
    uint64_t          salt[4];
} lp_sign_table_t;


/* max: a power of two; salt: 32 random bytes; LP_NOMEM */
lp_status_t lp_sign_table_init(lp_sign_table_t *t, uint32_t max,
    const uint8_t salt[32]);
void lp_sign_table_done(lp_sign_table_t *t);

/*
 * The entry of key, made when there is none, then zero but for key and
 * used_s. When the table is full the oldest makes room if it was not used
 * for life_s; NULL otherwise.
 */
lp_sign_entry_t *lp_sign_table_get(lp_sign_table_t *t, const lp_hash_t *key,
    int64_t now_s, int64_t life_s);


#endif /* LP_SIGN_TABLE_H */
