/*
 * Renditions: their names and limits, the picture a source gets, and the
 * grid of frame times. All arithmetic is exact, because both sides of the
 * protocol must come to the same numbers.
 */
#include <string.h>

#include "common/media/profile.h"


#define PROFILE_GOP_MAX  300000            /* ms, as long as a segment may be */
#define PROFILE_CRF_MAX  51

__extension__ typedef __int128  profile_wide_t;


#define PRESET(n, w, h, kbps, fps)                                            \
    { .name = n, .width = w, .height = h, .bitrate = kbps * 1000,             \
      .fps_num = fps, .fps_den = fps ? 1 : 0 }

static const lp_profile_t  profile_presets[] = {
    PRESET("1080p60", 1920, 1080, 7500, 60),
    PRESET("1080p", 1920, 1080, 5000, 0),
    PRESET("720p60", 1280, 720, 4500, 60),
    PRESET("720p", 1280, 720, 3000, 0),
    PRESET("576p", 1024, 576, 2000, 0),
    PRESET("480p", 854, 480, 1600, 0),
    PRESET("360p", 640, 360, 900, 0),
    PRESET("240p", 426, 240, 500, 0),
    PRESET("144p", 256, 144, 250, 0),

    /* the names and rates of the network, wire.md 6.2 */

    PRESET("P720p60fps16x9", 1280, 720, 6000, 60),
    PRESET("P720p30fps16x9", 1280, 720, 4000, 30),
    PRESET("P720p25fps16x9", 1280, 720, 3500, 25),
    PRESET("P720p30fps4x3", 960, 720, 3500, 30),
    PRESET("P576p30fps16x9", 1024, 576, 1500, 30),
    PRESET("P576p25fps16x9", 1024, 576, 1500, 25),
    PRESET("P360p30fps16x9", 640, 360, 1200, 30),
    PRESET("P360p25fps16x9", 640, 360, 1000, 25),
    PRESET("P360p30fps4x3", 480, 360, 1000, 30),
    PRESET("P240p30fps16x9", 426, 240, 600, 30),
    PRESET("P240p25fps16x9", 426, 240, 600, 25),
    PRESET("P240p30fps4x3", 320, 240, 600, 30),
    PRESET("P144p30fps16x9", 256, 144, 400, 30)
};

#define PROFILE_NPRESETS  (sizeof(profile_presets) / sizeof(profile_presets[0]))


/* what is left of one argument */

typedef struct {
    const char  *pos;
    const char  *end;
} profile_text_t;


static int
profile_is(const char *s, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(s, word, len) == 0;
}


const lp_profile_t *
lp_profile_preset(const char *name, size_t len)
{
    size_t  i;

    for (i = 0; i < PROFILE_NPRESETS; i++) {
        if (profile_is(name, len, profile_presets[i].name)) {
            return &profile_presets[i];
        }
    }

    return NULL;
}


static int
profile_name_is_valid(const char *name)
{
    size_t  i;

    static const char  allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

    /* a leading dot would hide a file, or name the folder it lies in */

    if (name[0] == '.') {
        return 0;
    }

    for (i = 0; i <= LP_PROFILE_NAME_MAX && name[i]; i++) {
        if (strchr(allowed, name[i]) == NULL
            || (name[i] == '.' && name[i + 1] == '.'))
        {
            return 0;
        }
    }

    return i >= 1 && i <= LP_PROFILE_NAME_MAX;
}


static int
profile_side_is_valid(uint32_t side)
{
    return side >= LP_PROFILE_SIZE_MIN && side <= LP_PROFILE_SIZE_MAX
           && side % 2 == 0;
}


static int
profile_fps_is_valid(const lp_profile_t *p)
{
    uint64_t  num, den;

    num = p->fps_num;
    den = p->fps_den ? p->fps_den : 1;

    return num == 0 || (num >= den && num <= LP_PROFILE_FPS_MAX * den);
}


static const char *
profile_judge(const lp_profile_t *p)
{
    if (!profile_name_is_valid(p->name)) {
        return "name= takes 1 to 64 of A-Z a-z 0-9 _ . - without \"..\" or a "
               "dot in front";
    }

    if (!profile_side_is_valid(p->width) || !profile_side_is_valid(p->height))
    {
        return "size= takes WIDTHxHEIGHT, both even and from 16 to 4096";
    }

    if (p->bitrate < LP_PROFILE_BPS_MIN || p->bitrate > LP_PROFILE_BPS_MAX) {
        return "bitrate= takes 10k to 100m bits per second";
    }

    if (!profile_fps_is_valid(p)) {
        return "fps= takes 1 to 120, also as a fraction like 30000/1001";
    }

    if (p->gop_ms < -1 || p->gop_ms > PROFILE_GOP_MAX) {
        return "gop= takes intra, or up to 300s";
    }

    if (p->quality > PROFILE_CRF_MAX) {
        return "quality= takes 1 to 51";
    }

    if (p->format > LP_FORMAT_MP4 || p->encoder > LP_CODEC_VP9) {
        return "the format or the codec is not known";
    }

    if (p->h264_profile > LP_H264_CONSTRAINED_HIGH) {
        return "profile= takes baseline, main, high or constrained-high";
    }

    return NULL;
}


lp_status_t
lp_profile_check(const lp_profile_t *p, const char **why)
{
    const char  *reason;

    reason = profile_judge(p);

    if (why) {
        *why = reason ? reason : "";
    }

    return reason ? LP_BAD_PROFILE : LP_OK;
}


/* decimal digits, up to 32 bits */

static int
profile_get_u32(profile_text_t *t, uint32_t *v)
{
    uint64_t     n;
    const char  *first = t->pos;

    for (n = 0; t->pos < t->end && *t->pos >= '0' && *t->pos <= '9'; t->pos++) {
        n = 10 * n + (uint64_t) (*t->pos - '0');

        if (n > UINT32_MAX) {
            return 0;
        }
    }

    *v = (uint32_t) n;

    return t->pos > first;
}


static int
profile_get_char(profile_text_t *t, const char *any_of)
{
    if (t->pos == t->end || *t->pos == '\0'
        || strchr(any_of, *t->pos) == NULL)
    {
        return 0;
    }

    t->pos++;

    return 1;
}


static int
profile_get_size(lp_profile_t *p, profile_text_t *t)
{
    return profile_get_u32(t, &p->width) && profile_get_char(t, "xX")
           && profile_get_u32(t, &p->height) && t->pos == t->end;
}


static int
profile_get_bitrate(lp_profile_t *p, profile_text_t *t)
{
    uint32_t  n, unit;

    if (!profile_get_u32(t, &n)) {
        return 0;
    }

    unit = profile_get_char(t, "kK") ? 1000
           : profile_get_char(t, "mM") ? 1000000 : 1;

    if (n > UINT32_MAX / unit) {
        return 0;
    }

    p->bitrate = n * unit;

    return t->pos == t->end;
}


static int
profile_get_fps(lp_profile_t *p, profile_text_t *t)
{
    p->fps_den = 1;

    if (!profile_get_u32(t, &p->fps_num) || p->fps_num == 0) {
        return 0;
    }

    if (profile_get_char(t, "/")
        && (!profile_get_u32(t, &p->fps_den) || p->fps_den == 0))
    {
        return 0;
    }

    return t->pos == t->end;
}


/* "2s", "500ms" or "intra" */

static int
profile_get_gop(lp_profile_t *p, profile_text_t *t)
{
    uint32_t  n;

    if (profile_is(t->pos, (size_t) (t->end - t->pos), "intra")) {
        p->gop_ms = -1;
        return 1;
    }

    if (!profile_get_u32(t, &n) || n == 0 || n > PROFILE_GOP_MAX) {
        return 0;
    }

    if (profile_is(t->pos, (size_t) (t->end - t->pos), "s")) {
        if (n > PROFILE_GOP_MAX / 1000) {
            return 0;
        }

        p->gop_ms = (int32_t) n * 1000;
        return 1;
    }

    p->gop_ms = (int32_t) n;

    return profile_is(t->pos, (size_t) (t->end - t->pos), "ms");
}


static int
profile_get_quality(lp_profile_t *p, profile_text_t *t)
{
    return profile_get_u32(t, &p->quality) && p->quality > 0
           && t->pos == t->end;
}


static int
profile_get_h264(lp_profile_t *p, profile_text_t *t)
{
    size_t  i;

    static const char *const  names[] = {
        NULL, "baseline", "main", "high", "constrained-high"
    };

    for (i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
        if (profile_is(t->pos, (size_t) (t->end - t->pos), names[i])) {
            p->h264_profile = (uint8_t) i;
            return 1;
        }
    }

    return 0;
}


static int
profile_get_name(lp_profile_t *p, profile_text_t *t)
{
    size_t  len = (size_t) (t->end - t->pos);

    if (len > LP_PROFILE_NAME_MAX || memchr(t->pos, '\0', len)) {
        return 0;
    }

    memcpy(p->name, t->pos, len);
    p->name[len] = '\0';

    return profile_name_is_valid(p->name);
}


/* why: what is said when the value cannot be read; the range comes later */

static const struct {
    const char  *key;
    int        (*get)(lp_profile_t *p, profile_text_t *t);
    const char  *why;

} profile_options[] = {

    { "name=", profile_get_name,
      "name= takes 1 to 64 of A-Z a-z 0-9 _ . - without \"..\" or a dot in "
      "front" },
    { "size=", profile_get_size,
      "size= takes WIDTHxHEIGHT, both even and from 16 to 4096" },
    { "bitrate=", profile_get_bitrate,
      "bitrate= takes 10k to 100m bits per second" },
    { "fps=", profile_get_fps,
      "fps= takes 1 to 120, also as a fraction like 30000/1001" },
    { "profile=", profile_get_h264,
      "profile= takes baseline, main, high or constrained-high" },
    { "gop=", profile_get_gop,
      "gop= takes intra, or 1ms to 300s with its unit, ms or s" },
    { "quality=", profile_get_quality,
      "quality= takes 1 to 51" }
};

#define PROFILE_NOPTIONS  (sizeof(profile_options) / sizeof(profile_options[0]))


/* the option an argument sets; PROFILE_NOPTIONS when it is none */

static size_t
profile_find_option(const char *arg, size_t len)
{
    size_t  i, n;

    for (i = 0; i < PROFILE_NOPTIONS; i++) {
        n = strlen(profile_options[i].key);

        if (len >= n && memcmp(arg, profile_options[i].key, n) == 0) {
            break;
        }
    }

    return i;
}


static const char *
profile_take_options(lp_profile_t *p, const char *const *args,
    const size_t *lens, size_t n)
{
    size_t          i, k;
    unsigned        seen;
    profile_text_t  t;

    for (i = 0, seen = 0; i < n; i++) {
        k = profile_find_option(args[i], lens[i]);

        if (k == PROFILE_NOPTIONS) {
            return "a profile is a preset (1080p60 1080p 720p60 720p 576p "
                   "480p 360p 240p 144p) or name= size= bitrate= with fps= "
                   "profile= gop= quality=";
        }

        if (seen & 1u << k) {
            return "an option of the profile is given twice";
        }

        seen |= 1u << k;
        t.pos = args[i] + strlen(profile_options[k].key);
        t.end = args[i] + lens[i];

        if (!profile_options[k].get(p, &t)) {
            return profile_options[k].why;
        }
    }

    if ((seen & 7) != 7) {
        return "a profile that is no preset needs name=, size= and bitrate=";
    }

    return profile_judge(p);
}


lp_status_t
lp_profile_parse(lp_profile_t *p, const char **why, const char *const *args,
    const size_t *lens, size_t n)
{
    const char          *reason;
    const lp_profile_t  *preset;

    memset(p, 0, sizeof(lp_profile_t));

    preset = n == 1 ? lp_profile_preset(args[0], lens[0]) : NULL;

    if (preset) {
        *p = *preset;
        return LP_OK;
    }

    reason = profile_take_options(p, args, lens, n);

    if (reason) {
        *why = reason;
        return LP_BAD_PROFILE;
    }

    return LP_OK;
}


/* floor to even, and no smaller than an encoder can take */

static uint32_t
profile_even(profile_wide_t side)
{
    uint32_t  even = (uint32_t) side & ~1u;

    return even < LP_PROFILE_SIZE_MIN ? LP_PROFILE_SIZE_MIN : even;
}


void
lp_profile_fit(const lp_profile_t *p, uint32_t sw, uint32_t sh,
    uint32_t sar_num, uint32_t sar_den, uint32_t *width, uint32_t *height)
{
    uint32_t        w, h, t;
    profile_wide_t  dw, dh;

    if (sar_num == 0 || sar_den == 0) {
        sar_num = 1;
        sar_den = 1;
    }

    sw += sw == 0;                          /* no picture is no division */
    sh += sh == 0;
    w = p->width;
    h = p->height;

    /* the display size, times sar_den */

    dw = (profile_wide_t) sw * sar_num;
    dh = (profile_wide_t) sh * sar_den;

    if (dw < dh && w > h) {
        t = w;
        w = h;
        h = t;
    }

    if (dw <= (profile_wide_t) w * sar_den && sh <= h) {
        *width = profile_even(dw / sar_den);
        *height = profile_even(sh);

    } else if (w * dh <= h * dw) {
        *width = profile_even(w);
        *height = profile_even(w * dh / dw);

    } else {
        *width = profile_even(h * dw / dh);
        *height = profile_even(h);
    }
}


static uint32_t
profile_clamp(uint64_t v, uint32_t min, uint32_t max)
{
    return v < min ? min : v > max ? max : (uint32_t) v;
}


/* the other side when one becomes d: to the nearest even number */

static uint64_t
profile_follow(uint64_t d, uint32_t other, uint32_t side)
{
    return 2 * ((d * other + side) / (2 * (uint64_t) side));
}


void
lp_profile_fit_lpms(const lp_profile_t *p, uint32_t sw, uint32_t sh,
    uint32_t *width, uint32_t *height)
{
    enum { w_min = 146, h_min = 50, side_max = 4096 };

    uint64_t  w, h;

    w = profile_clamp(p->width, w_min, side_max);
    h = profile_clamp(p->height, h_min, side_max);

    if (sw == 0 || sh == 0) {
        *width = (uint32_t) w;
        *height = (uint32_t) h;
        return;
    }

    if (sw >= sh) {
        w = w > h ? w : h;
        h = profile_follow(w, sh, sw);

        if (h < h_min) {
            h = h_min;
            w = profile_follow(h, sw, sh);
        }

    } else {
        h = w > h ? w : h;
        w = profile_follow(h, sw, sh);

        if (w < w_min) {
            w = w_min;
            h = profile_follow(w, sh, sw);
        }
    }

    *width = profile_clamp(w, w_min, side_max);
    *height = profile_clamp(h, h_min, side_max);
}


/* whether a box, turned as the source is, lies inside it */

static int
profile_is_inside(const lp_profile_t *p, uint32_t sw, uint32_t sh)
{
    if (sw < sh && p->width > p->height) {
        return p->height <= sw && p->width <= sh;
    }

    return p->width <= sw && p->height <= sh;
}


size_t
lp_profile_ladder(const lp_profile_t *p, size_t n, uint32_t sw, uint32_t sh,
    uint8_t *keep)
{
    size_t    i, kept, smallest;
    int       reached;
    uint32_t  w, h;
    uint64_t  area, least;

    kept = 0;
    reached = 0;
    smallest = n;
    least = UINT64_MAX;

    for (i = 0; i < n; i++) {
        keep[i] = (uint8_t) profile_is_inside(&p[i], sw, sh);
        kept += keep[i];

        if (keep[i]) {
            lp_profile_fit(&p[i], sw, sh, 1, 1, &w, &h);

            reached |= w == (sw & ~1u) && h == (sh & ~1u);
            continue;
        }

        area = (uint64_t) p[i].width * p[i].height;

        if (area < least) {
            least = area;
            smallest = i;
        }
    }

    if (smallest < n && !reached) {
        keep[smallest] = 1;
        kept++;
    }

    return kept;
}


static profile_wide_t
profile_div_floor(profile_wide_t a, profile_wide_t b)
{
    return a / b - (a % b < 0);
}


static int64_t
profile_first_tick(const lp_profile_t *p, int64_t t_90k)
{
    profile_wide_t  den;

    den = (profile_wide_t) 90000 * (p->fps_den ? p->fps_den : 1);

    /* the ceiling is the floor of the negative, negated */

    return (int64_t) -profile_div_floor(-(profile_wide_t) t_90k * p->fps_num,
                                        den);
}


uint64_t
lp_profile_grid(const lp_profile_t *p, int64_t t0_90k, int64_t t1_90k,
    int64_t *first)
{
    if (p->fps_num == 0 || t1_90k <= t0_90k) {
        *first = 0;
        return 0;
    }

    *first = profile_first_tick(p, t0_90k);

    return (uint64_t) profile_first_tick(p, t1_90k) - (uint64_t) *first;
}


int64_t
lp_profile_grid_pts(const lp_profile_t *p, int64_t k)
{
    profile_wide_t  ticks;

    if (p->fps_num == 0) {
        return 0;
    }

    ticks = (profile_wide_t) k * 90000 * (p->fps_den ? p->fps_den : 1);

    return (int64_t) profile_div_floor(2 * ticks + p->fps_num,
                                       2 * (profile_wide_t) p->fps_num);
}
