/*
 * One connection: handshake, the choice of a codec, bytes in and out. The
 * timer is set to the nearest deadline and, when it fires, asks what is
 * really overdue (http_deadline).
 *
 *   handshake -> peek -> open -> linger -> gone
 *       (cleartext begins at peek; any of them -> gone)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "orchestrator/http_conn.h"


/* bytes in one round: then the others' turn */
#define ORCH_CONN_READ_ROUND   (4 * ORCH_HTTP_READ)
#define ORCH_CONN_WRITE_ROUND  (8 * ORCH_HTTP_OUT)


static void orch_conn_on_read(void *data);
static void orch_conn_on_write(void *data);
static void orch_conn_on_wake(void *data);
static void orch_conn_on_timer(void *data);
static void orch_conn_run(orch_conn_t *c, int reading);
static void orch_conn_settle(orch_conn_t *c);


static uint64_t
orch_conn_now(const orch_conn_t *c)
{
    return orch_loop_now_ms(c->http->loop);
}


void
orch_bucket_init(orch_bucket_t *b, uint32_t burst, uint32_t per_s,
    uint64_t now_ms)
{
    b->burst = burst;
    b->per_s = per_s;
    b->milli = (uint64_t) burst * 1000;
    b->at_ms = now_ms;
}


/* 0: a token was there; -1: overdrawn */
int
orch_bucket_take(orch_bucket_t *b, uint64_t now_ms)
{
    uint64_t  full = (uint64_t) b->burst * 1000;

    b->milli += (now_ms - b->at_ms) * b->per_s;
    b->at_ms = now_ms;

    if (b->milli > full) {
        b->milli = full;
    }

    if (b->milli < 1000) {
        return -1;
    }

    b->milli -= 1000;

    return 0;
}


orch_conn_t *
orch_conn_create(orch_http_t *h, int fd)
{
    orch_conn_t  *c;

    c = calloc(1, sizeof(orch_conn_t));
    if (c == NULL) {
        return NULL;
    }

    c->http = h;
    c->state = conn_peek;

    if (h->tls) {
        c->state = conn_handshake;
        c->tls = orch_tls_accept(h->tls, fd);

        if (c->tls == NULL) {
            free(c);
            return NULL;
        }
    }

    c->timer_at = ORCH_HTTP_NEVER;
    c->since_ms = orch_conn_now(c);
    c->idle_ms = c->since_ms;

    orch_io_init(&c->io, h->loop, fd, orch_conn_on_read, orch_conn_on_write,
                 c);
    orch_timer_init(&c->timer, h->loop, orch_conn_on_timer, c);
    orch_timer_init(&c->wake, h->loop, orch_conn_on_wake, c);

    c->next = h->conns;
    if (c->next) {
        c->next->prev = c;
    }

    h->conns = c;

    c->fresh = 1;
    c->fresh_prev = h->fresh_last;

    if (c->fresh_prev) {
        c->fresh_prev->fresh_next = c;

    } else {
        h->fresh = c;
    }

    h->fresh_last = c;

    orch_conn_settle(c);

    return c;
}


void
orch_conn_not_fresh(orch_conn_t *c)
{
    orch_http_t  *h = c->http;

    if (!c->fresh) {
        return;
    }

    c->fresh = 0;

    if (c->fresh_prev) {
        c->fresh_prev->fresh_next = c->fresh_next;

    } else {
        h->fresh = c->fresh_next;
    }

    if (c->fresh_next) {
        c->fresh_next->fresh_prev = c->fresh_prev;

    } else {
        h->fresh_last = c->fresh_prev;
    }
}


static void
orch_conn_free_out(orch_conn_t *c)
{
    orch_http_t  *h = c->http;

    if (c->out == NULL) {
        return;
    }

    orch_http_memory(h, -(int64_t) c->out_cap);

    if (h->spare_out == NULL && c->out_cap == ORCH_HTTP_OUT_CAP) {
        h->spare_out = c->out;

    } else {
        free(c->out);
    }

    c->out = NULL;
    c->out_pos = 0;
    c->out_len = 0;
    c->out_cap = 0;
}


/* the codec and with it every stream: handlers hear on_abort */
static void
orch_conn_close_codec(orch_conn_t *c)
{
    while (c->streams) {
        orch_stream_destroy(c->streams);
    }

    if (c->codec) {
        c->codec->close(c);
        c->codec = NULL;
    }
}


void
orch_conn_destroy(orch_conn_t *c)
{
    int           fd = c->io.fd;
    orch_http_t  *h = c->http;

    c->running = 1;                     /* wakes are of no use any more */

    orch_conn_close_codec(c);
    orch_conn_not_fresh(c);
    orch_conn_free_out(c);

    orch_timer_done(&c->wake);
    orch_timer_done(&c->timer);
    orch_io_done(&c->io);
    orch_tls_close(&c->tls);
    close(fd);

    if (c->next) {
        c->next->prev = c->prev;
    }

    if (c->prev) {
        c->prev->next = c->next;

    } else {
        h->conns = c->next;
    }

    orch_http_forget(c);
    free(c);
}


uint8_t *
orch_conn_room(orch_conn_t *c, size_t n)
{
    size_t        cap;
    uint8_t      *p;
    orch_http_t  *h = c->http;

    if (c->out_cap - c->out_len >= n) {
        return c->out + c->out_len;
    }

    if (c->out == NULL && n <= ORCH_HTTP_OUT_CAP && h->spare_out) {
        c->out = h->spare_out;
        c->out_cap = ORCH_HTTP_OUT_CAP;
        h->spare_out = NULL;
        orch_http_memory(h, (int64_t) c->out_cap);

        return c->out;
    }

    cap = c->out_cap ? c->out_cap : ORCH_HTTP_OUT_CAP;

    while (cap - c->out_len < n) {
        cap *= 2;
    }

    p = realloc(c->out, cap);
    if (p == NULL) {
        return NULL;
    }

    orch_http_memory(h, (int64_t) (cap - c->out_cap));
    c->out = p;
    c->out_cap = cap;

    return p + c->out_len;
}


int
orch_conn_put(orch_conn_t *c, const void *data, size_t len)
{
    uint8_t  *p;

    p = orch_conn_room(c, len);
    if (p == NULL) {
        return -1;
    }

    memcpy(p, data, len);
    c->out_len += len;

    return 0;
}


void
orch_conn_wake(orch_conn_t *c)
{
    if (!c->running) {
        orch_loop_wake(&c->wake);
    }
}


void
orch_conn_flood(orch_conn_t *c)
{
    if (!c->closing && !c->dead) {
        c->http->stats.floods++;
        c->codec->end(c, 429);
    }
}


void
orch_conn_drain(orch_conn_t *c)
{
    if (c->state == conn_open) {
        c->codec->drain(c);

    } else if (c->state != conn_linger) {
        c->dead = 1;
    }

    orch_conn_wake(c);
}


static orch_tls_rc_e
orch_conn_recv(orch_conn_t *c, uint8_t *buf, size_t size, size_t *n)
{
    ssize_t  rc;

    if (c->tls) {
        return orch_tls_read(c->tls, buf, size, n);
    }

    rc = recv(c->io.fd, buf, size, 0);

    if (rc > 0) {
        *n = (size_t) rc;
        return ORCH_TLS_OK;
    }

    if (rc == 0) {
        return ORCH_TLS_EOF;
    }

    return errno == EAGAIN || errno == EINTR ? ORCH_TLS_WANT_READ
                                             : ORCH_TLS_ERROR;
}


static orch_tls_rc_e
orch_conn_send(orch_conn_t *c, const uint8_t *buf, size_t len, size_t *n)
{
    ssize_t  rc;

    if (c->tls) {
        return orch_tls_write(c->tls, buf, len, n);
    }

    rc = send(c->io.fd, buf, len, MSG_NOSIGNAL);

    if (rc >= 0) {
        *n = (size_t) rc;
        return ORCH_TLS_OK;
    }

    return errno == EAGAIN || errno == EINTR ? ORCH_TLS_WANT_WRITE
                                             : ORCH_TLS_ERROR;
}


static int
orch_conn_open(orch_conn_t *c, const orch_codec_t *codec)
{
    c->state = conn_open;
    c->codec = codec;

    return codec->open(c);
}


/* an HTTP/2 client that had no ALPN begins with "PRI " */
static int
orch_conn_peek(orch_conn_t *c, const uint8_t *p, size_t len)
{
    int     rc;
    size_t  i;

    static const char  pri[4] = "PRI ";

    for (i = 0; i < len && c->npeeked < 4; i++) {
        if (p[i] != (uint8_t) pri[c->npeeked]) {
            break;
        }

        c->peeked[c->npeeked++] = p[i];
    }

    if (i == len && c->npeeked < 4) {
        return 0;
    }

    rc = orch_conn_open(c, c->npeeked == 4 ? &orch_http2_codec
                                           : &orch_http1_codec);

    if (rc == 0 && c->npeeked) {
        rc = c->codec->recv(c, c->peeked, c->npeeked);
    }

    if (rc == 0 && i < len && !c->closing) {
        rc = c->codec->recv(c, p + i, len - i);
    }

    return rc;
}


static void
orch_conn_read(orch_conn_t *c)
{
    int            rc;
    size_t         n, total = 0;
    uint8_t       *buf = c->http->read;

    c->more = 0;
    c->want_write = 0;

    while (!c->dead && !c->closing && !c->pause_read) {

        if (total >= ORCH_CONN_READ_ROUND) {
            c->more = 1;
            return;
        }

        switch (orch_conn_recv(c, buf, ORCH_HTTP_READ, &n)) {

        case ORCH_TLS_OK:
            break;

        case ORCH_TLS_WANT_READ:
            return;

        case ORCH_TLS_WANT_WRITE:
            c->want_write = 1;
            return;

        default:
            c->dead = 1;
            return;
        }

        total += n;
        c->http->stats.bytes_in += n;

        rc = c->state == conn_peek ? orch_conn_peek(c, buf, n)
                                   : c->codec->recv(c, buf, n);
        if (rc != 0) {
            c->dead = 1;
        }
    }
}


static void
orch_conn_progress(orch_conn_t *c, size_t n)
{
    c->sent += n;
    c->http->stats.bytes_out += n;

    if (c->out_pos == c->out_len || c->sent >= ORCH_HTTP_PROGRESS) {
        c->progress_ms = orch_conn_now(c);
        c->sent = 0;
    }
}


/*
 * All is said. Our end closes and what still comes is thrown away for a
 * moment: a close with unread bytes would reset the connection, and the peer
 * would lose the answer.
 */
static void
orch_conn_linger(orch_conn_t *c)
{
    orch_conn_close_codec(c);
    orch_conn_not_fresh(c);
    orch_conn_free_out(c);

    if (c->tls) {
        orch_tls_shutdown(c->tls);
    }

    shutdown(c->io.fd, SHUT_WR);
    c->state = conn_linger;
    c->since_ms = orch_conn_now(c);
    c->blocked = 0;
    c->more = 0;
}


static void
orch_conn_drop(orch_conn_t *c)
{
    size_t   total;
    ssize_t  n;

    for (total = 0; total < ORCH_CONN_READ_ROUND; total += (size_t) n) {
        n = recv(c->io.fd, c->http->read, ORCH_HTTP_READ, 0);

        if (n <= 0) {
            if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
                c->dead = 1;
            }

            return;
        }
    }
}


/* 1: something is in out; 0: nothing to say; -1: the codec gave up */
static int
orch_conn_fill(orch_conn_t *c)
{
    if (c->out_pos < c->out_len) {
        return 1;
    }

    c->out_pos = 0;
    c->out_len = 0;

    if (c->codec->fill(c) != 0) {
        return -1;
    }

    return c->out_len != 0;
}


static void
orch_conn_flush(orch_conn_t *c)
{
    int     rc;
    size_t  n, total = 0;

    while (!c->dead) {

        rc = orch_conn_fill(c);

        if (rc < 0) {
            c->dead = 1;
            return;
        }

        if (rc == 0) {
            orch_conn_free_out(c);

            if (c->closing) {
                orch_conn_linger(c);
            }

            return;
        }

        if (total >= ORCH_CONN_WRITE_ROUND) {
            orch_loop_wake(&c->wake);
            return;
        }

        switch (orch_conn_send(c, c->out + c->out_pos,
                               c->out_len - c->out_pos, &n))
        {
        case ORCH_TLS_OK:
            c->out_pos += n;
            c->blocked = 0;
            total += n;
            orch_conn_progress(c, n);
            break;

        case ORCH_TLS_WANT_READ:
        case ORCH_TLS_WANT_WRITE:
            if (!c->blocked) {
                c->blocked = 1;
                c->progress_ms = orch_conn_now(c);
                c->sent = 0;
            }

            return;

        default:
            c->dead = 1;
            return;
        }
    }
}


static void
orch_conn_handshake(orch_conn_t *c)
{
    c->want_write = 0;

    switch (orch_tls_handshake(c->tls)) {

    case ORCH_TLS_OK:
        break;

    case ORCH_TLS_WANT_READ:
        return;

    case ORCH_TLS_WANT_WRITE:
        c->want_write = 1;
        return;

    default:
        c->http->stats.handshake_failed++;
        c->dead = 1;
        return;
    }

    c->idle_ms = orch_conn_now(c);

    switch (orch_tls_alpn(c->tls)) {

    case ORCH_TLS_ALPN_H2:
        c->dead = orch_conn_open(c, &orch_http2_codec) != 0;
        break;

    case ORCH_TLS_ALPN_HTTP1:
        c->dead = orch_conn_open(c, &orch_http1_codec) != 0;
        break;

    default:
        c->state = conn_peek;
    }
}


static void
orch_conn_run(orch_conn_t *c, int reading)
{
    c->running = 1;

    if (c->state == conn_handshake && !c->dead) {
        orch_conn_handshake(c);
        reading = 1;
    }

    if (c->state == conn_linger) {
        orch_conn_drop(c);

    } else if (c->state != conn_handshake) {

        if (c->held && c->codec) {
            c->held = 0;
            c->codec->give_back(c);
            reading |= !c->pause_read;
        }

        if (reading) {
            orch_conn_read(c);
        }

        if (c->state == conn_open) {
            orch_conn_flush(c);
        }
    }

    c->running = 0;
    orch_conn_settle(c);
}


/* the end of every round: gone, or armed for what comes next */
static void
orch_conn_settle(orch_conn_t *c)
{
    uint64_t  at = ORCH_HTTP_NEVER, now;

    now = orch_conn_now(c);
    c->running = 1;

    if (!c->dead) {
        at = orch_conn_check(c, now);
    }

    c->running = 0;

    if (c->dead) {
        orch_conn_destroy(c);
        return;
    }

    orch_io_want(&c->io,
                 c->state == conn_linger || (!c->pause_read && !c->closing),
                 c->blocked || c->want_write);

    if (c->more || at <= now) {
        orch_loop_wake(&c->wake);
    }

    if (at < c->timer_at) {
        c->timer_at = at;
        orch_timer_set(&c->timer, at > now ? at - now : 1);
    }
}


static void
orch_conn_on_read(void *data)
{
    orch_conn_run(data, 1);
}


static void
orch_conn_on_write(void *data)
{
    orch_conn_t  *c = data;

    orch_conn_run(c, c->want_write);
}


static void
orch_conn_on_wake(void *data)
{
    orch_conn_t  *c = data;

    orch_conn_run(c, c->more);
}


static void
orch_conn_on_timer(void *data)
{
    orch_conn_t  *c = data;

    c->timer_at = ORCH_HTTP_NEVER;
    orch_conn_settle(c);
}
