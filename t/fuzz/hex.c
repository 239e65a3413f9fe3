/*
 * Hexadecimal, base64, addresses and the escape of a log: what is read is
 * written again as the same text, and nothing else is read.
 */

#include <stdlib.h>
#include <string.h>

#include "common/crypto/keys.h"
#include "common/util/hex.h"
#include "common/util/log.h"


static void
fuzz_base64(const uint8_t *data, size_t len)
{
    lp_buf_t  bytes, text;

    lp_buf_init(&bytes, 1024 * 1024);
    lp_buf_init(&text, 1024 * 1024);

    if (lp_base64_decode(&bytes, (const char *) data, len) == LP_OK) {
        lp_base64_encode(&text, bytes.data, bytes.len);

        if (text.len != len || (len && memcmp(text.data, data, len) != 0)) {
            abort();
        }
    }

    lp_buf_done(&bytes);
    lp_buf_done(&text);
}


static void
fuzz_hex(const uint8_t *data, size_t len)
{
    char     text[129];
    size_t   i;
    uint8_t  out[64];

    if (len > 128
        || lp_hex_decode(out, len / 2, (const char *) data, len) != LP_OK)
    {
        return;
    }

    lp_hex_encode(text, out, len / 2);

    for (i = 0; i < len; i++) {
        if (text[i] != (char) (data[i] | 0x20)) {    /* letters may be large */
            abort();
        }
    }
}


static void
fuzz_address(const uint8_t *data, size_t len)
{
    char          text[LP_ADDRESS_TEXT_LEN + 1];
    lp_address_t  a, b;

    if (lp_address_parse(&a, (const char *) data, len) != LP_OK) {
        return;
    }

    lp_address_text(text, &a);

    if (lp_address_parse(&b, text, LP_ADDRESS_TEXT_LEN) != LP_OK
        || !lp_address_equal(&a, &b))
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char    line[100];
    size_t  i;

    fuzz_base64(data, len);
    fuzz_hex(data, len);
    fuzz_address(data, len);

    lp_log_escape(line, sizeof(line), data, len);

    for (i = 0; line[i]; i++) {
        if (line[i] < ' ' || line[i] > '~' || line[i] == '"') {
            abort();
        }
    }

    return 0;
}
