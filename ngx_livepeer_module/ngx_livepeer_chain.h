/*
 * The chain, aside from every stream: round, L1 block, our own funds, and
 * the orchestrators in the registry. One worker reads them for all, every
 * two seconds, into the ledger. Source: wire.md 10; threats.md T-81, T-93.
 */
#ifndef NGX_LIVEPEER_CHAIN_H
#define NGX_LIVEPEER_CHAIN_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/* init_process and exit_process; m lives as long as the cycle */
void ngx_livepeer_chain_init(ngx_livepeer_money_t *m);
void ngx_livepeer_chain_done(void);

/* what is done every second, now: the signer was heard of */
void ngx_livepeer_chain_look(void);

/* the URL of a node's endpoint without path and key: for the page, the log */
void ngx_livepeer_chain_name(ngx_str_t *name, ngx_str_t *url);


#endif /* NGX_LIVEPEER_CHAIN_H */
