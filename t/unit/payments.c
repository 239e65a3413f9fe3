/*
 * Work that nobody pays for is waited with (T-14): how long, whose, and what
 * counts. The time is an argument, so an hour is over at once.
 */

#include "orchestrator/payments_parts.h"
#include "t/unit/tap.h"


#define MINUTE  60000
#define HOUR    3600000


static orch_payments_t  payments;
static uint64_t         now;                       /* by the loop, at first */


static void
nothing(void *ctx, lp_log_level_e level, const char *line)
{
    (void) ctx;
    (void) level;
    (void) line;
}


static const lp_log_t  to_nowhere = { nothing, NULL, LP_LOG_ERROR };


/* no chain is asked about failures */

const orch_facts_t *
orch_watcher_facts(const orch_watcher_t *w)
{
    static const orch_facts_t  facts;

    (void) w;

    return &facts;
}


static lp_address_t
address(unsigned n)
{
    lp_address_t  a = { { 0x3c, (uint8_t) n } };

    return a;
}


static orch_payer_t *
payer_of(unsigned n)
{
    lp_address_t  a = address(n);

    return orch_payer_get(&payments, &a);
}


static void
fail(orch_payer_t *payer, int n, uint64_t at_ms)
{
    while (n--) {
        orch_payer_fail(&payments, payer, at_ms);
    }
}


/* does the pause that began at at_ms end when it should, to the ms */

static int
is_pause(const orch_payer_t *payer, uint64_t at_ms, uint64_t pause_ms)
{
    return orch_payer_paused(payer, at_ms)
           && orch_payer_paused(payer, at_ms + pause_ms - 1)
           && !orch_payer_paused(payer, at_ms + pause_ms);
}


static void
test_minute(void)
{
    orch_payer_t  *payer = payer_of(1);

    fail(payer, 4, now);
    ok(!orch_payer_paused(payer, now), "T-14: four failures are borne");

    fail(payer, 4, now + MINUTE + 1);
    ok(!orch_payer_paused(payer, now + MINUTE + 1),
       "T-14: ... and four more, a minute later");

    fail(payer, 1, now + MINUTE + 9);
    ok(is_pause(payer, now + MINUTE + 9, MINUTE),
       "T-14: the fifth in a minute is a pause of 60 s");

    fail(payer, 40, now + MINUTE + 20);
    ok(is_pause(payer, now + MINUTE + 20, MINUTE - 11),
       "T-14: what was under way makes it no longer");
}


/* the fifth of five at the ms in which the last pause has ended, and so on */

static void
test_doubling(void)
{
    char                   what[64];
    size_t                 i;
    uint64_t               at = now;
    orch_payer_t          *payer = payer_of(2);
    static const unsigned  pause_s[] = { 60, 120, 240, 480, 960, 1920, 3600,
                                         3600, 3600 };

    for (i = 0; i < sizeof(pause_s) / sizeof(pause_s[0]); i++) {
        fail(payer, 4, at);
        snprintf(what, sizeof(what), "T-14: pause %zu is %u s", i + 1,
                 pause_s[i]);
        ok(!orch_payer_paused(payer, at), "%s, not before it is due", what);
        fail(payer, 1, at);
        ok(is_pause(payer, at, pause_s[i] * 1000), "%s, to the ms", what);
        at += pause_s[i] * 1000;
    }

    fail(payer, 5, at + HOUR);
    ok(is_pause(payer, at + HOUR, HOUR),
       "T-14: within an hour of the last pause it is no shorter");
    at += 2 * HOUR;

    fail(payer, 5, at + HOUR + 1);
    ok(is_pause(payer, at + HOUR + 1, MINUTE),
       "T-14: after an hour without, it is 60 s again");
}


/* who waits an hour without a word is not a stranger after it */

static void
test_sweep(void)
{
    int            i;
    uint64_t       at = now;
    orch_payer_t  *payer = payer_of(3);
    lp_address_t   a = address(3);

    for (i = 0; i < 7; i++) {
        fail(payer, 5, at);
        at += payer->pause_ms;
    }

    /* silence from the seventh pause's begin, which is used_ms */

    payer->used_ms = at - HOUR;
    orch_payer_sweep(&payments, at + MINUTE);
    payer = orch_payer_find(&payments, &a);
    ok(payer != NULL, "T-14: how long the last pause was outlives it");

    if (payer) {
        fail(payer, 5, at + MINUTE);
        ok(is_pause(payer, at + MINUTE, HOUR), "T-14: ... so the next is it");
        orch_payer_sweep(&payments, at + MINUTE + 2 * HOUR + 1);
    }

    ok(orch_payer_find(&payments, &a) == NULL, "T-14: ... by an hour");
}


static lp_status_t
hold(unsigned sender)
{
    lp_hold_t           h;
    orch_token_t        token = { .sender = address(sender),
                                  .price = { 0, 1 } };
    lp_wire_seg_data_t  seg;

    memset(&seg, 0, sizeof(seg));

    return orch_payments_hold(&payments, &h, &token, &seg);
}


static void
settle(unsigned sender, int n, lp_status_t outcome)
{
    lp_hold_t     h;
    orch_token_t  token = { .sender = address(sender), .price = { 0, 1 } };

    while (n--) {
        memset(&h, 0, sizeof(h));
        orch_payments_settle(&payments, &h, &token, 0, outcome);
    }
}


static void
test_senders(void)
{
    settle(10, 4, LP_MISMATCH);
    settle(11, 4, LP_MISMATCH);
    ok(hold(10) == LP_OK && hold(11) == LP_OK,
       "T-14: eight failures of two senders are four of each");

    settle(10, 1, LP_MISMATCH);
    is_int(hold(10), LP_BUSY, "T-14: one's fifth, and it has no new work");
    is_int(hold(11), LP_OK, "T-14: ... while the other has");
    is_int((int64_t) payments.refused[refuse_paused], 1, "and one was refused");
}


/* a sender's are the outcomes that its bytes are the reason of */

static void
test_whose(void)
{
    size_t                    i;
    unsigned                  sender = 20;
    static const lp_status_t  ours[] = {
        LP_OK, LP_GONE, LP_BUSY, LP_TIMEOUT, LP_INTERNAL, LP_NOMEM, LP_LIMIT,
        LP_NO_FRAMES
    };
    static const lp_status_t  theirs[] = {
        LP_MISMATCH, LP_MALFORMED, LP_BUDGET, LP_TOO_BIG, LP_TOO_LONG,
        LP_BAD_CONTAINER, LP_NO_VIDEO, LP_AUDIO_ONLY, LP_BAD_CODEC,
        LP_BAD_PIXFMT, LP_NO_KEYFRAME, LP_TOO_LARGE, LP_TOO_MANY_FRAMES,
        LP_DAMAGED, LP_INPUT_CHANGED, LP_BAD_PROFILE
    };

    for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++, sender++) {
        settle(sender, 4, LP_MISMATCH);
        settle(sender, 100, ours[i]);
        ok(hold(sender) == LP_OK, "T-14: \"%s\", a hundred times, is no "
           "fault of a sender with four", lp_status_text(ours[i]));
        settle(sender, 1, LP_MISMATCH);
        ok(hold(sender) == LP_BUSY, "T-14: ... nor does it forgive one");
    }

    for (i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++, sender++) {
        settle(sender, 5, theirs[i]);
        ok(hold(sender) == LP_BUSY, "T-14: \"%s\", five times, is a pause",
           lp_status_text(theirs[i]));
    }
}


int
main(void)
{
    orch_loop_t  *loop = orch_loop_create();
    orch_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    conf.senders_max = 100;
    payments.conf.conf = &conf;
    payments.conf.loop = loop;
    payments.conf.log = &to_nowhere;
    now = orch_loop_now_ms(loop);

    plan(63);

    test_minute();
    test_doubling();
    test_sweep();
    test_senders();
    test_whose();

    orch_payer_free_all(&payments);
    orch_loop_destroy(&loop);

    return done();
}
