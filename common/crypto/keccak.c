/*
 * Keccak-256: the sponge, for one message or several, over the permutation
 * of keccak_f.h. Whole blocks go from the caller's bytes into the state;
 * only the ends of a message are taken byte by byte.
 */

#include <endian.h>
#include <string.h>

#include "common/crypto/keccak.h"
#include "common/crypto/keccak_f.h"


const uint64_t  lp_keccak_rc[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a,
    0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a,
    0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081,
    0x8000000000008080, 0x0000000080000001, 0x8000000080008008
};


static inline uint64_t
lp_keccak_word(const uint8_t *p)
{
    uint64_t  v;

    memcpy(&v, p, sizeof(v));

    return le64toh(v);
}


/* a turn of 0 must not shift by 64 */

static inline __attribute__((always_inline)) uint64_t
lp_keccak_rol(uint64_t v, unsigned n)
{
    return v << n | v >> (-n & 63);
}


#define w_XOR(u, v)      ((u) ^ (v))
#define w_XOR3(u, v, w)  ((u) ^ (v) ^ (w))
#define w_CHI(u, v, w)   ((u) ^ (~(v) & (w)))
#define w_ROL(v, n)      lp_keccak_rol(v, n)
#define w_ALL(v)         (v)
#define w_LOAD(i)        a[i] = s[0][i];
#define w_TAKE(i)        a[i] ^= lp_keccak_word(p[0] + at + 8 * i);
#define w_STORE(i)       s[0][i] = a[i];


void
lp_keccak_absorb_1(uint64_t *const *s, const uint8_t *const *p,
    size_t nblocks)
{
    LP_KECCAK_ABSORB(uint64_t, w)
}


#if defined(__x86_64__)

/* the same, where "and not" and a rotation into another register exist */

__attribute__((target("bmi,bmi2")))
void
lp_keccak_absorb_1_bmi(uint64_t *const *s, const uint8_t *const *p,
    size_t nblocks)
{
    LP_KECCAK_ABSORB(uint64_t, w)
}

#endif


static void
lp_keccak_absorb(uint64_t *s, const uint8_t *p, size_t nblocks)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("bmi2") && __builtin_cpu_supports("bmi")) {
        lp_keccak_absorb_1_bmi(&s, &p, nblocks);
        return;
    }
#endif

    lp_keccak_absorb_1(&s, &p, nblocks);
}


/*
 * Several states, each with blocks[i] blocks to come: as many as the
 * processor takes go on together until the shortest of them is through.
 */

static void
lp_keccak_absorb_many(uint64_t *const *s, const uint8_t **p, size_t *blocks,
    size_t n)
{
    size_t               i, m, steps, width, at[LP_KECCAK_SLOTS];
    uint64_t             spare[LP_KECCAK_LANES] = { 0 };
    uint64_t            *slot_s[LP_KECCAK_SLOTS];
    const uint8_t       *slot_p[LP_KECCAK_SLOTS];
    lp_keccak_absorb_pt  absorb;

    for ( ;; ) {
        for (i = 0, m = 0; i < n; i++) {
            if (blocks[i]) {
                at[m++] = i;
            }
        }

        absorb = m > 1 ? lp_keccak_simd(m, &width) : NULL;
        if (absorb == NULL) {
            break;
        }

        if (m > width) {
            m = width;
        }

        for (i = 0, steps = SIZE_MAX; i < width; i++) {
            slot_s[i] = i < m ? s[at[i]] : spare;
            slot_p[i] = p[at[i < m ? i : 0]];

            if (i < m && blocks[at[i]] < steps) {
                steps = blocks[at[i]];
            }
        }

        absorb(slot_s, slot_p, steps);

        for (i = 0; i < m; i++) {
            p[at[i]] += steps * LP_KECCAK_RATE;
            blocks[at[i]] -= steps;
        }
    }

    for (i = 0; i < m; i++) {
        lp_keccak_absorb(s[at[i]], p[at[i]], blocks[at[i]]);
    }
}


void
lp_keccak_init(lp_keccak_t *k)
{
    memset(k, 0, sizeof(lp_keccak_t));
}


/* fewer bytes than close the open block, or just as many */

static void
lp_keccak_fill(lp_keccak_t *k, const uint8_t *p, size_t len)
{
    static const uint8_t  zeros[LP_KECCAK_RATE];

    while (len) {
        if (k->fill % 8 == 0 && len >= 8) {
            k->s[k->fill / 8] ^= lp_keccak_word(p);
            k->fill += 8;
            p += 8;
            len -= 8;
            continue;
        }

        k->s[k->fill / 8] ^= (uint64_t) *p << (8 * (k->fill % 8));
        k->fill++;
        p++;
        len--;
    }

    if (k->fill == LP_KECCAK_RATE) {
        lp_keccak_absorb(k->s, zeros, 1);
        k->fill = 0;
    }
}


/* what of len closes the open block first */

static size_t
lp_keccak_head(const lp_keccak_t *k, size_t len)
{
    size_t  n = k->fill ? LP_KECCAK_RATE - k->fill : 0;

    return n < len ? n : len;
}


void
lp_keccak_update(lp_keccak_t *k, const void *data, size_t len)
{
    size_t          n;
    const uint8_t  *p = data;

    n = lp_keccak_head(k, len);
    lp_keccak_fill(k, p, n);
    p += n;
    len -= n;

    n = len / LP_KECCAK_RATE;
    if (n) {
        lp_keccak_absorb(k->s, p, n);
        p += n * LP_KECCAK_RATE;
        len -= n * LP_KECCAK_RATE;
    }

    lp_keccak_fill(k, p, len);
}


static void
lp_keccak_update_slots(lp_keccak_t *const *k, const void *const *data,
    const size_t *len, size_t n)
{
    size_t          i, head, blocks[LP_KECCAK_SLOTS], tail[LP_KECCAK_SLOTS];
    uint64_t       *s[LP_KECCAK_SLOTS];
    const uint8_t  *p[LP_KECCAK_SLOTS];

    for (i = 0; i < n; i++) {
        head = lp_keccak_head(k[i], len[i]);
        lp_keccak_fill(k[i], data[i], head);

        s[i] = k[i]->s;
        p[i] = (const uint8_t *) data[i] + head;
        blocks[i] = (len[i] - head) / LP_KECCAK_RATE;
        tail[i] = (len[i] - head) % LP_KECCAK_RATE;
    }

    lp_keccak_absorb_many(s, p, blocks, n);

    for (i = 0; i < n; i++) {
        p[i] = (const uint8_t *) data[i] + (len[i] - tail[i]);
        lp_keccak_fill(k[i], p[i], tail[i]);
    }
}


void
lp_keccak_update_many(lp_keccak_t *const *k, const void *const *data,
    const size_t *len, size_t n)
{
    size_t  i, m;

    for (i = 0; i < n; i += m) {
        m = n - i < LP_KECCAK_SLOTS ? n - i : LP_KECCAK_SLOTS;
        lp_keccak_update_slots(k + i, data + i, len + i, m);
    }
}


void
lp_keccak_final(lp_keccak_t *k, lp_hash_t *out)
{
    size_t                i;
    uint64_t              v;
    static const uint8_t  zeros[LP_KECCAK_RATE];

    k->s[k->fill / 8] ^= (uint64_t) 0x01 << (8 * (k->fill % 8));
    k->s[LP_KECCAK_WORDS - 1] ^= (uint64_t) 0x80 << 56;
    lp_keccak_absorb(k->s, zeros, 1);

    for (i = 0; i < sizeof(out->b) / 8; i++) {
        v = htole64(k->s[i]);
        memcpy(out->b + 8 * i, &v, sizeof(v));
    }
}


void
lp_keccak256(lp_hash_t *out, const void *data, size_t len)
{
    lp_keccak_t  k;

    lp_keccak_init(&k);
    lp_keccak_update(&k, data, len);
    lp_keccak_final(&k, out);
}


void
lp_keccak256_many(lp_hash_t *out, const void *const *data, const size_t *len,
    size_t n)
{
    size_t        i, j, m;
    lp_keccak_t   k[LP_KECCAK_SLOTS];
    lp_keccak_t  *each[LP_KECCAK_SLOTS];

    for (i = 0; i < n; i += m) {
        m = n - i < LP_KECCAK_SLOTS ? n - i : LP_KECCAK_SLOTS;

        for (j = 0; j < m; j++) {
            lp_keccak_init(&k[j]);
            each[j] = &k[j];
        }

        lp_keccak_update_slots(each, data + i, len + i, m);

        for (j = 0; j < m; j++) {
            lp_keccak_final(&k[j], &out[i + j]);
        }
    }
}
