/*
 * Blocks of segments. Idle ones lie in a list, newest first, as their pages
 * are warm; what is idle beyond a few streams' need goes back to the system.
 */
#include "ngx_livepeer_module/ngx_livepeer_block.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"

#include <sys/mman.h>


#define NGX_LIVEPEER_BLOCK_PAGES  65536          /* the block, mapped */
#define NGX_LIVEPEER_BLOCK_IDLE   48             /* 3 MB */


typedef struct ngx_livepeer_idle_s  ngx_livepeer_idle_t;

struct ngx_livepeer_idle_s {
    ngx_livepeer_idle_t  *next;
};


static ngx_livepeer_idle_t  *ngx_livepeer_block_list;
static ngx_uint_t            ngx_livepeer_block_nidle;
static size_t                ngx_livepeer_block_used;


u_char *
ngx_livepeer_block_alloc(size_t max, ngx_log_t *log)
{
    void                 *p;
    ngx_livepeer_idle_t  *idle;

    if (ngx_livepeer_block_used + NGX_LIVEPEER_BLOCK_PAGES > max) {
        return NULL;
    }

    idle = ngx_livepeer_block_list;

    if (idle) {
        ngx_livepeer_block_list = idle->next;
        ngx_livepeer_block_nidle--;
        p = idle;

    } else {

        /* mapped, so that a freed one leaves no hole in the heap */

        p = mmap(NULL, NGX_LIVEPEER_BLOCK_PAGES, PROT_READ|PROT_WRITE,
                 MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) {
            ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                          "mmap() of a segment's block failed");
            return NULL;
        }
    }

    ngx_livepeer_block_used += NGX_LIVEPEER_BLOCK_PAGES;
    (void) ngx_atomic_fetch_add(
               &ngx_livepeer_zone_totals()->segment_memory,
               NGX_LIVEPEER_BLOCK_PAGES);

    return p;
}


void
ngx_livepeer_block_free(u_char *block)
{
    ngx_livepeer_idle_t  *idle;

    ngx_livepeer_block_used -= NGX_LIVEPEER_BLOCK_PAGES;
    (void) ngx_atomic_fetch_add(
               &ngx_livepeer_zone_totals()->segment_memory,
               -NGX_LIVEPEER_BLOCK_PAGES);

    if (ngx_livepeer_block_nidle >= NGX_LIVEPEER_BLOCK_IDLE) {
        (void) munmap(block, NGX_LIVEPEER_BLOCK_PAGES);
        return;
    }

    idle = (ngx_livepeer_idle_t *) block;
    idle->next = ngx_livepeer_block_list;
    ngx_livepeer_block_list = idle;
    ngx_livepeer_block_nidle++;
}
