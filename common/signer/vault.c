/*
 * Where the key comes from, and where it stays: files that only we can read,
 * memory that goes nowhere.
 */
#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/signer/vault.h"
#include "common/util/hex.h"


#define LP_VAULT_PAGE  4096
#define LP_VAULT_HEX   64


/* a key file's text: on the stack, so that one wipe reaches all of it */

typedef struct {
    char    b[LP_KEYSTORE_FILE_MAX];
    size_t  len;
} lp_vault_text_t;


lp_secret_t *
lp_vault_create(void)
{
    void  *page;

    page = mmap(NULL, LP_VAULT_PAGE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return NULL;
    }

    if (mlock(page, LP_VAULT_PAGE) != 0
        || madvise(page, LP_VAULT_PAGE, MADV_DONTDUMP) != 0
        || madvise(page, LP_VAULT_PAGE, MADV_WIPEONFORK) != 0)
    {
        munmap(page, LP_VAULT_PAGE);
        return NULL;
    }

    return page;
}


void
lp_vault_destroy(lp_secret_t **secret)
{
    if (*secret) {
        explicit_bzero(*secret, LP_VAULT_PAGE);
        munmap(*secret, LP_VAULT_PAGE);
        *secret = NULL;
    }
}


/* all up to the end; LP_LIMIT when there is more than size */

static lp_status_t
lp_vault_read_fd(char *out, size_t *len, size_t size, int fd)
{
    char     more;
    ssize_t  n;

    *len = 0;

    for ( ;; ) {
        n = *len < size ? read(fd, out + *len, size - *len)
                        : read(fd, &more, 1);

        if (n == 0) {
            return LP_OK;
        }

        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }

            return LP_MISSING;
        }

        if (*len == size) {
            return LP_LIMIT;
        }

        *len += (size_t) n;
    }
}


static lp_status_t
lp_vault_judge(const struct stat *st, const char *what, const char *file,
    char *why, size_t why_len)
{
    if (!S_ISREG(st->st_mode)) {
        snprintf(why, why_len, "the %s %s is not a regular file: name the "
                 "file itself", what, file);

    } else if (st->st_uid != geteuid()) {
        snprintf(why, why_len, "the %s %s belongs to user %u, not to us "
                 "(%u): chown it, or run as that user", what, file,
                 (unsigned) st->st_uid, (unsigned) geteuid());

    } else if (st->st_mode & 077) {
        snprintf(why, why_len, "the %s %s can be used by others (mode %03o): "
                 "chmod 600 %s", what, file, (unsigned) st->st_mode & 0777,
                 file);

    } else {
        return LP_OK;
    }

    return LP_UNSUPPORTED;
}


/* O_NONBLOCK: a pipe of that name must not hold us up */

static lp_status_t
lp_vault_read_file(char *out, size_t *len, size_t size, const char *what,
    const char *file, char *why, size_t why_len)
{
    int          fd;
    lp_status_t  s;
    struct stat  st;

    fd = open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd == -1) {
        snprintf(why, why_len, errno == ELOOP
                 ? "the %s %s is a symbolic link: name the file itself"
                 : "the %s %s cannot be opened (%s): check its name and that "
                   "we may read it", what, file, strerror(errno));
        return LP_MISSING;
    }

    s = LP_MISSING;

    if (fstat(fd, &st) != 0) {
        snprintf(why, why_len, "the %s %s cannot be looked at (%s): check its "
                 "file system", what, file, strerror(errno));

    } else {
        s = lp_vault_judge(&st, what, file, why, why_len);
    }

    if (s == LP_OK) {
        s = lp_vault_read_fd(out, len, size, fd);

        if (s != LP_OK) {
            snprintf(why, why_len, s == LP_LIMIT
                     ? "the %s %s has more than %zu bytes: it is not one"
                     : "the %s %s cannot be read (at most %zu bytes): check "
                       "its file system", what, file, size);
        }
    }

    close(fd);

    return s;
}


lp_status_t
lp_vault_password(char *password, size_t *len, const char *file, int fd,
    char *why, size_t why_len)
{
    size_t       size = *len;
    lp_status_t  s;

    if (file) {
        s = lp_vault_read_file(password, len, size, "password file", file,
                               why, why_len);

    } else {
        s = lp_vault_read_fd(password, len, size, fd);

        if (s != LP_OK) {
            snprintf(why, why_len, "no password of at most %zu bytes could "
                     "be read from descriptor %d: give an open one", size,
                     fd);
        }
    }

    if (s != LP_OK) {
        explicit_bzero(password, size);
        *len = 0;
        return s;
    }

    if (*len && password[*len - 1] == '\n') {
        (*len)--;
    }

    return LP_OK;
}


static int
lp_vault_is_json(const lp_vault_text_t *t)
{
    size_t  i;

    for (i = 0; i < t->len; i++) {
        if (t->b[i] != ' ' && t->b[i] != '\n' && t->b[i] != '\t'
            && t->b[i] != '\r')
        {
            return t->b[i] == '{';
        }
    }

    return 0;
}


static lp_status_t
lp_vault_open_hex(lp_secret_t *secret, const lp_vault_text_t *t)
{
    size_t  at, len;

    at = t->len >= 2 && t->b[0] == '0' && t->b[1] == 'x' ? 2 : 0;
    len = t->len - at;

    if (len == LP_VAULT_HEX + 1 && t->b[at + LP_VAULT_HEX] == '\n') {
        len--;
    }

    return len == LP_VAULT_HEX
           ? lp_hex_decode(secret->b, 32, t->b + at, len) : LP_MALFORMED;
}


/* whose key a file holds, without its password; LP_MISSING: it is none */

static lp_status_t
lp_vault_address(lp_address_t *a, const lp_keys_t *keys,
    const lp_vault_text_t *t)
{
    lp_status_t  s;
    lp_secret_t  secret;

    if (lp_vault_is_json(t)) {
        return lp_keystore_address(a, t->b, t->len) == LP_OK ? LP_OK
                                                             : LP_MISSING;
    }

    s = lp_vault_open_hex(&secret, t);
    if (s == LP_OK) {
        s = lp_keys_address(keys, a, &secret);
    }

    lp_secret_wipe(&secret);

    return s == LP_OK ? LP_OK : LP_MISSING;
}


static lp_status_t
lp_vault_scan(char *path, size_t size, DIR *d, const lp_keys_t *keys,
    const lp_vault_source_t *src, char *why, size_t why_len)
{
    char              file[4096];
    unsigned          seen = 0, found = 0;
    lp_status_t       s = LP_OK;
    lp_address_t      a;
    struct dirent    *e;
    lp_vault_text_t   text;

    while (s == LP_OK && seen <= LP_VAULT_FILES_MAX && (e = readdir(d))) {

        if (e->d_name[0] == '.') {
            continue;
        }

        seen++;
        snprintf(file, sizeof(file), "%s/%s", src->file, e->d_name);
        s = lp_vault_read_file(text.b, &text.len, sizeof(text.b), "key file",
                               file, why, why_len);

        if (s == LP_OK && lp_vault_address(&a, keys, &text) == LP_OK
            && (src->address == NULL || lp_address_equal(&a, src->address)))
        {
            found++;
            snprintf(path, size, "%s", file);
        }
    }

    explicit_bzero(&text, sizeof(text));

    if (s != LP_OK) {
        return s;
    }

    if (found == 1 && seen <= LP_VAULT_FILES_MAX) {
        return LP_OK;
    }

    snprintf(why, why_len, found == 0
             ? "the key directory %s has no key%s: name the file, or put it "
               "there"
             : "the key directory %s has more than one key%s: name the file "
               "itself", src->file, src->address ? " of that address" : "");

    return LP_MISSING;
}


/* the file that is meant: src->file, or the only fitting one in it */

static lp_status_t
lp_vault_find(char *path, size_t size, const lp_keys_t *keys,
    const lp_vault_source_t *src, char *why, size_t why_len)
{
    int          fd;
    DIR         *d;
    lp_status_t  s;

    if (strlen(src->file) >= size) {
        snprintf(why, why_len, "the key file's name is too long");
        return LP_LIMIT;
    }

    strcpy(path, src->file);

    fd = open(src->file, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd == -1) {
        return LP_OK;                    /* a file, or its opening says why */
    }

    d = fdopendir(fd);
    if (d == NULL) {
        close(fd);
        snprintf(why, why_len, "the key directory %s cannot be read (%s): "
                 "name the file itself", src->file, strerror(errno));
        return LP_MISSING;
    }

    s = lp_vault_scan(path, size, d, keys, src, why, why_len);
    closedir(d);

    return s;
}


static lp_status_t
lp_vault_open_json(lp_secret_t *secret, const lp_vault_text_t *text,
    const char *path, const lp_vault_source_t *src, char *why, size_t why_len)
{
    char         password[LP_VAULT_PASSWORD_MAX];
    size_t       len = sizeof(password);
    lp_status_t  s;

    if (src->password_file == NULL && src->password_fd == -1) {
        snprintf(why, why_len, "the key file %s is encrypted: give its "
                 "password with --password-file (of an orchestrator: "
                 "--eth-password-file)", path);
        return LP_MISSING;
    }

    s = lp_vault_password(password, &len, src->password_file,
                          src->password_fd, why, why_len);
    if (s != LP_OK) {
        return s;
    }

    s = lp_keystore_open(secret, text->b, text->len, password, len);
    explicit_bzero(password, sizeof(password));

    switch (s) {

    case LP_OK:
        break;

    case LP_MISMATCH:
        snprintf(why, why_len, "the password does not open the key file %s: "
                 "give the right one", path);
        break;

    case LP_LIMIT:
        snprintf(why, why_len, "the key file %s asks for more work than n "
                 "2^20, r 8, p 16 or 10^7 rounds: make it again", path);
        break;

    case LP_UNSUPPORTED:
        snprintf(why, why_len, "the key file %s is not of version 3 with "
                 "aes-128-ctr and scrypt or pbkdf2: make it again", path);
        break;

    default:
        snprintf(why, why_len, "the key file %s is damaged (%s): restore it",
                 path, lp_status_text(s));
    }

    return s;
}


static lp_status_t
lp_vault_check(lp_address_t *a, const lp_keys_t *keys,
    const lp_secret_t *secret, const lp_vault_text_t *text, const char *path,
    const lp_vault_source_t *src, char *why, size_t why_len)
{
    lp_address_t  said;

    if (lp_keys_address(keys, a, secret) != LP_OK) {
        snprintf(why, why_len, "the number in the key file %s is not a key: "
                 "restore it", path);
        return LP_MALFORMED;
    }

    if (lp_vault_is_json(text)
        && lp_keystore_address(&said, text->b, text->len) == LP_OK
        && !lp_address_equal(&said, a))
    {
        snprintf(why, why_len, "the key file %s says another address than "
                 "its key has: restore it", path);
        return LP_MISMATCH;
    }

    if (src->address && !lp_address_equal(src->address, a)) {
        snprintf(why, why_len, "the key file %s holds the key of another "
                 "address: name the right file", path);
        return LP_MISMATCH;
    }

    return LP_OK;
}


lp_status_t
lp_vault_read(lp_secret_t *secret, lp_address_t *a, const lp_keys_t *keys,
    const lp_vault_source_t *src, char *why, size_t why_len)
{
    char             path[4096];
    lp_status_t      s;
    lp_vault_text_t  text;

    text.len = 0;

    s = lp_vault_find(path, sizeof(path), keys, src, why, why_len);
    if (s == LP_OK) {
        s = lp_vault_read_file(text.b, &text.len, sizeof(text.b), "key file",
                               path, why, why_len);
    }

    if (s == LP_OK && lp_vault_is_json(&text)) {
        s = lp_vault_open_json(secret, &text, path, src, why, why_len);

    } else if (s == LP_OK) {
        s = lp_vault_open_hex(secret, &text);

        if (s != LP_OK) {
            snprintf(why, why_len, "the key file %s is neither a keystore "
                     "nor 64 hex digits: name the right file", path);
        }
    }

    if (s == LP_OK) {
        s = lp_vault_check(a, keys, secret, &text, path, src, why, why_len);
    }

    explicit_bzero(&text, sizeof(text));

    if (s != LP_OK) {
        lp_secret_wipe(secret);
    }

    return s;
}
