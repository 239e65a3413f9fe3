/*
 * Scaling. In memory one direct bicubic step, whose filter widens with the
 * ratio; on a GPU bilinear steps of at most 3:1, because scale_cuda looks at
 * four source samples whatever the ratio (media.md 3.2).
 */
#include "orchestrator/transcoder/scale.h"

#include <stdio.h>
#include <string.h>

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/mem.h>
#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>


#define TC_SCALE_ALIGN      64
#define TC_SCALE_CUDA_STEP  3


static lp_status_t tc_scale_open(tc_scale_t *s, const AVFrame *in);
static void tc_scale_close(tc_scale_t *s);
static lp_status_t tc_scale_open_sws(tc_scale_t *s, const AVFrame *in);
static lp_status_t tc_scale_open_cuda(tc_scale_t *s, const AVFrame *in);
static void tc_scale_cuda_chain(const tc_scale_t *s, int w, int h, char *out,
    size_t size);
static lp_status_t tc_scale_run_sws(tc_scale_t *s, AVFrame *out,
    const AVFrame *in);
static lp_status_t tc_scale_run_cuda(tc_scale_t *s, AVFrame *out,
    AVFrame *in);


void
tc_scale_init(tc_scale_t *s, uint32_t width, uint32_t height)
{
    memset(s, 0, sizeof(*s));
    s->width = width;
    s->height = height;
    s->in_format = AV_PIX_FMT_NONE;
}


void
tc_scale_done(tc_scale_t *s)
{
    tc_scale_close(s);
}


static void
tc_scale_close(tc_scale_t *s)
{
    sws_freeContext(s->sws);
    s->sws = NULL;
    av_buffer_pool_uninit(&s->pool);
    avfilter_graph_free(&s->graph);
    s->source = NULL;
    s->sink = NULL;
    s->in_format = AV_PIX_FMT_NONE;
}


lp_status_t
tc_scale_frame(tc_scale_t *s, struct AVFrame **out, struct AVFrame *in)
{
    void         *hw;
    AVFrame      *f;
    lp_status_t   rc;

    if (in->format != AV_PIX_FMT_CUDA && in->width == (int) s->width
        && in->height == (int) s->height)
    {
        *out = av_frame_clone(in);
        return *out ? LP_OK : LP_NOMEM;
    }

    hw = in->hw_frames_ctx ? in->hw_frames_ctx->data : NULL;

    if (in->width != s->in_width || in->height != s->in_height
        || in->format != s->in_format || hw != s->in_hw)
    {
        tc_scale_close(s);
        rc = tc_scale_open(s, in);

        if (rc != LP_OK) {
            tc_scale_close(s);
            return rc;
        }

        s->in_width = in->width;
        s->in_height = in->height;
        s->in_format = in->format;
        s->in_hw = hw;
    }

    f = av_frame_alloc();

    if (f == NULL) {
        return LP_NOMEM;
    }

    rc = s->graph ? tc_scale_run_cuda(s, f, in) : tc_scale_run_sws(s, f, in);

    if (rc != LP_OK) {
        av_frame_free(&f);
        return rc;
    }

    f->sample_aspect_ratio = (AVRational) { 1, 1 };
    *out = f;

    return LP_OK;
}


static lp_status_t
tc_scale_open(tc_scale_t *s, const AVFrame *in)
{
    return in->hw_frames_ctx ? tc_scale_open_cuda(s, in)
                             : tc_scale_open_sws(s, in);
}


static lp_status_t
tc_scale_open_sws(tc_scale_t *s, const AVFrame *in)
{
    int         full, size;
    const int  *matrix;

    /* the J format is 4:2:0 too; its range is set below, on both sides */

    s->sws = sws_getContext(in->width, in->height, AV_PIX_FMT_YUV420P,
                            (int) s->width, (int) s->height,
                            AV_PIX_FMT_YUV420P, SWS_BICUBIC, NULL, NULL, NULL);
    size = av_image_get_buffer_size(AV_PIX_FMT_YUV420P, (int) s->width,
                                    (int) s->height, TC_SCALE_ALIGN);

    if (s->sws == NULL || size <= 0) {
        return LP_INTERNAL;
    }

    /* the same colours in and out: values are filtered, never converted */

    full = in->color_range == AVCOL_RANGE_JPEG;
    matrix = sws_getCoefficients(SWS_CS_DEFAULT);
    sws_setColorspaceDetails(s->sws, matrix, full, matrix, full, 0, 1 << 16,
                             1 << 16);

    s->pool = av_buffer_pool_init(size + TC_SCALE_ALIGN, av_buffer_allocz);

    return s->pool ? LP_OK : LP_NOMEM;
}


static lp_status_t
tc_scale_run_sws(tc_scale_t *s, AVFrame *out, const AVFrame *in)
{
    int  rc;

    if (av_frame_copy_props(out, in) < 0) {
        return LP_NOMEM;
    }

    out->format = AV_PIX_FMT_YUV420P;
    out->width = (int) s->width;
    out->height = (int) s->height;
    out->buf[0] = av_buffer_pool_get(s->pool);

    if (out->buf[0] == NULL) {
        return LP_NOMEM;
    }

    rc = av_image_fill_arrays(out->data, out->linesize, out->buf[0]->data,
                              AV_PIX_FMT_YUV420P, out->width, out->height,
                              TC_SCALE_ALIGN);
    if (rc < 0) {
        return LP_INTERNAL;
    }

    rc = sws_scale(s->sws, (const uint8_t *const *) in->data, in->linesize, 0,
                   in->height, out->data, out->linesize);

    return rc == out->height ? LP_OK : LP_INTERNAL;
}


static lp_status_t
tc_scale_open_cuda(tc_scale_t *s, const AVFrame *in)
{
    int                   rc;
    char                  chain[512];
    AVFilterInOut        *head, *tail;
    AVBufferSrcParameters  *par;

    s->graph = avfilter_graph_alloc();
    par = av_buffersrc_parameters_alloc();

    if (s->graph == NULL || par == NULL) {
        av_free(par);
        return LP_NOMEM;
    }

    s->graph->nb_threads = 1;
    s->source = avfilter_graph_alloc_filter(s->graph,
                                            avfilter_get_by_name("buffer"),
                                            "in");
    par->format = in->format;
    par->width = in->width;
    par->height = in->height;
    par->time_base = (AVRational) { 1, 90000 };
    par->hw_frames_ctx = in->hw_frames_ctx;
    rc = s->source ? av_buffersrc_parameters_set(s->source, par) : -1;
    av_free(par);

    if (rc < 0 || avfilter_init_str(s->source, NULL) < 0
        || avfilter_graph_create_filter(&s->sink,
                                        avfilter_get_by_name("buffersink"),
                                        "out", NULL, NULL, s->graph) < 0)
    {
        return LP_INTERNAL;
    }

    tc_scale_cuda_chain(s, in->width, in->height, chain, sizeof(chain));

    head = NULL;
    tail = NULL;
    rc = avfilter_graph_parse2(s->graph, chain, &head, &tail);

    if (rc >= 0 && head && tail) {
        rc = avfilter_link(s->source, 0, head->filter_ctx, head->pad_idx);

        if (rc >= 0) {
            rc = avfilter_link(tail->filter_ctx, tail->pad_idx, s->sink, 0);
        }

        if (rc >= 0) {
            rc = avfilter_graph_config(s->graph, NULL);
        }

    } else {
        rc = -1;
    }

    avfilter_inout_free(&head);
    avfilter_inout_free(&tail);

    return rc < 0 ? LP_INTERNAL : LP_OK;
}


/*
 * passthrough=0: a rung as large as the source must not hand the decoder's
 * few surfaces to an encoder.
 */
static void
tc_scale_cuda_chain(const tc_scale_t *s, int w, int h, char *out, size_t size)
{
    size_t  n;

    n = 0;

    while (w > TC_SCALE_CUDA_STEP * (int) s->width
           || h > TC_SCALE_CUDA_STEP * (int) s->height)
    {
        w = w / 2 & ~1;
        h = h / 2 & ~1;
        n += snprintf(out + n, n < size ? size - n : 0,
                      "scale_cuda=w=%d:h=%d:interp_algo=bilinear,", w, h);

        if (n >= size) {
            break;
        }
    }

    if (n < size) {
        snprintf(out + n, size - n,
                 "scale_cuda=w=%u:h=%u:interp_algo=bilinear:passthrough=0",
                 s->width, s->height);
    }
}


static lp_status_t
tc_scale_run_cuda(tc_scale_t *s, AVFrame *out, AVFrame *in)
{
    if (av_buffersrc_add_frame_flags(s->source, in,
                                     AV_BUFFERSRC_FLAG_KEEP_REF) < 0
        || av_buffersink_get_frame(s->sink, out) < 0)
    {
        return LP_INTERNAL;
    }

    return LP_OK;
}
