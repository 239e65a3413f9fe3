/*
 * A stream's numbers in its slot: each function is one short visit under the
 * lock.
 */
#include "ngx_livepeer_module/ngx_livepeer_figures.h"


/* the slot, locked; NULL when it is somebody else's */

static ngx_livepeer_slot_t *
ngx_livepeer_figures_lock(ngx_livepeer_stream_t *st)
{
    ngx_livepeer_zone_lock();

    if (ngx_livepeer_zone_owns(st->slot, st->generation)) {
        return st->slot;
    }

    ngx_livepeer_zone_unlock();

    return NULL;
}


void
ngx_livepeer_figures_advise(ngx_livepeer_stream_t *st, uint32_t on,
    uint32_t off)
{
    ngx_livepeer_slot_t  *slot;

    slot = ngx_livepeer_figures_lock(st);

    if (slot) {
        slot->advice = (slot->advice & ~off) | on;
        ngx_livepeer_zone_unlock();
    }
}


/* frames in a second, in thousandths: the SPS's number, when it is true */

static uint32_t
ngx_livepeer_figures_fps(ngx_livepeer_stream_t *st, ngx_livepeer_open_t *o)
{
    uint64_t        fps, said;
    lp_h264_sps_t  *sps = &st->video.sps;

    if (o->seg->audio_only || o->end <= o->start) {
        return 0;
    }

    fps = (uint64_t) o->seg->frames * 90000000
          / (uint64_t) (o->end - o->start);

    if (sps->fps_den) {
        said = (uint64_t) sps->fps_num * 1000 / sps->fps_den;

        if (fps * 50 > said * 49 && fps * 50 < said * 51) {
            return (uint32_t) said;
        }
    }

    return (uint32_t) fps;
}


/*
 * The counters of packets go on across publishers, too (TS3). Video of the
 * next segment may be out already, its audio never is.
 */

static void
ngx_livepeer_figures_keep(ngx_livepeer_slot_t *slot, const lp_tsmux_t *m,
    uint8_t cc_audio)
{
    slot->ts[0] = m->cc_pat;
    slot->ts[1] = m->cc_pmt;
    slot->ts[2] = m->cc_video;
    slot->ts[3] = cc_audio;
    slot->ts[4] = m->pmt_version;
    slot->ts[5] = m->video_type;
    slot->ts[6] = m->audio_type;
}


void
ngx_livepeer_figures_resume(ngx_livepeer_stream_t *st, lp_tsmux_t *m)
{
    ngx_livepeer_slot_t  *slot = st->slot;

    m->cc_pat = slot->ts[0];
    m->cc_pmt = slot->ts[1];
    m->cc_video = slot->ts[2];
    m->cc_audio = slot->ts[3];
    m->pmt_version = slot->ts[4];
    m->video_type = slot->ts[5];
    m->audio_type = slot->ts[6];
}


ngx_int_t
ngx_livepeer_figures_segment(ngx_livepeer_stream_t *st,
    ngx_livepeer_open_t *o, uint8_t cc_audio, uint32_t on, uint32_t off)
{
    ngx_livepeer_slot_t  *slot;

    slot = ngx_livepeer_figures_lock(st);
    if (slot == NULL) {
        return NGX_DECLINED;
    }

    o->seg->seq = slot->next_seq++;

    slot->end_90k = o->seg->end_90k;
    slot->segments++;
    slot->fps_milli = ngx_livepeer_figures_fps(st, o);
    slot->advice = (slot->advice & ~off) | on;
    ngx_livepeer_figures_keep(slot, &o->mux, cc_audio);

    /* one sentence about audio is enough */

    if (slot->advice & NGX_LIVEPEER_ADVICE_AUDIO_CODEC) {
        slot->advice &= ~NGX_LIVEPEER_ADVICE_NO_AUDIO;
    }

    ngx_livepeer_zone_unlock();

    return NGX_OK;
}


void
ngx_livepeer_figures_rate(ngx_livepeer_stream_t *st, uint64_t bytes,
    uint64_t bps, int64_t waiting_ms)
{
    ngx_livepeer_slot_t  *slot;

    slot = ngx_livepeer_figures_lock(st);
    if (slot == NULL) {
        return;
    }

    slot->bytes_in = bytes;
    slot->bitrate_bps = slot->bitrate_bps ? (slot->bitrate_bps * 3 + bps) / 4
                                          : bps;
    slot->last_ms = (int64_t) ngx_time() * 1000;
    slot->waiting_ms = (uint32_t) ngx_max(waiting_ms, 0);

    if (waiting_ms > 2 * (int64_t) st->conf->segment) {
        slot->advice |= NGX_LIVEPEER_ADVICE_LONG_GOP;
    }

    ngx_livepeer_zone_unlock();
}


void
ngx_livepeer_figures_idr(ngx_livepeer_stream_t *st, uint32_t gop_ms)
{
    ngx_livepeer_slot_t  *slot;

    slot = ngx_livepeer_figures_lock(st);
    if (slot == NULL) {
        return;
    }

    slot->waiting_ms = 0;

    if (gop_ms) {
        slot->gop_ms = gop_ms;

        if (gop_ms <= 2 * st->conf->segment) {
            slot->advice &= ~NGX_LIVEPEER_ADVICE_LONG_GOP;

        } else {
            slot->advice |= NGX_LIVEPEER_ADVICE_LONG_GOP;
        }
    }

    ngx_livepeer_zone_unlock();
}


void
ngx_livepeer_figures_video(ngx_livepeer_stream_t *st)
{
    ngx_livepeer_slot_t  *slot;

    slot = ngx_livepeer_figures_lock(st);

    if (slot) {
        slot->width = st->video.sps.width;
        slot->height = st->video.sps.height;
        ngx_livepeer_zone_unlock();
    }
}


void
ngx_livepeer_figures_audio(ngx_livepeer_stream_t *st)
{
    ngx_livepeer_slot_t  *slot;

    slot = ngx_livepeer_figures_lock(st);

    if (slot) {
        lp_aac_codec(slot->audio_codec, &st->audio);
        slot->advice &= ~NGX_LIVEPEER_ADVICE_AUDIO_CODEC;
        ngx_livepeer_zone_unlock();
    }
}
