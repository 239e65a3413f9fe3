/* H.264: parameter sets of real encoders, hostile ones, NAL walks, updates. */
#include <stdlib.h>

#include "common/media/h264.h"
#include "t/data/h264.h"
#include "t/unit/nomem.h"
#include "t/unit/tap.h"


typedef struct {
    const uint8_t  *nal;
    size_t          len;
    uint32_t        width, height, coded_width, coded_height;
    uint32_t        sar_num, sar_den, fps_num, fps_den;
    uint8_t         profile, chroma, depth, frame_mbs_only;
    int8_t          max_reorder;
    const char     *codec;
    lp_status_t     judged;
    const char     *what;
} sps_case_t;

#define SPS(name)  name, sizeof(name)

static const sps_case_t  cases[] = {
    { SPS(x264_1080p_high), 1920, 1080, 1920, 1088, 1, 1, 30, 1,
      100, 1, 8, 1, 2, "avc1.640028", LP_OK, "1080p high, cropped" },
    { SPS(x264_720p_baseline_2997), 1280, 720, 1280, 720, 1, 1, 30000, 1001,
      66, 1, 8, 1, 0, "avc1.42c01f", LP_OK, "720p baseline at 29.97" },
    { SPS(x264_pal_anamorphic_interlaced), 720, 576, 720, 576, 64, 45, 25, 1,
      100, 1, 8, 0, 2, "avc1.64001e", LP_BAD_PIXFMT, "PAL, interlaced" },
    { SPS(x264_high10), 640, 360, 640, 368, 1, 1, 24, 1,
      110, 1, 10, 1, 2, "avc1.6e001e", LP_BAD_PIXFMT, "ten bits" },
    { SPS(x264_high444), 642, 362, 656, 368, 1, 1, 25, 1,
      244, 3, 8, 1, 2, "avc1.f4001e", LP_BAD_PIXFMT, "4:4:4, crop unit 1" },
    { SPS(x264_hrd_cqm), 854, 480, 864, 480, 1, 1, 60, 1,
      100, 1, 8, 1, 2, "avc1.64001f", LP_OK, "with an HRD" },
    { SPS(x264_gray), 320, 240, 320, 240, 1, 1, 15, 1,
      100, 0, 8, 1, 2, "avc1.64000c", LP_BAD_PIXFMT, "monochrome" },
    { SPS(x264_8192), 8192, 8192, 8192, 8192, 1, 1, 25, 1,
      66, 1, 8, 1, 0, "avc1.42c03e", LP_TOO_LARGE, "8192x8192" },
};


static void
test_sps(const sps_case_t *t)
{
    char           codec[12];
    lp_h264_sps_t  s;

    is_int(lp_h264_parse_sps(&s, t->nal, t->len), LP_OK, t->what);
    ok(s.width == t->width && s.height == t->height
       && s.coded_width == t->coded_width
       && s.coded_height == t->coded_height, "  its sizes");
    ok(s.sar_num * t->sar_den == s.sar_den * t->sar_num
       && s.fps_num == t->fps_num && s.fps_den == t->fps_den,
       "  its sample shape and rate");
    ok(s.profile_idc == t->profile && s.chroma_format_idc == t->chroma
       && s.bit_depth == t->depth && s.bit_depth_chroma == t->depth
       && s.frame_mbs_only == t->frame_mbs_only, "  its format");
    is_int(s.max_reorder, t->max_reorder, "  its reorder depth");

    lp_h264_codec(codec, &s);
    is_str(codec, t->codec, "  its codec");
    is_int(lp_h264_judge(&s), t->judged, "  and the judgement");
}


/* a writer of bits, for the sets no encoder here makes */

typedef struct {
    uint8_t  b[8192];
    size_t   n;
} bits_t;


static void
put(bits_t *w, unsigned n, uint32_t v)
{
    for ( /* void */ ; n; n--, w->n++) {
        if (w->n % 8 == 0) {
            w->b[w->n / 8] = 0;
        }

        w->b[w->n / 8] |= (uint8_t) ((v >> (n - 1) & 1) << (7 - w->n % 8));
    }
}


static void
ue(bits_t *w, uint32_t v)
{
    unsigned  n;

    for (n = 0; (uint64_t) (v + 1ull) >> (n + 1); n++) { /* void */ }

    put(w, n, 0);
    put(w, 1, 1);
    put(w, n, (uint32_t) ((v + 1ull) - (1ull << n)));
}


static size_t
finish(uint8_t *nal, bits_t *w)
{
    size_t    i, n;
    unsigned  zeros;

    put(w, 1, 1);

    for (i = 0, n = 0, zeros = 0; i < (w->n + 7) / 8; i++) {
        if (zeros == 2 && w->b[i] <= 3) {
            nal[n++] = 3;
            zeros = 0;
        }

        nal[n++] = w->b[i];
        zeros = w->b[i] ? 0 : zeros + 1;
    }

    return n;
}


/* baseline up to the size */

static void
start_sps(bits_t *w, uint8_t profile)
{
    memset(w, 0, sizeof(bits_t));
    put(w, 8, 0x67);
    put(w, 8, profile);
    put(w, 16, 31);
    ue(w, 0);
}


static void
finish_sps(bits_t *w, uint32_t mbs_w, uint32_t mbs_h)
{
    ue(w, 0);                              /* frame_num */
    ue(w, 2);                              /* poc type */
    ue(w, 1);
    put(w, 1, 0);
    ue(w, mbs_w - 1);
    ue(w, mbs_h - 1);
    put(w, 2, 3);
}


static void
test_written_sps(void)
{
    int            i, k;
    size_t         n;
    bits_t         w;
    uint8_t        nal[16384];
    lp_h264_sps_t  s;

    start_sps(&w, 100);
    ue(&w, 1);
    ue(&w, 0);
    ue(&w, 0);
    put(&w, 2, 1);                         /* a scaling matrix */

    for (i = 0; i < 8; i++) {
        put(&w, 1, i != 1);

        if (i == 1) {
            continue;
        }

        if (i == 2) {
            ue(&w, 16);                    /* -8: the default list, ends it */
            continue;
        }

        for (k = 0; k < (i < 6 ? 16 : 64); k++) {
            ue(&w, k % 2 ? 1 : 2);
        }
    }

    finish_sps(&w, 40, 23);
    put(&w, 1, 1);                         /* crop 360 out of 368 */
    ue(&w, 0);
    ue(&w, 0);
    ue(&w, 0);
    ue(&w, 4);
    put(&w, 1, 0);
    n = finish(nal, &w);

    is_int(lp_h264_parse_sps(&s, nal, n), LP_OK, "scaling lists are passed");
    ok(s.width == 640 && s.height == 360, "  and the size behind them found");
    ok(s.max_reorder == -1 && s.fps_num == 0 && s.sar_num == 1,
       "  without a VUI nothing is made up");

    start_sps(&w, 66);
    ue(&w, 4);
    ue(&w, 1);                             /* poc type 1 */
    put(&w, 1, 0);
    ue(&w, 3);
    ue(&w, 4);
    ue(&w, 255);

    for (i = 0; i < 255; i++) {
        ue(&w, 0xfffffffe);
    }

    ue(&w, 1);
    put(&w, 1, 0);
    ue(&w, 19);
    ue(&w, 14);
    put(&w, 2, 3);
    put(&w, 2, 0);
    n = finish(nal, &w);

    is_int(lp_h264_parse_sps(&s, nal, n), LP_OK, "255 offsets of 63 bits");
    ok(s.width == 320 && s.height == 240, "  and the size behind them");

    start_sps(&w, 66);
    finish_sps(&w, 20, 15);
    put(&w, 1, 0);
    put(&w, 1, 1);
    put(&w, 4, 6);                         /* a VUI that just stops */
    n = finish(nal, &w);

    is_int(lp_h264_parse_sps(&s, nal, n), LP_OK, "a VUI cut short is ignored");
    ok(s.width == 320 && s.max_reorder == -1 && s.fps_num == 0, "  whole");

    start_sps(&w, 66);
    finish_sps(&w, 4096, 4096);
    put(&w, 2, 0);
    n = finish(nal, &w);
    ok(lp_h264_parse_sps(&s, nal, n) == LP_OK
       && lp_h264_judge(&s) == LP_TOO_LARGE, "65536x65536 is too large");

    start_sps(&w, 66);
    finish_sps(&w, 4097, 10);
    put(&w, 2, 0);
    n = finish(nal, &w);
    is_int(lp_h264_parse_sps(&s, nal, n), LP_MALFORMED, "a side past 65536");

    start_sps(&w, 66);
    finish_sps(&w, 256, 145);
    put(&w, 2, 0);
    n = finish(nal, &w);
    ok(lp_h264_parse_sps(&s, nal, n) == LP_OK
       && lp_h264_judge(&s) == LP_TOO_LARGE, "4096x2320 is over by a row");

    start_sps(&w, 66);
    finish_sps(&w, 144, 256);
    put(&w, 2, 0);
    n = finish(nal, &w);
    ok(lp_h264_parse_sps(&s, nal, n) == LP_OK && lp_h264_judge(&s) == LP_OK,
       "2304x4096 is not");

    start_sps(&w, 66);
    finish_sps(&w, 20, 15);
    put(&w, 1, 1);
    ue(&w, 80);                            /* crops left and right meet */
    ue(&w, 80);
    ue(&w, 0);
    ue(&w, 0);
    put(&w, 1, 0);
    n = finish(nal, &w);
    is_int(lp_h264_parse_sps(&s, nal, n), LP_MALFORMED, "nothing left to see");

    start_sps(&w, 66);
    put(&w, 32, 0);
    put(&w, 32, 0xffffffff);
    n = finish(nal, &w);
    is_int(lp_h264_parse_sps(&s, nal, n), LP_MALFORMED, "a code of 33 zeros");
}


static void
test_cut_short(void)
{
    int             crashed;
    size_t          i, n;
    uint8_t        *copy;
    lp_h264_sps_t   s;

    crashed = 0;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (n = 0; n < cases[i].len; n++) {
            copy = malloc(n ? n : 1);      /* so that ASan sees the end */
            memcpy(copy, cases[i].nal, n);
            (void) lp_h264_parse_sps(&s, copy, n);
            crashed |= s.width > 8192;
            free(copy);
        }
    }

    ok(!crashed, "every prefix of every set is read safely");
}


static void
test_iter(void)
{
    lp_nal_t        n;
    lp_h264_iter_t  it;

    static const uint8_t  annexb[] = {
        0, 0, 0, 1, 0x09, 0xf0,
        0, 0, 1,                           /* an empty one */
        0, 0, 0, 1, 0x67, 0x01, 0x00, 0x02, 0, 0, 0,
        0, 0, 1, 0x65, 0x88, 0x00, 0x01
    };
    static const uint8_t  avcc[] = {
        0, 0, 0, 2, 0x09, 0xf0, 0, 0, 0, 0, 0, 0, 0, 3, 0x65, 0, 0
    };
    static const uint8_t  broken[] = { 0, 2, 0x09, 0xf0, 0, 9, 0x65 };

    lp_h264_iter_init(&it, 0, annexb, sizeof(annexb));
    ok(lp_h264_iter_next(&it, &n) && n.type == LP_NAL_AUD && n.len == 2,
       "Annex B: the first NAL");
    ok(lp_h264_iter_next(&it, &n) && n.type == LP_NAL_SPS && n.len == 4,
       "  an empty one is skipped, zeros after one are not its own");
    ok(lp_h264_iter_next(&it, &n) && n.type == LP_NAL_IDR && n.len == 4,
       "  the last ends with the bytes");
    ok(!lp_h264_iter_next(&it, &n) && !it.damaged, "  and that is all");

    lp_h264_iter_init(&it, 4, avcc, sizeof(avcc));
    ok(lp_h264_iter_next(&it, &n) && n.type == LP_NAL_AUD && n.len == 2
       && lp_h264_iter_next(&it, &n) && n.type == LP_NAL_IDR && n.len == 3
       && !lp_h264_iter_next(&it, &n) && !it.damaged,
       "AVCC: lengths of four bytes, length 0 skipped");

    lp_h264_iter_init(&it, 2, broken, sizeof(broken));
    ok(lp_h264_iter_next(&it, &n) && !lp_h264_iter_next(&it, &n)
       && it.damaged, "AVCC: a length past the end is damage");

    lp_h264_iter_init(&it, 2, broken, 5);
    ok(lp_h264_iter_next(&it, &n) && !lp_h264_iter_next(&it, &n)
       && it.damaged, "AVCC: half a length is damage");

    lp_h264_iter_init(&it, 0, broken, sizeof(broken));
    ok(!lp_h264_iter_next(&it, &n) && it.damaged,
       "Annex B: no start code is damage");

    lp_h264_iter_init(&it, 0, NULL, 0);
    ok(!lp_h264_iter_next(&it, &n) && !it.damaged, "nothing is not");

    is_int(lp_h264_first_slice(&n, annexb, sizeof(annexb)), LP_NAL_IDR,
           "the first slice is found");
    ok(n.type == LP_NAL_SPS && n.len == 4, "  and the SPS before it");
    is_int(lp_h264_first_slice(NULL, annexb, 10), 0, "or that there is none");
}


static void
test_config(void)
{
    int               changed;
    size_t            n;
    uint8_t           rec[64];
    lp_nal_t          set[2];
    lp_h264_config_t  cfg;

    static const char  annexb[] =
        "000000016764001facd940500"
        "5bb0110000003001000000303c0f18319600000000168ef8fcb";
    static const uint8_t  pps1[] = { 0x68, 0x5f, 0x8f, 0xcb };

    lp_h264_config_init(&cfg);
    is_int(lp_h264_config_parse(&cfg, x264_avcc_720p, sizeof(x264_avcc_720p)),
           LP_OK, "the record of an FLV file");
    is_int(cfg.nal_length_size, 4, "  its length size");
    is_int(cfg.sps.width, 1280, "  its width");
    is_hex(cfg.annexb.data, cfg.annexb.len, annexb, "  its sets as Annex B");

    for (n = 0; n < 41; n++) {
        if (lp_h264_config_parse(&cfg, x264_avcc_720p, n) != LP_MALFORMED) {
            break;
        }
    }

    is_int(n, 41, "cut anywhere it is malformed");
    is_hex(cfg.annexb.data, cfg.annexb.len, annexb, "  and cfg stays");

    memcpy(rec, x264_avcc_720p, sizeof(x264_avcc_720p));
    rec[4] = 0xfe;
    is_int(lp_h264_config_parse(&cfg, rec, sizeof(x264_avcc_720p)),
           LP_MALFORMED, "a length size of 3 is illegal");
    rec[4] = 0xff;
    rec[8] = 0x68;
    is_int(lp_h264_config_parse(&cfg, rec, sizeof(x264_avcc_720p)),
           LP_MALFORMED, "a PPS in the place of an SPS");

    set[0] = (lp_nal_t) { x264_avcc_720p + 8, 26, LP_NAL_SPS };
    set[1] = (lp_nal_t) { x264_avcc_720p + 37, 4, LP_NAL_PPS };
    is_int(lp_h264_config_update(&cfg, set, 2, &changed), LP_OK,
           "the same sets in band");
    is_int(changed, 0, "  change nothing");

    set[1] = (lp_nal_t) { pps1, 4, LP_NAL_PPS };
    is_int(lp_h264_config_update(&cfg, set + 1, 1, &changed), LP_OK,
           "a PPS of another id");
    ok(changed && cfg.annexb.len == strlen(annexb) / 2 + 8,
       "  comes beside the first");
    is_int(lp_h264_config_update(&cfg, set + 1, 1, &changed), LP_OK,
           "  and once there");
    is_int(changed, 0, "  is known");

    set[0] = (lp_nal_t) { x264_720p_baseline_2997,
                          sizeof(x264_720p_baseline_2997), LP_NAL_SPS };
    is_int(lp_h264_config_update(&cfg, set, 2, &changed), LP_OK,
           "a new SPS with its PPS");
    ok(changed && cfg.sps.profile_idc == 66
       && cfg.annexb.len == 4 + sizeof(x264_720p_baseline_2997) + 8,
       "  replaces everything");

    set[0].len = 4;
    is_int(lp_h264_config_update(&cfg, set, 1, &changed), LP_MALFORMED,
           "a damaged set is refused");
    ok(!changed && cfg.sps.profile_idc == 66, "  and cfg stays");

    lp_h264_config_done(&cfg);
    is_int(lp_h264_config_update(&cfg, set + 1, 1, &changed), LP_MISSING,
           "a PPS alone makes no sets");
    lp_h264_config_done(&cfg);
}


static void
test_no_memory(void)
{
    int                n, good, changed;
    lp_nal_t           set;
    lp_status_t        rc;
    lp_h264_config_t   cfg;

    lp_h264_config_init(&cfg);
    (void) lp_h264_config_parse(&cfg, x264_avcc_720p, sizeof(x264_avcc_720p));
    set = (lp_nal_t) { x264_1080p_high, sizeof(x264_1080p_high), LP_NAL_SPS };
    good = 1;

    for (n = 0; n < 1000; n++) {
        nomem_in(n);
        rc = lp_h264_config_update(&cfg, &set, 1, &changed);

        if (!nomem_came()) {
            good &= rc == LP_OK && changed && cfg.sps.width == 1920;
            break;
        }

        good &= rc == LP_NOMEM && !changed && cfg.sps.width == 1280
                && cfg.annexb.len == 38;
    }

    ok(good && n < 1000, "each allocation failed in turn (%d): sets stay", n);
    lp_h264_config_done(&cfg);
}


int
main(void)
{
    size_t  i;

    plan(7 * (int) (sizeof(cases) / sizeof(cases[0])) + 13 + 1 + 12 + 19 + 1);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_sps(&cases[i]);
    }

    test_written_sps();
    test_cut_short();
    test_iter();
    test_config();
    test_no_memory();

    return done();
}
