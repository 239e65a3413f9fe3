/*
 * The engine: one session at a time, kept warm. A job goes in with its
 * source, renditions come out: decode once, encode N (media.md 2).
 */
#ifndef TC_ENGINE_H
#define TC_ENGINE_H


#include "common/net/jobs.h"
#include "common/util/log.h"
#include "orchestrator/transcoder/crew.h"
#include "orchestrator/transcoder/decode.h"
#include "orchestrator/transcoder/rung.h"
#include "orchestrator/transcoder/source.h"


typedef struct {
    char      encoder[32];                 /* "auto", "libx264", "h264_nvenc" */
    char      preset[32];                  /* of libx264 */
    char      drain[16];                   /* "auto", "flush", "sentinel" */
    unsigned  gpu;                         /* index */
    uint32_t  threads;                     /* 0: one for each rung */
    uint32_t  max_duration_ms;             /* longer only if the deadline is */
    size_t    max_bytes;                   /* of a source */
    uint64_t  max_pixels;                  /* of a job that sets no budget */
} tc_engine_conf_t;

typedef struct {
    tc_engine_conf_t    conf;
    const lp_log_t     *log;
    const char         *encoder;           /* the one that was chosen */
    const char         *preset;
    char                why[256];          /* why that one */
    struct AVBufferRef *device;            /* GPU, or NULL */

    uint8_t             session[LP_JOBS_SESSION_LEN];
    uint8_t             warm;              /* the contexts are session's */
    tc_source_t         source;
    tc_decode_t         decode;
    tc_rung_t           rungs[LP_PROFILE_MAX];
    tc_crew_t           crew;
    tc_watch_t          watch;
} tc_engine_t;


void tc_engine_conf_init(tc_engine_conf_t *conf);

/*
 * Try out encoders and keep the best that works; the reason a step failed is
 * logged once. LP_UNSUPPORTED: none works, or not the one asked for. conf and
 * log stay the caller's, log must outlive e.
 */
lp_status_t tc_engine_open(tc_engine_t *e, const tc_engine_conf_t *conf,
    const lp_log_t *log);
void tc_engine_close(tc_engine_t *e);

/*
 * Do one job. res is filled whatever happens; on LP_OK rendition i is
 * e->rungs[i].out until the next call. After any other status nothing of the
 * session is left in memory (T-52).
 */
void tc_engine_run(tc_engine_t *e, lp_jobs_result_t *res,
    const lp_jobs_job_t *job, const uint8_t *source);

/* the session is over: drop what is warm if it belongs to it */
void tc_engine_end(tc_engine_t *e,
    const uint8_t session[LP_JOBS_SESSION_LEN]);


#endif /* TC_ENGINE_H */
