/*
 * Where the orchestrator's lines go: stderr, one line an event, with time and
 * level. A flood of one level is cut at a rate and counted, so that no
 * peer can fill a disk.
 */
#ifndef ORCH_LOG_H
#define ORCH_LOG_H


#include <stdint.h>
#include <time.h>

#include "common/util/log.h"


#define ORCH_LOG_LEVELS  (LP_LOG_DEBUG + 1)


typedef struct {
    lp_log_t  log;                        /* give its address to everyone */
    int       fd;
    uint32_t  per_s;                      /* lines of a level in a second */
    struct {
        time_t    second;
        uint32_t  lines;
        uint32_t  dropped;
    }         level[ORCH_LOG_LEVELS];
} orch_log_t;


void orch_log_init(orch_log_t *l, int fd, lp_log_level_e level,
    uint32_t per_s);

/* "error", "warn", "info", "debug"; -1: none of them */
int orch_log_level(const char *name);


#endif /* ORCH_LOG_H */
