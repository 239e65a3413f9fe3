/*
 * Bytes of the network's messages, scanned before protobuf-c may spend memory
 * on them; gRPC's frames; and the two messages that are hardly any.
 */

#include <string.h>

#include "common/net/wire_pb.h"


#define LP_WIRE_DEPTH_MAX     16
#define LP_WIRE_REPEATED_MAX  1024
#define LP_WIRE_MAP_MAX       256
#define LP_WIRE_FIELDS_MAX    32                /* of one message type */

enum {
    LP_WIRE_VARINT = 0, LP_WIRE_FIXED64 = 1, LP_WIRE_BYTES = 2,
    LP_WIRE_FIXED32 = 5
};

typedef struct {
    uint64_t        number;
    unsigned        type;
    uint64_t        value;                      /* of LP_WIRE_VARINT */
    const uint8_t  *data;                       /* of LP_WIRE_BYTES */
    size_t          len;
} lp_wire_item_t;

typedef struct {
    lp_arena_t   *arena;
    lp_status_t   status;
} lp_wire_memory_t;


static lp_status_t lp_wire_scan(const ProtobufCMessageDescriptor *d,
    const uint8_t *p, const uint8_t *end, unsigned depth);


/* returns how many bytes it takes, 0 for none */

static size_t
lp_wire_varint(uint64_t *v, const uint8_t *p, const uint8_t *end)
{
    size_t  i;

    for (*v = 0, i = 0; i < 10 && p + i < end; i++) {
        *v |= (uint64_t) (p[i] & 0x7f) << (7 * i);

        if (p[i] < 0x80) {
            return i == 9 && p[i] > 1 ? 0 : i + 1;     /* over 64 bits */
        }
    }

    return 0;
}


/* one key and what it announces; returns how many bytes, 0: not well formed */

static size_t
lp_wire_item(lp_wire_item_t *item, const uint8_t *p, const uint8_t *end)
{
    size_t    n, head;
    uint64_t  v;

    head = lp_wire_varint(&v, p, end);
    item->number = v >> 3;
    item->type = (unsigned) (v & 7);
    item->value = 0;
    item->data = NULL;
    item->len = 0;

    if (head == 0 || item->number == 0 || item->number >= 1 << 29) {
        return 0;
    }

    p += head;

    switch (item->type) {

    case LP_WIRE_VARINT:
        n = lp_wire_varint(&item->value, p, end);
        return n ? head + n : 0;

    case LP_WIRE_FIXED64:
        return (size_t) (end - p) >= 8 ? head + 8 : 0;

    case LP_WIRE_FIXED32:
        return (size_t) (end - p) >= 4 ? head + 4 : 0;

    case LP_WIRE_BYTES:
        n = lp_wire_varint(&v, p, end);

        if (n == 0 || v > (size_t) (end - p) - n) {
            return 0;
        }

        item->data = p + n;
        item->len = (size_t) v;

        return head + n + item->len;
    }

    return 0;                                   /* groups are of the past */
}


int
lp_wire_is_text(const uint8_t *s, size_t len)
{
    size_t    i, k, n;
    uint32_t  c, least;

    for (i = 0; i < len; i += n) {
        c = s[i];

        if (c == 0) {
            return 0;
        }

        if (c < 0x80) {
            n = 1;
            continue;
        }

        if (c < 0xc2 || c > 0xf4) {
            return 0;
        }

        n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        least = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;

        if (len - i < n) {
            return 0;
        }

        c &= 0x7fu >> n;

        for (k = 1; k < n; k++) {
            if ((s[i + k] & 0xc0) != 0x80) {
                return 0;
            }

            c = c << 6 | (s[i + k] & 0x3f);
        }

        if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
            return 0;
        }
    }

    return 1;
}


/* numbers packed into one item: each ends in a byte under 0x80 */

static size_t
lp_wire_count_packed(const lp_wire_item_t *item)
{
    size_t  i, n;

    for (i = 0, n = 0; i < item->len; i++) {
        n += item->data[i] < 0x80;
    }

    return n;
}


static int
lp_wire_is_packed(const ProtobufCFieldDescriptor *f,
    const lp_wire_item_t *item)
{
    return item->type == LP_WIRE_BYTES && f->type != PROTOBUF_C_TYPE_STRING
           && f->type != PROTOBUF_C_TYPE_BYTES
           && f->type != PROTOBUF_C_TYPE_MESSAGE;
}


/*
 * A field given twice has two readings, last or merged, so it has none here.
 */

static lp_status_t
lp_wire_count(const ProtobufCFieldDescriptor *f, const lp_wire_item_t *item,
    size_t *seen)
{
    size_t  max;

    if (f->label != PROTOBUF_C_LABEL_REPEATED) {
        return (*seen)++ ? LP_MALFORMED : LP_OK;
    }

    max = f->descriptor == &net__capabilities__capacities_entry__descriptor
          ? LP_WIRE_MAP_MAX : LP_WIRE_REPEATED_MAX;

    *seen += lp_wire_is_packed(f, item) ? lp_wire_count_packed(item) : 1;

    return *seen > max ? LP_LIMIT : LP_OK;
}


/* a parser would cut it to its lower half: another number than was sent */

static int
lp_wire_is_wide(const lp_wire_item_t *item, int is_signed)
{
    return item->type == LP_WIRE_VARINT && item->value > UINT32_MAX
           && !(is_signed && item->value >= (uint64_t) INT32_MIN);
}


static lp_status_t
lp_wire_scan_item(const ProtobufCFieldDescriptor *f,
    const lp_wire_item_t *item, unsigned depth)
{
    switch (f->type) {

    case PROTOBUF_C_TYPE_UINT32:
        return lp_wire_is_wide(item, 0) ? LP_MALFORMED : LP_OK;

    case PROTOBUF_C_TYPE_INT32:
        return lp_wire_is_wide(item, 1) ? LP_MALFORMED : LP_OK;

    case PROTOBUF_C_TYPE_MESSAGE:
        if (item->type != LP_WIRE_BYTES) {
            return LP_MALFORMED;
        }

        return lp_wire_scan(f->descriptor, item->data,
                            item->data + item->len, depth + 1);

    case PROTOBUF_C_TYPE_STRING:
        if (item->type != LP_WIRE_BYTES
            || !lp_wire_is_text(item->data, item->len))
        {
            return LP_MALFORMED;
        }

        return LP_OK;

    default:
        return LP_OK;
    }
}


static lp_status_t
lp_wire_scan(const ProtobufCMessageDescriptor *d, const uint8_t *p,
    const uint8_t *end, unsigned depth)
{
    size_t                           n, unknown, oneofs;
    size_t                           seen[LP_WIRE_FIELDS_MAX] = { 0 };
    lp_status_t                      rc;
    lp_wire_item_t                   item;
    const ProtobufCFieldDescriptor  *f;

    if (depth > LP_WIRE_DEPTH_MAX || d->n_fields > LP_WIRE_FIELDS_MAX) {
        return LP_LIMIT;
    }

    for (unknown = 0, oneofs = 0; p < end; p += n) {
        n = lp_wire_item(&item, p, end);
        if (n == 0) {
            return LP_MALFORMED;
        }

        f = protobuf_c_message_descriptor_get_field(d, (unsigned) item.number);

        if (f == NULL) {
            if (++unknown > LP_WIRE_REPEATED_MAX) {
                return LP_LIMIT;
            }

            continue;
        }

        if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && oneofs++) {
            return LP_MALFORMED;
        }

        rc = lp_wire_count(f, &item, &seen[f - d->fields]);
        if (rc == LP_OK) {
            rc = lp_wire_scan_item(f, &item, depth);
        }

        if (rc != LP_OK) {
            return rc;
        }
    }

    return LP_OK;
}


lp_status_t
lp_wire_arena_status(const lp_arena_t *a, size_t size)
{
    return size > a->max || a->used > a->max - size ? LP_LIMIT : LP_NOMEM;
}


static void *
lp_wire_alloc(void *data, size_t size)
{
    void              *p;
    lp_wire_memory_t  *memory = data;

    p = lp_arena_alloc(memory->arena, size);
    if (p == NULL) {
        memory->status = lp_wire_arena_status(memory->arena, size);
    }

    return p;
}


static void
lp_wire_free(void *data, void *p)
{
    (void) data;
    (void) p;                                   /* the arena frees all */
}


lp_status_t
lp_wire_unpack(lp_arena_t *a, const ProtobufCMessageDescriptor *d,
    ProtobufCMessage **m, const uint8_t *data, size_t len)
{
    lp_status_t          rc;
    lp_wire_memory_t     memory = { a, LP_MALFORMED };
    ProtobufCAllocator   allocator = { lp_wire_alloc, lp_wire_free, &memory };

    *m = NULL;

    if (len > LP_WIRE_MESSAGE_MAX) {
        return LP_LIMIT;
    }

    if (len == 0) {
        data = (const uint8_t *) "";                /* NULL is well known */
    }

    rc = lp_wire_scan(d, data, data + len, 1);
    if (rc != LP_OK) {
        return rc;
    }

    *m = protobuf_c_message_unpack(d, &allocator, len, data);

    return *m ? LP_OK : memory.status;
}


void
lp_wire_pack(lp_buf_t *out, const ProtobufCMessage *m)
{
    uint8_t  *p;

    p = lp_buf_add(out, protobuf_c_message_get_packed_size(m));
    if (p) {
        protobuf_c_message_pack(m, p);
    }
}


void
lp_wire_set_bytes(ProtobufCBinaryData *b, const void *data, size_t len)
{
    b->data = (uint8_t *) data;
    b->len = len;
}


void
lp_wire_get_token(lp_wire_token_t *t, const Net__AuthToken *m)
{
    t->token.data = m->token.data;
    t->token.len = m->token.len;
    t->session_id = m->session_id;
    t->expiration = m->expiration;
}


void
lp_wire_put_token(Net__AuthToken *m, const lp_wire_token_t *t)
{
    net__auth_token__init(m);

    lp_wire_set_bytes(&m->token, t->token.data, t->token.len);
    m->session_id = (char *) t->session_id;
    m->expiration = t->expiration;
}


lp_status_t
lp_wire_decode_ping(lp_arena_t *a, lp_bytes_t *value, const uint8_t *data,
    size_t len)
{
    lp_status_t        rc;
    Net__PingPong     *ping;
    ProtobufCMessage  *m;

    memset(value, 0, sizeof(lp_bytes_t));

    rc = lp_wire_unpack(a, &net__ping_pong__descriptor, &m, data, len);
    if (rc != LP_OK) {
        return rc;
    }

    ping = (Net__PingPong *) m;
    value->data = ping->value.data;
    value->len = ping->value.len;

    return LP_OK;
}


void
lp_wire_encode_ping(lp_buf_t *out, const uint8_t *value, size_t len)
{
    Net__PingPong  ping = NET__PING_PONG__INIT;

    lp_wire_set_bytes(&ping.value, value, len);
    lp_wire_pack(out, &ping.base);
}


lp_status_t
lp_wire_decode_end(lp_arena_t *a, lp_wire_token_t *token, const uint8_t *data,
    size_t len)
{
    lp_status_t                         rc;
    ProtobufCMessage                   *m;
    Net__EndTranscodingSessionRequest  *end;

    memset(token, 0, sizeof(lp_wire_token_t));

    rc = lp_wire_unpack(a, &net__end_transcoding_session_request__descriptor,
                        &m, data, len);
    if (rc != LP_OK) {
        return rc;
    }

    end = (Net__EndTranscodingSessionRequest *) m;
    if (end->auth_token == NULL) {
        return LP_MISSING;
    }

    lp_wire_get_token(token, end->auth_token);

    return LP_OK;
}


void
lp_wire_encode_end(lp_buf_t *out, const lp_wire_token_t *token)
{
    Net__AuthToken                     t;
    Net__EndTranscodingSessionRequest  end =
        NET__END_TRANSCODING_SESSION_REQUEST__INIT;

    lp_wire_put_token(&t, token);
    end.auth_token = &t;
    lp_wire_pack(out, &end.base);
}


lp_status_t
lp_wire_grpc_open(const uint8_t **msg, size_t *msg_len, const uint8_t *data,
    size_t len)
{
    uint32_t  n;

    *msg = NULL;
    *msg_len = 0;

    if (len && data[0]) {
        return data[0] == 1 ? LP_UNSUPPORTED : LP_MALFORMED;
    }

    if (len < LP_WIRE_GRPC_PREFIX) {
        return LP_AGAIN;
    }

    n = lp_get_be32(data + 1);

    if (n > LP_WIRE_MESSAGE_MAX) {
        return LP_LIMIT;
    }

    if (len - LP_WIRE_GRPC_PREFIX < n) {
        return LP_AGAIN;
    }

    *msg = data + LP_WIRE_GRPC_PREFIX;
    *msg_len = n;

    return LP_OK;
}


size_t
lp_wire_grpc_begin(lp_buf_t *out)
{
    size_t  at = out->len;

    lp_buf_put_u8(out, 0);                          /* not compressed */
    lp_buf_put_be32(out, 0);

    return at;
}


void
lp_wire_grpc_end(lp_buf_t *out, size_t begin)
{
    size_t    i, n;

    if (lp_buf_status(out) != LP_OK) {
        return;
    }

    n = out->len - begin - LP_WIRE_GRPC_PREFIX;

    for (i = 0; i < 4; i++) {
        out->data[begin + 1 + i] = (uint8_t) (n >> (24 - 8 * i));
    }
}
