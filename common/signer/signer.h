/*
 * The signer itself: a key, what may be signed with it, and a journal of what
 * was promised. A process of its own serves it on a unix socket (serve);
 * `--signer embedded` calls lp_signer_answer in the caller's process.
 * Source: threats.md T-35, T-36, T-38, T-39, 4.2; DESIGN.md 2.
 */
#ifndef LP_SIGNER_H
#define LP_SIGNER_H


#include "common/signer/protocol.h"
#include "common/util/log.h"


#define LP_SIGNER_BROADCASTER   0x01         /* request, segment, tickets */
#define LP_SIGNER_ORCHESTRATOR  0x02         /* result, ping, receipt */
#define LP_SIGNER_TX            0x04         /* with contracts_file */

typedef struct lp_signer_s  lp_signer_t;

/* texts are borrowed for the life of the signer; amounts in wei, all ones:
   no limit */
typedef struct {
    const char  *key_file;          /* keystore v3, or 64 hex digits */
    const char  *password_file;     /* NULL: password_fd, or none needed */
    int          password_fd;       /* -1: none */
    unsigned     roles;             /* LP_SIGNER_ bits; never both of B, O on
                                       chain (T-36) */
    uint64_t     chain_id;          /* 0: off chain */
    const char  *journal_file;      /* NULL: budgets are not kept; refused
                                       with BROADCASTER on chain */
    const char  *recipients_file;   /* an address a line; read again when it
                                       changes; NULL: everybody */
    const char  *contracts_file;    /* "NAME 0x.." a line, as livepeerctl
                                       contracts writes it; NULL: no tx */
    lp_u256_t    max_face_value;
    lp_u256_t    max_ticket_ev;
    lp_u256_t    day_budget;        /* EV of all tickets, UTC day */
    lp_u256_t    stream_budget;     /* EV of a stream in an hour */
    lp_u256_t    recipient_budget;  /* EV to a recipient in an hour */
    lp_u256_t    max_value;         /* ETH of one transaction */
    lp_u256_t    max_gas_fee;       /* gas * fee of one transaction */
    lp_u256_t    gas_budget;        /* of a UTC day */
    uint8_t      allow_withdraw;    /* withdraw, withdrawFees, withdrawStake,
                                       bond and back, transfers of LPT */
    lp_u256_t    value_budget;      /* ETH of a UTC day; 0: max_value */
    const char  *address;           /* 0x..: which key of a directory; NULL:
                                       the only one */
} lp_signer_conf_t;


/*
 * Reads and locks the key in memory, replays the journal. NULL with one
 * sentence in why that names the cause and the remedy. random: 64 bytes.
 */
lp_signer_t *lp_signer_create(const lp_signer_conf_t *conf,
    const uint8_t random[64], const lp_log_t *log, char *why, size_t why_len);

/* the key is wiped */
void lp_signer_destroy(lp_signer_t **s);

const lp_address_t *lp_signer_address(const lp_signer_t *s);
const lp_keys_t *lp_signer_keys(const lp_signer_t *s);

/*
 * Judge, reserve, sign: one answer frame for kind and id is appended to out.
 * May fsync when a reservation is opened (rarely: one covers 1 % of a day's
 * budget). now_s: unix time.
 */
void lp_signer_answer(lp_signer_t *s, lp_buf_t *out,
    const lp_sign_request_t *r, int64_t now_s);

/* the same as a plain struct; sigs and raw point into scratch */
void lp_signer_do(lp_signer_t *s, lp_sign_reply_t *reply, lp_buf_t *scratch,
    const lp_sign_request_t *r, int64_t now_s);


#endif /* LP_SIGNER_H */
