/*
 * What a hostile node answers (T-60): the first byte says as what the rest is
 * read. Nothing read may lie outside of it, and a file that is taken is put
 * again as the same addresses.
 */

#include <stdlib.h>
#include <string.h>

#include "common/eth/contracts.h"


/* every byte of it is ours to read */

static size_t
fuzz_zeros(const char *text, size_t len)
{
    size_t  i, n = 0;

    for (i = 0; i < len; i++) {
        n += text[i] == '\0';
    }

    return n;
}


static void
fuzz_results(const uint8_t *data, size_t len)
{
    int               flag;
    char              text[64];
    size_t            n;
    uint64_t          v;
    lp_hash_t         h, hashes[16];
    lp_lock_t         lock;
    lp_u256_t         w;
    lp_address_t      a;
    lp_earnings_t     e;
    lp_delegator_t    d;
    lp_transcoder_t   t;
    lp_sender_info_t  i;

    lp_contracts_get_sender_info(&i, data, len);
    lp_contracts_get_transcoder(&t, data, len);
    lp_contracts_get_earnings(&e, data, len);
    lp_contracts_get_delegator(&d, data, len);
    lp_contracts_get_lock(&lock, data, len);
    lp_contracts_get_u256(&w, data, len);
    lp_contracts_get_u64(&v, data, len);
    lp_contracts_get_address(&a, data, len);
    lp_contracts_get_hash(&h, data, len);
    lp_contracts_get_bool(&flag, data, len);

    if (lp_contracts_get_text(text, sizeof(text), data, len) == LP_OK
        && strlen(text) >= sizeof(text))
    {
        abort();
    }

    if (lp_contracts_get_hashes(hashes, 16, &n, data, len) == LP_OK
        && n > 16)
    {
        abort();
    }
}


/* the event's number, how many topics, their bytes, the data */

static void
fuzz_event(const uint8_t *data, size_t len)
{
    size_t         n;
    lp_event_t     e;
    lp_rpc_log_t   log;
    lp_rpc_logs_t  logs;

    if (len < 2) {
        return;
    }

    memset(&log, 0, sizeof(log));
    memset(&logs, 0, sizeof(logs));
    lp_event_topic(&log.topics[0], (lp_event_e) (data[0] % LP_NEVENTS));
    log.ntopics = 1 + data[1] % 4;
    data += 2;
    len -= 2;

    n = (log.ntopics - 1) * sizeof(lp_hash_t);
    n = n < len ? n : len;
    memcpy(log.topics[1].b, data, n);

    logs.bytes.data = (uint8_t *) data + n;
    log.data_len = len - n;

    if (lp_event_read(&e, &log, &logs) == LP_OK && e.text
        && fuzz_zeros(e.text, e.text_len) > len)
    {
        abort();
    }
}


static void
fuzz_file(const char *text, size_t len)
{
    lp_buf_t        b;
    unsigned        line;
    lp_contracts_t  c, again;

    if (lp_contracts_get_file(&c, &line, text, len) != LP_OK) {
        return;
    }

    lp_buf_init(&b, 4096);
    lp_contracts_put_file(&b, &c);

    if (lp_contracts_get_file(&again, &line, (char *) b.data, b.len) != LP_OK
        || memcmp(&c, &again, sizeof(c)) != 0)
    {
        abort();
    }

    lp_buf_done(&b);
}


static void
fuzz_reply(const uint8_t *data, size_t len)
{
    size_t            i;
    char              reason[64];
    lp_event_t        e;
    lp_rpc_logs_t     logs;
    lp_rpc_error_t    error;
    lp_rpc_receipt_t  r;

    if (lp_rpc_get_receipt(&r, &error, 1, data, len) == LP_GONE) {
        lp_rpc_revert_reason(reason, sizeof(reason), &error);
        (void) lp_revert_class(reason);
    }

    lp_rpc_get_logs(&logs, &error, 1, data, len);

    for (i = 0; i < logs.n; i++) {
        lp_event_read(&e, &logs.logs[i], &logs);
    }

    lp_rpc_logs_done(&logs);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }

    switch (data[0] % 4) {
    case 0:
        fuzz_results(data + 1, len - 1);
        break;
    case 1:
        fuzz_event(data + 1, len - 1);
        break;
    case 2:
        fuzz_file((const char *) data + 1, len - 1);
        break;
    default:
        fuzz_reply(data + 1, len - 1);
    }

    return 0;
}
