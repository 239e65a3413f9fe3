/*
 * The signer's socket on nginx's events: one connection of a worker, many
 * questions under way, answered in order. An ask belongs to its owner, lies
 * in the owner's memory, and is answered once, or cancelled.
 */
#ifndef NGX_LIVEPEER_ASK_H
#define NGX_LIVEPEER_ASK_H


#include "common/signer/protocol.h"
#include "ngx_livepeer_module/ngx_livepeer.h"


typedef struct ngx_livepeer_ask_s  ngx_livepeer_ask_t;

/* r is NULL when no answer came within 2 s; what it points at is gone when
   this returns. Sets fields and posts a wake, no more */
typedef void (*ngx_livepeer_ask_pt)(ngx_livepeer_ask_t *ask,
    const lp_sign_reply_t *r);

struct ngx_livepeer_ask_s {
    ngx_livepeer_ask_pt   answer;
    void                 *owner;
    unsigned              open:1;            /* an answer is awaited */
};


/* at worker start: where the signer listens */
void ngx_livepeer_ask_init(ngx_str_t *path);
void ngx_livepeer_ask_done(void);

/*
 * Frames of one turn of the event loop leave together. NGX_DECLINED: the
 * signer cannot be reached now, or too much is under way; no answer comes.
 */
ngx_int_t ngx_livepeer_ask_start(ngx_livepeer_ask_t *ask,
    const lp_sign_request_t *r);

/* may be repeated; the answer is thrown away when it comes */
void ngx_livepeer_ask_cancel(ngx_livepeer_ask_t *ask);


#endif /* NGX_LIVEPEER_ASK_H */
