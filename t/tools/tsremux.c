/*
 * tsremux IN.ts OUT-%d.ts MS: a transport stream of any muxer, written again
 * by ours, cut at the first IDR after each MS of DTS. IDRs get the parameter
 * sets they bring; sets of the file's first IDR are given to those without.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/media/ts.h"
#include "common/media/tsmux.h"


typedef struct {
    const char        *pattern;
    int64_t            target_90k;
    int64_t            start_90k;
    int                segment;
    lp_buf_t           in, out;
    lp_h264_config_t   sets;
    lp_tsmux_t         mux;
} remux_t;


static int
read_file(lp_buf_t *b, const char *path)
{
    FILE     *f;
    size_t    n;
    uint8_t   chunk[65536];

    f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return 0;
    }

    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
        lp_buf_put(b, chunk, n);
    }

    (void) fclose(f);

    return lp_buf_status(b) == LP_OK;
}


/* the pattern's one %d becomes the number; no printf format from outside */

static int
write_segment(remux_t *r)
{
    FILE        *f;
    char         path[4096];
    size_t       head;
    const char  *hole;

    hole = strstr(r->pattern, "%d");
    if (hole == NULL) {
        fprintf(stderr, "the output name needs a %%d\n");
        return 0;
    }

    head = (size_t) (hole - r->pattern);
    (void) snprintf(path, sizeof(path), "%.*s%d%s", (int) head, r->pattern,
                    r->segment++, hole + 2);

    f = fopen(path, "wb");
    if (f == NULL) {
        perror(path);
        return 0;
    }

    (void) fwrite(r->out.data, 1, r->out.len, f);
    lp_buf_reset(&r->out);

    return fclose(f) == 0;
}


static lp_status_t
learn_sets(remux_t *r, const lp_ts_unit_t *u)
{
    int             changed;
    size_t          n;
    lp_nal_t        nal, nals[16];
    lp_h264_iter_t  it;

    n = 0;
    lp_h264_iter_init(&it, 0, u->data, u->len);

    while (n < 16 && lp_h264_iter_next(&it, &nal)) {
        if (nal.type == LP_NAL_SPS || nal.type == LP_NAL_PPS) {
            nals[n++] = nal;
        }
    }

    return lp_h264_config_update(&r->sets, nals, n, &changed);
}


static lp_status_t
take_video(remux_t *r, const lp_ts_unit_t *u)
{
    lp_status_t    rc;
    lp_tsmux_au_t  au = { 0 };

    au.idr = lp_h264_first_slice(NULL, u->data, u->len) == LP_NAL_IDR;

    if (au.idr) {
        rc = learn_sets(r, u);
        if (rc != LP_OK) {
            return rc;
        }

        if (r->out.len && u->dts_90k - r->start_90k >= r->target_90k) {
            if (!write_segment(r)) {
                return LP_INTERNAL;
            }

            lp_tsmux_begin(&r->mux, 0);
        }

        if (r->out.len == 0) {
            r->start_90k = u->dts_90k;
        }
    }

    au.pts_90k = u->pts_90k;
    au.dts_90k = u->dts_90k;
    au.data = u->data;
    au.len = u->len;

    return lp_tsmux_video(&r->mux, &au, &r->sets.annexb);
}


/* which tracks there are is known when the first PMT was read */

static lp_status_t
remux(remux_t *r, lp_ts_t *ts)
{
    lp_status_t   rc;
    lp_ts_unit_t  u;

    while ((rc = lp_ts_next(ts, &u)) == LP_OK) {
        lp_tsmux_tracks(&r->mux, ts->video_type, ts->audio_type);

        rc = u.is_video ? take_video(r, &u)
                        : lp_tsmux_audio(&r->mux, u.pts_90k, u.data, u.len);
        if (rc != LP_OK) {
            return rc;
        }
    }

    if (rc != LP_MISSING) {
        return rc;
    }

    return write_segment(r) ? LP_OK : LP_INTERNAL;
}


int
main(int argc, char **argv)
{
    lp_ts_t      ts;
    remux_t      r = { 0 };
    lp_status_t  rc;

    if (argc != 4) {
        fprintf(stderr, "usage: tsremux IN.ts OUT-%%d.ts MS\n");
        return 2;
    }

    r.pattern = argv[2];
    r.target_90k = 90 * strtoll(argv[3], NULL, 10);
    lp_buf_init(&r.in, LP_TS_MAX_BYTES);
    lp_buf_init(&r.out, 2 * (size_t) LP_TS_MAX_BYTES);
    lp_h264_config_init(&r.sets);
    lp_tsmux_init(&r.mux, lp_tsmux_sink_buf(&r.out));

    if (!read_file(&r.in, argv[1])) {
        return 2;
    }

    lp_ts_init(&ts, r.in.data, r.in.len);
    rc = remux(&r, &ts);
    lp_ts_done(&ts);

    if (rc != LP_OK) {
        fprintf(stderr, "tsremux: %s\n", lp_status_text(rc));
    }

    lp_h264_config_done(&r.sets);
    lp_buf_done(&r.in);
    lp_buf_done(&r.out);

    return rc == LP_OK ? 0 : 1;
}
