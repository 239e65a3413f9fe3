/*
 * HTTP/2 on nghttp2. It is fed from the read buffer and writes into the
 * connection's output; the pieces of an answer are copied once, into place
 * behind their frame's head. The session is freed by close only, which no
 * callback of nghttp2 reaches.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "orchestrator/http2.h"
#include "orchestrator/http2_budget.h"


typedef struct {
    nghttp2_session  *session;
    orch_budget_t     budget;
    unsigned          notice:1;               /* first GOAWAY is out */
    unsigned          goaway:1;               /* second */
} orch_http2_t;


static void orch_http2_drain(orch_conn_t *c);


static uint64_t
orch_http2_now(const orch_conn_t *c)
{
    return orch_loop_now_ms(c->http->loop);
}


static int
orch_http2_overdrawn(orch_conn_t *c)
{
    orch_conn_flood(c);

    return NGHTTP2_ERR_CALLBACK_FAILURE;
}


/* frames of a type that is not known; the payload is thrown away */
static int
orch_http2_on_unknown(nghttp2_session *session, void **payload,
    const nghttp2_frame_hd *hd, void *data)
{
    orch_conn_t   *c = data;
    orch_http2_t  *h2 = c->proto;

    (void) session;
    (void) hd;

    *payload = NULL;

    return orch_budget_glitch(&h2->budget) == 0 ? 0 : orch_http2_overdrawn(c);
}


/* every frame is judged by its head, before anything is spent on it */
static int
orch_http2_on_begin_frame(nghttp2_session *session,
    const nghttp2_frame_hd *hd, void *data)
{
    uint64_t       now;
    orch_conn_t   *c = data;
    orch_http2_t  *h2 = c->proto;

    (void) session;

    now = orch_http2_now(c);

    /* a block that nghttp2 ignores has no end but the next frame */

    if (hd->type == NGHTTP2_HEADERS && !h2->goaway) {
        c->head_ms = now;

    } else if (hd->type != NGHTTP2_CONTINUATION) {
        c->head_ms = 0;
    }

    if (orch_budget_frame(&h2->budget, hd->type, hd->flags, hd->length, now)
        != 0)
    {
        return orch_http2_overdrawn(c);
    }

    return 0;
}


static int
orch_http2_on_begin_headers(nghttp2_session *session,
    const nghttp2_frame *frame, void *data)
{
    orch_conn_t    *c = data;
    orch_stream_t  *s;

    if (frame->hd.type != NGHTTP2_HEADERS
        || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
    {
        return 0;
    }

    s = orch_stream_create(c, frame->hd.stream_id);
    if (s == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }

    s->r.http2 = 1;
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, s);

    return 0;
}


/* trailers are counted like other fields, and thrown away */
static int
orch_http2_on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t nlen, const uint8_t *value, size_t vlen,
    uint8_t flags, void *data)
{
    orch_conn_t    *c = data;
    orch_stream_t  *s;

    (void) flags;

    s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (s == NULL) {
        return 0;
    }

    if (s->begun) {
        s->field_bytes += nlen + vlen + 32;
        return s->field_bytes > 4 * ORCH_HTTP_HEADER_LIST
               ? orch_http2_overdrawn(c) : 0;
    }

    if (orch_stream_add_field(s, (const char *) name, nlen,
                              (const char *) value, vlen) != 0)
    {
        return orch_http2_overdrawn(c);
    }

    return 0;
}


/* a client that does not heed the first GOAWAY gets the second at once */
static void
orch_http2_count_request(orch_conn_t *c)
{
    uint64_t       max = c->http->conf.max_requests;
    orch_http2_t  *h2 = c->proto;

    h2->budget.requests++;

    if (c->requests == max) {
        orch_http2_drain(c);

    } else if (c->requests == 2 * max && !h2->goaway) {
        c->drain_ms = orch_http2_now(c);
        orch_http2_drain(c);
    }
}


static void
orch_http2_on_head(orch_conn_t *c, orch_stream_t *s, int ended)
{
    orch_http2_t   *h2 = c->proto;
    nghttp2_nv      nv = { (uint8_t *) ":status", (uint8_t *) "100", 7, 3,
                           NGHTTP2_NV_FLAG_NONE };

    orch_stream_begin(s, !ended);

    if (!ended && s->status == 0 && s->active && !s->discard
        && orch_http_header(&s->r, "expect", NULL).len)
    {
        nghttp2_submit_headers(h2->session, NGHTTP2_FLAG_NONE, s->id, NULL,
                               &nv, 1, NULL);
    }

    orch_http2_count_request(c);
}


static int
orch_http2_on_frame_recv(nghttp2_session *session,
    const nghttp2_frame *frame, void *data)
{
    int             ended, answered;
    orch_conn_t    *c = data;
    orch_http2_t   *h2 = c->proto;
    orch_stream_t  *s;

    ended = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    switch (frame->hd.type) {

    case NGHTTP2_HEADERS:
        c->head_ms = 0;

        if (s && !s->begun) {
            orch_http2_on_head(c, s, ended);
            break;
        }

        /* fall through */

    case NGHTTP2_DATA:
        if (s && ended) {
            orch_stream_end(s);
        }

        break;

    case NGHTTP2_RST_STREAM:
        answered = s == NULL || s->answered_ms != 0;

        if (orch_budget_reset(&h2->budget, answered, orch_http2_now(c)) != 0) {
            return orch_http2_overdrawn(c);
        }
    }

    return 0;
}


static int
orch_http2_on_invalid_frame(nghttp2_session *session,
    const nghttp2_frame *frame, int error, void *data)
{
    orch_conn_t   *c = data;
    orch_http2_t  *h2 = c->proto;

    (void) session;
    (void) error;

    if (frame->hd.type == NGHTTP2_HEADERS) {
        c->head_ms = 0;
    }

    c->http->stats.bad_requests++;

    return orch_budget_glitch(&h2->budget) == 0 ? 0 : orch_http2_overdrawn(c);
}


/* the window opens again, unless memory is short and the body is kept */
static void
orch_http2_consume(orch_conn_t *c, orch_stream_t *s, int32_t id, size_t len)
{
    orch_http2_t  *h2 = c->proto;

    if (s == NULL || s->discard || !s->active) {
        nghttp2_session_consume_connection(h2->session, len);
        return;
    }

    if (orch_stream_holds(s)) {
        s->withheld += len;
        return;
    }

    nghttp2_session_consume(h2->session, id, len);
}


static int
orch_http2_on_data(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *p, size_t len, void *data)
{
    orch_conn_t    *c = data;
    orch_stream_t  *s;

    (void) flags;

    s = nghttp2_session_get_stream_user_data(session, id);

    if (s) {
        orch_stream_body(s, p, len);
    }

    orch_http2_consume(c, s, id, len);

    return 0;
}


static int
orch_http2_on_stream_close(nghttp2_session *session, int32_t id,
    uint32_t error, void *data)
{
    size_t          withheld;
    orch_stream_t  *s;

    (void) error;
    (void) data;

    s = nghttp2_session_get_stream_user_data(session, id);
    if (s == NULL) {
        return 0;
    }

    nghttp2_session_set_stream_user_data(session, id, NULL);
    withheld = s->withheld;
    orch_stream_destroy(s);

    if (withheld) {
        nghttp2_session_consume_connection(session, withheld);
    }

    return 0;
}


/*
 * The answer is out and the body still comes. The reset that stops it waits
 * a moment: libcurl 7.88 loses the answer when both arrive together. What it
 * sends meanwhile is bounded by the stream's window.
 */
static int
orch_http2_on_frame_send(nghttp2_session *session,
    const nghttp2_frame *frame, void *data)
{
    orch_conn_t    *c = data;
    orch_http2_t   *h2 = c->proto;
    orch_stream_t  *s;

    switch (frame->hd.type) {

    case NGHTTP2_RST_STREAM:
        if (orch_budget_reset_sent(&h2->budget, orch_http2_now(c)) != 0) {
            orch_conn_flood(c);
        }

        return 0;

    case NGHTTP2_DATA:
        orch_budget_data_sent(&h2->budget);
        break;

    case NGHTTP2_HEADERS:
        break;

    default:
        return 0;
    }

    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
        return 0;
    }

    s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    if (s && !s->r.ended) {
        s->answered_ms = orch_http2_now(c);
    }

    return 0;
}


static ssize_t
orch_http2_send(nghttp2_session *session, const uint8_t *p, size_t len,
    int flags, void *data)
{
    orch_conn_t  *c = data;

    (void) session;
    (void) flags;

    if (orch_conn_is_full(c)) {
        return NGHTTP2_ERR_WOULDBLOCK;
    }

    if (orch_conn_put(c, p, len) != 0) {
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }

    return (ssize_t) len;
}


static int
orch_http2_send_data(nghttp2_session *session, nghttp2_frame *frame,
    const uint8_t *head, size_t len, nghttp2_data_source *source, void *data)
{
    uint8_t        *p;
    orch_conn_t    *c = data;
    orch_stream_t  *s = source->ptr;

    (void) session;
    (void) frame;

    if (orch_conn_is_full(c)) {
        return NGHTTP2_ERR_WOULDBLOCK;
    }

    /* the frame was planned, then the stream was refused */

    if (s->queued < len) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }

    p = orch_conn_room(c, 9 + len);
    if (p == NULL) {
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }

    memcpy(p, head, 9);
    orch_stream_take(s, p + 9, len);
    c->out_len += 9 + len;

    return 0;
}


static size_t
orch_http2_put_fields(nghttp2_nv *nva, size_t n, const orch_field_t *f,
    size_t nfields)
{
    size_t       i;
    nghttp2_nv  *nv;

    for (i = 0; i < nfields; i++) {
        nv = &nva[n++];
        nv->name = (uint8_t *) (uintptr_t) f[i].name.data;
        nv->namelen = f[i].name.len;
        nv->value = (uint8_t *) (uintptr_t) f[i].value.data;
        nv->valuelen = f[i].value.len;
        nv->flags = NGHTTP2_NV_FLAG_NONE;
    }

    return n;
}


/* how much the next DATA frame takes; the bytes follow in send_data */
static ssize_t
orch_http2_read(nghttp2_session *session, int32_t id, uint8_t *buf,
    size_t size, uint32_t *flags, nghttp2_data_source *source, void *data)
{
    size_t          n;
    nghttp2_nv      nva[ORCH_HTTP_ANSWER_MAX];
    orch_stream_t  *s = source->ptr;

    (void) buf;
    (void) data;

    n = s->queued < size ? s->queued : size;

    if (n == 0 && !s->finished) {
        s->deferred = 1;
        return NGHTTP2_ERR_DEFERRED;
    }

    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;

    if (n == s->queued && s->finished) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;

        if (s->ntrailers) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            nghttp2_submit_trailer(session, id, nva,
                                   orch_http2_put_fields(nva, 0, s->trailers,
                                                         s->ntrailers));
        }
    }

    return (ssize_t) n;
}


static void
orch_http2_submit(orch_conn_t *c, orch_stream_t *s)
{
    int                     no_body;
    char                    status[12];
    size_t                  n;
    orch_http2_t           *h2 = c->proto;
    nghttp2_nv              nva[ORCH_HTTP_ANSWER_MAX + 2];
    const char             *date = orch_http_date(c->http);
    nghttp2_data_provider   body;
    orch_field_t            first[2] = {
        { { ":status", 7 }, { status, 3 } },
        { { "date", 4 }, { date, strlen(date) } },
    };

    snprintf(status, sizeof(status), "%d", s->status);

    n = orch_http2_put_fields(nva, 0, first, 2);
    n = orch_http2_put_fields(nva, n, s->headers, s->nheaders);

    body.source.ptr = s;
    body.read_callback = orch_http2_read;
    no_body = s->head_only
              || (s->finished && s->queued == 0 && s->ntrailers == 0);

    s->submitted = 1;

    if (nghttp2_submit_response(h2->session, s->id, nva, n,
                                no_body ? NULL : &body) != 0)
    {
        nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, s->id,
                                  NGHTTP2_INTERNAL_ERROR);
    }
}


static void
orch_http2_answer(orch_conn_t *c, orch_stream_t *s)
{
    orch_http2_t  *h2 = c->proto;

    if (s->stopped) {
        return;
    }

    if (!s->submitted) {
        orch_http2_submit(c, s);

    } else if (s->deferred) {
        s->deferred = 0;
        nghttp2_session_resume_data(h2->session, s->id);
    }

    if (s->finished) {
        orch_stream_forget(s);
    }
}


static int
orch_http2_fill(orch_conn_t *c)
{
    orch_http2_t   *h2 = c->proto;
    orch_stream_t  *s;

    while (c->dirty) {
        s = c->dirty;
        c->dirty = s->next_dirty;
        s->dirty = 0;
        orch_http2_answer(c, s);
    }

    if (nghttp2_session_send(h2->session) != 0) {
        return -1;
    }

    if ((h2->goaway && c->nstreams == 0)
        || (!nghttp2_session_want_read(h2->session)
            && !nghttp2_session_want_write(h2->session)))
    {
        c->closing = 1;
    }

    return 0;
}


static int
orch_http2_recv(orch_conn_t *c, const uint8_t *p, size_t len)
{
    ssize_t        rc;
    orch_http2_t  *h2 = c->proto;

    rc = nghttp2_session_mem_recv(h2->session, p, len);

    if (rc >= 0 || c->closing) {
        return 0;
    }

    if (rc == NGHTTP2_ERR_FLOODED || rc == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS
        || rc == NGHTTP2_ERR_TOO_MANY_SETTINGS)
    {
        orch_conn_flood(c);
        return 0;
    }

    c->http->stats.bad_requests++;

    return -1;
}


#define orch_http2_set(cb, name, handler)                                     \
    nghttp2_session_callbacks_set_##name##_callback(cb, handler)


static void
orch_http2_set_callbacks(nghttp2_session_callbacks *cb)
{
    orch_http2_set(cb, on_begin_frame, orch_http2_on_begin_frame);
    orch_http2_set(cb, on_begin_headers, orch_http2_on_begin_headers);
    orch_http2_set(cb, on_header, orch_http2_on_header);
    orch_http2_set(cb, on_frame_recv, orch_http2_on_frame_recv);
    orch_http2_set(cb, on_invalid_frame_recv, orch_http2_on_invalid_frame);
    orch_http2_set(cb, on_data_chunk_recv, orch_http2_on_data);
    orch_http2_set(cb, on_stream_close, orch_http2_on_stream_close);
    orch_http2_set(cb, on_frame_send, orch_http2_on_frame_send);
    orch_http2_set(cb, unpack_extension, orch_http2_on_unknown);
    orch_http2_set(cb, send, orch_http2_send);
    orch_http2_set(cb, send_data, orch_http2_send_data);
}


static int
orch_http2_create_session(orch_conn_t *c, orch_http2_t *h2)
{
    int                         rc = -1, type;
    nghttp2_option             *option = NULL;
    nghttp2_session_callbacks  *cb = NULL;

    if (nghttp2_session_callbacks_new(&cb) != 0
        || nghttp2_option_new(&option) != 0)
    {
        goto done;
    }

    orch_http2_set_callbacks(cb);

    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_continuations(option, ORCH_HTTP2_CONTINUATIONS);

    for (type = NGHTTP2_CONTINUATION + 1; type < 256; type++) {
        nghttp2_option_set_user_recv_extension_type(option, (uint8_t) type);
    }

    /* we count resets ourselves: libcurl's are not an attack */
    nghttp2_option_set_stream_reset_rate_limit(option, 1 << 30, 1 << 30);

    rc = nghttp2_session_server_new2(&h2->session, cb, c, option);

done:

    nghttp2_session_callbacks_del(cb);
    nghttp2_option_del(option);

    return rc;
}


static int
orch_http2_open(orch_conn_t *c)
{
    orch_http2_t            *h2;
    const orch_http_conf_t  *conf = &c->http->conf;

    const nghttp2_settings_entry  settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, conf->max_streams },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, ORCH_HTTP2_STREAM_WINDOW },
        { NGHTTP2_SETTINGS_MAX_FRAME_SIZE, ORCH_HTTP2_FRAME_MAX },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, ORCH_HTTP_HEADER_LIST },
        { NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
    };

    h2 = calloc(1, sizeof(orch_http2_t));
    if (h2 == NULL) {
        return -1;
    }

    c->proto = h2;

    orch_budget_init(&h2->budget, conf, orch_http2_now(c));

    if (orch_http2_create_session(c, h2) != 0) {
        return -1;
    }

    if (nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings,
                                sizeof(settings) / sizeof(settings[0])) != 0
        || nghttp2_session_set_local_window_size(h2->session,
                                                 NGHTTP2_FLAG_NONE, 0,
                                                 ORCH_HTTP2_CONN_WINDOW) != 0)
    {
        return -1;
    }

    if (c->http->draining) {
        orch_http2_drain(c);
    }

    return 0;
}


static void
orch_http2_stop(orch_stream_t *s)
{
    orch_http2_t  *h2 = s->conn->proto;

    nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, s->id,
                              s->answered_ms ? NGHTTP2_NO_ERROR
                                             : NGHTTP2_CANCEL);
}


/*
 * First "no more soon", then, when requests on their way have come, "these
 * were the last" (RFC 9113 6.8).
 */
static void
orch_http2_drain(orch_conn_t *c)
{
    orch_http2_t  *h2 = c->proto;

    if (!h2->notice) {
        h2->notice = 1;
        c->drain_ms = orch_http2_now(c) + ORCH_HTTP2_DRAIN_MS;
        nghttp2_submit_shutdown_notice(h2->session);
        return;
    }

    if (!h2->goaway && orch_http2_now(c) >= c->drain_ms) {
        h2->goaway = 1;
        c->drain_ms = 0;
        nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(
                                  h2->session),
                              NGHTTP2_NO_ERROR, NULL, 0);
    }
}


static void
orch_http2_give_back(orch_conn_t *c)
{
    orch_http2_t   *h2 = c->proto;
    orch_stream_t  *s;

    for (s = c->streams; s; s = s->next) {
        if (s->withheld && !orch_stream_holds(s)) {
            nghttp2_session_consume(h2->session, s->id, s->withheld);
            s->withheld = 0;
        }
    }
}


static void
orch_http2_end(orch_conn_t *c, int status)
{
    orch_http2_t  *h2 = c->proto;

    c->closing = 1;
    nghttp2_session_terminate_session(h2->session,
                                      status ? NGHTTP2_ENHANCE_YOUR_CALM
                                             : NGHTTP2_NO_ERROR);
}


static void
orch_http2_close(orch_conn_t *c)
{
    orch_http2_t  *h2 = c->proto;

    if (h2 == NULL) {
        return;
    }

    nghttp2_session_del(h2->session);
    free(h2);
    c->proto = NULL;
}


const orch_codec_t  orch_http2_codec = {
    orch_http2_open,
    orch_http2_recv,
    orch_http2_fill,
    orch_http2_stop,
    orch_http2_drain,
    orch_http2_give_back,
    orch_http2_end,
    orch_http2_close,
};
