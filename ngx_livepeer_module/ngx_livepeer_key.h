/*
 * Stream keys: who may publish under which name. A line of livepeer_key is
 * "name:key", good for that name, or "key", good for any (T-33).
 */
#ifndef NGX_LIVEPEER_KEY_H
#define NGX_LIVEPEER_KEY_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/*
 * given is the stream key an encoder sent, args what stood after its "?":
 * either NAME and key=KEY, or KEY alone, which "name:key" gives a name. Takes
 * the same time for every wrong key.
 *
 *   name  out: the stream's name, in given or in keys; not checked
 *   hash  out: of the key, for a later publisher of the name to prove itself
 *
 * NGX_OK or NGX_DECLINED.
 */
ngx_int_t ngx_livepeer_key_check(ngx_array_t *keys, ngx_str_t *name,
    lp_hash_t *hash, ngx_str_t *given, ngx_str_t *args);

/* 1: 127.0.0.0/8, ::1, or a unix socket */
ngx_uint_t ngx_livepeer_key_is_local(struct sockaddr *sa);


#endif /* NGX_LIVEPEER_KEY_H */
