/*
 * A decoded picture made the size of a rung: swscale for pictures in memory,
 * scale_cuda for those on a GPU. Door: libswscale, libavfilter.
 */
#ifndef TC_SCALE_H
#define TC_SCALE_H


#include <stdint.h>

#include "common/util/status.h"


struct AVFrame;
struct AVBufferPool;
struct AVFilterGraph;
struct AVFilterContext;
struct SwsContext;


typedef struct {
    uint32_t                 width;        /* wanted */
    uint32_t                 height;
    int                      in_width;     /* what it was opened for */
    int                      in_height;
    int                      in_format;
    void                    *in_hw;        /* compared, never followed */
    struct SwsContext       *sws;
    struct AVBufferPool     *pool;
    struct AVFilterGraph    *graph;
    struct AVFilterContext  *source;
    struct AVFilterContext  *sink;
} tc_scale_t;


/* s is zeroed; nothing is opened before the first frame */
void tc_scale_init(tc_scale_t *s, uint32_t width, uint32_t height);
void tc_scale_done(tc_scale_t *s);

/*
 * *out: a frame of the caller's (tc_decode_release), times and colour taken
 * over, square samples. Same size: another reference of the same picture.
 * Contexts are kept until the input's size or format changes.
 */
lp_status_t tc_scale_frame(tc_scale_t *s, struct AVFrame **out,
    struct AVFrame *in);


#endif /* TC_SCALE_H */
