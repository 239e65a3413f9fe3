/*
 * The round, its hash and what gas costs. A round's hash is given out when
 * it lies three blocks deep: until then the former round's is good too
 * (T-82). All nodes that answer must agree about a hash.
 */

#include <string.h>

#include "orchestrator/watcher_state.h"


#define ORCH_ROUND_REFRESH_MS  60000
#define ORCH_GAS_ABSURD_BITS   96          /* wei per gas: nobody means it */


/* --- gas */

static int
orch_watcher_is_absurd(const lp_u256_t *price)
{
    return price->w[3] | price->w[2] | price->w[1] >> (ORCH_GAS_ABSURD_BITS
                                                       - 64) ? 1 : 0;
}


/* by minutes, so that a look more or less weighs nothing */

static void
orch_watcher_average_gas(orch_watcher_t *w)
{
    size_t     i;
    uint64_t   minute;
    lp_u256_t  sum, mean, one, n, count;

    minute = orch_loop_now_ms(w->conf.loop) / 60000;
    i = minute % ORCH_WATCHER_MINUTES;

    if (w->gas[i].n == 0 || w->gas[i].minute != minute) {
        memset(&w->gas[i], 0, sizeof(w->gas[i]));
        w->gas[i].minute = minute;
    }

    w->gas[i].n++;
    lp_u256_add(&w->gas[i].sum, &w->gas[i].sum, &w->facts.gas_price);

    lp_u256_set(&sum, 0);
    lp_u256_set(&n, 0);
    lp_u256_set(&one, 1);
    w->facts.gas_low = w->facts.gas_price;

    for (i = 0; i < ORCH_WATCHER_MINUTES; i++) {

        if (w->gas[i].n && w->gas[i].minute + ORCH_WATCHER_MINUTES > minute) {
            lp_u256_set(&count, w->gas[i].n);
            lp_u256_mul_div(&mean, &w->gas[i].sum, &one, &count, 0);
            lp_u256_add(&sum, &sum, &mean);
            lp_u256_add(&n, &n, &one);

            if (lp_u256_cmp(&mean, &w->facts.gas_low) < 0) {
                w->facts.gas_low = mean;
            }
        }
    }

    lp_u256_mul_div(&w->facts.gas_average, &sum, &one, &n, 0);
}


void
orch_watcher_take_gas(orch_watcher_t *w)
{
    lp_u256_t          price;
    const orch_ask_t  *ask = &w->ask_gas;
    const lp_u256_t   *min = &w->conf.conf->min_gas_price;

    if (ask->status != LP_OK
        || lp_rpc_get_u256(&price, NULL, ask->id, ask->reply.data,
                           ask->reply.len) != LP_OK
        || orch_watcher_is_absurd(&price))
    {
        return;
    }

    w->gas_known = 1;
    w->facts.gas_price = lp_u256_cmp(&price, min) < 0 ? *min : price;
    orch_watcher_average_gas(w);
}


/* --- the round */

static int
orch_watcher_is_overdue(const orch_watcher_t *w)
{
    return w->facts.l1_block >= w->round.start + w->round.length;
}


/* three blocks over its event; without one in sight it is old enough */

static int
orch_watcher_is_deep(const orch_watcher_t *w)
{
    if (w->new_round == w->round.last) {
        return w->facts.block >= w->new_round_block + ORCH_WATCHER_DEEP;
    }

    return !w->facts.known || w->skipped || w->round.last == w->deep_round;
}


/* a round that nobody has begun is looked at with each head: a node may hide
   the log that says so (T-81) */

int
orch_watcher_round_due(const orch_watcher_t *w)
{
    uint64_t  now = orch_loop_now_ms(w->conf.loop);

    return w->dirty || !w->facts.known || orch_watcher_is_overdue(w)
           || w->round.last != w->round.current
           || now - w->round_ms > ORCH_ROUND_REFRESH_MS
           || (w->deep_round != w->round.last && orch_watcher_is_deep(w));
}


static void
orch_watcher_start_call(orch_watcher_t *w, orch_ask_t *ask, int node,
    const lp_address_t *to, lp_buf_t *data)
{
    orch_chain_cancel(ask);
    orch_chain_init(w->conf.chain, ask, &w->wake);
    ask->only = node;
    orch_chain_put_call(ask, to, NULL, data);
    orch_chain_start(ask);
}


void
orch_watcher_ask_round(orch_watcher_t *w)
{
    size_t                 i;
    lp_buf_t               data;
    const lp_contracts_t  *c = orch_chain_contracts(w->conf.chain);
    const struct {
        orch_round_ask_e     what;
        const lp_address_t  *to;
        const char          *signature;
        const lp_address_t  *of;
    } calls[] = {
        { round_last, &c->at[LP_CONTRACT_ROUNDS], "lastInitializedRound()",
          NULL },
        { round_current, &c->at[LP_CONTRACT_ROUNDS], "currentRound()", NULL },
        { round_start, &c->at[LP_CONTRACT_ROUNDS], "currentRoundStartBlock()",
          NULL },
        { round_length, &c->at[LP_CONTRACT_ROUNDS], "roundLength()", NULL },
        { round_pool, &c->at[LP_CONTRACT_BONDING], "getTranscoderPoolSize()",
          NULL },
        { round_paused, &c->controller, "paused()", NULL },
        { round_registered, &c->at[LP_CONTRACT_BONDING],
          "isRegisteredTranscoder(address)", &w->conf.recipient },
        { round_transcoder, &c->at[LP_CONTRACT_BONDING],
          "getTranscoder(address)", &w->conf.recipient },
        { round_validity, &c->at[LP_CONTRACT_BROKER],
          "ticketValidityPeriod()", NULL }
    };

    w->dirty = 0;

    for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {

        lp_buf_init(&data, 4 + 32);

        if (calls[i].of) {
            lp_contracts_put_of(&data, calls[i].signature, calls[i].of, NULL);

        } else {
            lp_contracts_put_plain(&data, calls[i].signature);
        }

        orch_watcher_start_call(w, &w->ask_round[calls[i].what], w->node,
                                calls[i].to, &data);
    }
}


static lp_status_t
orch_watcher_read_round(const orch_watcher_t *w, orch_round_t *r)
{
    size_t             i;
    uint64_t           flag;
    lp_buf_t           words;
    lp_status_t        s;
    const orch_ask_t  *ask = w->ask_round;
    uint64_t *const    numbers[] = {
        [round_last] = &r->last, [round_current] = &r->current,
        [round_start] = &r->start, [round_length] = &r->length,
        [round_pool] = &r->pool
    };

    for (i = 0; i <= round_pool; i++) {
        if (orch_chain_get_u64(numbers[i], &ask[i]) != LP_OK) {
            return LP_GONE;
        }
    }

    if (orch_chain_get_u64(&r->validity, &ask[round_validity]) != LP_OK
        || orch_chain_get_u64(&flag, &ask[round_paused]) != LP_OK)
    {
        return LP_GONE;
    }

    r->paused = flag != 0;

    if (orch_chain_get_u64(&flag, &ask[round_registered]) != LP_OK) {
        return LP_GONE;
    }

    r->registered = flag != 0;

    lp_buf_init(&words, 32 * 10);

    s = orch_chain_get_bytes(&words, NULL, &ask[round_transcoder]);
    if (s == LP_OK) {
        s = lp_contracts_get_transcoder(&r->transcoder, words.data,
                                        words.len);
    }

    lp_buf_done(&words);

    return s == LP_OK && r->length && r->last < UINT64_MAX ? LP_OK : LP_GONE;
}


lp_status_t
orch_watcher_take_round(orch_watcher_t *w)
{
    size_t        i;
    lp_status_t   s;
    orch_round_t  r;

    for (i = 0; i < ORCH_ROUND_ASKS; i++) {
        if (w->ask_round[i].status == LP_AGAIN) {
            return LP_AGAIN;
        }
    }

    s = orch_watcher_read_round(w, &r);

    if (s != LP_OK) {
        w->dirty = 1;
        return s;
    }

    if (r.last != w->round.last) {
        orch_watcher_senders_touch(w, NULL);      /* claims begin anew */
    }

    w->round = r;
    w->round_ms = orch_loop_now_ms(w->conf.loop);

    return LP_OK;
}


/* --- the hashes of the round and of the one before, from every node */

void
orch_watcher_ask_hash(orch_watcher_t *w)
{
    unsigned               i, j;
    lp_u256_t              round;
    lp_buf_t               data;
    const lp_contracts_t  *c = orch_chain_contracts(w->conf.chain);

    for (i = 0; i < orch_chain_nodes(w->conf.chain); i++) {
        for (j = 0; j < 2; j++) {

            lp_u256_set(&round, w->round.last >= j ? w->round.last - j : 0);
            lp_buf_init(&data, 4 + 32);
            lp_contracts_put_u256(&data, "blockHashForRound(uint256)",
                                  &round);
            orch_watcher_start_call(w, &w->ask_hash[i][j], (int) i,
                                    &c->at[LP_CONTRACT_ROUNDS], &data);
        }
    }
}


static lp_status_t
orch_watcher_agree(const orch_watcher_t *w, lp_hash_t *hash, unsigned j)
{
    unsigned   i, heard;
    lp_hash_t  h;

    for (i = 0, heard = 0; i < orch_chain_nodes(w->conf.chain); i++) {

        if (orch_chain_get_hash(&h, &w->ask_hash[i][j]) != LP_OK) {
            continue;
        }

        if (heard++ && memcmp(hash, &h, sizeof(h)) != 0) {
            return LP_MISMATCH;
        }

        *hash = h;
    }

    return heard ? LP_OK : LP_GONE;
}


static int
orch_watcher_is_zero(const lp_hash_t *h)
{
    static const lp_hash_t  zero;

    return memcmp(h, &zero, sizeof(zero)) == 0;
}


/* the round's hash, or the former round's */

static void
orch_watcher_choose(orch_watcher_t *w, const lp_hash_t hashes[2])
{
    unsigned  j;

    if (orch_watcher_is_deep(w)) {
        j = orch_watcher_is_zero(&hashes[0]) ? 1 : 0;
        w->deep_round = w->round.last;

    } else {
        j = 1;
    }

    if (orch_watcher_is_zero(&hashes[j])) {
        return;                      /* a round was skipped: keep the old */
    }

    w->facts.round = w->round.last - j;
    w->facts.round_hash = hashes[j];
    w->facts.known = w->gas_known;
}


lp_status_t
orch_watcher_take_hash(orch_watcher_t *w)
{
    unsigned     i, j;
    lp_hash_t    hashes[2];
    lp_status_t  s;

    for (i = 0; i < orch_chain_nodes(w->conf.chain); i++) {
        for (j = 0; j < 2; j++) {
            if (w->ask_hash[i][j].status == LP_AGAIN) {
                return LP_AGAIN;
            }
        }
    }

    s = orch_watcher_agree(w, &hashes[0], 0);
    if (s == LP_OK) {
        s = orch_watcher_agree(w, &hashes[1], 1);
    }

    if (s == LP_MISMATCH) {
        lp_log(w->conf.log, LP_LOG_WARN, "the nodes disagree about the hash "
               "of round %llu", (unsigned long long) w->round.last);
    }

    if (s != LP_OK) {
        w->dirty = 1;
        return s;
    }

    w->skipped = 0;
    orch_watcher_choose(w, hashes);

    return LP_OK;
}


/* what is said of the round, at the head that we are at */

void
orch_watcher_set_round(orch_watcher_t *w)
{
    orch_facts_t           *f = &w->facts;
    const orch_round_t     *r = &w->round;
    const lp_transcoder_t  *t = &r->transcoder;

    f->round_start = r->start;
    f->round_length = r->length;
    f->round_ready = r->last == r->current && !orch_watcher_is_overdue(w);
    f->paused = r->paused;
    f->pool_size = r->pool;
    f->validity = r->validity;
    f->registered = r->registered;
    f->deactivation_round = t->deactivation_round;
    f->active = t->activation_round <= r->last
                && r->last < t->deactivation_round;
}
