/* u256 and fixed-point money, against literal values and against identities */

#include "common/util/money.h"
#include "t/unit/tap.h"


static lp_u256_t
dec(const char *text)
{
    lp_u256_t  v;

    if (lp_u256_get_dec(&v, text, strlen(text)) != LP_OK) {
        printf("# not a number: %s\n", text);
    }

    return v;
}


static const char *
str(const lp_u256_t *v)
{
    static char  out[LP_U256_DEC_LEN];

    return lp_u256_put_dec(out, v);
}


static void
test_words(void)
{
    uint8_t    be[32];
    lp_u256_t  a, b, max;

    max = dec("1157920892373161954235709850086879078532699846656405640394575"
              "84007913129639935");
    is_int((int64_t) max.w[3], -1, "2^256 - 1 has every bit");
    ok(lp_u256_get_dec(&a, "1157920892373161954235709850086879078532699846656"
                       "40564039457584007913129639936", 78) == LP_LIMIT,
       "2^256 does not fit");
    ok(lp_u256_get_dec(&a, "12x", 3) == LP_MALFORMED, "digits only");

    lp_u256_set(&b, 1);
    ok(lp_u256_add(&a, &max, &b) == LP_LIMIT, "a sum never wraps");
    ok(lp_u256_sub(&a, &b, &max) == LP_LIMIT, "nor does a difference");
    ok(lp_u256_mul(&a, &max, &max) == LP_LIMIT, "nor a product");

    ok(lp_u256_mul_div(&a, &max, &max, &max, 0) == LP_OK
       && lp_u256_cmp(&a, &max) == 0, "the product of mul_div has 512 bits");

    a = dec("12000000000000000");
    is_int((int64_t) lp_u256_put_min(be, &a), 7, "minimal bytes");
    is_hex(be + 25, 7, "2aa1efb94e0000", "of a face value");
    is_str(str(&a), "12000000000000000", "and back to decimal");
}


/* wire.md 11.10: E x ceil(MAX / faceValue) of E = 8 * 10^9 */

static void
test_win_prob(void)
{
    lp_u256_t   e, fv, one, max, q;
    lp_money_t  ev, want;

    e = dec("8000000000");
    fv = dec("12000000000000000");
    lp_u256_set(&one, 1);
    memset(&max, 0xff, sizeof(max));

    lp_u256_mul_div(&q, &max, &one, &fv, 1);
    lp_u256_mul(&q, &q, &e);
    is_str(str(&q), "7719472615821079694904732333912527190217998977709370935963"
           "8392000000000", "the win probability of the made-up ticket");

    lp_money_ev(&ev, &fv, &q, LP_ROUND_DOWN);
    lp_money_from_wei(&want, &e);
    ok(lp_money_cmp(&ev, &want) >= 0, "its EV is at least the wanted one");

    lp_u256_set(&one, 8000000001);
    lp_money_from_wei(&want, &one);
    ok(lp_money_cmp(&ev, &want) < 0, "and less than one wei above it");
}


static void
test_ledger(void)
{
    int         i;
    lp_u256_t   wei;
    lp_money_t  sum, part, back;

    lp_money_zero(&sum);

    for (i = 0; i < 1000; i++) {               /* a third of a wei, 1000 x */
        lp_money_price(&part, 1, 1, 3, LP_ROUND_DOWN);
        lp_money_add(&sum, &sum, &part);
    }

    lp_money_to_wei(&wei, &sum, LP_ROUND_DOWN);
    is_str(str(&wei), "333", "thirds add up without a denominator");

    lp_money_price(&back, 1000, 1, 3, LP_ROUND_DOWN);
    lp_money_sub(&back, &back, &sum);
    ok(back.abs.w[0] <= 1000 && !back.abs.w[1], "drift: 2^-64 wei an operation");

    lp_money_price(&part, 19958400, 1212, 1, LP_ROUND_UP);
    lp_money_to_wei(&wei, &part, LP_ROUND_UP);
    is_str(str(&wei), "24189580800", "pixels at a price");

    lp_money_sub(&sum, &sum, &part);
    ok(sum.negative, "a balance may be negative");
    ok(lp_money_to_wei(&wei, &sum, LP_ROUND_DOWN) == LP_LIMIT,
       "but it is no amount to pay");
    lp_money_add(&sum, &sum, &part);
    ok(!sum.negative, "and comes back");

    ok(lp_money_price(&part, 1, -1, 1, LP_ROUND_UP) == LP_MALFORMED,
       "a negative price is refused");
    ok(lp_money_price(&part, 1, 1, 0, LP_ROUND_UP) == LP_MALFORMED,
       "pixels per unit 0 is refused");
}


static void
is_amount(const char *text, const char *wei)
{
    lp_u256_t    v;
    lp_status_t  s;

    s = lp_money_parse_wei(&v, text, strlen(text));
    is_str(s == LP_OK ? str(&v) : lp_status_label(s), wei, text);
}


static void
is_written(const char *wei, const char *eth)
{
    char       out[LP_MONEY_ETH_LEN];
    lp_u256_t  v;

    lp_u256_get_dec(&v, wei, strlen(wei));
    is_str(lp_money_format_eth(out, &v), eth, eth);
}


static void
test_amounts(void)
{
    lp_u256_t  v;

    is_amount("0.01ETH", "10000000000000000");
    is_amount("5 gwei", "5000000000");
    is_amount("1.5gwei", "1500000000");
    is_amount("8000wei", "8000");
    is_amount("0", "0");
    is_amount("0.000000000000000001 eth", "1");
    is_amount("0.0000000000000000010eth", "1");
    is_amount("0.0000000000000000015eth", "malformed");
    is_amount("0.5wei", "malformed");
    is_amount("10", "malformed");
    is_amount("-1wei", "malformed");
    is_amount("1e18wei", "malformed");
    is_amount(".5eth", "malformed");
    is_amount("1.eth", "malformed");
    is_amount("1.2.3eth", "malformed");
    is_amount("eth", "malformed");
    is_amount("", "malformed");
    is_amount("1ether", "malformed");
    is_amount("115792089237316195423570985008687907853269984665640564039457."
              "584007913129639936eth", "limit");
    is_amount("99999999999999999999999999999999999999999999999999999999999999"
              "999999999999999999999999999999999999999wei", "limit");
    ok(lp_money_parse_units(&v, "2.5", 3, 1) == LP_OK && v.w[0] == 25,
       "units of a tenth");

    is_written("10000000000000000", "0.01");
    is_written("0", "0");
    is_written("1", "0.000000000000000001");
    is_written("1000000000000000000", "1");
    is_written("1234500000000000000000", "1234.5");
    is_written("115792089237316195423570985008687907853269984665640564039457"
               "584007913129639935", "115792089237316195423570985008687907853"
               "269984665640564039457.584007913129639935");
}


int
main(void)
{
    plan(48);

    test_words();
    test_win_prob();
    test_ledger();
    test_amounts();

    return done();
}
