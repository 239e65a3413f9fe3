/* TranscodeResult: what was made and where it is fetched, or why not. */

#include <string.h>

#include "orchestrator/rpc_result.h"


/*
 * What a broadcaster reads of a failure, wire.md 4.7. It compares whole
 * texts: some mean that the segment is at fault and no one should try it
 * again, the others that another orchestrator may.
 */
static const char *
orch_result_error(lp_status_t rc)
{
    switch (rc) {

    /* the segment's fault */
    case LP_NO_KEYFRAME:      return "No keyframes in input";
    case LP_BAD_PIXFMT:       return "Unsupported input pixel format";
    case LP_BAD_CODEC:        return "Unsupported input codec";
    case LP_TOO_LARGE:        return "TranscoderInvalidResolution";
    case LP_BAD_CONTAINER:    return "TranscoderUnrecognizedFormat";
    case LP_BAD_PROFILE:      return "TranscoderUnrecognizedProfile";
    case LP_TOO_LONG:         return "TranscoderInvalidDuration";
    case LP_TOO_MANY_FRAMES:
    case LP_BUDGET:           return "Encoded frames runaway";
    case LP_UNSUPPORTED:      return "Unrecoverable state, restart process";
    case LP_NO_VIDEO:
    case LP_AUDIO_ONLY:
    case LP_TOO_BIG:
    case LP_DAMAGED:
    case LP_INPUT_CHANGED:    return "TranscoderInvalidVideo";

    /* ours */
    case LP_TIMEOUT:          return "Remote transcoder took too long";
    case LP_BUSY:             return "OrchestratorBusy";
    case LP_GONE:             return "ErrTranscoderUnavailable";
    case LP_LIMIT:            return "no transcoders available";
    case LP_MISMATCH:         return "MismatchedSegments";
    case LP_NO_FRAMES:        return "ZeroSegments";
    default:                  return "TranscoderStopped";
    }
}


static lp_status_t
orch_result_urls(const orch_result_t *r, lp_wire_rendition_t *out)
{
    size_t       i;
    lp_buf_t     url;
    const char  *text;

    lp_buf_init(&url, 2 * ORCH_CONF_URI_MAX);

    for (i = 0; i < r->job->ask.nprofiles; i++) {

        lp_buf_reset(&url);
        lp_buf_put_str(&url, r->rpc->service_uri);
        orch_rendition_path(&url, r->session, &r->job->ask.profiles[i],
                            r->job->ask.seq);

        text = lp_buf_status(&url) == LP_OK
               ? lp_arena_strndup(&r->creds->arena, url.data, url.len)
               : NULL;

        if (text == NULL) {
            lp_buf_done(&url);
            return LP_NOMEM;
        }

        memset(&out[i], 0, sizeof(out[i]));
        out[i].url = text;
        out[i].pixels = (int64_t) r->job->result.renditions[i].pixels;
    }

    lp_buf_done(&url);

    return LP_OK;
}


lp_status_t
orch_result_encode(lp_buf_t *out, const orch_result_t *r, lp_status_t rc)
{
    lp_wire_result_t     res;
    lp_wire_rendition_t  renditions[LP_PROFILE_MAX];

    memset(&res, 0, sizeof(res));
    res.seq = r->creds->seg.seq;

    if (r->params) {
        res.has_info = 1;
        orch_info_fill(r->rpc, &res.info, &r->creds->seg.token,
                       &r->creds->token.price, r->params);
    }

    if (rc == LP_OK) {
        rc = orch_result_urls(r, renditions);
    }

    if (rc == LP_OK) {
        res.has_data = 1;
        res.renditions = renditions;
        res.nrenditions = r->job->ask.nprofiles;
        res.sig = *r->sig;
        res.has_sig = 1;

    } else {
        res.error = orch_result_error(rc);
    }

    lp_wire_encode_result(out, &res);

    return rc;
}
