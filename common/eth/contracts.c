/*
 * Contracts by name, the file of their addresses, calls built and results
 * read. Events are in contracts_event.c.
 */

#include <string.h>

#include "common/eth/contracts.h"


#define LP_CONTRACTS_FILE_MAX  4096                       /* bytes of text */

/* a call of redeemWinningTicket, in words after its selector */
#define LP_REDEEM_LEN          548
#define LP_REDEEM_RAND         2
#define LP_REDEEM_TICKET       3
#define LP_REDEEM_TICKET_LEN   10
#define LP_REDEEM_SIG          13
#define LP_REDEEM_SIG_LEN      4


/* --- names and addresses */

#define LP_CONTRACT_TEXT(name, text)  text,

static const char *const  lp_contract_names[] = {
    LP_CONTRACT_MAP(LP_CONTRACT_TEXT)
};

#undef LP_CONTRACT_TEXT


const char *
lp_contract_name(lp_contract_e c)
{
    return (size_t) c < LP_NCONTRACTS ? lp_contract_names[c] : "unknown";
}


void
lp_contract_id(lp_hash_t *id, lp_contract_e c)
{
    const char  *name = lp_contract_name(c);

    lp_keccak256(id, name, strlen(name));
}


static void
lp_contracts_put_line(lp_buf_t *out, const char *name, const lp_address_t *a)
{
    char  text[LP_ADDRESS_TEXT_LEN + 1];

    lp_address_text(text, a);
    lp_buf_printf(out, "%s %s\n", name, text);
}


void
lp_contracts_put_file(lp_buf_t *out, const lp_contracts_t *c)
{
    size_t  i;

    lp_buf_printf(out, "chain %llu\n", (unsigned long long) c->chain_id);
    lp_contracts_put_line(out, "Controller", &c->controller);

    for (i = 0; i < LP_NCONTRACTS; i++) {
        if (!lp_address_is_zero(&c->at[i])) {
            lp_contracts_put_line(out, lp_contract_names[i], &c->at[i]);
        }
    }
}


/* "NAME REST": REST when the line has this name, else NULL */

static const char *
lp_contracts_rest(const char *line, size_t len, const char *name,
    size_t *rest_len)
{
    size_t  n = strlen(name);

    if (len <= n + 1 || memcmp(line, name, n) != 0 || line[n] != ' ') {
        return NULL;
    }

    *rest_len = len - n - 1;

    return line + n + 1;
}


static lp_status_t
lp_contracts_get_chain(lp_contracts_t *c, const char *line, size_t len)
{
    size_t       n;
    lp_u256_t    v;
    const char  *rest;

    rest = lp_contracts_rest(line, len, "chain", &n);

    if (rest == NULL || lp_u256_get_dec(&v, rest, n) != LP_OK
        || v.w[1] | v.w[2] | v.w[3] || v.w[0] == 0)
    {
        return LP_MALFORMED;
    }

    c->chain_id = v.w[0];

    return LP_OK;
}


static lp_status_t
lp_contracts_get_line(lp_contracts_t *c, const char *line, size_t len)
{
    size_t       i, n;
    const char  *rest;

    for (i = 0; i < LP_NCONTRACTS; i++) {
        rest = lp_contracts_rest(line, len, lp_contract_names[i], &n);

        if (rest) {
            return lp_address_is_zero(&c->at[i])
                       ? lp_address_parse(&c->at[i], rest, n)
                       : LP_MALFORMED;                   /* named twice */
        }
    }

    return LP_MALFORMED;
}


static lp_status_t
lp_contracts_get_numbered(lp_contracts_t *c, unsigned number,
    const char *line, size_t len)
{
    size_t       n;
    const char  *rest;

    if (number == 1) {
        return lp_contracts_get_chain(c, line, len);
    }

    if (number == 2) {
        rest = lp_contracts_rest(line, len, "Controller", &n);
        return rest ? lp_address_parse(&c->controller, rest, n)
                    : LP_MALFORMED;
    }

    return lp_contracts_get_line(c, line, len);
}


lp_status_t
lp_contracts_get_file(lp_contracts_t *c, unsigned *line, const char *text,
    size_t len)
{
    size_t       n;
    const char  *end;

    memset(c, 0, sizeof(lp_contracts_t));
    *line = 0;

    if (len > LP_CONTRACTS_FILE_MAX) {
        return LP_LIMIT;
    }

    while (len) {
        ++*line;
        end = memchr(text, '\n', len);
        n = end ? (size_t) (end - text) : len;

        /* a last line without its end may be one that was cut */

        if (end == NULL
            || lp_contracts_get_numbered(c, *line, text, n) != LP_OK)
        {
            return LP_MALFORMED;
        }

        text += n + 1;
        len -= n + 1;
    }

    return *line < 2 ? LP_MALFORMED : LP_OK;
}


/* --- calls */

void
lp_contracts_put_plain(lp_buf_t *out, const char *signature)
{
    lp_abi_put_selector(out, signature);
}


void
lp_contracts_put_of(lp_buf_t *out, const char *signature,
    const lp_address_t *first, const lp_address_t *second)
{
    lp_abi_put_selector(out, signature);
    lp_abi_put_address(out, first);

    if (second) {
        lp_abi_put_address(out, second);
    }
}


void
lp_contracts_put_u256(lp_buf_t *out, const char *signature,
    const lp_u256_t *v)
{
    lp_abi_put_selector(out, signature);
    lp_abi_put_u256(out, v);
}


void
lp_contracts_put_of_u256(lp_buf_t *out, const char *signature,
    const lp_address_t *a, const lp_u256_t *v)
{
    lp_abi_put_selector(out, signature);
    lp_abi_put_address(out, a);
    lp_abi_put_u256(out, v);
}


void
lp_contracts_put_u256_of(lp_buf_t *out, const char *signature,
    const lp_u256_t *v, const lp_address_t *a)
{
    lp_abi_put_selector(out, signature);
    lp_abi_put_u256(out, v);
    lp_abi_put_address(out, a);
}


void
lp_contracts_put_hash(lp_buf_t *out, const char *signature,
    const lp_hash_t *h)
{
    lp_abi_put_selector(out, signature);
    lp_abi_put_hash(out, h);
}


void
lp_contracts_put_text(lp_buf_t *out, const char *signature, const char *text)
{
    lp_abi_put_selector(out, signature);
    lp_abi_put_u64(out, 32);
    lp_abi_put_bytes(out, text, strlen(text));
}


void
lp_contracts_put_two(lp_buf_t *out, const char *signature,
    const lp_u256_t *a, const lp_u256_t *b)
{
    lp_abi_put_selector(out, signature);
    lp_abi_put_u256(out, a);
    lp_abi_put_u256(out, b);
}


void
lp_contracts_put_services(lp_buf_t *out, const lp_hash_t *ids,
    const lp_address_t *verifiers, size_t n)
{
    size_t                     i;
    static const lp_address_t  none;

    lp_abi_put_selector(out, "setServices(bytes32[],address[])");
    lp_abi_put_u64(out, 2 * 32);
    lp_abi_put_u64(out, (2 + 1 + n) * 32);

    lp_abi_put_u64(out, n);
    for (i = 0; i < n; i++) {
        lp_abi_put_hash(out, &ids[i]);
    }

    lp_abi_put_u64(out, n);
    for (i = 0; i < n; i++) {
        lp_abi_put_address(out, verifiers ? &verifiers[i] : &none);
    }
}


void
lp_contracts_put_locations(lp_buf_t *out, const lp_hash_t *tags, size_t n)
{
    size_t  i;

    lp_abi_put_selector(out, "setLocations(bytes32[])");
    lp_abi_put_u64(out, 32);

    lp_abi_put_u64(out, n);
    for (i = 0; i < n; i++) {
        lp_abi_put_hash(out, &tags[i]);
    }
}


/* --- many redemptions in one call: three arrays, side by side */

static const uint8_t *
lp_contracts_redeem_at(const uint8_t *redeem, size_t word)
{
    return redeem + 4 + word * 32;
}


static int
lp_contracts_is_redeem(const uint8_t *redeem)
{
    size_t    i;
    uint64_t  v;
    lp_abi_t  words = { redeem + 4, LP_REDEEM_LEN - 4 };
    static const struct {
        size_t    word;
        uint64_t  value;
    } fixed[] = {
        { 0, 0x60 }, { 1, 0x1a0 }, { 9, 0xe0 }, { 10, 0x40 }, { 13, 0x41 }
    };

    for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (lp_abi_get_u64(&words, fixed[i].word, &v) != LP_OK
            || v != fixed[i].value)
        {
            return 0;
        }
    }

    return 1;
}


/* an array of dynamic items that all have nwords, found at word in each */

static void
lp_contracts_put_items(lp_buf_t *out, const uint8_t *const *redeems,
    size_t n, size_t word, size_t nwords)
{
    size_t  i;

    lp_abi_put_u64(out, n);

    for (i = 0; i < n; i++) {
        lp_abi_put_u64(out, (n + i * nwords) * 32);
    }

    for (i = 0; i < n; i++) {
        lp_buf_put(out, lp_contracts_redeem_at(redeems[i], word),
                   nwords * 32);
    }
}


lp_status_t
lp_contracts_put_batch(lp_buf_t *out, const uint8_t *const *redeems,
    size_t n)
{
    size_t  i, sigs, rands;

    for (i = 0; i < n; i++) {
        if (!lp_contracts_is_redeem(redeems[i])) {
            return LP_MALFORMED;
        }
    }

    sigs = 3 + 1 + n * (1 + LP_REDEEM_TICKET_LEN);
    rands = sigs + 1 + n * (1 + LP_REDEEM_SIG_LEN);

    lp_abi_put_selector(out, "batchRedeemWinningTickets((address,address,"
                             "uint256,uint256,uint256,bytes32,bytes)[],"
                             "bytes[],uint256[])");
    lp_abi_put_u64(out, 3 * 32);
    lp_abi_put_u64(out, sigs * 32);
    lp_abi_put_u64(out, rands * 32);

    lp_contracts_put_items(out, redeems, n, LP_REDEEM_TICKET,
                           LP_REDEEM_TICKET_LEN);
    lp_contracts_put_items(out, redeems, n, LP_REDEEM_SIG, LP_REDEEM_SIG_LEN);

    lp_abi_put_u64(out, n);
    for (i = 0; i < n; i++) {
        lp_buf_put(out, lp_contracts_redeem_at(redeems[i], LP_REDEEM_RAND),
                   32);
    }

    return lp_buf_status(out);
}


/* --- results: static words, all of them and no more */

static lp_status_t
lp_contracts_words(lp_abi_t *r, const uint8_t *data, size_t len, size_t n)
{
    r->data = data;
    r->len = len;

    return len == n * 32 ? LP_OK : LP_MALFORMED;
}


/* a round; "never" is the largest word and becomes the largest number */

static lp_status_t
lp_contracts_round(const lp_abi_t *r, size_t index, uint64_t *round)
{
    lp_status_t  s;

    s = lp_abi_get_u64(r, index, round);
    if (s == LP_LIMIT) {
        *round = UINT64_MAX;
        return LP_OK;
    }

    return s;
}


lp_status_t
lp_contracts_get_sender_info(lp_sender_info_t *i, const uint8_t *data,
    size_t len)
{
    lp_abi_t  r;

    memset(i, 0, sizeof(lp_sender_info_t));

    if (lp_contracts_words(&r, data, len, 4) != LP_OK) {
        return LP_MALFORMED;
    }

    lp_abi_get_u256(&r, 0, &i->deposit);
    lp_contracts_round(&r, 1, &i->withdraw_round);
    lp_abi_get_u256(&r, 2, &i->reserve);
    lp_abi_get_u256(&r, 3, &i->claimed);

    return LP_OK;
}


/* word 3, lastActiveStakeUpdateRound, is of use to the contract alone */

lp_status_t
lp_contracts_get_transcoder(lp_transcoder_t *t, const uint8_t *data,
    size_t len)
{
    lp_abi_t  r;

    memset(t, 0, sizeof(lp_transcoder_t));

    if (lp_contracts_words(&r, data, len, 10) != LP_OK) {
        return LP_MALFORMED;
    }

    lp_contracts_round(&r, 0, &t->last_reward_round);
    lp_abi_get_u256(&r, 1, &t->reward_cut);
    lp_abi_get_u256(&r, 2, &t->fee_share);
    lp_contracts_round(&r, 4, &t->activation_round);
    lp_contracts_round(&r, 5, &t->deactivation_round);
    lp_abi_get_u256(&r, 6, &t->active_cumulative_rewards);
    lp_abi_get_u256(&r, 7, &t->cumulative_rewards);
    lp_abi_get_u256(&r, 8, &t->cumulative_fees);
    lp_contracts_round(&r, 9, &t->last_fee_round);

    return LP_OK;
}


lp_status_t
lp_contracts_get_earnings(lp_earnings_t *e, const uint8_t *data, size_t len)
{
    lp_abi_t  r;

    memset(e, 0, sizeof(lp_earnings_t));

    if (lp_contracts_words(&r, data, len, 5) != LP_OK) {
        return LP_MALFORMED;
    }

    lp_abi_get_u256(&r, 0, &e->total_stake);
    lp_abi_get_u256(&r, 1, &e->reward_cut);
    lp_abi_get_u256(&r, 2, &e->fee_share);
    lp_abi_get_u256(&r, 3, &e->cumulative_reward_factor);
    lp_abi_get_u256(&r, 4, &e->cumulative_fee_factor);

    return LP_OK;
}


lp_status_t
lp_contracts_get_delegator(lp_delegator_t *d, const uint8_t *data,
    size_t len)
{
    lp_abi_t  r;

    memset(d, 0, sizeof(lp_delegator_t));

    if (lp_contracts_words(&r, data, len, 7) != LP_OK
        || lp_abi_get_address(&r, 2, &d->delegate) != LP_OK
        || lp_abi_get_u64(&r, 6, &d->next_lock) != LP_OK)
    {
        return LP_MALFORMED;
    }

    lp_abi_get_u256(&r, 0, &d->bonded);
    lp_abi_get_u256(&r, 1, &d->fees);
    lp_abi_get_u256(&r, 3, &d->delegated);
    lp_contracts_round(&r, 4, &d->start_round);
    lp_contracts_round(&r, 5, &d->last_claim_round);

    return LP_OK;
}


lp_status_t
lp_contracts_get_lock(lp_lock_t *l, const uint8_t *data, size_t len)
{
    lp_abi_t  r;

    memset(l, 0, sizeof(lp_lock_t));

    if (lp_contracts_words(&r, data, len, 2) != LP_OK) {
        return LP_MALFORMED;
    }

    lp_abi_get_u256(&r, 0, &l->amount);

    return lp_contracts_round(&r, 1, &l->withdraw_round);
}


lp_status_t
lp_contracts_get_hashes(lp_hash_t *hashes, size_t max, size_t *n,
    const uint8_t *data, size_t len)
{
    size_t    i;
    lp_abi_t  r = { data, len }, items;

    *n = 0;

    if (lp_abi_get_array(&r, 0, &items, &i) != LP_OK) {
        return LP_MALFORMED;
    }

    if (i > max) {
        return LP_LIMIT;
    }

    for (*n = i, i = 0; i < *n; i++) {
        lp_abi_get_hash(&items, i, &hashes[i]);
    }

    return LP_OK;
}


lp_status_t
lp_contracts_get_text(char *out, size_t size, const uint8_t *data,
    size_t len)
{
    size_t          n;
    lp_abi_t        r = { data, len };
    const uint8_t  *p;

    out[0] = '\0';

    if (lp_abi_get_bytes(&r, 0, &p, &n) != LP_OK || memchr(p, '\0', n)) {
        return LP_MALFORMED;
    }

    if (n >= size) {
        return LP_LIMIT;
    }

    memcpy(out, p, n);
    out[n] = '\0';

    return LP_OK;
}


lp_status_t
lp_contracts_get_u256(lp_u256_t *v, const uint8_t *data, size_t len)
{
    lp_abi_t  r;

    return lp_contracts_words(&r, data, len, 1) == LP_OK
               ? lp_abi_get_u256(&r, 0, v) : LP_MALFORMED;
}


lp_status_t
lp_contracts_get_u64(uint64_t *v, const uint8_t *data, size_t len)
{
    lp_abi_t  r;

    return lp_contracts_words(&r, data, len, 1) == LP_OK
               ? lp_abi_get_u64(&r, 0, v) : LP_MALFORMED;
}


lp_status_t
lp_contracts_get_address(lp_address_t *a, const uint8_t *data, size_t len)
{
    lp_abi_t  r;

    return lp_contracts_words(&r, data, len, 1) == LP_OK
               ? lp_abi_get_address(&r, 0, a) : LP_MALFORMED;
}


lp_status_t
lp_contracts_get_hash(lp_hash_t *h, const uint8_t *data, size_t len)
{
    lp_abi_t  r;

    return lp_contracts_words(&r, data, len, 1) == LP_OK
               ? lp_abi_get_hash(&r, 0, h) : LP_MALFORMED;
}


lp_status_t
lp_contracts_get_bool(int *v, const uint8_t *data, size_t len)
{
    lp_abi_t  r;

    return lp_contracts_words(&r, data, len, 1) == LP_OK
               ? lp_abi_get_bool(&r, 0, v) : LP_MALFORMED;
}
