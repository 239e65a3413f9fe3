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


void ngx_livepeer_metrics_put(lp_buf_t *out, ngx_http_request_t *r);


#endif /* NGX_LIVEPEER_METRICS_H */
