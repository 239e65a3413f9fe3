/* Recursive length prefix. */

#include <string.h>

#include "common/eth/rlp.h"


static size_t
lp_rlp_head(uint8_t out[9], uint8_t base, size_t len)
{
    size_t  i, n;

    if (len < 56) {
        out[0] = (uint8_t) (base + len);
        return 1;
    }

    for (n = 0; n < sizeof(size_t) && len >> (8 * n); n++) { /* void */ }

    out[0] = (uint8_t) (base + 55 + n);

    for (i = 0; i < n; i++) {
        out[1 + i] = (uint8_t) (len >> (8 * (n - 1 - i)));
    }

    return 1 + n;
}


void
lp_rlp_put_bytes(lp_buf_t *b, const uint8_t *data, size_t len)
{
    uint8_t  head[9];

    if (len == 1 && data[0] < 0x80) {
        lp_buf_put_u8(b, data[0]);
        return;
    }

    lp_buf_put(b, head, lp_rlp_head(head, 0x80, len));
    lp_buf_put(b, data, len);
}


void
lp_rlp_put_u256(lp_buf_t *b, const lp_u256_t *v)
{
    size_t   n;
    uint8_t  be[32];

    n = lp_u256_put_min(be, v);
    lp_rlp_put_bytes(b, be + 32 - n, n);
}


void
lp_rlp_put_u64(lp_buf_t *b, uint64_t v)
{
    lp_u256_t  word;

    lp_u256_set(&word, v);
    lp_rlp_put_u256(b, &word);
}


size_t
lp_rlp_open(lp_buf_t *b)
{
    return b->len;
}


void
lp_rlp_close(lp_buf_t *b, size_t list)
{
    size_t   len, n;
    uint8_t  head[9];

    if (b->status != LP_OK) {
        return;
    }

    len = b->len - list;
    n = lp_rlp_head(head, 0xc0, len);

    if (lp_buf_add(b, n) == NULL) {
        return;
    }

    memmove(b->data + list + n, b->data + list, len);
    memcpy(b->data + list, head, n);
}


/* the length after a prefix of the long form: n big-endian bytes */

static lp_status_t
lp_rlp_long(size_t *len, size_t n, const uint8_t *data, size_t left)
{
    size_t  i, v = 0;

    if (n > sizeof(size_t) || n > left || data[0] == 0) {
        return LP_MALFORMED;
    }

    for (i = 0; i < n; i++) {
        v = v << 8 | data[i];
    }

    if (v < 56 || v > left - n) {
        return LP_MALFORMED;
    }

    *len = v;

    return LP_OK;
}


lp_status_t
lp_rlp_get(const uint8_t **p, size_t *len, int *is_list, size_t *whole,
    const uint8_t *data, size_t n)
{
    size_t   at, short_len;
    uint8_t  base, b;

    if (n == 0) {
        return LP_MALFORMED;
    }

    b = data[0];
    *is_list = b >= 0xc0;

    if (b < 0x80) {
        *p = data;
        *len = 1;
        *whole = 1;
        return LP_OK;
    }

    base = *is_list ? 0xc0 : 0x80;
    short_len = (size_t) (b - base);
    at = 1;

    if (short_len < 56) {
        *len = short_len;

    } else {
        at += short_len - 55;

        if (lp_rlp_long(len, short_len - 55, data + 1, n - 1) != LP_OK) {
            return LP_MALFORMED;
        }
    }

    if (*len > n - at || (b == 0x81 && data[1] < 0x80)) {
        return LP_MALFORMED;
    }

    *p = data + at;
    *whole = at + *len;

    return LP_OK;
}
