/*
 * lotteryload TICKETS EVERY: so many tickets of each lottery, one in EVERY of
 * them signed and judged. A line of JSON for each: name, win probability,
 * tickets, wins, z, the same of the judged, payout over EV.
 */

#include <stdio.h>

#include "t/unit/lottery.h"


static const lottery_t  lotteries[] = {
    { "one half", 50, 1, 1 },
    { "one in ten", 10, 1, 1 },
    { "one in twenty", 5, 1, 1 },
    { "one in a hundred", 1, 1, 1 },
    { "8 gwei, gas at 0.0001 gwei", 8000000000, 350000, 100000 },
    { "8 gwei, gas at 0.01 gwei", 8000000000, 350000, 10000000 },
    { "8 gwei, gas at 1 gwei", 8000000000, 350000, 1000000000 },
};


int
main(int argc, char **argv)
{
    size_t                    i;
    uint64_t                  n;
    lp_keys_t                *keys;
    lottery_sum_t             s;
    static const uint8_t      seed[32] = { 1 };
    static const lp_secret_t  secret = { { 2 } };

    keys = lp_keys_create(seed);

    if (argc != 3 || keys == NULL) {
        fprintf(stderr, "lotteryload TICKETS EVERY\n");
        return 2;
    }

    n = strtoull(argv[1], NULL, 10);

    for (i = 0; i < sizeof(lotteries) / sizeof(lotteries[0]); i++) {

        if (lottery_play(&s, &lotteries[i], n, (unsigned) atoi(argv[2]), keys,
                         &secret) != 0 || s.refused)
        {
            fprintf(stderr, "lotteryload: %s: a good ticket is refused\n",
                    lotteries[i].name);
            return 1;
        }

        printf("{\"name\":\"%s\",\"prob\":%.9g,\"tickets\":%llu,\"wins\":%llu,"
               "\"z\":%.4f,\"judged\":%llu,\"judged_wins\":%llu,"
               "\"judged_z\":%.4f,\"payout\":%.6f}\n", lotteries[i].name,
               s.prob, (unsigned long long) s.tickets,
               (unsigned long long) s.wins,
               lottery_z((double) s.wins, (double) s.tickets, s.prob),
               (unsigned long long) s.judged,
               (unsigned long long) s.judged_wins,
               lottery_z((double) s.judged_wins, (double) s.judged, s.prob),
               lottery_payout(&s) / 1e6);
    }

    lp_keys_destroy(&keys);

    return 0;
}
