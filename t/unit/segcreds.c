/* Headers of a segment, what is signed in them, and in its result. */

#include <stdlib.h>

#include "common/net/segcreds.h"
#include "common/util/hex.h"
#include "t/data/keys.h"
#include "t/data/wire.h"
#include "t/unit/tap.h"


static lp_keys_t     *keys;
static lp_secret_t    secret0, secret1;
static lp_address_t   address0, address1;
static uint8_t        token[32];


static void
unhex(void *out, size_t len, const char *text)
{
    if (lp_hex_decode(out, len, text, strlen(text)) != LP_OK) {
        printf("Bail out! a vector is not %zu bytes: %s\n", len, text);
        exit(1);
    }
}


static void
setup(void)
{
    uint8_t  seed[32] = { 3 };

    keys = lp_keys_create(seed);
    unhex(secret0.b, 32, key0.secret);
    unhex(secret1.b, 32, key1.secret);
    unhex(token, 32, wire_token);

    if (keys == NULL
        || lp_keys_address(keys, &address0, &secret0) != LP_OK
        || lp_keys_address(keys, &address1, &secret1) != LP_OK)
    {
        printf("Bail out! no keys\n");
        exit(1);
    }
}


static void
movie(lp_wire_seg_data_t *s)
{
    memset(s, 0, sizeof(lp_wire_seg_data_t));

    s->manifest_id = "movie";
    s->seq = 7;
    s->duration_ms = 2000;
    lp_keccak256(&s->hash, "foo", 3);

    s->nprofiles = 1;
    strcpy(s->profiles[0].name, "P240p30fps16x9");
    s->profiles[0].width = 426;
    s->profiles[0].height = 240;
    s->profiles[0].bitrate = 600000;
    s->profiles[0].fps_num = 30;

    s->has_capabilities = 1;
    lp_capability_job(&s->capabilities, s->profiles, 1);

    s->has_token = 1;
    s->token.token.data = token;
    s->token.token.len = 32;
    s->token.session_id = "f1405ced";
    s->token.expiration = 1700001800;
}


static void
test_digests(void)
{
    size_t              i;
    char                id[9];
    lp_hash_t           m;
    lp_wire_seg_data_t  s;

    movie(&s);
    lp_segcreds_digest(&m, &s);
    is_hex(m.b, 32, movie_m, "what is signed for a segment");

    memset(&s, 0, sizeof(s));
    s.manifest_id = "abcdef";
    s.seq = 1234;
    memcpy(s.hash.b, "browns", 6);
    s.nprofiles = 2;
    strcpy(s.profiles[0].name, "P144p30fps16x9");
    strcpy(s.profiles[1].name, "P240p30fps16x9");
    lp_segcreds_digest(&m, &s);
    is_hex(m.b, 32, abcdef_m, "go-livepeer's own example");

    for (i = 0; i < sizeof(wire_ids) / sizeof(wire_ids[0]); i++) {
        lp_keccak256(&m, wire_ids[i].name, strlen(wire_ids[i].name));
        lp_hex_encode(id, m.b, 4);
        is_str(id, wire_ids[i].id, wire_ids[i].name);
    }

    lp_segcreds_request_digest(&m, &address0);
    is_hex(m.b, 32, request_m, "what is signed for a request");
}


static void
test_header(void)
{
    int                 stage;
    lp_buf_t            out;
    lp_arena_t          a;
    lp_wire_seg_data_t  s, r;

    lp_buf_init(&out, LP_SEGCREDS_HEADER_MAX);
    lp_arena_init(&a, 64 * 1024);

    movie(&s);
    is_int(lp_segcreds_sign(&s, keys, &secret0), LP_OK, "a segment is signed");
    is_hex(s.sig.b, LP_SIG_LEN, movie_sig, "with the signature of the vector");

    lp_segcreds_encode(&out, &s);
    lp_buf_put_u8(&out, 0);
    is_str((char *) out.data, movie_header, "the whole header");

    is_int(lp_segcreds_decode(&a, &r, &stage, (char *) out.data,
                              out.len - 1), LP_OK, "is read");
    lp_buf_done(&out);

    is_str(r.manifest_id, "movie", "its manifest");
    is_int((int64_t) r.seq, 7, "its sequence");
    is_int(r.duration_ms, 2000, "its duration");
    is_str(r.token.session_id, "f1405ced", "its session");
    is_int(r.token.expiration, 1700001800, "until when");
    ok(r.token.token.len == 32 && !memcmp(r.token.token.data, token, 32),
       "its token");
    is_int((int64_t) r.capabilities.bits.words[0], 4099, "what it asks for");
    is_str(r.profiles[0].name, "P240p30fps16x9", "its rendition");
    is_int(r.profiles[0].width, 426, "its width");
    is_int(r.profiles[0].fps_num, 30, "its rate");

    is_int(lp_segcreds_verify(&r, keys, &address0), LP_OK,
           "and the sender signed it");
    is_int(lp_segcreds_verify(&r, keys, &address1), LP_BAD_SIGNATURE,
           "nobody else did");

    r.seq++;
    is_int(lp_segcreds_verify(&r, keys, &address0), LP_BAD_SIGNATURE,
           "another sequence is not signed");
    r.seq--;
    strcpy(r.profiles[0].name, "P240p30fps16x");
    is_int(lp_segcreds_verify(&r, keys, &address0), LP_BAD_SIGNATURE,
           "nor another rendition");
    r.has_sig = 0;
    is_int(lp_segcreds_verify(&r, keys, &address0), LP_BAD_SIGNATURE,
           "no signature is no signature");

    lp_arena_done(&a);
}


/* no segment may be as long as a ticket, nor hold what is not text */

static void
test_signable(void)
{
    char                long_id[66];
    lp_wire_seg_data_t  s;

    movie(&s);
    memset(long_id, 'a', sizeof(long_id));
    long_id[64] = '\0';
    s.manifest_id = long_id;
    s.nprofiles = LP_PROFILE_MAX;
    is_int(lp_segcreds_sign(&s, keys, &secret0), LP_OK,
           "64 characters and 12 renditions: 224 bytes");

    long_id[64] = 'a';
    long_id[65] = '\0';
    is_int(lp_segcreds_sign(&s, keys, &secret0), LP_LIMIT, "65 characters");

    s.manifest_id = "movie";
    s.nprofiles = LP_PROFILE_MAX + 1;
    is_int(lp_segcreds_sign(&s, keys, &secret0), LP_LIMIT, "13 renditions");
    s.nprofiles = 0;
    is_int(lp_segcreds_sign(&s, keys, &secret0), LP_LIMIT, "no rendition");

    s.nprofiles = 1;
    s.manifest_id = "a b";
    is_int(lp_segcreds_sign(&s, keys, &secret0), LP_LIMIT, "a space");
    s.manifest_id = "\xc3\xa9";
    is_int(lp_segcreds_sign(&s, keys, &secret0), LP_LIMIT, "not ASCII");
    s.manifest_id = "";
    is_int(lp_segcreds_sign(&s, keys, &secret0), LP_OK, "none at all");
}


static void
test_payment(void)
{
    int                stage;
    lp_buf_t           out;
    lp_arena_t         a;
    lp_wire_payment_t  p, r;

    lp_buf_init(&out, LP_SEGCREDS_HEADER_MAX);
    lp_arena_init(&a, 64 * 1024);

    memset(&p, 0, sizeof(p));
    lp_segcreds_encode_payment(&out, &p);
    is_int((int64_t) out.len, 0, "no payment is an empty header");
    is_int(lp_segcreds_decode_payment(&a, &r, &stage, "", 0), LP_OK,
           "which is read");
    ok(!r.has_sender && !r.has_params && !r.has_price, "as nothing");

    p.has_sender = 1;
    p.sender = address0;
    p.has_price = 1;
    p.price.num = 1200;
    p.price.den = 1;
    lp_segcreds_encode_payment(&out, &p);
    lp_buf_put_u8(&out, 0);
    is_str((char *) out.data, pay_none_header, "a payment without tickets");

    is_int(lp_segcreds_decode_payment(&a, &r, &stage, (char *) out.data,
                                      out.len - 1), LP_OK, "is read");
    ok(r.has_sender && lp_address_equal(&r.sender, &address0), "its sender");
    is_int(r.price.num, 1200, "its price");
    is_int((int64_t) r.ntickets, 0, "no ticket");

    lp_buf_done(&out);
    lp_arena_done(&a);
}


/* the second family of messages: a whole payment, made from its parts */

static void
test_tickets(void)
{
    uint8_t                  word[32];
    lp_buf_t                 out;
    lp_wire_payment_t        p;
    lp_wire_sender_params_t  tickets[2];

    memset(&p, 0, sizeof(p));
    p.has_sender = p.has_params = p.has_expiration = p.has_price = 1;
    p.sender = address0;
    p.price.num = 1200;
    p.price.den = 1;
    p.expiration.round = 3900;
    lp_keccak256(&p.expiration.block_hash, "livepeer round 3900", 19);

    p.params.recipient = address1;
    unhex(word, 7, pay_face_value);
    lp_u256_get_be(&p.params.face_value, word, 7);
    unhex(word, 30, pay_win_prob);
    lp_u256_get_be(&p.params.win_prob, word, 30);
    unhex(p.params.rand_hash.b, 32, pay_rand_hash);
    unhex(word, 32, pay_seed);
    lp_u256_get_be(&p.params.seed, word, 32);
    lp_u256_set(&p.params.expiration_block, 22000040);

    tickets[0].nonce = 1;
    tickets[1].nonce = 2;
    unhex(tickets[0].sig.b, 65, pay_sig1);
    unhex(tickets[1].sig.b, 65, pay_sig2);
    p.tickets = tickets;
    p.ntickets = 2;

    is_hex(p.expiration.block_hash.b, 32, pay_block_hash, "a block's hash");

    lp_buf_init(&out, 4096);
    lp_wire_encode_payment(&out, &p);
    is_hex(out.data, out.len, pay_two_tickets, "two tickets");
    lp_buf_done(&out);
}


static const struct {
    const char   *value;
    lp_status_t   want;
    int           stage;
    const char   *what;
} bad[] = {
    { "a", LP_MALFORMED, 0, "not base64" },
    { "CgVtb3ZpZQ", LP_MALFORMED, 0, "no padding" },
    { "CgVt b3ZpZQ==", LP_MALFORMED, 0, "a space" },
    { "CgVtb3ZpZR==", LP_MALFORMED, 0, "stray bits" },
    { "====", LP_MALFORMED, 0, "padding alone" },
    { "CgVtb3Zp", LP_MALFORMED, 1, "a message cut" },
    { "", LP_MALFORMED, 1, "nothing: no hash in it" }
};


static void
test_bad(void)
{
    int                 stage;
    char               *big;
    size_t              i;
    lp_arena_t          a;
    lp_wire_seg_data_t  s;

    lp_arena_init(&a, 64 * 1024);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        stage = -1;
        is_int(lp_segcreds_decode(&a, &s, &stage, bad[i].value,
                                  strlen(bad[i].value)),
               bad[i].want, bad[i].what);
        is_int(stage, bad[i].stage, "refused at its step");
    }

    big = malloc(LP_SEGCREDS_HEADER_MAX + 4);
    memset(big, 'A', LP_SEGCREDS_HEADER_MAX + 4);
    is_int(lp_segcreds_decode(&a, &s, &stage, big, LP_SEGCREDS_HEADER_MAX + 4),
           LP_LIMIT, "64 KiB and a group");
    free(big);

    lp_arena_done(&a);
}


/* at any ceiling of what it writes into, it fits or it says so */

static void
test_ceilings(void)
{
    int                 right = 1;
    size_t              max;
    lp_buf_t            out;
    lp_wire_seg_data_t  s;

    movie(&s);
    lp_segcreds_sign(&s, keys, &secret0);

    for (max = 0; max <= strlen(movie_header); max++) {
        lp_buf_init(&out, max);
        lp_segcreds_encode(&out, &s);
        right &= lp_buf_status(&out)
                 == (max < strlen(movie_header) ? LP_LIMIT : LP_OK);
        lp_buf_done(&out);
    }

    ok(right, "a header at any ceiling");
}


static void
test_result(void)
{
    lp_sig_t   sig;
    lp_hash_t  m, renditions[2];

    lp_keccak256(&renditions[0], "rendition-0 bytes", 17);
    lp_keccak256(&renditions[1], "rendition-1 bytes", 17);
    is_hex(renditions[0].b, 32, result_hash0, "the first rendition's hash");
    is_hex(renditions[1].b, 32, result_hash1, "the second's");

    lp_segcreds_result_digest(&m, renditions, 2);
    is_hex(m.b, 32, result_m, "what is signed for a result");

    lp_keys_sign(keys, &sig, &secret1, &m);
    is_hex(sig.b, LP_SIG_LEN, result_sig, "and its signature");
}


int
main(void)
{
    setup();

    test_digests();
    test_header();
    test_signable();
    test_payment();
    test_tickets();
    test_bad();
    test_ceilings();
    test_result();

    lp_keys_destroy(&keys);

    return done();
}
