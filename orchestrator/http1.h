/*
 * HTTP/1.0 and 1.1 (door: llhttp). A head is gathered whole and its lines
 * are checked here, stricter than the parser is: what two programs could
 * read in two ways (bare LF, folded lines, both lengths) is 400 and close.
 */
#ifndef ORCH_HTTP1_H
#define ORCH_HTTP1_H


#include "orchestrator/http_conn.h"


#define ORCH_HTTP1_LINE_MAX     (16 * 1024)   /* request line: 414 */
#define ORCH_HTTP1_PENDING_MAX  (16 * 1024)   /* pipelined bytes held */


extern const orch_codec_t  orch_http1_codec;


#endif /* ORCH_HTTP1_H */
