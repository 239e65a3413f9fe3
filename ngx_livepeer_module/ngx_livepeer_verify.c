/*
 * The verdict on what came back: signature, then shape. Every rendition is
 * walked once, packet by packet; no picture is decoded here.
 */
#include "common/media/ts.h"
#include "common/net/segcreds.h"
#include "ngx_livepeer_module/ngx_livepeer_seg.h"
#include "ngx_livepeer_module/ngx_livepeer_session.h"
#include "ngx_livepeer_module/ngx_livepeer_signer.h"
#include "ngx_livepeer_module/ngx_livepeer_verify.h"


#define NGX_LIVEPEER_VERIFY_MIN    188               /* bytes: one packet */
#define NGX_LIVEPEER_VERIFY_CLOCK  0x1ffffffffLL     /* 33 bits */
#define NGX_LIVEPEER_VERIFY_JITTER 90                /* ticks: RTMP counts ms */


static u_char *
ngx_livepeer_verify_bytes(ngx_livepeer_rendition_t *r)
{
    return r->bytes->buf->pos;
}


/* the hashes are made together: the renditions go in lock step */

static void
ngx_livepeer_verify_hash(ngx_livepeer_seg_t *seg, lp_hash_t *hashes)
{
    size_t       len[LP_PROFILE_MAX];
    ngx_uint_t   i;
    const void  *data[LP_PROFILE_MAX];

    for (i = 0; i < seg->nrenditions; i++) {
        data[i] = ngx_livepeer_verify_bytes(&seg->renditions[i]);
        len[i] = seg->renditions[i].len;
    }

    lp_keccak256_many(hashes, data, len, seg->nrenditions);

    for (i = 0; i < seg->nrenditions; i++) {
        seg->renditions[i].hash = hashes[i];
    }
}


/*
 * An orchestrator that gave an address must sign with it. One that gave none
 * is a go-livepeer node off chain: it does not sign at all.
 */

static const char *
ngx_livepeer_verify_signature(ngx_livepeer_seg_t *seg)
{
    lp_hash_t                hashes[LP_PROFILE_MAX], digest;
    const lp_keys_t         *keys = ngx_livepeer_signer_keys();
    ngx_livepeer_session_t  *s = seg->session;

    if (!s->has_signer) {
        return seg->result.has_sig ? "signs without an address" : NULL;
    }

    if (!seg->result.has_sig) {
        return "did not sign the result";
    }

    ngx_livepeer_verify_hash(seg, hashes);
    lp_segcreds_result_digest(&digest, hashes, seg->nrenditions);

    if (keys == NULL
        || lp_keys_verify(keys, &s->signer, &seg->result.sig, &digest)
           != LP_OK)
    {
        return "sent a result with a wrong signature";
    }

    return NULL;
}


/* the picture is what the box makes of the source, by our rule or lpms' */

static ngx_uint_t
ngx_livepeer_verify_size(ngx_livepeer_stream_t *st, lp_profile_t *p,
    lp_ts_info_t *info)
{
    uint32_t        width, height;
    lp_h264_sps_t  *source = &st->video.sps;

    lp_profile_fit(p, source->width, source->height, source->sar_num,
                   source->sar_den, &width, &height);

    if (info->sps.width == width && info->sps.height == height) {
        return 1;
    }

    lp_profile_fit_lpms(p, source->width, source->height, &width, &height);

    return info->sps.width == width && info->sps.height == height;
}


/* the frames' times: the source's own, or the grid of an fps profile */

static ngx_uint_t
ngx_livepeer_verify_times(ngx_livepeer_seg_t *seg, lp_profile_t *p,
    lp_ts_info_t *info)
{
    int64_t   first, start, span, from, to;
    uint64_t  n;

    if (p->fps_num == 0) {
        return info->video_units == seg->frames
               && info->pts_digest == seg->pts_digest;
    }

    /* libavfilter's count differs from the rule by one at most: media 2.4 */

    n = lp_profile_grid(p, seg->start_90k, seg->end_90k, &first);

    if (info->video_units + 1 < n || info->video_units > n + 1) {
        return 0;
    }

    /* a picture may lie on a tick that its ms clock has put just before */

    start = seg->start_90k - NGX_LIVEPEER_VERIFY_JITTER;
    span = seg->end_90k - start;
    from = (info->first_pts_90k - start) & NGX_LIVEPEER_VERIFY_CLOCK;
    to = (info->last_pts_90k - start) & NGX_LIVEPEER_VERIFY_CLOCK;

    return from <= to && to < span;
}


/* copied, never encoded; a cut that did not count it says 0 */

static ngx_uint_t
ngx_livepeer_verify_audio(ngx_livepeer_seg_t *seg, lp_ts_info_t *info)
{
    if (seg->audio_bytes == 0 && seg->stream->has_audio) {
        return 1;
    }

    return info->audio_bytes == seg->audio_bytes;
}


/* a hundredth may be another way of counting; the fee is by the smaller */

static ngx_uint_t
ngx_livepeer_verify_pixels(ngx_livepeer_rendition_t *r)
{
    uint64_t  said = (uint64_t) r->pixels, own = r->counted;

    return (said > own ? said - own : own - said) <= own / 100;
}


static const char *
ngx_livepeer_verify_rendition(ngx_livepeer_seg_t *seg, ngx_uint_t i)
{
    lp_status_t                status;
    lp_ts_info_t               info;
    lp_profile_t              *p = &seg->stream->rungs[i].profile;
    ngx_livepeer_rendition_t  *r = &seg->renditions[i];

    if (r->len < NGX_LIVEPEER_VERIFY_MIN) {
        return "sent an empty rendition";
    }

    status = lp_ts_inspect(&info, ngx_livepeer_verify_bytes(r), r->len);

    if (status != LP_OK) {
        return "sent a rendition that is no clean MPEG-TS";
    }

    if (!info.first_is_idr || !info.has_sps) {
        return "sent a rendition that does not begin with an IDR";
    }

    if (!ngx_livepeer_verify_size(seg->stream, p, &info)) {
        return "sent a rendition of another picture size";
    }

    if (!ngx_livepeer_verify_times(seg, p, &info)) {
        return "sent a rendition with other frames or times";
    }

    if (!ngx_livepeer_verify_audio(seg, &info)) {
        return "sent a rendition with other audio";
    }

    r->counted = (uint64_t) info.video_units * info.sps.width
                 * info.sps.height;

    return ngx_livepeer_verify_pixels(r) ? NULL
                                         : "claims a wrong number of pixels";
}


ngx_int_t
ngx_livepeer_verify_seg(ngx_livepeer_seg_t *seg)
{
    ngx_uint_t  i;

    seg->reason = ngx_livepeer_verify_signature(seg);

    for (i = 0; i < seg->nrenditions && seg->reason == NULL; i++) {
        seg->reason = ngx_livepeer_verify_rendition(seg, i);
    }

    return seg->reason ? NGX_DECLINED : NGX_OK;
}
