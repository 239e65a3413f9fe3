/* JSON-RPC as bytes: requests a node takes, replies believed or not */

#include "common/eth/rpc.h"
#include "t/unit/tap.h"


#define TEXT(s)  (const uint8_t *) (s), strlen(s)


static void
test_requests(void)
{
    lp_buf_t      b;
    lp_hash_t     h;
    lp_u256_t     wei;
    lp_address_t  a;

    memset(h.b, 0xab, 32);
    memset(a.b, 0x11, 20);
    lp_u256_set(&wei, 0x0a00);
    lp_buf_init(&b, 4096);

    lp_rpc_put_plain(&b, 7, "eth_chainId");
    lp_buf_put_u8(&b, 0);
    is_str((char *) b.data, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":"
           "\"eth_chainId\",\"params\":[]}", "no parameters");

    lp_buf_reset(&b);
    lp_rpc_put_estimate(&b, 1, NULL, &a, &wei, (uint8_t *) "\xe1\x6c", 2);
    lp_buf_put_u8(&b, 0);
    is_str((char *) b.data, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
           "\"eth_estimateGas\",\"params\":[{\"value\":\"0xa00\",\"to\":"
           "\"0x1111111111111111111111111111111111111111\",\"data\":"
           "\"0xe16c\"}]}", "a value is a quantity, data is data");

    lp_buf_reset(&b);
    lp_rpc_put_logs(&b, 2, 16, 255, &a, 1);
    lp_buf_put_u8(&b, 0);
    is_str((char *) b.data, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":"
           "\"eth_getLogs\",\"params\":[{\"fromBlock\":\"0x10\",\"toBlock\":"
           "\"0xff\",\"address\":["
           "\"0x1111111111111111111111111111111111111111\"]}]}",
           "a range of logs");
    lp_buf_done(&b);
}


static void
test_values(void)
{
    size_t          i;
    char            reason[64];
    uint64_t        v;
    lp_u256_t       w;
    lp_rpc_error_t  e;
    static const char  *bad[] = {
        "", "[]", "{}", "nonsense", "{\"id\":3}", "{\"id\":3,\"result\":5}",
        "{\"id\":4,\"result\":\"0x1\"}", "{\"id\":\"3\",\"result\":\"0x1\"}",
        "{\"id\":3,\"result\":\"0x\"}", "{\"id\":3,\"result\":\"0x01\"}",
        "{\"id\":3,\"result\":\"1\"}", "{\"id\":3,\"result\":\"0xg\"}",
        "{\"id\":3,\"result\":\"0x10000000000000000000000000000000000000000"
        "000000000000000000000000\"}",
        "{\"id\":3,\"result\":{\"result\":\"0x1\"}}",
    };

    ok(lp_rpc_get_u64(&v, NULL, 3, TEXT("{\"jsonrpc\":\"2.0\",\"id\":3,"
       "\"result\":\"0xa4b1\"}")) == LP_OK && v == 42161, "a quantity");
    ok(lp_rpc_get_u64(&v, NULL, 3, TEXT("{\"id\":3,\"result\":null}"))
       == LP_MISSING, "null is: not there yet");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(lp_rpc_get_u256(&w, NULL, 3, TEXT(bad[i])) == LP_MALFORMED,
           "no answer: %s", bad[i]);
    }

    ok(lp_rpc_get_u64(&v, &e, 3, TEXT("{\"id\":3,\"error\":{\"code\":3,"
       "\"message\":\"execution reverted\",\"data\":\"0x08c379a0"
       "0000000000000000000000000000000000000000000000000000000000000020"
       "0000000000000000000000000000000000000000000000000000000000000011"
       "7469636b65742069732065787069726564000000000000000000000000000000"
       "\"}}")) == LP_GONE && e.code == 3, "a node's error");
    is_str(e.message, "execution reverted", "its message");
    lp_rpc_revert_reason(reason, sizeof(reason), &e);
    is_str(reason, "ticket is expired", "the contract's reason");
}


static void
test_depth(void)
{
    char       deep[200];
    lp_u256_t  w;

    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    ok(lp_rpc_get_u256(&w, NULL, 3, (uint8_t *) deep, sizeof(deep))
       == LP_MALFORMED, "T-60: depth 100 is not parsed");
}


static void
test_objects(void)
{
    lp_rpc_logs_t     logs;
    lp_rpc_block_t    b;
    lp_rpc_receipt_t  r;

#define H32 "0x00000000000000000000000000000000000000000000000000000000000000aa"
#define A20 "0x00000000000000000000000000000000000000bb"

    ok(lp_rpc_get_block(&b, NULL, 1, TEXT("{\"id\":1,\"result\":{\"number\":"
       "\"0x10\",\"l1BlockNumber\":\"0x5\",\"timestamp\":\"0x64\",\"hash\":\""
       H32 "\",\"parentHash\":\"" H32 "\",\"baseFeePerGas\":\"0x7\"}}"))
       == LP_OK && b.number == 16 && b.l1_number == 5 && b.hash.b[31] == 0xaa
       && b.base_fee.w[0] == 7, "an Arbitrum block");
    ok(lp_rpc_get_block(&b, NULL, 1, TEXT("{\"id\":1,\"result\":{\"number\":"
       "\"0x10\",\"timestamp\":\"0x64\",\"hash\":\"" H32 "\",\"parentHash\":\""
       H32 "\"}}")) == LP_OK && b.l1_number == 16, "an L1 block");
    ok(lp_rpc_get_block(&b, NULL, 1, TEXT("{\"id\":1,\"result\":{\"number\":"
       "\"0x10\",\"timestamp\":\"0x64\",\"hash\":\"0xaa\",\"parentHash\":\""
       H32 "\"}}")) == LP_MALFORMED, "a short hash is none");

    ok(lp_rpc_get_receipt(&r, NULL, 1, TEXT("{\"id\":1,\"result\":{"
       "\"status\":\"0x0\",\"blockNumber\":\"0x2\",\"gasUsed\":\"0x5208\","
       "\"blockHash\":\"" H32 "\"}}")) == LP_OK && !r.success
       && r.gas_used == 21000, "a failed transaction");
    ok(lp_rpc_get_receipt(&r, NULL, 1, TEXT("{\"id\":1,\"result\":null}"))
       == LP_MISSING, "or not mined");

    ok(lp_rpc_get_logs(&logs, NULL, 1, TEXT("{\"id\":1,\"result\":[{"
       "\"address\":\"" A20 "\",\"topics\":[\"" H32 "\"],\"data\":\"0x0102\","
       "\"transactionHash\":\"" H32 "\",\"blockHash\":\"" H32 "\","
       "\"blockNumber\":\"0x9\",\"logIndex\":\"0x1\",\"removed\":true}]}"))
       == LP_OK && logs.n == 1 && logs.logs[0].removed
       && logs.logs[0].data_len == 2 && logs.bytes.data[1] == 2, "a log");
    lp_rpc_logs_done(&logs);

    ok(lp_rpc_get_logs(&logs, NULL, 1, TEXT("{\"id\":1,\"result\":[{"
       "\"address\":\"" A20 "\"}]}")) == LP_MALFORMED, "half a log is none");
    lp_rpc_logs_done(&logs);
}


int
main(void)
{
    test_requests();
    test_values();
    test_depth();
    test_objects();

    return done();
}
