/*
 * Blocks of several streams hashed side by side: they wait until some have
 * come together, or until one of them is needed.
 */
#ifndef NGX_LIVEPEER_HASH_H
#define NGX_LIVEPEER_HASH_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "common/crypto/keccak.h"


/* k and data must stay where they are until the next flush */
void ngx_livepeer_hash_add(lp_keccak_t *k, const u_char *data, size_t len);

/* nothing waits any more */
void ngx_livepeer_hash_flush(void);


#endif /* NGX_LIVEPEER_HASH_H */
