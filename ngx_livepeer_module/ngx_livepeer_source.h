/*
 * What a source is, from its headers: its picture, its audio, and which
 * renditions are worth making of it.
 */
#ifndef NGX_LIVEPEER_SOURCE_H
#define NGX_LIVEPEER_SOURCE_H


#include "ngx_livepeer_module/ngx_livepeer.h"


/*
 * These tell what new headers mean: NGX_OK: nothing new; NGX_ABORT: another
 * codec configuration, a discontinuity; NGX_DECLINED: another size, another
 * stream. NGX_ERROR: malformed.
 */

/* AVCDecoderConfigurationRecord to st->video; the first one chooses rungs */
ngx_int_t ngx_livepeer_source_video(ngx_livepeer_stream_t *st,
    const u_char *data, size_t len);

/* an access unit: has it an IDR, other parameter sets, is it whole? */
ngx_int_t ngx_livepeer_source_survey(ngx_livepeer_stream_t *st,
    ngx_uint_t *idr, const u_char *data, size_t len);

/* AudioSpecificConfig to st->audio; NGX_ERROR: cannot be carried */
ngx_int_t ngx_livepeer_source_audio(ngx_livepeer_stream_t *st,
    const u_char *data, size_t len);

/* a new stream of the same publisher: video's bytes move in */
void ngx_livepeer_source_adopt(ngx_livepeer_stream_t *st,
    lp_h264_config_t *video);


#endif /* NGX_LIVEPEER_SOURCE_H */
