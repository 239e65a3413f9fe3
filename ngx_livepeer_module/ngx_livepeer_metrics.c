/*
 * Prometheus text. The format wants all series of one metric together, so
 * the slots are walked once for each: a table says what is in which.
 */
#include "ngx_livepeer_module/ngx_livepeer_metrics.h"
#include "ngx_livepeer_module/ngx_livepeer_json.h"
#include "ngx_livepeer_module/ngx_livepeer_json_money.h"
#include "ngx_livepeer_module/ngx_livepeer_metrics_money.h"
#include "ngx_livepeer_module/ngx_livepeer_module.h"


typedef struct {
    const char  *name;
    const char  *type;
    const char  *help;
    uint64_t   (*value)(ngx_livepeer_slot_t *slot, ngx_uint_t i);
    ngx_uint_t   milli;                   /* value is in thousandths */
} ngx_livepeer_metric_t;


static const char *const  ngx_livepeer_metrics_refused[] = {
#define NGX_LIVEPEER_METRICS_LABEL(name, label)  label,
    NGX_LIVEPEER_REFUSED_MAP(NGX_LIVEPEER_METRICS_LABEL)
};


uint64_t
ngx_livepeer_metrics_gwei(const lp_u256_t *wei)
{
    lp_u256_t  gwei, one, unit;

    lp_u256_set(&one, 1);
    lp_u256_set(&unit, NGX_LIVEPEER_METRICS_GWEI);

    return lp_u256_mul_div(&gwei, wei, &one, &unit, 0) == LP_OK ? gwei.w[0]
                                                                : 0;
}


uint64_t
ngx_livepeer_metrics_money_gwei(const lp_money_t *m)
{
    lp_u256_t  wei;

    return lp_money_to_wei(&wei, m, LP_ROUND_DOWN) == LP_OK
           ? ngx_livepeer_metrics_gwei(&wei) : 0;
}


static uint64_t
ngx_livepeer_metrics_hourly(ngx_livepeer_slot_t *slot)
{
    lp_u256_t  wei;

    ngx_livepeer_json_money_hourly(&wei, slot);

    return ngx_livepeer_metrics_gwei(&wei);
}


/* what a stream spends in this publish */

static ngx_livepeer_orch_stat_t *
ngx_livepeer_metrics_sum(ngx_livepeer_slot_t *slot)
{
    static ngx_livepeer_orch_stat_t  sum;

    ngx_livepeer_json_money_sum(&sum, slot);

    return &sum;
}


/* of a stream */

#define ngx_livepeer_metric_of(what, expr)                                    \
    static uint64_t                                                           \
    ngx_livepeer_metric_##what(ngx_livepeer_slot_t *slot, ngx_uint_t i)       \
    {                                                                         \
        return (uint64_t) (expr);                                             \
    }

ngx_livepeer_metric_of(up, !slot->ended && !slot->closed_ms
                           && ngx_livepeer_zone_owned(slot))
ngx_livepeer_metric_of(bytes, slot->bytes_in)
ngx_livepeer_metric_of(bitrate, slot->bitrate_bps / 8)
ngx_livepeer_metric_of(segments, slot->segments)
ngx_livepeer_metric_of(renditions, slot->renditions)
ngx_livepeer_metric_of(missed, slot->missed)
ngx_livepeer_metric_of(retries, slot->retries)
ngx_livepeer_metric_of(gop, slot->gop_ms)
ngx_livepeer_metric_of(rtt50, ngx_livepeer_json_percentile(slot->rtt_ring,
                                                           slot->nring, 50))
ngx_livepeer_metric_of(rtt99, ngx_livepeer_json_percentile(slot->rtt_ring,
                                                           slot->nring, 99))
ngx_livepeer_metric_of(publish50,
    ngx_livepeer_json_percentile(slot->publish_ring, slot->nring, 50))
ngx_livepeer_metric_of(publish99,
    ngx_livepeer_json_percentile(slot->publish_ring, slot->nring, 99))

ngx_livepeer_metric_of(tickets, ngx_livepeer_metrics_sum(slot)->tickets)
ngx_livepeer_metric_of(ev,
    ngx_livepeer_metrics_money_gwei(&ngx_livepeer_metrics_sum(slot)->ev))
ngx_livepeer_metric_of(fee,
    ngx_livepeer_metrics_money_gwei(&ngx_livepeer_metrics_sum(slot)->fee))
ngx_livepeer_metric_of(unpaid, ngx_livepeer_metrics_sum(slot)->unpaid_pixels)
ngx_livepeer_metric_of(hourly, ngx_livepeer_metrics_hourly(slot))
ngx_livepeer_metric_of(broke, slot->advice & NGX_LIVEPEER_ADVICE_BUDGET
                              && !slot->ended)

ngx_livepeer_metric_of(gaps, slot->variants[i].gaps_total)
ngx_livepeer_metric_of(variant_bytes, slot->variants[i].bytes)

ngx_livepeer_metric_of(orch_segments, slot->orchs[i].segments)
ngx_livepeer_metric_of(orch_failures, slot->orchs[i].failures)
ngx_livepeer_metric_of(orch_rtt, slot->orchs[i].rtt_ms)
ngx_livepeer_metric_of(orch_ratio, slot->orchs[i].realtime_milli)
ngx_livepeer_metric_of(orch_in_flight, slot->orchs[i].in_flight)
ngx_livepeer_metric_of(orch_suspended, slot->orchs[i].suspended)


static const ngx_livepeer_metric_t  ngx_livepeer_metrics_stream[] = {
    { "stream_up", "gauge", "1 while a publisher sends.",
      ngx_livepeer_metric_up, 0 },
    { "stream_received_bytes_total", "counter",
      "Audio and video received in this publish.",
      ngx_livepeer_metric_bytes, 0 },
    { "stream_received_bytes_per_second", "gauge",
      "Audio and video received, lately.", ngx_livepeer_metric_bitrate, 0 },
    { "segments_total", "counter", "Segments cut.",
      ngx_livepeer_metric_segments, 0 },
    { "renditions_total", "counter", "Rendition segments delivered in time.",
      ngx_livepeer_metric_renditions, 0 },
    { "renditions_missed_total", "counter",
      "Rendition segments that became gaps.", ngx_livepeer_metric_missed, 0 },
    { "seg_retries_total", "counter",
      "Segments sent to another orchestrator after a failure.",
      ngx_livepeer_metric_retries, 0 },
    { "stream_keyframe_interval_seconds", "gauge",
      "Distance of the last two keyframes.", ngx_livepeer_metric_gop, 1 },
    { "segment_round_trip_p50_seconds", "gauge",
      "Upload to last rendition byte, median of the last 64 segments.",
      ngx_livepeer_metric_rtt50, 1 },
    { "segment_round_trip_p99_seconds", "gauge",
      "The same, 99th percentile.", ngx_livepeer_metric_rtt99, 1 },
    { "segment_publish_p50_seconds", "gauge",
      "Cut to renditions in the playlists, median of the last 64 segments.",
      ngx_livepeer_metric_publish50, 1 },
    { "segment_publish_p99_seconds", "gauge",
      "The same, 99th percentile.", ngx_livepeer_metric_publish99, 1 }
};

static const ngx_livepeer_metric_t  ngx_livepeer_metrics_paid[] = {
    { "stream_tickets_total", "counter", "Tickets sent for it.",
      ngx_livepeer_metric_tickets, 0 },
    { "stream_tickets_ev_gwei_total", "counter",
      "What they are worth.", ngx_livepeer_metric_ev, 0 },
    { "stream_fee_gwei_total", "counter",
      "Price of its pixels that were verified.", ngx_livepeer_metric_fee, 0 },
    { "stream_unpaid_pixels_total", "counter",
      "Of them beyond what was paid.", ngx_livepeer_metric_unpaid, 0 },
    { "stream_cost_gwei_per_hour", "gauge",
      "What an hour of it costs as the last segments did.",
      ngx_livepeer_metric_hourly, 0 },
    { "stream_budget_used_up", "gauge",
      "1 while the budget of this hour is.", ngx_livepeer_metric_broke, 0 }
};

static const ngx_livepeer_metric_t  ngx_livepeer_metrics_variant[] = {
    { "variant_gaps_total", "counter", "Segments a variant does not have.",
      ngx_livepeer_metric_gaps, 0 },
    { "variant_bytes_total", "counter", "Bytes of a variant's segments.",
      ngx_livepeer_metric_variant_bytes, 0 }
};

static const ngx_livepeer_metric_t  ngx_livepeer_metrics_orch[] = {
    { "orchestrator_segments_total", "counter",
      "Segments an orchestrator has transcoded for a stream.",
      ngx_livepeer_metric_orch_segments, 0 },
    { "orchestrator_failures_total", "counter",
      "Segments it has failed.", ngx_livepeer_metric_orch_failures, 0 },
    { "orchestrator_round_trip_seconds", "gauge",
      "Of the last segment.", ngx_livepeer_metric_orch_rtt, 1 },
    { "orchestrator_real_time_ratio", "gauge",
      "Round trip over duration, of the last segment.",
      ngx_livepeer_metric_orch_ratio, 1 },
    { "orchestrator_segments_in_flight", "gauge",
      "Segments it is working on.", ngx_livepeer_metric_orch_in_flight, 0 },
    { "orchestrator_suspended", "gauge",
      "1 while it is not asked after failures.",
      ngx_livepeer_metric_orch_suspended, 0 }
};


static ngx_livepeer_slot_t  ngx_livepeer_metrics_slot;


void
ngx_livepeer_metrics_head(lp_buf_t *out, const char *name, const char *type,
    const char *help)
{
    lp_buf_printf(out, "# HELP livepeer_%s %s\n# TYPE livepeer_%s %s\n",
                  name, help, name, type);
}


/* a URL in a label; the others are checked names */

static void
ngx_livepeer_metrics_label(lp_buf_t *out, const char *s)
{
    for ( /* void */ ; *s; s++) {
        if (*s == '"' || *s == '\\') {
            lp_buf_put_u8(out, '\\');
        }

        lp_buf_put_u8(out, (uint8_t) *s);
    }
}


static void
ngx_livepeer_metrics_line(lp_buf_t *out, const ngx_livepeer_metric_t *m,
    const char *label, const char *name, ngx_uint_t i)
{
    uint64_t              value;
    ngx_livepeer_slot_t  *slot = &ngx_livepeer_metrics_slot;

    value = m->value(slot, i);

    lp_buf_printf(out, "livepeer_%s{app=\"%s\",stream=\"%s\"", m->name,
                  slot->app, slot->name);

    if (label) {
        lp_buf_printf(out, ",%s=\"", label);
        ngx_livepeer_metrics_label(out, name);
        lp_buf_put_u8(out, '"');
    }

    if (m->milli) {
        lp_buf_printf(out, "} %llu.%03llu\n",
                      (unsigned long long) value / 1000,
                      (unsigned long long) value % 1000);

    } else {
        lp_buf_printf(out, "} %llu\n", (unsigned long long) value);
    }
}


static void
ngx_livepeer_metrics_table(lp_buf_t *out, const ngx_livepeer_metric_t *table,
    ngx_uint_t n, const char *label)
{
    ngx_uint_t            i, k, m;
    ngx_livepeer_slot_t  *slot = &ngx_livepeer_metrics_slot;

    for (m = 0; m < n; m++) {
        ngx_livepeer_metrics_head(out, table[m].name, table[m].type,
                                  table[m].help);

        for (i = 0; ngx_livepeer_zone_copy(slot, i) == NGX_OK; i++) {

            if (label == NULL) {
                ngx_livepeer_metrics_line(out, &table[m], NULL, NULL, 0);
                continue;
            }

            if (label[0] == 'v') {
                for (k = 0; k < slot->nvariants; k++) {
                    ngx_livepeer_metrics_line(out, &table[m], label,
                                              slot->variants[k].name, k);
                }

            } else {
                for (k = 0; k < slot->norchs; k++) {

                    /* who came from the registry chose its name itself */

                    if (!slot->orchs[k].listed) {
                        ngx_livepeer_metrics_line(out, &table[m], label,
                                                  slot->orchs[k].url, k);
                    }
                }
            }
        }
    }
}


#define ngx_livepeer_metrics_count(table)  (sizeof(table) / sizeof(table[0]))


void
ngx_livepeer_metrics_put(lp_buf_t *out, ngx_http_request_t *r)
{
    ngx_uint_t              i;
    ngx_livepeer_totals_t  *totals;

    if (ngx_livepeer_core_conf()->apps.nelts == 0) {
        return;
    }

    totals = ngx_livepeer_zone_totals();

    ngx_livepeer_metrics_head(out, "publishes_total", "counter",
                              "Publishers accepted.");
    lp_buf_printf(out, "livepeer_publishes_total %llu\n",
                  (unsigned long long) totals->publishes);

    ngx_livepeer_metrics_head(out, "publishes_refused_total", "counter",
                              "Publishers turned away or cut off.");

    for (i = 0; i < NGX_LIVEPEER_NREFUSED; i++) {
        lp_buf_printf(out, "livepeer_publishes_refused_total{reason=\"%s\"} "
                      "%llu\n", ngx_livepeer_metrics_refused[i],
                      (unsigned long long) totals->refused[i]);
    }

    ngx_livepeer_metrics_head(out, "segment_memory_bytes", "gauge",
                              "Memory of segments, all workers.");
    lp_buf_printf(out, "livepeer_segment_memory_bytes %llu\n",
                  (unsigned long long) totals->segment_memory);

    ngx_livepeer_metrics_table(out, ngx_livepeer_metrics_stream,
        ngx_livepeer_metrics_count(ngx_livepeer_metrics_stream), NULL);

    if (ngx_livepeer_metrics_money_put(out) == NGX_OK) {
        ngx_livepeer_metrics_table(out, ngx_livepeer_metrics_paid,
            ngx_livepeer_metrics_count(ngx_livepeer_metrics_paid), NULL);
    }

    ngx_livepeer_metrics_table(out, ngx_livepeer_metrics_variant,
        ngx_livepeer_metrics_count(ngx_livepeer_metrics_variant), "variant");
    ngx_livepeer_metrics_table(out, ngx_livepeer_metrics_orch,
        ngx_livepeer_metrics_count(ngx_livepeer_metrics_orch),
        "orchestrator");
}
