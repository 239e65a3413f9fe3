/* Payments as the operator sees them: JSON and Prometheus text. */

#include <stdio.h>
#include <string.h>

#include "orchestrator/payments_parts.h"


#define ORCH_SHOW_PREFIX  "livepeer_orch_"
#define ORCH_SHOW_GWEI    1000000000
#define ORCH_SHOW_SENDERS 16


static const char *const  orch_show_states[] = {
    [winner_won]    = "won",
    [winner_signed] = "signed",
    [winner_sent]   = "sent",
    [winner_mined]  = "mined",
    [winner_final]  = "final",
    [winner_dead]   = "dead"
};


/* amounts are text: 2^53 wei is less than a hundredth of an ETH */

static void
orch_show_wei(lp_buf_t *out, const char *name, const lp_u256_t *wei)
{
    char  text[LP_U256_DEC_LEN];

    lp_buf_printf(out, "\"%s\":\"%s\",", name, lp_u256_put_dec(text, wei));
}


static void
orch_show_money(lp_buf_t *out, const char *name, const lp_money_t *m)
{
    lp_u256_t  wei;

    if (lp_money_to_wei(&wei, m, LP_ROUND_DOWN) != LP_OK) {
        lp_u256_set(&wei, 0);
    }

    orch_show_wei(out, name, &wei);
}


static void
orch_show_winners(lp_buf_t *out, const orch_store_sums_t *sums)
{
    size_t  i;

    lp_buf_put_str(out, "\"winners\":{");

    for (i = 0; i <= winner_dead; i++) {
        lp_buf_printf(out, "%s\"%s\":%llu", i ? "," : "", orch_show_states[i],
                      (unsigned long long) sums->winners[i]);
    }

    lp_buf_put_str(out, "},");
}


static void
orch_show_refused(lp_buf_t *out, const orch_payments_t *p)
{
    int  i, n = 0;

    lp_buf_put_str(out, "\"refused\":{");

    for (i = refuse_nothing + 1; i < ORCH_NREFUSALS; i++) {
        if (p->refused[i]) {
            lp_buf_printf(out, "%s\"%s\":%llu", n++ ? "," : "",
                          orch_refusals[i].label,
                          (unsigned long long) p->refused[i]);
        }
    }

    lp_buf_put_str(out, "},");
}


/* what all senders have paid for and not used, and what they owe */

static void
orch_show_total(const orch_payments_t *p, lp_money_t *credit,
    lp_money_t *debt)
{
    const orch_payer_t   *payer;
    const orch_credit_t  *c;

    lp_money_zero(credit);
    lp_money_zero(debt);

    for (payer = p->oldest; payer; payer = payer->newer) {

        (void) lp_money_add(debt, debt, &payer->debt);

        for (c = payer->credits; c; c = c->next) {
            (void) lp_money_add(credit, credit, &c->balance.credit);
        }
    }
}


/* those whose tickets were worth most, the first of them first */

static size_t
orch_show_top(const orch_payments_t *p, const orch_payer_t **top)
{
    size_t               i, n = 0;
    const orch_payer_t  *payer;

    for (payer = p->newest; payer; payer = payer->older) {

        if (payer->tickets == 0) {
            continue;
        }

        for (i = n; i > 0 && lp_money_cmp(&top[i - 1]->ev, &payer->ev) < 0;
             i--)
        {
            if (i < ORCH_SHOW_SENDERS) {
                top[i] = top[i - 1];
            }
        }

        if (i < ORCH_SHOW_SENDERS) {
            top[i] = payer;
            n += n < ORCH_SHOW_SENDERS;
        }
    }

    return n;
}


/* a table of bounded length, where a label would have no bound (T-68) */

static void
orch_show_senders(const orch_payments_t *p, lp_buf_t *out)
{
    char                  text[LP_ADDRESS_TEXT_LEN + 1];
    size_t                i, n;
    uint64_t              now = orch_loop_now_ms(p->conf.loop);
    lp_money_t            credit;
    const orch_payer_t   *top[ORCH_SHOW_SENDERS], *payer;
    const orch_credit_t  *c;

    n = orch_show_top(p, top);
    lp_buf_put_str(out, "\"top_senders\":[");

    for (i = 0; i < n; i++) {
        payer = top[i];
        lp_money_zero(&credit);

        for (c = payer->credits; c; c = c->next) {
            (void) lp_money_add(&credit, &credit, &c->balance.credit);
        }

        lp_address_text(text, &payer->address);
        lp_buf_printf(out, "%s{\"address\":\"%s\",\"tickets\":%llu,",
                      i ? "," : "", text,
                      (unsigned long long) payer->tickets);
        orch_show_money(out, "ev_wei", &payer->ev);
        orch_show_money(out, "credit_wei", &credit);
        orch_show_money(out, "debt_wei", &payer->debt);
        lp_buf_printf(out, "\"won\":%llu,\"lottery_z_milli\":%lld,"
                      "\"refused\":%s,\"paused\":%s}",
                      (unsigned long long) payer->lottery.wins,
                      (long long) orch_payer_z_milli(&payer->lottery),
                      payer->stopped ? "true" : "false",
                      orch_payer_paused(payer, now) ? "true" : "false");
    }

    lp_buf_put_str(out, "],");
}


void
orch_payments_put_json(orch_payments_t *p, lp_buf_t *out)
{
    lp_money_t            credit, debt;
    orch_store_sums_t     sums;
    const orch_facts_t   *f = orch_watcher_facts(p->conf.watcher);

    orch_store_sums(p->conf.store, &sums);
    orch_show_total(p, &credit, &debt);

    lp_buf_printf(out, "{\"tickets\":%llu,\"tickets_refused\":%llu,"
                  "\"tickets_won\":%llu,\"unpaid_pixels\":%llu,"
                  "\"lottery_z_milli\":%lld,\"senders\":%zu,",
                  (unsigned long long) p->sums.tickets,
                  (unsigned long long) p->sums.refused,
                  (unsigned long long) p->sums.winners,
                  (unsigned long long) p->sums.unpaid_pixels,
                  (long long) p->sums.z_milli, p->npayers);

    orch_show_money(out, "ev_wei", &p->sums.ev);
    orch_show_money(out, "debited_wei", &p->sums.debited);
    orch_show_money(out, "credit_wei", &credit);
    orch_show_money(out, "debt_wei", &debt);
    orch_show_winners(out, &sums);
    orch_show_wei(out, "won_wei", &sums.won_wei);
    orch_show_wei(out, "pending_wei", &sums.pending_wei);
    orch_show_wei(out, "redeemed_wei", &sums.redeemed_wei);
    orch_show_wei(out, "dead_wei", &sums.dead_wei);
    orch_show_senders(p, out);
    orch_show_refused(out, p);
    orch_show_wei(out, "gas_price_wei", &f->gas_price);

    lp_buf_printf(out, "\"block\":%llu,\"l1_block\":%llu,\"round\":%llu,"
                  "\"active\":%s,\"stale\":%u,\"transactions\":%llu,"
                  "\"store_healthy\":%s}",
                  (unsigned long long) f->block,
                  (unsigned long long) f->l1_block,
                  (unsigned long long) f->round, f->active ? "true" : "false",
                  orch_watcher_stale(p->conf.watcher),
                  (unsigned long long) sums.txs,
                  orch_store_healthy(p->conf.store) ? "true" : "false");
}


static void
orch_show_metric(lp_buf_t *out, const char *name, const char *type,
    const char *help)
{
    lp_buf_printf(out, "# HELP " ORCH_SHOW_PREFIX "%s %s\n"
                  "# TYPE " ORCH_SHOW_PREFIX "%s %s\n", name, help, name,
                  type);
}


static void
orch_show_count(lp_buf_t *out, const char *name, const char *type,
    const char *help, uint64_t value)
{
    orch_show_metric(out, name, type, help);
    lp_buf_printf(out, ORCH_SHOW_PREFIX "%s %llu\n", name,
                  (unsigned long long) value);
}


static void
orch_show_whole(lp_buf_t *out, const char *name, const char *type,
    const char *help, const lp_u256_t *wei)
{
    lp_u256_t  one, gwei;

    lp_u256_set(&one, 1);
    lp_u256_set(&gwei, ORCH_SHOW_GWEI);

    if (lp_u256_mul_div(&gwei, wei, &one, &gwei, 0) != LP_OK) {
        lp_u256_set(&gwei, 0);
    }

    orch_show_count(out, name, type, help, gwei.w[0]);
}


/* whole gwei: what a counter of 64 bits and a reader's double can hold */

static void
orch_show_gwei(lp_buf_t *out, const char *name, const char *type,
    const char *help, const lp_money_t *m)
{
    lp_u256_t  wei;

    if (lp_money_to_wei(&wei, m, LP_ROUND_DOWN) != LP_OK) {
        lp_u256_set(&wei, 0);
    }

    orch_show_whole(out, name, type, help, &wei);
}


void
orch_payments_put_metrics(orch_payments_t *p, lp_buf_t *out)
{
    int                i;
    lp_money_t         credit, debt;
    orch_store_sums_t  sums;

    orch_store_sums(p->conf.store, &sums);
    orch_show_total(p, &credit, &debt);

    orch_show_count(out, "tickets_total", "counter", "Tickets credited",
                    p->sums.tickets);
    orch_show_metric(out, "payments_refused_total", "counter",
                     "Payments and segments refused, by cause");

    for (i = refuse_nothing + 1; i < ORCH_NREFUSALS; i++) {
        lp_buf_printf(out, ORCH_SHOW_PREFIX "payments_refused_total{cause="
                      "\"%s\"} %llu\n", orch_refusals[i].label,
                      (unsigned long long) p->refused[i]);
    }

    orch_show_count(out, "tickets_won_total", "counter",
                    "Tickets that won", p->sums.winners);
    orch_show_count(out, "unpaid_pixels_total", "counter",
                    "Pixels delivered beyond credit", p->sums.unpaid_pixels);
    orch_show_gwei(out, "ev_gwei_total", "counter",
                   "Expected value of all tickets credited", &p->sums.ev);
    orch_show_gwei(out, "debited_gwei_total", "counter",
                   "Price of all pixels delivered", &p->sums.debited);
    orch_show_gwei(out, "credit_gwei", "gauge",
                   "Credit of all senders now", &credit);
    orch_show_gwei(out, "debt_gwei", "gauge", "Debt of all senders now",
                   &debt);

    orch_show_metric(out, "winners", "gauge", "Winning tickets by state");

    for (i = 0; i <= winner_dead; i++) {
        lp_buf_printf(out, ORCH_SHOW_PREFIX "winners{state=\"%s\"} %llu\n",
                      orch_show_states[i],
                      (unsigned long long) sums.winners[i]);
    }

    orch_show_whole(out, "won_gwei_total", "counter",
                    "Face value of tickets that won", &sums.won_wei);
    orch_show_whole(out, "pending_gwei", "gauge",
                    "Of them not redeemed yet", &sums.pending_wei);
    orch_show_whole(out, "redeemed_gwei_total", "counter",
                    "Of them redeemed", &sums.redeemed_wei);
    orch_show_whole(out, "dead_gwei_total", "counter",
                    "Of them lost", &sums.dead_wei);

    orch_show_metric(out, "lottery_z", "gauge", "Deviations of the wins from "
                     "what chance would have it");
    lp_buf_printf(out, ORCH_SHOW_PREFIX "lottery_z %.3f\n",
                  (double) p->sums.z_milli / 1000);

    orch_metrics_put_histogram(out, "commit_seconds", "From the queue to the "
                               "fsync of a winner",
                               orch_store_commits(p->conf.store));
}
