/*
 * Questions to Ethereum nodes: several endpoints, tried in order, the first
 * that answers is kept. A node that is on another chain, whose head goes
 * back, or that is silent for 10 s is left for a while (T-40, T-81).
 */
#ifndef ORCH_CHAIN_H
#define ORCH_CHAIN_H


#include "common/eth/contracts.h"
#include "common/util/log.h"
#include "orchestrator/client.h"


#define ORCH_CHAIN_NODES  8


typedef struct orch_chain_s  orch_chain_t;

typedef struct {
    const char         *urls[ORCH_CHAIN_NODES];       /* in order */
    unsigned            nurls;
    uint64_t            chain_id;           /* 0: as the first node says */
    lp_address_t        controller;
    const lp_contracts_t *pinned;           /* found before, or NULL: another
                                               address now is refused */
    uint64_t            timeout_ms;         /* of one question, 10000 */
    orch_loop_t        *loop;
    orch_client_t      *client;
    const lp_log_t     *log;
} orch_chain_conf_t;

/*
 * One question. Zeroed; id taken from orch_chain_id(); request written with
 * lp_rpc_put_*(&ask->request, ask->id, ..). Afterwards reply is the JSON that
 * lp_rpc_get_*(.., ask->id, ask->reply.data, ask->reply.len) reads.
 */
typedef struct orch_ask_s  orch_ask_t;

struct orch_ask_s {
    uint64_t       id;
    lp_buf_t       request;
    orch_timer_t  *wake;
    int            only;                    /* -1: any; else this endpoint
                                               alone: for agreement (T-81) */
    lp_status_t    status;                  /* LP_AGAIN under way; LP_OK;
                                               LP_GONE: no node answered */
    int            node;                    /* who answered */
    lp_buf_t       reply;
    orch_chain_t  *chain;
    void          *impl;
};


orch_chain_t *orch_chain_create(const orch_chain_conf_t *conf);
void orch_chain_destroy(orch_chain_t **c);

/* a fresh question: buffers inited, id drawn */
void orch_chain_init(orch_chain_t *c, orch_ask_t *ask, orch_timer_t *wake);
void orch_chain_start(orch_ask_t *ask);

/* at any time, may be repeated; nothing is left of it */
void orch_chain_cancel(orch_ask_t *ask);

/* eth_call of a contract; data is written by lp_contracts_put_* and freed
   here; from may be NULL */
void orch_chain_put_call(orch_ask_t *ask, const lp_address_t *to,
    const lp_address_t *from, lp_buf_t *data);
/* of a function without arguments, started */
void orch_chain_call(orch_ask_t *ask, const lp_address_t *to,
    const char *signature);

/* what a call returned, a word of it; e may be NULL. LP_GONE: the node says
   no (a revert, in *e), or did not answer */
lp_status_t orch_chain_get_bytes(lp_buf_t *out, lp_rpc_error_t *e,
    const orch_ask_t *ask);
lp_status_t orch_chain_get_u256(lp_u256_t *v, const orch_ask_t *ask);
lp_status_t orch_chain_get_u64(uint64_t *v, const orch_ask_t *ask);
lp_status_t orch_chain_get_hash(lp_hash_t *h, const orch_ask_t *ask);

unsigned orch_chain_nodes(const orch_chain_t *c);

/* the node said something that cannot be: it is left for a while */
void orch_chain_blame(orch_chain_t *c, int node, const char *what);

/* reads with chain_id, controller and the contracts' addresses. Start: ask
   every node for its chain, resolve the Controller's names; wake at the end.
   LP_AGAIN; LP_OK; otherwise why is a sentence with the remedy */
void orch_chain_resolve(orch_chain_t *c, orch_timer_t *wake);
lp_status_t orch_chain_resolved(const orch_chain_t *c, const char **why);
const lp_contracts_t *orch_chain_contracts(const orch_chain_t *c);

/* SetContractInfo was seen: resolve again aside; a change is an alarm and
   stops transactions until the operator restarts (T-40) */
void orch_chain_suspect(orch_chain_t *c);
int orch_chain_trusted(const orch_chain_t *c);


#endif /* ORCH_CHAIN_H */
