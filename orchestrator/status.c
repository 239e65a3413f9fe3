/* JSON of the orchestrator's state (door: cJSON), and the other three. */

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/util/hex.h"
#include "orchestrator/rpc.h"
#include "orchestrator/status.h"


#define ORCH_STATUS_TEXT   (256 * 1024)
#define ORCH_STATUS_MONEY  (16 * 1024)
#define ORCH_STATUS_SHORT  8           /* characters of a session's id */


typedef struct {
    const char   *path;
    void        (*reply)(orch_rpc_t *rpc, orch_http_request_t *r);
} orch_status_route_t;


static void
orch_status_reply(orch_http_request_t *r, const char *type,
    const void *body, size_t len)
{
    orch_http_header_t  headers[] = {
        { "content-type", type },
        { "cache-control", "no-store" },
        { "x-content-type-options", "nosniff" }
    };

    orch_http_reply(r, 200, headers, 3, body, len);
}


static void
orch_status_session(cJSON *list, const orch_session_t *s, uint64_t now)
{
    char    id[ORCH_STATUS_SHORT + 1];
    cJSON  *o;

    o = cJSON_CreateObject();
    cJSON_AddItemToArray(list, o);

    memcpy(id, s->id, ORCH_STATUS_SHORT);
    id[ORCH_STATUS_SHORT] = '\0';

    cJSON_AddStringToObject(o, "id", id);
    cJSON_AddNumberToObject(o, "age_s", (double) ((now - s->started_ms)
                                                  / 1000));
    cJSON_AddNumberToObject(o, "segments", (double) s->segments);
    cJSON_AddNumberToObject(o, "seq", (double) s->seq);
    cJSON_AddNumberToObject(o, "in_flight", s->queue.n);
    cJSON_AddNumberToObject(o, "rtt_ms", (double) s->round_ms);
    cJSON_AddStringToObject(o, "transcoder", s->queue.place.transcoder
                            ? s->queue.place.transcoder->name : "");
}


static void
orch_status_sessions(cJSON *root, const orch_rpc_t *rpc, uint64_t now)
{
    size_t                 i;
    cJSON                 *list;
    const orch_session_t  *s;

    list = cJSON_AddArrayToObject(root, "sessions");

    for (i = 0; i < ORCH_CAPACITY_BUCKETS; i++) {
        for (s = rpc->capacity.buckets[i]; s; s = s->next) {
            orch_status_session(list, s, now);
        }
    }
}


static void
orch_status_transcoders(cJSON *root, const orch_rpc_t *rpc)
{
    cJSON                    *list, *o;
    const orch_transcoder_t  *t;

    list = cJSON_AddArrayToObject(root, "transcoders");

    for (t = rpc->pool.transcoders; t; t = t->next) {
        o = cJSON_CreateObject();
        cJSON_AddItemToArray(list, o);

        cJSON_AddStringToObject(o, "name", t->name);
        cJSON_AddStringToObject(o, "version", t->hello.version);
        cJSON_AddStringToObject(o, "encoder", t->hello.encoder);
        cJSON_AddNumberToObject(o, "capacity", t->hello.capacity);
        cJSON_AddNumberToObject(o, "sessions", t->taken);
        cJSON_AddNumberToObject(o, "jobs", (double) t->jobs);
        cJSON_AddNumberToObject(o, "cpu_ms", (double) t->cpu_ms);
    }
}


static void
orch_status_limits(cJSON *root, const orch_rpc_t *rpc)
{
    cJSON              *o;
    const orch_conf_t  *c = rpc->conf;

    o = cJSON_AddObjectToObject(root, "limits");

    cJSON_AddNumberToObject(o, "sessions", (double) c->max_sessions);
    cJSON_AddNumberToObject(o, "transcoders", (double) c->transcoders);
    cJSON_AddNumberToObject(o, "waiting", (double) c->waiting_max);
    cJSON_AddNumberToObject(o, "segment_bytes", (double) c->segment_max);
    cJSON_AddNumberToObject(o, "memory_bytes", (double) c->memory_max);
    cJSON_AddNumberToObject(o, "connections", (double) c->max_connections);
    cJSON_AddNumberToObject(o, "session_idle_ms",
                            (double) c->session_idle_ms);
}


static void
orch_status_add_raw(cJSON *root, const char *name, lp_buf_t *text)
{
    lp_buf_put_u8(text, '\0');

    if (lp_buf_status(text) == LP_OK) {
        cJSON_AddRawToObject(root, name, (const char *) text->data);
    }

    lp_buf_done(text);
}


static void
orch_status_money(cJSON *root, const orch_rpc_t *rpc)
{
    lp_buf_t  text;

    if (rpc->payments) {
        lp_buf_init(&text, ORCH_STATUS_MONEY);
        orch_payments_put_json(rpc->payments, &text);
        orch_status_add_raw(root, "money", &text);
    }

    if (rpc->redeemer) {
        lp_buf_init(&text, ORCH_STATUS_MONEY);
        orch_redeemer_put_json(rpc->redeemer, &text);
        orch_status_add_raw(root, "redeemer", &text);
    }
}


/* gauges and the HTTP server's figures join the counters */

static void
orch_status_collect(orch_rpc_t *rpc)
{
    uint64_t                 *v = rpc->metrics.value;
    const orch_http_stats_t  *h = orch_http_stats(rpc->http);

    v[ORCH_METRIC_SESSIONS] = rpc->capacity.n;
    v[ORCH_METRIC_SESSIONS_MAX] = rpc->conf->max_sessions;
    v[ORCH_METRIC_TRANSCODERS] = rpc->pool.n;
    v[ORCH_METRIC_ENGINE_LOST] = rpc->pool.lost;
    v[ORCH_METRIC_MEMORY] = rpc->memory.used;
    v[ORCH_METRIC_IN_FLIGHT] = rpc->in_flight;

    v[ORCH_METRIC_OPEN] = h->connections;
    v[ORCH_METRIC_CONNECTIONS] = h->accepted;
    v[ORCH_METRIC_CONNECTIONS_REFUSED] = h->refused;
    v[ORCH_METRIC_HANDSHAKES_FAILED] = h->handshake_failed;
    v[ORCH_METRIC_REQUESTS] = h->requests;
    v[ORCH_METRIC_REQUESTS_BAD] = h->bad_requests;
    v[ORCH_METRIC_TIMEOUTS] = h->timeouts;
    v[ORCH_METRIC_FLOODS] = h->floods;
    v[ORCH_METRIC_HTTP_IN] = h->bytes_in;
    v[ORCH_METRIC_HTTP_OUT] = h->bytes_out;
}


static void
orch_status_json(orch_rpc_t *rpc, orch_http_request_t *r)
{
    int       i;
    char      address[LP_ADDRESS_TEXT_LEN + 1], *text;
    cJSON    *root, *counters;
    uint64_t  now = orch_loop_now_ms(rpc->loop);
    static const char *const  names[] = {
#define ORCH_STATUS_NAME(name, label, type, help)  label,
        ORCH_METRICS_MAP(ORCH_STATUS_NAME)
#undef ORCH_STATUS_NAME
    };

    orch_status_collect(rpc);
    lp_address_text(address, orch_signer_address(rpc->signer));

    root = cJSON_CreateObject();

    cJSON_AddStringToObject(root, "version", LP_VERSION);
    cJSON_AddNumberToObject(root, "uptime_s",
                            (double) ((now - rpc->started_ms) / 1000));
    cJSON_AddStringToObject(root, "service", rpc->service_uri);
    cJSON_AddStringToObject(root, "address", address);
    cJSON_AddStringToObject(root, "network", rpc->conf->network);
    cJSON_AddBoolToObject(root, "stopping", rpc->capacity.closed);

    orch_status_sessions(root, rpc, now);
    orch_status_transcoders(root, rpc);
    orch_status_limits(root, rpc);
    orch_status_money(root, rpc);

    counters = cJSON_AddObjectToObject(root, "counters");

    for (i = 0; i < ORCH_NMETRICS; i++) {
        cJSON_AddNumberToObject(counters, names[i],
                                (double) rpc->metrics.value[i]
                                / orch_metrics_scale((orch_metric_e) i));
    }

    text = cJSON_Print(root);

    if (text) {
        orch_status_reply(r, "application/json", text, strlen(text));

    } else {
        orch_http_error(r, 500, "Internal Server Error");
    }

    cJSON_free(text);
    cJSON_Delete(root);
}


static void
orch_status_metrics(orch_rpc_t *rpc, orch_http_request_t *r)
{
    lp_buf_t  out;

    orch_status_collect(rpc);

    lp_buf_init(&out, ORCH_STATUS_TEXT);
    orch_metrics_put(&out, &rpc->metrics);

    if (rpc->payments) {
        orch_payments_put_metrics(rpc->payments, &out);
    }

    if (rpc->redeemer) {
        orch_redeemer_put_metrics(rpc->redeemer, &out);
    }

    if (lp_buf_status(&out) == LP_OK) {
        orch_status_reply(r, "text/plain; version=0.0.4; charset=utf-8",
                          out.data, out.len);

    } else {
        orch_http_error(r, 500, "Internal Server Error");
    }

    lp_buf_done(&out);
}


/* a challenge that waits for the signer */
typedef struct {
    orch_http_request_t  *r;
    orch_timer_t          wake;
    orch_sign_t           sign;
} orch_challenge_t;


static void
orch_challenge_free(orch_challenge_t *c)
{
    orch_signer_cancel(&c->sign);
    orch_timer_done(&c->wake);
    free(c);
}


static void
orch_challenge_abort(orch_http_request_t *r)
{
    orch_challenge_free(r->data);
    r->data = NULL;
}


static void
orch_challenge_run(void *data)
{
    char                  text[2 * ORCH_SIGNER_PING + 2];
    orch_challenge_t     *c = data;
    orch_http_request_t  *r = c->r;

    if (c->sign.status == LP_AGAIN) {
        return;
    }

    r->data = NULL;
    r->on_abort = NULL;

    if (c->sign.status == LP_OK && c->sign.reply.refusal == LP_SIGN_OK) {
        lp_hex_encode(text, c->sign.reply.ping, ORCH_SIGNER_PING);
        text[2 * ORCH_SIGNER_PING] = '\n';

        orch_status_reply(r, "text/plain", text, 2 * ORCH_SIGNER_PING + 1);

    } else {
        orch_http_error(r, 503, "Service Unavailable");
    }

    orch_challenge_free(c);
}


static void
orch_status_challenge(orch_rpc_t *rpc, orch_http_request_t *r)
{
    orch_challenge_t  *c;

    c = calloc(1, sizeof(orch_challenge_t));
    if (c == NULL) {
        orch_http_error(r, 503, "Service Unavailable");
        return;
    }

    c->r = r;
    r->data = c;
    r->on_abort = orch_challenge_abort;

    orch_timer_init(&c->wake, rpc->loop, orch_challenge_run, c);
    orch_signer_issue_ping(rpc->signer, &c->sign, &c->wake);
    orch_challenge_run(c);
}


static void
orch_status_health(orch_rpc_t *rpc, orch_http_request_t *r)
{
    (void) rpc;

    orch_status_reply(r, "text/plain", "", 0);
}


static const orch_status_route_t  orch_status_routes[] = {
    { "/status",    orch_status_json      },
    { "/metrics",   orch_status_metrics   },
    { "/challenge", orch_status_challenge },
    { "/healthz",   orch_status_health    }
};


void
orch_status_begin(void *data, orch_http_request_t *r)
{
    size_t                      i;
    const orch_status_route_t  *route;

    if (!orch_rpc_method_is(r, "GET")) {
        orch_rpc_refuse(r, 405, "Method Not Allowed");
        return;
    }

    if (!r->ended) {
        orch_http_discard(r);
    }

    for (i = 0;
         i < sizeof(orch_status_routes) / sizeof(orch_status_routes[0]);
         i++)
    {
        route = &orch_status_routes[i];

        if (r->path.len == strlen(route->path)
            && memcmp(r->path.data, route->path, r->path.len) == 0)
        {
            route->reply(data, r);
            return;
        }
    }

    orch_http_error(r, 404, "Not Found");
}
