/*
 * Who signs for the broadcaster. On chain it is the signer's process, asked
 * over its socket; off chain a key made at random in each worker at its
 * first stream: it holds no money, but credentials are real.
 */
#ifndef NGX_LIVEPEER_SIGNER_H
#define NGX_LIVEPEER_SIGNER_H


#include "common/signer/protocol.h"
#include "ngx_livepeer_module/ngx_livepeer.h"


/* init_process: where the signer is, when money says so; heard is called when
   it answers after a silence */
void ngx_livepeer_signer_init(ngx_livepeer_money_t *m, void (*heard)(void));
void ngx_livepeer_signer_done(void);

/* every second: the signer is asked who it is, and what is left to spend */
void ngx_livepeer_signer_poll(void);

/* 1 while the signer's process answers; hello may be NULL */
ngx_uint_t ngx_livepeer_signer_ready(lp_sign_hello_t *hello);

/* the tables for checking others' signatures; NULL without memory */
const lp_keys_t *ngx_livepeer_signer_keys(void);

/*
 * Our address and OrchestratorRequest.sig over it. NGX_OK; NGX_AGAIN: the
 * signer has not answered yet; NGX_ERROR.
 */
ngx_int_t ngx_livepeer_signer_request(lp_address_t *address, lp_sig_t *sig);

/* SegData.sig by the key made at random, into data->sig: off chain only */
ngx_int_t ngx_livepeer_signer_segment(lp_wire_seg_data_t *data);


#endif /* NGX_LIVEPEER_SIGNER_H */
