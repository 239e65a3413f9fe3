/*
 * What the signer's process gives up: core dumps, other users' looks, root,
 * and, once its socket is open, every system call that it does not need, all
 * that could open a connection among them (T-38).
 */
#ifndef LP_SIGN_SANDBOX_H
#define LP_SIGN_SANDBOX_H


#include "common/util/log.h"
#include "common/util/status.h"


/* before any secret is read; user: "" stays who we are; why: a sentence */
lp_status_t lp_sign_sandbox_harden(const char *user, char *why,
    size_t why_len);

/* from here on a call that is not in the list ends the process */
lp_status_t lp_sign_sandbox_enter(const lp_log_t *log);


#endif /* LP_SIGN_SANDBOX_H */
