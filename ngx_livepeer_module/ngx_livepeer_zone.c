/*
 * The slots in shared memory. The lock is the slab pool's own: the master
 * frees it when a worker dies inside, and the next holder then finds "open"
 * set and drops what may be half written (T-69).
 */
#include "ngx_livepeer_module/ngx_livepeer_zone.h"
#include "ngx_livepeer_module/ngx_livepeer_module.h"

#include <signal.h>


typedef struct {
    uint32_t               open;            /* somebody is writing */
    uint64_t               generation;      /* the last one given */
    ngx_livepeer_totals_t  totals;
    ngx_livepeer_ledger_t  ledger;
    ngx_livepeer_slot_t    slots[NGX_LIVEPEER_SLOTS];
} ngx_livepeer_zone_t;


static ngx_int_t ngx_livepeer_zone_init(ngx_shm_zone_t *zone, void *data);
static ngx_livepeer_slot_t *ngx_livepeer_zone_find(ngx_str_t *app,
    ngx_str_t *name);
static void ngx_livepeer_zone_repair(void);


/* set in the master before the fork; the same memory over a reload */
static ngx_slab_pool_t      *ngx_livepeer_zone_pool;
static ngx_livepeer_zone_t  *ngx_livepeer_zone;


ngx_int_t
ngx_livepeer_zone_add(ngx_conf_t *cf)
{
    size_t           size;
    ngx_str_t        name = ngx_string("livepeer");
    ngx_shm_zone_t  *zone;

    /* the slab allocator keeps a descriptor for each page */

    size = sizeof(ngx_livepeer_zone_t);
    size += size / 64 + 16 * ngx_pagesize;
    size = ngx_align(size, ngx_pagesize);

    zone = ngx_shared_memory_add(cf, &name, size, &ngx_livepeer_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = ngx_livepeer_zone_init;
    zone->data = (void *) 1;

    return NGX_OK;
}


static ngx_int_t
ngx_livepeer_zone_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t  *pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (data || zone->shm.exists) {
        ngx_livepeer_zone_pool = pool;
        ngx_livepeer_zone = pool->data;
        zone->data = pool->data;
        return NGX_OK;
    }

    pool->data = ngx_slab_calloc(pool, sizeof(ngx_livepeer_zone_t));
    if (pool->data == NULL) {
        return NGX_ERROR;
    }

    ngx_livepeer_zone_pool = pool;
    ngx_livepeer_zone = pool->data;
    zone->data = pool->data;

    return NGX_OK;
}


void
ngx_livepeer_zone_lock(void)
{
    ngx_shmtx_lock(&ngx_livepeer_zone_pool->mutex);

    if (ngx_livepeer_zone->open) {
        ngx_livepeer_zone_repair();
    }

    ngx_livepeer_zone->open = 1;
    ngx_memory_barrier();
}


void
ngx_livepeer_zone_unlock(void)
{
    ngx_memory_barrier();
    ngx_livepeer_zone->open = 0;

    ngx_shmtx_unlock(&ngx_livepeer_zone_pool->mutex);
}


/* a worker died with the lock: its records are not trusted, numbers are */

static void
ngx_livepeer_zone_repair(void)
{
    ngx_uint_t            i;
    ngx_livepeer_slot_t  *slot;

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "livepeer: a worker died while it wrote shared memory, "
                  "its playlists begin anew");

    for (i = 0; i < NGX_LIVEPEER_SLOTS; i++) {
        slot = &ngx_livepeer_zone->slots[i];

        if (slot->used && slot->owner && !ngx_livepeer_zone_owned(slot)) {
            slot->nvariants = 0;
            slot->norchs = 0;
            slot->pending_discontinuity = 1;
        }
    }
}


ngx_uint_t
ngx_livepeer_zone_owned(ngx_livepeer_slot_t *slot)
{
    if (slot->owner == 0) {
        return 0;
    }

    return slot->owner == ngx_pid || kill(slot->owner, 0) == 0
           || ngx_errno != NGX_ESRCH;
}


static ngx_livepeer_slot_t *
ngx_livepeer_zone_find(ngx_str_t *app, ngx_str_t *name)
{
    ngx_uint_t            i;
    ngx_livepeer_slot_t  *slot;

    for (i = 0; i < NGX_LIVEPEER_SLOTS; i++) {
        slot = &ngx_livepeer_zone->slots[i];

        if (slot->used
            && ngx_strlen(slot->name) == name->len
            && ngx_memcmp(slot->name, name->data, name->len) == 0
            && ngx_strlen(slot->app) == app->len
            && ngx_memcmp(slot->app, app->data, app->len) == 0)
        {
            return slot;
        }
    }

    return NULL;
}


static ngx_livepeer_slot_t *
ngx_livepeer_zone_unused(ngx_str_t *app, ngx_str_t *name)
{
    ngx_uint_t            i;
    ngx_livepeer_slot_t  *slot;

    if (app->len > NGX_LIVEPEER_NAME_MAX || name->len > NGX_LIVEPEER_NAME_MAX) {
        return NULL;
    }

    for (i = 0; i < NGX_LIVEPEER_SLOTS; i++) {
        slot = &ngx_livepeer_zone->slots[i];

        if (!slot->used) {
            ngx_memzero(slot, sizeof(ngx_livepeer_slot_t));
            ngx_memcpy(slot->app, app->data, app->len);
            ngx_memcpy(slot->name, name->data, name->len);
            slot->used = 1;
            return slot;
        }
    }

    return NULL;
}


ngx_int_t
ngx_livepeer_zone_acquire(ngx_livepeer_slot_t **slot, uint64_t *generation,
    ngx_str_t *app, ngx_str_t *name, ngx_uint_t newer)
{
    ngx_int_t             rc;
    ngx_livepeer_slot_t  *found;

    rc = NGX_OK;

    ngx_livepeer_zone_lock();

    found = ngx_livepeer_zone_find(app, name);

    if (found == NULL) {
        found = ngx_livepeer_zone_unused(app, name);
        rc = found ? NGX_OK : NGX_DECLINED;

    } else if (!newer && ngx_livepeer_zone_owned(found)) {
        rc = NGX_BUSY;
    }

    if (rc == NGX_OK) {
        *slot = found;
        *generation = ngx_livepeer_zone_claim(found);
        found->closed_ms = 0;
    }

    ngx_livepeer_zone_unlock();

    return rc;
}


uint64_t
ngx_livepeer_zone_claim(ngx_livepeer_slot_t *slot)
{
    slot->owner = ngx_pid;
    slot->generation = ++ngx_livepeer_zone->generation;

    return slot->generation;
}


void
ngx_livepeer_zone_release(ngx_livepeer_slot_t *slot, uint64_t generation)
{
    ngx_livepeer_zone_lock();

    if (slot->used && slot->generation == generation) {
        slot->owner = 0;
    }

    ngx_livepeer_zone_unlock();
}


/* one aligned word: read without the lock, on every message */

ngx_uint_t
ngx_livepeer_zone_owns(ngx_livepeer_slot_t *slot, uint64_t generation)
{
    return *(volatile uint64_t *) &slot->generation == generation;
}


ngx_uint_t
ngx_livepeer_zone_same_key(ngx_str_t *app, ngx_str_t *name,
    const lp_hash_t *key)
{
    ngx_uint_t            same;
    ngx_livepeer_slot_t  *slot;

    ngx_livepeer_zone_lock();

    slot = ngx_livepeer_zone_find(app, name);
    same = slot && ngx_memcmp(&slot->key, key, sizeof(lp_hash_t)) == 0;

    ngx_livepeer_zone_unlock();

    return same;
}


ngx_int_t
ngx_livepeer_zone_copy(ngx_livepeer_slot_t *to, ngx_uint_t i)
{
    ngx_uint_t            n;
    ngx_livepeer_slot_t  *slot;

    ngx_livepeer_zone_lock();

    for (n = 0; n < NGX_LIVEPEER_SLOTS; n++) {
        slot = &ngx_livepeer_zone->slots[n];

        if (slot->used && i-- == 0) {
            *to = *slot;
            ngx_livepeer_zone_unlock();
            return NGX_OK;
        }
    }

    ngx_livepeer_zone_unlock();

    return NGX_DONE;
}


ngx_livepeer_slot_t *
ngx_livepeer_zone_slot(ngx_uint_t i)
{
    return &ngx_livepeer_zone->slots[i];
}


ngx_livepeer_totals_t *
ngx_livepeer_zone_totals(void)
{
    return &ngx_livepeer_zone->totals;
}


ngx_livepeer_ledger_t *
ngx_livepeer_zone_ledger(void)
{
    return &ngx_livepeer_zone->ledger;
}


ngx_livepeer_orch_stat_t *
ngx_livepeer_zone_orch(ngx_livepeer_slot_t *slot, ngx_str_t *url)
{
    ngx_uint_t                 i;
    ngx_livepeer_orch_stat_t  *orch;

    if (url->len >= NGX_LIVEPEER_ORCH_URL_MAX) {
        return NULL;
    }

    for (i = 0; i < slot->norchs; i++) {
        orch = &slot->orchs[i];

        if (ngx_strlen(orch->url) == url->len
            && ngx_memcmp(orch->url, url->data, url->len) == 0)
        {
            return orch;
        }
    }

    if (slot->norchs == NGX_LIVEPEER_ORCHS_MAX) {
        return NULL;
    }

    orch = &slot->orchs[slot->norchs];
    ngx_memzero(orch, sizeof(ngx_livepeer_orch_stat_t));
    ngx_memcpy(orch->url, url->data, url->len);
    slot->norchs++;

    return orch;
}
