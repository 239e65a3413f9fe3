/* The table of sessions. */

#include <stdlib.h>
#include <string.h>

#include "orchestrator/capacity.h"


#define ORCH_CAPACITY_SWEEP  1000                               /* ms */
#define ORCH_CAPACITY_SHORT  8        /* characters of an id that are shown */


static void orch_capacity_sweep(void *data);


void
orch_capacity_init(orch_capacity_t *c, const orch_conf_t *conf,
    const lp_log_t *log, orch_loop_t *loop, orch_sched_t *sched)
{
    memset(c, 0, sizeof(*c));

    c->conf = conf;
    c->log = log;
    c->loop = loop;
    c->sched = sched;

    orch_timer_init(&c->sweep, loop, orch_capacity_sweep, c);
}


void
orch_capacity_done(orch_capacity_t *c)
{
    size_t  i;

    for (i = 0; i < ORCH_CAPACITY_BUCKETS; i++) {
        while (c->buckets[i]) {
            orch_capacity_end(c, c->buckets[i], "the orchestrator stops");
        }
    }

    orch_timer_done(&c->sweep);
}


int
orch_capacity_full(const orch_capacity_t *c)
{
    return c->closed || c->n >= c->conf->max_sessions;
}


orch_session_t *
orch_capacity_find(const orch_capacity_t *c,
    const uint8_t key[ORCH_TOKEN_ID / 2])
{
    orch_session_t  *s;

    for (s = c->buckets[key[0]]; s; s = s->next) {
        if (memcmp(s->key, key, sizeof(s->key)) == 0) {
            return s;
        }
    }

    return NULL;
}


static unsigned
orch_capacity_of_sender(const orch_capacity_t *c, const lp_address_t *sender)
{
    size_t           i;
    unsigned         n;
    orch_session_t  *s;

    for (i = 0, n = 0; i < ORCH_CAPACITY_BUCKETS; i++) {
        for (s = c->buckets[i]; s; s = s->next) {
            n += lp_address_equal(&s->sender, sender);
        }
    }

    return n;
}


static lp_status_t
orch_capacity_admit(orch_capacity_t *c, orch_session_t **out,
    const orch_token_t *token)
{
    uint64_t         of_sender = c->conf->max_sessions_sender;
    orch_session_t  *s;

    /* without payments the zero address is everyone */

    if (orch_capacity_full(c)
        || (of_sender && !lp_address_is_zero(&token->sender)
            && orch_capacity_of_sender(c, &token->sender) >= of_sender))
    {
        return LP_BUSY;
    }

    s = calloc(1, sizeof(orch_session_t));
    if (s == NULL) {
        return LP_NOMEM;
    }

    memcpy(s->id, token->id, sizeof(s->id));
    memcpy(s->key, token->session, sizeof(s->key));
    memcpy(s->queue.place.session, s->key, sizeof(s->key));
    s->sender = token->sender;
    s->started_ms = orch_loop_now_ms(c->loop);
    s->last_ms = s->started_ms;
    orch_shelf_init(&s->shelf, (uint32_t) c->conf->renditions_kept);

    s->next = c->buckets[s->key[0]];
    c->buckets[s->key[0]] = s;

    if (c->n++ == 0) {
        orch_timer_set(&c->sweep, ORCH_CAPACITY_SWEEP);
    }

    lp_log(c->log, LP_LOG_INFO, "session %.*s begins, %u of %u",
           ORCH_CAPACITY_SHORT, s->id, c->n,
           (unsigned) c->conf->max_sessions);

    *out = s;

    return LP_OK;
}


/* all that a sender has under way, in whichever session */

static unsigned
orch_capacity_busy(const orch_capacity_t *c, const lp_address_t *sender)
{
    size_t           i;
    unsigned         n;
    orch_session_t  *s;

    for (i = 0, n = 0; i < ORCH_CAPACITY_BUCKETS; i++) {
        for (s = c->buckets[i]; s; s = s->next) {
            n += lp_address_equal(&s->sender, sender) ? s->refs : 0;
        }
    }

    return n;
}


lp_status_t
orch_capacity_hold(orch_capacity_t *c, orch_session_t **s,
    const orch_token_t *token)
{
    lp_status_t  rc;

    *s = NULL;

    if (!lp_address_is_zero(&token->sender)
        && orch_capacity_busy(c, &token->sender) >= ORCH_CAPACITY_SENDER)
    {
        return LP_BUSY;
    }

    *s = orch_capacity_find(c, token->session);

    if (*s == NULL) {
        rc = orch_capacity_admit(c, s, token);
        if (rc != LP_OK) {
            return rc;
        }
    }

    (*s)->refs++;

    return LP_OK;
}


void
orch_capacity_release(orch_capacity_t *c, orch_session_t **s)
{
    orch_session_t  *session = *s;

    *s = NULL;

    if (session == NULL) {
        return;
    }

    session->refs--;
    session->last_ms = orch_loop_now_ms(c->loop);

    if (session->refs) {
        return;
    }

    if (session->ended) {
        free(session);

    } else if (session->segments == 0) {
        orch_capacity_end(c, session, "no segment was accepted");
    }
}


void
orch_capacity_end(orch_capacity_t *c, orch_session_t *s, const char *why)
{
    orch_session_t  **p;

    for (p = &c->buckets[s->key[0]]; *p != s; p = &(*p)->next) { /* void */ }

    *p = s->next;
    c->n--;

    lp_log(c->log, LP_LOG_INFO, "session %.*s ends after %llu segments: %s",
           ORCH_CAPACITY_SHORT, s->id, (unsigned long long) s->segments, why);

    s->ended = 1;
    orch_shelf_done(&s->shelf);
    orch_sched_end(c->sched, &s->queue);

    if (s->refs == 0) {
        free(s);
    }
}


/* each second while there are sessions: those that went quiet end */

static void
orch_capacity_sweep(void *data)
{
    size_t            i;
    uint64_t          now;
    orch_session_t   *s, *next;
    orch_capacity_t  *c = data;

    now = orch_loop_now_ms(c->loop);

    for (i = 0; i < ORCH_CAPACITY_BUCKETS; i++) {

        for (s = c->buckets[i]; s; s = next) {
            next = s->next;

            if (s->refs == 0 && now - s->last_ms >= c->conf->session_idle_ms) {
                orch_capacity_end(c, s, "it was idle");
            }
        }
    }

    if (c->n) {
        orch_timer_set(&c->sweep, ORCH_CAPACITY_SWEEP);
    }
}
