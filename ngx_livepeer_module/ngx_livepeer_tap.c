/*
 * RTMP in. Who may publish is decided before nginx-rtmp's own live module
 * hears of it; what is published is flattened once and handed to the cut.
 */
#include "ngx_livepeer_module/ngx_livepeer_tap.h"
#include "ngx_livepeer_module/ngx_livepeer_cut.h"
#include "ngx_livepeer_module/ngx_livepeer_figures.h"
#include "ngx_livepeer_module/ngx_livepeer_flv.h"
#include "ngx_livepeer_module/ngx_livepeer_key.h"
#include "ngx_livepeer_module/ngx_livepeer_module.h"
#include "ngx_livepeer_module/ngx_livepeer_stream.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"

#include <ngx_rtmp_cmd_module.h>
#include <ngx_rtmp_codec_module.h>


#define NGX_LIVEPEER_TAP_SCRATCH  (16 * 1024 * 1024)
#define NGX_LIVEPEER_TAP_SIZES    10             /* other sizes ... */
#define NGX_LIVEPEER_TAP_CALM     10000          /* ... each within ms */


typedef struct {
    ngx_livepeer_stream_t    *st;
    ngx_livepeer_conf_t      *conf;
    ngx_str_t                 name;
    lp_hash_t                 key;
    ngx_queue_t               queue;             /* all of this worker */
    ngx_rtmp_session_t       *session;
    ngx_uint_t                sizes;             /* changes lately */
    ngx_msec_t                size_at;
    unsigned                  vanished:1;        /* no word of goodbye */
    unsigned                  ended:1;
} ngx_livepeer_tap_t;


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
static ngx_int_t ngx_livepeer_tap_open(ngx_livepeer_tap_t *tap,
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

    if (ngx_livepeer_stream_copy(&tap->name, &name, s->connection->pool)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    newer = conf->keys
            && ngx_livepeer_zone_same_key(&conf->app, &tap->name, &key);

    if (newer) {
        ngx_livepeer_tap_evict(conf, &tap->name);
    }

    if (ngx_livepeer_tap_open(tap, newer) != NGX_OK) {
        return NGX_ERROR;
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


/* tap->st, or the publisher has been told why not */

static ngx_int_t
ngx_livepeer_tap_open(ngx_livepeer_tap_t *tap, ngx_uint_t newer)
{
    ngx_int_t               rc;
    ngx_rtmp_session_t     *s = tap->session;
    ngx_livepeer_stream_t  *st;

    st = ngx_livepeer_stream_create(tap->conf, &tap->name,
                                    s->connection->number);

    rc = st ? ngx_livepeer_stream_open(st, &tap->key, newer) : NGX_ABORT;

    switch (rc) {

    case NGX_OK:
        tap->st = st;
        return NGX_OK;

    case NGX_BUSY:
        return ngx_livepeer_tap_refuse(s, NGX_LIVEPEER_REFUSED_BUSY,
                   "NetStream.Publish.BadName",
                   "this name is being published");

    case NGX_DECLINED:
        return ngx_livepeer_tap_refuse(s, NGX_LIVEPEER_REFUSED_STREAMS,
                   "NetStream.Publish.Denied", "too many streams");

    case NGX_ABORT:
        return ngx_livepeer_tap_refuse(s, NGX_LIVEPEER_REFUSED_MEMORY,
                   "NetStream.Publish.Denied", "out of memory");

    default:
        return ngx_livepeer_tap_refuse(s, NGX_LIVEPEER_REFUSED_STORAGE,
                   "NetStream.Publish.Denied",
                   "the server cannot store this stream");
    }
}


static void
ngx_livepeer_tap_close_stream(ngx_livepeer_tap_t *tap, ngx_uint_t clean)
{
    ngx_livepeer_stream_t  *st = tap->st;

    if (st) {
        tap->st = NULL;
        ngx_livepeer_stream_close(st, clean);
    }
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

    ngx_livepeer_tap_close_stream(tap, !tap->vanished);
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
    ngx_livepeer_stream_explain(tap->st, why);
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

static const u_char *
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

    if (ngx_current_msec - tap->size_at > NGX_LIVEPEER_TAP_CALM) {
        tap->sizes = 0;
    }

    tap->size_at = ngx_current_msec;

    if (++tap->sizes > NGX_LIVEPEER_TAP_SIZES) {
        return ngx_livepeer_tap_give_up(tap, NGX_LIVEPEER_REFUSED_CODEC,
                   "the picture changes its size again and again");
    }

    video = old->video;
    audio = old->audio;
    has_audio = old->has_audio;

    ngx_log_error(NGX_LOG_NOTICE, old->log, 0,
                  "livepeer: the picture is now %uDx%uD",
                  video.sps.width, video.sps.height);

    /* the bytes move; segments in flight may still ask for the numbers */

    ngx_memzero(&old->video.annexb, sizeof(lp_buf_t));

    ngx_livepeer_tap_close_stream(tap, 0);

    if (ngx_livepeer_tap_open(tap, 1) != NGX_OK) {
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
    ngx_livepeer_flv_e kind, uint32_t time, int32_t cts, const u_char *p,
    size_t len)
{
    ngx_int_t           rc;
    ngx_livepeer_end_t  end;

    ngx_memzero(&end, sizeof(end));

    if (kind == flv_config) {
        rc = ngx_livepeer_cut_video_config(tap->st, &end, p, len);

    } else {
        rc = ngx_livepeer_cut_video(tap->st, &end, time, cts, p, len);
    }

    if (rc == NGX_DECLINED) {
        if (ngx_livepeer_tap_reopen(tap) != NGX_OK) {
            return NGX_ERROR;
        }

        rc = (kind == flv_config)
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
    size_t               len;
    int32_t              cts;
    const char          *why;
    const u_char        *p;
    ngx_livepeer_tap_t  *tap;
    ngx_livepeer_flv_e   kind;

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

    kind = ngx_livepeer_flv_video(&p, &len, &cts, &why);

    switch (kind) {

    case flv_refused:
        ngx_livepeer_figures_advise(tap->st, NGX_LIVEPEER_ADVICE_VIDEO_CODEC,
                                    0);
        return ngx_livepeer_tap_give_up(tap, NGX_LIVEPEER_REFUSED_CODEC, why);

    case flv_other:
        return NGX_OK;

    case flv_config:
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
    ngx_int_t            rc;
    const u_char        *p;
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

    switch (ngx_livepeer_flv_audio(&p, &len)) {

    case flv_config:
        ngx_livepeer_tap_expect(s, tap->st);
        rc = ngx_livepeer_cut_audio_config(tap->st, &end, p, len);
        break;

    case flv_frames:
        rc = ngx_livepeer_cut_audio(tap->st, &end, h->timestamp, p, len);
        break;

    case flv_refused:
        ngx_livepeer_cut_no_audio(tap->st);
        return NGX_OK;

    default:
        return NGX_OK;
    }

    return ngx_livepeer_tap_result(tap, rc, &end);
}
