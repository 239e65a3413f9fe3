/*
 * What may be signed. Every number is judged here again, whatever the caller
 * has checked: behind the socket may be someone else (T-23, T-36, T-38).
 */
#ifndef LP_POLICY_H
#define LP_POLICY_H


#include "common/eth/contracts.h"
#include "common/signer/recipients.h"
#include "common/signer/signer.h"
#include "common/signer/table.h"


#define LP_POLICY_COMMITMENTS  (1 << 18)
#define LP_POLICY_STREAMS      (1 << 14)
#define LP_POLICY_RECIPIENTS   (1 << 14)
#define LP_POLICY_LIFE_S       3600      /* parameters live 100 L1 blocks at
                                            most (T-23): 20 minutes */
#define LP_POLICY_WINDOW_S     3600
#define LP_POLICY_CALLS_MAX    32


/* a function that may be called, as the first 4 bytes of its data */
typedef struct {
    lp_contract_e     contract;
    uint8_t           selector[4];
} lp_policy_call_t;

typedef struct {
    const lp_signer_conf_t  *conf;
    const lp_log_t          *log;
    lp_address_t             self;
    lp_sign_table_t          commitments, streams, payees;
    lp_recipients_t          recipients;
    lp_contracts_t           contracts;
    lp_policy_call_t         calls[LP_POLICY_CALLS_MAX];
    uint32_t                 ncalls;
} lp_policy_t;

/* a judged batch: what it costs, and where that is counted */
typedef struct {
    lp_money_t        ev;
    lp_sign_entry_t  *commitment, *stream, *payee;
    uint64_t          next_nonce;
    lp_money_t        stream_spent, payee_spent;
} lp_policy_claim_t;


/* conf and log are borrowed; salt: 32 random bytes; why: a sentence */
lp_status_t lp_policy_open(lp_policy_t *p, const lp_signer_conf_t *conf,
    const lp_address_t *self, const uint8_t salt[32], const lp_log_t *log,
    char *why, size_t why_len);
void lp_policy_close(lp_policy_t *p);

/* bit 1 << kind */
uint32_t lp_policy_kinds(const lp_policy_t *p);

/* [A-Za-z0-9_-]{1,64}, 1 to 12 names: below the 232 bytes of a ticket */
lp_sign_refusal_e lp_policy_judge_segment(const lp_sign_segment_t *s);

/* nothing is counted before lp_policy_take; the day is the journal's */
lp_sign_refusal_e lp_policy_judge_tickets(lp_policy_t *p,
    lp_policy_claim_t *c, const lp_sign_tickets_t *t, int64_t now_s);
void lp_policy_take(const lp_policy_claim_t *c);

/* gas_wei: the most that it can cost, for the journal */
lp_sign_refusal_e lp_policy_judge_tx(const lp_policy_t *p,
    lp_u256_t *gas_wei, const lp_tx_t *tx);


/* policy_tx: the list of calls, made once */
lp_status_t lp_policy_open_tx(lp_policy_t *p, char *why, size_t why_len);


#endif /* LP_POLICY_H */
