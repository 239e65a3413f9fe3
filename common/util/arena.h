/*
 * Small pieces, freed at once: what one message decodes into. The ceiling
 * counts every byte handed out, so a hostile message ends in LP_LIMIT and
 * not in the memory of the machine.
 */
#ifndef LP_ARENA_H
#define LP_ARENA_H


#include <stddef.h>


typedef struct lp_arena_block_s  lp_arena_block_t;

typedef struct {
    lp_arena_block_t  *blocks;
    size_t             used;         /* bytes handed out and reserved */
    size_t             max;
} lp_arena_t;


void lp_arena_init(lp_arena_t *a, size_t max);

/* frees every piece; the arena is empty and usable again */
void lp_arena_done(lp_arena_t *a);

/* 16-byte aligned, not zeroed; NULL when memory or the ceiling ends */
void *lp_arena_alloc(lp_arena_t *a, size_t size);

/* the same, zeroed; n * size is checked for overflow */
void *lp_arena_calloc(lp_arena_t *a, size_t n, size_t size);

/* a NUL-terminated copy */
char *lp_arena_strndup(lp_arena_t *a, const void *s, size_t len);


#endif /* LP_ARENA_H */
