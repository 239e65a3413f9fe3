/*
 * What an HTTP/2 connection may ask of us without asking for anything:
 * counts of frames that carry nothing, and tokens for what is allowed now
 * and then (threats.md T-53..T-55). Knows frame heads only.
 */
#ifndef ORCH_HTTP2_BUDGET_H
#define ORCH_HTTP2_BUDGET_H


#include <stdint.h>

#include "orchestrator/http_conn.h"


#define ORCH_HTTP2_SETTINGS      8            /* frames in a connection */
#define ORCH_HTTP2_EMPTY_DATA    16
#define ORCH_HTTP2_PING_BURST    10
#define ORCH_HTTP2_PING_PER_S    1
#define ORCH_HTTP2_GLITCHES      1000         /* frames of no use */


typedef struct {
    orch_bucket_t  resets;                    /* in either direction */
    orch_bucket_t  pings;
    uint32_t       settings;
    uint32_t       empty_data;
    uint64_t       glitches;
    uint64_t       windows;                   /* WINDOW_UPDATE received */
    uint64_t       data_sent;                 /* DATA frames */
    uint64_t       free_resets;
    uint64_t       requests;
} orch_budget_t;


void orch_budget_init(orch_budget_t *b, const orch_http_conf_t *conf,
    uint64_t now_ms);

/* each of these: 0, or -1 when the budget is overdrawn */

/* a frame has begun: type, flags and length of RFC 9113 4.1 */
int orch_budget_frame(orch_budget_t *b, uint8_t type, uint8_t flags,
    size_t len, uint64_t now_ms);

/* a frame that carried nothing for a request, or could not be read */
int orch_budget_glitch(orch_budget_t *b);

/* a stream was reset by the peer; answered: our answer was out */
int orch_budget_reset(orch_budget_t *b, int answered, uint64_t now_ms);

/* we had to reset a stream */
int orch_budget_reset_sent(orch_budget_t *b, uint64_t now_ms);

void orch_budget_data_sent(orch_budget_t *b);


#endif /* ORCH_HTTP2_BUDGET_H */
