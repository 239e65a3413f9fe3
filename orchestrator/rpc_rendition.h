/*
 * Finished renditions: kept in memory for their session, the newest few, and
 * fetched by GET /stream/<session>/<name>/<seq>.ts (wire.md 5.2).
 */
#ifndef ORCH_RPC_RENDITION_H
#define ORCH_RPC_RENDITION_H


#include "common/media/profile.h"
#include "orchestrator/blob.h"
#include "orchestrator/http.h"
#include "orchestrator/pool.h"


#define ORCH_SHELF_MAX  64                          /* segments of a session */


typedef struct orch_rpc_s         orch_rpc_t;
typedef struct orch_shelf_item_s  orch_shelf_item_t;

typedef struct {
    orch_shelf_item_t  *items[ORCH_SHELF_MAX];      /* a ring */
    uint32_t            size;                       /* used of it */
    uint32_t            next;
} orch_shelf_t;


void orch_shelf_init(orch_shelf_t *shelf, uint32_t size);
void orch_shelf_done(orch_shelf_t *shelf);

/*
 * The renditions of a job that is done and was judged; holds its blob. The
 * same seq replaces, else the oldest goes. LP_NOMEM.
 */
lp_status_t orch_shelf_put(orch_shelf_t *shelf, const orch_job_t *job);

/* renditions that no one has fetched yet */
size_t orch_shelf_unfetched(const orch_shelf_t *shelf);

/* path of a rendition after the service URI */
void orch_rendition_path(lp_buf_t *out, const char *session,
    const lp_profile_t *profile, uint64_t seq);

/* GET and HEAD /stream/... */
void orch_rendition_begin(orch_rpc_t *rpc, orch_http_request_t *r);


#endif /* ORCH_RPC_RENDITION_H */
