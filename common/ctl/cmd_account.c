/* Accounts: a key made or taken over, its balances, money sent from it. */

#include <string.h>

#include "common/ctl/chain.h"
#include "common/ctl/cmd.h"
#include "common/ctl/file.h"
#include "common/ctl/key.h"
#include "common/ctl/opts.h"
#include "common/ctl/tx.h"
#include "common/signer/vault.h"
#include "common/util/money.h"


/* an encrypted file at --out, never over another */

static ctl_exit_e
ctl_account_seal(ctl_t *c, const lp_secret_t *secret, const lp_address_t *a)
{
    char               password[LP_VAULT_PASSWORD_MAX], why[CTL_ERROR_MAX];
    size_t             len = sizeof(password);
    uint8_t            random[LP_KEYSTORE_RANDOM];
    lp_buf_t           json;
    ctl_exit_e         rc;
    lp_vault_source_t  src;

    rc = ctl_key_source(c, &src, NULL, "password-file");
    if (rc != CTL_DONE) {
        return rc;
    }

    if (src.password_file == NULL && src.password_fd == -1) {
        return ctl_fail(c, CTL_USAGE, "the new key needs a password: give "
                        "--password-file FILE with one line, mode 0600, or "
                        "--password-fd N");
    }

    if (lp_vault_password(password, &len, src.password_file, src.password_fd,
                          why, sizeof(why)) != LP_OK)
    {
        return ctl_fail(c, CTL_USAGE, "%s", why);
    }

    if (len == 0) {
        return ctl_fail(c, CTL_USAGE, "the password is empty: the file would "
                        "protect nothing");
    }

    lp_buf_init(&json, LP_KEYSTORE_FILE_MAX);

    rc = ctl_key_random(c, random, sizeof(random));
    if (rc == CTL_DONE
        && lp_keystore_seal(&json, secret, a, password, len, random,
                            LP_KEYSTORE_SCRYPT_N) != LP_OK)
    {
        rc = ctl_fail(c, CTL_REFUSED, "the key could not be encrypted: 256 "
                      "MiB of memory are needed");
    }

    if (rc == CTL_DONE) {
        rc = ctl_file_write(c, ctl_opts_text(c, "out"), &json, 0600, 0);
    }

    explicit_bzero(password, sizeof(password));
    lp_buf_done(&json);

    if (rc == CTL_DONE) {
        ctl_out_address(&c->out, "address", a);
        ctl_out_text(&c->out, "file", "%s", ctl_opts_text(c, "out"));
    }

    return rc;
}


ctl_exit_e
ctl_account_new(ctl_t *c)
{
    ctl_exit_e    rc;
    lp_secret_t  *secret;
    lp_address_t  a;

    rc = ctl_key_tables(c);
    if (rc != CTL_DONE) {
        return rc;
    }

    secret = lp_vault_create();
    if (secret == NULL) {
        return ctl_fail(c, CTL_REFUSED, "no memory can be locked for the key: "
                        "raise \"ulimit -l\"");
    }

    do {                               /* one in 2^128 is no key */
        rc = ctl_key_random(c, secret->b, sizeof(secret->b));
    } while (rc == CTL_DONE
             && lp_keys_address(c->keys, &a, secret) != LP_OK);

    if (rc == CTL_DONE) {
        rc = ctl_account_seal(c, secret, &a);
    }

    lp_vault_destroy(&secret);

    return rc;
}


ctl_exit_e
ctl_account_import(ctl_t *c)
{
    char               why[CTL_ERROR_MAX];
    ctl_exit_e         rc;
    lp_secret_t       *secret;
    lp_address_t       a;
    lp_vault_source_t  src;

    rc = ctl_key_source(c, &src, ctl_opts_text(c, "from"), "from-password");
    if (rc == CTL_DONE) {
        rc = ctl_key_tables(c);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    src.password_fd = -1;              /* that is the new one's */

    secret = lp_vault_create();
    if (secret == NULL) {
        return ctl_fail(c, CTL_REFUSED, "no memory can be locked for the key: "
                        "raise \"ulimit -l\"");
    }

    if (lp_vault_read(secret, &a, c->keys, &src, why, sizeof(why)) == LP_OK) {
        rc = ctl_account_seal(c, secret, &a);

    } else if (src.password_file == NULL && strstr(why, "is encrypted")) {
        rc = ctl_fail(c, CTL_USAGE, "--from %s is encrypted: give its "
                      "password with --from-password FILE", src.file);

    } else {
        rc = ctl_fail(c, CTL_USAGE, "%s", why);
    }

    lp_vault_destroy(&secret);

    return rc;
}


/* off chain a key has an address and nothing else */

ctl_exit_e
ctl_account_show(ctl_t *c)
{
    lp_u256_t     v;
    ctl_exit_e    rc;
    lp_address_t  who;

    rc = ctl_key_who(c, &who);
    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_out_address(&c->out, "address", &who);

    if (ctl_opts_text(c, "rpc") == NULL && c->dev_rpc == NULL) {
        return CTL_DONE;
    }

    rc = ctl_chain_balance(c, &who, &v);
    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_out_eth(&c->out, "eth", &v);

    rc = ctl_chain_lpt(c, &who, &v);
    if (rc == CTL_DONE) {
        ctl_out_lpt(&c->out, "lpt", &v);
    }

    return rc;
}


static ctl_exit_e
ctl_account_send_lpt(ctl_t *c, const lp_address_t *to, const lp_u256_t *amount)
{
    char        has[LP_MONEY_ETH_LEN], less[LP_MONEY_ETH_LEN];
    ctl_tx_t    tx;
    lp_u256_t   balance, missing;
    ctl_exit_e  rc;

    rc = ctl_chain_lpt(c, &c->me, &balance);

    if (rc == CTL_DONE && lp_u256_sub(&missing, amount, &balance) == LP_OK
        && !lp_u256_is_zero(&missing))
    {
        rc = ctl_fail(c, CTL_FUNDS, "the account has %s LPT: %s LPT are "
                      "missing; nothing was sent",
                      lp_money_format_eth(has, &balance),
                      lp_money_format_eth(less, &missing));
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_tx_init(&tx, "send", LP_CONTRACT_TOKEN, "transfer(address,uint256)");
    lp_contracts_put_of_u256(&c->data, tx.call, to, amount);

    return ctl_tx_run(c, &tx);
}


ctl_exit_e
ctl_account_send(ctl_t *c)
{
    size_t        len;
    ctl_tx_t      tx;
    lp_u256_t     amount;
    ctl_exit_e    rc;
    const char   *text = ctl_opts_text(c, "amount");

    ctl_tx_init(&tx, "send", LP_NCONTRACTS, "");

    rc = ctl_opts_address(c, "to", &tx.to);
    if (rc == CTL_DONE) {
        rc = ctl_tx_ready(c);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    len = strlen(text);

    if (len > 3 && strcmp(text + len - 3, "LPT") == 0) {
        rc = ctl_opts_lpt(c, "amount", &amount);
        return rc == CTL_DONE ? ctl_account_send_lpt(c, &tx.to, &amount) : rc;
    }

    rc = ctl_opts_eth(c, "amount", &tx.value);

    return rc == CTL_DONE ? ctl_tx_run(c, &tx) : rc;
}


ctl_exit_e
ctl_account_faucet(ctl_t *c)
{
    int         has;
    lp_u256_t   amount;
    ctl_exit_e  rc;

    rc = ctl_chain_has(c, LP_CONTRACT_FAUCET, &has);
    if (rc == CTL_DONE && !has) {
        rc = ctl_fail(c, CTL_REFUSED, "this network has no faucet: only test "
                      "networks do");
    }

    if (rc == CTL_DONE) {
        rc = ctl_chain_u256(c, LP_CONTRACT_FAUCET, "requestAmount()", NULL,
                            &amount);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    rc = ctl_tx_plain(c, "faucet", LP_CONTRACT_FAUCET, "request()");
    if (rc == CTL_DONE) {
        ctl_out_lpt(&c->out, "amount", &amount);
    }

    return rc;
}
