/*
 * Wei in fixed point: a signed 256-bit number of 2^-64 wei, so that prices
 * per pixel and expected values add up without a growing denominator and
 * without a double (T-12). Every operation that does not fit is refused.
 */
#ifndef LP_MONEY_H
#define LP_MONEY_H


#include "common/util/u256.h"


typedef struct {
    lp_u256_t  abs;                    /* in 2^-64 wei */
    int        negative;               /* never set for zero */
} lp_money_t;

typedef enum {
    LP_ROUND_DOWN,                     /* towards zero: credits */
    LP_ROUND_UP                        /* away from zero: debits */
} lp_round_e;


void lp_money_zero(lp_money_t *m);

lp_status_t lp_money_add(lp_money_t *r, const lp_money_t *a,
    const lp_money_t *b);
lp_status_t lp_money_sub(lp_money_t *r, const lp_money_t *a,
    const lp_money_t *b);
int lp_money_cmp(const lp_money_t *a, const lp_money_t *b);

/* whole wei */
lp_status_t lp_money_from_wei(lp_money_t *m, const lp_u256_t *wei);

/* whole wei; LP_LIMIT when m is negative */
lp_status_t lp_money_to_wei(lp_u256_t *wei, const lp_money_t *m,
    lp_round_e round);

/* units * num / den wei: pixels at a price; num >= 0, den >= 1 */
lp_status_t lp_money_price(lp_money_t *m, uint64_t units, int64_t num,
    int64_t den, lp_round_e round);

/* face_value * win_prob / (2^256 - 1): what a ticket is worth */
lp_status_t lp_money_ev(lp_money_t *m, const lp_u256_t *face_value,
    const lp_u256_t *win_prob, lp_round_e round);

/*
 * Amounts as people write them, exact: "0.01ETH", "5 gwei", "8000wei"; the
 * unit may be left out of "0" only. LP_MALFORMED: no number, no such unit, or
 * a fraction of a wei; LP_LIMIT: 2^256 or more.
 */
lp_status_t lp_money_parse_wei(lp_u256_t *wei, const char *text, size_t len);

/* "12.5" as a whole number of 10^-decimals, decimals <= 18 (LPT has 18) */
lp_status_t lp_money_parse_units(lp_u256_t *v, const char *text, size_t len,
    unsigned decimals);

/* ETH without a unit and without zeros at the end: "0.01"; returns out */
#define LP_MONEY_ETH_LEN  (LP_U256_DEC_LEN + 2)
const char *lp_money_format_eth(char out[LP_MONEY_ETH_LEN],
    const lp_u256_t *wei);


#endif /* LP_MONEY_H */
