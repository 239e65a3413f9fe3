/* Fields to the hash that is signed, for each kind of request. */

#include <assert.h>
#include <string.h>

#include "common/eth/abi.h"
#include "common/net/segcreds.h"
#include "common/signer/preimage.h"


#define LP_PREIMAGE_WORDS  11                      /* of a receipt's struct */

/* no segment is as long as a ticket or as short as a request (T-36) */

_Static_assert(LP_PREIMAGE_SEGMENT_MAX < LP_PREIMAGE_TICKET, "T-36");
_Static_assert(LP_PREIMAGE_SEGMENT_MIN > LP_PREIMAGE_REQUEST, "T-36");
_Static_assert(LP_PREIMAGE_TICKET % 32 && LP_PREIMAGE_REQUEST % 32, "T-36");
_Static_assert(LP_PREIMAGE_REQUEST == LP_ADDRESS_TEXT_LEN, "T-36");


void
lp_preimage_request(lp_hash_t *out, const lp_address_t *self)
{
    lp_segcreds_request_digest(out, self);
}


void
lp_preimage_segment(lp_hash_t *out, const lp_sign_segment_t *s)
{
    size_t              len;
    uint32_t            i;
    lp_wire_seg_data_t  d;

    len = strlen(s->manifest) + 64 + 8 * (size_t) s->nnames;
    assert(len >= LP_PREIMAGE_SEGMENT_MIN && len <= LP_PREIMAGE_SEGMENT_MAX);

    memset(&d, 0, sizeof(d));
    d.manifest_id = s->manifest;
    d.seq = s->seq;
    d.hash = s->hash;
    d.nprofiles = s->nnames;

    for (i = 0; i < s->nnames; i++) {
        memcpy(d.profiles[i].name, s->names[i], sizeof(s->names[i]));
    }

    lp_segcreds_digest(out, &d);
}


void
lp_preimage_ticket(lp_hash_t *out, const lp_sign_tickets_t *t, uint32_t i,
    const lp_address_t *self)
{
    lp_ticket_t  ticket;

    assert(t->round);                    /* else auxData would be left out */

    ticket.recipient = t->recipient;
    ticket.sender = *self;
    ticket.face_value = t->face_value;
    ticket.win_prob = t->win_prob;
    ticket.nonce = t->first_nonce + i;
    ticket.rand_hash = t->rand_hash;
    ticket.round = t->round;
    ticket.round_hash = t->round_hash;

    lp_ticket_hash(out, &ticket);
}


void
lp_preimage_result(lp_hash_t *out, const lp_sign_result_t *r)
{
    lp_segcreds_result_digest(out, r->hashes, r->n);
}


void
lp_preimage_ping(lp_hash_t *out, const uint8_t drawn[LP_PREIMAGE_PING])
{
    lp_keccak256(out, drawn, LP_PREIMAGE_PING);
}


static uint8_t *
lp_preimage_put_hash(uint8_t *p, const void *data, size_t len)
{
    lp_hash_t  h;

    lp_keccak256(&h, data, len);
    memcpy(p, h.b, 32);

    return p + 32;
}


static uint8_t *
lp_preimage_put_text(uint8_t *p, const char *text)
{
    return lp_preimage_put_hash(p, text, strlen(text));
}


static uint8_t *
lp_preimage_put_word(uint8_t *p, const void *data, size_t len)
{
    memset(p, 0, 32 - len);
    memcpy(p + 32 - len, data, len);

    return p + 32;
}


static uint8_t *
lp_preimage_put_number(uint8_t *p, uint64_t n)
{
    lp_u256_t  v;

    lp_u256_set(&v, n);
    lp_u256_put_be(p, &v);

    return p + 32;
}


static void
lp_preimage_domain(uint8_t out[32], const lp_sign_receipt_t *r,
    uint64_t chain_id)
{
    uint8_t  words[5 * 32], *p = words;

    p = lp_preimage_put_text(p, "EIP712Domain(string name,string version,"
                             "uint256 chainId,address verifyingContract)");
    p = lp_preimage_put_text(p, "Streamflow");
    p = lp_preimage_put_text(p, "1");
    p = lp_preimage_put_number(p, chain_id);
    p = lp_preimage_put_word(p, r->fault_verifier.b, LP_ADDRESS_LEN);

    lp_preimage_put_hash(out, words, (size_t) (p - words));
}


static void
lp_preimage_struct(uint8_t out[32], const lp_sign_receipt_t *r)
{
    uint8_t  words[LP_PREIMAGE_WORDS * 32], *p = words;

    p = lp_preimage_put_text(p, "TranscodeReceipt(address broadcaster,"
            "address orchestrator,bytes32 manifestHash,uint256 seq,"
            "bytes32 sourceHash,bytes32 profilesHash,bytes32 resultHash,"
            "bytes32 serviceId,address verifier,uint256 round)");
    p = lp_preimage_put_word(p, r->broadcaster.b, LP_ADDRESS_LEN);
    p = lp_preimage_put_word(p, r->orchestrator.b, LP_ADDRESS_LEN);
    p = lp_preimage_put_word(p, r->manifest_hash.b, 32);
    p = lp_preimage_put_number(p, r->seq);
    p = lp_preimage_put_word(p, r->source_hash.b, 32);
    p = lp_preimage_put_word(p, r->profiles_hash.b, 32);
    p = lp_preimage_put_word(p, r->result_hash.b, 32);
    p = lp_preimage_put_word(p, r->service_id.b, 32);
    p = lp_preimage_put_word(p, r->verifier.b, LP_ADDRESS_LEN);
    p = lp_preimage_put_number(p, r->round);

    lp_preimage_put_hash(out, words, (size_t) (p - words));
}


void
lp_preimage_receipt(lp_hash_t *out, const lp_sign_receipt_t *r,
    uint64_t chain_id)
{
    uint8_t  bytes[2 + 64];

    bytes[0] = 0x19;
    bytes[1] = 0x01;
    lp_preimage_domain(bytes + 2, r, chain_id);
    lp_preimage_struct(bytes + 34, r);

    lp_keccak256(out, bytes, sizeof(bytes));
}
