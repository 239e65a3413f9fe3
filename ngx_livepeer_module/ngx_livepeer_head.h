/*
 * The head of an HTTP answer, and gRPC's trailers after it, line by line as
 * libcurl hands them over for every version of HTTP.
 */
#ifndef NGX_LIVEPEER_HEAD_H
#define NGX_LIVEPEER_HEAD_H


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    size_t      size;                         /* bytes of all lines so far */
    ngx_uint_t  status;                       /* 0: not known yet */
    ngx_int_t   grpc_status;                  /* -1: not known yet */
    off_t       length;                       /* of the body; -1: not said */
    u_char      error[32];                    /* Livepeer-Error, cut; "" */
    ngx_uint_t  done;                         /* what comes now is a trailer */
} ngx_livepeer_head_t;


void ngx_livepeer_head_init(ngx_livepeer_head_t *h);

/*
 * One line with its end. NGX_OK: more may come; NGX_DONE: the head is whole,
 * once; NGX_ERROR: malformed, or all lines together are over 64 KiB.
 */
ngx_int_t ngx_livepeer_head_line(ngx_livepeer_head_t *h, u_char *line,
    size_t len);


#endif /* NGX_LIVEPEER_HEAD_H */
