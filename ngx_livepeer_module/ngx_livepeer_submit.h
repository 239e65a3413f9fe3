/*
 * POST /segment: credentials and payment in two headers, the segment as the
 * body, an early 200 when it arrived, the result when the work is done.
 * Source: wire.md 4, 5.1; go-livepeer server/segment_rpc.go, broadcast.go.
 */
#ifndef NGX_LIVEPEER_SUBMIT_H
#define NGX_LIVEPEER_SUBMIT_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/*
 * The two headers for the held session, in the seg's pool. NGX_OK;
 * NGX_AGAIN: the signer will wake the seg; NGX_DECLINED, seg->reason set.
 */
ngx_int_t ngx_livepeer_submit_sign(ngx_livepeer_seg_t *seg);

/* seg->call is started: NGX_AGAIN; NGX_DECLINED, seg->reason set */
ngx_int_t ngx_livepeer_submit_start(ngx_livepeer_seg_t *seg);

/*
 * The whole answer in seg->call becomes seg->result (in seg->arena). NGX_OK;
 * NGX_DECLINED: no result, an error or another shape, seg->reason set. A
 * result that says the source is bad sets *bad_input besides.
 */
ngx_int_t ngx_livepeer_submit_result(ngx_livepeer_seg_t *seg,
    ngx_uint_t *bad_input);

/* the fixed sentence for an HTTP status that is not 200 */
const char *ngx_livepeer_submit_refusal(ngx_uint_t status);


#endif /* NGX_LIVEPEER_SUBMIT_H */
