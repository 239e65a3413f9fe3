/* The pool, the income of a stake, and bonding. */

#include <string.h>

#include "common/ctl/stake.h"
#include "common/ctl/tx.h"
#include "common/util/money.h"


/* cumulative factors before the first reward and the first fee */
static const lp_u256_t  ctl_stake_one = { { 0x9fd0803ce8000000u, 0x33b2e3c,
                                            0, 0 } };              /* 1e27 */


ctl_exit_e
ctl_stake_pool(ctl_t *c, lp_address_t *pool, size_t *n)
{
    ctl_exit_e    rc;
    lp_address_t  next;

    *n = 0;

    rc = ctl_chain_address(c, LP_CONTRACT_BONDING,
                           "getFirstTranscoderInPool()", NULL, &next);

    while (rc == CTL_DONE && !lp_address_is_zero(&next)) {
        if (*n == CTL_STAKE_POOL_MAX) {
            return ctl_fail(c, CTL_REFUSED, "the pool of orchestrators has no "
                            "end: ask another node with --rpc");
        }

        pool[(*n)++] = next;
        rc = ctl_chain_address(c, LP_CONTRACT_BONDING,
                               "getNextTranscoderInPool(address)",
                               &pool[*n - 1], &next);
    }

    return rc;
}


/* an extension: a network without it says nothing (contracts.md 4.1) */

static ctl_exit_e
ctl_stake_slashable(ctl_t *c, ctl_stake_orch_t *o)
{
    ctl_exit_e  rc;

    lp_contracts_put_of(&c->data, "slashableStake(address)", &o->address,
                        NULL);
    rc = ctl_chain_try(c, LP_CONTRACT_BONDING, &o->has_slashable);

    if (o->has_slashable) {
        o->has_slashable = lp_contracts_get_u256(&o->slashable,
                                                 c->result.data,
                                                 c->result.len) == LP_OK;
    }

    return rc;
}


ctl_exit_e
ctl_stake_orch(ctl_t *c, ctl_stake_orch_t *o, const lp_address_t *a,
    const ctl_round_t *r)
{
    ctl_exit_e      rc;
    lp_delegator_t  d;

    memset(o, 0, sizeof(ctl_stake_orch_t));
    o->address = *a;

    rc = ctl_chain_transcoder(c, a, &o->t);
    if (rc == CTL_DONE) {
        rc = ctl_chain_u256(c, LP_CONTRACT_BONDING,
                            "transcoderTotalStake(address)", a, &o->stake);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_bool(c, LP_CONTRACT_BONDING,
                            "isActiveTranscoder(address)", a, &o->active);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_delegator(c, a, &d);
    }

    if (rc == CTL_DONE && lp_address_equal(&d.delegate, a)) {
        rc = ctl_chain_pending(c, "pendingStake(address,uint256)", a,
                               &o->self);
    }

    o->rewarded = o->t.last_reward_round == r->current;

    return rc == CTL_DONE ? ctl_stake_slashable(c, o) : rc;
}


/* --- income: the cumulative factors of the rounds, newest first */

static ctl_exit_e
ctl_stake_earnings(ctl_t *c, lp_earnings_t *e, const lp_address_t *a,
    uint64_t round)
{
    static const char  signature[] =
        "getTranscoderEarningsPoolForRound(address,uint256)";
    lp_u256_t          v;
    ctl_exit_e         rc;

    lp_u256_set(&v, round);
    lp_contracts_put_of_u256(&c->data, signature, a, &v);
    rc = ctl_chain_call(c, LP_CONTRACT_BONDING);

    return rc == CTL_DONE
           && lp_contracts_get_earnings(e, c->result.data, c->result.len)
              != LP_OK
               ? ctl_chain_strange(c, LP_CONTRACT_BONDING, signature) : rc;
}


/* the fallbacks of contracts.md 2.4.7 for the newest round */

static ctl_exit_e
ctl_stake_newest(ctl_t *c, lp_earnings_t *e, const ctl_stake_orch_t *o,
    uint64_t current)
{
    ctl_exit_e     rc;
    lp_earnings_t  old;

    rc = ctl_stake_earnings(c, e, &o->address, current);

    if (rc == CTL_DONE && lp_u256_is_zero(&e->cumulative_reward_factor)
        && o->t.last_reward_round < current)
    {
        rc = ctl_stake_earnings(c, &old, &o->address, o->t.last_reward_round);
        e->cumulative_reward_factor = old.cumulative_reward_factor;
    }

    if (rc == CTL_DONE && lp_u256_is_zero(&e->cumulative_fee_factor)
        && o->t.last_fee_round < current)
    {
        rc = ctl_stake_earnings(c, &old, &o->address, o->t.last_fee_round);
        e->cumulative_fee_factor = old.cumulative_fee_factor;
    }

    if (lp_u256_is_zero(&e->cumulative_reward_factor)) {
        e->cumulative_reward_factor = ctl_stake_one;
    }

    return rc;
}


/* fees = (CFF_b - CFF_a) * 1e18 / CRF_a; reward = CRF_b / CRF_a - 1 */

static void
ctl_stake_between(ctl_stake_income_t *i, const lp_earnings_t *a,
    const lp_earnings_t *b)
{
    lp_u256_t  lpt, million, fees, grown;

    lp_u256_set(&lpt, 1000000000000000000u);
    lp_u256_set(&million, 1000000);

    i->known = lp_u256_sub(&fees, &b->cumulative_fee_factor,
                           &a->cumulative_fee_factor) == LP_OK
               && lp_u256_sub(&grown, &b->cumulative_reward_factor,
                              &a->cumulative_reward_factor) == LP_OK
               && lp_u256_mul_div(&i->fees, &fees, &lpt,
                                  &a->cumulative_reward_factor, 0) == LP_OK
               && lp_u256_mul_div(&i->reward_ppm, &grown, &million,
                                  &a->cumulative_reward_factor, 0) == LP_OK;
}


/*
 * A round whose pool has no factor, or that of the round before, had no
 * reward call. Where factors are missing the next older ones count: walked
 * down to, at most as far again as was asked for.
 */

typedef struct {
    lp_earnings_t  at[2 * CTL_STAKE_ROUNDS + 1];   /* 0: this round */
    size_t         n;
} ctl_stake_series_t;


static int
ctl_stake_has_both(const lp_earnings_t *e)
{
    return !lp_u256_is_zero(&e->cumulative_reward_factor)
           && !lp_u256_is_zero(&e->cumulative_fee_factor);
}


static ctl_exit_e
ctl_stake_series(ctl_t *c, ctl_stake_series_t *s, const ctl_stake_orch_t *o,
    uint64_t current, uint64_t back)
{
    ctl_exit_e  rc;

    rc = ctl_stake_newest(c, &s->at[0], o, current);

    for (s->n = 1; rc == CTL_DONE && s->n <= current; s->n++) {
        if (s->n > 2 * CTL_STAKE_ROUNDS
            || (s->n > back && ctl_stake_has_both(&s->at[s->n - 1])))
        {
            break;
        }

        rc = ctl_stake_earnings(c, &s->at[s->n], &o->address,
                                current - s->n);
    }

    return rc;
}


/* older values where a round has none; before all of them, the defaults */

static int
ctl_stake_fill(lp_earnings_t *e, const ctl_stake_series_t *s, size_t at,
    const ctl_stake_orch_t *o, uint64_t current)
{
    size_t  i;
    int     whole;

    memset(e, 0, sizeof(lp_earnings_t));

    for (i = at; i < s->n; i++) {
        if (lp_u256_is_zero(&e->cumulative_reward_factor)) {
            e->cumulative_reward_factor = s->at[i].cumulative_reward_factor;
        }

        if (lp_u256_is_zero(&e->cumulative_fee_factor)) {
            e->cumulative_fee_factor = s->at[i].cumulative_fee_factor;
        }
    }

    /* the walk reached the time before it was active, or round 0 */

    whole = s->n > current || current - (s->n - 1) < o->t.activation_round;

    if (lp_u256_is_zero(&e->cumulative_reward_factor)) {
        e->cumulative_reward_factor = ctl_stake_one;
        return whole;
    }

    return whole || !lp_u256_is_zero(&e->cumulative_fee_factor);
}


static uint64_t
ctl_stake_missed(const ctl_stake_series_t *s, uint64_t back,
    const ctl_stake_orch_t *o, uint64_t current)
{
    uint64_t       missed = 0, i;
    lp_earnings_t  before;

    for (i = 1; i <= back && i < s->n; i++) {
        if (current - i < o->t.activation_round
            || current - i >= o->t.deactivation_round)
        {
            continue;
        }

        ctl_stake_fill(&before, s, i + 1, o, current);

        missed += lp_u256_is_zero(&s->at[i].cumulative_reward_factor)
                  || lp_u256_cmp(&s->at[i].cumulative_reward_factor,
                                 &before.cumulative_reward_factor) == 0;
    }

    return missed;
}


ctl_exit_e
ctl_stake_income(ctl_t *c, ctl_stake_income_t *income, const uint64_t *back,
    size_t n, const ctl_stake_orch_t *o, const ctl_round_t *r)
{
    size_t              i, at;
    ctl_exit_e          rc;
    lp_earnings_t       then;
    ctl_stake_series_t  s;

    memset(&s, 0, sizeof(ctl_stake_series_t));

    rc = ctl_stake_series(c, &s, o, r->current, back[n - 1]);

    for (i = 0; rc == CTL_DONE && i < n; i++) {
        memset(&income[i], 0, sizeof(ctl_stake_income_t));
        at = back[i] < r->current ? back[i] : r->current;

        if (ctl_stake_fill(&then, &s, at, o, r->current)) {
            ctl_stake_between(&income[i], &then, &s.at[0]);
        }

        income[i].missed = ctl_stake_missed(&s, back[i], o, r->current);
    }

    return rc;
}


/* --- stake put behind an orchestrator */

static ctl_exit_e
ctl_stake_funds(ctl_t *c, const lp_u256_t *amount)
{
    int         faucet;
    char        who[LP_ADDRESS_TEXT_LEN + 1], has[LP_MONEY_ETH_LEN];
    char        need[LP_MONEY_ETH_LEN], less[LP_MONEY_ETH_LEN];
    lp_u256_t   balance, missing;
    ctl_exit_e  rc;

    rc = ctl_chain_lpt(c, &c->me, &balance);
    if (rc != CTL_DONE || lp_u256_cmp(&balance, amount) >= 0) {
        return rc;
    }

    rc = ctl_chain_has(c, LP_CONTRACT_FAUCET, &faucet);
    if (rc != CTL_DONE) {
        return rc;
    }

    lp_u256_sub(&missing, amount, &balance);
    lp_address_text(who, &c->me);
    lp_money_format_eth(less, &missing);

    return ctl_fail(c, CTL_FUNDS, "%s has %s LPT and %s LPT are needed: %s LPT "
                    "are missing; from an account that has them: \"" CTL_NAME
                    " account send --to %s --amount %sLPT\"%s; nothing was "
                    "sent", who, lp_money_format_eth(has, &balance),
                    lp_money_format_eth(need, amount), less, who, less,
                    faucet ? ", or on this test network: \"" CTL_NAME
                    " account faucet\"" : "");
}


static ctl_exit_e
ctl_stake_initialized(ctl_t *c)
{
    int         yes;
    ctl_exit_e  rc;

    rc = ctl_chain_bool(c, LP_CONTRACT_ROUNDS, "currentRoundInitialized()",
                        NULL, &yes);

    return rc == CTL_DONE && !yes
               ? ctl_fail(c, CTL_REFUSED, "the round is not initialized: "
                          "begin it with \"" CTL_NAME " round init\"; nothing "
                          "was sent")
               : rc;
}


/* stake goes to orchestrators, and an orchestrator's own only to itself */

static ctl_exit_e
ctl_stake_target(ctl_t *c, const lp_address_t *to)
{
    int         one;
    ctl_exit_e  rc;

    if (lp_address_equal(to, &c->me)) {
        return CTL_DONE;
    }

    rc = ctl_chain_bool(c, LP_CONTRACT_BONDING,
                        "isRegisteredTranscoder(address)", &c->me, &one);

    if (rc == CTL_DONE && one) {
        return ctl_fail(c, CTL_REFUSED, "this account is an orchestrator, its "
                        "stake cannot go to another one: first \"" CTL_NAME
                        " orchestrator resign\"; nothing was sent");
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_bool(c, LP_CONTRACT_BONDING,
                            "isRegisteredTranscoder(address)", to, &one);
    }

    return rc == CTL_DONE && !one
               ? ctl_fail(c, CTL_REFUSED, "--to is no orchestrator, stake "
                          "would earn nothing there: \"" CTL_NAME " delegator "
                          "orchestrators\" lists them; nothing was sent")
               : rc;
}


static ctl_exit_e
ctl_stake_approve(ctl_t *c, const lp_u256_t *amount, int *sent)
{
    ctl_tx_t      tx;
    lp_u256_t     allowed;
    ctl_exit_e    rc;
    lp_address_t  bonding;

    *sent = 0;

    rc = ctl_chain_at(c, LP_CONTRACT_BONDING, &bonding);
    if (rc != CTL_DONE) {
        return rc;
    }

    lp_contracts_put_of(&c->data, "allowance(address,address)", &c->me,
                        &bonding);
    rc = ctl_chain_call(c, LP_CONTRACT_TOKEN);

    if (rc == CTL_DONE
        && lp_contracts_get_u256(&allowed, c->result.data, c->result.len)
           != LP_OK)
    {
        rc = ctl_chain_strange(c, LP_CONTRACT_TOKEN,
                               "allowance(address,address)");
    }

    if (rc != CTL_DONE || lp_u256_cmp(&allowed, amount) >= 0) {
        return rc;
    }

    /* exactly this much: no allowance is left behind */

    *sent = 1;
    ctl_tx_init(&tx, "approve", LP_CONTRACT_TOKEN,
                "approve(address,uint256)");
    lp_contracts_put_of_u256(&c->data, tx.call, &bonding, amount);

    return ctl_tx_run(c, &tx);
}


ctl_exit_e
ctl_stake_bond(ctl_t *c, const lp_u256_t *amount, const lp_address_t *to)
{
    int         approved = 0;
    ctl_tx_t    tx;
    ctl_exit_e  rc;

    rc = ctl_tx_ready(c);
    if (rc == CTL_DONE) {
        rc = ctl_stake_initialized(c);
    }

    if (rc == CTL_DONE) {
        rc = ctl_stake_target(c, to);
    }

    if (rc == CTL_DONE) {
        rc = ctl_stake_funds(c, amount);
    }

    if (rc == CTL_DONE) {
        rc = ctl_stake_approve(c, amount, &approved);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_tx_init(&tx, "bond", LP_CONTRACT_BONDING, "bond(uint256,address)");
    tx.after = (uint8_t) approved;
    lp_contracts_put_u256_of(&c->data, tx.call, amount, to);

    return ctl_tx_run(c, &tx);
}


ctl_exit_e
ctl_stake_advice(ctl_t *c, const lp_address_t *delegate)
{
    int              active = 0;
    uint64_t         round;
    ctl_exit_e       rc;
    lp_transcoder_t  t;

    if (lp_address_is_zero(delegate)) {
        return CTL_DONE;
    }

    rc = ctl_chain_transcoder(c, delegate, &t);
    if (rc == CTL_DONE) {
        rc = ctl_chain_u64(c, LP_CONTRACT_ROUNDS, "currentRound()", NULL,
                           &round);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_bool(c, LP_CONTRACT_BONDING,
                            "isActiveTranscoder(address)", delegate, &active);
    }

    if (rc == CTL_DONE && active && t.last_reward_round < round) {
        ctl_out_text(&c->out, "advice", "the orchestrator has not called "
                     "reward() in round %llu yet: who acts before it leaves "
                     "this round's reward behind; wait for it",
                     (unsigned long long) round);
    }

    return rc;
}
