/*
 * Contract calls as bytes: arguments appended word by word, results read by
 * their place. Source: Solidity's ABI specification.
 */
#ifndef LP_ABI_H
#define LP_ABI_H


#include "common/crypto/keys.h"
#include "common/util/buf.h"
#include "common/util/u256.h"


/* selector first: "getContract(bytes32)" */
void lp_abi_put_selector(lp_buf_t *b, const char *signature);

void lp_abi_put_u256(lp_buf_t *b, const lp_u256_t *v);
void lp_abi_put_u64(lp_buf_t *b, uint64_t v);
void lp_abi_put_address(lp_buf_t *b, const lp_address_t *a);
void lp_abi_put_hash(lp_buf_t *b, const lp_hash_t *h);

/* length word, bytes, zeros to the next word: what an offset points at */
void lp_abi_put_bytes(lp_buf_t *b, const void *data, size_t len);

/* words that bytes of len take with their length word */
size_t lp_abi_bytes_words(size_t len);


/* a result or an event's data; index counts words of 32 bytes */
typedef struct {
    const uint8_t  *data;
    size_t          len;
} lp_abi_t;

lp_status_t lp_abi_get_u256(const lp_abi_t *r, size_t index, lp_u256_t *v);

/* LP_LIMIT when the word does not fit */
lp_status_t lp_abi_get_u64(const lp_abi_t *r, size_t index, uint64_t *v);

/* LP_MALFORMED when the upper 12 bytes are not zero */
lp_status_t lp_abi_get_address(const lp_abi_t *r, size_t index,
    lp_address_t *a);
lp_status_t lp_abi_get_hash(const lp_abi_t *r, size_t index, lp_hash_t *h);
lp_status_t lp_abi_get_bool(const lp_abi_t *r, size_t index, int *v);

/* bytes or string whose offset stands at index; points into r */
lp_status_t lp_abi_get_bytes(const lp_abi_t *r, size_t index,
    const uint8_t **p, size_t *len);

/* a dynamic array of one-word elements: its words as a lp_abi_t */
lp_status_t lp_abi_get_array(const lp_abi_t *r, size_t index, lp_abi_t *items,
    size_t *n);


#endif /* LP_ABI_H */
