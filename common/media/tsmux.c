/*
 * MPEG-TS written packet by packet, no byte copied twice and none allocated.
 * The length of a unit is not known before it is walked, so its last packet
 * is filled first and moved behind its stuffing afterwards.
 */
#include <string.h>

#include "common/media/tsmux.h"


#define TSMUX_PAT_PID   0
#define TSMUX_PROGRAM   1
#define TSMUX_PERIOD    9000               /* 100 ms: PSI and PCR at least */
#define TSMUX_GAP_MAX   900000             /* 10 s: longer is a new line */
#define TSMUX_NONE      INT64_MIN
#define TSMUX_PES_MAX   (65535 - 8)

#define TSMUX_RAI       0x40
#define TSMUX_PCR       0x10
#define TSMUX_DISC      0x80


/* one PES on its way into packets of one PID */

typedef struct {
    lp_tsmux_t  *m;
    uint8_t     *packet;                   /* NULL: none open */
    uint8_t     *pos;
    uint16_t     pid;
    uint8_t     *cc;
    uint8_t      start;                    /* PUSI is due */
    uint8_t      flags;                    /* of the first adaptation field */
    int64_t      pcr_90k;
} tsmux_pes_t;


/* what a NAL is for the order on the wire; sets 0 means as it comes */

enum {
    tsmux_drop,
    tsmux_sets,
    tsmux_sei,
    tsmux_slice
};


uint32_t
lp_tsmux_crc32(const uint8_t *data, size_t len)
{
    size_t    i;
    uint32_t  crc;
    unsigned  bit;

    crc = 0xffffffff;

    for (i = 0; i < len; i++) {
        crc ^= (uint32_t) data[i] << 24;

        for (bit = 0; bit < 8; bit++) {
            crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7 : 0);
        }
    }

    return crc;
}


static uint8_t *
tsmux_sink_buf(void *ctx)
{
    return lp_buf_add(ctx, LP_TS_PACKET);
}


lp_tsmux_sink_t
lp_tsmux_sink_buf(lp_buf_t *b)
{
    return (lp_tsmux_sink_t) { tsmux_sink_buf, b };
}


void
lp_tsmux_init(lp_tsmux_t *m, lp_tsmux_sink_t sink)
{
    memset(m, 0, sizeof(lp_tsmux_t));
    m->sink = sink;
    lp_tsmux_begin(m, 0);
}


void
lp_tsmux_tracks(lp_tsmux_t *m, uint8_t video_type, uint8_t audio_type)
{
    int  announced;

    announced = m->video_type || m->audio_type;

    if (announced
        && (m->video_type != video_type || m->audio_type != audio_type))
    {
        m->pmt_version = (m->pmt_version + 1) & 31;
    }

    m->video_type = video_type;
    m->audio_type = audio_type;
}


void
lp_tsmux_begin(lp_tsmux_t *m, int discontinuity)
{
    m->discontinuity |= discontinuity != 0;
    m->last_psi_90k = TSMUX_NONE;
    m->last_pcr_90k = TSMUX_NONE;
    m->last_dts_90k = TSMUX_NONE;
}


/* a packet with its header; afc: 1 payload, 2 adaptation field, 3 both */

static uint8_t *
tsmux_packet(lp_tsmux_t *m, uint16_t pid, unsigned start, unsigned afc,
    uint8_t *cc)
{
    uint8_t  *p;

    if (m->status != LP_OK) {
        return NULL;
    }

    p = m->sink.packet(m->sink.ctx);
    if (p == NULL) {
        m->status = LP_NOMEM;
        return NULL;
    }

    p[0] = 0x47;
    p[1] = (uint8_t) (start << 6 | pid >> 8);
    p[2] = (uint8_t) pid;

    /* the counter counts payloads: a packet without repeats the last one */

    if (afc & 1) {
        p[3] = (uint8_t) (afc << 4 | *cc);
        *cc = (*cc + 1) & 15;

    } else {
        p[3] = (uint8_t) (afc << 4 | ((*cc - 1) & 15));
    }

    return p;
}


static void
tsmux_put_section(lp_tsmux_t *m, uint16_t pid, uint8_t *cc,
    const uint8_t *section, size_t len)
{
    uint8_t   *p;
    uint32_t   crc;

    p = tsmux_packet(m, pid, 1, 1, cc);
    if (p == NULL) {
        return;
    }

    crc = lp_tsmux_crc32(section, len);

    p[4] = 0;                              /* pointer field */
    memcpy(p + 5, section, len);
    p += 5 + len;
    *p++ = (uint8_t) (crc >> 24);
    *p++ = (uint8_t) (crc >> 16);
    *p++ = (uint8_t) (crc >> 8);
    *p++ = (uint8_t) crc;
    memset(p, 0xff, LP_TS_PACKET - 9 - len);
}


static uint8_t *
tsmux_put_stream(uint8_t *p, uint8_t type, uint16_t pid)
{
    if (type == 0) {
        return p;
    }

    *p++ = type;
    *p++ = (uint8_t) (0xe0 | pid >> 8);
    *p++ = (uint8_t) pid;
    *p++ = 0xf0;
    *p++ = 0;                              /* no descriptors */

    return p;
}


static void
tsmux_put_psi(lp_tsmux_t *m)
{
    uint8_t   pmt[32], *p;
    uint16_t  pcr_pid;

    static const uint8_t  pat[] = {
        0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, TSMUX_PROGRAM,
        0xe0 | LP_TSMUX_PMT_PID >> 8, LP_TSMUX_PMT_PID & 0xff
    };

    pcr_pid = m->video_type ? LP_TSMUX_VIDEO_PID : LP_TSMUX_AUDIO_PID;

    memcpy(pmt, "\x02\xb0\x00\x00\x01\xc1\x00\x00\xe0\x00\xf0\x00", 12);
    pmt[5] |= (uint8_t) (m->pmt_version << 1);
    pmt[8] |= (uint8_t) (pcr_pid >> 8);
    pmt[9] = (uint8_t) pcr_pid;

    p = tsmux_put_stream(pmt + 12, m->video_type, LP_TSMUX_VIDEO_PID);
    p = tsmux_put_stream(p, m->audio_type, LP_TSMUX_AUDIO_PID);
    pmt[2] = (uint8_t) (p - pmt - 3 + 4);

    tsmux_put_section(m, TSMUX_PAT_PID, &m->cc_pat, pat, sizeof(pat));
    tsmux_put_section(m, LP_TSMUX_PMT_PID, &m->cc_pmt, pmt,
                      (size_t) (p - pmt));
}


/* flags, then the PCR: 33 bits of 90 kHz, the 27 MHz extension stays 0 */

static uint8_t *
tsmux_put_pcr(uint8_t *p, uint8_t flags, int64_t pcr_90k)
{
    uint64_t  base = (uint64_t) pcr_90k;

    *p++ = flags;
    *p++ = (uint8_t) (base >> 25);
    *p++ = (uint8_t) (base >> 17);
    *p++ = (uint8_t) (base >> 9);
    *p++ = (uint8_t) (base >> 1);
    *p++ = (uint8_t) (base << 7 | 0x7e);
    *p++ = 0;

    return p;
}


/* a slow source: the clock goes on in packets of its own */

static void
tsmux_fill_pcr(lp_tsmux_t *m, uint16_t pid, uint8_t *cc, int64_t dts)
{
    uint8_t  *p;
    int64_t   t;

    if (m->last_pcr_90k == TSMUX_NONE || dts - m->last_pcr_90k > TSMUX_GAP_MAX)
    {
        return;
    }

    for (t = m->last_pcr_90k + TSMUX_PERIOD; t < dts; t += TSMUX_PERIOD) {
        p = tsmux_packet(m, pid, 0, 2, cc);
        if (p == NULL) {
            return;
        }

        p[4] = LP_TS_PACKET - 5;
        p = tsmux_put_pcr(p + 5, TSMUX_PCR, t - LP_TSMUX_LEAD_90K);
        memset(p, 0xff, LP_TS_PACKET - 12);
    }
}


/*
 * The tables come first, and again when waiting for the next unit could be
 * too long: it is expected as far away as this one was from the last.
 */

static int
tsmux_psi_is_due(const lp_tsmux_t *m, int timed, int64_t dts)
{
    int64_t  step;

    if (m->last_psi_90k == TSMUX_NONE || !timed) {
        return m->last_psi_90k == TSMUX_NONE;
    }

    step = m->last_dts_90k == TSMUX_NONE ? 0 : dts - m->last_dts_90k;

    return dts - m->last_psi_90k + step > TSMUX_PERIOD;
}


/* PSI and clock that are due before a unit; the unit's own PCR flags */

static uint8_t
tsmux_begin_unit(lp_tsmux_t *m, uint16_t pid, uint8_t *cc, int64_t dts)
{
    int      timed;
    uint8_t  flags;

    timed = pid == LP_TSMUX_VIDEO_PID || m->video_type == 0;

    if (tsmux_psi_is_due(m, timed, dts)) {
        tsmux_put_psi(m);
        m->last_psi_90k = dts;
    }

    if (!timed) {
        return 0;
    }

    if (m->last_dts_90k == TSMUX_NONE) {
        m->last_psi_90k = dts;             /* audio may have come first */
    }

    tsmux_fill_pcr(m, pid, cc, dts);

    flags = m->discontinuity ? TSMUX_PCR | TSMUX_DISC : TSMUX_PCR;
    m->discontinuity = 0;
    m->last_pcr_90k = dts;
    m->last_dts_90k = dts;

    return flags;
}


static int
tsmux_open_packet(tsmux_pes_t *w)
{
    uint8_t  *p;

    p = tsmux_packet(w->m, w->pid, w->start, w->flags ? 3 : 1, w->cc);
    if (p == NULL) {
        return 0;
    }

    w->packet = p;
    w->pos = p + 4;

    if (w->flags) {
        p[4] = 7;
        w->pos = tsmux_put_pcr(p + 5, w->flags, w->pcr_90k);
    }

    w->start = 0;
    w->flags = 0;

    return 1;
}


static void
tsmux_put(tsmux_pes_t *w, const uint8_t *data, size_t len)
{
    size_t    n;
    uint8_t  *p;

    for ( ;; ) {
        if (w->packet) {
            n = (size_t) (w->packet + LP_TS_PACKET - w->pos);
            n = n < len ? n : len;

            memcpy(w->pos, data, n);
            w->pos += n;
            data += n;
            len -= n;
        }

        if (len == 0) {
            return;
        }

        /* the long middle of a slice: whole packets, nothing to decide */

        while (len > LP_TS_PACKET - 4 && w->packet) {
            p = tsmux_packet(w->m, w->pid, 0, 1, w->cc);
            if (p == NULL) {
                return;
            }

            memcpy(p + 4, data, LP_TS_PACKET - 4);
            data += LP_TS_PACKET - 4;
            len -= LP_TS_PACKET - 4;
        }

        if (!tsmux_open_packet(w)) {
            return;
        }
    }
}


static void
tsmux_put_pes_header(tsmux_pes_t *w, uint8_t stream_id, size_t payload,
    int64_t pts, int64_t dts)
{
    int        i, n;
    size_t     len;
    int64_t    t[2] = { pts, dts };
    uint8_t    h[19], *p;
    uint64_t   v;

    n = pts == dts ? 1 : 2;
    len = payload ? 3 + 5 * (size_t) n + payload : 0;

    memcpy(h, "\x00\x00\x01", 3);
    h[3] = stream_id;
    h[4] = (uint8_t) (len >> 8);
    h[5] = (uint8_t) len;
    h[6] = 0x84;                           /* data alignment */
    h[7] = n == 1 ? 0x80 : 0xc0;
    h[8] = (uint8_t) (5 * n);
    p = h + 9;

    for (i = 0; i < n; i++) {
        v = (uint64_t) t[i];
        *p++ = (uint8_t) ((n == 1 ? 0x20 : i == 0 ? 0x30 : 0x10)
                          | (v >> 29 & 0x0e) | 1);
        *p++ = (uint8_t) (v >> 22);
        *p++ = (uint8_t) (v >> 14 | 1);
        *p++ = (uint8_t) (v >> 7);
        *p++ = (uint8_t) (v << 1 | 1);
    }

    tsmux_put(w, h, (size_t) (p - h));
}


/* the room left in the last packet becomes stuffing before its payload */

static void
tsmux_close(tsmux_pes_t *w)
{
    size_t    gap, len;
    uint8_t  *p, *body;

    if (w->m->status != LP_OK || w->packet == NULL) {
        return;
    }

    p = w->packet;
    gap = (size_t) (p + LP_TS_PACKET - w->pos);

    if (gap == 0) {
        return;
    }

    body = p + 4 + (p[3] & 0x20 ? 1 + p[4] : 0);
    len = (size_t) (w->pos - body);
    memmove(body + gap, body, len);

    if (p[3] & 0x20) {
        p[4] += (uint8_t) gap;
        memset(body, 0xff, gap);
        return;
    }

    p[3] |= 0x20;
    p[4] = (uint8_t) (gap - 1);

    if (gap > 1) {
        p[5] = 0;
        memset(p + 6, 0xff, gap - 2);
    }
}


static unsigned
tsmux_rank(uint8_t type, int has_sets)
{
    switch (type) {

    case LP_NAL_AUD:
        return tsmux_drop;                 /* we write ours */

    case LP_NAL_SPS:
    case LP_NAL_PPS:
        return has_sets ? tsmux_drop : tsmux_sets;

    case LP_NAL_END_SEQ:
    case LP_NAL_END_STREAM:
    case LP_NAL_FILLER:
        return has_sets ? tsmux_drop : tsmux_slice;

    case LP_NAL_SEI:
        return tsmux_sei;

    default:
        return tsmux_slice;
    }
}


/* one walk to know a unit before any of it is written */

static lp_status_t
tsmux_survey(const lp_tsmux_au_t *au, int has_sets, int *ordered)
{
    int             slices;
    unsigned        rank, last;
    lp_nal_t        nal;
    lp_h264_iter_t  it;

    *ordered = 1;
    slices = 0;
    last = 0;

    lp_h264_iter_init(&it, au->length_size, au->data, au->len);

    while (lp_h264_iter_next(&it, &nal)) {
        slices |= nal.type >= LP_NAL_SLICE && nal.type <= LP_NAL_IDR;
        rank = tsmux_rank(nal.type, has_sets);

        if (rank == tsmux_drop) {
            continue;
        }

        *ordered &= rank >= last;
        last = rank;
    }

    if (it.damaged) {
        return LP_MALFORMED;
    }

    return slices ? LP_OK : LP_MISSING;
}


static void
tsmux_put_nals(tsmux_pes_t *w, const lp_tsmux_au_t *au, int has_sets,
    unsigned from, unsigned to)
{
    unsigned        rank;
    lp_nal_t        nal;
    lp_h264_iter_t  it;

    static const uint8_t  code[] = { 0, 0, 0, 1 };

    lp_h264_iter_init(&it, au->length_size, au->data, au->len);

    while (lp_h264_iter_next(&it, &nal)) {
        rank = tsmux_rank(nal.type, has_sets);

        if (rank == tsmux_drop || rank < from || rank > to) {
            continue;
        }

        if (rank == tsmux_sets) {
            tsmux_put(w, code, 4);

        } else {
            tsmux_put(w, code + 1, 3);
        }

        tsmux_put(w, nal.data, nal.len);
    }
}


lp_status_t
lp_tsmux_video(lp_tsmux_t *m, const lp_tsmux_au_t *au, const lp_buf_t *sets)
{
    int          ordered;
    unsigned     rank;
    lp_status_t  rc;
    tsmux_pes_t  w = { 0 };

    /* primary_pic_type 7: any slice may follow */
    static const uint8_t  aud[] = { 0, 0, 0, 1, LP_NAL_AUD, 0xf0 };

    if (m->status != LP_OK || m->video_type == 0) {
        return m->status != LP_OK ? m->status : LP_INTERNAL;
    }

    rc = tsmux_survey(au, sets != NULL, &ordered);
    if (rc != LP_OK) {
        return rc;
    }

    w.m = m;
    w.pid = LP_TSMUX_VIDEO_PID;
    w.cc = &m->cc_video;
    w.start = 1;
    w.flags = tsmux_begin_unit(m, w.pid, w.cc, au->dts_90k);
    w.flags |= au->idr ? TSMUX_RAI : 0;
    w.pcr_90k = au->dts_90k - LP_TSMUX_LEAD_90K;

    tsmux_put_pes_header(&w, 0xe0, 0, au->pts_90k, au->dts_90k);
    tsmux_put(&w, aud, sizeof(aud));

    if (sets && au->idr) {
        tsmux_put(&w, sets->data, sets->len);
    }

    if (ordered) {
        tsmux_put_nals(&w, au, sets != NULL, tsmux_sets, tsmux_slice);

    } else {
        for (rank = tsmux_sets; rank <= tsmux_slice; rank++) {
            tsmux_put_nals(&w, au, sets != NULL, rank, rank);
        }
    }

    tsmux_close(&w);

    return m->status;
}


lp_status_t
lp_tsmux_audio(lp_tsmux_t *m, int64_t pts_90k, const uint8_t *data,
    size_t len)
{
    tsmux_pes_t  w = { 0 };

    if (m->status != LP_OK || m->audio_type == 0) {
        return m->status != LP_OK ? m->status : LP_INTERNAL;
    }

    if (len == 0 || len > TSMUX_PES_MAX) {
        return len ? LP_LIMIT : LP_OK;
    }

    w.m = m;
    w.pid = LP_TSMUX_AUDIO_PID;
    w.cc = &m->cc_audio;
    w.start = 1;
    w.flags = tsmux_begin_unit(m, w.pid, w.cc, pts_90k);
    w.pcr_90k = pts_90k - LP_TSMUX_LEAD_90K;

    tsmux_put_pes_header(&w, 0xc0, len, pts_90k, pts_90k);
    tsmux_put(&w, data, len);
    tsmux_close(&w);

    return m->status;
}
