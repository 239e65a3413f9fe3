/*
 * H.264 as far as a segmenter and a verifier need it: NAL units, parameter
 * sets, the AVCC configuration record. Source: ITU-T H.264 7.3, ISO/IEC
 * 14496-15 5.3; media.md 1.1.
 */
#ifndef LP_H264_H
#define LP_H264_H


#include <stddef.h>
#include <stdint.h>

#include "common/util/buf.h"


#define LP_H264_MAX_SPS      32
#define LP_H264_MAX_PPS      255
#define LP_H264_MAX_SETS     65536                /* bytes of all of them */

enum {
    LP_NAL_SLICE = 1,
    LP_NAL_IDR = 5,
    LP_NAL_SEI = 6,
    LP_NAL_SPS = 7,
    LP_NAL_PPS = 8,
    LP_NAL_AUD = 9,
    LP_NAL_END_SEQ = 10,
    LP_NAL_END_STREAM = 11,
    LP_NAL_FILLER = 12
};

typedef struct {
    uint8_t   profile_idc;
    uint8_t   constraints;                 /* the byte after profile_idc */
    uint8_t   level_idc;
    uint8_t   chroma_format_idc;           /* 1 is 4:2:0 */
    uint8_t   bit_depth;                   /* luma, 8.. */
    uint8_t   bit_depth_chroma;
    uint8_t   frame_mbs_only;              /* 0: interlaced possible */
    uint8_t   nal_hrd;
    uint32_t  width;                       /* cropped, luma samples */
    uint32_t  height;
    uint32_t  coded_width;
    uint32_t  coded_height;
    uint32_t  sar_num;                     /* 1:1 when not said */
    uint32_t  sar_den;
    uint32_t  fps_num;                     /* from timing info; 0 if absent */
    uint32_t  fps_den;
    uint8_t   fixed_frame_rate;
    uint8_t   num_ref_frames;
    int8_t    max_reorder;                 /* -1 when the VUI does not say */
} lp_h264_sps_t;

/* the parameter sets in force, as Annex B with 4-byte start codes */
typedef struct {
    uint8_t        nal_length_size;        /* 1, 2 or 4 */
    lp_h264_sps_t  sps;                    /* the first one, parsed */
    lp_buf_t       annexb;                 /* SPS... PPS..., ready to emit */
} lp_h264_config_t;

typedef struct {
    const uint8_t  *data;                  /* begins with the NAL header */
    size_t          len;
    uint8_t         type;
} lp_nal_t;

/* walks either length-prefixed or Annex B bytes */
typedef struct {
    const uint8_t  *pos;
    const uint8_t  *end;
    uint8_t         length_size;           /* 0: Annex B */
    uint8_t         damaged;               /* a length passed the end */
} lp_h264_iter_t;


/*
 * nal begins with the NAL header byte; emulation bytes are removed here.
 * LP_MALFORMED leaves sps zero. A VUI that ends too early is ignored as a
 * whole: encoders exist that write one, and the picture is good.
 */
lp_status_t lp_h264_parse_sps(lp_h264_sps_t *sps, const uint8_t *nal,
    size_t len);

/* the id of an SPS or PPS, by which others call it; -1: damaged */
int lp_h264_set_id(const lp_nal_t *nal);

/*
 * AVCDecoderConfigurationRecord. cfg is inited by the caller (once) and may
 * be reused; LP_MALFORMED leaves it as it was. Does not judge the picture:
 * see lp_h264_judge.
 */
void lp_h264_config_init(lp_h264_config_t *cfg);
void lp_h264_config_done(lp_h264_config_t *cfg);
lp_status_t lp_h264_config_parse(lp_h264_config_t *cfg, const uint8_t *rec,
    size_t len);

/*
 * In-band parameter sets (NALs of types 7 and 8 of one access unit, in
 * order) replace those of cfg. *changed: 0 same bytes, 1 other sets. A set of
 * another id is kept beside them as long as no SPS is new. LP_MALFORMED,
 * LP_MISSING (no SPS at all), LP_LIMIT and LP_NOMEM leave cfg as it was.
 */
lp_status_t lp_h264_config_update(lp_h264_config_t *cfg,
    const lp_nal_t *nals, size_t n, int *changed);

/*
 * What we can work on: LP_BAD_PIXFMT, LP_TOO_LARGE (a side over 4096 or more
 * samples than 4096x2304), LP_UNSUPPORTED (a side under 16).
 */
lp_status_t lp_h264_judge(const lp_h264_sps_t *sps);

void lp_h264_iter_init(lp_h264_iter_t *it, uint8_t length_size,
    const uint8_t *data, size_t len);

/* 1 and the next NAL, or 0 at the end; empty NALs are skipped */
int lp_h264_iter_next(lp_h264_iter_t *it, lp_nal_t *nal);

/*
 * Looks no further than the first slice of an Annex B access unit: returns
 * its type (LP_NAL_IDR, or 1 to 4), 0 when there is no slice. *sps (may be
 * NULL) is the first SPS before it, with len 0 when there is none.
 */
int lp_h264_first_slice(lp_nal_t *sps, const uint8_t *data, size_t len);

/* "avc1.PPCCLL", lower-case digits, and a NUL: 12 bytes */
void lp_h264_codec(char out[12], const lp_h264_sps_t *sps);


#endif /* LP_H264_H */
