/*
 * The orchestrators of one stream: discovered, refreshed, chosen, held,
 * released, suspended. A seg asks for one and gives it back with a verdict;
 * nothing else decides who works. They come from the configuration or, when
 * it names none, from the registry of the chain.
 */
#ifndef NGX_LIVEPEER_SESSION_H
#define NGX_LIVEPEER_SESSION_H


#include "ngx_livepeer_module/ngx_livepeer.h"
#include "ngx_livepeer_module/ngx_livepeer_pay.h"
#include "ngx_livepeer_module/ngx_livepeer_peer.h"
#include "ngx_livepeer_module/ngx_livepeer_url.h"


struct ngx_livepeer_session_s {
    ngx_queue_t                queue;         /* in stream->sessions */
    ngx_queue_t                sibling;       /* in peer->sessions */
    ngx_livepeer_stream_t     *stream;
    ngx_livepeer_peer_t       *peer;
    ngx_str_t                  url;           /* as configured */
    ngx_livepeer_url_t         origin;        /* its parts */
    ngx_flag_t                 prefer;
    ngx_uint_t                 stranger;      /* of the registry: its URL is
                                                 not the operator's */
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
    ngx_livepeer_account_t     account;       /* on chain */
    unsigned                   has_signer:1;
    unsigned                   pinned:1;      /* base, signer are known */
    unsigned                   ready:1;
    unsigned                   current:1;     /* worked last */
    unsigned                   used:1;        /* its token went out */
    unsigned                   worked:1;      /* it has delivered before */
    unsigned                   silent:1;      /* its failure was logged */
    unsigned                   refused:1;     /* a payment: its token is to be
                                                 another one */
    unsigned                   gone:1;        /* from the registry */
};


/* GetOrchestrator is asked of every one; never waits */
ngx_int_t ngx_livepeer_session_start(ngx_livepeer_stream_t *st);

/* for connections to where s has its segments sent: the pinned key is that of
   its URL, another port has another (T-37). May be NULL */
ngx_livepeer_key_watch_t *ngx_livepeer_session_watch(
    ngx_livepeer_session_t *s);

/*
 * The best one for seg that it has not tried yet, its load counted. NGX_OK;
 * NGX_AGAIN: answers are still awaited, the seg is woken when one comes;
 * NGX_DECLINED: nobody is left.
 */
ngx_int_t ngx_livepeer_session_hold(ngx_livepeer_seg_t *seg);

/* 1 when somebody can be used for the stream just now */
ngx_uint_t ngx_livepeer_session_any(ngx_livepeer_stream_t *st);

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

/*
 * ... or it refused the payment, for a reason that may have passed: it is
 * asked anew, and seg may try it again.
 */
void ngx_livepeer_session_renew(ngx_livepeer_seg_t *seg, const char *why);

/* a token that came with a result; the arena that holds it becomes s's */
void ngx_livepeer_session_adopt(ngx_livepeer_session_t *s, lp_arena_t *arena,
    const lp_wire_token_t *token);

/* every second: who came to the registry is asked, who left it is not used
   any more, and segs that wait for other workers look again */
void ngx_livepeer_session_tick(void);

/* all: EndTranscodingSession to those that got a segment, then forgotten */
void ngx_livepeer_session_stop(ngx_livepeer_stream_t *st);


#endif /* NGX_LIVEPEER_SESSION_H */
