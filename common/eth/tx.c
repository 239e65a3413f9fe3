/* An EIP-1559 or EIP-155 transaction and its signed bytes. */

#include "common/eth/rlp.h"
#include "common/eth/tx.h"


#define LP_TX_TYPE_1559  0x02


/* the fields up to the signature; the list stays open */

static size_t
lp_tx_put_fields(lp_buf_t *b, const lp_tx_t *tx)
{
    size_t  list;

    if (!tx->legacy) {
        lp_buf_put_u8(b, LP_TX_TYPE_1559);
    }

    list = lp_rlp_open(b);

    if (!tx->legacy) {
        lp_rlp_put_u64(b, tx->chain_id);
    }

    lp_rlp_put_u64(b, tx->nonce);

    if (!tx->legacy) {
        lp_rlp_put_u256(b, &tx->max_priority_wei);
    }

    lp_rlp_put_u256(b, &tx->max_fee_wei);
    lp_rlp_put_u64(b, tx->gas);
    lp_rlp_put_bytes(b, tx->to.b, tx->create ? 0 : LP_ADDRESS_LEN);
    lp_rlp_put_u256(b, &tx->value_wei);
    lp_rlp_put_bytes(b, tx->data, tx->data_len);

    if (!tx->legacy) {
        lp_rlp_close(b, lp_rlp_open(b));               /* no access list */
    }

    return list;
}


lp_status_t
lp_tx_digest(lp_hash_t *out, const lp_tx_t *tx)
{
    size_t       list;
    lp_buf_t     b;
    lp_status_t  s;

    lp_buf_init(&b, tx->data_len + 1024);
    list = lp_tx_put_fields(&b, tx);

    if (tx->legacy) {                                   /* EIP-155 */
        lp_rlp_put_u64(&b, tx->chain_id);
        lp_rlp_put_u64(&b, 0);
        lp_rlp_put_u64(&b, 0);
    }

    lp_rlp_close(&b, list);

    s = lp_buf_status(&b);
    if (s == LP_OK) {
        lp_keccak256(out, b.data, b.len);
    }

    lp_buf_done(&b);

    return s;
}


lp_status_t
lp_tx_sign(lp_buf_t *out, lp_hash_t *hash, const lp_tx_t *tx,
    const lp_keys_t *keys, const lp_secret_t *secret)
{
    size_t       list, start;
    lp_sig_t     sig;
    uint64_t     parity;
    lp_hash_t    digest;
    lp_u256_t    r, s;
    lp_status_t  status;

    if (tx->chain_id == 0 || tx->chain_id > UINT64_MAX / 2 - 36) {
        return LP_MALFORMED;
    }

    status = lp_tx_digest(&digest, tx);
    if (status == LP_OK) {
        status = lp_keys_sign_tx(keys, &sig, secret, &digest);
    }

    if (status != LP_OK) {
        return status;
    }

    parity = sig.b[64] - 27u;
    lp_u256_get_be(&r, sig.b, 32);
    lp_u256_get_be(&s, sig.b + 32, 32);

    start = out->len;
    list = lp_tx_put_fields(out, tx);
    lp_rlp_put_u64(out, tx->legacy ? tx->chain_id * 2 + 35 + parity : parity);
    lp_rlp_put_u256(out, &r);
    lp_rlp_put_u256(out, &s);
    lp_rlp_close(out, list);

    status = lp_buf_status(out);
    if (status == LP_OK) {
        lp_keccak256(hash, out->data + start, out->len - start);
    }

    return status;
}
