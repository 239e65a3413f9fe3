/*
 * A segment in the making. Its blocks are freed with its pool, whoever
 * destroys that.
 */
#include "ngx_livepeer_module/ngx_livepeer_open.h"
#include "ngx_livepeer_module/ngx_livepeer_block.h"
#include "ngx_livepeer_module/ngx_livepeer_hash.h"


#define NGX_LIVEPEER_OPEN_POOL  8192


static void
ngx_livepeer_open_free_blocks(void *data)
{
    ngx_chain_t         *cl;
    ngx_livepeer_seg_t  *seg = data;

    for (cl = seg->bytes; cl; cl = cl->next) {
        ngx_livepeer_block_free(cl->buf->start);
    }

    seg->bytes = NULL;
}


ngx_int_t
ngx_livepeer_open_begin(ngx_livepeer_open_t *o, ngx_livepeer_stream_t *st,
    int64_t base, int64_t pts, int64_t dts)
{
    ngx_pool_t          *pool;
    ngx_pool_cleanup_t  *cln;
    ngx_livepeer_seg_t  *seg;

    ngx_memzero(o, sizeof(ngx_livepeer_open_t));

    pool = ngx_create_pool(NGX_LIVEPEER_OPEN_POOL, st->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    seg = ngx_pcalloc(pool, sizeof(ngx_livepeer_seg_t));
    cln = ngx_pool_cleanup_add(pool, 0);
    o->keccak = ngx_palloc(pool, sizeof(lp_keccak_t));
    if (seg == NULL || cln == NULL || o->keccak == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    cln->handler = ngx_livepeer_open_free_blocks;
    cln->data = seg;

    seg->pool = pool;
    seg->stream = st;
    seg->start_90k = pts + base;

    o->seg = seg;
    o->last = &seg->bytes;
    o->base = base;
    o->start = pts;
    o->max_pts = pts;
    o->first_dts = dts;
    lp_keccak_init(o->keccak);

    return NGX_OK;
}


static void
ngx_livepeer_open_close_block(ngx_livepeer_open_t *o)
{
    if (o->buf) {
        ngx_livepeer_hash_add(o->keccak, o->buf->pos,
                              o->buf->last - o->buf->pos);
        o->seg->len += o->buf->last - o->buf->pos;
        o->buf = NULL;
    }
}


static ngx_int_t
ngx_livepeer_open_add_block(ngx_livepeer_open_t *o, const char **why)
{
    u_char               *block;
    ngx_buf_t            *b;
    ngx_chain_t          *cl;
    ngx_livepeer_conf_t  *conf = o->seg->stream->conf;

    ngx_livepeer_open_close_block(o);

    if (o->seg->len + NGX_LIVEPEER_BLOCK > conf->max_segment_size) {
        *why = "no keyframe within livepeer_max_segment_size";
        return NGX_ERROR;
    }

    cl = ngx_alloc_chain_link(o->seg->pool);
    b = ngx_calloc_buf(o->seg->pool);
    if (cl == NULL || b == NULL) {
        return NGX_ERROR;
    }

    block = ngx_livepeer_block_alloc(conf->max_memory, o->seg->pool->log);
    if (block == NULL) {
        *why = "livepeer_max_memory is used up by segments in flight";
        return NGX_ERROR;
    }

    b->start = block;
    b->pos = block;
    b->last = block;
    b->end = block + NGX_LIVEPEER_BLOCK;
    b->temporary = 1;

    cl->buf = b;
    cl->next = NULL;
    *o->last = cl;
    o->last = &cl->next;
    o->buf = b;

    return NGX_OK;
}


u_char *
ngx_livepeer_open_packet(ngx_livepeer_open_t *o, const char **why)
{
    u_char  *p;

    if (o->buf == NULL || o->buf->last == o->buf->end) {
        if (ngx_livepeer_open_add_block(o, why) != NGX_OK) {
            return NULL;
        }
    }

    p = o->buf->last;
    o->buf->last += LP_TS_PACKET;

    return p;
}


void
ngx_livepeer_open_seal(ngx_livepeer_open_t *o)
{
    ngx_livepeer_seg_t  *seg = o->seg;

    ngx_livepeer_open_close_block(o);
    ngx_livepeer_hash_flush();
    lp_keccak_final(o->keccak, &seg->hash);

    seg->end_90k = o->end + o->base;
    seg->duration_ms = (ngx_uint_t) ((o->end - o->start + 45) / 90);
}


void
ngx_livepeer_open_forget(ngx_livepeer_open_t *o)
{
    if (o->seg) {
        ngx_livepeer_hash_flush();        /* a block of it may wait there */
        ngx_destroy_pool(o->seg->pool);
        o->seg = NULL;
    }
}
