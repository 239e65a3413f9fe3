/*
 * Tickets in, credit; pixels out, debit. Prices and ticket parameters are
 * offered here, a payment is judged in the order of threats.md 3.1, a winner
 * is durable before its credit exists (4.2), and credit is held for work
 * before its body is read (T-13). Credit is kept by sender and token, debt by
 * sender. Source: wire.md 4.6, 7; threats.md 2.1.
 */
#ifndef ORCH_PAYMENTS_H
#define ORCH_PAYMENTS_H


#include "common/net/wire.h"
#include "common/pm/balance.h"
#include "orchestrator/store.h"
#include "orchestrator/token.h"
#include "orchestrator/watcher.h"


typedef struct orch_payments_s  orch_payments_t;

typedef struct {
    const orch_conf_t  *conf;
    orch_loop_t        *loop;
    const lp_log_t     *log;
    const lp_keys_t    *keys;
    orch_watcher_t     *watcher;
    orch_store_t       *store;
    lp_address_t        recipient;
} orch_payments_conf_t;

/*
 * A refusal is a fixed sentence that any peer knows how to read (wire.md 4.6,
 * 7.5), and for those who know of it a header besides, Livepeer-Error:
 *
 *   LowPMBalance               the credit does not cover the segment: pay
 *   TicketParamsExpired        ask for fresh parameters, then pay
 *   InsufficientSenderReserve  no reserve of the sender covers a ticket
 *   SenderUnlocking            the sender's deposit is about to be withdrawn
 *   PriceMismatch              not the price that the session began with
 *   PaymentReplayed            a ticket that was seen before
 */
#define ORCH_PAYMENTS_ERROR  "livepeer-error"

/* one payment under way; zeroed, the owner's */
typedef struct {
    orch_timer_t       *wake;
    int                 http_status;     /* of a refusal */
    const char         *text;            /* fixed: wire.md 7.5, 4.6 */
    const char         *error;           /* of the header, or NULL */
    unsigned            state;
    size_t              next;            /* ticket */
    lp_money_t          credit;
    orch_winner_t      *winners;
    size_t              nwinners;
    lp_u256_t           judged;          /* their face values, until the store
                                            has them */
    orch_op_t           op;
    orch_sender_t       sender;          /* what the chain says of it */
    lp_params_t         params;
    lp_u256_t           rand;            /* secret until revealed */
    unsigned            refusal;
    void               *payer;
    void               *payments;
} orch_payment_t;

typedef struct {
    uint64_t   tickets, refused, winners;
    lp_money_t ev;                       /* of all credited */
    lp_money_t debited;
    uint64_t   unpaid_pixels;            /* delivered beyond credit */
    int64_t    z_milli;                  /* T-15, of all senders */
} orch_payments_sums_t;


/* NULL: the log says why */
orch_payments_t *orch_payments_create(const orch_payments_conf_t *conf);
void orch_payments_destroy(orch_payments_t **p);

/* "1200", "3/2", "0.05USD/Mpx", "0.00000005USD/px"; LP_MALFORMED */
lp_status_t orch_payments_parse_price(const char *text, size_t len);

/*
 * The price for a sender: --price-per-pixel or USD, --price-sender, with the
 * overhead adjustment of wire.md 3.5; truncated to 1/1000 wei. LP_MISSING:
 * the price in USD is not known yet.
 */
lp_status_t orch_payments_price(orch_payments_t *p, lp_price_t *price,
    const lp_address_t *sender);

/*
 * Ticket parameters at a price. LP_AGAIN: the sender is being read, wake
 * comes; otherwise *text is the fixed sentence for the peer
 * ("insufficient sender reserve", ..).
 */
lp_status_t orch_payments_offer(orch_payments_t *p, lp_params_t *params,
    const lp_address_t *sender, const lp_price_t *price, const char *peer,
    orch_timer_t *wake, const char **text);

/* the wake of an offer goes away */
void orch_payments_forget(orch_payments_t *p, orch_timer_t *wake);

/* the Livepeer-Error of a fixed sentence; NULL: it has none */
const char *orch_payments_error(const char *text);

/* the HTTP status that goes with a fixed sentence */
int orch_payments_status(const char *text);

/*
 * Judge what came with a request whose token was opened and whose segment
 * signature (if any) is good. LP_OK: credited, and durable; LP_AGAIN: wake
 * comes, call again; otherwise http_status and text are the answer.
 */
lp_status_t orch_payments_take(orch_payments_t *p, orch_payment_t *pay,
    const orch_token_t *token, const lp_wire_payment_t *payment,
    const char *peer, orch_timer_t *wake);

/* the request goes away; winners under way are stored all the same */
void orch_payments_drop(orch_payment_t *pay);

/*
 * Reserve the most that a segment can cost: profiles * fps (0: 60) *
 * duration. LP_LIMIT: "Insufficient balance"; LP_BUSY: the sender failed too
 * often and is paused (T-14).
 */
lp_status_t orch_payments_hold(orch_payments_t *p, lp_hold_t *hold,
    const orch_token_t *token, const lp_wire_seg_data_t *seg);

/*
 * Pixels delivered (0: nothing) at the token's price; ends the hold. outcome:
 * LP_OK, or why there is nothing. What is the segment's fault, LP_MISMATCH
 * (its hash), LP_MALFORMED (the upload broke off) and LP_BUDGET (more work
 * than is paid for) count against the sender.
 */
void orch_payments_settle(orch_payments_t *p, lp_hold_t *hold,
    const orch_token_t *token, uint64_t pixels, lp_status_t outcome);

void orch_payments_sums(const orch_payments_t *p, orch_payments_sums_t *s);

/* is so much input more than what so many billed pixels pay for (T-14) */
int orch_payments_unpriced(const orch_payments_t *p, uint64_t decoded_pixels,
    uint64_t billed_pixels, uint32_t duration_ms);

/* the "money" member of the status page: {"money":{..}}'s value */
void orch_payments_put_json(orch_payments_t *p, lp_buf_t *out);

/* Prometheus text */
void orch_payments_put_metrics(orch_payments_t *p, lp_buf_t *out);


#endif /* ORCH_PAYMENTS_H */
