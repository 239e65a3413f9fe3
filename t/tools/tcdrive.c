/*
 * The orchestrator's side of one transcoder, for tests: starts the program
 * on a socket pair, sends it jobs made of files, writes the renditions down
 * and prints one JSON line of facts for each job.
 *
 *   tcdrive [OPTION...] FILE[@DURATION_MS]...
 *
 *   --bin PATH        the transcoder (default $BUILD/orchestrator/...)
 *   --arg ARG         one more argument for it
 *   --out DIR         where DIR/<profile>-<seq>.ts go; none: not written
 *   --profile A,B,... as in livepeer_profiles, commas between options
 *   --raw W,H,BPS,FPSNUM,FPSDEN,GOP   a profile that is not checked
 *   --no-profiles     forget those so far
 *   --session N --seq N --deadline MS --max-pixels N   for files after it
 *   --end, --ping     said between jobs, where it stands
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/net/jobs.h"


typedef struct {
    int                fd;
    pid_t              pid;
    const char        *bin;
    const char        *out;
    char              *args[64];
    int                nargs;
    int                started;
    lp_jobs_reader_t   reader;
    lp_jobs_job_t      job;
} drive_t;


static void drive_start(drive_t *d);
static int drive_read(drive_t *d);
static void drive_write(drive_t *d, const void *data, size_t len);
static void drive_put(drive_t *d, lp_buf_t *b);
static void drive_profile(drive_t *d, char *text);
static void drive_raw(drive_t *d, const char *text);
static void drive_job(drive_t *d, char *file);
static void drive_save(drive_t *d, const lp_jobs_result_t *res,
    const uint8_t *data[]);
static void drive_print(const drive_t *d, const char *file,
    const lp_jobs_result_t *res);
static int drive_finish(drive_t *d);


static void
drive_die(const char *what)
{
    fprintf(stderr, "tcdrive: %s\n", what);
    exit(2);
}


int
main(int argc, char **argv)
{
    int              i;
    char            *value;
    char             path[512];
    lp_buf_t         b;
    static drive_t   d;

    snprintf(path, sizeof(path), "%s/orchestrator/transcoder/transcoder",
             getenv("BUILD") ? getenv("BUILD") : "build");
    d.bin = path;
    d.fd = -1;
    memset(d.job.session, 1, sizeof(d.job.session));
    lp_jobs_reader_init(&d.reader, LP_JOBS_BODY_MAX);

    for (i = 1; i < argc; i++) {

        if (strncmp(argv[i], "--", 2) != 0) {
            drive_job(&d, argv[i]);
            continue;
        }

        if (strcmp(argv[i], "--no-profiles") == 0) {
            d.job.nprofiles = 0;
            continue;
        }

        if (strcmp(argv[i], "--end") == 0) {
            drive_start(&d);
            lp_buf_init(&b, 4096);
            lp_jobs_put_end(&b, d.job.session);
            drive_put(&d, &b);
            continue;
        }

        if (strcmp(argv[i], "--ping") == 0) {
            drive_start(&d);
            lp_buf_init(&b, 4096);
            lp_jobs_put_ping(&b);
            drive_put(&d, &b);
            printf("{\"pong\":%s}\n", drive_read(&d)
                   && d.reader.type == LP_JOBS_PONG ? "true" : "false");
            lp_jobs_reader_next(&d.reader);
            continue;
        }

        value = i + 1 < argc ? argv[i + 1] : NULL;

        if (value == NULL) {
            drive_die("an option without its value");
        }

        if (strcmp(argv[i], "--bin") == 0) {
            d.bin = value;
        } else if (strcmp(argv[i], "--arg") == 0 && d.nargs < 60) {
            d.args[d.nargs++] = value;
        } else if (strcmp(argv[i], "--out") == 0) {
            d.out = value;
        } else if (strcmp(argv[i], "--profile") == 0) {
            drive_profile(&d, value);
        } else if (strcmp(argv[i], "--raw") == 0) {
            drive_raw(&d, value);
        } else if (strcmp(argv[i], "--session") == 0) {
            memset(d.job.session, atoi(value), sizeof(d.job.session));
        } else if (strcmp(argv[i], "--seq") == 0) {
            d.job.seq = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--deadline") == 0) {
            d.job.deadline_ms = (uint32_t) strtoul(value, NULL, 10);
        } else if (strcmp(argv[i], "--max-pixels") == 0) {
            d.job.max_pixels = strtoull(value, NULL, 10);
        } else {
            drive_die(argv[i]);
        }

        i++;
    }

    return drive_finish(&d);
}


static void
drive_start(drive_t *d)
{
    int              pair[2];
    char            *args[80];
    lp_jobs_hello_t  hello;

    if (d->started) {
        return;
    }

    d->started = 1;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        drive_die("no socket pair");
    }

    d->pid = fork();

    if (d->pid == 0) {
        dup2(pair[1], 3);

        if (pair[1] == 3) {
            drive_die("descriptor 3 is the pair's own");
        }

        args[0] = "transcoder";
        args[1] = "--fd";
        args[2] = "3";
        memcpy(&args[3], d->args, sizeof(char *) * (size_t) d->nargs);
        args[3 + d->nargs] = NULL;
        execv(d->bin, args);
        drive_die("the transcoder cannot be started");
    }

    close(pair[1]);
    d->fd = pair[0];

    if (!drive_read(d) || d->reader.type != LP_JOBS_HELLO
        || lp_jobs_get_hello(&d->reader, &hello) != LP_OK)
    {
        drive_die("no hello");
    }

    printf("{\"hello\":\"%s\",\"encoder\":\"%s\",\"capacity\":%u}\n",
           hello.version, hello.encoder, hello.capacity);
    lp_jobs_reader_next(&d->reader);
}


static int
drive_read(drive_t *d)
{
    size_t        n;
    ssize_t       got;
    uint8_t      *p;
    lp_status_t   rc;

    for ( ;; ) {
        rc = lp_jobs_reader_room(&d->reader, &p, &n);

        if (rc == LP_AGAIN) {
            got = read(d->fd, p, n);

            if (got <= 0) {
                return 0;
            }

            rc = lp_jobs_reader_got(&d->reader, (size_t) got);
        }

        if (rc != LP_AGAIN) {
            return rc == LP_OK;
        }
    }
}


static void
drive_write(drive_t *d, const void *data, size_t len)
{
    ssize_t  n;

    while (len) {
        n = send(d->fd, data, len, MSG_NOSIGNAL);

        if (n <= 0) {
            return;                         /* the answer will be missed */
        }

        data = (const char *) data + n;
        len -= (size_t) n;
    }
}


static void
drive_put(drive_t *d, lp_buf_t *b)
{
    drive_write(d, b->data, b->len);
    lp_buf_done(b);
}


static void
drive_profile(drive_t *d, char *text)
{
    size_t       n, lens[16];
    const char  *why, *args[16];

    for (n = 0; text && n < 16; n++) {
        args[n] = strsep(&text, ",");
        lens[n] = strlen(args[n]);
    }

    if (d->job.nprofiles == LP_PROFILE_MAX
        || lp_profile_parse(&d->job.profiles[d->job.nprofiles++], &why, args,
                            lens, n) != LP_OK)
    {
        drive_die(why);
    }
}


static void
drive_raw(drive_t *d, const char *text)
{
    lp_profile_t  *p;

    if (d->job.nprofiles == LP_PROFILE_MAX) {
        drive_die("too many profiles");
    }

    p = &d->job.profiles[d->job.nprofiles++];
    memset(p, 0, sizeof(*p));
    snprintf(p->name, sizeof(p->name), "raw%u", d->job.nprofiles);

    if (sscanf(text, "%u,%u,%u,%u,%u,%d", &p->width, &p->height, &p->bitrate,
               &p->fps_num, &p->fps_den, &p->gop_ms) != 6)
    {
        drive_die("--raw W,H,BPS,FPSNUM,FPSDEN,GOP");
    }
}


static void
drive_job(drive_t *d, char *file)
{
    FILE              *f;
    char              *at;
    size_t             n;
    lp_buf_t           b;
    uint8_t           *source;
    const uint8_t     *data[LP_PROFILE_MAX];
    lp_jobs_result_t   res;

    drive_start(d);

    at = strrchr(file, '@');
    d->job.duration_ms = at ? (uint32_t) strtoul(at + 1, NULL, 10) : 0;

    if (at) {
        *at = '\0';
    }

    source = malloc(LP_JOBS_BODY_MAX);
    f = fopen(file, "rb");

    if (source == NULL || f == NULL) {
        drive_die(file);
    }

    n = fread(source, 1, LP_JOBS_BODY_MAX, f);
    fclose(f);

    d->job.id++;
    d->job.source_len = n;
    lp_buf_init(&b, 65536);
    lp_jobs_put_job(&b, &d->job);
    drive_put(d, &b);
    drive_write(d, source, n);
    free(source);

    memset(&res, 0, sizeof(res));
    res.status = LP_GONE;

    if (drive_read(d) && d->reader.type == LP_JOBS_RESULT
        && lp_jobs_get_result(&d->reader, &res, data) == LP_OK)
    {
        if (res.id != d->job.id) {
            drive_die("the answer to another job");
        }

        drive_save(d, &res, data);
    }

    drive_print(d, file, &res);
    lp_jobs_reader_next(&d->reader);
    d->job.seq++;
}


static void
drive_save(drive_t *d, const lp_jobs_result_t *res, const uint8_t *data[])
{
    FILE      *f;
    char       path[1024];
    uint32_t   i;

    for (i = 0; d->out && i < res->nrenditions; i++) {
        snprintf(path, sizeof(path), "%s/%s-%llu.ts", d->out,
                 d->job.profiles[i].name, (unsigned long long) d->job.seq);
        f = fopen(path, "wb");

        if (f == NULL || fwrite(data[i], 1, res->renditions[i].len, f)
                         != res->renditions[i].len)
        {
            drive_die(path);
        }

        fclose(f);
    }
}


static void
drive_print(const drive_t *d, const char *file, const lp_jobs_result_t *res)
{
    uint32_t                    i;
    const lp_jobs_rendition_t  *r;

    printf("{\"file\":\"%s\",\"seq\":%llu,\"status\":\"%s\",\"damaged\":%d,"
           "\"frames\":%u,\"pixels\":%llu,\"cpu_ms\":%u,\"wall_ms\":%u,"
           "\"renditions\":[", file, (unsigned long long) d->job.seq,
           lp_status_label(res->status), res->damaged, res->decoded_frames,
           (unsigned long long) res->decoded_pixels, res->cpu_ms,
           res->wall_ms);

    for (i = 0; i < res->nrenditions; i++) {
        r = &res->renditions[i];
        printf("%s{\"name\":\"%s\",\"width\":%u,\"height\":%u,\"frames\":%u,"
               "\"pixels\":%llu,\"len\":%llu}", i ? "," : "",
               d->job.profiles[i].name, r->width, r->height, r->frames,
               (unsigned long long) r->pixels, (unsigned long long) r->len);
    }

    printf("]}\n");
    fflush(stdout);
}


static int
drive_finish(drive_t *d)
{
    int            status;
    struct rusage  u;

    if (!d->started) {
        drive_start(d);
    }

    close(d->fd);
    lp_jobs_reader_done(&d->reader);
    wait4(d->pid, &status, 0, &u);

    printf("{\"exit\":%d,\"signal\":%d,\"cpu_ms\":%lld,\"rss_kb\":%ld,"
           "\"faults\":%ld}\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
           WIFSIGNALED(status) ? WTERMSIG(status) : 0,
           (long long) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000
           + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000, u.ru_maxrss,
           u.ru_minflt);

    return 0;
}
