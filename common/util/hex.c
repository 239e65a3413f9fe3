/* Hexadecimal, base64, and the comparison that tells nothing by its time. */

#include "common/util/hex.h"


static const char  lp_hex_digits[] = "0123456789abcdef";
static const char  lp_base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";


void
lp_hex_encode(char *out, const uint8_t *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        out[2 * i] = lp_hex_digits[data[i] >> 4];
        out[2 * i + 1] = lp_hex_digits[data[i] & 15];
    }

    out[2 * len] = '\0';
}


static int
lp_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


lp_status_t
lp_hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len)
{
    int     hi, lo;
    size_t  i;

    if (text_len != 2 * len) {
        return LP_MALFORMED;
    }

    for (i = 0; i < len; i++) {
        hi = lp_hex_digit(text[2 * i]);
        lo = lp_hex_digit(text[2 * i + 1]);

        if (hi < 0 || lo < 0) {
            return LP_MALFORMED;
        }

        out[i] = (uint8_t) (hi << 4 | lo);
    }

    return LP_OK;
}


void
lp_base64_encode(lp_buf_t *out, const uint8_t *data, size_t len)
{
    size_t    i, n;
    uint8_t  *p;
    uint32_t  v;

    p = lp_buf_add(out, (len + 2) / 3 * 4);
    if (p == NULL) {
        return;
    }

    for (i = 0; i < len; i += 3, p += 4) {
        n = len - i;
        v = (uint32_t) data[i] << 16
            | (n > 1 ? (uint32_t) data[i + 1] << 8 : 0)
            | (n > 2 ? data[i + 2] : 0);

        p[0] = (uint8_t) lp_base64_digits[v >> 18];
        p[1] = (uint8_t) lp_base64_digits[v >> 12 & 63];
        p[2] = n > 1 ? (uint8_t) lp_base64_digits[v >> 6 & 63] : '=';
        p[3] = n > 2 ? (uint8_t) lp_base64_digits[v & 63] : '=';
    }
}


static int
lp_base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    return c == '+' ? 62 : c == '/' ? 63 : -1;
}


/* one group: n characters before the padding give n - 1 bytes */

static int
lp_base64_group(uint8_t *out, const char *text, int n)
{
    int       i, d;
    uint32_t  v = 0;

    for (i = 0; i < n; i++) {
        d = lp_base64_digit(text[i]);
        if (d < 0) {
            return 0;
        }

        v |= (uint32_t) d << (18 - 6 * i);
    }

    if ((n == 2 && (v & 0xffff)) || (n == 3 && (v & 0xff))) {
        return 0;                          /* another text of the same bytes */
    }

    for (i = 0; i < n - 1; i++) {
        out[i] = (uint8_t) (v >> (16 - 8 * i));
    }

    return 1;
}


lp_status_t
lp_base64_decode(lp_buf_t *out, const char *text, size_t len)
{
    int       pad, n;
    size_t    i;
    uint8_t  *p;

    if (len % 4) {
        return LP_MALFORMED;
    }

    if (len == 0) {
        return LP_OK;
    }

    pad = text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2;

    p = lp_buf_add(out, len / 4 * 3 - (size_t) pad);
    if (p == NULL) {
        return out->status;
    }

    for (i = 0; i < len; i += 4) {
        n = i + 4 == len ? 4 - pad : 4;

        if (!lp_base64_group(p, text + i, n)) {
            return LP_MALFORMED;
        }

        p += n - 1;
    }

    return LP_OK;
}


int
lp_equal_ct(const void *a, const void *b, size_t len)
{
    size_t           i;
    unsigned char    diff = 0;
    const unsigned char  *x = a, *y = b;

    for (i = 0; i < len; i++) {
        diff |= x[i] ^ y[i];
    }

    return diff == 0;
}
