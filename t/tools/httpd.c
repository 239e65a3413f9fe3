/*
 * A small server over orchestrator/http.h for the tests: each route shows
 * one way a handler may answer. Prints "port N" when it listens.
 *
 *   httpd [--cleartext] [--name SAN] [--cert-out FILE] [--set LIMIT=N]...
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/http.h"


#define HTTPD_PIECE   65536
#define HTTPD_MESSAGES  5


typedef struct httpd_s      httpd_t;
typedef struct httpd_job_s  httpd_job_t;

struct httpd_s {
    orch_loop_t       *loop;
    orch_http_t       *http;
    orch_http_conf_t   conf;
    const char        *cert_out;
    uint64_t           aborted;
    uint64_t           jobs;              /* requests that are alive */
    uint64_t           pieces;            /* given out, not yet released */
};

/* one request that is not answered in begin */
struct httpd_job_s {
    httpd_t              *d;
    orch_http_request_t  *r;
    orch_timer_t          timer;
    lp_buf_t              body;
    uint64_t              bytes;
    unsigned              left;
};

typedef struct {
    const char  *path;
    void       (*begin)(httpd_t *d, orch_http_request_t *r);
} httpd_route_t;

typedef struct {
    const char  *name;
    uint32_t    *value;
} httpd_limit_t;


static httpd_t   httpd;
static uint8_t   httpd_zeros[HTTPD_PIECE];


static const orch_http_header_t  httpd_grpc_headers[] = {
    { "content-type", "application/grpc" },
};

static const orch_http_header_t  httpd_grpc_trailers[] = {
    { "grpc-status", "0" },
};


/* the number after name= in the query, or what it is without */
static uint64_t
httpd_query(const orch_http_request_t *r, const char *name, uint64_t without)
{
    const char  *p;

    p = strstr(r->path.data, name);

    return p ? strtoull(p + strlen(name), NULL, 10) : without;
}


static httpd_job_t *
httpd_job_of(orch_http_request_t *r)
{
    return r->data;
}


static void
httpd_job_done(httpd_job_t *job)
{
    job->d->jobs--;
    orch_timer_done(&job->timer);
    lp_buf_done(&job->body);
    free(job);
}


static void
httpd_on_abort(orch_http_request_t *r)
{
    httpd_job_t  *job = httpd_job_of(r);

    job->d->aborted++;
    httpd_job_done(job);
}


static void
httpd_on_body(orch_http_request_t *r, const uint8_t *p, size_t len)
{
    httpd_job_t  *job = httpd_job_of(r);

    job->bytes += len;
    lp_buf_put(&job->body, p, len);
}


static void
httpd_on_count(orch_http_request_t *r, const uint8_t *p, size_t len)
{
    (void) p;

    httpd_job_of(r)->bytes += len;
}


static httpd_job_t *
httpd_job_create(httpd_t *d, orch_http_request_t *r,
    orch_loop_handler_pt on_timer)
{
    httpd_job_t  *job;

    job = calloc(1, sizeof(httpd_job_t));
    if (job == NULL) {
        abort();
    }

    job->d = d;
    job->r = r;
    lp_buf_init(&job->body, 64 * 1024 * 1024);
    orch_timer_init(&job->timer, d->loop, on_timer, job);
    d->jobs++;

    r->data = job;
    r->on_abort = httpd_on_abort;
    r->body_max = httpd_query(r, "max=", r->body_max);
    r->body_deadline_ms = httpd_query(r, "ms=", 0);

    return job;
}


static void
httpd_on_nothing(void *data)
{
    (void) data;
}


static void
httpd_echo_end(orch_http_request_t *r)
{
    httpd_job_t  *job = httpd_job_of(r);

    orch_http_reply(r, 200, NULL, 0, job->body.data, job->body.len);
    httpd_job_done(job);
}


static void
httpd_echo(httpd_t *d, orch_http_request_t *r)
{
    httpd_job_create(d, r, httpd_on_nothing);
    r->on_body = httpd_on_body;
    r->on_end = httpd_echo_end;
}


/* the body counted and, with n=, an answer of n zeros: a segment's traffic */
static void httpd_big_send(httpd_job_t *job);


static void
httpd_sink_end(orch_http_request_t *r)
{
    char          text[64];
    httpd_job_t  *job = httpd_job_of(r);

    if (job->left) {
        httpd_big_send(job);
        return;
    }

    snprintf(text, sizeof(text), "received %llu\n",
             (unsigned long long) job->bytes);
    orch_http_reply(r, 200, NULL, 0, text, strlen(text));
    httpd_job_done(job);
}


static void
httpd_sink(httpd_t *d, orch_http_request_t *r)
{
    httpd_job_t  *job;

    job = httpd_job_create(d, r, httpd_on_nothing);
    job->left = (unsigned) httpd_query(r, "n=", 0);
    r->on_body = httpd_on_count;
    r->on_end = httpd_sink_end;
}


static void
httpd_early_end(orch_http_request_t *r)
{
    char          text[64];
    httpd_job_t  *job = httpd_job_of(r);

    snprintf(text, sizeof(text), "received %llu\n",
             (unsigned long long) job->bytes);
    orch_http_body(r, text, strlen(text), NULL, NULL);
    orch_http_finish(r, NULL, 0);
    httpd_job_done(job);
}


static void
httpd_early(httpd_t *d, orch_http_request_t *r)
{
    httpd_job_create(d, r, httpd_on_nothing);
    r->on_body = httpd_on_count;
    r->on_end = httpd_early_end;
    orch_http_head(r, 200, NULL, 0);
}


static void
httpd_slow_timer(void *data)
{
    httpd_job_t  *job = data;

    orch_http_reply(job->r, 200, NULL, 0, "slow\n", 5);
    httpd_job_done(job);
}


static void
httpd_slow(httpd_t *d, orch_http_request_t *r)
{
    httpd_job_t  *job;

    job = httpd_job_create(d, r, httpd_slow_timer);
    r->on_body = httpd_on_count;
    orch_timer_set(&job->timer, httpd_query(r, "wait=", 200));
}


static void
httpd_grpc_end(orch_http_request_t *r)
{
    httpd_job_t  *job = httpd_job_of(r);

    orch_http_head(r, 200, httpd_grpc_headers, 1);
    orch_http_body(r, job->body.data, job->body.len, NULL, NULL);
    orch_http_finish(r, httpd_grpc_trailers, 1);
    httpd_job_done(job);
}


static void
httpd_grpc(httpd_t *d, orch_http_request_t *r)
{
    httpd_job_create(d, r, httpd_on_nothing);
    r->on_body = httpd_on_body;
    r->on_end = httpd_grpc_end;
}


/* an error without a message: headers, then trailers */
static void
httpd_denied(httpd_t *d, orch_http_request_t *r)
{
    static const orch_http_header_t  trailers[] = {
        { "grpc-status", "7" },
        { "grpc-message", "not%20today" },
    };

    (void) d;

    orch_http_discard(r);
    orch_http_head(r, 200, httpd_grpc_headers, 1);
    orch_http_finish(r, trailers, 2);
}


static void
httpd_stream_timer(void *data)
{
    uint8_t       message[6] = { 0, 0, 0, 0, 1, 0 };
    httpd_job_t  *job = data;

    message[5] = (uint8_t) ('0' + HTTPD_MESSAGES - job->left);
    orch_http_body(job->r, message, sizeof(message), NULL, NULL);

    if (--job->left) {
        orch_timer_set(&job->timer, 20);
        return;
    }

    orch_http_finish(job->r, httpd_grpc_trailers, 1);
    httpd_job_done(job);
}


static void
httpd_stream(httpd_t *d, orch_http_request_t *r)
{
    httpd_job_t  *job;

    job = httpd_job_create(d, r, httpd_stream_timer);
    job->left = HTTPD_MESSAGES;
    r->on_body = httpd_on_count;
    orch_http_head(r, 200, httpd_grpc_headers, 1);
    orch_timer_set(&job->timer, 0);
}


static void
httpd_big_release(void *data)
{
    httpd_t  *d = data;

    d->pieces--;
}


static void
httpd_big_send(httpd_job_t *job)
{
    char                 length[24];
    size_t               n;
    orch_http_request_t *r = job->r;
    orch_http_header_t   header = { "content-length", length };

    snprintf(length, sizeof(length), "%u", job->left);
    orch_http_head(r, 200, &header, 1);

    while (job->left) {
        n = job->left < HTTPD_PIECE ? job->left : HTTPD_PIECE;
        job->left -= (unsigned) n;
        job->d->pieces++;
        orch_http_body(r, httpd_zeros, n, httpd_big_release, job->d);
    }

    orch_http_finish(r, NULL, 0);
    httpd_job_done(job);
}


static void
httpd_big(httpd_t *d, orch_http_request_t *r)
{
    httpd_job_t  *job;

    job = httpd_job_create(d, r, httpd_on_nothing);
    job->left = (unsigned) httpd_query(r, "n=", 1000000);
    httpd_big_send(job);
}


static void
httpd_refuse(httpd_t *d, orch_http_request_t *r)
{
    (void) d;

    orch_http_discard(r);
    orch_http_error(r, 403, "refused");
}


/* which headers came, and how many of x-repeat */
static void
httpd_headers(httpd_t *d, orch_http_request_t *r)
{
    char        text[512];
    size_t      count;
    orch_str_t  v;

    (void) d;

    v = orch_http_header(r, "x-repeat", &count);
    snprintf(text, sizeof(text), "%.*s %.*s %.*s peer=%s x-repeat=%zu:%.*s\n",
             (int) r->method.len, r->method.data,
             (int) (r->path.len > 100 ? 100 : r->path.len), r->path.data,
             (int) (r->authority.len > 100 ? 100 : r->authority.len),
             r->authority.data, r->peer, count,
             (int) (v.len > 100 ? 100 : v.len), v.data);
    orch_http_reply(r, 200, NULL, 0, text, strlen(text));
}


static void
httpd_stats(httpd_t *d, orch_http_request_t *r)
{
    char                      text[1024];
    const orch_http_stats_t  *st = orch_http_stats(d->http);

    snprintf(text, sizeof(text),
             "connections %llu\naccepted %llu\nrefused %llu\n"
             "handshake_failed %llu\nrequests %llu\nbad_requests %llu\n"
             "timeouts %llu\nfloods %llu\nmemory %llu\nbytes_in %llu\n"
             "bytes_out %llu\naborted %llu\njobs %llu\npieces %llu\n",
             (unsigned long long) st->connections,
             (unsigned long long) st->accepted,
             (unsigned long long) st->refused,
             (unsigned long long) st->handshake_failed,
             (unsigned long long) st->requests,
             (unsigned long long) st->bad_requests,
             (unsigned long long) st->timeouts,
             (unsigned long long) st->floods,
             (unsigned long long) st->memory,
             (unsigned long long) st->bytes_in,
             (unsigned long long) st->bytes_out,
             (unsigned long long) d->aborted,
             (unsigned long long) d->jobs,
             (unsigned long long) d->pieces);
    orch_http_reply(r, 200, NULL, 0, text, strlen(text));
}


static void
httpd_drained(void *data)
{
    httpd_t  *d = data;

    puts("drained");
    orch_loop_stop(d->loop);
}


static void
httpd_drain(httpd_t *d, orch_http_request_t *r)
{
    orch_http_reply(r, 200, NULL, 0, "draining\n", 9);
    orch_http_drain(d->http, httpd_drained, d);
}


static const httpd_route_t  httpd_routes[] = {
    { "/echo",     httpd_echo },
    { "/sink",     httpd_sink },
    { "/early",    httpd_early },
    { "/slow",     httpd_slow },
    { "/grpc",     httpd_grpc },
    { "/denied",   httpd_denied },
    { "/stream",   httpd_stream },
    { "/big",      httpd_big },
    { "/refuse",   httpd_refuse },
    { "/headers",  httpd_headers },
    { "/stats",    httpd_stats },
    { "/drain",    httpd_drain },
};


static void
httpd_begin(void *data, orch_http_request_t *r)
{
    size_t  i, len;

    for (i = 0; i < sizeof(httpd_routes) / sizeof(httpd_routes[0]); i++) {
        len = strlen(httpd_routes[i].path);

        if (strncmp(r->path.data, httpd_routes[i].path, len) == 0) {
            httpd_routes[i].begin(data, r);
            return;
        }
    }

    orch_http_error(r, 404, "not found");
}


static int
httpd_set(orch_http_conf_t *conf, const char *arg)
{
    size_t       i, len;
    const char  *eq;

    const httpd_limit_t  limits[] = {
        { "max_connections",    &conf->max_connections },
        { "max_connections_ip", &conf->max_connections_ip },
        { "handshake_ms",       &conf->handshake_ms },
        { "handshakes_per_s",   &conf->handshakes_per_s },
        { "header_ms",          &conf->header_ms },
        { "idle_ms",            &conf->idle_ms },
        { "stall_ms",           &conf->stall_ms },
        { "body_rate",          &conf->body_rate },
        { "max_streams",        &conf->max_streams },
        { "max_requests",       &conf->max_requests },
        { "reset_burst",        &conf->reset_burst },
        { "reset_per_s",        &conf->reset_per_s },
    };

    eq = strchr(arg, '=');
    if (eq == NULL) {
        return -1;
    }

    len = (size_t) (eq - arg);

    if (len == 10 && memcmp(arg, "memory_max", 10) == 0) {
        conf->memory_max = strtoull(eq + 1, NULL, 10);
        return 0;
    }

    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        if (strlen(limits[i].name) == len
            && memcmp(limits[i].name, arg, len) == 0)
        {
            *limits[i].value = (uint32_t) strtoul(eq + 1, NULL, 10);
            return 0;
        }
    }

    return -1;
}


static int
httpd_options(httpd_t *d, int argc, char **argv)
{
    int  i;

    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--cleartext") == 0) {
            d->conf.cleartext = 1;

        } else if (strcmp(argv[i], "--name") == 0 && i + 1 < argc) {
            d->conf.cert_name = argv[++i];

        } else if (strcmp(argv[i], "--addr") == 0 && i + 1 < argc) {
            d->conf.addr = argv[++i];

        } else if (strcmp(argv[i], "--cert") == 0 && i + 2 < argc) {
            d->conf.cert_file = argv[++i];
            d->conf.key_file = argv[++i];

        } else if (strcmp(argv[i], "--cert-out") == 0 && i + 1 < argc) {
            d->cert_out = argv[++i];

        } else if (strcmp(argv[i], "--set") != 0 || i + 1 >= argc
                   || httpd_set(&d->conf, argv[++i]) != 0)
        {
            return -1;
        }
    }

    return 0;
}


static void
httpd_write_certificate(httpd_t *d)
{
    FILE      *f;
    lp_buf_t   pem;

    lp_buf_init(&pem, 65536);

    if (orch_http_certificate(d->http, &pem) == LP_OK) {
        f = fopen(d->cert_out, "w");

        if (f) {
            fwrite(pem.data, 1, pem.len, f);
            fclose(f);
        }
    }

    lp_buf_done(&pem);
}


static void
httpd_stop(void *data)
{
    httpd_t  *d = data;

    orch_loop_stop(d->loop);
}


int
main(int argc, char **argv)
{
    httpd_t     *d = &httpd;
    const char  *why;

    orch_http_conf_init(&d->conf);
    d->conf.addr = "127.0.0.1:0";
    d->conf.cert_name = "localhost";
    d->conf.begin = httpd_begin;
    d->conf.data = d;

    if (httpd_options(d, argc, argv) != 0) {
        fprintf(stderr, "usage: httpd [--cleartext] [--name SAN] "
                        "[--addr HOST:PORT] [--cert PEM KEY] "
                        "[--cert-out FILE] [--set LIMIT=N]...\n");
        return 2;
    }

    d->loop = orch_loop_create();
    if (d->loop == NULL) {
        return 1;
    }

    d->http = orch_http_create(d->loop, &d->conf, &why);
    if (d->http == NULL) {
        fprintf(stderr, "httpd: %s\n", why);
        orch_loop_destroy(&d->loop);
        return 1;
    }

    if (d->cert_out) {
        httpd_write_certificate(d);
    }

    orch_loop_signal(d->loop, SIGTERM, httpd_stop, d);

    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("port %u\n", orch_http_port(d->http));

    orch_loop_run(d->loop);

    orch_http_destroy(&d->http);
    orch_loop_destroy(&d->loop);

    if (d->jobs || d->pieces) {
        fprintf(stderr, "httpd: %llu jobs and %llu pieces are left\n",
                (unsigned long long) d->jobs,
                (unsigned long long) d->pieces);
        return 1;
    }

    return 0;
}
