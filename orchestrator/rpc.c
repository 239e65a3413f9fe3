/* Path to handler, and the frame around every gRPC method (wire.md 1.2). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "orchestrator/rpc.h"


#define ORCH_GRPC_TYPE       "application/grpc"
#define ORCH_GRPC_TYPE_MAX   64
#define ORCH_GRPC_DEADLINE   8000                     /* ms for the message */
#define ORCH_RPC_TEXT_MAX    1024


typedef struct {
    const char   *path;
    uint8_t       prefix;                    /* path is only its beginning */
    void        (*begin)(orch_rpc_t *rpc, orch_http_request_t *r);
} orch_rpc_route_t;

typedef struct {
    const char    *path;
    lp_status_t  (*run)(orch_grpc_call_t *call);
    void         (*drop)(orch_grpc_call_t *call);
} orch_rpc_method_t;

/* a gRPC request: on its way in, then under way */
typedef struct {
    orch_http_request_t      *r;
    const orch_rpc_method_t  *method;
    char                      type[ORCH_GRPC_TYPE_MAX];
    lp_buf_t                  in;
    orch_grpc_call_t          call;
} orch_grpc_t;


static void orch_rpc_healthz(orch_rpc_t *rpc, orch_http_request_t *r);

static const orch_rpc_route_t  orch_rpc_routes[] = {
    { "/segment",  0, orch_segment_begin   },
    { "/payment",  0, orch_payment_begin   },
    { "/stream/",  1, orch_rendition_begin },
    { "/healthz",  0, orch_rpc_healthz     }
};

static const orch_rpc_method_t  orch_rpc_methods[] = {
    { LP_WIRE_GET_ORCHESTRATOR, orch_info_get,  orch_info_drop },
    { LP_WIRE_END_SESSION,      orch_info_end,  NULL           },
    { LP_WIRE_PING,             orch_info_ping, NULL           }
};

#define ORCH_RPC_N(table)  (sizeof(table) / sizeof((table)[0]))


void
orch_rpc_refuse(orch_http_request_t *r, int status, const char *text)
{
    if (!r->ended) {
        orch_http_discard(r);
    }

    orch_http_error(r, status, text);
}


void
orch_rpc_refuse_payment(orch_http_request_t *r, int status, const char *text,
    const char *error)
{
    lp_buf_t            body;
    orch_http_header_t  headers[] = {
        { "content-type", "text/plain; charset=utf-8" },
        { "x-content-type-options", "nosniff" },
        { ORCH_PAYMENTS_ERROR, error }
    };

    if (error == NULL) {
        orch_rpc_refuse(r, status, text);
        return;
    }

    if (!r->ended) {
        orch_http_discard(r);
    }

    lp_buf_init(&body, ORCH_RPC_TEXT_MAX);
    lp_buf_put_str(&body, text);
    lp_buf_put_u8(&body, '\n');

    orch_http_reply(r, status, headers, 3, body.data, body.len);
    lp_buf_done(&body);
}


int
orch_rpc_method_is(const orch_http_request_t *r, const char *method)
{
    return r->method.len == strlen(method)
           && memcmp(r->method.data, method, r->method.len) == 0;
}


/* the path alone is compared; a query belongs to the handler */

static int
orch_rpc_path_is(const orch_str_t *path, const char *want, int prefix)
{
    size_t       len = strlen(want);
    const char  *query;
    size_t       path_len;

    query = memchr(path->data, '?', path->len);
    path_len = query ? (size_t) (query - path->data) : path->len;

    return (prefix ? path_len >= len : path_len == len)
           && memcmp(path->data, want, len) == 0;
}


static void
orch_rpc_healthz(orch_rpc_t *rpc, orch_http_request_t *r)
{
    (void) rpc;

    if (!r->ended) {
        orch_http_discard(r);
    }

    orch_http_reply(r, 200, NULL, 0, "", 0);
}


static void
orch_grpc_free(orch_grpc_t *g)
{
    orch_timer_done(&g->call.wake);
    lp_buf_done(&g->call.out);
    lp_buf_done(&g->in);
    free(g);
}


static void
orch_grpc_reply(orch_http_request_t *r, const char *type,
    const orch_grpc_call_t *reply)
{
    char                status[12];
    size_t              begin;
    lp_buf_t            frame;
    orch_http_header_t  headers[] = { { "content-type", type } };
    orch_http_header_t  trailers[] = {
        { "grpc-status", status },
        { "grpc-message", reply->message }
    };

    snprintf(status, sizeof(status), "%d", reply->status);

    if (!r->ended) {
        orch_http_discard(r);
    }

    orch_http_head(r, 200, headers, 1);

    if (reply->status == ORCH_GRPC_OK) {
        lp_buf_init(&frame, ORCH_RPC_INFO_MAX + LP_WIRE_GRPC_PREFIX);

        begin = lp_wire_grpc_begin(&frame);
        lp_buf_put(&frame, reply->out.data, reply->out.len);
        lp_wire_grpc_end(&frame, begin);

        if (lp_buf_status(&frame) == LP_OK) {
            orch_http_body(r, frame.data, frame.len, NULL, NULL);

        } else {
            snprintf(status, sizeof(status), "%d", ORCH_GRPC_INTERNAL);
        }

        lp_buf_done(&frame);
    }

    orch_http_finish(r, trailers, reply->message ? 2 : 1);
}


static void
orch_grpc_fail(orch_http_request_t *r, const char *type, int status,
    const char *message)
{
    orch_grpc_call_t  reply;

    memset(&reply, 0, sizeof(reply));
    reply.status = status;
    reply.message = message;

    orch_grpc_reply(r, type, &reply);
}


/* ends the request with a failure; r is not touched afterwards */

static void
orch_grpc_abandon(orch_http_request_t *r, int status, const char *message)
{
    orch_grpc_t  *g = r->data;

    r->data = NULL;
    r->on_body = NULL;
    r->on_end = NULL;
    r->on_abort = NULL;

    orch_grpc_fail(r, g->type, status, message);
    orch_grpc_free(g);
}


/*
 * The prefix is judged as soon as it is there, so what it announces is never
 * waited for when it cannot be taken.
 */

static lp_status_t
orch_grpc_judge(const orch_grpc_t *g, const uint8_t **msg, size_t *len)
{
    *msg = NULL;
    *len = 0;

    if (g->in.len < LP_WIRE_GRPC_PREFIX) {
        return LP_AGAIN;
    }

    return lp_wire_grpc_open(msg, len, g->in.data, g->in.len);
}


static void
orch_grpc_body(orch_http_request_t *r, const uint8_t *p, size_t len)
{
    size_t          n;
    orch_grpc_t    *g = r->data;
    const uint8_t  *msg;

    lp_buf_put(&g->in, p, len);

    if (lp_buf_status(&g->in) != LP_OK) {
        orch_grpc_abandon(r, ORCH_GRPC_EXHAUSTED, "message too large");
        return;
    }

    switch (orch_grpc_judge(g, &msg, &n)) {

    case LP_OK:
    case LP_AGAIN:
        return;

    case LP_LIMIT:
        orch_grpc_abandon(r, ORCH_GRPC_EXHAUSTED, "message too large");
        return;

    case LP_UNSUPPORTED:
        orch_grpc_abandon(r, ORCH_GRPC_UNIMPLEMENTED,
                          "compression is not supported");
        return;

    default:
        orch_grpc_abandon(r, ORCH_GRPC_INTERNAL, "malformed message");
    }
}


/* the method, for the first time or after its wake */

static void
orch_grpc_run(void *data)
{
    orch_grpc_t          *g = data;
    orch_http_request_t  *r = g->r;

    if (g->method->run(&g->call) == LP_AGAIN) {
        g->call.times++;
        return;
    }

    r->data = NULL;
    r->on_abort = NULL;

    orch_grpc_reply(r, g->type, &g->call);
    orch_grpc_free(g);
}


static void
orch_grpc_end(orch_http_request_t *r)
{
    orch_grpc_t  *g = r->data;

    if (orch_grpc_judge(g, &g->call.msg, &g->call.len) != LP_OK
        || g->in.len != g->call.len + LP_WIRE_GRPC_PREFIX)
    {
        orch_grpc_abandon(r, ORCH_GRPC_INTERNAL, "malformed message");
        return;
    }

    r->on_body = NULL;
    r->on_end = NULL;

    orch_grpc_run(g);
}


static void
orch_grpc_abort(orch_http_request_t *r)
{
    orch_grpc_t  *g = r->data;

    r->data = NULL;

    if (g->call.times) {
        g->method->drop(&g->call);
    }

    orch_grpc_free(g);
}


/* the subtype or parameters may follow; the answer's type is the request's */

static int
orch_grpc_type(char out[ORCH_GRPC_TYPE_MAX], const orch_str_t *type)
{
    size_t  len = sizeof(ORCH_GRPC_TYPE) - 1;

    if (type->len >= ORCH_GRPC_TYPE_MAX
        || (type->len > len && type->data[len] != '+'
            && type->data[len] != ';'))
    {
        return -1;
    }

    memcpy(out, type->data, type->len);
    out[type->len] = '\0';

    return 0;
}


static const orch_rpc_method_t *
orch_grpc_method(const orch_http_request_t *r)
{
    size_t  i;

    for (i = 0; i < ORCH_RPC_N(orch_rpc_methods); i++) {
        if (orch_rpc_path_is(&r->path, orch_rpc_methods[i].path, 0)) {
            return &orch_rpc_methods[i];
        }
    }

    return NULL;
}


static void
orch_grpc_begin(orch_rpc_t *rpc, orch_http_request_t *r,
    const orch_str_t *type)
{
    char                      mirror[ORCH_GRPC_TYPE_MAX];
    orch_grpc_t              *g;
    const orch_rpc_method_t  *method;

    if (!orch_rpc_method_is(r, "POST")) {
        orch_rpc_refuse(r, 405, "gRPC requests are POST");
        return;
    }

    if (orch_grpc_type(mirror, type)) {
        orch_rpc_refuse(r, 415, "unknown gRPC content type");
        return;
    }

    method = orch_grpc_method(r);

    if (method == NULL) {
        orch_grpc_fail(r, mirror, ORCH_GRPC_UNIMPLEMENTED, "unknown method");
        return;
    }

    g = calloc(1, sizeof(orch_grpc_t));
    if (g == NULL) {
        orch_grpc_fail(r, mirror, ORCH_GRPC_EXHAUSTED, "out of memory");
        return;
    }

    g->r = r;
    g->method = method;
    g->call.rpc = rpc;
    g->call.r = r;
    memcpy(g->type, mirror, sizeof(mirror));
    lp_buf_init(&g->in, LP_WIRE_MESSAGE_MAX + LP_WIRE_GRPC_PREFIX);
    lp_buf_init(&g->call.out, ORCH_RPC_INFO_MAX);
    orch_timer_init(&g->call.wake, rpc->loop, orch_grpc_run, g);

    r->data = g;
    r->on_body = orch_grpc_body;
    r->on_end = orch_grpc_end;
    r->on_abort = orch_grpc_abort;
    r->body_deadline_ms = ORCH_GRPC_DEADLINE;

    /* more is let in than is taken: the refusal is gRPC's and not a 413 */

    r->body_max = 2 * LP_WIRE_MESSAGE_MAX;
}


static int
orch_rpc_is_grpc(const orch_str_t *type)
{
    return type->len >= sizeof(ORCH_GRPC_TYPE) - 1
           && strncasecmp(type->data, ORCH_GRPC_TYPE,
                          sizeof(ORCH_GRPC_TYPE) - 1) == 0;
}


void
orch_rpc_begin(void *data, orch_http_request_t *r)
{
    size_t       i;
    orch_rpc_t  *rpc = data;
    orch_str_t   type;

    type = orch_http_header(r, "content-type", NULL);

    if (orch_rpc_is_grpc(&type)) {

        if (r->http2) {
            orch_grpc_begin(rpc, r, &type);

        } else {
            orch_rpc_refuse(r, 415, "gRPC needs HTTP/2");
        }

        return;
    }

    for (i = 0; i < ORCH_RPC_N(orch_rpc_routes); i++) {
        if (orch_rpc_path_is(&r->path, orch_rpc_routes[i].path,
                             orch_rpc_routes[i].prefix))
        {
            orch_rpc_routes[i].begin(rpc, r);
            return;
        }
    }

    orch_rpc_refuse(r, 404, "Not Found");
}
