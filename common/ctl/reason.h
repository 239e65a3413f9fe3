/*
 * Why the chain said no, in words, with what to do about it: the contracts'
 * own strings are known (contracts.md 2), the rest is passed on.
 */
#ifndef CTL_REASON_H
#define CTL_REASON_H


#include "common/ctl/ctl.h"


/* CTL_REFUSED: "WHAT refuses: REASON: REMEDY" */
ctl_exit_e ctl_reason_fail(ctl_t *c, const char *what,
    const lp_rpc_error_t *e);

/* the sentence alone */
void ctl_reason_text(char *out, size_t size, const lp_rpc_error_t *e);


#endif /* CTL_REASON_H */
