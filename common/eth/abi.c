/* Contract calls as bytes, and their results by place. */

#include <string.h>

#include "common/eth/abi.h"


#define LP_ABI_WORD  32


void
lp_abi_put_selector(lp_buf_t *b, const char *signature)
{
    lp_hash_t  h;

    lp_keccak256(&h, signature, strlen(signature));
    lp_buf_put(b, h.b, 4);
}


void
lp_abi_put_u256(lp_buf_t *b, const lp_u256_t *v)
{
    uint8_t  be[LP_ABI_WORD];

    lp_u256_put_be(be, v);
    lp_buf_put(b, be, LP_ABI_WORD);
}


void
lp_abi_put_u64(lp_buf_t *b, uint64_t v)
{
    lp_u256_t  word;

    lp_u256_set(&word, v);
    lp_abi_put_u256(b, &word);
}


void
lp_abi_put_address(lp_buf_t *b, const lp_address_t *a)
{
    uint8_t  be[LP_ABI_WORD] = { 0 };

    memcpy(be + LP_ABI_WORD - LP_ADDRESS_LEN, a->b, LP_ADDRESS_LEN);
    lp_buf_put(b, be, LP_ABI_WORD);
}


void
lp_abi_put_hash(lp_buf_t *b, const lp_hash_t *h)
{
    lp_buf_put(b, h->b, LP_ABI_WORD);
}


void
lp_abi_put_bytes(lp_buf_t *b, const void *data, size_t len)
{
    static const uint8_t  zeros[LP_ABI_WORD];

    lp_abi_put_u64(b, len);
    lp_buf_put(b, data, len);
    lp_buf_put(b, zeros, (LP_ABI_WORD - len % LP_ABI_WORD) % LP_ABI_WORD);
}


size_t
lp_abi_bytes_words(size_t len)
{
    return 1 + (len + LP_ABI_WORD - 1) / LP_ABI_WORD;
}


static const uint8_t *
lp_abi_word(const lp_abi_t *r, size_t index)
{
    return index < r->len / LP_ABI_WORD ? r->data + index * LP_ABI_WORD
                                        : NULL;
}


lp_status_t
lp_abi_get_u256(const lp_abi_t *r, size_t index, lp_u256_t *v)
{
    const uint8_t  *w = lp_abi_word(r, index);

    return w ? lp_u256_get_be(v, w, LP_ABI_WORD) : LP_MALFORMED;
}


lp_status_t
lp_abi_get_u64(const lp_abi_t *r, size_t index, uint64_t *v)
{
    lp_u256_t  word;

    if (lp_abi_get_u256(r, index, &word) != LP_OK) {
        return LP_MALFORMED;
    }

    if (word.w[1] | word.w[2] | word.w[3]) {
        return LP_LIMIT;
    }

    *v = word.w[0];

    return LP_OK;
}


lp_status_t
lp_abi_get_address(const lp_abi_t *r, size_t index, lp_address_t *a)
{
    const uint8_t         *w = lp_abi_word(r, index);
    static const uint8_t   zeros[LP_ABI_WORD - LP_ADDRESS_LEN];

    if (w == NULL || memcmp(w, zeros, sizeof(zeros)) != 0) {
        return LP_MALFORMED;
    }

    memcpy(a->b, w + sizeof(zeros), LP_ADDRESS_LEN);

    return LP_OK;
}


lp_status_t
lp_abi_get_hash(const lp_abi_t *r, size_t index, lp_hash_t *h)
{
    const uint8_t  *w = lp_abi_word(r, index);

    if (w == NULL) {
        return LP_MALFORMED;
    }

    memcpy(h->b, w, LP_ABI_WORD);

    return LP_OK;
}


lp_status_t
lp_abi_get_bool(const lp_abi_t *r, size_t index, int *v)
{
    uint64_t  n;

    if (lp_abi_get_u64(r, index, &n) != LP_OK || n > 1) {
        return LP_MALFORMED;
    }

    *v = (int) n;

    return LP_OK;
}


/* where the offset at index leads: a length word, and what follows it */

static lp_status_t
lp_abi_follow(const lp_abi_t *r, size_t index, uint64_t *n, lp_abi_t *rest)
{
    uint64_t  offset;
    lp_abi_t  tail;

    if (lp_abi_get_u64(r, index, &offset) != LP_OK || offset > r->len) {
        return LP_MALFORMED;
    }

    tail.data = r->data + offset;
    tail.len = r->len - (size_t) offset;

    if (lp_abi_get_u64(&tail, 0, n) != LP_OK) {
        return LP_MALFORMED;
    }

    rest->data = tail.data + LP_ABI_WORD;
    rest->len = tail.len - LP_ABI_WORD;

    return LP_OK;
}


lp_status_t
lp_abi_get_bytes(const lp_abi_t *r, size_t index, const uint8_t **p,
    size_t *len)
{
    uint64_t  n;
    lp_abi_t  rest;

    if (lp_abi_follow(r, index, &n, &rest) != LP_OK || n > rest.len) {
        return LP_MALFORMED;
    }

    *p = rest.data;
    *len = (size_t) n;

    return LP_OK;
}


lp_status_t
lp_abi_get_array(const lp_abi_t *r, size_t index, lp_abi_t *items, size_t *n)
{
    uint64_t  count;

    if (lp_abi_follow(r, index, &count, items) != LP_OK
        || count > items->len / LP_ABI_WORD)
    {
        return LP_MALFORMED;
    }

    items->len = (size_t) count * LP_ABI_WORD;
    *n = (size_t) count;

    return LP_OK;
}
