/*
 * HTTP/2 (door: nghttp2): frames to requests and answers to frames, and the
 * budgets that end a connection which only makes work (threats.md T-53..55).
 */
#ifndef ORCH_HTTP2_H
#define ORCH_HTTP2_H


#include "orchestrator/http_conn.h"


#define ORCH_HTTP2_STREAM_WINDOW   (1024 * 1024)
#define ORCH_HTTP2_CONN_WINDOW     (4 * 1024 * 1024)
#define ORCH_HTTP2_FRAME_MAX       (64 * 1024)
#define ORCH_HTTP2_CONTINUATIONS   8
#define ORCH_HTTP2_SETTINGS        8          /* frames in a connection */
#define ORCH_HTTP2_EMPTY_DATA      16
#define ORCH_HTTP2_PING_BURST      10
#define ORCH_HTTP2_PING_PER_S      1
#define ORCH_HTTP2_GLITCHES        1000       /* frames that carry nothing */
#define ORCH_HTTP2_DRAIN_MS        1000       /* between the two GOAWAY */


extern const orch_codec_t  orch_http2_codec;


#endif /* ORCH_HTTP2_H */
