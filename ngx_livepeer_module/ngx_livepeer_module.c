/*
 * Three nginx modules in one .so: core (shared zone, process hooks), RTMP
 * and HTTP (directives). Tables, conf and hooks; no behaviour.
 */
#include "ngx_livepeer_module/ngx_livepeer_module.h"
#include "ngx_livepeer_module/ngx_livepeer_chain.h"
#include "ngx_livepeer_module/ngx_livepeer_conf.h"
#include "ngx_livepeer_module/ngx_livepeer_curl.h"
#include "ngx_livepeer_module/ngx_livepeer_serve.h"
#include "ngx_livepeer_module/ngx_livepeer_signer.h"
#include "ngx_livepeer_module/ngx_livepeer_status.h"
#include "ngx_livepeer_module/ngx_livepeer_sweep.h"
#include "ngx_livepeer_module/ngx_livepeer_tap.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"

#include <ngx_rtmp.h>
#include <ngx_rtmp_live_module.h>


static void *ngx_livepeer_create_conf(ngx_cycle_t *cycle);
static char *ngx_livepeer_init_conf(ngx_cycle_t *cycle, void *conf);
static ngx_int_t ngx_livepeer_init_process(ngx_cycle_t *cycle);
static void ngx_livepeer_exit_process(ngx_cycle_t *cycle);
static ngx_int_t ngx_livepeer_rtmp_postconfiguration(ngx_conf_t *cf);
static void *ngx_livepeer_http_create_loc_conf(ngx_conf_t *cf);
static char *ngx_livepeer_http_hls(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_livepeer_http_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#define NGX_LIVEPEER_MESSAGE  (4 * 1024 * 1024)

#define NGX_LIVEPEER_RTMP  (NGX_RTMP_MAIN_CONF|NGX_RTMP_SRV_CONF             \
                            |NGX_RTMP_APP_CONF)

#define ngx_livepeer_command(name, args, set, field)                          \
    { ngx_string(name), NGX_LIVEPEER_RTMP|args, set,                          \
      NGX_RTMP_APP_CONF_OFFSET, offsetof(ngx_livepeer_app_t, stream.field),   \
      NULL }


static ngx_core_module_t  ngx_livepeer_module_ctx = {
    ngx_string("livepeer"),
    ngx_livepeer_create_conf,
    ngx_livepeer_init_conf
};


/* known to nginx as a core module without directives */

static ngx_command_t  ngx_livepeer_no_commands[] = {

    ngx_null_command
};


ngx_module_t  ngx_livepeer_module = {
    NGX_MODULE_V1,
    &ngx_livepeer_module_ctx,              /* module context */
    ngx_livepeer_no_commands,              /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_livepeer_init_process,             /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_livepeer_exit_process,             /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_command_t  ngx_livepeer_rtmp_commands[] = {

    ngx_livepeer_command("livepeer", NGX_CONF_TAKE1,
                         ngx_livepeer_conf_enable, enable),

    ngx_livepeer_command("livepeer_orchestrator", NGX_CONF_TAKE123,
                         ngx_livepeer_conf_orchestrator, orchestrators),

    ngx_livepeer_command("livepeer_profiles", NGX_CONF_1MORE,
                         ngx_livepeer_conf_profiles, profiles),

    ngx_livepeer_command("livepeer_key", NGX_CONF_TAKE1,
                         ngx_livepeer_conf_key, keys),

    ngx_livepeer_command("livepeer_segment", NGX_CONF_TAKE1,
                         ngx_conf_set_msec_slot, segment),

    ngx_livepeer_command("livepeer_hls_path", NGX_CONF_TAKE1,
                         ngx_livepeer_conf_hls_path, hls_path),

    ngx_livepeer_command("livepeer_window", NGX_CONF_TAKE1,
                         ngx_conf_set_num_slot, window),

    ngx_livepeer_command("livepeer_reconnect", NGX_CONF_TAKE1,
                         ngx_conf_set_msec_slot, reconnect),

    ngx_livepeer_command("livepeer_attempts", NGX_CONF_TAKE1,
                         ngx_conf_set_num_slot, attempts),

    ngx_livepeer_command("livepeer_max_streams", NGX_CONF_TAKE1,
                         ngx_conf_set_num_slot, max_streams),

    ngx_livepeer_command("livepeer_max_segment", NGX_CONF_TAKE1,
                         ngx_conf_set_msec_slot, max_segment),

    ngx_livepeer_command("livepeer_max_segment_size", NGX_CONF_TAKE1,
                         ngx_conf_set_size_slot, max_segment_size),

    ngx_livepeer_command("livepeer_max_memory", NGX_CONF_TAKE1,
                         ngx_conf_set_size_slot, max_memory),

    ngx_livepeer_command("livepeer_signer", NGX_CONF_TAKE1,
                         ngx_livepeer_conf_signer, money.signer),

    ngx_livepeer_command("livepeer_eth_rpc", NGX_CONF_1MORE,
                         ngx_livepeer_conf_rpc, money.rpc),

    ngx_livepeer_command("livepeer_controller", NGX_CONF_TAKE1,
                         ngx_livepeer_conf_controller, money.controller),

    ngx_livepeer_command("livepeer_chain_id", NGX_CONF_TAKE1,
                         ngx_conf_set_num_slot, money.chain_id),

    ngx_livepeer_command("livepeer_max_price", NGX_CONF_TAKE1,
                         ngx_livepeer_conf_max_price, money.max_price),

    ngx_livepeer_command("livepeer_budget", NGX_CONF_TAKE12,
                         ngx_livepeer_conf_budget, money.budget),

    ngx_livepeer_command("livepeer_max_ticket_ev", NGX_CONF_TAKE1,
                         ngx_livepeer_conf_wei, money.max_ticket_ev),

    ngx_livepeer_command("livepeer_max_total_ev", NGX_CONF_TAKE1,
                         ngx_livepeer_conf_wei, money.max_total_ev),

    ngx_livepeer_command("livepeer_min_deposit", NGX_CONF_TAKE1,
                         ngx_livepeer_conf_wei, money.min_deposit),

    ngx_livepeer_command("livepeer_max_tickets", NGX_CONF_TAKE1,
                         ngx_conf_set_num_slot, money.max_tickets),

    ngx_livepeer_command("livepeer_deposit_multiplier", NGX_CONF_TAKE1,
                         ngx_conf_set_num_slot, money.deposit_multiplier),

    ngx_livepeer_command("livepeer_price_rise", NGX_CONF_TAKE1,
                         ngx_conf_set_num_slot, money.price_rise),

    ngx_livepeer_command("livepeer_allow_delegated_signer", NGX_CONF_FLAG,
                         ngx_conf_set_flag_slot,
                         money.allow_delegated_signer),

    ngx_livepeer_command("livepeer_allow_private", NGX_CONF_FLAG,
                         ngx_conf_set_flag_slot, money.allow_private),

      ngx_null_command
};


static ngx_rtmp_module_t  ngx_livepeer_rtmp_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_livepeer_rtmp_postconfiguration,   /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    ngx_livepeer_conf_create,              /* create app configuration */
    ngx_livepeer_conf_merge                /* merge app configuration */
};


ngx_module_t  ngx_livepeer_rtmp_module = {
    NGX_MODULE_V1,
    &ngx_livepeer_rtmp_module_ctx,         /* module context */
    ngx_livepeer_rtmp_commands,            /* module directives */
    NGX_RTMP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_command_t  ngx_livepeer_http_commands[] = {

    { ngx_string("livepeer_hls"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_livepeer_http_hls,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("livepeer_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_livepeer_http_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_livepeer_http_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    ngx_livepeer_http_create_loc_conf,     /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_livepeer_http_module = {
    NGX_MODULE_V1,
    &ngx_livepeer_http_module_ctx,         /* module context */
    ngx_livepeer_http_commands,            /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


ngx_livepeer_core_conf_t *
ngx_livepeer_core_conf(void)
{
    return (ngx_livepeer_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                                     ngx_livepeer_module);
}


ngx_uint_t
ngx_livepeer_name_ok(ngx_str_t *name)
{
    u_char  c;
    size_t  i;

    if (name->len == 0 || name->len > NGX_LIVEPEER_NAME_MAX) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '_' || c == '-'))
        {
            return 0;
        }
    }

    return 1;
}


/* core: what both sides of a cycle share */

static void *
ngx_livepeer_create_conf(ngx_cycle_t *cycle)
{
    ngx_livepeer_core_conf_t  *ccf;

    ccf = ngx_pcalloc(cycle->pool, sizeof(ngx_livepeer_core_conf_t));
    if (ccf == NULL
        || ngx_array_init(&ccf->apps, cycle->pool, 2, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&ccf->hls_locs, cycle->pool, 2, sizeof(void *))
           != NGX_OK)
    {
        return NULL;
    }

    return ccf;
}


static ngx_int_t
ngx_livepeer_resolve(ngx_livepeer_core_conf_t *ccf,
    ngx_livepeer_hls_loc_t *loc, ngx_log_t *log)
{
    ngx_uint_t            i;
    ngx_livepeer_app_t  **app;

    app = ccf->apps.elts;

    for (i = 0; i < ccf->apps.nelts; i++) {
        if (loc->app_name.len == 0
            || (loc->app_name.len == app[i]->stream.app.len
                && ngx_memcmp(loc->app_name.data, app[i]->stream.app.data,
                              loc->app_name.len) == 0))
        {
            loc->app = app[i];
            break;
        }
    }

    if (loc->app == NULL) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "\"livepeer_hls\" finds no such application with "
                      "\"livepeer on\" in %V:%ui", &loc->at.file, loc->at.line);
        return NGX_ERROR;
    }

    if (loc->app_name.len == 0 && ccf->apps.nelts > 1) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "\"livepeer_hls\" must name its application, there are "
                      "%ui with \"livepeer on\", in %V:%ui",
                      ccf->apps.nelts, &loc->at.file, loc->at.line);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* after the parse, so rtmp {} and http {} may stand in any order */

static char *
ngx_livepeer_init_conf(ngx_cycle_t *cycle, void *conf)
{
    ngx_uint_t                 i;
    ngx_livepeer_app_t       **app;
    ngx_livepeer_hls_loc_t   **loc;
    ngx_livepeer_core_conf_t  *ccf = conf;

    app = ccf->apps.elts;
    for (i = 0; i < ccf->apps.nelts; i++) {
        if (ngx_livepeer_conf_make_dir(app[i], cycle) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    loc = ccf->hls_locs.elts;
    for (i = 0; i < ccf->hls_locs.nelts; i++) {
        if (ngx_livepeer_resolve(ccf, loc[i], cycle->log) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_livepeer_init_process(ngx_cycle_t *cycle)
{
    ngx_livepeer_money_t      *money;
    ngx_livepeer_core_conf_t  *ccf;

    ccf = (ngx_livepeer_core_conf_t *) ngx_get_conf(cycle->conf_ctx,
                                                    ngx_livepeer_module);

    if (ccf->apps.nelts == 0
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    ngx_livepeer_sweep_init(cycle);

    if (ngx_livepeer_curl_init(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    /* all applications have the same signer and chain, or none */

    money = &((ngx_livepeer_app_t **) ccf->apps.elts)[0]->stream.money;
    ngx_livepeer_signer_init(money, ngx_livepeer_chain_look);
    ngx_livepeer_chain_init(money);

    return NGX_OK;
}


static void
ngx_livepeer_exit_process(ngx_cycle_t *cycle)
{
    ngx_livepeer_core_conf_t  *ccf;

    ccf = (ngx_livepeer_core_conf_t *) ngx_get_conf(cycle->conf_ctx,
                                                    ngx_livepeer_module);

    if (ccf->apps.nelts
        && (ngx_process == NGX_PROCESS_WORKER
            || ngx_process == NGX_PROCESS_SINGLE))
    {
        ngx_livepeer_chain_done();
        ngx_livepeer_signer_done();
        ngx_livepeer_curl_done(cycle);
    }
}


/* rtmp: the applications with "livepeer on" are gathered and checked */

static ngx_int_t
ngx_livepeer_check_app(ngx_conf_t *cf, ngx_livepeer_core_conf_t *ccf,
    ngx_rtmp_core_app_conf_t *cacf, ngx_livepeer_app_t *app)
{
    const char                *why;
    ngx_uint_t                 i;
    ngx_livepeer_conf_t       *conf;
    ngx_livepeer_app_t       **other;
    ngx_rtmp_live_app_conf_t  *lacf;

    why = NULL;
    conf = &app->stream;
    conf->app = cacf->name;

    lacf = cacf->app_conf[ngx_rtmp_live_module.ctx_index];

    if (!lacf->live) {
        why = "\"livepeer on\" requires \"live on\"";

    } else if (conf->hls_path.len == 0) {
        why = "\"livepeer on\" requires \"livepeer_hls_path\"";

    } else if (!ngx_livepeer_name_ok(&conf->app)) {
        why = "\"livepeer on\" requires an application name of 1 to 64 "
              "of A-Z a-z 0-9 _ -";

    } else {
        why = ngx_livepeer_conf_money_check(&conf->money);
    }

    other = ccf->apps.elts;
    for (i = 0; why == NULL && i < ccf->apps.nelts; i++) {
        if (other[i]->stream.hls_path.len == conf->hls_path.len
            && ngx_memcmp(other[i]->stream.hls_path.data, conf->hls_path.data,
                          conf->hls_path.len) == 0)
        {
            why = "two applications have the same \"livepeer_hls_path\"";

        } else if (other[i]->stream.app.len == conf->app.len
                   && ngx_memcmp(other[i]->stream.app.data, conf->app.data,
                                 conf->app.len) == 0)
        {
            why = "two applications with \"livepeer on\" have this name";

        } else if (!ngx_livepeer_conf_money_same(&other[i]->stream.money,
                                                 &conf->money))
        {
            why = "two applications have different signers or chains";
        }
    }

    if (why) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "%s, application \"%V\" in %V:%ui", why, &conf->app,
                      &app->enable_at.file, app->enable_at.line);
        return NGX_ERROR;
    }

    if (conf->keys == NULL && conf->money.on_chain) {

        /* nobody spends our deposit unasked: T-33 */

        conf->keys = ngx_array_create(cf->pool, 1, sizeof(ngx_str_t));
        if (conf->keys == NULL) {
            return NGX_ERROR;
        }

        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "application \"%V\" has no \"livepeer_key\": on chain "
                      "nobody may publish without one", &conf->app);

    } else if (conf->keys == NULL) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "application \"%V\" has no \"livepeer_key\": only "
                      "publishers on this machine are accepted",
                      &conf->app);
    }

    if (conf->profiles && conf->orchestrators == NULL
        && !conf->money.on_chain)
    {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "application \"%V\" has \"livepeer_profiles\" and no "
                      "\"livepeer_orchestrator\": only the source is served",
                      &conf->app);
    }

    return NGX_OK;
}


/* nginx-rtmp ends a publish with a larger message than max_message */

static void
ngx_livepeer_check_message(ngx_conf_t *cf, ngx_rtmp_core_srv_conf_t *cscf)
{
    if (cscf->max_message < NGX_LIVEPEER_MESSAGE) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"max_message\" is %uz bytes: a larger keyframe ends "
                      "the publish, \"max_message 4m\" is better",
                      cscf->max_message);
    }
}


static in_port_t
ngx_livepeer_server_port(ngx_rtmp_core_main_conf_t *cmcf,
    ngx_rtmp_core_srv_conf_t *cscf)
{
    ngx_uint_t          i;
    ngx_rtmp_listen_t  *listen;

    listen = cmcf->listen.elts;

    for (i = 0; i < cmcf->listen.nelts; i++) {
        if (listen[i].ctx == cscf->ctx) {
            return ngx_inet_get_port((struct sockaddr *) listen[i].sockaddr);
        }
    }

    return 0;
}


static ngx_int_t
ngx_livepeer_rtmp_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                   i, n;
    ngx_livepeer_app_t         **slot, *app;
    ngx_livepeer_core_conf_t    *ccf;
    ngx_rtmp_core_srv_conf_t   **cscf;
    ngx_rtmp_core_app_conf_t   **cacf;
    ngx_rtmp_core_main_conf_t   *cmcf;

    ccf = (ngx_livepeer_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                                    ngx_livepeer_module);

    cmcf = ngx_rtmp_conf_get_module_main_conf(cf, ngx_rtmp_core_module);
    cscf = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        cacf = cscf[i]->applications.elts;

        for (n = 0; n < cscf[i]->applications.nelts; n++) {
            app = cacf[n]->app_conf[ngx_livepeer_rtmp_module.ctx_index];

            if (!app->stream.enable) {
                continue;
            }

            if (ngx_livepeer_check_app(cf, ccf, cacf[n], app) != NGX_OK) {
                return NGX_ERROR;
            }

            slot = ngx_array_push(&ccf->apps);
            if (slot == NULL) {
                return NGX_ERROR;
            }

            ngx_livepeer_check_message(cf, cscf[i]);
            app->port = ngx_livepeer_server_port(cmcf, cscf[i]);
            *slot = app;
        }
    }

    if (ccf->apps.nelts == 0) {
        return NGX_OK;
    }

    if (ngx_livepeer_zone_add(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_livepeer_tap_init(cf);
}


/* http */

static void *
ngx_livepeer_http_create_loc_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_livepeer_loc_conf_t));
}


/* what follows the location's name is a path of ours */

static ngx_uint_t
ngx_livepeer_http_is_prefix(ngx_http_core_loc_conf_t *clcf)
{
#if (NGX_PCRE)
    if (clcf->regex) {
        return 0;
    }
#endif

    return !clcf->exact_match && !clcf->noname && !clcf->named
           && clcf->name.len && clcf->name.data[clcf->name.len - 1] == '/';
}


static char *
ngx_livepeer_http_hls(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value;
    ngx_livepeer_hls_loc_t     *loc, **slot;
    ngx_livepeer_loc_conf_t    *llcf = conf;
    ngx_livepeer_core_conf_t   *ccf;
    ngx_http_core_loc_conf_t   *clcf;

    if (llcf->hls) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!ngx_livepeer_http_is_prefix(clcf)) {
        return "must be in a location with a prefix that ends in a slash";
    }

    ccf = (ngx_livepeer_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                                    ngx_livepeer_module);

    loc = ngx_pcalloc(cf->pool, sizeof(ngx_livepeer_hls_loc_t));
    slot = ngx_array_push(&ccf->hls_locs);
    if (loc == NULL || slot == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = loc;
    llcf->hls = loc;
    clcf->handler = ngx_livepeer_serve_handler;

    if (cf->args->nelts == 2) {
        value = cf->args->elts;
        loc->app_name = value[1];
    }

    loc->prefix = clcf->name;
    loc->server = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    loc->at.file = cf->conf_file->file.name;
    loc->at.line = cf->conf_file->line;

    return NGX_CONF_OK;
}


static char *
ngx_livepeer_http_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!ngx_livepeer_http_is_prefix(clcf)) {
        return "must be in a location with a prefix that ends in a slash";
    }

    clcf->handler = ngx_livepeer_status_handler;

    return NGX_CONF_OK;
}
