/*
 * The signer: it is closed to others, reads its key, opens its socket, gives
 * up all system calls it does not need, and answers. In that order: nobody
 * can look when the secret comes, and nothing can be opened once it is there.
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "common/signer/conf.h"
#include "common/signer/sandbox.h"
#include "common/signer/serve.h"


#define LP_SIGN_WHY  4096

/* exit status */

#define LP_SIGN_BAD  2                             /* options, files, key */


extern char  **environ;


/* not stdio: a log that cannot be written must not stop the service */

static void
lp_sign_main_log(void *ctx, lp_log_level_e level, const char *line)
{
    int        n;
    char       text[2200], stamp[32];
    time_t     now = time(NULL);
    struct tm  tm;
    static const char *const  names[] = { "error", "warn", "info", "debug" };

    (void) ctx;

    gmtime_r(&now, &tm);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
    n = snprintf(text, sizeof(text) - 1, "%s %s %s", stamp, names[level],
                 line);

    if (n < 0) {
        return;
    }

    if (n > (int) sizeof(text) - 2) {
        n = (int) sizeof(text) - 2;
    }

    text[n++] = '\n';

    if (write(STDERR_FILENO, text, (size_t) n) < 0) {
        return;
    }
}


static void
lp_sign_main_ready(const lp_sign_conf_t *conf, const lp_signer_t *signer)
{
    char  address[LP_ADDRESS_TEXT_LEN + 1], chain[32] = "off chain";

    if (conf->chain_id) {
        snprintf(chain, sizeof(chain), "chain %llu",
                 (unsigned long long) conf->chain_id);
    }

    lp_address_text(address, lp_signer_address(signer));
    printf("signer ready on unix:%s as %s (%s, %s)\n", conf->socket, address,
           conf->role, chain);
    fflush(stdout);
}


static int
lp_sign_main_serve(const lp_sign_conf_t *conf, lp_signer_t *signer,
    const lp_log_t *log, char *why)
{
    int                rc = LP_SIGN_BAD;
    lp_sign_server_t  *server;

    server = lp_sign_serve_open(conf->socket, conf->uids, conf->nuids, signer,
                                log, why, LP_SIGN_WHY);
    if (server == NULL) {
        fprintf(stderr, "signer: %s\n", why);
        return rc;
    }

    if (lp_sign_sandbox_enter(log) == LP_OK) {
        lp_sign_main_ready(conf, signer);
        lp_sign_serve_run(server);
        rc = 0;
    }

    lp_sign_serve_close(&server);

    return rc;
}


static int
lp_sign_main_run(const lp_sign_conf_t *conf)
{
    int           rc;
    char          why[LP_SIGN_WHY];
    uint8_t       random[64];
    lp_log_t      log = { lp_sign_main_log, NULL, conf->level };
    lp_signer_t  *signer;

    signal(SIGPIPE, SIG_IGN);

    if (lp_sign_sandbox_harden(conf->user, why, sizeof(why)) != LP_OK) {
        fprintf(stderr, "signer: %s\n", why);
        return LP_SIGN_BAD;
    }

    if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
        fprintf(stderr, "signer: the kernel gives no random numbers\n");
        return LP_SIGN_BAD;
    }

    signer = lp_signer_create(&conf->signer, random, &log, why, sizeof(why));
    explicit_bzero(random, sizeof(random));

    if (signer == NULL) {
        fprintf(stderr, "signer: %s\n", why);
        return LP_SIGN_BAD;
    }

    rc = lp_sign_main_serve(conf, signer, &log, why);
    lp_signer_destroy(&signer);

    return rc;
}


int
main(int argc, char **argv)
{
    int             rc = 0;
    lp_sign_conf_t  conf;

    (void) argc;

    switch (lp_sign_conf_read(&conf, argv, environ)) {

    case LP_OPTIONS_RUN:
        if (conf.options.check_only) {
            printf("signer: the configuration is good\n");

        } else {
            rc = lp_sign_main_run(&conf);
        }

        break;

    case LP_OPTIONS_SHOWN:
        break;

    case LP_OPTIONS_BAD:
        rc = LP_SIGN_BAD;
    }

    lp_sign_conf_done(&conf);

    return rc;
}
