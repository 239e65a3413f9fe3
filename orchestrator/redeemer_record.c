/* Changes of state on their way to the disk: several ops, one after the
   other, waited for together. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/redeemer_state.h"


lp_status_t
orch_record_begin(orch_record_t *rec, size_t max)
{
    orch_record_done(rec);

    max = max ? max : 1;

    rec->ops = calloc(max, sizeof(orch_op_t));
    rec->ids = calloc(max, sizeof(int64_t));
    rec->txs = calloc(max, sizeof(orch_tx_t));
    rec->cap = rec->ops && rec->ids && rec->txs ? max : 0;

    return rec->cap ? LP_OK : LP_NOMEM;
}


static orch_op_t *
orch_record_add(orch_record_t *rec, orch_op_e what)
{
    orch_op_t  *op;

    if (rec->n == rec->cap) {
        return NULL;
    }

    op = &rec->ops[rec->n++];
    op->what = what;

    return op;
}


void
orch_record_winner(orch_record_t *rec, const orch_winner_t *w,
    orch_winner_e state, const char *reason)
{
    int64_t    *id = rec->ids + rec->n;
    orch_op_t  *op;

    op = orch_record_add(rec, store_set_winners);
    if (op == NULL) {
        return;
    }

    *id = w->id;
    op->ids = id;
    op->nids = 1;
    op->state = state;

    if (state == winner_mined || state == winner_final) {
        op->block = w->block;
    }

    if (state == winner_final) {
        op->paid_wei = w->paid_wei;
    }

    snprintf(op->reason, sizeof(op->reason), "%s", reason);
}


void
orch_record_tx(orch_record_t *rec, int64_t id, orch_tx_e state,
    uint64_t block)
{
    orch_tx_t  *tx = rec->txs + rec->n;
    orch_op_t  *op;

    op = id ? orch_record_add(rec, store_set_tx) : NULL;
    if (op == NULL) {
        return;
    }

    tx->id = id;
    tx->state = state;
    tx->block = block;
    op->tx = tx;
}


void
orch_record_start(orch_record_t *rec, orch_store_t *s, orch_timer_t *wake)
{
    size_t  i;

    LP_FAILPOINT("redeem_before_record");

    for (i = 0; i < rec->n; i++) {
        rec->ops[i].wake = wake;
        rec->ops[i].status = LP_AGAIN;
        orch_store_start(s, &rec->ops[i]);
    }

    if (rec->n == 0) {
        orch_loop_wake(wake);
    }
}


lp_status_t
orch_record_status(const orch_record_t *rec)
{
    size_t       i;
    lp_status_t  s = LP_OK;

    for (i = 0; i < rec->n; i++) {

        if (rec->ops[i].status == LP_AGAIN) {
            return LP_AGAIN;
        }

        if (rec->ops[i].status != LP_OK) {
            s = LP_INTERNAL;
        }
    }

    LP_FAILPOINT("redeem_after_record");

    return s;
}


void
orch_record_done(orch_record_t *rec)
{
    size_t  i;

    for (i = 0; i < rec->n; i++) {
        if (rec->ops[i].status == LP_AGAIN) {
            orch_store_leave(&rec->ops[i]);
        }
    }

    free(rec->ops);
    free(rec->ids);
    free(rec->txs);
    memset(rec, 0, sizeof(orch_record_t));
}
