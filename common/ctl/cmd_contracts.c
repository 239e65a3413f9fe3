/*
 * The addresses that a signer or --contracts will allow, kept in a file.
 * What has changed since is shown, and taken over only when told so (T-40).
 */

#include <string.h>

#include "common/ctl/chain.h"
#include "common/ctl/cmd.h"
#include "common/ctl/file.h"
#include "common/ctl/opts.h"


#define CTL_CONTRACTS_FILE_MAX  4096


static ctl_exit_e
ctl_contracts_read(ctl_t *c, lp_contracts_t *old, int *has, const char *path)
{
    lp_buf_t     text;
    unsigned     line;
    ctl_exit_e   rc;
    lp_status_t  s;

    lp_buf_init(&text, CTL_CONTRACTS_FILE_MAX);

    rc = ctl_file_read(c, &text, path, &s);
    *has = s == LP_OK;

    if (rc == CTL_DONE && *has
        && lp_contracts_get_file(old, &line, (const char *) text.data,
                                 text.len) != LP_OK)
    {
        rc = ctl_fail(c, CTL_USAGE, "%s line %u: it is not a file of "
                      "contracts; give another name", path, line);
    }

    lp_buf_done(&text);

    return rc;
}


/* one row for each contract; the number of those that changed */

static size_t
ctl_contracts_put(ctl_t *c, const lp_contracts_t *old, int has)
{
    size_t               i, changed = 0;
    int                  same;
    const lp_address_t  *now;

    ctl_out_number(&c->out, "chain_id", c->contracts.chain_id);
    ctl_out_address(&c->out, "controller", &c->contracts.controller);
    ctl_out_list(&c->out, "contracts");

    for (i = 0; i < LP_NCONTRACTS; i++) {
        now = &c->contracts.at[i];
        same = !has || lp_address_equal(now, &old->at[i]);
        changed += !same;

        ctl_out_item(&c->out);
        ctl_out_text(&c->out, "name", "%s", lp_contract_name(i));
        ctl_out_address(&c->out, "address", now);

        if (has && !same) {
            ctl_out_address(&c->out, "before", &old->at[i]);
        } else {
            ctl_out_nothing(&c->out, "before");
        }
    }

    ctl_out_end(&c->out);

    return changed + (has && (old->chain_id != c->contracts.chain_id
                              || !lp_address_equal(&old->controller,
                                                   &c->contracts.controller)));
}


ctl_exit_e
ctl_contracts_write(ctl_t *c)
{
    int              has, found;
    size_t           i, changed;
    lp_buf_t         text;
    ctl_exit_e       rc;
    const char      *path = ctl_opts_text(c, "out");
    lp_contracts_t   old;

    memset(&old, 0, sizeof(lp_contracts_t));

    rc = ctl_contracts_read(c, &old, &has, path);

    for (i = 0; rc == CTL_DONE && i < LP_NCONTRACTS; i++) {
        rc = ctl_chain_has(c, (lp_contract_e) i, &found);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    changed = ctl_contracts_put(c, &old, has);

    if (changed && ctl_opts_text(c, "replace") == NULL) {
        return ctl_fail(c, CTL_REFUSED, "%zu addresses are not those of %s: "
                        "if the contracts have moved, --replace; else the "
                        "node is not to be trusted", changed, path);
    }

    if (ctl_opts_text(c, "dry-run")) {
        return CTL_DONE;
    }

    lp_buf_init(&text, CTL_CONTRACTS_FILE_MAX);
    lp_contracts_put_file(&text, &c->contracts);
    rc = ctl_file_write(c, path, &text, 0644, 1);
    lp_buf_done(&text);

    return rc;
}
