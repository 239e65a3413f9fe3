/*
 * The spill log: 16 MiB that are ours before the disk is full, for winners
 * that the database cannot take (T-86); and a reserve that is given up first.
 *
 *   header  magic 8 | epoch 8
 *   record  magic 4 | length 4 | bytes | checksum 8, over epoch and place too
 *
 * A record of an older epoch does not check, so one small write empties the
 * log.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/util/failpoint.h"
#include "orchestrator/store_parts.h"


#define ORCH_SPILL_SIZE     (16 * 1024 * 1024)
#define ORCH_SPILL_RESERVE  (4 * 1024 * 1024)
#define ORCH_SPILL_HEAD     16
#define ORCH_SPILL_MARK     0x4c505752                            /* LPWR */
#define ORCH_SPILL_RECORD   (8 + ORCH_STORE_WINNER + 8)


static const char  orch_spill_magic[8] = { 'L', 'P', 'S', 'P', 'I', 'L', 'L',
                                           '1' };


static uint8_t *
orch_spill_put_bytes(uint8_t *p, const void *bytes, size_t len)
{
    memcpy(p, bytes, len);

    return p + len;
}


static uint8_t *
orch_spill_put_int(uint8_t *p, uint64_t v, int len)
{
    int  i;

    for (i = 0; i < len; i++) {
        p[i] = (uint8_t) (v >> (8 * (len - 1 - i)));
    }

    return p + len;
}


static uint8_t *
orch_spill_put_u256(uint8_t *p, const lp_u256_t *v)
{
    lp_u256_put_be(p, v);

    return p + 32;
}


static uint64_t
orch_spill_get_int(const uint8_t **p, int len)
{
    int       i;
    uint64_t  v = 0;

    for (i = 0; i < len; i++) {
        v = v << 8 | (*p)[i];
    }

    *p += len;

    return v;
}


static void
orch_spill_get_bytes(const uint8_t **p, void *out, size_t len)
{
    memcpy(out, *p, len);
    *p += len;
}


static void
orch_spill_get_u256(const uint8_t **p, lp_u256_t *v)
{
    lp_u256_get_be(v, *p, 32);
    *p += 32;
}


static void
orch_spill_encode(uint8_t p[ORCH_STORE_WINNER], const orch_winner_t *w)
{
    const lp_ticket_t  *t = &w->ticket;

    p = orch_spill_put_bytes(p, t->recipient.b, LP_ADDRESS_LEN);
    p = orch_spill_put_bytes(p, t->sender.b, LP_ADDRESS_LEN);
    p = orch_spill_put_u256(p, &t->face_value);
    p = orch_spill_put_u256(p, &t->win_prob);
    p = orch_spill_put_int(p, t->nonce, 4);
    p = orch_spill_put_bytes(p, t->rand_hash.b, 32);
    p = orch_spill_put_int(p, t->round, 8);
    p = orch_spill_put_bytes(p, t->round_hash.b, 32);
    p = orch_spill_put_bytes(p, w->sig.b, LP_SIG_LEN);
    p = orch_spill_put_u256(p, &w->rand);
    p = orch_spill_put_bytes(p, w->hash.b, 32);
    p = orch_spill_put_int(p, w->expiration_block, 8);
    orch_spill_put_int(p, (uint64_t) w->won_s, 8);
}


static void
orch_spill_decode(orch_winner_t *w, const uint8_t *p)
{
    lp_ticket_t  *t = &w->ticket;

    memset(w, 0, sizeof(orch_winner_t));

    orch_spill_get_bytes(&p, t->recipient.b, LP_ADDRESS_LEN);
    orch_spill_get_bytes(&p, t->sender.b, LP_ADDRESS_LEN);
    orch_spill_get_u256(&p, &t->face_value);
    orch_spill_get_u256(&p, &t->win_prob);
    t->nonce = (uint32_t) orch_spill_get_int(&p, 4);
    orch_spill_get_bytes(&p, t->rand_hash.b, 32);
    t->round = orch_spill_get_int(&p, 8);
    orch_spill_get_bytes(&p, t->round_hash.b, 32);
    orch_spill_get_bytes(&p, w->sig.b, LP_SIG_LEN);
    orch_spill_get_u256(&p, &w->rand);
    orch_spill_get_bytes(&p, w->hash.b, 32);
    w->expiration_block = orch_spill_get_int(&p, 8);
    w->won_s = (int64_t) orch_spill_get_int(&p, 8);
}


static void
orch_spill_checksum(uint8_t out[8], uint64_t epoch, uint64_t at,
    const uint8_t *record)
{
    uint8_t      place[16];
    lp_hash_t    h;
    lp_keccak_t  k;

    orch_spill_put_int(orch_spill_put_int(place, epoch, 8), at, 8);

    lp_keccak_init(&k);
    lp_keccak_update(&k, place, sizeof(place));
    lp_keccak_update(&k, record, ORCH_SPILL_RECORD - 8);
    lp_keccak_final(&k, &h);

    memcpy(out, h.b, 8);
}


static int
orch_spill_write(orch_spill_t *sp, const void *bytes, size_t len, uint64_t at)
{
    ssize_t         n;
    const uint8_t  *p = bytes;

    while (len) {
        n = pwrite(sp->fd, p, len, (off_t) at);

        if (n <= 0) {
            if (n < 0 && errno == EINTR) {
                continue;
            }

            return -1;
        }

        p += n;
        at += (uint64_t) n;
        len -= (size_t) n;
    }

    LP_FAILPOINT("spill_before_fsync");

    /* what a failed fsync has lost, a second one does not bring back */

    if (fdatasync(sp->fd) != 0) {
        close(sp->fd);
        sp->fd = -1;
        return -1;
    }

    LP_FAILPOINT("spill_after_fsync");

    return 0;
}


static int
orch_spill_write_head(orch_spill_t *sp)
{
    uint8_t  head[ORCH_SPILL_HEAD];

    memcpy(head, orch_spill_magic, 8);
    orch_spill_put_int(head + 8, sp->epoch, 8);

    return orch_spill_write(sp, head, sizeof(head), 0);
}


/* the record at a place; 0: there is none that is whole and ours */

static int
orch_spill_get(orch_spill_t *sp, orch_winner_t *w, uint64_t at)
{
    uint8_t         record[ORCH_SPILL_RECORD], sum[8];
    lp_hash_t       hash;
    const uint8_t  *p = record;

    if (at + ORCH_SPILL_RECORD > ORCH_SPILL_SIZE
        || pread(sp->fd, record, sizeof(record), (off_t) at)
           != (ssize_t) sizeof(record)
        || orch_spill_get_int(&p, 4) != ORCH_SPILL_MARK
        || orch_spill_get_int(&p, 4) != ORCH_STORE_WINNER)
    {
        return 0;
    }

    orch_spill_checksum(sum, sp->epoch, at, record);

    if (memcmp(sum, record + ORCH_SPILL_RECORD - 8, 8) != 0) {
        return 0;
    }

    orch_spill_decode(w, p);
    lp_ticket_hash(&hash, &w->ticket);

    return memcmp(hash.b, w->hash.b, 32) == 0;
}


static void
orch_spill_name(const orch_store_t *s, const char *what,
    char file[ORCH_STORE_PATH + 16])
{
    snprintf(file, ORCH_STORE_PATH + 16, "%s.%s", s->path, what);
}


int
orch_spill_open(orch_store_t *s, char *why, size_t why_len)
{
    char            file[ORCH_STORE_PATH + 16];
    uint8_t         head[ORCH_SPILL_HEAD];
    struct stat     st;
    orch_winner_t   w;
    orch_spill_t   *sp = &s->spill;
    const uint8_t  *p = head + 8;

    orch_spill_name(s, "spill", file);

    sp->fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (sp->fd < 0 || fstat(sp->fd, &st) != 0) {
        snprintf(why, why_len, "%s: %s", file, strerror(errno));
        return -1;
    }

    errno = posix_fallocate(sp->fd, 0, ORCH_SPILL_SIZE);
    if (errno) {
        snprintf(why, why_len, "%s: %s; it needs %d MiB of the disk", file,
                 strerror(errno), (ORCH_SPILL_SIZE + ORCH_SPILL_RESERVE)
                                  / 1024 / 1024);
        return -1;
    }

    if (pread(sp->fd, head, sizeof(head), 0) == (ssize_t) sizeof(head)
        && memcmp(head, orch_spill_magic, 8) == 0)
    {
        sp->epoch = orch_spill_get_int(&p, 8);

    } else {
        sp->epoch = 1;

        if (orch_spill_write_head(sp)) {
            snprintf(why, why_len, "%s: %s", file, strerror(errno));
            return -1;
        }
    }

    for (sp->end = ORCH_SPILL_HEAD; orch_spill_get(sp, &w, sp->end);
         sp->end += ORCH_SPILL_RECORD) { /* void */ }

    orch_spill_fill_reserve(s);

    return 0;
}


void
orch_spill_close(orch_store_t *s)
{
    if (s->spill.fd >= 0) {
        close(s->spill.fd);
        s->spill.fd = -1;
    }

    free(s->spill.list);
    s->spill.list = NULL;
}


/* room in the list first: what is durable must also be known */

static int
orch_spill_room(orch_store_t *s, size_t n)
{
    size_t           cap;
    orch_spill_t    *sp = &s->spill;
    orch_spilled_t  *list;

    if (sp->n + n <= sp->cap) {
        return 0;
    }

    cap = 2 * (sp->n + n);

    pthread_mutex_lock(&s->mutex);

    list = realloc(sp->list, cap * sizeof(orch_spilled_t));
    if (list) {
        sp->list = list;
        sp->cap = cap;
    }

    pthread_mutex_unlock(&s->mutex);

    return list ? 0 : -1;
}


static void
orch_spill_note(orch_store_t *s, const orch_winner_t *winners, size_t n)
{
    size_t           i;
    orch_spilled_t  *e;

    pthread_mutex_lock(&s->mutex);

    for (i = 0; i < n; i++) {
        e = &s->spill.list[s->spill.n++];
        e->hash = winners[i].hash;
        e->sender = winners[i].ticket.sender;
        e->face_value = winners[i].ticket.face_value;
    }

    pthread_mutex_unlock(&s->mutex);
}


lp_status_t
orch_spill_put(orch_store_t *s, const orch_winner_t *winners, size_t n)
{
    size_t         i, len = n * ORCH_SPILL_RECORD;
    uint8_t       *bytes, *p;
    lp_status_t    rc = LP_INTERNAL;
    orch_spill_t  *sp = &s->spill;

    if (sp->fd < 0 || n > ORCH_SPILL_SIZE / ORCH_SPILL_RECORD
        || sp->end + len > ORCH_SPILL_SIZE || orch_spill_room(s, n))
    {
        return LP_INTERNAL;
    }

    bytes = malloc(len);
    if (bytes == NULL) {
        return LP_INTERNAL;
    }

    for (i = 0, p = bytes; i < n; i++, p += ORCH_SPILL_RECORD) {
        orch_spill_put_int(p, ORCH_SPILL_MARK, 4);
        orch_spill_put_int(p + 4, ORCH_STORE_WINNER, 4);
        orch_spill_encode(p + 8, &winners[i]);
        orch_spill_checksum(p + ORCH_SPILL_RECORD - 8, sp->epoch,
                            sp->end + (uint64_t) (p - bytes), p);
    }

    LP_FAILPOINT("spill_before_write");

    if (orch_spill_write(sp, bytes, len, sp->end) == 0) {
        sp->end += len;
        orch_spill_note(s, winners, n);
        rc = LP_OK;
    }

    free(bytes);

    return rc;
}


int
orch_spill_has(orch_store_t *s, const lp_hash_t *winner)
{
    size_t  i;

    for (i = 0; i < s->spill.n; i++) {
        if (memcmp(s->spill.list[i].hash.b, winner->b, 32) == 0) {
            return 1;
        }
    }

    return 0;
}


lp_status_t
orch_spill_read(orch_store_t *s, orch_winner_t **winners, size_t *n)
{
    size_t         i, count;
    orch_spill_t  *sp = &s->spill;

    *winners = NULL;
    *n = 0;

    count = (sp->end - ORCH_SPILL_HEAD) / ORCH_SPILL_RECORD;
    if (sp->fd < 0 || count == 0) {
        return LP_OK;
    }

    *winners = calloc(count, sizeof(orch_winner_t));
    if (*winners == NULL) {
        return LP_NOMEM;
    }

    for (i = 0; i < count; i++) {
        if (!orch_spill_get(sp, &(*winners)[i],
                            ORCH_SPILL_HEAD + i * ORCH_SPILL_RECORD))
        {
            free(*winners);
            *winners = NULL;
            return LP_DAMAGED;
        }
    }

    *n = count;

    return LP_OK;
}


lp_status_t
orch_spill_clear(orch_store_t *s)
{
    orch_spill_t  *sp = &s->spill;

    sp->epoch++;

    if (orch_spill_write_head(sp)) {
        sp->epoch--;
        return LP_INTERNAL;
    }

    sp->end = ORCH_SPILL_HEAD;

    pthread_mutex_lock(&s->mutex);
    sp->n = 0;
    pthread_mutex_unlock(&s->mutex);

    return LP_OK;
}


void
orch_spill_free_reserve(orch_store_t *s)
{
    char  file[ORCH_STORE_PATH + 16];

    orch_spill_name(s, "reserve", file);
    unlink(file);
    s->spill.reserve = 0;
}


void
orch_spill_fill_reserve(orch_store_t *s)
{
    int   fd;
    char  file[ORCH_STORE_PATH + 16];

    orch_spill_name(s, "reserve", file);

    fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return;
    }

    s->spill.reserve = posix_fallocate(fd, 0, ORCH_SPILL_RESERVE) == 0;
    close(fd);

    if (!s->spill.reserve) {
        unlink(file);
    }
}
