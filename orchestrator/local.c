/* Children that transcode: their bytes, their deadlines, their end. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orchestrator/local.h"
#include "orchestrator/local_spawn.h"
#include "orchestrator/sched.h"


#define ORCH_LOCAL_END_MS     2000       /* from the hang-up to SIGKILL */
#define ORCH_LOCAL_BACKOFF    60000      /* ms at most between starts */
#define ORCH_LOCAL_HEAD       8192       /* a job's header and record */
#define ORCH_LOCAL_HELLO      4096       /* a body before the first job */


typedef struct orch_child_s  orch_child_t;

typedef enum {
    child_starting,
    child_ready,
    child_ending
} orch_child_e;

struct orch_child_s {
    orch_transcoder_t    base;                   /* first: ops get &base */
    orch_local_t        *local;
    orch_child_t        *next;
    orch_child_e         state;
    pid_t                pid;
    int                  fd;                     /* -1 when ending */
    orch_io_t            io;
    orch_timer_t         timer;                  /* HELLO's, or the end's */
    lp_jobs_reader_t     reader;

    lp_buf_t             head;                   /* being written, and then */
    size_t               head_sent;
    const lp_buf_t      *body;                   /* the job's source */
    size_t               body_sent;
};

struct orch_local_s {
    orch_local_conf_t    conf;
    orch_child_t        *children;
    unsigned             running;
    unsigned             failures;               /* starts in a row */
    uint64_t             retry_ms;               /* no start before */
    orch_timer_t         supply;
    orch_timer_t        *stopped;
    uint8_t              stopping;
    uint8_t              started;                /* a HELLO came, ever */
};


static void orch_local_send(orch_transcoder_t *t, orch_job_t *job);
static void orch_local_end(orch_transcoder_t *t,
    const uint8_t session[LP_JOBS_SESSION_LEN]);
static void orch_local_kill(orch_transcoder_t *t);
static void orch_local_supply(void *data);
static void orch_local_reap(void *data);
static void orch_child_read(void *data);
static void orch_child_write(void *data);
static void orch_child_late(void *data);

static const orch_transcoder_ops_t  orch_local_ops = {
    orch_local_send,
    orch_local_end,
    orch_local_kill
};


orch_local_t *
orch_local_create(const orch_local_conf_t *conf)
{
    orch_local_t  *l;

    l = calloc(1, sizeof(orch_local_t));
    if (l == NULL) {
        return NULL;
    }

    l->conf = *conf;

    orch_timer_init(&l->supply, conf->loop, orch_local_supply, l);
    conf->pool->supply = &l->supply;
    conf->pool->outlook = LP_AGAIN;

    if (orch_loop_signal(conf->loop, SIGCHLD, orch_local_reap, l)) {
        orch_timer_done(&l->supply);
        free(l);
        return NULL;
    }

    orch_loop_wake(&l->supply);

    return l;
}


unsigned
orch_local_running(const orch_local_t *l)
{
    return l->running;
}


/* a start that failed makes the next one wait: 1, 2, 4 ... 60 s */

static void
orch_local_failed(orch_local_t *l)
{
    uint64_t  wait_ms;

    wait_ms = l->failures < 6 ? 1000ULL << l->failures : ORCH_LOCAL_BACKOFF;
    l->failures++;

    l->retry_ms = orch_loop_now_ms(l->conf.loop) + wait_ms;
    orch_timer_set(&l->supply, wait_ms);

    lp_log(l->conf.log, LP_LOG_ERROR, "%s did not start; again in %u s",
           l->conf.program, (unsigned) (wait_ms / 1000));
}


/* hang up: the child sees the end of its input and leaves */

static void
orch_child_end(orch_child_t *c, int sig)
{
    if (c->state == child_ending) {
        return;
    }

    if (c->state == child_ready) {
        orch_pool_remove(&c->base);
    }

    c->state = child_ending;
    c->body = NULL;

    orch_io_done(&c->io);
    close(c->fd);
    c->fd = -1;

    if (sig && c->pid) {
        kill(c->pid, sig);
    }

    orch_timer_set(&c->timer, ORCH_LOCAL_END_MS);
    orch_loop_wake(&c->local->supply);
}


/* it broke the protocol, left or hung */

static void
orch_child_lost(orch_child_t *c, const char *why)
{
    int  starting = c->state == child_starting;

    if (c->state == child_ending) {
        return;
    }

    lp_log(c->local->conf.log, LP_LOG_WARN, "transcoder %s is lost: %s",
           c->base.name, why);

    c->local->conf.pool->lost++;
    orch_child_end(c, SIGKILL);

    if (starting) {
        orch_local_failed(c->local);
    }
}


static void
orch_child_late(void *data)
{
    orch_child_t  *c = data;

    if (c->state == child_starting) {
        orch_child_lost(c, "it did not say that it is ready in time");

    } else if (c->state == child_ending && c->pid) {
        kill(c->pid, SIGKILL);
    }
}


/* 1: one more is on its way */

static unsigned
orch_child_start(orch_local_t *l)
{
    int            rc;
    orch_child_t  *c;

    c = calloc(1, sizeof(orch_child_t));
    if (c == NULL) {
        orch_local_failed(l);
        return 0;
    }

    rc = orch_local_spawn(&c->pid, &c->fd, l->conf.program, l->conf.args);

    if (rc) {
        lp_log(l->conf.log, LP_LOG_ERROR, "cannot run %s: %s",
               l->conf.program, strerror(rc));
        free(c);
        orch_local_failed(l);
        return 0;
    }

    c->local = l;
    c->base.ops = &orch_local_ops;
    snprintf(c->base.name, sizeof(c->base.name), "local %d", (int) c->pid);

    c->next = l->children;
    l->children = c;
    l->running++;

    lp_jobs_reader_init(&c->reader, ORCH_LOCAL_HELLO);
    lp_buf_init(&c->head, ORCH_LOCAL_HEAD);
    orch_timer_init(&c->timer, l->conf.loop, orch_child_late, c);
    orch_io_init(&c->io, l->conf.loop, c->fd, orch_child_read,
                 orch_child_write, c);

    orch_timer_set(&c->timer, l->conf.start_ms);
    orch_io_want(&c->io, 1, 0);

    return 1;
}


static void
orch_child_free(orch_child_t *c)
{
    orch_child_t  **p;

    for (p = &c->local->children; *p != c; p = &(*p)->next) { /* void */ }

    *p = c->next;
    c->local->running--;

    orch_timer_done(&c->timer);
    lp_jobs_reader_done(&c->reader);
    lp_buf_done(&c->head);
    free(c);
}


/* as many as sessions wait for, and one more for the next session */

static void
orch_local_supply(void *data)
{
    unsigned       live, starting, idle, wanted, n;
    orch_child_t  *c;
    orch_local_t  *l = data;

    if (l->stopping) {
        return;
    }

    live = starting = idle = 0;

    for (c = l->children; c; c = c->next) {
        live += c->state != child_ending;
        starting += c->state == child_starting;
        idle += c->state == child_ready && c->base.taken == 0;
    }

    wanted = l->conf.pool->missed + 1;

    while (starting + idle < wanted && live < l->conf.max
           && orch_loop_now_ms(l->conf.loop) >= l->retry_ms)
    {
        n = orch_child_start(l);

        live += n;
        starting += n;
    }

    l->conf.pool->outlook = starting ? LP_AGAIN
                            : live == l->conf.max ? LP_LIMIT : LP_GONE;

    if (l->conf.pool->missed) {
        orch_loop_wake(l->conf.pool->sched);
    }
}


static int
orch_child_hello(orch_child_t *c)
{
    orch_local_t  *l = c->local;

    if (c->state != child_starting
        || lp_jobs_get_hello(&c->reader, &c->base.hello) != LP_OK)
    {
        return -1;
    }

    /* one session each, whatever it could do: T-49 */

    c->base.hello.capacity = 1;
    c->state = child_ready;

    orch_timer_clear(&c->timer);
    orch_pool_add(l->conf.pool, &c->base);

    l->failures = 0;

    if (!l->started) {
        l->started = 1;
        orch_loop_wake(l->conf.on_ready);
    }

    return 0;
}


/* the reader's buffer becomes the blob: renditions are never copied */

static int
orch_child_result(orch_child_t *c)
{
    orch_blob_t       *blob;
    lp_jobs_result_t   res;
    const uint8_t     *data[LP_PROFILE_MAX] = { NULL };

    if (c->state != child_ready || c->body || c->base.places == NULL
        || lp_jobs_get_result(&c->reader, &res, data) != LP_OK)
    {
        return -1;
    }

    blob = orch_blob_create(c->local->conf.memory, &c->reader.bytes);
    if (blob == NULL) {
        return -1;
    }

    lp_jobs_reader_init(&c->reader, c->reader.body_max);

    return orch_pool_answer(&c->base, &res, data, blob) == LP_OK ? 0 : -1;
}


/* a whole frame; -1: it may not say that, now */

static int
orch_child_frame(orch_child_t *c)
{
    switch (c->reader.type) {

    case LP_JOBS_HELLO:
        if (orch_child_hello(c)) {
            return -1;
        }

        lp_jobs_reader_next(&c->reader);
        return 0;

    case LP_JOBS_RESULT:
        return orch_child_result(c);

    default:
        return -1;
    }
}


static void
orch_child_read(void *data)
{
    size_t         room;
    ssize_t        n;
    uint8_t       *p;
    lp_status_t    rc;
    orch_child_t  *c = data;

    while (c->fd != -1) {

        if (lp_jobs_reader_room(&c->reader, &p, &room) != LP_AGAIN) {
            orch_child_lost(c, "its answer is too large");
            return;
        }

        n = recv(c->fd, p, room, 0);

        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }

            if (errno != EAGAIN) {
                orch_child_lost(c, strerror(errno));
            }

            return;
        }

        if (n == 0) {
            orch_child_lost(c, "it hung up");
            return;
        }

        rc = lp_jobs_reader_got(&c->reader, (size_t) n);

        if (rc == LP_AGAIN) {
            continue;
        }

        if (rc != LP_OK || orch_child_frame(c)) {
            orch_child_lost(c, "it broke the job protocol");
            return;
        }
    }
}


/* header and record, then the source from where it lies */

static void
orch_child_write(void *data)
{
    ssize_t        n;
    size_t         head_left;
    orch_child_t  *c = data;
    struct iovec   iov[2];
    struct msghdr  msg = { .msg_iov = iov, .msg_iovlen = 2 };

    while (c->body) {

        head_left = c->head.len - c->head_sent;

        iov[0].iov_base = c->head.data + c->head_sent;
        iov[0].iov_len = head_left;
        iov[1].iov_base = c->body->data + c->body_sent;
        iov[1].iov_len = c->body->len - c->body_sent;

        if (head_left + iov[1].iov_len == 0) {
            c->body = NULL;
            break;
        }

        n = sendmsg(c->fd, &msg, MSG_NOSIGNAL);

        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }

            if (errno == EAGAIN) {
                orch_io_want(&c->io, 1, 1);
                return;
            }

            orch_child_lost(c, strerror(errno));
            return;
        }

        if ((size_t) n < head_left) {
            c->head_sent += (size_t) n;

        } else {
            c->head_sent = c->head.len;
            c->body_sent += (size_t) n - head_left;
        }
    }

    orch_io_want(&c->io, 1, 0);
}


static void
orch_local_send(orch_transcoder_t *t, orch_job_t *job)
{
    size_t         i;
    uint64_t       max;
    orch_child_t  *c = (orch_child_t *) t;

    /* the answer may not be larger than what its renditions may be */

    for (i = 0, max = ORCH_LOCAL_HEAD; i < job->ask.nprofiles; i++) {
        max += orch_sched_rendition_max(&job->ask.profiles[i],
                                        job->ask.duration_ms);
    }

    lp_jobs_reader_done(&c->reader);
    lp_jobs_reader_init(&c->reader, max);

    job->ask.source_len = job->source.len;
    memcpy(job->ask.session, job->place->session, LP_JOBS_SESSION_LEN);

    lp_buf_reset(&c->head);
    lp_jobs_put_job(&c->head, &job->ask);

    if (lp_buf_status(&c->head) != LP_OK) {
        orch_child_lost(c, "the job is too large for the protocol");
        return;
    }

    c->head_sent = 0;
    c->body = &job->source;
    c->body_sent = 0;

    orch_child_write(c);
}


static void
orch_local_end(orch_transcoder_t *t,
    const uint8_t session[LP_JOBS_SESSION_LEN])
{
    (void) session;                        /* it has had no other: T-52 */

    orch_child_end((orch_child_t *) t, 0);
}


static void
orch_local_kill(orch_transcoder_t *t)
{
    orch_child_end((orch_child_t *) t, SIGKILL);
}


static void
orch_child_reaped(orch_child_t *c, int status)
{
    char  why[64];

    c->pid = 0;

    if (c->state != child_ending) {

        if (WIFSIGNALED(status)) {
            snprintf(why, sizeof(why), "signal %d", WTERMSIG(status));

        } else {
            snprintf(why, sizeof(why), "it left with code %d",
                     WEXITSTATUS(status));
        }

        orch_child_lost(c, why);
    }

    orch_child_free(c);
}


/* SIGCHLD: only our own are waited for */

static void
orch_local_reap(void *data)
{
    int            status;
    orch_local_t  *l = data;
    orch_child_t  *c, *next;

    for (c = l->children; c; c = next) {
        next = c->next;

        if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
            orch_child_reaped(c, status);
        }
    }

    if (l->stopping && l->running == 0 && l->stopped) {
        orch_loop_wake(l->stopped);
    }
}


void
orch_local_stop(orch_local_t *l, orch_timer_t *wake)
{
    orch_child_t  *c;

    l->stopping = 1;
    l->stopped = wake;

    for (c = l->children; c; c = c->next) {
        orch_child_end(c, 0);
    }

    if (l->running == 0 && wake) {
        orch_loop_wake(wake);
    }
}


void
orch_local_destroy(orch_local_t **l)
{
    int            status;
    orch_child_t  *c;

    if (*l == NULL) {
        return;
    }

    orch_local_stop(*l, NULL);

    while ((c = (*l)->children) != NULL) {

        kill(c->pid, SIGKILL);

        while (waitpid(c->pid, &status, 0) == -1 && errno == EINTR) {
            /* void */
        }

        orch_child_free(c);
    }

    orch_timer_done(&(*l)->supply);
    free(*l);
    *l = NULL;
}
