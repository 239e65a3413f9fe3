/*
 * RLP and ABI from any bytes: an item that is taken is put again as the same
 * bytes, and what a result's words lead to lies within it.
 */

#include <stdlib.h>
#include <string.h>

#include "common/eth/abi.h"
#include "common/eth/rlp.h"


#define DEPTH_MAX  64


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int cond)
{
    if (!cond) {
        abort();
    }
}


/* puts again what was read; 0 when a part of it is not well formed */

static int
fuzz_again(lp_buf_t *b, const uint8_t *data, size_t n, unsigned depth)
{
    int             is_list;
    size_t          len, whole, list;
    const uint8_t  *p;

    for ( /* void */ ; n; data += whole, n -= whole) {

        if (depth == DEPTH_MAX
            || lp_rlp_get(&p, &len, &is_list, &whole, data, n) != LP_OK)
        {
            return 0;
        }

        check(whole && whole <= n && p >= data && p + len == data + whole);

        if (!is_list) {
            lp_rlp_put_bytes(b, p, len);
            continue;
        }

        list = lp_rlp_open(b);

        if (!fuzz_again(b, p, len, depth + 1)) {
            return 0;
        }

        lp_rlp_close(b, list);
    }

    return 1;
}


static void
fuzz_rlp(const uint8_t *data, size_t size)
{
    lp_buf_t  b;

    lp_buf_init(&b, size + 1);

    if (fuzz_again(&b, data, size, 0)) {
        check(lp_buf_status(&b) == LP_OK && b.len == size
              && (size == 0 || memcmp(b.data, data, size) == 0));
    }

    lp_buf_done(&b);
}


static void
fuzz_abi(const uint8_t *data, size_t size)
{
    int             flag;
    size_t          i, n, len;
    uint64_t        v;
    lp_abi_t        r = { data, size }, items;
    lp_hash_t       h;
    lp_u256_t       w;
    lp_address_t    a;
    const uint8_t  *p;

    for (i = 0; i < size / 32 + 2; i++) {
        check((lp_abi_get_hash(&r, i, &h) == LP_OK) == (i < size / 32));
        check((lp_abi_get_u256(&r, i, &w) == LP_OK) == (i < size / 32));

        if (lp_abi_get_u64(&r, i, &v) == LP_OK) {
            check(w.w[0] == v && !(w.w[1] | w.w[2] | w.w[3]));
        }

        if (lp_abi_get_bool(&r, i, &flag) == LP_OK) {
            check(w.w[0] == (unsigned) flag && flag <= 1);
        }

        if (lp_abi_get_address(&r, i, &a) == LP_OK) {
            check(memcmp(h.b + 12, a.b, LP_ADDRESS_LEN) == 0 && h.b[0] == 0);
        }

        if (lp_abi_get_bytes(&r, i, &p, &len) == LP_OK) {
            check(p >= data && len <= size && p + len <= data + size);
        }

        if (lp_abi_get_array(&r, i, &items, &n) == LP_OK) {
            check(n <= size / 32 && items.data >= data
                  && items.data + 32 * n <= data + size);
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_rlp(data, size);
    fuzz_abi(data, size);

    return 0;
}
