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

/* money: conf_money.c; wei sets the lp_u256_t * at the command's offset */
char *ngx_livepeer_conf_signer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_livepeer_conf_rpc(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_livepeer_conf_controller(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_livepeer_conf_max_price(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_livepeer_conf_wei(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_livepeer_conf_budget(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

void ngx_livepeer_conf_money_create(ngx_livepeer_money_t *m);
void ngx_livepeer_conf_money_merge(ngx_livepeer_money_t *prev,
    ngx_livepeer_money_t *conf);

/* of an application with "livepeer on": NULL, or the sentence that says why
   it cannot work */
const char *ngx_livepeer_conf_money_check(ngx_livepeer_money_t *m);

/* 1 when both are off chain, or on the same one with the same key */
ngx_uint_t ngx_livepeer_conf_money_same(ngx_livepeer_money_t *a,
    ngx_livepeer_money_t *b);


#endif /* NGX_LIVEPEER_CONF_H */
