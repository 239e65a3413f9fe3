/*
 * What is asked of the signer, as bytes and back: a small typed protocol on
 * a unix socket, pipelined, answered in order. There is no call that signs
 * bytes: every preimage is built by the signer from these fields (T-35,
 * T-36). No I/O here, so nginx, libevent and a command line share it.
 *
 *   frame   length 4 (of what follows) | kind 1 | id 4 | body
 *   answer  length 4 | status 1 (lp_sign_refusal_e) | id 4 | body
 *
 * Integers are big endian, U256 are 32 bytes, text is length 1 and bytes.
 */
#ifndef LP_SIGN_PROTOCOL_H
#define LP_SIGN_PROTOCOL_H


#include "common/eth/tx.h"
#include "common/media/profile.h"
#include "common/net/wire.h"
#include "common/pm/params.h"


#define LP_SIGN_VERSION      1
#define LP_SIGN_HEAD         9                     /* bytes before a body */
#define LP_SIGN_FRAME_MAX    (128 * 1024)          /* a transaction's data */
#define LP_SIGN_TICKETS_MAX  300                   /* of one batch */
#define LP_SIGN_MANIFEST_MAX 64


/* kind, the option of --allow that lets it pass */
typedef enum {
    LP_SIGN_HELLO = 1,           /* who are you; what is left of the budgets */
    LP_SIGN_REQUEST,             /* OrchestratorRequest.sig */
    LP_SIGN_SEGMENT,             /* SegData.sig */
    LP_SIGN_TICKETS,             /* a batch on one commitment */
    LP_SIGN_RESULT,              /* TranscodeData.sig */
    LP_SIGN_PING,                /* 32 bytes the signer draws, and their sig */
    LP_SIGN_RECEIPT,             /* contracts.md 4.3, EIP-712 */
    LP_SIGN_TX                   /* a transaction that the policy allows */
} lp_sign_kind_e;


/* the answers: the enum, the label of a metric, the operator's sentence */
#define LP_SIGN_REFUSAL_MAP(XX)                                               \
    XX(LP_SIGN_OK,         "ok",         "signed")                            \
    XX(LP_SIGN_MALFORMED,  "malformed",  "the request is malformed")          \
    XX(LP_SIGN_ROLE,       "role",                                            \
       "the signer was not started for this kind of request")                 \
    XX(LP_SIGN_MANIFEST,   "manifest",   "the manifest id is not allowed")    \
    XX(LP_SIGN_FACE_VALUE, "face_value",                                      \
       "the face value is over --max-face-value")                             \
    XX(LP_SIGN_TICKET_EV,  "ticket_ev",                                       \
       "a ticket's value is over --max-ticket-ev")                            \
    XX(LP_SIGN_TICKET,     "ticket",                                          \
       "the ticket could never be redeemed: no round, or no chance")          \
    XX(LP_SIGN_NONCE,      "nonce",                                           \
       "these nonces of the commitment were signed before")                   \
    XX(LP_SIGN_RECIPIENT,  "recipient",                                       \
       "the recipient is not in the list of active orchestrators")            \
    XX(LP_SIGN_RECIPIENT_HOUR, "recipient_hour",                              \
       "the recipient's budget of this hour is used up")                      \
    XX(LP_SIGN_STREAM,     "stream",     "the stream's budget is used up")    \
    XX(LP_SIGN_DAY,        "day",        "the day's budget is used up")       \
    XX(LP_SIGN_JOURNAL,    "journal",                                         \
       "the journal of budgets cannot be written")                            \
    XX(LP_SIGN_CHAIN,      "chain",                                           \
       "the transaction is for another chain")                                \
    XX(LP_SIGN_CONTRACT,   "contract",                                        \
       "the transaction calls an address or a function that is not allowed")  \
    XX(LP_SIGN_VALUE,      "value",      "the ETH sent is over --max-value")  \
    XX(LP_SIGN_GAS,        "gas",                                             \
       "the gas is over --max-gas-fee, or the day's --gas-budget is used up") \
    XX(LP_SIGN_INTERNAL,   "internal",   "the signer failed")

#define LP_SIGN_REFUSAL_ENUM(name, label, text)  name,

typedef enum {
    LP_SIGN_REFUSAL_MAP(LP_SIGN_REFUSAL_ENUM)
    LP_SIGN_NREFUSALS
} lp_sign_refusal_e;

#undef LP_SIGN_REFUSAL_ENUM


/* SegData.sig: manifest | BE32(seq) | hash | ids of names, wire.md 4.2 */
typedef struct {
    char          manifest[LP_SIGN_MANIFEST_MAX + 1];
    uint64_t      seq;
    lp_hash_t     hash;
    char          names[LP_PROFILE_MAX][LP_PROFILE_NAME_MAX + 1];
    uint32_t      nnames;                         /* 1 .. LP_PROFILE_MAX */
} lp_sign_segment_t;

/* n tickets with the nonces first_nonce, first_nonce + 1, .. */
typedef struct {
    uint8_t       stream[16];                     /* whose budget is used */
    lp_address_t  recipient;
    lp_u256_t     face_value;
    lp_u256_t     win_prob;
    lp_hash_t     rand_hash;
    uint64_t      round;
    lp_hash_t     round_hash;
    uint32_t      first_nonce;
    uint32_t      n;                              /* 1 .. TICKETS_MAX */
} lp_sign_tickets_t;

/* keccaks of the renditions that the orchestrator computed itself */
typedef struct {
    lp_hash_t     hashes[LP_PROFILE_MAX];
    uint32_t      n;
} lp_sign_result_t;

typedef struct {
    lp_address_t  broadcaster, orchestrator, verifier;
    lp_hash_t     manifest_hash, source_hash, profiles_hash, result_hash;
    lp_hash_t     service_id;
    uint64_t      seq, round;
    lp_address_t  fault_verifier;                 /* of the domain */
} lp_sign_receipt_t;

typedef struct {
    lp_sign_kind_e         kind;
    uint32_t               id;                    /* comes back as it is */
    union {
        lp_sign_segment_t  segment;
        lp_sign_tickets_t  tickets;
        lp_sign_result_t   result;
        lp_sign_receipt_t  receipt;
        lp_tx_t            tx;                    /* data is borrowed */
    };
} lp_sign_request_t;


/* what is left, whole wei; all ones: no limit */
typedef struct {
    lp_address_t  address;
    uint64_t      chain_id;                       /* 0: off chain */
    uint32_t      kinds;                          /* bit 1 << kind: allowed */
    lp_u256_t     max_face_value, max_ticket_ev;
    lp_u256_t     day_budget, day_spent;
    lp_u256_t     stream_budget, recipient_budget;
    uint32_t      recipients;                     /* in the list; 0: no list */
    uint64_t      tickets;                        /* signed since the start */
} lp_sign_hello_t;

/* sigs and raw point into the frame that was decoded */
typedef struct {
    lp_sign_refusal_e  refusal;
    uint32_t           id;
    lp_sign_hello_t    hello;
    lp_sig_t           sig;                       /* one signature */
    uint8_t            ping[32];
    const uint8_t     *sigs;                      /* of tickets, 65 bytes each */
    uint32_t           nsigs;
    const uint8_t     *raw;                       /* of a transaction */
    size_t             raw_len;
    lp_hash_t          tx_hash;
} lp_sign_reply_t;


/* one frame appended */
void lp_sign_encode_request(lp_buf_t *out, const lp_sign_request_t *r);

/* LP_AGAIN: the frame is not whole; *whole: its bytes. LP_LIMIT, LP_MALFORMED:
   the connection is of no use any more */
lp_status_t lp_sign_decode_request(lp_sign_request_t *r, size_t *whole,
    const uint8_t *data, size_t len);

/* kind: of the request it answers; a refusal has no body */
void lp_sign_encode_reply(lp_buf_t *out, lp_sign_kind_e kind,
    const lp_sign_reply_t *r);

/* LP_AGAIN as above; the kind of request id is asked of the caller */
lp_status_t lp_sign_reply_id(uint32_t *id, size_t *whole,
    const uint8_t *data, size_t len);
lp_status_t lp_sign_decode_reply(lp_sign_reply_t *r, lp_sign_kind_e kind,
    const uint8_t *data, size_t len);

const char *lp_sign_text(lp_sign_refusal_e refusal);
const char *lp_sign_label(lp_sign_refusal_e refusal);


#endif /* LP_SIGN_PROTOCOL_H */
