/*
 * EVM words: unsigned 256-bit integers. The wire carries them as minimal
 * big-endian bytes, a hash preimage as 32 of them.
 */
#ifndef LP_U256_H
#define LP_U256_H


#include <stddef.h>
#include <stdint.h>

#include "common/util/status.h"


typedef struct {
    uint64_t  w[4];                       /* least significant first */
} lp_u256_t;


void lp_u256_set(lp_u256_t *r, uint64_t v);

/* up to 32 big-endian bytes, leading zeros allowed; LP_LIMIT when longer */
lp_status_t lp_u256_get_be(lp_u256_t *r, const uint8_t *data, size_t len);

/* all 32 bytes */
void lp_u256_put_be(uint8_t out[32], const lp_u256_t *v);

/* minimal: returns the number of bytes, 0 for zero; they end at out + 32 */
size_t lp_u256_put_min(uint8_t out[32], const lp_u256_t *v);

int lp_u256_cmp(const lp_u256_t *a, const lp_u256_t *b);
int lp_u256_is_zero(const lp_u256_t *a);


#endif /* LP_U256_H */
