/*
 * A walk over a chain of buffers that can begin anew.
 */
#include "ngx_livepeer_module/ngx_livepeer_body.h"


void
ngx_livepeer_body_init(ngx_livepeer_body_t *b, ngx_chain_t *chain, size_t len)
{
    b->first = chain;
    b->len = len;

    ngx_livepeer_body_rewind(b);
}


void
ngx_livepeer_body_rewind(ngx_livepeer_body_t *b)
{
    b->link = b->first;
    b->pos = b->link ? b->link->buf->pos : NULL;
    b->sent = 0;
}


size_t
ngx_livepeer_body_read(ngx_livepeer_body_t *b, u_char *p, size_t room)
{
    size_t   len;
    u_char  *to = p;

    room = ngx_min(room, b->len - b->sent);

    while (room && b->link) {
        len = ngx_min(room, (size_t) (b->link->buf->last - b->pos));

        to = ngx_cpymem(to, b->pos, len);
        b->pos += len;
        b->sent += len;
        room -= len;

        if (b->pos == b->link->buf->last) {
            b->link = b->link->next;
            b->pos = b->link ? b->link->buf->pos : NULL;
        }
    }

    return to - p;
}
