/*
 * Amounts as people write them: what is taken is written again as the same
 * amount, and a number as the same digits.
 */

#include <stdlib.h>
#include <string.h>

#include "common/util/money.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int cond)
{
    if (!cond) {
        abort();
    }
}


static void
fuzz_digits(const char *text, size_t len)
{
    char       out[LP_U256_DEC_LEN];
    lp_u256_t  v;

    if (lp_u256_get_dec(&v, text, len) != LP_OK) {
        return;
    }

    lp_u256_put_dec(out, &v);

    while (len > 1 && *text == '0') {
        text++;
        len--;
    }

    check(strlen(out) == len && memcmp(out, text, len) == 0);
}


static void
fuzz_amount(const char *text, size_t len)
{
    char       out[LP_MONEY_ETH_LEN + 3];
    lp_u256_t  v, again;

    if (lp_money_parse_wei(&v, text, len) != LP_OK) {
        return;
    }

    lp_money_format_eth(out, &v);
    strcat(out, "eth");
    check(lp_money_parse_wei(&again, out, strlen(out)) == LP_OK
          && lp_u256_cmp(&v, &again) == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lp_u256_t    v;
    const char  *text = (const char *) data;

    fuzz_digits(text, size);
    fuzz_amount(text, size);

    if (size) {
        (void) lp_money_parse_units(&v, text + 1, size - 1, data[0] % 24);
    }

    return 0;
}
