/*
 * RTMP in. Who may publish is decided before nginx-rtmp's own live module
 * hears of it; what is published is flattened once and handed to the cut.
 */
#include "ngx_livepeer_module/ngx_livepeer_tap.h"
#include "ngx_livepeer_module/ngx_livepeer_cut.h"
#include "ngx_livepeer_module/ngx_livepeer_hls.h"
#include "ngx_livepeer_module/ngx_livepeer_key.h"
#include "ngx_livepeer_module/ngx_livepeer_module.h"
#include "ngx_livepeer_module/ngx_livepeer_session.h"

#include "common/util/hex.h"

#include <ngx_rtmp_cmd_module.h>
#include <ngx_rtmp_codec_module.h>

#include <sys/random.h>


#define NGX_LIVEPEER_TAP_POOL     4096
#define NGX_LIVEPEER_TAP_SCRATCH  (16 * 1024 * 1024)

#define NGX_LIVEPEER_FLV_AVC      7
#define NGX_LIVEPEER_FLV_HEVC     12
#define NGX_LIVEPEER_FLV_AAC      10
#define NGX_LIVEPEER_FLV_EX       9              /* audio with a FourCC */
#define NGX_LIVEPEER_FLV_EXVIDEO  0x80


/* packet types of both the old and the extended headers, as we use them */
typedef enum {
    tap_config,
    tap_frames,
    tap_other,                                   /* nothing for us in it */
    tap_refused
} ngx_livepeer_tap_kind_e;

typedef struct {
    ngx_livepeer_stream_t    *st;
    ngx_livepeer_conf_t      *conf;
    ngx_str_t                 name;
    lp_hash_t                 key;
    ngx_queue_t               queue;             /* all of this worker */
    ngx_rtmp_session_t       *session;
    unsigned                  vanished:1;        /* no word of goodbye */
    unsigned                  ended:1;
} ngx_livepeer_tap_t;

typedef struct {
    ngx_log_t                 log;
    ngx_str_t                 name;
} ngx_livepeer_tap_log_t;


static ngx_int_t ngx_livepeer_tap_publish(ngx_rtmp_session_t *s,
    ngx_rtmp_publish_t *v);
static ngx_int_t ngx_livepeer_tap_close(ngx_rtmp_session_t *s,
    ngx_rtmp_close_stream_t *v);
static ngx_int_t ngx_livepeer_tap_delete(ngx_rtmp_session_t *s,
    ngx_rtmp_delete_stream_t *v);
static ngx_int_t ngx_livepeer_tap_video(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
static ngx_int_t ngx_livepeer_tap_audio(ngx_rtmp_session_t *s,
    ngx_rtmp_header_t *h, ngx_chain_t *in);
static ngx_livepeer_stream_t *ngx_livepeer_tap_open(ngx_livepeer_tap_t *tap,
    ngx_uint_t newer);
static void ngx_livepeer_tap_end(ngx_livepeer_tap_t *tap);


static ngx_rtmp_publish_pt        next_publish;
static ngx_rtmp_close_stream_pt   next_close_stream;
static ngx_rtmp_delete_stream_pt  next_delete_stream;

/* publishers of this worker; one scratch for all, a message is done at once */
static ngx_queue_t                ngx_livepeer_taps;
static ngx_uint_t                 ngx_livepeer_ntaps;
static u_char                    *ngx_livepeer_scratch;
static size_t                     ngx_livepeer_scratch_size;

static const char *const  ngx_livepeer_refused_labels[] = {
#define NGX_LIVEPEER_REFUSED_LABEL(name, label)  label,
    NGX_LIVEPEER_REFUSED_MAP(NGX_LIVEPEER_REFUSED_LABEL)
};


ngx_int_t
ngx_livepeer_tap_init(ngx_conf_t *cf)
{
    ngx_rtmp_handler_pt        *h;
    ngx_rtmp_core_main_conf_t  *cmcf;

    cmcf = ngx_rtmp_conf_get_module_main_conf(cf, ngx_rtmp_core_module);

    h = ngx_array_push(&cmcf->events[NGX_RTMP_MSG_VIDEO]);
    if (h == NULL) {
        return NGX_ERROR;
    }
    *h = ngx_livepeer_tap_video;

    h = ngx_array_push(&cmcf->events[NGX_RTMP_MSG_AUDIO]);
    if (h == NULL) {
        return NGX_ERROR;
    }
    *h = ngx_livepeer_tap_audio;

    next_publish = ngx_rtmp_publish;
    ngx_rtmp_publish = ngx_livepeer_tap_publish;

    next_close_stream = ngx_rtmp_close_stream;
    ngx_rtmp_close_stream = ngx_livepeer_tap_close;

    next_delete_stream = ngx_rtmp_delete_stream;
    ngx_rtmp_delete_stream = ngx_livepeer_tap_delete;

    /* without a master, a reload finds the publishers of the last cycle */

    if (ngx_livepeer_taps.next == NULL) {
        ngx_queue_init(&ngx_livepeer_taps);
    }

    return NGX_OK;
}


/* publish: refusals are fixed sentences that an encoder can show */

static ngx_int_t
ngx_livepeer_tap_refuse(ngx_rtmp_session_t *s, ngx_livepeer_refused_e label,
    char *code, char *why)
{
    (void) ngx_atomic_fetch_add(
               &ngx_livepeer_zone_totals()->refused[label], 1);

    ngx_log_error(NGX_LOG_WARN, s->connection->log, 0,
                  "livepeer: publish refused (%s): %s",
                  ngx_livepeer_refused_labels[label], why);

    (void) ngx_rtmp_send_status(s, code, "error", why);

    return NGX_ERROR;
}


/* who this is: the stream's name, and the hash of the key that proved it */

static ngx_int_t
ngx_livepeer_tap_admit(ngx_rtmp_session_t *s, ngx_livepeer_conf_t *conf,
    ngx_rtmp_publish_t *v, ngx_str_t *name, lp_hash_t *key)
{
    ngx_str_t  given, args;

    given.data = v->name;
    given.len = ngx_strlen(v->name);
    args.data = v->args;
    args.len = ngx_strlen(v->args);

    if (conf->keys == NULL) {
        *name = given;
        ngx_memzero(key, sizeof(lp_hash_t));

        if (!ngx_livepeer_key_is_local(s->connection->sockaddr)) {
            return ngx_livepeer_tap_refuse(s, NGX_LIVEPEER_REFUSED_KEYLESS,
                       "NetStream.Publish.Denied",
                       "no livepeer_key is configured: only publishers on "
                       "the server itself are accepted");
        }

    } else if (ngx_livepeer_key_check(conf->keys, name, key, &given, &args)
               != NGX_OK)
    {
        return ngx_livepeer_tap_refuse(s, NGX_LIVEPEER_REFUSED_KEY,
                   "NetStream.Publish.Denied", "wrong stream key");
    }

    if (!ngx_livepeer_name_ok(name)) {
        return ngx_livepeer_tap_refuse(s, NGX_LIVEPEER_REFUSED_NAME,
                   "NetStream.Publish.BadName",
                   "a stream's name is 1 to 64 of A-Z a-z 0-9 _ -");
    }

    if (ngx_livepeer_ntaps >= conf->max_streams) {
        return ngx_livepeer_tap_refuse(s, NGX_LIVEPEER_REFUSED_STREAMS,
                   "NetStream.Publish.Denied", "too many streams");
    }

    return NGX_OK;
}


/* with a NUL: names become paths */

static ngx_int_t
ngx_livepeer_tap_copy(ngx_str_t *to, ngx_str_t *from, ngx_pool_t *pool)
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


/* the same name on this worker: its publisher leaves nginx-rtmp first */

static void
ngx_livepeer_tap_evict(ngx_livepeer_conf_t *conf, ngx_str_t *name)
{
    ngx_queue_t              *q, *next;
    ngx_livepeer_tap_t       *tap;
    ngx_rtmp_close_stream_t   v;

    for (q = ngx_queue_head(&ngx_livepeer_taps);
         q != ngx_queue_sentinel(&ngx_livepeer_taps);
         q = next)
    {
        next = ngx_queue_next(q);
        tap = ngx_queue_data(q, ngx_livepeer_tap_t, queue);

        if (tap->conf->app.len != conf->app.len
            || ngx_memcmp(tap->conf->app.data, conf->app.data, conf->app.len)
               != 0
            || tap->name.len != name->len
            || ngx_memcmp(tap->name.data, name->data, name->len) != 0)
        {
            continue;
        }

        ngx_log_error(NGX_LOG_NOTICE, tap->session->connection->log, 0,
                      "livepeer: \"%V\" is published anew with the same key",
                      name);

        tap->vanished = 1;
        ngx_memzero(&v, sizeof(v));
        (void) ngx_rtmp_close_stream(tap->session, &v);
        ngx_rtmp_finalize_session(tap->session);
        return;
    }
}


static ngx_int_t
ngx_livepeer_tap_publish(ngx_rtmp_session_t *s, ngx_rtmp_publish_t *v)
{
    ngx_str_t             name;
    lp_hash_t             key;
    ngx_uint_t            newer;
    ngx_livepeer_app_t   *app;
    ngx_livepeer_tap_t   *tap;
    ngx_livepeer_conf_t  *conf;

    app = ngx_rtmp_get_module_app_conf(s, ngx_livepeer_rtmp_module);
    tap = ngx_rtmp_get_module_ctx(s, ngx_livepeer_rtmp_module);

    if (app == NULL || !app->stream.enable || s->auto_pushed || s->relay) {
        return next_publish(s, v);
    }

    conf = &app->stream;

    if (tap && tap->st) {
        return ngx_livepeer_tap_refuse(s, NGX_LIVEPEER_REFUSED_BUSY,
                   "NetStream.Publish.BadName", "already publishing");
    }

    if (ngx_livepeer_tap_admit(s, conf, v, &name, &key) != NGX_OK) {
        return NGX_ERROR;
    }

    tap = ngx_pcalloc(s->connection->pool, sizeof(ngx_livepeer_tap_t));
    if (tap == NULL) {
        return NGX_ERROR;
    }

    tap->session = s;
    tap->conf = conf;
    tap->key = key;

    if (ngx_livepeer_tap_copy(&tap->name, &name, s->connection->pool)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    newer = conf->keys
            && ngx_livepeer_zone_same_key(&conf->app, &tap->name, &key);

    tap->st = ngx_livepeer_tap_open(tap, newer);
    if (tap->st == NULL) {
        return NGX_ERROR;
    }

    if (newer) {
        ngx_livepeer_tap_evict(conf, &tap->name);
    }

    ngx_rtmp_set_ctx(s, tap, ngx_livepeer_rtmp_module);
    ngx_queue_insert_tail(&ngx_livepeer_taps, &tap->queue);
    ngx_livepeer_ntaps++;
    (void) ngx_atomic_fetch_add(&ngx_livepeer_zone_totals()->publishes, 1);

    /* a secret pasted as the whole stream key is not its name */

    ngx_memcpy(v->name, tap->name.data, tap->name.len);
    v->name[tap->name.len] = '\0';

    return next_publish(s, v);
}


/* the stream: made at a publish, and again when its picture's size changes */

static u_char *
ngx_livepeer_tap_log_handler(ngx_log_t *log, u_char *buf, size_t len)
{
    ngx_livepeer_tap_log_t  *ctx = log->data;

    return ngx_snprintf(buf, len, ", stream: \"%V\"", &ctx->name);
}


/* the stream's end, when nothing of it is in flight any more */

static void
ngx_livepeer_tap_cleanup(void *data)
{
    ngx_livepeer_stream_t  *st = data;

    ngx_livepeer_cut_destroy(st);

    if (st->slot) {
        ngx_livepeer_hls_close(st, st->clean);
        ngx_livepeer_zone_release(st->slot, st->generation);
    }

    lp_h264_config_done(&st->video);
}


static ngx_livepeer_stream_t *
ngx_livepeer_tap_create(ngx_livepeer_tap_t *tap)
{
    uint8_t                  random[16];
    ngx_pool_t              *pool;
    ngx_pool_cleanup_t      *cln;
    ngx_livepeer_stream_t   *st;
    ngx_livepeer_tap_log_t  *log;

    pool = ngx_create_pool(NGX_LIVEPEER_TAP_POOL, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    st = ngx_pcalloc(pool, sizeof(ngx_livepeer_stream_t));
    log = ngx_palloc(pool, sizeof(ngx_livepeer_tap_log_t));
    cln = ngx_pool_cleanup_add(pool, 0);
    if (st == NULL || log == NULL || cln == NULL) {
        goto failed;
    }

    /* outlives the connection, and so must what its log lines point at */

    if (ngx_livepeer_tap_copy(&st->name, &tap->name, pool) != NGX_OK
        || getrandom(random, sizeof(random), 0) != sizeof(random))
    {
        goto failed;
    }

    log->log = *ngx_cycle->log;
    log->log.handler = ngx_livepeer_tap_log_handler;
    log->log.data = log;
    log->log.action = NULL;
    log->log.connection = tap->session->connection->number;
    log->name = st->name;

    cln->handler = ngx_livepeer_tap_cleanup;
    cln->data = st;

    st->pool = pool;
    st->log = &log->log;
    pool->log = st->log;
    st->conf = tap->conf;
    lp_hex_encode((char *) st->manifest, random, sizeof(random));
    lp_h264_config_init(&st->video);
    ngx_queue_init(&st->segs);
    ngx_queue_init(&st->sessions);

    return st;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


static void
ngx_livepeer_tap_fill_slot(ngx_livepeer_tap_t *tap, ngx_livepeer_stream_t *st)
{
    ngx_time_t           *tp = ngx_timeofday();
    ngx_livepeer_slot_t  *slot = st->slot;

    ngx_livepeer_zone_lock();

    slot->key = tap->key;
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
    ngx_memzero(slot->audio_codec, sizeof(slot->audio_codec));
    ngx_memzero(slot->reason, sizeof(slot->reason));

    ngx_livepeer_zone_unlock();
}


/* NULL: refused, the publisher has been told */

static ngx_livepeer_stream_t *
ngx_livepeer_tap_open(ngx_livepeer_tap_t *tap, ngx_uint_t newer)
{
    ngx_int_t               rc;
    ngx_rtmp_session_t     *s = tap->session;
    ngx_livepeer_stream_t  *st;

    st = ngx_livepeer_tap_create(tap);
    if (st == NULL) {
        (void) ngx_livepeer_tap_refuse(s, NGX_LIVEPEER_REFUSED_MEMORY,
                   "NetStream.Publish.Denied", "out of memory");
        return NULL;
    }

    rc = ngx_livepeer_zone_acquire(&st->slot, &st->generation,
                                   &st->conf->app, &st->name, newer);
    if (rc != NGX_OK) {
        st->slot = NULL;
        ngx_destroy_pool(st->pool);
        (void) (rc == NGX_BUSY
                ? ngx_livepeer_tap_refuse(s, NGX_LIVEPEER_REFUSED_BUSY,
                      "NetStream.Publish.BadName",
                      "this name is being published")
                : ngx_livepeer_tap_refuse(s, NGX_LIVEPEER_REFUSED_STREAMS,
                      "NetStream.Publish.Denied", "too many streams"));
        return NULL;
    }

    ngx_livepeer_tap_fill_slot(tap, st);

    if (ngx_livepeer_hls_open(st) != NGX_OK
        || ngx_livepeer_cut_create(st) != NGX_OK
        || ngx_livepeer_session_start(st) != NGX_OK)
    {
        st->closed = 1;
        ngx_livepeer_stream_release(st);
        (void) ngx_livepeer_tap_refuse(s, NGX_LIVEPEER_REFUSED_STORAGE,
                   "NetStream.Publish.Denied",
                   "the server cannot store this stream");
        return NULL;
    }

    return st;
}


static void
ngx_livepeer_tap_close_stream(ngx_livepeer_tap_t *tap, ngx_uint_t clean)
{
    ngx_livepeer_stream_t  *st = tap->st;

    tap->st = NULL;

    if (ngx_livepeer_zone_owns(st->slot, st->generation)) {
        ngx_livepeer_cut_close(st);
    }

    /* from here on nothing but segments in flight */

    ngx_livepeer_cut_destroy(st);

    st->clean = clean ? 1 : 0;
    st->closed = 1;
    ngx_livepeer_stream_release(st);
}


static ngx_int_t
ngx_livepeer_tap_close(ngx_rtmp_session_t *s, ngx_rtmp_close_stream_t *v)
{
    ngx_livepeer_tap_t  *tap;

    tap = ngx_rtmp_get_module_ctx(s, ngx_livepeer_rtmp_module);

    if (tap && !tap->ended) {
        ngx_livepeer_tap_end(tap);
    }

    return next_close_stream(s, v);
}


static void
ngx_livepeer_tap_end(ngx_livepeer_tap_t *tap)
{
    tap->ended = 1;
    ngx_queue_remove(&tap->queue);
    ngx_livepeer_ntaps--;

    if (tap->st) {
        ngx_livepeer_tap_close_stream(tap, !tap->vanished);
    }
}


/* nginx-rtmp calls this without v when the connection is gone */

static ngx_int_t
ngx_livepeer_tap_delete(ngx_rtmp_session_t *s, ngx_rtmp_delete_stream_t *v)
{
    ngx_livepeer_tap_t  *tap;

    tap = ngx_rtmp_get_module_ctx(s, ngx_livepeer_rtmp_module);

    if (tap && v == NULL) {
        tap->vanished = 1;
    }

    return next_delete_stream(s, v);
}


/*
 * The publish ends here and now. The reason goes to the page, the log and
 * the publisher; NGX_ERROR then makes nginx-rtmp close the connection.
 */

static ngx_int_t
ngx_livepeer_tap_give_up(ngx_livepeer_tap_t *tap,
    ngx_livepeer_refused_e label, const char *why)
{
    size_t                 len;
    ngx_livepeer_slot_t   *slot = tap->st->slot;

    ngx_livepeer_zone_lock();

    if (ngx_livepeer_zone_owns(slot, tap->st->generation)) {
        len = ngx_min(ngx_strlen(why), NGX_LIVEPEER_REASON_MAX - 1);
        ngx_memcpy(slot->reason, why, len);
        slot->reason[len] = '\0';
    }

    ngx_livepeer_zone_unlock();

    tap->vanished = 1;

    return ngx_livepeer_tap_refuse(tap->session, label,
                                   "NetStream.Publish.Failed", (char *) why);
}


/* messages */

static ngx_livepeer_tap_t *
ngx_livepeer_tap_of(ngx_rtmp_session_t *s)
{
    ngx_livepeer_tap_t  *tap;

    tap = ngx_rtmp_get_module_ctx(s, ngx_livepeer_rtmp_module);

    return (tap && tap->st) ? tap : NULL;
}


/* one piece of memory; a message of one buffer is taken where it is */

static u_char *
ngx_livepeer_tap_flatten(ngx_chain_t *in, size_t *len)
{
    size_t        n, size;
    u_char       *p;
    ngx_chain_t  *cl;

    n = 0;
    for (cl = in; cl; cl = cl->next) {
        n += cl->buf->last - cl->buf->pos;
    }

    *len = n;

    if (in->next == NULL) {
        return in->buf->pos;
    }

    if (n > NGX_LIVEPEER_TAP_SCRATCH) {
        return NULL;
    }

    if (n > ngx_livepeer_scratch_size) {
        size = ngx_align(n + n / 2, 65536);
        p = ngx_alloc(size, ngx_cycle->log);
        if (p == NULL) {
            return NULL;
        }

        ngx_free(ngx_livepeer_scratch);
        ngx_livepeer_scratch = p;
        ngx_livepeer_scratch_size = size;
    }

    p = ngx_livepeer_scratch;
    for (cl = in; cl; cl = cl->next) {
        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    return ngx_livepeer_scratch;
}


static const char *
ngx_livepeer_tap_fourcc(u_char *fourcc)
{
    if (ngx_memcmp(fourcc, "avc1", 4) == 0) {
        return NULL;
    }

    if (ngx_memcmp(fourcc, "hvc1", 4) == 0) {
        return "the video is HEVC, only H.264 can be cut";
    }

    if (ngx_memcmp(fourcc, "av01", 4) == 0) {
        return "the video is AV1, only H.264 can be cut";
    }

    if (ngx_memcmp(fourcc, "vp09", 4) == 0) {
        return "the video is VP9, only H.264 can be cut";
    }

    return "the video's codec is not known, only H.264 can be cut";
}


/*
 * The header of a video message, old or extended: what the payload at *p is,
 * and its composition time.
 */

static ngx_livepeer_tap_kind_e
ngx_livepeer_tap_video_kind(u_char **p, size_t *len, int32_t *cts,
    const char **why)
{
    size_t      head;
    u_char     *m = *p;
    ngx_uint_t  type, extended;

    *cts = 0;

    if (*len < 1 || (m[0] >> 4 & 7) == 5) {          /* info or command */
        return tap_other;
    }

    extended = m[0] & NGX_LIVEPEER_FLV_EXVIDEO;

    if (!extended && (m[0] & 0x0f) != NGX_LIVEPEER_FLV_AVC) {
        *why = (m[0] & 0x0f) == NGX_LIVEPEER_FLV_HEVC
               ? "the video is HEVC, only H.264 can be cut"
               : "the video's codec is too old, only H.264 can be cut";
        return tap_refused;
    }

    if (*len < 5) {
        return tap_other;
    }

    if (extended) {
        type = m[0] & 0x0f;

        if (type == 4 || type > 5) {                 /* metadata, multitrack */
            return tap_other;
        }

        *why = ngx_livepeer_tap_fourcc(m + 1);
        if (*why) {
            return tap_refused;
        }

        head = (type == 1) ? 8 : 5;

        if (type == 3) {                             /* frames, cts is 0 */
            type = 1;
        }

    } else {
        type = m[1];
        head = 5;
    }

    if (*len < head) {
        return tap_other;
    }

    if (!extended || head == 8) {
        m += head - 3;
        *cts = (int32_t) ((uint32_t) m[0] << 24 | m[1] << 16 | m[2] << 8) >> 8;
    }

    *p += head;
    *len -= head;

    return type == 0 ? tap_config : type == 1 ? tap_frames : tap_other;
}


static ngx_livepeer_tap_kind_e
ngx_livepeer_tap_audio_kind(u_char **p, size_t *len)
{
    size_t      head;
    u_char     *m = *p;
    ngx_uint_t  type;

    if (*len < 2) {
        return tap_other;
    }

    switch (m[0] >> 4) {

    case NGX_LIVEPEER_FLV_AAC:
        type = m[1];
        head = 2;
        break;

    case NGX_LIVEPEER_FLV_EX:
        type = m[0] & 0x0f;

        if (*len < 5 || type > 1) {
            return tap_other;
        }

        if (ngx_memcmp(m + 1, "mp4a", 4) != 0) {
            return tap_refused;
        }

        head = 5;
        break;

    default:
        return tap_refused;
    }

    *p += head;
    *len -= head;

    return type == 0 ? tap_config : type == 1 ? tap_frames : tap_other;
}


/* metadata has announced tracks whose headers are still to come */

static void
ngx_livepeer_tap_expect(ngx_rtmp_session_t *s, ngx_livepeer_stream_t *st)
{
    ngx_rtmp_codec_ctx_t  *codec;

    codec = ngx_rtmp_get_module_ctx(s, ngx_rtmp_codec_module);

    if (codec) {
        ngx_livepeer_cut_expect(st,
            codec->video_codec_id == NGX_LIVEPEER_FLV_AVC,
            codec->audio_codec_id == NGX_LIVEPEER_FLV_AAC);
    }
}


/*
 * The picture has another size: as if the publisher had come again. What is
 * known of its tracks moves on to the new stream.
 */

static ngx_int_t
ngx_livepeer_tap_reopen(ngx_livepeer_tap_t *tap)
{
    ngx_uint_t              has_audio;
    lp_aac_config_t         audio;
    lp_h264_config_t        video;
    ngx_livepeer_stream_t  *old = tap->st;

    video = old->video;
    audio = old->audio;
    has_audio = old->has_audio;

    ngx_log_error(NGX_LOG_NOTICE, old->log, 0,
                  "livepeer: the picture is now %uDx%uD",
                  video.sps.width, video.sps.height);

    /* the bytes move; segments in flight may still ask for the numbers */

    ngx_memzero(&old->video.annexb, sizeof(lp_buf_t));

    ngx_livepeer_tap_close_stream(tap, 0);

    tap->st = ngx_livepeer_tap_open(tap, 1);
    if (tap->st == NULL) {
        lp_h264_config_done(&video);
        return NGX_ERROR;
    }

    return ngx_livepeer_cut_adopt(tap->st, &video, has_audio ? &audio : NULL);
}


/* what the cut answered to a message */

static ngx_int_t
ngx_livepeer_tap_result(ngx_livepeer_tap_t *tap, ngx_int_t rc,
    ngx_livepeer_end_t *end)
{
    if (rc == NGX_OK) {
        return NGX_OK;
    }

    return ngx_livepeer_tap_give_up(tap, end->label,
                                    end->why ? end->why : "out of memory");
}


static ngx_int_t
ngx_livepeer_tap_feed_video(ngx_livepeer_tap_t *tap,
    ngx_livepeer_tap_kind_e kind, uint32_t time, int32_t cts, u_char *p,
    size_t len)
{
    ngx_int_t           rc;
    ngx_livepeer_end_t  end;

    ngx_memzero(&end, sizeof(end));

    if (kind == tap_config) {
        rc = ngx_livepeer_cut_video_config(tap->st, &end, p, len);

    } else {
        rc = ngx_livepeer_cut_video(tap->st, &end, time, cts, p, len);
    }

    if (rc == NGX_DECLINED) {
        if (ngx_livepeer_tap_reopen(tap) != NGX_OK) {
            return NGX_ERROR;
        }

        rc = (kind == tap_config)
             ? NGX_OK
             : ngx_livepeer_cut_video(tap->st, &end, time, cts, p, len);
    }

    return ngx_livepeer_tap_result(tap, rc, &end);
}


static ngx_int_t
ngx_livepeer_tap_fenced(ngx_livepeer_tap_t *tap)
{
    ngx_log_error(NGX_LOG_NOTICE, tap->st->log, 0,
                  "livepeer: another publisher has this name now");

    tap->vanished = 1;

    return NGX_ERROR;
}


static ngx_int_t
ngx_livepeer_tap_video(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    size_t                    len;
    u_char                   *p;
    int32_t                   cts;
    const char               *why;
    ngx_livepeer_tap_t       *tap;
    ngx_livepeer_tap_kind_e   kind;

    tap = ngx_livepeer_tap_of(s);

    if (tap == NULL || in == NULL) {
        return NGX_OK;
    }

    if (!ngx_livepeer_zone_owns(tap->st->slot, tap->st->generation)) {
        return ngx_livepeer_tap_fenced(tap);
    }

    p = ngx_livepeer_tap_flatten(in, &len);
    if (p == NULL) {
        return ngx_livepeer_tap_give_up(tap, NGX_LIVEPEER_REFUSED_MEMORY,
                                        "a video message is too large");
    }

    kind = ngx_livepeer_tap_video_kind(&p, &len, &cts, &why);

    switch (kind) {

    case tap_refused:
        ngx_livepeer_cut_advise(tap->st, NGX_LIVEPEER_ADVICE_VIDEO_CODEC, 0);
        return ngx_livepeer_tap_give_up(tap, NGX_LIVEPEER_REFUSED_CODEC, why);

    case tap_other:
        return NGX_OK;

    case tap_config:
        ngx_livepeer_tap_expect(s, tap->st);

        /* fall through */

    default:
        return ngx_livepeer_tap_feed_video(tap, kind, h->timestamp, cts, p,
                                           len);
    }
}


static ngx_int_t
ngx_livepeer_tap_audio(ngx_rtmp_session_t *s, ngx_rtmp_header_t *h,
    ngx_chain_t *in)
{
    size_t               len;
    u_char              *p;
    ngx_int_t            rc;
    ngx_livepeer_end_t   end;
    ngx_livepeer_tap_t  *tap;

    tap = ngx_livepeer_tap_of(s);

    if (tap == NULL || in == NULL) {
        return NGX_OK;
    }

    if (!ngx_livepeer_zone_owns(tap->st->slot, tap->st->generation)) {
        return ngx_livepeer_tap_fenced(tap);
    }

    p = ngx_livepeer_tap_flatten(in, &len);
    if (p == NULL) {
        return NGX_OK;
    }

    ngx_memzero(&end, sizeof(end));

    switch (ngx_livepeer_tap_audio_kind(&p, &len)) {

    case tap_config:
        ngx_livepeer_tap_expect(s, tap->st);
        rc = ngx_livepeer_cut_audio_config(tap->st, &end, p, len);
        break;

    case tap_frames:
        rc = ngx_livepeer_cut_audio(tap->st, &end, h->timestamp, p, len);
        break;

    case tap_refused:
        ngx_livepeer_cut_no_audio(tap->st);
        return NGX_OK;

    default:
        return NGX_OK;
    }

    return ngx_livepeer_tap_result(tap, rc, &end);
}
