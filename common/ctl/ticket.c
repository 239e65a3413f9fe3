/* Text to bytes, bytes to tickets. */

#include <string.h>

#include "common/ctl/ticket.h"
#include "common/eth/abi.h"
#include "common/util/hex.h"


#define CTL_TICKET_BYTES   65536
#define CTL_TICKET_ARENA   (1024 * 1024)
#define CTL_TICKET_REDEEM  548
#define CTL_TICKET_PACKED  168                     /* without auxData */
#define CTL_TICKET_AUX     64


/* --- the calldata of redeemWinningTicket, by the place of its words */

static lp_status_t
ctl_ticket_fields(lp_ticket_t *t, uint32_t *nonce, const lp_abi_t *r)
{
    uint64_t  n;

    if (lp_abi_get_address(r, 3, &t->recipient) != LP_OK
        || lp_abi_get_address(r, 4, &t->sender) != LP_OK
        || lp_abi_get_u256(r, 5, &t->face_value) != LP_OK
        || lp_abi_get_u256(r, 6, &t->win_prob) != LP_OK
        || lp_abi_get_u64(r, 7, &n) != LP_OK || n > UINT32_MAX
        || lp_abi_get_hash(r, 8, &t->rand_hash) != LP_OK
        || lp_abi_get_u64(r, 11, &t->round) != LP_OK
        || lp_abi_get_hash(r, 12, &t->round_hash) != LP_OK)
    {
        return LP_MALFORMED;
    }

    *nonce = (uint32_t) n;

    return LP_OK;
}


/* what is put again from the fields must be what was read */

static lp_status_t
ctl_ticket_redeem(ctl_ticket_t *t, const uint8_t *data, size_t len)
{
    int       same;
    lp_abi_t  r = { data + 4, len - 4 };
    lp_buf_t  again;

    if (len != CTL_TICKET_REDEEM
        || ctl_ticket_fields(&t->t, &t->one[0].nonce, &r) != LP_OK
        || lp_abi_get_u256(&r, 2, &t->rand) != LP_OK)
    {
        return LP_MALFORMED;
    }

    memcpy(t->one[0].sig.b, r.data + 14 * 32, LP_SIG_LEN);
    t->t.nonce = t->one[0].nonce;

    lp_buf_init(&again, 2 * CTL_TICKET_REDEEM);
    lp_ticket_put_redeem(&again, &t->t, &t->one[0].sig, &t->rand);
    same = again.len == len && memcmp(again.data, data, len) == 0;
    lp_buf_done(&again);

    if (!same) {
        return LP_MALFORMED;
    }

    t->form = "a call of redeemWinningTicket";
    t->has_ticket = t->has_sig = t->has_rand = 1;
    t->n = 1;

    return LP_OK;
}


/* --- the bytes that are hashed: all fields, no signature */

static lp_status_t
ctl_ticket_packed(ctl_ticket_t *t, const uint8_t *p, size_t len)
{
    lp_u256_t  nonce, round;

    if (len != CTL_TICKET_PACKED && len != CTL_TICKET_PACKED + CTL_TICKET_AUX)
    {
        return LP_MALFORMED;
    }

    memcpy(t->t.recipient.b, p, LP_ADDRESS_LEN);
    memcpy(t->t.sender.b, p + 20, LP_ADDRESS_LEN);
    lp_u256_get_be(&t->t.face_value, p + 40, 32);
    lp_u256_get_be(&t->t.win_prob, p + 72, 32);
    lp_u256_get_be(&nonce, p + 104, 32);
    memcpy(t->t.rand_hash.b, p + 136, 32);
    lp_u256_set(&round, 0);

    if (len > CTL_TICKET_PACKED) {
        lp_u256_get_be(&round, p + 168, 32);
        memcpy(t->t.round_hash.b, p + 200, 32);
    }

    if (nonce.w[1] | nonce.w[2] | nonce.w[3] | round.w[1] | round.w[2]
        | round.w[3] || nonce.w[0] > UINT32_MAX)
    {
        return LP_MALFORMED;
    }

    t->form = "the bytes of a ticket's hash";
    t->t.round = round.w[0];
    t->one[0].nonce = (uint32_t) nonce.w[0];
    t->has_ticket = 1;
    t->n = 1;

    return LP_OK;
}


/* --- a payment: parameters once, nonces and signatures for each */

static void
ctl_ticket_take(ctl_ticket_t *t, const lp_wire_payment_t *p)
{
    size_t  i;

    t->form = "a payment";
    t->has_ticket = p->has_params;
    t->has_params = p->has_params;
    t->has_price = p->has_price;
    t->has_sig = 1;
    t->price = p->price;
    t->t.sender = p->sender;
    t->t.recipient = p->params.recipient;
    t->t.face_value = p->params.face_value;
    t->t.win_prob = p->params.win_prob;
    t->t.rand_hash = p->params.rand_hash;
    t->expiration_block = p->params.expiration_block;
    t->t.round = (uint64_t) p->expiration.round;
    t->t.round_hash = p->expiration.block_hash;

    for (i = 0; i < p->ntickets; i++) {
        t->one[i].nonce = p->tickets[i].nonce;
        t->one[i].sig = p->tickets[i].sig;
    }

    t->n = p->ntickets;
}


static lp_status_t
ctl_ticket_payment(ctl_ticket_t *t, const uint8_t *data, size_t len)
{
    lp_arena_t         a;
    lp_status_t        s;
    lp_wire_payment_t  p;

    lp_arena_init(&a, CTL_TICKET_ARENA);

    s = lp_wire_decode_payment(&a, &p, data, len);

    if (s == LP_OK && (!p.has_sender || p.ntickets > CTL_TICKET_MAX
                       || p.expiration.round < 0))
    {
        s = LP_MALFORMED;
    }

    if (s == LP_OK) {
        ctl_ticket_take(t, &p);
    }

    lp_arena_done(&a);

    return s;
}


/* hex where it can be hex: no base64 of a payment has only its digits */

static lp_status_t
ctl_ticket_bytes(lp_buf_t *b, const char *text)
{
    size_t    len;
    uint8_t  *p;

    text += strncmp(text, "0x", 2) == 0 ? 2 : 0;
    len = strlen(text);

    if (len == 0 || strspn(text, "0123456789abcdefABCDEF") != len) {
        return lp_base64_decode(b, text, len);
    }

    p = lp_buf_add(b, len / 2);

    return p ? lp_hex_decode(p, len / 2, text, len) : LP_LIMIT;
}


ctl_exit_e
ctl_ticket_read(ctl_t *c, ctl_ticket_t *t, const char *text)
{
    lp_buf_t              b;
    lp_status_t           s;
    static const uint8_t  redeem[4] = { 0xec, 0x8b, 0x3c, 0xb6 };

    memset(t, 0, sizeof(ctl_ticket_t));
    lp_buf_init(&b, CTL_TICKET_BYTES);

    s = ctl_ticket_bytes(&b, text);

    if (s == LP_OK && b.len >= 4 && memcmp(b.data, redeem, 4) == 0) {
        s = ctl_ticket_redeem(t, b.data, b.len);

    } else if (s == LP_OK && ctl_ticket_payment(t, b.data, b.len) != LP_OK) {
        memset(t, 0, sizeof(ctl_ticket_t));
        s = ctl_ticket_packed(t, b.data, b.len);
    }

    lp_buf_done(&b);

    return s == LP_OK ? CTL_DONE
           : ctl_fail(c, CTL_USAGE, "this is no ticket: give the value of a "
                      "Livepeer-Payment header, or in hex the calldata of "
                      "redeemWinningTicket or a ticket's 168 or 232 bytes");
}
