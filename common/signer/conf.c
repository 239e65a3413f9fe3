/*
 * The signer's options: the table, and how its values are written. Defaults
 * go through the same parser as what the operator says.
 */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/signer/conf.h"


#define LP_SIGN_CONF_ARENA  (64 * 1024)


typedef enum {
    conf_text = LP_OPTIONS_TEXT,
    conf_number,
    conf_wei                                       /* 0.01ETH, 5gwei, none */
} lp_sign_conf_type_e;


#define AT(field)  offsetof(lp_sign_conf_t, field)

static const lp_options_row_t  lp_sign_conf_options[] = {

    { "socket", conf_text, AT(socket), "", 0, 0, "path", "unix socket to "
      "serve; its folder must not be writable by everybody" },
    { "key-file", conf_text, AT(key_file), "", 0, 0, "file", "keystore of "
      "version 3 or 64 hex digits, mode 0600; or a folder with one" },
    { "address", conf_text, AT(address), "", 0, 0, "0x..", "which key of a "
      "folder" },
    { "password-file", conf_text, AT(password_file), "", 0, 0, "file",
      "password of the keystore, mode 0600" },
    { "password-fd", conf_number, AT(password_fd), "none", 0, 0, "descriptor",
      "or where to read it" },
    { "role", conf_text, AT(role), "broadcaster", 0, 0, "role", "broadcaster "
      "or orchestrator; off chain also both" },
    { "chain-id", conf_number, AT(chain_id), "0", 0, 0, "number", "0: off "
      "chain, no tickets and no transactions" },
    { "journal", conf_text, AT(journal), "", 0, 0, "file", "what the day has "
      "been promised; needed on a chain" },
    { "recipients", conf_text, AT(recipients), "", 0, 0, "file", "who may be "
      "paid, an address a line; read again when it changes" },
    { "contracts", conf_text, AT(contracts), "", 0, 0, "file", "which "
      "contracts transactions may call; default: no transactions" },
    { "max-face-value", conf_wei, AT(max_face_value), "none", 0, 0, "amount",
      "of one ticket" },
    { "max-ticket-ev", conf_wei, AT(max_ticket_ev), "none", 0, 0, "amount",
      "expected value of one ticket" },
    { "day-budget", conf_wei, AT(day_budget), "none", 0, 0, "amount",
      "expected value of all tickets of a UTC day" },
    { "stream-budget", conf_wei, AT(stream_budget), "none", 0, 0, "amount",
      "... of one stream in an hour" },
    { "recipient-budget", conf_wei, AT(recipient_budget), "none", 0, 0,
      "amount", "... to one recipient in an hour" },
    { "max-value", conf_wei, AT(max_value), "0", 0, 0, "amount", "ETH sent "
      "with one transaction" },
    { "value-budget", conf_wei, AT(value_budget), "0", 0, 0, "amount", "ETH "
      "sent in a UTC day; 0: as --max-value" },
    { "max-gas-fee", conf_wei, AT(max_gas_fee), "none", 0, 0, "amount", "gas "
      "times fee of one transaction" },
    { "gas-budget", conf_wei, AT(gas_budget), "none", 0, 0, "amount", "... of "
      "all transactions of a UTC day" },
    { "allow", conf_text, AT(allow), "", 0, 0, "words", "withdraw: "
      "withdrawals, bonding, transfers of LPT too" },
    { "allow-uid", conf_text, AT(allow_uid), "", 0, 0, "uids", "users that "
      "may ask, besides root and our own; 33,101" },
    { "user", conf_text, AT(user), "", 0, 0, "name", "to run as, when started "
      "by root" },
    { "log-level", conf_text, AT(log_level), "info", 0, 0, "level", "error, "
      "warn, info or debug" }
};

static const char  lp_sign_conf_usage[] =
    "Usage: signer --socket <path> --key-file <file> [--option value] ...\n"
    "Holds an Ethereum key, and signs what its limits allow for a Livepeer\n"
    "broadcaster or orchestrator.\n"
    "\nEach option may also be a variable of the environment, "
    "--max-face-value as\nLIVEPEER_MAX_FACE_VALUE, or a line "
    "\"max-face-value 0.01ETH\" of the file of\n--config. The command "
    "line is stronger than the environment, both are\nstronger than "
    "the file. An amount may be \"none\": no limit.\n";


static int
lp_sign_conf_number(void *field, const lp_options_row_t *row,
    const char *value, char remedy[LP_OPTIONS_REMEDY])
{
    char                *end;
    uint64_t            *out = field;
    unsigned long long   n;

    (void) row;

    if (strcmp(value, "none") == 0) {
        *out = UINT64_MAX;
        return 0;
    }

    errno = 0;
    n = strtoull(value, &end, 10);

    if (*value < '0' || *value > '9' || errno || *end || n == UINT64_MAX) {
        snprintf(remedy, LP_OPTIONS_REMEDY, "give a whole number");
        return -1;
    }

    *out = n;

    return 0;
}


static int
lp_sign_conf_wei(void *field, const lp_options_row_t *row, const char *value,
    char remedy[LP_OPTIONS_REMEDY])
{
    (void) row;

    if (strcmp(value, "none") == 0) {
        memset(field, 0xff, sizeof(lp_u256_t));
        return 0;
    }

    if (lp_money_parse_wei(field, value, strlen(value)) == LP_OK) {
        return 0;
    }

    snprintf(remedy, LP_OPTIONS_REMEDY,
             "give an amount, as 0.01ETH, 5gwei or 8000wei");

    return -1;
}


lp_options_e
lp_sign_conf_read(lp_sign_conf_t *conf, char **argv, char **env)
{
    lp_options_e  rc;
    static const lp_options_parse_pt  types[] = {
        [conf_number] = lp_sign_conf_number,
        [conf_wei] = lp_sign_conf_wei
    };

    memset(conf, 0, sizeof(lp_sign_conf_t));
    lp_arena_init(&conf->arena, LP_SIGN_CONF_ARENA);

    conf->options = (lp_options_t) {
        .program = "signer",
        .version = LP_VERSION,
        .usage = lp_sign_conf_usage,
        .column = 29,
        .rows = lp_sign_conf_options,
        .nrows = sizeof(lp_sign_conf_options)
                 / sizeof(lp_sign_conf_options[0]),
        .types = types,
        .conf = conf,
        .arena = &conf->arena,
        .out = stdout,
        .err = stderr
    };

    rc = lp_options_read(&conf->options, argv, env);

    return rc == LP_OPTIONS_RUN && lp_sign_conf_judge(conf)
           ? LP_OPTIONS_BAD : rc;
}


void
lp_sign_conf_done(lp_sign_conf_t *conf)
{
    lp_arena_done(&conf->arena);
}
