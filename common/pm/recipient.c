/* Parameters issued, a ticket judged; the nonces seen of each commitment. */

#include <stdlib.h>
#include <string.h>

#include "common/pm/recipient.h"


#define LP_RECIPIENT_BUCKETS  4096


/* a commitment that a ticket came for; those never used cost nothing */

typedef struct lp_seen_s  lp_seen_t;

struct lp_seen_s {
    lp_seen_t  *next;
    lp_hash_t   rand_hash;
    uint64_t    expiration_block;
    uint8_t     revealed;
    uint32_t    n;
    uint32_t    cap;
    uint32_t   *nonces;
};

struct lp_recipient_s {
    lp_recipient_conf_t   conf;
    uint8_t               secret[32];
    size_t                nseen;
    lp_seen_t            *seen[LP_RECIPIENT_BUCKETS];
};


lp_recipient_t *
lp_recipient_create(const lp_recipient_conf_t *conf, const uint8_t secret[32])
{
    lp_recipient_t  *r;

    r = calloc(1, sizeof(lp_recipient_t));
    if (r) {
        r->conf = *conf;
        memcpy(r->secret, secret, 32);
    }

    return r;
}


static void
lp_recipient_forget(lp_seen_t *s)
{
    free(s->nonces);
    free(s);
}


void
lp_recipient_destroy(lp_recipient_t **rp)
{
    size_t           i;
    lp_seen_t       *s, *next;
    lp_recipient_t  *r = *rp;

    if (r == NULL) {
        return;
    }

    for (i = 0; i < LP_RECIPIENT_BUCKETS; i++) {
        for (s = r->seen[i]; s; s = next) {
            next = s->next;
            lp_recipient_forget(s);
        }
    }

    explicit_bzero(r->secret, sizeof(r->secret));
    free(r);
    *rp = NULL;
}


/* the number behind a commitment: keyed Keccak over a fixed-width record */

static void
lp_recipient_rand(const lp_recipient_t *r, lp_u256_t *rand,
    const lp_params_t *p, const lp_address_t *sender, const lp_price_t *price)
{
    uint8_t            record[32 + 20 + 4 * 32 + 3 * 8 + 32], *q = record;
    uint64_t           words[3];
    lp_hash_t          h;
    lp_keccak_t        k;
    size_t             i;
    static const char  tag[] = "livepeer ticket params 1";

    memcpy(q, p->recipient.b, 20);
    memcpy(q + 20, sender->b, 20);
    q += 40;
    lp_u256_put_be(q, &p->seed);
    lp_u256_put_be(q + 32, &p->face_value);
    lp_u256_put_be(q + 64, &p->win_prob);
    memcpy(q + 96, p->round_hash.b, 32);
    q += 128;

    words[0] = p->expiration_block;
    words[1] = (uint64_t) price->num;
    words[2] = (uint64_t) price->den;

    for (i = 0; i < 24; i++) {
        q[i] = (uint8_t) (words[i / 8] >> (56 - 8 * (i % 8)));
    }

    q += 24;

    for (i = 0; i < 8; i++) {
        q[i] = (uint8_t) (p->round >> (56 - 8 * i));
    }

    q += 8;

    lp_keccak_init(&k);
    lp_keccak_update(&k, tag, sizeof(tag));
    lp_keccak_update(&k, r->secret, sizeof(r->secret));
    lp_keccak_update(&k, record, (size_t) (q - record));
    lp_keccak_final(&k, &h);
    lp_u256_get_be(rand, h.b, 32);
}


/*
 * Large enough that its redemption costs the allowed share of it and that 100
 * tickets make one; never over the ceiling (wire.md 7.4)
 */

lp_status_t
lp_recipient_cost(const lp_recipient_t *r, lp_u256_t *cost,
    lp_u256_t *face_value, const lp_u256_t *gas_price)
{
    lp_u256_t    gas, share, million, hundred;
    lp_status_t  s;

    lp_u256_set(&gas, r->conf.redeem_gas);
    lp_u256_set(&million, 1000000);
    lp_u256_set(&hundred, 100);
    lp_u256_set(&share, r->conf.redeem_overhead_ppm);

    s = lp_u256_mul(cost, &gas, gas_price);
    if (s == LP_OK) {
        s = lp_u256_mul_div(face_value, cost, &million, &share, 1);
    }

    if (s == LP_OK && lp_u256_cmp(face_value, &r->conf.ev_wei) < 0) {
        s = lp_u256_mul(face_value, &r->conf.ev_wei, &hundred);
    }

    if (!lp_u256_is_zero(&r->conf.max_face_value)
        && lp_u256_cmp(face_value, &r->conf.max_face_value) > 0)
    {
        *face_value = r->conf.max_face_value;
    }

    return s;
}


static lp_status_t
lp_recipient_face_value(const lp_recipient_t *r, lp_u256_t *fv,
    const lp_recipient_chain_t *chain)
{
    lp_u256_t    cost;
    lp_status_t  s;

    s = lp_recipient_cost(r, &cost, fv, &chain->gas_price);
    if (s != LP_OK) {
        return s;
    }

    if (lp_u256_cmp(fv, &chain->max_float) > 0) {
        *fv = chain->max_float;
    }

    if (lp_u256_cmp(fv, &r->conf.ev_wei) < 0 || lp_u256_cmp(fv, &cost) < 0) {
        return LP_LIMIT;
    }

    return LP_OK;
}


/*
 * E * ceil(MAX / fv): an EV of at least E and less than a wei above it. That
 * holds while E * fv is a word; a face value beyond it is nobody's (T-11).
 */

static lp_status_t
lp_recipient_win_prob(const lp_recipient_t *r, lp_u256_t *wp,
    const lp_u256_t *fv)
{
    lp_u256_t               one, q, product;
    lp_status_t             s;
    static const lp_u256_t  max = { { UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                      UINT64_MAX } };

    lp_u256_set(&one, 1);

    s = lp_u256_mul(&product, fv, &r->conf.ev_wei);
    if (s == LP_OK) {
        s = lp_u256_mul_div(&q, &max, &one, fv, 1);
    }

    if (s == LP_OK) {
        s = lp_u256_mul(wp, &q, &r->conf.ev_wei);
    }

    /* a ticket that always wins is no lottery, and a sender refuses it */

    return s == LP_OK && lp_u256_cmp(wp, &max) < 0 ? LP_OK : LP_LIMIT;
}


lp_status_t
lp_recipient_issue(const lp_recipient_t *r, lp_params_t *p,
    const uint8_t seed[32], const lp_address_t *sender,
    const lp_price_t *price, const lp_recipient_chain_t *chain)
{
    lp_u256_t               rand;
    lp_price_t              reduced = *price;
    lp_status_t             s;
    static const lp_hash_t  zero;

    if (lp_price_reduce(&reduced) != LP_OK
        || memcmp(&chain->round_hash, &zero, sizeof(zero)) == 0)
    {
        return LP_MALFORMED;
    }

    memset(p, 0, sizeof(lp_params_t));
    p->recipient = r->conf.address;
    p->expiration_block = chain->l1_block + LP_PARAMS_LIFE_BLOCKS;
    p->round = chain->round;
    p->round_hash = chain->round_hash;
    lp_u256_get_be(&p->seed, seed, 32);

    if (reduced.num) {
        s = lp_recipient_face_value(r, &p->face_value, chain);
        if (s == LP_OK) {
            s = lp_recipient_win_prob(r, &p->win_prob, &p->face_value);
        }

        if (s != LP_OK) {
            return s;
        }
    }

    lp_recipient_rand(r, &rand, p, sender, &reduced);
    lp_ticket_rand_hash(&p->rand_hash, &rand);

    return LP_OK;
}


lp_status_t
lp_recipient_open(const lp_recipient_t *r, lp_u256_t *rand,
    const lp_params_t *p, const lp_address_t *sender, const lp_price_t *price)
{
    lp_hash_t   h;
    lp_price_t  reduced = *price;

    if (lp_price_reduce(&reduced) != LP_OK
        || !lp_address_equal(&p->recipient, &r->conf.address))
    {
        return LP_MISMATCH;
    }

    lp_recipient_rand(r, rand, p, sender, &reduced);
    lp_ticket_rand_hash(&h, rand);

    return memcmp(h.b, p->rand_hash.b, 32) == 0 ? LP_OK : LP_MISMATCH;
}


static lp_seen_t **
lp_recipient_slot(lp_recipient_t *r, const lp_hash_t *rand_hash)
{
    lp_seen_t  **s;

    /* our own hash of a secret: its bytes are as good as a random key */

    s = &r->seen[(rand_hash->b[0] << 8 | rand_hash->b[1])
                 % LP_RECIPIENT_BUCKETS];

    while (*s && memcmp((*s)->rand_hash.b, rand_hash->b, 32) != 0) {
        s = &(*s)->next;
    }

    return s;
}


static lp_seen_t *
lp_recipient_seen(lp_recipient_t *r, const lp_hash_t *rand_hash,
    uint64_t expiration_block)
{
    lp_seen_t  **s, *seen;

    s = lp_recipient_slot(r, rand_hash);

    if (*s) {
        return *s;
    }

    if (r->nseen >= r->conf.max_commitments) {
        return NULL;
    }

    seen = calloc(1, sizeof(lp_seen_t));
    if (seen) {
        seen->rand_hash = *rand_hash;
        seen->expiration_block = expiration_block;
        *s = seen;
        r->nseen++;
    }

    return seen;
}


static lp_status_t
lp_recipient_add_nonce(lp_seen_t *s, uint32_t nonce)
{
    uint32_t   i, cap;
    uint32_t  *nonces;

    for (i = 0; i < s->n; i++) {
        if (s->nonces[i] == nonce) {
            return LP_REPLAYED;
        }
    }

    if (s->n == LP_RECIPIENT_NONCES) {
        return LP_LIMIT;
    }

    if (s->n == s->cap) {
        cap = s->cap ? s->cap * 2 : 8;
        nonces = realloc(s->nonces, cap * sizeof(uint32_t));
        if (nonces == NULL) {
            return LP_NOMEM;
        }

        s->nonces = nonces;
        s->cap = cap;
    }

    s->nonces[s->n++] = nonce;

    return LP_OK;
}


lp_status_t
lp_recipient_judge(lp_recipient_t *r, lp_verdict_t *verdict,
    const lp_params_t *p, const lp_u256_t *rand, const lp_address_t *sender,
    uint32_t nonce, const lp_sig_t *sig, const lp_keys_t *keys,
    uint64_t l1_block)
{
    lp_seen_t    *seen;
    lp_ticket_t   t;
    lp_status_t   s;

    memset(verdict, 0, sizeof(lp_verdict_t));

    if (!lp_address_equal(&p->recipient, &r->conf.address)) {
        return LP_MISMATCH;
    }

    lp_params_ticket(&t, p, sender, nonce);

    s = lp_ticket_verify(&t, sig, keys);
    if (s != LP_OK) {
        return s;
    }

    lp_ticket_hash(&verdict->hash, &t);

    verdict->won = (uint8_t) lp_ticket_wins(&t, sig, rand);
    if (verdict->won) {
        verdict->rand = *rand;
    }

    seen = lp_recipient_seen(r, &p->rand_hash, p->expiration_block);
    if (seen == NULL) {
        return LP_LIMIT;
    }

    s = lp_recipient_add_nonce(seen, nonce);
    if (s != LP_OK) {
        return s;
    }

    if (seen->revealed || p->expiration_block <= l1_block) {
        return LP_EXPIRED;
    }

    return lp_params_ev(&verdict->credit, p, LP_ROUND_DOWN);
}


void
lp_recipient_reveal(lp_recipient_t *r, const lp_hash_t *rand_hash)
{
    lp_seen_t  *s;

    /* pruned already: expired for good, which refuses as well */

    s = *lp_recipient_slot(r, rand_hash);
    if (s) {
        s->revealed = 1;
    }
}


size_t
lp_recipient_live(const lp_recipient_t *r)
{
    return r->nseen;
}


size_t
lp_recipient_prune(lp_recipient_t *r, uint64_t l1_block)
{
    size_t      i;
    lp_seen_t  *s, **at;

    for (i = 0; i < LP_RECIPIENT_BUCKETS; i++) {
        for (at = &r->seen[i]; (s = *at); ) {

            /* a reorg may take the head back: keep it for a while longer */

            if (s->expiration_block + LP_PARAMS_LIFE_BLOCKS > l1_block) {
                at = &s->next;
                continue;
            }

            *at = s->next;
            lp_recipient_forget(s);
            r->nseen--;
        }
    }

    return r->nseen;
}
