/* The values of directives: each is checked where it is read. */
#ifndef NGX_LIVEPEER_CONF_H
#define NGX_LIVEPEER_CONF_H


#include "ngx_livepeer_module/ngx_livepeer_module.h"


/* setters of ngx_command_t for an ngx_livepeer_app_t */
char *ngx_livepeer_conf_enable(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_livepeer_conf_orchestrator(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_livepeer_conf_profiles(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_livepeer_conf_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_livepeer_conf_hls_path(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* an unset app, and one that takes from its parent what it does not say */
void *ngx_livepeer_conf_create(ngx_conf_t *cf);
char *ngx_livepeer_conf_merge(ngx_conf_t *cf, void *parent, void *child);

/* the directory of an app: there, or made; and writable */
ngx_int_t ngx_livepeer_conf_make_dir(ngx_livepeer_app_t *app,
    ngx_cycle_t *cycle);


#endif /* NGX_LIVEPEER_CONF_H */
