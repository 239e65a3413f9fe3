/*
 * Growing bytes with a ceiling. The first failure is kept, so a writer puts
 * a whole message and asks once, at the end, whether it fits.
 */
#ifndef LP_BUF_H
#define LP_BUF_H


#include <stddef.h>
#include <stdint.h>

#include "common/util/status.h"


typedef struct {
    uint8_t      *data;
    size_t        len;
    size_t        cap;
    size_t        max;          /* ceiling of len, bytes */
    lp_status_t   status;       /* the first failure, LP_OK until then */
} lp_buf_t;


/* nothing is allocated before the first byte; max is the ceiling in bytes */
void lp_buf_init(lp_buf_t *b, size_t max);

/* frees and leaves an empty buffer with the same ceiling; may be repeated */
void lp_buf_done(lp_buf_t *b);

/* len 0 and status LP_OK again, the memory is kept */
void lp_buf_reset(lp_buf_t *b);

/*
 * Room for n more bytes, len already advanced over them. NULL when the
 * ceiling or memory ends: status then says LP_LIMIT or LP_NOMEM, and every
 * later call does nothing.
 */
uint8_t *lp_buf_add(lp_buf_t *b, size_t n);

void lp_buf_put(lp_buf_t *b, const void *data, size_t len);
void lp_buf_put_str(lp_buf_t *b, const char *s);
void lp_buf_put_u8(lp_buf_t *b, uint8_t v);

/* big endian, as in every protocol here */
void lp_buf_put_be16(lp_buf_t *b, uint16_t v);
void lp_buf_put_be32(lp_buf_t *b, uint32_t v);
void lp_buf_put_be64(lp_buf_t *b, uint64_t v);

void lp_buf_printf(lp_buf_t *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* drop n bytes from the front; n <= len */
void lp_buf_consume(lp_buf_t *b, size_t n);


static inline lp_status_t
lp_buf_status(const lp_buf_t *b)
{
    return b->status;
}


static inline uint16_t
lp_get_be16(const uint8_t *p)
{
    return (uint16_t) (p[0] << 8 | p[1]);
}


static inline uint32_t
lp_get_be32(const uint8_t *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


static inline uint64_t
lp_get_be64(const uint8_t *p)
{
    return (uint64_t) lp_get_be32(p) << 32 | lp_get_be32(p + 4);
}


#endif /* LP_BUF_H */
