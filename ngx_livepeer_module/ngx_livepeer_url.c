/*
 * A URL that a peer sent, taken apart strictly: whatever two parsers could
 * read in two ways is refused (T-45).
 */
#include "ngx_livepeer_module/ngx_livepeer_address.h"
#include "ngx_livepeer_module/ngx_livepeer_url.h"


#define NGX_LIVEPEER_URL_MAX   2048
#define NGX_LIVEPEER_HOST_MAX  253


/* a dotted quad in the only form that means one thing */

static ngx_int_t
ngx_livepeer_url_quad(u_char *p, u_char *last)
{
    ngx_int_t   value;
    ngx_uint_t  parts;
    u_char     *dot;

    for (parts = 1; /* void */; parts++) {
        dot = ngx_strlchr(p, last, '.');
        if (dot == NULL) {
            dot = last;
        }

        value = ngx_atoi(p, dot - p);

        if (dot == p || dot - p > 3 || value < 0 || value > 255
            || (dot - p > 1 && *p == '0'))
        {
            return NGX_DECLINED;
        }

        if (dot == last) {
            return parts == 4 ? NGX_OK : NGX_DECLINED;
        }

        p = dot + 1;
    }
}


/* letters, digits, hyphens and dots; nothing another parser could read as a
   number of its own fashion */

static ngx_int_t
ngx_livepeer_url_host(ngx_str_t *host)
{
    u_char   ch, *p, *last, *label;
    u_char   literal[NGX_INET6_ADDRSTRLEN + 1], in6[16];

    p = host->data;
    last = p + host->len;

    if (*p == '[') {
        if (host->len < 4 || host->len - 2 > NGX_INET6_ADDRSTRLEN
            || last[-1] != ']')
        {
            return NGX_DECLINED;
        }

        *ngx_cpymem(literal, p + 1, host->len - 2) = '\0';

        return inet_pton(AF_INET6, (char *) literal, in6) == 1
               ? NGX_OK : NGX_DECLINED;
    }

    if (host->len > NGX_LIVEPEER_HOST_MAX) {
        return NGX_DECLINED;
    }

    for (label = p; p < last; p++) {
        ch = *p | 0x20;

        if (*p == '.') {
            if (p == label || p + 1 == last) {
                return NGX_DECLINED;
            }

            label = p + 1;

        } else if ((ch < 'a' || ch > 'z') && (*p < '0' || *p > '9')
                   && (*p != '-' || p == label))
        {
            return NGX_DECLINED;
        }
    }

    if (*label >= '0' && *label <= '9') {
        return ngx_livepeer_url_quad(host->data, last);
    }

    return NGX_OK;
}


/* host, and a port after a colon that stands behind the bracket if there is
   one */

static ngx_int_t
ngx_livepeer_url_authority(ngx_livepeer_url_t *parts, u_char *p, u_char *last)
{
    u_char     *colon, *from = p;
    ngx_int_t   port;

    if (p < last && *p == '[') {
        from = ngx_strlchr(p, last, ']');
        if (from == NULL) {
            return NGX_DECLINED;
        }
    }

    colon = ngx_strlchr(from, last, ':');

    if (colon) {
        port = ngx_atoi(colon + 1, last - colon - 1);
        if (port < 1 || port > 65535 || last - colon > 6) {
            return NGX_DECLINED;
        }

        parts->port = port;
        last = colon;
    }

    parts->host.data = p;
    parts->host.len = last - p;

    return parts->host.len ? ngx_livepeer_url_host(&parts->host)
                           : NGX_DECLINED;
}


/* one line of printable ASCII, without what divides a URL in other ways */

static ngx_uint_t
ngx_livepeer_url_clean(ngx_str_t *url)
{
    u_char      ch;
    ngx_uint_t  i;

    for (i = 0; i < url->len; i++) {
        ch = url->data[i];

        if (ch <= 0x20 || ch >= 0x7f || ch == '#' || ch == '@' || ch == '\\') {
            return 0;
        }
    }

    return url->len <= NGX_LIVEPEER_URL_MAX;
}


ngx_int_t
ngx_livepeer_url_parse(ngx_livepeer_url_t *parts, ngx_str_t *url)
{
    u_char  *p, *last, *slash;

    if (!ngx_livepeer_url_clean(url)) {
        return NGX_DECLINED;
    }

    p = url->data;
    last = p + url->len;

    if (url->len > 8 && ngx_strncasecmp(p, (u_char *) "https://", 8) == 0) {
        parts->tls = 1;
        parts->port = 443;
        p += 8;

    } else if (url->len > 7
               && ngx_strncasecmp(p, (u_char *) "http://", 7) == 0)
    {
        parts->tls = 0;
        parts->port = 80;
        p += 7;

    } else {
        return NGX_DECLINED;
    }

    slash = ngx_strlchr(p, last, '/');
    if (slash == NULL) {
        slash = last;
    }

    parts->path.data = slash;
    parts->path.len = last - slash;

    return ngx_livepeer_url_authority(parts, p, slash);
}


ngx_uint_t
ngx_livepeer_url_same_host(ngx_livepeer_url_t *a, ngx_livepeer_url_t *b)
{
    return a->host.len == b->host.len
           && ngx_strncasecmp(a->host.data, b->host.data, a->host.len) == 0;
}


/* a name is judged again when it has become an address: curl.c */

ngx_uint_t
ngx_livepeer_url_is_private(ngx_livepeer_url_t *parts)
{
    u_char                literal[NGX_INET6_ADDRSTRLEN + 1];
    ngx_str_t             host = parts->host;
    struct sockaddr_in    sin;
    struct sockaddr_in6   sin6;

    if (parts->port < 1024 && parts->port != 80 && parts->port != 443) {
        return 1;
    }

    if (host.len == 9
        && ngx_strncasecmp(host.data, (u_char *) "localhost", 9) == 0)
    {
        return 1;
    }

    if (host.data[0] == '[') {
        host.data++;
        host.len -= 2;
    }

    if (host.len > NGX_INET6_ADDRSTRLEN) {
        return 0;
    }

    *ngx_cpymem(literal, host.data, host.len) = '\0';

    ngx_memzero(&sin, sizeof(sin));
    ngx_memzero(&sin6, sizeof(sin6));
    sin.sin_family = AF_INET;
    sin6.sin6_family = AF_INET6;

    if (inet_pton(AF_INET, (char *) literal, &sin.sin_addr) == 1) {
        return !ngx_livepeer_address_is_public((struct sockaddr *) &sin);
    }

    if (inet_pton(AF_INET6, (char *) literal, &sin6.sin6_addr) == 1) {
        return !ngx_livepeer_address_is_public((struct sockaddr *) &sin6);
    }

    return 0;
}
