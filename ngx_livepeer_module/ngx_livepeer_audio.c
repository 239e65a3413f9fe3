/*
 * AAC frames on the way into segments. RTMP's times have 1 ms of jitter, the
 * samples have none: they are counted, and the count is corrected only when
 * it is 40 ms off.
 */
#include "ngx_livepeer_module/ngx_livepeer_audio.h"


#define NGX_LIVEPEER_AUDIO_DRIFT      3600       /* 40 ms */
#define NGX_LIVEPEER_AUDIO_PES_BYTES  2900
#define NGX_LIVEPEER_AUDIO_PES_90K    13500      /* 150 ms */


int64_t
ngx_livepeer_audio_frame_90k(const lp_aac_config_t *cfg)
{
    return (int64_t) LP_AAC_FRAME * 90000 / cfg->rate;
}


static int64_t
ngx_livepeer_audio_time(ngx_livepeer_audio_t *q, const lp_aac_config_t *cfg,
    int64_t ms)
{
    int64_t  pts, drift;

    pts = q->anchor_90k
          + (int64_t) (q->count * LP_AAC_FRAME * 90000 / cfg->rate);
    drift = pts - ms * 90;

    if (!q->anchored || drift > NGX_LIVEPEER_AUDIO_DRIFT
        || drift < -NGX_LIVEPEER_AUDIO_DRIFT)
    {
        q->anchored = 1;
        q->anchor_90k = ms * 90;
        q->count = 0;
        pts = q->anchor_90k;
    }

    q->count++;

    return pts;
}


ngx_int_t
ngx_livepeer_audio_add(ngx_livepeer_audio_t *q, const lp_aac_config_t *cfg,
    int64_t ms, const u_char *data, size_t len)
{
    u_char               *p;
    int64_t               pts;
    ngx_livepeer_aac_t   *frame;

    if (len == 0 || len > LP_ADTS_PAYLOAD_MAX) {
        return NGX_DECLINED;
    }

    if (q->n == NGX_LIVEPEER_AUDIO_FRAMES
        || q->len + LP_ADTS_LEN + len > NGX_LIVEPEER_AUDIO_BYTES)
    {
        return NGX_AGAIN;
    }

    pts = ngx_livepeer_audio_time(q, cfg, ms);

    if (pts <= q->last_90k) {
        return NGX_DECLINED;
    }

    p = q->bytes + q->len;
    lp_aac_adts_put(p, cfg, len);
    ngx_memcpy(p + LP_ADTS_LEN, data, len);

    frame = &q->frames[q->n++];
    frame->pts_90k = pts;
    frame->len = LP_ADTS_LEN + len;

    q->len += frame->len;
    q->last_90k = pts;

    return NGX_OK;
}


/* the first n frames, of len bytes together, are gone */

static void
ngx_livepeer_audio_shift(ngx_livepeer_audio_t *q, ngx_uint_t n, size_t len)
{
    q->n -= n;
    q->len -= len;

    ngx_memmove(q->frames, q->frames + n, q->n * sizeof(ngx_livepeer_aac_t));
    ngx_memmove(q->bytes, q->bytes + len, q->len);
}


ngx_int_t
ngx_livepeer_audio_flush(ngx_livepeer_audio_t *q, int64_t limit_90k,
    ngx_livepeer_audio_put_pt put, void *ctx)
{
    size_t      len, done;
    ngx_int_t   rc;
    ngx_uint_t  i, first;

    rc = NGX_OK;
    done = 0;

    for (i = 0; rc == NGX_OK && i < q->n && q->frames[i].pts_90k < limit_90k;
         done += len)
    {
        first = i;
        len = 0;

        do {
            len += q->frames[i++].len;

        } while (i < q->n && q->frames[i].pts_90k < limit_90k
                 && len + q->frames[i].len <= NGX_LIVEPEER_AUDIO_PES_BYTES
                 && q->frames[i].pts_90k - q->frames[first].pts_90k
                    < NGX_LIVEPEER_AUDIO_PES_90K);

        rc = put(ctx, q->frames[first].pts_90k, q->bytes + done, len,
                 i - first);
    }

    ngx_livepeer_audio_shift(q, i, done);

    return rc;
}


void
ngx_livepeer_audio_drop(ngx_livepeer_audio_t *q, int64_t limit_90k)
{
    size_t      len;
    ngx_uint_t  i;

    len = 0;

    for (i = 0; i < q->n && q->frames[i].pts_90k < limit_90k; i++) {
        len += q->frames[i].len;
    }

    ngx_livepeer_audio_shift(q, i, len);
}


void
ngx_livepeer_audio_reset(ngx_livepeer_audio_t *q)
{
    q->n = 0;
    q->len = 0;
    q->last_90k = INT64_MIN;
    q->anchored = 0;
}


ngx_uint_t
ngx_livepeer_audio_due(ngx_livepeer_audio_t *q, int64_t dts_90k)
{
    return q->n
           && (q->frames[0].pts_90k + NGX_LIVEPEER_AUDIO_PES_90K <= dts_90k
               || (q->len >= NGX_LIVEPEER_AUDIO_PES_BYTES
                   && q->frames[0].pts_90k < dts_90k));
}
