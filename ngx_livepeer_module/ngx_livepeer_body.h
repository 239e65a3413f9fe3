/*
 * The body of a request, handed to libcurl piece by piece from the chain of
 * buffers in which it lies.
 */
#ifndef NGX_LIVEPEER_BODY_H
#define NGX_LIVEPEER_BODY_H


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_chain_t  *first;
    ngx_chain_t  *link;                      /* next byte: here, ... */
    u_char       *pos;                       /* ... at pos */
    size_t        len;                       /* of all */
    size_t        sent;
} ngx_livepeer_body_t;


/* the chain is borrowed, it may be NULL with len 0 */
void ngx_livepeer_body_init(ngx_livepeer_body_t *b, ngx_chain_t *chain,
    size_t len);

/* as if nothing had been read */
void ngx_livepeer_body_rewind(ngx_livepeer_body_t *b);

/* up to room bytes to p; returns how many */
size_t ngx_livepeer_body_read(ngx_livepeer_body_t *b, u_char *p,
    size_t room);


#endif /* NGX_LIVEPEER_BODY_H */
