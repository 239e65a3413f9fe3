/* The parts of a transaction: what it calls, who signs it, what gas costs;
   and questions that are asked together. */

#include <stdlib.h>
#include <string.h>

#include "orchestrator/redeemer_state.h"


#define ORCH_CALL_REDEEM  548              /* bytes of one */
#define ORCH_CALL_MAX     (64 * 1024)


static const char *const  orch_call_names[] = {
    [tx_redeem] = "redemption",
    [tx_batch]  = "batch redemption",
    [tx_round]  = "initializeRound",
    [tx_reward] = "reward",
    [tx_gap]    = "filling of a nonce"
};


const char *
orch_redeemer_kind(orch_tx_kind_e kind)
{
    return orch_call_names[kind];
}


const lp_address_t *
orch_redeemer_broker(const orch_redeemer_t *r)
{
    return &orch_chain_contracts(r->conf.chain)->at[LP_CONTRACT_BROKER];
}


/* --- call data */

static lp_status_t
orch_call_put_batch(lp_buf_t *data, const orch_winner_t *winners, size_t n)
{
    size_t          i;
    lp_buf_t        all;
    lp_status_t     rc;
    const uint8_t  *each[ORCH_REDEEM_MOST];

    lp_buf_init(&all, ORCH_CALL_MAX);

    for (i = 0; i < n; i++) {
        lp_ticket_put_redeem(&all, &winners[i].ticket, &winners[i].sig,
                             &winners[i].rand);
    }

    rc = lp_buf_status(&all);

    if (rc == LP_OK && all.len != n * ORCH_CALL_REDEEM) {
        rc = LP_MALFORMED;
    }

    for (i = 0; rc == LP_OK && i < n; i++) {
        each[i] = all.data + i * ORCH_CALL_REDEEM;
    }

    if (rc == LP_OK) {
        rc = lp_contracts_put_batch(data, each, n);
    }

    lp_buf_done(&all);

    return rc;
}


lp_status_t
orch_redeemer_put_call(const orch_redeemer_t *r, lp_buf_t *data,
    lp_address_t *to, orch_tx_kind_e kind, const orch_winner_t *winners,
    size_t n)
{
    lp_status_t            rc = LP_OK;
    const lp_contracts_t  *c = orch_chain_contracts(r->conf.chain);

    lp_buf_init(data, ORCH_CALL_MAX);

    if ((kind == tx_redeem || kind == tx_batch) && n == 0) {
        return LP_MISSING;
    }

    switch (kind) {

    case tx_redeem:
        *to = c->at[LP_CONTRACT_BROKER];
        lp_ticket_put_redeem(data, &winners->ticket, &winners->sig,
                             &winners->rand);
        break;

    case tx_batch:
        *to = c->at[LP_CONTRACT_BROKER];
        rc = orch_call_put_batch(data, winners, n);
        break;

    case tx_round:
        *to = c->at[LP_CONTRACT_ROUNDS];
        lp_contracts_put_plain(data, "initializeRound()");
        break;

    case tx_reward:
        *to = c->at[LP_CONTRACT_BONDING];
        lp_contracts_put_plain(data, "reward()");
        break;

    default:
        *to = *orch_signer_address(r->conf.signer);
        break;
    }

    return rc == LP_OK ? lp_buf_status(data) : rc;
}


/* --- signatures */

void
orch_redeemer_sign(orch_redeemer_t *r, orch_sign_t *sign,
    const orch_tx_t *tx, const lp_address_t *to, const lp_buf_t *data,
    orch_timer_t *wake)
{
    lp_tx_t  *t = &sign->request.tx;

    orch_signer_cancel(sign);
    memset(sign, 0, sizeof(orch_sign_t));

    sign->request.kind = LP_SIGN_TX;
    t->chain_id = r->conf.conf->chain_id;
    t->nonce = tx->nonce;
    t->max_priority_wei = tx->max_priority;
    t->max_fee_wei = tx->max_fee;
    t->gas = tx->gas;
    t->to = *to;
    t->data = data->data;
    t->data_len = data->len;

    sign->wake = wake;
    orch_signer_start(r->conf.signer, sign);

    if (sign->status != LP_AGAIN) {
        orch_loop_wake(wake);
    }
}


const char *
orch_redeemer_signed(orch_tx_t *tx, const orch_sign_t *sign)
{
    if (sign->status != LP_OK) {
        return "the signer does not answer";
    }

    if (sign->reply.refusal != LP_SIGN_OK) {
        return lp_sign_text(sign->reply.refusal);
    }

    tx->raw = malloc(sign->reply.raw_len);
    if (tx->raw == NULL) {
        return "out of memory";
    }

    memcpy(tx->raw, sign->reply.raw, sign->reply.raw_len);
    tx->raw_len = sign->reply.raw_len;
    tx->hash = sign->reply.tx_hash;

    return NULL;
}


/* --- what gas costs */

void
orch_redeemer_ask_fees(orch_redeemer_t *r, orch_ask_t *block,
    orch_ask_t *tip, orch_timer_t *wake)
{
    orch_chain_cancel(block);
    orch_chain_init(r->conf.chain, block, wake);
    lp_rpc_put_latest(&block->request, block->id);
    orch_chain_start(block);

    orch_chain_cancel(tip);
    orch_chain_init(r->conf.chain, tip, wake);
    lp_rpc_put_plain(&tip->request, tip->id, "eth_maxPriorityFeePerGas");
    orch_chain_start(tip);
}


/* a node that does not know of tips: what gas costs beyond the base fee */

static void
orch_call_tip(const orch_redeemer_t *r, orch_gas_t *g)
{
    const lp_u256_t  *price = &orch_watcher_facts(r->conf.watcher)->gas_price;

    if (lp_u256_sub(&g->tip, price, &g->base) != LP_OK) {
        lp_u256_set(&g->tip, 0);
    }
}


lp_status_t
orch_redeemer_read_fees(const orch_redeemer_t *r, orch_gas_t *g,
    const orch_ask_t *block, const orch_ask_t *tip)
{
    lp_rpc_block_t  b;

    if (block->status == LP_AGAIN || tip->status == LP_AGAIN) {
        return LP_AGAIN;
    }

    if (block->status != LP_OK
        || lp_rpc_get_block(&b, NULL, block->id, block->reply.data,
                            block->reply.len) != LP_OK)
    {
        return LP_GONE;
    }

    g->base = b.base_fee;
    g->max_price = r->conf.conf->max_gas_price;

    if (tip->status != LP_OK
        || lp_rpc_get_u256(&g->tip, NULL, tip->id, tip->reply.data,
                           tip->reply.len) != LP_OK)
    {
        orch_call_tip(r, g);
    }

    return LP_OK;
}


/* --- questions that are asked together */

lp_status_t
orch_asks_begin(orch_redeemer_t *r, orch_asks_t *a, size_t n,
    orch_timer_t *wake)
{
    size_t  i;

    orch_asks_done(a);

    a->asks = calloc(n ? n : 1, sizeof(orch_ask_t));
    if (a->asks == NULL) {
        orch_loop_wake(wake);
        return LP_NOMEM;
    }

    for (i = 0; i < n; i++) {
        orch_chain_init(r->conf.chain, &a->asks[i], wake);
    }

    a->n = n;

    return LP_OK;
}


int
orch_asks_pending(const orch_asks_t *a)
{
    size_t  i;

    for (i = 0; i < a->n; i++) {
        if (a->asks[i].status == LP_AGAIN) {
            return 1;
        }
    }

    return 0;
}


void
orch_asks_done(orch_asks_t *a)
{
    size_t  i;

    for (i = 0; i < a->n; i++) {
        orch_chain_cancel(&a->asks[i]);
    }

    free(a->asks);
    a->asks = NULL;
    a->n = 0;
}
