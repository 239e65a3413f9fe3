/*
 * HTTP as one call: bytes out, bytes back (door: libcurl). Nothing is
 * followed, nothing but http and https is spoken, an answer has a ceiling.
 */
#ifndef CTL_HTTP_H
#define CTL_HTTP_H


#include "common/util/buf.h"


typedef struct ctl_http_s  ctl_http_t;


/* NULL without memory */
ctl_http_t *ctl_http_create(void);
void ctl_http_destroy(ctl_http_t **h);

/*
 * POST of JSON, or GET when body is NULL. LP_OK: 200, the answer appended to
 * reply; else why is half a sentence: "it does not answer: ..".
 */
lp_status_t ctl_http_ask(ctl_http_t *h, lp_buf_t *reply, const char *url,
    const lp_buf_t *body, char *why, size_t why_len);

/* scheme and host of a URL: its path may be somebody's password; returns out */
const char *ctl_http_name(char *out, size_t size, const char *url);


#endif /* CTL_HTTP_H */
