/*
 * AudioSpecificConfig and ADTS from any bytes: what is accepted is written
 * and read back the same.
 */
#include <stdlib.h>

#include "common/media/aac.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char             codec[12];
    size_t           len;
    uint8_t          adts[LP_ADTS_LEN];
    lp_aac_config_t  cfg, back;

    if (lp_aac_config_parse(&cfg, data, size) == LP_OK) {
        lp_aac_codec(codec, &cfg);
        lp_aac_adts_put(adts, &cfg, size % (LP_ADTS_PAYLOAD_MAX + 1));

        if (lp_aac_adts_get(&back, &len, adts, sizeof(adts)) != LP_OK
            || len != LP_ADTS_LEN + size % (LP_ADTS_PAYLOAD_MAX + 1)
            || back.channels != cfg.channels
            || back.freq_index != cfg.freq_index
            || back.object_type != cfg.object_type)
        {
            abort();
        }
    }

    if (lp_aac_adts_get(&cfg, &len, data, size) == LP_OK
        && (len < LP_ADTS_LEN || cfg.rate == 0))
    {
        abort();
    }

    return 0;
}
