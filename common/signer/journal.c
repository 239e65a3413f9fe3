/*
 * The journal of reservations: a head, then a record for each reservation
 * with the sum reserved on its day. The last whole record of a ledger counts.
 *
 *   head    "LPSIGNJ1" | address 20 | chain 8 | 0 4 | check 8
 *   record  ledger 1 | 0 3 | day 4 | wei 32 | check 8
 *
 * check: of the record, the address and the chain, so that a record of
 * another key's journal is none.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/signer/journal.h"
#include "common/util/buf.h"
#include "common/util/failpoint.h"


#define LP_JOURNAL_MAGIC   "LPSIGNJ1"
#define LP_JOURNAL_RECORD  48                      /* bytes, the head too */
#define LP_JOURNAL_CHECK   8
#define LP_JOURNAL_BLOCK   (256 * LP_JOURNAL_RECORD)
#define LP_JOURNAL_DAY_S   86400
#define LP_JOURNAL_CHUNKS  100                     /* of a day's budget */


static void
lp_journal_check(const lp_journal_t *j, uint8_t out[LP_JOURNAL_CHECK],
    const uint8_t record[LP_JOURNAL_RECORD])
{
    uint8_t      chain[8];
    unsigned     i;
    lp_hash_t    h;
    lp_keccak_t  k;

    for (i = 0; i < 8; i++) {
        chain[i] = (uint8_t) (j->chain_id >> (56 - 8 * i));
    }

    lp_keccak_init(&k);
    lp_keccak_update(&k, record, LP_JOURNAL_RECORD - LP_JOURNAL_CHECK);
    lp_keccak_update(&k, j->address.b, LP_ADDRESS_LEN);
    lp_keccak_update(&k, chain, sizeof(chain));
    lp_keccak_final(&k, &h);
    memcpy(out, h.b, LP_JOURNAL_CHECK);
}


static void
lp_journal_put_check(const lp_journal_t *j, lp_buf_t *b)
{
    uint8_t  check[LP_JOURNAL_CHECK];

    if (lp_buf_status(b) == LP_OK) {
        lp_journal_check(j, check, b->data + b->len - LP_JOURNAL_RECORD
                                   + LP_JOURNAL_CHECK);
        lp_buf_put(b, check, sizeof(check));
    }
}


static void
lp_journal_put_head(const lp_journal_t *j, lp_buf_t *b)
{
    lp_buf_put_str(b, LP_JOURNAL_MAGIC);
    lp_buf_put(b, j->address.b, LP_ADDRESS_LEN);
    lp_buf_put_be64(b, j->chain_id);
    lp_buf_put_be32(b, 0);
    lp_journal_put_check(j, b);
}


static void
lp_journal_put_record(const lp_journal_t *j, lp_buf_t *b, lp_journal_e ledger,
    const lp_u256_t *reserved)
{
    uint8_t  word[32];

    lp_u256_put_be(word, reserved);
    lp_buf_put_be32(b, (uint32_t) ledger << 24);
    lp_buf_put_be32(b, j->day);
    lp_buf_put(b, word, sizeof(word));
    lp_journal_put_check(j, b);
}


static int
lp_journal_is_unlimited(const lp_journal_ledger_t *l)
{
    return (l->budget.w[0] & l->budget.w[1] & l->budget.w[2] & l->budget.w[3])
           == UINT64_MAX;
}


static lp_status_t
lp_journal_write(int fd, const uint8_t *data, size_t len)
{
    ssize_t  n;

    while (len) {
        n = write(fd, data, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }

        if (n <= 0) {
            return LP_INTERNAL;
        }

        data += n;
        len -= (size_t) n;
    }

    return LP_OK;
}


/* a day that begins has nothing spent; the clock may not bring one back */

static void
lp_journal_enter_day(lp_journal_t *j, uint32_t day)
{
    unsigned  i;

    if (day <= j->day) {
        return;
    }

    j->day = day;

    for (i = 0; i < LP_JOURNAL_NLEDGERS; i++) {
        lp_u256_set(&j->ledgers[i].reserved, 0);
        lp_money_zero(&j->ledgers[i].spent);
    }
}


/* --- reading what a former run has left */

static int
lp_journal_is_whole(const lp_journal_t *j, const uint8_t *record)
{
    uint8_t  check[LP_JOURNAL_CHECK];

    lp_journal_check(j, check, record);

    return memcmp(check, record + LP_JOURNAL_RECORD - LP_JOURNAL_CHECK,
                  LP_JOURNAL_CHECK) == 0;
}


static lp_status_t
lp_journal_take_record(lp_journal_t *j, const uint8_t *record, int is_head)
{
    uint32_t  day;

    if (!lp_journal_is_whole(j, record)) {
        return LP_MALFORMED;
    }

    if (is_head) {
        return memcmp(record, LP_JOURNAL_MAGIC, 8) == 0 ? LP_OK
                                                        : LP_UNSUPPORTED;
    }

    if (record[0] >= LP_JOURNAL_NLEDGERS) {
        return LP_UNSUPPORTED;
    }

    day = lp_get_be32(record + 4);
    lp_journal_enter_day(j, day);

    if (day == j->day) {
        lp_u256_get_be(&j->ledgers[record[0]].reserved, record + 8, 32);
    }

    return LP_OK;
}


/* whole blocks but for the end of the file */

static ssize_t
lp_journal_read_block(int fd, uint8_t block[LP_JOURNAL_BLOCK])
{
    size_t   len = 0;
    ssize_t  n;

    do {
        n = read(fd, block + len, LP_JOURNAL_BLOCK - len);
        len += n > 0 ? (size_t) n : 0;
    } while ((n > 0 && len < LP_JOURNAL_BLOCK) || (n < 0 && errno == EINTR));

    return n < 0 ? -1 : (ssize_t) len;
}


/*
 * Only the last record can be torn: the one before was on disk before it was
 * begun. Anything wrong earlier is damage, and what was spent is not known.
 */

static lp_status_t
lp_journal_replay(lp_journal_t *j, int fd, unsigned *record)
{
    uint8_t      block[LP_JOURNAL_BLOCK];
    ssize_t      len, at;
    lp_status_t  s;
    struct stat  st;

    *record = 0;

    if (fstat(fd, &st) != 0) {
        return LP_MISSING;
    }

    for ( ;; ) {
        len = lp_journal_read_block(fd, block);
        if (len < 0) {
            return LP_MISSING;
        }

        for (at = 0; at + LP_JOURNAL_RECORD <= len; at += LP_JOURNAL_RECORD) {
            s = lp_journal_take_record(j, block + at, *record == 0);

            if (s != LP_OK) {
                return *record
                       && (*record + 1) * (off_t) LP_JOURNAL_RECORD
                          >= st.st_size ? LP_OK : s;
            }

            (*record)++;
        }

        if (len < LP_JOURNAL_BLOCK) {
            return LP_OK;
        }
    }
}


/* --- opening */

static int
lp_journal_is_at(int fd, const char *file)
{
    struct stat  ours, there;

    return fstat(fd, &ours) == 0 && stat(file, &there) == 0
           && ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}


static lp_status_t
lp_journal_sync_folder(const char *file)
{
    int          fd;
    char         folder[PATH_MAX];
    char        *slash;
    lp_status_t  s;

    snprintf(folder, sizeof(folder), "%s", file);
    slash = strrchr(folder, '/');

    if (slash == folder) {
        slash[1] = '\0';

    } else if (slash) {
        *slash = '\0';
    }

    fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1) {
        return LP_INTERNAL;
    }

    s = fsync(fd) == 0 ? LP_OK : LP_INTERNAL;
    close(fd);

    return s;
}


/* what is known, short and whole, in the place of what was read */

static lp_status_t
lp_journal_rewrite(lp_journal_t *j, int *fd)
{
    int          next;
    char         name[PATH_MAX];
    unsigned     i;
    lp_buf_t     b;
    lp_status_t  s;

    if (snprintf(name, sizeof(name), "%s.new", j->file) >= PATH_MAX) {
        return LP_LIMIT;
    }

    next = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                0600);
    if (next == -1) {
        return LP_INTERNAL;
    }

    lp_buf_init(&b, (1 + LP_JOURNAL_NLEDGERS) * LP_JOURNAL_RECORD);
    lp_journal_put_head(j, &b);

    for (i = 0; i < LP_JOURNAL_NLEDGERS; i++) {
        lp_journal_put_record(j, &b, (lp_journal_e) i,
                              &j->ledgers[i].reserved);
    }

    s = lp_buf_status(&b);

    if (s == LP_OK
        && (flock(next, LOCK_EX | LOCK_NB) != 0
            || lp_journal_write(next, b.data, b.len) != LP_OK
            || fsync(next) != 0
            || rename(name, j->file) != 0
            || lp_journal_sync_folder(j->file) != LP_OK))
    {
        s = LP_INTERNAL;
    }

    lp_buf_done(&b);

    if (s != LP_OK) {
        close(next);
        return s;
    }

    close(*fd);
    *fd = next;

    return LP_OK;
}


static void
lp_journal_explain(const lp_journal_t *j, lp_status_t s, unsigned record,
    char *why, size_t why_len)
{
    switch (s) {

    case LP_BUSY:
        snprintf(why, why_len, "the journal %s is in use by another signer: "
                 "stop that one, or give a journal of its own", j->file);
        break;

    case LP_MALFORMED:
    case LP_UNSUPPORTED:
        snprintf(why, why_len, record == 0
                 ? "the journal %s is of another key or chain, or no journal: "
                   "name the right file"
                 : "the journal %s is damaged in record %u: restore it, or "
                   "remove it and accept that this day begins anew", j->file,
                 record);
        break;

    case LP_MISMATCH:
        snprintf(why, why_len, "the journal %s belongs to someone else or "
                 "others may write it: chown it to us and chmod 600", j->file);
        break;

    default:
        snprintf(why, why_len, "the journal %s cannot be opened and written "
                 "(%s): check its folder and the space there", j->file,
                 strerror(errno));
    }
}


static lp_status_t
lp_journal_judge(int fd, const char *file)
{
    struct stat  st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return LP_MISSING;
    }

    if (st.st_uid != geteuid() || (st.st_mode & 022)) {
        return LP_MISMATCH;
    }

    /* a signer that opened it before another one replaced it has no lock */

    return flock(fd, LOCK_EX | LOCK_NB) == 0 && lp_journal_is_at(fd, file)
           ? LP_OK : LP_BUSY;
}


/* what the disk says, or what we know, whichever is more */

static void
lp_journal_merge(lp_journal_t *j, const lp_journal_t *found)
{
    unsigned  i;

    lp_journal_enter_day(j, found->day);

    for (i = 0; i < LP_JOURNAL_NLEDGERS && j->day == found->day; i++) {
        if (lp_u256_cmp(&found->ledgers[i].reserved, &j->ledgers[i].reserved)
            > 0)
        {
            j->ledgers[i].reserved = found->ledgers[i].reserved;
        }
    }
}


static lp_status_t
lp_journal_attach(lp_journal_t *j, char *why, size_t why_len)
{
    int           fd;
    unsigned      record = 0;
    struct stat   st;
    lp_status_t   s;
    lp_journal_t  found;

    memset(&found, 0, sizeof(found));
    found.address = j->address;
    found.chain_id = j->chain_id;

    fd = open(j->file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
              0600);
    s = fd == -1 ? LP_MISSING : lp_journal_judge(fd, j->file);

    if (s == LP_OK && fstat(fd, &st) == 0 && st.st_size > 0) {
        s = lp_journal_replay(&found, fd, &record);

        if (s == LP_OK && record == 0) {
            s = LP_MALFORMED;         /* a head is put whole, by a rename */
        }
    }

    if (s == LP_OK) {
        lp_journal_merge(j, &found);
        s = lp_journal_rewrite(j, &fd);
    }

    if (s != LP_OK) {
        lp_journal_explain(j, s, record, why, why_len);

        if (fd != -1) {
            close(fd);
        }

        return s;
    }

    j->fd = fd;

    return LP_OK;
}


lp_status_t
lp_journal_open(lp_journal_t *j, const char *file,
    const lp_address_t *address, uint64_t chain_id,
    const lp_u256_t budgets[LP_JOURNAL_NLEDGERS], const lp_log_t *log,
    char *why, size_t why_len)
{
    unsigned              i;
    lp_u256_t             one, chunks;
    lp_status_t           s;
    lp_journal_ledger_t  *l;

    memset(j, 0, sizeof(lp_journal_t));
    j->file = file;
    j->log = log;
    j->address = *address;
    j->chain_id = chain_id;
    j->fd = -1;

    lp_u256_set(&one, 1);
    lp_u256_set(&chunks, LP_JOURNAL_CHUNKS);

    for (i = 0; i < LP_JOURNAL_NLEDGERS; i++) {
        j->ledgers[i].budget = budgets[i];
        lp_u256_mul_div(&j->ledgers[i].chunk, &budgets[i], &one, &chunks, 1);
    }

    s = file ? lp_journal_attach(j, why, why_len) : LP_OK;

    for (i = 0; s == LP_OK && i < LP_JOURNAL_NLEDGERS; i++) {
        l = &j->ledgers[i];

        if (lp_money_from_wei(&l->spent, &l->reserved) != LP_OK) {
            snprintf(why, why_len, "the journal %s has a sum beyond all "
                     "money: restore it", file);
            s = LP_LIMIT;
        }
    }

    if (s != LP_OK && j->fd != -1) {
        close(j->fd);
        j->fd = -1;
    }

    return s;
}


void
lp_journal_close(lp_journal_t *j)
{
    unsigned              i;
    lp_journal_ledger_t  *l;

    if (j->fd == -1) {
        return;
    }

    for (i = 0; i < LP_JOURNAL_NLEDGERS; i++) {
        l = &j->ledgers[i];
        (void) lp_money_to_wei(&l->reserved, &l->spent, LP_ROUND_UP);
    }

    /* failing, it leaves the file as it is: then more counts as spent */

    (void) lp_journal_rewrite(j, &j->fd);

    close(j->fd);
    j->fd = -1;
}


/* --- spending */

static void
lp_journal_lose(lp_journal_t *j, int64_t now_s)
{
    lp_log(j->log, LP_LOG_ERROR, "signer: the journal %s cannot be written "
           "(%s); nothing that costs is signed until it can be", j->file,
           strerror(errno));

    close(j->fd);
    j->fd = -1;
    j->tried_s = now_s;
}


/* once a second: read again, and written whole, before anything counts */

static lp_status_t
lp_journal_recover(lp_journal_t *j, int64_t now_s)
{
    char  why[PATH_MAX + 200];

    if (now_s == j->tried_s) {
        return LP_INTERNAL;
    }

    j->tried_s = now_s;

    if (lp_journal_attach(j, why, sizeof(why)) != LP_OK) {
        lp_log(j->log, LP_LOG_ERROR, "signer: %s", why);
        return LP_INTERNAL;
    }

    lp_log(j->log, LP_LOG_WARN, "signer: the journal %s is written again",
           j->file);

    return LP_OK;
}


static lp_status_t
lp_journal_append(lp_journal_t *j, lp_journal_e ledger,
    const lp_u256_t *reserved, int64_t now_s)
{
    lp_buf_t     b;
    lp_status_t  s;

    if (j->fd == -1 && lp_journal_recover(j, now_s) != LP_OK) {
        return LP_INTERNAL;
    }

    lp_buf_init(&b, LP_JOURNAL_RECORD);
    lp_journal_put_record(j, &b, ledger, reserved);

    s = lp_buf_status(&b);

    if (s == LP_OK) {
        LP_FAILPOINT("journal_before_write");
        s = lp_journal_write(j->fd, b.data, b.len);
        LP_FAILPOINT("journal_before_fsync");

        if (s != LP_OK || fdatasync(j->fd) != 0) {
            lp_journal_lose(j, now_s);
            s = LP_INTERNAL;
        }

        LP_FAILPOINT("journal_after_fsync");
    }

    lp_buf_done(&b);

    return s;
}


/* a chunk more, or all that is needed, but no more than the budget */

static void
lp_journal_plan(lp_u256_t *reserved, const lp_journal_ledger_t *l,
    const lp_u256_t *need)
{
    if (lp_u256_add(reserved, &l->reserved, &l->chunk) != LP_OK
        || lp_u256_cmp(reserved, &l->budget) > 0)
    {
        *reserved = l->budget;
    }

    if (lp_u256_cmp(reserved, need) < 0) {
        *reserved = *need;
    }
}


lp_status_t
lp_journal_spend(lp_journal_t *j, lp_journal_e ledger,
    const lp_money_t *amount, int64_t now_s)
{
    lp_u256_t             wei, reserved;
    lp_money_t            spent;
    lp_status_t           s;
    lp_journal_ledger_t  *l = &j->ledgers[ledger];

    lp_journal_enter_day(j, (uint32_t) (now_s / LP_JOURNAL_DAY_S));

    if (lp_money_add(&spent, &l->spent, amount) != LP_OK
        || lp_money_to_wei(&wei, &spent, LP_ROUND_UP) != LP_OK
        || lp_u256_cmp(&wei, &l->budget) > 0)
    {
        return LP_LIMIT;
    }

    if (j->file && !lp_journal_is_unlimited(l)
        && lp_u256_cmp(&wei, &l->reserved) > 0)
    {
        lp_journal_plan(&reserved, l, &wei);

        s = lp_journal_append(j, ledger, &reserved, now_s);
        if (s != LP_OK) {
            return s;
        }

        l->reserved = reserved;
    }

    l->spent = spent;

    return LP_OK;
}


void
lp_journal_spent(lp_journal_t *j, lp_u256_t *wei, lp_journal_e ledger,
    int64_t now_s)
{
    lp_journal_enter_day(j, (uint32_t) (now_s / LP_JOURNAL_DAY_S));

    if (lp_money_to_wei(wei, &j->ledgers[ledger].spent, LP_ROUND_UP)
        != LP_OK)
    {
        lp_u256_set(wei, 0);
    }
}
