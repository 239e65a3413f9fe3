/*
 * HLS files to viewers, in any worker: a path is either of three shapes with
 * checked names or it is not found, and nothing is kept per viewer (T-62,
 * T-65).
 */
#ifndef NGX_LIVEPEER_SERVE_H
#define NGX_LIVEPEER_SERVE_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_livepeer_module/ngx_livepeer_module.h"


typedef struct {
    ngx_livepeer_hls_loc_t  *hls;             /* NULL: no livepeer_hls here */
} ngx_livepeer_loc_conf_t;


/* content handler of livepeer_hls */
ngx_int_t ngx_livepeer_serve_handler(ngx_http_request_t *r);


#endif /* NGX_LIVEPEER_SERVE_H */
