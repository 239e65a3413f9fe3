/*
 * libcurl's multi interface driven by nginx's events, ignorant of Livepeer
 * (door: libcurl). A call belongs to its owner: callbacks of libcurl only
 * set fields of the call, keep the bytes, and post the owner's wake.
 */
#ifndef NGX_LIVEPEER_CURL_H
#define NGX_LIVEPEER_CURL_H


#include "ngx_livepeer_module/ngx_livepeer.h"


typedef struct {
    ngx_str_t             url;              /* NUL-terminated */
    ngx_array_t          *headers;          /* ngx_str_t "name: value", NUL-
                                               terminated; may be NULL */
    ngx_chain_t          *body;             /* POST when set; must live as
                                               long as the call */
    size_t                body_len;
    ngx_uint_t            post;             /* POST even without a body */
    ngx_uint_t            grpc;             /* trailers are looked for, h2 */
    ngx_msec_t            connect_timeout;  /* 2000 */
    ngx_msec_t            head_timeout;     /* until the head of the answer */
    ngx_msec_t            timeout;          /* in total */
    size_t                answer_max;       /* bytes; more fails the call */

    /*
     * Bytes of the answer. When on_data is NULL they are gathered in
     * call->answer. Never calls back into libcurl.
     */
    void                (*on_data)(void *owner, u_char *p, size_t len);
    void                (*wake)(void *owner);
    void                 *owner;
} ngx_livepeer_call_conf_t;

/* a URL in its parts; they point into it */
typedef struct {
    ngx_uint_t            tls;              /* https */
    ngx_str_t             host;             /* [::1] keeps its brackets */
    ngx_uint_t            port;             /* 443 and 80 when not said */
    ngx_str_t             path;             /* from the slash on, or empty */
} ngx_livepeer_url_t;

struct ngx_livepeer_call_s {
    ngx_uint_t            status;           /* HTTP, 0 until the head came */
    ngx_int_t             grpc_status;      /* -1 until the trailer came */
    unsigned              headers_done:1;
    unsigned              done:1;           /* finished, well or not */
    unsigned              failed:1;
    const char           *error;            /* a fixed sentence if failed */
    lp_buf_t              answer;
    ngx_msec_t            started, sent, first_byte, finished;
    void                 *impl;
};


/* init_process and exit_process */
ngx_int_t ngx_livepeer_curl_init(ngx_cycle_t *cycle);
void ngx_livepeer_curl_done(ngx_cycle_t *cycle);

/*
 * http or https, a host name or address, a port, a path of printable ASCII;
 * no user, no fragment, at most 2048 bytes (T-45). NGX_OK or NGX_DECLINED.
 */
ngx_int_t ngx_livepeer_curl_url(ngx_livepeer_url_t *parts, ngx_str_t *url);

/* 1 when both name the same host, letters of either case */
ngx_uint_t ngx_livepeer_curl_same_host(ngx_livepeer_url_t *a,
    ngx_livepeer_url_t *b);

/* NULL: no memory or no connection left. Strings and body are borrowed */
ngx_livepeer_call_t *ngx_livepeer_curl_start(ngx_livepeer_call_conf_t *conf,
    ngx_log_t *log);

/* at any time, also when done; *call becomes NULL; no callback afterwards */
void ngx_livepeer_curl_cancel(ngx_livepeer_call_t **call);


#endif /* NGX_LIVEPEER_CURL_H */
