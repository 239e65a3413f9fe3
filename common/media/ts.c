/*
 * MPEG-TS read from memory, hostile or not. A packet either adds to the open
 * PES of its track or ends it; what spans packets is joined once.
 */
#include <string.h>

#include "common/media/ts.h"
#include "common/media/tsmux.h"


#define TS_33_BITS  (((uint64_t) 1 << 33) - 1)
#define TS_NO_PID   0x2000

enum { ts_video, ts_audio };


/* one packet taken apart */

typedef struct {
    uint16_t        pid;
    uint8_t         start;                 /* PUSI */
    uint8_t         cc;
    uint8_t         discontinuity;
    uint8_t         random_access;
    const uint8_t  *payload;
    size_t          len;                   /* 0: no payload */
} ts_packet_t;


/* the finalizer of splitmix64: neighbours end up far apart */

uint64_t
lp_ts_pts_mix(int64_t pts_90k)
{
    uint64_t  v;

    v = ((uint64_t) pts_90k & TS_33_BITS) + 0x9e3779b97f4a7c15;
    v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9;
    v = (v ^ v >> 27) * 0x94d049bb133111eb;

    return v ^ v >> 31;
}


void
lp_ts_init(lp_ts_t *ts, const uint8_t *data, size_t len)
{
    static const uint8_t  none[1];

    memset(ts, 0, sizeof(lp_ts_t));
    memset(ts->cc, 0xff, sizeof(ts->cc));

    ts->start = data ? data : none;
    ts->pos = ts->start;
    ts->end = ts->start + (data ? len : 0);
    ts->pmt_pid = TS_NO_PID;
    ts->video_pid = TS_NO_PID;
    ts->audio_pid = TS_NO_PID;
    ts->pcr_pid = TS_NO_PID;
    ts->first_90k = LP_TS_NONE;
    lp_buf_init(&ts->pes[ts_video].bytes, LP_TS_MAX_BYTES);
    lp_buf_init(&ts->pes[ts_audio].bytes, LP_TS_MAX_BYTES);
}


void
lp_ts_done(lp_ts_t *ts)
{
    lp_buf_done(&ts->pes[ts_video].bytes);
    lp_buf_done(&ts->pes[ts_audio].bytes);
}


/* LP_MALFORMED: not a packet that can be used */

static lp_status_t
ts_parse_packet(ts_packet_t *pk, const uint8_t *p)
{
    size_t  af;

    memset(pk, 0, sizeof(ts_packet_t));

    pk->pid = lp_get_be16(p + 1) & 0x1fff;
    pk->start = p[1] >> 6 & 1;
    pk->cc = p[3] & 15;
    af = 0;

    if (p[1] & 0x80 || p[3] & 0xc0 || (p[3] & 0x30) == 0) {
        return LP_MALFORMED;
    }

    if (p[3] & 0x20) {
        af = 1 + (size_t) p[4];

        if (af > LP_TS_PACKET - 4) {
            return LP_MALFORMED;
        }

        if (af > 1) {
            pk->discontinuity = p[5] >> 7;
            pk->random_access = p[5] >> 6 & 1;
        }
    }

    if (p[3] & 0x10) {
        pk->payload = p + 4 + af;
        pk->len = LP_TS_PACKET - 4 - af;
    }

    return LP_OK;
}


/* to the next place that looks like a packet; what is skipped is counted */

static void
ts_resync(lp_ts_t *ts)
{
    size_t          skipped;
    const uint8_t  *p;

    for (p = ts->pos + 1; p < ts->end; p++) {
        p = memchr(p, 0x47, (size_t) (ts->end - p));

        if (p == NULL) {
            break;
        }

        if (ts->end - p == LP_TS_PACKET
            || (ts->end - p > LP_TS_PACKET && p[LP_TS_PACKET] == 0x47))
        {
            break;
        }
    }

    if (p == NULL || p > ts->end) {
        p = ts->end;
    }

    skipped = (size_t) (p - ts->pos);
    ts->bad_sync += (uint32_t) ((skipped + LP_TS_PACKET - 1) / LP_TS_PACKET);
    ts->pos = p;
}


/* a PSI section within one packet, its CRC good; NULL otherwise */

static const uint8_t *
ts_section(const ts_packet_t *pk, uint8_t table, size_t *len)
{
    size_t          skip, n;
    const uint8_t  *p;

    if (!pk->start || pk->len == 0) {
        return NULL;
    }

    skip = 1 + (size_t) pk->payload[0];

    if (pk->len < skip + 3) {
        return NULL;
    }

    p = pk->payload + skip;
    n = 3 + (size_t) (lp_get_be16(p + 1) & 0xfff);

    if (p[0] != table || n < 12 || n > pk->len - skip || !(p[5] & 1)
        || lp_tsmux_crc32(p, n) != 0)
    {
        return NULL;
    }

    *len = n - 4;

    return p;
}


static void
ts_read_pat(lp_ts_t *ts, const ts_packet_t *pk)
{
    size_t          len, i;
    const uint8_t  *p;

    p = ts_section(pk, 0x00, &len);

    if (p == NULL || ts->pmt_pid != TS_NO_PID) {
        return;
    }

    for (i = 8; i + 4 <= len; i += 4) {
        if (lp_get_be16(p + i) == 0) {
            continue;                      /* the network, not a program */
        }

        ts->pmts++;

        if (ts->pmt_pid == TS_NO_PID) {
            ts->pmt_pid = lp_get_be16(p + i + 2) & 0x1fff;
        }
    }
}


static int
ts_track_of_type(uint8_t type)
{
    static const uint8_t  video[] = {
        0x01, 0x02, 0x10, 0x1b, 0x20, 0x24, 0x33, 0x42, 0xd1, 0xea
    };
    static const uint8_t  audio[] = { 0x03, 0x04, 0x0f, 0x11, 0x81, 0x87 };

    if (memchr(video, type, sizeof(video))) {
        return ts_video;
    }

    return memchr(audio, type, sizeof(audio)) ? ts_audio : -1;
}


static void
ts_read_pmt(lp_ts_t *ts, const ts_packet_t *pk)
{
    int             track;
    size_t          len, i;
    uint16_t        pid;
    const uint8_t  *p;

    p = ts_section(pk, 0x02, &len);

    if (p == NULL || len < 12 || ts->pcr_pid != TS_NO_PID) {
        return;
    }

    ts->pcr_pid = lp_get_be16(p + 8) & 0x1fff;
    i = 12 + (size_t) (lp_get_be16(p + 10) & 0xfff);

    while (i + 5 <= len) {
        track = ts_track_of_type(p[i]);
        pid = lp_get_be16(p + i + 1) & 0x1fff;

        if (track == ts_video && ts->video_pid == TS_NO_PID) {
            ts->video_pid = pid;
            ts->video_type = p[i];

        } else if (track == ts_audio && ts->audio_pid == TS_NO_PID) {
            ts->audio_pid = pid;
            ts->audio_type = p[i];
        }

        i += 5 + (size_t) (lp_get_be16(p + i + 3) & 0xfff);
    }
}


static int64_t
ts_get_time(lp_ts_t *ts, const uint8_t *p)
{
    uint64_t  v, ahead;

    v = (uint64_t) (p[0] >> 1 & 7) << 30 | (uint64_t) p[1] << 22
        | (uint64_t) (p[2] >> 1) << 15 | (uint64_t) p[3] << 7 | p[4] >> 1;

    if (ts->first_90k == LP_TS_NONE) {
        ts->first_90k = (int64_t) v;
    }

    /* less than half the circle ahead, or behind */

    ahead = (v - (uint64_t) ts->first_90k) & TS_33_BITS;

    return ts->first_90k + (int64_t) ahead
           - (ahead > TS_33_BITS / 2 ? (int64_t) TS_33_BITS + 1 : 0);
}


/* the header must lie in the first packet whole, else the PES is skipped */

static void
ts_open_pes(lp_ts_t *ts, int track, const ts_packet_t *pk)
{
    size_t          skip, want;
    unsigned        flags;
    const uint8_t  *p = pk->payload;

    if (pk->len < 9 || p[0] || p[1] || p[2] != 1 || (p[6] & 0xc0) != 0x80) {
        return;
    }

    flags = p[7] >> 6;
    skip = 9 + (size_t) p[8];
    want = 6 + (size_t) lp_get_be16(p + 4);

    if (skip > pk->len || p[8] < (flags == 3 ? 10 : flags == 2 ? 5 : 0)
        || (want > 6 && want < skip))
    {
        return;
    }

    ts->pes[track].open = 1;
    ts->pes[track].random_access = pk->random_access;
    ts->pes[track].piece = p + skip;
    ts->pes[track].len = pk->len - skip;
    ts->pes[track].want = want > 6 ? want - skip : 0;
    ts->pes[track].pts_90k = LP_TS_NONE;
    lp_buf_reset(&ts->pes[track].bytes);

    if (flags & 2) {
        ts->pes[track].pts_90k = ts_get_time(ts, p + 9);
    }

    ts->pes[track].dts_90k = flags == 3 ? ts_get_time(ts, p + 14)
                                        : ts->pes[track].pts_90k;
}


static lp_status_t
ts_add_piece(lp_ts_t *ts, int track, const ts_packet_t *pk)
{
    lp_buf_t  *b = &ts->pes[track].bytes;

    if (b->len == 0) {
        lp_buf_put(b, ts->pes[track].piece, ts->pes[track].len);
    }

    lp_buf_put(b, pk->payload, pk->len);
    ts->pes[track].len += pk->len;

    return lp_buf_status(b);
}


static lp_status_t
ts_close_pes(lp_ts_t *ts, int track, lp_ts_unit_t *unit)
{
    size_t  len, want;

    len = ts->pes[track].len;
    want = ts->pes[track].want;

    ts->pes[track].open = 0;

    unit->is_video = track == ts_video;
    unit->stream_type = unit->is_video ? ts->video_type : ts->audio_type;
    unit->random_access = ts->pes[track].random_access;
    unit->pts_90k = ts->pes[track].pts_90k;
    unit->dts_90k = ts->pes[track].dts_90k;
    unit->data = ts->pes[track].bytes.len ? ts->pes[track].bytes.data
                                          : ts->pes[track].piece;
    unit->len = want && want < len ? want : len;

    return LP_OK;
}


/* 0: a repeated packet, to be passed over */

static int
ts_check_cc(lp_ts_t *ts, uint8_t *last, const ts_packet_t *pk)
{
    uint8_t  was = *last;

    *last = pk->cc;

    if (was == 0xff || pk->discontinuity || pk->cc == ((was + 1) & 15)) {
        return 1;
    }

    if (pk->cc == was) {
        return 0;
    }

    ts->cc_errors++;

    return 1;
}


/* LP_AGAIN: taken, nothing is complete; LP_OK: *unit is set */

static lp_status_t
ts_take_media(lp_ts_t *ts, int track, const ts_packet_t *pk,
    lp_ts_unit_t *unit)
{
    lp_status_t  rc;

    if (pk->len == 0) {
        return LP_AGAIN;
    }

    if (pk->start && ts->pes[track].open) {

        /* the packet that ends one PES is read again to open the next */

        ts->packets--;
        ts->pos -= LP_TS_PACKET;

        return ts_close_pes(ts, track, unit);
    }

    if (!ts_check_cc(ts, &ts->cc[1 + track], pk)) {
        return LP_AGAIN;
    }

    if (pk->start) {
        ts_open_pes(ts, track, pk);

    } else if (ts->pes[track].open) {
        rc = ts_add_piece(ts, track, pk);
        if (rc != LP_OK) {
            return rc;
        }
    }

    if (ts->pes[track].open && ts->pes[track].want
        && ts->pes[track].len >= ts->pes[track].want)
    {
        return ts_close_pes(ts, track, unit);
    }

    return LP_AGAIN;
}


static lp_status_t
ts_take_packet(lp_ts_t *ts, const ts_packet_t *pk, lp_ts_unit_t *unit)
{
    if (pk->pid == ts->video_pid) {
        return ts_take_media(ts, ts_video, pk, unit);
    }

    if (pk->pid == ts->audio_pid) {
        return ts_take_media(ts, ts_audio, pk, unit);
    }

    if (pk->pid == 0) {
        ts_read_pat(ts, pk);

    } else if (pk->pid == ts->pmt_pid) {
        if (pk->len && ts_check_cc(ts, &ts->cc[0], pk)) {
            ts_read_pmt(ts, pk);
        }

    } else if (pk->pid != 0x1fff && pk->pid != ts->pcr_pid) {
        ts->other_pids++;
    }

    return LP_AGAIN;
}


static lp_status_t
ts_finish(lp_ts_t *ts, lp_ts_unit_t *unit)
{
    ts->flushed = 1;

    if (ts->pes[ts_video].open) {
        return ts_close_pes(ts, ts_video, unit);
    }

    if (ts->pes[ts_audio].open) {
        return ts_close_pes(ts, ts_audio, unit);
    }

    return ts->pcr_pid == TS_NO_PID ? LP_BAD_CONTAINER : LP_MISSING;
}


lp_status_t
lp_ts_next(lp_ts_t *ts, lp_ts_unit_t *unit)
{
    size_t       total;
    lp_status_t  rc;
    ts_packet_t  pk;

    total = (size_t) (ts->end - ts->start);

    if (total > LP_TS_MAX_BYTES) {
        return LP_LIMIT;
    }

    while (ts->pos < ts->end) {

        if (ts->end - ts->pos < LP_TS_PACKET || *ts->pos != 0x47) {
            ts_resync(ts);
            rc = LP_MALFORMED;

        } else {
            rc = ts_parse_packet(&pk, ts->pos);
            ts->pos += LP_TS_PACKET;
            ts->packets++;
            ts->bad_sync += rc != LP_OK;
        }

        if (rc == LP_OK) {
            rc = ts_take_packet(ts, &pk, unit);

            if (rc != LP_AGAIN) {
                return rc;
            }

        } else if (ts->bad_sync > total / LP_TS_PACKET / 100) {
            return LP_BAD_CONTAINER;
        }
    }

    return ts_finish(ts, unit);
}


static void
ts_inspect_video(lp_ts_info_t *info, const lp_ts_unit_t *u)
{
    int       type;
    lp_nal_t  sps;

    type = lp_h264_first_slice(info->has_sps ? NULL : &sps, u->data, u->len);

    if (!info->has_sps && sps.len) {
        info->has_sps = lp_h264_parse_sps(&info->sps, sps.data, sps.len)
                        == LP_OK;
    }

    info->first_is_idr |= info->video_units == 0 && type == LP_NAL_IDR;
    info->idrs += type == LP_NAL_IDR;
    info->video_units++;

    if (u->pts_90k == LP_TS_NONE) {
        return;
    }

    if (info->first_pts_90k == LP_TS_NONE) {
        info->first_pts_90k = u->pts_90k;
        info->last_pts_90k = u->pts_90k;
        info->first_dts_90k = u->dts_90k;
    }

    if (u->pts_90k < info->first_pts_90k) {
        info->first_pts_90k = u->pts_90k;
    }

    if (u->pts_90k > info->last_pts_90k) {
        info->last_pts_90k = u->pts_90k;
    }

    info->last_dts_90k = u->dts_90k;
    info->pts_digest += lp_ts_pts_mix(u->pts_90k);
}


static lp_status_t
ts_inspect_units(lp_ts_info_t *info, lp_ts_t *ts)
{
    lp_status_t   rc;
    lp_ts_unit_t  u;

    while ((rc = lp_ts_next(ts, &u)) == LP_OK) {

        if (!u.is_video) {
            info->audio_units++;
            info->audio_bytes += u.len;

        } else if (u.stream_type != LP_TS_VIDEO_H264) {
            return LP_BAD_CODEC;

        } else {
            ts_inspect_video(info, &u);
        }
    }

    if (rc != LP_MISSING) {
        return rc;
    }

    if (info->video_units) {
        return LP_OK;
    }

    return info->audio_units ? LP_AUDIO_ONLY : LP_NO_VIDEO;
}


lp_status_t
lp_ts_inspect(lp_ts_info_t *info, const uint8_t *data, size_t len)
{
    lp_ts_t      ts;
    lp_status_t  rc;

    memset(info, 0, sizeof(lp_ts_info_t));
    info->first_pts_90k = LP_TS_NONE;
    info->last_pts_90k = LP_TS_NONE;
    info->first_dts_90k = LP_TS_NONE;
    info->last_dts_90k = LP_TS_NONE;

    lp_ts_init(&ts, data, len);
    rc = ts_inspect_units(info, &ts);

    info->video_type = ts.video_type;
    info->audio_type = ts.audio_type;
    info->cc_errors = ts.cc_errors;
    info->bad_sync = ts.bad_sync;
    info->packets = ts.packets;

    lp_ts_done(&ts);

    return rc;
}
