/* What a unit of gas may cost, and all the gas of a transaction. */

#include <string.h>

#include "common/ctl/opts.h"
#include "common/ctl/price.h"
#include "common/ctl/rpc.h"
#include "common/util/money.h"


#define CTL_PRICE_COST_MAX  50000000000000000u     /* 0.05 ETH */


/* the tip that the node advises; older nodes only know a whole price */

static ctl_exit_e
ctl_price_tip(ctl_t *c, lp_u256_t *tip, const lp_u256_t *price,
    const lp_u256_t *base)
{
    lp_buf_t        request;
    ctl_exit_e      rc;
    lp_status_t     s;
    lp_rpc_error_t  e;

    lp_buf_init(&request, 1024);
    lp_rpc_put_plain(&request, ctl_rpc_next(c), "eth_maxPriorityFeePerGas");
    rc = ctl_rpc_ask(c, ctl_rpc_u256, tip, &s, &e, &request);
    lp_buf_done(&request);

    if (rc == CTL_DONE && s != LP_OK
        && lp_u256_sub(tip, price, base) != LP_OK)
    {
        lp_u256_set(tip, 0);
    }

    return rc;
}


ctl_exit_e
ctl_price_fees(ctl_t *c, lp_tx_t *t)
{
    lp_buf_t        request;
    lp_u256_t       price, max;
    ctl_exit_e      rc;
    lp_rpc_block_t  block;

    lp_buf_init(&request, 1024);
    lp_rpc_put_latest(&request, ctl_rpc_next(c));
    rc = ctl_rpc_get(c, ctl_rpc_block, &block, "eth_getBlockByNumber",
                     &request);

    if (rc == CTL_DONE) {
        lp_buf_reset(&request);
        lp_rpc_put_plain(&request, ctl_rpc_next(c), "eth_gasPrice");
        rc = ctl_rpc_get(c, ctl_rpc_u256, &price, "eth_gasPrice", &request);
    }

    lp_buf_done(&request);

    if (rc == CTL_DONE) {
        rc = ctl_price_tip(c, &t->max_priority_wei, &price, &block.base_fee);
    }

    memset(&max, 0xff, sizeof(max));
    if (rc == CTL_DONE) {
        rc = ctl_opts_eth(c, "max-gas-price", &max);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    if (lp_u256_cmp(&price, &max) > 0) {
        return ctl_fail(c, CTL_REFUSED, "gas costs more than --max-gas-price "
                        "%s: wait, or raise it; nothing was sent",
                        ctl_opts_text(c, "max-gas-price"));
    }

    if (lp_u256_add(&t->max_fee_wei, &block.base_fee, &block.base_fee)
            != LP_OK
        || lp_u256_add(&t->max_fee_wei, &t->max_fee_wei,
                       &t->max_priority_wei) != LP_OK)
    {
        return ctl_fail(c, CTL_REFUSED, "the node asks an absurd price for "
                        "gas: ask another one with --rpc");
    }

    if (lp_u256_cmp(&t->max_fee_wei, &max) > 0) {
        t->max_fee_wei = max;
    }

    if (lp_u256_cmp(&t->max_priority_wei, &t->max_fee_wei) > 0) {
        t->max_priority_wei = t->max_fee_wei;
    }

    return CTL_DONE;
}


/* a node may not talk us into a fortune */

ctl_exit_e
ctl_price_bound(ctl_t *c, lp_u256_t *cost, const lp_tx_t *t)
{
    char        text[LP_MONEY_ETH_LEN];
    lp_u256_t   gas, max;
    ctl_exit_e  rc;

    lp_u256_set(&gas, t->gas);
    lp_u256_set(&max, CTL_PRICE_COST_MAX);

    rc = ctl_opts_eth(c, "max-gas-cost", &max);
    if (rc != CTL_DONE) {
        return rc;
    }

    if (lp_u256_mul(cost, &gas, &t->max_fee_wei) != LP_OK) {
        memset(cost, 0xff, sizeof(lp_u256_t));
    }

    if (lp_u256_cmp(cost, &max) > 0) {
        return ctl_fail(c, CTL_REFUSED, "the gas would cost up to %s ETH: "
                        "raise --max-gas-cost if it is worth that; nothing "
                        "was sent", lp_money_format_eth(text, cost));
    }

    return CTL_DONE;
}
