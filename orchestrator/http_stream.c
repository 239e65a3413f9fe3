/*
 * A request's life between its codec and its handler: fields counted, body
 * pushed, answer queued, limits applied. No I/O happens here.
 */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/http_conn.h"


static void orch_stream_abort(orch_stream_t *s);
static void orch_stream_release(orch_stream_t *s);
static void orch_stream_answer(orch_stream_t *s, int status, const char *text);


static orch_stream_t *
orch_stream_of(const orch_http_request_t *r)
{
    return (orch_stream_t *) (uintptr_t) r;
}


static uint64_t
orch_stream_now(const orch_stream_t *s)
{
    return orch_loop_now_ms(s->conn->http->loop);
}


static void
orch_stream_count(orch_stream_t *s, size_t n)
{
    s->memory += n;
    orch_http_memory(s->conn->http, (int64_t) n);
}


static void
orch_stream_uncount(orch_stream_t *s, size_t n)
{
    s->memory -= n;
    orch_http_memory(s->conn->http, -(int64_t) n);
}


/*
 * One body at a time goes on even then: when all wait for each other, none
 * would ever be whole and give its memory back.
 */
int
orch_stream_holds(orch_stream_t *s)
{
    orch_http_t  *h = s->conn->http;

    if (!s->active || s->discard || !orch_http_memory_high(h)) {
        return 0;
    }

    if (h->pass == NULL) {
        h->pass = s;
    }

    if (h->pass == s) {
        return 0;
    }

    h->held = 1;

    return 1;
}


static void
orch_stream_end_pass(orch_stream_t *s)
{
    orch_http_t  *h = s->conn->http;

    if (h->pass == s) {
        h->pass = NULL;
        orch_http_wake_held(h);
    }
}


orch_stream_t *
orch_stream_create(orch_conn_t *c, int32_t id)
{
    orch_stream_t  *s;

    s = calloc(1, sizeof(orch_stream_t));
    if (s == NULL) {
        return NULL;
    }

    s->conn = c;
    s->id = id;
    s->last = &s->pieces;
    s->r.content_length = UINT64_MAX;
    s->r.body_max = ORCH_HTTP_BODY_MAX;
    memcpy(s->r.peer, c->peer, sizeof(s->r.peer));

    lp_arena_init(&s->arena, 2 * ORCH_HTTP_HEADER_ROOM);
    orch_stream_count(s, sizeof(orch_stream_t));

    s->next = c->streams;
    if (s->next) {
        s->next->prev = s;
    }

    c->streams = s;
    c->nstreams++;

    return s;
}


void
orch_stream_destroy(orch_stream_t *s)
{
    orch_conn_t     *c = s->conn;
    orch_stream_t  **link;

    orch_stream_abort(s);
    orch_stream_release(s);
    orch_stream_end_pass(s);

    for (link = &c->dirty; *link; link = &(*link)->next_dirty) {
        if (*link == s) {
            *link = s->next_dirty;
            break;
        }
    }

    if (s->next) {
        s->next->prev = s->prev;
    }

    if (s->prev) {
        s->prev->next = s->next;

    } else {
        c->streams = s->next;
    }

    if (--c->nstreams == 0) {
        c->idle_ms = orch_stream_now(s);
    }

    orch_stream_uncount(s, s->memory);
    lp_arena_done(&s->arena);
    free(s);
}


/* what the handler still holds of the request ends here */
static void
orch_stream_abort(orch_stream_t *s)
{
    if (!s->active) {
        return;
    }

    s->active = 0;

    if (s->r.on_abort) {
        s->r.on_abort(&s->r);
    }
}


static void
orch_stream_release(orch_stream_t *s)
{
    orch_piece_t  *piece;

    while (s->pieces) {
        piece = s->pieces;
        s->pieces = piece->next;

        if (piece->release) {
            piece->release(piece->release_data);
        }

        free(piece);
    }

    orch_stream_uncount(s, s->queued);
    s->last = &s->pieces;
    s->queued = 0;
}


static orch_str_t
orch_stream_copy(orch_stream_t *s, const char *text, size_t len)
{
    orch_str_t  str;

    str.data = lp_arena_strndup(&s->arena, text, len);
    str.len = str.data ? len : 0;

    return str;
}


static int
orch_stream_add_pseudo(orch_stream_t *s, orch_str_t name, orch_str_t value)
{
    if (name.len == 7 && memcmp(name.data, ":method", 7) == 0) {
        s->r.method = value;
        return 1;
    }

    if (name.len == 5 && memcmp(name.data, ":path", 5) == 0) {
        s->r.path = value;
        return 1;
    }

    if (name.len == 10 && memcmp(name.data, ":authority", 10) == 0) {
        s->r.authority = value;
        return 1;
    }

    if (name.len == 4 && memcmp(name.data, "host", 4) == 0
        && s->r.authority.len == 0)
    {
        s->r.authority = value;
    }

    return name.len && name.data[0] == ':';
}


/*
 * Beyond the limits a field is dropped and the request will get 431; only
 * far beyond them (a bomb of HPACK) the caller ends the connection.
 */
int
orch_stream_add_field(orch_stream_t *s, const char *name, size_t nlen,
    const char *value, size_t vlen)
{
    char           *p;
    size_t          i;
    orch_field_t    f;

    s->field_bytes += nlen + vlen + 32;

    if (s->field_bytes > 4 * ORCH_HTTP_HEADER_LIST) {
        return -1;
    }

    if (nlen + vlen > ORCH_HTTP_FIELD_MAX
        || s->field_bytes > ORCH_HTTP_HEADER_LIST
        || s->nfields == ORCH_HTTP_HEADERS_MAX)
    {
        s->refuse = 431;
    }

    if (s->refuse) {
        return 0;
    }

    f.name = orch_stream_copy(s, name, nlen);
    f.value = orch_stream_copy(s, value, vlen);

    if (f.name.data == NULL || f.value.data == NULL) {
        s->refuse = 503;
        return 0;
    }

    orch_stream_count(s, nlen + vlen);

    p = (char *) (uintptr_t) f.name.data;
    for (i = 0; i < nlen; i++) {
        p[i] = (char) tolower((unsigned char) p[i]);
    }

    if (!orch_stream_add_pseudo(s, f.name, f.value)) {
        s->fields[s->nfields++] = f;
    }

    return 0;
}


/* the codecs have checked that these are digits and came once */
static void
orch_stream_read_length(orch_stream_t *s)
{
    size_t      i;
    uint64_t    n = 0;
    orch_str_t  v;

    v = orch_http_header(&s->r, "content-length", NULL);

    if (v.len == 0) {
        return;
    }

    for (i = 0; i < v.len; i++) {
        if (v.data[i] < '0' || v.data[i] > '9' || n > UINT64_MAX / 10 - 1) {
            return;
        }

        n = n * 10 + (uint64_t) (v.data[i] - '0');
    }

    s->r.content_length = n;
}


static int
orch_stream_is_over(orch_stream_t *s, uint64_t bytes)
{
    if (bytes <= s->r.body_max) {
        return 0;
    }

    orch_stream_refuse(s, 413, "request body too large");

    return 1;
}


void
orch_stream_begin(orch_stream_t *s, int has_body)
{
    orch_conn_t  *c = s->conn;
    orch_http_t  *h = c->http;

    h->stats.requests++;
    c->requests++;
    orch_conn_not_fresh(c);

    s->begun = 1;
    s->r.received_ms = orch_stream_now(s);
    s->r.ended = !has_body;
    s->head_only = s->r.method.len == 4
                   && memcmp(s->r.method.data, "HEAD", 4) == 0;

    if (s->refuse) {
        orch_stream_refuse(s, s->refuse, orch_http_reason(s->refuse));
        return;
    }

    if (has_body && orch_http_memory_high(h)) {
        orch_stream_refuse(s, 503, "out of memory for bodies");
        return;
    }

    orch_stream_read_length(s);

    s->active = 1;
    h->conf.begin(h->conf.data, &s->r);

    if (!s->active) {
        return;
    }

    if (has_body) {
        if (s->r.content_length != UINT64_MAX) {
            orch_stream_is_over(s, s->r.content_length);
        }

        return;
    }

    if (s->r.on_end) {
        s->r.on_end(&s->r);
    }
}


void
orch_stream_body(orch_stream_t *s, const uint8_t *p, size_t len)
{
    s->body_bytes += len;

    if (!s->active || s->discard || orch_stream_is_over(s, s->body_bytes)) {
        return;
    }

    orch_stream_count(s, len);

    if (s->r.on_body) {
        s->r.on_body(&s->r, p, len);
    }
}


void
orch_stream_end(orch_stream_t *s)
{
    if (s->r.ended) {
        return;
    }

    s->r.ended = 1;
    orch_stream_end_pass(s);

    if (s->active && !s->discard && s->r.on_end) {
        s->r.on_end(&s->r);
    }
}


/*
 * The server's own answer in place of the handler's. When a part of that is
 * on its way already, the stream is cut instead.
 */
void
orch_stream_refuse(orch_stream_t *s, int status, const char *text)
{
    s->conn->http->stats.bad_requests++;

    orch_stream_abort(s);
    orch_stream_release(s);
    orch_stream_end_pass(s);
    s->discard = 1;

    if (s->submitted) {
        s->stopped = 1;
        s->conn->codec->stop(s);
        orch_conn_wake(s->conn);
        return;
    }

    s->status = 0;
    s->nheaders = 0;
    s->ntrailers = 0;
    s->has_length = 0;
    s->finished = 0;

    orch_stream_answer(s, status, text);
}


static uint64_t
orch_stream_check_body(orch_stream_t *s, uint64_t now)
{
    uint64_t                 at, total;
    const orch_http_conf_t  *conf = &s->conn->http->conf;

    if (!s->begun || s->r.ended || s->discard || s->finished) {
        return ORCH_HTTP_NEVER;
    }

    at = s->r.received_ms + ORCH_HTTP_GRACE_MS
         + s->body_bytes * 1000 / conf->body_rate;

    if (s->r.body_deadline_ms) {
        total = s->r.received_ms + s->r.body_deadline_ms;
        at = total < at ? total : at;
    }

    if (at > now) {
        return at;
    }

    s->conn->http->stats.timeouts++;
    orch_stream_refuse(s, 408, "request body too slow");

    return now;
}


/* the next deadline; now when one has passed and was acted upon */
uint64_t
orch_stream_check(orch_stream_t *s, uint64_t now)
{
    uint64_t  at, stall;

    at = orch_stream_check_body(s, now);

    if (s->stopped) {
        return at;
    }

    if (s->answered_ms) {
        stall = s->answered_ms + ORCH_HTTP_DISCARD_MS;

    } else if (s->queued && s->submitted) {
        stall = s->progress_ms + s->conn->http->conf.stall_ms;

    } else {
        return at;
    }

    if (stall > now) {
        return stall < at ? stall : at;
    }

    s->conn->http->stats.timeouts += s->answered_ms == 0;
    s->stopped = 1;
    s->conn->codec->stop(s);

    return now;
}


void
orch_stream_mark(orch_stream_t *s)
{
    orch_conn_t  *c = s->conn;

    if (!s->dirty) {
        s->dirty = 1;
        s->next_dirty = c->dirty;
        c->dirty = s;
    }

    orch_conn_wake(c);
}


void
orch_stream_take(orch_stream_t *s, uint8_t *out, size_t len)
{
    size_t         n;
    orch_piece_t  *piece;

    assert(len <= s->queued);

    orch_stream_uncount(s, len);
    s->queued -= len;
    s->sent += len;

    if (s->queued == 0 || s->sent >= ORCH_HTTP_PROGRESS) {
        s->progress_ms = orch_stream_now(s);
        s->sent = 0;
    }

    while (len) {
        piece = s->pieces;
        n = len < piece->len ? len : piece->len;

        memcpy(out, piece->data, n);
        out += n;
        len -= n;
        piece->data += n;
        piece->len -= n;

        if (piece->len == 0) {
            s->pieces = piece->next;

            if (s->pieces == NULL) {
                s->last = &s->pieces;
            }

            if (piece->release) {
                piece->release(piece->release_data);
            }

            free(piece);
        }
    }
}


orch_str_t
orch_http_header(const orch_http_request_t *r, const char *name,
    size_t *count)
{
    size_t                len = strlen(name), n = 0;
    unsigned              i;
    orch_str_t            value = { "", 0 };
    const orch_stream_t  *s = orch_stream_of(r);

    for (i = 0; i < s->nfields; i++) {
        if (s->fields[i].name.len == len
            && memcmp(s->fields[i].name.data, name, len) == 0)
        {
            if (n++ == 0) {
                value = s->fields[i].value;
            }
        }
    }

    if (count) {
        *count = n;
    }

    return value;
}


/* a value with a control character could be read as another field */
static int
orch_stream_is_clean(const char *value)
{
    for ( /* void */ ; *value; value++) {
        if ((unsigned char) *value < 0x20 || *value == 0x7f) {
            return 0;
        }
    }

    return 1;
}


static unsigned
orch_stream_copy_fields(orch_stream_t *s, orch_field_t *to,
    const orch_http_header_t *from, size_t n)
{
    size_t         i;
    unsigned       k = 0;
    orch_field_t  *f;

    assert(n <= ORCH_HTTP_ANSWER_MAX);

    for (i = 0; i < n; i++) {
        if (!orch_stream_is_clean(from[i].value)) {
            continue;
        }

        f = &to[k];
        f->name = orch_stream_copy(s, from[i].name, strlen(from[i].name));
        f->value = orch_stream_copy(s, from[i].value, strlen(from[i].value));

        if (f->name.data && f->value.data) {
            k++;
        }
    }

    return k;
}


void
orch_http_head(orch_http_request_t *r, int status,
    const orch_http_header_t *headers, size_t nheaders)
{
    size_t          i;
    orch_stream_t  *s = orch_stream_of(r);

    assert(s->status == 0 && status >= 200 && status <= 999);

    s->status = status;
    s->nheaders = orch_stream_copy_fields(s, s->headers, headers, nheaders);
    s->progress_ms = orch_stream_now(s);

    if (status == 204 || status == 304) {
        s->head_only = 1;
    }

    for (i = 0; i < nheaders; i++) {
        if (strcmp(headers[i].name, "content-length") == 0) {
            s->has_length = 1;
        }
    }

    orch_stream_mark(s);
}


void
orch_http_body(orch_http_request_t *r, const void *bytes, size_t len,
    orch_loop_handler_pt release, void *data)
{
    orch_piece_t   *piece;
    orch_stream_t  *s = orch_stream_of(r);

    assert(s->status != 0 && !s->finished);

    if (len == 0 || s->head_only || s->stopped) {
        if (release) {
            release(data);
        }

        return;
    }

    piece = malloc(sizeof(orch_piece_t) + (release ? 0 : len));
    if (piece == NULL) {
        if (release) {
            release(data);
        }

        s->conn->dead = 1;
        orch_conn_wake(s->conn);
        return;
    }

    piece->next = NULL;
    piece->len = len;
    piece->release = release;
    piece->release_data = data;
    piece->data = bytes;

    if (release == NULL) {
        memcpy(piece->copy, bytes, len);
        piece->data = piece->copy;
    }

    if (s->queued == 0) {
        s->progress_ms = orch_stream_now(s);
        s->sent = 0;
    }

    *s->last = piece;
    s->last = &piece->next;
    s->queued += len;

    orch_stream_count(s, len);
    orch_stream_mark(s);
}


void
orch_http_finish(orch_http_request_t *r, const orch_http_header_t *trailers,
    size_t n)
{
    orch_stream_t  *s = orch_stream_of(r);

    assert(s->status != 0 && !s->finished);

    s->ntrailers = orch_stream_copy_fields(s, s->trailers, trailers, n);
    s->finished = 1;
    s->active = 0;

    orch_stream_mark(s);
}


void
orch_http_reply(orch_http_request_t *r, int status,
    const orch_http_header_t *headers, size_t nheaders,
    const void *body, size_t len)
{
    char                 length[24];
    orch_http_header_t   all[ORCH_HTTP_ANSWER_MAX];

    assert(nheaders < ORCH_HTTP_ANSWER_MAX);

    if (nheaders) {
        memcpy(all, headers, nheaders * sizeof(orch_http_header_t));
    }

    snprintf(length, sizeof(length), "%zu", len);
    all[nheaders].name = "content-length";
    all[nheaders].value = length;

    if (status != 204) {
        nheaders++;
    }

    orch_http_head(r, status, all, nheaders);
    orch_http_body(r, body, len, NULL, NULL);
    orch_http_finish(r, NULL, 0);
}


static void
orch_stream_answer(orch_stream_t *s, int status, const char *text)
{
    char    line[512];
    size_t  len;

    static const orch_http_header_t  headers[] = {
        { "content-type", "text/plain; charset=utf-8" },
        { "x-content-type-options", "nosniff" },
    };

    len = strnlen(text, sizeof(line) - 1);
    memcpy(line, text, len);
    line[len] = '\n';

    orch_http_reply(&s->r, status, headers, 2, line, len + 1);
}


void
orch_http_error(orch_http_request_t *r, int status, const char *text)
{
    orch_stream_answer(orch_stream_of(r), status, text);
}


void
orch_http_discard(orch_http_request_t *r)
{
    orch_stream_of(r)->discard = 1;
}


static const struct {
    int          status;
    const char  *reason;
} orch_http_reasons[] = {
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 206, "Partial Content" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 304, "Not Modified" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 402, "Payment Required" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 408, "Request Timeout" },
    { 411, "Length Required" },
    { 413, "Payload Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 416, "Range Not Satisfiable" },
    { 417, "Expectation Failed" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 503, "Service Unavailable" },
    { 505, "HTTP Version Not Supported" },
};


const char *
orch_http_reason(int status)
{
    size_t  i, n = sizeof(orch_http_reasons) / sizeof(orch_http_reasons[0]);

    for (i = 0; i < n; i++) {
        if (orch_http_reasons[i].status == status) {
            return orch_http_reasons[i].reason;
        }
    }

    return "Unknown";
}
