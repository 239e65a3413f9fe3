/*
 * Ticket parameters: only while the chain is fresh and the sender can pay,
 * and never worth more than what is certain to be paid (T-08, T-09, T-10).
 */

#include <string.h>

#include "orchestrator/payments_parts.h"


#define ORCH_OFFER_DEPOSIT  3              /* times what is pending: solid */


static lp_u256_t
orch_offer_less(const lp_u256_t *a, const lp_u256_t *b)
{
    lp_u256_t  r;

    if (lp_u256_sub(&r, a, b) != LP_OK) {
        lp_u256_set(&r, 0);
    }

    return r;
}


static int
orch_offer_solid(const orch_sender_t *s, const lp_u256_t *pending)
{
    lp_u256_t  three, need;

    lp_u256_set(&three, ORCH_OFFER_DEPOSIT);

    return lp_u256_mul(&need, pending, &three) == LP_OK
           && lp_u256_cmp(&s->deposit, &need) >= 0;
}


lp_status_t
orch_offer_float(orch_payments_t *p, lp_u256_t *max, const orch_sender_t *s,
    const lp_address_t *sender, const orch_payer_t *payer)
{
    lp_u256_t    pending, all;
    lp_u256_t    beyond = p->conf.conf->max_unsecured;
    lp_status_t  rc;

    rc = orch_store_pending(p->conf.store, &pending, sender);

    if (rc == LP_OK && payer) {
        rc = lp_u256_add(&pending, &pending, &payer->judged);
    }

    if (rc != LP_OK) {
        return rc;
    }

    if (!orch_offer_solid(s, &pending)) {
        *max = orch_offer_less(&s->claimable, &pending);
        return LP_OK;
    }

    /* by default one ticket: what is pending may reach up to the share */

    if (lp_u256_is_zero(&beyond)) {
        if (lp_u256_cmp(&pending, &s->claimable) > 0) {
            lp_u256_set(max, 0);

        } else {
            *max = s->claimable;
        }

        return LP_OK;
    }

    if (lp_u256_add(&all, &s->claimable, &beyond) != LP_OK) {
        return LP_LIMIT;
    }

    *max = orch_offer_less(&all, &pending);

    if (lp_u256_cmp(max, &s->claimable) > 0) {
        *max = s->claimable;
    }

    return LP_OK;
}


orch_refusal_e
orch_offer_judge_sender(const orch_payments_t *p, const orch_sender_t *s)
{
    const orch_facts_t  *facts = orch_watcher_facts(p->conf.watcher);

    return s->withdraw_round && s->withdraw_round <= facts->round + 1
           ? refuse_unlocking : refuse_nothing;
}


static orch_refusal_e
orch_offer_ready(orch_payments_t *p, const lp_address_t *sender)
{
    orch_payer_t         *payer = orch_payer_find(p, sender);
    const orch_facts_t   *facts = orch_watcher_facts(p->conf.watcher);

    if (!orch_store_healthy(p->conf.store)) {
        return refuse_store;
    }

    if (!facts->known || facts->paused
        || orch_watcher_stale(p->conf.watcher) >= 1)
    {
        return refuse_chain;
    }

    if (!facts->active) {
        return refuse_inactive;
    }

    if (payer == NULL) {
        return refuse_nothing;
    }

    if (payer->stopped) {
        return refuse_lottery;
    }

    return lp_money_cmp(&payer->debt, &payer->largest) > 0 ? refuse_balance
                                                           : refuse_nothing;
}


static lp_status_t
orch_offer_issue(orch_payments_t *p, lp_params_t *params,
    const lp_address_t *sender, const lp_price_t *price,
    const lp_u256_t *max_float)
{
    uint8_t                seed[32];
    const orch_facts_t    *facts = orch_watcher_facts(p->conf.watcher);
    lp_recipient_chain_t   chain;

    orch_token_random(seed, sizeof(seed));

    chain.gas_price = orch_price_gas(p);
    chain.max_float = *max_float;
    chain.l1_block = facts->l1_block > p->l1_high ? facts->l1_block
                                                  : p->l1_high;
    chain.round = facts->round;
    chain.round_hash = facts->round_hash;

    return lp_recipient_issue(p->recipient, params, seed, sender, price,
                              &chain);
}


static lp_status_t
orch_offer_refuse(const char **text, orch_refusal_e why)
{
    *text = orch_refusals[why].text;

    return LP_LIMIT;
}


static orch_refusal_e
orch_offer_sender(lp_status_t rc)
{
    return rc == LP_MISSING ? refuse_reserve
           : rc == LP_BUSY ? refuse_busy : refuse_chain;
}


lp_status_t
orch_payments_offer(orch_payments_t *p, lp_params_t *params,
    const lp_address_t *sender, const lp_price_t *price, const char *peer,
    orch_timer_t *wake, const char **text)
{
    lp_u256_t        max;
    lp_status_t      rc;
    orch_payer_t    *payer = orch_payer_find(p, sender);
    orch_sender_t    s;
    orch_refusal_e   why;

    *text = NULL;
    lp_u256_set(&max, 0);

    why = orch_offer_ready(p, sender);
    if (why != refuse_nothing) {
        return orch_offer_refuse(text, why);
    }

    if (price->num) {
        rc = orch_watcher_sender(p->conf.watcher, &s, sender, peer,
                                 payer && payer->good, wake);
        if (rc == LP_AGAIN) {
            return LP_AGAIN;
        }

        if (rc != LP_OK) {
            return orch_offer_refuse(text, orch_offer_sender(rc));
        }

        why = orch_offer_judge_sender(p, &s);
        if (why != refuse_nothing) {
            return orch_offer_refuse(text, why);
        }

        if (orch_offer_float(p, &max, &s, sender, payer) != LP_OK) {
            return orch_offer_refuse(text, refuse_store);
        }
    }

    rc = orch_offer_issue(p, params, sender, price, &max);

    return rc == LP_OK ? LP_OK
           : orch_offer_refuse(text, rc == LP_LIMIT ? refuse_reserve
                                                       : refuse_chain);
}


void
orch_payments_forget(orch_payments_t *p, orch_timer_t *wake)
{
    orch_watcher_forget(p->conf.watcher, wake);
}
