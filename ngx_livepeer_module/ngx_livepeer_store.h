/*
 * The files of HLS: each is written aside and then renamed, so that nobody
 * ever reads half of one. All names come from checked names and numbers.
 *
 *   PATH/NAME.m3u8                master playlist
 *   PATH/NAME/VARIANT.m3u8        media playlist; VARIANT is "source" too
 *   PATH/NAME/VARIANT/SEQ.ts      segment
 */
#ifndef NGX_LIVEPEER_STORE_H
#define NGX_LIVEPEER_STORE_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/* where the files of one stream are; NUL-terminated */
typedef struct {
    const char  *path;
    const char  *name;
} ngx_livepeer_store_t;


/* directories for a stream, or for one of its variants */
ngx_int_t ngx_livepeer_store_make(const ngx_livepeer_store_t *store,
    const char *variant, ngx_log_t *log);

ngx_int_t ngx_livepeer_store_segment(const ngx_livepeer_store_t *store,
    const char *variant, uint64_t seq, ngx_chain_t *bytes, ngx_pool_t *pool,
    ngx_log_t *log);

/* variant NULL: the master */
ngx_int_t ngx_livepeer_store_playlist(const ngx_livepeer_store_t *store,
    const char *variant, const u_char *text, size_t len, ngx_log_t *log);

/* nothing is there: fine */
void ngx_livepeer_store_drop_segment(const ngx_livepeer_store_t *store,
    const char *variant, uint64_t seq);
void ngx_livepeer_store_drop_playlist(const ngx_livepeer_store_t *store,
    const char *variant);

/*
 * Everything of the stream is removed, whoever wrote it. Returns 1 + the
 * highest SEQ that was there, or 0.
 */
uint64_t ngx_livepeer_store_purge(const ngx_livepeer_store_t *store,
    ngx_log_t *log);


/*
 * The name of a stream that has files below path and no new segment since
 * "before", each at one call, until NGX_DONE. dir is opened by the caller.
 */
ngx_int_t ngx_livepeer_store_next(ngx_dir_t *dir, const char *path,
    u_char name[NGX_LIVEPEER_NAME_MAX + 1], time_t before);


#endif /* NGX_LIVEPEER_STORE_H */
