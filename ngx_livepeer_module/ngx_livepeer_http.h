/* What the HTTP handlers of the module share. */
#ifndef NGX_LIVEPEER_HTTP_H
#define NGX_LIVEPEER_HTTP_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* one line more in the head of the answer; key and value are literals */
ngx_int_t ngx_livepeer_http_header(ngx_http_request_t *r, char *key,
    char *value);


#endif /* NGX_LIVEPEER_HTTP_H */
