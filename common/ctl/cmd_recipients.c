/*
 * The addresses of the active set, for the signer's --recipients: it pays
 * nobody else. With --follow the file is kept up to date, and what cannot be
 * read leaves it as it was.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "common/ctl/chain.h"
#include "common/ctl/cmd.h"
#include "common/ctl/file.h"
#include "common/ctl/opts.h"
#include "common/ctl/stake.h"


#define CTL_RECIPIENTS_FILE_MAX  (CTL_STAKE_POOL_MAX * 64)


static ctl_exit_e
ctl_recipients_once(ctl_t *c, size_t *nactive)
{
    int           active;
    char          text[LP_ADDRESS_TEXT_LEN + 1];
    size_t        i, n;
    lp_buf_t      file;
    ctl_exit_e    rc;
    lp_address_t  pool[CTL_STAKE_POOL_MAX];

    *nactive = 0;

    rc = ctl_stake_pool(c, pool, &n);
    if (rc != CTL_DONE) {
        return rc;
    }

    lp_buf_init(&file, CTL_RECIPIENTS_FILE_MAX);

    for (i = 0; rc == CTL_DONE && i < n; i++) {
        rc = ctl_chain_bool(c, LP_CONTRACT_BONDING,
                            "isActiveTranscoder(address)", &pool[i], &active);

        if (rc == CTL_DONE && active) {
            lp_address_text(text, &pool[i]);
            lp_buf_printf(&file, "%s\n", text);
            (*nactive)++;
        }
    }

    if (rc == CTL_DONE && !ctl_opts_text(c, "dry-run")) {
        rc = ctl_file_write(c, ctl_opts_text(c, "out"), &file, 0644, 1);
    }

    lp_buf_done(&file);

    return rc;
}


/* until a signal says to stop: sigtimedwait is the pause */

static void
ctl_recipients_follow(ctl_t *c, uint64_t seconds)
{
    size_t           n;
    sigset_t         stop;
    struct timespec  pause = { (time_t) seconds, 0 };

    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);

    while (sigtimedwait(&stop, NULL, &pause) == -1) {
        if (errno == EAGAIN && ctl_recipients_once(c, &n) != CTL_DONE) {
            ctl_note("%s; the file stays as it was", c->error);
        }
    }
}


ctl_exit_e
ctl_recipients_write(ctl_t *c)
{
    size_t      n;
    uint64_t    seconds = 0;
    ctl_exit_e  rc;

    rc = ctl_opts_number(c, "follow", &seconds);

    if (rc == CTL_DONE && seconds > 86400) {
        rc = ctl_fail(c, CTL_USAGE, "--follow: give seconds, up to a day");
    }

    if (rc == CTL_DONE) {
        rc = ctl_recipients_once(c, &n);
    }

    if (rc != CTL_DONE) {
        return rc;
    }

    ctl_out_number(&c->out, "recipients", n);
    ctl_out_text(&c->out, "file", "%s", ctl_opts_text(c, "out"));

    if (seconds) {
        ctl_recipients_follow(c, seconds);
    }

    return CTL_DONE;
}
