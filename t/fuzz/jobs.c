/*
 * Frames of the job protocol, in pieces as the first byte says. What is
 * taken is put again as the same bytes, source and renditions aside.
 */

#include <stdlib.h>
#include <string.h>

#include "common/net/jobs.h"


#define BODY_MAX  (1024 * 1024)


static void
fuzz_same(const lp_jobs_reader_t *r, lp_buf_t *b)
{
    if (lp_buf_status(b) != LP_OK || b->len > r->bytes.len
        || memcmp(b->data, r->bytes.data, b->len) != 0)
    {
        abort();
    }
}


static void
fuzz_frame(const lp_jobs_reader_t *r)
{
    uint8_t            session[LP_JOBS_SESSION_LEN];
    uint32_t           i;
    uint64_t           sum;
    lp_buf_t           b;
    lp_jobs_job_t      j;
    const uint8_t     *source, *data[LP_PROFILE_MAX];
    lp_jobs_hello_t    h;
    lp_jobs_result_t   res;

    lp_buf_init(&b, BODY_MAX);

    if (lp_jobs_get_hello(r, &h) == LP_OK) {
        lp_jobs_put_hello(&b, &h);
        fuzz_same(r, &b);
    }

    if (lp_jobs_get_end(r, session) == LP_OK) {
        lp_jobs_put_end(&b, session);
        fuzz_same(r, &b);
    }

    if (lp_jobs_get_job(r, &j, &source) == LP_OK) {
        lp_jobs_put_job(&b, &j);
        fuzz_same(r, &b);

        if (source + j.source_len != r->bytes.data + r->bytes.len) {
            abort();
        }
    }

    if (lp_jobs_get_result(r, &res, data) == LP_OK) {
        for (i = 0, sum = 0; i < res.nrenditions; i++) {
            sum += res.renditions[i].len;
        }

        lp_jobs_put_result(&b, &res);

        if (b.len + sum != r->bytes.len) {
            abort();
        }

        if (res.status != LP_INTERNAL) {              /* or an unknown label */
            fuzz_same(r, &b);
        }
    }

    lp_buf_done(&b);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t             n, step;
    uint8_t           *p;
    lp_status_t        rc;
    lp_jobs_reader_t   r;

    if (len == 0) {
        return 0;
    }

    step = (size_t) data[0] + 1;
    data++;
    len--;

    lp_jobs_reader_init(&r, BODY_MAX);

    while (len) {
        rc = lp_jobs_reader_room(&r, &p, &n);

        if (rc == LP_AGAIN) {
            n = n < step ? n : step;
            n = n < len ? n : len;
            memcpy(p, data, n);
            data += n;
            len -= n;
            rc = lp_jobs_reader_got(&r, n);
        }

        if (rc == LP_OK) {
            fuzz_frame(&r);
            lp_jobs_reader_next(&r);

        } else if (rc != LP_AGAIN) {
            break;
        }
    }

    lp_jobs_reader_done(&r);

    return 0;
}
