/*
 * Frames to MPEG-TS segments, cut at IDR frames. The tap hands over what the
 * publisher sent; every whole segment goes to ngx_livepeer_seg_start().
 * Source: media.md 1.1-1.5.
 */
#ifndef NGX_LIVEPEER_CUT_H
#define NGX_LIVEPEER_CUT_H


#include "ngx_livepeer_module/ngx_livepeer.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"


/* how a stream ends when its publisher does not end it */
typedef struct {
    ngx_livepeer_refused_e  label;
    const char             *why;              /* a fixed sentence */
} ngx_livepeer_end_t;


/* st->cut; the slot is acquired */
ngx_int_t ngx_livepeer_cut_create(ngx_livepeer_stream_t *st);

/* what is not a whole segment yet is forgotten; may be repeated */
void ngx_livepeer_cut_destroy(ngx_livepeer_stream_t *st);

/* tracks that metadata announces, before their headers came */
void ngx_livepeer_cut_expect(ngx_livepeer_stream_t *st, ngx_uint_t video,
    ngx_uint_t audio);

/*
 * All of these: NGX_OK, also when the bytes were dropped. NGX_DECLINED: the
 * picture has another size from here on (st->video says which), this stream
 * should be closed and another one opened. NGX_ERROR: the publish cannot go
 * on, *end says why.
 */

/* AVCDecoderConfigurationRecord; AudioSpecificConfig */
ngx_int_t ngx_livepeer_cut_video_config(ngx_livepeer_stream_t *st,
    ngx_livepeer_end_t *end, const u_char *data, size_t len);
ngx_int_t ngx_livepeer_cut_audio_config(ngx_livepeer_stream_t *st,
    ngx_livepeer_end_t *end, const u_char *data, size_t len);

/*
 * One access unit (length-prefixed NAL units) and one AAC frame. time is
 * RTMP's: 32 bits of milliseconds that wrap; cts signed milliseconds.
 */
ngx_int_t ngx_livepeer_cut_video(ngx_livepeer_stream_t *st,
    ngx_livepeer_end_t *end, uint32_t time, int32_t cts, const u_char *data,
    size_t len);
ngx_int_t ngx_livepeer_cut_audio(ngx_livepeer_stream_t *st,
    ngx_livepeer_end_t *end, uint32_t time, const u_char *data, size_t len);

/* the audio's codec cannot be carried: said on the page, dropped */
void ngx_livepeer_cut_no_audio(ngx_livepeer_stream_t *st);

/* a new stream of the same publisher: its headers; video's bytes move in */
ngx_int_t ngx_livepeer_cut_adopt(ngx_livepeer_stream_t *st,
    lp_h264_config_t *video, lp_aac_config_t *audio);

/* the publisher is gone: what is there becomes the last segment */
void ngx_livepeer_cut_close(ngx_livepeer_stream_t *st);


#endif /* NGX_LIVEPEER_CUT_H */
