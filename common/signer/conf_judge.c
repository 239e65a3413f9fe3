/* The options taken together: what is missing, what does not go together. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/signer/conf.h"


static int
lp_sign_conf_refuse(const char *remedy)
{
    fprintf(stderr, "signer: %s\n", remedy);

    return -1;
}


static int
lp_sign_conf_judge_roles(lp_sign_conf_t *conf)
{
    size_t  i;
    static const struct {
        const char  *name;
        unsigned     roles;
    } roles[] = {
        { "broadcaster", LP_SIGNER_BROADCASTER },
        { "orchestrator", LP_SIGNER_ORCHESTRATOR },
        { "both", LP_SIGNER_BROADCASTER | LP_SIGNER_ORCHESTRATOR }
    };

    for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strcmp(conf->role, roles[i].name) == 0) {
            conf->signer.roles = roles[i].roles
                                 | (*conf->contracts ? LP_SIGNER_TX : 0);
            return 0;
        }
    }

    return lp_sign_conf_refuse("--role is broadcaster, orchestrator, or, off "
                               "chain, both");
}


static int
lp_sign_conf_judge_uids(lp_sign_conf_t *conf)
{
    char           *end;
    const char     *p = conf->allow_uid;
    unsigned long   uid;

    while (*p) {
        uid = *p >= '0' && *p <= '9' ? strtoul(p, &end, 10) : UINT32_MAX;

        if (uid >= UINT32_MAX || (*end && (*end != ',' || end[1] == '\0'))
            || conf->nuids == LP_SIGN_CONF_UIDS)
        {
            return lp_sign_conf_refuse("--allow-uid takes up to 16 numbers "
                                       "of users, as 33,101");
        }

        conf->uids[conf->nuids++] = (uid_t) uid;
        p = *end ? end + 1 : end;
    }

    return 0;
}


static int
lp_sign_conf_judge_level(lp_sign_conf_t *conf)
{
    int  i;
    static const char *const  names[] = { "error", "warn", "info", "debug" };

    for (i = 0; i < 4; i++) {
        if (strcmp(conf->log_level, names[i]) == 0) {
            conf->level = (lp_log_level_e) i;
            return 0;
        }
    }

    return lp_sign_conf_refuse("--log-level is error, warn, info or debug");
}


static int
lp_sign_conf_is_free(const lp_u256_t *v)
{
    return (v->w[0] & v->w[1] & v->w[2] & v->w[3]) == UINT64_MAX;
}


static int
lp_sign_conf_judge_money(const lp_sign_conf_t *conf)
{
    if (conf->chain_id && *conf->journal == '\0') {
        return lp_sign_conf_refuse("on a chain budgets must outlive a crash: "
                                   "give --journal");
    }

    if (*conf->contracts && (lp_sign_conf_is_free(&conf->max_gas_fee)
                             || lp_sign_conf_is_free(&conf->gas_budget)))
    {
        return lp_sign_conf_refuse("transactions need limits of what gas may "
                                   "cost: give --max-gas-fee and "
                                   "--gas-budget");
    }

    if (*conf->allow && strcmp(conf->allow, "withdraw") != 0) {
        return lp_sign_conf_refuse("--allow knows one word: withdraw");
    }

    return 0;
}


static const char *
lp_sign_conf_or_null(const char *text)
{
    return *text ? text : NULL;
}


static void
lp_sign_conf_fill(lp_sign_conf_t *conf)
{
    lp_signer_conf_t  *s = &conf->signer;

    s->key_file = conf->key_file;
    s->address = lp_sign_conf_or_null(conf->address);
    s->password_file = lp_sign_conf_or_null(conf->password_file);
    s->password_fd = conf->password_fd == UINT64_MAX
                     ? -1 : (int) conf->password_fd;
    s->chain_id = conf->chain_id;
    s->journal_file = lp_sign_conf_or_null(conf->journal);
    s->recipients_file = lp_sign_conf_or_null(conf->recipients);
    s->contracts_file = lp_sign_conf_or_null(conf->contracts);
    s->max_face_value = conf->max_face_value;
    s->max_ticket_ev = conf->max_ticket_ev;
    s->day_budget = conf->day_budget;
    s->stream_budget = conf->stream_budget;
    s->recipient_budget = conf->recipient_budget;
    s->max_value = conf->max_value;
    s->value_budget = conf->value_budget;
    s->max_gas_fee = conf->max_gas_fee;
    s->gas_budget = conf->gas_budget;
    s->allow_withdraw = *conf->allow != '\0';
}


int
lp_sign_conf_judge(lp_sign_conf_t *conf)
{
    if (*conf->socket == '\0') {
        return lp_sign_conf_refuse("there is no socket to serve: give "
                                   "--socket");
    }

    if (strlen(conf->socket) >= sizeof(((struct sockaddr_un *) 0)->sun_path))
    {
        return lp_sign_conf_refuse("the name of the socket is too long: 107 "
                                   "characters at most");
    }

    if (*conf->key_file == '\0') {
        return lp_sign_conf_refuse("there is no key: give --key-file");
    }

    if (*conf->password_file && conf->password_fd != UINT64_MAX) {
        return lp_sign_conf_refuse("there are two passwords: give "
                                   "--password-file or --password-fd");
    }

    if (conf->password_fd != UINT64_MAX && conf->password_fd > INT32_MAX) {
        return lp_sign_conf_refuse("--password-fd is no descriptor: give the "
                                   "number of an open one");
    }

    if (conf->chain_id == UINT64_MAX) {
        return lp_sign_conf_refuse("--chain-id is a number, 0 off chain");
    }

    if (lp_sign_conf_judge_roles(conf) || lp_sign_conf_judge_uids(conf)
        || lp_sign_conf_judge_level(conf) || lp_sign_conf_judge_money(conf))
    {
        return -1;
    }

    lp_sign_conf_fill(conf);

    return 0;
}
