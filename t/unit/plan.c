/* What a redemption may cost, and when: T-20, T-80, T-83. */

#include "orchestrator/redeemer_plan.h"
#include "t/unit/tap.h"


static lp_u256_t
num(uint64_t v)
{
    lp_u256_t  r;

    lp_u256_set(&r, v);

    return r;
}


static orch_plan_e
decide(uint64_t face, uint64_t payout, uint64_t cost, uint64_t now)
{
    orch_worth_t   worth = { num(face), num(payout), num(cost) };
    orch_window_t  w = { 1000, 2000, now };

    return orch_plan_decide(&worth, &w);
}


static void
test_window(void)
{
    orch_window_t  w;

    /* rounds of 100 blocks, round 50 began at 5000; a ticket of it is good
       in 50 and 51 */

    orch_plan_window(&w, 5040, 2, 50, 2, 50, 5000, 100, 5041);
    is_int((int64_t) w.begin, 5042, "T-04: two blocks past the parameters");
    is_int((int64_t) w.end, 5200, "until the round after the next begins");
    is_int(orch_plan_gone(&w), 0, "before it begins nothing is gone");

    orch_plan_window(&w, 5040, 2, 50, 2, 51, 5100, 100, 5121);
    is_int((int64_t) w.end, 5200, "the same end, seen in the next round");
    is_int(orch_plan_gone(&w), 500000, "half of it is gone");

    orch_plan_window(&w, 5040, 2, 50, 2, 52, 5200, 100, 5201);
    is_int((int64_t) w.end, 0, "over in the round after");
    is_int(orch_plan_gone(&w), 1000000, "all of it is gone");

    orch_plan_window(&w, UINT64_MAX, 2, UINT64_MAX, 2, 1, 5000, UINT64_MAX,
                     5000);
    ok(w.begin == UINT64_MAX && w.end == UINT64_MAX, "no sum wraps");
}


static void
test_share(void)
{
    orch_window_t  w = { 1000, 2000, 1000 };

    is_int(orch_plan_share(&w), 500000, "T-80: half of the payout");
    w.now = 1750;
    is_int(orch_plan_share(&w), 500000, "T-80: until three quarters");
    w.now = 1875;
    is_int(orch_plan_share(&w), 725000, "T-80: then more and more");
    w.now = 2000;
    is_int(orch_plan_share(&w), 950000, "T-80: up to 95 %%");
}


static void
test_decide(void)
{
    is_int(decide(1000, 1000, 500, 1100), plan_send, "worth it");
    is_int(decide(1000, 1000, 501, 1100), plan_wait_gas,
           "T-80: a wei over half waits");
    is_int(decide(1000, 1000, 725, 1875), plan_send,
           "T-80: late it is good enough");
    is_int(decide(1000, 1000, 960, 1999), plan_wait_gas,
           "T-80: but never at a loss");

    is_int(decide(1000, 999, 1, 1100), plan_wait_funds,
           "T-20: less than the face value waits for funds");
    is_int(decide(1000, 600, 499, 1900), plan_send,
           "T-20: at the deadline less is taken, over 1.2 of its cost");
    is_int(decide(1000, 600, 500, 1900), plan_wait_funds,
           "T-83: no ticket is burnt for less");
    is_int(decide(1000, 0, 0, 1999), plan_wait_funds,
           "T-83: nor for nothing");
    is_int(decide(1000, 1000, 1, 2000), plan_over, "its rounds are over");
}


static void
test_payout(void)
{
    lp_u256_t  paid, deposit = num(700), reserve = num(500), face = num(600);

    orch_plan_payout(&paid, &deposit, &reserve, &face);
    is_int((int64_t) paid.w[0], 600, "all of it from the deposit");
    is_int((int64_t) deposit.w[0], 100, "which is less then");

    orch_plan_payout(&paid, &deposit, &reserve, &face);
    is_int((int64_t) paid.w[0], 600, "the reserve pays the rest");
    is_int((int64_t) reserve.w[0], 0, "to its end");

    orch_plan_payout(&paid, &deposit, &reserve, &face);
    is_int((int64_t) paid.w[0], 0, "T-83: the third would pay nothing");
}


static void
test_fees(void)
{
    lp_u256_t   fee, tip, none = num(0), limit;
    orch_gas_t  g = { num(100), num(10), num(0) };

    ok(orch_plan_fees(&fee, &tip, &g, 10, &none) == LP_OK
       && fee.w[0] == 210 && tip.w[0] == 10, "twice the base fee and the tip");

    limit = num(1500);
    ok(orch_plan_fees(&fee, &tip, &g, 10, &limit) == LP_OK
       && fee.w[0] == 150, "T-80: never more than it is worth");

    limit = num(1099);
    ok(orch_plan_fees(&fee, &tip, &g, 10, &limit) == LP_LIMIT,
       "T-80: what would not be mined is not sent");

    g.max_price = num(105);
    ok(orch_plan_fees(&fee, &tip, &g, 10, &none) == LP_LIMIT,
       "T-80: nor what is over the operator's cap");

    g.max_price = num(0);
    fee = num(1000);
    tip = num(9);
    ok(orch_plan_raise(&fee, &tip, &g, 10, &none) == LP_OK
       && fee.w[0] == 1125 && tip.w[0] == 11,
       "T-76: a replacement offers an eighth more of both");

    g.base = num(5000);
    ok(orch_plan_raise(&fee, &tip, &g, 10, &none) == LP_OK
       && fee.w[0] == 10010, "T-76: or what is asked now");

    limit = num(11000);
    ok(orch_plan_raise(&fee, &tip, &g, 10, &limit) == LP_LIMIT
       && fee.w[0] == 10010, "T-80: and stays where that is too much");
}


int
main(void)
{
    plan(33);

    test_window();
    test_share();
    test_decide();
    test_payout();
    test_fees();

    return done();
}
