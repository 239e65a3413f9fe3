/*
 * A connection of nginx borrowed for a descriptor that is not nginx's own.
 * What closes a connection of nginx would close the descriptor too: here it
 * is only given back. Source: platform.md 3.
 */
#include "ngx_livepeer_module/ngx_livepeer_watch.h"


ngx_connection_t *
ngx_livepeer_watch_open(ngx_socket_t fd, ngx_event_handler_pt handler)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(fd, ngx_cycle->log);
    if (c == NULL) {
        return NULL;
    }

    c->read->handler = handler;
    c->read->log = ngx_cycle->log;
    c->write->handler = handler;
    c->write->log = ngx_cycle->log;

    return c;
}


static ngx_int_t
ngx_livepeer_watch_event(ngx_event_t *ev, ngx_int_t event, ngx_uint_t wanted)
{
    if (wanted && !ev->active) {
        return ngx_add_event(ev, event, NGX_LEVEL_EVENT);
    }

    if (!wanted && ev->active) {
        return ngx_del_event(ev, event, 0);
    }

    return NGX_OK;
}


ngx_int_t
ngx_livepeer_watch_set(ngx_connection_t *c, ngx_uint_t read, ngx_uint_t write)
{
    if (ngx_livepeer_watch_event(c->read, NGX_READ_EVENT, read) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_livepeer_watch_event(c->write, NGX_WRITE_EVENT, write);
}


/* libcurl may have closed a socket that it says goodbye to: the kernel has
   forgotten it, only nginx has not */

static void
ngx_livepeer_watch_forget(ngx_event_t *ev, ngx_int_t event)
{
    if (ev->active) {
        (void) ngx_del_event(ev, event, NGX_CLOSE_EVENT);
    }
}


void
ngx_livepeer_watch_close(ngx_connection_t *c)
{
    if (fcntl(c->fd, F_GETFD) == -1) {
        ngx_livepeer_watch_forget(c->read, NGX_READ_EVENT);
        ngx_livepeer_watch_forget(c->write, NGX_WRITE_EVENT);

    } else {
        (void) ngx_livepeer_watch_set(c, 0, 0);
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;
}
