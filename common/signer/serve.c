/*
 * One loop: what is readable is read and answered for a turn, then written
 * with one call. A client whose answers are not read is not read either.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/signer/serve.h"


#define LP_SERVE_IN      (LP_SIGN_FRAME_MAX + 64 * 1024)
#define LP_SERVE_OUT     (4 * LP_SIGN_FRAME_MAX)
#define LP_SERVE_UNREAD  LP_SIGN_FRAME_MAX         /* then we read no more */
#define LP_SERVE_TURN    64                        /* signatures, about 3 ms */
#define LP_SERVE_NAME    128


typedef struct {
    int        fd;                                 /* -1: free */
    uint8_t   *in;
    size_t     in_len;
    lp_buf_t   out;
    uint8_t    ended;                              /* it sends no more */
    uint8_t    waits;                              /* for its next turn */
} lp_serve_client_t;

struct lp_sign_server_s {
    int                  fd;
    char                 path[LP_SERVE_NAME];
    struct stat          at;                       /* the socket we made */
    const uid_t         *uids;
    unsigned             nuids;
    lp_signer_t         *signer;
    const lp_log_t      *log;
    lp_serve_client_t    clients[LP_SIGN_CLIENTS_MAX];
    int64_t              said_s;                   /* of refusals, in the log */
    unsigned             refused;                  /* since then */
    sigset_t             mask;                     /* while it waits */
};


static volatile sig_atomic_t  lp_serve_stop;


static void
lp_serve_on_signal(int signo)
{
    (void) signo;
    lp_serve_stop = 1;
}


/* the signals arrive in ppoll and nowhere else: none is missed */

static void
lp_serve_catch(sigset_t *before)
{
    sigset_t          blocked;
    struct sigaction  sa;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = lp_serve_on_signal;
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, before);
}


/* --- the socket */

static int
lp_serve_judge_folder(const char *path, char *why, size_t why_len)
{
    char         folder[LP_SERVE_NAME], *slash;
    struct stat  st;

    snprintf(folder, sizeof(folder), "%s", path);
    slash = strrchr(folder, '/');

    if (slash == NULL) {
        strcpy(folder, ".");

    } else {
        slash[slash == folder] = '\0';
    }

    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
        snprintf(why, why_len, "the socket's folder %s is not there: make it",
                 folder);
        return -1;
    }

    if (st.st_mode & S_IWOTH) {
        snprintf(why, why_len, "the socket's folder %s can be written by "
                 "everybody: give --socket a folder of its own", folder);
        return -1;
    }

    return 0;
}


/* a name left by a signer that was killed goes; one that answers stays */

static int
lp_serve_clear(const struct sockaddr_un *at, char *why, size_t why_len)
{
    int          fd, rc;
    struct stat  st;

    if (lstat(at->sun_path, &st) != 0) {
        return 0;
    }

    if (!S_ISSOCK(st.st_mode)) {
        snprintf(why, why_len, "%s is there and is no socket: give --socket "
                 "another name", at->sun_path);
        return -1;
    }

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    rc = connect(fd, (const struct sockaddr *) at, sizeof(*at));

    if (rc == 0 || errno != ECONNREFUSED) {
        snprintf(why, why_len, "another signer serves %s: stop it, or give "
                 "--socket another name", at->sun_path);
        close(fd);
        return -1;
    }

    close(fd);

    if (unlink(at->sun_path) != 0) {
        snprintf(why, why_len, "the former socket %s cannot be removed (%s): "
                 "remove it", at->sun_path, strerror(errno));
        return -1;
    }

    return 0;
}


static int
lp_serve_listen(lp_sign_server_t *s, char *why, size_t why_len)
{
    struct sockaddr_un  at;

    if (lp_serve_judge_folder(s->path, why, why_len)) {
        return -1;
    }

    memset(&at, 0, sizeof(at));
    at.sun_family = AF_UNIX;
    memcpy(at.sun_path, s->path, strnlen(s->path, sizeof(at.sun_path) - 1));

    if (lp_serve_clear(&at, why, why_len)) {
        return -1;
    }

    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    /* the umask of 077 has made it 0600 before anyone can connect */

    if (s->fd == -1
        || bind(s->fd, (struct sockaddr *) &at, sizeof(at)) != 0
        || chmod(s->path, s->nuids ? 0666 : 0600) != 0
        || listen(s->fd, LP_SIGN_CLIENTS_MAX) != 0
        || stat(s->path, &s->at) != 0)
    {
        snprintf(why, why_len, "the socket %s cannot be made (%s): check its "
                 "folder", s->path, strerror(errno));
        return -1;
    }

    return 0;
}


lp_sign_server_t *
lp_sign_serve_open(const char *path, const uid_t *uids, unsigned nuids,
    lp_signer_t *signer, const lp_log_t *log, char *why, size_t why_len)
{
    unsigned           i;
    lp_sign_server_t  *s;

    s = calloc(1, sizeof(lp_sign_server_t));
    if (s == NULL) {
        snprintf(why, why_len, "there is no memory: give the signer 64 MB");
        return NULL;
    }

    s->fd = -1;
    s->uids = uids;
    s->nuids = nuids;
    s->signer = signer;
    s->log = log;
    snprintf(s->path, sizeof(s->path), "%s", path);

    for (i = 0; i < LP_SIGN_CLIENTS_MAX; i++) {
        s->clients[i].fd = -1;
        lp_buf_init(&s->clients[i].out, LP_SERVE_OUT);
    }

    lp_serve_catch(&s->mask);

    if (lp_serve_listen(s, why, why_len)) {
        lp_sign_serve_close(&s);
    }

    return s;
}


/* --- clients */

static void
lp_serve_drop(lp_serve_client_t *c)
{
    close(c->fd);
    free(c->in);
    lp_buf_done(&c->out);

    c->fd = -1;
    c->in = NULL;
    c->in_len = 0;
    c->ended = 0;
    c->waits = 0;
}


static int
lp_serve_is_allowed(const lp_sign_server_t *s, int fd)
{
    unsigned      i;
    socklen_t     len;
    struct ucred  peer;

    len = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
        return 0;
    }

    if (peer.uid == 0 || peer.uid == geteuid()) {
        return 1;
    }

    for (i = 0; i < s->nuids; i++) {
        if (s->uids[i] == peer.uid) {
            return 1;
        }
    }

    lp_log(s->log, LP_LOG_WARN, "signer: user %u (process %d) may not ask; "
           "--allow-uid would let it", (unsigned) peer.uid, (int) peer.pid);

    return 0;
}


static void
lp_serve_accept(lp_sign_server_t *s)
{
    int                 fd;
    unsigned            i;
    lp_serve_client_t  *c;

    fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1) {
        return;
    }

    for (i = 0; i < LP_SIGN_CLIENTS_MAX && s->clients[i].fd != -1; i++) {
        /* void */
    }

    if (i == LP_SIGN_CLIENTS_MAX || !lp_serve_is_allowed(s, fd)) {
        close(fd);
        return;
    }

    c = &s->clients[i];
    c->in = malloc(LP_SERVE_IN);

    if (c->in == NULL) {
        close(fd);
        return;
    }

    c->fd = fd;
}


static void
lp_serve_note(lp_sign_server_t *s, const uint8_t *answer, int64_t now_s)
{
    lp_sign_refusal_e  no = (lp_sign_refusal_e) answer[4];

    if (no == LP_SIGN_OK) {
        return;
    }

    s->refused++;

    if (now_s != s->said_s) {
        lp_log(s->log, LP_LOG_WARN, "signer: refused %u, the last because %s",
               s->refused, lp_sign_text(no));
        s->said_s = now_s;
        s->refused = 0;
    }
}


/* whole requests, for one turn; -1: it does not speak our language */

static int
lp_serve_answer(lp_sign_server_t *s, lp_serve_client_t *c, int64_t now_s)
{
    size_t             at = 0, whole, before;
    unsigned           cost = 0;
    lp_status_t        rc = LP_OK;
    lp_sign_request_t  r;

    while (cost < LP_SERVE_TURN && c->out.len < LP_SERVE_UNREAD) {

        rc = lp_sign_decode_request(&r, &whole, c->in + at, c->in_len - at);
        if (rc != LP_OK) {
            break;
        }

        before = c->out.len;
        lp_signer_answer(s->signer, &c->out, &r, now_s);

        if (lp_buf_status(&c->out) != LP_OK) {
            return -1;
        }

        lp_serve_note(s, c->out.data + before, now_s);
        cost += r.kind == LP_SIGN_TICKETS ? r.tickets.n : 1;
        at += whole;
    }

    memmove(c->in, c->in + at, c->in_len - at);
    c->in_len -= at;
    c->waits = rc == LP_OK;                        /* there may be more */

    return rc == LP_OK || rc == LP_AGAIN ? 0 : -1;
}


static int
lp_serve_read(lp_serve_client_t *c)
{
    ssize_t  n;

    n = recv(c->fd, c->in + c->in_len, LP_SERVE_IN - c->in_len, 0);

    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }

    c->ended = n == 0;
    c->in_len += (size_t) n;

    return 0;
}


static int
lp_serve_write(lp_serve_client_t *c)
{
    ssize_t  n;

    if (c->out.len == 0) {
        return 0;
    }

    n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);

    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }

    lp_buf_consume(&c->out, (size_t) n);

    return 0;
}


static int
lp_serve_is_open(const lp_serve_client_t *c)
{
    return !c->ended && c->in_len < LP_SERVE_IN
           && c->out.len < LP_SERVE_UNREAD;
}


/*
 * A client's turn. What was sent before nonsense is answered still; after
 * its end a client gets what it has asked for.
 */

static void
lp_serve_turn(lp_sign_server_t *s, lp_serve_client_t *c, short events,
    int64_t now_s)
{
    int  bad;

    if ((events & (POLLIN | POLLHUP | POLLERR)) && lp_serve_is_open(c)
        && lp_serve_read(c))
    {
        lp_serve_drop(c);
        return;
    }

    bad = lp_serve_answer(s, c, now_s);

    if (bad) {
        lp_log(s->log, LP_LOG_WARN, "signer: a client sent what is no "
               "request, and is left");
    }

    if (lp_serve_write(c) || bad
        || (c->ended && !c->waits && c->out.len == 0))
    {
        lp_serve_drop(c);
    }
}


/* --- the loop */

/* returns whether a client waits for a turn and for nothing else */

static int
lp_serve_fill(const lp_sign_server_t *s, struct pollfd *fds)
{
    int                       i, waits = 0;
    const lp_serve_client_t  *c;

    for (i = 0; i < LP_SIGN_CLIENTS_MAX; i++) {
        c = &s->clients[i];
        fds[i].fd = c->fd;
        fds[i].events = (short) ((c->fd != -1 && lp_serve_is_open(c)
                                  ? POLLIN : 0)
                                 | (c->out.len ? POLLOUT : 0));
        fds[i].revents = 0;
        waits |= c->waits && c->out.len < LP_SERVE_UNREAD;
    }

    fds[i].fd = s->fd;
    fds[i].events = POLLIN;
    fds[i].revents = 0;

    return waits;
}


static void
lp_serve_once(lp_sign_server_t *s)
{
    int                     i, n;
    int64_t                 now_s;
    struct pollfd           fds[LP_SIGN_CLIENTS_MAX + 1];
    lp_serve_client_t      *c;
    static struct timespec  at_once;

    n = ppoll(fds, LP_SIGN_CLIENTS_MAX + 1,
              lp_serve_fill(s, fds) ? &at_once : NULL, &s->mask);
    if (n < 0) {
        return;
    }

    now_s = (int64_t) time(NULL);

    for (i = 0; i < LP_SIGN_CLIENTS_MAX; i++) {
        c = &s->clients[i];

        if (c->fd != -1 && (fds[i].revents || c->waits)) {
            lp_serve_turn(s, c, fds[i].revents, now_s);
        }
    }

    if (fds[i].revents) {
        lp_serve_accept(s);
    }
}


void
lp_sign_serve_run(lp_sign_server_t *s)
{
    while (!lp_serve_stop) {
        lp_serve_once(s);
    }
}


void
lp_sign_serve_close(lp_sign_server_t **s)
{
    unsigned     i;
    struct stat  st;

    if (*s == NULL) {
        return;
    }

    for (i = 0; i < LP_SIGN_CLIENTS_MAX; i++) {
        if ((*s)->clients[i].fd != -1) {
            lp_serve_drop(&(*s)->clients[i]);
        }
    }

    if ((*s)->at.st_ino && stat((*s)->path, &st) == 0
        && st.st_ino == (*s)->at.st_ino && st.st_dev == (*s)->at.st_dev)
    {
        unlink((*s)->path);
    }

    if ((*s)->fd != -1) {
        close((*s)->fd);
    }

    free(*s);
    *s = NULL;
}
