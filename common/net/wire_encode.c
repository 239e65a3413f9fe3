/*
 * Plain structs to the network's messages. What a message points at lies on
 * the stack or in an arena that ends with the call; bytes are not copied
 * before they are packed.
 */

#include <string.h>

#include "common/net/wire_pb.h"


/* pointers and structs around one message: its bytes are not among them */

#define LP_WIRE_ENCODE_MAX  (4 * LP_WIRE_MESSAGE_MAX)


typedef struct {
    Net__Capabilities               m;
    Net__Capabilities__Constraints  constraints;
} lp_wire_out_capabilities_t;

typedef struct {
    Net__TicketParams            m;
    Net__TicketExpirationParams  expiration;
    uint8_t                      words[4][32];
} lp_wire_out_params_t;

typedef struct {
    Net__OrchestratorInfo       m;
    lp_wire_out_params_t        params;
    Net__PriceInfo              price;
    lp_wire_out_capabilities_t  capabilities;
    Net__AuthToken              token;
} lp_wire_out_info_t;


static void
lp_wire_refuse(lp_buf_t *out, lp_status_t why)
{
    if (lp_buf_status(out) == LP_OK) {
        out->status = why;
    }
}


static void
lp_wire_put_capabilities(lp_wire_out_capabilities_t *o,
    const lp_capabilities_t *c)
{
    net__capabilities__init(&o->m);
    net__capabilities__constraints__init(&o->constraints);

    o->m.bitstring = (uint64_t *) c->bits.words;
    o->m.n_bitstring = c->bits.nwords;
    o->m.mandatories = (uint64_t *) c->mandatories.words;
    o->m.n_mandatories = c->mandatories.nwords;
    o->m.version = (char *) c->version;

    if (c->has_constraints) {
        o->constraints.min_version = (char *) c->min_version;
        o->m.constraints = &o->constraints;
    }
}


static void
lp_wire_put_price(Net__PriceInfo *m, const lp_wire_price_t *p)
{
    net__price_info__init(m);
    m->price_per_unit = p->num;
    m->pixels_per_unit = p->den;
}


static void
lp_wire_put_expiration(Net__TicketExpirationParams *m,
    const lp_wire_expiration_t *e)
{
    net__ticket_expiration_params__init(m);
    m->creation_round = e->round;
    lp_wire_set_bytes(&m->creation_round_block_hash, e->block_hash.b,
                      sizeof(e->block_hash.b));
}


static void
lp_wire_put_u256(ProtobufCBinaryData *b, uint8_t word[32],
    const lp_u256_t *v)
{
    size_t  n = lp_u256_put_min(word, v);

    lp_wire_set_bytes(b, word + 32 - n, n);
}


static void
lp_wire_put_params(lp_wire_out_params_t *o, const lp_wire_ticket_params_t *p)
{
    net__ticket_params__init(&o->m);

    lp_wire_set_bytes(&o->m.recipient, p->recipient.b, LP_ADDRESS_LEN);
    lp_wire_put_u256(&o->m.face_value, o->words[0], &p->face_value);
    lp_wire_put_u256(&o->m.win_prob, o->words[1], &p->win_prob);
    lp_wire_set_bytes(&o->m.recipient_rand_hash, p->rand_hash.b,
                      sizeof(p->rand_hash.b));
    lp_wire_put_u256(&o->m.seed, o->words[2], &p->seed);
    lp_wire_put_u256(&o->m.expiration_block, o->words[3],
                     &p->expiration_block);

    if (p->has_expiration) {
        lp_wire_put_expiration(&o->expiration, &p->expiration);
        o->m.expiration_params = &o->expiration;
    }
}


void
lp_wire_encode_orch_request(lp_buf_t *out, const lp_wire_orch_request_t *r)
{
    Net__OrchestratorRequest    m = NET__ORCHESTRATOR_REQUEST__INIT;
    lp_wire_out_capabilities_t  capabilities;

    lp_wire_set_bytes(&m.address, r->address.b, LP_ADDRESS_LEN);

    if (r->has_sig) {
        lp_wire_set_bytes(&m.sig, r->sig.b, LP_SIG_LEN);
    }

    if (r->has_capabilities) {
        lp_wire_put_capabilities(&capabilities, &r->capabilities);
        m.capabilities = &capabilities.m;
    }

    lp_wire_pack(out, &m.base);
}


static void
lp_wire_put_info(lp_wire_out_info_t *o, const lp_wire_orch_info_t *i)
{
    net__orchestrator_info__init(&o->m);

    o->m.transcoder = (char *) i->transcoder;
    o->m.nodes = (char **) i->nodes;
    o->m.n_nodes = i->nnodes;

    if (i->has_params) {
        lp_wire_put_params(&o->params, &i->params);
        o->m.ticket_params = &o->params.m;
    }

    if (i->has_price) {
        lp_wire_put_price(&o->price, &i->price);
        o->m.price_info = &o->price;
    }

    if (i->has_address) {
        lp_wire_set_bytes(&o->m.address, i->address.b, LP_ADDRESS_LEN);
    }

    if (i->has_capabilities) {
        lp_wire_put_capabilities(&o->capabilities, &i->capabilities);
        o->m.capabilities = &o->capabilities.m;
    }

    if (i->has_token) {
        lp_wire_put_token(&o->token, &i->token);
        o->m.auth_token = &o->token;
    }
}


void
lp_wire_encode_orch_info(lp_buf_t *out, const lp_wire_orch_info_t *i)
{
    lp_wire_out_info_t  info;

    lp_wire_put_info(&info, i);
    lp_wire_pack(out, &info.m.base);
}


static void
lp_wire_put_profile(Net__VideoProfile *m, const lp_profile_t *p)
{
    net__video_profile__init(m);

    m->name = (char *) p->name;
    m->width = (int32_t) p->width;
    m->height = (int32_t) p->height;
    m->bitrate = (int32_t) p->bitrate;
    m->fps = p->fps_num;
    m->fps_den = p->fps_den;
    m->gop = p->gop_ms;
    m->quality = p->quality;
    m->format = (Net__VideoProfile__Format) p->format;
    m->profile = (Net__VideoProfile__Profile) p->h264_profile;
    m->encoder = (Net__VideoProfile__VideoCodec) p->encoder;
}


/* one list is filled: the oldest that can say all of it (wire.md 4.3) */

static void
lp_wire_put_profiles(Net__SegData *m, Net__VideoProfile **list,
    const lp_wire_seg_data_t *s)
{
    size_t  i;
    int     newest = 0, mp4 = 0;

    for (i = 0; i < s->nprofiles; i++) {
        newest |= s->profiles[i].fps_den || s->profiles[i].h264_profile
                  || s->profiles[i].gop_ms;
        mp4 |= s->profiles[i].format == LP_FORMAT_MP4;
    }

    if (newest) {
        m->full_profiles3 = list;
        m->n_full_profiles3 = s->nprofiles;

    } else if (mp4) {
        m->full_profiles2 = list;
        m->n_full_profiles2 = s->nprofiles;

    } else {
        m->full_profiles = list;
        m->n_full_profiles = s->nprofiles;
    }
}


void
lp_wire_encode_seg_data(lp_buf_t *out, const lp_wire_seg_data_t *s)
{
    size_t                      i;
    Net__SegData                m = NET__SEG_DATA__INIT;
    Net__AuthToken              token;
    Net__VideoProfile           profiles[LP_PROFILE_MAX];
    Net__VideoProfile          *list[LP_PROFILE_MAX];
    Net__SegParameters          clip = NET__SEG_PARAMETERS__INIT;
    lp_wire_out_capabilities_t  capabilities;

    if (s->nprofiles > LP_PROFILE_MAX) {
        lp_wire_refuse(out, LP_LIMIT);
        return;
    }

    lp_wire_set_bytes(&m.manifest_id, s->manifest_id, strlen(s->manifest_id));
    lp_wire_set_bytes(&m.hash, s->hash.b, sizeof(s->hash.b));
    lp_wire_set_bytes(&m.profiles, "invalid", strlen("invalid"));

    m.seq = (int64_t) s->seq;
    m.duration = s->duration_ms;
    m.calc_perceptual_hash = s->calc_phash;

    if (s->has_sig) {
        lp_wire_set_bytes(&m.sig, s->sig.b, LP_SIG_LEN);
    }

    if (s->has_capabilities) {
        lp_wire_put_capabilities(&capabilities, &s->capabilities);
        m.capabilities = &capabilities.m;
    }

    if (s->has_token) {
        lp_wire_put_token(&token, &s->token);
        m.auth_token = &token;
    }

    if (s->has_clip) {
        clip.from = s->clip_from_ms;
        clip.to = s->clip_to_ms;
        m.segment_parameters = &clip;
    }

    for (i = 0; i < s->nprofiles; i++) {
        lp_wire_put_profile(&profiles[i], &s->profiles[i]);
        list[i] = &profiles[i];
    }

    lp_wire_put_profiles(&m, list, s);
    lp_wire_pack(out, &m.base);
}


/* an array of n structs of size bytes, and the pointers to them */

static void **
lp_wire_list(lp_arena_t *a, lp_buf_t *out, size_t n, size_t size)
{
    size_t   i;
    void   **list;
    uint8_t *items;

    list = lp_arena_calloc(a, n, sizeof(void *));
    items = lp_arena_calloc(a, n, size);

    if (list == NULL || items == NULL) {
        lp_wire_refuse(out, n > LP_WIRE_MESSAGE_MAX / size ? LP_LIMIT
                                                           : LP_NOMEM);
        return NULL;
    }

    for (i = 0; i < n; i++) {
        list[i] = items + i * size;
    }

    return list;
}


static void
lp_wire_put_payment(lp_arena_t *a, lp_buf_t *out, const lp_wire_payment_t *p)
{
    size_t                        i;
    Net__Payment                  m = NET__PAYMENT__INIT;
    Net__PriceInfo                price;
    lp_wire_out_params_t          params;
    Net__TicketSenderParams     **list;
    Net__TicketExpirationParams   expiration;

    list = (Net__TicketSenderParams **) lp_wire_list(a, out, p->ntickets,
                                          sizeof(Net__TicketSenderParams));
    if (list == NULL) {
        return;
    }

    for (i = 0; i < p->ntickets; i++) {
        net__ticket_sender_params__init(list[i]);
        list[i]->sender_nonce = p->tickets[i].nonce;
        lp_wire_set_bytes(&list[i]->sig, p->tickets[i].sig.b, LP_SIG_LEN);
    }

    m.ticket_sender_params = list;
    m.n_ticket_sender_params = p->ntickets;

    if (p->has_params) {
        lp_wire_put_params(&params, &p->params);
        m.ticket_params = &params.m;
    }

    if (p->has_sender) {
        lp_wire_set_bytes(&m.sender, p->sender.b, LP_ADDRESS_LEN);
    }

    if (p->has_expiration) {
        lp_wire_put_expiration(&expiration, &p->expiration);
        m.expiration_params = &expiration;
    }

    if (p->has_price) {
        lp_wire_put_price(&price, &p->price);
        m.expected_price = &price;
    }

    lp_wire_pack(out, &m.base);
}


void
lp_wire_encode_payment(lp_buf_t *out, const lp_wire_payment_t *p)
{
    lp_arena_t  a;

    lp_arena_init(&a, LP_WIRE_ENCODE_MAX);
    lp_wire_put_payment(&a, out, p);
    lp_arena_done(&a);
}


static void
lp_wire_put_result(lp_arena_t *a, lp_buf_t *out, const lp_wire_result_t *r)
{
    size_t                        i;
    lp_wire_out_info_t            info;
    Net__TranscodeData            d = NET__TRANSCODE_DATA__INIT;
    Net__TranscodeResult          m = NET__TRANSCODE_RESULT__INIT;
    Net__TranscodedSegmentData  **list;

    list = (Net__TranscodedSegmentData **) lp_wire_list(a, out,
                       r->nrenditions, sizeof(Net__TranscodedSegmentData));
    if (list == NULL) {
        return;
    }

    for (i = 0; i < r->nrenditions; i++) {
        net__transcoded_segment_data__init(list[i]);
        list[i]->url = (char *) r->renditions[i].url;
        list[i]->pixels = r->renditions[i].pixels;
        list[i]->perceptual_hash_url = (char *) r->renditions[i].phash_url;
    }

    m.seq = (int64_t) r->seq;

    if (r->error) {
        m.result_case = NET__TRANSCODE_RESULT__RESULT_ERROR;
        m.error = (char *) r->error;

    } else if (r->has_data) {
        d.segments = list;
        d.n_segments = r->nrenditions;

        if (r->has_sig) {
            lp_wire_set_bytes(&d.sig, r->sig.b, LP_SIG_LEN);
        }

        m.result_case = NET__TRANSCODE_RESULT__RESULT_DATA;
        m.data = &d;
    }

    if (r->has_info) {
        lp_wire_put_info(&info, &r->info);
        m.info = &info.m;
    }

    lp_wire_pack(out, &m.base);
}


void
lp_wire_encode_result(lp_buf_t *out, const lp_wire_result_t *r)
{
    lp_arena_t  a;

    lp_arena_init(&a, LP_WIRE_ENCODE_MAX);
    lp_wire_put_result(&a, out, r);
    lp_arena_done(&a);
}
