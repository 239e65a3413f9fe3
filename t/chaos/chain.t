#!/usr/bin/perl
# The long run of the storms in t/47-chain.t: CHAIN_WINNERS winners (1000);
# CHAOS_SEED repeats a run.
# takes 600 s
# alone

use strict;
use warnings;
use lib 't/lib';
use Test::More tests => 2;                       # first: its END is the last
use Test::Chaos::Chain qw/ none /;

my $seed = $ENV{CHAOS_SEED} || time;
srand $seed;
my ($f, @wrong) = Test::Chaos::Chain::weather(winners => $ENV{CHAIN_WINNERS} || 1000, each => 100,
    storm => 20, settle => 300, seed => $seed, verbose => 1);
none("T-76: seed $seed: every winner is paid once on chain, or proven unpayable", @wrong);
is($f->{dead_of_age}, 0, 'T-76: none is lost to age');
diag Test::Chaos::Chain::figures($f);
