/*
 * The orchestrator's end of the wire: jobs in, results out, one at a time,
 * until it hangs up.
 */
#ifndef TC_JOBS_H
#define TC_JOBS_H


#include "orchestrator/transcoder/engine.h"


/* the first word, once the transcoder can work */
lp_status_t tc_jobs_hello(int fd, const tc_engine_t *e);

/*
 * Serve fd, a blocking stream socket. LP_OK: the orchestrator hung up;
 * anything else: it, or the socket, broke the protocol.
 */
lp_status_t tc_jobs_serve(int fd, tc_engine_t *e, const lp_log_t *log);


#endif /* TC_JOBS_H */
