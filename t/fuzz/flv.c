/*
 * Headers of RTMP's audio and video messages: whatever comes, the payload
 * lies inside of the message, and a refusal has its sentence.
 */
#include <stdlib.h>

#include "ngx_livepeer_module/ngx_livepeer_flv.c"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
fuzz_inside(const uint8_t *p, size_t len, const uint8_t *data, size_t size)
{
    if (p < data || p > data + size || len != (size_t) (data + size - p)) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t               len;
    int32_t              cts;
    const char          *why;
    const uint8_t       *p;
    ngx_livepeer_flv_e   kind;

    p = data;
    len = size;
    why = NULL;
    kind = ngx_livepeer_flv_video(&p, &len, &cts, &why);
    fuzz_inside(p, len, data, size);

    if ((kind == flv_refused) != (why != NULL)
        || cts < -(1 << 23) || cts >= 1 << 23)
    {
        abort();
    }

    p = data;
    len = size;
    (void) ngx_livepeer_flv_audio(&p, &len);
    fuzz_inside(p, len, data, size);

    return 0;
}
