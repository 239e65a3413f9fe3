/* The key, from where it lies to where it signs. */

#include <sys/random.h>

#include "common/ctl/key.h"
#include "common/ctl/opts.h"
#include "common/signer/vault.h"


ctl_exit_e
ctl_key_random(ctl_t *c, uint8_t *out, size_t len)
{
    return getrandom(out, len, 0) == (ssize_t) len
               ? CTL_DONE : ctl_fail(c, CTL_REFUSED, "the system has no "
                                     "random bytes");
}


ctl_exit_e
ctl_key_tables(ctl_t *c)
{
    uint8_t     seed[32];
    ctl_exit_e  rc;

    if (c->keys) {
        return CTL_DONE;
    }

    rc = ctl_key_random(c, seed, sizeof(seed));
    if (rc != CTL_DONE) {
        return rc;
    }

    c->keys = lp_keys_create(seed);

    return c->keys ? CTL_DONE : ctl_fail(c, CTL_REFUSED, "out of memory");
}


ctl_exit_e
ctl_key_open(ctl_t *c)
{
    char               why[CTL_ERROR_MAX];
    ctl_exit_e         rc;
    lp_vault_source_t  src = { .password_fd = -1 };

    if (c->secret) {
        return CTL_DONE;
    }

    src.file = ctl_opts_text(c, "key-file");
    src.file = src.file ? src.file : c->dev_key;
    src.password_file = ctl_opts_text(c, "password-file");

    if (src.file == NULL) {
        return ctl_fail(c, CTL_USAGE, "no key is known: give --key-file FILE, "
                        "or --dev FILE --role NAME for a dev chain");
    }

    rc = ctl_key_tables(c);
    if (rc != CTL_DONE) {
        return rc;
    }

    c->secret = lp_vault_create();
    if (c->secret == NULL) {
        return ctl_fail(c, CTL_REFUSED, "no memory can be locked for the key: "
                        "raise \"ulimit -l\"");
    }

    return lp_vault_read(c->secret, &c->me, c->keys, &src, why, sizeof(why))
           == LP_OK ? CTL_DONE : ctl_fail(c, CTL_USAGE, "%s", why);
}


ctl_exit_e
ctl_key_who(ctl_t *c, lp_address_t *who)
{
    ctl_exit_e  rc;

    if (ctl_opts_text(c, "address")) {
        return ctl_opts_address(c, "address", who);
    }

    rc = ctl_key_open(c);
    *who = c->me;

    return rc;
}
