/*
 * Audio to segments: frames wait in a queue until it is known which segment
 * they belong to; without video they begin segments themselves. Source:
 * media.md 1.3, 1.4.
 */
#include "ngx_livepeer_module/ngx_livepeer_cut_state.h"
#include "ngx_livepeer_module/ngx_livepeer_figures.h"
#include "ngx_livepeer_module/ngx_livepeer_source.h"


#define NGX_LIVEPEER_CUT_DECIDE  90000           /* 1 s: which tracks exist */


void
ngx_livepeer_cut_no_audio(ngx_livepeer_stream_t *st)
{
    ngx_livepeer_cut_t  *cut = st->cut;

    if (!cut->audio_refused) {
        ngx_log_error(NGX_LOG_WARN, st->log, 0,
                      "livepeer: audio is dropped, only AAC can be carried");
        ngx_livepeer_figures_advise(st, NGX_LIVEPEER_ADVICE_AUDIO_CODEC, 0);
    }

    cut->audio_refused = 1;
    cut->expect_audio = 0;
    st->has_audio = 0;
}


static ngx_int_t
ngx_livepeer_cut_make_queue(ngx_livepeer_stream_t *st)
{
    ngx_livepeer_cut_t  *cut = st->cut;

    if (cut->audio == NULL) {
        cut->audio = ngx_palloc(st->pool, sizeof(ngx_livepeer_audio_t));
        if (cut->audio == NULL) {
            return NGX_ERROR;
        }

        ngx_livepeer_audio_reset(cut->audio);
    }

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_cut_audio_config(ngx_livepeer_stream_t *st,
    ngx_livepeer_end_t *end, const u_char *data, size_t len)
{
    ngx_int_t            rc;
    ngx_livepeer_cut_t  *cut = st->cut;

    rc = ngx_livepeer_source_audio(st, data, len);

    if (rc == NGX_ERROR) {
        ngx_livepeer_cut_no_audio(st);
        return NGX_OK;
    }

    if (ngx_livepeer_cut_make_queue(st) != NGX_OK) {
        return ngx_livepeer_cut_fail(st, end, NGX_LIVEPEER_REFUSED_MEMORY,
                                     "out of memory");
    }

    if (rc == NGX_ABORT) {
        cut->audio->anchored = 0;
    }

    cut->audio_refused = 0;

    return ngx_livepeer_cut_headers(cut, rc);
}


ngx_int_t
ngx_livepeer_cut_adopt(ngx_livepeer_stream_t *st, lp_h264_config_t *video,
    lp_aac_config_t *audio)
{
    ngx_livepeer_source_adopt(st, video);

    if (audio == NULL) {
        return NGX_OK;
    }

    st->audio = *audio;
    st->has_audio = 1;
    ngx_livepeer_figures_audio(st);

    return ngx_livepeer_cut_make_queue(st);
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
        ngx_livepeer_figures_advise(st, NGX_LIVEPEER_ADVICE_NO_VIDEO, 0);

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

    if (cut->closing.seg) {

        if (!ngx_livepeer_cut_has_audio(st, cut->closing.end)) {
            return NGX_OK;
        }

        if (ngx_livepeer_cut_settle(st, 0) != NGX_OK) {
            return NGX_ERROR;
        }

        if (cut->audio->n == 0) {
            return NGX_OK;
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
    uint32_t time, const u_char *data, size_t len)
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

    if (rc == NGX_ABORT && ngx_livepeer_cut_new_line(st, end) != NGX_OK) {
        return NGX_ERROR;
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
                                     "out of memory");
    }

    return NGX_OK;
}
