/* A broadcaster's deposit and reserve in the TicketBroker. */

#include "common/ctl/chain.h"
#include "common/ctl/cmd.h"
#include "common/ctl/key.h"
#include "common/ctl/opts.h"
#include "common/ctl/tx.h"
#include "common/util/money.h"


static ctl_exit_e
ctl_broadcaster_fund_both(ctl_t *c, const lp_u256_t *deposit,
    const lp_u256_t *reserve)
{
    ctl_tx_t  tx;

    ctl_tx_init(&tx, "fund", LP_CONTRACT_BROKER,
                "fundDepositAndReserve(uint256,uint256)");

    if (lp_u256_add(&tx.value, deposit, reserve) != LP_OK) {
        return ctl_fail(c, CTL_USAGE, "the amounts are beyond all ETH there "
                        "is");
    }

    lp_contracts_put_two(&c->data, tx.call, deposit, reserve);

    return ctl_tx_run(c, &tx);
}


/* an extension: a plain TicketBroker has no escrow (contracts.md 4.1, 4.8) */

static ctl_exit_e
ctl_broadcaster_has_escrow(ctl_t *c, const lp_address_t *who, int *has,
    lp_u256_t *escrow)
{
    ctl_exit_e  rc;

    lp_contracts_put_of(&c->data, "penaltyEscrow(address)", who, NULL);
    rc = ctl_chain_try(c, LP_CONTRACT_BROKER, has);

    if (*has) {
        *has = lp_contracts_get_u256(escrow, c->result.data, c->result.len)
               == LP_OK;
    }

    return rc;
}


static ctl_exit_e
ctl_broadcaster_fund_escrow(ctl_t *c, const lp_u256_t *amount)
{
    int         has;
    ctl_tx_t    tx;
    lp_u256_t   escrow;
    ctl_exit_e  rc;

    rc = ctl_broadcaster_has_escrow(c, &c->me, &has, &escrow);

    if (rc == CTL_DONE && !has) {
        rc = ctl_fail(c, CTL_REFUSED, "this network's TicketBroker has no "
                      "penalty escrow: leave out --penalty");
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_tx_init(&tx, "fund the escrow", LP_CONTRACT_BROKER,
                "fundPenaltyEscrow()");
    tx.value = *amount;
    lp_contracts_put_plain(&c->data, tx.call);

    return ctl_tx_run(c, &tx);
}


ctl_exit_e
ctl_broadcaster_fund(ctl_t *c)
{
    lp_u256_t   deposit, reserve, penalty;
    ctl_exit_e  rc;

    lp_u256_set(&deposit, 0);
    lp_u256_set(&reserve, 0);
    lp_u256_set(&penalty, 0);

    rc = ctl_opts_eth(c, "deposit", &deposit);
    if (rc == CTL_DONE) {
        rc = ctl_opts_eth(c, "reserve", &reserve);
    }

    if (rc == CTL_DONE) {
        rc = ctl_opts_eth(c, "penalty", &penalty);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    if (lp_u256_is_zero(&deposit) && lp_u256_is_zero(&reserve)
        && lp_u256_is_zero(&penalty))
    {
        return ctl_fail(c, CTL_USAGE, "how much? give --deposit AMOUNT, "
                        "--reserve AMOUNT or both");
    }

    rc = ctl_tx_ready(c);
    if (rc == CTL_DONE
        && !(lp_u256_is_zero(&deposit) && lp_u256_is_zero(&reserve)))
    {
        rc = ctl_broadcaster_fund_both(c, &deposit, &reserve);
    }

    return rc == CTL_DONE && !lp_u256_is_zero(&penalty)
               ? ctl_broadcaster_fund_escrow(c, &penalty) : rc;
}


ctl_exit_e
ctl_broadcaster_unlock(ctl_t *c)
{
    return ctl_tx_plain(c, "unlock", LP_CONTRACT_BROKER, "unlock()");
}


ctl_exit_e
ctl_broadcaster_cancel(ctl_t *c)
{
    return ctl_tx_plain(c, "cancel", LP_CONTRACT_BROKER, "cancelUnlock()");
}


ctl_exit_e
ctl_broadcaster_withdraw(ctl_t *c)
{
    return ctl_tx_plain(c, "withdraw", LP_CONTRACT_BROKER, "withdraw()");
}


static void
ctl_broadcaster_put_lock(ctl_t *c, const lp_sender_info_t *i,
    const ctl_round_t *r)
{
    uint64_t  left;

    if (i->withdraw_round == 0) {
        ctl_out_text(&c->out, "state", "locked");
        ctl_out_nothing(&c->out, "withdraw_round");
        ctl_out_nothing(&c->out, "rounds_left");
        return;
    }

    left = i->withdraw_round > r->current ? i->withdraw_round - r->current
                                          : 0;

    /* from then on no ticket of this sender is redeemed any more */

    ctl_out_text(&c->out, "state", left ? "unlocking" : "unlocked");
    ctl_out_number(&c->out, "withdraw_round", i->withdraw_round);
    ctl_out_number(&c->out, "rounds_left", left);
}


/* has against what should be there; missing: zero when it is */

static void
ctl_broadcaster_missing(lp_u256_t *missing, const lp_u256_t *wanted,
    const lp_u256_t *has)
{
    if (lp_u256_sub(missing, wanted, has) != LP_OK) {
        lp_u256_set(missing, 0);
    }
}


static ctl_exit_e
ctl_broadcaster_short(ctl_t *c, const lp_address_t *who,
    const lp_u256_t *deposit, const lp_u256_t *reserve)
{
    char  text[LP_ADDRESS_TEXT_LEN + 1];
    char  d[LP_MONEY_ETH_LEN], r[LP_MONEY_ETH_LEN];

    ctl_out_eth(&c->out, "missing_deposit", deposit);
    ctl_out_eth(&c->out, "missing_reserve", reserve);

    if (lp_u256_is_zero(deposit) && lp_u256_is_zero(reserve)) {
        return CTL_DONE;
    }

    lp_address_text(text, who);

    return ctl_fail(c, CTL_FUNDS, "%s ETH are missing in the deposit and %s "
                    "ETH in the reserve of %s: with its key \"" CTL_NAME
                    " broadcaster fund --deposit %sETH --reserve %sETH\"",
                    lp_money_format_eth(d, deposit),
                    lp_money_format_eth(r, reserve), text, d, r);
}


ctl_exit_e
ctl_broadcaster_status(ctl_t *c)
{
    int               has;
    lp_u256_t         eth, escrow, deposit, reserve;
    ctl_exit_e        rc;
    ctl_round_t       r;
    lp_address_t      who;
    lp_sender_info_t  i;

    lp_u256_set(&deposit, 0);
    lp_u256_set(&reserve, 0);

    rc = ctl_opts_eth(c, "deposit", &deposit);
    if (rc == CTL_DONE) {
        rc = ctl_opts_eth(c, "reserve", &reserve);
    }

    if (rc == CTL_DONE) {
        rc = ctl_key_who(c, &who);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_round(c, &r);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_sender(c, &who, &i);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_balance(c, &who, &eth);
    }

    if (rc == CTL_DONE) {
        rc = ctl_broadcaster_has_escrow(c, &who, &has, &escrow);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_out_address(&c->out, "address", &who);
    ctl_out_eth(&c->out, "eth", &eth);
    ctl_out_eth(&c->out, "deposit", &i.deposit);
    ctl_out_eth(&c->out, "reserve", &i.reserve);
    ctl_out_eth(&c->out, "reserve_claimed", &i.claimed);

    if (has) {
        ctl_out_eth(&c->out, "penalty_escrow", &escrow);
    } else {
        ctl_out_nothing(&c->out, "penalty_escrow");
    }

    ctl_broadcaster_put_lock(c, &i, &r);
    ctl_out_number(&c->out, "round", r.current);

    if (ctl_opts_text(c, "deposit") == NULL
        && ctl_opts_text(c, "reserve") == NULL)
    {
        return CTL_DONE;
    }

    ctl_broadcaster_missing(&deposit, &deposit, &i.deposit);
    ctl_broadcaster_missing(&reserve, &reserve, &i.reserve);

    return ctl_broadcaster_short(c, &who, &deposit, &reserve);
}
