/*
 * transcoder: a child of the orchestrator that turns segments into
 * renditions. Starts, finds out what the host can do, gives everything else
 * up, says hello and works until its parent hangs up.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "orchestrator/transcoder/engine.h"
#include "orchestrator/transcoder/inspect.h"
#include "orchestrator/transcoder/jobs.h"
#include "orchestrator/transcoder/memory.h"
#include "orchestrator/transcoder/sandbox.h"


typedef enum {
    main_serve,
    main_probe,
    main_inspect,
    main_self_test
} main_mode_e;

typedef struct {
    main_mode_e        mode;
    int                fd;
    int                nice;
    const char        *self_test;
    char             **files;
    int                nfiles;
    tc_engine_conf_t   engine;
    lp_log_t           log;
} main_conf_t;

typedef struct {
    const char  *name;
    const char  *arg;                      /* NULL: takes none */
    const char  *help;                     /* NULL: for tests only */
    int        (*set)(main_conf_t *conf, const char *value);
} main_option_t;


static int main_options(main_conf_t *conf, int argc, char **argv);
static int main_environment(main_conf_t *conf);
static const main_option_t *main_option(const char *name);
static int main_run(main_conf_t *conf);
static int main_run_serve(main_conf_t *conf, tc_engine_t *engine);
static int main_run_inspect(main_conf_t *conf);
static int main_run_self_test(main_conf_t *conf);
static void main_write(void *ctx, lp_log_level_e level, const char *line);


/* too large for a stack of any size */
static tc_engine_t  main_engine;


int
main(int argc, char **argv)
{
    int          rc;
    main_conf_t  conf;

    memset(&conf, 0, sizeof(conf));
    conf.fd = -1;
    conf.log.write = main_write;
    conf.log.level = LP_LOG_INFO;
    tc_engine_conf_init(&conf.engine);

    rc = main_environment(&conf);

    if (rc == -1) {
        rc = main_options(&conf, argc, argv);
    }

    return rc == -1 ? main_run(&conf) : rc;
}


static int
main_number(const char *value, long min, long max, long *out)
{
    char  *end;

    errno = 0;
    *out = strtol(value, &end, 10);

    return errno == 0 && end != value && *end == '\0' && *out >= min
           && *out <= max ? 0 : -1;
}


static int
main_set_fd(main_conf_t *conf, const char *value)
{
    long  n;

    if (main_number(value, 3, 1 << 20, &n) != 0) {
        return -1;
    }

    conf->fd = (int) n;

    return 0;
}


static int
main_set_encoder(main_conf_t *conf, const char *value)
{
    if (strcmp(value, "auto") != 0 && strcmp(value, "libx264") != 0
        && strcmp(value, "h264_nvenc") != 0)
    {
        return -1;
    }

    strcpy(conf->engine.encoder, value);

    return 0;
}


static int
main_set_preset(main_conf_t *conf, const char *value)
{
    size_t  i;

    static const char *const  presets[] = {
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium",
        "slow", "slower", "veryslow"
    };

    for (i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
        if (strcmp(value, presets[i]) == 0) {
            strcpy(conf->engine.preset, value);
            return 0;
        }
    }

    return -1;
}


static int
main_set_drain(main_conf_t *conf, const char *value)
{
    if (strcmp(value, "auto") != 0 && strcmp(value, "flush") != 0
        && strcmp(value, "sentinel") != 0)
    {
        return -1;
    }

    strcpy(conf->engine.drain, value);

    return 0;
}


static int
main_set_threads(main_conf_t *conf, const char *value)
{
    long  n;

    if (main_number(value, 0, LP_PROFILE_MAX + 1, &n) != 0) {
        return -1;
    }

    conf->engine.threads = (uint32_t) n;

    return 0;
}


static int
main_set_gpu(main_conf_t *conf, const char *value)
{
    long  n;

    if (main_number(value, 0, 63, &n) != 0) {
        return -1;
    }

    conf->engine.gpu = (unsigned) n;

    return 0;
}


static int
main_set_nice(main_conf_t *conf, const char *value)
{
    long  n;

    if (main_number(value, 0, 19, &n) != 0) {
        return -1;
    }

    conf->nice = (int) n;

    return 0;
}


static int
main_set_max_duration(main_conf_t *conf, const char *value)
{
    long  n;

    if (main_number(value, 1, TC_DURATION_MS_MAX / 1000, &n) != 0) {
        return -1;
    }

    conf->engine.max_duration_ms = (uint32_t) n * 1000;

    return 0;
}


static int
main_set_max_bytes(main_conf_t *conf, const char *value)
{
    long  n;

    if (main_number(value, 188, LP_TS_MAX_BYTES, &n) != 0) {
        return -1;
    }

    conf->engine.max_bytes = (size_t) n;

    return 0;
}


static int
main_set_max_pixels(main_conf_t *conf, const char *value)
{
    long  n;

    if (main_number(value, 1, LONG_MAX, &n) != 0) {
        return -1;
    }

    conf->engine.max_pixels = (uint64_t) n;

    return 0;
}


static int
main_set_log_level(main_conf_t *conf, const char *value)
{
    int  i;

    static const char *const  levels[] = { "error", "warn", "info", "debug" };

    for (i = 0; i < 4; i++) {
        if (strcmp(value, levels[i]) == 0) {
            conf->log.level = (lp_log_level_e) i;
            return 0;
        }
    }

    return -1;
}


static int
main_set_probe(main_conf_t *conf, const char *value)
{
    (void) value;
    conf->mode = main_probe;

    return 0;
}


static int
main_set_self_test(main_conf_t *conf, const char *value)
{
    conf->mode = main_self_test;
    conf->self_test = value;

    return 0;
}


static const main_option_t  main_table[] = {
    { "fd", "N", "stream socket of the orchestrator", main_set_fd },
    { "encoder", "NAME", "auto, libx264 or h264_nvenc (default auto)",
      main_set_encoder },
    { "preset", "NAME", "of libx264 (default veryfast)", main_set_preset },
    { "gpu", "N", "index of the GPU to use (default 0)", main_set_gpu },
    { "threads", "N", "rungs of a segment at work at the same time; 0: all, "
      "1: no threads (default 0)", main_set_threads },
    { "drain", "NAME", "how a decoder is emptied: auto, flush or sentinel "
      "(default auto)", main_set_drain },
    { "nice", "N", "lower the priority, 0 to 19 (default 0)", main_set_nice },
    { "max-duration", "S", "longest segment, seconds; up to 300 when the "
      "job's deadline is longer (default 20)", main_set_max_duration },
    { "max-bytes", "N", "largest source (default and most 67108864)",
      main_set_max_bytes },
    { "max-pixels", "N", "decoded and encoded, of a job without a budget "
      "(default 20000000000)", main_set_max_pixels },
    { "log-level", "NAME", "error, warn, info or debug (default info)",
      main_set_log_level },
    { "probe", NULL, "say what this host can do, and why", main_set_probe },
    { "self-test-sandbox", "CALL", NULL, main_set_self_test },
    { NULL, NULL, NULL, NULL }
};


static void
main_help(void)
{
    const main_option_t  *o;

    printf("usage: transcoder --fd N [OPTION...]\n"
           "       transcoder --probe\n"
           "       transcoder --inspect FILE...\n\n");

    for (o = main_table; o->name; o++) {
        if (o->help) {
            printf("  --%s%s%s\n        %s\n", o->name, o->arg ? " " : "",
                   o->arg ? o->arg : "", o->help);
        }
    }

    printf("  --inspect FILE...\n        decode MPEG-TS segments and print "
           "their facts as JSON\n"
           "  --help, --version\n\n"
           "Each option with a value is also read from the environment: "
           "--max-duration 20\nis LIVEPEER_TRANSCODER_MAX_DURATION=20.\n");
}


static const main_option_t *
main_option(const char *name)
{
    const main_option_t  *o;

    for (o = main_table; o->name; o++) {
        if (strcmp(o->name, name) == 0) {
            return o;
        }
    }

    return NULL;
}


/* -1: go on, else the exit code */
static int
main_environment(main_conf_t *conf)
{
    char                  name[64], *p;
    const char           *value;
    const main_option_t  *o;

    for (o = main_table; o->name; o++) {

        if (o->arg == NULL || o->help == NULL) {
            continue;
        }

        snprintf(name, sizeof(name), "LIVEPEER_TRANSCODER_%s", o->name);

        for (p = name; *p; p++) {
            *p = *p == '-' ? '_' : *p >= 'a' && *p <= 'z' ? *p - 32 : *p;
        }

        value = getenv(name);

        if (value && o->set(conf, value) != 0) {
            fprintf(stderr, "transcoder: %s: \"%s\" is not valid: %s\n",
                    name, value, o->help);
            return 2;
        }
    }

    return -1;
}


static int
main_options(main_conf_t *conf, int argc, char **argv)
{
    int                   i;
    const char           *name, *value;
    const main_option_t  *o;

    for (i = 1; i < argc; i++) {
        name = argv[i];

        if (strncmp(name, "--", 2) != 0) {
            fprintf(stderr, "transcoder: \"%s\" is not an option\n", name);
            return 2;
        }

        name += 2;

        if (strcmp(name, "help") == 0) {
            main_help();
            return 0;
        }

        if (strcmp(name, "version") == 0) {
            printf("transcoder %s\n", LP_VERSION);
            return 0;
        }

        if (strcmp(name, "inspect") == 0) {
            conf->mode = main_inspect;
            conf->files = &argv[i + 1];
            conf->nfiles = argc - i - 1;
            break;
        }

        o = main_option(name);

        if (o == NULL) {
            fprintf(stderr, "transcoder: there is no option --%s; see "
                    "--help\n", name);
            return 2;
        }

        value = o->arg ? argv[++i] : NULL;

        if (o->arg && value == NULL) {
            fprintf(stderr, "transcoder: --%s needs a value\n", name);
            return 2;
        }

        if (o->set(conf, value) != 0) {
            fprintf(stderr, "transcoder: --%s: \"%s\" is not valid: %s\n",
                    name, value, o->help ? o->help : "");
            return 2;
        }
    }

    return -1;
}


static int
main_run(main_conf_t *conf)
{
    lp_status_t  rc;

    tc_memory_init();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    tc_decode_quiet();

    if (conf->mode == main_serve) {

        if (conf->fd == -1) {
            fprintf(stderr, "transcoder: --fd is needed; see --help\n");
            return 2;
        }

        rc = tc_sandbox_files(conf->fd);

        if (rc != LP_OK) {
            lp_log(&conf->log, LP_LOG_ERROR, "descriptor %d is not there",
                   conf->fd);
            return 2;
        }
    }

    if (conf->nice) {
        (void) setpriority(PRIO_PROCESS, 0, conf->nice);
    }

    if (conf->mode == main_inspect) {
        return main_run_inspect(conf);
    }

    if (conf->mode == main_self_test) {
        return main_run_self_test(conf);
    }

    rc = tc_engine_open(&main_engine, &conf->engine, &conf->log);

    if (rc != LP_OK) {
        lp_log(&conf->log, LP_LOG_ERROR, "no encoder works: %s",
               main_engine.why);
        return 1;
    }

    if (conf->mode == main_probe) {
        printf("encoder %s (%s)\ndecoder %s\npreset %s\n",
               main_engine.encoder, main_engine.why,
               main_engine.device ? "h264 on the GPU" : "h264 in software",
               main_engine.preset);
        tc_engine_close(&main_engine);
        return 0;
    }

    return main_run_serve(conf, &main_engine);
}


static int
main_run_serve(main_conf_t *conf, tc_engine_t *engine)
{
    lp_status_t  rc;

    lp_log(&conf->log, LP_LOG_INFO, "encoder %s: %s", engine->encoder,
           engine->why);

    if (tc_sandbox_enter(engine->device != NULL, &conf->log) != LP_OK) {
        return 1;
    }

    rc = tc_jobs_hello(3, engine);

    if (rc == LP_OK) {
        rc = tc_jobs_serve(3, engine, &conf->log);
    }

    if (rc != LP_OK && rc != LP_GONE) {
        lp_log(&conf->log, LP_LOG_ERROR, "the orchestrator's words: %s",
               lp_status_text(rc));
    }

    tc_engine_close(engine);

    return rc == LP_OK || rc == LP_GONE ? 0 : 1;
}


static int
main_run_inspect(main_conf_t *conf)
{
    int           i, bad;
    lp_buf_t     *files, out;

    files = calloc((size_t) conf->nfiles + 1, sizeof(lp_buf_t));

    if (files == NULL) {
        return 1;
    }

    for (i = 0; i < conf->nfiles; i++) {
        lp_buf_init(&files[i], LP_TS_MAX_BYTES);

        if (tc_inspect_load(&files[i], conf->files[i]) != LP_OK) {
            lp_log(&conf->log, LP_LOG_ERROR, "%s cannot be read",
                   conf->files[i]);
            return 1;
        }
    }

    /* files are in memory; from here on nothing else is needed */

    if (tc_sandbox_enter(0, &conf->log) != LP_OK) {
        return 1;
    }

    bad = 0;
    lp_buf_init(&out, 1024 * 1024);

    for (i = 0; i < conf->nfiles; i++) {
        lp_buf_reset(&out);
        bad |= tc_inspect(&out, conf->files[i], &files[i]) != LP_OK;

        if (write(STDOUT_FILENO, out.data, out.len) != (ssize_t) out.len) {
            bad = 1;
        }

        lp_buf_done(&files[i]);
    }

    lp_buf_done(&out);
    free(files);

    return bad;
}


static int
main_run_self_test(main_conf_t *conf)
{
    if (tc_sandbox_enter(0, &conf->log) != LP_OK) {
        return 2;
    }

    return tc_sandbox_try(conf->self_test);
}


/* stdio would ask the system for more than the sandbox allows */
static void
main_write(void *ctx, lp_log_level_e level, const char *line)
{
    int   n;
    char  text[1024];

    static const char *const  names[] = { "error", "warn", "info", "debug" };

    (void) ctx;

    n = snprintf(text, sizeof(text), "transcoder: %s: %s\n",
                 level <= LP_LOG_DEBUG ? names[level] : "", line);

    if (n >= (int) sizeof(text)) {
        n = sizeof(text) - 1;
        text[n - 1] = '\n';
    }

    if (write(STDERR_FILENO, text, (size_t) n) != n) {
        return;                             /* nobody left to tell */
    }
}
