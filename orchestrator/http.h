/*
 * One request type above HTTP/1.1 and HTTP/2. A handler fills in three
 * callbacks at the beginning of a request; bytes of the body are given to it
 * as they arrive, and it answers when it likes: the head first (the early
 * 200), the body later.
 *
 *   begin ->  on_body*  ->  on_end           the request came whole
 *        \------- on_abort ------            the peer or a limit ended it
 *
 * on_end is also called for a request without a body, right after begin.
 * A request is answered once: orch_http_reply, or orch_http_head followed by
 * orch_http_body... and orch_http_finish. After finish or on_abort the
 * handler does not touch the request again.
 */
#ifndef ORCH_HTTP_H
#define ORCH_HTTP_H


#include <stddef.h>
#include <stdint.h>

#include "common/crypto/keys.h"
#include "common/util/buf.h"
#include "orchestrator/loop.h"


#define ORCH_HTTP_HEADERS_MAX     100               /* fields */
#define ORCH_HTTP_HEADER_LIST     (96 * 1024)       /* bytes, decoded */
#define ORCH_HTTP_FIELD_MAX       (64 * 1024)


typedef struct orch_http_s          orch_http_t;    /* listener and limits */
typedef struct orch_http_request_s  orch_http_request_t;

typedef struct {
    const char  *data;                              /* not NUL-terminated */
    size_t       len;
} orch_str_t;

struct orch_http_request_s {
    orch_str_t    method;
    orch_str_t    path;                /* as sent, query included, NUL after */
    orch_str_t    authority;
    uint64_t      content_length;      /* UINT64_MAX: not said */
    uint8_t       http2;
    uint8_t       ended;               /* the whole body has been given */
    char          peer[64];            /* address in text, for the log */
    uint64_t      received_ms;         /* when the head was whole */

    /* the handler's, set in begin; any may stay NULL */
    void         *data;
    void        (*on_body)(orch_http_request_t *r, const uint8_t *p,
                           size_t len);
    void        (*on_end)(orch_http_request_t *r);
    void        (*on_abort)(orch_http_request_t *r);
    uint64_t      body_max;            /* bytes, 32 MiB unless set; more is
                                          413 and on_abort */
    uint64_t      body_deadline_ms;    /* from received_ms; 0: body_rate's */
};

typedef struct {
    const char   *name;                /* lower case */
    const char   *value;
} orch_http_header_t;

/* every number has an option and a metric; threats.md 3.2 */
typedef struct {
    const char   *addr;                /* "127.0.0.1:8935", "[::]:8935" */
    const char   *cert_file;           /* PEM; NULL: made at start */
    const char   *key_file;
    const char   *cert_name;           /* SAN of the certificate made */
    uint8_t       cleartext;           /* h2c and HTTP/1.1 without TLS */
    uint32_t      max_connections;     /* 4096 */
    uint32_t      max_connections_ip;  /* 64; IPv6 counts by /64 */
    uint32_t      handshake_ms;        /* 10000 */
    uint32_t      handshakes_per_s;    /* 500 */
    uint32_t      header_ms;           /* 10000 */
    uint32_t      idle_ms;             /* 60000; 10000 before a request */
    uint32_t      stall_ms;            /* 10000 without progress of output */
    uint32_t      body_rate;           /* 65536 bytes/s after 2 s */
    uint32_t      max_streams;         /* 128 at a time */
    uint32_t      max_requests;        /* 1000 in a connection's life */
    uint32_t      reset_burst;         /* 100 ... */
    uint32_t      reset_per_s;         /* ... 20 */
    uint64_t      memory_max;          /* bodies and results, 1 GiB */

    /* called when the head of a request is whole and within limits */
    void        (*begin)(void *data, orch_http_request_t *r);
    void         *data;
} orch_http_conf_t;

typedef struct {
    uint64_t      connections;         /* now */
    uint64_t      accepted;
    uint64_t      refused;             /* limits of connections */
    uint64_t      handshake_failed;
    uint64_t      requests;
    uint64_t      bad_requests;
    uint64_t      timeouts;
    uint64_t      floods;              /* connections closed by a budget */
    uint64_t      memory;              /* bytes buffered now */
    uint64_t      bytes_in;
    uint64_t      bytes_out;
} orch_http_stats_t;


void orch_http_conf_init(orch_http_conf_t *conf);             /* defaults */

/*
 * Binds and listens. NULL with *why a sentence for the operator ("address
 * already in use: another orchestrator?"); conf is copied, its strings must
 * stay.
 */
orch_http_t *orch_http_create(orch_loop_t *loop, const orch_http_conf_t *conf,
    const char **why);

/* stop accepting, GOAWAY in two steps; done(data) when the last one is gone */
void orch_http_drain(orch_http_t *h, orch_loop_handler_pt done, void *data);
void orch_http_destroy(orch_http_t **h);

/* port really bound (addr may say 0) */
uint16_t orch_http_port(const orch_http_t *h);
const orch_http_stats_t *orch_http_stats(const orch_http_t *h);

/* appends the certificate as PEM; LP_MISSING for a cleartext server */
lp_status_t orch_http_certificate(const orch_http_t *h, lp_buf_t *out);

/*
 * The value of a header, name in lower case; len 0 when absent. *count (may
 * be NULL) is how many such fields came: a repeated payment is refused, not
 * "last wins".
 */
orch_str_t orch_http_header(const orch_http_request_t *r, const char *name,
    size_t *count);

/* status, headers and a whole body, copied */
void orch_http_reply(orch_http_request_t *r, int status,
    const orch_http_header_t *headers, size_t nheaders,
    const void *body, size_t len);

/* text and a newline, text/plain; nosniff: the errors of wire.md 4.6 */
void orch_http_error(orch_http_request_t *r, int status, const char *text);

/* status and headers, flushed at once; the body follows */
void orch_http_head(orch_http_request_t *r, int status,
    const orch_http_header_t *headers, size_t nheaders);

/*
 * Bytes of the body, not copied when release is given: release(data) is
 * called once when they are sent or the request is gone. Without release
 * they are copied.
 */
void orch_http_body(orch_http_request_t *r, const void *bytes, size_t len,
    orch_loop_handler_pt release, void *data);

/* the end; trailers go out over HTTP/2 (gRPC), n may be 0 */
void orch_http_finish(orch_http_request_t *r,
    const orch_http_header_t *trailers, size_t n);

/*
 * A body whose end is not awaited any longer: the rest of it is thrown away
 * (HTTP/1.1 closes after the answer, HTTP/2 resets the stream with NO_ERROR).
 */
void orch_http_discard(orch_http_request_t *r);


#endif /* ORCH_HTTP_H */
