/* EVM words as four limbs. */

#include <string.h>

#include "common/util/u256.h"


void
lp_u256_set(lp_u256_t *r, uint64_t v)
{
    memset(r, 0, sizeof(lp_u256_t));
    r->w[0] = v;
}


lp_status_t
lp_u256_get_be(lp_u256_t *r, const uint8_t *data, size_t len)
{
    size_t  i, k;

    memset(r, 0, sizeof(lp_u256_t));

    if (len > 32) {
        return LP_LIMIT;
    }

    for (i = 0; i < len; i++) {
        k = len - 1 - i;
        r->w[i / 8] |= (uint64_t) data[k] << (8 * (i % 8));
    }

    return LP_OK;
}


void
lp_u256_put_be(uint8_t out[32], const lp_u256_t *v)
{
    size_t  i;

    for (i = 0; i < 32; i++) {
        out[31 - i] = (uint8_t) (v->w[i / 8] >> (8 * (i % 8)));
    }
}


size_t
lp_u256_put_min(uint8_t out[32], const lp_u256_t *v)
{
    size_t  zeros = 0;

    lp_u256_put_be(out, v);

    while (zeros < 32 && out[zeros] == 0) {
        zeros++;
    }

    return 32 - zeros;
}


int
lp_u256_cmp(const lp_u256_t *a, const lp_u256_t *b)
{
    int  i;

    for (i = 3; i >= 0; i--) {
        if (a->w[i] != b->w[i]) {
            return a->w[i] < b->w[i] ? -1 : 1;
        }
    }

    return 0;
}


int
lp_u256_is_zero(const lp_u256_t *a)
{
    return (a->w[0] | a->w[1] | a->w[2] | a->w[3]) == 0;
}
