/*
 * The H.264 decoder of a session, in software or on a GPU. One thread: the
 * rungs and the other streams are the parallel part.
 */
#include "orchestrator/transcoder/decode.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/hwcontext.h>


#define TC_MAX_PIXELS      (4096 * 2304)
#define TC_MAX_SENTINELS   8
#define TC_SENTINEL_PTS    (-(INT64_C(1) << 50))   /* no 33-bit clock's time */
#define TC_MAX_ERRORS      64               /* in a row, for one packet */
#define TC_MAX_REORDER     15               /* the decoder asserts on more */
#define TC_EXTRA_SURFACES  12               /* held by scalers and encoders */


static enum AVPixelFormat tc_decode_format(AVCodecContext *ctx,
    const enum AVPixelFormat *list);
static lp_status_t tc_decode_send(tc_decode_t *d, const uint8_t *data,
    size_t len, int64_t pts, int64_t dts);
static lp_status_t tc_decode_receive(tc_decode_t *d);
static lp_status_t tc_decode_frame(tc_decode_t *d);
static lp_status_t tc_decode_flush(tc_decode_t *d);
static lp_status_t tc_decode_sentinels(tc_decode_t *d, uint32_t sent);
static lp_status_t tc_decode_verdict(const tc_decode_t *d);


static void
tc_decode_log(void *avcl, int level, const char *fmt, va_list args)
{
    (void) avcl;
    (void) level;
    (void) fmt;
    (void) args;
}


void
tc_decode_quiet(void)
{
    av_log_set_level(AV_LOG_QUIET);
    av_log_set_callback(tc_decode_log);
}


struct AVBufferRef *
tc_decode_device_open(unsigned index, char *why, size_t size)
{
    int           rc;
    char          name[16];
    AVBufferRef  *device;
    AVDictionary *opts;

    device = NULL;
    opts = NULL;
    snprintf(name, sizeof(name), "%u", index);
    av_dict_set(&opts, "primary_ctx", "1", 0);

    rc = av_hwdevice_ctx_create(&device, AV_HWDEVICE_TYPE_CUDA, name, opts, 0);
    av_dict_free(&opts);

    if (rc < 0) {
        /* the number is no honest errno here: it says that, not why */
        snprintf(why, size, "no CUDA device context on GPU %u (%d)", index,
                 rc);
        return NULL;
    }

    return device;
}


void
tc_decode_device_close(struct AVBufferRef **device)
{
    av_buffer_unref(device);
}


lp_status_t
tc_decode_open(tc_decode_t *d, struct AVBufferRef *device, tc_drain_e drain)
{
    const AVCodec   *codec;
    AVCodecContext  *ctx;

    codec = avcodec_find_decoder(AV_CODEC_ID_H264);

    if (codec == NULL) {
        return LP_UNSUPPORTED;
    }

    d->device = device;
    d->drain = drain;
    d->pkt = av_packet_alloc();
    d->frame = av_frame_alloc();
    d->ctx = ctx = avcodec_alloc_context3(codec);

    if (d->pkt == NULL || d->frame == NULL || ctx == NULL) {
        tc_decode_close(d);
        return LP_NOMEM;
    }

    ctx->thread_count = 1;
    ctx->pkt_timebase = (AVRational) { 1, 90000 };
    ctx->max_pixels = TC_MAX_PIXELS;
    ctx->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER;
    ctx->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT | AV_CODEC_FLAG_UNALIGNED;

    if (device) {
        ctx->hw_device_ctx = av_buffer_ref(device);
        ctx->get_format = tc_decode_format;
        ctx->extra_hw_frames = TC_EXTRA_SURFACES;
    }

    if ((device && ctx->hw_device_ctx == NULL)
        || avcodec_open2(ctx, codec, NULL) < 0)
    {
        tc_decode_close(d);
        return LP_INTERNAL;
    }

    return LP_OK;
}


void
tc_decode_close(tc_decode_t *d)
{
    avcodec_free_context(&d->ctx);
    av_packet_free(&d->pkt);
    av_frame_free(&d->frame);
    memset(d, 0, sizeof(*d));
}


/* NVDEC when it takes the stream, else the first format in system memory */
static enum AVPixelFormat
tc_decode_format(AVCodecContext *ctx, const enum AVPixelFormat *list)
{
    const enum AVPixelFormat  *p;

    for (p = list; *p != AV_PIX_FMT_NONE; p++) {
        if (*p == AV_PIX_FMT_CUDA) {
            return *p;
        }
    }

    return avcodec_default_get_format(ctx, list);
}


lp_status_t
tc_decode_segment(tc_decode_t *d, const tc_source_t *source,
    tc_watch_t *watch, lp_status_t (*put)(void *ctx, struct AVFrame *frame,
    int64_t pts_90k), void *ctx)
{
    int               reorder;
    uint32_t          i;
    lp_status_t       rc;
    const tc_unit_t  *u;

    d->source = source;
    d->watch = watch;
    d->put = put;
    d->put_ctx = ctx;
    d->frames = 0;
    d->flagged = 0;
    d->sentinels = 0;
    d->last_pts_90k = INT64_MIN;

    /* counted, not guessed: a stream without this in its SPS loses frames */

    reorder = source->reorder < TC_MAX_REORDER ? (int) source->reorder
                                               : TC_MAX_REORDER;
    if (d->ctx->has_b_frames < reorder) {
        d->ctx->has_b_frames = reorder;
    }

    for (i = 0; i < source->video.n; i++) {
        u = &source->video.units[i];
        rc = tc_decode_send(d, tc_source_data(source, u), u->len, u->pts_90k,
                            u->dts_90k);
        if (rc == LP_OK) {
            rc = tc_decode_receive(d);
        }

        if (rc != LP_OK) {
            return rc;
        }
    }

    rc = d->drain == TC_DRAIN_FLUSH ? tc_decode_flush(d)
                                    : tc_decode_sentinels(d, source->video.n);

    return rc == LP_OK ? tc_decode_verdict(d) : rc;
}


static lp_status_t
tc_decode_send(tc_decode_t *d, const uint8_t *data, size_t len, int64_t pts,
    int64_t dts)
{
    int          rc;
    lp_status_t  status;

    status = tc_watch_check(d->watch);

    if (status != LP_OK) {
        return status;
    }

    d->pkt->data = (uint8_t *) data;        /* copied, being no AVBuffer */
    d->pkt->size = (int) len;
    d->pkt->pts = pts;
    d->pkt->dts = dts;

    rc = avcodec_send_packet(d->ctx, d->pkt);
    av_packet_unref(d->pkt);

    switch (rc) {

    case AVERROR(ENOMEM):
        return LP_NOMEM;

    case AVERROR(EAGAIN):
    case AVERROR_EOF:
        return LP_INTERNAL;
    }

    /* a broken access unit is missed by the count of frames */

    return LP_OK;
}


static lp_status_t
tc_decode_receive(tc_decode_t *d)
{
    int          rc, errors;
    lp_status_t  status;

    for (errors = 0; errors < TC_MAX_ERRORS; /* void */ ) {
        rc = avcodec_receive_frame(d->ctx, d->frame);

        if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) {
            return LP_OK;
        }

        if (rc == AVERROR(ENOMEM)) {
            return LP_NOMEM;
        }

        if (rc < 0) {
            errors++;                       /* a unit that gave no frame */
            continue;
        }

        status = tc_decode_frame(d);
        av_frame_unref(d->frame);

        if (status != LP_OK) {
            return status;
        }
    }

    return LP_DAMAGED;
}


static lp_status_t
tc_decode_frame(tc_decode_t *d)
{
    int       damaged;
    AVFrame  *f;

    f = d->frame;

    if (f->pts == TC_SENTINEL_PTS) {
        d->sentinels++;
        return LP_OK;
    }

    if (f->format != AV_PIX_FMT_YUV420P && f->format != AV_PIX_FMT_YUVJ420P
        && f->format != AV_PIX_FMT_CUDA)
    {
        return LP_BAD_PIXFMT;
    }

    if (f->width != (int) d->source->sps.width
        || f->height != (int) d->source->sps.height)
    {
        return LP_INPUT_CHANGED;
    }

    if (d->frames == d->source->video.n) {
        return LP_TOO_MANY_FRAMES;
    }

    d->frames++;
    damaged = (f->flags & AV_FRAME_FLAG_CORRUPT) || f->decode_error_flags;

    if (f->pts == AV_NOPTS_VALUE || f->pts <= d->last_pts_90k) {
        d->flagged++;
        return LP_OK;                       /* no place on the time line */
    }

    d->flagged += damaged;
    d->last_pts_90k = f->pts;

    return d->put(d->put_ctx, f, f->pts);
}


static lp_status_t
tc_decode_flush(tc_decode_t *d)
{
    lp_status_t  rc;

    avcodec_send_packet(d->ctx, NULL);
    rc = tc_decode_receive(d);
    avcodec_flush_buffers(d->ctx);

    return rc;
}


/*
 * A flush would destroy the hardware decoder. Copies of the first IDR push
 * the last frames out, then end-of-sequence units push out the copies, so
 * that nothing is left for the next segment (media.md 2.3).
 */
static lp_status_t
tc_decode_sentinels(tc_decode_t *d, uint32_t sent)
{
    uint32_t          i, n;
    lp_status_t       rc;
    const tc_unit_t  *idr;

    static const uint8_t  end[] = { 0, 0, 0, 1, LP_NAL_END_SEQ };

    idr = &d->source->video.units[0];

    for (n = 0; n < TC_MAX_SENTINELS && d->frames < sent; n++) {
        rc = tc_decode_send(d, tc_source_data(d->source, idr), idr->len,
                            TC_SENTINEL_PTS, TC_SENTINEL_PTS);
        if (rc == LP_OK) {
            rc = tc_decode_receive(d);
        }

        if (rc != LP_OK) {
            return rc;
        }
    }

    for (i = 0; i < TC_MAX_SENTINELS && d->sentinels < n; i++) {
        rc = tc_decode_send(d, end, sizeof(end), AV_NOPTS_VALUE,
                            AV_NOPTS_VALUE);
        if (rc == LP_OK) {
            rc = tc_decode_receive(d);
        }

        if (rc != LP_OK) {
            return rc;
        }
    }

    if (d->sentinels != n) {
        avcodec_flush_buffers(d->ctx);      /* dear, but nothing may leak */
    }

    return LP_OK;
}


static lp_status_t
tc_decode_verdict(const tc_decode_t *d)
{
    uint32_t  lost;

    if (d->frames == 0) {
        return LP_NO_FRAMES;
    }

    lost = d->source->video.n - d->frames + d->flagged;

    return lost * 20 > d->source->video.n ? LP_DAMAGED : LP_OK;
}


struct AVFrame *
tc_decode_hold(struct AVFrame *frame)
{
    return av_frame_clone(frame);
}


void
tc_decode_release(struct AVFrame **frame)
{
    av_frame_free(frame);
}
