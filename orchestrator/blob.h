/*
 * The bytes of segments and results, counted against one ceiling. A blob is
 * shared, not copied: the session's shelf and every answer under way hold it.
 */
#ifndef ORCH_BLOB_H
#define ORCH_BLOB_H


#include <stdint.h>

#include "common/util/buf.h"


typedef struct {
    uint64_t  used;                        /* bytes */
    uint64_t  max;
} orch_memory_t;

typedef struct {
    lp_buf_t        bytes;
    orch_memory_t  *memory;
    unsigned        refs;
} orch_blob_t;


/* 1: len bytes were counted, give them back with the same number */
int orch_memory_take(orch_memory_t *m, uint64_t len);
void orch_memory_give(orch_memory_t *m, uint64_t len);

/*
 * Takes over the memory of bytes, which is left empty, with one reference.
 * NULL without memory: bytes are as before. What is over the ceiling is
 * counted all the same: the work is done, new work is refused.
 */
orch_blob_t *orch_blob_create(orch_memory_t *m, lp_buf_t *bytes);
orch_blob_t *orch_blob_hold(orch_blob_t *blob);

/* void *: also the release handler of an HTTP body */
void orch_blob_release(void *blob);


#endif /* ORCH_BLOB_H */
