/*
 * A key on its way from a file into memory that is neither swapped nor
 * dumped. A file that others could read or exchange is not a secret, and is
 * refused (T-39). Used by the signer and by every tool that needs a key.
 */
#ifndef LP_VAULT_H
#define LP_VAULT_H


#include "common/crypto/keystore.h"


#define LP_VAULT_PASSWORD_MAX  1024                /* bytes */
#define LP_VAULT_FILES_MAX     256                 /* of a key directory */


typedef struct {
    const char          *file;          /* a keystore, 64 hex digits, or a
                                           directory of such files */
    const char          *password_file; /* NULL: password_fd, or none needed */
    int                  password_fd;   /* -1: none; read to its end */
    const lp_address_t  *address;       /* NULL: the only key there is */
} lp_vault_source_t;


/* a page of its own, locked, not dumped, empty in a child; NULL: errno */
lp_secret_t *lp_vault_create(void);

/* wiped first */
void lp_vault_destroy(lp_secret_t **secret);

/*
 * The key and its address. Files must be regular, ours, and mode 0600 or
 * less, and no symbolic link; of a directory exactly one file may fit.
 * Otherwise secret is wiped, and why is one sentence that names the cause
 * and the remedy.
 */
lp_status_t lp_vault_read(lp_secret_t *secret, lp_address_t *a,
    const lp_keys_t *keys, const lp_vault_source_t *src, char *why,
    size_t why_len);

/*
 * A password, one newline at its end left out, from a file with the same
 * rules or from a descriptor. The caller wipes it. len: bytes, in and out.
 */
lp_status_t lp_vault_password(char *password, size_t *len, const char *file,
    int fd, char *why, size_t why_len);


#endif /* LP_VAULT_H */
