/* Floods, frame by frame; see http2_budget.h. */
#include "orchestrator/http2_budget.h"


/* RFC 9113 6: types, and the two flags that matter here */
typedef enum {
    frame_data = 0,
    frame_headers = 1,
    frame_rst_stream = 3,
    frame_settings = 4,
    frame_ping = 6,
    frame_window_update = 8,
    frame_continuation = 9
} orch_frame_e;

#define ORCH_FRAME_END_STREAM  0x01
#define ORCH_FRAME_ACK         0x01


void
orch_budget_init(orch_budget_t *b, const orch_http_conf_t *conf,
    uint64_t now_ms)
{
    orch_bucket_init(&b->resets, conf->reset_burst, conf->reset_per_s,
                     now_ms);
    orch_bucket_init(&b->pings, ORCH_HTTP2_PING_BURST, ORCH_HTTP2_PING_PER_S,
                     now_ms);

    b->settings = 0;
    b->empty_data = 0;
    b->glitches = 0;
    b->windows = 0;
    b->data_sent = 0;
    b->free_resets = 0;
    b->requests = 0;
}


static int
orch_budget_count(uint32_t *n, uint32_t max)
{
    return ++*n > max ? -1 : 0;
}


/* browsers send a few such frames with each request */
int
orch_budget_glitch(orch_budget_t *b)
{
    return ++b->glitches > ORCH_HTTP2_GLITCHES + 10 * b->requests ? -1 : 0;
}


int
orch_budget_frame(orch_budget_t *b, uint8_t type, uint8_t flags, size_t len,
    uint64_t now_ms)
{
    switch (type) {

    case frame_data:
        if (len || (flags & ORCH_FRAME_END_STREAM)) {
            return 0;
        }

        return orch_budget_count(&b->empty_data, ORCH_HTTP2_EMPTY_DATA);

    case frame_headers:
    case frame_rst_stream:
    case frame_continuation:
        return 0;

    case frame_settings:
        if (flags & ORCH_FRAME_ACK) {
            return 0;
        }

        return orch_budget_count(&b->settings, ORCH_HTTP2_SETTINGS);

    case frame_ping:
        if (flags & ORCH_FRAME_ACK) {
            return orch_budget_glitch(b);
        }

        return orch_bucket_take(&b->pings, now_ms);

    case frame_window_update:
        return ++b->windows > ORCH_HTTP2_GLITCHES + 10 * b->data_sent ? -1 : 0;

    default:
        return orch_budget_glitch(b);
    }
}


/*
 * libcurl resets each stream it is done with (platform.md 3). A reset of a
 * stream that we have answered costs us nothing and is free, once for each
 * request; any other takes a token.
 */
int
orch_budget_reset(orch_budget_t *b, int answered, uint64_t now_ms)
{
    if (answered && b->free_resets < b->requests) {
        b->free_resets++;
        return 0;
    }

    return orch_bucket_take(&b->resets, now_ms);
}


int
orch_budget_reset_sent(orch_budget_t *b, uint64_t now_ms)
{
    return orch_bucket_take(&b->resets, now_ms);
}


/*
 * A PING is paid by time or by DATA we sent: gRPC clients measure the line
 * with one PING for each burst of bytes.
 */
void
orch_budget_data_sent(orch_budget_t *b)
{
    b->data_sent++;
    b->pings.milli += 1000;
}
