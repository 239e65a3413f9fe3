/*
 * TS1-TS9 of media.md as a judge: first packet by packet, then unit by unit.
 * Stricter than any reader, and for tests only.
 */
#include <string.h>

#include "common/media/ts.h"
#include "common/media/tsmux.h"


#define CHECK_PERIOD    9000               /* 100 ms */
#define CHECK_GAP       63000              /* 700 ms */
#define CHECK_LEAD_MIN  9000
#define CHECK_LEAD_MAX  63000
#define CHECK_33_BITS   (((int64_t) 1 << 33) - 1)

enum { check_video, check_audio };


typedef struct {
    lp_ts_check_t  *c;
    const char     *why;                   /* NULL: all is well so far */

    uint32_t        packets;
    uint32_t        pcrs;
    uint8_t         pmts;
    uint8_t         psi_fresh;             /* no timed unit since the PMT */
    int64_t         psi_90k;               /* DTS of the first one since */
    int64_t         last_pcr_90k;
    uint32_t        units[2];
    size_t          want, got;             /* of the audio PES */

    /* of the packet at hand */
    uint16_t        pid;
    uint8_t         start;
    uint8_t         has_pcr;
    int64_t         pcr_90k;
    const uint8_t  *payload;
    size_t          len;
} check_t;


static int
check_fail(check_t *k, const char *why)
{
    k->why = why;
    return 0;
}


static int64_t
check_unwrap(int64_t ref, int64_t v)
{
    int64_t  ahead;

    ahead = (v - ref) & CHECK_33_BITS;

    return ref + ahead - (ahead > CHECK_33_BITS / 2 ? CHECK_33_BITS + 1 : 0);
}


static int
check_adaptation(check_t *k, const uint8_t *p)
{
    size_t   len, used, i;
    int64_t  pcr;

    len = p[4];
    used = 0;

    if (len > 183 - (p[3] & 0x10 ? 1u : 0) || (!(p[3] & 0x10) && len != 183)) {
        return check_fail(k, "TS9: length of an adaptation field");
    }

    if (len == 0) {
        return 1;
    }

    if (p[5] & 0x2f) {
        return check_fail(k, "TS9: unknown parts in an adaptation field");
    }

    if (p[5] & 0x10) {
        if (len < 7) {
            return check_fail(k, "TS9: an adaptation field too short");
        }

        pcr = (int64_t) lp_get_be32(p + 6) << 1 | p[10] >> 7;
        used = 6;
        k->has_pcr = 1;
        k->pcr_90k = k->pcrs ? check_unwrap(k->last_pcr_90k, pcr) : pcr;
    }

    for (i = 6 + used; i < 5 + len; i++) {
        if (p[i] != 0xff) {
            return check_fail(k, "TS9: stuffing that is not 0xff");
        }
    }

    if (p[5] & 0x80) {
        if (!k->has_pcr || k->pcrs) {
            return check_fail(k, "TS4: discontinuity not in the first PCR");
        }

        k->c->timed[check_video] = 0;
        k->c->timed[check_audio] = 0;
    }

    return 1;
}


static int
check_counter(check_t *k, const uint8_t *p)
{
    unsigned  i, cc;

    i = k->pid == 0 ? 0 : k->pid == LP_TSMUX_PMT_PID ? 1
        : k->pid == k->c->pids[check_video] ? 2 : 3;
    cc = p[3] & 15;

    /* kept as the next one, plus 16 when it is known */

    if (k->c->cc[i] && cc != ((k->c->cc[i] - (k->len == 0)) & 15)) {
        return check_fail(k, "TS3: continuity counter");
    }

    if (k->len) {
        k->c->cc[i] = (uint8_t) (16 + ((cc + 1) & 15));
    }

    return 1;
}


static int
check_section(check_t *k, uint8_t table, size_t *len)
{
    size_t          i;
    const uint8_t  *p = k->payload + 1;

    if (!k->start || k->len < 13 || k->payload[0] != 0 || p[0] != table) {
        return check_fail(k, "TS2: not the section that belongs here");
    }

    *len = 3 + (size_t) (lp_get_be16(p + 1) & 0xfff);

    if (*len < 12 || *len > k->len - 1 || lp_tsmux_crc32(p, *len) != 0) {
        return check_fail(k, "TS2: length or CRC of a section");
    }

    for (i = 1 + *len; i < k->len; i++) {
        if (k->payload[i] != 0xff) {
            return check_fail(k, "TS2: bytes after a section");
        }
    }

    return 1;
}


static int
check_pat(check_t *k)
{
    size_t          len;
    const uint8_t  *p = k->payload + 1;

    if (!check_section(k, 0x00, &len)) {
        return 0;
    }

    if (len != 16 || (lp_get_be16(p + 10) & 0x1fff) != LP_TSMUX_PMT_PID) {
        return check_fail(k, "TS2: the PAT names one program");
    }

    return 1;
}


static int
check_pmt_streams(check_t *k, uint8_t types[2], const uint8_t *p, size_t len)
{
    int       track;
    size_t    i;
    uint16_t  pid;

    i = 12 + (size_t) (lp_get_be16(p + 10) & 0xfff);

    for ( /* void */ ; i + 5 <= len - 4;
         i += 5 + (size_t) (lp_get_be16(p + i + 3) & 0xfff))
    {
        track = p[i] == LP_TS_VIDEO_H264 || p[i] == 0x24 ? check_video
                                                         : check_audio;
        pid = lp_get_be16(p + i + 1) & 0x1fff;

        if (types[track] || (k->c->pids[track] && k->c->pids[track] != pid)) {
            return check_fail(k, "TS2: one track of a kind, on its own PID");
        }

        types[track] = p[i];
        k->c->pids[track] = pid;
    }

    return 1;
}


static int
check_pmt(check_t *k)
{
    int             same;
    size_t          len;
    uint8_t         types[2] = { 0, 0 }, version;
    const uint8_t  *p = k->payload + 1;

    if (!check_section(k, 0x02, &len) || !check_pmt_streams(k, types, p, len))
    {
        return 0;
    }

    if ((lp_get_be16(p + 8) & 0x1fff)
        != k->c->pids[types[check_video] ? check_video : check_audio])
    {
        return check_fail(k, "TS4: the PCR belongs on the video's PID");
    }

    version = p[5] >> 1 & 31;
    same = memcmp(types, k->c->pmt_types, 2) == 0;

    if (k->pmts && !same) {
        return check_fail(k, "TS2: the PMT changed within a segment");
    }

    if (k->c->started && version != ((k->c->pmt_version + !same) & 31)) {
        return check_fail(k, "TS2: version of the PMT");
    }

    k->c->started = 1;
    k->c->pmt_version = version;
    memcpy(k->c->pmt_types, types, 2);
    k->pmts = 1;
    k->psi_fresh = 1;

    return 1;
}


static int
check_markers(const uint8_t *p)
{
    return p[0] & p[2] & p[4] & 1;
}


static int64_t
check_time(const uint8_t *p)
{
    return (int64_t) (p[0] >> 1 & 7) << 30 | p[1] << 22 | (p[2] >> 1) << 15
           | p[3] << 7 | p[4] >> 1;
}


static int
check_clock(check_t *k, int64_t dts)
{
    int64_t  lead;

    lead = check_unwrap(0, dts - k->pcr_90k);

    if (lead < CHECK_LEAD_MIN || lead > CHECK_LEAD_MAX
        || (k->c->lead_90k && k->c->lead_90k != lead))
    {
        return check_fail(k, "TS4: the PCR is not DTS minus a constant lead");
    }

    k->c->lead_90k = lead;

    return 1;
}


/* the tables must not be older than 100 ms when a unit of the clock comes */

static int
check_period(check_t *k, int64_t dts)
{
    if (k->psi_fresh) {
        k->psi_fresh = 0;
        k->psi_90k = dts;
    }

    if (check_unwrap(0, dts - k->psi_90k) > CHECK_PERIOD) {
        return check_fail(k, "TS1: PAT and PMT every 100 ms");
    }

    return 1;
}


static int
check_pes_start(check_t *k, int track)
{
    int             timed;
    size_t          want, need;
    int64_t         pts, dts;
    const uint8_t  *p = k->payload;

    if (k->len < 14 || memcmp(p, "\0\0\1", 3) != 0 || (p[6] & 0xf7) != 0x84) {
        return check_fail(k, "TS5: a PES header, aligned");
    }

    if (!(p[7] & 0x80) || p[7] & 0x3f || p[8] != (p[7] & 0x40 ? 10 : 5)) {
        return check_fail(k, "TS5: PTS always, and nothing but times");
    }

    need = 9 + (size_t) p[8];
    want = lp_get_be16(p + 4);

    if (k->len < need || (p[9] >> 4) != (p[7] & 0x40 ? 3 : 2)
        || !check_markers(p + 9)
        || (p[7] & 0x40 && (p[14] >> 4 != 1 || !check_markers(p + 14))))
    {
        return check_fail(k, "TS5: prefix and marker bits of the times");
    }

    if ((track == check_video) != (want == 0)) {
        return check_fail(k, "TS5: PES length 0 for video and only there");
    }

    pts = check_time(p + 9);
    dts = p[7] & 0x40 ? check_time(p + 14) : pts;

    if (p[7] & 0x40 && pts == dts) {
        return check_fail(k, "TS5: DTS only when it differs");
    }

    timed = track == check_video || k->c->pmt_types[check_video] == 0;

    if (track == check_audio) {
        k->want = want + 6;
        k->got = 0;
    }

    if (k->units[track]++ == 0 && timed && !k->has_pcr) {
        return check_fail(k, "TS4: the first packet has no PCR");
    }

    return !timed || (check_period(k, dts)
                      && (!k->has_pcr || check_clock(k, dts)));
}


static int
check_pcr(check_t *k)
{
    if (!k->has_pcr) {
        return 1;
    }

    if (k->pid != k->c->pids[k->c->pmt_types[check_video] ? check_video
                                                           : check_audio])
    {
        return check_fail(k, "TS4: a PCR on another PID");
    }

    if (k->pcrs && (k->pcr_90k <= k->last_pcr_90k
                    || k->pcr_90k - k->last_pcr_90k > CHECK_PERIOD))
    {
        return check_fail(k, "TS4: a PCR every 100 ms, rising");
    }

    k->last_pcr_90k = k->pcr_90k;
    k->pcrs++;

    return 1;
}


static int
check_media(check_t *k)
{
    int  track;

    if (k->pid == k->c->pids[check_video] && k->c->pmt_types[check_video]) {
        track = check_video;

    } else if (k->pid == k->c->pids[check_audio]
               && k->c->pmt_types[check_audio])
    {
        track = check_audio;

    } else {
        return check_fail(k, "TS2: a packet of a PID that is not listed");
    }

    if (track == check_audio && k->start && k->got != k->want) {
        return check_fail(k, "TS5: length of an audio PES");
    }

    if (k->start && !check_pes_start(k, track)) {
        return 0;
    }

    if (k->len && k->units[track] == 0) {
        return check_fail(k, "TS5: a track does not begin with a PES");
    }

    if (track == check_audio) {
        k->got += k->len;
    }

    return 1;
}


static int
check_packet(check_t *k, const uint8_t *p)
{
    size_t  head;

    if (p[0] != 0x47 || p[1] & 0x80 || p[3] & 0xc0 || (p[3] & 0x30) == 0) {
        return check_fail(k, "TS1: not a packet");
    }

    k->pid = lp_get_be16(p + 1) & 0x1fff;
    k->start = p[1] >> 6 & 1;
    k->has_pcr = 0;

    if (p[3] & 0x20 && !check_adaptation(k, p)) {
        return 0;
    }

    head = 4 + (p[3] & 0x20 ? 1u + p[4] : 0);
    k->payload = p + head;
    k->len = p[3] & 0x10 ? LP_TS_PACKET - head : 0;

    if ((k->packets == 0 && k->pid != 0)
        || (k->packets == 1 && k->pid != LP_TSMUX_PMT_PID))
    {
        return check_fail(k, "TS1: PAT first, PMT second");
    }

    k->packets++;

    if (k->pid == 0) {
        return check_counter(k, p) && check_pat(k);
    }

    if (k->pid == LP_TSMUX_PMT_PID) {
        return check_counter(k, p) && check_pmt(k);
    }

    /* the clock after the unit: a unit's PCR is judged by its DTS first */

    return check_media(k) && check_counter(k, p) && check_pcr(k);
}


static int
check_packets(check_t *k, const uint8_t *data, size_t len)
{
    int     track;
    size_t  i;

    if (len == 0 || len % LP_TS_PACKET != 0) {
        return check_fail(k, "TS1: whole packets");
    }

    for (i = 0; i < len; i += LP_TS_PACKET) {
        if (!check_packet(k, data + i)) {
            return 0;
        }
    }

    if (k->got != k->want) {
        return check_fail(k, "TS5: length of an audio PES");
    }

    for (track = 0; track < 2; track++) {
        if (k->units[track] || k->c->pmt_types[track] == 0) {
            k->c->absent[track] = 0;

        } else if (++k->c->absent[track] > 3) {
            return check_fail(k, "TS2: a track listed and absent for long");
        }
    }

    return 1;
}


static int
check_order(check_t *k, int track, const lp_ts_unit_t *u)
{
    int64_t  *last, dts;

    last = track == check_video ? &k->c->last_dts_video
                                : &k->c->last_dts_audio;
    dts = u->dts_90k;

    if (u->pts_90k < dts) {
        return check_fail(k, "TS7: PTS before DTS");
    }

    if (k->c->timed[track]) {
        dts = check_unwrap(*last, dts);

        if (dts <= *last) {
            return check_fail(k, "TS7: DTS not rising");
        }

        if (track == check_video && dts - *last >= CHECK_GAP) {
            return check_fail(k, "TS7: 700 ms without a picture");
        }
    }

    k->c->timed[track] = 1;
    *last = dts;

    return 1;
}


static int
check_nals(check_t *k, const lp_ts_unit_t *u, int first)
{
    int             pictures, auds, idr, sets, slices;
    lp_nal_t        nal;
    lp_h264_iter_t  it;

    pictures = 0;
    auds = 0;
    idr = 0;
    sets = 0;
    slices = 0;

    lp_h264_iter_init(&it, 0, u->data, u->len);

    while (lp_h264_iter_next(&it, &nal)) {

        switch (nal.type) {

        case LP_NAL_AUD:
            auds++;
            break;

        case LP_NAL_SPS:
            sets |= slices ? 0 : 1;
            break;

        case LP_NAL_PPS:
            sets |= slices ? 0 : 2;
            break;

        case LP_NAL_SEI:
        case LP_NAL_SLICE:
        case LP_NAL_IDR:
            if (first && sets != 3) {
                return check_fail(k, "TS8: SPS and PPS before SEI and slice");
            }

            if (nal.type == LP_NAL_SEI) {
                break;
            }

            slices = 1;
            idr |= nal.type == LP_NAL_IDR;
            pictures += nal.len > 1 && nal.data[1] & 0x80;  /* first_mb 0 */
            break;
        }
    }

    if (u->len < 6 || memcmp(u->data, "\0\0\0\1\x09", 5) != 0 || auds != 1
        || pictures != 1 || it.damaged)
    {
        return check_fail(k, "TS5: one access unit, AUD first, in each PES");
    }

    if (idr != u->random_access) {
        return check_fail(k, "TS6: random access on IDR and only there");
    }

    if (first && !idr) {
        return check_fail(k, "TS8: the first picture is no IDR");
    }

    return 1;
}


static int
check_units(check_t *k, lp_ts_t *ts)
{
    size_t        n, seen;
    int64_t       first_pts;
    lp_status_t   rc;
    lp_ts_unit_t  u;

    seen = 0;
    first_pts = 0;

    while ((rc = lp_ts_next(ts, &u)) == LP_OK) {

        if (!check_order(k, u.is_video ? check_video : check_audio, &u)) {
            return 0;
        }

        if (!u.is_video || u.stream_type != LP_TS_VIDEO_H264) {
            continue;
        }

        first_pts = seen++ ? first_pts : u.pts_90k;

        if (u.pts_90k < first_pts) {
            return check_fail(k, "TS8: a picture shown before the IDR");
        }

        if (!check_nals(k, &u, seen == 1)) {
            return 0;
        }

        for (n = 0; n < u.len && u.data[u.len - 1 - n] == 0xff; n++) {
            /* void */
        }

        if (n > 8) {
            return check_fail(k, "TS9: stuffing in the payload of a PES");
        }
    }

    return rc == LP_MISSING ? 1 : check_fail(k, "TS1: not readable");
}


lp_status_t
lp_ts_check(lp_ts_check_t *c, const char **why, const uint8_t *data,
    size_t len)
{
    int      good;
    lp_ts_t  ts;
    check_t  k = { 0 };

    k.c = c;

    good = check_packets(&k, data, len);

    if (good) {
        lp_ts_init(&ts, data, len);
        good = check_units(&k, &ts);
        lp_ts_done(&ts);
    }

    *why = k.why;

    return good ? LP_OK : LP_MISMATCH;
}
