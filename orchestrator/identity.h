/*
 * The key that signs results and pings. Typed requests only: the preimage is
 * built here from what the orchestrator itself computed or chose, never from
 * bytes of a peer, so that no signature can serve another purpose (T-35,
 * T-36). A signer process can stand behind the same calls.
 */
#ifndef ORCH_IDENTITY_H
#define ORCH_IDENTITY_H


#include <stddef.h>
#include <stdint.h>

#include "common/crypto/keys.h"


#define ORCH_IDENTITY_PING      32
#define ORCH_IDENTITY_PING_MS   10000


typedef struct orch_identity_s  orch_identity_t;


/*
 * key_file: 64 hexadecimal digits, a regular file of ours with mode 0600;
 * NULL: data_dir/identity, made when it is not there. NULL with a sentence
 * for the operator in why.
 */
orch_identity_t *orch_identity_create(const char *key_file,
    const char *data_dir, char *why, size_t why_len);
void orch_identity_destroy(orch_identity_t **id);

const lp_address_t *orch_identity_address(const orch_identity_t *id);

/* n >= 1 hashes of renditions, in the order of the request's profiles */
lp_status_t orch_identity_sign_result(const orch_identity_t *id,
    lp_sig_t *sig, const lp_hash_t *renditions, size_t n);

/* a value that may be signed once within ORCH_IDENTITY_PING_MS */
void orch_identity_issue_ping(orch_identity_t *id,
    uint8_t value[ORCH_IDENTITY_PING], uint64_t now_ms);

/* LP_MISMATCH: not a value issued here a moment ago */
lp_status_t orch_identity_sign_ping(orch_identity_t *id, lp_sig_t *sig,
    const uint8_t *value, size_t len, uint64_t now_ms);

/* for the signatures of others: const, no key in it */
const lp_keys_t *orch_identity_keys(const orch_identity_t *id);


#endif /* ORCH_IDENTITY_H */
