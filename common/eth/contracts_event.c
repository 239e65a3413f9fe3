/*
 * Events of the contracts as plain values, and what a revert's reason means.
 * A row has the head of the topic, so that a foreign log costs a comparison,
 * and where each argument stands.
 */

#include <string.h>

#include "common/eth/contracts.h"


/*
 * One letter for each argument: A an indexed address, W an indexed word, and
 * in the data a address, w word, h hash, s string, - not of use to us.
 */
typedef struct {
    const char  *signature;
    const char  *args;
    uint8_t      head[4];
} lp_event_row_t;


#define LP_EVENT_SIGNATURE(name, text)  [name].signature = text,

#define LP_EVENT_ROW(name, a, b, c, d, letters)                               \
    [name].args = letters, [name].head = { a, b, c, d },

static const lp_event_row_t  lp_event_rows[] = {
    LP_EVENT_MAP(LP_EVENT_SIGNATURE)

    LP_EVENT_ROW(LP_EVENT_NEW_ROUND,     0x22, 0xf2, 0xfc, 0x17, "Wh")
    LP_EVENT_ROW(LP_EVENT_DEPOSIT,       0x51, 0x59, 0xe2, 0x37, "Aw")
    LP_EVENT_ROW(LP_EVENT_RESERVE,       0xb5, 0x2b, 0x99, 0xb9, "Aw")
    LP_EVENT_ROW(LP_EVENT_CLAIMED,       0x5c, 0x2b, 0x39, 0x47, "Aaw")
    LP_EVENT_ROW(LP_EVENT_UNLOCK,        0xf7, 0x87, 0x0c, 0x5b, "Aww")
    LP_EVENT_ROW(LP_EVENT_UNLOCK_CANCEL, 0xfa, 0x04, 0x4b, 0x7b, "A")
    LP_EVENT_ROW(LP_EVENT_WITHDRAWAL,    0xdf, 0x27, 0x3c, 0xb6, "Aww")
    LP_EVENT_ROW(LP_EVENT_TRANSFER,      0x8b, 0x87, 0x35, 0x1a, "AAw")
    LP_EVENT_ROW(LP_EVENT_REDEEMED,      0xc3, 0x89, 0xeb, 0x51, "AAwwww-")
    LP_EVENT_ROW(LP_EVENT_ACTIVATED,     0x65, 0xd7, 0x2d, 0x78, "Aw")
    LP_EVENT_ROW(LP_EVENT_DEACTIVATED,   0xfe, 0xe3, 0xe6, 0x93, "Aw")
    LP_EVENT_ROW(LP_EVENT_SERVICE_URI,   0xfb, 0xb6, 0x30, 0x68, "As")
    LP_EVENT_ROW(LP_EVENT_REWARD,        0x61, 0x9c, 0xaa, 0xfa, "Aw")
    LP_EVENT_ROW(LP_EVENT_UPDATE,        0x73, 0x46, 0x85, 0x44, "Aww")
    LP_EVENT_ROW(LP_EVENT_CONTRACT,      0xf9, 0xa6, 0xcf, 0x51, "ha-")
    LP_EVENT_ROW(LP_EVENT_PAUSE,         0x69, 0x85, 0xa0, 0x22, "")
    LP_EVENT_ROW(LP_EVENT_UNPAUSE,       0x78, 0x05, 0x86, 0x2f, "")
};


void
lp_event_topic(lp_hash_t *topic, lp_event_e what)
{
    const char  *signature = lp_event_rows[what].signature;

    lp_keccak256(topic, signature, strlen(signature));
}


static lp_event_e
lp_event_find(const lp_hash_t *topic)
{
    size_t     i;
    lp_hash_t  full;

    for (i = 0; i < LP_NEVENTS; i++) {
        if (memcmp(topic->b, lp_event_rows[i].head, 4) == 0) {
            lp_event_topic(&full, (lp_event_e) i);

            if (memcmp(topic->b, full.b, sizeof(full.b)) == 0) {
                break;
            }
        }
    }

    return (lp_event_e) i;
}


/* where the next argument comes from, and the next place for it */
typedef struct {
    lp_abi_t  topics, data;
    size_t    topic, word, naddresses, nwords;
} lp_event_read_t;


static lp_status_t
lp_event_take_address(lp_event_t *e, lp_event_read_t *r, const lp_abi_t *from,
    size_t at)
{
    return lp_abi_get_address(from, at, r->naddresses++ ? &e->second
                                                        : &e->first);
}


static lp_status_t
lp_event_take(lp_event_t *e, lp_event_read_t *r, char letter)
{
    const uint8_t  *p;
    lp_status_t     s;

    switch (letter) {
    case 'A':
        return lp_event_take_address(e, r, &r->topics, r->topic++);
    case 'W':
        return lp_abi_get_u256(&r->topics, r->topic++, &e->words[r->nwords++]);
    case 'a':
        return lp_event_take_address(e, r, &r->data, r->word++);
    case 'w':
        return lp_abi_get_u256(&r->data, r->word++, &e->words[r->nwords++]);
    case 'h':
        return lp_abi_get_hash(&r->data, r->word++, &e->hash);
    case 's':
        s = lp_abi_get_bytes(&r->data, r->word++, &p, &e->text_len);
        e->text = s == LP_OK ? (const char *) p : NULL;
        return s;
    default:
        r->word++;
        return LP_OK;
    }
}


lp_status_t
lp_event_read(lp_event_t *e, const lp_rpc_log_t *log,
    const lp_rpc_logs_t *logs)
{
    const char       *args;
    lp_event_read_t   r;

    memset(e, 0, sizeof(lp_event_t));
    memset(&r, 0, sizeof(lp_event_read_t));

    e->what = log->ntopics ? lp_event_find(&log->topics[0]) : LP_NEVENTS;
    if (e->what == LP_NEVENTS) {
        return LP_OK;
    }

    r.topics.data = log->topics[1].b;
    r.topics.len = (log->ntopics - 1) * sizeof(lp_hash_t);
    r.data.data = logs->bytes.data + log->data_at;
    r.data.len = log->data_len;

    for (args = lp_event_rows[e->what].args; *args; args++) {
        if (lp_event_take(e, &r, *args) != LP_OK) {
            return LP_MALFORMED;
        }
    }

    /* the same name with other arguments indexed is another event */

    return r.topic == log->ntopics - 1 ? LP_OK : LP_MALFORMED;
}


static int
lp_revert_is(const char *reason, const char *const *texts, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (strstr(reason, texts[i])) {
            return 1;
        }
    }

    return 0;
}


lp_revert_e
lp_revert_class(const char *reason)
{
    static const char *const  used[] = { "ticket is used" };
    static const char *const  dead[] = {
        "ticket is expired",
        "does not have a block hash",
        "creationRoundBlockHash invalid",
        "did not win",
        "invalid signature",
        "INVALID_SIGNATURE_LENGTH",
        "recipientRand does not match",
        "is null address",
        "invalid length for ticket auxData"
    };

    if (lp_revert_is(reason, used, sizeof(used) / sizeof(used[0]))) {
        return LP_REVERT_DONE;
    }

    return lp_revert_is(reason, dead, sizeof(dead) / sizeof(dead[0]))
               ? LP_REVERT_DEAD : LP_REVERT_RETRY;
}
