/*
 * The renditions of one result, read in parallel over the connection that
 * the segment went out on. Each is gathered in one piece, because a verifier
 * walks it and one write puts it on disk.
 */
#include "ngx_livepeer_module/ngx_livepeer_curl.h"
#include "ngx_livepeer_module/ngx_livepeer_fetch.h"
#include "ngx_livepeer_module/ngx_livepeer_seg.h"
#include "ngx_livepeer_module/ngx_livepeer_session.h"


#define NGX_LIVEPEER_FETCH_CONNECT  2000            /* ms */
#define NGX_LIVEPEER_FETCH_TOTAL    4000


/* same scheme, host and port as the segment went to: T-44 */

static ngx_int_t
ngx_livepeer_fetch_allowed(ngx_livepeer_seg_t *seg, ngx_str_t *url)
{
    ngx_livepeer_url_t   parts;
    ngx_livepeer_url_t  *base = &seg->session->base_parts;

    if (ngx_livepeer_url_parse(&parts, url) != NGX_OK
        || parts.tls != base->tls || parts.port != base->port
        || parts.path.len == 0)
    {
        return NGX_DECLINED;
    }

    return ngx_livepeer_url_same_host(&parts, base) ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_livepeer_fetch_open(ngx_livepeer_seg_t *seg, ngx_uint_t i)
{
    ngx_livepeer_call_conf_t   conf;
    ngx_livepeer_rendition_t  *r = &seg->renditions[i];

    r->url.data = (u_char *) seg->result.renditions[i].url;
    r->url.len = ngx_strlen(r->url.data);
    r->pixels = seg->result.renditions[i].pixels;

    if (ngx_livepeer_fetch_allowed(seg, &r->url) != NGX_OK) {
        seg->reason = "names a rendition on another host";
        return NGX_DECLINED;
    }

    ngx_memzero(&conf, sizeof(ngx_livepeer_call_conf_t));

    conf.url = r->url;
    conf.stranger = seg->session->stranger;
    conf.watch = ngx_livepeer_session_watch(seg->session);
    conf.connect_timeout = NGX_LIVEPEER_FETCH_CONNECT;
    conf.timeout = NGX_LIVEPEER_FETCH_TOTAL;
    conf.answer_max = ngx_livepeer_seg_rendition_max(seg, i);
    conf.wake = ngx_livepeer_seg_wake_handler;
    conf.owner = seg;

    r->call = ngx_livepeer_curl_start(&conf, seg->stream->log);
    if (r->call == NULL) {
        seg->reason = "was not read: out of memory";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_fetch_start(ngx_livepeer_seg_t *seg)
{
    ngx_uint_t  i;

    for (i = 0; i < seg->nrenditions; i++) {
        if (ngx_livepeer_fetch_open(seg, i) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/* the bytes stay in the call; the chain that HLS writes points at them */

static ngx_int_t
ngx_livepeer_fetch_keep(ngx_livepeer_seg_t *seg, ngx_livepeer_rendition_t *r)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = ngx_calloc_buf(seg->pool);
    cl = ngx_alloc_chain_link(seg->pool);

    if (b == NULL || cl == NULL) {
        seg->reason = "was not read: out of memory";
        return NGX_DECLINED;
    }

    b->start = r->call->answer.data;
    b->pos = b->start;
    b->last = b->start + r->call->answer.len;
    b->end = b->last;
    b->memory = 1;

    cl->buf = b;
    cl->next = NULL;

    r->bytes = cl;
    r->last = &cl->next;
    r->len = r->call->answer.len;
    r->whole = 1;

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_fetch_check(ngx_livepeer_seg_t *seg)
{
    ngx_int_t                  rc = NGX_OK;
    ngx_uint_t                 i;
    ngx_livepeer_rendition_t  *r;

    for (i = 0; i < seg->nrenditions; i++) {
        r = &seg->renditions[i];

        if (r->whole) {
            continue;
        }

        if (!r->call->done) {
            rc = NGX_AGAIN;
            continue;
        }

        if (r->call->failed) {
            seg->reason = r->call->error;
            return NGX_DECLINED;
        }

        if (r->call->status != 200) {
            seg->reason = "does not have the rendition it announced";
            return NGX_DECLINED;
        }

        if (ngx_livepeer_fetch_keep(seg, r) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    return rc;
}


void
ngx_livepeer_fetch_drop(ngx_livepeer_seg_t *seg)
{
    ngx_uint_t                 i;
    ngx_livepeer_rendition_t  *r;

    for (i = 0; i < seg->nrenditions; i++) {
        r = &seg->renditions[i];

        ngx_livepeer_curl_cancel(&r->call);
        ngx_memzero(r, sizeof(ngx_livepeer_rendition_t));
    }
}
