/*
 * Times are exact: a rung shows the source's own PTS, or ticks of the grid
 * k * den / num that do not depend on where segments were cut. DTS are our
 * own, from the sorted PTS, so that segments join evenly (media.md 2.4).
 */
#include "orchestrator/transcoder/rung.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/transcoder/decode.h"


#define TC_RUNG_SIDE_MIN   16
#define TC_RUNG_BYTES      (1024 * 1024)    /* beside twice the rate: T-26 */
#define TC_RUNG_BYTES_MAX  (64 * 1024 * 1024)


static void tc_rung_drop(tc_rung_t *r);
static lp_status_t tc_rung_plan_frames(tc_rung_t *r);
static size_t tc_rung_room(const tc_rung_t *r);
static lp_status_t tc_rung_show_held(tc_rung_t *r, int64_t until_90k);
static lp_status_t tc_rung_emit(tc_rung_t *r, struct AVFrame *frame,
    int64_t pts);
static int tc_rung_idr(tc_rung_t *r, int64_t pts);
static lp_status_t tc_rung_packet(void *ctx, const tc_encode_packet_t *p);
static lp_status_t tc_rung_audio(tc_rung_t *r, int64_t until_90k);


static int
tc_rung_has_grid(const tc_rung_t *r)
{
    return r->profile.fps_num != 0;
}


void
tc_rung_init(tc_rung_t *r)
{
    memset(r, 0, sizeof(*r));
    lp_buf_init(&r->out, TC_RUNG_BYTES_MAX);
    lp_tsmux_init(&r->mux, lp_tsmux_sink_buf(&r->out));
    tc_scale_init(&r->scale, 0, 0);
}


void
tc_rung_done(tc_rung_t *r)
{
    tc_rung_drop(r);
    tc_encode_close(&r->encode);
    tc_scale_done(&r->scale);
    lp_buf_done(&r->out);
    free(r->pts);
    tc_rung_init(r);
}


void
tc_rung_reset(tc_rung_t *r)
{
    if (r->out.data) {
        memset(r->out.data, 0, r->out.cap);
    }

    tc_rung_done(r);
}


static void
tc_rung_drop(tc_rung_t *r)
{
    tc_decode_release(&r->held);
    tc_decode_release(&r->scaled);
}


lp_status_t
tc_rung_plan(tc_rung_t *r, const lp_profile_t *profile, const char *encoder,
    const char *preset, const tc_source_t *source, tc_watch_t *watch)
{
    uint32_t              width, height;
    lp_status_t           rc;
    tc_encode_conf_t     *conf;
    const lp_h264_sps_t  *sps;

    if (r->used && memcmp(&r->profile, profile, sizeof(*profile)) != 0) {
        tc_rung_reset(r);
    }

    r->used = 1;
    r->profile = *profile;
    r->source = source;
    r->watch = watch;

    sps = &source->sps;
    lp_profile_fit(profile, sps->width, sps->height, sps->sar_num,
                   sps->sar_den, &width, &height);

    if (width < TC_RUNG_SIDE_MIN || height < TC_RUNG_SIDE_MIN) {
        return LP_UNSUPPORTED;
    }

    if (width != r->width || height != r->height) {
        tc_scale_done(&r->scale);
        tc_scale_init(&r->scale, width, height);
        r->width = width;
        r->height = height;
    }

    rc = tc_rung_plan_frames(r);

    if (rc != LP_OK) {
        return rc;
    }

    conf = &r->conf;
    memset(conf, 0, sizeof(*conf));
    strncpy(conf->encoder, encoder, sizeof(conf->encoder) - 1);
    strncpy(conf->preset, preset, sizeof(conf->preset) - 1);
    conf->fps_num = tc_rung_has_grid(r) ? profile->fps_num : source->fps_num;
    conf->fps_den = tc_rung_has_grid(r) ? profile->fps_den : source->fps_den;
    conf->fps_den = conf->fps_den ? conf->fps_den : 1;
    conf->bitrate = profile->bitrate;
    conf->quality = profile->quality;
    conf->h264_profile = profile->h264_profile;
    conf->intra = profile->gop_ms < 0;

    r->mux.status = LP_OK;
    lp_buf_reset(&r->out);
    r->out.max = tc_rung_room(r);
    lp_tsmux_tracks(&r->mux, LP_TS_VIDEO_H264, source->audio_type);
    lp_tsmux_begin(&r->mux, 0);

    return r->mux.status;
}


static lp_status_t
tc_rung_plan_frames(tc_rung_t *r)
{
    int64_t   first, *pts;
    uint64_t  n, den, shown, most;

    r->npts = 0;
    r->ncoded = 0;
    r->next_audio = 0;
    r->next_gop_90k = 0;
    tc_rung_drop(r);

    n = r->source->video.n;
    r->step_90k = r->source->step_90k;

    if (tc_rung_has_grid(r)) {

        /*
         * a frame that should lie on a tick may come up to 1 ms after it:
         * the whole grid is looked at with that much patience
         */

        n = lp_profile_grid(&r->profile,
                            r->source->t0_90k - TC_TICK_SLACK_90K,
                            r->source->t1_90k - TC_TICK_SLACK_90K, &first);
        den = r->profile.fps_den ? r->profile.fps_den : 1;
        r->tick = first;
        r->end_tick = first + (int64_t) n;
        r->step_90k = (int64_t) (90000 * den / r->profile.fps_num);
        shown = (uint64_t) (r->source->t1_90k - r->source->t0_90k);
        most = shown * r->profile.fps_num / (90000 * den);

        if (n > 2 * most + 2) {
            return LP_TOO_MANY_FRAMES;
        }
    }

    r->planned = (uint32_t) n;

    if (n > r->cap) {
        pts = realloc(r->pts, n * sizeof(int64_t));

        if (pts == NULL) {
            return LP_NOMEM;
        }

        r->pts = pts;
        r->cap = (uint32_t) n;
    }

    return LP_OK;
}


/* twice the rate and 1 MiB, and the audio with its packets' overhead */
static size_t
tc_rung_room(const tc_rung_t *r)
{
    uint64_t            room;
    uint32_t            i;
    const tc_source_t  *s;

    s = r->source;
    room = (uint64_t) r->profile.bitrate / 4
           * (uint64_t) (s->t1_90k - s->t0_90k) / 90000 + TC_RUNG_BYTES;

    for (i = 0; i < s->audio.n; i++) {
        room += s->audio.units[i].len * 188 / 184 + 4 * 188;
    }

    return room < TC_RUNG_BYTES_MAX ? room : TC_RUNG_BYTES_MAX;
}


lp_status_t
tc_rung_frame(tc_rung_t *r, struct AVFrame *frame, int64_t pts)
{
    lp_status_t      rc;
    struct AVFrame  *scaled;

    if (tc_rung_has_grid(r)) {
        rc = r->held ? tc_rung_show_held(r, pts) : LP_OK;

        if (rc != LP_OK) {
            return rc;
        }

        tc_rung_drop(r);
        r->held_90k = pts;
        r->held = tc_decode_hold(frame);

        return r->held ? LP_OK : LP_NOMEM;
    }

    rc = tc_scale_frame(&r->scale, &scaled, frame);

    if (rc == LP_OK) {
        rc = tc_rung_emit(r, scaled, pts);
        tc_decode_release(&scaled);
    }

    return rc;
}


/*
 * The held frame at every tick before the next frame's time, but not into a
 * hole of more than a second: a jump of time must not become frames (T-48).
 */
static lp_status_t
tc_rung_show_held(tc_rung_t *r, int64_t until)
{
    int64_t      pts;
    lp_status_t  rc;

    for ( /* void */ ; r->tick < r->end_tick; r->tick++) {
        pts = lp_profile_grid_pts(&r->profile, r->tick);

        if (pts + TC_TICK_SLACK_90K >= until) {
            break;
        }

        if (pts - r->held_90k > TC_GAP_90K) {
            continue;
        }

        if (r->scaled == NULL) {
            rc = tc_scale_frame(&r->scale, &r->scaled, r->held);

            if (rc != LP_OK) {
                return rc;
            }
        }

        rc = tc_rung_emit(r, r->scaled, pts);

        if (rc != LP_OK) {
            return rc;
        }
    }

    return LP_OK;
}


static lp_status_t
tc_rung_emit(tc_rung_t *r, struct AVFrame *frame, int64_t pts)
{
    lp_status_t  rc;

    rc = tc_watch_check(r->watch);

    if (rc != LP_OK) {
        return rc;
    }

    if (r->npts == r->planned) {
        return LP_TOO_MANY_FRAMES;
    }

    if (r->npts == 0) {
        rc = tc_encode_open(&r->encode, &r->conf, frame, tc_rung_packet, r);

        if (rc != LP_OK) {
            return rc;
        }
    }

    r->pts[r->npts++] = pts;

    return tc_encode_frame(&r->encode, frame, r->npts - 1,
                           tc_rung_idr(r, pts));
}


/* GOPs lie on the time line from the first frame, not on a frame count */
static int
tc_rung_idr(tc_rung_t *r, int64_t pts)
{
    int64_t  gop, from;

    from = r->pts[0];
    gop = r->profile.gop_ms * INT64_C(90);

    if (gop < 0) {
        return 1;
    }

    if (r->npts > 1 && (gop == 0 || pts < r->next_gop_90k)) {
        return 0;
    }

    if (gop) {
        r->next_gop_90k = from + ((pts - from) / gop + 1) * gop;
    }

    return 1;
}


/*
 * Coded frame k is decoded when the frame delay places earlier in the order
 * of showing is shown; before the first there is one step for each.
 */
static lp_status_t
tc_rung_packet(void *ctx, const tc_encode_packet_t *p)
{
    tc_rung_t       *r = ctx;
    int64_t          k, delay;
    lp_status_t      rc;
    lp_tsmux_au_t    au;

    k = r->ncoded++;
    delay = r->encode.delay;

    if (p->number < 0 || p->number >= r->npts || k >= r->npts
        || (k == 0 && !p->key))
    {
        return LP_INTERNAL;
    }

    memset(&au, 0, sizeof(au));
    au.pts_90k = r->pts[p->number];
    au.dts_90k = k < delay ? r->pts[0] - (delay - k) * r->step_90k
                           : r->pts[k - delay];
    au.idr = p->key != 0;
    au.data = p->data;
    au.len = p->len;

    if (au.dts_90k > au.pts_90k) {
        return LP_INTERNAL;
    }

    rc = tc_rung_audio(r, au.dts_90k);

    return rc == LP_OK ? lp_tsmux_video(&r->mux, &au, NULL) : rc;
}


/* the source's packets as they are, until a time */
static lp_status_t
tc_rung_audio(tc_rung_t *r, int64_t until)
{
    lp_status_t        rc;
    const tc_unit_t   *u;
    const tc_units_t  *audio;

    audio = &r->source->audio;

    for ( /* void */ ; r->next_audio < audio->n; r->next_audio++) {
        u = &audio->units[r->next_audio];

        if (u->pts_90k > until) {
            break;
        }

        rc = lp_tsmux_audio(&r->mux, u->pts_90k,
                            tc_source_data(r->source, u), u->len);
        if (rc != LP_OK) {
            return rc;
        }
    }

    return LP_OK;
}


lp_status_t
tc_rung_finish(tc_rung_t *r)
{
    lp_status_t  rc;

    if (tc_rung_has_grid(r) && r->held) {
        rc = tc_rung_show_held(r, INT64_MAX);

        if (rc != LP_OK) {
            return rc;
        }
    }

    tc_rung_drop(r);

    if (r->npts == 0) {
        return LP_NO_FRAMES;
    }

    rc = tc_encode_finish(&r->encode);

    if (rc != LP_OK) {
        return rc;
    }

    if (r->ncoded != r->npts) {
        return LP_INTERNAL;
    }

    rc = tc_rung_audio(r, INT64_MAX);

    return rc == LP_OK ? lp_buf_status(&r->out) : rc;
}
