/*
 * Frames to segments. Two segments can be open at once: the one that grows,
 * and the one before it, which for at most 300 ms waits for audio that is
 * older than the key frame that ended it:
 *
 *   IDR ------> open --- next IDR ---> closing --- audio came ---> seg_start
 *                                              \-- 300 ms ------/
 *
 * Times in here are 90 kHz of the source's line; "base" moves them to the
 * line that viewers see, and changes only at a discontinuity.
 */
#include "ngx_livepeer_module/ngx_livepeer_cut_state.h"
#include "ngx_livepeer_module/ngx_livepeer_figures.h"


#define NGX_LIVEPEER_CUT_START    900000         /* first DTS: 10 s */
#define NGX_LIVEPEER_CUT_HOLD     300            /* ms, for late audio */
#define NGX_LIVEPEER_CUT_STAT     1000           /* ms, figures of the page */
#define NGX_LIVEPEER_CUT_JUMPS    10             /* new time lines ... */
#define NGX_LIVEPEER_CUT_CALM     10000          /* ... each within ms */


static uint8_t *ngx_livepeer_cut_packet(void *ctx);
static void ngx_livepeer_cut_hold_handler(ngx_event_t *ev);


ngx_int_t
ngx_livepeer_cut_create(ngx_livepeer_stream_t *st)
{
    lp_tsmux_sink_t      sink;
    ngx_livepeer_cut_t  *cut;

    cut = ngx_pcalloc(st->pool, sizeof(ngx_livepeer_cut_t));
    if (cut == NULL) {
        return NGX_ERROR;
    }

    sink.packet = ngx_livepeer_cut_packet;
    sink.ctx = st;
    lp_tsmux_init(&cut->mux, sink);
    ngx_livepeer_figures_resume(st, &cut->mux);

    cut->hold.handler = ngx_livepeer_cut_hold_handler;
    cut->hold.data = st;
    cut->hold.log = st->log;

    cut->new_line = 1;
    cut->discontinuity = (st->slot->next_seq != 0);
    cut->line_end = ngx_max(st->slot->end_90k, NGX_LIVEPEER_CUT_START);
    cut->line_dts = cut->line_end - 1;
    cut->frame_90k = 3000;
    cut->stat_at = ngx_current_msec;

    st->cut = cut;

    return NGX_OK;
}


void
ngx_livepeer_cut_destroy(ngx_livepeer_stream_t *st)
{
    ngx_livepeer_cut_t  *cut = st->cut;

    if (cut == NULL) {
        return;
    }

    if (cut->hold.timer_set) {
        ngx_del_timer(&cut->hold);
    }

    ngx_livepeer_open_forget(&cut->closing);
    ngx_livepeer_open_forget(&cut->open);

    st->cut = NULL;
}


void
ngx_livepeer_cut_expect(ngx_livepeer_stream_t *st, ngx_uint_t video,
    ngx_uint_t audio)
{
    st->cut->expect_video = video ? 1 : 0;
    st->cut->expect_audio = audio ? 1 : 0;
}


ngx_int_t
ngx_livepeer_cut_fail(ngx_livepeer_stream_t *st, ngx_livepeer_end_t *end,
    ngx_livepeer_refused_e label, const char *why)
{
    ngx_livepeer_cut_t  *cut = st->cut;

    if (cut->end.why == NULL) {
        cut->end.label = label;
        cut->end.why = why;
    }

    if (end) {
        *end = cut->end;
    }

    return NGX_ERROR;
}


/* the muxer's sink: wherever the cut wants its packets at the moment */

static uint8_t *
ngx_livepeer_cut_packet(void *ctx)
{
    u_char                 *p;
    const char             *why;
    ngx_livepeer_stream_t  *st = ctx;

    why = "out of memory";

    p = ngx_livepeer_open_packet(st->cut->sink, &why);
    if (p == NULL) {
        (void) ngx_livepeer_cut_fail(st, NULL, NGX_LIVEPEER_REFUSED_MEMORY,
                                     why);
    }

    return p;
}


/* where the source's times go on the line of the viewers */

static void
ngx_livepeer_cut_choose_base(ngx_livepeer_cut_t *cut, int64_t pts,
    int64_t dts)
{
    ngx_time_t  *tp;

    cut->base = ngx_max(cut->line_end - pts, cut->line_dts + 1 - dts);
    cut->new_line = 0;

    tp = ngx_timeofday();
    cut->date_start = pts;
    cut->date_ms = (int64_t) tp->sec * 1000 + tp->msec;
}


static void
ngx_livepeer_cut_choose_tracks(ngx_livepeer_stream_t *st)
{
    ngx_uint_t           audio;
    ngx_livepeer_cut_t  *cut = st->cut;

    audio = (st->has_audio || cut->expect_audio)
            && cut->silent < NGX_LIVEPEER_CUT_SILENT;

    lp_tsmux_tracks(&cut->mux,
                    cut->audio_only ? 0 : LP_TS_VIDEO_H264,
                    audio ? LP_TS_AUDIO_AAC : 0);
}


ngx_int_t
ngx_livepeer_cut_begin(ngx_livepeer_stream_t *st, int64_t pts, int64_t dts)
{
    unsigned              first;
    ngx_livepeer_cut_t   *cut = st->cut;
    ngx_livepeer_open_t  *o = &cut->open;

    first = cut->new_line;

    if (first) {
        ngx_livepeer_cut_choose_base(cut, pts, dts);
    }

    if (ngx_livepeer_open_begin(o, st, cut->base, pts, dts) != NGX_OK) {
        return NGX_ERROR;
    }

    o->first = first;
    o->seg->discontinuity = cut->discontinuity;
    o->seg->audio_only = cut->audio_only;
    o->seg->date_ms = cut->date_ms + (pts - cut->date_start) / 90;

    ngx_livepeer_cut_choose_tracks(st);
    lp_tsmux_begin(&cut->mux, cut->discontinuity);

    cut->discontinuity = 0;
    cut->force = 0;

    if (cut->audio) {
        ngx_livepeer_audio_drop(cut->audio, pts);
    }

    return NGX_OK;
}


/* all audio before limit is here: the next frame begins at it, or later */

ngx_uint_t
ngx_livepeer_cut_has_audio(ngx_livepeer_stream_t *st, int64_t limit)
{
    int64_t               frame;
    ngx_livepeer_cut_t   *cut = st->cut;

    if (!st->has_audio || cut->audio == NULL) {
        return 1;
    }

    frame = ngx_livepeer_audio_frame_90k(&st->audio);

    return cut->audio->last_90k + frame + 1 >= limit;
}


ngx_int_t
ngx_livepeer_cut_end(ngx_livepeer_stream_t *st, int64_t end, ngx_uint_t wait)
{
    ngx_livepeer_cut_t   *cut = st->cut;
    ngx_livepeer_open_t  *o = &cut->open;

    if (ngx_livepeer_cut_settle(st, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    o->end = end;
    cut->line_end = end + cut->base;
    cut->line_dts = cut->last_dts + cut->base;

    if (ngx_livepeer_cut_flush(st, o, end) != NGX_OK) {
        return NGX_ERROR;
    }

    o->mux = cut->mux;
    o->seg->ended = ngx_current_msec;
    cut->closing = *o;
    o->seg = NULL;

    if (wait && cut->mux.audio_type && cut->closing.audio_frames
        && !ngx_livepeer_cut_has_audio(st, end))
    {
        ngx_add_timer(&cut->hold, NGX_LIVEPEER_CUT_HOLD);
        return NGX_OK;
    }

    ngx_livepeer_cut_finish(st, &cut->closing, 0);

    return NGX_OK;
}


static void
ngx_livepeer_cut_hold_handler(ngx_event_t *ev)
{
    ngx_livepeer_stream_t  *st = ev->data;

    if (st->cut) {
        (void) ngx_livepeer_cut_settle(st, 0);
    }
}


/* the closing segment, if there is one, waits no longer */

ngx_int_t
ngx_livepeer_cut_settle(ngx_livepeer_stream_t *st, ngx_uint_t last)
{
    ngx_livepeer_open_t  *o = &st->cut->closing;

    if (o->seg == NULL) {
        return NGX_OK;
    }

    if (ngx_livepeer_cut_flush(st, o, o->end) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_livepeer_cut_finish(st, o, last);

    return NGX_OK;
}


/* what a finished segment has shown */

static ngx_int_t
ngx_livepeer_cut_account(ngx_livepeer_stream_t *st, ngx_livepeer_open_t *o)
{
    uint32_t             on, off;
    ngx_livepeer_seg_t  *seg = o->seg;
    ngx_livepeer_cut_t  *cut = st->cut;

    cut->silent = o->audio_frames ? 0 : cut->silent + 1;

    if (seg->frames > 2 && !seg->audio_only) {
        cut->frame_90k = ngx_max((o->last_dts - o->first_dts)
                                 / ((int64_t) seg->frames - 1), 2);
        cut->paced = 1;
        cut->uneven = (o->odd * 10 > seg->frames) ? ngx_min(cut->uneven + 1, 2)
                      : (cut->uneven ? cut->uneven - 1 : 0);
    }

    on = 0;
    off = 0;

    *(cut->silent ? &on : &off) |= NGX_LIVEPEER_ADVICE_NO_AUDIO;

    if (cut->uneven != 1) {
        *(cut->uneven ? &on : &off) |= NGX_LIVEPEER_ADVICE_VFR;
    }

    if (seg->damaged) {
        on |= NGX_LIVEPEER_ADVICE_DAMAGED;
    }

    return ngx_livepeer_figures_segment(st, o, cut->mux.cc_audio, on, off);
}


void
ngx_livepeer_cut_finish(ngx_livepeer_stream_t *st, ngx_livepeer_open_t *o,
    ngx_uint_t last)
{
    ngx_livepeer_seg_t  *seg = o->seg;
    ngx_livepeer_cut_t  *cut = st->cut;

    if (o == &cut->closing && cut->hold.timer_set) {
        ngx_del_timer(&cut->hold);
    }

    ngx_livepeer_open_seal(o);
    seg->last = last;

    if (ngx_livepeer_cut_account(st, o) != NGX_OK) {
        ngx_livepeer_open_forget(o);
        return;                           /* fenced: the tap will notice */
    }

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, st->log, 0,
                   "livepeer: segment %uL waited %M ms for audio", seg->seq,
                   ngx_current_msec - seg->ended);

    o->seg = NULL;
    ngx_livepeer_seg_start(seg);
}


/* where the open segment ends when nothing follows */

static int64_t
ngx_livepeer_cut_last(ngx_livepeer_stream_t *st)
{
    ngx_livepeer_cut_t  *cut = st->cut;

    return cut->audio_only ? cut->audio->last_90k
                             + ngx_livepeer_audio_frame_90k(&st->audio)
                           : cut->open.max_pts + cut->frame_90k;
}


/* audio: frames of the queue become PES of a segment */

static ngx_int_t
ngx_livepeer_cut_put_audio(void *ctx, int64_t pts, const u_char *data,
    size_t len, ngx_uint_t nframes)
{
    ngx_livepeer_stream_t  *st = ctx;
    ngx_livepeer_cut_t     *cut = st->cut;

    if (cut->mux.audio_type == 0) {
        return NGX_OK;                    /* it is in the next segment's PMT */
    }

    cut->sink->audio_frames += nframes;
    cut->sink->seg->audio_bytes += len;

    if (cut->audio_only) {
        cut->sink->seg->frames += nframes;
    }

    return lp_tsmux_audio(&cut->mux, pts + cut->sink->base, data, len) == LP_OK
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_livepeer_cut_flush(ngx_livepeer_stream_t *st, ngx_livepeer_open_t *o,
    int64_t limit)
{
    ngx_livepeer_cut_t  *cut = st->cut;

    if (cut->audio == NULL) {
        return NGX_OK;
    }

    cut->sink = o;

    return ngx_livepeer_audio_flush(cut->audio, limit,
                                    ngx_livepeer_cut_put_audio, st);
}


/*
 * Another time line begins with this packet: what is open ends where its
 * last frame does, and the next IDR opens with a discontinuity.
 */

ngx_int_t
ngx_livepeer_cut_new_line(ngx_livepeer_stream_t *st, ngx_livepeer_end_t *end)
{
    ngx_livepeer_cut_t  *cut = st->cut;

    if (ngx_current_msec - cut->line_at > NGX_LIVEPEER_CUT_CALM) {
        cut->jumps = 0;
    }

    cut->line_at = ngx_current_msec;

    if (++cut->jumps > NGX_LIVEPEER_CUT_JUMPS) {
        return ngx_livepeer_cut_fail(st, end, NGX_LIVEPEER_REFUSED_TIMES,
                                     "the times of the publisher jump again "
                                     "and again");
    }

    ngx_log_error(NGX_LOG_NOTICE, st->log, 0,
                  "livepeer: the publisher's times jumped");

    if (cut->open.seg
        && ngx_livepeer_cut_end(st, ngx_livepeer_cut_last(st), 0) != NGX_OK)
    {
        return ngx_livepeer_cut_fail(st, end, NGX_LIVEPEER_REFUSED_MEMORY,
                                     "out of memory");
    }

    if (cut->audio) {
        ngx_livepeer_audio_reset(cut->audio);
    }

    cut->new_line = 1;
    cut->discontinuity = 1;
    cut->shift = 0;
    cut->idr_seen = 0;
    cut->since_set = 0;

    return NGX_OK;
}


/* how long the open segment is, judged by the newest time of the source */

ngx_int_t
ngx_livepeer_cut_check_length(ngx_livepeer_stream_t *st,
    ngx_livepeer_end_t *end)
{
    int64_t              waiting;
    uint64_t             bps;
    ngx_msec_t           passed;
    ngx_livepeer_cut_t  *cut = st->cut;

    waiting = cut->since_set ? cut->clock.ms - cut->since_ms : 0;

    if (waiting > (int64_t) st->conf->max_segment) {
        return ngx_livepeer_cut_fail(st, end, NGX_LIVEPEER_REFUSED_GOP,
                   "no keyframe within livepeer_max_segment");
    }

    passed = ngx_current_msec - cut->stat_at;

    if (passed < NGX_LIVEPEER_CUT_STAT) {
        return NGX_OK;
    }

    bps = (cut->bytes - cut->stat_bytes) * 8 * 1000 / passed;
    cut->stat_bytes = cut->bytes;
    cut->stat_at = ngx_current_msec;

    ngx_livepeer_figures_rate(st, cut->bytes, bps, waiting);

    if (waiting > 2 * (int64_t) st->conf->segment && !cut->warned) {
        cut->warned = 1;
        ngx_log_error(NGX_LOG_WARN, st->log, 0,
                      "livepeer: no keyframe for %L ms, segments will be "
                      "as long as that", waiting);
    }

    return NGX_OK;
}


/* new headers: NGX_DECLINED goes up to who can open another stream */

ngx_int_t
ngx_livepeer_cut_headers(ngx_livepeer_cut_t *cut, ngx_int_t rc)
{
    if (rc == NGX_ABORT) {
        cut->force = 1;
        cut->discontinuity = 1;
        return NGX_OK;
    }

    return rc;
}


void
ngx_livepeer_cut_close(ngx_livepeer_stream_t *st)
{
    ngx_livepeer_cut_t   *cut = st->cut;
    ngx_livepeer_open_t  *o = &cut->open;

    if (ngx_livepeer_cut_settle(st, o->seg == NULL) != NGX_OK
        || o->seg == NULL || cut->mux.status != LP_OK)
    {
        return;
    }

    o->end = ngx_livepeer_cut_last(st);

    if (ngx_livepeer_cut_flush(st, o, o->end) == NGX_OK) {
        o->mux = cut->mux;
        o->seg->ended = ngx_current_msec;
        ngx_livepeer_cut_finish(st, o, 1);
    }
}
