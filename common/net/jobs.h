/*
 * The job protocol between orchestrator and transcoder, as bytes. The same
 * over a socket pair and over a network: frames of a fixed 16-byte header
 * and a body. A job is one frame whose body is a fixed-width record and then
 * the source; a result is one frame with a record for each rendition and
 * then their bytes. Both sides trust nothing: sizes are checked against the
 * record, the record against the limits (T-49).
 *
 *   header   magic 4 "LPJ1" | type 1 | flags 1 | reserved 2 | body_len 8
 *
 *   transcoder -> orchestrator   HELLO, RESULT, PONG
 *   orchestrator -> transcoder   JOB, END (of a session), PING
 */
#ifndef LP_JOBS_H
#define LP_JOBS_H


#include "common/media/profile.h"
#include "common/util/buf.h"


#define LP_JOBS_HEADER       16
#define LP_JOBS_BODY_MAX     (96 * 1024 * 1024)
#define LP_JOBS_SESSION_LEN  16
#define LP_JOBS_NAME_MAX     63


typedef enum {
    LP_JOBS_HELLO = 1,
    LP_JOBS_JOB = 2,
    LP_JOBS_RESULT = 3,
    LP_JOBS_END = 4,
    LP_JOBS_PING = 5,
    LP_JOBS_PONG = 6
} lp_jobs_type_e;

typedef struct {
    char      version[LP_JOBS_NAME_MAX + 1];
    char      encoder[LP_JOBS_NAME_MAX + 1];    /* "libx264", "h264_nvenc" */
    uint32_t  capacity;                         /* sessions at a time */
} lp_jobs_hello_t;

/* fixed by the orchestrator for the session a job belongs to */
typedef struct {
    uint64_t      id;                           /* random, one for a job */
    uint8_t       session[LP_JOBS_SESSION_LEN]; /* random */
    uint64_t      seq;
    uint32_t      duration_ms;
    uint32_t      deadline_ms;                  /* from receipt */
    uint64_t      max_pixels;                   /* decoded + encoded budget,
                                                   0: engine's default */
    uint32_t      nprofiles;
    lp_profile_t  profiles[LP_PROFILE_MAX];
    uint64_t      source_len;                   /* bytes that follow */
} lp_jobs_job_t;

typedef struct {
    uint32_t  width;
    uint32_t  height;
    uint32_t  frames;
    uint64_t  pixels;                           /* frames * width * height */
    uint64_t  len;                              /* bytes */
} lp_jobs_rendition_t;

typedef struct {
    uint64_t             id;
    lp_status_t          status;                /* LP_OK: renditions follow */
    uint8_t              damaged;               /* some frames concealed */
    uint32_t             decoded_frames;
    uint64_t             decoded_pixels;
    uint32_t             cpu_ms;                /* user + sys of the job */
    uint32_t             wall_ms;
    uint32_t             nrenditions;
    lp_jobs_rendition_t  renditions[LP_PROFILE_MAX];
} lp_jobs_result_t;

/*
 * A frame taken in piece by piece: the record is decoded when it is whole,
 * the payload is gathered in one buffer.
 */
typedef struct {
    lp_buf_t        bytes;                      /* header + body so far */
    uint64_t        need;                       /* bytes until it is whole */
    uint64_t        body_max;
    lp_jobs_type_e  type;
    uint8_t         have_header;
} lp_jobs_reader_t;


/* body_max: what this side accepts, bytes, <= LP_JOBS_BODY_MAX */
void lp_jobs_reader_init(lp_jobs_reader_t *r, uint64_t body_max);
void lp_jobs_reader_done(lp_jobs_reader_t *r);

/*
 * Where to read the next bytes into, and how many at most; tell with
 * lp_jobs_reader_got how many came. LP_OK: a frame is whole (r->type);
 * LP_AGAIN: more; LP_MALFORMED, LP_LIMIT, LP_NOMEM: hang up.
 */
lp_status_t lp_jobs_reader_room(lp_jobs_reader_t *r, uint8_t **p, size_t *n);
lp_status_t lp_jobs_reader_got(lp_jobs_reader_t *r, size_t n);

/* the whole frame is dropped, the reader waits for the next one */
void lp_jobs_reader_next(lp_jobs_reader_t *r);

/* payloads point into the reader and live until lp_jobs_reader_next */
lp_status_t lp_jobs_get_hello(const lp_jobs_reader_t *r, lp_jobs_hello_t *h);
lp_status_t lp_jobs_get_job(const lp_jobs_reader_t *r, lp_jobs_job_t *j,
    const uint8_t **source);
lp_status_t lp_jobs_get_result(const lp_jobs_reader_t *r,
    lp_jobs_result_t *res, const uint8_t *data[LP_PROFILE_MAX]);
lp_status_t lp_jobs_get_end(const lp_jobs_reader_t *r,
    uint8_t session[LP_JOBS_SESSION_LEN]);

/*
 * Header and record; the payload (source, renditions in order) is sent by
 * the caller right after them, from where it lies.
 */
void lp_jobs_put_hello(lp_buf_t *out, const lp_jobs_hello_t *h);
void lp_jobs_put_job(lp_buf_t *out, const lp_jobs_job_t *j);
void lp_jobs_put_result(lp_buf_t *out, const lp_jobs_result_t *res);
void lp_jobs_put_end(lp_buf_t *out, const uint8_t session[LP_JOBS_SESSION_LEN]);
void lp_jobs_put_ping(lp_buf_t *out);
void lp_jobs_put_pong(lp_buf_t *out);


#endif /* LP_JOBS_H */
