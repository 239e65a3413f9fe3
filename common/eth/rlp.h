/*
 * Recursive length prefix, written and read. Source: Ethereum yellow paper,
 * appendix B; the canonical form only.
 */
#ifndef LP_RLP_H
#define LP_RLP_H


#include "common/util/buf.h"
#include "common/util/u256.h"


/* bytes as one item */
void lp_rlp_put_bytes(lp_buf_t *b, const uint8_t *data, size_t len);

/* integers: minimal big-endian, zero is the empty string */
void lp_rlp_put_u64(lp_buf_t *b, uint64_t v);
void lp_rlp_put_u256(lp_buf_t *b, const lp_u256_t *v);

/* a list: items put between open and close belong to it */
size_t lp_rlp_open(lp_buf_t *b);
void lp_rlp_close(lp_buf_t *b, size_t list);

/*
 * The item at data: its payload in *p, *len, whether it is a list, and in
 * *whole the bytes with the prefix. LP_MALFORMED: cut short, or a longer
 * form than needed.
 */
lp_status_t lp_rlp_get(const uint8_t **p, size_t *len, int *is_list,
    size_t *whole, const uint8_t *data, size_t n);


#endif /* LP_RLP_H */
