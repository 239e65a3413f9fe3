/*
 * Rates: a token bucket for one, and a table of them by network address. The
 * table has a fixed size; where it is full the address seen longest ago makes
 * room, so a flood of addresses cannot grow it.
 */
#ifndef ORCH_LIMIT_H
#define ORCH_LIMIT_H


#include <stddef.h>
#include <stdint.h>


#define ORCH_LIMIT_SETS  1024
#define ORCH_LIMIT_WAYS  4


typedef struct {
    uint64_t  level_us;            /* tokens left, each 1000000 / rate us */
    uint64_t  last_ms;
} orch_rate_t;

typedef struct {
    uint64_t       key;            /* 0: empty */
    orch_rate_t  bucket;
} orch_limit_slot_t;

typedef struct {
    uint32_t            rate;      /* a second */
    uint32_t            burst;
    uint64_t            seed;      /* random: no one can choose a set */
    orch_limit_slot_t  *slots;
} orch_limit_t;


/* 1: one more is within the rate and was counted */
int orch_rate_take(orch_rate_t *b, uint32_t rate, uint32_t burst,
    uint64_t now_ms);

/* -1 without memory; seed: random */
int orch_limit_init(orch_limit_t *l, uint32_t rate, uint32_t burst,
    uint64_t seed);
void orch_limit_done(orch_limit_t *l);

/* peer: an address in text, as orch_http_request_t.peer; IPv6 by /64 */
int orch_limit_take(orch_limit_t *l, const char *peer, uint64_t now_ms);


#endif /* ORCH_LIMIT_H */
