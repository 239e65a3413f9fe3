/*
 * Who is to work on a segment.
 */
#ifndef NGX_LIVEPEER_CHOOSE_H
#define NGX_LIVEPEER_CHOOSE_H


#include "ngx_livepeer_module/ngx_livepeer_session.h"


#define NGX_LIVEPEER_CHOOSE_SHORT  1500              /* ms: a segment counts
                                                        as this at least */


/*
 * The best of those that seg has not tried and that may have one more. NULL:
 * there is none now; *waiting is 1 when one may still become free.
 */
ngx_livepeer_session_t *ngx_livepeer_choose_best(ngx_livepeer_seg_t *seg,
    ngx_uint_t *waiting);


#endif /* NGX_LIVEPEER_CHOOSE_H */
