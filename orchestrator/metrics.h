/*
 * Counters, declared once in a table: the enum, the name, the help line and
 * the type come from it, so /metrics cannot miss one.
 */
#ifndef ORCH_METRICS_H
#define ORCH_METRICS_H


#include <stdint.h>

#include "common/util/buf.h"


/* name, Prometheus name without livepeer_orch_, type, help */
#define ORCH_METRICS_MAP(XX)                                                  \
    XX(SEGMENTS,     "segments_total",           "counter",                   \
       "Segments accepted (early 200 sent)")                                  \
    XX(SEGMENTS_OK,  "segments_transcoded_total", "counter",                  \
       "Segments answered with renditions")                                   \
    XX(SEGMENTS_ERR, "segments_failed_total",    "counter",                   \
       "Segments answered with an error")                                     \
    XX(REFUSED,      "requests_refused_total",   "counter",                   \
       "Segment requests refused before the early 200")                       \
    XX(BYTES_IN,     "source_bytes_total",       "counter",                   \
       "Bytes of segments received")                                          \
    XX(BYTES_OUT,    "rendition_bytes_total",    "counter",                   \
       "Bytes of renditions made")                                            \
    XX(PIXELS,       "pixels_encoded_total",     "counter",                   \
       "Encoded pixels of all renditions")                                    \
    XX(ENGINE_MS,    "engine_cpu_seconds_total", "counter",                   \
       "CPU time of the transcoders")                                         \
    XX(ENGINE_LOST,  "transcoders_lost_total",   "counter",                   \
       "Transcoders that crashed, hung or were killed")                       \
    XX(FETCHES,      "renditions_fetched_total", "counter",                   \
       "Renditions sent to who asked for them")                               \
    XX(DISCOVERIES,  "discoveries_total",        "counter",                   \
       "GetOrchestrator requests answered with our offer")                    \
    XX(LIMITED,      "requests_limited_total",   "counter",                   \
       "Requests refused by a rate")                                          \
    XX(CONNECTIONS,  "http_connections_total",   "counter",                   \
       "Connections accepted")                                                \
    XX(CONNECTIONS_REFUSED, "http_connections_refused_total", "counter",      \
       "Connections refused by a limit")                                      \
    XX(HANDSHAKES_FAILED, "tls_handshakes_failed_total", "counter",           \
       "TLS handshakes that failed or took too long")                         \
    XX(REQUESTS,     "http_requests_total",      "counter",                   \
       "Requests whose head was whole")                                       \
    XX(REQUESTS_BAD, "http_requests_bad_total",  "counter",                   \
       "Requests that were malformed or over a limit")                        \
    XX(TIMEOUTS,     "http_timeouts_total",      "counter",                   \
       "Connections and requests ended by a deadline or a rate")              \
    XX(FLOODS,       "http_floods_total",        "counter",                   \
       "Connections closed by a budget of frames")                            \
    XX(HTTP_IN,      "http_received_bytes_total", "counter",                  \
       "Bytes received")                                                      \
    XX(HTTP_OUT,     "http_sent_bytes_total",    "counter",                   \
       "Bytes sent")                                                          \
    XX(OPEN,         "http_connections",         "gauge",                     \
       "Connections open now")                                                \
    XX(MEMORY,       "media_bytes",              "gauge",                     \
       "Bytes of segments and renditions in memory now")                      \
    XX(IN_FLIGHT,    "segments_in_flight",       "gauge",                     \
       "Segments accepted and not answered now")                              \
    XX(SESSIONS,     "sessions",                 "gauge",                     \
       "Sessions open now")                                                   \
    XX(SESSIONS_MAX, "sessions_max",             "gauge",                     \
       "Sessions admitted at most")                                           \
    XX(TRANSCODERS,  "transcoders",              "gauge",                     \
       "Transcoders connected now")


#define ORCH_METRICS_ENUM(name, label, type, help)  ORCH_METRIC_##name,

typedef enum {
    ORCH_METRICS_MAP(ORCH_METRICS_ENUM)
    ORCH_NMETRICS
} orch_metric_e;

#undef ORCH_METRICS_ENUM

/* fixed buckets in milliseconds, cumulative when printed */
#define ORCH_HISTOGRAM_BUCKETS  16

typedef struct {
    uint64_t  count;
    uint64_t  sum_us;
    uint64_t  buckets[ORCH_HISTOGRAM_BUCKETS];
} orch_histogram_t;

typedef struct {
    uint64_t          value[ORCH_NMETRICS];
    orch_histogram_t  transcode;           /* early 200 to result */
    orch_histogram_t  upload;              /* head to whole body */
} orch_metrics_t;


/* a value is in units of 1 / scale: ENGINE_MS is shown in seconds */
unsigned orch_metrics_scale(orch_metric_e metric);

void orch_metrics_observe(orch_histogram_t *h, uint64_t us);

void orch_metrics_put_histogram(lp_buf_t *out, const char *name,
    const char *help, const orch_histogram_t *h);

/* Prometheus text of everything here; promtool check metrics is clean */
void orch_metrics_put(lp_buf_t *out, const orch_metrics_t *m);


#endif /* ORCH_METRICS_H */
