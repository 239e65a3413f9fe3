/*
 * libcurl's multi interface driven by nginx's events, ignorant of Livepeer
 * (door: libcurl). A call belongs to its owner: callbacks of libcurl only
 * set fields of the call, keep the bytes, and post the owner's wake.
 */
#ifndef NGX_LIVEPEER_CURL_H
#define NGX_LIVEPEER_CURL_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/* told of the key of a TLS peer, in each handshake before anything is sent.
   key: Keccak-256 of its SubjectPublicKeyInfo. Lives as long as the process */
typedef struct {
    void                (*on_key)(void *data, const lp_hash_t *key);
    void                 *data;
} ngx_livepeer_key_watch_t;

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
    ngx_uint_t            stranger;         /* the URL is not the operator's:
                                               public addresses only */
    ngx_uint_t            verify;           /* TLS: the certificate must be
                                               vouched for */
    ngx_livepeer_key_watch_t  *watch;       /* without verify; may be NULL */

    /*
     * Bytes of the answer. When on_data is NULL they are gathered in
     * call->answer. Never calls back into libcurl.
     */
    void                (*on_data)(void *owner, u_char *p, size_t len);
    void                (*wake)(void *owner);
    void                 *owner;
} ngx_livepeer_call_conf_t;

struct ngx_livepeer_call_s {
    ngx_uint_t            status;           /* HTTP, 0 until the head came */
    ngx_int_t             grpc_status;      /* -1 until the trailer came */
    unsigned              headers_done:1;
    unsigned              done:1;           /* finished, well or not */
    unsigned              failed:1;
    unsigned              reached:1;        /* something of it may be with the
                                               peer; as of the last look */
    const char           *refusal;          /* Livepeer-Error, or ""; for as
                                               long as the call */
    const char           *error;            /* a fixed sentence if failed */
    lp_buf_t              answer;
    ngx_msec_t            started, sent, first_byte, finished;
    void                 *impl;
};


/* init_process and exit_process */
ngx_int_t ngx_livepeer_curl_init(ngx_cycle_t *cycle);
void ngx_livepeer_curl_done(ngx_cycle_t *cycle);

/* NULL: no memory or no connection left. Strings and body are borrowed */
ngx_livepeer_call_t *ngx_livepeer_curl_start(ngx_livepeer_call_conf_t *conf,
    ngx_log_t *log);

/* 1 when anything of the request may have left: a connection was there */
ngx_uint_t ngx_livepeer_curl_reached(ngx_livepeer_call_t *call);

/* at any time, also when done; *call becomes NULL; no callback afterwards */
void ngx_livepeer_curl_cancel(ngx_livepeer_call_t **call);


#endif /* NGX_LIVEPEER_CURL_H */
