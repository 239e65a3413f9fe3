/*
 * The three sources of options. Every value, defaults included, goes through
 * the same parser, so a default that is not valid fails at once.
 */

#include <errno.h>
#include <string.h>

#include "common/util/options.h"


static const lp_options_source_t  lp_options_words = { "command line", 0 };


static int
lp_options_bad(const lp_options_t *o, const lp_options_source_t *src,
    const char *name, const char *value, const char *remedy)
{
    fprintf(o->err, "%s: --%s", o->program, name);

    if (value) {
        fprintf(o->err, " \"%.200s\"", value);
    }

    fprintf(o->err, " (%s", src->from);

    if (src->line) {
        fprintf(o->err, " line %u", src->line);
    }

    fprintf(o->err, "): %s\n", remedy);

    return -1;
}


static const lp_options_row_t *
lp_options_find(const lp_options_t *o, const char *name, size_t len)
{
    size_t  i;

    for (i = 0; i < o->nrows; i++) {
        if (strlen(o->rows[i].name) == len
            && memcmp(o->rows[i].name, name, len) == 0)
        {
            return &o->rows[i];
        }
    }

    return NULL;
}


int
lp_options_complain(const lp_options_t *o, const char *name,
    const char *remedy)
{
    const char              *value;
    const lp_options_row_t  *row = lp_options_find(o, name, strlen(name));

    value = row->type != LP_OPTIONS_TEXT ? ""
            : *(const char *const *) ((const char *) o->conf + row->offset);

    return lp_options_bad(o, &o->said[row - o->rows], name,
                          *value ? value : NULL, remedy);
}


static int
lp_options_set(lp_options_t *o, const lp_options_row_t *row,
    const char *value, const lp_options_source_t *src)
{
    char          remedy[LP_OPTIONS_REMEDY];
    void         *field = (char *) o->conf + row->offset;
    const char  **text = field;

    if (o->said) {
        o->said[row - o->rows] = *src;
    }

    if (row->type == LP_OPTIONS_TEXT) {
        *text = lp_arena_strndup(o->arena, value, strlen(value));
        return *text ? 0 : lp_options_bad(o, src, row->name, NULL,
                                          "the value is too long");
    }

    return o->types[row->type](field, row, value, remedy) == 0 ? 0
           : lp_options_bad(o, src, row->name, value, remedy);
}


static int
lp_options_defaults(lp_options_t *o)
{
    size_t               i;
    lp_options_source_t  src = { "default", 0 };

    for (i = 0; i < o->nrows; i++) {
        if (lp_options_set(o, &o->rows[i], o->rows[i].value, &src)) {
            return -1;
        }
    }

    return 0;
}


/* one line of the file: blanks, name, blanks, value, blanks */

static int
lp_options_line(lp_options_t *o, char *line, const lp_options_source_t *src)
{
    char                    *name, *value, *end;
    const lp_options_row_t  *row;

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

    row = lp_options_find(o, name, strlen(name));
    if (row == NULL) {
        return lp_options_bad(o, src, name, NULL, "no such option; --help "
                              "lists them, in the file without \"--\"");
    }

    return lp_options_set(o, row, value, src);
}


static int
lp_options_file(lp_options_t *o, const char *path,
    const lp_options_source_t *named)
{
    int                  rc = 0;
    char                 line[LP_OPTIONS_LINE];
    FILE                *f;
    lp_options_source_t  src = { path, 0 };

    f = fopen(path, "re");
    if (f == NULL) {
        return lp_options_bad(o, named, "config", path, strerror(errno));
    }

    while (rc == 0 && fgets(line, sizeof(line), f)) {
        src.line++;
        rc = strlen(line) == sizeof(line) - 1
             ? lp_options_bad(o, &src, "config", NULL, "the line is too long")
             : lp_options_line(o, line, &src);
    }

    if (rc == 0 && ferror(f)) {
        rc = lp_options_bad(o, named, "config", path, "cannot be read");
    }

    fclose(f);

    return rc;
}


/* what follows "MAX_SESSIONS=" where name is max-sessions, else NULL */

static const char *
lp_options_match(const char *var, const char *name)
{
    char  c;

    for ( /* void */ ; *name; name++, var++) {
        c = *name;

        if (c == '-') {
            c = '_';

        } else if (c >= 'a' && c <= 'z') {
            c = (char) (c - 'a' + 'A');
        }

        if (*var != c) {
            return NULL;
        }
    }

    return *var == '=' ? var + 1 : NULL;
}


const char *
lp_options_getenv(char **env, const char *name)
{
    const char         *value;
    static const char   prefix[] = "LIVEPEER_";

    for ( /* void */ ; *env; env++) {
        if (strncmp(*env, prefix, sizeof(prefix) - 1) != 0) {
            continue;
        }

        value = lp_options_match(*env + sizeof(prefix) - 1, name);
        if (value) {
            return value;
        }
    }

    return NULL;
}


static int
lp_options_environment(lp_options_t *o, char **env)
{
    size_t               i;
    const char          *value;
    lp_options_source_t  src = { "environment", 0 };

    for (i = 0; i < o->nrows; i++) {
        value = lp_options_getenv(env, o->rows[i].name);

        if (value && lp_options_set(o, &o->rows[i], value, &src)) {
            return -1;
        }
    }

    return 0;
}


static void
lp_options_help(const lp_options_t *o)
{
    int                      n;
    size_t                   i;
    const lp_options_row_t  *row;
    static const struct {
        const char  *head;
        const char  *help;
    } last[] = {
        { "--config <file>", "read options from this file" },
        { "--check-config", "say whether the options are good, and exit" },
        { "--version", "print the version, and exit" },
        { "--help", "print this, and exit" }
    };

    fprintf(o->out, "%s\n", o->usage);

    for (i = 0; i < o->nrows; i++) {
        row = &o->rows[i];
        n = fprintf(o->out, "  --%s <%s>", row->name, row->unit) - 2;
        fprintf(o->out, "%*s %s", n < o->column ? o->column - n : 0, "",
                row->help);

        if (*row->value) {
            fprintf(o->out, " [%s]", row->value);
        }

        fprintf(o->out, "\n");
    }

    for (i = 0; i < sizeof(last) / sizeof(last[0]); i++) {
        fprintf(o->out, "  %-*s %s\n", o->column, last[i].head, last[i].help);
    }
}


/*
 * One word of the command line, and the next one when it is its value.
 * Returns how many words were taken, 0 for --help and --version, -1: bad.
 * With file only --config is looked for; without, the values are set.
 */

static int
lp_options_word(lp_options_t *o, const char **file, char **argv)
{
    char                    *name, *value;
    size_t                   len;
    const lp_options_row_t  *row;

    if (strncmp(argv[0], "--", 2) != 0) {
        fprintf(o->err, "%s: \"%.200s\" (command line): options begin with "
                "\"--\"; --help lists them\n", o->program, argv[0]);
        return -1;
    }

    name = argv[0] + 2;
    len = strcspn(name, "=");
    value = name[len] ? name + len + 1 : argv[1];

    if (strcmp(name, "help") == 0) {
        lp_options_help(o);
        return 0;
    }

    if (strcmp(name, "version") == 0) {
        fprintf(o->out, "%s %s\n", o->program, o->version);
        return 0;
    }

    if (strcmp(name, "check-config") == 0) {
        o->check_only = 1;
        return 1;
    }

    row = lp_options_find(o, name, len);

    if (row == NULL && (len != 6 || memcmp(name, "config", 6) != 0)) {
        return lp_options_bad(o, &lp_options_words, name, NULL,
                              "no such option; --help lists them");
    }

    if (value == NULL) {
        return lp_options_bad(o, &lp_options_words, name, NULL,
                              "a value must follow");
    }

    if (row == NULL) {
        if (file) {
            *file = value;
        }

    } else if (file == NULL
               && lp_options_set(o, row, value, &lp_options_words))
    {
        return -1;
    }

    return name[len] ? 1 : 2;
}


static lp_options_e
lp_options_argv(lp_options_t *o, const char **file, char **argv)
{
    int  n;

    for (argv++; *argv; argv += n) {
        n = lp_options_word(o, file, argv);

        if (n <= 0) {
            return n == 0 ? LP_OPTIONS_SHOWN : LP_OPTIONS_BAD;
        }
    }

    return LP_OPTIONS_RUN;
}


lp_options_e
lp_options_read(lp_options_t *o, char **argv, char **env)
{
    const char           *file = NULL;
    lp_options_e          rc;
    lp_options_source_t   named = lp_options_words;

    if (lp_options_defaults(o)) {
        return LP_OPTIONS_BAD;
    }

    rc = lp_options_argv(o, &file, argv);
    if (rc != LP_OPTIONS_RUN) {
        return rc;
    }

    if (file == NULL) {
        file = lp_options_getenv(env, "config");
        named.from = "environment";
    }

    if ((file && lp_options_file(o, file, &named))
        || lp_options_environment(o, env))
    {
        return LP_OPTIONS_BAD;
    }

    return lp_options_argv(o, NULL, argv);
}
