/*
 * What must survive a crash: winning tickets, what was revealed, every
 * transaction (door: SQLite, WAL, synchronous=FULL, one writer thread that is
 * opened after the start and the only opener in the process, T-87). A write
 * is an op: queued from the loop, done and fsynced by the thread, then its
 * wake. Ops are done in order; those that wait are committed together.
 *
 *   winner   won -> signed -> sent -> mined -> final
 *                     ^________|_______|  reorg         any -> dead
 *   tx       signed -> sent -> mined -> final | replaced | dropped
 */
#ifndef ORCH_STORE_H
#define ORCH_STORE_H


#include "common/pm/ticket.h"
#include "common/util/log.h"
#include "common/util/money.h"
#include "orchestrator/loop.h"
#include "orchestrator/metrics.h"


#define ORCH_STORE_REASON  64


typedef enum {
    winner_won,
    winner_signed,               /* its transaction is stored */
    winner_sent,
    winner_mined,
    winner_final,                /* paid, confirmations deep */
    winner_dead                  /* can never be paid: reason says why */
} orch_winner_e;

typedef struct {
    int64_t        id;           /* given by the store */
    lp_ticket_t    ticket;
    lp_sig_t       sig;
    lp_u256_t      rand;
    lp_hash_t      hash;         /* unique */
    uint64_t       expiration_block;
    orch_winner_e  state;
    int64_t        tx;           /* its live transaction; 0: none */
    uint64_t       block;        /* of the event that paid it */
    lp_u256_t      paid_wei;     /* WinningTicketTransfer */
    int64_t        won_s;        /* unix */
    char           reason[ORCH_STORE_REASON];
} orch_winner_t;

typedef enum { tx_redeem, tx_batch, tx_round, tx_reward, tx_gap } orch_tx_kind_e;

typedef enum {
    tx_signed, tx_sent, tx_mined, tx_final, tx_replaced, tx_dropped
} orch_tx_e;

typedef struct {
    int64_t         id;
    orch_tx_kind_e  kind;
    orch_tx_e       state;
    uint64_t        nonce;
    lp_hash_t       hash;
    uint8_t        *raw;         /* malloc'd; the owner of the struct frees */
    size_t          raw_len;
    lp_u256_t       max_fee, max_priority;
    uint64_t        gas;
    int64_t         replaces;    /* id, 0: none */
    uint64_t        block;       /* mined in */
    int64_t         signed_s;
} orch_tx_t;


typedef struct orch_store_s  orch_store_t;

typedef enum {
    store_put_winners,           /* winners, nwinners; ids are filled in */
    store_reveal,                /* hashes, nhashes: rand hashes */
    store_put_tx,                /* tx (id filled in), ids: winners of it;
                                    they become winner_signed */
    store_set_tx,                /* tx->id, state, block */
    store_set_winners            /* ids, nids, state, block, paid_wei, reason */
} orch_op_e;

/* the owner's until done; arrays are borrowed until then */
typedef struct orch_op_s  orch_op_t;

struct orch_op_s {
    orch_op_e         what;
    orch_winner_t    *winners;   /* all or none; id stays 0 while one is in
                                    the spill log only */
    size_t            nwinners;
    const lp_hash_t  *hashes;
    size_t            nhashes;
    orch_tx_t        *tx;
    const int64_t    *ids;
    size_t            nids;
    orch_winner_e     state;
    uint64_t          block;
    lp_u256_t         paid_wei;
    char              reason[ORCH_STORE_REASON];

    orch_timer_t     *wake;      /* of the owner */
    lp_status_t       status;    /* LP_AGAIN; LP_OK: fsynced; LP_REPLAYED: a
                                    winner is there already; LP_INTERNAL: not
                                    stored, no credit */
    orch_op_t        *next;
    void             *store;
};

typedef struct {
    const char      *path;                  /* winners.db; the spill log and
                                               the reserve lie beside it */
    orch_loop_t     *loop;
    const lp_log_t  *log;
    uint8_t          redeems;               /* takes the lease: one redeemer */
    uint8_t          fronts;                /* takes payments: one front; who
                                               does not redeem does so too */
} orch_store_conf_t;

/* counts and sums for the page and the metrics */
typedef struct {
    uint64_t   winners[winner_dead + 1];
    lp_u256_t  won_wei, pending_wei, redeemed_wei, dead_wei;   /* face, face,
                                                                  paid, face */
    uint64_t   txs;
} orch_store_sums_t;


/*
 * Checks, migrates, replays the spill log, starts the thread. NULL with a
 * sentence in why: locked by another process, newer schema, damaged (with
 * guidance), network filesystem, disk.
 */
orch_store_t *orch_store_create(const orch_store_conf_t *conf, char *why,
    size_t why_len);

/* ops that wait are done first */
void orch_store_destroy(orch_store_t **s);

void orch_store_start(orch_store_t *s, orch_op_t *op);

/* the owner goes away: the op is done, nobody is woken; its arrays must
   have been copied by the store */
void orch_store_leave(orch_op_t *op);

/* reads, on a connection of the loop's thread; short */

/* every winner in a state of the mask (1 << state), oldest deadline first;
   *list is malloc'd */
lp_status_t orch_store_winners(orch_store_t *s, orch_winner_t **list,
    size_t *n, unsigned states, size_t max);
lp_status_t orch_store_txs(orch_store_t *s, orch_tx_t **list, size_t *n,
    unsigned states);
void orch_store_free_txs(orch_tx_t *list, size_t n);

/* face values of all of the sender's winners that are not final or dead */
lp_status_t orch_store_pending(orch_store_t *s, lp_u256_t *wei,
    const lp_address_t *sender);

/* how many such winners there are */
uint64_t orch_store_unpaid(orch_store_t *s, const lp_address_t *sender);

/* was it revealed, by us or by the redeemer's process; cheap */
int orch_store_revealed(orch_store_t *s, const lp_hash_t *rand_hash);

/* 1 + the highest nonce in the journal; 0: none */
uint64_t orch_store_next_nonce(orch_store_t *s);

void orch_store_sums(orch_store_t *s, orch_store_sums_t *sums);

/* how long commits took */
const orch_histogram_t *orch_store_commits(const orch_store_t *s);

/* 0: no payments may be taken: neither file nor spill log can be written, or
   commits take over 500 ms for 10 s */
int orch_store_healthy(const orch_store_t *s);


#endif /* ORCH_STORE_H */
