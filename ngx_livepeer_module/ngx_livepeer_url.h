/*
 * URLs of orchestrators and of renditions, in their parts.
 */
#ifndef NGX_LIVEPEER_URL_H
#define NGX_LIVEPEER_URL_H


#include <ngx_config.h>
#include <ngx_core.h>


/* the parts point into the URL */
typedef struct {
    ngx_uint_t  tls;                        /* https */
    ngx_str_t   host;                       /* [::1] keeps its brackets */
    ngx_uint_t  port;                       /* 443 or 80 when not said */
    ngx_str_t   path;                       /* from the slash on, or empty */
} ngx_livepeer_url_t;


/*
 * http or https, a host name or address, a port, a path of printable ASCII;
 * no user, no fragment, at most 2048 bytes. NGX_OK or NGX_DECLINED.
 */
ngx_int_t ngx_livepeer_url_parse(ngx_livepeer_url_t *parts, ngx_str_t *url);

/* 1 when both name the same host, letters of either case */
ngx_uint_t ngx_livepeer_url_same_host(ngx_livepeer_url_t *a,
    ngx_livepeer_url_t *b);

/* 1 when no stranger may name it: an address that is not public, written out,
   "localhost", or a port under 1024 but for 80 and 443 (T-44) */
ngx_uint_t ngx_livepeer_url_is_private(ngx_livepeer_url_t *parts);


#endif /* NGX_LIVEPEER_URL_H */
