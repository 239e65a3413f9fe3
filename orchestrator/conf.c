/*
 * The three sources of options. Every value, defaults included, goes through
 * the same parser, so a default that is not valid fails at once.
 */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/util/money.h"
#include "orchestrator/conf_table.h"


#define ORCH_CONF_NAME   32
#define ORCH_CONF_LINE   4096
#define ORCH_CONF_ARENA  (256 * 1024)


/* who said it: "command line", "environment", "orch.conf line 3" */
typedef struct {
    const char        *from;
    unsigned           line;
} orch_conf_source_t;


static int
orch_conf_bad(const orch_conf_source_t *src, const char *name,
    const char *value, const char *remedy)
{
    fprintf(stderr, "orchestrator: --%s", name);

    if (value) {
        fprintf(stderr, " \"%.200s\"", value);
    }

    fprintf(stderr, " (%s", src->from);

    if (src->line) {
        fprintf(stderr, " line %u", src->line);
    }

    fprintf(stderr, "): %s\n", remedy);

    return -1;
}


static const orch_conf_option_t *
orch_conf_find(const char *name, size_t len)
{
    size_t  i;

    for (i = 0; i < orch_conf_noptions; i++) {
        if (strlen(orch_conf_options[i].name) == len
            && memcmp(orch_conf_options[i].name, name, len) == 0)
        {
            return &orch_conf_options[i];
        }
    }

    return NULL;
}


/* the factor of a suffix, 0: there is no such suffix */

static uint64_t
orch_conf_scale(orch_conf_type_e type, const char *suffix)
{
    size_t  i;
    static const struct {
        orch_conf_type_e   type;
        const char        *suffix;
        uint64_t           scale;
    } units[] = {
        { conf_number, "", 1 },
        { conf_bytes, "", 1 },
        { conf_bytes, "k", ORCH_CONF_K },
        { conf_bytes, "m", ORCH_CONF_M },
        { conf_bytes, "g", ORCH_CONF_G },
        { conf_time, "", 1000 },
        { conf_time, "ms", 1 },
        { conf_time, "s", 1000 },
        { conf_time, "m", 60000 },
        { conf_time, "h", ORCH_CONF_HOUR }
    };

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].type == type && strcmp(units[i].suffix, suffix) == 0) {
            return units[i].scale;
        }
    }

    return 0;
}


static int
orch_conf_amount(uint64_t *out, const orch_conf_option_t *opt,
    const char *value)
{
    char                *end;
    uint64_t             scale;
    unsigned long long   n;

    if (*value < '0' || *value > '9') {
        return -1;
    }

    errno = 0;
    n = strtoull(value, &end, 10);
    scale = orch_conf_scale(opt->type, end);

    if (errno || scale == 0 || n > UINT64_MAX / scale) {
        return -1;
    }

    *out = n * scale;

    return *out < opt->min || *out > opt->max ? -1 : 0;
}


int
orch_conf_complain(const orch_conf_t *conf, const char *name,
    const char *remedy)
{
    const char                *value;
    orch_conf_source_t         src;
    const orch_conf_option_t  *opt = orch_conf_find(name, strlen(name));

    src.from = conf->said[opt - orch_conf_options].from;
    src.line = conf->said[opt - orch_conf_options].line;
    value = opt->type != conf_text ? ""
            : *(const char *const *) ((const char *) conf + opt->offset);

    return orch_conf_bad(&src, name, *value ? value : NULL, remedy);
}


static void
orch_conf_range(char *out, size_t size, const orch_conf_option_t *opt)
{
    static const char *const  how[] = {
        [conf_number] = "give a number",
        [conf_bytes] = "give bytes, as 64k, 32m or 1g,",
        [conf_time] = "give a time, as 500ms, 10s or 30m,"
    };

    if (opt->type == conf_time) {
        snprintf(out, size, "%s from %llums to %llus", how[opt->type],
                 (unsigned long long) opt->min,
                 (unsigned long long) opt->max / 1000);
        return;
    }

    snprintf(out, size, "%s from %llu to %llu", how[opt->type],
             (unsigned long long) opt->min, (unsigned long long) opt->max);
}


/* digits alone are wei, the smallest there is */

static int
orch_conf_wei(lp_u256_t *wei, const orch_conf_option_t *opt,
    const char *value, const orch_conf_source_t *src)
{
    if (lp_u256_get_dec(wei, value, strlen(value)) == LP_OK
        || lp_money_parse_wei(wei, value, strlen(value)) == LP_OK)
    {
        return 0;
    }

    return orch_conf_bad(src, opt->name, value,
                         "give an amount, as 0.01ETH, 5gwei or 8000000000");
}


static int
orch_conf_set(orch_conf_t *conf, const orch_conf_option_t *opt,
    const char *value, const orch_conf_source_t *src)
{
    char      remedy[128];
    void     *field = (char *) conf + opt->offset;
    uint64_t  n;

    conf->said[opt - orch_conf_options].from = src->from;
    conf->said[opt - orch_conf_options].line = src->line;

    if (opt->type == conf_text) {
        *(const char **) field = lp_arena_strndup(&conf->arena, value,
                                                  strlen(value));
        return *(const char **) field ? 0
               : orch_conf_bad(src, opt->name, NULL, "the value is too long");
    }

    if (opt->type == conf_wei) {
        return orch_conf_wei(field, opt, value, src);
    }

    if (orch_conf_amount(&n, opt, value) == 0) {
        *(uint64_t *) field = n;
        return 0;
    }

    orch_conf_range(remedy, sizeof(remedy), opt);

    return orch_conf_bad(src, opt->name, value, remedy);
}


static int
orch_conf_defaults(orch_conf_t *conf)
{
    size_t              i;
    orch_conf_source_t  src = { "default", 0 };

    for (i = 0; i < orch_conf_noptions; i++) {
        if (orch_conf_set(conf, &orch_conf_options[i],
                          orch_conf_options[i].value, &src))
        {
            return -1;
        }
    }

    return 0;
}


/* one line of the file: blanks, name, blanks, value, blanks */

static int
orch_conf_line(orch_conf_t *conf, char *line, const orch_conf_source_t *src)
{
    char                      *name, *value, *end;
    const orch_conf_option_t  *opt;

    name = line + strspn(line, " \t");
    end = name + strcspn(name, "\r\n");
    *end = '\0';

    while (end > name && (end[-1] == ' ' || end[-1] == '\t')) {
        *--end = '\0';
    }

    if (*name == '\0' || *name == '#') {
        return 0;
    }

    value = name + strcspn(name, " \t");

    if (*value) {
        *value++ = '\0';
        value += strspn(value, " \t");
    }

    opt = orch_conf_find(name, strlen(name));
    if (opt == NULL) {
        return orch_conf_bad(src, name, NULL, "no such option; --help lists "
                             "them, in the file without \"--\"");
    }

    return orch_conf_set(conf, opt, value, src);
}


static int
orch_conf_file(orch_conf_t *conf, const char *path,
    const orch_conf_source_t *named)
{
    int                 rc;
    char                line[ORCH_CONF_LINE];
    FILE               *f;
    orch_conf_source_t  src = { path, 0 };

    f = fopen(path, "re");
    if (f == NULL) {
        return orch_conf_bad(named, "config", path, strerror(errno));
    }

    for (rc = 0; rc == 0 && fgets(line, sizeof(line), f); ) {

        src.line++;

        if (strlen(line) == sizeof(line) - 1) {
            rc = orch_conf_bad(&src, "config", NULL, "the line is too long");
            break;
        }

        rc = orch_conf_line(conf, line, &src);
    }

    if (rc == 0 && ferror(f)) {
        rc = orch_conf_bad(named, "config", path, "cannot be read");
    }

    fclose(f);

    return rc;
}


static const char *
orch_conf_getenv(char **env, const char *name)
{
    char        key[sizeof("LIVEPEER_=") + ORCH_CONF_NAME];
    size_t      i, len;

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
orch_conf_environment(orch_conf_t *conf, char **env)
{
    size_t              i;
    const char         *value;
    orch_conf_source_t  src = { "environment", 0 };

    for (i = 0; i < orch_conf_noptions; i++) {

        value = orch_conf_getenv(env, orch_conf_options[i].name);

        if (value && orch_conf_set(conf, &orch_conf_options[i], value, &src)) {
            return -1;
        }
    }

    return 0;
}


static void
orch_conf_help(void)
{
    size_t  i;
    char    head[64];

    printf("Usage: orchestrator [--option value] ...\n"
           "Takes segments of live video from Livepeer broadcasters and "
           "returns renditions.\n"
           "\nEach option may also be a variable of the environment, "
           "--max-sessions as\nLIVEPEER_MAX_SESSIONS, or a line "
           "\"max-sessions 4\" of the file of --config.\nThe command line "
           "is stronger than the environment, both are stronger than\n"
           "the file.\n\n");

    for (i = 0; i < orch_conf_noptions; i++) {
        snprintf(head, sizeof(head), "--%s <%s>", orch_conf_options[i].name,
                 orch_conf_options[i].unit);
        printf("  %-34s %s", head, orch_conf_options[i].help);

        if (*orch_conf_options[i].value) {
            printf(" [%s]", orch_conf_options[i].value);
        }

        printf("\n");
    }

    printf("  %-34s %s\n  %-34s %s\n  %-34s %s\n  %-34s %s\n",
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
orch_conf_word(orch_conf_t *conf, const char **file, char **argv)
{
    char                      *name, *value;
    size_t                     len;
    const orch_conf_option_t  *opt;
    static const
    orch_conf_source_t         src = { "command line", 0 };

    if (strncmp(argv[0], "--", 2) != 0) {
        fprintf(stderr, "orchestrator: \"%.200s\" (command line): options "
                "begin with \"--\"; --help lists them\n", argv[0]);
        return -1;
    }

    name = argv[0] + 2;
    len = strcspn(name, "=");
    value = name[len] ? name + len + 1 : argv[1];

    if (strcmp(name, "help") == 0) {
        orch_conf_help();
        return 0;
    }

    if (strcmp(name, "version") == 0) {
        printf("orchestrator %s\n", LP_VERSION);
        return 0;
    }

    if (strcmp(name, "check-config") == 0) {
        conf->check_only = 1;
        return 1;
    }

    opt = orch_conf_find(name, len);

    if (opt == NULL && (len != 6 || memcmp(name, "config", 6) != 0)) {
        return orch_conf_bad(&src, name, NULL,
                             "no such option; --help lists them");
    }

    if (value == NULL) {
        return orch_conf_bad(&src, name, NULL, "a value must follow");
    }

    if (opt == NULL) {
        if (file) {
            *file = value;
        }

    } else if (file == NULL && orch_conf_set(conf, opt, value, &src)) {
        return -1;
    }

    return name[len] ? 1 : 2;
}


static orch_conf_e
orch_conf_words(orch_conf_t *conf, const char **file, char **argv)
{
    int  n;

    for (argv++; *argv; argv += n) {

        n = orch_conf_word(conf, file, argv);
        if (n <= 0) {
            return n == 0 ? ORCH_CONF_SHOWN : ORCH_CONF_BAD;
        }
    }

    return ORCH_CONF_RUN;
}


orch_conf_e
orch_conf_read(orch_conf_t *conf, int argc, char **argv, char **env)
{
    const char          *file;
    orch_conf_e          rc;
    orch_conf_source_t   src = { "command line", 0 };

    memset(conf, 0, sizeof(*conf));
    lp_arena_init(&conf->arena, ORCH_CONF_ARENA);

    if (argc < 1 || orch_conf_defaults(conf)) {
        return ORCH_CONF_BAD;
    }

    file = NULL;

    rc = orch_conf_words(conf, &file, argv);
    if (rc != ORCH_CONF_RUN) {
        return rc;
    }

    if (file == NULL) {
        file = orch_conf_getenv(env, "config");
        src.from = "environment";
    }

    if ((file && orch_conf_file(conf, file, &src))
        || orch_conf_environment(conf, env))
    {
        return ORCH_CONF_BAD;
    }

    return orch_conf_words(conf, NULL, argv);
}


void
orch_conf_done(orch_conf_t *conf)
{
    lp_arena_done(&conf->arena);
}
