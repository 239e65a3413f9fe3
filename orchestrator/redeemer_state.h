/*
 * What the files of the redeemer share. A build makes one transaction
 * (redeemer_build, redeemer_check), a slot is one nonce and all that was
 * signed for it, from the journal until it is final (redeemer_slot,
 * redeemer_receipt, redeemer_final); the round's calls are builds without
 * winners (redeemer_round).
 *
 *   build   reveal -> check -> funds -> fees -> sign -> store
 *                      \_ find: paid already, but where
 *   slot    receipts -> send -> wait -> mined -> confirm -> close
 *                         \____ raise: a sibling with higher fees, same nonce
 */
#ifndef ORCH_REDEEMER_STATE_H
#define ORCH_REDEEMER_STATE_H


#include "common/util/failpoint.h"
#include "orchestrator/redeemer.h"
#include "orchestrator/redeemer_plan.h"


#define ORCH_REDEEM_BATCH     16           /* winners of one transaction, .. */
#define ORCH_REDEEM_MOST      64           /* .. or all of one commitment */
#define ORCH_REDEEM_SLOTS     16           /* nonces under way */
#define ORCH_REDEEM_SIBLINGS  24           /* fees raised 16-fold */
#define ORCH_REDEEM_SCAN      4096         /* winners looked at in a scan */
#define ORCH_REDEEM_HELD      1024         /* commitments that wait */
#define ORCH_REDEEM_ALARM     6            /* times --hold-time: what should
                                              have gone */


/* store ops that are done together; ids of winners and tx are copies */
typedef struct {
    orch_op_t       *ops;
    size_t           n, cap;
    int64_t         *ids;
    orch_tx_t       *txs;
} orch_record_t;

/* questions that are asked together */
typedef struct {
    orch_ask_t      *asks;
    size_t           n;
} orch_asks_t;

/* of a transaction, by the nodes that answered */
typedef enum {
    said_later,                            /* not all have */
    said_nothing,                          /* none has */
    said_missing,                          /* all: it is not mined */
    said_mined,                            /* most: it is */
    said_both                              /* some do not agree */
} orch_said_e;

typedef enum {
    slot_receipts,                         /* is one of them mined */
    slot_send,
    slot_sent,                             /* recorded as sent */
    slot_wait,                             /* until the next look */
    slot_fees,                             /* what is asked now */
    slot_sign,
    slot_store,                            /* a sibling with higher fees */
    slot_mining,                           /* recorded as mined */
    slot_mined,                            /* until the next look */
    slot_check,                            /* is it there still */
    slot_confirm,                          /* all nodes are asked */
    slot_close,                            /* recorded as final or dropped */
    slot_gone
} orch_slot_e;

typedef struct orch_slot_s  orch_slot_t;

struct orch_slot_s {
    orch_redeemer_t  *redeemer;
    orch_slot_t      *prev, *next;
    orch_slot_e       state;
    orch_timer_t      wake;
    orch_tx_kind_e    kind;
    uint64_t          nonce;
    orch_winner_t    *winners;
    size_t            nwinners;
    orch_tx_t         txs[ORCH_REDEEM_SIBLINGS];    /* as the store has them;
                                              id 0: not ours, not stored */
    unsigned          ntxs;
    unsigned          mined;               /* which of them */
    lp_rpc_receipt_t  receipt;             /* of it */
    lp_u256_t         payout;              /* of all winners */
    uint64_t          sent_ms;             /* 0: not by this process */
    uint64_t          displaced;           /* block since when another has
                                              the nonce; 0: not */
    uint8_t           recorded;            /* as sent */
    uint8_t           is_mined;            /* receipt is there */
    orch_asks_t       asks;
    orch_ask_t        ask_block, ask_tip;
    orch_sign_t       sign;
    lp_buf_t          data;                /* of a transaction, while signed */
    orch_tx_t         fresh;               /* a sibling in the making */
    int64_t          *ids;                 /* of its winners */
    orch_op_t         op;
    orch_record_t     record;
};

typedef enum {
    build_idle,
    build_reveal,
    build_check,
    build_find,
    build_funds,
    build_fees,
    build_sign,
    build_store,
    build_record                           /* winners that can never be paid */
} orch_build_e;

typedef struct {
    orch_build_e      state;
    orch_timer_t      wake;
    orch_tx_kind_e    kind;
    uint64_t          nonce;               /* of tx_gap */
    orch_winner_t    *winners;
    size_t            nwinners;
    uint64_t          gas[ORCH_REDEEM_MOST];              /* estimated */
    lp_u256_t         payouts[ORCH_REDEEM_MOST];
    lp_hash_t         hashes[ORCH_REDEEM_MOST];           /* commitments */
    int64_t           ids[ORCH_REDEEM_MOST];
    orch_asks_t       asks;
    uint64_t          find_to;             /* block */
    lp_buf_t          data;
    lp_address_t      to;
    orch_sign_t       sign;
    lp_u256_t         payout;              /* of all */
    orch_tx_t         tx;
    orch_op_t         op;
    orch_record_t     record;
} orch_build_t;

/* a commitment that is not looked at again before its time */
typedef struct {
    lp_hash_t         hash;
    uint64_t          until_ms;
} orch_held_t;

struct orch_redeemer_s {
    orch_redeemer_conf_t   conf;
    orch_redeemer_sums_t   sums;
    orch_timer_t           wake;           /* heads, and time */
    orch_timer_t           asked;          /* of the nonces */
    uint64_t               head;           /* looked at last */
    uint64_t               looked_ms;
    orch_build_t           build;
    orch_slot_t            slots;          /* head of a ring, by nonce */
    size_t                 nslots;
    orch_record_t          record;         /* of the start */
    orch_held_t            held[ORCH_REDEEM_HELD];
    size_t                 nheld;
    orch_winner_t         *scan;           /* of won ones, oldest first */
    size_t                 nscan, scanned;
    uint64_t               scan_ms;

    orch_asks_t            nonces;         /* mined and pending, by node */
    uint8_t                nonces_known;
    uint64_t               mined_nonce, pending_nonce;
    uint64_t               gap_since_ms;   /* 0: no gap */

    uint64_t               round_due_ms;   /* initializeRound then; 0: not */
    uint64_t               reward_due_ms;  /* not before */
    uint64_t               reward_round;   /* whose reward was called */
    int64_t                day;            /* of sums.gas_wei */
};


/* redeemer */
void orch_redeemer_wake(orch_redeemer_t *r);
uint64_t orch_redeemer_now(const orch_redeemer_t *r);
/* what stands in the way of a transaction; NULL: nothing */
const char *orch_redeemer_stopped(const orch_redeemer_t *r);
const lp_address_t *orch_redeemer_broker(const orch_redeemer_t *r);
void orch_redeemer_window(const orch_redeemer_t *r, orch_window_t *w,
    const orch_winner_t *winner);
/* not before so long; why is kept for the page */
void orch_redeemer_hold(orch_redeemer_t *r, const lp_hash_t *rand_hash,
    uint64_t ms, const char *why);
int orch_redeemer_is_held(orch_redeemer_t *r, const lp_hash_t *rand_hash);
/* the journal's and the node's */
uint64_t orch_redeemer_nonce(orch_redeemer_t *r);
/* gas of a transaction, wei of its day; and whether so much more may be */
void orch_redeemer_spend(orch_redeemer_t *r, const lp_u256_t *wei);
int orch_redeemer_affords(orch_redeemer_t *r, const lp_u256_t *wei);

/* redeemer_call: a transaction's parts */

/* call data of a kind with these winners, and to whom */
lp_status_t orch_redeemer_put_call(const orch_redeemer_t *r, lp_buf_t *data,
    lp_address_t *to, orch_tx_kind_e kind, const orch_winner_t *winners,
    size_t n);
/* asked of the signer; data is kept until it has answered */
void orch_redeemer_sign(orch_redeemer_t *r, orch_sign_t *sign,
    const orch_tx_t *tx, const lp_address_t *to, const lp_buf_t *data,
    orch_timer_t *wake);
/* the signed bytes go into tx; else why not, for the log */
const char *orch_redeemer_signed(orch_tx_t *tx, const orch_sign_t *sign);
/* the newest block and the tip that nodes ask */
void orch_redeemer_ask_fees(orch_redeemer_t *r, orch_ask_t *block,
    orch_ask_t *tip, orch_timer_t *wake);
lp_status_t orch_redeemer_read_fees(const orch_redeemer_t *r, orch_gas_t *g,
    const orch_ask_t *block, const orch_ask_t *tip);
const char *orch_redeemer_kind(orch_tx_kind_e kind);
/* n questions, none started; LP_NOMEM */
lp_status_t orch_asks_begin(orch_redeemer_t *r, orch_asks_t *a, size_t n,
    orch_timer_t *wake);
int orch_asks_pending(const orch_asks_t *a);
void orch_asks_done(orch_asks_t *a);

/* redeemer_record */
lp_status_t orch_record_begin(orch_record_t *rec, size_t max);
void orch_record_winner(orch_record_t *rec, const orch_winner_t *w,
    orch_winner_e state, const char *reason);
void orch_record_tx(orch_record_t *rec, int64_t id, orch_tx_e state,
    uint64_t block);
void orch_record_start(orch_record_t *rec, orch_store_t *s,
    orch_timer_t *wake);
/* LP_AGAIN; LP_OK; LP_INTERNAL: not stored */
lp_status_t orch_record_status(const orch_record_t *rec);
void orch_record_done(orch_record_t *rec);

/* redeemer_build: winners become the build's, malloc'd. nonce: of tx_gap */
void orch_build_start(orch_redeemer_t *r, orch_tx_kind_e kind,
    orch_winner_t *winners, size_t n, uint64_t nonce);
void orch_build_init(orch_redeemer_t *r);
void orch_build_done(orch_redeemer_t *r);
int orch_build_redeems(const orch_build_t *b);
/* a winner leaves the build; held back for so long */
void orch_build_remove(orch_build_t *b, size_t i);
void orch_build_hold(orch_redeemer_t *r, size_t i, uint64_t ms,
    const char *why);
/* it comes to nothing now */
orch_build_e orch_build_give_up(orch_redeemer_t *r, const char *why);

/* redeemer_check: steps of a build */
void orch_check_start(orch_redeemer_t *r);
orch_build_e orch_check_look(orch_redeemer_t *r);
void orch_check_start_find(orch_redeemer_t *r);
orch_build_e orch_check_look_find(orch_redeemer_t *r);
void orch_check_start_record(orch_redeemer_t *r);
orch_build_e orch_check_look_record(orch_redeemer_t *r);

/* redeemer_slot; winners and tx's raw become the slot's. NULL: no memory,
   they stay the caller's */
orch_slot_t *orch_slot_create(orch_redeemer_t *r, orch_tx_kind_e kind,
    uint64_t nonce, orch_winner_t *winners, size_t n);
void orch_slot_add(orch_slot_t *s, const orch_tx_t *tx);
void orch_slot_begin(orch_slot_t *s, orch_slot_e state);
void orch_slot_look(orch_slot_t *s);
void orch_slot_destroy(orch_slot_t *s);

/* redeemer_receipt: asked for the receipts of n of its transactions. said_mined,
   said_both: *receipt is of the one that is *which of those */
void orch_receipts_ask(orch_slot_t *s, unsigned first, unsigned n);
orch_said_e orch_receipts_read(orch_slot_t *s, unsigned *which,
    lp_rpc_receipt_t *receipt);

/* redeemer_final: what the nodes say of a mined transaction. LP_OK: it is
   final, each winner's state, block and paid_wei are what comes of it;
   LP_AGAIN: asked; LP_MISSING: they do not agree, or too few answered */
void orch_final_ask(orch_slot_t *s);
lp_status_t orch_final_take(orch_slot_t *s);
/* what a winner was paid by logs, of this transaction if it is given;
   LP_MISSING: not there. *log may be NULL */
lp_status_t orch_final_find(lp_u256_t *paid, const lp_rpc_log_t **log,
    const orch_winner_t *w, const lp_rpc_logs_t *logs, const lp_hash_t *tx);

/* redeemer_round */
void orch_round_look(orch_redeemer_t *r);
void orch_round_over(orch_redeemer_t *r, orch_tx_kind_e kind, int done);


#endif /* ORCH_REDEEMER_STATE_H */
