/* transactions: the chain, the calls of a role, value and gas */

#include "common/signer/policy.h"
#include "t/unit/sign.h"


#define BROKER   "a8bb618b1520e284046f3dfc448851a1ff26e41b"
#define BONDING  "35bcf3c30594191d53231e4ff333e8a770453e40"


static const char  contracts[] =
    "chain 42161\n"
    "Controller 0xd8e8328501e9645d16cf49539efc04f734606ee4\n"
    "BondingManager 0x" BONDING "\n"
    "TicketBroker 0x" BROKER "\n";

/* wire.md 11.13 */

static const char  redeem[] =
    "ec8b3cb600000000000000000000000000000000000000000000000000000000000000"
    "6000000000000000000000000000000000000000000000000000000000000001a09aa7"
    "d1dc8ef2ac92917179c6ab3e3c2590abbe4ba1c611abf84fae33ac60dd8d0000000000"
    "0000000000000070997970c51812dc3a010c7d01b50e0d17dc79c80000000000000000"
    "00000000f39fd6e51aad88f6f4ce6ab8827279cfffb922660000000000000000000000"
    "00000000000000000000000000002aa1efb94e000000000b2f4fc0794908cf232ff786"
    "25902416a7530755a66c5788c4a773d4b0000000000000000000000000000000000000"
    "000000000000000000000000000001783ca39fc51a2ddd0c3045e3f63966e6779dd94c"
    "504a366874f4e3aa8d19594b0000000000000000000000000000000000000000000000"
    "0000000000000000e00000000000000000000000000000000000000000000000000000"
    "0000000000400000000000000000000000000000000000000000000000000000000000"
    "000f3c7895a29307999f1d61abaf54077342a6714b33e42ccf093e4f9eb86abd387c45"
    "000000000000000000000000000000000000000000000000000000000000004100c9c2"
    "f5038ba17c17553590f50e9a44246a386b0247579b879ad6cdf0d70be6658f466712dd"
    "6f6ff2ec558bbd59bea44767d2cccc51dfb2a2af19db3cfc2a6a1c0000000000000000"
    "0000000000000000000000000000000000000000000000";

static uint8_t  data[548];


static void
make_conf(lp_signer_conf_t *c, unsigned role)
{
    static char  key[128], file[128];

    sign_conf(c);
    strcpy(key, sign_path(role == LP_SIGNER_ORCHESTRATOR ? "key1" : "key0"));
    strcpy(file, sign_path("contracts"));
    c->key_file = key;
    c->chain_id = 42161;
    c->roles = role | LP_SIGNER_TX;
    c->contracts_file = file;
    unlink(sign_path("journal"));
}


static void
make_tx(lp_sign_request_t *r)
{
    memset(r, 0, sizeof(lp_sign_request_t));
    r->kind = LP_SIGN_TX;
    r->tx.chain_id = 42161;
    r->tx.nonce = 7;
    lp_u256_set(&r->tx.max_priority_wei, 10000000);
    lp_u256_set(&r->tx.max_fee_wei, 200000000);
    r->tx.gas = 1200000;
    hex(r->tx.to.b, 20, BROKER);
    r->tx.data = data;
    r->tx.data_len = sizeof(data);
}


/* the role's calls, by selector and contract */

static void
is_call(lp_signer_t *s, const char *signature, const char *to,
    lp_sign_refusal_e want, const char *what)
{
    lp_buf_t           b;
    lp_sign_reply_t    reply;
    lp_sign_request_t  r;

    make_tx(&r);
    lp_buf_init(&b, 64);
    lp_abi_put_selector(&b, signature);
    hex(r.tx.to.b, 20, to);
    r.tx.data = b.data;
    r.tx.data_len = b.len;
    is_str(lp_sign_label(sign_ask(s, &reply, &r, DAY)), lp_sign_label(want),
           what);
    lp_buf_done(&b);
}


static void
test_orchestrator(void)
{
    lp_signer_t        *s;
    lp_sign_reply_t     reply;
    lp_signer_conf_t    c;
    lp_sign_request_t   r;

    make_conf(&c, LP_SIGNER_ORCHESTRATOR);
    s = sign_create(&c);

    make_tx(&r);
    sign_ask(s, &reply, &r, DAY);
    is_hex(reply.tx_hash.b, 32, "be6432c9527904d3b9973223d1b47bf57b47de7f87ea"
           "9dffd119459134cd4b3c", "wire.md 11.13: a redemption");
    is_int((int64_t) reply.raw_len, 4 + 0x292, "... with all its bytes");

    r.tx.chain_id = 1;
    is_answer(s, &r, DAY, LP_SIGN_CHAIN, "T-40: another chain");
    make_tx(&r);
    r.tx.to.b[0] ^= 1;
    is_answer(s, &r, DAY, LP_SIGN_CONTRACT, "T-40: another address");
    make_tx(&r);
    r.tx.create = 1;
    is_answer(s, &r, DAY, LP_SIGN_CONTRACT, "a contract made");
    make_tx(&r);
    r.tx.data_len = 3;
    is_answer(s, &r, DAY, LP_SIGN_CONTRACT, "less than a selector");
    r.tx.data_len = 0;
    is_answer(s, &r, DAY, LP_SIGN_CONTRACT, "ETH sent to a contract");

    is_call(s, "reward()", BONDING, LP_SIGN_OK, "reward");
    is_call(s, "reward()", BROKER, LP_SIGN_CONTRACT, "... of the wrong one");
    is_call(s, "withdrawFees(address,uint256)", BONDING, LP_SIGN_CONTRACT,
            "T-38: fees stay without --allow withdraw");
    is_call(s, "fundDeposit()", BROKER, LP_SIGN_CONTRACT,
            "T-36: an orchestrator's key funds no deposit");
    is_call(s, "initializeRound()", "0000000000000000000000000000000000000000",
            LP_SIGN_CONTRACT, "a contract that the file does not have");

    make_tx(&r);
    r.tx.to = *lp_signer_address(s);
    r.tx.data_len = 0;
    is_answer(s, &r, DAY, LP_SIGN_OK, "nothing to ourselves: a gap filled");
    r.tx.legacy = 1;
    is_answer(s, &r, DAY, LP_SIGN_OK, "EIP-155 too");
    lp_u256_set(&r.tx.value_wei, 1);
    is_answer(s, &r, DAY, LP_SIGN_CONTRACT, "... but no wei with it");
    lp_signer_destroy(&s);

    c.allow_withdraw = 1;
    s = sign_create(&c);
    is_call(s, "withdrawFees(address,uint256)", BONDING, LP_SIGN_OK,
            "--allow withdraw lets fees go");
    lp_signer_destroy(&s);
}


static void
test_amounts(void)
{
    int                 n;
    lp_signer_t        *s;
    lp_sign_reply_t     reply;
    lp_signer_conf_t    c;
    lp_sign_request_t   r;
    static const uint8_t  fund[] = { 0x6c, 0xaa, 0x73, 0x6b };

    make_conf(&c, LP_SIGNER_BROADCASTER);
    c.max_value = wei("0.5eth");
    c.value_budget = wei("1eth");
    c.max_gas_fee = wei("0.00024eth");
    c.gas_budget = wei("0.001eth");
    s = sign_create(&c);

    make_tx(&r);
    r.tx.data = fund;
    r.tx.data_len = sizeof(fund);
    r.tx.value_wei = wei("0.5eth");
    is_answer(s, &r, DAY, LP_SIGN_OK, "T-38: a deposit of the most allowed");
    r.tx.value_wei = wei("0.500000000000000001eth");
    is_answer(s, &r, DAY, LP_SIGN_VALUE, "T-38: a wei more");
    r.tx.value_wei = wei("0.5eth");
    is_answer(s, &r, DAY, LP_SIGN_OK, "twice a day");
    r.tx.value_wei = wei("1wei");
    is_answer(s, &r, DAY, LP_SIGN_VALUE, "T-38: but no wei beyond the budget");
    lp_signer_destroy(&s);

    s = sign_create(&c);
    is_answer(s, &r, DAY, LP_SIGN_VALUE, "I8: nor after a restart");
    is_answer(s, &r, DAY + 86400, LP_SIGN_OK, "... until tomorrow");

    r.tx.value_wei = wei("0");
    r.tx.gas = 1200001;
    is_answer(s, &r, DAY + 86400, LP_SIGN_GAS, "T-38: dear gas");
    memset(&r.tx.max_fee_wei, 0xff, 32);
    is_answer(s, &r, DAY + 86400, LP_SIGN_GAS, "T-38: a product too large");

    for (n = 1; n < 9; n++) {                  /* one was signed above */
        make_tx(&r);
        r.tx.data = fund;
        r.tx.data_len = sizeof(fund);

        if (sign_ask(s, &reply, &r, DAY + 86400) != LP_SIGN_OK) {
            break;
        }
    }

    is_int(n, 4, "T-38: 0.001 ETH of gas are four transactions of 0.00024");
    is_str(lp_sign_label(reply.refusal), "gas", "... then no more");
    lp_signer_destroy(&s);

    sign_put_file("contracts", "chain 1\nController 0x" BROKER "\n");
    ok(sign_create(&c) == NULL, "T-40: contracts of another chain");
    sign_put_file("contracts", "chain 42161\nController 0x12\n");
    ok(sign_create(&c) == NULL, "T-40: a file that is damaged");
}


int
main(void)
{
    plan(28);

    sign_begin();
    sign_put_file("contracts", contracts);
    hex(data, sizeof(data), redeem);

    test_orchestrator();
    test_amounts();

    return sign_end();
}
