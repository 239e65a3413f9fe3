/* A transaction: tried, priced, signed, sent, seen in a block. */

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/ctl/chain.h"
#include "common/ctl/key.h"
#include "common/ctl/opts.h"
#include "common/ctl/price.h"
#include "common/ctl/reason.h"
#include "common/ctl/rpc.h"
#include "common/ctl/tx.h"
#include "common/eth/tx.h"
#include "common/util/hex.h"
#include "common/util/money.h"


#define CTL_TX_REQUEST    (2 * CTL_RESULT_MAX)
#define CTL_TX_TIMEOUT_S  300
#define CTL_TX_GAS_MAX    30000000u                /* of a whole block */
#define CTL_TX_GAS_GUESS  600000u                  /* where none can be tried */
#define CTL_TX_POLL_MS    200


/* what is known of it on the way */
typedef struct {
    const ctl_tx_t  *tx;
    ctl_sent_t      *sent;
    lp_tx_t          t;
    lp_u256_t        balance;
    lp_u256_t        gas_cost;         /* at most: limit times fee */
    uint64_t         timeout_s;        /* waited for its block */
} ctl_tx_run_t;


void
ctl_tx_init(ctl_tx_t *tx, const char *step, lp_contract_e contract,
    const char *call)
{
    memset(tx, 0, sizeof(ctl_tx_t));
    tx->step = step;
    tx->call = call;
    tx->contract = contract;
}


ctl_exit_e
ctl_tx_ready(ctl_t *c)
{
    ctl_exit_e  rc;

    rc = ctl_key_open(c);
    if (rc == CTL_DONE) {
        rc = ctl_chain_open(c);
    }

    if (rc == CTL_DONE && !c->chain_named) {
        rc = ctl_fail(c, CTL_USAGE, "the node says it is on chain %llu: if "
                      "that is the one, give --chain-id %llu; nothing was "
                      "sent", (unsigned long long) c->chain_id,
                      (unsigned long long) c->chain_id);
    }

    return rc;
}


/* --- can it be paid? */

static ctl_exit_e
ctl_tx_short(ctl_t *c, const ctl_tx_run_t *r, const lp_u256_t *need)
{
    char       who[LP_ADDRESS_TEXT_LEN + 1], has[LP_MONEY_ETH_LEN];
    char       all[LP_MONEY_ETH_LEN], gas[LP_MONEY_ETH_LEN];
    char       less[LP_MONEY_ETH_LEN];
    lp_u256_t  missing;

    lp_u256_sub(&missing, need, &r->balance);
    lp_address_text(who, &c->me);
    lp_money_format_eth(less, &missing);

    return ctl_fail(c, CTL_FUNDS, "%s has %s ETH and %s ETH are needed, of "
                    "them at most %s ETH for gas: %s ETH are missing; from an "
                    "account that has them: \"" CTL_NAME " account send --to "
                    "%s --amount %sETH\"; nothing was sent", who,
                    lp_money_format_eth(has, &r->balance),
                    lp_money_format_eth(all, need),
                    lp_money_format_eth(gas, &r->gas_cost), less, who, less);
}


static ctl_exit_e
ctl_tx_funds(ctl_t *c, const ctl_tx_run_t *r)
{
    lp_u256_t  need;

    if (lp_u256_add(&need, &r->tx->value, &r->gas_cost) != LP_OK) {
        return ctl_fail(c, CTL_USAGE, "the amount is beyond all ETH there is");
    }

    return lp_u256_cmp(&r->balance, &need) < 0 ? ctl_tx_short(c, r, &need)
                                               : CTL_DONE;
}


/* --- the trial */

static ctl_exit_e
ctl_tx_simulate(ctl_t *c, ctl_tx_run_t *r)
{
    uint64_t        gas;
    lp_buf_t        request;
    ctl_exit_e      rc;
    lp_status_t     s;
    lp_rpc_error_t  e;

    lp_buf_init(&request, CTL_TX_REQUEST);
    lp_rpc_put_simulate(&request, ctl_rpc_next(c), &c->me, &r->t.to,
                        &r->tx->value, c->data.data, c->data.len);
    lp_buf_reset(&c->result);
    rc = ctl_rpc_ask(c, ctl_rpc_bytes, &c->result, &s, &e, &request);

    if (rc == CTL_DONE && s == LP_OK) {
        lp_buf_reset(&request);
        lp_rpc_put_estimate(&request, ctl_rpc_next(c), &c->me, &r->t.to,
                            &r->tx->value, c->data.data, c->data.len);
        rc = ctl_rpc_ask(c, ctl_rpc_u64, &gas, &s, &e, &request);
    }

    lp_buf_done(&request);

    if (rc == CTL_DONE && s != LP_OK) {
        rc = ctl_reason_fail(c, r->tx->contract == LP_NCONTRACTS ? "the chain"
                             : lp_contract_name(r->tx->contract), &e);
    }

    if (rc == CTL_DONE && (gas == 0 || gas > CTL_TX_GAS_MAX)) {
        rc = ctl_fail(c, CTL_REFUSED, "the node estimates %llu gas, which "
                      "cannot be: ask another one with --rpc",
                      (unsigned long long) gas);
    }

    if (rc == CTL_DONE) {
        r->t.gas = gas + gas / 5;
        r->sent->simulated = 1;
    }

    return rc;
}


static ctl_exit_e
ctl_tx_prepare(ctl_t *c, ctl_tx_run_t *r)
{
    lp_buf_t    request;
    ctl_exit_e  rc;

    rc = ctl_chain_balance(c, &c->me, &r->balance);
    if (rc == CTL_DONE) {
        rc = ctl_price_fees(c, &r->t);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    /* a trial of more ETH than there is fails for that alone */

    r->t.gas = CTL_TX_GAS_GUESS;

    if (!(r->tx->after && ctl_opts_text(c, "dry-run"))
        && lp_u256_cmp(&r->tx->value, &r->balance) <= 0)
    {
        rc = ctl_tx_simulate(c, r);
    }

    if (rc == CTL_DONE) {
        rc = ctl_price_bound(c, &r->gas_cost, &r->t);
    }

    if (rc == CTL_DONE) {
        rc = ctl_tx_funds(c, r);
    }

    if (rc == CTL_DONE) {
        lp_buf_init(&request, 1024);
        lp_rpc_put_nonce(&request, ctl_rpc_next(c), &c->me);
        rc = ctl_rpc_get(c, ctl_rpc_u64, &r->t.nonce,
                         "eth_getTransactionCount", &request);
        lp_buf_done(&request);
    }

    return rc;
}


/* --- sent, and seen in a block */

static int64_t
ctl_tx_now_ms(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


/*
 * One line, written over again and again, so no longer than a terminal is
 * wide. A script gets the answer alone.
 */

static void
ctl_tx_progress(const ctl_tx_run_t *r, int64_t waited_ms)
{
    char  hash[2 * 32 + 1];

    if (isatty(STDERR_FILENO)) {
        lp_hex_encode(hash, r->sent->hash.b, 32);
        fprintf(stderr, "\r" CTL_NAME ": %s: 0x%.10s.. %s, %lld s",
                r->tx->step, hash,
                r->sent->block ? "is in a block" : "waits for a block",
                (long long) (waited_ms / 1000));
    }
}


static void
ctl_tx_progress_end(void)
{
    if (isatty(STDERR_FILENO)) {
        fputs("    \n", stderr);
    }
}


/* why it failed in its block: the same call again says it, mostly */

static ctl_exit_e
ctl_tx_failed(ctl_t *c, ctl_tx_run_t *r)
{
    ctl_exit_e  rc;

    rc = ctl_tx_simulate(c, r);

    return rc != CTL_DONE ? rc
           : ctl_fail(c, CTL_REFUSED, "%s: the transaction failed in block "
                      "%llu though it passes now: try again", r->tx->step,
                      (unsigned long long) r->sent->block);
}


static ctl_exit_e
ctl_tx_receipt(ctl_t *c, ctl_tx_run_t *r, int *mined, int *success)
{
    lp_buf_t          request;
    lp_u256_t         gas;
    ctl_exit_e        rc;
    lp_status_t       s;
    lp_rpc_error_t    e;
    lp_rpc_receipt_t  receipt;

    lp_buf_init(&request, 1024);
    lp_rpc_put_receipt(&request, ctl_rpc_next(c), &r->sent->hash);
    rc = ctl_rpc_ask(c, ctl_rpc_receipt, &receipt, &s, &e, &request);
    lp_buf_done(&request);

    *mined = rc == CTL_DONE && s == LP_OK;

    if (*mined) {
        *success = receipt.success;
        r->sent->block = receipt.block;
        r->sent->gas = receipt.gas_used;
        lp_u256_set(&gas, receipt.gas_used);

        if (lp_u256_mul(&r->sent->cost, &gas, &receipt.gas_price) != LP_OK) {
            r->sent->cost = r->gas_cost;
        }
    }

    return rc;
}


static ctl_exit_e
ctl_tx_await(ctl_t *c, ctl_tx_run_t *r)
{
    int              mined = 0, success = 0;
    char             hash[2 * 32 + 1];
    int64_t          start = ctl_tx_now_ms(), waited;
    ctl_exit_e       rc;
    struct timespec  pause = { 0, CTL_TX_POLL_MS * 1000000L };

    do {
        rc = ctl_tx_receipt(c, r, &mined, &success);
        waited = ctl_tx_now_ms() - start;

        if (rc == CTL_DONE && !mined
            && (uint64_t) waited / 1000 >= r->timeout_s)
        {
            lp_hex_encode(hash, r->sent->hash.b, 32);
            rc = ctl_fail(c, CTL_REFUSED, "%s: 0x%s is in no block after %llu "
                          "s; it may still come: look for it before you send "
                          "again", r->tx->step, hash,
                          (unsigned long long) r->timeout_s);
        }

        ctl_tx_progress(r, waited);

        if (rc == CTL_DONE && !mined) {
            nanosleep(&pause, NULL);             /* a node tells no one */
        }

    } while (rc == CTL_DONE && !mined);

    ctl_tx_progress_end();

    return rc != CTL_DONE || success ? rc : ctl_tx_failed(c, r);
}


static ctl_exit_e
ctl_tx_send(ctl_t *c, ctl_tx_run_t *r)
{
    lp_buf_t        raw, request;
    lp_hash_t       hash;
    ctl_exit_e      rc;
    lp_status_t     s;
    lp_rpc_error_t  e;

    lp_buf_init(&raw, CTL_RESULT_MAX);
    lp_buf_init(&request, CTL_TX_REQUEST);

    if (lp_tx_sign(&raw, &r->sent->hash, &r->t, c->keys, c->secret)
        != LP_OK)
    {
        rc = ctl_fail(c, CTL_REFUSED, "%s: it could not be signed",
                      r->tx->step);

    } else {
        lp_rpc_put_send(&request, ctl_rpc_next(c), raw.data, raw.len);
        r->sent->sent = 1;
        rc = ctl_rpc_ask(c, ctl_rpc_hash, &hash, &s, &e, &request);

        /* a second node may have it from the first already */

        if (rc == CTL_DONE && s == LP_GONE && !strstr(e.message, "known")
            && !strstr(e.message, "imported"))
        {
            r->sent->sent = 0;
            rc = ctl_reason_fail(c, "the node", &e);
        }
    }

    lp_buf_done(&raw);
    lp_buf_done(&request);

    return rc == CTL_DONE ? ctl_tx_await(c, r) : rc;
}


ctl_exit_e
ctl_tx_run(ctl_t *c, const ctl_tx_t *tx)
{
    ctl_exit_e    rc;
    ctl_tx_run_t  r;

    if (c->nsent == CTL_SENT_MAX) {
        return ctl_fail(c, CTL_REFUSED, "more than %d transactions in one "
                        "command", CTL_SENT_MAX);
    }

    memset(&r, 0, sizeof(ctl_tx_run_t));
    r.tx = tx;
    r.t.to = tx->to;
    r.sent = &c->sent[c->nsent];
    r.timeout_s = CTL_TX_TIMEOUT_S;

    rc = ctl_opts_number(c, "timeout", &r.timeout_s);
    if (rc == CTL_DONE) {
        rc = ctl_tx_ready(c);
    }

    if (rc == CTL_DONE && tx->contract != LP_NCONTRACTS) {
        rc = ctl_chain_at(c, tx->contract, &r.t.to);
    }

    if (rc == CTL_DONE) {
        r.t.chain_id = c->chain_id;
        r.t.value_wei = tx->value;
        r.t.data = c->data.data;
        r.t.data_len = c->data.len;
        r.sent->tx = *tx;
        r.sent->tx.to = r.t.to;
        rc = ctl_tx_prepare(c, &r);
    }

    if (rc == CTL_DONE) {
        c->nsent++;
        r.sent->gas = r.t.gas;
        r.sent->cost = r.gas_cost;

        if (!ctl_opts_text(c, "dry-run")) {
            rc = ctl_tx_send(c, &r);
        }
    }

    lp_buf_reset(&c->data);

    return rc;
}


ctl_exit_e
ctl_tx_plain(ctl_t *c, const char *step, lp_contract_e contract,
    const char *call)
{
    ctl_tx_t  tx;

    ctl_tx_init(&tx, step, contract, call);
    lp_contracts_put_plain(&c->data, call);

    return ctl_tx_run(c, &tx);
}


void
ctl_tx_put(ctl_t *c)
{
    size_t             i;
    const ctl_sent_t  *s;

    ctl_out_list_tall(&c->out, "transactions");

    for (i = 0; i < c->nsent; i++) {
        s = &c->sent[i];
        ctl_out_item(&c->out);
        ctl_out_text(&c->out, "step", "%s", s->tx.step);
        ctl_out_truth(&c->out, "sent", s->sent);
        ctl_out_address(&c->out, "to", &s->tx.to);

        if (s->tx.call[0]) {
            ctl_out_text(&c->out, "call", "%s", s->tx.call);
        } else {
            ctl_out_nothing(&c->out, "call");
        }

        ctl_out_eth(&c->out, "value", &s->tx.value);
        ctl_out_number(&c->out, "gas", s->gas);
        ctl_out_eth(&c->out, s->sent ? "gas_cost" : "gas_cost_at_most",
                    &s->cost);

        if (s->sent && s->block) {
            ctl_out_number(&c->out, "block", s->block);
        } else if (s->sent) {
            ctl_out_nothing(&c->out, "block");
        }

        if (s->sent) {
            ctl_out_hash(&c->out, "hash", &s->hash);
        } else {
            ctl_out_truth(&c->out, "simulated", s->simulated);
        }
    }

    ctl_out_end(&c->out);
}
