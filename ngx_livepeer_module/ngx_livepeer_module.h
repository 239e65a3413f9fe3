/*
 * What the directives become, and where the other files find it. An
 * application with "livepeer on" is an app; the http side of a cycle sees
 * the apps through the conf of the core module.
 */
#ifndef NGX_LIVEPEER_MODULE_H
#define NGX_LIVEPEER_MODULE_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/* where in the configuration a directive stands, for a later complaint */
typedef struct {
    ngx_str_t             file;
    ngx_uint_t            line;
} ngx_livepeer_place_t;

typedef struct {
    ngx_livepeer_conf_t   stream;             /* what a stream sees */
    in_port_t             port;               /* first listen of its server */
    ngx_livepeer_place_t  enable_at;
    ngx_livepeer_place_t  hls_at;
} ngx_livepeer_app_t;

/* one location with livepeer_hls */
typedef struct {
    ngx_str_t             app_name;           /* empty: the only one */
    ngx_livepeer_app_t   *app;                /* after the parse */
    ngx_str_t             prefix;             /* of the location: "/hls/" */
    void                 *server;             /* core srv conf of http */
    ngx_livepeer_place_t  at;
} ngx_livepeer_hls_loc_t;

typedef struct {
    ngx_array_t           apps;               /* ngx_livepeer_app_t * */
    ngx_array_t           hls_locs;           /* ngx_livepeer_hls_loc_t * */
} ngx_livepeer_core_conf_t;


/* of the running cycle */
ngx_livepeer_core_conf_t *ngx_livepeer_core_conf(void);

/* 1: one to 64 of A-Z a-z 0-9 _ - (T-62) */
ngx_uint_t ngx_livepeer_name_ok(ngx_str_t *name);


extern ngx_module_t  ngx_livepeer_module;             /* core */
extern ngx_module_t  ngx_livepeer_rtmp_module;
extern ngx_module_t  ngx_livepeer_http_module;


#endif /* NGX_LIVEPEER_MODULE_H */
