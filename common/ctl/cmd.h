/* The commands, one function for each row of the table in main. */
#ifndef CTL_CMD_H
#define CTL_CMD_H


#include "common/ctl/ctl.h"


ctl_exit_e ctl_account_new(ctl_t *c);
ctl_exit_e ctl_account_import(ctl_t *c);
ctl_exit_e ctl_account_show(ctl_t *c);
ctl_exit_e ctl_account_send(ctl_t *c);
ctl_exit_e ctl_account_faucet(ctl_t *c);

ctl_exit_e ctl_broadcaster_fund(ctl_t *c);
ctl_exit_e ctl_broadcaster_unlock(ctl_t *c);
ctl_exit_e ctl_broadcaster_cancel(ctl_t *c);
ctl_exit_e ctl_broadcaster_withdraw(ctl_t *c);
ctl_exit_e ctl_broadcaster_status(ctl_t *c);

ctl_exit_e ctl_orchestrator_register(ctl_t *c);
ctl_exit_e ctl_orchestrator_update(ctl_t *c);
ctl_exit_e ctl_orchestrator_uri(ctl_t *c);
ctl_exit_e ctl_orchestrator_services(ctl_t *c);
ctl_exit_e ctl_orchestrator_locations(ctl_t *c);
ctl_exit_e ctl_orchestrator_activate(ctl_t *c);
ctl_exit_e ctl_orchestrator_status(ctl_t *c);
ctl_exit_e ctl_orchestrator_reward(ctl_t *c);
ctl_exit_e ctl_orchestrator_resign(ctl_t *c);
ctl_exit_e ctl_orchestrator_redeemed(ctl_t *c);
ctl_exit_e ctl_orchestrator_pending(ctl_t *c);

ctl_exit_e ctl_delegator_orchestrators(ctl_t *c);
ctl_exit_e ctl_delegator_bond(ctl_t *c);
ctl_exit_e ctl_delegator_unbond(ctl_t *c);
ctl_exit_e ctl_delegator_rebond(ctl_t *c);
ctl_exit_e ctl_delegator_withdraw_stake(ctl_t *c);
ctl_exit_e ctl_delegator_withdraw_fees(ctl_t *c);
ctl_exit_e ctl_delegator_claim(ctl_t *c);
ctl_exit_e ctl_delegator_status(ctl_t *c);

ctl_exit_e ctl_round_status(ctl_t *c);
ctl_exit_e ctl_round_init(ctl_t *c);

ctl_exit_e ctl_ticket_explain(ctl_t *c);
ctl_exit_e ctl_contracts_write(ctl_t *c);
ctl_exit_e ctl_recipients_write(ctl_t *c);


#endif /* CTL_CMD_H */
