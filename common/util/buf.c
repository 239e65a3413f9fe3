/* Growing bytes with a ceiling, first failure kept. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/util/buf.h"


#define LP_BUF_FIRST  256


void
lp_buf_init(lp_buf_t *b, size_t max)
{
    memset(b, 0, sizeof(lp_buf_t));
    b->max = max;
}


void
lp_buf_done(lp_buf_t *b)
{
    size_t  max = b->max;

    free(b->data);
    lp_buf_init(b, max);
}


void
lp_buf_reset(lp_buf_t *b)
{
    b->len = 0;
    b->status = LP_OK;
}


static int
lp_buf_grow(lp_buf_t *b, size_t need)
{
    size_t    cap;
    uint8_t  *data;

    cap = b->cap ? b->cap : LP_BUF_FIRST;

    while (cap < need) {
        cap += cap / 2;
    }

    if (cap > b->max) {
        cap = b->max;
    }

    data = realloc(b->data, cap);
    if (data == NULL) {
        b->status = LP_NOMEM;
        return 0;
    }

    b->data = data;
    b->cap = cap;

    return 1;
}


uint8_t *
lp_buf_add(lp_buf_t *b, size_t n)
{
    uint8_t  *p;

    if (b->status != LP_OK) {
        return NULL;
    }

    if (n > b->max - b->len) {
        b->status = LP_LIMIT;
        return NULL;
    }

    if ((b->len + n > b->cap || b->data == NULL)
        && !lp_buf_grow(b, b->len + n))
    {
        return NULL;
    }

    p = b->data + b->len;
    b->len += n;

    return p;
}


void
lp_buf_put(lp_buf_t *b, const void *data, size_t len)
{
    uint8_t  *p;

    if (len == 0) {
        return;
    }

    p = lp_buf_add(b, len);
    if (p) {
        memcpy(p, data, len);
    }
}


void
lp_buf_put_str(lp_buf_t *b, const char *s)
{
    lp_buf_put(b, s, strlen(s));
}


void
lp_buf_put_u8(lp_buf_t *b, uint8_t v)
{
    lp_buf_put(b, &v, 1);
}


void
lp_buf_put_be16(lp_buf_t *b, uint16_t v)
{
    uint8_t  w[2] = { (uint8_t) (v >> 8), (uint8_t) v };

    lp_buf_put(b, w, 2);
}


void
lp_buf_put_be32(lp_buf_t *b, uint32_t v)
{
    uint8_t  w[4] = { (uint8_t) (v >> 24), (uint8_t) (v >> 16),
                      (uint8_t) (v >> 8), (uint8_t) v };

    lp_buf_put(b, w, 4);
}


void
lp_buf_put_be64(lp_buf_t *b, uint64_t v)
{
    lp_buf_put_be32(b, (uint32_t) (v >> 32));
    lp_buf_put_be32(b, (uint32_t) v);
}


void
lp_buf_printf(lp_buf_t *b, const char *fmt, ...)
{
    int      n;
    char     small[256];
    va_list  ap;
    uint8_t  *p;

    va_start(ap, fmt);
    n = vsnprintf(small, sizeof(small), fmt, ap);
    va_end(ap);

    if (n < 0) {
        b->status = LP_INTERNAL;
        return;
    }

    if ((size_t) n < sizeof(small)) {
        lp_buf_put(b, small, (size_t) n);
        return;
    }

    p = lp_buf_add(b, (size_t) n + 1);         /* vsnprintf writes a NUL */
    if (p) {
        va_start(ap, fmt);
        vsnprintf((char *) p, (size_t) n + 1, fmt, ap);
        va_end(ap);
        b->len--;
    }
}


void
lp_buf_consume(lp_buf_t *b, size_t n)
{
    b->len -= n;

    if (b->len && n) {
        memmove(b->data, b->data + n, b->len);
    }
}
