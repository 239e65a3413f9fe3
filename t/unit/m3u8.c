/* Playlist text, word for word, and names that must not become lines. */
#include "common/media/m3u8.h"
#include "t/unit/tap.h"


static const char *
text(lp_buf_t *b)
{
    lp_buf_put_u8(b, 0);

    return (const char *) b->data;
}


static void
test_media(void)
{
    lp_buf_t         b;
    lp_m3u8_media_t  m = { 0 };

    static const lp_m3u8_segment_t  s[] = {
        { 7, 180000, 1700000000123, 0, 0 },
        { 8, 179990, 1700000002123, 0, 1 },
        { 9, 180060, 951782400000, 1, 0 },
        { 10, 9000, 0, 0, 0 },
    };

    lp_buf_init(&b, 4096);
    m.media_sequence = 7;
    m.discontinuity_sequence = 2;
    m.target_s = 4;
    m.prefix = "720p/";
    m.segments = s;
    m.nsegments = 3;

    lp_m3u8_put_media(&b, &m);
    is_str(text(&b),
           "#EXTM3U\n"
           "#EXT-X-VERSION:3\n"
           "#EXT-X-TARGETDURATION:4\n"
           "#EXT-X-MEDIA-SEQUENCE:7\n"
           "#EXT-X-DISCONTINUITY-SEQUENCE:2\n"
           "#EXT-X-INDEPENDENT-SEGMENTS\n"
           "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.123Z\n"
           "#EXTINF:2.000,\n"
           "720p/7.ts\n"
           "#EXT-X-GAP\n"
           "#EXTINF:2.000,\n"
           "720p/8.ts\n"
           "#EXT-X-DISCONTINUITY\n"
           "#EXT-X-PROGRAM-DATE-TIME:2000-02-29T00:00:00.000Z\n"
           "#EXTINF:2.001,\n"
           "720p/9.ts\n", "a live playlist with a gap and a discontinuity");

    lp_buf_reset(&b);
    m.segments = s + 3;
    m.nsegments = 1;
    m.media_sequence = 10;
    m.discontinuity_sequence = 0;
    m.prefix = "";
    m.ended = 1;
    lp_m3u8_put_media(&b, &m);
    is_str(text(&b),
           "#EXTM3U\n"
           "#EXT-X-VERSION:3\n"
           "#EXT-X-TARGETDURATION:4\n"
           "#EXT-X-MEDIA-SEQUENCE:10\n"
           "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
           "#EXT-X-INDEPENDENT-SEGMENTS\n"
           "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z\n"
           "#EXTINF:0.100,\n"
           "10.ts\n"
           "#EXT-X-ENDLIST\n", "one that ended");

    lp_buf_done(&b);
}


/* sum of EXTINF, in ms */

static int64_t
sum_of(const char *list)
{
    int64_t       sum;
    unsigned      s, ms;
    const char   *p;

    for (sum = 0, p = list; (p = strstr(p, "#EXTINF:")); p++) {
        (void) sscanf(p, "#EXTINF:%u.%3u,", &s, &ms);
        sum += 1000 * (int64_t) s + ms;
    }

    return sum;
}


static void
test_no_drift(void)
{
    size_t              i;
    lp_buf_t            b;
    lp_m3u8_media_t     m = { 0 };
    lp_m3u8_segment_t   s[1000] = { { 0 } };

    for (i = 0; i < 1000; i++) {
        s[i].seq = i;
        s[i].duration_90k = 180180;        /* 2.002 s: 60 frames at 29.97 */
    }

    s[0].duration_90k = 180040;

    lp_buf_init(&b, 1 << 20);
    m.prefix = "";
    m.segments = s;
    m.nsegments = 1000;
    lp_m3u8_put_media(&b, &m);
    is_int(sum_of(text(&b)), (180040 + 999 * 180180 + 45) / 90,
           "a thousand EXTINF add up to the media");

    lp_buf_reset(&b);

    for (i = 0; i < 1000; i++) {
        s[i].duration_90k = 180044;        /* .488 ms lost each time */
    }

    lp_m3u8_put_media(&b, &m);
    is_int(sum_of(text(&b)), (1000 * 180044 + 45) / 90,
           "also when each alone is rounded down");
    lp_buf_done(&b);
}


static void
test_master(void)
{
    lp_buf_t  b;

    static const lp_m3u8_variant_t  v[] = {
        { "source.m3u8", 6500000, 6100000, 1280, 720, 29970, "avc1.64001f",
          "mp4a.40.2" },
        { "360p.m3u8", 1300000, 0, 640, 360, 30000, "avc1.64001e", NULL },
        { "audio.m3u8", 140000, 0, 0, 0, 0, NULL, "mp4a.40.2" },
        { "bare.m3u8", 1, 0, 0, 0, 0, NULL, NULL },
    };

    lp_buf_init(&b, 4096);
    lp_m3u8_put_master(&b, v, 4);
    is_str(text(&b),
           "#EXTM3U\n"
           "#EXT-X-VERSION:3\n"
           "#EXT-X-INDEPENDENT-SEGMENTS\n"
           "#EXT-X-STREAM-INF:BANDWIDTH=6500000,AVERAGE-BANDWIDTH=6100000,"
           "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,"
           "FRAME-RATE=29.970\n"
           "source.m3u8\n"
           "#EXT-X-STREAM-INF:BANDWIDTH=1300000,CODECS=\"avc1.64001e\","
           "RESOLUTION=640x360,FRAME-RATE=30.000\n"
           "360p.m3u8\n"
           "#EXT-X-STREAM-INF:BANDWIDTH=140000,CODECS=\"mp4a.40.2\"\n"
           "audio.m3u8\n"
           "#EXT-X-STREAM-INF:BANDWIDTH=1\n"
           "bare.m3u8\n", "a master playlist");
    lp_buf_done(&b);
}


static void
test_injection(void)
{
    size_t              i;
    lp_buf_t            b;
    lp_m3u8_media_t     m = { 0 };
    lp_m3u8_segment_t   s = { 0 };
    lp_m3u8_variant_t   v = { 0 };

    static const char *const  names[] = {
        "a\n#EXTINF:1,\nhttp://x/", "a\r", "a\"b", "#EXT-X-ENDLIST", "a b",
        "\xc3\xa9"
    };

    lp_buf_init(&b, 4096);
    m.segments = &s;
    m.nsegments = 1;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        lp_buf_reset(&b);
        m.prefix = names[i];
        lp_m3u8_put_media(&b, &m);
        is_int(lp_buf_status(&b), LP_MALFORMED, "no prefix becomes a line");

        lp_buf_reset(&b);
        v.uri = "a";
        v.video_codec = names[i];
        lp_m3u8_put_master(&b, &v, 1);
        is_int(lp_buf_status(&b), LP_MALFORMED, "  nor a codec");
    }

    lp_buf_reset(&b);
    m.prefix = "";
    s.date_ms = INT64_MAX;
    lp_m3u8_put_media(&b, &m);
    is_int(lp_buf_status(&b), LP_MALFORMED, "a date past the year 9999");
    lp_buf_done(&b);
}


int
main(void)
{
    plan(2 + 2 + 1 + 13);

    test_media();
    test_no_drift();
    test_master();
    test_injection();

    return done();
}
