/*
 * The verdict on what came back, before any viewer can see it (I9): who
 * signed it, and whether it is this segment in the sizes that were ordered.
 * Nothing is decoded. Source: media.md 4.4 (L0), threats.md T-24, T-26, T-27,
 * T-32; wire.md 5.3.
 */
#ifndef NGX_LIVEPEER_VERIFY_H
#define NGX_LIVEPEER_VERIFY_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/* all renditions are whole; NGX_OK, or NGX_DECLINED with seg->reason set */
ngx_int_t ngx_livepeer_verify_seg(ngx_livepeer_seg_t *seg);


#endif /* NGX_LIVEPEER_VERIFY_H */
