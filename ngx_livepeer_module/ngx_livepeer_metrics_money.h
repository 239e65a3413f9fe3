/* Money as Prometheus text: labels are fixed words of ours (T-68). */
#ifndef NGX_LIVEPEER_METRICS_MONEY_H
#define NGX_LIVEPEER_METRICS_MONEY_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "common/util/buf.h"


/* sums of the node; NGX_DECLINED: off chain, there are none */
ngx_int_t ngx_livepeer_metrics_money_put(lp_buf_t *out);


#endif /* NGX_LIVEPEER_METRICS_MONEY_H */
