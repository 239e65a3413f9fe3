/* One child process with one socket: how it is started, nothing more. */
#ifndef ORCH_LOCAL_SPAWN_H
#define ORCH_LOCAL_SPAWN_H


#include <sys/types.h>


/*
 * program --fd 3 and args (words separated by spaces); its fd 3 is one end
 * of a socket pair, *fd the other one, non-blocking and close-on-exec. Its
 * standard output and input are /dev/null, standard error is ours; of our
 * variables only LIVEPEER_TRANSCODER_... are given on. 0, or an errno.
 */
int orch_local_spawn(pid_t *pid, int *fd, const char *program,
    const char *args);


#endif /* ORCH_LOCAL_SPAWN_H */
