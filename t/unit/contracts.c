/* contracts: calls as another encoder makes them, results and events refused
   when they do not fit */

#include <stdlib.h>

#include "common/eth/contracts.h"
#include "common/pm/ticket.h"
#include "common/util/hex.h"
#include "t/unit/nomem.h"
#include "t/unit/tap.h"


static lp_address_t  alice, bob;
static lp_buf_t      b;


static uint8_t *
bytes(const char *text, size_t *len)
{
    uint8_t  *p;

    *len = strlen(text) / 2;
    p = malloc(*len + 1);
    lp_hex_decode(p, *len, text, 2 * *len);

    return p;
}


static lp_u256_t
number(uint64_t v)
{
    lp_u256_t  w;

    lp_u256_set(&w, v);

    return w;
}


static void
is_call(const char *want, const char *what)
{
    is_hex(b.data, b.len, want, what);
    lp_buf_reset(&b);
}


#define ALICE "00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8"
#define BOB   "000000000000000000000000f39fd6e51aad88f6f4ce6ab8827279cfffb92266"
#define ONES  "1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS  "2222222222222222222222222222222222222222222222222222222222222222"
#define W(n)  "00000000000000000000000000000000000000000000000000000000000000" n


static void
test_calls(void)
{
    lp_hash_t     tags[2];
    lp_u256_t     five = number(5), ten = number(10);
    lp_address_t  judges[2];

    memset(tags[0].b, 0x11, 32);
    memset(tags[1].b, 0x22, 32);
    judges[0] = alice;
    judges[1] = bob;

    lp_contracts_put_plain(&b, "initializeRound()");
    is_call("d4807fb2", "no argument");
    lp_contracts_put_of(&b, "getSenderInfo(address)", &alice, NULL);
    is_call("e1a589da" ALICE, "an address");
    lp_contracts_put_of(&b, "claimableReserve(address,address)", &bob, &alice);
    is_call("81779f38" BOB ALICE, "two addresses");
    lp_contracts_put_u256(&b, "unbond(uint256)", &five);
    is_call("27de9e32" W("05"), "a word");
    lp_contracts_put_of_u256(&b, "withdrawFees(address,uint256)", &bob, &five);
    is_call("ad3b1b47" BOB W("05"), "an address and a word");
    lp_contracts_put_u256_of(&b, "bond(uint256,address)", &five, &alice);
    is_call("b78d27dc" W("05") ALICE, "a word and an address");
    lp_contracts_put_hash(&b, "usedTickets(bytes32)", &tags[0]);
    is_call("59a515ba" ONES, "a hash");
    lp_contracts_put_two(&b, "transcoder(uint256,uint256)", &five, &ten);
    is_call("43d3461a" W("05") W("0a"), "two words");
    lp_contracts_put_text(&b, "setServiceURI(string)",
                          "https://127.0.0.1:8935");
    is_call("5f11301b" W("20") W("16") "68747470733a2f2f3132372e302e302e313a38"
            "39333500000000000000000000", "a string");
    lp_contracts_put_services(&b, tags, judges, 2);
    is_call("8b64341c" W("40") W("a0") W("02") ONES TWOS W("02") ALICE BOB,
            "services with their judges");
    lp_contracts_put_services(&b, tags, NULL, 1);
    is_call("8b64341c" W("40") W("80") W("01") ONES W("01") W("00"),
            "services without");
    lp_contracts_put_locations(&b, tags, 1);
    is_call("15c015d0" W("20") W("01") ONES, "locations");
    lp_contracts_put_locations(&b, tags, 0);
    is_call("15c015d0" W("20") W("00"), "no location");
}


/* two tickets; what cast makes of them is known by its hash */

static void
test_batch(void)
{
    size_t          i;
    lp_sig_t        sig;
    lp_buf_t        calls[2];
    lp_hash_t       h;
    lp_u256_t       rand;
    lp_ticket_t     t;
    const uint8_t  *redeems[2];

    memset(&t, 0, sizeof(t));
    t.recipient = alice;
    t.sender = bob;
    memset(sig.b, 0xcd, sizeof(sig.b));
    memset(t.round_hash.b, 0xab, 32);
    t.round = 0xabababababababab;

    for (i = 0; i < 2; i++) {
        t.face_value = number(1000 + 1000 * i);
        t.win_prob = number(7 + i);
        t.nonce = (uint32_t) (1 + i);
        memset(t.rand_hash.b, i ? 0x22 : 0x11, 32);
        rand = number(3 + i);

        lp_buf_init(&calls[i], 4096);
        lp_ticket_put_redeem(&calls[i], &t, &sig, &rand);
        /* the rest of cast's round, which is no round */
        memset(calls[i].data + 4 + 11 * 32, 0xab, 32);
        redeems[i] = calls[i].data;
    }

    ok(lp_contracts_put_batch(&b, redeems, 2) == LP_OK && b.len == 1284,
       "a batch of two");
    lp_keccak256(&h, b.data, b.len);
    is_hex(h.b, 32, "7836d311df603cc9dd05b46fe4dd6a608267d564c7f13a3dfa577259"
           "2bebd6d2", "is what cast makes");
    lp_buf_reset(&b);

    lp_contracts_put_batch(&b, redeems, 0);
    is_call("d01b808e" W("60") W("80") W("a0") W("00") W("00") W("00"),
            "a batch of none");

    calls[1].data[4 + 10 * 32 + 31] = 0x20;
    ok(lp_contracts_put_batch(&b, redeems, 2) == LP_MALFORMED && b.len == 0,
       "a call that is no redemption is refused");

    lp_buf_done(&calls[0]);
    lp_buf_done(&calls[1]);
}


static void
test_names(void)
{
    lp_hash_t  id;

    is_str(lp_contract_name(LP_CONTRACT_BROKER), "TicketBroker", "a name");
    is_str(lp_contract_name(LP_NCONTRACTS), "unknown", "no name");
    lp_contract_id(&id, LP_CONTRACT_BROKER);
    is_hex(id.b, 32, "bd1aa3e8d2464256d7fd3dcf645c16418d5d8c51d971f1ad7d57e7b1"
           "b5eee239", "its id");
}


#define HEAD  "chain 31337\n" \
              "Controller 0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"


static void
test_file(void)
{
    size_t          i;
    unsigned        line;
    lp_contracts_t  c, d;
    static const struct {
        const char  *text;
        unsigned     line;
        const char  *what;
    } bad[] = {
        { "", 0, "an empty one" },
        { "chain 31337\n", 1, "no controller" },
        { "chain 0\n", 1, "no chain" },
        { "chain 18446744073709551616\n", 1, "too large a chain" },
        { HEAD "TicketBroker\n", 3, "no address" },
        { HEAD "TicketBroker 0x70997970C51812dc3A010C7d01b50e0d17dc79C\n", 3,
          "a short address" },
        { HEAD "TicketBroker 0x70997970c51812dc3A010C7d01b50e0d17dc79C8\n", 3,
          "a wrong letter" },
        { HEAD "TicketBroker 0x70997970C51812dc3A010C7d01b50e0d17dc79C8", 3,
          "a last line that is cut" },
        { HEAD "Ticketbroker 0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n", 3,
          "an unknown name" },
        { HEAD "Minter 0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"
          "Minter 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\n", 4,
          "a name twice" },
        { HEAD "\n", 3, "an empty line" }
    };

    memset(&c, 0, sizeof(c));
    c.chain_id = 31337;
    c.controller = alice;
    c.at[LP_CONTRACT_BROKER] = bob;
    lp_contracts_put_file(&b, &c);
    ok(b.len && lp_contracts_get_file(&d, &line, (char *) b.data, b.len)
       == LP_OK && memcmp(&c, &d, sizeof(c)) == 0, "T-40: the file and back");
    lp_buf_put_u8(&b, 0);
    is_str((char *) b.data, HEAD "TicketBroker "
           "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\n", "it is text");
    lp_buf_reset(&b);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(lp_contracts_get_file(&d, &line, bad[i].text, strlen(bad[i].text))
           == LP_MALFORMED && line == bad[i].line, "T-40: %s", bad[i].what);
    }
}


#define NEVER "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"


static void
test_results(void)
{
    int               flag;
    char              text[8];
    size_t            len, n;
    uint8_t          *p;
    uint64_t          v;
    lp_hash_t         hashes[2];
    lp_lock_t         lock;
    lp_u256_t         w;
    lp_address_t      a;
    lp_delegator_t    d;
    lp_transcoder_t   t;
    lp_earnings_t     e;
    lp_sender_info_t  i;

    p = bytes(W("09") W("02") W("08") W("07") W("00"), &len);
    ok(lp_contracts_get_sender_info(&i, p, 128) == LP_OK
       && i.deposit.w[0] == 9 && i.withdraw_round == 2 && i.reserve.w[0] == 8
       && i.claimed.w[0] == 7, "a sender");
    ok(lp_contracts_get_sender_info(&i, p, 127) == LP_MALFORMED
       && lp_contracts_get_sender_info(&i, p, 160) == LP_MALFORMED
       && lp_contracts_get_sender_info(&i, NULL, 0) == LP_MALFORMED,
       "T-60: not a word more or less");
    ok(lp_contracts_get_earnings(&e, p, len) == LP_OK
       && e.total_stake.w[0] == 9 && e.cumulative_reward_factor.w[0] == 7
       && lp_contracts_get_earnings(&e, p, 128) == LP_MALFORMED, "earnings");
    ok(lp_contracts_get_u256(&w, p, 32) == LP_OK && w.w[0] == 9
       && lp_contracts_get_u256(&w, p, 31) == LP_MALFORMED
       && lp_contracts_get_u64(&v, p, 64) == LP_MALFORMED, "one word");
    ok(lp_contracts_get_lock(&lock, p, 64) == LP_OK && lock.amount.w[0] == 9
       && lock.withdraw_round == 2
       && lp_contracts_get_lock(&lock, p, 32) == LP_MALFORMED, "a lock");
    free(p);

    p = bytes(W("03") W("0a") W("0b") W("00") W("01") NEVER W("05") W("06")
              W("07") W("02"), &len);
    ok(lp_contracts_get_transcoder(&t, p, len) == LP_OK
       && t.last_reward_round == 3 && t.fee_share.w[0] == 11
       && t.activation_round == 1 && t.deactivation_round == UINT64_MAX
       && t.cumulative_fees.w[0] == 7 && t.last_fee_round == 2,
       "an orchestrator that is active for ever");
    ok(lp_contracts_get_transcoder(&t, p, len - 32) == LP_MALFORMED,
       "T-60: or none");
    free(p);

    p = bytes(W("03") W("04") ALICE W("05") W("06") W("07") W("08"), &len);
    ok(lp_contracts_get_delegator(&d, p, len) == LP_OK && d.bonded.w[0] == 3
       && lp_address_equal(&d.delegate, &alice) && d.next_lock == 8,
       "a delegator");
    memset(p + 64, 0xff, 1);
    ok(lp_contracts_get_delegator(&d, p, len) == LP_MALFORMED,
       "T-60: an address of more than 20 bytes");
    ok(lp_contracts_get_address(&a, p + 64, 32) == LP_MALFORMED
       && lp_contracts_get_bool(&flag, p, 32) == LP_MALFORMED
       && lp_contracts_get_u64(&v, p + 64, 32) == LP_LIMIT,
       "T-60: nor a number of 64 bits, nor a truth of 3");
    free(p);

    p = bytes(W("20") W("05") "6162636465" W("00"), &len);
    ok(lp_contracts_get_text(text, sizeof(text), p, len) == LP_OK
       && strcmp(text, "abcde") == 0, "a text");
    ok(lp_contracts_get_text(text, 5, p, len) == LP_LIMIT,
       "is not cut where it does not fit");
    ok(lp_contracts_get_text(text, sizeof(text), p, 68) == LP_MALFORMED,
       "T-60: longer than the data");
    p[66] = 0;
    ok(lp_contracts_get_text(text, sizeof(text), p, len) == LP_MALFORMED,
       "a NUL within");
    memset(p + 8, 0xff, 24);
    ok(lp_contracts_get_text(text, sizeof(text), p, len) == LP_MALFORMED,
       "T-60: a huge offset");
    free(p);

    p = bytes(W("20") W("02") ONES TWOS, &len);
    ok(lp_contracts_get_hashes(hashes, 2, &n, p, len) == LP_OK && n == 2
       && hashes[1].b[0] == 0x22, "two hashes");
    ok(lp_contracts_get_hashes(hashes, 1, &n, p, len) == LP_LIMIT && n == 0,
       "one more than fits");
    memset(p + 56, 0xff, 8);
    ok(lp_contracts_get_hashes(hashes, 2, &n, p, len) == LP_MALFORMED,
       "T-60: more than the data has");
    free(p);
}


/* a log of hex words: topics after the event's, and data */

static lp_status_t
event(lp_event_t *e, lp_event_e what, const char *topics, const char *data)
{
    size_t         len;
    lp_status_t    s;
    static lp_rpc_log_t   log;
    static lp_rpc_logs_t  logs;

    free(logs.bytes.data);
    memset(&log, 0, sizeof(log));
    lp_event_topic(&log.topics[0], what);
    log.ntopics = 1 + strlen(topics) / 64;
    lp_hex_decode(log.topics[1].b, strlen(topics) / 2, topics,
                  strlen(topics));
    logs.bytes.data = bytes(data, &len);
    log.data_len = len;
    s = lp_event_read(e, &log, &logs);

    return s;
}


static void
test_events(void)
{
    size_t         i;
    lp_hash_t      topic;
    lp_event_t     e;
    lp_rpc_log_t   log;
    lp_rpc_logs_t  logs;
    static const char  *const topics[] = {
        "22f2fc17c5daf07db2379b3a03a8ef20a183f761097a58fce219c8a14619e786",
        "5159e237d952190e68d5215430f305831be7c9c8776d1377c76679ae4773413f",
        "b52b99b9e83551fcbd069b559cc3e823e2a1a3bad8ece46561ea77524394c850",
        "5c2b394723f408a40a60335e24b71829642e35f350cebe2036a96a66e895ea98",
        "f7870c5b224cbc19873599e46ccfc7103934650509b1af0c3ce90138377c2004",
        "fa044b7b93a40365dc68049797c2eb06918523d694e5d56e406cac3eb35578e5",
        "df273cb619d95419a9cd0ec88123a0538c85064229baa6363788f743fff90deb",
        "8b87351a208c06e3ceee59d80725fd77a23b4129e1b51ca231fc89b40712649c",
        "c389eb51ed006dbf2528507f010efdf5225ea596e1e1741d74f550dab1925ee7",
        "65d72d782835d64c3287844a829608d5abdc7e864cc9affe96d910ab3db665e9",
        "fee3e693fc72d0a0a673805f3e606c551f4c677b9072444b90dd2d0406bc995c",
        "fbb63068732c85741c9f8e61caffaabe038d577bfafd2d2dcc0e352a4f653a4c",
        "619caafabdd75649b302ba8419e48cccf64f37f1983ac4727cfb38b57703ffc9",
        "7346854431dbb3eb8e373c604abf89e90f4865b8447e1e2834d7b3e4677bf544",
        "f9a6cf519167d81bc5cb3d26c60c0c9a19704aa908c148e82a861b570f4cd2d7",
        "6985a02210a168e66602d3235cb6db0e70f92b3ba4d376a33c0f3d9434bff625",
        "7805862f689e2f13df9f062ff482ad3ad112aca9e0847911ed832e158c525b33"
    };

    for (i = 0; i < LP_NEVENTS; i++) {
        lp_event_topic(&topic, (lp_event_e) i);
        is_hex(topic.b, 32, topics[i], "C01: a topic");
    }

    memset(&log, 0, sizeof(log));
    memset(&logs, 0, sizeof(logs));
    log.ntopics = 1;

    for (i = 0; i < LP_NEVENTS; i++) {           /* the heads of the rows */
        lp_event_topic(&log.topics[0], (lp_event_e) i);
        lp_event_read(&e, &log, &logs);
        ok(e.what == (lp_event_e) i, "event %zu is found", i);
    }

    log.topics[0].b[31] ^= 1;
    ok(lp_event_read(&e, &log, &logs) == LP_OK && e.what == LP_NEVENTS,
       "another topic with the same head is none of ours");
    log.ntopics = 0;
    ok(lp_event_read(&e, &log, &logs) == LP_OK && e.what == LP_NEVENTS,
       "nor is a log without topics");

    ok(event(&e, LP_EVENT_NEW_ROUND, W("07"), ONES) == LP_OK
       && e.words[0].w[0] == 7 && e.hash.b[0] == 0x11, "NewRound");
    ok(event(&e, LP_EVENT_CLAIMED, ALICE, BOB W("05")) == LP_OK
       && lp_address_equal(&e.first, &alice)
       && lp_address_equal(&e.second, &bob) && e.words[0].w[0] == 5,
       "ReserveClaimed: the second address is in the data");
    ok(event(&e, LP_EVENT_REDEEMED, ALICE BOB, W("01") W("02") W("03") W("04")
             W("a0") W("00")) == LP_OK && lp_address_equal(&e.second, &bob)
       && e.words[3].w[0] == 4, "WinningTicketRedeemed");
    ok(event(&e, LP_EVENT_SERVICE_URI, ALICE, W("20") W("02") "6162" W("00"))
       == LP_OK && e.text_len == 2 && memcmp(e.text, "ab", 2) == 0,
       "ServiceURIUpdate");
    ok(event(&e, LP_EVENT_CONTRACT, "", ONES ALICE W("00")) == LP_OK
       && e.hash.b[0] == 0x11 && lp_address_equal(&e.first, &alice),
       "SetContractInfo");
    ok(event(&e, LP_EVENT_PAUSE, "", "") == LP_OK, "Pause");

    ok(event(&e, LP_EVENT_DEPOSIT, "", ALICE W("05")) == LP_MALFORMED,
       "T-60: a topic is missing");
    ok(event(&e, LP_EVENT_DEPOSIT, ALICE BOB, W("05")) == LP_MALFORMED,
       "T-60: a topic too many");
    ok(event(&e, LP_EVENT_WITHDRAWAL, ALICE, W("05")) == LP_MALFORMED,
       "T-60: data is missing");
    ok(event(&e, LP_EVENT_DEPOSIT, ONES, W("05")) == LP_MALFORMED,
       "T-60: an address that is none");
    ok(event(&e, LP_EVENT_SERVICE_URI, ALICE, NEVER W("02")) == LP_MALFORMED,
       "T-60: a huge offset in an event");
    event(&e, LP_EVENT_PAUSE, "", "");
}


static void
test_reverts(void)
{
    size_t  i;
    static const struct {
        const char   *reason;
        lp_revert_e   class;
    } r[] = {
        { "", LP_REVERT_RETRY },
        { "system is paused", LP_REVERT_RETRY },
        { "current round is not initialized", LP_REVERT_RETRY },
        { "sender deposit and reserve are zero", LP_REVERT_RETRY },
        { "PARTIAL_REDEMPTION", LP_REVERT_RETRY },
        { "something new", LP_REVERT_RETRY },
        { "ticket is used", LP_REVERT_DONE },
        { "ticket is expired", LP_REVERT_DEAD },
        { "ticket creationRound does not have a block hash", LP_REVERT_DEAD },
        { "ticket creationRoundBlockHash invalid for creationRound",
          LP_REVERT_DEAD },
        { "ticket did not win", LP_REVERT_DEAD },
        { "invalid signature over ticket hash", LP_REVERT_DEAD },
        { "ECDSA: invalid signature", LP_REVERT_DEAD },
        { "recipientRand does not match recipientRandHash", LP_REVERT_DEAD }
    };

    for (i = 0; i < sizeof(r) / sizeof(r[0]); i++) {
        is_int(lp_revert_class(r[i].reason), r[i].class,
               r[i].reason[0] ? r[i].reason : "T-77: no reason: again");
    }
}


static void
test_nomem(void)
{
    int             n;
    lp_contracts_t  c = { .chain_id = 1 };

    for (n = 0; n < 100; n++) {
        lp_buf_done(&b);
        nomem_in(n);
        lp_contracts_put_file(&b, &c);

        if (!nomem_came()) {
            break;
        }

        if (lp_buf_status(&b) != LP_NOMEM) {
            ok(0, "allocation %d failed unnoticed", n);
        }
    }

    ok(n < 100, "each allocation failed in turn");
}


int
main(void)
{
    lp_address_parse(&alice, "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", 42);
    lp_address_parse(&bob, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", 42);
    lp_buf_init(&b, 65536);

    test_calls();
    test_batch();
    test_names();
    test_file();
    test_results();
    test_events();
    test_reverts();
    test_nomem();

    lp_buf_done(&b);

    return done();
}
