/*
 * Signatures for the orchestrator: here when the signer is embedded, over
 * its socket otherwise. The off chain key is made here when there is none.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/util/hex.h"
#include "orchestrator/signer_link.h"
#include "orchestrator/token.h"


#define ORCH_SIGNER_PATH    4096
#define ORCH_SIGNER_DIGITS  64
#define ORCH_SIGNER_PINGS   4                     /* values not asked for yet */


struct orch_signer_s {
    lp_signer_t         *embedded;                /* one of the two */
    orch_signer_link_t  *link;
    lp_keys_t           *keys;                    /* with link */
    orch_loop_t         *loop;
    char                 key_file[ORCH_SIGNER_PATH];
    uint64_t             chain_id;
    struct {
        uint8_t          value[ORCH_SIGNER_PING];
        lp_sig_t         sig;
        uint64_t         until_ms;                /* 0: empty */
    }                    pings[ORCH_SIGNER_PINGS];
};


/* --- the key of off chain use */

int
orch_signer_make_folder(const char *dir)
{
    char    path[ORCH_SIGNER_PATH], *p;
    int     last;
    size_t  len = strlen(dir);

    if (len == 0 || len >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }

    memcpy(path, dir, len + 1);

    for (p = path + 1; ; p++) {

        if (*p != '/' && *p != '\0') {
            continue;
        }

        last = *p == '\0';
        *p = '\0';

        if (mkdir(path, 0700) && errno != EEXIST) {
            return -1;
        }

        if (last) {
            return 0;
        }

        *p = '/';
    }
}


/* made under another name and renamed: a crash leaves no half of a key */

static int
orch_signer_make_key(const char *path)
{
    int      fd, ok;
    char     text[ORCH_SIGNER_DIGITS + 1], fresh[ORCH_SIGNER_PATH + 8];
    uint8_t  secret[32];

    snprintf(fresh, sizeof(fresh), "%s.new", path);
    unlink(fresh);

    fd = open(fresh, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);
    if (fd == -1) {
        return -1;
    }

    orch_token_random(secret, sizeof(secret));
    lp_hex_encode(text, secret, sizeof(secret));
    text[ORCH_SIGNER_DIGITS] = '\n';

    ok = write(fd, text, sizeof(text)) == (ssize_t) sizeof(text)
         && fsync(fd) == 0;

    explicit_bzero(text, sizeof(text));
    explicit_bzero(secret, sizeof(secret));
    close(fd);

    if (!ok || rename(fresh, path)) {
        unlink(fresh);
        return -1;
    }

    return 0;
}


static int
orch_signer_find_key(orch_signer_t *s, const orch_conf_t *conf, char *why,
    size_t why_len)
{
    int          rc;
    struct stat  st;

    if (*conf->eth_key) {
        snprintf(s->key_file, sizeof(s->key_file), "%s", conf->eth_key);
        return 0;
    }

    rc = snprintf(s->key_file, sizeof(s->key_file), "%s/identity",
                  conf->data_dir);

    if (rc < 0 || rc >= (int) sizeof(s->key_file)) {
        snprintf(why, why_len, "--data-dir is too long");
        return -1;
    }

    if (orch_signer_make_folder(conf->data_dir)) {
        snprintf(why, why_len, "cannot make %s: %s", conf->data_dir,
                 strerror(errno));
        return -1;
    }

    if (lstat(s->key_file, &st) == -1 && errno == ENOENT
        && orch_signer_make_key(s->key_file))
    {
        snprintf(why, why_len, "%s: %s", s->key_file, strerror(errno));
        return -1;
    }

    return 0;
}


/* --- the life of the signer */

static int
orch_signer_embed(orch_signer_t *s, const orch_conf_t *conf,
    const lp_log_t *log, char *why, size_t why_len)
{
    uint8_t           random[64];
    lp_signer_conf_t  sc;

    if (orch_signer_find_key(s, conf, why, why_len)) {
        return -1;
    }

    memset(&sc, 0, sizeof(sc));
    memset(&sc.max_face_value, 0xff, sizeof(lp_u256_t));
    sc.max_ticket_ev = sc.max_face_value;
    sc.day_budget = sc.max_face_value;
    sc.stream_budget = sc.max_face_value;
    sc.recipient_budget = sc.max_face_value;
    sc.max_gas_fee = sc.max_face_value;
    sc.gas_budget = lp_u256_is_zero(&conf->gas_budget) ? sc.max_face_value
                                                       : conf->gas_budget;

    sc.key_file = s->key_file;
    sc.password_file = *conf->eth_password_file ? conf->eth_password_file
                                                : NULL;
    sc.password_fd = -1;
    sc.roles = LP_SIGNER_ORCHESTRATOR;
    sc.chain_id = conf->onchain ? conf->chain_id : 0;

    if (conf->onchain && strcmp(conf->role, "front") != 0) {
        sc.roles |= LP_SIGNER_TX;
        sc.contracts_file = conf->contracts_file;
    }

    orch_token_random(random, sizeof(random));
    s->embedded = lp_signer_create(&sc, random, log, why, why_len);
    explicit_bzero(random, sizeof(random));

    s->chain_id = sc.chain_id;

    return s->embedded ? 0 : -1;
}


static int
orch_signer_reach(orch_signer_t *s, const orch_conf_t *conf,
    const lp_log_t *log, orch_timer_t *wake, char *why, size_t why_len)
{
    uint8_t  seed[32];

    orch_token_random(seed, sizeof(seed));
    s->keys = lp_keys_create(seed);

    if (s->keys == NULL) {
        snprintf(why, why_len, "out of memory");
        return -1;
    }

    s->link = orch_signer_link_create(conf->signer + strlen("unix:"),
                                      s->loop, log, wake, why, why_len);

    return s->link ? 0 : -1;
}


orch_signer_t *
orch_signer_create(const orch_conf_t *conf, orch_loop_t *loop,
    const lp_log_t *log, orch_timer_t *wake, char *why, size_t why_len)
{
    int             rc;
    orch_signer_t  *s;

    s = calloc(1, sizeof(orch_signer_t));
    if (s == NULL) {
        snprintf(why, why_len, "out of memory");
        return NULL;
    }

    s->loop = loop;

    rc = strcmp(conf->signer, "embedded") == 0
         ? orch_signer_embed(s, conf, log, why, why_len)
         : orch_signer_reach(s, conf, log, wake, why, why_len);

    if (rc) {
        orch_signer_destroy(&s);
    }

    return s;
}


void
orch_signer_destroy(orch_signer_t **s)
{
    if (*s == NULL) {
        return;
    }

    if ((*s)->embedded) {
        lp_signer_destroy(&(*s)->embedded);
    }

    if ((*s)->keys) {
        lp_keys_destroy(&(*s)->keys);
    }

    orch_signer_link_destroy(&(*s)->link);
    free(*s);
    *s = NULL;
}


lp_status_t
orch_signer_ready(const orch_signer_t *s, const char **why)
{
    lp_status_t  rc = s->link ? orch_signer_link_ready(s->link) : LP_OK;

    *why = rc == LP_GONE ? "the signer is away: see whether its process runs"
                         : NULL;

    return rc;
}


const lp_address_t *
orch_signer_address(const orch_signer_t *s)
{
    return s->link ? &orch_signer_link_hello(s->link)->address
                   : lp_signer_address(s->embedded);
}


uint64_t
orch_signer_chain_id(const orch_signer_t *s)
{
    return s->link ? orch_signer_link_hello(s->link)->chain_id : s->chain_id;
}


const lp_keys_t *
orch_signer_keys(const orch_signer_t *s)
{
    return s->link ? s->keys : lp_signer_keys(s->embedded);
}


int
orch_signer_allows(const orch_signer_t *s, lp_sign_kind_e kind)
{
    return s->link == NULL
           || (orch_signer_link_hello(s->link)->kinds >> kind & 1);
}


/* --- requests */

/* a value drawn may be answered once, for a short time */

void
orch_signer_answered(orch_sign_t *sign)
{
    size_t          i, oldest;
    orch_signer_t  *s = sign->signer;

    if (sign->status != LP_OK || sign->request.kind != LP_SIGN_PING
        || sign->reply.refusal != LP_SIGN_OK)
    {
        return;
    }

    for (i = 0, oldest = 0; i < ORCH_SIGNER_PINGS; i++) {
        if (s->pings[i].until_ms < s->pings[oldest].until_ms) {
            oldest = i;
        }
    }

    memcpy(s->pings[oldest].value, sign->reply.ping, ORCH_SIGNER_PING);
    s->pings[oldest].sig = sign->reply.sig;
    s->pings[oldest].until_ms = orch_loop_now_ms(s->loop)
                                + ORCH_SIGNER_PING_MS;
}


void
orch_signer_start(orch_signer_t *s, orch_sign_t *sign)
{
    sign->signer = s;
    sign->entry = NULL;
    lp_buf_init(&sign->bytes, LP_SIGN_FRAME_MAX);

    if (s->link) {
        orch_signer_link_start(s->link, sign);
        return;
    }

    lp_signer_do(s->embedded, &sign->reply, &sign->bytes, &sign->request,
                 orch_loop_unix_s(s->loop));
    sign->status = LP_OK;
    orch_signer_answered(sign);
}


void
orch_signer_cancel(orch_sign_t *sign)
{
    if (sign->signer == NULL) {
        return;
    }

    orch_signer_link_cancel(sign);
    lp_buf_done(&sign->bytes);
    sign->signer = NULL;
}


void
orch_signer_result(orch_signer_t *s, orch_sign_t *sign,
    const lp_hash_t *renditions, size_t n, orch_timer_t *wake)
{
    memset(sign, 0, sizeof(orch_sign_t));

    sign->wake = wake;

    if (n == 0 || n > LP_PROFILE_MAX) {
        sign->status = LP_GONE;
        return;
    }

    sign->request.kind = LP_SIGN_RESULT;
    sign->request.result.n = (uint32_t) n;
    memcpy(sign->request.result.hashes, renditions, n * sizeof(lp_hash_t));

    orch_signer_start(s, sign);
}


void
orch_signer_issue_ping(orch_signer_t *s, orch_sign_t *sign,
    orch_timer_t *wake)
{
    memset(sign, 0, sizeof(orch_sign_t));

    sign->wake = wake;
    sign->request.kind = LP_SIGN_PING;

    orch_signer_start(s, sign);
}


lp_status_t
orch_signer_answer_ping(orch_signer_t *s, lp_sig_t *sig,
    const uint8_t *value, size_t len, uint64_t now_ms)
{
    size_t  i;

    if (len != ORCH_SIGNER_PING) {
        return LP_MISMATCH;
    }

    for (i = 0; i < ORCH_SIGNER_PINGS; i++) {

        if (s->pings[i].until_ms > now_ms
            && lp_equal_ct(s->pings[i].value, value, len))
        {
            s->pings[i].until_ms = 0;
            *sig = s->pings[i].sig;
            return LP_OK;
        }
    }

    return LP_MISMATCH;
}
