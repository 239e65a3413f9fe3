/* An orchestrator on the chain: registered, described, paid. */

#include <stdio.h>
#include <string.h>

#include "common/ctl/chain.h"
#include "common/ctl/cmd.h"
#include "common/ctl/json.h"
#include "common/ctl/key.h"
#include "common/ctl/opts.h"
#include "common/ctl/stake.h"
#include "common/ctl/tx.h"


#define CTL_ORCHESTRATOR_URI     256
#define CTL_ORCHESTRATOR_STATUS  "http://127.0.0.1:7935"


static ctl_exit_e
ctl_orchestrator_get_uri(ctl_t *c, char uri[CTL_ORCHESTRATOR_URI],
    const lp_address_t *who)
{
    ctl_exit_e  rc;

    lp_contracts_put_of(&c->data, "getServiceURI(address)", who, NULL);
    rc = ctl_chain_call(c, LP_CONTRACT_REGISTRY);

    if (rc == CTL_DONE
        && lp_contracts_get_text(uri, CTL_ORCHESTRATOR_URI, c->result.data,
                                 c->result.len) != LP_OK)
    {
        uri[0] = '\0';                 /* whatever it is, it is no URI */
    }

    return rc;
}


static ctl_exit_e
ctl_orchestrator_check_uri(ctl_t *c, const char *uri)
{
    if (strncmp(uri, "https://", 8) != 0 || uri[8] == '\0'
        || strlen(uri) >= CTL_ORCHESTRATOR_URI
        || strpbrk(uri + 8, "/?#@ ") != NULL)
    {
        return ctl_fail(c, CTL_USAGE, "--uri \"%s\": give https://host:port, "
                        "as broadcasters will use it", uri);
    }

    return CTL_DONE;
}


static ctl_exit_e
ctl_orchestrator_set_uri(ctl_t *c, const char *uri)
{
    char        now[CTL_ORCHESTRATOR_URI];
    ctl_tx_t    tx;
    ctl_exit_e  rc;

    rc = ctl_orchestrator_get_uri(c, now, &c->me);
    if (rc != CTL_DONE || strcmp(now, uri) == 0) {
        return rc;
    }

    ctl_tx_init(&tx, "set the URI", LP_CONTRACT_REGISTRY,
                "setServiceURI(string)");
    lp_contracts_put_text(&c->data, tx.call, uri);

    return ctl_tx_run(c, &tx);
}


/* only between rounds' locks, and when active only after reward() */

static ctl_exit_e
ctl_orchestrator_set_shares(ctl_t *c, const lp_u256_t *cut,
    const lp_u256_t *share, int after)
{
    ctl_tx_t  tx;

    ctl_tx_init(&tx, "set the shares", LP_CONTRACT_BONDING,
                "transcoder(uint256,uint256)");
    tx.after = (uint8_t) after;
    lp_contracts_put_two(&c->data, tx.call, cut, share);

    return ctl_tx_run(c, &tx);
}


/* --- register: as much of it as is missing */

typedef struct {
    lp_u256_t        stake, cut, share;
    const char      *uri;
    lp_delegator_t   d;
    lp_transcoder_t  t;
    int              in_pool;
} ctl_orchestrator_plan_t;


/* activated, and not to be deactivated: it stands in the pool */

static int
ctl_orchestrator_in_pool(const lp_transcoder_t *t)
{
    return t->activation_round != 0 && t->deactivation_round == UINT64_MAX;
}


static ctl_exit_e
ctl_orchestrator_plan(ctl_t *c, ctl_orchestrator_plan_t *p)
{
    int         locked;
    ctl_exit_e  rc;

    rc = ctl_chain_delegator(c, &c->me, &p->d);
    if (rc == CTL_DONE) {
        rc = ctl_chain_transcoder(c, &c->me, &p->t);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_bool(c, LP_CONTRACT_ROUNDS, "currentRoundLocked()",
                            NULL, &locked);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    p->in_pool = ctl_orchestrator_in_pool(&p->t);

    if (!lp_u256_is_zero(&p->d.bonded)
        && !lp_address_equal(&p->d.delegate, &c->me))
    {
        return ctl_fail(c, CTL_REFUSED, "this account's stake is bonded to "
                        "another orchestrator: unbond it first, or register "
                        "with another account; nothing was sent");
    }

    if (locked) {
        return ctl_fail(c, CTL_REFUSED, "shares cannot be set at the end of a "
                        "round: wait for the next one, \"" CTL_NAME " round "
                        "status\" says when; nothing was sent");
    }

    return CTL_DONE;
}


static ctl_exit_e
ctl_orchestrator_register_steps(ctl_t *c, const ctl_orchestrator_plan_t *p)
{
    int         bonded = 0;
    lp_u256_t   more;
    ctl_exit_e  rc = CTL_DONE;

    if (lp_u256_sub(&more, &p->stake, &p->d.bonded) == LP_OK
        && !lp_u256_is_zero(&more))
    {
        bonded = 1;
        rc = ctl_stake_bond(c, &more, &c->me);
    }

    if (rc == CTL_DONE
        && (!p->in_pool || lp_u256_cmp(&p->t.reward_cut, &p->cut) != 0
            || lp_u256_cmp(&p->t.fee_share, &p->share) != 0))
    {
        rc = ctl_orchestrator_set_shares(c, &p->cut, &p->share, bonded);
    }

    return rc == CTL_DONE ? ctl_orchestrator_set_uri(c, p->uri) : rc;
}


static ctl_exit_e
ctl_orchestrator_put_activation(ctl_t *c)
{
    ctl_exit_e       rc;
    lp_transcoder_t  t;

    if (ctl_opts_text(c, "dry-run")) {
        return CTL_DONE;
    }

    rc = ctl_chain_transcoder(c, &c->me, &t);
    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_out_truth(&c->out, "in_pool", ctl_orchestrator_in_pool(&t));

    if (ctl_orchestrator_in_pool(&t)) {
        ctl_out_number(&c->out, "active_from_round", t.activation_round);
    } else {
        ctl_out_nothing(&c->out, "active_from_round");
    }

    return CTL_DONE;
}


ctl_exit_e
ctl_orchestrator_register(ctl_t *c)
{
    ctl_exit_e               rc;
    ctl_orchestrator_plan_t  p;

    memset(&p, 0, sizeof(ctl_orchestrator_plan_t));
    p.uri = ctl_opts_text(c, "uri");

    rc = ctl_opts_lpt(c, "stake", &p.stake);
    if (rc == CTL_DONE) {
        rc = ctl_opts_percent(c, "reward-cut", &p.cut);
    }

    if (rc == CTL_DONE) {
        rc = ctl_opts_percent(c, "fee-share", &p.share);
    }

    if (rc == CTL_DONE) {
        rc = ctl_orchestrator_check_uri(c, p.uri);
    }

    if (rc == CTL_DONE) {
        rc = ctl_tx_ready(c);
    }

    if (rc == CTL_DONE) {
        rc = ctl_orchestrator_plan(c, &p);
    }

    if (rc == CTL_DONE) {
        rc = ctl_orchestrator_register_steps(c, &p);
    }

    return rc == CTL_DONE ? ctl_orchestrator_put_activation(c) : rc;
}


ctl_exit_e
ctl_orchestrator_update(ctl_t *c)
{
    lp_u256_t        cut, share;
    ctl_exit_e       rc;
    lp_transcoder_t  t;

    rc = ctl_tx_ready(c);
    if (rc == CTL_DONE) {
        rc = ctl_chain_transcoder(c, &c->me, &t);
    }

    cut = t.reward_cut;                /* what is not given stays as it is */
    share = t.fee_share;

    if (rc == CTL_DONE) {
        rc = ctl_opts_percent(c, "reward-cut", &cut);
    }

    if (rc == CTL_DONE) {
        rc = ctl_opts_percent(c, "fee-share", &share);
    }

    if (rc == CTL_DONE && ctl_opts_text(c, "reward-cut") == NULL
        && ctl_opts_text(c, "fee-share") == NULL)
    {
        rc = ctl_fail(c, CTL_USAGE, "what shall change? give --reward-cut "
                      "PERCENT, --fee-share PERCENT or both");
    }

    return rc == CTL_DONE ? ctl_orchestrator_set_shares(c, &cut, &share, 0)
                          : rc;
}


/* an extension (contracts.md 4.6): the round that ends a slash's jail, or 0 */

static ctl_exit_e
ctl_orchestrator_jail(ctl_t *c, uint64_t *round, const lp_address_t *who)
{
    int         has;
    ctl_exit_e  rc;

    *round = 0;
    lp_contracts_put_of(&c->data, "jailedUntil(address)", who, NULL);
    rc = ctl_chain_try(c, LP_CONTRACT_BONDING, &has);

    if (has) {
        lp_contracts_get_u64(round, c->result.data, c->result.len);
    }

    return rc;
}


/* the contract lets a jailed one in without a word and without effect */

static ctl_exit_e
ctl_orchestrator_free(ctl_t *c)
{
    uint64_t     until;
    ctl_exit_e   rc;
    ctl_round_t  r;

    rc = ctl_orchestrator_jail(c, &until, &c->me);
    if (rc == CTL_DONE) {
        rc = ctl_chain_round(c, &r);
    }

    return rc == CTL_DONE && until > r.current
               ? ctl_fail(c, CTL_REFUSED, "after a slash this orchestrator "
                          "stays out of the pool until round %llu, this is "
                          "round %llu: wait; nothing was sent",
                          (unsigned long long) until,
                          (unsigned long long) r.current)
               : rc;
}


/* who was pushed out joins again with the shares it had */

ctl_exit_e
ctl_orchestrator_activate(ctl_t *c)
{
    ctl_exit_e       rc;
    lp_transcoder_t  t;

    rc = ctl_tx_ready(c);
    if (rc == CTL_DONE) {
        rc = ctl_orchestrator_free(c);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_transcoder(c, &c->me, &t);
    }

    if (rc == CTL_DONE && !ctl_orchestrator_in_pool(&t)) {
        rc = ctl_orchestrator_set_shares(c, &t.reward_cut, &t.fee_share, 0);
    }

    return rc == CTL_DONE ? ctl_orchestrator_put_activation(c) : rc;
}


ctl_exit_e
ctl_orchestrator_uri(ctl_t *c)
{
    ctl_exit_e   rc;
    const char  *uri = ctl_opts_text(c, "uri");

    rc = ctl_orchestrator_check_uri(c, uri);
    if (rc == CTL_DONE) {
        rc = ctl_tx_ready(c);
    }

    return rc == CTL_DONE ? ctl_orchestrator_set_uri(c, uri) : rc;
}


ctl_exit_e
ctl_orchestrator_reward(ctl_t *c)
{
    return ctl_tx_plain(c, "reward", LP_CONTRACT_BONDING, "reward()");
}


/* all of its own stake: it leaves the pool at the end of the round */

ctl_exit_e
ctl_orchestrator_resign(ctl_t *c)
{
    ctl_tx_t        tx;
    lp_u256_t       stake;
    ctl_exit_e      rc;
    lp_delegator_t  d;

    rc = ctl_tx_ready(c);
    if (rc == CTL_DONE) {
        rc = ctl_chain_delegator(c, &c->me, &d);
    }

    if (rc == CTL_DONE
        && (lp_u256_is_zero(&d.bonded)
            || !lp_address_equal(&d.delegate, &c->me)))
    {
        rc = ctl_fail(c, CTL_REFUSED, "this account is no orchestrator: it has "
                      "no stake of its own; nothing was sent");
    }

    /* the claim that comes with it adds the rewards: all is more than bonded */

    if (rc == CTL_DONE) {
        rc = ctl_chain_pending(c, "pendingStake(address,uint256)", &c->me,
                               &stake);
    }

    if (rc == CTL_DONE) {
        rc = ctl_stake_advice(c, &c->me);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_tx_init(&tx, "unbond", LP_CONTRACT_BONDING, "unbond(uint256)");
    lp_contracts_put_u256(&c->data, tx.call, &stake);

    rc = ctl_tx_run(c, &tx);
    if (rc == CTL_DONE) {
        ctl_out_lpt(&c->out, "stake", &stake);
        ctl_out_number(&c->out, "lock", d.next_lock);
    }

    return rc;
}


/* --- status */

static ctl_exit_e
ctl_orchestrator_put(ctl_t *c, const ctl_stake_orch_t *o,
    const ctl_round_t *r)
{
    char        uri[CTL_ORCHESTRATOR_URI];
    uint64_t    jail;
    lp_u256_t   fees;
    ctl_exit_e  rc;

    rc = ctl_orchestrator_jail(c, &jail, &o->address);
    if (rc == CTL_DONE) {
        rc = ctl_orchestrator_get_uri(c, uri, &o->address);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_pending(c, "pendingFees(address,uint256)", &o->address,
                               &fees);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_out_address(&c->out, "address", &o->address);
    ctl_out_truth(&c->out, "registered", !lp_u256_is_zero(&o->self));
    ctl_out_truth(&c->out, "in_pool", ctl_orchestrator_in_pool(&o->t));
    ctl_out_truth(&c->out, "active", o->active);
    ctl_out_lpt(&c->out, "stake", &o->stake);
    ctl_out_lpt(&c->out, "own_stake", &o->self);

    if (o->has_slashable) {
        ctl_out_lpt(&c->out, "slashable", &o->slashable);
    } else {
        ctl_out_nothing(&c->out, "slashable");
    }

    ctl_out_percent(&c->out, "reward_cut", &o->t.reward_cut);
    ctl_out_percent(&c->out, "fee_share", &o->t.fee_share);
    ctl_out_eth(&c->out, "fees", &fees);
    ctl_out_number(&c->out, "active_from_round", o->t.activation_round);
    ctl_out_number(&c->out, "last_reward_round", o->t.last_reward_round);

    if (jail > r->current) {
        ctl_out_number(&c->out, "jailed_until_round", jail);
    } else {
        ctl_out_nothing(&c->out, "jailed_until_round");
    }

    ctl_out_number(&c->out, "round", r->current);

    if (uri[0]) {
        ctl_out_peer(&c->out, "uri", uri);
    } else {
        ctl_out_nothing(&c->out, "uri");
    }

    return CTL_DONE;
}


ctl_exit_e
ctl_orchestrator_status(ctl_t *c)
{
    ctl_exit_e        rc;
    ctl_round_t       r;
    lp_address_t      who;
    ctl_stake_orch_t  o;

    rc = ctl_key_who(c, &who);
    if (rc == CTL_DONE) {
        rc = ctl_chain_round(c, &r);
    }

    if (rc == CTL_DONE) {
        rc = ctl_stake_orch(c, &o, &who, &r);
    }

    if (rc == CTL_DONE) {
        rc = ctl_orchestrator_put(c, &o, &r);
    }

    if (rc == CTL_DONE && o.active && !o.rewarded) {
        ctl_out_text(&c->out, "advice", "reward() is due in this round: \""
                     CTL_NAME " orchestrator reward\"");
    }

    return rc;
}


/* --- what the running program says */

/* --status as the program prints it: without a path it is that of its JSON */

static ctl_exit_e
ctl_orchestrator_status_url(ctl_t *c, char out[CTL_ORCHESTRATOR_URI])
{
    const char  *host, *url = ctl_opts_text(c, "status");

    url = url ? url : CTL_ORCHESTRATOR_STATUS;
    host = strstr(url, "://");
    host = host ? host + 3 : url;

    return snprintf(out, CTL_ORCHESTRATOR_URI, "%s%s", url,
                    strchr(host, '/') ? "" : "/status") < CTL_ORCHESTRATOR_URI
               ? CTL_DONE : ctl_fail(c, CTL_USAGE, "--status: the URL is too "
                                     "long");
}


static ctl_exit_e
ctl_orchestrator_money(ctl_t *c, ctl_json_money_t *m)
{
    char         why[256], name[256], url[CTL_ORCHESTRATOR_URI];
    lp_buf_t     reply;
    ctl_exit_e   rc;

    rc = ctl_orchestrator_status_url(c, url);
    if (rc != CTL_DONE) {
        return rc;
    }

    c->http = c->http ? c->http : ctl_http_create();

    if (c->http == NULL) {
        return ctl_fail(c, CTL_REFUSED, "out of memory");
    }

    lp_buf_init(&reply, CTL_RESULT_MAX);

    rc = ctl_http_ask(c->http, &reply, url, NULL, why, sizeof(why)) == LP_OK
             ? ctl_json_money(c, m, (const char *) reply.data, reply.len)
             : ctl_fail(c, CTL_REFUSED, "orchestrator %s: %s; start it, or "
                        "give its --status-addr as --status URL",
                        ctl_http_name(name, sizeof(name), url), why);

    lp_buf_done(&reply);

    return rc;
}


ctl_exit_e
ctl_orchestrator_redeemed(ctl_t *c)
{
    ctl_exit_e        rc;
    ctl_json_money_t  m;

    rc = ctl_orchestrator_money(c, &m);
    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_out_number(&c->out, "winners_final", m.final);
    ctl_out_number(&c->out, "winners_dead", m.dead);
    ctl_out_eth(&c->out, "redeemed", &m.redeemed_wei);
    ctl_out_number(&c->out, "tickets", m.tickets);
    ctl_out_eth(&c->out, "ev", &m.ev_wei);

    return CTL_DONE;
}


ctl_exit_e
ctl_orchestrator_pending(ctl_t *c)
{
    ctl_exit_e        rc;
    ctl_json_money_t  m;

    rc = ctl_orchestrator_money(c, &m);
    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_out_number(&c->out, "winners_won", m.won);
    ctl_out_number(&c->out, "winners_signed", m.nsigned);
    ctl_out_number(&c->out, "winners_sent", m.sent);
    ctl_out_number(&c->out, "winners_mined", m.mined);
    ctl_out_eth(&c->out, "pending", &m.pending_wei);
    ctl_out_eth(&c->out, "credit", &m.credit_wei);

    return CTL_DONE;
}
