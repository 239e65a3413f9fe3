/*
 * A fuzz target without libFuzzer, for the short run inside `make test`:
 * standalone SECONDS SEED FILE... feeds every file, then mutations of them
 * (bits, bytes, cuts, copies, numbers) from a fixed seed, until the time is
 * over. A sanitizer's report is the failure. Prints how many inputs ran.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


#define INPUT_MAX   65536
#define INPUTS_MAX  64


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static uint64_t  state;


static uint32_t
next(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return below ? (uint32_t) ((state >> 11) % below) : 0;
}


static size_t
mutate(uint8_t *p, size_t len)
{
    size_t                 at, n;
    static const uint32_t  odd[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000,
                                     0xffff, 0x7fffffff, 0x80000000,
                                     0xffffffff };

    if (len == 0) {
        p[0] = (uint8_t) next(256);
        return 1;
    }

    at = next((uint32_t) len);
    n = 1 + next(16);

    switch (next(7)) {
    case 0:
        p[at] ^= (uint8_t) (1 << next(8));
        break;
    case 1:
        p[at] = (uint8_t) next(256);
        break;
    case 2:
        len = at;
        break;
    case 3:                                          /* a piece twice */
        if (at + n <= len && len + n <= INPUT_MAX) {
            memmove(p + at + n, p + at, len - at);
            len += n;
        }
        break;
    case 4:                                          /* a piece less */
        if (at + n <= len) {
            memmove(p + at, p + at + n, len - at - n);
            len -= n;
        }
        break;
    case 5:
        for (n = 0; n < 4 && at + n < len; n++) {
            p[at + n] = (uint8_t) (odd[next(11)] >> (24 - 8 * n));
        }
        break;
    default:
        if (len + n <= INPUT_MAX) {
            while (n--) {
                p[len++] = (uint8_t) next(256);
            }
        }
    }

    return len;
}


int
main(int argc, char **argv)
{
    int              i, n, rounds;
    FILE            *f;
    size_t           len, lens[INPUTS_MAX];
    time_t           end;
    uint8_t         *p, *copy, *inputs[INPUTS_MAX];
    unsigned long    runs;

    if (argc < 3) {
        fprintf(stderr, "usage: standalone SECONDS SEED [FILE...]\n");
        return 2;
    }

    end = time(NULL) + atoi(argv[1]);
    state = strtoull(argv[2], NULL, 10) * 2654435761u + 88172645463325252u;
    p = malloc(INPUT_MAX + 16);
    inputs[0] = calloc(1, 1);
    lens[0] = 0;
    n = 1;

    for (i = 3; i < argc && n < INPUTS_MAX; i++) {
        f = fopen(argv[i], "rb");
        if (f == NULL) {
            continue;
        }

        inputs[n] = malloc(INPUT_MAX);
        lens[n] = fread(inputs[n], 1, INPUT_MAX, f);
        fclose(f);
        LLVMFuzzerTestOneInput(inputs[n], lens[n]);
        n++;
    }

    for (runs = 0; (runs & 63) || time(NULL) < end; runs++) {
        i = (int) next((uint32_t) n);
        len = lens[i];
        memcpy(p, inputs[i], len);

        for (rounds = 1 + (int) next(8); rounds; rounds--) {
            len = mutate(p, len);
        }

        copy = malloc(len ? len : 1);             /* exact: ASan sees the end */
        memcpy(copy, p, len);
        LLVMFuzzerTestOneInput(copy, len);
        free(copy);
    }

    for (i = 0; i < n; i++) {
        free(inputs[i]);
    }

    free(p);
    printf("%lu inputs\n", runs);

    return 0;
}
