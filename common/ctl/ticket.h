/*
 * A ticket as it is met: in a Livepeer-Payment header, in the calldata of a
 * redemption, or as the bytes its hash is made of. Any of them in hex.
 */
#ifndef CTL_TICKET_H
#define CTL_TICKET_H


#include "common/ctl/ctl.h"
#include "common/net/wire.h"
#include "common/pm/ticket.h"


#define CTL_TICKET_MAX  600                        /* of one payment */


typedef struct {
    uint32_t     nonce;
    lp_sig_t     sig;
} ctl_ticket_one_t;

typedef struct {
    const char       *form;            /* what it was read from, in words */
    lp_ticket_t       t;               /* all but the nonce */
    uint8_t           has_ticket;      /* a payment may have none */
    uint8_t           has_sig, has_rand, has_params, has_price;
    lp_u256_t         rand;
    lp_u256_t         expiration_block;
    lp_wire_price_t   price;
    size_t            n;
    ctl_ticket_one_t  one[CTL_TICKET_MAX];
} ctl_ticket_t;


/* a sentence when text is none of these */
ctl_exit_e ctl_ticket_read(ctl_t *c, ctl_ticket_t *t, const char *text);


#endif /* CTL_TICKET_H */
