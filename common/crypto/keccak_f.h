/*
 * The permutation Keccak-f[1600] as one text for every kind of lane: OP is
 * the prefix of the five operations on a lane, which may be a word of 64
 * bits or a vector of such words from several states. Private to keccak*.c.
 */
#ifndef LP_KECCAK_F_H
#define LP_KECCAK_F_H


#include <stddef.h>
#include <stdint.h>

#include "common/crypto/keccak.h"


#define LP_KECCAK_LANES  25
#define LP_KECCAK_WORDS  (LP_KECCAK_RATE / 8)
#define LP_KECCAK_SLOTS  8                         /* states at a time */


/*
 * Absorb nblocks whole blocks into each of the states: state i takes them
 * from p[i]. How many states there are is in the name of the function; a
 * place may be filled with a state of no interest, not with NULL.
 */
typedef void (*lp_keccak_absorb_pt)(uint64_t *const *s,
    const uint8_t *const *p, size_t nblocks);


extern const uint64_t  lp_keccak_rc[24];


/* the ways: which of them a processor has is for the callers to know */

void lp_keccak_absorb_1(uint64_t *const *s, const uint8_t *const *p,
    size_t nblocks);

#if defined(__x86_64__)

void lp_keccak_absorb_1_bmi(uint64_t *const *s, const uint8_t *const *p,
    size_t nblocks);
void lp_keccak_absorb_4_avx2(uint64_t *const *s, const uint8_t *const *p,
    size_t nblocks);

/* AVX-512 */

void lp_keccak_absorb_2(uint64_t *const *s, const uint8_t *const *p,
    size_t nblocks);
void lp_keccak_absorb_4(uint64_t *const *s, const uint8_t *const *p,
    size_t nblocks);
void lp_keccak_absorb_8(uint64_t *const *s, const uint8_t *const *p,
    size_t nblocks);

#endif

/*
 * The best way this processor has for at least n states (n 1 to 8): the
 * function, and in *width how many states it takes. NULL: only one by one.
 */
lp_keccak_absorb_pt lp_keccak_simd(size_t n, size_t *width);


#define LP_KECCAK_ALL(XX)                                                     \
    LP_KECCAK_RATE_ALL(XX)                                                    \
    XX(17) XX(18) XX(19) XX(20) XX(21) XX(22) XX(23) XX(24)

#define LP_KECCAK_RATE_ALL(XX)                                                \
    XX(0) XX(1) XX(2) XX(3) XX(4) XX(5) XX(6) XX(7) XX(8) XX(9) XX(10)        \
    XX(11) XX(12) XX(13) XX(14) XX(15) XX(16)


/* theta: the parity of each column, and what it adds to its neighbours */

#define LP_KECCAK_PARITY(OP, A, x)                                            \
    OP##_XOR3(OP##_XOR3(A[x], A[x + 5], A[x + 10]), A[x + 15], A[x + 20])

#define LP_KECCAK_THETA(OP, A)                                                \
    c[0] = LP_KECCAK_PARITY(OP, A, 0);                                        \
    c[1] = LP_KECCAK_PARITY(OP, A, 1);                                        \
    c[2] = LP_KECCAK_PARITY(OP, A, 2);                                        \
    c[3] = LP_KECCAK_PARITY(OP, A, 3);                                        \
    c[4] = LP_KECCAK_PARITY(OP, A, 4);                                        \
                                                                              \
    d[0] = OP##_XOR(c[4], OP##_ROL(c[1], 1));                                 \
    d[1] = OP##_XOR(c[0], OP##_ROL(c[2], 1));                                 \
    d[2] = OP##_XOR(c[1], OP##_ROL(c[3], 1));                                 \
    d[3] = OP##_XOR(c[2], OP##_ROL(c[4], 1));                                 \
    d[4] = OP##_XOR(c[3], OP##_ROL(c[0], 1))


/* rho, pi and chi for one plane: the lanes that land there, their turns */

#define LP_KECCAK_PLANE(OP, A, E, y, i0, r0, i1, r1, i2, r2, i3, r3, i4, r4)  \
    b[0] = OP##_ROL(OP##_XOR(A[i0], d[i0 % 5]), r0);                          \
    b[1] = OP##_ROL(OP##_XOR(A[i1], d[i1 % 5]), r1);                          \
    b[2] = OP##_ROL(OP##_XOR(A[i2], d[i2 % 5]), r2);                          \
    b[3] = OP##_ROL(OP##_XOR(A[i3], d[i3 % 5]), r3);                          \
    b[4] = OP##_ROL(OP##_XOR(A[i4], d[i4 % 5]), r4);                          \
                                                                              \
    E[5 * y] = OP##_CHI(b[0], b[1], b[2]);                                    \
    E[5 * y + 1] = OP##_CHI(b[1], b[2], b[3]);                                \
    E[5 * y + 2] = OP##_CHI(b[2], b[3], b[4]);                                \
    E[5 * y + 3] = OP##_CHI(b[3], b[4], b[0]);                                \
    E[5 * y + 4] = OP##_CHI(b[4], b[0], b[1])

#define LP_KECCAK_ROUND(OP, A, E, rc)                                         \
    LP_KECCAK_THETA(OP, A);                                                   \
    LP_KECCAK_PLANE(OP, A, E, 0, 0, 0, 6, 44, 12, 43, 18, 21, 24, 14);        \
    E[0] = OP##_XOR(E[0], OP##_ALL(rc));                                      \
    LP_KECCAK_PLANE(OP, A, E, 1, 3, 28, 9, 20, 10, 3, 16, 45, 22, 61);        \
    LP_KECCAK_PLANE(OP, A, E, 2, 1, 1, 7, 6, 13, 25, 19, 8, 20, 18);          \
    LP_KECCAK_PLANE(OP, A, E, 3, 4, 27, 5, 36, 11, 10, 17, 15, 23, 56);       \
    LP_KECCAK_PLANE(OP, A, E, 4, 2, 62, 8, 55, 14, 39, 15, 41, 21, 2)


/*
 * The body of a lp_keccak_absorb_pt. The lanes stay in registers, as far as
 * there are any, from the first block to the last: constant indices only.
 */

#define LP_KECCAK_ABSORB(LANE, OP)                                            \
    LANE    a[LP_KECCAK_LANES], e[LP_KECCAK_LANES], b[5], c[5], d[5];         \
    size_t  at, i;                                                            \
                                                                              \
    LP_KECCAK_ALL(OP##_LOAD)                                                  \
                                                                              \
    for (at = 0; nblocks; nblocks--, at += LP_KECCAK_RATE) {                  \
        LP_KECCAK_RATE_ALL(OP##_TAKE)                                         \
                                                                              \
        for (i = 0; i < 24; i += 2) {                                         \
            LP_KECCAK_ROUND(OP, a, e, lp_keccak_rc[i]);                       \
            LP_KECCAK_ROUND(OP, e, a, lp_keccak_rc[i + 1]);                   \
        }                                                                     \
    }                                                                         \
                                                                              \
    LP_KECCAK_ALL(OP##_STORE)


#endif /* LP_KECCAK_F_H */
