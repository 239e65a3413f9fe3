/*
 * The cut from inside, for its three files: cut.c has the segments, and
 * cut_video.c and cut_audio.c bring them their frames.
 */
#ifndef NGX_LIVEPEER_CUT_STATE_H
#define NGX_LIVEPEER_CUT_STATE_H


#include "common/media/tsmux.h"
#include "ngx_livepeer_module/ngx_livepeer_audio.h"
#include "ngx_livepeer_module/ngx_livepeer_clock.h"
#include "ngx_livepeer_module/ngx_livepeer_cut.h"
#include "ngx_livepeer_module/ngx_livepeer_open.h"


#define NGX_LIVEPEER_CUT_SILENT   3              /* segments without audio */


/* times are 90 kHz of the source's line, unless said otherwise */

struct ngx_livepeer_cut_s {
    lp_tsmux_t             mux;
    ngx_livepeer_clock_t   clock;
    ngx_livepeer_audio_t  *audio;                /* NULL until there is one */
    ngx_livepeer_open_t    open;
    ngx_livepeer_open_t    closing;
    ngx_livepeer_open_t   *sink;                 /* where packets go */
    ngx_event_t            hold;

    int64_t                base;
    int64_t                line_end;             /* as viewers see it */
    int64_t                line_dts;             /* last one written, too */
    int64_t                last_dts;
    int64_t                shift;                /* DTS are earlier by that */
    int64_t                last_idr;
    int64_t                since_ms;             /* when the wait for the next
                                                    IDR began */
    int64_t                frame_90k;            /* the usual distance */
    int64_t                date_start;           /* what date_ms stands for */
    int64_t                date_ms;

    ngx_uint_t             silent;               /* segments in a row */
    ngx_uint_t             uneven;
    uint64_t               bytes;
    uint64_t               stat_bytes;
    ngx_msec_t             stat_at;
    ngx_uint_t             jumps;                /* new time lines lately */
    ngx_msec_t             line_at;              /* when the last one began */
    ngx_livepeer_end_t     end;                  /* the first failure */

    unsigned               expect_video:1;
    unsigned               expect_audio:1;
    unsigned               new_line:1;           /* base is to be chosen */
    unsigned               discontinuity:1;      /* the next segment has it */
    unsigned               force:1;              /* cut at the next IDR */
    unsigned               audio_only:1;
    unsigned               idr_seen:1;
    unsigned               since_set:1;
    unsigned               paced:1;              /* frame_90k is measured */
    unsigned               warned:1;
    unsigned               audio_refused:1;
};


/* the first failure is the one that is told; always NGX_ERROR */
ngx_int_t ngx_livepeer_cut_fail(ngx_livepeer_stream_t *st,
    ngx_livepeer_end_t *end, ngx_livepeer_refused_e label, const char *why);

/* a segment begins with an IDR, or with an audio frame */
ngx_int_t ngx_livepeer_cut_begin(ngx_livepeer_stream_t *st, int64_t pts,
    int64_t dts);

/*
 * The open segment ends where the next one begins. With wait, and as long as
 * audio older than that may come, it stays for a while as the closing one.
 */
ngx_int_t ngx_livepeer_cut_end(ngx_livepeer_stream_t *st, int64_t end,
    ngx_uint_t wait);

/* all audio before limit has come */
ngx_uint_t ngx_livepeer_cut_has_audio(ngx_livepeer_stream_t *st,
    int64_t limit);

/* a segment that waits for audio takes what there is, and waits no longer */
ngx_int_t ngx_livepeer_cut_settle(ngx_livepeer_stream_t *st, ngx_uint_t last);

/* o is whole: off it goes */
void ngx_livepeer_cut_finish(ngx_livepeer_stream_t *st,
    ngx_livepeer_open_t *o, ngx_uint_t last);

/* queued audio before limit goes into o */
ngx_int_t ngx_livepeer_cut_flush(ngx_livepeer_stream_t *st,
    ngx_livepeer_open_t *o, int64_t limit);

/* the publisher's times are others from here on */
ngx_int_t ngx_livepeer_cut_new_line(ngx_livepeer_stream_t *st,
    ngx_livepeer_end_t *end);

/* has the wait for a keyframe become too long? And figures, now and then */
ngx_int_t ngx_livepeer_cut_check_length(ngx_livepeer_stream_t *st,
    ngx_livepeer_end_t *end);

/* what source.c has said of new headers; passes NGX_DECLINED on */
ngx_int_t ngx_livepeer_cut_headers(ngx_livepeer_cut_t *cut, ngx_int_t rc);


#endif /* NGX_LIVEPEER_CUT_STATE_H */
