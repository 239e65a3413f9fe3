/*
 * What the chain says, read aside: head, round, gas, who pays. Facts are
 * plain values that anyone reads without waiting; a sender that is not known
 * yet is asked for once, within a budget (T-09, T-18, T-81, T-82).
 */
#ifndef ORCH_WATCHER_H
#define ORCH_WATCHER_H


#include "common/pm/recipient.h"
#include "orchestrator/chain.h"
#include "orchestrator/conf.h"


typedef struct orch_watcher_s  orch_watcher_t;

typedef struct {
    uint8_t       known;                /* all of these were read once */
    uint64_t      head_ms;              /* loop time of the newest head */
    uint64_t      block;                /* L2 */
    uint64_t      l1_block;
    uint64_t      block_time;           /* unix, of the head */
    uint64_t      round;                /* last initialized, three blocks deep */
    lp_hash_t     round_hash;           /* of it; R-1's when it was zero, and
                                           round is R-1 then */
    uint64_t      round_start, round_length;             /* L1 blocks */
    uint8_t       round_ready;          /* current round is initialized */
    uint8_t       paused;
    lp_u256_t     gas_price;            /* wei */
    lp_u256_t     gas_average;          /* of the last hour, .. */
    lp_u256_t     gas_low;              /* .. and of its cheapest minute */
    uint64_t      pool_size;
    uint8_t       active;               /* our recipient, in round */
    uint8_t       registered;
    uint64_t      deactivation_round;
    uint64_t      validity;             /* ticketValidityPeriod, rounds */
    lp_price_t    eth_usd;              /* 0/1: no feed */
} orch_facts_t;

/* a sender as the chain has it, deposits counted when confirmed,
   withdrawals at once */
typedef struct {
    lp_u256_t     deposit, reserve, claimed;
    lp_u256_t     claimed_by_us;        /* claimedReserve(sender, recipient) */
    lp_u256_t     claimable;            /* claimableReserve; 0 on a revert */
    uint64_t      withdraw_round;
    uint64_t      read_ms;              /* loop time */
} orch_sender_t;

typedef struct {
    const orch_conf_t  *conf;
    orch_loop_t        *loop;
    orch_chain_t       *chain;
    const lp_log_t     *log;
    lp_address_t        recipient;
    orch_timer_t       *on_block;       /* woken after each new head; may be
                                           NULL */
} orch_watcher_conf_t;


orch_watcher_t *orch_watcher_create(const orch_watcher_conf_t *conf);
void orch_watcher_destroy(orch_watcher_t **w);

const orch_facts_t *orch_watcher_facts(const orch_watcher_t *w);

/* one more to be woken after each new head and each change of a sender */
void orch_watcher_listen(orch_watcher_t *w, orch_timer_t *wake);
void orch_watcher_unlisten(orch_watcher_t *w, orch_timer_t *wake);

/*
 * How old is what we know: 0 fresh; 1 the head is over 120 s old: no new
 * parameters; 2 over 10 min: no paid work (T-09).
 */
unsigned orch_watcher_stale(const orch_watcher_t *w);

/*
 * LP_OK: in *s, at most 5 min or 30 blocks old. LP_AGAIN: it is being read,
 * wake comes (and orch_watcher_forget ends the wait). LP_MISSING: it has
 * neither deposit nor reserve (remembered 60 s). LP_BUSY: the budget for
 * unknown senders of this address, or of all, is used up.
 * peer: the IP that asks; known_good: paid before, own budget.
 */
lp_status_t orch_watcher_sender(orch_watcher_t *w, orch_sender_t *s,
    const lp_address_t *sender, const char *peer, int known_good,
    orch_timer_t *wake);
void orch_watcher_forget(orch_watcher_t *w, orch_timer_t *wake);

/*
 * Events of redemptions, for who keeps books: called for each
 * WinningTicketTransfer/Redeemed to our recipient; undone: a reorg took it
 * back (C47).
 */
typedef void (*orch_watcher_event_pt)(void *data, const lp_event_t *e,
    const lp_rpc_log_t *log, int undone);
void orch_watcher_events(orch_watcher_t *w, orch_watcher_event_pt handler,
    void *data);


#endif /* ORCH_WATCHER_H */
