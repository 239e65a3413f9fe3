/*
 * A segment taken apart and counted. Times are judged on the list of access
 * units alone, so a bomb of timestamps or of picture sizes ends here.
 */
#include "orchestrator/transcoder/source.h"

#include <stdlib.h>
#include <string.h>


static lp_status_t tc_source_walk(tc_source_t *s, lp_ts_t *ts);
static lp_status_t tc_source_put(tc_source_t *s, tc_units_t *list,
    const lp_ts_unit_t *unit);
static lp_status_t tc_source_look(tc_source_t *s, const lp_ts_unit_t *unit);
static int tc_source_same_sps(const lp_h264_sps_t *a, const lp_h264_sps_t *b);
static lp_status_t tc_source_times(tc_source_t *s, uint32_t duration_ms,
    const tc_source_limits_t *limits);
static void tc_source_steps(tc_source_t *s, const int64_t *pts);
static void tc_source_rate(tc_source_t *s, const int64_t *pts);
static int tc_source_pts_cmp(const void *a, const void *b);


void
tc_source_init(tc_source_t *s)
{
    memset(s, 0, sizeof(*s));
    lp_buf_init(&s->bytes, LP_TS_MAX_BYTES);
}


void
tc_source_done(tc_source_t *s)
{
    lp_buf_done(&s->bytes);
    free(s->video.units);
    free(s->audio.units);
    tc_source_init(s);
}


void
tc_source_wipe(tc_source_t *s)
{
    if (s->bytes.data) {
        memset(s->bytes.data, 0, s->bytes.cap);
    }
}


lp_status_t
tc_source_read(tc_source_t *s, const uint8_t *data, size_t len,
    uint32_t duration_ms, const tc_source_limits_t *limits)
{
    lp_ts_t      ts;
    lp_status_t  rc;

    if (len > limits->max_bytes || len > LP_TS_MAX_BYTES) {
        return LP_TOO_BIG;
    }

    if (duration_ms > limits->max_duration_ms) {
        return LP_TOO_LONG;
    }

    lp_buf_reset(&s->bytes);
    memset(&s->sps, 0, sizeof(s->sps));
    s->video.n = 0;
    s->video.max = (limits->max_duration_ms / 1000 + 1) * TC_FPS_MAX;
    s->audio.n = 0;
    s->audio.max = limits->max_units;

    lp_ts_init(&ts, data, len);
    rc = tc_source_walk(s, &ts);
    s->audio_type = ts.audio_type;
    lp_ts_done(&ts);

    if (rc != LP_OK) {
        return rc;
    }

    if (s->video.n == 0) {
        return s->audio.n ? LP_AUDIO_ONLY : LP_NO_VIDEO;
    }

    return tc_source_times(s, duration_ms, limits);
}


static lp_status_t
tc_source_walk(tc_source_t *s, lp_ts_t *ts)
{
    lp_status_t   rc;
    lp_ts_unit_t  unit;

    for ( ;; ) {
        rc = lp_ts_next(ts, &unit);

        if (rc == LP_MISSING) {
            return LP_OK;
        }

        if (rc == LP_OK && unit.len == 0) {
            continue;
        }

        if (rc == LP_OK && unit.is_video) {
            rc = tc_source_look(s, &unit);

            if (rc == LP_OK) {
                rc = tc_source_put(s, &s->video, &unit);
            }

        } else if (rc == LP_OK) {
            rc = tc_source_put(s, &s->audio, &unit);
        }

        if (rc != LP_OK) {
            return rc;
        }
    }
}


/*
 * The parameter sets of an access unit stand before its first slice: the
 * size of the picture is judged before a decoder sees it.
 */
static lp_status_t
tc_source_look(tc_source_t *s, const lp_ts_unit_t *unit)
{
    int              idr;
    lp_nal_t         nal;
    lp_status_t      rc;
    lp_h264_sps_t    sps;
    lp_h264_iter_t   it;

    if (unit->stream_type != 0x1b) {
        return LP_BAD_CODEC;
    }

    idr = 0;
    lp_h264_iter_init(&it, 0, unit->data, unit->len);

    while (lp_h264_iter_next(&it, &nal)) {

        if (nal.type == LP_NAL_IDR) {
            idr = 1;
        }

        if (nal.type != LP_NAL_SPS) {
            continue;
        }

        rc = lp_h264_parse_sps(&sps, nal.data, nal.len);

        if (rc != LP_OK) {
            return rc == LP_NOMEM ? rc : LP_BAD_CODEC;
        }

        rc = lp_h264_judge(&sps);

        if (rc != LP_OK) {
            return rc;
        }

        if (s->sps.width == 0) {
            s->sps = sps;

        } else if (!tc_source_same_sps(&s->sps, &sps)) {
            return LP_INPUT_CHANGED;
        }
    }

    if (s->video.n == 0 && (!idr || s->sps.width == 0)) {
        return LP_NO_KEYFRAME;
    }

    return LP_OK;
}


static int
tc_source_same_sps(const lp_h264_sps_t *a, const lp_h264_sps_t *b)
{
    return a->width == b->width && a->height == b->height
           && a->coded_width == b->coded_width
           && a->coded_height == b->coded_height
           && a->sar_num == b->sar_num && a->sar_den == b->sar_den
           && a->chroma_format_idc == b->chroma_format_idc
           && a->bit_depth == b->bit_depth;
}


static lp_status_t
tc_source_put(tc_source_t *s, tc_units_t *list, const lp_ts_unit_t *unit)
{
    uint32_t    cap;
    tc_unit_t  *u;

    if (unit->pts_90k == LP_TS_NONE) {
        return LP_BAD_CONTAINER;
    }

    if (list->n == list->max) {
        return LP_TOO_MANY_FRAMES;
    }

    if (list->n == list->cap) {
        cap = list->cap ? 2 * list->cap : 256;
        u = realloc(list->units, cap * sizeof(tc_unit_t));

        if (u == NULL) {
            return LP_NOMEM;
        }

        list->units = u;
        list->cap = cap;
    }

    u = &list->units[list->n++];
    u->offset = s->bytes.len;
    u->len = unit->len;
    u->pts_90k = unit->pts_90k;
    u->dts_90k = unit->dts_90k;

    lp_buf_put(&s->bytes, unit->data, unit->len);

    return lp_buf_status(&s->bytes) == LP_LIMIT ? LP_TOO_BIG
                                                : lp_buf_status(&s->bytes);
}


static lp_status_t
tc_source_times(tc_source_t *s, uint32_t duration_ms,
    const tc_source_limits_t *limits)
{
    int64_t   *pts, span, max;
    uint32_t   i, n;

    n = s->video.n;
    pts = malloc(n * sizeof(int64_t));

    if (pts == NULL) {
        return LP_NOMEM;
    }

    for (i = 0; i < n; i++) {
        pts[i] = s->video.units[i].pts_90k;
    }

    qsort(pts, n, sizeof(int64_t), tc_source_pts_cmp);

    s->t0_90k = s->video.units[0].pts_90k;
    tc_source_steps(s, pts);

    if (duration_ms) {
        s->t1_90k = s->t0_90k + duration_ms * INT64_C(90);

    } else if (n > 1) {
        s->t1_90k = pts[n - 1] + (pts[n - 1] - pts[0] + (n - 1) / 2) / (n - 1);

    } else {
        s->t1_90k = pts[0] + s->step_90k;
    }

    tc_source_rate(s, pts);

    span = pts[n - 1] - pts[0];
    free(pts);

    if (span > limits->max_duration_ms * INT64_C(90)) {
        return LP_TOO_LONG;
    }

    if (s->t1_90k - s->t0_90k > span) {
        span = s->t1_90k - s->t0_90k;
    }

    /* a tenth more than the rate: times are rounded, ends are not exact */

    max = span * TC_FPS_MAX / 90000;

    return n > max + max / 10 + 2 ? LP_TOO_MANY_FRAMES : LP_OK;
}


/*
 * How far the first DTS of a rendition lie before t0: one frame each when
 * frames are regular, so that segments join on equal distances; else little
 * enough to stay behind the last DTS of whatever came before.
 */
static void
tc_source_steps(tc_source_t *s, const int64_t *pts)
{
    int64_t   d, min, max;
    uint32_t  i, j, depth;

    min = INT64_MAX;
    max = 0;

    for (i = 1; i < s->video.n; i++) {
        d = pts[i] - pts[i - 1];

        if (d > 0) {
            min = d < min ? d : min;
            max = d > max ? d : max;
        }
    }

    if (max == 0) {
        min = 720;

    } else if (max > min + min / 2 && min > 720) {
        min = 720;                                             /* 8 ms */
    }

    s->step_90k = min;
    s->reorder = 0;

    for (i = 1; i < s->video.n; i++) {
        depth = 0;

        for (j = i; j > 0 && i - j < 32; j--) {
            depth += s->video.units[j - 1].pts_90k
                     > s->video.units[i].pts_90k;
        }

        s->reorder = depth > s->reorder ? depth : s->reorder;
    }
}


/*
 * The nominal rate tells an encoder how to spread its bits and stands in the
 * stream it writes, so it must not change from segment to segment: what the
 * source says of itself when its times agree, else a common rate.
 */
static void
tc_source_rate(tc_source_t *s, const int64_t *pts)
{
    double    fps, say;
    size_t    i;
    uint32_t  n;

    static const uint32_t  common[][2] = {
        { 24000, 1001 }, { 24, 1 }, { 25, 1 }, { 30000, 1001 }, { 30, 1 },
        { 48, 1 }, { 50, 1 }, { 60000, 1001 }, { 60, 1 }, { 120, 1 },
        { 10, 1 }, { 12, 1 }, { 15, 1 }, { 20, 1 }
    };

    n = s->video.n;
    fps = n > 1 && pts[n - 1] > pts[0]
          ? (n - 1) * 90000.0 / (pts[n - 1] - pts[0]) : 0;

    if (s->sps.fps_num && s->sps.fps_den) {
        say = (double) s->sps.fps_num / s->sps.fps_den;

        if (say >= 1 && say <= TC_FPS_MAX && s->sps.fps_den <= 100000
            && (fps == 0 || (fps > say * 0.9 && fps < say * 1.1)))
        {
            s->fps_num = s->sps.fps_num;
            s->fps_den = s->sps.fps_den;
            return;
        }
    }

    for (i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
        say = (double) common[i][0] / common[i][1];

        if (fps > say * 0.9995 && fps < say * 1.0005) {
            s->fps_num = common[i][0];
            s->fps_den = common[i][1];
            return;
        }
    }

    s->fps_num = fps < 1 ? 30 : fps > TC_FPS_MAX ? TC_FPS_MAX : fps + 0.5;
    s->fps_den = 1;
}


static int
tc_source_pts_cmp(const void *a, const void *b)
{
    int64_t  x = *(const int64_t *) a;
    int64_t  y = *(const int64_t *) b;

    return (x > y) - (x < y);
}
