/*
 * The sequence parameter set of H.264, read to its end: what the picture is,
 * before any decoder is opened on it. Every code has a bound.
 */
#include <stdio.h>
#include <string.h>

#include "common/media/h264.h"


#define H264_RBSP_MAX   4096                  /* of an SPS, its VUI included */
#define H264_SIDE_MAX   65536


typedef struct {
    const uint8_t  *data;
    size_t          nbits;
    size_t          pos;
    uint8_t         bad;                   /* read past the end, or a code
                                              over its bound */
} h264_bits_t;


/* Table E-1, aspect_ratio_idc 1 to 16 */

static const uint8_t  h264_sar[][2] = {
    { 1, 1 },   { 12, 11 }, { 10, 11 }, { 16, 11 }, { 40, 33 }, { 24, 11 },
    { 20, 11 }, { 32, 11 }, { 80, 33 }, { 18, 11 }, { 15, 11 }, { 64, 33 },
    { 160, 99 }, { 4, 3 },  { 3, 2 },   { 2, 1 }
};


static uint32_t
h264_u(h264_bits_t *b, unsigned n)
{
    uint32_t  v;

    if (b->nbits - b->pos < n) {
        b->pos = b->nbits;
        b->bad = 1;
        return 0;
    }

    for (v = 0; n; n--, b->pos++) {
        v = v << 1 | (b->data[b->pos / 8] >> (7 - b->pos % 8) & 1);
    }

    return v;
}


/* ue(v), at most max; a longer code is damage and reads as 0 */

static uint32_t
h264_ue(h264_bits_t *b, uint32_t max)
{
    unsigned  zeros;
    uint64_t  v;

    for (zeros = 0; h264_u(b, 1) == 0; zeros++) {
        if (b->bad || zeros == 31) {
            b->bad = 1;
            return 0;
        }
    }

    v = ((uint64_t) 1 << zeros) - 1 + h264_u(b, zeros);

    if (v > max) {
        b->bad = 1;
        return 0;
    }

    return (uint32_t) v;
}


static int32_t
h264_se(h264_bits_t *b)
{
    uint32_t  v;

    v = h264_ue(b, UINT32_MAX - 1);

    return v & 1 ? (int32_t) (v / 2 + 1) : - (int32_t) (v / 2);
}


/* NAL payload without emulation prevention bytes; no more than size of it */

static size_t
h264_unescape(uint8_t *out, size_t size, const uint8_t *p, size_t len)
{
    size_t    i, n;
    unsigned  zeros;

    for (i = 0, n = 0, zeros = 0; i < len && n < size; i++) {
        if (zeros >= 2 && p[i] == 3) {
            zeros = 0;
            continue;
        }

        zeros = p[i] ? 0 : zeros + 1;
        out[n++] = p[i];
    }

    return n;
}


static void
h264_skip_scaling_list(h264_bits_t *b, unsigned size)
{
    int       last, next;
    unsigned  i;

    last = 8;
    next = 8;

    for (i = 0; i < size && next && !b->bad; i++) {
        next = (last + h264_se(b) % 256 + 256) % 256;
        last = next ? next : last;
    }
}


static void
h264_read_high(lp_h264_sps_t *sps, uint8_t *planes, h264_bits_t *b)
{
    unsigned  i, n;

    sps->chroma_format_idc = (uint8_t) h264_ue(b, 3);

    if (sps->chroma_format_idc == 3) {
        *planes = (uint8_t) h264_u(b, 1);
    }

    sps->bit_depth = (uint8_t) (8 + h264_ue(b, 6));
    sps->bit_depth_chroma = (uint8_t) (8 + h264_ue(b, 6));
    (void) h264_u(b, 1);                   /* transform bypass */

    if (h264_u(b, 1) == 0) {
        return;
    }

    n = sps->chroma_format_idc == 3 ? 12 : 8;

    for (i = 0; i < n && !b->bad; i++) {
        if (h264_u(b, 1)) {
            h264_skip_scaling_list(b, i < 6 ? 16 : 64);
        }
    }
}


static void
h264_skip_poc(h264_bits_t *b)
{
    uint32_t  n;

    switch (h264_ue(b, 2)) {

    case 0:
        (void) h264_ue(b, 12);
        break;

    case 1:
        (void) h264_u(b, 1);
        (void) h264_se(b);
        (void) h264_se(b);

        for (n = h264_ue(b, 255); n && !b->bad; n--) {
            (void) h264_se(b);
        }

        break;
    }
}


static lp_status_t
h264_read_size(lp_h264_sps_t *sps, uint8_t planes, h264_bits_t *b)
{
    uint32_t  chroma, unit_x, unit_y;
    uint64_t  left, right, top, bottom;

    sps->coded_width = 16 * (1 + h264_ue(b, H264_SIDE_MAX / 16 - 1));
    sps->coded_height = 16 * (1 + h264_ue(b, H264_SIDE_MAX / 16 - 1));
    sps->frame_mbs_only = (uint8_t) h264_u(b, 1);

    if (!sps->frame_mbs_only) {
        sps->coded_height *= 2;
        (void) h264_u(b, 1);               /* MBAFF */
    }

    (void) h264_u(b, 1);                   /* direct 8x8 inference */

    sps->width = sps->coded_width;
    sps->height = sps->coded_height;

    if (h264_u(b, 1) == 0) {
        return b->bad ? LP_MALFORMED : LP_OK;
    }

    left = h264_ue(b, H264_SIDE_MAX);
    right = h264_ue(b, H264_SIDE_MAX);
    top = h264_ue(b, H264_SIDE_MAX);
    bottom = h264_ue(b, H264_SIDE_MAX);

    chroma = planes ? 0 : sps->chroma_format_idc;
    unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
    unit_y = (chroma == 1 ? 2 : 1) * (sps->frame_mbs_only ? 1 : 2);

    if (b->bad || (left + right) * unit_x >= sps->coded_width
        || (top + bottom) * unit_y >= sps->coded_height)
    {
        return LP_MALFORMED;
    }

    sps->width -= (uint32_t) (left + right) * unit_x;
    sps->height -= (uint32_t) (top + bottom) * unit_y;

    return LP_OK;
}


static void
h264_read_sar(lp_h264_sps_t *sps, h264_bits_t *b)
{
    uint32_t  idc, num, den;

    idc = h264_u(b, 8);

    if (idc == 255) {
        num = h264_u(b, 16);
        den = h264_u(b, 16);

    } else if (idc >= 1 && idc <= sizeof(h264_sar) / sizeof(h264_sar[0])) {
        num = h264_sar[idc - 1][0];
        den = h264_sar[idc - 1][1];

    } else {
        return;
    }

    if (num && den) {
        sps->sar_num = num;
        sps->sar_den = den;
    }
}


static void
h264_read_timing(lp_h264_sps_t *sps, h264_bits_t *b)
{
    uint64_t  num, den, x, y, t;

    den = 2 * (uint64_t) h264_u(b, 32);    /* a tick is a field */
    num = h264_u(b, 32);
    sps->fixed_frame_rate = (uint8_t) h264_u(b, 1);

    if (num == 0 || den == 0) {
        return;
    }

    for (x = num, y = den; y; x = y, y = t) {
        t = x % y;
    }

    if (den / x <= UINT32_MAX) {
        sps->fps_num = (uint32_t) (num / x);
        sps->fps_den = (uint32_t) (den / x);
    }
}


static void
h264_skip_hrd(h264_bits_t *b)
{
    uint32_t  n;

    n = h264_ue(b, 31) + 1;
    (void) h264_u(b, 8);

    for ( /* void */ ; n && !b->bad; n--) {
        (void) h264_ue(b, UINT32_MAX - 1);
        (void) h264_ue(b, UINT32_MAX - 1);
        (void) h264_u(b, 1);
    }

    (void) h264_u(b, 20);
}


static void
h264_read_vui(lp_h264_sps_t *sps, h264_bits_t *b)
{
    uint32_t  hrd;

    if (h264_u(b, 1)) {
        h264_read_sar(sps, b);
    }

    if (h264_u(b, 1)) {                    /* overscan */
        (void) h264_u(b, 1);
    }

    if (h264_u(b, 1)) {                    /* video signal type */
        (void) h264_u(b, 4);

        if (h264_u(b, 1)) {
            (void) h264_u(b, 24);
        }
    }

    if (h264_u(b, 1)) {                    /* chroma sample location */
        (void) h264_ue(b, 5);
        (void) h264_ue(b, 5);
    }

    if (h264_u(b, 1)) {
        h264_read_timing(sps, b);
    }

    hrd = h264_u(b, 1);
    sps->nal_hrd = (uint8_t) hrd;

    if (hrd) {
        h264_skip_hrd(b);
    }

    if (h264_u(b, 1)) {                    /* the VCL's HRD */
        h264_skip_hrd(b);
        hrd = 1;
    }

    if (hrd) {
        (void) h264_u(b, 1);               /* low delay */
    }

    (void) h264_u(b, 1);                   /* picture structure */

    if (h264_u(b, 1)) {
        (void) h264_u(b, 1);
        (void) h264_ue(b, 16);
        (void) h264_ue(b, 16);
        (void) h264_ue(b, 32);
        (void) h264_ue(b, 32);
        sps->max_reorder = (int8_t) h264_ue(b, 16);
        (void) h264_ue(b, 16);
    }
}


static int
h264_is_high(uint8_t profile_idc)
{
    static const uint8_t  high[] = {
        100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135
    };

    return memchr(high, profile_idc, sizeof(high)) != NULL;
}


static lp_status_t
h264_read_sps(lp_h264_sps_t *sps, h264_bits_t *b)
{
    uint8_t        planes;
    lp_status_t    rc;
    lp_h264_sps_t  plain;

    planes = 0;

    sps->profile_idc = (uint8_t) h264_u(b, 8);
    sps->constraints = (uint8_t) h264_u(b, 8);
    sps->level_idc = (uint8_t) h264_u(b, 8);
    sps->chroma_format_idc = 1;
    sps->bit_depth = 8;
    sps->bit_depth_chroma = 8;
    sps->sar_num = 1;
    sps->sar_den = 1;
    sps->max_reorder = -1;

    (void) h264_ue(b, 31);                 /* its id */

    if (h264_is_high(sps->profile_idc)) {
        h264_read_high(sps, &planes, b);
    }

    (void) h264_ue(b, 12);
    h264_skip_poc(b);
    sps->num_ref_frames = (uint8_t) h264_ue(b, 16);
    (void) h264_u(b, 1);                   /* gaps in frame_num */

    rc = h264_read_size(sps, planes, b);

    if (rc != LP_OK || h264_u(b, 1) == 0) {
        return b->bad ? LP_MALFORMED : rc;
    }

    plain = *sps;
    h264_read_vui(sps, b);

    if (b->bad) {
        *sps = plain;
    }

    return LP_OK;
}


lp_status_t
lp_h264_parse_sps(lp_h264_sps_t *sps, const uint8_t *nal, size_t len)
{
    uint8_t        rbsp[H264_RBSP_MAX];
    lp_status_t    rc;
    h264_bits_t    b = { rbsp, 0, 0, 0 };
    lp_h264_sps_t  got = { 0 };

    *sps = got;

    if (len < 5 || (nal[0] & 0x9f) != LP_NAL_SPS) {
        return LP_MALFORMED;
    }

    b.nbits = 8 * h264_unescape(rbsp, sizeof(rbsp), nal + 1, len - 1);

    rc = h264_read_sps(&got, &b);

    if (rc == LP_OK) {
        *sps = got;
    }

    return rc;
}


lp_status_t
lp_h264_judge(const lp_h264_sps_t *sps)
{
    if (sps->chroma_format_idc != 1 || sps->bit_depth != 8
        || sps->bit_depth_chroma != 8 || !sps->frame_mbs_only)
    {
        return LP_BAD_PIXFMT;
    }

    if (sps->coded_width > 4096 || sps->coded_height > 4096
        || (uint64_t) sps->coded_width * sps->coded_height > 4096 * 2304)
    {
        return LP_TOO_LARGE;
    }

    if (sps->width < 16 || sps->height < 16) {
        return LP_UNSUPPORTED;
    }

    return LP_OK;
}


int
lp_h264_set_id(const lp_nal_t *nal)
{
    size_t       skip;
    uint8_t      head[16];
    h264_bits_t  b = { head, 0, 0, 0 };

    skip = nal->type == LP_NAL_SPS ? 4 : 1;

    if (nal->len <= skip) {
        return -1;
    }

    b.nbits = 8 * h264_unescape(head, sizeof(head), nal->data + 1,
                                nal->len - 1);
    b.pos = 8 * (skip - 1);

    if (b.pos >= b.nbits) {
        return -1;
    }

    skip = h264_ue(&b, 255);

    return b.bad ? -1 : (int) skip;
}


void
lp_h264_codec(char out[12], const lp_h264_sps_t *sps)
{
    (void) snprintf(out, 12, "avc1.%02x%02x%02x", sps->profile_idc,
                    sps->constraints, sps->level_idc);
}
