/* Token buckets, alone and by network address. */

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/limit.h"


#define ORCH_LIMIT_SECOND  1000000ULL


int
orch_rate_take(orch_rate_t *b, uint32_t rate, uint32_t burst,
    uint64_t now_ms)
{
    uint64_t  cost, full, passed_ms;

    cost = ORCH_LIMIT_SECOND / rate;
    full = cost * burst;

    if (b->last_ms == 0) {
        b->level_us = full;
        b->last_ms = now_ms;
    }

    passed_ms = now_ms > b->last_ms ? now_ms - b->last_ms : 0;

    /* an hour fills every bucket, and the product stays small */

    if (passed_ms > 3600000) {
        passed_ms = 3600000;
    }

    b->last_ms = now_ms;
    b->level_us += passed_ms * 1000;

    if (b->level_us > full) {
        b->level_us = full;
    }

    if (b->level_us < cost) {
        return 0;
    }

    b->level_us -= cost;

    return 1;
}


int
orch_limit_init(orch_limit_t *l, uint32_t rate, uint32_t burst,
    uint64_t seed)
{
    l->rate = rate;
    l->burst = burst;
    l->seed = seed;
    l->slots = calloc(ORCH_LIMIT_SETS * ORCH_LIMIT_WAYS,
                      sizeof(orch_limit_slot_t));

    return l->slots ? 0 : -1;
}


void
orch_limit_done(orch_limit_t *l)
{
    free(l->slots);
    l->slots = NULL;
}


/* the address as a number that is not 0, mixed with the seed */

static uint64_t
orch_limit_key(const orch_limit_t *l, const char *peer)
{
    uint8_t   addr[16];
    uint64_t  key, half;

    memset(addr, 0, sizeof(addr));

    if (inet_pton(AF_INET6, peer, addr) != 1) {
        inet_pton(AF_INET, peer, addr);
        addr[7] = 4;

    } else if (memcmp(addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0) {
        memcpy(addr, addr + 12, 4);                       /* IPv4, mapped */
        addr[7] = 4;
    }

    memcpy(&half, addr, sizeof(half));

    key = half ^ l->seed;
    key = (key ^ key >> 32) * 0xd6e8feb86659fd93ULL;
    key = (key ^ key >> 32) * 0xd6e8feb86659fd93ULL;
    key ^= key >> 32;

    return key ? key : 1;
}


int
orch_limit_take(orch_limit_t *l, const char *peer, uint64_t now_ms)
{
    size_t              i;
    uint64_t            key = orch_limit_key(l, peer);
    orch_limit_slot_t  *set, *slot;

    set = l->slots + key % ORCH_LIMIT_SETS * ORCH_LIMIT_WAYS;
    slot = set;

    for (i = 0; i < ORCH_LIMIT_WAYS; i++) {

        if (set[i].key == key) {
            slot = &set[i];
            break;
        }

        if (set[i].bucket.last_ms < slot->bucket.last_ms) {
            slot = &set[i];
        }
    }

    if (slot->key != key) {
        memset(slot, 0, sizeof(*slot));
        slot->key = key;
    }

    return orch_rate_take(&slot->bucket, l->rate, l->burst, now_ms);
}
