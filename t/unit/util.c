/* The small tools: outcomes, bytes, pieces, text, words, lines of a log. */

#include <stdlib.h>

#include "common/util/arena.h"
#include "common/util/buf.h"
#include "common/util/hex.h"
#include "common/util/log.h"
#include "common/util/status.h"
#include "common/util/u256.h"
#include "t/unit/tap.h"


static void
test_status(void)
{
    int          s, t, right = 1;
    const char  *c;

    for (s = 0; s < LP_NSTATUS; s++) {
        right &= lp_status_text((lp_status_t) s)[0] != '\0';

        for (c = lp_status_label((lp_status_t) s); *c; c++) {
            right &= (*c >= 'a' && *c <= 'z') || *c == '_';
        }

        for (t = 0; t < s; t++) {
            right &= strcmp(lp_status_label((lp_status_t) s),
                            lp_status_label((lp_status_t) t)) != 0;
        }
    }

    ok(right, "every outcome has a sentence and a label of its own");
    is_str(lp_status_text(LP_NSTATUS), "unknown", "one over the end");
    is_str(lp_status_label((lp_status_t) -1), "unknown", "and one before");
}


static void
test_buf(void)
{
    lp_buf_t  b;
    char      long_text[1000];

    lp_buf_init(&b, 2000);
    ok(b.data == NULL, "nothing is allocated before the first byte");

    lp_buf_put_str(&b, "ab");
    lp_buf_put_u8(&b, 'c');
    lp_buf_put_be16(&b, 0x0102);
    lp_buf_put_be32(&b, 0x03040506);
    lp_buf_put_be64(&b, 0x0708090a0b0c0d0e);
    is_hex(b.data, b.len, "6162630102030405060708090a0b0c0d0e",
           "bytes in order, numbers big endian");
    ok(lp_get_be16(b.data + 3) == 0x0102 && lp_get_be32(b.data + 5)
       == 0x03040506 && lp_get_be64(b.data + 9) == 0x0708090a0b0c0d0e,
       "and read back");

    lp_buf_consume(&b, 3);
    is_int((int64_t) b.len, 14, "a front dropped");
    is_int(b.data[0], 1, "the rest moved up");
    lp_buf_consume(&b, 14);
    lp_buf_consume(&b, 0);
    is_int((int64_t) b.len, 0, "all of it");

    lp_buf_printf(&b, "%s %d", "x", -5);
    is_hex(b.data, b.len, "78202d35", "printed");
    memset(long_text, 'y', sizeof(long_text));
    long_text[999] = '\0';
    lp_buf_reset(&b);
    lp_buf_printf(&b, "%s!", long_text);
    is_int((int64_t) b.len, 1000, "a long line");
    is_int(b.data[999], '!', "to its end");

    lp_buf_put(&b, NULL, 0);
    is_int(lp_buf_status(&b), LP_OK, "nothing put is nothing");
    lp_buf_done(&b);
    lp_buf_done(&b);

    lp_buf_init(&b, 3);
    lp_buf_put_str(&b, "abc");
    is_int(lp_buf_status(&b), LP_OK, "up to the ceiling");
    lp_buf_put_u8(&b, 'd');
    is_int(lp_buf_status(&b), LP_LIMIT, "a byte over it");
    lp_buf_put(&b, "", 0);
    ok(lp_buf_add(&b, 0) == NULL, "nothing more after that");
    is_int((int64_t) b.len, 3, "what was there stays");
    lp_buf_reset(&b);
    lp_buf_put_u8(&b, 'e');
    is_int(lp_buf_status(&b), LP_OK, "a reset buffer is as new");
    ok(lp_buf_add(&b, SIZE_MAX) == NULL, "a size that would overflow");
    lp_buf_done(&b);
}


static void
test_arena(void)
{
    int         right = 1;
    char       *s;
    size_t      i, n, size;
    uint8_t    *p[200];
    lp_arena_t  a;

    lp_arena_init(&a, 1024 * 1024);

    for (i = 0; i < 200; i++) {
        size = i * 37 % 6000;
        p[i] = lp_arena_calloc(&a, 1, size);
        right &= p[i] != NULL && (uintptr_t) p[i] % 16 == 0;

        for (n = 0; n < size; n++) {
            right &= p[i][n] == 0;
        }

        memset(p[i], (int) i, size);
    }

    for (i = 0; i < 200; i++) {
        for (n = 0; n < i * 37 % 6000; n++) {
            right &= p[i][n] == (uint8_t) i;
        }
    }

    ok(right, "pieces of all sizes: aligned, zeroed, apart");

    s = lp_arena_strndup(&a, "abcdef", 3);
    is_str(s, "abc", "a text cut and ended");
    ok(lp_arena_calloc(&a, SIZE_MAX / 2, 3) == NULL, "a product too large");
    ok(lp_arena_alloc(&a, SIZE_MAX) == NULL, "a size too large");

    lp_arena_done(&a);
    is_int((int64_t) a.used, 0, "all freed");
    ok(lp_arena_alloc(&a, 1024 * 1024) != NULL,
       "and usable: up to its ceiling");
    ok(lp_arena_alloc(&a, 1) == NULL, "not a byte over it");
    lp_arena_done(&a);
    lp_arena_done(&a);

    lp_arena_init(&a, 100);

    for (n = 0; lp_arena_alloc(&a, 1); n++) {
        /* each takes 16 */
    }

    ok(n <= 7, "small pieces are counted with their padding");
    lp_arena_done(&a);
}


static void
test_hex(void)
{
    char     text[9];
    uint8_t  out[4];

    lp_hex_encode(text, (const uint8_t *) "\x00\x1f\xa0\xff", 4);
    is_str(text, "001fa0ff", "to digits");
    is_int(lp_hex_decode(out, 4, "001Fa0fF", 8), LP_OK, "from either case");
    is_hex(out, 4, "001fa0ff", "the same bytes");
    is_int(lp_hex_decode(out, 4, "001fa0f", 7), LP_MALFORMED, "an odd length");
    is_int(lp_hex_decode(out, 4, "001fa0fffe", 10), LP_MALFORMED, "too long");
    is_int(lp_hex_decode(out, 4, "0x1fa0ff", 8), LP_MALFORMED, "0x");
    is_int(lp_hex_decode(out, 4, "001fa0f:", 8), LP_MALFORMED, "after 9");
    is_int(lp_hex_decode(out, 4, "001fa0f@", 8), LP_MALFORMED, "before A");
    is_int(lp_hex_decode(out, 4, "001fa0fg", 8), LP_MALFORMED, "after f");
    is_int(lp_hex_decode(out, 1, "\x10\x11", 2), LP_MALFORMED,
           "a control character is no digit");
    is_int(lp_hex_decode(out, 0, "", 0), LP_OK, "nothing");

    ok(lp_equal_ct("abc", "abc", 3) && !lp_equal_ct("abc", "abd", 3)
       && !lp_equal_ct("\x01", "\x81", 1) && lp_equal_ct("", "x", 0),
       "equal is equal");
}


static const struct {
    const char  *bytes;
    const char  *text;
} base64[] = {                                       /* RFC 4648, section 10 */
    { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
    { "\xfb\xff\xbf", "+/+/" }
};

static const char *const  not_base64[] = {
    "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=m9v", "Z=9v", "Zm=v", "====",
    "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm-_", "Zm9v====", "\xc3\xa9zz"
};


static void
test_base64(void)
{
    size_t    i;
    lp_buf_t  b;

    lp_buf_init(&b, 100);

    for (i = 0; i < sizeof(base64) / sizeof(base64[0]); i++) {
        lp_buf_reset(&b);
        lp_base64_encode(&b, (const uint8_t *) base64[i].bytes,
                         strlen(base64[i].bytes));
        lp_buf_put_u8(&b, 0);
        is_str((char *) b.data, base64[i].text, "to base64");

        lp_buf_reset(&b);
        is_int(lp_base64_decode(&b, base64[i].text, strlen(base64[i].text)),
               LP_OK, "and back");
        ok(b.len == strlen(base64[i].bytes)
           && memcmp(b.data, base64[i].bytes, b.len) == 0, "the same");
    }

    for (i = 0; i < sizeof(not_base64) / sizeof(not_base64[0]); i++) {
        lp_buf_reset(&b);
        is_int(lp_base64_decode(&b, not_base64[i], strlen(not_base64[i])),
               LP_MALFORMED, "not the one text of any bytes");
    }

    lp_buf_done(&b);
    lp_buf_init(&b, 2);
    is_int(lp_base64_decode(&b, "Zm9v", 4), LP_LIMIT, "a ceiling is kept");
    lp_buf_done(&b);
}


static void
test_u256(void)
{
    uint8_t    out[32];
    lp_u256_t  a, b;

    lp_u256_set(&a, 0);
    ok(lp_u256_is_zero(&a), "zero");
    is_int((int64_t) lp_u256_put_min(out, &a), 0, "has no bytes");

    lp_u256_set(&a, 0x0102);
    is_int((int64_t) lp_u256_put_min(out, &a), 2, "258 has two");
    is_hex(out + 30, 2, "0102", "at the end");

    is_int(lp_u256_get_be(&b, (const uint8_t *) "\0\0\1\2", 4), LP_OK,
           "leading zeros are read");
    is_int(lp_u256_cmp(&a, &b), 0, "as nothing");

    memset(out, 0xff, 32);
    is_int(lp_u256_get_be(&a, out, 32), LP_OK, "2^256 - 1");
    ok(lp_u256_cmp(&a, &b) > 0 && lp_u256_cmp(&b, &a) < 0, "is more than 258");
    memset(out, 0, 32);
    lp_u256_put_be(out, &a);
    ok(out[0] == 0xff && out[31] == 0xff, "and written whole");

    is_int(lp_u256_get_be(&a, (const uint8_t *)
                          "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                          "\0\0\0\0\0\0\0", 33), LP_LIMIT, "33 bytes");
}


static void
log_line(void *ctx, lp_log_level_e level, const char *line)
{
    snprintf(ctx, 4096, "%d %s", (int) level, line);
}


static void
test_log(void)
{
    char      got[4096] = "", text[64], big[3000];
    lp_log_t  log = { log_line, got, LP_LOG_INFO };

    lp_log(&log, LP_LOG_INFO, "%s is %d", "it", 5);
    is_str(got, "2 it is 5", "a line");
    lp_log(&log, LP_LOG_DEBUG, "no");
    is_str(got, "2 it is 5", "what is above the level is not made");
    lp_log(NULL, LP_LOG_ERROR, "no");

    memset(big, 'z', sizeof(big));
    big[2999] = '\0';
    lp_log(&log, LP_LOG_ERROR, "%s", big);
    ok(strlen(got) > 1000 && strlen(got) < 2999, "a long line is cut");

    is_str(lp_log_escape(text, sizeof(text), "a\n\"\\\x7f\xff b", 8),
           "a\\x0a\\x22\\x5c\\x7f\\xff b", "a peer's bytes are escaped");
    is_str(lp_log_escape(text, 6, "\n\n", 2), "\\x0a",
           "a whole escape or none");
    is_str(lp_log_escape(text, 1, "aaa", 3), "", "no room");
    lp_log_escape(text, 0, "aaa", 3);
    is_str(text, "", "nor a NUL where there is none at all");
}


int
main(void)
{
    test_status();
    test_buf();
    test_arena();
    test_hex();
    test_base64();
    test_u256();
    test_log();

    return done();
}
