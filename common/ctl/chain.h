/*
 * The chain as a command sees it: contracts found through the Controller by
 * name, their views read. With --contracts the addresses must be those of
 * the file (T-40).
 */
#ifndef CTL_CHAIN_H
#define CTL_CHAIN_H


#include "common/ctl/ctl.h"


/* rounds as the contracts see them */
typedef struct {
    uint64_t   current, last;                      /* last initialised */
    uint64_t   block, start, length;               /* L1 blocks */
    uint64_t   lock_ppm;
    int        initialized, locked;
} ctl_round_t;


/* nodes, chain and Controller are known; also called by what follows */
ctl_exit_e ctl_chain_open(ctl_t *c);

/* where a contract is; a sentence when the Controller has no such name */
ctl_exit_e ctl_chain_at(ctl_t *c, lp_contract_e which, lp_address_t *at);

/* 0 when it is registered nowhere: optional ones */
ctl_exit_e ctl_chain_has(ctl_t *c, lp_contract_e which, int *has);

/*
 * Call with c->data, which is reset; the result is in c->result. A revert is
 * CTL_REFUSED with its reason in words.
 */
ctl_exit_e ctl_chain_call(ctl_t *c, lp_contract_e which);

/*
 * The same for what a network may lack (contracts.md 4.1): *has is 0 when
 * the contract is not there or does not know the function.
 */
ctl_exit_e ctl_chain_try(ctl_t *c, lp_contract_e which, int *has);

/* views of one word; of: an argument, or NULL */
ctl_exit_e ctl_chain_u256(ctl_t *c, lp_contract_e which,
    const char *signature, const lp_address_t *of, lp_u256_t *v);
ctl_exit_e ctl_chain_u64(ctl_t *c, lp_contract_e which,
    const char *signature, const lp_address_t *of, uint64_t *v);
ctl_exit_e ctl_chain_bool(ctl_t *c, lp_contract_e which,
    const char *signature, const lp_address_t *of, int *v);
ctl_exit_e ctl_chain_address(ctl_t *c, lp_contract_e which,
    const char *signature, const lp_address_t *of, lp_address_t *v);

/* a view whose second argument is ignored: pendingStake, pendingFees */
ctl_exit_e ctl_chain_pending(ctl_t *c, const char *signature,
    const lp_address_t *of, lp_u256_t *v);

ctl_exit_e ctl_chain_balance(ctl_t *c, const lp_address_t *of, lp_u256_t *v);
ctl_exit_e ctl_chain_lpt(ctl_t *c, const lp_address_t *of, lp_u256_t *v);
ctl_exit_e ctl_chain_round(ctl_t *c, ctl_round_t *r);
ctl_exit_e ctl_chain_sender(ctl_t *c, const lp_address_t *of,
    lp_sender_info_t *i);
ctl_exit_e ctl_chain_transcoder(ctl_t *c, const lp_address_t *of,
    lp_transcoder_t *t);
ctl_exit_e ctl_chain_delegator(ctl_t *c, const lp_address_t *of,
    lp_delegator_t *d);

/* the result of a call that has not the form it must have */
ctl_exit_e ctl_chain_strange(ctl_t *c, lp_contract_e which,
    const char *signature);


#endif /* CTL_CHAIN_H */
