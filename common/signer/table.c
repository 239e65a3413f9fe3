/* Chained hashing over a fixed array, and a list by last use through it. */

#include <stdlib.h>
#include <string.h>

#include "common/signer/table.h"


lp_status_t
lp_sign_table_init(lp_sign_table_t *t, uint32_t max, const uint8_t salt[32])
{
    memset(t, 0, sizeof(lp_sign_table_t));
    memcpy(t->salt, salt, sizeof(t->salt));

    t->max = max;
    t->entries = calloc(max, sizeof(lp_sign_entry_t));
    t->heads = calloc(max, sizeof(uint32_t));

    if (t->entries == NULL || t->heads == NULL) {
        lp_sign_table_done(t);
        return LP_NOMEM;
    }

    return LP_OK;
}


void
lp_sign_table_done(lp_sign_table_t *t)
{
    free(t->entries);
    free(t->heads);
    memset(t, 0, sizeof(lp_sign_table_t));
}


/* keys are a peer's choice: without the salt nobody can make them meet */

static uint32_t *
lp_sign_table_head(lp_sign_table_t *t, const lp_hash_t *key)
{
    size_t             i;
    uint64_t           w;
    unsigned __int128  sum = 0;

    for (i = 0; i < 4; i++) {
        memcpy(&w, key->b + 8 * i, sizeof(w));
        sum += (unsigned __int128) w * (t->salt[i] | 1);
    }

    return &t->heads[(uint32_t) (sum >> 64) & (t->max - 1)];
}


static void
lp_sign_table_unlink(lp_sign_table_t *t, lp_sign_entry_t *e)
{
    uint32_t  *older, *newer;

    older = e->older ? &t->entries[e->older - 1].newer : &t->oldest;
    newer = e->newer ? &t->entries[e->newer - 1].older : &t->newest;

    *older = e->newer;
    *newer = e->older;
}


static void
lp_sign_table_append(lp_sign_table_t *t, lp_sign_entry_t *e)
{
    uint32_t  place = (uint32_t) (e - t->entries) + 1;

    e->older = t->newest;
    e->newer = 0;

    if (t->newest) {
        t->entries[t->newest - 1].newer = place;

    } else {
        t->oldest = place;
    }

    t->newest = place;
}


/* a free place, or the oldest's */

static lp_sign_entry_t *
lp_sign_table_room(lp_sign_table_t *t, int64_t now_s, int64_t life_s)
{
    uint32_t         *link;
    lp_sign_entry_t  *e;

    if (t->n < t->max) {
        return &t->entries[t->n++];
    }

    e = &t->entries[t->oldest - 1];

    if (now_s - e->used_s < life_s) {
        return NULL;
    }

    for (link = lp_sign_table_head(t, &e->key); *link != t->oldest;
         link = &t->entries[*link - 1].chain)
    {
        /* void */
    }

    *link = e->chain;
    lp_sign_table_unlink(t, e);

    return e;
}


lp_sign_entry_t *
lp_sign_table_get(lp_sign_table_t *t, const lp_hash_t *key, int64_t now_s,
    int64_t life_s)
{
    uint32_t          place, *head = lp_sign_table_head(t, key);
    lp_sign_entry_t  *e;

    for (place = *head; place; place = e->chain) {
        e = &t->entries[place - 1];

        if (memcmp(&e->key, key, sizeof(lp_hash_t)) == 0) {
            lp_sign_table_unlink(t, e);
            lp_sign_table_append(t, e);
            e->used_s = now_s;

            return e;
        }
    }

    e = lp_sign_table_room(t, now_s, life_s);
    if (e == NULL) {
        return NULL;
    }

    memset(e, 0, sizeof(lp_sign_entry_t));
    e->key = *key;
    e->used_s = now_s;
    e->chain = *head;
    *head = (uint32_t) (e - t->entries) + 1;
    lp_sign_table_append(t, e);

    return e;
}
