/*
 * What orchestrators and delegators share: the pool of orchestrators, what
 * one LPT earned with each, and stake put behind one of them.
 * Source: contracts.md 2.4, 6.4.
 */
#ifndef CTL_STAKE_H
#define CTL_STAKE_H


#include "common/ctl/chain.h"


#define CTL_STAKE_POOL_MAX  1000
#define CTL_STAKE_ROUNDS    30                     /* looked back at most */


typedef struct {
    lp_address_t     address;
    lp_transcoder_t  t;
    lp_u256_t        stake;
    lp_u256_t        self;                         /* its own part */
    lp_u256_t        slashable;
    int              has_slashable;
    int              active;
    int              rewarded;                     /* in this round */
} ctl_stake_orch_t;

/* what one LPT would have earned since so many rounds */
typedef struct {
    lp_u256_t        fees;                         /* wei */
    lp_u256_t        reward_ppm;
    uint64_t         missed;                       /* reward calls */
    int              known;
} ctl_stake_income_t;


/* the pool in its order, most stake first; pool has CTL_STAKE_POOL_MAX */
ctl_exit_e ctl_stake_pool(ctl_t *c, lp_address_t *pool, size_t *n);

ctl_exit_e ctl_stake_orch(ctl_t *c, ctl_stake_orch_t *o,
    const lp_address_t *a, const ctl_round_t *r);

/*
 * Income over the last back[i] rounds, rising, at most CTL_STAKE_ROUNDS.
 * known is 0 where the chain no longer says what a pool was worth.
 */
ctl_exit_e ctl_stake_income(ctl_t *c, ctl_stake_income_t *income,
    const uint64_t *back, size_t n, const ctl_stake_orch_t *o,
    const ctl_round_t *r);

/*
 * Approve when the allowance is short, then bond amount to an orchestrator.
 * Everything that can be known is checked before the first of the two.
 */
ctl_exit_e ctl_stake_bond(ctl_t *c, const lp_u256_t *amount,
    const lp_address_t *to);

/* "act now?": says so when reward() of this round is still to come */
ctl_exit_e ctl_stake_advice(ctl_t *c, const lp_address_t *delegate);


#endif /* CTL_STAKE_H */
