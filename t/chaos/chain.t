#!/usr/bin/perl
# The long run of t/47-chain.t: CHAIN_WINNERS winners (1000) are redeemed in
# storms; CHAOS_SEED repeats a run.
# takes 600 s
# alone

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
Test::Chaos::Chain::verdict(Test::Chaos::Chain::weather(winners => $ENV{CHAIN_WINNERS} || 1000,
    each => 200, storm => 20, settle => 300, seed => $seed, verbose => 1));
