/*
 * An orchestrator's row among those of a stream, as the page shows it.
 */
#ifndef NGX_LIVEPEER_ROW_H
#define NGX_LIVEPEER_ROW_H


#include "ngx_livepeer_module/ngx_livepeer_session.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"


/* of seg's orchestrator, the zone locked; NULL, and not locked, when there is
   none */
ngx_livepeer_orch_stat_t *ngx_livepeer_row_lock(ngx_livepeer_seg_t *seg);

/* s as it is now: seg, if given, was delivered; why, if given, says what
   went wrong */
void ngx_livepeer_row_show(ngx_livepeer_session_t *s, ngx_livepeer_seg_t *seg,
    const char *why);


#endif /* NGX_LIVEPEER_ROW_H */
