/*
 * When a transaction is deep enough, what it did is asked of every node: its
 * receipt, the logs of its block, and whether the tickets are used. Most of
 * those that answer must say the same, and one of several nodes is not
 * believed alone until the block is eight times as deep (T-76, T-81).
 */

#include <stdlib.h>
#include <string.h>

#include "orchestrator/redeemer_state.h"


#define ORCH_FINAL_ALONE  8                /* times --confirmations */
#define ORCH_FINAL_HEAD   2                /* questions before the tickets */


/* what a node says */
typedef struct {
    uint8_t           known;
    lp_rpc_receipt_t  receipt;
    uint8_t           used[ORCH_REDEEM_MOST];
    lp_u256_t         paid[ORCH_REDEEM_MOST];
} orch_final_view_t;


static int
orch_final_hash_equal(const lp_hash_t *a, const lp_hash_t *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}


/* --- events */

/* WinningTicketRedeemed of this very ticket */

static int
orch_final_is_redeemed(const lp_event_t *e, const orch_winner_t *w)
{
    lp_u256_t  nonce;

    lp_u256_set(&nonce, w->ticket.nonce);

    return e->what == LP_EVENT_REDEEMED
           && lp_address_equal(&e->first, &w->ticket.sender)
           && lp_address_equal(&e->second, &w->ticket.recipient)
           && lp_u256_cmp(&e->words[0], &w->ticket.face_value) == 0
           && lp_u256_cmp(&e->words[1], &w->ticket.win_prob) == 0
           && lp_u256_cmp(&e->words[2], &nonce) == 0
           && lp_u256_cmp(&e->words[3], &w->rand) == 0;
}


/*
 * A payment names no ticket: it stands between the WinningTicketRedeemed
 * before and that of its own ticket. Without one the ticket paid nothing.
 */

lp_status_t
orch_final_find(lp_u256_t *paid, const lp_rpc_log_t **log,
    const orch_winner_t *w, const lp_rpc_logs_t *logs, const lp_hash_t *tx)
{
    size_t               i;
    lp_u256_t            last;
    lp_event_t           e;
    const lp_rpc_log_t  *l;

    lp_u256_set(&last, 0);

    for (i = 0; i < logs->n; i++) {

        l = &logs->logs[i];

        if (i && !orch_final_hash_equal(&l->tx_hash, &l[-1].tx_hash)) {
            lp_u256_set(&last, 0);
        }

        if (l->removed || (tx && !orch_final_hash_equal(&l->tx_hash, tx))
            || lp_event_read(&e, l, logs) != LP_OK)
        {
            continue;
        }

        if (e.what == LP_EVENT_TRANSFER
            && lp_address_equal(&e.first, &w->ticket.sender)
            && lp_address_equal(&e.second, &w->ticket.recipient))
        {
            last = e.words[0];

        } else if (orch_final_is_redeemed(&e, w)) {
            *paid = last;

            if (log) {
                *log = l;
            }

            return LP_OK;

        } else if (e.what == LP_EVENT_REDEEMED) {
            lp_u256_set(&last, 0);
        }
    }

    return LP_MISSING;
}


/* --- asking */

static size_t
orch_final_each(const orch_slot_t *s)
{
    return ORCH_FINAL_HEAD + s->nwinners;
}


static void
orch_final_ask_node(orch_slot_t *s, orch_ask_t *asks, int node)
{
    size_t            i;
    lp_buf_t          data;
    orch_redeemer_t  *r = s->redeemer;

    for (i = 0; i < orch_final_each(s); i++) {
        asks[i].only = node;
    }

    lp_rpc_put_receipt(&asks[0].request, asks[0].id, &s->txs[s->mined].hash);
    lp_rpc_put_logs(&asks[1].request, asks[1].id, s->receipt.block,
                    s->receipt.block, orch_redeemer_broker(r), 1);

    for (i = 0; i < s->nwinners; i++) {
        lp_buf_init(&data, 64);
        lp_contracts_put_hash(&data, "usedTickets(bytes32)",
                              &s->winners[i].hash);
        orch_chain_put_call(&asks[ORCH_FINAL_HEAD + i],
                            orch_redeemer_broker(r), NULL, &data);
    }

    for (i = 0; i < orch_final_each(s); i++) {
        orch_chain_start(&asks[i]);
    }
}


void
orch_final_ask(orch_slot_t *s)
{
    unsigned  i, nodes = orch_chain_nodes(s->redeemer->conf.chain);

    if (orch_asks_begin(s->redeemer, &s->asks, nodes * orch_final_each(s),
                        &s->wake) != LP_OK)
    {
        return;
    }

    for (i = 0; i < nodes; i++) {
        orch_final_ask_node(s, s->asks.asks + i * orch_final_each(s),
                            (int) i);
    }
}


/* --- answers */

static lp_status_t
orch_final_read_logs(orch_final_view_t *v, const orch_slot_t *s,
    const orch_ask_t *ask)
{
    int            found;
    size_t         i;
    lp_status_t    rc;
    lp_rpc_logs_t  logs;

    if (ask->status != LP_OK) {
        return LP_GONE;
    }

    rc = lp_rpc_get_logs(&logs, NULL, ask->id, ask->reply.data,
                         ask->reply.len);

    for (i = 0; rc == LP_OK && i < s->nwinners; i++) {

        found = orch_final_find(&v->paid[i], NULL, &s->winners[i], &logs,
                                &s->txs[s->mined].hash) == LP_OK;

        /* paid, and yet not used: that is no answer. Used, but not by this
           transaction: it is looked for anew */

        if (found && !v->used[i]) {
            rc = LP_MISMATCH;
        }

        v->used[i] = (uint8_t) found;
    }

    lp_rpc_logs_done(&logs);

    return rc;
}


static lp_status_t
orch_final_read_used(orch_final_view_t *v, const orch_slot_t *s,
    const orch_ask_t *asks)
{
    size_t     i;
    lp_u256_t  used;

    for (i = 0; i < s->nwinners; i++) {

        if (orch_chain_get_u256(&used, &asks[i]) != LP_OK) {
            return LP_GONE;
        }

        v->used[i] = !lp_u256_is_zero(&used);
    }

    return LP_OK;
}


static void
orch_final_read(orch_final_view_t *v, const orch_slot_t *s,
    const orch_ask_t *asks)
{
    memset(v, 0, sizeof(orch_final_view_t));

    v->known = asks[0].status == LP_OK
               && lp_rpc_get_receipt(&v->receipt, NULL, asks[0].id,
                                     asks[0].reply.data, asks[0].reply.len)
                  == LP_OK
               && orch_final_read_used(v, s, asks + ORCH_FINAL_HEAD) == LP_OK
               && orch_final_read_logs(v, s, &asks[1]) == LP_OK;
}


static int
orch_final_same(const orch_final_view_t *a, const orch_final_view_t *b)
{
    return a->known && b->known
           && a->receipt.success == b->receipt.success
           && a->receipt.block == b->receipt.block
           && orch_final_hash_equal(&a->receipt.block_hash,
                                    &b->receipt.block_hash)
           && memcmp(a->used, b->used, sizeof(a->used)) == 0
           && memcmp(a->paid, b->paid, sizeof(a->paid)) == 0;
}


/* a node that answers, but sees something else, speaks against */

static int
orch_final_answered(const orch_slot_t *s, unsigned node)
{
    return s->asks.asks[node * orch_final_each(s)].status == LP_OK;
}


static const orch_final_view_t *
orch_final_choose(const orch_slot_t *s, const orch_final_view_t *views,
    unsigned nodes)
{
    unsigned                  i, j, n, most = 0, answered = 0;
    uint64_t                  block, deep;
    const orch_final_view_t  *best = NULL;

    for (i = 0; i < nodes; i++) {

        answered += (unsigned) orch_final_answered(s, i);

        for (j = 0, n = 0; j < nodes; j++) {
            n += (unsigned) orch_final_same(&views[i], &views[j]);
        }

        if (n > most) {
            most = n;
            best = &views[i];
        }
    }

    if (best == NULL || 2 * most <= answered) {
        return NULL;
    }

    block = orch_watcher_facts(s->redeemer->conf.watcher)->block;
    deep = best->receipt.block
           + ORCH_FINAL_ALONE * s->redeemer->conf.conf->confirmations;

    return most > 1 || nodes == 1 || block >= deep ? best : NULL;
}


static void
orch_final_apply(orch_slot_t *s, const orch_final_view_t *v)
{
    size_t          i;
    orch_winner_t  *w;

    s->receipt = v->receipt;

    for (i = 0; i < s->nwinners; i++) {

        w = &s->winners[i];
        w->state = v->used[i] ? winner_final : winner_won;
        w->block = v->receipt.block;
        w->paid_wei = v->paid[i];
    }
}


lp_status_t
orch_final_take(orch_slot_t *s)
{
    unsigned                  i, nodes;
    lp_status_t               rc = LP_MISSING;
    orch_final_view_t        *views;
    const orch_final_view_t  *best;

    if (orch_asks_pending(&s->asks)) {
        return LP_AGAIN;
    }

    if (s->asks.n == 0) {
        return LP_MISSING;
    }

    nodes = (unsigned) (s->asks.n / orch_final_each(s));

    views = calloc(nodes, sizeof(orch_final_view_t));
    if (views == NULL) {
        return LP_MISSING;
    }

    for (i = 0; i < nodes; i++) {
        orch_final_read(&views[i], s, s->asks.asks + i * orch_final_each(s));
    }

    best = orch_final_choose(s, views, nodes);

    if (best) {
        orch_final_apply(s, best);
        rc = LP_OK;
    }

    free(views);

    return rc;
}
