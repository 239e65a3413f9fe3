/*
 * TLS on a non-blocking socket (door: OpenSSL). The server's certificate is
 * made at the start or read from files; no peer verifies it (wire.md 1.1),
 * trust comes from signatures. One port serves h2, http/1.1 and clients
 * that send no ALPN at all.
 */
#ifndef ORCH_TLS_H
#define ORCH_TLS_H


#include <stddef.h>
#include <stdint.h>

#include "common/util/buf.h"


/* one record's payload: writing that much at a time wastes nothing */
#define ORCH_TLS_RECORD  16384


typedef struct orch_tls_s       orch_tls_t;          /* what all share */
typedef struct orch_tls_conn_s  orch_tls_conn_t;

typedef enum {
    ORCH_TLS_OK,
    ORCH_TLS_WANT_READ,
    ORCH_TLS_WANT_WRITE,
    ORCH_TLS_EOF,                       /* the peer closed */
    ORCH_TLS_ERROR
} orch_tls_rc_e;

typedef enum {
    ORCH_TLS_ALPN_NONE,                 /* not asked for, or nothing shared */
    ORCH_TLS_ALPN_H2,
    ORCH_TLS_ALPN_HTTP1
} orch_tls_alpn_e;


/*
 * cert_file and key_file: PEM, or both NULL and a certificate for name is
 * made: ECDSA P-256, valid from two days ago for a year, name as DNS and,
 * when it is an address, as IP. NULL with *why a sentence for the operator.
 */
orch_tls_t *orch_tls_create(const char *cert_file, const char *key_file,
    const char *name, const char **why);
void orch_tls_destroy(orch_tls_t **tls);

/* appends the certificate as PEM */
lp_status_t orch_tls_certificate(const orch_tls_t *tls, lp_buf_t *out);

/* server side of fd, which stays the caller's; NULL without memory */
orch_tls_conn_t *orch_tls_accept(orch_tls_t *tls, int fd);
void orch_tls_close(orch_tls_conn_t **c);

orch_tls_rc_e orch_tls_handshake(orch_tls_conn_t *c);

/* after the handshake */
orch_tls_alpn_e orch_tls_alpn(const orch_tls_conn_t *c);

/* *n bytes were read or taken; a write that waits may be repeated from
 * another address, with the same bytes or more */
orch_tls_rc_e orch_tls_read(orch_tls_conn_t *c, void *data, size_t len,
    size_t *n);
orch_tls_rc_e orch_tls_write(orch_tls_conn_t *c, const void *data, size_t len,
    size_t *n);

/* says goodbye as far as the socket takes it */
void orch_tls_shutdown(orch_tls_conn_t *c);


#endif /* ORCH_TLS_H */
