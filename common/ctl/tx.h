/*
 * One transaction, from simulation to receipt. Nothing is signed before the
 * chain id was named by the operator, the call went through as eth_call, its
 * gas is known and the account can pay for it.
 * Source: wire.md 10.4; threats.md T-40.
 */
#ifndef CTL_TX_H
#define CTL_TX_H


#include "common/ctl/ctl.h"


/* value 0, to nobody; call: the function as its selector is made of it */
void ctl_tx_init(ctl_tx_t *tx, const char *step, lp_contract_e contract,
    const char *call);

/*
 * c->data is the call, and is reset. Sent and mined, or with --dry-run only
 * simulated. CTL_FUNDS names what is missing, CTL_REFUSED why.
 */
ctl_exit_e ctl_tx_run(ctl_t *c, const ctl_tx_t *tx);

/* ctl_tx_run of a call without arguments and without ETH */
ctl_exit_e ctl_tx_plain(ctl_t *c, const char *step, lp_contract_e contract,
    const char *call);

/* "transactions" of the answer: all that were sent, or would be */
void ctl_tx_put(ctl_t *c);

/* key and chain are there: asked before anything is read for a step */
ctl_exit_e ctl_tx_ready(ctl_t *c);


#endif /* CTL_TX_H */
