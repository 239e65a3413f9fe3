/*
 * A segment decoded for its facts only. Nothing it claims is believed: sizes
 * and counts come from pictures that came out.
 */
#include "orchestrator/transcoder/inspect.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/util/log.h"
#include "orchestrator/transcoder/decode.h"


#define TC_INSPECT_WALL_NS  INT64_C(300000000000)


typedef struct {
    uint32_t  frames;
    int64_t   first_90k;
    int64_t   last_90k;
    int64_t   longest_90k;                 /* between two frames */
} tc_inspect_t;


static lp_status_t tc_inspect_decode(tc_inspect_t *t, tc_decode_t *d,
    const tc_source_t *s);
static lp_status_t tc_inspect_frame(void *ctx, struct AVFrame *frame,
    int64_t pts);
static void tc_inspect_print(lp_buf_t *out, const char *name, lp_status_t rc,
    const tc_inspect_t *t, const tc_decode_t *d, const tc_source_t *s);


lp_status_t
tc_inspect_load(lp_buf_t *b, const char *path)
{
    int       fd;
    ssize_t   n;
    uint8_t   piece[65536];

    fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd == -1) {
        return LP_MISSING;
    }

    do {
        n = read(fd, piece, sizeof(piece));

        if (n > 0) {
            lp_buf_put(b, piece, (size_t) n);
        }

    } while (n > 0 && lp_buf_status(b) == LP_OK);

    close(fd);

    if (n < 0) {
        return LP_MISSING;
    }

    return lp_buf_status(b) == LP_LIMIT ? LP_TOO_BIG : lp_buf_status(b);
}


lp_status_t
tc_inspect(lp_buf_t *out, const char *name, const lp_buf_t *b)
{
    lp_status_t         rc;
    tc_decode_t         decode;
    tc_source_t         source;
    tc_inspect_t        t;
    tc_source_limits_t  limits;

    memset(&t, 0, sizeof(t));
    memset(&decode, 0, sizeof(decode));
    limits.max_bytes = LP_TS_MAX_BYTES;
    limits.max_duration_ms = TC_DURATION_MS_MAX;
    limits.max_units = 65536;

    tc_source_init(&source);
    rc = tc_source_read(&source, b->data, b->len, 0, &limits);

    if (rc == LP_OK) {
        rc = tc_inspect_decode(&t, &decode, &source);
    }

    tc_inspect_print(out, name, rc, &t, &decode, &source);

    tc_decode_close(&decode);
    tc_source_done(&source);

    return rc;
}


static lp_status_t
tc_inspect_decode(tc_inspect_t *t, tc_decode_t *d, const tc_source_t *s)
{
    tc_watch_t   watch;
    lp_status_t  rc;

    atomic_init(&watch.status, LP_OK);
    watch.deadline_ns = tc_watch_now() + TC_INSPECT_WALL_NS;

    rc = tc_decode_open(d, NULL, TC_DRAIN_FLUSH);

    return rc == LP_OK ? tc_decode_segment(d, s, &watch, tc_inspect_frame, t)
                       : rc;
}


static lp_status_t
tc_inspect_frame(void *ctx, struct AVFrame *frame, int64_t pts)
{
    tc_inspect_t  *t = ctx;

    (void) frame;

    if (t->frames++ == 0) {
        t->first_90k = pts;

    } else if (pts - t->last_90k > t->longest_90k) {
        t->longest_90k = pts - t->last_90k;
    }

    t->last_90k = pts;

    return LP_OK;
}


static void
tc_inspect_print(lp_buf_t *out, const char *name, lp_status_t rc,
    const tc_inspect_t *t, const tc_decode_t *d, const tc_source_t *s)
{
    char      text[512];
    uint32_t  i;
    uint64_t  audio;

    audio = 0;

    for (i = 0; i < s->audio.n; i++) {
        audio += s->audio.units[i].len;
    }

    lp_buf_printf(out, "{\"file\":\"%s\",\"status\":\"%s\",",
                  lp_log_escape(text, sizeof(text), name, strlen(name)),
                  lp_status_label(rc));
    lp_buf_printf(out, "\"width\":%u,\"height\":%u,\"units\":%u,"
                  "\"frames\":%u,\"damaged\":%u,\"pixels\":%llu,",
                  s->sps.width, s->sps.height, s->video.n, t->frames,
                  d->flagged, (unsigned long long) t->frames * s->sps.width
                  * s->sps.height);
    lp_buf_printf(out, "\"first_pts\":%lld,\"last_pts\":%lld,"
                  "\"longest_gap\":%lld,\"reorder\":%u,",
                  (long long) t->first_90k, (long long) t->last_90k,
                  (long long) t->longest_90k, s->reorder);
    lp_buf_printf(out, "\"audio_packets\":%u,\"audio_bytes\":%llu}\n",
                  s->audio.n, (unsigned long long) audio);
}
