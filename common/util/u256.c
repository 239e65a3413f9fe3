/* EVM words as four limbs; multiplication and division are GMP's mpn. */

#include <gmp.h>
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


lp_status_t
lp_u256_add(lp_u256_t *r, const lp_u256_t *a, const lp_u256_t *b)
{
    mp_limb_t  sum[4];

    if (mpn_add_n(sum, a->w, b->w, 4)) {
        return LP_LIMIT;
    }

    memcpy(r->w, sum, sizeof(sum));

    return LP_OK;
}


lp_status_t
lp_u256_sub(lp_u256_t *r, const lp_u256_t *a, const lp_u256_t *b)
{
    mp_limb_t  diff[4];

    if (mpn_sub_n(diff, a->w, b->w, 4)) {
        return LP_LIMIT;
    }

    memcpy(r->w, diff, sizeof(diff));

    return LP_OK;
}


lp_status_t
lp_u256_mul(lp_u256_t *r, const lp_u256_t *a, const lp_u256_t *b)
{
    mp_limb_t  product[8];

    mpn_mul_n(product, a->w, b->w, 4);

    if (!mpn_zero_p(product + 4, 4)) {
        return LP_LIMIT;
    }

    memcpy(r->w, product, sizeof(r->w));

    return LP_OK;
}


lp_status_t
lp_u256_mul_div(lp_u256_t *r, const lp_u256_t *a, const lp_u256_t *b,
    const lp_u256_t *d, int up)
{
    mp_size_t  n;
    mp_limb_t  product[8], quotient[9], rest[4];

    for (n = 4; n && d->w[n - 1] == 0; n--) { /* void */ }

    if (n == 0) {
        return LP_MALFORMED;
    }

    memset(quotient, 0, sizeof(quotient));
    mpn_mul_n(product, a->w, b->w, 4);
    mpn_tdiv_qr(quotient, rest, 0, product, 8, d->w, n);

    if (up && !mpn_zero_p(rest, n)) {
        mpn_add_1(quotient, quotient, 9, 1);
    }

    if (!mpn_zero_p(quotient + 4, 5)) {
        return LP_LIMIT;
    }

    memcpy(r->w, quotient, sizeof(r->w));

    return LP_OK;
}


const char *
lp_u256_put_dec(char out[LP_U256_DEC_LEN], const lp_u256_t *v)
{
    size_t          i, n;
    mp_limb_t       copy[4];
    unsigned char   digits[LP_U256_DEC_LEN + 1];

    if (lp_u256_is_zero(v)) {
        return strcpy(out, "0");
    }

    memcpy(copy, v->w, sizeof(copy));
    for (n = 4; copy[n - 1] == 0; n--) { /* void */ }

    n = mpn_get_str(digits, 10, copy, (mp_size_t) n);
    for (i = 0; i < n && digits[i] == 0; i++) { /* void */ }

    memmove(digits, digits + i, n - i);
    n -= i;

    for (i = 0; i < n; i++) {
        out[i] = (char) ('0' + digits[i]);
    }

    out[n] = '\0';

    return out;
}


lp_status_t
lp_u256_get_dec(lp_u256_t *r, const char *text, size_t len)
{
    size_t       i;
    lp_u256_t    v, ten, digit;
    lp_status_t  s;

    if (len == 0) {
        return LP_MALFORMED;
    }

    lp_u256_set(&v, 0);
    lp_u256_set(&ten, 10);

    for (i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return LP_MALFORMED;
        }

        lp_u256_set(&digit, (uint64_t) (text[i] - '0'));

        s = lp_u256_mul(&v, &v, &ten);
        if (s == LP_OK) {
            s = lp_u256_add(&v, &v, &digit);
        }

        if (s != LP_OK) {
            return s;
        }
    }

    *r = v;

    return LP_OK;
}
