/*
 * Verify mode: what a rendition really holds, by decoding it. The facts a
 * verifier compares with what was promised (media.md 4.4, L0).
 */
#ifndef TC_INSPECT_H
#define TC_INSPECT_H


#include "common/util/buf.h"


/* the whole file; LP_MISSING, LP_TOO_BIG, LP_NOMEM */
lp_status_t tc_inspect_load(lp_buf_t *b, const char *path);

/*
 * One JSON object and a line end into out. Returns what the engine would
 * say of these bytes as a source.
 */
lp_status_t tc_inspect(lp_buf_t *out, const char *name, const lp_buf_t *b);


#endif /* TC_INSPECT_H */
