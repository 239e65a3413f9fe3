#!/usr/bin/perl
# The orchestrator is killed while it is paid and redeems: at failpoints, while
# it starts, at any time. Started again it has every winner that was answered,
# none of them twice, and all come to be paid (threats.md 4.4). The long run is
# t/chaos/kill.t.
# takes 45 s

use strict;
use warnings;
use lib 't/lib';
use List::Util qw/ shuffle /;
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Test::Chaos::Kill;

my $seed = $ENV{CHAOS_SEED} || time;
srand $seed;
my $t = Test::Livepeer->new()->plan(11);
my $c = Test::Chaos::Kill->new($t, seed => $seed, deposit => 300, reserve => 300, signer => 1);

# those that need a locked database or a lost transaction take longer
my @points = shuffle grep { !/^spill|adopted|drained|raise/ } Test::Chaos::Kill::failpoints();
my ($f, @wrong) = $c->kill_runs(runs => $ENV{KILL_RUNS} || 14, points => [@points[0 .. 8]]);
cmp_ok($f->{at_points}, '>=', 3, "seed $seed: killed at failpoints too");
Test::Chaos::Kill::kill_verdict($f, @wrong);
