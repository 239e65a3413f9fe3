/*
 * Who pays: read from all nodes when first asked for, the lesser of their
 * words taken (T-81), read again when an event touched it, a round began or
 * it grew old. Strangers cost lookups, so these have budgets, and who has
 * nothing is remembered for a minute (T-18).
 */

#include <stdlib.h>
#include <string.h>

#include "orchestrator/token.h"
#include "orchestrator/watcher_state.h"


#define ORCH_SENDER_AGE_MS     300000
#define ORCH_SENDER_AGE_L1     30
#define ORCH_SENDER_BAD_MS     60000
#define ORCH_SENDER_KNOWN      10          /* times the budget of strangers */
#define ORCH_SENDER_ASKS       3


typedef enum { sender_info, sender_claimed, sender_claimable } sender_ask_e;

/* a stranger is only looked at: most of a crowd have nothing (T-18) */
typedef enum { read_nothing, read_peek, read_all } sender_read_e;


static void orch_watcher_on_sender(void *data);


/* --- the table */

static orch_watch_entry_t **
orch_watcher_bucket(orch_watch_senders_t *t, const lp_address_t *a)
{
    size_t    i;
    uint64_t  h = t->seed;

    for (i = 0; i < LP_ADDRESS_LEN; i++) {
        h = (h ^ a->b[i]) * 0x100000001b3ULL;
    }

    return &t->buckets[(h ^ h >> 32) % ORCH_WATCHER_BUCKETS];
}


static orch_watch_entry_t *
orch_watcher_lookup(orch_watch_senders_t *t, const lp_address_t *a)
{
    orch_watch_entry_t  *e;

    for (e = *orch_watcher_bucket(t, a); e; e = e->next) {
        if (lp_address_equal(&e->address, a)) {
            return e;
        }
    }

    return NULL;
}


static void
orch_watcher_unlist(orch_watch_entry_t *e)
{
    orch_watch_list_t  *l = e->list;

    if (l == NULL) {
        return;
    }

    *(e->older ? &e->older->younger : &l->first) = e->younger;
    *(e->younger ? &e->younger->older : &l->last) = e->older;
    e->older = NULL;
    e->younger = NULL;
    e->list = NULL;
    l->n--;
}


static void
orch_watcher_list(orch_watch_list_t *l, orch_watch_entry_t *e)
{
    orch_watcher_unlist(e);

    e->list = l;
    e->older = l->last;
    *(l->last ? &l->last->younger : &l->first) = e;
    l->last = e;
    l->n++;
}


static void
orch_watcher_drop(orch_watch_entry_t *e)
{
    unsigned              i;
    orch_watcher_t       *w = e->watcher;
    orch_watch_entry_t  **at;

    for (at = orch_watcher_bucket(&w->senders, &e->address); *at != e;
         at = &(*at)->next)
    {
        /* void */
    }

    *at = e->next;
    orch_watcher_unlist(e);

    for (i = 0; i < ORCH_SENDER_ASKS * orch_chain_nodes(w->conf.chain); i++) {
        orch_chain_cancel(&e->asks[i]);
    }

    orch_timer_done(&e->wake);
    free(e->asks);
    free(e);
}


/* the oldest of a kind for which nobody waits */

static void
orch_watcher_evict(orch_watcher_t *w, orch_watch_list_t *l)
{
    orch_watch_entry_t  *e;

    for (e = l->first; e && l->n > w->conf.conf->senders_max; e = l->first) {

        if (e->waiters || e->reading) {
            return;
        }

        orch_watcher_drop(e);
    }
}


static orch_watch_entry_t *
orch_watcher_add(orch_watcher_t *w, const lp_address_t *a)
{
    orch_watch_entry_t  *e, **at;

    e = calloc(1, sizeof(orch_watch_entry_t));
    if (e == NULL) {
        return NULL;
    }

    e->asks = calloc(ORCH_SENDER_ASKS * orch_chain_nodes(w->conf.chain),
                     sizeof(orch_ask_t));
    if (e->asks == NULL) {
        free(e);
        return NULL;
    }

    e->watcher = w;
    e->address = *a;
    e->bad = 1;
    orch_timer_init(&e->wake, w->conf.loop, orch_watcher_on_sender, e);

    at = orch_watcher_bucket(&w->senders, a);
    e->next = *at;
    *at = e;

    orch_watcher_list(&w->senders.bad, e);
    orch_watcher_evict(w, &w->senders.bad);

    return e;
}


/* --- reading */

static unsigned
orch_watcher_asked(const orch_watch_entry_t *e)
{
    return e->reading == read_peek ? 1 : ORCH_SENDER_ASKS;
}


static void
orch_watcher_ask_sender(orch_watch_entry_t *e, sender_read_e what)
{
    unsigned             i, j;
    lp_buf_t             data;
    orch_ask_t          *ask;
    orch_watcher_t      *w = e->watcher;
    const lp_address_t  *broker;
    static const char *const  calls[ORCH_SENDER_ASKS] = {
        [sender_info] = "getSenderInfo(address)",
        [sender_claimed] = "claimedReserve(address,address)",
        [sender_claimable] = "claimableReserve(address,address)"
    };

    broker = &orch_chain_contracts(w->conf.chain)->at[LP_CONTRACT_BROKER];

    e->reading = (uint8_t) what;
    e->again = 0;

    for (i = 0; i < orch_chain_nodes(w->conf.chain); i++) {
        for (j = 0; j < orch_watcher_asked(e); j++) {

            ask = &e->asks[i * ORCH_SENDER_ASKS + j];

            lp_buf_init(&data, 4 + 2 * 32);
            lp_contracts_put_of(&data, calls[j], &e->address,
                                j == sender_info ? NULL : &w->conf.recipient);

            orch_chain_cancel(ask);
            orch_chain_init(w->conf.chain, ask, &e->wake);
            ask->only = (int) i;
            orch_chain_put_call(ask, broker, NULL, &data);
            orch_chain_start(ask);
        }
    }
}


static void
orch_watcher_keep_min(lp_u256_t *v, const lp_u256_t *other, int first)
{
    if (first || lp_u256_cmp(other, v) < 0) {
        *v = *other;
    }
}


static void
orch_watcher_keep_max(lp_u256_t *v, const lp_u256_t *other, int first)
{
    if (first || lp_u256_cmp(other, v) > 0) {
        *v = *other;
    }
}


static lp_status_t
orch_watcher_read_info(lp_sender_info_t *info, const orch_ask_t *asks)
{
    lp_buf_t     words;
    lp_status_t  rc;

    lp_buf_init(&words, 4 * 32);

    rc = orch_chain_get_bytes(&words, NULL, &asks[sender_info]);
    if (rc == LP_OK) {
        rc = lp_contracts_get_sender_info(info, words.data, words.len);
    }

    lp_buf_done(&words);

    return rc;
}


/* what one node says; LP_GONE: nothing */

static lp_status_t
orch_watcher_read_sender(orch_sender_t *s, const orch_ask_t *asks, int first)
{
    lp_u256_t         claimed, claimable;
    lp_sender_info_t  info;

    if (orch_watcher_read_info(&info, asks) != LP_OK
        || asks[sender_claimable].status != LP_OK
        || orch_chain_get_u256(&claimed, &asks[sender_claimed]) != LP_OK)
    {
        return LP_GONE;
    }

    /* it reverts where the contract's shares overlap: nothing then */

    if (orch_chain_get_u256(&claimable, &asks[sender_claimable]) != LP_OK) {
        lp_u256_set(&claimable, 0);
    }

    orch_watcher_keep_min(&s->deposit, &info.deposit, first);
    orch_watcher_keep_min(&s->reserve, &info.reserve, first);
    orch_watcher_keep_min(&s->claimable, &claimable, first);
    orch_watcher_keep_max(&s->claimed, &info.claimed, first);
    orch_watcher_keep_max(&s->claimed_by_us, &claimed, first);

    if (info.withdraw_round
        && (first || s->withdraw_round == 0
            || info.withdraw_round < s->withdraw_round))
    {
        s->withdraw_round = info.withdraw_round;
    }

    return LP_OK;
}


static void
orch_watcher_subtract(lp_u256_t *v, const lp_u256_t *less)
{
    if (lp_u256_sub(v, v, less) != LP_OK) {
        lp_u256_set(v, 0);
    }
}


/* what is not confirmed is taken off again, our share of it too */

static void
orch_watcher_confirm(const orch_watcher_t *w, orch_sender_t *s,
    const lp_address_t *sender)
{
    lp_u256_t  deposit, reserve, share, one, pool;

    orch_watcher_unconfirmed(w, &deposit, &reserve, sender);
    orch_watcher_subtract(&s->deposit, &deposit);

    if (lp_u256_is_zero(&reserve)) {
        return;
    }

    orch_watcher_subtract(&s->reserve, &reserve);

    lp_u256_set(&one, 1);
    lp_u256_set(&pool, w->facts.pool_size);

    if (lp_u256_add(&share, &s->reserve, &s->claimed) != LP_OK
        || lp_u256_mul_div(&share, &share, &one, &pool, 0) != LP_OK)
    {
        lp_u256_set(&share, 0);
    }

    orch_watcher_subtract(&share, &s->claimed_by_us);
    orch_watcher_keep_min(&s->claimable, &share, 0);
}


/* told once: who wants more asks again */

static void
orch_watcher_wake_waiters(orch_watcher_t *w, orch_watch_entry_t *e)
{
    orch_watch_waiter_t  *waiter, **at;

    for (at = &w->senders.waiters; *at; ) {

        waiter = *at;

        if (waiter->entry != e) {
            at = &waiter->next;
            continue;
        }

        *at = waiter->next;
        e->waiters--;
        orch_loop_wake(waiter->wake);
        free(waiter);
    }
}


static int
orch_watcher_is_answered(const orch_watch_entry_t *e)
{
    unsigned  i, j;

    for (i = 0; i < orch_chain_nodes(e->watcher->conf.chain); i++) {
        for (j = 0; j < orch_watcher_asked(e); j++) {
            if (e->asks[i * ORCH_SENDER_ASKS + j].status == LP_AGAIN) {
                return 0;
            }
        }
    }

    return 1;
}


/* how many nodes answered the look at a stranger, and does one of them say
   that it has something */

static int
orch_watcher_peek(const orch_watch_entry_t *e, int *has)
{
    int               heard;
    unsigned          i;
    lp_sender_info_t  info;

    *has = 0;

    for (i = 0, heard = 0; i < orch_chain_nodes(e->watcher->conf.chain);
         i++)
    {
        if (orch_watcher_read_info(&info, &e->asks[i * ORCH_SENDER_ASKS])
            == LP_OK)
        {
            heard++;
            *has |= !lp_u256_is_zero(&info.deposit)
                    || !lp_u256_is_zero(&info.reserve);
        }
    }

    return heard;
}


static int
orch_watcher_read(const orch_watch_entry_t *e, orch_sender_t *s)
{
    int       heard;
    unsigned  i;

    for (i = 0, heard = 0; i < orch_chain_nodes(e->watcher->conf.chain);
         i++)
    {
        heard += orch_watcher_read_sender(s, &e->asks[i * ORCH_SENDER_ASKS],
                                          heard == 0) == LP_OK;
    }

    return heard;
}


static void
orch_watcher_on_sender(void *data)
{
    int                  heard, has;
    orch_sender_t        s;
    orch_watcher_t      *w;
    orch_watch_entry_t  *e = data;

    w = e->watcher;

    if (e->reading == read_nothing || !orch_watcher_is_answered(e)) {
        return;
    }

    memset(&s, 0, sizeof(s));

    if (e->reading == read_peek) {
        heard = orch_watcher_peek(e, &has);

        if (has) {
            orch_watcher_ask_sender(e, read_all);
            return;
        }

    } else {
        heard = orch_watcher_read(e, &s);
    }

    e->reading = read_nothing;

    if (heard == 0) {
        e->known = 0;
        orch_watcher_wake_waiters(w, e);
        return;
    }

    orch_watcher_confirm(w, &s, &e->address);

    s.read_ms = orch_loop_now_ms(w->conf.loop);
    e->sender = s;
    e->known = 1;
    e->bad = lp_u256_is_zero(&s.deposit) && lp_u256_is_zero(&s.reserve);
    e->epoch = e->again ? 0 : w->senders.epoch;
    e->l1_block = w->facts.l1_block;

    orch_watcher_list(e->bad ? &w->senders.bad : &w->senders.good, e);
    orch_watcher_wake_waiters(w, e);
    orch_watcher_evict(w, e->list);
}


/* --- those who ask */

static int
orch_watcher_is_fresh(const orch_watcher_t *w, const orch_watch_entry_t *e)
{
    uint64_t  age;

    if (!e->known || e->epoch != w->senders.epoch) {
        return 0;
    }

    age = orch_loop_now_ms(w->conf.loop) - e->sender.read_ms;

    return e->bad ? age < ORCH_SENDER_BAD_MS
                  : age < ORCH_SENDER_AGE_MS
                    && w->facts.l1_block < e->l1_block + ORCH_SENDER_AGE_L1;
}


static int
orch_watcher_may_read(orch_watcher_t *w, const orch_watch_entry_t *e,
    const char *peer, int known_good)
{
    uint64_t               now = orch_loop_now_ms(w->conf.loop);
    uint32_t               rate;
    orch_watch_senders_t  *t = &w->senders;

    rate = (uint32_t) w->conf.conf->unknown_total;

    if (known_good || (e && e->known && !e->bad)) {
        rate *= ORCH_SENDER_KNOWN;
        return orch_rate_take(&t->trusted, rate, rate, now);
    }

    /* a minute is the second of this table */

    return orch_limit_take(&t->by_ip, peer, now / 60)
           && orch_rate_take(&t->unknown, rate, rate, now);
}


static lp_status_t
orch_watcher_wait(orch_watcher_t *w, orch_watch_entry_t *e,
    orch_timer_t *wake)
{
    orch_watch_waiter_t  *waiter;

    for (waiter = w->senders.waiters; waiter; waiter = waiter->next) {
        if (waiter->entry == e && waiter->wake == wake) {
            return LP_AGAIN;
        }
    }

    waiter = calloc(1, sizeof(orch_watch_waiter_t));
    if (waiter == NULL) {
        return LP_BUSY;
    }

    waiter->wake = wake;
    waiter->entry = e;
    waiter->next = w->senders.waiters;
    w->senders.waiters = waiter;
    e->waiters++;

    return LP_AGAIN;
}


lp_status_t
orch_watcher_sender(orch_watcher_t *w, orch_sender_t *s,
    const lp_address_t *sender, const char *peer, int known_good,
    orch_timer_t *wake)
{
    orch_watch_entry_t  *e;

    e = orch_watcher_lookup(&w->senders, sender);

    if (e && orch_watcher_is_fresh(w, e)) {
        *s = e->sender;
        orch_watcher_list(e->list, e);
        return e->bad ? LP_MISSING : LP_OK;
    }

    if (e && e->reading) {
        return orch_watcher_wait(w, e, wake);
    }

    if (!orch_watcher_may_read(w, e, peer, known_good)) {
        return LP_BUSY;
    }

    if (e == NULL) {
        e = orch_watcher_add(w, sender);
        if (e == NULL) {
            return LP_BUSY;
        }
    }

    orch_watcher_ask_sender(e, e->known && !e->bad ? read_all : read_peek);

    return orch_watcher_wait(w, e, wake);
}


void
orch_watcher_forget(orch_watcher_t *w, orch_timer_t *wake)
{
    orch_watch_waiter_t  *waiter, **at;

    for (at = &w->senders.waiters; *at; ) {

        waiter = *at;

        if (waiter->wake != wake) {
            at = &waiter->next;
            continue;
        }

        *at = waiter->next;
        waiter->entry->waiters--;
        free(waiter);
    }
}


void
orch_watcher_senders_touch(orch_watcher_t *w, const lp_address_t *sender)
{
    orch_watch_entry_t  *e;

    if (sender == NULL) {
        w->senders.epoch++;
        return;
    }

    e = orch_watcher_lookup(&w->senders, sender);

    if (e) {
        e->epoch = 0;
        e->again = 1;
    }
}


/* --- life */

int
orch_watcher_senders_init(orch_watcher_t *w)
{
    uint32_t               per_minute;
    orch_watch_senders_t  *t = &w->senders;

    t->epoch = 1;
    orch_token_random(&t->seed, sizeof(t->seed));
    per_minute = (uint32_t) w->conf.conf->unknown_ip;

    return orch_limit_init(&t->by_ip, per_minute, per_minute, t->seed);
}


void
orch_watcher_senders_done(orch_watcher_t *w)
{
    size_t                 i;
    orch_watch_senders_t  *t = &w->senders;

    while (t->waiters) {
        orch_watcher_forget(w, t->waiters->wake);
    }

    for (i = 0; i < ORCH_WATCHER_BUCKETS; i++) {
        while (t->buckets[i]) {
            orch_watcher_drop(t->buckets[i]);
        }
    }

    orch_limit_done(&t->by_ip);
}
