/*
 * HTTP handlers: the page with player and figures, the same as JSON and as
 * Prometheus text, and the HLS files with their types.
 */
#ifndef NGX_LIVEPEER_STATUS_H
#define NGX_LIVEPEER_STATUS_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* content handler of livepeer_status: page, api, metrics */
ngx_int_t ngx_livepeer_status_handler(ngx_http_request_t *r);


#endif /* NGX_LIVEPEER_STATUS_H */
