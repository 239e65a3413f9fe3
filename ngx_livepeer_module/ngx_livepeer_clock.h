/*
 * RTMP's 32-bit milliseconds to one line without wraps, and the judgement on
 * steps in it. Times are kept as they came, nothing is smoothed. Source:
 * media.md 1.2.
 */
#ifndef NGX_LIVEPEER_CLOCK_H
#define NGX_LIVEPEER_CLOCK_H


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    int64_t      ms;                          /* last one accepted */
    ngx_msec_t   jumped;                      /* since when it is elsewhere */
    unsigned     seen:1;
    unsigned     away:1;                      /* jumped is set */
} ngx_livepeer_track_t;

typedef struct {
    ngx_livepeer_track_t  video;
    ngx_livepeer_track_t  audio;
    int64_t               ms;                 /* last one of either */
    unsigned              started:1;
} ngx_livepeer_clock_t;


/*
 * *ms: the time of a packet of track (of clock), other being the other one.
 * NGX_OK; NGX_DECLINED: drop the packet; NGX_ABORT: the packet counts, and
 * with it a new time line begins.
 */
ngx_int_t ngx_livepeer_clock_time(ngx_livepeer_clock_t *clock,
    ngx_livepeer_track_t *track, ngx_livepeer_track_t *other, int64_t *ms,
    uint32_t time, ngx_msec_t now);


#endif /* NGX_LIVEPEER_CLOCK_H */
