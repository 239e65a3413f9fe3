/*
 * One transaction in the making. The winners of it are those of one sender
 * or of several, oldest deadline first; what cannot be redeemed now is held
 * back for a while and looked at again, and only a ticket whose time is over
 * is given up (T-77). Nothing with a recipientRand leaves before its hash is
 * stored as revealed (T-04), and nothing is sent before it is stored (T-76).
 *
 *   reveal -> check -> funds -> fees -> sign -> store -> a slot
 *              |  \_ record (dead)
 *              \_ find (used already) -> a slot that only watches
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/redeemer_state.h"


#define ORCH_BUILD_CALL    1024            /* bytes of a call without batch */
#define ORCH_BUILD_RANGE   10000           /* blocks of one look for an event */
#define ORCH_BUILD_RANGES  60
#define ORCH_BUILD_GAP_GAS 21000


typedef enum { build_keep, build_hold, build_used, build_dead } orch_fate_e;

typedef struct {
    void          (*start)(orch_redeemer_t *r);
    orch_build_e  (*look)(orch_redeemer_t *r);
} orch_build_step_t;


static void orch_build_enter(orch_redeemer_t *r, orch_build_e state);


static int
orch_build_redeems(const orch_build_t *b)
{
    return b->kind == tx_redeem || b->kind == tx_batch;
}


/* a winner leaves the build; the others keep their order */

static void
orch_build_remove(orch_build_t *b, size_t i)
{
    size_t  rest = b->nwinners - i - 1;

    memmove(&b->winners[i], &b->winners[i + 1], rest * sizeof(b->winners[0]));
    memmove(&b->gas[i], &b->gas[i + 1], rest * sizeof(b->gas[0]));
    memmove(&b->payouts[i], &b->payouts[i + 1], rest * sizeof(b->payouts[0]));
    b->nwinners--;
}


static void
orch_build_hold(orch_redeemer_t *r, size_t i, uint64_t ms, const char *why)
{
    orch_redeemer_hold(r, &r->build.winners[i].ticket.rand_hash, ms, why);
    orch_build_remove(&r->build, i);
}


/* it comes to nothing now */

static orch_build_e
orch_build_give_up(orch_redeemer_t *r, const char *why)
{
    orch_build_t  *b = &r->build;

    if (!orch_build_redeems(b)) {
        lp_log(r->conf.log, LP_LOG_INFO, "no %s now: %s",
               orch_redeemer_kind(b->kind), why);
        orch_round_over(r, b->kind, strstr(why, "already") != NULL);
        return build_idle;
    }

    while (b->nwinners) {
        orch_build_hold(r, b->nwinners - 1, ORCH_REDEEM_HOLD_MS, why);
    }

    return build_idle;
}


/* --- reveal */

static void
orch_build_start_reveal(orch_redeemer_t *r)
{
    size_t         i;
    orch_build_t  *b = &r->build;

    for (i = 0; i < b->nwinners; i++) {
        b->hashes[i] = b->winners[i].ticket.rand_hash;
    }

    LP_FAILPOINT("redeem_before_reveal");

    memset(&b->op, 0, sizeof(orch_op_t));
    b->op.what = store_reveal;
    b->op.hashes = b->hashes;
    b->op.nhashes = b->nwinners;
    b->op.wake = &b->wake;

    orch_store_start(r->conf.store, &b->op);
}


static orch_build_e
orch_build_look_reveal(orch_redeemer_t *r)
{
    lp_status_t  rc = r->build.op.status;

    if (rc == LP_AGAIN) {
        return build_reveal;
    }

    LP_FAILPOINT("redeem_revealed");

    return rc == LP_OK ? build_check
           : orch_build_give_up(r, "the store cannot be written");
}


/* --- check: each one simulated, and whether it is used */

static void
orch_build_ask_estimate(orch_redeemer_t *r, orch_ask_t *ask,
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
orch_build_ask_used(orch_redeemer_t *r, orch_ask_t *ask,
    const orch_winner_t *w)
{
    lp_buf_t  data;

    lp_buf_init(&data, ORCH_BUILD_CALL);
    lp_contracts_put_hash(&data, "usedTickets(bytes32)", &w->hash);
    orch_chain_put_call(ask, orch_redeemer_broker(r), NULL, &data);
    orch_chain_start(ask);
}


static void
orch_build_start_check(orch_redeemer_t *r)
{
    size_t         i, n;
    orch_build_t  *b = &r->build;

    n = orch_build_redeems(b) ? 2 * b->nwinners : 1;

    if (orch_asks_begin(r, &b->asks, n, &b->wake) != LP_OK) {
        return;
    }

    if (!orch_build_redeems(b)) {
        orch_build_ask_estimate(r, &b->asks.asks[0], b->kind, NULL);
        return;
    }

    for (i = 0; i < b->nwinners; i++) {
        orch_build_ask_estimate(r, &b->asks.asks[2 * i], tx_redeem,
                                &b->winners[i]);
        orch_build_ask_used(r, &b->asks.asks[2 * i + 1], &b->winners[i]);
    }
}


/* what a node estimates; else why not, as the chain says it */

static lp_status_t
orch_build_read_gas(uint64_t *gas, char *reason, size_t size,
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
orch_build_judge_revert(orch_redeemer_t *r, const orch_winner_t *w,
    const char *reason)
{
    orch_window_t  window;

    if (lp_revert_class(reason) != LP_REVERT_DEAD) {
        return build_hold;
    }

    orch_redeemer_window(r, &window, w);

    if (window.now >= window.end) {
        return build_dead;
    }

    lp_log(r->conf.log, LP_LOG_ERROR, "a winner that is good is refused by "
           "the chain's node: \"%s\"; it is tried again until its rounds are "
           "over", reason);

    return build_hold;
}


static orch_fate_e
orch_build_judge(orch_redeemer_t *r, size_t i, char *reason, size_t size)
{
    char               text[LP_RPC_ERROR_MAX + 1];
    lp_u256_t          used;
    lp_status_t        rc;
    orch_build_t      *b = &r->build;
    const orch_ask_t  *asks = &b->asks.asks[2 * i];

    rc = orch_build_read_gas(&b->gas[i], text, sizeof(text), &asks[0]);

    if (rc == LP_MISSING || orch_chain_get_u256(&used, &asks[1]) != LP_OK) {
        snprintf(reason, size, "no node answers");
        return build_hold;
    }

    if (!lp_u256_is_zero(&used)) {
        return build_used;
    }

    if (rc == LP_OK) {
        return build_keep;
    }

    lp_log_escape(reason, size, text, strlen(text));

    return orch_build_judge_revert(r, &b->winners[i], reason);
}


/* the one that was found used is all that is left of the build */

static orch_build_e
orch_build_only(orch_redeemer_t *r, size_t i)
{
    orch_build_t  *b = &r->build;

    b->winners[0] = b->winners[i];
    b->nwinners = 1;
    b->find_to = r->head;

    return build_find;
}


static void
orch_build_bury(orch_redeemer_t *r, size_t i, const char *reason)
{
    orch_build_t  *b = &r->build;
    char           face[LP_U256_DEC_LEN];

    lp_log(r->conf.log, LP_LOG_ERROR, "a winner of %s wei cannot be redeemed "
           "any more: %s", lp_u256_put_dec(face,
                                           &b->winners[i].ticket.face_value),
           reason);

    orch_record_winner(&b->record, &b->winners[i], winner_dead, reason);
    orch_redeemer_hold(r, &b->winners[i].ticket.rand_hash,
                       ORCH_REDEEM_HOLD_MS, reason);
}


static orch_build_e
orch_build_look_winners(orch_redeemer_t *r)
{
    char          reason[ORCH_STORE_REASON];
    size_t        i;
    orch_fate_e   fate[ORCH_REDEEM_BATCH];
    orch_build_t *b = &r->build;

    if (orch_record_begin(&b->record, b->nwinners) != LP_OK) {
        return orch_build_give_up(r, "out of memory");
    }

    for (i = 0; i < b->nwinners; i++) {
        fate[i] = orch_build_judge(r, i, reason, sizeof(reason));

        if (fate[i] == build_hold) {
            orch_redeemer_hold(r, &b->winners[i].ticket.rand_hash,
                               ORCH_REDEEM_HOLD_MS, reason);

        } else if (fate[i] == build_dead) {
            orch_build_bury(r, i, reason);
        }
    }

    if (b->record.n) {
        return build_record;
    }

    for (i = 0; i < b->nwinners; i++) {
        if (fate[i] == build_used) {
            return orch_build_only(r, i);
        }
    }

    for (i = b->nwinners; i-- > 0; /* void */ ) {
        if (fate[i] != build_keep) {
            orch_build_remove(b, i);
        }
    }

    return b->nwinners ? build_funds : build_idle;
}


static orch_build_e
orch_build_look_check(orch_redeemer_t *r)
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
        return orch_build_look_winners(r);
    }

    rc = orch_build_read_gas(&b->gas[0], text, sizeof(text),
                             &b->asks.asks[0]);
    if (rc == LP_OK) {
        return build_fees;
    }

    lp_log_escape(reason, sizeof(reason), text, strlen(text));

    return orch_build_give_up(r, rc == LP_GONE ? reason : "no node answers");
}


static void
orch_build_start_record(orch_redeemer_t *r)
{
    orch_record_start(&r->build.record, r->conf.store, &r->build.wake);
}


static orch_build_e
orch_build_look_record(orch_redeemer_t *r)
{
    return orch_record_status(&r->build.record) == LP_AGAIN ? build_record
                                                            : build_idle;
}


/* --- find: paid before, by another program or before a backup (T-92) */

static void
orch_build_start_find(orch_redeemer_t *r)
{
    uint64_t       from;
    orch_build_t  *b = &r->build;

    if (orch_asks_begin(r, &b->asks, 1, &b->wake) != LP_OK) {
        return;
    }

    from = b->find_to >= ORCH_BUILD_RANGE
           ? b->find_to - ORCH_BUILD_RANGE + 1 : 0;

    lp_rpc_put_logs(&b->asks.asks[0].request, b->asks.asks[0].id, from,
                    b->find_to, orch_redeemer_broker(r), 1);
    orch_chain_start(&b->asks.asks[0]);
}


/* a slot that has nothing to send, and watches until it is final */

static orch_build_e
orch_build_watch(orch_redeemer_t *r, const lp_rpc_log_t *log)
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


static orch_build_e
orch_build_look_find(orch_redeemer_t *r)
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
        next = orch_build_watch(r, log);

    } else if (rc == LP_MISSING && b->find_to >= ORCH_BUILD_RANGE
               && r->head - b->find_to
                  < ORCH_BUILD_RANGE * (ORCH_BUILD_RANGES - 1))
    {
        b->find_to -= ORCH_BUILD_RANGE;
        orch_build_start_find(r);
        next = build_find;

    } else {
        orch_build_hold(r, 0, ORCH_REDEEM_ALARM_MS, "it is used, but no "
                        "event says by whom");
        next = build_idle;
    }

    lp_rpc_logs_done(&logs);

    return next;
}


/* --- funds: what each of them would be paid now (T-20) */

static void
orch_build_start_funds(orch_redeemer_t *r)
{
    size_t               i;
    lp_buf_t             data;
    orch_ask_t          *ask;
    orch_build_t        *b = &r->build;
    const lp_ticket_t   *t;

    if (orch_asks_begin(r, &b->asks, 2 * b->nwinners, &b->wake) != LP_OK) {
        return;
    }

    for (i = 0; i < b->nwinners; i++) {

        t = &b->winners[i].ticket;
        ask = &b->asks.asks[2 * i];

        lp_buf_init(&data, ORCH_BUILD_CALL);
        lp_contracts_put_of(&data, "getSenderInfo(address)", &t->sender, NULL);
        orch_chain_put_call(ask, orch_redeemer_broker(r), NULL, &data);
        orch_chain_start(ask++);

        lp_buf_init(&data, ORCH_BUILD_CALL);
        lp_contracts_put_of(&data, "claimableReserve(address,address)",
                            &t->sender, &t->recipient);
        orch_chain_put_call(ask, orch_redeemer_broker(r), NULL, &data);
        orch_chain_start(ask);
    }
}


static lp_status_t
orch_build_read_funds(orch_redeemer_t *r, size_t i, lp_u256_t *deposit,
    lp_u256_t *claimable)
{
    lp_buf_t           words;
    lp_status_t        rc;
    lp_sender_info_t   info;
    const orch_ask_t  *asks = &r->build.asks.asks[2 * i];

    lp_buf_init(&words, ORCH_BUILD_CALL);

    rc = orch_chain_get_bytes(&words, NULL, &asks[0]);
    if (rc == LP_OK) {
        rc = lp_contracts_get_sender_info(&info, words.data, words.len);
    }

    lp_buf_done(&words);

    if (rc != LP_OK || asks[1].status != LP_OK) {
        return LP_GONE;
    }

    *deposit = info.deposit;

    if (orch_chain_get_u256(claimable, &asks[1]) != LP_OK) {
        lp_u256_set(claimable, 0);           /* it reverts: none */
    }

    return LP_OK;
}


/* what is under way, and what comes before in this build, is paid first */

static void
orch_build_preview(orch_redeemer_t *r, size_t i, lp_u256_t *deposit,
    lp_u256_t *claimable)
{
    size_t                j;
    lp_u256_t             paid;
    orch_build_t         *b = &r->build;
    const orch_slot_t    *s;
    const lp_address_t   *sender = &b->winners[i].ticket.sender;

    for (s = r->slots.next; s != &r->slots; s = s->next) {
        for (j = 0; !s->is_mined && j < s->nwinners; j++) {
            if (lp_address_equal(&s->winners[j].ticket.sender, sender)) {
                orch_plan_payout(&paid, deposit, claimable,
                                 &s->winners[j].ticket.face_value);
            }
        }
    }

    for (j = 0; j < i; j++) {
        if (lp_address_equal(&b->winners[j].ticket.sender, sender)) {
            orch_plan_payout(&paid, deposit, claimable,
                             &b->winners[j].ticket.face_value);
        }
    }

    orch_plan_payout(&b->payouts[i], deposit, claimable,
                     &b->winners[i].ticket.face_value);
}


static orch_build_e
orch_build_look_funds(orch_redeemer_t *r)
{
    size_t         i;
    lp_u256_t      deposit, claimable;
    orch_build_t  *b = &r->build;

    if (orch_asks_pending(&b->asks)) {
        return build_funds;
    }

    for (i = 0; i < b->nwinners; i++) {

        if (b->asks.n == 0
            || orch_build_read_funds(r, i, &deposit, &claimable) != LP_OK)
        {
            return orch_build_give_up(r, "no node answers");
        }

        orch_build_preview(r, i, &deposit, &claimable);
    }

    return build_fees;
}


/* --- fees */

static void
orch_build_start_fees(orch_redeemer_t *r)
{
    orch_build_t  *b = &r->build;

    if (orch_asks_begin(r, &b->asks, 2, &b->wake) == LP_OK) {
        orch_redeemer_ask_fees(r, &b->asks.asks[0], &b->asks.asks[1],
                               &b->wake);
    }
}


static void
orch_build_cost(lp_u256_t *cost, const orch_gas_t *g, uint64_t gas)
{
    lp_u256_t  price, n;

    lp_u256_set(&n, gas);

    if (lp_u256_add(&price, &g->base, &g->tip) != LP_OK
        || lp_u256_mul(cost, &price, &n) != LP_OK)
    {
        memset(cost, 0xff, sizeof(lp_u256_t));
    }
}


/* who is worth it now stays; the shares of all are the limit of the fees */

static void
orch_build_decide(orch_redeemer_t *r, const orch_gas_t *g, lp_u256_t *limit)
{
    size_t          i;
    lp_u256_t       part;
    orch_plan_e     plan;
    orch_build_t   *b = &r->build;
    orch_worth_t    worth;
    orch_window_t   w;

    lp_u256_set(limit, 0);
    lp_u256_set(&b->payout, 0);
    r->sums.waiting = 0;

    for (i = 0; i < b->nwinners; /* void */ ) {

        worth.face_value = b->winners[i].ticket.face_value;
        worth.payout = b->payouts[i];
        orch_build_cost(&worth.cost, g, b->gas[i]);
        orch_redeemer_window(r, &w, &b->winners[i]);

        plan = orch_plan_decide(&worth, &w);

        if (plan != plan_send) {
            r->sums.waiting++;
            orch_build_hold(r, i, ORCH_REDEEM_HOLD_MS, plan == plan_wait_gas
                            ? "gas is too dear for what it pays"
                            : plan == plan_wait_funds
                            ? "the sender's deposit does not cover it"
                            : "its rounds are over");
            continue;
        }

        orch_plan_part(&part, &worth.payout,
                       lp_u256_cmp(&worth.payout, &worth.face_value) < 0
                       ? ORCH_PLAN_SHARE_LATE : orch_plan_share(&w));
        (void) lp_u256_add(limit, limit, &part);
        (void) lp_u256_add(&b->payout, &b->payout, &worth.payout);
        i++;
    }
}


/*
 * A batch leaves out what fails in it, so its gas is the sum of what each
 * needs alone: a node's estimate of the whole would be happy with less.
 */

static uint64_t
orch_build_gas(const orch_build_t *b)
{
    size_t    i;
    uint64_t  gas = 0;

    for (i = 0; i < (orch_build_redeems(b) ? b->nwinners : 1); i++) {
        gas += b->gas[i];
    }

    return b->kind == tx_gap ? ORCH_BUILD_GAP_GAS : gas + gas / 4;
}


static orch_build_e
orch_build_look_fees(orch_redeemer_t *r)
{
    orch_gas_t     g;
    lp_u256_t      limit, cost;
    lp_status_t    rc;
    orch_build_t  *b = &r->build;

    if (b->asks.n == 0) {
        return orch_build_give_up(r, "out of memory");
    }

    rc = orch_redeemer_read_fees(r, &g, &b->asks.asks[0], &b->asks.asks[1]);

    if (rc != LP_OK) {
        return rc == LP_AGAIN ? build_fees
               : orch_build_give_up(r, "no node says what gas costs");
    }

    lp_u256_set(&limit, 0);

    if (orch_build_redeems(b)) {
        orch_build_decide(r, &g, &limit);

        if (b->nwinners == 0) {
            return build_idle;
        }

        b->kind = b->nwinners > 1 ? tx_batch : tx_redeem;
    }

    memset(&b->tx, 0, sizeof(orch_tx_t));
    b->tx.kind = b->kind;
    b->tx.gas = orch_build_gas(b);

    if (orch_plan_fees(&b->tx.max_fee, &b->tx.max_priority, &g, b->tx.gas,
                       &limit) != LP_OK)
    {
        return orch_build_give_up(r, "gas is dearer than --max-gas-price, or "
                                  "than what it pays");
    }

    orch_build_cost(&cost, &g, b->tx.gas);

    return orch_redeemer_affords(r, &cost) ? build_sign
           : orch_build_give_up(r, "the day's --gas-budget is used up");
}


/* --- sign and store */

static void
orch_build_start_sign(orch_redeemer_t *r)
{
    orch_build_t  *b = &r->build;

    b->tx.nonce = b->kind == tx_gap ? b->nonce : orch_redeemer_nonce(r);
    lp_buf_done(&b->data);

    if (orch_redeemer_put_call(r, &b->data, &b->to, b->kind, b->winners,
                               b->nwinners) != LP_OK)
    {
        memset(&b->sign, 0, sizeof(orch_sign_t));
        b->sign.status = LP_GONE;
        orch_loop_wake(&b->wake);
        return;
    }

    LP_FAILPOINT("redeem_before_sign");

    orch_redeemer_sign(r, &b->sign, &b->tx, &b->to, &b->data, &b->wake);
}


static orch_build_e
orch_build_look_sign(orch_redeemer_t *r)
{
    const char    *why;
    orch_build_t  *b = &r->build;

    if (b->sign.status == LP_AGAIN) {
        return build_sign;
    }

    LP_FAILPOINT("redeem_signed");

    why = orch_redeemer_signed(&b->tx, &b->sign);
    orch_signer_cancel(&b->sign);
    lp_buf_done(&b->data);

    return why ? orch_build_give_up(r, why) : build_store;
}


static void
orch_build_start_store(orch_redeemer_t *r)
{
    size_t         i;
    orch_build_t  *b = &r->build;

    for (i = 0; i < b->nwinners; i++) {
        b->ids[i] = b->winners[i].id;
    }

    b->tx.state = tx_signed;
    b->tx.signed_s = orch_loop_unix_s(r->conf.loop);

    memset(&b->op, 0, sizeof(orch_op_t));
    b->op.what = store_put_tx;
    b->op.tx = &b->tx;
    b->op.ids = b->ids;
    b->op.nids = b->nwinners;
    b->op.wake = &b->wake;

    orch_store_start(r->conf.store, &b->op);
}


static orch_build_e
orch_build_look_store(orch_redeemer_t *r)
{
    orch_slot_t   *slot;
    orch_build_t  *b = &r->build;

    if (b->op.status == LP_AGAIN) {
        return build_store;
    }

    if (b->op.status != LP_OK) {
        return orch_build_give_up(r, "the store cannot be written: nothing "
                                  "is sent");
    }

    LP_FAILPOINT("redeem_stored");

    slot = orch_slot_create(r, b->kind, b->tx.nonce, b->winners,
                            b->nwinners);
    if (slot == NULL) {
        lp_log(r->conf.log, LP_LOG_ERROR, "out of memory: a transaction is "
               "sent after a restart");
        return build_idle;
    }

    slot->payout = b->payout;
    orch_slot_add(slot, &b->tx);

    lp_log(r->conf.log, LP_LOG_INFO, "%s is sent with nonce %llu: %zu "
           "winners", orch_redeemer_kind(b->kind),
           (unsigned long long) b->tx.nonce, b->nwinners);

    b->tx.raw = NULL;
    b->winners = NULL;
    b->nwinners = 0;

    orch_slot_begin(slot, slot_send);

    return build_idle;
}


/* --- the steps */

static const orch_build_step_t  orch_build_steps[] = {
    [build_idle]   = { NULL,                    NULL                   },
    [build_reveal] = { orch_build_start_reveal, orch_build_look_reveal },
    [build_check]  = { orch_build_start_check,  orch_build_look_check  },
    [build_find]   = { orch_build_start_find,   orch_build_look_find   },
    [build_funds]  = { orch_build_start_funds,  orch_build_look_funds  },
    [build_fees]   = { orch_build_start_fees,   orch_build_look_fees   },
    [build_sign]   = { orch_build_start_sign,   orch_build_look_sign   },
    [build_store]  = { orch_build_start_store,  orch_build_look_store  },
    [build_record] = { orch_build_start_record, orch_build_look_record }
};


static void
orch_build_clear(orch_redeemer_t *r)
{
    orch_build_t  *b = &r->build;

    if (b->op.status == LP_AGAIN) {
        orch_store_leave(&b->op);
    }

    memset(&b->op, 0, sizeof(orch_op_t));
    orch_asks_done(&b->asks);
    orch_signer_cancel(&b->sign);
    orch_record_done(&b->record);
    lp_buf_done(&b->data);
    free(b->tx.raw);
    b->tx.raw = NULL;
    free(b->winners);
    b->winners = NULL;
    b->nwinners = 0;
}


static void
orch_build_enter(orch_redeemer_t *r, orch_build_e state)
{
    r->build.state = state;

    if (state == build_idle) {
        orch_build_clear(r);
        orch_redeemer_wake(r);
        return;
    }

    orch_build_steps[state].start(r);
}


static void
orch_build_run(void *data)
{
    orch_build_e      next;
    orch_redeemer_t  *r = data;

    while (r->build.state != build_idle) {

        next = orch_build_steps[r->build.state].look(r);

        if (next == r->build.state) {
            return;
        }

        orch_build_enter(r, next);
    }
}


void
orch_build_start(orch_redeemer_t *r, orch_tx_kind_e kind,
    orch_winner_t *winners, size_t n, uint64_t nonce)
{
    orch_build_t  *b = &r->build;

    b->kind = kind;
    b->nonce = nonce;
    b->winners = winners;
    b->nwinners = n;
    lp_u256_set(&b->payout, 0);
    memset(b->gas, 0, sizeof(b->gas));

    orch_build_enter(r, orch_build_redeems(b) ? build_reveal
                        : kind == tx_gap ? build_fees : build_check);
    orch_build_run(r);
}


void
orch_build_init(orch_redeemer_t *r)
{
    orch_timer_init(&r->build.wake, r->conf.loop, orch_build_run, r);
}


void
orch_build_done(orch_redeemer_t *r)
{
    orch_build_clear(r);
    orch_timer_done(&r->build.wake);
}
