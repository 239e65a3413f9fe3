#!/usr/bin/perl
# The long run of t/46-kill.t: KILL_RUNS kills (300), every failpoint among
# them; CHAOS_SEED repeats a run.
# takes 600 s
# alone

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
my $c = Test::Chaos::Kill->new($t, seed => $seed, deposit => 3000, reserve => 600, signer => 1);
my $runs = $ENV{KILL_RUNS} || 300;
my @points = shuffle(Test::Chaos::Kill::failpoints());
my ($f, @wrong) = $c->kill_runs(runs => $runs, points => \@points, settle => 240, pause => 0.4,
    verbose => 1);
my @missed = $runs > 2 * @points ? @{$f->{unreached}} : ();
is_deeply(\@missed, [], "seed $seed: every failpoint was passed");
Test::Chaos::Kill::kill_verdict($f, @wrong);
