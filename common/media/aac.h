/*
 * AAC: the AudioSpecificConfig of RTMP and the ADTS header of MPEG-TS.
 * Source: ISO/IEC 14496-3 1.6.2, 1.A.2; media.md 1.3.
 */
#ifndef LP_AAC_H
#define LP_AAC_H


#include <stddef.h>
#include <stdint.h>

#include "common/util/status.h"


#define LP_ADTS_LEN          7
#define LP_ADTS_PAYLOAD_MAX  8184
#define LP_AAC_FRAME         1024              /* samples of a frame */


typedef struct {
    uint8_t   object_type;                 /* core: 1..4, 2 is LC */
    uint8_t   freq_index;                  /* 0..12, of the core */
    uint8_t   channels;                    /* configuration 1..7 */
    uint8_t   sbr;                         /* 1: HE-AAC, 2: with PS */
    uint32_t  rate;                        /* core rate, Hz */
    uint32_t  ext_rate;                    /* what a decoder plays, Hz */
} lp_aac_config_t;


/*
 * LP_UNSUPPORTED: ADTS cannot say it (960 samples, explicit odd frequency,
 * channel configuration 0, object type past 4): drop the track.
 */
lp_status_t lp_aac_config_parse(lp_aac_config_t *cfg, const uint8_t *asc,
    size_t len);

/* payload_len <= LP_ADTS_PAYLOAD_MAX */
void lp_aac_adts_put(uint8_t out[LP_ADTS_LEN], const lp_aac_config_t *cfg,
    size_t payload_len);

/*
 * The ADTS frame at data: its whole length with header in *frame_len.
 * LP_AGAIN when fewer than a header's bytes are there.
 */
lp_status_t lp_aac_adts_get(lp_aac_config_t *cfg, size_t *frame_len,
    const uint8_t *data, size_t len);

/* "mp4a.40.2", "mp4a.40.5", "mp4a.40.29" and a NUL: 12 bytes are enough */
void lp_aac_codec(char out[12], const lp_aac_config_t *cfg);


#endif /* LP_AAC_H */
