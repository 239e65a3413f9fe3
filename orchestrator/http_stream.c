/*
 * A request's life between its codec and its handler: fields counted, body
 * pushed, limits applied. No I/O happens here.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/http_conn.h"


static void orch_stream_abort(orch_stream_t *s);


void
orch_stream_count(orch_stream_t *s, size_t n)
{
    s->memory += n;
    orch_http_memory(s->conn->http, (int64_t) n);
}


void
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
    lp_arena_init(&s->answer, 2 * ORCH_HTTP_HEADER_ROOM);
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
    lp_arena_done(&s->answer);
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


orch_str_t
orch_stream_copy(lp_arena_t *to, const char *text, size_t len)
{
    orch_str_t  str;

    str.data = lp_arena_strndup(to, text, len);
    str.len = str.data ? len : 0;

    return str;
}


/*
 * A few bytes of HPACK name kilobytes of fields again and again: they must
 * not stay for as long as the peer likes to keep its stream open.
 */
void
orch_stream_forget(orch_stream_t *s)
{
    static const orch_str_t  none = { "", 0 };

    s->nfields = 0;
    s->r.method = none;
    s->r.path = none;
    s->r.authority = none;

    orch_stream_uncount(s, s->field_memory);
    s->field_memory = 0;
    lp_arena_done(&s->arena);
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

    f.name = orch_stream_copy(&s->arena, name, nlen);
    f.value = orch_stream_copy(&s->arena, value, vlen);

    if (f.name.data == NULL || f.value.data == NULL) {
        s->refuse = 503;
        return 0;
    }

    s->field_memory += nlen + vlen;
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
