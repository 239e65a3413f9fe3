/*
 * The causes, looked at in the order in which they would have to be mended.
 */
#include "ngx_livepeer_module/ngx_livepeer_figures.h"
#include "ngx_livepeer_module/ngx_livepeer_signer.h"
#include "ngx_livepeer_module/ngx_livepeer_stop.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"


#define NGX_LIVEPEER_STOP_STILL  (120 * 1000)        /* ms without a block */
#define NGX_LIVEPEER_STOP_FIRST  5000                /* ms to be told first */
#define NGX_LIVEPEER_STOP_RETRY  (30 * 1000)         /* ms until a new try */


static ngx_livepeer_stop_e
ngx_livepeer_stop_chain(ngx_livepeer_money_t *m, ngx_livepeer_facts_t *facts)
{
    uint64_t         id;
    lp_sign_hello_t  hello;

    if (!ngx_livepeer_signer_ready(&hello)) {
        return NGX_LIVEPEER_STOP_SIGNER;
    }

    if (!(hello.kinds & 1 << LP_SIGN_TICKETS)
        || !(hello.kinds & 1 << LP_SIGN_SEGMENT))
    {
        return NGX_LIVEPEER_STOP_ROLE;
    }

    id = m->chain_id ? m->chain_id : hello.chain_id;

    if (id != hello.chain_id || (facts->chain_id && facts->chain_id != id)) {
        return NGX_LIVEPEER_STOP_CHAIN_ID;
    }

    if (facts->wrong) {
        return NGX_LIVEPEER_STOP_CONTRACTS;
    }

    if (!facts->read || !lp_address_equal(&facts->address, &hello.address)) {
        return NGX_LIVEPEER_STOP_NODE;
    }

    if (ngx_current_msec - facts->advanced > NGX_LIVEPEER_STOP_STILL) {
        return NGX_LIVEPEER_STOP_STALE;
    }

    return NGX_LIVEPEER_STOP_NONE;
}


static ngx_livepeer_stop_e
ngx_livepeer_stop_funds(ngx_livepeer_money_t *m, ngx_livepeer_facts_t *facts)
{
    lp_sender_chain_t  *own = &facts->own;

    /* once both are taken out nothing is left to keep: the contract forgets
       the unlocking when there are funds again */

    if (own->withdraw_round && own->withdraw_round <= own->round + 1
        && !(lp_u256_is_zero(&own->deposit)
             && lp_u256_is_zero(&own->reserve)))
    {
        return NGX_LIVEPEER_STOP_UNLOCKING;
    }

    if (lp_u256_is_zero(&own->reserve)) {
        return NGX_LIVEPEER_STOP_RESERVE;
    }

    if (lp_u256_is_zero(&own->deposit)
        || lp_u256_cmp(&own->deposit, m->min_deposit) < 0)
    {
        return NGX_LIVEPEER_STOP_DEPOSIT;
    }

    return NGX_LIVEPEER_STOP_NONE;
}


static ngx_livepeer_stop_e
ngx_livepeer_stop_budget(ngx_livepeer_money_t *m)
{
    lp_u256_t               left;
    ngx_livepeer_stop_e     stop = NGX_LIVEPEER_STOP_NONE;
    ngx_livepeer_ledger_t  *l = ngx_livepeer_zone_ledger();

    ngx_livepeer_zone_lock();

    if (!lp_u256_is_zero(&l->day_needed)) {
        ngx_livepeer_ledger_left(&left, &m->budget->day);

        if (lp_u256_cmp(&left, &l->day_needed) < 0) {
            stop = NGX_LIVEPEER_STOP_DAY;

        } else {
            lp_u256_set(&l->day_needed, 0);
        }
    }

    if (l->journal_stopped
        && ngx_current_msec - l->journal_stopped < NGX_LIVEPEER_STOP_RETRY)
    {
        stop = NGX_LIVEPEER_STOP_JOURNAL;
    }

    ngx_livepeer_zone_unlock();

    return stop;
}


static void
ngx_livepeer_stop_say(ngx_livepeer_stop_e stop)
{
    ngx_uint_t  level = NGX_LOG_ERR;

    if (!ngx_livepeer_ledger_stop(stop)) {
        return;
    }

    if (stop == NGX_LIVEPEER_STOP_NONE) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "livepeer: orchestrators can be paid");
        return;
    }

    if (stop == NGX_LIVEPEER_STOP_START) {
        level = NGX_LOG_NOTICE;
    }

    ngx_log_error(level, ngx_cycle->log, 0,
                  "livepeer: nobody is paid, viewers get the source alone: %s",
                  ngx_livepeer_ledger_stop_text(stop));
}


void
ngx_livepeer_stop_watch(ngx_livepeer_money_t *m)
{
    static ngx_msec_t     begun;
    ngx_livepeer_stop_e   stop;
    ngx_livepeer_facts_t  facts;

    ngx_livepeer_ledger_facts(&facts);

    stop = ngx_livepeer_stop_chain(m, &facts);

    if (begun == 0) {
        begun = ngx_current_msec;
    }

    if (ngx_current_msec - begun < NGX_LIVEPEER_STOP_FIRST) {

        /* a worker begins without an answer, which is no fault of anybody;
           after a reload what the one before it said stands */

        if (stop == NGX_LIVEPEER_STOP_SIGNER && facts.read) {
            return;
        }

        if ((stop == NGX_LIVEPEER_STOP_SIGNER
             || stop == NGX_LIVEPEER_STOP_NODE) && !facts.read)
        {
            stop = NGX_LIVEPEER_STOP_START;
        }
    }

    if (stop == NGX_LIVEPEER_STOP_NONE) {
        stop = ngx_livepeer_stop_funds(m, &facts);
    }

    if (stop == NGX_LIVEPEER_STOP_NONE) {
        stop = ngx_livepeer_stop_budget(m);
    }

    ngx_livepeer_stop_say(stop);
}


ngx_uint_t
ngx_livepeer_stop_none(ngx_livepeer_stream_t *st)
{
    ngx_uint_t  none;

    if (!st->conf->money.on_chain) {
        return 1;
    }

    if (!ngx_livepeer_signer_ready(NULL)
        || (st->broke
            && ngx_current_msec - st->broke < NGX_LIVEPEER_STOP_RETRY))
    {
        return 0;
    }

    ngx_livepeer_zone_lock();
    none = ngx_livepeer_zone_ledger()->stop == NGX_LIVEPEER_STOP_NONE;
    ngx_livepeer_zone_unlock();

    return none;
}


static void
ngx_livepeer_stop_broke(ngx_livepeer_stream_t *st)
{
    if (st->broke == 0) {
        ngx_log_error(NGX_LOG_ERR, st->log, 0,
                      "livepeer: nobody is paid for \"%V\", its viewers get "
                      "the source alone: %s", &st->name,
                      ngx_livepeer_ledger_stop_text(
                          NGX_LIVEPEER_STOP_STREAM));
        ngx_livepeer_figures_advise(st, NGX_LIVEPEER_ADVICE_BUDGET, 0);
    }

    st->broke = ngx_current_msec;
}


void
ngx_livepeer_stop_set(ngx_livepeer_stream_t *st, ngx_livepeer_stop_e stop,
    const lp_money_t *ev)
{
    lp_u256_t               wei;
    ngx_livepeer_ledger_t  *l = ngx_livepeer_zone_ledger();

    switch (stop) {

    case NGX_LIVEPEER_STOP_STREAM:
        ngx_livepeer_stop_broke(st);
        return;

    case NGX_LIVEPEER_STOP_DAY:
        if (lp_money_to_wei(&wei, ev, LP_ROUND_UP) != LP_OK
            || lp_u256_is_zero(&wei))
        {
            lp_u256_set(&wei, 1);
        }

        ngx_livepeer_zone_lock();
        l->day_needed = wei;
        ngx_livepeer_zone_unlock();
        break;

    case NGX_LIVEPEER_STOP_JOURNAL:
        ngx_livepeer_zone_lock();
        l->journal_stopped = ngx_current_msec;
        ngx_livepeer_zone_unlock();
        break;

    default:
        break;
    }

    ngx_livepeer_stop_say(stop);
}


void
ngx_livepeer_stop_end(ngx_livepeer_stream_t *st)
{
    if (st->broke) {
        st->broke = 0;
        ngx_livepeer_figures_advise(st, 0, NGX_LIVEPEER_ADVICE_BUDGET);
    }
}
