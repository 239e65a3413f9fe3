#!/usr/bin/perl
# A hostile broadcaster behind whose tickets the money goes away: a deposit
# drained to an orchestrator of its own, funds that are unlocked, gas that
# rises, rounds that end, and a node that stands still.
# takes 45 s

use strict;
use warnings;
use lib 't/lib';
use JSON::PP;
use Math::BigInt;
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Test::Money;
use Test::Payer qw/ money winners refusal /;
use Time::HiRes qw/ time /;

my $t = Test::Livepeer->new();
my $chain = $t->chain(block_time => 0);
my %at = map { $_ => $chain->{accounts}{$_}{address} } keys %{$chain->{accounts}};
my ($broker, $rounds) = @{$chain->{contracts}}{qw/ TicketBroker RoundsManager /};
my @args = ('--role', 'front', '--discovery-rate', 100000, '--discovery-burst', 100000,
            '--discovery-total', 100000, '--max-requests', 100000, '--unknown-ip', 1000, '--unknown-total', 1000, '--auto-adjust-price', 0,
            '--log-rate', 10000);
my $n = 0;

sub orch {
    my (%o) = @_;
    return $t->orchestrator(transcoder => '--size 5000 obey', price => 100_000_000, name => 'orch' . ++$n,
        account => 'orchestrator1', port => Test::Livepeer::port(), %o, args => [@args, @{$o{args} || []}]);
}

sub number { my ($to, $what, @of) = @_; Math::BigInt->new($t->cast('call', $to, "'$what(uint256)'", @of)) }
sub claimable { number($broker, 'claimableReserve(address,address)', @at{@_}) }
sub round_start { number($rounds, 'currentRoundStartBlock()') }
sub head { hex $t->rpc('eth_blockNumber') }

# a block each second, or 0: for each transaction
sub every {
    $t->rpc('evm_setIntervalMining', $_[0]);
    $t->rpc('evm_setAutomine', JSON::PP::true) if !$_[0];
}

sub mine { $t->rpc('anvil_mine', sprintf '0x%x', $_[0]) }
sub seen { my ($o, $what, $min) = @_;
           $t->await("$what $min", 20, sub { money($t, $o)->{$what} >= $min }) }
my $length = number($rounds, 'roundLength()');

# three blocks before the end of the round
sub near_end {
    my ($o) = @_;
    my $gap = round_start() + $length - 3 - head();
    mine($gap) if $gap > 0;
    seen($o, 'block', head());
}

# the chain's keeper begins the round that is due; the orchestrator sees it
sub next_round {
    my ($o) = @_;
    my $round = money($t, $o)->{round};
    my $start = round_start();
    mine($start + $length - head()) if head() < $start + $length;
    $t->await('the round to begin', 20, sub { number($rounds, 'currentRoundInitialized()') == 1 });
    mine(4);
    seen($o, 'round', $round + 1);
}

my $FEW = '400 insufficient sender reserve [InsufficientSenderReserve]';
my $EXPIRED = '400 TicketParams expired [TicketParamsExpired]';
my $GONE = '503 Service Unavailable';


# --- T-10: gas

my $o = orch(args => ['--ticket-ev', '0.001ETH']);
my $capped = orch(args => ['--ticket-ev', '0.001ETH', '--max-face-value', '0.002ETH']);
my $p = Test::Payer->new($t, $o);
my $c = Test::Payer->new($t, $capped);
sub cost { Math::BigInt->from_hex($t->rpc('eth_gasPrice')) * 350000 }
my $gas = cost();
my $low = $p->info->{ticket_params};
cmp_ok($low->{face_value}, '>=', $gas, 'T-10: a winner is worth its redemption');
is($c->info->{grpc}, 0, 'a small face value will do while gas is cheap');
my $spike = Math::BigInt->from_hex($t->rpc('eth_gasPrice')) * 50;
$t->rpc('anvil_setNextBlockBaseFeePerGas', $spike->as_hex);
mine(1);
for my $of ($o, $capped) {
    $t->await('the gas price', 10, sub { money($t, $of)->{gas_price_wei} > $spike / 2 });
}
my $high = $p->info(offer => 'high')->{ticket_params};
cmp_ok($high->{face_value}, '>=', cost(), 'T-10: gas x 50: new parameters are worth it again');
cmp_ok(Math::BigInt->new($high->{face_value}), '>', $low->{face_value}, '... and more than before');
is($c->info(forget => 1)->{text}, 'insufficient sender reserve',
    'T-10: ... where the face value may not rise, nothing is offered');
is(refusal($p->pay(tickets => 1, keep => 1)), '200', 'parameters from before the spike live on');
mine($low->{expiration_block} - head());
seen($o, 'l1_block', $low->{expiration_block});
is(refusal($p->pay(tickets => 1, keep => 1)), $EXPIRED, 'T-10: ... 40 blocks at most');
$t->await('gas to fall', 60, sub { mine(10); cost() < $gas * 2 });
seen($o, 'block', head());
$t->await('the gas price', 10, sub { money($t, $o)->{gas_price_wei} < $spike / 10 });
cmp_ok(Math::BigInt->new($p->info(offer => 'after')->{ticket_params}{face_value}), '>', $low->{face_value},
       'T-10: after it the average of the hour counts');
$t->stop($_) for $o, $capped;


# --- T-20: the edges of rounds

$o = orch(account => 'orchestrator2', args => ['--ticket-ev', '0.001ETH', '--max-face-value', '0.002ETH']);
$p = Test::Payer->new($t, $o);
next_round($o);
near_end($o);
my $last = $p->info(offer => 'last')->{ticket_params};
my ($status) = $t->ctl('orchestrator2', 'orchestrator', 'resign');
is($status, 0, 'the orchestrator resigns');
seen($o, 'block', head());
is(refusal($p->pay(offer => 'last', tickets => 1, keep => 1)), '200', 'T-20: in its last round it is paid');
my $rows = winners($o);
next_round($o);
$t->await('the end of its time', 20, sub { !money($t, $o)->{active} });
is(refusal($p->pay(offer => 'last', tickets => 4, keep => 1)),
    '400 orchestrator is inactive, cannot process payments',
   'T-20: in the next one it takes nothing that it could not redeem');
is(winners($o), $rows, 'T-20: ... and stores nothing');
is($p->info(forget => 1)->{text}, 'orchestrator is inactive, cannot process payments',
    '... and offers nothing');
$t->stop($o);

$o = orch(args => ['--ticket-ev', '0.001ETH', '--max-face-value', '0.002ETH']);
$p = Test::Payer->new($t, $o);
near_end($o);
$last = $p->info(offer => 'last')->{ticket_params};
next_round($o);
is(refusal($p->pay(offer => 'last', tickets => 2, keep => 1)), '200',
    'T-20: parameters of the round before are good');
cmp_ok($p->info->{ticket_params}{round}, '>', $last->{round}, '... new ones are of the new round');


# --- T-09: funds that are being taken out

my $u = Test::Payer->new($t, $o, 'broadcaster2');
$u->info;
is(refusal($u->pay(tickets => 1)), '200', 'a sender');
($status) = $t->ctl('broadcaster2', 'broadcaster', 'unlock');
is($status, 0, '... unlocks');
my $withdraw = (Test::Money::sender($t, 'broadcaster2'))[1];
seen($o, 'block', head());
while (money($t, $o)->{round} + 1 < $withdraw) {
    near_end($o);
    $u->info;
    is(refusal($u->pay(tickets => 1)), '200', 'T-09: two rounds before it may withdraw it still pays');
    next_round($o);
}
my $UNLOCK = 'deposit and reserve for sender is set to unlock soon';
is($u->info(forget => 1)->{text}, $UNLOCK, 'T-09: one round before, it has no parameters');
is(refusal($u->pay(tickets => 1)), "400 $UNLOCK [SenderUnlocking]", 'T-09: ... and its tickets are refused');
($status) = $t->ctl('broadcaster2', 'broadcaster', 'cancel');
seen($o, 'block', head());
$t->await('its change of mind', 10, sub { $u->info->{grpc} == 0 });
is(refusal($u->pay(tickets => 1)), '200', '... when it stays after all it pays again');
$t->stop($o);


# --- T-09: a node that stands still

my $proxy = $t->spawn('rpcproxy', '/usr/bin/python3', 't/tools/rpcproxy.py', $chain->{rpc});
my $rpc = $t->await('the proxy', 10, sub { Test::Livepeer::slurp($proxy->{out}) =~ m{ready on (\S+)} && $1 });
every(1);
$o = orch(rpc => $rpc, args => ['--ticket-ev', '0.001ETH', '--max-face-value', '0.002ETH',
                                '--head-stale', '3s', '--head-dead', '7s']);
$p = Test::Payer->new($t, $o);
$p->info;
is(refusal($p->pay(tickets => 1)), '200', 'the chain goes on');

# what is known of it is read again when it is 30 blocks old
sub lookups { decode_json(scalar $t->get('/count', url => $rpc))->{'eth_call 0xe1a589da'} }
every(0);
next_round($o);
$p->info;
my ($asked, $from) = (lookups(), head());
mine(28);
seen($o, 'block', head());
$p->info;
is(lookups(), $asked, 'a sender is known for a while');
mine(3);
seen($o, 'block', head());
$p->info;
is(lookups(), $asked + 1, 'T-09: ... 30 blocks later it is asked for again');
every(1);
$t->get('/mode/freeze', url => $rpc);
my $frozen = time;
is($p->info->{grpc}, 0, 'the head stands still: for a while nothing changes');
$t->await('no parameters', 10, sub { $p->info(forget => 1)->{grpc} });
cmp_ok(time - $frozen, '>', 2, 'T-09: ... then there are no new parameters');
is(refusal($p->segment(tickets => 1, keep => 1)), '200', 'T-09: ... payments with the old ones are taken');
$t->await('no payments', 15, sub { refusal($p->segment(tickets => 1, keep => 1)) eq $GONE });
cmp_ok(time - $frozen, '>', 5, 'T-09: ... later nothing is taken');
is(money($t, $o)->{stale}, 2, '... the status says it');
$t->get('/mode/pass', url => $rpc);
$t->await('parameters', 10, sub { $p->info->{grpc} == 0 });
is(refusal($p->segment(tickets => 1)), '200', 'T-09: the head moves: all is as before, without a restart');
$t->stop($o);
every(0);


# --- T-08: winners beyond what the reserve is sure to pay

my $FACE = Math::BigInt->new('500000000000000000');
my @big = ('--ticket-ev', '0.1ETH', '--max-face-value', '0.5ETH');
my $alloc = claimable('broadcaster', 'orchestrator1');
$o = orch(args => \@big);
$p = Test::Payer->new($t, $o);
$p->info(offer => $_) for qw/ first second third fourth /;
is($p->info->{ticket_params}{face_value}, "$FACE", 'tickets of half an ETH');
is(refusal($p->pay(offer => 'first', tickets => 150, keep => 1)), $FEW,
    'T-08: 150 tickets in one payment: it ends where the reserve does');
my $pending = Math::BigInt->new(money($t, $o)->{pending_wei});
cmp_ok($pending, '<=', $alloc + $FACE, 'T-08: unpaid winners are at most our share and one face value ('
       . Test::Money::eth($pending) . ' of ' . Test::Money::eth($alloc) . ' ETH)');
cmp_ok($pending, '>', $alloc, '... while the deposit is large that one may be beyond it');
my $ev = money($t, $o)->{ev_wei};
is(refusal($p->pay(offer => 'first', tickets => 30, keep => 1)), $FEW, 'T-08: nothing more is taken');
my %answers = map { $_->{body} => 1 } $p->many(6, offer => 'second', tickets => 40, path => '/payment');
is_deeply(\%answers, { 'insufficient sender reserve' => 1 }, '... on six connections');
is(money($t, $o)->{ev_wei}, $ev, 'T-08: ... nor is a losing ticket credited then');
is($p->info(forget => 1)->{text}, 'insufficient sender reserve', '... or offered');
$t->stop($o);

# the same on many connections at once, tickets of all mixed
$o = orch(args => \@big);
$p = Test::Payer->new($t, $o);
$p->info(offer => $_) for 1 .. 4;
$p->start($_, 'payment', offer => $_, tickets => 100, profiles => \@Test::Client::ONE, keep => 1) for 1 .. 4;
my %how;
$how{refusal($p->wait($_))}++ for 1 .. 4;
is_deeply(\%how, { $FEW => 4 }, 'T-08: 400 tickets on four connections: all end where the reserve does');
$pending = Math::BigInt->new(money($t, $o)->{pending_wei});
cmp_ok($pending, '<=', $alloc + $FACE, '... together (' . Test::Money::eth($pending) . ' ETH)');
$t->stop($o);

# a deposit that goes to a friend: what is left is our share of the reserve
$o = orch(args => \@big);
$p = Test::Payer->new($t, $o);
$p->info(offer => $_) for qw/ a b /;
$t->await('a winner', 20, sub { $p->pay(offer => 'a', tickets => 1, keep => 1); winners($o) >= 1 });
my ($deposit) = Test::Money::deposit($t, 'broadcaster');
my $data = $p->ask('redeem', offer => 'a', recipient => substr($at{verifier}, 2),
    face_value => "$deposit")->{data};
my $tx = { from => $at{verifier}, to => $broker, data => $data, gas => '0x100000' };
$t->rpc('eth_call', $tx, 'latest');
$t->rpc('eth_sendTransaction', $tx);
mine(1);
is((Test::Money::deposit($t, 'broadcaster'))[0], 0, 'a sender drains its deposit to itself');
seen($o, 'block', head());
is(refusal($p->pay(offer => 'b', tickets => 120, keep => 1)), $FEW,
    'T-08: ... after that its tickets go on to the end of its reserve');
$pending = Math::BigInt->new(money($t, $o)->{pending_wei});
my $share = claimable('broadcaster', 'orchestrator1');
cmp_ok($pending, '<=', $share, 'T-08: unpaid winners are at most our share of it: '
       . Test::Money::eth($pending) . ' of ' . Test::Money::eth($share) . ' ETH');
my $offer = $p->info(offer => 'c');
ok($offer->{grpc} || $pending + $offer->{ticket_params}{face_value} <= $share,
    'T-08: ... and what is offered then is covered');

is_deeply([$t->finish], [], 'no alert, nothing left running');
done_testing();
