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
#define ORCH_BUILD_GAP_GAS 21000


typedef struct {
    void          (*start)(orch_redeemer_t *r);
    orch_build_e  (*look)(orch_redeemer_t *r);
} orch_build_step_t;


static void orch_build_enter(orch_redeemer_t *r, orch_build_e state);


int
orch_build_redeems(const orch_build_t *b)
{
    return b->kind == tx_redeem || b->kind == tx_batch;
}


/* a winner leaves the build; the others keep their order */

void
orch_build_remove(orch_build_t *b, size_t i)
{
    size_t  rest = b->nwinners - i - 1;

    memmove(&b->winners[i], &b->winners[i + 1], rest * sizeof(b->winners[0]));
    memmove(&b->gas[i], &b->gas[i + 1], rest * sizeof(b->gas[0]));
    memmove(&b->payouts[i], &b->payouts[i + 1], rest * sizeof(b->payouts[0]));
    b->nwinners--;
}


void
orch_build_hold(orch_redeemer_t *r, size_t i, uint64_t ms, const char *why)
{
    orch_redeemer_hold(r, &r->build.winners[i].ticket.rand_hash, ms, why);
    orch_build_remove(&r->build, i);
}


/* it comes to nothing now */

orch_build_e
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
        orch_build_hold(r, b->nwinners - 1, r->conf.conf->hold_ms, why);
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
            orch_build_hold(r, i, r->conf.conf->hold_ms, plan == plan_wait_gas
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
    [build_check]  = { orch_check_start,        orch_check_look        },
    [build_find]   = { orch_check_start_find,   orch_check_look_find   },
    [build_funds]  = { orch_build_start_funds,  orch_build_look_funds  },
    [build_fees]   = { orch_build_start_fees,   orch_build_look_fees   },
    [build_sign]   = { orch_build_start_sign,   orch_build_look_sign   },
    [build_store]  = { orch_build_start_store,  orch_build_look_store  },
    [build_record] = { orch_check_start_record, orch_check_look_record }
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
