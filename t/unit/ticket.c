/* tickets: the hashes, signatures, draws and calldata of the live network */

#include "common/pm/ticket.h"
#include "common/util/hex.h"
#include "t/data/tickets.h"
#include "t/unit/tap.h"


static const char  key0[] =
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
static const char  foo[] =
    "41b1a0649752af1b28b3dc29a1556eee781e4a4c3a1f7f53f90fa834de098c4d";

static lp_keys_t  *keys;


static void
hex(uint8_t *out, size_t len, const char *text)
{
    if (lp_hex_decode(out, len, text, strlen(text)) != LP_OK) {
        printf("# not hex: %s\n", text);
    }
}


static lp_u256_t
dec(const char *text)
{
    lp_u256_t  v;

    lp_u256_get_dec(&v, text, strlen(text));

    return v;
}


static void
is_hash(const lp_ticket_t *t, const char *want, const char *what)
{
    lp_hash_t  h;

    lp_ticket_hash(&h, t);
    is_hex(h.b, 32, want, what);
}


static void
test_fields(void)
{
    lp_ticket_t  t;

    memset(&t, 0, sizeof(t));
    t.nonce = UINT32_MAX;
    is_hash(&t, "e1393fc7f6de093780674022f96cb8e3872235167d037c04d554e58c0e63d280",
            "nonce 2^32 - 1");
    t.nonce = 1;
    is_hash(&t, "ce0918ba94518293e9712effbe5fca4f1f431089833a5b8c257cb1e024595f68",
            "nonce 1");

    memset(&t, 0, sizeof(t));
    lp_u256_set(&t.face_value, 1);
    lp_u256_set(&t.win_prob, 500);
    is_hash(&t, "87ef13f2d37e4d5352a01d3c77b8179d80e0887f1953bfabfd0bfd7b0f689ddd",
            "face value 1, win probability 500");
    lp_u256_set(&t.face_value, 500);
    lp_u256_set(&t.win_prob, 1);
    is_hash(&t, "aa4b35071043587992ac8b9dd1b2cf1d8311130e6458cf0b2342484e21af5f5b",
            "and the other way round");

    memset(&t, 0, sizeof(t));
    hex(t.recipient.b, 20, "73aed7b5deb30222fa896f399d46cc99c7bee57f");
    is_hash(&t, "81e353ae39046e2b77b9f996abbaeed527fda559b61ef90f299c4499dd508ccc",
            "a recipient");

    memset(&t, 0, sizeof(t));
    hex(t.rand_hash.b, 32, foo);
    is_hash(&t, "be5eaf9a49a39540b9bb02f1a21904f61324a29819e2c032824bfaa10c100b17",
            "a commitment");

    memset(&t, 0, sizeof(t));
    t.round = 10;
    hex(t.round_hash.b, 32, foo);
    is_hash(&t, "e502907c16036ab3d11b78c5a2e93c20f3d6415c67f91de4ed01348182b3b2e2",
            "round and block hash: auxData");
}


/* two winners that the contract paid */

static void
test_redeemed(const char *name, lp_ticket_t *t, const char *rand_text,
    const char *sig_text, const char *hash)
{
    char        what[64];
    lp_sig_t    sig;
    lp_hash_t   commitment;
    lp_u256_t   rand;
    uint8_t     be[32];

    hex(sig.b, 65, sig_text);
    hex(be, 32, rand_text);
    lp_u256_get_be(&rand, be, 32);

    lp_ticket_rand_hash(&commitment, &rand);
    snprintf(what, sizeof(what), "%s: the commitment opens", name);
    ok(memcmp(commitment.b, t->rand_hash.b, 32) == 0, "%s", what);
    snprintf(what, sizeof(what), "%s: hash", name);
    is_hash(t, hash, what);
    ok(lp_ticket_verify(t, &sig, keys) == LP_OK, "%s: its sender signed",
       name);
    ok(lp_ticket_wins(t, &sig, &rand), "%s: it wins", name);

    t->sender.b[0] ^= 1;
    ok(lp_ticket_verify(t, &sig, keys) == LP_BAD_SIGNATURE,
       "%s: nobody else did", name);
    t->sender.b[0] ^= 1;
}


static void
test_mainnet(void)
{
    lp_buf_t     out;
    lp_sig_t     sig;
    lp_u256_t    rand;
    lp_ticket_t  t;
    uint8_t      be[32];

    memset(&t, 0, sizeof(t));
    hex(t.recipient.b, 20, "a5e37e0ba14655e92deff29f32adbc7d09b8a2cf");
    hex(t.sender.b, 20, "3ee860a4aba830af84ebbce2b381fc11db8493e2");
    t.face_value = dec("10000000000000000");
    t.win_prob = dec("115792089237316195423570985008687907853269984665640564"
                     "03945759000000000000");
    t.nonce = 14;
    hex(t.rand_hash.b, 32,
        "5309662eee5608da45aaefe60433adec052acab8683dd12d78aad8a0192b3bec");
    t.round = 0x653;
    hex(t.round_hash.b, 32,
        "f3b1d2925fd1325a8a6ba8923fbe6de31dd93d9e85540eaf5a306f21177c3b8c");
    test_redeemed("A", &t,
        "46641fdc00b0da1c09807862f3a56fb300b94592be66ca46e1248a895eeaa2be",
        sig_a,
        "d5104bbecf755deaa03acf83486f2414d749f5e9d98b9feb9a0ad3791413f7e4");

    hex(sig.b, 65, sig_a);
    hex(be, 32,
        "46641fdc00b0da1c09807862f3a56fb300b94592be66ca46e1248a895eeaa2be");
    lp_u256_get_be(&rand, be, 32);
    lp_buf_init(&out, 4096);
    lp_ticket_put_redeem(&out, &t, &sig, &rand);
    is_hex(out.data, out.len, redeem_a, "A: the calldata that was mined");
    lp_buf_done(&out);

    hex(t.recipient.b, 20, "9c10672cee058fd658103d90872fe431bb6c0afa");
    t.face_value = dec("24703611594215916");
    t.win_prob = dec("468725347286579194921921644726213191428316196798265613"
                     "3076290000000000000000");
    t.nonce = 1;
    hex(t.rand_hash.b, 32,
        "d00ef48a6825d9ae93097ad55bc76057fb50afc203aa98fd4e01aa6576d71298");
    t.round = 0x689;
    hex(t.round_hash.b, 32,
        "a9f81d59be53a90a12cb12f627aa9e87c505320bad20a98fd98d5ed23bfe9a54");
    test_redeemed("B", &t,
        "2ec8398aed129f376c296c8b999d2f9ee61494110f9a752494d2ef1b89a4c9d3",
        sig_b,
        "63d432158a2a3a15bdb5a87712e5cf0d1655d018a615d2e8806346536c0154c0");
}


static void
made_up(lp_ticket_t *t)
{
    memset(t, 0, sizeof(lp_ticket_t));
    hex(t->recipient.b, 20, "70997970c51812dc3a010c7d01b50e0d17dc79c8");
    hex(t->sender.b, 20, "f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    t->face_value = dec("12000000000000000");
    t->win_prob = dec("7719472615821079694904732333912527190217998977709370"
                      "9359638392000000000");
    t->nonce = 1;
    hex(t->rand_hash.b, 32,
        "783ca39fc51a2ddd0c3045e3f63966e6779dd94c504a366874f4e3aa8d19594b");
    t->round = 3900;
    hex(t->round_hash.b, 32,
        "7895a29307999f1d61abaf54077342a6714b33e42ccf093e4f9eb86abd387c45");
}


static void
test_made_up(void)
{
    lp_buf_t     out;
    lp_sig_t     sig;
    lp_hash_t    h;
    lp_u256_t    rand;
    lp_secret_t  secret;
    lp_ticket_t  t;
    uint8_t      be[32];

    made_up(&t);
    hex(secret.b, 32, key0);
    hex(be, 32,
        "9aa7d1dc8ef2ac92917179c6ab3e3c2590abbe4ba1c611abf84fae33ac60dd8d");
    lp_u256_get_be(&rand, be, 32);

    is_hash(&t, "56bc8c28535dae4d3046e6313afc92d0222808030cad693e5438cfe57672f29b",
            "nonce 1: hash");
    lp_ticket_sign(&sig, &t, keys, &secret);
    is_hex(sig.b, 65, "00c9c2f5038ba17c17553590f50e9a44246a386b0247579b879ad6"
        "cdf0d70be6658f466712dd6f6ff2ec558bbd59bea44767d2cccc51dfb2a2af19db3c"
        "fc2a6a1c", "nonce 1: a signature whose r begins with zero");
    ok(!lp_ticket_wins(&t, &sig, &rand), "nonce 1 loses");

    lp_buf_init(&out, 4096);
    lp_ticket_put_redeem(&out, &t, &sig, &rand);
    is_hex(out.data, out.len, redeem_1, "nonce 1: calldata");
    lp_keccak256(&h, out.data, out.len);
    is_hex(h.b, 32,
        "4312118b79099d0e3e689cdee776ff2a82e7ef6ae5e35cb9ee3b5dba7f8263f2",
        "and its keccak");
    lp_buf_done(&out);

    /* the family of face value 16 gwei: nonce 5 loses, nonce 6 wins */

    lp_u256_set(&t.face_value, 16000000000);
    hex(be, 32,
        "80000000000000000000000000000000000000000000000000000000ccc0b000");
    lp_u256_get_be(&t.win_prob, be, 32);
    hex(t.rand_hash.b, 32,
        "297dc2be513a1726c5f19e931869f99c97ae99f4fd2ecc5b524b3cfe1df79512");
    hex(be, 32,
        "83ef8671e248fabc3f7c7c982cdbd1aeabc46a075e7b44ebd2ed72f83cecd153");
    lp_u256_get_be(&rand, be, 32);

    t.nonce = 5;
    lp_ticket_sign(&sig, &t, keys, &secret);
    ok(!lp_ticket_wins(&t, &sig, &rand), "nonce 5 loses");
    t.nonce = 6;
    lp_ticket_sign(&sig, &t, keys, &secret);
    ok(lp_ticket_wins(&t, &sig, &rand), "nonce 6 wins");

    lp_u256_set(&t.win_prob, 0);
    ok(!lp_ticket_wins(&t, &sig, &rand), "win probability 0 never wins");
}


int
main(void)
{
    static const uint8_t  seed[32] = { 7 };

    plan(26);

    keys = lp_keys_create(seed);
    test_fields();
    test_mainnet();
    test_made_up();
    lp_keys_destroy(&keys);

    return done();
}
