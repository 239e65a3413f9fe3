/*
 * What an orchestrator offers: who is paid, at which price, by which tickets.
 * It is judged whenever it comes, with GetOrchestrator or with a result, and
 * whatever is wrong with it leaves the session as it was (T-23, T-24).
 */
#include "ngx_livepeer_module/ngx_livepeer_pay.h"
#include "ngx_livepeer_module/ngx_livepeer_session.h"


#define NGX_LIVEPEER_PAY_LAGS  5                     /* offers in a row */


/* who is paid: said in the configuration, or whoever registered the URL */

static ngx_uint_t
ngx_livepeer_pay_knows(ngx_livepeer_session_t *s)
{
    lp_address_t  address;

    if (!s->peer->known
        && ngx_livepeer_ledger_find(&address, &s->url) == NGX_OK)
    {
        ngx_livepeer_peer_know(s->peer, &address);
    }

    return s->peer->known;
}


ngx_uint_t
ngx_livepeer_pay_signer_ok(ngx_livepeer_session_t *s,
    const lp_wire_orch_info_t *info)
{
    if (!ngx_livepeer_pay_knows(s) || !info->has_address
        || lp_address_is_zero(&info->address))
    {
        return 0;
    }

    if (lp_address_equal(&info->address, &s->peer->address)) {
        return 1;
    }

    return s->stream->conf->money.allow_delegated_signer
           && ngx_livepeer_peer_pin(s->peer, &info->address);
}


/* the round it names, or ours when it names none: wire.md 4.4 */

static ngx_int_t
ngx_livepeer_pay_params(lp_params_t *p, const lp_wire_ticket_params_t *w,
    const ngx_livepeer_facts_t *facts)
{
    static const lp_hash_t  zero;

    ngx_memzero(p, sizeof(lp_params_t));

    p->recipient = w->recipient;
    p->face_value = w->face_value;
    p->win_prob = w->win_prob;
    p->rand_hash = w->rand_hash;
    p->seed = w->seed;

    if (w->expiration_block.w[1] | w->expiration_block.w[2]
        | w->expiration_block.w[3])
    {
        return NGX_ERROR;
    }

    p->expiration_block = w->expiration_block.w[0];

    if (w->has_expiration && w->expiration.round > 0
        && ngx_memcmp(&w->expiration.block_hash, &zero, sizeof(zero)) != 0)
    {
        p->round = (uint64_t) w->expiration.round;
        p->round_hash = w->expiration.block_hash;

    } else {
        p->round = facts->own.round;
        p->round_hash = facts->round_hash;
    }

    return NGX_OK;
}


/* what is wrong with our own funds is no fault of an offer's */

static ngx_uint_t
ngx_livepeer_pay_is_ours(lp_sender_verdict_e v)
{
    return v == LP_SENDER_UNLOCKING || v == LP_SENDER_NO_RESERVE
           || v == LP_SENDER_NO_DEPOSIT;
}


/* it may see a block or a round before us, or we before it */

static ngx_uint_t
ngx_livepeer_pay_may_lag(lp_sender_verdict_e v)
{
    return v == LP_SENDER_EXPIRED || v == LP_SENDER_ROUND;
}


const char *
ngx_livepeer_pay_take(ngx_livepeer_session_t *s,
    const lp_wire_orch_info_t *info)
{
    lp_price_t               price;
    lp_params_t              params;
    lp_sender_verdict_e      verdict;
    ngx_livepeer_facts_t     facts;
    ngx_livepeer_account_t  *a = &s->account;

    if (!ngx_livepeer_pay_knows(s)) {
        return "is not in the registry, and has no address= in its line";
    }

    if (!info->has_params || !info->has_price) {
        return "named no price or no tickets";
    }

    ngx_livepeer_ledger_facts(&facts);

    a->lag = 0;

    if (!facts.read) {
        a->lag = 1;
        return "is not paid yet: the chain is not known";
    }

    price.num = info->price.num;
    price.den = info->price.den;

    if (lp_price_reduce(&price) != LP_OK
        || ngx_livepeer_pay_params(&params, &info->params, &facts) != NGX_OK)
    {
        return "named no valid price or tickets";
    }

    verdict = lp_sender_judge(&params, &price, &s->peer->address,
                              a->first.den ? &a->first : NULL, 1,
                              &s->stream->conf->money.limits, &facts.own);

    if (verdict != LP_SENDER_OK && verdict != LP_SENDER_FREE
        && !ngx_livepeer_pay_is_ours(verdict))
    {
        a->lag = ngx_livepeer_pay_may_lag(verdict)
                 && a->lags++ < NGX_LIVEPEER_PAY_LAGS;
        return lp_sender_text(verdict);
    }

    a->lags = 0;

    if (a->first.den == 0) {
        a->first = price;
    }

    /* as it was sent: an orchestrator may compare the two numbers */

    a->price.num = info->price.num;
    a->price.den = info->price.den;
    a->params = params;
    a->offered = 1;

    return NULL;
}
