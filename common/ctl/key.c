/* The key, from where it lies to where it signs. */

#include <limits.h>
#include <string.h>
#include <sys/random.h>

#include "common/ctl/key.h"
#include "common/ctl/opts.h"


#define CTL_KEY_DIGITS  64


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


/* the sentence does not say it again: it may go to a log */

static ctl_exit_e
ctl_key_check_name(ctl_t *c, const char *file)
{
    const char  *digits = file + (strncmp(file, "0x", 2) == 0 ? 2 : 0);

    return strlen(digits) == CTL_KEY_DIGITS
           && strspn(digits, "0123456789abcdefABCDEF") == CTL_KEY_DIGITS
               ? ctl_fail(c, CTL_USAGE, "a key was given where the name of "
                          "its file belongs: others can read the command line "
                          "and the environment, so use that key no more")
               : CTL_DONE;
}


ctl_exit_e
ctl_key_source(ctl_t *c, lp_vault_source_t *src, const char *file,
    const char *password_option)
{
    uint64_t    fd = 0;
    ctl_exit_e  rc;

    memset(src, 0, sizeof(lp_vault_source_t));
    src->file = file;
    src->password_file = ctl_opts_text(c, password_option);
    src->password_fd = -1;

    rc = file ? ctl_key_check_name(c, file) : CTL_DONE;
    if (rc == CTL_DONE) {
        rc = ctl_opts_number(c, "password-fd", &fd);
    }

    if (rc == CTL_DONE && fd > INT_MAX) {
        rc = ctl_fail(c, CTL_USAGE, "--password-fd %s: give an open "
                      "descriptor, as 0", ctl_opts_text(c, "password-fd"));
    }

    if (src->password_file == NULL && ctl_opts_text(c, "password-fd")) {
        src->password_fd = (int) fd;
    }

    return rc;
}


ctl_exit_e
ctl_key_open(ctl_t *c)
{
    char               why[CTL_ERROR_MAX];
    ctl_exit_e         rc;
    const char        *file;
    lp_vault_source_t  src;

    if (c->secret) {
        return CTL_DONE;
    }

    file = ctl_opts_text(c, "key-file");
    file = file ? file : c->dev_key;

    if (file == NULL) {
        return ctl_fail(c, CTL_USAGE, "no key is known: give --key-file FILE, "
                        "or --dev FILE --role NAME for a dev chain");
    }

    rc = ctl_key_source(c, &src, file, "password-file");
    if (rc == CTL_DONE) {
        rc = ctl_key_tables(c);
    }

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
