/*
 * What all workers know together about money: the chain as it was read last,
 * the orchestrators in its registry, how each of them has behaved, and what
 * was spent. It lies in the zone and outlives a reload; what may be spent is
 * decided again by the signer, whose journal outlives everything (T-69).
 */
#ifndef NGX_LIVEPEER_LEDGER_H
#define NGX_LIVEPEER_LEDGER_H


#include "common/pm/sender.h"
#include "common/signer/protocol.h"
#include "ngx_livepeer_module/ngx_livepeer.h"


#define NGX_LIVEPEER_ENTRIES_MAX   128       /* of the registry */
#define NGX_LIVEPEER_ENTRY_URL     128
#define NGX_LIVEPEER_STANDINGS     512
#define NGX_LIVEPEER_PROVEN        3         /* good segments */
#define NGX_LIVEPEER_PERC          1000000   /* a whole, in the contracts */


/* why nobody is paid just now: enum, label, sentence with the remedy */
#define NGX_LIVEPEER_STOP_MAP(XX)                                             \
    XX(NONE,      "none",      "")                                            \
    XX(SIGNER,    "signer",                                                   \
       "the signer does not answer: start it, let nginx's user ask with its " \
       "--allow-uid, or correct livepeer_signer")                             \
    XX(CHAIN_ID,  "chain_id",                                                 \
       "the signer, the Ethereum node and livepeer_chain_id are not of one "  \
       "chain: correct what is wrong and restart")                            \
    XX(ROLE,      "role",                                                     \
       "the signer signs no tickets: start it with --role broadcaster")       \
    XX(NODE,      "node",                                                     \
       "no Ethereum node answers: see livepeer_eth_rpc")                      \
    XX(CONTRACTS, "contracts",                                                \
       "the contracts are not there: correct livepeer_controller")            \
    XX(STALE,     "stale",                                                    \
       "the Ethereum node shows no new blocks: see livepeer_eth_rpc")         \
    XX(UNLOCKING, "unlocking",                                                \
       "deposit and reserve are being unlocked: livepeerctl broadcaster "     \
       "cancel keeps them")                                                   \
    XX(RESERVE,   "reserve",                                                  \
       "the reserve is empty: fund it with livepeerctl broadcaster fund")     \
    XX(DEPOSIT,   "deposit",                                                  \
       "the deposit is under livepeer_min_deposit: fund it with livepeerctl " \
       "broadcaster fund")                                                    \
    XX(DAY,       "day",                                                      \
       "the day's budget is used up: it begins anew at 00:00 UTC, or raise "  \
       "livepeer_budget and the signer's --day-budget")                       \
    XX(JOURNAL,   "journal",                                                  \
       "the signer cannot write its journal: make room on its disk")          \
    XX(STREAM,    "stream",                                                   \
       "the stream's budget of this hour is used up: wait, or raise "         \
       "stream= in livepeer_budget and the signer's --stream-budget")         \
    XX(START,     "start",                                                    \
       "the signer and the Ethereum node are being asked")

#define NGX_LIVEPEER_STOP_ENUM(name, label, text)  NGX_LIVEPEER_STOP_##name,

typedef enum {
    NGX_LIVEPEER_STOP_MAP(NGX_LIVEPEER_STOP_ENUM)
    NGX_LIVEPEER_NSTOPS
} ngx_livepeer_stop_e;


/* one orchestrator of the registry: the pair that T-24 keeps */
typedef struct {
    lp_address_t         address;
    char                 url[NGX_LIVEPEER_ENTRY_URL];
    uint32_t             reward_cut;             /* in 10^-6 */
    uint32_t             fee_share;              /* that delegators get */
    uint32_t             has_terms;              /* the two are known */
} ngx_livepeer_entry_t;

/* how an address has behaved towards all workers; times are
   ngx_current_msec, which processes of one boot share */
typedef struct {
    lp_address_t         address;                /* zero: unused */
    ngx_msec_t           touched;
    ngx_msec_t           suspended;              /* since */
    ngx_msec_t           penalty;                /* for how long; 0: never */
    uint32_t             goods;                  /* paid and delivered */
    uint32_t             lost;                   /* paid, and has delivered
                                                    nothing since */
    ngx_msec_t           refused;                /* a payment, last */
    ngx_msec_t           drifted;                /* its session's id */
    ngx_pid_t            payer;                  /* who tries it out ... */
    ngx_msec_t           payer_until;            /* ... at most until */
    lp_address_t         hot_key;                /* pinned; zero: none */
    lp_hash_t            tls_key;                /* the same */
    uint32_t             tls_url;                /* CRC-32 of whose key it is */
    uint64_t             tickets;                /* sent to it ... */
    lp_money_t           ev;                     /* ... and what they are
                                                    worth */
    lp_money_t           fee;                    /* of verified pixels */
    uint64_t             winners;                /* of ours, that it redeemed */
    lp_u256_t            redeemed;               /* wei */
} ngx_livepeer_standing_t;

/* the chain as it was read last */
typedef struct {
    uint64_t             chain_id;               /* 0: never read */
    uint64_t             block;
    ngx_msec_t           advanced;               /* when block last grew */
    lp_hash_t            round_hash;
    lp_sender_chain_t    own;
    lp_address_t         address;                /* whose own is */
    uint32_t             read;                   /* all of it, once */
    uint32_t             wrong;                  /* the contracts are not
                                                    where they should be */
    uint64_t             winners;                /* redeemed, of ours */
    lp_u256_t            redeemed;               /* wei that they took */
    uint64_t             logs_to;                /* both of blocks up to it;
                                                    0: of none */
} ngx_livepeer_facts_t;

/* what was spent, by all workers since the zone was made */
typedef struct {
    uint64_t             tickets;
    lp_money_t           ev;                     /* of signed tickets */
    lp_money_t           fee;                    /* for verified pixels */
    uint64_t             unpaid_pixels;
    int64_t              day;                    /* UTC days since 1970 */
    lp_money_t           day_ev;
    uint64_t             refusals[LP_SIGN_NREFUSALS];    /* by the signer */
    uint64_t             refused;                /* by orchestrators */
    uint64_t             keys_changed;           /* of TLS peers */
    double               wins_expected;          /* of tickets sent */
    double               wins_variance;
} ngx_livepeer_spent_t;

typedef struct {
    ngx_pid_t            watcher;                /* the worker that reads */
    ngx_msec_t           watcher_until;
    ngx_livepeer_facts_t facts;
    ngx_livepeer_spent_t spent;
    lp_sign_hello_t      hello;                  /* newest, of any worker */
    uint32_t             stop;                   /* ngx_livepeer_stop_e */
    uint32_t             alarm;                  /* T-15: said already */
    lp_u256_t            day_needed;             /* wei that were refused, or
                                                    zero: when so much is left
                                                    again, it goes on */
    ngx_msec_t           journal_stopped;        /* refused, last; 0: never */
    uint64_t             pool_generation;        /* +1 with each change */
    ngx_msec_t           pool_read;
    uint32_t             nentries;
    ngx_livepeer_entry_t entries[NGX_LIVEPEER_ENTRIES_MAX];
    ngx_livepeer_standing_t  standings[NGX_LIVEPEER_STANDINGS];
} ngx_livepeer_ledger_t;


/* the worker that reads the chain for all: 1 when it is this one, for ttl */
ngx_uint_t ngx_livepeer_ledger_watch(ngx_msec_t ttl);

void ngx_livepeer_ledger_facts(ngx_livepeer_facts_t *facts);
void ngx_livepeer_ledger_set_facts(const ngx_livepeer_facts_t *facts);
void ngx_livepeer_ledger_set_hello(const lp_sign_hello_t *hello);

/* the whole registry anew; the generation grows when anything changed */
void ngx_livepeer_ledger_set_entries(const ngx_livepeer_entry_t *entries,
    ngx_uint_t n);
uint64_t ngx_livepeer_ledger_generation(void);

/* n entries into room for max; NGX_LIVEPEER_ENTRIES_MAX is enough */
ngx_uint_t ngx_livepeer_ledger_entries(ngx_livepeer_entry_t *entries,
    ngx_uint_t max);

/* NGX_OK: the address that registered url */
ngx_int_t ngx_livepeer_ledger_find(lp_address_t *address, ngx_str_t *url);

/*
 * The standing of an address, made at its first use: under the zone's lock.
 * When all places are taken the one unused longest is given, but never one
 * that is suspended while another is not.
 */
ngx_livepeer_standing_t *ngx_livepeer_ledger_standing(const lp_address_t *a);

/* a payment of n tickets worth ev together is signed. NGX_DECLINED: not
   within the day's budget, nothing is counted */
ngx_int_t ngx_livepeer_ledger_spend(const lp_money_t *ev, uint32_t n,
    const lp_u256_t *win_prob, const lp_u256_t *day_budget);

/* what never left the process after all */
void ngx_livepeer_ledger_unspend(const lp_money_t *ev, uint32_t n,
    const lp_u256_t *win_prob);

/* the budget that is left today, of ours and of the signer's the smaller, in
   whole wei; all ones: no limit. Under the lock */
void ngx_livepeer_ledger_left(lp_u256_t *left, const lp_u256_t *day_budget);

/* 0: all ones, which stand for no limit */
ngx_uint_t ngx_livepeer_ledger_limited(const lp_u256_t *budget);

/* the stop is now this one: 1 when it was another before */
ngx_uint_t ngx_livepeer_ledger_stop(ngx_livepeer_stop_e stop);

const char *ngx_livepeer_ledger_stop_text(ngx_livepeer_stop_e stop);
const char *ngx_livepeer_ledger_stop_label(ngx_livepeer_stop_e stop);


#endif /* NGX_LIVEPEER_LEDGER_H */
