/*
 * The orchestrators of one stream: discovered, refreshed, chosen, held,
 * released, suspended. A seg asks for one and gives it back with a verdict;
 * nothing else decides who works. Today's source is the static list; the
 * registry of the chain becomes a second one.
 */
#ifndef NGX_LIVEPEER_SESSION_H
#define NGX_LIVEPEER_SESSION_H


#include "ngx_livepeer_module/ngx_livepeer.h"
#include "ngx_livepeer_module/ngx_livepeer_url.h"


/* what this worker knows of an orchestrator, over all streams */
typedef struct {
    ngx_queue_t                queue;
    ngx_str_t                  url;
    ngx_msec_t                 suspended;     /* since */
    ngx_msec_t                 penalty;       /* for how long; 0: never */
    ngx_uint_t                 score_milli;   /* round trip / duration, of the
                                                 last one; 0: unknown */
    ngx_queue_t                sessions;      /* of all streams */
    ngx_livepeer_session_t    *prober;        /* asks just now, for all when
                                                 the peer is down */
    ngx_msec_t                 asked;         /* by any of them */
    unsigned                   down:1;        /* the last asking failed */
} ngx_livepeer_peer_t;

struct ngx_livepeer_session_s {
    ngx_queue_t                queue;         /* in stream->sessions */
    ngx_queue_t                sibling;       /* in peer->sessions */
    ngx_livepeer_stream_t     *stream;
    ngx_livepeer_peer_t       *peer;
    ngx_str_t                  url;           /* as configured */
    ngx_livepeer_url_t         origin;        /* its parts */
    ngx_flag_t                 prefer;
    ngx_uint_t                 index;         /* its bit in seg->tried */
    ngx_uint_t                 in_flight;
    ngx_uint_t                 late;          /* attempts given up, in a row */

    ngx_livepeer_call_t       *call;          /* GetOrchestrator */
    ngx_str_t                  ask_url;
    ngx_array_t               *ask_headers;
    lp_buf_t                   request;
    ngx_buf_t                  request_buf;
    ngx_chain_t                request_link;
    ngx_event_t                answer;        /* the call's wake */
    ngx_event_t                timer;         /* when to ask again */

    lp_arena_t                 arena;         /* of info */
    lp_wire_orch_info_t        info;          /* valid while ready */
    ngx_msec_t                 refresh;       /* info is too old then */
    ngx_str_t                  base;          /* segments go to base/segment;
                                                 frozen at first, as the next
                                                 two are */
    ngx_livepeer_url_t         base_parts;
    lp_address_t               signer;        /* of results */
    unsigned                   has_signer:1;
    unsigned                   pinned:1;      /* base, signer are known */
    unsigned                   ready:1;
    unsigned                   current:1;     /* worked last */
    unsigned                   used:1;        /* its token went out */
    unsigned                   worked:1;      /* it has delivered before */
    unsigned                   silent:1;      /* its failure was logged */
};


/* GetOrchestrator is asked of every one; never waits */
ngx_int_t ngx_livepeer_session_start(ngx_livepeer_stream_t *st);

/*
 * The best one for seg that it has not tried yet, its load counted. NGX_OK;
 * NGX_AGAIN: answers are still awaited, the seg is woken when one comes;
 * NGX_DECLINED: nobody is left.
 */
ngx_int_t ngx_livepeer_session_hold(ngx_livepeer_seg_t *seg);

/* 1 when hold would find another one for seg now */
ngx_uint_t ngx_livepeer_session_other(ngx_livepeer_seg_t *seg);

/* *s becomes NULL; may be repeated. Without a verdict: neither good nor bad */
void ngx_livepeer_session_release(ngx_livepeer_session_t **s);

/* the verdict on the held session: a measured success ... */
void ngx_livepeer_session_good(ngx_livepeer_seg_t *seg);

/* ... or, on any session, a failure: 1 min, doubled each time to 6 h; why is
   a sentence */
void ngx_livepeer_session_bad(ngx_livepeer_session_t *s, const char *why);

/*
 * ... or too slow, once: the attempt is given up. Who has delivered before
 * and has taken the upload is busy, not dead: it comes last from now on, and
 * its session goes on; the third time in a row is a failure.
 */
void ngx_livepeer_session_late(ngx_livepeer_seg_t *seg, const char *why);

/* all: EndTranscodingSession to those that got a segment, then forgotten */
void ngx_livepeer_session_stop(ngx_livepeer_stream_t *st);


#endif /* NGX_LIVEPEER_SESSION_H */
