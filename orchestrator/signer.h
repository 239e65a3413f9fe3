/*
 * Who signs for the orchestrator: the signer's process on a unix socket, or
 * the same code in this process (`--signer embedded`). Typed requests only
 * (T-35, T-36); an answer may come later, so a request is a struct of its
 * owner, with a wake. Takes the place of identity.
 */
#ifndef ORCH_SIGNER_H
#define ORCH_SIGNER_H


#include "common/signer/signer.h"
#include "orchestrator/conf.h"
#include "orchestrator/loop.h"


#define ORCH_SIGNER_PING     32
#define ORCH_SIGNER_PING_MS  10000


typedef struct orch_signer_s  orch_signer_t;

/* one request under way; zeroed */
typedef struct orch_sign_s  orch_sign_t;

struct orch_sign_s {
    lp_sign_request_t   request;          /* filled in by the owner */
    orch_timer_t       *wake;
    lp_status_t         status;           /* LP_AGAIN; LP_OK: reply is there,
                                             also with a refusal; LP_GONE: the
                                             signer is away */
    lp_sign_reply_t     reply;            /* points into bytes */
    lp_buf_t            bytes;
    orch_signer_t      *signer;
    void               *entry;            /* in the queue of the socket */
};


/* the data folder and those above it, ours alone; -1: errno */
int orch_signer_make_folder(const char *dir);

/*
 * --signer embedded: --eth-key (keystore v3 or hex) with --eth-password-file;
 * off chain without --eth-key: data_dir/identity, made when it is not there.
 * --signer unix:PATH: connects now; wake when the signer has said hello.
 * NULL with a sentence in why.
 */
orch_signer_t *orch_signer_create(const orch_conf_t *conf, orch_loop_t *loop,
    const lp_log_t *log, orch_timer_t *wake, char *why, size_t why_len);
void orch_signer_destroy(orch_signer_t **s);

/* LP_AGAIN: the hello has not come; LP_OK; LP_GONE: *why says what to do */
lp_status_t orch_signer_ready(const orch_signer_t *s, const char **why);

/* of the key; zero until it is ready */
const lp_address_t *orch_signer_address(const orch_signer_t *s);
uint64_t orch_signer_chain_id(const orch_signer_t *s);

/* was the signer started for this kind of request */
int orch_signer_allows(const orch_signer_t *s, lp_sign_kind_e kind);

/* for the signatures of others: const, no key in it */
const lp_keys_t *orch_signer_keys(const orch_signer_t *s);

/*
 * status is LP_AGAIN until wake, or final at once and no wake comes: the
 * embedded signer, and LP_GONE.
 */
void orch_signer_start(orch_signer_t *s, orch_sign_t *sign);

/* at any time, may be repeated; frees bytes, no wake afterwards */
void orch_signer_cancel(orch_sign_t *sign);

/* n >= 1 hashes of renditions, in the order of the request's profiles:
   fills in request and starts */
void orch_signer_result(orch_signer_t *s, orch_sign_t *sign,
    const lp_hash_t *renditions, size_t n, orch_timer_t *wake);

/*
 * The self-check: the signer draws a value and signs it; it may be answered
 * once within ORCH_SIGNER_PING_MS.
 */
void orch_signer_issue_ping(orch_signer_t *s, orch_sign_t *sign,
    orch_timer_t *wake);

/* LP_MISMATCH: not a value drawn a moment ago */
lp_status_t orch_signer_answer_ping(orch_signer_t *s, lp_sig_t *sig,
    const uint8_t *value, size_t len, uint64_t now_ms);


#endif /* ORCH_SIGNER_H */
