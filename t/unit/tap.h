/* TAP for the unit tests: plan, ok, is_int, is_str, is_hex, done. */
#ifndef LP_TAP_H
#define LP_TAP_H


#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>


static int  tap_planned, tap_run, tap_failed;


static inline void
plan(int n)
{
    tap_planned = n;
    printf("1..%d\n", n);
}


__attribute__((format(printf, 2, 3)))
static inline int
ok(int cond, const char *fmt, ...)
{
    va_list  ap;

    tap_run++;
    tap_failed += !cond;

    printf("%sok %d - ", cond ? "" : "not ", tap_run);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    fflush(stdout);

    return cond;
}


static inline int
is_int(int64_t got, int64_t want, const char *what)
{
    if (!ok(got == want, "%s", what)) {
        printf("#   got %lld\n#  want %lld\n", (long long) got,
               (long long) want);
        return 0;
    }

    return 1;
}


static inline int
is_str(const char *got, const char *want, const char *what)
{
    if (!ok(got && strcmp(got, want) == 0, "%s", what)) {
        printf("#   got %s\n#  want %s\n", got ? got : "(null)", want);
        return 0;
    }

    return 1;
}


/* want: lower-case digits */

static inline int
is_hex(const uint8_t *got, size_t len, const char *want, const char *what)
{
    int     same;
    char    two[3];
    size_t  i;

    same = strlen(want) == 2 * len;

    for (i = 0; same && i < len; i++) {
        snprintf(two, sizeof(two), "%02x", got[i]);
        same = memcmp(two, want + 2 * i, 2) == 0;
    }

    if (!ok(same, "%s", what)) {
        printf("#   got ");
        for (i = 0; i < len; i++) {
            printf("%02x", got[i]);
        }
        printf("\n#  want %s\n", want);
    }

    return same;
}


static inline int
done(void)
{
    if (tap_planned == 0) {
        printf("1..%d\n", tap_run);

    } else if (tap_run != tap_planned) {
        printf("# planned %d, ran %d\n", tap_planned, tap_run);
        return 1;
    }

    return tap_failed != 0;
}


#endif /* LP_TAP_H */
