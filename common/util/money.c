/* Wei in fixed point with 64 fractional bits. */

#include <string.h>
#include <strings.h>

#include "common/util/money.h"


#define LP_MONEY_DECIMALS  18                      /* of an ETH */
#define LP_MONEY_TEXT      96                      /* no amount is longer */


static const lp_u256_t  lp_money_one = { { 0, 1, 0, 0 } };       /* 1 wei */


void
lp_money_zero(lp_money_t *m)
{
    memset(m, 0, sizeof(lp_money_t));
}


lp_status_t
lp_money_add(lp_money_t *r, const lp_money_t *a, const lp_money_t *b)
{
    lp_money_t   sum;
    lp_status_t  s;

    if (a->negative == b->negative) {
        sum.negative = a->negative;
        s = lp_u256_add(&sum.abs, &a->abs, &b->abs);

    } else if (lp_u256_cmp(&a->abs, &b->abs) >= 0) {
        sum.negative = a->negative;
        s = lp_u256_sub(&sum.abs, &a->abs, &b->abs);

    } else {
        sum.negative = b->negative;
        s = lp_u256_sub(&sum.abs, &b->abs, &a->abs);
    }

    if (s != LP_OK) {
        return s;
    }

    if (lp_u256_is_zero(&sum.abs)) {
        sum.negative = 0;
    }

    *r = sum;

    return LP_OK;
}


lp_status_t
lp_money_sub(lp_money_t *r, const lp_money_t *a, const lp_money_t *b)
{
    lp_money_t  minus = *b;

    minus.negative = !b->negative && !lp_u256_is_zero(&b->abs);

    return lp_money_add(r, a, &minus);
}


int
lp_money_cmp(const lp_money_t *a, const lp_money_t *b)
{
    int  c;

    if (a->negative != b->negative) {
        return a->negative ? -1 : 1;
    }

    c = lp_u256_cmp(&a->abs, &b->abs);

    return a->negative ? -c : c;
}


lp_status_t
lp_money_from_wei(lp_money_t *m, const lp_u256_t *wei)
{
    m->negative = 0;

    return lp_u256_mul(&m->abs, wei, &lp_money_one);
}


lp_status_t
lp_money_to_wei(lp_u256_t *wei, const lp_money_t *m, lp_round_e round)
{
    lp_u256_t  one;

    if (m->negative) {
        return LP_LIMIT;
    }

    lp_u256_set(&one, 1);

    return lp_u256_mul_div(wei, &m->abs, &one, &lp_money_one,
                           round == LP_ROUND_UP);
}


lp_status_t
lp_money_price(lp_money_t *m, uint64_t units, int64_t num, int64_t den,
    lp_round_e round)
{
    lp_u256_t    u, n, d;
    lp_status_t  s;

    if (num < 0 || den < 1) {
        return LP_MALFORMED;
    }

    lp_u256_set(&u, units);
    lp_u256_set(&n, (uint64_t) num);
    lp_u256_set(&d, (uint64_t) den);

    s = lp_u256_mul(&u, &u, &n);                 /* 127 bits at most */
    if (s != LP_OK) {
        return s;
    }

    m->negative = 0;

    return lp_u256_mul_div(&m->abs, &u, &lp_money_one, &d,
                           round == LP_ROUND_UP);
}


lp_status_t
lp_money_ev(lp_money_t *m, const lp_u256_t *face_value,
    const lp_u256_t *win_prob, lp_round_e round)
{
    lp_u256_t         scaled;
    lp_status_t       s;
    static const lp_u256_t  max = { { UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                      UINT64_MAX } };

    s = lp_u256_mul(&scaled, face_value, &lp_money_one);
    if (s != LP_OK) {
        return s;
    }

    m->negative = 0;

    return lp_u256_mul_div(&m->abs, &scaled, win_prob, &max,
                           round == LP_ROUND_UP);
}


lp_status_t
lp_money_parse_units(lp_u256_t *v, const char *text, size_t len,
    unsigned decimals)
{
    char    digits[LP_MONEY_TEXT + LP_MONEY_DECIMALS];
    size_t  i, n, whole;

    if (len > LP_MONEY_TEXT || decimals > LP_MONEY_DECIMALS) {
        return LP_LIMIT;
    }

    for (whole = 0; whole < len && text[whole] != '.'; whole++) { /* void */ }

    if (whole == 0 || whole + 1 == len) {
        return LP_MALFORMED;
    }

    memcpy(digits, text, whole);
    n = whole;

    for (i = whole + 1; i < len; i++) {
        if (decimals) {
            digits[n++] = text[i];
            decimals--;

        } else if (text[i] != '0') {
            return LP_MALFORMED;
        }
    }

    while (decimals--) {
        digits[n++] = '0';
    }

    return lp_u256_get_dec(v, digits, n);
}


lp_status_t
lp_money_parse_wei(lp_u256_t *wei, const char *text, size_t len)
{
    size_t  i, n, unit;
    static const struct {
        const char  *name;
        unsigned     decimals;
    } units[] = {
        { "eth", LP_MONEY_DECIMALS }, { "gwei", 9 }, { "wei", 0 }
    };

    if (len == 1 && text[0] == '0') {
        lp_u256_set(wei, 0);
        return LP_OK;
    }

    for (n = len; n && (text[n - 1] | 0x20) >= 'a'
                  && (text[n - 1] | 0x20) <= 'z'; n--) { /* void */ }

    unit = n;

    if (n && text[n - 1] == ' ') {
        n--;
    }

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strlen(units[i].name) == len - unit
            && strncasecmp(units[i].name, text + unit, len - unit) == 0)
        {
            return lp_money_parse_units(wei, text, n, units[i].decimals);
        }
    }

    return LP_MALFORMED;
}


const char *
lp_money_format_eth(char out[LP_MONEY_ETH_LEN], const lp_u256_t *wei)
{
    char    digits[LP_U256_DEC_LEN];
    size_t  n, zeros;

    lp_u256_put_dec(digits, wei);
    n = strlen(digits);
    zeros = n > LP_MONEY_DECIMALS ? 0 : LP_MONEY_DECIMALS + 1 - n;

    memset(out, '0', zeros);
    memcpy(out + zeros, digits, n + 1);
    n += zeros;

    memmove(out + n - LP_MONEY_DECIMALS + 1, out + n - LP_MONEY_DECIMALS,
            LP_MONEY_DECIMALS + 1);
    out[n - LP_MONEY_DECIMALS] = '.';

    while (out[n] == '0') {
        out[n--] = '\0';
    }

    if (out[n] == '.') {
        out[n] = '\0';
    }

    return out;
}
