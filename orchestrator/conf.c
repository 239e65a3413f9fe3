/*
 * The option table and its three sources. Every value, defaults included,
 * goes through the same parser, so a default that is not valid fails at once.
 */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/conf.h"


#define ORCH_CONF_NAME   32
#define ORCH_CONF_LINE   4096
#define ORCH_CONF_ARENA  (256 * 1024)

#define ORCH_CONF_K      1024ULL
#define ORCH_CONF_M      (1024ULL * 1024)
#define ORCH_CONF_G      (1024ULL * 1024 * 1024)

#define ORCH_CONF_HOUR   3600000ULL


typedef enum {
    conf_text,
    conf_number,
    conf_bytes,                                      /* 32m, 1g */
    conf_time                                        /* 500ms, 10s, 30m, 1h */
} orch_conf_type_e;

typedef struct {
    const char        *name;
    orch_conf_type_e   type;
    size_t             offset;
    const char        *value;                        /* default */
    uint64_t           min;
    uint64_t           max;
    const char        *unit;
    const char        *help;
} orch_conf_option_t;

/* who said it: "command line", "environment", "orch.conf line 3" */
typedef struct {
    const char        *from;
    unsigned           line;
} orch_conf_source_t;


#define ORCH_CONF_AT(field)  offsetof(orch_conf_t, field)

static const orch_conf_option_t  orch_conf_options[] = {

    { "service-addr", conf_text, ORCH_CONF_AT(service_addr), "", 0, 0, "URI",
      "address that peers use; default: https:// and --http-addr" },
    { "http-addr", conf_text, ORCH_CONF_AT(http_addr), "127.0.0.1:8935", 0, 0,
      "host:port", "where to listen; port 0 takes a free one" },
    { "status-addr", conf_text, ORCH_CONF_AT(status_addr), "127.0.0.1:7935",
      0, 0, "host:port", "/status and /metrics for the operator, in plain "
      "HTTP; off: none" },
    { "network", conf_text, ORCH_CONF_AT(network), "offchain", 0, 0, "name",
      "offchain: price 0, no tickets" },
    { "data-dir", conf_text, ORCH_CONF_AT(data_dir), "", 0, 0, "folder",
      "what survives a restart; default: ~/.livepeer/orchestrator" },
    { "eth-key", conf_text, ORCH_CONF_AT(eth_key), "", 0, 0, "file",
      "64 hex digits, mode 0600; default: made once in the data folder" },
    { "cert-file", conf_text, ORCH_CONF_AT(cert_file), "", 0, 0, "PEM file",
      "certificate; default: self-signed, new at each start" },
    { "key-file", conf_text, ORCH_CONF_AT(key_file), "", 0, 0, "PEM file",
      "private key of --cert-file" },
    { "log-level", conf_text, ORCH_CONF_AT(log_level), "info", 0, 0, "level",
      "error, warn, info or debug" },
    { "log-rate", conf_number, ORCH_CONF_AT(log_rate), "100", 1, 100000,
      "lines/s", "lines of one level in a second" },

    { "transcoder", conf_text, ORCH_CONF_AT(transcoder), "", 0, 0, "program",
      "default: transcoder, beside this program" },
    { "transcoder-args", conf_text, ORCH_CONF_AT(transcoder_args), "", 0, 0,
      "words", "arguments of the program, separated by spaces" },
    { "transcoders", conf_number, ORCH_CONF_AT(transcoders), "0", 0, 10000,
      "processes", "local transcoders at most; 0: as many as sessions" },
    { "transcoder-start", conf_time, ORCH_CONF_AT(start_ms), "30s", 100,
      ORCH_CONF_HOUR, "time", "a transcoder is given to say it is ready" },
    { "job-time", conf_time, ORCH_CONF_AT(job_min_ms), "8s", 100,
      ORCH_CONF_HOUR, "time", "a segment may take this, or four times its "
      "duration when that is longer" },
    { "poison-time", conf_time, ORCH_CONF_AT(poison_ms), "10m", 0,
      24 * ORCH_CONF_HOUR, "time", "a segment that ended two transcoders is "
      "refused" },

    { "max-sessions", conf_number, ORCH_CONF_AT(max_sessions), "10", 1, 10000,
      "sessions", "streams worked on at a time" },
    { "max-sessions-sender", conf_number, ORCH_CONF_AT(max_sessions_sender),
      "0", 0, 10000, "sessions", "of them for one paying address; 0: all" },
    { "max-segments", conf_number, ORCH_CONF_AT(max_segments), "0", 0, 100000,
      "segments", "accepted and not answered; 0: twice the transcoders" },
    { "max-waiting", conf_number, ORCH_CONF_AT(waiting_max), "3", 0, 64,
      "segments", "of a session that wait while one is worked on" },
    { "session-idle", conf_time, ORCH_CONF_AT(session_idle_ms), "70s", 100,
      24 * ORCH_CONF_HOUR, "time", "without a segment ends a session" },
    { "token-life", conf_time, ORCH_CONF_AT(token_life_ms), "30m", 1000,
      ORCH_CONF_HOUR / 2, "time", "that a session's token is good for" },
    { "renditions-kept", conf_number, ORCH_CONF_AT(renditions_kept), "12", 1,
      64, "segments", "of each session that can be fetched" },
    { "segment-max", conf_bytes, ORCH_CONF_AT(segment_max), "32m",
      ORCH_CONF_K, 64 * ORCH_CONF_M, "bytes", "of one source segment" },
    { "memory-max", conf_bytes, ORCH_CONF_AT(memory_max), "1g",
      64 * ORCH_CONF_K, 1024 * ORCH_CONF_G, "bytes",
      "of segments and renditions" },
    { "stop-time", conf_time, ORCH_CONF_AT(drain_ms), "30s", 0,
      ORCH_CONF_HOUR, "time", "to finish accepted segments after SIGTERM" },
    { "fetch-time", conf_time, ORCH_CONF_AT(fetch_ms), "4s", 0,
      ORCH_CONF_HOUR, "time", "of it, renditions wait to be fetched" },

    { "discovery-rate", conf_number, ORCH_CONF_AT(discovery_rate), "5", 1,
      100000, "requests/s", "GetOrchestrator from one address" },
    { "discovery-burst", conf_number, ORCH_CONF_AT(discovery_burst), "20", 1,
      100000, "requests", "GetOrchestrator from one address at once" },
    { "discovery-total", conf_number, ORCH_CONF_AT(discovery_total), "500", 1,
      1000000, "requests/s", "GetOrchestrator from all" },
    { "ping-rate", conf_number, ORCH_CONF_AT(ping_rate), "1", 1, 1000,
      "requests/s", "Ping from one address" },

    { "max-connections", conf_number, ORCH_CONF_AT(max_connections), "4096",
      1, 1000000, "connections", "open at a time" },
    { "max-connections-ip", conf_number, ORCH_CONF_AT(max_connections_ip),
      "64", 1, 1000000, "connections", "from one address, or IPv6 /64" },
    { "handshake-time", conf_time, ORCH_CONF_AT(handshake_ms), "10s", 100,
      ORCH_CONF_HOUR, "time", "for the TLS handshake" },
    { "handshake-rate", conf_number, ORCH_CONF_AT(handshakes_per_s), "500",
      1, 1000000, "per s", "TLS handshakes" },
    { "header-time", conf_time, ORCH_CONF_AT(header_ms), "10s", 100,
      ORCH_CONF_HOUR, "time", "for the head of a request" },
    { "idle-time", conf_time, ORCH_CONF_AT(idle_ms), "60s", 100,
      ORCH_CONF_HOUR, "time", "a connection stays without a request" },
    { "stall-time", conf_time, ORCH_CONF_AT(stall_ms), "10s", 100,
      ORCH_CONF_HOUR, "time", "a peer may leave an answer unread" },
    { "body-rate", conf_bytes, ORCH_CONF_AT(body_rate), "64k", 1,
      ORCH_CONF_G, "bytes/s", "a body must arrive at, after 2 s" },
    { "max-streams", conf_number, ORCH_CONF_AT(max_streams), "128", 1, 10000,
      "streams", "of an HTTP/2 connection at a time" },
    { "max-requests", conf_number, ORCH_CONF_AT(max_requests), "1000", 1,
      100000000, "requests", "in the life of a connection" },
    { "reset-burst", conf_number, ORCH_CONF_AT(reset_burst), "100", 1, 100000,
      "resets", "of HTTP/2 streams at once" },
    { "reset-rate", conf_number, ORCH_CONF_AT(reset_per_s), "20", 1, 100000,
      "resets/s", "of HTTP/2 streams" }
};

#define ORCH_CONF_N                                                           \
    (sizeof(orch_conf_options) / sizeof(orch_conf_options[0]))

_Static_assert(ORCH_CONF_N <= ORCH_CONF_OPTIONS_MAX, "said[] has one for each");


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

    for (i = 0; i < ORCH_CONF_N; i++) {
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
    value = *(const char *const *) ((const char *) conf + opt->offset);

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

    for (i = 0; i < ORCH_CONF_N; i++) {
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

    for (i = 0; i < ORCH_CONF_N; i++) {

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

    for (i = 0; i < ORCH_CONF_N; i++) {
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
