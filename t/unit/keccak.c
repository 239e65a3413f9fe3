/*
 * Keccak-256: vectors, any cut of a message, several messages at once, also
 * in the ways that this processor has but would not choose.
 */

#include <stdlib.h>

#include "common/crypto/keccak.h"
#include "common/crypto/keccak_f.h"
#include "t/data/keccak.h"
#include "t/unit/tap.h"


#define LONGEST  100000
#define SIDE     20                       /* more than there are slots */


static uint8_t  *message;


static const uint8_t *
fill(size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        message[i] = (uint8_t) (7 * i + len);
    }

    return message;
}


static void
test_vectors(void)
{
    char         what[64];
    size_t       i, len;
    lp_hash_t    hash, all;
    lp_keccak_t  k;

    lp_keccak256(&hash, NULL, 0);
    is_hex(hash.b, 32,
           "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
           "of nothing");

    lp_keccak256(&hash, "foo", 3);
    is_hex(hash.b, 32,
           "41b1a0649752af1b28b3dc29a1556eee781e4a4c3a1f7f53f90fa834de098c4d",
           "of foo");

    for (i = 0; i < sizeof(keccak_vectors) / sizeof(keccak_vectors[0]); i++) {
        len = keccak_vectors[i].len;
        lp_keccak256(&hash, fill(len), len);
        snprintf(what, sizeof(what), "of %zu bytes", len);
        is_hex(hash.b, 32, keccak_vectors[i].hash, what);
    }

    lp_keccak_init(&k);

    for (len = 0; len < 1000; len++) {
        lp_keccak256(&hash, fill(len), len);
        lp_keccak_update(&k, hash.b, sizeof(hash.b));
    }

    lp_keccak_final(&k, &all);
    is_hex(all.b, 32, keccak_of_all, "every length up to 999");
}


/* in pieces of any size, the borders of blocks and words among them */

static void
test_pieces(void)
{
    int          same = 1;
    size_t       step, at, n, len = 1500;
    lp_hash_t    whole, hash;
    lp_keccak_t  k;

    lp_keccak256(&whole, fill(len), len);

    for (step = 1; step <= len; step++) {
        lp_keccak_init(&k);

        for (at = 0; at < len; at += n) {
            n = len - at < step ? len - at : step;
            lp_keccak_update(&k, message + at, n);
            lp_keccak_update(&k, NULL, 0);
        }

        lp_keccak_final(&k, &hash);
        same &= memcmp(&hash, &whole, sizeof(hash)) == 0;
    }

    ok(same, "a message cut into pieces of 1 to 1500 bytes");
}


static void
test_many(void)
{
    int          t, same = 1;
    size_t       i, n, len[SIDE];
    lp_hash_t    one, many[SIDE];
    const void  *data[SIDE];

    srand(1);

    for (t = 0; t < 3000; t++) {
        n = 1 + (size_t) rand() % SIDE;

        for (i = 0; i < n; i++) {
            data[i] = message + rand() % 1000;
            len[i] = (size_t) rand() % (t % 3 ? 3000 : 200);
        }

        lp_keccak256_many(many, data, len, n);

        for (i = 0; i < n; i++) {
            lp_keccak256(&one, data[i], len[i]);
            same &= memcmp(&one, &many[i], sizeof(one)) == 0;
        }
    }

    ok(same, "1 to 20 messages of any lengths at once");

    lp_keccak256_many(many, data, len, 0);
    ok(1, "none at once is allowed");
}


/* streams that arrive side by side, open blocks and all */

static void
test_update_many(void)
{
    int           t, same = 1;
    size_t        i, at[SIDE], len[SIDE];
    lp_hash_t     one, hash;
    const void   *data[SIDE];
    lp_keccak_t   k[SIDE], *each[SIDE];

    for (i = 0; i < SIDE; i++) {
        lp_keccak_init(&k[i]);
        each[i] = &k[i];
        at[i] = 0;
    }

    for (t = 0; t < 50; t++) {
        for (i = 0; i < SIDE; i++) {
            data[i] = message + at[i];
            len[i] = (size_t) rand() % 2000 * (i % 7 != 0);
            at[i] += len[i];
        }

        lp_keccak_update_many(each, data, len, SIDE);
    }

    for (i = 0; i < SIDE; i++) {
        lp_keccak_final(&k[i], &hash);
        lp_keccak256(&one, message, at[i]);
        same &= memcmp(&one, &hash, sizeof(one)) == 0;
    }

    ok(same, "20 streams, each in its own pieces");
}


/* a way to absorb, against the words of plain C */

static void
test_way(const char *name, lp_keccak_absorb_pt absorb, size_t width)
{
    int             same;
    size_t          i, j;
    uint64_t        want[LP_KECCAK_SLOTS][LP_KECCAK_LANES];
    uint64_t        got[LP_KECCAK_SLOTS][LP_KECCAK_LANES];
    uint64_t       *s[LP_KECCAK_SLOTS], *one;
    const uint8_t  *p[LP_KECCAK_SLOTS];

    for (i = 0; i < LP_KECCAK_SLOTS; i++) {
        for (j = 0; j < LP_KECCAK_LANES; j++) {
            want[i][j] = got[i][j] = i * 1000003 + j * 0x9e3779b97f4a7c15;
        }

        s[i] = got[i];
        p[i] = message + 3 * i;
        one = want[i];

        if (i < width) {
            lp_keccak_absorb_1(&one, &p[i], 5);
        }
    }

    absorb(s, p, 5);

    same = memcmp(got, want, sizeof(got)) == 0;
    ok(same, "%s moves %zu states on and no other", name, width);
}


static void
test_ways(void)
{
#if defined(__x86_64__)
    size_t  n, width;

    if (__builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")) {
        test_way("BMI", lp_keccak_absorb_1_bmi, 1);
    }

    if (__builtin_cpu_supports("avx2")) {
        test_way("AVX2", lp_keccak_absorb_4_avx2, 4);
    }

    if (__builtin_cpu_supports("avx512f")
        && __builtin_cpu_supports("avx512vl"))
    {
        test_way("AVX-512", lp_keccak_absorb_2, 2);
        test_way("AVX-512", lp_keccak_absorb_4, 4);
        test_way("AVX-512", lp_keccak_absorb_8, 8);
    }

    for (n = 2; n <= LP_KECCAK_SLOTS; n++) {
        if (lp_keccak_simd(n, &width) && (width < 2 || width > 8)) {
            break;
        }
    }

    is_int((int64_t) n, LP_KECCAK_SLOTS + 1, "2 to 8 in lock step");
#endif
}


int
main(void)
{
    message = malloc(LONGEST);
    if (message == NULL) {
        return 1;
    }

    test_vectors();
    test_pieces();

    fill(LONGEST);
    test_many();
    test_update_many();
    test_ways();

    free(message);

    return done();
}
