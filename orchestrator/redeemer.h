/*
 * Winning tickets to the chain, and the round's calls. Its queue is the
 * store: driven by blocks and a timer, never by traffic (T-78); one
 * transaction writer (T-79); every transaction is stored before it is sent,
 * and sent again as it is after a restart (T-76). With --role redeemer it is
 * a process of its own on the same store.
 */
#ifndef ORCH_REDEEMER_H
#define ORCH_REDEEMER_H


#include "orchestrator/signer.h"
#include "orchestrator/store.h"
#include "orchestrator/watcher.h"


typedef struct orch_redeemer_s  orch_redeemer_t;

typedef struct {
    const orch_conf_t  *conf;
    orch_loop_t        *loop;
    const lp_log_t     *log;
    orch_chain_t       *chain;
    orch_watcher_t     *watcher;
    orch_store_t       *store;
    orch_signer_t      *signer;
} orch_redeemer_conf_t;

typedef struct {
    uint64_t   sent, replaced, reorged, failed;       /* transactions */
    uint64_t   rounds, rewards;                       /* initialized, called */
    lp_u256_t  gas_wei;                               /* of the UTC day */
    uint64_t   waiting;                               /* winners that wait for
                                                         gas or funds */
    char       last_error[ORCH_STORE_REASON];
} orch_redeemer_sums_t;


orch_redeemer_t *orch_redeemer_create(const orch_redeemer_conf_t *conf);

/* no new transactions; what was stored stays for the next start */
void orch_redeemer_destroy(orch_redeemer_t **r);

/* the "redeemer" member of the status page: its value; Prometheus text */
void orch_redeemer_put_json(const orch_redeemer_t *r, lp_buf_t *out);
void orch_redeemer_put_metrics(const orch_redeemer_t *r, lp_buf_t *out);


#endif /* ORCH_REDEEMER_H */
