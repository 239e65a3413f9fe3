/* A delegator: where stake earns what, and stake on its way there and back. */

#include <string.h>

#include "common/ctl/chain.h"
#include "common/ctl/cmd.h"
#include "common/ctl/key.h"
#include "common/ctl/opts.h"
#include "common/ctl/stake.h"
#include "common/ctl/tx.h"


#define CTL_DELEGATOR_LOCKS_MAX  1000


/* --- the market */

static void
ctl_delegator_put_income(ctl_t *c, const ctl_stake_income_t *i,
    const char *key)
{
    if (i->known) {
        ctl_out_eth(&c->out, key, &i->fees);
    } else {
        ctl_out_nothing(&c->out, key);
    }
}


static ctl_exit_e
ctl_delegator_put_orch(ctl_t *c, const lp_address_t *a, const ctl_round_t *r,
    uint64_t rounds)
{
    size_t              n;
    ctl_exit_e          rc;
    ctl_stake_orch_t    o;
    ctl_stake_income_t  income[3];
    const uint64_t      back[3] = { 1, 7, 30 };

    rc = ctl_stake_orch(c, &o, a, r);

    for (n = 3; n > 1 && back[n - 1] > rounds; n--) { /* void */ }

    if (rc == CTL_DONE) {
        memset(income, 0, sizeof(income));
        rc = ctl_stake_income(c, income, back, n, &o, r);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_out_item(&c->out);
    ctl_out_address(&c->out, "address", a);
    ctl_out_lpt(&c->out, "stake", &o.stake);
    ctl_out_lpt(&c->out, "own_stake", &o.self);

    if (o.has_slashable) {
        ctl_out_lpt(&c->out, "slashable", &o.slashable);
    } else {
        ctl_out_nothing(&c->out, "slashable");
    }

    ctl_out_percent(&c->out, "reward_cut", &o.t.reward_cut);
    ctl_out_percent(&c->out, "fee_share", &o.t.fee_share);
    ctl_delegator_put_income(c, &income[0], "fees_per_lpt_1");
    ctl_delegator_put_income(c, &income[1], "fees_per_lpt_7");
    ctl_delegator_put_income(c, &income[2], "fees_per_lpt_30");

    if (income[n - 1].known) {
        ctl_out_percent(&c->out, "reward", &income[n - 1].reward_ppm);
    } else {
        ctl_out_nothing(&c->out, "reward");
    }

    ctl_out_number(&c->out, "calls_missed", income[n - 1].missed);
    ctl_out_truth(&c->out, "rewarded", o.rewarded);
    ctl_out_truth(&c->out, "active", o.active);

    return CTL_DONE;
}


ctl_exit_e
ctl_delegator_orchestrators(ctl_t *c)
{
    size_t        i, n;
    uint64_t      rounds = CTL_STAKE_ROUNDS;
    ctl_exit_e    rc;
    ctl_round_t   r;
    lp_address_t  pool[CTL_STAKE_POOL_MAX];

    rc = ctl_opts_number(c, "rounds", &rounds);
    if (rc == CTL_DONE && rounds != 1 && rounds != 7 && rounds != 30) {
        rc = ctl_fail(c, CTL_USAGE, "--rounds %llu: give 1, 7 or 30",
                      (unsigned long long) rounds);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_round(c, &r);
    }

    if (rc == CTL_DONE) {
        rc = ctl_stake_pool(c, pool, &n);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_out_number(&c->out, "round", r.current);
    ctl_out_list(&c->out, "orchestrators");

    for (i = 0; rc == CTL_DONE && i < n; i++) {
        rc = ctl_delegator_put_orch(c, &pool[i], &r, rounds);
    }

    ctl_out_end(&c->out);

    return rc;
}


/* --- stake moved */

ctl_exit_e
ctl_delegator_bond(ctl_t *c)
{
    lp_u256_t       amount;
    ctl_exit_e      rc;
    lp_address_t    to;
    lp_delegator_t  d;

    lp_u256_set(&amount, 0);           /* alone: all stake moves over */

    rc = ctl_opts_lpt(c, "amount", &amount);
    if (rc == CTL_DONE) {
        rc = ctl_opts_address(c, "to", &to);
    }

    if (rc == CTL_DONE) {
        rc = ctl_tx_ready(c);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_delegator(c, &c->me, &d);
    }

    if (rc == CTL_DONE) {
        rc = ctl_stake_advice(c, &d.delegate);
    }

    return rc == CTL_DONE ? ctl_stake_bond(c, &amount, &to) : rc;
}


/* a call that settles what was earned first: advice before it */

static ctl_exit_e
ctl_delegator_begin(ctl_t *c, lp_delegator_t *d)
{
    ctl_exit_e  rc;

    rc = ctl_tx_ready(c);
    if (rc == CTL_DONE) {
        rc = ctl_chain_delegator(c, &c->me, d);
    }

    return rc == CTL_DONE ? ctl_stake_advice(c, &d->delegate) : rc;
}


ctl_exit_e
ctl_delegator_unbond(ctl_t *c)
{
    ctl_tx_t        tx;
    lp_u256_t       amount;
    ctl_exit_e      rc;
    lp_delegator_t  d;

    rc = ctl_opts_lpt(c, "amount", &amount);
    if (rc == CTL_DONE) {
        rc = ctl_delegator_begin(c, &d);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_tx_init(&tx, "unbond", LP_CONTRACT_BONDING, "unbond(uint256)");
    lp_contracts_put_u256(&c->data, tx.call, &amount);

    rc = ctl_tx_run(c, &tx);
    if (rc == CTL_DONE) {
        ctl_out_number(&c->out, "lock", d.next_lock);
    }

    return rc;
}


/* with --to: of an account that has nothing bonded any more */

ctl_exit_e
ctl_delegator_rebond(ctl_t *c)
{
    uint64_t        id;
    ctl_tx_t        tx;
    lp_u256_t       lock;
    ctl_exit_e      rc;
    lp_address_t    to;
    lp_delegator_t  d;

    rc = ctl_opts_number(c, "lock", &id);
    if (rc == CTL_DONE) {
        rc = ctl_opts_address(c, "to", &to);
    }

    if (rc == CTL_DONE) {
        rc = ctl_delegator_begin(c, &d);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    lp_u256_set(&lock, id);

    if (ctl_opts_text(c, "to")) {
        ctl_tx_init(&tx, "rebond", LP_CONTRACT_BONDING,
                    "rebondFromUnbonded(address,uint256)");
        lp_contracts_put_of_u256(&c->data, tx.call, &to, &lock);

    } else {
        ctl_tx_init(&tx, "rebond", LP_CONTRACT_BONDING, "rebond(uint256)");
        lp_contracts_put_u256(&c->data, tx.call, &lock);
    }

    return ctl_tx_run(c, &tx);
}


ctl_exit_e
ctl_delegator_withdraw_stake(ctl_t *c)
{
    uint64_t    id;
    ctl_tx_t    tx;
    lp_u256_t   lock;
    ctl_exit_e  rc;

    rc = ctl_opts_number(c, "lock", &id);
    if (rc != CTL_DONE) {
        return rc;
    }

    lp_u256_set(&lock, id);
    ctl_tx_init(&tx, "withdraw the stake", LP_CONTRACT_BONDING,
                "withdrawStake(uint256)");
    lp_contracts_put_u256(&c->data, tx.call, &lock);

    return ctl_tx_run(c, &tx);
}


ctl_exit_e
ctl_delegator_withdraw_fees(ctl_t *c)
{
    ctl_tx_t        tx;
    lp_u256_t       amount;
    ctl_exit_e      rc;
    lp_address_t    to;
    lp_delegator_t  d;

    rc = ctl_delegator_begin(c, &d);
    if (rc == CTL_DONE) {
        rc = ctl_chain_pending(c, "pendingFees(address,uint256)", &c->me,
                               &amount);
    }

    if (rc == CTL_DONE) {
        rc = ctl_opts_eth(c, "amount", &amount);
    }

    to = c->me;
    if (rc == CTL_DONE) {
        rc = ctl_opts_address(c, "to", &to);
    }

    if (rc == CTL_DONE && lp_u256_is_zero(&amount)) {
        rc = ctl_fail(c, CTL_REFUSED, "there are no fees to withdraw yet; "
                      "nothing was sent");
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_tx_init(&tx, "withdraw the fees", LP_CONTRACT_BONDING,
                "withdrawFees(address,uint256)");
    lp_contracts_put_of_u256(&c->data, tx.call, &to, &amount);

    rc = ctl_tx_run(c, &tx);
    if (rc == CTL_DONE) {
        ctl_out_eth(&c->out, "fees", &amount);
    }

    return rc;
}


ctl_exit_e
ctl_delegator_claim(ctl_t *c)
{
    ctl_tx_t        tx;
    lp_u256_t       unused;
    ctl_exit_e      rc;
    lp_delegator_t  d;

    rc = ctl_delegator_begin(c, &d);
    if (rc != CTL_DONE) {
        return rc;
    }

    lp_u256_set(&unused, 0);           /* always through the current round */
    ctl_tx_init(&tx, "claim", LP_CONTRACT_BONDING, "claimEarnings(uint256)");
    lp_contracts_put_u256(&c->data, tx.call, &unused);

    return ctl_tx_run(c, &tx);
}


/* --- status */

/* newest first: an account that has moved often has many that are gone */

static ctl_exit_e
ctl_delegator_put_locks(ctl_t *c, const lp_address_t *who, uint64_t next,
    uint64_t round)
{
    uint64_t    i, id;
    ctl_exit_e  rc = CTL_DONE;
    lp_lock_t   lock;
    lp_u256_t   v;

    ctl_out_list(&c->out, "locks");

    for (i = 0; rc == CTL_DONE && i < next && i < CTL_DELEGATOR_LOCKS_MAX;
         i++)
    {
        id = next - 1 - i;
        lp_u256_set(&v, id);
        lp_contracts_put_of_u256(&c->data,
                                 "getDelegatorUnbondingLock(address,uint256)",
                                 who, &v);
        rc = ctl_chain_call(c, LP_CONTRACT_BONDING);

        if (rc == CTL_DONE
            && lp_contracts_get_lock(&lock, c->result.data, c->result.len)
               != LP_OK)
        {
            rc = ctl_chain_strange(c, LP_CONTRACT_BONDING,
                                   "getDelegatorUnbondingLock");
        }

        if (rc == CTL_DONE && lock.withdraw_round) {
            ctl_out_item(&c->out);
            ctl_out_number(&c->out, "lock", id);
            ctl_out_lpt(&c->out, "amount", &lock.amount);
            ctl_out_number(&c->out, "withdraw_round", lock.withdraw_round);
            ctl_out_truth(&c->out, "open", lock.withdraw_round <= round);
        }
    }

    ctl_out_end(&c->out);

    return rc;
}


ctl_exit_e
ctl_delegator_status(ctl_t *c)
{
    lp_u256_t       stake, fees, lpt;
    ctl_exit_e      rc;
    ctl_round_t     r;
    lp_address_t    who;
    lp_delegator_t  d;

    rc = ctl_key_who(c, &who);
    if (rc == CTL_DONE) {
        rc = ctl_chain_round(c, &r);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_delegator(c, &who, &d);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_pending(c, "pendingStake(address,uint256)", &who,
                               &stake);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_pending(c, "pendingFees(address,uint256)", &who,
                               &fees);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_lpt(c, &who, &lpt);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_out_address(&c->out, "address", &who);
    ctl_out_text(&c->out, "state", "%s", lp_u256_is_zero(&d.bonded)
                 ? "unbonded" : d.start_round > r.current ? "pending"
                 : "bonded");

    if (lp_address_is_zero(&d.delegate)) {
        ctl_out_nothing(&c->out, "orchestrator");
    } else {
        ctl_out_address(&c->out, "orchestrator", &d.delegate);
    }

    ctl_out_lpt(&c->out, "stake", &stake);
    ctl_out_eth(&c->out, "fees", &fees);
    ctl_out_lpt(&c->out, "lpt", &lpt);
    ctl_out_number(&c->out, "start_round", d.start_round);
    ctl_out_number(&c->out, "last_claim_round", d.last_claim_round);
    ctl_out_number(&c->out, "round", r.current);

    rc = ctl_stake_advice(c, &d.delegate);

    return rc == CTL_DONE ? ctl_delegator_put_locks(c, &who, d.next_lock,
                                                    r.current) : rc;
}
