/*
 * HTTP/2 (door: nghttp2): frames to requests and answers to frames. What a
 * connection may cost is in http2_budget.
 */
#ifndef ORCH_HTTP2_H
#define ORCH_HTTP2_H


#include "orchestrator/http_conn.h"


#define ORCH_HTTP2_STREAM_WINDOW   (1024 * 1024)
#define ORCH_HTTP2_CONN_WINDOW     (4 * 1024 * 1024)
#define ORCH_HTTP2_FRAME_MAX       (64 * 1024)
#define ORCH_HTTP2_CONTINUATIONS   8
#define ORCH_HTTP2_DRAIN_MS        1000       /* between the two GOAWAY */


extern const orch_codec_t  orch_http2_codec;


#endif /* ORCH_HTTP2_H */
