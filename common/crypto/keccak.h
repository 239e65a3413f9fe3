/*
 * Keccak-256 as Ethereum uses it: the padding of the original submission,
 * not that of FIPS 202. Incremental, so a segment is hashed as it arrives;
 * and several messages at once, for the renditions of one segment.
 */
#ifndef LP_KECCAK_H
#define LP_KECCAK_H


#include <stddef.h>
#include <stdint.h>


#define LP_KECCAK_RATE  136


typedef struct {
    uint8_t  b[32];
} lp_hash_t;

typedef struct {
    uint64_t  s[25];
    size_t    fill;                    /* bytes of the open block, 0..135 */
} lp_keccak_t;


void lp_keccak_init(lp_keccak_t *k);
void lp_keccak_update(lp_keccak_t *k, const void *data, size_t len);

/* k is spent afterwards: init it again */
void lp_keccak_final(lp_keccak_t *k, lp_hash_t *out);

void lp_keccak256(lp_hash_t *out, const void *data, size_t len);

/*
 * n messages of any lengths, in lock step where the processor can: four with
 * AVX2, eight with AVX-512. Same result as n calls of lp_keccak256.
 */
void lp_keccak256_many(lp_hash_t *out, const void *const *data,
    const size_t *len, size_t n);

/*
 * n different states, open blocks and all, each moved on by its own bytes:
 * the streams that arrive side by side.
 */
void lp_keccak_update_many(lp_keccak_t *const *k, const void *const *data,
    const size_t *len, size_t n);


#endif /* LP_KECCAK_H */
