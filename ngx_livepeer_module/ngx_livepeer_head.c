/*
 * Status line, the four headers that matter, and the empty line that ends a
 * head. Heads of 1xx answers come first and do not count.
 */
#include "ngx_livepeer_module/ngx_livepeer_head.h"


#define NGX_LIVEPEER_HEAD_MAX  (64 * 1024)


void
ngx_livepeer_head_init(ngx_livepeer_head_t *h)
{
    ngx_memzero(h, sizeof(ngx_livepeer_head_t));

    h->grpc_status = -1;
    h->length = -1;
}


/* "HTTP/2 200" or "HTTP/1.1 200 OK" */

static ngx_int_t
ngx_livepeer_head_status(ngx_livepeer_head_t *h, u_char *line, u_char *end)
{
    u_char     *p;
    ngx_int_t   status;

    p = ngx_strlchr(line, end, ' ');
    status = p && end - p >= 4 ? ngx_atoi(p + 1, 3) : NGX_ERROR;

    if (status < 100 || status > 599) {
        return NGX_ERROR;
    }

    h->status = status;

    return NGX_OK;
}


/* the value of a line that has this name, or NULL */

static u_char *
ngx_livepeer_head_value(u_char *line, u_char *end, const char *name,
    size_t *len)
{
    u_char  *p;
    size_t   n = ngx_strlen(name);

    if ((size_t) (end - line) <= n || line[n] != ':'
        || ngx_strncasecmp(line, (u_char *) name, n) != 0)
    {
        return NULL;
    }

    for (p = line + n + 1; p < end && *p == ' '; p++) { /* void */ }

    *len = end - p;

    return p;
}


ngx_int_t
ngx_livepeer_head_line(ngx_livepeer_head_t *h, u_char *line, size_t len)
{
    size_t   value_len;
    u_char  *end, *value;

    if (len > NGX_LIVEPEER_HEAD_MAX - h->size) {
        return NGX_ERROR;
    }

    h->size += len;

    for (end = line + len;
         end > line && (end[-1] == CR || end[-1] == LF);
         end--)
    {
        /* void */
    }

    if (end == line) {
        if (h->done || h->status < 200) {
            return NGX_OK;
        }

        h->done = 1;

        return NGX_DONE;
    }

    if (!h->done && len > 5 && ngx_strncmp(line, "HTTP/", 5) == 0) {
        return ngx_livepeer_head_status(h, line, end);
    }

    value = ngx_livepeer_head_value(line, end, "content-length", &value_len);
    if (value) {
        h->length = ngx_atoof(value, value_len);
        return h->length >= 0 ? NGX_OK : NGX_ERROR;
    }

    value = ngx_livepeer_head_value(line, end, "livepeer-error", &value_len);
    if (value) {
        (void) ngx_cpystrn(h->error, value,
                           ngx_min(value_len + 1, sizeof(h->error)));
        return NGX_OK;
    }

    value = ngx_livepeer_head_value(line, end, "grpc-status", &value_len);
    if (value) {
        h->grpc_status = ngx_atoi(value, value_len);
    }

    return NGX_OK;
}
