#!/usr/bin/perl

# takes 80 s

# What runs dry or goes away under a stream that pays: budgets, the deposit,
# the node, the signer. The source stays on air, not one ticket too many is
# signed, the page says what to do, and what comes back is used by itself.

use strict;
use warnings;
use lib 't/lib';
use JSON::PP;
use List::Util qw/ sum0 /;
use Test::More;
use Test::Livepeer;
use Test::Hostile qw/ %LIMIT $FEE $TICKET /;
use Time::HiRes qw/ time /;

my $DAY = 30_000_000_000;                                 # wei, of the signer at first
my $HOUR = 10_000_000_000;                                # wei, of the stream "cap"
my $h = Test::Hostile->new(signer => { day_budget => "${DAY}wei", max_face_value => '100ETH' });
my $t = $h->{t};
my $node = decode_json(Test::Livepeer::slurp($t->{chain}{file} =~ s/json$/pid/r))->{anvil};
END { my $status = $?; kill 'CONT', $node if $node; $? = $status }

$h->orchestrators('good', map { "$_:good" } qw/ main cap shut /);
$h->orchestrators('big', ['--face', '4000000000000000000', '--limits',
                  '{"face":5e18,"price":1200,"ev":3e9,"total":2e10}'], 'big:good');
$h->app('main', '', 'main');
$h->app('cap', "livepeer_budget 5ETH/day stream=${HOUR}wei/hour;", 'cap');
$h->app('shut', '# open', 'shut');
$h->app('big', 'livepeer_deposit_multiplier 2;', 'big');

sub money { ($t->api || {})->{money} || {} }
sub paid { my @p = $h->paid(@_); scalar @p }
sub source { ($t->stream($_[0]) || {})->{segments} // 0 }
sub rendered { ($t->stream($_[0]) || {})->{renditions} // 0 }
sub signer { $h->{signer} = $t->signer(role => 'broadcaster', max_face_value => '100ETH', @_) }

# nobody is paid for this reason, while three segments of the source come
sub stopped {
    my ($id, $what, $stop, $remedy) = @_;
    $t->await("the page to say $stop", 30, sub { money()->{stop} eq $stop });
    like(money()->{remedy}, $remedy, "$id: $what: the page says what to do");
    like($h->log, qr/nobody is paid, viewers get the source alone: [^\n]*$remedy/, "$id: $what: and the log");
    $t->await('what is in flight', 10, sub {
        !grep { $_->{in_flight} } @{$t->stream('main')->{orchestrators}} });
    my ($n, $from) = (paid(), source('main'));
    $t->await("three segments without $what", 20, sub { source('main') >= $from + 3 });
    is(paid(), $n, "$id: $what: not one ticket");
}

sub resumes {
    my ($id, $what) = @_;
    my ($n, $from) = (paid('main'), rendered('main'));
    my $since = time;
    $t->await("payments after $what", 40, sub { paid('main') > $n && rendered('main') > $from });
    pass(sprintf "%s: %s: goes on by itself, %.1f s later", $id, $what, time - $since);
}

sub ctl {
    my ($status, $answer) = $t->ctl('broadcaster', 'broadcaster', @_);
    is($status, 0, "livepeerctl broadcaster @_") or diag explain $answer;
}

sub mine { $t->rpc('anvil_mine', sprintf '0x%x', $_[0]) }


# --- a node that does not answer when nginx starts

kill 'STOP', $node;
$h->start(unknown => 1);
my $main = $h->publisher('main', seconds => 170, loop => 1);
$t->await('the source', 30, sub { source('main') >= 1 });
stopped('T-34', 'a node', 'node', qr/no Ethereum node answers/);
is(paid(), 0, 'T-34: nothing was signed before the chain is known');
kill 'CONT', $node;
resumes('T-34', 'a node answers');


# --- T-33: who may publish, and what a stream may cost

my @shut = map { $h->publisher('shut', name => "shut$_->[0]", key => $_->[1], seconds => 3) }
           [0, ''], [1, '?key='], [2, '?key=open-sesame'];
push @shut, $h->publisher('main', name => 'thief', key => '?key=open-sesam', seconds => 3),
            $h->publisher('main', name => 'thief2', key => '', seconds => 3);
my $cap = $h->publisher('cap', seconds => 16);
for my $p (@shut) {
    $t->await("$p->{name} to end", 30, sub { $t->reap($p) });
    isnt($p->{status}, 0, "T-33: $p->{name} is refused, from loopback too");
}
is(join(' ', grep { -e "$t->{dir}/shut/$_" } map { "shut$_" } 0 .. 2), '', 'T-33: nothing of it was taken');
is(paid('shut'), 0, 'T-33: nor paid for');

$t->await('the cap', 30, sub { $h->log =~ /nobody is paid for "cap"/ });
my $s = $t->stream('cap')->{money};
is($s->{stop}, 'stream', 'T-33: the page says that the stream has used its budget');
like($s->{remedy}, qr/raise stream= in livepeer_budget/, 'T-33: and how to go on');
my ($at, $from) = (paid('cap'), source('cap'));
$h->ended($cap);
cmp_ok($h->ev('cap'), '<=', $HOUR, 'T-33: the stream cost ' . $h->ev('cap') . " of $HOUR wei");
is(paid('cap'), $at, 'T-33: at the cap not one further ticket, in ' . (source('cap') - $from) . ' segments');
is(join(' ', $h->count('cap', 'source')), '16 0', 'T-33: its source is whole');

stopped('T-33', 'a budget for the day', 'day', qr/the day's budget is used up/);
cmp_ok($h->ev, '<=', $DAY, 'T-33: all streams cost ' . $h->ev . " of $DAY wei");
$t->stop($h->{signer});
signer();
resumes('T-33', 'a larger budget of the signer');


# --- the signer is killed, and comes back

kill 'KILL', $h->{signer}{pid};
stopped('T-34', 'a signer', 'signer', qr/the signer does not answer/);
signer();
resumes('T-34', 'a new signer');


# --- the node is deaf in the middle of a stream

my $before = paid('main');
kill 'STOP', $node;
$t->await('four more payments', 20, sub { paid('main') >= $before + 4 });
kill 'CONT', $node;
pass('T-34: a node may be deaf for a while');


# --- T-34: the deposit is taken out, and comes back

my $big = $h->publisher('big', seconds => 4);
$h->ended($big);
cmp_ok(paid('big'), '>', 0, 'T-34: 4 of 10 ETH are less than deposit / 2');

ctl('unlock');
mine(50);
stopped('T-34', 'funds that stay', 'unlocking', qr/deposit and reserve are being unlocked/);
mine(50);
$t->await('the unlock', 20, sub { money()->{unlock} eq 'unlocked' });
ctl('withdraw');
stopped('T-34', 'funds', 'reserve', qr/the reserve is empty/);
ctl('fund', '--deposit', '0.5ETH', '--reserve', '5ETH');
stopped('T-34', 'a deposit over the minimum', 'deposit', qr/the deposit is under livepeer_min_deposit/);
ctl('fund', '--deposit', '6ETH');
resumes('T-34', 'a funded deposit');

my $n = paid('big');
$h->ended($h->publisher('big', name => 'bigger', seconds => 4));
is(paid('big'), $n, 'T-34: 4 of 6.5 ETH are more: not one ticket');
like($h->log, qr/\Q$h->{orch}{big}{url}\E a winner would take too much of our deposit/,
     'T-34: and it is said why');
is(($h->count('big', 'source', 'bigger'))[1], 0, 'T-34: its source is there');


# --- a raised cap

my $file = $t->{conf};
Test::Livepeer::spew($file, Test::Livepeer::slurp($file) =~ s/stream=${HOUR}wei/stream=1ETH/r);
$t->reload;
$t->await('a publisher of the new worker', 30, sub {
    my $p = $h->publisher('cap', name => 'late' . int(10 * time), seconds => 3);
    $h->ended($p);
    paid('cap') > $at;
});
pass('T-33: a raised cap is used after a reload');


# 50 blocks at once are more than a chain does: what is signed before they
# are seen may have expired

is(join("\n", grep { !/: expiry$/ } $h->wrong), '',
   'T-34: every ticket was of an offer, within the limits, and valid');
my ($v) = grep { $_->{name} eq 'source' } @{$t->stream('main')->{variants}};
is($v->{gaps}, 0, 'T-34: ' . source('main') . ' segments, and the source had no gap through all of it');
is_deeply([$t->finish], [], 'no alert, nothing left running');
done_testing();
