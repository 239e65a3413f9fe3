/*
 * MPEG-TS written. Bytes go packet by packet into memory of the caller: a
 * segment's blocks in nginx, a growing buffer in the engine. Keeps the
 * invariants TS1-TS10 of media.md 1.5; counters go on across segments.
 */
#ifndef LP_TSMUX_H
#define LP_TSMUX_H


#include <stddef.h>
#include <stdint.h>

#include "common/media/h264.h"
#include "common/util/buf.h"


#define LP_TS_PACKET        188
#define LP_TS_VIDEO_H264    0x1b
#define LP_TS_AUDIO_AAC     0x0f
#define LP_TS_AUDIO_MP3     0x03
#define LP_TSMUX_LEAD_90K   27000              /* PCR = DTS - 300 ms */
#define LP_TSMUX_PMT_PID    0x1000
#define LP_TSMUX_VIDEO_PID  0x100
#define LP_TSMUX_AUDIO_PID  0x101


/* where a packet goes: LP_TS_PACKET writable bytes, or NULL to fail */
typedef struct {
    uint8_t  *(*packet)(void *ctx);
    void       *ctx;
} lp_tsmux_sink_t;

typedef struct {
    lp_tsmux_sink_t  sink;
    uint8_t          video_type;           /* stream types, 0: no track */
    uint8_t          audio_type;
    uint8_t          pmt_version;          /* 0..31 */
    uint8_t          cc_pat, cc_pmt, cc_video, cc_audio;
    uint8_t          discontinuity;        /* flag the next PCR */
    int64_t          last_psi_90k;         /* DTS of the last PAT + PMT */
    int64_t          last_pcr_90k;         /* DTS of the last PCR */
    int64_t          last_dts_90k;         /* of the PCR's track */
    lp_status_t      status;               /* the first failure, kept */
} lp_tsmux_t;

/* one access unit, times at 90 kHz on the unwrapped line */
typedef struct {
    int64_t         pts_90k;
    int64_t         dts_90k;
    uint8_t         idr;
    const uint8_t  *data;
    size_t          len;
    uint8_t         length_size;           /* AVCC prefix size; 0: Annex B */
} lp_tsmux_au_t;


void lp_tsmux_init(lp_tsmux_t *m, lp_tsmux_sink_t sink);

/* a lp_buf_t as the sink (ctx is the buffer) */
lp_tsmux_sink_t lp_tsmux_sink_buf(lp_buf_t *b);

/* tracks from the next segment on; another set raises the PMT version */
void lp_tsmux_tracks(lp_tsmux_t *m, uint8_t video_type, uint8_t audio_type);

/*
 * A segment begins: PAT and PMT come first. discontinuity: the time line or
 * the codec is new, say so in the first PCR.
 */
void lp_tsmux_begin(lp_tsmux_t *m, int discontinuity);

/*
 * One access unit, walked straight into packets. Order on the wire: AUD,
 * parameter sets (IDR only: sets, Annex B, may be NULL when the unit brings
 * its own), SEI, slices; AUD, SPS, PPS, end and filler NALs of the unit are
 * dropped when sets is given. Returns the first failure of the muxer.
 *
 * LP_MALFORMED (a length passes the end) and LP_MISSING (no slice in it) are
 * the unit's failure only: nothing of it was written, the next one may come.
 * DTS must rise from unit to unit, also over segments; that is the caller's.
 */
lp_status_t lp_tsmux_video(lp_tsmux_t *m, const lp_tsmux_au_t *au,
    const lp_buf_t *sets);

/*
 * One PES of whole audio frames (ADTS headers already there). LP_LIMIT when
 * it is longer than a PES can say, 65527 bytes: nothing was written.
 */
lp_status_t lp_tsmux_audio(lp_tsmux_t *m, int64_t pts_90k,
    const uint8_t *data, size_t len);

/* CRC-32/MPEG-2 of a PSI section, for the reader's check too */
uint32_t lp_tsmux_crc32(const uint8_t *data, size_t len);


#endif /* LP_TSMUX_H */
