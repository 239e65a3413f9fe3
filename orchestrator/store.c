/*
 * Winners and transactions in SQLite (door), the writing side: opened and
 * checked, and what the writer's thread does with it. WAL with synchronous
 * FULL: a commit that returned has been through fsync.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "common/util/failpoint.h"
#include "orchestrator/store_parts.h"


#define ORCH_STORE_SCHEMA   1
#define ORCH_STORE_BUSY_MS  5000          /* the other process commits */
#define ORCH_STORE_PROBE_MS 100


typedef enum {
    sql_begin,
    sql_commit,
    sql_rollback,
    sql_save,
    sql_release,
    sql_undo,
    sql_winner,
    sql_winner_id,
    sql_reveal,
    sql_tx,
    sql_tx_id,
    sql_tx_winner,
    sql_set_tx,
    sql_set_winner,
    sql_probe
} orch_store_sql_e;

static const char *const  orch_store_sql[ORCH_STORE_STATEMENTS] = {
    [sql_begin]      = "BEGIN IMMEDIATE",
    [sql_commit]     = "COMMIT",
    [sql_rollback]   = "ROLLBACK",
    [sql_save]       = "SAVEPOINT op",
    [sql_release]    = "RELEASE op",
    [sql_undo]       = "ROLLBACK TO op",
    [sql_winner]     = "INSERT INTO winners (recipient, sender, face_value, "
                       "win_prob, nonce, rand_hash, round, round_hash, sig, "
                       "rand, hash, expiration, state, won) VALUES "
                       "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
                       "0, ?13)",
    [sql_winner_id]  = "SELECT id FROM winners WHERE hash = ?1",
    [sql_reveal]     = "INSERT OR IGNORE INTO revealed (hash) VALUES (?1)",
    [sql_tx]         = "INSERT INTO txs (kind, state, nonce, hash, raw, "
                       "max_fee, max_priority, gas, replaces, block, signed) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [sql_tx_id]      = "SELECT id FROM txs WHERE hash = ?1",
    [sql_tx_winner]  = "UPDATE winners SET state = 1, tx = ?1 WHERE id = ?2",
    [sql_set_tx]     = "UPDATE txs SET state = ?1, block = ?2 WHERE id = ?3",
    [sql_set_winner] = "UPDATE winners SET state = ?1, block = ?2, paid = ?3, "
                       "reason = ?4, tx = CASE WHEN ?1 IN (0, 5) THEN 0 ELSE "
                       "tx END WHERE id = ?5",
    [sql_probe]      = "INSERT OR REPLACE INTO probe (id, n) VALUES (1, "
                       "coalesce((SELECT n FROM probe WHERE id = 1), 0) + 1)"
};

static const char  orch_store_schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE winners (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE,"
    " recipient BLOB NOT NULL, sender BLOB NOT NULL,"
    " face_value BLOB NOT NULL, win_prob BLOB NOT NULL,"
    " nonce INTEGER NOT NULL, rand_hash BLOB NOT NULL,"
    " round INTEGER NOT NULL, round_hash BLOB NOT NULL,"
    " sig BLOB NOT NULL, rand BLOB NOT NULL, expiration INTEGER NOT NULL,"
    " state INTEGER NOT NULL, tx INTEGER NOT NULL DEFAULT 0,"
    " block INTEGER NOT NULL DEFAULT 0, paid BLOB,"
    " won INTEGER NOT NULL, reason TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX winners_due ON winners (state, expiration);"
    "CREATE INDEX winners_sender ON winners (sender, state);"
    "CREATE TABLE revealed (id INTEGER PRIMARY KEY,"
    " hash BLOB NOT NULL UNIQUE);"
    "CREATE TABLE txs (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
    " state INTEGER NOT NULL, nonce INTEGER NOT NULL,"
    " hash BLOB NOT NULL UNIQUE, raw BLOB NOT NULL, max_fee BLOB NOT NULL,"
    " max_priority BLOB NOT NULL, gas INTEGER NOT NULL,"
    " replaces INTEGER NOT NULL, block INTEGER NOT NULL,"
    " signed INTEGER NOT NULL);"
    "CREATE INDEX txs_nonce ON txs (nonce);"
    "CREATE INDEX txs_state ON txs (state);"
    "CREATE TABLE probe (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);"
    "PRAGMA application_id = 1280329294;"                         /* LPWN */
    "PRAGMA user_version = 1;"
    "COMMIT";


static lp_status_t
orch_store_db_complain(orch_store_db_t *db, char *why, size_t why_len)
{
    int  code = sqlite3_extended_errcode(db->db);

    snprintf(why, why_len, "%s (%d)", sqlite3_errmsg(db->db), code);

    return (code & 0xff) == SQLITE_FULL ? LP_LIMIT : LP_INTERNAL;
}


/* the number that a pragma answers; -1 */

static int
orch_store_db_number(orch_store_db_t *db, const char *sql)
{
    int            n = -1;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(db->db, sql, -1, &st, NULL) == SQLITE_OK
        && sqlite3_step(st) == SQLITE_ROW)
    {
        n = sqlite3_column_int(st, 0);
    }

    sqlite3_finalize(st);

    return n;
}


static int
orch_store_db_sound(orch_store_db_t *db)
{
    int            sound = 0;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(db->db, "PRAGMA quick_check(1)", -1, &st, NULL)
        == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
    {
        sound = strcmp((const char *) sqlite3_column_text(st, 0), "ok") == 0;
    }

    sqlite3_finalize(st);

    return sound;
}


static lp_status_t
orch_store_db_settings(orch_store_db_t *db)
{
    sqlite3_busy_timeout(db->db, ORCH_STORE_BUSY_MS);
    sqlite3_extended_result_codes(db->db, 1);

    return sqlite3_exec(db->db, "PRAGMA journal_mode = WAL;"
                        "PRAGMA synchronous = FULL;"
                        "PRAGMA fullfsync = 1;"
                        "PRAGMA checkpoint_fullfsync = 1;"
                        "PRAGMA trusted_schema = OFF", NULL, NULL, NULL)
           == SQLITE_OK ? LP_OK : LP_INTERNAL;
}


static lp_status_t
orch_store_db_damaged(const char *path, char *why, size_t why_len)
{
    snprintf(why, why_len, "%s is damaged: move it and %s-wal away (keep them:"
             " \"sqlite3 FILE .recover\" may save winners) and start again; "
             "what is in %s.spill comes back by itself", path, path, path);

    return LP_DAMAGED;
}


static lp_status_t
orch_store_db_check(orch_store_db_t *db, const char *path, char *why,
    size_t why_len)
{
    int  version;

    version = orch_store_db_number(db, "PRAGMA user_version");

    if (version < 0 || orch_store_db_settings(db) != LP_OK) {
        return (sqlite3_errcode(db->db) & 0xff) == SQLITE_NOTADB
               || (sqlite3_errcode(db->db) & 0xff) == SQLITE_CORRUPT
               ? orch_store_db_damaged(path, why, why_len)
               : orch_store_db_complain(db, why, why_len);
    }

    if (version > ORCH_STORE_SCHEMA) {
        snprintf(why, why_len, "%s was written by a newer version (schema %d, "
                 "this one knows %d): start that version", path, version,
                 ORCH_STORE_SCHEMA);
        return LP_UNSUPPORTED;
    }

    if (!orch_store_db_sound(db)) {
        return orch_store_db_damaged(path, why, why_len);
    }

    if (version == 0
        && sqlite3_exec(db->db, orch_store_schema, NULL, NULL, NULL)
           != SQLITE_OK)
    {
        return orch_store_db_complain(db, why, why_len);
    }

    return LP_OK;
}


lp_status_t
orch_store_db_open(orch_store_db_t *db, const char *path, char *why,
    size_t why_len)
{
    size_t       i;
    lp_status_t  rc;

    memset(db, 0, sizeof(orch_store_db_t));

    if (sqlite3_open_v2(path, &db->db, SQLITE_OPEN_READWRITE
                        | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL)
        != SQLITE_OK)
    {
        snprintf(why, why_len, "%s: %s", path, db->db
                 ? sqlite3_errmsg(db->db) : "out of memory");
        orch_store_db_close(db);
        return LP_INTERNAL;
    }

    rc = orch_store_db_check(db, path, why, why_len);

    for (i = 0; rc == LP_OK && i < ORCH_STORE_STATEMENTS; i++) {
        if (orch_store_sql[i]
            && sqlite3_prepare_v3(db->db, orch_store_sql[i], -1,
                                  SQLITE_PREPARE_PERSISTENT, &db->stmt[i],
                                  NULL) != SQLITE_OK)
        {
            rc = orch_store_db_complain(db, why, why_len);
        }
    }

    if (rc != LP_OK) {
        orch_store_db_close(db);
    }

    return rc;
}


void
orch_store_db_close(orch_store_db_t *db)
{
    size_t  i;

    for (i = 0; i < ORCH_STORE_STATEMENTS; i++) {
        sqlite3_finalize(db->stmt[i]);
        db->stmt[i] = NULL;
    }

    sqlite3_close(db->db);
    db->db = NULL;
}


/* runs a statement whose values are bound; SQLITE_DONE, SQLITE_ROW or why not */

static int
orch_store_db_step(orch_store_db_t *db, orch_store_sql_e what)
{
    return sqlite3_step(db->stmt[what]);
}


static void
orch_store_db_reset(orch_store_db_t *db, orch_store_sql_e what)
{
    sqlite3_reset(db->stmt[what]);
    sqlite3_clear_bindings(db->stmt[what]);
}


static int
orch_store_db_run(orch_store_db_t *db, orch_store_sql_e what)
{
    int  rc;

    rc = orch_store_db_step(db, what);
    orch_store_db_reset(db, what);

    return rc;
}


static void
orch_store_bind_u256(sqlite3_stmt *st, int i, const lp_u256_t *v)
{
    uint8_t  be[32];

    lp_u256_put_be(be, v);
    sqlite3_bind_blob(st, i, be, sizeof(be), SQLITE_TRANSIENT);
}


static void
orch_store_bind_int(sqlite3_stmt *st, int i, uint64_t v)
{
    sqlite3_bind_int64(st, i, (sqlite3_int64) v);
}


static void
orch_store_bind_blob(sqlite3_stmt *st, int i, const void *bytes, size_t len)
{
    sqlite3_bind_blob64(st, i, bytes, len, SQLITE_STATIC);
}


/* the id of what has this hash; 0: there is none */

static int64_t
orch_store_db_find(orch_store_db_t *db, orch_store_sql_e what,
    const lp_hash_t *hash)
{
    int64_t        id = 0;
    sqlite3_stmt  *st = db->stmt[what];

    orch_store_bind_blob(st, 1, hash->b, sizeof(hash->b));

    if (orch_store_db_step(db, what) == SQLITE_ROW) {
        id = sqlite3_column_int64(st, 0);
    }

    orch_store_db_reset(db, what);

    return id;
}


/* what an INSERT came to: its new row, or the one that is there already */

static lp_status_t
orch_store_db_inserted(orch_store_db_t *db, int rc, int64_t *id,
    orch_store_sql_e find, const lp_hash_t *hash, int again)
{
    if (rc == SQLITE_DONE) {
        *id = sqlite3_last_insert_rowid(db->db);
        return LP_OK;
    }

    if ((rc & 0xff) != SQLITE_CONSTRAINT) {
        return LP_INTERNAL;
    }

    *id = orch_store_db_find(db, find, hash);

    return again && *id ? LP_OK : LP_REPLAYED;
}


static lp_status_t
orch_store_db_put_winner(orch_store_db_t *db, orch_winner_t *w, int again)
{
    sqlite3_stmt       *st = db->stmt[sql_winner];
    const lp_ticket_t  *t = &w->ticket;

    orch_store_bind_blob(st, 1, t->recipient.b, LP_ADDRESS_LEN);
    orch_store_bind_blob(st, 2, t->sender.b, LP_ADDRESS_LEN);
    orch_store_bind_u256(st, 3, &t->face_value);
    orch_store_bind_u256(st, 4, &t->win_prob);
    orch_store_bind_int(st, 5, t->nonce);
    orch_store_bind_blob(st, 6, t->rand_hash.b, 32);
    orch_store_bind_int(st, 7, t->round);
    orch_store_bind_blob(st, 8, t->round_hash.b, 32);
    orch_store_bind_blob(st, 9, w->sig.b, LP_SIG_LEN);
    orch_store_bind_u256(st, 10, &w->rand);
    orch_store_bind_blob(st, 11, w->hash.b, 32);
    orch_store_bind_int(st, 12, w->expiration_block);
    orch_store_bind_int(st, 13, (uint64_t) w->won_s);

    return orch_store_db_inserted(db, orch_store_db_run(db, sql_winner),
                                  &w->id, sql_winner_id, &w->hash, again);
}


static lp_status_t
orch_store_db_put_winners(orch_store_db_t *db, orch_op_t *op, int again)
{
    size_t       i;
    lp_status_t  rc = LP_OK;

    for (i = 0; rc == LP_OK && i < op->nwinners; i++) {
        rc = orch_store_db_put_winner(db, &op->winners[i], again);
        LP_FAILPOINT("store_winner_inserted");
    }

    return rc;
}


static lp_status_t
orch_store_db_reveal(orch_store_db_t *db, const orch_op_t *op)
{
    size_t  i;

    for (i = 0; i < op->nhashes; i++) {
        orch_store_bind_blob(db->stmt[sql_reveal], 1, op->hashes[i].b, 32);

        if (orch_store_db_run(db, sql_reveal) != SQLITE_DONE) {
            return LP_INTERNAL;
        }

        LP_FAILPOINT("store_revealed");
    }

    return LP_OK;
}


static lp_status_t
orch_store_db_put_tx(orch_store_db_t *db, orch_op_t *op, int again)
{
    size_t         i;
    lp_status_t    rc;
    orch_tx_t     *tx = op->tx;
    sqlite3_stmt  *st = db->stmt[sql_tx];

    orch_store_bind_int(st, 1, tx->kind);
    orch_store_bind_int(st, 2, tx->state);
    orch_store_bind_int(st, 3, tx->nonce);
    orch_store_bind_blob(st, 4, tx->hash.b, 32);
    orch_store_bind_blob(st, 5, tx->raw, tx->raw_len);
    orch_store_bind_u256(st, 6, &tx->max_fee);
    orch_store_bind_u256(st, 7, &tx->max_priority);
    orch_store_bind_int(st, 8, tx->gas);
    orch_store_bind_int(st, 9, (uint64_t) tx->replaces);
    orch_store_bind_int(st, 10, tx->block);
    orch_store_bind_int(st, 11, (uint64_t) tx->signed_s);

    rc = orch_store_db_inserted(db, orch_store_db_run(db, sql_tx), &tx->id,
                                sql_tx_id, &tx->hash, again);

    LP_FAILPOINT("store_tx_inserted");

    for (i = 0; rc == LP_OK && i < op->nids; i++) {
        st = db->stmt[sql_tx_winner];
        orch_store_bind_int(st, 1, (uint64_t) tx->id);
        orch_store_bind_int(st, 2, (uint64_t) op->ids[i]);

        if (orch_store_db_run(db, sql_tx_winner) != SQLITE_DONE) {
            rc = LP_INTERNAL;
        }

        LP_FAILPOINT("store_tx_linked");
    }

    return rc;
}


static lp_status_t
orch_store_db_set_tx(orch_store_db_t *db, const orch_op_t *op)
{
    sqlite3_stmt  *st = db->stmt[sql_set_tx];

    orch_store_bind_int(st, 1, op->tx->state);
    orch_store_bind_int(st, 2, op->tx->block);
    orch_store_bind_int(st, 3, (uint64_t) op->tx->id);

    LP_FAILPOINT("store_tx_setting");

    return orch_store_db_run(db, sql_set_tx) == SQLITE_DONE ? LP_OK
                                                            : LP_INTERNAL;
}


static lp_status_t
orch_store_db_set_winners(orch_store_db_t *db, const orch_op_t *op)
{
    size_t         i;
    sqlite3_stmt  *st = db->stmt[sql_set_winner];

    for (i = 0; i < op->nids; i++) {
        orch_store_bind_int(st, 1, op->state);
        orch_store_bind_int(st, 2, op->block);
        orch_store_bind_u256(st, 3, &op->paid_wei);
        sqlite3_bind_text(st, 4, op->reason, -1, SQLITE_STATIC);
        orch_store_bind_int(st, 5, (uint64_t) op->ids[i]);

        if (orch_store_db_run(db, sql_set_winner) != SQLITE_DONE) {
            return LP_INTERNAL;
        }

        LP_FAILPOINT("store_winner_set");
    }

    return LP_OK;
}


static lp_status_t
orch_store_db_do(orch_store_db_t *db, orch_op_t *op, int again)
{
    switch (op->what) {

    case store_put_winners:  return orch_store_db_put_winners(db, op, again);
    case store_reveal:       return orch_store_db_reveal(db, op);
    case store_put_tx:       return orch_store_db_put_tx(db, op, again);
    case store_set_tx:       return orch_store_db_set_tx(db, op);
    default:                 return orch_store_db_set_winners(db, op);
    }
}


/* one op inside the transaction; a replay undoes this op alone */

static lp_status_t
orch_store_db_one(orch_store_db_t *db, orch_op_t *op, int again)
{
    lp_status_t  rc;

    if (orch_store_db_run(db, sql_save) != SQLITE_DONE) {
        return LP_INTERNAL;
    }

    rc = orch_store_db_do(db, op, again);

    if (rc == LP_REPLAYED) {
        op->status = LP_REPLAYED;
        orch_store_db_run(db, sql_undo);
        rc = LP_OK;
    }

    return rc == LP_OK && orch_store_db_run(db, sql_release) == SQLITE_DONE
           ? LP_OK : LP_INTERNAL;
}


static lp_status_t
orch_store_db_abandon(orch_store_db_t *db, char *why, size_t why_len)
{
    lp_status_t  rc;

    rc = orch_store_db_complain(db, why, why_len);

    if (!sqlite3_get_autocommit(db->db)) {
        orch_store_db_run(db, sql_rollback);
    }

    return rc;
}


lp_status_t
orch_store_db_apply(orch_store_db_t *db, orch_store_job_t *jobs, int again,
    char *why, size_t why_len)
{
    orch_store_job_t  *job;

    if (db->db == NULL) {
        snprintf(why, why_len, "the database is not open");
        return LP_INTERNAL;
    }

    LP_FAILPOINT("store_before_begin");

    if (orch_store_db_run(db, sql_begin) != SQLITE_DONE) {
        return orch_store_db_abandon(db, why, why_len);
    }

    LP_FAILPOINT("store_begun");

    for (job = jobs; job; job = job->next) {
        if (job->work.status == LP_AGAIN
            && orch_store_db_one(db, &job->work, again) != LP_OK)
        {
            return orch_store_db_abandon(db, why, why_len);
        }
    }

    LP_FAILPOINT("store_before_commit");

    if (orch_store_db_run(db, sql_commit) != SQLITE_DONE) {
        return orch_store_db_abandon(db, why, why_len);
    }

    LP_FAILPOINT("store_after_commit");

    for (job = jobs; job; job = job->next) {
        if (job->work.status == LP_AGAIN) {
            job->work.status = LP_OK;
        }
    }

    return LP_OK;
}


lp_status_t
orch_store_db_adopt(orch_store_db_t *db, orch_winner_t *winners, size_t n,
    char *why, size_t why_len)
{
    orch_store_job_t  job;

    memset(&job, 0, sizeof(job));
    job.work.what = store_put_winners;
    job.work.winners = winners;
    job.work.nwinners = n;
    job.work.status = LP_AGAIN;

    return orch_store_db_apply(db, &job, 1, why, why_len);
}


lp_status_t
orch_store_db_probe(orch_store_db_t *db, char *why, size_t why_len)
{
    lp_status_t  rc;

    if (db->db == NULL) {
        snprintf(why, why_len, "the database is not open");
        return LP_INTERNAL;
    }

    sqlite3_busy_timeout(db->db, ORCH_STORE_PROBE_MS);

    rc = orch_store_db_run(db, sql_probe) == SQLITE_DONE
         ? LP_OK : orch_store_db_abandon(db, why, why_len);

    sqlite3_busy_timeout(db->db, ORCH_STORE_BUSY_MS);

    return rc;
}


int
orch_store_db_has(orch_store_db_t *db, const lp_hash_t *winner)
{
    return db->db && orch_store_db_find(db, sql_winner_id, winner) != 0;
}
