/*
 * One source segment, read and judged before anything is decoded: its access
 * units in order, its audio, its time line. What can be refused by counting
 * is refused here (media.md 2.7, T-47, T-48): no decoder has been opened yet.
 */
#ifndef TC_SOURCE_H
#define TC_SOURCE_H


#include "common/media/h264.h"
#include "common/media/profile.h"
#include "common/media/ts.h"
#include "common/util/buf.h"


#define TC_FPS_MAX            120
#define TC_DURATION_MS        20000        /* without leave of the deadline */
#define TC_DURATION_MS_MAX    300000
#define TC_TICK_SLACK_90K     90           /* RTMP's clock counts in 1 ms */
#define TC_GAP_90K            90000        /* a longer hole is not filled */


typedef struct {
    size_t   offset;                       /* into the source's bytes */
    size_t   len;
    int64_t  pts_90k;
    int64_t  dts_90k;
} tc_unit_t;

typedef struct {
    tc_unit_t  *units;
    uint32_t    n;
    uint32_t    cap;
    uint32_t    max;                       /* more is LP_TOO_MANY_FRAMES */
} tc_units_t;

typedef struct {
    lp_buf_t       bytes;                  /* payloads, one after the other */
    tc_units_t     video;                  /* in coding order */
    tc_units_t     audio;                  /* PES packets */
    uint8_t        audio_type;             /* stream type, 0: no track */
    lp_h264_sps_t  sps;
    uint32_t       reorder;                /* frames coded before an earlier
                                              shown one, counted from PTS */
    int64_t        t0_90k;                 /* PTS of the IDR it begins with */
    int64_t        t1_90k;                 /* end: where the next one begins */
    int64_t        step_90k;               /* between the DTS before t0 */
    uint32_t       fps_num, fps_den;       /* nominal rate */
} tc_source_t;

/* bounds of one job */
typedef struct {
    size_t    max_bytes;
    uint32_t  max_duration_ms;
    uint32_t  max_units;                   /* audio PES packets */
} tc_source_limits_t;


void tc_source_init(tc_source_t *s);
void tc_source_done(tc_source_t *s);

/*
 * Read a segment; what an earlier one left is dropped, its memory is used
 * again. duration_ms: as declared, 0 when not known. LP_TOO_BIG, LP_TOO_LONG,
 * LP_BAD_CONTAINER, LP_NO_VIDEO, LP_AUDIO_ONLY, LP_BAD_CODEC, LP_BAD_PIXFMT,
 * LP_TOO_LARGE, LP_NO_KEYFRAME, LP_TOO_MANY_FRAMES, LP_INPUT_CHANGED,
 * LP_NOMEM. Nothing of data is kept.
 */
lp_status_t tc_source_read(tc_source_t *s, const uint8_t *data, size_t len,
    uint32_t duration_ms, const tc_source_limits_t *limits);

/* overwrite every byte that was read (T-52) */
void tc_source_wipe(tc_source_t *s);


static inline const uint8_t *
tc_source_data(const tc_source_t *s, const tc_unit_t *u)
{
    return s->bytes.data + u->offset;
}


#endif /* TC_SOURCE_H */
