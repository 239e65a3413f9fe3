/* Redemption as the operator sees it: JSON and Prometheus text. */

#include <string.h>

#include "orchestrator/redeemer_state.h"


#define ORCH_REDEEMER_PREFIX  "livepeer_orch_redeemer_"


typedef struct {
    const char  *name, *type, *help;
    uint64_t     value;
} orch_redeemer_figure_t;

#define ORCH_REDEEMER_FIGURES  9


static void
orch_redeemer_figures(const orch_redeemer_t *r, orch_redeemer_figure_t *f)
{
    const orch_redeemer_sums_t    *s = &r->sums;
    const orch_redeemer_figure_t   all[ORCH_REDEEMER_FIGURES] = {
        { "sent", "counter", "Transactions sent to nodes", s->sent },
        { "replaced", "counter", "Transactions whose fees were raised",
          s->replaced },
        { "reorged", "counter", "Transactions that a reorg took back",
          s->reorged },
        { "failed", "counter", "Transactions that were mined and failed",
          s->failed },
        { "rounds", "counter", "Rounds initialized by us", s->rounds },
        { "rewards", "counter", "Rewards called", s->rewards },
        { "waiting", "gauge", "Winners of the last look that wait for gas or "
          "funds", s->waiting },
        { "held", "gauge", "Commitments that are looked at again later",
          r->nheld },
        { "under_way", "gauge", "Transactions that are not final",
          r->nslots }
    };

    memcpy(f, all, sizeof(all));
}


void
orch_redeemer_put_json(const orch_redeemer_t *r, lp_buf_t *out)
{
    char                     wei[LP_U256_DEC_LEN];
    char                     text[4 * ORCH_STORE_REASON];
    size_t                   i;
    const char              *stopped = orch_redeemer_stopped(r);
    orch_store_sums_t        sums;
    orch_redeemer_figure_t   f[ORCH_REDEEMER_FIGURES];

    orch_redeemer_figures(r, f);
    orch_store_sums(r->conf.store, &sums);

    lp_buf_put_u8(out, '{');

    for (i = 0; i < ORCH_REDEEMER_FIGURES; i++) {
        lp_buf_printf(out, "\"%s\":%llu,", f[i].name,
                      (unsigned long long) f[i].value);
    }

    lp_buf_printf(out, "\"won\":%llu,\"final\":%llu,\"dead\":%llu,",
                  (unsigned long long) sums.winners[winner_won],
                  (unsigned long long) sums.winners[winner_final],
                  (unsigned long long) sums.winners[winner_dead]);
    lp_buf_printf(out, "\"redeemed_wei\":\"%s\",",
                  lp_u256_put_dec(wei, &sums.redeemed_wei));
    lp_buf_printf(out, "\"gas_wei_today\":\"%s\",",
                  lp_u256_put_dec(wei, &r->sums.gas_wei));
    lp_buf_printf(out, "\"stopped\":\"%s\",", stopped ? stopped : "");
    lp_buf_printf(out, "\"last_wait\":\"%s\"}",
                  lp_log_escape(text, sizeof(text), r->sums.last_error,
                                strlen(r->sums.last_error)));
}


void
orch_redeemer_put_metrics(const orch_redeemer_t *r, lp_buf_t *out)
{
    size_t                  i;
    const char             *total;
    orch_redeemer_figure_t  f[ORCH_REDEEMER_FIGURES];

    orch_redeemer_figures(r, f);

    for (i = 0; i < ORCH_REDEEMER_FIGURES; i++) {
        total = *f[i].type == 'c' ? "_total" : "";
        lp_buf_printf(out, "# HELP " ORCH_REDEEMER_PREFIX "%s%s %s\n"
                      "# TYPE " ORCH_REDEEMER_PREFIX "%s%s %s\n"
                      ORCH_REDEEMER_PREFIX "%s%s %llu\n", f[i].name, total,
                      f[i].help, f[i].name, total, f[i].type, f[i].name,
                      total, (unsigned long long) f[i].value);
    }
}
