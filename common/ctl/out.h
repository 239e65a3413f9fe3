/*
 * The answer of a command: names and values, and lists of them. Text is made
 * for a person, a list being a table or blocks of lines; JSON carries amounts
 * as decimal strings of wei or of 1e-18 LPT. One writer makes both, so they
 * cannot differ.
 */
#ifndef CTL_OUT_H
#define CTL_OUT_H


#include "common/crypto/keys.h"
#include "common/util/buf.h"
#include "common/util/u256.h"


#define CTL_OUT_COLUMNS  24


typedef struct {
    lp_buf_t     buf;                  /* JSON, or text */
    lp_buf_t     rows;                 /* cells of the open list */
    lp_buf_t     heads;                /* and the names of its columns */
    size_t       width[CTL_OUT_COLUMNS];
    size_t       column;
    size_t       nrows;
    uint8_t      json;
    uint8_t      comma;                /* something stands before */
    uint8_t      in_list;
    uint8_t      in_item;
    uint8_t      tall;                 /* the list: a line for each value */
} ctl_out_t;


void ctl_out_init(ctl_out_t *o, int json);
void ctl_out_done(ctl_out_t *o);

/* key: small letters and "_", in text with spaces */
void ctl_out_text(ctl_out_t *o, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* a peer's bytes: made printable first */
void ctl_out_peer(ctl_out_t *o, const char *key, const char *text);
void ctl_out_number(ctl_out_t *o, const char *key, uint64_t v);
void ctl_out_truth(ctl_out_t *o, const char *key, int v);
void ctl_out_nothing(ctl_out_t *o, const char *key);
void ctl_out_address(ctl_out_t *o, const char *key, const lp_address_t *a);
void ctl_out_hash(ctl_out_t *o, const char *key, const lp_hash_t *h);
/* JSON: key_wei, key_lptu */
void ctl_out_eth(ctl_out_t *o, const char *key, const lp_u256_t *wei);
void ctl_out_lpt(ctl_out_t *o, const char *key, const lp_u256_t *v);
/* of a million; JSON: key_ppm */
void ctl_out_percent(ctl_out_t *o, const char *key, const lp_u256_t *ppm);

/* a list of items that all have the same names; tall: too much for a row */
void ctl_out_list(ctl_out_t *o, const char *key);
void ctl_out_list_tall(ctl_out_t *o, const char *key);
void ctl_out_item(ctl_out_t *o);
void ctl_out_end(ctl_out_t *o);

/* to standard output; 0, or -1: it could not be written whole */
int ctl_out_flush(ctl_out_t *o);


#endif /* CTL_OUT_H */
