/*
 * The muxer: what comes out is read by ours again, unit for unit and tick
 * for tick, and judged by TS1-TS9 over a grid of sources (media.md 7, 1).
 */
#include "t/unit/media.h"
#include "t/unit/tap.h"


#define WRAP_90K  ((int64_t) 1 << 33)

static gen_state_t  state;


static void
test_bytes(void)
{
    lp_buf_t       out, sets;
    lp_tsmux_t     m;
    lp_tsmux_au_t  au = { 0 };

    static const uint8_t  idr[] = { 0, 0, 0, 3, 0x65, 0x88, 0x80 };

    lp_buf_init(&out, 188 * 10);
    lp_buf_init(&sets, 100);
    lp_buf_put(&sets, "\0\0\0\1\x67\x42\0\0\0\1\x68\xce", 12);

    lp_tsmux_init(&m, lp_tsmux_sink_buf(&out));
    lp_tsmux_tracks(&m, LP_TS_VIDEO_H264, LP_TS_AUDIO_AAC);

    au.pts_90k = 906000;
    au.dts_90k = 900000;
    au.idr = 1;
    au.data = idr;
    au.len = sizeof(idr);
    au.length_size = 4;

    is_int(lp_tsmux_video(&m, &au, &sets), LP_OK, "an IDR");
    is_int(out.len, 3 * 188, "  is PAT, PMT and one packet");
    is_hex(out.data, 21, "4740001000" "00b00d0001c100000001f000" "2ab104b2",
           "  PAT");
    is_hex(out.data + 188, 5 + 22 + 4,
           "4750001000" "02b0170001c10000e100f000" "1be100f0000fe101f000"
           "2f44b99b", "  PMT");
    is_hex(out.data + 376, 12, "47410030" "8c50" "0006a9147e00",
           "  PCR 300 ms before, random access, 134 bytes of stuffing");
    is_hex(out.data + 564 - 43, 43,
           "000001e00000" "84c00a" "310037a621" "1100377741"
           "0000000109f0" "000000016742" "0000000168ce" "000001658880",
           "  PES header, AUD, SPS, PPS, slice");

    is_int(lp_tsmux_audio(&m, 903000, (const uint8_t *) "abc", 3), LP_OK,
           "an audio PES");
    is_hex(out.data + 564, 6, "47410130a600", "  has no clock");
    is_hex(out.data + 752 - 17, 17,
           "000001c0000b" "848005" "2100378eb1" "616263",
           "  its length said, its time once");

    lp_buf_done(&out);
    lp_buf_done(&sets);
}


/* one picture of len bytes: is it there again, and where is the stuffing */

static int
stuffed_well(size_t len)
{
    int             good;
    lp_ts_t         ts;
    lp_nal_t        nal, last;
    const char     *why;
    lp_ts_unit_t    u;
    lp_ts_check_t   c = { 0 };
    lp_h264_iter_t  it;
    gen_t           g = { .fps_num = 30, .fps_den = 1, .gop = 1,
                          .start_90k = 900000, .idr_len = len, .len = len };

    gen_init(&state, &g);
    good = gen_segment(&state, &g, 1, 0) == LP_OK
           && lp_ts_check(&c, &why, state.out.data, state.out.len) == LP_OK;

    lp_ts_init(&ts, state.out.data, state.out.len);
    good &= lp_ts_next(&ts, &u) == LP_OK;
    last = (lp_nal_t) { 0 };
    lp_h264_iter_init(&it, 0, u.data, u.len);

    while (lp_h264_iter_next(&it, &nal)) {
        last = nal;
    }

    good &= last.len == len && memcmp(last.data, state.picture + 12, len) == 0;

    lp_ts_done(&ts);
    gen_done(&state);

    return good;
}


static int
audio_stuffed_well(size_t len)
{
    int            good;
    lp_ts_t        ts;
    lp_buf_t       out;
    uint8_t        data[600];
    lp_tsmux_t     m;
    const char    *why;
    lp_ts_unit_t   u;
    lp_ts_check_t  c = { 0 };

    gen_fill(data, len, (unsigned) len);
    lp_buf_init(&out, 188 * 10);
    lp_tsmux_init(&m, lp_tsmux_sink_buf(&out));
    lp_tsmux_tracks(&m, 0, LP_TS_AUDIO_AAC);

    good = lp_tsmux_audio(&m, 900000, data, len) == LP_OK
           && lp_ts_check(&c, &why, out.data, out.len) == LP_OK;

    lp_ts_init(&ts, out.data, out.len);
    good &= lp_ts_next(&ts, &u) == LP_OK && u.len == len
            && memcmp(u.data, data, len) == 0 && u.pts_90k == 900000;
    lp_ts_done(&ts);
    lp_buf_done(&out);

    return good;
}


static void
test_stuffing(void)
{
    size_t  n, bad;

    for (n = 2, bad = 0; n <= 600 && bad == 0; n++) {
        bad = stuffed_well(n) ? 0 : n;
    }

    is_int(bad, 0, "pictures of 2 to 600 bytes are stuffed and come back");

    for (n = 1, bad = 0; n <= 600 && bad == 0; n++) {
        bad = audio_stuffed_well(n) ? 0 : n;
    }

    is_int(bad, 0, "so are audio payloads of 1 to 600 bytes");
}


/* every unit of the segment in state.out is the one the generator made */

static const char *
compare(const gen_t *g, unsigned first, unsigned n, unsigned audio)
{
    unsigned        gop, shown;
    size_t          len;
    lp_ts_t         ts;
    uint8_t        *want, data[700];
    const char     *bad;
    lp_ts_unit_t    u;

    want = malloc(262144);
    bad = NULL;
    lp_ts_init(&ts, state.out.data, state.out.len);

    while (bad == NULL && lp_ts_next(&ts, &u) == LP_OK) {

        if (!u.is_video) {
            gen_fill(data, sizeof(data), audio);

            if (u.len != 300 + audio % 400 || memcmp(u.data, data, u.len) != 0
                || ((u.pts_90k - gen_audio_time(g, audio)) & (WRAP_90K - 1)))
            {
                bad = "audio";
            }

            audio++;
            continue;
        }

        gop = first / g->gop * g->gop;
        shown = gop + gen_display(g, first - gop) + (g->bframes ? 1 : 0);
        len = gen_picture(g, want, first) - 12;

        if (u.len < len || memcmp(u.data + u.len - len, want + 12, len) != 0) {
            bad = "bytes of a picture";

        } else if ((u.pts_90k - gen_time(g, shown)) & (WRAP_90K - 1)
                   || (u.dts_90k - gen_time(g, first)) & (WRAP_90K - 1)
                   || u.pts_90k < u.dts_90k)
        {
            bad = "times of a picture";
        }

        first++;
        n--;
    }

    lp_ts_done(&ts);
    free(want);

    return bad ? bad : n ? "pictures are missing" : NULL;
}


/* some segments of one source: the first failure, or NULL */

static const char *
run(const gen_t *g, unsigned segments)
{
    unsigned        i, n, audio;
    const char     *why;
    lp_ts_check_t   c = { 0 };

    gen_init(&state, g);
    why = NULL;

    /* short GOPs are joined to about a second */

    n = g->gop;
    while (n * g->fps_den < g->fps_num && g->gop < n + 5) {
        n += g->gop;
    }

    for (i = 0; i < segments && why == NULL; i++) {
        audio = state.audio;

        if (gen_segment(&state, g, n, 0) != LP_OK) {
            why = "the muxer failed";

        } else if (lp_ts_check(&c, &why, state.out.data, state.out.len)
                   == LP_OK)
        {
            why = g->no_video ? NULL : compare(g, i * n, n, audio);
        }
    }

    gen_done(&state);

    return why;
}


static void
expect(const gen_t *g, const char *what)
{
    const char  *why;

    why = run(g, 4);

    if (!ok(why == NULL, "%s", what)) {
        printf("#   %s\n", why);
    }
}


/* media.md 7, item 1: GOPs, B-frames, audio rates, starts */

static void
test_sources(void)
{
    unsigned    i, b, r, s;
    char        what[128];
    gen_t       g = { .idr_len = 20000, .len = 1500 };

    static const struct { uint32_t num, den; } rates[] = {
        { 24, 1 }, { 25, 1 }, { 30000, 1001 }, { 30, 1 }, { 60, 1 },
        { 25, 2 }, { 5, 1 }, { 120, 1 }
    };
    static const struct { int64_t t; const char *name; } starts[] = {
        { 0, "0" }, { 900000, "10 s" },
        { WRAP_90K - 100000, "just before 2^33 ticks" },
        { 90 * ((int64_t) 4294967296 - 1000), "just before 2^32 ms" }
    };
    static const uint32_t  audio[] = { 48000, 44100, 22050, 0 };

    for (r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
        g.fps_num = rates[r].num;
        g.fps_den = rates[r].den;

        for (b = 0; b <= 3; b++) {
            g.bframes = b;
            g.gop = b == 3 ? 10 * g.fps_num / g.fps_den
                    : b == 2 ? 3 : 2 * g.fps_num / g.fps_den;
            g.audio_rate = audio[(r + b) % 4];

            for (s = 0; s < 4; s++) {
                g.start_90k = starts[s].t;
                g.ms_grid = s & 1;

                (void) snprintf(what, sizeof(what), "%u/%u fps, %u B-frames, "
                                "GOP of %u, audio %u Hz, from %s%s",
                                g.fps_num, g.fps_den, b, g.gop, g.audio_rate,
                                starts[s].name, g.ms_grid ? ", ms times" : "");
                expect(&g, what);
            }
        }
    }

    g = (gen_t) { .fps_num = 30, .fps_den = 1, .gop = 30, .no_video = 1,
                  .start_90k = 900000, .audio_rate = 48000 };
    expect(&g, "audio alone carries the clock");

    for (i = 0; i < 2; i++) {
        g = (gen_t) { .fps_num = 30, .fps_den = 1, .gop = 60, .len = 8000,
                      .start_90k = 900000, .idr_len = i ? 180000 : 1000 };
        expect(&g, i ? "an IDR of 180 kB" : "an IDR smaller than the rest");
    }
}


/* largest distance of two PATs, in DTS of the pictures that follow them */

static int64_t
psi_distance(const gen_t *g, unsigned frames)
{
    size_t          i;
    int64_t         worst, last, dts;
    unsigned        frame;
    const uint8_t  *p;

    gen_init(&state, g);
    (void) gen_segment(&state, g, frames, 0);

    worst = 0;
    last = LP_TS_NONE;
    frame = 0;

    for (i = 0; i < state.out.len; i += 188) {
        p = state.out.data + i;

        if (p[1] == 0x41 && p[2] == 0x00) {
            frame++;

        } else if (p[1] == 0x40 && p[2] == 0x00) {
            dts = gen_time(g, frame);
            worst = last != LP_TS_NONE && dts - last > worst ? dts - last
                                                             : worst;
            last = dts;
        }
    }

    gen_done(&state);

    return worst;
}


static void
test_psi(void)
{
    gen_t  g = { .fps_num = 30, .fps_den = 1, .gop = 600, .idr_len = 500,
                 .len = 100, .start_90k = 900000 };

    is_int(psi_distance(&g, 600), 9000, "at 30 fps tables every 100 ms");
    g.fps_num = 24;
    is_int(psi_distance(&g, 600), 7500, "at 24 fps every second picture");
    g.fps_num = 60;
    is_int(psi_distance(&g, 600), 9000, "at 60 fps every 100 ms");
    g.ms_grid = 1;
    ok(psi_distance(&g, 600) <= 9000, "with times in ms never later");
}


/* types of the NALs of the first picture in out, as digits and letters */

static const char *
order_of(const lp_buf_t *out)
{
    size_t           n;
    lp_ts_t          ts;
    lp_nal_t         nal;
    lp_ts_unit_t     u;
    lp_h264_iter_t   it;
    static char      text[32];

    n = 0;
    lp_ts_init(&ts, out->data, out->len);

    if (lp_ts_next(&ts, &u) == LP_OK) {
        lp_h264_iter_init(&it, 0, u.data, u.len);

        while (n < sizeof(text) - 1 && lp_h264_iter_next(&it, &nal)) {
            text[n++] = "0123456789abcdef"[nal.type & 15];
        }
    }

    text[n] = '\0';
    lp_ts_done(&ts);

    return text;
}


static lp_status_t
mux_one(lp_buf_t *out, const lp_buf_t *sets, const char *bytes, size_t len,
    uint8_t length_size, int idr)
{
    lp_tsmux_t     m;
    lp_tsmux_au_t  au = { 0 };

    lp_buf_reset(out);
    lp_tsmux_init(&m, lp_tsmux_sink_buf(out));
    lp_tsmux_tracks(&m, LP_TS_VIDEO_H264, 0);

    au.pts_90k = 900000;
    au.dts_90k = 900000;
    au.idr = (uint8_t) idr;
    au.data = (const uint8_t *) bytes;
    au.len = len;
    au.length_size = length_size;

    return lp_tsmux_video(&m, &au, sets);
}


static void
test_order(void)
{
    lp_buf_t  out, sets;

#define MUX(bytes, size, idr, s)                                              \
    mux_one(&out, s, bytes, sizeof(bytes) - 1, size, idr)

    lp_buf_init(&out, 188 * 20);
    lp_buf_init(&sets, 100);
    lp_buf_put(&sets, "\0\0\0\1\x67\x42\0\0\0\1\x68\xce", 12);

    MUX("\0\2\x65\x88\0\2\6\5\0\2\x65\x40\0\2\6\4", 2, 1, &sets);
    is_str(order_of(&out), "9786655", "SEI after slices goes before them");

    MUX("\2\x09\x10\2\x67\x11\2\x68\x22\2\6\5\2\x65\x88\1\x0a\2\x0c\xff", 1,
        1, &sets);
    is_str(order_of(&out), "97865", "the unit's own AUD, sets, end and filler "
           "are dropped");

    MUX("\2\x67\x11\2\x68\x22\2\x41\x88", 1, 0, &sets);
    is_str(order_of(&out), "91", "sets go before an IDR only");

    MUX("\0\0\0\1\x67\x11\0\0\1\x68\x22\0\0\1\6\5\0\0\1\x65\x88", 0, 1, NULL);
    is_str(order_of(&out), "97865", "Annex B with its sets gets an AUD");

    MUX("\0\0\0\1\x09\x10\0\0\1\6\5\0\0\1\x67\x11\0\0\1\x68\x22\0\0\1\x65\x88",
        0, 1, NULL);
    is_str(order_of(&out), "97865", "  no second one, and its sets lead");

    MUX("\0\0\0\1\x41\x88\0\0\1\x41\x40", 0, 0, NULL);
    is_str(order_of(&out), "911", "  a unit without sets stays as it is");

    is_int(MUX("\0\0\0\2\x65\x88\0\0\0\x09\x65", 4, 1, &sets), LP_MALFORMED,
           "a length past the end spoils the unit");
    is_int(out.len, 0, "  of which nothing was written");
    is_int(MUX("\0\0\0\2\6\5", 4, 0, &sets), LP_MISSING,
           "a unit without a slice is none");
    is_int(out.len, 0, "  nothing either");
    is_int(MUX("", 4, 0, &sets), LP_MISSING, "nor is nothing");

    lp_buf_done(&out);
    lp_buf_done(&sets);
}


static void
test_tracks(void)
{
    const char     *why;
    lp_ts_check_t   c = { 0 };
    gen_t           g = { .fps_num = 30, .fps_den = 1, .gop = 30,
                          .idr_len = 500, .len = 100, .start_90k = 900000 };

    gen_init(&state, &g);
    (void) gen_segment(&state, &g, 30, 0);
    is_int(state.out.data[188 + 10], 0xc1, "the first PMT is version 0");
    (void) lp_ts_check(&c, &why, state.out.data, state.out.len);

    lp_tsmux_tracks(&state.mux, LP_TS_VIDEO_H264, 0);
    (void) gen_segment(&state, &g, 30, 0);
    is_int(state.out.data[188 + 10], 0xc1, "  and stays so");
    (void) lp_ts_check(&c, &why, state.out.data, state.out.len);

    g.audio_rate = 48000;
    state.audio = 47;
    lp_tsmux_tracks(&state.mux, LP_TS_VIDEO_H264, LP_TS_AUDIO_AAC);
    (void) gen_segment(&state, &g, 30, 0);
    is_int(state.out.data[188 + 10], 0xc3, "audio that joins raises it");
    is_int(lp_ts_check(&c, &why, state.out.data, state.out.len), LP_OK,
           "  in good order");

    g.start_90k += WRAP_90K / 3;
    (void) gen_segment(&state, &g, 30, 1);
    is_int(state.out.data[376 + 5] & 0x80, 0x80, "a new line of times is "
           "flagged in the first PCR");
    is_int(lp_ts_check(&c, &why, state.out.data, state.out.len), LP_OK,
           "  in good order");

    (void) gen_segment(&state, &g, 30, 0);
    is_int(state.out.data[376 + 5] & 0x80, 0, "  and only there");
    is_int(lp_ts_check(&c, &why, state.out.data, state.out.len), LP_OK,
           "  counters went on through all of it");

    gen_done(&state);
}


static void
test_failure(void)
{
    lp_buf_t    out;
    uint8_t     data[1000] = { 0xff };
    lp_tsmux_t  m;

    lp_buf_init(&out, 188 * 4);
    lp_tsmux_init(&m, lp_tsmux_sink_buf(&out));
    lp_tsmux_tracks(&m, 0, LP_TS_AUDIO_AAC);

    is_int(lp_tsmux_audio(&m, 900000, data, 1000), LP_NOMEM,
           "a sink that ends fails the muxer");
    lp_buf_reset(&out);
    is_int(lp_tsmux_audio(&m, 902000, data, 10), LP_NOMEM, "  for good");

    lp_tsmux_init(&m, lp_tsmux_sink_buf(&out));
    lp_tsmux_tracks(&m, 0, LP_TS_AUDIO_AAC);
    is_int(lp_tsmux_audio(&m, 900000, data, 65528), LP_LIMIT,
           "a PES longer than its length can say");
    is_int(lp_tsmux_audio(&m, 900000, data, 10), LP_OK, "  harms no other");

    lp_buf_done(&out);
}


int
main(void)
{
    plan(9 + 2 + 8 * 4 * 4 + 3 + 4 + 11 + 8 + 4);

    test_bytes();
    test_stuffing();
    test_sources();
    test_psi();
    test_order();
    test_tracks();
    test_failure();

    return done();
}
