/*
 * The round's calls: initializeRound when the current round is not, after a
 * time by chance so that not everybody pays for it; and reward, once a round,
 * while our recipient is in the active set.
 */

#include "orchestrator/redeemer_state.h"
#include "orchestrator/token.h"


#define ORCH_ROUND_AGAIN_MS   60000        /* after it came to nothing */
#define ORCH_ROUND_REWARD_MS  600000
#define ORCH_ROUND_DEAR       250000       /* of the price, parts in a million:
                                              it was less than that */


/* is one of these under way already */

static int
orch_round_busy(const orch_redeemer_t *r, orch_tx_kind_e kind)
{
    const orch_slot_t  *s;

    for (s = r->slots.next; s != &r->slots; s = s->next) {
        if (s->kind == kind) {
            return 1;
        }
    }

    return r->build.state != build_idle && r->build.kind == kind;
}


static uint64_t
orch_round_chance(uint64_t most_ms)
{
    uint64_t  v;

    if (most_ms == 0) {
        return 0;
    }

    orch_token_random(&v, sizeof(v));

    return v % most_ms;
}


/* others make the same calls: we need not when gas costs several times what it
   did within the hour (T-80) */

static int
orch_round_is_dear(const orch_facts_t *f)
{
    lp_u256_t  part;

    orch_plan_part(&part, &f->gas_price, ORCH_ROUND_DEAR);

    return lp_u256_cmp(&part, &f->gas_low) > 0;
}


static void
orch_round_initialize(orch_redeemer_t *r, const orch_facts_t *f)
{
    uint64_t  now = orch_redeemer_now(r);

    if (!r->conf.conf->initialize_round || f->round_ready || f->paused) {
        r->round_due_ms = 0;
        return;
    }

    if (r->round_due_ms == 0) {
        r->round_due_ms = 1 + now
                          + orch_round_chance(r->conf.conf->round_wait_ms);
    }

    if (now < r->round_due_ms || orch_round_busy(r, tx_round)
        || orch_round_is_dear(f))
    {
        return;
    }

    orch_build_start(r, tx_round, NULL, 0, 0);
}


/* who calls must be the registered one itself */

static void
orch_round_reward(orch_redeemer_t *r, const orch_facts_t *f)
{
    if (!r->conf.conf->reward || !f->round_ready || f->paused || !f->active
        || r->reward_round == f->round
        || orch_redeemer_now(r) < r->reward_due_ms
        || orch_round_is_dear(f)
        || r->build.state != build_idle
        || orch_round_busy(r, tx_reward)
        || !lp_address_equal(orch_signer_address(r->conf.signer),
                             &r->conf.conf->recipient_address))
    {
        return;
    }

    r->reward_round = f->round;
    orch_build_start(r, tx_reward, NULL, 0, 0);
}


void
orch_round_look(orch_redeemer_t *r)
{
    const orch_facts_t  *f = orch_watcher_facts(r->conf.watcher);

    orch_round_initialize(r, f);
    orch_round_reward(r, f);
}


/* done: by us or by somebody else. Otherwise it is not to be now */

void
orch_round_over(orch_redeemer_t *r, orch_tx_kind_e kind, int done)
{
    uint64_t  now = orch_redeemer_now(r);

    if (kind == tx_round) {
        r->round_due_ms = done ? 0 : now + ORCH_ROUND_AGAIN_MS;
    }

    if (kind == tx_reward) {
        r->reward_round = done ? r->reward_round : 0;
        r->reward_due_ms = done ? 0 : now + ORCH_ROUND_REWARD_MS;
    }
}
