/*
 * The price of gas as the node has it, within what the operator allows.
 * Source: wire.md 10.4; threats.md T-80.
 */
#ifndef CTL_PRICE_H
#define CTL_PRICE_H


#include "common/ctl/ctl.h"
#include "common/eth/tx.h"


/* t's tip and fee; CTL_REFUSED: gas is above --max-gas-price now */
ctl_exit_e ctl_price_fees(ctl_t *c, lp_tx_t *t);

/* gas limit times fee; CTL_REFUSED: above --max-gas-cost */
ctl_exit_e ctl_price_bound(ctl_t *c, lp_u256_t *cost, const lp_tx_t *t);


#endif /* CTL_PRICE_H */
