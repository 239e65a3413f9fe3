/*
 * HTTP/1 on llhttp. One request at a time: what a client sends ahead waits
 * until the answer before it is out.
 *
 *   head -> body -> answer -> head ...
 *      \------\------- closing
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <llhttp.h>

#include "orchestrator/http1.h"


typedef struct {
    llhttp_t        parser;
    orch_conn_t    *conn;
    orch_stream_t  *s;                        /* NULL: between requests */

    lp_buf_t        head;
    size_t          line;                     /* where the last one begins */
    unsigned        nlines;
    lp_buf_t        pending;

    orch_str_t      url;
    orch_str_t      name;
    orch_str_t      value;

    unsigned        body_done:1;
    unsigned        keep:1;                   /* the connection, afterwards */
    unsigned        chunked:1;                /* the answer */
} orch_http1_t;


static int orch_http1_recv(orch_conn_t *c, const uint8_t *p, size_t len);
static int orch_http1_on_url(llhttp_t *parser, const char *at, size_t len);
static int orch_http1_on_name(llhttp_t *parser, const char *at, size_t len);
static int orch_http1_on_value(llhttp_t *parser, const char *at, size_t len);
static int orch_http1_on_value_end(llhttp_t *parser);
static int orch_http1_on_head(llhttp_t *parser);
static int orch_http1_on_body(llhttp_t *parser, const char *at, size_t len);
static int orch_http1_on_end(llhttp_t *parser);


static const llhttp_settings_t  orch_http1_settings = {
    .on_url = orch_http1_on_url,
    .on_header_field = orch_http1_on_name,
    .on_header_value = orch_http1_on_value,
    .on_header_value_complete = orch_http1_on_value_end,
    .on_headers_complete = orch_http1_on_head,
    .on_body = orch_http1_on_body,
    .on_message_complete = orch_http1_on_end,
};


static uint64_t
orch_http1_now(const orch_conn_t *c)
{
    return orch_loop_now_ms(c->http->loop);
}


/* an answer to what is no request; nothing after it is read */
static int
orch_http1_bad(orch_conn_t *c, int status)
{
    int          len;
    char         text[512];
    const char  *reason = orch_http_reason(status);

    len = snprintf(text, sizeof(text),
                   "HTTP/1.1 %d %s\r\n"
                   "date: %s\r\n"
                   "content-type: text/plain; charset=utf-8\r\n"
                   "x-content-type-options: nosniff\r\n"
                   "content-length: %zu\r\n"
                   "connection: close\r\n\r\n%s\n",
                   status, reason, orch_http_date(c->http),
                   strlen(reason) + 1, reason);

    c->http->stats.bad_requests++;
    c->closing = 1;
    c->head_ms = 0;

    return orch_conn_put(c, text, (size_t) len);
}


static void
orch_http1_reset(orch_http1_t *h1)
{
    lp_buf_done(&h1->head);
    h1->line = 0;
    h1->nlines = 0;
    h1->s = NULL;
    h1->body_done = 0;
    h1->keep = 0;
    h1->chunked = 0;
    memset(&h1->url, 0, sizeof(orch_str_t));
    memset(&h1->name, 0, sizeof(orch_str_t));
    memset(&h1->value, 0, sizeof(orch_str_t));

    llhttp_init(&h1->parser, HTTP_REQUEST, &orch_http1_settings);
    h1->parser.data = h1;
}


static int
orch_http1_open(orch_conn_t *c)
{
    orch_http1_t  *h1;

    h1 = calloc(1, sizeof(orch_http1_t));
    if (h1 == NULL) {
        return -1;
    }

    h1->conn = c;
    lp_buf_init(&h1->head, ORCH_HTTP_HEADER_ROOM);
    lp_buf_init(&h1->pending, ORCH_HTTP1_PENDING_MAX + ORCH_HTTP_READ);
    orch_http1_reset(h1);
    c->proto = h1;

    return 0;
}


static void
orch_http1_close(orch_conn_t *c)
{
    orch_http1_t  *h1 = c->proto;

    if (h1 == NULL) {
        return;
    }

    lp_buf_done(&h1->head);
    lp_buf_done(&h1->pending);
    free(h1);
    c->proto = NULL;
}


/* parts of one text may come in several calls, one after the other */
static void
orch_http1_extend(orch_str_t *str, const char *at, size_t len)
{
    if (str->len == 0) {
        str->data = at;
    }

    str->len = (size_t) (at + len - str->data);
}


static int
orch_http1_on_url(llhttp_t *parser, const char *at, size_t len)
{
    orch_http1_t  *h1 = parser->data;

    orch_http1_extend(&h1->url, at, len);

    return 0;
}


static int
orch_http1_on_name(llhttp_t *parser, const char *at, size_t len)
{
    orch_http1_t  *h1 = parser->data;

    orch_http1_extend(&h1->name, at, len);

    return 0;
}


static int
orch_http1_on_value(llhttp_t *parser, const char *at, size_t len)
{
    orch_http1_t  *h1 = parser->data;

    orch_http1_extend(&h1->value, at, len);

    return 0;
}


static int
orch_http1_on_value_end(llhttp_t *parser)
{
    int            rc = 0;
    orch_http1_t  *h1 = parser->data;

    /* fields after a chunked body have no use here */

    if (!h1->s->begun) {
        rc = orch_stream_add_field(h1->s, h1->name.data, h1->name.len,
                                   h1->value.len ? h1->value.data : "",
                                   h1->value.len);
    }

    memset(&h1->name, 0, sizeof(orch_str_t));
    memset(&h1->value, 0, sizeof(orch_str_t));

    return rc;
}


/* "http://host/path" is how a proxy is asked: the path is what we serve */
static void
orch_http1_add_path(orch_http1_t *h1)
{
    const char  *p = h1->url.data, *end = p + h1->url.len;

    if (h1->url.len > 7 && strncasecmp(p, "http://", 7) == 0) {
        p = memchr(p + 7, '/', h1->url.len - 7);

    } else if (h1->url.len > 8 && strncasecmp(p, "https://", 8) == 0) {
        p = memchr(p + 8, '/', h1->url.len - 8);
    }

    if (p == NULL) {
        p = "/";
        end = p + 1;
    }

    orch_stream_add_field(h1->s, ":path", 5, p, (size_t) (end - p));
}


/* 0, or the status of what is wrong with the head as a whole */
static int
orch_http1_judge(orch_http1_t *h1)
{
    size_t                      hosts, codings;
    orch_str_t                  host, coding, expect;
    const llhttp_t             *parser = &h1->parser;
    const orch_http_request_t  *r = &h1->s->r;

    if (parser->http_major != 1 || parser->http_minor > 1) {
        return 505;
    }

    host = orch_http_header(r, "host", &hosts);

    if (hosts > 1 || (parser->http_minor == 1 && hosts == 0)
        || memchr(host.data, ',', host.len))
    {
        return 400;
    }

    coding = orch_http_header(r, "transfer-encoding", &codings);

    if (codings > 1 || (codings && parser->http_minor == 0)) {
        return 400;
    }

    if (codings && (coding.len != 7
                    || strncasecmp(coding.data, "chunked", 7) != 0))
    {
        return 501;
    }

    if (parser->method == HTTP_CONNECT) {
        return 405;
    }

    if (r->path.len == 0 || (r->path.data[0] != '/' && r->path.data[0] != '*'))
    {
        return 400;
    }

    expect = orch_http_header(r, "expect", NULL);

    if (expect.len && (expect.len != 12
                       || strncasecmp(expect.data, "100-continue", 12) != 0))
    {
        return 417;
    }

    h1->s->expect = expect.len && parser->http_minor == 1;

    return 0;
}


static int
orch_http1_on_head(llhttp_t *parser)
{
    int             status, has_body;
    const char     *method;
    orch_http1_t   *h1 = parser->data;
    orch_stream_t  *s = h1->s;

    /* we never change the protocol: what follows is a body or a request */

    parser->upgrade = 0;

    method = llhttp_method_name((llhttp_method_t) parser->method);
    orch_stream_add_field(s, ":method", 7, method, strlen(method));
    orch_http1_add_path(h1);

    h1->keep = llhttp_should_keep_alive(parser) != 0;
    status = orch_http1_judge(h1);

    if (status && s->refuse == 0) {
        s->refuse = status;
    }

    if (s->refuse) {
        h1->keep = 0;
    }

    has_body = (parser->flags & F_CHUNKED) != 0 || parser->content_length > 0;
    s->expect = s->expect && has_body;

    h1->conn->head_ms = 0;
    orch_stream_begin(s, has_body);

    return 0;
}


static int
orch_http1_on_body(llhttp_t *parser, const char *at, size_t len)
{
    orch_http1_t  *h1 = parser->data;

    h1->s->expect = 0;
    orch_stream_body(h1->s, (const uint8_t *) at, len);

    return 0;
}


static int
orch_http1_on_end(llhttp_t *parser)
{
    orch_http1_t  *h1 = parser->data;

    h1->body_done = 1;
    h1->s->expect = 0;
    orch_stream_end(h1->s);

    return HPE_PAUSED;
}


/* the parser found bytes it cannot read */
static int
orch_http1_malformed(orch_http1_t *h1)
{
    orch_conn_t    *c = h1->conn;
    orch_stream_t  *s = h1->s;

    h1->keep = 0;
    h1->body_done = 0;

    if (s->begun) {
        orch_stream_refuse(s, 400, "malformed request body");
        return 0;
    }

    orch_stream_destroy(s);
    h1->s = NULL;

    return orch_http1_bad(c, 400);
}


/* what was used of p, -1 on failure; the rest is the next request's */
static ssize_t
orch_http1_parse(orch_http1_t *h1, const uint8_t *p, size_t len)
{
    const char     *pos;
    llhttp_errno_t  rc;

    rc = llhttp_execute(&h1->parser, (const char *) p, len);

    if (rc == HPE_OK) {
        return (ssize_t) len;
    }

    if (rc == HPE_PAUSED) {
        pos = llhttp_get_error_pos(&h1->parser);
        return (ssize_t) (pos - (const char *) p);
    }

    return orch_http1_malformed(h1) == 0 ? (ssize_t) len : -1;
}


static int
orch_http1_begin(orch_http1_t *h1)
{
    orch_conn_t  *c = h1->conn;

    h1->s = orch_stream_create(c, 0);
    if (h1->s == NULL) {
        return -1;
    }

    if (orch_http1_parse(h1, h1->head.data, h1->head.len) < 0) {
        return -1;
    }

    lp_buf_done(&h1->head);

    return 0;
}


/*
 * One line of a head, its LF included: 0, or the status to refuse it with.
 * *whole is set by the empty line that ends the head.
 */
static int
orch_http1_check_line(orch_http1_t *h1, int *whole)
{
    size_t          len = h1->head.len - h1->line;
    const uint8_t  *p = h1->head.data + h1->line;

    if (len < 2 || p[len - 2] != '\r' || memchr(p, '\r', len - 2)
        || memchr(p, '\0', len) || p[0] == ' ' || p[0] == '\t')
    {
        return 400;
    }

    if (++h1->nlines > ORCH_HTTP_HEADERS_MAX + 2) {
        return 431;
    }

    h1->line = h1->head.len;

    if (len > 2) {
        return 0;
    }

    /* an empty line before a request is an old client's habit */

    if (h1->head.len == 2) {
        lp_buf_reset(&h1->head);
        h1->line = 0;
        return 0;
    }

    *whole = 1;

    return 0;
}


/* gathers a head, returns what was used of p; -1 on failure */
static ssize_t
orch_http1_head(orch_http1_t *h1, const uint8_t *p, size_t len)
{
    int             status, whole = 0;
    size_t          n, used = 0;
    orch_conn_t    *c = h1->conn;
    const uint8_t  *lf;

    if (c->head_ms == 0) {
        c->head_ms = orch_http1_now(c);
    }

    while (used < len && !whole) {
        lf = memchr(p + used, '\n', len - used);
        n = lf ? (size_t) (lf - p) + 1 - used : len - used;

        lp_buf_put(&h1->head, p + used, n);
        used += n;

        status = 0;

        if (lp_buf_status(&h1->head) != LP_OK) {
            status = h1->nlines ? 431 : 414;

        } else if (h1->nlines == 0 && h1->head.len > ORCH_HTTP1_LINE_MAX) {
            status = 414;

        } else if (lf) {
            status = orch_http1_check_line(h1, &whole);
        }

        if (status) {
            return orch_http1_bad(c, status) == 0 ? (ssize_t) len : -1;
        }
    }

    if (whole && orch_http1_begin(h1) != 0) {
        return -1;
    }

    return (ssize_t) used;
}


/* bytes that came before the answer to an earlier request was out */
static int
orch_http1_keep(orch_http1_t *h1, const uint8_t *p, size_t len)
{
    lp_buf_put(&h1->pending, p, len);

    if (h1->pending.len >= ORCH_HTTP1_PENDING_MAX) {
        h1->conn->pause_read = 1;
    }

    return lp_buf_status(&h1->pending) == LP_OK ? 0 : -1;
}


static int
orch_http1_recv(orch_conn_t *c, const uint8_t *p, size_t len)
{
    ssize_t        n;
    orch_http1_t  *h1 = c->proto;

    while (len && !c->closing) {

        if (h1->s == NULL) {
            n = orch_http1_head(h1, p, len);

        } else if (!h1->body_done) {
            n = orch_http1_parse(h1, p, len);

        } else {
            return orch_http1_keep(h1, p, len);
        }

        if (n < 0) {
            return -1;
        }

        p += n;
        len -= (size_t) n;
    }

    if (h1->s && h1->s->active && !h1->body_done && !h1->s->discard
        && orch_http_memory_high(c->http))
    {
        c->http->held = 1;
        c->pause_read = 1;
    }

    return 0;
}


static void
orch_http1_put_field(lp_buf_t *out, const char *name, const char *value)
{
    lp_buf_put_str(out, name);
    lp_buf_put(out, ": ", 2);
    lp_buf_put_str(out, value);
    lp_buf_put(out, "\r\n", 2);
}


/* will the connection go on after this answer? */
static int
orch_http1_stays(const orch_http1_t *h1)
{
    const orch_conn_t    *c = h1->conn;
    const orch_stream_t  *s = h1->s;

    if (!h1->keep || c->http->draining
        || c->requests >= c->http->conf.max_requests)
    {
        return 0;
    }

    return h1->body_done || (!s->finished && !s->discard);
}


static int
orch_http1_put_head(orch_conn_t *c, orch_http1_t *h1)
{
    int             rc, old;
    unsigned        i;
    lp_buf_t        out;
    const char     *name;
    orch_stream_t  *s = h1->s;

    old = h1->parser.http_minor == 0;
    h1->chunked = 0;

    lp_buf_init(&out, 2 * ORCH_HTTP_HEADER_ROOM);
    lp_buf_printf(&out, "HTTP/1.1 %d %s\r\n", s->status,
                  orch_http_reason(s->status));
    orch_http1_put_field(&out, "date", orch_http_date(c->http));

    for (i = 0; i < s->nheaders; i++) {
        name = s->headers[i].name.data;

        if (strcmp(name, "connection") != 0
            && strcmp(name, "transfer-encoding") != 0)
        {
            orch_http1_put_field(&out, name, s->headers[i].value.data);
        }
    }

    if (!s->has_length && !s->head_only) {
        if (old) {
            h1->keep = 0;                     /* the close ends the body */

        } else {
            h1->chunked = 1;
            orch_http1_put_field(&out, "transfer-encoding", "chunked");
        }
    }

    h1->keep = orch_http1_stays(h1);

    if (!h1->keep || old) {
        orch_http1_put_field(&out, "connection",
                             h1->keep ? "keep-alive" : "close");
    }

    lp_buf_put(&out, "\r\n", 2);

    rc = lp_buf_status(&out) == LP_OK ? orch_conn_put(c, out.data, out.len)
                                      : -1;
    lp_buf_done(&out);

    return rc;
}


static int
orch_http1_put_body(orch_conn_t *c, orch_http1_t *h1, size_t len)
{
    int       n = 0;
    char      head[16];
    uint8_t  *p;

    if (h1->chunked) {
        n = snprintf(head, sizeof(head), "%zx\r\n", len);
    }

    p = orch_conn_room(c, len + sizeof(head) + 2);
    if (p == NULL) {
        return -1;
    }

    memcpy(p, head, (size_t) n);
    orch_stream_take(h1->s, p + n, len);
    c->out_len += (size_t) n + len;

    return h1->chunked ? orch_conn_put(c, "\r\n", 2) : 0;
}


/* the answer is out: on to what the client has sent meanwhile, or close */
static int
orch_http1_next(orch_conn_t *c, orch_http1_t *h1)
{
    int       rc, stays;
    lp_buf_t  pending;

    stays = h1->keep && h1->body_done;
    orch_stream_destroy(h1->s);
    orch_http1_reset(h1);

    if (!stays || c->http->draining) {
        c->closing = 1;
        return 0;
    }

    pending = h1->pending;
    lp_buf_init(&h1->pending, pending.max);

    if (c->pause_read) {
        c->pause_read = 0;
        c->more = 1;
    }

    rc = pending.len ? orch_http1_recv(c, pending.data, pending.len) : 0;
    lp_buf_done(&pending);

    return rc;
}


static int
orch_http1_fill_one(orch_conn_t *c, orch_http1_t *h1)
{
    size_t          n;
    orch_stream_t  *s = h1->s;

    if (!s->submitted) {
        s->submitted = 1;
        s->expect = 0;

        if (orch_http1_put_head(c, h1) != 0) {
            return -1;
        }
    }

    while (s->queued && c->out_len < ORCH_HTTP_OUT) {
        n = ORCH_HTTP_OUT - c->out_len;
        n = s->queued < n ? s->queued : n;

        if (orch_http1_put_body(c, h1, n) != 0) {
            return -1;
        }
    }

    if (!s->finished || s->queued) {
        return 0;
    }

    if (h1->chunked && orch_conn_put(c, "0\r\n\r\n", 5) != 0) {
        return -1;
    }

    return orch_http1_next(c, h1);
}


static int
orch_http1_fill(orch_conn_t *c)
{
    uint64_t        requests;
    orch_http1_t   *h1 = c->proto;
    orch_stream_t  *s;

    do {
        s = h1->s;
        c->dirty = NULL;
        requests = c->requests;

        if (s == NULL) {
            return 0;
        }

        s->dirty = 0;
        s->next_dirty = NULL;

        if (s->stopped) {
            c->closing = 1;
            return 0;
        }

        if (s->status == 0) {
            if (!s->expect || s->discard) {
                return 0;
            }

            s->expect = 0;

            return orch_conn_put(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        }

        if (orch_http1_fill_one(c, h1) != 0) {
            return -1;
        }

        /* another request may have been waiting, and be answered by now */

    } while (c->requests != requests && c->out_len < ORCH_HTTP_OUT);

    return 0;
}


/* an answer cut short: without its last chunk it cannot be taken for whole */
static void
orch_http1_stop(orch_stream_t *s)
{
    s->conn->closing = 1;
}


static void
orch_http1_drain(orch_conn_t *c)
{
    orch_http1_t  *h1 = c->proto;

    if (h1->s == NULL) {
        c->closing = 1;
    }
}


static void
orch_http1_give_back(orch_conn_t *c)
{
    orch_http1_t  *h1 = c->proto;

    if (c->pause_read && h1->pending.len < ORCH_HTTP1_PENDING_MAX) {
        c->pause_read = 0;
    }
}


static void
orch_http1_end(orch_conn_t *c, int status)
{
    orch_http1_t  *h1 = c->proto;

    if (status == 408 && h1->s == NULL && orch_http1_bad(c, 408) != 0) {
        c->dead = 1;
    }

    c->closing = 1;
}


const orch_codec_t  orch_http1_codec = {
    orch_http1_open,
    orch_http1_recv,
    orch_http1_fill,
    orch_http1_stop,
    orch_http1_drain,
    orch_http1_give_back,
    orch_http1_end,
    orch_http1_close,
};
