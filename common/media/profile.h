/*
 * A rendition: its name, box, rate and codec, and what size the picture
 * really gets. Sources: wire.md 2.2 and 6.2, media.md 2.4-2.6, T-51.
 */
#ifndef LP_PROFILE_H
#define LP_PROFILE_H


#include <stddef.h>
#include <stdint.h>

#include "common/util/buf.h"


#define LP_PROFILE_MAX       12          /* renditions of one stream */
#define LP_PROFILE_NAME_MAX  64
#define LP_PROFILE_SIZE_MIN  16          /* pixels, each side */
#define LP_PROFILE_SIZE_MAX  4096
#define LP_PROFILE_FPS_MAX   120
#define LP_PROFILE_BPS_MIN   10000
#define LP_PROFILE_BPS_MAX   100000000


/* the numbers are those of the wire */

typedef enum {
    LP_FORMAT_MPEGTS = 0,
    LP_FORMAT_MP4 = 1
} lp_format_e;

typedef enum {
    LP_H264_DEFAULT = 0,
    LP_H264_BASELINE = 1,
    LP_H264_MAIN = 2,
    LP_H264_HIGH = 3,
    LP_H264_CONSTRAINED_HIGH = 4
} lp_h264_profile_e;

typedef enum {
    LP_CODEC_H264 = 0,
    LP_CODEC_H265 = 1,
    LP_CODEC_VP8 = 2,
    LP_CODEC_VP9 = 3
} lp_codec_e;

typedef struct {
    char      name[LP_PROFILE_NAME_MAX + 1];    /* [A-Za-z0-9_.-]+, no ".." */
    uint32_t  width;                            /* the box, pixels */
    uint32_t  height;
    uint32_t  bitrate;                          /* bits per second */
    uint32_t  fps_num;                          /* 0: the source's times */
    uint32_t  fps_den;                          /* 0 on the wire means 1 */
    int32_t   gop_ms;                           /* 0: one per segment; -1 all
                                                   intra */
    uint32_t  quality;                          /* CRF, 0 unset */
    uint8_t   format;                           /* lp_format_e */
    uint8_t   h264_profile;                     /* lp_h264_profile_e */
    uint8_t   encoder;                          /* lp_codec_e */
} lp_profile_t;


/*
 * A preset by name: 1080p 720p 576p 480p 360p 240p 144p (16:9, the source's
 * frame times), 720p60 and 1080p60, and Livepeer's P720p30fps16x9 family.
 * NULL when there is none.
 */
const lp_profile_t *lp_profile_preset(const char *name, size_t len);

/*
 * One directive argument list becomes one profile: either a single preset
 * name, or name=... size=WxH bitrate=1200k fps=30|30000/1001 profile=main
 * gop=2s quality=23. On failure *why is a fixed sentence that names the
 * option and the allowed range.
 */
lp_status_t lp_profile_parse(lp_profile_t *p, const char **why,
    const char *const *args, const size_t *lens, size_t n);

/*
 * The limits of T-51: LP_BAD_PROFILE, and *why as above (may be NULL). A
 * codec or format we cannot make passes: whether it can be is not a limit.
 */
lp_status_t lp_profile_check(const lp_profile_t *p, const char **why);

/*
 * The picture a source of sw x sh (cropped luma samples) with sample aspect
 * sar_num:sar_den gets: fitted inside the box (box turned for portrait),
 * display aspect kept, square samples, sides floored to even, never upscaled.
 * A side of an extreme picture stays at least LP_PROFILE_SIZE_MIN.
 */
void lp_profile_fit(const lp_profile_t *p, uint32_t sw, uint32_t sh,
    uint32_t sar_num, uint32_t sar_den, uint32_t *width, uint32_t *height);

/*
 * The size lpms would make: larger requested side applied to the larger
 * source side, aspect kept, even, clamped to 146..4096 x 50..4096. A
 * verifier accepts this size too.
 */
void lp_profile_fit_lpms(const lp_profile_t *p, uint32_t sw, uint32_t sh,
    uint32_t *width, uint32_t *height);

/*
 * The rungs worth making of a source: those that fit inside it, and, when
 * none of them has the source's own size, the smallest of the larger ones,
 * which then gets that size. keep[i] is set to 1 or 0. Returns how many.
 */
size_t lp_profile_ladder(const lp_profile_t *p, size_t n, uint32_t sw,
    uint32_t sh, uint8_t *keep);

/*
 * Ticks of the grid k * den / num in [t0, t1), both at 90 kHz: the frames an
 * fps profile makes of that span. *first is the first k. Integer only.
 */
uint64_t lp_profile_grid(const lp_profile_t *p, int64_t t0_90k,
    int64_t t1_90k, int64_t *first);

/* pts at 90 kHz, rounded to nearest, of grid tick k */
int64_t lp_profile_grid_pts(const lp_profile_t *p, int64_t k);


#endif /* LP_PROFILE_H */
