#!/usr/bin/perl
# The number behind a commitment: before a byte of it leaves the orchestrator
# for a node it stands in the store as revealed, and from then on no ticket of
# its commitment is worth anything, even where the chain goes back.
# takes 15 s

use strict;
use warnings;
use lib 't/lib';
use JSON::PP;
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Test::Payer qw/ money winners refusal /;

my $t = Test::Livepeer->new();
my $chain = $t->chain(block_time => 0);
my $store = $t->dir . '/orchestrator1/winners.db';
my $proxy = $t->spawn('rpcproxy', '/usr/bin/python3', 't/tools/rpcproxy.py', $chain->{rpc}, $store);
my $rpc = $t->await('the proxy', 10, sub { Test::Livepeer::slurp($proxy->{out}) =~ m{ready on (\S+)} && $1 });
my $o = $t->orchestrator(transcoder => '--size 5000 obey', price => 100_000_000, name => 'orchestrator1',
    rpc => $rpc,
    args => ['--ticket-ev', '0.01ETH', '--max-face-value', '0.02ETH', '--auto-adjust-price', 0,
        '--discovery-rate', 1000,
             '--reward', 0, '--initialize-round', 0, '--confirmations', 2]);
my $p = Test::Payer->new($t, $o);

sub count { decode_json(scalar $t->get('/count', url => $rpc))->{$_[0]} || 0 }
sub head { hex $t->rpc('eth_blockNumber') }
sub block { money($t, $o)->{l1_block} }

my $exp = $p->info->{ticket_params}{expiration_block};
$t->await('winners', 20, sub { $p->pay(tickets => 4, keep => 1); winners($o) >= 3 });
my $won = winners($o);
$t->rpc('anvil_mine', sprintf '0x%x', $exp - 1 - head());
$t->await('the block', 10, sub { block() >= $exp - 1 });
is(count('rand revealed') + count('rand leaked'), 0, 'T-04: while its parameters live the number stays here');

my $snapshot = $t->rpc('evm_snapshot');
$t->rpc('anvil_mine', '0x1');
$t->await('the block', 10, sub { block() >= $exp });
is(count('rand revealed') + count('rand leaked'), 0, 'T-04: ... and at their last block');
$t->rpc('anvil_mine', '0x3');
$t->rpc('evm_setIntervalMining', 1);
$t->await('a redemption', 30, sub { Test::Money::transfers($t) >= 1 });
$t->rpc('evm_setIntervalMining', 0);
cmp_ok(count('rand revealed'), '>', 0, 'T-04: later it is sent to the node: it stood in the store as revealed');
is(count('rand leaked'), 0, 'T-04: ... each time, simulations too');
is(lc((Test::Money::transfers($t))[0]{recipient}), lc $chain->{accounts}{orchestrator1}{address},
    'a winner is paid');

$t->rpc('evm_revert', $snapshot);
$t->await('the height to go back', 30, sub { block() < $exp });
is(refusal($p->pay(tickets => 8, keep => 1)), '400 TicketParams expired [TicketParamsExpired]',
   'T-04: the chain goes back behind all that: fresh tickets for that number are refused');
is(winners($o), $won, 'T-04: ... and not stored');

my $out = join '', map { lc Test::Livepeer::slurp($o->{$_}) } qw/ log out /;
$out .= lc($t->get('/metrics', url => $o->{status_url}) . $t->get('/status', url => $o->{status_url}));
is_deeply([grep { index($out, $_) >= 0 } map { $_->{rand} } winners($o)], [], 'T-04: no number in any output');

is_deeply([$t->finish], [], 'no alert, nothing left running');
done_testing();
