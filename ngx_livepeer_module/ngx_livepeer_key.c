/*
 * Stream keys. Every line is looked at for every publish, and keys are
 * compared by their hashes, so the time tells nothing about them.
 */
#include "ngx_livepeer_module/ngx_livepeer_key.h"

#include "common/util/hex.h"


/* key=... among the arguments, or nothing */

static void
ngx_livepeer_key_arg(ngx_str_t *key, ngx_str_t *args)
{
    u_char  *p, *end, *last;

    ngx_str_null(key);
    last = args->data + args->len;

    for (p = args->data; p < last; p = end + 1) {
        end = ngx_strlchr(p, last, '&');
        end = end ? end : last;

        if (end - p > 4 && ngx_memcmp(p, "key=", 4) == 0) {
            key->data = p + 4;
            key->len = end - key->data;
            return;
        }
    }
}


ngx_int_t
ngx_livepeer_key_check(ngx_array_t *keys, ngx_str_t *name, lp_hash_t *hash,
    ngx_str_t *given, ngx_str_t *args)
{
    u_char      *colon;
    lp_hash_t    known;
    ngx_int_t    rc;
    ngx_str_t    key, owner, *line;
    ngx_uint_t   i, named, same;

    rc = NGX_DECLINED;
    *name = *given;

    ngx_livepeer_key_arg(&key, args);
    named = (key.len != 0);

    if (!named) {
        key = *given;
    }

    lp_keccak256(hash, key.data, key.len);

    line = keys->elts;

    for (i = 0; i < keys->nelts; i++) {
        owner.data = line[i].data;
        owner.len = 0;
        key = line[i];

        colon = ngx_strlchr(line[i].data, line[i].data + line[i].len, ':');
        if (colon) {
            owner.len = colon - line[i].data;
            key.data = colon + 1;
            key.len = line[i].len - owner.len - 1;
        }

        lp_keccak256(&known, key.data, key.len);
        same = lp_equal_ct(known.b, hash->b, sizeof(hash->b));

        if (named) {
            same &= owner.len == 0
                    || (owner.len == given->len
                        && ngx_memcmp(owner.data, given->data, owner.len)
                           == 0);

        } else {
            same &= owner.len != 0;
        }

        if (same) {
            rc = NGX_OK;
            *name = named ? *given : owner;
        }
    }

    return rc;
}


ngx_uint_t
ngx_livepeer_key_is_local(struct sockaddr *sa)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (sa->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sa;
        return (ntohl(sin->sin_addr.s_addr) >> 24) == 127;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr)
               || (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)
                   && sin6->sin6_addr.s6_addr[12] == 127);
#endif

    case AF_UNIX:
        return 1;

    default:
        return 0;
    }
}
