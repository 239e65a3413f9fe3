/*
 * What a source is. Its parameter sets come in a header before all frames,
 * and again inside of them; both are believed.
 */
#include "ngx_livepeer_module/ngx_livepeer_source.h"
#include "ngx_livepeer_module/ngx_livepeer_figures.h"


#define NGX_LIVEPEER_SOURCE_SETS  64          /* parameter sets of a unit */


/* the rungs worth making of st->video, and their sizes */

static void
ngx_livepeer_source_choose(ngx_livepeer_stream_t *st)
{
    size_t                i, n;
    uint8_t               keep[LP_PROFILE_MAX];
    uint32_t              w, h;
    lp_profile_t         *profile;
    lp_h264_sps_t        *sps = &st->video.sps;
    ngx_livepeer_rung_t  *rung;

    profile = st->conf->profiles->elts;
    n = st->conf->profiles->nelts;

    if (lp_profile_ladder(profile, n, sps->width, sps->height, keep) < n) {
        ngx_livepeer_figures_advise(st, NGX_LIVEPEER_ADVICE_UPSCALE, 0);
    }

    for (i = 0; i < n; i++) {
        if (!keep[i]) {
            continue;
        }

        lp_profile_fit(&profile[i], sps->width, sps->height, sps->sar_num,
                       sps->sar_den, &w, &h);

        rung = &st->rungs[st->nrungs++];
        rung->profile = profile[i];
        rung->width = w;
        rung->height = h;
    }
}


static void
ngx_livepeer_source_first(ngx_livepeer_stream_t *st)
{
    lp_status_t  rc;

    st->has_video = 1;
    st->nrungs = 0;

    ngx_livepeer_figures_advise(st, 0, NGX_LIVEPEER_ADVICE_PIXFMT
                                       |NGX_LIVEPEER_ADVICE_UPSCALE
                                       |NGX_LIVEPEER_ADVICE_NO_VIDEO);

    rc = lp_h264_judge(&st->video.sps);

    if (rc != LP_OK) {
        ngx_livepeer_figures_advise(st, NGX_LIVEPEER_ADVICE_PIXFMT, 0);
        ngx_log_error(NGX_LOG_WARN, st->log, 0,
                      "livepeer: the source is passed through: %s",
                      lp_status_text(rc));

    } else if (st->conf->profiles
               && (st->conf->orchestrators || st->conf->money.on_chain))
    {
        ngx_livepeer_source_choose(st);
    }

    st->passthrough = (st->nrungs == 0);
}


/* st->video was old until now */

static ngx_int_t
ngx_livepeer_source_changed(ngx_livepeer_stream_t *st,
    const lp_h264_sps_t *old)
{
    lp_h264_sps_t  *sps = &st->video.sps;

    if (!st->has_video) {
        ngx_livepeer_source_first(st);

    } else if (old->width != sps->width || old->height != sps->height) {
        return NGX_DECLINED;

    } else if (old->profile_idc != sps->profile_idc) {
        return NGX_ABORT;
    }

    ngx_livepeer_figures_video(st);

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_source_video(ngx_livepeer_stream_t *st,
    const u_char *data, size_t len)
{
    lp_h264_sps_t  old = st->video.sps;

    if (lp_h264_config_parse(&st->video, data, len) != LP_OK) {
        ngx_livepeer_figures_advise(st, NGX_LIVEPEER_ADVICE_DAMAGED, 0);
        return NGX_ERROR;
    }

    return ngx_livepeer_source_changed(st, &old);
}


ngx_int_t
ngx_livepeer_source_survey(ngx_livepeer_stream_t *st, ngx_uint_t *idr,
    const u_char *data, size_t len)
{
    int             changed;
    size_t          n;
    lp_nal_t        nal, sets[NGX_LIVEPEER_SOURCE_SETS];
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
            if (n < NGX_LIVEPEER_SOURCE_SETS) {
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

    if (lp_h264_config_update(&st->video, sets, n, &changed) != LP_OK
        || !changed)
    {
        return NGX_OK;
    }

    return ngx_livepeer_source_changed(st, &old);
}


ngx_int_t
ngx_livepeer_source_audio(ngx_livepeer_stream_t *st,
    const u_char *data, size_t len)
{
    ngx_int_t        rc;
    lp_aac_config_t  cfg, *old = &st->audio;

    if (lp_aac_config_parse(&cfg, data, len) != LP_OK) {
        return NGX_ERROR;
    }

    rc = st->has_audio
         && (cfg.rate != old->rate || cfg.channels != old->channels
             || cfg.object_type != old->object_type)
         ? NGX_ABORT : NGX_OK;

    st->audio = cfg;
    st->has_audio = 1;
    ngx_livepeer_figures_audio(st);

    return rc;
}


void
ngx_livepeer_source_adopt(ngx_livepeer_stream_t *st, lp_h264_config_t *video)
{
    lp_h264_config_done(&st->video);
    st->video = *video;

    (void) ngx_livepeer_source_changed(st, &video->sps);
}
