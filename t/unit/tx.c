/* RLP, ABI and transactions against the specification's vectors */

#include "common/eth/abi.h"
#include "common/eth/rlp.h"
#include "common/eth/tx.h"
#include "common/util/hex.h"
#include "t/data/tickets.h"
#include "t/unit/tap.h"


static lp_keys_t  *keys;


static void
hex(uint8_t *out, size_t len, const char *text)
{
    if (lp_hex_decode(out, len, text, strlen(text)) != LP_OK) {
        printf("# not hex: %s\n", text);
    }
}


static void
test_rlp(void)
{
    int             is_list;
    size_t          list, i, len, whole;
    uint8_t         big[60];
    lp_buf_t        b;
    const uint8_t  *p;
    static const struct {
        const char  *hex;
        size_t       len;
    } bad[] = {
        { "8100", 2 },                       /* one byte under 0x80, long */
        { "b800", 2 },                       /* long form of a short one */
        { "b83700", 3 }, { "b90038", 3 },    /* leading zero, cut short */
        { "83aabb", 3 }, { "bfffffffffffffffff", 9 }, { "c1", 1 },
    };

    lp_buf_init(&b, 1024);
    list = lp_rlp_open(&b);
    lp_rlp_put_bytes(&b, (const uint8_t *) "cat", 3);
    lp_rlp_put_u64(&b, 0);
    lp_rlp_put_u64(&b, 15);
    lp_rlp_put_u64(&b, 1024);
    lp_rlp_close(&b, list);
    is_hex(b.data, b.len, "c98363617480" "0f820400", "a list of four");

    ok(lp_rlp_get(&p, &len, &is_list, &whole, b.data, b.len) == LP_OK
       && is_list && len == 9 && whole == 10, "and it reads as a list");
    ok(lp_rlp_get(&p, &len, &is_list, &whole, p, len) == LP_OK
       && !is_list && len == 3 && memcmp(p, "cat", 3) == 0, "of cat ...");

    lp_buf_reset(&b);
    memset(big, 'x', sizeof(big));
    lp_rlp_put_bytes(&b, big, 55);
    lp_rlp_put_bytes(&b, big, 56);
    ok(b.data[0] == 0xb7 && b.data[56] == 0xb8 && b.data[57] == 56,
       "the long form begins at 56 bytes");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        hex(big, bad[i].len, bad[i].hex);
        ok(lp_rlp_get(&p, &len, &is_list, &whole, big, bad[i].len)
           == LP_MALFORMED, "%s is refused", bad[i].hex);
    }

    lp_buf_done(&b);
}


static void
test_abi(void)
{
    size_t          n, len;
    uint64_t        v;
    lp_abi_t        r, items;
    lp_buf_t        b;
    lp_address_t    a;
    const uint8_t  *p;

    lp_buf_init(&b, 4096);
    lp_abi_put_selector(&b, "getContract(bytes32)");
    is_hex(b.data, b.len, "e16c7d98", "a selector");

    lp_buf_reset(&b);
    lp_abi_put_u64(&b, 96);                            /* 0: bytes at 96 */
    lp_abi_put_u64(&b, 160);                           /* 1: array at 160 */
    lp_abi_put_u64(&b, UINT64_MAX);                    /* 2 */
    lp_abi_put_bytes(&b, "https://o:1", 11);
    lp_abi_put_u64(&b, 2);
    lp_abi_put_u64(&b, 7);
    lp_abi_put_u64(&b, 9);

    r.data = b.data;
    r.len = b.len;
    ok(lp_abi_get_bytes(&r, 0, &p, &len) == LP_OK && len == 11
       && memcmp(p, "https://o:1", 11) == 0, "a string by its offset");
    ok(lp_abi_get_array(&r, 1, &items, &n) == LP_OK && n == 2
       && lp_abi_get_u64(&items, 1, &v) == LP_OK && v == 9, "an array");
    ok(lp_abi_get_bytes(&r, 2, &p, &len) == LP_MALFORMED,
       "an offset outside is refused");
    ok(lp_abi_get_address(&r, 0, &a) == LP_OK, "a small word is an address");
    ok(lp_abi_get_u64(&r, 99, &v) == LP_MALFORMED, "no word past the end");

    b.data[5 * 32 - 1] = 0;
    b.data[4 * 32 - 1 - 24] = 0xff;                    /* length: 2^192 */
    ok(lp_abi_get_bytes(&r, 0, &p, &len) == LP_MALFORMED,
       "a length outside is refused");

    lp_buf_done(&b);
}


static void
test_transfer(void)
{
    lp_tx_t      tx;
    lp_buf_t     out;
    lp_hash_t    h;
    lp_secret_t  secret;

    memset(&tx, 0, sizeof(tx));
    hex(secret.b, 32,
        "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
    tx.chain_id = 42161;
    lp_u256_set(&tx.max_fee_wei, 200000000);
    tx.gas = 21000;
    hex(tx.to.b, 20, "70997970c51812dc3a010c7d01b50e0d17dc79c8");
    lp_u256_set(&tx.value_wei, 1000000000000000);

    lp_tx_digest(&h, &tx);
    is_hex(h.b, 32,
        "4b479d3ec8618e0120735a7803da33a63add8faa764ac1a2a4685381e3575861",
        "a transfer: signing hash");

    lp_buf_init(&out, 4096);
    ok(lp_tx_sign(&out, &h, &tx, keys, &secret) == LP_OK, "it is signed");
    is_hex(out.data, out.len, "02f86f82a4b18080840bebc2008252089470997970c518"
        "12dc3a010c7d01b50e0d17dc79c887038d7ea4c6800080c001a0d9f9595337d84148"
        "439ee64bdd37bc13e353dd3fc958193c7722b8d22b91d115a061789fb3aa68f92e55"
        "d7701435034e68550043e30517526e680a4722b7840944", "its bytes");
    is_hex(h.b, 32,
        "d65493303acf8262588a6506a6a0965941fe551428399d7958316582caa77760",
        "its hash");

    tx.chain_id = 0;
    ok(lp_tx_sign(&out, &h, &tx, keys, &secret) == LP_MALFORMED,
       "without a chain id nothing is signed");
    lp_buf_done(&out);
}


static void
test_redeem(void)
{
    size_t       len = (sizeof(redeem_1) - 1) / 2;
    uint8_t      data[600];
    lp_tx_t      tx;
    lp_buf_t     out;
    lp_hash_t    h;
    lp_secret_t  secret;

    memset(&tx, 0, sizeof(tx));
    hex(data, len, redeem_1);
    hex(secret.b, 32,
        "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
    tx.chain_id = 42161;
    tx.nonce = 7;
    lp_u256_set(&tx.max_priority_wei, 10000000);
    lp_u256_set(&tx.max_fee_wei, 200000000);
    tx.gas = 1200000;
    hex(tx.to.b, 20, "a8bb618b1520e284046f3dfc448851a1ff26e41b");
    tx.data = data;
    tx.data_len = len;

    lp_tx_digest(&h, &tx);
    is_hex(h.b, 32,
        "c1293c7541e9b2760946f78f82b9e796b78f796b9144b55482f088914e95eb89",
        "a redemption: signing hash");

    lp_buf_init(&out, 4096);
    lp_tx_sign(&out, &h, &tx, keys, &secret);
    is_hex(h.b, 32,
        "be6432c9527904d3b9973223d1b47bf57b47de7f87ea9dffd119459134cd4b3c",
        "its hash");
    lp_buf_done(&out);
}


int
main(void)
{
    static const uint8_t  seed[32] = { 1 };

    plan(25);

    keys = lp_keys_create(seed);
    test_rlp();
    test_abi();
    test_transfer();
    test_redeem();
    lp_keys_destroy(&keys);

    return done();
}
