/*
 * Playlist text, RFC 8216: made from numbers and checked names only, so no
 * peer's byte can become a line (T-63).
 */
#ifndef LP_M3U8_H
#define LP_M3U8_H


#include <stddef.h>
#include <stdint.h>

#include "common/util/buf.h"


typedef struct {
    uint64_t  seq;
    uint64_t  duration_90k;
    int64_t   date_ms;                     /* unix time of the first frame */
    uint8_t   discontinuity;               /* before this segment */
    uint8_t   gap;                         /* not available: EXT-X-GAP */
} lp_m3u8_segment_t;

typedef struct {
    uint64_t                  media_sequence;         /* of segments[0] */
    uint64_t                  discontinuity_sequence;
    uint32_t                  target_s;               /* never changes */
    uint8_t                   ended;
    const char               *prefix;      /* of a segment's URI: "720p/" */
    const lp_m3u8_segment_t  *segments;
    size_t                    nsegments;
} lp_m3u8_media_t;

typedef struct {
    const char  *uri;
    uint64_t     bandwidth;                /* peak, bits per second */
    uint64_t     average_bandwidth;        /* 0: not known yet */
    uint32_t     width, height;            /* 0: audio only */
    uint32_t     fps_milli;                /* 29.970 is 29970; 0: unknown */
    const char  *video_codec;              /* "avc1.64001f" or NULL */
    const char  *audio_codec;
} lp_m3u8_variant_t;


/*
 * Media playlist. EXTINF are differences of rounded times, so errors do not
 * add up; PROGRAM-DATE-TIME on the first segment and after a discontinuity;
 * segment URIs are prefix, seq and ".ts". A name with a byte that is no plain
 * printable ASCII, or with a quote or a '#', sets LP_MALFORMED in out.
 */
void lp_m3u8_put_media(lp_buf_t *out, const lp_m3u8_media_t *m);

/* master playlist, variants in the order given */
void lp_m3u8_put_master(lp_buf_t *out, const lp_m3u8_variant_t *v, size_t n);


#endif /* LP_M3U8_H */
