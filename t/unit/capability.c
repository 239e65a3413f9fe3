/* Bit strings, what a job asks for, and who may do it. */

#include "common/net/capability.h"
#include "t/unit/tap.h"


#define DEFAULT_SET  0x4001f9b


static lp_bits_t
bits_of(const unsigned *bits, size_t n)
{
    size_t     i;
    lp_bits_t  b = { .nwords = 0 };

    for (i = 0; i < n; i++) {
        lp_capability_set(&b, bits[i]);
    }

    return b;
}


static void
test_bits(void)
{
    lp_bits_t              b;
    static const unsigned  low[] = { 0, 1, 2, 3, 4, 5 };
    static const unsigned  top[] = { 192, 193 };
    static const unsigned  mixed[] = { 193, 54, 192, 79 };

    b = bits_of(low, 6);
    ok(b.nwords == 1 && b.words[0] == 63, "0 to 5 is one word, 63");

    b = bits_of(top, 2);
    ok(b.nwords == 4 && b.words[0] == 0 && b.words[1] == 0 && b.words[2] == 0
       && b.words[3] == 3, "192 and 193 are in the fourth");

    b = bits_of(mixed, 4);
    ok(b.nwords == 4 && b.words[0] == 1ull << 54 && b.words[1] == 1u << 15
       && b.words[2] == 0 && b.words[3] == 3, "in any order");

    ok(lp_capability_has(&b, 79) && lp_capability_has(&b, 193)
       && !lp_capability_has(&b, 80), "what was set is there");

    b = bits_of(NULL, 0);
    lp_capability_set(&b, 64 * LP_CAPABILITY_WORDS);
    ok(b.nwords == 0, "a bit beyond all words is not set");
    ok(!lp_capability_has(&b, 0) && !lp_capability_has(&b, 1u << 31),
       "an empty list has nothing");
}


static void
test_sets(void)
{
    lp_profile_t       p[2];
    lp_capabilities_t  c;

    lp_capability_orchestrator(&c, "0.1.0");
    ok(c.bits.nwords == 1 && c.bits.words[0] == DEFAULT_SET,
       "an orchestrator offers what it can do");
    is_str(c.version, "0.1.0", "and a version");
    is_int(c.mandatories.nwords, 0, "and demands nothing");

    memset(p, 0, sizeof(p));
    lp_capability_job(&c, p, 1);
    ok(c.bits.nwords == 1 && c.bits.words[0] == 4099,
       "an H.264 job asks for 0, 1 and 12");
    ok(c.has_constraints, "with empty constraints, as Go nodes send them");

    p[1].format = LP_FORMAT_MP4;
    lp_capability_job(&c, p, 2);
    is_int((int64_t) c.bits.words[0], 4099 | 1 << 2, "MP4 adds bit 2");

    p[1].format = LP_FORMAT_MPEGTS;
    p[1].fps_den = 1;
    lp_capability_job(&c, p, 2);
    is_int((int64_t) c.bits.words[0], 4099 | 1 << 3, "fps_den adds bit 3");

    p[1].fps_den = 0;
    p[0].h264_profile = LP_H264_BASELINE;
    p[1].h264_profile = LP_H264_CONSTRAINED_HIGH;
    lp_capability_job(&c, p, 2);
    is_int((int64_t) c.bits.words[0], 4099 | 1 << 7 | 1 << 10,
           "H.264 profiles add 7 to 10");

    memset(p, 0, sizeof(p));
    p[0].gop_ms = -1;
    lp_capability_job(&c, p, 2);
    is_int((int64_t) c.bits.words[0], 4099 | 1 << 11, "a gop adds bit 11");

    p[0].gop_ms = 0;
    p[0].encoder = LP_CODEC_H265;
    p[1].encoder = LP_CODEC_VP9;
    lp_capability_job(&c, p, 2);
    is_int((int64_t) c.bits.words[0], 4099 | 1 << 16 | 1 << 20,
           "other encoders add theirs");
}


static const struct {
    unsigned     job[2];
    size_t       njob;
    unsigned     orch[3];
    size_t       norch;
    unsigned     mandatory;                            /* 0: none */
    int          fits;
    const char  *what;
} matches[] = {
    { { 0 }, 0, { 0 }, 0, 0, 1, "nothing asked of nothing" },
    { { 1 }, 1, { 0 }, 0, 0, 0, "1 of nothing" },
    { { 1 }, 1, { 2 }, 1, 0, 0, "1 of 2" },
    { { 1 }, 1, { 1, 2 }, 2, 0, 1, "1 of 1 and 2" },
    { { 1 }, 1, { 1, 2, 3 }, 3, 3, 0, "1 where 3 must be asked" },
    { { 3 }, 1, { 1, 2, 3 }, 3, 3, 1, "3 where 3 must be" },
    { { 1, 3 }, 2, { 1, 2, 3 }, 3, 3, 1, "1 and 3 where 3 must be" },
    { { 1, 70 }, 2, { 1 }, 1, 0, 0, "a bit of the second word" },
    { { 1, 70 }, 2, { 1, 70 }, 2, 0, 1, "which is there" }
};


static void
test_matches(void)
{
    size_t             i;
    lp_capabilities_t  job, orch;

    for (i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
        memset(&job, 0, sizeof(job));
        memset(&orch, 0, sizeof(orch));

        job.bits = bits_of(matches[i].job, matches[i].njob);
        orch.bits = bits_of(matches[i].orch, matches[i].norch);

        if (matches[i].mandatory) {
            lp_capability_set(&orch.mandatories, matches[i].mandatory);
        }

        is_int(lp_capability_match(&job, &orch),
               matches[i].fits ? LP_OK : LP_UNSUPPORTED, matches[i].what);

        lp_capability_set(&job.mandatories, 25);
        is_int(lp_capability_match(&job, &orch),
               matches[i].fits ? LP_OK : LP_UNSUPPORTED,
               "whatever the job calls mandatory");
    }

    memset(&job, 0, sizeof(job));
    memset(&orch, 0, sizeof(orch));
    job.bits.nwords = 1;
    is_int(lp_capability_match(&job, &orch), LP_UNSUPPORTED,
           "a zero word too many fails, as it does in Go");
    job.bits.nwords = 0;
    orch.mandatories.nwords = 1;
    is_int(lp_capability_match(&job, &orch), LP_UNSUPPORTED,
           "on the other side as well");
}


static const struct {
    const char  *min;
    const char  *have;
    int          fits;
} versions[] = {
    { "0.4.1", "0.4.1", 1 },
    { "0.4.0", "0.4.1", 1 },
    { "0.4.2", "0.4.1", 0 },
    { "0.4.1", "0.4.1-b3278dce-dirty", 1 },
    { "0.4.2", "0.4.1-b3278dce-dirty", 0 },
    { "", "0.4.1", 1 },
    { "", "", 1 },
    { "0.4.0", "", 0 },
    { "0.4.0", "undefined", 0 },
    { "garbage", "0.4.1", 1 },
    { "0.4.1", "garbage", 0 },
    { "0.4.1-rc.1", "0.4.1", 1 },
    { "0.9", "0.10.0", 1 },
    { "1", "0.99.99", 0 },
    { "v0.4.1", "0.4.1+build.7", 1 },
    { "0.4.1", "0.4.1-", 0 },
    { "0.4.1", "0.4.1.2", 0 },
    { "0.4.1", "0.4.1-a..b", 0 },
    { "0.4.1", "0.4.1 ", 0 },
    { "0.4.1", ".4.1", 0 },
    { "0.4.1", "1.", 0 },
    { "0.4.1", "99999999999999999999.0.0", 0 }
};


static void
test_versions(void)
{
    size_t             i;
    char               what[128];
    lp_capabilities_t  job, orch;

    for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        memset(&job, 0, sizeof(job));
        memset(&orch, 0, sizeof(orch));
        snprintf(job.min_version, sizeof(job.min_version), "%s",
                 versions[i].min);
        snprintf(orch.version, sizeof(orch.version), "%s", versions[i].have);
        snprintf(what, sizeof(what), "at least \"%s\", have \"%s\"",
                 versions[i].min, versions[i].have);
        is_int(lp_capability_match(&job, &orch),
               versions[i].fits ? LP_OK : LP_UNSUPPORTED, what);
    }
}


static void
test_silent(void)
{
    lp_profile_t       p;
    lp_capabilities_t  job;

    memset(&job, 0, sizeof(job));
    lp_capability_set(&job.bits, LP_CAP_H264);
    lp_capability_set(&job.bits, LP_CAP_GOP);
    is_int(lp_capability_match(&job, NULL), LP_OK,
           "0 to 11 may be done by who sends no list");

    memset(&p, 0, sizeof(p));
    lp_capability_job(&job, &p, 1);
    is_int(lp_capability_match(&job, NULL), LP_UNSUPPORTED,
           "but every job of today asks for 12");
}


int
main(void)
{
    test_bits();
    test_sets();
    test_matches();
    test_versions();
    test_silent();

    return done();
}
