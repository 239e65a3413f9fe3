/*
 * The start as a table of steps: a step is entered once, then looked at after
 * each wake until it is done or has failed with a sentence.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/start.h"


#define ORCH_START_FILE_MAX  16384
#define ORCH_START_SAY_MS    10000         /* a step that waits says so */


typedef struct {
    const char    *name;
    int            onchain;
    lp_status_t  (*open)(orch_start_t *s);
    lp_status_t  (*look)(orch_start_t *s);
} orch_start_step_t;


static int
orch_start_is_role(const orch_start_t *s, const char *role)
{
    return strcmp(s->conf->role, role) == 0;
}


__attribute__((format(printf, 3, 4)))
static lp_status_t
orch_start_fail(orch_start_t *s, const char *option, const char *fmt, ...)
{
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(s->why, sizeof(s->why), fmt, ap);
    va_end(ap);

    orch_conf_complain(s->conf, option, s->why);

    return LP_INTERNAL;
}


/* --- addresses found at an earlier start: a change needs the operator */

static lp_status_t
orch_start_read_pinned(orch_start_t *s, int fd)
{
    char         text[ORCH_START_FILE_MAX];
    ssize_t      n;
    unsigned     line;

    n = read(fd, text, sizeof(text));

    if (n < 0 || n == sizeof(text)
        || lp_contracts_get_file(&s->pinned, &line, text, (size_t) n)
           != LP_OK)
    {
        return orch_start_fail(s, "contracts-file", "%s is not a file of "
                               "contracts: remove it, or write it with "
                               "livepeerctl contracts", s->path);
    }

    s->have_pinned = 1;

    return LP_OK;
}


static lp_status_t
orch_start_find_pinned(orch_start_t *s)
{
    int          fd, given = *s->conf->contracts_file != '\0';
    lp_status_t  rc;

    snprintf(s->path, sizeof(s->path), given ? "%s" : "%s/contracts",
             given ? s->conf->contracts_file : s->conf->data_dir);
    s->conf->contracts_file = s->path;

    fd = open(s->path, O_RDONLY|O_CLOEXEC);

    if (fd == -1) {
        return errno == ENOENT && !given ? LP_OK
               : orch_start_fail(s, "contracts-file", "%s", strerror(errno));
    }

    rc = orch_start_read_pinned(s, fd);
    close(fd);

    return rc;
}


static lp_status_t
orch_start_write_pinned(orch_start_t *s)
{
    int       fd, ok;
    char      fresh[ORCH_START_WHY + 8];
    lp_buf_t  text;

    lp_buf_init(&text, ORCH_START_FILE_MAX);
    lp_contracts_put_file(&text, orch_chain_contracts(s->rpc->chain));
    snprintf(fresh, sizeof(fresh), "%s.new", s->path);

    fd = open(fresh, O_WRONLY|O_CREAT|O_TRUNC|O_NOFOLLOW|O_CLOEXEC, 0600);

    ok = fd != -1 && write(fd, text.data, text.len) == (ssize_t) text.len
         && fsync(fd) == 0;

    lp_buf_done(&text);

    if (fd != -1) {
        close(fd);
    }

    return ok && rename(fresh, s->path) == 0 ? LP_OK
           : orch_start_fail(s, "data-dir", "%s: %s", s->path,
                             strerror(errno));
}


/* --- the chain */

static lp_status_t
orch_start_open_chain(orch_start_t *s)
{
    unsigned           i;
    orch_rpc_t        *rpc = s->rpc;
    orch_chain_conf_t  cc;

    if (orch_signer_make_folder(s->conf->data_dir)) {
        return orch_start_fail(s, "data-dir", "cannot be made: %s",
                               strerror(errno));
    }

    if (orch_start_find_pinned(s) != LP_OK) {
        return LP_INTERNAL;
    }

    memset(&cc, 0, sizeof(cc));

    for (i = 0; i < s->conf->nrpc_urls; i++) {
        cc.urls[i] = s->conf->rpc_urls[i];
    }

    cc.nurls = s->conf->nrpc_urls;
    cc.chain_id = s->conf->chain_id;
    cc.controller = s->conf->controller;
    cc.pinned = s->have_pinned ? &s->pinned : NULL;
    cc.timeout_ms = s->conf->rpc_ms;
    cc.loop = rpc->loop;
    cc.log = rpc->log;

    s->client = orch_client_create(rpc->loop);
    cc.client = s->client;
    rpc->chain = s->client ? orch_chain_create(&cc) : NULL;

    if (rpc->chain == NULL) {
        return orch_start_fail(s, "eth-rpc", "out of memory");
    }

    orch_chain_resolve(rpc->chain, &s->wake);

    return LP_AGAIN;
}


static lp_status_t
orch_start_look_chain(orch_start_t *s)
{
    const char   *why;
    lp_status_t   rc;

    rc = orch_chain_resolved(s->rpc->chain, &why);

    if (rc == LP_AGAIN) {
        return rc;
    }

    if (rc != LP_OK) {
        return orch_start_fail(s, rc == LP_GONE ? "eth-rpc"
                               : rc == LP_MISSING ? "eth-controller"
                               : "contracts-file", "%s", why);
    }

    return s->have_pinned ? LP_OK : orch_start_write_pinned(s);
}


/* --- the signer */

static lp_status_t
orch_start_open_signer(orch_start_t *s)
{
    char         why[ORCH_START_WHY];
    orch_rpc_t  *rpc = s->rpc;

    rpc->signer = orch_signer_create(s->conf, rpc->loop, rpc->log, &s->wake,
                                     why, sizeof(why));
    if (rpc->signer == NULL) {
        return orch_start_fail(s, strcmp(s->conf->signer, "embedded") != 0
                               ? "signer" : *s->conf->eth_key ? "eth-key"
                               : "data-dir", "%s", why);
    }

    orch_loop_wake(&s->wake);

    return LP_AGAIN;
}


static lp_status_t
orch_start_look_signer(orch_start_t *s)
{
    char            text[LP_ADDRESS_TEXT_LEN + 1];
    uint64_t        chain;
    const char     *why;
    lp_status_t     rc;
    orch_signer_t  *signer = s->rpc->signer;

    rc = orch_signer_ready(signer, &why);

    if (rc != LP_OK) {
        return rc == LP_AGAIN ? rc : orch_start_fail(s, "signer", "%s", why);
    }

    chain = orch_signer_chain_id(signer);

    if (chain != (s->conf->onchain ? s->conf->chain_id : 0)) {
        return orch_start_fail(s, "signer", "signs for chain %llu: start it "
                               "with the same --chain-id as this",
                               (unsigned long long) chain);
    }

    if (!orch_signer_allows(signer, LP_SIGN_RESULT)
        || (s->conf->onchain && !orch_start_is_role(s, "front")
            && !orch_signer_allows(signer, LP_SIGN_TX)))
    {
        return orch_start_fail(s, "signer", "was not started for this: give "
                               "it --role orchestrator, and --contracts for "
                               "redemptions");
    }

    if (lp_address_is_zero(&s->conf->recipient_address)) {
        s->conf->recipient_address = *orch_signer_address(signer);
    }

    lp_address_text(text, orch_signer_address(signer));
    lp_log(s->rpc->log, LP_LOG_INFO, "results are signed by %s", text);

    return LP_OK;
}


/* --- winners, and what the chain says */

static lp_status_t
orch_start_open_store(orch_start_t *s)
{
    char                why[ORCH_START_WHY], path[ORCH_START_WHY];
    orch_rpc_t         *rpc = s->rpc;
    orch_store_conf_t   sc;

    snprintf(path, sizeof(path), "%s/winners.db", s->conf->data_dir);

    memset(&sc, 0, sizeof(sc));
    sc.path = path;
    sc.loop = rpc->loop;
    sc.log = rpc->log;
    sc.redeems = !orch_start_is_role(s, "front");
    sc.fronts = !orch_start_is_role(s, "redeemer");

    rpc->store = orch_store_create(&sc, why, sizeof(why));

    return rpc->store ? LP_OK : orch_start_fail(s, "data-dir", "%s", why);
}


static lp_status_t
orch_start_open_watcher(orch_start_t *s)
{
    orch_rpc_t           *rpc = s->rpc;
    orch_watcher_conf_t   wc;

    memset(&wc, 0, sizeof(wc));
    wc.conf = s->conf;
    wc.loop = rpc->loop;
    wc.chain = rpc->chain;
    wc.log = rpc->log;
    wc.recipient = s->conf->recipient_address;

    rpc->watcher = orch_watcher_create(&wc);
    if (rpc->watcher == NULL) {
        return orch_start_fail(s, "eth-rpc", "out of memory");
    }

    orch_watcher_listen(rpc->watcher, &s->wake);

    return LP_AGAIN;
}


static lp_status_t
orch_start_look_watcher(orch_start_t *s)
{
    char                 text[LP_ADDRESS_TEXT_LEN + 1];
    const orch_facts_t  *f = orch_watcher_facts(s->rpc->watcher);

    if (!f->known) {
        return LP_AGAIN;
    }

    lp_address_text(text, &s->conf->recipient_address);

    if (!f->registered) {
        lp_log(s->rpc->log, LP_LOG_WARN, "%s is not registered as an "
               "orchestrator: no ticket pays it until livepeerctl "
               "orchestrator register was run", text);

    } else if (!f->active) {
        lp_log(s->rpc->log, LP_LOG_WARN, "%s is not active in round %llu: "
               "reserves do not pay it", text,
               (unsigned long long) f->round);
    }

    return LP_OK;
}


/* one key never serves two roles: ours may hold no deposit (T-36, T-91) */

static lp_status_t
orch_start_look_roles(orch_start_t *s)
{
    lp_status_t    rc;
    orch_sender_t  sender;

    rc = orch_watcher_sender(s->rpc->watcher, &sender,
                             orch_signer_address(s->rpc->signer), "", 1,
                             &s->wake);

    if (rc == LP_AGAIN || rc == LP_BUSY) {
        orch_timer_set(&s->wake, ORCH_START_SAY_MS);
        return LP_AGAIN;
    }

    return rc == LP_MISSING ? LP_OK
           : orch_start_fail(s, strcmp(s->conf->signer, "embedded") == 0
                                ? "eth-key" : "signer",
                             "its key holds a deposit or reserve "
                             "for tickets: one key may not both pay and be "
                             "paid, take another one for this");
}


/* --- who takes payments */

static lp_status_t
orch_start_open_payments(orch_start_t *s)
{
    orch_rpc_t            *rpc = s->rpc;
    orch_payments_conf_t   pc;

    if (orch_start_is_role(s, "redeemer")) {
        return LP_OK;
    }

    memset(&pc, 0, sizeof(pc));
    pc.conf = s->conf;
    pc.loop = rpc->loop;
    pc.log = rpc->log;
    pc.keys = orch_signer_keys(rpc->signer);
    pc.watcher = rpc->watcher;
    pc.store = rpc->store;
    pc.recipient = s->conf->recipient_address;

    rpc->payments = orch_payments_create(&pc);

    return rpc->payments ? LP_OK : LP_INTERNAL;     /* why was logged */
}


/* --- who takes winners to the chain */

static lp_status_t
orch_start_open_redeemer(orch_start_t *s)
{
    orch_rpc_t           *rpc = s->rpc;
    orch_redeemer_conf_t  rc;

    if (orch_start_is_role(s, "front")) {
        return LP_OK;
    }

    memset(&rc, 0, sizeof(rc));
    rc.conf = s->conf;
    rc.loop = rpc->loop;
    rc.log = rpc->log;
    rc.chain = rpc->chain;
    rc.watcher = rpc->watcher;
    rc.store = rpc->store;
    rc.signer = rpc->signer;

    rpc->redeemer = orch_redeemer_create(&rc);

    return rpc->redeemer ? LP_OK
           : orch_start_fail(s, "data-dir", "the winners cannot be read");
}


/* --- the steps */

static const orch_start_step_t  orch_start_steps[] = {
    { "the contracts", 1, orch_start_open_chain,    orch_start_look_chain   },
    { "the signer",    0, orch_start_open_signer,   orch_start_look_signer  },
    { "the store",     1, orch_start_open_store,    NULL                    },
    { "the chain",     1, orch_start_open_watcher,  orch_start_look_watcher },
    { "our account",   1, orch_start_look_roles,    orch_start_look_roles   },
    { "the payments",  1, orch_start_open_payments, NULL                    },
    { "the redeemer",  1, orch_start_open_redeemer, NULL                    }
};

#define ORCH_START_N  (sizeof(orch_start_steps) / sizeof(orch_start_steps[0]))


static void
orch_start_wait(orch_start_t *s, const char *name)
{
    uint64_t  now = orch_loop_now_ms(s->rpc->loop);

    if (now - s->since_ms >= ORCH_START_SAY_MS) {
        lp_log(s->rpc->log, LP_LOG_WARN, "still waiting for %s", name);
        s->since_ms = now;
    }

    orch_timer_set(&s->wake, ORCH_START_SAY_MS);
}


static void
orch_start_end(orch_start_t *s, lp_status_t status)
{
    if (s->rpc->watcher) {
        orch_watcher_unlisten(s->rpc->watcher, &s->wake);
        orch_watcher_forget(s->rpc->watcher, &s->wake);
    }

    orch_timer_clear(&s->wake);
    s->status = status;
    orch_loop_wake(s->done);
}


static void
orch_start_run(orch_start_t *s, lp_status_t rc)
{
    const orch_start_step_t  *step;

    while (rc == LP_OK) {

        s->step++;

        if (s->step == ORCH_START_N) {
            orch_start_end(s, LP_OK);
            return;
        }

        step = &orch_start_steps[s->step];
        s->since_ms = orch_loop_now_ms(s->rpc->loop);
        rc = step->onchain && !s->conf->onchain ? LP_OK : step->open(s);
    }

    if (rc == LP_AGAIN) {
        orch_start_wait(s, orch_start_steps[s->step].name);
        return;
    }

    orch_start_end(s, rc);
}


static void
orch_start_on_wake(void *data)
{
    orch_start_t  *s = data;

    if (s->status == LP_AGAIN) {
        orch_start_run(s, orch_start_steps[s->step].look(s));
    }
}


void
orch_start_begin(orch_start_t *s, orch_rpc_t *rpc, orch_conf_t *conf,
    orch_timer_t *done)
{
    s->rpc = rpc;
    s->conf = conf;
    s->done = done;
    s->status = LP_AGAIN;
    s->step = (unsigned) -1;
    orch_timer_init(&s->wake, rpc->loop, orch_start_on_wake, s);

    orch_start_run(s, LP_OK);
}


void
orch_start_close(orch_start_t *s)
{
    orch_rpc_t  *rpc = s->rpc;

    if (rpc == NULL) {
        return;
    }

    orch_redeemer_destroy(&rpc->redeemer);
    orch_payments_destroy(&rpc->payments);
    orch_watcher_destroy(&rpc->watcher);

    if (rpc->store) {
        orch_store_destroy(&rpc->store);
    }

    orch_signer_destroy(&rpc->signer);
    orch_chain_destroy(&rpc->chain);
    orch_client_destroy(&s->client);
    orch_timer_done(&s->wake);
}
