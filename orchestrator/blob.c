/* Bytes that are counted and shared. */

#include <stdlib.h>

#include "orchestrator/blob.h"


int
orch_memory_take(orch_memory_t *m, uint64_t len)
{
    if (m->used > m->max || len > m->max - m->used) {
        return 0;
    }

    m->used += len;

    return 1;
}


void
orch_memory_give(orch_memory_t *m, uint64_t len)
{
    m->used -= len;
}


orch_blob_t *
orch_blob_create(orch_memory_t *m, lp_buf_t *bytes)
{
    orch_blob_t  *blob;

    blob = malloc(sizeof(orch_blob_t));
    if (blob == NULL) {
        return NULL;
    }

    blob->bytes = *bytes;
    blob->memory = m;
    blob->refs = 1;

    lp_buf_init(bytes, bytes->max);
    m->used += blob->bytes.cap;

    return blob;
}


orch_blob_t *
orch_blob_hold(orch_blob_t *blob)
{
    blob->refs++;

    return blob;
}


void
orch_blob_release(void *data)
{
    orch_blob_t  *blob = data;

    if (--blob->refs) {
        return;
    }

    orch_memory_give(blob->memory, blob->bytes.cap);
    lp_buf_done(&blob->bytes);
    free(blob);
}
