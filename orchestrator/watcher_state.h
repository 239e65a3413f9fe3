/*
 * What the files of the watcher share: blocks (watcher), the round and gas
 * (watcher_round), logs (watcher_events), senders (watcher_sender), the price
 * of ETH (watcher_feed).
 */
#ifndef ORCH_WATCHER_STATE_H
#define ORCH_WATCHER_STATE_H


#include "orchestrator/limit.h"
#include "orchestrator/watcher.h"


#define ORCH_WATCHER_HEADERS   20          /* a reorg may be that deep */
#define ORCH_WATCHER_RANGE     1000        /* blocks of one getLogs */
#define ORCH_WATCHER_RANGES    5           /* more is not caught up with */
#define ORCH_WATCHER_EVENTS    8192        /* that may still be undone */
#define ORCH_WATCHER_MINUTES   60          /* of the gas average */
#define ORCH_WATCHER_BUCKETS   4096
#define ORCH_WATCHER_DEEP      3           /* blocks over a round's hash */


typedef enum {
    watch_idle,                            /* until the next poll */
    watch_head,
    watch_walk,                            /* back to a block we know */
    watch_headers,
    watch_logs,
    watch_round,
    watch_hash
} orch_watch_e;

typedef struct {
    uint64_t       number;
    lp_hash_t      hash;
} orch_watch_header_t;

/* read at the newest block */
typedef enum {
    round_last, round_current, round_start, round_length, round_pool,
    round_paused, round_registered, round_transcoder, round_validity,
    ORCH_ROUND_ASKS
} orch_round_ask_e;

typedef struct {
    uint64_t       last, current, start, length, pool, validity;
    uint8_t        paused, registered;
    lp_transcoder_t  transcoder;
} orch_round_t;

typedef struct {
    lp_event_t     event;
    lp_rpc_log_t   log;
} orch_watch_event_t;

typedef struct orch_watch_entry_s  orch_watch_entry_t;
typedef struct orch_watch_waiter_s  orch_watch_waiter_t;

/* a list by age, oldest first */
typedef struct {
    orch_watch_entry_t  *first, *last;
    size_t               n;
} orch_watch_list_t;

struct orch_watch_entry_s {
    orch_watcher_t      *watcher;
    lp_address_t         address;
    orch_sender_t        sender;
    uint8_t              known;            /* sender is read */
    uint8_t              bad;              /* it has nothing */
    uint8_t              reading;          /* how much of it: sender_read_e */
    uint8_t              again;            /* changed while it was read */
    uint64_t             epoch;            /* of the watcher, when read */
    uint64_t             l1_block;
    orch_ask_t          *asks;             /* three for each node */
    orch_timer_t         wake;
    unsigned             waiters;
    orch_watch_entry_t  *next;             /* of the bucket */
    orch_watch_list_t   *list;
    orch_watch_entry_t  *older, *younger;
};

struct orch_watch_waiter_s {
    orch_timer_t         *wake;
    orch_watch_entry_t   *entry;
    orch_watch_waiter_t  *next;
};

typedef struct {
    orch_watch_entry_t   *buckets[ORCH_WATCHER_BUCKETS];
    uint64_t              seed;
    orch_watch_list_t     good, bad;
    orch_watch_waiter_t  *waiters;
    orch_limit_t          by_ip;
    orch_rate_t           unknown, trusted;
    uint64_t              epoch;           /* raised: all are read again */
} orch_watch_senders_t;

typedef struct {
    orch_timer_t          timer, wake;
    lp_address_t          address;
    orch_ask_t            decimals, round;
    uint8_t               asked;
} orch_watch_feed_t;

struct orch_watcher_s {
    orch_watcher_conf_t   conf;
    orch_facts_t          facts;
    orch_watch_e          state;
    orch_timer_t          timer;
    orch_timer_t          wake;
    int                   node;            /* of this cycle: one view */

    orch_ask_t            ask_head, ask_gas, ask_walk;
    orch_ask_t            ask_headers[ORCH_WATCHER_HEADERS];
    orch_ask_t            ask_logs[ORCH_WATCHER_RANGES];
    unsigned              nheaders, nlogs;
    lp_rpc_block_t        head;
    uint64_t              fork;            /* the newest block that stays */
    uint64_t              walk;

    orch_watch_header_t   ring[ORCH_WATCHER_HEADERS];      /* oldest first */
    unsigned              nring;
    orch_watch_header_t   fresh[ORCH_WATCHER_HEADERS];
    orch_watch_event_t   *events;          /* that may still be undone */
    size_t                nevents;

    orch_ask_t            ask_round[ORCH_ROUND_ASKS];
    orch_ask_t            ask_hash[ORCH_CHAIN_NODES][2];
    orch_round_t          round;
    uint8_t               dirty;           /* round is to be read */
    uint64_t              round_ms;        /* when it was read */
    uint64_t              new_round;       /* of the newest event, */
    uint64_t              new_round_block; /* and its block */
    uint8_t               skipped;         /* events were not read */
    uint64_t              deep_round;      /* whose hash facts have */
    lp_hash_t             deep_hash;

    struct {
        uint64_t          minute;
        lp_u256_t         sum;
        uint64_t          n;
    }                     gas[ORCH_WATCHER_MINUTES];
    uint8_t               gas_known;

    orch_watch_senders_t  senders;
    orch_watch_feed_t     feed;

    orch_timer_t        **listeners;
    size_t                nlisteners;
    orch_watcher_event_pt handler;
    void                 *handler_data;
};


/* watcher */
void orch_watcher_tell(orch_watcher_t *w);

/* watcher_events: a log is stored and acted on; who undoes walks back */
void orch_watcher_take_log(orch_watcher_t *w, const lp_rpc_log_t *log,
    const lp_rpc_logs_t *logs);
void orch_watcher_undo(orch_watcher_t *w, uint64_t fork);
/* deposits that are confirmed by now; events that cannot be undone go */
void orch_watcher_mature(orch_watcher_t *w, uint64_t before);
/* of the sender, not confirmed yet */
void orch_watcher_unconfirmed(const orch_watcher_t *w, lp_u256_t *deposit,
    lp_u256_t *reserve, const lp_address_t *sender);

/* watcher_round */
void orch_watcher_take_gas(orch_watcher_t *w);
int orch_watcher_round_due(const orch_watcher_t *w);
void orch_watcher_ask_round(orch_watcher_t *w);
lp_status_t orch_watcher_take_round(orch_watcher_t *w);
void orch_watcher_ask_hash(orch_watcher_t *w);
lp_status_t orch_watcher_take_hash(orch_watcher_t *w);
void orch_watcher_set_round(orch_watcher_t *w);

/* watcher_sender */
int orch_watcher_senders_init(orch_watcher_t *w);
void orch_watcher_senders_done(orch_watcher_t *w);
/* what is known of it does not hold any more; NULL: of all */
void orch_watcher_senders_touch(orch_watcher_t *w, const lp_address_t *sender);

/* watcher_feed */
void orch_watcher_feed_init(orch_watcher_t *w);
void orch_watcher_feed_done(orch_watcher_t *w);


#endif /* ORCH_WATCHER_STATE_H */
