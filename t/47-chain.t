#!/usr/bin/perl
# A chain that does its worst while winners are redeemed: what threats.md 2.9
# names, one by one, then storms of all at once; at the end every winner was
# paid once, and the store agrees with the chain to the wei. The long run of
# the storms is t/chaos/chain.t.
# takes 100 s

use strict;
use warnings;
use lib 't/lib';
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Test::Chaos::Chain qw/ none /;

my $seed = $ENV{CHAOS_SEED} || time;
srand $seed;
my $t = Test::Livepeer->new()->plan(22);
my $yes = $Test::Chaos::Chain::yes;
my $c = Test::Chaos::Chain->new($t, seed => $seed);
$c->start;


# --- one by one

none('T-78: 50 winners are paid after a restart, without traffic', $c->no_traffic(50));

my ($status, $said) = $c->second_copy('all');
is($status, 1, 'T-79: a second copy on the same store ends');
like($said, qr/is used by another orchestrator/, 'T-79: ... and says why');
($status, $said) = $c->second_copy('redeemer');
is($status, 1, 'T-79: so does a second redeemer');
none('T-79: foreign transactions of our key delay nothing by 2 minutes', $c->foreign(8));

my $r = $c->round_reorg(2);
is($r->{taken}, 4, 'T-82: a reorg of 2 at the edge of a round: payments go on');
none('T-82: ... and none of their winners is stranded', $c->mine_and_pay);
$r = $c->round_reorg(6);
ok($r->{refused} || !$r->{changed}, 'T-82: parameters on a round that a reorg took back are refused')
    or diag explain $r;
$c->end_of_window;

none('T-77: each reason to revert, said once: all are paid later', $c->reverts);
none('T-77: while the system is paused nothing is lost', $c->paused(4));
none('T-80: a spike for half of the window: redeemed after it', $c->spike(4));
none('T-81: a node that says all was mined is not believed alone',
     $c->lying(4, receipts => 'mined', used => $yes));
none('T-81: a node that hides what was mined holds up nothing for good',
     $c->lying(4, receipts => 'none', logs => 'none'));
none('T-84: the redeemer is given nothing but by the store, the front sends nothing', $c->roles(4));
none('T-80: a spike for all of the window: told as a loss, and nothing is sent',
     $c->spike_to_the_end(3));

my $books = $c->audit(settled => $yes);
none('T-76: each winner was paid once, or cannot be paid', @{$books->{wrong}}, $c->judged);
is($books->{dead_of_age}, 3, 'T-80: no other winner became too old');
$c->payer->close;

none('T-83: a sender that has drained its deposit: what is left is paid, to the wei',
     Test::Chaos::Chain->partial($seed));


# --- all at once

my ($f, @wrong) = Test::Chaos::Chain::weather(winners => $ENV{CHAIN_WINNERS} || 40, each => 40,
    storm => 7, settle => 60, seed => $seed);
none("T-76: seed $seed: every winner is paid once, or proven unpayable; the store agrees",
     grep { !/\(d\)|T-76|\(e\)|T-04/ } @wrong);
none('T-76: at most one live nonce for a ticket', grep { /\(d\)|T-76/ } @wrong);
none('T-04: no number behind a commitment before it is revealed', grep { /\(e\)|T-04/ } @wrong);
is($f->{dead_of_age}, 0, 'T-76: none is lost to age');
diag Test::Chaos::Chain::figures($f);
