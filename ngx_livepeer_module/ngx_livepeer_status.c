/*
 * The page and what it shows, read from the slots of all workers. Texts are
 * made from numbers, checked names and fixed sentences; what a configuration
 * brings in is escaped all the same (T-64, T-68).
 */
#include "ngx_livepeer_module/ngx_livepeer_status.h"
#include "ngx_livepeer_module/ngx_livepeer_http.h"
#include "ngx_livepeer_module/ngx_livepeer_json.h"
#include "ngx_livepeer_module/ngx_livepeer_metrics.h"
#include "ngx_livepeer_module/ngx_livepeer_www.h"


#define NGX_LIVEPEER_STATUS_MAX  (16 * 1024 * 1024)


/* the page runs its own script and nothing else; media comes from blobs */

static ngx_int_t
ngx_livepeer_status_headers(ngx_http_request_t *r, char *cache)
{
    if (ngx_livepeer_http_header(r, "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; "
            "img-src 'self' data:; connect-src 'self'; "
            "media-src 'self' blob:; worker-src 'self' blob:; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
        != NGX_OK
        || ngx_livepeer_http_header(r, "X-Content-Type-Options", "nosniff")
           != NGX_OK
        || ngx_livepeer_http_header(r, "Referrer-Policy", "no-referrer")
           != NGX_OK
        || ngx_livepeer_http_header(r, "Cache-Control", cache) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_livepeer_status_send(ngx_http_request_t *r, const char *type,
    const u_char *data, size_t len)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = len;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = (u_char *) data;
    b->last = b->pos + len;
    b->memory = len ? 1 : 0;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static const char *
ngx_livepeer_status_type(ngx_str_t *name)
{
    switch (name->data[name->len - 1]) {

    case 'l':
        return "text/html; charset=utf-8";

    case 's':
        return name->data[name->len - 2] == 'j'
               ? "text/javascript; charset=utf-8" : "text/css; charset=utf-8";

    default:
        return "application/octet-stream";
    }
}


static ngx_uint_t
ngx_livepeer_status_takes_gzip(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h = r->headers_in.accept_encoding;

    return h && ngx_strcasestrn(h->value.data, "gzip", 3) != NULL;
}


static ngx_int_t
ngx_livepeer_status_file(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_table_elt_t           *h;
    const ngx_livepeer_www_t  *file;

    for (file = ngx_livepeer_www; file->name.len; file++) {
        if (file->name.len == name->len
            && ngx_memcmp(file->name.data, name->data, name->len) == 0)
        {
            break;
        }
    }

    if (file->name.len == 0) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (ngx_livepeer_status_headers(r, "no-cache") != NGX_OK
        || ngx_livepeer_http_header(r, "Vary", "Accept-Encoding") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ngx_livepeer_status_takes_gzip(r)) {
        return ngx_livepeer_status_send(r,
                   ngx_livepeer_status_type((ngx_str_t *) &file->name),
                   file->data, file->end - file->data);
    }

    if (ngx_livepeer_http_header(r, "Content-Encoding", "gzip") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* known as such, or nginx would compress it once more */

    h = r->headers_out.headers.last->elts;
    r->headers_out.content_encoding = &h[r->headers_out.headers.last->nelts
                                         - 1];

    return ngx_livepeer_status_send(r,
               ngx_livepeer_status_type((ngx_str_t *) &file->name),
               file->gzip, file->gzip_end - file->gzip);
}


static void
ngx_livepeer_status_free(void *data)
{
    lp_buf_done(data);
}


static ngx_int_t
ngx_livepeer_status_text(ngx_http_request_t *r, const char *type,
    void (*make)(lp_buf_t *out, ngx_http_request_t *r))
{
    lp_buf_t            *out;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(lp_buf_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    out = cln->data;
    lp_buf_init(out, NGX_LIVEPEER_STATUS_MAX);
    cln->handler = ngx_livepeer_status_free;

    make(out, r);

    if (lp_buf_status(out) != LP_OK
        || ngx_livepeer_status_headers(r, "no-store") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_livepeer_status_send(r, type, out->data, out->len);
}


/* what comes after the location's own name */

static void
ngx_livepeer_status_rest(ngx_http_request_t *r, ngx_str_t *rest)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    *rest = r->uri;

    if (rest->len >= clcf->name.len
        && ngx_memcmp(rest->data, clcf->name.data, clcf->name.len) == 0)
    {
        rest->data += clcf->name.len;
        rest->len -= clcf->name.len;
    }

    while (rest->len && rest->data[0] == '/') {
        rest->data++;
        rest->len--;
    }
}


ngx_int_t
ngx_livepeer_status_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;
    ngx_str_t  rest, index = ngx_string("index.html");

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_livepeer_status_rest(r, &rest);

    if (rest.len == 0) {
        return ngx_livepeer_status_file(r, &index);
    }

    if (rest.len == 3 && ngx_memcmp(rest.data, "api", 3) == 0) {
        return ngx_livepeer_status_text(r, "application/json",
                                        ngx_livepeer_json_put);
    }

    if (rest.len == 7 && ngx_memcmp(rest.data, "metrics", 7) == 0) {
        return ngx_livepeer_status_text(r,
                   "text/plain; version=0.0.4; charset=utf-8",
                   ngx_livepeer_metrics_put);
    }

    return ngx_livepeer_status_file(r, &rest);
}
