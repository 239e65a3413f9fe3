/*
 * Windows of playlists. A variant's numbers are always the source's, and so
 * are the places of its discontinuities.
 */
#include "ngx_livepeer_module/ngx_livepeer_variant.h"


#define NGX_LIVEPEER_VARIANT_GAPS  3       /* in a row: out of the master */


ngx_livepeer_variant_t *
ngx_livepeer_variant_find(ngx_livepeer_slot_t *slot, const char *name)
{
    ngx_uint_t  i;

    for (i = 0; i < slot->nvariants; i++) {
        if (ngx_strcmp(slot->variants[i].name, name) == 0) {
            return &slot->variants[i];
        }
    }

    return NULL;
}


/* discontinuities of the stream before segment seq */

static uint64_t
ngx_livepeer_variant_discontinuities(ngx_livepeer_slot_t *slot, uint64_t seq)
{
    uint64_t                 n;
    ngx_uint_t               i;
    ngx_livepeer_variant_t  *source;

    if (slot->nvariants == 0) {
        return slot->discontinuities;
    }

    source = &slot->variants[0];
    n = source->discontinuity_sequence;

    for (i = 0; i < source->n && source->window[i].seq < seq; i++) {
        n += source->window[i].discontinuity;
    }

    return n;
}


ngx_livepeer_variant_t *
ngx_livepeer_variant_add(ngx_livepeer_slot_t *slot, const char *name,
    uint64_t seq)
{
    uint64_t                 before;
    ngx_livepeer_variant_t  *v;

    if (slot->nvariants == NGX_LIVEPEER_VARIANTS_MAX) {
        return NULL;
    }

    before = ngx_livepeer_variant_discontinuities(slot, seq);

    v = &slot->variants[slot->nvariants++];
    ngx_memzero(v, sizeof(ngx_livepeer_variant_t));
    ngx_cpystrn((u_char *) v->name, (u_char *) name, sizeof(v->name));
    v->media_sequence = seq;
    v->discontinuity_sequence = before;

    return v;
}


void
ngx_livepeer_variant_push(ngx_livepeer_variant_t *v, ngx_uint_t max,
    const lp_m3u8_segment_t *s)
{
    while (v->n && v->n >= max) {
        v->discontinuity_sequence += v->window[0].discontinuity;
        v->media_sequence++;
        v->n--;
        ngx_memmove(&v->window[0], &v->window[1],
                    v->n * sizeof(lp_m3u8_segment_t));
    }

    v->window[v->n++] = *s;

    if (s->gap) {
        v->gaps++;
        v->gaps_total++;

    } else {
        v->gaps = 0;
    }
}


void
ngx_livepeer_variant_fill(ngx_livepeer_slot_t *slot, ngx_livepeer_variant_t *v,
    uint64_t seq)
{
    uint64_t                 next;
    ngx_uint_t               i;
    lp_m3u8_segment_t        s;
    ngx_livepeer_variant_t  *source = &slot->variants[0];

    next = v->media_sequence + v->n;

    for (i = 0; i < source->n && source->window[i].seq < seq; i++) {

        if (source->window[i].seq == next) {
            s = source->window[i];
            s.gap = 1;
            ngx_livepeer_variant_push(v, slot->window, &s);
            next++;
        }
    }

    if (next != seq) {
        v->n = 0;
        v->media_sequence = seq;
        v->discontinuity_sequence = ngx_livepeer_variant_discontinuities(slot,
                                                                     seq);
    }
}


void
ngx_livepeer_variant_measure(ngx_livepeer_variant_t *v,
    ngx_livepeer_seg_t *seg, size_t len)
{
    uint64_t  duration, bps;

    duration = (uint64_t) ngx_max(seg->end_90k - seg->start_90k, 1);
    bps = (uint64_t) len * 8 * 90000 / duration;

    /* the last bit of a stream is mostly a key frame, and tells nothing */

    if (bps > v->peak_bps
        && (v->peak_bps == 0 || duration >= seg->stream->conf->segment * 45))
    {
        v->peak_bps = bps;
    }

    v->bytes += len;
    v->duration_90k += duration;
}


void
ngx_livepeer_variant_entry(lp_m3u8_segment_t *s, ngx_livepeer_seg_t *seg,
    ngx_uint_t gap)
{
    ngx_memzero(s, sizeof(lp_m3u8_segment_t));
    s->seq = seg->seq;
    s->duration_90k = (uint64_t) ngx_max(seg->end_90k - seg->start_90k, 0);
    s->date_ms = seg->date_ms;
    s->discontinuity = seg->discontinuity;
    s->gap = gap ? 1 : 0;
}


ngx_uint_t
ngx_livepeer_variant_listed(ngx_livepeer_variant_t *v)
{
    return v->n && v->peak_bps && v->gaps < NGX_LIVEPEER_VARIANT_GAPS;
}


uint64_t
ngx_livepeer_variant_average(ngx_livepeer_variant_t *v)
{
    return v->duration_90k ? v->bytes * 8 * 90000 / v->duration_90k : 0;
}
