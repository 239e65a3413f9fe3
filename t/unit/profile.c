/*
 * Renditions: presets, options and their limits (T-51), sizes of pictures,
 * the ladder, and the grid of frame times (media.md 7, item 3).
 */
#include <stdlib.h>

#include "common/media/profile.h"
#include "t/unit/tap.h"


static void
test_presets(void)
{
    size_t               i;
    const lp_profile_t  *p;

    static const struct {
        const char  *name;
        uint32_t     width, height, kbps, fps;
    } presets[] = {
        { "1080p", 1920, 1080, 5000, 0 },
        { "720p", 1280, 720, 3000, 0 },
        { "576p", 1024, 576, 2000, 0 },
        { "480p", 854, 480, 1600, 0 },
        { "360p", 640, 360, 900, 0 },
        { "240p", 426, 240, 500, 0 },
        { "144p", 256, 144, 250, 0 },
        { "720p60", 1280, 720, 4500, 60 },
        { "1080p60", 1920, 1080, 7500, 60 },
        { "P720p60fps16x9", 1280, 720, 6000, 60 },
        { "P576p25fps16x9", 1024, 576, 1500, 25 },
        { "P360p30fps4x3", 480, 360, 1000, 30 },
        { "P240p30fps16x9", 426, 240, 600, 30 },
        { "P144p30fps16x9", 256, 144, 400, 30 },
    };

    for (i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
        p = lp_profile_preset(presets[i].name, strlen(presets[i].name));

        ok(p && strcmp(p->name, presets[i].name) == 0
           && p->width == presets[i].width && p->height == presets[i].height
           && p->bitrate == presets[i].kbps * 1000
           && p->fps_num == presets[i].fps
           && lp_profile_check(p, NULL) == LP_OK, "preset %s",
           presets[i].name);
    }

    ok(lp_profile_preset("720", 3) == NULL
       && lp_profile_preset("720px", 5) == NULL, "no half a name");
}


static lp_status_t
parse(lp_profile_t *p, const char **why, const char *text)
{
    char         copy[512];
    size_t       n, lens[16];
    const char  *args[16], *arg;

    (void) snprintf(copy, sizeof(copy), "%s", text);
    *why = "";

    for (n = 0, arg = strtok(copy, " "); arg; arg = strtok(NULL, " ")) {
        args[n] = arg;
        lens[n++] = strlen(arg);
    }

    return lp_profile_parse(p, why, args, lens, n);
}


static void
test_options(void)
{
    size_t         i;
    const char    *why;
    lp_profile_t   p;

    static const char *const  bad[][2] = {
        { "", "a profile that" }, { "900p", "a profile is" },
        { "720p 480p", "a profile is" },
        { "name=a size=64x64", "a profile that" },
        { "name=a/b size=64x64 bitrate=1m", "name=" },
        { "name=../x size=64x64 bitrate=1m", "name=" },
        { "name=a..b size=64x64 bitrate=1m", "name=" },
        { "name=.a size=64x64 bitrate=1m", "name=" },
        { "name= size=64x64 bitrate=1m", "name=" },
        { "name=a size=0x0 bitrate=1m", "size=" },
        { "name=a size=14x64 bitrate=1m", "size=" },
        { "name=a size=65x64 bitrate=1m", "size=" },
        { "name=a size=64x4098 bitrate=1m", "size=" },
        { "name=a size=4294967360x64 bitrate=1m", "size=" },
        { "name=a size=64 bitrate=1m", "size=" },
        { "name=a size=64x64x bitrate=1m", "size=" },
        { "name=a size=64x64 bitrate=-5", "bitrate=" },
        { "name=a size=64x64 bitrate=9999", "bitrate=" },
        { "name=a size=64x64 bitrate=101m", "bitrate=" },
        { "name=a size=64x64 bitrate=5000m", "bitrate=" },
        { "name=a size=64x64 bitrate=1mb", "bitrate=" },
        { "name=a size=64x64 bitrate=1m fps=0", "fps=" },
        { "name=a size=64x64 bitrate=1m fps=121", "fps=" },
        { "name=a size=64x64 bitrate=1m fps=1/2", "fps=" },
        { "name=a size=64x64 bitrate=1m fps=4000000000/1", "fps=" },
        { "name=a size=64x64 bitrate=1m fps=30/0", "fps=" },
        { "name=a size=64x64 bitrate=1m gop=2", "gop=" },
        { "name=a size=64x64 bitrate=1m gop=301s", "gop=" },
        { "name=a size=64x64 bitrate=1m gop=-1s", "gop=" },
        { "name=a size=64x64 bitrate=1m quality=52", "quality=" },
        { "name=a size=64x64 bitrate=1m profile=ultra", "profile=" },
        { "name=a size=64x64 bitrate=1m bitrate=2m", "an option" },
    };

    is_int(parse(&p, &why, "480p"), LP_OK, "a preset alone");
    is_int(p.height, 480, "  is that preset");

    is_int(parse(&p, &why, "name=hi.2 size=1280x720 bitrate=1200k "
                 "fps=30000/1001 profile=constrained-high gop=2s quality=23"),
           LP_OK, "every option");
    is_str(p.name, "hi.2", "  name");
    ok(p.width == 1280 && p.height == 720 && p.bitrate == 1200000, "  numbers");
    ok(p.fps_num == 30000 && p.fps_den == 1001 && p.gop_ms == 2000
       && p.quality == 23 && p.h264_profile == LP_H264_CONSTRAINED_HIGH,
       "  and the rest");
    ok(parse(&p, &why, "size=16x4096 bitrate=100M name=x gop=intra fps=120")
       == LP_OK && p.gop_ms == -1 && p.bitrate == 100000000, "the far ends");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(parse(&p, &why, bad[i][0]) == LP_BAD_PROFILE
           && strncmp(why, bad[i][1], strlen(bad[i][1])) == 0,
           "refused: %s (%s)", bad[i][0], why);
    }
}


#define LIMIT(what)                                                           \
    do {                                                                      \
        p = (lp_profile_t) { .name = "a", .width = 64, .height = 64,          \
                             .bitrate = 10000 };                              \
        p.what;                                                               \
        is_int(lp_profile_check(&p, &why), LP_BAD_PROFILE, #what);            \
    } while (0)

#define NAME(text)                                                            \
    do {                                                                      \
        p = *lp_profile_preset("720p", 4);                                    \
        (void) snprintf(p.name, sizeof(p.name), "%s", text);                  \
        is_int(lp_profile_check(&p, &why), LP_BAD_PROFILE, "name " #text);    \
    } while (0)


static void
test_limits(void)
{
    const char    *why;
    lp_profile_t   p;

    LIMIT(width = 0);
    LIMIT(height = 4294967294u);
    LIMIT(bitrate = 0);
    LIMIT(bitrate = 4294967295u);
    LIMIT(fps_num = 4000000000u);
    LIMIT(gop_ms = -2);
    LIMIT(gop_ms = 300001);
    LIMIT(quality = 52);
    LIMIT(format = 2);
    LIMIT(h264_profile = 5);
    LIMIT(encoder = 4);

    NAME("");
    NAME("a\nb");
    NAME("a\"b");
    NAME("a b");
    NAME("..");

    p = *lp_profile_preset("720p", 4);
    memset(p.name, 'a', sizeof(p.name));
    is_int(lp_profile_check(&p, &why), LP_BAD_PROFILE, "a name without end");
    p.name[64] = '\0';
    is_int(lp_profile_check(&p, &why), LP_OK, "one of 64");
}


static void
test_fit(void)
{
    size_t         i;
    char           what[128];
    uint32_t       w, h;
    lp_profile_t   p = { 0 };

    static const struct {
        uint32_t  box[2], source[2], sar[2], ours[2], lpms[2];
    } t[] = {
        /* box          source          SAR         ours         lpms */
        { { 1280, 720 }, { 1920, 1080 }, { 1, 1 }, { 1280, 720 },
          { 1280, 720 } },
        { { 854, 480 }, { 1920, 1080 }, { 1, 1 }, { 852, 480 },
          { 854, 480 } },
        { { 640, 360 }, { 1920, 1080 }, { 1, 1 }, { 640, 360 },
          { 640, 360 } },
        { { 426, 240 }, { 1280, 720 }, { 1, 1 }, { 426, 238 },
          { 426, 240 } },
        { { 1280, 720 }, { 1440, 1080 }, { 1, 1 }, { 960, 720 },
          { 1280, 960 } },
        { { 1280, 720 }, { 1080, 1080 }, { 1, 1 }, { 720, 720 },
          { 1280, 1280 } },
        { { 1280, 720 }, { 1080, 1920 }, { 1, 1 }, { 720, 1280 },
          { 720, 1280 } },
        { { 1280, 720 }, { 640, 360 }, { 1, 1 }, { 640, 360 },
          { 1280, 720 } },
        { { 1280, 720 }, { 641, 361 }, { 0, 0 }, { 640, 360 },
          { 1280, 720 } },
        { { 1024, 576 }, { 720, 576 }, { 64, 45 }, { 1024, 576 },
          { 1024, 820 } },
        { { 640, 360 }, { 720, 576 }, { 16, 15 }, { 480, 360 },
          { 640, 512 } },
        { { 640, 360 }, { 2048, 858 }, { 1, 1 }, { 640, 268 },
          { 640, 268 } },
        { { 426, 240 }, { 4000, 16 }, { 1, 1 }, { 426, 16 },
          { 4096, 50 } },
        { { 256, 144 }, { 320, 4000 }, { 1, 1 }, { 20, 256 },
          { 146, 1826 } },
        { { 1280, 720 }, { 1920, 1080 }, { 65535, 1 }, { 1280, 16 },
          { 1280, 720 } },
    };

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        p.width = t[i].box[0];
        p.height = t[i].box[1];

        lp_profile_fit(&p, t[i].source[0], t[i].source[1], t[i].sar[0],
                       t[i].sar[1], &w, &h);
        (void) snprintf(what, sizeof(what), "%ux%u (SAR %u:%u) in %ux%u",
                        t[i].source[0], t[i].source[1], t[i].sar[0],
                        t[i].sar[1], p.width, p.height);
        if (!ok(w == t[i].ours[0] && h == t[i].ours[1], "%s", what)) {
            printf("#   got %ux%u\n", w, h);
        }

        lp_profile_fit_lpms(&p, t[i].source[0], t[i].source[1], &w, &h);
        if (!ok(w == t[i].lpms[0] && h == t[i].lpms[1], "  as lpms does it")) {
            printf("#   got %ux%u\n", w, h);
        }
    }
}


static uint32_t
next(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525 + 1013904223;

    return (uint32_t) ((uint64_t) *seed * n >> 32);
}


/* fitted in any box: inside it, even, no larger than the source */

static void
test_fit_property(void)
{
    int            good;
    uint32_t       i, w, h, sw, sh, seed;
    lp_profile_t   p = { 0 };

    seed = 7;
    good = 1;

    for (i = 0; i < 20000 && good; i++) {
        p.width = 16 + 2 * next(&seed, 2041);
        p.height = 16 + 2 * next(&seed, 2041);
        sw = 16 + next(&seed, 4081);
        sh = 16 + next(&seed, 4081);
        lp_profile_fit(&p, sw, sh, 1, 1, &w, &h);

        good = w % 2 == 0 && h % 2 == 0 && w >= 16 && h >= 16 && w <= sw
               && h <= sh && w * h <= p.width * p.height;
    }

    if (!ok(good, "20000 boxes and sources")) {
        printf("#   %ux%u in %ux%u gave %ux%u\n", sw, sh, p.width, p.height,
               w, h);
    }
}


static void
test_ladder(void)
{
    size_t        i, k;
    char          got[24];
    uint8_t       keep[5];
    lp_profile_t  p[5];

    static const char *const  rungs[] = {
        "1080p", "720p", "480p", "360p", "240p"
    };
    static const struct { uint32_t w, h; const char *keep; } t[] = {
        { 3840, 2160, "11111" }, { 1920, 1080, "11111" },
        { 1280, 720, "01111" }, { 1280, 716, "01111" },
        { 854, 480, "00111" }, { 768, 432, "00111" }, { 640, 360, "00011" },
        { 200, 100, "00001" }, { 720, 1280, "01111" }, { 480, 854, "00111" }
    };

    for (i = 0; i < 5; i++) {
        p[i] = *lp_profile_preset(rungs[i], strlen(rungs[i]));
    }

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        k = lp_profile_ladder(p, 5, t[i].w, t[i].h, keep);

        (void) snprintf(got, sizeof(got), "%u%u%u%u%u", keep[0], keep[1],
                        keep[2], keep[3], keep[4]);
        is_str(got, t[i].keep, "the rungs of a source");
        k -= keep[0] + keep[1] + keep[2] + keep[3] + keep[4];
        is_int((int64_t) k, 0, "  and how many they are");
    }
}


/* segments cut anywhere: together they own each tick of the grid once */

static void
test_grid_property(void)
{
    int            good;
    int64_t        t0, t1, first, expected, pts, last;
    uint32_t       i, k, seed;
    uint64_t       n, j;
    lp_profile_t   p = { 0 };

    static const uint32_t  rates[][2] = {
        { 30, 1 }, { 30000, 1001 }, { 25, 1 }, { 24000, 1001 }, { 60, 1 },
        { 15, 0 }, { 1, 1 }, { 120, 1 }, { 4294967291u, 71582788 },
        { 997, 31 }
    };

    seed = 3;
    good = 1;

    for (k = 0; k < 10 * sizeof(rates) / sizeof(rates[0]); k++) {
        p.fps_num = rates[k / 10][0];
        p.fps_den = rates[k / 10][1];

        /* from before zero, to well past 2^33, by random segments */

        t0 = k % 3 == 0 ? -5000000 : k % 3 == 1 ? 900000
                                                 : ((int64_t) 1 << 33) - 999;
        (void) lp_profile_grid(&p, t0, t0 + 1, &expected);
        last = INT64_MIN;

        for (i = 0; i < 200; i++, t0 = t1) {
            t1 = t0 + 1 + next(&seed, i % 7 ? 400000 : 3000);
            n = lp_profile_grid(&p, t0, t1, &first);
            good &= first == expected;
            expected += (int64_t) n;

            for (j = 0; j < n; j++) {
                pts = lp_profile_grid_pts(&p, first + (int64_t) j);
                good &= pts > last && pts >= t0 && pts <= t1;
                last = pts;
            }
        }
    }

    ok(good, "no tick twice, none missing, each in its segment, 20000 times");
}


static void
test_grid(void)
{
    int64_t        first;
    lp_profile_t   p = { .fps_num = 30, .fps_den = 1 };

    is_int((int64_t) lp_profile_grid(&p, 900000, 1080000, &first), 60,
           "two seconds at 30 fps are 60 frames");
    is_int(first, 300, "  from the 300th");
    is_int(lp_profile_grid_pts(&p, 300), 900000, "  at its time");
    is_int((int64_t) lp_profile_grid(&p, 900001, 902999, &first), 0,
           "none between two ticks");
    is_int(first, 301, "  and the next one is known");
    is_int((int64_t) lp_profile_grid(&p, 900000, 900000, &first), 0,
           "none in nothing");

    p.fps_num = 30000;
    p.fps_den = 1001;
    is_int(lp_profile_grid_pts(&p, 1), 3003, "29.97: the first tick");
    p.fps_num = 24000;
    is_int(lp_profile_grid_pts(&p, 1), 3754, "23.976: 3753.75 is nearest 3754");
    is_int(lp_profile_grid_pts(&p, -1), -3754, "  also before zero");

    p.fps_num = 0;
    is_int((int64_t) lp_profile_grid(&p, 0, 1000000, &first), 0,
           "without fps there is no grid");
}


int
main(void)
{
    plan(15 + 39 + 18 + 30 + 1 + 20 + 1 + 10);

    test_presets();
    test_options();
    test_limits();
    test_fit();
    test_fit_property();
    test_ladder();
    test_grid_property();
    test_grid();

    return done();
}
