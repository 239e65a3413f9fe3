/*
 * What every thread of one job looks at between two frames: the deadline,
 * and the first failure, which stops them all.
 */
#ifndef TC_WATCH_H
#define TC_WATCH_H


#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "common/util/status.h"


typedef struct {
    atomic_int  status;                    /* lp_status_t, the first failure */
    int64_t     deadline_ns;               /* CLOCK_MONOTONIC */
} tc_watch_t;


static inline int64_t
tc_watch_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}


static inline void
tc_watch_fail(tc_watch_t *w, lp_status_t status)
{
    int  none = LP_OK;

    atomic_compare_exchange_strong(&w->status, &none, (int) status);
}


/* LP_OK to go on, or what the job ends with */
static inline lp_status_t
tc_watch_check(tc_watch_t *w)
{
    if (tc_watch_now() > w->deadline_ns) {
        tc_watch_fail(w, LP_TIMEOUT);
    }

    return (lp_status_t) atomic_load(&w->status);
}


#endif /* TC_WATCH_H */
