/*
 * The headers of RTMP's audio and video messages. A publisher may send any
 * bytes: what is too short or not known is "other", and skipped. No nginx
 * type in here, so that it can be fuzzed alone.
 */
#include <string.h>

#include "ngx_livepeer_module/ngx_livepeer_flv.h"


#define NGX_LIVEPEER_FLV_HEVC      12            /* not in any standard */
#define NGX_LIVEPEER_FLV_FOURCC    9             /* audio with a FourCC */
#define NGX_LIVEPEER_FLV_EXTENDED  0x80          /* video with a FourCC */


static const char *
ngx_livepeer_flv_fourcc(const uint8_t *fourcc)
{
    if (memcmp(fourcc, "avc1", 4) == 0) {
        return NULL;
    }

    if (memcmp(fourcc, "hvc1", 4) == 0) {
        return "the video is HEVC, only H.264 can be cut";
    }

    if (memcmp(fourcc, "av01", 4) == 0) {
        return "the video is AV1, only H.264 can be cut";
    }

    if (memcmp(fourcc, "vp09", 4) == 0) {
        return "the video is VP9, only H.264 can be cut";
    }

    return "the video's codec is not known, only H.264 can be cut";
}


ngx_livepeer_flv_e
ngx_livepeer_flv_video(const uint8_t **p, size_t *len, int32_t *cts,
    const char **why)
{
    size_t          head;
    const uint8_t  *m = *p;
    unsigned        type, extended;

    *cts = 0;

    if (*len < 1 || (m[0] >> 4 & 7) == 5) {          /* info or command */
        return flv_other;
    }

    extended = m[0] & NGX_LIVEPEER_FLV_EXTENDED;

    if (!extended && (m[0] & 0x0f) != NGX_LIVEPEER_FLV_AVC) {
        *why = (m[0] & 0x0f) == NGX_LIVEPEER_FLV_HEVC
               ? "the video is HEVC, only H.264 can be cut"
               : "the video's codec is too old, only H.264 can be cut";
        return flv_refused;
    }

    if (*len < 5) {
        return flv_other;
    }

    if (extended) {
        type = m[0] & 0x0f;

        if (type == 4 || type > 5) {                 /* metadata, multitrack */
            return flv_other;
        }

        *why = ngx_livepeer_flv_fourcc(m + 1);
        if (*why) {
            return flv_refused;
        }

        head = (type == 1) ? 8 : 5;

        if (type == 3) {                             /* frames, cts is 0 */
            type = 1;
        }

    } else {
        type = m[1];
        head = 5;
    }

    if (*len < head) {
        return flv_other;
    }

    if (!extended || head == 8) {
        m += head - 3;
        *cts = (int32_t) ((uint32_t) m[0] << 24 | (uint32_t) m[1] << 16
                          | (uint32_t) m[2] << 8) >> 8;
    }

    *p += head;
    *len -= head;

    return type == 0 ? flv_config : type == 1 ? flv_frames : flv_other;
}


ngx_livepeer_flv_e
ngx_livepeer_flv_audio(const uint8_t **p, size_t *len)
{
    size_t          head;
    const uint8_t  *m = *p;
    unsigned        type;

    if (*len < 2) {
        return flv_other;
    }

    switch (m[0] >> 4) {

    case NGX_LIVEPEER_FLV_AAC:
        type = m[1];
        head = 2;
        break;

    case NGX_LIVEPEER_FLV_FOURCC:
        type = m[0] & 0x0f;

        if (*len < 5 || type > 1) {
            return flv_other;
        }

        if (memcmp(m + 1, "mp4a", 4) != 0) {
            return flv_refused;
        }

        head = 5;
        break;

    default:
        return flv_refused;
    }

    *p += head;
    *len -= head;

    return type == 0 ? flv_config : type == 1 ? flv_frames : flv_other;
}
