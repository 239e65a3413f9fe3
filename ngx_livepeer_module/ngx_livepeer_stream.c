/*
 * A stream's two ends. What must happen at the very last, when nothing of it
 * is in flight any more, is a cleanup of its pool.
 */
#include "ngx_livepeer_module/ngx_livepeer_stream.h"
#include "ngx_livepeer_module/ngx_livepeer_cut.h"
#include "ngx_livepeer_module/ngx_livepeer_hls.h"
#include "ngx_livepeer_module/ngx_livepeer_session.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"

#include "common/util/hex.h"

#include <sys/random.h>


#define NGX_LIVEPEER_STREAM_POOL  4096


typedef struct {
    ngx_log_t   log;
    ngx_str_t   name;
} ngx_livepeer_stream_log_t;


static u_char *
ngx_livepeer_stream_log(ngx_log_t *log, u_char *buf, size_t len)
{
    ngx_livepeer_stream_log_t  *ctx = log->data;

    return ngx_snprintf(buf, len, ", stream: \"%V\"", &ctx->name);
}


static void
ngx_livepeer_stream_cleanup(void *data)
{
    ngx_livepeer_stream_t  *st = data;

    ngx_livepeer_cut_destroy(st);

    if (st->slot) {
        ngx_livepeer_hls_close(st, st->clean);
        ngx_livepeer_zone_release(st->slot, st->generation);
    }

    lp_h264_config_done(&st->video);
}


ngx_int_t
ngx_livepeer_stream_copy(ngx_str_t *to, ngx_str_t *from, ngx_pool_t *pool)
{
    to->len = from->len;
    to->data = ngx_pnalloc(pool, from->len + 1);
    if (to->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(to->data, from->data, from->len);
    to->data[from->len] = '\0';

    return NGX_OK;
}


ngx_livepeer_stream_t *
ngx_livepeer_stream_create(ngx_livepeer_conf_t *conf, ngx_str_t *name,
    ngx_atomic_uint_t number)
{
    uint8_t                     random[16];
    ngx_pool_t                 *pool;
    ngx_pool_cleanup_t         *cln;
    ngx_livepeer_stream_t      *st;
    ngx_livepeer_stream_log_t  *ctx;

    pool = ngx_create_pool(NGX_LIVEPEER_STREAM_POOL, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    st = ngx_pcalloc(pool, sizeof(ngx_livepeer_stream_t));
    ctx = ngx_palloc(pool, sizeof(ngx_livepeer_stream_log_t));
    cln = ngx_pool_cleanup_add(pool, 0);

    if (st == NULL || ctx == NULL || cln == NULL
        || ngx_livepeer_stream_copy(&st->name, name, pool) != NGX_OK
        || getrandom(random, sizeof(random), 0) != sizeof(random))
    {
        ngx_destroy_pool(pool);
        return NULL;
    }

    /* outlives the connection: its log has nothing of that */

    ctx->log = *ngx_cycle->log;
    ctx->log.connection = number;
    ctx->log.handler = ngx_livepeer_stream_log;
    ctx->log.data = ctx;
    ctx->name = st->name;

    st->pool = pool;
    st->log = &ctx->log;
    st->conf = conf;
    pool->log = st->log;

    lp_hex_encode((char *) st->manifest, random, sizeof(random));
    lp_h264_config_init(&st->video);
    ngx_queue_init(&st->segs);
    ngx_queue_init(&st->sessions);

    cln->handler = ngx_livepeer_stream_cleanup;
    cln->data = st;

    return st;
}


/* what an earlier publisher of the name left, and this one is not */

static void
ngx_livepeer_stream_fill_slot(ngx_livepeer_stream_t *st, const lp_hash_t *key)
{
    ngx_time_t           *tp = ngx_timeofday();
    ngx_livepeer_slot_t  *slot = st->slot;

    ngx_livepeer_zone_lock();

    slot->key = *key;
    slot->started_ms = (int64_t) tp->sec * 1000 + tp->msec;
    slot->last_ms = slot->started_ms;
    slot->window = (uint32_t) st->conf->window;
    slot->reconnect_ms = st->conf->reconnect;
    slot->advice = 0;
    slot->width = 0;
    slot->height = 0;
    slot->fps_milli = 0;
    slot->gop_ms = 0;
    slot->waiting_ms = 0;
    slot->bitrate_bps = 0;
    slot->norchs = 0;
    slot->hourly_at = 0;
    ngx_memzero(slot->audio_codec, sizeof(slot->audio_codec));
    ngx_memzero(slot->reason, sizeof(slot->reason));

    ngx_livepeer_zone_unlock();
}


ngx_int_t
ngx_livepeer_stream_open(ngx_livepeer_stream_t *st, const lp_hash_t *key,
    ngx_uint_t newer)
{
    ngx_int_t  rc;

    rc = ngx_livepeer_zone_acquire(&st->slot, &st->generation,
                                   &st->conf->app, &st->name, newer);
    if (rc != NGX_OK) {
        st->slot = NULL;
        ngx_destroy_pool(st->pool);
        return rc;
    }

    ngx_livepeer_stream_fill_slot(st, key);

    if (ngx_livepeer_hls_open(st) != NGX_OK
        || ngx_livepeer_cut_create(st) != NGX_OK
        || ngx_livepeer_session_start(st) != NGX_OK)
    {
        st->closed = 1;
        ngx_livepeer_stream_release(st);
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_livepeer_stream_close(ngx_livepeer_stream_t *st, ngx_uint_t clean)
{
    if (ngx_livepeer_zone_owns(st->slot, st->generation)) {
        ngx_livepeer_cut_close(st);
    }

    /* from here on nothing but segments in flight */

    ngx_livepeer_cut_destroy(st);

    st->clean = clean ? 1 : 0;
    st->closed = 1;
    ngx_livepeer_stream_release(st);
}


void
ngx_livepeer_stream_explain(ngx_livepeer_stream_t *st, const char *why)
{
    ngx_livepeer_slot_t  *slot = st->slot;

    ngx_livepeer_zone_lock();

    if (ngx_livepeer_zone_owns(slot, st->generation)) {
        (void) ngx_cpystrn((u_char *) slot->reason, (u_char *) why,
                           sizeof(slot->reason));
    }

    ngx_livepeer_zone_unlock();
}
