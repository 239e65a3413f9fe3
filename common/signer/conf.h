/*
 * What the operator lets the signer sign. One table holds every option; the
 * command line, the environment (LIVEPEER_MAX_FACE_VALUE) and the file of
 * --config name it alike, and the first of them wins. A password is in none
 * of them: a file or a descriptor has it (T-39).
 */
#ifndef LP_SIGN_CONF_H
#define LP_SIGN_CONF_H


#include <sys/types.h>

#include "common/signer/signer.h"
#include "common/util/arena.h"
#include "common/util/options.h"


#define LP_SIGN_CONF_UIDS  16


typedef struct {
    const char        *socket;
    const char        *key_file;
    const char        *address;
    const char        *password_file;
    const char        *role;
    const char        *journal;
    const char        *recipients;
    const char        *contracts;
    const char        *allow;
    const char        *allow_uid;
    const char        *user;
    const char        *log_level;
    uint64_t           password_fd;                /* all ones: none */
    uint64_t           chain_id;
    lp_u256_t          max_face_value, max_ticket_ev;
    lp_u256_t          day_budget, stream_budget, recipient_budget;
    lp_u256_t          max_value, value_budget, max_gas_fee, gas_budget;

    /* found by lp_sign_conf_read */
    lp_signer_conf_t   signer;
    lp_log_level_e     level;
    uid_t              uids[LP_SIGN_CONF_UIDS];    /* besides root and us */
    unsigned           nuids;
    lp_options_t       options;                    /* how they were read */
    lp_arena_t         arena;                      /* of the texts */
} lp_sign_conf_t;


/* conf is zeroed first and must stay where it is; done in every case */
lp_options_e lp_sign_conf_read(lp_sign_conf_t *conf, char **argv, char **env);
void lp_sign_conf_done(lp_sign_conf_t *conf);

/* conf_judge: what is found beyond single options; 0, or -1 and said why */
int lp_sign_conf_judge(lp_sign_conf_t *conf);


#endif /* LP_SIGN_CONF_H */
