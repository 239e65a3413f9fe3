/*
 * AAC frames on the way into segments: timed by counting samples, kept until
 * it is known which segment they belong to, packed into PES. Times are
 * 90 kHz of the source's line. Source: media.md 1.3.
 */
#ifndef NGX_LIVEPEER_AUDIO_H
#define NGX_LIVEPEER_AUDIO_H


#include "ngx_livepeer_module/ngx_livepeer.h"


#define NGX_LIVEPEER_AUDIO_FRAMES  128           /* 2.7 s at 48 kHz */
#define NGX_LIVEPEER_AUDIO_BYTES   65536


typedef struct {
    int64_t               pts_90k;
    size_t                len;                /* with its ADTS header */
} ngx_livepeer_aac_t;

typedef struct {
    ngx_livepeer_aac_t    frames[NGX_LIVEPEER_AUDIO_FRAMES];
    ngx_uint_t            n;
    u_char                bytes[NGX_LIVEPEER_AUDIO_BYTES];
    size_t                len;
    int64_t               anchor_90k;         /* of sample 0 */
    uint64_t              count;              /* frames since */
    int64_t               last_90k;           /* newest ever queued */
    unsigned              anchored:1;
} ngx_livepeer_audio_t;

/* one PES worth of frames; NGX_OK or NGX_ERROR */
typedef ngx_int_t (*ngx_livepeer_audio_put_pt)(void *ctx, int64_t pts_90k,
    const u_char *data, size_t len, ngx_uint_t nframes);


/*
 * A frame that came at ms, with its header put before it. NGX_OK; NGX_AGAIN:
 * no room, flush something first; NGX_DECLINED: it cannot be said in ADTS or
 * is older than the last one: dropped.
 */
ngx_int_t ngx_livepeer_audio_add(ngx_livepeer_audio_t *q,
    const lp_aac_config_t *cfg, int64_t ms, const u_char *data, size_t len);

/* frames before limit_90k leave, at most about 150 ms or 2.9 kB together */
ngx_int_t ngx_livepeer_audio_flush(ngx_livepeer_audio_t *q,
    int64_t limit_90k, ngx_livepeer_audio_put_pt put, void *ctx);

/* frames before limit_90k are forgotten */
void ngx_livepeer_audio_drop(ngx_livepeer_audio_t *q, int64_t limit_90k);

/* at first, and for a new time line */
void ngx_livepeer_audio_reset(ngx_livepeer_audio_t *q);

/* a PES is worth writing: its frames before dts_90k are many or old */
ngx_uint_t ngx_livepeer_audio_due(ngx_livepeer_audio_t *q, int64_t dts_90k);

/* what one frame lasts */
int64_t ngx_livepeer_audio_frame_90k(const lp_aac_config_t *cfg);


#endif /* NGX_LIVEPEER_AUDIO_H */
