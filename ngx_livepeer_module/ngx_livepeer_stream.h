/*
 * One publish in one worker: made, opened under its name, closed. It lives
 * on until its last segment is through, see ngx_livepeer_stream_release().
 */
#ifndef NGX_LIVEPEER_STREAM_H
#define NGX_LIVEPEER_STREAM_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/* number: of the connection, for the log. NULL: no memory */
ngx_livepeer_stream_t *ngx_livepeer_stream_create(ngx_livepeer_conf_t *conf,
    ngx_str_t *name, ngx_atomic_uint_t number);

/*
 * The name is taken, files and the cut are made ready, orchestrators asked.
 * NGX_BUSY and NGX_DECLINED as ngx_livepeer_zone_acquire(), NGX_ERROR: no
 * directory, no memory. On failure the stream is destroyed.
 *
 *   key    what the publisher proved itself with; zero without keys
 *   newer  take the name even from a live publisher
 */
ngx_int_t ngx_livepeer_stream_open(ngx_livepeer_stream_t *st,
    const lp_hash_t *key, ngx_uint_t newer);

/* what is cut becomes the last segment; clean: the publisher said goodbye */
void ngx_livepeer_stream_close(ngx_livepeer_stream_t *st, ngx_uint_t clean);

/* for the page: a fixed sentence on why it was ended */
void ngx_livepeer_stream_explain(ngx_livepeer_stream_t *st, const char *why);

/* a copy with a NUL: names become paths */
ngx_int_t ngx_livepeer_stream_copy(ngx_str_t *to, ngx_str_t *from,
    ngx_pool_t *pool);


#endif /* NGX_LIVEPEER_STREAM_H */
