/*
 * libcurl's multi interface on nginx's event loop. libcurl tells which
 * sockets and which timer it waits for; nginx tells it when they are ready;
 * between the two lie the calls. Every socket is watched with level events:
 * libcurl does not drain them. Nothing in a callback of libcurl calls
 * libcurl again. Rules and their reasons: platform.md 3.
 */
#include <netinet/tcp.h>

#include "ngx_livepeer_module/ngx_livepeer_address.h"
#include "ngx_livepeer_module/ngx_livepeer_body.h"
#include "ngx_livepeer_module/ngx_livepeer_curl_tls.h"
#include "ngx_livepeer_module/ngx_livepeer_head.h"
#include "ngx_livepeer_module/ngx_livepeer_watch.h"


#define NGX_LIVEPEER_CURL_UPLOAD     (128 * 1024)   /* libcurl's own buffer */
#define NGX_LIVEPEER_CURL_DOWNLOAD   (64 * 1024)
#define NGX_LIVEPEER_CURL_IDLE       60             /* s a connection is kept */
#define NGX_LIVEPEER_CURL_SILENCE    5000           /* ms bytes may stay
                                                       unacknowledged */
#define NGX_LIVEPEER_CURL_CONNS      64             /* kept at a time */


typedef struct {
    ngx_livepeer_call_t        call;         /* what the owner sees */
    ngx_livepeer_call_conf_t   conf;
    ngx_queue_t                queue;
    CURL                      *easy;         /* NULL: ended */
    struct curl_slist         *headers;
    ngx_livepeer_body_t        body;
    ngx_livepeer_head_t        head;
    size_t                     answer_len;
    const char                *reason;       /* why a callback said stop */
    ngx_event_t                head_timer;
    ngx_event_t                timer;
    unsigned                   retried:1;
    unsigned                   starved:1;    /* no ngx_connection_t left */
} ngx_livepeer_curl_job_t;

typedef struct {
    CURLM                     *multi;
    ngx_queue_t                jobs;         /* not ended */
    ngx_event_t                timer;
    ngx_connection_t           dummy;        /* the timer's: fd is logged */
    unsigned                   starved:1;    /* some job is */
} ngx_livepeer_curl_loop_t;


static int ngx_livepeer_curl_set_socket(CURL *easy, curl_socket_t fd,
    int what, void *data, void *socket_data);
static int ngx_livepeer_curl_set_timer(CURLM *multi, long timeout_ms,
    void *data);
static void ngx_livepeer_curl_io_handler(ngx_event_t *ev);
static void ngx_livepeer_curl_timer_handler(ngx_event_t *ev);
static void ngx_livepeer_curl_deadline_handler(ngx_event_t *ev);
static void ngx_livepeer_curl_run(curl_socket_t fd, int ready);
static void ngx_livepeer_curl_end(ngx_livepeer_curl_job_t *job,
    CURLcode code);
static void ngx_livepeer_curl_finish(ngx_livepeer_curl_job_t *job,
    const char *error);


static ngx_livepeer_curl_loop_t  ngx_livepeer_curl_loop;


/* libcurl's callbacks of one call: fields are set, the wake is posted */


/* the address is the one that is connected to: no name can change it */

static curl_socket_t
ngx_livepeer_curl_on_socket(void *data, curlsocktype purpose,
    struct curl_sockaddr *at)
{
    unsigned                  ms = NGX_LIVEPEER_CURL_SILENCE;
    curl_socket_t             fd;
    ngx_livepeer_curl_job_t  *job = data;

    if (job->conf.stranger && !ngx_livepeer_address_is_public(&at->addr)) {
        job->reason = "has an address that is not public";
        return CURL_SOCKET_BAD;
    }

    fd = socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);

    /* a host that vanished takes its kept connections with it */

    (void) setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));

    return fd;
}


static size_t
ngx_livepeer_curl_on_read(char *p, size_t size, size_t n, void *data)
{
    size_t                    len;
    ngx_livepeer_curl_job_t  *job = data;

    len = ngx_livepeer_body_read(&job->body, (u_char *) p, size * n);

    if (job->body.sent == job->body.len && job->call.sent == 0) {
        job->call.sent = ngx_current_msec;
    }

    return len;
}


static int
ngx_livepeer_curl_on_seek(void *data, curl_off_t offset, int origin)
{
    if (offset != 0 || origin != SEEK_SET) {
        return CURL_SEEKFUNC_CANTSEEK;
    }

    ngx_livepeer_body_rewind(&((ngx_livepeer_curl_job_t *) data)->body);

    return CURL_SEEKFUNC_OK;
}


static size_t
ngx_livepeer_curl_on_write(char *p, size_t size, size_t n, void *data)
{
    size_t                    len = size * n;
    ngx_livepeer_curl_job_t  *job = data;

    if (len > job->conf.answer_max - job->answer_len) {
        job->reason = "sent more than was ordered";
        return 0;
    }

    if (job->answer_len == 0) {
        job->call.first_byte = ngx_current_msec;
    }

    job->answer_len += len;

    if (job->conf.on_data) {
        job->conf.on_data(job->conf.owner, (u_char *) p, len);
        return len;
    }

    lp_buf_put(&job->call.answer, p, len);

    if (lp_buf_status(&job->call.answer) != LP_OK) {
        job->reason = "was not read: out of memory";
        return 0;
    }

    return len;
}


static size_t
ngx_livepeer_curl_on_header(char *p, size_t size, size_t n, void *data)
{
    ngx_int_t                 rc;
    ngx_livepeer_call_t      *call;
    ngx_livepeer_curl_job_t  *job = data;

    rc = ngx_livepeer_head_line(&job->head, (u_char *) p, size * n);
    if (rc == NGX_ERROR) {
        return 0;
    }

    call = &job->call;
    call->status = job->head.status;
    call->grpc_status = job->head.grpc_status;

    if (rc == NGX_OK) {
        return size * n;
    }

    if (job->head.length > (off_t) job->conf.answer_max) {
        job->reason = "sent more than was ordered";
        return 0;
    }

    /* the room for a gathered answer is made at once */

    if (job->conf.on_data == NULL && job->head.length > 0) {
        (void) lp_buf_add(&call->answer, (size_t) job->head.length);
        lp_buf_reset(&call->answer);
    }

    if (job->head_timer.timer_set) {
        ngx_del_timer(&job->head_timer);
    }

    call->headers_done = 1;
    job->conf.wake(job->conf.owner);

    return size * n;
}


/* The life of the loop */


/* before a transfer there is a connection, with all handshakes behind it */

ngx_uint_t
ngx_livepeer_curl_reached(ngx_livepeer_call_t *call)
{
    curl_off_t                us;
    ngx_livepeer_curl_job_t  *job = call->impl;

    if (job->easy && curl_easy_getinfo(job->easy, CURLINFO_PRETRANSFER_TIME_T,
                                       &us) == CURLE_OK && us > 0)
    {
        call->reached = 1;
    }

    return call->reached || job->retried || call->sent || job->body.sent
           || call->headers_done;
}


/* libcurl forgets the call; what was heard stays with the owner */

static void
ngx_livepeer_curl_detach(ngx_livepeer_curl_job_t *job)
{
    if (job->timer.timer_set) {
        ngx_del_timer(&job->timer);
    }

    if (job->head_timer.timer_set) {
        ngx_del_timer(&job->head_timer);
    }

    if (!job->call.done) {
        ngx_queue_remove(&job->queue);
        job->call.done = 1;
    }

    if (job->easy) {
        (void) ngx_livepeer_curl_reached(&job->call);
        curl_multi_remove_handle(ngx_livepeer_curl_loop.multi, job->easy);
        curl_easy_cleanup(job->easy);
        job->easy = NULL;
    }

    if (job->headers) {
        curl_slist_free_all(job->headers);
        job->headers = NULL;
    }
}


ngx_int_t
ngx_livepeer_curl_init(ngx_cycle_t *cycle)
{
    CURLM                     *multi;
    ngx_livepeer_curl_loop_t  *loop = &ngx_livepeer_curl_loop;

    ngx_memzero(loop, sizeof(ngx_livepeer_curl_loop_t));
    ngx_queue_init(&loop->jobs);

    loop->dummy.fd = (ngx_socket_t) -1;
    loop->dummy.log = cycle->log;
    loop->timer.handler = ngx_livepeer_curl_timer_handler;
    loop->timer.data = &loop->dummy;
    loop->timer.log = cycle->log;
    loop->timer.cancelable = 1;         /* the jobs' own timers are not */

    multi = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK
            && ngx_livepeer_curl_tls_init() == NGX_OK
            ? curl_multi_init() : NULL;

    if (multi == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "livepeer: libcurl does not start, or was built "
                      "without OpenSSL");
        return NGX_ERROR;
    }

    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION,
                      ngx_livepeer_curl_set_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION,
                      ngx_livepeer_curl_set_timer);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long) CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                      (long) NGX_LIVEPEER_CURL_CONNS);

    loop->multi = multi;

    return NGX_OK;
}


void
ngx_livepeer_curl_done(ngx_cycle_t *cycle)
{
    ngx_queue_t               *q;
    ngx_livepeer_curl_job_t   *job;
    ngx_livepeer_curl_loop_t  *loop = &ngx_livepeer_curl_loop;

    if (loop->multi == NULL) {
        return;
    }

    /* the owners are not told: the process ends */

    while (!ngx_queue_empty(&loop->jobs)) {
        q = ngx_queue_head(&loop->jobs);
        job = ngx_queue_data(q, ngx_livepeer_curl_job_t, queue);
        ngx_livepeer_curl_detach(job);
    }

    curl_multi_cleanup(loop->multi);
    loop->multi = NULL;

    if (loop->timer.timer_set) {
        ngx_del_timer(&loop->timer);
    }

    curl_global_cleanup();
}


/* Calls */


static ngx_int_t
ngx_livepeer_curl_set_headers(ngx_livepeer_curl_job_t *job)
{
    ngx_str_t          *value;
    ngx_uint_t          i;
    struct curl_slist  *list;

    list = curl_slist_append(NULL, "Expect:");
    if (list == NULL) {
        return NGX_ERROR;
    }

    job->headers = list;

    if (job->conf.headers == NULL) {
        return NGX_OK;
    }

    value = job->conf.headers->elts;

    for (i = 0; i < job->conf.headers->nelts; i++) {
        if (curl_slist_append(list, (char *) value[i].data) == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_livepeer_curl_set_transport(ngx_livepeer_curl_job_t *job)
{
    CURL  *easy = job->easy;
    long   version;

    version = CURL_HTTP_VERSION_2TLS;

    if (job->conf.grpc
        && ngx_strncasecmp(job->conf.url.data, (u_char *) "http:", 5) == 0)
    {
        version = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    }

    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    ngx_livepeer_curl_tls_set(easy, &job->conf);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN,
                     (long) NGX_LIVEPEER_CURL_IDLE);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long) job->conf.connect_timeout);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE,
                     (long) NGX_LIVEPEER_CURL_DOWNLOAD);
}


static const struct {
    CURLoption   callback;
    void       (*function)(void);
    CURLoption   data;
} ngx_livepeer_curl_callbacks[] = {
#define ngx_livepeer_curl_callback(name, function)                            \
    { CURLOPT_##name##FUNCTION, (void (*)(void)) function,                    \
      CURLOPT_##name##DATA }
    ngx_livepeer_curl_callback(OPENSOCKET, ngx_livepeer_curl_on_socket),
    ngx_livepeer_curl_callback(READ, ngx_livepeer_curl_on_read),
    ngx_livepeer_curl_callback(SEEK, ngx_livepeer_curl_on_seek),
    ngx_livepeer_curl_callback(HEADER, ngx_livepeer_curl_on_header),
    ngx_livepeer_curl_callback(WRITE, ngx_livepeer_curl_on_write)
};


static ngx_int_t
ngx_livepeer_curl_open(ngx_livepeer_curl_job_t *job)
{
    CURL        *easy;
    ngx_uint_t   i;

    easy = curl_easy_init();
    if (easy == NULL) {
        return NGX_ERROR;
    }

    job->easy = easy;

    if (ngx_livepeer_curl_set_headers(job) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_livepeer_curl_set_transport(job);

    for (i = 0; i < sizeof(ngx_livepeer_curl_callbacks)
                    / sizeof(ngx_livepeer_curl_callbacks[0]); i++)
    {
        curl_easy_setopt(easy, ngx_livepeer_curl_callbacks[i].callback,
                         ngx_livepeer_curl_callbacks[i].function);
        curl_easy_setopt(easy, ngx_livepeer_curl_callbacks[i].data, job);
    }

    if (job->conf.body || job->conf.post) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t) job->conf.body_len);
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE,
                         (long) NGX_LIVEPEER_CURL_UPLOAD);
    }

    curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, job->headers);

    return curl_easy_setopt(easy, CURLOPT_URL, job->conf.url.data) == CURLE_OK
           ? NGX_OK : NGX_ERROR;
}


/* also before a second try: as if nothing had been sent or heard */

static ngx_int_t
ngx_livepeer_curl_begin(ngx_livepeer_curl_job_t *job)
{
    ngx_livepeer_call_t  *call = &job->call;

    ngx_livepeer_body_rewind(&job->body);
    ngx_livepeer_head_init(&job->head);
    job->answer_len = 0;
    job->reason = NULL;

    call->status = 0;
    call->grpc_status = -1;
    call->headers_done = 0;
    lp_buf_reset(&call->answer);

    if (curl_multi_add_handle(ngx_livepeer_curl_loop.multi, job->easy)
        != CURLM_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_livepeer_call_t *
ngx_livepeer_curl_start(ngx_livepeer_call_conf_t *conf, ngx_log_t *log)
{
    ngx_livepeer_curl_job_t   *job;
    ngx_livepeer_curl_loop_t  *loop = &ngx_livepeer_curl_loop;

    job = loop->multi ? ngx_calloc(sizeof(ngx_livepeer_curl_job_t), log)
                      : NULL;
    if (job == NULL) {
        return NULL;
    }

    job->conf = *conf;
    job->call.impl = job;
    job->call.refusal = (char *) job->head.error;
    job->call.started = ngx_current_msec;
    lp_buf_init(&job->call.answer, conf->answer_max);
    ngx_livepeer_body_init(&job->body, conf->body, conf->body_len);

    job->timer.handler = ngx_livepeer_curl_deadline_handler;
    job->timer.data = job;
    job->timer.log = ngx_cycle->log;
    job->head_timer = job->timer;

    ngx_queue_insert_tail(&loop->jobs, &job->queue);

    if (ngx_livepeer_curl_open(job) != NGX_OK
        || ngx_livepeer_curl_begin(job) != NGX_OK)
    {
        ngx_livepeer_curl_detach(job);
        ngx_free(job);
        return NULL;
    }

    /*
     * Not cancelable: a worker that quits waits for its calls, and never
     * longer than this.
     */

    ngx_add_timer(&job->timer, conf->timeout);

    if (conf->head_timeout) {
        ngx_add_timer(&job->head_timer, conf->head_timeout);
    }

    return &job->call;
}


void
ngx_livepeer_curl_cancel(ngx_livepeer_call_t **call)
{
    ngx_livepeer_curl_job_t  *job;

    if (*call == NULL) {
        return;
    }

    job = (*call)->impl;
    *call = NULL;

    ngx_livepeer_curl_detach(job);
    lp_buf_done(&job->call.answer);
    ngx_free(job);
}


static void
ngx_livepeer_curl_finish(ngx_livepeer_curl_job_t *job, const char *error)
{
    ngx_livepeer_curl_detach(job);

    job->call.finished = ngx_current_msec;
    job->call.failed = error != NULL;
    job->call.error = error;

    job->conf.wake(job->conf.owner);
}


static ngx_uint_t
ngx_livepeer_curl_broke(CURLcode code)
{
    return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR
           || code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE
           || code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM;
}


static const char *
ngx_livepeer_curl_sentence(ngx_livepeer_curl_job_t *job, CURLcode code)
{
    switch (code) {

    case CURLE_OK:
        return NULL;

    case CURLE_COULDNT_RESOLVE_HOST:
        return "has a name that does not resolve";

    case CURLE_COULDNT_CONNECT:
        return job->reason ? job->reason : "does not accept connections";

    case CURLE_OPERATION_TIMEDOUT:
        return "did not accept the connection in time";

    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return ngx_livepeer_curl_tls_sentence(code);

    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "does not speak HTTP";

    case CURLE_WRITE_ERROR:
        return job->reason ? job->reason : "sent a malformed answer";

    case CURLE_OUT_OF_MEMORY:
        return "was not reached: out of memory";

    default:
        return ngx_livepeer_curl_broke(code) ? "closed the connection"
                                             : "broke the transfer";
    }
}


/*
 * A connection that was kept may have died unseen, and some servers close
 * one after many streams because libcurl resets each finished stream. Such a
 * call is tried once more on a fresh connection: what we send may be sent
 * twice. Bytes that were handed on already forbid it.
 */

static ngx_uint_t
ngx_livepeer_curl_retriable(ngx_livepeer_curl_job_t *job, CURLcode code)
{
    long  connects;

    if (!ngx_livepeer_curl_broke(code) || job->retried
        || (job->conf.on_data && job->answer_len))
    {
        return 0;
    }

    if (curl_easy_getinfo(job->easy, CURLINFO_NUM_CONNECTS, &connects)
        != CURLE_OK)
    {
        return 0;
    }

    return connects == 0;
}


static void
ngx_livepeer_curl_end(ngx_livepeer_curl_job_t *job, CURLcode code)
{
    if (ngx_livepeer_curl_retriable(job, code)) {
        job->retried = 1;

        curl_multi_remove_handle(ngx_livepeer_curl_loop.multi, job->easy);
        curl_easy_setopt(job->easy, CURLOPT_FRESH_CONNECT, 1L);

        if (ngx_livepeer_curl_begin(job) == NGX_OK) {
            return;
        }
    }

    ngx_livepeer_curl_finish(job, ngx_livepeer_curl_sentence(job, code));
}


static void
ngx_livepeer_curl_deadline_handler(ngx_event_t *ev)
{
    ngx_livepeer_curl_job_t  *job = ev->data;

    ngx_livepeer_curl_finish(job, ev == &job->head_timer
                                  ? "did not answer in time"
                                  : "did not finish in time");
}


/* The loop */


static void
ngx_livepeer_curl_run(curl_socket_t fd, int ready)
{
    int                        left, running;
    CURL                      *easy;
    CURLMsg                   *msg;
    CURLcode                   code;
    ngx_queue_t               *q, *next;
    ngx_livepeer_curl_job_t   *job;
    ngx_livepeer_curl_loop_t  *loop = &ngx_livepeer_curl_loop;

    curl_multi_socket_action(loop->multi, fd, ready, &running);

    for (msg = curl_multi_info_read(loop->multi, &left);
         msg;
         msg = curl_multi_info_read(loop->multi, &left))
    {
        if (msg->msg != CURLMSG_DONE) {
            continue;
        }

        easy = msg->easy_handle;
        code = msg->data.result;                /* gone with the handle */

        if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &job) == CURLE_OK) {
            ngx_livepeer_curl_end(job, code);
        }
    }

    if (!loop->starved) {
        return;
    }

    /* libcurl gives no message for a socket that could not be watched */

    loop->starved = 0;

    for (q = ngx_queue_head(&loop->jobs);
         q != ngx_queue_sentinel(&loop->jobs);
         q = next)
    {
        next = ngx_queue_next(q);
        job = ngx_queue_data(q, ngx_livepeer_curl_job_t, queue);

        if (job->starved) {
            ngx_livepeer_curl_finish(job, "was not reached: "
                                          "worker_connections are not enough");
        }
    }
}


static void
ngx_livepeer_curl_io_handler(ngx_event_t *ev)
{
    ngx_connection_t  *c = ev->data;

    ngx_livepeer_curl_run(c->fd, ev->write ? CURL_CSELECT_OUT
                                           : CURL_CSELECT_IN);
}


static void
ngx_livepeer_curl_timer_handler(ngx_event_t *ev)
{
    ngx_livepeer_curl_run(CURL_SOCKET_TIMEOUT, 0);
}


static int
ngx_livepeer_curl_set_timer(CURLM *multi, long timeout_ms, void *data)
{
    ngx_event_t  *ev = &ngx_livepeer_curl_loop.timer;

    /* nginx keeps an old timer when the new one is near: delete it first */

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (timeout_ms >= 0) {
        ngx_add_timer(ev, (ngx_msec_t) timeout_ms);
    }

    return 0;
}


static int
ngx_livepeer_curl_starve(CURL *easy)
{
    ngx_livepeer_curl_job_t  *job;

    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &job) == CURLE_OK) {
        job->starved = 1;
        ngx_livepeer_curl_loop.starved = 1;
    }

    return -1;
}


static int
ngx_livepeer_curl_set_socket(CURL *easy, curl_socket_t fd, int what,
    void *data, void *socket_data)
{
    ngx_connection_t          *c = socket_data;
    ngx_livepeer_curl_loop_t  *loop = &ngx_livepeer_curl_loop;

    if (what == CURL_POLL_REMOVE) {
        if (c) {
            curl_multi_assign(loop->multi, fd, NULL);
            ngx_livepeer_watch_close(c);
        }

        return 0;
    }

    if (c == NULL) {
        c = ngx_livepeer_watch_open(fd, ngx_livepeer_curl_io_handler);
        if (c == NULL) {
            return ngx_livepeer_curl_starve(easy);
        }

        curl_multi_assign(loop->multi, fd, c);
    }

    if (ngx_livepeer_watch_set(c, what & CURL_POLL_IN, what & CURL_POLL_OUT)
        != NGX_OK)
    {
        return ngx_livepeer_curl_starve(easy);
    }

    return 0;
}
