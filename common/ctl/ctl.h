/*
 * livepeerctl: one command, then the end. What the files of this program
 * share: the command that runs, what was given to it, the chain it talks to
 * and the key it signs with.
 *
 *   main       words to a row of the command table, the row's run, its exit
 *   opts       what was given; each value parsed where it is asked for
 *   cmd_*      the commands
 *   chain, tx  reads; one transaction from simulation to receipt
 *   rpc, http  nodes in order; bytes there and back (door: libcurl)
 *   out        the answer as text or as JSON
 *
 * A function that can fail returns ctl_exit_e, CTL_DONE being 0, after one
 * call of ctl_fail that says what and what to do.
 */
#ifndef CTL_H
#define CTL_H


#include "common/crypto/keys.h"
#include "common/ctl/http.h"
#include "common/ctl/out.h"
#include "common/eth/contracts.h"


#define CTL_NAME         "livepeerctl"
#define CTL_GIVEN_MAX    64
#define CTL_RPCS_MAX     8
#define CTL_SENT_MAX     8
#define CTL_ERROR_MAX    1024
#define CTL_RESULT_MAX   (256 * 1024)              /* bytes of one call */


/* how the program ends */
typedef enum {
    CTL_DONE = 0,
    CTL_REFUSED = 1,                   /* by the chain, a node or a rule */
    CTL_USAGE = 2,                     /* the words or the configuration */
    CTL_FUNDS = 3                      /* so much is missing */
} ctl_exit_e;


typedef struct ctl_s  ctl_t;

typedef struct {
    const char           *name;        /* without -- */
    const char           *value;       /* what follows; NULL: nothing does */
    const char           *help;
    uint8_t               needed;
} ctl_option_t;

typedef struct {
    const char           *group;
    const char           *verb;        /* NULL: the group is the command */
    const char           *word;        /* a value without a name, or NULL */
    const char           *help;
    ctl_exit_e          (*run)(ctl_t *c);
    const ctl_option_t   *options;     /* ends with name NULL; may be NULL */
} ctl_command_t;

typedef struct {
    const char           *name;
    const char           *text;        /* "" for an option without a value */
} ctl_given_t;

typedef struct {
    const char           *step;        /* "bond": for progress and answer */
    const char           *call;        /* "bond(uint256,address)" */
    lp_contract_e         contract;    /* LP_NCONTRACTS: plain ETH to .to */
    lp_address_t          to;
    lp_u256_t             value;       /* ETH sent along, wei */
    uint8_t               after;       /* needs what a step before does: not
                                          simulated in a dry run */
} ctl_tx_t;

/* one that was sent, or would be */
typedef struct {
    ctl_tx_t              tx;
    lp_hash_t             hash;
    uint64_t              gas;         /* used, or the limit of a dry run */
    uint64_t              block;
    lp_u256_t             cost;        /* of the gas, wei; at most, when dry */
    uint8_t               sent;
    uint8_t               simulated;
} ctl_sent_t;

struct ctl_s {
    const ctl_command_t  *command;
    ctl_given_t           given[CTL_GIVEN_MAX];
    size_t                ngiven;

    ctl_out_t             out;
    char                  error[CTL_ERROR_MAX];

    lp_buf_t              dev;         /* the texts of --dev */
    const char           *dev_rpc, *dev_controller, *dev_key;
    uint64_t              dev_chain_id;

    ctl_http_t           *http;
    const char           *rpcs[CTL_RPCS_MAX];
    uint8_t               checked[CTL_RPCS_MAX];   /* its chain id is ours */
    size_t                nrpcs, rpc;
    uint64_t              rpc_id;

    uint64_t              chain_id;
    uint8_t               chain_named; /* by us, not by the node */
    lp_contracts_t        contracts;
    lp_contracts_t        pinned;      /* --contracts; chain_id 0: none */
    uint8_t               resolved[LP_NCONTRACTS];
    uint8_t               opened;

    lp_keys_t            *keys;
    lp_secret_t          *secret;      /* NULL: none was asked for */
    lp_address_t          me;

    lp_buf_t              data;        /* the call that is being built */
    lp_buf_t              result;      /* of the last one */

    ctl_sent_t            sent[CTL_SENT_MAX];
    size_t                nsent;
};


/* keeps the sentence; returns code */
ctl_exit_e ctl_fail(ctl_t *c, ctl_exit_e code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* a line for a person who waits, on standard error */
void ctl_note(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));


#endif /* CTL_H */
