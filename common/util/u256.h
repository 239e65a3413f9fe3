/*
 * EVM words: unsigned 256-bit integers (door: GMP's mpn). The wire carries them as minimal
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

/*
 * Arithmetic that never wraps in silence: each returns LP_LIMIT when the
 * result is not in 0 .. 2^256 - 1, and r is then unchanged.
 */
lp_status_t lp_u256_add(lp_u256_t *r, const lp_u256_t *a, const lp_u256_t *b);
lp_status_t lp_u256_sub(lp_u256_t *r, const lp_u256_t *a, const lp_u256_t *b);
lp_status_t lp_u256_mul(lp_u256_t *r, const lp_u256_t *a, const lp_u256_t *b);

/*
 * a * b / d with a 512-bit product, rounded down, or up when up is set.
 * LP_MALFORMED: d is zero.
 */
lp_status_t lp_u256_mul_div(lp_u256_t *r, const lp_u256_t *a,
    const lp_u256_t *b, const lp_u256_t *d, int up);

/* decimal text: up to 78 digits and a NUL; returns out */
#define LP_U256_DEC_LEN  79
const char *lp_u256_put_dec(char out[LP_U256_DEC_LEN], const lp_u256_t *v);

/* digits only, the whole text; LP_MALFORMED, LP_LIMIT */
lp_status_t lp_u256_get_dec(lp_u256_t *r, const char *text, size_t len);

int lp_u256_cmp(const lp_u256_t *a, const lp_u256_t *b);
int lp_u256_is_zero(const lp_u256_t *a);


#endif /* LP_U256_H */
