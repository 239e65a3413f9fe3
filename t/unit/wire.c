/*
 * The network's messages: the vectors byte for byte, every cut of them, every
 * ceiling, and what must not pass.
 */

#include <stdlib.h>

#include "common/util/hex.h"
#include "lp_rpc.pb-c.h"
#include "t/data/keys.h"
#include "t/data/wire.h"
#include "t/unit/tap.h"
#include "t/unit/wire.h"


#define ARENA_MAX  (1024 * 1024)


typedef struct {
    int          codec;
    lp_status_t  want;
    const char  *hex;
    const char  *what;
} edge_t;

/* a message, long as it must be and not a byte more, for the sanitizer */

typedef struct {
    uint8_t  *data;
    size_t    len;
} msg_t;


static char  info_hex[2048], result_hex[4096];


static void
msg_open(msg_t *m, const char *hex)
{
    m->len = strlen(hex) / 2;
    m->data = malloc(m->len ? m->len : 1);

    if (m->data == NULL
        || lp_hex_decode(m->data, m->len, hex, strlen(hex)) != LP_OK)
    {
        printf("Bail out! not hexadecimal: %s\n", hex);
        exit(1);
    }
}


static void
msg_close(msg_t *m)
{
    free(m->data);
}


static lp_status_t
decode_bytes(int codec, lp_buf_t *out, const uint8_t *data, size_t len,
    size_t max)
{
    lp_arena_t   a;
    lp_status_t  rc;

    lp_buf_reset(out);
    lp_arena_init(&a, max);
    rc = wire_codecs[codec].again(&a, out, data, len);
    lp_arena_done(&a);

    return rc;
}


static lp_status_t
decode_hex(int codec, lp_buf_t *out, const char *hex)
{
    msg_t        m;
    lp_status_t  rc;

    msg_open(&m, hex);
    rc = decode_bytes(codec, out, m.data, m.len, ARENA_MAX);
    msg_close(&m);

    return rc;
}


/* an answer with all its parts, made of parts that have vectors */

static void
build_info(void)
{
    snprintf(info_hex, sizeof(info_hex),
             "0a1668747470733a2f2f3132372e302e302e313a38393335"
             "12af01%s"
             "1a0508b0091001"
             "2214%s"
             "2a0d0a04ffbf81202205302e392e31"
             "3232" "0a20%s12086631343035636564" "1888f0cfaa06"
             "92020f68747470733a2f2f622e6e65743a31",
             pay_params, "70997970c51812dc3a010c7d01b50e0d17dc79c8",
             wire_token);

    snprintf(result_hex, sizeof(result_hex), "%s8201%02x%02x%s", result_data,
             (unsigned) (strlen(info_hex) / 2 & 127) | 128,
             (unsigned) (strlen(info_hex) / 2 >> 7), info_hex);
}


static const struct {
    int          codec;
    const char  *hex;
    const char  *what;
} vectors[] = {
    { WIRE_REQUEST, wire_request + 10, "request of key 0" },
    { WIRE_INFO, info_hex, "answer of an orchestrator" },
    { WIRE_INFO, "", "answer that says nothing" },
    { WIRE_SEG_DATA, movie_seg_data, "segment" },
    { WIRE_PAYMENT, pay_two_tickets, "payment of two tickets" },
    { WIRE_PAYMENT, pay_none, "payment without tickets" },
    { WIRE_PAYMENT, "", "no payment" },
    { WIRE_RESULT, result_data, "result" },
    { WIRE_RESULT, result_error, "failed result" },
    { WIRE_RESULT, result_hex, "result with fresh parameters" },
    { WIRE_END, "0a0a12086631343035636564", "end of a session" },
    { WIRE_PING, "0a0400112233", "ping" }
};

#define NVECTORS  (sizeof(vectors) / sizeof(vectors[0]))


static void
test_vectors(void)
{
    size_t    i;
    lp_buf_t  out;

    lp_buf_init(&out, LP_WIRE_MESSAGE_MAX);

    for (i = 0; i < NVECTORS; i++) {
        is_int(decode_hex(vectors[i].codec, &out, vectors[i].hex), LP_OK,
               vectors[i].what);
        is_hex(out.data, out.len, vectors[i].hex, "and the same bytes again");
    }

    lp_buf_done(&out);
}


/* what a decoder takes, its encoder writes, and that is taken again */

static int
is_canonical(int codec, const uint8_t *data, size_t len)
{
    int       same;
    lp_buf_t  one, two;

    lp_buf_init(&one, 2 * LP_WIRE_MESSAGE_MAX);
    lp_buf_init(&two, 2 * LP_WIRE_MESSAGE_MAX);

    same = decode_bytes(codec, &one, data, len, ARENA_MAX) != LP_OK
           || (decode_bytes(codec, &two, one.data, one.len, ARENA_MAX) == LP_OK
               && one.len == two.len
               && memcmp(one.data, two.data, one.len) == 0);

    lp_buf_done(&one);
    lp_buf_done(&two);

    return same;
}


static void
test_cuts(void)
{
    int       same;
    msg_t     m, cut;
    size_t    i, n;
    char      what[128];

    for (i = 0; i < NVECTORS; i++) {
        msg_open(&m, vectors[i].hex);
        same = 1;

        for (n = 0; n < m.len; n++) {
            cut.data = malloc(n ? n : 1);
            memcpy(cut.data, m.data, n);
            same &= is_canonical(vectors[i].codec, cut.data, n);
            free(cut.data);
        }

        snprintf(what, sizeof(what), "%s: cut anywhere", vectors[i].what);
        ok(same, "%s", what);
        msg_close(&m);
    }
}


static void
test_flips(void)
{
    int     same, bit;
    msg_t   m;
    size_t  i, n;

    for (i = 0; i < NVECTORS; i++) {
        msg_open(&m, vectors[i].hex);
        same = 1;

        for (n = 0; n < m.len; n++) {
            for (bit = 0; bit < 8; bit++) {
                m.data[n] ^= (uint8_t) (1 << bit);
                same &= is_canonical(vectors[i].codec, m.data, m.len);
                m.data[n] ^= (uint8_t) (1 << bit);
            }
        }

        ok(same, "%s: any bit turned", vectors[i].what);
        msg_close(&m);
    }
}


/* LP_LIMIT until there is enough, LP_OK from there on, at both ends */

static void
test_ceilings(void)
{
    int          right;
    msg_t        m;
    size_t       i, max;
    lp_buf_t     out;
    lp_status_t  rc, before;

    for (i = 0; i < NVECTORS; i++) {
        msg_open(&m, vectors[i].hex);
        lp_buf_init(&out, LP_WIRE_MESSAGE_MAX);

        for (max = 0, right = 1, before = LP_LIMIT; max < 8192; max += 8) {
            rc = decode_bytes(vectors[i].codec, &out, m.data, m.len, max);
            right &= rc == LP_OK || (rc == LP_LIMIT && before == LP_LIMIT);
            before = rc;
        }

        ok(right && before == LP_OK, "%s: any ceiling of the arena",
           vectors[i].what);
        lp_buf_done(&out);

        for (max = 0, right = 1; max <= m.len; max++) {
            lp_buf_init(&out, max);
            decode_bytes(vectors[i].codec, &out, m.data, m.len, ARENA_MAX);
            right &= lp_buf_status(&out) == (max < m.len ? LP_LIMIT : LP_OK);
            lp_buf_done(&out);
        }

        ok(right, "%s: any ceiling of the buffer", vectors[i].what);
        msg_close(&m);
    }
}


#define ZERO8  "0000000000000000"
#define HASH0  ZERO8 ZERO8 ZERO8 ZERO8
#define SEG    "1a20" HASH0                        /* the least of a SegData */
#define ADDR   "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"
#define REQ    "0a14" ADDR
#define MINUS  "ffffffffffffffffff01"

/* TicketParams of 20 + 32 zero bytes, inside a Payment */

#define PAY(more, len)  "0a" len "0a14" ADDR "2220" HASH0 more

static const edge_t  edges[] = {
    /* widths of bytes */
    { WIRE_REQUEST, LP_OK, REQ, "an address of 20 bytes" },
    { WIRE_REQUEST, LP_MALFORMED, "", "no address" },
    { WIRE_REQUEST, LP_MALFORMED,
      "0a13" "39fd6e51aad88f6f4ce6ab8827279cfffb9226", "an address of 19" },
    { WIRE_REQUEST, LP_MALFORMED, "0a15" ADDR "00", "an address of 21" },
    { WIRE_REQUEST, LP_MALFORMED, "0a28" ADDR ADDR, "an address of 40" },
    { WIRE_REQUEST, LP_OK, REQ "1200", "an empty signature is none" },
    { WIRE_REQUEST, LP_MALFORMED, REQ "120101", "a signature of 1" },
    { WIRE_REQUEST, LP_MALFORMED, REQ "1240" HASH0 HASH0,
      "a signature of 64" },
    { WIRE_REQUEST, LP_MALFORMED, REQ "1242" HASH0 HASH0 "0000",
      "a signature of 66" },
    { WIRE_SEG_DATA, LP_OK, SEG, "a hash of 32" },
    { WIRE_SEG_DATA, LP_MALFORMED, "", "no hash" },
    { WIRE_SEG_DATA, LP_MALFORMED, "1a21" HASH0 "00", "a hash of 33" },
    { WIRE_SEG_DATA, LP_MALFORMED, SEG "2a0101",
      "a segment's short signature" },
    { WIRE_PAYMENT, LP_MALFORMED, "120100", "a sender of 1" },
    { WIRE_PAYMENT, LP_OK, PAY("", "38"), "parameters of zeros" },
    { WIRE_PAYMENT, LP_MALFORMED, "0a160a14" ADDR, "no hash in parameters" },
    { WIRE_PAYMENT, LP_MALFORMED, "0a222220" HASH0, "no recipient in them" },
    { WIRE_PAYMENT, LP_OK, PAY("1220" HASH0, "5a"), "an integer of 32 zeros" },
    { WIRE_PAYMENT, LP_MALFORMED, PAY("1221" HASH0 "01", "5b"),
      "a face value of 33 bytes" },
    { WIRE_PAYMENT, LP_MALFORMED, PAY("1a21" HASH0 "01", "5b"),
      "a chance of 33" },
    { WIRE_PAYMENT, LP_MALFORMED, PAY("2a21" HASH0 "01", "5b"),
      "a seed of 33" },
    { WIRE_PAYMENT, LP_MALFORMED, PAY("3221" HASH0 "01", "5b"),
      "an expiration block of 33" },
    { WIRE_PAYMENT, LP_MALFORMED, PAY("3a00", "3a"),
      "an expiration without block hash" },
    { WIRE_PAYMENT, LP_MALFORMED, PAY("3a2d08" MINUS "1220" HASH0, "67"),
      "a negative round in parameters" },
    { WIRE_PAYMENT, LP_MALFORMED, "2200", "a ticket without signature" },
    { WIRE_PAYMENT, LP_MALFORMED, "22020801", "a ticket with a nonce alone" },
    { WIRE_INFO, LP_MALFORMED, "220100", "an orchestrator's short address" },
    { WIRE_RESULT, LP_MALFORMED, "1a03120100", "a result's short signature" },

    /* signs */
    { WIRE_PAYMENT, LP_MALFORMED, "1a2d08" MINUS "1220" HASH0,
      "a negative round" },
    { WIRE_PAYMENT, LP_MALFORMED, "2a0b08" MINUS, "a negative price" },
    { WIRE_PAYMENT, LP_MALFORMED, "2a0d080110" MINUS,
      "a negative number of pixels" },
    { WIRE_PAYMENT, LP_OK, "2a00", "a price of 0/0 is for the judge" },
    { WIRE_PAYMENT, LP_OK, "2a020801", "so is one of 1/0" },
    { WIRE_INFO, LP_MALFORMED, "1a00", "an orchestrator's price of 0/0" },
    { WIRE_INFO, LP_MALFORMED, "1a020801", "or 1/0" },
    { WIRE_INFO, LP_OK, "1a021001", "0/1 is free" },
    { WIRE_SEG_DATA, LP_MALFORMED, SEG "10" MINUS, "a negative sequence" },
    { WIRE_SEG_DATA, LP_OK, SEG "30" MINUS,
      "a negative duration is judged later" },
    { WIRE_RESULT, LP_MALFORMED, "08" MINUS, "a result's negative sequence" },
    { WIRE_RESULT, LP_MALFORMED, "1a0d0a0b10" MINUS, "negative pixels" },
    { WIRE_PAYMENT, LP_OK, "224908ffffffff0f1241" HASH0 HASH0 "1b",
      "the last nonce of 32 bits" },
    { WIRE_PAYMENT, LP_MALFORMED, "2249088080808010" "1241" HASH0 HASH0 "1b",
      "T-02: a nonce of 33 bits is not cut to 0" },
    { WIRE_SEG_DATA, LP_MALFORMED, SEG "308180808010",
      "T-02: a duration of 33 bits is not cut to 1" },
    { WIRE_SEG_DATA, LP_OK, SEG "30ffffffff0f",
      "a negative duration as some write it" },
    { WIRE_SEG_DATA, LP_MALFORMED, SEG "10ffffffffffffffffff03",
      "a sequence of 65 bits" },
    { WIRE_SEG_DATA, LP_MALFORMED, SEG "8a020c8801" MINUS,
      "a negative width" },
    { WIRE_SEG_DATA, LP_MALFORMED, SEG "8a020c9001" MINUS,
      "a negative height" },
    { WIRE_SEG_DATA, LP_MALFORMED, SEG "8a020c9801" MINUS,
      "a negative bitrate" },

    /* forms */
    { WIRE_REQUEST, LP_MALFORMED, REQ REQ, "an address twice" },
    { WIRE_REQUEST, LP_MALFORMED, REQ "1a001a00", "a message twice" },
    { WIRE_RESULT, LP_MALFORMED, "1201611a00", "an error and data" },
    { WIRE_RESULT, LP_MALFORMED, "1a001a00", "data twice" },
    { WIRE_RESULT, LP_OK, "0807", "neither error nor data" },
    { WIRE_RESULT, LP_OK, "1200", "an error without a text" },
    { WIRE_REQUEST, LP_MALFORMED, REQ "00", "field 0" },
    { WIRE_REQUEST, LP_MALFORMED, REQ "1b1c", "a group" },
    { WIRE_REQUEST, LP_MALFORMED, REQ "1e", "wire type 6" },
    { WIRE_REQUEST, LP_MALFORMED, "08ffffffffffffffffffff01",
      "a number of 11 bytes" },
    { WIRE_REQUEST, LP_MALFORMED, "0805", "a number for an address" },
    { WIRE_REQUEST, LP_MALFORMED, REQ "1801", "a number for a message" },
    { WIRE_REQUEST, LP_MALFORMED, "0affffffff0f", "a length that lies" },
    { WIRE_REQUEST, LP_MALFORMED, "0affffffffffffffffff01",
      "a length of 2^64 - 1" },
    { WIRE_REQUEST, LP_OK, REQ "a00605", "an unknown number" },
    { WIRE_REQUEST, LP_OK, REQ "a10600000000000000ff", "unknown 8 bytes" },
    { WIRE_REQUEST, LP_OK, REQ "a506000000ff", "unknown 4 bytes" },
    { WIRE_REQUEST, LP_OK, REQ "a20603ffffff", "unknown bytes" },
    { WIRE_REQUEST, LP_OK, REQ "1a06080108020803",
      "words that are not packed" },
    { WIRE_PING, LP_OK, "", "a ping of nothing" },
    { WIRE_END, LP_MISSING, "", "an end of no session" },
    { WIRE_END, LP_OK, "0a00", "an end with an empty token" },

    /* texts */
    { WIRE_END, LP_OK, "0a0412" "02c3a9", "UTF-8" },
    { WIRE_END, LP_OK, "0a061204" "f09f8ea5", "UTF-8 of four bytes" },
    { WIRE_END, LP_MALFORMED, "0a051203" "610062", "a NUL in a text" },
    { WIRE_END, LP_MALFORMED, "0a03120180", "a stray continuation" },
    { WIRE_END, LP_MALFORMED, "0a031201c3", "a text cut in a character" },
    { WIRE_END, LP_MALFORMED, "0a041202c080", "an overlong NUL" },
    { WIRE_END, LP_MALFORMED, "0a051203e08080", "overlong, three bytes" },
    { WIRE_END, LP_MALFORMED, "0a061204f0808080", "overlong, four bytes" },
    { WIRE_END, LP_MALFORMED, "0a051203eda080", "a surrogate" },
    { WIRE_END, LP_MALFORMED, "0a061204f4908080", "over U+10FFFF" },
    { WIRE_END, LP_MALFORMED, "0a031201ff", "a byte of no character" },
    { WIRE_SEG_DATA, LP_MALFORMED, SEG "0a03610062", "a NUL in a manifest" },
    { WIRE_SEG_DATA, LP_MALFORMED, SEG "0a01ff", "a manifest not UTF-8" }
};


static void
test_edges(void)
{
    size_t    i;
    lp_buf_t  out;

    lp_buf_init(&out, LP_WIRE_MESSAGE_MAX);

    for (i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        is_int(decode_hex(edges[i].codec, &out, edges[i].hex), edges[i].want,
               edges[i].what);
    }

    lp_buf_done(&out);
}


/* n times the same bytes after a beginning */

static lp_status_t
decode_many(int codec, const char *begin, const char *item, size_t n)
{
    size_t       i;
    msg_t        m, head;
    lp_buf_t     in, out;
    lp_status_t  rc;

    lp_buf_init(&in, 4 * LP_WIRE_MESSAGE_MAX);
    lp_buf_init(&out, 4 * LP_WIRE_MESSAGE_MAX);
    msg_open(&head, begin);
    msg_open(&m, item);

    lp_buf_put(&in, head.data, head.len);

    for (i = 0; i < n; i++) {
        lp_buf_put(&in, m.data, m.len);
    }

    rc = decode_bytes(codec, &out, in.data, in.len, ARENA_MAX);

    msg_close(&m);
    msg_close(&head);
    lp_buf_done(&in);
    lp_buf_done(&out);

    return rc;
}


/* a Capabilities of a request: n items in it, 127 at most by length */

static lp_status_t
decode_capabilities(const char *item, size_t n)
{
    char    hex[65536];
    size_t  i, len;

    len = n * strlen(item) / 2;
    i = (size_t) snprintf(hex, sizeof(hex), REQ "1a%02x%02x%02x",
                          (unsigned) (len & 127) | 128,
                          (unsigned) (len >> 7 & 127) | 128,
                          (unsigned) (len >> 14));

    for ( ; n; n--) {
        i += (size_t) snprintf(hex + i, sizeof(hex) - i, "%s", item);
    }

    return decode_many(WIRE_REQUEST, hex, "", 0);
}


static void
test_limits(void)
{
    static const char  sig[] = "22431241" HASH0 HASH0 "1b";
    static const char  profile[] = "8a020482010161";

    is_int(decode_many(WIRE_PAYMENT, "", sig, 600), LP_OK, "600 tickets");
    is_int(decode_many(WIRE_PAYMENT, "", sig, 1024), LP_OK, "1024 of a kind");
    is_int(decode_many(WIRE_PAYMENT, "", sig, 1025), LP_LIMIT, "1025");
    is_int(decode_many(WIRE_RESULT, "", "", 0), LP_OK, "an empty result");
    is_int(decode_many(WIRE_INFO, "", "92020161", 17), LP_OK,
           "nodes beyond the sixteenth are not kept");
    is_int(decode_many(WIRE_INFO, "", "92020161", 1025), LP_LIMIT,
           "1025 nodes");
    is_int(decode_many(WIRE_SEG_DATA, SEG, profile, 12), LP_OK,
           "12 renditions");
    is_int(decode_many(WIRE_SEG_DATA, SEG, profile, 13), LP_LIMIT,
           "13 renditions");
    is_int(decode_many(WIRE_PING, "", "a00601", 1024), LP_OK,
           "1024 unknown fields");
    is_int(decode_many(WIRE_PING, "", "a00601", 1025), LP_LIMIT,
           "1025 of them");
    is_int(decode_many(WIRE_PING, "", "a20600", 87382), LP_LIMIT,
           "more than 256 KiB");
    is_int(decode_many(WIRE_PING, "0afbff0f", "41", 256 * 1024 - 5), LP_OK,
           "just under 256 KiB");
    is_int(decode_many(WIRE_PING, "0afdff0f", "41", 256 * 1024 - 3), LP_LIMIT,
           "a byte over 256 KiB");

    is_int(decode_capabilities("0801", 16), LP_OK, "16 words");
    is_int(decode_capabilities("0801", 17), LP_LIMIT, "17 words");
    is_int(decode_capabilities("0a020101", 8), LP_OK, "16 packed by two");
    is_int(decode_capabilities("0a020101", 600), LP_LIMIT, "1200 packed");
    is_int(decode_capabilities("1001", 17), LP_LIMIT, "17 mandatory words");
    is_int(decode_capabilities("1a0408011001", 256), LP_OK,
           "256 entries of a map");
    is_int(decode_capabilities("1a0408011001", 257), LP_LIMIT, "257");
    is_int(decode_capabilities("2a00", 2), LP_MALFORMED,
           "two sets of constraints");
}


/* every field of every vector left out, at the top and one level down */

static size_t
varint(uint64_t *v, const uint8_t *p)
{
    size_t  i = 0;

    *v = 0;

    do {
        *v |= (uint64_t) (p[i] & 127) << (7 * i);
    } while (p[i++] & 128);

    return i;
}


static size_t
field_len(const uint8_t *p)
{
    size_t    n;
    uint64_t  key, v;

    n = varint(&key, p);
    n += varint(&v, p + n);

    return (key & 7) == 2 ? n + v : n;
}


static void
test_dropped(void)
{
    int          right;
    msg_t        m;
    size_t       i, at, n;
    lp_buf_t     in, out;
    lp_status_t  rc;

    lp_buf_init(&in, LP_WIRE_MESSAGE_MAX);
    lp_buf_init(&out, LP_WIRE_MESSAGE_MAX);

    for (i = 0; i < NVECTORS; i++) {
        msg_open(&m, vectors[i].hex);

        for (at = 0, right = 1; at < m.len; at += n) {
            n = field_len(m.data + at);

            lp_buf_reset(&in);
            lp_buf_put(&in, m.data, at);
            lp_buf_put(&in, m.data + at + n, m.len - at - n);
            rc = decode_bytes(vectors[i].codec, &out, in.data, in.len,
                              ARENA_MAX);

            right &= rc == LP_OK || rc == LP_MALFORMED || rc == LP_MISSING;
            right &= is_canonical(vectors[i].codec, in.data, in.len);
        }

        ok(right, "%s: any field left out", vectors[i].what);
        msg_close(&m);
    }

    lp_buf_done(&in);
    lp_buf_done(&out);
}


static void
decode_seg(lp_arena_t *a, lp_wire_seg_data_t *s, const char *hex)
{
    msg_t  m;

    msg_open(&m, hex);
    is_int(lp_wire_decode_seg_data(a, s, m.data, m.len), LP_OK,
           "a segment is taken");
    msg_close(&m);
}


static void
test_profiles(void)
{
    lp_buf_t            out;
    lp_arena_t          a;
    lp_wire_seg_data_t  s;

    lp_arena_init(&a, ARENA_MAX);
    lp_buf_init(&out, LP_WIRE_MESSAGE_MAX);

    decode_seg(&a, &s, SEG "8a020482010131" "92020482010132" "9a020482010133");
    is_str(s.profiles[0].name, "3", "the third list goes first");
    is_int((int64_t) s.nprofiles, 1, "alone");
    decode_seg(&a, &s, SEG "8a020482010131" "92020482010132");
    is_str(s.profiles[0].name, "2", "then the second");
    decode_seg(&a, &s, SEG "8a020482010131");
    is_str(s.profiles[0].name, "1", "then the first");
    decode_seg(&a, &s, SEG);
    is_int((int64_t) s.nprofiles, 0, "or there are none");
    ok(s.profile_error == NULL, "which is no error of theirs");

    decode_seg(&a, &s, SEG "8a020d8801aa039001f0019801c0cf24");
    is_str(s.profiles[0].name, "net_426x240_600000",
           "a rendition without a name gets one");

    decode_seg(&a, &s, SEG "8a020482010161" "8a0203a80102");
    is_str(s.profile_error, "unrecognized profile output format", "format 2");
    decode_seg(&a, &s, SEG "8a0203b80105");
    is_str(s.profile_error, "unrecognized encoder profile", "profile 5");
    decode_seg(&a, &s, SEG "8a0203c80104");
    is_str(s.profile_error, "unrecognized video codec", "encoder 4");
    decode_seg(&a, &s, SEG "8a020cc801" MINUS);
    is_str(s.profile_error, "unrecognized video codec", "encoder -1");

    decode_seg(&a, &s, SEG "9a0210" "82010161c001ffffffffffffffffff01");
    is_int(s.profiles[0].gop_ms, -1, "all intra");
    lp_wire_encode_seg_data(&out, &s);
    ok(out.len > 16 && out.data[out.len - 17] == 16, "one rendition, 16 bytes");
    is_hex(out.data + out.len - 16, 16, profile_a,
           "-1 takes ten bytes, in the newest list");

    s.profiles[0].gop_ms = 0;
    s.profiles[0].format = LP_FORMAT_MP4;
    lp_buf_reset(&out);
    lp_wire_encode_seg_data(&out, &s);
    is_hex(out.data + out.len - 10, 10, "920207820101" "61a80101",
           "MP4 alone needs the second list");

    decode_seg(&a, &s, SEG "aa020608e80710d00f");
    ok(s.has_clip && s.clip_from_ms == 1000, "a clip is seen");

    decode_seg(&a, &s, SEG "8202020800");
    ok(!s.has_storage, "direct storage is none");
    decode_seg(&a, &s, SEG "8202020801");
    ok(s.has_storage, "S3 is storage elsewhere");

    s.nprofiles = LP_PROFILE_MAX + 1;
    lp_buf_reset(&out);
    lp_wire_encode_seg_data(&out, &s);
    is_int(lp_buf_status(&out), LP_LIMIT, "13 renditions are not written");

    lp_buf_done(&out);
    lp_arena_done(&a);
}


/* messages that only go-livepeer's transcoders use: their numbers stand */

static void
test_remote(void)
{
    msg_t                  m;
    uint8_t                again[64];
    Net__NotifySegment    *n;
    Net__RegisterRequest  *r;

    msg_open(&m, remote_register);
    r = net__register_request__unpack(NULL, m.len, m.data);
    ok(r && strcmp(r->secret, "foo") == 0 && r->capacity == 10
       && r->capabilities && strcmp(r->capabilities->version, "0.9.1") == 0
       && r->capabilities->n_bitstring == 1
       && r->capabilities->bitstring[0] == 0x4005fff,
       "a transcoder's registration");
    is_hex(again, net__register_request__pack(r, again), remote_register,
           "and again");
    net__register_request__free_unpacked(r, NULL);
    msg_close(&m);

    msg_open(&m, remote_teardown);
    n = net__notify_segment__unpack(NULL, m.len, m.data);
    ok(n && n->url[0] == '\0' && n->seg_data && n->seg_data->auth_token
       && strcmp(n->seg_data->auth_token->session_id, "f1405ced") == 0,
       "the end of a session, told to it");
    is_hex(again, net__notify_segment__pack(n, again), remote_teardown,
           "and again");
    net__notify_segment__free_unpacked(n, NULL);
    msg_close(&m);
}


static void
test_grpc(void)
{
    msg_t           m;
    size_t          n, at;
    lp_buf_t        out;
    const uint8_t  *p;

    msg_open(&m, wire_request);

    for (n = 0; n < m.len; n++) {
        if (lp_wire_grpc_open(&p, &at, m.data, n) != LP_AGAIN) {
            break;
        }
    }

    is_int((int64_t) n, (int64_t) m.len, "a frame cut anywhere needs more");
    is_int(lp_wire_grpc_open(&p, &n, m.data, m.len), LP_OK, "a whole one");
    is_int((int64_t) n, 89, "of 89 bytes");
    ok(p == m.data + 5, "after its prefix");

    lp_buf_init(&out, 1024);
    lp_buf_put_str(&out, "before");
    at = lp_wire_grpc_begin(&out);
    lp_buf_put(&out, p, n);
    lp_wire_grpc_end(&out, at);
    is_hex(out.data + 6, out.len - 6, wire_request, "and written again");
    lp_buf_done(&out);

    lp_buf_init(&out, 4);
    at = lp_wire_grpc_begin(&out);
    lp_wire_grpc_end(&out, at);
    is_int(lp_buf_status(&out), LP_LIMIT, "a prefix that does not fit");
    lp_buf_done(&out);

    m.data[0] = 1;
    is_int(lp_wire_grpc_open(&p, &n, m.data, 1), LP_UNSUPPORTED,
           "compressed: told at the first byte");
    m.data[0] = 2;
    is_int(lp_wire_grpc_open(&p, &n, m.data, 1), LP_MALFORMED,
           "a flag nobody knows");
    m.data[0] = 0;
    m.data[2] = 4;                                       /* 256 KiB and 89 */
    is_int(lp_wire_grpc_open(&p, &n, m.data, 5), LP_LIMIT,
           "too long: told at the prefix");

    msg_close(&m);
}


int
main(void)
{
    build_info();

    test_vectors();
    test_cuts();
    test_flips();
    test_ceilings();
    test_edges();
    test_limits();
    test_dropped();
    test_profiles();
    test_remote();
    test_grpc();

    return done();
}
