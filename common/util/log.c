/* One line of a log, and a peer's bytes made harmless in it. */

#include <stdarg.h>
#include <stdio.h>

#include "common/util/log.h"


#define LP_LOG_LINE  2048


void
lp_log(const lp_log_t *log, lp_log_level_e level, const char *fmt, ...)
{
    char     line[LP_LOG_LINE];
    va_list  ap;

    if (log == NULL || log->write == NULL || level > log->level) {
        return;
    }

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);

    log->write(log->ctx, level, line);
}


const char *
lp_log_escape(char *out, size_t size, const void *data, size_t len)
{
    size_t                i, n;
    const unsigned char  *p = data;
    static const char     digits[] = "0123456789abcdef";

    for (i = 0, n = 0; i < len && n + 5 <= size; i++) {

        if (p[i] >= 0x20 && p[i] <= 0x7e && p[i] != '"' && p[i] != '\\') {
            out[n++] = (char) p[i];
            continue;
        }

        out[n++] = '\\';
        out[n++] = 'x';
        out[n++] = digits[p[i] >> 4];
        out[n++] = digits[p[i] & 15];
    }

    if (size) {
        out[n] = '\0';
    }

    return out;
}
