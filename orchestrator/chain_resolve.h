/*
 * The contracts' addresses through the Controller, asked of every node: who
 * answers must agree (T-40). A part of chain.
 */
#ifndef ORCH_CHAIN_RESOLVE_H
#define ORCH_CHAIN_RESOLVE_H


#include "orchestrator/chain.h"


#define ORCH_RESOLVE_WHY  256


typedef struct {
    orch_chain_t   *chain;
    unsigned        nnodes;
    orch_timer_t    wake;                     /* of the asks */
    orch_timer_t   *done;                     /* the owner's; may be NULL */
    orch_ask_t      asks[ORCH_CHAIN_NODES][LP_NCONTRACTS];
    lp_status_t     status;                   /* LP_AGAIN while under way */
    lp_contracts_t  found;
    char            why[ORCH_RESOLVE_WHY];
} orch_resolve_t;


void orch_resolve_init(orch_resolve_t *r, orch_chain_t *chain,
    orch_loop_t *loop, unsigned nnodes);
void orch_resolve_done(orch_resolve_t *r);

/* started anew when it is under way */
void orch_resolve_start(orch_resolve_t *r, const lp_address_t *controller,
    orch_timer_t *done);


#endif /* ORCH_CHAIN_RESOLVE_H */
