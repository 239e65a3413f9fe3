/*
 * The order in which a stream's sessions are used: preferred ones, the one
 * that keeps up, those that are fast or unknown, those that are slow. When a
 * segment has lost time with one of them, speed comes before preference.
 * Source: wire.md 8.3, 8.4; threats.md T-31.
 */
#include "ngx_livepeer_module/ngx_livepeer_choose.h"


#define NGX_LIVEPEER_CHOOSE_SEGS     3               /* in flight at once */
#define NGX_LIVEPEER_CHOOSE_ON_TIME  1000            /* score of real time */


/* unknown ones are worth a try before those that are known to be slow */

static ngx_uint_t
ngx_livepeer_choose_class(ngx_livepeer_session_t *s)
{
    if (s->peer->score_milli == 0) {
        return 1;
    }

    return s->peer->score_milli <= NGX_LIVEPEER_CHOOSE_ON_TIME ? 0 : 2;
}


/* the one that worked last is kept while it keeps up: wire.md 8.3 */

static ngx_uint_t
ngx_livepeer_choose_keeps_up(ngx_livepeer_session_t *s)
{
    ngx_queue_t         *q, *segs = &s->stream->segs;
    ngx_livepeer_seg_t  *seg;

    if (!s->current || ngx_livepeer_choose_class(s) != 0) {
        return 0;
    }

    for (q = ngx_queue_head(segs);
         q != ngx_queue_sentinel(segs);
         q = ngx_queue_next(q))
    {
        seg = ngx_queue_data(q, ngx_livepeer_seg_t, queue);

        if (seg->session == s) {
            return ngx_current_msec - seg->begun
                   < ngx_max(seg->duration_ms, NGX_LIVEPEER_CHOOSE_SHORT);
        }
    }

    return 1;
}


/* is a better than b, for a segment that has lost time or not */

static ngx_uint_t
ngx_livepeer_choose_better(ngx_livepeer_session_t *a,
    ngx_livepeer_session_t *b, ngx_uint_t late)
{
    ngx_uint_t      ca, cb;
    ngx_msec_int_t  sa, sb;

    sa = ngx_max(ngx_livepeer_peer_suspended(a->peer), 0);
    sb = ngx_max(ngx_livepeer_peer_suspended(b->peer), 0);

    if (sa != sb) {
        return sa < sb;
    }

    if (!late && a->prefer != b->prefer) {
        return a->prefer;
    }

    ca = ngx_livepeer_choose_keeps_up(a);
    cb = ngx_livepeer_choose_keeps_up(b);

    if (ca != cb) {
        return ca;
    }

    ca = ngx_livepeer_choose_class(a);
    cb = ngx_livepeer_choose_class(b);

    if (ca != cb) {
        return ca < cb;
    }

    if (a->prefer != b->prefer) {
        return a->prefer;
    }

    if (a->peer->score_milli != b->peer->score_milli) {
        return a->peer->score_milli < b->peer->score_milli;
    }

    return a->index < b->index;
}


static ngx_uint_t
ngx_livepeer_choose_tried(ngx_livepeer_seg_t *seg, ngx_livepeer_session_t *s)
{
    return (seg->tried & ((uint32_t) 1 << s->index)) != 0;
}


/* of one that took longer the last time than is left of the slot, nothing is
   bought: there will be a gap with it, or without */

static ngx_uint_t
ngx_livepeer_choose_too_slow(ngx_livepeer_seg_t *seg,
    ngx_livepeer_session_t *s)
{
    ngx_msec_int_t  took;

    took = (ngx_msec_int_t) (s->peer->score_milli
                             * ngx_max(seg->duration_ms,
                                       NGX_LIVEPEER_CHOOSE_SHORT) / 1000);

    return took >= (ngx_msec_int_t) (seg->deadline - ngx_current_msec);
}


ngx_livepeer_session_t *
ngx_livepeer_choose_best(ngx_livepeer_seg_t *seg, ngx_uint_t *waiting)
{
    ngx_uint_t               late = seg->tried != 0;
    ngx_queue_t             *q, *sessions = &seg->stream->sessions;
    ngx_livepeer_session_t  *s, *best = NULL;

    *waiting = 0;

    for (q = ngx_queue_head(sessions);
         q != ngx_queue_sentinel(sessions);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_livepeer_session_t, queue);

        if (ngx_livepeer_choose_tried(seg, s) || s->gone
            || (ngx_msec_int_t) (s->account.rest - ngx_current_msec) > 0
            || ngx_livepeer_peer_barred(s->peer)
            || (late && ngx_livepeer_choose_too_slow(seg, s)))
        {
            continue;
        }

        if (!s->ready) {
            *waiting |= s->call || s->peer->prober;

        } else if (!ngx_livepeer_peer_may(s->peer, s->in_flight,
                                          NGX_LIVEPEER_CHOOSE_SEGS))
        {
            *waiting = 1;

        } else if (best == NULL || ngx_livepeer_choose_better(s, best, late)) {
            best = s;
        }
    }

    return best;
}
