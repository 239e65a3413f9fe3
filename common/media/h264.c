/*
 * NAL units and the parameter sets in force: what the segmenter cuts by and
 * puts before each IDR. The SPS itself is read in h264_sps.c.
 */
#include <string.h>

#include "common/media/h264.h"


#define H264_MAX_NALS  (LP_H264_MAX_SPS + LP_H264_MAX_PPS)


/* the sets one access unit brings; a key is type and id */

typedef struct {
    const lp_nal_t  *nals;
    size_t           n;
    uint16_t         keys[H264_MAX_NALS];
} h264_inband_t;


void
lp_h264_config_init(lp_h264_config_t *cfg)
{
    memset(cfg, 0, sizeof(lp_h264_config_t));
    lp_buf_init(&cfg->annexb, LP_H264_MAX_SETS);
}


void
lp_h264_config_done(lp_h264_config_t *cfg)
{
    lp_buf_done(&cfg->annexb);
}


/* zeros after the last bit of a set are not its own: some encoders send them */

static size_t
h264_set_len(const uint8_t *nal, size_t len)
{
    while (len && nal[len - 1] == 0) {
        len--;
    }

    return len;
}


static void
h264_put_set(lp_buf_t *out, const uint8_t *nal, size_t len)
{
    lp_buf_put_be32(out, 1);
    lp_buf_put(out, nal, h264_set_len(nal, len));
}


/* the sets of one type out of a configuration record: their count is read */

static lp_status_t
h264_read_sets(lp_buf_t *out, const uint8_t **pos, const uint8_t *end,
    unsigned n, uint8_t type)
{
    size_t          len;
    const uint8_t  *p;

    for (p = *pos; n; n--, p += len) {
        if (end - p < 2) {
            return LP_MALFORMED;
        }

        len = lp_get_be16(p);
        p += 2;

        if (len == 0 || len > (size_t) (end - p) || (p[0] & 0x9f) != type) {
            return LP_MALFORMED;
        }

        h264_put_set(out, p, len);
    }

    *pos = p;

    return lp_buf_status(out);
}


/* sets become those in force when the first SPS can be read */

static lp_status_t
h264_take_sets(lp_h264_config_t *cfg, lp_buf_t *sets)
{
    lp_nal_t        nal;
    lp_status_t     rc;
    lp_h264_iter_t  it;
    lp_h264_sps_t   sps;

    lp_h264_iter_init(&it, 0, sets->data, sets->len);

    if (!lp_h264_iter_next(&it, &nal) || nal.type != LP_NAL_SPS) {
        return LP_MISSING;
    }

    rc = lp_h264_parse_sps(&sps, nal.data, nal.len);
    if (rc != LP_OK) {
        return rc;
    }

    lp_buf_done(&cfg->annexb);
    cfg->annexb = *sets;
    cfg->sps = sps;
    lp_buf_init(sets, LP_H264_MAX_SETS);

    return LP_OK;
}


static lp_status_t
h264_read_record(lp_buf_t *sets, const uint8_t *rec, size_t len)
{
    lp_status_t     rc;
    const uint8_t  *pos, *end;

    if (len < 7 || rec[0] != 1 || (rec[4] & 3) == 2 || (rec[5] & 31) == 0) {
        return LP_MALFORMED;
    }

    pos = rec + 6;
    end = rec + len;

    rc = h264_read_sets(sets, &pos, end, rec[5] & 31, LP_NAL_SPS);
    if (rc != LP_OK) {
        return rc;
    }

    if (pos == end || *pos == 0) {
        return LP_MALFORMED;
    }

    pos++;

    return h264_read_sets(sets, &pos, end, pos[-1], LP_NAL_PPS);
}


lp_status_t
lp_h264_config_parse(lp_h264_config_t *cfg, const uint8_t *rec, size_t len)
{
    lp_buf_t     sets;
    lp_status_t  rc;

    lp_buf_init(&sets, LP_H264_MAX_SETS);

    rc = h264_read_record(&sets, rec, len);

    if (rc == LP_OK) {
        rc = h264_take_sets(cfg, &sets);
    }

    if (rc == LP_OK) {
        cfg->nal_length_size = (rec[4] & 3) + 1;
    }

    lp_buf_done(&sets);

    return rc;
}


static lp_status_t
h264_inband_init(h264_inband_t *in, const lp_nal_t *nals, size_t n)
{
    int     id;
    size_t  i;

    in->nals = nals;
    in->n = n;

    if (n > H264_MAX_NALS) {
        return LP_LIMIT;
    }

    for (i = 0; i < n; i++) {
        id = lp_h264_set_id(&nals[i]);
        if (id == -1) {
            return LP_MALFORMED;
        }

        in->keys[i] = (uint16_t) (nals[i].type << 8 | id);
    }

    return LP_OK;
}


/* the last set of this key, as it is the one in force; n when none */

static size_t
h264_inband_find(const h264_inband_t *in, uint16_t key)
{
    size_t  i;

    for (i = in->n; i; i--) {
        if (in->keys[i - 1] == key) {
            return i - 1;
        }
    }

    return in->n;
}


static uint16_t
h264_set_key(const lp_nal_t *nal)
{
    return (uint16_t) (nal->type << 8 | (lp_h264_set_id(nal) & 0xff));
}


/* which types of sets are not in force yet, as bits of 1 << type */

static unsigned
h264_inband_news(const h264_inband_t *in, const lp_buf_t *old)
{
    size_t          i;
    uint8_t         known[H264_MAX_NALS] = { 0 };
    lp_nal_t        nal;
    unsigned        news;
    lp_h264_iter_t  it;

    lp_h264_iter_init(&it, 0, old->data, old->len);

    while (lp_h264_iter_next(&it, &nal)) {
        i = h264_inband_find(in, h264_set_key(&nal));

        if (i < in->n
            && nal.len == h264_set_len(in->nals[i].data, in->nals[i].len)
            && memcmp(nal.data, in->nals[i].data, nal.len) == 0)
        {
            known[i] = 1;
        }
    }

    for (i = 0, news = 0; i < in->n; i++) {
        if (!known[i] && h264_inband_find(in, in->keys[i]) == i) {
            news |= 1u << in->nals[i].type;
        }
    }

    return news;
}


/* new sets of one type, then the old ones whose ids they leave alone */

static void
h264_merge_sets(lp_buf_t *out, const h264_inband_t *in, const lp_buf_t *old,
    uint8_t type, int keep_old)
{
    size_t          i;
    lp_nal_t        nal;
    lp_h264_iter_t  it;

    for (i = 0; i < in->n; i++) {
        if (in->nals[i].type == type
            && h264_inband_find(in, in->keys[i]) == i)
        {
            h264_put_set(out, in->nals[i].data, in->nals[i].len);
        }
    }

    lp_h264_iter_init(&it, 0, old->data, old->len);

    while (keep_old && lp_h264_iter_next(&it, &nal)) {
        if (nal.type == type
            && h264_inband_find(in, h264_set_key(&nal)) == in->n)
        {
            h264_put_set(out, nal.data, nal.len);
        }
    }
}


lp_status_t
lp_h264_config_update(lp_h264_config_t *cfg, const lp_nal_t *nals, size_t n,
    int *changed)
{
    int            keep_sps, keep_pps;
    size_t         i;
    unsigned       news;
    lp_buf_t       sets;
    lp_status_t    rc;
    h264_inband_t  in;

    *changed = 0;

    rc = h264_inband_init(&in, nals, n);
    if (rc != LP_OK) {
        return rc;
    }

    news = h264_inband_news(&in, &cfg->annexb);
    if (news == 0) {
        return LP_OK;
    }

    /* a new SPS is a new stream: the old pictures' sets go with the old one */

    keep_sps = !(news & 1u << LP_NAL_SPS);
    keep_pps = 1;

    for (i = 0; i < n && !keep_sps; i++) {
        keep_pps &= nals[i].type != LP_NAL_PPS;
    }

    lp_buf_init(&sets, LP_H264_MAX_SETS);
    h264_merge_sets(&sets, &in, &cfg->annexb, LP_NAL_SPS, keep_sps);
    h264_merge_sets(&sets, &in, &cfg->annexb, LP_NAL_PPS, keep_pps);

    rc = lp_buf_status(&sets);

    if (rc == LP_OK) {
        rc = h264_take_sets(cfg, &sets);
    }

    lp_buf_done(&sets);
    *changed = rc == LP_OK;

    return rc;
}


/* what follows the next 00 00 01, or end */

static const uint8_t *
h264_find_start(const uint8_t *p, const uint8_t *end)
{
    const uint8_t  *one;

    for (one = p + 2; one < end; one++) {
        one = memchr(one, 1, (size_t) (end - one));

        if (one == NULL) {
            break;
        }

        if (one[-1] == 0 && one[-2] == 0) {
            return one + 1;
        }
    }

    return end;
}


void
lp_h264_iter_init(lp_h264_iter_t *it, uint8_t length_size,
    const uint8_t *data, size_t len)
{
    static const uint8_t  none[1];

    /* an empty buffer's data is NULL, on which no arithmetic is defined */

    it->pos = data ? data : none;
    it->end = it->pos + (data ? len : 0);
    it->length_size = length_size;
    it->damaged = 0;

    if (length_size || len == 0) {
        return;
    }

    it->pos = len < 3 ? it->end : h264_find_start(it->pos, it->end);
    it->damaged = it->pos == it->end;
}


static int
h264_next_prefixed(lp_h264_iter_t *it, lp_nal_t *nal)
{
    size_t   len;
    uint8_t  i;

    if (it->end - it->pos < it->length_size) {
        it->damaged |= it->pos != it->end;
        it->pos = it->end;
        return 0;
    }

    for (len = 0, i = 0; i < it->length_size; i++) {
        len = len << 8 | *it->pos++;
    }

    if (len > (size_t) (it->end - it->pos)) {
        it->damaged = 1;
        it->pos = it->end;
        return 0;
    }

    nal->data = it->pos;
    nal->len = len;
    it->pos += len;

    return 1;
}


static int
h264_next_annexb(lp_h264_iter_t *it, lp_nal_t *nal)
{
    const uint8_t  *next, *last;

    if (it->pos == it->end) {
        return 0;
    }

    next = it->end - it->pos < 3 ? it->end
                                 : h264_find_start(it->pos, it->end);

    /* the start code and the zeros before it are not the NAL's */

    last = next;

    if (last - it->pos >= 3 && last[-1] == 1 && last[-2] == 0
        && last[-3] == 0)
    {
        last -= 3;
    }

    while (last > it->pos && last[-1] == 0) {
        last--;
    }

    nal->data = it->pos;
    nal->len = (size_t) (last - it->pos);
    it->pos = next;

    return 1;
}


int
lp_h264_iter_next(lp_h264_iter_t *it, lp_nal_t *nal)
{
    do {
        if (!(it->length_size ? h264_next_prefixed(it, nal)
                              : h264_next_annexb(it, nal)))
        {
            return 0;
        }
    } while (nal->len == 0);

    nal->type = nal->data[0] & 31;

    return 1;
}


int
lp_h264_first_slice(lp_nal_t *sps, const uint8_t *data, size_t len)
{
    uint8_t         type;
    lp_nal_t        nal;
    lp_h264_iter_t  it;

    if (sps) {
        *sps = (lp_nal_t) { 0 };
    }

    lp_h264_iter_init(&it, 0, data, len);

    while (it.pos < it.end) {
        type = *it.pos & 31;

        if (type >= LP_NAL_SLICE && type <= LP_NAL_IDR) {
            return type;
        }

        if (!lp_h264_iter_next(&it, &nal)) {
            break;
        }

        /* an empty NAL before it hid a slice from the look above */

        if (nal.type >= LP_NAL_SLICE && nal.type <= LP_NAL_IDR) {
            return nal.type;
        }

        if (sps && sps->len == 0 && nal.type == LP_NAL_SPS) {
            *sps = nal;
        }
    }

    return 0;
}
