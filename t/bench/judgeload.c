/*
 * Payments of one ticket each, judged on one core: parameters opened, the
 * ticket judged, won or not. Beside it, in turn and on the same signatures,
 * libsecp256k1's recovery alone. CPU time of the thread; rates are medians.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <secp256k1_recovery.h>

#include "common/pm/recipient.h"


#define TICKETS  500
#define RUNS     15


static lp_params_t   params[TICKETS];
static lp_sig_t      sigs[TICKETS];
static lp_hash_t     digests[TICKETS];
static secp256k1_ecdsa_recoverable_signature  parsed[TICKETS];


static double
now_s(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);

    return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}


static int
compare(const void *a, const void *b)
{
    double  x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}


static void
fail(const char *what)
{
    fprintf(stderr, "judgeload: %s\n", what);
    exit(1);
}


/* what is recovered from: EIP-191 over the ticket's hash */

static void
digest(lp_hash_t *out, const lp_hash_t *hash)
{
    lp_keccak_t        k;
    static const char  prefix[] = "\x19" "Ethereum Signed Message:\n32";

    lp_keccak_init(&k);
    lp_keccak_update(&k, prefix, sizeof(prefix) - 1);
    lp_keccak_update(&k, hash->b, 32);
    lp_keccak_final(&k, out);
}


static void
issue(lp_recipient_t *r, const lp_keys_t *keys, const lp_secret_t *secret,
    const lp_address_t *sender, const lp_price_t *price,
    const secp256k1_context *ctx)
{
    size_t                i;
    uint8_t               seed[32] = { 0 };
    lp_hash_t             hash;
    lp_ticket_t           t;
    lp_recipient_chain_t  chain;

    memset(&chain, 0, sizeof(chain));
    lp_u256_set(&chain.gas_price, 100000000);
    lp_u256_set(&chain.max_float, 4000000000000000000ULL);
    chain.l1_block = 1000;
    chain.round = 7;
    chain.round_hash.b[0] = 1;

    for (i = 0; i < TICKETS; i++) {
        seed[30] = (uint8_t) (i >> 8);
        seed[31] = (uint8_t) i;

        if (lp_recipient_issue(r, &params[i], seed, sender, price, &chain)
            != LP_OK)
        {
            fail("no parameters");
        }

        lp_params_ticket(&t, &params[i], sender, 1);
        lp_ticket_hash(&hash, &t);
        digest(&digests[i], &hash);

        if (lp_ticket_sign(&sigs[i], &t, keys, secret) != LP_OK
            || !secp256k1_ecdsa_recoverable_signature_parse_compact(ctx,
                   &parsed[i], sigs[i].b, sigs[i].b[64] - 27))
        {
            fail("no signature");
        }
    }
}


static double
judge(const lp_recipient_conf_t *conf, const uint8_t secret[32],
    const lp_keys_t *keys, const lp_address_t *sender,
    const lp_price_t *price)
{
    double           start;
    size_t           i;
    lp_u256_t        rand;
    lp_verdict_t     verdict;
    lp_recipient_t  *r;

    /* nothing of the last run has been seen by this one */

    r = lp_recipient_create(conf, secret);
    if (r == NULL) {
        fail("out of memory");
    }

    start = now_s();

    for (i = 0; i < TICKETS; i++) {
        if (lp_recipient_open(r, &rand, &params[i], sender, price) != LP_OK
            || lp_recipient_judge(r, &verdict, &params[i], &rand, sender, 1,
                                  &sigs[i], keys, 1001) != LP_OK)
        {
            fail("a good ticket is refused");
        }
    }

    start = now_s() - start;
    lp_recipient_destroy(&r);

    return TICKETS / start;
}


static double
recover(const secp256k1_context *ctx)
{
    double            start = now_s();
    size_t            i;
    secp256k1_pubkey  key;

    for (i = 0; i < TICKETS; i++) {
        if (!secp256k1_ecdsa_recover(ctx, &key, &parsed[i], digests[i].b)) {
            fail("a good signature is refused");
        }
    }

    return TICKETS / (now_s() - start);
}


int
main(void)
{
    int                   run;
    double                rate[2][RUNS], ratio[RUNS];
    uint8_t               seed[32] = { 1 };
    lp_keys_t            *keys;
    lp_secret_t           secret = { { 2 } };
    lp_address_t          sender, recipient = { { 3 } };
    lp_price_t            price = { 1200, 1 };
    lp_recipient_t       *r;
    secp256k1_context    *ctx;
    lp_recipient_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    conf.address = recipient;
    lp_u256_set(&conf.ev_wei, 8000000000);
    conf.redeem_gas = 350000;
    conf.redeem_overhead_ppm = 10000;
    conf.max_commitments = 2 * TICKETS;

    keys = lp_keys_create(seed);
    ctx = secp256k1_context_create(SECP256K1_CONTEXT_VERIFY
                                   | SECP256K1_CONTEXT_SIGN);
    r = lp_recipient_create(&conf, seed);

    if (keys == NULL || ctx == NULL || r == NULL
        || lp_keys_address(keys, &sender, &secret) != LP_OK)
    {
        fail("out of memory");
    }

    issue(r, keys, &secret, &sender, &price, ctx);

    for (run = 0; run < RUNS; run++) {
        rate[0][run] = judge(&conf, seed, keys, &sender, &price);
        rate[1][run] = recover(ctx);
        ratio[run] = rate[0][run] / rate[1][run];
    }

    qsort(ratio, RUNS, sizeof(double), compare);
    qsort(rate[0], RUNS, sizeof(double), compare);
    qsort(rate[1], RUNS, sizeof(double), compare);

    printf("judge_ratio %.3f %.3f %.3f\n", ratio[RUNS / 2], ratio[0],
           ratio[RUNS - 1]);
    printf("judge_per_s %.0f\n", rate[0][RUNS / 2]);
    printf("recover_per_s %.0f\n", rate[1][RUNS / 2]);

    lp_recipient_destroy(&r);
    lp_keys_destroy(&keys);
    secp256k1_context_destroy(ctx);

    return 0;
}
