/*
 * The two headers of a segment, as they come: base64 of anything. What is
 * taken is hashed, and its header written again reads as the same.
 */

#include <stdlib.h>
#include <string.h>

#include "common/net/segcreds.h"
#include "common/util/hex.h"


static void
fuzz_segment(const char *value, size_t len)
{
    int                 stage;
    lp_buf_t            out;
    lp_hash_t           m, again;
    lp_arena_t          a;
    lp_wire_seg_data_t  s, t;

    lp_arena_init(&a, 1024 * 1024);
    lp_buf_init(&out, LP_SEGCREDS_HEADER_MAX);

    if (lp_segcreds_decode(&a, &s, &stage, value, len) == LP_OK) {
        lp_segcreds_digest(&m, &s);
        lp_segcreds_encode(&out, &s);

        if (lp_buf_status(&out) == LP_OK) {
            if (lp_segcreds_decode(&a, &t, &stage, (char *) out.data, out.len)
                != LP_OK)
            {
                abort();
            }

            lp_segcreds_digest(&again, &t);

            if (memcmp(&m, &again, sizeof(m)) != 0
                || s.nprofiles != t.nprofiles
                || lp_capability_match(&s.capabilities, &t.capabilities)
                   != lp_capability_match(&t.capabilities, &s.capabilities))
            {
                abort();
            }
        }
    }

    lp_buf_done(&out);
    lp_arena_done(&a);
}


static void
fuzz_payment(const char *value, size_t len)
{
    int                stage;
    lp_buf_t           out;
    lp_arena_t         a;
    lp_wire_payment_t  p, q;

    lp_arena_init(&a, 1024 * 1024);
    lp_buf_init(&out, LP_SEGCREDS_HEADER_MAX);

    if (lp_segcreds_decode_payment(&a, &p, &stage, value, len) == LP_OK) {
        lp_segcreds_encode_payment(&out, &p);

        if (lp_buf_status(&out) == LP_OK
            && (lp_segcreds_decode_payment(&a, &q, &stage, (char *) out.data,
                                           out.len) != LP_OK
                || p.ntickets != q.ntickets
                || memcmp(&p.params, &q.params, sizeof(p.params)) != 0))
        {
            abort();
        }
    }

    lp_buf_done(&out);
    lp_arena_done(&a);
}


/* the bytes as a header, and as what a header holds */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    lp_buf_t  text;

    fuzz_segment((const char *) data, len);
    fuzz_payment((const char *) data, len);

    lp_buf_init(&text, 2 * LP_SEGCREDS_HEADER_MAX);
    lp_base64_encode(&text, data, len);

    if (lp_buf_status(&text) == LP_OK) {
        fuzz_segment((const char *) text.data, text.len);
        fuzz_payment((const char *) text.data, text.len);
    }

    lp_buf_done(&text);

    return 0;
}
