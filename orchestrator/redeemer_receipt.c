/*
 * What became of a slot's transactions: each node is asked for each receipt,
 * and the nodes are counted. One that hides what was mined, or shows what
 * was not, has one voice (T-81).
 */

#include "orchestrator/redeemer_state.h"


void
orch_receipts_ask(orch_slot_t *s, unsigned first, unsigned n)
{
    unsigned     i, node, nodes = orch_chain_nodes(s->redeemer->conf.chain);
    orch_ask_t  *ask;

    if (orch_asks_begin(s->redeemer, &s->asks, (size_t) n * nodes, &s->wake)
        != LP_OK)
    {
        return;
    }

    for (node = 0; node < nodes; node++) {
        for (i = 0; i < n; i++) {
            ask = &s->asks.asks[node * n + i];
            ask->only = (int) node;
            lp_rpc_put_receipt(&ask->request, ask->id, &s->txs[first + i].hash);
            orch_chain_start(ask);
        }
    }
}


/* LP_OK: *which of the n is mined, says this node; LP_MISSING: none is;
   LP_GONE: it does not say */

static lp_status_t
orch_receipts_of_node(unsigned *which, lp_rpc_receipt_t *receipt,
    const orch_ask_t *asks, unsigned n)
{
    unsigned     i;
    lp_status_t  rc, worst = LP_MISSING;

    for (i = 0; i < n; i++) {

        rc = asks[i].status != LP_OK ? LP_GONE
             : lp_rpc_get_receipt(receipt, NULL, asks[i].id,
                                  asks[i].reply.data, asks[i].reply.len);
        if (rc == LP_OK) {
            *which = i;
            return LP_OK;
        }

        worst = rc == LP_MISSING ? worst : LP_GONE;
    }

    return worst;
}


orch_said_e
orch_receipts_read(orch_slot_t *s, unsigned *which, lp_rpc_receipt_t *receipt)
{
    unsigned          i, n, mined = 0, missing = 0, node;
    unsigned          nodes = orch_chain_nodes(s->redeemer->conf.chain);
    lp_status_t       rc;
    lp_rpc_receipt_t  r;

    if (orch_asks_pending(&s->asks)) {
        return said_later;
    }

    n = (unsigned) s->asks.n / nodes;

    for (node = 0; node < nodes; node++) {

        rc = orch_receipts_of_node(&i, &r, s->asks.asks + node * n, n);

        if (rc == LP_OK && mined++ == 0) {
            *which = i;
            *receipt = r;
        }

        missing += rc == LP_MISSING;
    }

    return mined > missing ? said_mined
           : mined ? said_both : missing ? said_missing : said_nothing;
}
