/*
 * What all workers see: one slot for each stream name, in shared memory. It
 * outlives the publisher, so that one who comes back, on any worker, goes on
 * with the numbers where the last one stopped; and the status page reads it.
 * Of money only figures lie here. Source: threats.md T-66, T-69; media.md 6.1.
 */
#ifndef NGX_LIVEPEER_ZONE_H
#define NGX_LIVEPEER_ZONE_H


#include "common/media/m3u8.h"
#include "ngx_livepeer_module/ngx_livepeer_ledger.h"


#define NGX_LIVEPEER_SLOTS         256           /* stream names at a time */
#define NGX_LIVEPEER_WINDOW_MAX    32            /* segments of a playlist */
#define NGX_LIVEPEER_VARIANTS_MAX  (LP_PROFILE_MAX + 1)
#define NGX_LIVEPEER_ORCH_URL_MAX  128
#define NGX_LIVEPEER_REASON_MAX    128
#define NGX_LIVEPEER_HLS_PATH_MAX  (NGX_MAX_PATH / 16)


/* facts about a source that the page turns into sentences; bits */
#define NGX_LIVEPEER_ADVICE_LONG_GOP     0x01    /* keyframe interval */
#define NGX_LIVEPEER_ADVICE_VFR          0x02
#define NGX_LIVEPEER_ADVICE_NO_AUDIO     0x04
#define NGX_LIVEPEER_ADVICE_AUDIO_CODEC  0x08    /* dropped */
#define NGX_LIVEPEER_ADVICE_VIDEO_CODEC  0x10
#define NGX_LIVEPEER_ADVICE_PIXFMT       0x20
#define NGX_LIVEPEER_ADVICE_NO_VIDEO     0x40
#define NGX_LIVEPEER_ADVICE_UPSCALE      0x80    /* rungs left out */
#define NGX_LIVEPEER_ADVICE_NO_ORCH      0x100   /* nobody transcodes */
#define NGX_LIVEPEER_ADVICE_DAMAGED      0x200
#define NGX_LIVEPEER_ADVICE_BUDGET       0x400   /* of the stream: used up */


/* one variant's window: variants[0] is the source */
typedef struct {
    char               name[LP_PROFILE_NAME_MAX + 1];
    uint32_t           width, height, fps_milli;
    uint64_t           peak_bps;
    uint64_t           bytes;                     /* of all segments */
    uint64_t           duration_90k;
    char               video_codec[12];
    uint64_t           media_sequence;            /* of window[0] */
    uint64_t           discontinuity_sequence;
    uint32_t           n;
    uint32_t           gaps;                      /* in a row */
    uint64_t           gaps_total;
    lp_m3u8_segment_t  window[NGX_LIVEPEER_WINDOW_MAX];
} ngx_livepeer_variant_t;

/* one orchestrator as this stream's worker sees it, for the page */
typedef struct {
    char               url[NGX_LIVEPEER_ORCH_URL_MAX];
    uint64_t           segments;
    uint64_t           failures;
    uint32_t           rtt_ms;                    /* last segment */
    uint32_t           realtime_milli;            /* rtt / duration * 1000 */
    uint32_t           in_flight;
    uint8_t            suspended;
    char               last_error[64];            /* a fixed sentence */
    lp_address_t       address;                   /* zero: not known */
    lp_price_t         price;                     /* den 0: none */
    lp_u256_t          face_value;                /* of its tickets, wei; 0:
                                                     none are asked for */
    lp_u256_t          win_prob;
    lp_money_t         balance;                   /* paid and not used */
    uint8_t            listed;                    /* it came from the registry:
                                                     its URL is a stranger's */
    uint64_t           tickets;
    lp_money_t         ev;                        /* of the tickets */
    lp_money_t         fee;                       /* of verified pixels */
    uint64_t           unpaid_pixels;
} ngx_livepeer_orch_stat_t;

struct ngx_livepeer_slot_s {
    uint32_t           used;
    ngx_pid_t          owner;                     /* 0: nobody publishes */
    uint64_t           generation;                /* +1 with each owner */
    char               name[NGX_LIVEPEER_NAME_MAX + 1];
    char               app[NGX_LIVEPEER_NAME_MAX + 1];
    char               hls_path[NGX_LIVEPEER_HLS_PATH_MAX];
    int64_t            started_ms, last_ms;       /* unix time */
    uint64_t           next_seq;
    int64_t            end_90k;                   /* where the last one ended */
    uint32_t           target_s;                  /* fixed at first */
    uint8_t            ended;                     /* ENDLIST written */
    uint8_t            playable;                  /* there is a master */
    uint8_t            pending_discontinuity;

    uint32_t           advice;                    /* NGX_LIVEPEER_ADVICE_ */
    uint32_t           width, height, fps_milli;
    uint32_t           gop_ms;                    /* last distance of IDRs */
    uint32_t           waiting_ms;                /* since the last IDR */
    char               audio_codec[12];
    uint64_t           bytes_in, bitrate_bps;
    uint64_t           segments, renditions, missed, retries;
    uint32_t           rtt_ms, publish_ms;        /* last segment */
    uint32_t           rtt_ring[64], publish_ring[64];      /* last 64, ms */
    uint32_t           nring;

    uint32_t           nvariants;
    ngx_livepeer_variant_t    variants[NGX_LIVEPEER_VARIANTS_MAX];
    uint32_t           norchs;
    ngx_livepeer_orch_stat_t  orchs[NGX_LIVEPEER_ORCHS_MAX];

    uint8_t            ts[7];                     /* the muxer's counters */
    uint64_t           discontinuities;           /* of all segments so far */
    lp_hash_t          key;                       /* of the key it came with */
    uint32_t           window;                    /* segments of a playlist */
    uint64_t           reconnect_ms;
    int64_t            closed_ms;                 /* 0: being published */
    char               reason[NGX_LIVEPEER_REASON_MAX];   /* of a refusal or
                                                     an end; fixed sentences */
    int64_t            hour;                      /* UTC, since 1970 ... */
    lp_money_t         hour_ev;                   /* ... and tickets in it */
    lp_u256_t          hourly;                    /* wei that an hour costs as
                                                     the last segments did */
    ngx_msec_t         hourly_at;                 /* when that was; 0: never */
};


/* why a publisher was turned away: fixed, so that metrics stay bounded */
#define NGX_LIVEPEER_REFUSED_MAP(XX)                                          \
    XX(NAME,     "name")                                                      \
    XX(KEY,      "key")                                                       \
    XX(KEYLESS,  "no_key_configured")                                         \
    XX(BUSY,     "already_published")                                         \
    XX(STREAMS,  "too_many_streams")                                          \
    XX(CODEC,    "codec")                                                     \
    XX(GOP,      "segment_too_long")                                          \
    XX(TIMES,    "times_jump")                                                \
    XX(MEMORY,   "memory")                                                    \
    XX(STORAGE,  "storage")

#define NGX_LIVEPEER_REFUSED_ENUM(name, label)  NGX_LIVEPEER_REFUSED_##name,

typedef enum {
    NGX_LIVEPEER_REFUSED_MAP(NGX_LIVEPEER_REFUSED_ENUM)
    NGX_LIVEPEER_NREFUSED
} ngx_livepeer_refused_e;

/* of all workers since the start; changed by ngx_atomic_fetch_add */
typedef struct {
    ngx_atomic_t       swept;                     /* 1: no files of a life
                                                     before this zone */
    ngx_atomic_t       publishes;
    ngx_atomic_t       refused[NGX_LIVEPEER_NREFUSED];
    ngx_atomic_t       segment_memory;            /* bytes in segments now */
} ngx_livepeer_totals_t;


/*
 * Take the name: the slot it had, or a new one. NGX_BUSY: another live
 * worker's publisher holds it and newer is 0; NGX_DECLINED: all slots are
 * taken. With newer set (the same key proved) the old owner is fenced: its
 * generation no longer matches and its writes are refused.
 */
ngx_int_t ngx_livepeer_zone_acquire(ngx_livepeer_slot_t **slot,
    uint64_t *generation, ngx_str_t *app, ngx_str_t *name, ngx_uint_t newer);

/* owner 0; the slot stays until the sweep of hls.c has ended and freed it */
void ngx_livepeer_zone_release(ngx_livepeer_slot_t *slot,
    uint64_t generation);

/* 1 while generation still owns the slot */
ngx_uint_t ngx_livepeer_zone_owns(ngx_livepeer_slot_t *slot,
    uint64_t generation);

/* the i-th used slot, copied under the lock; NGX_DONE after the last */
ngx_int_t ngx_livepeer_zone_copy(ngx_livepeer_slot_t *to, ngx_uint_t i);

/* 1 when the slot of that name was taken with this key; never waits */
ngx_uint_t ngx_livepeer_zone_same_key(ngx_str_t *app, ngx_str_t *name,
    const lp_hash_t *key);

/* slot i, used or not; i < NGX_LIVEPEER_SLOTS. To be read under the lock */
ngx_livepeer_slot_t *ngx_livepeer_zone_slot(ngx_uint_t i);

/* ours, whoever had it; the new generation. Under the lock */
uint64_t ngx_livepeer_zone_claim(ngx_livepeer_slot_t *slot);

/* 1 while the process that owns it lives; under the lock */
ngx_uint_t ngx_livepeer_zone_owned(ngx_livepeer_slot_t *slot);

ngx_livepeer_totals_t *ngx_livepeer_zone_totals(void);

/* what all workers know about money: under the lock */
ngx_livepeer_ledger_t *ngx_livepeer_zone_ledger(void);

/* under the lock; short, no I/O in between */
void ngx_livepeer_zone_lock(void);
void ngx_livepeer_zone_unlock(void);

/* the row of an orchestrator in a slot, made at first; NULL when full */
ngx_livepeer_orch_stat_t *ngx_livepeer_zone_orch(ngx_livepeer_slot_t *slot,
    ngx_str_t *url);

/* directive time: the zone is added to the cycle once */
ngx_int_t ngx_livepeer_zone_add(ngx_conf_t *cf);


#endif /* NGX_LIVEPEER_ZONE_H */
