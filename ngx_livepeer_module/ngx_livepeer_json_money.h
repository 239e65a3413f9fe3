/*
 * Money as JSON: amounts are decimal text of whole wei, because a number of
 * JSON ends at a hundredth of an ETH. null: off chain, or not known.
 */
#ifndef NGX_LIVEPEER_JSON_MONEY_H
#define NGX_LIVEPEER_JSON_MONEY_H


#include "common/util/buf.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"


/* orchestrators with a row of their own in the sums of the node */
#define NGX_LIVEPEER_JSON_PAYEES  32

/* what streams of an application may spend; NULL: it is off chain */
ngx_livepeer_money_t *ngx_livepeer_json_money_of(const char *app);

/* wei that a stream's hour costs at its present rate; 0 when it has none */
void ngx_livepeer_json_money_hourly(lp_u256_t *wei,
    const ngx_livepeer_slot_t *slot);

/* what a stream may still spend in this hour; 0: without a limit */
ngx_uint_t ngx_livepeer_json_money_left(lp_u256_t *left,
    const ngx_livepeer_money_t *m, const ngx_livepeer_slot_t *slot);

/* sums over a stream's rows: of its publish */
void ngx_livepeer_json_money_sum(ngx_livepeer_orch_stat_t *sum,
    const ngx_livepeer_slot_t *slot);

/* members "money": {..}, of the node, of a stream, of a stream's row */
void ngx_livepeer_json_money_node(lp_buf_t *out);
void ngx_livepeer_json_money_stream(lp_buf_t *out,
    const ngx_livepeer_slot_t *slot);
void ngx_livepeer_json_money_row(lp_buf_t *out,
    const ngx_livepeer_slot_t *slot, const ngx_livepeer_orch_stat_t *row);


#endif /* NGX_LIVEPEER_JSON_MONEY_H */
