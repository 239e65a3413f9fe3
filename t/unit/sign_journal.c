/* the journal: what is signed is on disk first, whatever happens to either */

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "common/signer/journal.h"
#include "t/unit/sign.h"


#define RECORD  48


static lp_address_t          self;
static const lp_log_t        quiet = { NULL, NULL, LP_LOG_ERROR };


static lp_status_t
open_at(lp_journal_t *j, const char *name)
{
    char       why[4600];
    lp_u256_t  budgets[LP_JOURNAL_NLEDGERS];

    budgets[LP_JOURNAL_TICKETS] = wei("1000wei");
    budgets[LP_JOURNAL_GAS] = wei("50wei");
    memset(&budgets[LP_JOURNAL_VALUE], 0xff, 32);

    return lp_journal_open(j, name, &self, 31337, budgets, &quiet, why,
                           sizeof(why));
}


static lp_status_t
spend(lp_journal_t *j, lp_journal_e ledger, uint64_t amount, int64_t now_s)
{
    lp_u256_t   v;
    lp_money_t  m;

    lp_u256_set(&v, amount);
    lp_money_from_wei(&m, &v);

    return lp_journal_spend(j, ledger, &m, now_s);
}


static uint64_t
spent(lp_journal_t *j, int64_t now_s)
{
    lp_u256_t  v;

    lp_journal_spent(j, &v, LP_JOURNAL_TICKETS, now_s);

    return v.w[0];
}


/* as after kill -9: the file is all that is left */

static void
drop(lp_journal_t *j)
{
    close(j->fd);
}


static off_t
size_of(const char *name)
{
    struct stat  st;

    return stat(name, &st) == 0 ? st.st_size : -1;
}


static void
test_days(void)
{
    off_t         before;
    char          name[128];
    lp_journal_t  j, other;

    strcpy(name, sign_path("days"));
    ok(open_at(&j, name) == LP_OK, "a journal is made");
    ok(open_at(&other, name) == LP_BUSY, "T-92: a second signer is refused");

    before = size_of(name);
    ok(spend(&j, LP_JOURNAL_TICKETS, 1, DAY) == LP_OK
       && size_of(name) == before + RECORD, "a chunk is on disk");
    ok(spend(&j, LP_JOURNAL_TICKETS, 9, DAY) == LP_OK
       && size_of(name) == before + RECORD,
       "a hundredth of the budget is one record");
    ok(spend(&j, LP_JOURNAL_TICKETS, 1, DAY) == LP_OK
       && size_of(name) == before + 2 * RECORD, "the next wei another");
    drop(&j);

    ok(open_at(&j, name) == LP_OK && spent(&j, DAY) == 20,
       "I8: after a crash the open chunk counts as spent");
    ok(spend(&j, LP_JOURNAL_TICKETS, 980, DAY) == LP_OK, "all of the day");
    ok(spend(&j, LP_JOURNAL_TICKETS, 1, DAY) == LP_LIMIT, "and no more");
    ok(spend(&j, LP_JOURNAL_GAS, 50, DAY) == LP_OK
       && spend(&j, LP_JOURNAL_GAS, 1, DAY) == LP_LIMIT,
       "gas has a budget of its own");
    ok(spend(&j, LP_JOURNAL_VALUE, UINT64_MAX, DAY) == LP_OK,
       "no limit is no limit");
    lp_journal_close(&j);

    ok(open_at(&j, name) == LP_OK
       && spend(&j, LP_JOURNAL_TICKETS, 1, DAY + 86399) == LP_LIMIT,
       "I8: a restart brings nothing back");
    ok(spend(&j, LP_JOURNAL_TICKETS, 3, DAY + 86400) == LP_OK,
       "midnight does");
    ok(spend(&j, LP_JOURNAL_TICKETS, 997, DAY) == LP_OK
       && spend(&j, LP_JOURNAL_TICKETS, 1, DAY) == LP_LIMIT,
       "T-89: a clock that goes back finds today's budget, not yesterday's");
    lp_journal_close(&j);

    self.b[0] ^= 1;
    ok(open_at(&j, name) == LP_MALFORMED, "another key's journal is refused");
    self.b[0] ^= 1;
    ok(open_at(&j, name) == LP_OK && spent(&j, DAY + 86400) == 1000,
       "and is not harmed");
    lp_journal_close(&j);

    strcpy(name, sign_path("closed"));
    ok(open_at(&j, name) == LP_OK
       && spend(&j, LP_JOURNAL_TICKETS, 1, DAY) == LP_OK, "a wei spent");
    lp_journal_close(&j);
    ok(open_at(&j, name) == LP_OK && spent(&j, DAY) == 1,
       "an orderly end gives the rest of the chunk back");
    lp_journal_close(&j);
}


/*
 * Cut at each byte and bent at each bit: it opens with what the whole records
 * say, or it does not open. It never opens with less than the last record
 * but one.
 */

static void
test_torn(void)
{
    int           cuts, bends, fd;
    char          name[128];
    FILE         *f;
    size_t        i, len, head = 4 * RECORD;
    uint8_t       bytes[1024], copy[1024];
    lp_journal_t  j;

    strcpy(name, sign_path("torn"));
    open_at(&j, name);

    for (i = 0; i < 5; i++) {
        spend(&j, LP_JOURNAL_TICKETS, 10, DAY);              /* 10 .. 50 */
    }

    drop(&j);
    f = fopen(name, "r");
    len = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    is_int((int64_t) len, (int64_t) head + 5 * RECORD, "five records");

    for (i = head, cuts = 0; i <= len; i++) {
        fd = open(name, O_WRONLY | O_TRUNC);
        cuts += write(fd, bytes, i) == (ssize_t) i;
        close(fd);

        cuts += open_at(&j, name) == LP_OK
                && spent(&j, DAY) == 10 * ((i - head) / RECORD);
        drop(&j);
    }

    is_int(cuts, 2 * (5 * RECORD + 1), "I8: torn at each byte it opens, with "
           "what was on disk");

    for (i = 0, cuts = 0; i < head; i++) {
        fd = open(name, O_WRONLY | O_TRUNC);
        cuts += write(fd, bytes, i) == (ssize_t) i;
        close(fd);
        cuts += open_at(&j, name) == (i == 0 || i >= RECORD ? LP_OK
                                                            : LP_MALFORMED);
        drop(&j);
    }

    is_int(cuts, 2 * (int) head, "... but not within its head, which a "
           "rename has put there whole");

    for (i = 0, bends = 0; i < len * 8; i++) {
        memcpy(copy, bytes, len);
        copy[i / 8] ^= (uint8_t) (1 << i % 8);
        fd = open(name, O_WRONLY | O_TRUNC);
        bends += write(fd, copy, len) == (ssize_t) len;
        close(fd);

        if (open_at(&j, name) == LP_OK) {
            bends += i / 8 >= len - RECORD && spent(&j, DAY) == 40;
            drop(&j);

        } else {
            bends += i / 8 < len - RECORD;
        }
    }

    is_int(bends, 2 * (int) len * 8, "T-87: a bit bent before the last record "
           "is damage, and refused");
}


/* a disk that is full: no space for a record, then space again */

static void
test_full(void)
{
    char           name[128];
    lp_journal_t   j;
    struct rlimit  small = { 0, RLIM_INFINITY }, large;

    strcpy(name, sign_path("full"));
    open_at(&j, name);
    spend(&j, LP_JOURNAL_TICKETS, 10, DAY);

    getrlimit(RLIMIT_FSIZE, &large);
    signal(SIGXFSZ, SIG_IGN);
    small.rlim_cur = (rlim_t) size_of(name) + 7;
    setrlimit(RLIMIT_FSIZE, &small);

    ok(spend(&j, LP_JOURNAL_TICKETS, 1, DAY) == LP_INTERNAL,
       "T-86: a record that cannot be written signs nothing");
    ok(spend(&j, LP_JOURNAL_TICKETS, 1, DAY) == LP_INTERNAL,
       "... nor is the same file tried again at once");

    small.rlim_cur = 16;
    setrlimit(RLIMIT_FSIZE, &small);
    ok(spend(&j, LP_JOURNAL_TICKETS, 1, DAY + 1) == LP_INTERNAL,
       "... a second later it is, in vain");
    setrlimit(RLIMIT_FSIZE, &large);
    ok(spend(&j, LP_JOURNAL_TICKETS, 1, DAY + 1) == LP_INTERNAL,
       "... once a second");
    ok(spend(&j, LP_JOURNAL_TICKETS, 1, DAY + 2) == LP_OK
       && spent(&j, DAY + 2) == 11, "with space it is read again and written");
    drop(&j);
    ok(open_at(&j, name) == LP_OK && spent(&j, DAY) == 20,
       "I8: and holds what was signed");
    drop(&j);

    ok(open_at(&j, sign_path("none/journal")) == LP_MISSING,
       "a folder that is not there");
    ok(symlink(name, sign_path("link")) == 0
       && open_at(&j, sign_path("link")) == LP_MISSING, "a symbolic link");
    chmod(name, 0666);
    ok(open_at(&j, name) == LP_MISMATCH, "one that others may write");
}


int
main(void)
{
    plan(30);

    sign_begin();
    memset(self.b, 0x42, sizeof(self.b));

    test_days();
    test_torn();
    test_full();

    return sign_end();
}
