/* what the signer's tests share: a folder, files in it, a signer */
#ifndef LP_T_UNIT_SIGN_H
#define LP_T_UNIT_SIGN_H


#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/signer/signer.h"
#include "common/util/hex.h"
#include "t/unit/tap.h"


#define DAY    INT64_C(1700006400)               /* the start of a UTC day */

/* keys 0 and 1 of wire.md 11.1 */

#define KEY_0  "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
#define KEY_1  "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"

static char  sign_dir[] = "/tmp/livepeer-sign-XXXXXX";


static inline const char *
sign_path(const char *name)
{
    static char  path[4][128];
    static int   turn;

    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", sign_dir, name);

    return path[turn];
}


static inline void
sign_put_file(const char *name, const char *text)
{
    FILE  *f = fopen(sign_path(name), "w");

    fputs(text, f);
    fclose(f);
    chmod(sign_path(name), 0600);
}


static inline void
sign_begin(void)
{
    if (mkdtemp(sign_dir) == NULL) {
        exit(1);
    }

    sign_put_file("key0", KEY_0 "\n");
    sign_put_file("key1", KEY_1);
}


static inline int
sign_end(void)
{
    char  command[128];

    snprintf(command, sizeof(command), "rm -r %s", sign_dir);

    return system(command) != 0 || done();
}


static inline lp_u256_t
wei(const char *amount)
{
    lp_u256_t  v;

    if (lp_money_parse_wei(&v, amount, strlen(amount)) != LP_OK) {
        abort();
    }

    return v;
}


static inline void
hex(void *out, size_t len, const char *digits)
{
    if (lp_hex_decode(out, len, digits, 2 * len) != LP_OK) {
        abort();
    }
}


/* a broadcaster with key 0 whose limits do not matter unless a test says so */

static inline void
sign_conf(lp_signer_conf_t *c)
{
    static char  key[128], journal[128];

    memset(c, 0, sizeof(lp_signer_conf_t));
    strcpy(key, sign_path("key0"));
    strcpy(journal, sign_path("journal"));
    c->key_file = key;
    c->password_fd = -1;
    c->roles = LP_SIGNER_BROADCASTER;
    c->chain_id = 31337;
    c->journal_file = journal;
    c->max_face_value = wei("1eth");
    c->max_ticket_ev = wei("0.01eth");
    c->day_budget = wei("1eth");
    memset(&c->stream_budget, 0xff, 32);
    memset(&c->recipient_budget, 0xff, 32);
    memset(&c->gas_budget, 0xff, 32);
    c->max_value = wei("1eth");
    c->max_gas_fee = wei("0.01eth");
}


static inline lp_signer_t *
sign_create(const lp_signer_conf_t *c)
{
    char          why[512];
    uint8_t       random[64];
    lp_signer_t  *s;
    static const lp_log_t  quiet = { NULL, NULL, LP_LOG_ERROR };

    memset(random, 0x5a, sizeof(random));
    s = lp_signer_create(c, random, &quiet, why, sizeof(why));

    if (s == NULL) {
        printf("# %s\n", why);
    }

    return s;
}


/* tickets of wire.md 11.10: 8e9 wei each */

static inline void
sign_tickets(lp_sign_request_t *r, uint32_t first, uint32_t n)
{
    lp_sign_tickets_t  *t = &r->tickets;

    memset(r, 0, sizeof(lp_sign_request_t));
    r->kind = LP_SIGN_TICKETS;
    memset(t->stream, 7, sizeof(t->stream));
    hex(t->recipient.b, 20, "70997970c51812dc3a010c7d01b50e0d17dc79c8");
    t->face_value = wei("12000000000000000wei");
    t->win_prob = wei("77194726158210796949047323339125271902179989777093709"
                      "359638392000000000wei");
    hex(t->rand_hash.b, 32, "783ca39fc51a2ddd0c3045e3f63966e6779dd94c504a3668"
                            "74f4e3aa8d19594b");
    t->round = 3900;
    hex(t->round_hash.b, 32, "7895a29307999f1d61abaf54077342a6714b33e42ccf093"
                             "e4f9eb86abd387c45");
    t->first_nonce = first;
    t->n = n;
}


static inline lp_sign_refusal_e
sign_ask(lp_signer_t *s, lp_sign_reply_t *reply, const lp_sign_request_t *r,
    int64_t now_s)
{
    static lp_buf_t  scratch;

    if (scratch.max == 0) {
        lp_buf_init(&scratch, 256 * 1024);
    }

    lp_signer_do(s, reply, &scratch, r, now_s);

    return reply->refusal;
}


static inline void
is_answer(lp_signer_t *s, const lp_sign_request_t *r, int64_t now_s,
    lp_sign_refusal_e want, const char *what)
{
    lp_sign_reply_t  reply;

    is_str(lp_sign_label(sign_ask(s, &reply, r, now_s)), lp_sign_label(want),
           what);
}


#endif /* LP_T_UNIT_SIGN_H */
