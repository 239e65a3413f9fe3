/*
 * Layers, each enough against its own kind of trouble: no descriptors, no
 * network or mounts of the host, no root, limits, and a list of system calls
 * beyond which the process dies.
 */
#define _GNU_SOURCE

#include "orchestrator/transcoder/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>


#define TC_SANDBOX_NOBODY  65534
#define TC_SANDBOX_AS      (UINT64_C(2) * 1024 * 1024 * 1024)
#define TC_SANDBOX_FILES   4                /* 0..3, and no other */
#define TC_SANDBOX_TASKS   256
#define TC_SANDBOX_LOG     (UINT64_C(64) * 1024 * 1024)

/* a sanitizer maps terabytes, and looks for leaks with calls of its own */

#if defined(__SANITIZE_ADDRESS__)

#define TC_SANDBOX_ASAN    1

const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
    return "detect_leaks=0";
}

#else

#define TC_SANDBOX_ASAN    0

#endif


static void tc_sandbox_namespaces(const lp_log_t *log);
static lp_status_t tc_sandbox_user(const lp_log_t *log);
static lp_status_t tc_sandbox_limits(int gpu);
static lp_status_t tc_sandbox_filter(int gpu);
static int tc_sandbox_allow(scmp_filter_ctx ctx, const char *const *names,
    size_t n);
static int tc_sandbox_memory(scmp_filter_ctx ctx, int gpu);
static int tc_sandbox_threads(scmp_filter_ctx ctx);


lp_status_t
tc_sandbox_files(int fd)
{
    int  null, flags;

    flags = fcntl(fd, F_GETFL);

    if (flags == -1 || (fd != 3 && dup2(fd, 3) == -1)
        || fcntl(3, F_SETFL, flags & ~O_NONBLOCK) == -1)
    {
        return LP_MISSING;
    }

    null = open("/dev/null", O_RDWR);

    if (null != -1) {
        dup2(null, 0);
        dup2(null, 1);
    }

    return close_range(4, ~0U, 0) == 0 ? LP_OK : LP_INTERNAL;
}


lp_status_t
tc_sandbox_enter(int gpu, const lp_log_t *log)
{
    pid_t        parent;
    lp_status_t  rc;

    parent = getppid();

    tc_sandbox_namespaces(log);
    rc = tc_sandbox_user(log);

    if (rc != LP_OK) {
        return rc;
    }

    /* after the change of user, which clears both */

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0
        || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0
        || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    {
        lp_log(log, LP_LOG_ERROR, "sandbox: prctl: %s", strerror(errno));
        return LP_UNSUPPORTED;
    }

    if (getppid() != parent) {
        return LP_GONE;                     /* it died before we asked */
    }

    rc = tc_sandbox_limits(gpu);

    if (rc != LP_OK) {
        lp_log(log, LP_LOG_ERROR, "sandbox: setrlimit: %s", strerror(errno));
        return rc;
    }

    rc = tc_sandbox_filter(gpu);

    if (rc != LP_OK) {
        lp_log(log, LP_LOG_ERROR, "sandbox: the system call filter was "
               "refused by the kernel");
    }

    return rc;
}


static void
tc_sandbox_namespaces(const lp_log_t *log)
{
    int  flags;

    flags = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;

    if (geteuid() == 0 && unshare(flags) == 0) {
        return;
    }

    /* root in a container without its rights, or an ordinary user */

    if (geteuid() != 0 && unshare(CLONE_NEWUSER | flags) == 0) {
        return;
    }

    lp_log(log, LP_LOG_INFO, "sandbox: no namespaces of its own (%s); the "
           "system call filter alone keeps it from network and files",
           strerror(errno));
}


static lp_status_t
tc_sandbox_user(const lp_log_t *log)
{
    if (geteuid() != 0) {
        return LP_OK;
    }

    if (setgroups(0, NULL) != 0
        || setresgid(TC_SANDBOX_NOBODY, TC_SANDBOX_NOBODY,
                     TC_SANDBOX_NOBODY) != 0
        || setresuid(TC_SANDBOX_NOBODY, TC_SANDBOX_NOBODY,
                     TC_SANDBOX_NOBODY) != 0)
    {
        lp_log(log, LP_LOG_ERROR, "sandbox: root cannot be given up: %s",
               strerror(errno));
        return LP_UNSUPPORTED;
    }

    return LP_OK;
}


static int
tc_sandbox_limit(int what, uint64_t value)
{
    struct rlimit  r;

    /* a limit that is lower already stays */

    if (getrlimit(what, &r) != 0) {
        return -1;
    }

    if (r.rlim_max > value) {
        r.rlim_max = value;
    }

    r.rlim_cur = r.rlim_max;

    return setrlimit(what, &r);
}


static lp_status_t
tc_sandbox_limits(int gpu)
{
    int          rc;
    uint64_t     log_max;
    struct stat  st;

    /* no file can be opened; only a log that is one may grow, and not long */

    log_max = 0;

    if (fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode)) {
        log_max = (uint64_t) st.st_size + TC_SANDBOX_LOG;
    }

    rc = tc_sandbox_limit(RLIMIT_CORE, 0);
    rc |= tc_sandbox_limit(RLIMIT_FSIZE, log_max);

    if (!gpu) {
        rc |= tc_sandbox_limit(RLIMIT_NOFILE, TC_SANDBOX_FILES);
    }

    if (!gpu && !TC_SANDBOX_ASAN) {
        rc |= tc_sandbox_limit(RLIMIT_AS, TC_SANDBOX_AS);
    }

    /* counts every task of the user: only where that user is ours alone */

    if (geteuid() == TC_SANDBOX_NOBODY) {
        rc |= tc_sandbox_limit(RLIMIT_NPROC, TC_SANDBOX_TASKS);
    }

    return rc == 0 ? LP_OK : LP_UNSUPPORTED;
}


static lp_status_t
tc_sandbox_filter(int gpu)
{
    int              rc;
    scmp_filter_ctx  ctx;

    static const char *const  calls[] = {
        "read", "readv", "recvfrom", "recvmsg",
        "write", "writev", "sendto", "sendmsg",
        "close", "poll", "ppoll",
        "brk", "munmap", "mremap", "madvise",
        "futex", "futex_waitv", "set_robust_list", "rseq", "sched_yield",
        "sched_getaffinity", "membarrier",
        "exit", "exit_group", "restart_syscall",
        "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
        "gettid", "getpid", "getppid", "getuid", "geteuid", "getrandom",
        "getrusage", "sysinfo", "uname", "getcpu",
        "clock_gettime", "clock_nanosleep", "nanosleep", "gettimeofday"
    };

    /* untried here: what a driver may ask between its start and its end */

    static const char *const  driver[] = {
        "ioctl", "open", "openat", "read", "pread64", "lseek", "fstat",
        "stat", "lstat", "newfstatat", "statx", "access", "faccessat",
        "faccessat2", "readlink", "readlinkat", "getdents64", "fcntl",
        "eventfd2", "pipe2", "dup", "epoll_create1", "epoll_ctl",
        "epoll_wait", "epoll_pwait", "memfd_create", "ftruncate",
        "mlock", "mlock2", "munlock", "mincore", "mbind", "set_mempolicy",
        "get_mempolicy", "sched_setscheduler", "sched_getscheduler",
        "sched_getparam", "sched_setaffinity", "sched_get_priority_max",
        "sched_get_priority_min", "timerfd_create", "timerfd_settime"
    };

    ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);

    if (ctx == NULL) {
        return LP_NOMEM;
    }

    rc = tc_sandbox_allow(ctx, calls, sizeof(calls) / sizeof(calls[0]));
    rc |= tc_sandbox_memory(ctx, gpu);
    rc |= tc_sandbox_threads(ctx);

    if (gpu) {
        rc |= tc_sandbox_allow(ctx, driver,
                               sizeof(driver) / sizeof(driver[0]));
    }

    if (rc == 0) {
        rc = seccomp_load(ctx);
    }

    seccomp_release(ctx);

    return rc == 0 ? LP_OK : LP_UNSUPPORTED;
}


/* a call this machine's kernel headers do not know cannot be made either */
static int
tc_sandbox_allow(scmp_filter_ctx ctx, const char *const *names, size_t n)
{
    int     nr, rc;
    size_t  i;

    for (i = 0; i < n; i++) {
        nr = seccomp_syscall_resolve_name(names[i]);

        if (nr == __NR_SCMP_ERROR || nr < 0) {
            continue;
        }

        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);

        if (rc != 0 && rc != -EEXIST) {
            return rc;
        }
    }

    return 0;
}


/* memory, but never code: a driver's own compiler is the exception */
static int
tc_sandbox_memory(scmp_filter_ctx ctx, int gpu)
{
    int  rc;

    if (gpu) {
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 0);
        rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 0);

        return rc;
    }

    rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                          SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                           SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

    return rc;
}


/*
 * Threads yes, processes no. The flags of clone3 lie in memory, where a
 * filter cannot look: told that there is none, libc takes clone. prctl only
 * to name a thread; signals only to ourselves, as abort() sends them.
 */
static int
tc_sandbox_threads(scmp_filter_ctx ctx)
{
    int  rc;

    rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                          SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD,
                                  CLONE_THREAD));
    rc |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                           SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                           SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) getpid()));

    return rc;
}


int
tc_sandbox_try(const char *what)
{
    char *const  none[] = { NULL };

    if (strcmp(what, "open") == 0) {
        (void) open("/etc/passwd", O_RDONLY);
        return 0;
    }

    if (strcmp(what, "socket") == 0) {
        (void) socket(AF_INET, SOCK_STREAM, 0);
        return 0;
    }

    if (strcmp(what, "exec") == 0) {
        (void) execve("/bin/true", none, none);
        return 0;
    }

    if (strcmp(what, "fork") == 0) {
        (void) fork();
        return 0;
    }

    if (strcmp(what, "kill") == 0) {
        (void) kill(getppid(), 0);
        return 0;
    }

    return 0;
}
