/* A request to the first node that answers. */

#include <stdio.h>
#include <string.h>

#include "common/ctl/rpc.h"
#include "common/util/log.h"


#define CTL_RPC_WHY  256


uint64_t
ctl_rpc_next(ctl_t *c)
{
    return ++c->rpc_id;
}


static lp_status_t
ctl_rpc_read(ctl_t *c, ctl_rpc_kind_e kind, void *out, lp_rpc_error_t *e,
    const lp_buf_t *r)
{
    switch (kind) {
    case ctl_rpc_u64:
        return lp_rpc_get_u64(out, e, c->rpc_id, r->data, r->len);
    case ctl_rpc_u256:
        return lp_rpc_get_u256(out, e, c->rpc_id, r->data, r->len);
    case ctl_rpc_bytes:
        return lp_rpc_get_bytes(out, e, c->rpc_id, r->data, r->len);
    case ctl_rpc_hash:
        return lp_rpc_get_hash(out, e, c->rpc_id, r->data, r->len);
    case ctl_rpc_block:
        return lp_rpc_get_block(out, e, c->rpc_id, r->data, r->len);
    default:
        return lp_rpc_get_receipt(out, e, c->rpc_id, r->data, r->len);
    }
}


/* one node, one answer that has the form of one; else why */

static lp_status_t
ctl_rpc_once(ctl_t *c, ctl_rpc_kind_e kind, void *out, lp_rpc_error_t *e,
    const lp_buf_t *request, char *why)
{
    lp_buf_t     reply;
    lp_status_t  s;

    lp_buf_init(&reply, LP_RPC_REPLY_MAX);

    if (kind == ctl_rpc_bytes) {
        lp_buf_reset(out);                   /* what a node before began */
    }

    s = ctl_http_ask(c->http, &reply, c->rpcs[c->rpc], request, why,
                     CTL_RPC_WHY);
    if (s == LP_OK) {
        s = ctl_rpc_read(c, kind, out, e, &reply);
        snprintf(why, CTL_RPC_WHY, "its answer is no JSON-RPC");
    }

    lp_buf_done(&reply);

    return s;
}


static int
ctl_rpc_answered(lp_status_t s)
{
    return s == LP_OK || s == LP_GONE || s == LP_MISSING;
}


/* the first question to every node: which chain is this? */

static ctl_exit_e
ctl_rpc_check(ctl_t *c, lp_status_t *s, char *why)
{
    char            name[CTL_RPC_WHY];
    uint64_t        chain_id, id = c->rpc_id;
    lp_buf_t        request;
    lp_rpc_error_t  e;

    lp_buf_init(&request, 1024);
    lp_rpc_put_plain(&request, c->rpc_id, "eth_chainId");
    *s = ctl_rpc_once(c, ctl_rpc_u64, &chain_id, &e, &request, why);
    lp_buf_done(&request);
    c->rpc_id = id;

    if (*s != LP_OK) {
        if (ctl_rpc_answered(*s)) {
            snprintf(why, CTL_RPC_WHY, "it does not say which chain it has");
            *s = LP_MALFORMED;
        }

        return CTL_DONE;
    }

    if (c->chain_id == 0) {
        c->chain_id = chain_id;
    }

    if (chain_id != c->chain_id) {
        return ctl_fail(c, CTL_USAGE, "the node %s is on chain %llu, not on "
                        "%llu: give the --rpc of the right chain, or its "
                        "--chain-id; nothing was sent",
                        ctl_http_name(name, sizeof(name), c->rpcs[c->rpc]),
                        (unsigned long long) chain_id,
                        (unsigned long long) c->chain_id);
    }

    c->checked[c->rpc] = 1;

    return CTL_DONE;
}


ctl_exit_e
ctl_rpc_ask(ctl_t *c, ctl_rpc_kind_e kind, void *out, lp_status_t *status,
    lp_rpc_error_t *e, const lp_buf_t *request)
{
    char        why[CTL_RPC_WHY], name[CTL_RPC_WHY];
    size_t      n;
    ctl_exit_e  rc;

    if (lp_buf_status(request) != LP_OK) {
        return ctl_fail(c, CTL_REFUSED, "the request is too large");
    }

    why[0] = '\0';

    for (n = 0; n < c->nrpcs; n++) {
        *status = LP_OK;

        if (!c->checked[c->rpc]) {
            rc = ctl_rpc_check(c, status, why);
            if (rc != CTL_DONE) {
                return rc;
            }
        }

        if (*status == LP_OK) {
            *status = ctl_rpc_once(c, kind, out, e, request, why);
            if (ctl_rpc_answered(*status)) {
                return CTL_DONE;
            }
        }

        ctl_http_name(name, sizeof(name), c->rpcs[c->rpc]);
        c->rpc = (c->rpc + 1) % c->nrpcs;

        if (n + 1 < c->nrpcs) {
            ctl_note("node %s: %s; the next one is asked", name, why);
        }
    }

    return ctl_fail(c, CTL_REFUSED, "node %s: %s; start it, or give another "
                    "one with --rpc", name, why);
}


ctl_exit_e
ctl_rpc_get(ctl_t *c, ctl_rpc_kind_e kind, void *out, const char *what,
    const lp_buf_t *request)
{
    char            safe[CTL_RPC_WHY];
    ctl_exit_e      rc;
    lp_status_t     s;
    lp_rpc_error_t  e;

    rc = ctl_rpc_ask(c, kind, out, &s, &e, request);
    if (rc != CTL_DONE || s == LP_OK) {
        return rc;
    }

    return ctl_fail(c, CTL_REFUSED, "the node does not answer %s: %s", what,
                    s == LP_MISSING ? "it has nothing"
                    : lp_log_escape(safe, sizeof(safe), e.message,
                                    strlen(e.message)));
}
