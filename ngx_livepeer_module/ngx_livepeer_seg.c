/*
 * One segment's life: the story is the table, read from top to bottom. A step
 * runs on entry and after every wake, looks at the facts, and answers:
 * NGX_OK goes on, NGX_AGAIN waits, NGX_DECLINED tries another orchestrator,
 * NGX_ERROR ends. The source is in the playlist before the first step; the
 * last one lists the renditions, whole or as a gap, in the order of seq.
 *
 *   select > sign > upload > result > fetch > verify > publish > done
 *      ^       |       |        |       |        |        ^
 *      +------ retry <-+--------+-------+--------+        |
 *                 +-- nobody, or no time, left: a gap ----+
 */
#include "ngx_livepeer_module/ngx_livepeer_curl.h"
#include "ngx_livepeer_module/ngx_livepeer_fetch.h"
#include "ngx_livepeer_module/ngx_livepeer_hls.h"
#include "ngx_livepeer_module/ngx_livepeer_pay.h"
#include "ngx_livepeer_module/ngx_livepeer_seg.h"
#include "ngx_livepeer_module/ngx_livepeer_session.h"
#include "ngx_livepeer_module/ngx_livepeer_stop.h"
#include "ngx_livepeer_module/ngx_livepeer_submit.h"
#include "ngx_livepeer_module/ngx_livepeer_verify.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"


#define NGX_LIVEPEER_SEG_SLOT      6000      /* ms, at least, until a gap */
#define NGX_LIVEPEER_SEG_ATTEMPT   3000      /* ms, at least, for one */
#define NGX_LIVEPEER_SEG_LOOK      250       /* ms between two looks around */
#define NGX_LIVEPEER_SEG_SLACK     (1024 * 1024)
#define NGX_LIVEPEER_SEG_RING      64


static ngx_int_t ngx_livepeer_seg_select(ngx_livepeer_seg_t *seg);
static ngx_int_t ngx_livepeer_seg_sign(ngx_livepeer_seg_t *seg);
static ngx_int_t ngx_livepeer_seg_upload(ngx_livepeer_seg_t *seg);
static ngx_int_t ngx_livepeer_seg_result(ngx_livepeer_seg_t *seg);
static ngx_int_t ngx_livepeer_seg_fetch(ngx_livepeer_seg_t *seg);
static ngx_int_t ngx_livepeer_seg_verify(ngx_livepeer_seg_t *seg);
static ngx_int_t ngx_livepeer_seg_publish(ngx_livepeer_seg_t *seg);
static ngx_int_t ngx_livepeer_seg_retry(ngx_livepeer_seg_t *seg);

static void ngx_livepeer_seg_run(ngx_event_t *ev);
static void ngx_livepeer_seg_drop(void *data);
static void ngx_livepeer_seg_finalize(ngx_livepeer_seg_t *seg);


static const ngx_livepeer_step_t  ngx_livepeer_seg_steps[] = {
    [seg_select]  = { "select",  ngx_livepeer_seg_select,  seg_sign    },
    [seg_sign]    = { "sign",    ngx_livepeer_seg_sign,    seg_upload  },
    [seg_upload]  = { "upload",  ngx_livepeer_seg_upload,  seg_result  },
    [seg_result]  = { "result",  ngx_livepeer_seg_result,  seg_fetch   },
    [seg_fetch]   = { "fetch",   ngx_livepeer_seg_fetch,   seg_verify  },
    [seg_verify]  = { "verify",  ngx_livepeer_seg_verify,  seg_publish },
    [seg_publish] = { "publish", ngx_livepeer_seg_publish, seg_done    },
    [seg_retry]   = { "retry",   ngx_livepeer_seg_retry,   seg_select  },
    [seg_done]    = { "done",    NULL,                     seg_done    },
};


static size_t  ngx_livepeer_seg_memory;      /* of all segs of the worker */


/* The driver */


/* ms until the state is given up; 0 or less: its time is over */

static ngx_msec_int_t
ngx_livepeer_seg_patience(ngx_livepeer_seg_t *seg)
{
    ngx_msec_int_t  slot, attempt, left;

    slot = (ngx_msec_int_t) (seg->deadline - ngx_current_msec);
    attempt = ngx_max(NGX_LIVEPEER_SEG_ATTEMPT, seg->duration_ms * 3 / 2);

    if (seg->session && seg->session->worked) {

        /* slow is not dead: to begin anew elsewhere would double the work */

        attempt += attempt / 3;
    }

    left = (ngx_msec_int_t) (seg->begun + attempt - ngx_current_msec);

    switch (seg->state) {

    case seg_upload:
    case seg_result:
        return ngx_min(left, slot);

    case seg_fetch:
        return ngx_min(ngx_max(left, attempt / 2), slot);

    default:
        return slot;
    }
}


/*
 * An attempt is given up early only for somebody else: alone, an orchestrator
 * has until the slot must be published.
 */

static ngx_uint_t
ngx_livepeer_seg_waits_on(ngx_livepeer_seg_t *seg)
{
    ngx_msec_int_t  slot;

    slot = (ngx_msec_int_t) (seg->deadline - ngx_current_msec);

    if (slot <= 0 || seg->call == NULL || ngx_livepeer_session_other(seg)) {
        return 0;
    }

    ngx_add_timer(&seg->event, ngx_min(slot, NGX_LIVEPEER_SEG_LOOK));

    return 1;
}


static void
ngx_livepeer_seg_enter(ngx_livepeer_seg_t *seg, ngx_int_t rc)
{
    ngx_uint_t       next;
    ngx_event_t     *ev = &seg->event;
    ngx_msec_int_t   left;

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (ev->timedout) {
        ev->timedout = 0;

        if (ngx_livepeer_seg_waits_on(seg)) {
            return;
        }

        seg->late = seg->state == seg_result || seg->state == seg_fetch;
        seg->reason = "did not answer in time";
    }

    switch (rc) {

    case NGX_OK:
        next = ngx_livepeer_seg_steps[seg->state].next;
        break;

    case NGX_DECLINED:
        if (seg->state != seg_select && seg->state != seg_retry) {
            next = seg_retry;
            break;
        }

        /* fall through */

    default:
        seg->gap = 1;
        next = seg->state == seg_publish ? seg_done : seg_publish;
        break;
    }

    ngx_log_debug4(NGX_LOG_DEBUG_CORE, seg->stream->log, 0,
                   "livepeer: segment %uL: %s %i > %s", seg->seq,
                   ngx_livepeer_seg_steps[seg->state].name, rc,
                   ngx_livepeer_seg_steps[next].name);

    seg->state = next;

    /* to publish is to wait for older segments, and they have deadlines */

    if (next != seg_publish && next != seg_done) {
        left = ngx_livepeer_seg_patience(seg);
        ngx_add_timer(ev, (ngx_msec_t) ngx_max(left, 1));
    }
}


static void
ngx_livepeer_seg_run(ngx_event_t *ev)             /* the seg's wake and timer */
{
    ngx_int_t            rc;
    ngx_livepeer_seg_t  *seg = ev->data;

    while (seg->state < seg_done) {
        rc = ev->timedout ? NGX_DECLINED
                          : ngx_livepeer_seg_steps[seg->state].run(seg);
        if (rc == NGX_AGAIN) {
            return;
        }

        ngx_livepeer_seg_enter(seg, rc);
    }

    ngx_livepeer_seg_finalize(seg);
}


void
ngx_livepeer_seg_wake(ngx_livepeer_seg_t *seg)
{
    ngx_post_event(&seg->event, &ngx_posted_events);
}


void
ngx_livepeer_seg_wake_handler(void *data)
{
    ngx_livepeer_seg_wake(data);
}


/* Birth */


size_t
ngx_livepeer_seg_rendition_max(ngx_livepeer_seg_t *seg, ngx_uint_t i)
{
    uint64_t  bits;

    bits = (uint64_t) seg->stream->rungs[i].profile.bitrate
           * seg->duration_ms / 1000;

    return (size_t) (2 * bits / 8) + NGX_LIVEPEER_SEG_SLACK;
}


/* room for the source and the largest answer that would be read: T-30 */

static ngx_int_t
ngx_livepeer_seg_reserve(ngx_livepeer_seg_t *seg)
{
    size_t      size = seg->len;
    ngx_uint_t  i;

    for (i = 0; i < seg->nrenditions; i++) {
        size += ngx_livepeer_seg_rendition_max(seg, i);
    }

    if (size + ngx_livepeer_seg_memory > seg->stream->conf->max_memory) {
        return NGX_DECLINED;
    }

    ngx_livepeer_seg_memory += size;
    seg->reserved = size;

    return NGX_OK;
}


static void
ngx_livepeer_seg_cleanup(void *data)
{
    ngx_livepeer_seg_t  *seg = data;

    ngx_livepeer_seg_drop(seg);

    if (seg->event.timer_set) {
        ngx_del_timer(&seg->event);
    }

    if (seg->event.posted) {
        ngx_delete_posted_event(&seg->event);
    }

    ngx_livepeer_seg_memory -= seg->reserved;
    seg->reserved = 0;
}


/* may the segment be sent out at all; otherwise its slot becomes a gap */

static ngx_uint_t
ngx_livepeer_seg_transcodable(ngx_livepeer_seg_t *seg)
{
    if (seg->audio_only) {
        return 0;
    }

    if (!ngx_livepeer_stop_none(seg->stream)) {
        seg->stopped = 1;
        return 0;
    }

    if (ngx_livepeer_seg_reserve(seg) == NGX_OK) {
        return 1;
    }

    ngx_log_error(NGX_LOG_WARN, seg->stream->log, 0,
                  "livepeer: segment %uL of \"%V\" is not transcoded: the "
                  "segments of this worker have reached livepeer_max_memory",
                  seg->seq, &seg->stream->name);

    return 0;
}


void
ngx_livepeer_seg_start(ngx_livepeer_seg_t *seg)
{
    ngx_pool_cleanup_t     *cln;
    ngx_livepeer_stream_t  *st = seg->stream;

    cln = ngx_pool_cleanup_add(seg->pool, 0);

    if (cln == NULL || ngx_livepeer_hls_publish_source(st, seg) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, st->log, 0,
                      "livepeer: segment %uL of \"%V\" is lost: it could not "
                      "be stored", seg->seq, &st->name);
        ngx_destroy_pool(seg->pool);
        return;
    }

    if (st->passthrough || st->nrungs == 0) {
        ngx_destroy_pool(seg->pool);
        return;
    }

    cln->handler = ngx_livepeer_seg_cleanup;
    cln->data = seg;

    seg->event.handler = ngx_livepeer_seg_run;
    seg->event.data = seg;
    seg->event.log = ngx_cycle->log;

    seg->nrenditions = st->nrungs;
    seg->arrived = ngx_current_msec;
    seg->deadline = seg->arrived + ngx_max(NGX_LIVEPEER_SEG_SLOT,
                                           3 * seg->duration_ms);

    if (ngx_livepeer_seg_transcodable(seg)) {
        seg->state = seg_select;
        ngx_add_timer(&seg->event, seg->deadline - seg->arrived);

    } else {
        seg->state = seg_publish;
        seg->gap = 1;
    }

    ngx_queue_insert_tail(&st->segs, &seg->queue);

    /* the first step runs when the publisher's message is worked off */

    ngx_livepeer_seg_wake(seg);
}


/* The steps */


static ngx_int_t
ngx_livepeer_seg_select(ngx_livepeer_seg_t *seg)
{
    ngx_int_t  rc;

    if (seg->session) {
        return NGX_OK;
    }

    rc = ngx_livepeer_session_hold(seg);
    if (rc != NGX_OK) {
        return rc;
    }

    seg->attempts++;
    seg->begun = ngx_current_msec;

    if (seg->left) {
        ngx_log_error(NGX_LOG_WARN, seg->stream->log, 0,
                      "livepeer: segment %uL of \"%V\": %V %s (%M ms); trying "
                      "%V", seg->seq, &seg->stream->name, &seg->left->url,
                      seg->reason, seg->spent, &seg->session->url);
        seg->left = NULL;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_livepeer_seg_sign(ngx_livepeer_seg_t *seg)
{
    return ngx_livepeer_submit_sign(seg);
}


/* the few words of a refusal are awaited: they may say that a new session
   would be taken */

static ngx_int_t
ngx_livepeer_seg_refused(ngx_livepeer_seg_t *seg)
{
    if (!seg->call->done) {
        return NGX_AGAIN;
    }

    seg->reason = ngx_livepeer_submit_refusal(seg->call->status);
    ngx_livepeer_pay_refused(seg);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_livepeer_seg_upload(ngx_livepeer_seg_t *seg)
{
    if (seg->call == NULL) {
        return ngx_livepeer_submit_start(seg);                   /* NGX_AGAIN */
    }

    if (!seg->call->headers_done) {
        if (seg->call->failed) {
            seg->reason = seg->call->error;
            return NGX_DECLINED;
        }

        return NGX_AGAIN;
    }

    /* the early 200: our bytes arrived; the same response brings the result */

    if (seg->call->status != 200) {
        return ngx_livepeer_seg_refused(seg);
    }

    seg->uploaded = ngx_current_msec;

    return NGX_OK;
}


/*
 * "The source is bad" counts when a second orchestrator says so: the first
 * one is not blamed until another proves it wrong (T-28).
 */

static ngx_int_t
ngx_livepeer_seg_bad_input(ngx_livepeer_seg_t *seg)
{
    ngx_livepeer_pay_accused(seg);

    if (seg->accuser == NULL) {
        seg->accuser = seg->session;
        return NGX_DECLINED;
    }

    seg->left = seg->session;
    seg->spent = ngx_current_msec - seg->begun;

    return NGX_ERROR;
}


static ngx_int_t
ngx_livepeer_seg_result(ngx_livepeer_seg_t *seg)
{
    ngx_int_t   rc;
    ngx_uint_t  bad_input;

    if (!seg->call->done) {
        return NGX_AGAIN;
    }

    if (seg->call->failed) {
        seg->reason = seg->call->error;
        return NGX_DECLINED;
    }

    seg->answered = ngx_current_msec;

    rc = ngx_livepeer_submit_result(seg, &bad_input);

    return bad_input ? ngx_livepeer_seg_bad_input(seg) : rc;
}


static ngx_int_t
ngx_livepeer_seg_fetch(ngx_livepeer_seg_t *seg)
{
    if (seg->renditions[0].url.data == NULL
        && ngx_livepeer_fetch_start(seg) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_livepeer_fetch_check(seg);
}


static ngx_int_t
ngx_livepeer_seg_verify(ngx_livepeer_seg_t *seg)
{
    seg->fetched = ngx_current_msec;

    if (ngx_livepeer_verify_seg(seg) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_livepeer_session_good(seg);

    if (ngx_livepeer_pay_settle(seg) != NGX_OK) {
        ngx_livepeer_session_bad(seg->session, seg->reason);
    }

    if (seg->accuser) {
        ngx_livepeer_session_bad(seg->accuser, "refused a good source");
        seg->accuser = NULL;
    }

    ngx_livepeer_session_release(&seg->session);

    return NGX_OK;
}


static void
ngx_livepeer_seg_count_retry(ngx_livepeer_seg_t *seg)
{
    ngx_livepeer_stream_t  *st = seg->stream;

    ngx_livepeer_zone_lock();

    if (ngx_livepeer_zone_owns(st->slot, st->generation)) {
        st->slot->retries++;
    }

    ngx_livepeer_zone_unlock();
}


static ngx_int_t
ngx_livepeer_seg_retry(ngx_livepeer_seg_t *seg)
{
    seg->left = seg->session;
    seg->spent = ngx_current_msec - seg->begun;

    if (seg->unpaid) {

        /* it has done nothing wrong */

    } else if (seg->anew) {
        ngx_livepeer_session_renew(seg, seg->reason);

    } else if (seg->late) {
        ngx_livepeer_session_late(seg, seg->reason);

    } else if (seg->session != seg->accuser) {
        ngx_livepeer_session_bad(seg->session, seg->reason);
    }

    seg->late = 0;
    seg->anew = 0;
    seg->unpaid = 0;
    ngx_livepeer_seg_drop(seg);

    if (seg->attempts >= seg->stream->conf->attempts
        || (ngx_msec_int_t) (seg->deadline - ngx_current_msec) <= 0)
    {
        return NGX_DECLINED;
    }

    ngx_livepeer_seg_count_retry(seg);

    return NGX_OK;
}


/* what the page and the metrics tell of a segment that is through */

static void
ngx_livepeer_seg_count(ngx_livepeer_seg_t *seg)
{
    ngx_uint_t              i;
    ngx_livepeer_slot_t    *slot = seg->stream->slot;
    ngx_livepeer_stream_t  *st = seg->stream;

    ngx_livepeer_zone_lock();

    if (!ngx_livepeer_zone_owns(slot, st->generation)) {
        ngx_livepeer_zone_unlock();
        return;
    }

    if (seg->gap) {
        slot->missed += seg->nrenditions;

    } else {
        slot->renditions += seg->nrenditions;
        slot->rtt_ms = seg->fetched - seg->begun;
        slot->publish_ms = ngx_current_msec - seg->arrived;

        i = slot->nring++ % NGX_LIVEPEER_SEG_RING;
        slot->rtt_ring[i] = slot->rtt_ms;
        slot->publish_ring[i] = slot->publish_ms;
    }

    ngx_livepeer_zone_unlock();
}


static void
ngx_livepeer_seg_log_gap(ngx_livepeer_seg_t *seg)
{
    if (seg->stopped) {
        return;
    }

    if (seg->left) {
        ngx_log_error(NGX_LOG_ERR, seg->stream->log, 0,
                      "livepeer: segment %uL of \"%V\": %V %s (%M ms); nobody "
                      "else is left, its renditions are marked as a gap",
                      seg->seq, &seg->stream->name, &seg->left->url,
                      seg->reason, seg->spent);

    } else if (!seg->audio_only && seg->reserved) {
        ngx_log_error(NGX_LOG_ERR, seg->stream->log, 0,
                      "livepeer: segment %uL of \"%V\": no orchestrator can "
                      "be used, its renditions are marked as a gap",
                      seg->seq, &seg->stream->name);
    }
}


static ngx_int_t
ngx_livepeer_seg_publish(ngx_livepeer_seg_t *seg)
{
    ngx_int_t               rc;
    ngx_livepeer_stream_t  *st = seg->stream;

    /* older ones first: whoever leaves the queue wakes the next */

    if (ngx_queue_head(&st->segs) != &seg->queue) {
        return NGX_AGAIN;
    }

    if (seg->gap) {
        ngx_livepeer_seg_log_gap(seg);
    }

    rc = ngx_livepeer_hls_publish(st, seg);
    seg->listed = rc == NGX_OK;

    ngx_livepeer_seg_count(seg);

    return rc;
}


/* Death */


/* on a retry, and when the seg's pool goes */

static void
ngx_livepeer_seg_drop(void *data)
{
    ngx_livepeer_seg_t  *seg = data;

    ngx_livepeer_fetch_drop(seg);
    ngx_livepeer_pay_drop(seg);
    ngx_livepeer_curl_cancel(&seg->call);
    ngx_livepeer_session_release(&seg->session);
    lp_arena_done(&seg->arena);
}


static void
ngx_livepeer_seg_finalize(ngx_livepeer_seg_t *seg)
{
    ngx_queue_t            *q;
    ngx_livepeer_stream_t  *st = seg->stream;

    ngx_queue_remove(&seg->queue);
    ngx_destroy_pool(seg->pool);

    if (!ngx_queue_empty(&st->segs)) {
        q = ngx_queue_head(&st->segs);
        ngx_livepeer_seg_wake(ngx_queue_data(q, ngx_livepeer_seg_t, queue));
    }

    ngx_livepeer_stream_release(st);
}


void
ngx_livepeer_stream_release(ngx_livepeer_stream_t *st)
{
    if (!st->closed || !ngx_queue_empty(&st->segs)) {
        return;
    }

    ngx_livepeer_session_stop(st);
    ngx_destroy_pool(st->pool);
}
