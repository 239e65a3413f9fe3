/* the store: what is done is durable, once, and read back as it was */

#define _GNU_SOURCE                                            /* memmem */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orchestrator/store_parts.h"
#include "t/unit/tap.h"


#define MANY  100                                     /* winners of one op */


static char          dir[] = "/tmp/livepeer-store-XXXXXX";
static char          path[128], why[512];
static orch_loop_t  *loop;
static orch_timer_t  wake;

static void
stop(void *data)
{
    (void) data;
    orch_loop_stop(loop);
}


static void
nothing(void *ctx, lp_log_level_e level, const char *line)
{
    (void) ctx;
    (void) level;
    (void) line;
}


static const lp_log_t  to_nowhere = { nothing, NULL, LP_LOG_ERROR };


static orch_store_t *
open_store(int redeems, int fronts)
{
    orch_store_conf_t  conf;

    memset(&conf, 0, sizeof(conf));
    conf.path = path;
    conf.loop = loop;
    conf.log = &to_nowhere;
    conf.redeems = (uint8_t) redeems;
    conf.fronts = (uint8_t) fronts;

    return orch_store_create(&conf, why, sizeof(why));
}


static lp_status_t
run(orch_store_t *s, orch_op_t *op)
{
    op->wake = &wake;
    orch_store_start(s, op);

    while (op->status == LP_AGAIN) {
        orch_loop_run(loop);
    }

    return op->status;
}


static orch_winner_t
winner(unsigned n, unsigned sender)
{
    orch_winner_t  w;

    memset(&w, 0, sizeof(w));
    memset(w.ticket.recipient.b, 0x70, 20);
    memset(w.ticket.sender.b, (int) sender, 20);
    lp_u256_set(&w.ticket.face_value, 1000 + n);
    memset(&w.ticket.win_prob, 0xff, 31);
    w.ticket.nonce = n;
    w.ticket.round = 7;
    w.ticket.round_hash.b[3] = 1;
    memset(w.sig.b, 0x5a, sizeof(w.sig.b));
    lp_u256_set(&w.rand, 77);
    lp_ticket_rand_hash(&w.ticket.rand_hash, &w.rand);
    lp_ticket_hash(&w.hash, &w.ticket);
    w.expiration_block = 2000 - n;
    w.won_s = 1700000000 + n;

    return w;
}


static lp_status_t
put(orch_store_t *s, unsigned n, unsigned sender)
{
    orch_op_t      op = { .what = store_put_winners, .nwinners = 1 };
    orch_winner_t  w = winner(n, sender);

    op.winners = &w;

    return run(s, &op);
}


static lp_status_t
put_many(orch_store_t *s, unsigned n, unsigned sender)
{
    unsigned              i;
    orch_op_t             op = { .what = store_put_winners };
    static orch_winner_t  w[MANY];

    for (i = 0; i < MANY; i++) {
        w[i] = winner(n + i, sender);
    }

    op.winners = w;
    op.nwinners = MANY;

    return run(s, &op);
}


static size_t
count(orch_store_t *s, unsigned states)
{
    size_t          n;
    orch_winner_t  *list;

    if (orch_store_winners(s, &list, &n, states, 100000) != LP_OK) {
        return 999999;
    }

    free(list);

    return n;
}


static void
test_winners(void)
{
    size_t              n;
    int64_t             ids[1];
    lp_u256_t           wei;
    orch_op_t           op = { .what = store_put_winners };
    struct stat         st;
    orch_winner_t       w[3], *list;
    orch_store_t       *s = open_store(1, 1);
    orch_store_sums_t   sums;

    if (!ok(s != NULL, "a new store")) {
        printf("# %s\n", why);
        return;
    }

    ok(stat(path, &st) == 0 && (st.st_mode & 077) == 0,
       "T-04: nobody else reads the numbers behind commitments");

    w[0] = winner(1, 0x11);
    w[1] = winner(2, 0x11);
    op.winners = w;
    op.nwinners = 2;
    ok(run(s, &op) == LP_OK && w[0].id == 1 && w[1].id == 2,
       "two winners have ids");

    ok(put(s, 1, 0x11) == LP_REPLAYED, "T-03: a ticket is stored once");

    w[2] = winner(3, 0x11);
    op.winners = w + 1;
    op.nwinners = 2;
    ok(run(s, &op) == LP_REPLAYED && count(s, 0x3f) == 2,
       "T-06: all winners of an op, or none");

    put(s, 4, 0x22);
    ok(orch_store_winners(s, &list, &n, 1 << winner_won, 10) == LP_OK
       && n == 3 && list[0].ticket.nonce == 4, "the oldest deadline first");
    ok(memcmp(&list[2].ticket, &w[0].ticket, sizeof(lp_ticket_t)) == 0
       && memcmp(list[2].sig.b, w[0].sig.b, 65) == 0
       && lp_u256_cmp(&list[2].rand, &w[0].rand) == 0
       && list[2].expiration_block == 1999 && list[2].won_s == 1700000001
       && list[2].state == winner_won && list[2].tx == 0
       && list[2].reason[0] == '\0', "every field comes back");
    free(list);

    orch_store_pending(s, &wei, &w[0].ticket.sender);
    is_int((int64_t) wei.w[0], 2003, "T-08: pending counts from the storing");

    ids[0] = 1;
    memset(&op, 0, sizeof(op));
    op.what = store_set_winners;
    op.ids = ids;
    op.nids = 1;
    op.state = winner_final;
    op.block = 99;
    lp_u256_set(&op.paid_wei, 900);
    strcpy(op.reason, "paid in part");
    ok(run(s, &op) == LP_OK, "one is final");

    orch_store_winners(s, &list, &n, 1 << winner_final, 10);
    ok(n == 1 && list[0].block == 99 && list[0].paid_wei.w[0] == 900
       && strcmp(list[0].reason, "paid in part") == 0, "as it was told");
    free(list);

    orch_store_pending(s, &wei, &w[0].ticket.sender);
    is_int((int64_t) wei.w[0], 1002, "and is not pending");

    orch_store_sums(s, &sums);
    ok(sums.winners[winner_won] == 2 && sums.winners[winner_final] == 1
       && sums.won_wei.w[0] == 3007 && sums.pending_wei.w[0] == 2006
       && sums.redeemed_wei.w[0] == 900, "the sums");

    put(s, 5, 0x22);
    orch_store_sums(s, &sums);
    is_int((int64_t) sums.winners[winner_won], 3, "follow what is written");
    ok(orch_store_commits(s)->count >= 6, "commits are timed");

    orch_store_destroy(&s);
    s = open_store(1, 1);
    is_int((int64_t) count(s, 0x3f), 4, "T-06: all of it after a restart");
    orch_store_destroy(&s);
}


static void
test_txs(void)
{
    size_t           n;
    int64_t          ids[2] = { 2, 3 };
    orch_op_t        op = { .what = store_put_tx };
    orch_tx_t        tx, *list;
    lp_hash_t        hash = { { 1, 2, 3 } };
    orch_store_t    *s = open_store(1, 1);
    orch_winner_t   *winners;
    uint8_t          raw[200];

    memset(raw, 0xab, sizeof(raw));
    memset(&tx, 0, sizeof(tx));
    tx.kind = tx_batch;
    tx.nonce = 41;
    tx.hash.b[0] = 9;
    tx.raw = raw;
    tx.raw_len = sizeof(raw);
    lp_u256_set(&tx.max_fee, 30);
    lp_u256_set(&tx.max_priority, 2);
    tx.gas = 350000;
    tx.signed_s = 5;

    is_int((int64_t) orch_store_next_nonce(s), 0, "no nonce in the journal");

    op.tx = &tx;
    op.ids = ids;
    op.nids = 2;
    ok(run(s, &op) == LP_OK && tx.id == 1, "a transaction of two winners");

    orch_store_winners(s, &winners, &n, 1 << winner_signed, 10);
    ok(n == 2 && winners[0].tx == 1 && winners[1].tx == 1,
       "which are signed and name it");
    free(winners);

    is_int((int64_t) orch_store_next_nonce(s), 42, "the next nonce");
    ok(run(s, &op) == LP_REPLAYED, "the same transaction is there once");

    memset(&op, 0, sizeof(op));
    op.what = store_set_tx;
    op.tx = &tx;
    tx.state = tx_mined;
    tx.block = 1234;
    ok(run(s, &op) == LP_OK
       && orch_store_txs(s, &list, &n, 1 << tx_mined) == LP_OK && n == 1
       && list[0].kind == tx_batch && list[0].block == 1234
       && list[0].nonce == 41 && list[0].raw_len == 200
       && memcmp(list[0].raw, raw, 200) == 0 && list[0].gas == 350000
       && list[0].max_fee.w[0] == 30 && list[0].signed_s == 5,
       "mined, with every field");
    orch_store_free_txs(list, n);

    memset(&op, 0, sizeof(op));
    op.what = store_reveal;
    op.hashes = &hash;
    op.nhashes = 1;
    ok(!orch_store_revealed(s, &hash), "nothing is revealed");
    ok(run(s, &op) == LP_OK && orch_store_revealed(s, &hash),
       "T-04: revealed");
    ok(run(s, &op) == LP_OK, "twice is once");
    orch_store_destroy(&s);

    s = open_store(0, 0);
    ok(orch_store_revealed(s, &hash), "T-04: also after a restart");
    orch_store_destroy(&s);
}


/* many ops are committed together; an owner may go away */

static void
test_together(void)
{
    int            i, good = 0;
    size_t         before;
    orch_op_t      ops[200];
    orch_winner_t  w[200];
    orch_store_t  *s = open_store(1, 1);

    before = count(s, 0x3f);
    memset(ops, 0, sizeof(ops));

    for (i = 0; i < 200; i++) {
        w[i] = winner((unsigned) (i < 100 ? 100 + i : 100 + i % 50), 0x33);
        ops[i].what = store_put_winners;
        ops[i].winners = &w[i];
        ops[i].nwinners = 1;
        ops[i].wake = &wake;
        orch_store_start(s, &ops[i]);
    }

    orch_store_leave(&ops[7]);
    memset(&w[7], 0, sizeof(w[7]));

    for (i = 199; i >= 0; i--) {
        while (i != 7 && ops[i].status == LP_AGAIN) {
            orch_loop_run(loop);
        }
    }

    for (i = 0; i < 200; i++) {
        good += i != 7 && ops[i].status == LP_OK;
    }

    is_int(good, 99, "each replay fails alone");
    is_int((int64_t) (count(s, 0x3f) - before), 100,
           "and what was left is stored all the same");
    ok(orch_store_commits(s)->count >= 200, "timed each");
    orch_store_destroy(&s);
}


/* T-87, T-92: another process, a child, another filesystem */

static void
test_others(void)
{
    int            status;
    pid_t          pid;
    orch_store_t  *s = open_store(1, 1), *other;

    pid = fork();
    if (pid == 0) {
        other = open_store(0, 1);
        _exit(other == NULL && strstr(why, "another orchestrator") ? 0 : 1);
    }

    waitpid(pid, &status, 0);
    is_int(status, 0, "T-92: a second front is refused");

    pid = fork();
    if (pid == 0) {
        other = open_store(1, 0);
        _exit(other == NULL && strstr(why, "redeemer") ? 0 : 1);
    }

    waitpid(pid, &status, 0);
    is_int(status, 0, "T-79: a second redeemer is refused");

    pid = fork();
    if (pid == 0) {
        orch_winner_t  w = winner(900, 0x44);
        orch_op_t      op = { .what = store_put_winners, .winners = &w,
                              .nwinners = 1 };

        orch_store_start(s, &op);
        status = op.status == LP_INTERNAL ? 0 : 1;
        orch_store_destroy(&s);
        _exit(status);
    }

    waitpid(pid, &status, 0);
    is_int(status, 0, "T-87: a child writes nothing");
    ok(put(s, 900, 0x44) == LP_OK, "T-87: and its parent goes on");
    orch_store_destroy(&s);

    s = open_store(0, 1);
    pid = fork();
    if (pid == 0) {
        orch_loop_t  *mine = orch_loop_create();

        loop = mine;
        other = open_store(1, 0);
        _exit(other ? 0 : 1);
    }

    waitpid(pid, &status, 0);
    is_int(status, 0, "a front and a redeemer share the file");
    orch_store_destroy(&s);

    ok(orch_store_place_is_network(0x6969)
       && orch_store_place_is_network(0xff534d42)
       && !orch_store_place_is_network(0xef53)
       && !orch_store_place_is_network(0x01021994),
       "T-87: NFS and SMB are no place for it, ext4 and tmpfs are");
}


static long
file_size(const char *file)
{
    struct stat  st;

    return stat(file, &st) ? -1 : (long) st.st_size;
}


static void
flip(const char *file, long at)
{
    int   fd = open(file, O_RDWR);
    char  c = 0;

    if (pread(fd, &c, 1, at) == 1) {
        c ^= 0x40;
        ok(pwrite(fd, &c, 1, at) == 1, "a bit at %ld flips", at);
    }

    close(fd);
}


/* the place of some bytes in a file */

static long
find(const char *file, const void *bytes, size_t len)
{
    long   at = -1;
    FILE  *f = fopen(file, "r");
    char  *all;
    long   size = file_size(file);
    void  *p;

    all = malloc((size_t) size);
    if (f && all && fread(all, 1, (size_t) size, f) == (size_t) size) {
        p = memmem(all, (size_t) size, bytes, len);
        at = p ? (char *) p - all : -1;
    }

    fclose(f);
    free(all);

    return at;
}


static void
test_damage(void)
{
    char           other[300];
    orch_winner_t  w = winner(900, 0x44);
    orch_store_t  *s;

    flip(path, find(path, w.sig.b, 65) - 33);
    s = open_store(1, 1);
    ok(s == NULL && strstr(why, "damaged"),
       "T-87: a flipped bit of a ticket is seen");
    printf("# %s\n", why);

    flip(path, 4096 * 2 + 3);
    s = open_store(1, 1);
    ok(s == NULL && strstr(why, "move it and") && strstr(why, "spill"),
       "T-87: a broken page is refused with guidance");
    printf("# %s\n", why);

    snprintf(other, sizeof(other), "%s.old", path);
    rename(path, other);
    snprintf(other, sizeof(other), "%s-wal", path);
    unlink(other);
    s = open_store(1, 1);
    ok(s && count(s, 0x3f) == 0, "with the old one away a new one starts");
    orch_store_destroy(&s);
}


static void
test_newer(void)
{
    int            fd;
    orch_store_t  *s;
    uint8_t        version[4] = { 0, 0, 0, 9 };

    fd = open(path, O_RDWR);
    ok(pwrite(fd, version, 4, 60) == 4, "a schema of the future");
    close(fd);

    s = open_store(1, 1);
    ok(s == NULL && strstr(why, "newer version"), "T-92: is refused");
    version[3] = 1;
    fd = open(path, O_RDWR);
    ok(pwrite(fd, version, 4, 60) == 4, "back again");
    close(fd);
}


static void
fill_disk(const char *file)
{
    int          fd = open(file, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ssize_t      n;
    static char  block[4096];

    do {
        n = write(fd, block, sizeof(block));
    } while (n > 0);

    close(fd);
}


/* a small filesystem of our own: the store's path leads there, and junk fills
   it */

static int
small_disk(const char *options, char junk[128], char old[128])
{
    char  mnt[64];

    snprintf(mnt, sizeof(mnt), "%s/small", dir);
    mkdir(mnt, 0700);

    if (mount("tmpfs", mnt, "tmpfs", 0, options) != 0) {
        ok(1, "T-86: # SKIP only root can mount a small filesystem");
        return 0;
    }

    memcpy(old, path, sizeof(path));
    snprintf(path, sizeof(path), "%s/winners.db", mnt);
    snprintf(junk, 128, "%s/junk", mnt);

    return 1;
}


static void
small_disk_done(const char old[128])
{
    char  mnt[64];

    snprintf(mnt, sizeof(mnt), "%s/small", dir);
    umount(mnt);
    memcpy(path, old, sizeof(path));
}


/* T-86 on a small filesystem of our own */

static void
test_full(void)
{
    int            i, stored = 0, refused = 0;
    char           junk[128], old[128];
    size_t         rows;
    lp_u256_t      wei;
    lp_address_t   sender;
    orch_store_t  *s;

    if (!small_disk("size=100m", junk, old)) {
        return;
    }

    s = open_store(1, 1);
    ok(s && put(s, 1, 0x55) == LP_OK, "T-86: on a small disk");
    fill_disk(junk);

    for (i = 2; i < 6000; i++) {
        stored += put(s, (unsigned) i, 0x55) == LP_OK;
    }

    is_int(stored, 5998, "T-86: a full disk loses no winner");

    fill_disk(junk);

    for (i = 6000; i < 12000; i++) {
        stored += put(s, (unsigned) i, 0x55) == LP_OK;
    }

    is_int(stored, 11998, "T-86: the spill log takes what the database cannot");
    rows = count(s, 0x3f);
    ok(rows < 11999, "T-86: %zu rows are in the database", rows);
    ok(put(s, 11999, 0x55) == LP_REPLAYED,
       "T-03: what was spilled is not taken twice");
    memset(sender.b, 0x55, 20);
    orch_store_pending(s, &wei, &sender);
    is_int((int64_t) wei.w[0], 11999 * 1000 + 11999 * 6000,
           "T-08: what was spilled is pending");
    ok(orch_store_healthy(s), "payments are taken");

    orch_store_destroy(&s);
    unlink(junk);
    s = open_store(1, 1);

    if (s == NULL) {
        printf("# %s\n", why);
        exit(1);
    }

    is_int((int64_t) count(s, 0x3f), 11999, "T-86: all winners are back");
    fill_disk(junk);

    for (i = 12000; i < 90000 && !refused; i += refused ? 0 : MANY) {
        refused = put_many(s, (unsigned) i, 0x55) != LP_OK;
    }

    ok(refused && !orch_store_healthy(s),
       "T-86: when nothing can be written, payments are refused (%d)", i);
    rows = (size_t) i;
    unlink(junk);

    for (i = 0; i < 100 && !orch_store_healthy(s); i++) {
        usleep(50000);
    }

    ok(orch_store_healthy(s), "T-86: space comes back, so do payments");
    ok(put(s, 100000, 0x55) == LP_OK
       && count(s, 0x3f) == rows, "T-86: and nothing is missing");
    orch_store_destroy(&s);
    small_disk_done(old);
}


/* the same while winners come all the time: there is no quiet second in which
   what was spilled could be read back */

static void
test_full_busy(void)
{
    int            i, spilled;
    unsigned       n = 1;
    char           junk[128], old[128];
    orch_store_t  *s;

    if (!small_disk("size=30m", junk, old)) {
        return;
    }

    s = open_store(1, 1);
    fill_disk(junk);

    do {
        spilled = put(s, n, 0x55) == LP_OK && s->spill.n;
        n++;
    } while (!spilled && s->spill.reserve);

    for (i = 0; i < 100 && !spilled; i++) {
        fill_disk(junk);                        /* the reserve's room too */
        spilled = put_many(s, n, 0x55) == LP_OK && s->spill.n;
        n += MANY;
    }

    ok(spilled, "T-86: winner %u is spilled", n);
    unlink(junk);

    for (i = 0; i < 250 && s->spill.n; i++) {
        put(s, n++, 0x55);
        usleep(20000);
    }

    ok(s->spill.n == 0, "T-86: read back after %d ms in which others came",
       i * 20);
    is_int((int64_t) count(s, 0x3f), n - 1, "T-86: all of them are there");
    orch_store_destroy(&s);
    small_disk_done(old);
}


int
main(void)
{
    char  command[300];

    if (mkdtemp(dir) == NULL) {
        return 1;
    }

    snprintf(path, sizeof(path), "%s/winners.db", dir);
    loop = orch_loop_create();
    orch_timer_init(&wake, loop, stop, NULL);

    test_winners();
    test_txs();
    test_together();
    test_others();
    test_damage();
    test_newer();
    test_full();
    test_full_busy();

    orch_timer_done(&wake);
    orch_loop_destroy(&loop);
    snprintf(command, sizeof(command), "rm -rf %s", dir);

    return system(command) ? 1 : done();
}
