/*
 * HLS files to viewers. The grammar of a path is so narrow that nothing but
 * a file of a stream can be named; everything else is not found before any
 * call to the system.
 */
#include "ngx_livepeer_module/ngx_livepeer_http.h"
#include "ngx_livepeer_module/ngx_livepeer_serve.h"


typedef enum {
    serve_none,
    serve_playlist,
    serve_segment
} ngx_livepeer_serve_e;


static ngx_str_t  ngx_livepeer_serve_playlist_type =
    ngx_string("application/vnd.apple.mpegurl");
static ngx_str_t  ngx_livepeer_serve_segment_type = ngx_string("video/mp2t");


/* a variant's name may have dots in it, a profile's name can */

static u_char *
ngx_livepeer_serve_name(u_char *p, u_char *last, ngx_uint_t dots)
{
    u_char  *start;

    for (start = p; p < last; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || *p == '_' || *p == '-'
              || (dots && *p == '.' && p > start && p[-1] != '.')))
        {
            break;
        }
    }

    return (p == start || p - start > NGX_LIVEPEER_NAME_MAX + 5) ? NULL : p;
}


/*
 *   NAME.m3u8    NAME/VARIANT.m3u8    NAME/VARIANT/SEQ.ts
 */

static ngx_livepeer_serve_e
ngx_livepeer_serve_kind(u_char *p, u_char *last)
{
    u_char  *digits;

    p = ngx_livepeer_serve_name(p, last, 0);
    if (p == NULL || p == last) {
        return serve_none;
    }

    if (*p == '.') {
        return last - p == 5 && ngx_memcmp(p, ".m3u8", 5) == 0
               ? serve_playlist : serve_none;
    }

    if (*p++ != '/') {
        return serve_none;
    }

    p = ngx_livepeer_serve_name(p, last, 1);
    if (p == NULL) {
        return serve_none;
    }

    if (p == last) {
        return last[-1] == '8' && ngx_memcmp(last - 5, ".m3u8", 5) == 0
               ? serve_playlist : serve_none;
    }

    if (*p++ != '/') {
        return serve_none;
    }

    for (digits = p; p < last && *p >= '0' && *p <= '9'; p++) {
        /* void */
    }

    return p > digits && p - digits <= 19 && last - p == 3
           && ngx_memcmp(p, ".ts", 3) == 0
           ? serve_segment : serve_none;
}


/* players of other sites may read, and no cookie is ever looked at */

static ngx_int_t
ngx_livepeer_serve_headers(ngx_http_request_t *r, char *cache)
{
    if (ngx_livepeer_http_header(r, "Access-Control-Allow-Origin", "*")
        != NGX_OK
        || ngx_livepeer_http_header(r, "X-Content-Type-Options", "nosniff")
           != NGX_OK
        || ngx_livepeer_http_header(r, "Cache-Control", cache) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_livepeer_serve_options(ngx_http_request_t *r)
{
    if (ngx_livepeer_serve_headers(r, "max-age=86400") != NGX_OK
        || ngx_livepeer_http_header(r, "Access-Control-Allow-Methods",
                                     "GET, HEAD, OPTIONS") != NGX_OK
        || ngx_livepeer_http_header(r, "Access-Control-Allow-Headers",
                                     "Range") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->header_only = 1;
    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->headers_out.content_length_n = 0;

    return ngx_http_send_header(r);
}


static ngx_int_t
ngx_livepeer_serve_open(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    ngx_memzero(of, sizeof(ngx_open_file_info_t));
    of->read_ahead = clcf->read_ahead;
    of->directio = NGX_OPEN_FILE_DIRECTIO_OFF;
    of->valid = clcf->open_file_cache_valid;
    of->min_uses = clcf->open_file_cache_min_uses;
    of->errors = clcf->open_file_cache_errors;
    of->events = clcf->open_file_cache_events;

    if (ngx_open_cached_file(clcf->open_file_cache, path, of, r->pool)
        == NGX_OK)
    {
        return of->is_file ? NGX_OK : NGX_HTTP_NOT_FOUND;
    }

    switch (of->err) {

    case 0:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;

    case NGX_ENOENT:
    case NGX_ENOTDIR:
    case NGX_ENAMETOOLONG:

        /* a gap, or a stream that is gone: nothing to tell the operator */

        return NGX_HTTP_NOT_FOUND;

    default:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, of->err,
                      "%s \"%V\" failed", of->failed, path);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


static ngx_int_t
ngx_livepeer_serve_send(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->file = ngx_pcalloc(r->pool, sizeof(ngx_file_t));
    if (b->file == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->file_pos = 0;
    b->file_last = of->size;
    b->in_file = b->file_last ? 1 : 0;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;
    b->sync = (b->last_buf || b->in_file) ? 0 : 1;

    b->file->fd = of->fd;
    b->file->name = *path;
    b->file->log = r->connection->log;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_livepeer_serve_handler(ngx_http_request_t *r)
{
    u_char                   *p, *name;
    ngx_int_t                 rc;
    ngx_str_t                *root, path;
    ngx_livepeer_serve_e      kind;
    ngx_open_file_info_t      of;
    ngx_livepeer_loc_conf_t  *llcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_OPTIONS))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_livepeer_serve_options(r);
    }

    llcf = ngx_http_get_module_loc_conf(r, ngx_livepeer_http_module);

    /* r->uri is decoded: a name with an escape in it is no name of ours */

    if (r->uri.len <= llcf->hls->prefix.len) {
        return NGX_HTTP_NOT_FOUND;
    }

    name = r->uri.data + llcf->hls->prefix.len;
    kind = ngx_livepeer_serve_kind(name, r->uri.data + r->uri.len);

    if (kind == serve_none) {
        return NGX_HTTP_NOT_FOUND;
    }

    root = &llcf->hls->app->stream.hls_path;
    path.len = root->len + 1 + (r->uri.data + r->uri.len - name);
    path.data = ngx_pnalloc(r->pool, path.len + 1);
    if (path.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_cpymem(path.data, root->data, root->len);
    *p++ = '/';
    p = ngx_cpymem(p, name, r->uri.data + r->uri.len - name);
    *p = '\0';

    rc = ngx_livepeer_serve_open(r, &path, &of);
    if (rc != NGX_OK) {
        return rc;
    }

    r->root_tested = !r->error_page;
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = of.size;

    if (kind == serve_segment) {
        r->headers_out.content_type = ngx_livepeer_serve_segment_type;
        r->headers_out.last_modified_time = of.mtime;
        r->allow_ranges = 1;

        rc = ngx_livepeer_serve_headers(r, "public, max-age=3600, immutable");

        if (rc == NGX_OK) {
            rc = ngx_http_set_etag(r);
        }

    } else {

        /* one second is too coarse a clock to ask "modified since" with */

        r->headers_out.content_type = ngx_livepeer_serve_playlist_type;
        rc = ngx_livepeer_serve_headers(r, "max-age=1");
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;

    return ngx_livepeer_serve_send(r, &path, &of);
}
