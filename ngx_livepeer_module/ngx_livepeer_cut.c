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
#include "ngx_livepeer_module/ngx_livepeer_cut.h"
#include "ngx_livepeer_module/ngx_livepeer_audio.h"
#include "ngx_livepeer_module/ngx_livepeer_block.h"
#include "ngx_livepeer_module/ngx_livepeer_clock.h"

#include "common/media/ts.h"
#include "common/media/tsmux.h"


#define NGX_LIVEPEER_CUT_POOL     8192
#define NGX_LIVEPEER_CUT_START    900000         /* first DTS: 10 s */
#define NGX_LIVEPEER_CUT_HOLD     300            /* ms, for late audio */
#define NGX_LIVEPEER_CUT_DECIDE   90000          /* 1 s: which tracks exist */
#define NGX_LIVEPEER_CUT_SILENT   3              /* segments without audio */
#define NGX_LIVEPEER_CUT_SETS     64             /* parameter sets of a unit */
#define NGX_LIVEPEER_CUT_CTS      10000          /* ms */
#define NGX_LIVEPEER_CUT_STAT     1000           /* ms, figures of the page */


/* a segment in the making */
typedef struct {
    ngx_livepeer_seg_t    *seg;                  /* NULL: none */
    ngx_chain_t          **last;
    ngx_buf_t             *buf;                  /* the block being filled */
    lp_keccak_t            keccak;
    int64_t                start;
    int64_t                end;
    int64_t                base;
    int64_t                max_pts;
    int64_t                first_dts;
    int64_t                last_dts;
    ngx_uint_t             audio_frames;
    ngx_uint_t             odd;                  /* distances of frames that
                                                    are not the usual one */
    lp_tsmux_t             mux;                  /* as it was at the end */
    unsigned               first:1;              /* of its time line */
} ngx_livepeer_open_t;

struct ngx_livepeer_cut_s {
    lp_tsmux_t             mux;
    ngx_livepeer_clock_t   clock;
    ngx_livepeer_audio_t  *audio;                /* NULL until there is one */
    ngx_livepeer_open_t    open;
    ngx_livepeer_open_t    closing;
    ngx_livepeer_open_t   *sink;                 /* where packets go */
    ngx_event_t            hold;

    int64_t                base;
    int64_t                line_end;             /* as viewers see it */
    int64_t                line_dts;             /* last one written, too */
    int64_t                last_dts;
    int64_t                shift;                /* DTS are earlier by that */
    int64_t                last_idr;
    int64_t                since_ms;             /* when the wait for the next
                                                    IDR began */
    int64_t                frame_90k;            /* the usual distance */
    int64_t                date_start;           /* what date_ms stands for */
    int64_t                date_ms;

    ngx_uint_t             silent;               /* segments in a row */
    ngx_uint_t             uneven;
    uint64_t               bytes;
    uint64_t               stat_bytes;
    ngx_msec_t             stat_at;
    ngx_livepeer_end_t     end;

    unsigned               expect_video:1;
    unsigned               expect_audio:1;
    unsigned               new_line:1;           /* base is to be chosen */
    unsigned               discontinuity:1;      /* the next segment has it */
    unsigned               force:1;              /* cut at the next IDR */
    unsigned               audio_only:1;
    unsigned               idr_seen:1;
    unsigned               since_set:1;
    unsigned               paced:1;              /* frame_90k is measured */
    unsigned               warned:1;
    unsigned               audio_refused:1;
};


static uint8_t *ngx_livepeer_cut_packet(void *ctx);
static void ngx_livepeer_cut_hold_handler(ngx_event_t *ev);
static ngx_int_t ngx_livepeer_cut_begin(ngx_livepeer_stream_t *st,
    int64_t pts, int64_t dts);
static ngx_int_t ngx_livepeer_cut_end(ngx_livepeer_stream_t *st,
    int64_t end, ngx_uint_t wait);
static ngx_int_t ngx_livepeer_cut_finish(ngx_livepeer_stream_t *st,
    ngx_livepeer_open_t *o, ngx_uint_t last);
static ngx_int_t ngx_livepeer_cut_flush(ngx_livepeer_stream_t *st,
    ngx_livepeer_open_t *o, int64_t limit);
static void ngx_livepeer_cut_load_counters(ngx_livepeer_slot_t *slot,
    lp_tsmux_t *m);


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
    ngx_livepeer_cut_load_counters(st->slot, &cut->mux);

    cut->hold.handler = ngx_livepeer_cut_hold_handler;
    cut->hold.data = st;
    cut->hold.log = st->log;
    cut->hold.cancelable = 0;

    cut->new_line = 1;
    cut->discontinuity = (st->slot->next_seq != 0);
    cut->line_end = ngx_max(st->slot->end_90k, NGX_LIVEPEER_CUT_START);
    cut->line_dts = cut->line_end - 1;
    cut->frame_90k = 3000;
    cut->stat_at = ngx_current_msec;

    st->cut = cut;

    return NGX_OK;
}


static void
ngx_livepeer_cut_forget(ngx_livepeer_open_t *o)
{
    if (o->seg) {
        ngx_destroy_pool(o->seg->pool);
        o->seg = NULL;
    }
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

    ngx_livepeer_cut_forget(&cut->closing);
    ngx_livepeer_cut_forget(&cut->open);

    st->cut = NULL;
}


void
ngx_livepeer_cut_expect(ngx_livepeer_stream_t *st, ngx_uint_t video,
    ngx_uint_t audio)
{
    st->cut->expect_video = video ? 1 : 0;
    st->cut->expect_audio = audio ? 1 : 0;
}


void
ngx_livepeer_cut_advise(ngx_livepeer_stream_t *st, uint32_t on, uint32_t off)
{
    ngx_livepeer_zone_lock();

    if (ngx_livepeer_zone_owns(st->slot, st->generation)) {
        st->slot->advice = (st->slot->advice & ~off) | on;
    }

    ngx_livepeer_zone_unlock();
}


static ngx_int_t
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


/* memory: packets go straight into the blocks of the segment */

static void
ngx_livepeer_cut_free_blocks(void *data)
{
    ngx_chain_t         *cl;
    ngx_livepeer_seg_t  *seg = data;

    for (cl = seg->bytes; cl; cl = cl->next) {
        ngx_livepeer_block_free(cl->buf->start);
    }

    seg->bytes = NULL;
}


static void
ngx_livepeer_cut_close_block(ngx_livepeer_open_t *o)
{
    if (o->buf) {
        lp_keccak_update(&o->keccak, o->buf->pos, o->buf->last - o->buf->pos);
        o->seg->len += o->buf->last - o->buf->pos;
        o->buf = NULL;
    }
}


static ngx_int_t
ngx_livepeer_cut_add_block(ngx_livepeer_stream_t *st, ngx_livepeer_open_t *o)
{
    u_char               *block;
    ngx_buf_t            *b;
    ngx_chain_t          *cl;
    ngx_livepeer_conf_t  *conf = st->conf;

    ngx_livepeer_cut_close_block(o);

    if (o->seg->len + NGX_LIVEPEER_BLOCK > conf->max_segment_size) {
        return ngx_livepeer_cut_fail(st, NULL, NGX_LIVEPEER_REFUSED_GOP,
                   "no keyframe within livepeer_max_segment_size");
    }

    cl = ngx_alloc_chain_link(o->seg->pool);
    b = ngx_calloc_buf(o->seg->pool);
    if (cl == NULL || b == NULL) {
        return NGX_ERROR;
    }

    block = ngx_livepeer_block_alloc(conf->max_memory, st->log);
    if (block == NULL) {
        return ngx_livepeer_cut_fail(st, NULL, NGX_LIVEPEER_REFUSED_MEMORY,
                   "livepeer_max_memory is used up by segments in flight");
    }

    b->start = block;
    b->pos = block;
    b->last = block;
    b->end = block + NGX_LIVEPEER_BLOCK;
    b->temporary = 1;

    cl->buf = b;
    cl->next = NULL;
    *o->last = cl;
    o->last = &cl->next;
    o->buf = b;

    return NGX_OK;
}


/* the sink of the muxer; a full block is never changed again */

static uint8_t *
ngx_livepeer_cut_packet(void *ctx)
{
    u_char                 *p;
    ngx_livepeer_open_t    *o;
    ngx_livepeer_stream_t  *st = ctx;

    o = st->cut->sink;

    if (o->buf == NULL || o->buf->last == o->buf->end) {
        if (ngx_livepeer_cut_add_block(st, o) != NGX_OK) {
            return NULL;
        }
    }

    p = o->buf->last;
    o->buf->last += LP_TS_PACKET;

    return p;
}


/* a segment's two ends */

static ngx_livepeer_seg_t *
ngx_livepeer_cut_new_seg(ngx_livepeer_stream_t *st)
{
    ngx_pool_t          *pool;
    ngx_pool_cleanup_t  *cln;
    ngx_livepeer_seg_t  *seg;

    pool = ngx_create_pool(NGX_LIVEPEER_CUT_POOL, st->log);
    if (pool == NULL) {
        return NULL;
    }

    seg = ngx_pcalloc(pool, sizeof(ngx_livepeer_seg_t));
    cln = ngx_pool_cleanup_add(pool, 0);
    if (seg == NULL || cln == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    cln->handler = ngx_livepeer_cut_free_blocks;
    cln->data = seg;

    seg->pool = pool;
    seg->stream = st;

    return seg;
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


static ngx_int_t
ngx_livepeer_cut_begin(ngx_livepeer_stream_t *st, int64_t pts, int64_t dts)
{
    ngx_livepeer_cut_t   *cut = st->cut;
    ngx_livepeer_open_t  *o = &cut->open;

    ngx_memzero(o, sizeof(ngx_livepeer_open_t));

    if (cut->new_line) {
        ngx_livepeer_cut_choose_base(cut, pts, dts);
        o->first = 1;
    }

    o->seg = ngx_livepeer_cut_new_seg(st);
    if (o->seg == NULL) {
        return NGX_ERROR;
    }

    o->last = &o->seg->bytes;
    lp_keccak_init(&o->keccak);
    o->start = pts;
    o->base = cut->base;
    o->max_pts = pts;
    o->first_dts = dts;

    o->seg->discontinuity = cut->discontinuity;
    o->seg->audio_only = cut->audio_only;
    o->seg->start_90k = pts + cut->base;
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


/*
 * The open segment ends where the next one begins. With wait, and as long as
 * audio older than that may come, it stays for a while as the closing one.
 */

static ngx_int_t
ngx_livepeer_cut_end(ngx_livepeer_stream_t *st, int64_t end, ngx_uint_t wait)
{
    ngx_livepeer_cut_t   *cut = st->cut;
    ngx_livepeer_open_t  *o = &cut->open;

    if (cut->closing.seg
        && ngx_livepeer_cut_finish(st, &cut->closing, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    o->end = end;
    cut->line_end = end + cut->base;
    cut->line_dts = cut->last_dts + cut->base;

    if (ngx_livepeer_cut_flush(st, o, end) != NGX_OK) {
        return NGX_ERROR;
    }

    o->mux = cut->mux;
    cut->closing = *o;
    o->seg = NULL;

    if (wait && cut->mux.audio_type && cut->audio && st->has_audio
        && cut->closing.audio_frames && cut->audio->n == 0)
    {
        ngx_add_timer(&cut->hold, NGX_LIVEPEER_CUT_HOLD);
        return NGX_OK;
    }

    return ngx_livepeer_cut_finish(st, &cut->closing, 0);
}


static void
ngx_livepeer_cut_hold_handler(ngx_event_t *ev)
{
    ngx_livepeer_stream_t  *st = ev->data;

    if (st->cut && st->cut->closing.seg) {
        (void) ngx_livepeer_cut_finish(st, &st->cut->closing, 0);
    }
}


/*
 * The counters of packets go on across publishers, too (TS3). Video of the
 * next segment may be out already, its audio never is.
 */

static void
ngx_livepeer_cut_save_counters(ngx_livepeer_slot_t *slot, lp_tsmux_t *m,
    uint8_t cc_audio)
{
    slot->ts[0] = m->cc_pat;
    slot->ts[1] = m->cc_pmt;
    slot->ts[2] = m->cc_video;
    slot->ts[3] = cc_audio;
    slot->ts[4] = m->pmt_version;
    slot->ts[5] = m->video_type;
    slot->ts[6] = m->audio_type;
}


static void
ngx_livepeer_cut_load_counters(ngx_livepeer_slot_t *slot, lp_tsmux_t *m)
{
    m->cc_pat = slot->ts[0];
    m->cc_pmt = slot->ts[1];
    m->cc_video = slot->ts[2];
    m->cc_audio = slot->ts[3];
    m->pmt_version = slot->ts[4];
    m->video_type = slot->ts[5];
    m->audio_type = slot->ts[6];
}


/* figures of a finished segment, and its number */

static ngx_int_t
ngx_livepeer_cut_account(ngx_livepeer_stream_t *st, ngx_livepeer_open_t *o)
{
    uint64_t              fps, said;
    ngx_livepeer_seg_t   *seg = o->seg;
    ngx_livepeer_cut_t   *cut = st->cut;
    ngx_livepeer_slot_t  *slot = st->slot;

    fps = seg->end_90k > seg->start_90k
          ? (uint64_t) seg->frames * 90000000
            / (uint64_t) (seg->end_90k - seg->start_90k)
          : 0;

    /* what the SPS says is exact, when it is true */

    if (st->has_video && st->video.sps.fps_den) {
        said = (uint64_t) st->video.sps.fps_num * 1000
               / st->video.sps.fps_den;

        if (fps * 50 > said * 49 && fps * 50 < said * 51) {
            fps = said;
        }
    }

    ngx_livepeer_zone_lock();

    if (!ngx_livepeer_zone_owns(slot, st->generation)) {
        ngx_livepeer_zone_unlock();
        return NGX_ERROR;
    }

    seg->seq = slot->next_seq++;
    slot->end_90k = seg->end_90k;
    ngx_livepeer_cut_save_counters(slot, &o->mux, cut->mux.cc_audio);
    slot->segments++;
    slot->fps_milli = seg->audio_only ? 0 : (uint32_t) fps;

    if (cut->silent) {
        slot->advice |= NGX_LIVEPEER_ADVICE_NO_AUDIO;

    } else {
        slot->advice &= ~NGX_LIVEPEER_ADVICE_NO_AUDIO;
    }

    if (slot->advice & NGX_LIVEPEER_ADVICE_AUDIO_CODEC) {
        slot->advice &= ~NGX_LIVEPEER_ADVICE_NO_AUDIO;
    }

    if (cut->uneven >= 2) {
        slot->advice |= NGX_LIVEPEER_ADVICE_VFR;

    } else if (cut->uneven == 0) {
        slot->advice &= ~NGX_LIVEPEER_ADVICE_VFR;
    }

    if (seg->damaged) {
        slot->advice |= NGX_LIVEPEER_ADVICE_DAMAGED;
    }

    ngx_livepeer_zone_unlock();

    return NGX_OK;
}


static ngx_int_t
ngx_livepeer_cut_finish(ngx_livepeer_stream_t *st, ngx_livepeer_open_t *o,
    ngx_uint_t last)
{
    ngx_livepeer_seg_t  *seg = o->seg;
    ngx_livepeer_cut_t  *cut = st->cut;

    if (o == &cut->closing && cut->hold.timer_set) {
        ngx_del_timer(&cut->hold);
    }

    o->seg = NULL;

    if (o->buf) {
        lp_keccak_update(&o->keccak, o->buf->pos, o->buf->last - o->buf->pos);
        seg->len += o->buf->last - o->buf->pos;
        o->buf = NULL;
    }

    lp_keccak_final(&o->keccak, &seg->hash);

    seg->end_90k = o->end + o->base;
    seg->duration_ms = (ngx_uint_t) ((seg->end_90k - seg->start_90k + 45)
                                     / 90);
    seg->last = last;

    cut->silent = o->audio_frames ? 0 : cut->silent + 1;

    if (seg->frames > 2 && !seg->audio_only) {
        cut->frame_90k = ngx_max((o->last_dts - o->first_dts)
                                 / ((int64_t) seg->frames - 1), 2);
        cut->paced = 1;
        cut->uneven = (o->odd * 10 > seg->frames) ? ngx_min(cut->uneven + 1, 2)
                      : (cut->uneven ? cut->uneven - 1 : 0);
    }

    o->seg = seg;

    if (ngx_livepeer_cut_account(st, o) != NGX_OK) {
        ngx_livepeer_cut_forget(o);
        return NGX_OK;                    /* fenced: the tap will notice */
    }

    o->seg = NULL;
    ngx_livepeer_seg_start(seg);

    return NGX_OK;
}


/* audio: frames of the queue become PES of a segment */

static ngx_int_t
ngx_livepeer_cut_put_audio(void *ctx, int64_t pts, u_char *data, size_t len,
    ngx_uint_t nframes)
{
    ngx_livepeer_stream_t  *st = ctx;
    ngx_livepeer_cut_t     *cut = st->cut;

    if (cut->mux.audio_type == 0) {
        return NGX_OK;                    /* it is in the next segment's PMT */
    }

    cut->sink->audio_frames += nframes;

    if (cut->audio_only) {
        cut->sink->seg->frames += nframes;
    }

    return lp_tsmux_audio(&cut->mux, pts + cut->sink->base, data, len) == LP_OK
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
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

static ngx_int_t
ngx_livepeer_cut_new_line(ngx_livepeer_stream_t *st)
{
    int64_t              end;
    ngx_livepeer_cut_t  *cut = st->cut;

    ngx_log_error(NGX_LOG_NOTICE, st->log, 0,
                  "livepeer: the publisher's times jumped");

    if (cut->open.seg) {
        end = cut->audio_only
              ? cut->audio->last_90k
                + ngx_livepeer_audio_frame_90k(&st->audio)
              : cut->open.max_pts + cut->frame_90k;

        if (ngx_livepeer_cut_end(st, end, 0) != NGX_OK) {
            return NGX_ERROR;
        }
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

static ngx_int_t
ngx_livepeer_cut_check_length(ngx_livepeer_stream_t *st,
    ngx_livepeer_end_t *end)
{
    int64_t               waiting;
    uint64_t              bps;
    ngx_msec_t            passed;
    ngx_livepeer_cut_t   *cut = st->cut;
    ngx_livepeer_slot_t  *slot = st->slot;

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

    ngx_livepeer_zone_lock();

    if (ngx_livepeer_zone_owns(slot, st->generation)) {
        slot->bytes_in = cut->bytes;
        slot->bitrate_bps = slot->bitrate_bps ? (slot->bitrate_bps * 3 + bps)
                                                / 4
                                              : bps;
        slot->last_ms = (int64_t) ngx_time() * 1000;
        slot->waiting_ms = (uint32_t) ngx_max(waiting, 0);

        if (waiting > 2 * (int64_t) st->conf->segment) {
            slot->advice |= NGX_LIVEPEER_ADVICE_LONG_GOP;
        }
    }

    ngx_livepeer_zone_unlock();

    if (waiting > 2 * (int64_t) st->conf->segment && !cut->warned) {
        cut->warned = 1;
        ngx_log_error(NGX_LOG_WARN, st->log, 0,
                      "livepeer: no keyframe for %L ms, segments will be "
                      "as long as that", waiting);
    }

    return NGX_OK;
}


/* video */

/* the rungs worth making of st->video, and their sizes */

static void
ngx_livepeer_cut_choose(ngx_livepeer_stream_t *st)
{
    size_t                i, n;
    uint8_t               keep[LP_PROFILE_MAX];
    uint32_t              w, h, advice;
    lp_profile_t         *profile;
    lp_h264_sps_t        *sps = &st->video.sps;
    ngx_livepeer_rung_t  *rung;

    st->nrungs = 0;
    st->passthrough = 0;
    advice = 0;
    n = st->conf->profiles ? st->conf->profiles->nelts : 0;

    if (lp_h264_judge(sps) != LP_OK) {
        ngx_log_error(NGX_LOG_WARN, st->log, 0,
                      "livepeer: the source is not transcoded: %s",
                      lp_status_text(lp_h264_judge(sps)));
        advice |= NGX_LIVEPEER_ADVICE_PIXFMT;

    } else if (n && st->conf->orchestrators) {
        profile = st->conf->profiles->elts;

        if (lp_profile_ladder(profile, n, sps->width, sps->height, keep) < n) {
            advice |= NGX_LIVEPEER_ADVICE_UPSCALE;
        }

        for (i = 0; i < n; i++) {
            if (!keep[i]) {
                continue;
            }

            lp_profile_fit(&profile[i], sps->width, sps->height,
                           sps->sar_num, sps->sar_den, &w, &h);

            rung = &st->rungs[st->nrungs++];
            rung->profile = profile[i];
            rung->width = w;
            rung->height = h;
        }
    }

    st->passthrough = (st->nrungs == 0);

    ngx_livepeer_cut_advise(st, advice, NGX_LIVEPEER_ADVICE_PIXFMT
                                        |NGX_LIVEPEER_ADVICE_UPSCALE
                                        |NGX_LIVEPEER_ADVICE_NO_VIDEO);
}


/* the sets in force were old, now they are st->video: what that means */

static ngx_int_t
ngx_livepeer_cut_sets_changed(ngx_livepeer_stream_t *st,
    const lp_h264_sps_t *old, ngx_uint_t first)
{
    ngx_livepeer_slot_t  *slot = st->slot;
    lp_h264_sps_t        *sps = &st->video.sps;

    if (!first && (old->width != sps->width || old->height != sps->height)) {
        return NGX_DECLINED;
    }

    if (!first && old->profile_idc != sps->profile_idc) {
        st->cut->force = 1;
        st->cut->discontinuity = 1;
    }

    if (first) {
        ngx_livepeer_cut_choose(st);
    }

    ngx_livepeer_zone_lock();

    if (ngx_livepeer_zone_owns(slot, st->generation)) {
        slot->width = sps->width;
        slot->height = sps->height;
    }

    ngx_livepeer_zone_unlock();

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_cut_video_config(ngx_livepeer_stream_t *st,
    ngx_livepeer_end_t *end, u_char *data, size_t len)
{
    ngx_uint_t     first;
    lp_h264_sps_t  old;

    old = st->video.sps;
    first = !st->has_video;

    if (lp_h264_config_parse(&st->video, data, len) != LP_OK) {
        ngx_livepeer_cut_advise(st, NGX_LIVEPEER_ADVICE_DAMAGED, 0);

        if (first) {
            return ngx_livepeer_cut_fail(st, end, NGX_LIVEPEER_REFUSED_CODEC,
                       "the H.264 header of the publisher is malformed");
        }

        return NGX_OK;
    }

    st->has_video = 1;

    return ngx_livepeer_cut_sets_changed(st, &old, first);
}


/* what is in a unit: IDR or not, usable or not, other parameter sets */

static ngx_int_t
ngx_livepeer_cut_survey(ngx_livepeer_stream_t *st, u_char *data, size_t len,
    ngx_uint_t *idr)
{
    int             changed;
    size_t          n;
    lp_nal_t        nal, sets[NGX_LIVEPEER_CUT_SETS];
    ngx_uint_t      slices;
    lp_h264_sps_t   old;
    lp_h264_iter_t  it;

    n = 0;
    slices = 0;
    changed = 0;
    *idr = 0;

    lp_h264_iter_init(&it, st->video.nal_length_size, data, len);

    while (lp_h264_iter_next(&it, &nal)) {

        if (nal.type == LP_NAL_SPS || nal.type == LP_NAL_PPS) {
            if (n < NGX_LIVEPEER_CUT_SETS) {
                sets[n++] = nal;
            }

        } else if (nal.type >= LP_NAL_SLICE && nal.type <= LP_NAL_IDR) {
            slices = 1;
            *idr |= (nal.type == LP_NAL_IDR);
        }
    }

    if (it.damaged || !slices) {
        return NGX_ERROR;
    }

    if (n == 0) {
        return NGX_OK;
    }

    old = st->video.sps;

    if (lp_h264_config_update(&st->video, sets, n, &changed) == LP_OK
        && changed)
    {
        return ngx_livepeer_cut_sets_changed(st, &old, 0);
    }

    return NGX_OK;
}


/*
 * PTS not before DTS, DTS growing. A publisher with negative composition
 * times has its DTS too late all along: they are moved once, for good.
 */

static ngx_int_t
ngx_livepeer_cut_stamp(ngx_livepeer_cut_t *cut, lp_tsmux_au_t *au,
    int64_t ms, int32_t cts)
{
    if (cts > NGX_LIVEPEER_CUT_CTS || cts < -NGX_LIVEPEER_CUT_CTS) {
        return NGX_ERROR;
    }

    au->pts_90k = 90 * (ms + cts);
    au->dts_90k = 90 * ms - cut->shift;

    if (au->pts_90k < au->dts_90k) {
        cut->shift += au->dts_90k - au->pts_90k;
        au->dts_90k = au->pts_90k;
    }

    if (cut->open.seg && au->dts_90k <= cut->last_dts) {
        au->dts_90k = cut->last_dts + 1;

        if (au->pts_90k < au->dts_90k) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_livepeer_cut_idr(ngx_livepeer_stream_t *st, int64_t pts)
{
    uint32_t              gop_ms;
    ngx_livepeer_cut_t   *cut = st->cut;
    ngx_livepeer_slot_t  *slot = st->slot;

    gop_ms = cut->idr_seen && pts > cut->last_idr
             ? (uint32_t) ((pts - cut->last_idr) / 90) : 0;

    ngx_livepeer_zone_lock();

    if (ngx_livepeer_zone_owns(slot, st->generation)) {
        slot->waiting_ms = 0;

        if (gop_ms) {
            slot->gop_ms = gop_ms;

            if (gop_ms <= 2 * st->conf->segment) {
                slot->advice &= ~NGX_LIVEPEER_ADVICE_LONG_GOP;
            }
        }
    }

    ngx_livepeer_zone_unlock();

    cut->idr_seen = 1;
    cut->last_idr = pts;
    cut->since_ms = cut->clock.ms;
}


/* a segment is long enough when half a frame more would pass the target */

static ngx_uint_t
ngx_livepeer_cut_is_due(ngx_livepeer_stream_t *st, int64_t pts)
{
    ngx_livepeer_cut_t  *cut = st->cut;

    return cut->open.seg
           && (cut->force || cut->audio_only
               || pts - cut->open.start >= (int64_t) st->conf->segment * 90
                                           - cut->frame_90k / 2);
}


static ngx_int_t
ngx_livepeer_cut_put_video(ngx_livepeer_stream_t *st, lp_tsmux_au_t *au)
{
    int64_t               step;
    ngx_livepeer_cut_t   *cut = st->cut;
    ngx_livepeer_open_t  *o = &cut->open;

    if (o->seg->frames) {
        step = au->dts_90k - cut->last_dts;

        if (!cut->paced) {
            cut->frame_90k = ngx_max(step, 2);

        } else if (step < cut->frame_90k / 2 || step > cut->frame_90k * 3 / 2)
        {
            o->odd++;
        }
    }

    cut->last_dts = au->dts_90k;
    o->last_dts = au->dts_90k;
    o->max_pts = ngx_max(o->max_pts, au->pts_90k);
    o->seg->frames++;

    au->pts_90k += cut->base;
    au->dts_90k += cut->base;
    o->seg->pts_digest += lp_ts_pts_mix(au->pts_90k);

    cut->sink = o;

    return lp_tsmux_video(&cut->mux, au, &st->video.annexb) == LP_OK
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_livepeer_cut_video(ngx_livepeer_stream_t *st, ngx_livepeer_end_t *end,
    uint32_t time, int32_t cts, u_char *data, size_t len)
{
    int64_t              ms;
    ngx_int_t            rc;
    ngx_uint_t           idr;
    lp_tsmux_au_t        au;
    ngx_livepeer_cut_t  *cut = st->cut;

    cut->bytes += len;

    if (!st->has_video) {
        return NGX_OK;
    }

    rc = ngx_livepeer_clock_time(&cut->clock, &cut->clock.video,
                                 &cut->clock.audio, &ms, time,
                                 ngx_current_msec);
    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc == NGX_ABORT && ngx_livepeer_cut_new_line(st) != NGX_OK) {
        return ngx_livepeer_cut_fail(st, end, NGX_LIVEPEER_REFUSED_MEMORY,
                                     "no memory for a segment");
    }

    if (!cut->since_set) {
        cut->since_set = 1;
        cut->since_ms = ms;
    }

    if (ngx_livepeer_cut_check_length(st, end) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_livepeer_cut_survey(st, data, len, &idr);
    if (rc == NGX_DECLINED) {
        return rc;
    }

    if (rc != NGX_OK || ngx_livepeer_cut_stamp(cut, &au, ms, cts) != NGX_OK) {
        if (cut->open.seg) {
            cut->open.seg->damaged = 1;
        }

        return NGX_OK;
    }

    if (idr) {
        ngx_livepeer_cut_idr(st, au.pts_90k);

        if (ngx_livepeer_cut_is_due(st, au.pts_90k)) {
            rc = ngx_livepeer_cut_end(st, au.pts_90k, !cut->audio_only);

            if (cut->audio_only) {
                cut->audio_only = 0;
                cut->discontinuity = 1;
            }
        }

        if (rc == NGX_OK && cut->open.seg == NULL) {
            rc = ngx_livepeer_cut_begin(st, au.pts_90k, au.dts_90k);
        }
    }

    if (rc == NGX_OK && cut->open.seg && !cut->audio_only) {
        au.idr = (uint8_t) idr;
        au.data = data;
        au.len = len;
        au.length_size = st->video.nal_length_size;

        if (cut->audio && ngx_livepeer_audio_due(cut->audio, au.dts_90k)) {
            rc = ngx_livepeer_cut_flush(st, &cut->open, au.dts_90k);
        }

        if (rc == NGX_OK) {
            rc = ngx_livepeer_cut_put_video(st, &au);
        }
    }

    if (rc != NGX_OK) {
        return ngx_livepeer_cut_fail(st, end, NGX_LIVEPEER_REFUSED_MEMORY,
                                     "no memory for a segment");
    }

    return NGX_OK;
}


/* audio */

void
ngx_livepeer_cut_no_audio(ngx_livepeer_stream_t *st)
{
    if (st->cut->expect_audio || st->has_audio || !st->cut->audio_refused) {
        ngx_log_error(NGX_LOG_WARN, st->log, 0,
                      "livepeer: audio is dropped, only AAC can be carried");
        ngx_livepeer_cut_advise(st, NGX_LIVEPEER_ADVICE_AUDIO_CODEC, 0);
    }

    st->cut->audio_refused = 1;
    st->cut->expect_audio = 0;
    st->has_audio = 0;
}


static ngx_int_t
ngx_livepeer_cut_set_audio(ngx_livepeer_stream_t *st, lp_aac_config_t *cfg)
{
    ngx_livepeer_cut_t   *cut = st->cut;
    ngx_livepeer_slot_t  *slot = st->slot;

    if (cut->audio == NULL) {
        cut->audio = ngx_pcalloc(st->pool, sizeof(ngx_livepeer_audio_t));
        if (cut->audio == NULL) {
            return NGX_ERROR;
        }

        ngx_livepeer_audio_reset(cut->audio);
    }

    if (st->has_audio
        && (cfg->rate != st->audio.rate || cfg->channels != st->audio.channels
            || cfg->object_type != st->audio.object_type))
    {
        cut->force = 1;
        cut->discontinuity = 1;
        cut->audio->anchored = 0;
    }

    st->audio = *cfg;
    st->has_audio = 1;
    cut->audio_refused = 0;

    ngx_livepeer_zone_lock();

    if (ngx_livepeer_zone_owns(slot, st->generation)) {
        lp_aac_codec(slot->audio_codec, cfg);
        slot->advice &= ~NGX_LIVEPEER_ADVICE_AUDIO_CODEC;
    }

    ngx_livepeer_zone_unlock();

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_cut_audio_config(ngx_livepeer_stream_t *st,
    ngx_livepeer_end_t *end, u_char *data, size_t len)
{
    lp_aac_config_t  cfg;

    if (lp_aac_config_parse(&cfg, data, len) != LP_OK) {
        ngx_livepeer_cut_no_audio(st);
        return NGX_OK;
    }

    if (ngx_livepeer_cut_set_audio(st, &cfg) != NGX_OK) {
        return ngx_livepeer_cut_fail(st, end, NGX_LIVEPEER_REFUSED_MEMORY,
                                     "no memory for audio");
    }

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_cut_adopt(ngx_livepeer_stream_t *st, lp_h264_config_t *video,
    lp_aac_config_t *audio)
{
    lp_h264_config_done(&st->video);
    st->video = *video;
    st->has_video = 1;

    (void) ngx_livepeer_cut_sets_changed(st, &video->sps, 1);

    return audio ? ngx_livepeer_cut_set_audio(st, audio) : NGX_OK;
}


/* no video: segments of the target's length, begun by an audio frame */

static ngx_int_t
ngx_livepeer_cut_audio_only(ngx_livepeer_stream_t *st, int64_t pts)
{
    ngx_livepeer_cut_t    *cut = st->cut;
    ngx_livepeer_audio_t  *q = cut->audio;

    if (cut->open.seg == NULL) {

        if (st->has_video || q->n == 0
            || pts - q->frames[0].pts_90k < NGX_LIVEPEER_CUT_DECIDE
                                            * (cut->expect_video ? 5 : 1))
        {
            return NGX_OK;
        }

        ngx_log_error(NGX_LOG_NOTICE, st->log, 0,
                      "livepeer: audio without video, passed through");

        cut->audio_only = 1;
        st->passthrough = 1;
        ngx_livepeer_cut_advise(st, NGX_LIVEPEER_ADVICE_NO_VIDEO, 0);

        return ngx_livepeer_cut_begin(st, q->frames[0].pts_90k,
                                      q->frames[0].pts_90k);
    }

    if (pts - cut->open.start >= (int64_t) st->conf->segment * 90) {
        cut->last_dts = pts - 1;

        if (ngx_livepeer_cut_end(st, pts, 0) != NGX_OK
            || ngx_livepeer_cut_begin(st, pts, pts) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_livepeer_audio_due(q, pts)) {
        return ngx_livepeer_cut_flush(st, &cut->open, pts);
    }

    return NGX_OK;
}


/* the frame with this time is the queue's newest */

static ngx_int_t
ngx_livepeer_cut_place_audio(ngx_livepeer_stream_t *st, int64_t pts)
{
    ngx_livepeer_cut_t  *cut = st->cut;

    if (cut->closing.seg && pts >= cut->closing.end) {
        if (ngx_livepeer_cut_flush(st, &cut->closing, cut->closing.end)
            != NGX_OK
            || ngx_livepeer_cut_finish(st, &cut->closing, 0) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (cut->audio_only || cut->open.seg == NULL) {
        return ngx_livepeer_cut_audio_only(st, pts);
    }

    /* nothing was open when this was heard */

    if (cut->open.first && pts < cut->open.start) {
        ngx_livepeer_audio_drop(cut->audio, cut->open.start);
        return NGX_OK;
    }

    /* video that stalls: its last frame would hold everything back */

    if (cut->audio->frames[0].pts_90k < pts - NGX_LIVEPEER_CUT_DECIDE) {
        return ngx_livepeer_cut_flush(st, &cut->open, pts);
    }

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_cut_audio(ngx_livepeer_stream_t *st, ngx_livepeer_end_t *end,
    uint32_t time, u_char *data, size_t len)
{
    int64_t              ms;
    ngx_int_t            rc;
    ngx_livepeer_cut_t  *cut = st->cut;

    cut->bytes += len;

    if (!st->has_audio) {
        return NGX_OK;
    }

    rc = ngx_livepeer_clock_time(&cut->clock, &cut->clock.audio,
                                 &cut->clock.video, &ms, time,
                                 ngx_current_msec);
    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc == NGX_ABORT && ngx_livepeer_cut_new_line(st) != NGX_OK) {
        return ngx_livepeer_cut_fail(st, end, NGX_LIVEPEER_REFUSED_MEMORY,
                                     "no memory for a segment");
    }

    if (ngx_livepeer_cut_check_length(st, end) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_livepeer_audio_add(cut->audio, &st->audio, ms, data, len);

    if (rc == NGX_AGAIN) {

        /* nothing is open that could take it: the oldest second goes */

        ngx_livepeer_audio_drop(cut->audio, cut->audio->last_90k
                                            - NGX_LIVEPEER_CUT_DECIDE);
        rc = ngx_livepeer_audio_add(cut->audio, &st->audio, ms, data, len);
    }

    if (rc != NGX_OK) {
        if (cut->open.seg) {
            cut->open.seg->damaged = 1;
        }

        return NGX_OK;
    }

    if (cut->silent >= NGX_LIVEPEER_CUT_SILENT) {
        cut->silent = 0;                  /* it is back: from the next cut */
    }

    if (ngx_livepeer_cut_place_audio(st, cut->audio->last_90k) != NGX_OK) {
        return ngx_livepeer_cut_fail(st, end, NGX_LIVEPEER_REFUSED_MEMORY,
                                     "no memory for a segment");
    }

    return NGX_OK;
}


void
ngx_livepeer_cut_close(ngx_livepeer_stream_t *st)
{
    ngx_livepeer_cut_t   *cut = st->cut;
    ngx_livepeer_open_t  *o = &cut->open;

    if (cut->closing.seg) {
        (void) ngx_livepeer_cut_finish(st, &cut->closing, o->seg == NULL);
    }

    if (o->seg == NULL || cut->end.why || cut->mux.status != LP_OK) {
        return;
    }

    if (cut->audio_only) {
        o->end = cut->audio->last_90k
                 + ngx_livepeer_audio_frame_90k(&st->audio);

    } else {
        o->end = o->max_pts + cut->frame_90k;
    }

    if (ngx_livepeer_cut_flush(st, o, o->end) == NGX_OK) {
        o->mux = cut->mux;
        (void) ngx_livepeer_cut_finish(st, o, 1);
    }
}
