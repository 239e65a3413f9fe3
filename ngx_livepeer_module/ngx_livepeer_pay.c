/*
 * Offers, bills and balances. A bill is made when a session is held for a
 * segment and lives until the attempt is over:
 *
 *   judge > tickets counted > budget > signed > sent > settled by pixels
 *                                        |        |
 *                         put back <-----+        +----> spent, for nothing
 *
 * Every ticket that left the process is spent, whatever the answer was.
 */
#include "common/util/hex.h"
#include "ngx_livepeer_module/ngx_livepeer_pay.h"
#include "ngx_livepeer_module/ngx_livepeer_row.h"
#include "ngx_livepeer_module/ngx_livepeer_seg.h"
#include "ngx_livepeer_module/ngx_livepeer_session.h"
#include "ngx_livepeer_module/ngx_livepeer_signer.h"
#include "ngx_livepeer_module/ngx_livepeer_stop.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"


#define NGX_LIVEPEER_PAY_OLD   (10 * 60 * 1000)      /* ms: a balance's life */
#define NGX_LIVEPEER_PAY_FPS   60                    /* when none is said */
#define NGX_LIVEPEER_PAY_HOUR  3600


static void ngx_livepeer_pay_answer_segment(ngx_livepeer_ask_t *ask,
    const lp_sign_reply_t *r);
static void ngx_livepeer_pay_answer_tickets(ngx_livepeer_ask_t *ask,
    const lp_sign_reply_t *r);


/* Counting */


/* the first of n nonces of the commitment; 0: there are none left */

static uint32_t
ngx_livepeer_pay_nonces(ngx_livepeer_account_t *a, uint32_t n)
{
    uint32_t               first;
    ngx_uint_t             i;
    ngx_livepeer_nonce_t  *nonce;

    for (i = 0; i < NGX_LIVEPEER_PAY_NONCES; i++) {
        nonce = &a->nonces[i];

        if (nonce->next && ngx_memcmp(&nonce->rand_hash, &a->params.rand_hash,
                                      sizeof(lp_hash_t)) == 0)
        {
            break;
        }
    }

    if (i == NGX_LIVEPEER_PAY_NONCES) {
        nonce = &a->nonces[a->nnonces++ % NGX_LIVEPEER_PAY_NONCES];
        nonce->rand_hash = a->params.rand_hash;
        nonce->next = 1;
    }

    if (nonce->next > UINT32_MAX - n) {
        return 0;
    }

    first = nonce->next;
    nonce->next += n;

    return first;
}


static void
ngx_livepeer_pay_touch(ngx_livepeer_account_t *a)
{
    if (ngx_current_msec - a->touched > NGX_LIVEPEER_PAY_OLD) {
        ngx_livepeer_pay_forfeit(a);
    }

    a->touched = ngx_current_msec;
}


/* the most that an orchestrator may count for the segment: wire.md 4.5 */

static uint64_t
ngx_livepeer_pay_pixels(ngx_livepeer_seg_t *seg)
{
    uint64_t       fps, seconds, pixels = 0;
    ngx_uint_t     i;
    lp_profile_t  *p;

    seconds = (seg->duration_ms + 999) / 1000;

    for (i = 0; i < seg->nrenditions; i++) {
        p = &seg->stream->rungs[i].profile;

        fps = p->fps_num == 0 ? NGX_LIVEPEER_PAY_FPS
              : p->fps_den == 0 ? p->fps_num
              : (p->fps_num + (uint64_t) p->fps_den - 1) / p->fps_den;

        pixels += (uint64_t) p->width * p->height * fps * seconds;
    }

    return pixels;
}


/* The stream's budget */


static ngx_int_t
ngx_livepeer_pay_stream_budget(ngx_livepeer_stream_t *st, lp_money_t *ev,
    lp_u256_t *budget)
{
    int64_t               hour = (int64_t) ngx_time() / NGX_LIVEPEER_PAY_HOUR;
    ngx_int_t             rc = NGX_DECLINED;
    lp_money_t            sum, limit;
    ngx_livepeer_slot_t  *slot = st->slot;

    ngx_livepeer_zone_lock();

    if (slot->hour != hour) {
        slot->hour = hour;
        lp_money_zero(&slot->hour_ev);
    }

    if (lp_money_add(&sum, &slot->hour_ev, ev) == LP_OK
        && (lp_money_from_wei(&limit, budget) != LP_OK
            || lp_money_cmp(&sum, &limit) <= 0))
    {
        slot->hour_ev = sum;
        rc = NGX_OK;
    }

    ngx_livepeer_zone_unlock();

    return rc;
}


/* Bills */


static ngx_int_t
ngx_livepeer_pay_fail(ngx_livepeer_seg_t *seg, ngx_livepeer_stop_e stop)
{
    ngx_livepeer_stop_set(seg->stream, stop, &seg->bill->ev);

    seg->reason = "was not asked: nobody can be paid";
    seg->stopped = 1;

    return NGX_ERROR;
}


/* counted before it is signed: what fails afterwards is taken back */

static ngx_int_t
ngx_livepeer_pay_reserve(ngx_livepeer_seg_t *seg)
{
    ngx_livepeer_bill_t   *bill = seg->bill;
    ngx_livepeer_money_t  *m = &seg->stream->conf->money;

    if (bill->ntickets == 0) {
        return NGX_OK;
    }

    if (ngx_livepeer_ledger_spend(&bill->ev, bill->ntickets,
                                  &bill->params.win_prob, &m->budget->day)
        != NGX_OK)
    {
        return ngx_livepeer_pay_fail(seg, NGX_LIVEPEER_STOP_DAY);
    }

    if (ngx_livepeer_pay_stream_budget(seg->stream, &bill->ev,
                                       &m->budget->stream)
        != NGX_OK)
    {
        ngx_livepeer_ledger_unspend(&bill->ev, bill->ntickets,
                                    &bill->params.win_prob);
        return ngx_livepeer_pay_fail(seg, NGX_LIVEPEER_STOP_STREAM);
    }

    bill->counted = 1;

    return NGX_OK;
}


/* how many tickets, and what they are to cover */

static lp_status_t
ngx_livepeer_pay_count(ngx_livepeer_seg_t *seg, lp_money_t *due)
{
    lp_money_t               ev;
    lp_price_t               price;
    lp_status_t              status;
    ngx_uint_t               i;
    ngx_livepeer_bill_t     *bill = seg->bill;
    ngx_livepeer_account_t  *a = bill->account;

    price = a->price;
    lp_money_zero(due);
    lp_money_zero(&bill->ev);

    if (price.num == 0) {
        return LP_OK;
    }

    status = lp_sender_fee(due, ngx_livepeer_pay_pixels(seg), &price);

    if (status == LP_OK) {
        status = lp_params_ev(&ev, &a->params, LP_ROUND_DOWN);
    }

    if (status == LP_OK) {
        status = lp_balance_tickets(&bill->ntickets, &a->balance, due, &ev,
                           seg->stream->conf->money.limits.max_tickets);
    }

    if (lp_money_cmp(&ev, due) > 0) {
        *due = ev;
    }

    for (i = 0; i < bill->ntickets && status == LP_OK; i++) {
        status = lp_money_add(&bill->ev, &bill->ev, &ev);
    }

    return status;
}


static ngx_int_t
ngx_livepeer_pay_judge(ngx_livepeer_seg_t *seg)
{
    lp_sender_verdict_e    v;
    ngx_livepeer_facts_t   facts;
    ngx_livepeer_bill_t   *bill = seg->bill;

    ngx_livepeer_ledger_facts(&facts);

    v = lp_sender_judge(&bill->params, &bill->price,
                        &seg->session->peer->address,
                        &bill->account->first, ngx_max(bill->ntickets, 1),
                        &seg->stream->conf->money.limits, &facts.own);

    switch (v) {

    case LP_SENDER_OK:
    case LP_SENDER_FREE:
        return NGX_OK;

    case LP_SENDER_UNLOCKING:
        return ngx_livepeer_pay_fail(seg, NGX_LIVEPEER_STOP_UNLOCKING);

    case LP_SENDER_NO_RESERVE:
        return ngx_livepeer_pay_fail(seg, NGX_LIVEPEER_STOP_RESERVE);

    case LP_SENDER_NO_DEPOSIT:
        return ngx_livepeer_pay_fail(seg, NGX_LIVEPEER_STOP_DEPOSIT);

    case LP_SENDER_EXPIRED:
    case LP_SENDER_ROUND:

        /* it lay too long: no fault of anybody's, and nothing was paid */

        seg->anew = 1;

        /* fall through */

    default:
        seg->reason = lp_sender_text(v);
        return NGX_DECLINED;
    }
}


static void
ngx_livepeer_pay_ask_segment(lp_sign_request_t *r, lp_wire_seg_data_t *data)
{
    ngx_uint_t          i;
    lp_sign_segment_t  *s = &r->segment;

    ngx_memzero(r, sizeof(lp_sign_request_t));

    r->kind = LP_SIGN_SEGMENT;
    ngx_cpystrn((u_char *) s->manifest, (u_char *) data->manifest_id,
                sizeof(s->manifest));
    s->seq = data->seq;
    s->hash = data->hash;
    s->nnames = (uint32_t) data->nprofiles;

    for (i = 0; i < data->nprofiles; i++) {
        ngx_cpystrn((u_char *) s->names[i], (u_char *) data->profiles[i].name,
                    sizeof(s->names[i]));
    }
}


static void
ngx_livepeer_pay_ask_tickets(lp_sign_request_t *r, ngx_livepeer_seg_t *seg,
    uint32_t first)
{
    ngx_uint_t          i;
    lp_params_t        *p = &seg->bill->params;
    lp_sign_tickets_t  *t = &r->tickets;

    ngx_memzero(r, sizeof(lp_sign_request_t));

    r->kind = LP_SIGN_TICKETS;
    (void) lp_hex_decode(t->stream, sizeof(t->stream),
                         (char *) seg->stream->manifest,
                         2 * sizeof(t->stream));
    t->recipient = p->recipient;
    t->face_value = p->face_value;
    t->win_prob = p->win_prob;
    t->rand_hash = p->rand_hash;
    t->round = p->round;
    t->round_hash = p->round_hash;
    t->first_nonce = first;
    t->n = seg->bill->ntickets;

    for (i = 0; i < t->n; i++) {
        seg->bill->tickets[i].nonce = first + (uint32_t) i;
    }
}


/* both questions leave in one write, and their answers come together */

static ngx_int_t
ngx_livepeer_pay_ask(ngx_livepeer_seg_t *seg, lp_wire_seg_data_t *data)
{
    uint32_t              first;
    lp_sign_request_t     r;
    ngx_livepeer_bill_t  *bill = seg->bill;

    ngx_livepeer_pay_ask_segment(&r, data);
    bill->ask_segment.answer = ngx_livepeer_pay_answer_segment;
    bill->ask_segment.owner = seg;

    if (ngx_livepeer_ask_start(&bill->ask_segment, &r) != NGX_OK) {
        return ngx_livepeer_pay_fail(seg, NGX_LIVEPEER_STOP_SIGNER);
    }

    if (bill->ntickets == 0) {
        return NGX_OK;
    }

    first = ngx_livepeer_pay_nonces(bill->account, bill->ntickets);
    bill->tickets = ngx_palloc(seg->pool, bill->ntickets
                                          * sizeof(lp_wire_sender_params_t));

    if (bill->tickets == NULL || first == 0) {
        seg->reason = "was not asked: out of memory, or of nonces";
        return NGX_DECLINED;
    }

    ngx_livepeer_pay_ask_tickets(&r, seg, first);
    bill->ask_tickets.answer = ngx_livepeer_pay_answer_tickets;
    bill->ask_tickets.owner = seg;

    if (ngx_livepeer_ask_start(&bill->ask_tickets, &r) != NGX_OK) {
        return ngx_livepeer_pay_fail(seg, NGX_LIVEPEER_STOP_SIGNER);
    }

    return NGX_OK;
}


/* the credit is there from now on, and what the segment may cost is held */

static ngx_int_t
ngx_livepeer_pay_open(ngx_livepeer_seg_t *seg, lp_wire_seg_data_t *data)
{
    ngx_int_t                rc;
    lp_money_t               due;
    ngx_livepeer_bill_t     *bill;
    ngx_livepeer_account_t  *a = &seg->session->account;

    bill = ngx_pcalloc(seg->pool, sizeof(ngx_livepeer_bill_t));
    if (bill == NULL) {
        seg->reason = "was not asked: out of memory";
        return NGX_DECLINED;
    }

    bill->seg = seg;
    bill->account = a;
    bill->params = a->params;
    bill->price = a->price;
    seg->bill = bill;

    ngx_livepeer_pay_touch(a);

    if (ngx_livepeer_pay_count(seg, &due) != LP_OK) {
        bill->ntickets = 0;
        seg->reason = "asks for more tickets than livepeer_max_tickets";
        return NGX_DECLINED;
    }

    rc = ngx_livepeer_pay_judge(seg);

    if (rc == NGX_OK) {
        rc = ngx_livepeer_pay_reserve(seg);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (lp_balance_credit(&a->balance, &bill->ev) != LP_OK
        || lp_balance_hold(&a->balance, &bill->hold, &due) != LP_OK)
    {
        seg->reason = "was not asked: its balance is out of range";
        return NGX_DECLINED;
    }

    rc = ngx_livepeer_pay_ask(seg, data);

    return rc == NGX_OK ? NGX_AGAIN : rc;
}


/* Answers of the signer: facts, and a wake */


static ngx_uint_t
ngx_livepeer_pay_answered(ngx_livepeer_seg_t *seg, const lp_sign_reply_t *r)
{
    ngx_livepeer_bill_t  *bill = seg->bill;

    ngx_livepeer_seg_wake(seg);

    if (r == NULL) {
        bill->silent = 1;
        return 0;
    }

    if (r->refusal != LP_SIGN_OK && bill->refusal == LP_SIGN_OK) {
        bill->refusal = r->refusal;
    }

    return r->refusal == LP_SIGN_OK;
}


static void
ngx_livepeer_pay_answer_segment(ngx_livepeer_ask_t *ask,
    const lp_sign_reply_t *r)
{
    ngx_livepeer_seg_t  *seg = ask->owner;

    if (ngx_livepeer_pay_answered(seg, r)) {
        seg->bill->sig = r->sig;
    }
}


static void
ngx_livepeer_pay_answer_tickets(ngx_livepeer_ask_t *ask,
    const lp_sign_reply_t *r)
{
    ngx_uint_t            i;
    ngx_livepeer_seg_t   *seg = ask->owner;
    ngx_livepeer_bill_t  *bill = seg->bill;

    if (!ngx_livepeer_pay_answered(seg, r)) {
        return;
    }

    if (r->nsigs != bill->ntickets) {
        bill->silent = 1;
        return;
    }

    for (i = 0; i < bill->ntickets; i++) {
        ngx_memcpy(bill->tickets[i].sig.b, r->sigs + i * LP_SIG_LEN,
                   LP_SIG_LEN);
    }
}


static ngx_int_t
ngx_livepeer_pay_refusal(ngx_livepeer_seg_t *seg)
{
    lp_sign_refusal_e  refusal = seg->bill->refusal;

    ngx_livepeer_zone_lock();
    ngx_livepeer_zone_ledger()->spent.refusals[refusal]++;
    ngx_livepeer_zone_unlock();

    switch (refusal) {

    case LP_SIGN_DAY:
        return ngx_livepeer_pay_fail(seg, NGX_LIVEPEER_STOP_DAY);

    case LP_SIGN_STREAM:
        return ngx_livepeer_pay_fail(seg, NGX_LIVEPEER_STOP_STREAM);

    case LP_SIGN_JOURNAL:
        return ngx_livepeer_pay_fail(seg, NGX_LIVEPEER_STOP_JOURNAL);

    case LP_SIGN_RECIPIENT:
    case LP_SIGN_RECIPIENT_HOUR:
        seg->session->account.rest = ngx_current_msec
                                     + NGX_LIVEPEER_PAY_REST;
        seg->unpaid = 1;
        seg->reason = lp_sign_text(refusal);
        return NGX_DECLINED;

    case LP_SIGN_FACE_VALUE:
    case LP_SIGN_TICKET_EV:
    case LP_SIGN_TICKET:
    case LP_SIGN_NONCE:
        seg->reason = lp_sign_text(refusal);
        return NGX_DECLINED;

    default:
        ngx_log_error(NGX_LOG_ERR, seg->stream->log, 0,
                      "livepeer: the signer refuses: %s",
                      lp_sign_text(refusal));
        return ngx_livepeer_pay_fail(seg, NGX_LIVEPEER_STOP_ROLE);
    }
}


static void
ngx_livepeer_pay_show(ngx_livepeer_seg_t *seg)
{
    ngx_livepeer_bill_t       *bill = seg->bill;
    ngx_livepeer_standing_t   *standing;
    ngx_livepeer_orch_stat_t  *row;

    row = ngx_livepeer_row_lock(seg);

    if (row) {
        row->tickets += bill->ntickets;
        (void) lp_money_add(&row->ev, &row->ev, &bill->ev);
        row->balance = bill->account->balance.credit;

        standing = ngx_livepeer_ledger_standing(&bill->params.recipient);
        standing->tickets += bill->ntickets;
        (void) lp_money_add(&standing->ev, &standing->ev, &bill->ev);

        bill->shown = 1;
        ngx_livepeer_zone_unlock();
    }
}


ngx_int_t
ngx_livepeer_pay_sign(ngx_livepeer_seg_t *seg, lp_wire_seg_data_t *data)
{
    ngx_livepeer_bill_t  *bill = seg->bill;

    if (bill == NULL) {
        return ngx_livepeer_pay_open(seg, data);
    }

    if (bill->ask_segment.open || bill->ask_tickets.open) {
        return NGX_AGAIN;
    }

    if (bill->silent) {
        return ngx_livepeer_pay_fail(seg, NGX_LIVEPEER_STOP_SIGNER);
    }

    if (bill->refusal != LP_SIGN_OK) {
        return ngx_livepeer_pay_refusal(seg);
    }

    data->sig = bill->sig;
    data->has_sig = 1;

    if (bill->ntickets) {
        ngx_livepeer_stop_end(seg->stream);
        ngx_livepeer_pay_show(seg);
    }

    return NGX_OK;
}


void
ngx_livepeer_pay_payment(ngx_livepeer_seg_t *seg, lp_wire_payment_t *p)
{
    lp_params_t          *from;
    ngx_livepeer_bill_t  *bill = seg->bill;

    p->price.num = bill->price.num;
    p->price.den = bill->price.den;
    p->has_price = 1;

    if (bill->ntickets == 0) {
        return;
    }

    from = &bill->params;

    p->params.recipient = from->recipient;
    p->params.face_value = from->face_value;
    p->params.win_prob = from->win_prob;
    p->params.rand_hash = from->rand_hash;
    p->params.seed = from->seed;
    lp_u256_set(&p->params.expiration_block, from->expiration_block);
    p->has_params = 1;

    p->expiration.round = (int64_t) from->round;
    p->expiration.block_hash = from->round_hash;
    p->has_expiration = 1;

    p->tickets = bill->tickets;
    p->ntickets = bill->ntickets;
}
