/*
 * An answer as HTTP/1 text: head, body in chunks when its length is not
 * known, and what becomes of the connection.
 */
#include <stdio.h>
#include <string.h>

#include "orchestrator/http1.h"


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
    orch_stream_t  *s = h1->s;

    old = h1->minor == 0;
    h1->chunked = 0;

    lp_buf_init(&out, 2 * ORCH_HTTP_HEADER_ROOM);
    lp_buf_printf(&out, "HTTP/1.1 %d %s\r\n", s->status,
                  orch_http_reason(s->status));
    orch_http1_put_field(&out, "date", orch_http_date(c->http));

    for (i = 0; i < s->nheaders; i++) {
        orch_http1_put_field(&out, s->headers[i].name.data,
                             s->headers[i].value.data);
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
    orch_http1_count(h1);

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


int
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
