/* A ticket's hash, signature and winning rule. */

#include <string.h>

#include "common/eth/abi.h"
#include "common/pm/ticket.h"


#define LP_TICKET_LEN  168                         /* without auxData */
#define LP_TICKET_AUX  64


static size_t
lp_ticket_aux(uint8_t out[LP_TICKET_AUX], const lp_ticket_t *t)
{
    lp_u256_t               round;
    static const lp_hash_t  zero;

    if (t->round == 0 && memcmp(&t->round_hash, &zero, sizeof(zero)) == 0) {
        return 0;
    }

    lp_u256_set(&round, t->round);
    lp_u256_put_be(out, &round);
    memcpy(out + 32, t->round_hash.b, 32);

    return LP_TICKET_AUX;
}


void
lp_ticket_hash(lp_hash_t *out, const lp_ticket_t *t)
{
    uint8_t    packed[LP_TICKET_LEN + LP_TICKET_AUX], *p = packed;
    lp_u256_t  nonce;

    memcpy(p, t->recipient.b, LP_ADDRESS_LEN);
    p += LP_ADDRESS_LEN;
    memcpy(p, t->sender.b, LP_ADDRESS_LEN);
    p += LP_ADDRESS_LEN;
    lp_u256_put_be(p, &t->face_value);
    p += 32;
    lp_u256_put_be(p, &t->win_prob);
    p += 32;
    lp_u256_set(&nonce, t->nonce);
    lp_u256_put_be(p, &nonce);
    p += 32;
    memcpy(p, t->rand_hash.b, 32);
    p += 32;
    p += lp_ticket_aux(p, t);

    lp_keccak256(out, packed, (size_t) (p - packed));
}


lp_status_t
lp_ticket_sign(lp_sig_t *out, const lp_ticket_t *t, const lp_keys_t *keys,
    const lp_secret_t *secret)
{
    lp_hash_t  hash;

    lp_ticket_hash(&hash, t);

    return lp_keys_sign(keys, out, secret, &hash);
}


lp_status_t
lp_ticket_verify(const lp_ticket_t *t, const lp_sig_t *sig,
    const lp_keys_t *keys)
{
    lp_hash_t  hash;

    if (lp_address_is_zero(&t->sender)) {
        return LP_BAD_SIGNATURE;
    }

    lp_ticket_hash(&hash, t);

    return lp_keys_verify(keys, &t->sender, sig, &hash);
}


int
lp_ticket_wins(const lp_ticket_t *t, const lp_sig_t *sig,
    const lp_u256_t *rand)
{
    uint8_t    bytes[LP_SIG_LEN + 32];
    lp_hash_t  draw;
    lp_u256_t  value;

    memcpy(bytes, sig->b, LP_SIG_LEN);
    lp_u256_put_be(bytes + LP_SIG_LEN, rand);
    lp_keccak256(&draw, bytes, sizeof(bytes));
    lp_u256_get_be(&value, draw.b, 32);

    return lp_u256_cmp(&value, &t->win_prob) < 0;
}


void
lp_ticket_rand_hash(lp_hash_t *out, const lp_u256_t *rand)
{
    uint8_t  be[32];

    lp_u256_put_be(be, rand);
    lp_keccak256(out, be, sizeof(be));
}


void
lp_ticket_put_redeem(lp_buf_t *out, const lp_ticket_t *t, const lp_sig_t *sig,
    const lp_u256_t *rand)
{
    size_t   aux_len;
    uint8_t  aux[LP_TICKET_AUX];

    aux_len = lp_ticket_aux(aux, t);

    lp_abi_put_selector(out, "redeemWinningTicket((address,address,uint256,"
                             "uint256,uint256,bytes32,bytes),bytes,uint256)");
    lp_abi_put_u64(out, 3 * 32);
    lp_abi_put_u64(out, (3 + 7 + lp_abi_bytes_words(aux_len)) * 32);
    lp_abi_put_u256(out, rand);

    lp_abi_put_address(out, &t->recipient);
    lp_abi_put_address(out, &t->sender);
    lp_abi_put_u256(out, &t->face_value);
    lp_abi_put_u256(out, &t->win_prob);
    lp_abi_put_u64(out, t->nonce);
    lp_abi_put_hash(out, &t->rand_hash);
    lp_abi_put_u64(out, 7 * 32);
    lp_abi_put_bytes(out, aux, aux_len);

    lp_abi_put_bytes(out, sig->b, LP_SIG_LEN);
}
