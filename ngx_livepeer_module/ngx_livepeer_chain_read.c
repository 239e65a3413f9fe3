/*
 * What is asked of a node, and what its answers mean: each step puts one
 * question into the request and takes the answer to it. Everything in an
 * answer is hostile, and nothing is believed that does not fit (T-60, T-81).
 */
#include "ngx_livepeer_module/ngx_livepeer_chain_state.h"
#include "ngx_livepeer_module/ngx_livepeer_curl.h"
#include "ngx_livepeer_module/ngx_livepeer_url.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"

#include <math.h>


#define NGX_LIVEPEER_CHAIN_POOL   (10 * 60 * 1000)   /* ms: the registry */
#define NGX_LIVEPEER_CHAIN_LOGS   1000               /* blocks in one answer */
#define NGX_LIVEPEER_CHAIN_ALARM  5                  /* z of T-15 */
#define NGX_LIVEPEER_CHAIN_FEW    10                 /* winners that may be of
                                                        an earlier life */


static ngx_int_t ngx_livepeer_chain_put_id(void);
static ngx_int_t ngx_livepeer_chain_take_id(void);
static ngx_int_t ngx_livepeer_chain_put_contract(void);
static ngx_int_t ngx_livepeer_chain_take_contract(void);
static ngx_int_t ngx_livepeer_chain_put_block(void);
static ngx_int_t ngx_livepeer_chain_take_block(void);
static ngx_int_t ngx_livepeer_chain_put_round(void);
static ngx_int_t ngx_livepeer_chain_take_round(void);
static ngx_int_t ngx_livepeer_chain_put_hash(void);
static ngx_int_t ngx_livepeer_chain_take_hash(void);
static ngx_int_t ngx_livepeer_chain_put_funds(void);
static ngx_int_t ngx_livepeer_chain_take_funds(void);
static ngx_int_t ngx_livepeer_chain_put_logs(void);
static ngx_int_t ngx_livepeer_chain_take_logs(void);
static ngx_int_t ngx_livepeer_chain_put_pool(void);
static ngx_int_t ngx_livepeer_chain_take_pool(void);


const ngx_livepeer_chain_step_t  ngx_livepeer_chain_steps[] = {
    { "the chain's id", ngx_livepeer_chain_put_id,
      ngx_livepeer_chain_take_id },
    { "the contracts", ngx_livepeer_chain_put_contract,
      ngx_livepeer_chain_take_contract },
    { "the newest block", ngx_livepeer_chain_put_block,
      ngx_livepeer_chain_take_block },
    { "the round", ngx_livepeer_chain_put_round,
      ngx_livepeer_chain_take_round },
    { "the round's hash", ngx_livepeer_chain_put_hash,
      ngx_livepeer_chain_take_hash },
    { "our funds", ngx_livepeer_chain_put_funds,
      ngx_livepeer_chain_take_funds },
    { "the registry", ngx_livepeer_chain_put_pool,
      ngx_livepeer_chain_take_pool },
    { "redemptions", ngx_livepeer_chain_put_logs,
      ngx_livepeer_chain_take_logs }
};

const ngx_uint_t  ngx_livepeer_chain_nsteps =
    sizeof(ngx_livepeer_chain_steps) / sizeof(ngx_livepeer_chain_steps[0]);


static const lp_contract_e  ngx_livepeer_chain_needs[] = {
    LP_CONTRACT_ROUNDS, LP_CONTRACT_BROKER, LP_CONTRACT_BONDING,
    LP_CONTRACT_REGISTRY
};


static ngx_int_t
ngx_livepeer_chain_put_call(lp_contract_e contract)
{
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    lp_rpc_put_call(&c->request, c->id, NULL, &c->contracts.at[contract],
                    c->data.data, c->data.len);

    return NGX_OK;
}


/* what a contract returned, into c->data */

static lp_status_t
ngx_livepeer_chain_returned(void)
{
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    lp_buf_reset(&c->data);

    return lp_rpc_get_bytes(&c->data, NULL, c->id, c->call->answer.data,
                            c->call->answer.len);
}


/* The steps */


static ngx_int_t
ngx_livepeer_chain_put_id(void)
{
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    lp_rpc_put_plain(&c->request, c->id, "eth_chainId");

    return NGX_OK;
}


static ngx_int_t
ngx_livepeer_chain_take_id(void)
{
    uint64_t               id;
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    if (lp_rpc_get_u64(&id, NULL, c->id, c->call->answer.data,
                       c->call->answer.len) != LP_OK || id == 0)
    {
        return NGX_ERROR;
    }

    if (c->facts.chain_id && c->facts.chain_id != id && c->facts.read) {
        return NGX_ERROR;                    /* it is not the chain it was */
    }

    if (!c->facts.read) {
        c->facts.chain_id = id;
    }

    return NGX_OK;
}


/* asked once: an address that changes later needs an operator (T-40) */

static ngx_int_t
ngx_livepeer_chain_put_contract(void)
{
    lp_hash_t              id;
    ngx_uint_t             i;
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    for (i = 0; i < sizeof(ngx_livepeer_chain_needs)
                    / sizeof(ngx_livepeer_chain_needs[0]); i++)
    {
        if (lp_address_is_zero(&c->contracts.at[ngx_livepeer_chain_needs[i]]))
        {
            lp_contract_id(&id, ngx_livepeer_chain_needs[i]);
            lp_contracts_put_hash(&c->data, "getContract(bytes32)", &id);
            lp_rpc_put_call(&c->request, c->id, NULL, c->money->controller,
                            c->data.data, c->data.len);
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_livepeer_chain_take_contract(void)
{
    ngx_uint_t             i;
    lp_address_t           at;
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    if (ngx_livepeer_chain_returned() != LP_OK
        || lp_contracts_get_address(&at, c->data.data, c->data.len) != LP_OK
        || lp_address_is_zero(&at))
    {
        c->facts.wrong = 1;
        ngx_livepeer_ledger_set_facts(&c->facts);
        return NGX_ERROR;
    }

    for (i = 0;
         !lp_address_is_zero(&c->contracts.at[ngx_livepeer_chain_needs[i]]);
         i++)
    {
        /* void */
    }

    c->contracts.at[ngx_livepeer_chain_needs[i]] = at;

    return NGX_AGAIN;
}


static ngx_int_t
ngx_livepeer_chain_put_block(void)
{
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    lp_rpc_put_latest(&c->request, c->id);

    return NGX_OK;
}


/* a head that falls back, a node that lags or a reorg, is not followed: it
   comes again, or the chain counts as still */

static ngx_int_t
ngx_livepeer_chain_take_block(void)
{
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    if (lp_rpc_get_block(&c->head, NULL, c->id, c->call->answer.data,
                         c->call->answer.len) != LP_OK)
    {
        return NGX_ERROR;
    }

    if (c->head.number > c->facts.block || !c->facts.read) {
        c->facts.block = c->head.number;
        c->facts.own.l1_block = c->head.l1_number;
        c->facts.advanced = ngx_current_msec;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_livepeer_chain_put_round(void)
{
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    lp_contracts_put_plain(&c->data, "lastInitializedRound()");

    return ngx_livepeer_chain_put_call(LP_CONTRACT_ROUNDS);
}


static ngx_int_t
ngx_livepeer_chain_take_round(void)
{
    uint64_t               round;
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    if (ngx_livepeer_chain_returned() != LP_OK
        || lp_contracts_get_u64(&round, c->data.data, c->data.len) != LP_OK)
    {
        return NGX_ERROR;
    }

    if (round != c->facts.own.round) {
        c->facts.own.round = round;
        ngx_memzero(&c->facts.round_hash, sizeof(lp_hash_t));
    }

    return NGX_OK;
}


static ngx_int_t
ngx_livepeer_chain_put_hash(void)
{
    lp_u256_t              round;
    static lp_hash_t       zero;
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    if (ngx_memcmp(&c->facts.round_hash, &zero, sizeof(zero)) != 0) {
        return NGX_DECLINED;
    }

    lp_u256_set(&round, c->facts.own.round);
    lp_contracts_put_u256(&c->data, "blockHashForRound(uint256)", &round);

    return ngx_livepeer_chain_put_call(LP_CONTRACT_ROUNDS);
}


static ngx_int_t
ngx_livepeer_chain_take_hash(void)
{
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    return ngx_livepeer_chain_returned() == LP_OK
           && lp_contracts_get_hash(&c->facts.round_hash, c->data.data,
                                    c->data.len) == LP_OK
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_livepeer_chain_put_funds(void)
{
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    lp_contracts_put_of(&c->data, "getSenderInfo(address)",
                        &c->facts.address, NULL);

    return ngx_livepeer_chain_put_call(LP_CONTRACT_BROKER);
}


/* 1: more than before, and not seen by an earlier pass */

static ngx_uint_t
ngx_livepeer_chain_rises(lp_u256_t *seen, const lp_u256_t *now,
    const lp_u256_t *before)
{
    ngx_uint_t             sure;
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    if (!c->facts.read || lp_u256_cmp(now, before) <= 0) {
        return 0;
    }

    sure = lp_u256_cmp(now, seen) == 0 && c->facts.block > c->rise_block;

    if (!sure && lp_u256_cmp(now, seen) != 0) {
        *seen = *now;
        c->rise_block = c->facts.block;
    }

    return !sure;
}


static ngx_int_t
ngx_livepeer_chain_take_funds(void)
{
    lp_sender_info_t       info;
    lp_sender_chain_t     *own;
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    if (ngx_livepeer_chain_returned() != LP_OK
        || lp_contracts_get_sender_info(&info, c->data.data, c->data.len)
           != LP_OK)
    {
        return NGX_ERROR;
    }

    own = &c->facts.own;

    if (!ngx_livepeer_chain_rises(&c->rise_deposit, &info.deposit,
                                  &own->deposit))
    {
        own->deposit = info.deposit;
    }

    if (!ngx_livepeer_chain_rises(&c->rise_reserve, &info.reserve,
                                  &own->reserve))
    {
        own->reserve = info.reserve;
    }

    own->withdraw_round = info.withdraw_round;

    return NGX_OK;
}


/*
 * From the head at our first pass on, a bounded number of blocks at a time;
 * how far lies with the sums, so that neither a pass that fails nor another
 * reader counts a winner twice or leaves one out.
 */

static ngx_int_t
ngx_livepeer_chain_put_logs(void)
{
    uint64_t               to;
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    if (c->facts.logs_to == 0) {
        c->facts.logs_to = c->facts.block;
    }

    if (c->head.number <= c->facts.logs_to) {
        return NGX_DECLINED;
    }

    to = ngx_min(c->head.number, c->facts.logs_to + NGX_LIVEPEER_CHAIN_LOGS);

    lp_rpc_put_logs(&c->request, c->id, c->facts.logs_to + 1, to,
                    &c->contracts.at[LP_CONTRACT_BROKER], 1);
    c->facts.logs_to = to;

    return NGX_OK;
}


/*
 * What was redeemed of ours against what was signed: far more winners than
 * tickets can have is a broken or a rigged lottery (T-15).
 */

static void
ngx_livepeer_chain_compare(ngx_livepeer_chain_t *c)
{
    double                  excess, deviation;
    ngx_uint_t              alarm;
    ngx_livepeer_ledger_t  *l = ngx_livepeer_zone_ledger();

    ngx_livepeer_zone_lock();

    excess = (double) c->facts.winners - l->spent.wins_expected
             - NGX_LIVEPEER_CHAIN_FEW;
    deviation = sqrt(l->spent.wins_variance > 1 ? l->spent.wins_variance : 1);
    alarm = excess > NGX_LIVEPEER_CHAIN_ALARM * deviation && !l->alarm;
    l->alarm |= alarm;

    ngx_livepeer_zone_unlock();

    if (alarm) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "livepeer: %uL of our tickets were redeemed, far more "
                      "than chance allows: the lottery is broken, or the key "
                      "signs elsewhere too", c->facts.winners);
    }
}


/* a ticket of ours was redeemed; what it took is an event of its own, less
   than the face value when the funds were not enough */

static void
ngx_livepeer_chain_count(ngx_livepeer_facts_t *facts, lp_event_t *e)
{
    ngx_livepeer_standing_t  *s;

    if ((e->what != LP_EVENT_REDEEMED && e->what != LP_EVENT_TRANSFER)
        || !lp_address_equal(&e->first, &facts->address))
    {
        return;
    }

    ngx_livepeer_zone_lock();

    s = ngx_livepeer_ledger_standing(&e->second);

    if (e->what == LP_EVENT_REDEEMED) {
        facts->winners++;
        s->winners++;

    } else {
        (void) lp_u256_add(&facts->redeemed, &facts->redeemed, &e->words[0]);
        (void) lp_u256_add(&s->redeemed, &s->redeemed, &e->words[0]);
    }

    ngx_livepeer_zone_unlock();
}


/* the last step of a pass: what is counted here is published with it */

static ngx_int_t
ngx_livepeer_chain_take_logs(void)
{
    size_t                 i;
    lp_event_t             e;
    lp_rpc_logs_t          logs;
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    if (lp_rpc_get_logs(&logs, NULL, c->id, c->call->answer.data,
                        c->call->answer.len) != LP_OK)
    {
        lp_rpc_logs_done(&logs);
        return NGX_ERROR;
    }

    for (i = 0; i < logs.n; i++) {
        if (!logs.logs[i].removed
            && lp_event_read(&e, &logs.logs[i], &logs) == LP_OK)
        {
            ngx_livepeer_chain_count(&c->facts, &e);
        }
    }

    lp_rpc_logs_done(&logs);
    ngx_livepeer_chain_compare(c);

    return NGX_OK;
}


/* The registry: a walk over the pool, and the URL and terms of each in it */


static ngx_int_t
ngx_livepeer_chain_put_pool(void)
{
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    if (!c->pool_due) {
        if (c->pool_read && c->pool_round == c->facts.own.round
            && ngx_current_msec - c->pool_read < NGX_LIVEPEER_CHAIN_POOL)
        {
            return NGX_DECLINED;
        }

        c->pool_due = 1;
        c->wants_uri = 0;
        c->wants_terms = 0;
        c->nentries = 0;
        c->walked = 0;
        lp_contracts_put_plain(&c->data, "getFirstTranscoderInPool()");

    } else if (c->wants_uri) {
        lp_contracts_put_of(&c->data, "getServiceURI(address)", &c->at, NULL);
        return ngx_livepeer_chain_put_call(LP_CONTRACT_REGISTRY);

    } else if (c->wants_terms) {
        lp_contracts_put_of(&c->data, "getTranscoder(address)", &c->at, NULL);

    } else {
        lp_contracts_put_of(&c->data, "getNextTranscoderInPool(address)",
                            &c->at, NULL);
    }

    return ngx_livepeer_chain_put_call(LP_CONTRACT_BONDING);
}


/*
 * A stranger's URL: https, a public address where one is written out, a port
 * that is no system service's; whatever else is passed over (T-44, T-45).
 */

static void
ngx_livepeer_chain_add(ngx_livepeer_chain_t *c, char *text)
{
    ngx_str_t              url;
    ngx_livepeer_url_t     parts;
    ngx_livepeer_entry_t  *entry;

    url.data = (u_char *) text;
    url.len = ngx_strlen(text);

    while (url.len && url.data[url.len - 1] == '/') {
        url.len--;
    }

    if (url.len == 0 || url.len >= NGX_LIVEPEER_ENTRY_URL
        || ngx_livepeer_url_parse(&parts, &url) != NGX_OK || !parts.tls
        || parts.path.len
        || (!c->money->allow_private
            && ngx_livepeer_url_is_private(&parts)))
    {
        return;
    }

    entry = &c->entries[c->nentries++];
    ngx_memzero(entry, sizeof(ngx_livepeer_entry_t));
    entry->address = c->at;
    ngx_memcpy(entry->url, url.data, url.len);
    c->wants_terms = 1;
}


/* how it shares with its delegators: for the page, nothing depends on it */

static void
ngx_livepeer_chain_terms(ngx_livepeer_chain_t *c)
{
    lp_u256_t              all;
    lp_transcoder_t        t;
    ngx_livepeer_entry_t  *entry = &c->entries[c->nentries - 1];

    lp_u256_set(&all, NGX_LIVEPEER_PERC);

    if (lp_contracts_get_transcoder(&t, c->data.data, c->data.len) != LP_OK
        || lp_u256_cmp(&t.reward_cut, &all) > 0
        || lp_u256_cmp(&t.fee_share, &all) > 0)
    {
        return;
    }

    entry->reward_cut = (uint32_t) t.reward_cut.w[0];
    entry->fee_share = (uint32_t) t.fee_share.w[0];
    entry->has_terms = 1;
}


static ngx_int_t
ngx_livepeer_chain_end_pool(ngx_livepeer_chain_t *c)
{
    ngx_livepeer_ledger_set_entries(c->entries, c->nentries);

    c->pool_due = 0;
    c->pool_round = c->facts.own.round;
    c->pool_read = ngx_current_msec;

    return NGX_OK;
}


static ngx_int_t
ngx_livepeer_chain_take_pool(void)
{
    char                   text[LP_RPC_ERROR_MAX];
    lp_address_t           next;
    ngx_livepeer_chain_t  *c = &ngx_livepeer_chain;

    if (ngx_livepeer_chain_returned() != LP_OK) {
        c->pool_due = 0;
        return NGX_ERROR;
    }

    if (c->wants_uri) {
        c->wants_uri = 0;

        if (lp_contracts_get_text(text, sizeof(text), c->data.data,
                                  c->data.len) == LP_OK)
        {
            ngx_livepeer_chain_add(c, text);
        }

        return NGX_AGAIN;
    }

    if (c->wants_terms) {
        c->wants_terms = 0;
        ngx_livepeer_chain_terms(c);

        return c->nentries == NGX_LIVEPEER_ENTRIES_MAX
               ? ngx_livepeer_chain_end_pool(c) : NGX_AGAIN;
    }

    if (lp_contracts_get_address(&next, c->data.data, c->data.len) != LP_OK) {
        c->pool_due = 0;
        return NGX_ERROR;
    }

    /* a pool that goes round in a circle ends here, too */

    if (lp_address_is_zero(&next)
        || ++c->walked > 2 * NGX_LIVEPEER_ENTRIES_MAX)
    {
        return ngx_livepeer_chain_end_pool(c);
    }

    c->at = next;
    c->wants_uri = 1;

    return NGX_AGAIN;
}
