/* Rounds: where we are in one, and the call that begins the next. */

#include "common/ctl/chain.h"
#include "common/ctl/cmd.h"
#include "common/ctl/tx.h"


ctl_exit_e
ctl_round_status(ctl_t *c)
{
    uint64_t     end, lock;
    ctl_exit_e   rc;
    ctl_round_t  r;

    rc = ctl_chain_round(c, &r);
    if (rc != CTL_DONE) {
        return rc;
    }

    if (r.lock_ppm > 1000000 || r.length > UINT32_MAX
        || r.start > UINT64_MAX - r.length)
    {
        return ctl_chain_strange(c, LP_CONTRACT_ROUNDS, "roundLength()");
    }

    end = r.start + r.length;
    lock = end - r.length * r.lock_ppm / 1000000;

    ctl_out_number(&c->out, "round", r.current);
    ctl_out_truth(&c->out, "initialized", r.initialized);
    ctl_out_number(&c->out, "last_initialized", r.last);
    ctl_out_number(&c->out, "block", r.block);
    ctl_out_number(&c->out, "start_block", r.start);
    ctl_out_number(&c->out, "length_blocks", r.length);
    ctl_out_number(&c->out, "blocks_left", end > r.block ? end - r.block : 0);
    ctl_out_truth(&c->out, "shares_locked", r.locked);
    ctl_out_number(&c->out, "lock_block", lock);

    return CTL_DONE;
}


ctl_exit_e
ctl_round_init(ctl_t *c)
{
    return ctl_tx_plain(c, "initialize the round", LP_CONTRACT_ROUNDS,
                        "initializeRound()");
}
