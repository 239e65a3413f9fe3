/*
 * The listener: who may connect, how many, and how fast; and the server as a
 * whole, from create to drain and destroy.
 */
#define _GNU_SOURCE                           /* accept4 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "orchestrator/http_conn.h"


#define ORCH_HTTP_BACKLOG      1024
#define ORCH_HTTP_ACCEPTS      64             /* in one round */
#define ORCH_HTTP_PAUSE_MS     100            /* when descriptors ran out */


static void orch_http_on_accept(void *data);
static void orch_http_on_resume(void *data);
static void orch_http_on_drained(void *data);


void
orch_http_conf_init(orch_http_conf_t *conf)
{
    memset(conf, 0, sizeof(orch_http_conf_t));

    conf->addr = "[::]:8935";
    conf->max_connections = 4096;
    conf->max_connections_ip = 64;
    conf->handshake_ms = 10000;
    conf->handshakes_per_s = 500;
    conf->header_ms = 10000;
    conf->idle_ms = 60000;
    conf->stall_ms = 10000;
    conf->body_rate = 65536;
    conf->max_streams = 128;
    conf->max_requests = 1000;
    conf->reset_burst = 100;
    conf->reset_per_s = 20;
    conf->memory_max = (uint64_t) 1024 * 1024 * 1024;
}


/* "host:port", "[v6]:port" or ":port"; host and port are written */
static int
orch_http_split(const char *addr, char *host, size_t size, const char **port)
{
    size_t       len;
    const char  *colon;

    colon = strrchr(addr, ':');
    if (colon == NULL || colon[1] == '\0') {
        return -1;
    }

    len = (size_t) (colon - addr);

    if (len >= 2 && addr[0] == '[' && addr[len - 1] == ']') {
        addr++;
        len -= 2;
    }

    if (len >= size) {
        return -1;
    }

    memcpy(host, addr, len);
    host[len] = '\0';
    *port = colon + 1;

    return 0;
}


static int
orch_http_listen_on(const struct addrinfo *ai, const char **why)
{
    int  fd, on = 1, off = 0;

    fd = socket(ai->ai_family, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (fd == -1) {
        *why = "no socket for the listen address";
        return -1;
    }

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

    if (ai->ai_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }

    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1
        || listen(fd, ORCH_HTTP_BACKLOG) == -1)
    {
        *why = errno == EADDRINUSE
               ? "address already in use: another orchestrator?"
               : errno == EACCES ? "no right to listen on this port"
                                 : "the address is not one of this machine";
        close(fd);
        return -1;
    }

    return fd;
}


static int
orch_http_listen(const char *addr, const char **why)
{
    int               fd;
    char              host[256];
    const char       *port;
    struct addrinfo   hints, *list;

    if (orch_http_split(addr, host, sizeof(host), &port) != 0) {
        *why = "the listen address is not host:port";
        return -1;
    }

    memset(&hints, 0, sizeof(hints));
    hints.ai_family = host[0] ? AF_UNSPEC : AF_INET6;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE|AI_NUMERICSERV;

    if (getaddrinfo(host[0] ? host : NULL, port, &hints, &list) != 0) {
        *why = "the listen address is not host:port";
        return -1;
    }

    fd = orch_http_listen_on(list, why);

    freeaddrinfo(list);

    if (fd == -1 && errno == EAFNOSUPPORT && (host[0] == '\0'
                                              || strcmp(host, "::") == 0))
    {
        char  v4[32];

        snprintf(v4, sizeof(v4), "0.0.0.0:%.8s", port);
        return orch_http_listen(v4, why);
    }

    return fd;
}


static uint16_t
orch_http_bound_port(int fd)
{
    socklen_t                len;
    struct sockaddr_storage  sa;

    memset(&sa, 0, sizeof(sa));
    len = sizeof(sa);
    getsockname(fd, (struct sockaddr *) &sa, &len);

    if (sa.ss_family == AF_INET6) {
        return ntohs(((struct sockaddr_in6 *) &sa)->sin6_port);
    }

    return ntohs(((struct sockaddr_in *) &sa)->sin_port);
}


orch_http_t *
orch_http_create(orch_loop_t *loop, const orch_http_conf_t *conf,
    const char **why)
{
    int           fd;
    orch_http_t  *h;

    *why = "out of memory";

    h = calloc(1, sizeof(orch_http_t));
    if (h == NULL) {
        return NULL;
    }

    h->loop = loop;
    h->conf = *conf;
    h->spare_fd = -1;
    h->read = malloc(ORCH_HTTP_READ);

    if (h->read == NULL) {
        free(h);
        return NULL;
    }

    if (!conf->cleartext) {
        h->tls = orch_tls_create(conf->cert_file, conf->key_file,
                                 conf->cert_name, why);
        if (h->tls == NULL) {
            orch_http_destroy(&h);
            return NULL;
        }
    }

    fd = orch_http_listen(conf->addr, why);
    if (fd == -1) {
        orch_http_destroy(&h);
        return NULL;
    }

    /* a peer that is gone is an error of its connection, not a signal */
    signal(SIGPIPE, SIG_IGN);

    h->port = orch_http_bound_port(fd);
    h->spare_fd = open("/dev/null", O_RDONLY|O_CLOEXEC);

    if (getrandom(&h->addr_seed, sizeof(h->addr_seed), 0) < 0) {
        h->addr_seed = orch_loop_now_ms(loop);
    }

    orch_bucket_init(&h->handshakes, conf->handshakes_per_s,
                     conf->handshakes_per_s, orch_loop_now_ms(loop));

    orch_timer_init(&h->accept_timer, loop, orch_http_on_resume, h);
    orch_timer_init(&h->drain_wake, loop, orch_http_on_drained, h);
    orch_io_init(&h->listen, loop, fd, orch_http_on_accept,
                 orch_http_on_accept, h);
    orch_io_want(&h->listen, 1, 0);
    h->listening = 1;

    *why = NULL;

    return h;
}


static void
orch_http_stop_listening(orch_http_t *h)
{
    int  fd = h->listen.fd;

    if (!h->listening) {
        return;
    }

    h->listening = 0;
    orch_timer_done(&h->accept_timer);
    orch_io_done(&h->listen);
    close(fd);
}


void
orch_http_destroy(orch_http_t **http)
{
    orch_http_t  *h = *http;

    if (h == NULL) {
        return;
    }

    orch_http_stop_listening(h);

    while (h->conns) {
        orch_conn_destroy(h->conns);
    }

    orch_timer_done(&h->drain_wake);
    orch_tls_destroy(&h->tls);

    if (h->spare_fd != -1) {
        close(h->spare_fd);
    }

    free(h->spare_out);
    free(h->read);
    free(h);
    *http = NULL;
}


void
orch_http_drain(orch_http_t *h, orch_loop_handler_pt done, void *data)
{
    orch_conn_t  *c;

    orch_http_stop_listening(h);

    h->draining = 1;
    h->drained = done;
    h->drained_data = data;

    for (c = h->conns; c; c = c->next) {
        orch_conn_drain(c);
    }

    if (h->conns == NULL) {
        orch_loop_wake(&h->drain_wake);
    }
}


static void
orch_http_on_drained(void *data)
{
    orch_http_t  *h = data;

    if (h->drained) {
        h->drained(h->drained_data);
    }
}


uint16_t
orch_http_port(const orch_http_t *h)
{
    return h->port;
}


const orch_http_stats_t *
orch_http_stats(const orch_http_t *h)
{
    return &h->stats;
}


lp_status_t
orch_http_certificate(const orch_http_t *h, lp_buf_t *out)
{
    return h->tls ? orch_tls_certificate(h->tls, out) : LP_MISSING;
}


/*
 * Near memory_max bodies are no longer read and requests with a body are
 * refused, until enough is freed.
 */
int
orch_http_memory_high(const orch_http_t *h)
{
    return h->stats.memory >= h->conf.memory_max / 100 * 95;
}


/* those that were held ask again */
void
orch_http_wake_held(orch_http_t *h)
{
    orch_conn_t  *c;

    if (!h->held) {
        return;
    }

    h->held = 0;

    for (c = h->conns; c; c = c->next) {
        c->held = 1;
        orch_conn_wake(c);
    }
}


void
orch_http_memory(orch_http_t *h, int64_t delta)
{
    h->stats.memory += (uint64_t) delta;

    if (h->held && h->stats.memory < h->conf.memory_max / 100 * 90) {
        orch_http_wake_held(h);
    }
}


const char *
orch_http_date(orch_http_t *h)
{
    time_t     now = (time_t) orch_loop_unix_s(h->loop);
    struct tm  tm;

    if (h->date_s != now) {
        h->date_s = now;
        gmtime_r(&now, &tm);
        strftime(h->date, sizeof(h->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    }

    return h->date;
}


/* IPv4: the address; IPv6: the first 64 bits, one customer's network */
static uint64_t
orch_http_addr_key(const struct sockaddr_storage *sa, char *text, size_t size)
{
    uint32_t                    v4;
    uint64_t                    key;
    const struct in6_addr      *a6;
    const struct sockaddr_in   *sin;

    if (sa->ss_family == AF_INET6) {
        a6 = &((const struct sockaddr_in6 *) sa)->sin6_addr;

        if (!IN6_IS_ADDR_V4MAPPED(a6)) {
            inet_ntop(AF_INET6, a6, text, (socklen_t) size);
            memcpy(&key, a6->s6_addr, sizeof(key));
            return key;
        }

        memcpy(&v4, a6->s6_addr + 12, sizeof(v4));

    } else {
        sin = (const struct sockaddr_in *) sa;
        v4 = sin->sin_addr.s_addr;
    }

    inet_ntop(AF_INET, &v4, text, (socklen_t) size);

    return (uint64_t) v4 << 32 | 0xffff;
}


static orch_addr_t **
orch_http_addr_find(orch_http_t *h, uint64_t key)
{
    uint64_t       x;
    orch_addr_t  **link;

    x = (key ^ h->addr_seed) * 0x9e3779b97f4a7c15;
    x ^= x >> 32;
    link = &h->addrs[x % ORCH_HTTP_ADDR_BUCKETS];

    while (*link && (*link)->key != key) {
        link = &(*link)->next;
    }

    return link;
}


static orch_addr_t *
orch_http_addr_hold(orch_http_t *h, uint64_t key)
{
    orch_addr_t  *a, **link;

    link = orch_http_addr_find(h, key);
    a = *link;

    if (a == NULL) {
        a = calloc(1, sizeof(orch_addr_t));
        if (a == NULL) {
            return NULL;
        }

        a->key = key;
        *link = a;
    }

    if (a->n >= h->conf.max_connections_ip) {
        return NULL;
    }

    a->n++;

    return a;
}


static void
orch_http_addr_release(orch_http_t *h, orch_addr_t *a)
{
    orch_addr_t  **link;

    if (--a->n) {
        return;
    }

    link = orch_http_addr_find(h, a->key);
    *link = a->next;
    free(a);
}


/* a connection has ended: its places are free again */
void
orch_http_forget(orch_conn_t *c)
{
    orch_http_t  *h = c->http;

    h->stats.connections--;
    orch_http_addr_release(h, c->addr);

    if (h->draining && h->conns == NULL && h->drain_wake.event) {
        orch_loop_wake(&h->drain_wake);
    }
}


/* who has not sent a request yet makes room, the oldest first */
static int
orch_http_make_room(orch_http_t *h)
{
    uint64_t  max = h->conf.max_connections;

    if (h->stats.connections >= max - max / 10 && h->fresh) {
        h->stats.refused++;
        orch_conn_destroy(h->fresh);
    }

    return h->stats.connections < max ? 0 : -1;
}


static void
orch_http_admit(orch_http_t *h, int fd, const struct sockaddr_storage *sa)
{
    int           on = 1;
    char          peer[64];
    uint64_t      key;
    orch_conn_t  *c;
    orch_addr_t  *addr;

    h->stats.accepted++;
    key = orch_http_addr_key(sa, peer, sizeof(peer));

    if (orch_http_make_room(h) != 0
        || (h->tls && orch_bucket_take(&h->handshakes,
                                       orch_loop_now_ms(h->loop)) != 0))
    {
        h->stats.refused++;
        close(fd);
        return;
    }

    addr = orch_http_addr_hold(h, key);
    if (addr == NULL) {
        h->stats.refused++;
        close(fd);
        return;
    }

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

    c = orch_conn_create(h, fd);
    if (c == NULL) {
        orch_http_addr_release(h, addr);
        h->stats.refused++;
        close(fd);
        return;
    }

    memcpy(c->peer, peer, sizeof(peer));
    c->addr = addr;
    h->stats.connections++;
}


/*
 * No descriptor is left. The reserved one lets a waiting connection be
 * closed, which tells its peer; then a pause, since a full backlog would
 * wake us at once again.
 */
static void
orch_http_shed(orch_http_t *h)
{
    int  fd;

    if (h->spare_fd != -1) {
        close(h->spare_fd);
        fd = accept4(h->listen.fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd != -1) {
            h->stats.accepted++;
            h->stats.refused++;
            close(fd);
        }

        h->spare_fd = open("/dev/null", O_RDONLY|O_CLOEXEC);
    }

    orch_io_want(&h->listen, 0, 0);
    orch_timer_set(&h->accept_timer, ORCH_HTTP_PAUSE_MS);
}


static void
orch_http_on_resume(void *data)
{
    orch_http_t  *h = data;

    if (h->spare_fd == -1) {
        h->spare_fd = open("/dev/null", O_RDONLY|O_CLOEXEC);
    }

    orch_io_want(&h->listen, 1, 0);
}


static void
orch_http_on_accept(void *data)
{
    int                       fd, i;
    socklen_t                 len;
    orch_http_t              *h = data;
    struct sockaddr_storage   sa;

    for (i = 0; i < ORCH_HTTP_ACCEPTS; i++) {
        len = sizeof(sa);
        fd = accept4(h->listen.fd, (struct sockaddr *) &sa, &len,
                     SOCK_NONBLOCK|SOCK_CLOEXEC);

        if (fd != -1) {
            orch_http_admit(h, fd, &sa);
            continue;
        }

        if (errno == ECONNABORTED || errno == EINTR) {
            continue;
        }

        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS
            || errno == ENOMEM)
        {
            orch_http_shed(h);
        }

        return;
    }
}
