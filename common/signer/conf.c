/*
 * The signer's options, from their three sources. Defaults go through the
 * same parser as what the operator says.
 */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/signer/conf.h"


#define LP_SIGN_CONF_LINE   4096
#define LP_SIGN_CONF_ARENA  (64 * 1024)
#define LP_SIGN_CONF_NAME   32


typedef enum {
    conf_text,
    conf_number,
    conf_wei                                       /* 0.01ETH, 5gwei, none */
} lp_sign_conf_type_e;

typedef struct {
    const char           *name;
    lp_sign_conf_type_e   type;
    size_t                offset;
    const char           *value;                   /* default */
    const char           *unit;
    const char           *help;
} lp_sign_conf_option_t;


#define AT(field)  offsetof(lp_sign_conf_t, field)

static const lp_sign_conf_option_t  lp_sign_conf_options[] = {

    { "socket", conf_text, AT(socket), "", "path", "unix socket to serve; its "
      "folder must not be writable by everybody" },
    { "key-file", conf_text, AT(key_file), "", "file", "keystore of version 3 "
      "or 64 hex digits, mode 0600; or a folder with one" },
    { "address", conf_text, AT(address), "", "0x..", "which key of a folder" },
    { "password-file", conf_text, AT(password_file), "", "file", "password of "
      "the keystore, mode 0600" },
    { "password-fd", conf_number, AT(password_fd), "none", "descriptor",
      "or where to read it" },
    { "role", conf_text, AT(role), "broadcaster", "role", "broadcaster or "
      "orchestrator; off chain also both" },
    { "chain-id", conf_number, AT(chain_id), "0", "number", "0: off chain, no "
      "tickets and no transactions" },
    { "journal", conf_text, AT(journal), "", "file", "what the day has been "
      "promised; needed on a chain" },
    { "recipients", conf_text, AT(recipients), "", "file", "who may be paid, "
      "an address a line; read again when it changes" },
    { "contracts", conf_text, AT(contracts), "", "file", "which contracts "
      "transactions may call; default: no transactions" },
    { "max-face-value", conf_wei, AT(max_face_value), "none", "amount",
      "of one ticket" },
    { "max-ticket-ev", conf_wei, AT(max_ticket_ev), "none", "amount",
      "expected value of one ticket" },
    { "day-budget", conf_wei, AT(day_budget), "none", "amount",
      "expected value of all tickets of a UTC day" },
    { "stream-budget", conf_wei, AT(stream_budget), "none", "amount",
      "... of one stream in an hour" },
    { "recipient-budget", conf_wei, AT(recipient_budget), "none", "amount",
      "... to one recipient in an hour" },
    { "max-value", conf_wei, AT(max_value), "0", "amount",
      "ETH sent with one transaction" },
    { "value-budget", conf_wei, AT(value_budget), "0", "amount",
      "ETH sent in a UTC day; 0: as --max-value" },
    { "max-gas-fee", conf_wei, AT(max_gas_fee), "none", "amount",
      "gas times fee of one transaction" },
    { "gas-budget", conf_wei, AT(gas_budget), "none", "amount",
      "... of all transactions of a UTC day" },
    { "allow", conf_text, AT(allow), "", "words", "withdraw: withdrawals, "
      "bonding, transfers of LPT too" },
    { "allow-uid", conf_text, AT(allow_uid), "", "uids", "users that may ask, "
      "besides root and our own; 33,101" },
    { "user", conf_text, AT(user), "", "name", "to run as, when started by "
      "root" },
    { "log-level", conf_text, AT(log_level), "info", "level",
      "error, warn, info or debug" }
};

#define LP_SIGN_CONF_N                                                        \
    (sizeof(lp_sign_conf_options) / sizeof(lp_sign_conf_options[0]))


static int
lp_sign_conf_bad(const char *from, unsigned line, const char *name,
    const char *value, const char *remedy)
{
    fprintf(stderr, "signer: --%s", name);

    if (value) {
        fprintf(stderr, " \"%.200s\"", value);
    }

    fprintf(stderr, " (%s", from);

    if (line) {
        fprintf(stderr, " line %u", line);
    }

    fprintf(stderr, "): %s\n", remedy);

    return -1;
}


static const lp_sign_conf_option_t *
lp_sign_conf_find(const char *name, size_t len)
{
    size_t  i;

    for (i = 0; i < LP_SIGN_CONF_N; i++) {
        if (strlen(lp_sign_conf_options[i].name) == len
            && memcmp(lp_sign_conf_options[i].name, name, len) == 0)
        {
            return &lp_sign_conf_options[i];
        }
    }

    return NULL;
}


static int
lp_sign_conf_number(uint64_t *out, const char *value)
{
    char                *end;
    unsigned long long   n;

    if (strcmp(value, "none") == 0) {
        *out = UINT64_MAX;
        return 0;
    }

    if (*value < '0' || *value > '9') {
        return -1;
    }

    errno = 0;
    n = strtoull(value, &end, 10);

    if (errno || *end || n == UINT64_MAX) {
        return -1;
    }

    *out = n;

    return 0;
}


static int
lp_sign_conf_wei(lp_u256_t *out, const char *value)
{
    if (strcmp(value, "none") == 0) {
        memset(out, 0xff, sizeof(lp_u256_t));
        return 0;
    }

    return lp_money_parse_wei(out, value, strlen(value)) == LP_OK ? 0 : -1;
}


static int
lp_sign_conf_set(lp_sign_conf_t *conf, const lp_sign_conf_option_t *opt,
    const char *value, const char *from, unsigned line)
{
    void         *field = (char *) conf + opt->offset;
    const char  **text = field;

    switch (opt->type) {

    case conf_text:
        *text = lp_arena_strndup(&conf->arena, value, strlen(value));
        return *text ? 0 : lp_sign_conf_bad(from, line, opt->name, NULL,
                                            "the value is too long");

    case conf_number:
        return lp_sign_conf_number(field, value) == 0 ? 0
               : lp_sign_conf_bad(from, line, opt->name, value,
                                  "give a whole number");

    case conf_wei:
        return lp_sign_conf_wei(field, value) == 0 ? 0
               : lp_sign_conf_bad(from, line, opt->name, value,
                                  "give an amount, as 0.01ETH, 5gwei or "
                                  "8000wei");
    }

    return -1;
}


static int
lp_sign_conf_defaults(lp_sign_conf_t *conf)
{
    size_t                        i;
    const lp_sign_conf_option_t  *opt;

    for (i = 0; i < LP_SIGN_CONF_N; i++) {
        opt = &lp_sign_conf_options[i];

        if (lp_sign_conf_set(conf, opt, opt->value, "default", 0)) {
            return -1;
        }
    }

    return 0;
}


/* one line of the file: blanks, name, blanks, value, blanks */

static int
lp_sign_conf_line(lp_sign_conf_t *conf, char *line, const char *file,
    unsigned number)
{
    char                         *name, *value, *end;
    const lp_sign_conf_option_t  *opt;

    name = line + strspn(line, " \t");
    end = name + strcspn(name, "\r\n");

    while (end > name && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }

    *end = '\0';

    if (*name == '\0' || *name == '#') {
        return 0;
    }

    value = name + strcspn(name, " \t");

    if (*value) {
        *value++ = '\0';
        value += strspn(value, " \t");
    }

    opt = lp_sign_conf_find(name, strlen(name));
    if (opt == NULL) {
        return lp_sign_conf_bad(file, number, name, NULL, "no such option; "
                                "--help lists them, in the file without "
                                "\"--\"");
    }

    return lp_sign_conf_set(conf, opt, value, file, number);
}


static int
lp_sign_conf_file(lp_sign_conf_t *conf, const char *file)
{
    int       rc = 0;
    char      line[LP_SIGN_CONF_LINE];
    FILE     *f;
    unsigned  number = 0;

    f = fopen(file, "re");
    if (f == NULL) {
        return lp_sign_conf_bad("command line", 0, "config", file,
                                strerror(errno));
    }

    while (rc == 0 && fgets(line, sizeof(line), f)) {
        number++;
        rc = strlen(line) == sizeof(line) - 1
             ? lp_sign_conf_bad(file, number, "config", NULL,
                                "the line is too long")
             : lp_sign_conf_line(conf, line, file, number);
    }

    if (rc == 0 && ferror(f)) {
        rc = lp_sign_conf_bad("command line", 0, "config", file,
                              "cannot be read");
    }

    fclose(f);

    return rc;
}


static const char *
lp_sign_conf_getenv(char **env, const char *name)
{
    char    key[sizeof("LIVEPEER_=") + LP_SIGN_CONF_NAME];
    size_t  i, len;

    len = (size_t) snprintf(key, sizeof(key), "LIVEPEER_%s=", name);

    for (i = 0; i < len; i++) {
        if (key[i] == '-') {
            key[i] = '_';

        } else if (key[i] >= 'a' && key[i] <= 'z') {
            key[i] = (char) (key[i] - 'a' + 'A');
        }
    }

    for ( /* void */ ; *env; env++) {
        if (strncmp(*env, key, len) == 0) {
            return *env + len;
        }
    }

    return NULL;
}


static int
lp_sign_conf_environment(lp_sign_conf_t *conf, char **env)
{
    size_t       i;
    const char  *value;

    for (i = 0; i < LP_SIGN_CONF_N; i++) {
        value = lp_sign_conf_getenv(env, lp_sign_conf_options[i].name);

        if (value && lp_sign_conf_set(conf, &lp_sign_conf_options[i], value,
                                      "environment", 0))
        {
            return -1;
        }
    }

    return 0;
}


static void
lp_sign_conf_help(void)
{
    size_t                        i;
    char                          head[64];
    const lp_sign_conf_option_t  *opt;

    printf("Usage: signer --socket <path> --key-file <file> [--option value] "
           "...\nHolds an Ethereum key, and signs what its limits allow for "
           "a Livepeer\nbroadcaster or orchestrator.\n"
           "\nEach option may also be a variable of the environment, "
           "--max-face-value as\nLIVEPEER_MAX_FACE_VALUE, or a line "
           "\"max-face-value 0.01ETH\" of the file of\n--config. The command "
           "line is stronger than the environment, both are\nstronger than "
           "the file. An amount may be \"none\": no limit.\n\n");

    for (i = 0; i < LP_SIGN_CONF_N; i++) {
        opt = &lp_sign_conf_options[i];
        snprintf(head, sizeof(head), "--%s <%s>", opt->name, opt->unit);
        printf("  %-29s %s", head, opt->help);

        if (*opt->value) {
            printf(" [%s]", opt->value);
        }

        printf("\n");
    }

    printf("  %-29s %s\n  %-29s %s\n  %-29s %s\n  %-29s %s\n",
           "--config <file>", "read options from this file",
           "--check-config", "say whether the options are good, and exit",
           "--version", "print the version, and exit",
           "--help", "print this, and exit");
}


/*
 * One word of the command line, and the next one when it is its value.
 * Returns how many words were taken, 0 for --help and --version, -1: bad.
 * With file only --config is looked for; without, the values are set.
 */

static int
lp_sign_conf_word(lp_sign_conf_t *conf, const char **file, char **argv)
{
    char                         *name, *value;
    size_t                        len;
    const lp_sign_conf_option_t  *opt;

    if (strncmp(argv[0], "--", 2) != 0) {
        fprintf(stderr, "signer: \"%.200s\" (command line): options begin "
                "with \"--\"; --help lists them\n", argv[0]);
        return -1;
    }

    name = argv[0] + 2;
    len = strcspn(name, "=");
    value = name[len] ? name + len + 1 : argv[1];

    if (strcmp(name, "help") == 0) {
        lp_sign_conf_help();
        return 0;
    }

    if (strcmp(name, "version") == 0) {
        printf("signer %s\n", LP_VERSION);
        return 0;
    }

    if (strcmp(name, "check-config") == 0) {
        conf->check_only = 1;
        return 1;
    }

    opt = lp_sign_conf_find(name, len);

    if (opt == NULL && (len != 6 || memcmp(name, "config", 6) != 0)) {
        return lp_sign_conf_bad("command line", 0, name, NULL,
                                "no such option; --help lists them");
    }

    if (value == NULL) {
        return lp_sign_conf_bad("command line", 0, name, NULL,
                                "a value must follow");
    }

    if (opt == NULL) {
        if (file) {
            *file = value;
        }

    } else if (file == NULL
               && lp_sign_conf_set(conf, opt, value, "command line", 0))
    {
        return -1;
    }

    return name[len] ? 1 : 2;
}


static lp_sign_conf_e
lp_sign_conf_words(lp_sign_conf_t *conf, const char **file, char **argv)
{
    int  n;

    for (argv++; *argv; argv += n) {
        n = lp_sign_conf_word(conf, file, argv);

        if (n <= 0) {
            return n == 0 ? LP_SIGN_CONF_SHOWN : LP_SIGN_CONF_BAD;
        }
    }

    return LP_SIGN_CONF_RUN;
}


lp_sign_conf_e
lp_sign_conf_read(lp_sign_conf_t *conf, char **argv, char **env)
{
    const char      *file = NULL;
    lp_sign_conf_e   rc;

    memset(conf, 0, sizeof(lp_sign_conf_t));
    lp_arena_init(&conf->arena, LP_SIGN_CONF_ARENA);

    if (lp_sign_conf_defaults(conf)) {
        return LP_SIGN_CONF_BAD;
    }

    rc = lp_sign_conf_words(conf, &file, argv);
    if (rc != LP_SIGN_CONF_RUN) {
        return rc;
    }

    if (file == NULL) {
        file = lp_sign_conf_getenv(env, "config");
    }

    if ((file && lp_sign_conf_file(conf, file))
        || lp_sign_conf_environment(conf, env))
    {
        return LP_SIGN_CONF_BAD;
    }

    rc = lp_sign_conf_words(conf, NULL, argv);

    return rc == LP_SIGN_CONF_RUN && lp_sign_conf_judge(conf)
           ? LP_SIGN_CONF_BAD : rc;
}


void
lp_sign_conf_done(lp_sign_conf_t *conf)
{
    lp_arena_done(&conf->arena);
}
