/*
 * Layers, as around the transcoder, for the opposite reason: there what is
 * inside is dangerous, here it is precious.
 */
#define _GNU_SOURCE

#include "common/signer/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>


/* a sanitizer looks for leaks with calls of its own */

#if defined(__SANITIZE_ADDRESS__)

const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
    return "detect_leaks=0";
}

#endif


static lp_status_t
lp_sign_sandbox_user(const char *name, char *why, size_t why_len)
{
    struct passwd  *pw;

    pw = getpwnam(name);

    if (pw == NULL) {
        snprintf(why, why_len, "there is no user \"%.60s\": give --user a "
                 "name of this machine", name);
        return LP_MISSING;
    }

    if (pw->pw_uid == geteuid()) {
        return LP_OK;
    }

    if (setgroups(0, NULL) != 0
        || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0
        || setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
    {
        snprintf(why, why_len, "we cannot become the user \"%.60s\" (%s): "
                 "start the signer as root or as that user", name,
                 strerror(errno));
        return LP_UNSUPPORTED;
    }

    return LP_OK;
}


lp_status_t
lp_sign_sandbox_harden(const char *user, char *why, size_t why_len)
{
    lp_status_t    s;
    struct rlimit  none = { 0, 0 };

    umask(077);

    s = *user ? lp_sign_sandbox_user(user, why, why_len) : LP_OK;
    if (s != LP_OK) {
        return s;
    }

    /* after the change of user, which makes a process dumpable again */

    if (setrlimit(RLIMIT_CORE, &none) != 0
        || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0
        || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    {
        snprintf(why, why_len, "the process cannot be closed to others (%s): "
                 "start it outside of what forbids prctl", strerror(errno));
        return LP_UNSUPPORTED;
    }

    return LP_OK;
}


/* a call this machine's kernel headers do not know cannot be made either */

static int
lp_sign_sandbox_allow(scmp_filter_ctx ctx)
{
    int     nr, rc;
    size_t  i;

    /* files: the journal is written, lost and opened again; the list of
       recipients is read again */

    static const char *const  calls[] = {
        "read", "write", "recvfrom", "sendto", "accept4", "getsockopt",
        "close", "poll", "ppoll",
        "openat", "fstat", "newfstatat", "stat", "lseek", "fsync",
        "fdatasync", "flock", "rename", "unlink",
        "brk", "munmap", "mremap", "madvise", "munlock",
        "futex", "sched_yield", "getrandom", "getpid", "gettid", "geteuid",
        "exit", "exit_group", "restart_syscall",
        "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
        "clock_gettime", "gettimeofday", "time"
    };

    for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        nr = seccomp_syscall_resolve_name(calls[i]);

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


/* memory, but never code; signals only to ourselves, as abort() sends them */

static int
lp_sign_sandbox_restrict(scmp_filter_ctx ctx)
{
    int  rc;

    rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                          SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                           SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                           SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) getpid()));

    return rc;
}


lp_status_t
lp_sign_sandbox_enter(const lp_log_t *log)
{
    int              rc;
    scmp_filter_ctx  ctx;

    ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (ctx == NULL) {
        return LP_NOMEM;
    }

    rc = lp_sign_sandbox_allow(ctx);
    rc |= lp_sign_sandbox_restrict(ctx);

    if (rc == 0) {
        rc = seccomp_load(ctx);
    }

    seccomp_release(ctx);

    if (rc != 0) {
        lp_log(log, LP_LOG_ERROR, "signer: the system call filter was "
               "refused by the kernel");
    }

    return rc == 0 ? LP_OK : LP_UNSUPPORTED;
}
