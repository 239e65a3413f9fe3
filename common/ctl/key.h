/*
 * Whose command it is: the key of --key-file or of a --role, read with the
 * rules of the signer (T-39), and only by the commands that need one.
 */
#ifndef CTL_KEY_H
#define CTL_KEY_H


#include "common/ctl/ctl.h"
#include "common/signer/vault.h"


/* c->keys: for who only checks signatures */
ctl_exit_e ctl_key_tables(ctl_t *c);

/* src: the file, which must be a name and no key, and the password's place */
ctl_exit_e ctl_key_source(ctl_t *c, lp_vault_source_t *src, const char *file,
    const char *password_option);

/* c->me and c->secret */
ctl_exit_e ctl_key_open(ctl_t *c);

/* --address, or the key's own */
ctl_exit_e ctl_key_who(ctl_t *c, lp_address_t *who);

/* random bytes of the kernel; CTL_REFUSED when there are none */
ctl_exit_e ctl_key_random(ctl_t *c, uint8_t *out, size_t len);


#endif /* CTL_KEY_H */
