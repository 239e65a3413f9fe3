/*
 * What chain.c, which asks, and chain_read.c, which knows what is asked, have
 * in common: one pass over the steps, in one worker.
 */
#ifndef NGX_LIVEPEER_CHAIN_STATE_H
#define NGX_LIVEPEER_CHAIN_STATE_H


#include "common/eth/contracts.h"
#include "common/eth/rpc.h"
#include "ngx_livepeer_module/ngx_livepeer_ledger.h"


typedef struct {
    const char            *name;
    ngx_int_t            (*put)(void);      /* NGX_DECLINED: not needed now */
    ngx_int_t            (*take)(void);     /* NGX_AGAIN: once more */
} ngx_livepeer_chain_step_t;

typedef struct {
    ngx_livepeer_money_t  *money;            /* NULL: off chain */
    ngx_livepeer_call_t   *call;
    lp_buf_t               request;
    lp_buf_t               data;             /* of a call, made or returned */
    ngx_buf_t              buf;
    ngx_chain_t            link;
    ngx_event_t            answer;
    ngx_event_t            tick;
    ngx_connection_t       dummy;            /* the events': fd is logged */
    ngx_array_t           *headers;
    uint64_t               id;
    ngx_uint_t             step;
    ngx_uint_t             node;             /* index in money->rpc */
    ngx_msec_t             begun;            /* the last pass */
    lp_contracts_t         contracts;
    ngx_livepeer_facts_t   facts;            /* of this pass */
    lp_rpc_block_t         head;             /* in this pass */
    uint64_t               rise_block;       /* of the risen funds */
    lp_u256_t              rise_deposit, rise_reserve;
    ngx_livepeer_entry_t   entries[NGX_LIVEPEER_ENTRIES_MAX];
    ngx_uint_t             nentries;
    ngx_uint_t             walked;
    lp_address_t           at;               /* in the walk over the pool */
    uint64_t               pool_round;
    ngx_msec_t             pool_read;
    unsigned               wants_uri:1;
    unsigned               wants_terms:1;    /* of the last entry */
    unsigned               pool_due:1;
    unsigned               failed:1;         /* logged already */
} ngx_livepeer_chain_t;


extern ngx_livepeer_chain_t             ngx_livepeer_chain;

/* in the order of a pass: chain_read.c */
extern const ngx_livepeer_chain_step_t  ngx_livepeer_chain_steps[];
extern const ngx_uint_t                 ngx_livepeer_chain_nsteps;


#endif /* NGX_LIVEPEER_CHAIN_STATE_H */
