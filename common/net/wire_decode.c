/*
 * The network's messages to plain structs: every width and sign is judged
 * here, once, so that nobody behind takes a raw byte string (T-02).
 */

#include <stdio.h>
#include <string.h>

#include "common/net/wire_pb.h"


/* the getters answer 1 or 0: the value is what its type says, or it is not */

static int
lp_wire_get_fixed(uint8_t *out, size_t want, const ProtobufCBinaryData *b)
{
    if (b->len != want) {
        return 0;
    }

    memcpy(out, b->data, want);

    return 1;
}


static int
lp_wire_get_optional(uint8_t *out, size_t want, uint8_t *has,
    const ProtobufCBinaryData *b)
{
    *has = b->len != 0;

    return *has ? lp_wire_get_fixed(out, want, b) : 1;
}


static int
lp_wire_get_u256(lp_u256_t *out, const ProtobufCBinaryData *b)
{
    return lp_u256_get_be(out, b->data, b->len) == LP_OK;
}


static int
lp_wire_get_price(lp_wire_price_t *p, const Net__PriceInfo *m)
{
    p->num = m->price_per_unit;
    p->den = m->pixels_per_unit;

    return p->num >= 0 && p->den >= 0;
}


static int
lp_wire_get_expiration(lp_wire_expiration_t *e,
    const Net__TicketExpirationParams *m)
{
    e->round = m->creation_round;

    return e->round >= 0
           && lp_wire_get_fixed(e->block_hash.b, sizeof(e->block_hash.b),
                                &m->creation_round_block_hash);
}


static int
lp_wire_get_params(lp_wire_ticket_params_t *p, const Net__TicketParams *m)
{
    p->has_expiration = m->expiration_params != NULL;

    return lp_wire_get_fixed(p->recipient.b, LP_ADDRESS_LEN, &m->recipient)
           && lp_wire_get_u256(&p->face_value, &m->face_value)
           && lp_wire_get_u256(&p->win_prob, &m->win_prob)
           && lp_wire_get_fixed(p->rand_hash.b, sizeof(p->rand_hash.b),
                                &m->recipient_rand_hash)
           && lp_wire_get_u256(&p->seed, &m->seed)
           && lp_wire_get_u256(&p->expiration_block, &m->expiration_block)
           && (!p->has_expiration
               || lp_wire_get_expiration(&p->expiration,
                                         m->expiration_params));
}


static lp_status_t
lp_wire_get_words(lp_bits_t *bits, const uint64_t *words, size_t n)
{
    if (n > LP_CAPABILITY_WORDS) {
        return LP_LIMIT;
    }

    if (n) {
        memcpy(bits->words, words, n * sizeof(uint64_t));
    }

    bits->nwords = (uint8_t) n;

    return LP_OK;
}


static lp_status_t
lp_wire_get_name(char *out, size_t size, const char *s)
{
    size_t  len = strlen(s);

    if (len >= size) {
        return LP_LIMIT;
    }

    memcpy(out, s, len + 1);

    return LP_OK;
}


static lp_status_t
lp_wire_get_capabilities(lp_capabilities_t *c, const Net__Capabilities *m)
{
    lp_status_t  rc;

    rc = lp_wire_get_words(&c->bits, m->bitstring, m->n_bitstring);

    if (rc == LP_OK) {
        rc = lp_wire_get_words(&c->mandatories, m->mandatories,
                               m->n_mandatories);
    }

    if (rc == LP_OK) {
        rc = lp_wire_get_name(c->version, sizeof(c->version), m->version);
    }

    c->has_constraints = m->constraints != NULL;

    if (rc == LP_OK && c->has_constraints) {
        rc = lp_wire_get_name(c->min_version, sizeof(c->min_version),
                              m->constraints->min_version);
    }

    return rc;
}


lp_status_t
lp_wire_decode_orch_request(lp_arena_t *a, lp_wire_orch_request_t *r,
    const uint8_t *data, size_t len)
{
    lp_status_t                rc;
    ProtobufCMessage          *base;
    Net__OrchestratorRequest  *m;

    memset(r, 0, sizeof(lp_wire_orch_request_t));

    rc = lp_wire_unpack(a, &net__orchestrator_request__descriptor, &base,
                        data, len);
    if (rc != LP_OK) {
        return rc;
    }

    m = (Net__OrchestratorRequest *) base;

    if (!lp_wire_get_fixed(r->address.b, LP_ADDRESS_LEN, &m->address)
        || !lp_wire_get_optional(r->sig.b, LP_SIG_LEN, &r->has_sig, &m->sig))
    {
        return LP_MALFORMED;
    }

    r->has_capabilities = m->capabilities != NULL;

    return r->has_capabilities
           ? lp_wire_get_capabilities(&r->capabilities, m->capabilities)
           : LP_OK;
}


static int
lp_wire_get_storage(Net__OSInfo **storage, size_t n)
{
    return n && storage[0]->storage_type != NET__OSINFO__STORAGE_TYPE__DIRECT;
}


static lp_status_t
lp_wire_get_info(lp_wire_orch_info_t *i, const Net__OrchestratorInfo *m)
{
    size_t  n;

    i->transcoder = m->transcoder;
    i->has_storage = lp_wire_get_storage(m->storage, m->n_storage);
    i->has_params = m->ticket_params != NULL;
    i->has_price = m->price_info != NULL;
    i->has_capabilities = m->capabilities != NULL;
    i->has_token = m->auth_token != NULL;

    if (!lp_wire_get_optional(i->address.b, LP_ADDRESS_LEN, &i->has_address,
                              &m->address)
        || (i->has_params && !lp_wire_get_params(&i->params,
                                                 m->ticket_params)))
    {
        return LP_MALFORMED;
    }

    if (i->has_price && (!lp_wire_get_price(&i->price, m->price_info)
                         || i->price.den == 0))
    {
        return LP_MALFORMED;
    }

    if (i->has_token) {
        lp_wire_get_token(&i->token, m->auth_token);
    }

    /* whoever lists more than anyone asks for is heard up to there */

    i->nnodes = m->n_nodes < LP_WIRE_NODES_MAX ? m->n_nodes
                                               : LP_WIRE_NODES_MAX;

    for (n = 0; n < i->nnodes; n++) {
        i->nodes[n] = m->nodes[n];
    }

    return i->has_capabilities
           ? lp_wire_get_capabilities(&i->capabilities, m->capabilities)
           : LP_OK;
}


lp_status_t
lp_wire_decode_orch_info(lp_arena_t *a, lp_wire_orch_info_t *i,
    const uint8_t *data, size_t len)
{
    lp_status_t        rc;
    ProtobufCMessage  *base;

    memset(i, 0, sizeof(lp_wire_orch_info_t));
    i->transcoder = "";

    rc = lp_wire_unpack(a, &net__orchestrator_info__descriptor, &base, data,
                        len);
    if (rc != LP_OK) {
        return rc;
    }

    return lp_wire_get_info(i, (Net__OrchestratorInfo *) base);
}


/* enums we do not know are no reason to drop the message: it gets a text */

static const char *
lp_wire_profile_error(const Net__VideoProfile *m)
{
    if ((unsigned) m->format > LP_FORMAT_MP4) {
        return "unrecognized profile output format";
    }

    if ((unsigned) m->profile > LP_H264_CONSTRAINED_HIGH) {
        return "unrecognized encoder profile";
    }

    if ((unsigned) m->encoder > LP_CODEC_VP9) {
        return "unrecognized video codec";
    }

    return NULL;
}


static lp_status_t
lp_wire_get_profile(lp_profile_t *p, const char **error,
    const Net__VideoProfile *m)
{
    if (m->width < 0 || m->height < 0 || m->bitrate < 0) {
        return LP_MALFORMED;
    }

    p->width = (uint32_t) m->width;
    p->height = (uint32_t) m->height;
    p->bitrate = (uint32_t) m->bitrate;
    p->fps_num = m->fps;
    p->fps_den = m->fps_den;
    p->gop_ms = m->gop;
    p->quality = m->quality;

    *error = lp_wire_profile_error(m);

    if (*error == NULL) {
        p->format = (uint8_t) m->format;
        p->h264_profile = (uint8_t) m->profile;
        p->encoder = (uint8_t) m->encoder;
    }

    if (m->name[0] == '\0') {
        snprintf(p->name, sizeof(p->name), "net_%ux%u_%u", p->width,
                 p->height, p->bitrate);
        return LP_OK;
    }

    return lp_wire_get_name(p->name, sizeof(p->name), m->name);
}


/* the newest list that has anything is the one that counts */

static lp_status_t
lp_wire_get_profiles(lp_wire_seg_data_t *s, const Net__SegData *m)
{
    size_t                i, n;
    lp_status_t           rc;
    const char           *error;
    Net__VideoProfile   **list;

    if (m->n_full_profiles3) {
        n = m->n_full_profiles3;
        list = m->full_profiles3;

    } else if (m->n_full_profiles2) {
        n = m->n_full_profiles2;
        list = m->full_profiles2;

    } else {
        n = m->n_full_profiles;
        list = m->full_profiles;
    }

    if (n > LP_PROFILE_MAX) {
        return LP_LIMIT;
    }

    for (i = 0; i < n; i++) {
        rc = lp_wire_get_profile(&s->profiles[i], &error, list[i]);
        if (rc != LP_OK) {
            return rc;
        }

        if (s->profile_error == NULL) {
            s->profile_error = error;
        }
    }

    s->nprofiles = n;

    return LP_OK;
}


/* bytes on the wire, and yet a text */

static lp_status_t
lp_wire_get_manifest(lp_arena_t *a, const char **out,
    const ProtobufCBinaryData *b)
{
    char  *s;

    if (b->len == 0) {
        return LP_OK;
    }

    if (!lp_wire_is_text(b->data, b->len)) {
        return LP_MALFORMED;
    }

    s = lp_arena_strndup(a, b->data, b->len);
    if (s == NULL) {
        return lp_wire_arena_status(a, b->len + 1);
    }

    *out = s;

    return LP_OK;
}


static lp_status_t
lp_wire_get_seg_data(lp_arena_t *a, lp_wire_seg_data_t *s,
    const Net__SegData *m)
{
    lp_status_t  rc;

    if (m->seq < 0
        || !lp_wire_get_fixed(s->hash.b, sizeof(s->hash.b), &m->hash)
        || !lp_wire_get_optional(s->sig.b, LP_SIG_LEN, &s->has_sig, &m->sig))
    {
        return LP_MALFORMED;
    }

    rc = lp_wire_get_manifest(a, &s->manifest_id, &m->manifest_id);
    if (rc != LP_OK) {
        return rc;
    }

    s->seq = (uint64_t) m->seq;
    s->duration_ms = m->duration;
    s->calc_phash = m->calc_perceptual_hash != 0;
    s->has_storage = lp_wire_get_storage(m->storage, m->n_storage);
    s->has_capabilities = m->capabilities != NULL;
    s->has_token = m->auth_token != NULL;
    s->has_clip = m->segment_parameters != NULL;

    if (s->has_clip) {
        s->clip_from_ms = m->segment_parameters->from;
        s->clip_to_ms = m->segment_parameters->to;
    }

    if (s->has_token) {
        lp_wire_get_token(&s->token, m->auth_token);
    }

    rc = s->has_capabilities
         ? lp_wire_get_capabilities(&s->capabilities, m->capabilities)
         : LP_OK;

    return rc == LP_OK ? lp_wire_get_profiles(s, m) : rc;
}


lp_status_t
lp_wire_decode_seg_data(lp_arena_t *a, lp_wire_seg_data_t *s,
    const uint8_t *data, size_t len)
{
    lp_status_t        rc;
    ProtobufCMessage  *base;

    memset(s, 0, sizeof(lp_wire_seg_data_t));
    s->manifest_id = "";

    rc = lp_wire_unpack(a, &net__seg_data__descriptor, &base, data, len);
    if (rc != LP_OK) {
        return rc;
    }

    return lp_wire_get_seg_data(a, s, (Net__SegData *) base);
}


static lp_status_t
lp_wire_get_tickets(lp_arena_t *a, lp_wire_payment_t *p,
    const Net__Payment *m)
{
    size_t                    i;
    Net__TicketSenderParams  *t;

    if (m->n_ticket_sender_params == 0) {
        return LP_OK;
    }

    p->tickets = lp_arena_calloc(a, m->n_ticket_sender_params,
                                 sizeof(lp_wire_sender_params_t));
    if (p->tickets == NULL) {
        return lp_wire_arena_status(a, m->n_ticket_sender_params
                                       * sizeof(lp_wire_sender_params_t));
    }

    for (i = 0; i < m->n_ticket_sender_params; i++) {
        t = m->ticket_sender_params[i];
        p->tickets[i].nonce = t->sender_nonce;

        if (!lp_wire_get_fixed(p->tickets[i].sig.b, LP_SIG_LEN, &t->sig)) {
            return LP_MALFORMED;
        }
    }

    p->ntickets = m->n_ticket_sender_params;

    return LP_OK;
}


static lp_status_t
lp_wire_get_payment(lp_arena_t *a, lp_wire_payment_t *p,
    const Net__Payment *m)
{
    p->has_params = m->ticket_params != NULL;
    p->has_expiration = m->expiration_params != NULL;
    p->has_price = m->expected_price != NULL;

    if (!lp_wire_get_optional(p->sender.b, LP_ADDRESS_LEN, &p->has_sender,
                              &m->sender)
        || (p->has_params && !lp_wire_get_params(&p->params,
                                                 m->ticket_params))
        || (p->has_expiration
            && !lp_wire_get_expiration(&p->expiration, m->expiration_params))
        || (p->has_price && !lp_wire_get_price(&p->price,
                                               m->expected_price)))
    {
        return LP_MALFORMED;
    }

    return lp_wire_get_tickets(a, p, m);
}


lp_status_t
lp_wire_decode_payment(lp_arena_t *a, lp_wire_payment_t *p,
    const uint8_t *data, size_t len)
{
    lp_status_t        rc;
    ProtobufCMessage  *base;

    memset(p, 0, sizeof(lp_wire_payment_t));

    rc = lp_wire_unpack(a, &net__payment__descriptor, &base, data, len);
    if (rc != LP_OK) {
        return rc;
    }

    return lp_wire_get_payment(a, p, (Net__Payment *) base);
}


static lp_status_t
lp_wire_get_renditions(lp_arena_t *a, lp_wire_result_t *r,
    const Net__TranscodeData *m)
{
    size_t                       i;
    Net__TranscodedSegmentData  *s;

    r->has_data = 1;

    if (!lp_wire_get_optional(r->sig.b, LP_SIG_LEN, &r->has_sig, &m->sig)) {
        return LP_MALFORMED;
    }

    if (m->n_segments == 0) {
        return LP_OK;
    }

    r->renditions = lp_arena_calloc(a, m->n_segments,
                                    sizeof(lp_wire_rendition_t));
    if (r->renditions == NULL) {
        return lp_wire_arena_status(a, m->n_segments
                                       * sizeof(lp_wire_rendition_t));
    }

    for (i = 0; i < m->n_segments; i++) {
        s = m->segments[i];

        if (s->pixels < 0) {
            return LP_MALFORMED;
        }

        r->renditions[i].url = s->url;
        r->renditions[i].pixels = s->pixels;
        r->renditions[i].phash_url = s->perceptual_hash_url;
    }

    r->nrenditions = m->n_segments;

    return LP_OK;
}


static lp_status_t
lp_wire_get_result(lp_arena_t *a, lp_wire_result_t *r,
    const Net__TranscodeResult *m)
{
    lp_status_t  rc = LP_OK;

    if (m->seq < 0) {
        return LP_MALFORMED;
    }

    r->seq = (uint64_t) m->seq;
    r->has_info = m->info != NULL;

    if (m->result_case == NET__TRANSCODE_RESULT__RESULT_ERROR) {
        r->error = m->error;

    } else if (m->result_case == NET__TRANSCODE_RESULT__RESULT_DATA) {
        rc = lp_wire_get_renditions(a, r, m->data);
    }

    return rc == LP_OK && r->has_info ? lp_wire_get_info(&r->info, m->info)
                                      : rc;
}


lp_status_t
lp_wire_decode_result(lp_arena_t *a, lp_wire_result_t *r,
    const uint8_t *data, size_t len)
{
    lp_status_t        rc;
    ProtobufCMessage  *base;

    memset(r, 0, sizeof(lp_wire_result_t));
    r->info.transcoder = "";

    rc = lp_wire_unpack(a, &net__transcode_result__descriptor, &base, data,
                        len);
    if (rc != LP_OK) {
        return rc;
    }

    return lp_wire_get_result(a, r, (Net__TranscodeResult *) base);
}
