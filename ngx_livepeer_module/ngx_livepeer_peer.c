/*
 * Suspension, probation and refusals. On chain they lie in the ledger, by
 * address: a new name for the same recipient begins with the same record.
 */
#include "ngx_livepeer_module/ngx_livepeer_ledger.h"
#include "ngx_livepeer_module/ngx_livepeer_peer.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"

#include <signal.h>


#define NGX_LIVEPEER_PEER_PENALTY    (60 * 1000)
#define NGX_LIVEPEER_PEER_PENALTIES  (6 * 60 * 60 * 1000)
#define NGX_LIVEPEER_PEER_STRANGERS  (24 * 60 * 60 * 1000)
#define NGX_LIVEPEER_PEER_MEMORY     (10 * 60 * 1000)    /* of refusals */
#define NGX_LIVEPEER_PEER_TRIAL      (30 * 1000)         /* a worker's claim */
#define NGX_LIVEPEER_PEER_PAID       2                   /* in flight */


static ngx_uint_t ngx_livepeer_peer_is_key(const lp_hash_t *key);
static void ngx_livepeer_peer_on_key(void *data, const lp_hash_t *key);


static ngx_queue_t  ngx_livepeer_peers;


ngx_livepeer_peer_t *
ngx_livepeer_peer_get(ngx_str_t *url, const lp_address_t *a, ngx_log_t *log)
{
    ngx_queue_t          *q, *peers = &ngx_livepeer_peers;
    ngx_livepeer_peer_t  *peer;

    if (peers->next == NULL) {
        ngx_queue_init(peers);
    }

    for (q = ngx_queue_head(peers);
         q != ngx_queue_sentinel(peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_livepeer_peer_t, queue);

        if (peer->url.len == url->len
            && ngx_memcmp(peer->url.data, url->data, url->len) == 0
            && (a ? peer->fixed && lp_address_equal(&peer->address, a)
                  : !peer->fixed))
        {
            return peer;
        }
    }

    /* never freed: as many as the configuration and the registry name */

    peer = ngx_calloc(sizeof(ngx_livepeer_peer_t) + url->len + 1, log);
    if (peer == NULL) {
        return NULL;
    }

    peer->url.data = (u_char *) (peer + 1);
    peer->url.len = url->len;
    ngx_memcpy(peer->url.data, url->data, url->len);

    if (a) {
        ngx_livepeer_peer_know(peer, a);
        peer->fixed = 1;
    }

    peer->watch.on_key = ngx_livepeer_peer_on_key;
    peer->watch.data = peer;

    ngx_queue_init(&peer->sessions);
    ngx_queue_insert_tail(peers, &peer->queue);

    return peer;
}


void
ngx_livepeer_peer_know(ngx_livepeer_peer_t *peer, const lp_address_t *a)
{
    if (peer->known && lp_address_equal(&peer->address, a)) {
        return;
    }

    peer->address = *a;
    peer->known = 1;

    /* its first connection was made before the address was known */

    if (ngx_livepeer_peer_is_key(&peer->tls_key)) {
        ngx_livepeer_peer_on_key(peer, &peer->tls_key);
    }
}


static ngx_msec_int_t
ngx_livepeer_peer_left(ngx_msec_t since, ngx_msec_t penalty)
{
    return penalty == 0 ? 0
                        : (ngx_msec_int_t) (since + penalty
                                            - ngx_current_msec);
}


ngx_msec_int_t
ngx_livepeer_peer_suspended(ngx_livepeer_peer_t *peer)
{
    ngx_msec_int_t            left;
    ngx_livepeer_standing_t  *s;

    if (!peer->known) {
        return ngx_livepeer_peer_left(peer->suspended, peer->penalty);
    }

    ngx_livepeer_zone_lock();

    s = ngx_livepeer_ledger_standing(&peer->address);
    left = ngx_livepeer_peer_left(s->suspended, s->penalty);

    ngx_livepeer_zone_unlock();

    return left;
}


static void
ngx_livepeer_peer_suspend(ngx_livepeer_peer_t *peer, ngx_msec_t *since,
    ngx_msec_t *penalty)
{
    ngx_msec_t  max;

    if (ngx_livepeer_peer_left(*since, *penalty) > 0) {
        return;
    }

    max = peer->listed ? NGX_LIVEPEER_PEER_STRANGERS
                       : NGX_LIVEPEER_PEER_PENALTIES;

    *penalty = *penalty ? ngx_min(2 * *penalty, max)
                        : NGX_LIVEPEER_PEER_PENALTY;

    /* strangers' doors are not knocked at by everybody at once */

    if (peer->listed) {
        *penalty += (ngx_msec_t) ngx_random() % (*penalty / 16);
    }

    *since = ngx_current_msec;
}


void
ngx_livepeer_peer_punish(ngx_livepeer_peer_t *peer)
{
    ngx_livepeer_standing_t  *s;

    if (!peer->known) {
        ngx_livepeer_peer_suspend(peer, &peer->suspended, &peer->penalty);
        return;
    }

    ngx_livepeer_zone_lock();

    s = ngx_livepeer_ledger_standing(&peer->address);
    s->goods = 0;
    ngx_livepeer_peer_suspend(peer, &s->suspended, &s->penalty);

    ngx_livepeer_zone_unlock();
}


void
ngx_livepeer_peer_praise(ngx_livepeer_peer_t *peer)
{
    ngx_livepeer_standing_t  *s;

    peer->penalty = 0;

    if (!peer->known) {
        return;
    }

    ngx_livepeer_zone_lock();

    s = ngx_livepeer_ledger_standing(&peer->address);
    s->penalty = 0;
    s->lost = 0;
    s->goods += s->goods < NGX_LIVEPEER_PROVEN;

    ngx_livepeer_zone_unlock();
}


void
ngx_livepeer_peer_lost(ngx_livepeer_peer_t *peer)
{
    if (!peer->known) {
        return;
    }

    ngx_livepeer_zone_lock();
    ngx_livepeer_ledger_standing(&peer->address)->lost = 1;
    ngx_livepeer_zone_unlock();
}


ngx_uint_t
ngx_livepeer_peer_barred(ngx_livepeer_peer_t *peer)
{
    ngx_uint_t                barred;
    ngx_livepeer_standing_t  *s;

    if (!peer->known) {
        return 0;
    }

    ngx_livepeer_zone_lock();

    s = ngx_livepeer_ledger_standing(&peer->address);
    barred = s->lost && ngx_livepeer_peer_left(s->suspended, s->penalty) > 0;

    ngx_livepeer_zone_unlock();

    return barred;
}


/* Probation */


/* another worker tries it out, and lives */

static ngx_uint_t
ngx_livepeer_peer_taken(ngx_livepeer_standing_t *s)
{
    return s->payer && s->payer != ngx_pid
           && (ngx_msec_int_t) (s->payer_until - ngx_current_msec) > 0
           && (kill(s->payer, 0) == 0 || ngx_errno != NGX_ESRCH);
}


ngx_uint_t
ngx_livepeer_peer_may(ngx_livepeer_peer_t *peer, ngx_uint_t n, ngx_uint_t max)
{
    ngx_uint_t                may;
    ngx_livepeer_standing_t  *s;

    if (!peer->known) {
        return n < max;
    }

    ngx_livepeer_zone_lock();

    s = ngx_livepeer_ledger_standing(&peer->address);

    if (s->goods >= NGX_LIVEPEER_PROVEN) {
        may = n < NGX_LIVEPEER_PEER_PAID;

    } else {
        may = peer->in_flight == 0 && !ngx_livepeer_peer_taken(s);
    }

    ngx_livepeer_zone_unlock();

    return may;
}


void
ngx_livepeer_peer_hold(ngx_livepeer_peer_t *peer)
{
    ngx_livepeer_standing_t  *s;

    peer->in_flight++;

    if (!peer->known) {
        return;
    }

    ngx_livepeer_zone_lock();

    s = ngx_livepeer_ledger_standing(&peer->address);
    s->payer = ngx_pid;
    s->payer_until = ngx_current_msec + NGX_LIVEPEER_PEER_TRIAL;

    ngx_livepeer_zone_unlock();
}


void
ngx_livepeer_peer_release(ngx_livepeer_peer_t *peer)
{
    ngx_livepeer_standing_t  *s;

    peer->in_flight--;

    if (!peer->known || peer->in_flight) {
        return;
    }

    ngx_livepeer_zone_lock();

    s = ngx_livepeer_ledger_standing(&peer->address);

    if (s->payer == ngx_pid) {
        s->payer = 0;
    }

    ngx_livepeer_zone_unlock();
}


/* Faults that are borne once */


/* under the lock: when is the time of the last one, or 0 */

static ngx_uint_t
ngx_livepeer_peer_again(ngx_msec_t *when)
{
    ngx_uint_t  again;

    again = *when
            && ngx_current_msec - *when < NGX_LIVEPEER_PEER_MEMORY;

    *when = ngx_current_msec;

    return again;
}


ngx_uint_t
ngx_livepeer_peer_refused(ngx_livepeer_peer_t *peer)
{
    ngx_uint_t  again;

    ngx_livepeer_zone_lock();

    again = ngx_livepeer_peer_again(
                &ngx_livepeer_ledger_standing(&peer->address)->refused);
    ngx_livepeer_zone_ledger()->spent.refused++;

    ngx_livepeer_zone_unlock();

    return again;
}


ngx_uint_t
ngx_livepeer_peer_drifted(ngx_livepeer_peer_t *peer)
{
    ngx_uint_t  again;

    ngx_livepeer_zone_lock();

    again = ngx_livepeer_peer_again(
                &ngx_livepeer_ledger_standing(&peer->address)->drifted);

    ngx_livepeer_zone_unlock();

    return again;
}


ngx_uint_t
ngx_livepeer_peer_pin(ngx_livepeer_peer_t *peer, const lp_address_t *key)
{
    ngx_uint_t                same;
    ngx_livepeer_standing_t  *s;

    ngx_livepeer_zone_lock();

    s = ngx_livepeer_ledger_standing(&peer->address);

    if (lp_address_is_zero(&s->hot_key)) {
        s->hot_key = *key;
    }

    same = lp_address_equal(&s->hot_key, key);

    ngx_livepeer_zone_unlock();

    return same;
}


/* The key of its connections */


static ngx_uint_t
ngx_livepeer_peer_is_key(const lp_hash_t *key)
{
    static const lp_hash_t  none;

    return ngx_memcmp(key, &none, sizeof(lp_hash_t)) != 0;
}


/* under the lock: key is pinned; 1: in the place of another */

static ngx_uint_t
ngx_livepeer_peer_rekey(lp_hash_t *pinned, const lp_hash_t *key)
{
    ngx_uint_t  changed;

    changed = ngx_livepeer_peer_is_key(pinned)
              && ngx_memcmp(pinned, key, sizeof(lp_hash_t)) != 0;

    *pinned = *key;

    return changed;
}


/* the same for an address: a new place in the registry has a new key */

static ngx_uint_t
ngx_livepeer_peer_rekey_address(ngx_livepeer_peer_t *peer,
    const lp_hash_t *key)
{
    uint32_t                  url;
    ngx_uint_t                changed;
    ngx_livepeer_standing_t  *s;

    s = ngx_livepeer_ledger_standing(&peer->address);
    url = ngx_crc32_long(peer->url.data, peer->url.len);

    if (s->tls_url != url) {
        s->tls_url = url;
        s->tls_key = *key;
        return 0;
    }

    changed = ngx_livepeer_peer_rekey(&s->tls_key, key);

    if (changed) {
        s->goods = 0;
    }

    return changed;
}


static void
ngx_livepeer_peer_on_key(void *data, const lp_hash_t *key)
{
    ngx_uint_t            changed;
    ngx_livepeer_peer_t  *peer = data;

    ngx_livepeer_zone_lock();

    changed = ngx_livepeer_peer_rekey(&peer->tls_key, key);

    if (peer->known) {
        changed = ngx_livepeer_peer_rekey_address(peer, key);
    }

    ngx_livepeer_zone_ledger()->spent.keys_changed += changed;

    ngx_livepeer_zone_unlock();

    if (changed) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "livepeer: %V has another TLS key than before: its "
                      "certificate is new, or somebody is in between%s",
                      &peer->url, peer->known ? "; it is on probation again"
                                              : "");
    }
}
