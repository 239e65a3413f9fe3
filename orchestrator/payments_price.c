/*
 * What a pixel costs: the operator's price, in wei or USD, for all or for one
 * sender, and the cost of redemption on top (wire.md 3.5).
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/payments_parts.h"


#define ORCH_PRICE_USD_DECIMALS  18
#define ORCH_PRICE_LINE          256
#define ORCH_PRICE_SENDERS_MAX   10000
#define ORCH_PRICE_STEPS         1000              /* of a wei */


static int
orch_price_ends(const char *text, size_t len, const char *end)
{
    size_t  n = strlen(end);

    return len > n && memcmp(text + len - n, end, n) == 0;
}


/* a whole number of digits, all of text */

static lp_status_t
orch_price_int(int64_t *v, const char *text, size_t len)
{
    lp_u256_t    n;
    lp_status_t  rc;

    rc = lp_u256_get_dec(&n, text, len);

    if (rc != LP_OK || n.w[1] | n.w[2] | n.w[3] || n.w[0] > INT64_MAX) {
        return LP_MALFORMED;
    }

    *v = (int64_t) n.w[0];

    return LP_OK;
}


static lp_status_t
orch_price_parse(orch_price_t *p, const char *text, size_t len)
{
    const char  *slash;

    memset(p, 0, sizeof(orch_price_t));
    p->wei.den = 1;
    p->pixels = 0;

    if (orch_price_ends(text, len, "USD/Mpx")) {
        p->pixels = 1000000;
        len -= 7;

    } else if (orch_price_ends(text, len, "USD/px")) {
        p->pixels = 1;
        len -= 6;
    }

    if (p->pixels) {
        return lp_money_parse_units(&p->usd, text, len,
                                    ORCH_PRICE_USD_DECIMALS) == LP_OK
               ? LP_OK : LP_MALFORMED;
    }

    slash = memchr(text, '/', len);

    if (slash
        && orch_price_int(&p->wei.den, slash + 1,
                          len - (size_t) (slash - text) - 1) != LP_OK)
    {
        return LP_MALFORMED;
    }

    if (orch_price_int(&p->wei.num, text, slash ? (size_t) (slash - text)
                                                : len) != LP_OK)
    {
        return LP_MALFORMED;
    }

    return lp_price_reduce(&p->wei);
}


lp_status_t
orch_payments_parse_price(const char *text, size_t len)
{
    orch_price_t  price;

    return orch_price_parse(&price, text, len);
}


static int
orch_price_order(const void *a, const void *b)
{
    const orch_price_sender_t  *x = a, *y = b;

    return memcmp(x->sender.b, y->sender.b, LP_ADDRESS_LEN);
}


/* "0x.. PRICE"; what follows "#" is a remark. 1: an empty line */

static int
orch_price_line(orch_price_sender_t *s, char *line)
{
    char  *address, *price, *save;

    line[strcspn(line, "#\r\n")] = '\0';

    address = strtok_r(line, " \t", &save);
    price = strtok_r(NULL, " \t", &save);

    if (address == NULL) {
        return 1;
    }

    return price && strtok_r(NULL, " \t", &save) == NULL
           && lp_address_parse(&s->sender, address, strlen(address)) == LP_OK
           && orch_price_parse(&s->price, price, strlen(price)) == LP_OK
           ? 0 : -1;
}


static int
orch_price_read(orch_payments_t *p, FILE *f, const char *file)
{
    int       rc;
    char      line[ORCH_PRICE_LINE];
    unsigned  n;

    for (n = 1; fgets(line, sizeof(line), f); n++) {

        if (p->nprices == ORCH_PRICE_SENDERS_MAX) {
            lp_log(p->conf.log, LP_LOG_ERROR, "%s line %u: at most %d prices",
                   file, n, ORCH_PRICE_SENDERS_MAX);
            return -1;
        }

        rc = orch_price_line(&p->prices[p->nprices], line);

        if (rc < 0) {
            lp_log(p->conf.log, LP_LOG_ERROR, "%s line %u: give an address "
                   "and a price, as \"0x.. 1200\"", file, n);
            return -1;
        }

        p->nprices += rc == 0;
    }

    qsort(p->prices, p->nprices, sizeof(orch_price_sender_t),
          orch_price_order);

    return 0;
}


static int
orch_price_senders(orch_payments_t *p, const char *file)
{
    int    rc;
    FILE  *f;

    if (*file == '\0') {
        return 0;
    }

    f = fopen(file, "re");
    if (f == NULL) {
        lp_log(p->conf.log, LP_LOG_ERROR, "--price-senders %s: %s", file,
               strerror(errno));
        return -1;
    }

    p->prices = calloc(ORCH_PRICE_SENDERS_MAX, sizeof(orch_price_sender_t));

    rc = p->prices ? orch_price_read(p, f, file) : -1;
    fclose(f);

    return rc;
}


int
orch_price_open(orch_payments_t *p)
{
    const char  *text = p->conf.conf->price_per_pixel;

    if (orch_price_parse(&p->price, text, strlen(text)) != LP_OK) {
        lp_log(p->conf.log, LP_LOG_ERROR, "--price-per-pixel %s: give wei, as "
               "1200 or 3/2, or 0.05USD/Mpx", text);
        return -1;
    }

    return orch_price_senders(p, p->conf.conf->price_senders);
}


void
orch_price_close(orch_payments_t *p)
{
    free(p->prices);
    p->prices = NULL;
}


static const orch_price_t *
orch_price_of(const orch_payments_t *p, const lp_address_t *sender)
{
    orch_price_sender_t         key;
    const orch_price_sender_t  *found;

    key.sender = *sender;
    found = p->nprices ? bsearch(&key, p->prices, p->nprices,
                                 sizeof(key), orch_price_order)
                       : NULL;

    return found ? &found->price : &p->price;
}


lp_u256_t
orch_price_gas(const orch_payments_t *p)
{
    lp_u256_t            gas = p->conf.conf->min_gas_price;
    const orch_facts_t  *facts = orch_watcher_facts(p->conf.watcher);

    if (lp_u256_cmp(&gas, &facts->gas_price) < 0) {
        gas = facts->gas_price;
    }

    return lp_u256_cmp(&gas, &facts->gas_average) < 0 ? facts->gas_average
                                                      : gas;
}


/* a in thousandths of b, with what redemption adds: truncated */

static lp_status_t
orch_price_steps(orch_payments_t *p, lp_price_t *price, lp_u256_t *a,
    lp_u256_t *b)
{
    lp_u256_t    gas, cost, face, sum, steps, thousand;
    lp_status_t  rc;

    lp_u256_set(&thousand, ORCH_PRICE_STEPS);
    gas = orch_price_gas(p);

    if (p->conf.conf->auto_adjust) {

        if (lp_recipient_cost(p->recipient, &cost, &face, &gas) != LP_OK
            || lp_u256_add(&sum, &face, &cost) != LP_OK
            || lp_u256_mul(a, a, &sum) != LP_OK
            || lp_u256_mul(b, b, &face) != LP_OK)
        {
            return LP_LIMIT;
        }
    }

    rc = lp_u256_mul_div(&steps, a, &thousand, b, 0);

    if (rc != LP_OK || steps.w[1] | steps.w[2] | steps.w[3]
        || steps.w[0] > INT64_MAX)
    {
        return LP_LIMIT;
    }

    price->num = (int64_t) steps.w[0];
    price->den = ORCH_PRICE_STEPS;

    return lp_price_reduce(price);
}


/* usd 10^-18 for pixels, num / den USD for 10^18 wei: wei for one pixel */

static lp_status_t
orch_price_usd(orch_payments_t *p, lp_price_t *price, const orch_price_t *of)
{
    lp_u256_t            a, b, n;
    const orch_facts_t  *facts = orch_watcher_facts(p->conf.watcher);

    if (facts->eth_usd.num <= 0 || facts->eth_usd.den < 1) {
        return LP_MISSING;
    }

    lp_u256_set(&n, (uint64_t) facts->eth_usd.den);

    if (lp_u256_mul(&a, &of->usd, &n) != LP_OK) {
        return LP_LIMIT;
    }

    lp_u256_set(&b, of->pixels);
    lp_u256_set(&n, (uint64_t) facts->eth_usd.num);

    if (lp_u256_mul(&b, &b, &n) != LP_OK) {
        return LP_LIMIT;
    }

    return orch_price_steps(p, price, &a, &b);
}


lp_status_t
orch_payments_price(orch_payments_t *p, lp_price_t *price,
    const lp_address_t *sender)
{
    lp_u256_t            a, b;
    const orch_price_t  *of = orch_price_of(p, sender);

    if (of->pixels) {
        return orch_price_usd(p, price, of);
    }

    if (of->wei.num == 0 || !p->conf.conf->auto_adjust) {
        *price = of->wei;
        return LP_OK;
    }

    lp_u256_set(&a, (uint64_t) of->wei.num);
    lp_u256_set(&b, (uint64_t) of->wei.den);

    return orch_price_steps(p, price, &a, &b);
}
