/*
 * What is due now: slots are looked at with each head, the round's calls are
 * made, a gap in the nonces is filled, and what has won is taken from the
 * store, oldest deadline first. Between two heads a timer does the same, so
 * that a chain that stands still is noticed too.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/redeemer_state.h"


#define ORCH_REDEEMER_TICK_MS  1000
#define ORCH_REDEEMER_LIVE     (1u << winner_signed | 1u << winner_sent       \
                                | 1u << winner_mined)
#define ORCH_REDEEMER_TXS      (1u << tx_signed | 1u << tx_sent               \
                                | 1u << tx_mined)
#define ORCH_REDEEMER_DAY      86400


uint64_t
orch_redeemer_now(const orch_redeemer_t *r)
{
    return orch_loop_now_ms(r->conf.loop);
}


void
orch_redeemer_wake(orch_redeemer_t *r)
{
    orch_loop_wake(&r->wake);
}


void
orch_redeemer_window(const orch_redeemer_t *r, orch_window_t *w,
    const orch_winner_t *winner)
{
    const orch_facts_t  *f = orch_watcher_facts(r->conf.watcher);

    orch_plan_window(w, winner->expiration_block,
                     r->conf.conf->reveal_blocks, winner->ticket.round,
                     f->validity, f->round, f->round_start, f->round_length,
                     f->l1_block);
}


const char *
orch_redeemer_stopped(const orch_redeemer_t *r)
{
    if (!orch_chain_trusted(r->conf.chain)) {
        return "an address of the contracts has changed: restart after you "
               "have seen to it";
    }

    if (orch_watcher_stale(r->conf.watcher)) {
        return "the node's newest block is old";
    }

    if (!r->nonces_known) {
        return "no node says which nonce is next";
    }

    return r->nslots >= ORCH_REDEEM_SLOTS ? "enough is under way" : NULL;
}


/* --- what waits */

int
orch_redeemer_is_held(orch_redeemer_t *r, const lp_hash_t *rand_hash)
{
    size_t    i;
    uint64_t  now = orch_redeemer_now(r);

    for (i = 0; i < r->nheld; /* void */ ) {

        if (r->held[i].until_ms <= now) {
            r->held[i] = r->held[--r->nheld];
            continue;
        }

        if (memcmp(r->held[i].hash.b, rand_hash->b, 32) == 0) {
            return 1;
        }

        i++;
    }

    return 0;
}


void
orch_redeemer_hold(orch_redeemer_t *r, const lp_hash_t *rand_hash,
    uint64_t ms, const char *why)
{
    size_t  i, at;

    if (ms == 0) {
        return;
    }

    if (strcmp(r->sums.last_error, why) != 0) {
        snprintf(r->sums.last_error, sizeof(r->sums.last_error), "%s", why);
        lp_log(r->conf.log, LP_LOG_INFO, "a winner waits: %s", why);
    }

    /* when all places are taken, the one that ends first is given up */

    for (i = 0, at = 0; i < r->nheld; i++) {
        at = r->held[i].until_ms < r->held[at].until_ms ? i : at;
    }

    if (r->nheld < ORCH_REDEEM_HELD) {
        at = r->nheld++;
    }

    r->held[at].hash = *rand_hash;
    r->held[at].until_ms = orch_redeemer_now(r) + ms;
}


/* --- gas of a day */

static void
orch_redeemer_turn_day(orch_redeemer_t *r)
{
    int64_t  day = orch_loop_unix_s(r->conf.loop) / ORCH_REDEEMER_DAY;

    if (day != r->day) {
        r->day = day;
        lp_u256_set(&r->sums.gas_wei, 0);
    }
}


void
orch_redeemer_spend(orch_redeemer_t *r, const lp_u256_t *wei)
{
    orch_redeemer_turn_day(r);
    (void) lp_u256_add(&r->sums.gas_wei, &r->sums.gas_wei, wei);
}


int
orch_redeemer_affords(orch_redeemer_t *r, const lp_u256_t *wei)
{
    lp_u256_t         sum;
    const lp_u256_t  *budget = &r->conf.conf->gas_budget;

    orch_redeemer_turn_day(r);

    return lp_u256_is_zero(budget)
           || (lp_u256_add(&sum, &r->sums.gas_wei, wei) == LP_OK
               && lp_u256_cmp(&sum, budget) <= 0);
}


/* --- nonces: the lowest that any node says, so that one that lies high
   cannot make us leave a gap (T-79, T-81) */

uint64_t
orch_redeemer_nonce(orch_redeemer_t *r)
{
    uint64_t  next = orch_store_next_nonce(r->conf.store);

    return next > r->pending_nonce ? next : r->pending_nonce;
}


static void
orch_redeemer_ask_nonces(orch_redeemer_t *r)
{
    unsigned             i, n = orch_chain_nodes(r->conf.chain);
    orch_ask_t          *ask;
    const lp_address_t  *us = orch_signer_address(r->conf.signer);

    if (orch_asks_pending(&r->nonces)
        || orch_asks_begin(r, &r->nonces, 2 * n, &r->asked) != LP_OK)
    {
        return;
    }

    for (i = 0; i < n; i++) {
        ask = &r->nonces.asks[2 * i];
        ask[0].only = ask[1].only = (int) i;
        lp_rpc_put_mined_nonce(&ask[0].request, ask[0].id, us);
        lp_rpc_put_nonce(&ask[1].request, ask[1].id, us);
        orch_chain_start(&ask[0]);
        orch_chain_start(&ask[1]);
    }
}


static int
orch_redeemer_read_nonce(uint64_t *nonce, const orch_ask_t *ask)
{
    return ask->status == LP_OK
           && lp_rpc_get_u64(nonce, NULL, ask->id, ask->reply.data,
                             ask->reply.len) == LP_OK;
}


static void
orch_redeemer_on_nonces(void *data)
{
    size_t            i;
    uint64_t          mined, pending, low = UINT64_MAX, next = UINT64_MAX;
    orch_redeemer_t  *r = data;

    if (r->nonces.n == 0 || orch_asks_pending(&r->nonces)) {
        return;
    }

    for (i = 0; i + 1 < r->nonces.n; i += 2) {
        if (orch_redeemer_read_nonce(&mined, &r->nonces.asks[i])
            && orch_redeemer_read_nonce(&pending, &r->nonces.asks[i + 1]))
        {
            low = mined < low ? mined : low;
            next = pending < next ? pending : next;
        }
    }

    orch_asks_done(&r->nonces);

    if (low == UINT64_MAX) {
        return;                               /* what was known still is */
    }

    r->mined_nonce = low;
    r->pending_nonce = next;

    if (!r->nonces_known) {
        r->nonces_known = 1;
        orch_redeemer_wake(r);
    }
}


/* a nonce that nobody uses stops all that come after it */

static int
orch_redeemer_fill_gap(orch_redeemer_t *r)
{
    uint64_t  now = orch_redeemer_now(r);

    if (r->nslots == 0 || r->slots.next->nonce <= r->mined_nonce
        || r->pending_nonce > r->mined_nonce)
    {
        r->gap_since_ms = 0;
        return 0;
    }

    if (r->gap_since_ms == 0) {
        r->gap_since_ms = now;
    }

    if (now < r->gap_since_ms + r->conf.conf->gap_ms) {
        return 0;
    }

    lp_log(r->conf.log, LP_LOG_WARN, "nonce %llu is used by nobody: it is "
           "filled", (unsigned long long) r->mined_nonce);
    r->gap_since_ms = 0;
    orch_build_start(r, tx_gap, NULL, 0, r->mined_nonce);

    return 1;
}


/* --- winners, oldest deadline first */

static void
orch_redeemer_rescan(orch_redeemer_t *r)
{
    uint64_t  now = orch_redeemer_now(r);

    if (r->scanned < r->nscan || now < r->scan_ms) {
        return;
    }

    r->scan_ms = now + ORCH_REDEEMER_TICK_MS / 2;
    free(r->scan);
    r->scanned = 0;

    if (orch_store_winners(r->conf.store, &r->scan, &r->nscan,
                           1u << winner_won, ORCH_REDEEM_SCAN) != LP_OK)
    {
        r->scan = NULL;
        r->nscan = 0;
    }
}


/* has its time come: its parameters are over, and nothing holds it back */

static int
orch_redeemer_is_due(orch_redeemer_t *r, const orch_winner_t *winner)
{
    orch_window_t  w;

    orch_redeemer_window(r, &w, winner);

    return w.now >= w.begin
           && !orch_redeemer_is_held(r, &winner->ticket.rand_hash);
}


/*
 * All winners of a commitment go together: once its recipientRand is known,
 * anybody could take those that are left, for less (contracts.md M14).
 */

static size_t
orch_redeemer_gather(orch_redeemer_t *r, orch_winner_t *batch, size_t room)
{
    size_t                i, n = 0;
    orch_winner_t        *w;
    const orch_winner_t  *first = &r->scan[r->scanned];

    for (i = r->scanned; i < r->nscan && n < room; i++) {

        w = &r->scan[i];

        if (w->state == winner_won
            && memcmp(w->ticket.rand_hash.b, first->ticket.rand_hash.b, 32)
               == 0)
        {
            batch[n++] = *w;
            w->state = winner_signed;                 /* taken, in the scan */
        }
    }

    return n;
}


static void
orch_redeemer_next(orch_redeemer_t *r)
{
    size_t               n = 0, most;
    orch_winner_t       *batch, *w;
    const orch_facts_t  *f = orch_watcher_facts(r->conf.watcher);

    orch_redeemer_rescan(r);

    /* TicketBroker pays in an initialized round only */

    if (r->scanned == r->nscan || !f->round_ready || f->paused) {
        return;
    }

    most = r->conf.conf->batch ? ORCH_REDEEM_BATCH : 1;

    batch = calloc(ORCH_REDEEM_MOST, sizeof(orch_winner_t));
    if (batch == NULL) {
        return;
    }

    for ( /* void */ ; r->scanned < r->nscan && n < most; r->scanned++) {

        w = &r->scan[r->scanned];

        if (w->state != winner_won || !orch_redeemer_is_due(r, w)) {
            continue;
        }

        if (most == 1) {
            batch[n++] = *w;

        } else {
            n += orch_redeemer_gather(r, batch + n, ORCH_REDEEM_MOST - n);
        }
    }

    if (n == 0) {
        free(batch);
        return;
    }

    orch_build_start(r, n > 1 ? tx_batch : tx_redeem, batch, n, 0);
}


/* --- with each head */

static void
orch_redeemer_look(orch_redeemer_t *r)
{
    orch_slot_t  *s, *next;

    for (s = r->slots.next; s != &r->slots; s = next) {
        next = s->next;
        orch_slot_look(s);
    }

    orch_redeemer_ask_nonces(r);
}


static void
orch_redeemer_run(void *data)
{
    uint64_t             now;
    orch_redeemer_t     *r = data;
    const orch_facts_t  *f = orch_watcher_facts(r->conf.watcher);

    orch_timer_set(&r->wake, ORCH_REDEEMER_TICK_MS);

    if (!f->known || orch_record_status(&r->record) == LP_AGAIN) {
        return;
    }

    now = orch_redeemer_now(r);

    if (f->block != r->head || now >= r->looked_ms + ORCH_REDEEMER_TICK_MS) {
        r->head = f->block;
        r->looked_ms = now;
        orch_redeemer_look(r);
    }

    if (r->build.state != build_idle || orch_redeemer_stopped(r)
        || orch_redeemer_fill_gap(r))
    {
        return;
    }

    orch_round_look(r);

    if (r->build.state == build_idle) {
        orch_redeemer_next(r);
    }
}


/* --- the start: what the journal has is under way again */

static orch_slot_t *
orch_redeemer_slot_of(orch_redeemer_t *r, int64_t tx)
{
    unsigned      i;
    orch_slot_t  *s;

    for (s = r->slots.next; s != &r->slots; s = s->next) {
        for (i = 0; i < s->ntxs; i++) {
            if (s->txs[i].id == tx) {
                return s;
            }
        }
    }

    return NULL;
}


static lp_status_t
orch_redeemer_load_txs(orch_redeemer_t *r)
{
    size_t        i, n;
    orch_tx_t    *list;
    lp_status_t   rc;
    orch_slot_t  *s = NULL;

    rc = orch_store_txs(r->conf.store, &list, &n, ORCH_REDEEMER_TXS);

    for (i = 0; rc == LP_OK && i < n; i++) {

        if (s == NULL || s->nonce != list[i].nonce) {
            s = orch_slot_create(r, list[i].kind, list[i].nonce, NULL, 0);
        }

        if (s == NULL) {
            rc = LP_NOMEM;
            break;
        }

        orch_slot_add(s, &list[i]);
        list[i].raw = NULL;
    }

    orch_store_free_txs(list, n);

    return rc;
}


static lp_status_t
orch_redeemer_load_winner(orch_redeemer_t *r, const orch_winner_t *w)
{
    int64_t        *ids;
    orch_slot_t    *s = orch_redeemer_slot_of(r, w->tx);
    orch_winner_t  *more;

    if (s == NULL || s->nwinners == ORCH_REDEEM_MOST) {
        orch_record_winner(&r->record, w, winner_won, "");
        return LP_OK;
    }

    more = realloc(s->winners, (s->nwinners + 1) * sizeof(orch_winner_t));
    s->winners = more ? more : s->winners;

    ids = more ? realloc(s->ids, (s->nwinners + 1) * sizeof(int64_t)) : NULL;
    if (ids == NULL) {
        return LP_NOMEM;
    }

    s->ids = ids;
    s->ids[s->nwinners] = w->id;
    s->winners[s->nwinners++] = *w;

    (void) lp_u256_add(&s->payout, &s->payout, &w->ticket.face_value);

    return LP_OK;
}


static lp_status_t
orch_redeemer_load_winners(orch_redeemer_t *r)
{
    size_t          i, n;
    lp_status_t     rc;
    orch_winner_t  *list;

    rc = orch_store_winners(r->conf.store, &list, &n, ORCH_REDEEMER_LIVE,
                            SIZE_MAX >> 1);
    if (rc != LP_OK) {
        return rc;
    }

    rc = orch_record_begin(&r->record, n);

    for (i = 0; rc == LP_OK && i < n; i++) {
        rc = orch_redeemer_load_winner(r, &list[i]);
    }

    free(list);

    return rc;
}


static lp_status_t
orch_redeemer_load(orch_redeemer_t *r)
{
    lp_status_t   rc;
    orch_slot_t  *s;

    rc = orch_redeemer_load_txs(r);

    if (rc == LP_OK) {
        rc = orch_redeemer_load_winners(r);
    }

    if (rc != LP_OK) {
        return rc;
    }

    for (s = r->slots.next; s != &r->slots; s = s->next) {
        s->state = slot_wait;
    }

    if (r->nslots || r->record.n) {
        lp_log(r->conf.log, LP_LOG_INFO, "%zu transactions are under way "
               "from before", r->nslots);
    }

    orch_record_start(&r->record, r->conf.store, &r->wake);

    return LP_OK;
}


orch_redeemer_t *
orch_redeemer_create(const orch_redeemer_conf_t *conf)
{
    orch_redeemer_t  *r;

    r = calloc(1, sizeof(orch_redeemer_t));
    if (r == NULL) {
        return NULL;
    }

    r->conf = *conf;
    r->slots.next = r->slots.prev = &r->slots;
    orch_timer_init(&r->wake, conf->loop, orch_redeemer_run, r);
    orch_timer_init(&r->asked, conf->loop, orch_redeemer_on_nonces, r);
    orch_build_init(r);
    orch_watcher_listen(conf->watcher, &r->wake);

    if (orch_redeemer_load(r) != LP_OK) {
        orch_redeemer_destroy(&r);
        return NULL;
    }

    orch_redeemer_wake(r);

    return r;
}


void
orch_redeemer_destroy(orch_redeemer_t **rp)
{
    orch_redeemer_t  *r = *rp;

    *rp = NULL;

    if (r == NULL) {
        return;
    }

    orch_watcher_unlisten(r->conf.watcher, &r->wake);
    orch_build_done(r);

    while (r->slots.next != &r->slots) {
        orch_slot_destroy(r->slots.next);
    }

    orch_asks_done(&r->nonces);
    orch_record_done(&r->record);
    orch_timer_done(&r->asked);
    orch_timer_done(&r->wake);
    free(r->scan);
    free(r);
}
