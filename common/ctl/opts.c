/* Options: one list that all commands have, one for each command. */

#include <stdio.h>
#include <string.h>

#include "common/ctl/opts.h"
#include "common/util/money.h"
#include "common/util/options.h"


extern char  **environ;


const ctl_option_t  ctl_opts_common[] = {
    { "rpc", "URL", "a node of the chain; given again: the next one when it "
      "does not answer", 0 },
    { "controller", "ADDRESS", "the chain's registry of contracts", 0 },
    { "chain-id", "N", "what the node must say; needed to sign", 0 },
    { "contracts", "FILE", "addresses that the node must confirm, as "
      "\"contracts --out\" writes them", 0 },
    { "key-file", "FILE", "keystore v3 or 64 hex digits, mode 0600", 0 },
    { "password-file", "FILE", "password of the keystore, mode 0600", 0 },
    { "password-fd", "N", "or an open descriptor to read it from, as 0", 0 },
    { "dev", "FILE", "devchain.json: stands for rpc, controller, chain-id "
      "and key-file", 0 },
    { "role", "NAME", "whose key of --dev: broadcaster, orchestrator1, ..",
      0 },
    { "dry-run", NULL, "simulate, say what it costs, send nothing", 0 },
    { "max-gas-price", "AMOUNT", "as 2gwei; nothing is sent above it", 0 },
    { "max-gas-cost", "AMOUNT", "of one transaction; default 0.05ETH", 0 },
    { "timeout", "SECONDS", "to wait for a transaction; default 300", 0 },
    { "json", NULL, "the answer as JSON", 0 },
    { "help", NULL, "this", 0 },
    { NULL, NULL, NULL, 0 }
};


static const ctl_option_t *
ctl_opts_find(const ctl_option_t *list, const char *name, size_t len)
{
    for ( /* void */ ; list && list->name; list++) {
        if (strlen(list->name) == len && memcmp(list->name, name, len) == 0) {
            return list;
        }
    }

    return NULL;
}


static ctl_exit_e
ctl_opts_add(ctl_t *c, const char *name, const char *text)
{
    if (c->ngiven == CTL_GIVEN_MAX) {
        return ctl_fail(c, CTL_USAGE, "too many options");
    }

    c->given[c->ngiven].name = name;
    c->given[c->ngiven].text = text;
    c->ngiven++;

    return CTL_DONE;
}


/* one "--name", "--name value" or "--name=value"; *used: words taken */

static ctl_exit_e
ctl_opts_take(ctl_t *c, char **words, size_t n, size_t *used)
{
    size_t               len;
    const char          *name = words[0] + 2, *text;
    const ctl_option_t  *o;

    len = strcspn(name, "=");
    o = ctl_opts_find(c->command->options, name, len);
    if (o == NULL) {
        o = ctl_opts_find(ctl_opts_common, name, len);
    }

    if (o == NULL) {
        return ctl_fail(c, CTL_USAGE, "--%.*s: there is no such option; --help "
                        "lists them", (int) len, name);
    }

    text = name[len] == '=' ? name + len + 1 : NULL;
    *used = 1;

    if (o->value == NULL) {
        return text ? ctl_fail(c, CTL_USAGE, "--%s takes no value", o->name)
                    : ctl_opts_add(c, o->name, "");
    }

    if (text == NULL) {
        if (n < 2) {
            return ctl_fail(c, CTL_USAGE, "--%s: %s must follow", o->name,
                            o->value);
        }

        text = words[1];
        *used = 2;
    }

    return ctl_opts_add(c, o->name, text);
}


/* LIVEPEER_KEY_FILE for key-file: only where the words said nothing */

static ctl_exit_e
ctl_opts_environment(ctl_t *c)
{
    ctl_exit_e           rc;
    const char          *text;
    const ctl_option_t  *o;

    for (o = ctl_opts_common; o->name; o++) {
        text = o->value ? lp_options_getenv(environ, o->name) : NULL;

        if (text && text[0] && ctl_opts_text(c, o->name) == NULL) {
            rc = ctl_opts_add(c, o->name, text);
            if (rc != CTL_DONE) {
                return rc;
            }
        }
    }

    return CTL_DONE;
}


ctl_exit_e
ctl_opts_parse(ctl_t *c, char **words, size_t n)
{
    size_t      i, used;
    ctl_exit_e  rc;

    for (i = 0; i < n; i += used) {
        used = 1;

        if (strncmp(words[i], "--", 2) == 0) {
            rc = ctl_opts_take(c, words + i, n - i, &used);

        } else if (c->command->word && ctl_opts_text(c, "word") == NULL) {
            rc = ctl_opts_add(c, "word", words[i]);

        } else {
            rc = ctl_fail(c, CTL_USAGE, "\"%s\" is not understood; --help "
                          "lists the options", words[i]);
        }

        if (rc != CTL_DONE) {
            return rc;
        }
    }

    return ctl_opts_environment(c);
}


ctl_exit_e
ctl_opts_needed(ctl_t *c)
{
    const ctl_option_t  *o;

    for (o = c->command->options; o && o->name; o++) {
        if (o->needed && ctl_opts_text(c, o->name) == NULL) {
            return ctl_fail(c, CTL_USAGE, "--%s %s is missing: %s", o->name,
                            o->value, o->help);
        }
    }

    if (c->command->word && ctl_opts_text(c, "word") == NULL) {
        return ctl_fail(c, CTL_USAGE, "%s is missing; --help says what it is",
                        c->command->word);
    }

    return CTL_DONE;
}


const char *
ctl_opts_text(const ctl_t *c, const char *name)
{
    size_t  i;

    for (i = c->ngiven; i; i--) {
        if (strcmp(c->given[i - 1].name, name) == 0) {
            return c->given[i - 1].text;
        }
    }

    return NULL;
}


const char *
ctl_opts_nth(const ctl_t *c, const char *name, size_t n)
{
    size_t  i;

    for (i = 0; i < c->ngiven; i++) {
        if (strcmp(c->given[i].name, name) == 0 && n-- == 0) {
            return c->given[i].text;
        }
    }

    return NULL;
}


static ctl_exit_e
ctl_opts_bad(ctl_t *c, const char *name, const char *remedy)
{
    return ctl_fail(c, CTL_USAGE, "--%s \"%s\": %s", name,
                    ctl_opts_text(c, name), remedy);
}


ctl_exit_e
ctl_opts_eth(ctl_t *c, const char *name, lp_u256_t *v)
{
    const char  *text = ctl_opts_text(c, name);

    if (text && lp_money_parse_wei(v, text, strlen(text)) != LP_OK) {
        return ctl_opts_bad(c, name, "give an amount with its unit, as "
                            "0.5ETH or 20gwei");
    }

    return CTL_DONE;
}


ctl_exit_e
ctl_opts_lpt(ctl_t *c, const char *name, lp_u256_t *v)
{
    size_t       len;
    const char  *text = ctl_opts_text(c, name);

    if (text == NULL) {
        return CTL_DONE;
    }

    len = strlen(text);

    if (len > 3 && strcasecmp(text + len - 3, "LPT") == 0) {
        for (len -= 3; len && text[len - 1] == ' '; len--) { /* void */ }
    }

    if (lp_money_parse_units(v, text, len, 18) != LP_OK) {
        return ctl_opts_bad(c, name, "give an amount of LPT, as 500 or "
                            "0.25LPT");
    }

    return CTL_DONE;
}


ctl_exit_e
ctl_opts_percent(ctl_t *c, const char *name, lp_u256_t *v)
{
    size_t       len;
    const char  *text = ctl_opts_text(c, name);

    if (text == NULL) {
        return CTL_DONE;
    }

    len = strlen(text);
    len -= len && text[len - 1] == '%';

    if (lp_money_parse_units(v, text, len, 4) != LP_OK
        || v->w[1] | v->w[2] | v->w[3] || v->w[0] > 1000000)
    {
        return ctl_opts_bad(c, name, "give percent from 0 to 100, with four "
                            "digits after the point at most");
    }

    return CTL_DONE;
}


ctl_exit_e
ctl_opts_number(ctl_t *c, const char *name, uint64_t *v)
{
    lp_u256_t    w;
    const char  *text = ctl_opts_text(c, name);

    if (text == NULL) {
        return CTL_DONE;
    }

    if (lp_u256_get_dec(&w, text, strlen(text)) != LP_OK
        || w.w[1] | w.w[2] | w.w[3])
    {
        return ctl_opts_bad(c, name, "give a whole number");
    }

    *v = w.w[0];

    return CTL_DONE;
}


ctl_exit_e
ctl_opts_address(ctl_t *c, const char *name, lp_address_t *v)
{
    const char  *text = ctl_opts_text(c, name);

    if (text && (lp_address_parse(v, text, strlen(text)) != LP_OK
                 || lp_address_is_zero(v)))
    {
        return ctl_opts_bad(c, name, "give an address: 0x and 40 digits, in "
                            "mixed case only if the case is right");
    }

    return CTL_DONE;
}


static void
ctl_opts_table(const ctl_option_t *o)
{
    char  left[64];

    for ( /* void */ ; o && o->name; o++) {
        snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        printf("  %-26s %s%s\n", left, o->help, o->needed ? " (needed)" : "");
    }
}


void
ctl_opts_help_group(FILE *to, const ctl_command_t *commands, size_t n,
    const char *group)
{
    char    left[64];
    size_t  i;

    for (i = 0; i < n; i++) {
        if (group && strcmp(commands[i].group, group) != 0) {
            continue;
        }

        snprintf(left, sizeof(left), "%s %s", commands[i].group,
                 commands[i].verb ? commands[i].verb
                 : commands[i].word ? commands[i].word : "");
        fprintf(to, "  %-26s %s\n", left, commands[i].help);
    }
}


void
ctl_opts_help(const ctl_command_t *commands, size_t n)
{
    printf("usage: " CTL_NAME " COMMAND [OPTION]...\n\ncommands\n");
    ctl_opts_help_group(stdout, commands, n, NULL);

    printf("\noptions of all commands, in the environment as LIVEPEER_NAME\n");
    ctl_opts_table(ctl_opts_common);
    printf("\nexit: 0 done, 1 refused by the chain or a node, 2 usage or "
           "configuration,\n3 not enough funds\n");
}


void
ctl_opts_help_command(const ctl_command_t *command)
{
    printf("usage: " CTL_NAME " %s%s%s%s%s [OPTION]...\n%s\n",
           command->group, command->verb ? " " : "",
           command->verb ? command->verb : "", command->word ? " " : "",
           command->word ? command->word : "", command->help);

    if (command->options) {
        printf("\noptions\n");
        ctl_opts_table(command->options);
    }

    printf("\noptions of all commands, in the environment as LIVEPEER_NAME\n");
    ctl_opts_table(ctl_opts_common);
}
