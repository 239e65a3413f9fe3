/* Places where a test kills the process; empty in every other build. */

#ifdef LP_FAILPOINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/util/failpoint.h"


void
lp_failpoint(const char *name)
{
    size_t              len;
    const char         *want;
    static atomic_long  passed;

    want = getenv("LIVEPEER_FAILPOINT");
    len = strlen(name);

    if (want == NULL || strncmp(want, name, len) != 0 || want[len] != ':') {
        return;
    }

    if (atomic_fetch_add(&passed, 1) + 1 == strtol(want + len + 1, NULL, 10))
    {
        raise(SIGKILL);
    }
}

#endif
