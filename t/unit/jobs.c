/*
 * The job protocol: what one side puts the other gets, in pieces of any
 * size, and a frame that contradicts itself is not taken.
 */

#include <stdlib.h>

#include "common/net/jobs.h"
#include "t/unit/tap.h"


#define BODY_MAX  (1024 * 1024)

/* places in the frames below */

#define AT_LEN         8                                 /* of the header */
#define AT_NPROFILES   (LP_JOBS_HEADER + 48)
#define AT_SOURCE_LEN  (LP_JOBS_HEADER + 52)
#define AT_PROFILE     (LP_JOBS_HEADER + 60)
#define AT_STATUS      (LP_JOBS_HEADER + 8)
#define AT_NREND       (LP_JOBS_HEADER + 52)
#define AT_REND        (LP_JOBS_HEADER + 56)


static lp_jobs_job_t
a_job(void)
{
    uint32_t       i;
    lp_jobs_job_t  j;

    memset(&j, 0, sizeof(j));
    j.id = 0x0123456789abcdef;
    memset(j.session, 0xa5, sizeof(j.session));
    j.seq = 42;
    j.duration_ms = 2000;
    j.deadline_ms = 8000;
    j.max_pixels = 1ull << 40;
    j.nprofiles = LP_PROFILE_MAX;
    j.source_len = 6;

    for (i = 0; i < j.nprofiles; i++) {
        snprintf(j.profiles[i].name, sizeof(j.profiles[i].name), "r%u", i);
        j.profiles[i].width = 100 + i;
        j.profiles[i].height = 50 + i;
        j.profiles[i].bitrate = 1000 * i;
        j.profiles[i].fps_num = 30000;
        j.profiles[i].fps_den = 1001;
        j.profiles[i].gop_ms = -1;
        j.profiles[i].quality = 23;
        j.profiles[i].format = LP_FORMAT_MP4;
        j.profiles[i].h264_profile = LP_H264_HIGH;
        j.profiles[i].encoder = LP_CODEC_VP9;
    }

    memset(j.profiles[0].name, 'n', LP_PROFILE_NAME_MAX);

    return j;
}


static lp_jobs_result_t
a_result(void)
{
    lp_jobs_result_t  r;

    memset(&r, 0, sizeof(r));
    r.id = 77;
    r.status = LP_OK;
    r.damaged = 1;
    r.decoded_frames = 60;
    r.decoded_pixels = 60ull * 1920 * 1080;
    r.cpu_ms = 900;
    r.wall_ms = 450;
    r.nrenditions = 2;
    r.renditions[0].width = 4096;
    r.renditions[0].height = 4096;
    r.renditions[0].frames = 4000000000u;
    r.renditions[0].pixels = 4096ull * 4096 * 4000000000u;
    r.renditions[0].len = 3;
    r.renditions[1].width = 426;
    r.renditions[1].height = 240;
    r.renditions[1].frames = 60;
    r.renditions[1].pixels = 426 * 240 * 60;
    r.renditions[1].len = 4;

    return r;
}


/* the bytes of in, at most step at a time; *used says how many were taken */

static lp_status_t
feed(lp_jobs_reader_t *r, const uint8_t *in, size_t len, size_t step,
    size_t *used)
{
    size_t        n;
    uint8_t      *p;
    lp_status_t   rc;

    for (*used = 0; ; *used += n) {
        rc = lp_jobs_reader_room(r, &p, &n);
        if (rc != LP_AGAIN) {
            return rc;
        }

        n = n < step ? n : step;
        n = n < len - *used ? n : len - *used;

        if (n == 0) {
            return LP_AGAIN;
        }

        memcpy(p, in + *used, n);

        rc = lp_jobs_reader_got(r, n);
        if (rc != LP_AGAIN) {
            *used += n;
            return rc;
        }
    }
}


static void
test_job(void)
{
    size_t             used;
    lp_buf_t           b;
    lp_jobs_job_t      j, got;
    const uint8_t     *source;
    lp_jobs_reader_t   r;

    lp_buf_init(&b, BODY_MAX);
    lp_jobs_reader_init(&r, BODY_MAX);

    j = a_job();
    lp_jobs_put_job(&b, &j);
    is_int((int64_t) b.len, 16 + 60 + 12 * 96, "a job's frame");
    lp_buf_put_str(&b, "source");

    is_int(feed(&r, b.data, b.len, b.len, &used), LP_OK, "is whole");
    is_int(r.type, LP_JOBS_JOB, "a job");
    is_int(lp_jobs_get_job(&r, &got, &source), LP_OK, "is read");
    ok(memcmp(&j, &got, sizeof(j)) == 0, "all of it as it was put");
    ok(memcmp(source, "source", 6) == 0, "and the source");

    lp_jobs_reader_done(&r);
    lp_buf_done(&b);
}


static void
test_result(void)
{
    size_t             used;
    lp_buf_t           b;
    const uint8_t     *data[LP_PROFILE_MAX];
    lp_jobs_reader_t   r;
    lp_jobs_result_t   res, got;

    lp_buf_init(&b, BODY_MAX);
    lp_jobs_reader_init(&r, BODY_MAX);

    res = a_result();
    lp_jobs_put_result(&b, &res);
    lp_buf_put_str(&b, "abcdefg");

    is_int(feed(&r, b.data, b.len, b.len, &used), LP_OK, "a result is whole");
    is_int(lp_jobs_get_result(&r, &got, data), LP_OK, "and read");
    ok(memcmp(&res, &got, sizeof(res)) == 0, "all of it as it was put");
    ok(memcmp(data[0], "abc", 3) == 0 && memcmp(data[1], "defg", 4) == 0,
       "and the renditions");
    ok(data[2] == NULL, "and no more of them");

    lp_jobs_reader_next(&r);
    lp_buf_reset(&b);
    memset(&res, 0, sizeof(res));
    res.status = LP_NO_KEYFRAME;
    lp_jobs_put_result(&b, &res);
    feed(&r, b.data, b.len, b.len, &used);
    is_int(lp_jobs_get_result(&r, &got, data), LP_OK, "a failed result");
    is_int(got.status, LP_NO_KEYFRAME, "says why");

    lp_jobs_reader_done(&r);
    lp_buf_done(&b);
}


static void
test_small(void)
{
    size_t             at, used;
    uint8_t            session[16], other[16];
    lp_buf_t           b;
    lp_jobs_hello_t    h, got;
    lp_jobs_reader_t   r;

    lp_buf_init(&b, BODY_MAX);
    lp_jobs_reader_init(&r, BODY_MAX);

    memset(&h, 0, sizeof(h));
    strcpy(h.version, "0.1.0");
    memset(h.encoder, 'e', LP_JOBS_NAME_MAX);
    h.capacity = 9;
    memset(session, 7, 16);

    lp_jobs_put_hello(&b, &h);
    lp_jobs_put_end(&b, session);
    lp_jobs_put_ping(&b);
    lp_jobs_put_pong(&b);

    is_int(feed(&r, b.data, b.len, b.len, &used), LP_OK, "four frames: hello");
    is_int(lp_jobs_get_hello(&r, &got), LP_OK, "is read");
    ok(memcmp(&h, &got, sizeof(h)) == 0, "as it was put");
    is_int(lp_jobs_get_end(&r, other), LP_MALFORMED, "and is no end");
    is_int(feed(&r, b.data + used, 9, 9, &at), LP_OK,
           "it stays until next is called");
    is_int((int64_t) at, 0, "and takes no more");

    lp_jobs_reader_next(&r);
    feed(&r, b.data + used, b.len - used, b.len, &at);
    is_int(lp_jobs_get_end(&r, other), LP_OK, "end");
    ok(memcmp(session, other, 16) == 0, "of its session");
    used += at;

    lp_jobs_reader_next(&r);
    feed(&r, b.data + used, b.len - used, b.len, &at);
    is_int(r.type, LP_JOBS_PING, "ping");
    is_int((int64_t) at, 16, "is a header and nothing");
    used += at;

    lp_jobs_reader_next(&r);
    is_int(feed(&r, b.data + used, b.len - used, 1, &at), LP_OK,
           "byte by byte");
    is_int(r.type, LP_JOBS_PONG, "pong");

    lp_jobs_reader_done(&r);
    lp_jobs_reader_done(&r);
    lp_buf_done(&b);
}


static void
test_pieces(void)
{
    int                right = 1;
    size_t             step, used;
    lp_buf_t           b;
    lp_jobs_job_t      j, got;
    const uint8_t     *source;
    lp_jobs_reader_t   r;

    lp_buf_init(&b, BODY_MAX);
    j = a_job();
    j.nprofiles = 1;
    lp_jobs_put_job(&b, &j);
    lp_buf_put_str(&b, "source");

    for (step = 1; step <= b.len; step++) {
        lp_jobs_reader_init(&r, BODY_MAX);
        right &= feed(&r, b.data, b.len, step, &used) == LP_OK;
        right &= lp_jobs_get_job(&r, &got, &source) == LP_OK;
        lp_jobs_reader_done(&r);

        lp_jobs_reader_init(&r, BODY_MAX);
        right &= feed(&r, b.data, step - 1, 1024, &used) == LP_AGAIN;
        right &= lp_jobs_get_job(&r, &got, &source) == LP_MALFORMED;
        lp_jobs_reader_done(&r);
    }

    ok(right, "a job in pieces of any size; cut anywhere it is none");
    lp_buf_done(&b);
}


/* one byte of a good frame changed */

static lp_status_t
take_changed(const lp_buf_t *b, size_t at, uint8_t v)
{
    size_t             used;
    lp_buf_t           c;
    lp_status_t        rc;
    lp_jobs_job_t      j;
    const uint8_t     *source, *data[LP_PROFILE_MAX];
    lp_jobs_hello_t    h;
    lp_jobs_reader_t   r;
    lp_jobs_result_t   res;

    lp_buf_init(&c, b->len);
    lp_buf_put(&c, b->data, b->len);
    c.data[at] = v;

    lp_jobs_reader_init(&r, BODY_MAX);
    rc = feed(&r, c.data, c.len, c.len, &used);

    if (rc == LP_OK && r.type == LP_JOBS_JOB) {
        rc = lp_jobs_get_job(&r, &j, &source);
    }

    if (rc == LP_OK && r.type == LP_JOBS_RESULT) {
        rc = lp_jobs_get_result(&r, &res, data);
    }

    if (rc == LP_OK && r.type == LP_JOBS_HELLO) {
        rc = lp_jobs_get_hello(&r, &h);
    }

    lp_jobs_reader_done(&r);
    lp_buf_done(&c);

    return rc;
}


static void
test_lies(void)
{
    lp_buf_t          b;
    lp_jobs_job_t     j;
    lp_jobs_hello_t   h;
    lp_jobs_result_t  res;

    lp_buf_init(&b, BODY_MAX);
    j = a_job();
    j.nprofiles = 2;
    lp_jobs_put_job(&b, &j);
    lp_buf_put_str(&b, "source");

    is_int(take_changed(&b, 0, 'L'), LP_OK, "a good job");
    is_int(take_changed(&b, 0, 'l'), LP_MALFORMED, "another magic");
    is_int(take_changed(&b, 4, 0), LP_MALFORMED, "type 0");
    is_int(take_changed(&b, 4, 7), LP_MALFORMED, "type 7");
    is_int(take_changed(&b, 4, LP_JOBS_PING), LP_MALFORMED,
           "a ping with a body");
    is_int(take_changed(&b, 4, LP_JOBS_HELLO), LP_MALFORMED,
           "a hello of another length");
    is_int(take_changed(&b, 5, 1), LP_MALFORMED, "a flag");
    is_int(take_changed(&b, 6, 1), LP_MALFORMED, "a reserved byte");
    is_int(take_changed(&b, AT_LEN, 0x80), LP_LIMIT, "a body of 2^63");
    is_int(take_changed(&b, AT_LEN + 5, 0x11), LP_LIMIT, "a body over ours");
    is_int(take_changed(&b, AT_LEN + 7, b.data[AT_LEN + 7] - 1), LP_MALFORMED,
           "a byte less than the source");
    is_int(take_changed(&b, AT_LEN + 7, b.data[AT_LEN + 7] + 1), LP_AGAIN,
           "a byte more is waited for");
    is_int(take_changed(&b, AT_NPROFILES + 3, 0), LP_MALFORMED,
           "no rendition");
    is_int(take_changed(&b, AT_NPROFILES + 3, 13), LP_MALFORMED,
           "13 renditions");
    is_int(take_changed(&b, AT_NPROFILES, 0xff), LP_MALFORMED,
           "4 billion renditions");
    is_int(take_changed(&b, AT_NPROFILES + 3, 1), LP_MALFORMED,
           "a rendition that is source");
    is_int(take_changed(&b, AT_NPROFILES + 3, 3), LP_MALFORMED,
           "a source that is rendition");
    is_int(take_changed(&b, AT_SOURCE_LEN, 0xff), LP_MALFORMED,
           "a source of 2^64");
    is_int(take_changed(&b, AT_SOURCE_LEN + 7, 5), LP_MALFORMED,
           "a source a byte short");
    is_int(take_changed(&b, AT_PROFILE + 64, 'n'), LP_MALFORMED,
           "a name without an end");
    is_int(take_changed(&b, AT_PROFILE + 96 + 9, 'n'), LP_MALFORMED,
           "a name with something behind it");

    lp_buf_reset(&b);
    res = a_result();
    lp_jobs_put_result(&b, &res);
    lp_buf_put_str(&b, "abcdefg");

    is_int(take_changed(&b, 0, 'L'), LP_OK, "a good result");
    is_int(take_changed(&b, AT_STATUS, 'u'), LP_MALFORMED,
           "renditions of a failure");
    is_int(take_changed(&b, AT_STATUS + 22, 'x'), LP_MALFORMED,
           "a status without an end");
    is_int(take_changed(&b, AT_STATUS + 23, 2), LP_MALFORMED,
           "damaged is yes or no");
    is_int(take_changed(&b, AT_NREND + 3, 13), LP_MALFORMED, "13 of them");
    is_int(take_changed(&b, AT_NREND + 3, 1), LP_MALFORMED, "one not told of");
    is_int(take_changed(&b, AT_NREND + 3, 3), LP_MALFORMED, "one not there");
    is_int(take_changed(&b, AT_REND + 3, 1), LP_MALFORMED,
           "a side over 4096");
    is_int(take_changed(&b, AT_REND + 28 + 19, 9), LP_MALFORMED,
           "pixels that are not frames times sides");
    is_int(take_changed(&b, AT_REND + 27, 4), LP_MALFORMED,
           "a rendition a byte long");
    is_int(take_changed(&b, AT_REND + 20, 0xff), LP_MALFORMED,
           "a rendition of 2^64");

    lp_buf_reset(&b);
    memset(&h, 0, sizeof(h));
    lp_jobs_put_hello(&b, &h);
    is_int(take_changed(&b, LP_JOBS_HEADER + 63, 'v'), LP_MALFORMED,
           "a version with a hole");

    lp_buf_done(&b);
}


static void
test_statuses(void)
{
    int                s, right = 1;
    size_t             used;
    lp_buf_t           b;
    const uint8_t     *data[LP_PROFILE_MAX];
    lp_jobs_result_t   res, got;
    lp_jobs_reader_t   r;

    lp_buf_init(&b, BODY_MAX);
    lp_jobs_reader_init(&r, BODY_MAX);
    memset(&res, 0, sizeof(res));

    for (s = 0; s < LP_NSTATUS; s++) {
        res.status = (lp_status_t) s;
        lp_buf_reset(&b);
        lp_jobs_put_result(&b, &res);
        right &= feed(&r, b.data, b.len, b.len, &used) == LP_OK;
        right &= lp_jobs_get_result(&r, &got, data) == LP_OK;
        right &= got.status == res.status;
        lp_jobs_reader_next(&r);
    }

    ok(right, "every status crosses");

    memcpy(b.data + AT_STATUS, "of_tomorrow", 12);
    feed(&r, b.data, b.len, b.len, &used);
    is_int(lp_jobs_get_result(&r, &got, data), LP_OK, "one we do not know");
    is_int(got.status, LP_INTERNAL, "is an internal error");

    lp_jobs_reader_done(&r);
    lp_buf_done(&b);
}


/* what is announced costs nothing before it comes */

static void
test_memory(void)
{
    size_t             n;
    lp_buf_t           b;
    uint8_t           *p;
    lp_jobs_job_t      j;
    lp_jobs_result_t   res;
    lp_jobs_reader_t   r;

    lp_buf_init(&b, BODY_MAX);
    j = a_job();
    j.source_len = 90 * 1024 * 1024;
    lp_jobs_put_job(&b, &j);

    lp_jobs_reader_init(&r, UINT64_MAX);
    feed(&r, b.data, b.len, b.len, &n);
    is_int(lp_jobs_reader_room(&r, &p, &n), LP_AGAIN, "90 MiB announced");
    ok(r.bytes.cap < 1024 * 1024, "less than one taken");
    lp_jobs_reader_done(&r);

    lp_jobs_reader_init(&r, 1000);
    is_int(feed(&r, b.data, b.len, b.len, &n), LP_LIMIT,
           "more than this side takes");
    is_int(lp_jobs_reader_room(&r, &p, &n), LP_LIMIT, "and that stays so");
    is_int(lp_jobs_reader_got(&r, SIZE_MAX), LP_INTERNAL,
           "nor can more come than there was room for");
    lp_jobs_reader_done(&r);

    lp_buf_reset(&b);
    j.source_len = LP_JOBS_BODY_MAX;
    lp_jobs_put_job(&b, &j);
    is_int(lp_buf_status(&b), LP_LIMIT, "a job over the limit is not put");

    lp_buf_reset(&b);
    j = a_job();
    j.nprofiles = LP_PROFILE_MAX + 1;
    lp_jobs_put_job(&b, &j);
    is_int(lp_buf_status(&b), LP_LIMIT, "nor one of 13 renditions");

    lp_buf_reset(&b);
    res = a_result();
    res.renditions[0].len = UINT64_MAX - 10;
    lp_jobs_put_result(&b, &res);
    is_int(lp_buf_status(&b), LP_LIMIT, "nor a result whose sum overflows");

    lp_buf_done(&b);
}


static void
test_ceilings(void)
{
    int                right = 1;
    size_t             max, want;
    lp_buf_t           b;
    lp_jobs_job_t      j;
    lp_jobs_result_t   res;

    j = a_job();
    res = a_result();
    want = 16 + 60 + 12 * 96;

    for (max = 0; max <= want; max++) {
        lp_buf_init(&b, max);
        lp_jobs_put_job(&b, &j);
        right &= lp_buf_status(&b) == (max < want ? LP_LIMIT : LP_OK);
        lp_buf_done(&b);
    }

    want = 16 + 56 + 2 * 28;

    for (max = 0; max <= want; max++) {
        lp_buf_init(&b, max);
        lp_jobs_put_result(&b, &res);
        right &= lp_buf_status(&b) == (max < want ? LP_LIMIT : LP_OK);
        lp_buf_done(&b);
    }

    ok(right, "job and result at any ceiling of the buffer");
}


int
main(void)
{
    test_job();
    test_result();
    test_small();
    test_pieces();
    test_lies();
    test_statuses();
    test_memory();
    test_ceilings();

    return done();
}
