/*
 * Blocks, one look after the other: the newest head, back to a block that we
 * know, the headers and logs since, and the round when it may have changed.
 * A look asks one node, so that it sees one chain; when anything in it does
 * not fit, it ends and the next one starts afresh.
 *
 *   idle -> head -> walk -> headers -> logs -> round -> hash -> idle
 */

#include <stdlib.h>
#include <string.h>

#include "orchestrator/watcher_state.h"


typedef struct {
    void         (*start)(orch_watcher_t *w);
    lp_status_t  (*take)(orch_watcher_t *w);
} orch_watch_step_t;


static void orch_watcher_enter(orch_watcher_t *w, orch_watch_e state);


/* --- asks of a look */

static void
orch_watcher_prepare(orch_watcher_t *w, orch_ask_t *ask)
{
    orch_chain_cancel(ask);
    orch_chain_init(w->conf.chain, ask, &w->wake);
    ask->only = w->node;
}


static void
orch_watcher_ask_head(orch_watcher_t *w)
{
    w->node = -1;

    orch_watcher_prepare(w, &w->ask_head);
    lp_rpc_put_latest(&w->ask_head.request, w->ask_head.id);
    orch_chain_start(&w->ask_head);

    orch_watcher_prepare(w, &w->ask_gas);
    lp_rpc_put_plain(&w->ask_gas.request, w->ask_gas.id, "eth_gasPrice");
    orch_chain_start(&w->ask_gas);
}


static lp_status_t
orch_watcher_read_block(lp_rpc_block_t *b, const orch_ask_t *ask)
{
    if (ask->status != LP_OK) {
        return LP_GONE;
    }

    return lp_rpc_get_block(b, NULL, ask->id, ask->reply.data,
                            ask->reply.len);
}


static const orch_watch_header_t *
orch_watcher_top(const orch_watcher_t *w)
{
    return w->nring ? &w->ring[w->nring - 1] : NULL;
}


static int
orch_watcher_same(const lp_hash_t *a, const lp_hash_t *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}


/*
 * A head far behind what we saw is not a reorg but a node that lags or lies:
 * it is left, and what we know grows old (T-81, T-09).
 */

static lp_status_t
orch_watcher_take_head(orch_watcher_t *w)
{
    lp_status_t                 s;
    const orch_watch_header_t  *top = orch_watcher_top(w);

    if (w->ask_head.status == LP_AGAIN || w->ask_gas.status == LP_AGAIN) {
        return LP_AGAIN;
    }

    orch_watcher_take_gas(w);

    s = orch_watcher_read_block(&w->head, &w->ask_head);
    if (s != LP_OK) {
        if (s != LP_GONE) {
            orch_chain_blame(w->conf.chain, w->ask_head.node,
                             "its newest block is malformed");
        }
        return LP_GONE;
    }

    w->node = w->ask_head.node;

    if (top && w->head.number + 1 < w->ring[0].number) {
        orch_chain_blame(w->conf.chain, w->node, "its head went back");
        return LP_GONE;
    }

    if (top && orch_watcher_same(&top->hash, &w->head.hash)) {
        orch_watcher_enter(w, orch_watcher_round_due(w) ? watch_round
                                                        : watch_idle);
        return LP_AGAIN;
    }

    return LP_OK;
}


/* --- back to a block that we know */

static const orch_watch_header_t *
orch_watcher_find(const orch_watcher_t *w, uint64_t number)
{
    unsigned  i;

    for (i = 0; i < w->nring; i++) {
        if (w->ring[i].number == number) {
            return &w->ring[i];
        }
    }

    return NULL;
}


static uint64_t
orch_watcher_window(const orch_watcher_t *w)
{
    uint64_t  n = w->conf.conf->confirmations;

    return n > ORCH_WATCHER_HEADERS ? n : ORCH_WATCHER_HEADERS;
}


static void
orch_watcher_ask_block(orch_watcher_t *w, orch_ask_t *ask, uint64_t number)
{
    orch_watcher_prepare(w, ask);
    lp_rpc_put_block(&ask->request, ask->id, number);
    orch_chain_start(ask);
}


static void
orch_watcher_walk(orch_watcher_t *w)
{
    uint64_t                    window = orch_watcher_window(w);
    const orch_watch_header_t  *top = orch_watcher_top(w);

    orch_chain_cancel(&w->ask_walk);

    if (top == NULL) {
        w->fork = w->head.number > window ? w->head.number - window : 0;
        orch_watcher_enter(w, watch_headers);
        return;
    }

    w->walk = top->number;

    if (w->head.number == top->number + 1
        && orch_watcher_same(&w->head.parent, &top->hash))
    {
        w->fork = top->number;
        orch_watcher_enter(w, watch_headers);
        return;
    }

    if (w->head.number < w->walk) {
        w->walk = w->head.number;
    }

    orch_watcher_ask_block(w, &w->ask_walk, w->walk);
}


static lp_status_t
orch_watcher_take_walk(orch_watcher_t *w)
{
    lp_rpc_block_t              b;
    const orch_watch_header_t  *ours;

    if (w->ask_walk.status == LP_AGAIN) {
        return LP_AGAIN;
    }

    if (orch_watcher_read_block(&b, &w->ask_walk) != LP_OK
        || b.number != w->walk)
    {
        return LP_GONE;
    }

    ours = orch_watcher_find(w, w->walk);

    if (ours == NULL) {                   /* deeper than we can undo */
        w->dirty = 1;
        w->skipped = 1;
        orch_watcher_senders_touch(w, NULL);
    }

    if (ours == NULL || orch_watcher_same(&ours->hash, &b.hash)) {
        w->fork = w->walk;
        return LP_OK;
    }

    if (w->walk == 0) {
        return LP_GONE;
    }

    w->walk--;
    orch_watcher_ask_block(w, &w->ask_walk, w->walk);

    return LP_AGAIN;
}


/* --- headers since, linked by their parents */

static void
orch_watcher_ask_headers(orch_watcher_t *w)
{
    unsigned  i;
    uint64_t  first = w->fork + 1;

    w->nheaders = 0;

    if (w->head.number >= first + ORCH_WATCHER_HEADERS) {
        first = w->head.number - ORCH_WATCHER_HEADERS + 1;
    }

    for (i = 0; first + i < w->head.number; i++) {
        orch_watcher_ask_block(w, &w->ask_headers[i], first + i);
        w->nheaders++;
    }

    if (w->nheaders == 0) {
        orch_loop_wake(&w->wake);
    }
}


static lp_status_t
orch_watcher_take_headers(orch_watcher_t *w)
{
    unsigned                    i;
    lp_rpc_block_t              b;
    const lp_hash_t            *parent;
    const orch_watch_header_t  *fork = orch_watcher_find(w, w->fork);

    for (i = 0; i < w->nheaders; i++) {
        if (w->ask_headers[i].status == LP_AGAIN) {
            return LP_AGAIN;
        }
    }

    if (w->head.number <= w->fork) {
        return LP_OK;                     /* the chain became shorter */
    }

    parent = fork && w->head.number - w->nheaders == w->fork + 1
             ? &fork->hash : NULL;

    for (i = 0; i <= w->nheaders; i++) {

        b = w->head;

        if (i < w->nheaders
            && orch_watcher_read_block(&b, &w->ask_headers[i]) != LP_OK)
        {
            return LP_GONE;
        }

        if (b.number != w->head.number - w->nheaders + i
            || (parent && !orch_watcher_same(parent, &b.parent)))
        {
            return LP_GONE;               /* it changed under our eyes */
        }

        w->fresh[i].number = b.number;
        w->fresh[i].hash = b.hash;
        parent = &w->fresh[i].hash;
    }

    return LP_OK;
}


/* --- logs since */

static void
orch_watcher_ask_logs(orch_watcher_t *w)
{
    uint64_t               from, to;
    orch_ask_t            *ask;
    lp_address_t           at[5];
    const lp_contracts_t  *c = orch_chain_contracts(w->conf.chain);

    at[0] = c->at[LP_CONTRACT_BROKER];
    at[1] = c->at[LP_CONTRACT_BONDING];
    at[2] = c->at[LP_CONTRACT_ROUNDS];
    at[3] = c->at[LP_CONTRACT_REGISTRY];
    at[4] = c->controller;

    w->nlogs = 0;

    if (w->head.number <= w->fork
        || w->head.number - w->fork
           > ORCH_WATCHER_RANGE * ORCH_WATCHER_RANGES)
    {
        orch_loop_wake(&w->wake);
        return;
    }

    for (from = w->fork + 1; from <= w->head.number; from = to + 1) {

        to = from + ORCH_WATCHER_RANGE - 1;
        to = to > w->head.number ? w->head.number : to;

        ask = &w->ask_logs[w->nlogs++];
        orch_watcher_prepare(w, ask);
        lp_rpc_put_logs(&ask->request, ask->id, from, to, at, 5);
        orch_chain_start(ask);
    }
}


/* the log's block is the one whose header we have */

static int
orch_watcher_log_fits(const orch_watcher_t *w, const lp_rpc_log_t *log)
{
    unsigned  i;

    if (log->removed || log->block <= w->fork || log->block > w->head.number)
    {
        return 0;
    }

    for (i = 0; i <= w->nheaders; i++) {
        if (w->fresh[i].number == log->block) {
            return orch_watcher_same(&w->fresh[i].hash, &log->block_hash);
        }
    }

    return 1;                             /* deeper than a reorg goes */
}


static lp_status_t
orch_watcher_read_logs(const orch_watcher_t *w, lp_rpc_logs_t *logs)
{
    size_t             j;
    unsigned           i;
    const orch_ask_t  *ask;

    for (i = 0; i < w->nlogs; i++) {

        ask = &w->ask_logs[i];

        if (ask->status != LP_OK
            || lp_rpc_get_logs(&logs[i], NULL, ask->id, ask->reply.data,
                               ask->reply.len) != LP_OK)
        {
            return LP_GONE;
        }

        for (j = 0; j < logs[i].n; j++) {
            if (!orch_watcher_log_fits(w, &logs[i].logs[j])) {
                return LP_GONE;
            }
        }
    }

    return LP_OK;
}


/* the new headers on top of those that stay */

static void
orch_watcher_grow(orch_watcher_t *w)
{
    unsigned  i, n, drop;

    while (w->nring && w->ring[w->nring - 1].number > w->fork) {
        w->nring--;
    }

    n = w->head.number > w->fork ? w->nheaders + 1 : 0;

    if (n && w->nring && w->fresh[0].number > w->fork + 1) {
        w->nring = 0;                     /* a gap: the old ones are no use */
    }

    if (w->nring + n > ORCH_WATCHER_HEADERS) {
        drop = w->nring + n - ORCH_WATCHER_HEADERS;
        memmove(w->ring, w->ring + drop,
                (w->nring - drop) * sizeof(w->ring[0]));
        w->nring -= drop;
    }

    for (i = 0; i < n; i++) {
        w->ring[w->nring++] = w->fresh[i];
    }
}


static void
orch_watcher_advance(orch_watcher_t *w, const lp_rpc_logs_t *logs)
{
    size_t         j;
    unsigned       i;
    uint64_t       window = orch_watcher_window(w);
    orch_facts_t  *f = &w->facts;

    orch_watcher_undo(w, w->fork);

    if (w->nlogs == 0 && w->head.number > w->fork) {
        w->skipped = 1;
        w->dirty = 1;
        orch_watcher_senders_touch(w, NULL);
    }

    for (i = 0; i < w->nlogs; i++) {
        for (j = 0; j < logs[i].n; j++) {
            orch_watcher_take_log(w, &logs[i].logs[j], &logs[i]);
        }
    }

    orch_watcher_grow(w);

    f->block = w->head.number;
    f->l1_block = w->head.l1_number;
    f->block_time = w->head.time;
    f->head_ms = orch_loop_now_ms(w->conf.loop);

    orch_watcher_mature(w, f->block > window ? f->block - window : 0);
}


static lp_status_t
orch_watcher_take_logs(orch_watcher_t *w)
{
    unsigned       i;
    lp_status_t    s;
    lp_rpc_logs_t  logs[ORCH_WATCHER_RANGES];

    for (i = 0; i < w->nlogs; i++) {
        if (w->ask_logs[i].status == LP_AGAIN) {
            return LP_AGAIN;
        }
    }

    memset(logs, 0, sizeof(logs));

    s = orch_watcher_read_logs(w, logs);
    if (s == LP_OK) {
        orch_watcher_advance(w, logs);
    }

    for (i = 0; i < w->nlogs; i++) {
        lp_rpc_logs_done(&logs[i]);
    }

    if (s == LP_OK && !orch_watcher_round_due(w)) {
        orch_watcher_set_round(w);
        orch_watcher_tell(w);
        orch_watcher_enter(w, watch_idle);
        return LP_AGAIN;
    }

    return s;
}


/* --- the looks */

static const orch_watch_step_t  orch_watcher_steps[] = {
    [watch_head]    = { orch_watcher_ask_head,    orch_watcher_take_head    },
    [watch_walk]    = { orch_watcher_walk,        orch_watcher_take_walk    },
    [watch_headers] = { orch_watcher_ask_headers, orch_watcher_take_headers },
    [watch_logs]    = { orch_watcher_ask_logs,    orch_watcher_take_logs    },
    [watch_round]   = { orch_watcher_ask_round,   orch_watcher_take_round   },
    [watch_hash]    = { orch_watcher_ask_hash,    orch_watcher_take_hash    }
};


static void
orch_watcher_enter(orch_watcher_t *w, orch_watch_e state)
{
    w->state = state;

    if (state == watch_idle) {
        orch_timer_set(&w->timer, w->conf.conf->block_poll_ms);
        return;
    }

    orch_watcher_steps[state].start(w);
}


static void
orch_watcher_on_poll(void *data)
{
    orch_watcher_t  *w = data;

    if (w->state == watch_idle) {
        orch_watcher_enter(w, watch_head);
    }
}


static void
orch_watcher_run(void *data)
{
    lp_status_t      s;
    orch_watcher_t  *w = data;

    if (w->state == watch_idle) {
        return;
    }

    s = orch_watcher_steps[w->state].take(w);

    if (s == LP_AGAIN) {
        return;
    }

    if (s == LP_OK && w->state != watch_hash) {
        orch_watcher_enter(w, (orch_watch_e) (w->state + 1));
        return;
    }

    if (s == LP_OK || w->state >= watch_round) {
        orch_watcher_set_round(w);
        orch_watcher_tell(w);
    }

    orch_watcher_enter(w, watch_idle);
}


/* --- for those who read */

void
orch_watcher_tell(orch_watcher_t *w)
{
    size_t  i;

    if (w->conf.on_block) {
        orch_loop_wake(w->conf.on_block);
    }

    for (i = 0; i < w->nlisteners; i++) {
        orch_loop_wake(w->listeners[i]);
    }
}


void
orch_watcher_listen(orch_watcher_t *w, orch_timer_t *wake)
{
    orch_timer_t  **more;

    more = realloc(w->listeners, (w->nlisteners + 1) * sizeof(*more));
    if (more) {
        more[w->nlisteners++] = wake;
        w->listeners = more;
    }
}


void
orch_watcher_unlisten(orch_watcher_t *w, orch_timer_t *wake)
{
    size_t  i;

    for (i = 0; i < w->nlisteners; i++) {
        if (w->listeners[i] == wake) {
            w->listeners[i] = w->listeners[--w->nlisteners];
            return;
        }
    }
}


const orch_facts_t *
orch_watcher_facts(const orch_watcher_t *w)
{
    return &w->facts;
}


unsigned
orch_watcher_stale(const orch_watcher_t *w)
{
    uint64_t            age;
    const orch_conf_t  *conf = w->conf.conf;

    if (!w->facts.known) {
        return 2;
    }

    age = orch_loop_now_ms(w->conf.loop) - w->facts.head_ms;

    return age > conf->head_dead_ms ? 2 : age > conf->head_stale_ms;
}


void
orch_watcher_events(orch_watcher_t *w, orch_watcher_event_pt handler,
    void *data)
{
    w->handler = handler;
    w->handler_data = data;
}


/* --- life */

orch_watcher_t *
orch_watcher_create(const orch_watcher_conf_t *conf)
{
    orch_watcher_t  *w;

    w = calloc(1, sizeof(orch_watcher_t));
    if (w == NULL) {
        return NULL;
    }

    w->conf = *conf;
    w->dirty = 1;
    w->facts.eth_usd.den = 1;
    orch_timer_init(&w->timer, conf->loop, orch_watcher_on_poll, w);
    orch_timer_init(&w->wake, conf->loop, orch_watcher_run, w);

    w->events = calloc(ORCH_WATCHER_EVENTS, sizeof(orch_watch_event_t));

    if (w->events == NULL || orch_watcher_senders_init(w)) {
        orch_watcher_destroy(&w);
        return NULL;
    }

    orch_watcher_feed_init(w);
    orch_loop_wake(&w->timer);

    return w;
}


void
orch_watcher_destroy(orch_watcher_t **w)
{
    unsigned         i;
    orch_watcher_t  *o = *w;

    if (o == NULL) {
        return;
    }

    orch_chain_cancel(&o->ask_head);
    orch_chain_cancel(&o->ask_gas);
    orch_chain_cancel(&o->ask_walk);

    for (i = 0; i < ORCH_WATCHER_HEADERS; i++) {
        orch_chain_cancel(&o->ask_headers[i]);
    }

    for (i = 0; i < ORCH_WATCHER_RANGES; i++) {
        orch_chain_cancel(&o->ask_logs[i]);
    }

    for (i = 0; i < ORCH_ROUND_ASKS; i++) {
        orch_chain_cancel(&o->ask_round[i]);
    }

    for (i = 0; i < ORCH_CHAIN_NODES; i++) {
        orch_chain_cancel(&o->ask_hash[i][0]);
        orch_chain_cancel(&o->ask_hash[i][1]);
    }

    orch_watcher_feed_done(o);
    orch_watcher_senders_done(o);
    orch_timer_done(&o->timer);
    orch_timer_done(&o->wake);
    free(o->listeners);
    free(o->events);
    free(o);
    *w = NULL;
}
