/* options: who wins, what is refused and how, the limits of a file */

#include <stdlib.h>
#include <unistd.h>

#include "common/util/options.h"
#include "t/unit/tap.h"


typedef struct {
    const char   *level;
    const char   *long_name;
    uint64_t      count;
} conf_t;

enum {
    conf_text = LP_OPTIONS_TEXT,
    conf_count
};


#define LONG_NAME  "a-name-that-is-longer-than-most-names-of-options-are"
#define LONG_ENV   "LIVEPEER_A_NAME_THAT_IS_LONGER_THAN_MOST_NAMES_OF_"       \
                   "OPTIONS_ARE"

static const lp_options_row_t  rows[] = {
    { "log-level", conf_text, offsetof(conf_t, level), "info", 0, 0, "level",
      "how loud" },
    { LONG_NAME, conf_text, offsetof(conf_t, long_name), "", 0, 0, "text",
      "rarely needed" },
    { "count", conf_count, offsetof(conf_t, count), "4", 1, 9, "number",
      "of sheep" }
};

static const lp_options_row_t  bad_default[] = {
    { "count", conf_count, offsetof(conf_t, count), "none", 1, 9, "number",
      "of sheep" }
};

static conf_t               conf;
static lp_arena_t           arena;
static lp_options_t         o;
static lp_options_source_t  said[3];
static char                *out, *err;       /* what the last read said */
static char                 path[] = "/tmp/options.XXXXXX";


static int
parse_count(void *field, const lp_options_row_t *row, const char *value,
    char remedy[LP_OPTIONS_REMEDY])
{
    char      *end;
    uint64_t   n = strtoull(value, &end, 10);

    if (*value == '\0' || *end || n < row->min || n > row->max) {
        snprintf(remedy, LP_OPTIONS_REMEDY, "give %llu to %llu",
                 (unsigned long long) row->min,
                 (unsigned long long) row->max);
        return -1;
    }

    *(uint64_t *) field = n;

    return 0;
}


static lp_options_e
read_rows(const lp_options_row_t *table, size_t n, char **words, char **env)
{
    size_t        out_len, err_len;
    lp_options_e  rc;
    static const lp_options_parse_pt  types[] = { NULL, parse_count };

    free(out);
    free(err);
    lp_arena_done(&arena);
    lp_arena_init(&arena, 8192);
    memset(&conf, 0, sizeof(conf));

    o = (lp_options_t) {
        .program = "prog",
        .version = "1.2",
        .usage = "Usage: prog\n",
        .column = 20,
        .rows = table,
        .nrows = n,
        .types = types,
        .conf = &conf,
        .arena = &arena,
        .said = said,
        .out = open_memstream(&out, &out_len),
        .err = open_memstream(&err, &err_len)
    };

    rc = lp_options_read(&o, words, env);

    fclose(o.out);
    fclose(o.err);

    return rc;
}


/* words and variables, each up to a NULL */
#define WORDS(...)  ((char *[]) { "prog", ##__VA_ARGS__, NULL })
#define ENV(...)    ((char *[]) { "HOME=/", ##__VA_ARGS__, NULL })
#define READ(words, env)  read_rows(rows, 3, words, env)


static void
write_file(const void *text, size_t len)
{
    FILE  *f = fopen(path, "w");

    fwrite(text, 1, len, f);
    fclose(f);
}


static lp_options_e
read_file(const char *text)
{
    write_file(text, strlen(text));

    return READ(WORDS("--config", path), ENV());
}


/* %s stands for the file's name */

__attribute__((format(printf, 2, 0)))
static void
is_refused(lp_options_e rc, const char *sentence, const char *what)
{
    char  want[512];

    snprintf(want, sizeof(want), sentence, path);
    is_int(rc, LP_OPTIONS_BAD, what);
    is_str(err, want, "  in these words");
}


static void
test_precedence(void)
{
    is_int(READ(WORDS(), ENV()), LP_OPTIONS_RUN, "nothing is said");
    ok(strcmp(conf.level, "info") == 0 && conf.count == 4
       && *conf.long_name == '\0', "defaults");
    ok(*out == '\0' && *err == '\0', "nothing is printed");

    write_file("count 5\nlog-level warn\n", 23);

    READ(WORDS("--config", path), ENV());
    is_int(conf.count, 5, "the file is stronger than the default");
    READ(WORDS(), ENV("LIVEPEER_COUNT=6"));
    is_int(conf.count, 6, "so is the environment");
    READ(WORDS("--config", path), ENV("LIVEPEER_COUNT=6"));
    is_int(conf.count, 6, "and stronger than the file");
    is_str(conf.level, "warn", "which says what the environment does not");
    READ(WORDS("--count", "7", "--config", path), ENV("LIVEPEER_COUNT=6"));
    is_int(conf.count, 7, "the command line is the strongest");
    READ(WORDS("--count=8"), ENV());
    is_int(conf.count, 8, "with = too");

    is_int(READ(WORDS("--count", "8"), ENV("LIVEPEER_COUNT=x")),
           LP_OPTIONS_BAD, "what is weaker must be good all the same");
}


static void
test_repeated(void)
{
    READ(WORDS("--count", "7", "--count", "8"), ENV());
    is_int(conf.count, 8, "the last of the command line");
    READ(WORDS(), ENV("LIVEPEER_COUNT=7", "LIVEPEER_COUNT=8"));
    is_int(conf.count, 7, "the first of the environment");
    read_file("count 7\ncount 8\n");
    is_int(conf.count, 8, "the last of the file");

    write_file("count 5\n", 8);
    READ(WORDS("--config", "/nonexistent", "--config", path), ENV());
    is_int(conf.count, 5, "the last --config");
    READ(WORDS("--config", path), ENV("LIVEPEER_CONFIG=/nonexistent"));
    is_int(conf.count, 5, "--config is stronger than LIVEPEER_CONFIG");
    READ(WORDS(), ENV("LIVEPEER_CONFIG=/dev/null"));
    is_int(conf.count, 4, "which is read when it is alone");
}


static void
test_names(void)
{
    READ(WORDS(), ENV("LIVEPEER_LOG_LEVELS=a", "LIVEPEER_LOG=b",
                      "LIVEPEER_LOG-LEVEL=c", "livepeer_log_level=d",
                      "LIVEPEER_log_level=e", "LOG_LEVEL=f", "LIVEPEER_"));
    is_str(conf.level, "info", "names that are nearly one are none");
    READ(WORDS(), ENV("LIVEPEER_LOG_LEVEL=a=b"));
    is_str(conf.level, "a=b", "a value may have a =");
    READ(WORDS(), ENV("LIVEPEER_LOG_LEVEL="));
    is_str(conf.level, "", "a text may be empty");
    READ(WORDS(), ENV(LONG_ENV "=x"));
    is_str(conf.long_name, "x", "a long name in the environment");
    read_file(LONG_NAME " y z");
    is_str(conf.long_name, "y z", "and in a file");
}


static void
test_refused(void)
{
    is_refused(READ(WORDS("count"), ENV()), "prog: \"count\" (command "
               "line): options begin with \"--\"; --help lists them\n",
               "a bare word");
    is_refused(READ(WORDS("--sheep=9"), ENV()), "prog: --sheep=9 (command "
               "line): no such option; --help lists them\n", "unknown");
    is_refused(READ(WORDS("--coun", "9"), ENV()), "prog: --coun (command "
               "line): no such option; --help lists them\n", "shortened");
    is_refused(READ(WORDS("--count"), ENV()), "prog: --count (command line): "
               "a value must follow\n", "no value");
    is_refused(READ(WORDS("--config"), ENV()), "prog: --config (command "
               "line): a value must follow\n", "no file");
    is_refused(READ(WORDS("--count", "x"), ENV()), "prog: --count \"x\" "
               "(command line): give 1 to 9\n", "a bad word");
    is_refused(READ(WORDS(), ENV("LIVEPEER_COUNT=0")), "prog: --count \"0\" "
               "(environment): give 1 to 9\n", "a bad variable");
    is_refused(read_file("\n# x\ncount 10\n"), "prog: --count \"10\" (%s line "
               "3): give 1 to 9\n", "a bad line");
    is_refused(read_file("count\n"), "prog: --count \"\" (%s line 1): give 1 "
               "to 9\n", "a line without a value");
    is_refused(read_file("--count 5\n"), "prog: ----count (%s line 1): no "
               "such option; --help lists them, in the file without "
               "\"--\"\n", "an unknown name in the file");
    is_refused(read_file("config x\n"), "prog: --config (%s line 1): no such "
               "option; --help lists them, in the file without \"--\"\n",
               "a file in the file");
    is_refused(READ(WORDS("--config", "/nonexistent"), ENV()), "prog: "
               "--config \"/nonexistent\" (command line): No such file or "
               "directory\n", "a file that is not there");
    is_refused(READ(WORDS(), ENV("LIVEPEER_CONFIG=/nonexistent")), "prog: "
               "--config \"/nonexistent\" (environment): No such file or "
               "directory\n", "named by the environment");
    is_refused(READ(WORDS("--config", "/"), ENV()), "prog: --config \"/\" "
               "(command line): cannot be read\n", "a folder");
    is_refused(read_rows(bad_default, 1, WORDS(), ENV()), "prog: --count "
               "\"none\" (default): give 1 to 9\n", "a bad default");
}


/* a line of len bytes, its end not counted, then count 5 */

static lp_options_e
read_long(size_t len, const char *end)
{
    char  text[LP_OPTIONS_LINE + 64];
    int   n;

    memset(text, 'x', len);
    memcpy(text, "log-level ", 10);
    n = snprintf(text + len, sizeof(text) - len, "%s", end);
    write_file(text, len + (size_t) n);

    return READ(WORDS("--config", path), ENV());
}


static void
test_file(void)
{
    read_file(" \t count \t 5 \t \r\n\r\n#\r\nlog-level\ta  b \r\n");
    ok(conf.count == 5 && strcmp(conf.level, "a  b") == 0,
       "blanks around a name and a value, lines that end with CRLF");
    read_file("log-level a # b\ncount 5");
    ok(conf.count == 5 && strcmp(conf.level, "a # b") == 0,
       "the last line without its end; # begins a comment at a line's start");
    read_file("log-level");
    is_str(conf.level, "", "a name without a value and without an end");
    write_file("count 5\0 6\nlog-level a\n", 23);
    READ(WORDS("--config", path), ENV());
    ok(conf.count == 5 && strcmp(conf.level, "a") == 0,
       "a NUL ends its line");
    is_int(read_file(""), LP_OPTIONS_RUN, "an empty file");

    is_int(read_long(LP_OPTIONS_LINE - 3, "\ncount 5\n"), LP_OPTIONS_RUN,
           "the longest line");
    ok(conf.count == 5 && strlen(conf.level) == LP_OPTIONS_LINE - 13,
       "  and the one after it");
    is_refused(read_long(LP_OPTIONS_LINE - 2, "\ncount 5\n"), "prog: --config "
               "(%s line 1): the line is too long\n", "one byte more");
    is_int(read_long(LP_OPTIONS_LINE - 2, ""), LP_OPTIONS_RUN,
           "which the last one may have without its end");
    is_refused(read_long(LP_OPTIONS_LINE - 1, ""), "prog: --config (%s line "
               "1): the line is too long\n", "and not one more");
}


static void
test_texts(void)
{
    char  word[9001], name[402], want[512];

    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    is_refused(READ(WORDS("--log-level", word), ENV()), "prog: --log-level "
               "(command line): the value is too long\n",
               "a text that does not fit into the arena");

    READ(WORDS("--count", word), ENV());
    snprintf(want, sizeof(want), "prog: --count \"%.200s\" (command line): "
             "give 1 to 9\n", word);
    is_str(err, want, "of a value 200 characters are shown");

    memcpy(name, word, sizeof(name) - 1);
    memcpy(name, "--", 2);
    name[sizeof(name) - 1] = '\0';
    READ(WORDS(name, "1"), ENV());
    snprintf(want, sizeof(want), "prog: %s (command line): no such option; "
             "--help lists them\n", name);
    is_str(err, want, "of a name all");
}


static void
test_shown(void)
{
    is_int(READ(WORDS("--count", "x", "--help"), ENV("LIVEPEER_COUNT=x")),
           LP_OPTIONS_SHOWN, "--help, before a value is looked at");
    is_str(out, "Usage: prog\n\n"
           "  --log-level <level>  how loud [info]\n"
           "  --" LONG_NAME " <text> rarely needed\n"
           "  --count <number>     of sheep [4]\n"
           "  --config <file>      read options from this file\n"
           "  --check-config       say whether the options are good, and "
           "exit\n"
           "  --version            print the version, and exit\n"
           "  --help               print this, and exit\n",
           "  says every option, its unit and default");
    is_int(READ(WORDS("--version", "--nothing"), ENV()), LP_OPTIONS_SHOWN,
           "--version");
    is_str(out, "prog 1.2\n", "  says it");
    is_int(READ(WORDS("--nothing", "--help"), ENV()), LP_OPTIONS_BAD,
           "words before --help must be options");
    ok(READ(WORDS("--check-config", "--count", "5"), ENV()) == LP_OPTIONS_RUN
       && o.check_only && conf.count == 5, "--check-config has no value");
    ok(READ(WORDS(), ENV()) == LP_OPTIONS_RUN && !o.check_only,
       "and is not there when nobody says it");
}


static void
complain(const char *name, const char *sentence, const char *what)
{
    size_t  len;

    free(err);
    o.err = open_memstream(&err, &len);
    is_int(lp_options_complain(&o, name, "is odd"), -1, what);
    fclose(o.err);
    is_str(err, sentence, "  in these words");
}


static void
test_complaints(void)
{
    char  want[128];

    read_file("\nlog-level loud\n");
    snprintf(want, sizeof(want), "prog: --log-level \"loud\" (%s line 2): is "
             "odd\n", path);
    complain("log-level", want, "of a text, when all is read");
    READ(WORDS(), ENV("LIVEPEER_LOG_LEVEL=", "LIVEPEER_COUNT=5"));
    complain("log-level", "prog: --log-level (environment): is odd\n",
             "of an empty one");
    complain("count", "prog: --count (environment): is odd\n",
             "of what is no text");
    complain(LONG_NAME, "prog: --" LONG_NAME " (default): is odd\n",
             "of what nobody said");
}


int
main(void)
{
    int  fd = mkstemp(path);

    plan(82);

    if (fd == -1) {
        return 1;
    }

    close(fd);

    test_precedence();
    test_repeated();
    test_names();
    test_refused();
    test_file();
    test_texts();
    test_shown();
    test_complaints();

    unlink(path);
    free(out);
    free(err);
    lp_arena_done(&arena);

    return done();
}
