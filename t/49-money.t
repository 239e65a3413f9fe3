#!/usr/bin/perl
# takes 75 s
# Money's whole way, by the test plan's ids: tickets of a stream win, blocks with
# their redemptions are taken back and no ticket is lost or paid twice (C47),
# and fees end with those who hold stake, to the wei (C42).

use strict;
use warnings;
no warnings 'qw';
use FindBin;
use lib "$FindBin::Bin/lib";
use Math::BigInt;
use Test::More;                        # first: its END is the last
use Test::Ctl qw/ dev lptu owner /;
use Test::Livepeer;
use Test::Money qw/ books deposit fees ledger settled transfers /;

my $t = Test::Livepeer->new()->plan(21);
my $chain = $t->chain;
my %at = map { $_ => $chain->{accounts}{$_}{address} } keys %{$chain->{accounts}};

sub of { my ($role, @words) = @_; return dev($t, $role, @words, '--json')->{json} }
sub balance { Math::BigInt->from_hex($t->rpc('eth_getBalance', $at{$_[0]}, 'latest')) }
sub block { hex $t->rpc('eth_blockNumber') }
sub winners { my $l = ledger($t, $_[0]) or return {}; return $l->{winners} }

# long rounds: their beginnings are not among the blocks that are taken back
owner($t, 'deployer', 'RoundsManager', '0x681312f5' . sprintf '%064x', 300);

# A price far over a real one: a ticket is worth a seventeenth of its face
# value, and several come with each second.
my $price = 2_000_000_000;
my %signer = map { $_ => $t->signer(role => /^b/ ? 'broadcaster' : 'orchestrator', account => $_,
    day_budget => '4ETH', stream_budget => '3ETH', recipient_budget => '3ETH') } qw/ broadcaster orchestrator1 /;
my %before = (broadcaster => [deposit($t, 'broadcaster')]);
my $orch = $t->orchestrator(account => 'orchestrator1', signer => $signer{orchestrator1}, price => $price,
    args => ['--ticket-ev', '0.002ETH', '--confirmations', 12, '--reveal-blocks', 1]);
$orch->{recipient} = $at{orchestrator1};
$t->gateway("livepeer_profiles 240p; livepeer_key cam:let-me-in-42; livepeer_max_price @{[ 2 * $price ]};
    livepeer_max_ticket_ev 0.01ETH; livepeer_max_total_ev 0.1ETH;", signer => $signer{broadcaster});
$t->await('somebody to be paid', 30, sub {
    Test::Livepeer::slurp("$t->{dir}/nginx-error.log") =~ /orchestrators can be paid/ });

my $publisher = $t->publisher('cam?key=let-me-in-42', seconds => 200, size => '426x240');
$t->await('two winners', 120, sub { my $w = winners($orch); ($w->{won} || 0) + ($w->{sent} || 0) >= 2 });
kill 'INT', $publisher->{pid};
pass('C42 a stream is paid, and tickets win');
$t->await('the end of the stream', 60, sub { my $s = $t->stream('cam'); $s && $s->{state} eq 'ended' });
is_deeply(ledger($t, $orch)->{refused}, {}, 'C42 no ticket was refused');
my $won = ledger($t, $orch)->{tickets_won};


# --- C47: three blocks are others now

my $payer = 'broadcaster';
my @had = deposit($t, $payer);
$t->await('a redemption in a block', 120, sub {         # past the end of the tickets' parameters
    $t->rpc('evm_mine');
    select undef, undef, undef, 0.2;
    (winners($orch)->{mined} || 0) > 0 && (() = transfers($t)) > 0;
});
$t->rpc('evm_setIntervalMining', 0);
my $funded = of($payer, qw/ broadcaster fund --deposit 1ETH --timeout 0 /);
$t->rpc('evm_mine');
my @paid = transfers($t);
cmp_ok(scalar @paid, '>', 0, 'C47 tickets were redeemed');
my $head = block();
my ($oldest) = sort { $a <=> $b }
    map { hex $t->rpc('eth_getTransactionReceipt', $_->{tx})->{blockNumber} } @paid;
my $depth = $head - $oldest + 1;
cmp_ok($depth, '<=', 12, 'C47 not long ago');
$t->rpc('anvil_reorg', $depth < 3 ? 3 : $depth, []);
is(scalar(transfers($t)), 0, 'C47 the blocks are taken back, the redemptions with them');
is((deposit($t, $payer))[0] <=> $had[0], 0,
    'C47 and the deposit that was added') or diag(join ' ', @had, deposit($t, $payer));
$t->rpc('evm_setIntervalMining', 1);
$t->await('the reorg to be seen', 30, sub {
    Test::Livepeer::slurp($orch->{log}) =~ /reorg: blocks after \d+ are others now/;
});
pass('C47 the orchestrator sees it');
is(dev($t, $payer, qw/ broadcaster fund --deposit 1ETH /)->{status}, 0, 'C47 the deposit is added again');
is((deposit($t, $payer))[0] - $had[0] <= lptu(1), 1, 'C47 and counts once');
$before{$payer}[0] += lptu(1);
$t->await('every winner to be final', 120, sub { settled($t, $orch) });
is(winners($orch)->{final}, $won, 'C47 no redemption is lost');
my %tx = map { $_->{tx} => 1 } transfers($t);
is(scalar(transfers($t)), $won, 'C47 and none is paid twice');
is(winners($orch)->{dead}, 0, 'C47 no winner was given up');


# --- C42: the books, and the fees to their owners

my ($sum, @wrong) = books($t, before => \%before, orchestrators => [$orch],
    holders => { $orch->{name} => [qw/ orchestrator1 delegator1 /] });
is_deeply(\@wrong, [], 'C42 deposits, transfers, fees and ledger agree to the wei');
my $redeemed = of('spare', qw/ orchestrator redeemed --status /, $orch->{status_url});
is_deeply([@$redeemed{qw/ winners_final redeemed_wei /}], [$won, $sum->{paid}], 'C42 as livepeerctl says');
is(of('spare', qw/ orchestrator pending --status /, $orch->{status_url})->{pending_wei}, '0',
    'C42 nothing is pending');
$t->stop($orch);                       # its signer sends no transaction beside ours
for (['delegator1', qw/ delegator withdraw-fees /], ['orchestrator1', qw/ orchestrator withdraw /]) {
    my ($who, @words) = @$_;
    my ($owed, $had) = (fees($t, $who), balance($who));
    my $r = of($who, @words);
    is($r->{fees_wei}, $owed, "C42 $who takes out what it is owed");
    is(balance($who) - $had, $owed - $r->{transactions}[0]{gas_cost_wei}, 'C42 and has it, less the gas');
    is(fees($t, $who), 0, 'C42 nothing is left');
}
