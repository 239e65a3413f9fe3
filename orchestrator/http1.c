/*
 * The head of a request, on llhttp, and the codec as a whole; see http1.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <llhttp.h>

#include "orchestrator/http1.h"


static int orch_http1_on_url(llhttp_t *parser, const char *at, size_t len);
static int orch_http1_on_name(llhttp_t *parser, const char *at, size_t len);
static int orch_http1_on_value(llhttp_t *parser, const char *at, size_t len);
static int orch_http1_on_value_end(llhttp_t *parser);
static int orch_http1_on_head(llhttp_t *parser);


static const llhttp_settings_t  orch_http1_settings = {
    .on_url = orch_http1_on_url,
    .on_header_field = orch_http1_on_name,
    .on_header_value = orch_http1_on_value,
    .on_header_value_complete = orch_http1_on_value_end,
    .on_headers_complete = orch_http1_on_head,
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


void
orch_http1_reset(orch_http1_t *h1)
{
    lp_buf_done(&h1->head);
    memset(&h1->url, 0, sizeof(orch_str_t));
    memset(&h1->name, 0, sizeof(orch_str_t));
    memset(&h1->value, 0, sizeof(orch_str_t));
    memset(&h1->chunks, 0, sizeof(orch_chunks_t));

    h1->s = NULL;
    h1->line = 0;
    h1->nlines = 0;
    h1->left = 0;
    h1->minor = 0;
    h1->parsed = 0;
    h1->chunked_in = 0;
    h1->body_done = 0;
    h1->keep = 0;
    h1->chunked = 0;
}


/* what a client has sent and we only keep */
void
orch_http1_count(orch_http1_t *h1)
{
    size_t  n = h1->head.cap + h1->pending.cap;

    orch_http_memory(h1->conn->http, (int64_t) n - (int64_t) h1->counted);
    h1->counted = n;
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
    orch_http1_count(h1);
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
    int            rc;
    orch_http1_t  *h1 = parser->data;

    rc = orch_stream_add_field(h1->s, h1->name.data, h1->name.len,
                               h1->value.len ? h1->value.data : "",
                               h1->value.len);

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


/* what the parser knows, and no longer does when it returns */
static int
orch_http1_on_head(llhttp_t *parser)
{
    const char     *method;
    orch_http1_t   *h1 = parser->data;
    orch_stream_t  *s = h1->s;

    method = llhttp_method_name((llhttp_method_t) parser->method);
    orch_stream_add_field(s, ":method", 7, method, strlen(method));
    orch_http1_add_path(h1);

    h1->parsed = 1;
    h1->minor = parser->http_minor;
    h1->keep = llhttp_should_keep_alive(parser) != 0;
    h1->chunked_in = (parser->flags & F_CHUNKED) != 0;
    h1->left = parser->content_length;

    if (s->refuse == 0) {
        if (parser->http_major != 1 || parser->http_minor > 1) {
            s->refuse = 505;

        } else if (parser->method == HTTP_CONNECT) {
            s->refuse = 405;
        }
    }

    /* we never change the protocol: what follows is a body or a request */

    parser->upgrade = 0;

    return 0;
}


static int
orch_http1_is(orch_str_t str, const char *text)
{
    return str.len == strlen(text) && strncasecmp(str.data, text, str.len) == 0;
}


/* 0, or the status of what is wrong with the head as a whole */
static int
orch_http1_judge(const orch_http1_t *h1)
{
    size_t                      hosts, codings, lengths;
    orch_str_t                  host, coding, expect;
    const orch_http_request_t  *r = &h1->s->r;

    host = orch_http_header(r, "host", &hosts);

    if (hosts > 1 || (h1->minor == 1 && hosts == 0)
        || memchr(host.data, ',', host.len))
    {
        return 400;
    }

    coding = orch_http_header(r, "transfer-encoding", &codings);
    orch_http_header(r, "content-length", &lengths);

    if (codings > 1 || lengths > 1 || (codings && lengths)
        || (codings && h1->minor == 0))
    {
        return 400;
    }

    if (codings && !(orch_http1_is(coding, "chunked") && h1->chunked_in)) {
        return 501;
    }

    if (r->path.len == 0 || (r->path.data[0] != '/' && r->path.data[0] != '*'))
    {
        return 400;
    }

    expect = orch_http_header(r, "expect", NULL);

    return expect.len && !orch_http1_is(expect, "100-continue") ? 417 : 0;
}


static void
orch_http1_begin(orch_http1_t *h1)
{
    int             has_body;
    orch_stream_t  *s = h1->s;

    if (s->refuse == 0) {
        s->refuse = orch_http1_judge(h1);
    }

    if (s->refuse) {
        h1->keep = 0;
    }

    has_body = h1->chunked_in || h1->left > 0;
    h1->body_done = !has_body;
    s->expect = has_body && h1->minor == 1
                && orch_http_header(&s->r, "expect", NULL).len != 0;

    h1->conn->head_ms = 0;
    orch_stream_begin(s, has_body);
}


/* a head whose lines were good, as a whole, to the parser */
static int
orch_http1_parse(orch_http1_t *h1)
{
    llhttp_t      parser;
    orch_conn_t  *c = h1->conn;

    h1->s = orch_stream_create(c, 0);
    if (h1->s == NULL) {
        return -1;
    }

    llhttp_init(&parser, HTTP_REQUEST, &orch_http1_settings);
    parser.data = h1;

    llhttp_execute(&parser, (const char *) h1->head.data, h1->head.len);

    if (!h1->parsed) {
        orch_stream_destroy(h1->s);
        h1->s = NULL;
        return orch_http1_bad(c, 400);
    }

    orch_http1_begin(h1);
    lp_buf_done(&h1->head);

    return 0;
}


/* method, one space, target, one space, version: nothing else */
static int
orch_http1_check_first(const uint8_t *p, size_t len)
{
    size_t  i, spaces = 0;

    for (i = 0; i < len; i++) {
        if (p[i] == ' ') {
            spaces++;

            if (i == 0 || p[i - 1] == ' ') {
                return 400;
            }

        } else if (p[i] < 0x20 || p[i] >= 0x7f) {
            return 400;
        }
    }

    return spaces == 2 ? 0 : 400;
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
        || memchr(p, '\0', len) || p[0] == ' ' || p[0] == '\t'
        || p[0] == ':')
    {
        return 400;
    }

    if (h1->line == 0 && len > 2 && orch_http1_check_first(p, len - 2) != 0) {
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

    if (whole && orch_http1_parse(h1) != 0) {
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


/* the rest of the connection cannot be read any more */
static void
orch_http1_malformed(orch_http1_t *h1)
{
    h1->keep = 0;
    orch_stream_refuse(h1->s, 400, "malformed request body");
}


static int
orch_http1_read(orch_conn_t *c, const uint8_t *p, size_t len)
{
    ssize_t        n;
    orch_http1_t  *h1 = c->proto;

    while (len && !c->closing) {

        if (h1->s == NULL) {
            n = orch_http1_head(h1, p, len);

            if (n < 0) {
                return -1;
            }

        } else if (h1->body_done) {
            return orch_http1_keep(h1, p, len);

        } else {
            n = orch_http1_body(h1, p, len);

            if (n < 0) {
                orch_http1_malformed(h1);
                c->pause_read = 1;
                return 0;
            }
        }

        p += n;
        len -= (size_t) n;
    }

    return 0;
}


int
orch_http1_recv(orch_conn_t *c, const uint8_t *p, size_t len)
{
    int            rc;
    orch_http1_t  *h1 = c->proto;

    rc = orch_http1_read(c, p, len);
    orch_http1_count(h1);

    if (h1->s && !h1->body_done && orch_stream_holds(h1->s)) {
        c->pause_read = 1;
    }

    return rc;
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

    if (h1->s && !h1->body_done && h1->s->active && c->pause_read) {
        c->pause_read = orch_stream_holds(h1->s) != 0;
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
