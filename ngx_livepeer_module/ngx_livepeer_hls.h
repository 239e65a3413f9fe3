/*
 * Segment files and playlists, each made whole by a rename. The source is
 * listed when it is cut; the renditions of a segment are listed together,
 * in the order of the sequence, complete or as EXT-X-GAP.
 */
#ifndef NGX_LIVEPEER_HLS_H
#define NGX_LIVEPEER_HLS_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/*
 * Directories, and where the numbers go on: in the zone, for a publisher who
 * is back before ENDLIST, after it, or on another worker; after a restart of
 * nginx behind the highest number that is found on disk. Files of a life
 * that has ended are removed.
 */
ngx_int_t ngx_livepeer_hls_open(ngx_livepeer_stream_t *st);

/* the source's file and playlist; the master once a variant is there */
ngx_int_t ngx_livepeer_hls_publish_source(ngx_livepeer_stream_t *st,
    ngx_livepeer_seg_t *seg);

/*
 * The renditions' files (seg->renditions[i].bytes, .whole) and playlists. A
 * rendition that is not whole, or every one when seg->gap is set, becomes a
 * gap. The caller keeps the order of seq.
 */
ngx_int_t ngx_livepeer_hls_publish(ngx_livepeer_stream_t *st,
    ngx_livepeer_seg_t *seg);

/*
 * The publisher is gone. ENDLIST now when it said so (clean: deleteStream),
 * or conf->reconnect later unless somebody publishes the name again.
 */
void ngx_livepeer_hls_close(ngx_livepeer_stream_t *st, ngx_uint_t clean);


/* ENDLIST in all playlists of a copied slot */
void ngx_livepeer_hls_end(ngx_livepeer_slot_t *slot, ngx_log_t *log);


#endif /* NGX_LIVEPEER_HLS_H */
