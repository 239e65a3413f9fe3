/* Segments and tickets judged: their form, their value, whom they pay. */

#include <stdio.h>
#include <string.h>

#include "common/signer/policy.h"


lp_status_t
lp_policy_open(lp_policy_t *p, const lp_signer_conf_t *conf,
    const lp_address_t *self, const uint8_t salt[32], const lp_log_t *log,
    char *why, size_t why_len)
{
    lp_status_t  s = LP_OK;

    memset(p, 0, sizeof(lp_policy_t));
    p->conf = conf;
    p->log = log;
    p->self = *self;

    if (lp_sign_table_init(&p->commitments, LP_POLICY_COMMITMENTS, salt)
        != LP_OK
        || lp_sign_table_init(&p->streams, LP_POLICY_STREAMS, salt) != LP_OK
        || lp_sign_table_init(&p->payees, LP_POLICY_RECIPIENTS, salt)
           != LP_OK)
    {
        snprintf(why, why_len, "there is no memory for the tables of what "
                 "was signed: give the signer 64 MB");
        s = LP_NOMEM;
    }

    if (s == LP_OK && conf->recipients_file) {
        s = lp_recipients_open(&p->recipients, conf->recipients_file, why,
                               why_len);
    }

    if (s == LP_OK && (conf->roles & LP_SIGNER_TX)) {
        s = lp_policy_open_tx(p, why, why_len);
    }

    if (s != LP_OK) {
        lp_policy_close(p);
    }

    return s;
}


void
lp_policy_close(lp_policy_t *p)
{
    lp_sign_table_done(&p->commitments);
    lp_sign_table_done(&p->streams);
    lp_sign_table_done(&p->payees);
    lp_recipients_close(&p->recipients);
}


/*
 * A ticket's signature does not name its chain: off chain the same key may
 * have a deposit elsewhere, so tickets need a chain and its budgets.
 */

uint32_t
lp_policy_kinds(const lp_policy_t *p)
{
    uint32_t                 kinds = 1 << LP_SIGN_HELLO;
    const lp_signer_conf_t  *conf = p->conf;

    if (conf->roles & LP_SIGNER_BROADCASTER) {
        kinds |= 1 << LP_SIGN_REQUEST | 1 << LP_SIGN_SEGMENT;
        kinds |= conf->chain_id ? 1 << LP_SIGN_TICKETS : 0;
    }

    if (conf->roles & LP_SIGNER_ORCHESTRATOR) {
        kinds |= 1 << LP_SIGN_RESULT | 1 << LP_SIGN_PING;
        kinds |= conf->chain_id ? 1 << LP_SIGN_RECEIPT : 0;
    }

    if (conf->roles & LP_SIGNER_TX) {
        kinds |= 1 << LP_SIGN_TX;
    }

    return kinds;
}


static int
lp_policy_is_word(const char *s)
{
    const char  *p;

    for (p = s; *p; p++) {
        if ((*p < 'a' || *p > 'z') && (*p < 'A' || *p > 'Z')
            && (*p < '0' || *p > '9') && *p != '_' && *p != '-')
        {
            return 0;
        }
    }

    return p != s && p - s <= LP_SIGN_MANIFEST_MAX;
}


lp_sign_refusal_e
lp_policy_judge_segment(const lp_sign_segment_t *s)
{
    uint32_t  i;

    if (s->nnames < 1 || s->nnames > LP_PROFILE_MAX) {
        return LP_SIGN_MALFORMED;
    }

    for (i = 0; i < s->nnames; i++) {
        if (s->names[i][0] == '\0') {
            return LP_SIGN_MALFORMED;
        }
    }

    return lp_policy_is_word(s->manifest) ? LP_SIGN_OK : LP_SIGN_MANIFEST;
}


static int
lp_policy_is_zero(const lp_hash_t *h)
{
    static const lp_hash_t  zero;

    return memcmp(h, &zero, sizeof(zero)) == 0;
}


/* one ticket's value, rounded up, within what one ticket may be worth */

static lp_sign_refusal_e
lp_policy_judge_value(const lp_policy_t *p, lp_money_t *ev,
    const lp_sign_tickets_t *t)
{
    lp_u256_t   wei;
    lp_money_t  face;

    if (lp_u256_cmp(&t->face_value, &p->conf->max_face_value) > 0
        || lp_money_from_wei(&face, &t->face_value) != LP_OK
        || lp_money_ev(ev, &t->face_value, &t->win_prob, LP_ROUND_UP)
           != LP_OK)
    {
        return LP_SIGN_FACE_VALUE;
    }

    if (lp_u256_is_zero(&t->win_prob) || lp_money_cmp(ev, &face) >= 0) {
        return LP_SIGN_TICKET;
    }

    if (lp_money_to_wei(&wei, ev, LP_ROUND_UP) != LP_OK
        || lp_u256_cmp(&wei, &p->conf->max_ticket_ev) > 0)
    {
        return LP_SIGN_TICKET_EV;
    }

    return LP_SIGN_OK;
}


/* what is spent with ev in the window; 0: over the budget */

static int
lp_policy_fits(lp_money_t *spent, const lp_sign_entry_t *e,
    const lp_money_t *ev, const lp_u256_t *budget)
{
    lp_u256_t  wei;

    return lp_money_add(spent, &e->spent, ev) == LP_OK
           && lp_money_to_wei(&wei, spent, LP_ROUND_UP) == LP_OK
           && lp_u256_cmp(&wei, budget) <= 0;
}


/* the window opens with its first ticket, and when it is over */

static void
lp_policy_open_window(lp_sign_entry_t *e, int64_t now_s)
{
    if (now_s - e->since_s >= LP_POLICY_WINDOW_S) {
        lp_money_zero(&e->spent);
        e->since_s = now_s;
    }
}


static lp_sign_refusal_e
lp_policy_judge_windows(lp_policy_t *p, lp_policy_claim_t *c,
    const lp_sign_tickets_t *t, int64_t now_s)
{
    lp_hash_t  key;

    memset(&key, 0, sizeof(key));
    memcpy(key.b, t->recipient.b, LP_ADDRESS_LEN);
    c->payee = lp_sign_table_get(&p->payees, &key, now_s, LP_POLICY_WINDOW_S);

    if (c->payee == NULL) {
        return LP_SIGN_RECIPIENT_HOUR;
    }

    lp_policy_open_window(c->payee, now_s);

    if (!lp_policy_fits(&c->payee_spent, c->payee, &c->ev,
                        &p->conf->recipient_budget))
    {
        return LP_SIGN_RECIPIENT_HOUR;
    }

    memset(&key, 0, sizeof(key));
    memcpy(key.b, t->stream, sizeof(t->stream));
    c->stream = lp_sign_table_get(&p->streams, &key, now_s,
                                  LP_POLICY_WINDOW_S);

    if (c->stream == NULL) {
        return LP_SIGN_STREAM;
    }

    lp_policy_open_window(c->stream, now_s);

    return lp_policy_fits(&c->stream_spent, c->stream, &c->ev,
                          &p->conf->stream_budget)
           ? LP_SIGN_OK : LP_SIGN_STREAM;
}


/* a nonce is signed once: who asks for a lower one has asked before */

static lp_sign_refusal_e
lp_policy_judge_nonces(lp_policy_t *p, lp_policy_claim_t *c,
    const lp_sign_tickets_t *t, int64_t now_s)
{
    c->next_nonce = (uint64_t) t->first_nonce + t->n;

    if (c->next_nonce > (uint64_t) UINT32_MAX + 1) {
        return LP_SIGN_NONCE;
    }

    c->commitment = lp_sign_table_get(&p->commitments, &t->rand_hash, now_s,
                                      LP_POLICY_LIFE_S);

    return c->commitment && t->first_nonce >= c->commitment->next_nonce
           ? LP_SIGN_OK : LP_SIGN_NONCE;
}


lp_sign_refusal_e
lp_policy_judge_tickets(lp_policy_t *p, lp_policy_claim_t *c,
    const lp_sign_tickets_t *t, int64_t now_s)
{
    lp_u256_t          n;
    lp_sign_refusal_e  no;

    if (t->n < 1 || t->n > LP_SIGN_TICKETS_MAX) {
        return LP_SIGN_MALFORMED;
    }

    if (t->round == 0 || lp_policy_is_zero(&t->round_hash)
        || lp_policy_is_zero(&t->rand_hash))
    {
        return LP_SIGN_TICKET;
    }

    no = lp_policy_judge_value(p, &c->ev, t);
    if (no != LP_SIGN_OK) {
        return no;
    }

    lp_u256_set(&n, t->n);
    if (lp_u256_mul(&c->ev.abs, &c->ev.abs, &n) != LP_OK) {
        return LP_SIGN_DAY;
    }

    if (lp_address_is_zero(&t->recipient)
        || (p->conf->recipients_file
            && !lp_recipients_has(&p->recipients, &t->recipient, now_s,
                                  p->log)))
    {
        return LP_SIGN_RECIPIENT;
    }

    no = lp_policy_judge_nonces(p, c, t, now_s);

    return no == LP_SIGN_OK ? lp_policy_judge_windows(p, c, t, now_s) : no;
}


void
lp_policy_take(const lp_policy_claim_t *c)
{
    c->commitment->next_nonce = c->next_nonce;
    c->payee->spent = c->payee_spent;
    c->stream->spent = c->stream_spent;
}
