/*
 * Playlist text of RFC 8216. Times are rounded on one line and subtracted,
 * so a player that adds up EXTINF never drifts from the media.
 */
#include <inttypes.h>
#include <time.h>

#include "common/media/m3u8.h"


/* 0000-01-01 to 9999-12-31: what four digits of a year can say */

#define M3U8_DATE_MIN  (-62167219200000)
#define M3U8_DATE_MAX  253402300799999


/*
 * A name that came from elsewhere. What could end a line or a quoted string,
 * begin a tag, or is not ASCII fails the whole playlist: no such name is one
 * of ours.
 */

static void
m3u8_put_name(lp_buf_t *out, const char *s)
{
    const char  *p;

    for (p = s; *p; p++) {
        if (*p <= 0x20 || *p >= 0x7f || *p == '"' || *p == '#') {
            out->status = out->status ? out->status : LP_MALFORMED;
            return;
        }
    }

    lp_buf_put_str(out, s);
}


static void
m3u8_put_date(lp_buf_t *out, int64_t date_ms)
{
    int        ms;
    time_t     t;
    struct tm  tm;

    if (date_ms < M3U8_DATE_MIN || date_ms > M3U8_DATE_MAX) {
        out->status = out->status ? out->status : LP_MALFORMED;
        return;
    }

    ms = (int) (date_ms % 1000);
    t = (time_t) (date_ms / 1000);

    if (ms < 0) {
        ms += 1000;
        t--;
    }

    (void) gmtime_r(&t, &tm);

    lp_buf_printf(out, "#EXT-X-PROGRAM-DATE-TIME:"
                  "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\n",
                  tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                  tm.tm_min, tm.tm_sec, ms);
}


static uint64_t
m3u8_round_ms(uint64_t t_90k)
{
    return t_90k / 90 + (t_90k % 90 >= 45);
}


static void
m3u8_put_segment(lp_buf_t *out, const lp_m3u8_media_t *m, size_t i,
    uint64_t start_90k)
{
    uint64_t                  ms;
    const lp_m3u8_segment_t  *s = &m->segments[i];

    if (s->discontinuity) {
        lp_buf_put_str(out, "#EXT-X-DISCONTINUITY\n");
    }

    if (i == 0 || s->discontinuity) {
        m3u8_put_date(out, s->date_ms);
    }

    if (s->gap) {
        lp_buf_put_str(out, "#EXT-X-GAP\n");
    }

    ms = m3u8_round_ms(start_90k + s->duration_90k) - m3u8_round_ms(start_90k);

    lp_buf_printf(out, "#EXTINF:%" PRIu64 ".%03" PRIu64 ",\n", ms / 1000,
                  ms % 1000);
    m3u8_put_name(out, m->prefix);
    lp_buf_printf(out, "%" PRIu64 ".ts\n", s->seq);
}


void
lp_m3u8_put_media(lp_buf_t *out, const lp_m3u8_media_t *m)
{
    size_t    i;
    uint64_t  t;

    lp_buf_printf(out, "#EXTM3U\n"
                  "#EXT-X-VERSION:3\n"
                  "#EXT-X-TARGETDURATION:%" PRIu32 "\n"
                  "#EXT-X-MEDIA-SEQUENCE:%" PRIu64 "\n"
                  "#EXT-X-DISCONTINUITY-SEQUENCE:%" PRIu64 "\n"
                  "#EXT-X-INDEPENDENT-SEGMENTS\n",
                  m->target_s, m->media_sequence, m->discontinuity_sequence);

    for (i = 0, t = 0; i < m->nsegments; i++) {
        m3u8_put_segment(out, m, i, t);
        t += m->segments[i].duration_90k;
    }

    if (m->ended) {
        lp_buf_put_str(out, "#EXT-X-ENDLIST\n");
    }
}


static void
m3u8_put_codecs(lp_buf_t *out, const lp_m3u8_variant_t *v)
{
    if (v->video_codec == NULL && v->audio_codec == NULL) {
        return;
    }

    lp_buf_put_str(out, ",CODECS=\"");

    if (v->video_codec) {
        m3u8_put_name(out, v->video_codec);
    }

    if (v->video_codec && v->audio_codec) {
        lp_buf_put_str(out, ",");
    }

    if (v->audio_codec) {
        m3u8_put_name(out, v->audio_codec);
    }

    lp_buf_put_str(out, "\"");
}


static void
m3u8_put_variant(lp_buf_t *out, const lp_m3u8_variant_t *v)
{
    lp_buf_printf(out, "#EXT-X-STREAM-INF:BANDWIDTH=%" PRIu64, v->bandwidth);

    if (v->average_bandwidth) {
        lp_buf_printf(out, ",AVERAGE-BANDWIDTH=%" PRIu64,
                      v->average_bandwidth);
    }

    m3u8_put_codecs(out, v);

    if (v->width && v->height) {
        lp_buf_printf(out, ",RESOLUTION=%" PRIu32 "x%" PRIu32, v->width,
                      v->height);
    }

    if (v->fps_milli) {
        lp_buf_printf(out, ",FRAME-RATE=%" PRIu32 ".%03" PRIu32,
                      v->fps_milli / 1000, v->fps_milli % 1000);
    }

    lp_buf_put_str(out, "\n");
    m3u8_put_name(out, v->uri);
    lp_buf_put_str(out, "\n");
}


void
lp_m3u8_put_master(lp_buf_t *out, const lp_m3u8_variant_t *v, size_t n)
{
    size_t  i;

    lp_buf_put_str(out, "#EXTM3U\n"
                   "#EXT-X-VERSION:3\n"
                   "#EXT-X-INDEPENDENT-SEGMENTS\n");

    for (i = 0; i < n; i++) {
        m3u8_put_variant(out, &v[i]);
    }
}
