/*
 * What the option table cannot say: values that belong together, addresses,
 * files that must be there, and the defaults that follow from others.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/conf.h"
#include "orchestrator/log.h"
#include "orchestrator/payments.h"


#define ORCH_CONF_PATH   4096
#define ORCH_CONF_HOST   256


static int
orch_conf_is_program(const char *path)
{
    struct stat  st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode)
           && access(path, X_OK) == 0;
}


/* beside our own binary, or in the folder of its name (a build tree) */

static int
orch_conf_find_transcoder(orch_conf_t *conf)
{
    char     self[ORCH_CONF_PATH], path[ORCH_CONF_PATH + 32], *slash;
    size_t   i;
    ssize_t  n;
    static const char *const  places[] = {
        "transcoder", "transcoder/transcoder"
    };

    if (*conf->transcoder) {
        return orch_conf_is_program(conf->transcoder) ? 0
               : orch_conf_complain(conf, "transcoder",
                                    "is not a program that can be run");
    }

    n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = '\0';

    slash = strrchr(self, '/');
    if (slash) {
        *slash = '\0';
    }

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", self, places[i]);

        if (orch_conf_is_program(path)) {
            conf->transcoder = lp_arena_strndup(&conf->arena, path,
                                                strlen(path));
            return conf->transcoder ? 0 : -1;
        }
    }

    return orch_conf_complain(conf, "transcoder", "there is no transcoder "
                              "beside this program; say where it is");
}


static int
orch_conf_find_data_dir(orch_conf_t *conf)
{
    char         path[ORCH_CONF_PATH];
    const char  *home = getenv("HOME");

    if (*conf->data_dir) {
        return 0;
    }

    snprintf(path, sizeof(path), "%s/.livepeer/orchestrator",
             home && *home == '/' ? home : "/var/lib");

    conf->data_dir = lp_arena_strndup(&conf->arena, path, strlen(path));

    return conf->data_dir ? 0 : -1;
}


/* the host of "host:port" or "[v6]:port", without brackets; NULL: neither */

static const char *
orch_conf_host(orch_conf_t *conf, const char *addr)
{
    size_t       len;
    const char  *colon = strrchr(addr, ':');

    if (colon == NULL || colon == addr || colon[1] == '\0'
        || strspn(colon + 1, "0123456789") != strlen(colon + 1))
    {
        return NULL;
    }

    len = (size_t) (colon - addr);

    if (*addr == '[' && addr[len - 1] == ']') {
        addr++;
        len -= 2;
    }

    return len && len < ORCH_CONF_HOST
           ? lp_arena_strndup(&conf->arena, addr, len) : NULL;
}


/* https:// in front, no slash behind; its host names the certificate */

static int
orch_conf_judge_service(orch_conf_t *conf)
{
    char         uri[ORCH_CONF_URI_MAX], authority[ORCH_CONF_URI_MAX];
    size_t       len;
    const char  *said = conf->service_addr;

    if (strlen(said) >= sizeof(uri) - 16) {
        return orch_conf_complain(conf, "service-addr", "is too long");
    }

    len = (size_t) snprintf(uri, sizeof(uri), "%s%s",
                            strstr(said, "://") ? "" : "https://", said);

    if (strncmp(uri, "https://", 8) != 0) {
        return orch_conf_complain(conf, "service-addr",
                                  "must begin with https://");
    }

    if (uri[len - 1] == '/') {
        uri[--len] = '\0';
    }

    if (len <= 8 || strpbrk(uri + 8, "/?#@ \"\\")) {
        return orch_conf_complain(conf, "service-addr",
                                  "is https://host:port, nothing more");
    }

    snprintf(authority, sizeof(authority), "%s%s", uri + 8,
             strrchr(uri + 8, ':') ? "" : ":443");

    conf->cert_name = orch_conf_host(conf, authority);
    conf->service_addr = lp_arena_strndup(&conf->arena, uri, len);

    return conf->cert_name && conf->service_addr ? 0
           : orch_conf_complain(conf, "service-addr",
                                "is https://host:port");
}


static int
orch_conf_judge_status(orch_conf_t *conf)
{
    const char  *status = conf->status_addr;

    if (*status && strcmp(status, "off") != 0) {
        conf->status_host = orch_conf_host(conf, status);

        if (conf->status_host == NULL) {
            return orch_conf_complain(conf, "status-addr", "give host:port, "
                                      "as 127.0.0.1:7935, or off");
        }
    }

    return 0;
}


static int
orch_conf_judge_addresses(orch_conf_t *conf)
{
    conf->cert_name = orch_conf_host(conf, conf->http_addr);

    if (conf->cert_name == NULL) {
        return orch_conf_complain(conf, "http-addr",
                                  "give host:port, as 0.0.0.0:8935");
    }

    if (*conf->service_addr) {
        return orch_conf_judge_service(conf);
    }

    if (strcmp(conf->cert_name, "0.0.0.0") == 0
        || strcmp(conf->cert_name, "::") == 0)
    {
        return orch_conf_complain(conf, "service-addr", "is needed when "
                                  "--http-addr is every address: say which "
                                  "one peers use");
    }

    return 0;
}


static int
orch_conf_is_one_of(const char *value, const char *const *words, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (strcmp(value, words[i]) == 0) {
            return 1;
        }
    }

    return 0;
}


static int
orch_conf_judge_signer(orch_conf_t *conf)
{
    static const char *const  roles[] = { "all", "front", "redeemer" };
    static const char *const  checks[] = { "off", "warn", "on" };

    if (strcmp(conf->signer, "embedded") != 0
        && (strncmp(conf->signer, "unix:", 5) != 0
            || conf->signer[5] == '\0'))
    {
        return orch_conf_complain(conf, "signer",
                                  "is embedded, or unix:PATH");
    }

    if (!orch_conf_is_one_of(conf->role, roles, 3)) {
        return orch_conf_complain(conf, "role",
                                  "is all, front or redeemer");
    }

    if (!orch_conf_is_one_of(conf->startup_check, checks, 3)) {
        return orch_conf_complain(conf, "startup-check",
                                  "is off, warn or on");
    }

    return 0;
}


/* the words of --eth-rpc, one node each */

static int
orch_conf_judge_nodes(orch_conf_t *conf)
{
    char  *list, *url, *rest;

    list = lp_arena_strndup(&conf->arena, conf->eth_rpc,
                            strlen(conf->eth_rpc));
    if (list == NULL) {
        return -1;
    }

    for (url = strtok_r(list, " \t", &rest); url;
         url = strtok_r(NULL, " \t", &rest))
    {
        if ((strncmp(url, "http://", 7) != 0
             && strncmp(url, "https://", 8) != 0)
            || conf->nrpc_urls == ORCH_CONF_NODES)
        {
            return orch_conf_complain(conf, "eth-rpc", "is one to eight "
                                      "http:// or https:// URLs with spaces "
                                      "between");
        }

        conf->rpc_urls[conf->nrpc_urls++] = url;
    }

    return 0;
}


static int
orch_conf_judge_contracts(orch_conf_t *conf)
{
    const char  *a = conf->eth_controller, *r = conf->recipient;

    if (*a == '\0') {
        return orch_conf_complain(conf, "eth-controller", "is needed on "
                                  "chain: the address of Livepeer's "
                                  "Controller");
    }

    if (lp_address_parse(&conf->controller, a, strlen(a)) != LP_OK
        || lp_address_is_zero(&conf->controller))
    {
        return orch_conf_complain(conf, "eth-controller", "is 0x and 40 "
                                  "digits; mixed case must be its checksum");
    }

    if (*r && (lp_address_parse(&conf->recipient_address, r, strlen(r))
                   != LP_OK
               || lp_address_is_zero(&conf->recipient_address)))
    {
        return orch_conf_complain(conf, "recipient", "is 0x and 40 digits; "
                                  "mixed case must be its checksum");
    }

    return 0;
}


/* what would cost money is refused before anything is opened (T-91) */

static int
orch_conf_judge_money(orch_conf_t *conf)
{
    if (conf->chain_id == 0) {
        return orch_conf_complain(conf, "chain-id", "is needed on chain: "
                                  "42161 for Arbitrum One");
    }

    if (*conf->price_per_pixel == '\0' && strcmp(conf->role, "redeemer") != 0)
    {
        return orch_conf_complain(conf, "price-per-pixel", "is needed on "
                                  "chain: wei for a pixel, as 1200 or 3/2, "
                                  "or 0.05USD/Mpx");
    }

    if (*conf->price_per_pixel
        && orch_payments_parse_price(conf->price_per_pixel,
                                     strlen(conf->price_per_pixel)) != LP_OK)
    {
        return orch_conf_complain(conf, "price-per-pixel", "give wei, as 1200 "
                                  "or 3/2, or 0.05USD/Mpx");
    }

    if (strstr(conf->price_per_pixel, "USD") && *conf->price_feed == '\0') {
        return orch_conf_complain(conf, "price-feed",
                                  "is needed with a price in USD");
    }

    if (lp_u256_is_zero(&conf->ticket_ev)) {
        return orch_conf_complain(conf, "ticket-ev", "must be over 0 on "
                                  "chain");
    }

    if (*conf->eth_key == '\0' && strcmp(conf->signer, "embedded") == 0) {
        return orch_conf_complain(conf, "eth-key", "is needed on chain, or "
                                  "--signer unix:PATH");
    }

    if (strcmp(conf->log_level, "debug") == 0) {
        return orch_conf_complain(conf, "log-level", "is at most info on "
                                  "chain: payments are not for a log");
    }

    return 0;
}


static int
orch_conf_judge_chain(orch_conf_t *conf)
{
    conf->onchain = *conf->eth_rpc != '\0';

    if (*conf->network == '\0') {
        conf->network = conf->onchain ? "onchain" : "offchain";
    }

    if (strcmp(conf->network, conf->onchain ? "onchain" : "offchain") != 0) {
        return orch_conf_complain(conf, "network", conf->onchain
                                  ? "is onchain when --eth-rpc is given"
                                  : "is offchain without --eth-rpc");
    }

    if (!conf->onchain) {
        return strcmp(conf->role, "all") == 0 ? 0
               : orch_conf_complain(conf, "role", "is all without --eth-rpc");
    }

    return orch_conf_judge_nodes(conf) || orch_conf_judge_contracts(conf)
           || orch_conf_judge_money(conf) ? -1 : 0;
}


int
orch_conf_judge(orch_conf_t *conf)
{
    if (orch_log_level(conf->log_level) == -1) {
        return orch_conf_complain(conf, "log-level",
                                  "give error, warn, info or debug");
    }

    if (*conf->cert_file && *conf->key_file == '\0') {
        return orch_conf_complain(conf, "key-file",
                                  "is needed with --cert-file");
    }

    if (*conf->key_file && *conf->cert_file == '\0') {
        return orch_conf_complain(conf, "cert-file",
                                  "is needed with --key-file");
    }

    if (conf->transcoders == 0) {
        conf->transcoders = conf->max_sessions;
    }

    if (conf->max_segments == 0) {
        conf->max_segments = 2 * conf->transcoders;
    }

    if (orch_conf_judge_signer(conf) || orch_conf_judge_chain(conf)
        || orch_conf_find_data_dir(conf))
    {
        return -1;
    }

    if (strcmp(conf->role, "redeemer") == 0) {
        return orch_conf_judge_status(conf);
    }

    return orch_conf_judge_addresses(conf) || orch_conf_judge_status(conf)
           || orch_conf_find_transcoder(conf) ? -1 : 0;
}
