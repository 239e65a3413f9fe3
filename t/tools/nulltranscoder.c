/*
 * A transcoder that encodes nothing: it speaks the job protocol on fd 3 and
 * answers with clean MPEG-TS of the right sizes, at once. For benches, and
 * for the faults that a real one has when no one looks.
 *
 *   nulltranscoder [--size BYTES] [--encoder NAME] [MODE]
 *
 *   ok               (default) a rendition of BYTES (300000) for each profile;
 *                    frames and times are those of the source, if it is a TS
 *   slow MS          ok, after MS
 *   hang             never answers
 *   crash            ends at the first job
 *   mute             never says HELLO
 *   dead             ends before HELLO
 *   error CODE       an lp_status_t by its label ("no_keyframe") or number
 *   lie HOW          count: one rendition less; size: another width; frames:
 *                    one more; pixels: too many; short: 100 bytes; long: more
 *                    than allowed; junk: not a TS; id: of another job;
 *                    frame: not the protocol
 *   twice            ok, of a source twice as long as was said
 *   decoded PIXELS   ok, and so much was decoded for it
 *   obey             what the source says: its first line is a mode
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "common/media/ts.h"
#include "common/media/tsmux.h"
#include "common/net/jobs.h"


#define NULL_FD        3
#define NULL_SIZE      300000
#define NULL_FRAMES    60                 /* of 2 s, when no one says */
#define NULL_TS_MAX    (64 * 1024 * 1024)
#define NULL_LINE      64


typedef struct {
    size_t        size;                   /* bytes of a rendition */
    const char   *encoder;
    char          mode[NULL_LINE];
    uint64_t      decoded;                /* pixels, of this job */
    lp_jobs_reader_t  reader;
} null_t;

typedef struct {
    uint8_t   bytes[64];
    unsigned  bits;
} null_bits_t;

/* audio of the source, a PES at a time */
typedef struct {
    int64_t   pts_90k;
    size_t    at, len;                    /* in null_times_t.bytes */
} null_audio_t;

/* the frames of one rendition, and the audio that goes with them */
typedef struct {
    uint32_t      frames;
    int64_t       first_90k;
    int64_t       step_90k;
    int64_t      *pts;                    /* sorted; NULL: first + i * step */
    null_audio_t *audio;
    size_t        naudio;
    lp_buf_t      bytes;
} null_times_t;


static void
null_die(const char *why)
{
    fprintf(stderr, "nulltranscoder: %s\n", why);
    exit(1);
}


static void
null_sleep(long ms)
{
    struct timespec  ts = { ms / 1000, ms % 1000 * 1000000 };

    while (nanosleep(&ts, &ts) == -1 && errno == EINTR) { /* void */ }
}


static void
null_write(struct iovec *iov, int n)
{
    ssize_t  done;

    while (n) {

        done = writev(NULL_FD, iov, n);

        if (done < 0) {
            if (errno == EINTR) {
                continue;
            }

            exit(0);                          /* the orchestrator hung up */
        }

        while (n && (size_t) done >= iov->iov_len) {
            done -= (ssize_t) iov->iov_len;
            iov++;
            n--;
        }

        if (n) {
            iov->iov_base = (char *) iov->iov_base + done;
            iov->iov_len -= (size_t) done;
        }
    }
}


static void
null_write_buf(const lp_buf_t *b)
{
    struct iovec  iov = { b->data, b->len };

    null_write(&iov, 1);
}


/* --- a picture of any size: parameter sets and slices full of filler */

static void
null_bit(null_bits_t *b, unsigned bit)
{
    if (bit) {
        b->bytes[b->bits / 8] |= (uint8_t) (0x80 >> (b->bits % 8));
    }

    b->bits++;
}


static void
null_ue(null_bits_t *b, uint32_t v)
{
    int       i, len;
    uint32_t  code = v + 1;

    for (len = 0; code >> (len + 1); len++) { /* void */ }

    for (i = 0; i < len; i++) {
        null_bit(b, 0);
    }

    for (i = len; i >= 0; i--) {
        null_bit(b, code >> i & 1);
    }
}


static void
null_u8(null_bits_t *b, uint8_t v)
{
    int  i;

    for (i = 7; i >= 0; i--) {
        null_bit(b, v >> i & 1);
    }
}


static void
null_put_nal(lp_buf_t *out, const null_bits_t *b)
{
    size_t    i, zeros;
    uint8_t   v;

    lp_buf_put_be32(out, 1);

    for (i = 0, zeros = 0; i < (b->bits + 7) / 8; i++) {
        v = b->bytes[i];

        if (zeros == 2 && v <= 3) {
            lp_buf_put_u8(out, 3);
            zeros = 0;
        }

        lp_buf_put_u8(out, v);
        zeros = v ? 0 : zeros + 1;
    }
}


static void
null_put_sets(lp_buf_t *out, uint32_t w, uint32_t h)
{
    uint32_t     mbw = (w + 15) / 16, mbh = (h + 15) / 16;
    null_bits_t  sps, pps;

    memset(&sps, 0, sizeof(sps));
    null_u8(&sps, 0x67);
    null_u8(&sps, 66);                        /* baseline */
    null_u8(&sps, 0xc0);
    null_u8(&sps, 51);
    null_ue(&sps, 0);                         /* id */
    null_ue(&sps, 0);                         /* frame_num, 4 bits */
    null_ue(&sps, 2);                         /* order of output = decoding */
    null_ue(&sps, 1);
    null_bit(&sps, 0);
    null_ue(&sps, mbw - 1);
    null_ue(&sps, mbh - 1);
    null_bit(&sps, 1);                        /* frames only */
    null_bit(&sps, 1);
    null_bit(&sps, 1);                        /* cropped */
    null_ue(&sps, 0);
    null_ue(&sps, (mbw * 16 - w) / 2);
    null_ue(&sps, 0);
    null_ue(&sps, (mbh * 16 - h) / 2);
    null_bit(&sps, 0);
    null_bit(&sps, 1);                        /* stop bit */
    null_put_nal(out, &sps);

    memset(&pps, 0, sizeof(pps));
    null_u8(&pps, 0x68);
    null_u8(&pps, 0xce);
    null_u8(&pps, 0x38);
    null_u8(&pps, 0x80);
    null_put_nal(out, &pps);
}


static void
null_put_ts(lp_buf_t *out, const lp_profile_t *p, const null_times_t *t,
    size_t size)
{
    size_t         unit;
    uint8_t       *au;
    size_t         a;
    uint32_t       i;
    lp_buf_t       sets;
    lp_tsmux_t     mux;
    lp_tsmux_au_t  frame;

    /* what packets and tables take is not there for slices */

    size -= size > t->bytes.len ? t->bytes.len : size;
    unit = size / 188 * 184 / t->frames;
    unit = unit > 200 ? unit - 180 : 20;

    au = malloc(unit);
    if (au == NULL) {
        null_die("out of memory");
    }

    memset(au, 0xa5, unit);
    memcpy(au, "\0\0\0\1", 4);

    lp_buf_init(&sets, 256);
    null_put_sets(&sets, p->width & ~1u, p->height & ~1u);

    lp_tsmux_init(&mux, lp_tsmux_sink_buf(out));
    lp_tsmux_tracks(&mux, LP_TS_VIDEO_H264, t->naudio ? LP_TS_AUDIO_AAC : 0);
    lp_tsmux_begin(&mux, 0);

    for (i = 0, a = 0; i < t->frames; i++) {
        memset(&frame, 0, sizeof(frame));
        frame.pts_90k = t->pts ? t->pts[i] : t->first_90k + i * t->step_90k;
        frame.dts_90k = frame.pts_90k;
        frame.idr = i == 0;
        frame.data = au;
        frame.len = unit;
        au[4] = frame.idr ? 0x65 : 0x41;

        if (lp_tsmux_video(&mux, &frame, frame.idr ? &sets : NULL) != LP_OK) {
            null_die("the muxer failed");
        }

        while (a < t->naudio && (i + 1 == t->frames
                                 || t->audio[a].pts_90k <= frame.pts_90k))
        {
            lp_tsmux_audio(&mux, t->audio[a].pts_90k,
                           t->bytes.data + t->audio[a].at, t->audio[a].len);
            a++;
        }
    }

    lp_buf_done(&sets);
    free(au);
}


static int
null_compare(const void *a, const void *b)
{
    int64_t  x = *(const int64_t *) a, y = *(const int64_t *) b;

    return x < y ? -1 : x > y;
}


/* the source's own times, and its audio as it is */

static void
null_read(null_times_t *t, const lp_jobs_job_t *job, const uint8_t *source)
{
    size_t        n = 0, max = job->source_len / LP_TS_PACKET + 1;
    lp_ts_t       ts;
    lp_ts_unit_t  unit;

    t->pts = calloc(max, sizeof(int64_t));
    t->audio = calloc(max, sizeof(null_audio_t));
    if (t->pts == NULL || t->audio == NULL) {
        null_die("out of memory");
    }

    lp_buf_init(&t->bytes, NULL_TS_MAX);
    lp_ts_init(&ts, source, job->source_len);

    while (lp_ts_next(&ts, &unit) == LP_OK) {
        if (unit.is_video) {
            t->pts[n++] = unit.pts_90k;
            continue;
        }

        t->audio[t->naudio].pts_90k = unit.pts_90k;
        t->audio[t->naudio].at = t->bytes.len;
        t->audio[t->naudio++].len = unit.len;
        lp_buf_put(&t->bytes, unit.data, unit.len);
    }

    lp_ts_done(&ts);
    qsort(t->pts, n, sizeof(int64_t), null_compare);
}


static void
null_times_done(null_times_t *t)
{
    free(t->pts);
    free(t->audio);
    lp_buf_done(&t->bytes);
}


static void
null_look(null_times_t *t, const lp_jobs_job_t *job, const lp_profile_t *p,
    const uint8_t *source)
{
    uint32_t      duration_ms = job->duration_ms ? job->duration_ms : 2000;
    lp_ts_info_t  info;

    memset(t, 0, sizeof(null_times_t));
    lp_buf_init(&t->bytes, NULL_TS_MAX);
    t->frames = (uint32_t) ((uint64_t) NULL_FRAMES * duration_ms / 2000);
    t->frames += t->frames == 0;
    t->first_90k = 90000;

    if (job->source_len >= 188 && source[0] == 0x47
        && lp_ts_inspect(&info, source, job->source_len) == LP_OK
        && info.video_units)
    {
        t->frames = info.video_units;
        t->first_90k = info.first_pts_90k;
        null_read(t, job, source);
    }

    if (p->fps_num) {
        free(t->pts);
        t->pts = NULL;
        t->frames = (uint32_t) ((uint64_t) p->fps_num * duration_ms
                                / (p->fps_den ? p->fps_den : 1) / 1000);
        t->frames += t->frames == 0;
    }

    t->step_90k = (int64_t) duration_ms * 90 / t->frames;
}


/* --- answers */

static void
null_send(lp_jobs_result_t *res, lp_buf_t *files)
{
    int           n;
    size_t        i;
    lp_buf_t      head;
    struct iovec  iov[LP_PROFILE_MAX + 1];

    lp_buf_init(&head, 64 * 1024);
    lp_jobs_put_result(&head, res);

    iov[0].iov_base = head.data;
    iov[0].iov_len = head.len;

    for (i = 0, n = 1; i < res->nrenditions; i++) {
        if (res->renditions[i].len) {
            iov[n].iov_base = files[i].data;
            iov[n++].iov_len = res->renditions[i].len;
        }
    }

    null_write(iov, n);
    lp_buf_done(&head);
}


static void
null_lie(lp_jobs_result_t *res, lp_buf_t *files, const char *how)
{
    if (strcmp(how, "count") == 0) {
        res->nrenditions--;

    } else if (strcmp(how, "size") == 0) {
        res->renditions[0].width += 2;
        res->renditions[0].pixels += 2ULL * res->renditions[0].frames
                                     * res->renditions[0].height;

    } else if (strcmp(how, "frames") == 0) {
        res->renditions[0].frames++;
        res->renditions[0].pixels += (uint64_t) res->renditions[0].width
                                     * res->renditions[0].height;

    } else if (strcmp(how, "pixels") == 0) {
        res->renditions[0].pixels *= 2;

    } else if (strcmp(how, "short") == 0) {
        res->renditions[0].len = 100;

    } else if (strcmp(how, "junk") == 0) {
        memset(files[0].data, '<', files[0].len);

    } else if (strcmp(how, "long") == 0) {
        lp_buf_add(&files[0], 32 * 1024 * 1024);
        res->renditions[0].len = files[0].len;

    } else if (strcmp(how, "id") == 0) {
        res->id++;

    } else {
        null_die("no such lie");
    }
}


static uint32_t
null_cpu_ms(void)
{
    struct rusage  ru;

    getrusage(RUSAGE_SELF, &ru);

    return (uint32_t) ((ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000
                       + (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1000);
}


static void
null_answer(null_t *n, const lp_jobs_job_t *job, const uint8_t *source,
    lp_status_t status, const char *lie)
{
    size_t            i;
    lp_buf_t          files[LP_PROFILE_MAX];
    null_times_t      t;
    uint32_t          begun_ms = null_cpu_ms();
    lp_jobs_result_t  res;

    memset(&res, 0, sizeof(res));
    memset(files, 0, sizeof(files));

    res.id = job->id;
    res.status = status;

    for (i = 0; status == LP_OK && i < job->nprofiles; i++) {
        if (i == 0 || job->profiles[i].fps_num != job->profiles[i - 1].fps_num
            || job->profiles[i].fps_den != job->profiles[i - 1].fps_den)
        {
            if (i) {
                null_times_done(&t);
            }

            null_look(&t, job, &job->profiles[i], source);
        }

        lp_buf_init(&files[i], NULL_TS_MAX);
        null_put_ts(&files[i], &job->profiles[i], &t, n->size);

        res.renditions[i].width = job->profiles[i].width & ~1u;
        res.renditions[i].height = job->profiles[i].height & ~1u;
        res.renditions[i].frames = t.frames;
        res.renditions[i].pixels = (uint64_t) t.frames
                                   * res.renditions[i].width
                                   * res.renditions[i].height;
        res.renditions[i].len = files[i].len;
        res.nrenditions++;
    }

    if (i) {
        null_times_done(&t);
    }

    res.cpu_ms = null_cpu_ms() - begun_ms;
    res.decoded_pixels = n->decoded;

    if (lie) {
        null_lie(&res, files, lie);
    }

    null_send(&res, files);

    for (i = 0; i < job->nprofiles; i++) {
        lp_buf_done(&files[i]);
    }
}


static lp_status_t
null_status(const char *name)
{
    int  i;

    for (i = 0; i < LP_NSTATUS; i++) {
        if (strcmp(lp_status_label((lp_status_t) i), name) == 0) {
            return (lp_status_t) i;
        }
    }

    return (lp_status_t) atoi(name);
}


static void
null_job(null_t *n)
{
    char            mode[NULL_LINE], *arg;
    lp_jobs_job_t   job;
    const uint8_t  *source;

    if (lp_jobs_get_job(&n->reader, &job, &source) != LP_OK) {
        null_die("a job that cannot be read");
    }

    memcpy(mode, n->mode, sizeof(mode));

    if (strcmp(mode, "obey") == 0) {
        snprintf(mode, sizeof(mode), "%.*s",
                 (int) strnlen((const char *) source, job.source_len < 60
                               ? job.source_len : 60), (const char *) source);
        mode[strcspn(mode, "\n")] = '\0';
    }

    arg = strchr(mode, ' ');
    if (arg) {
        *arg++ = '\0';
    }

    if (strcmp(mode, "crash") == 0) {
        raise(SIGKILL);
    }

    if (strcmp(mode, "hang") == 0) {
        for ( ;; ) {
            pause();
        }
    }

    if (strcmp(mode, "twice") == 0) {
        job.duration_ms *= 2;
    }

    n->decoded = strcmp(mode, "decoded") == 0 && arg
                 ? strtoull(arg, NULL, 10) : 0;

    if (strcmp(mode, "slow") == 0 && arg) {
        null_sleep(atol(arg));
    }

    if (strcmp(mode, "lie") == 0 && arg && strcmp(arg, "frame") == 0) {
        if (write(NULL_FD, "HTTP/1.1 200 OK\r\n", 17) < 0) {
            exit(1);
        }
    }

    null_answer(n, &job, source,
                strcmp(mode, "error") == 0 && arg ? null_status(arg) : LP_OK,
                strcmp(mode, "lie") == 0 && arg && strcmp(arg, "frame")
                ? arg : NULL);
}


static void
null_hello(const null_t *n)
{
    lp_buf_t         out;
    lp_jobs_hello_t  hello;

    memset(&hello, 0, sizeof(hello));
    snprintf(hello.version, sizeof(hello.version), "%s", LP_VERSION);
    snprintf(hello.encoder, sizeof(hello.encoder), "%s", n->encoder);
    hello.capacity = 1;

    lp_buf_init(&out, 4096);
    lp_jobs_put_hello(&out, &hello);
    null_write_buf(&out);
    lp_buf_done(&out);
}


static void
null_options(null_t *n, int argc, char **argv)
{
    int     i;
    size_t  len;

    n->size = NULL_SIZE;
    n->encoder = "null";

    for (i = 1; i < argc; i++) {

        if (strcmp(argv[i], "--size") == 0 && i + 1 < argc) {
            n->size = strtoul(argv[++i], NULL, 10);

        } else if (strcmp(argv[i], "--encoder") == 0 && i + 1 < argc) {
            n->encoder = argv[++i];

        } else if (strcmp(argv[i], "--fd") == 0 && i + 1 < argc) {
            i++;                              /* the orchestrator says 3 */

        } else {
            len = strlen(n->mode);
            snprintf(n->mode + len, sizeof(n->mode) - len, "%s%s",
                     len ? " " : "", argv[i]);
        }
    }
}


int
main(int argc, char **argv)
{
    size_t        room;
    ssize_t       got;
    uint8_t      *p;
    lp_status_t   rc;
    static null_t n;

    mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 128 * 1024 * 1024);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);

    null_options(&n, argc, argv);
    lp_jobs_reader_init(&n.reader, LP_JOBS_BODY_MAX);

    if (strcmp(n.mode, "dead") == 0) {
        return 3;
    }

    if (strcmp(n.mode, "mute") != 0) {
        null_hello(&n);
    }

    while (lp_jobs_reader_room(&n.reader, &p, &room) == LP_AGAIN) {

        got = read(NULL_FD, p, room);

        if (got <= 0) {
            break;
        }

        rc = lp_jobs_reader_got(&n.reader, (size_t) got);

        if (rc == LP_OK) {
            if (n.reader.type == LP_JOBS_JOB) {
                null_job(&n);
            }

            lp_jobs_reader_next(&n.reader);

        } else if (rc != LP_AGAIN) {
            null_die("a frame that cannot be read");
        }
    }

    lp_jobs_reader_done(&n.reader);

    return 0;
}
