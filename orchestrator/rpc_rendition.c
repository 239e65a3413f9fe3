/* The shelf of a session and the GET that reads from it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/util/hex.h"
#include "orchestrator/rpc.h"


#define ORCH_RENDITION_PREFIX  "/stream/"


typedef struct {
    char             name[LP_PROFILE_NAME_MAX + 1];
    uint8_t          format;                         /* lp_format_e */
    uint8_t          fetched;
    const uint8_t   *data;                           /* in the blob */
    size_t           len;
} orch_shelf_file_t;

struct orch_shelf_item_s {
    uint64_t           seq;
    orch_blob_t       *blob;
    size_t             n;
    orch_shelf_file_t  files[];
};

/* what a path asks for */
typedef struct {
    uint8_t            session[ORCH_TOKEN_ID / 2];
    orch_str_t         name;
    uint64_t           seq;
    uint8_t            format;
} orch_rendition_path_t;


void
orch_shelf_init(orch_shelf_t *shelf, uint32_t size)
{
    memset(shelf, 0, sizeof(*shelf));

    shelf->size = size < ORCH_SHELF_MAX ? size : ORCH_SHELF_MAX;
}


static void
orch_shelf_drop(orch_shelf_item_t **item)
{
    if (*item) {
        orch_blob_release((*item)->blob);
        free(*item);
        *item = NULL;
    }
}


void
orch_shelf_done(orch_shelf_t *shelf)
{
    uint32_t  i;

    for (i = 0; i < shelf->size; i++) {
        orch_shelf_drop(&shelf->items[i]);
    }
}


/* the place of seq when it is there, else that of the oldest */

static orch_shelf_item_t **
orch_shelf_place(orch_shelf_t *shelf, uint64_t seq)
{
    uint32_t  i;

    for (i = 0; i < shelf->size; i++) {
        if (shelf->items[i] && shelf->items[i]->seq == seq) {
            return &shelf->items[i];
        }
    }

    i = shelf->next;
    shelf->next = (shelf->next + 1) % shelf->size;

    return &shelf->items[i];
}


lp_status_t
orch_shelf_put(orch_shelf_t *shelf, const orch_job_t *job)
{
    size_t               i, n;
    orch_shelf_item_t   *item, **place;

    n = job->ask.nprofiles;

    item = calloc(1, sizeof(orch_shelf_item_t)
                     + n * sizeof(orch_shelf_file_t));
    if (item == NULL) {
        return LP_NOMEM;
    }

    item->seq = job->ask.seq;
    item->n = n;
    item->blob = orch_blob_hold(job->blob);

    for (i = 0; i < n; i++) {
        memcpy(item->files[i].name, job->ask.profiles[i].name,
               sizeof(item->files[i].name));
        item->files[i].format = job->ask.profiles[i].format;
        item->files[i].data = job->data[i];
        item->files[i].len = job->result.renditions[i].len;
    }

    place = orch_shelf_place(shelf, item->seq);
    orch_shelf_drop(place);
    *place = item;

    return LP_OK;
}


size_t
orch_shelf_unfetched(const orch_shelf_t *shelf)
{
    size_t    k, n;
    uint32_t  i;

    for (i = 0, n = 0; i < shelf->size; i++) {
        for (k = 0; shelf->items[i] && k < shelf->items[i]->n; k++) {
            n += !shelf->items[i]->files[k].fetched;
        }
    }

    return n;
}


static orch_shelf_file_t *
orch_shelf_find(orch_shelf_t *shelf, const orch_rendition_path_t *path,
    orch_blob_t **blob)
{
    size_t              k;
    uint32_t            i;
    orch_shelf_file_t  *f;

    for (i = 0; i < shelf->size; i++) {

        if (shelf->items[i] == NULL || shelf->items[i]->seq != path->seq) {
            continue;
        }

        for (k = 0; k < shelf->items[i]->n; k++) {
            f = &shelf->items[i]->files[k];

            if (f->format == path->format && strlen(f->name) == path->name.len
                && memcmp(f->name, path->name.data, path->name.len) == 0)
            {
                *blob = shelf->items[i]->blob;
                return f;
            }
        }
    }

    return NULL;
}


void
orch_rendition_path(lp_buf_t *out, const char *session,
    const lp_profile_t *profile, uint64_t seq)
{
    lp_buf_printf(out, ORCH_RENDITION_PREFIX "%s/%s/%llu.%s", session,
                  profile->name, (unsigned long long) seq,
                  profile->format == LP_FORMAT_MP4 ? "mp4" : "ts");
}


/* digits, without a leading zero as we write them; -1: anything else */

static int
orch_rendition_seq(uint64_t *seq, const char *p, size_t len)
{
    uint64_t  v;

    if (len == 0 || len > 19 || (len > 1 && *p == '0')) {
        return -1;
    }

    for (v = 0; len; p++, len--) {
        if (*p < '0' || *p > '9') {
            return -1;
        }

        v = v * 10 + (uint64_t) (*p - '0');
    }

    *seq = v;

    return 0;
}


static int
orch_rendition_parse(orch_rendition_path_t *out, const orch_str_t *path)
{
    const char  *p, *end, *name, *dot;

    p = path->data + sizeof(ORCH_RENDITION_PREFIX) - 1;
    end = memchr(path->data, '?', path->len);
    end = end ? end : path->data + path->len;

    if (end - p <= ORCH_TOKEN_ID || p[ORCH_TOKEN_ID] != '/'
        || lp_hex_decode(out->session, sizeof(out->session), p,
                         ORCH_TOKEN_ID) != LP_OK)
    {
        return -1;
    }

    name = p + ORCH_TOKEN_ID + 1;

    p = memchr(name, '/', (size_t) (end - name));
    if (p == NULL) {
        return -1;
    }

    out->name.data = name;
    out->name.len = (size_t) (p - name);
    p++;

    dot = memchr(p, '.', (size_t) (end - p));
    if (dot == NULL) {
        return -1;
    }

    if (end - dot == 3 && memcmp(dot, ".ts", 3) == 0) {
        out->format = LP_FORMAT_MPEGTS;

    } else if (end - dot == 4 && memcmp(dot, ".mp4", 4) == 0) {
        out->format = LP_FORMAT_MP4;

    } else {
        return -1;
    }

    return orch_rendition_seq(&out->seq, p, (size_t) (dot - p));
}


static void
orch_rendition_reply(orch_rpc_t *rpc, orch_http_request_t *r,
    orch_shelf_file_t *f, orch_blob_t *blob)
{
    int                 get;
    char                length[24];
    orch_http_header_t  headers[] = {
        { "content-type", f->format == LP_FORMAT_MP4 ? "video/mp4"
                                                     : "video/mp2t" },
        { "content-length", length },
        { "x-content-type-options", "nosniff" },
        { "access-control-allow-origin", "*" },
        { "access-control-expose-headers", "Content-Length" },
        { "cache-control", "max-age=5" }
    };

    get = orch_rpc_method_is(r, "GET");
    snprintf(length, sizeof(length), "%zu", f->len);

    orch_http_head(r, 200, headers, sizeof(headers) / sizeof(headers[0]));

    if (get) {
        f->fetched = 1;
        rpc->metrics.value[ORCH_METRIC_FETCHES]++;
        orch_http_body(r, f->data, f->len, orch_blob_release,
                       orch_blob_hold(blob));
    }

    orch_http_finish(r, NULL, 0);

    if (get && rpc->idle) {
        orch_loop_wake(rpc->idle);
    }
}


void
orch_rendition_begin(orch_rpc_t *rpc, orch_http_request_t *r)
{
    orch_blob_t            *blob;
    orch_session_t         *s;
    orch_shelf_file_t      *f;
    orch_rendition_path_t   path;

    if (!orch_rpc_method_is(r, "GET") && !orch_rpc_method_is(r, "HEAD")) {
        orch_rpc_refuse(r, 405, "Method Not Allowed");
        return;
    }

    f = NULL;

    if (orch_rendition_parse(&path, &r->path) == 0) {
        s = orch_capacity_find(&rpc->capacity, path.session);

        if (s) {
            f = orch_shelf_find(&s->shelf, &path, &blob);
        }
    }

    if (f) {
        orch_rendition_reply(rpc, r, f, blob);

    } else {
        orch_rpc_refuse(r, 404, "ErrNotFound");
    }
}
