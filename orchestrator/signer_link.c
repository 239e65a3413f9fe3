/*
 * A unix socket to the signer. Requests are pipelined and answered in order,
 * so the queue of who waits is all that must be remembered. A signer that
 * ends, errs or is silent loses the connection: who waits is told LP_GONE,
 * and the next connection comes after 0.1 s, later each time up to 5 s.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "orchestrator/signer_link.h"


#define ORCH_LINK_OUT_MAX    (4 * 1024 * 1024)
#define ORCH_LINK_IN_MAX     (2 * LP_SIGN_FRAME_MAX)
#define ORCH_LINK_READ       (64 * 1024)
#define ORCH_LINK_SILENCE    10000          /* ms the oldest may wait */
#define ORCH_LINK_RETRY_MIN  100
#define ORCH_LINK_RETRY_MAX  5000


typedef struct orch_signer_entry_s  orch_signer_entry_t;

struct orch_signer_entry_s {
    orch_sign_t          *sign;             /* NULL: ours, or cancelled */
    lp_sign_kind_e        kind;
    uint32_t              id;
    uint64_t              until_ms;
    orch_signer_entry_t  *next;
};

struct orch_signer_link_s {
    struct sockaddr_un    address;
    orch_loop_t          *loop;
    const lp_log_t       *log;
    orch_timer_t         *wake;
    int                   fd;               /* -1: not connected */
    orch_io_t             io;
    orch_timer_t          timer;            /* silence, or the next try */
    uint64_t              retry_ms;
    lp_buf_t              in, out;
    orch_signer_entry_t  *first, **last;
    uint32_t              ids;
    uint8_t               greeted;          /* hello of this connection */
    lp_sign_hello_t       hello;
};


static void orch_signer_link_on_read(void *data);
static void orch_signer_link_on_write(void *data);
static void orch_signer_link_lose(orch_signer_link_t *l, const char *reason);


/* --- the queue */

static void
orch_signer_link_put(orch_signer_link_t *l, orch_sign_t *sign,
    lp_sign_request_t *request)
{
    orch_signer_entry_t  *e;

    e = calloc(1, sizeof(orch_signer_entry_t));
    if (e == NULL) {
        return;
    }

    request->id = ++l->ids;

    e->sign = sign;
    e->kind = request->kind;
    e->id = request->id;
    e->until_ms = orch_loop_now_ms(l->loop) + ORCH_LINK_SILENCE;

    lp_sign_encode_request(&l->out, request);

    if (lp_buf_status(&l->out) != LP_OK) {
        free(e);
        orch_signer_link_lose(l, "is too slow");
        return;
    }

    if (l->first == NULL) {
        orch_timer_set(&l->timer, ORCH_LINK_SILENCE);
    }

    *l->last = e;
    l->last = &e->next;

    if (sign) {
        sign->entry = e;
        sign->status = LP_AGAIN;
    }

    orch_io_want(&l->io, 1, 1);
}


static orch_signer_entry_t *
orch_signer_link_pop(orch_signer_link_t *l)
{
    orch_signer_entry_t  *e = l->first;

    l->first = e->next;

    if (l->first == NULL) {
        l->last = &l->first;
    }

    if (e->sign) {
        e->sign->entry = NULL;
    }

    return e;
}


/* --- connections */

static int
orch_signer_link_connect(orch_signer_link_t *l)
{
    int                rc;
    lp_sign_request_t  hello;

    l->fd = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (l->fd == -1) {
        return errno;
    }

    if (connect(l->fd, (struct sockaddr *) &l->address, sizeof(l->address)))
    {
        rc = errno;
        close(l->fd);
        l->fd = -1;
        return rc;
    }

    orch_io_init(&l->io, l->loop, l->fd, orch_signer_link_on_read,
                 orch_signer_link_on_write, l);

    memset(&hello, 0, sizeof(hello));
    hello.kind = LP_SIGN_HELLO;
    orch_signer_link_put(l, NULL, &hello);

    return 0;
}


static void
orch_signer_link_again(orch_signer_link_t *l)
{
    orch_timer_set(&l->timer, l->retry_ms);

    l->retry_ms *= 2;

    if (l->retry_ms > ORCH_LINK_RETRY_MAX) {
        l->retry_ms = ORCH_LINK_RETRY_MAX;
    }
}


static void
orch_signer_link_lose(orch_signer_link_t *l, const char *reason)
{
    orch_sign_t          *sign;
    orch_signer_entry_t  *e;

    lp_log(l->log, LP_LOG_ERROR, "the signer %s; connecting again", reason);

    orch_io_done(&l->io);
    close(l->fd);
    l->fd = -1;
    l->greeted = 0;
    lp_buf_reset(&l->in);
    lp_buf_reset(&l->out);

    while (l->first) {
        e = orch_signer_link_pop(l);
        sign = e->sign;
        free(e);

        if (sign) {
            sign->status = LP_GONE;
            orch_loop_wake(sign->wake);
        }
    }

    orch_signer_link_again(l);
    orch_loop_wake(l->wake);
}


static void
orch_signer_link_on_timer(void *data)
{
    int                  rc;
    uint64_t             now;
    orch_signer_link_t  *l = data;

    if (l->fd == -1) {
        rc = orch_signer_link_connect(l);

        if (rc) {
            lp_log(l->log, LP_LOG_WARN, "signer %s: %s",
                   l->address.sun_path, strerror(rc));
            orch_signer_link_again(l);
        }

        return;
    }

    if (l->first == NULL) {
        return;
    }

    now = orch_loop_now_ms(l->loop);

    if (now < l->first->until_ms) {
        orch_timer_set(&l->timer, l->first->until_ms - now);
        return;
    }

    orch_signer_link_lose(l, "does not answer");
}


/* --- bytes */

static void
orch_signer_link_on_write(void *data)
{
    ssize_t              n;
    orch_signer_link_t  *l = data;

    while (l->out.len) {
        n = send(l->fd, l->out.data, l->out.len, MSG_NOSIGNAL);

        if (n <= 0) {
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                return;
            }

            orch_signer_link_lose(l, "went away");
            return;
        }

        lp_buf_consume(&l->out, (size_t) n);
    }

    orch_io_want(&l->io, 1, 0);
}


/* the key behind the socket may not change while others know us by it */

static int
orch_signer_link_greet(orch_signer_link_t *l, const lp_sign_reply_t *reply)
{
    if (reply->refusal != LP_SIGN_OK) {
        return -1;
    }

    if (!lp_address_is_zero(&l->hello.address)
        && !lp_address_equal(&l->hello.address, &reply->hello.address))
    {
        orch_signer_link_lose(l, "has another key than before");
        return -1;
    }

    l->hello = reply->hello;
    l->greeted = 1;
    l->retry_ms = ORCH_LINK_RETRY_MIN;
    orch_loop_wake(l->wake);

    return 0;
}


/* one whole frame for the oldest in the queue */

static int
orch_signer_link_answer(orch_signer_link_t *l, size_t whole)
{
    lp_status_t           s;
    orch_sign_t          *sign;
    lp_sign_reply_t       reply;
    orch_signer_entry_t   e, *first;

    first = orch_signer_link_pop(l);
    e = *first;
    free(first);

    s = lp_sign_decode_reply(&reply, e.kind, l->in.data, whole);
    if (s != LP_OK) {
        return -1;
    }

    sign = e.sign;

    if (sign == NULL) {
        return e.kind == LP_SIGN_HELLO ? orch_signer_link_greet(l, &reply)
                                       : 0;
    }

    /* the pieces of a reply must point into bytes that its owner keeps */

    lp_buf_put(&sign->bytes, l->in.data, whole);
    s = lp_buf_status(&sign->bytes);

    if (s == LP_OK) {
        s = lp_sign_decode_reply(&sign->reply, e.kind, sign->bytes.data,
                                 whole);
    }

    sign->status = s == LP_OK ? LP_OK : LP_GONE;
    orch_signer_answered(sign);
    orch_loop_wake(sign->wake);

    return 0;
}


/* -1: the connection is of no use any more, or is gone already */

static int
orch_signer_link_parse(orch_signer_link_t *l)
{
    size_t       whole;
    uint32_t     id;
    lp_status_t  s;

    for ( ;; ) {
        s = lp_sign_reply_id(&id, &whole, l->in.data, l->in.len);

        if (s == LP_AGAIN) {
            return 0;
        }

        if (s != LP_OK || l->first == NULL || l->first->id != id
            || orch_signer_link_answer(l, whole))
        {
            return -1;
        }

        lp_buf_consume(&l->in, whole);
    }
}


static void
orch_signer_link_on_read(void *data)
{
    uint8_t              chunk[ORCH_LINK_READ];
    ssize_t              n;
    orch_signer_link_t  *l = data;

    n = recv(l->fd, chunk, sizeof(chunk), 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }

    if (n <= 0) {
        orch_signer_link_lose(l, "went away");
        return;
    }

    lp_buf_put(&l->in, chunk, (size_t) n);

    if ((lp_buf_status(&l->in) != LP_OK || orch_signer_link_parse(l))
        && l->fd != -1)
    {
        orch_signer_link_lose(l, "does not speak our protocol");
    }
}


/* --- the life of a link */

orch_signer_link_t *
orch_signer_link_create(const char *path, orch_loop_t *loop,
    const lp_log_t *log, orch_timer_t *wake, char *why, size_t why_len)
{
    int                  rc;
    orch_signer_link_t  *l;

    if (strlen(path) >= sizeof(l->address.sun_path)) {
        snprintf(why, why_len, "the path of the socket is too long");
        return NULL;
    }

    l = calloc(1, sizeof(orch_signer_link_t));
    if (l == NULL) {
        snprintf(why, why_len, "out of memory");
        return NULL;
    }

    l->address.sun_family = AF_UNIX;
    strcpy(l->address.sun_path, path);
    l->loop = loop;
    l->log = log;
    l->wake = wake;
    l->last = &l->first;
    l->retry_ms = ORCH_LINK_RETRY_MIN;
    lp_buf_init(&l->in, ORCH_LINK_IN_MAX);
    lp_buf_init(&l->out, ORCH_LINK_OUT_MAX);
    orch_timer_init(&l->timer, loop, orch_signer_link_on_timer, l);

    rc = orch_signer_link_connect(l);
    if (rc) {
        snprintf(why, why_len, "%s: start the signer first, with --socket "
                 "%s", strerror(rc), path);
        orch_signer_link_destroy(&l);
    }

    return l;
}


void
orch_signer_link_destroy(orch_signer_link_t **l)
{
    orch_signer_link_t  *link = *l;

    if (link == NULL) {
        return;
    }

    while (link->first) {
        free(orch_signer_link_pop(link));
    }

    if (link->fd != -1) {
        orch_io_done(&link->io);
        close(link->fd);
    }

    orch_timer_done(&link->timer);
    lp_buf_done(&link->in);
    lp_buf_done(&link->out);
    free(link);
    *l = NULL;
}


lp_status_t
orch_signer_link_ready(const orch_signer_link_t *l)
{
    if (l->greeted) {
        return LP_OK;
    }

    return l->fd == -1 || !lp_address_is_zero(&l->hello.address) ? LP_GONE
                                                                 : LP_AGAIN;
}


const lp_sign_hello_t *
orch_signer_link_hello(const orch_signer_link_t *l)
{
    return &l->hello;
}


void
orch_signer_link_start(orch_signer_link_t *l, orch_sign_t *sign)
{
    sign->status = LP_GONE;

    if (l->greeted) {
        orch_signer_link_put(l, sign, &sign->request);
    }
}


void
orch_signer_link_cancel(orch_sign_t *sign)
{
    orch_signer_entry_t  *e = sign->entry;

    if (e) {
        e->sign = NULL;
        sign->entry = NULL;
    }
}
