/*
 * One payment: what is cheap is judged first, then who sends it, then its
 * tickets in order until the first bad one; winners are stored before
 * anything is credited (threats.md 3.1 steps 8 to 12, 4.2).
 *
 *   shape -> sender -> tickets -> store -> credit -> done
 *     \--------\----------\---------\----> refused, with its cause
 */

#include <stdlib.h>
#include <string.h>

#include "common/util/failpoint.h"
#include "orchestrator/payments_parts.h"


#define ORCH_TAKE_SLICE        32      /* tickets at a time: 2 ms */
#define ORCH_TAKE_COMMITMENTS  4096    /* of a sender in two eras .. */
#define ORCH_TAKE_ERA          (2 * LP_PARAMS_LIFE_BLOCKS)


typedef enum {
    take_shape,
    take_sender,
    take_tickets,
    take_store,
    take_credit,
    take_done
} orch_take_e;


typedef struct {
    orch_payments_t          *p;
    orch_payment_t           *pay;
    const orch_token_t       *token;
    const lp_wire_payment_t  *in;
    const char               *peer;
} orch_take_t;


static lp_status_t
orch_take_refuse(orch_payments_t *p, orch_payment_t *pay, orch_refusal_e why)
{
    const orch_refusal_t  *r = &orch_refusals[why];

    pay->http_status = r->status;
    pay->text = r->text;
    pay->error = r->error;
    p->refused[why]++;
    p->sums.refused++;

    return r->status == 503 ? LP_BUSY : LP_LIMIT;
}


static uint64_t
orch_take_block(orch_payments_t *p)
{
    uint64_t  block = orch_watcher_facts(p->conf.watcher)->l1_block;

    if (block > p->l1_high) {
        p->l1_high = block;
    }

    return p->l1_high;
}


/* --- step 8: shape */

/* what the request says it pays must be what we said it costs (T-07, I6) */

static orch_refusal_e
orch_take_judge_price(const orch_take_t *t)
{
    lp_price_t  ours, theirs;

    if (!t->in->has_price) {
        return t->token->price.num ? refuse_no_price : refuse_nothing;
    }

    if (t->in->price.den == 0) {
        return refuse_no_pixels;
    }

    ours.num = t->token->price.num;
    ours.den = t->token->price.den;
    theirs.num = t->in->price.num;
    theirs.den = t->in->price.den;

    if (lp_price_reduce(&theirs) != LP_OK || lp_price_reduce(&ours) != LP_OK) {
        return refuse_price;
    }

    return theirs.num == ours.num && theirs.den == ours.den ? refuse_nothing
                                                            : refuse_price;
}


static int
orch_take_same_expiration(const lp_wire_expiration_t *a,
    const lp_wire_expiration_t *b)
{
    return a->round == b->round
           && memcmp(a->block_hash.b, b->block_hash.b, 32) == 0;
}


/* fixed widths or nothing (T-02) */

static orch_refusal_e
orch_take_params(const orch_take_t *t, lp_params_t *params)
{
    const lp_wire_ticket_params_t  *in = &t->in->params;
    const lp_wire_expiration_t     *exp = &t->in->expiration;

    if (!t->in->has_expiration || exp->round < 0
        || (in->has_expiration
            && !orch_take_same_expiration(exp, &in->expiration))
        || in->expiration_block.w[1] | in->expiration_block.w[2]
           | in->expiration_block.w[3])
    {
        return refuse_shape;
    }

    memset(params, 0, sizeof(lp_params_t));
    params->recipient = in->recipient;
    params->face_value = in->face_value;
    params->win_prob = in->win_prob;
    params->rand_hash = in->rand_hash;
    params->seed = in->seed;
    params->expiration_block = in->expiration_block.w[0];
    params->round = (uint64_t) exp->round;
    params->round_hash = exp->block_hash;

    return refuse_nothing;
}


/* a reorg took the block away that the round's hash is of: the contract
   would not know the ticket (T-82) */

static int
orch_take_is_orphan(const orch_payments_t *p, const lp_params_t *params)
{
    const orch_facts_t  *facts = orch_watcher_facts(p->conf.watcher);

    return params->round > facts->round
           || (params->round == facts->round
               && memcmp(params->round_hash.b, facts->round_hash.b, 32) != 0);
}


static orch_refusal_e
orch_take_open(const orch_take_t *t)
{
    orch_payments_t  *p = t->p;
    orch_payment_t   *pay = t->pay;
    lp_price_t        price = { t->token->price.num, t->token->price.den };

    if (!lp_address_equal(&pay->params.recipient, &p->conf.recipient)) {
        return refuse_recipient;
    }

    if (lp_recipient_open(p->recipient, &pay->rand, &pay->params,
                          &t->token->sender, &price) != LP_OK)
    {
        return refuse_rand;
    }

    /* T-04: neither a head that went back nor anything else revives what
       was revealed */

    return pay->params.expiration_block <= orch_take_block(p)
           || orch_take_is_orphan(p, &pay->params)
           || orch_store_revealed(p->conf.store, &pay->params.rand_hash)
           ? refuse_expired : refuse_nothing;
}


static orch_refusal_e
orch_take_ready(const orch_payments_t *p)
{
    const orch_facts_t  *facts = orch_watcher_facts(p->conf.watcher);

    if (!orch_store_healthy(p->conf.store)) {
        return refuse_store;
    }

    if (!facts->known || facts->paused
        || orch_watcher_stale(p->conf.watcher) >= 2)
    {
        return refuse_chain;
    }

    return facts->active ? refuse_nothing : refuse_inactive;
}


static orch_refusal_e
orch_take_judge_shape(const orch_take_t *t)
{
    orch_refusal_e  why;

    why = orch_take_judge_price(t);

    if (why != refuse_nothing || t->in->ntickets == 0) {
        return why;
    }

    if (!t->in->has_sender || lp_address_is_zero(&t->token->sender)) {
        return refuse_sender;
    }

    if (!t->in->has_params) {
        return refuse_shape;
    }

    if (t->in->ntickets > LP_RECIPIENT_NONCES) {
        return refuse_nonces;
    }

    why = orch_take_ready(t->p);

    if (why == refuse_nothing) {
        why = orch_take_params(t, &t->pay->params);
    }

    return why == refuse_nothing ? orch_take_open(t) : why;
}


/* --- step 9: who sends it */

/* signatures of tickets cost the most: a rate for each sender, one for all */

static int
orch_take_budget(const orch_take_t *t, orch_payer_t *payer)
{
    size_t              i;
    uint64_t            now = orch_loop_now_ms(t->p->conf.loop);
    const orch_conf_t  *c = t->p->conf.conf;

    for (i = 0; i < t->in->ntickets; i++) {
        if (!orch_rate_take(&payer->recovers, (uint32_t) c->recovers_sender,
                            (uint32_t) c->recovers_sender, now)
            || !orch_rate_take(&t->p->recovers,
                               (uint32_t) c->recovers_total,
                               (uint32_t) c->recovers_total, now))
        {
            return 0;
        }
    }

    return 1;
}


/* commitments that tickets came for are remembered until they have died */

static int
orch_take_commitments(orch_payments_t *p, orch_payer_t *payer)
{
    uint64_t  era = orch_take_block(p) / ORCH_TAKE_ERA;

    if (era != payer->era) {
        payer->opened_before = era == payer->era + 1 ? payer->opened : 0;
        payer->opened = 0;
        payer->era = era;
    }

    return payer->opened + payer->opened_before < ORCH_TAKE_COMMITMENTS;
}


static orch_refusal_e
orch_take_judge_payer(const orch_take_t *t)
{
    orch_payer_t     *payer;
    orch_payments_t  *p = t->p;

    if (t->pay->payer) {
        return refuse_nothing;                  /* this is the second look */
    }

    payer = orch_payer_get(p, &t->token->sender);
    if (payer == NULL) {
        return refuse_busy;
    }

    if (payer->stopped) {
        return refuse_lottery;
    }

    if (!orch_take_commitments(p, payer) || !orch_take_budget(t, payer)) {
        return refuse_busy;
    }

    t->pay->payer = payer;
    payer->uses++;

    return refuse_nothing;
}


/* does what the sender has cover one winner more */

static orch_refusal_e
orch_take_judge_funds(const orch_take_t *t)
{
    uint64_t          unpaid;
    lp_u256_t         max;
    orch_payments_t  *p = t->p;

    if (orch_offer_float(p, &max, &t->pay->sender, &t->token->sender,
                         t->pay->payer) != LP_OK)
    {
        return refuse_store;
    }

    unpaid = orch_store_unpaid(p->conf.store, &t->token->sender);

    if (unpaid >= p->conf.conf->winners_sender
        || unpaid + t->pay->nwinners >= p->conf.conf->winners_sender)
    {
        return refuse_busy;
    }

    return lp_u256_cmp(&max, &t->pay->params.face_value) < 0 ? refuse_reserve
                                                             : refuse_nothing;
}


static lp_status_t
orch_take_judge_sender(const orch_take_t *t, orch_refusal_e *why)
{
    lp_status_t       rc;
    orch_payer_t     *payer;
    orch_payments_t  *p = t->p;

    *why = orch_take_judge_payer(t);
    if (*why != refuse_nothing) {
        return LP_LIMIT;
    }

    payer = t->pay->payer;
    rc = orch_watcher_sender(p->conf.watcher, &t->pay->sender,
                             &t->token->sender, t->peer, payer->good,
                             t->pay->wake);

    if (rc == LP_AGAIN) {
        return LP_AGAIN;
    }

    if (rc != LP_OK) {
        *why = rc == LP_MISSING ? refuse_reserve
               : rc == LP_BUSY ? refuse_busy : refuse_chain;
        return rc;
    }

    *why = orch_offer_judge_sender(p, &t->pay->sender);

    if (*why == refuse_nothing) {
        *why = orch_take_judge_funds(t);
    }

    return *why == refuse_nothing ? LP_OK : LP_LIMIT;
}


/* --- step 11: tickets */

static orch_refusal_e
orch_take_cause(lp_status_t rc)
{
    switch (rc) {

    case LP_OK:             return refuse_nothing;
    case LP_MISMATCH:       return refuse_recipient;
    case LP_BAD_SIGNATURE:  return refuse_signature;
    case LP_REPLAYED:       return refuse_replayed;
    case LP_LIMIT:          return refuse_nonces;
    case LP_EXPIRED:        return refuse_expired;
    default:                return refuse_busy;
    }
}


static orch_refusal_e
orch_take_winner(const orch_take_t *t, const lp_verdict_t *v,
    const lp_wire_sender_params_t *in)
{
    lp_u256_t        sum;
    orch_payer_t    *payer = t->pay->payer;
    orch_winner_t   *w;
    orch_payment_t  *pay = t->pay;

    if (pay->winners == NULL) {
        pay->winners = calloc(t->in->ntickets, sizeof(orch_winner_t));
        if (pay->winners == NULL) {
            return refuse_busy;
        }
    }

    if (lp_u256_add(&sum, &payer->judged, &pay->params.face_value) != LP_OK) {
        return refuse_reserve;
    }

    payer->judged = sum;
    (void) lp_u256_add(&pay->judged, &pay->judged, &pay->params.face_value);

    w = &pay->winners[pay->nwinners++];
    lp_params_ticket(&w->ticket, &pay->params, &t->token->sender, in->nonce);
    w->sig = in->sig;
    w->rand = v->rand;
    w->hash = v->hash;
    w->expiration_block = pay->params.expiration_block;
    w->state = winner_won;
    w->won_s = orch_loop_unix_s(t->p->conf.loop);

    return refuse_nothing;
}


static orch_refusal_e
orch_take_ticket(const orch_take_t *t, const lp_wire_sender_params_t *in)
{
    size_t            live;
    lp_money_t        sum;
    lp_status_t       rc;
    lp_verdict_t      v;
    orch_payer_t     *payer = t->pay->payer;
    orch_payments_t  *p = t->p;

    live = lp_recipient_live(p->recipient);

    rc = lp_recipient_judge(p->recipient, &v, &t->pay->params, &t->pay->rand,
                            &t->token->sender, in->nonce, &in->sig,
                            p->conf.keys, orch_take_block(p));

    payer->opened += lp_recipient_live(p->recipient) > live;

    if (rc != LP_OK) {
        return orch_take_cause(rc);
    }

    if (lp_money_add(&sum, &t->pay->credit, &v.credit) != LP_OK) {
        return refuse_shape;
    }

    if (v.won && orch_take_winner(t, &v, in) != refuse_nothing) {
        return refuse_busy;
    }

    t->pay->credit = sum;
    orch_payer_drew(p, payer, &t->pay->params.win_prob, v.won);
    explicit_bzero(&v.rand, sizeof(v.rand));

    return refuse_nothing;
}


/*
 * In slices: 600 signatures at once would hold up everyone's segments. After
 * each winner, here or meanwhile in another payment, the next ticket must be
 * covered as well, whether it wins or not: who is credited for those that
 * lose and refused those that win pays nothing (T-08).
 */

static lp_status_t
orch_take_judge_tickets(const orch_take_t *t)
{
    size_t           nwinners = t->pay->nwinners;
    unsigned         n;
    orch_payment_t  *pay = t->pay;

    for (n = 0; pay->next < t->in->ntickets; n++) {

        if (n == ORCH_TAKE_SLICE) {
            orch_loop_wake(pay->wake);
            return LP_AGAIN;
        }

        pay->refusal = n == 0 || pay->nwinners != nwinners
                       ? orch_take_judge_funds(t) : refuse_nothing;
        nwinners = pay->nwinners;

        if (pay->refusal == refuse_nothing) {
            pay->refusal = orch_take_ticket(t, &t->in->tickets[pay->next]);
        }

        if (pay->refusal != refuse_nothing) {
            break;                        /* those before it are credited */
        }

        pay->next++;
    }

    explicit_bzero(&pay->rand, sizeof(pay->rand));
    LP_FAILPOINT("pay_judged");

    return LP_OK;
}


/* --- step 12 */

/* the store counts them from here, or nobody does */

static void
orch_take_hand_over(orch_payment_t *pay)
{
    orch_payer_t  *payer = pay->payer;

    if (payer) {
        (void) lp_u256_sub(&payer->judged, &payer->judged, &pay->judged);
    }

    lp_u256_set(&pay->judged, 0);
}


static lp_status_t
orch_take_put_winners(const orch_take_t *t)
{
    orch_payment_t  *pay = t->pay;

    if (pay->nwinners == 0) {
        return LP_OK;
    }

    if (pay->op.winners == NULL) {
        pay->op.what = store_put_winners;
        pay->op.winners = pay->winners;
        pay->op.nwinners = pay->nwinners;
        pay->op.wake = pay->wake;
        orch_store_start(t->p->conf.store, &pay->op);
        orch_take_hand_over(pay);
    }

    LP_FAILPOINT("pay_storing");

    return pay->op.status;
}


static lp_status_t
orch_take_give_credit(const orch_take_t *t)
{
    orch_payer_t   *payer = t->pay->payer;
    orch_credit_t  *c;

    LP_FAILPOINT("pay_before_credit");

    c = orch_payer_credit(t->p, payer, t->token, 1);

    if (c == NULL
        || orch_payer_pay(t->p, payer, c, &t->pay->credit) != LP_OK)
    {
        return LP_NOMEM;
    }

    payer->good |= t->pay->next > 0;
    payer->tickets += t->pay->next;
    t->p->sums.tickets += t->pay->next;
    t->p->sums.winners += t->pay->nwinners;
    LP_FAILPOINT("pay_after_credit");

    return LP_OK;
}


static lp_status_t
orch_take_end(const orch_take_t *t)
{
    orch_payment_t  *pay = t->pay;

    if (pay->refusal != refuse_nothing) {
        return orch_take_refuse(t->p, pay, (orch_refusal_e) pay->refusal);
    }

    return LP_OK;
}


static lp_status_t
orch_take_step(const orch_take_t *t)
{
    lp_status_t      rc;
    orch_refusal_e   why;
    orch_payment_t  *pay = t->pay;

    switch (pay->state) {

    case take_shape:
        why = orch_take_judge_shape(t);
        if (why != refuse_nothing) {
            return orch_take_refuse(t->p, pay, why);
        }

        pay->state = t->in->ntickets ? take_sender : take_done;
        return LP_OK;

    case take_sender:
        rc = orch_take_judge_sender(t, &why);
        if (rc == LP_AGAIN) {
            return LP_AGAIN;
        }

        if (why != refuse_nothing) {
            return orch_take_refuse(t->p, pay, why);
        }

        pay->state = take_tickets;
        return LP_OK;

    case take_tickets:
        rc = orch_take_judge_tickets(t);
        pay->state = rc == LP_OK ? take_store : take_tickets;
        return rc;

    case take_store:
        rc = orch_take_put_winners(t);
        if (rc == LP_AGAIN) {
            return LP_AGAIN;
        }

        if (rc != LP_OK) {
            return orch_take_refuse(t->p, pay, rc == LP_REPLAYED
                                    ? refuse_replayed : refuse_store);
        }

        pay->state = take_credit;
        return LP_OK;

    default:
        if (orch_take_give_credit(t) != LP_OK) {
            return orch_take_refuse(t->p, pay, refuse_busy);
        }

        pay->state = take_done;
        return LP_OK;
    }
}


lp_status_t
orch_payments_take(orch_payments_t *p, orch_payment_t *pay,
    const orch_token_t *token, const lp_wire_payment_t *payment,
    const char *peer, orch_timer_t *wake)
{
    orch_take_t  t = { p, pay, token, payment, peer };
    lp_status_t  rc;

    pay->payments = p;
    pay->wake = wake;

    while (pay->state != take_done) {
        rc = orch_take_step(&t);
        if (rc != LP_OK) {
            return rc;
        }
    }

    return orch_take_end(&t);
}


void
orch_payments_drop(orch_payment_t *pay)
{
    orch_payer_t     *payer = pay->payer;
    orch_payments_t  *p = pay->payments;

    if (p == NULL) {
        return;
    }

    if (pay->state == take_sender) {
        orch_watcher_forget(p->conf.watcher, pay->wake);
    }

    if (pay->op.status == LP_AGAIN) {
        orch_store_leave(&pay->op);
    }

    orch_take_hand_over(pay);

    if (payer) {
        payer->uses--;
        pay->payer = NULL;
    }

    if (pay->winners) {
        explicit_bzero(pay->winners, pay->nwinners * sizeof(orch_winner_t));
        free(pay->winners);
        pay->winners = NULL;
    }

    explicit_bzero(&pay->rand, sizeof(pay->rand));
    pay->payments = NULL;
}
