/* The list of recipients: a file, a sorted array. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/signer/recipients.h"


static int
lp_recipients_cmp(const void *a, const void *b)
{
    return memcmp(a, b, LP_ADDRESS_LEN);
}


/* an address, a comment or nothing; LP_MALFORMED otherwise */

static lp_status_t
lp_recipients_put_line(lp_recipients_t *r, const char *line, size_t len)
{
    const char  *hash;

    hash = memchr(line, '#', len);
    len = hash ? (size_t) (hash - line) : len;

    while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'
                   || line[len - 1] == '\r'))
    {
        len--;
    }

    if (len == 0) {
        return LP_OK;
    }

    if (r->n == LP_RECIPIENTS_MAX) {
        return LP_LIMIT;
    }

    return lp_address_parse(&r->list[r->n++], line, len);
}


static lp_status_t
lp_recipients_parse(lp_recipients_t *r, const char *text, size_t len,
    char *why, size_t why_len)
{
    size_t       n;
    unsigned     line;
    lp_status_t  s;
    const char  *end;

    for (line = 1; len; line++) {
        end = memchr(text, '\n', len);
        n = end ? (size_t) (end - text) : len;

        s = lp_recipients_put_line(r, text, n);
        if (s != LP_OK) {
            snprintf(why, why_len, s == LP_LIMIT
                     ? "the list of recipients %s has too many addresses in "
                       "line %u: at most 20000"
                     : "the list of recipients %s is wrong in line %u: an "
                       "address a line, 0x and 40 digits", r->file, line);
            return s;
        }

        n += end != NULL;
        text += n;
        len -= n;
    }

    if (r->n == 0) {
        snprintf(why, why_len, "the list of recipients %s is empty: give an "
                 "address a line", r->file);
        return LP_MISSING;
    }

    qsort(r->list, r->n, sizeof(lp_address_t), lp_recipients_cmp);

    return LP_OK;
}


static lp_status_t
lp_recipients_load(lp_recipients_t *r, int fd, char *why, size_t why_len)
{
    char         *text;
    size_t        len = 0;
    ssize_t       n = 1;
    lp_status_t   s = LP_NOMEM;

    text = malloc(LP_RECIPIENTS_FILE);
    r->list = malloc(LP_RECIPIENTS_MAX * sizeof(lp_address_t));

    while (text && r->list && n > 0 && len < LP_RECIPIENTS_FILE) {
        n = read(fd, text + len, LP_RECIPIENTS_FILE - len);
        len += n > 0 ? (size_t) n : 0;
    }

    if (text && r->list && n == 0) {
        s = lp_recipients_parse(r, text, len, why, why_len);

    } else {
        snprintf(why, why_len, "the list of recipients %s cannot be read: "
                 "check that it is a file of at most 2 MB", r->file);
    }

    free(text);

    return s;
}


lp_status_t
lp_recipients_open(lp_recipients_t *r, const char *file, char *why,
    size_t why_len)
{
    int          fd;
    lp_status_t  s = LP_MISSING;

    memset(r, 0, sizeof(lp_recipients_t));
    r->file = file;

    fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd == -1 || fstat(fd, &r->seen) != 0) {
        snprintf(why, why_len, "the list of recipients %s cannot be opened "
                 "(%s): check its name and that we may read it", file,
                 strerror(errno));

    } else if (!S_ISREG(r->seen.st_mode) || r->seen.st_mode & 02) {
        snprintf(why, why_len, "the list of recipients %s %s", file,
                 S_ISREG(r->seen.st_mode)
                 ? "can be written by everybody: chmod o-w it"
                 : "is not a regular file: name the file itself");

    } else {
        s = lp_recipients_load(r, fd, why, why_len);
    }

    if (fd != -1) {
        close(fd);
    }

    if (s != LP_OK) {
        lp_recipients_close(r);
    }

    return s;
}


void
lp_recipients_close(lp_recipients_t *r)
{
    free(r->list);
    r->list = NULL;
    r->n = 0;
}


static int
lp_recipients_is_new(const struct stat *a, const struct stat *b)
{
    return a->st_ino != b->st_ino || a->st_dev != b->st_dev
           || a->st_size != b->st_size
           || a->st_mtim.tv_sec != b->st_mtim.tv_sec
           || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}


static void
lp_recipients_refresh(lp_recipients_t *r, const lp_log_t *log)
{
    char             why[512];
    struct stat      st;
    lp_recipients_t  next;

    if (stat(r->file, &st) == 0 && !lp_recipients_is_new(&st, &r->seen)) {
        return;
    }

    if (lp_recipients_open(&next, r->file, why, sizeof(why)) != LP_OK) {
        lp_log(log, LP_LOG_WARN, "signer: %s; the former list stays", why);
        return;
    }

    next.looked_s = r->looked_s;
    lp_recipients_close(r);
    *r = next;

    lp_log(log, LP_LOG_INFO, "signer: %u recipients in %s", (unsigned) r->n,
           r->file);
}


int
lp_recipients_has(lp_recipients_t *r, const lp_address_t *a, int64_t now_s,
    const lp_log_t *log)
{
    if (now_s != r->looked_s) {
        r->looked_s = now_s;
        lp_recipients_refresh(r, log);
    }

    return bsearch(a, r->list, r->n, sizeof(lp_address_t),
                   lp_recipients_cmp) != NULL;
}
