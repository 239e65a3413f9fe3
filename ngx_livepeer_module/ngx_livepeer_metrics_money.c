/*
 * The node's money: counters since the zone was made, and what is there now.
 * Amounts are whole gwei: what a reader's double holds exactly up to nine
 * million ETH. Who was paid stands in the JSON, not in a label.
 */
#include "ngx_livepeer_module/ngx_livepeer_metrics_money.h"
#include "ngx_livepeer_module/ngx_livepeer_metrics.h"
#include "ngx_livepeer_module/ngx_livepeer_module.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"


static void
ngx_livepeer_metrics_count(lp_buf_t *out, const char *name, const char *type,
    const char *help, uint64_t value)
{
    ngx_livepeer_metrics_head(out, name, type, help);
    lp_buf_printf(out, "livepeer_%s %llu\n", name,
                  (unsigned long long) value);
}


static void
ngx_livepeer_metrics_wei(lp_buf_t *out, const char *name, const char *type,
    const char *help, const lp_u256_t *wei)
{
    ngx_livepeer_metrics_count(out, name, type, help,
                               ngx_livepeer_metrics_gwei(wei));
}


static void
ngx_livepeer_metrics_amount(lp_buf_t *out, const char *name,
    const char *help, const lp_money_t *m)
{
    ngx_livepeer_metrics_count(out, name, "counter", help,
                               ngx_livepeer_metrics_money_gwei(m));
}


static void
ngx_livepeer_metrics_stops(lp_buf_t *out, ngx_livepeer_stop_e stop)
{
    ngx_uint_t  i;

    ngx_livepeer_metrics_head(out, "payments_stopped", "gauge",
                              "1 for the reason why nobody is paid now.");

    /* a stream's own budget is a stream's own metric */

    for (i = NGX_LIVEPEER_STOP_NONE + 1; i < NGX_LIVEPEER_STOP_STREAM; i++) {
        lp_buf_printf(out, "livepeer_payments_stopped{reason=\"%s\"} %d\n",
                      ngx_livepeer_ledger_stop_label(i), i == stop);
    }
}


static void
ngx_livepeer_metrics_refusals(lp_buf_t *out,
    const ngx_livepeer_spent_t *spent)
{
    ngx_uint_t  i;

    ngx_livepeer_metrics_head(out, "signer_refusals_total", "counter",
                              "Signatures that the signer refused.");

    for (i = LP_SIGN_OK + 1; i < LP_SIGN_NREFUSALS; i++) {
        lp_buf_printf(out, "livepeer_signer_refusals_total{cause=\"%s\"} "
                      "%llu\n", lp_sign_label(i),
                      (unsigned long long) spent->refusals[i]);
    }
}


static void
ngx_livepeer_metrics_spent(lp_buf_t *out, const ngx_livepeer_spent_t *spent)
{
    ngx_livepeer_metrics_count(out, "tickets_total", "counter",
        "Tickets sent.", spent->tickets);
    ngx_livepeer_metrics_amount(out, "tickets_ev_gwei_total",
        "Expected value of all tickets sent.", &spent->ev);
    ngx_livepeer_metrics_amount(out, "fee_gwei_total",
        "Price of all pixels that were verified.", &spent->fee);
    ngx_livepeer_metrics_count(out, "unpaid_pixels_total", "counter",
        "Verified pixels that went beyond what was paid.",
        spent->unpaid_pixels);
    ngx_livepeer_metrics_count(out, "payments_refused_total", "counter",
        "Payments that orchestrators refused.", spent->refused);
    ngx_livepeer_metrics_count(out, "tls_key_changes_total", "counter",
        "Orchestrators that showed another TLS key than before.",
        spent->keys_changed);
}


static void
ngx_livepeer_metrics_chain(lp_buf_t *out, const ngx_livepeer_facts_t *f)
{
    ngx_livepeer_metrics_count(out, "winners_redeemed_total", "counter",
        "Tickets of ours that were redeemed on the chain.", f->winners);
    ngx_livepeer_metrics_wei(out, "redeemed_gwei_total", "counter",
        "What they took from deposit and reserve.", &f->redeemed);
    ngx_livepeer_metrics_wei(out, "deposit_gwei", "gauge",
        "Our deposit in the TicketBroker.", &f->own.deposit);
    ngx_livepeer_metrics_wei(out, "reserve_gwei", "gauge",
        "Our reserve in the TicketBroker.", &f->own.reserve);
    ngx_livepeer_metrics_count(out, "funds_unlocking", "gauge",
        "1 while deposit and reserve are unlocked, or being so.",
        f->own.withdraw_round != 0);
    ngx_livepeer_metrics_count(out, "chain_block", "gauge",
        "Newest block seen.", f->block);
    ngx_livepeer_metrics_count(out, "chain_round", "gauge",
        "Round that was initialized last.", f->own.round);
}


ngx_int_t
ngx_livepeer_metrics_money_put(lp_buf_t *out)
{
    lp_u256_t               left;
    ngx_uint_t              alarm;
    ngx_livepeer_app_t    **app = ngx_livepeer_core_conf()->apps.elts;
    ngx_livepeer_stop_e     stop;
    ngx_livepeer_facts_t    facts;
    ngx_livepeer_spent_t    spent;
    ngx_livepeer_money_t   *m = &app[0]->stream.money;
    ngx_livepeer_ledger_t  *l = ngx_livepeer_zone_ledger();

    if (!m->on_chain) {
        return NGX_DECLINED;
    }

    ngx_livepeer_zone_lock();

    ngx_livepeer_ledger_left(&left, &m->budget->day);
    stop = l->stop;
    alarm = l->alarm;
    facts = l->facts;
    spent = l->spent;

    ngx_livepeer_zone_unlock();

    ngx_livepeer_metrics_spent(out, &spent);
    ngx_livepeer_metrics_refusals(out, &spent);
    ngx_livepeer_metrics_stops(out, stop);
    ngx_livepeer_metrics_count(out, "lottery_alarm", "gauge",
        "1 after far more tickets won than chance allows.", alarm);

    if (ngx_livepeer_ledger_limited(&left)) {
        ngx_livepeer_metrics_wei(out, "day_budget_left_gwei", "gauge",
            "What may still be spent today.", &left);
    }

    if (facts.read) {
        ngx_livepeer_metrics_chain(out, &facts);
    }

    return NGX_OK;
}
