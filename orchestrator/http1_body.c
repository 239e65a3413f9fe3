/*
 * The body of a request: a length or chunks. Chunks are read to the letter
 * of RFC 9112 7.1: each line ends with CR LF, nothing stands between a size
 * and its extension, and what is thrown away has a limit.
 */
#include "orchestrator/http1.h"


/* 15 hexadecimal digits cannot overflow */
#define ORCH_CHUNK_DIGITS  15


static int
orch_chunks_digit(uint8_t ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


/* within a line: 1 when ch may stand there */
static int
orch_chunks_is_text(orch_chunks_t *ch, uint8_t byte)
{
    return ++ch->extra <= ORCH_HTTP1_EXTRA_MAX
           && (byte >= 0x20 || byte == '\t') && byte != 0x7f;
}


static int
orch_chunks_size(orch_chunks_t *ch, uint8_t byte)
{
    int  digit;

    digit = orch_chunks_digit(byte);

    if (digit >= 0) {
        if (++ch->digits > ORCH_CHUNK_DIGITS) {
            return -1;
        }

        ch->left = ch->left * 16 + (uint64_t) digit;
        ch->state = chunk_size;
        return 0;
    }

    if (ch->state == chunk_size_first) {
        return -1;
    }

    if (byte == '\r') {
        ch->state = chunk_size_lf;
        return 0;
    }

    ch->state = chunk_extension;

    return byte == ';' ? 0 : -1;
}


/* one byte of what is not data: 0, or -1 when it may not stand there */
static int
orch_chunks_step(orch_chunks_t *ch, uint8_t byte)
{
    switch (ch->state) {

    case chunk_size_first:
    case chunk_size:
        return orch_chunks_size(ch, byte);

    case chunk_extension:
        if (byte == '\r') {
            ch->state = chunk_size_lf;
            return 0;
        }

        return orch_chunks_is_text(ch, byte) ? 0 : -1;

    case chunk_size_lf:
        ch->state = ch->left ? chunk_data : chunk_trailer_first;
        return byte == '\n' ? 0 : -1;

    case chunk_data_cr:
        ch->state = chunk_data_lf;
        return byte == '\r' ? 0 : -1;

    case chunk_data_lf:
        ch->state = chunk_size_first;
        ch->digits = 0;
        return byte == '\n' ? 0 : -1;

    case chunk_trailer_first:
        if (byte == '\r') {
            ch->state = chunk_last_lf;
            return 0;
        }

        ch->state = chunk_trailer;
        return byte != ' ' && byte != '\t' && orch_chunks_is_text(ch, byte)
               ? 0 : -1;

    case chunk_trailer:
        if (byte == '\r') {
            ch->state = chunk_trailer_lf;
            return 0;
        }

        return orch_chunks_is_text(ch, byte) ? 0 : -1;

    case chunk_trailer_lf:
        ch->state = chunk_trailer_first;
        return byte == '\n' ? 0 : -1;

    case chunk_last_lf:
        ch->state = chunk_done;
        return byte == '\n' ? 0 : -1;

    default:
        return -1;
    }
}


ssize_t
orch_chunks_read(orch_chunks_t *ch, const uint8_t *p, size_t len,
    const uint8_t **data, size_t *n)
{
    size_t  used = 0;

    *data = NULL;
    *n = 0;

    while (used < len && ch->state != chunk_done) {

        if (ch->state == chunk_data) {
            *data = p + used;
            *n = len - used;

            if (*n >= ch->left) {
                *n = (size_t) ch->left;
                ch->state = chunk_data_cr;
            }

            ch->left -= *n;
            used += *n;
            break;
        }

        if (orch_chunks_step(ch, p[used++]) != 0) {
            return -1;
        }
    }

    return (ssize_t) used;
}


static void
orch_http1_body_done(orch_http1_t *h1)
{
    h1->body_done = 1;
    h1->s->expect = 0;
    orch_stream_end(h1->s);
}


ssize_t
orch_http1_body(orch_http1_t *h1, const uint8_t *p, size_t len)
{
    size_t          n;
    ssize_t         used;
    const uint8_t  *data;

    h1->s->expect = 0;

    if (h1->chunked_in) {
        used = orch_chunks_read(&h1->chunks, p, len, &data, &n);

    } else {
        data = p;
        n = len < h1->left ? len : (size_t) h1->left;
        h1->left -= n;
        used = (ssize_t) n;
    }

    if (used < 0) {
        return -1;
    }

    if (n) {
        orch_stream_body(h1->s, data, n);
    }

    if (h1->chunked_in ? h1->chunks.state == chunk_done : h1->left == 0) {
        orch_http1_body_done(h1);
    }

    return used;
}
