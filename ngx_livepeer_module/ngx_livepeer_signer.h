/*
 * Who signs for the broadcaster. Off chain it is a key made at random in
 * each worker at its first stream: it holds no money, but credentials are
 * real. Every answer may come later, so a caller is woken and asks again.
 */
#ifndef NGX_LIVEPEER_SIGNER_H
#define NGX_LIVEPEER_SIGNER_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/* the tables for checking others' signatures; NULL without memory */
const lp_keys_t *ngx_livepeer_signer_keys(void);

/*
 * Our address and OrchestratorRequest.sig over it, the same for the life of
 * the worker. NGX_OK; NGX_AGAIN: not known yet; NGX_ERROR.
 */
ngx_int_t ngx_livepeer_signer_request(lp_address_t *address, lp_sig_t *sig);

/*
 * SegData.sig, into data->sig. NGX_OK; NGX_AGAIN: seg is woken when it is
 * there; NGX_ERROR.
 */
ngx_int_t ngx_livepeer_signer_segment(ngx_livepeer_seg_t *seg,
    lp_wire_seg_data_t *data);


#endif /* NGX_LIVEPEER_SIGNER_H */
