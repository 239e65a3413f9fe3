/*
 * One question after the other to one node, as a table read from top to
 * bottom; a pass that fails anywhere is thrown away, and the next one asks
 * the next node. Facts are published together at the end of a pass:
 *
 *   id > contracts > block > round > hash > funds > logs > pool > publish
 *
 * What lowers our risk counts at once; a deposit that grew counts when a
 * second pass, blocks later, has seen it too.
 */
#include "ngx_livepeer_module/ngx_livepeer_chain.h"
#include "ngx_livepeer_module/ngx_livepeer_chain_state.h"
#include "ngx_livepeer_module/ngx_livepeer_curl.h"
#include "ngx_livepeer_module/ngx_livepeer_ledger.h"
#include "ngx_livepeer_module/ngx_livepeer_session.h"
#include "ngx_livepeer_module/ngx_livepeer_signer.h"
#include "ngx_livepeer_module/ngx_livepeer_stop.h"


#define NGX_LIVEPEER_CHAIN_TICK     1000             /* ms */
#define NGX_LIVEPEER_CHAIN_PERIOD   2000             /* ms between two passes */
#define NGX_LIVEPEER_CHAIN_LEASE    15000            /* ms: the reader's */
#define NGX_LIVEPEER_CHAIN_CONNECT  2000
#define NGX_LIVEPEER_CHAIN_TIMEOUT  5000
#define NGX_LIVEPEER_CHAIN_DATA     (64 * 1024)


static void ngx_livepeer_chain_go(void);
static void ngx_livepeer_chain_answer_handler(ngx_event_t *ev);
static void ngx_livepeer_chain_tick_handler(ngx_event_t *ev);


ngx_livepeer_chain_t  ngx_livepeer_chain;


/* The worker's part */


void
ngx_livepeer_chain_init(ngx_livepeer_money_t *m)
{
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    ngx_memzero(c, sizeof(ngx_livepeer_chain_t));

    if (!m->on_chain) {
        return;
    }

    c->money = m;
    lp_buf_init(&c->request, NGX_LIVEPEER_CHAIN_DATA);
    lp_buf_init(&c->data, NGX_LIVEPEER_CHAIN_DATA);

    c->dummy.fd = (ngx_socket_t) -1;
    c->dummy.log = ngx_cycle->log;

    c->answer.handler = ngx_livepeer_chain_answer_handler;
    c->answer.data = &c->dummy;
    c->answer.log = ngx_cycle->log;

    c->tick.handler = ngx_livepeer_chain_tick_handler;
    c->tick.data = &c->dummy;
    c->tick.log = ngx_cycle->log;
    c->tick.cancelable = 1;

    ngx_livepeer_chain_look();
}


void
ngx_livepeer_chain_done(void)
{
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    if (c->money == NULL) {
        return;
    }

    if (c->tick.timer_set) {
        ngx_del_timer(&c->tick);
    }

    ngx_livepeer_curl_cancel(&c->call);
    lp_buf_done(&c->request);
    lp_buf_done(&c->data);
}


void
ngx_livepeer_chain_look(void)
{
    ngx_post_event(&ngx_livepeer_chain.tick, &ngx_posted_events);
}


static void
ngx_livepeer_chain_begin(ngx_livepeer_chain_t *c)
{
    lp_sign_hello_t  hello;

    if (!ngx_livepeer_signer_ready(&hello)) {
        return;                              /* whose funds, is not known */
    }

    ngx_livepeer_ledger_facts(&c->facts);

    if (!lp_address_equal(&c->facts.address, &hello.address)) {
        c->facts.address = hello.address;
        c->facts.read = 0;
        c->facts.winners = 0;
        c->facts.logs_to = 0;
        lp_u256_set(&c->facts.redeemed, 0);
    }

    c->begun = ngx_current_msec;
    c->step = 0;
    ngx_livepeer_chain_go();
}


static void
ngx_livepeer_chain_tick_handler(ngx_event_t *ev)
{
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    ngx_add_timer(&c->tick, NGX_LIVEPEER_CHAIN_TICK);

    ngx_livepeer_signer_poll();
    ngx_livepeer_session_tick();

    /* a worker that is to end leaves the reading to one that stays */

    if (ngx_exiting || !ngx_livepeer_ledger_watch(NGX_LIVEPEER_CHAIN_LEASE)) {
        return;
    }

    if (c->call == NULL
        && (c->begun == 0
            || ngx_current_msec - c->begun >= NGX_LIVEPEER_CHAIN_PERIOD))
    {
        ngx_livepeer_chain_begin(c);
    }

    ngx_livepeer_stop_watch(c->money);
}


/* Questions and answers */


void
ngx_livepeer_chain_name(ngx_str_t *name, ngx_str_t *url)
{
    u_char  *p, *last = url->data + url->len;

    p = ngx_strlchr(url->data, last, '/');
    p = p && last - p > 2 ? ngx_strlchr(p + 2, last, '/') : NULL;

    name->data = url->data;
    name->len = (p ? p : last) - url->data;
}


static ngx_str_t *
ngx_livepeer_chain_url(ngx_livepeer_chain_t *c)
{
    return (ngx_str_t *) c->money->rpc->elts + c->node;
}


/* this node is of no use now: the next pass asks another one */

static void
ngx_livepeer_chain_fail(ngx_livepeer_chain_t *c, const char *why)
{
    ngx_str_t  name;

    if (!c->failed) {
        ngx_livepeer_chain_name(&name, ngx_livepeer_chain_url(c));
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "livepeer: the Ethereum node %V %s when asked for %s",
                      &name, why, ngx_livepeer_chain_steps[c->step].name);
    }

    c->failed = 1;
    c->node = (c->node + 1) % c->money->rpc->nelts;
    ngx_livepeer_curl_cancel(&c->call);
}


static void
ngx_livepeer_chain_wake(void *data)
{
    ngx_post_event(&ngx_livepeer_chain.answer, &ngx_posted_events);
}


static ngx_array_t *
ngx_livepeer_chain_headers(void)
{
    ngx_str_t    *header;
    ngx_array_t  *headers;

    headers = ngx_array_create(ngx_cycle->pool, 1, sizeof(ngx_str_t));

    if (headers) {
        header = ngx_array_push(headers);
        ngx_str_set(header, "Content-Type: application/json");
    }

    return headers;
}


static ngx_int_t
ngx_livepeer_chain_send(ngx_livepeer_chain_t *c)
{
    ngx_livepeer_call_conf_t  conf;

    if (c->headers == NULL) {
        c->headers = ngx_livepeer_chain_headers();
    }

    if (c->headers == NULL || lp_buf_status(&c->request) != LP_OK) {
        return NGX_ERROR;
    }

    c->buf.pos = c->request.data;
    c->buf.last = c->request.data + c->request.len;
    c->buf.memory = 1;
    c->link.buf = &c->buf;
    c->link.next = NULL;

    ngx_memzero(&conf, sizeof(ngx_livepeer_call_conf_t));

    conf.url = *ngx_livepeer_chain_url(c);
    conf.headers = c->headers;
    conf.body = &c->link;
    conf.body_len = c->request.len;
    conf.connect_timeout = NGX_LIVEPEER_CHAIN_CONNECT;
    conf.timeout = NGX_LIVEPEER_CHAIN_TIMEOUT;
    conf.verify = 1;
    conf.answer_max = LP_RPC_REPLY_MAX;
    conf.wake = ngx_livepeer_chain_wake;

    c->call = ngx_livepeer_curl_start(&conf, ngx_cycle->log);

    return c->call ? NGX_OK : NGX_ERROR;
}


/* on to the next step that has something to ask, or the end of the pass */

static void
ngx_livepeer_chain_go(void)
{
    ngx_int_t              rc;
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    for ( /* void */ ; c->step < ngx_livepeer_chain_nsteps; c->step++) {
        c->id++;
        lp_buf_reset(&c->request);
        lp_buf_reset(&c->data);

        rc = ngx_livepeer_chain_steps[c->step].put();

        if (rc == NGX_OK) {
            if (ngx_livepeer_chain_send(c) != NGX_OK) {
                ngx_livepeer_chain_fail(c, "was not reached");
            }

            return;
        }
    }

    if (c->failed) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "livepeer: an Ethereum node answers");
    }

    c->failed = 0;
    c->facts.read = 1;
    c->facts.wrong = 0;
    ngx_livepeer_ledger_set_facts(&c->facts);
    ngx_livepeer_stop_watch(c->money);
}


static void
ngx_livepeer_chain_answer_handler(ngx_event_t *ev)
{
    ngx_int_t              rc;
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    if (c->call == NULL || !c->call->done) {
        return;
    }

    if (c->call->failed || c->call->status != 200) {
        ngx_livepeer_chain_fail(c, c->call->failed ? c->call->error
                                                   : "refused the question");
        return;
    }

    rc = ngx_livepeer_chain_steps[c->step].take();

    if (rc == NGX_ERROR) {
        ngx_livepeer_chain_fail(c, "gave a wrong answer");
        return;
    }

    ngx_livepeer_curl_cancel(&c->call);
    c->step += rc == NGX_OK;
    ngx_livepeer_chain_go();
}
