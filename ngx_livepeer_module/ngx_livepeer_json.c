/*
 * The state of all streams as JSON. A slot is copied under the lock and
 * written after it.
 */
#include "ngx_livepeer_module/ngx_livepeer_json.h"
#include "ngx_livepeer_module/ngx_livepeer_json_money.h"
#include "ngx_livepeer_module/ngx_livepeer_module.h"
#include "ngx_livepeer_module/ngx_livepeer_variant.h"


#define NGX_LIVEPEER_RING  64


/* the key of each fact about a source; the page has its sentence */

static const struct {
    uint32_t     bit;
    const char  *key;
} ngx_livepeer_json_advice[] = {
    { NGX_LIVEPEER_ADVICE_LONG_GOP,    "long_gop" },
    { NGX_LIVEPEER_ADVICE_VFR,         "vfr" },
    { NGX_LIVEPEER_ADVICE_NO_AUDIO,    "no_audio" },
    { NGX_LIVEPEER_ADVICE_AUDIO_CODEC, "audio_codec" },
    { NGX_LIVEPEER_ADVICE_VIDEO_CODEC, "video_codec" },
    { NGX_LIVEPEER_ADVICE_PIXFMT,      "pixfmt" },
    { NGX_LIVEPEER_ADVICE_NO_VIDEO,    "no_video" },
    { NGX_LIVEPEER_ADVICE_UPSCALE,     "upscale" },
    { NGX_LIVEPEER_ADVICE_NO_ORCH,     "no_orchestrator" },
    { NGX_LIVEPEER_ADVICE_DAMAGED,     "damaged" }
};


/* copies of slots, one at a time: too large for a stack */
static ngx_livepeer_slot_t  ngx_livepeer_json_slot;


void
ngx_livepeer_json_text(lp_buf_t *out, const u_char *s, size_t len)
{
    size_t  i;

    lp_buf_put_u8(out, '"');

    for (i = 0; i < len; i++) {
        if (s[i] < 0x20 || s[i] > 0x7e || s[i] == '"' || s[i] == '\\'
            || s[i] == '<' || s[i] == '>' || s[i] == '&')
        {
            lp_buf_printf(out, "\\u%04x", s[i]);

        } else {
            lp_buf_put_u8(out, s[i]);
        }
    }

    lp_buf_put_u8(out, '"');
}


void
ngx_livepeer_json_str(lp_buf_t *out, const char *key, const char *value)
{
    lp_buf_printf(out, "\"%s\":", key);
    ngx_livepeer_json_text(out, (const u_char *) value, ngx_strlen(value));
    lp_buf_put_u8(out, ',');
}


void
ngx_livepeer_json_num(lp_buf_t *out, const char *key, int64_t value)
{
    lp_buf_printf(out, "\"%s\":%lld,", key, (long long) value);
}


void
ngx_livepeer_json_close(lp_buf_t *out, u_char c)
{
    if (lp_buf_status(out) == LP_OK && out->data[out->len - 1] == ',') {
        out->len--;
    }

    lp_buf_put_u8(out, c);
    lp_buf_put_u8(out, ',');
}


static int ngx_libc_cdecl
ngx_livepeer_json_cmp(const void *one, const void *two)
{
    const uint32_t  *a = one, *b = two;

    return (*a > *b) - (*a < *b);
}


uint32_t
ngx_livepeer_json_percentile(const uint32_t *ring, uint32_t nring,
    ngx_uint_t percent)
{
    uint32_t    sorted[NGX_LIVEPEER_RING];
    ngx_uint_t  n;

    n = ngx_min(nring, NGX_LIVEPEER_RING);

    if (n == 0) {
        return 0;
    }

    ngx_memcpy(sorted, ring, n * sizeof(uint32_t));
    ngx_qsort(sorted, n, sizeof(uint32_t), ngx_livepeer_json_cmp);

    return sorted[(n - 1) * percent / 100];
}


static void
ngx_livepeer_json_variants(lp_buf_t *out, ngx_livepeer_slot_t *slot)
{
    ngx_uint_t               i;
    ngx_livepeer_variant_t  *v;

    lp_buf_put_str(out, "\"variants\":[");

    for (i = 0; i < slot->nvariants; i++) {
        v = &slot->variants[i];

        lp_buf_put_u8(out, '{');
        ngx_livepeer_json_str(out, "name", v->name);
        ngx_livepeer_json_num(out, "width", v->width);
        ngx_livepeer_json_num(out, "height", v->height);
        ngx_livepeer_json_num(out, "fps_milli", v->fps_milli);
        ngx_livepeer_json_str(out, "codec", v->video_codec);
        ngx_livepeer_json_num(out, "peak_bps", v->peak_bps);
        ngx_livepeer_json_num(out, "average_bps",
                              ngx_livepeer_variant_average(v));
        ngx_livepeer_json_num(out, "last_seq",
                              v->n ? (int64_t) v->window[v->n - 1].seq : -1);
        ngx_livepeer_json_num(out, "gaps", v->gaps_total);
        ngx_livepeer_json_num(out, "gaps_in_a_row", v->gaps);
        ngx_livepeer_json_num(out, "listed", ngx_livepeer_variant_listed(v));
        ngx_livepeer_json_close(out, '}');
    }

    ngx_livepeer_json_close(out, ']');
}


static void
ngx_livepeer_json_orchs(lp_buf_t *out, ngx_livepeer_slot_t *slot)
{
    ngx_uint_t                 i;
    ngx_livepeer_orch_stat_t  *o;

    lp_buf_put_str(out, "\"orchestrators\":[");

    for (i = 0; i < slot->norchs; i++) {
        o = &slot->orchs[i];

        lp_buf_put_u8(out, '{');
        ngx_livepeer_json_str(out, "url", o->url);
        ngx_livepeer_json_num(out, "segments", o->segments);
        ngx_livepeer_json_num(out, "failures", o->failures);
        ngx_livepeer_json_num(out, "rtt_ms", o->rtt_ms);
        ngx_livepeer_json_num(out, "realtime_milli", o->realtime_milli);
        ngx_livepeer_json_num(out, "in_flight", o->in_flight);
        ngx_livepeer_json_num(out, "suspended", o->suspended);
        ngx_livepeer_json_str(out, "last_error", o->last_error);
        ngx_livepeer_json_money_row(out, slot, o);
        ngx_livepeer_json_close(out, '}');
    }

    ngx_livepeer_json_close(out, ']');
}


static void
ngx_livepeer_json_times(lp_buf_t *out, const char *key, const uint32_t *ring,
    uint32_t nring, uint32_t last)
{
    lp_buf_printf(out, "\"%s\":{", key);
    ngx_livepeer_json_num(out, "last", last);
    ngx_livepeer_json_num(out, "p50",
                          ngx_livepeer_json_percentile(ring, nring, 50));
    ngx_livepeer_json_num(out, "p99",
                          ngx_livepeer_json_percentile(ring, nring, 99));
    ngx_livepeer_json_close(out, '}');
}


/* the playlist's path on this server, when a location there serves it */

static void
ngx_livepeer_json_hls(lp_buf_t *out, ngx_http_request_t *r,
    ngx_livepeer_slot_t *slot)
{
    void                       *server;
    ngx_uint_t                  i;
    ngx_livepeer_hls_loc_t    **loc;
    ngx_livepeer_core_conf_t   *ccf = ngx_livepeer_core_conf();

    server = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    loc = ccf->hls_locs.elts;

    for (i = 0; i < ccf->hls_locs.nelts; i++) {
        if (loc[i]->server == server
            && ngx_strlen(slot->app) == loc[i]->app->stream.app.len
            && ngx_memcmp(slot->app, loc[i]->app->stream.app.data,
                          loc[i]->app->stream.app.len) == 0)
        {
            lp_buf_put_str(out, "\"hls\":");
            ngx_livepeer_json_text(out, loc[i]->prefix.data,
                                   loc[i]->prefix.len);

            /* the name needs no escape: put before the closing quote */

            if (lp_buf_status(out) == LP_OK) {
                out->len--;
            }

            lp_buf_printf(out, "%s.m3u8\",", slot->name);
            return;
        }
    }
}


static void
ngx_livepeer_json_stream(lp_buf_t *out, ngx_http_request_t *r,
    ngx_livepeer_slot_t *slot)
{
    ngx_uint_t  i;

    lp_buf_put_u8(out, '{');
    ngx_livepeer_json_str(out, "name", slot->name);
    ngx_livepeer_json_str(out, "app", slot->app);
    ngx_livepeer_json_hls(out, r, slot);
    ngx_livepeer_json_num(out, "playable", slot->playable);
    ngx_livepeer_json_str(out, "state",
                          slot->ended ? "ended"
                          : ngx_livepeer_zone_owned(slot) && !slot->closed_ms
                          ? "live" : "waiting");
    ngx_livepeer_json_num(out, "started_ms", slot->started_ms);
    ngx_livepeer_json_num(out, "last_ms", slot->last_ms);
    ngx_livepeer_json_num(out, "closed_ms", slot->closed_ms);
    ngx_livepeer_json_num(out, "reconnect_ms", (int64_t) slot->reconnect_ms);
    ngx_livepeer_json_str(out, "reason", slot->reason);
    ngx_livepeer_json_num(out, "width", slot->width);
    ngx_livepeer_json_num(out, "height", slot->height);
    ngx_livepeer_json_num(out, "fps_milli", slot->fps_milli);
    ngx_livepeer_json_num(out, "gop_ms", slot->gop_ms);
    ngx_livepeer_json_num(out, "waiting_ms", slot->waiting_ms);
    ngx_livepeer_json_str(out, "audio_codec", slot->audio_codec);
    ngx_livepeer_json_num(out, "bytes_in", (int64_t) slot->bytes_in);
    ngx_livepeer_json_num(out, "bitrate_bps", (int64_t) slot->bitrate_bps);
    ngx_livepeer_json_num(out, "next_seq", (int64_t) slot->next_seq);
    ngx_livepeer_json_num(out, "target_s", slot->target_s);
    ngx_livepeer_json_num(out, "segments", (int64_t) slot->segments);
    ngx_livepeer_json_num(out, "renditions", (int64_t) slot->renditions);
    ngx_livepeer_json_num(out, "missed", (int64_t) slot->missed);
    ngx_livepeer_json_num(out, "retries", (int64_t) slot->retries);

    ngx_livepeer_json_times(out, "rtt_ms", slot->rtt_ring, slot->nring,
                            slot->rtt_ms);
    ngx_livepeer_json_times(out, "publish_ms", slot->publish_ring,
                            slot->nring, slot->publish_ms);

    lp_buf_put_str(out, "\"advice\":[");

    for (i = 0; i < sizeof(ngx_livepeer_json_advice)
                    / sizeof(ngx_livepeer_json_advice[0]); i++)
    {
        if (slot->advice & ngx_livepeer_json_advice[i].bit) {
            lp_buf_printf(out, "\"%s\",", ngx_livepeer_json_advice[i].key);
        }
    }

    ngx_livepeer_json_close(out, ']');

    ngx_livepeer_json_variants(out, slot);
    ngx_livepeer_json_orchs(out, slot);
    ngx_livepeer_json_money_stream(out, slot);
    ngx_livepeer_json_close(out, '}');
}


/* what to type into an encoder; never a key */

static void
ngx_livepeer_json_apps(lp_buf_t *out, ngx_livepeer_core_conf_t *ccf)
{
    ngx_uint_t            i, k;
    lp_profile_t         *profile;
    ngx_livepeer_app_t  **app;
    ngx_livepeer_conf_t  *conf;

    app = ccf->apps.elts;
    lp_buf_put_str(out, "\"applications\":[");

    for (i = 0; i < ccf->apps.nelts; i++) {
        conf = &app[i]->stream;

        lp_buf_put_str(out, "{\"name\":");
        ngx_livepeer_json_text(out, conf->app.data, conf->app.len);
        lp_buf_put_u8(out, ',');
        ngx_livepeer_json_num(out, "port", app[i]->port);
        ngx_livepeer_json_num(out, "keyed", conf->keys != NULL);
        ngx_livepeer_json_num(out, "segment_ms", conf->segment);
        ngx_livepeer_json_num(out, "orchestrators",
                              conf->orchestrators
                              ? conf->orchestrators->nelts : 0);
        lp_buf_put_str(out, "\"profiles\":[");

        profile = conf->profiles ? conf->profiles->elts : NULL;

        for (k = 0; profile && k < conf->profiles->nelts; k++) {
            ngx_livepeer_json_text(out, (u_char *) profile[k].name,
                                   ngx_strlen(profile[k].name));
            lp_buf_put_u8(out, ',');
        }

        ngx_livepeer_json_close(out, ']');
        ngx_livepeer_json_close(out, '}');
    }

    ngx_livepeer_json_close(out, ']');
}


void
ngx_livepeer_json_put(lp_buf_t *out, ngx_http_request_t *r)
{
    ngx_uint_t                 i;
    ngx_time_t                *tp = ngx_timeofday();
    ngx_livepeer_core_conf_t  *ccf = ngx_livepeer_core_conf();

    lp_buf_put_u8(out, '{');
    ngx_livepeer_json_num(out, "now_ms", (int64_t) tp->sec * 1000 + tp->msec);
    ngx_livepeer_json_apps(out, ccf);
    ngx_livepeer_json_money_node(out);

    lp_buf_put_str(out, "\"streams\":[");

    for (i = 0;
         ccf->apps.nelts
         && ngx_livepeer_zone_copy(&ngx_livepeer_json_slot, i) == NGX_OK;
         i++)
    {
        ngx_livepeer_json_stream(out, r, &ngx_livepeer_json_slot);
    }

    ngx_livepeer_json_close(out, ']');
    ngx_livepeer_json_close(out, '}');

    if (lp_buf_status(out) == LP_OK) {
        out->data[out->len - 1] = '\n';
    }
}
