/*
 * The signer's socket: several clients, each pipelined and answered in order,
 * each with bounded buffers and turns, so that none can hold up another.
 */
#ifndef LP_SIGN_SERVE_H
#define LP_SIGN_SERVE_H


#include <sys/types.h>

#include "common/signer/signer.h"


#define LP_SIGN_CLIENTS_MAX  64


typedef struct lp_sign_server_s  lp_sign_server_t;


/*
 * Listens at path: mode 0600, or 0666 when uids names others than root and
 * ourselves; every client's user is asked of the kernel in either case.
 * NULL: why is a sentence.
 */
lp_sign_server_t *lp_sign_serve_open(const char *path, const uid_t *uids,
    unsigned nuids, lp_signer_t *signer, const lp_log_t *log, char *why,
    size_t why_len);

/* until SIGTERM or SIGINT */
void lp_sign_serve_run(lp_sign_server_t *s);

/* the socket's name goes too */
void lp_sign_serve_close(lp_sign_server_t **s);


#endif /* LP_SIGN_SERVE_H */
