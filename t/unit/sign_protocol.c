/* the signer's protocol: each kind there and back, cut and bent anywhere */

#include <stdlib.h>

#include "common/signer/protocol.h"
#include "t/unit/tap.h"


#define FRAME_MAX  (LP_SIGN_FRAME_MAX + 4)


static const char *const  kind_names[] = {
    "", "hello", "request", "segment", "tickets", "result", "ping", "receipt",
    "tx"
};

static const uint8_t  calldata[] = { 0x6c, 0xaa, 0x73, 0x6b };


static void
fill(void *p, size_t len, uint8_t seed)
{
    size_t    i;
    uint8_t  *b = p;

    for (i = 0; i < len; i++) {
        b[i] = (uint8_t) (seed + 31 * i);
    }
}


static void
make_request(lp_sign_request_t *r, lp_sign_kind_e kind)
{
    memset(r, 0, sizeof(lp_sign_request_t));
    r->kind = kind;
    r->id = 0xfffffff0u + kind;

    switch (kind) {

    case LP_SIGN_SEGMENT:
        strcpy(r->segment.manifest, "cam_1-A");
        r->segment.seq = UINT64_MAX;
        fill(r->segment.hash.b, 32, 7);
        r->segment.nnames = 2;
        strcpy(r->segment.names[0], "720p");
        memset(r->segment.names[1], 'x', LP_PROFILE_NAME_MAX);
        break;

    case LP_SIGN_TICKETS:
        fill(r->tickets.stream, 16, 1);
        fill(r->tickets.recipient.b, 20, 2);
        fill(&r->tickets.face_value, 32, 3);
        fill(&r->tickets.win_prob, 32, 4);
        fill(r->tickets.rand_hash.b, 32, 5);
        r->tickets.round = 1234567890123;
        fill(r->tickets.round_hash.b, 32, 6);
        r->tickets.first_nonce = 0xfffffff0;
        r->tickets.n = LP_SIGN_TICKETS_MAX;
        break;

    case LP_SIGN_RESULT:
        r->result.n = 3;
        fill(r->result.hashes, 3 * 32, 8);
        break;

    case LP_SIGN_RECEIPT:
        fill(&r->receipt, sizeof(r->receipt), 9);
        break;

    case LP_SIGN_TX:
        r->tx.chain_id = 42161;
        r->tx.nonce = 7;
        fill(&r->tx.max_priority_wei, 32, 10);
        fill(&r->tx.max_fee_wei, 32, 11);
        r->tx.gas = 1200000;
        fill(r->tx.to.b, 20, 12);
        fill(&r->tx.value_wei, 32, 13);
        r->tx.data = calldata;
        r->tx.data_len = sizeof(calldata);
        r->tx.legacy = 1;
        break;

    default:
        break;
    }
}


/* the same fields, seen as the same bytes when written again */

static int
is_same(const uint8_t *frame, size_t len)
{
    int                same;
    size_t             whole;
    lp_buf_t           b;
    lp_sign_request_t  r;

    if (lp_sign_decode_request(&r, &whole, frame, len) != LP_OK
        || whole != len)
    {
        return 0;
    }

    lp_buf_init(&b, FRAME_MAX);
    lp_sign_encode_request(&b, &r);
    same = b.len == len && memcmp(b.data, frame, len) == 0;
    lp_buf_done(&b);

    return same;
}


static void
test_request(lp_sign_kind_e kind)
{
    int                cuts = 0, bent = 0;
    size_t             i, whole;
    uint8_t           *copy;
    lp_buf_t           b;
    lp_status_t        s;
    lp_sign_request_t  r, got;

    make_request(&r, kind);
    lp_buf_init(&b, FRAME_MAX);
    lp_sign_encode_request(&b, &r);

    ok(lp_sign_decode_request(&got, &whole, b.data, b.len) == LP_OK
       && got.kind == r.kind && got.id == r.id && is_same(b.data, b.len),
       "%s: there and back", kind_names[kind]);

    /* on the heap at its very length, so that ASan sees a byte too far */

    for (i = 0; i < b.len; i++) {
        copy = malloc(i + !i);
        memcpy(copy, b.data, i);
        cuts += lp_sign_decode_request(&got, &whole, copy, i) == LP_AGAIN;
        free(copy);
    }

    is_int(cuts, (int64_t) b.len, "... a cut frame asks for more");

    for (i = 0; i < b.len * 8; i++) {
        copy = malloc(b.len);
        memcpy(copy, b.data, b.len);
        copy[i / 8] ^= (uint8_t) (1 << i % 8);
        s = lp_sign_decode_request(&got, &whole, copy, b.len);
        bent += s == LP_OK ? is_same(copy, whole)
                : s == LP_AGAIN || s == LP_MALFORMED || s == LP_LIMIT;
        free(copy);
    }

    is_int(bent, (int64_t) b.len * 8, "... a bent frame has a defined answer");
    lp_buf_done(&b);
}


static void
make_reply(lp_sign_reply_t *r, lp_sign_kind_e kind, uint8_t *bytes)
{
    memset(r, 0, sizeof(lp_sign_reply_t));
    r->id = 77;

    switch (kind) {

    case LP_SIGN_HELLO:
        fill(r->hello.address.b, 20, 1);
        r->hello.chain_id = 31337;
        r->hello.kinds = 0x1e;
        fill(&r->hello.max_face_value, 32 * 6, 2);
        r->hello.recipients = 9;
        r->hello.tickets = 1ULL << 40;
        break;

    case LP_SIGN_TICKETS:
        r->sigs = bytes;
        r->nsigs = 3;
        break;

    case LP_SIGN_TX:
        fill(r->tx_hash.b, 32, 4);
        r->raw = bytes;
        r->raw_len = 111;
        break;

    default:
        fill(r->ping, kind == LP_SIGN_PING ? 32 : 0, 5);
        fill(r->sig.b, LP_SIG_LEN, 6);
    }
}


static void
test_reply(lp_sign_kind_e kind)
{
    int              good;
    size_t           i, whole;
    uint8_t          bytes[3 * LP_SIG_LEN], *copy;
    uint32_t         id;
    lp_buf_t         b, again;
    lp_status_t      s;
    lp_sign_reply_t  r, got;

    fill(bytes, sizeof(bytes), 3);
    make_reply(&r, kind, bytes);
    lp_buf_init(&b, FRAME_MAX);
    lp_buf_init(&again, FRAME_MAX);
    lp_sign_encode_reply(&b, kind, &r);

    good = lp_sign_reply_id(&id, &whole, b.data, b.len) == LP_OK && id == 77
           && whole == b.len
           && lp_sign_decode_reply(&got, kind, b.data, b.len) == LP_OK;
    lp_sign_encode_reply(&again, kind, &got);
    ok(good && again.len == b.len && memcmp(again.data, b.data, b.len) == 0,
       "%s: its answer there and back", kind_names[kind]);

    for (i = 0, good = 0; i < b.len; i++) {
        copy = malloc(i + !i);
        memcpy(copy, b.data, i);
        good += lp_sign_decode_reply(&got, kind, copy, i) == LP_AGAIN;
        free(copy);
    }

    for (i = 0; i < b.len * 8; i++) {
        copy = malloc(b.len);
        memcpy(copy, b.data, b.len);
        copy[i / 8] ^= (uint8_t) (1 << i % 8);
        s = lp_sign_decode_reply(&got, kind, copy, b.len);
        good += s == LP_OK || s == LP_AGAIN || s == LP_MALFORMED
                || s == LP_LIMIT;
        free(copy);
    }

    is_int(good, (int64_t) b.len * 9, "... cut or bent, a defined answer");

    r.refusal = LP_SIGN_DAY;
    lp_buf_reset(&b);
    lp_sign_encode_reply(&b, kind, &r);
    ok(b.len == LP_SIGN_HEAD
       && lp_sign_decode_reply(&got, kind, b.data, b.len) == LP_OK
       && got.refusal == LP_SIGN_DAY && got.id == 77,
       "... a refusal has no body");

    lp_buf_done(&b);
    lp_buf_done(&again);
}


static void
is_refused(const char *bytes, size_t len, lp_status_t want, const char *what)
{
    size_t             whole;
    lp_sign_request_t  r;

    is_str(lp_status_label(lp_sign_decode_request(&r, &whole,
           (const uint8_t *) bytes, len)), lp_status_label(want), what);
}


int
main(void)
{
    int                kind;
    lp_buf_t           b;
    lp_sign_request_t  r;

    for (kind = LP_SIGN_HELLO; kind <= LP_SIGN_TX; kind++) {
        test_request((lp_sign_kind_e) kind);
        test_reply((lp_sign_kind_e) kind);
    }

    is_refused("\0\0\0\4\6\0\0\0", 8, LP_MALFORMED, "a length below a head");
    is_refused("\0\2\0\1", 4, LP_LIMIT, "a length over the limit, at once");
    is_refused("\xff\xff\xff\xff", 4, LP_LIMIT, "the longest length");
    is_refused("\0\0\0\5\0\0\0\0\0", 9, LP_MALFORMED, "kind 0");
    is_refused("\0\0\0\5\11\0\0\0\0", 9, LP_MALFORMED, "an unknown kind");
    is_refused("\0\0\0\6\1\0\0\0\0\2", 10, LP_MALFORMED, "another version");
    is_refused("\0\0\0\6\6\0\0\0\0\0", 10, LP_MALFORMED,
               "T-35: a ping that brings bytes to sign");
    is_refused("\0\0\0\7\2\0\0\0\0ab", 11, LP_MALFORMED,
               "T-35: a request that brings text to sign");

    make_request(&r, LP_SIGN_SEGMENT);
    lp_buf_init(&b, FRAME_MAX);
    lp_sign_encode_request(&b, &r);
    b.data[LP_SIGN_HEAD + 2] = '\0';
    is_refused((char *) b.data, b.len, LP_MALFORMED,
               "T-36: a NUL in a manifest id");
    lp_buf_done(&b);

    is_str(lp_sign_label(LP_SIGN_RECIPIENT_HOUR), "recipient_hour", "a label");
    is_str(lp_sign_text(LP_SIGN_NREFUSALS), "an unknown answer", "no sentence");

    return done();
}
