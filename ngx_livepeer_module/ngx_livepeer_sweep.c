/*
 * Streams whose publisher is gone. Once a second each worker looks for one
 * whose time has come, and takes its slot before it touches a file; a
 * publisher that returns meanwhile takes it back.
 */
#include "ngx_livepeer_module/ngx_livepeer_sweep.h"
#include "ngx_livepeer_module/ngx_livepeer_block.h"
#include "ngx_livepeer_module/ngx_livepeer_hls.h"
#include "ngx_livepeer_module/ngx_livepeer_module.h"
#include "ngx_livepeer_module/ngx_livepeer_store.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"


#define NGX_LIVEPEER_SWEEP_PERIOD  1000
#define NGX_LIVEPEER_SWEEP_LINGER  600000     /* ms: an ended stream's files */
#define NGX_LIVEPEER_SWEEP_FULL    (NGX_LIVEPEER_SLOTS - 16)


typedef enum {
    sweep_keep,
    sweep_end,
    sweep_remove
} ngx_livepeer_sweep_e;


static ngx_event_t          ngx_livepeer_sweep_event;
static ngx_connection_t     ngx_livepeer_sweep_dummy;
static ngx_livepeer_slot_t  ngx_livepeer_sweep_copy;
static ngx_msec_t           ngx_livepeer_sweep_began;


/* under the lock */

static ngx_livepeer_sweep_e
ngx_livepeer_sweep_judge(ngx_livepeer_slot_t *slot, int64_t now,
    ngx_uint_t full)
{
    if (!slot->used || ngx_livepeer_zone_owned(slot)) {
        return sweep_keep;
    }

    if (slot->closed_ms == 0) {
        slot->closed_ms = slot->last_ms;              /* its worker died */
    }

    if (!slot->ended) {
        return now - slot->closed_ms >= (int64_t) slot->reconnect_ms
               ? sweep_end : sweep_keep;
    }

    return now - slot->closed_ms >= NGX_LIVEPEER_SWEEP_LINGER || full
           ? sweep_remove : sweep_keep;
}


/* a slot that is due, copied and owned by us for now */

static ngx_livepeer_sweep_e
ngx_livepeer_sweep_claim(ngx_livepeer_slot_t **claimed, uint64_t *generation)
{
    int64_t                now;
    ngx_time_t            *tp;
    ngx_uint_t             i, used;
    ngx_livepeer_slot_t   *slot;
    ngx_livepeer_sweep_e   what;

    tp = ngx_timeofday();
    now = (int64_t) tp->sec * 1000 + tp->msec;

    ngx_livepeer_zone_lock();

    used = 0;
    for (i = 0; i < NGX_LIVEPEER_SLOTS; i++) {
        used += ngx_livepeer_zone_slot(i)->used;
    }

    what = sweep_keep;

    for (i = 0; i < NGX_LIVEPEER_SLOTS; i++) {
        slot = ngx_livepeer_zone_slot(i);
        what = ngx_livepeer_sweep_judge(slot, now,
                                        used > NGX_LIVEPEER_SWEEP_FULL);

        if (what != sweep_keep) {
            *generation = ngx_livepeer_zone_claim(slot);
            *claimed = slot;
            ngx_livepeer_sweep_copy = *slot;
            break;
        }
    }

    ngx_livepeer_zone_unlock();

    return what;
}


static void
ngx_livepeer_sweep_one(ngx_livepeer_slot_t *slot, uint64_t generation,
    ngx_livepeer_sweep_e what, ngx_log_t *log)
{
    ngx_livepeer_store_t  store;

    store.path = ngx_livepeer_sweep_copy.hls_path;
    store.name = ngx_livepeer_sweep_copy.name;

    if (what == sweep_end) {
        ngx_livepeer_hls_end(&ngx_livepeer_sweep_copy, log);

    } else if (store.path[0]) {
        (void) ngx_livepeer_store_purge(&store, log);
    }

    ngx_livepeer_zone_lock();

    if (ngx_livepeer_zone_owns(slot, generation)) {
        slot->owner = 0;

        if (what == sweep_end) {
            slot->ended = 1;

        } else {
            slot->used = 0;
        }
    }

    ngx_livepeer_zone_unlock();
}


/* nobody has published it since the start */

static ngx_uint_t
ngx_livepeer_sweep_is_orphan(const char *path, const char *name)
{
    ngx_uint_t            i, orphan;
    ngx_livepeer_slot_t  *slot;

    orphan = 1;

    ngx_livepeer_zone_lock();

    for (i = 0; i < NGX_LIVEPEER_SLOTS; i++) {
        slot = ngx_livepeer_zone_slot(i);

        if (slot->used && ngx_strcmp(slot->name, name) == 0
            && ngx_strcmp(slot->hls_path, path) == 0)
        {
            orphan = 0;
        }
    }

    ngx_livepeer_zone_unlock();

    return orphan;
}


static void
ngx_livepeer_sweep_path(ngx_str_t *path, time_t before, ngx_log_t *log)
{
    u_char                name[NGX_LIVEPEER_NAME_MAX + 1];
    ngx_dir_t             dir;
    ngx_livepeer_store_t  store;

    if (ngx_open_dir(path, &dir) == NGX_ERROR) {
        return;
    }

    store.path = (const char *) path->data;
    store.name = (const char *) name;

    while (ngx_livepeer_store_next(&dir, store.path, name, before)
           == NGX_OK) {
        if (ngx_livepeer_sweep_is_orphan(store.path, store.name)) {
            (void) ngx_livepeer_store_purge(&store, log);
        }
    }

    (void) ngx_close_dir(&dir);
}


/*
 * Streams that were live when a former nginx ended have no ENDLIST and no
 * slot. Those that did not come back in time are removed, once; but not what
 * the old workers of a binary upgrade still publish.
 */

static void
ngx_livepeer_sweep_orphans(ngx_log_t *log)
{
    ngx_uint_t                 i;
    ngx_msec_t                 wait;
    ngx_livepeer_app_t       **app;
    ngx_livepeer_core_conf_t  *ccf = ngx_livepeer_core_conf();

    app = ccf->apps.elts;
    wait = 0;

    for (i = 0; i < ccf->apps.nelts; i++) {
        wait = ngx_max(wait, app[i]->stream.reconnect);
        wait = ngx_max(wait, app[i]->stream.max_segment);
    }

    if (ngx_current_msec - ngx_livepeer_sweep_began < wait
        || !ngx_atomic_cmp_set(&ngx_livepeer_zone_totals()->swept, 0, 1))
    {
        return;
    }

    for (i = 0; i < ccf->apps.nelts; i++) {
        ngx_livepeer_sweep_path(&app[i]->stream.hls_path,
                                ngx_time() - (time_t) (wait / 1000), log);
    }
}


static void
ngx_livepeer_sweep_handler(ngx_event_t *ev)
{
    uint64_t               generation;
    ngx_livepeer_slot_t   *slot;
    ngx_livepeer_sweep_e   what;

    ngx_livepeer_block_trim();

    if (!ngx_livepeer_zone_totals()->swept) {
        ngx_livepeer_sweep_orphans(ev->log);
    }

    what = ngx_livepeer_sweep_claim(&slot, &generation);

    if (what != sweep_keep) {
        ngx_livepeer_sweep_one(slot, generation, what, ev->log);
    }

    if (!ngx_exiting) {
        ngx_add_timer(ev, what == sweep_keep ? NGX_LIVEPEER_SWEEP_PERIOD : 1);
    }
}


void
ngx_livepeer_sweep_init(ngx_cycle_t *cycle)
{
    ngx_event_t  *ev = &ngx_livepeer_sweep_event;

    /* nginx's debug log reads the fd of a timer's connection */

    ngx_livepeer_sweep_dummy.fd = (ngx_socket_t) -1;

    ngx_memzero(ev, sizeof(ngx_event_t));
    ev->handler = ngx_livepeer_sweep_handler;
    ev->data = &ngx_livepeer_sweep_dummy;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_livepeer_sweep_began = ngx_current_msec;
    ngx_add_timer(ev, NGX_LIVEPEER_SWEEP_PERIOD);
}
