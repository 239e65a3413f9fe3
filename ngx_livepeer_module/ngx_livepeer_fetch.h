/*
 * Renditions read in parallel, from the host the segment was sent to and
 * from no other (T-44). Source: wire.md 5.2, 5.5.
 */
#ifndef NGX_LIVEPEER_FETCH_H
#define NGX_LIVEPEER_FETCH_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/* a GET for each rendition of seg->result; NGX_OK or NGX_DECLINED */
ngx_int_t ngx_livepeer_fetch_start(ngx_livepeer_seg_t *seg);

/* NGX_OK: all are whole; NGX_AGAIN; NGX_DECLINED, seg->reason set */
ngx_int_t ngx_livepeer_fetch_check(ngx_livepeer_seg_t *seg);

/* calls ended, bytes forgotten; may be repeated */
void ngx_livepeer_fetch_drop(ngx_livepeer_seg_t *seg);


#endif /* NGX_LIVEPEER_FETCH_H */
