/* The orchestrator's own key, held here and nowhere else. */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/segcreds.h"
#include "common/util/hex.h"
#include "orchestrator/identity.h"
#include "orchestrator/token.h"


#define ORCH_IDENTITY_DIGITS  64
#define ORCH_IDENTITY_PINGS   4                   /* values not asked for yet */


struct orch_identity_s {
    lp_keys_t     *keys;
    lp_secret_t    secret;
    lp_address_t   address;
    struct {
        uint8_t    value[ORCH_IDENTITY_PING];
        uint64_t   until_ms;                      /* 0: empty */
    }              pings[ORCH_IDENTITY_PINGS];
};


__attribute__((format(printf, 3, 4)))
static int
orch_identity_fail(char *why, size_t why_len, const char *fmt, ...)
{
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(why, why_len, fmt, ap);
    va_end(ap);

    return -1;
}


/* an open key file that only we can read, or a reason */

static int
orch_identity_judge(int fd, const char *path, char *why, size_t why_len)
{
    struct stat  st;

    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        return orch_identity_fail(why, why_len, "%s is not a regular file",
                                  path);
    }

    if (st.st_uid != geteuid()) {
        return orch_identity_fail(why, why_len, "%s belongs to another user",
                                  path);
    }

    if (st.st_mode & 077) {
        return orch_identity_fail(why, why_len, "%s can be read by others: "
                                  "chmod 600", path);
    }

    return 0;
}


static int
orch_identity_read(lp_secret_t *secret, const char *path, char *why,
    size_t why_len)
{
    int      fd, rc;
    char     text[ORCH_IDENTITY_DIGITS + 2];
    ssize_t  n;

    fd = open(path, O_RDONLY|O_NOFOLLOW|O_CLOEXEC|O_NONBLOCK);
    if (fd == -1) {
        rc = errno;
        orch_identity_fail(why, why_len, "%s: %s", path,
                           rc == ELOOP ? "is a symbolic link" : strerror(rc));
        errno = rc;
        return -1;
    }

    rc = orch_identity_judge(fd, path, why, why_len);

    if (rc == 0) {
        n = read(fd, text, sizeof(text));

        if (n == ORCH_IDENTITY_DIGITS + 1
            && text[ORCH_IDENTITY_DIGITS] == '\n')
        {
            n--;
        }

        if (n < 0 || lp_hex_decode(secret->b, sizeof(secret->b), text,
                                   (size_t) n) != LP_OK)
        {
            rc = orch_identity_fail(why, why_len, "%s does not hold 64 "
                                    "hexadecimal digits", path);
        }

        explicit_bzero(text, sizeof(text));
    }

    close(fd);
    errno = 0;

    return rc;
}


/* made under another name and renamed: a crash leaves no half of a key */

static int
orch_identity_make(lp_secret_t *secret, const char *path, char *why,
    size_t why_len)
{
    int      fd, ok;
    char     text[ORCH_IDENTITY_DIGITS + 1], fresh[4096];

    if ((size_t) snprintf(fresh, sizeof(fresh), "%s.new", path)
        >= sizeof(fresh))
    {
        return orch_identity_fail(why, why_len, "--data-dir is too long");
    }

    unlink(fresh);

    fd = open(fresh, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);
    if (fd == -1) {
        return orch_identity_fail(why, why_len, "%s: %s", fresh,
                                  strerror(errno));
    }

    orch_token_random(secret->b, sizeof(secret->b));
    lp_hex_encode(text, secret->b, sizeof(secret->b));
    text[ORCH_IDENTITY_DIGITS] = '\n';

    ok = write(fd, text, sizeof(text)) == (ssize_t) sizeof(text)
         && fsync(fd) == 0;

    explicit_bzero(text, sizeof(text));
    close(fd);

    if (!ok || rename(fresh, path)) {
        orch_identity_fail(why, why_len, "%s: %s", path, strerror(errno));
        unlink(fresh);
        return -1;
    }

    return 0;
}


/* the folder and those above it, ours alone */

static int
orch_identity_folder(const char *dir, char *why, size_t why_len)
{
    char   path[4096], *p;
    size_t len = strlen(dir);

    if (len == 0 || len >= sizeof(path)) {
        return orch_identity_fail(why, why_len, "--data-dir is too long");
    }

    memcpy(path, dir, len + 1);

    for (p = path + 1; ; p++) {

        if (*p != '/' && *p != '\0') {
            continue;
        }

        len = *p == '\0';
        *p = '\0';

        if (mkdir(path, 0700) && errno != EEXIST) {
            return orch_identity_fail(why, why_len, "cannot make %s: %s",
                                      path, strerror(errno));
        }

        if (len) {
            return 0;
        }

        *p = '/';
    }
}


static int
orch_identity_load(lp_secret_t *secret, const char *key_file,
    const char *data_dir, char *why, size_t why_len)
{
    char  path[4096];

    if (key_file) {
        return orch_identity_read(secret, key_file, why, why_len);
    }

    if (orch_identity_folder(data_dir, why, why_len)) {
        return -1;
    }

    if ((size_t) snprintf(path, sizeof(path), "%s/identity", data_dir)
        >= sizeof(path))
    {
        return orch_identity_fail(why, why_len, "--data-dir is too long");
    }

    if (orch_identity_read(secret, path, why, why_len) == 0) {
        return 0;
    }

    return errno == ENOENT
           ? orch_identity_make(secret, path, why, why_len) : -1;
}


orch_identity_t *
orch_identity_create(const char *key_file, const char *data_dir, char *why,
    size_t why_len)
{
    uint8_t           seed[32];
    orch_identity_t  *id;

    id = calloc(1, sizeof(orch_identity_t));
    if (id == NULL) {
        orch_identity_fail(why, why_len, "out of memory");
        return NULL;
    }

    orch_token_random(seed, sizeof(seed));
    id->keys = lp_keys_create(seed);
    explicit_bzero(seed, sizeof(seed));

    if (id->keys == NULL) {
        orch_identity_fail(why, why_len, "out of memory");

    } else if (orch_identity_load(&id->secret, key_file, data_dir, why,
                                  why_len) == 0)
    {
        if (lp_keys_address(id->keys, &id->address, &id->secret) == LP_OK) {
            return id;
        }

        orch_identity_fail(why, why_len, "the number in the key file is not "
                           "a secp256k1 key");
    }

    orch_identity_destroy(&id);

    return NULL;
}


void
orch_identity_destroy(orch_identity_t **id)
{
    if (*id == NULL) {
        return;
    }

    lp_secret_wipe(&(*id)->secret);

    if ((*id)->keys) {
        lp_keys_destroy(&(*id)->keys);
    }

    free(*id);
    *id = NULL;
}


const lp_address_t *
orch_identity_address(const orch_identity_t *id)
{
    return &id->address;
}


const lp_keys_t *
orch_identity_keys(const orch_identity_t *id)
{
    return id->keys;
}


lp_status_t
orch_identity_sign_result(const orch_identity_t *id, lp_sig_t *sig,
    const lp_hash_t *renditions, size_t n)
{
    lp_hash_t  digest;

    lp_segcreds_result_digest(&digest, renditions, n);

    return lp_keys_sign(id->keys, sig, &id->secret, &digest);
}


void
orch_identity_issue_ping(orch_identity_t *id,
    uint8_t value[ORCH_IDENTITY_PING], uint64_t now_ms)
{
    size_t  i, oldest;

    for (i = 0, oldest = 0; i < ORCH_IDENTITY_PINGS; i++) {
        if (id->pings[i].until_ms < id->pings[oldest].until_ms) {
            oldest = i;
        }
    }

    orch_token_random(value, ORCH_IDENTITY_PING);
    memcpy(id->pings[oldest].value, value, ORCH_IDENTITY_PING);
    id->pings[oldest].until_ms = now_ms + ORCH_IDENTITY_PING_MS;
}


lp_status_t
orch_identity_sign_ping(orch_identity_t *id, lp_sig_t *sig,
    const uint8_t *value, size_t len, uint64_t now_ms)
{
    size_t     i;
    lp_hash_t  digest;

    if (len != ORCH_IDENTITY_PING) {
        return LP_MISMATCH;
    }

    for (i = 0; i < ORCH_IDENTITY_PINGS; i++) {

        if (id->pings[i].until_ms > now_ms
            && lp_equal_ct(id->pings[i].value, value, len))
        {
            id->pings[i].until_ms = 0;
            lp_keccak256(&digest, value, len);

            return lp_keys_sign(id->keys, sig, &id->secret, &digest);
        }
    }

    return LP_MISMATCH;
}
