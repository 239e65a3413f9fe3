/*
 * One rung: from decoded pictures to a rendition's bytes. Chooses the frames
 * and their times, has them scaled and encoded, and muxes them with the
 * source's audio. Knows no library; one thread at a time.
 */
#ifndef TC_RUNG_H
#define TC_RUNG_H


#include "common/media/profile.h"
#include "common/media/tsmux.h"
#include "orchestrator/transcoder/encode.h"
#include "orchestrator/transcoder/scale.h"
#include "orchestrator/transcoder/source.h"
#include "orchestrator/transcoder/watch.h"


typedef struct {
    lp_profile_t        profile;
    uint32_t            width;             /* of the picture made */
    uint32_t            height;

    /* kept for the session */
    uint8_t             used;
    tc_scale_t          scale;
    tc_encode_t         encode;
    tc_encode_conf_t    conf;
    lp_tsmux_t          mux;
    lp_buf_t            out;               /* the rendition */

    /* of the segment */
    const tc_source_t  *source;
    tc_watch_t         *watch;
    int64_t            *pts;               /* of frames given to the encoder */
    uint32_t            npts;
    uint32_t            cap;
    uint32_t            ncoded;            /* packets that came back */
    uint32_t            planned;           /* most frames it will make */
    uint32_t            next_audio;
    int64_t             step_90k;
    int64_t             next_gop_90k;
    int64_t             tick, end_tick;    /* of the grid, fps profiles */
    struct AVFrame     *held;              /* shown until the next one */
    int64_t             held_90k;
    struct AVFrame     *scaled;            /* of held, when it was needed */
} tc_rung_t;


void tc_rung_init(tc_rung_t *r);
void tc_rung_done(tc_rung_t *r);

/* nothing of the session may be seen by the next one (T-52) */
void tc_rung_reset(tc_rung_t *r);

/*
 * Plan a segment: picture size, number of frames, room for the bytes.
 * Nothing is opened yet. What was kept is dropped when the profile is not
 * the one of the segment before. LP_UNSUPPORTED: the picture would be too
 * small; LP_TOO_MANY_FRAMES, LP_NOMEM.
 */
lp_status_t tc_rung_plan(tc_rung_t *r, const lp_profile_t *profile,
    const char *encoder, const char *preset, const tc_source_t *source,
    tc_watch_t *watch);

/* pixels of the plan: an upper bound */
static inline uint64_t
tc_rung_pixels(const tc_rung_t *r)
{
    return (uint64_t) r->planned * r->width * r->height;
}

/* frames in PTS order; r holds a reference of its own if it wants one */
lp_status_t tc_rung_frame(tc_rung_t *r, struct AVFrame *frame,
    int64_t pts_90k);

/*
 * No more frames: r->out is the rendition, r->npts its frames. LP_NO_FRAMES
 * when there was none, LP_INTERNAL when the encoder did not give every frame
 * back.
 */
lp_status_t tc_rung_finish(tc_rung_t *r);


#endif /* TC_RUNG_H */
