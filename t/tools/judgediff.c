/*
 * judgediff KEYFILE RECIPIENT ROUND HASH OLDER HASH DEAD HASH SEED WINNERS N:
 * tickets as a broadcaster could send them, judged here, and the call that
 * redeems each. KEYFILE is the sender's key; the rounds are the current one,
 * the one before it and one that is too old.
 *
 * WINNERS good ones first; then, after a line on stdin, the same ones once
 * more and N that were changed. A line for each:
 *     KIND STATUS WON SAME CALLDATA
 * STATUS is what our validator says of the bytes on the wire: widths, then
 * the commitment, then signature, draw, nonce and expiry. SAME: what we would
 * send to the chain is the ticket as it came. A kind in capitals is judged
 * without its commitment, as if those values had been issued: how the rules
 * of signature and draw are compared for values that we never issue.
 */

#include <stdio.h>

#include "common/net/wire.h"
#include "common/util/hex.h"
#include "t/tools/judgediff_change.h"


#define PER_PARAMS   300                   /* tickets of a commitment */
#define WINNERS_MAX  64


static lp_secret_t      secret;
static lp_address_t     sender, recipient;
static lp_recipient_t  *judge[3];          /* odds of 99, 50 and 10 in 100 */


static void
fail(const char *what)
{
    fprintf(stderr, "judgediff: %s\n", what);
    exit(2);
}


/* --- our validator, from the wire's bytes to the verdict */

static lp_status_t
take(lp_params_t *p, const lp_wire_payment_t *in)
{
    const uint64_t  *block = in->params.expiration_block.w;

    if (!in->has_sender || !in->has_params || !in->has_expiration
        || in->ntickets != 1 || block[1] | block[2] | block[3])
    {
        return LP_MALFORMED;
    }

    memset(p, 0, sizeof(lp_params_t));
    p->recipient = in->params.recipient;
    p->face_value = in->params.face_value;
    p->win_prob = in->params.win_prob;
    p->rand_hash = in->params.rand_hash;
    p->seed = in->params.seed;
    p->expiration_block = block[0];
    p->round = (uint64_t) in->expiration.round;
    p->round_hash = in->expiration.block_hash;

    return LP_OK;
}


/* the commitment opens to the number that goes to the chain */

static lp_status_t
open_rand(const lp_recipient_t *r, const sent_t *s, const lp_params_t *p,
    const lp_address_t *from, int bare)
{
    lp_hash_t    h;
    lp_u256_t    rand;
    lp_status_t  rc = LP_OK;

    if (!bare) {
        rc = lp_recipient_open(r, &rand, p, from, &s->price);
    }

    lp_ticket_rand_hash(&h, &s->rand);

    return rc == LP_OK && memcmp(h.b, p->rand_hash.b, 32) != 0 ? LP_MISMATCH
                                                               : rc;
}


static lp_status_t
judge_sent(lp_recipient_t *r, lp_verdict_t *v, lp_buf_t *redeem,
    const sent_t *s, const how_t *how, int bare)
{
    int                 i;
    lp_buf_t            bytes;
    lp_arena_t          a;
    lp_params_t         p;
    lp_ticket_t         t;
    lp_status_t         rc;
    lp_wire_payment_t   in;

    memset(v, 0, sizeof(lp_verdict_t));
    lp_buf_init(&bytes, 65536);
    lp_arena_init(&a, 65536);
    put_payment(&bytes, s);

    rc = lp_wire_decode_payment(&a, &in, bytes.data, bytes.len);
    rc = rc == LP_OK ? take(&p, &in) : rc;
    rc = rc == LP_OK ? open_rand(r, s, &p, &in.sender, bare) : rc;

    if (rc == LP_OK && how->revealed) {
        lp_recipient_reveal(r, &p.rand_hash);
    }

    for (i = 0; rc == LP_OK && i <= how->twice; i++) {
        rc = lp_recipient_judge(r, v, &p, &s->rand, &in.sender,
                                in.tickets[0].nonce, &in.tickets[0].sig, keys,
                                how->block);
    }

    if (rc == LP_OK) {
        lp_params_ticket(&t, &p, &in.sender, in.tickets[0].nonce);
        lp_ticket_put_redeem(redeem, &t, &in.tickets[0].sig, &s->rand);
    }

    lp_arena_done(&a);
    lp_buf_done(&bytes);

    return rc;
}


static void
show(lp_recipient_t *r, const char *kind, const sent_t *s, const how_t *how,
    int bare)
{
    size_t        i;
    lp_buf_t      raw, ours;
    lp_status_t   rc;
    lp_verdict_t  v;

    lp_buf_init(&raw, 4096);
    lp_buf_init(&ours, 4096);

    put_redeem(&raw, s);
    rc = judge_sent(r, &v, &ours, s, how, bare);

    for (i = 0; kind[i]; i++) {
        putchar(bare && kind[i] >= 'a' ? kind[i] - 32 : kind[i]);
    }

    printf(" %s %d %d 0x", lp_status_label(rc), v.won,
           ours.len == raw.len && memcmp(ours.data, raw.data, raw.len) == 0);

    for (i = 0; i < raw.len; i++) {
        printf("%02x", raw.data[i]);
    }

    printf("\n");
    lp_buf_done(&raw);
    lp_buf_done(&ours);
}


/* --- good tickets, and the run */

static lp_recipient_t *
recipient_of(uint64_t ev)
{
    uint8_t               key[32];
    lp_recipient_t       *r;
    lp_recipient_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    conf.address = recipient;
    lp_u256_set(&conf.ev_wei, ev);
    conf.redeem_gas = 1;
    conf.redeem_overhead_ppm = 10000;              /* face value: 100 wei */
    conf.max_commitments = UINT32_MAX;

    noise(key, sizeof(key));
    r = lp_recipient_create(&conf, key);
    if (r == NULL) {
        fail("out of memory");
    }

    return r;
}


/* fresh parameters as they are offered, and the number behind them */

static void
issue(lp_recipient_t *r, sent_t *s)
{
    uint8_t               seed[32];
    lp_u256_t             block;
    lp_params_t           p;
    lp_recipient_chain_t  chain;

    memset(&chain, 0, sizeof(chain));
    lp_u256_set(&chain.gas_price, 1);
    lp_u256_set(&chain.max_float, 1000000);
    chain.l1_block = BLOCK;
    chain.round = rounds[0].number;
    chain.round_hash = rounds[0].hash;
    s->price.num = 1200;
    s->price.den = 1;

    noise(seed, sizeof(seed));

    if (lp_recipient_issue(r, &p, seed, &sender, &s->price, &chain) != LP_OK
        || lp_recipient_open(r, &s->rand, &p, &sender, &s->price) != LP_OK)
    {
        fail("no parameters");
    }

    set(&s->recipient, p.recipient.b, 20);
    set(&s->sender, sender.b, 20);
    set_word(&s->face_value, &p.face_value);
    set_word(&s->win_prob, &p.win_prob);
    set(&s->rand_hash, p.rand_hash.b, 32);
    set_word(&s->seed, &p.seed);
    lp_u256_set(&block, p.expiration_block);
    set_word(&s->expiration_block, &block);
    memset(&s->aux, 0, sizeof(s->aux));
    set_round(s, p.round, &p.round_hash);
    s->nonce = 0;
}


static void
run_winners(sent_t *used, unsigned n)
{
    unsigned  i;
    how_t     how = { signed_after, 0, 0, BLOCK };
    char      line[16];

    for (i = 0; i < n; i++) {
        issue(judge[0], &used[i]);
        used[i].nonce = i;
        sign(&used[i], signed_after, keys, &secret);
        show(judge[0], "good", &used[i], &how, 0);
    }

    fflush(stdout);

    if (fgets(line, sizeof(line), stdin) == NULL) {
        fail("nobody says that the winners are redeemed");
    }

    for (i = 0; i < n; i++) {
        show(judge[0], "used", &used[i], &how, 0);
    }
}


/* nonces differ in two bits: none is another's with a bit changed */

static void
run_changed(unsigned n)
{
    int       bare;
    how_t     how;
    sent_t    base[3], s;
    size_t    c;
    unsigned  i, j, uses[3] = { PER_PARAMS, PER_PARAMS, PER_PARAMS };

    for (i = 0; i < n; i++) {
        j = next(8) ? 0 : 1 + next(2);

        if (uses[j]++ == PER_PARAMS) {
            issue(judge[j], &base[j]);
            uses[j] = 1;
        }

        s = base[j];
        s.nonce = (uint64_t) uses[j] << 1 | __builtin_parity(uses[j]);
        sign(&s, signed_after, keys, &secret);

        c = i % NCHANGES;
        bare = changes[c].bare && next(2);
        how = (how_t) { signed_before, 0, 0, BLOCK };
        changes[c].change(&s, &how);

        if (how.sign != signed_before) {
            sign(&s, how.sign, keys, &secret);
        }

        show(judge[j], changes[c].kind, &s, &how, bare);

        /* no ticket of a commitment that was revealed is good again */

        uses[j] = how.revealed ? PER_PARAMS : uses[j];
    }
}


static void
hex(uint8_t *out, size_t len, const char *text)
{
    if (strncmp(text, "0x", 2) != 0
        || lp_hex_decode(out, len, text + 2, strlen(text) - 2) != LP_OK)
    {
        fail(text);
    }
}


static void
read_key(const char *path)
{
    char   line[80];
    FILE  *f;

    f = fopen(path, "r");
    if (f == NULL || fgets(line, sizeof(line), f) == NULL) {
        fail(path);
    }

    fclose(f);
    line[strcspn(line, "\n")] = '\0';
    hex(secret.b, 32, line);
}


int
main(int argc, char **argv)
{
    int       i;
    sent_t    used[WINNERS_MAX];
    uint8_t   blind[32];
    unsigned  winners;

    if (argc != 12) {
        fail("KEYFILE RECIPIENT ROUND HASH OLDER HASH DEAD HASH SEED WINNERS "
             "N");
    }

    state = strtoull(argv[9], NULL, 10) * 2654435761u + 88172645463325252u;
    noise(blind, sizeof(blind));
    noise(stranger.b, 32);
    keys = lp_keys_create(blind);
    read_key(argv[1]);
    hex(recipient.b, 20, argv[2]);
    winners = (unsigned) strtoul(argv[10], NULL, 10);

    if (keys == NULL || winners > WINNERS_MAX
        || lp_keys_address(keys, &sender, &secret) != LP_OK)
    {
        fail("no key");
    }

    for (i = 0; i < 3; i++) {
        rounds[i].number = strtoull(argv[3 + 2 * i], NULL, 10);
        hex(rounds[i].hash.b, 32, argv[4 + 2 * i]);
    }

    judge[0] = recipient_of(99);
    judge[1] = recipient_of(50);
    judge[2] = recipient_of(10);

    run_winners(used, winners);
    run_changed((unsigned) strtoul(argv[11], NULL, 10));

    for (i = 0; i < 3; i++) {
        lp_recipient_destroy(&judge[i]);
    }

    lp_keys_destroy(&keys);

    return 0;
}
