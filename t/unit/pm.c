/* parameters issued and judged on both sides; balances; the T-01 vectors */

#include "common/pm/recipient.h"
#include "common/pm/sender.h"
#include "common/util/hex.h"
#include "t/unit/tap.h"


static lp_keys_t     *keys;
static lp_secret_t    secret;
static lp_address_t   sender, recipient;


static lp_u256_t
dec(const char *text)
{
    lp_u256_t  v;

    lp_u256_get_dec(&v, text, strlen(text));

    return v;
}


static lp_recipient_t *
recipient_of(const char *ev, uint64_t gas)
{
    lp_recipient_conf_t   conf;
    static const uint8_t  key[32] = { 0, 1, 2, 3 };

    memset(&conf, 0, sizeof(conf));
    conf.address = recipient;
    conf.ev_wei = dec(ev);
    conf.redeem_gas = gas;
    conf.redeem_overhead_ppm = 10000;
    conf.max_commitments = 1000;

    return lp_recipient_create(&conf, key);
}


static lp_recipient_chain_t
chain_of(const char *gas_price, const char *max_float)
{
    lp_recipient_chain_t  c;

    memset(&c, 0, sizeof(c));
    c.gas_price = dec(gas_price);
    c.max_float = dec(max_float);
    c.l1_block = 22000000;
    c.round = 3900;
    c.round_hash.b[31] = 1;

    return c;
}


static void
is_dec(const lp_u256_t *v, const char *want, const char *what)
{
    char  text[LP_U256_DEC_LEN];

    is_str(lp_u256_put_dec(text, v), want, what);
}


/* wire.md 11.12: E 5, redeemGas 10000, 1 % overhead */

static void
test_issue(void)
{
    lp_params_t           p;
    lp_price_t            price = { 1200, 1 };
    lp_recipient_t       *r = recipient_of("5", 10000);
    lp_recipient_chain_t  c;
    static const uint8_t  seed[32] = { 9 };

    c = chain_of("100", "10000000000");
    ok(lp_recipient_issue(r, &p, seed, &sender, &price, &c) == LP_OK,
       "parameters are issued");
    is_dec(&p.face_value, "100000000", "face value: 100 redemptions");
    is_dec(&p.win_prob, "57896044618658097711785492504343953926634992332820"
           "28201972879200395660", "win probability of E 5");
    is_int((int64_t) p.expiration_block, 22000040, "40 blocks of life");

    c = chain_of("777", "10000000000");
    lp_recipient_issue(r, &p, seed, &sender, &price, &c);
    is_dec(&p.face_value, "777000000", "a dearer redemption");

    c = chain_of("1", "10001");
    lp_recipient_issue(r, &p, seed, &sender, &price, &c);
    is_dec(&p.face_value, "10001", "the float is a ceiling");
    is_dec(&p.win_prob, "57890255593098787833002192285115442382396752657554"
           "526567072084795477017120", "and the probability follows");

    c = chain_of("1", "4");
    ok(lp_recipient_issue(r, &p, seed, &sender, &price, &c) == LP_LIMIT,
       "a float under E: insufficient sender reserve");
    c = chain_of("1000", "9999999");
    ok(lp_recipient_issue(r, &p, seed, &sender, &price, &c) == LP_LIMIT,
       "never a face value under its own redemption");

    c = chain_of("0", "10000000000");
    lp_recipient_issue(r, &p, seed, &sender, &price, &c);
    is_dec(&p.face_value, "500", "gas for nothing: 100 E");

    price.num = 0;
    ok(lp_recipient_issue(r, &p, seed, &sender, &price, &c) == LP_OK
       && lp_u256_is_zero(&p.face_value) && lp_u256_is_zero(&p.win_prob),
       "price 0: no lottery");
    price.den = 0;
    ok(lp_recipient_issue(r, &p, seed, &sender, &price, &c) == LP_MALFORMED,
       "no price is no offer");

    lp_recipient_destroy(&r);
}


/* T-01: no byte may move between neighbours, no field may change */

static void
test_commitment(void)
{
    int                   bad = 0, k, i;
    uint8_t               be[32];
    lp_price_t            price = { 1200, 1 }, other;
    lp_params_t           p, q;
    lp_u256_t             rand;
    lp_address_t          stranger = sender;
    lp_recipient_t       *r = recipient_of("8000000000", 1200000);
    lp_recipient_chain_t  c = chain_of("100000000", "12000000000000000");
    static const uint8_t  seed[32] = { 0, 0xc0, 0xff, 0xee, 0x11 };

    lp_recipient_issue(r, &p, seed, &sender, &price, &c);
    is_dec(&p.face_value, "12000000000000000", "the specification's ticket");
    is_dec(&p.win_prob, "7719472615821079694904732333912527190217998977709370"
           "9359638392000000000", "and its win probability");
    ok(lp_recipient_open(r, &rand, &p, &sender, &price) == LP_OK,
       "what was issued opens");

    for (k = 1; k < 32; k++) {

        /* k bytes of win_prob become the end of face_value: the minimal
           encodings, joined, stay the same bytes */

        uint8_t  joined[64], fv[32], wp[32];
        size_t   nf, nw;

        nf = lp_u256_put_min(fv, &p.face_value);
        nw = lp_u256_put_min(wp, &p.win_prob);
        memcpy(joined, fv + 32 - nf, nf);
        memcpy(joined + nf, wp + 32 - nw, nw);

        if ((size_t) k >= nw || nf + (size_t) k > 32) {
            break;
        }

        q = p;
        lp_u256_get_be(&q.face_value, joined, nf + (size_t) k);
        lp_u256_get_be(&q.win_prob, joined + nf + k, nw - (size_t) k);
        bad += lp_recipient_open(r, &rand, &q, &sender, &price) == LP_OK;
    }

    is_int(bad, 0, "T-01: no shift between face value and win probability");
    ok(k > 20, "T-01: %d shifts were tried", k - 1);

    for (i = 0; i < 32; i++) {
        q = p;
        lp_u256_put_be(be, &q.seed);
        be[i] ^= 1;
        lp_u256_get_be(&q.seed, be, 32);
        bad += lp_recipient_open(r, &rand, &q, &sender, &price) == LP_OK;
    }

    q = p;
    q.expiration_block++;
    bad += lp_recipient_open(r, &rand, &q, &sender, &price) == LP_OK;
    q = p;
    q.round++;
    bad += lp_recipient_open(r, &rand, &q, &sender, &price) == LP_OK;
    q = p;
    q.round_hash.b[0] ^= 1;
    bad += lp_recipient_open(r, &rand, &q, &sender, &price) == LP_OK;
    other = price;
    other.num--;
    bad += lp_recipient_open(r, &rand, &p, &sender, &other) == LP_OK;
    stranger.b[0] ^= 1;
    bad += lp_recipient_open(r, &rand, &p, &stranger, &price) == LP_OK;
    is_int(bad, 0, "T-01: no field, price or sender can be another");

    other.num = 2400;
    other.den = 2;
    ok(lp_recipient_open(r, &rand, &p, &sender, &other) == LP_OK,
       "2400/2 is 1200/1");

    lp_recipient_destroy(&r);
}


static void
test_judge(void)
{
    int                   i, won = 0, n = 600;
    lp_sig_t              sig;
    lp_price_t            price = { 1, 1 };
    lp_params_t           p;
    lp_u256_t             rand;
    lp_ticket_t           t;
    lp_verdict_t          v;
    lp_recipient_t       *r = recipient_of("50", 1);
    lp_recipient_chain_t  c = chain_of("1", "100");
    static const uint8_t  seed[32] = { 3 };

    ok(lp_recipient_issue(r, &p, seed, &sender, &price, &c) == LP_OK,
       "a lottery of one half");
    lp_recipient_open(r, &rand, &p, &sender, &price);

    for (i = 1; i <= n; i++) {
        lp_params_ticket(&t, &p, &sender, (uint32_t) i);
        lp_ticket_sign(&sig, &t, keys, &secret);

        if (lp_recipient_judge(r, &v, &p, &rand, &sender, (uint32_t) i, &sig,
                               keys, 22000000) != LP_OK)
        {
            break;
        }

        won += v.won;
    }

    is_int(i, n + 1, "600 nonces of one commitment are credited");
    ok(won > 230 && won < 370, "about half win (%d)", won);

    lp_params_ticket(&t, &p, &sender, 1);
    lp_ticket_sign(&sig, &t, keys, &secret);
    ok(lp_recipient_judge(r, &v, &p, &rand, &sender, 1, &sig, keys, 22000000)
       == LP_REPLAYED && lp_u256_is_zero(&v.credit.abs),
       "T-03: a nonce is credited once");

    lp_params_ticket(&t, &p, &sender, 601);
    lp_ticket_sign(&sig, &t, keys, &secret);
    ok(lp_recipient_judge(r, &v, &p, &rand, &sender, 601, &sig, keys,
       22000000) == LP_LIMIT, "and there are no more than 600");

    sig.b[10] ^= 1;
    ok(lp_recipient_judge(r, &v, &p, &rand, &sender, 602, &sig, keys,
       22000000) == LP_BAD_SIGNATURE && !v.won, "T-05: signatures are checked");

    c.l1_block = 22000010;
    lp_recipient_issue(r, &p, seed, &sender, &price, &c);
    lp_recipient_open(r, &rand, &p, &sender, &price);
    lp_params_ticket(&t, &p, &sender, 1);
    lp_ticket_sign(&sig, &t, keys, &secret);
    ok(lp_recipient_judge(r, &v, &p, &rand, &sender, 1, &sig, keys, 22000050)
       == LP_EXPIRED, "expired at the block it names");

    lp_params_ticket(&t, &p, &sender, 2);
    lp_ticket_sign(&sig, &t, keys, &secret);
    lp_recipient_reveal(r, &p.rand_hash);
    ok(lp_recipient_judge(r, &v, &p, &rand, &sender, 2, &sig, keys, 22000010)
       == LP_EXPIRED, "T-04: revealed is expired, whatever the head says");

    is_int((int64_t) lp_recipient_prune(r, 22000080), 1,
           "the older commitment is forgotten after its life");
    is_int((int64_t) lp_recipient_prune(r, 22000090), 0, "then the other");

    lp_recipient_destroy(&r);
}


static void
test_sender(void)
{
    int                  i;
    lp_money_t           fee, ev;
    lp_u256_t            wei;
    lp_price_t           price = { 1212, 1 }, first;
    lp_params_t          p, good;
    lp_balance_t         b;
    uint32_t             n;
    lp_recipient_t      *r = recipient_of("8000000000", 1200000);
    lp_sender_chain_t    chain;
    lp_sender_limits_t   limits;
    lp_recipient_chain_t c = chain_of("100000000", "12000000000000000");
    static const uint8_t seed[32] = { 5 };

    lp_recipient_issue(r, &good, seed, &sender, &price, &c);
    lp_recipient_destroy(&r);

    memset(&limits, 0, sizeof(limits));
    limits.max_price.num = 2000;
    limits.max_price.den = 1;
    limits.max_ticket_ev = dec("3000000000000");
    limits.max_total_ev = dec("20000000000000");
    limits.max_tickets = 300;
    limits.deposit_multiplier = 1;
    limits.price_rise_ppm = 1000000;

    memset(&chain, 0, sizeof(chain));
    chain.deposit = dec("100000000000000000");
    chain.reserve = dec("100000000000000000");
    chain.round = 3900;
    chain.l1_block = 22000000;

#define is_verdict(want, what)                                                \
    is_str(lp_sender_text(lp_sender_judge(&p, &price, &recipient, &first, 1,  \
           &limits, &chain)), lp_sender_text(want), what)

    p = good;
    first = price;
    is_verdict(LP_SENDER_OK, "a fair offer");
    p.recipient.b[3] ^= 1;
    is_verdict(LP_SENDER_RECIPIENT, "T-24: another recipient");
    p = good;
    price.num = 2001;
    is_verdict(LP_SENDER_PRICE, "T-23: over the maximum");
    price.num = 1213;
    is_verdict(LP_SENDER_PRICE_ROSE, "T-23: the price rose");
    limits.price_rise_ppm = 2000000;
    is_verdict(LP_SENDER_OK, "unless it may double");
    price.num = 1212;
    p.expiration_block = 22000001;
    is_verdict(LP_SENDER_EXPIRED, "one block is no life");
    p.expiration_block = 22000101;
    is_verdict(LP_SENDER_EXPIRY, "T-23: parameters that stay valid");
    p = good;
    p.round = 3898;
    is_verdict(LP_SENDER_ROUND, "an old round");
    p = good;
    memset(&p.win_prob, 0xff, sizeof(p.win_prob));
    is_verdict(LP_SENDER_FACE_VALUE_LOW, "T-23: a ticket that always wins");
    p = good;
    lp_u256_set(&p.win_prob, 0);
    is_verdict(LP_SENDER_EV_ZERO, "a ticket that never wins");
    p = good;
    limits.max_ticket_ev = dec("7999999999");
    is_verdict(LP_SENDER_EV, "worth more than the limit");
    limits.max_ticket_ev = dec("3000000000000");
    chain.deposit = dec("11999999999999999");
    is_verdict(LP_SENDER_FACE_VALUE_HIGH, "a winner past the deposit");
    chain.withdraw_round = 3901;
    is_verdict(LP_SENDER_UNLOCKING, "T-34: we are unlocking");
    chain.withdraw_round = 0;
    lp_u256_set(&chain.deposit, 0);
    is_verdict(LP_SENDER_NO_DEPOSIT, "T-34: no deposit");

    /* wire.md 11.12: 19,958,400 pixels at 1212: fee of 24673372416 */

    lp_sender_fee(&fee, 19958400, &price);
    lp_money_to_wei(&wei, &fee, LP_ROUND_DOWN);
    is_dec(&wei, "24673372416", "the fee estimate");
    lp_params_ev(&ev, &good, LP_ROUND_DOWN);
    lp_balance_init(&b);
    ok(lp_balance_tickets(&n, &b, &fee, &ev, 300) == LP_OK && n == 4,
       "costs four tickets");

    /* wire.md 11.12: StageUpdate (existing, minCredit, ev in quarters) */

    static const struct { int existing, min, ev, n; } steps[] = {
        { 8, 4, 4, 0 }, { 8, 8, 4, 0 }, { 4, 20, 4, 4 }, { 1, 8, 4, 2 },
        { -20, 8, 4, 7 }, { 0, 8, 4, 2 },
    };

    for (i = 0; i < 6; i++) {
        lp_money_t  m;

        lp_balance_init(&b);
        lp_money_zero(&m);
        m.abs.w[0] = (uint64_t) (steps[i].existing < 0 ? -steps[i].existing
                                                       : steps[i].existing);
        steps[i].existing < 0 ? lp_balance_debit(&b, &m)
                              : lp_balance_credit(&b, &m);
        lp_money_zero(&fee);
        lp_money_zero(&ev);
        fee.abs.w[0] = (uint64_t) steps[i].min;
        ev.abs.w[0] = (uint64_t) steps[i].ev;
        lp_balance_tickets(&n, &b, &fee, &ev, 300);
        is_int(n, steps[i].n, "tickets for what is missing");
    }
}


static void
test_holds(void)
{
    int           i, held = 0;
    lp_hold_t     holds[64];
    lp_money_t    one, two;
    lp_balance_t  b;

    lp_balance_init(&b);
    lp_money_zero(&one);
    one.abs.w[1] = 1;
    two = one;
    two.abs.w[1] = 2;
    lp_balance_credit(&b, &one);

    for (i = 0; i < 64; i++) {
        held += lp_balance_hold(&b, &holds[i], &one) == LP_OK;
    }

    is_int(held, 1, "T-13: 64 at once on credit for one: one is held");
    ok(lp_balance_settle(&holds[0], &two) == LP_OK && b.credit.negative,
       "T-13: work that cost more leaves a debt");
    ok(lp_balance_settle(&holds[0], &two) == LP_OK
       && b.credit.abs.w[1] == 1, "and is settled once");
    ok(lp_balance_hold(&b, &holds[0], &one) == LP_LIMIT,
       "a debt holds nothing");
    two.negative = 1;
    ok(lp_balance_credit(&b, &two) == LP_MALFORMED
       && lp_balance_debit(&b, &two) == LP_MALFORMED,
       "T-02: no negative amount");
}


int
main(void)
{
    static const uint8_t  seed[32] = { 1 };

    keys = lp_keys_create(seed);
    lp_hex_decode(secret.b, 32, "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed"
                  "5efcae784d7bf4f2ff80", 64);
    lp_keys_address(keys, &sender, &secret);
    memset(recipient.b, 0x70, sizeof(recipient.b));

    test_issue();
    test_commitment();
    test_judge();
    test_sender();
    test_holds();
    lp_keys_destroy(&keys);

    return done();
}
