/*
 * The outcomes. One list makes the enum, the sentence for a log and the
 * label of a metric, so the three cannot drift apart.
 */
#ifndef LP_STATUS_H
#define LP_STATUS_H


#define LP_STATUS_MAP(XX)                                                     \
    XX(LP_OK,              "ok",              "ok")                           \
    XX(LP_AGAIN,           "again",           "more bytes are needed")        \
    XX(LP_NOMEM,           "no_memory",       "out of memory")                \
    XX(LP_LIMIT,           "limit",           "a limit was reached")          \
    XX(LP_MALFORMED,       "malformed",       "malformed input")              \
    XX(LP_MISSING,         "missing",         "a required part is missing")   \
    XX(LP_UNSUPPORTED,     "unsupported",     "not supported")                \
    XX(LP_BAD_SIGNATURE,   "bad_signature",   "the signature does not verify") \
    XX(LP_BAD_TOKEN,       "bad_token",       "the token is not ours")        \
    XX(LP_EXPIRED,         "expired",         "expired")                      \
    XX(LP_REPLAYED,        "replayed",        "seen before")                  \
    XX(LP_MISMATCH,        "mismatch",        "the parts do not match")       \
    /* a source or a rendition that cannot be worked on: media.md 2.7 */      \
    XX(LP_TOO_BIG,         "too_big",         "the segment has too many bytes") \
    XX(LP_TOO_LONG,        "too_long",        "the segment is too long")      \
    XX(LP_BAD_CONTAINER,   "bad_container",   "not a clean MPEG-TS")          \
    XX(LP_NO_VIDEO,        "no_video",        "no video track")               \
    XX(LP_AUDIO_ONLY,      "audio_only",      "audio without video")          \
    XX(LP_BAD_CODEC,       "bad_codec",       "the codec is not supported")   \
    XX(LP_BAD_PIXFMT,      "bad_pixfmt",                                      \
       "only progressive 8-bit 4:2:0 video is supported")                     \
    XX(LP_NO_KEYFRAME,     "no_keyframe",                                     \
       "the segment does not begin with an IDR")                              \
    XX(LP_TOO_LARGE,       "too_large",       "the picture is too large")     \
    XX(LP_TOO_MANY_FRAMES, "too_many_frames", "too many frames")              \
    XX(LP_BUDGET,          "budget",          "the work budget is used up")   \
    XX(LP_TIMEOUT,         "timeout",         "the deadline has passed")      \
    XX(LP_DAMAGED,         "damaged",         "too many damaged frames")      \
    XX(LP_NO_FRAMES,       "no_frames",       "no frame came out")            \
    XX(LP_INPUT_CHANGED,   "input_changed",                                   \
       "the source changed within the segment")                               \
    XX(LP_BAD_PROFILE,     "bad_profile",     "the profile is not valid")     \
    XX(LP_BUSY,            "busy",            "all places are taken")         \
    XX(LP_GONE,            "gone",            "the peer went away")           \
    XX(LP_INTERNAL,        "internal",        "internal error")


#define LP_STATUS_ENUM(name, label, text)  name,

typedef enum {
    LP_STATUS_MAP(LP_STATUS_ENUM)
    LP_NSTATUS
} lp_status_t;

#undef LP_STATUS_ENUM


/* a sentence for the operator; never NULL, also for a number not in the list */
const char *lp_status_text(lp_status_t s);

/* [a-z_]+, stable: the label of a metric and the key of a JSON field */
const char *lp_status_label(lp_status_t s);


#endif /* LP_STATUS_H */
