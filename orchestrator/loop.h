/*
 * Events, timers and wakes of the one thread (door: libevent). Everything in
 * the orchestrator runs from here; nothing else blocks or sleeps.
 */
#ifndef ORCH_LOOP_H
#define ORCH_LOOP_H


#include <stdint.h>


typedef struct orch_loop_s  orch_loop_t;

typedef void (*orch_loop_handler_pt)(void *data);

/*
 * A timer or a wake lives in its owner's struct; init once, done may be
 * repeated and is safe at any time, also from within the handler.
 */
typedef struct {
    orch_loop_t           *loop;
    orch_loop_handler_pt   handler;
    void                  *data;
    void                  *event;          /* libevent's */
} orch_timer_t;

typedef struct {
    orch_timer_t           read;
    orch_timer_t           write;
    int                    fd;
} orch_io_t;


orch_loop_t *orch_loop_create(void);
void orch_loop_destroy(orch_loop_t **loop);

/* until orch_loop_stop; returns 0, or -1 when the backend failed */
int orch_loop_run(orch_loop_t *loop);
void orch_loop_stop(orch_loop_t *loop);

/* CLOCK_MONOTONIC, milliseconds; unix time in seconds for tokens and logs */
uint64_t orch_loop_now_ms(orch_loop_t *loop);
int64_t orch_loop_unix_s(orch_loop_t *loop);

/* handler(data) when signo arrives, as an event */
int orch_loop_signal(orch_loop_t *loop, int signo,
    orch_loop_handler_pt handler, void *data);

void orch_timer_init(orch_timer_t *t, orch_loop_t *loop,
    orch_loop_handler_pt handler, void *data);
void orch_timer_set(orch_timer_t *t, uint64_t after_ms);    /* moves it too */
void orch_timer_clear(orch_timer_t *t);
void orch_timer_done(orch_timer_t *t);

/*
 * Run the timer's handler once, in the next round of the loop: the only way
 * back up the walk. Doubled wakes are one.
 */
void orch_loop_wake(orch_timer_t *t);

/* fd is non-blocking and stays the caller's; nothing is armed at first */
void orch_io_init(orch_io_t *io, orch_loop_t *loop, int fd,
    orch_loop_handler_pt on_read, orch_loop_handler_pt on_write, void *data);
void orch_io_want(orch_io_t *io, int read, int write);
void orch_io_done(orch_io_t *io);


#endif /* ORCH_LOOP_H */
