/*
 * The orchestrator: built in order, torn down in reverse. A first SIGTERM or
 * SIGINT stops it gently (threats.md 4.5), a second one at once.
 *
 *   starting -> running   orch_start, then the listeners
 *           -> closing    no new sessions; accepted segments end and their
 *                         renditions are fetched
 *           -> draining   listeners closed, connections told to go away
 *           -> reaping    the transcoders leave
 */

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "orchestrator/log.h"
#include "orchestrator/selfcheck.h"
#include "orchestrator/start.h"
#include "orchestrator/status.h"


#define ORCH_MAIN_DRAIN_MS  5000        /* for connections to go, at most */
#define ORCH_MAIN_REAP_MS   3000
#define ORCH_MAIN_WHY       4096
#define ORCH_MAIN_FDS       96          /* store, nodes, signer, logs */


typedef enum {
    main_starting,
    main_running,
    main_closing,
    main_draining,
    main_reaping
} orch_main_e;

typedef struct {
    orch_conf_t    conf;
    orch_log_t     log;
    orch_rpc_t     rpc;
    orch_start_t   start;
    orch_selfcheck_t  check;
    orch_http_t   *status;
    orch_timer_t   opened;              /* the start is over */
    orch_timer_t   ready;
    orch_timer_t   stop;                /* the stop's wake and deadline */
    uint64_t       stop_ms;             /* until when this step may take */
    orch_main_e    state;
    unsigned       listeners;           /* not drained yet */
    int            code;
} orch_main_t;


extern char  **environ;


/*
 * Bodies of segments come and go: memory that the kernel takes back and
 * zeroes again each time costs a tenth of a segment's time.
 */

static void
orch_main_keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 128 * 1024 * 1024);
}


/* the key may be in our memory: no core of it, no other process looks in */

static void
orch_main_harden(const orch_conf_t *conf)
{
    struct rlimit  core = { 0, 0 }, files;

    setrlimit(RLIMIT_CORE, &core);
    prctl(PR_SET_DUMPABLE, 0);

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {

        files.rlim_cur = conf->max_connections + 2 * conf->max_sessions
                         + ORCH_MAIN_FDS;

        if (files.rlim_cur > files.rlim_max) {
            files.rlim_cur = files.rlim_max;
        }

        setrlimit(RLIMIT_NOFILE, &files);
    }

    signal(SIGPIPE, SIG_IGN);

    /* a file that may not grow is a write that fails, as on a full disk */

    signal(SIGXFSZ, SIG_IGN);
}


static void
orch_main_http_conf(orch_main_t *m, orch_http_conf_t *hc)
{
    const orch_conf_t  *c = &m->conf;

    orch_http_conf_init(hc);

    hc->addr = c->http_addr;
    hc->cert_file = *c->cert_file ? c->cert_file : NULL;
    hc->key_file = *c->key_file ? c->key_file : NULL;
    hc->cert_name = c->cert_name;
    hc->max_connections = (uint32_t) c->max_connections;
    hc->max_connections_ip = (uint32_t) c->max_connections_ip;
    hc->handshake_ms = (uint32_t) c->handshake_ms;
    hc->handshakes_per_s = (uint32_t) c->handshakes_per_s;
    hc->header_ms = (uint32_t) c->header_ms;
    hc->idle_ms = (uint32_t) c->idle_ms;
    hc->stall_ms = (uint32_t) c->stall_ms;
    hc->body_rate = (uint32_t) c->body_rate;
    hc->max_streams = (uint32_t) c->max_streams;
    hc->max_requests = (uint32_t) c->max_requests;
    hc->reset_burst = (uint32_t) c->reset_burst;
    hc->reset_per_s = (uint32_t) c->reset_per_s;
    hc->memory_max = c->memory_max;
    hc->begin = orch_rpc_begin;
    hc->data = &m->rpc;
}


/* the operator's listener: beside the peers', or alone */

static int
orch_main_listen_status(orch_main_t *m, orch_http_t **http)
{
    const char        *why;
    orch_http_conf_t   hc;

    if (m->conf.status_host == NULL) {
        return 0;
    }

    orch_http_conf_init(&hc);
    hc.addr = m->conf.status_addr;
    hc.cleartext = 1;
    hc.begin = orch_status_begin;
    hc.data = &m->rpc;

    *http = orch_http_create(m->rpc.loop, &hc, &why);

    return *http ? 0 : orch_conf_complain(&m->conf, "status-addr", why);
}


static int
orch_main_listen(orch_main_t *m)
{
    const char        *why, *host = m->conf.cert_name;
    orch_rpc_t        *rpc = &m->rpc;
    orch_http_conf_t   hc;

    orch_main_http_conf(m, &hc);

    rpc->http = orch_http_create(rpc->loop, &hc, &why);
    if (rpc->http == NULL) {
        return orch_conf_complain(&m->conf, "http-addr", why);
    }

    if (*m->conf.service_addr) {
        snprintf(rpc->service_uri, sizeof(rpc->service_uri), "%s",
                 m->conf.service_addr);

    } else {
        snprintf(rpc->service_uri, sizeof(rpc->service_uri),
                 strchr(host, ':') ? "https://[%s]:%u" : "https://%s:%u",
                 host, orch_http_port(rpc->http));
    }

    return orch_main_listen_status(m, &m->status);
}


static int
orch_main_supply(orch_main_t *m)
{
    orch_rpc_t         *rpc = &m->rpc;
    orch_local_conf_t   lc;

    memset(&lc, 0, sizeof(lc));

    lc.program = m->conf.transcoder;
    lc.args = m->conf.transcoder_args;
    lc.max = (unsigned) m->conf.transcoders;
    lc.start_ms = m->conf.start_ms;
    lc.loop = rpc->loop;
    lc.pool = &rpc->pool;
    lc.memory = &rpc->memory;
    lc.log = rpc->log;
    lc.on_ready = &m->ready;

    rpc->local = orch_local_create(&lc);

    return rpc->local ? 0 : -1;
}


static void
orch_main_say_status(const orch_main_t *m, const orch_http_t *http)
{
    if (http) {
        printf(strchr(m->conf.status_host, ':')
               ? "status on http://[%s]:%u\n" : "status on http://%s:%u\n",
               m->conf.status_host, orch_http_port(http));
    }
}


static void
orch_main_ready(void *data)
{
    orch_main_t  *m = data;
    orch_pool_t  *pool = &m->rpc.pool;

    orch_main_say_status(m, m->status);

    printf("orchestrator ready on %s (%s, %u sessions)\n",
           m->rpc.service_uri, pool->transcoders
           ? pool->transcoders->hello.encoder : "no encoder",
           (unsigned) m->conf.max_sessions);
    fflush(stdout);

    orch_selfcheck_begin(&m->check, &m->rpc, m->start.client, &m->opened);
}


/* nobody but the operator and the chain: the store is its queue */

static int
orch_main_redeem_only(orch_main_t *m)
{
    char         text[LP_ADDRESS_TEXT_LEN + 1];
    orch_rpc_t  *rpc = &m->rpc;

    if (orch_main_listen_status(m, &rpc->http)) {
        return -1;
    }

    orch_main_say_status(m, rpc->http);

    lp_address_text(text, orch_signer_address(rpc->signer));
    printf("redeemer ready (%s, chain %llu)\n", text,
           (unsigned long long) m->conf.chain_id);
    fflush(stdout);

    return 0;
}


static void
orch_main_fail(orch_main_t *m)
{
    m->code = 1;
    orch_loop_stop(m->rpc.loop);
}


/* the start is over, or later the check of our address failed */

static void
orch_main_opened(void *data)
{
    int           rc;
    orch_main_t  *m = data;

    if (m->check.failed || m->start.status != LP_OK) {
        orch_main_fail(m);
        return;
    }

    if (m->state != main_starting) {
        return;
    }

    m->state = main_running;

    rc = strcmp(m->conf.role, "redeemer") == 0 ? orch_main_redeem_only(m)
         : orch_main_listen(m) || orch_main_supply(m);

    if (rc) {
        orch_main_fail(m);
    }
}


static size_t
orch_main_unfetched(const orch_rpc_t *rpc)
{
    size_t                 i, n;
    const orch_session_t  *s;

    for (i = 0, n = 0; i < ORCH_CAPACITY_BUCKETS; i++) {
        for (s = rpc->capacity.buckets[i]; s; s = s->next) {
            n += orch_shelf_unfetched(&s->shelf);
        }
    }

    return n;
}


/* is there something that peers still wait for */

static int
orch_main_owes(const orch_main_t *m, uint64_t now)
{
    const orch_rpc_t  *rpc = &m->rpc;

    if (now >= m->stop_ms) {
        return 0;
    }

    return rpc->in_flight
           || (now < rpc->last_result_ms + m->conf.fetch_ms
               && orch_main_unfetched(rpc));
}


static void
orch_main_drained(void *data)
{
    orch_main_t  *m = data;

    m->listeners--;
    orch_loop_wake(&m->stop);
}


static void
orch_main_drain(orch_main_t *m, uint64_t now)
{
    m->state = main_draining;
    m->stop_ms = now + ORCH_MAIN_DRAIN_MS;

    if (m->rpc.http) {
        m->listeners++;
        orch_http_drain(m->rpc.http, orch_main_drained, m);
    }

    if (m->status) {
        m->listeners++;
        orch_http_drain(m->status, orch_main_drained, m);
    }

    orch_loop_wake(&m->stop);

    orch_timer_set(&m->stop, ORCH_MAIN_DRAIN_MS);
}


static void
orch_main_reap(orch_main_t *m, uint64_t now)
{
    m->state = main_reaping;
    m->stop_ms = now + ORCH_MAIN_REAP_MS;

    if (m->rpc.local) {
        orch_local_stop(m->rpc.local, &m->stop);
    }

    orch_loop_wake(&m->stop);
    orch_timer_set(&m->stop, ORCH_MAIN_REAP_MS);
}


/* the next step of the stop, when this one is over or took too long */

static void
orch_main_stop(void *data)
{
    orch_main_t  *m = data;
    uint64_t      now = orch_loop_now_ms(m->rpc.loop);

    if (m->state == main_closing) {

        if (orch_main_owes(m, now)) {
            orch_timer_set(&m->stop, m->rpc.in_flight
                           ? m->stop_ms - now : m->conf.fetch_ms);
            return;
        }

        orch_main_drain(m, now);
        return;
    }

    if (m->state == main_draining && (m->listeners == 0 || now >= m->stop_ms))
    {
        orch_main_reap(m, now);
        return;
    }

    if (m->state == main_reaping
        && (m->rpc.local == NULL || orch_local_running(m->rpc.local) == 0
            || now >= m->stop_ms))
    {
        orch_loop_stop(m->rpc.loop);
    }
}


static void
orch_main_signal(void *data)
{
    orch_main_t  *m = data;

    if (m->state == main_starting) {
        orch_loop_stop(m->rpc.loop);
        return;
    }

    if (m->state != main_running) {
        lp_log(m->rpc.log, LP_LOG_WARN, "stopped at once");
        m->code = 1;
        orch_loop_stop(m->rpc.loop);
        return;
    }

    lp_log(m->rpc.log, LP_LOG_INFO, "stopping: %u segments under way",
           m->rpc.in_flight);

    m->state = main_closing;
    m->stop_ms = orch_loop_now_ms(m->rpc.loop) + m->conf.drain_ms;
    m->rpc.capacity.closed = 1;
    m->rpc.idle = &m->stop;

    orch_loop_wake(&m->stop);
}


static int
orch_main_identity(orch_main_t *m)
{
    char         why[ORCH_MAIN_WHY], text[LP_ADDRESS_TEXT_LEN + 1];
    orch_rpc_t  *rpc = &m->rpc;

    rpc->identity = orch_identity_create(*m->conf.eth_key ? m->conf.eth_key
                                                          : NULL,
                                         m->conf.data_dir, why, sizeof(why));
    if (rpc->identity == NULL) {
        return orch_conf_complain(&m->conf, *m->conf.eth_key ? "eth-key"
                                                             : "data-dir",
                                  why);
    }

    lp_address_text(text, orch_identity_address(rpc->identity));
    lp_log(rpc->log, LP_LOG_INFO, "results are signed by %s", text);

    return 0;
}


static int
orch_main_limits(orch_rpc_t *rpc)
{
    uint64_t            seed;
    const orch_conf_t  *c = rpc->conf;

    orch_token_random(&seed, sizeof(seed));

    if (orch_limit_init(&rpc->discovery, (uint32_t) c->discovery_rate,
                        (uint32_t) c->discovery_burst, seed))
    {
        return -1;
    }

    return orch_limit_init(&rpc->pings, (uint32_t) c->ping_rate,
                           (uint32_t) c->ping_rate, seed);
}


/* in the order of who stands on whom */

static int
orch_main_open(orch_main_t *m)
{
    orch_rpc_t  *rpc = &m->rpc;

    orch_log_init(&m->log, STDERR_FILENO,
                  (lp_log_level_e) orch_log_level(m->conf.log_level),
                  (uint32_t) m->conf.log_rate);

    rpc->conf = &m->conf;
    rpc->log = &m->log.log;
    rpc->memory.max = m->conf.memory_max;

    rpc->loop = orch_loop_create();
    if (rpc->loop == NULL) {
        lp_log(rpc->log, LP_LOG_ERROR, "no memory for the event loop");
        return -1;
    }

    rpc->started_ms = orch_loop_now_ms(rpc->loop);
    orch_token_init(&rpc->tokens);

    orch_timer_init(&m->opened, rpc->loop, orch_main_opened, m);
    orch_timer_init(&m->ready, rpc->loop, orch_main_ready, m);
    orch_timer_init(&m->stop, rpc->loop, orch_main_stop, m);
    orch_sched_init(&rpc->sched, rpc->loop, rpc->log, &rpc->pool,
                    &rpc->memory);
    rpc->sched.waiting_max = (uint32_t) m->conf.waiting_max;
    rpc->sched.job_min_ms = m->conf.job_min_ms;
    rpc->sched.poison_ms = m->conf.poison_ms;
    orch_capacity_init(&rpc->capacity, &m->conf, rpc->log, rpc->loop,
                       &rpc->sched);

    if (orch_main_limits(rpc)
        || orch_loop_signal(rpc->loop, SIGTERM, orch_main_signal, m)
        || orch_loop_signal(rpc->loop, SIGINT, orch_main_signal, m)
        || (!m->conf.onchain && orch_main_identity(m)))
    {
        return -1;
    }

    orch_start_begin(&m->start, rpc, &m->conf, &m->opened);

    return 0;
}


/* copes with what was not opened */

static void
orch_main_close(orch_main_t *m)
{
    orch_rpc_t  *rpc = &m->rpc;

    if (rpc->loop == NULL) {
        return;
    }

    orch_selfcheck_done(&m->check);

    if (m->status) {
        orch_http_destroy(&m->status);
    }

    if (rpc->http) {
        orch_http_destroy(&rpc->http);
    }

    orch_local_destroy(&rpc->local);
    orch_capacity_done(&rpc->capacity);
    orch_sched_done(&rpc->sched);
    orch_limit_done(&rpc->pings);
    orch_limit_done(&rpc->discovery);
    orch_token_done(&rpc->tokens);
    orch_start_close(&m->start);
    orch_identity_destroy(&rpc->identity);
    orch_timer_done(&m->stop);
    orch_timer_done(&m->ready);
    orch_timer_done(&m->opened);
    orch_loop_destroy(&rpc->loop);
}


int
main(int argc, char **argv)
{
    lp_options_e        rc;
    static orch_main_t  m;

    rc = orch_conf_read(&m.conf, argc, argv, environ);

    if (rc != LP_OPTIONS_RUN) {
        orch_conf_done(&m.conf);
        return rc == LP_OPTIONS_SHOWN ? 0 : 2;
    }

    if (orch_conf_judge(&m.conf)) {
        m.code = 2;

    } else if (m.conf.options.check_only) {
        printf("orchestrator: the configuration is good\n");

    } else {
        orch_main_harden(&m.conf);
        orch_main_keep_memory();

        m.code = orch_main_open(&m) || orch_loop_run(m.rpc.loop) ? 1 : m.code;

        orch_main_close(&m);
    }

    orch_conf_done(&m.conf);

    return m.code;
}
