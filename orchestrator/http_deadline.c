/*
 * What may take how long (threats.md 3.2): heads, bodies, answers that are
 * not read, connections that ask for nothing. Each function ends what is
 * overdue and tells the next moment to ask again.
 */
#include "orchestrator/http_conn.h"


/* a connection that has not sent a request yet */
#define ORCH_CONN_FRESH_MS  10000


static uint64_t
orch_conn_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}


static uint64_t
orch_stream_check_body(orch_stream_t *s, uint64_t now)
{
    uint64_t                 at, total;
    const orch_http_conf_t  *conf = &s->conn->http->conf;

    if (!s->begun || s->r.ended || s->discard || s->finished) {
        return ORCH_HTTP_NEVER;
    }

    at = s->r.received_ms + ORCH_HTTP_GRACE_MS
         + s->body_bytes * 1000 / conf->body_rate;

    if (s->r.body_deadline_ms) {
        total = s->r.received_ms + s->r.body_deadline_ms;
        at = total < at ? total : at;
    }

    if (at > now) {
        return at;
    }

    s->conn->http->stats.timeouts++;
    orch_stream_refuse(s, 408, "request body too slow");

    return now;
}


/* the next deadline; now when one has passed and was acted upon */
static uint64_t
orch_stream_check(orch_stream_t *s, uint64_t now)
{
    uint64_t  at, stall;

    at = orch_stream_check_body(s, now);

    if (s->stopped) {
        return at;
    }

    if (s->answered_ms) {
        stall = s->answered_ms + ORCH_HTTP_DISCARD_MS;

    } else if (s->queued && s->submitted) {
        stall = s->progress_ms + s->conn->http->conf.stall_ms;

    } else {
        return at;
    }

    if (stall > now) {
        return stall < at ? stall : at;
    }

    s->conn->http->stats.timeouts += s->answered_ms == 0;
    s->stopped = 1;
    s->conn->codec->stop(s);

    return now;
}


/* the nearest deadline of an open connection; what is overdue is ended */
static uint64_t
orch_conn_check_open(orch_conn_t *c, uint64_t now)
{
    uint64_t                 t, at = ORCH_HTTP_NEVER;
    orch_stream_t           *s, *next;
    const orch_http_conf_t  *conf = &c->http->conf;

    if (c->blocked) {
        at = c->progress_ms + conf->stall_ms;

        if (at <= now) {
            c->http->stats.timeouts++;
            c->dead = 1;
            return at;
        }
    }

    if (c->closing) {
        return at;
    }

    if (c->head_ms) {
        t = c->head_ms + conf->header_ms;

        if (t <= now) {
            c->http->stats.timeouts++;
            c->codec->end(c, 408);
            return now;
        }

        at = orch_conn_min(at, t);
    }

    if (c->drain_ms) {
        if (c->drain_ms <= now) {
            c->codec->drain(c);
        }

        at = orch_conn_min(at, c->drain_ms ? c->drain_ms : now);
    }

    for (s = c->streams; s; s = next) {
        next = s->next;
        at = orch_conn_min(at, orch_stream_check(s, now));
    }

    return at;
}


static uint64_t
orch_conn_check_idle(orch_conn_t *c, uint64_t now)
{
    uint64_t  t = c->http->conf.idle_ms;

    if (c->nstreams || c->head_ms || c->closing || c->out_pos < c->out_len) {
        return ORCH_HTTP_NEVER;
    }

    if (c->requests == 0) {
        t = orch_conn_min(t, ORCH_CONN_FRESH_MS);
    }

    t += c->idle_ms;

    if (t > now) {
        return t;
    }

    if (c->state == conn_open) {
        c->codec->end(c, 0);

    } else {
        c->dead = 1;
    }

    return now;
}


uint64_t
orch_conn_check(orch_conn_t *c, uint64_t now)
{
    uint64_t  t = ORCH_HTTP_NEVER;

    switch (c->state) {

    case conn_handshake:
        t = c->since_ms + c->http->conf.handshake_ms;

        if (t <= now) {
            c->http->stats.handshake_failed++;
            c->http->stats.timeouts++;
            c->dead = 1;
        }

        return t;

    case conn_linger:
        t = c->since_ms + ORCH_HTTP_GRACE_MS;

        if (t <= now) {
            c->dead = 1;
        }

        return t;

    case conn_open:
        t = orch_conn_check_open(c, now);
        /* fall through */

    default:
        if (!c->dead) {
            t = orch_conn_min(t, orch_conn_check_idle(c, now));
        }

        return t;
    }
}
