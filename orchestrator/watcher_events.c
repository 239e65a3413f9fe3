/*
 * Logs of our contracts as they come, and taken back when a reorg removes
 * their blocks (C47): undone newest first. What lowers a sender's funds
 * counts at once, what raises them when it is confirmed (T-82).
 */

#include <string.h>

#include "orchestrator/watcher_state.h"


static void
orch_watcher_act(orch_watcher_t *w, const orch_watch_event_t *we, int undone)
{
    const lp_event_t  *e = &we->event;

    switch (e->what) {

    case LP_EVENT_NEW_ROUND:
        w->dirty = 1;
        w->new_round = undone ? 0 : e->words[0].w[0];
        w->new_round_block = we->log.block;
        break;

    case LP_EVENT_ACTIVATED:
    case LP_EVENT_DEACTIVATED:
    case LP_EVENT_PAUSE:
    case LP_EVENT_UNPAUSE:
        w->dirty = 1;
        break;

    case LP_EVENT_CONTRACT:
        orch_chain_suspect(w->conf.chain);
        break;

    case LP_EVENT_DEPOSIT:
    case LP_EVENT_RESERVE:
    case LP_EVENT_CLAIMED:
    case LP_EVENT_UNLOCK:
    case LP_EVENT_UNLOCK_CANCEL:
    case LP_EVENT_WITHDRAWAL:
        orch_watcher_senders_touch(w, &e->first);
        break;

    case LP_EVENT_TRANSFER:
    case LP_EVENT_REDEEMED:
        orch_watcher_senders_touch(w, &e->first);

        if (w->handler && lp_address_equal(&e->second, &w->conf.recipient)) {
            w->handler(w->handler_data, e, &we->log, undone);
        }
        break;

    default:
        break;
    }
}


/* the oldest ones make room; they could not be undone any more */

static void
orch_watcher_make_room(orch_watcher_t *w)
{
    size_t  n = ORCH_WATCHER_EVENTS / 4;

    w->nevents -= n;
    memmove(w->events, w->events + n, w->nevents * sizeof(w->events[0]));
}


void
orch_watcher_take_log(orch_watcher_t *w, const lp_rpc_log_t *log,
    const lp_rpc_logs_t *logs)
{
    orch_watch_event_t  *we;

    if (w->nevents == ORCH_WATCHER_EVENTS) {
        orch_watcher_make_room(w);
    }

    we = &w->events[w->nevents];

    if (lp_event_read(&we->event, log, logs) != LP_OK
        || we->event.what == LP_NEVENTS)
    {
        return;
    }

    we->log = *log;
    we->event.text = NULL;                 /* it points into logs */
    we->event.text_len = 0;
    w->nevents++;

    orch_watcher_act(w, we, 0);
}


void
orch_watcher_undo(orch_watcher_t *w, uint64_t fork)
{
    size_t  n = 0;

    while (w->nevents && w->events[w->nevents - 1].log.block > fork) {
        w->nevents--;
        orch_watcher_act(w, &w->events[w->nevents], 1);
        n++;
    }

    if (fork < w->facts.block) {
        w->dirty = 1;
        lp_log(w->conf.log, LP_LOG_WARN, "reorg: blocks after %llu are "
               "others now, %u events undone", (unsigned long long) fork,
               (unsigned) n);
    }
}


void
orch_watcher_mature(orch_watcher_t *w, uint64_t before)
{
    size_t             i;
    const lp_event_t  *e;

    for (i = 0; i < w->nevents && w->events[i].log.block <= before; i++) {

        e = &w->events[i].event;

        if (e->what == LP_EVENT_DEPOSIT || e->what == LP_EVENT_RESERVE) {
            orch_watcher_senders_touch(w, &e->first);
        }
    }

    w->nevents -= i;
    memmove(w->events, w->events + i, w->nevents * sizeof(w->events[0]));
}


void
orch_watcher_unconfirmed(const orch_watcher_t *w, lp_u256_t *deposit,
    lp_u256_t *reserve, const lp_address_t *sender)
{
    size_t             i;
    uint64_t           n = w->conf.conf->confirmations;
    const lp_event_t  *e;

    lp_u256_set(deposit, 0);
    lp_u256_set(reserve, 0);

    for (i = 0; i < w->nevents; i++) {

        e = &w->events[i].event;

        if (w->events[i].log.block + n <= w->facts.block
            || !lp_address_equal(&e->first, sender))
        {
            continue;
        }

        if (e->what == LP_EVENT_DEPOSIT) {
            lp_u256_add(deposit, deposit, &e->words[0]);

        } else if (e->what == LP_EVENT_RESERVE) {
            lp_u256_add(reserve, reserve, &e->words[0]);
        }
    }
}
