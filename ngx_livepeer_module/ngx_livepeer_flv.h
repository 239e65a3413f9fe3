/*
 * The headers of RTMP's audio and video messages, the old ones of FLV and
 * the extended ones with a FourCC. Source: media.md 1.1, 1.8.
 */
#ifndef NGX_LIVEPEER_FLV_H
#define NGX_LIVEPEER_FLV_H


#include <stddef.h>
#include <stdint.h>


#define NGX_LIVEPEER_FLV_AVC   7
#define NGX_LIVEPEER_FLV_AAC   10


typedef enum {
    flv_config,                               /* decoder's configuration */
    flv_frames,                               /* a unit, a frame */
    flv_other,                                /* nothing for us in it */
    flv_refused                               /* a codec we cannot carry */
} ngx_livepeer_flv_e;


/*
 * The message at *p, *len bytes: afterwards its payload. Any bytes are fine.
 *
 *   cts  out: composition time, signed ms
 *   why  out, when refused: a fixed sentence that names the codec
 */
ngx_livepeer_flv_e ngx_livepeer_flv_video(const uint8_t **p, size_t *len,
    int32_t *cts, const char **why);
ngx_livepeer_flv_e ngx_livepeer_flv_audio(const uint8_t **p, size_t *len);


#endif /* NGX_LIVEPEER_FLV_H */
