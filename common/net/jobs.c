/*
 * The job protocol as bytes: records of fixed width, big endian. A length
 * is believed when all lengths of the frame agree, not before.
 *
 *   HELLO    version 64 | encoder 64 | capacity 4
 *   JOB      id 8 | session 16 | seq 8 | duration_ms 4 | deadline_ms 4
 *            | max_pixels 8 | nprofiles 4 | source_len 8 | profiles | source
 *   profile  name 65 | format 1 | h264_profile 1 | encoder 1 | width 4
 *            | height 4 | bitrate 4 | fps_num 4 | fps_den 4 | gop_ms 4
 *            | quality 4
 *   RESULT   id 8 | status 23 | damaged 1 | decoded_frames 4
 *            | decoded_pixels 8 | cpu_ms 4 | wall_ms 4 | nrenditions 4
 *            | renditions | their bytes
 *   rendition  width 4 | height 4 | frames 4 | pixels 8 | len 8
 *   END      session 16
 *
 * A status goes by its label: its number may differ in another version.
 */

#include <string.h>

#include "common/net/jobs.h"


#define LP_JOBS_MAGIC      "LPJ1"
#define LP_JOBS_LABEL      23
#define LP_JOBS_PROFILE    96
#define LP_JOBS_RENDITION  28

/* the records, without what follows them */

#define LP_JOBS_HELLO_LEN   (2 * (LP_JOBS_NAME_MAX + 1) + 4)
#define LP_JOBS_JOB_LEN     (LP_JOBS_SESSION_LEN + 44)
#define LP_JOBS_RESULT_LEN  (LP_JOBS_LABEL + 33)

/* read this much before asking for memory again, as a peer may only boast */

#define LP_JOBS_STEP  (256 * 1024)

/* a buffer above this is not kept for the next frame */

#define LP_JOBS_KEEP  (4 * 1024 * 1024)


/* what is left of a body; every get was covered by a check of the length */

typedef struct {
    const uint8_t  *p;
    uint64_t        left;
} lp_jobs_cursor_t;


void
lp_jobs_reader_init(lp_jobs_reader_t *r, uint64_t body_max)
{
    if (body_max > LP_JOBS_BODY_MAX) {
        body_max = LP_JOBS_BODY_MAX;
    }

    memset(r, 0, sizeof(lp_jobs_reader_t));
    lp_buf_init(&r->bytes, (size_t) (LP_JOBS_HEADER + body_max));
    r->body_max = body_max;
    r->need = LP_JOBS_HEADER;
}


void
lp_jobs_reader_done(lp_jobs_reader_t *r)
{
    lp_buf_done(&r->bytes);
    r->need = LP_JOBS_HEADER;
    r->have_header = 0;
}


void
lp_jobs_reader_next(lp_jobs_reader_t *r)
{
    if (r->bytes.cap > LP_JOBS_KEEP) {
        lp_buf_done(&r->bytes);

    } else {
        lp_buf_reset(&r->bytes);
    }

    r->need = LP_JOBS_HEADER;
    r->have_header = 0;
}


lp_status_t
lp_jobs_reader_room(lp_jobs_reader_t *r, uint8_t **p, size_t *n)
{
    *n = r->need < LP_JOBS_STEP ? (size_t) r->need : LP_JOBS_STEP;
    *p = NULL;

    if (*n == 0) {
        return LP_OK;
    }

    *p = lp_buf_add(&r->bytes, *n);
    if (*p == NULL) {
        return lp_buf_status(&r->bytes);
    }

    r->bytes.len -= *n;                       /* until they are told of */

    return LP_AGAIN;
}


/* is a body of this length possible for this type */

static int
lp_jobs_body_fits(unsigned type, uint64_t len)
{
    switch (type) {

    case LP_JOBS_HELLO:
        return len == LP_JOBS_HELLO_LEN;

    case LP_JOBS_JOB:
        return len >= LP_JOBS_JOB_LEN;

    case LP_JOBS_RESULT:
        return len >= LP_JOBS_RESULT_LEN;

    case LP_JOBS_END:
        return len == LP_JOBS_SESSION_LEN;

    case LP_JOBS_PING:
    case LP_JOBS_PONG:
        return len == 0;
    }

    return 0;
}


static lp_status_t
lp_jobs_read_header(lp_jobs_reader_t *r)
{
    uint64_t        len;
    const uint8_t  *p = r->bytes.data;

    len = lp_get_be64(p + 8);

    if (memcmp(p, LP_JOBS_MAGIC, 4) != 0 || p[5] || p[6] || p[7]
        || !lp_jobs_body_fits(p[4], len))
    {
        return LP_MALFORMED;
    }

    if (len > r->body_max) {
        return LP_LIMIT;
    }

    r->type = (lp_jobs_type_e) p[4];
    r->have_header = 1;
    r->need = len;

    return len ? LP_AGAIN : LP_OK;
}


lp_status_t
lp_jobs_reader_got(lp_jobs_reader_t *r, size_t n)
{
    lp_status_t  rc;

    if (n > r->need || n > r->bytes.cap - r->bytes.len) {
        return LP_INTERNAL;
    }

    r->bytes.len += n;
    r->need -= n;

    if (r->need) {
        return LP_AGAIN;
    }

    if (r->have_header) {
        return LP_OK;
    }

    rc = lp_jobs_read_header(r);

    if (rc != LP_OK && rc != LP_AGAIN) {
        r->bytes.status = rc;                 /* for whoever goes on asking */
        r->need = LP_JOBS_HEADER;
    }

    return rc;
}


static int
lp_jobs_open(const lp_jobs_reader_t *r, lp_jobs_cursor_t *c,
    lp_jobs_type_e type)
{
    if (!r->have_header || r->need || r->type != type) {
        return 0;
    }

    c->p = r->bytes.data + LP_JOBS_HEADER;
    c->left = r->bytes.len - LP_JOBS_HEADER;

    return 1;
}


static const uint8_t *
lp_jobs_get(lp_jobs_cursor_t *c, size_t n)
{
    const uint8_t  *p = c->p;

    c->p += n;
    c->left -= n;

    return p;
}


static uint8_t
lp_jobs_get_u8(lp_jobs_cursor_t *c)
{
    return *lp_jobs_get(c, 1);
}


static uint32_t
lp_jobs_get_u32(lp_jobs_cursor_t *c)
{
    return lp_get_be32(lp_jobs_get(c, 4));
}


static uint64_t
lp_jobs_get_u64(lp_jobs_cursor_t *c)
{
    return lp_get_be64(lp_jobs_get(c, 8));
}


/* size bytes with at least one NUL, and nothing but NULs from there on */

static int
lp_jobs_get_name(lp_jobs_cursor_t *c, char *out, size_t size)
{
    size_t  i, len;

    memcpy(out, lp_jobs_get(c, size), size);
    len = strnlen(out, size);

    for (i = len; i < size; i++) {
        if (out[i]) {
            return 0;
        }
    }

    return len < size;
}


lp_status_t
lp_jobs_get_hello(const lp_jobs_reader_t *r, lp_jobs_hello_t *h)
{
    lp_jobs_cursor_t  c;

    memset(h, 0, sizeof(lp_jobs_hello_t));

    if (!lp_jobs_open(r, &c, LP_JOBS_HELLO)
        || !lp_jobs_get_name(&c, h->version, sizeof(h->version))
        || !lp_jobs_get_name(&c, h->encoder, sizeof(h->encoder)))
    {
        return LP_MALFORMED;
    }

    h->capacity = lp_jobs_get_u32(&c);

    return LP_OK;
}


static int
lp_jobs_get_profile(lp_jobs_cursor_t *c, lp_profile_t *p)
{
    if (!lp_jobs_get_name(c, p->name, sizeof(p->name))) {
        return 0;
    }

    p->format = lp_jobs_get_u8(c);
    p->h264_profile = lp_jobs_get_u8(c);
    p->encoder = lp_jobs_get_u8(c);
    p->width = lp_jobs_get_u32(c);
    p->height = lp_jobs_get_u32(c);
    p->bitrate = lp_jobs_get_u32(c);
    p->fps_num = lp_jobs_get_u32(c);
    p->fps_den = lp_jobs_get_u32(c);
    p->gop_ms = (int32_t) lp_jobs_get_u32(c);
    p->quality = lp_jobs_get_u32(c);

    return 1;
}


lp_status_t
lp_jobs_get_job(const lp_jobs_reader_t *r, lp_jobs_job_t *j,
    const uint8_t **source)
{
    uint32_t          i;
    lp_jobs_cursor_t  c;

    memset(j, 0, sizeof(lp_jobs_job_t));
    *source = NULL;

    if (!lp_jobs_open(r, &c, LP_JOBS_JOB)) {
        return LP_MALFORMED;
    }

    j->id = lp_jobs_get_u64(&c);
    memcpy(j->session, lp_jobs_get(&c, LP_JOBS_SESSION_LEN),
           LP_JOBS_SESSION_LEN);
    j->seq = lp_jobs_get_u64(&c);
    j->duration_ms = lp_jobs_get_u32(&c);
    j->deadline_ms = lp_jobs_get_u32(&c);
    j->max_pixels = lp_jobs_get_u64(&c);
    j->nprofiles = lp_jobs_get_u32(&c);
    j->source_len = lp_jobs_get_u64(&c);

    if (j->nprofiles < 1 || j->nprofiles > LP_PROFILE_MAX
        || c.left < (uint64_t) j->nprofiles * LP_JOBS_PROFILE)
    {
        j->nprofiles = 0;
        return LP_MALFORMED;
    }

    for (i = 0; i < j->nprofiles; i++) {
        if (!lp_jobs_get_profile(&c, &j->profiles[i])) {
            return LP_MALFORMED;
        }
    }

    if (j->source_len != c.left) {
        return LP_MALFORMED;
    }

    *source = c.p;

    return LP_OK;
}


static lp_status_t
lp_jobs_find_status(const char *label)
{
    int  s;

    for (s = 0; s < LP_NSTATUS; s++) {
        if (strcmp(label, lp_status_label((lp_status_t) s)) == 0) {
            return (lp_status_t) s;
        }
    }

    return LP_INTERNAL;                       /* of a version to come */
}


/* a rendition is paid for by its pixels: they follow from what is said */

static int
lp_jobs_get_rendition(lp_jobs_cursor_t *c, lp_jobs_rendition_t *rend)
{
    rend->width = lp_jobs_get_u32(c);
    rend->height = lp_jobs_get_u32(c);
    rend->frames = lp_jobs_get_u32(c);
    rend->pixels = lp_jobs_get_u64(c);
    rend->len = lp_jobs_get_u64(c);

    return rend->width <= LP_PROFILE_SIZE_MAX
           && rend->height <= LP_PROFILE_SIZE_MAX
           && rend->pixels == (uint64_t) rend->width * rend->height
                              * rend->frames;
}


static lp_status_t
lp_jobs_get_renditions(lp_jobs_cursor_t *c, lp_jobs_result_t *res,
    const uint8_t *data[LP_PROFILE_MAX])
{
    uint32_t              i;
    lp_jobs_rendition_t  *rend;

    for (i = 0; i < res->nrenditions; i++) {
        if (!lp_jobs_get_rendition(c, &res->renditions[i])) {
            return LP_MALFORMED;
        }
    }

    for (i = 0; i < res->nrenditions; i++) {
        rend = &res->renditions[i];

        if (rend->len > c->left) {
            return LP_MALFORMED;
        }

        data[i] = lp_jobs_get(c, (size_t) rend->len);
    }

    return c->left ? LP_MALFORMED : LP_OK;
}


lp_status_t
lp_jobs_get_result(const lp_jobs_reader_t *r, lp_jobs_result_t *res,
    const uint8_t *data[LP_PROFILE_MAX])
{
    char              label[LP_JOBS_LABEL];
    lp_status_t       rc;
    lp_jobs_cursor_t  c;

    memset(res, 0, sizeof(lp_jobs_result_t));
    memset(data, 0, LP_PROFILE_MAX * sizeof(uint8_t *));

    if (!lp_jobs_open(r, &c, LP_JOBS_RESULT)) {
        return LP_MALFORMED;
    }

    res->id = lp_jobs_get_u64(&c);

    if (!lp_jobs_get_name(&c, label, sizeof(label))) {
        return LP_MALFORMED;
    }

    res->status = lp_jobs_find_status(label);
    res->damaged = lp_jobs_get_u8(&c);
    res->decoded_frames = lp_jobs_get_u32(&c);
    res->decoded_pixels = lp_jobs_get_u64(&c);
    res->cpu_ms = lp_jobs_get_u32(&c);
    res->wall_ms = lp_jobs_get_u32(&c);
    res->nrenditions = lp_jobs_get_u32(&c);

    if (res->damaged > 1 || res->nrenditions > LP_PROFILE_MAX
        || (res->status != LP_OK && res->nrenditions)
        || c.left < (uint64_t) res->nrenditions * LP_JOBS_RENDITION)
    {
        rc = LP_MALFORMED;

    } else {
        rc = lp_jobs_get_renditions(&c, res, data);
    }

    if (rc != LP_OK) {
        res->nrenditions = 0;
    }

    return rc;
}


lp_status_t
lp_jobs_get_end(const lp_jobs_reader_t *r,
    uint8_t session[LP_JOBS_SESSION_LEN])
{
    lp_jobs_cursor_t  c;

    memset(session, 0, LP_JOBS_SESSION_LEN);

    if (!lp_jobs_open(r, &c, LP_JOBS_END)) {
        return LP_MALFORMED;
    }

    memcpy(session, c.p, LP_JOBS_SESSION_LEN);

    return LP_OK;
}


static void
lp_jobs_refuse(lp_buf_t *out)
{
    if (lp_buf_status(out) == LP_OK) {
        out->status = LP_LIMIT;
    }
}


/* record and payload together; a peer would hang up on more than the limit */

static void
lp_jobs_put_header(lp_buf_t *out, lp_jobs_type_e type, uint64_t len)
{
    if (len > LP_JOBS_BODY_MAX) {
        lp_jobs_refuse(out);
        return;
    }

    lp_buf_put(out, LP_JOBS_MAGIC, 4);
    lp_buf_put_u8(out, (uint8_t) type);
    lp_buf_put_u8(out, 0);
    lp_buf_put_be16(out, 0);
    lp_buf_put_be64(out, len);
}


static void
lp_jobs_put_name(lp_buf_t *out, const char *name, size_t size)
{
    uint8_t  *p;

    p = lp_buf_add(out, size);
    if (p) {
        memset(p, 0, size);
        memcpy(p, name, strnlen(name, size - 1));
    }
}


void
lp_jobs_put_hello(lp_buf_t *out, const lp_jobs_hello_t *h)
{
    lp_jobs_put_header(out, LP_JOBS_HELLO, LP_JOBS_HELLO_LEN);
    lp_jobs_put_name(out, h->version, sizeof(h->version));
    lp_jobs_put_name(out, h->encoder, sizeof(h->encoder));
    lp_buf_put_be32(out, h->capacity);
}


static void
lp_jobs_put_profile(lp_buf_t *out, const lp_profile_t *p)
{
    lp_jobs_put_name(out, p->name, sizeof(p->name));
    lp_buf_put_u8(out, p->format);
    lp_buf_put_u8(out, p->h264_profile);
    lp_buf_put_u8(out, p->encoder);
    lp_buf_put_be32(out, p->width);
    lp_buf_put_be32(out, p->height);
    lp_buf_put_be32(out, p->bitrate);
    lp_buf_put_be32(out, p->fps_num);
    lp_buf_put_be32(out, p->fps_den);
    lp_buf_put_be32(out, (uint32_t) p->gop_ms);
    lp_buf_put_be32(out, p->quality);
}


void
lp_jobs_put_job(lp_buf_t *out, const lp_jobs_job_t *j)
{
    uint32_t  i;

    if (j->nprofiles > LP_PROFILE_MAX || j->source_len > LP_JOBS_BODY_MAX) {
        lp_jobs_refuse(out);
        return;
    }

    lp_jobs_put_header(out, LP_JOBS_JOB, LP_JOBS_JOB_LEN
                       + j->nprofiles * LP_JOBS_PROFILE + j->source_len);
    lp_buf_put_be64(out, j->id);
    lp_buf_put(out, j->session, LP_JOBS_SESSION_LEN);
    lp_buf_put_be64(out, j->seq);
    lp_buf_put_be32(out, j->duration_ms);
    lp_buf_put_be32(out, j->deadline_ms);
    lp_buf_put_be64(out, j->max_pixels);
    lp_buf_put_be32(out, j->nprofiles);
    lp_buf_put_be64(out, j->source_len);

    for (i = 0; i < j->nprofiles; i++) {
        lp_jobs_put_profile(out, &j->profiles[i]);
    }
}


/* all bytes of a result, LP_JOBS_BODY_MAX + 1 when it has too many */

static uint64_t
lp_jobs_result_len(const lp_jobs_result_t *res)
{
    uint32_t  i;
    uint64_t  len;

    if (res->nrenditions > LP_PROFILE_MAX) {
        return LP_JOBS_BODY_MAX + 1;
    }

    len = LP_JOBS_RESULT_LEN + res->nrenditions * LP_JOBS_RENDITION;

    for (i = 0; i < res->nrenditions; i++) {
        if (res->renditions[i].len > LP_JOBS_BODY_MAX) {
            return LP_JOBS_BODY_MAX + 1;
        }

        len += res->renditions[i].len;
    }

    return len;
}


void
lp_jobs_put_result(lp_buf_t *out, const lp_jobs_result_t *res)
{
    uint32_t                    i;
    uint64_t                    len;
    const lp_jobs_rendition_t  *rend;

    len = lp_jobs_result_len(res);

    if (len > LP_JOBS_BODY_MAX) {
        lp_jobs_refuse(out);
        return;
    }

    lp_jobs_put_header(out, LP_JOBS_RESULT, len);
    lp_buf_put_be64(out, res->id);
    lp_jobs_put_name(out, lp_status_label(res->status), LP_JOBS_LABEL);
    lp_buf_put_u8(out, res->damaged != 0);
    lp_buf_put_be32(out, res->decoded_frames);
    lp_buf_put_be64(out, res->decoded_pixels);
    lp_buf_put_be32(out, res->cpu_ms);
    lp_buf_put_be32(out, res->wall_ms);
    lp_buf_put_be32(out, res->nrenditions);

    for (i = 0; i < res->nrenditions; i++) {
        rend = &res->renditions[i];

        lp_buf_put_be32(out, rend->width);
        lp_buf_put_be32(out, rend->height);
        lp_buf_put_be32(out, rend->frames);
        lp_buf_put_be64(out, rend->pixels);
        lp_buf_put_be64(out, rend->len);
    }
}


void
lp_jobs_put_end(lp_buf_t *out, const uint8_t session[LP_JOBS_SESSION_LEN])
{
    lp_jobs_put_header(out, LP_JOBS_END, LP_JOBS_SESSION_LEN);
    lp_buf_put(out, session, LP_JOBS_SESSION_LEN);
}


void
lp_jobs_put_ping(lp_buf_t *out)
{
    lp_jobs_put_header(out, LP_JOBS_PING, 0);
}


void
lp_jobs_put_pong(lp_buf_t *out)
{
    lp_jobs_put_header(out, LP_JOBS_PONG, 0);
}
