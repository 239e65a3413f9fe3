/*
 * HTTP/1.0 and 1.1 (door: llhttp, in http1.c). One request at a time: what a
 * client sends ahead waits until the answer before it is out.
 *
 *   head (http1) -> body (http1_body) -> answer (http1_answer) -> head ...
 *      \-----------------\--------------------------------------- closing
 *
 * Heads are gathered whole and their lines checked before the parser sees
 * them, chunks are read here: what two programs could read in two ways (bare
 * LF, folded lines, both lengths) is 400 and close.
 */
#ifndef ORCH_HTTP1_H
#define ORCH_HTTP1_H


#include <sys/types.h>

#include "orchestrator/http_conn.h"


#define ORCH_HTTP1_LINE_MAX     (16 * 1024)   /* request line: 414 */
#define ORCH_HTTP1_PENDING_MAX  (16 * 1024)   /* pipelined bytes held */
#define ORCH_HTTP1_EXTRA_MAX    (16 * 1024)   /* extensions, trailers */


typedef enum {
    chunk_size_first,
    chunk_size,
    chunk_extension,
    chunk_size_lf,
    chunk_data,
    chunk_data_cr,
    chunk_data_lf,
    chunk_trailer_first,
    chunk_trailer,
    chunk_trailer_lf,
    chunk_last_lf,
    chunk_done
} orch_chunk_state_e;

typedef struct {
    orch_chunk_state_e  state;
    uint64_t            left;                 /* of this chunk, bytes */
    unsigned            digits;
    size_t              extra;
} orch_chunks_t;

typedef struct {
    orch_conn_t    *conn;
    orch_stream_t  *s;                        /* NULL: between requests */

    lp_buf_t        head;
    size_t          line;                     /* where the last one begins */
    unsigned        nlines;
    lp_buf_t        pending;
    size_t          counted;                  /* of both, as memory */

    orch_str_t      url;
    orch_str_t      name;
    orch_str_t      value;

    orch_chunks_t   chunks;
    uint64_t        left;                     /* of a body with a length */

    uint8_t         minor;                    /* HTTP/1.minor */
    unsigned        parsed:1;                 /* the head, by llhttp */
    unsigned        chunked_in:1;
    unsigned        body_done:1;
    unsigned        keep:1;                   /* the connection, afterwards */
    unsigned        chunked:1;                /* the answer */
} orch_http1_t;


extern const orch_codec_t  orch_http1_codec;


/* http1.c */
int orch_http1_recv(orch_conn_t *c, const uint8_t *p, size_t len);
void orch_http1_reset(orch_http1_t *h1);
void orch_http1_count(orch_http1_t *h1);

/* http1_body.c: what was used of p, -1 when it is malformed */
ssize_t orch_http1_body(orch_http1_t *h1, const uint8_t *p, size_t len);

/*
 * The next bytes of data within a chunked body: how many of p were used, -1
 * when malformed. *data is NULL when there were none; the body is over when
 * ch->state is chunk_done.
 */
ssize_t orch_chunks_read(orch_chunks_t *ch, const uint8_t *p, size_t len,
    const uint8_t **data, size_t *n);

/* http1_answer.c */
int orch_http1_fill(orch_conn_t *c);


#endif /* ORCH_HTTP1_H */
