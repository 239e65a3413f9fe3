/*
 * What a handler answers: head, pieces of a body, trailers, kept until the
 * codec takes them. Nothing is sent from here, the connection is woken.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/http_conn.h"


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


/*
 * What describes the connection is the codec's to say; and a value with a
 * control character could be read as another field.
 */
static int
orch_stream_may_send(const orch_http_header_t *header)
{
    size_t       i;
    const char  *p;

    static const char  *hop[] = {
        "connection", "keep-alive", "proxy-connection", "transfer-encoding",
        "upgrade"
    };

    for (i = 0; i < sizeof(hop) / sizeof(hop[0]); i++) {
        if (strcmp(header->name, hop[i]) == 0) {
            return 0;
        }
    }

    for (p = header->value; *p; p++) {
        if ((unsigned char) *p < 0x20 || *p == 0x7f) {
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
        if (!orch_stream_may_send(&from[i])) {
            continue;
        }

        f = &to[k];
        f->name = orch_stream_copy(&s->answer, from[i].name,
                                   strlen(from[i].name));
        f->value = orch_stream_copy(&s->answer, from[i].value,
                                    strlen(from[i].value));

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


void
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
