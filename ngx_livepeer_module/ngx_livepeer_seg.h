/*
 * One segment's life, for the files that work on it; how it is started and
 * woken stands in ngx_livepeer.h.
 */
#ifndef NGX_LIVEPEER_SEG_H
#define NGX_LIVEPEER_SEG_H


#include "ngx_livepeer_module/ngx_livepeer.h"


typedef struct {
    const char  *name;
    ngx_int_t  (*run)(ngx_livepeer_seg_t *seg);
    ngx_uint_t   next;                        /* ngx_livepeer_seg_state_e */
} ngx_livepeer_step_t;


/* the wake of calls: data is the seg */
void ngx_livepeer_seg_wake_handler(void *data);

/* most bytes a rendition may have: T-26 */
size_t ngx_livepeer_seg_rendition_max(ngx_livepeer_seg_t *seg, ngx_uint_t i);


#endif /* NGX_LIVEPEER_SEG_H */
