/*
 * The writer's thread and the two queues between it and the loop. What waits
 * is committed together; when the database cannot take it, a winner goes to
 * the spill log, and when that cannot either, the op fails.
 *
 *   start -> queue -> commit ---------------------> done -> wake
 *                       \-> free the reserve, reopen -> again -/
 *                         \-> spill log ------------------/
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/util/failpoint.h"
#include "orchestrator/store_parts.h"


#define ORCH_STORE_JOBS_MAX  10000
#define ORCH_STORE_PROBE_US  1000000
#define ORCH_STORE_ADOPT     256           /* rows: the WAL stays small */


static uint64_t
orch_store_now_us(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


/* a sentence of the writer, logged by the loop */

static void
orch_store_say(orch_store_t *s, const char *what, const char *why)
{
    uint64_t  one = 1;
    ssize_t   n;

    pthread_mutex_lock(&s->mutex);
    snprintf(s->said, sizeof(s->said), "store: %s: %s", what, why);
    pthread_mutex_unlock(&s->mutex);

    n = write(s->wake_fd, &one, sizeof(one));
    (void) n;                              /* full: it is awake anyway */
}


/* --- the writer's thread */

static int
orch_store_reopen(orch_store_t *s)
{
    char  why[ORCH_STORE_WHY];

    if (s->writer.db) {
        orch_store_db_close(&s->writer);
    }

    if (orch_store_db_open(&s->writer, s->path, why, sizeof(why)) == LP_OK) {
        return 0;
    }

    orch_store_say(s, "not open", why);

    return -1;
}


/* returns how many ops are no winners and still wait */

static size_t
orch_store_spill(orch_store_t *s, orch_store_job_t *jobs)
{
    size_t             i, left = 0;
    orch_op_t         *op;
    lp_status_t        rc;
    orch_store_job_t  *job;

    for (job = jobs; job; job = job->next) {
        op = &job->work;
        rc = LP_OK;

        if (op->status != LP_AGAIN) {
            continue;
        }

        if (op->what != store_put_winners) {
            left++;
            continue;
        }

        for (i = 0; rc == LP_OK && i < op->nwinners; i++) {
            if (orch_spill_has(s, &op->winners[i].hash)
                || orch_store_db_has(&s->writer, &op->winners[i].hash))
            {
                rc = LP_REPLAYED;
            }
        }

        if (rc == LP_OK) {
            rc = orch_spill_put(s, op->winners, op->nwinners);
            atomic_store(&s->broken, rc != LP_OK);
        }

        op->status = rc;
    }

    return left;
}


static void
orch_store_fail(orch_store_job_t *jobs)
{
    for ( ; jobs; jobs = jobs->next) {
        if (jobs->work.status == LP_AGAIN) {
            jobs->work.status = LP_INTERNAL;
        }
    }
}


static void
orch_store_timed(orch_store_t *s, uint64_t begun_us)
{
    uint64_t  now_us = orch_store_now_us();

    if (now_us - begun_us <= ORCH_STORE_SLOW_MS * 1000) {
        atomic_store(&s->slow_since_ms, 0);

    } else if (atomic_load(&s->slow_since_ms) == 0) {
        atomic_store(&s->slow_since_ms, begun_us / 1000);
    }

    atomic_store(&s->begun_ms, 0);
}


static lp_status_t
orch_store_drain(orch_store_t *s, char *why, size_t why_len)
{
    size_t          i, n, some;
    lp_status_t     rc;
    orch_winner_t  *list;

    rc = orch_spill_read(s, &list, &n);

    for (i = 0; rc == LP_OK && i < n; i += some) {
        some = n - i < ORCH_STORE_ADOPT ? n - i : ORCH_STORE_ADOPT;
        rc = orch_store_db_adopt(&s->writer, list + i, some, why, why_len);

        LP_FAILPOINT("store_adopted");
    }

    if (rc == LP_OK && n) {
        rc = orch_spill_clear(s);

        LP_FAILPOINT("store_drained");
    }

    free(list);

    return rc;
}


static void
orch_store_took(orch_store_t *s, orch_store_job_t *jobs, uint64_t begun_us)
{
    orch_store_timed(s, begun_us);

    for ( ; jobs; jobs = jobs->next) {
        jobs->took_us = orch_store_now_us() - begun_us;
    }
}


static lp_status_t
orch_store_write(orch_store_t *s, orch_store_job_t *jobs, char *why,
    size_t why_len)
{
    lp_status_t  rc;

    rc = orch_store_db_apply(&s->writer, jobs, 0, why, why_len);

    if (rc == LP_LIMIT && s->spill.reserve) {
        orch_store_say(s, "the disk is full, the reserve is given up", why);
        orch_spill_free_reserve(s);

        return orch_store_db_apply(&s->writer, jobs, 1, why, why_len);
    }

    if (rc == LP_OK || rc == LP_LIMIT || s->writer.db == NULL) {
        return rc;
    }

    /* T-86: a failed write or fsync, and nothing of this file is known */

    orch_store_say(s, "opened anew", why);

    return orch_store_reopen(s) ? LP_INTERNAL
           : orch_store_db_apply(&s->writer, jobs, 1, why, why_len);
}


static void
orch_store_commit(orch_store_t *s, orch_store_job_t *jobs)
{
    char               why[ORCH_STORE_WHY] = "";
    uint64_t           begun_us = orch_store_now_us();

    atomic_store(&s->begun_ms, begun_us / 1000);

    /* what was spilled may only be followed by what is spilled: a ticket that
       comes twice is then always seen; a probe ends this */

    if (s->spill.n && orch_store_spill(s, jobs) == 0) {
        orch_store_took(s, jobs, begun_us);
        return;
    }

    if (orch_store_write(s, jobs, why, sizeof(why)) == LP_OK) {
        atomic_store(&s->broken, 0);

    } else {
        orch_store_say(s, "not written", why);
        orch_store_spill(s, jobs);
        orch_store_fail(jobs);
    }

    orch_store_took(s, jobs, begun_us);
}


/* a second has passed with something amiss: is it still so */

static void
orch_store_probe(orch_store_t *s)
{
    char      why[ORCH_STORE_WHY] = "the spill log cannot be read";
    uint64_t  begun_us;

    if (s->writer.db == NULL && orch_store_reopen(s)) {
        return;
    }

    begun_us = orch_store_now_us();
    atomic_store(&s->begun_ms, begun_us / 1000);

    if (orch_store_db_probe(&s->writer, why, sizeof(why)) == LP_OK
        && orch_store_drain(s, why, sizeof(why)) == LP_OK)
    {
        atomic_store(&s->broken, 0);

        if (s->front && !s->spill.reserve) {
            orch_spill_fill_reserve(s);
        }
    }

    orch_store_timed(s, begun_us);
    s->probe_us = 0;
}


static int
orch_store_amiss(orch_store_t *s)
{
    return s->writer.db == NULL || s->spill.n
           || (s->front && !s->spill.reserve)
           || atomic_load(&s->broken) || atomic_load(&s->slow_since_ms);
}


/* has the time of a probe come: a second after something was amiss, however
   much is to be written in between */

static int
orch_store_probe_due(orch_store_t *s)
{
    if (!orch_store_amiss(s)) {
        s->probe_us = 0;
        return 0;
    }

    if (s->probe_us == 0) {
        s->probe_us = orch_store_now_us() + ORCH_STORE_PROBE_US;
    }

    return orch_store_now_us() >= s->probe_us;
}


/* what waits; NULL: nothing, and the time of a probe has come */

static orch_store_job_t *
orch_store_wait(orch_store_t *s)
{
    struct timespec    until;
    orch_store_job_t  *jobs;

    pthread_mutex_lock(&s->mutex);

    while (s->queue == NULL && !s->stop && !orch_store_probe_due(s)) {

        if (s->probe_us == 0) {
            pthread_cond_wait(&s->more, &s->mutex);
            continue;
        }

        until.tv_sec = (time_t) (s->probe_us / 1000000);
        until.tv_nsec = (long) (s->probe_us % 1000000) * 1000;
        pthread_cond_timedwait(&s->more, &s->mutex, &until);
    }

    jobs = s->queue;
    s->queue = NULL;
    s->queue_end = &s->queue;

    pthread_mutex_unlock(&s->mutex);

    return jobs;
}


static void
orch_store_finish(orch_store_t *s, orch_store_job_t *jobs)
{
    uint64_t           one = 1;
    ssize_t            n;
    orch_store_job_t  *last;

    for (last = jobs; last->next; last = last->next) { /* void */ }

    pthread_mutex_lock(&s->mutex);
    *s->done_end = jobs;
    s->done_end = &last->next;
    pthread_mutex_unlock(&s->mutex);

    n = write(s->wake_fd, &one, sizeof(one));
    (void) n;
}


static void *
orch_store_thread(void *data)
{
    orch_store_t      *s = data;
    orch_store_job_t  *jobs;

    for ( ;; ) {
        jobs = orch_store_wait(s);

        if (jobs) {
            orch_store_commit(s, jobs);
            LP_FAILPOINT("store_before_wake");
            orch_store_finish(s, jobs);

        } else if (s->stop) {
            return NULL;
        }

        if (orch_store_probe_due(s)) {
            orch_store_probe(s);
        }
    }
}


/* --- the loop's side */

static void
orch_store_free_job(orch_store_t *s, orch_store_job_t *job)
{
    orch_op_t  *w = &job->work;

    if (job->newer) {
        job->newer->older = job->older;

    } else if (s->newest == job) {
        s->newest = job->older;
    }

    if (job->older) {
        job->older->newer = job->newer;
    }

    s->njobs--;

    if (w->tx) {
        free(w->tx->raw);
    }

    free(w->tx);
    free(w->winners);
    free((void *) w->hashes);
    free((void *) w->ids);
    free(job);
}


static void
orch_store_tell(orch_store_job_t *job)
{
    size_t      i;
    orch_op_t  *op = job->op;

    if (op == NULL) {
        return;
    }

    for (i = 0; i < op->nwinners; i++) {
        op->winners[i].id = job->work.winners[i].id;
    }

    if (op->what == store_put_tx) {
        op->tx->id = job->work.tx->id;
    }

    LP_FAILPOINT("store_telling");

    op->status = job->work.status;
    op->store = NULL;

    if (op->wake) {
        orch_loop_wake(op->wake);
    }
}


static void
orch_store_on_done(void *data)
{
    char               said[2 * ORCH_STORE_WHY];
    uint64_t           count;
    orch_store_t      *s = data;
    orch_store_job_t  *job, *next;

    if (read(s->wake_fd, &count, sizeof(count)) < 0) {
        return;
    }

    pthread_mutex_lock(&s->mutex);
    job = s->done;
    s->done = NULL;
    s->done_end = &s->done;
    memcpy(said, s->said, sizeof(said));
    s->said[0] = '\0';
    pthread_mutex_unlock(&s->mutex);

    if (said[0]) {
        lp_log(s->log, LP_LOG_ERROR, "%s", said);
    }

    for ( ; job; job = next) {
        next = job->next;
        orch_metrics_observe(&s->commits, job->took_us);
        orch_store_tell(job);
        orch_store_free_job(s, job);
    }
}


static void *
orch_store_copy(const void *from, size_t n, size_t size, int *bad)
{
    void  *to;

    if (n == 0) {
        return NULL;
    }

    to = calloc(n, size);

    if (to == NULL) {
        *bad = 1;
        return NULL;
    }

    return memcpy(to, from, n * size);
}


static orch_store_job_t *
orch_store_job(orch_store_t *s, orch_op_t *op)
{
    int                bad = 0;
    orch_op_t         *w;
    orch_store_job_t  *job;

    job = calloc(1, sizeof(orch_store_job_t));
    if (job == NULL) {
        return NULL;
    }

    w = &job->work;
    *w = *op;
    w->status = LP_AGAIN;
    w->winners = orch_store_copy(op->winners, op->nwinners,
                                 sizeof(orch_winner_t), &bad);
    w->hashes = orch_store_copy(op->hashes, op->nhashes, sizeof(lp_hash_t),
                                &bad);
    w->ids = orch_store_copy(op->ids, op->nids, sizeof(int64_t), &bad);
    w->tx = orch_store_copy(op->tx, op->tx ? 1 : 0, sizeof(orch_tx_t), &bad);

    if (w->tx) {
        w->tx->raw = orch_store_copy(op->tx->raw, op->tx->raw
                                     ? op->tx->raw_len : 0, 1, &bad);
    }

    job->op = op;
    job->older = s->newest;

    if (s->newest) {
        s->newest->newer = job;
    }

    s->newest = job;
    s->njobs++;

    if (bad) {
        orch_store_free_job(s, job);
        return NULL;
    }

    return job;
}


void
orch_store_start(orch_store_t *s, orch_op_t *op)
{
    orch_store_job_t  *job;

    op->status = LP_AGAIN;
    op->store = NULL;

    job = s->pid == getpid() && s->njobs < ORCH_STORE_JOBS_MAX
          ? orch_store_job(s, op) : NULL;

    if (job == NULL) {
        op->status = LP_INTERNAL;

        if (op->wake) {
            orch_loop_wake(op->wake);
        }

        return;
    }

    op->store = job;

    LP_FAILPOINT("store_before_queue");

    pthread_mutex_lock(&s->mutex);
    *s->queue_end = job;
    s->queue_end = &job->next;
    pthread_cond_signal(&s->more);
    pthread_mutex_unlock(&s->mutex);

    LP_FAILPOINT("store_queued");
}


void
orch_store_leave(orch_op_t *op)
{
    orch_store_job_t  *job = op->store;

    if (job) {
        job->op = NULL;
        op->store = NULL;
    }
}


int
orch_store_healthy(const orch_store_t *s)
{
    uint64_t  now_ms = orch_store_now_us() / 1000;
    uint64_t  slow = atomic_load(&s->slow_since_ms);
    uint64_t  begun = atomic_load(&s->begun_ms);

    if (slow == 0 && begun && now_ms > begun + ORCH_STORE_SLOW_MS) {
        slow = begun;                    /* the one that hangs now */
    }

    return !atomic_load(&s->broken)
           && (slow == 0 || now_ms < slow + ORCH_STORE_SLOW_FOR);
}


const orch_histogram_t *
orch_store_commits(const orch_store_t *s)
{
    return &s->commits;
}


/* --- from first to last */

/* what was spilled before is stored before anything else is looked at */

static int
orch_store_replay(orch_store_t *s, char *why, size_t why_len)
{
    size_t          n;
    lp_status_t     rc;
    orch_winner_t  *list;

    rc = orch_spill_read(s, &list, &n);
    free(list);

    if (rc != LP_OK || n == 0) {
        return rc == LP_OK ? 0 : -1;
    }

    if (orch_store_drain(s, why, why_len) != LP_OK) {
        return -1;
    }

    lp_log(s->log, LP_LOG_WARN, "store: %zu winners came back from the spill "
           "log", n);

    return 0;
}


static int
orch_store_files(orch_store_t *s, const orch_store_conf_t *conf, char *why,
    size_t why_len)
{
    if (orch_store_place_check(s->path, why, why_len)) {
        return -1;
    }

    if (s->front) {
        s->locks[0] = orch_store_place_lock(s->path, "front", why, why_len);

        if (s->locks[0] < 0) {
            return -1;
        }
    }

    if (conf->redeems) {
        s->locks[1] = orch_store_place_lock(s->path, "redeemer", why,
                                            why_len);
        if (s->locks[1] < 0) {
            return -1;
        }
    }

    if (orch_store_place_private(s->path, why, why_len)
        || orch_store_db_open(&s->writer, s->path, why, why_len) != LP_OK
        || (s->front && (orch_spill_open(s, why, why_len)
                         || orch_store_replay(s, why, why_len)))
        || orch_store_read_open(s, why, why_len))
    {
        return -1;
    }

    if (orch_store_read_check(s) != LP_OK) {
        snprintf(why, why_len, "%s is damaged: a winner is not what its hash "
                 "says; move the file and %s-wal away (keep them) and start "
                 "again", s->path, s->path);
        return -1;
    }

    return 0;
}


static int
orch_store_run(orch_store_t *s)
{
    s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->wake_fd < 0) {
        return -1;
    }

    orch_io_init(&s->io, s->loop, s->wake_fd, orch_store_on_done,
                 orch_store_on_done, s);
    orch_io_want(&s->io, 1, 0);

    s->running = pthread_create(&s->thread, NULL, orch_store_thread, s) == 0;

    return s->running ? 0 : -1;
}


orch_store_t *
orch_store_create(const orch_store_conf_t *conf, char *why, size_t why_len)
{
    orch_store_t        *s;
    pthread_condattr_t   attr;

    s = calloc(1, sizeof(orch_store_t));
    if (s == NULL) {
        snprintf(why, why_len, "out of memory");
        return NULL;
    }

    snprintf(s->path, sizeof(s->path), "%s", conf->path);
    s->loop = conf->loop;
    s->log = conf->log;
    s->pid = getpid();
    s->front = conf->fronts || !conf->redeems;
    s->locks[0] = s->locks[1] = s->spill.fd = s->wake_fd = -1;
    s->queue_end = &s->queue;
    s->done_end = &s->done;

    pthread_mutex_init(&s->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->more, &attr);
    pthread_condattr_destroy(&attr);

    why[0] = '\0';

    if (orch_store_files(s, conf, why, why_len) || orch_store_run(s)) {

        if (why[0] == '\0') {
            snprintf(why, why_len, "%s: out of memory", conf->path);
        }

        orch_store_destroy(&s);
    }

    return s;
}


/* a child that was forked closes nothing: its locks are its parent's */

void
orch_store_destroy(orch_store_t **sp)
{
    int            i;
    orch_store_t  *s = *sp;

    *sp = NULL;

    if (s == NULL || s->pid != getpid()) {
        return;
    }

    if (s->running) {
        pthread_mutex_lock(&s->mutex);
        s->stop = 1;
        pthread_cond_signal(&s->more);
        pthread_mutex_unlock(&s->mutex);
        pthread_join(s->thread, NULL);
        orch_store_on_done(s);
    }

    if (s->wake_fd >= 0) {
        orch_io_done(&s->io);
        close(s->wake_fd);
    }

    orch_store_read_close(s);
    orch_store_db_close(&s->writer);
    orch_spill_close(s);

    for (i = 0; i < 2; i++) {
        if (s->locks[i] >= 0) {
            close(s->locks[i]);
        }
    }

    pthread_cond_destroy(&s->more);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}
