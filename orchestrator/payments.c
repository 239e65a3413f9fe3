/* Payments opened and closed; credit held for work and settled after it. */

#include <stdlib.h>
#include <string.h>

#include "common/util/failpoint.h"
#include "orchestrator/payments_parts.h"


#define ORCH_PAYMENTS_SWEEP_MS     60000
#define ORCH_PAYMENTS_COMMITMENTS  262144             /* live, of all senders */
#define ORCH_PAYMENTS_FPS          60                 /* when a profile says 0 */

/* T-14: what a second of one 1080p30 stream has is never too much */
#define ORCH_PAYMENTS_FREE_RATE    (1920 * 1080 * 30)


const orch_refusal_t  orch_refusals[ORCH_NREFUSALS] = {
#define ORCH_REFUSALS_ROW(name, status, text, error, label)                   \
    { status, text, error, label },
    ORCH_REFUSALS_MAP(ORCH_REFUSALS_ROW)
#undef ORCH_REFUSALS_ROW
};


static const orch_refusal_t *
orch_payments_refusal(const char *text)
{
    int  i;

    for (i = 0; text && i < ORCH_NREFUSALS; i++) {
        if (strcmp(text, orch_refusals[i].text) == 0) {
            return &orch_refusals[i];
        }
    }

    return NULL;
}


const char *
orch_payments_error(const char *text)
{
    const orch_refusal_t  *r = orch_payments_refusal(text);

    return r ? r->error : NULL;
}


int
orch_payments_status(const char *text)
{
    const orch_refusal_t  *r = orch_payments_refusal(text);

    return r ? r->status : 500;
}


static void
orch_payments_sweep(void *data)
{
    uint64_t          block;
    orch_payments_t  *p = data;

    block = orch_watcher_facts(p->conf.watcher)->l1_block;

    lp_recipient_prune(p->recipient, block);
    orch_payer_sweep(p, orch_loop_now_ms(p->conf.loop));
    orch_timer_set(&p->sweep, ORCH_PAYMENTS_SWEEP_MS);
}


static int
orch_payments_open(orch_payments_t *p)
{
    uint8_t               secret[32];
    const orch_conf_t    *c = p->conf.conf;
    lp_recipient_conf_t   rc;

    memset(&rc, 0, sizeof(rc));
    rc.address = p->conf.recipient;
    rc.ev_wei = c->ticket_ev;
    rc.max_face_value = c->max_face_value;
    rc.redeem_gas = c->redeem_gas;
    rc.redeem_overhead_ppm = (uint32_t) c->redeem_overhead_ppm;
    rc.max_commitments = ORCH_PAYMENTS_COMMITMENTS;

    orch_token_random(secret, sizeof(secret));
    orch_token_random(&p->seed, sizeof(p->seed));
    p->recipient = lp_recipient_create(&rc, secret);
    explicit_bzero(secret, sizeof(secret));

    return p->recipient ? orch_price_open(p) : -1;
}


orch_payments_t *
orch_payments_create(const orch_payments_conf_t *conf)
{
    orch_payments_t  *p;

    p = calloc(1, sizeof(orch_payments_t));
    if (p == NULL) {
        return NULL;
    }

    p->conf = *conf;
    orch_timer_init(&p->sweep, conf->loop, orch_payments_sweep, p);

    if (orch_payments_open(p)) {
        orch_payments_destroy(&p);
        return NULL;
    }

    orch_timer_set(&p->sweep, ORCH_PAYMENTS_SWEEP_MS);

    return p;
}


void
orch_payments_destroy(orch_payments_t **pp)
{
    orch_payments_t  *p = *pp;

    *pp = NULL;

    if (p == NULL) {
        return;
    }

    orch_timer_done(&p->sweep);
    orch_payer_free_all(p);
    orch_price_close(p);
    lp_recipient_destroy(&p->recipient);
    free(p);
}


/* frames of a rendition in a second, rounded up as every sender does */

static uint64_t
orch_payments_fps(const lp_profile_t *profile)
{
    uint64_t  den = profile->fps_den ? profile->fps_den : 1;

    return profile->fps_num ? (profile->fps_num + den - 1) / den
                            : ORCH_PAYMENTS_FPS;
}


/* the most that a segment should cost; a profile's numbers are bounded */

static lp_status_t
orch_payments_estimate(lp_money_t *m, const orch_token_t *token,
    const lp_wire_seg_data_t *seg)
{
    size_t               i;
    uint64_t             pixels = 0;
    const lp_profile_t  *profile;

    for (i = 0; i < seg->nprofiles; i++) {
        profile = &seg->profiles[i];
        pixels += (uint64_t) profile->width * profile->height
                  * orch_payments_fps(profile);
    }

    if (seg->duration_ms < 0 || pixels > UINT64_MAX / 1000000) {
        return LP_LIMIT;
    }

    pixels = (pixels * (uint64_t) seg->duration_ms + 999) / 1000;

    return lp_money_price(m, pixels, token->price.num, token->price.den,
                          LP_ROUND_UP);
}


lp_status_t
orch_payments_hold(orch_payments_t *p, lp_hold_t *hold,
    const orch_token_t *token, const lp_wire_seg_data_t *seg)
{
    lp_money_t      cost;
    orch_payer_t   *payer = orch_payer_find(p, &token->sender);
    orch_credit_t  *c;

    memset(hold, 0, sizeof(lp_hold_t));

    if (payer
        && orch_payer_paused(payer, orch_loop_now_ms(p->conf.loop)))
    {
        p->refused[refuse_paused]++;
        return LP_BUSY;
    }

    if (orch_payments_estimate(&cost, token, seg) != LP_OK) {
        return LP_LIMIT;
    }

    if (lp_u256_is_zero(&cost.abs)) {
        return LP_OK;                    /* free, by the operator's own word */
    }

    c = payer ? orch_payer_credit(p, payer, token, 0) : NULL;

    if (c == NULL || lp_balance_hold(&c->balance, hold, &cost) != LP_OK) {
        p->refused[refuse_balance]++;
        return LP_LIMIT;
    }

    c->holds++;
    LP_FAILPOINT("pay_held");

    return LP_OK;
}


/* does this outcome count against who sent the segment */

static int
orch_payments_is_fault(lp_status_t outcome)
{
    switch (outcome) {

    case LP_OK:
    case LP_NOMEM:
    case LP_LIMIT:
    case LP_BUSY:
    case LP_TIMEOUT:
    case LP_GONE:
    case LP_NO_FRAMES:
    case LP_INTERNAL:
        return 0;

    default:
        return 1;
    }
}


static void
orch_payments_debit(orch_payments_t *p, orch_payer_t *payer,
    lp_hold_t *hold, const orch_token_t *token, uint64_t pixels)
{
    lp_money_t      cost;
    lp_price_t      price = { token->price.num, token->price.den };
    orch_credit_t  *c = orch_payer_credit(p, payer, token, 0);

    if (lp_money_price(&cost, pixels, price.num, price.den, LP_ROUND_UP)
        != LP_OK)
    {
        cost = hold->amount;
    }

    /* the balance is c's: it lives while it has holds */

    lp_balance_settle(hold, &cost);
    c->holds--;

    if (lp_money_cmp(&cost, &payer->largest) > 0) {
        payer->largest = cost;
    }

    (void) lp_money_add(&p->sums.debited, &p->sums.debited, &cost);
    orch_payer_owe(p, payer, c, &price);
    LP_FAILPOINT("pay_settled");
}


void
orch_payments_settle(orch_payments_t *p, lp_hold_t *hold,
    const orch_token_t *token, uint64_t pixels, lp_status_t outcome)
{
    int            fault = orch_payments_is_fault(outcome);
    orch_payer_t  *payer;

    payer = fault ? orch_payer_get(p, &token->sender)
                  : orch_payer_find(p, &token->sender);

    if (payer && hold->balance) {
        orch_payments_debit(p, payer, hold, token, pixels);
    }

    if (payer && fault) {
        orch_payer_fail(p, payer, orch_loop_now_ms(p->conf.loop));
    }
}


int
orch_payments_unpriced(const orch_payments_t *p, uint64_t decoded_pixels,
    uint64_t billed_pixels, uint32_t duration_ms)
{
    uint64_t  ratio = p->conf.conf->work_ratio;
    uint64_t  free_pixels = (uint64_t) duration_ms * ORCH_PAYMENTS_FREE_RATE
                            / 1000;

    return decoded_pixels > free_pixels
           && decoded_pixels / ratio > billed_pixels;
}


void
orch_payments_sums(const orch_payments_t *p, orch_payments_sums_t *s)
{
    *s = p->sums;
}
