/* posix_spawn of a transcoder: what descriptors and variables it gets. */

#define _GNU_SOURCE                  /* posix_spawn's closefrom */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "orchestrator/local_spawn.h"


#define ORCH_SPAWN_FD     3
#define ORCH_SPAWN_WORDS  32
#define ORCH_SPAWN_ARGS   1024


extern char  **environ;


/* the kernel's choice when memory ends: a child before the server */

static void
orch_local_spawn_expendable(pid_t pid)
{
    int   fd;
    char  path[64];

    snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int) pid);

    fd = open(path, O_WRONLY|O_CLOEXEC);
    if (fd == -1) {
        return;
    }

    if (write(fd, "500", 3) < 0) {
        /* no /proc to write to: the kernel goes by size */
    }

    close(fd);
}


static char **
orch_local_spawn_env(void)
{
    char    **env;
    size_t    i, n;

    for (n = 0; environ[n]; n++) { /* void */ }

    env = malloc((n + 1) * sizeof(char *));
    if (env == NULL) {
        return NULL;
    }

    for (i = 0, n = 0; environ[i]; i++) {
        if (strncmp(environ[i], "LIVEPEER_", 9) != 0
            || strncmp(environ[i], "LIVEPEER_TRANSCODER_", 20) == 0)
        {
            env[n++] = environ[i];
        }
    }

    env[n] = NULL;

    return env;
}


static int
orch_local_spawn_argv(char **argv, char *words, const char *program,
    const char *args)
{
    char    *word, *rest;
    size_t   n;

    if (strlen(args) >= ORCH_SPAWN_ARGS) {
        return E2BIG;
    }

    strcpy(words, args);

    argv[0] = (char *) program;
    argv[1] = "--fd";
    argv[2] = "3";
    n = 3;

    for (word = strtok_r(words, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest))
    {
        if (n == ORCH_SPAWN_WORDS) {
            return E2BIG;
        }

        argv[n++] = word;
    }

    argv[n] = NULL;

    return 0;
}


static int
orch_local_spawn_files(posix_spawn_file_actions_t *fa, int fd)
{
    int  rc;

    rc = posix_spawn_file_actions_addopen(fa, 0, "/dev/null", O_RDONLY, 0);

    if (rc == 0) {
        rc = posix_spawn_file_actions_addopen(fa, 1, "/dev/null", O_WRONLY, 0);
    }

    if (rc == 0) {
        rc = posix_spawn_file_actions_adddup2(fa, fd, ORCH_SPAWN_FD);
    }

    if (rc == 0) {
        rc = posix_spawn_file_actions_addclosefrom_np(fa, ORCH_SPAWN_FD + 1);
    }

    return rc;
}


/* a process group of its own: Ctrl-C is for the server, which ends them */

static int
orch_local_spawn_attr(posix_spawnattr_t *attr)
{
    int       rc;
    sigset_t  set;

    rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP
                                        |POSIX_SPAWN_SETSIGDEF
                                        |POSIX_SPAWN_SETSIGMASK);
    if (rc == 0) {
        sigfillset(&set);
        rc = posix_spawnattr_setsigdefault(attr, &set);
    }

    if (rc == 0) {
        sigemptyset(&set);
        rc = posix_spawnattr_setsigmask(attr, &set);
    }

    return rc;
}


static int
orch_local_spawn_run(pid_t *pid, int fd, char **argv)
{
    int                          rc;
    char                       **env;
    posix_spawnattr_t            attr;
    posix_spawn_file_actions_t   fa;

    env = orch_local_spawn_env();
    if (env == NULL) {
        return ENOMEM;
    }

    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_init(&fa);

    rc = orch_local_spawn_files(&fa, fd);

    if (rc == 0) {
        rc = orch_local_spawn_attr(&attr);
    }

    if (rc == 0) {
        rc = posix_spawn(pid, argv[0], &fa, &attr, argv, env);
    }

    posix_spawn_file_actions_destroy(&fa);
    posix_spawnattr_destroy(&attr);
    free(env);

    return rc;
}


int
orch_local_spawn(pid_t *pid, int *fd, const char *program, const char *args)
{
    int    rc, pair[2];
    char  *argv[ORCH_SPAWN_WORDS + 1], words[ORCH_SPAWN_ARGS];

    rc = orch_local_spawn_argv(argv, words, program, args);
    if (rc) {
        return rc;
    }

    if (socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, pair)) {
        return errno;
    }

    rc = fcntl(pair[0], F_SETFL, O_NONBLOCK) == -1
         ? errno : orch_local_spawn_run(pid, pair[1], argv);

    close(pair[1]);

    if (rc) {
        close(pair[0]);
        return rc;
    }

    *fd = pair[0];
    orch_local_spawn_expendable(*pid);

    return 0;
}
