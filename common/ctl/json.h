/*
 * JSON that is read here (door: cJSON): the description of a dev chain, and
 * what a running orchestrator says about its money.
 */
#ifndef CTL_JSON_H
#define CTL_JSON_H


#include "common/ctl/ctl.h"


/*
 * devchain.json: c->dev_.. point into c->dev. role: whose key, or NULL. A
 * sentence when something is missing.
 */
ctl_exit_e ctl_json_dev(ctl_t *c, const char *text, size_t len,
    const char *role);

/* "money" of /status; CTL_REFUSED when it has none */
typedef struct {
    uint64_t   won, nsigned, sent, mined, final, dead, tickets;
    lp_u256_t  pending_wei, redeemed_wei, ev_wei, credit_wei;
} ctl_json_money_t;

ctl_exit_e ctl_json_money(ctl_t *c, ctl_json_money_t *m, const char *text,
    size_t len);


#endif /* CTL_JSON_H */
