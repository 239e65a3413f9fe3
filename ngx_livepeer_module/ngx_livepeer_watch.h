/*
 * Descriptors of a library, watched by nginx: the library opens them, reads,
 * writes and closes them; nginx only says when. Level events, because the
 * library does not drain what it reads.
 */
#ifndef NGX_LIVEPEER_WATCH_H
#define NGX_LIVEPEER_WATCH_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


/* NULL: worker_connections are used up. c->fd is fd; handler gets both events */
ngx_connection_t *ngx_livepeer_watch_open(ngx_socket_t fd,
    ngx_event_handler_pt handler);

/* wait for these from now on, and for nothing else */
ngx_int_t ngx_livepeer_watch_set(ngx_connection_t *c, ngx_uint_t read,
    ngx_uint_t write);

/* before the library closes the descriptor */
void ngx_livepeer_watch_close(ngx_connection_t *c);


#endif /* NGX_LIVEPEER_WATCH_H */
