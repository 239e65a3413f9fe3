/*
 * libcurl's multi interface on the loop. libcurl says which sockets and
 * which moment it waits for, the loop says when they are there. Nothing in a
 * callback of libcurl calls libcurl again: a finished request is taken from
 * its queue afterwards, and its owner is woken.
 */

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "orchestrator/client.h"


#define ORCH_CLIENT_CONNS       32              /* kept at a time */
#define ORCH_CLIENT_IDLE_S      60
#define ORCH_CLIENT_CONNECT_MS  5000
#define ORCH_CLIENT_HEAD_MAX    (16 * 1024)     /* bytes of header lines */


typedef struct orch_client_job_s  orch_client_job_t;

struct orch_client_job_s {
    orch_client_t      *client;
    orch_request_t     *request;
    CURL               *easy;
    struct curl_slist  *headers;
    size_t              head_len;
    const char         *reason;            /* why a callback said stop */
    orch_client_job_t  *prev, *next;
};

typedef struct {
    orch_io_t           io;
    orch_client_t      *client;
} orch_client_socket_t;

struct orch_client_s {
    orch_loop_t        *loop;
    CURLM              *multi;
    orch_timer_t        timer;
    orch_client_job_t   jobs;              /* head of a ring */
};


/* --- what libcurl is told, and tells */

static void
orch_client_collect(orch_client_t *c)
{
    int              left;
    CURLMsg         *msg;
    const char      *reason;
    orch_request_t  *r;
    orch_client_job_t  *job;

    while ((msg = curl_multi_info_read(c->multi, &left))) {

        if (msg->msg != CURLMSG_DONE) {
            continue;
        }

        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &job);

        r = job->request;
        reason = job->reason ? job->reason
                             : curl_easy_strerror(msg->data.result);
        r->done = 1;
        r->failed = msg->data.result != CURLE_OK;
        r->error = r->failed ? reason : NULL;

        orch_loop_wake(r->wake);
    }
}


static void
orch_client_act(orch_client_t *c, curl_socket_t fd, int ready)
{
    int  running;

    curl_multi_socket_action(c->multi, fd, ready, &running);
    orch_client_collect(c);
}


static void
orch_client_on_timer(void *data)
{
    orch_client_act(data, CURL_SOCKET_TIMEOUT, 0);
}


/* the socket may be gone when libcurl returns */

static void
orch_client_on_read(void *data)
{
    orch_client_socket_t  *s = data;

    orch_client_act(s->client, s->io.fd, CURL_CSELECT_IN);
}


static void
orch_client_on_write(void *data)
{
    orch_client_socket_t  *s = data;

    orch_client_act(s->client, s->io.fd, CURL_CSELECT_OUT);
}


static int
orch_client_set_socket(CURL *easy, curl_socket_t fd, int what, void *data,
    void *socket_data)
{
    orch_client_t         *c = data;
    orch_client_socket_t  *s = socket_data;

    (void) easy;

    if (what == CURL_POLL_REMOVE) {
        if (s) {
            orch_io_done(&s->io);
            free(s);
            curl_multi_assign(c->multi, fd, NULL);
        }

        return 0;
    }

    if (s == NULL) {
        s = calloc(1, sizeof(orch_client_socket_t));
        if (s == NULL) {
            return -1;
        }

        s->client = c;
        orch_io_init(&s->io, c->loop, fd, orch_client_on_read,
                     orch_client_on_write, s);
        curl_multi_assign(c->multi, fd, s);
    }

    orch_io_want(&s->io, (what & CURL_POLL_IN) != 0,
                 (what & CURL_POLL_OUT) != 0);

    return 0;
}


static int
orch_client_set_timer(CURLM *multi, long after_ms, void *data)
{
    orch_client_t  *c = data;

    (void) multi;

    if (after_ms < 0) {
        orch_timer_clear(&c->timer);

    } else {
        orch_timer_set(&c->timer, (uint64_t) after_ms);
    }

    return 0;
}


/* --- callbacks of one request */

static size_t
orch_client_take(char *p, size_t size, size_t n, void *data)
{
    size_t              len = size * n;
    orch_client_job_t  *job = data;

    lp_buf_put(&job->request->answer, p, len);

    if (lp_buf_status(&job->request->answer) != LP_OK) {
        job->reason = "the answer is too long";
        return 0;
    }

    return len;
}


static int
orch_client_number(const char *p, size_t len)
{
    int  v;

    for (v = 0; len && *p >= '0' && *p <= '9' && v < 100000; p++, len--) {
        v = v * 10 + (*p - '0');
    }

    return v;
}


/* the status line, and grpc-status as a header or as a trailer */

static size_t
orch_client_line(char *p, size_t size, size_t n, void *data)
{
    char               *space;
    size_t              len = size * n;
    orch_client_job_t  *job = data;
    static const char   grpc[] = "grpc-status:";

    job->head_len += len;

    if (job->head_len > ORCH_CLIENT_HEAD_MAX) {
        job->reason = "the answer's head is too long";
        return 0;
    }

    if (len > 5 && memcmp(p, "HTTP/", 5) == 0) {
        space = memchr(p, ' ', len);
        job->request->status = space == NULL ? 0
            : (unsigned) orch_client_number(space + 1,
                                            len - (size_t) (space + 1 - p));

    } else if (len >= sizeof(grpc)
               && strncasecmp(p, grpc, sizeof(grpc) - 1) == 0)
    {
        p += sizeof(grpc) - 1;
        n = len - (sizeof(grpc) - 1);

        while (n && *p == ' ') {
            p++;
            n--;
        }

        if (n && *p >= '0' && *p <= '9') {
            job->request->grpc_status = orch_client_number(p, n);
        }
    }

    return len;
}


/* --- the life of the client */

orch_client_t *
orch_client_create(orch_loop_t *loop)
{
    orch_client_t  *c;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return NULL;
    }

    c = calloc(1, sizeof(orch_client_t));
    if (c == NULL) {
        curl_global_cleanup();
        return NULL;
    }

    c->loop = loop;
    c->jobs.prev = &c->jobs;
    c->jobs.next = &c->jobs;
    orch_timer_init(&c->timer, loop, orch_client_on_timer, c);

    c->multi = curl_multi_init();
    if (c->multi == NULL) {
        orch_client_destroy(&c);
        return NULL;
    }

    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION,
                      orch_client_set_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION,
                      orch_client_set_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS,
                      (long) ORCH_CLIENT_CONNS);

    return c;
}


/* the owners are not told: they go away too */

void
orch_client_destroy(orch_client_t **c)
{
    orch_client_t  *client = *c;

    if (client == NULL) {
        return;
    }

    while (client->jobs.next != &client->jobs) {
        orch_client_cancel(client->jobs.next->request);
    }

    if (client->multi) {
        curl_multi_cleanup(client->multi);
    }

    orch_timer_done(&client->timer);
    free(client);
    *c = NULL;

    curl_global_cleanup();
}


/* --- requests */

static void
orch_client_set_transport(CURL *easy, const orch_request_t *r)
{
    long  version = CURL_HTTP_VERSION_2TLS;

    if (r->grpc && strncmp(r->url, "http:", 5) == 0) {
        version = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    }

    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION,
                     (long) CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, r->insecure ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, r->insecure ? 0L : 2L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long) ORCH_CLIENT_IDLE_S);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long) ORCH_CLIENT_CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long) r->timeout_ms);
}


static lp_status_t
orch_client_add_header(orch_client_job_t *job, const char *line)
{
    struct curl_slist  *list = curl_slist_append(job->headers, line);

    if (list == NULL) {
        return LP_NOMEM;
    }

    job->headers = list;

    return LP_OK;
}


static lp_status_t
orch_client_set_body(orch_client_job_t *job)
{
    char                   type[128];
    const orch_request_t  *r = job->request;

    if (r->body) {
        snprintf(type, sizeof(type), "Content-Type: %s", r->content_type);

        if (orch_client_add_header(job, type) != LP_OK) {
            return LP_NOMEM;
        }

        curl_easy_setopt(job->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(job->easy, CURLOPT_POSTFIELDS, r->body);
        curl_easy_setopt(job->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t) r->len);
    }

    if ((r->grpc && orch_client_add_header(job, "TE: trailers") != LP_OK)
        || orch_client_add_header(job, "Expect:") != LP_OK)
    {
        return LP_NOMEM;
    }

    curl_easy_setopt(job->easy, CURLOPT_HTTPHEADER, job->headers);

    return LP_OK;
}


static lp_status_t
orch_client_open(orch_client_job_t *job)
{
    CURL  *easy;

    job->easy = easy = curl_easy_init();
    if (easy == NULL) {
        return LP_NOMEM;
    }

    curl_easy_setopt(easy, CURLOPT_URL, job->request->url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, orch_client_take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, job);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, orch_client_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, job);
    orch_client_set_transport(easy, job->request);

    if (orch_client_set_body(job) != LP_OK
        || curl_multi_add_handle(job->client->multi, easy) != CURLM_OK)
    {
        return LP_NOMEM;
    }

    return LP_OK;
}


lp_status_t
orch_client_start(orch_client_t *c, orch_request_t *r)
{
    orch_client_job_t  *job;

    r->done = 0;
    r->failed = 0;
    r->status = 0;
    r->grpc_status = -1;
    r->error = NULL;
    lp_buf_init(&r->answer, r->answer_max);

    job = calloc(1, sizeof(orch_client_job_t));
    if (job == NULL) {
        return LP_NOMEM;
    }

    job->client = c;
    job->request = r;
    job->next = &c->jobs;
    job->prev = c->jobs.prev;
    job->prev->next = job;
    c->jobs.prev = job;
    r->impl = job;

    if (orch_client_open(job) != LP_OK) {
        orch_client_cancel(r);
        return LP_NOMEM;
    }

    return LP_OK;
}


void
orch_client_cancel(orch_request_t *r)
{
    orch_client_job_t  *job = r->impl;

    if (job == NULL) {
        return;
    }

    r->impl = NULL;

    if (job->easy) {
        curl_multi_remove_handle(job->client->multi, job->easy);
        curl_easy_cleanup(job->easy);
    }

    curl_slist_free_all(job->headers);
    job->prev->next = job->next;
    job->next->prev = job->prev;
    free(job);

    lp_buf_done(&r->answer);
}
