/* A result is looked at before anyone signs it (T-71). */

#include <stddef.h>

#include "common/media/ts.h"
#include "orchestrator/sched.h"


#define ORCH_JUDGE_MIN    188
#define ORCH_JUDGE_SLACK  (1024 * 1024)
#define ORCH_JUDGE_SIDE   146                /* pixels; lpms makes no less */


uint64_t
orch_sched_rendition_max(const lp_profile_t *p, uint32_t duration_ms)
{
    return (uint64_t) p->bitrate * duration_ms * 2 / 8 / 1000
           + ORCH_JUDGE_SLACK;
}


/* facts of the file against the record; NULL: they agree */

static const char *
orch_sched_judge_ts(const lp_jobs_rendition_t *r, const uint8_t *data)
{
    lp_ts_info_t  info;

    if (lp_ts_inspect(&info, data, r->len) != LP_OK) {
        return "a rendition is not a clean MPEG-TS";
    }

    if (info.bad_sync || info.cc_errors) {
        return "a rendition has lost packets";
    }

    if (!info.first_is_idr || !info.has_sps) {
        return "a rendition does not begin with an IDR";
    }

    if (info.sps.width != r->width || info.sps.height != r->height) {
        return "a rendition has another size than was said";
    }

    if (info.video_units != r->frames) {
        return "a rendition has another number of frames than was said";
    }

    return NULL;
}


/*
 * No side is longer than the longer one that was asked for, whichever way
 * the picture is turned; more would be billed as more pixels.
 */
static int
orch_sched_judge_fits(const lp_profile_t *p, const lp_jobs_rendition_t *r)
{
    uint32_t  side = p->width > p->height ? p->width : p->height;

    if (side < ORCH_JUDGE_SIDE) {
        side = ORCH_JUDGE_SIDE;
    }

    return r->width && r->width <= side && r->height && r->height <= side;
}


static const char *
orch_sched_judge_one(const orch_job_t *job, size_t i)
{
    const lp_profile_t         *p = &job->ask.profiles[i];
    const lp_jobs_rendition_t  *r = &job->result.renditions[i];

    if (r->len < ORCH_JUDGE_MIN
        || r->len > orch_sched_rendition_max(p, job->ask.duration_ms))
    {
        return "a rendition is too small or too large";
    }

    if (r->frames == 0 || !orch_sched_judge_fits(p, r)) {
        return "a rendition has no picture, or one larger than asked for";
    }

    if (r->pixels != (uint64_t) r->frames * r->width * r->height) {
        return "the pixels are not frames x width x height";
    }

    return p->format == LP_FORMAT_MPEGTS
           ? orch_sched_judge_ts(r, job->data[i]) : NULL;
}


lp_status_t
orch_sched_judge(const orch_job_t *job, const char **why)
{
    size_t       i;
    const char  *fault;

    fault = job->result.nrenditions == job->ask.nprofiles
            ? NULL : "the number of renditions is not that of the profiles";

    for (i = 0; fault == NULL && i < job->ask.nprofiles; i++) {
        fault = orch_sched_judge_one(job, i);
    }

    if (why) {
        *why = fault;
    }

    return fault ? LP_MISMATCH : LP_OK;
}
