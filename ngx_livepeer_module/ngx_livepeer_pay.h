/*
 * What a session costs: its offer judged, a bill for each attempt of a
 * segment, tickets in the number that the balance asks for, and the balance
 * settled by pixels that were verified. Nothing is signed that was not judged
 * just before. Source: wire.md 4.4, 4.5, 7.6; threats.md T-21..T-25, T-32..34.
 */
#ifndef NGX_LIVEPEER_PAY_H
#define NGX_LIVEPEER_PAY_H


#include "common/pm/balance.h"
#include "common/pm/sender.h"
#include "ngx_livepeer_module/ngx_livepeer.h"
#include "ngx_livepeer_module/ngx_livepeer_ask.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"


#define NGX_LIVEPEER_PAY_NONCES  16
#define NGX_LIVEPEER_PAY_REST    (60 * 1000)         /* ms, of a session */
#define NGX_LIVEPEER_PAY_RESTS   (10 * 60 * 1000)    /* at most */
#define NGX_LIVEPEER_TOKEN_MAX   1024                /* bytes of each part */


/* the next nonce of a commitment: none is ever given twice */
typedef struct {
    lp_hash_t            rand_hash;
    uint32_t             next;
} ngx_livepeer_nonce_t;

/* of a session: what it offers, and how we stand */
typedef struct {
    lp_params_t          params;
    lp_price_t           price;                  /* named with params */
    lp_price_t           first;                  /* at the session's start */
    lp_balance_t         balance;
    ngx_msec_t           touched;                /* the balance, last */
    ngx_msec_t           rest;                   /* not before: our budget for
                                                    the recipient, or it finds
                                                    the source unusable */
    ngx_uint_t           accused;                /* the source, in a row */
    ngx_livepeer_nonce_t nonces[NGX_LIVEPEER_PAY_NONCES];
    ngx_uint_t           nnonces;
    ngx_uint_t           lags;                   /* offers in a row that our
                                                    view of the chain may be
                                                    too old for */
    unsigned             offered:1;              /* params and price are set */
    unsigned             lag:1;                  /* the last one was such */
} ngx_livepeer_account_t;

/* of one attempt */
struct ngx_livepeer_bill_s {
    ngx_livepeer_seg_t  *seg;
    ngx_livepeer_account_t  *account;
    lp_hold_t            hold;
    lp_params_t          params;                 /* the tickets' */
    lp_price_t           price;
    lp_money_t           ev;                     /* of all tickets */
    uint32_t             ntickets;
    lp_wire_sender_params_t *tickets;
    lp_sig_t             sig;                    /* SegData.sig */
    ngx_livepeer_ask_t   ask_segment, ask_tickets;
    lp_sign_refusal_e    refusal;                /* the first one */
    unsigned             silent:1;               /* the signer did not answer */
    unsigned             counted:1;              /* in the ledger */
    unsigned             shown:1;                /* in the rows */
};


/*
 * An offer, from GetOrchestrator or a result, becomes that of s. NULL, or a
 * sentence that says why not; s keeps what it had then. lag is set when the
 * fault may be our own view of the chain.
 */
const char *ngx_livepeer_pay_take(ngx_livepeer_session_t *s,
    const lp_wire_orch_info_t *info);

/* 1: the address may sign results for s (T-24) */
ngx_uint_t ngx_livepeer_pay_signer_ok(ngx_livepeer_session_t *s,
    const lp_wire_orch_info_t *info);

/*
 * The held session's bill for data, whose signature comes with it. Run again
 * after each wake: NGX_AGAIN: the signer will wake the seg; NGX_OK: all is
 * signed, data->sig too; NGX_DECLINED, NGX_ERROR: seg->reason says why not,
 * by the session or for everybody.
 */
ngx_int_t ngx_livepeer_pay_sign(ngx_livepeer_seg_t *seg,
    lp_wire_seg_data_t *data);

/* what the Livepeer-Payment header says; tickets are the bill's */
void ngx_livepeer_pay_payment(ngx_livepeer_seg_t *seg, lp_wire_payment_t *p);

/*
 * The payment was refused, call is done: seg->anew is set when a session made
 * anew may help, at most once a segment and once in ten minutes (T-22).
 */
void ngx_livepeer_pay_refused(ngx_livepeer_seg_t *seg);

/*
 * The source is said to be bad: no fault yet, but nothing was delivered, and
 * a stream does not pay for that again and again. From the second time in a
 * row on its session rests for 1 min, doubled to 10 min (T-28).
 */
void ngx_livepeer_pay_accused(ngx_livepeer_seg_t *seg);

/* verified: the balance is debited, the result's offer taken. NGX_DECLINED:
   the session drifts too much to go on; the segment is good all the same */
ngx_int_t ngx_livepeer_pay_settle(ngx_livepeer_seg_t *seg);

/* the attempt is over, however: what left is spent, the rest is put back */
void ngx_livepeer_pay_drop(ngx_livepeer_seg_t *seg);

/* credit with a session that is made anew, or that failed, is gone */
void ngx_livepeer_pay_forfeit(ngx_livepeer_account_t *a);


#endif /* NGX_LIVEPEER_PAY_H */
