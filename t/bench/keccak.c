/*
 * MB/s of Keccak-256 on one core: one message, and three and four of the
 * same length at once (the renditions of a segment). The best of many runs:
 * whatever else the machine does can only take time away.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/crypto/keccak.h"


#define BYTES  (1024 * 1024)
#define SIDE   4
#define RUNS   200


static double
now_s(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);

    return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}


int
main(void)
{
    int          run;
    double       start, took, best;
    size_t       i, n, len[SIDE];
    uint8_t     *bytes;
    lp_hash_t    hash[SIDE];
    const void  *data[SIDE];

    bytes = malloc(SIDE * BYTES);
    if (bytes == NULL) {
        return 1;
    }

    memset(bytes, 0x5a, SIDE * BYTES);

    for (i = 0; i < SIDE; i++) {
        data[i] = bytes + i * BYTES;
        len[i] = BYTES;
    }

    for (n = 1; n <= SIDE; n++) {
        best = 1e9;

        for (run = 0; run < RUNS; run++) {
            start = now_s();

            if (n == 1) {
                lp_keccak256(hash, data[0], len[0]);

            } else {
                lp_keccak256_many(hash, data, len, n);
            }

            took = now_s() - start;
            best = took < best ? took : best;
        }

        printf("keccak256_mb_per_s_%zu %.0f\n", n,
               (double) (n * BYTES) / best / 1e6);
    }

    free(bytes);

    return 0;
}
