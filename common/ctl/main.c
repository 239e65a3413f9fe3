/* livepeerctl: a row of the table runs, and its answer is printed. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/ctl/chain.h"
#include "common/ctl/cmd.h"
#include "common/ctl/file.h"
#include "common/ctl/json.h"
#include "common/ctl/key.h"
#include "common/ctl/opts.h"
#include "common/ctl/tx.h"
#include "common/signer/vault.h"


#define CTL_FILE_MAX  65536                        /* of --dev */


#define CTL_END  { NULL, NULL, NULL, 0 }

#define CTL_OPTIONS(name, ...)                                                \
    static const ctl_option_t  name[] = { __VA_ARGS__, CTL_END }

CTL_OPTIONS(ctl_main_out,
    { "out", "FILE", "where to write it; it must not exist", 1 });
CTL_OPTIONS(ctl_main_import,
    { "from", "FILE", "the key as it is: keystore v3 or 64 hex digits", 1 },
    { "from-password", "FILE", "its password, when it has one", 0 },
    { "out", "FILE", "where to write it; it must not exist", 1 });
CTL_OPTIONS(ctl_main_address,
    { "address", "ADDRESS", "whose; else the key's own", 0 });
CTL_OPTIONS(ctl_main_send,
    { "to", "ADDRESS", "who gets it", 1 },
    { "amount", "AMOUNT", "as 0.5ETH or 100LPT", 1 });
CTL_OPTIONS(ctl_main_fund,
    { "deposit", "AMOUNT", "as 1ETH: tickets are paid from it", 0 },
    { "reserve", "AMOUNT", "as 0.5ETH: what orchestrators may rely on", 0 },
    { "penalty", "AMOUNT", "escrow, burned when a ticket is not covered", 0 });
CTL_OPTIONS(ctl_main_funds,
    { "address", "ADDRESS", "whose; else the key's own", 0 },
    { "deposit", "AMOUNT", "so much should be there: exit 3 when it is not",
      0 },
    { "reserve", "AMOUNT", "the same for the reserve", 0 });
CTL_OPTIONS(ctl_main_register,
    { "stake", "LPT", "own stake there shall be, with what there is", 1 },
    { "reward-cut", "PERCENT", "of the rewards, kept", 1 },
    { "fee-share", "PERCENT", "of the fees, given to delegators", 1 },
    { "uri", "URI", "https://host:port", 1 });
CTL_OPTIONS(ctl_main_update,
    { "reward-cut", "PERCENT", "of the rewards, kept", 0 },
    { "fee-share", "PERCENT", "of the fees, given to delegators", 0 });
CTL_OPTIONS(ctl_main_uri,
    { "uri", "URI", "https://host:port", 1 });
CTL_OPTIONS(ctl_main_services,
    { "set", "NAME[=0xJUDGE],..", "as GPUTranscoding, or none", 0 },
    { "address", "ADDRESS", "whose to show; else the key's own", 0 });
CTL_OPTIONS(ctl_main_locations,
    { "set", "TAG,..", "as cc:br,geo:6gyf4, or none", 0 },
    { "address", "ADDRESS", "whose to show; else the key's own", 0 });
CTL_OPTIONS(ctl_main_fees,
    { "amount", "AMOUNT", "as 0.1ETH; else all", 0 },
    { "to", "ADDRESS", "who gets it; else this account", 0 });
CTL_OPTIONS(ctl_main_status,
    { "status", "URL", "its --status-addr; default http://127.0.0.1:7935", 0 });
CTL_OPTIONS(ctl_main_list,
    { "rounds", "N", "looked back, 1, 7 or 30; default 30", 0 });
CTL_OPTIONS(ctl_main_bond,
    { "amount", "LPT", "added; without it all stake moves over", 0 },
    { "to", "ADDRESS", "the orchestrator", 1 });
CTL_OPTIONS(ctl_main_unbond,
    { "amount", "LPT", "how much", 1 });
CTL_OPTIONS(ctl_main_rebond,
    { "lock", "N", "of \"delegator status\"", 1 },
    { "to", "ADDRESS", "an orchestrator, when nothing is bonded any more", 0 });
CTL_OPTIONS(ctl_main_lock,
    { "lock", "N", "of \"delegator status\"", 1 });
CTL_OPTIONS(ctl_main_contracts,
    { "out", "FILE", "for the signer and --contracts", 1 },
    { "replace", NULL, "take over what has changed", 0 });
CTL_OPTIONS(ctl_main_recipients,
    { "out", "FILE", "for the signer's --recipients", 1 },
    { "follow", "SECONDS", "write it again so often, until a signal", 0 });


static const ctl_command_t  ctl_commands[] = {

    { "account", "new", NULL, "make a key, encrypted with --password-file",
      ctl_account_new, ctl_main_out },
    { "account", "import", NULL, "encrypt a key with --password-file",
      ctl_account_import, ctl_main_import },
    { "account", "show", NULL, "an address and what it has",
      ctl_account_show, ctl_main_address },
    { "account", "send", NULL, "ETH or LPT to another account",
      ctl_account_send, ctl_main_send },
    { "account", "faucet", NULL, "LPT of a test network",
      ctl_account_faucet, NULL },

    { "broadcaster", "fund", NULL, "add to the deposit and the reserve",
      ctl_broadcaster_fund, ctl_main_fund },
    { "broadcaster", "unlock", NULL, "begin to take both back",
      ctl_broadcaster_unlock, NULL },
    { "broadcaster", "cancel", NULL, "stay after all",
      ctl_broadcaster_cancel, NULL },
    { "broadcaster", "withdraw", NULL, "take both back, when unlocked",
      ctl_broadcaster_withdraw, NULL },
    { "broadcaster", "status", NULL, "deposit, reserve, lock",
      ctl_broadcaster_status, ctl_main_funds },

    { "orchestrator", "register", NULL, "bond, set shares and URI, as far as "
      "missing", ctl_orchestrator_register, ctl_main_register },
    { "orchestrator", "update", NULL, "change the shares",
      ctl_orchestrator_update, ctl_main_update },
    { "orchestrator", "uri", NULL, "change the URI",
      ctl_orchestrator_uri, ctl_main_uri },
    { "orchestrator", "services", NULL, "show or set what is offered",
      ctl_orchestrator_services, ctl_main_services },
    { "orchestrator", "locations", NULL, "show or set where it is",
      ctl_orchestrator_locations, ctl_main_locations },
    { "orchestrator", "activate", NULL, "join the pool again",
      ctl_orchestrator_activate, NULL },
    { "orchestrator", "status", NULL, "stake, shares, fees, rounds",
      ctl_orchestrator_status, ctl_main_address },
    { "orchestrator", "reward", NULL, "mint this round's reward",
      ctl_orchestrator_reward, NULL },
    { "orchestrator", "resign", NULL, "unbond all of its own stake",
      ctl_orchestrator_resign, NULL },
    { "orchestrator", "withdraw", NULL, "take the fees out",
      ctl_delegator_withdraw_fees, ctl_main_fees },
    { "orchestrator", "redeemed", NULL, "what the running one has redeemed",
      ctl_orchestrator_redeemed, ctl_main_status },
    { "orchestrator", "pending", NULL, "what it has still to redeem",
      ctl_orchestrator_pending, ctl_main_status },

    { "delegator", "orchestrators", NULL, "who earns what with how much stake",
      ctl_delegator_orchestrators, ctl_main_list },
    { "delegator", "bond", NULL, "put stake behind an orchestrator",
      ctl_delegator_bond, ctl_main_bond },
    { "delegator", "unbond", NULL, "begin to take stake back",
      ctl_delegator_unbond, ctl_main_unbond },
    { "delegator", "rebond", NULL, "put it back",
      ctl_delegator_rebond, ctl_main_rebond },
    { "delegator", "withdraw-stake", NULL, "take stake out, when it is open",
      ctl_delegator_withdraw_stake, ctl_main_lock },
    { "delegator", "withdraw-fees", NULL, "take fees out",
      ctl_delegator_withdraw_fees, ctl_main_fees },
    { "delegator", "claim", NULL, "settle rewards and fees into the account",
      ctl_delegator_claim, NULL },
    { "delegator", "status", NULL, "stake, fees, locks",
      ctl_delegator_status, ctl_main_address },

    { "round", "status", NULL, "the round and its blocks",
      ctl_round_status, NULL },
    { "round", "init", NULL, "begin the round",
      ctl_round_init, NULL },

    { "explain-ticket", NULL, "TICKET", "a payment or ticket in words",
      ctl_ticket_explain, NULL },
    { "contracts", NULL, NULL, "the contracts' addresses as a file",
      ctl_contracts_write, ctl_main_contracts },
    { "recipients", NULL, NULL, "the active orchestrators as a file",
      ctl_recipients_write, ctl_main_recipients }
};

#define CTL_NCOMMANDS  (sizeof(ctl_commands) / sizeof(ctl_commands[0]))


ctl_exit_e
ctl_fail(ctl_t *c, ctl_exit_e code, const char *fmt, ...)
{
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(c->error, sizeof(c->error), fmt, ap);
    va_end(ap);

    return code;
}


void
ctl_note(const char *fmt, ...)
{
    va_list  ap;

    fputs(CTL_NAME ": ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}


/* *used: the words that name it; NULL: there is none */

static const ctl_command_t *
ctl_main_find(char **words, size_t n, size_t *used)
{
    size_t  i;

    for (i = 0; n && i < CTL_NCOMMANDS; i++) {
        if (strcmp(ctl_commands[i].group, words[0]) != 0) {
            continue;
        }

        *used = ctl_commands[i].verb ? 2 : 1;

        if (*used == 1
            || (n > 1 && strcmp(ctl_commands[i].verb, words[1]) == 0))
        {
            return &ctl_commands[i];
        }
    }

    return NULL;
}


static int
ctl_main_is_group(const char *word)
{
    size_t  i;

    for (i = 0; i < CTL_NCOMMANDS; i++) {
        if (strcmp(ctl_commands[i].group, word) == 0) {
            return 1;
        }
    }

    return 0;
}


static ctl_exit_e
ctl_main_unknown(char **words, size_t n)
{
    int         group = n && ctl_main_is_group(words[0]);
    size_t      i;
    ctl_exit_e  rc = CTL_USAGE;

    for (i = 0; i < n; i++) {
        if (strcmp(words[i], "--help") == 0) {
            rc = CTL_DONE;
        }
    }

    if (n && strcmp(words[0], "--version") == 0) {
        printf(CTL_NAME " " LP_VERSION "\n");
        return CTL_DONE;
    }

    if (rc == CTL_DONE && group) {
        ctl_opts_help_group(stdout, ctl_commands, CTL_NCOMMANDS, words[0]);

    } else if (rc == CTL_DONE) {
        ctl_opts_help(ctl_commands, CTL_NCOMMANDS);

    } else if (n == 0) {
        ctl_note("give a command; --help lists them");

    } else if (words[0][0] == '-') {
        ctl_note("the command comes first, options after it; --help lists "
                 "both");

    } else if (group) {
        ctl_note("%s has these commands", words[0]);
        ctl_opts_help_group(stderr, ctl_commands, CTL_NCOMMANDS, words[0]);

    } else {
        fprintf(stderr, CTL_NAME ": \"%s%s%s\" is no command; --help lists "
                "them\n", words[0], n > 1 ? " " : "", n > 1 ? words[1] : "");
    }

    return rc;
}


static ctl_exit_e
ctl_main_file(ctl_t *c, lp_buf_t *text, const char *option)
{
    ctl_exit_e   rc;
    lp_status_t  s;
    const char  *path = ctl_opts_text(c, option);

    rc = ctl_file_read(c, text, path, &s);

    return rc == CTL_DONE && s == LP_MISSING
               ? ctl_fail(c, CTL_USAGE, "--%s %s: there is no such file",
                          option, path)
               : rc;
}


static ctl_exit_e
ctl_main_dev(ctl_t *c)
{
    lp_buf_t     text;
    ctl_exit_e   rc;
    const char  *role = ctl_opts_text(c, "role");

    if (ctl_opts_text(c, "dev") == NULL) {
        return role ? ctl_fail(c, CTL_USAGE, "--role %s: it is one of --dev "
                               "FILE, which is missing", role) : CTL_DONE;
    }

    lp_buf_init(&text, CTL_FILE_MAX);

    rc = ctl_main_file(c, &text, "dev");
    if (rc == CTL_DONE) {
        rc = ctl_json_dev(c, (const char *) text.data, text.len, role);
    }

    lp_buf_done(&text);

    return rc;
}


static ctl_exit_e
ctl_main_pinned(ctl_t *c)
{
    lp_buf_t    text;
    unsigned    line;
    ctl_exit_e  rc;

    if (ctl_opts_text(c, "contracts") == NULL) {
        return CTL_DONE;
    }

    lp_buf_init(&text, CTL_FILE_MAX);

    rc = ctl_main_file(c, &text, "contracts");
    if (rc == CTL_DONE
        && lp_contracts_get_file(&c->pinned, &line, (const char *) text.data,
                                 text.len) != LP_OK)
    {
        rc = ctl_fail(c, CTL_USAGE, "--contracts %s line %u: it is not a file "
                      "of contracts; \"" CTL_NAME " contracts --out FILE\" "
                      "writes one", ctl_opts_text(c, "contracts"), line);
    }

    lp_buf_done(&text);

    return rc;
}


static ctl_exit_e
ctl_main_run(ctl_t *c)
{
    ctl_exit_e  rc;

    rc = ctl_opts_needed(c);
    if (rc == CTL_DONE) {
        rc = ctl_main_dev(c);
    }

    if (rc == CTL_DONE) {
        rc = ctl_main_pinned(c);
    }

    if (rc == CTL_DONE) {
        rc = c->command->run(c);
    }

    if (c->nsent) {
        ctl_tx_put(c);
    }

    return rc;
}


/* a failure is a sentence for a person, and with --json also two fields */

static ctl_exit_e
ctl_main_answer(ctl_t *c, ctl_exit_e rc)
{
    if (rc != CTL_DONE) {
        ctl_note("%s", c->error);
    }

    if (c->out.json && rc != CTL_DONE) {
        ctl_out_text(&c->out, "error", "%s", c->error);
    }

    if (c->out.json) {
        ctl_out_number(&c->out, "exit", rc);
    }

    if (ctl_out_flush(&c->out) != 0) {
        ctl_note("the answer could not be written whole");
        return rc == CTL_DONE ? CTL_REFUSED : rc;
    }

    return rc;
}


static void
ctl_main_done(ctl_t *c)
{
    if (c->secret) {
        lp_vault_destroy(&c->secret);
    }

    lp_keys_destroy(&c->keys);
    ctl_http_destroy(&c->http);
    ctl_out_done(&c->out);
    lp_buf_done(&c->dev);
    lp_buf_done(&c->data);
    lp_buf_done(&c->result);
}


int
main(int argc, char **argv)
{
    size_t         used, n = (size_t) argc - 1;
    ctl_exit_e     rc;
    static ctl_t   c;

    c.command = ctl_main_find(argv + 1, n, &used);
    if (c.command == NULL) {
        return ctl_main_unknown(argv + 1, n);
    }

    lp_buf_init(&c.dev, CTL_FILE_MAX + 1);
    lp_buf_init(&c.data, CTL_RESULT_MAX);
    lp_buf_init(&c.result, CTL_RESULT_MAX);

    rc = ctl_opts_parse(&c, argv + 1 + used, n - used);

    if (rc == CTL_DONE && ctl_opts_text(&c, "help")) {
        ctl_opts_help_command(c.command);
        ctl_main_done(&c);
        return CTL_DONE;
    }

    ctl_out_init(&c.out, ctl_opts_text(&c, "json") != NULL);

    if (rc == CTL_DONE) {
        rc = ctl_main_run(&c);
    }

    rc = ctl_main_answer(&c, rc);
    ctl_main_done(&c);

    return rc;
}
