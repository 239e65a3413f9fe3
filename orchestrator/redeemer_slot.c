/*
 * One nonce, from the journal until it is final. What was signed for it is
 * sent again as it is, and when it waits too long a sibling with higher fees
 * takes its place; all of them are watched, since any may be mined (T-76).
 *
 *   receipts -> send -> sent -> wait -> receipts ..
 *       |  \-> fees -> sign -> store -> send
 *       |  \-> close (another has the nonce)
 *       v
 *   mining -> mined -> check -> mined ..
 *                        |  \-> send (a reorg took it back)
 *                        v
 *                     confirm -> close -> gone
 */

#include <stdlib.h>
#include <string.h>

#include "orchestrator/redeemer_state.h"


#define ORCH_SLOT_DATA  (64 * 1024)


/* start: on entry; look: after a wake, the state that follows. A state
   without them waits for orch_slot_look() */
typedef struct {
    void         (*start)(orch_slot_t *s);
    orch_slot_e  (*look)(orch_slot_t *s);
} orch_slot_step_t;


static void orch_slot_enter(orch_slot_t *s, orch_slot_e state);


static void
orch_slot_say(const orch_slot_t *s, lp_log_level_e level, const char *what)
{
    lp_log(s->redeemer->conf.log, level, "%s with nonce %llu: %s",
           orch_redeemer_kind(s->kind), (unsigned long long) s->nonce, what);
}


/* --- receipts */

static void
orch_slot_start_receipts(orch_slot_t *s)
{
    orch_receipts_ask(s, 0, s->ntxs);
}


/* none of ours is mined, and another has the nonce for good: the winners are
   planned anew (T-79). Nothing of ours can be mined after that */

static orch_slot_e
orch_slot_displaced(orch_slot_t *s)
{
    uint64_t  block = s->redeemer->head;

    if (s->displaced == 0) {
        s->displaced = block;
        orch_slot_say(s, LP_LOG_WARN, "a transaction that is not ours has "
                      "the nonce");
    }

    return block >= s->displaced + s->redeemer->conf.conf->confirmations
           ? slot_close : slot_wait;
}


static orch_slot_e
orch_slot_unmined(orch_slot_t *s, orch_said_e said)
{
    orch_redeemer_t  *r = s->redeemer;

    if (s->txs[0].id == 0) {                 /* what another sent */
        return said == said_missing ? slot_close : slot_wait;
    }

    if (said == said_missing && r->nonces_known && r->mined_nonce > s->nonce) {
        return orch_slot_displaced(s);
    }

    s->displaced = 0;

    if (s->sent_ms == 0) {
        return slot_send;
    }

    if (orch_redeemer_now(r) < s->sent_ms + r->conf.conf->replace_ms) {
        return slot_wait;
    }

    /* some say that it is mined: the same once more can do no harm */

    return said == said_missing ? slot_fees : slot_send;
}


static orch_slot_e
orch_slot_look_receipts(orch_slot_t *s)
{
    orch_said_e  said = orch_receipts_read(s, &s->mined, &s->receipt);

    switch (said) {

    case said_later:
        return slot_receipts;

    case said_nothing:
        return slot_wait;

    case said_mined:
        return slot_mining;

    default:
        return orch_slot_unmined(s, said);
    }
}


/* --- sending: to every node, so that none of them can hide it */

static void
orch_slot_start_send(orch_slot_t *s)
{
    unsigned          i, nodes = orch_chain_nodes(s->redeemer->conf.chain);
    orch_ask_t       *ask;
    const orch_tx_t  *tx = &s->txs[s->ntxs - 1];

    LP_FAILPOINT("redeem_before_send");

    s->sent_ms = orch_redeemer_now(s->redeemer);

    if (orch_asks_begin(s->redeemer, &s->asks, nodes, &s->wake) != LP_OK) {
        return;
    }

    for (i = 0; i < nodes; i++) {
        ask = &s->asks.asks[i];
        ask->only = (int) i;
        lp_rpc_put_send(&ask->request, ask->id, tx->raw, tx->raw_len);
        orch_chain_start(ask);
    }

    s->redeemer->sums.sent++;
}


static int
orch_slot_is_known(const char *message)
{
    return strstr(message, "known") || strstr(message, "already")
           || strstr(message, "nonce too low");
}


/* a node that refuses is no reason to stop: receipts say what became of it */

static void
orch_slot_complain(orch_slot_t *s, const lp_rpc_error_t *e)
{
    char  text[ORCH_STORE_REASON];

    if (orch_slot_is_known(e->message)) {
        return;
    }

    lp_log_escape(text, sizeof(text), e->message, strlen(e->message));
    lp_log(s->redeemer->conf.log, LP_LOG_WARN, "%s with nonce %llu: a node "
           "does not take it: %s", orch_redeemer_kind(s->kind),
           (unsigned long long) s->nonce, text);
}


static orch_slot_e
orch_slot_look_send(orch_slot_t *s)
{
    size_t             i;
    lp_hash_t          hash;
    lp_rpc_error_t     e;
    const orch_ask_t  *ask;

    for (i = 0; i < s->asks.n; i++) {

        ask = &s->asks.asks[i];

        if (ask->status == LP_OK
            && lp_rpc_get_hash(&hash, &e, ask->id, ask->reply.data,
                               ask->reply.len) == LP_OK)
        {
            break;                            /* one has it: that will do */
        }
    }

    if (i == s->asks.n && orch_asks_pending(&s->asks)) {
        return slot_send;
    }

    for (i = 0; i < s->asks.n; i++) {

        ask = &s->asks.asks[i];

        if (ask->status == LP_OK
            && lp_rpc_get_hash(&hash, &e, ask->id, ask->reply.data,
                               ask->reply.len) == LP_GONE)
        {
            orch_slot_complain(s, &e);
        }
    }

    LP_FAILPOINT("redeem_after_send");

    return slot_sent;
}


static void
orch_slot_start_sent(orch_slot_t *s)
{
    size_t  i;

    if (orch_record_begin(&s->record, s->recorded ? 0 : s->nwinners + 1)
        != LP_OK)
    {
        return;
    }

    for (i = 0; !s->recorded && i < s->nwinners; i++) {
        orch_record_winner(&s->record, &s->winners[i], winner_sent, "");
    }

    if (!s->recorded) {
        orch_record_tx(&s->record, s->txs[s->ntxs - 1].id, tx_sent, 0);
    }

    orch_record_start(&s->record, s->redeemer->conf.store, &s->wake);
}


static orch_slot_e
orch_slot_look_sent(orch_slot_t *s)
{
    lp_status_t  rc = orch_record_status(&s->record);

    if (rc == LP_AGAIN) {
        return slot_sent;
    }

    s->recorded = rc == LP_OK;

    return slot_wait;
}


/* --- a sibling with higher fees */

static void
orch_slot_start_fees(orch_slot_t *s)
{
    orch_redeemer_ask_fees(s->redeemer, &s->ask_block, &s->ask_tip, &s->wake);
}


/* what all its winners may cost together; zero: no limit but the operator's */

static void
orch_slot_limit(const orch_slot_t *s, lp_u256_t *limit)
{
    orch_window_t  w;

    lp_u256_set(limit, 0);

    if (s->nwinners) {
        orch_redeemer_window(s->redeemer, &w, &s->winners[0]);
        orch_plan_part(limit, &s->payout, orch_plan_share(&w));
    }
}


static orch_slot_e
orch_slot_look_fees(orch_slot_t *s)
{
    orch_gas_t        g;
    lp_u256_t         limit;
    lp_status_t       rc;
    const orch_tx_t  *last = &s->txs[s->ntxs - 1];

    rc = orch_redeemer_read_fees(s->redeemer, &g, &s->ask_block, &s->ask_tip);

    if (rc == LP_AGAIN) {
        return slot_fees;
    }

    memset(&s->fresh, 0, sizeof(orch_tx_t));
    s->fresh.kind = s->kind;
    s->fresh.nonce = s->nonce;
    s->fresh.gas = last->gas;
    s->fresh.max_fee = last->max_fee;
    s->fresh.max_priority = last->max_priority;
    s->fresh.replaces = last->id;

    orch_slot_limit(s, &limit);

    if (rc == LP_OK) {
        rc = s->ntxs == ORCH_REDEEM_SIBLINGS ? LP_LIMIT
             : orch_plan_raise(&s->fresh.max_fee, &s->fresh.max_priority, &g,
                               last->gas, &limit);
    }

    /* no more than it is worth: the same bytes once more */

    return rc == LP_OK ? slot_sign : slot_send;
}


static void
orch_slot_start_sign(orch_slot_t *s)
{
    lp_address_t      to;
    orch_redeemer_t  *r = s->redeemer;

    lp_buf_done(&s->data);

    if (orch_redeemer_put_call(r, &s->data, &to, s->kind, s->winners,
                               s->nwinners) != LP_OK)
    {
        orch_signer_cancel(&s->sign);
        memset(&s->sign, 0, sizeof(orch_sign_t));
        s->sign.status = LP_GONE;
        orch_loop_wake(&s->wake);
        return;
    }

    LP_FAILPOINT("redeem_before_raise");

    orch_redeemer_sign(r, &s->sign, &s->fresh, &to, &s->data, &s->wake);
}


static orch_slot_e
orch_slot_look_sign(orch_slot_t *s)
{
    const char  *why;

    if (s->sign.status == LP_AGAIN) {
        return slot_sign;
    }

    why = orch_redeemer_signed(&s->fresh, &s->sign);
    orch_signer_cancel(&s->sign);
    lp_buf_done(&s->data);

    if (why) {
        orch_slot_say(s, LP_LOG_WARN, why);
        return slot_send;
    }

    return slot_store;
}


static void
orch_slot_start_store(orch_slot_t *s)
{
    orch_redeemer_t  *r = s->redeemer;

    s->fresh.signed_s = orch_loop_unix_s(r->conf.loop);

    memset(&s->op, 0, sizeof(orch_op_t));
    s->op.what = store_put_tx;
    s->op.tx = &s->fresh;
    s->op.ids = s->ids;
    s->op.nids = s->nwinners;
    s->op.wake = &s->wake;

    orch_store_start(r->conf.store, &s->op);
}


static orch_slot_e
orch_slot_look_store(orch_slot_t *s)
{
    if (s->op.status == LP_AGAIN) {
        return slot_store;
    }

    if (s->op.status != LP_OK) {
        free(s->fresh.raw);
        s->fresh.raw = NULL;
        orch_slot_say(s, LP_LOG_ERROR, "a replacement is not stored, and "
                      "not sent");
        return slot_send;
    }

    LP_FAILPOINT("redeem_raised");

    s->recorded = 0;
    s->redeemer->sums.replaced++;
    orch_slot_add(s, &s->fresh);
    s->fresh.raw = NULL;
    orch_slot_say(s, LP_LOG_INFO, "its fees are raised");

    return slot_send;
}


/* --- mined */

static void
orch_slot_start_mining(orch_slot_t *s)
{
    size_t  i;

    s->is_mined = 1;
    s->displaced = 0;

    if (orch_record_begin(&s->record, s->nwinners + 1) != LP_OK) {
        return;
    }

    for (i = 0; i < s->nwinners; i++) {
        s->winners[i].block = s->receipt.block;
        orch_record_winner(&s->record, &s->winners[i], winner_mined, "");
    }

    orch_record_tx(&s->record, s->txs[s->mined].id, tx_mined,
                   s->receipt.block);
    orch_record_start(&s->record, s->redeemer->conf.store, &s->wake);
}


static orch_slot_e
orch_slot_look_mining(orch_slot_t *s)
{
    return orch_record_status(&s->record) == LP_AGAIN ? slot_mining
                                                      : slot_mined;
}


static void
orch_slot_start_check(orch_slot_t *s)
{
    orch_receipts_ask(s, s->mined, 1);
}


/* not mined after all, or not by the word of most */

static orch_slot_e
orch_slot_taken_back(orch_slot_t *s, const char *what)
{
    s->is_mined = 0;
    s->recorded = 0;
    s->sent_ms = 0;
    s->redeemer->sums.reorged++;
    orch_slot_say(s, LP_LOG_WARN, what);

    return slot_receipts;
}


static orch_slot_e
orch_slot_look_check(orch_slot_t *s)
{
    unsigned           i;
    lp_rpc_receipt_t   receipt;
    orch_redeemer_t   *r = s->redeemer;

    switch (orch_receipts_read(s, &i, &receipt)) {

    case said_later:
        return slot_check;

    case said_nothing:
        return slot_mined;

    case said_missing:
        return orch_slot_taken_back(s, "a reorg took it back");

    case said_both:
        return orch_slot_taken_back(s, "the nodes do not agree that it is "
                                    "mined");

    default:
        break;
    }

    if (receipt.block != s->receipt.block
        || memcmp(receipt.block_hash.b, s->receipt.block_hash.b, 32) != 0)
    {
        s->receipt = receipt;
        return slot_mining;
    }

    return r->head >= receipt.block + r->conf.conf->confirmations
           ? slot_confirm : slot_mined;
}


static orch_slot_e
orch_slot_look_confirm(orch_slot_t *s)
{
    lp_status_t  rc = orch_final_take(s);

    return rc == LP_AGAIN ? slot_confirm
           : rc == LP_OK ? slot_close : slot_mined;
}


/* --- the end */

static void
orch_slot_gas(orch_slot_t *s, lp_u256_t *wei)
{
    lp_u256_t  used;

    lp_u256_set(&used, s->receipt.gas_used);

    if (lp_u256_mul(wei, &used, &s->receipt.gas_price) != LP_OK) {
        lp_u256_set(wei, 0);
    }
}


static void
orch_slot_close_winner(orch_slot_t *s, orch_winner_t *w)
{
    if (s->is_mined && w->state == winner_final) {
        orch_record_winner(&s->record, w, winner_final, "");
        return;
    }

    orch_record_winner(&s->record, w, winner_won, "");
    orch_redeemer_hold(s->redeemer, &w->ticket.rand_hash, s->is_mined
                       ? s->redeemer->conf.conf->hold_ms : 0, "its transaction paid "
                       "nothing");
}


static void
orch_slot_start_close(orch_slot_t *s)
{
    size_t    i;
    unsigned  t;

    if (orch_record_begin(&s->record, s->nwinners + s->ntxs) != LP_OK) {
        return;
    }

    for (i = 0; i < s->nwinners; i++) {
        orch_slot_close_winner(s, &s->winners[i]);
    }

    for (t = 0; t < s->ntxs; t++) {
        orch_record_tx(&s->record, s->txs[t].id, !s->is_mined ? tx_dropped
                       : t == s->mined ? tx_final : tx_replaced,
                       s->is_mined && t == s->mined ? s->receipt.block : 0);
    }

    orch_record_start(&s->record, s->redeemer->conf.store, &s->wake);
}


static void
orch_slot_report(orch_slot_t *s)
{
    char              text[LP_U256_DEC_LEN];
    size_t            i;
    orch_redeemer_t  *r = s->redeemer;

    for (i = 0; s->is_mined && i < s->nwinners; i++) {
        if (s->winners[i].state == winner_final) {
            lp_log(r->conf.log, LP_LOG_INFO, "a winner is paid: %s wei in "
                   "block %llu", lp_u256_put_dec(text,
                                                 &s->winners[i].paid_wei),
                   (unsigned long long) s->winners[i].block);
        }
    }

    if (s->is_mined && !s->receipt.success) {
        r->sums.failed++;
        orch_slot_say(s, LP_LOG_WARN, "it was mined, but failed");
        return;
    }

    r->sums.rounds += s->is_mined && s->kind == tx_round;
    r->sums.rewards += s->is_mined && s->kind == tx_reward;
}


static orch_slot_e
orch_slot_look_close(orch_slot_t *s)
{
    lp_u256_t         gas;
    lp_status_t       rc = orch_record_status(&s->record);
    orch_redeemer_t  *r = s->redeemer;

    if (rc != LP_OK) {
        return rc == LP_AGAIN ? slot_close
               : s->is_mined ? slot_mined : slot_wait;
    }

    if (s->is_mined && s->txs[s->mined].id) {
        orch_slot_gas(s, &gas);
        orch_redeemer_spend(r, &gas);
    }

    orch_slot_report(s);
    orch_round_over(r, s->kind, s->is_mined && s->receipt.success);

    return slot_gone;
}


/* --- the states */

static const orch_slot_step_t  orch_slot_steps[] = {
    [slot_receipts] = { orch_slot_start_receipts, orch_slot_look_receipts },
    [slot_send]     = { orch_slot_start_send,     orch_slot_look_send     },
    [slot_sent]     = { orch_slot_start_sent,     orch_slot_look_sent     },
    [slot_wait]     = { NULL,                     NULL                    },
    [slot_fees]     = { orch_slot_start_fees,     orch_slot_look_fees     },
    [slot_sign]     = { orch_slot_start_sign,     orch_slot_look_sign     },
    [slot_store]    = { orch_slot_start_store,    orch_slot_look_store    },
    [slot_mining]   = { orch_slot_start_mining,   orch_slot_look_mining   },
    [slot_mined]    = { NULL,                     NULL                    },
    [slot_check]    = { orch_slot_start_check,    orch_slot_look_check    },
    [slot_confirm]  = { orch_final_ask,           orch_slot_look_confirm  },
    [slot_close]    = { orch_slot_start_close,    orch_slot_look_close    }
};


static void
orch_slot_enter(orch_slot_t *s, orch_slot_e state)
{
    s->state = state;

    if (orch_slot_steps[state].start) {
        orch_slot_steps[state].start(s);
    }
}


static void
orch_slot_run(void *data)
{
    orch_slot_e   next;
    orch_slot_t  *s = data;

    while (orch_slot_steps[s->state].look) {

        next = orch_slot_steps[s->state].look(s);

        if (next == s->state) {
            return;
        }

        if (next == slot_gone) {
            orch_redeemer_wake(s->redeemer);
            orch_slot_destroy(s);
            return;
        }

        orch_slot_enter(s, next);
    }
}


void
orch_slot_look(orch_slot_t *s)
{
    if (s->state == slot_wait || s->state == slot_mined) {
        orch_slot_enter(s, s->state == slot_wait ? slot_receipts
                                                 : slot_check);
        orch_slot_run(s);
    }
}


void
orch_slot_begin(orch_slot_t *s, orch_slot_e state)
{
    orch_slot_enter(s, state);
    orch_loop_wake(&s->wake);
}


/* --- life */

orch_slot_t *
orch_slot_create(orch_redeemer_t *r, orch_tx_kind_e kind, uint64_t nonce,
    orch_winner_t *winners, size_t n)
{
    size_t        i;
    orch_slot_t  *s, *at;

    s = calloc(1, sizeof(orch_slot_t));
    if (s == NULL) {
        return NULL;
    }

    s->ids = calloc(n ? n : 1, sizeof(int64_t));
    if (s->ids == NULL) {
        free(s);
        return NULL;
    }

    for (i = 0; i < n; i++) {
        s->ids[i] = winners[i].id;
        (void) lp_u256_add(&s->payout, &s->payout,
                           &winners[i].ticket.face_value);
    }

    s->redeemer = r;
    s->kind = kind;
    s->nonce = nonce;
    s->winners = winners;
    s->nwinners = n;
    lp_buf_init(&s->data, ORCH_SLOT_DATA);
    orch_timer_init(&s->wake, r->conf.loop, orch_slot_run, s);

    for (at = r->slots.next; at != &r->slots && at->nonce < nonce;
         at = at->next) { /* void */ }

    s->next = at;
    s->prev = at->prev;
    at->prev->next = s;
    at->prev = s;
    r->nslots++;

    return s;
}


void
orch_slot_add(orch_slot_t *s, const orch_tx_t *tx)
{
    if (s->ntxs < ORCH_REDEEM_SIBLINGS) {
        s->txs[s->ntxs++] = *tx;
        return;
    }

    free(tx->raw);
}


void
orch_slot_destroy(orch_slot_t *s)
{
    unsigned  i;

    s->prev->next = s->next;
    s->next->prev = s->prev;
    s->redeemer->nslots--;

    for (i = 0; i < s->ntxs; i++) {
        free(s->txs[i].raw);
    }

    if (s->op.status == LP_AGAIN) {
        orch_store_leave(&s->op);
    }

    orch_asks_done(&s->asks);
    orch_chain_cancel(&s->ask_block);
    orch_chain_cancel(&s->ask_tip);
    orch_signer_cancel(&s->sign);
    orch_record_done(&s->record);
    orch_timer_done(&s->wake);
    lp_buf_done(&s->data);
    free(s->fresh.raw);
    free(s->winners);
    free(s->ids);
    free(s);
}
