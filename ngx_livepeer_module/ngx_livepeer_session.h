/*
 * The orchestrators of one stream: discovered, refreshed, chosen, held,
 * released, suspended. A seg asks for one and gives it back with a verdict;
 * nothing else decides who works. Today's source is the static list; the
 * registry of the chain becomes a second one.
 */
#ifndef NGX_LIVEPEER_SESSION_H
#define NGX_LIVEPEER_SESSION_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/* GetOrchestrator is asked of every one; never waits */
ngx_int_t ngx_livepeer_session_start(ngx_livepeer_stream_t *st);

/*
 * The best one for seg that it has not tried yet, its load counted. NGX_OK;
 * NGX_AGAIN: answers are still awaited, the seg is woken when one comes;
 * NGX_DECLINED: nobody is left.
 */
ngx_int_t ngx_livepeer_session_hold(ngx_livepeer_seg_t *seg);

/* *s becomes NULL; may be repeated. Without a verdict: neither good nor bad */
void ngx_livepeer_session_release(ngx_livepeer_session_t **s);

/* the verdict on the held session: a measured success ... */
void ngx_livepeer_session_good(ngx_livepeer_seg_t *seg);

/* ... or a failure: 1 min, doubled each time to 6 h; why is a sentence */
void ngx_livepeer_session_bad(ngx_livepeer_seg_t *seg, const char *why);

/* all: EndTranscodingSession to those that worked, then forgotten */
void ngx_livepeer_session_stop(ngx_livepeer_stream_t *st);


#endif /* NGX_LIVEPEER_SESSION_H */
