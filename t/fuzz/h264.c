/*
 * Parameter sets, records and NAL walks from any bytes: no read outside of
 * them, and what is accepted stays within its bounds.
 */
#include <stdlib.h>

#include "common/media/h264.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int cond)
{
    if (!cond) {
        abort();
    }
}


static void
walk(const uint8_t *data, size_t size, uint8_t length_size)
{
    size_t          total;
    lp_nal_t        nal;
    lp_h264_iter_t  it;

    total = 0;
    lp_h264_iter_init(&it, length_size, data, size);

    while (lp_h264_iter_next(&it, &nal)) {
        check(nal.len > 0 && nal.data >= data
              && nal.data + nal.len <= data + size);
        total += nal.len;
    }

    check(total <= size);
}


static void
update(const uint8_t *data, size_t size)
{
    int               changed;
    size_t            n;
    lp_nal_t          nal, sets[64];
    lp_h264_iter_t    it;
    lp_h264_config_t  cfg;

    n = 0;
    lp_h264_config_init(&cfg);
    (void) lp_h264_config_parse(&cfg, data, size);
    lp_h264_iter_init(&it, 0, data, size);

    while (n < 64 && lp_h264_iter_next(&it, &nal)) {
        if (nal.type == LP_NAL_SPS || nal.type == LP_NAL_PPS) {
            sets[n++] = nal;
        }
    }

    if (lp_h264_config_update(&cfg, sets, n, &changed) == LP_OK && n) {
        check(cfg.annexb.len > 0 && cfg.annexb.len <= LP_H264_MAX_SETS);
        check(lp_h264_config_update(&cfg, sets, n, &changed) == LP_OK
              && !changed);
    }

    lp_h264_config_done(&cfg);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char           codec[12];
    lp_nal_t       sps;
    lp_h264_sps_t  s;

    if (lp_h264_parse_sps(&s, data, size) == LP_OK) {
        check(s.width > 0 && s.width <= s.coded_width
              && s.coded_width <= 65536);
        check(s.height > 0 && s.height <= s.coded_height
              && s.coded_height <= 131072);
        check(s.sar_num > 0 && s.sar_den > 0 && s.num_ref_frames <= 16);
        lp_h264_codec(codec, &s);
        (void) lp_h264_judge(&s);
    }

    walk(data, size, 0);
    walk(data, size, 1);
    walk(data, size, 2);
    walk(data, size, 4);
    (void) lp_h264_first_slice(&sps, data, size);
    update(data, size);

    return 0;
}
