/*
 * Steps in the times of a publisher: small ones are its jitter, large ones
 * are another time line, and one track alone is not believed at once.
 */
#include "ngx_livepeer_module/ngx_livepeer_clock.h"


#define NGX_LIVEPEER_CLOCK_FORWARD   10000       /* ms: a gap, no more */
#define NGX_LIVEPEER_CLOCK_BACK      500         /* ms: packets out of order */
#define NGX_LIVEPEER_CLOCK_PATIENCE  5000        /* ms of one track alone */


static ngx_int_t
ngx_livepeer_clock_judge(ngx_livepeer_track_t *track,
    ngx_livepeer_track_t *other, int64_t ms, ngx_msec_t now)
{
    int64_t  step, apart;

    apart = other->seen ? ms - other->ms : 0;

    if (track->seen) {
        step = ms - track->ms;

        if (step >= 0 && step <= NGX_LIVEPEER_CLOCK_FORWARD) {
            return NGX_OK;
        }

        if (step < 0 && step >= -NGX_LIVEPEER_CLOCK_BACK) {
            return NGX_DECLINED;
        }

        /* it was silent while the other one went on */

        if (step > 0 && other->seen && !other->away
            && apart <= NGX_LIVEPEER_CLOCK_FORWARD)
        {
            return NGX_OK;
        }

    } else if (!other->seen
               || (apart <= NGX_LIVEPEER_CLOCK_FORWARD
                   && apart >= -NGX_LIVEPEER_CLOCK_FORWARD))
    {
        return NGX_OK;
    }

    if (!other->seen || other->away) {
        return NGX_ABORT;
    }

    if (!track->away) {
        track->away = 1;
        track->jumped = now;
    }

    return now - track->jumped > NGX_LIVEPEER_CLOCK_PATIENCE ? NGX_ABORT
                                                             : NGX_DECLINED;
}


ngx_int_t
ngx_livepeer_clock_time(ngx_livepeer_clock_t *clock,
    ngx_livepeer_track_t *track, ngx_livepeer_track_t *other, int64_t *ms,
    uint32_t time, ngx_msec_t now)
{
    ngx_int_t  rc;

    if (!clock->started) {
        clock->started = 1;
        clock->ms = time;
    }

    *ms = clock->ms + (int32_t) (time - (uint32_t) clock->ms);

    rc = ngx_livepeer_clock_judge(track, other, *ms, now);

    if (rc == NGX_DECLINED) {
        return rc;
    }

    if (rc == NGX_ABORT) {
        other->seen = 0;
        other->away = 0;
    }

    track->ms = *ms;
    track->seen = 1;
    track->away = 0;
    clock->ms = *ms;

    return rc;
}
