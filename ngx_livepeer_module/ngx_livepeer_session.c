/*
 * Who works on a stream's segments. Every configured orchestrator is asked
 * with GetOrchestrator and becomes a session when its answer can be used:
 *
 *      ask --> ready --> held by segs --> ready, current
 *       ^        |             |
 *       |        +-- too old --+-- failed --> suspended, not ready
 *       +-------- timer: refresh, 5 s when nobody is usable, end of a
 *                 suspension ---------------------------------+
 *
 * Suspensions and scores belong to the peer and outlive streams. Source:
 * wire.md 3, 8.2-8.5; threats.md T-21, T-24, T-25, T-31, T-46.
 */
#include "ngx_livepeer_module/ngx_livepeer_choose.h"
#include "ngx_livepeer_module/ngx_livepeer_curl.h"
#include "ngx_livepeer_module/ngx_livepeer_discover.h"
#include "ngx_livepeer_module/ngx_livepeer_ledger.h"
#include "ngx_livepeer_module/ngx_livepeer_row.h"
#include "ngx_livepeer_module/ngx_livepeer_session.h"
#include "ngx_livepeer_module/ngx_livepeer_stop.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"


#define NGX_LIVEPEER_SESSION_REPROBE   5000
#define NGX_LIVEPEER_SESSION_PAUSE     1000          /* between two askings */
#define NGX_LIVEPEER_SESSION_STRANGERS (30 * 1000)   /* the same, of the
                                                        registry */
#define NGX_LIVEPEER_SESSION_UNPAID    200           /* until a look whether
                                                        we can pay now */
#define NGX_LIVEPEER_SESSION_ARENA     (1024 * 1024)
#define NGX_LIVEPEER_SESSION_LATE      3             /* in a row: a failure */


static void ngx_livepeer_session_ask(ngx_livepeer_session_t *s);
static void ngx_livepeer_session_plan(ngx_livepeer_session_t *s);
static void ngx_livepeer_session_tell(ngx_livepeer_session_t *s,
    ngx_uint_t down);
static void ngx_livepeer_session_answer_handler(ngx_event_t *ev);
static void ngx_livepeer_session_timer_handler(ngx_event_t *ev);


static ngx_queue_t           ngx_livepeer_session_streams;
static uint64_t              ngx_livepeer_session_generation;
static ngx_livepeer_entry_t  ngx_livepeer_session_entries[
                                 NGX_LIVEPEER_ENTRIES_MAX];


static ngx_livepeer_session_t *
ngx_livepeer_session_of(ngx_queue_t *q)
{
    return ngx_queue_data(q, ngx_livepeer_session_t, queue);
}


static ngx_uint_t
ngx_livepeer_session_usable(ngx_livepeer_session_t *s)
{
    return s->ready && !s->gone
           && ngx_livepeer_peer_suspended(s->peer) <= 0;
}


ngx_uint_t
ngx_livepeer_session_any(ngx_livepeer_stream_t *st)
{
    ngx_queue_t  *q;

    for (q = ngx_queue_head(&st->sessions);
         q != ngx_queue_sentinel(&st->sessions);
         q = ngx_queue_next(q))
    {
        if (ngx_livepeer_session_usable(ngx_livepeer_session_of(q))) {
            return 1;
        }
    }

    return 0;
}


/* segs that wait for somebody look again */

static void
ngx_livepeer_session_wake(ngx_livepeer_stream_t *st)
{
    ngx_queue_t         *q;
    ngx_livepeer_seg_t  *seg;

    for (q = ngx_queue_head(&st->segs);
         q != ngx_queue_sentinel(&st->segs);
         q = ngx_queue_next(q))
    {
        seg = ngx_queue_data(q, ngx_livepeer_seg_t, queue);

        if (seg->state == seg_select) {
            ngx_livepeer_seg_wake(seg);
        }
    }
}


/* Start and stop */


static void
ngx_livepeer_session_close(void *data)
{
    ngx_livepeer_session_t  *s = data;

    if (s->timer.timer_set) {
        ngx_del_timer(&s->timer);
    }

    if (s->answer.posted) {
        ngx_delete_posted_event(&s->answer);
    }

    ngx_livepeer_curl_cancel(&s->call);
    lp_buf_done(&s->request);
    lp_arena_done(&s->arena);
    s->ready = 0;

    if (s->sibling.next) {
        ngx_queue_remove(&s->sibling);
        s->sibling.next = NULL;

        if (s->peer->prober == s) {
            ngx_livepeer_session_tell(s, s->peer->down);
        }
    }
}


static ngx_int_t
ngx_livepeer_session_add(ngx_livepeer_stream_t *st,
    ngx_livepeer_orch_conf_t *conf, ngx_uint_t index)
{
    ngx_pool_cleanup_t      *cln;
    ngx_livepeer_session_t  *s;

    s = ngx_pcalloc(st->pool, sizeof(ngx_livepeer_session_t));
    cln = ngx_pool_cleanup_add(st->pool, 0);

    if (s == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    s->stream = st;
    s->prefer = conf->prefer;
    s->stranger = conf->listed && !st->conf->money.allow_private;
    s->index = index;

    lp_buf_init(&s->request, LP_WIRE_MESSAGE_MAX);
    lp_arena_init(&s->arena, NGX_LIVEPEER_SESSION_ARENA);

    s->answer.handler = ngx_livepeer_session_answer_handler;
    s->answer.data = s;
    s->answer.log = ngx_cycle->log;

    s->timer.handler = ngx_livepeer_session_timer_handler;
    s->timer.data = s;
    s->timer.log = ngx_cycle->log;
    s->timer.cancelable = 1;            /* the publisher holds the worker */

    cln->handler = ngx_livepeer_session_close;
    cln->data = s;

    s->peer = ngx_livepeer_peer_get(&conf->url,
                                    conf->known && st->conf->money.on_chain
                                    ? &conf->address : NULL, st->log);
    if (s->peer == NULL) {
        return NGX_ERROR;
    }

    s->peer->listed = conf->listed;
    s->url = s->peer->url;

    if (ngx_livepeer_url_parse(&s->origin, &s->url) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(&st->sessions, &s->queue);
    ngx_queue_insert_tail(&s->peer->sessions, &s->sibling);
    ngx_livepeer_session_ask(s);
    ngx_livepeer_row_show(s, NULL, NULL);

    return NGX_OK;
}


/* one entry of the registry, for st; or what st has of it is still there */

static ngx_int_t
ngx_livepeer_session_list(ngx_livepeer_stream_t *st,
    ngx_livepeer_entry_t *entry, ngx_uint_t *n)
{
    ngx_queue_t               *q;
    ngx_livepeer_session_t    *s;
    ngx_livepeer_orch_conf_t   conf;

    for (q = ngx_queue_head(&st->sessions);
         q != ngx_queue_sentinel(&st->sessions);
         q = ngx_queue_next(q))
    {
        s = ngx_livepeer_session_of(q);

        if (lp_address_equal(&s->peer->address, &entry->address)
            && ngx_strcmp(s->peer->url.data, entry->url) == 0)
        {
            s->gone = 0;
            return NGX_OK;
        }
    }

    if (*n == NGX_LIVEPEER_ORCHS_MAX) {
        return NGX_OK;
    }

    ngx_memzero(&conf, sizeof(ngx_livepeer_orch_conf_t));

    conf.url.data = (u_char *) entry->url;
    conf.url.len = ngx_strlen(entry->url);
    conf.listed = 1;
    conf.known = 1;
    conf.address = entry->address;

    return ngx_livepeer_session_add(st, &conf, (*n)++);
}


/*
 * The registry comes in the order of stake. When it has more than a stream
 * can have, the first half are taken and the rest drawn by lot, so that
 * nobody is never tried (T-31).
 */

static ngx_int_t
ngx_livepeer_session_registry(ngx_livepeer_stream_t *st)
{
    ngx_uint_t             i, k, n, total;
    ngx_queue_t           *q;
    ngx_livepeer_entry_t   swap, *e = ngx_livepeer_session_entries;

    total = ngx_livepeer_ledger_entries(e, NGX_LIVEPEER_ENTRIES_MAX);
    n = 0;

    for (q = ngx_queue_head(&st->sessions);
         q != ngx_queue_sentinel(&st->sessions);
         q = ngx_queue_next(q))
    {
        ngx_livepeer_session_of(q)->gone = 1;
        n++;
    }

    for (i = 0; i < total; i++) {
        if (total > NGX_LIVEPEER_ORCHS_MAX && i >= NGX_LIVEPEER_ORCHS_MAX / 2) {
            k = i + (ngx_uint_t) ngx_random() % (total - i);
            swap = e[i];
            e[i] = e[k];
            e[k] = swap;
        }

        if (ngx_livepeer_session_list(st, &e[i], &n) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_session_start(ngx_livepeer_stream_t *st)
{
    ngx_uint_t                 i;
    ngx_livepeer_orch_conf_t  *conf;

    ngx_queue_init(&st->sessions);

    if (st->conf->profiles == NULL) {
        return NGX_OK;
    }

    if (ngx_livepeer_session_streams.next == NULL) {
        ngx_queue_init(&ngx_livepeer_session_streams);
    }

    ngx_queue_insert_tail(&ngx_livepeer_session_streams, &st->queue);

    if (st->conf->orchestrators == NULL) {
        return st->conf->money.on_chain ? ngx_livepeer_session_registry(st)
                                        : NGX_OK;
    }

    conf = st->conf->orchestrators->elts;

    for (i = 0; i < st->conf->orchestrators->nelts
                && i < NGX_LIVEPEER_ORCHS_MAX; i++)
    {
        if (ngx_livepeer_session_add(st, &conf[i], i) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_livepeer_session_tick(void)
{
    uint64_t                generation;
    ngx_uint_t              changed;
    ngx_queue_t            *q, *streams = &ngx_livepeer_session_streams;
    ngx_livepeer_stream_t  *st;

    generation = ngx_livepeer_ledger_generation();
    changed = generation != ngx_livepeer_session_generation;
    ngx_livepeer_session_generation = generation;

    if (streams->next == NULL) {
        return;
    }

    for (q = ngx_queue_head(streams);
         q != ngx_queue_sentinel(streams);
         q = ngx_queue_next(q))
    {
        st = ngx_queue_data(q, ngx_livepeer_stream_t, queue);

        if (changed && st->conf->orchestrators == NULL && !st->closed) {
            (void) ngx_livepeer_session_registry(st);
        }

        ngx_livepeer_session_wake(st);
    }
}


void
ngx_livepeer_session_stop(ngx_livepeer_stream_t *st)
{
    ngx_queue_t             *q;
    ngx_livepeer_session_t  *s;

    if (st->queue.next) {
        ngx_queue_remove(&st->queue);
        st->queue.next = NULL;
    }

    while (!ngx_queue_empty(&st->sessions)) {
        q = ngx_queue_head(&st->sessions);
        s = ngx_livepeer_session_of(q);
        ngx_queue_remove(q);

        if (s->used) {
            ngx_livepeer_discover_end(s);
        }

        ngx_livepeer_session_close(s);
    }
}


/* Asking */


/* one asks for all streams while the peer is down: T-46 */

static void
ngx_livepeer_session_ask(ngx_livepeer_session_t *s)
{
    ngx_livepeer_peer_t  *peer = s->peer;

    if (s->timer.timer_set) {
        ngx_del_timer(&s->timer);
    }

    if (s->call || (peer->down && peer->prober)) {
        return;
    }

    /* who cannot be paid is not asked: an offer is judged by what the chain
       says, and at a start that is still being read */

    if (!s->ready && !ngx_livepeer_stop_none(s->stream)) {
        ngx_add_timer(&s->timer, NGX_LIVEPEER_SESSION_UNPAID);
        return;
    }

    peer->asked = ngx_current_msec;

    if (ngx_livepeer_discover_ask(s) != NGX_OK) {
        ngx_livepeer_session_plan(s);
        return;
    }

    if (peer->prober == NULL) {
        peer->prober = s;
    }
}


/*
 * When to ask again: before the token ends; after a suspension; and, while
 * nobody can work, every few seconds, so that recovery needs no restart.
 */

static void
ngx_livepeer_session_plan(ngx_livepeer_session_t *s)
{
    ngx_msec_int_t  wait, pause;

    if (s->timer.timer_set) {
        ngx_del_timer(&s->timer);
    }

    pause = (ngx_msec_int_t) (s->peer->asked + NGX_LIVEPEER_SESSION_PAUSE
                              - ngx_current_msec);

    if (s->ready) {
        wait = (ngx_msec_int_t) (s->refresh - ngx_current_msec);

    } else {
        wait = ngx_livepeer_peer_suspended(s->peer);

        if (!ngx_livepeer_session_any(s->stream)) {
            wait = (ngx_msec_int_t) (s->peer->asked
                                     + (s->peer->listed
                                        ? NGX_LIVEPEER_SESSION_STRANGERS
                                        : NGX_LIVEPEER_SESSION_REPROBE)
                                     - ngx_current_msec);
        }
    }

    wait = ngx_max(wait, pause);

    ngx_add_timer(&s->timer, (ngx_msec_t) ngx_max(wait, 1));
}


/* the last usable one is gone: nobody waits for the end of a suspension */

static void
ngx_livepeer_session_plan_all(ngx_livepeer_stream_t *st)
{
    ngx_queue_t             *q;
    ngx_livepeer_session_t  *s;

    for (q = ngx_queue_head(&st->sessions);
         q != ngx_queue_sentinel(&st->sessions);
         q = ngx_queue_next(q))
    {
        s = ngx_livepeer_session_of(q);

        if (!s->ready && s->call == NULL) {
            ngx_livepeer_session_plan(s);
        }
    }
}


static void
ngx_livepeer_session_timer_handler(ngx_event_t *ev)
{
    ngx_livepeer_session_ask(ev->data);
}


/* Answers */


static void
ngx_livepeer_session_punish(ngx_livepeer_session_t *s)
{
    s->ready = 0;
    s->current = 0;
    ngx_livepeer_pay_forfeit(&s->account);
    ngx_livepeer_peer_punish(s->peer);
}


static void
ngx_livepeer_session_log(ngx_livepeer_session_t *s, const char *why)
{
    if (why == NULL) {
        ngx_log_error(NGX_LOG_NOTICE, s->stream->log, 0,
                      "livepeer: %V is ready for \"%V\"", &s->url,
                      &s->stream->name);
        s->silent = 0;

    } else if (!s->silent) {
        ngx_log_error(NGX_LOG_WARN, s->stream->log, 0,
                      "livepeer: %V %s when asked for a session for \"%V\"",
                      &s->url, why, &s->stream->name);
        s->silent = 1;
    }
}


/* s asked for the other streams too: it was in vain, or they may go ahead */

static void
ngx_livepeer_session_tell(ngx_livepeer_session_t *s, ngx_uint_t down)
{
    ngx_queue_t             *q;
    ngx_livepeer_peer_t     *peer = s->peer;
    ngx_livepeer_session_t  *other;

    if (peer->prober == s) {
        peer->prober = NULL;
    }

    peer->down = down;

    for (q = ngx_queue_head(&peer->sessions);
         q != ngx_queue_sentinel(&peer->sessions);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_livepeer_session_t, sibling);

        if (other == s || other->ready || other->call) {
            continue;
        }

        if (down) {
            ngx_livepeer_session_plan(other);
            ngx_livepeer_session_wake(other->stream);

        } else {
            ngx_livepeer_session_ask(other);
        }
    }
}


static void
ngx_livepeer_session_answer_handler(ngx_event_t *ev)
{
    ngx_uint_t               was;
    const char              *why;
    ngx_livepeer_session_t  *s = ev->data;

    if (s->call == NULL || !s->call->done) {
        return;
    }

    was = s->ready;
    why = ngx_livepeer_discover_take(s);
    ngx_livepeer_curl_cancel(&s->call);
    ngx_livepeer_session_tell(s, why != NULL);

    if (why && s->account.lag) {
        s->ready = 0;

    } else if (why) {
        ngx_livepeer_session_punish(s);
    }

    if (why || !was) {
        ngx_livepeer_session_log(s, why);
        ngx_livepeer_row_show(s, NULL, why);
    }

    ngx_livepeer_session_plan(s);

    if (why && !ngx_livepeer_session_any(s->stream)) {
        ngx_livepeer_session_plan_all(s->stream);
    }

    ngx_livepeer_session_wake(s->stream);
}


ngx_livepeer_key_watch_t *
ngx_livepeer_session_watch(ngx_livepeer_session_t *s)
{
    return s->base_parts.port == s->origin.port ? &s->peer->watch : NULL;
}


/* Held and given back */


ngx_int_t
ngx_livepeer_session_hold(ngx_livepeer_seg_t *seg)
{
    ngx_uint_t               waiting;
    ngx_livepeer_session_t  *s;

    s = ngx_livepeer_choose_best(seg, &waiting);

    if (s == NULL) {
        return waiting ? NGX_AGAIN : NGX_DECLINED;
    }

    s->used = 1;
    s->in_flight++;
    ngx_livepeer_peer_hold(s->peer);
    seg->session = s;
    seg->tried |= (uint32_t) 1 << s->index;

    ngx_livepeer_row_show(s, NULL, NULL);

    return NGX_OK;
}


ngx_uint_t
ngx_livepeer_session_other(ngx_livepeer_seg_t *seg)
{
    ngx_uint_t  waiting;

    return ngx_livepeer_choose_best(seg, &waiting) != NULL;
}


void
ngx_livepeer_session_release(ngx_livepeer_session_t **s)
{
    ngx_queue_t             *q;
    ngx_livepeer_session_t  *held = *s, *other;

    if (held == NULL) {
        return;
    }

    *s = NULL;
    held->in_flight--;
    ngx_livepeer_peer_release(held->peer);

    ngx_livepeer_row_show(held, NULL, NULL);

    /* one that is tried out is awaited by all streams */

    for (q = ngx_queue_head(&held->peer->sessions);
         q != ngx_queue_sentinel(&held->peer->sessions);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_livepeer_session_t, sibling);
        ngx_livepeer_session_wake(other->stream);
    }
}


/* Verdicts */


void
ngx_livepeer_session_good(ngx_livepeer_seg_t *seg)
{
    ngx_queue_t             *q;
    ngx_livepeer_session_t  *s = seg->session;
    ngx_livepeer_stream_t   *st = s->stream;

    for (q = ngx_queue_head(&st->sessions);
         q != ngx_queue_sentinel(&st->sessions);
         q = ngx_queue_next(q))
    {
        ngx_livepeer_session_of(q)->current = 0;
    }

    s->current = 1;
    s->worked = 1;
    s->late = 0;
    ngx_livepeer_peer_praise(s->peer);
    s->peer->score_milli = 1 + (seg->answered - seg->begun) * 1000
                           / ngx_max(seg->duration_ms,
                                     NGX_LIVEPEER_CHOOSE_SHORT);

    ngx_livepeer_row_show(s, seg, NULL);
}


void
ngx_livepeer_session_bad(ngx_livepeer_session_t *s, const char *why)
{
    ngx_livepeer_session_punish(s);
    ngx_livepeer_row_show(s, NULL, why);
    ngx_livepeer_session_plan_all(s->stream);
}


void
ngx_livepeer_session_late(ngx_livepeer_seg_t *seg, const char *why)
{
    ngx_uint_t               score;
    ngx_livepeer_session_t  *s = seg->session;

    if (!s->worked || ++s->late >= NGX_LIVEPEER_SESSION_LATE) {
        s->late = 0;
        ngx_livepeer_session_bad(s, why);
        return;
    }

    score = 1 + (ngx_current_msec - seg->begun) * 1000
            / ngx_max(seg->duration_ms, NGX_LIVEPEER_CHOOSE_SHORT);

    s->current = 0;
    s->peer->score_milli = ngx_max(score, s->peer->score_milli);

    ngx_livepeer_row_show(s, NULL, why);
}


void
ngx_livepeer_session_renew(ngx_livepeer_seg_t *seg, const char *why)
{
    ngx_livepeer_session_t  *s = seg->session;

    seg->tried &= ~((uint32_t) 1 << s->index);

    s->ready = 0;
    s->refused = 1;
    ngx_livepeer_pay_forfeit(&s->account);
    ngx_livepeer_row_show(s, NULL, why);
    ngx_livepeer_session_ask(s);
}


void
ngx_livepeer_session_adopt(ngx_livepeer_session_t *s, lp_arena_t *arena,
    const lp_wire_token_t *token)
{
    lp_wire_token_t  kept = *token;

    lp_arena_done(&s->arena);
    s->arena = *arena;
    lp_arena_init(arena, NGX_LIVEPEER_SESSION_ARENA);

    ngx_memzero(&s->info, sizeof(lp_wire_orch_info_t));
    s->info.token = kept;
    s->info.has_token = 1;
}
