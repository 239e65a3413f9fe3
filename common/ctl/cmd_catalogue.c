/*
 * What an orchestrator offers and where it says it is: an extension of the
 * registry (contracts.md 4.2). A plain registry offers one thing and says
 * nothing of places; then both commands say so.
 */

#include <stdlib.h>
#include <string.h>

#include "common/ctl/chain.h"
#include "common/ctl/cmd.h"
#include "common/ctl/key.h"
#include "common/ctl/opts.h"
#include "common/ctl/tx.h"
#include "common/util/hex.h"


#define CTL_CATALOGUE_MAX   16
#define CTL_CATALOGUE_NAME  64


typedef struct {
    lp_hash_t     id;
    lp_address_t  verifier;
} ctl_catalogue_item_t;


static int
ctl_catalogue_cmp(const void *a, const void *b)
{
    return memcmp(((const ctl_catalogue_item_t *) a)->id.b,
                  ((const ctl_catalogue_item_t *) b)->id.b,
                  sizeof(lp_hash_t));
}


/* the contract wants them rising, none twice */

static ctl_exit_e
ctl_catalogue_sort(ctl_t *c, ctl_catalogue_item_t *items, size_t n)
{
    size_t  i;

    qsort(items, n, sizeof(ctl_catalogue_item_t), ctl_catalogue_cmp);

    for (i = 1; i < n; i++) {
        if (ctl_catalogue_cmp(&items[i - 1], &items[i]) == 0) {
            return ctl_fail(c, CTL_USAGE, "--set: one of them stands there "
                            "twice");
        }
    }

    return CTL_DONE;
}


/* a name, "0x" and 64 digits, either with "=0xVERIFIER" */

static ctl_exit_e
ctl_catalogue_service(ctl_t *c, ctl_catalogue_item_t *item, const char *text,
    size_t len)
{
    size_t       n;
    const char  *verifier;

    verifier = memchr(text, '=', len);
    n = verifier ? (size_t) (verifier - text) : len;

    if (n == 0 || n > CTL_CATALOGUE_NAME + 2
        || (verifier && lp_address_parse(&item->verifier, verifier + 1,
                                         len - n - 1) != LP_OK))
    {
        return ctl_fail(c, CTL_USAGE, "--set \"%.*s\": give NAME, or "
                        "NAME=0x.. with who judges the work", (int) len, text);
    }

    if (n == 66 && memcmp(text, "0x", 2) == 0) {
        return lp_hex_decode(item->id.b, 32, text + 2, 64) == LP_OK
                   ? CTL_DONE
                   : ctl_fail(c, CTL_USAGE, "--set \"%.*s\": these are not 64 "
                              "hexadecimal digits", (int) len, text);
    }

    lp_keccak256(&item->id, text, n);

    return CTL_DONE;
}


/* cc:[a-z]{2} or geo:[0-9a-z]{1,8}, padded with zeros */

static ctl_exit_e
ctl_catalogue_location(ctl_t *c, ctl_catalogue_item_t *item, const char *text,
    size_t len)
{
    int     cc, geo;
    size_t  i;

    cc = len == 5 && memcmp(text, "cc:", 3) == 0;
    geo = len >= 5 && len <= 12 && memcmp(text, "geo:", 4) == 0;

    for (i = cc ? 3 : 4; (cc || geo) && i < len; i++) {
        if (!(text[i] >= 'a' && text[i] <= 'z')
            && !(geo && text[i] >= '0' && text[i] <= '9'))
        {
            cc = geo = 0;
        }
    }

    if (!cc && !geo) {
        return ctl_fail(c, CTL_USAGE, "--set \"%.*s\": give a country as cc:br "
                        "or a geohash as geo:6gyf4", (int) len, text);
    }

    memcpy(item->id.b, text, len);

    return CTL_DONE;
}


typedef ctl_exit_e (*ctl_catalogue_pt)(ctl_t *c, ctl_catalogue_item_t *item,
    const char *text, size_t len);


/* words between commas; "none" is the empty list */

static ctl_exit_e
ctl_catalogue_parse(ctl_t *c, ctl_catalogue_item_t *items, size_t *n,
    ctl_catalogue_pt take)
{
    size_t       len;
    ctl_exit_e   rc = CTL_DONE;
    const char  *text = ctl_opts_text(c, "set");

    memset(items, 0, CTL_CATALOGUE_MAX * sizeof(ctl_catalogue_item_t));
    *n = 0;

    if (strcmp(text, "none") == 0) {
        return CTL_DONE;
    }

    while (rc == CTL_DONE) {
        if (*n == CTL_CATALOGUE_MAX) {
            return ctl_fail(c, CTL_USAGE, "--set: %d at most",
                            CTL_CATALOGUE_MAX);
        }

        len = strcspn(text, ",");
        rc = take(c, &items[(*n)++], text, len);

        if (text[len] == '\0') {
            break;
        }

        text += len + 1;
    }

    return rc == CTL_DONE ? ctl_catalogue_sort(c, items, *n) : rc;
}


/* who is asked for has the extension? what is there now, as ids */

static ctl_exit_e
ctl_catalogue_now(ctl_t *c, const char *signature, const lp_address_t *who,
    lp_hash_t *ids, size_t *n, int *has)
{
    ctl_exit_e  rc;

    *n = 0;
    lp_contracts_put_of(&c->data, signature, who, NULL);
    rc = ctl_chain_try(c, LP_CONTRACT_REGISTRY, has);

    if (*has) {
        *has = lp_contracts_get_hashes(ids, CTL_CATALOGUE_MAX, n,
                                       c->result.data, c->result.len)
               == LP_OK;
    }

    return rc;
}


static const char *
ctl_catalogue_name(char text[2 + 64 + 1], const lp_hash_t *id)
{
    size_t     i;
    lp_hash_t  h;
    static const char *const  known[] = {
        "CPUTranscoding", "GPUTranscoding", "SegmentVerification"
    };

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        lp_keccak256(&h, known[i], strlen(known[i]));
        if (memcmp(&h, id, sizeof(h)) == 0) {
            return known[i];
        }
    }

    strcpy(text, "0x");
    lp_hex_encode(text + 2, id->b, 32);

    return text;
}


/* plain: what a registry without the extension stands for */

static ctl_exit_e
ctl_catalogue_show(ctl_t *c, const char *signature, const char *key,
    const char *plain)
{
    int           has;
    char          text[2 + 64 + 1];
    size_t        i, n;
    lp_hash_t     ids[CTL_CATALOGUE_MAX];
    ctl_exit_e    rc;
    lp_address_t  who;

    rc = ctl_key_who(c, &who);
    if (rc == CTL_DONE) {
        rc = ctl_catalogue_now(c, signature, &who, ids, &n, &has);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_out_truth(&c->out, "extension", has);
    ctl_out_list(&c->out, key);

    for (i = 0; has && i < n; i++) {
        ctl_out_item(&c->out);

        if (ids[i].b[31] == 0 && memchr(ids[i].b, ':', 4)) {
            ctl_out_peer(&c->out, "name", (const char *) ids[i].b);
        } else {
            ctl_out_text(&c->out, "name", "%s",
                         ctl_catalogue_name(text, &ids[i]));
        }
    }

    if (!has && plain) {
        ctl_out_item(&c->out);
        ctl_out_text(&c->out, "name", "%s", plain);
    }

    ctl_out_end(&c->out);

    return CTL_DONE;
}


static ctl_exit_e
ctl_catalogue_known(ctl_t *c, const char *signature)
{
    int         has;
    size_t      n;
    lp_hash_t   ids[CTL_CATALOGUE_MAX];
    ctl_exit_e  rc;

    rc = ctl_tx_ready(c);
    if (rc == CTL_DONE) {
        rc = ctl_catalogue_now(c, signature, &c->me, ids, &n, &has);
    }

    return rc == CTL_DONE && !has
               ? ctl_fail(c, CTL_REFUSED, "this network's registry has no "
                          "catalogue: nothing can be set; nothing was sent")
               : rc;
}


ctl_exit_e
ctl_orchestrator_services(ctl_t *c)
{
    size_t                i, n;
    ctl_tx_t              tx;
    lp_hash_t             ids[CTL_CATALOGUE_MAX];
    ctl_exit_e            rc;
    lp_address_t          verifiers[CTL_CATALOGUE_MAX];
    ctl_catalogue_item_t  items[CTL_CATALOGUE_MAX];

    if (ctl_opts_text(c, "set") == NULL) {
        return ctl_catalogue_show(c, "getServices(address)", "services",
                                  "CPUTranscoding");
    }

    rc = ctl_catalogue_parse(c, items, &n, ctl_catalogue_service);
    if (rc == CTL_DONE) {
        rc = ctl_catalogue_known(c, "getServices(address)");
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        ids[i] = items[i].id;
        verifiers[i] = items[i].verifier;
    }

    ctl_tx_init(&tx, "set the services", LP_CONTRACT_REGISTRY,
                "setServices(bytes32[],address[])");
    lp_contracts_put_services(&c->data, ids, verifiers, n);

    return ctl_tx_run(c, &tx);
}


ctl_exit_e
ctl_orchestrator_locations(ctl_t *c)
{
    size_t                i, n;
    ctl_tx_t              tx;
    lp_hash_t             tags[CTL_CATALOGUE_MAX];
    ctl_exit_e            rc;
    ctl_catalogue_item_t  items[CTL_CATALOGUE_MAX];

    if (ctl_opts_text(c, "set") == NULL) {
        return ctl_catalogue_show(c, "getLocations(address)", "locations",
                                  NULL);
    }

    rc = ctl_catalogue_parse(c, items, &n, ctl_catalogue_location);
    if (rc == CTL_DONE) {
        rc = ctl_catalogue_known(c, "getLocations(address)");
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        tags[i] = items[i].id;
    }

    ctl_tx_init(&tx, "set the locations", LP_CONTRACT_REGISTRY,
                "setLocations(bytes32[])");
    lp_contracts_put_locations(&c->data, tags, n);

    return ctl_tx_run(c, &tx);
}
