/*
 * What an operator wants of a program. The program gives one table; a row is
 * an option, and every source names it alike:
 *
 *   command line  --max-sessions 4, --max-sessions=4
 *   environment   LIVEPEER_MAX_SESSIONS=4
 *   file          max-sessions 4             (--config FILE, "#" comments)
 *
 * The first of them that names an option wins; in a file and on the command
 * line the last one that does. --config, --check-config, --version and --help
 * are known here, and are rows of no table.
 *
 * For programs, while they start: nothing else in util opens a file or
 * prints. A sentence that refuses says who said what, and what to do:
 *
 *   signer: --chain-id "x" (/etc/signer.conf line 3): give a whole number
 */
#ifndef LP_OPTIONS_H
#define LP_OPTIONS_H


#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/util/arena.h"


#define LP_OPTIONS_LINE    4096        /* bytes of the file, its end too */
#define LP_OPTIONS_REMEDY  128         /* bytes, the NUL too */

/* the type that needs no parser: a const char *, "" when nothing was said */
#define LP_OPTIONS_TEXT    0


typedef struct {
    const char  *name;                 /* lower case, digits and "-" */
    unsigned     type;                 /* LP_OPTIONS_TEXT or the program's */
    size_t       offset;               /* in bytes, of the field in conf */
    const char  *value;                /* default, read like any other */
    uint64_t     min;                  /* for the parser, in its unit */
    uint64_t     max;
    const char  *unit;                 /* for --help: "amount", "file" */
    const char  *help;
} lp_options_row_t;

/*
 * A value into the field of its row. 0, or -1 with a remedy as "give a whole
 * number"; what is left in the field then is not used.
 */
typedef int (*lp_options_parse_pt)(void *field, const lp_options_row_t *row,
    const char *value, char remedy[LP_OPTIONS_REMEDY]);

/* who said it */
typedef struct {
    const char  *from;                 /* "command line", "environment",
                                          "default", or the file's name */
    unsigned     line;                 /* of the file, or 0 */
} lp_options_source_t;

typedef struct {

    /* given by the program, which owns all of it */
    const char                 *program;    /* begins every sentence */
    const char                 *version;
    const char                 *usage;      /* of --help, before the rows */
    int                         column;     /* characters of --name <unit> */
    const lp_options_row_t     *rows;
    size_t                      nrows;
    const lp_options_parse_pt  *types;      /* by row.type; [0] is not read */
    void                       *conf;       /* what offsets are counted from */
    lp_arena_t                 *arena;      /* texts are copied there */
    lp_options_source_t        *said;       /* out: nrows of them; or NULL */
    FILE                       *out;        /* --help, --version */
    FILE                       *err;        /* sentences */

    /* found by lp_options_read */
    uint8_t                     check_only; /* --check-config */
} lp_options_t;

typedef enum {
    LP_OPTIONS_RUN,
    LP_OPTIONS_SHOWN,                  /* --help, --version */
    LP_OPTIONS_BAD                     /* why was said in one sentence */
} lp_options_e;


/*
 * Fills conf: defaults, then the file, the environment and the command line.
 *
 *   argv   the program's name and its words; env "NAME=value"; both end with
 *          NULL, and live as long as said does
 *
 * --help and --version are answered before a value is looked at. What does
 * not fit together is the program's to find.
 */
lp_options_e lp_options_read(lp_options_t *o, char **argv, char **env);

/*
 * One sentence about a row that was read: its value when that is a text and
 * not "", where it came from (said is needed), the remedy. Returns -1.
 */
int lp_options_complain(const lp_options_t *o, const char *name,
    const char *remedy);

/* the value of LIVEPEER_MAX_SESSIONS for "max-sessions"; NULL: not there */
const char *lp_options_getenv(char **env, const char *name);


#endif /* LP_OPTIONS_H */
