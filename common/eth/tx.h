/*
 * An EIP-1559 or EIP-155 transaction and its signed bytes. Source: EIP-1559,
 * EIP-155, EIP-2718; wire.md 11.13.
 */
#ifndef LP_TX_H
#define LP_TX_H


#include "common/crypto/keys.h"
#include "common/util/buf.h"
#include "common/util/u256.h"


typedef struct {
    uint64_t        chain_id;              /* never 0 */
    uint64_t        nonce;
    lp_u256_t       max_priority_wei;      /* tip, per gas */
    lp_u256_t       max_fee_wei;           /* legacy: the gas price */
    uint64_t        gas;
    lp_address_t    to;
    lp_u256_t       value_wei;
    const uint8_t  *data;
    size_t          data_len;
    uint8_t         create;                /* deploys data: to is not used */
    uint8_t         legacy;                /* EIP-155 instead of EIP-1559 */
} lp_tx_t;


/* what is signed */
lp_status_t lp_tx_digest(lp_hash_t *out, const lp_tx_t *tx);

/* the bytes for eth_sendRawTransaction, and the transaction's hash */
lp_status_t lp_tx_sign(lp_buf_t *out, lp_hash_t *hash, const lp_tx_t *tx,
    const lp_keys_t *keys, const lp_secret_t *secret);


#endif /* LP_TX_H */
