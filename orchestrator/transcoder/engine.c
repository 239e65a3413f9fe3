/*
 * One job: read and count the source, plan the rungs, weigh the work against
 * the budget, and only then decode. The decoder runs in this thread, rungs
 * in their own.
 */
#include "orchestrator/transcoder/engine.h"

#include <stdio.h>
#include <string.h>

#include <sys/resource.h>

#include "orchestrator/transcoder/gpu.h"


#define TC_WALL_MS_MIN      8000            /* and 4 durations: T-48 */
#define TC_NVENC_PRESET     "p4"
#define TC_AUDIO_PES_MAX    65536
#define TC_BUDGET_PIXELS    UINT64_C(20000000000)

/* x264 takes about 88 bytes for each pixel of a picture: 1.4 GiB of the 2 */
#define TC_PICTURES_MAX     UINT64_C(16777216)


static lp_status_t tc_engine_choose_gpu(tc_engine_t *e);
static lp_status_t tc_engine_judge(const tc_engine_t *e,
    const lp_jobs_job_t *job);
static lp_status_t tc_engine_session(tc_engine_t *e,
    const lp_jobs_job_t *job);
static lp_status_t tc_engine_segment(tc_engine_t *e,
    const lp_jobs_job_t *job, const uint8_t *source);
static lp_status_t tc_engine_plan(tc_engine_t *e, const lp_jobs_job_t *job);
static lp_status_t tc_engine_transcode(tc_engine_t *e, uint32_t nrungs);
static lp_status_t tc_engine_frame(void *ctx, struct AVFrame *frame,
    int64_t pts);
static void tc_engine_reset(tc_engine_t *e);
static void tc_engine_report(const tc_engine_t *e, lp_jobs_result_t *res,
    const lp_jobs_job_t *job);
static uint64_t tc_engine_cpu_us(void);


void
tc_engine_conf_init(tc_engine_conf_t *conf)
{
    memset(conf, 0, sizeof(*conf));
    strcpy(conf->encoder, "auto");
    strcpy(conf->preset, "veryfast");
    strcpy(conf->drain, "auto");
    conf->max_duration_ms = TC_DURATION_MS;
    conf->max_bytes = LP_TS_MAX_BYTES;
    conf->max_pixels = TC_BUDGET_PIXELS;
}


lp_status_t
tc_engine_open(tc_engine_t *e, const tc_engine_conf_t *conf,
    const lp_log_t *log)
{
    uint32_t     i;
    lp_status_t  rc;

    memset(e, 0, sizeof(*e));
    e->conf = *conf;
    e->log = log;
    tc_source_init(&e->source);

    for (i = 0; i < LP_PROFILE_MAX; i++) {
        tc_rung_init(&e->rungs[i]);
    }

    if (strcmp(conf->encoder, "libx264") != 0) {

        if (tc_engine_choose_gpu(e) == LP_OK) {
            return LP_OK;
        }

        lp_log(log, LP_LOG_INFO, "no h264_nvenc: %s", e->why);

        if (strcmp(conf->encoder, "auto") != 0) {
            return LP_UNSUPPORTED;
        }
    }

    rc = tc_encode_probe("libx264", conf->preset, NULL, e->why,
                         sizeof(e->why));
    if (rc != LP_OK) {
        lp_log(log, LP_LOG_ERROR, "no libx264: %s", e->why);
        return LP_UNSUPPORTED;
    }

    e->encoder = "libx264";
    e->preset = e->conf.preset;

    if (strcmp(conf->encoder, "libx264") == 0) {
        strcpy(e->why, "asked for");
    }

    return LP_OK;
}


static lp_status_t
tc_engine_choose_gpu(tc_engine_t *e)
{
    char         name[128];
    lp_status_t  rc;

    rc = tc_gpu_probe(e->conf.gpu, e->why, sizeof(e->why));

    if (rc != LP_OK) {
        return rc;
    }

    snprintf(name, sizeof(name), "%.127s", e->why);
    e->device = tc_decode_device_open(e->conf.gpu, e->why, sizeof(e->why));

    if (e->device == NULL) {
        return LP_UNSUPPORTED;
    }

    rc = tc_encode_probe("h264_nvenc", TC_NVENC_PRESET, e->device, e->why,
                         sizeof(e->why));
    if (rc != LP_OK) {
        tc_decode_device_close(&e->device);
        return rc;
    }

    e->encoder = "h264_nvenc";
    e->preset = TC_NVENC_PRESET;
    snprintf(e->why, sizeof(e->why), "GPU %u, %s", e->conf.gpu, name);

    return LP_OK;
}


void
tc_engine_close(tc_engine_t *e)
{
    tc_engine_reset(e);
    tc_source_done(&e->source);
    tc_decode_device_close(&e->device);
}


void
tc_engine_run(tc_engine_t *e, lp_jobs_result_t *res,
    const lp_jobs_job_t *job, const uint8_t *source)
{
    int64_t      start;
    uint64_t     cpu, wall_ms;
    lp_status_t  rc;

    start = tc_watch_now();
    cpu = tc_engine_cpu_us();
    wall_ms = job->deadline_ms;

    if (wall_ms == 0) {
        wall_ms = UINT64_C(4) * job->duration_ms;
        wall_ms = wall_ms > TC_WALL_MS_MIN ? wall_ms : TC_WALL_MS_MIN;
    }

    e->watch.deadline_ns = start + (int64_t) wall_ms * 1000000;

    memset(res, 0, sizeof(*res));
    res->id = job->id;

    rc = tc_engine_segment(e, job, source);

    if (rc == LP_INTERNAL) {

        /* once more with fresh contexts: ours may have been the fault */

        tc_engine_reset(e);
        rc = tc_engine_segment(e, job, source);
    }

    res->status = rc;
    res->decoded_frames = e->decode.frames;
    res->decoded_pixels = (uint64_t) e->decode.frames * e->source.sps.width
                          * e->source.sps.height;

    if (rc == LP_OK) {
        tc_engine_report(e, res, job);

    } else {
        tc_engine_reset(e);
    }

    res->cpu_ms = (uint32_t) ((tc_engine_cpu_us() - cpu) / 1000);
    res->wall_ms = (uint32_t) ((tc_watch_now() - start) / 1000000);
}


static lp_status_t
tc_engine_segment(tc_engine_t *e, const lp_jobs_job_t *job,
    const uint8_t *source)
{
    lp_status_t         rc;
    tc_source_limits_t  limits;

    atomic_store(&e->watch.status, LP_OK);
    e->decode.frames = 0;
    e->decode.flagged = 0;

    rc = tc_engine_judge(e, job);

    if (rc == LP_OK) {
        rc = tc_engine_session(e, job);
    }

    if (rc != LP_OK) {
        return rc;
    }

    limits.max_bytes = e->conf.max_bytes;
    limits.max_units = TC_AUDIO_PES_MAX;
    limits.max_duration_ms = e->conf.max_duration_ms;

    /* a deadline that leaves the time allows what Livepeer allows */

    if (job->duration_ms > limits.max_duration_ms
        && job->deadline_ms >= job->duration_ms)
    {
        limits.max_duration_ms = TC_DURATION_MS_MAX;
    }

    rc = tc_source_read(&e->source, source, job->source_len,
                        job->duration_ms, &limits);

    if (rc == LP_OK) {
        rc = tc_engine_plan(e, job);
    }

    return rc == LP_OK ? tc_engine_transcode(e, job->nprofiles) : rc;
}


static lp_status_t
tc_engine_judge(const tc_engine_t *e, const lp_jobs_job_t *job)
{
    uint32_t             i;
    const lp_profile_t  *p;

    if (job->nprofiles == 0 || job->nprofiles > LP_PROFILE_MAX) {
        return LP_BAD_PROFILE;
    }

    if (job->source_len > e->conf.max_bytes) {
        return LP_TOO_BIG;
    }

    for (i = 0; i < job->nprofiles; i++) {
        p = &job->profiles[i];

        if (lp_profile_check(p, NULL) != LP_OK) {
            return LP_BAD_PROFILE;
        }

        if (p->format != LP_FORMAT_MPEGTS || p->encoder != LP_CODEC_H264) {
            return LP_UNSUPPORTED;
        }
    }

    return LP_OK;
}


/* contexts are never shared between sessions (T-52) */
static lp_status_t
tc_engine_session(tc_engine_t *e, const lp_jobs_job_t *job)
{
    tc_drain_e  drain;

    if (e->warm
        && memcmp(e->session, job->session, sizeof(e->session)) != 0)
    {
        tc_engine_reset(e);
    }

    memcpy(e->session, job->session, sizeof(e->session));
    e->warm = 1;

    if (e->decode.ctx) {
        return LP_OK;
    }

    drain = e->device ? TC_DRAIN_SENTINEL : TC_DRAIN_FLUSH;

    if (strcmp(e->conf.drain, "auto") != 0) {
        drain = strcmp(e->conf.drain, "sentinel") == 0 ? TC_DRAIN_SENTINEL
                                                       : TC_DRAIN_FLUSH;
    }

    return tc_decode_open(&e->decode, e->device, drain);
}


/* every pixel is counted before the first one is decoded */
static lp_status_t
tc_engine_plan(tc_engine_t *e, const lp_jobs_job_t *job)
{
    uint32_t     i;
    uint64_t     pixels, pictures, max;
    lp_status_t  rc;

    pictures = 0;
    pixels = (uint64_t) e->source.video.n * e->source.sps.width
             * e->source.sps.height;

    for (i = 0; i < job->nprofiles; i++) {
        rc = tc_rung_plan(&e->rungs[i], &job->profiles[i], e->encoder,
                          e->preset, &e->source, &e->watch);
        if (rc != LP_OK) {
            return rc;
        }

        pixels += tc_rung_pixels(&e->rungs[i]);
        pictures += (uint64_t) e->rungs[i].width * e->rungs[i].height;
    }

    if (pictures > TC_PICTURES_MAX) {
        return LP_LIMIT;
    }

    max = job->max_pixels ? job->max_pixels : e->conf.max_pixels;

    return pixels > max ? LP_BUDGET : LP_OK;
}


static lp_status_t
tc_engine_transcode(tc_engine_t *e, uint32_t nrungs)
{
    uint32_t     threads;
    lp_status_t  rc;

    threads = e->conf.threads ? e->conf.threads : nrungs + 1;

    tc_crew_start(&e->crew, e->rungs, nrungs, threads, &e->watch);

    rc = tc_decode_segment(&e->decode, &e->source, &e->watch,
                           tc_engine_frame, e);
    if (rc != LP_OK) {
        tc_watch_fail(&e->watch, rc);
    }

    tc_crew_finish(&e->crew);

    return (lp_status_t) atomic_load(&e->watch.status);
}


static lp_status_t
tc_engine_frame(void *ctx, struct AVFrame *frame, int64_t pts)
{
    tc_engine_t  *e = ctx;

    return tc_crew_put(&e->crew, frame, pts);
}


static void
tc_engine_report(const tc_engine_t *e, lp_jobs_result_t *res,
    const lp_jobs_job_t *job)
{
    uint32_t              i;
    const tc_rung_t      *r;
    lp_jobs_rendition_t  *out;

    res->damaged = e->decode.flagged > 0
                   || e->decode.frames < e->source.video.n;
    res->nrenditions = job->nprofiles;

    for (i = 0; i < job->nprofiles; i++) {
        r = &e->rungs[i];
        out = &res->renditions[i];
        out->width = r->width;
        out->height = r->height;
        out->frames = r->npts;
        out->pixels = (uint64_t) r->npts * r->width * r->height;
        out->len = r->out.len;
    }
}


void
tc_engine_end(tc_engine_t *e, const uint8_t session[LP_JOBS_SESSION_LEN])
{
    if (e->warm && memcmp(e->session, session, sizeof(e->session)) == 0) {
        tc_engine_reset(e);
    }
}


static void
tc_engine_reset(tc_engine_t *e)
{
    uint32_t  i;

    tc_decode_close(&e->decode);
    tc_source_wipe(&e->source);

    for (i = 0; i < LP_PROFILE_MAX; i++) {
        if (e->rungs[i].used) {
            tc_rung_reset(&e->rungs[i]);
        }
    }

    memset(e->session, 0, sizeof(e->session));
    e->warm = 0;
}


static uint64_t
tc_engine_cpu_us(void)
{
    struct rusage  u;

    getrusage(RUSAGE_SELF, &u);

    return (uint64_t) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000
           + (uint64_t) (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}
