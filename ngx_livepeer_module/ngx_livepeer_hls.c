/*
 * Playlists. Their state lies in the zone, so that another worker can go on
 * with it; text is made from a copy, outside of the lock. Source: RFC 8216,
 * media.md 6.1.
 */
#include "ngx_livepeer_module/ngx_livepeer_hls.h"
#include "ngx_livepeer_module/ngx_livepeer_store.h"
#include "ngx_livepeer_module/ngx_livepeer_variant.h"

#include "common/media/ts.h"


#define NGX_LIVEPEER_HLS_TEXT_MAX  65536
#define NGX_LIVEPEER_HLS_WAIT      3       /* segments without renditions */


struct ngx_livepeer_hls_s {
    ngx_livepeer_store_t   store;
    uint64_t               peak[NGX_LIVEPEER_VARIANTS_MAX];   /* as in the */
    uint64_t               average[NGX_LIVEPEER_VARIANTS_MAX];   /* master */
    ngx_uint_t             listed;         /* variants in the master, bits */
    ngx_uint_t             made;           /* directories of rungs, bits */
    unsigned               settled:1;      /* variants are those of now */
    unsigned               ready:1;        /* for viewers to come */
};


/* NAME/VARIANT.m3u8 */
typedef struct {
    char                   text[NGX_LIVEPEER_NAME_MAX + LP_PROFILE_NAME_MAX
                                + 8];
} ngx_livepeer_uri_t;


/* text of one playlist at a time */
static lp_buf_t  ngx_livepeer_hls_text;


/* the slot is ours, or is the name somebody else's by now? Locks */

static ngx_int_t
ngx_livepeer_hls_lock(ngx_livepeer_stream_t *st)
{
    ngx_livepeer_zone_lock();

    if (ngx_livepeer_zone_owns(st->slot, st->generation)) {
        return NGX_OK;
    }

    ngx_livepeer_zone_unlock();

    return NGX_DECLINED;
}


static lp_buf_t *
ngx_livepeer_hls_text_begin(void)
{
    if (ngx_livepeer_hls_text.max == 0) {
        lp_buf_init(&ngx_livepeer_hls_text, NGX_LIVEPEER_HLS_TEXT_MAX);
    }

    lp_buf_reset(&ngx_livepeer_hls_text);

    return &ngx_livepeer_hls_text;
}


ngx_int_t
ngx_livepeer_hls_write_media(const ngx_livepeer_store_t *store,
    const ngx_livepeer_variant_t *v, uint32_t target_s, ngx_uint_t ended,
    ngx_log_t *log)
{
    char              prefix[LP_PROFILE_NAME_MAX + 2];
    lp_buf_t         *text;
    lp_m3u8_media_t   m;

    (void) ngx_snprintf((u_char *) prefix, sizeof(prefix), "%s/%Z", v->name);

    ngx_memzero(&m, sizeof(m));
    m.media_sequence = v->media_sequence;
    m.discontinuity_sequence = v->discontinuity_sequence;
    m.target_s = target_s;
    m.ended = ended ? 1 : 0;
    m.prefix = prefix;
    m.segments = v->window;
    m.nsegments = v->n;

    text = ngx_livepeer_hls_text_begin();
    lp_m3u8_put_media(text, &m);

    if (lp_buf_status(text) != LP_OK) {
        return NGX_ERROR;
    }

    return ngx_livepeer_store_playlist(store, v->name, text->data, text->len,
                                       log);
}


/* opening: what is on disk and in the slot becomes one state */

ngx_int_t
ngx_livepeer_hls_open(ngx_livepeer_stream_t *st)
{
    uint64_t              next;
    ngx_uint_t            fresh;
    ngx_livepeer_hls_t   *hls;
    ngx_livepeer_slot_t  *slot = st->slot;

    hls = ngx_pcalloc(st->pool, sizeof(ngx_livepeer_hls_t));
    if (hls == NULL) {
        return NGX_ERROR;
    }

    hls->store.path = (const char *) st->conf->hls_path.data;
    hls->store.name = (const char *) st->name.data;

    if (ngx_livepeer_hls_lock(st) != NGX_OK) {
        return NGX_ERROR;
    }

    fresh = slot->nvariants == 0 || slot->ended
            || ngx_strcmp(slot->hls_path, hls->store.path) != 0;

    ngx_livepeer_zone_unlock();

    /* nobody plays it on: files of an earlier life go, numbers do not */

    next = fresh ? ngx_livepeer_store_purge(&hls->store, st->log) : 0;

    if (ngx_livepeer_store_make(&hls->store, NULL, st->log) != NGX_OK
        || ngx_livepeer_store_make(&hls->store, "source", st->log) != NGX_OK
        || ngx_livepeer_hls_lock(st) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (slot->next_seq < next) {
        slot->next_seq = next;

        /* not known any more; a segment has at most one */
        slot->discontinuities = next;
    }

    if (fresh) {
        slot->nvariants = 0;
        slot->target_s = 0;
        slot->ended = 0;
        slot->playable = 0;
    }

    hls->ready = slot->playable;

    ngx_memcpy(slot->hls_path, st->conf->hls_path.data,
               st->conf->hls_path.len);
    slot->hls_path[st->conf->hls_path.len] = '\0';

    ngx_livepeer_zone_unlock();

    st->hls = hls;

    return NGX_OK;
}


/* the master */

static ngx_uint_t
ngx_livepeer_hls_moved(uint64_t was, uint64_t is)
{
    return is > was + was / 10 || is + was / 10 < was;
}


/* does it say something else than the one on disk? Under the lock */

static ngx_uint_t
ngx_livepeer_hls_master_is_due(ngx_livepeer_stream_t *st)
{
    ngx_uint_t               i, listed, due;
    ngx_livepeer_hls_t      *hls = st->hls;
    ngx_livepeer_variant_t  *v;

    due = 0;
    listed = 0;

    for (i = 0; i < st->slot->nvariants; i++) {
        v = &st->slot->variants[i];

        if (!ngx_livepeer_variant_listed(v)) {
            continue;
        }

        listed |= (ngx_uint_t) 1 << i;

        if (v->peak_bps > hls->peak[i]
            || ngx_livepeer_hls_moved(hls->average[i],
                                      ngx_livepeer_variant_average(v)))
        {
            due = 1;
        }
    }

    return due || listed != hls->listed;
}


/* a variant's line, remembered as said; uri is storage for it */

static void
ngx_livepeer_hls_put_variant(ngx_livepeer_stream_t *st, ngx_uint_t i,
    lp_m3u8_variant_t *m, ngx_livepeer_uri_t *uri)
{
    ngx_livepeer_hls_t      *hls = st->hls;
    ngx_livepeer_slot_t     *slot = st->slot;
    ngx_livepeer_variant_t  *v = &slot->variants[i];

    /* a little higher than it is, so that it need not be said anew so often */

    hls->listed |= (ngx_uint_t) 1 << i;
    hls->average[i] = ngx_livepeer_variant_average(v);
    hls->peak[i] = v->peak_bps + v->peak_bps / 20;

    (void) ngx_snprintf((u_char *) uri->text, sizeof(uri->text),
                        "%s/%s.m3u8%Z", slot->name, v->name);

    ngx_memzero(m, sizeof(lp_m3u8_variant_t));
    m->uri = uri->text;
    m->bandwidth = hls->peak[i];
    m->average_bandwidth = hls->average[i];
    m->width = v->width;
    m->height = v->height;
    m->fps_milli = v->width ? v->fps_milli : 0;
    m->video_codec = v->video_codec[0] ? v->video_codec : NULL;
    m->audio_codec = slot->audio_codec[0] ? slot->audio_codec : NULL;
}


/*
 * Renditions in the order of the configuration, the source at the end. Some
 * players read it once: there is none before the first renditions are there,
 * or it is known that they will not come.
 */

static ngx_int_t
ngx_livepeer_hls_write_master(ngx_livepeer_stream_t *st)
{
    size_t                n;
    lp_buf_t             *text;
    ngx_uint_t            i, k;
    lp_m3u8_variant_t     list[NGX_LIVEPEER_VARIANTS_MAX];
    ngx_livepeer_uri_t    uris[NGX_LIVEPEER_VARIANTS_MAX];
    ngx_livepeer_hls_t   *hls = st->hls;
    ngx_livepeer_slot_t  *slot = st->slot;

    n = 0;
    text = ngx_livepeer_hls_text_begin();

    if (ngx_livepeer_hls_lock(st) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (!hls->ready || !ngx_livepeer_hls_master_is_due(st)) {
        ngx_livepeer_zone_unlock();
        return NGX_OK;
    }

    hls->listed = 0;

    for (k = 1; k <= slot->nvariants; k++) {
        i = k % slot->nvariants;

        if (ngx_livepeer_variant_listed(&slot->variants[i])) {
            ngx_livepeer_hls_put_variant(st, i, &list[n], &uris[n]);
            n++;
        }
    }

    lp_m3u8_put_master(text, list, n);
    slot->playable = (n != 0);

    ngx_livepeer_zone_unlock();

    if (n == 0 || lp_buf_status(text) != LP_OK) {
        return NGX_OK;
    }

    return ngx_livepeer_store_playlist(&hls->store, NULL, text->data,
                                       text->len, st->log);
}


/* is it one of those that this publisher will have? */

static ngx_uint_t
ngx_livepeer_hls_is_rung(ngx_livepeer_stream_t *st, const char *name)
{
    ngx_uint_t  i;

    for (i = 0; i < st->nrungs; i++) {
        if (ngx_strcmp(st->rungs[i].profile.name, name) == 0) {
            return 1;
        }
    }

    return 0;
}


/* the variants of an earlier publisher that this one will not have go */

static void
ngx_livepeer_hls_settle(ngx_livepeer_stream_t *st)
{
    uint64_t                 seq;
    ngx_uint_t               i;
    ngx_livepeer_slot_t     *slot = st->slot;
    ngx_livepeer_variant_t   gone;

    st->hls->settled = 1;

    for (i = 1; ngx_livepeer_hls_lock(st) == NGX_OK; /* void */ ) {

        if (i >= slot->nvariants) {
            ngx_livepeer_zone_unlock();
            return;
        }

        if (ngx_livepeer_hls_is_rung(st, slot->variants[i].name)) {
            ngx_livepeer_zone_unlock();
            i++;
            continue;
        }

        gone = slot->variants[i];
        slot->nvariants--;
        ngx_memmove(&slot->variants[i], &slot->variants[i + 1],
                    (slot->nvariants - i) * sizeof(ngx_livepeer_variant_t));

        ngx_livepeer_zone_unlock();

        ngx_livepeer_store_drop_playlist(&st->hls->store, gone.name);

        seq = gone.media_sequence - ngx_min(gone.media_sequence,
                                            st->conf->window);

        for ( /* void */ ; seq < gone.media_sequence + gone.n; seq++) {
            ngx_livepeer_store_drop_segment(&st->hls->store, gone.name, seq);
        }
    }
}


/* a segment's file; what cannot be written is a gap for the viewers */

static ngx_uint_t
ngx_livepeer_hls_store(ngx_livepeer_stream_t *st, ngx_livepeer_seg_t *seg,
    const char *variant, ngx_chain_t *bytes)
{
    uint64_t  old = 2 * st->conf->window;

    if (seg->seq >= old) {
        ngx_livepeer_store_drop_segment(&st->hls->store, variant,
                                        seg->seq - old);
    }

    return bytes == NULL
           || ngx_livepeer_store_segment(&st->hls->store, variant, seg->seq,
                                         bytes, seg->pool, st->log)
              != NGX_OK;
}


static void
ngx_livepeer_hls_describe_source(ngx_livepeer_stream_t *st,
    ngx_livepeer_seg_t *seg, ngx_livepeer_variant_t *v)
{
    ngx_livepeer_slot_t  *slot = st->slot;

    if (seg->audio_only) {
        v->width = 0;
        v->height = 0;
        v->video_codec[0] = '\0';
        return;
    }

    v->width = st->video.sps.width;
    v->height = st->video.sps.height;
    v->fps_milli = slot->fps_milli;
    lp_h264_codec(v->video_codec, &st->video.sps);
}


static uint32_t
ngx_livepeer_hls_seconds(uint64_t t_90k)
{
    return (uint32_t) ((t_90k + 89999) / 90000);
}


/*
 * One target for the whole life of a playlist. A source whose keyframes move
 * further apart makes it grow: better than a segment above it.
 */

static uint32_t
ngx_livepeer_hls_target(ngx_livepeer_stream_t *st, ngx_livepeer_seg_t *seg)
{
    uint32_t  usual, this;

    usual = ngx_livepeer_hls_seconds(st->conf->segment * 180);
    this = ngx_livepeer_hls_seconds((uint64_t) (seg->end_90k
                                                - seg->start_90k));

    return ngx_max(st->slot->target_s, ngx_max(usual, this));
}


/* the source joins its window; *copy is what is to be written */

static ngx_int_t
ngx_livepeer_hls_list_source(ngx_livepeer_stream_t *st,
    ngx_livepeer_seg_t *seg, ngx_uint_t gap, ngx_livepeer_variant_t *copy,
    uint32_t *target)
{
    lp_m3u8_segment_t        s;
    ngx_livepeer_slot_t     *slot = st->slot;
    ngx_livepeer_variant_t  *v;

    if (ngx_livepeer_hls_lock(st) != NGX_OK) {
        return NGX_DECLINED;
    }

    v = slot->nvariants ? &slot->variants[0]
                        : ngx_livepeer_variant_add(slot, "source", seg->seq);

    if (v->media_sequence + v->n != seg->seq) {
        v->n = 0;
        v->media_sequence = seg->seq;
        v->discontinuity_sequence = slot->discontinuities;
    }

    slot->target_s = ngx_livepeer_hls_target(st, seg);
    slot->discontinuities += seg->discontinuity;

    ngx_livepeer_variant_entry(&s, seg, gap);
    ngx_livepeer_variant_push(v, slot->window, &s);
    ngx_livepeer_variant_measure(v, seg, seg->len);
    ngx_livepeer_hls_describe_source(st, seg, v);

    *copy = *v;
    *target = slot->target_s;

    ngx_livepeer_zone_unlock();

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_hls_publish_source(ngx_livepeer_stream_t *st,
    ngx_livepeer_seg_t *seg)
{
    uint32_t                 target;
    ngx_uint_t               gap;
    ngx_livepeer_variant_t   copy;

    if (!st->hls->settled) {
        ngx_livepeer_hls_settle(st);
    }

    gap = ngx_livepeer_hls_store(st, seg, "source", seg->bytes);

    if (ngx_livepeer_hls_list_source(st, seg, gap, &copy, &target) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (ngx_livepeer_hls_write_media(&st->hls->store, &copy, target, 0,
                                     st->log)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (st->passthrough || copy.n >= NGX_LIVEPEER_HLS_WAIT || seg->last) {
        st->hls->ready = 1;
    }

    return ngx_livepeer_hls_write_master(st);
}


/* what a rendition really is, read from its first bytes */

static void
ngx_livepeer_hls_describe(ngx_livepeer_stream_t *st, ngx_uint_t rung,
    ngx_chain_t *bytes, ngx_livepeer_variant_t *v)
{
    lp_profile_t  *profile = &st->rungs[rung].profile;
    lp_ts_info_t   info;

    ngx_memzero(&info, sizeof(info));

    (void) lp_ts_inspect(&info, bytes->buf->pos,
                         bytes->buf->last - bytes->buf->pos);

    v->width = info.has_sps ? info.sps.width
                            : (uint32_t) st->rungs[rung].width;
    v->height = info.has_sps ? info.sps.height
                             : (uint32_t) st->rungs[rung].height;
    v->fps_milli = profile->fps_num
                   ? (uint32_t) ((uint64_t) profile->fps_num * 1000
                                 / ngx_max(profile->fps_den, 1))
                   : st->slot->fps_milli;

    if (info.has_sps) {
        lp_h264_codec(v->video_codec, &info.sps);
    }
}


/* one rendition joins its window; *copy is what is to be written */

static ngx_int_t
ngx_livepeer_hls_list(ngx_livepeer_stream_t *st, ngx_livepeer_seg_t *seg,
    ngx_uint_t i, ngx_uint_t gap, ngx_livepeer_variant_t *copy,
    uint32_t *target)
{
    lp_m3u8_segment_t          s;
    ngx_livepeer_slot_t       *slot = st->slot;
    ngx_livepeer_variant_t    *v, seen;
    ngx_livepeer_rendition_t  *r = &seg->renditions[i];

    ngx_memzero(&seen, sizeof(seen));

    if (!gap) {
        ngx_livepeer_hls_describe(st, i, r->bytes, &seen);
    }

    if (ngx_livepeer_hls_lock(st) != NGX_OK) {
        return NGX_DECLINED;
    }

    v = ngx_livepeer_variant_find(slot, st->rungs[i].profile.name);

    if (v == NULL && !gap && slot->nvariants) {
        v = ngx_livepeer_variant_add(slot, st->rungs[i].profile.name,
                                         seg->seq);
    }

    /* a rung is not listed before its first segment is there */

    if (v == NULL) {
        ngx_livepeer_zone_unlock();
        return NGX_AGAIN;
    }

    ngx_livepeer_variant_fill(slot, v, seg->seq);

    if (!gap) {
        v->width = seen.width;
        v->height = seen.height;
        v->fps_milli = seen.fps_milli;

        if (seen.video_codec[0]) {
            ngx_memcpy(v->video_codec, seen.video_codec,
                       sizeof(v->video_codec));
        }

        ngx_livepeer_variant_measure(v, seg, r->len);
    }

    ngx_livepeer_variant_entry(&s, seg, gap);
    ngx_livepeer_variant_push(v, slot->window, &s);

    *copy = *v;
    *target = slot->target_s;

    ngx_livepeer_zone_unlock();

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_hls_publish(ngx_livepeer_stream_t *st, ngx_livepeer_seg_t *seg)
{
    uint32_t                   target;
    ngx_int_t                  rc;
    ngx_uint_t                 i, gaps;
    const char                *name;
    ngx_livepeer_variant_t     copy;
    ngx_livepeer_rendition_t  *r;

    gaps = 0;

    if (!ngx_livepeer_zone_owns(st->slot, st->generation)) {
        return NGX_DECLINED;
    }

    /* players learn of a segment only when all of its files are whole */

    for (i = 0; i < seg->nrenditions; i++) {
        r = &seg->renditions[i];
        name = st->rungs[i].profile.name;

        if (!(st->hls->made >> i & 1)
            && ngx_livepeer_store_make(&st->hls->store, name, st->log)
               == NGX_OK)
        {
            st->hls->made |= (ngx_uint_t) 1 << i;
        }

        if (ngx_livepeer_hls_store(st, seg, name, seg->gap || !r->whole
                                                  ? NULL : r->bytes))
        {
            gaps |= (ngx_uint_t) 1 << i;
        }
    }

    for (i = 0; i < seg->nrenditions; i++) {
        rc = ngx_livepeer_hls_list(st, seg, i, gaps >> i & 1, &copy, &target);

        if (rc == NGX_DECLINED) {
            return rc;
        }

        if (rc == NGX_OK
            && ngx_livepeer_hls_write_media(&st->hls->store, &copy, target, 0,
                                            st->log)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    st->hls->ready = 1;

    return ngx_livepeer_hls_write_master(st);
}


void
ngx_livepeer_hls_end(ngx_livepeer_slot_t *slot, ngx_log_t *log)
{
    ngx_uint_t            i;
    ngx_livepeer_store_t  store;

    store.path = slot->hls_path;
    store.name = slot->name;

    for (i = 0; i < slot->nvariants; i++) {
        (void) ngx_livepeer_hls_write_media(&store, &slot->variants[i],
                                            slot->target_s, 1, log);
    }
}


void
ngx_livepeer_hls_close(ngx_livepeer_stream_t *st, ngx_uint_t clean)
{
    ngx_time_t                  *tp = ngx_timeofday();
    ngx_uint_t                   end;
    ngx_livepeer_slot_t         *slot = st->slot;
    static ngx_livepeer_slot_t   copy;

    if (ngx_livepeer_hls_lock(st) != NGX_OK) {
        return;
    }

    end = st->hls && (clean || st->conf->reconnect == 0);

    slot->closed_ms = (int64_t) tp->sec * 1000 + tp->msec;
    slot->bitrate_bps = 0;
    copy = *slot;

    ngx_livepeer_zone_unlock();

    if (!end) {
        return;                           /* the sweep does it later */
    }

    ngx_livepeer_hls_end(&copy, st->log);

    if (ngx_livepeer_hls_lock(st) == NGX_OK) {
        slot->ended = 1;
        ngx_livepeer_zone_unlock();
    }
}
