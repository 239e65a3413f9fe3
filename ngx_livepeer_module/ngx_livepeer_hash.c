/*
 * Hashing is most of what a segment costs the worker, and a processor does
 * four or eight of it in the time of one: so blocks wait for each other.
 */
#include "ngx_livepeer_module/ngx_livepeer_hash.h"


#define NGX_LIVEPEER_HASH_LANES  8


static lp_keccak_t  *ngx_livepeer_hash_k[NGX_LIVEPEER_HASH_LANES];
static const void   *ngx_livepeer_hash_data[NGX_LIVEPEER_HASH_LANES];
static size_t        ngx_livepeer_hash_len[NGX_LIVEPEER_HASH_LANES];
static ngx_uint_t    ngx_livepeer_hash_n;


void
ngx_livepeer_hash_flush(void)
{
    lp_keccak_update_many(ngx_livepeer_hash_k, ngx_livepeer_hash_data,
                          ngx_livepeer_hash_len, ngx_livepeer_hash_n);

    ngx_livepeer_hash_n = 0;
}


void
ngx_livepeer_hash_add(lp_keccak_t *k, const u_char *data, size_t len)
{
    ngx_uint_t  i;

    /* two blocks of one stream come one after the other */

    for (i = 0; i < ngx_livepeer_hash_n; i++) {
        if (ngx_livepeer_hash_k[i] == k) {
            ngx_livepeer_hash_flush();
        }
    }

    i = ngx_livepeer_hash_n++;

    ngx_livepeer_hash_k[i] = k;
    ngx_livepeer_hash_data[i] = data;
    ngx_livepeer_hash_len[i] = len;

    if (ngx_livepeer_hash_n == NGX_LIVEPEER_HASH_LANES) {
        ngx_livepeer_hash_flush();
    }
}
