/*
 * The addresses that may be paid: a file with an address a line, "#" begins
 * a comment. It is read again when it has changed; a version that cannot be
 * read changes nothing, so that nobody opens the list by breaking it.
 */
#ifndef LP_RECIPIENTS_H
#define LP_RECIPIENTS_H


#include <sys/stat.h>

#include "common/crypto/keys.h"
#include "common/util/log.h"


#define LP_RECIPIENTS_MAX   20000
#define LP_RECIPIENTS_FILE  (2 * 1024 * 1024)      /* bytes */


typedef struct {
    const char      *file;
    lp_address_t    *list;                         /* sorted */
    uint32_t         n;
    struct stat      seen;
    int64_t          looked_s;
} lp_recipients_t;


/* file is borrowed; why: a sentence when not LP_OK */
lp_status_t lp_recipients_open(lp_recipients_t *r, const char *file,
    char *why, size_t why_len);
void lp_recipients_close(lp_recipients_t *r);

/* looks at the file once a second at most */
int lp_recipients_has(lp_recipients_t *r, const lp_address_t *a,
    int64_t now_s, const lp_log_t *log);


#endif /* LP_RECIPIENTS_H */
