/*
 * The broadcaster's identity. On chain: what the signer's process says of
 * itself, asked again all the time, since it may be restarted, and its
 * budgets may be raised. Off chain: a key made at random in each worker
 * after the fork (T-42). It dies with the worker and pays nobody.
 */
#include <sys/random.h>

#include "common/net/segcreds.h"
#include "ngx_livepeer_module/ngx_livepeer_ask.h"
#include "ngx_livepeer_module/ngx_livepeer_ledger.h"
#include "ngx_livepeer_module/ngx_livepeer_signer.h"


#define NGX_LIVEPEER_SIGNER_TRIES  8
#define NGX_LIVEPEER_SIGNER_FRESH  2000      /* ms between two hellos */


typedef struct {
    lp_keys_t     *keys;
    lp_secret_t    secret;
    lp_address_t   address;
    lp_sig_t       request_sig;
} ngx_livepeer_signer_t;

/* the process, as it was last heard of */
typedef struct {
    ngx_livepeer_ask_t   ask_hello, ask_request;
    lp_sign_hello_t      hello;
    lp_sig_t             request_sig;
    ngx_msec_t           asked;
    void               (*heard)(void);
    unsigned             used:1;             /* it is the one that signs */
    unsigned             ready:1;            /* hello is true */
    unsigned             signs:1;            /* request_sig is for hello's
                                                address */
} ngx_livepeer_signer_process_t;


static ngx_livepeer_signer_t          ngx_livepeer_signer;
static ngx_livepeer_signer_process_t  ngx_livepeer_signer_process;


/* The signer's process */


static void
ngx_livepeer_signer_request_answer(ngx_livepeer_ask_t *ask,
    const lp_sign_reply_t *r)
{
    ngx_livepeer_signer_process_t  *p = &ngx_livepeer_signer_process;

    if (r && r->refusal == LP_SIGN_OK) {
        p->request_sig = r->sig;
        p->signs = 1;
    }
}


static void
ngx_livepeer_signer_hello_answer(ngx_livepeer_ask_t *ask,
    const lp_sign_reply_t *r)
{
    ngx_uint_t                      was;
    ngx_livepeer_signer_process_t  *p = &ngx_livepeer_signer_process;

    if (r == NULL || r->refusal != LP_SIGN_OK) {
        p->ready = 0;
        return;
    }

    was = p->ready;

    if (!lp_address_equal(&p->hello.address, &r->hello.address)) {
        p->signs = 0;
    }

    p->hello = r->hello;
    p->ready = 1;
    ngx_livepeer_ledger_set_hello(&p->hello);

    if (!p->signs) {
        ngx_livepeer_signer_poll();
    }

    if (!was) {
        p->heard();
    }
}


void
ngx_livepeer_signer_init(ngx_livepeer_money_t *m, void (*heard)(void))
{
    ngx_livepeer_signer_process_t  *p = &ngx_livepeer_signer_process;

    ngx_memzero(p, sizeof(ngx_livepeer_signer_process_t));

    if (!m->on_chain) {
        return;
    }

    p->used = 1;
    p->heard = heard;
    p->ask_hello.answer = ngx_livepeer_signer_hello_answer;
    p->ask_request.answer = ngx_livepeer_signer_request_answer;

    ngx_livepeer_ask_init(&m->signer);
    ngx_livepeer_signer_poll();
}


void
ngx_livepeer_signer_done(void)
{
    if (ngx_livepeer_signer_process.used) {
        ngx_livepeer_ask_done();
    }
}


void
ngx_livepeer_signer_poll(void)
{
    lp_sign_request_t               r;
    ngx_livepeer_signer_process_t  *p = &ngx_livepeer_signer_process;

    if (!p->used) {
        return;
    }

    ngx_memzero(&r, sizeof(lp_sign_request_t));

    if (!p->ask_hello.open
        && (!p->ready
            || ngx_current_msec - p->asked >= NGX_LIVEPEER_SIGNER_FRESH))
    {
        p->asked = ngx_current_msec;
        r.kind = LP_SIGN_HELLO;

        if (ngx_livepeer_ask_start(&p->ask_hello, &r) != NGX_OK) {
            p->ready = 0;
        }
    }

    if (p->ready && !p->signs && !p->ask_request.open) {
        r.kind = LP_SIGN_REQUEST;
        (void) ngx_livepeer_ask_start(&p->ask_request, &r);
    }
}


ngx_uint_t
ngx_livepeer_signer_ready(lp_sign_hello_t *hello)
{
    ngx_livepeer_signer_process_t  *p = &ngx_livepeer_signer_process;

    if (hello) {
        *hello = p->hello;
    }

    return p->ready;
}


/* The key made at random */


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
    ngx_livepeer_signer_t          *s;
    ngx_livepeer_signer_process_t  *p = &ngx_livepeer_signer_process;

    if (p->used) {
        *address = p->hello.address;
        *sig = p->request_sig;

        return p->signs ? NGX_OK : NGX_AGAIN;
    }

    s = ngx_livepeer_signer_get();
    if (s == NULL) {
        return NGX_ERROR;
    }

    *address = s->address;
    *sig = s->request_sig;

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_signer_segment(lp_wire_seg_data_t *data)
{
    ngx_livepeer_signer_t  *s = ngx_livepeer_signer_get();

    if (s == NULL || lp_segcreds_sign(data, s->keys, &s->secret) != LP_OK) {
        return NGX_ERROR;
    }

    return NGX_OK;
}
