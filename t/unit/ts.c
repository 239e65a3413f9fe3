/*
 * The reader on damaged and strange input, the facts of lp_ts_inspect, and
 * the check: each rule is broken once on purpose, and must be the one named.
 */
#include "t/unit/media.h"
#include "t/unit/nomem.h"
#include "t/unit/tap.h"


static gen_state_t  state;

static const gen_t  plain = {
    .fps_num = 30, .fps_den = 1, .gop = 30, .bframes = 2, .start_90k = 900000,
    .audio_rate = 48000, .idr_len = 3000, .len = 500
};


static void
make(lp_buf_t *out, const gen_t *g, unsigned frames)
{
    gen_init(&state, g);
    (void) gen_segment(&state, g, frames, 0);
    lp_buf_reset(out);
    lp_buf_put(out, state.out.data, state.out.len);
    gen_done(&state);
}


/* where the nth packet of a PID is */

static uint8_t *
packet(const lp_buf_t *b, uint16_t pid, unsigned n, int start)
{
    size_t  i;

    for (i = 0; i < b->len; i += 188) {
        if ((lp_get_be16(b->data + i + 1) & 0x1fff) == pid
            && (!start || b->data[i + 1] & 0x40) && n-- == 0)
        {
            return b->data + i;
        }
    }

    return NULL;
}


static uint8_t *
payload(uint8_t *p)
{
    return p + 4 + (p[3] & 0x20 ? 1 + p[4] : 0);
}


static void
test_inspect(void)
{
    uint64_t      digest;
    unsigned      i;
    lp_buf_t      b;
    lp_ts_info_t  info;
    gen_t         g = plain;

    lp_buf_init(&b, LP_TS_MAX_BYTES);
    make(&b, &plain, 60);

    is_int(lp_ts_inspect(&info, b.data, b.len), LP_OK, "a segment");
    is_int(info.video_units, 60, "  its pictures");
    is_int(info.idrs, 2, "  its IDRs");
    ok(info.first_is_idr, "  the first is one");
    ok(info.has_sps && info.sps.width == 1280 && info.sps.height == 720,
       "  its size");
    is_int(info.first_pts_90k, 903000, "  first PTS");
    is_int(info.last_pts_90k, 1080000, "  last PTS");
    is_int(info.first_dts_90k, 900000, "  first DTS");
    is_int(info.last_dts_90k, 1077000, "  last DTS");
    is_int(info.audio_units, 32, "  audio PES");
    is_int(info.audio_bytes, 32 * 300 + 31 * 32 / 2, "  and their bytes");
    is_int(info.cc_errors + info.bad_sync, 0, "  no error");
    is_int(info.packets, (int64_t) b.len / 188, "  every packet counted");

    for (i = 0, digest = 0; i < 60; i++) {
        digest += lp_ts_pts_mix(1080000 - 3000 * (int64_t) i);
    }

    ok(info.pts_digest == digest, "  the digest of its PTS, in any order");
    ok(lp_ts_pts_mix(5) == lp_ts_pts_mix(5 + ((int64_t) 1 << 33))
       && lp_ts_pts_mix(5) != lp_ts_pts_mix(6), "  of 33 bits each");
    ok(lp_ts_pts_mix(903000) == 0xfea79aaa5a3b88dcull, "  by this function");

    g.no_video = 1;
    make(&b, &g, 30);
    is_int(lp_ts_inspect(&info, b.data, b.len), LP_AUDIO_ONLY, "audio alone");
    is_int(info.audio_units, 16, "  is counted");

    is_int(lp_ts_inspect(&info, b.data, 376), LP_NO_VIDEO, "tables alone");
    is_int(lp_ts_inspect(&info, b.data, 188), LP_BAD_CONTAINER, "a PAT alone");
    is_int(lp_ts_inspect(&info, NULL, 0), LP_BAD_CONTAINER, "nothing");
    is_int(lp_ts_inspect(&info, b.data, LP_TS_MAX_BYTES + 1ull), LP_LIMIT,
           "more than 64 MiB");

    lp_buf_done(&b);
}


/* what a playlist, an MP4 and the like are to this reader (T-47) */

static void
test_disguises(void)
{
    size_t         i;
    char           text[4096];
    lp_ts_info_t   info;

    static const char *const  heads[] = {
        "#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n", "ffconcat version 1.0\n",
        "\0\0\0\x18""ftypmp42", "RIFF", "\x1a\x45\xdf\xa3", "FLV\1\5",
        "GGGGGGGGGGGGGGGG"
    };

    for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        memset(text, 'G', sizeof(text));
        memcpy(text, heads[i], strlen(heads[i]) + 1);
        is_int(lp_ts_inspect(&info, (uint8_t *) text, sizeof(text)),
               LP_BAD_CONTAINER, "no transport stream in disguise");
    }
}


static void
test_damage(void)
{
    size_t         i, k, wrong;
    lp_buf_t       b;
    uint8_t       *copy;
    unsigned       seed;
    lp_status_t    rc;
    lp_ts_info_t   info;

    lp_buf_init(&b, LP_TS_MAX_BYTES);
    make(&b, &plain, 30);

    for (i = 0, wrong = 0; i <= b.len / 188; i++) {
        copy = malloc(188 * i + 1);
        memcpy(copy, b.data, 188 * i);
        rc = lp_ts_inspect(&info, copy, 188 * i);
        wrong += rc != (i < 2 ? LP_BAD_CONTAINER : i < 3 ? LP_NO_VIDEO : LP_OK);
        free(copy);
    }

    is_int(wrong, 0, "cut after each packet it is read as far as it goes");

    for (i = 0; i < b.len; i += 13) {
        copy = malloc(i + 1);
        memcpy(copy, b.data, i);
        (void) lp_ts_inspect(&info, copy, i);
        free(copy);
    }

    ok(1, "cut anywhere it is read safely");

    copy = malloc(b.len);
    seed = 1;

    for (k = 0; k < 300; k++) {
        memcpy(copy, b.data, b.len);

        for (i = 0; i < 200; i++) {
            seed = seed * 1103515245 + 12345;
            copy[(seed >> 4) % b.len] ^= (uint8_t) (seed >> 20);
        }

        (void) lp_ts_inspect(&info, copy, b.len);
    }

    ok(1, "300 times 200 wrong bytes are read safely");

    /* packet 3 and the one behind it go missing */

    memcpy(copy, b.data, b.len);
    memmove(copy + 3 * 188, copy + 5 * 188, b.len - 5 * 188);
    rc = lp_ts_inspect(&info, copy, b.len - 2 * 188);
    ok(rc == LP_OK && info.cc_errors == 1, "lost packets are counted once");

    /* the same packet twice is allowed */

    memcpy(copy, b.data, b.len);
    memmove(copy + 4 * 188, copy + 3 * 188, b.len - 4 * 188);
    rc = lp_ts_inspect(&info, copy, b.len);
    ok(rc == LP_OK && info.cc_errors == 0, "a packet sent twice is no error");

    free(copy);
    lp_buf_done(&b);
}


static void
test_sync(void)
{
    size_t         half;
    lp_buf_t       b, c;
    lp_ts_info_t   info;
    gen_t          g = plain;

    lp_buf_init(&b, LP_TS_MAX_BYTES);
    lp_buf_init(&c, LP_TS_MAX_BYTES);
    g.len = 3000;
    make(&b, &g, 60);
    half = b.len / 2 / 188 * 188;

    lp_buf_put(&c, b.data, half);
    lp_buf_put(&c, "rubbish G", 9);
    lp_buf_put(&c, b.data + half, b.len - half);
    is_int(lp_ts_inspect(&info, c.data, c.len), LP_OK,
           "a little rubbish is passed over");
    ok(info.bad_sync == 1 && info.cc_errors == 0 && info.video_units == 60,
       "  and nothing is lost");

    lp_buf_reset(&c);
    lp_buf_put(&c, b.data, half);
    memset(lp_buf_add(&c, 188 * 30), 'x', 188 * 30);
    lp_buf_put(&c, b.data + half, b.len - half);
    is_int(lp_ts_inspect(&info, c.data, c.len), LP_BAD_CONTAINER,
           "more than 1 % is another format");

    lp_buf_done(&b);
    lp_buf_done(&c);
}


/* the section at p again with a right CRC */

static void
seal(uint8_t *p)
{
    size_t    len;
    uint32_t  crc;

    len = 3 + (size_t) (lp_get_be16(p + 1) & 0xfff) - 4;
    crc = lp_tsmux_crc32(p, len);
    p[len] = (uint8_t) (crc >> 24);
    p[len + 1] = (uint8_t) (crc >> 16);
    p[len + 2] = (uint8_t) (crc >> 8);
    p[len + 3] = (uint8_t) crc;
}


static void
test_tables(void)
{
    lp_ts_t        ts;
    lp_buf_t       b;
    lp_ts_unit_t   u;
    lp_ts_info_t   info;
    gen_t          g = plain;

    lp_buf_init(&b, LP_TS_MAX_BYTES);
    g.gop = 3;
    make(&b, &g, 3);

    b.data[188 + 5 + 12] = 0x24;
    seal(b.data + 188 + 5);
    is_int(lp_ts_inspect(&info, b.data, b.len), LP_BAD_CODEC,
           "HEVC is another codec");
    is_int(info.video_type, 0x24, "  and named");

    b.data[188 + 5 + 12] = 0x06;
    seal(b.data + 188 + 5);
    is_int(lp_ts_inspect(&info, b.data, b.len), LP_AUDIO_ONLY,
           "private data is no video");

    b.data[188 + 5 + 12] = 0x1b;
    is_int(lp_ts_inspect(&info, b.data, b.len), LP_BAD_CONTAINER,
           "a PMT with a wrong CRC is none");

    seal(b.data + 188 + 5);
    b.data[188 + 5 + 16] = 0xff;           /* descriptors past the end */
    seal(b.data + 188 + 5);
    is_int(lp_ts_inspect(&info, b.data, b.len), LP_OK,
           "descriptors past the end end the list");
    is_int(info.audio_type, 0, "  without what came after");

    g.audio_rate = 0;
    make(&b, &g, 3);
    payload(packet(&b, 0x100, 0, 1))[7] &= 0x3f;
    lp_ts_init(&ts, b.data, b.len);
    ok(lp_ts_next(&ts, &u) == LP_OK && u.is_video
       && u.pts_90k == LP_TS_NONE && u.dts_90k == LP_TS_NONE,
       "a PES without times says so");
    lp_ts_done(&ts);

    lp_buf_done(&b);
}


static void
broken(const lp_buf_t *b, const char *rule, const char *what)
{
    const char     *why;
    lp_ts_check_t   c = { 0 };

    why = "";

    if (!ok(lp_ts_check(&c, &why, b->data, b->len) == LP_MISMATCH && why
            && strncmp(why, rule, strlen(rule)) == 0, "%s: %s", rule, what))
    {
        printf("#   %s\n", why ? why : "(null)");
    }
}


#define BREAK(rule, what, statement)                                          \
    do {                                                                      \
        make(&b, &g, 60);                                                     \
        statement;                                                            \
        broken(&b, rule, what);                                               \
    } while (0)


static void
test_check(void)
{
    size_t          i;
    uint8_t        *p;
    lp_buf_t        b;
    const char     *why;
    lp_ts_check_t   c = { 0 };
    gen_t           g = plain;

    lp_buf_init(&b, LP_TS_MAX_BYTES);
    make(&b, &g, 60);
    is_int(lp_ts_check(&c, &why, b.data, b.len), LP_OK, "a good segment is");
    is_int(c.lead_90k, 27000, "  with this lead");
    is_int(lp_ts_check(&c, &why, b.data, b.len), LP_MISMATCH,
           "the same again is not: counters and times go on");

    BREAK("TS1", "half a packet", b.len -= 90);
    BREAK("TS1", "no sync byte", packet(&b, 0x100, 5, 0)[0] = 0x48);
    BREAK("TS1", "PMT before PAT", (b.data += 188, b.len -= 188));
    b.data -= 188;
    BREAK("TS2", "CRC", packet(&b, 0x1000, 1, 0)[12] ^= 1);
    BREAK("TS2", "a PID that is not listed",
          packet(&b, 0x101, 1, 1)[2] = 0x02);
    BREAK("TS2", "another version",
          (p = packet(&b, 0x1000, 1, 1), p[10] ^= 2, seal(p + 5)));
    BREAK("TS3", "a counter of video", packet(&b, 0x100, 9, 0)[3] ^= 1);
    BREAK("TS3", "a counter of the PAT", packet(&b, 0, 1, 0)[3] ^= 1);
    BREAK("TS4", "no PCR at first",
          (p = packet(&b, 0x100, 0, 1), p[5] &= 0xef, memset(p + 6, 255, 6)));
    BREAK("TS4", "another lead", packet(&b, 0x100, 3, 1)[9] ^= 1);
    BREAK("TS5", "length of a video PES",
          payload(packet(&b, 0x100, 2, 1))[5] = 9);
    BREAK("TS5", "no alignment", payload(packet(&b, 0x100, 2, 1))[6] = 0x80);
    BREAK("TS5", "marker bit", payload(packet(&b, 0x100, 2, 1))[13] ^= 1);
    BREAK("TS5", "no AUD",
          (p = payload(packet(&b, 0x100, 2, 1)), p[9 + p[8] + 4] = 12));
    BREAK("TS5", "length of audio", payload(packet(&b, 0x101, 2, 1))[5] ^= 1);
    BREAK("TS6", "no random access", packet(&b, 0x100, 0, 1)[5] &= 0xbf);
    BREAK("TS6", "random access elsewhere",
          packet(&b, 0x100, 2, 1)[5] |= 0x40);
    BREAK("TS7", "PTS before DTS",
          (p = payload(packet(&b, 0x100, 4, 1)), p[11] -= 2));
    BREAK("TS9", "stuffing of zeros",
          (p = packet(&b, 0x101, 1, 0), p[p[4]] = 0));

    /* the last packet of a picture ends in what stuffing looks like */

    make(&b, &g, 60);
    for (i = 0; i < 12; i++) {
        p = packet(&b, 0x100, 1, 1) - 1;
        while (lp_get_be16(p - 186) != 0x0100) {
            p -= 188;
        }
        p[- (int) i] = 0xff;
    }
    broken(&b, "TS9", "stuffing in the payload");

    g.bframes = 0;
    BREAK("TS8", "no SPS",
          (p = payload(packet(&b, 0x100, 0, 1)), p[9 + 5 + 6 + 4] = 0x66));

    g.gop = 61;
    make(&b, &g, 60);
    p = payload(packet(&b, 0x100, 0, 1));
    p[9 + 5 + 6 + sizeof(gen_sps_pps) + 3 + 4 + 3] = 0x41;
    packet(&b, 0x100, 0, 1)[5] &= 0xbf;
    broken(&b, "TS8", "the first picture is no IDR");

    lp_buf_done(&b);
}


static void
test_no_memory(void)
{
    int            n, good;
    lp_buf_t       b;
    lp_status_t    rc;
    lp_ts_info_t   info;

    lp_buf_init(&b, LP_TS_MAX_BYTES);
    make(&b, &plain, 30);
    good = 1;

    for (n = 0; n < 1000; n++) {
        nomem_in(n);
        rc = lp_ts_inspect(&info, b.data, b.len);

        if (!nomem_came()) {
            good &= rc == LP_OK;
            break;
        }

        good &= rc == LP_NOMEM;
    }

    ok(good && n < 1000, "each allocation failed in turn (%d)", n);
    lp_buf_done(&b);
}


int
main(void)
{
    plan(22 + 7 + 5 + 3 + 7 + 3 + 22 + 1);

    test_inspect();
    test_disguises();
    test_damage();
    test_sync();
    test_tables();
    test_check();
    test_no_memory();

    return done();
}
