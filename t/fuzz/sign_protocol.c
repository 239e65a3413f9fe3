/*
 * Frames of the signer's protocol, as they come from a client and from a
 * signer. What is taken is written again as the same bytes.
 */

#include <stdlib.h>
#include <string.h>

#include "common/signer/protocol.h"


static void
fuzz_same(const lp_buf_t *b, const uint8_t *data, size_t whole)
{
    if (lp_buf_status(b) != LP_OK || b->len != whole
        || memcmp(b->data, data, whole) != 0)
    {
        abort();
    }
}


static void
fuzz_requests(lp_buf_t *b, const uint8_t *data, size_t len)
{
    size_t             whole;
    lp_sign_request_t  r;

    while (lp_sign_decode_request(&r, &whole, data, len) == LP_OK) {
        lp_buf_reset(b);
        lp_sign_encode_request(b, &r);
        fuzz_same(b, data, whole);
        data += whole;
        len -= whole;
    }
}


static void
fuzz_replies(lp_buf_t *b, const uint8_t *data, size_t len)
{
    int              kind;
    size_t           whole;
    uint32_t         id;
    lp_sign_reply_t  r;

    while (lp_sign_reply_id(&id, &whole, data, len) == LP_OK) {

        for (kind = LP_SIGN_HELLO; kind <= LP_SIGN_TX; kind++) {

            if (lp_sign_decode_reply(&r, (lp_sign_kind_e) kind, data, whole)
                != LP_OK)
            {
                continue;
            }

            if (r.id != id) {
                abort();
            }

            lp_buf_reset(b);
            lp_sign_encode_reply(b, (lp_sign_kind_e) kind, &r);
            fuzz_same(b, data, whole);
        }

        data += whole;
        len -= whole;
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    lp_buf_t  b;

    lp_buf_init(&b, LP_SIGN_FRAME_MAX + 4);
    fuzz_requests(&b, data, len);
    fuzz_replies(&b, data, len);
    lp_buf_done(&b);

    return 0;
}
