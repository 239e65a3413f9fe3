/*
 * What is known of an orchestrator over all streams: of this worker while
 * nobody is paid, of all workers and over reloads once it has an address
 * that money goes to. Its TLS key is pinned when it is first seen: one that
 * changes is told to the operator, and begins on probation. Source:
 * threats.md T-21, T-22, T-37, T-46.
 */
#ifndef NGX_LIVEPEER_PEER_H
#define NGX_LIVEPEER_PEER_H


#include "ngx_livepeer_module/ngx_livepeer_curl.h"


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
    ngx_uint_t                 in_flight;     /* segments of all streams */
    ngx_livepeer_key_watch_t   watch;         /* for its connections */
    lp_hash_t                  tls_key;       /* seen last; zero: none yet */
    lp_address_t               address;       /* who is paid */
    unsigned                   known:1;       /* address is set: what it did
                                                 stands in the ledger */
    unsigned                   fixed:1;       /* address was given with url */
    unsigned                   listed:1;      /* a stranger of the registry */
    unsigned                   down:1;        /* the last asking failed */
} ngx_livepeer_peer_t;


/*
 * The one at url with that address, or, a NULL, with whatever address is
 * found for it; made at first and never freed. NULL: no memory.
 */
ngx_livepeer_peer_t *ngx_livepeer_peer_get(ngx_str_t *url,
    const lp_address_t *a, ngx_log_t *log);

/* from now on its standing is that of an address */
void ngx_livepeer_peer_know(ngx_livepeer_peer_t *peer, const lp_address_t *a);

/* ms until its suspension ends, 0 or less when it is over */
ngx_msec_int_t ngx_livepeer_peer_suspended(ngx_livepeer_peer_t *peer);

/* a payment to it is lost; until it delivers it is not paid while suspended,
   be it the last one there is: 1, that is so now */
void ngx_livepeer_peer_lost(ngx_livepeer_peer_t *peer);
ngx_uint_t ngx_livepeer_peer_barred(ngx_livepeer_peer_t *peer);

/*
 * 1 min, doubled each time to 6 h, to 24 h for a stranger. What fails during
 * a suspension belongs to the same fault, or was a last resort: it is not
 * made longer.
 */
void ngx_livepeer_peer_punish(ngx_livepeer_peer_t *peer);

/* it delivered what it was paid for */
void ngx_livepeer_peer_praise(ngx_livepeer_peer_t *peer);

/*
 * May it be given one more segment, with n of this stream there already: one
 * at a time, over all streams and workers, until it has delivered three, two
 * of a stream afterwards. Whoever is not paid may have max.
 */
ngx_uint_t ngx_livepeer_peer_may(ngx_livepeer_peer_t *peer, ngx_uint_t n,
    ngx_uint_t max);

/* one more, and one less, in flight */
void ngx_livepeer_peer_hold(ngx_livepeer_peer_t *peer);
void ngx_livepeer_peer_release(ngx_livepeer_peer_t *peer);

/* it refused a payment, or changed what it should not: 1 when that is the
   second time within 10 min */
ngx_uint_t ngx_livepeer_peer_refused(ngx_livepeer_peer_t *peer);
ngx_uint_t ngx_livepeer_peer_drifted(ngx_livepeer_peer_t *peer);

/* 1: key is the hot key that was pinned for it, or is now */
ngx_uint_t ngx_livepeer_peer_pin(ngx_livepeer_peer_t *peer,
    const lp_address_t *key);


#endif /* NGX_LIVEPEER_PEER_H */
