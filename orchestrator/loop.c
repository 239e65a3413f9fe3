/*
 * Events, timers and wakes on libevent. A wake is a queue of our own and not
 * event_active(): that one would run in the same round, where two that wake
 * each other starve the sockets, and would drop a time-out already set.
 */
#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "orchestrator/loop.h"


#define ORCH_LOOP_SIGNALS  8


typedef struct orch_event_s  orch_event_t;

/* what orch_timer_t.event points at */
struct orch_event_s {
    struct event   ev;
    orch_timer_t  *timer;
    orch_event_t  *prev;                /* in the queue of wakes */
    orch_event_t  *next;
    uint64_t       round;               /* runs in rounds after this one */
    uint8_t        woken;
    uint8_t        armed;
};

struct orch_loop_s {
    struct event_base  *base;
    struct event        wake;           /* pending while a wake is queued */
    orch_event_t        wakes;          /* head of a ring */
    uint64_t            round;
    int64_t             unix_s;         /* wall time when the loop was made */
    uint64_t            boot_ms;        /* the same moment, since boot */
    orch_timer_t        signals[ORCH_LOOP_SIGNALS];
    unsigned            nsignals;
};


static void orch_loop_run_wakes(evutil_socket_t fd, short what, void *data);
static void orch_loop_fire(evutil_socket_t fd, short what, void *data);
static void orch_event_unwake(orch_event_t *e);


static uint64_t
orch_loop_clock_ms(clockid_t id)
{
    struct timespec  ts;

    clock_gettime(id, &ts);

    return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}


orch_loop_t *
orch_loop_create(void)
{
    orch_loop_t  *loop;

    loop = calloc(1, sizeof(orch_loop_t));
    if (loop == NULL) {
        return NULL;
    }

    loop->wakes.prev = &loop->wakes;
    loop->wakes.next = &loop->wakes;
    loop->unix_s = (int64_t) time(NULL);
    loop->boot_ms = orch_loop_clock_ms(CLOCK_BOOTTIME);

    loop->base = event_base_new();
    if (loop->base == NULL) {
        free(loop);
        return NULL;
    }

    event_assign(&loop->wake, loop->base, -1, 0, orch_loop_run_wakes, loop);

    return loop;
}


void
orch_loop_destroy(orch_loop_t **loop)
{
    unsigned      i;
    orch_loop_t  *l = *loop;

    if (l == NULL) {
        return;
    }

    for (i = 0; i < l->nsignals; i++) {
        orch_timer_done(&l->signals[i]);
    }

    event_del(&l->wake);
    event_base_free(l->base);
    free(l);
    *loop = NULL;
}


int
orch_loop_run(orch_loop_t *loop)
{
    return event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0 ? -1 : 0;
}


void
orch_loop_stop(orch_loop_t *loop)
{
    event_base_loopbreak(loop->base);
}


uint64_t
orch_loop_now_ms(orch_loop_t *loop)
{
    (void) loop;

    return orch_loop_clock_ms(CLOCK_MONOTONIC);
}


/*
 * Anchored at the start: a clock that jumps by a day must not make every
 * token expire, or live a day longer.
 */
int64_t
orch_loop_unix_s(orch_loop_t *loop)
{
    uint64_t  since;

    since = orch_loop_clock_ms(CLOCK_BOOTTIME) - loop->boot_ms;

    return loop->unix_s + (int64_t) (since / 1000);
}


/* without the few bytes of an event the program cannot go on in any way */
static orch_event_t *
orch_event_create(orch_timer_t *t, orch_loop_t *loop,
    orch_loop_handler_pt handler, void *data, int fd, short what)
{
    orch_event_t  *e;

    e = calloc(1, sizeof(orch_event_t));
    if (e == NULL) {
        abort();
    }

    e->timer = t;
    event_assign(&e->ev, loop->base, fd, what, orch_loop_fire, e);

    t->loop = loop;
    t->handler = handler;
    t->data = data;
    t->event = e;

    return e;
}


int
orch_loop_signal(orch_loop_t *loop, int signo, orch_loop_handler_pt handler,
    void *data)
{
    orch_event_t  *e;
    orch_timer_t  *t;

    if (loop->nsignals == ORCH_LOOP_SIGNALS) {
        return -1;
    }

    t = &loop->signals[loop->nsignals];
    e = orch_event_create(t, loop, handler, data, signo,
                          EV_SIGNAL|EV_PERSIST);

    if (event_add(&e->ev, NULL) != 0) {
        orch_timer_done(t);
        return -1;
    }

    loop->nsignals++;

    return 0;
}


void
orch_timer_init(orch_timer_t *t, orch_loop_t *loop,
    orch_loop_handler_pt handler, void *data)
{
    orch_event_create(t, loop, handler, data, -1, 0);
}


void
orch_timer_set(orch_timer_t *t, uint64_t after_ms)
{
    orch_event_t    *e = t->event;
    struct timeval   tv;

    assert(e != NULL);

    tv.tv_sec = (time_t) (after_ms / 1000);
    tv.tv_usec = (suseconds_t) (after_ms % 1000) * 1000;

    event_add(&e->ev, &tv);
}


void
orch_timer_clear(orch_timer_t *t)
{
    orch_event_t  *e = t->event;

    if (e == NULL) {
        return;
    }

    event_del(&e->ev);
    orch_event_unwake(e);
}


void
orch_timer_done(orch_timer_t *t)
{
    if (t->event == NULL) {
        return;
    }

    orch_timer_clear(t);
    free(t->event);
    t->event = NULL;
}


void
orch_loop_wake(orch_timer_t *t)
{
    orch_loop_t     *loop = t->loop;
    orch_event_t    *e = t->event;
    struct timeval   now = { 0, 0 };

    assert(e != NULL);

    if (e->woken) {
        return;
    }

    if (loop->wakes.next == &loop->wakes) {
        event_add(&loop->wake, &now);
    }

    e->woken = 1;
    e->round = loop->round;
    e->next = &loop->wakes;
    e->prev = loop->wakes.prev;
    e->prev->next = e;
    loop->wakes.prev = e;
}


static void
orch_event_unwake(orch_event_t *e)
{
    if (!e->woken) {
        return;
    }

    e->woken = 0;
    e->prev->next = e->next;
    e->next->prev = e->prev;
}


/* one round: what a handler wakes is left for the next */
static void
orch_loop_run_wakes(evutil_socket_t fd, short what, void *data)
{
    orch_loop_t     *loop = data;
    orch_event_t    *e;
    orch_timer_t    *t;
    struct timeval   now = { 0, 0 };

    (void) fd;
    (void) what;

    loop->round++;

    for ( ;; ) {
        e = loop->wakes.next;
        if (e == &loop->wakes) {
            return;
        }

        if (e->round == loop->round) {
            break;
        }

        orch_event_unwake(e);

        t = e->timer;
        t->handler(t->data);
    }

    event_add(&loop->wake, &now);
}


static void
orch_loop_fire(evutil_socket_t fd, short what, void *data)
{
    orch_event_t  *e = data;
    orch_timer_t  *t = e->timer;

    (void) fd;
    (void) what;

    t->handler(t->data);
}


void
orch_io_init(orch_io_t *io, orch_loop_t *loop, int fd,
    orch_loop_handler_pt on_read, orch_loop_handler_pt on_write, void *data)
{
    io->fd = fd;

    orch_event_create(&io->read, loop, on_read, data, fd, EV_READ|EV_PERSIST);
    orch_event_create(&io->write, loop, on_write, data, fd,
                      EV_WRITE|EV_PERSIST);
}


static void
orch_io_arm(orch_timer_t *t, int want)
{
    orch_event_t  *e = t->event;

    if (e == NULL || e->armed == !!want) {
        return;
    }

    if (want) {
        event_add(&e->ev, NULL);

    } else {
        event_del(&e->ev);
    }

    e->armed = !!want;
}


void
orch_io_want(orch_io_t *io, int read, int write)
{
    orch_io_arm(&io->read, read);
    orch_io_arm(&io->write, write);
}


void
orch_io_done(orch_io_t *io)
{
    orch_timer_done(&io->read);
    orch_timer_done(&io->write);
}
