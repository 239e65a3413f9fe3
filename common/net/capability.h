/*
 * What a node can do: bit strings built and compared. Source: wire.md 3.4,
 * go-livepeer core/capabilities.go.
 */
#ifndef LP_CAPABILITY_H
#define LP_CAPABILITY_H


#include <stddef.h>
#include <stdint.h>

#include "common/media/profile.h"
#include "common/util/status.h"


#define LP_CAPABILITY_WORDS    16
#define LP_CAPABILITY_VERSION  64


enum {
    LP_CAP_H264 = 0, LP_CAP_MPEGTS = 1, LP_CAP_MP4 = 2,
    LP_CAP_FRACTIONAL_FPS = 3, LP_CAP_STORAGE_DIRECT = 4,
    LP_CAP_STORAGE_S3 = 5, LP_CAP_STORAGE_GCS = 6, LP_CAP_BASELINE = 7,
    LP_CAP_MAIN = 8, LP_CAP_HIGH = 9, LP_CAP_CONSTRAINED_HIGH = 10,
    LP_CAP_GOP = 11, LP_CAP_AUTH_TOKEN = 12, LP_CAP_MPEG7_SIGNATURE = 14,
    LP_CAP_HEVC_DECODE = 15, LP_CAP_HEVC_ENCODE = 16, LP_CAP_VP8_DECODE = 17,
    LP_CAP_VP9_DECODE = 18, LP_CAP_VP8_ENCODE = 19, LP_CAP_VP9_ENCODE = 20,
    LP_CAP_SLICE = 26
};

typedef struct {
    uint64_t  words[LP_CAPABILITY_WORDS];
    uint8_t   nwords;                      /* as on the wire: no trimming */
} lp_bits_t;

typedef struct {
    lp_bits_t  bits;
    lp_bits_t  mandatories;
    char       version[LP_CAPABILITY_VERSION + 1];
    char       min_version[LP_CAPABILITY_VERSION + 1];
    uint8_t    has_constraints;            /* the submessage is there */
} lp_capabilities_t;


void lp_capability_set(lp_bits_t *bits, unsigned bit);
int lp_capability_has(const lp_bits_t *bits, unsigned bit);

/*
 * The version a peer compares with its minimum: the go-livepeer release whose
 * protocol this is, and ours behind it.
 */
#define LP_CAPABILITY_NETWORK  "0.9.1-streamflow." LP_VERSION

/*
 * What our orchestrator offers. Left out of go-livepeer's default set: MP4
 * output, S3 and GCS storage, MPEG-7 signatures. Slicing is in because every
 * job of a gateway's HTTP push asks for it; a job with a slice is refused.
 */
void lp_capability_orchestrator(lp_capabilities_t *c, const char *version);

/* what a job of these renditions asks for (H.264 4:2:0 8-bit input) */
void lp_capability_job(lp_capabilities_t *c, const lp_profile_t *p, size_t n);

/*
 * Can a job use this orchestrator: the four tests of wire.md 3.4, in order.
 * orch NULL: the peer sent none, LP_UNSUPPORTED unless the job is legacy.
 */
lp_status_t lp_capability_match(const lp_capabilities_t *job,
    const lp_capabilities_t *orch);


#endif /* LP_CAPABILITY_H */
