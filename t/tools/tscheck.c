/*
 * One line of facts for each segment given, in order, and the judgement of
 * TS1-TS9 with its state carried on. Exit 1 when a check fails.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/media/ts.h"


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

    lp_buf_reset(b);

    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
        lp_buf_put(b, chunk, n);
    }

    (void) fclose(f);

    return lp_buf_status(b) == LP_OK;
}


/* "first_pts=none" rather than the number that stands for it */

static void
put_time(const char *name, int64_t t)
{
    if (t == LP_TS_NONE) {
        printf(" %s=none", name);

    } else {
        printf(" %s=%" PRId64, name, t);
    }
}


static int
check_file(lp_ts_check_t *c, const char *path, const lp_buf_t *b)
{
    const char    *why;
    lp_status_t    rc;
    lp_ts_info_t   info;

    rc = lp_ts_inspect(&info, b->data, b->len);

    printf("%s units=%u idrs=%u", path, info.video_units, info.idrs);
    put_time("first_pts", info.first_pts_90k);
    put_time("last_pts", info.last_pts_90k);
    put_time("first_dts", info.first_dts_90k);
    put_time("last_dts", info.last_dts_90k);
    printf(" width=%u height=%u audio_units=%u audio_bytes=%" PRIu64
           " digest=%016" PRIx64 " cc_errors=%u packets=%u inspect=%s",
           info.sps.width, info.sps.height, info.audio_units,
           info.audio_bytes, info.pts_digest, info.cc_errors, info.packets,
           lp_status_label(rc));

    rc = lp_ts_check(c, &why, b->data, b->len);

    printf(" check=%s\n", rc == LP_OK ? "ok" : why);

    return rc == LP_OK;
}


int
main(int argc, char **argv)
{
    int            i, good;
    lp_buf_t       b;
    lp_ts_check_t  c = { 0 };

    good = 1;
    lp_buf_init(&b, LP_TS_MAX_BYTES);

    for (i = 1; i < argc; i++) {
        good &= read_file(&b, argv[i]) && check_file(&c, argv[i], &b);
    }

    lp_buf_done(&b);

    return good ? 0 : 1;
}
