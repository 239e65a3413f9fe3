/*
 * What the wire_*.c share: the generated messages, and the one way bytes
 * become them. Private to common/net/wire*.c, which are protobuf-c's door.
 */
#ifndef LP_WIRE_PB_H
#define LP_WIRE_PB_H


#include "common/net/wire.h"
#include "lp_rpc.pb-c.h"


/*
 * The message d of data, held by the arena; *m is for the caller to cast.
 * What it passes was scanned first: sizes, counts, no field twice, strings.
 */
lp_status_t lp_wire_unpack(lp_arena_t *a, const ProtobufCMessageDescriptor *d,
    ProtobufCMessage **m, const uint8_t *data, size_t len);

/* appends the bytes of m */
void lp_wire_pack(lp_buf_t *out, const ProtobufCMessage *m);

/* why the arena had no such piece: LP_LIMIT or LP_NOMEM */
lp_status_t lp_wire_arena_status(const lp_arena_t *a, size_t size);

/* well-formed UTF-8 without NUL, so that a C string says all of it */
int lp_wire_is_text(const uint8_t *s, size_t len);

/* protobuf-c's structs are not const, and are not written through here */
void lp_wire_set_bytes(ProtobufCBinaryData *b, const void *data, size_t len);

/* parts of several messages */
void lp_wire_get_token(lp_wire_token_t *t, const Net__AuthToken *m);
void lp_wire_put_token(Net__AuthToken *m, const lp_wire_token_t *t);


#endif /* LP_WIRE_PB_H */
