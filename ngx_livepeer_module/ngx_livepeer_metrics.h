/*
 * Prometheus text. Labels are names of streams (at most as many as there are
 * slots), of variants, and URLs of the configuration: nothing that a peer
 * chooses (T-68).
 */
#ifndef NGX_LIVEPEER_METRICS_H
#define NGX_LIVEPEER_METRICS_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "common/util/buf.h"
#include "common/util/money.h"


#define NGX_LIVEPEER_METRICS_GWEI  1000000000          /* wei */


void ngx_livepeer_metrics_put(lp_buf_t *out, ngx_http_request_t *r);

/* HELP and TYPE of livepeer_NAME */
void ngx_livepeer_metrics_head(lp_buf_t *out, const char *name,
    const char *type, const char *help);

/* whole gwei, rounded down */
uint64_t ngx_livepeer_metrics_gwei(const lp_u256_t *wei);
uint64_t ngx_livepeer_metrics_money_gwei(const lp_money_t *m);


#endif /* NGX_LIVEPEER_METRICS_H */
