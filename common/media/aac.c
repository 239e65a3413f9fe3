/*
 * AAC configuration read from RTMP, ADTS headers written and read. What ADTS
 * cannot say is refused here, so that no broken header is ever sent.
 */
#include <stdio.h>

#include "common/media/aac.h"


typedef struct {
    const uint8_t  *data;
    size_t          nbits;
    size_t          pos;
    uint8_t         over;                  /* read past the end */
} aac_bits_t;


static const uint32_t  aac_rates[] = {
    96000, 88200, 64000, 48000, 44100, 32000, 24000,
    22050, 16000, 12000, 11025, 8000, 7350
};

#define AAC_NRATES  (sizeof(aac_rates) / sizeof(aac_rates[0]))


static uint32_t
aac_bits_get(aac_bits_t *b, unsigned n)
{
    uint32_t  v;

    if (b->nbits - b->pos < n) {
        b->pos = b->nbits;
        b->over = 1;
        return 0;
    }

    for (v = 0; n; n--, b->pos++) {
        v = v << 1 | (b->data[b->pos / 8] >> (7 - b->pos % 8) & 1);
    }

    return v;
}


static uint32_t
aac_get_object_type(aac_bits_t *b)
{
    uint32_t  type;

    type = aac_bits_get(b, 5);

    return type == 31 ? 32 + aac_bits_get(b, 6) : type;
}


/* the table's index in *idx, or AAC_NRATES when the rate is in no table */

static uint32_t
aac_get_rate(aac_bits_t *b, uint32_t *idx)
{
    uint32_t  rate;
    uint64_t  off;

    *idx = aac_bits_get(b, 4);

    if (*idx < AAC_NRATES) {
        return aac_rates[*idx];
    }

    if (*idx != 15) {
        *idx = AAC_NRATES;
        return 0;
    }

    rate = aac_bits_get(b, 24);

    /* a decoder cannot hear 1 % of the clock; more is another rate */

    for (*idx = 0; *idx < AAC_NRATES; (*idx)++) {
        off = rate > aac_rates[*idx] ? rate - aac_rates[*idx]
                                     : aac_rates[*idx] - rate;
        if (off * 100 <= aac_rates[*idx]) {
            break;
        }
    }

    return rate;
}


/* backward compatible signalling: SBR and PS told after the core's own part */

static void
aac_get_sync_extension(lp_aac_config_t *cfg, aac_bits_t *b)
{
    uint32_t  rate, idx;

    if (b->nbits - b->pos < 16 || aac_bits_get(b, 11) != 0x2b7
        || aac_get_object_type(b) != 5 || aac_bits_get(b, 1) == 0)
    {
        return;
    }

    rate = aac_get_rate(b, &idx);

    if (b->over || rate == 0) {
        return;
    }

    cfg->sbr = 1;
    cfg->ext_rate = rate;

    if (b->nbits - b->pos >= 12 && aac_bits_get(b, 11) == 0x548
        && aac_bits_get(b, 1))
    {
        cfg->sbr = 2;
    }
}


lp_status_t
lp_aac_config_parse(lp_aac_config_t *cfg, const uint8_t *asc, size_t len)
{
    uint32_t    type, idx, ext_idx, channels, short_frame;
    aac_bits_t  b = { asc, 0, 0, 0 };

    /* what matters lies in the first bytes; a long tail is nobody's */
    b.nbits = (len > 64 ? 64 : len) * 8;

    *cfg = (lp_aac_config_t) { 0 };

    type = aac_get_object_type(&b);
    cfg->rate = aac_get_rate(&b, &idx);
    cfg->ext_rate = cfg->rate;
    channels = aac_bits_get(&b, 4);

    if (type == 5 || type == 29) {
        cfg->sbr = type == 5 ? 1 : 2;
        cfg->ext_rate = aac_get_rate(&b, &ext_idx);
        type = aac_get_object_type(&b);
    }

    short_frame = aac_bits_get(&b, 1);

    if (b.over) {
        return LP_MALFORMED;
    }

    if (type < 1 || type > 4 || idx >= AAC_NRATES || cfg->ext_rate == 0
        || channels < 1 || channels > 7 || short_frame)
    {
        return LP_UNSUPPORTED;
    }

    cfg->object_type = (uint8_t) type;
    cfg->freq_index = (uint8_t) idx;
    cfg->channels = (uint8_t) channels;

    if (cfg->sbr == 0) {
        if (aac_bits_get(&b, 1)) {                     /* dependsOnCoreCoder */
            (void) aac_bits_get(&b, 14);
        }

        if (aac_bits_get(&b, 1) == 0) {                /* extensionFlag */
            aac_get_sync_extension(cfg, &b);
        }
    }

    return LP_OK;
}


void
lp_aac_adts_put(uint8_t out[LP_ADTS_LEN], const lp_aac_config_t *cfg,
    size_t payload_len)
{
    size_t  len = payload_len + LP_ADTS_LEN;

    out[0] = 0xff;
    out[1] = 0xf1;                                 /* MPEG-4, no CRC */
    out[2] = (uint8_t) ((cfg->object_type - 1) << 6 | cfg->freq_index << 2
                        | cfg->channels >> 2);
    out[3] = (uint8_t) ((cfg->channels & 3) << 6 | (len >> 11 & 3));
    out[4] = (uint8_t) (len >> 3);
    out[5] = (uint8_t) ((len & 7) << 5 | 0x1f);    /* fullness 0x7ff: VBR */
    out[6] = 0xfc;
}


lp_status_t
lp_aac_adts_get(lp_aac_config_t *cfg, size_t *frame_len, const uint8_t *data,
    size_t len)
{
    size_t  header, whole;

    if (len < LP_ADTS_LEN) {
        return LP_AGAIN;
    }

    if (data[0] != 0xff || (data[1] & 0xf6) != 0xf0) {
        return LP_MALFORMED;
    }

    header = data[1] & 1 ? LP_ADTS_LEN : LP_ADTS_LEN + 2;
    whole = (size_t) (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5;

    if (whole < header || (data[2] >> 2 & 15) >= AAC_NRATES) {
        return LP_MALFORMED;
    }

    *cfg = (lp_aac_config_t) { 0 };
    cfg->object_type = (uint8_t) ((data[2] >> 6) + 1);
    cfg->freq_index = data[2] >> 2 & 15;
    cfg->channels = (uint8_t) ((data[2] & 1) << 2 | data[3] >> 6);
    cfg->rate = aac_rates[cfg->freq_index];
    cfg->ext_rate = cfg->rate;
    *frame_len = whole;

    return LP_OK;
}


void
lp_aac_codec(char out[12], const lp_aac_config_t *cfg)
{
    unsigned  type;

    type = cfg->sbr == 0 ? cfg->object_type : cfg->sbr == 1 ? 5 : 29;

    (void) snprintf(out, 12, "mp4a.40.%u", type % 100);
}
