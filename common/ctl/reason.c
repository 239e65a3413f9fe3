/* Reverts in words. */

#include <stdio.h>
#include <string.h>

#include "common/ctl/reason.h"
#include "common/eth/abi.h"
#include "common/util/log.h"


#define CTL_REASON_MAX  256


static const struct {
    const char  *text;
    const char  *remedy;
} ctl_reasons[] = {
    { "system is paused", "the owner has paused the contracts; wait" },
    { "current round is not initialized",
      "begin it with \"" CTL_NAME " round init\"" },
    { "round already initialized", "there is nothing to do" },
    { "sender deposit and reserve are zero",
      "there is nothing to take; \"" CTL_NAME " broadcaster fund\" first" },
    { "unlock already initiated",
      "\"" CTL_NAME " broadcaster status\" says from which round on "
      "\"broadcaster withdraw\" works" },
    { "no unlock request in progress",
      "begin one with \"" CTL_NAME " broadcaster unlock\"" },
    { "account is locked",
      "\"" CTL_NAME " broadcaster status\" says how many rounds are left" },
    { "current round is locked",
      "shares cannot change at the end of a round; wait for the next one, "
      "\"" CTL_NAME " round status\" says when" },
    { "must have already called reward",
      "first \"" CTL_NAME " orchestrator reward\"" },
    { "already called reward", "once in a round is all; wait for the next" },
    { "caller must be an active transcoder",
      "only active orchestrators are rewarded; \"" CTL_NAME
      " orchestrator status\" says from which round on" },
    { "transcoder must be registered",
      "first \"" CTL_NAME " orchestrator register\"" },
    { "registered transcoders can't delegate",
      "first \"" CTL_NAME " orchestrator resign\"" },
    { "caller must be bonded",
      "\"" CTL_NAME " delegator status\" says from which round on it is" },
    { "caller must be unbonded",
      "leave out --to: the lock goes back to its orchestrator" },
    { "amount is greater than bonded amount",
      "\"" CTL_NAME " delegator status\" says how much there is" },
    { "invalid unbonding lock ID",
      "\"" CTL_NAME " delegator status\" lists the locks" },
    { "withdraw round must be before or equal",
      "\"" CTL_NAME " delegator status\" says when the lock is open" },
    { "insufficient fees to withdraw",
      "\"" CTL_NAME " delegator status\" says how much there is" },
    { "delegation amount must be greater than 0", "give an --amount" },
    { "TRANSCODER_BOND_LOCKED", "wait until the unbonding period is over" },
    { "NOT_SORTED", "no name may be given twice" },
    { "TOO_MANY", "16 at most" },
    { "transfer amount exceeds balance",
      "\"" CTL_NAME " account show\" says how much LPT there is" },
    { "insufficient allowance", "the allowance is used up; try again" }
};


static const char *
ctl_reason_remedy(const char *reason)
{
    size_t  i;

    for (i = 0; i < sizeof(ctl_reasons) / sizeof(ctl_reasons[0]); i++) {
        if (strstr(reason, ctl_reasons[i].text)) {
            return ctl_reasons[i].remedy;
        }
    }

    return NULL;
}


/* Panic(uint256): the compiler's own checks */

static int
ctl_reason_panic(const lp_rpc_error_t *e, uint64_t *code)
{
    lp_abi_t              r = { e->data + 4, e->data_len - 4 };
    static const uint8_t  panic[4] = { 0x4e, 0x48, 0x7b, 0x71 };

    return e->data_len == 36 && memcmp(e->data, panic, 4) == 0
           && lp_abi_get_u64(&r, 0, code) == LP_OK;
}


void
ctl_reason_text(char *out, size_t size, const lp_rpc_error_t *e)
{
    char         reason[CTL_REASON_MAX], safe[CTL_REASON_MAX];
    uint64_t     code;
    const char  *remedy;

    lp_rpc_revert_reason(reason, sizeof(reason), e);

    if (reason[0] == '\0' && ctl_reason_panic(e, &code)) {
        snprintf(out, size, "the contract's arithmetic fails (panic 0x%llx)",
                 (unsigned long long) code);
        return;
    }

    if (reason[0] == '\0' && strstr(e->message, "revert")) {
        snprintf(out, size, "it gives no reason; the contract may lack this "
                 "function, or the caller may not call it");
        return;
    }

    if (reason[0] == '\0') {
        snprintf(reason, sizeof(reason), "%s", e->message);
    }

    remedy = ctl_reason_remedy(reason);
    lp_log_escape(safe, sizeof(safe), reason, strlen(reason));
    snprintf(out, size, "%s%s%s", safe, remedy ? ": " : "",
             remedy ? remedy : "");
}


ctl_exit_e
ctl_reason_fail(ctl_t *c, const char *what, const lp_rpc_error_t *e)
{
    char  text[CTL_ERROR_MAX / 2];

    ctl_reason_text(text, sizeof(text), e);

    return ctl_fail(c, CTL_REFUSED, "%s refuses: %s", what, text);
}
