/*
 * Encoders behind one interface. Every segment begins with an IDR and refers
 * to nothing before it; settings are the same for every segment of a stream,
 * so segments of different makers join (media.md 2.4, 2.5).
 */
#include "orchestrator/transcoder/encode.h"

#include <stdio.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/hwcontext.h>
#include <libavutil/opt.h>

#include "common/media/profile.h"


#define TC_ENCODE_BFRAMES   2
#define TC_ENCODE_GOP       36000           /* no segment is that long */
#define TC_PROBE_WIDTH      256
#define TC_PROBE_HEIGHT     144


static lp_status_t tc_encode_setup(tc_encode_t *e, const AVFrame *first,
    AVDictionary **opts);
static void tc_encode_x264(const tc_encode_conf_t *conf, AVDictionary **opts);
static void tc_encode_nvenc(const tc_encode_conf_t *conf,
    AVDictionary **opts);
static const char *tc_encode_profile(uint32_t profile);
static int tc_encode_reorders(const tc_encode_conf_t *conf);
static lp_status_t tc_encode_receive(tc_encode_t *e);
static AVFrame *tc_encode_probe_frame(AVBufferRef *device);
static AVFrame *tc_encode_probe_upload(AVFrame *frame, AVBufferRef *device);


static int
tc_encode_is_nvenc(const tc_encode_conf_t *conf)
{
    return strcmp(conf->encoder, "h264_nvenc") == 0;
}


lp_status_t
tc_encode_open(tc_encode_t *e, const tc_encode_conf_t *conf,
    const struct AVFrame *first, tc_encode_put_pt put, void *ctx)
{
    lp_status_t     rc;
    const AVCodec  *codec;
    AVDictionary   *opts;

    e->put = put;
    e->put_ctx = ctx;

    if (e->ctx && memcmp(&e->conf, conf, sizeof(*conf)) == 0
        && e->ctx->width == first->width && e->ctx->height == first->height
        && (e->ctx->hw_frames_ctx != NULL) == (first->hw_frames_ctx != NULL)
        && (first->hw_frames_ctx == NULL
            || e->ctx->hw_frames_ctx->data == first->hw_frames_ctx->data))
    {
        return LP_OK;
    }

    tc_encode_close(e);
    e->conf = *conf;
    e->put = put;
    e->put_ctx = ctx;
    e->keep = tc_encode_is_nvenc(conf);

    codec = avcodec_find_encoder_by_name(conf->encoder);
    e->pkt = av_packet_alloc();
    e->ctx = codec ? avcodec_alloc_context3(codec) : NULL;
    opts = NULL;

    if (e->pkt == NULL || e->ctx == NULL) {
        tc_encode_close(e);
        return codec ? LP_NOMEM : LP_UNSUPPORTED;
    }

    rc = tc_encode_setup(e, first, &opts);

    if (rc == LP_OK && avcodec_open2(e->ctx, codec, &opts) < 0) {
        rc = LP_INTERNAL;
    }

    av_dict_free(&opts);

    if (rc != LP_OK) {
        tc_encode_close(e);
        return rc;
    }

    e->delay = e->ctx->max_b_frames > 0 ? (uint32_t) e->ctx->has_b_frames : 0;

    return LP_OK;
}


void
tc_encode_close(tc_encode_t *e)
{
    avcodec_free_context(&e->ctx);
    av_packet_free(&e->pkt);
    memset(e, 0, sizeof(*e));
}


static lp_status_t
tc_encode_setup(tc_encode_t *e, const AVFrame *first, AVDictionary **opts)
{
    AVCodecContext          *ctx;
    const tc_encode_conf_t  *conf;

    ctx = e->ctx;
    conf = &e->conf;

    ctx->width = first->width;
    ctx->height = first->height;
    ctx->pix_fmt = first->format == AV_PIX_FMT_YUVJ420P ? AV_PIX_FMT_YUV420P
                                                        : first->format;
    ctx->framerate = (AVRational) { (int) conf->fps_num,
                                    (int) conf->fps_den };
    ctx->time_base = av_inv_q(ctx->framerate);
    ctx->sample_aspect_ratio = (AVRational) { 1, 1 };
    ctx->color_range = first->color_range;
    ctx->colorspace = first->colorspace;
    ctx->color_primaries = first->color_primaries;
    ctx->color_trc = first->color_trc;
    ctx->chroma_sample_location = first->chroma_location;
    ctx->thread_count = 1;
    ctx->gop_size = conf->intra ? 1 : TC_ENCODE_GOP;
    ctx->max_b_frames = tc_encode_reorders(conf) ? TC_ENCODE_BFRAMES : 0;
    ctx->flags |= AV_CODEC_FLAG_CLOSED_GOP;

    ctx->bit_rate = conf->quality ? 0 : conf->bitrate;
    ctx->rc_max_rate = conf->bitrate;
    ctx->rc_buffer_size = (int) conf->bitrate;                      /* 1 s */

    if (first->hw_frames_ctx) {
        ctx->hw_frames_ctx = av_buffer_ref(first->hw_frames_ctx);

        if (ctx->hw_frames_ctx == NULL) {
            return LP_NOMEM;
        }
    }

    av_dict_set(opts, "preset", conf->preset, 0);
    av_dict_set(opts, "profile", tc_encode_profile(conf->h264_profile), 0);
    av_dict_set(opts, "forced-idr", "1", 0);
    av_dict_set(opts, "aud", "1", 0);

    if (e->keep) {
        tc_encode_nvenc(conf, opts);

    } else {
        tc_encode_x264(conf, opts);
    }

    return LP_OK;
}


static void
tc_encode_x264(const tc_encode_conf_t *conf, AVDictionary **opts)
{
    av_dict_set(opts, "x264-params",
                "scenecut=0:open-gop=0:nal-hrd=none:sliced-threads=0", 0);

    if (conf->quality) {
        av_dict_set_int(opts, "crf", conf->quality, 0);
    }
}


/* delay 0 and no B-frames: each frame yields its packet at once */
static void
tc_encode_nvenc(const tc_encode_conf_t *conf, AVDictionary **opts)
{
    av_dict_set(opts, "tune", "hq", 0);
    av_dict_set(opts, "delay", "0", 0);
    av_dict_set(opts, "surfaces", "8", 0);
    av_dict_set(opts, "no-scenecut", "1", 0);
    av_dict_set(opts, "strict_gop", "1", 0);
    av_dict_set(opts, "rc", conf->quality ? "vbr" : "cbr", 0);

    if (conf->quality) {
        av_dict_set_int(opts, "cq", conf->quality, 0);
    }
}


static const char *
tc_encode_profile(uint32_t profile)
{
    switch (profile) {

    case LP_H264_BASELINE:
        return "baseline";

    case LP_H264_MAIN:
        return "main";

    default:
        return "high";                     /* constrained high: no B-frames */
    }
}


static int
tc_encode_reorders(const tc_encode_conf_t *conf)
{
    return !conf->intra && !tc_encode_is_nvenc(conf)
           && conf->h264_profile != LP_H264_BASELINE
           && conf->h264_profile != LP_H264_CONSTRAINED_HIGH;
}


lp_status_t
tc_encode_frame(tc_encode_t *e, struct AVFrame *frame, int64_t number,
    int idr)
{
    int  rc;

    /* encoders obey the type they find: the source's must not stay */

    frame->pict_type = idr ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    frame->pts = number;
#if LIBAVUTIL_VERSION_MAJOR >= 58
    frame->duration = 0;
#else
    frame->pkt_duration = 0;
#endif

    rc = avcodec_send_frame(e->ctx, frame);

    if (rc < 0) {
        return rc == AVERROR(ENOMEM) ? LP_NOMEM : LP_INTERNAL;
    }

    return tc_encode_receive(e);
}


static lp_status_t
tc_encode_receive(tc_encode_t *e)
{
    int                 rc;
    lp_status_t         status;
    tc_encode_packet_t  packet;

    for ( ;; ) {
        rc = avcodec_receive_packet(e->ctx, e->pkt);

        if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) {
            return LP_OK;
        }

        if (rc < 0) {
            return rc == AVERROR(ENOMEM) ? LP_NOMEM : LP_INTERNAL;
        }

        packet.data = e->pkt->data;
        packet.len = (size_t) e->pkt->size;
        packet.number = e->pkt->pts;
        packet.key = e->pkt->flags & AV_PKT_FLAG_KEY;

        status = e->put(e->put_ctx, &packet);
        av_packet_unref(e->pkt);

        if (status != LP_OK) {
            return status;
        }
    }
}


lp_status_t
tc_encode_finish(tc_encode_t *e)
{
    lp_status_t  rc;

    if (avcodec_send_frame(e->ctx, NULL) < 0) {
        return LP_INTERNAL;
    }

    rc = tc_encode_receive(e);

    if (rc == LP_OK && e->keep) {
        avcodec_flush_buffers(e->ctx);

    } else {
        tc_encode_close(e);
    }

    return rc;
}


static lp_status_t
tc_encode_probe_put(void *ctx, const tc_encode_packet_t *packet)
{
    (void) ctx;

    return packet->len && packet->number == 0 ? LP_OK : LP_INTERNAL;
}


lp_status_t
tc_encode_probe(const char *encoder, const char *preset,
    struct AVBufferRef *device, char *why, size_t size)
{
    AVFrame           *frame;
    lp_status_t        rc;
    tc_encode_t        e;
    tc_encode_conf_t   conf;

    memset(&e, 0, sizeof(e));
    memset(&conf, 0, sizeof(conf));
    snprintf(conf.encoder, sizeof(conf.encoder), "%s", encoder);
    snprintf(conf.preset, sizeof(conf.preset), "%s", preset);
    conf.fps_num = 30;
    conf.fps_den = 1;
    conf.bitrate = 200000;

    frame = tc_encode_probe_frame(device);

    if (frame == NULL) {
        snprintf(why, size, "%s: no picture could be made", encoder);
        return LP_NOMEM;
    }

    rc = tc_encode_open(&e, &conf, frame, tc_encode_probe_put, NULL);

    if (rc != LP_OK) {
        snprintf(why, size, "%s does not open with preset %s", encoder,
                 preset);

    } else {
        rc = tc_encode_frame(&e, frame, 0, 1);

        if (rc == LP_OK) {
            rc = tc_encode_finish(&e);
        }

        if (rc != LP_OK) {
            snprintf(why, size, "%s opens, but does not encode", encoder);
        }
    }

    tc_encode_close(&e);
    av_frame_free(&frame);

    return rc;
}


static AVFrame *
tc_encode_probe_frame(AVBufferRef *device)
{
    int       i, rows;
    AVFrame  *frame;

    frame = av_frame_alloc();

    if (frame == NULL) {
        return NULL;
    }

    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = TC_PROBE_WIDTH;
    frame->height = TC_PROBE_HEIGHT;

    if (av_frame_get_buffer(frame, 0) < 0) {
        av_frame_free(&frame);
        return NULL;
    }

    for (i = 0; i < 3; i++) {
        rows = i ? TC_PROBE_HEIGHT / 2 : TC_PROBE_HEIGHT;
        memset(frame->data[i], 128, (size_t) frame->linesize[i] * rows);
    }

    return device ? tc_encode_probe_upload(frame, device) : frame;
}


static AVFrame *
tc_encode_probe_upload(AVFrame *frame, AVBufferRef *device)
{
    AVFrame            *gpu;
    AVBufferRef        *ref;
    AVHWFramesContext  *frames;

    gpu = av_frame_alloc();
    ref = av_hwframe_ctx_alloc(device);

    if (ref) {
        frames = (AVHWFramesContext *) ref->data;
        frames->format = AV_PIX_FMT_CUDA;
        frames->sw_format = AV_PIX_FMT_YUV420P;
        frames->width = TC_PROBE_WIDTH;
        frames->height = TC_PROBE_HEIGHT;
    }

    if (gpu == NULL || ref == NULL || av_hwframe_ctx_init(ref) < 0
        || av_hwframe_get_buffer(ref, gpu, 0) < 0
        || av_hwframe_transfer_data(gpu, frame, 0) < 0)
    {
        av_frame_free(&gpu);
    }

    av_buffer_unref(&ref);
    av_frame_free(&frame);

    return gpu;
}
