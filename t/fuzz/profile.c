/*
 * Options of a rendition from any text, and sizes and grids of any numbers:
 * what is accepted is within the limits of T-51, and arithmetic is exact.
 */
#include <stdlib.h>
#include <string.h>

#include "common/media/profile.h"


#define NARGS  16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int cond)
{
    if (!cond) {
        abort();
    }
}


/* arguments separated by spaces */

static void
parse(const char *text, size_t size)
{
    size_t         n, lens[NARGS];
    const char    *args[NARGS], *end, *why;
    lp_profile_t   p;

    for (n = 0; size && n < NARGS; n++) {
        end = memchr(text, ' ', size);
        args[n] = text;
        lens[n] = end ? (size_t) (end - text) : size;
        text += lens[n] + (end != NULL);
        size -= lens[n] + (end != NULL);
    }

    why = NULL;

    if (lp_profile_parse(&p, &why, args, lens, n) == LP_OK) {
        check(lp_profile_check(&p, NULL) == LP_OK);

    } else {
        check(why != NULL && why[0] != '\0');
    }
}


static void
numbers(const uint8_t *data, size_t size)
{
    uint8_t        keep;
    int64_t        t[2], first;
    uint32_t       v[4], w, h;
    uint64_t       n;
    const char    *why;
    lp_profile_t   p;

    if (size < sizeof(p) + sizeof(v) + sizeof(t)) {
        return;
    }

    memcpy(&p, data, sizeof(p));
    memcpy(v, data + sizeof(p), sizeof(v));
    memcpy(t, data + sizeof(p) + sizeof(v), sizeof(t));

    lp_profile_fit_lpms(&p, v[0], v[1], &w, &h);
    check(w >= 146 && w <= 4096 && h >= 50 && h <= 4096);
    (void) lp_profile_ladder(&p, 1, v[0], v[1], &keep);
    check(keep == 1);

    if (lp_profile_check(&p, &why) != LP_OK) {
        return;
    }

    lp_profile_fit(&p, v[0], v[1], v[2], v[3], &w, &h);
    check(w >= 16 && w % 2 == 0 && h >= 16 && h % 2 == 0);
    check((w <= p.width && h <= p.height) || (w <= p.height && h <= p.width));

    t[0] %= (int64_t) 1 << 40;
    t[1] %= (int64_t) 1 << 40;
    n = lp_profile_grid(&p, t[0], t[1], &first);

    if (n) {
        check(lp_profile_grid_pts(&p, first) >= t[0]);
        check(lp_profile_grid_pts(&p, first + (int64_t) n - 1) <= t[1]);
        check(lp_profile_grid_pts(&p, first + (int64_t) n) >= t[1]);
        check(lp_profile_grid_pts(&p, first - 1) <= t[0]);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse((const char *) data, size);
    numbers(data, size);

    return 0;
}
