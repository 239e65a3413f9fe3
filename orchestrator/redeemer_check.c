/*
 * May these winners be redeemed now: each is simulated, and asked for whether
 * it is used. What cannot be now is held back and looked at again; only a
 * ticket whose rounds are over is given up (T-77); one that is used already
 * is looked for in the chain's events and watched until it is final (T-92).
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/redeemer_state.h"


#define ORCH_CHECK_CALL    64              /* bytes of a call */
#define ORCH_CHECK_RANGE   10000           /* blocks of one look for an event */
#define ORCH_CHECK_RANGES  60


typedef enum { check_keep, check_hold, check_used, check_dead } orch_fate_e;


/* --- check: each one simulated, and whether it is used */

static void
orch_check_ask_estimate(orch_redeemer_t *r, orch_ask_t *ask,
    orch_tx_kind_e kind, const orch_winner_t *w)
{
    lp_buf_t      data;
    lp_u256_t     zero;
    lp_address_t  to;

    lp_u256_set(&zero, 0);

    if (orch_redeemer_put_call(r, &data, &to, kind, w, w ? 1 : 0) == LP_OK) {
        lp_rpc_put_estimate(&ask->request, ask->id,
                            orch_signer_address(r->conf.signer), &to, &zero,
                            data.data, data.len);
    }

    lp_buf_done(&data);
    orch_chain_start(ask);
}


static void
orch_check_ask_used(orch_redeemer_t *r, orch_ask_t *ask,
    const orch_winner_t *w)
{
    lp_buf_t  data;

    lp_buf_init(&data, ORCH_CHECK_CALL);
    lp_contracts_put_hash(&data, "usedTickets(bytes32)", &w->hash);
    orch_chain_put_call(ask, orch_redeemer_broker(r), NULL, &data);
    orch_chain_start(ask);
}


void
orch_check_start(orch_redeemer_t *r)
{
    size_t         i, n;
    orch_build_t  *b = &r->build;

    n = orch_build_redeems(b) ? 2 * b->nwinners : 1;

    if (orch_asks_begin(r, &b->asks, n, &b->wake) != LP_OK) {
        return;
    }

    if (!orch_build_redeems(b)) {
        orch_check_ask_estimate(r, &b->asks.asks[0], b->kind, NULL);
        return;
    }

    for (i = 0; i < b->nwinners; i++) {
        orch_check_ask_estimate(r, &b->asks.asks[2 * i], tx_redeem,
                                &b->winners[i]);
        orch_check_ask_used(r, &b->asks.asks[2 * i + 1], &b->winners[i]);
    }
}


/* what a node estimates; else why not, as the chain says it */

static lp_status_t
orch_check_read_gas(uint64_t *gas, char *reason, size_t size,
    const orch_ask_t *ask)
{
    lp_status_t     rc;
    lp_rpc_error_t  e;

    *reason = '\0';

    if (ask->status != LP_OK) {
        return LP_MISSING;
    }

    rc = lp_rpc_get_u64(gas, &e, ask->id, ask->reply.data, ask->reply.len);

    if (rc == LP_GONE) {
        lp_rpc_revert_reason(reason, size, &e);

        if (*reason == '\0') {
            snprintf(reason, size, "%s", e.message);
        }

        return LP_GONE;
    }

    return rc == LP_OK ? LP_OK : LP_MISSING;
}


/*
 * A node's word that a ticket is dead is checked: what we judged ourselves
 * can only fail for good when its rounds are over (T-77, T-81).
 */

static orch_fate_e
orch_check_judge_revert(orch_redeemer_t *r, const orch_winner_t *w,
    lp_revert_e class, const char *reason)
{
    orch_window_t  window;

    if (class != LP_REVERT_DEAD) {
        return check_hold;
    }

    orch_redeemer_window(r, &window, w);

    if (window.now >= window.end) {
        return check_dead;
    }

    lp_log(r->conf.log, LP_LOG_ERROR, "a winner that is good is refused by "
           "the chain's node: \"%s\"; it is tried again until its rounds are "
           "over", reason);

    return check_hold;
}


static orch_fate_e
orch_check_judge(orch_redeemer_t *r, size_t i, char *reason, size_t size)
{
    char               text[LP_RPC_ERROR_MAX + 1];
    lp_u256_t          used;
    lp_status_t        rc;
    orch_build_t      *b = &r->build;
    const orch_ask_t  *asks = &b->asks.asks[2 * i];

    rc = orch_check_read_gas(&b->gas[i], text, sizeof(text), &asks[0]);

    if (rc == LP_MISSING || orch_chain_get_u256(&used, &asks[1]) != LP_OK) {
        snprintf(reason, size, "no node answers");
        return check_hold;
    }

    if (!lp_u256_is_zero(&used)) {
        return check_used;
    }

    if (rc == LP_OK) {
        return check_keep;
    }

    lp_log_escape(reason, size, text, strlen(text));

    return orch_check_judge_revert(r, &b->winners[i], lp_revert_class(text),
                                   reason);
}


/* the one that was found used is all that is left of the build */

static orch_build_e
orch_check_only(orch_redeemer_t *r, size_t i)
{
    orch_build_t  *b = &r->build;

    b->winners[0] = b->winners[i];
    b->nwinners = 1;
    b->find_to = r->head;

    return build_find;
}


static void
orch_check_bury(orch_redeemer_t *r, size_t i, const char *reason)
{
    orch_build_t  *b = &r->build;
    char           face[LP_U256_DEC_LEN];

    lp_log(r->conf.log, LP_LOG_ERROR, "a winner of %s wei cannot be redeemed "
           "any more: %s", lp_u256_put_dec(face,
                                           &b->winners[i].ticket.face_value),
           reason);

    orch_record_winner(&b->record, &b->winners[i], winner_dead, reason);
    orch_redeemer_hold(r, &b->winners[i].ticket.rand_hash,
                       r->conf.conf->hold_ms, reason);
}


static orch_build_e
orch_check_look_winners(orch_redeemer_t *r)
{
    char          reason[ORCH_STORE_REASON];
    size_t        i;
    orch_fate_e   fate[ORCH_REDEEM_MOST];
    orch_build_t *b = &r->build;

    if (orch_record_begin(&b->record, b->nwinners) != LP_OK) {
        return orch_build_give_up(r, "out of memory");
    }

    for (i = 0; i < b->nwinners; i++) {
        fate[i] = orch_check_judge(r, i, reason, sizeof(reason));

        if (fate[i] == check_hold) {
            orch_redeemer_hold(r, &b->winners[i].ticket.rand_hash,
                               r->conf.conf->hold_ms, reason);

        } else if (fate[i] == check_dead) {
            orch_check_bury(r, i, reason);
        }
    }

    if (b->record.n) {
        return build_record;
    }

    for (i = 0; i < b->nwinners; i++) {
        if (fate[i] == check_used) {
            return orch_check_only(r, i);
        }
    }

    for (i = b->nwinners; i-- > 0; /* void */ ) {
        if (fate[i] != check_keep) {
            orch_build_remove(b, i);
        }
    }

    return b->nwinners ? build_funds : build_idle;
}


orch_build_e
orch_check_look(orch_redeemer_t *r)
{
    char           text[LP_RPC_ERROR_MAX + 1], reason[ORCH_STORE_REASON];
    lp_status_t    rc;
    orch_build_t  *b = &r->build;

    if (orch_asks_pending(&b->asks)) {
        return build_check;
    }

    if (b->asks.n == 0) {
        return orch_build_give_up(r, "out of memory");
    }

    if (orch_build_redeems(b)) {
        return orch_check_look_winners(r);
    }

    rc = orch_check_read_gas(&b->gas[0], text, sizeof(text),
                             &b->asks.asks[0]);
    if (rc == LP_OK) {
        return build_fees;
    }

    lp_log_escape(reason, sizeof(reason), text, strlen(text));

    return orch_build_give_up(r, rc == LP_GONE ? reason : "no node answers");
}


void
orch_check_start_record(orch_redeemer_t *r)
{
    orch_record_start(&r->build.record, r->conf.store, &r->build.wake);
}


orch_build_e
orch_check_look_record(orch_redeemer_t *r)
{
    return orch_record_status(&r->build.record) == LP_AGAIN ? build_record
                                                            : build_idle;
}


/* --- find: paid before, by another program or before a backup (T-92) */

void
orch_check_start_find(orch_redeemer_t *r)
{
    uint64_t       from;
    orch_build_t  *b = &r->build;

    if (orch_asks_begin(r, &b->asks, 1, &b->wake) != LP_OK) {
        return;
    }

    from = b->find_to >= ORCH_CHECK_RANGE
           ? b->find_to - ORCH_CHECK_RANGE + 1 : 0;

    lp_rpc_put_logs(&b->asks.asks[0].request, b->asks.asks[0].id, from,
                    b->find_to, orch_redeemer_broker(r), 1);
    orch_chain_start(&b->asks.asks[0]);
}


/* a slot that has nothing to send, and watches until it is final */

static orch_build_e
orch_check_watch(orch_redeemer_t *r, const lp_rpc_log_t *log)
{
    orch_tx_t       tx;
    orch_slot_t    *slot;
    orch_build_t   *b = &r->build;

    slot = orch_slot_create(r, tx_redeem, 0, b->winners, 1);
    if (slot == NULL) {
        return orch_build_give_up(r, "out of memory");
    }

    b->winners = NULL;
    b->nwinners = 0;

    memset(&tx, 0, sizeof(orch_tx_t));
    tx.hash = log->tx_hash;
    orch_slot_add(slot, &tx);
    orch_slot_begin(slot, slot_receipts);

    return build_idle;
}


orch_build_e
orch_check_look_find(orch_redeemer_t *r)
{
    lp_u256_t            paid;
    lp_status_t          rc;
    orch_build_e         next;
    orch_build_t        *b = &r->build;
    lp_rpc_logs_t        logs;
    const orch_ask_t    *ask;
    const lp_rpc_log_t  *log;

    if (orch_asks_pending(&b->asks)) {
        return build_find;
    }

    ask = b->asks.asks;

    if (ask == NULL || ask->status != LP_OK) {
        return orch_build_give_up(r, "no node answers");
    }

    rc = lp_rpc_get_logs(&logs, NULL, ask->id, ask->reply.data,
                         ask->reply.len);

    if (rc == LP_OK) {
        rc = orch_final_find(&paid, &log, &b->winners[0], &logs, NULL);
    }

    if (rc == LP_OK) {
        next = orch_check_watch(r, log);

    } else if (rc == LP_MISSING && b->find_to >= ORCH_CHECK_RANGE
               && r->head - b->find_to
                  < ORCH_CHECK_RANGE * (ORCH_CHECK_RANGES - 1))
    {
        b->find_to -= ORCH_CHECK_RANGE;
        orch_check_start_find(r);
        next = build_find;

    } else {
        orch_build_hold(r, 0, ORCH_REDEEM_ALARM * r->conf.conf->hold_ms,
                        "it is used, but no event says by whom");
        next = build_idle;
    }

    lp_rpc_logs_done(&logs);

    return next;
}
