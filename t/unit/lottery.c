/*
 * The lottery pays what its tickets are worth: 10^5 tickets of each kind, one
 * in 50 of them signed and judged. The long run is t/bench/lottery.
 */

#include "t/unit/lottery.h"
#include "t/unit/tap.h"


#define TICKETS  100000


/* of a half and of a fifth a run is close to what is expected; a rare winner
   says something in deviations only */

static const lottery_t  often[] = {
    { "one half", 50, 1, 1 },
    { "nine in ten", 90, 1, 1 },
    { "one in five", 20, 1, 1 },
};
static const lottery_t  rare[] = {
    { "one in a hundred", 1, 1, 1 },
    { "8 gwei, gas at 10^-5 gwei", 8000000000, 350000, 10000 },
    { "8 gwei, gas at 1 gwei", 8000000000, 350000, 1000000000 },
};


/* where fewer than five are expected, one winner is many deviations */

static void
is_fair(const char *name, const char *which, uint64_t wins, uint64_t n,
    double prob)
{
    double  z, expected = (double) n * prob;

    z = lottery_z((double) wins, (double) n, prob);
    ok(expected < 5 ? wins < 15 : fabs(z) < 4,
       "%s: %llu of %llu %s win, z %.2f", name, (unsigned long long) wins,
       (unsigned long long) n, which, z);
}


static void
test_play(const lottery_t *l, int is_often, const lp_keys_t *keys,
    const lp_secret_t *secret)
{
    double         payout;
    lp_u256_t      n;
    lp_money_t     worth;
    lottery_sum_t  s;

    ok(lottery_play(&s, l, TICKETS, 50, keys, secret) == 0
       && s.tickets == TICKETS && s.judged == TICKETS / 50 && s.refused == 0,
       "%s: every ticket that was signed is good", l->name);

    is_fair(l->name, "drawn", s.wins, s.tickets, s.prob);
    is_fair(l->name, "judged", s.judged_wins, s.judged, s.prob);

    lp_u256_set(&n, s.judged);
    lp_money_zero(&worth);
    lp_u256_mul(&worth.abs, &s.ev.abs, &n);
    ok(lp_money_cmp(&s.credited, &worth) == 0,
       "%s: each is credited with its EV, won or not", l->name);

    if (is_often) {
        payout = lottery_payout(&s);
        ok(fabs(payout - 1e6) < 1e4, "%s: %.3f %% of the EV is paid out",
           l->name, payout / 1e4);
    }
}


int
main(void)
{
    size_t                    i;
    lp_keys_t                *keys;
    static const uint8_t      seed[32] = { 1 };
    static const lp_secret_t  secret = { { 2 } };

    keys = lp_keys_create(seed);

    for (i = 0; i < sizeof(often) / sizeof(often[0]); i++) {
        test_play(&often[i], 1, keys, &secret);
    }

    for (i = 0; i < sizeof(rare) / sizeof(rare[0]); i++) {
        test_play(&rare[i], 0, keys, &secret);
    }

    lp_keys_destroy(&keys);

    return done();
}
