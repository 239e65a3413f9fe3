/*
 * A loop without events: the process has nothing else to do while it waits
 * for a job, and nobody to answer while it works on one.
 */
#include "orchestrator/transcoder/jobs.h"

#include <errno.h>
#include <string.h>

#include <sys/uio.h>
#include <unistd.h>


static lp_status_t tc_jobs_read(int fd, lp_jobs_reader_t *r);
static lp_status_t tc_jobs_handle(int fd, lp_jobs_reader_t *r,
    tc_engine_t *e, const lp_log_t *log);
static lp_status_t tc_jobs_work(int fd, lp_jobs_reader_t *r, tc_engine_t *e,
    const lp_log_t *log);
static lp_status_t tc_jobs_reply(int fd, const tc_engine_t *e,
    const lp_jobs_result_t *res);
static lp_status_t tc_jobs_put(int fd, lp_buf_t *b);
static lp_status_t tc_jobs_write(int fd, struct iovec *iov, int n);


lp_status_t
tc_jobs_hello(int fd, const tc_engine_t *e)
{
    lp_buf_t         b;
    lp_jobs_hello_t  hello;

    memset(&hello, 0, sizeof(hello));
    strncpy(hello.version, LP_VERSION, sizeof(hello.version) - 1);
    strncpy(hello.encoder, e->encoder, sizeof(hello.encoder) - 1);
    hello.capacity = 1;

    lp_buf_init(&b, 4096);
    lp_jobs_put_hello(&b, &hello);

    return tc_jobs_put(fd, &b);
}


lp_status_t
tc_jobs_serve(int fd, tc_engine_t *e, const lp_log_t *log)
{
    lp_status_t       rc;
    lp_jobs_reader_t  r;

    lp_jobs_reader_init(&r, LP_JOBS_BODY_MAX);

    do {
        rc = tc_jobs_read(fd, &r);

        if (rc == LP_OK) {
            rc = tc_jobs_handle(fd, &r, e, log);
            lp_jobs_reader_next(&r);
        }

    } while (rc == LP_OK);

    lp_jobs_reader_done(&r);

    return rc == LP_GONE ? LP_OK : rc;
}


static lp_status_t
tc_jobs_read(int fd, lp_jobs_reader_t *r)
{
    size_t        n;
    ssize_t       got;
    uint8_t      *p;
    lp_status_t   rc;

    for ( ;; ) {
        rc = lp_jobs_reader_room(r, &p, &n);

        if (rc != LP_AGAIN) {
            return rc;
        }

        do {
            got = read(fd, p, n);
        } while (got == -1 && errno == EINTR);

        if (got <= 0) {
            return LP_GONE;
        }

        rc = lp_jobs_reader_got(r, (size_t) got);

        if (rc != LP_AGAIN) {
            return rc;
        }
    }
}


static lp_status_t
tc_jobs_handle(int fd, lp_jobs_reader_t *r, tc_engine_t *e,
    const lp_log_t *log)
{
    lp_buf_t     b;
    uint8_t      session[LP_JOBS_SESSION_LEN];
    lp_status_t  rc;

    switch (r->type) {

    case LP_JOBS_JOB:
        return tc_jobs_work(fd, r, e, log);

    case LP_JOBS_END:
        rc = lp_jobs_get_end(r, session);

        if (rc == LP_OK) {
            tc_engine_end(e, session);
        }

        return rc;

    case LP_JOBS_PING:
        lp_buf_init(&b, 4096);
        lp_jobs_put_pong(&b);
        return tc_jobs_put(fd, &b);

    default:
        lp_log(log, LP_LOG_ERROR, "frame of type %d is not for a transcoder",
               (int) r->type);
        return LP_MALFORMED;
    }
}


static lp_status_t
tc_jobs_work(int fd, lp_jobs_reader_t *r, tc_engine_t *e,
    const lp_log_t *log)
{
    lp_status_t        rc;
    const uint8_t     *source;
    lp_jobs_job_t      job;
    lp_jobs_result_t   res;

    rc = lp_jobs_get_job(r, &job, &source);

    if (rc != LP_OK) {
        lp_log(log, LP_LOG_ERROR, "a job that cannot be read: %s",
               lp_status_text(rc));
        return rc;
    }

    tc_engine_run(e, &res, &job, source);

    lp_log(log, res.status == LP_OK ? LP_LOG_DEBUG : LP_LOG_WARN,
           "job %016llx seq %llu: %s, %u frames, %u renditions, cpu %u ms, "
           "wall %u ms", (unsigned long long) job.id,
           (unsigned long long) job.seq, lp_status_text(res.status),
           res.decoded_frames, res.nrenditions, res.cpu_ms, res.wall_ms);

    if (res.status != LP_OK && r->bytes.data) {
        memset(r->bytes.data, 0, r->bytes.len);
    }

    return tc_jobs_reply(fd, e, &res);
}


/* renditions go out from where the engine left them */
static lp_status_t
tc_jobs_reply(int fd, const tc_engine_t *e, const lp_jobs_result_t *res)
{
    int           n;
    lp_buf_t      b;
    uint32_t      i;
    lp_status_t   rc;
    struct iovec  iov[1 + LP_PROFILE_MAX];

    lp_buf_init(&b, 65536);
    lp_jobs_put_result(&b, res);
    rc = lp_buf_status(&b);

    n = 0;
    iov[n].iov_base = b.data;
    iov[n++].iov_len = b.len;

    for (i = 0; i < res->nrenditions; i++) {
        iov[n].iov_base = e->rungs[i].out.data;
        iov[n++].iov_len = e->rungs[i].out.len;
    }

    if (rc == LP_OK) {
        rc = tc_jobs_write(fd, iov, n);
    }

    lp_buf_done(&b);

    return rc;
}


static lp_status_t
tc_jobs_put(int fd, lp_buf_t *b)
{
    lp_status_t   rc;
    struct iovec  iov;

    rc = lp_buf_status(b);

    if (rc == LP_OK) {
        iov.iov_base = b->data;
        iov.iov_len = b->len;
        rc = tc_jobs_write(fd, &iov, 1);
    }

    lp_buf_done(b);

    return rc;
}


static lp_status_t
tc_jobs_write(int fd, struct iovec *iov, int n)
{
    ssize_t  sent;

    while (n) {
        sent = writev(fd, iov, n);

        if (sent == -1) {
            if (errno == EINTR) {
                continue;
            }

            return LP_GONE;
        }

        while (n && (size_t) sent >= iov->iov_len) {
            sent -= (ssize_t) iov->iov_len;
            iov++;
            n--;
        }

        if (n) {
            iov->iov_base = (uint8_t *) iov->iov_base + sent;
            iov->iov_len -= (size_t) sent;
        }
    }

    return LP_OK;
}
