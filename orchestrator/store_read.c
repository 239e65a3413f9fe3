/*
 * The store read from the loop's thread, on a connection of its own (door:
 * SQLite). Another process may write the same file: each question sees what
 * was committed before it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "orchestrator/store_parts.h"


#define ORCH_STORE_WINNER_COLUMNS                                             \
    "id, recipient, sender, face_value, win_prob, nonce, rand_hash, round, "  \
    "round_hash, sig, rand, hash, expiration, state, tx, block, paid, won, "  \
    "reason"

#define ORCH_STORE_TX_COLUMNS                                                 \
    "id, kind, state, nonce, hash, raw, max_fee, max_priority, gas, "         \
    "replaces, block, signed"

#define ORCH_STORE_OPEN    "state < 4"                 /* winner_final */
#define ORCH_STORE_LIVE    0x0f                        /* the same as a mask */


static sqlite3_stmt *
orch_store_read_prepare(orch_store_t *s, const char *sql)
{
    sqlite3_stmt  *st;

    return sqlite3_prepare_v2(s->read, sql, -1, &st, NULL) == SQLITE_OK
           ? st : NULL;
}


int
orch_store_read_open(orch_store_t *s, char *why, size_t why_len)
{
    if (sqlite3_open_v2(s->path, &s->read, SQLITE_OPEN_READWRITE
                        | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
    {
        sqlite3_busy_timeout(s->read, 1000);
        sqlite3_exec(s->read, "PRAGMA query_only = 1;"
                     "PRAGMA trusted_schema = OFF", NULL, NULL, NULL);

        s->is_revealed = orch_store_read_prepare(s, "SELECT 1 FROM revealed "
                                                 "WHERE hash = ?1");
        s->pending_of = orch_store_read_prepare(s, "SELECT face_value FROM "
                                                "winners WHERE sender = ?1 "
                                                "AND " ORCH_STORE_OPEN);
        s->unpaid_of = orch_store_read_prepare(s, "SELECT count(*) FROM "
                                               "winners WHERE sender = ?1 "
                                               "AND " ORCH_STORE_OPEN);
        s->version = orch_store_read_prepare(s, "PRAGMA data_version");
    }

    if (s->is_revealed && s->pending_of && s->unpaid_of && s->version) {
        s->sums_version = -1;
        return 0;
    }

    snprintf(why, why_len, "%s: %s", s->path, s->read
             ? sqlite3_errmsg(s->read) : "out of memory");

    return -1;
}


void
orch_store_read_close(orch_store_t *s)
{
    sqlite3_finalize(s->is_revealed);
    sqlite3_finalize(s->pending_of);
    sqlite3_finalize(s->unpaid_of);
    sqlite3_finalize(s->version);
    sqlite3_close(s->read);

    s->is_revealed = s->pending_of = s->unpaid_of = s->version = NULL;
    s->read = NULL;
}


/* a column that must have exactly so many bytes */

static int
orch_store_get_blob(sqlite3_stmt *st, int i, void *out, int len)
{
    const void  *bytes = sqlite3_column_blob(st, i);

    if (bytes == NULL || sqlite3_column_bytes(st, i) != len) {
        return -1;
    }

    memcpy(out, bytes, (size_t) len);

    return 0;
}


static int
orch_store_get_u256(sqlite3_stmt *st, int i, lp_u256_t *v)
{
    uint8_t  be[32];

    if (orch_store_get_blob(st, i, be, sizeof(be))) {
        return -1;
    }

    return lp_u256_get_be(v, be, sizeof(be)) == LP_OK ? 0 : -1;
}


static uint64_t
orch_store_get_int(sqlite3_stmt *st, int i)
{
    return (uint64_t) sqlite3_column_int64(st, i);
}


static lp_status_t
orch_store_get_winner(sqlite3_stmt *st, orch_winner_t *w)
{
    uint64_t      nonce = orch_store_get_int(st, 5);
    uint64_t      state = orch_store_get_int(st, 13);
    const char   *reason = (const char *) sqlite3_column_text(st, 18);
    lp_ticket_t  *t = &w->ticket;

    memset(w, 0, sizeof(orch_winner_t));

    if (orch_store_get_blob(st, 1, t->recipient.b, LP_ADDRESS_LEN)
        || orch_store_get_blob(st, 2, t->sender.b, LP_ADDRESS_LEN)
        || orch_store_get_u256(st, 3, &t->face_value)
        || orch_store_get_u256(st, 4, &t->win_prob)
        || orch_store_get_blob(st, 6, t->rand_hash.b, 32)
        || orch_store_get_blob(st, 8, t->round_hash.b, 32)
        || orch_store_get_blob(st, 9, w->sig.b, LP_SIG_LEN)
        || orch_store_get_u256(st, 10, &w->rand)
        || orch_store_get_blob(st, 11, w->hash.b, 32)
        || nonce > UINT32_MAX || state > winner_dead)
    {
        return LP_DAMAGED;
    }

    w->id = sqlite3_column_int64(st, 0);
    t->nonce = (uint32_t) nonce;
    t->round = orch_store_get_int(st, 7);
    w->expiration_block = orch_store_get_int(st, 12);
    w->state = (orch_winner_e) state;
    w->tx = sqlite3_column_int64(st, 14);
    w->block = orch_store_get_int(st, 15);
    w->won_s = sqlite3_column_int64(st, 17);
    snprintf(w->reason, sizeof(w->reason), "%s", reason ? reason : "");

    if (sqlite3_column_type(st, 16) != SQLITE_NULL
        && orch_store_get_u256(st, 16, &w->paid_wei))
    {
        return LP_DAMAGED;
    }

    return LP_OK;
}


static lp_status_t
orch_store_get_tx(sqlite3_stmt *st, orch_tx_t *tx)
{
    memset(tx, 0, sizeof(orch_tx_t));

    tx->id = sqlite3_column_int64(st, 0);
    tx->kind = (orch_tx_kind_e) orch_store_get_int(st, 1);
    tx->state = (orch_tx_e) orch_store_get_int(st, 2);
    tx->nonce = orch_store_get_int(st, 3);
    tx->raw_len = (size_t) sqlite3_column_bytes(st, 5);
    tx->gas = orch_store_get_int(st, 8);
    tx->replaces = sqlite3_column_int64(st, 9);
    tx->block = orch_store_get_int(st, 10);
    tx->signed_s = sqlite3_column_int64(st, 11);

    if (tx->raw_len == 0
        || orch_store_get_blob(st, 4, tx->hash.b, 32)
        || orch_store_get_u256(st, 6, &tx->max_fee)
        || orch_store_get_u256(st, 7, &tx->max_priority))
    {
        return LP_DAMAGED;
    }

    tx->raw = malloc(tx->raw_len);
    if (tx->raw == NULL) {
        return LP_NOMEM;
    }

    return orch_store_get_blob(st, 5, tx->raw, (int) tx->raw_len)
           ? LP_DAMAGED : LP_OK;
}


/* one more place of a list that doubles; NULL without memory */

static void *
orch_store_grow(void **list, size_t n, size_t size)
{
    void  *more;

    if ((n & (n - 1)) == 0) {                    /* 0, 1, 2, 4, 8 .. */
        more = realloc(*list, (n ? 2 * n : 1) * size);
        if (more == NULL) {
            return NULL;
        }

        *list = more;
    }

    return (char *) *list + n * size;
}


lp_status_t
orch_store_winners(orch_store_t *s, orch_winner_t **list, size_t *n,
    unsigned states, size_t max)
{
    lp_status_t     rc = LP_OK;
    sqlite3_stmt   *st;
    orch_winner_t  *w;

    *list = NULL;
    *n = 0;

    st = orch_store_read_prepare(s, "SELECT " ORCH_STORE_WINNER_COLUMNS
                                 " FROM winners WHERE (?1 >> state) & 1 "
                                 "ORDER BY expiration, id LIMIT ?2");
    if (st == NULL) {
        return LP_INTERNAL;
    }

    sqlite3_bind_int64(st, 1, states);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) max);

    while (rc == LP_OK && sqlite3_step(st) == SQLITE_ROW) {

        w = orch_store_grow((void **) list, *n, sizeof(orch_winner_t));
        rc = w ? orch_store_get_winner(st, w) : LP_NOMEM;
        *n += rc == LP_OK;
    }

    if (sqlite3_finalize(st) != SQLITE_OK && rc == LP_OK) {
        rc = LP_INTERNAL;
    }

    if (rc != LP_OK) {
        free(*list);
        *list = NULL;
        *n = 0;
    }

    return rc;
}


lp_status_t
orch_store_txs(orch_store_t *s, orch_tx_t **list, size_t *n, unsigned states)
{
    orch_tx_t     *tx;
    lp_status_t    rc = LP_OK;
    sqlite3_stmt  *st;

    *list = NULL;
    *n = 0;

    st = orch_store_read_prepare(s, "SELECT " ORCH_STORE_TX_COLUMNS
                                 " FROM txs WHERE (?1 >> state) & 1 "
                                 "ORDER BY nonce, id");
    if (st == NULL) {
        return LP_INTERNAL;
    }

    sqlite3_bind_int64(st, 1, states);

    while (rc == LP_OK && sqlite3_step(st) == SQLITE_ROW) {

        tx = orch_store_grow((void **) list, *n, sizeof(orch_tx_t));
        if (tx == NULL) {
            rc = LP_NOMEM;
            break;
        }

        rc = orch_store_get_tx(st, tx);
        ++*n;
    }

    if (sqlite3_finalize(st) != SQLITE_OK && rc == LP_OK) {
        rc = LP_INTERNAL;
    }

    if (rc != LP_OK) {
        orch_store_free_txs(*list, *n);
        *list = NULL;
        *n = 0;
    }

    return rc;
}


void
orch_store_free_txs(orch_tx_t *list, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        free(list[i].raw);
    }

    free(list);
}


/* what is on its way to the file counts as well */

static lp_status_t
orch_store_pending_new(orch_store_t *s, lp_u256_t *wei,
    const lp_address_t *sender)
{
    size_t                   i;
    lp_status_t              rc = LP_OK;
    const orch_winner_t     *w;
    const orch_store_job_t  *job;

    for (job = s->newest; job; job = job->older) {
        for (i = 0; i < job->work.nwinners; i++) {
            w = &job->work.winners[i];

            if (lp_address_equal(&w->ticket.sender, sender)
                && lp_u256_add(wei, wei, &w->ticket.face_value) != LP_OK)
            {
                rc = LP_LIMIT;
            }
        }
    }

    pthread_mutex_lock(&s->mutex);

    for (i = 0; i < s->spill.n; i++) {
        if (lp_address_equal(&s->spill.list[i].sender, sender)
            && lp_u256_add(wei, wei, &s->spill.list[i].face_value) != LP_OK)
        {
            rc = LP_LIMIT;
        }
    }

    pthread_mutex_unlock(&s->mutex);

    return rc;
}


lp_status_t
orch_store_pending(orch_store_t *s, lp_u256_t *wei,
    const lp_address_t *sender)
{
    lp_u256_t      face;
    lp_status_t    rc = LP_OK;
    sqlite3_stmt  *st = s->pending_of;

    lp_u256_set(wei, 0);

    sqlite3_bind_blob(st, 1, sender->b, LP_ADDRESS_LEN, SQLITE_STATIC);

    while (rc == LP_OK && sqlite3_step(st) == SQLITE_ROW) {
        rc = orch_store_get_u256(st, 0, &face) ? LP_DAMAGED
                                               : lp_u256_add(wei, wei, &face);
    }

    if (sqlite3_reset(st) != SQLITE_OK && rc == LP_OK) {
        rc = LP_INTERNAL;
    }

    sqlite3_clear_bindings(st);

    return rc == LP_OK ? orch_store_pending_new(s, wei, sender) : rc;
}


uint64_t
orch_store_unpaid(orch_store_t *s, const lp_address_t *sender)
{
    uint64_t       n = UINT64_MAX;               /* not read: no more */
    sqlite3_stmt  *st = s->unpaid_of;

    sqlite3_bind_blob(st, 1, sender->b, LP_ADDRESS_LEN, SQLITE_STATIC);

    if (sqlite3_step(st) == SQLITE_ROW) {
        n = orch_store_get_int(st, 0);
    }

    sqlite3_reset(st);
    sqlite3_clear_bindings(st);

    return n;
}


/* when the file cannot be read, nothing may be taken for unrevealed (T-04) */

int
orch_store_revealed(orch_store_t *s, const lp_hash_t *rand_hash)
{
    int            rc;
    sqlite3_stmt  *st = s->is_revealed;

    sqlite3_bind_blob(st, 1, rand_hash->b, 32, SQLITE_STATIC);
    rc = sqlite3_step(st);
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);

    return rc != SQLITE_DONE;
}


uint64_t
orch_store_next_nonce(orch_store_t *s)
{
    uint64_t       next = 0;
    sqlite3_stmt  *st;

    st = orch_store_read_prepare(s, "SELECT max(nonce) FROM txs");

    if (st && sqlite3_step(st) == SQLITE_ROW
        && sqlite3_column_type(st, 0) != SQLITE_NULL)
    {
        next = orch_store_get_int(st, 0) + 1;
    }

    sqlite3_finalize(st);

    return next;
}


static void
orch_store_sum_winner(orch_store_sums_t *sums, orch_winner_e state,
    const lp_u256_t *face, const lp_u256_t *paid)
{
    lp_u256_t  *sum;

    sums->winners[state]++;

    sum = state == winner_dead ? &sums->dead_wei
          : state == winner_final ? &sums->redeemed_wei : &sums->pending_wei;

    /* more than 2^256 wei does not exist: the sum stays where it is */

    (void) lp_u256_add(&sums->won_wei, &sums->won_wei, face);
    (void) lp_u256_add(sum, sum, state == winner_final ? paid : face);
}


static int
orch_store_sum_all(orch_store_t *s, orch_store_sums_t *sums)
{
    uint64_t       state;
    lp_u256_t      face, paid;
    sqlite3_stmt  *st;

    memset(sums, 0, sizeof(orch_store_sums_t));

    st = orch_store_read_prepare(s, "SELECT state, face_value, paid, (SELECT "
                                 "count(*) FROM txs) FROM winners");
    if (st == NULL) {
        return -1;
    }

    while (sqlite3_step(st) == SQLITE_ROW) {
        state = orch_store_get_int(st, 0);
        sums->txs = orch_store_get_int(st, 3);
        lp_u256_set(&paid, 0);
        orch_store_get_u256(st, 2, &paid);

        if (state <= winner_dead && orch_store_get_u256(st, 1, &face) == 0) {
            orch_store_sum_winner(sums, (orch_winner_e) state, &face, &paid);
        }
    }

    return sqlite3_finalize(st) == SQLITE_OK ? 0 : -1;
}


/* a walk over all rows, but only when someone has written */

void
orch_store_sums(orch_store_t *s, orch_store_sums_t *sums)
{
    int64_t            version = 0;
    orch_store_sums_t  fresh;

    if (sqlite3_step(s->version) == SQLITE_ROW) {
        version = sqlite3_column_int64(s->version, 0);
    }

    sqlite3_reset(s->version);

    if (version != s->sums_version && orch_store_sum_all(s, &fresh) == 0) {
        s->sums = fresh;
        s->sums_version = version;
    }

    *sums = s->sums;
}


lp_status_t
orch_store_read_check(orch_store_t *s)
{
    size_t          i, n;
    lp_hash_t       hash, rand_hash;
    lp_status_t     rc;
    orch_winner_t  *list;

    rc = orch_store_winners(s, &list, &n, ORCH_STORE_LIVE, SIZE_MAX >> 1);

    for (i = 0; rc == LP_OK && i < n; i++) {
        lp_ticket_hash(&hash, &list[i].ticket);
        lp_ticket_rand_hash(&rand_hash, &list[i].rand);

        if (memcmp(hash.b, list[i].hash.b, 32) != 0
            || memcmp(rand_hash.b, list[i].ticket.rand_hash.b, 32) != 0)
        {
            rc = LP_DAMAGED;
        }
    }

    free(list);

    return rc;
}
