/*
 * How a bill ends: paid for what was verified, lost with what left, or put
 * back as if it had never been. Source: wire.md 4.5; threats.md T-21, T-22,
 * T-25, T-32.
 */
#include "ngx_livepeer_module/ngx_livepeer_curl.h"
#include "ngx_livepeer_module/ngx_livepeer_pay.h"
#include "ngx_livepeer_module/ngx_livepeer_row.h"
#include "ngx_livepeer_module/ngx_livepeer_session.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"


#define NGX_LIVEPEER_PAY_HOUR  (3600 * 1000)         /* ms */


void
ngx_livepeer_pay_forfeit(ngx_livepeer_account_t *a)
{
    if (lp_money_cmp(&a->balance.credit, &a->balance.held) > 0) {
        a->balance.credit = a->balance.held;
    }
}


/* Refusals by the orchestrator */


/* whoever knows the header says it there; go-livepeer in plain text, wire.md
   4.6 and 7.5. A peer's words decide nothing but whether it is asked anew */

static const char  *ngx_livepeer_pay_stale[] = {
    "LowPMBalance",
    "TicketParamsExpired",
    "PriceMismatch",
    "PaymentReplayed",
    "Insufficient balance",
    "TicketParams expired",
    "invalid recipientRand for ticket recipientRandHash",
    "invalid auth token",
    "expired auth token",
    NULL
};


static ngx_uint_t
ngx_livepeer_pay_is_stale(ngx_livepeer_call_t *call)
{
    size_t        len;
    const char  **p;

    for (p = ngx_livepeer_pay_stale; *p; p++) {
        len = ngx_strlen(*p);

        if (ngx_strcmp(call->refusal, *p) == 0
            || (call->answer.len >= len
                && ngx_memcmp(call->answer.data, *p, len) == 0))
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_livepeer_pay_refused(ngx_livepeer_seg_t *seg)
{
    uint32_t  bit = (uint32_t) 1 << seg->session->index;

    if (seg->bill == NULL || seg->call->status < 400
        || seg->call->status > 403
        || ngx_livepeer_peer_refused(seg->session->peer)
        || (seg->repaid & bit) || !ngx_livepeer_pay_is_stale(seg->call))
    {
        return;
    }

    seg->repaid |= bit;
    seg->anew = 1;
}


void
ngx_livepeer_pay_accused(ngx_livepeer_seg_t *seg)
{
    ngx_msec_t               rest;
    ngx_livepeer_account_t  *a = &seg->session->account;

    if (seg->bill == NULL || a->accused++ == 0) {
        return;
    }

    rest = (ngx_msec_t) NGX_LIVEPEER_PAY_REST << ngx_min(a->accused - 2, 4);
    rest = ngx_min(rest, NGX_LIVEPEER_PAY_RESTS);
    a->rest = ngx_current_msec + rest;

    ngx_log_error(NGX_LOG_WARN, seg->stream->log, 0,
                  "livepeer: %V finds \"%V\" unusable again, and is not paid "
                  "for it for %M s", &seg->session->url, &seg->stream->name,
                  rest / 1000);
}


/* The end of a bill */


static uint64_t
ngx_livepeer_pay_verified(ngx_livepeer_seg_t *seg)
{
    uint64_t    own = 0, said = 0;
    ngx_uint_t  i;

    for (i = 0; i < seg->nrenditions; i++) {
        own += seg->renditions[i].counted;
        said += (uint64_t) seg->renditions[i].pixels;
    }

    return ngx_min(own, said);
}


/*
 * What an hour of this stream costs: the fee of a segment over its duration,
 * smoothed over the last few, which may have been done at other prices.
 */

static void
ngx_livepeer_pay_count_rate(ngx_livepeer_seg_t *seg, lp_money_t *cost)
{
    lp_u256_t             wei, hour, duration, three, four, sum;
    ngx_livepeer_slot_t  *slot = seg->stream->slot;

    lp_u256_set(&hour, NGX_LIVEPEER_PAY_HOUR);
    lp_u256_set(&duration, ngx_max(seg->duration_ms, 1));

    if (lp_money_to_wei(&wei, cost, LP_ROUND_UP) != LP_OK
        || lp_u256_mul_div(&wei, &wei, &hour, &duration, 1) != LP_OK)
    {
        return;
    }

    if (slot->hourly_at) {
        lp_u256_set(&three, 3);
        lp_u256_set(&four, 4);

        if (lp_u256_mul(&sum, &slot->hourly, &three) != LP_OK
            || lp_u256_add(&sum, &sum, &wei) != LP_OK)
        {
            return;
        }

        lp_u256_set(&three, 1);
        (void) lp_u256_mul_div(&wei, &sum, &three, &four, 1);
    }

    slot->hourly = wei;
    slot->hourly_at = ngx_current_msec;
}


static void
ngx_livepeer_pay_count_fee(ngx_livepeer_seg_t *seg, lp_money_t *cost,
    uint64_t pixels)
{
    ngx_uint_t                 debt;
    ngx_livepeer_spent_t      *spent;
    ngx_livepeer_standing_t   *standing;
    ngx_livepeer_orch_stat_t  *row;

    debt = seg->bill->account->balance.credit.negative;

    row = ngx_livepeer_row_lock(seg);
    if (row == NULL) {
        return;
    }

    spent = &ngx_livepeer_zone_ledger()->spent;

    standing = ngx_livepeer_ledger_standing(&seg->bill->params.recipient);

    (void) lp_money_add(&row->fee, &row->fee, cost);
    (void) lp_money_add(&standing->fee, &standing->fee, cost);
    (void) lp_money_add(&spent->fee, &spent->fee, cost);
    row->balance = seg->bill->account->balance.credit;
    ngx_livepeer_pay_count_rate(seg, cost);

    if (debt) {
        row->unpaid_pixels += pixels;
        spent->unpaid_pixels += pixels;
    }

    ngx_livepeer_zone_unlock();
}


/* the token of the request comes back; another one takes the credit along */

static ngx_int_t
ngx_livepeer_pay_drift(ngx_livepeer_seg_t *seg)
{
    lp_wire_token_t         *now = &seg->result.info.token;
    ngx_livepeer_session_t  *s = seg->session;

    if (!seg->result.info.has_token
        || ngx_strcmp(now->session_id, s->info.token.session_id) == 0)
    {
        return NGX_OK;
    }

    if (ngx_livepeer_peer_drifted(s->peer)
        || now->token.len == 0 || now->token.len > NGX_LIVEPEER_TOKEN_MAX
        || ngx_strlen(now->session_id) > NGX_LIVEPEER_TOKEN_MAX)
    {
        seg->reason = "changes its session again and again";
        return NGX_DECLINED;
    }

    ngx_livepeer_session_adopt(s, &seg->arena, now);

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_pay_settle(ngx_livepeer_seg_t *seg)
{
    uint64_t                 pixels;
    lp_money_t               cost;
    const char              *why;
    ngx_livepeer_bill_t     *bill = seg->bill;
    ngx_livepeer_session_t  *s = seg->session;

    if (bill == NULL) {
        return NGX_OK;
    }

    pixels = ngx_livepeer_pay_verified(seg);

    if (lp_money_price(&cost, pixels, bill->price.num, bill->price.den,
                       LP_ROUND_UP) != LP_OK
        || lp_balance_settle(&bill->hold, &cost) != LP_OK)
    {
        ngx_livepeer_pay_forfeit(bill->account);
        lp_money_zero(&cost);
    }

    bill->account->touched = ngx_current_msec;
    bill->account->accused = 0;
    ngx_livepeer_pay_count_fee(seg, &cost, pixels);
    seg->bill = NULL;

    if (!seg->result.has_info) {
        return NGX_OK;
    }

    why = ngx_livepeer_pay_take(s, &seg->result.info);

    if (why) {
        ngx_log_error(NGX_LOG_INFO, seg->stream->log, 0,
                      "livepeer: the new offer of %V is not taken: %s",
                      &s->url, why);
    }

    return ngx_livepeer_pay_drift(seg);
}


static void
ngx_livepeer_pay_unshow(ngx_livepeer_bill_t *bill)
{
    ngx_livepeer_standing_t   *standing;
    ngx_livepeer_orch_stat_t  *row;

    row = ngx_livepeer_row_lock(bill->seg);
    if (row == NULL) {
        return;
    }

    /* a row or a standing may be a new one, without these tickets */

    if (row->tickets >= bill->ntickets
        && lp_money_cmp(&row->ev, &bill->ev) >= 0)
    {
        row->tickets -= bill->ntickets;
        (void) lp_money_sub(&row->ev, &row->ev, &bill->ev);
    }

    standing = ngx_livepeer_ledger_standing(&bill->params.recipient);

    if (standing->tickets >= bill->ntickets
        && lp_money_cmp(&standing->ev, &bill->ev) >= 0)
    {
        standing->tickets -= bill->ntickets;
        (void) lp_money_sub(&standing->ev, &standing->ev, &bill->ev);
    }

    row->balance = bill->account->balance.credit;

    ngx_livepeer_zone_unlock();
}


/* the tickets never left: the balance is as it was, their nonces are gone */

static void
ngx_livepeer_pay_put_back(ngx_livepeer_bill_t *bill)
{
    ngx_livepeer_slot_t    *slot;
    ngx_livepeer_stream_t  *st = bill->seg->stream;

    if (bill->hold.balance) {
        (void) lp_balance_settle(&bill->hold, NULL);
        (void) lp_balance_debit(&bill->account->balance, &bill->ev);
    }

    if (bill->shown && bill->seg->session) {
        ngx_livepeer_pay_unshow(bill);
    }

    if (!bill->counted) {
        return;
    }

    ngx_livepeer_ledger_unspend(&bill->ev, bill->ntickets,
                                &bill->params.win_prob);

    ngx_livepeer_zone_lock();
    slot = st->slot;

    if (ngx_livepeer_zone_owns(slot, st->generation)
        && lp_money_cmp(&slot->hour_ev, &bill->ev) >= 0)
    {
        (void) lp_money_sub(&slot->hour_ev, &slot->hour_ev, &bill->ev);
    }

    ngx_livepeer_zone_unlock();
}


void
ngx_livepeer_pay_drop(ngx_livepeer_seg_t *seg)
{
    ngx_livepeer_bill_t  *bill = seg->bill;

    if (bill == NULL) {
        return;
    }

    seg->bill = NULL;

    ngx_livepeer_ask_cancel(&bill->ask_segment);
    ngx_livepeer_ask_cancel(&bill->ask_tickets);

    if (seg->call && ngx_livepeer_curl_reached(seg->call)) {
        (void) lp_balance_settle(&bill->hold, NULL);
        ngx_livepeer_pay_forfeit(bill->account);

        if (bill->price.num) {
            ngx_livepeer_peer_lost(seg->session->peer);
        }

        return;
    }

    ngx_livepeer_pay_put_back(bill);
}
