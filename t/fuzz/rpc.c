/*
 * Replies of a hostile node (T-60): the first byte says as what the rest is
 * read. What is taken lies within the reply; a number, a hash and bytes are
 * written again as the digits that stand in it.
 */

#include <stdlib.h>
#include <string.h>

#include "common/eth/rpc.h"
#include "common/util/hex.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int cond)
{
    if (!cond) {
        abort();
    }
}


/* the digits of data stand in the reply, large or small */

static void
fuzz_stands(const uint8_t *data, size_t n, const uint8_t *json, size_t len)
{
    char    *text;
    size_t   i, k;

    text = malloc(2 * n + 1);
    lp_hex_encode(text, data, n);

    for (i = 0; i + 2 * n <= len; i++) {
        for (k = 0; k < 2 * n; k++) {
            if (json[i + k] != (uint8_t) text[k]
                && (text[k] < 'a' || (json[i + k] | 0x20) != text[k]))
            {
                break;
            }
        }

        if (k == 2 * n) {
            free(text);
            return;
        }
    }

    abort();
}


static void
fuzz_error(const lp_rpc_error_t *e)
{
    char  reason[64];

    check(memchr(e->message, '\0', sizeof(e->message)) != NULL);
    check(e->data_len <= sizeof(e->data));

    lp_rpc_revert_reason(reason, sizeof(reason), e);
    check(memchr(reason, '\0', sizeof(reason)) != NULL);
}


static lp_status_t
fuzz_numbers(lp_rpc_error_t *e, const uint8_t *json, size_t len)
{
    uint64_t     n;
    lp_u256_t    v;
    lp_status_t  s;

    s = lp_rpc_get_u256(&v, e, 1, json, len);

    if (lp_rpc_get_u64(&n, NULL, 1, json, len) == LP_OK) {
        check(s == LP_OK && v.w[0] == n && !(v.w[1] | v.w[2] | v.w[3]));
    }

    return s;
}


static lp_status_t
fuzz_bytes(lp_rpc_error_t *e, const uint8_t *json, size_t len)
{
    lp_buf_t     b;
    lp_status_t  s;

    lp_buf_init(&b, LP_RPC_REPLY_MAX);
    s = lp_rpc_get_bytes(&b, e, 1, json, len);

    /* an escape may stand for a digit: then it is another text */

    if (s == LP_OK && memchr(json, '\\', len) == NULL) {
        fuzz_stands(b.data, b.len, json, len);
    }

    lp_buf_done(&b);

    return s;
}


static lp_status_t
fuzz_hash(lp_rpc_error_t *e, const uint8_t *json, size_t len)
{
    lp_hash_t    h;
    lp_status_t  s;

    s = lp_rpc_get_hash(&h, e, 1, json, len);

    if (s == LP_OK && memchr(json, '\\', len) == NULL) {
        fuzz_stands(h.b, sizeof(h.b), json, len);
    }

    return s;
}


static lp_status_t
fuzz_block(lp_rpc_error_t *e, const uint8_t *json, size_t len)
{
    lp_rpc_block_t  b;

    return lp_rpc_get_block(&b, e, 1, json, len);
}


static lp_status_t
fuzz_receipt(lp_rpc_error_t *e, const uint8_t *json, size_t len)
{
    lp_status_t       s;
    lp_rpc_receipt_t  r;

    s = lp_rpc_get_receipt(&r, e, 1, json, len);
    check(s != LP_OK || r.success <= 1);

    return s;
}


static lp_status_t
fuzz_logs(lp_rpc_error_t *e, const uint8_t *json, size_t len)
{
    size_t         i;
    lp_status_t    s;
    lp_rpc_logs_t  logs;

    s = lp_rpc_get_logs(&logs, e, 1, json, len);

    for (i = 0; i < logs.n; i++) {
        check(logs.logs[i].ntopics <= LP_RPC_TOPICS_MAX
              && logs.logs[i].data_at <= logs.bytes.len
              && logs.logs[i].data_len <= logs.bytes.len
                                          - logs.logs[i].data_at);
    }

    lp_rpc_logs_done(&logs);

    return s;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lp_rpc_error_t  e;

    static lp_status_t (*const  readers[])(lp_rpc_error_t *,
                                           const uint8_t *, size_t) =
    {
        fuzz_numbers, fuzz_bytes, fuzz_hash, fuzz_block, fuzz_receipt,
        fuzz_logs
    };

    if (size == 0) {
        return 0;
    }

    if (readers[data[0] % 6](&e, data + 1, size - 1) == LP_GONE) {
        fuzz_error(&e);
    }

    return 0;
}
