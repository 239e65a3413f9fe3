/*
 * What the handlers of requests stand on, and the table that leads a path to
 * its handler. gRPC is HTTP/2 with its content type; everything else is HTTP.
 */
#ifndef ORCH_RPC_H
#define ORCH_RPC_H


#include "common/net/wire.h"
#include "orchestrator/capacity.h"
#include "orchestrator/conf.h"
#include "orchestrator/http.h"
#include "orchestrator/identity.h"
#include "orchestrator/limit.h"
#include "orchestrator/local.h"
#include "orchestrator/metrics.h"
#include "orchestrator/payments.h"
#include "orchestrator/redeemer.h"
#include "orchestrator/redeemer.h"
#include "orchestrator/signer.h"


#define ORCH_RPC_INFO_MAX  (8 * 1024)      /* bytes of our OrchestratorInfo */


/* grpc-status */
enum {
    ORCH_GRPC_OK = 0,
    ORCH_GRPC_UNKNOWN = 2,
    ORCH_GRPC_EXHAUSTED = 8,
    ORCH_GRPC_UNIMPLEMENTED = 12,
    ORCH_GRPC_INTERNAL = 13
};

struct orch_rpc_s {
    const orch_conf_t  *conf;
    const lp_log_t     *log;
    orch_loop_t        *loop;
    orch_http_t        *http;
    orch_identity_t    *identity;
    orch_signer_t      *signer;
    orch_payments_t    *payments;          /* these NULL: off chain */
    orch_store_t       *store;
    orch_chain_t       *chain;
    orch_watcher_t     *watcher;
    orch_redeemer_t    *redeemer;          /* with --role front too */
    orch_token_key_t    tokens;
    orch_memory_t       memory;
    orch_pool_t         pool;
    orch_sched_t        sched;
    orch_capacity_t     capacity;
    orch_local_t       *local;
    orch_metrics_t      metrics;
    orch_limit_t        discovery;
    orch_limit_t        pings;
    orch_rate_t       discovery_total;
    char                service_uri[ORCH_CONF_URI_MAX];
    uint64_t            started_ms;
    uint64_t            last_result_ms;
    unsigned            in_flight;         /* segments accepted, unanswered */
    orch_timer_t       *idle;              /* woken when in_flight falls */
};

/*
 * A call of a unary method: one message in, one out. A method that answers
 * LP_AGAIN is called again after its wake, until the call has gone away;
 * drop then ends what it waits for.
 */
typedef struct {
    orch_rpc_t                 *rpc;
    const orch_http_request_t  *r;
    const uint8_t              *msg;
    size_t                      len;
    unsigned                    times;     /* called before */
    orch_timer_t                wake;
    int                         status;    /* grpc-status */
    const char                 *message;   /* fixed text */
    lp_buf_t                    out;       /* protobuf, when status is 0 */
} orch_grpc_call_t;


/* orch_http_conf_t.begin; data is the orch_rpc_t */
void orch_rpc_begin(void *data, orch_http_request_t *r);

/*
 * An answer before the body was read: the rest is not awaited. error: of the
 * Livepeer-Error header (payments.h), or NULL.
 */
void orch_rpc_refuse(orch_http_request_t *r, int status, const char *text);
void orch_rpc_refuse_payment(orch_http_request_t *r, int status,
    const char *text, const char *error);

int orch_rpc_method_is(const orch_http_request_t *r, const char *method);

/* rpc_info */
lp_status_t orch_info_get(orch_grpc_call_t *call);
lp_status_t orch_info_ping(orch_grpc_call_t *call);
lp_status_t orch_info_end(orch_grpc_call_t *call);
void orch_info_drop(orch_grpc_call_t *call);

/*
 * Our OrchestratorInfo around a token; info points into rpc and token. On
 * chain it has a price, the token's own, and ticket parameters made for it.
 */
void orch_info_fill(const orch_rpc_t *rpc, lp_wire_orch_info_t *info,
    const lp_wire_token_t *token, const lp_wire_price_t *price,
    const lp_params_t *params);

/* rpc_segment, rpc_payment */
void orch_segment_begin(orch_rpc_t *rpc, orch_http_request_t *r);
void orch_payment_begin(orch_rpc_t *rpc, orch_http_request_t *r);


#endif /* ORCH_RPC_H */
