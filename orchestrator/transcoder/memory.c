/*
 * Memory stays with the process, but nothing of it reaches the next encoder.
 */
#include "orchestrator/transcoder/memory.h"

#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>


#define TC_MEMORY_HUGE   (2 * 1024 * 1024)
#define TC_MEMORY_SMALL  (256 * 1024)
#define TC_MEMORY_HEAP   (256 * 1024 * 1024)


static void tc_memory_huge(void);


/*
 * Encoders are opened for each segment. Memory given back to the kernel
 * would be zeroed page by page for every one of them: a sixth of the CPU
 * (media.md 2.2). One arena, or each thread would hoard its own.
 */
void
tc_memory_init(void)
{
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    mallopt(M_TOP_PAD, 4 * 1024 * 1024);
    mallopt(M_ARENA_MAX, 1);

    tc_memory_huge();
}


/*
 * The heap's first piece in huge pages, before it is used: most of the work
 * is walking over pictures, and half of those are too small for x264 or
 * libavutil to ask. A region that is flagged but not touched costs nothing.
 */
static void
tc_memory_huge(void)
{
    char    *p;
    size_t   skip;

    p = malloc(TC_MEMORY_HEAP);

    if (p == NULL) {
        return;
    }

    skip = TC_MEMORY_HUGE - (uintptr_t) p % TC_MEMORY_HUGE;
    (void) madvise(p + skip, TC_MEMORY_HEAP - skip, MADV_HUGEPAGE);

    free(p);
}


#if !defined(__SANITIZE_ADDRESS__)

/*
 * x264 allocates with this call and reads some of it before it writes (the
 * tables of its macroblock tree, in vector code): what an encoder of another
 * session left there would steer this one's rate control (T-52), and the same
 * source would give other bytes each time. The tables lie behind the pixels
 * of a frame, in one block with them; pixels are written before they are
 * read, so of a large block only the last quarter is zeroed. Huge pages are
 * asked for first, as x264 does afterwards, or the zeros would come in small
 * ones.
 */
void *
memalign(size_t align, size_t size)
{
    void    *p;
    size_t   pixels;

    p = aligned_alloc(align, size);

    if (p == NULL) {
        return NULL;
    }

    if (align >= TC_MEMORY_HUGE) {
        (void) madvise(p, size, MADV_HUGEPAGE);
    }

    pixels = size > TC_MEMORY_SMALL ? size / 4 * 3 : 0;
    memset((char *) p + pixels, 0, size - pixels);

    return p;
}

#endif
