/*
 * Memory of segments: blocks of NGX_LIVEPEER_BLOCK bytes, kept by the worker
 * and handed from segment to segment, so that a stream's memory stays what
 * its segments in flight need.
 */
#ifndef NGX_LIVEPEER_BLOCK_H
#define NGX_LIVEPEER_BLOCK_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/* NULL: no memory, or the worker's segments would pass max bytes */
u_char *ngx_livepeer_block_alloc(size_t max, ngx_log_t *log);
void ngx_livepeer_block_free(u_char *block);

/* once a second: what nobody has needed lately goes back to the system */
void ngx_livepeer_block_trim(void);


#endif /* NGX_LIVEPEER_BLOCK_H */
