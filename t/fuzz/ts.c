/*
 * Transport streams from any bytes: every unit lies in memory that may be
 * read, facts agree with the walk, and no input takes long.
 */
#include <stdlib.h>

#include "common/media/ts.h"
#include "common/media/tsmux.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int cond)
{
    if (!cond) {
        abort();
    }
}


/* every byte is read; the sum is asked for, so that no read is left out */

static void
touch(const lp_ts_unit_t *u)
{
    size_t  i, sum;

    for (i = 0, sum = 0; i < u->len; i++) {
        sum += u->data[i];
    }

    check(sum <= 255 * u->len);
}


/* what was read is the writer's input, hostile as it is */

static void
remux(lp_tsmux_t *m, const lp_ts_unit_t *u)
{
    lp_tsmux_au_t  au = { 0 };

    if (!u->is_video) {
        (void) lp_tsmux_audio(m, u->pts_90k, u->data, u->len);
        return;
    }

    au.pts_90k = u->pts_90k;
    au.dts_90k = u->dts_90k;
    au.idr = lp_h264_first_slice(NULL, u->data, u->len) == LP_NAL_IDR;
    au.data = u->data;
    au.len = u->len;

    (void) lp_tsmux_video(m, &au, NULL);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lp_ts_t            ts;
    lp_buf_t           out;
    lp_tsmux_t         m;
    const char        *why;
    lp_ts_info_t       info;
    lp_ts_unit_t       u;
    lp_ts_check_t      c = { 0 };

    lp_buf_init(&out, 4 * 1024 * 1024);
    lp_tsmux_init(&m, lp_tsmux_sink_buf(&out));
    lp_tsmux_tracks(&m, LP_TS_VIDEO_H264, LP_TS_AUDIO_AAC);
    lp_ts_init(&ts, data, size);

    while (lp_ts_next(&ts, &u) == LP_OK) {
        touch(&u);

        if (u.pts_90k != LP_TS_NONE) {
            remux(&m, &u);
        }
    }

    check(ts.packets <= size / LP_TS_PACKET);
    lp_ts_done(&ts);
    lp_buf_done(&out);

    if (lp_ts_inspect(&info, data, size) == LP_OK) {
        check(info.video_units > 0 && info.idrs <= info.video_units);
    }

    (void) lp_ts_check(&c, &why, data, size);

    return 0;
}
