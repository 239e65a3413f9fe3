/*
 * The values of directives. A value that cannot work is refused here, with
 * the file, the line and the reason, and not when the first stream comes.
 */
#include "ngx_livepeer_module/ngx_livepeer_conf.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"
#include "common/media/ts.h"

#include <ctype.h>
#include <sys/stat.h>


#define NGX_LIVEPEER_KEY_FILE_MAX  (1024 * 1024)
#define NGX_LIVEPEER_KEY_MIN       8
#define NGX_LIVEPEER_KEY_MAX       128


static char *ngx_livepeer_conf_add_profile(ngx_conf_t *cf,
    ngx_livepeer_conf_t *conf, ngx_str_t *args, ngx_uint_t n);
static char *ngx_livepeer_conf_add_key(ngx_conf_t *cf,
    ngx_livepeer_conf_t *conf, ngx_str_t *line);
static char *ngx_livepeer_conf_read_keys(ngx_conf_t *cf,
    ngx_livepeer_conf_t *conf, ngx_str_t *name);
static char *ngx_livepeer_conf_check(ngx_conf_t *cf,
    ngx_livepeer_conf_t *conf);


void *
ngx_livepeer_conf_create(ngx_conf_t *cf)
{
    ngx_livepeer_app_t   *app;
    ngx_livepeer_conf_t  *conf;

    app = ngx_pcalloc(cf->pool, sizeof(ngx_livepeer_app_t));
    if (app == NULL) {
        return NULL;
    }

    conf = &app->stream;
    conf->enable = NGX_CONF_UNSET;
    conf->orchestrators = NGX_CONF_UNSET_PTR;
    conf->profiles = NGX_CONF_UNSET_PTR;
    conf->keys = NGX_CONF_UNSET_PTR;
    conf->segment = NGX_CONF_UNSET_MSEC;
    conf->max_segment = NGX_CONF_UNSET_MSEC;
    conf->max_segment_size = NGX_CONF_UNSET_SIZE;
    conf->max_memory = NGX_CONF_UNSET_SIZE;
    conf->max_streams = NGX_CONF_UNSET_UINT;
    conf->window = NGX_CONF_UNSET_UINT;
    conf->reconnect = NGX_CONF_UNSET_MSEC;
    conf->attempts = NGX_CONF_UNSET_UINT;

    ngx_livepeer_conf_money_create(&conf->money);

    return app;
}


char *
ngx_livepeer_conf_merge(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_livepeer_app_t   *papp = parent;
    ngx_livepeer_app_t   *capp = child;
    ngx_livepeer_conf_t  *prev = &papp->stream;
    ngx_livepeer_conf_t  *conf = &capp->stream;

    if (conf->enable == NGX_CONF_UNSET) {
        capp->enable_at = papp->enable_at;
    }

    if (conf->hls_path.data == NULL) {
        capp->hls_at = papp->hls_at;
    }

    ngx_conf_merge_value(conf->enable, prev->enable, 0);
    ngx_conf_merge_ptr_value(conf->orchestrators, prev->orchestrators, NULL);
    ngx_conf_merge_ptr_value(conf->profiles, prev->profiles, NULL);
    ngx_conf_merge_ptr_value(conf->keys, prev->keys, NULL);
    ngx_conf_merge_msec_value(conf->segment, prev->segment, 2000);
    ngx_conf_merge_msec_value(conf->max_segment, prev->max_segment, 20000);
    ngx_conf_merge_size_value(conf->max_segment_size, prev->max_segment_size,
                              64 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_memory, prev->max_memory,
                              512 * 1024 * 1024);
    ngx_conf_merge_uint_value(conf->max_streams, prev->max_streams, 100);
    ngx_conf_merge_uint_value(conf->window, prev->window, 6);
    ngx_conf_merge_msec_value(conf->reconnect, prev->reconnect, 30000);
    ngx_conf_merge_uint_value(conf->attempts, prev->attempts, 3);
    ngx_conf_merge_str_value(conf->hls_path, prev->hls_path, "");

    ngx_livepeer_conf_money_merge(&prev->money, &conf->money);

    return ngx_livepeer_conf_check(cf, conf);
}


static char *
ngx_livepeer_conf_check(ngx_conf_t *cf, ngx_livepeer_conf_t *conf)
{
    const char  *why;

    why = NULL;

    if (conf->segment < 500 || conf->segment > 10000) {
        why = "livepeer_segment must be 500ms to 10s";

    } else if (conf->max_segment < 2 * conf->segment
               || conf->max_segment > 60000)
    {
        why = "livepeer_max_segment must be at least two segments "
              "and at most 60s";

    } else if (conf->max_segment_size < 1024 * 1024
               || conf->max_segment_size > LP_TS_MAX_BYTES)
    {
        why = "livepeer_max_segment_size must be 1m to 64m";

    } else if (conf->max_memory < conf->max_segment_size) {
        why = "livepeer_max_memory must hold at least one segment of "
              "livepeer_max_segment_size";

    } else if (conf->max_streams == 0) {
        why = "livepeer_max_streams must be at least 1";

    } else if (conf->window < 3 || conf->window > NGX_LIVEPEER_WINDOW_MAX) {
        why = "livepeer_window must be 3 to 32 segments";

    } else if (conf->reconnect > 3600000) {
        why = "livepeer_reconnect must be at most 1h";

    } else if (conf->attempts < 1 || conf->attempts > NGX_LIVEPEER_ORCHS_MAX) {
        why = "livepeer_attempts must be 1 to 32";
    }

    if (why) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", why);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_livepeer_conf_enable(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_livepeer_app_t  *app = conf;

    app->enable_at.file = cf->conf_file->file.name;
    app->enable_at.line = cf->conf_file->line;

    return ngx_conf_set_flag_slot(cf, cmd, conf);
}


/* http(s)://host[:port], perhaps with one slash after it */

static const char *
ngx_livepeer_conf_check_url(ngx_str_t *url)
{
    u_char     *p, *last, c;
    ngx_uint_t  host, port;

    if (url->len && url->data[url->len - 1] == '/') {
        url->len--;
    }

    if (url->len > 8 && ngx_strncasecmp(url->data, (u_char *) "https://", 8)
        == 0)
    {
        p = url->data + 8;

    } else if (url->len > 7
               && ngx_strncasecmp(url->data, (u_char *) "http://", 7) == 0)
    {
        p = url->data + 7;

    } else {
        return "it must be http://host:port or https://host:port";
    }

    if (url->len >= NGX_LIVEPEER_ORCH_URL_MAX) {
        return "it is too long";
    }

    last = url->data + url->len;
    host = 0;

    if (*p == '[') {
        while (p < last && *p != ']') {
            c = *p++;
            host++;

            if (host > 1 && c != ':' && c != '.' && !isxdigit(c)) {
                return "its host is not an IPv6 address";
            }
        }

        if (p == last) {
            return "its host has no closing bracket";
        }

        p++;

    } else {
        for ( /* void */ ; p < last && *p != ':'; p++, host++) {
            if (!isalnum(*p) && *p != '.' && *p != '-' && *p != '_') {
                return "a path, an argument or a user does not belong there";
            }
        }
    }

    if (host == 0) {
        return "it has no host";
    }

    if (p < last) {
        port = (*p == ':') ? (ngx_uint_t) ngx_atoi(p + 1, last - p - 1) : 0;

        if (port < 1 || port > 65535) {
            return "its port must be 1 to 65535";
        }
    }

    return NULL;
}


static ngx_int_t
ngx_livepeer_conf_orch_option(ngx_livepeer_orch_conf_t *orch,
    ngx_str_t *value)
{
    if (ngx_strcmp(value->data, "prefer") == 0) {
        orch->prefer = 1;
        return NGX_OK;
    }

    if (value->len < 8 || ngx_strncmp(value->data, "address=", 8) != 0) {
        return NGX_ERROR;
    }

    orch->known = 1;

    return lp_address_parse(&orch->address, (char *) value->data + 8,
                            value->len - 8) == LP_OK ? NGX_OK : NGX_ERROR;
}


char *
ngx_livepeer_conf_orchestrator(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_livepeer_app_t        *app = conf;
    ngx_livepeer_conf_t       *sc = &app->stream;
    ngx_str_t                 *value;
    ngx_uint_t                 i;
    const char                *why;
    ngx_livepeer_orch_conf_t  *orch;

    value = cf->args->elts;

    why = ngx_livepeer_conf_check_url(&value[1]);
    if (why) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid livepeer_orchestrator \"%V\": %s",
                           &value[1], why);
        return NGX_CONF_ERROR;
    }

    if (sc->orchestrators == NGX_CONF_UNSET_PTR) {
        sc->orchestrators = ngx_array_create(cf->pool, 4,
                                             sizeof(ngx_livepeer_orch_conf_t));
        if (sc->orchestrators == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (sc->orchestrators->nelts == NGX_LIVEPEER_ORCHS_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than %d livepeer_orchestrator",
                           NGX_LIVEPEER_ORCHS_MAX);
        return NGX_CONF_ERROR;
    }

    orch = sc->orchestrators->elts;
    for (i = 0; i < sc->orchestrators->nelts; i++) {
        if (orch[i].url.len == value[1].len
            && ngx_strncmp(orch[i].url.data, value[1].data, value[1].len) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate livepeer_orchestrator \"%V\"",
                               &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    orch = ngx_array_push(sc->orchestrators);
    if (orch == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(orch, sizeof(ngx_livepeer_orch_conf_t));
    orch->url = value[1];

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_livepeer_conf_orch_option(orch, &value[i]) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\": only \"prefer\" "
                               "and \"address=0x..\" may follow the URL",
                               &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* either presets only, or one profile spelled out; lines add up */

char *
ngx_livepeer_conf_profiles(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_livepeer_app_t   *app = conf;
    ngx_livepeer_conf_t  *sc = &app->stream;
    ngx_str_t            *value;
    ngx_uint_t            i, n;

    value = cf->args->elts;
    value++;
    n = cf->args->nelts - 1;

    if (sc->profiles == NGX_CONF_UNSET_PTR) {
        sc->profiles = ngx_array_create(cf->pool, 4, sizeof(lp_profile_t));
        if (sc->profiles == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 0; i < n; i++) {
        if (ngx_strchr(value[i].data, '=')) {
            return ngx_livepeer_conf_add_profile(cf, sc, value, n);
        }
    }

    for (i = 0; i < n; i++) {
        if (ngx_livepeer_conf_add_profile(cf, sc, &value[i], 1)
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_livepeer_conf_add_profile(ngx_conf_t *cf, ngx_livepeer_conf_t *conf,
    ngx_str_t *args, ngx_uint_t n)
{
    size_t         lens[16];
    const char    *texts[16], *why;
    ngx_uint_t     i;
    lp_profile_t   profile, *known;

    for (i = 0; i < n && i < 16; i++) {
        texts[i] = (const char *) args[i].data;
        lens[i] = args[i].len;
    }

    why = NULL;

    if (n > 16) {
        why = "too many options";

    } else if (lp_profile_parse(&profile, &why, texts, lens, n) == LP_OK) {
        why = NULL;
    }

    if (why) {
        /* void */

    } else if (profile.name[0] == '.') {
        why = "a name does not begin with a dot";

    } else if (ngx_strcmp(profile.name, "source") == 0) {
        why = "\"source\" is the name of what the publisher sends";

    } else if (conf->profiles->nelts == LP_PROFILE_MAX) {
        why = "at most 12 profiles";
    }

    known = conf->profiles->elts;
    for (i = 0; why == NULL && i < conf->profiles->nelts; i++) {
        if (ngx_strcmp(known[i].name, profile.name) == 0) {
            why = "two profiles have this name";
        }
    }

    if (why) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid profile \"%V\" in livepeer_profiles: %s",
                           &args[0], why);
        return NGX_CONF_ERROR;
    }

    known = ngx_array_push(conf->profiles);
    if (known == NULL) {
        return NGX_CONF_ERROR;
    }

    *known = profile;

    return NGX_CONF_OK;
}


/* file:PATH, with one key a line, or the key itself */

char *
ngx_livepeer_conf_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_livepeer_app_t   *app = conf;
    ngx_livepeer_conf_t  *sc = &app->stream;
    ngx_str_t            *value, name;

    value = cf->args->elts;

    if (sc->keys == NGX_CONF_UNSET_PTR) {
        sc->keys = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
        if (sc->keys == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_strncmp(value[1].data, "file:", 5) == 0) {
        name.data = value[1].data + 5;
        name.len = value[1].len - 5;

        return ngx_livepeer_conf_read_keys(cf, sc, &name);
    }

    return ngx_livepeer_conf_add_key(cf, sc, &value[1]);
}


static char *
ngx_livepeer_conf_read_keys(ngx_conf_t *cf, ngx_livepeer_conf_t *conf,
    ngx_str_t *name)
{
    char            *rc;
    u_char          *p, *last, *end, *text;
    ssize_t          n;
    ngx_file_t       file;
    ngx_str_t        line;
    ngx_uint_t       before;

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&file, sizeof(ngx_file_t));
    file.name = *name;
    file.log = cf->log;

    file.fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "the file \"%V\" of livepeer_key cannot be read",
                           name);
        return NGX_CONF_ERROR;
    }

    text = ngx_palloc(cf->pool, NGX_LIVEPEER_KEY_FILE_MAX);
    n = text ? ngx_read_file(&file, text, NGX_LIVEPEER_KEY_FILE_MAX, 0)
             : NGX_ERROR;

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", name);
    }

    if (n == NGX_ERROR || n == NGX_LIVEPEER_KEY_FILE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the file \"%V\" of livepeer_key cannot be read "
                           "or is over 1 MB", name);
        return NGX_CONF_ERROR;
    }

    before = conf->keys->nelts;
    last = text + n;

    for (p = text; p < last; p = end + 1) {
        end = ngx_strlchr(p, last, '\n');
        end = end ? end : last;

        line.data = p;
        line.len = end - p;

        while (line.len && (line.data[line.len - 1] == '\r'
                            || line.data[line.len - 1] == ' '))
        {
            line.len--;
        }

        if (line.len == 0 || line.data[0] == '#') {
            continue;
        }

        rc = ngx_livepeer_conf_add_key(cf, conf, &line);
        if (rc != NGX_CONF_OK) {
            return rc;
        }
    }

    if (conf->keys->nelts == before) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the file \"%V\" of livepeer_key has no key", name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* the key itself is never logged */

static char *
ngx_livepeer_conf_add_key(ngx_conf_t *cf, ngx_livepeer_conf_t *conf,
    ngx_str_t *line)
{
    u_char      *colon;
    size_t       i;
    ngx_str_t    name, key, *added;
    const char  *why;

    why = NULL;
    key = *line;
    ngx_str_null(&name);

    colon = ngx_strlchr(line->data, line->data + line->len, ':');
    if (colon) {
        name.data = line->data;
        name.len = colon - line->data;
        key.data = colon + 1;
        key.len = line->len - name.len - 1;
    }

    if (colon && !ngx_livepeer_name_ok(&name)) {
        why = "the name before the colon must be 1 to 64 of A-Z a-z 0-9 _ -";

    } else if (key.len < NGX_LIVEPEER_KEY_MIN
               || key.len > NGX_LIVEPEER_KEY_MAX)
    {
        why = "a key has 8 to 128 characters";
    }

    for (i = 0; why == NULL && i < key.len; i++) {
        if (key.data[i] <= ' ' || key.data[i] > '~'
            || ngx_strchr("?&=\"'\\", key.data[i]))
        {
            why = "a key is made of printable characters without ? & = \" ' \\";
        }
    }

    if (why) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid livepeer_key number %ui: %s",
                           conf->keys->nelts + 1, why);
        return NGX_CONF_ERROR;
    }

    added = ngx_array_push(conf->keys);
    if (added == NULL) {
        return NGX_CONF_ERROR;
    }

    *added = *line;

    return NGX_CONF_OK;
}


char *
ngx_livepeer_conf_hls_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_livepeer_app_t   *app = conf;
    ngx_livepeer_conf_t  *sc = &app->stream;
    ngx_str_t            *value;

    if (sc->hls_path.data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    sc->hls_path = value[1];

    if (ngx_conf_full_name(cf->cycle, &sc->hls_path, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    while (sc->hls_path.len > 1
           && sc->hls_path.data[sc->hls_path.len - 1] == '/')
    {
        sc->hls_path.data[--sc->hls_path.len] = '\0';
    }

    if (sc->hls_path.len >= NGX_LIVEPEER_HLS_PATH_MAX) {
        return "is too long";
    }

    app->hls_at.file = cf->conf_file->file.name;
    app->hls_at.line = cf->conf_file->line;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_livepeer_conf_make_dir(ngx_livepeer_app_t *app, ngx_cycle_t *cycle)
{
    u_char               copy[NGX_LIVEPEER_HLS_PATH_MAX];
    ngx_err_t            err;
    ngx_uid_t            user;
    ngx_str_t           *path;
    ngx_file_info_t      fi;
    ngx_core_conf_t     *ccf;

    path = &app->stream.hls_path;

    /* it is cut to pieces there, and left so after a failure */

    (void) ngx_cpystrn(copy, path->data, sizeof(copy));

    err = ngx_create_full_path(copy, 0755);
    if (err == 0 && ngx_create_dir(path->data, 0755) == NGX_FILE_ERROR) {
        err = (ngx_errno == NGX_EEXIST) ? 0 : ngx_errno;
    }

    if (err == 0 && ngx_file_info(path->data, &fi) == NGX_FILE_ERROR) {
        err = ngx_errno;
    }

    if (err == 0 && !ngx_is_dir(&fi)) {
        err = NGX_ENOTDIR;
    }

    if (err == 0 && access((const char *) path->data, W_OK|X_OK) != 0) {
        err = ngx_errno;
    }

    if (err) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, err,
                      "livepeer_hls_path \"%V\" cannot be written in %V:%ui",
                      path, &app->hls_at.file, app->hls_at.line);
        return NGX_ERROR;
    }

    /* as nginx does with its own directories: workers must write there */

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx,
                                           ngx_core_module);
    user = ccf->user;

    if (geteuid() == 0 && user != (ngx_uid_t) NGX_CONF_UNSET_UINT
        && fi.st_uid != user && !(fi.st_mode & S_IWOTH)
        && chown((const char *) path->data, user, -1) == -1)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "chown(\"%V\") failed", path);
        return NGX_ERROR;
    }

    return NGX_OK;
}
