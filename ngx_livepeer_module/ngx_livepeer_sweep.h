/*
 * Streams whose publisher is gone: ended after livepeer_reconnect, removed
 * some minutes later. Any worker does it for all.
 */
#ifndef NGX_LIVEPEER_SWEEP_H
#define NGX_LIVEPEER_SWEEP_H


#include <ngx_config.h>
#include <ngx_core.h>


/* init_process */
void ngx_livepeer_sweep_init(ngx_cycle_t *cycle);


#endif /* NGX_LIVEPEER_SWEEP_H */
