/*
 * The values of directives about money: who signs, which chain, how much.
 * Amounts are read exactly, and what is missing on chain is asked for at the
 * start and not at the first bill (T-23, T-91).
 */
#include "ngx_livepeer_module/ngx_livepeer_conf.h"
#include "ngx_livepeer_module/ngx_livepeer_url.h"
#include "common/signer/protocol.h"
#include "common/util/money.h"

#include <sys/un.h>


#define NGX_LIVEPEER_MONEY_RPCS  8


static char *
ngx_livepeer_conf_refuse(ngx_conf_t *cf, ngx_str_t *value, const char *why)
{
    ngx_str_t  *name = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid %V \"%V\": %s",
                       &name[0], value, why);

    return NGX_CONF_ERROR;
}


void
ngx_livepeer_conf_money_create(ngx_livepeer_money_t *m)
{
    m->rpc = NGX_CONF_UNSET_PTR;
    m->controller = NGX_CONF_UNSET_PTR;
    m->chain_id = NGX_CONF_UNSET_UINT;
    m->max_price = NGX_CONF_UNSET_PTR;
    m->budget = NGX_CONF_UNSET_PTR;
    m->max_ticket_ev = NGX_CONF_UNSET_PTR;
    m->max_total_ev = NGX_CONF_UNSET_PTR;
    m->min_deposit = NGX_CONF_UNSET_PTR;
    m->max_tickets = NGX_CONF_UNSET_UINT;
    m->deposit_multiplier = NGX_CONF_UNSET_UINT;
    m->price_rise = NGX_CONF_UNSET_UINT;
    m->allow_delegated_signer = NGX_CONF_UNSET;
    m->allow_private = NGX_CONF_UNSET;
}


/* amounts are never changed once read, so levels may share them */

void
ngx_livepeer_conf_money_merge(ngx_livepeer_money_t *prev,
    ngx_livepeer_money_t *conf)
{
    static lp_u256_t              ticket = { { 3000000000000, 0, 0, 0 } };
    static lp_u256_t              total = { { 20000000000000, 0, 0, 0 } };
    static lp_u256_t              deposit = { { 1000000000000000, 0, 0, 0 } };
    static ngx_livepeer_budget_t  no_limit = {
        { { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } },
        { { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } }
    };

    ngx_conf_merge_str_value(conf->signer, prev->signer, "");
    ngx_conf_merge_ptr_value(conf->rpc, prev->rpc, NULL);
    ngx_conf_merge_ptr_value(conf->controller, prev->controller, NULL);
    ngx_conf_merge_uint_value(conf->chain_id, prev->chain_id, 0);
    ngx_conf_merge_ptr_value(conf->max_price, prev->max_price, NULL);
    ngx_conf_merge_ptr_value(conf->budget, prev->budget, &no_limit);
    ngx_conf_merge_ptr_value(conf->max_ticket_ev, prev->max_ticket_ev,
                             &ticket);
    ngx_conf_merge_ptr_value(conf->max_total_ev, prev->max_total_ev, &total);
    ngx_conf_merge_ptr_value(conf->min_deposit, prev->min_deposit, &deposit);
    ngx_conf_merge_uint_value(conf->max_tickets, prev->max_tickets,
                              LP_SIGN_TICKETS_MAX);
    ngx_conf_merge_uint_value(conf->deposit_multiplier,
                              prev->deposit_multiplier, 1);
    ngx_conf_merge_uint_value(conf->price_rise, prev->price_rise, 100);
    ngx_conf_merge_value(conf->allow_delegated_signer,
                         prev->allow_delegated_signer, 0);
    ngx_conf_merge_value(conf->allow_private, prev->allow_private, 0);

    conf->on_chain = conf->signer.len && conf->rpc;

    if (conf->max_price) {
        conf->limits.max_price = *conf->max_price;
    }

    conf->limits.max_ticket_ev = *conf->max_ticket_ev;
    conf->limits.max_total_ev = *conf->max_total_ev;
    conf->limits.max_tickets = (uint32_t) conf->max_tickets;
    conf->limits.deposit_multiplier = (uint32_t) conf->deposit_multiplier;
    conf->limits.price_rise_ppm = (uint32_t) conf->price_rise * 10000;
}


const char *
ngx_livepeer_conf_money_check(ngx_livepeer_money_t *m)
{
    if (m->max_tickets < 1 || m->max_tickets > LP_SIGN_TICKETS_MAX) {
        return "\"livepeer_max_tickets\" must be 1 to 300";
    }

    if (m->deposit_multiplier < 1 || m->deposit_multiplier > 1000000) {
        return "\"livepeer_deposit_multiplier\" must be 1 to 1000000";
    }

    if (m->price_rise < 100 || m->price_rise > 200) {
        return "\"livepeer_price_rise\" must be 100 to 200, in percent of "
               "the session's first price";
    }

    if (m->signer.len && m->rpc == NULL) {
        return "\"livepeer_signer\" requires \"livepeer_eth_rpc\"";
    }

    if (m->rpc && m->signer.len == 0) {
        return "\"livepeer_eth_rpc\" requires \"livepeer_signer\"";
    }

    if (m->on_chain && m->controller == NULL) {
        return "on chain \"livepeer_controller\" must name the contract "
               "registry";
    }

    if (m->on_chain && m->max_price == NULL) {
        return "on chain \"livepeer_max_price\" must say what a pixel may "
               "cost, in wei";
    }

    return NULL;
}


/* the process has one key and one chain, whatever the application */

ngx_uint_t
ngx_livepeer_conf_money_same(ngx_livepeer_money_t *a, ngx_livepeer_money_t *b)
{
    ngx_str_t   *x, *y;
    ngx_uint_t   i;

    if (a->on_chain != b->on_chain) {
        return 0;
    }

    if (!a->on_chain) {
        return 1;
    }

    if (a->chain_id != b->chain_id || a->rpc->nelts != b->rpc->nelts
        || !lp_address_equal(a->controller, b->controller)
        || a->signer.len != b->signer.len
        || ngx_memcmp(a->signer.data, b->signer.data, a->signer.len) != 0)
    {
        return 0;
    }

    x = a->rpc->elts;
    y = b->rpc->elts;

    for (i = 0; i < a->rpc->nelts; i++) {
        if (x[i].len != y[i].len
            || ngx_memcmp(x[i].data, y[i].data, x[i].len) != 0)
        {
            return 0;
        }
    }

    return 1;
}


/* unix:PATH */

char *
ngx_livepeer_conf_signer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t             *value = cf->args->elts;
    ngx_livepeer_app_t    *app = conf;
    ngx_livepeer_money_t  *m = &app->stream.money;

    if (m->signer.data) {
        return "is duplicate";
    }

    if (value[1].len <= 5 || ngx_strncmp(value[1].data, "unix:", 5) != 0) {
        return ngx_livepeer_conf_refuse(cf, &value[1],
                                        "it must be unix:PATH");
    }

    m->signer.data = value[1].data + 5;
    m->signer.len = value[1].len - 5;

    if (ngx_conf_full_name(cf->cycle, &m->signer, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (m->signer.len >= sizeof(((struct sockaddr_un *) 0)->sun_path)) {
        return ngx_livepeer_conf_refuse(cf, &value[1],
                                        "the path is too long for a socket");
    }

    return NGX_CONF_OK;
}


char *
ngx_livepeer_conf_rpc(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t             *value, *url;
    ngx_uint_t             i;
    ngx_livepeer_url_t     parts;
    ngx_livepeer_app_t    *app = conf;
    ngx_livepeer_money_t  *m = &app->stream.money;

    if (m->rpc == NGX_CONF_UNSET_PTR) {
        m->rpc = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
        if (m->rpc == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_livepeer_url_parse(&parts, &value[i]) != NGX_OK) {
            return ngx_livepeer_conf_refuse(cf, &value[i],
                       "it must be http://host:port/path or https://..");
        }

        if (m->rpc->nelts == NGX_LIVEPEER_MONEY_RPCS) {
            return "has more than 8 URLs";
        }

        url = ngx_array_push(m->rpc);
        if (url == NULL) {
            return NGX_CONF_ERROR;
        }

        *url = value[i];
    }

    return NGX_CONF_OK;
}


char *
ngx_livepeer_conf_controller(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t             *value = cf->args->elts;
    ngx_livepeer_app_t    *app = conf;
    ngx_livepeer_money_t  *m = &app->stream.money;

    if (m->controller != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    m->controller = ngx_palloc(cf->pool, sizeof(lp_address_t));
    if (m->controller == NULL) {
        return NGX_CONF_ERROR;
    }

    if (lp_address_parse(m->controller, (char *) value[1].data, value[1].len)
        != LP_OK)
    {
        return ngx_livepeer_conf_refuse(cf, &value[1],
                   "it must be 0x and 40 hex digits, in one case or as "
                   "EIP-55 has them");
    }

    return NGX_CONF_OK;
}


/* digits that fit in 63 bits, not zero */

static ngx_int_t
ngx_livepeer_conf_int(int64_t *n, u_char *p, u_char *last)
{
    off_t  v;

    v = ngx_atoof(p, last - p);
    if (v < 1) {
        return NGX_ERROR;
    }

    *n = v;

    return NGX_OK;
}


/* wei for a pixel: "1200", or "3/2" */

char *
ngx_livepeer_conf_max_price(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char                *slash, *last;
    ngx_str_t             *value = cf->args->elts;
    ngx_livepeer_app_t    *app = conf;
    ngx_livepeer_money_t  *m = &app->stream.money;

    if (m->max_price != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    m->max_price = ngx_palloc(cf->pool, sizeof(lp_price_t));
    if (m->max_price == NULL) {
        return NGX_CONF_ERROR;
    }

    m->max_price->den = 1;
    last = value[1].data + value[1].len;
    slash = ngx_strlchr(value[1].data, last, '/');

    if (ngx_livepeer_conf_int(&m->max_price->num, value[1].data,
                              slash ? slash : last) != NGX_OK
        || (slash && ngx_livepeer_conf_int(&m->max_price->den, slash + 1,
                                           last) != NGX_OK)
        || lp_price_reduce(m->max_price) != LP_OK)
    {
        return ngx_livepeer_conf_refuse(cf, &value[1],
                   "it must be wei for a pixel, as in 1200 or 3/2");
    }

    return NGX_CONF_OK;
}


/* the field at cmd->offset: "0.01ETH", "3000gwei" */

char *
ngx_livepeer_conf_wei(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t   *value = cf->args->elts;
    lp_u256_t  **field = (lp_u256_t **) ((char *) conf + cmd->offset);

    if (*field != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    *field = ngx_palloc(cf->pool, sizeof(lp_u256_t));
    if (*field == NULL) {
        return NGX_CONF_ERROR;
    }

    if (lp_money_parse_wei(*field, (char *) value[1].data, value[1].len)
        != LP_OK)
    {
        return ngx_livepeer_conf_refuse(cf, &value[1],
                   "it must be an amount, as in 0.01ETH or 3000gwei");
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_livepeer_conf_amount(lp_u256_t *wei, ngx_str_t *value,
    const char *prefix, const char *suffix)
{
    size_t  before = ngx_strlen(prefix), after = ngx_strlen(suffix);

    if (value->len <= before + after
        || ngx_memcmp(value->data, prefix, before) != 0
        || ngx_memcmp(value->data + value->len - after, suffix, after) != 0)
    {
        return NGX_DECLINED;
    }

    return lp_money_parse_wei(wei, (char *) value->data + before,
                              value->len - before - after) == LP_OK
           ? NGX_OK : NGX_ERROR;
}


/* 0.01ETH/day, stream=0.002ETH/hour, or both */

char *
ngx_livepeer_conf_budget(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t               rc;
    ngx_str_t              *value = cf->args->elts;
    ngx_uint_t              i;
    ngx_livepeer_app_t     *app = conf;
    ngx_livepeer_budget_t  *budget;

    if (app->stream.money.budget != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    budget = ngx_palloc(cf->pool, sizeof(ngx_livepeer_budget_t));
    if (budget == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memset(budget, 0xff, sizeof(ngx_livepeer_budget_t));
    app->stream.money.budget = budget;

    for (i = 1; i < cf->args->nelts; i++) {
        rc = ngx_livepeer_conf_amount(&budget->stream, &value[i], "stream=",
                                      "/hour");

        if (rc == NGX_DECLINED) {
            rc = ngx_livepeer_conf_amount(&budget->day, &value[i], "",
                                          "/day");
        }

        if (rc != NGX_OK) {
            return ngx_livepeer_conf_refuse(cf, &value[i],
                       "it must be 0.01ETH/day or stream=0.002ETH/hour");
        }
    }

    return NGX_CONF_OK;
}
