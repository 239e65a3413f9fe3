/* Contracts by name, and their views. */

#include <string.h>

#include "common/ctl/chain.h"
#include "common/ctl/opts.h"
#include "common/ctl/reason.h"
#include "common/ctl/rpc.h"


#define CTL_CHAIN_REQUEST  (2 * CTL_RESULT_MAX)


/* --- nodes and addresses */

static ctl_exit_e
ctl_chain_nodes(ctl_t *c)
{
    const char  *url;

    while ((url = ctl_opts_nth(c, "rpc", c->nrpcs)) != NULL) {
        if (c->nrpcs == CTL_RPCS_MAX) {
            return ctl_fail(c, CTL_USAGE, "more than %d --rpc", CTL_RPCS_MAX);
        }

        if (strncmp(url, "http://", 7) && strncmp(url, "https://", 8)) {
            return ctl_fail(c, CTL_USAGE, "--rpc \"%s\": give a URL that "
                            "begins with http:// or https://", url);
        }

        c->rpcs[c->nrpcs++] = url;
    }

    if (c->nrpcs == 0 && c->dev_rpc) {
        c->rpcs[c->nrpcs++] = c->dev_rpc;
    }

    if (c->nrpcs == 0) {
        return ctl_fail(c, CTL_USAGE, "no node of a chain is known: give "
                        "--rpc URL, or --dev FILE for a dev chain");
    }

    c->http = ctl_http_create();

    return c->http ? CTL_DONE : ctl_fail(c, CTL_REFUSED, "out of memory");
}


static ctl_exit_e
ctl_chain_settings(ctl_t *c)
{
    ctl_exit_e  rc;

    if (c->pinned.chain_id) {
        c->chain_id = c->pinned.chain_id;
        c->contracts.controller = c->pinned.controller;
    }

    if (c->dev_chain_id) {
        c->chain_id = c->dev_chain_id;
    }

    if (c->dev_controller
        && lp_address_parse(&c->contracts.controller, c->dev_controller,
                            strlen(c->dev_controller)) != LP_OK)
    {
        return ctl_fail(c, CTL_USAGE, "--dev: its controller is no address");
    }

    rc = ctl_opts_number(c, "chain-id", &c->chain_id);
    c->chain_named = c->chain_id != 0;

    if (rc == CTL_DONE) {
        rc = ctl_opts_address(c, "controller", &c->contracts.controller);
    }

    if (rc == CTL_DONE && lp_address_is_zero(&c->contracts.controller)) {
        rc = ctl_fail(c, CTL_USAGE, "no Controller is known: give "
                      "--controller ADDRESS, or --dev FILE for a dev chain");
    }

    return rc;
}


/* an address without code is a mistake that answers nothing, politely */

static ctl_exit_e
ctl_chain_code(ctl_t *c, const lp_address_t *at, const char *name,
    const char *remedy)
{
    char        text[LP_ADDRESS_TEXT_LEN + 1];
    lp_buf_t    request, code;
    ctl_exit_e  rc;

    lp_buf_init(&request, 1024);
    lp_buf_init(&code, CTL_RESULT_MAX);
    lp_rpc_put_code(&request, ctl_rpc_next(c), at);

    rc = ctl_rpc_get(c, ctl_rpc_bytes, &code, "eth_getCode", &request);

    if (rc == CTL_DONE && code.len == 0) {
        lp_address_text(text, at);
        rc = ctl_fail(c, CTL_USAGE, "there is no contract at %s, which should "
                      "be the %s of chain %llu: %s", text, name,
                      (unsigned long long) c->chain_id, remedy);
    }

    lp_buf_done(&request);
    lp_buf_done(&code);

    return rc;
}


ctl_exit_e
ctl_chain_open(ctl_t *c)
{
    ctl_exit_e  rc;

    if (c->opened) {
        return CTL_DONE;
    }

    rc = ctl_chain_nodes(c);
    if (rc == CTL_DONE) {
        rc = ctl_chain_settings(c);
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_code(c, &c->contracts.controller, "Controller",
                            "give its address with --controller");
    }

    c->contracts.chain_id = c->chain_id;
    c->opened = rc == CTL_DONE;

    return rc;
}


static ctl_exit_e
ctl_chain_eth_call(ctl_t *c, const lp_address_t *to, lp_status_t *s,
    lp_rpc_error_t *e)
{
    lp_buf_t    request;
    ctl_exit_e  rc;

    lp_buf_init(&request, CTL_CHAIN_REQUEST);
    lp_buf_reset(&c->result);
    lp_rpc_put_call(&request, ctl_rpc_next(c), NULL, to, c->data.data,
                    c->data.len);
    lp_buf_reset(&c->data);

    rc = ctl_rpc_ask(c, ctl_rpc_bytes, &c->result, s, e, &request);
    lp_buf_done(&request);

    return rc;
}


/* an address that is not the pinned one is shown, and nothing more is done */

static ctl_exit_e
ctl_chain_pinned(ctl_t *c, lp_contract_e which)
{
    char                 now[LP_ADDRESS_TEXT_LEN + 1];
    char                 then[LP_ADDRESS_TEXT_LEN + 1];
    const lp_address_t  *at = &c->contracts.at[which];

    if (c->pinned.chain_id == 0
        || lp_address_equal(at, &c->pinned.at[which]))
    {
        return CTL_DONE;
    }

    lp_address_text(now, at);
    lp_address_text(then, &c->pinned.at[which]);

    return ctl_fail(c, CTL_USAGE, "the node says that %s is %s, but "
                    "--contracts has %s: if the contract has moved, confirm "
                    "it with \"" CTL_NAME " contracts --out %s --replace\"; "
                    "nothing was sent", lp_contract_name(which), now, then,
                    ctl_opts_text(c, "contracts"));
}


static ctl_exit_e
ctl_chain_resolve(ctl_t *c, lp_contract_e which)
{
    lp_buf_t        keep;
    lp_hash_t       id;
    ctl_exit_e      rc;
    lp_status_t     s;
    lp_rpc_error_t  e;

    rc = ctl_chain_open(c);
    if (rc != CTL_DONE || c->resolved[which]) {
        return rc;
    }

    keep = c->data;                    /* a call is being built: not now */
    lp_buf_init(&c->data, CTL_RESULT_MAX);
    lp_contract_id(&id, which);
    lp_contracts_put_hash(&c->data, "getContract(bytes32)", &id);

    rc = ctl_chain_eth_call(c, &c->contracts.controller, &s, &e);
    lp_buf_done(&c->data);
    c->data = keep;

    if (rc != CTL_DONE) {
        return rc;
    }

    if (s != LP_OK
        || lp_contracts_get_address(&c->contracts.at[which], c->result.data,
                                    c->result.len) != LP_OK)
    {
        return ctl_fail(c, CTL_USAGE, "the contract of --controller is no "
                        "Controller: it does not know getContract; give the "
                        "right address");
    }

    rc = ctl_chain_pinned(c, which);
    c->resolved[which] = rc == CTL_DONE;

    return rc;
}


ctl_exit_e
ctl_chain_has(ctl_t *c, lp_contract_e which, int *has)
{
    ctl_exit_e  rc = ctl_chain_resolve(c, which);

    *has = rc == CTL_DONE && !lp_address_is_zero(&c->contracts.at[which]);

    return rc;
}


ctl_exit_e
ctl_chain_at(ctl_t *c, lp_contract_e which, lp_address_t *at)
{
    int         has;
    ctl_exit_e  rc;

    rc = ctl_chain_has(c, which, &has);

    if (rc == CTL_DONE && !has) {
        rc = ctl_fail(c, CTL_USAGE, "the Controller of chain %llu has no %s: "
                      "give the --controller of a Livepeer network",
                      (unsigned long long) c->chain_id,
                      lp_contract_name(which));
    }

    *at = c->contracts.at[which];

    return rc;
}


/* --- calls */

ctl_exit_e
ctl_chain_call(ctl_t *c, lp_contract_e which)
{
    ctl_exit_e      rc;
    lp_status_t     s;
    lp_address_t    at;
    lp_rpc_error_t  e;

    rc = ctl_chain_at(c, which, &at);
    if (rc == CTL_DONE) {
        rc = ctl_chain_eth_call(c, &at, &s, &e);
    }

    if (rc == CTL_DONE && s != LP_OK) {
        rc = ctl_reason_fail(c, lp_contract_name(which), &e);
    }

    lp_buf_reset(&c->data);

    return rc;
}


ctl_exit_e
ctl_chain_try(ctl_t *c, lp_contract_e which, int *has)
{
    ctl_exit_e      rc;
    lp_status_t     s = LP_OK;
    lp_rpc_error_t  e;

    rc = ctl_chain_has(c, which, has);

    if (rc == CTL_DONE && *has) {
        rc = ctl_chain_eth_call(c, &c->contracts.at[which], &s, &e);
        *has = s == LP_OK && c->result.len > 0;
    }

    lp_buf_reset(&c->data);

    return rc;
}


ctl_exit_e
ctl_chain_strange(ctl_t *c, lp_contract_e which, const char *signature)
{
    return ctl_fail(c, CTL_REFUSED, "%s answers %s with what it cannot be: "
                    "ask another node with --rpc, or check --controller",
                    lp_contract_name(which), signature);
}


static ctl_exit_e
ctl_chain_view(ctl_t *c, lp_contract_e which, const char *signature,
    const lp_address_t *of)
{
    if (of) {
        lp_contracts_put_of(&c->data, signature, of, NULL);
    } else {
        lp_contracts_put_plain(&c->data, signature);
    }

    return ctl_chain_call(c, which);
}


ctl_exit_e
ctl_chain_u256(ctl_t *c, lp_contract_e which, const char *signature,
    const lp_address_t *of, lp_u256_t *v)
{
    ctl_exit_e  rc = ctl_chain_view(c, which, signature, of);

    return rc == CTL_DONE
           && lp_contracts_get_u256(v, c->result.data, c->result.len) != LP_OK
               ? ctl_chain_strange(c, which, signature) : rc;
}


ctl_exit_e
ctl_chain_u64(ctl_t *c, lp_contract_e which, const char *signature,
    const lp_address_t *of, uint64_t *v)
{
    ctl_exit_e  rc = ctl_chain_view(c, which, signature, of);

    return rc == CTL_DONE
           && lp_contracts_get_u64(v, c->result.data, c->result.len) != LP_OK
               ? ctl_chain_strange(c, which, signature) : rc;
}


ctl_exit_e
ctl_chain_bool(ctl_t *c, lp_contract_e which, const char *signature,
    const lp_address_t *of, int *v)
{
    ctl_exit_e  rc = ctl_chain_view(c, which, signature, of);

    return rc == CTL_DONE
           && lp_contracts_get_bool(v, c->result.data, c->result.len) != LP_OK
               ? ctl_chain_strange(c, which, signature) : rc;
}


ctl_exit_e
ctl_chain_address(ctl_t *c, lp_contract_e which, const char *signature,
    const lp_address_t *of, lp_address_t *v)
{
    ctl_exit_e  rc = ctl_chain_view(c, which, signature, of);

    return rc == CTL_DONE
           && lp_contracts_get_address(v, c->result.data, c->result.len)
              != LP_OK
               ? ctl_chain_strange(c, which, signature) : rc;
}


ctl_exit_e
ctl_chain_pending(ctl_t *c, const char *signature, const lp_address_t *of,
    lp_u256_t *v)
{
    lp_u256_t   unused;
    ctl_exit_e  rc;

    lp_u256_set(&unused, 0);
    lp_contracts_put_of_u256(&c->data, signature, of, &unused);
    rc = ctl_chain_call(c, LP_CONTRACT_BONDING);

    return rc == CTL_DONE
           && lp_contracts_get_u256(v, c->result.data, c->result.len) != LP_OK
               ? ctl_chain_strange(c, LP_CONTRACT_BONDING, signature) : rc;
}


ctl_exit_e
ctl_chain_balance(ctl_t *c, const lp_address_t *of, lp_u256_t *v)
{
    lp_buf_t    request;
    ctl_exit_e  rc;

    rc = ctl_chain_open(c);
    if (rc != CTL_DONE) {
        return rc;
    }

    lp_buf_init(&request, 1024);
    lp_rpc_put_balance(&request, ctl_rpc_next(c), of);
    rc = ctl_rpc_get(c, ctl_rpc_u256, v, "eth_getBalance", &request);
    lp_buf_done(&request);

    return rc;
}


ctl_exit_e
ctl_chain_lpt(ctl_t *c, const lp_address_t *of, lp_u256_t *v)
{
    return ctl_chain_u256(c, LP_CONTRACT_TOKEN, "balanceOf(address)", of, v);
}


ctl_exit_e
ctl_chain_round(ctl_t *c, ctl_round_t *r)
{
    size_t       i;
    ctl_exit_e   rc;
    const struct {
        const char  *signature;
        uint64_t    *v;
    } views[] = {
        { "currentRound()",           &r->current },
        { "lastInitializedRound()",   &r->last },
        { "blockNum()",               &r->block },
        { "currentRoundStartBlock()", &r->start },
        { "roundLength()",            &r->length },
        { "roundLockAmount()",        &r->lock_ppm }
    };

    for (i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
        rc = ctl_chain_u64(c, LP_CONTRACT_ROUNDS, views[i].signature, NULL,
                           views[i].v);
        if (rc != CTL_DONE) {
            return rc;
        }
    }

    rc = ctl_chain_bool(c, LP_CONTRACT_ROUNDS, "currentRoundInitialized()",
                        NULL, &r->initialized);

    return rc == CTL_DONE
               ? ctl_chain_bool(c, LP_CONTRACT_ROUNDS, "currentRoundLocked()",
                                NULL, &r->locked)
               : rc;
}


ctl_exit_e
ctl_chain_sender(ctl_t *c, const lp_address_t *of, lp_sender_info_t *i)
{
    static const char  signature[] = "getSenderInfo(address)";
    ctl_exit_e         rc;

    rc = ctl_chain_view(c, LP_CONTRACT_BROKER, signature, of);

    return rc == CTL_DONE
           && lp_contracts_get_sender_info(i, c->result.data, c->result.len)
              != LP_OK
               ? ctl_chain_strange(c, LP_CONTRACT_BROKER, signature) : rc;
}


ctl_exit_e
ctl_chain_transcoder(ctl_t *c, const lp_address_t *of, lp_transcoder_t *t)
{
    static const char  signature[] = "getTranscoder(address)";
    ctl_exit_e         rc;

    rc = ctl_chain_view(c, LP_CONTRACT_BONDING, signature, of);

    return rc == CTL_DONE
           && lp_contracts_get_transcoder(t, c->result.data, c->result.len)
              != LP_OK
               ? ctl_chain_strange(c, LP_CONTRACT_BONDING, signature) : rc;
}


ctl_exit_e
ctl_chain_delegator(ctl_t *c, const lp_address_t *of, lp_delegator_t *d)
{
    static const char  signature[] = "getDelegator(address)";
    ctl_exit_e         rc;

    rc = ctl_chain_view(c, LP_CONTRACT_BONDING, signature, of);

    return rc == CTL_DONE
           && lp_contracts_get_delegator(d, c->result.data, c->result.len)
              != LP_OK
               ? ctl_chain_strange(c, LP_CONTRACT_BONDING, signature) : rc;
}
