/*
 * Transactions judged: the chain, the contract and function, what they send
 * and what they burn. The addresses come from a file of the operator's, not
 * from the network (T-40).
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/signer/policy.h"


#define LP_POLICY_FILE_MAX  16384

#define B         LP_SIGNER_BROADCASTER
#define O         LP_SIGNER_ORCHESTRATOR
#define WITHDRAW  0x80                             /* --allow withdraw */


static const struct {
    unsigned       who;
    lp_contract_e  contract;
    const char    *function;
} lp_policy_table[] = {
    { B, LP_CONTRACT_BROKER, "fundDeposit()" },
    { B, LP_CONTRACT_BROKER, "fundReserve()" },
    { B, LP_CONTRACT_BROKER, "fundDepositAndReserve(uint256,uint256)" },
    { B, LP_CONTRACT_BROKER, "fundPenaltyEscrow()" },
    { B, LP_CONTRACT_BROKER, "unlock()" },
    { B, LP_CONTRACT_BROKER, "cancelUnlock()" },
    { O, LP_CONTRACT_BROKER, "redeemWinningTicket((address,address,uint256,"
      "uint256,uint256,bytes32,bytes),bytes,uint256)" },
    { O, LP_CONTRACT_BROKER, "batchRedeemWinningTickets((address,address,"
      "uint256,uint256,uint256,bytes32,bytes)[],bytes[],uint256[])" },
    { O, LP_CONTRACT_ROUNDS, "initializeRound()" },
    { O, LP_CONTRACT_BONDING, "reward()" },
    { O, LP_CONTRACT_BONDING, "rewardWithHint(address,address)" },
    { O, LP_CONTRACT_BONDING, "transcoder(uint256,uint256)" },
    { O, LP_CONTRACT_BONDING,
      "transcoderWithHint(uint256,uint256,address,address)" },
    { O, LP_CONTRACT_REGISTRY, "setServiceURI(string)" },
    { O, LP_CONTRACT_REGISTRY, "setServices(bytes32[],address[])" },
    { O, LP_CONTRACT_REGISTRY, "setLocations(bytes32[])" },
    { O, LP_CONTRACT_REGISTRY, "setReceiptSigner(address)" },
    { WITHDRAW, LP_CONTRACT_BROKER, "withdraw()" },
    { WITHDRAW, LP_CONTRACT_BONDING, "withdrawFees(address,uint256)" },
    { WITHDRAW, LP_CONTRACT_BONDING, "withdrawStake(uint256)" },
    { WITHDRAW, LP_CONTRACT_BONDING, "bond(uint256,address)" },
    { WITHDRAW, LP_CONTRACT_BONDING, "unbond(uint256)" },
    { WITHDRAW, LP_CONTRACT_BONDING, "rebond(uint256)" },
    { WITHDRAW, LP_CONTRACT_BONDING, "rebondFromUnbonded(address,uint256)" },
    { WITHDRAW, LP_CONTRACT_BONDING, "claimEarnings(uint256)" },
    { WITHDRAW, LP_CONTRACT_TOKEN, "approve(address,uint256)" },
    { WITHDRAW, LP_CONTRACT_TOKEN, "transfer(address,uint256)" }
};

#define LP_POLICY_N  (sizeof(lp_policy_table) / sizeof(lp_policy_table[0]))

_Static_assert(LP_POLICY_N <= LP_POLICY_CALLS_MAX, "calls[] has one for each");


static lp_status_t
lp_policy_read_contracts(lp_policy_t *p, char *why, size_t why_len)
{
    int          fd;
    char         text[LP_POLICY_FILE_MAX];
    ssize_t      n;
    unsigned     line = 0;
    const char  *file = p->conf->contracts_file;

    fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    n = fd == -1 ? -1 : read(fd, text, sizeof(text));

    if (n < 0) {
        snprintf(why, why_len, "the contracts file %s cannot be read (%s): "
                 "make it with livepeerctl contracts", file, strerror(errno));
    }

    if (fd != -1) {
        close(fd);
    }

    if (n < 0) {
        return LP_MISSING;
    }

    if (n == sizeof(text)
        || lp_contracts_get_file(&p->contracts, &line, text, (size_t) n)
           != LP_OK)
    {
        snprintf(why, why_len, "the contracts file %s is wrong in line %u: "
                 "make it again with livepeerctl contracts", file, line);
        return LP_MALFORMED;
    }

    if (p->contracts.chain_id != p->conf->chain_id) {
        snprintf(why, why_len, "the contracts file %s is for chain %llu, not "
                 "%llu: name the right file, or the right --chain-id", file,
                 (unsigned long long) p->contracts.chain_id,
                 (unsigned long long) p->conf->chain_id);
        return LP_MISMATCH;
    }

    return LP_OK;
}


lp_status_t
lp_policy_open_tx(lp_policy_t *p, char *why, size_t why_len)
{
    size_t             i;
    unsigned           who;
    lp_buf_t           b;
    lp_status_t        s;
    lp_policy_call_t  *call;

    s = lp_policy_read_contracts(p, why, why_len);
    if (s != LP_OK) {
        return s;
    }

    who = (p->conf->roles & (B | O))
          | (p->conf->allow_withdraw ? WITHDRAW : 0);
    lp_buf_init(&b, 64);

    for (i = 0; i < LP_POLICY_N; i++) {
        if (!(lp_policy_table[i].who & who)) {
            continue;
        }

        lp_buf_reset(&b);
        lp_abi_put_selector(&b, lp_policy_table[i].function);

        if (lp_buf_status(&b) != LP_OK) {
            s = lp_buf_status(&b);
            snprintf(why, why_len, "%s: give the signer more",
                     lp_status_text(s));
            break;
        }

        call = &p->calls[p->ncalls++];
        call->contract = lp_policy_table[i].contract;
        memcpy(call->selector, b.data, sizeof(call->selector));
    }

    lp_buf_done(&b);

    return s;
}


/* one of the calls, or nothing at all sent to ourselves: that fills a gap in
   the nonces */

static int
lp_policy_is_call(const lp_policy_t *p, const lp_tx_t *tx)
{
    uint32_t                 i;
    const lp_address_t      *at;
    const lp_policy_call_t  *call;

    if (lp_address_equal(&tx->to, &p->self)) {
        return tx->data_len == 0 && lp_u256_is_zero(&tx->value_wei);
    }

    if (tx->data_len < sizeof(call->selector)) {
        return 0;
    }

    for (i = 0; i < p->ncalls; i++) {
        call = &p->calls[i];
        at = &p->contracts.at[call->contract];

        if (!lp_address_is_zero(at) && lp_address_equal(&tx->to, at)
            && memcmp(tx->data, call->selector, sizeof(call->selector)) == 0)
        {
            return 1;
        }
    }

    return 0;
}


lp_sign_refusal_e
lp_policy_judge_tx(const lp_policy_t *p, lp_u256_t *gas_wei,
    const lp_tx_t *tx)
{
    lp_u256_t  gas;

    if (tx->chain_id != p->conf->chain_id) {
        return LP_SIGN_CHAIN;
    }

    if (tx->create || !lp_policy_is_call(p, tx)) {
        return LP_SIGN_CONTRACT;
    }

    if (lp_u256_cmp(&tx->value_wei, &p->conf->max_value) > 0) {
        return LP_SIGN_VALUE;
    }

    lp_u256_set(&gas, tx->gas);

    if (lp_u256_mul(gas_wei, &gas, &tx->max_fee_wei) != LP_OK
        || lp_u256_cmp(gas_wei, &p->conf->max_gas_fee) > 0)
    {
        return LP_SIGN_GAS;
    }

    return LP_SIGN_OK;
}
