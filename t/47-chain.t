#!/usr/bin/perl
# A chain that does its worst while winners are redeemed: what threats.md 2.9
# names, one by one, then storms of all at once; at the end every winner was
# paid once, and the store agrees with the chain to the wei. The long run is
# t/chaos/chain.t.
# takes 85 s

use strict;
use warnings;
use lib 't/lib';
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Test::Chaos::Chain;

my $seed = $ENV{CHAOS_SEED} || time;
srand $seed;
my $t = Test::Livepeer->new()->plan(Test::Chaos::Chain::tests());
my $c = Test::Chaos::Chain->new($t, seed => $seed);
$c->start;
$c->one_by_one(winners => 50);
$c->one_by_one_verdict;
$c->payer->close;
diag "seed $seed";
Test::Chaos::Chain::verdict(Test::Chaos::Chain::weather(winners => $ENV{CHAIN_WINNERS} || 40,
    each => 40, storm => 8, settle => 60, seed => $seed));
