/*
 * What the process may still do once its libraries are loaded and before a
 * peer's first byte is read: compute, and talk on the one socket (T-49).
 * Door: libseccomp.
 */
#ifndef TC_SANDBOX_H
#define TC_SANDBOX_H


#include "common/util/log.h"
#include "common/util/status.h"


/*
 * fd becomes descriptor 3, and blocking; 0 and 1 become /dev/null; 2 stays;
 * all others are closed. Before anything is opened that must stay open (GPU
 * devices).
 */
lp_status_t tc_sandbox_files(int fd);

/*
 * Enter, for good. gpu: the driver's calls on its devices stay allowed.
 * Namespaces and the change of user are done as far as the host permits, and
 * said in the log; no_new_privs, limits and the system call filter must
 * succeed, else LP_UNSUPPORTED and the caller must not go on.
 */
lp_status_t tc_sandbox_enter(int gpu, const lp_log_t *log);

/*
 * Try what must not work: "open", "socket", "exec", "fork", "kill". Returns
 * 0 if the call was answered, whatever the answer; a filter that holds does
 * not let it return.
 */
int tc_sandbox_try(const char *what);


#endif /* TC_SANDBOX_H */
