/*
 * What the files of the server share: a connection, its streams, and the
 * codec (http1, http2) that turns bytes into requests and answers into bytes.
 * Handlers see http.h only.
 *
 *   listen -> conn: handshake, peek -> codec->recv -> begin, on_body, on_end
 *             conn: socket <- out   <- codec->fill <- head, body, finish
 *
 * What a handler calls only changes the stream and wakes the connection: no
 * byte is sent, and nothing is freed, under a handler's feet.
 */
#ifndef ORCH_HTTP_CONN_H
#define ORCH_HTTP_CONN_H


#include <stdint.h>

#include "common/util/arena.h"
#include "orchestrator/http.h"
#include "orchestrator/tls.h"


#define ORCH_HTTP_READ        (64 * 1024)     /* bytes, one buffer for all */
#define ORCH_HTTP_OUT         (4 * ORCH_TLS_RECORD)   /* made at a time */
#define ORCH_HTTP_OUT_CAP     (ORCH_HTTP_OUT + 32 * 1024)
#define ORCH_HTTP_BODY_MAX    (32 * 1024 * 1024)
#define ORCH_HTTP_HEADER_ROOM (ORCH_HTTP_HEADER_LIST + 16 * 1024)
#define ORCH_HTTP_ANSWER_MAX  32              /* fields of an answer */
#define ORCH_HTTP_PROGRESS    (16 * 1024)     /* bytes that count as some */
#define ORCH_HTTP_GRACE_MS    2000            /* of a body's rate, a linger */
#define ORCH_HTTP_DISCARD_MS  1000            /* to stop by itself */

#define ORCH_HTTP_NEVER       UINT64_MAX


typedef struct orch_conn_s    orch_conn_t;
typedef struct orch_stream_s  orch_stream_t;
typedef struct orch_piece_s   orch_piece_t;
typedef struct orch_addr_s    orch_addr_t;

typedef struct {
    orch_str_t  name;
    orch_str_t  value;
} orch_field_t;

/* tokens come back with time: per_s of them, at most burst */
typedef struct {
    uint32_t  burst;
    uint32_t  per_s;
    uint64_t  milli;                          /* thousandths of a token */
    uint64_t  at_ms;
} orch_bucket_t;

/* bytes of an answer, as the handler gave them */
struct orch_piece_s {
    orch_piece_t          *next;
    const uint8_t         *data;
    size_t                 len;
    orch_loop_handler_pt   release;
    void                  *release_data;
    uint8_t                copy[];
};

struct orch_stream_s {
    orch_http_request_t  r;                   /* first: it is cast */
    orch_conn_t         *conn;
    orch_stream_t       *prev;
    orch_stream_t       *next;
    orch_stream_t       *next_dirty;
    int32_t              id;

    /* the request */
    lp_arena_t           arena;               /* fields, until finished */
    size_t               field_memory;        /* of memory */
    orch_field_t         fields[ORCH_HTTP_HEADERS_MAX];
    unsigned             nfields;
    size_t               field_bytes;         /* as HPACK counts them */
    uint64_t             body_bytes;
    uint64_t             memory;              /* counted for it */
    uint64_t             withheld;            /* flow control not given back */
    int                  refuse;              /* a status; 0: within limits */

    /* the answer */
    lp_arena_t           answer;
    int                  status;              /* 0: none yet */
    orch_field_t         headers[ORCH_HTTP_ANSWER_MAX];
    unsigned             nheaders;
    orch_field_t         trailers[ORCH_HTTP_ANSWER_MAX];
    unsigned             ntrailers;
    orch_piece_t        *pieces;
    orch_piece_t       **last;
    size_t               queued;              /* bytes in pieces */
    size_t               sent;                /* since progress_ms */
    uint64_t             progress_ms;
    uint64_t             answered_ms;         /* before the body was whole */

    unsigned             active:1;            /* the handler's, see http.h */
    unsigned             begun:1;
    unsigned             finished:1;
    unsigned             discard:1;
    unsigned             expect:1;            /* 100-continue is due */
    unsigned             head_only:1;         /* HEAD, 204, 304 */
    unsigned             has_length:1;
    unsigned             dirty:1;
    unsigned             submitted:1;         /* the codec has the head */
    unsigned             deferred:1;          /* the codec waits for bytes */
    unsigned             stopped:1;           /* being reset */
};

typedef struct {
    int     (*open)(orch_conn_t *c);
    int     (*recv)(orch_conn_t *c, const uint8_t *p, size_t len);
    int     (*fill)(orch_conn_t *c);          /* appends to c->out */
    void    (*stop)(orch_stream_t *s);        /* after a part of an answer */
    void    (*drain)(orch_conn_t *c);
    void    (*give_back)(orch_conn_t *c);     /* memory is there again */
    void    (*end)(orch_conn_t *c, int status);   /* says why, closes */
    void    (*close)(orch_conn_t *c);
} orch_codec_t;

typedef enum {
    conn_handshake,
    conn_peek,
    conn_open,
    conn_linger                               /* all said, waits for EOF */
} orch_conn_state_e;

struct orch_conn_s {
    orch_http_t         *http;
    orch_conn_t         *prev;
    orch_conn_t         *next;
    orch_conn_t         *fresh_prev;          /* no request yet, by age */
    orch_conn_t         *fresh_next;
    orch_addr_t         *addr;                /* counts by address */
    char                 peer[64];

    orch_io_t            io;
    orch_timer_t         timer;
    orch_timer_t         wake;
    orch_tls_conn_t     *tls;                 /* NULL: cleartext */
    const orch_codec_t  *codec;
    void                *proto;               /* the codec's own */
    orch_conn_state_e    state;

    uint8_t             *out;
    size_t               out_pos;
    size_t               out_len;
    size_t               out_cap;
    size_t               sent;                /* since progress_ms */

    uint8_t              peeked[4];
    unsigned             npeeked;

    orch_stream_t       *streams;
    unsigned             nstreams;
    orch_stream_t       *dirty;
    uint64_t             requests;

    uint64_t             timer_at;            /* ORCH_HTTP_NEVER: not set */
    uint64_t             since_ms;            /* of the state */
    uint64_t             idle_ms;             /* no stream since */
    uint64_t             head_ms;             /* a head began; 0: none */
    uint64_t             progress_ms;         /* of the output */
    uint64_t             drain_ms;            /* 0: not draining */

    unsigned             running:1;           /* in an event of its own */
    unsigned             fresh:1;
    unsigned             pause_read:1;        /* the codec has enough */
    unsigned             blocked:1;           /* the socket takes no more */
    unsigned             want_write:1;        /* TLS must write to read */
    unsigned             more:1;              /* left for the next round */
    unsigned             held:1;              /* memory was short: ask again */
    unsigned             closing:1;           /* after what is in out */
    unsigned             dead:1;              /* now, nothing is sent */
};

struct orch_addr_s {
    orch_addr_t  *next;
    uint64_t      key;
    uint32_t      n;
};

#define ORCH_HTTP_ADDR_BUCKETS  1024

struct orch_http_s {
    orch_loop_t         *loop;
    orch_http_conf_t     conf;
    orch_http_stats_t    stats;
    orch_tls_t          *tls;

    orch_io_t            listen;
    orch_timer_t         accept_timer;
    int                  spare_fd;            /* given up on EMFILE */
    uint16_t             port;
    orch_bucket_t        handshakes;

    orch_conn_t         *conns;
    orch_conn_t         *fresh;               /* oldest */
    orch_conn_t         *fresh_last;
    orch_addr_t         *addrs[ORCH_HTTP_ADDR_BUCKETS];
    uint64_t             addr_seed;
    orch_stream_t       *pass;                /* a body that need not wait */

    uint8_t             *read;                /* ORCH_HTTP_READ */
    uint8_t             *spare_out;           /* ORCH_HTTP_OUT_CAP */
    char                 date[32];
    int64_t              date_s;

    orch_loop_handler_pt drained;
    void                *drained_data;
    orch_timer_t         drain_wake;
    unsigned             listening:1;
    unsigned             draining:1;
    unsigned             held:1;              /* bodies wait for memory */
};


extern const orch_codec_t  orch_http1_codec;
extern const orch_codec_t  orch_http2_codec;


/* http_conn.c */
orch_conn_t *orch_conn_create(orch_http_t *h, int fd);
void orch_conn_destroy(orch_conn_t *c);
void orch_conn_drain(orch_conn_t *c);
void orch_conn_wake(orch_conn_t *c);
void orch_conn_not_fresh(orch_conn_t *c);
void orch_conn_flood(orch_conn_t *c);         /* a budget was overdrawn */

/* room for n more bytes of output, len not advanced; NULL without memory */
uint8_t *orch_conn_room(orch_conn_t *c, size_t n);
int orch_conn_put(orch_conn_t *c, const void *data, size_t len);

void orch_bucket_init(orch_bucket_t *b, uint32_t burst, uint32_t per_s,
    uint64_t now_ms);
int orch_bucket_take(orch_bucket_t *b, uint64_t now_ms);

/* http_stream.c: a request's life, called by the codecs */
orch_stream_t *orch_stream_create(orch_conn_t *c, int32_t id);
int orch_stream_add_field(orch_stream_t *s, const char *name, size_t nlen,
    const char *value, size_t vlen);          /* -1: far beyond limits */
void orch_stream_begin(orch_stream_t *s, int has_body);
void orch_stream_body(orch_stream_t *s, const uint8_t *p, size_t len);
void orch_stream_end(orch_stream_t *s);
void orch_stream_refuse(orch_stream_t *s, int status, const char *text);
void orch_stream_destroy(orch_stream_t *s);   /* on_abort when still due */

/* memory is short: the codec takes no more of this body for now */
int orch_stream_holds(orch_stream_t *s);

/* bytes that count as buffered until the stream ends */
void orch_stream_count(orch_stream_t *s, size_t n);
void orch_stream_uncount(orch_stream_t *s, size_t n);
orch_str_t orch_stream_copy(lp_arena_t *to, const char *text, size_t len);

/* the handler is done with it: the fields are freed, the answer stays */
void orch_stream_forget(orch_stream_t *s);

/* http_answer.c */
void orch_stream_mark(orch_stream_t *s);      /* its codec has work */
void orch_stream_answer(orch_stream_t *s, int status, const char *text);

/* copies len <= queued bytes of the answer and releases what is sent */
void orch_stream_take(orch_stream_t *s, uint8_t *out, size_t len);
void orch_stream_release(orch_stream_t *s);   /* all of it, unsent */

/* http_deadline.c: the next moment to ask, now when something was ended */
uint64_t orch_conn_check(orch_conn_t *c, uint64_t now);

/* enough for one round of writing */
static inline int
orch_conn_is_full(const orch_conn_t *c)
{
    return c->out_len - c->out_pos >= ORCH_HTTP_OUT;
}

static inline orch_stream_t *
orch_stream_of(const orch_http_request_t *r)
{
    return (orch_stream_t *) (uintptr_t) r;
}

static inline uint64_t
orch_stream_now(const orch_stream_t *s)
{
    return orch_loop_now_ms(s->conn->http->loop);
}

/* http.c */
void orch_http_memory(orch_http_t *h, int64_t delta);
int orch_http_memory_high(const orch_http_t *h);
void orch_http_wake_held(orch_http_t *h);
void orch_http_forget(orch_conn_t *c);
const char *orch_http_date(orch_http_t *h);
const char *orch_http_reason(int status);


#endif /* ORCH_HTTP_CONN_H */
