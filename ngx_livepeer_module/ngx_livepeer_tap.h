/*
 * RTMP in: a publish and its close are a stream's ends, messages are its
 * frames. Here it is decided who may publish, under which name.
 */
#ifndef NGX_LIVEPEER_TAP_H
#define NGX_LIVEPEER_TAP_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/* directive time: into the chains of nginx-rtmp */
ngx_int_t ngx_livepeer_tap_init(ngx_conf_t *cf);


#endif /* NGX_LIVEPEER_TAP_H */
