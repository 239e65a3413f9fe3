/* Lines to stderr with time and level, so many of a level in a second. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/log.h"


#define ORCH_LOG_LINE  2200


static const char *const  orch_log_names[ORCH_LOG_LEVELS] = {
    [LP_LOG_ERROR] = "error",
    [LP_LOG_WARN] = "warn",
    [LP_LOG_INFO] = "info",
    [LP_LOG_DEBUG] = "debug"
};


static void
orch_log_put(orch_log_t *l, const struct timespec *now, lp_log_level_e level,
    const char *text)
{
    int        n;
    char       line[ORCH_LOG_LINE], stamp[32];
    struct tm  tm;

    gmtime_r(&now->tv_sec, &tm);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);

    n = snprintf(line, sizeof(line) - 1, "%s.%03dZ %s %s", stamp,
                 (int) (now->tv_nsec / 1000000), orch_log_names[level], text);
    if (n < 0) {
        return;
    }

    if (n > (int) sizeof(line) - 2) {
        n = (int) sizeof(line) - 2;
    }

    line[n++] = '\n';

    /* a log that cannot be written must not stop the service */

    if (write(l->fd, line, (size_t) n) < 0) {
        return;
    }
}


/* 1: the line goes out; the first line of a new second tells what did not */

static int
orch_log_admit(orch_log_t *l, const struct timespec *now,
    lp_log_level_e level)
{
    char  text[96];

    if (l->level[level].second != now->tv_sec) {

        if (l->level[level].dropped) {
            snprintf(text, sizeof(text), "%u more lines of this level were "
                     "left out", l->level[level].dropped);
            orch_log_put(l, now, level, text);
        }

        l->level[level].second = now->tv_sec;
        l->level[level].lines = 0;
        l->level[level].dropped = 0;
    }

    if (l->level[level].lines >= l->per_s) {
        l->level[level].dropped++;
        return 0;
    }

    l->level[level].lines++;

    return 1;
}


static void
orch_log_write(void *ctx, lp_log_level_e level, const char *line)
{
    orch_log_t       *l = ctx;
    struct timespec   now;

    clock_gettime(CLOCK_REALTIME, &now);

    if (orch_log_admit(l, &now, level)) {
        orch_log_put(l, &now, level, line);
    }
}


void
orch_log_init(orch_log_t *l, int fd, lp_log_level_e level, uint32_t per_s)
{
    memset(l, 0, sizeof(*l));

    l->log.write = orch_log_write;
    l->log.ctx = l;
    l->log.level = level;
    l->fd = fd;
    l->per_s = per_s;
}


int
orch_log_level(const char *name)
{
    int  i;

    for (i = 0; i < ORCH_LOG_LEVELS; i++) {
        if (strcmp(name, orch_log_names[i]) == 0) {
            return i;
        }
    }

    return -1;
}
