/*
 * Questions to nodes. The node that answered last is asked first; one that
 * fails is left for half a minute and the next one is tried. Before a node's
 * word counts it has said which chain it is on, again each minute (T-40).
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/chain_resolve.h"


#define ORCH_CHAIN_LEFT_MS      30000       /* a node is left */
#define ORCH_CHAIN_VERIFIED_MS  60000       /* its chain id is believed */
#define ORCH_CHAIN_AGAIN_MS     5000        /* until a suspicion is looked at
                                               again when no node answers */
#define ORCH_CHAIN_REQUEST_MAX  (512 * 1024)
#define ORCH_CHAIN_WHY          512


typedef struct orch_chain_job_s  orch_chain_job_t;

/* a question under way */
struct orch_chain_job_s {
    orch_ask_t        *ask;
    orch_chain_t      *chain;
    orch_timer_t       wake;
    orch_request_t     http;
    unsigned           tried;                /* bits of nodes */
    unsigned           node;
    uint8_t            verifying;            /* its chain id is asked first */
    uint64_t           check_id;
    lp_buf_t           check;
    orch_chain_job_t  *prev, *next;
};

typedef struct {
    const char        *url;
    uint64_t           left_until_ms;
    uint64_t           verified_until_ms;
} orch_chain_node_t;

struct orch_chain_s {
    orch_chain_conf_t  conf;
    orch_chain_node_t  nodes[ORCH_CHAIN_NODES];
    unsigned           current;
    uint64_t           ids;
    orch_chain_job_t   jobs;                 /* head of a ring */
    orch_resolve_t     resolve;
    orch_timer_t      *resolved;             /* who waits for the start */
    orch_timer_t       suspicion;
    lp_contracts_t     contracts;
    uint8_t            known;                /* contracts are */
    uint8_t            suspected;
    uint8_t            changed;              /* nothing is sent any more */
    char               wrong[ORCH_CHAIN_WHY];      /* chain id of a node */
    char               why[ORCH_CHAIN_WHY];
};


static void orch_chain_next(orch_chain_job_t *job);


/* --- nodes */

static void
orch_chain_leave(orch_chain_t *c, unsigned node, const char *what)
{
    orch_chain_node_t  *n = &c->nodes[node];

    if (n->left_until_ms <= orch_loop_now_ms(c->conf.loop)) {
        lp_log(c->conf.log, LP_LOG_WARN, "node %u of --eth-rpc is left for "
               "%u s: %s", node + 1, ORCH_CHAIN_LEFT_MS / 1000, what);
    }

    n->left_until_ms = orch_loop_now_ms(c->conf.loop) + ORCH_CHAIN_LEFT_MS;
    n->verified_until_ms = 0;
}


void
orch_chain_blame(orch_chain_t *c, int node, const char *what)
{
    if (node >= 0 && node < (int) c->conf.nurls) {
        orch_chain_leave(c, (unsigned) node, what);
    }
}


/*
 * Who is asked next: the current one, then the others in order; those that
 * were left only when nobody else is there. -1: all were tried.
 */

static int
orch_chain_choose(const orch_chain_t *c, const orch_chain_job_t *job)
{
    int       left;
    unsigned  i, node;
    uint64_t  now = orch_loop_now_ms(c->conf.loop);

    if (job->ask->only >= 0) {
        return job->tried ? -1 : job->ask->only;
    }

    for (i = 0, left = -1; i < c->conf.nurls; i++) {

        node = (c->current + i) % c->conf.nurls;

        if (job->tried >> node & 1) {
            continue;
        }

        if (c->nodes[node].left_until_ms <= now) {
            return (int) node;
        }

        if (left == -1) {
            left = (int) node;
        }
    }

    return left;
}


/* --- a question under way */

static void
orch_chain_end(orch_chain_job_t *job, lp_status_t status)
{
    orch_ask_t  *ask = job->ask;

    ask->status = status;
    ask->node = (int) job->node;

    if (status == LP_OK) {
        ask->reply = job->http.answer;
        lp_buf_init(&job->http.answer, 0);
    }

    orch_loop_wake(ask->wake);

    ask->impl = NULL;
    job->prev->next = job->next;
    job->next->prev = job->prev;
    orch_client_cancel(&job->http);
    orch_timer_done(&job->wake);
    lp_buf_done(&job->check);
    free(job);
}


static void
orch_chain_post(orch_chain_job_t *job)
{
    orch_chain_t    *c = job->chain;
    const lp_buf_t  *body = job->verifying ? &job->check
                                           : &job->ask->request;

    memset(&job->http, 0, sizeof(orch_request_t));

    job->http.url = c->nodes[job->node].url;
    job->http.content_type = "application/json";
    job->http.body = body->data;
    job->http.len = body->len;
    job->http.timeout_ms = c->conf.timeout_ms;
    job->http.answer_max = LP_RPC_REPLY_MAX;
    job->http.wake = &job->wake;

    if (orch_client_start(c->conf.client, &job->http) != LP_OK) {
        orch_chain_end(job, LP_GONE);
    }
}


static void
orch_chain_next(orch_chain_job_t *job)
{
    int            node;
    uint64_t       now;
    orch_chain_t  *c = job->chain;

    orch_client_cancel(&job->http);

    node = orch_chain_choose(c, job);
    if (node < 0) {
        orch_chain_end(job, LP_GONE);
        return;
    }

    now = orch_loop_now_ms(c->conf.loop);

    job->node = (unsigned) node;
    job->tried |= 1u << node;
    job->verifying = c->nodes[node].verified_until_ms <= now;

    orch_chain_post(job);
}


/* the node says which chain it is on */

static lp_status_t
orch_chain_verify(orch_chain_job_t *job)
{
    uint64_t       id;
    lp_status_t    s;
    orch_chain_t  *c = job->chain;

    s = lp_rpc_get_u64(&id, NULL, job->check_id, job->http.answer.data,
                       job->http.answer.len);
    if (s != LP_OK) {
        orch_chain_leave(c, job->node, "it does not say its chain id");
        return LP_GONE;
    }

    if (c->conf.chain_id == 0) {
        c->conf.chain_id = id;
    }

    if (id != c->conf.chain_id) {
        snprintf(c->wrong, sizeof(c->wrong), "the node is on chain %llu, not "
                 "%llu: correct --eth-rpc or --chain-id",
                 (unsigned long long) id,
                 (unsigned long long) c->conf.chain_id);
        orch_chain_leave(c, job->node, c->wrong);
        return LP_MISMATCH;
    }

    c->nodes[job->node].verified_until_ms = orch_loop_now_ms(c->conf.loop)
                                            + ORCH_CHAIN_VERIFIED_MS;

    return LP_OK;
}


static void
orch_chain_answered(void *data)
{
    orch_chain_job_t      *job = data;
    orch_chain_t          *c = job->chain;
    const orch_request_t  *http = &job->http;

    if (!http->done) {
        return;
    }

    if (http->failed || http->status != 200 || http->answer.len == 0) {
        orch_chain_leave(c, job->node, http->failed ? http->error
                                       : "it does not answer with 200");
        orch_chain_next(job);
        return;
    }

    if (job->verifying) {

        if (orch_chain_verify(job) != LP_OK) {
            orch_chain_next(job);
            return;
        }

        orch_client_cancel(&job->http);
        job->verifying = 0;
        orch_chain_post(job);
        return;
    }

    c->nodes[job->node].left_until_ms = 0;

    if (job->ask->only < 0) {
        c->current = job->node;
    }

    orch_chain_end(job, LP_OK);
}


/* --- questions as their owners see them */

void
orch_chain_init(orch_chain_t *c, orch_ask_t *ask, orch_timer_t *wake)
{
    memset(ask, 0, sizeof(orch_ask_t));

    ask->id = ++c->ids;
    ask->wake = wake;
    ask->only = -1;
    ask->node = -1;
    ask->chain = c;
    lp_buf_init(&ask->request, ORCH_CHAIN_REQUEST_MAX);
    lp_buf_init(&ask->reply, 0);
}


void
orch_chain_start(orch_ask_t *ask)
{
    orch_chain_t      *c = ask->chain;
    orch_chain_job_t  *job;

    job = calloc(1, sizeof(orch_chain_job_t));

    if (job == NULL || lp_buf_status(&ask->request) != LP_OK) {
        free(job);
        ask->status = LP_GONE;
        orch_loop_wake(ask->wake);
        return;
    }

    ask->status = LP_AGAIN;
    ask->impl = job;

    job->ask = ask;
    job->chain = c;
    job->next = &c->jobs;
    job->prev = c->jobs.prev;
    job->prev->next = job;
    c->jobs.prev = job;
    orch_timer_init(&job->wake, c->conf.loop, orch_chain_answered, job);

    job->check_id = ++c->ids;
    lp_buf_init(&job->check, 256);
    lp_rpc_put_plain(&job->check, job->check_id, "eth_chainId");

    orch_chain_next(job);
}


void
orch_chain_cancel(orch_ask_t *ask)
{
    orch_chain_job_t  *job = ask->impl;

    if (job) {
        ask->impl = NULL;
        job->prev->next = job->next;
        job->next->prev = job->prev;
        orch_client_cancel(&job->http);
        orch_timer_done(&job->wake);
        lp_buf_done(&job->check);
        free(job);
    }

    lp_buf_done(&ask->request);
    lp_buf_done(&ask->reply);
    ask->status = LP_GONE;
}


/* --- calls of contracts, and their results */

void
orch_chain_put_call(orch_ask_t *ask, const lp_address_t *to,
    const lp_address_t *from, lp_buf_t *data)
{
    lp_rpc_put_call(&ask->request, ask->id, from, to, data->data, data->len);
    lp_buf_done(data);
}


void
orch_chain_call(orch_ask_t *ask, const lp_address_t *to,
    const char *signature)
{
    lp_buf_t  data;

    lp_buf_init(&data, 4);
    lp_contracts_put_plain(&data, signature);
    orch_chain_put_call(ask, to, NULL, &data);
    orch_chain_start(ask);
}


lp_status_t
orch_chain_get_bytes(lp_buf_t *out, lp_rpc_error_t *e, const orch_ask_t *ask)
{
    if (ask->status != LP_OK) {
        if (e) {
            memset(e, 0, sizeof(lp_rpc_error_t));
        }

        return LP_GONE;
    }

    return lp_rpc_get_bytes(out, e, ask->id, ask->reply.data, ask->reply.len);
}


lp_status_t
orch_chain_get_u256(lp_u256_t *v, const orch_ask_t *ask)
{
    lp_buf_t     word;
    lp_status_t  s;

    lp_buf_init(&word, 32);

    s = orch_chain_get_bytes(&word, NULL, ask);
    if (s == LP_OK) {
        s = lp_contracts_get_u256(v, word.data, word.len);
    }

    lp_buf_done(&word);

    return s;
}


lp_status_t
orch_chain_get_u64(uint64_t *v, const orch_ask_t *ask)
{
    lp_u256_t    word;
    lp_status_t  s;

    s = orch_chain_get_u256(&word, ask);
    if (s != LP_OK) {
        return s;
    }

    *v = word.w[1] | word.w[2] | word.w[3] ? UINT64_MAX : word.w[0];

    return LP_OK;
}


lp_status_t
orch_chain_get_hash(lp_hash_t *h, const orch_ask_t *ask)
{
    lp_u256_t    word;
    lp_status_t  s;

    s = orch_chain_get_u256(&word, ask);
    if (s == LP_OK) {
        lp_u256_put_be(h->b, &word);
    }

    return s;
}


unsigned
orch_chain_nodes(const orch_chain_t *c)
{
    return c->conf.nurls;
}


/* --- the contracts */

static const char *
orch_chain_differs(const lp_contracts_t *a, const lp_contracts_t *b)
{
    size_t  i;

    for (i = 0; i < LP_NCONTRACTS; i++) {
        if (!lp_address_equal(&a->at[i], &b->at[i])) {
            return lp_contract_name((lp_contract_e) i);
        }
    }

    return NULL;
}


static void
orch_chain_settle_start(orch_chain_t *c)
{
    const char            *name;
    const lp_contracts_t  *pinned = c->conf.pinned;
    orch_resolve_t        *r = &c->resolve;

    r->found.chain_id = c->conf.chain_id;

    if (r->status == LP_GONE) {
        snprintf(c->why, sizeof(c->why), "%s", *c->wrong ? c->wrong
                 : "no node answers: see whether one runs at --eth-rpc");

    } else if (r->status != LP_OK) {
        snprintf(c->why, sizeof(c->why), "%s", r->why);

    } else if (pinned && (pinned->chain_id != r->found.chain_id
                          || !lp_address_equal(&pinned->controller,
                                               &r->found.controller)))
    {
        r->status = LP_MISMATCH;
        snprintf(c->why, sizeof(c->why), "the file of contracts is of "
                 "another chain or Controller: give its own --contracts-file "
                 "or --data-dir");

    } else if (pinned && (name = orch_chain_differs(pinned, &r->found))) {
        r->status = LP_MISMATCH;
        snprintf(c->why, sizeof(c->why), "the address of %s is not the one "
                 "in the file of contracts: when the change is announced, "
                 "remove the file", name);

    } else {
        c->contracts = r->found;
        c->known = 1;
    }

    if (c->resolved) {
        orch_loop_wake(c->resolved);
    }
}


static void
orch_chain_settle_suspicion(orch_chain_t *c)
{
    const char      *name;
    orch_resolve_t  *r = &c->resolve;

    if (r->status == LP_GONE) {
        orch_timer_set(&c->suspicion, ORCH_CHAIN_AGAIN_MS);
        return;
    }

    c->suspected = 0;
    name = r->status == LP_OK ? orch_chain_differs(&c->contracts, &r->found)
                              : r->why;
    if (name) {
        c->changed = 1;
        lp_log(c->conf.log, LP_LOG_ERROR, "ALARM: a contract has changed "
               "(%s): no transaction is sent until you have looked and "
               "started again", name);
    }
}


/* woken by resolve, and by time while a suspicion waits for a node */

static void
orch_chain_on_resolve(void *data)
{
    orch_chain_t  *c = data;

    if (c->resolve.status == LP_AGAIN) {
        return;
    }

    if (!c->known) {
        orch_chain_settle_start(c);

    } else if (c->suspected == 1) {
        orch_chain_settle_suspicion(c);

        if (c->suspected) {
            c->suspected = 2;
        }

    } else if (c->suspected == 2) {
        c->suspected = 1;
        orch_resolve_start(&c->resolve, &c->conf.controller, &c->suspicion);
    }
}


void
orch_chain_resolve(orch_chain_t *c, orch_timer_t *wake)
{
    c->resolved = wake;
    orch_resolve_start(&c->resolve, &c->conf.controller, &c->suspicion);
}


lp_status_t
orch_chain_resolved(const orch_chain_t *c, const char **why)
{
    *why = c->why;

    return c->known ? LP_OK : c->resolve.status;
}


const lp_contracts_t *
orch_chain_contracts(const orch_chain_t *c)
{
    return &c->contracts;
}


void
orch_chain_suspect(orch_chain_t *c)
{
    if (c->known) {
        c->suspected = 1;
        orch_resolve_start(&c->resolve, &c->conf.controller, &c->suspicion);
    }
}


int
orch_chain_trusted(const orch_chain_t *c)
{
    return c->known && !c->changed && !c->suspected;
}


/* --- life */

orch_chain_t *
orch_chain_create(const orch_chain_conf_t *conf)
{
    unsigned       i;
    orch_chain_t  *c;

    c = calloc(1, sizeof(orch_chain_t));
    if (c == NULL) {
        return NULL;
    }

    c->conf = *conf;
    c->jobs.prev = &c->jobs;
    c->jobs.next = &c->jobs;

    for (i = 0; i < conf->nurls; i++) {
        c->nodes[i].url = conf->urls[i];
    }

    orch_timer_init(&c->suspicion, conf->loop, orch_chain_on_resolve, c);
    orch_resolve_init(&c->resolve, c, conf->loop, conf->nurls);

    return c;
}


void
orch_chain_destroy(orch_chain_t **c)
{
    if (*c == NULL) {
        return;
    }

    orch_resolve_done(&(*c)->resolve);

    while ((*c)->jobs.next != &(*c)->jobs) {
        orch_chain_cancel((*c)->jobs.next->ask);
    }

    orch_timer_done(&(*c)->suspicion);
    free(*c);
    *c = NULL;
}
