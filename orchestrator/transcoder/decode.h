/*
 * Access units in, pictures out, in the order they are shown. One decoder is
 * kept for a session and emptied after each segment: nothing of a segment
 * comes out with the next one (media.md 2.3). Door: libavcodec.
 */
#ifndef TC_DECODE_H
#define TC_DECODE_H


#include "orchestrator/transcoder/source.h"
#include "orchestrator/transcoder/watch.h"


struct AVFrame;
struct AVBufferRef;
struct AVCodecContext;
struct AVPacket;


typedef enum {
    TC_DRAIN_FLUSH,                        /* NULL packet, then a flush */
    TC_DRAIN_SENTINEL                      /* the hardware decoder's way */
} tc_drain_e;

typedef struct {
    struct AVCodecContext  *ctx;
    struct AVPacket        *pkt;
    struct AVFrame         *frame;
    struct AVBufferRef     *device;        /* NULL: software */
    tc_drain_e              drain;

    /* of the segment */
    const tc_source_t      *source;
    tc_watch_t             *watch;
    lp_status_t           (*put)(void *ctx, struct AVFrame *frame,
                                 int64_t pts_90k);
    void                   *put_ctx;
    uint32_t                frames;
    uint32_t                flagged;       /* concealed or not in order */
    uint32_t                sentinels;     /* that came out */
    int64_t                 last_pts_90k;
} tc_decode_t;


/* every line FFmpeg would print is dropped: what matters is a status */
void tc_decode_quiet(void);

/*
 * A GPU's device context for decoders, scalers and encoders; NULL with the
 * reason in why when there is none. Released with tc_decode_device_close.
 */
struct AVBufferRef *tc_decode_device_open(unsigned index, char *why,
    size_t size);
void tc_decode_device_close(struct AVBufferRef **device);

/* d is zeroed; device is borrowed and may be NULL */
lp_status_t tc_decode_open(tc_decode_t *d, struct AVBufferRef *device,
    tc_drain_e drain);
void tc_decode_close(tc_decode_t *d);

/*
 * Decode one segment; put gets each frame once, in PTS order, and may keep a
 * reference of its own (tc_decode_hold). On any status but LP_OK the decoder
 * must be closed. d->frames and d->flagged tell what came out; LP_DAMAGED
 * when more than 5 % of the frames are flagged or did not come.
 */
lp_status_t tc_decode_segment(tc_decode_t *d, const tc_source_t *source,
    tc_watch_t *watch, lp_status_t (*put)(void *ctx, struct AVFrame *frame,
    int64_t pts_90k), void *ctx);

struct AVFrame *tc_decode_hold(struct AVFrame *frame);
void tc_decode_release(struct AVFrame **frame);


#endif /* TC_DECODE_H */
