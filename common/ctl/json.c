/* Two documents, taken field by field. */

#include <cjson/cJSON.h>
#include <string.h>

#include "common/ctl/json.h"


#define CTL_JSON_EXACT  9007199254740992.0         /* 2^53 */


static const cJSON *
ctl_json_field(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}


static int
ctl_json_number(uint64_t *v, const cJSON *n)
{
    if (!cJSON_IsNumber(n) || n->valuedouble < 0
        || n->valuedouble > CTL_JSON_EXACT
        || n->valuedouble != (double) (uint64_t) n->valuedouble)
    {
        return 0;
    }

    *v = (uint64_t) n->valuedouble;

    return 1;
}


/* kept for the life of the command: c->dev never grows past its first size */

static const char *
ctl_json_keep(ctl_t *c, const cJSON *v)
{
    char        *p;
    size_t       n;
    const char  *s = cJSON_GetStringValue(v);

    if (s == NULL) {
        return NULL;
    }

    n = strlen(s) + 1;

    if (c->dev.cap - c->dev.len < n) {
        return NULL;
    }

    p = (char *) lp_buf_add(&c->dev, n);

    return p ? memcpy(p, s, n) : NULL;
}


static ctl_exit_e
ctl_json_take_dev(ctl_t *c, const cJSON *root, const char *role)
{
    const cJSON  *account;

    c->dev_rpc = ctl_json_keep(c, ctl_json_field(root, "rpc"));
    c->dev_controller = ctl_json_keep(c, ctl_json_field(root, "controller"));

    if (c->dev_rpc == NULL || c->dev_controller == NULL
        || !ctl_json_number(&c->dev_chain_id,
                            ctl_json_field(root, "chain_id")))
    {
        return ctl_fail(c, CTL_USAGE, "--dev: the file describes no dev "
                        "chain; \"make devchain\" writes one");
    }

    if (role == NULL) {
        return CTL_DONE;
    }

    account = ctl_json_field(ctl_json_field(root, "accounts"), role);
    c->dev_key = ctl_json_keep(c, ctl_json_field(account, "key_file"));

    return c->dev_key ? CTL_DONE
                      : ctl_fail(c, CTL_USAGE, "--role %s: the dev chain has "
                                 "no such account; --dev FILE lists them",
                                 role);
}


ctl_exit_e
ctl_json_dev(ctl_t *c, const char *text, size_t len, const char *role)
{
    cJSON       *root;
    ctl_exit_e   rc;

    /* the texts of a document are together no longer than it is */

    if (lp_buf_add(&c->dev, len + 1) == NULL) {
        return ctl_fail(c, CTL_USAGE, "--dev: the file is too large");
    }

    lp_buf_reset(&c->dev);

    root = cJSON_ParseWithLength(text, len);
    rc = ctl_json_take_dev(c, root, role);
    cJSON_Delete(root);

    return rc;
}


static int
ctl_json_wei(lp_u256_t *v, const cJSON *o, const char *name)
{
    const char  *s = cJSON_GetStringValue(ctl_json_field(o, name));

    return s && lp_u256_get_dec(v, s, strlen(s)) == LP_OK;
}


static int
ctl_json_take_money(ctl_json_money_t *m, const cJSON *money)
{
    const cJSON  *winners = ctl_json_field(money, "winners");

    return ctl_json_number(&m->won, ctl_json_field(winners, "won"))
           && ctl_json_number(&m->nsigned, ctl_json_field(winners, "signed"))
           && ctl_json_number(&m->sent, ctl_json_field(winners, "sent"))
           && ctl_json_number(&m->mined, ctl_json_field(winners, "mined"))
           && ctl_json_number(&m->final, ctl_json_field(winners, "final"))
           && ctl_json_number(&m->dead, ctl_json_field(winners, "dead"))
           && ctl_json_number(&m->tickets, ctl_json_field(money, "tickets"))
           && ctl_json_wei(&m->pending_wei, money, "pending_wei")
           && ctl_json_wei(&m->redeemed_wei, money, "redeemed_wei")
           && ctl_json_wei(&m->ev_wei, money, "ev_wei")
           && ctl_json_wei(&m->credit_wei, money, "credit_wei");
}


ctl_exit_e
ctl_json_money(ctl_t *c, ctl_json_money_t *m, const char *text, size_t len)
{
    int     ok;
    cJSON  *root;

    root = cJSON_ParseWithLength(text, len);
    ok = ctl_json_take_money(m, ctl_json_field(root, "money"));
    cJSON_Delete(root);

    return ok ? CTL_DONE
              : ctl_fail(c, CTL_REFUSED, "the orchestrator says nothing about "
                         "money: it works off chain, or --status is the "
                         "address of something else");
}
