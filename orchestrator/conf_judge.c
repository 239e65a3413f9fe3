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
orch_conf_judge_addresses(orch_conf_t *conf)
{
    const char  *status = conf->status_addr;

    conf->cert_name = orch_conf_host(conf, conf->http_addr);

    if (conf->cert_name == NULL) {
        return orch_conf_complain(conf, "http-addr",
                                  "give host:port, as 0.0.0.0:8935");
    }

    if (*status && strcmp(status, "off") != 0) {
        conf->status_host = orch_conf_host(conf, status);

        if (conf->status_host == NULL) {
            return orch_conf_complain(conf, "status-addr", "give host:port, "
                                      "as 127.0.0.1:7935, or off");
        }
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


int
orch_conf_judge(orch_conf_t *conf)
{
    if (strcmp(conf->network, "offchain") != 0) {
        return orch_conf_complain(conf, "network",
                                  "only offchain can be chosen");
    }

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

    return orch_conf_judge_addresses(conf) || orch_conf_find_data_dir(conf)
           || orch_conf_find_transcoder(conf) ? -1 : 0;
}
