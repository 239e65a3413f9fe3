/*
 * What a day has been promised, on disk before a signature leaves: amounts
 * are reserved in chunks of 1 % of the day's budget, so that one fsync covers
 * many signatures, and after a crash an open chunk counts as spent (I8,
 * threats.md 4.2). A day is a UTC day and never goes back.
 */
#ifndef LP_JOURNAL_H
#define LP_JOURNAL_H


#include "common/crypto/keys.h"
#include "common/util/log.h"
#include "common/util/money.h"


typedef enum {
    LP_JOURNAL_TICKETS,                            /* EV */
    LP_JOURNAL_GAS,
    LP_JOURNAL_VALUE,                              /* ETH sent */
    LP_JOURNAL_NLEDGERS
} lp_journal_e;

typedef struct {
    lp_u256_t   budget;                            /* of a day, wei */
    lp_u256_t   chunk;
    lp_u256_t   reserved;                          /* on disk */
    lp_money_t  spent;
} lp_journal_ledger_t;

typedef struct {
    const char           *file;                    /* NULL: memory only */
    const lp_log_t       *log;
    lp_address_t          address;
    uint64_t              chain_id;
    uint32_t              day;                     /* since 1970, UTC */
    int                   fd;                      /* -1: lost, or no file */
    int64_t               tried_s;                 /* to open it again */
    lp_journal_ledger_t   ledgers[LP_JOURNAL_NLEDGERS];
} lp_journal_t;


/*
 * file: made when there is none; one signer at a time has it. budgets: of a
 * day, all ones: no limit. A record cut at the end of the file is as if it
 * had never been begun: what it would have covered was not signed. why: a
 * sentence.
 */
lp_status_t lp_journal_open(lp_journal_t *j, const char *file,
    const lp_address_t *address, uint64_t chain_id,
    const lp_u256_t budgets[LP_JOURNAL_NLEDGERS], const lp_log_t *log,
    char *why, size_t why_len);

/* what was reserved and not spent is given back */
void lp_journal_close(lp_journal_t *j);

/*
 * LP_OK: counted, and on disk. LP_LIMIT: over the day's budget. LP_INTERNAL:
 * the disk failed; the file is read again before anything else is counted.
 */
lp_status_t lp_journal_spend(lp_journal_t *j, lp_journal_e ledger,
    const lp_money_t *amount, int64_t now_s);

/* of the day of now_s, whole wei, rounded up */
void lp_journal_spent(lp_journal_t *j, lp_u256_t *wei, lp_journal_e ledger,
    int64_t now_s);


#endif /* LP_JOURNAL_H */
