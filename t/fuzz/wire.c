/*
 * Every message of the network: the first byte picks one, the second the
 * ceiling of its memory. What is taken must be written, taken and written
 * again as the same bytes.
 */

#include <stdlib.h>
#include <string.h>

#include "t/unit/wire.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    int             codec;
    size_t          n;
    lp_buf_t        one, two;
    lp_arena_t      a;
    const uint8_t  *p;

    if (len < 2) {
        return 0;
    }

    codec = data[0] % WIRE_NCODECS;
    lp_wire_grpc_open(&p, &n, data + 2, len - 2);

    lp_arena_init(&a, data[1] < 128 ? 64 * (size_t) data[1] : 1024 * 1024);
    lp_buf_init(&one, 2 * LP_WIRE_MESSAGE_MAX);
    lp_buf_init(&two, 2 * LP_WIRE_MESSAGE_MAX);

    if (wire_codecs[codec].again(&a, &one, data + 2, len - 2) == LP_OK) {
        lp_arena_done(&a);
        lp_arena_init(&a, 1024 * 1024);

        if (lp_buf_status(&one) != LP_OK
            || wire_codecs[codec].again(&a, &two, one.data, one.len) != LP_OK
            || one.len != two.len
            || (one.len && memcmp(one.data, two.data, one.len) != 0))
        {
            abort();
        }
    }

    lp_buf_done(&one);
    lp_buf_done(&two);
    lp_arena_done(&a);

    return 0;
}
