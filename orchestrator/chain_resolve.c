/*
 * Controller.getContract for every name, at every node. Nodes that do not
 * answer are passed over; nodes that contradict each other end the matter.
 */

#include <stdio.h>
#include <string.h>

#include "orchestrator/chain_resolve.h"


static void orch_resolve_run(void *data);


void
orch_resolve_init(orch_resolve_t *r, orch_chain_t *chain, orch_loop_t *loop,
    unsigned nnodes)
{
    memset(r, 0, sizeof(orch_resolve_t));

    r->chain = chain;
    r->nnodes = nnodes;
    orch_timer_init(&r->wake, loop, orch_resolve_run, r);
}


static void
orch_resolve_cancel(orch_resolve_t *r)
{
    unsigned  i, j;

    for (i = 0; i < r->nnodes; i++) {
        for (j = 0; j < LP_NCONTRACTS; j++) {
            orch_chain_cancel(&r->asks[i][j]);
        }
    }
}


void
orch_resolve_done(orch_resolve_t *r)
{
    orch_resolve_cancel(r);
    orch_timer_done(&r->wake);
}


void
orch_resolve_start(orch_resolve_t *r, const lp_address_t *controller,
    orch_timer_t *done)
{
    unsigned    i, j;
    lp_buf_t    data;
    lp_hash_t   id;
    orch_ask_t  *ask;

    orch_resolve_cancel(r);

    memset(&r->found, 0, sizeof(r->found));
    r->found.controller = *controller;
    r->done = done;
    r->status = LP_AGAIN;
    r->why[0] = '\0';

    lp_buf_init(&data, 4 + 32);

    for (j = 0; j < LP_NCONTRACTS; j++) {

        lp_contract_id(&id, (lp_contract_e) j);
        lp_buf_reset(&data);
        lp_contracts_put_hash(&data, "getContract(bytes32)", &id);

        for (i = 0; i < r->nnodes; i++) {
            ask = &r->asks[i][j];
            orch_chain_init(r->chain, ask, &r->wake);
            ask->only = (int) i;
            lp_rpc_put_call(&ask->request, ask->id, NULL, controller,
                            data.data, data.len);
            orch_chain_start(ask);
        }
    }

    lp_buf_done(&data);
}


/* the node works and a contract said no: it is not the Controller */

static int
orch_resolve_is_revert(const lp_rpc_error_t *e)
{
    return e->code == 3 || strstr(e->message, "revert") != NULL;
}


static lp_status_t
orch_resolve_read(lp_address_t *a, const orch_ask_t *ask)
{
    lp_buf_t        word;
    lp_status_t     s;
    lp_rpc_error_t  e;

    if (ask->status != LP_OK) {
        return LP_GONE;
    }

    lp_buf_init(&word, 32);

    memset(&e, 0, sizeof(e));
    s = lp_rpc_get_bytes(&word, &e, ask->id, ask->reply.data,
                         ask->reply.len);

    if (s == LP_OK) {
        s = lp_contracts_get_address(a, word.data, word.len);

    } else if (s == LP_GONE && orch_resolve_is_revert(&e)) {
        s = LP_MALFORMED;
    }

    lp_buf_done(&word);

    return s;
}


static lp_status_t
orch_resolve_fail(orch_resolve_t *r, lp_status_t s, const char *fmt,
    const char *name)
{
    char  controller[LP_ADDRESS_TEXT_LEN + 1];

    lp_address_text(controller, &r->found.controller);
    snprintf(r->why, sizeof(r->why), fmt, name, controller);

    return s;
}


/* one name, as all nodes that answer have it */

static lp_status_t
orch_resolve_judge(orch_resolve_t *r, unsigned name)
{
    unsigned      i, heard;
    lp_status_t   s;
    const char   *text = lp_contract_name((lp_contract_e) name);
    lp_address_t  a, *at = &r->found.at[name];

    for (i = 0, heard = 0; i < r->nnodes; i++) {

        s = orch_resolve_read(&a, &r->asks[i][name]);

        if (s == LP_GONE) {
            continue;
        }

        if (s != LP_OK) {
            return orch_resolve_fail(r, LP_MISSING, "asked for %s, there is "
                                     "no Controller at %s on this chain: "
                                     "correct --eth-controller", text);
        }

        if (heard++ && !lp_address_equal(at, &a)) {
            return orch_resolve_fail(r, LP_MISMATCH, "the nodes disagree "
                                     "about the address of %s in the "
                                     "Controller %s: leave out the node that "
                                     "lies", text);
        }

        *at = a;
    }

    if (heard == 0) {
        return LP_GONE;
    }

    if (name != LP_CONTRACT_VERIFIER && name != LP_CONTRACT_FAUCET
        && lp_address_is_zero(at))
    {
        return orch_resolve_fail(r, LP_MISSING, "no %s is registered in the "
                                 "Controller %s: correct --eth-controller",
                                 text);
    }

    return LP_OK;
}


static void
orch_resolve_run(void *data)
{
    unsigned         i, j;
    orch_resolve_t  *r = data;

    for (i = 0; i < r->nnodes; i++) {
        for (j = 0; j < LP_NCONTRACTS; j++) {
            if (r->asks[i][j].status == LP_AGAIN) {
                return;
            }
        }
    }

    if (r->status != LP_AGAIN) {
        return;
    }

    for (j = 0, r->status = LP_OK; j < LP_NCONTRACTS && r->status == LP_OK;
         j++)
    {
        r->status = orch_resolve_judge(r, j);
    }

    orch_resolve_cancel(r);

    if (r->done) {
        orch_loop_wake(r->done);
    }
}
