/*
 * What the files of the store share; nobody else includes it. The loop's
 * thread owns the jobs and the reading connection, the writer's thread the
 * writing connection and the spill log; between them are two queues.
 */
#ifndef ORCH_STORE_PARTS_H
#define ORCH_STORE_PARTS_H


#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "orchestrator/store.h"


#define ORCH_STORE_PATH     4096
#define ORCH_STORE_WHY      512
#define ORCH_STORE_WINNER   325            /* bytes of one in the spill log */

#define ORCH_STORE_SLOW_MS  500            /* a commit, for .. */
#define ORCH_STORE_SLOW_FOR 10000          /* .. so long: no payments */


struct sqlite3;
struct sqlite3_stmt;

typedef struct orch_store_job_s  orch_store_job_t;

/* an op on its way: work is a copy of it with arrays of its own */
struct orch_store_job_s {
    orch_op_t          work;
    orch_op_t         *op;               /* NULL: its owner went away */
    uint64_t           took_us;          /* of its commit */
    orch_store_job_t  *next;             /* in a queue */
    orch_store_job_t  *newer, *older;    /* of all, in the loop's thread */
};

/* the statements of the writer, store.c */
#define ORCH_STORE_STATEMENTS  16

typedef struct {
    struct sqlite3       *db;
    struct sqlite3_stmt  *stmt[ORCH_STORE_STATEMENTS];
} orch_store_db_t;

/* a winner that is only in the spill log */
typedef struct {
    lp_hash_t     hash;
    lp_address_t  sender;
    lp_u256_t     face_value;
} orch_spilled_t;

typedef struct {
    int              fd;                 /* -1: there is none */
    uint64_t         epoch;              /* records of others are old */
    uint64_t         end;                /* where the next record goes */
    int              reserve;            /* the file is there */
    orch_spilled_t  *list;               /* under the store's mutex */
    size_t           n, cap;
} orch_spill_t;

struct orch_store_s {
    char                  path[ORCH_STORE_PATH];
    orch_loop_t          *loop;
    const lp_log_t       *log;
    pid_t                 pid;           /* a child may not use it (T-87) */
    int                   front;
    int                   locks[2];

    /* the loop's */
    struct sqlite3       *read;
    struct sqlite3_stmt  *is_revealed;
    struct sqlite3_stmt  *pending_of;
    struct sqlite3_stmt  *unpaid_of;
    struct sqlite3_stmt  *version;
    orch_store_sums_t     sums;
    int64_t               sums_version;
    orch_store_job_t     *newest;
    size_t                njobs;
    orch_io_t             io;
    orch_histogram_t      commits;

    /* the writer's */
    orch_store_db_t       writer;
    orch_spill_t          spill;
    uint64_t              probe_us;      /* when to look again; 0: no need */

    /* between them */
    pthread_t             thread;
    uint8_t               running;
    int                   wake_fd;
    pthread_mutex_t       mutex;
    pthread_cond_t        more;
    orch_store_job_t     *queue, **queue_end;
    orch_store_job_t     *done, **done_end;
    uint8_t               stop;
    char                  said[2 * ORCH_STORE_WHY];   /* for the log */

    _Atomic uint64_t      slow_since_ms;          /* 0: not slow */
    _Atomic uint64_t      begun_ms;               /* of the commit now */
    atomic_int            broken;        /* neither file can be written */
};


/* store.c, the writing connection. LP_LIMIT: the disk is full; LP_INTERNAL:
   anything else that asks for a new connection, why is filled in */

lp_status_t orch_store_db_open(orch_store_db_t *db, const char *path,
    char *why, size_t why_len);
void orch_store_db_close(orch_store_db_t *db);

/*
 * All jobs in one transaction, each with its own outcome in work.status;
 * those that have one already are passed over. again: an attempt before may
 * have been stored after all, so what is there is no replay.
 */
lp_status_t orch_store_db_apply(orch_store_db_t *db, orch_store_job_t *jobs,
    int again, char *why, size_t why_len);

/* winners from the spill log; nothing is changed unless all are in */
lp_status_t orch_store_db_adopt(orch_store_db_t *db, orch_winner_t *winners,
    size_t n, char *why, size_t why_len);

/* a commit that changes nothing: does the disk answer. It waits for nobody:
   payments wait for it */
lp_status_t orch_store_db_probe(orch_store_db_t *db, char *why,
    size_t why_len);
int orch_store_db_has(orch_store_db_t *db, const lp_hash_t *winner);


/* store_read.c */

int orch_store_read_open(orch_store_t *s, char *why, size_t why_len);
void orch_store_read_close(orch_store_t *s);

/* is every winner that can still be paid what its hash says */
lp_status_t orch_store_read_check(orch_store_t *s);


/* store_spill.c: the log and the reserve beside the database */

int orch_spill_open(orch_store_t *s, char *why, size_t why_len);
void orch_spill_close(orch_store_t *s);

/* durable, or not at all */
lp_status_t orch_spill_put(orch_store_t *s, const orch_winner_t *winners,
    size_t n);
int orch_spill_has(orch_store_t *s, const lp_hash_t *winner);

/* everything in the log, malloc'd; then forget it, durably */
lp_status_t orch_spill_read(orch_store_t *s, orch_winner_t **winners,
    size_t *n);
lp_status_t orch_spill_clear(orch_store_t *s);

/* gives its space to who needs it; fills it again when there is space */
void orch_spill_free_reserve(orch_store_t *s);
void orch_spill_fill_reserve(orch_store_t *s);


/* store_place.c: where the file lies, and who else uses it */

int orch_store_place_check(const char *path, char *why, size_t why_len);
int orch_store_place_is_network(unsigned long magic);

/* made when it is not there; its files are the owner's alone */
int orch_store_place_private(const char *path, char *why, size_t why_len);

/* -1: another process holds it, named in why */
int orch_store_place_lock(const char *path, const char *name, char *why,
    size_t why_len);


#endif /* ORCH_STORE_PARTS_H */
