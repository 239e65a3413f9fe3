/*
 * What was given on the command line and, for the options that every command
 * has, in the environment: --key-file is LIVEPEER_KEY_FILE there.
 */
#ifndef CTL_OPTS_H
#define CTL_OPTS_H


#include <stdio.h>

#include "common/ctl/ctl.h"


/* the options that every command has; ends with name NULL */
extern const ctl_option_t  ctl_opts_common[];


/* fills c->given; the words that name the command are gone already */
ctl_exit_e ctl_opts_parse(ctl_t *c, char **words, size_t n);

/* everything needed is there: a sentence for the first that is not */
ctl_exit_e ctl_opts_needed(ctl_t *c);

/* NULL: not given; the last one counts. "word" is the nameless value */
const char *ctl_opts_text(const ctl_t *c, const char *name);

/* the nth of those given more than once, NULL after the last */
const char *ctl_opts_nth(const ctl_t *c, const char *name, size_t n);

/*
 * Values. Not given: v as it was, CTL_DONE. ETH is written with its unit,
 * LPT with or without; percent in millionths, 0 to 1000000.
 */
ctl_exit_e ctl_opts_eth(ctl_t *c, const char *name, lp_u256_t *v);
ctl_exit_e ctl_opts_lpt(ctl_t *c, const char *name, lp_u256_t *v);
ctl_exit_e ctl_opts_percent(ctl_t *c, const char *name, lp_u256_t *v);
ctl_exit_e ctl_opts_number(ctl_t *c, const char *name, uint64_t *v);
ctl_exit_e ctl_opts_address(ctl_t *c, const char *name, lp_address_t *v);

/* what --help says about all commands, those of a group, and about one */
void ctl_opts_help(const ctl_command_t *commands, size_t n);
void ctl_opts_help_group(FILE *to, const ctl_command_t *commands, size_t n,
    const char *group);
void ctl_opts_help_command(const ctl_command_t *command);


#endif /* CTL_OPTS_H */
