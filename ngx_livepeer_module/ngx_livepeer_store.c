/*
 * The files of HLS. Writes go to the page cache, as those of nginx-rtmp do;
 * a segment is one pwritev() of its blocks.
 */
#include "ngx_livepeer_module/ngx_livepeer_store.h"
#include "ngx_livepeer_module/ngx_livepeer_module.h"


/* a path and the one it is written under */
typedef struct {
    u_char  final[NGX_MAX_PATH];
    u_char  aside[NGX_MAX_PATH];
} ngx_livepeer_paths_t;


static void
ngx_livepeer_store_segment_path(u_char *buf,
    const ngx_livepeer_store_t *store, const char *variant, uint64_t seq)
{
    (void) ngx_snprintf(buf, NGX_MAX_PATH, "%s/%s/%s/%uL.ts%Z", store->path,
                        store->name, variant, seq);
}


static void
ngx_livepeer_store_playlist_path(u_char *buf,
    const ngx_livepeer_store_t *store, const char *variant)
{
    if (variant) {
        (void) ngx_snprintf(buf, NGX_MAX_PATH, "%s/%s/%s.m3u8%Z", store->path,
                            store->name, variant);

    } else {
        (void) ngx_snprintf(buf, NGX_MAX_PATH, "%s/%s.m3u8%Z", store->path,
                            store->name);
    }
}


ngx_int_t
ngx_livepeer_store_make(const ngx_livepeer_store_t *store,
    const char *variant, ngx_log_t *log)
{
    u_char           path[NGX_MAX_PATH];
    ngx_err_t        err;
    ngx_file_info_t  fi;

    (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/%s/%s%Z", store->path,
                        store->name, variant ? variant : "");

    if (ngx_create_dir(path, 0755) != NGX_FILE_ERROR) {
        return NGX_OK;
    }

    err = ngx_errno;

    if (err == NGX_EEXIST && ngx_file_info(path, &fi) != NGX_FILE_ERROR
        && ngx_is_dir(&fi))
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, log, err, ngx_create_dir_n " \"%s\" failed",
                  path);

    return NGX_ERROR;
}


static ngx_int_t
ngx_livepeer_store_write(ngx_livepeer_paths_t *paths, ngx_chain_t *bytes,
    ngx_pool_t *pool, ngx_log_t *log)
{
    ngx_int_t   rc;
    ngx_file_t  file;

    (void) ngx_snprintf(paths->aside, NGX_MAX_PATH, "%s.tmp%Z", paths->final);

    ngx_memzero(&file, sizeof(ngx_file_t));
    file.name.data = paths->aside;
    file.name.len = ngx_strlen(paths->aside);
    file.log = log;

    file.fd = ngx_open_file(paths->aside, NGX_FILE_WRONLY, NGX_FILE_TRUNCATE,
                            NGX_FILE_DEFAULT_ACCESS);
    if (file.fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      ngx_open_file_n " \"%s\" failed", paths->aside);
        return NGX_ERROR;
    }

    rc = ngx_write_chain_to_file(&file, bytes, 0, pool) == NGX_ERROR
         ? NGX_ERROR : NGX_OK;

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        rc = NGX_ERROR;
    }

    if (rc == NGX_OK
        && ngx_rename_file(paths->aside, paths->final) == NGX_FILE_ERROR)
    {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      ngx_rename_file_n " \"%s\" to \"%s\" failed",
                      paths->aside, paths->final);
        rc = NGX_ERROR;
    }

    if (rc != NGX_OK) {
        (void) ngx_delete_file(paths->aside);
    }

    return rc;
}


ngx_int_t
ngx_livepeer_store_segment(const ngx_livepeer_store_t *store,
    const char *variant, uint64_t seq, ngx_chain_t *bytes, ngx_pool_t *pool,
    ngx_log_t *log)
{
    ngx_livepeer_paths_t  paths;

    ngx_livepeer_store_segment_path(paths.final, store, variant, seq);

    return ngx_livepeer_store_write(&paths, bytes, pool, log);
}


ngx_int_t
ngx_livepeer_store_playlist(const ngx_livepeer_store_t *store,
    const char *variant, const u_char *text, size_t len, ngx_log_t *log)
{
    ngx_buf_t             b;
    ngx_chain_t           cl;
    ngx_livepeer_paths_t  paths;

    ngx_livepeer_store_playlist_path(paths.final, store, variant);

    ngx_memzero(&b, sizeof(ngx_buf_t));
    b.pos = (u_char *) text;
    b.last = b.pos + len;
    b.memory = 1;
    cl.buf = &b;
    cl.next = NULL;

    return ngx_livepeer_store_write(&paths, &cl, NULL, log);
}


void
ngx_livepeer_store_drop_segment(const ngx_livepeer_store_t *store,
    const char *variant, uint64_t seq)
{
    u_char  path[NGX_MAX_PATH];

    ngx_livepeer_store_segment_path(path, store, variant, seq);
    (void) ngx_delete_file(path);
}


void
ngx_livepeer_store_drop_playlist(const ngx_livepeer_store_t *store,
    const char *variant)
{
    u_char  path[NGX_MAX_PATH];

    ngx_livepeer_store_playlist_path(path, store, variant);
    (void) ngx_delete_file(path);
}


/* SEQ of "SEQ.ts"; NGX_ERROR for any other name */

static int64_t
ngx_livepeer_store_seq(const char *name)
{
    int64_t  seq;

    if (*name < '0' || *name > '9') {
        return NGX_ERROR;
    }

    for (seq = 0; *name >= '0' && *name <= '9'; name++) {
        if (seq > INT64_MAX / 10 - 1) {
            return NGX_ERROR;
        }

        seq = seq * 10 + (*name - '0');
    }

    return ngx_strcmp(name, ".ts") == 0 ? seq : NGX_ERROR;
}


/* only what looks like ours, and two levels deep */

static uint64_t
ngx_livepeer_store_purge_dir(u_char *path, ngx_uint_t level, ngx_log_t *log)
{
    u_char      child[NGX_MAX_PATH];
    size_t      len;
    int64_t     seq;
    uint64_t    next, n;
    ngx_dir_t   dir;
    ngx_str_t   name;
    char       *entry;

    next = 0;
    name.data = path;
    name.len = ngx_strlen(path);

    if (ngx_open_dir(&name, &dir) == NGX_ERROR) {
        return 0;
    }

    while (ngx_read_dir(&dir) != NGX_ERROR) {
        entry = (char *) ngx_de_name(&dir);
        len = ngx_strlen(entry);

        if (entry[0] == '.') {
            continue;
        }

        (void) ngx_snprintf(child, NGX_MAX_PATH, "%s/%s%Z", path, entry);

        if (len > 3
            && (ngx_strcmp(entry + len - 3, ".ts") == 0
                || (len > 5 && ngx_strcmp(entry + len - 5, ".m3u8") == 0)
                || (len > 4 && ngx_strcmp(entry + len - 4, ".tmp") == 0)))
        {
            seq = ngx_livepeer_store_seq(entry);
            next = ngx_max(next, (uint64_t) (seq + 1));
            (void) ngx_delete_file(child);

        } else if (level == 0) {
            n = ngx_livepeer_store_purge_dir(child, 1, log);
            next = ngx_max(next, n);
        }
    }

    if (ngx_close_dir(&dir) == NGX_ERROR) {
        ngx_log_error(NGX_LOG_WARN, log, ngx_errno,
                      ngx_close_dir_n " \"%s\" failed", path);
    }

    (void) ngx_delete_dir(path);

    return next;
}


uint64_t
ngx_livepeer_store_purge(const ngx_livepeer_store_t *store, ngx_log_t *log)
{
    u_char  path[NGX_MAX_PATH];

    ngx_livepeer_store_drop_playlist(store, NULL);

    (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/%s%Z", store->path,
                        store->name);

    return ngx_livepeer_store_purge_dir(path, 0, log);
}


ngx_int_t
ngx_livepeer_store_next(ngx_dir_t *dir, const char *path,
    u_char name[NGX_LIVEPEER_NAME_MAX + 1], time_t before)
{
    u_char                source[NGX_MAX_PATH];
    ngx_str_t             entry;
    ngx_file_info_t       fi;
    ngx_livepeer_store_t  store;

    while (ngx_read_dir(dir) != NGX_ERROR) {
        entry.data = (u_char *) ngx_de_name(dir);
        entry.len = ngx_strlen(entry.data);

        if (!ngx_livepeer_name_ok(&entry)) {
            continue;
        }

        (void) ngx_cpystrn(name, entry.data, NGX_LIVEPEER_NAME_MAX + 1);

        /* a directory of streams has a source: others are not ours */

        store.path = path;
        store.name = (const char *) name;
        ngx_livepeer_store_playlist_path(source, &store, "source");

        if (ngx_file_info(source, &fi) != NGX_FILE_ERROR
            && ngx_file_mtime(&fi) <= before)
        {
            return NGX_OK;
        }
    }

    return NGX_DONE;
}
