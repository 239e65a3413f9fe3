/*
 * What the files of payments share; nobody else includes it. A payer is a
 * sender that has proven its address; its credits are kept by token.
 */
#ifndef ORCH_PAYMENTS_PARTS_H
#define ORCH_PAYMENTS_PARTS_H


#include "orchestrator/limit.h"
#include "orchestrator/payments.h"


#define ORCH_PAYERS_BUCKETS  4096


/* each way to refuse: http status, sentence, Livepeer-Error, metric label */
#define ORCH_REFUSALS_MAP(XX)                                                 \
    XX(refuse_nothing,     200, "",                                           \
       NULL, "none")                                                          \
    XX(refuse_store,       503, "Service Unavailable",                        \
       NULL, "store")                                                         \
    XX(refuse_chain,       503, "Service Unavailable",                        \
       NULL, "chain")                                                         \
    XX(refuse_busy,        503, "Service Unavailable",                        \
       NULL, "budget")                                                        \
    XX(refuse_shape,       400, "invalid payment",                            \
       NULL, "malformed")                                                     \
    XX(refuse_sender,      400, "invalid ticket sender",                      \
       NULL, "sender")                                                        \
    XX(refuse_no_price,    400, "invalid expected price sent with payment "   \
       "err=\"expected price is nil\"",                                       \
       "PriceMismatch", "price_missing")                                      \
    XX(refuse_no_pixels,   400, "invalid expected price sent with payment "   \
       "err=\"pixels per unit is 0\"",                                        \
       "PriceMismatch", "price_pixels")                                       \
    XX(refuse_price,       400, "invalid expected price sent with payment",   \
       "PriceMismatch", "price")                                              \
    XX(refuse_inactive,    400, "orchestrator is inactive, cannot process "   \
       "payments",                                                            \
       NULL, "inactive")                                                      \
    XX(refuse_recipient,   400, "invalid ticket recipient",                   \
       NULL, "recipient")                                                     \
    XX(refuse_rand,        400, "invalid recipientRand for ticket "           \
       "recipientRandHash",                                                   \
       NULL, "rand")                                                          \
    XX(refuse_expired,     400, "TicketParams expired",                       \
       "TicketParamsExpired", "expired")                                      \
    XX(refuse_unlocking,   400, "deposit and reserve for sender is set to "   \
       "unlock soon",                                                         \
       "SenderUnlocking", "unlocking")                                        \
    XX(refuse_reserve,     400, "insufficient sender reserve",                \
       "InsufficientSenderReserve", "reserve")                                \
    XX(refuse_signature,   400, "invalid ticket signature",                   \
       NULL, "signature")                                                     \
    XX(refuse_replayed,    400, "invalid ticket senderNonce: already seen",   \
       "PaymentReplayed", "replayed")                                         \
    XX(refuse_nonces,      400, "invalid ticket senderNonce: too many "       \
       "values",                                                              \
       NULL, "nonces")                                                        \
    XX(refuse_balance,     400, "Insufficient balance",                       \
       "LowPMBalance", "balance")                                             \
    XX(refuse_paused,      503, "sender is paused",                           \
       NULL, "paused")                                                        \
    XX(refuse_lottery,     503, "sender is refused",                          \
       NULL, "lottery")

#define ORCH_REFUSALS_ENUM(name, status, text, error, label)  name,

typedef enum {
    ORCH_REFUSALS_MAP(ORCH_REFUSALS_ENUM)
    ORCH_NREFUSALS
} orch_refusal_e;

#undef ORCH_REFUSALS_ENUM

typedef struct {
    int          status;
    const char  *text;
    const char  *error;
    const char  *label;
} orch_refusal_t;

extern const orch_refusal_t  orch_refusals[ORCH_NREFUSALS];


/* wins against their probability, T-15: statistics, not money */
typedef struct {
    uint64_t  wins;
    double    expected;                  /* sum of p */
    double    variance;                  /* sum of p (1 - p) */
} orch_lottery_t;

typedef struct orch_credit_s  orch_credit_t;

struct orch_credit_s {
    uint8_t          session[ORCH_TOKEN_ID / 2];
    lp_balance_t     balance;
    unsigned         holds;
    uint64_t         used_ms;
    orch_credit_t   *next;
};

typedef struct orch_payer_s  orch_payer_t;

struct orch_payer_s {
    lp_address_t     address;
    orch_credit_t   *credits;
    unsigned         ncredits;
    unsigned         uses;               /* payments under way */
    lp_u256_t        judged;             /* face values of winners in them
                                            that the store has not yet */
    lp_money_t       debt;               /* >= 0; newer credit pays it */
    uint64_t         debt_ms;
    lp_money_t       largest;            /* cost of a segment */
    uint64_t         used_ms;
    uint64_t         tickets;            /* credited ... */
    lp_money_t       ev;                 /* ... and what they were worth */
    uint8_t          good;               /* has paid */
    uint8_t          stopped;            /* T-15: gets no parameters */
    uint8_t          failures;           /* since failures_ms */
    uint64_t         failures_ms;
    uint64_t         pause_ms;           /* how long the last pause was */
    uint64_t         paused_until_ms;
    orch_rate_t      recovers;
    uint64_t         era;                /* of L1 blocks: commitments opened
                                            in it and in the one before */
    uint32_t         opened, opened_before;
    orch_lottery_t   lottery;
    orch_payer_t    *next;               /* in a bucket */
    orch_payer_t    *newer, *older;      /* by last use */
};

/* the operator's price: exact in wei, or USD with 18 decimals */
typedef struct {
    lp_price_t  wei;
    lp_u256_t   usd;                     /* for pixels; zero: wei */
    uint64_t    pixels;
} orch_price_t;

typedef struct {
    lp_address_t  sender;
    orch_price_t  price;
} orch_price_sender_t;

struct orch_payments_s {
    orch_payments_conf_t   conf;
    lp_recipient_t        *recipient;
    orch_price_t           price;
    orch_price_sender_t   *prices;       /* sorted by sender */
    size_t                 nprices;
    uint64_t               seed;         /* of the buckets */
    orch_payer_t          *payers[ORCH_PAYERS_BUCKETS];
    orch_payer_t          *newest, *oldest;
    size_t                 npayers;
    uint64_t               l1_high;      /* the highest ever seen: a reorg
                                            revives nothing (T-04) */
    orch_rate_t            recovers;
    orch_lottery_t         lottery;
    uint8_t                alarmed;
    orch_payments_sums_t   sums;
    uint64_t               refused[ORCH_NREFUSALS];
    orch_timer_t           sweep;
};


/* payments_price.c */
int orch_price_open(orch_payments_t *p);
void orch_price_close(orch_payments_t *p);

/* the gas price that parameters are made for: never under the hour's average
   or the operator's minimum (T-10) */
lp_u256_t orch_price_gas(const orch_payments_t *p);


/* payments_payer.c */
orch_payer_t *orch_payer_find(orch_payments_t *p, const lp_address_t *a);

/* NULL: all places are taken by senders that have credit or debt */
orch_payer_t *orch_payer_get(orch_payments_t *p, const lp_address_t *a);
orch_credit_t *orch_payer_credit(orch_payments_t *p, orch_payer_t *payer,
    const orch_token_t *token, int create);

/* credit first pays what the sender owes */
lp_status_t orch_payer_pay(orch_payments_t *p, orch_payer_t *payer,
    orch_credit_t *c, const lp_money_t *amount);

/* what is under zero in a credit is the sender's debt */
void orch_payer_owe(orch_payments_t *p, orch_payer_t *payer,
    orch_credit_t *c, const lp_price_t *price);

/*
 * One failure that is the sender's, now_ms by the loop. The fifth in a minute
 * is a pause of a minute, each further pause is twice as long, an hour at
 * most; when none was for an hour, the next is a minute again (T-14).
 */
void orch_payer_fail(orch_payments_t *p, orch_payer_t *payer,
    uint64_t now_ms);
int orch_payer_paused(const orch_payer_t *payer, uint64_t now_ms);

/* deviations from what chance would have it, in thousandths */
int64_t orch_payer_z_milli(const orch_lottery_t *l);

/* one ticket's fate; logs and stops a sender when it cannot be chance */
void orch_payer_drew(orch_payments_t *p, orch_payer_t *payer,
    const lp_u256_t *win_prob, int won);

void orch_payer_sweep(orch_payments_t *p, uint64_t now_ms);
void orch_payer_free_all(orch_payments_t *p);


/* payments_offer.c */

/*
 * The most that a ticket of this sender may be worth (T-08): its share of
 * the reserve, and winners not paid yet beyond it at most max_unsecured.
 * payer: of the sender, or NULL.
 */
lp_status_t orch_offer_float(orch_payments_t *p, lp_u256_t *max,
    const orch_sender_t *s, const lp_address_t *sender,
    const orch_payer_t *payer);

/* refuse_nothing, or why no payment of this sender can be taken now */
orch_refusal_e orch_offer_judge_sender(const orch_payments_t *p,
    const orch_sender_t *s);


#endif /* ORCH_PAYMENTS_PARTS_H */
