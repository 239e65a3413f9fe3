/* Counters and histograms as Prometheus text. */

#include <stddef.h>

#include "orchestrator/metrics.h"


#define ORCH_METRICS_PREFIX  "livepeer_orch_"


/* upper edges in milliseconds; what is above the last is only in +Inf */

static const uint32_t  orch_metrics_edges[ORCH_HISTOGRAM_BUCKETS] = {
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 3000, 5000, 8000, 15000,
    30000
};

static const struct {
    const char  *name;
    const char  *type;
    const char  *help;
} orch_metrics_table[ORCH_NMETRICS] = {
#define ORCH_METRICS_ROW(name, label, type, help)  { label, type, help },
    ORCH_METRICS_MAP(ORCH_METRICS_ROW)
#undef ORCH_METRICS_ROW
};


unsigned
orch_metrics_scale(orch_metric_e metric)
{
    return metric == ORCH_METRIC_ENGINE_MS ? 1000 : 1;
}


void
orch_metrics_observe(orch_histogram_t *h, uint64_t us)
{
    size_t  i;

    h->count++;
    h->sum_us += us;

    for (i = 0; i < ORCH_HISTOGRAM_BUCKETS; i++) {
        if (us <= (uint64_t) orch_metrics_edges[i] * 1000) {
            h->buckets[i]++;
            return;
        }
    }
}


/* seconds, as Prometheus has it, without a double */

static void
orch_metrics_put_seconds(lp_buf_t *out, uint64_t us)
{
    lp_buf_printf(out, "%llu.%06llu", (unsigned long long) (us / 1000000),
                  (unsigned long long) (us % 1000000));
}


void
orch_metrics_put_histogram(lp_buf_t *out, const char *name, const char *help,
    const orch_histogram_t *h)
{
    size_t    i;
    uint64_t  sum;

    lp_buf_printf(out, "# HELP " ORCH_METRICS_PREFIX "%s %s\n"
                  "# TYPE " ORCH_METRICS_PREFIX "%s histogram\n",
                  name, help, name);

    for (i = 0, sum = 0; i < ORCH_HISTOGRAM_BUCKETS; i++) {
        sum += h->buckets[i];

        lp_buf_printf(out, ORCH_METRICS_PREFIX "%s_bucket{le=\"%u.%03u\"} "
                      "%llu\n", name, orch_metrics_edges[i] / 1000,
                      orch_metrics_edges[i] % 1000,
                      (unsigned long long) sum);
    }

    lp_buf_printf(out, ORCH_METRICS_PREFIX "%s_bucket{le=\"+Inf\"} %llu\n"
                  ORCH_METRICS_PREFIX "%s_sum ", name,
                  (unsigned long long) h->count, name);
    orch_metrics_put_seconds(out, h->sum_us);
    lp_buf_printf(out, "\n" ORCH_METRICS_PREFIX "%s_count %llu\n", name,
                  (unsigned long long) h->count);
}


static void
orch_metrics_put_value(lp_buf_t *out, orch_metric_e i, uint64_t value)
{
    unsigned     scale = orch_metrics_scale(i);
    const char  *name = orch_metrics_table[i].name;

    lp_buf_printf(out, "# HELP " ORCH_METRICS_PREFIX "%s %s\n"
                  "# TYPE " ORCH_METRICS_PREFIX "%s %s\n"
                  ORCH_METRICS_PREFIX "%s %llu",
                  name, orch_metrics_table[i].help,
                  name, orch_metrics_table[i].type,
                  name, (unsigned long long) (value / scale));

    if (scale == 1000) {
        lp_buf_printf(out, ".%03u", (unsigned) (value % scale));
    }

    lp_buf_put_u8(out, '\n');
}


void
orch_metrics_put(lp_buf_t *out, const orch_metrics_t *m)
{
    int  i;

    for (i = 0; i < ORCH_NMETRICS; i++) {
        orch_metrics_put_value(out, (orch_metric_e) i, m->value[i]);
    }

    orch_metrics_put_histogram(out, "transcode_seconds", "From the early 200 "
                               "to the result", &m->transcode);
    orch_metrics_put_histogram(out, "upload_seconds", "From the head of a "
                               "segment to its last byte", &m->upload);
}
