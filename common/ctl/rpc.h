/*
 * The nodes of --rpc, in their order: the next one is asked when one does
 * not answer, or answers what no node would. Before a node is believed in
 * anything it must be on the chain that was meant (T-40).
 */
#ifndef CTL_RPC_H
#define CTL_RPC_H


#include "common/ctl/ctl.h"


/* what is made of the answer */
typedef enum {
    ctl_rpc_u64,                       /* uint64_t */
    ctl_rpc_u256,                      /* lp_u256_t */
    ctl_rpc_bytes,                     /* lp_buf_t */
    ctl_rpc_hash,                      /* lp_hash_t */
    ctl_rpc_block,                     /* lp_rpc_block_t */
    ctl_rpc_receipt                    /* lp_rpc_receipt_t */
} ctl_rpc_kind_e;


/* the number for the next request: lp_rpc_put_.. takes it */
uint64_t ctl_rpc_next(ctl_t *c);

/*
 * Ask; out gets the answer. *status: LP_OK, LP_MISSING (null), or LP_GONE
 * with *e: the node's own no. Anything else from all nodes is CTL_REFUSED,
 * a node on another chain CTL_USAGE.
 */
ctl_exit_e ctl_rpc_ask(ctl_t *c, ctl_rpc_kind_e kind, void *out,
    lp_status_t *status, lp_rpc_error_t *e, const lp_buf_t *request);

/* the same where null and no are failures: "the node refuses eth_..: why" */
ctl_exit_e ctl_rpc_get(ctl_t *c, ctl_rpc_kind_e kind, void *out,
    const char *what, const lp_buf_t *request);


#endif /* CTL_RPC_H */
