/*
 * Access units to segments: their times, and where an IDR ends one segment
 * and begins the next. Source: media.md 1.1, 1.2, 1.4.
 */
#include "ngx_livepeer_module/ngx_livepeer_cut_state.h"
#include "ngx_livepeer_module/ngx_livepeer_figures.h"
#include "ngx_livepeer_module/ngx_livepeer_source.h"

#include "common/media/ts.h"


#define NGX_LIVEPEER_CUT_CTS  10000              /* ms */


ngx_int_t
ngx_livepeer_cut_video_config(ngx_livepeer_stream_t *st,
    ngx_livepeer_end_t *end, const u_char *data, size_t len)
{
    ngx_int_t  rc;

    rc = ngx_livepeer_source_video(st, data, len);

    if (rc == NGX_ERROR && !st->has_video) {
        return ngx_livepeer_cut_fail(st, end, NGX_LIVEPEER_REFUSED_CODEC,
                   "the H.264 header of the publisher is malformed");
    }

    return rc == NGX_ERROR ? NGX_OK : ngx_livepeer_cut_headers(st->cut, rc);
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
    ngx_livepeer_cut_t  *cut = st->cut;

    ngx_livepeer_figures_idr(st, cut->idr_seen && pts > cut->last_idr
                                 ? (uint32_t) ((pts - cut->last_idr) / 90)
                                 : 0);

    cut->idr_seen = 1;
    cut->last_idr = pts;
    cut->since_ms = cut->clock.ms;
}


/* a segment is long enough when half a frame more would pass the target */

static ngx_uint_t
ngx_livepeer_cut_is_due(ngx_livepeer_stream_t *st, int64_t pts)
{
    int64_t              length, target;
    ngx_livepeer_cut_t  *cut = st->cut;

    if (cut->open.seg == NULL) {
        return 0;
    }

    length = pts - cut->open.start;
    target = (int64_t) st->conf->segment * 90;

    /* headers that change with every frame do not make segments of one */

    return length >= target - cut->frame_90k / 2
           || (cut->audio_only && length > 0)
           || (cut->force && length >= target / 4);
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


/* an IDR: does it end a segment, does it begin one? */

static ngx_int_t
ngx_livepeer_cut_at(ngx_livepeer_stream_t *st, lp_tsmux_au_t *au)
{
    ngx_livepeer_cut_t  *cut = st->cut;

    ngx_livepeer_cut_idr(st, au->pts_90k);

    if (ngx_livepeer_cut_is_due(st, au->pts_90k)) {

        if (ngx_livepeer_cut_end(st, au->pts_90k, !cut->audio_only)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (cut->audio_only) {
            cut->audio_only = 0;
            cut->discontinuity = 1;
        }
    }

    if (cut->open.seg) {
        return NGX_OK;
    }

    return ngx_livepeer_cut_begin(st, au->pts_90k, au->dts_90k);
}


static ngx_int_t
ngx_livepeer_cut_place_video(ngx_livepeer_stream_t *st, lp_tsmux_au_t *au)
{
    ngx_livepeer_cut_t  *cut = st->cut;

    if (au->idr && ngx_livepeer_cut_at(st, au) != NGX_OK) {
        return NGX_ERROR;
    }

    if (cut->open.seg == NULL || cut->audio_only) {
        return NGX_OK;                    /* an IDR comes first */
    }

    /* as long as a segment waits for audio, what comes is all its */

    if (cut->closing.seg == NULL && cut->audio
        && ngx_livepeer_audio_due(cut->audio, au->dts_90k)
        && ngx_livepeer_cut_flush(st, &cut->open, au->dts_90k) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_livepeer_cut_put_video(st, au);
}


ngx_int_t
ngx_livepeer_cut_video(ngx_livepeer_stream_t *st, ngx_livepeer_end_t *end,
    uint32_t time, int32_t cts, const u_char *data, size_t len)
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

    if (rc == NGX_ABORT && ngx_livepeer_cut_new_line(st, end) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!cut->since_set) {
        cut->since_set = 1;
        cut->since_ms = ms;
    }

    if (ngx_livepeer_cut_check_length(st, end) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_livepeer_source_survey(st, &idr, data, len);
    rc = ngx_livepeer_cut_headers(cut, rc);
    if (rc == NGX_DECLINED) {
        return rc;
    }

    if (rc != NGX_OK || ngx_livepeer_cut_stamp(cut, &au, ms, cts) != NGX_OK) {
        if (cut->open.seg) {
            cut->open.seg->damaged = 1;
        }

        return NGX_OK;
    }

    au.idr = (uint8_t) idr;
    au.data = data;
    au.len = len;
    au.length_size = st->video.nal_length_size;

    if (ngx_livepeer_cut_place_video(st, &au) != NGX_OK) {
        return ngx_livepeer_cut_fail(st, end, NGX_LIVEPEER_REFUSED_MEMORY,
                                     "out of memory");
    }

    return NGX_OK;
}
