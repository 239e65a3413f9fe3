/*
 * Blocks of segments. Idle ones lie in a list, newest first, as their pages
 * are warm. As many stay as were in use at once within the last seconds, so
 * that the segments of a steady stream cost no call to the system.
 */
#include "ngx_livepeer_module/ngx_livepeer_block.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"

#include <sys/mman.h>


#define NGX_LIVEPEER_BLOCK_PAGES   65536         /* the block, mapped */
#define NGX_LIVEPEER_BLOCK_SPARE   16            /* idle in any case, 1 MB */
#define NGX_LIVEPEER_BLOCK_PERIOD  10            /* trims, of one second */
#define NGX_LIVEPEER_BLOCK_TRIM    64            /* blocks at a time, 4 MB */


typedef struct ngx_livepeer_idle_s  ngx_livepeer_idle_t;

struct ngx_livepeer_idle_s {
    ngx_livepeer_idle_t  *next;
};


static ngx_livepeer_idle_t  *ngx_livepeer_block_list;
static ngx_uint_t            ngx_livepeer_block_idle;
static ngx_uint_t            ngx_livepeer_block_used;

/* most in use at once: in this period, and in the one before */
static ngx_uint_t            ngx_livepeer_block_peak[2];
static ngx_uint_t            ngx_livepeer_block_trims;


u_char *
ngx_livepeer_block_alloc(size_t max, ngx_log_t *log)
{
    void                 *p;
    ngx_livepeer_idle_t  *idle;

    if ((ngx_livepeer_block_used + 1) * NGX_LIVEPEER_BLOCK_PAGES > max) {
        return NULL;
    }

    idle = ngx_livepeer_block_list;

    if (idle) {
        ngx_livepeer_block_list = idle->next;
        ngx_livepeer_block_idle--;
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

    ngx_livepeer_block_used++;
    ngx_livepeer_block_peak[0] = ngx_max(ngx_livepeer_block_peak[0],
                                         ngx_livepeer_block_used);

    (void) ngx_atomic_fetch_add(
               &ngx_livepeer_zone_totals()->segment_memory,
               NGX_LIVEPEER_BLOCK_PAGES);

    return p;
}


void
ngx_livepeer_block_free(u_char *block)
{
    ngx_livepeer_idle_t  *idle = (ngx_livepeer_idle_t *) block;

    idle->next = ngx_livepeer_block_list;
    ngx_livepeer_block_list = idle;

    ngx_livepeer_block_idle++;
    ngx_livepeer_block_used--;

    (void) ngx_atomic_fetch_add(
               &ngx_livepeer_zone_totals()->segment_memory,
               -NGX_LIVEPEER_BLOCK_PAGES);
}


void
ngx_livepeer_block_trim(void)
{
    ngx_uint_t            keep, n;
    ngx_livepeer_idle_t  *idle;

    keep = ngx_max(ngx_livepeer_block_peak[0], ngx_livepeer_block_peak[1])
           + NGX_LIVEPEER_BLOCK_SPARE;

    if (++ngx_livepeer_block_trims % NGX_LIVEPEER_BLOCK_PERIOD == 0) {
        ngx_livepeer_block_peak[1] = ngx_livepeer_block_peak[0];
        ngx_livepeer_block_peak[0] = ngx_livepeer_block_used;
    }

    for (n = 0; n < NGX_LIVEPEER_BLOCK_TRIM; n++) {
        idle = ngx_livepeer_block_list;

        if (idle == NULL
            || ngx_livepeer_block_used + ngx_livepeer_block_idle <= keep)
        {
            return;
        }

        ngx_livepeer_block_list = idle->next;
        ngx_livepeer_block_idle--;

        (void) munmap(idle, NGX_LIVEPEER_BLOCK_PAGES);
    }
}
