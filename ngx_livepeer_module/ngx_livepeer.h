/*
 * The types that the files of the module share: configuration, stream, seg.
 * A stream is one publish in one worker; a seg is one segment of it, and
 * owns its pool. What other workers may see lies in the zone.
 */
#ifndef NGX_LIVEPEER_H
#define NGX_LIVEPEER_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "common/crypto/keys.h"
#include "common/media/aac.h"
#include "common/media/h264.h"
#include "common/media/profile.h"
#include "common/net/wire.h"
#include "common/pm/sender.h"


#define NGX_LIVEPEER_BLOCK        (188 * 348)      /* 65424 bytes of TS */
#define NGX_LIVEPEER_NAME_MAX     64
#define NGX_LIVEPEER_ORCHS_MAX    32


typedef struct ngx_livepeer_stream_s   ngx_livepeer_stream_t;
typedef struct ngx_livepeer_seg_s      ngx_livepeer_seg_t;
typedef struct ngx_livepeer_session_s  ngx_livepeer_session_t;
typedef struct ngx_livepeer_call_s     ngx_livepeer_call_t;
typedef struct ngx_livepeer_cut_s      ngx_livepeer_cut_t;
typedef struct ngx_livepeer_hls_s      ngx_livepeer_hls_t;
typedef struct ngx_livepeer_slot_s     ngx_livepeer_slot_t;    /* zone.h */
typedef struct ngx_livepeer_bill_s     ngx_livepeer_bill_t;    /* pay.h */


/* one livepeer_orchestrator line */
typedef struct {
    ngx_str_t             url;          /* https://host:port, no slash after */
    ngx_flag_t            prefer;
    ngx_flag_t            listed;       /* it came from the registry */
    ngx_flag_t            known;        /* its address is known: */
    lp_address_t          address;
} ngx_livepeer_orch_conf_t;

/* livepeer_budget: EV of tickets in whole wei; all ones: no limit */
typedef struct {
    lp_u256_t             day;
    lp_u256_t             stream;       /* of a stream in an hour */
} ngx_livepeer_budget_t;

/* who pays, on which chain, and within which limits */
typedef struct {
    ngx_str_t             signer;       /* path of its socket */
    ngx_array_t          *rpc;          /* ngx_str_t, URLs in order */
    lp_address_t         *controller;
    ngx_uint_t            chain_id;     /* 0: whatever the signer's is */
    lp_price_t           *max_price;
    ngx_livepeer_budget_t *budget;
    lp_u256_t            *max_ticket_ev;
    lp_u256_t            *max_total_ev;
    lp_u256_t            *min_deposit;
    ngx_uint_t            max_tickets;
    ngx_uint_t            deposit_multiplier;
    ngx_uint_t            price_rise;   /* percent of the first price */
    ngx_flag_t            allow_delegated_signer;
    ngx_flag_t            allow_private;
    ngx_uint_t            on_chain;     /* signer and rpc are both there */
    lp_sender_limits_t    limits;       /* the same, for lp_sender_judge */
} ngx_livepeer_money_t;

/* one application{} with "livepeer on"; lives as long as its cycle */
typedef struct {
    ngx_flag_t            enable;
    ngx_array_t          *orchestrators;      /* ngx_livepeer_orch_conf_t */
    ngx_array_t          *profiles;           /* lp_profile_t */
    ngx_array_t          *keys;               /* ngx_str_t "name:key" or key;
                                                 NULL: no livepeer_key */
    ngx_msec_t            segment;            /* target, 2000 ms */
    ngx_msec_t            max_segment;        /* 20000: end the publish */
    size_t                max_segment_size;   /* 64m */
    size_t                max_memory;         /* segments of one worker, 512m */
    ngx_uint_t            max_streams;        /* publishers of one worker */
    ngx_uint_t            window;             /* segments in a playlist, 6 */
    ngx_msec_t            reconnect;          /* 30s until ENDLIST after a
                                                 publisher vanished */
    ngx_uint_t            attempts;           /* orchestrators a segment, 3 */
    ngx_str_t             hls_path;
    ngx_str_t             app;                /* application's name */
    ngx_livepeer_money_t  money;
} ngx_livepeer_conf_t;


typedef struct {
    lp_profile_t          profile;            /* as asked for */
    ngx_uint_t            width;              /* as it comes out */
    ngx_uint_t            height;
} ngx_livepeer_rung_t;

struct ngx_livepeer_stream_s {
    ngx_pool_t           *pool;
    ngx_log_t            *log;                /* says stream: "cam" */
    ngx_livepeer_conf_t  *conf;
    ngx_str_t             name;
    u_char                manifest[33];       /* 128 random bits in hex: the
                                                 manifest id on the wire */
    ngx_livepeer_slot_t  *slot;               /* ours in the zone ... */
    uint64_t              generation;         /* ... while this is its own */

    /* what the source is, from its headers; the cut keeps it */
    lp_h264_config_t      video;
    lp_aac_config_t       audio;
    unsigned              has_video:1;
    unsigned              has_audio:1;
    unsigned              closed:1;           /* the publisher is gone ... */
    unsigned              clean:1;            /* ... and had said so */
    unsigned              passthrough:1;      /* nothing to transcode */

    ngx_livepeer_rung_t   rungs[LP_PROFILE_MAX];
    ngx_uint_t            nrungs;             /* 0 until the size is known */

    ngx_livepeer_cut_t   *cut;
    ngx_livepeer_hls_t   *hls;
    ngx_queue_t           segs;               /* in flight, oldest first */
    ngx_queue_t           sessions;           /* ngx_livepeer_session_t */
    ngx_queue_t           queue;              /* of the worker's streams that
                                                 have sessions */
    ngx_msec_t            broke;              /* its budget was used up, last;
                                                 0: it is not */
};


/* one rendition of a seg, while it is fetched and checked */
typedef struct {
    ngx_livepeer_call_t  *call;
    ngx_chain_t          *bytes;              /* of the seg's pool */
    ngx_chain_t         **last;
    size_t                len;
    lp_hash_t             hash;
    ngx_str_t             url;
    int64_t               pixels;             /* as claimed ... */
    uint64_t              counted;            /* ... and as they are */
    unsigned              whole:1;
} ngx_livepeer_rendition_t;

typedef enum {
    seg_select = 0,
    seg_sign,
    seg_upload,
    seg_result,
    seg_fetch,
    seg_verify,
    seg_publish,
    seg_retry,
    seg_done
} ngx_livepeer_seg_state_e;

struct ngx_livepeer_seg_s {
    ngx_pool_t              *pool;
    ngx_livepeer_stream_t   *stream;
    ngx_queue_t              queue;           /* in stream->segs */

    /* made by the cut, never changed afterwards */
    uint64_t                 seq;
    int64_t                  start_90k;       /* PTS of the IDR, unwrapped */
    int64_t                  end_90k;
    ngx_uint_t               duration_ms;
    int64_t                  date_ms;         /* unix time of start */
    ngx_msec_t               ended;           /* ngx_current_msec, when the
                                                 key frame after it came */
    ngx_uint_t               frames;          /* access units */
    uint64_t                 pts_digest;      /* as lp_ts_info_t has it */
    uint64_t                 audio_bytes;     /* as lp_ts_info_t has it */
    ngx_chain_t             *bytes;           /* TS, blocks of the pool */
    size_t                   len;
    lp_hash_t                hash;
    unsigned                 discontinuity:1;
    unsigned                 audio_only:1;
    unsigned                 last:1;          /* of the stream */
    unsigned                 damaged:1;

    /* the flow: seg.c */
    ngx_livepeer_seg_state_e state;
    ngx_event_t              event;           /* wake and timer */
    ngx_livepeer_session_t  *session;
    ngx_livepeer_call_t     *call;            /* POST /segment */
    ngx_uint_t               attempts;
    uint32_t                 tried;           /* a bit for each session */
    ngx_livepeer_session_t  *accuser;         /* says that the input is bad */
    ngx_livepeer_session_t  *left;            /* failed last, for the log */
    ngx_msec_t               spent;           /* with it */
    size_t                   reserved;        /* of conf->max_memory */
    ngx_msec_t               begun;           /* this attempt */
    ngx_msec_t               arrived;         /* ngx_current_msec */
    ngx_msec_t               deadline;        /* slots are published by then */
    ngx_msec_t               uploaded;
    ngx_msec_t               answered;
    ngx_msec_t               fetched;
    ngx_livepeer_bill_t     *bill;            /* of this attempt; NULL: off
                                                 chain */
    uint32_t                 repaid;          /* a bit for each session that
                                                 was paid a second time */
    ngx_str_t                segment_header;  /* Livepeer-Segment: value */
    ngx_str_t                payment_header;  /* Livepeer-Payment: value */
    lp_arena_t               arena;           /* of the decoded result */
    lp_wire_result_t         result;
    ngx_livepeer_rendition_t renditions[LP_PROFILE_MAX];
    ngx_uint_t               nrenditions;     /* = stream->nrungs at create */
    unsigned                 late:1;          /* uploaded, no result in time */
    unsigned                 gap:1;           /* publish as a gap */
    unsigned                 anew:1;          /* refused: its session is to be
                                                 made anew, once */
    unsigned                 unpaid:1;        /* no fault of the session's */
    unsigned                 stopped:1;       /* nobody can be paid: said
                                                 once, not for each seg */
    unsigned                 listed:1;        /* renditions in the playlists */
    const char              *reason;          /* of the last failure */
};


/* the module's events on a stream: tap.c calls cut.c, cut.c calls seg.c */

/*
 * seg is whole (source made by the cut): listed in HLS, put in flight. Takes
 * the pool of seg over in every case.
 */
void ngx_livepeer_seg_start(ngx_livepeer_seg_t *seg);

/* post the seg's event: run its step once more; doubled wakes are one */
void ngx_livepeer_seg_wake(ngx_livepeer_seg_t *seg);

/*
 * The stream's last reference: called by the tap at close and by seg.c after
 * each seg; destroys the stream when it is closed and nothing is in flight.
 */
void ngx_livepeer_stream_release(ngx_livepeer_stream_t *st);


#endif /* NGX_LIVEPEER_H */
