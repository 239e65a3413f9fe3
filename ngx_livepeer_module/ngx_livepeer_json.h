/* The state of all streams as JSON: what the page polls. */
#ifndef NGX_LIVEPEER_JSON_H
#define NGX_LIVEPEER_JSON_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "common/util/buf.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"


/* appends the whole document; r says which server's locations count */
void ngx_livepeer_json_put(lp_buf_t *out, ngx_http_request_t *r);

/* members of an object, each with a comma after it */
void ngx_livepeer_json_str(lp_buf_t *out, const char *key, const char *value);
void ngx_livepeer_json_num(lp_buf_t *out, const char *key, int64_t value);

/* a string that is safe in HTML, too */
void ngx_livepeer_json_text(lp_buf_t *out, const u_char *s, size_t len);

/* the end of an object or list, without the comma of its last member */
void ngx_livepeer_json_close(lp_buf_t *out, u_char c);

/* of the newest values of a ring of 64, nring ever written; 0 without any */
uint32_t ngx_livepeer_json_percentile(const uint32_t *ring, uint32_t nring,
    ngx_uint_t percent);


#endif /* NGX_LIVEPEER_JSON_H */
