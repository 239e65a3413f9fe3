/*
 * What a node can do: bit strings as the wire has them, what a job asks for,
 * and whether an orchestrator has it.
 */

#include <stdio.h>
#include <string.h>

#include "common/net/capability.h"


#define LP_CAPABILITY_LEGACY  0xfff           /* 0-11: before lists were sent */

typedef struct {
    uint64_t  part[3];
} lp_capability_version_t;


void
lp_capability_set(lp_bits_t *bits, unsigned bit)
{
    unsigned  word = bit / 64;

    if (word >= LP_CAPABILITY_WORDS) {
        return;
    }

    bits->words[word] |= (uint64_t) 1 << (bit % 64);

    if (bits->nwords <= word) {
        bits->nwords = (uint8_t) (word + 1);
    }
}


int
lp_capability_has(const lp_bits_t *bits, unsigned bit)
{
    unsigned  word = bit / 64;

    return word < bits->nwords && word < LP_CAPABILITY_WORDS
           && (bits->words[word] >> (bit % 64) & 1);
}


void
lp_capability_orchestrator(lp_capabilities_t *c, const char *version)
{
    size_t  i;

    static const uint8_t  offered[] = {
        LP_CAP_H264, LP_CAP_MPEGTS, LP_CAP_FRACTIONAL_FPS,
        LP_CAP_STORAGE_DIRECT, LP_CAP_BASELINE, LP_CAP_MAIN, LP_CAP_HIGH,
        LP_CAP_CONSTRAINED_HIGH, LP_CAP_GOP, LP_CAP_AUTH_TOKEN, LP_CAP_SLICE
    };

    memset(c, 0, sizeof(lp_capabilities_t));

    for (i = 0; i < sizeof(offered); i++) {
        lp_capability_set(&c->bits, offered[i]);
    }

    snprintf(c->version, sizeof(c->version), "%s", version);
}


static void
lp_capability_profile(lp_bits_t *bits, const lp_profile_t *p)
{
    static const uint8_t  encoders[] = {
        [LP_CODEC_H264] = LP_CAP_H264,
        [LP_CODEC_H265] = LP_CAP_HEVC_ENCODE,
        [LP_CODEC_VP8] = LP_CAP_VP8_ENCODE,
        [LP_CODEC_VP9] = LP_CAP_VP9_ENCODE
    };

    lp_capability_set(bits, p->format == LP_FORMAT_MP4 ? LP_CAP_MP4
                                                       : LP_CAP_MPEGTS);

    if (p->encoder < sizeof(encoders)) {
        lp_capability_set(bits, encoders[p->encoder]);
    }

    if (p->fps_den) {
        lp_capability_set(bits, LP_CAP_FRACTIONAL_FPS);
    }

    if (p->h264_profile >= LP_H264_BASELINE
        && p->h264_profile <= LP_H264_CONSTRAINED_HIGH)
    {
        lp_capability_set(bits, LP_CAP_BASELINE + p->h264_profile
                                - LP_H264_BASELINE);
    }

    if (p->gop_ms) {
        lp_capability_set(bits, LP_CAP_GOP);
    }
}


void
lp_capability_job(lp_capabilities_t *c, const lp_profile_t *p, size_t n)
{
    size_t  i;

    memset(c, 0, sizeof(lp_capabilities_t));
    c->has_constraints = 1;

    lp_capability_set(&c->bits, LP_CAP_AUTH_TOKEN);
    lp_capability_set(&c->bits, LP_CAP_H264);             /* the input's */

    for (i = 0; i < n; i++) {
        lp_capability_profile(&c->bits, &p[i]);
    }
}


/* every bit of a is in b; a longer list never is, whatever its words say */

static int
lp_capability_within(const lp_bits_t *a, const lp_bits_t *b)
{
    size_t  i;

    if (a->nwords > b->nwords) {
        return 0;
    }

    for (i = 0; i < a->nwords; i++) {
        if (a->words[i] & ~b->words[i]) {
            return 0;
        }
    }

    return 1;
}


/* dotted identifiers after a '-' or '+'; NULL when there is none */

static const char *
lp_capability_skip_labels(const char *s)
{
    size_t             n;
    static const char  set[] = "0123456789-abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for ( ;; ) {
        n = strspn(s, set);
        if (n == 0) {
            return NULL;
        }

        s += n;

        if (*s != '.') {
            return s;
        }

        s++;
    }
}


/*
 * Semantic versions as the network's Go library takes them: a leading v and
 * missing parts are allowed. What follows '-' is checked and dropped.
 */

static int
lp_capability_parse(lp_capability_version_t *v, const char *s)
{
    size_t  i, digits;

    memset(v, 0, sizeof(lp_capability_version_t));

    s += *s == 'v';

    for (i = 0; i < 3; i++) {
        for (digits = 0; *s >= '0' && *s <= '9'; s++, digits++) {
            v->part[i] = v->part[i] * 10 + (uint64_t) (*s - '0');
        }

        if (digits == 0 || digits > 18) {
            return 0;
        }

        if (i == 2 || *s != '.') {
            break;
        }

        s++;
    }

    if (*s == '-') {
        s = lp_capability_skip_labels(s + 1);
    }

    if (s && *s == '+') {
        s = lp_capability_skip_labels(s + 1);
    }

    return s && *s == '\0';
}


static int
lp_capability_version_ok(const char *min, const char *have)
{
    size_t                   i;
    lp_capability_version_t  a, b;

    if (min[0] == '\0') {
        return 1;
    }

    if (have[0] == '\0' || strcmp(have, "undefined") == 0) {
        return 0;
    }

    if (!lp_capability_parse(&a, min)) {
        return 1;
    }

    if (!lp_capability_parse(&b, have)) {
        return 0;
    }

    for (i = 0; i < 3; i++) {
        if (a.part[i] != b.part[i]) {
            return a.part[i] < b.part[i];
        }
    }

    return 1;
}


lp_status_t
lp_capability_match(const lp_capabilities_t *job,
    const lp_capabilities_t *orch)
{
    static const lp_bits_t  legacy = {
        .words = { LP_CAPABILITY_LEGACY }, .nwords = 1
    };

    if (orch == NULL) {
        return lp_capability_within(&job->bits, &legacy) ? LP_OK
                                                         : LP_UNSUPPORTED;
    }

    if (!lp_capability_version_ok(job->min_version, orch->version)
        || !lp_capability_within(&orch->mandatories, &job->bits)
        || !lp_capability_within(&job->bits, &orch->bits))
    {
        return LP_UNSUPPORTED;
    }

    return LP_OK;
}
