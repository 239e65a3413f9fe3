/*
 * The broadcaster's signatures, off chain: a key made at random in each
 * worker after the fork (T-42). It dies with the worker and pays nobody.
 */
#include <sys/random.h>

#include "common/net/segcreds.h"
#include "ngx_livepeer_module/ngx_livepeer_signer.h"


#define NGX_LIVEPEER_SIGNER_TRIES  8


typedef struct {
    lp_keys_t     *keys;
    lp_secret_t    secret;
    lp_address_t   address;
    lp_sig_t       request_sig;
} ngx_livepeer_signer_t;


static ngx_livepeer_signer_t  ngx_livepeer_signer;


static ngx_int_t
ngx_livepeer_signer_random(void *out, size_t len)
{
    ssize_t  n;

    do {
        n = getrandom(out, len, 0);
    } while (n == -1 && ngx_errno == NGX_EINTR);

    return n == (ssize_t) len ? NGX_OK : NGX_ERROR;
}


/* nearly every 32 bytes are a key; those that are not are drawn again */

static ngx_int_t
ngx_livepeer_signer_draw(ngx_livepeer_signer_t *s)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVEPEER_SIGNER_TRIES; i++) {
        if (ngx_livepeer_signer_random(s->secret.b, sizeof(s->secret.b))
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (lp_keys_address(s->keys, &s->address, &s->secret) == LP_OK) {
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_livepeer_signer_make(ngx_livepeer_signer_t *s)
{
    u_char     seed[32];
    lp_hash_t  digest;

    if (ngx_livepeer_signer_random(seed, sizeof(seed)) != NGX_OK) {
        return NGX_ERROR;
    }

    s->keys = lp_keys_create(seed);
    if (s->keys == NULL || ngx_livepeer_signer_draw(s) != NGX_OK) {
        return NGX_ERROR;
    }

    lp_segcreds_request_digest(&digest, &s->address);

    return lp_keys_sign(s->keys, &s->request_sig, &s->secret, &digest)
           == LP_OK ? NGX_OK : NGX_ERROR;
}


/* the worker's own, made when it is first asked for; NULL: it cannot be */

static ngx_livepeer_signer_t *
ngx_livepeer_signer_get(void)
{
    ngx_livepeer_signer_t  *s = &ngx_livepeer_signer;

    if (s->keys) {
        return s;
    }

    if (ngx_livepeer_signer_make(s) == NGX_OK) {
        return s;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, ngx_errno,
                  "livepeer: no key could be made");

    lp_secret_wipe(&s->secret);

    if (s->keys) {
        lp_keys_destroy(&s->keys);
    }

    return NULL;
}


const lp_keys_t *
ngx_livepeer_signer_keys(void)
{
    ngx_livepeer_signer_t  *s = ngx_livepeer_signer_get();

    return s ? s->keys : NULL;
}


ngx_int_t
ngx_livepeer_signer_request(lp_address_t *address, lp_sig_t *sig)
{
    ngx_livepeer_signer_t  *s = ngx_livepeer_signer_get();

    if (s == NULL) {
        return NGX_ERROR;
    }

    *address = s->address;
    *sig = s->request_sig;

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_signer_segment(ngx_livepeer_seg_t *seg, lp_wire_seg_data_t *data)
{
    ngx_livepeer_signer_t  *s = ngx_livepeer_signer_get();

    if (s == NULL || lp_segcreds_sign(data, s->keys, &s->secret) != LP_OK) {
        return NGX_ERROR;
    }

    return NGX_OK;
}
