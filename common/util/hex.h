/* Bytes to text and back: hexadecimal, and base64 as RFC 4648 has it. */
#ifndef LP_HEX_H
#define LP_HEX_H


#include <stddef.h>
#include <stdint.h>

#include "common/util/buf.h"


/* out: 2 * len lower-case digits and a NUL */
void lp_hex_encode(char *out, const uint8_t *data, size_t len);

/*
 * Exactly 2 * len digits of either case, without 0x; text need not end in a
 * NUL. LP_MALFORMED: another length or a character that is no digit.
 */
lp_status_t lp_hex_decode(uint8_t *out, size_t len, const char *text,
    size_t text_len);

/* appends the standard alphabet with padding */
void lp_base64_encode(lp_buf_t *out, const uint8_t *data, size_t len);

/*
 * Appends the bytes. Strict: standard alphabet, padding required, no space,
 * no stray bits in the last character. LP_MALFORMED otherwise; LP_LIMIT or
 * LP_NOMEM when out cannot hold it.
 */
lp_status_t lp_base64_decode(lp_buf_t *out, const char *text, size_t len);

/*
 * Equal in constant time: for everything that is compared with a secret.
 * Returns 1 when the len bytes are the same.
 */
int lp_equal_ct(const void *a, const void *b, size_t len);


#endif /* LP_HEX_H */
