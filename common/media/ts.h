/*
 * MPEG-TS read from memory: streams, times, access units, key frames. Used
 * by the engine (every access unit), by the verifier (counts and times) and
 * by the tests (TS1-TS10). No byte of the input is copied unless a PES
 * spans packets, and then once, into the reader's own buffer.
 */
#ifndef LP_TS_H
#define LP_TS_H


#include <stddef.h>
#include <stdint.h>

#include "common/media/h264.h"
#include "common/util/buf.h"


#define LP_TS_MAX_BYTES      (64 * 1024 * 1024)
#define LP_TS_NONE           INT64_MIN


typedef struct {
    uint8_t         stream_type;           /* 0x1b, 0x0f, ... */
    uint8_t         is_video;
    uint8_t         random_access;
    int64_t         pts_90k;               /* 33 bits, unwrapped against the
                                              first time of the input;
                                              LP_TS_NONE: not said */
    int64_t         dts_90k;               /* = pts when absent */
    const uint8_t  *data;                  /* PES payload, valid until the
                                              next call */
    size_t          len;
} lp_ts_unit_t;

typedef struct {
    const uint8_t  *pos;
    const uint8_t  *end;
    const uint8_t  *start;
    uint16_t        pmt_pid, video_pid, audio_pid, pcr_pid;
    uint8_t         video_type, audio_type;
    uint8_t         pmts;                  /* programs announced */
    uint8_t         flushed;
    uint32_t        packets;
    uint32_t        bad_sync;
    uint32_t        cc_errors;
    uint32_t        other_pids;            /* packets of PIDs in no table */
    uint8_t         cc[3];                 /* PMT, video, audio; 0xff: none */
    int64_t         first_90k;             /* base of the unwrapping */
    struct {
        lp_buf_t    bytes;
        int64_t     pts_90k, dts_90k;
        uint8_t     open, random_access;
        const uint8_t  *piece;             /* while in one packet */
        size_t      len, want;             /* so far; announced, 0: none */
    }               pes[2];                /* video, audio */
} lp_ts_t;

/* what a verifier and a segmenter's test want to know of one segment */
typedef struct {
    uint32_t       video_units;            /* access units */
    uint32_t       idrs;
    uint32_t       audio_units;            /* PES packets */
    uint64_t       audio_bytes;            /* elementary stream bytes */
    uint8_t        video_type, audio_type;
    uint8_t        first_is_idr;
    uint8_t        has_sps;
    lp_h264_sps_t  sps;                    /* of the first unit that has one */
    int64_t        first_pts_90k;          /* smallest PTS of the video */
    int64_t        last_pts_90k;           /* largest */
    int64_t        first_dts_90k;
    int64_t        last_dts_90k;
    uint64_t       pts_digest;             /* same set of PTS: same number */
    uint32_t       cc_errors, bad_sync, packets;
} lp_ts_info_t;


void lp_ts_init(lp_ts_t *ts, const uint8_t *data, size_t len);
void lp_ts_done(lp_ts_t *ts);

/*
 * One PTS of a digest: add up those of a set, modulo 2^64, in any order.
 * Only the 33 bits of the wire count.
 */
uint64_t lp_ts_pts_mix(int64_t pts_90k);

/*
 * The next PES, video or audio. LP_OK: *unit is set. LP_MISSING: the end.
 * LP_BAD_CONTAINER: sync lost in more than 1 % of the packets, or no PAT/PMT;
 * LP_LIMIT, LP_NOMEM. Only the first video and first audio track are read, by
 * the first whole PAT and PMT; each must fit in one packet.
 */
lp_status_t lp_ts_next(lp_ts_t *ts, lp_ts_unit_t *unit);

/*
 * The whole segment walked once. LP_NO_VIDEO or LP_AUDIO_ONLY as media.md
 * 2.7 (info is set as far as known), LP_BAD_CONTAINER, LP_BAD_CODEC when the
 * video is not H.264.
 */
lp_status_t lp_ts_inspect(lp_ts_info_t *info, const uint8_t *data, size_t len);

/*
 * The invariants TS1-TS9 of one segment, given the state the previous one
 * left (zeroed at first): used by tests. LP_OK, or LP_MISMATCH and a fixed
 * sentence that names the rule in *why ("TS3: ..."). A discontinuity flagged
 * in the first PCR starts a new line of times. TS10 needs the duration that
 * was declared: it is the caller's.
 */
typedef struct {
    uint8_t   started;
    uint8_t   cc[4];                       /* PAT, PMT, video, audio */
    uint8_t   pmt_version;
    uint8_t   pmt_types[2];
    int64_t   last_dts_video, last_dts_audio;
    int64_t   lead_90k;                    /* 0: none seen yet */
    uint8_t   timed[2];                    /* the last DTS above are set */
    uint8_t   absent[2];                   /* segments without a listed one */
    uint16_t  pids[2];
} lp_ts_check_t;

lp_status_t lp_ts_check(lp_ts_check_t *c, const char **why,
    const uint8_t *data, size_t len);


#endif /* LP_TS_H */
