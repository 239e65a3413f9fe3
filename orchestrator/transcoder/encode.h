/*
 * One rung's encoder: libx264, opened anew for each segment, or h264_nvenc,
 * kept (media.md 2.3, 2.5, 3.1). Frames are numbered, not timed: a number
 * comes back with its packet, and the rung knows the times. Door: libavcodec.
 */
#ifndef TC_ENCODE_H
#define TC_ENCODE_H


#include <stddef.h>
#include <stdint.h>

#include "common/util/status.h"


struct AVFrame;
struct AVBufferRef;
struct AVCodecContext;
struct AVPacket;


/* compared as bytes: zero it before filling it */
typedef struct {
    char      encoder[32];                 /* "libx264", "h264_nvenc" */
    char      preset[32];
    uint32_t  fps_num, fps_den;            /* nominal, for rate control */
    uint32_t  bitrate;                     /* bits per second: mean and peak */
    uint32_t  quality;                     /* CRF under that peak; 0: none */
    uint32_t  h264_profile;                /* lp_h264_profile_e */
    uint32_t  intra;                       /* every frame an IDR */
} tc_encode_conf_t;

/* one access unit, Annex B with AUD and, on an IDR, parameter sets */
typedef struct {
    const uint8_t  *data;
    size_t          len;
    int64_t         number;                /* of its frame */
    int             key;
} tc_encode_packet_t;

typedef lp_status_t (*tc_encode_put_pt)(void *ctx,
    const tc_encode_packet_t *packet);

typedef struct {
    tc_encode_conf_t        conf;
    struct AVCodecContext  *ctx;
    struct AVPacket        *pkt;
    tc_encode_put_pt        put;
    void                   *put_ctx;
    uint32_t                delay;         /* frames of reordering: constant
                                              for a conf */
    uint8_t                 keep;          /* outlives a segment */
} tc_encode_t;


/*
 * Open for the kind of picture that first is (size, format, colour, GPU
 * frames). An encoder still open for the same conf and size is used again.
 * LP_INTERNAL, LP_NOMEM.
 */
lp_status_t tc_encode_open(tc_encode_t *e, const tc_encode_conf_t *conf,
    const struct AVFrame *first, tc_encode_put_pt put, void *ctx);

/* the frame's time and type fields are overwritten */
lp_status_t tc_encode_frame(tc_encode_t *e, struct AVFrame *frame,
    int64_t number, int idr);

/* the segment ends: every packet has been put when this returns LP_OK */
lp_status_t tc_encode_finish(tc_encode_t *e);
void tc_encode_close(tc_encode_t *e);

/*
 * Does this encoder really work here: open it at 256x144 and encode a frame
 * (device: on the GPU; may be NULL). On failure why says which step failed.
 */
lp_status_t tc_encode_probe(const char *encoder, const char *preset,
    struct AVBufferRef *device, char *why, size_t size);


#endif /* TC_ENCODE_H */
