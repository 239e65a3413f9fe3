/*
 * What was spent, on whom, and what is left: copied from the ledger under the
 * lock and written after it. The page and its readers do the arithmetic on
 * text; nothing here is a double but a chance.
 */
#include "ngx_livepeer_module/ngx_livepeer_json_money.h"
#include "ngx_livepeer_module/ngx_livepeer_json.h"
#include "ngx_livepeer_module/ngx_livepeer_module.h"
#include "ngx_livepeer_module/ngx_livepeer_signer.h"

#include <math.h>


#define NGX_LIVEPEER_MONEY_DAY    (24 * 60 * 60)     /* s */
#define NGX_LIVEPEER_MONEY_HOUR   (60 * 60)
#define NGX_LIVEPEER_MONEY_FRESH  (60 * 1000)        /* ms: a rate's life */


/* copies: too large for a stack */
static ngx_livepeer_standing_t
    ngx_livepeer_json_standings[NGX_LIVEPEER_STANDINGS];
static ngx_livepeer_entry_t
    ngx_livepeer_json_entries[NGX_LIVEPEER_ENTRIES_MAX];


/* Values */


static void
ngx_livepeer_json_null(lp_buf_t *out, const char *key)
{
    lp_buf_printf(out, "\"%s\":null,", key);
}


static void
ngx_livepeer_json_wei(lp_buf_t *out, const char *key, const lp_u256_t *wei)
{
    char  text[LP_U256_DEC_LEN];

    lp_buf_printf(out, "\"%s\":\"%s\",", key, lp_u256_put_dec(text, wei));
}


static void
ngx_livepeer_json_limit(lp_buf_t *out, const char *key, const lp_u256_t *wei)
{
    if (ngx_livepeer_ledger_limited(wei)) {
        ngx_livepeer_json_wei(out, key, wei);

    } else {
        ngx_livepeer_json_null(out, key);
    }
}


/* whole wei, rounded to zero; a debt has a minus sign */

static void
ngx_livepeer_json_amount(lp_buf_t *out, const char *key, const lp_money_t *m)
{
    char        text[LP_U256_DEC_LEN];
    lp_u256_t   wei;
    lp_money_t  abs = *m;

    abs.negative = 0;

    if (lp_money_to_wei(&wei, &abs, LP_ROUND_DOWN) != LP_OK) {
        ngx_livepeer_json_null(out, key);
        return;
    }

    lp_buf_printf(out, "\"%s\":\"%s%s\",", key,
                  m->negative && !lp_u256_is_zero(&wei) ? "-" : "",
                  lp_u256_put_dec(text, &wei));
}


static void
ngx_livepeer_json_address(lp_buf_t *out, const char *key,
    const lp_address_t *a)
{
    char  text[LP_ADDRESS_TEXT_LEN + 1];

    if (lp_address_is_zero(a)) {
        ngx_livepeer_json_null(out, key);
        return;
    }

    lp_address_text(text, a);
    ngx_livepeer_json_str(out, key, text);
}


/* as livepeer_max_price takes it */

static void
ngx_livepeer_json_price(lp_buf_t *out, const char *key,
    const lp_price_t *price)
{
    lp_price_t  p = *price;

    if (p.den == 0 || lp_price_reduce(&p) != LP_OK) {
        ngx_livepeer_json_null(out, key);

    } else if (p.den == 1) {
        lp_buf_printf(out, "\"%s\":\"%lld\",", key, (long long) p.num);

    } else {
        lp_buf_printf(out, "\"%s\":\"%lld/%lld\",", key, (long long) p.num,
                      (long long) p.den);
    }
}


static void
ngx_livepeer_json_stop(lp_buf_t *out, ngx_livepeer_stop_e stop)
{
    ngx_livepeer_json_str(out, "stop", ngx_livepeer_ledger_stop_label(stop));
    ngx_livepeer_json_str(out, "remedy", ngx_livepeer_ledger_stop_text(stop));
}


/* unix time of the next whole period */

static void
ngx_livepeer_json_anew(lp_buf_t *out, ngx_int_t period)
{
    ngx_livepeer_json_num(out, "anew_ms",
                          (int64_t) (ngx_time() / period + 1) * period
                          * 1000);
}


/* A stream and its rows */


ngx_livepeer_money_t *
ngx_livepeer_json_money_of(const char *name)
{
    size_t                 len = ngx_strlen(name);
    ngx_uint_t             i;
    ngx_array_t           *apps = &ngx_livepeer_core_conf()->apps;
    ngx_livepeer_app_t   **app = apps->elts;

    for (i = 0; i < apps->nelts; i++) {
        if (app[i]->stream.money.on_chain
            && app[i]->stream.app.len == len
            && ngx_memcmp(app[i]->stream.app.data, name, len) == 0)
        {
            return &app[i]->stream.money;
        }
    }

    return NULL;
}


void
ngx_livepeer_json_money_hourly(lp_u256_t *wei,
    const ngx_livepeer_slot_t *slot)
{
    if (slot->ended || slot->hourly_at == 0
        || ngx_current_msec - slot->hourly_at > NGX_LIVEPEER_MONEY_FRESH)
    {
        lp_u256_set(wei, 0);

    } else {
        *wei = slot->hourly;
    }
}


/* tickets of an hour that is over count no more */

static void
ngx_livepeer_json_money_spent(lp_u256_t *wei, const ngx_livepeer_slot_t *slot)
{
    if (slot->hour != (int64_t) ngx_time() / NGX_LIVEPEER_MONEY_HOUR
        || lp_money_to_wei(wei, &slot->hour_ev, LP_ROUND_UP) != LP_OK)
    {
        lp_u256_set(wei, 0);
    }
}


ngx_uint_t
ngx_livepeer_json_money_left(lp_u256_t *left, const ngx_livepeer_money_t *m,
    const ngx_livepeer_slot_t *slot)
{
    lp_u256_t  spent, *budget = &m->budget->stream;

    if (!ngx_livepeer_ledger_limited(budget)) {
        return 0;
    }

    ngx_livepeer_json_money_spent(&spent, slot);

    if (lp_u256_sub(left, budget, &spent) != LP_OK) {
        lp_u256_set(left, 0);
    }

    return 1;
}


void
ngx_livepeer_json_money_sum(ngx_livepeer_orch_stat_t *sum,
    const ngx_livepeer_slot_t *slot)
{
    ngx_uint_t                       i;
    const ngx_livepeer_orch_stat_t  *row;

    ngx_memzero(sum, sizeof(ngx_livepeer_orch_stat_t));

    for (i = 0; i < slot->norchs; i++) {
        row = &slot->orchs[i];
        sum->tickets += row->tickets;
        sum->unpaid_pixels += row->unpaid_pixels;
        (void) lp_money_add(&sum->ev, &sum->ev, &row->ev);
        (void) lp_money_add(&sum->fee, &sum->fee, &row->fee);
    }
}


static void
ngx_livepeer_json_money_sums(lp_buf_t *out,
    const ngx_livepeer_orch_stat_t *row)
{
    ngx_livepeer_json_num(out, "tickets", (int64_t) row->tickets);
    ngx_livepeer_json_amount(out, "ev_wei", &row->ev);
    ngx_livepeer_json_amount(out, "fee_wei", &row->fee);
    ngx_livepeer_json_num(out, "unpaid_pixels",
                          (int64_t) row->unpaid_pixels);
}


void
ngx_livepeer_json_money_row(lp_buf_t *out, const ngx_livepeer_slot_t *slot,
    const ngx_livepeer_orch_stat_t *row)
{
    if (ngx_livepeer_json_money_of(slot->app) == NULL) {
        ngx_livepeer_json_null(out, "money");
        return;
    }

    lp_buf_put_str(out, "\"money\":{");
    ngx_livepeer_json_address(out, "address", &row->address);
    ngx_livepeer_json_price(out, "price", &row->price);
    ngx_livepeer_json_wei(out, "face_value_wei", &row->face_value);
    lp_buf_printf(out, "\"win_prob\":%.9g,",
                  ldexp((double) row->win_prob.w[3], -64));
    ngx_livepeer_json_amount(out, "balance_wei", &row->balance);
    ngx_livepeer_json_money_sums(out, row);
    ngx_livepeer_json_close(out, '}');
}


void
ngx_livepeer_json_money_stream(lp_buf_t *out, const ngx_livepeer_slot_t *slot)
{
    lp_u256_t                 wei;
    ngx_livepeer_money_t     *m;
    ngx_livepeer_orch_stat_t  sum;

    m = ngx_livepeer_json_money_of(slot->app);

    if (m == NULL) {
        ngx_livepeer_json_null(out, "money");
        return;
    }

    lp_buf_put_str(out, "\"money\":{");
    ngx_livepeer_json_stop(out,
        slot->advice & NGX_LIVEPEER_ADVICE_BUDGET && !slot->ended
        ? NGX_LIVEPEER_STOP_STREAM : NGX_LIVEPEER_STOP_NONE);

    ngx_livepeer_json_money_sum(&sum, slot);
    ngx_livepeer_json_money_sums(out, &sum);

    ngx_livepeer_json_money_hourly(&wei, slot);
    ngx_livepeer_json_wei(out, "hourly_wei", &wei);
    ngx_livepeer_json_price(out, "max_price", m->max_price);

    lp_buf_put_str(out, "\"hour\":{");
    ngx_livepeer_json_limit(out, "budget_wei", &m->budget->stream);
    ngx_livepeer_json_money_spent(&wei, slot);
    ngx_livepeer_json_wei(out, "spent_wei", &wei);

    if (ngx_livepeer_json_money_left(&wei, m, slot)) {
        ngx_livepeer_json_wei(out, "left_wei", &wei);

    } else {
        ngx_livepeer_json_null(out, "left_wei");
    }

    ngx_livepeer_json_anew(out, NGX_LIVEPEER_MONEY_HOUR);
    ngx_livepeer_json_close(out, '}');
    ngx_livepeer_json_close(out, '}');
}


/* The node */


static ngx_livepeer_money_t *
ngx_livepeer_json_money_node_conf(void)
{
    ngx_livepeer_app_t   **app;
    ngx_livepeer_money_t  *m;

    if (ngx_livepeer_core_conf()->apps.nelts == 0) {
        return NULL;
    }

    /* all applications have the same signer and chain, or none */

    app = ngx_livepeer_core_conf()->apps.elts;
    m = &app[0]->stream.money;

    return m->on_chain ? m : NULL;
}


static void
ngx_livepeer_json_money_chain(lp_buf_t *out, const ngx_livepeer_facts_t *f)
{
    const lp_sender_chain_t  *own = &f->own;

    ngx_livepeer_json_num(out, "read", f->read);
    ngx_livepeer_json_num(out, "chain_id", (int64_t) f->chain_id);
    ngx_livepeer_json_num(out, "block", (int64_t) f->block);
    ngx_livepeer_json_num(out, "block_age_ms", f->advanced == 0 ? 0
                          : (int64_t) (ngx_current_msec - f->advanced));
    ngx_livepeer_json_num(out, "l1_block", (int64_t) own->l1_block);
    ngx_livepeer_json_num(out, "round", (int64_t) own->round);
    ngx_livepeer_json_address(out, "address", &f->address);
    ngx_livepeer_json_wei(out, "deposit_wei", &own->deposit);
    ngx_livepeer_json_wei(out, "reserve_wei", &own->reserve);
    ngx_livepeer_json_str(out, "unlock", own->withdraw_round == 0 ? "locked"
                          : own->withdraw_round > own->round ? "unlocking"
                          : "unlocked");
    ngx_livepeer_json_num(out, "withdraw_round",
                          (int64_t) own->withdraw_round);
    ngx_livepeer_json_num(out, "winners", (int64_t) f->winners);
    ngx_livepeer_json_wei(out, "redeemed_wei", &f->redeemed);
}


static void
ngx_livepeer_json_money_day(lp_buf_t *out, const ngx_livepeer_money_t *m,
    const ngx_livepeer_spent_t *spent, const lp_sign_hello_t *hello,
    const lp_u256_t *left)
{
    lp_u256_t  wei;

    lp_buf_put_str(out, "\"day\":{");
    ngx_livepeer_json_limit(out, "budget_wei", &m->budget->day);

    if (lp_money_to_wei(&wei, &spent->day_ev, LP_ROUND_UP) != LP_OK) {
        lp_u256_set(&wei, 0);
    }

    ngx_livepeer_json_wei(out, "spent_wei", &wei);
    ngx_livepeer_json_limit(out, "signer_budget_wei", &hello->day_budget);
    ngx_livepeer_json_wei(out, "signer_spent_wei", &hello->day_spent);
    ngx_livepeer_json_limit(out, "left_wei", left);
    ngx_livepeer_json_anew(out, NGX_LIVEPEER_MONEY_DAY);
    ngx_livepeer_json_close(out, '}');
}


static void
ngx_livepeer_json_money_signer(lp_buf_t *out, const lp_sign_hello_t *hello)
{
    if (lp_address_is_zero(&hello->address)) {
        ngx_livepeer_json_null(out, "signer");
        return;
    }

    lp_buf_put_str(out, "\"signer\":{");
    ngx_livepeer_json_address(out, "address", &hello->address);
    ngx_livepeer_json_num(out, "answers", ngx_livepeer_signer_ready(NULL));
    ngx_livepeer_json_limit(out, "stream_budget_wei", &hello->stream_budget);
    ngx_livepeer_json_limit(out, "recipient_budget_wei",
                            &hello->recipient_budget);
    ngx_livepeer_json_limit(out, "max_face_value_wei",
                            &hello->max_face_value);
    ngx_livepeer_json_limit(out, "max_ticket_ev_wei", &hello->max_ticket_ev);
    ngx_livepeer_json_num(out, "recipients", hello->recipients);
    ngx_livepeer_json_close(out, '}');
}


static void
ngx_livepeer_json_money_refusals(lp_buf_t *out,
    const ngx_livepeer_spent_t *spent)
{
    ngx_uint_t  i;

    lp_buf_put_str(out, "\"signer_refusals\":{");

    for (i = LP_SIGN_OK + 1; i < LP_SIGN_NREFUSALS; i++) {
        if (spent->refusals[i]) {
            ngx_livepeer_json_num(out, lp_sign_label(i),
                                  (int64_t) spent->refusals[i]);
        }
    }

    ngx_livepeer_json_close(out, '}');
}


/* Who was paid */


static int ngx_libc_cdecl
ngx_livepeer_json_money_dearer(const void *one, const void *two)
{
    const ngx_livepeer_standing_t  *a = one, *b = two;

    return -lp_money_cmp(&a->ev, &b->ev);
}


/* the part of what it redeemed that its registered share gives to stake */

static void
ngx_livepeer_json_money_split(lp_buf_t *out,
    const ngx_livepeer_standing_t *s, const ngx_livepeer_entry_t *entry)
{
    lp_u256_t  shared, share, whole;

    if (entry == NULL || !entry->has_terms) {
        ngx_livepeer_json_null(out, "fee_share_ppm");
        ngx_livepeer_json_null(out, "reward_cut_ppm");
        ngx_livepeer_json_null(out, "shared_wei");
        return;
    }

    lp_u256_set(&share, entry->fee_share);
    lp_u256_set(&whole, NGX_LIVEPEER_PERC);

    if (lp_u256_mul_div(&shared, &s->redeemed, &share, &whole, 0) != LP_OK) {
        lp_u256_set(&shared, 0);
    }

    ngx_livepeer_json_num(out, "fee_share_ppm", entry->fee_share);
    ngx_livepeer_json_num(out, "reward_cut_ppm", entry->reward_cut);
    ngx_livepeer_json_wei(out, "shared_wei", &shared);
}


static void
ngx_livepeer_json_money_payee(lp_buf_t *out,
    const ngx_livepeer_standing_t *s, ngx_uint_t nentries)
{
    ngx_uint_t                   i;
    ngx_msec_int_t               left;
    const ngx_livepeer_entry_t  *entry = NULL;

    for (i = 0; i < nentries; i++) {
        if (lp_address_equal(&ngx_livepeer_json_entries[i].address,
                             &s->address))
        {
            entry = &ngx_livepeer_json_entries[i];
            break;
        }
    }

    left = s->penalty
           ? (ngx_msec_int_t) (s->suspended + s->penalty - ngx_current_msec)
           : 0;

    lp_buf_put_u8(out, '{');
    ngx_livepeer_json_address(out, "address", &s->address);

    if (entry) {
        ngx_livepeer_json_str(out, "url", entry->url);

    } else {
        ngx_livepeer_json_null(out, "url");
    }

    ngx_livepeer_json_num(out, "tickets", (int64_t) s->tickets);
    ngx_livepeer_json_amount(out, "ev_wei", &s->ev);
    ngx_livepeer_json_amount(out, "fee_wei", &s->fee);
    ngx_livepeer_json_num(out, "winners", (int64_t) s->winners);
    ngx_livepeer_json_wei(out, "redeemed_wei", &s->redeemed);
    ngx_livepeer_json_num(out, "suspended_ms", left > 0 ? left : 0);
    ngx_livepeer_json_money_split(out, s, entry);
    ngx_livepeer_json_close(out, '}');
}


static void
ngx_livepeer_json_money_payees(lp_buf_t *out)
{
    ngx_uint_t                i, n = 0, nentries;
    ngx_livepeer_ledger_t    *l = ngx_livepeer_zone_ledger();
    ngx_livepeer_standing_t  *s = ngx_livepeer_json_standings;

    nentries = ngx_livepeer_ledger_entries(ngx_livepeer_json_entries,
                                           NGX_LIVEPEER_ENTRIES_MAX);

    ngx_livepeer_zone_lock();

    for (i = 0; i < NGX_LIVEPEER_STANDINGS; i++) {
        if (l->standings[i].tickets || l->standings[i].winners) {
            s[n++] = l->standings[i];
        }
    }

    ngx_livepeer_zone_unlock();

    ngx_qsort(s, n, sizeof(ngx_livepeer_standing_t),
              ngx_livepeer_json_money_dearer);

    lp_buf_put_str(out, "\"orchestrators\":[");

    for (i = 0; i < n && i < NGX_LIVEPEER_JSON_PAYEES; i++) {
        ngx_livepeer_json_money_payee(out, &s[i], nentries);
    }

    ngx_livepeer_json_close(out, ']');
}


void
ngx_livepeer_json_money_node(lp_buf_t *out)
{
    lp_u256_t               left;
    ngx_livepeer_stop_e     stop;
    ngx_livepeer_facts_t    facts;
    ngx_livepeer_spent_t    spent;
    lp_sign_hello_t         hello;
    ngx_livepeer_money_t   *m = ngx_livepeer_json_money_node_conf();
    ngx_livepeer_ledger_t  *l;

    if (m == NULL) {
        ngx_livepeer_json_null(out, "money");
        return;
    }

    l = ngx_livepeer_zone_ledger();

    ngx_livepeer_zone_lock();

    ngx_livepeer_ledger_left(&left, &m->budget->day);
    stop = l->stop;
    facts = l->facts;
    spent = l->spent;
    hello = l->hello;

    ngx_livepeer_zone_unlock();

    lp_buf_put_str(out, "\"money\":{");
    ngx_livepeer_json_stop(out, stop);
    ngx_livepeer_json_money_chain(out, &facts);
    ngx_livepeer_json_wei(out, "min_deposit_wei", m->min_deposit);
    ngx_livepeer_json_num(out, "tickets", (int64_t) spent.tickets);
    ngx_livepeer_json_amount(out, "ev_wei", &spent.ev);
    ngx_livepeer_json_amount(out, "fee_wei", &spent.fee);
    ngx_livepeer_json_num(out, "unpaid_pixels",
                          (int64_t) spent.unpaid_pixels);
    lp_buf_printf(out, "\"winners_expected\":%.3f,", spent.wins_expected);
    ngx_livepeer_json_num(out, "lottery_alarm", l->alarm);
    ngx_livepeer_json_num(out, "refused", (int64_t) spent.refused);
    ngx_livepeer_json_money_refusals(out, &spent);
    ngx_livepeer_json_money_day(out, m, &spent, &hello, &left);
    ngx_livepeer_json_money_signer(out, &hello);
    ngx_livepeer_json_money_payees(out);
    ngx_livepeer_json_close(out, '}');
}
