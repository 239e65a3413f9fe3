/*
 * Requests out over HTTP, driven by the loop (door: libcurl). Ignorant of
 * what it carries; a callback of libcurl sets fields and wakes, no more.
 */
#ifndef ORCH_CLIENT_H
#define ORCH_CLIENT_H


#include "common/util/buf.h"
#include "orchestrator/loop.h"


typedef struct orch_client_s  orch_client_t;

/* one request; zeroed, then the first part is filled in by its owner */
typedef struct {
    const char     *url;                  /* borrowed until done */
    const char     *content_type;         /* of body */
    const uint8_t  *body;                 /* borrowed; NULL: GET */
    size_t          len;
    uint64_t        timeout_ms;           /* in total */
    size_t          answer_max;
    uint8_t         insecure;             /* certificates are not checked:
                                             our own service URI alone */
    uint8_t         grpc;                 /* HTTP/2, trailers looked for */
    orch_timer_t   *wake;                 /* when done */

    uint8_t         done, failed;
    unsigned        status;               /* HTTP; 0: none came */
    int             grpc_status;          /* -1: no trailer */
    const char     *error;                /* a fixed sentence if failed */
    lp_buf_t        answer;
    void           *impl;
} orch_request_t;


orch_client_t *orch_client_create(orch_loop_t *loop);
void orch_client_destroy(orch_client_t **c);

/* LP_OK: wake comes; LP_NOMEM */
lp_status_t orch_client_start(orch_client_t *c, orch_request_t *r);

/* at any time, may be repeated; frees the answer, no wake afterwards */
void orch_client_cancel(orch_request_t *r);


#endif /* ORCH_CLIENT_H */
