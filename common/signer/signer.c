/*
 * A request's way: judged by the policy, counted by the journal, its bytes
 * built by preimage, signed. Counted and not signed can happen; signed and
 * not counted cannot.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/signer/journal.h"
#include "common/signer/policy.h"
#include "common/signer/preimage.h"
#include "common/signer/vault.h"


#define LP_SIGNER_SCRATCH  (LP_SIGN_FRAME_MAX + 4096)


struct lp_signer_s {
    lp_signer_conf_t   conf;
    const lp_log_t    *log;
    lp_keys_t         *keys;
    lp_secret_t       *secret;                     /* in the vault's page */
    lp_address_t       address;
    lp_policy_t        policy;
    lp_journal_t       journal;
    uint64_t           tickets;                    /* signed */
    lp_buf_t           scratch;                    /* of lp_signer_answer */
};


static int
lp_signer_is_budget(const lp_u256_t *v)
{
    return !lp_u256_is_zero(v)
           && (v->w[0] & v->w[1] & v->w[2] & v->w[3]) != UINT64_MAX;
}


/* what would be a mistake with money in play, as a sentence; NULL: none */

static const char *
lp_signer_judge(const lp_signer_conf_t *c)
{
    if (!(c->roles & (LP_SIGNER_BROADCASTER | LP_SIGNER_ORCHESTRATOR))) {
        return "the signer has no role: give --role broadcaster or "
               "orchestrator";
    }

    if (c->chain_id == 0) {
        return c->roles & LP_SIGNER_TX
               ? "transactions need a chain: give --chain-id" : NULL;
    }

    if ((c->roles & LP_SIGNER_BROADCASTER)
        && (c->roles & LP_SIGNER_ORCHESTRATOR))
    {
        return "one key cannot be broadcaster and orchestrator on a chain: "
               "give each a key and a signer of its own";
    }

    if ((c->roles & LP_SIGNER_TX) && c->contracts_file == NULL) {
        return "transactions need the addresses they may call: give "
               "--contracts";
    }

    if (!(c->roles & LP_SIGNER_BROADCASTER)) {
        return NULL;
    }

    if (c->journal_file == NULL) {
        return "a broadcaster's budgets must outlive a crash: give --journal";
    }

    return !lp_signer_is_budget(&c->max_face_value)
           ? "a broadcaster on a chain needs a limit of a ticket's face "
             "value: give --max-face-value"
           : !lp_signer_is_budget(&c->max_ticket_ev)
           ? "a broadcaster on a chain needs a limit of a ticket's value: "
             "give --max-ticket-ev"
           : !lp_signer_is_budget(&c->day_budget)
           ? "a broadcaster on a chain needs a day's budget: give "
             "--day-budget" : NULL;
}


static lp_status_t
lp_signer_read_key(lp_signer_t *s, char *why, size_t why_len)
{
    lp_address_t        wanted;
    lp_vault_source_t   src;

    memset(&src, 0, sizeof(src));
    src.file = s->conf.key_file;
    src.password_file = s->conf.password_file;
    src.password_fd = s->conf.password_fd;

    if (s->conf.address) {
        if (lp_address_parse(&wanted, s->conf.address,
                             strlen(s->conf.address)) != LP_OK)
        {
            snprintf(why, why_len, "the address \"%.60s\" is none: give 0x "
                     "and 40 digits", s->conf.address);
            return LP_MALFORMED;
        }

        src.address = &wanted;
    }

    s->secret = lp_vault_create();
    if (s->secret == NULL) {
        snprintf(why, why_len, "memory for the key cannot be locked (%s): "
                 "raise RLIMIT_MEMLOCK", strerror(errno));
        return LP_NOMEM;
    }

    return lp_vault_read(s->secret, &s->address, s->keys, &src, why, why_len);
}


static lp_status_t
lp_signer_open_journal(lp_signer_t *s, char *why, size_t why_len)
{
    lp_u256_t  budgets[LP_JOURNAL_NLEDGERS];

    budgets[LP_JOURNAL_TICKETS] = s->conf.day_budget;
    budgets[LP_JOURNAL_GAS] = s->conf.gas_budget;
    budgets[LP_JOURNAL_VALUE] = lp_u256_is_zero(&s->conf.value_budget)
                                ? s->conf.max_value : s->conf.value_budget;

    return lp_journal_open(&s->journal, s->conf.journal_file, &s->address,
                           s->conf.chain_id, budgets, s->log, why, why_len);
}


lp_signer_t *
lp_signer_create(const lp_signer_conf_t *conf, const uint8_t random[64],
    const lp_log_t *log, char *why, size_t why_len)
{
    const char   *mistake;
    lp_status_t   rc;
    lp_signer_t  *s;

    mistake = lp_signer_judge(conf);
    if (mistake) {
        snprintf(why, why_len, "%s", mistake);
        return NULL;
    }

    s = calloc(1, sizeof(lp_signer_t));
    if (s == NULL) {
        snprintf(why, why_len, "there is no memory: give the signer 64 MB");
        return NULL;
    }

    s->conf = *conf;
    s->log = log;
    s->journal.fd = -1;
    lp_buf_init(&s->scratch, LP_SIGNER_SCRATCH);

    s->keys = lp_keys_create(random);
    if (s->keys == NULL) {
        snprintf(why, why_len, "there is no memory: give the signer 64 MB");
        lp_signer_destroy(&s);
        return NULL;
    }

    rc = lp_signer_read_key(s, why, why_len);

    if (rc == LP_OK) {
        rc = lp_policy_open(&s->policy, &s->conf, &s->address, random + 32,
                            log, why, why_len);
    }

    if (rc == LP_OK) {
        rc = lp_signer_open_journal(s, why, why_len);
    }

    if (rc != LP_OK) {
        lp_signer_destroy(&s);
    }

    return s;
}


void
lp_signer_destroy(lp_signer_t **s)
{
    if (*s == NULL) {
        return;
    }

    lp_vault_destroy(&(*s)->secret);
    lp_journal_close(&(*s)->journal);
    lp_policy_close(&(*s)->policy);
    lp_keys_destroy(&(*s)->keys);
    lp_buf_done(&(*s)->scratch);
    free(*s);
    *s = NULL;
}


const lp_address_t *
lp_signer_address(const lp_signer_t *s)
{
    return &s->address;
}


const lp_keys_t *
lp_signer_keys(const lp_signer_t *s)
{
    return s->keys;
}


static lp_sign_refusal_e
lp_signer_sign(lp_signer_t *s, lp_sig_t *sig, const lp_hash_t *m)
{
    return lp_keys_sign(s->keys, sig, s->secret, m) == LP_OK
           ? LP_SIGN_OK : LP_SIGN_INTERNAL;
}


static lp_sign_refusal_e
lp_signer_hello(lp_signer_t *s, lp_sign_hello_t *h, int64_t now_s)
{
    h->address = s->address;
    h->chain_id = s->conf.chain_id;
    h->kinds = lp_policy_kinds(&s->policy);
    h->max_face_value = s->conf.max_face_value;
    h->max_ticket_ev = s->conf.max_ticket_ev;
    h->day_budget = s->conf.day_budget;
    lp_journal_spent(&s->journal, &h->day_spent, LP_JOURNAL_TICKETS, now_s);
    h->stream_budget = s->conf.stream_budget;
    h->recipient_budget = s->conf.recipient_budget;
    h->recipients = s->policy.recipients.n;
    h->tickets = s->tickets;

    return LP_SIGN_OK;
}


static lp_sign_refusal_e
lp_signer_segment(lp_signer_t *s, lp_sig_t *sig,
    const lp_sign_segment_t *segment)
{
    lp_hash_t          m;
    lp_sign_refusal_e  no;

    no = lp_policy_judge_segment(segment);
    if (no != LP_SIGN_OK) {
        return no;
    }

    lp_preimage_segment(&m, segment);

    return lp_signer_sign(s, sig, &m);
}


static lp_sign_refusal_e
lp_signer_count(lp_signer_t *s, lp_journal_e ledger, const lp_money_t *amount,
    int64_t now_s, lp_sign_refusal_e over)
{
    switch (lp_journal_spend(&s->journal, ledger, amount, now_s)) {

    case LP_OK:
        return LP_SIGN_OK;

    case LP_LIMIT:
        return over;

    default:
        return LP_SIGN_JOURNAL;
    }
}


static lp_sign_refusal_e
lp_signer_tickets(lp_signer_t *s, lp_sign_reply_t *reply, lp_buf_t *scratch,
    const lp_sign_tickets_t *t, int64_t now_s)
{
    uint8_t            *p;
    uint32_t            i;
    lp_hash_t           m;
    lp_sig_t            sig;
    lp_sign_refusal_e   no;
    lp_policy_claim_t   claim;

    no = lp_policy_judge_tickets(&s->policy, &claim, t, now_s);
    if (no != LP_SIGN_OK) {
        return no;
    }

    p = lp_buf_add(scratch, (size_t) t->n * LP_SIG_LEN);
    if (p == NULL) {
        return LP_SIGN_INTERNAL;
    }

    no = lp_signer_count(s, LP_JOURNAL_TICKETS, &claim.ev, now_s,
                         LP_SIGN_DAY);
    if (no != LP_SIGN_OK) {
        return no;
    }

    lp_policy_take(&claim);

    for (i = 0; i < t->n; i++) {
        lp_preimage_ticket(&m, t, i, &s->address);

        if (lp_signer_sign(s, &sig, &m) != LP_SIGN_OK) {
            return LP_SIGN_INTERNAL;
        }

        memcpy(p + (size_t) i * LP_SIG_LEN, sig.b, LP_SIG_LEN);
    }

    s->tickets += t->n;
    reply->sigs = p;
    reply->nsigs = t->n;

    return LP_SIGN_OK;
}


static lp_sign_refusal_e
lp_signer_result(lp_signer_t *s, lp_sig_t *sig, const lp_sign_result_t *r)
{
    lp_hash_t  m;

    if (r->n < 1 || r->n > LP_PROFILE_MAX) {
        return LP_SIGN_MALFORMED;
    }

    lp_preimage_result(&m, r);

    return lp_signer_sign(s, sig, &m);
}


/* the caller has no say in what is drawn (T-35) */

static lp_sign_refusal_e
lp_signer_ping(lp_signer_t *s, lp_sign_reply_t *reply)
{
    lp_hash_t  m;

    if (getrandom(reply->ping, sizeof(reply->ping), 0)
        != sizeof(reply->ping))
    {
        return LP_SIGN_INTERNAL;
    }

    lp_preimage_ping(&m, reply->ping);

    return lp_signer_sign(s, &reply->sig, &m);
}


/* EIP-712: the digest is signed as it is, like a transaction's */

static lp_sign_refusal_e
lp_signer_receipt(lp_signer_t *s, lp_sig_t *sig, const lp_sign_receipt_t *r)
{
    lp_hash_t  digest;

    lp_preimage_receipt(&digest, r, s->conf.chain_id);

    return lp_keys_sign_tx(s->keys, sig, s->secret, &digest) == LP_OK
           ? LP_SIGN_OK : LP_SIGN_INTERNAL;
}


static lp_sign_refusal_e
lp_signer_tx(lp_signer_t *s, lp_sign_reply_t *reply, lp_buf_t *scratch,
    const lp_tx_t *tx, int64_t now_s)
{
    lp_u256_t          gas_wei;
    lp_money_t         gas, value;
    lp_sign_refusal_e  no;

    no = lp_policy_judge_tx(&s->policy, &gas_wei, tx);
    if (no != LP_SIGN_OK) {
        return no;
    }

    if (lp_money_from_wei(&value, &tx->value_wei) != LP_OK) {
        return LP_SIGN_VALUE;
    }

    if (lp_money_from_wei(&gas, &gas_wei) != LP_OK) {
        return LP_SIGN_GAS;
    }

    no = lp_signer_count(s, LP_JOURNAL_VALUE, &value, now_s, LP_SIGN_VALUE);

    if (no == LP_SIGN_OK) {
        no = lp_signer_count(s, LP_JOURNAL_GAS, &gas, now_s, LP_SIGN_GAS);
    }

    if (no != LP_SIGN_OK) {
        return no;
    }

    if (lp_tx_sign(scratch, &reply->tx_hash, tx, s->keys, s->secret)
        != LP_OK)
    {
        return LP_SIGN_INTERNAL;
    }

    reply->raw = scratch->data;
    reply->raw_len = scratch->len;

    return LP_SIGN_OK;
}


void
lp_signer_do(lp_signer_t *s, lp_sign_reply_t *reply, lp_buf_t *scratch,
    const lp_sign_request_t *r, int64_t now_s)
{
    lp_hash_t          m;
    lp_sign_refusal_e  no = LP_SIGN_MALFORMED;

    memset(reply, 0, sizeof(lp_sign_reply_t));
    reply->id = r->id;
    lp_buf_reset(scratch);

    if ((unsigned) r->kind > LP_SIGN_TX
        || !(lp_policy_kinds(&s->policy) & 1u << r->kind))
    {
        reply->refusal = LP_SIGN_ROLE;
        return;
    }

    switch (r->kind) {

    case LP_SIGN_HELLO:
        no = lp_signer_hello(s, &reply->hello, now_s);
        break;

    case LP_SIGN_REQUEST:
        lp_preimage_request(&m, &s->address);
        no = lp_signer_sign(s, &reply->sig, &m);
        break;

    case LP_SIGN_SEGMENT:
        no = lp_signer_segment(s, &reply->sig, &r->segment);
        break;

    case LP_SIGN_TICKETS:
        no = lp_signer_tickets(s, reply, scratch, &r->tickets, now_s);
        break;

    case LP_SIGN_RESULT:
        no = lp_signer_result(s, &reply->sig, &r->result);
        break;

    case LP_SIGN_PING:
        no = lp_signer_ping(s, reply);
        break;

    case LP_SIGN_RECEIPT:
        no = lp_signer_receipt(s, &reply->sig, &r->receipt);
        break;

    case LP_SIGN_TX:
        no = lp_signer_tx(s, reply, scratch, &r->tx, now_s);
        break;
    }

    reply->refusal = no;
}


void
lp_signer_answer(lp_signer_t *s, lp_buf_t *out, const lp_sign_request_t *r,
    int64_t now_s)
{
    lp_sign_reply_t  reply;

    lp_signer_do(s, &reply, &s->scratch, r, now_s);
    lp_sign_encode_reply(out, r->kind, &reply);
}
