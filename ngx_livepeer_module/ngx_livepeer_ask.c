/*
 * One connection to the signer. Questions wait in a ring in the order they
 * were sent; a connection that breaks, or an answer that is late, fails all
 * of them, and the next question connects anew, not more often than the
 * pause allows.
 */
#include "ngx_livepeer_module/ngx_livepeer_ask.h"
#include "ngx_livepeer_module/ngx_livepeer_watch.h"

#include <sys/socket.h>
#include <sys/un.h>


#define NGX_LIVEPEER_ASK_RING     256               /* a power of two */
#define NGX_LIVEPEER_ASK_TIME     2000              /* ms for an answer */
#define NGX_LIVEPEER_ASK_PAUSE    100               /* ms, doubled to ... */
#define NGX_LIVEPEER_ASK_PAUSES   2000
#define NGX_LIVEPEER_ASK_BUFFER   (512 * 1024)
#define NGX_LIVEPEER_ASK_READ     (32 * 1024)


typedef struct {
    ngx_livepeer_ask_t   *ask;                      /* NULL: cancelled */
    lp_sign_kind_e        kind;
    uint32_t              id;
    ngx_msec_t            since;
} ngx_livepeer_ask_entry_t;

typedef struct {
    struct sockaddr_un        at;
    ngx_connection_t         *c;                    /* NULL: not connected */
    lp_buf_t                  out, in;
    size_t                    sent;                 /* of out */
    ngx_livepeer_ask_entry_t  ring[NGX_LIVEPEER_ASK_RING];
    uint32_t                  head, tail;           /* head: the oldest */
    ngx_event_t               flush;
    ngx_event_t               timer;
    ngx_connection_t          dummy;                /* the events': fd is
                                                       logged */
    ngx_msec_t                pause, failed;
    unsigned                  silent:1;             /* logged already */
} ngx_livepeer_ask_line_t;


static ngx_livepeer_ask_line_t  ngx_livepeer_ask_line;


static void ngx_livepeer_ask_io_handler(ngx_event_t *ev);
static void ngx_livepeer_ask_flush_handler(ngx_event_t *ev);
static void ngx_livepeer_ask_timer_handler(ngx_event_t *ev);


void
ngx_livepeer_ask_init(ngx_str_t *path)
{
    ngx_livepeer_ask_line_t  *l = &ngx_livepeer_ask_line;

    ngx_memzero(l, sizeof(ngx_livepeer_ask_line_t));

    l->at.sun_family = AF_UNIX;
    ngx_memcpy(l->at.sun_path, path->data, path->len);

    lp_buf_init(&l->out, NGX_LIVEPEER_ASK_BUFFER);
    lp_buf_init(&l->in, NGX_LIVEPEER_ASK_BUFFER);

    l->dummy.fd = (ngx_socket_t) -1;
    l->dummy.log = ngx_cycle->log;

    l->flush.handler = ngx_livepeer_ask_flush_handler;
    l->flush.data = &l->dummy;
    l->flush.log = ngx_cycle->log;

    l->timer.handler = ngx_livepeer_ask_timer_handler;
    l->timer.data = &l->dummy;
    l->timer.log = ngx_cycle->log;
    l->timer.cancelable = 1;                 /* who waits has a timer too */
}


/* The connection */


static ngx_socket_t
ngx_livepeer_ask_connect(ngx_livepeer_ask_line_t *l)
{
    ngx_socket_t  fd;

    fd = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (fd == (ngx_socket_t) -1) {
        return fd;
    }

    /* a unix socket connects at once or not at all */

    if (connect(fd, (struct sockaddr *) &l->at, sizeof(l->at)) == -1) {
        ngx_close_socket(fd);
        return (ngx_socket_t) -1;
    }

    return fd;
}


static ngx_int_t
ngx_livepeer_ask_open(ngx_livepeer_ask_line_t *l)
{
    ngx_socket_t  fd;

    if (l->c) {
        return NGX_OK;
    }

    if (l->at.sun_family == 0
        || (l->pause && ngx_current_msec - l->failed < l->pause))
    {
        return NGX_DECLINED;
    }

    fd = ngx_livepeer_ask_connect(l);

    if (fd != (ngx_socket_t) -1) {
        l->c = ngx_livepeer_watch_open(fd, ngx_livepeer_ask_io_handler);

        if (l->c && ngx_livepeer_watch_set(l->c, 1, 0) == NGX_OK) {
            return NGX_OK;
        }

        if (l->c) {
            ngx_livepeer_watch_close(l->c);
            l->c = NULL;
        }

        ngx_close_socket(fd);
    }

    if (!l->silent) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, ngx_errno,
                      "livepeer: the signer at unix:%s cannot be reached",
                      l->at.sun_path);
        l->silent = 1;
    }

    l->failed = ngx_current_msec;
    l->pause = l->pause ? ngx_min(2 * l->pause, NGX_LIVEPEER_ASK_PAUSES)
                        : NGX_LIVEPEER_ASK_PAUSE;

    return NGX_DECLINED;
}


/* the connection is of no use: everybody who waits is told so */

static void
ngx_livepeer_ask_close(ngx_livepeer_ask_line_t *l, const char *why)
{
    ngx_socket_t              fd;
    ngx_livepeer_ask_t       *ask;
    ngx_livepeer_ask_entry_t *e;

    if (l->c == NULL) {
        return;
    }

    if (why) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "livepeer: the signer at unix:%s %s", l->at.sun_path,
                      why);
    }

    fd = l->c->fd;
    ngx_livepeer_watch_close(l->c);
    ngx_close_socket(fd);
    l->c = NULL;

    lp_buf_done(&l->in);
    lp_buf_done(&l->out);
    l->sent = 0;
    l->failed = ngx_current_msec;
    l->pause = NGX_LIVEPEER_ASK_PAUSE;

    if (l->timer.timer_set) {
        ngx_del_timer(&l->timer);
    }

    while (l->head != l->tail) {
        e = &l->ring[l->head++ % NGX_LIVEPEER_ASK_RING];
        ask = e->ask;

        if (ask) {
            ask->open = 0;
            ask->answer(ask, NULL);
        }
    }
}


void
ngx_livepeer_ask_done(void)
{
    ngx_livepeer_ask_line_t  *l = &ngx_livepeer_ask_line;

    l->head = l->tail;                       /* the process ends: none told */
    ngx_livepeer_ask_close(l, NULL);
}


/* Out */


static void
ngx_livepeer_ask_send(ngx_livepeer_ask_line_t *l)
{
    ssize_t  n;

    while (l->sent < l->out.len) {
        n = send(l->c->fd, l->out.data + l->sent, l->out.len - l->sent,
                 MSG_NOSIGNAL);

        if (n == -1 && ngx_errno == NGX_EINTR) {
            continue;
        }

        if (n == -1 && ngx_errno == NGX_EAGAIN) {
            if (ngx_livepeer_watch_set(l->c, 1, 1) != NGX_OK) {
                ngx_livepeer_ask_close(l, "cannot be watched");
            }

            return;
        }

        if (n <= 0) {
            ngx_livepeer_ask_close(l, "closed the connection");
            return;
        }

        l->sent += n;
    }

    lp_buf_reset(&l->out);
    l->sent = 0;

    if (ngx_livepeer_watch_set(l->c, 1, 0) != NGX_OK) {
        ngx_livepeer_ask_close(l, "cannot be watched");
    }
}


static void
ngx_livepeer_ask_flush_handler(ngx_event_t *ev)
{
    ngx_livepeer_ask_line_t  *l = &ngx_livepeer_ask_line;

    if (l->c) {
        ngx_livepeer_ask_send(l);
    }
}


ngx_int_t
ngx_livepeer_ask_start(ngx_livepeer_ask_t *ask, const lp_sign_request_t *r)
{
    static uint32_t            id;
    lp_sign_request_t          request = *r;
    ngx_livepeer_ask_line_t   *l = &ngx_livepeer_ask_line;
    ngx_livepeer_ask_entry_t  *e;

    if (l->tail - l->head == NGX_LIVEPEER_ASK_RING
        || ngx_livepeer_ask_open(l) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    request.id = ++id;
    lp_sign_encode_request(&l->out, &request);

    if (lp_buf_status(&l->out) != LP_OK) {
        ngx_livepeer_ask_close(l, "does not read what it is asked");
        return NGX_DECLINED;
    }

    e = &l->ring[l->tail++ % NGX_LIVEPEER_ASK_RING];
    e->ask = ask;
    e->kind = request.kind;
    e->id = request.id;
    e->since = ngx_current_msec;
    ask->open = 1;

    if (!l->timer.timer_set) {
        ngx_add_timer(&l->timer, NGX_LIVEPEER_ASK_TIME);
    }

    ngx_post_event(&l->flush, &ngx_posted_events);

    return NGX_OK;
}


void
ngx_livepeer_ask_cancel(ngx_livepeer_ask_t *ask)
{
    uint32_t                  i;
    ngx_livepeer_ask_line_t  *l = &ngx_livepeer_ask_line;

    if (!ask->open) {
        return;
    }

    ask->open = 0;

    for (i = l->head; i != l->tail; i++) {
        if (l->ring[i % NGX_LIVEPEER_ASK_RING].ask == ask) {
            l->ring[i % NGX_LIVEPEER_ASK_RING].ask = NULL;
        }
    }
}


/* In */


static void
ngx_livepeer_ask_timer_handler(ngx_event_t *ev)
{
    ngx_msec_t                age;
    ngx_livepeer_ask_line_t  *l = &ngx_livepeer_ask_line;

    if (l->head == l->tail) {
        return;
    }

    age = ngx_current_msec
          - l->ring[l->head % NGX_LIVEPEER_ASK_RING].since;

    if (age >= NGX_LIVEPEER_ASK_TIME) {
        ngx_livepeer_ask_close(l, "does not answer");
        return;
    }

    ngx_add_timer(&l->timer, NGX_LIVEPEER_ASK_TIME - age);
}


/* LP_OK: one frame was taken from in */

static lp_status_t
ngx_livepeer_ask_take(ngx_livepeer_ask_line_t *l, size_t *taken)
{
    size_t                     whole;
    uint32_t                   id;
    lp_status_t                status;
    lp_sign_reply_t            reply;
    ngx_livepeer_ask_t        *ask;
    ngx_livepeer_ask_entry_t  *e;

    status = lp_sign_reply_id(&id, &whole, l->in.data + *taken,
                              l->in.len - *taken);
    if (status != LP_OK) {
        return status;
    }

    e = &l->ring[l->head % NGX_LIVEPEER_ASK_RING];

    if (l->head == l->tail || e->id != id) {
        return LP_MALFORMED;
    }

    status = lp_sign_decode_reply(&reply, e->kind, l->in.data + *taken,
                                  whole);
    if (status != LP_OK) {
        return LP_MALFORMED;
    }

    *taken += whole;
    l->head++;
    l->pause = 0;
    l->silent = 0;
    ask = e->ask;

    if (ask) {
        ask->open = 0;
        ask->answer(ask, &reply);
    }

    return LP_OK;
}


static void
ngx_livepeer_ask_work(ngx_livepeer_ask_line_t *l)
{
    size_t       taken = 0;
    lp_status_t  status;

    do {
        status = ngx_livepeer_ask_take(l, &taken);
    } while (status == LP_OK);

    if (status != LP_AGAIN) {
        ngx_livepeer_ask_close(l, "sent a malformed answer");
        return;
    }

    lp_buf_consume(&l->in, taken);
}


static void
ngx_livepeer_ask_recv(ngx_livepeer_ask_line_t *l)
{
    u_char   *p;
    ssize_t   n;

    for ( ;; ) {
        p = lp_buf_add(&l->in, NGX_LIVEPEER_ASK_READ);
        if (p == NULL) {
            ngx_livepeer_ask_close(l, "sent too much");
            return;
        }

        n = recv(l->c->fd, p, NGX_LIVEPEER_ASK_READ, 0);
        l->in.len -= NGX_LIVEPEER_ASK_READ - ngx_max(n, 0);

        if (n == -1 && ngx_errno == NGX_EINTR) {
            continue;
        }

        if (n == -1 && ngx_errno == NGX_EAGAIN) {
            return;
        }

        if (n <= 0) {
            ngx_livepeer_ask_close(l, "closed the connection");
            return;
        }

        ngx_livepeer_ask_work(l);

        if (l->c == NULL || n < NGX_LIVEPEER_ASK_READ) {
            return;
        }
    }
}


static void
ngx_livepeer_ask_io_handler(ngx_event_t *ev)
{
    ngx_livepeer_ask_line_t  *l = &ngx_livepeer_ask_line;

    if (l->c == NULL || ev->data != l->c) {
        return;
    }

    if (ev->write) {
        ngx_livepeer_ask_send(l);

    } else {
        ngx_livepeer_ask_recv(l);
    }
}
