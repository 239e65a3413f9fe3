/*
 * The variants of a slot and their windows. Numbers only, no files: all of
 * this happens under the lock of the zone.
 */
#ifndef NGX_LIVEPEER_VARIANT_H
#define NGX_LIVEPEER_VARIANT_H


#include "ngx_livepeer_module/ngx_livepeer_zone.h"


/* NULL: there is none of that name */
ngx_livepeer_variant_t *ngx_livepeer_variant_find(ngx_livepeer_slot_t *slot,
    const char *name);

/* one that begins with segment seq; NULL: the slot has no room */
ngx_livepeer_variant_t *ngx_livepeer_variant_add(ngx_livepeer_slot_t *slot,
    const char *name, uint64_t seq);

/* what a playlist says of seg */
void ngx_livepeer_variant_entry(lp_m3u8_segment_t *s, ngx_livepeer_seg_t *seg,
    ngx_uint_t gap);

/* the next segment; at most max stay */
void ngx_livepeer_variant_push(ngx_livepeer_variant_t *v, ngx_uint_t max,
    const lp_m3u8_segment_t *s);

/*
 * Up to seq, what this variant has missed (a publisher came back before all
 * was transcoded) becomes gaps.
 */
void ngx_livepeer_variant_fill(ngx_livepeer_slot_t *slot,
    ngx_livepeer_variant_t *v, uint64_t seq);

/* the rates of a segment that has len bytes in this variant */
void ngx_livepeer_variant_measure(ngx_livepeer_variant_t *v,
    ngx_livepeer_seg_t *seg, size_t len);

/* bits per second over all segments */
uint64_t ngx_livepeer_variant_average(ngx_livepeer_variant_t *v);

/* 1: worth a line in the master playlist */
ngx_uint_t ngx_livepeer_variant_listed(ngx_livepeer_variant_t *v);


#endif /* NGX_LIVEPEER_VARIANT_H */
