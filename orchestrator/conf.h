/*
 * What the operator wants. One table holds every option: its name, type,
 * default, range and help, so that the command line, the environment, the
 * configuration file and --help cannot drift apart.
 *
 *   command line  --max-sessions 4
 *   environment   LIVEPEER_MAX_SESSIONS=4
 *   file          max-sessions 4             (--config FILE, "#" comments)
 *
 * The first of them that names an option wins.
 */
#ifndef ORCH_CONF_H
#define ORCH_CONF_H


#include <stdint.h>

#include "common/crypto/keys.h"
#include "common/util/arena.h"
#include "common/util/options.h"
#include "common/util/u256.h"


#define ORCH_CONF_OPTIONS_MAX  128
#define ORCH_CONF_URI_MAX      512
#define ORCH_CONF_NODES        8

typedef struct {
    const char  *service_addr;       /* base URI told to peers */
    const char  *http_addr;
    const char  *status_addr;        /* "" or "off": none */
    const char  *network;
    const char  *data_dir;
    const char  *cert_file;
    const char  *key_file;
    const char  *eth_key;
    const char  *log_level;
    const char  *transcoder;
    const char  *transcoder_args;

    /* money: DESIGN.md 5, wire.md 7, threats.md 2.1, 2.9 */
    const char  *signer;             /* "embedded" or unix:PATH */
    const char  *eth_password_file;
    const char  *eth_rpc;            /* URLs with spaces between, in order */
    const char  *eth_controller;
    const char  *recipient;          /* registered address; "": the signer's */
    const char  *role;               /* "all", "front", "redeemer" */
    const char  *price_per_pixel;    /* "1200", "3/2" wei, "0.05USD/Mpx" */
    const char  *price_feed;         /* address of a Chainlink ETH/USD feed */
    const char  *price_senders;      /* a file: "0x.. PRICE" a line */
    const char  *contracts_file;     /* for the embedded signer's policy */
    uint64_t     chain_id;           /* 0: off chain */
    const char  *startup_check;      /* "off", "warn", "on" */
    uint64_t     rpc_ms;             /* of one question to a node, 10000 */
    uint64_t     head_stale_ms;      /* T-09: 120000 */
    uint64_t     head_dead_ms;       /* 600000 */
    uint64_t     round_wait_ms;      /* before initializeRound, 30000 */
    uint64_t     replace_ms;         /* 90000 */
    uint64_t     gap_ms;             /* 600000 */
    uint64_t     hold_ms;            /* 10000 */
    uint64_t     auto_adjust;        /* 1: price carries the redemption cost */
    uint64_t     redeem_gas;         /* 350000; Arbitrum: 1200000 */
    uint64_t     redeem_overhead_ppm;/* 10000: 1 % of the face value */
    uint64_t     block_poll_ms;      /* 5000 */
    uint64_t     confirmations;      /* L2 blocks until final, 20 */
    uint64_t     reveal_blocks;      /* L1 past expiry, 2 */
    uint64_t     initialize_round;   /* 1: calls initializeRound */
    uint64_t     reward;             /* 1: calls reward when registered */
    uint64_t     batch;              /* 1: batch redemption when cheaper */
    uint64_t     recovers_sender;    /* ticket signatures a second, 600 */
    uint64_t     recovers_total;     /* 4000 */
    uint64_t     winners_sender;     /* unredeemed ones of a sender, 256 */
    uint64_t     senders_max;        /* remembered, 10000 */
    uint64_t     unknown_ip;         /* lookups of unknown senders a minute of
                                        one address, 2 */
    uint64_t     unknown_total;      /* and a second of all, 20 */
    uint64_t     work_ratio;         /* input to billed pixels, 8 */
    lp_u256_t    ticket_ev;          /* wei, 8000000000 */
    lp_u256_t    max_face_value;     /* wei; zero: none */
    lp_u256_t    max_unsecured;      /* wei beyond the reserve; zero: 1 face
                                        value */
    lp_u256_t    min_gas_price;      /* wei */
    lp_u256_t    max_gas_price;      /* wei; zero: none */
    lp_u256_t    gas_budget;         /* wei of a day; zero: none */

    uint64_t     max_sessions;
    uint64_t     max_sessions_sender;
    uint64_t     max_segments;       /* accepted, unanswered */
    uint64_t     transcoders;
    uint64_t     waiting_max;        /* segments of a session, beside the
                                        running one */
    uint64_t     renditions_kept;
    uint64_t     segment_max;        /* bytes */
    uint64_t     memory_max;         /* bytes */
    uint64_t     session_idle_ms;
    uint64_t     token_life_ms;
    uint64_t     job_min_ms;
    uint64_t     start_ms;           /* a transcoder until its first word */
    uint64_t     poison_ms;
    uint64_t     drain_ms;
    uint64_t     fetch_ms;

    uint64_t     discovery_rate;     /* GetOrchestrator of one address */
    uint64_t     discovery_burst;
    uint64_t     discovery_total;
    uint64_t     ping_rate;
    uint64_t     log_rate;

    uint64_t     max_connections;
    uint64_t     max_connections_ip;
    uint64_t     handshake_ms;
    uint64_t     handshakes_per_s;
    uint64_t     header_ms;
    uint64_t     idle_ms;
    uint64_t     stall_ms;
    uint64_t     body_rate;
    uint64_t     max_streams;
    uint64_t     max_requests;
    uint64_t     reset_burst;
    uint64_t     reset_per_s;

    /* found by orch_conf_judge */
    uint8_t      onchain;
    lp_address_t controller;
    lp_address_t recipient_address;  /* zero: the signer's */
    const char  *rpc_urls[ORCH_CONF_NODES];
    unsigned     nrpc_urls;
    const char  *cert_name;          /* host of the service address */
    const char  *status_host;        /* NULL: no status address */

    lp_options_t options;            /* how they were read */
    lp_arena_t   arena;              /* what the strings point at */
    lp_options_source_t  said[ORCH_CONF_OPTIONS_MAX];  /* by row */
} orch_conf_t;


/* conf is zeroed first and must stay where it is; done in every case */
lp_options_e orch_conf_read(orch_conf_t *conf, int argc, char **argv,
    char **env);
void orch_conf_done(orch_conf_t *conf);

/*
 * Values that must fit together, and defaults that follow from others:
 * transcoder, data_dir, transcoders, max_segments, cert_name. service_addr
 * is "" when it follows from the port that is bound. -1: why was said.
 */
int orch_conf_judge(orch_conf_t *conf);

/*
 * One sentence on stderr about a text option: its name, its value, where it
 * came from and the remedy. Returns -1.
 */
int orch_conf_complain(const orch_conf_t *conf, const char *name,
    const char *remedy);


#endif /* ORCH_CONF_H */
