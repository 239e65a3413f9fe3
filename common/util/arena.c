/* Small pieces in blocks of 4 KiB, freed at once. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/util/arena.h"


#define LP_ARENA_BLOCK  4096
#define LP_ARENA_ALIGN  16


struct lp_arena_block_s {
    lp_arena_block_t  *next;
    size_t             size;
    size_t             fill;
    _Alignas(LP_ARENA_ALIGN) unsigned char  data[];
};


void
lp_arena_init(lp_arena_t *a, size_t max)
{
    a->blocks = NULL;
    a->used = 0;
    a->max = max;
}


void
lp_arena_done(lp_arena_t *a)
{
    lp_arena_block_t  *b, *next;

    for (b = a->blocks; b; b = next) {
        next = b->next;
        free(b);
    }

    a->blocks = NULL;
    a->used = 0;
}


static lp_arena_block_t *
lp_arena_add_block(lp_arena_t *a, size_t size)
{
    lp_arena_block_t  *b;

    b = malloc(sizeof(lp_arena_block_t) + size);
    if (b == NULL) {
        return NULL;
    }

    b->size = size;
    b->fill = 0;
    b->next = a->blocks;
    a->blocks = b;

    return b;
}


void *
lp_arena_alloc(lp_arena_t *a, size_t size)
{
    void              *p;
    lp_arena_block_t  *b;

    if (size > a->max || a->used > a->max - size) {
        return NULL;
    }

    size = (size + LP_ARENA_ALIGN - 1) & ~(size_t) (LP_ARENA_ALIGN - 1);
    b = a->blocks;

    if (b == NULL || b->size - b->fill < size) {
        b = lp_arena_add_block(a, size > LP_ARENA_BLOCK ? size
                                                        : LP_ARENA_BLOCK);
        if (b == NULL) {
            return NULL;
        }
    }

    p = b->data + b->fill;
    b->fill += size;
    a->used += size;

    return p;
}


void *
lp_arena_calloc(lp_arena_t *a, size_t n, size_t size)
{
    void  *p;

    if (size && n > SIZE_MAX / size) {
        return NULL;
    }

    p = lp_arena_alloc(a, n * size);
    if (p) {
        memset(p, 0, n * size);
    }

    return p;
}


char *
lp_arena_strndup(lp_arena_t *a, const void *s, size_t len)
{
    char  *p;

    p = lp_arena_alloc(a, len + 1);
    if (p) {
        if (len) {
            memcpy(p, s, len);
        }

        p[len] = '\0';
    }

    return p;
}
