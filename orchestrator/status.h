/*
 * What the operator sees, on a listener of its own in plain HTTP: /status as
 * JSON, /metrics for Prometheus, /healthz, and /challenge, a value that a
 * Ping through the public address must come back signed with. No secrets.
 */
#ifndef ORCH_STATUS_H
#define ORCH_STATUS_H


#include "orchestrator/http.h"


/* orch_http_conf_t.begin; data is the orch_rpc_t */
void orch_status_begin(void *data, orch_http_request_t *r);


#endif /* ORCH_STATUS_H */
