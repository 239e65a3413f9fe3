/*
 * A ticket in words: what it says, what it is worth, and whether the chain
 * would pay it now. The checks come in the order of the contract's own
 * (contracts.md 2.6.3); the first that fails is the answer.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ctl/chain.h"
#include "common/ctl/cmd.h"
#include "common/ctl/key.h"
#include "common/ctl/opts.h"
#include "common/ctl/reason.h"
#include "common/ctl/rpc.h"
#include "common/ctl/ticket.h"
#include "common/util/money.h"


#define CTL_TICKET_WHY  512


/* what the chain knows that is the same for all of a payment */
typedef struct {
    int               asked;
    ctl_round_t       round;
    uint64_t          validity;                    /* rounds */
    lp_hash_t         round_hash;
    lp_sender_info_t  sender;
    lp_u256_t         claimable;
    int               registered, active;
} ctl_ticket_chain_t;

typedef struct {
    const char       *answer;                      /* "yes", "no", "unknown" */
    char              why[CTL_TICKET_WHY];
} ctl_ticket_verdict_t;


/* --- what it says */

static void
ctl_ticket_put_worth(ctl_t *c, const lp_ticket_t *t)
{
    char        text[LP_U256_DEC_LEN];
    lp_u256_t   max, one, n, wei;
    lp_money_t  ev;

    memset(&max, 0xff, sizeof(max));
    lp_u256_set(&one, 1);

    ctl_out_eth(&c->out, "face_value", &t->face_value);
    ctl_out_text(&c->out, "win_prob", "%s",
                 lp_u256_put_dec(text, &t->win_prob));

    if (lp_u256_mul_div(&n, &max, &one, &t->win_prob, 0) == LP_OK) {
        ctl_out_text(&c->out, "wins_one_in", "%s", lp_u256_put_dec(text, &n));
    } else {
        ctl_out_text(&c->out, "wins_one_in", "never");
    }

    if (lp_money_ev(&ev, &t->face_value, &t->win_prob, LP_ROUND_DOWN)
            == LP_OK
        && lp_money_to_wei(&wei, &ev, LP_ROUND_DOWN) == LP_OK)
    {
        ctl_out_eth(&c->out, "expected_value", &wei);
    } else {
        ctl_out_nothing(&c->out, "expected_value");
    }
}


static void
ctl_ticket_put_fields(ctl_t *c, const ctl_ticket_t *t)
{
    char  text[LP_U256_DEC_LEN];

    ctl_out_text(&c->out, "form", "%s", t->form);
    ctl_out_address(&c->out, "sender", &t->t.sender);

    if (t->has_price) {
        ctl_out_text(&c->out, "price", "%lld wei for %lld pixels",
                     (long long) t->price.num, (long long) t->price.den);
    }

    if (!t->has_ticket) {
        return;
    }

    ctl_out_address(&c->out, "recipient", &t->t.recipient);
    ctl_ticket_put_worth(c, &t->t);
    ctl_out_hash(&c->out, "recipient_rand_hash", &t->t.rand_hash);

    if (t->has_params) {
        ctl_out_text(&c->out, "expiration_block", "%s",
                     lp_u256_put_dec(text, &t->expiration_block));
    }

    ctl_out_number(&c->out, "creation_round", t->t.round);
    ctl_out_hash(&c->out, "creation_round_hash", &t->t.round_hash);
}


/* --- what the chain says */

static ctl_exit_e
ctl_ticket_ask_funds(ctl_t *c, ctl_ticket_chain_t *k, const lp_ticket_t *t)
{
    int         has;
    ctl_exit_e  rc;

    rc = ctl_chain_sender(c, &t->sender, &k->sender);
    if (rc != CTL_DONE) {
        return rc;
    }

    /* a plain TicketBroker's own arithmetic may fail here: then nothing */

    lp_u256_set(&k->claimable, 0);
    lp_contracts_put_of(&c->data, "claimableReserve(address,address)",
                        &t->sender, &t->recipient);
    rc = ctl_chain_try(c, LP_CONTRACT_BROKER, &has);

    if (has) {
        lp_contracts_get_u256(&k->claimable, c->result.data, c->result.len);
    }

    return rc;
}


static ctl_exit_e
ctl_ticket_ask(ctl_t *c, ctl_ticket_chain_t *k, const lp_ticket_t *t)
{
    lp_u256_t   round;
    ctl_exit_e  rc;

    rc = ctl_chain_round(c, &k->round);
    if (rc == CTL_DONE) {
        rc = ctl_chain_u64(c, LP_CONTRACT_BROKER, "ticketValidityPeriod()",
                           NULL, &k->validity);
    }

    if (rc == CTL_DONE) {
        lp_u256_set(&round, t->round);
        lp_contracts_put_u256(&c->data, "blockHashForRound(uint256)", &round);
        rc = ctl_chain_call(c, LP_CONTRACT_ROUNDS);
    }

    if (rc == CTL_DONE
        && lp_contracts_get_hash(&k->round_hash, c->result.data,
                                 c->result.len) != LP_OK)
    {
        rc = ctl_chain_strange(c, LP_CONTRACT_ROUNDS, "blockHashForRound");
    }

    if (rc == CTL_DONE) {
        rc = ctl_ticket_ask_funds(c, k, t);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_bool(c, LP_CONTRACT_BONDING,
                            "isRegisteredTranscoder(address)", &t->recipient,
                            &k->registered);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_bool(c, LP_CONTRACT_BONDING,
                            "isActiveTranscoder(address)", &t->recipient,
                            &k->active);
    }

    k->asked = rc == CTL_DONE;

    return rc;
}


static void
ctl_ticket_say(ctl_ticket_verdict_t *v, const char *answer, const char *why)
{
    v->answer = answer;
    snprintf(v->why, sizeof(v->why), "%s", why);
}


/* the ticket alone; 1: it is judged */

static int
ctl_ticket_judge_form(ctl_ticket_verdict_t *v, const ctl_ticket_t *t,
    const lp_ticket_t *one, const lp_sig_t *sig, const lp_keys_t *keys)
{
    lp_hash_t  h;

    if (lp_address_is_zero(&one->recipient)
        || lp_address_is_zero(&one->sender))
    {
        ctl_ticket_say(v, "no", "it has no recipient or no sender");

    } else if (lp_u256_is_zero(&one->win_prob)) {
        ctl_ticket_say(v, "no", "it can never win");

    } else if (one->round == 0) {
        ctl_ticket_say(v, "no", "it names no round, so it never was valid");

    } else if (!t->has_sig) {
        ctl_ticket_say(v, "no", "there is no signature with it");

    } else if (lp_ticket_verify(one, sig, keys) != LP_OK) {
        ctl_ticket_say(v, "no", "the sender did not sign it");

    } else if (t->has_rand
               && (lp_ticket_rand_hash(&h, &t->rand),
                   memcmp(&h, &one->rand_hash, sizeof(h)) != 0))
    {
        ctl_ticket_say(v, "no", "the random number is not the one that was "
                       "promised");

    } else if (t->has_rand && !lp_ticket_wins(one, sig, &t->rand)) {
        ctl_ticket_say(v, "no", "it did not win");

    } else {
        return 0;
    }

    return 1;
}


static int
ctl_ticket_judge_round(ctl_ticket_verdict_t *v, const ctl_ticket_chain_t *k,
    const lp_ticket_t *one)
{
    static const lp_hash_t  zero;

    if (memcmp(&k->round_hash, &zero, sizeof(zero)) == 0) {
        snprintf(v->why, sizeof(v->why), "round %llu has no block hash on "
                 "this chain: it was never initialized, or is still to come",
                 (unsigned long long) one->round);

    } else if (memcmp(&k->round_hash, &one->round_hash, sizeof(zero)) != 0) {
        snprintf(v->why, sizeof(v->why), "the hash of round %llu is another "
                 "one on this chain", (unsigned long long) one->round);

    } else if (one->round + k->validity <= k->round.current) {
        snprintf(v->why, sizeof(v->why), "it expired: round %llu was the last "
                 "in which it could be redeemed, this is round %llu",
                 (unsigned long long) (one->round + k->validity - 1),
                 (unsigned long long) k->round.current);

    } else if (!k->round.initialized) {
        snprintf(v->why, sizeof(v->why), "the round is not initialized yet: "
                 "\"" CTL_NAME " round init\"");

    } else {
        return 0;
    }

    v->answer = "no";

    return 1;
}


static int
ctl_ticket_judge_funds(ctl_ticket_verdict_t *v, const ctl_ticket_chain_t *k,
    const lp_ticket_t *one)
{
    char       text[LP_MONEY_ETH_LEN];
    lp_u256_t  funds;

    if (k->sender.withdraw_round
        && k->sender.withdraw_round <= k->round.current)
    {
        ctl_ticket_say(v, "no", "the sender's deposit is unlocked");
        return 1;
    }

    if (!k->registered) {
        ctl_ticket_say(v, "no", "the recipient is no registered "
                       "orchestrator");
        return 1;
    }

    if (lp_u256_add(&funds, &k->sender.deposit, &k->claimable) != LP_OK) {
        memset(&funds, 0xff, sizeof(funds));
    }

    if (lp_u256_is_zero(&funds)) {
        ctl_ticket_say(v, "no", "the sender has neither a deposit nor a "
                       "reserve that the recipient may claim");
        return 1;
    }

    if (lp_u256_cmp(&funds, &one->face_value) < 0) {
        snprintf(v->why, sizeof(v->why), "it would pay %s ETH and be used up: "
                 "the sender's deposit and the recipient's share of its "
                 "reserve have no more%s", lp_money_format_eth(text, &funds),
                 k->active ? "" : "; the recipient is not active, so it has "
                 "no share");
        v->answer = "partly";
        return 1;
    }

    return 0;
}


/* the contract's own word, as the recipient would hear it */

static ctl_exit_e
ctl_ticket_try(ctl_t *c, ctl_ticket_verdict_t *v, const ctl_ticket_t *t,
    const lp_ticket_t *one, const lp_sig_t *sig)
{
    lp_buf_t        request;
    ctl_exit_e      rc;
    lp_status_t     s;
    lp_address_t    broker;
    lp_rpc_error_t  e;

    rc = ctl_chain_at(c, LP_CONTRACT_BROKER, &broker);
    if (rc != CTL_DONE) {
        return rc;
    }

    lp_buf_init(&request, CTL_RESULT_MAX);
    lp_ticket_put_redeem(&c->data, one, sig, &t->rand);
    lp_rpc_put_call(&request, ctl_rpc_next(c), &one->recipient, &broker,
                    c->data.data, c->data.len);
    lp_buf_reset(&c->data);
    lp_buf_reset(&c->result);

    rc = ctl_rpc_ask(c, ctl_rpc_bytes, &c->result, &s, &e, &request);

    if (rc == CTL_DONE && s != LP_OK) {
        ctl_reason_text(v->why, sizeof(v->why), &e);
        v->answer = "no";
    }

    lp_buf_done(&request);

    return rc;
}


static ctl_exit_e
ctl_ticket_judge(ctl_t *c, ctl_ticket_verdict_t *v,
    const ctl_ticket_chain_t *k, const ctl_ticket_t *t,
    const lp_ticket_t *one, const lp_sig_t *sig)
{
    int         used;
    lp_hash_t   hash;
    ctl_exit_e  rc;

    if (ctl_ticket_judge_form(v, t, one, sig, c->keys)) {
        return CTL_DONE;
    }

    if (!k->asked) {
        ctl_ticket_say(v, "unknown", "its form is good; give --rpc and "
                       "--controller to ask the chain");
        return CTL_DONE;
    }

    lp_ticket_hash(&hash, one);
    lp_contracts_put_hash(&c->data, "usedTickets(bytes32)", &hash);
    rc = ctl_chain_call(c, LP_CONTRACT_BROKER);

    if (rc != CTL_DONE) {
        return rc;
    }

    if (lp_contracts_get_bool(&used, c->result.data, c->result.len) != LP_OK)
    {
        return ctl_chain_strange(c, LP_CONTRACT_BROKER, "usedTickets");
    }

    if (used) {
        ctl_ticket_say(v, "no", "it was redeemed already");
        return CTL_DONE;
    }

    if (ctl_ticket_judge_round(v, k, one)
        || ctl_ticket_judge_funds(v, k, one))
    {
        return CTL_DONE;
    }

    if (!t->has_rand) {
        ctl_ticket_say(v, "unknown", "everything is good, but only the "
                       "recipient knows the random number and whether it "
                       "won");
        return CTL_DONE;
    }

    ctl_ticket_say(v, "yes", "it pays its face value");

    return ctl_ticket_try(c, v, t, one, sig);
}


static ctl_exit_e
ctl_ticket_put_one(ctl_t *c, const ctl_ticket_chain_t *k,
    const ctl_ticket_t *t, size_t i)
{
    lp_hash_t             hash;
    ctl_exit_e            rc;
    lp_ticket_t           one = t->t;
    const lp_sig_t       *sig = &t->one[i].sig;
    ctl_ticket_verdict_t  v;

    one.nonce = t->one[i].nonce;
    lp_ticket_hash(&hash, &one);

    rc = ctl_ticket_judge(c, &v, k, t, &one, sig);
    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_out_item(&c->out);
    ctl_out_number(&c->out, "nonce", one.nonce);
    ctl_out_hash(&c->out, "hash", &hash);
    ctl_out_truth(&c->out, "signed", t->has_sig
                  && lp_ticket_verify(&one, sig, c->keys) == LP_OK);

    if (t->has_rand) {
        ctl_out_truth(&c->out, "wins", lp_ticket_wins(&one, sig, &t->rand));
    } else {
        ctl_out_nothing(&c->out, "wins");
    }

    ctl_out_text(&c->out, "redeemable", "%s", v.answer);
    ctl_out_text(&c->out, "why", "%s", v.why);

    return CTL_DONE;
}


ctl_exit_e
ctl_ticket_explain(ctl_t *c)
{
    size_t               i;
    ctl_exit_e           rc;
    ctl_ticket_t        *t;
    ctl_ticket_chain_t   k;

    memset(&k, 0, sizeof(ctl_ticket_chain_t));

    t = malloc(sizeof(ctl_ticket_t));
    if (t == NULL) {
        return ctl_fail(c, CTL_REFUSED, "out of memory");
    }

    rc = ctl_ticket_read(c, t, ctl_opts_text(c, "word"));
    if (rc == CTL_DONE) {
        rc = ctl_key_tables(c);
    }

    if (rc == CTL_DONE && t->has_ticket
        && (ctl_opts_text(c, "rpc") || c->dev_rpc))
    {
        rc = ctl_ticket_ask(c, &k, &t->t);
    }

    if (rc == CTL_DONE) {
        ctl_ticket_put_fields(c, t);
        ctl_out_list_tall(&c->out, "tickets");

        for (i = 0; rc == CTL_DONE && i < t->n; i++) {
            rc = ctl_ticket_put_one(c, &k, t, i);
        }

        ctl_out_end(&c->out);
    }

    free(t);

    return rc;
}
