/*
 * Two gRPC calls: GetOrchestrator, whose answer becomes a session, and
 * EndTranscodingSession. What an answer must be to be usable is judged here;
 * when to ask and whom to choose is the session's matter.
 */
#include "common/net/capability.h"
#include "ngx_livepeer_module/ngx_livepeer_curl.h"
#include "ngx_livepeer_module/ngx_livepeer_discover.h"
#include "ngx_livepeer_module/ngx_livepeer_signer.h"


#define NGX_LIVEPEER_DISCOVER_CONNECT   2000         /* ms */
#define NGX_LIVEPEER_DISCOVER_TIMEOUT   2500
#define NGX_LIVEPEER_DISCOVER_ARENA     (1024 * 1024)
#define NGX_LIVEPEER_DISCOVER_POOL      1024
#define NGX_LIVEPEER_DISCOVER_LATE      180          /* s before a token ends */
#define NGX_LIVEPEER_DISCOVER_FRESH     60000        /* ms, at least */
#define NGX_LIVEPEER_DISCOVER_OLD       1800         /* s, at most */


/* EndTranscodingSession outlives its stream: it owns itself */

typedef struct {
    ngx_livepeer_call_t       *call;
    ngx_pool_t                *pool;
    lp_buf_t                   body;
    ngx_buf_t                  buf;
    ngx_chain_t                link;
    ngx_event_t                event;
} ngx_livepeer_discover_end_t;


static void ngx_livepeer_discover_end_destroy(
    ngx_livepeer_discover_end_t *end);


/* what a call carries: type and trailers; gRPC's own framing is in wire */

static ngx_array_t *
ngx_livepeer_discover_headers(ngx_pool_t *pool)
{
    ngx_str_t    *header;
    ngx_array_t  *headers;

    headers = ngx_array_create(pool, 2, sizeof(ngx_str_t));
    if (headers == NULL) {
        return NULL;
    }

    header = ngx_array_push_n(headers, 2);

    ngx_str_set(&header[0], "Content-Type: application/grpc");
    ngx_str_set(&header[1], "TE: trailers");

    return headers;
}


static ngx_int_t
ngx_livepeer_discover_url(ngx_pool_t *pool, ngx_str_t *url, ngx_str_t *base,
    const char *path)
{
    url->len = base->len + ngx_strlen(path);

    url->data = ngx_pnalloc(pool, url->len + 1);
    if (url->data == NULL) {
        return NGX_ERROR;
    }

    *ngx_sprintf(url->data, "%V%s", base, path) = '\0';

    return NGX_OK;
}


/* a unary call: the message is shown to libcurl where it lies */

static void
ngx_livepeer_discover_call(ngx_livepeer_call_conf_t *conf, lp_buf_t *message,
    ngx_chain_t *link, ngx_buf_t *buf)
{
    buf->pos = message->data;
    buf->last = message->data + message->len;
    buf->memory = 1;
    link->buf = buf;
    link->next = NULL;

    ngx_memzero(conf, sizeof(ngx_livepeer_call_conf_t));

    conf->body = link;
    conf->body_len = message->len;
    conf->grpc = 1;
    conf->connect_timeout = NGX_LIVEPEER_DISCOVER_CONNECT;
    conf->timeout = NGX_LIVEPEER_DISCOVER_TIMEOUT;
    conf->answer_max = LP_WIRE_MESSAGE_MAX + LP_WIRE_GRPC_PREFIX;
}


/* Asking */


static void
ngx_livepeer_discover_ask_wake(void *data)
{
    ngx_livepeer_session_t  *s = data;

    ngx_post_event(&s->answer, &ngx_posted_events);
}


/* the gRPC message in s->request */

static ngx_int_t
ngx_livepeer_discover_request(ngx_livepeer_session_t *s)
{
    size_t                   begin;
    ngx_int_t                rc;
    ngx_array_t             *profiles = s->stream->conf->profiles;
    lp_wire_orch_request_t   r;

    ngx_memzero(&r, sizeof(lp_wire_orch_request_t));

    rc = ngx_livepeer_signer_request(&r.address, &r.sig);
    if (rc != NGX_OK) {
        return rc;
    }

    r.has_sig = 1;
    r.has_capabilities = 1;
    lp_capability_job(&r.capabilities, profiles->elts, profiles->nelts);

    lp_buf_reset(&s->request);
    begin = lp_wire_grpc_begin(&s->request);
    lp_wire_encode_orch_request(&s->request, &r);
    lp_wire_grpc_end(&s->request, begin);

    return lp_buf_status(&s->request) == LP_OK ? NGX_OK : NGX_ERROR;
}


/* what is the same in every asking of a session, made at the first */

static ngx_int_t
ngx_livepeer_discover_prepare(ngx_livepeer_session_t *s)
{
    s->ask_headers = ngx_livepeer_discover_headers(s->stream->pool);

    if (s->ask_headers == NULL) {
        return NGX_ERROR;
    }

    return ngx_livepeer_discover_url(s->stream->pool, &s->ask_url, &s->url,
                                     LP_WIRE_GET_ORCHESTRATOR);
}


ngx_int_t
ngx_livepeer_discover_ask(ngx_livepeer_session_t *s)
{
    ngx_livepeer_call_conf_t  conf;

    if (s->ask_url.data == NULL
        && ngx_livepeer_discover_prepare(s) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_livepeer_discover_request(s) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_livepeer_discover_call(&conf, &s->request, &s->request_link,
                               &s->request_buf);

    conf.url = s->ask_url;
    conf.stranger = s->stranger;
    conf.watch = &s->peer->watch;
    conf.headers = s->ask_headers;
    conf.wake = ngx_livepeer_discover_ask_wake;
    conf.owner = s;

    s->call = ngx_livepeer_curl_start(&conf, s->stream->log);

    return s->call ? NGX_OK : NGX_ERROR;
}


/* Answers */


static const char *
ngx_livepeer_discover_read(ngx_livepeer_session_t *s, lp_arena_t *arena,
    lp_wire_orch_info_t *info)
{
    size_t                len;
    const uint8_t        *msg;
    ngx_livepeer_call_t  *call = s->call;

    if (call->failed) {
        return call->error;
    }

    if (call->status != 200) {
        return "does not speak gRPC";
    }

    if (call->grpc_status > 0) {
        return "refused a session";
    }

    if (call->grpc_status < 0
        || lp_wire_grpc_open(&msg, &len, call->answer.data, call->answer.len)
           != LP_OK
        || lp_wire_decode_orch_info(arena, info, msg, len) != LP_OK)
    {
        return "sent malformed session data";
    }

    return NULL;
}


/* segments may only go to the host that was configured: T-25, T-44 */

static const char *
ngx_livepeer_discover_judge_uri(ngx_livepeer_session_t *s, ngx_str_t *uri)
{
    ngx_livepeer_url_t  parts;

    while (uri->len && uri->data[uri->len - 1] == '/') {
        uri->len--;
    }

    if (uri->len == 0) {
        return "does no work itself";
    }

    if (ngx_livepeer_url_parse(&parts, uri) != NGX_OK || parts.path.len
        || parts.tls != s->origin.tls
        || !ngx_livepeer_url_same_host(&parts, &s->origin))
    {
        return "sends segments to another host";
    }

    if (s->pinned && (uri->len != s->base.len
                      || ngx_memcmp(uri->data, s->base.data, uri->len) != 0))
    {
        return "moved to another port";
    }

    return NULL;
}


static const char *
ngx_livepeer_discover_judge(ngx_livepeer_session_t *s,
    lp_wire_orch_info_t *info, ngx_str_t *uri)
{
    ngx_uint_t          has_signer;
    ngx_array_t        *profiles = s->stream->conf->profiles;
    lp_capabilities_t   job;

    if (!info->has_token || info->token.token.len == 0
        || info->token.token.len > NGX_LIVEPEER_TOKEN_MAX
        || ngx_strlen(info->token.session_id) > NGX_LIVEPEER_TOKEN_MAX)
    {
        return "gave no auth token";
    }

    lp_capability_job(&job, profiles->elts, profiles->nelts);

    if (lp_capability_match(&job, info->has_capabilities
                                  ? &info->capabilities : NULL) != LP_OK)
    {
        return "cannot do what the profiles ask for";
    }

    has_signer = info->has_address && !lp_address_is_zero(&info->address);

    if (s->stream->conf->money.on_chain && !ngx_livepeer_pay_signer_ok(s, info))
    {
        return "signs with another address than the registered one";
    }

    if (s->pinned && (has_signer != s->has_signer
                      || (has_signer
                          && !lp_address_equal(&info->address, &s->signer))))
    {
        return "changed its address";
    }

    uri->data = (u_char *) info->transcoder;
    uri->len = ngx_strlen(uri->data);

    return ngx_livepeer_discover_judge_uri(s, uri);
}


static ngx_int_t
ngx_livepeer_discover_pin(ngx_livepeer_session_t *s, lp_wire_orch_info_t *info,
    ngx_str_t *uri)
{
    if (s->pinned) {
        return NGX_OK;
    }

    s->base.data = ngx_pstrdup(s->stream->pool, uri);
    if (s->base.data == NULL) {
        return NGX_ERROR;
    }

    s->base.len = uri->len;
    (void) ngx_livepeer_url_parse(&s->base_parts, &s->base);

    s->has_signer = info->has_address && !lp_address_is_zero(&info->address);
    s->signer = info->address;
    s->pinned = 1;

    return NGX_OK;
}


/* a clock that is not ours: only the length of its token's life counts */

static void
ngx_livepeer_discover_age(ngx_livepeer_session_t *s)
{
    int64_t  left;

    left = s->info.token.expiration - (int64_t) ngx_time();
    left = ngx_min(left, NGX_LIVEPEER_DISCOVER_OLD);
    left = (left - NGX_LIVEPEER_DISCOVER_LATE) * 1000;

    s->refresh = ngx_current_msec
                 + (ngx_msec_t) ngx_max(left, NGX_LIVEPEER_DISCOVER_FRESH);
}


/*
 * New tickets at the old price, for a session that can go on: its token and
 * the credit that hangs on it are kept.
 */

static ngx_uint_t
ngx_livepeer_discover_keeps(ngx_livepeer_session_t *s, lp_price_t price)
{
    return s->stream->conf->money.on_chain && s->info.has_token && !s->refused
           && (ngx_msec_int_t) (s->refresh - ngx_current_msec) > 0
           && lp_price_cmp(&price, &s->account.price) == 0;
}


/* NULL: the session is ready; or why it is not */

const char *
ngx_livepeer_discover_take(ngx_livepeer_session_t *s)
{
    ngx_str_t             uri;
    lp_arena_t            arena;
    lp_price_t            price = s->account.price;
    const char           *why;
    lp_wire_orch_info_t   info;

    lp_arena_init(&arena, NGX_LIVEPEER_DISCOVER_ARENA);

    why = ngx_livepeer_discover_read(s, &arena, &info);

    if (why == NULL) {
        why = ngx_livepeer_discover_judge(s, &info, &uri);
    }

    if (why == NULL && s->stream->conf->money.on_chain) {
        why = ngx_livepeer_pay_take(s, &info);
    }

    if (why == NULL && ngx_livepeer_discover_pin(s, &info, &uri) != NGX_OK) {
        why = "was not used: out of memory";
    }

    if (why) {
        lp_arena_done(&arena);
        return why;
    }

    if (ngx_livepeer_discover_keeps(s, price)) {
        lp_arena_done(&arena);
        s->ready = 1;
        return NULL;
    }

    ngx_livepeer_pay_forfeit(&s->account);
    s->refused = 0;

    /* a place nobody will use again is given back, if nothing runs there */

    if (s->used && s->in_flight == 0) {
        ngx_livepeer_discover_end(s);
    }

    lp_arena_done(&s->arena);
    s->arena = arena;
    s->info = info;
    s->ready = 1;
    s->used = 0;

    ngx_livepeer_discover_age(s);

    return NULL;
}


/* The end */


static void
ngx_livepeer_discover_ended_handler(ngx_event_t *ev)
{
    ngx_livepeer_discover_end_t  *end = ev->data;

    if (!end->call->done) {
        return;
    }

    ngx_livepeer_discover_end_destroy(end);
}


static void
ngx_livepeer_discover_ended_wake(void *data)
{
    ngx_livepeer_discover_end_t  *end = data;

    ngx_post_event(&end->event, &ngx_posted_events);
}


static ngx_livepeer_discover_end_t *
ngx_livepeer_discover_end_create(ngx_livepeer_session_t *s)
{
    size_t                        begin;
    ngx_pool_t                   *pool;
    ngx_livepeer_discover_end_t  *end;

    pool = ngx_create_pool(NGX_LIVEPEER_DISCOVER_POOL, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    end = ngx_pcalloc(pool, sizeof(ngx_livepeer_discover_end_t));
    if (end == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    end->pool = pool;
    end->event.handler = ngx_livepeer_discover_ended_handler;
    end->event.data = end;
    end->event.log = ngx_cycle->log;

    lp_buf_init(&end->body, LP_WIRE_MESSAGE_MAX);
    begin = lp_wire_grpc_begin(&end->body);
    lp_wire_encode_end(&end->body, &s->info.token);
    lp_wire_grpc_end(&end->body, begin);

    return end;
}


static void
ngx_livepeer_discover_end_destroy(ngx_livepeer_discover_end_t *end)
{
    ngx_livepeer_curl_cancel(&end->call);
    lp_buf_done(&end->body);
    ngx_destroy_pool(end->pool);
}


/* a courtesy: without it the orchestrator waits for its own 70 s */

void
ngx_livepeer_discover_end(ngx_livepeer_session_t *s)
{
    ngx_livepeer_call_conf_t      conf;
    ngx_livepeer_discover_end_t  *end;

    end = ngx_livepeer_discover_end_create(s);
    if (end == NULL) {
        return;
    }

    ngx_livepeer_discover_call(&conf, &end->body, &end->link, &end->buf);

    conf.stranger = s->stranger;
    conf.watch = &s->peer->watch;
    conf.headers = ngx_livepeer_discover_headers(end->pool);
    conf.wake = ngx_livepeer_discover_ended_wake;
    conf.owner = end;

    if (conf.headers
        && ngx_livepeer_discover_url(end->pool, &conf.url, &s->url,
                                     LP_WIRE_END_SESSION) == NGX_OK
        && lp_buf_status(&end->body) == LP_OK)
    {
        end->call = ngx_livepeer_curl_start(&conf, ngx_cycle->log);
    }

    if (end->call == NULL) {
        ngx_livepeer_discover_end_destroy(end);
    }
}
