/*
 * What a stream tells of itself in its slot: numbers and facts for the page,
 * and what the next publisher of the name goes on with. Nothing is written
 * once the name is somebody else's.
 */
#ifndef NGX_LIVEPEER_FIGURES_H
#define NGX_LIVEPEER_FIGURES_H


#include "ngx_livepeer_module/ngx_livepeer_open.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"


/* facts, NGX_LIVEPEER_ADVICE_ bits: some are so, some no longer */
void ngx_livepeer_figures_advise(ngx_livepeer_stream_t *st, uint32_t on,
    uint32_t off);

/*
 * A segment is whole: it gets its number. NGX_DECLINED: the name is somebody
 * else's, the segment is nobody's.
 *
 *   on, off   facts that it has shown
 *   cc_audio  the muxer's audio counter after it
 */
ngx_int_t ngx_livepeer_figures_segment(ngx_livepeer_stream_t *st,
    ngx_livepeer_open_t *o, uint8_t cc_audio, uint32_t on, uint32_t off);

/* the muxer goes on where the last one of this name stopped */
void ngx_livepeer_figures_resume(ngx_livepeer_stream_t *st, lp_tsmux_t *m);

/* now and then: bytes so far and lately, ms since the last IDR */
void ngx_livepeer_figures_rate(ngx_livepeer_stream_t *st, uint64_t bytes,
    uint64_t bps, int64_t waiting_ms);

/* an IDR; gop_ms since the one before, 0: not known */
void ngx_livepeer_figures_idr(ngx_livepeer_stream_t *st, uint32_t gop_ms);

/* st->video and st->audio are known */
void ngx_livepeer_figures_video(ngx_livepeer_stream_t *st);
void ngx_livepeer_figures_audio(ngx_livepeer_stream_t *st);


#endif /* NGX_LIVEPEER_FIGURES_H */
