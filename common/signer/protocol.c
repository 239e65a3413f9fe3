/*
 * The signer's protocol as bytes. A frame is taken whole or not at all; what
 * is taken and written again gives the same bytes.
 */

#include <string.h>

#include "common/signer/protocol.h"


#define LP_SIGN_LENGTH     4                       /* bytes of the length */
#define LP_SIGN_ID         5                       /* kind or status, and id */

#define LP_SIGN_TICKETS_LEN  (16 + LP_ADDRESS_LEN + 32 * 4 + 8 + 4 + 4)
#define LP_SIGN_RECEIPT_LEN  (LP_ADDRESS_LEN * 4 + 32 * 5 + 8 + 8)
#define LP_SIGN_TX_LEN       (8 + 8 + 32 + 32 + 8 + LP_ADDRESS_LEN + 32 + 1)
#define LP_SIGN_HELLO_LEN    (1 + LP_ADDRESS_LEN + 8 + 4 + 32 * 6 + 4 + 8)

#define LP_SIGN_CREATE       0x01                  /* flags of a transaction */
#define LP_SIGN_LEGACY       0x02


/* a body that is read; the first get beyond its end is kept as short */

typedef struct {
    const uint8_t  *p;
    size_t          left;
    int             bad;
} lp_sign_cursor_t;


#define LP_SIGN_LABEL(name, label, text)  label,
#define LP_SIGN_TEXT(name, label, text)   text,

static const char *const  lp_sign_labels[] = {
    LP_SIGN_REFUSAL_MAP(LP_SIGN_LABEL)
};

static const char *const  lp_sign_texts[] = {
    LP_SIGN_REFUSAL_MAP(LP_SIGN_TEXT)
};


const char *
lp_sign_label(lp_sign_refusal_e refusal)
{
    return (unsigned) refusal < LP_SIGN_NREFUSALS ? lp_sign_labels[refusal]
                                                  : "unknown";
}


const char *
lp_sign_text(lp_sign_refusal_e refusal)
{
    return (unsigned) refusal < LP_SIGN_NREFUSALS ? lp_sign_texts[refusal]
                                                  : "an unknown answer";
}


/* --- writing */

static size_t
lp_sign_open(lp_buf_t *out, uint8_t kind, uint32_t id)
{
    size_t  start = out->len;

    lp_buf_put_be32(out, 0);
    lp_buf_put_u8(out, kind);
    lp_buf_put_be32(out, id);

    return start;
}


/* a frame that did not become whole leaves nothing behind */

static void
lp_sign_close(lp_buf_t *out, size_t start)
{
    size_t    len;
    uint8_t  *p;

    if (lp_buf_status(out) == LP_OK
        && out->len - start - LP_SIGN_LENGTH > LP_SIGN_FRAME_MAX)
    {
        out->status = LP_LIMIT;
    }

    if (lp_buf_status(out) != LP_OK) {
        out->len = start;
        return;
    }

    len = out->len - start - LP_SIGN_LENGTH;
    p = out->data + start;

    p[0] = (uint8_t) (len >> 24);
    p[1] = (uint8_t) (len >> 16);
    p[2] = (uint8_t) (len >> 8);
    p[3] = (uint8_t) len;
}


static void
lp_sign_put_u256(lp_buf_t *out, const lp_u256_t *v)
{
    uint8_t  *p = lp_buf_add(out, 32);

    if (p) {
        lp_u256_put_be(p, v);
    }
}


static void
lp_sign_put_text(lp_buf_t *out, const char *text)
{
    size_t  len = strlen(text);

    lp_buf_put_u8(out, (uint8_t) len);
    lp_buf_put(out, text, len);
}


static void
lp_sign_put_segment(lp_buf_t *out, const lp_sign_segment_t *s)
{
    uint32_t  i;

    lp_sign_put_text(out, s->manifest);
    lp_buf_put_be64(out, s->seq);
    lp_buf_put(out, s->hash.b, 32);
    lp_buf_put_u8(out, (uint8_t) s->nnames);

    for (i = 0; i < s->nnames && i < LP_PROFILE_MAX; i++) {
        lp_sign_put_text(out, s->names[i]);
    }
}


static void
lp_sign_put_tickets(lp_buf_t *out, const lp_sign_tickets_t *t)
{
    lp_buf_put(out, t->stream, sizeof(t->stream));
    lp_buf_put(out, t->recipient.b, LP_ADDRESS_LEN);
    lp_sign_put_u256(out, &t->face_value);
    lp_sign_put_u256(out, &t->win_prob);
    lp_buf_put(out, t->rand_hash.b, 32);
    lp_buf_put_be64(out, t->round);
    lp_buf_put(out, t->round_hash.b, 32);
    lp_buf_put_be32(out, t->first_nonce);
    lp_buf_put_be32(out, t->n);
}


static void
lp_sign_put_result(lp_buf_t *out, const lp_sign_result_t *r)
{
    uint32_t  i;

    for (i = 0; i < r->n && i < LP_PROFILE_MAX; i++) {
        lp_buf_put(out, r->hashes[i].b, 32);
    }
}


static void
lp_sign_put_receipt(lp_buf_t *out, const lp_sign_receipt_t *r)
{
    lp_buf_put(out, r->broadcaster.b, LP_ADDRESS_LEN);
    lp_buf_put(out, r->orchestrator.b, LP_ADDRESS_LEN);
    lp_buf_put(out, r->verifier.b, LP_ADDRESS_LEN);
    lp_buf_put(out, r->manifest_hash.b, 32);
    lp_buf_put(out, r->source_hash.b, 32);
    lp_buf_put(out, r->profiles_hash.b, 32);
    lp_buf_put(out, r->result_hash.b, 32);
    lp_buf_put(out, r->service_id.b, 32);
    lp_buf_put_be64(out, r->seq);
    lp_buf_put_be64(out, r->round);
    lp_buf_put(out, r->fault_verifier.b, LP_ADDRESS_LEN);
}


static void
lp_sign_put_tx(lp_buf_t *out, const lp_tx_t *tx)
{
    lp_buf_put_be64(out, tx->chain_id);
    lp_buf_put_be64(out, tx->nonce);
    lp_sign_put_u256(out, &tx->max_priority_wei);
    lp_sign_put_u256(out, &tx->max_fee_wei);
    lp_buf_put_be64(out, tx->gas);
    lp_buf_put(out, tx->to.b, LP_ADDRESS_LEN);
    lp_sign_put_u256(out, &tx->value_wei);
    lp_buf_put_u8(out, (uint8_t) ((tx->create ? LP_SIGN_CREATE : 0)
                                  | (tx->legacy ? LP_SIGN_LEGACY : 0)));
    lp_buf_put(out, tx->data, tx->data_len);
}


void
lp_sign_encode_request(lp_buf_t *out, const lp_sign_request_t *r)
{
    size_t  start;

    start = lp_sign_open(out, (uint8_t) r->kind, r->id);

    switch (r->kind) {

    case LP_SIGN_HELLO:
        lp_buf_put_u8(out, LP_SIGN_VERSION);
        break;

    case LP_SIGN_SEGMENT:
        lp_sign_put_segment(out, &r->segment);
        break;

    case LP_SIGN_TICKETS:
        lp_sign_put_tickets(out, &r->tickets);
        break;

    case LP_SIGN_RESULT:
        lp_sign_put_result(out, &r->result);
        break;

    case LP_SIGN_RECEIPT:
        lp_sign_put_receipt(out, &r->receipt);
        break;

    case LP_SIGN_TX:
        lp_sign_put_tx(out, &r->tx);
        break;

    case LP_SIGN_REQUEST:
    case LP_SIGN_PING:
        break;
    }

    lp_sign_close(out, start);
}


static void
lp_sign_put_hello(lp_buf_t *out, const lp_sign_hello_t *h)
{
    lp_buf_put_u8(out, LP_SIGN_VERSION);
    lp_buf_put(out, h->address.b, LP_ADDRESS_LEN);
    lp_buf_put_be64(out, h->chain_id);
    lp_buf_put_be32(out, h->kinds);
    lp_sign_put_u256(out, &h->max_face_value);
    lp_sign_put_u256(out, &h->max_ticket_ev);
    lp_sign_put_u256(out, &h->day_budget);
    lp_sign_put_u256(out, &h->day_spent);
    lp_sign_put_u256(out, &h->stream_budget);
    lp_sign_put_u256(out, &h->recipient_budget);
    lp_buf_put_be32(out, h->recipients);
    lp_buf_put_be64(out, h->tickets);
}


void
lp_sign_encode_reply(lp_buf_t *out, lp_sign_kind_e kind,
    const lp_sign_reply_t *r)
{
    size_t  start;

    start = lp_sign_open(out, (uint8_t) r->refusal, r->id);

    if (r->refusal == LP_SIGN_OK) {

        switch (kind) {

        case LP_SIGN_HELLO:
            lp_sign_put_hello(out, &r->hello);
            break;

        case LP_SIGN_TICKETS:
            lp_buf_put(out, r->sigs, (size_t) r->nsigs * LP_SIG_LEN);
            break;

        case LP_SIGN_PING:
            lp_buf_put(out, r->ping, sizeof(r->ping));
            lp_buf_put(out, r->sig.b, LP_SIG_LEN);
            break;

        case LP_SIGN_TX:
            lp_buf_put(out, r->tx_hash.b, 32);
            lp_buf_put(out, r->raw, r->raw_len);
            break;

        case LP_SIGN_REQUEST:
        case LP_SIGN_SEGMENT:
        case LP_SIGN_RESULT:
        case LP_SIGN_RECEIPT:
            lp_buf_put(out, r->sig.b, LP_SIG_LEN);
            break;
        }
    }

    lp_sign_close(out, start);
}


/* --- reading */

static const uint8_t *
lp_sign_get(lp_sign_cursor_t *c, size_t n)
{
    const uint8_t         *p = c->p;
    static const uint8_t   none[64];               /* as long as the longest */

    if (c->bad || n > c->left) {
        c->bad = 1;
        return none;
    }

    c->p += n;
    c->left -= n;

    return p;
}


static uint32_t
lp_sign_get_u32(lp_sign_cursor_t *c)
{
    return lp_get_be32(lp_sign_get(c, 4));
}


static uint64_t
lp_sign_get_u64(lp_sign_cursor_t *c)
{
    return lp_get_be64(lp_sign_get(c, 8));
}


static void
lp_sign_get_u256(lp_sign_cursor_t *c, lp_u256_t *v)
{
    lp_u256_get_be(v, lp_sign_get(c, 32), 32);
}


static void
lp_sign_get_hash(lp_sign_cursor_t *c, lp_hash_t *h)
{
    memcpy(h->b, lp_sign_get(c, 32), 32);
}


static void
lp_sign_get_address(lp_sign_cursor_t *c, lp_address_t *a)
{
    memcpy(a->b, lp_sign_get(c, LP_ADDRESS_LEN), LP_ADDRESS_LEN);
}


/* a NUL inside would make two texts of one */

static void
lp_sign_get_text(lp_sign_cursor_t *c, char *out, size_t max)
{
    size_t          len;
    const uint8_t  *p;

    len = *lp_sign_get(c, 1);

    if (len > max) {
        c->bad = 1;
        return;
    }

    p = lp_sign_get(c, len);

    if (memchr(p, '\0', len)) {
        c->bad = 1;
        return;
    }

    memcpy(out, p, len);
    out[len] = '\0';
}


static void
lp_sign_get_segment(lp_sign_cursor_t *c, lp_sign_segment_t *s)
{
    uint32_t  i;

    lp_sign_get_text(c, s->manifest, LP_SIGN_MANIFEST_MAX);
    s->seq = lp_sign_get_u64(c);
    lp_sign_get_hash(c, &s->hash);
    s->nnames = *lp_sign_get(c, 1);

    if (s->nnames < 1 || s->nnames > LP_PROFILE_MAX) {
        c->bad = 1;
        return;
    }

    for (i = 0; i < s->nnames; i++) {
        lp_sign_get_text(c, s->names[i], LP_PROFILE_NAME_MAX);
    }
}


static void
lp_sign_get_tickets(lp_sign_cursor_t *c, lp_sign_tickets_t *t)
{
    if (c->left != LP_SIGN_TICKETS_LEN) {
        c->bad = 1;
        return;
    }

    memcpy(t->stream, lp_sign_get(c, sizeof(t->stream)), sizeof(t->stream));
    lp_sign_get_address(c, &t->recipient);
    lp_sign_get_u256(c, &t->face_value);
    lp_sign_get_u256(c, &t->win_prob);
    lp_sign_get_hash(c, &t->rand_hash);
    t->round = lp_sign_get_u64(c);
    lp_sign_get_hash(c, &t->round_hash);
    t->first_nonce = lp_sign_get_u32(c);
    t->n = lp_sign_get_u32(c);

    c->bad |= t->n < 1 || t->n > LP_SIGN_TICKETS_MAX;
}


static void
lp_sign_get_result(lp_sign_cursor_t *c, lp_sign_result_t *r)
{
    uint32_t  i;

    if (c->left == 0 || c->left % 32 || c->left / 32 > LP_PROFILE_MAX) {
        c->bad = 1;
        return;
    }

    r->n = (uint32_t) (c->left / 32);

    for (i = 0; i < r->n; i++) {
        lp_sign_get_hash(c, &r->hashes[i]);
    }
}


static void
lp_sign_get_receipt(lp_sign_cursor_t *c, lp_sign_receipt_t *r)
{
    if (c->left != LP_SIGN_RECEIPT_LEN) {
        c->bad = 1;
        return;
    }

    lp_sign_get_address(c, &r->broadcaster);
    lp_sign_get_address(c, &r->orchestrator);
    lp_sign_get_address(c, &r->verifier);
    lp_sign_get_hash(c, &r->manifest_hash);
    lp_sign_get_hash(c, &r->source_hash);
    lp_sign_get_hash(c, &r->profiles_hash);
    lp_sign_get_hash(c, &r->result_hash);
    lp_sign_get_hash(c, &r->service_id);
    r->seq = lp_sign_get_u64(c);
    r->round = lp_sign_get_u64(c);
    lp_sign_get_address(c, &r->fault_verifier);
}


static void
lp_sign_get_tx(lp_sign_cursor_t *c, lp_tx_t *tx)
{
    uint8_t  flags;

    if (c->left < LP_SIGN_TX_LEN) {
        c->bad = 1;
        return;
    }

    tx->chain_id = lp_sign_get_u64(c);
    tx->nonce = lp_sign_get_u64(c);
    lp_sign_get_u256(c, &tx->max_priority_wei);
    lp_sign_get_u256(c, &tx->max_fee_wei);
    tx->gas = lp_sign_get_u64(c);
    lp_sign_get_address(c, &tx->to);
    lp_sign_get_u256(c, &tx->value_wei);
    flags = *lp_sign_get(c, 1);
    tx->create = !!(flags & LP_SIGN_CREATE);
    tx->legacy = !!(flags & LP_SIGN_LEGACY);
    tx->data_len = c->left;
    tx->data = c->p;
    c->p += c->left;
    c->left = 0;

    c->bad |= flags & ~(LP_SIGN_CREATE | LP_SIGN_LEGACY);
}


/* the frame at data: first the lengths, then kind or status and id */

static lp_status_t
lp_sign_frame(lp_sign_cursor_t *c, uint8_t *first, uint32_t *id,
    size_t *whole, const uint8_t *data, size_t len)
{
    uint32_t  n;

    *whole = 0;

    if (len < LP_SIGN_LENGTH) {
        return LP_AGAIN;
    }

    n = lp_get_be32(data);

    if (n < LP_SIGN_ID) {
        return LP_MALFORMED;
    }

    if (n > LP_SIGN_FRAME_MAX) {
        return LP_LIMIT;
    }

    *whole = LP_SIGN_LENGTH + n;

    if (len < *whole) {
        return LP_AGAIN;
    }

    *first = data[LP_SIGN_LENGTH];
    *id = lp_get_be32(data + LP_SIGN_LENGTH + 1);
    c->p = data + LP_SIGN_HEAD;
    c->left = n - LP_SIGN_ID;
    c->bad = 0;

    return LP_OK;
}


lp_status_t
lp_sign_decode_request(lp_sign_request_t *r, size_t *whole,
    const uint8_t *data, size_t len)
{
    uint8_t           kind;
    lp_status_t       s;
    lp_sign_cursor_t  c;

    s = lp_sign_frame(&c, &kind, &r->id, whole, data, len);
    if (s != LP_OK) {
        return s;
    }

    r->kind = (lp_sign_kind_e) kind;

    switch (kind) {

    case LP_SIGN_HELLO:
        c.bad = *lp_sign_get(&c, 1) != LP_SIGN_VERSION;
        break;

    case LP_SIGN_REQUEST:
    case LP_SIGN_PING:
        break;

    case LP_SIGN_SEGMENT:
        lp_sign_get_segment(&c, &r->segment);
        break;

    case LP_SIGN_TICKETS:
        lp_sign_get_tickets(&c, &r->tickets);
        break;

    case LP_SIGN_RESULT:
        lp_sign_get_result(&c, &r->result);
        break;

    case LP_SIGN_RECEIPT:
        lp_sign_get_receipt(&c, &r->receipt);
        break;

    case LP_SIGN_TX:
        lp_sign_get_tx(&c, &r->tx);
        break;

    default:
        c.bad = 1;
    }

    return c.bad || c.left ? LP_MALFORMED : LP_OK;
}


lp_status_t
lp_sign_reply_id(uint32_t *id, size_t *whole, const uint8_t *data, size_t len)
{
    uint8_t           status;
    lp_sign_cursor_t  c;

    return lp_sign_frame(&c, &status, id, whole, data, len);
}


static void
lp_sign_get_hello(lp_sign_cursor_t *c, lp_sign_hello_t *h)
{
    if (c->left != LP_SIGN_HELLO_LEN
        || *lp_sign_get(c, 1) != LP_SIGN_VERSION)
    {
        c->bad = 1;
        return;
    }

    lp_sign_get_address(c, &h->address);
    h->chain_id = lp_sign_get_u64(c);
    h->kinds = lp_sign_get_u32(c);
    lp_sign_get_u256(c, &h->max_face_value);
    lp_sign_get_u256(c, &h->max_ticket_ev);
    lp_sign_get_u256(c, &h->day_budget);
    lp_sign_get_u256(c, &h->day_spent);
    lp_sign_get_u256(c, &h->stream_budget);
    lp_sign_get_u256(c, &h->recipient_budget);
    h->recipients = lp_sign_get_u32(c);
    h->tickets = lp_sign_get_u64(c);
}


static void
lp_sign_get_sig(lp_sign_cursor_t *c, lp_sig_t *sig)
{
    memcpy(sig->b, lp_sign_get(c, 64), 64);
    sig->b[64] = *lp_sign_get(c, 1);
}


/* all that is left of a body: its place in the frame */

static const uint8_t *
lp_sign_get_rest(lp_sign_cursor_t *c, size_t *len)
{
    const uint8_t  *p = c->p;

    *len = c->left;
    c->bad |= c->left == 0;
    c->p += c->left;
    c->left = 0;

    return p;
}


static void
lp_sign_get_answer(lp_sign_cursor_t *c, lp_sign_reply_t *r,
    lp_sign_kind_e kind)
{
    size_t  len;

    switch (kind) {

    case LP_SIGN_HELLO:
        lp_sign_get_hello(c, &r->hello);
        return;

    case LP_SIGN_TICKETS:
        r->sigs = lp_sign_get_rest(c, &len);
        r->nsigs = (uint32_t) (len / LP_SIG_LEN);
        c->bad |= len % LP_SIG_LEN || r->nsigs > LP_SIGN_TICKETS_MAX;
        return;

    case LP_SIGN_PING:
        memcpy(r->ping, lp_sign_get(c, sizeof(r->ping)), sizeof(r->ping));
        lp_sign_get_sig(c, &r->sig);
        return;

    case LP_SIGN_TX:
        lp_sign_get_hash(c, &r->tx_hash);
        r->raw = lp_sign_get_rest(c, &r->raw_len);
        return;

    case LP_SIGN_REQUEST:
    case LP_SIGN_SEGMENT:
    case LP_SIGN_RESULT:
    case LP_SIGN_RECEIPT:
        lp_sign_get_sig(c, &r->sig);
        return;
    }

    c->bad = 1;
}


lp_status_t
lp_sign_decode_reply(lp_sign_reply_t *r, lp_sign_kind_e kind,
    const uint8_t *data, size_t len)
{
    size_t            whole;
    uint8_t           refusal;
    lp_status_t       s;
    lp_sign_cursor_t  c;

    memset(r, 0, sizeof(lp_sign_reply_t));

    s = lp_sign_frame(&c, &refusal, &r->id, &whole, data, len);
    if (s != LP_OK) {
        return s;
    }

    if (refusal >= LP_SIGN_NREFUSALS) {
        return LP_MALFORMED;
    }

    r->refusal = (lp_sign_refusal_e) refusal;

    if (refusal == LP_SIGN_OK) {
        lp_sign_get_answer(&c, r, kind);
    }

    return c.bad || c.left ? LP_MALFORMED : LP_OK;
}
