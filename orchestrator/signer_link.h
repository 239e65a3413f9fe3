/*
 * The socket to the signer's process: requests in a queue, answers in its
 * order, a new connection when the old one ends. A part of signer.
 */
#ifndef ORCH_SIGNER_LINK_H
#define ORCH_SIGNER_LINK_H


#include "orchestrator/signer.h"


typedef struct orch_signer_link_s  orch_signer_link_t;


/* connects at once; wake: the first hello came, or never will. NULL with a
   sentence in why */
orch_signer_link_t *orch_signer_link_create(const char *path,
    orch_loop_t *loop, const lp_log_t *log, orch_timer_t *wake, char *why,
    size_t why_len);
void orch_signer_link_destroy(orch_signer_link_t **l);

/* LP_AGAIN: no hello yet; LP_OK; LP_GONE: connecting again */
lp_status_t orch_signer_link_ready(const orch_signer_link_t *l);

/* what the signer said first; zero until then */
const lp_sign_hello_t *orch_signer_link_hello(const orch_signer_link_t *l);

void orch_signer_link_start(orch_signer_link_t *l, orch_sign_t *sign);

/* the answer is awaited and thrown away: the others keep their places */
void orch_signer_link_cancel(orch_sign_t *sign);


/* signer.c: a reply is there, before the owner's wake */
void orch_signer_answered(orch_sign_t *sign);


#endif /* ORCH_SIGNER_LINK_H */
