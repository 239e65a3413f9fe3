/*
 * Streams for the tests of tsmux and ts: pictures and audio frames on exact
 * times, as a publisher would send them, muxed by ours.
 */
#ifndef LP_T_UNIT_MEDIA_H
#define LP_T_UNIT_MEDIA_H


#include <stdlib.h>
#include <string.h>

#include "common/media/ts.h"
#include "common/media/tsmux.h"


typedef struct {
    uint32_t  fps_num, fps_den;
    unsigned  gop;                         /* frames from IDR to IDR */
    unsigned  bframes;                     /* between two references */
    int64_t   start_90k;                   /* DTS of the first picture */
    uint8_t   ms_grid;                     /* times as RTMP has them */
    uint32_t  audio_rate;                  /* 0: none; 3 frames to a PES */
    size_t    idr_len, len;                /* bytes of a slice NAL */
    uint8_t   no_video;
} gen_t;

static const uint8_t  gen_sps_pps[] = {
    0, 0, 0, 1, 0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb,
    0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0,
    0xf1, 0x83, 0x19, 0x60,
    0, 0, 0, 1, 0x68, 0xef, 0x8f, 0xcb
};


static inline int64_t
gen_time(const gen_t *g, unsigned frame)
{
    int64_t  n;

    if (g->ms_grid) {
        n = (int64_t) frame * 1000 * g->fps_den;
        return g->start_90k + 90 * ((n + g->fps_num / 2) / g->fps_num);
    }

    n = (int64_t) frame * 90000 * g->fps_den;

    return g->start_90k + (n + g->fps_num / 2) / g->fps_num;
}


/* place in display order of a place in decoding order, both from the IDR */

static inline unsigned
gen_display(const gen_t *g, unsigned i)
{
    unsigned  group, first, size;

    if (i == 0 || g->bframes == 0) {
        return i;
    }

    group = (i - 1) / (g->bframes + 1);
    first = 1 + group * (g->bframes + 1);
    size = g->gop - first < g->bframes + 1 ? g->gop - first : g->bframes + 1;

    /* the reference comes first and is shown last */

    return i == first ? first + size - 1 : i - 1;
}


static inline void
gen_fill(uint8_t *p, size_t len, unsigned seed)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        seed = seed * 1103515245 + 12345;
        p[i] = (uint8_t) (4 + (seed >> 16) % 251);
    }
}


/* SEI and one slice, four byte lengths; returns the bytes */

static inline size_t
gen_picture(const gen_t *g, uint8_t *out, unsigned frame)
{
    int      idr;
    size_t   len;

    idr = frame % g->gop == 0;
    len = idr ? g->idr_len : g->len;

    memcpy(out, "\0\0\0\4\6\5\1\x80", 8);
    out[8] = 0;
    out[9] = (uint8_t) (len >> 16);
    out[10] = (uint8_t) (len >> 8);
    out[11] = (uint8_t) len;
    gen_fill(out + 12, len, frame);
    out[12] = idr ? 0x65 : 0x41;

    if (len > 1) {
        out[13] = 0x88;
    }

    return 12 + len;
}


typedef struct {
    lp_tsmux_t  mux;
    lp_buf_t    out, sets;
    unsigned    frame;
    unsigned    audio;                     /* PES so far */
    uint8_t     picture[262144];
} gen_state_t;


static inline void
gen_init(gen_state_t *s, const gen_t *g)
{
    memset(s, 0, sizeof(gen_state_t));
    lp_buf_init(&s->out, LP_TS_MAX_BYTES);
    lp_buf_init(&s->sets, LP_H264_MAX_SETS);
    lp_buf_put(&s->sets, gen_sps_pps, sizeof(gen_sps_pps));
    lp_tsmux_init(&s->mux, lp_tsmux_sink_buf(&s->out));
    lp_tsmux_tracks(&s->mux, g->no_video ? 0 : LP_TS_VIDEO_H264,
                    g->audio_rate ? LP_TS_AUDIO_AAC : 0);
}


static inline void
gen_done(gen_state_t *s)
{
    lp_buf_done(&s->out);
    lp_buf_done(&s->sets);
}


static inline int64_t
gen_audio_time(const gen_t *g, unsigned pes)
{
    return g->start_90k + (int64_t) pes * 3 * 1024 * 90000 / g->audio_rate;
}


static inline lp_status_t
gen_audio_until(gen_state_t *s, const gen_t *g, int64_t end_90k)
{
    lp_status_t  rc;
    uint8_t      data[700];

    rc = LP_OK;

    while (g->audio_rate && rc == LP_OK
           && gen_audio_time(g, s->audio) < end_90k)
    {
        gen_fill(data, sizeof(data), s->audio);
        rc = lp_tsmux_audio(&s->mux, gen_audio_time(g, s->audio), data,
                            300 + s->audio % 400);
        s->audio++;
    }

    return rc;
}


/* the next segment of n frames into s->out; begins at an IDR if n % gop == 0 */

static inline lp_status_t
gen_segment(gen_state_t *s, const gen_t *g, unsigned n, int discontinuity)
{
    unsigned       i, gop, shown;
    lp_status_t    rc;
    lp_tsmux_au_t  au = { 0 };

    lp_buf_reset(&s->out);
    lp_tsmux_begin(&s->mux, discontinuity);
    rc = LP_OK;

    for (i = 0; i < n && rc == LP_OK; i++, s->frame++) {
        gop = s->frame / g->gop * g->gop;
        shown = gop + gen_display(g, s->frame - gop);

        au.dts_90k = gen_time(g, s->frame);
        au.pts_90k = gen_time(g, shown + (g->bframes ? 1 : 0));
        au.idr = s->frame == gop;
        au.data = s->picture;
        au.length_size = 4;

        if (!g->no_video) {
            au.len = gen_picture(g, s->picture, s->frame);
            rc = lp_tsmux_video(&s->mux, &au, &s->sets);
        }

        if (rc == LP_OK) {
            rc = gen_audio_until(s, g, gen_time(g, s->frame + 1));
        }
    }

    return rc;
}


#endif /* LP_T_UNIT_MEDIA_H */
