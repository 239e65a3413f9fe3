/*
 * A segment in the making: packets go straight into the blocks it will be
 * sent from, and full blocks are hashed while the next one is filled.
 */
#ifndef NGX_LIVEPEER_OPEN_H
#define NGX_LIVEPEER_OPEN_H


#include "common/media/tsmux.h"
#include "ngx_livepeer_module/ngx_livepeer.h"


/* times are 90 kHz of the source's line; base moves them to the viewers' */
typedef struct {
    ngx_livepeer_seg_t    *seg;               /* NULL: none is open */
    ngx_chain_t          **last;
    ngx_buf_t             *buf;               /* the block being filled */
    lp_keccak_t           *keccak;            /* of the seg's pool */
    int64_t                base;
    int64_t                start;             /* PTS of the IDR */
    int64_t                end;               /* PTS of the next one */
    int64_t                max_pts;
    int64_t                first_dts;
    int64_t                last_dts;
    ngx_uint_t             audio_frames;
    ngx_uint_t             odd;               /* distances of frames that are
                                                 not the usual one */
    lp_tsmux_t             mux;               /* as it was at the end */
    unsigned               first:1;           /* of its time line */
} ngx_livepeer_open_t;


/* a seg with a pool of its own, empty */
ngx_int_t ngx_livepeer_open_begin(ngx_livepeer_open_t *o,
    ngx_livepeer_stream_t *st, int64_t base, int64_t pts, int64_t dts);

/*
 * Room for one packet. NULL: no memory, or *why says which limit is reached;
 * a packet that was given earlier may be changed until the next is asked for.
 */
u_char *ngx_livepeer_open_packet(ngx_livepeer_open_t *o, const char **why);

/* the hash, the length and the times are filled in; seg is still o's */
void ngx_livepeer_open_seal(ngx_livepeer_open_t *o);

/* with all its memory; may be repeated */
void ngx_livepeer_open_forget(ngx_livepeer_open_t *o);


#endif /* NGX_LIVEPEER_OPEN_H */
