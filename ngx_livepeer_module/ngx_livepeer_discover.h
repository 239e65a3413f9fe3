/*
 * One orchestrator is asked whether it works for a stream, and told when the
 * stream is over. Source: wire.md 1.2, 3; threats.md T-24, T-25, T-44.
 */
#ifndef NGX_LIVEPEER_DISCOVER_H
#define NGX_LIVEPEER_DISCOVER_H


#include "ngx_livepeer_module/ngx_livepeer_session.h"


/* s->call is GetOrchestrator from now on; s->answer is posted at its end */
ngx_int_t ngx_livepeer_discover_ask(ngx_livepeer_session_t *s);

/*
 * The answer in s->call becomes s->info. NULL: s is ready; otherwise a
 * sentence says why not, and what s held is still there.
 */
const char *ngx_livepeer_discover_take(ngx_livepeer_session_t *s);

/* EndTranscodingSession: sent and forgotten, it outlives s and its stream */
void ngx_livepeer_discover_end(ngx_livepeer_session_t *s);


#endif /* NGX_LIVEPEER_DISCOVER_H */
