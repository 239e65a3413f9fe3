/*
 * calldata < lines: what eth/contracts makes and reads, for comparison with
 * another encoder. A line is a word and its arguments; an answer is a line.
 *
 *   plain SIG | of SIG ADDR [ADDR] | u256 SIG N | of_u256 SIG ADDR N
 *   u256_of SIG N ADDR | hash SIG HASH | text SIG TEXT | two SIG N N
 *   services HASH,.. ADDR,.. | locations HASH,.. | batch CALL,..
 *   tx legacy|fees KEY CHAIN NONCE TIP FEE GAS TO|create VALUE DATA
 *   logs JSON                   each event: number, addresses, words, text
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/eth/contracts.h"
#include "common/eth/tx.h"
#include "common/util/hex.h"


#define LINE_MAX_BYTES  (4 * 1024 * 1024)
#define ITEMS_MAX       64


static lp_u256_t
number(const char *text)
{
    lp_u256_t  v;

    if (lp_u256_get_dec(&v, text, strlen(text)) != LP_OK) {
        exit(2);
    }

    return v;
}


static lp_address_t
address(const char *text)
{
    lp_address_t  a;

    if (lp_address_parse(&a, text, strlen(text)) != LP_OK) {
        exit(2);
    }

    return a;
}


static lp_hash_t
hash(const char *text)
{
    lp_hash_t  h;

    if (lp_hex_decode(h.b, 32, text + 2, strlen(text + 2)) != LP_OK) {
        exit(2);
    }

    return h;
}


static size_t
hashes(lp_hash_t *out, char *list)
{
    char    *save, *p;
    size_t   n = 0;

    for (p = strtok_r(list, ",", &save); p && n < ITEMS_MAX;
         p = strtok_r(NULL, ",", &save))
    {
        out[n++] = hash(p);
    }

    return n;
}


static void
services(lp_buf_t *b, char *ids, char *verifiers)
{
    char          *save, *p;
    size_t         n = 0;
    lp_hash_t      h[ITEMS_MAX];
    lp_address_t   a[ITEMS_MAX];

    for (p = strtok_r(verifiers, ",", &save); p && n < ITEMS_MAX;
         p = strtok_r(NULL, ",", &save))
    {
        a[n++] = address(p);
    }

    lp_contracts_put_services(b, h, a, hashes(h, ids));
}


static void
batch(lp_buf_t *b, char *list)
{
    char           *save, *p;
    size_t          n = 0, len;
    uint8_t        *calls[ITEMS_MAX];

    for (p = strtok_r(list, ",", &save); p && n < ITEMS_MAX;
         p = strtok_r(NULL, ",", &save))
    {
        len = strlen(p + 2) / 2;
        calls[n] = malloc(len);
        if (len != 548
            || lp_hex_decode(calls[n++], len, p + 2, 2 * len) != LP_OK)
        {
            exit(2);
        }
    }

    if (lp_contracts_put_batch(b, (const uint8_t *const *) calls, n)
        != LP_OK)
    {
        exit(2);
    }

    while (n) {
        free(calls[--n]);
    }
}


/* a whole transaction, signed: its bytes */

static void
transaction(lp_buf_t *b, char *line)
{
    char           *w[11] = { NULL }, *save;
    size_t          i;
    uint8_t         seed[32] = { 1 }, *data;
    lp_tx_t         tx;
    lp_hash_t       key, id;
    lp_keys_t      *keys;
    lp_secret_t     secret;

    for (i = 0; i < 11; i++) {
        w[i] = strtok_r(i ? NULL : line, " ", &save);
        if (w[i] == NULL) {
            exit(2);
        }
    }

    memset(&tx, 0, sizeof(tx));
    tx.legacy = strcmp(w[1], "legacy") == 0;
    key = hash(w[2]);
    memcpy(secret.b, key.b, 32);
    tx.chain_id = number(w[3]).w[0];
    tx.nonce = number(w[4]).w[0];
    tx.max_priority_wei = number(w[5]);
    tx.max_fee_wei = number(w[6]);
    tx.gas = number(w[7]).w[0];
    tx.create = strcmp(w[8], "create") == 0;
    tx.value_wei = number(w[9]);
    tx.data_len = strlen(w[10] + 2) / 2;
    data = malloc(tx.data_len + 1);
    tx.data = data;

    if (!tx.create) {
        tx.to = address(w[8]);
    }

    keys = lp_keys_create(seed);

    if (data == NULL || keys == NULL
        || lp_hex_decode(data, tx.data_len, w[10] + 2, strlen(w[10] + 2))
           != LP_OK
        || lp_tx_sign(b, &id, &tx, keys, &secret) != LP_OK)
    {
        exit(2);
    }

    lp_keys_destroy(&keys);
    free(data);
}


static void
event(const lp_rpc_log_t *log, const lp_rpc_logs_t *logs)
{
    int         i;
    char        text[LP_U256_DEC_LEN], a[LP_ADDRESS_TEXT_LEN + 1];
    char        h[2 * 32 + 1];
    lp_event_t  e;

    if (lp_event_read(&e, log, logs) != LP_OK) {
        printf("malformed;");
        return;
    }

    lp_address_text(a, &e.first);
    printf("%d %s ", e.what, a);
    lp_address_text(a, &e.second);
    printf("%s ", a);

    for (i = 0; i < 4; i++) {
        printf("%s ", lp_u256_put_dec(text, &e.words[i]));
    }

    lp_hex_encode(h, e.hash.b, 32);
    printf("0x%s %.*s;", h, (int) e.text_len, e.text ? e.text : "");
}


static void
logs(const char *json)
{
    size_t         i;
    lp_rpc_logs_t  l;

    if (lp_rpc_get_logs(&l, NULL, 1, (const uint8_t *) json, strlen(json))
        != LP_OK)
    {
        printf("no logs");
    }

    for (i = 0; i < l.n; i++) {
        event(&l.logs[i], &l);
    }

    lp_rpc_logs_done(&l);
}


/* up to four words, but for a transaction */

static void
answer(lp_buf_t *b, char *line)
{
    char          *w[4] = { "", "", "", "" }, *save;
    size_t         i;
    lp_hash_t      h[ITEMS_MAX];
    lp_u256_t      v, v2;
    lp_address_t   a, a2;

    if (strncmp(line, "tx ", 3) == 0) {
        transaction(b, line);
        return;
    }

    for (i = 0; i < 4; i++) {
        w[i] = strtok_r(i ? NULL : line, " ", &save);
        w[i] = w[i] ? w[i] : "";
    }

    if (strcmp(w[0], "plain") == 0) {
        lp_contracts_put_plain(b, w[1]);

    } else if (strcmp(w[0], "of") == 0) {
        a = address(w[2]);
        a2 = w[3][0] ? address(w[3]) : a;
        lp_contracts_put_of(b, w[1], &a, w[3][0] ? &a2 : NULL);

    } else if (strcmp(w[0], "u256") == 0) {
        v = number(w[2]);
        lp_contracts_put_u256(b, w[1], &v);

    } else if (strcmp(w[0], "of_u256") == 0) {
        a = address(w[2]);
        v = number(w[3]);
        lp_contracts_put_of_u256(b, w[1], &a, &v);

    } else if (strcmp(w[0], "u256_of") == 0) {
        v = number(w[2]);
        a = address(w[3]);
        lp_contracts_put_u256_of(b, w[1], &v, &a);

    } else if (strcmp(w[0], "hash") == 0) {
        h[0] = hash(w[2]);
        lp_contracts_put_hash(b, w[1], &h[0]);

    } else if (strcmp(w[0], "text") == 0) {
        lp_contracts_put_text(b, w[1], w[2]);

    } else if (strcmp(w[0], "two") == 0) {
        v = number(w[2]);
        v2 = number(w[3]);
        lp_contracts_put_two(b, w[1], &v, &v2);

    } else if (strcmp(w[0], "services") == 0) {
        services(b, w[1], w[2]);

    } else if (strcmp(w[0], "locations") == 0) {
        lp_contracts_put_locations(b, h, hashes(h, w[1]));

    } else if (strcmp(w[0], "batch") == 0) {
        batch(b, w[1]);

    } else {
        exit(2);
    }
}


int
main(void)
{
    size_t     i;
    char      *line;
    lp_buf_t   b;

    line = malloc(LINE_MAX_BYTES);
    lp_buf_init(&b, 65536);

    while (line && fgets(line, LINE_MAX_BYTES, stdin)) {
        line[strcspn(line, "\n")] = '\0';

        if (strncmp(line, "logs ", 5) == 0) {
            logs(line + 5);

        } else {
            answer(&b, line);
            printf("0x");
            for (i = 0; i < b.len; i++) {
                printf("%02x", b.data[i]);
            }

            lp_buf_reset(&b);
        }

        printf("\n");
        fflush(stdout);
    }

    lp_buf_done(&b);
    free(line);

    return 0;
}
