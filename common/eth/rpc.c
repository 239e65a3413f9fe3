/* JSON-RPC as bytes: requests printed, replies checked and taken apart. */

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/eth/abi.h"
#include "common/eth/rpc.h"
#include "common/util/hex.h"


#define LP_RPC_LOGS_MAX  65536


/* --- requests */

static void
lp_rpc_open(lp_buf_t *out, uint64_t id, const char *method)
{
    lp_buf_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\","
                  "\"params\":[", (unsigned long long) id, method);
}


static void
lp_rpc_close(lp_buf_t *out)
{
    lp_buf_put_str(out, "]}");
}


static void
lp_rpc_put_hex(lp_buf_t *out, const uint8_t *data, size_t len)
{
    size_t   i;
    uint8_t  *p;
    static const char  digits[] = "0123456789abcdef";

    lp_buf_put_str(out, "\"0x");
    p = lp_buf_add(out, 2 * len);

    for (i = 0; p && i < len; i++) {
        p[2 * i] = (uint8_t) digits[data[i] >> 4];
        p[2 * i + 1] = (uint8_t) digits[data[i] & 15];
    }

    lp_buf_put_u8(out, '"');
}


void
lp_rpc_put_plain(lp_buf_t *out, uint64_t id, const char *method)
{
    lp_rpc_open(out, id, method);
    lp_rpc_close(out);
}


static void
lp_rpc_put_message(lp_buf_t *out, const lp_address_t *from,
    const lp_address_t *to, const lp_u256_t *value, const uint8_t *data,
    size_t len)
{
    size_t   i;
    uint8_t  be[32];

    lp_buf_put_u8(out, '{');

    if (from) {
        lp_buf_put_str(out, "\"from\":");
        lp_rpc_put_hex(out, from->b, LP_ADDRESS_LEN);
        lp_buf_put_u8(out, ',');
    }

    if (value && !lp_u256_is_zero(value)) {
        lp_u256_put_be(be, value);
        lp_buf_put_str(out, "\"value\":\"0x");
        for (i = 0; be[i] == 0; i++) { /* void */ }
        lp_buf_printf(out, "%x", be[i++]);             /* no leading zero */
        for ( /* void */ ; i < 32; i++) {
            lp_buf_printf(out, "%02x", be[i]);
        }
        lp_buf_put_str(out, "\",");
    }

    lp_buf_put_str(out, "\"to\":");
    lp_rpc_put_hex(out, to->b, LP_ADDRESS_LEN);
    lp_buf_put_str(out, ",\"data\":");
    lp_rpc_put_hex(out, data, len);
    lp_buf_put_u8(out, '}');
}


void
lp_rpc_put_simulate(lp_buf_t *out, uint64_t id, const lp_address_t *from,
    const lp_address_t *to, const lp_u256_t *value, const uint8_t *data,
    size_t len)
{
    lp_rpc_open(out, id, "eth_call");
    lp_rpc_put_message(out, from, to, value, data, len);
    lp_buf_put_str(out, ",\"latest\"");
    lp_rpc_close(out);
}


void
lp_rpc_put_call(lp_buf_t *out, uint64_t id, const lp_address_t *from,
    const lp_address_t *to, const uint8_t *data, size_t len)
{
    lp_rpc_put_simulate(out, id, from, to, NULL, data, len);
}


void
lp_rpc_put_estimate(lp_buf_t *out, uint64_t id, const lp_address_t *from,
    const lp_address_t *to, const lp_u256_t *value, const uint8_t *data,
    size_t len)
{
    lp_rpc_open(out, id, "eth_estimateGas");
    lp_rpc_put_message(out, from, to, value, data, len);
    lp_rpc_close(out);
}


void
lp_rpc_put_block(lp_buf_t *out, uint64_t id, uint64_t number)
{
    lp_rpc_open(out, id, "eth_getBlockByNumber");
    lp_buf_printf(out, "\"0x%llx\",false", (unsigned long long) number);
    lp_rpc_close(out);
}


void
lp_rpc_put_latest(lp_buf_t *out, uint64_t id)
{
    lp_rpc_open(out, id, "eth_getBlockByNumber");
    lp_buf_put_str(out, "\"latest\",false");
    lp_rpc_close(out);
}


void
lp_rpc_put_logs(lp_buf_t *out, uint64_t id, uint64_t from, uint64_t to,
    const lp_address_t *addresses, size_t n)
{
    size_t  i;

    lp_rpc_open(out, id, "eth_getLogs");
    lp_buf_printf(out, "{\"fromBlock\":\"0x%llx\",\"toBlock\":\"0x%llx\","
                  "\"address\":[", (unsigned long long) from,
                  (unsigned long long) to);

    for (i = 0; i < n; i++) {
        if (i) {
            lp_buf_put_u8(out, ',');
        }

        lp_rpc_put_hex(out, addresses[i].b, LP_ADDRESS_LEN);
    }

    lp_buf_put_str(out, "]}");
    lp_rpc_close(out);
}


void
lp_rpc_put_send(lp_buf_t *out, uint64_t id, const uint8_t *raw, size_t len)
{
    lp_rpc_open(out, id, "eth_sendRawTransaction");
    lp_rpc_put_hex(out, raw, len);
    lp_rpc_close(out);
}


void
lp_rpc_put_receipt(lp_buf_t *out, uint64_t id, const lp_hash_t *tx)
{
    lp_rpc_open(out, id, "eth_getTransactionReceipt");
    lp_rpc_put_hex(out, tx->b, 32);
    lp_rpc_close(out);
}


static void
lp_rpc_put_of(lp_buf_t *out, uint64_t id, const char *method,
    const lp_address_t *a, const char *block)
{
    lp_rpc_open(out, id, method);
    lp_rpc_put_hex(out, a->b, LP_ADDRESS_LEN);
    lp_buf_printf(out, ",\"%s\"", block);
    lp_rpc_close(out);
}


void
lp_rpc_put_balance(lp_buf_t *out, uint64_t id, const lp_address_t *a)
{
    lp_rpc_put_of(out, id, "eth_getBalance", a, "latest");
}


void
lp_rpc_put_nonce(lp_buf_t *out, uint64_t id, const lp_address_t *a)
{
    lp_rpc_put_of(out, id, "eth_getTransactionCount", a, "pending");
}


void
lp_rpc_put_mined_nonce(lp_buf_t *out, uint64_t id, const lp_address_t *a)
{
    lp_rpc_put_of(out, id, "eth_getTransactionCount", a, "latest");
}


void
lp_rpc_put_code(lp_buf_t *out, uint64_t id, const lp_address_t *a)
{
    lp_rpc_put_of(out, id, "eth_getCode", a, "latest");
}


/* --- values: strict hex, or nothing */

/* what is made of a field or of a whole result */
typedef lp_status_t (*lp_rpc_take_pt)(void *out, const cJSON *v);


static lp_status_t
lp_rpc_data(uint8_t *out, size_t len, const cJSON *v)
{
    const char  *s = cJSON_GetStringValue(v);

    if (s == NULL || s[0] != '0' || s[1] != 'x') {
        return LP_MALFORMED;
    }

    return lp_hex_decode(out, len, s + 2, strlen(s + 2));
}


/* a quantity: 0x and 1 to 64 digits, no leading zero but 0x0 */

static lp_status_t
lp_rpc_quantity(void *out, const cJSON *v)
{
    char         even[65];
    size_t       n;
    uint8_t      be[32];
    const char  *s = cJSON_GetStringValue(v);

    if (s == NULL || s[0] != '0' || s[1] != 'x') {
        return LP_MALFORMED;
    }

    s += 2;
    n = strlen(s);

    if (n < 1 || n > 64 || (s[0] == '0' && n > 1)) {
        return LP_MALFORMED;
    }

    even[0] = '0';
    memcpy(even + (n & 1), s, n);
    n += n & 1;

    if (lp_hex_decode(be, n / 2, even, n) != LP_OK) {
        return LP_MALFORMED;
    }

    return lp_u256_get_be(out, be, n / 2);
}


static lp_status_t
lp_rpc_number(uint64_t *out, const cJSON *v)
{
    lp_u256_t  w;

    if (lp_rpc_quantity(&w, v) != LP_OK || w.w[1] | w.w[2] | w.w[3]) {
        return LP_MALFORMED;
    }

    *out = w.w[0];

    return LP_OK;
}


static const cJSON *
lp_rpc_field(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}


/* --- replies */

static void
lp_rpc_take_error(lp_rpc_error_t *e, const cJSON *error)
{
    size_t        n;
    const char   *s;
    const cJSON  *v;

    if (e == NULL) {
        return;
    }

    memset(e, 0, sizeof(lp_rpc_error_t));

    v = lp_rpc_field(error, "code");
    e->code = cJSON_IsNumber(v) ? (int64_t) v->valuedouble : 0;

    s = cJSON_GetStringValue(lp_rpc_field(error, "message"));
    snprintf(e->message, sizeof(e->message), "%s", s ? s : "");

    v = lp_rpc_field(error, "data");
    if (cJSON_IsObject(v)) {
        v = lp_rpc_field(v, "data");
    }

    s = cJSON_GetStringValue(v);
    if (s && s[0] == '0' && s[1] == 'x') {
        n = strlen(s + 2) / 2;
        n = n > sizeof(e->data) ? sizeof(e->data) : n;
        e->data_len = lp_hex_decode(e->data, n, s + 2, 2 * n) == LP_OK ? n
                                                                      : 0;
    }
}


/* cJSON recurses: the depth is counted first */

static int
lp_rpc_too_deep(const uint8_t *json, size_t len)
{
    int     depth = 0, in_text = 0;
    size_t  i;

    for (i = 0; i < len; i++) {
        if (in_text) {
            if (json[i] == '\\') {
                i++;
            } else if (json[i] == '"') {
                in_text = 0;
            }

        } else if (json[i] == '"') {
            in_text = 1;

        } else if (json[i] == '{' || json[i] == '[') {
            if (++depth > LP_RPC_DEPTH_MAX) {
                return 1;
            }

        } else if (json[i] == '}' || json[i] == ']') {
            depth--;
        }
    }

    return 0;
}


/* *root is to be freed by the caller when it is set */

static lp_status_t
lp_rpc_parse(cJSON **root, const cJSON **result, lp_rpc_error_t *e,
    uint64_t id, const uint8_t *json, size_t len)
{
    const cJSON  *v;

    *root = NULL;

    if (len > LP_RPC_REPLY_MAX || lp_rpc_too_deep(json, len)) {
        return LP_MALFORMED;
    }

    *root = cJSON_ParseWithLength((const char *) json, len);
    if (!cJSON_IsObject(*root)) {
        return LP_MALFORMED;
    }

    v = lp_rpc_field(*root, "error");
    if (v && !cJSON_IsNull(v)) {
        lp_rpc_take_error(e, v);
        return LP_GONE;
    }

    v = lp_rpc_field(*root, "id");
    if (!cJSON_IsNumber(v) || v->valuedouble != (double) id) {
        return LP_MALFORMED;
    }

    *result = lp_rpc_field(*root, "result");
    if (*result == NULL) {
        return LP_MALFORMED;
    }

    return cJSON_IsNull(*result) ? LP_MISSING : LP_OK;
}


static lp_status_t
lp_rpc_get(void *out, lp_rpc_take_pt take, lp_rpc_error_t *e, uint64_t id,
    const uint8_t *json, size_t len)
{
    cJSON        *root;
    lp_status_t   s;
    const cJSON  *result;

    s = lp_rpc_parse(&root, &result, e, id, json, len);
    if (s == LP_OK) {
        s = take(out, result);
    }

    cJSON_Delete(root);

    return s;
}


lp_status_t
lp_rpc_get_u256(lp_u256_t *v, lp_rpc_error_t *e, uint64_t id,
    const uint8_t *json, size_t len)
{
    return lp_rpc_get(v, lp_rpc_quantity, e, id, json, len);
}


lp_status_t
lp_rpc_get_u64(uint64_t *v, lp_rpc_error_t *e, uint64_t id,
    const uint8_t *json, size_t len)
{
    lp_u256_t    w;
    lp_status_t  s;

    s = lp_rpc_get_u256(&w, e, id, json, len);
    if (s != LP_OK) {
        return s;
    }

    if (w.w[1] | w.w[2] | w.w[3]) {
        return LP_MALFORMED;
    }

    *v = w.w[0];

    return LP_OK;
}


static lp_status_t
lp_rpc_append(void *out, const cJSON *v)
{
    size_t       n;
    uint8_t     *p;
    const char  *s = cJSON_GetStringValue(v);

    if (s == NULL || s[0] != '0' || s[1] != 'x' || strlen(s) % 2) {
        return LP_MALFORMED;
    }

    n = strlen(s + 2) / 2;
    if (n == 0) {
        return LP_OK;
    }

    p = lp_buf_add(out, n);

    return p ? lp_hex_decode(p, n, s + 2, 2 * n) : lp_buf_status(out);
}


lp_status_t
lp_rpc_get_bytes(lp_buf_t *out, lp_rpc_error_t *e, uint64_t id,
    const uint8_t *json, size_t len)
{
    return lp_rpc_get(out, lp_rpc_append, e, id, json, len);
}


static lp_status_t
lp_rpc_take_hash(void *out, const cJSON *v)
{
    lp_hash_t  *h = out;

    return lp_rpc_data(h->b, sizeof(h->b), v);
}


lp_status_t
lp_rpc_get_hash(lp_hash_t *h, lp_rpc_error_t *e, uint64_t id,
    const uint8_t *json, size_t len)
{
    return lp_rpc_get(h, lp_rpc_take_hash, e, id, json, len);
}


static lp_status_t
lp_rpc_take_block(void *out, const cJSON *o)
{
    const cJSON     *v;
    lp_rpc_block_t  *b = out;

    memset(b, 0, sizeof(lp_rpc_block_t));

    if (lp_rpc_number(&b->number, lp_rpc_field(o, "number")) != LP_OK
        || lp_rpc_number(&b->time, lp_rpc_field(o, "timestamp")) != LP_OK
        || lp_rpc_data(b->hash.b, 32, lp_rpc_field(o, "hash")) != LP_OK
        || lp_rpc_data(b->parent.b, 32, lp_rpc_field(o, "parentHash"))
           != LP_OK)
    {
        return LP_MALFORMED;
    }

    v = lp_rpc_field(o, "l1BlockNumber");                     /* Arbitrum */
    b->l1_number = b->number;
    if (v && lp_rpc_number(&b->l1_number, v) != LP_OK) {
        return LP_MALFORMED;
    }

    v = lp_rpc_field(o, "baseFeePerGas");

    return v ? lp_rpc_quantity(&b->base_fee, v) : LP_OK;
}


lp_status_t
lp_rpc_get_block(lp_rpc_block_t *b, lp_rpc_error_t *e, uint64_t id,
    const uint8_t *json, size_t len)
{
    return lp_rpc_get(b, lp_rpc_take_block, e, id, json, len);
}


static lp_status_t
lp_rpc_take_receipt(void *out, const cJSON *o)
{
    uint64_t           ok;
    const cJSON       *v;
    lp_rpc_receipt_t  *r = out;

    memset(r, 0, sizeof(lp_rpc_receipt_t));

    if (lp_rpc_number(&ok, lp_rpc_field(o, "status")) != LP_OK || ok > 1
        || lp_rpc_number(&r->block, lp_rpc_field(o, "blockNumber")) != LP_OK
        || lp_rpc_number(&r->gas_used, lp_rpc_field(o, "gasUsed")) != LP_OK
        || lp_rpc_data(r->block_hash.b, 32, lp_rpc_field(o, "blockHash"))
           != LP_OK)
    {
        return LP_MALFORMED;
    }

    r->success = (uint8_t) ok;
    v = lp_rpc_field(o, "effectiveGasPrice");

    return v ? lp_rpc_quantity(&r->gas_price, v) : LP_OK;
}


lp_status_t
lp_rpc_get_receipt(lp_rpc_receipt_t *r, lp_rpc_error_t *e, uint64_t id,
    const uint8_t *json, size_t len)
{
    return lp_rpc_get(r, lp_rpc_take_receipt, e, id, json, len);
}


static lp_status_t
lp_rpc_take_log(lp_rpc_logs_t *logs, lp_rpc_log_t *l, const cJSON *o)
{
    lp_status_t   s;
    const cJSON  *topics, *t;

    memset(l, 0, sizeof(lp_rpc_log_t));

    topics = lp_rpc_field(o, "topics");
    if (!cJSON_IsArray(topics)) {
        return LP_MALFORMED;
    }

    cJSON_ArrayForEach(t, topics) {
        if (l->ntopics == LP_RPC_TOPICS_MAX
            || lp_rpc_data(l->topics[l->ntopics++].b, 32, t) != LP_OK)
        {
            return LP_MALFORMED;
        }
    }

    if (lp_rpc_data(l->address.b, LP_ADDRESS_LEN, lp_rpc_field(o, "address"))
            != LP_OK
        || lp_rpc_data(l->tx_hash.b, 32, lp_rpc_field(o, "transactionHash"))
            != LP_OK
        || lp_rpc_data(l->block_hash.b, 32, lp_rpc_field(o, "blockHash"))
            != LP_OK
        || lp_rpc_number(&l->block, lp_rpc_field(o, "blockNumber")) != LP_OK
        || lp_rpc_number(&l->index, lp_rpc_field(o, "logIndex")) != LP_OK)
    {
        return LP_MALFORMED;
    }

    l->removed = (uint8_t) cJSON_IsTrue(lp_rpc_field(o, "removed"));
    l->data_at = logs->bytes.len;

    s = lp_rpc_append(&logs->bytes, lp_rpc_field(o, "data"));
    l->data_len = logs->bytes.len - l->data_at;

    return s;
}


static lp_status_t
lp_rpc_take_logs(void *out, const cJSON *list)
{
    int             n;
    lp_status_t     s;
    const cJSON    *o;
    lp_rpc_logs_t  *logs = out;

    n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : -1;
    if (n < 0 || n > LP_RPC_LOGS_MAX) {
        return LP_MALFORMED;
    }

    logs->logs = calloc((size_t) n + 1, sizeof(lp_rpc_log_t));
    if (logs->logs == NULL) {
        return LP_NOMEM;
    }

    cJSON_ArrayForEach(o, list) {
        s = lp_rpc_take_log(logs, &logs->logs[logs->n], o);
        if (s != LP_OK) {
            return s;
        }

        logs->n++;
    }

    return LP_OK;
}


lp_status_t
lp_rpc_get_logs(lp_rpc_logs_t *logs, lp_rpc_error_t *e, uint64_t id,
    const uint8_t *json, size_t len)
{
    memset(logs, 0, sizeof(lp_rpc_logs_t));
    lp_buf_init(&logs->bytes, LP_RPC_REPLY_MAX);

    return lp_rpc_get(logs, lp_rpc_take_logs, e, id, json, len);
}


void
lp_rpc_logs_done(lp_rpc_logs_t *logs)
{
    free(logs->logs);
    logs->logs = NULL;
    logs->n = 0;
    lp_buf_done(&logs->bytes);
}


void
lp_rpc_revert_reason(char *out, size_t size, const lp_rpc_error_t *e)
{
    size_t                len;
    lp_abi_t              r;
    const uint8_t        *p;
    static const uint8_t  error_string[4] = { 0x08, 0xc3, 0x79, 0xa0 };

    out[0] = '\0';

    if (e->data_len < 4 || memcmp(e->data, error_string, 4) != 0) {
        return;
    }

    r.data = e->data + 4;
    r.len = e->data_len - 4;

    if (lp_abi_get_bytes(&r, 0, &p, &len) == LP_OK) {
        snprintf(out, size, "%.*s", (int) (len < size ? len : size - 1), p);
    }
}
