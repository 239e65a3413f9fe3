/*
 * JSON-RPC as bytes: a request to send, a reply to read (door: cJSON). No
 * I/O. A reply is believed in its form only after strict checks: at most
 * 8 MiB, depth 32, hex as the specification has it (T-60); whatever is wrong
 * is "no answer". Source: Ethereum JSON-RPC specification.
 */
#ifndef LP_RPC_H
#define LP_RPC_H


#include "common/crypto/keys.h"
#include "common/util/buf.h"
#include "common/util/u256.h"


#define LP_RPC_REPLY_MAX   (8 * 1024 * 1024)
#define LP_RPC_DEPTH_MAX   32
#define LP_RPC_TOPICS_MAX  4
#define LP_RPC_ERROR_MAX   255


typedef struct {
    uint64_t      number;
    uint64_t      l1_number;               /* l1BlockNumber, or number */
    lp_hash_t     hash;
    lp_hash_t     parent;
    uint64_t      time;                    /* unix seconds */
    lp_u256_t     base_fee;                /* zero when absent */
} lp_rpc_block_t;

typedef struct {
    lp_address_t  address;
    lp_hash_t     topics[LP_RPC_TOPICS_MAX];
    size_t        ntopics;
    lp_hash_t     tx_hash;
    lp_hash_t     block_hash;
    uint64_t      block;
    uint64_t      index;
    uint8_t       removed;
    size_t        data_at, data_len;       /* place in lp_rpc_logs_t.bytes */
} lp_rpc_log_t;

typedef struct {
    lp_rpc_log_t  *logs;
    size_t         n;
    lp_buf_t       bytes;                  /* of all data fields */
} lp_rpc_logs_t;

typedef struct {
    uint8_t       success;
    uint64_t      block;
    lp_hash_t     block_hash;
    uint64_t      gas_used;
    lp_u256_t     gas_price;               /* effective, wei */
} lp_rpc_receipt_t;

/* why a node said no; text is the peer's, escape it before a log */
typedef struct {
    int64_t       code;
    char          message[LP_RPC_ERROR_MAX + 1];
    uint8_t       data[4 + 32 * 8];        /* revert data, cut */
    size_t        data_len;
} lp_rpc_error_t;


/* block: "latest", "pending" or NULL for latest */
void lp_rpc_put_call(lp_buf_t *out, uint64_t id, const lp_address_t *from,
    const lp_address_t *to, const uint8_t *data, size_t len);
/* the same with ETH sent along: a transaction tried */
void lp_rpc_put_simulate(lp_buf_t *out, uint64_t id, const lp_address_t *from,
    const lp_address_t *to, const lp_u256_t *value, const uint8_t *data,
    size_t len);
void lp_rpc_put_estimate(lp_buf_t *out, uint64_t id, const lp_address_t *from,
    const lp_address_t *to, const lp_u256_t *value, const uint8_t *data,
    size_t len);
void lp_rpc_put_block(lp_buf_t *out, uint64_t id, uint64_t number);
void lp_rpc_put_latest(lp_buf_t *out, uint64_t id);
void lp_rpc_put_logs(lp_buf_t *out, uint64_t id, uint64_t from, uint64_t to,
    const lp_address_t *addresses, size_t n);
void lp_rpc_put_send(lp_buf_t *out, uint64_t id, const uint8_t *raw,
    size_t len);
void lp_rpc_put_receipt(lp_buf_t *out, uint64_t id, const lp_hash_t *tx);

/* eth_getBalance and eth_getCode at latest; eth_getTransactionCount at
   pending, and at latest: of what is mined */
void lp_rpc_put_balance(lp_buf_t *out, uint64_t id, const lp_address_t *a);
void lp_rpc_put_nonce(lp_buf_t *out, uint64_t id, const lp_address_t *a);
void lp_rpc_put_mined_nonce(lp_buf_t *out, uint64_t id,
    const lp_address_t *a);
void lp_rpc_put_code(lp_buf_t *out, uint64_t id, const lp_address_t *a);

/* eth_chainId, eth_gasPrice, eth_maxPriorityFeePerGas, eth_blockNumber */
void lp_rpc_put_plain(lp_buf_t *out, uint64_t id, const char *method);


/*
 * Replies. LP_OK; LP_GONE: the node answered with an error (in *e, which may
 * be NULL); LP_MISSING: result null (not mined yet); LP_MALFORMED otherwise,
 * also when id is another.
 */
lp_status_t lp_rpc_get_u256(lp_u256_t *v, lp_rpc_error_t *e, uint64_t id,
    const uint8_t *json, size_t len);
lp_status_t lp_rpc_get_u64(uint64_t *v, lp_rpc_error_t *e, uint64_t id,
    const uint8_t *json, size_t len);
lp_status_t lp_rpc_get_bytes(lp_buf_t *out, lp_rpc_error_t *e, uint64_t id,
    const uint8_t *json, size_t len);
lp_status_t lp_rpc_get_hash(lp_hash_t *h, lp_rpc_error_t *e, uint64_t id,
    const uint8_t *json, size_t len);
lp_status_t lp_rpc_get_block(lp_rpc_block_t *b, lp_rpc_error_t *e,
    uint64_t id, const uint8_t *json, size_t len);
lp_status_t lp_rpc_get_receipt(lp_rpc_receipt_t *r, lp_rpc_error_t *e,
    uint64_t id, const uint8_t *json, size_t len);

/* logs is inited here; lp_rpc_logs_done frees it in every case */
lp_status_t lp_rpc_get_logs(lp_rpc_logs_t *logs, lp_rpc_error_t *e,
    uint64_t id, const uint8_t *json, size_t len);
void lp_rpc_logs_done(lp_rpc_logs_t *logs);

/* the reason string in revert data (Error(string)); "" when there is none */
void lp_rpc_revert_reason(char *out, size_t size, const lp_rpc_error_t *e);


#endif /* LP_RPC_H */
