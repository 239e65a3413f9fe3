/*
 * AAC: configurations of real encoders, the ADTS they become, and what ADTS
 * cannot say. The plain ones are of ffmpeg 5.1.9's aac; the SBR ones follow
 * the tables of ISO/IEC 14496-3 1.6.2.
 */
#include "common/media/aac.h"
#include "t/unit/tap.h"


typedef struct {
    const char  *asc;
    uint32_t     rate, ext_rate;
    uint8_t      channels;
    const char  *codec;
    const char  *adts;                     /* of a 100 byte payload */
    const char  *what;
} good_t;

static const good_t  good[] = {
    { "119056e500", 48000, 48000, 2, "mp4a.40.2", "fff14c800d7ffc",
      "48 kHz stereo" },
    { "120856e500", 44100, 44100, 1, "mp4a.40.2", "fff150400d7ffc",
      "44.1 kHz mono" },
    { "139056e500", 22050, 22050, 2, "mp4a.40.2", "fff15c800d7ffc",
      "22.05 kHz stereo" },
    { "11b056e500", 48000, 48000, 6, "mp4a.40.2", "fff14d800d7ffc",
      "48 kHz 5.1" },
    { "1190", 48000, 48000, 2, "mp4a.40.2", "fff14c800d7ffc",
      "two bytes are enough" },
    { "2b920800", 22050, 44100, 2, "mp4a.40.5", "fff15c800d7ffc",
      "HE-AAC: the core's rate goes into ADTS" },
    { "139056e5a0", 22050, 44100, 2, "mp4a.40.5", "fff15c800d7ffc",
      "HE-AAC told after the core's part" },
    { "138856e5a54880", 22050, 44100, 1, "mp4a.40.29", "fff15c400d7ffc",
      "HE-AAC v2 told after the core's part" },
    { "eb8a0800", 22050, 44100, 1, "mp4a.40.29", "fff15c400d7ffc",
      "HE-AAC v2 told in front" },
    { "1780562290", 44101, 44101, 2, "mp4a.40.2", "fff150800d7ffc",
      "an explicit rate within 1 % of the table" },
};


static size_t
from_hex(uint8_t *out, const char *hex)
{
    size_t    n;
    unsigned  v;

    for (n = 0; sscanf(hex + 2 * n, "%2x", &v) == 1; n++) {
        out[n] = (uint8_t) v;
    }

    return n;
}


static void
test_good(const good_t *g)
{
    char             codec[12];
    size_t           len, frame;
    uint8_t          asc[16], adts[LP_ADTS_LEN];
    lp_aac_config_t  cfg, back;

    len = from_hex(asc, g->asc);

    is_int(lp_aac_config_parse(&cfg, asc, len), LP_OK, g->what);
    is_int(cfg.rate, g->rate, "  its rate");
    is_int(cfg.ext_rate, g->ext_rate, "  the rate a decoder plays");
    is_int(cfg.channels, g->channels, "  its channels");

    lp_aac_codec(codec, &cfg);
    is_str(codec, g->codec, "  its codec");

    lp_aac_adts_put(adts, &cfg, 100);
    is_hex(adts, sizeof(adts), g->adts, "  its ADTS header");

    ok(lp_aac_adts_get(&back, &frame, adts, sizeof(adts)) == LP_OK
       && frame == 107 && back.freq_index == cfg.freq_index
       && back.channels == cfg.channels && back.object_type == 2,
       "  which reads back");
}


static void
test_refused(const char *hex, lp_status_t want, const char *what)
{
    size_t           len;
    uint8_t          asc[16];
    lp_aac_config_t  cfg;

    len = from_hex(asc, hex);

    is_int(lp_aac_config_parse(&cfg, asc, len), want, what);
}


static void
test_adts(void)
{
    size_t           frame;
    uint8_t          h[9] = { 0xff, 0xf0, 0x4c, 0x80, 0x0d, 0x7f, 0xfc };
    lp_aac_config_t  cfg = { .object_type = 2, .freq_index = 3,
                             .channels = 2 };

    is_int(lp_aac_adts_get(&cfg, &frame, h, 6), LP_AGAIN,
           "six bytes are no header yet");
    is_int(lp_aac_adts_get(&cfg, &frame, h, 9), LP_OK, "a header with CRC");
    is_int(frame, 107, "  and its length");

    h[4] = 1;
    h[5] = 0x1f;
    is_int(lp_aac_adts_get(&cfg, &frame, h, 9), LP_MALFORMED,
           "a frame shorter than its header");

    h[1] = 0xf6;
    is_int(lp_aac_adts_get(&cfg, &frame, h, 9), LP_MALFORMED,
           "layer bits are no ADTS");

    lp_aac_adts_put(h, &cfg, LP_ADTS_PAYLOAD_MAX);
    is_int(lp_aac_adts_get(&cfg, &frame, h, 9), LP_OK, "the longest payload");
    is_int(frame, LP_ADTS_PAYLOAD_MAX + 7, "  fills the 13 bits");

    h[2] = 0x74;
    is_int(lp_aac_adts_get(&cfg, &frame, h, 9), LP_MALFORMED,
           "frequency index 13 is no rate");
}


int
main(void)
{
    size_t  i;

    plan(7 * (int) (sizeof(good) / sizeof(good[0])) + 9 + 8);

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        test_good(&good[i]);
    }

    test_refused("", LP_MALFORMED, "nothing");
    test_refused("11", LP_MALFORMED, "cut short");
    test_refused("17805622", LP_MALFORMED, "cut within an explicit rate");
    test_refused("1194", LP_UNSUPPORTED, "frames of 960 samples");
    test_refused("1180", LP_UNSUPPORTED, "channel configuration 0");
    test_refused("11c8", LP_UNSUPPORTED, "channel configuration 9");
    test_refused("f8e8300000", LP_UNSUPPORTED, "object type 39 (ELD)");
    test_refused("16900000", LP_UNSUPPORTED, "frequency index 13");
    test_refused("1780753010", LP_UNSUPPORTED, "60000 Hz, in no table");

    test_adts();

    return done();
}
