/*
 * One line of a log. The program supplies where lines go; peers' bytes are
 * escaped here, so that no peer can write a line of its own.
 */
#ifndef LP_LOG_H
#define LP_LOG_H


#include <stddef.h>
#include <stdint.h>


typedef enum {
    LP_LOG_ERROR,
    LP_LOG_WARN,
    LP_LOG_INFO,
    LP_LOG_DEBUG
} lp_log_level_e;

typedef struct {
    /* line is one line without its end; level says how loud */
    void           (*write)(void *ctx, lp_log_level_e level, const char *line);
    void            *ctx;
    lp_log_level_e   level;              /* lines above it are not made */
} lp_log_t;


void lp_log(const lp_log_t *log, lp_log_level_e level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * A peer's bytes made printable: what is under 0x20, over 0x7e, a quote or a
 * backslash becomes \xNN; at most size - 1 characters and a NUL. Returns out.
 */
const char *lp_log_escape(char *out, size_t size, const void *data,
    size_t len);


#endif /* LP_LOG_H */
