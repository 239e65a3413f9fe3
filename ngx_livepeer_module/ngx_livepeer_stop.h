/*
 * Why nobody is paid, when nobody is: viewers get the source then, the log
 * and the page one sentence with the remedy, and nothing has to be restarted
 * when the cause is gone. Source: threats.md T-33, T-34, T-93.
 */
#ifndef NGX_LIVEPEER_STOP_H
#define NGX_LIVEPEER_STOP_H


#include "ngx_livepeer_module/ngx_livepeer_ledger.h"


/* 1 while a segment of st may be paid for; always so off chain */
ngx_uint_t ngx_livepeer_stop_none(ngx_livepeer_stream_t *st);

/* a payment worth ev was refused for a reason that is nobody's fault */
void ngx_livepeer_stop_set(ngx_livepeer_stream_t *st,
    ngx_livepeer_stop_e stop, const lp_money_t *ev);

/* one was signed: the stream's own budget is there again */
void ngx_livepeer_stop_end(ngx_livepeer_stream_t *st);

/* every second, in the worker that reads the chain */
void ngx_livepeer_stop_watch(ngx_livepeer_money_t *m);


#endif /* NGX_LIVEPEER_STOP_H */
