/*
 * Livepeer's contracts and our extensions: calls built, results and events
 * read. One table names every function once; a reader of a result takes
 * words by their place and refuses what does not fit. No I/O.
 * Source: contracts.md 1, 2, 4, 10; wire.md 10.
 */
#ifndef LP_CONTRACTS_H
#define LP_CONTRACTS_H


#include "common/eth/abi.h"
#include "common/eth/rpc.h"


/* the names the Controller knows: enum, text */
#define LP_CONTRACT_MAP(XX)                                                   \
    XX(LP_CONTRACT_TOKEN,     "LivepeerToken")                                \
    XX(LP_CONTRACT_MINTER,    "Minter")                                       \
    XX(LP_CONTRACT_BONDING,   "BondingManager")                               \
    XX(LP_CONTRACT_ROUNDS,    "RoundsManager")                                \
    XX(LP_CONTRACT_BROKER,    "TicketBroker")                                 \
    XX(LP_CONTRACT_REGISTRY,  "ServiceRegistry")                              \
    XX(LP_CONTRACT_VERIFIER,  "Verifier")                                     \
    XX(LP_CONTRACT_FAUCET,    "LivepeerTokenFaucet")

#define LP_CONTRACT_ENUM(name, text)  name,

typedef enum {
    LP_CONTRACT_MAP(LP_CONTRACT_ENUM)
    LP_NCONTRACTS
} lp_contract_e;

#undef LP_CONTRACT_ENUM


/* addresses found through the Controller; zero: not registered there */
typedef struct {
    uint64_t      chain_id;
    lp_address_t  controller;
    lp_address_t  at[LP_NCONTRACTS];
} lp_contracts_t;


const char *lp_contract_name(lp_contract_e c);

/* keccak256(name): what Controller.getContract takes */
void lp_contract_id(lp_hash_t *id, lp_contract_e c);

/*
 * A file of addresses, "NAME 0x..", a line each, with "chain N" and
 * "Controller 0x.." first: what `livepeerctl contracts` writes and the
 * signer allows. LP_MALFORMED: *line says where.
 */
void lp_contracts_put_file(lp_buf_t *out, const lp_contracts_t *c);
lp_status_t lp_contracts_get_file(lp_contracts_t *c, unsigned *line,
    const char *text, size_t len);


/* Calls: the data of a call or a transaction. Nothing to free but out. */

/* no argument: "lastInitializedRound()", "initializeRound()", .. */
void lp_contracts_put_plain(lp_buf_t *out, const char *signature);
/* one address or two: "getSenderInfo(address)", "claimableReserve(address,
   address)"; second may be NULL */
void lp_contracts_put_of(lp_buf_t *out, const char *signature,
    const lp_address_t *first, const lp_address_t *second);
/* one word: "blockHashForRound(uint256)", "unbond(uint256)" */
void lp_contracts_put_u256(lp_buf_t *out, const char *signature,
    const lp_u256_t *v);
/* an address and a word: "pendingFees(address,uint256)",
   "withdrawFees(address,uint256)" */
void lp_contracts_put_of_u256(lp_buf_t *out, const char *signature,
    const lp_address_t *a, const lp_u256_t *v);
/* a word and an address: "bond(uint256,address)" */
void lp_contracts_put_u256_of(lp_buf_t *out, const char *signature,
    const lp_u256_t *v, const lp_address_t *a);
/* one hash: "getContract(bytes32)", "usedTickets(bytes32)" */
void lp_contracts_put_hash(lp_buf_t *out, const char *signature,
    const lp_hash_t *h);
/* one string: "setServiceURI(string)" */
void lp_contracts_put_text(lp_buf_t *out, const char *signature,
    const char *text);
/* two words: "transcoder(uint256,uint256)",
   "fundDepositAndReserve(uint256,uint256)" */
void lp_contracts_put_two(lp_buf_t *out, const char *signature,
    const lp_u256_t *a, const lp_u256_t *b);
/* "setServices(bytes32[],address[])", verifiers NULL: zero ones */
void lp_contracts_put_services(lp_buf_t *out, const lp_hash_t *ids,
    const lp_address_t *verifiers, size_t n);
void lp_contracts_put_locations(lp_buf_t *out, const lp_hash_t *tags,
    size_t n);
/* batchRedeemWinningTickets: n calls of redeemWinningTicket in one, each
   given as lp_ticket_put_redeem's data of 548 bytes */
lp_status_t lp_contracts_put_batch(lp_buf_t *out,
    const uint8_t *const *redeems, size_t n);


/* Results */

typedef struct {
    lp_u256_t     deposit;
    uint64_t      withdraw_round;                  /* 0: locked */
    lp_u256_t     reserve;                         /* fundsRemaining */
    lp_u256_t     claimed;                         /* of all, this round */
} lp_sender_info_t;

typedef struct {
    uint64_t      last_reward_round, activation_round, deactivation_round;
    uint64_t      last_fee_round;
    lp_u256_t     reward_cut, fee_share;           /* PERC, 1e6 */
    lp_u256_t     active_cumulative_rewards, cumulative_rewards;
    lp_u256_t     cumulative_fees;
} lp_transcoder_t;

typedef struct {
    lp_u256_t     total_stake, reward_cut, fee_share;
    lp_u256_t     cumulative_reward_factor, cumulative_fee_factor;
} lp_earnings_t;

typedef struct {
    lp_u256_t     bonded, fees, delegated;
    lp_address_t  delegate;
    uint64_t      start_round, last_claim_round, next_lock;
} lp_delegator_t;

/* an unbonding lock; not valid when withdraw_round is 0 */
typedef struct {
    lp_u256_t     amount;
    uint64_t      withdraw_round;
} lp_lock_t;

/*
 * Static results: LP_MALFORMED unless data is exactly their words. A round
 * that stands for "never" becomes UINT64_MAX.
 */
lp_status_t lp_contracts_get_sender_info(lp_sender_info_t *i,
    const uint8_t *data, size_t len);
lp_status_t lp_contracts_get_transcoder(lp_transcoder_t *t,
    const uint8_t *data, size_t len);
lp_status_t lp_contracts_get_earnings(lp_earnings_t *e, const uint8_t *data,
    size_t len);
lp_status_t lp_contracts_get_delegator(lp_delegator_t *d,
    const uint8_t *data, size_t len);
lp_status_t lp_contracts_get_lock(lp_lock_t *l, const uint8_t *data,
    size_t len);
/* the first array of hashes: getServices, getLocations; LP_LIMIT: over max */
lp_status_t lp_contracts_get_hashes(lp_hash_t *hashes, size_t max, size_t *n,
    const uint8_t *data, size_t len);
/* text with a NUL, cut by no one: LP_LIMIT when it does not fit */
lp_status_t lp_contracts_get_text(char *out, size_t size,
    const uint8_t *data, size_t len);
/* one word */
lp_status_t lp_contracts_get_u256(lp_u256_t *v, const uint8_t *data,
    size_t len);
lp_status_t lp_contracts_get_u64(uint64_t *v, const uint8_t *data,
    size_t len);
lp_status_t lp_contracts_get_address(lp_address_t *a, const uint8_t *data,
    size_t len);
lp_status_t lp_contracts_get_hash(lp_hash_t *h, const uint8_t *data,
    size_t len);
lp_status_t lp_contracts_get_bool(int *v, const uint8_t *data, size_t len);


/* Events: enum, signature as the topic is made of it */
#define LP_EVENT_MAP(XX)                                                      \
    XX(LP_EVENT_NEW_ROUND,      "NewRound(uint256,bytes32)")                  \
    XX(LP_EVENT_DEPOSIT,        "DepositFunded(address,uint256)")             \
    XX(LP_EVENT_RESERVE,        "ReserveFunded(address,uint256)")             \
    XX(LP_EVENT_CLAIMED,        "ReserveClaimed(address,address,uint256)")    \
    XX(LP_EVENT_UNLOCK,         "Unlock(address,uint256,uint256)")            \
    XX(LP_EVENT_UNLOCK_CANCEL,  "UnlockCancelled(address)")                   \
    XX(LP_EVENT_WITHDRAWAL,     "Withdrawal(address,uint256,uint256)")        \
    XX(LP_EVENT_TRANSFER,       "WinningTicketTransfer(address,address,uint256)") \
    XX(LP_EVENT_REDEEMED,       "WinningTicketRedeemed(address,address,uint256,uint256,uint256,uint256,bytes)") \
    XX(LP_EVENT_ACTIVATED,      "TranscoderActivated(address,uint256)")       \
    XX(LP_EVENT_DEACTIVATED,    "TranscoderDeactivated(address,uint256)")     \
    XX(LP_EVENT_SERVICE_URI,    "ServiceURIUpdate(address,string)")           \
    XX(LP_EVENT_REWARD,         "Reward(address,uint256)")                    \
    XX(LP_EVENT_UPDATE,         "TranscoderUpdate(address,uint256,uint256)")  \
    XX(LP_EVENT_CONTRACT,       "SetContractInfo(bytes32,address,bytes20)")   \
    XX(LP_EVENT_PAUSE,          "Pause()")                                    \
    XX(LP_EVENT_UNPAUSE,        "Unpause()")

#define LP_EVENT_ENUM(name, signature)  name,

typedef enum {
    LP_EVENT_MAP(LP_EVENT_ENUM)
    LP_NEVENTS                                     /* none of them */
} lp_event_e;

#undef LP_EVENT_ENUM

/* one event as plain values; fields an event lacks are zero */
typedef struct {
    lp_event_e    what;
    lp_address_t  first, second;                   /* addresses in order */
    lp_u256_t     words[4];                        /* other words in order */
    lp_hash_t     hash;                            /* NewRound: block hash;
                                                      SetContractInfo: id */
    const char   *text;                            /* ServiceURIUpdate, with
                                                      text_len; not a string */
    size_t        text_len;
} lp_event_t;

void lp_event_topic(lp_hash_t *topic, lp_event_e what);

/*
 * A log as rpc.h gives it. LP_OK with what LP_NEVENTS: not one of ours;
 * LP_MALFORMED: too few topics or too short data.
 */
lp_status_t lp_event_read(lp_event_t *e, const lp_rpc_log_t *log,
    const lp_rpc_logs_t *logs);


/* What a revert means for a redemption (T-77) */
typedef enum {
    LP_REVERT_RETRY,             /* not initialised, paused, gas, panics,
                                    funds, anything unknown */
    LP_REVERT_DONE,              /* "ticket is used": confirm by event */
    LP_REVERT_DEAD               /* expired, no block hash, bad signature, did
                                    not win: alarm */
} lp_revert_e;

lp_revert_e lp_revert_class(const char *reason);


#endif /* LP_CONTRACTS_H */
