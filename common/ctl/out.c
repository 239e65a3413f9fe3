/* Names and values as text or JSON. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/ctl/out.h"
#include "common/util/hex.h"
#include "common/util/log.h"
#include "common/util/money.h"


#define CTL_OUT_MAX    (8 * 1024 * 1024)
#define CTL_OUT_VALUE  1024


void
ctl_out_init(ctl_out_t *o, int json)
{
    memset(o, 0, sizeof(ctl_out_t));
    lp_buf_init(&o->buf, CTL_OUT_MAX);
    lp_buf_init(&o->rows, CTL_OUT_MAX);
    lp_buf_init(&o->heads, CTL_OUT_VALUE);
    o->json = (uint8_t) json;

    if (json) {
        lp_buf_put_u8(&o->buf, '{');
    }
}


void
ctl_out_done(ctl_out_t *o)
{
    lp_buf_done(&o->buf);
    lp_buf_done(&o->rows);
    lp_buf_done(&o->heads);
}


static void
ctl_out_quote(lp_buf_t *b, const char *s)
{
    lp_buf_put_u8(b, '"');

    for ( /* void */ ; *s; s++) {
        if ((unsigned char) *s < 0x20 || *s == 0x7f) {
            lp_buf_printf(b, "\\u%04x", (unsigned char) *s);
            continue;
        }

        if (*s == '"' || *s == '\\') {
            lp_buf_put_u8(b, '\\');
        }

        lp_buf_put_u8(b, (uint8_t) *s);
    }

    lp_buf_put_u8(b, '"');
}


static void
ctl_out_key(ctl_out_t *o, const char *key, const char *suffix)
{
    char  name[64];

    if (o->comma) {
        lp_buf_put_u8(&o->buf, ',');
    }

    o->comma = 1;
    snprintf(name, sizeof(name), "%s%s", key, suffix);
    ctl_out_quote(&o->buf, name);
    lp_buf_put_u8(&o->buf, ':');
}


/* "last_reward" is read as "last reward" */

static void
ctl_out_name(lp_buf_t *b, const char *key)
{
    for ( /* void */ ; *key; key++) {
        lp_buf_put_u8(b, *key == '_' ? ' ' : (uint8_t) *key);
    }
}


static void
ctl_out_cell(ctl_out_t *o, const char *key, const char *text)
{
    size_t  n = strlen(text), head = strlen(key);

    if (o->column == CTL_OUT_COLUMNS) {
        return;
    }

    if (o->nrows == 1) {
        ctl_out_name(&o->heads, key);
        lp_buf_put_u8(&o->heads, '\t');
        o->width[o->column] = head;
    }

    if (n > o->width[o->column]) {
        o->width[o->column] = n;
    }

    lp_buf_put_str(&o->rows, text);
    lp_buf_put_u8(&o->rows, '\t');
    o->column++;
}


/* json: the value as it stands there; text: as a person reads it */

static void
ctl_out_put(ctl_out_t *o, const char *key, const char *suffix,
    const char *json, const char *text)
{
    size_t  width;

    if (o->json) {
        ctl_out_key(o, key, suffix);
        lp_buf_put_str(&o->buf, json);

    } else if (o->in_list && !o->tall) {
        ctl_out_cell(o, key, text);

    } else {
        width = o->in_list ? 21 : 23;
        lp_buf_put_str(&o->buf, o->in_list ? "  " : "");
        ctl_out_name(&o->buf, key);
        lp_buf_printf(&o->buf, "%*s%s\n",
                      strlen(key) + 1 < width ? (int) (width - strlen(key))
                      : 1, "", text);
    }
}


static void
ctl_out_string(ctl_out_t *o, const char *key, const char *suffix,
    const char *json, const char *text)
{
    lp_buf_t  quoted;

    lp_buf_init(&quoted, 6 * CTL_OUT_VALUE + 3);
    ctl_out_quote(&quoted, json);
    lp_buf_put_u8(&quoted, '\0');

    if (lp_buf_status(&quoted) == LP_OK) {
        ctl_out_put(o, key, suffix, (const char *) quoted.data, text);

    } else {
        o->buf.status = lp_buf_status(&quoted);
    }

    lp_buf_done(&quoted);
}


void
ctl_out_text(ctl_out_t *o, const char *key, const char *fmt, ...)
{
    char     text[CTL_OUT_VALUE];
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);

    ctl_out_string(o, key, "", text, text);
}


void
ctl_out_peer(ctl_out_t *o, const char *key, const char *text)
{
    char  safe[CTL_OUT_VALUE];

    lp_log_escape(safe, sizeof(safe), text, strlen(text));
    ctl_out_string(o, key, "", safe, safe);
}


void
ctl_out_number(ctl_out_t *o, const char *key, uint64_t v)
{
    char  text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long) v);
    ctl_out_put(o, key, "", text, text);
}


void
ctl_out_truth(ctl_out_t *o, const char *key, int v)
{
    ctl_out_put(o, key, "", v ? "true" : "false", v ? "yes" : "no");
}


void
ctl_out_nothing(ctl_out_t *o, const char *key)
{
    ctl_out_put(o, key, "", "null", "-");
}


void
ctl_out_address(ctl_out_t *o, const char *key, const lp_address_t *a)
{
    char  text[LP_ADDRESS_TEXT_LEN + 1];

    lp_address_text(text, a);
    ctl_out_string(o, key, "", text, text);
}


void
ctl_out_hash(ctl_out_t *o, const char *key, const lp_hash_t *h)
{
    char  text[2 + 64 + 1] = "0x";

    lp_hex_encode(text + 2, h->b, sizeof(h->b));
    ctl_out_string(o, key, "", text, text);
}


static void
ctl_out_amount(ctl_out_t *o, const char *key, const lp_u256_t *v,
    const char *suffix, const char *unit)
{
    char  json[LP_U256_DEC_LEN], text[LP_MONEY_ETH_LEN + 8];
    char  amount[LP_MONEY_ETH_LEN];

    lp_u256_put_dec(json, v);
    snprintf(text, sizeof(text), "%s %s", lp_money_format_eth(amount, v),
             unit);
    ctl_out_string(o, key, suffix, json, text);
}


void
ctl_out_eth(ctl_out_t *o, const char *key, const lp_u256_t *wei)
{
    ctl_out_amount(o, key, wei, "_wei", "ETH");
}


void
ctl_out_lpt(ctl_out_t *o, const char *key, const lp_u256_t *v)
{
    ctl_out_amount(o, key, v, "_lptu", "LPT");
}


void
ctl_out_percent(ctl_out_t *o, const char *key, const lp_u256_t *ppm)
{
    char    json[LP_U256_DEC_LEN], text[LP_U256_DEC_LEN + 8];
    size_t  n;

    lp_u256_put_dec(json, ppm);
    n = strlen(json);

    /* whole percent and four digits, without zeros at the end */

    snprintf(text, sizeof(text), "%.*s.%.*s%s",
             n > 4 ? (int) (n - 4) : 1, n > 4 ? json : "0",
             n < 4 ? (int) (4 - n) : 0, "000", n > 4 ? json + n - 4 : json);

    for (n = strlen(text); text[n - 1] == '0'; n--) { /* void */ }
    n -= text[n - 1] == '.';
    text[n] = '%';
    text[n + 1] = '\0';

    ctl_out_put(o, key, "_ppm", json, text);
}


void
ctl_out_list(ctl_out_t *o, const char *key)
{
    if (o->json) {
        ctl_out_key(o, key, "");
        lp_buf_put_u8(&o->buf, '[');
        o->comma = 0;

    } else {
        lp_buf_put_str(&o->buf, o->buf.len ? "\n" : "");
        ctl_out_name(&o->buf, key);
        lp_buf_put_u8(&o->buf, '\n');
    }

    lp_buf_reset(&o->rows);
    lp_buf_reset(&o->heads);
    memset(o->width, 0, sizeof(o->width));
    o->nrows = 0;
    o->tall = 0;
    o->in_list = 1;
}


void
ctl_out_list_tall(ctl_out_t *o, const char *key)
{
    ctl_out_list(o, key);
    o->tall = 1;
}


static void
ctl_out_item_end(ctl_out_t *o)
{
    if (o->in_item && o->json) {
        lp_buf_put_u8(&o->buf, '}');
        o->comma = 1;

    } else if (o->in_item && !o->tall) {
        lp_buf_put_u8(&o->rows, '\n');
    }

    o->in_item = 0;
}


void
ctl_out_item(ctl_out_t *o)
{
    ctl_out_item_end(o);

    if (o->json) {
        lp_buf_put_str(&o->buf, o->comma ? ",{" : "{");
        o->comma = 0;

    } else if (o->tall && o->nrows) {
        lp_buf_put_u8(&o->buf, '\n');
    }

    o->in_item = 1;
    o->column = 0;
    o->nrows++;
}


/* cells end with a tab, rows with a new line; each column as wide as needed */

static void
ctl_out_rows(ctl_out_t *o, const lp_buf_t *cells)
{
    size_t          column = 0;
    const uint8_t  *p = cells->data, *end = p + cells->len, *tab;

    while (p < end) {
        if (*p == '\n') {
            lp_buf_put_u8(&o->buf, '\n');
            column = 0;
            p++;
            continue;
        }

        tab = memchr(p, '\t', (size_t) (end - p));
        if (tab == NULL) {
            break;
        }

        lp_buf_printf(&o->buf, "  %.*s", (int) (tab - p), (const char *) p);

        if (tab + 1 < end && tab[1] != '\n') {
            lp_buf_printf(&o->buf, "%*s",
                          (int) (o->width[column] - (size_t) (tab - p)), "");
        }

        column++;
        p = tab + 1;
    }
}


void
ctl_out_end(ctl_out_t *o)
{
    ctl_out_item_end(o);

    if (o->json) {
        lp_buf_put_u8(&o->buf, ']');
        o->comma = 1;

    } else if (o->nrows == 0) {
        lp_buf_put_str(&o->buf, "  none\n");

    } else if (!o->tall) {
        lp_buf_put_u8(&o->heads, '\n');
        ctl_out_rows(o, &o->heads);
        ctl_out_rows(o, &o->rows);
    }

    o->in_list = 0;
}


int
ctl_out_flush(ctl_out_t *o)
{
    if (o->json) {
        lp_buf_put_str(&o->buf, "}\n");
    }

    if (lp_buf_status(&o->buf) != LP_OK || lp_buf_status(&o->rows) != LP_OK) {
        return -1;
    }

    if ((o->buf.len
         && fwrite(o->buf.data, 1, o->buf.len, stdout) != o->buf.len)
        || fflush(stdout) != 0)
    {
        return -1;
    }

    lp_buf_reset(&o->buf);

    return 0;
}
