/* what the signer signs, and what it refuses whoever asks */

#include "common/pm/params.h"
#include "common/signer/policy.h"
#include "common/signer/preimage.h"
#include "t/unit/sign.h"


/* the first of wire.md 11.10's win_prob with another number of bits */

static void
test_tickets(void)
{
    lp_signer_t        *s;
    lp_sign_reply_t     reply;
    lp_signer_conf_t    c;
    lp_sign_request_t   r;

    sign_conf(&c);
    s = sign_create(&c);

    sign_tickets(&r, 1, 2);
    ok(sign_ask(s, &reply, &r, DAY) == LP_SIGN_OK && reply.nsigs == 2,
       "two tickets signed");
    is_hex(reply.sigs, 65, "00c9c2f5038ba17c17553590f50e9a44246a386b0247579b8"
           "79ad6cdf0d70be6658f466712dd6f6ff2ec558bbd59bea44767d2cccc51dfb2a2"
           "af19db3cfc2a6a1c", "wire.md 11.10: ticket 1");
    is_hex(reply.sigs + 65, 65, "524b901b9eceb8a391faefcced83b16eaf88d781e2e5"
           "5a7124284b62d70a7dbe20ff211b2a66e6be39304c078fea23755aeb6c38f03d8"
           "d48f7ee5c7c0cb88b2b1b", "wire.md 11.10: ticket 2");

    is_answer(s, &r, DAY, LP_SIGN_NONCE, "T-22: nonces are signed once");
    sign_tickets(&r, 2, 5);
    is_answer(s, &r, DAY, LP_SIGN_NONCE, "T-22: nor in another batch");
    sign_tickets(&r, 3, 1);
    is_answer(s, &r, DAY, LP_SIGN_OK, "... the next ones are");
    r.tickets.rand_hash.b[0] ^= 1;
    r.tickets.first_nonce = 1;
    is_answer(s, &r, DAY, LP_SIGN_OK, "another commitment, its own nonces");
    sign_tickets(&r, UINT32_MAX, 2);
    is_answer(s, &r, DAY, LP_SIGN_NONCE, "a nonce of more than 32 bits");
    sign_tickets(&r, UINT32_MAX, 1);
    is_answer(s, &r, DAY, LP_SIGN_OK, "the last nonce");
    is_answer(s, &r, DAY, LP_SIGN_NONCE, "... after which there is none");

    sign_tickets(&r, 10, 1);
    r.tickets.round = 0;
    is_answer(s, &r, DAY, LP_SIGN_TICKET, "T-36: no 168-byte ticket");
    sign_tickets(&r, 10, 1);
    memset(&r.tickets.round_hash, 0, 32);
    is_answer(s, &r, DAY, LP_SIGN_TICKET, "T-23: a round without its hash");
    sign_tickets(&r, 10, 1);
    memset(&r.tickets.rand_hash, 0, 32);
    is_answer(s, &r, DAY, LP_SIGN_TICKET, "T-23: no commitment");
    sign_tickets(&r, 10, 1);
    lp_u256_set(&r.tickets.win_prob, 0);
    is_answer(s, &r, DAY, LP_SIGN_TICKET, "T-23: a ticket that cannot win");
    sign_tickets(&r, 10, 1);
    memset(&r.tickets.win_prob, 0xff, 32);
    r.tickets.face_value = wei("0.001eth");
    is_answer(s, &r, DAY, LP_SIGN_TICKET, "T-23: EV equal to face value");
    sign_tickets(&r, 10, 1);
    lp_u256_set(&r.tickets.face_value, 0);
    is_answer(s, &r, DAY, LP_SIGN_TICKET, "T-23: no face value");
    sign_tickets(&r, 10, 1);
    memset(&r.tickets.recipient, 0, 20);
    is_answer(s, &r, DAY, LP_SIGN_RECIPIENT, "T-23: nobody to pay");
    sign_tickets(&r, 10, 0);
    is_answer(s, &r, DAY, LP_SIGN_MALFORMED, "no ticket");
    sign_tickets(&r, 10, LP_SIGN_TICKETS_MAX + 1);
    is_answer(s, &r, DAY, LP_SIGN_MALFORMED, "T-23: more than 300 tickets");

    lp_signer_destroy(&s);
    ok(s == NULL, "the signer ends");
}


static void
test_limits(void)
{
    uint32_t            i, signed_now;
    lp_signer_t        *s;
    lp_sign_reply_t     reply;
    lp_signer_conf_t    c;
    lp_sign_request_t   r;

    unlink(sign_path("journal"));
    sign_conf(&c);
    c.max_face_value = wei("12000000000000000wei");
    c.max_ticket_ev = wei("8000000001wei");
    s = sign_create(&c);

    sign_tickets(&r, 1, 1);
    is_answer(s, &r, DAY, LP_SIGN_OK, "T-38: at the limits");
    r.tickets.first_nonce = 2;
    r.tickets.face_value.w[0]++;
    is_answer(s, &r, DAY, LP_SIGN_FACE_VALUE, "T-38: a wei of face value more");
    memset(&r.tickets.face_value, 0xff, 32);
    is_answer(s, &r, DAY, LP_SIGN_FACE_VALUE, "T-38: the largest face value");
    lp_signer_destroy(&s);

    c.max_ticket_ev = wei("8000000000wei");
    s = sign_create(&c);
    sign_tickets(&r, 1, 1);
    is_answer(s, &r, DAY, LP_SIGN_TICKET_EV, "T-38: an EV a little over, "
              "rounded up");
    lp_signer_destroy(&s);

    unlink(sign_path("journal"));
    sign_conf(&c);
    c.day_budget = wei("1000gwei");                       /* 124 tickets */
    c.recipient_budget = wei("500gwei");
    c.stream_budget = wei("250gwei");
    s = sign_create(&c);

    for (i = 0; i < 40; i++) {
        sign_tickets(&r, 1 + i, 1);

        if (sign_ask(s, &reply, &r, DAY) != LP_SIGN_OK) {
            break;
        }
    }

    is_int(i, 31, "T-38: 31 tickets of 8 gwei are a stream's 250 gwei");
    is_str(lp_sign_label(reply.refusal), "stream", "... then it is refused");
    r.tickets.stream[0]++;
    r.tickets.n = 31;
    is_answer(s, &r, DAY, LP_SIGN_OK, "another stream has its own");
    r.tickets.first_nonce += 31;
    r.tickets.stream[0]++;
    r.tickets.n = 1;
    is_answer(s, &r, DAY + 10, LP_SIGN_RECIPIENT_HOUR,
              "T-38: a recipient's hour");
    is_answer(s, &r, DAY + 3599, LP_SIGN_RECIPIENT_HOUR, "... all of it");
    is_answer(s, &r, DAY + 3600, LP_SIGN_OK, "... and the next");

    for (i = 0, signed_now = 0; i < 300; i++) {
        sign_tickets(&r, 1000 + i, 1);
        r.tickets.recipient.b[0] = (uint8_t) i;
        r.tickets.stream[0] = (uint8_t) i;

        signed_now += sign_ask(s, &reply, &r, DAY + 7200) == LP_SIGN_OK;
    }

    is_int(signed_now, 124 - 63, "T-38: a day ends at its budget, whoever is "
           "paid");
    is_str(lp_sign_label(reply.refusal), "day", "... with that reason");

    memset(&r, 0, sizeof(r));
    r.kind = LP_SIGN_HELLO;
    sign_ask(s, &reply, &r, DAY + 7200);
    ok(lp_u256_cmp(&reply.hello.day_spent, &c.day_budget) <= 0
       && reply.hello.tickets == 124 && reply.hello.kinds == 0x1e,
       "hello says what is left");

    sign_tickets(&r, 5000, 1);
    is_answer(s, &r, DAY + 86399, LP_SIGN_DAY, "until midnight");
    is_answer(s, &r, DAY + 86400, LP_SIGN_OK, "and not after");
    r.tickets.first_nonce++;
    lp_signer_destroy(&s);
}


static void
test_recipients(void)
{
    lp_signer_t        *s;
    lp_signer_conf_t    c;
    lp_sign_request_t   r;

    unlink(sign_path("journal"));
    sign_conf(&c);
    c.recipients_file = strdup(sign_path("recipients"));
    sign_put_file("recipients", "# ours\n"
                  "0x70997970C51812dc3A010C7d01b50e0d17dc79C8  # one\n\n");
    s = sign_create(&c);

    sign_tickets(&r, 1, 1);
    is_answer(s, &r, DAY, LP_SIGN_OK, "T-38: a recipient of the list");
    r.tickets.first_nonce = 2;
    r.tickets.recipient.b[0] ^= 1;
    is_answer(s, &r, DAY, LP_SIGN_RECIPIENT, "T-38: one that is not");

    sign_put_file("recipients", "0x71997970c51812dc3a010c7d01b50e0d17dc79c8");
    is_answer(s, &r, DAY, LP_SIGN_RECIPIENT, "looked at once a second");
    is_answer(s, &r, DAY + 1, LP_SIGN_OK, "... then read again");

    sign_put_file("recipients", "0x71\n");
    r.tickets.first_nonce = 3;
    is_answer(s, &r, DAY + 2, LP_SIGN_OK, "a broken list changes nothing");
    r.tickets.recipient.b[0] ^= 2;
    is_answer(s, &r, DAY + 3, LP_SIGN_RECIPIENT, "... and opens nothing");
    unlink(sign_path("recipients"));
    is_answer(s, &r, DAY + 4, LP_SIGN_RECIPIENT, "... nor one that is gone");

    lp_signer_destroy(&s);
    ok(sign_create(&c) == NULL, "no start without the list that is asked");
    free((char *) c.recipients_file);
}


static void
test_segments(void)
{
    int                 i, refused;
    lp_sig_t            sig;
    lp_hash_t           m;
    lp_signer_t        *s;
    lp_sign_reply_t     reply;
    lp_signer_conf_t    c;
    lp_sign_request_t   r;

    unlink(sign_path("journal"));
    sign_conf(&c);
    s = sign_create(&c);

    memset(&r, 0, sizeof(r));
    r.kind = LP_SIGN_SEGMENT;
    strcpy(r.segment.manifest, "cam_1");
    r.segment.seq = 7;
    r.segment.nnames = 1;
    strcpy(r.segment.names[0], "720p");
    is_answer(s, &r, DAY, LP_SIGN_OK, "a segment");

    for (i = 1, refused = 0; i < 256; i++) {
        r.segment.manifest[2] = (char) i;
        refused += sign_ask(s, &reply, &r, DAY) == LP_SIGN_MANIFEST;
    }

    is_int(refused, 255 - 64, "T-36: of 255 bytes 64 may be in a manifest id");

    memset(r.segment.manifest, 'a', LP_SIGN_MANIFEST_MAX);
    r.segment.nnames = LP_PROFILE_MAX;
    for (i = 0; i < LP_PROFILE_MAX; i++) {
        strcpy(r.segment.names[i], "x");
    }
    is_answer(s, &r, DAY, LP_SIGN_OK, "T-36: the longest, 224 bytes");
    r.segment.nnames++;
    is_answer(s, &r, DAY, LP_SIGN_MALFORMED, "T-36: 13 names would be 232");
    r.segment.nnames = 0;
    is_answer(s, &r, DAY, LP_SIGN_MALFORMED, "no name");
    r.segment.nnames = 1;
    r.segment.manifest[0] = '\0';
    is_answer(s, &r, DAY, LP_SIGN_MANIFEST, "no manifest id");

    for (i = LP_SIGN_RESULT; i <= LP_SIGN_TX; i++) {
        r.kind = (lp_sign_kind_e) i;
        is_answer(s, &r, DAY, LP_SIGN_ROLE,
                  "T-36: a broadcaster's key signs nothing else");
    }

    r.kind = (lp_sign_kind_e) 99;
    is_answer(s, &r, DAY, LP_SIGN_ROLE, "nor what there is not");

    r.kind = LP_SIGN_REQUEST;
    sign_ask(s, &reply, &r, DAY);
    sig = reply.sig;
    lp_preimage_request(&m, lp_signer_address(s));
    ok(lp_keys_verify(lp_signer_keys(s), lp_signer_address(s), &sig, &m)
       == LP_OK, "OrchestratorRequest.sig verifies");
    lp_signer_destroy(&s);
}


/* what each kind may be as long as, in bytes: [from, to] in steps */

static const struct {
    const char  *kind;
    unsigned     roles, from, to, step;
} lengths[] = {
    { "ticket", LP_SIGNER_BROADCASTER, 232, 232, 1 },
    { "request", LP_SIGNER_BROADCASTER, 42, 42, 1 },
    { "segment", LP_SIGNER_BROADCASTER, LP_PREIMAGE_SEGMENT_MIN,
      LP_PREIMAGE_SEGMENT_MAX, 1 },
    { "result", LP_SIGNER_ORCHESTRATOR, 32, 32 * LP_PROFILE_MAX, 32 },
    { "ping", LP_SIGNER_ORCHESTRATOR, 32, 32, 1 }
};


static int
share_a_length(size_t a, size_t b)
{
    unsigned  n;

    for (n = lengths[a].from; n <= lengths[a].to; n += lengths[a].step) {
        if (n >= lengths[b].from && n <= lengths[b].to
            && (n - lengths[b].from) % lengths[b].step == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* a result of one rendition and a ping are both 32 bytes: the ping's are
   drawn by the signer, the result's are a hash that nobody can choose */

static void
test_disjoint(void)
{
    int     want;
    size_t  i, k;

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (k = 0; k < i; k++) {
            if (!(lengths[i].roles & lengths[k].roles)) {
                ok(1, "T-36: %s and %s: two keys", lengths[i].kind,
                   lengths[k].kind);
                continue;
            }

            want = strcmp(lengths[i].kind, "ping") == 0;
            is_int(share_a_length(i, k), want, lengths[i].kind);
        }
    }

    for (i = 0; i < 3; i++) {
        ok(!share_a_length(i, 4) && (i == 2 || !share_a_length(i, 3)),
           "T-35: no %s of an orchestrator's by a ping", lengths[i].kind);
    }
}


static void
test_orchestrator(void)
{
    lp_hash_t           m;
    lp_sig_t            first;
    lp_signer_t        *s;
    lp_sign_reply_t     reply;
    lp_signer_conf_t    c;
    lp_sign_request_t   r;

    sign_conf(&c);
    c.key_file = strdup(sign_path("key1"));
    c.roles = LP_SIGNER_ORCHESTRATOR;
    c.journal_file = NULL;
    s = sign_create(&c);

    memset(&r, 0, sizeof(r));
    r.kind = LP_SIGN_RESULT;
    r.result.n = 2;
    lp_keccak256(&r.result.hashes[0], "rendition-0 bytes", 17);
    lp_keccak256(&r.result.hashes[1], "rendition-1 bytes", 17);
    sign_ask(s, &reply, &r, DAY);
    is_hex(reply.sig.b, 65, "d4e90ef1789d70b992ff9eb6d8482f8543a5eae65520e654"
           "4875eb495822534c6a337663d73ed9e75f9afdfe2c86ef051cb7002a48c5787ac"
           "f17f38134f513c51c", "wire.md 11.11: a result");
    r.result.n = 0;
    is_answer(s, &r, DAY, LP_SIGN_MALFORMED, "a result of nothing");

    r.kind = LP_SIGN_PING;
    sign_ask(s, &reply, &r, DAY);
    lp_preimage_ping(&m, reply.ping);
    ok(lp_keys_verify(lp_signer_keys(s), lp_signer_address(s), &reply.sig, &m)
       == LP_OK, "T-35: a ping's value is the signer's own");
    first = reply.sig;
    sign_ask(s, &reply, &r, DAY);
    ok(memcmp(&first, &reply.sig, sizeof(first)) != 0, "... and never again");

    memset(&r, 0, sizeof(r));
    r.kind = LP_SIGN_RECEIPT;
    hex(r.receipt.broadcaster.b, 20,
        "f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    hex(r.receipt.orchestrator.b, 20,
        "70997970c51812dc3a010c7d01b50e0d17dc79c8");
    r.receipt.verifier.b[19] = 0xfb;
    r.receipt.fault_verifier.b[19] = 0xfa;
    lp_keccak256(&r.receipt.manifest_hash, "manifest1", 9);
    lp_keccak256(&r.receipt.source_hash, "source", 6);
    lp_keccak256(&m, "rendition0", 10);
    lp_keccak256(&r.receipt.result_hash, m.b, 32);
    hex(r.receipt.profiles_hash.b, 32, "7adb2f7b9e32dfaf3d60aa71c98c6f27e3693"
        "a66716a98286f962bce2763d559");
    lp_keccak256(&r.receipt.service_id, "CPUTranscoding", 14);
    r.receipt.seq = 7;
    r.receipt.round = 12;
    lp_preimage_receipt(&m, &r.receipt, 31337);
    is_hex(m.b, 32, "79de20313b238ea2947b902c9f956d1e58504c4dcf11e61685331337"
           "6f318319", "contracts.md 4.3: the digest of a receipt");
    sign_ask(s, &reply, &r, DAY);
    is_hex(reply.sig.b, 65, "8481eb794b5a7167b98346a2500b19577b14a601027ac90e"
           "f6ab4d4c6262e213724fd37f7704e217cae31b70b5a7cce9bf1b0cbc36f1096d7"
           "8126180b98412f81b", "... and its signature");

    sign_tickets(&r, 1, 1);
    is_answer(s, &r, DAY, LP_SIGN_ROLE,
              "T-35: an orchestrator's key signs no ticket");
    r.kind = LP_SIGN_REQUEST;
    is_answer(s, &r, DAY, LP_SIGN_ROLE, "T-35: nor as a broadcaster");
    lp_signer_destroy(&s);
    free((char *) c.key_file);
}


static void
test_off_chain(void)
{
    lp_signer_t        *s;
    lp_signer_conf_t    c;
    lp_sign_request_t   r;

    sign_conf(&c);
    c.chain_id = 0;
    c.journal_file = NULL;
    c.roles = LP_SIGNER_BROADCASTER | LP_SIGNER_ORCHESTRATOR;
    s = sign_create(&c);
    sign_tickets(&r, 1, 1);
    is_answer(s, &r, DAY, LP_SIGN_ROLE,
              "off chain no ticket is signed: it would be good on any chain");
    r.kind = LP_SIGN_PING;
    is_answer(s, &r, DAY, LP_SIGN_OK, "but a ping is");
    lp_signer_destroy(&s);

    c.chain_id = 31337;
    ok(sign_create(&c) == NULL, "T-36: both roles on a chain are refused");
    c.roles = LP_SIGNER_BROADCASTER;
    ok(sign_create(&c) == NULL, "I8: budgets without a journal are refused");
}


int
main(void)
{
    sign_begin();

    test_tickets();
    test_limits();
    test_recipients();
    test_segments();
    test_disjoint();
    test_orchestrator();
    test_off_chain();

    return sign_end();
}
