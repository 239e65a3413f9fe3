/*
 * Keccak-f[1600] on several states in lock step: two, four or eight with
 * AVX-512, which rotates words and joins three of them in one instruction;
 * four with AVX2. Chosen anew at each call from what libgcc found at start.
 */

#include <string.h>

#include "common/crypto/keccak_f.h"


#if defined(__x86_64__)

#include <immintrin.h>


#define LP_KECCAK_XOR3  0x96                    /* truth tables for ternlog */
#define LP_KECCAK_CHI   0xd2

#define LP_KECCAK_AVX512  __attribute__((target("avx512f,avx512vl")))
#define LP_KECCAK_AVX2    __attribute__((target("avx2")))


static inline long long
lp_keccak_input(const uint8_t *p)
{
    long long  v;

    memcpy(&v, p, sizeof(v));

    return v;
}


#define lp_keccak_in(k, i)     lp_keccak_input(p[k] + at + 8 * (i))
#define lp_keccak_state(k, i)  ((long long) s[k][i])

#define lp_keccak_put(k, i, v)  s[k][i] = (uint64_t) (v)

#define lp_keccak_put2(k, i, v)                                               \
    lp_keccak_put(k, i, _mm_cvtsi128_si64(v));                                \
    lp_keccak_put(k + 1, i, _mm_cvtsi128_si64(_mm_unpackhi_epi64(v, v)))

#define lp_keccak_put4(k, i, v)                                               \
    lp_keccak_put2(k, i, _mm256_castsi256_si128(v));                          \
    lp_keccak_put2(k + 2, i, _mm256_extracti128_si256(v, 1))

#define lp_keccak_put8(k, i, v)                                               \
    lp_keccak_put4(k, i, _mm512_castsi512_si256(v));                          \
    lp_keccak_put4(k + 4, i, _mm512_extracti64x4_epi64(v, 1))


/* two states, AVX-512VL */

#define x_XOR(u, v)      _mm_xor_si128(u, v)
#define x_XOR3(u, v, w)  _mm_ternarylogic_epi64(u, v, w, LP_KECCAK_XOR3)
#define x_CHI(u, v, w)   _mm_ternarylogic_epi64(u, v, w, LP_KECCAK_CHI)
#define x_ROL(v, n)      _mm_rol_epi64(v, n)
#define x_ALL(v)         _mm_set1_epi64x((long long) (v))
#define x_SET(from, i)   _mm_set_epi64x(from(1, i), from(0, i))
#define x_LOAD(i)        a[i] = x_SET(lp_keccak_state, i);
#define x_TAKE(i)        a[i] = x_XOR(a[i], x_SET(lp_keccak_in, i));
#define x_STORE(i)       lp_keccak_put2(0, i, a[i]);


LP_KECCAK_AVX512
void
lp_keccak_absorb_2(uint64_t *const *s, const uint8_t *const *p,
    size_t nblocks)
{
    LP_KECCAK_ABSORB(__m128i, x)
}


/* four, AVX-512VL */

#define y_XOR(u, v)      _mm256_xor_si256(u, v)
#define y_XOR3(u, v, w)  _mm256_ternarylogic_epi64(u, v, w, LP_KECCAK_XOR3)
#define y_CHI(u, v, w)   _mm256_ternarylogic_epi64(u, v, w, LP_KECCAK_CHI)
#define y_ROL(v, n)      _mm256_rol_epi64(v, n)
#define y_ALL(v)         _mm256_set1_epi64x((long long) (v))
#define y_SET(from, i)                                                        \
    _mm256_set_epi64x(from(3, i), from(2, i), from(1, i), from(0, i))
#define y_LOAD(i)        a[i] = y_SET(lp_keccak_state, i);
#define y_TAKE(i)        a[i] = y_XOR(a[i], y_SET(lp_keccak_in, i));
#define y_STORE(i)       lp_keccak_put4(0, i, a[i]);


LP_KECCAK_AVX512
void
lp_keccak_absorb_4(uint64_t *const *s, const uint8_t *const *p,
    size_t nblocks)
{
    LP_KECCAK_ABSORB(__m256i, y)
}


/* eight, AVX-512 */

#define z_XOR(u, v)      _mm512_xor_si512(u, v)
#define z_XOR3(u, v, w)  _mm512_ternarylogic_epi64(u, v, w, LP_KECCAK_XOR3)
#define z_CHI(u, v, w)   _mm512_ternarylogic_epi64(u, v, w, LP_KECCAK_CHI)
#define z_ROL(v, n)      _mm512_rol_epi64(v, n)
#define z_ALL(v)         _mm512_set1_epi64((long long) (v))
#define z_SET(from, i)                                                        \
    _mm512_set_epi64(from(7, i), from(6, i), from(5, i), from(4, i),          \
                     from(3, i), from(2, i), from(1, i), from(0, i))
#define z_LOAD(i)        a[i] = z_SET(lp_keccak_state, i);
#define z_TAKE(i)        a[i] = z_XOR(a[i], z_SET(lp_keccak_in, i));
#define z_STORE(i)       lp_keccak_put8(0, i, a[i]);


LP_KECCAK_AVX512
void
lp_keccak_absorb_8(uint64_t *const *s, const uint8_t *const *p,
    size_t nblocks)
{
    LP_KECCAK_ABSORB(__m512i, z)
}


/* four, AVX2: a rotation is two shifts and an or */

#define v_XOR(u, v)      _mm256_xor_si256(u, v)
#define v_XOR3(u, v, w)  v_XOR(v_XOR(u, v), w)
#define v_CHI(u, v, w)   v_XOR(u, _mm256_andnot_si256(v, w))
#define v_ROL(v, n)                                                           \
    _mm256_or_si256(_mm256_slli_epi64(v, n), _mm256_srli_epi64(v, 64 - (n)))
#define v_ALL(v)         y_ALL(v)
#define v_LOAD(i)        y_LOAD(i)
#define v_TAKE(i)        y_TAKE(i)
#define v_STORE(i)       y_STORE(i)


LP_KECCAK_AVX2
void
lp_keccak_absorb_4_avx2(uint64_t *const *s, const uint8_t *const *p,
    size_t nblocks)
{
    LP_KECCAK_ABSORB(__m256i, v)
}


lp_keccak_absorb_pt
lp_keccak_simd(size_t n, size_t *width)
{
    if (__builtin_cpu_supports("avx512f")
        && __builtin_cpu_supports("avx512vl"))
    {
        *width = n <= 2 ? 2 : n <= 4 ? 4 : 8;

        return n <= 2 ? lp_keccak_absorb_2
                      : n <= 4 ? lp_keccak_absorb_4 : lp_keccak_absorb_8;
    }

    if (__builtin_cpu_supports("avx2")) {
        *width = 4;
        return lp_keccak_absorb_4_avx2;
    }

    return NULL;
}

#else

lp_keccak_absorb_pt
lp_keccak_simd(size_t n, size_t *width)
{
    (void) n;
    *width = 1;

    return NULL;
}

#endif
