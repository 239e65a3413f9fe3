#!/usr/bin/perl
# takes 45 s
# What contracts and programs do together, by the test plan's ids: a fault that
# is proven costs stake and standing (C43), and a network without the extensions
# is served as well (C44).

use strict;
use warnings;
no warnings 'qw';
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use Math::BigInt;
use Test::More;                        # first: its END is the last
use Test::Ctl qw/ run dev nonce view owner next_round lptu /;
use Test::Livepeer;
use Test::Money qw/ ledger wei /;
use Test::Signer;

my $t = Test::Livepeer->new()->plan(30);
my $chain = $t->chain(block_time => 0);
my $keeper = decode_json(Test::Livepeer::slurp("$t->{dir}/devchain.pid"))->{serve};
END { kill 'CONT', $keeper if $keeper }
kill 'STOP', $keeper;                  # rounds turn when the test says so

my %at = map { $_ => $chain->{accounts}{$_}{address} } keys %{$chain->{accounts}};
my $tool = "BUILD=$Test::Livepeer::BUILD common/contracts/tool";
my $fresh = $t->rpc('evm_snapshot');

sub calldata { my ($signature, @args) = @_;
    my $text = `$tool cast calldata '$signature' @{[ map { "'$_'" } @args ]} 2>&1`;
    chomp $text;
    return $text =~ /^0x[0-9a-f]+$/ ? $text : die "$signature: $text" }
sub keccak { my $text = `$tool cast keccak '$_[0]'`; chomp $text; return $text }
sub of { my ($role, @words) = @_; return dev($t, $role, @words, '--json')->{json} }
sub listed { my ($file) = @_; return { map { lc $_ => 1 } split /\n/, Test::Livepeer::slurp($file) } }


# --- C43: the evidence is what the orchestrator's own signer signs

my $broken = 'orchestrator1';
my $signer = $t->signer(role => 'orchestrator', account => $broken);
my $client = Test::Signer->new($signer->{socket});
my @profile = map { keccak("0x" . join '', map { sprintf '%064x', $_ } $_, (0) x 15) } 1, 2;
my @rendition = map { keccak($_) } 'what was asked for', 'and what was not';
my %receipt = (
    broadcaster => $at{broadcaster}, orchestrator => $at{$broken}, manifest_hash => keccak('cam'), seq => 7,
    source_hash => keccak('source'), profiles_hash => keccak('0x' . join '', map { substr $_, 2 } @profile),
    result_hash => keccak('0x' . join '', map { substr $_, 2 } @rendition), service_id => keccak('CPUTranscoding'),
    verifier => $chain->{contracts}{MockVerifier}, round => (view($t, 'RoundsManager',
        'currentRound()'))[0]->numify,
    fault_verifier => $chain->{contracts}{FaultVerifier});
my $signed = $client->receipt(%receipt);
is($signed->{status}, 'ok', 'C43 the orchestrator signs a receipt for what it returned');
my $tuple = '(address,address,bytes32,uint256,bytes32,bytes32,bytes32,bytes32,address,uint256)';
my @fields = @receipt{qw/ broadcaster orchestrator manifest_hash seq source_hash profiles_hash result_hash
                          service_id verifier round /};
my $challenge = calldata("challenge($tuple,bytes,uint256,bytes32[],bytes32[],string)",
    '(' . join(',', @fields) . ')',
    "0x$signed->{sig}", 1, '[' . join(',', @profile) . ']', '[' . join(',', @rendition) . ']',
        'https://evidence.example/7');
my $bond = (view($t, 'FaultVerifier', 'params()'))[5];

my $refused = eval { $t->rpc('eth_call', { from => $at{spare}, to => $chain->{contracts}{FaultVerifier},
    value => $bond->as_hex, data => $challenge }, 'latest'); 1 } ? '' : $@;
like($refused, qr/caller not authorized/, 'C43 a stranger cannot use it');

my $before = of($broken, qw/ orchestrator status /);
my $list = "$t->{dir}/recipients";
of('spare', 'recipients', '--out', $list);
ok(listed($list)->{$at{$broken}}, 'C43 until then the signer may pay it');

owner($t, 'deployer', 'MockVerifier', calldata('setOutcome(uint8)', 2));
my $hash = $t->rpc('eth_sendTransaction', { from => $at{broadcaster}, to => $chain->{contracts}{FaultVerifier},
    value => $bond->as_hex, data => $challenge, gas => '0x1c9c380' });
my $mined;
$t->await('the challenge', 20, sub { $mined = $t->rpc('eth_getTransactionReceipt', $hash) });
is(hex $mined->{status}, 1, 'C43 the broadcaster challenges, the judge finds a fault');
my $digest = $t->cast('call', $chain->{contracts}{FaultVerifier}, "'receiptDigest($tuple)'",
    "'(" . join(',', @fields) . ")'");
my $id = keccak($digest . sprintf '%064x', 1);
is((view($t, 'FaultVerifier', 'getChallenge(bytes32)', $id))[6], 2, 'C43 which is on record');

my $lpt = (view($t, 'LivepeerToken', 'balanceOf(address)', $at{broadcaster}))[0];
owner($t, 'broadcaster', 'FaultVerifier', calldata('executeSlash(bytes32,uint256[])', $id, '[]'));
my $after = of($broken, qw/ orchestrator status /);
my $loss = Math::BigInt->new($before->{own_stake_lptu}) - $after->{own_stake_lptu};
is($loss, Math::BigInt->new($before->{own_stake_lptu}) / 10, 'C43 a tenth of its own stake is gone');
is($after->{slashable_lptu}, $after->{own_stake_lptu}, 'C43 the rest stands for the next one');
is((view($t, 'LivepeerToken', 'balanceOf(address)', $at{broadcaster}))[0] - $lpt, $loss / 5,
    'C43 a fifth of it is the finder\'s');
is_deeply([@$after{qw/ in_pool jailed_until_round /}], [JSON::PP::false, $after->{round} + 2],
    'C43 it is out of the pool, for two rounds');
my $r = dev($t, $broken, qw/ orchestrator activate /);
ok($r->{status} == 1 && $r->{err} =~ /stays out of the pool until round \d+, .*nothing was sent/,
    'C43 and cannot come back before')
    or diag("$r->{err}$r->{out}");
next_round($t);
of('spare', 'recipients', '--out', $list);
is_deeply(listed($list), { map { $_ => 1 } @at{qw/ orchestrator2 verifier /} }, 'C43 nor is it paid any more');
is_deeply([map { lc $_->{address} } grep { $_->{active} } @{of('spare', qw/ delegator orchestrators /)->{orchestrators}}],
    [@at{qw/ orchestrator2 verifier /}], 'C43 nor shown to those who delegate');
next_round($t);
is(dev($t, $broken, qw/ orchestrator activate /)->{status}, 0, 'C43 then it may');
next_round($t);
is(of($broken, qw/ orchestrator status /)->{active}, JSON::PP::true, 'C43 and does');
$t->stop($signer);


# --- C44: the same addresses, behind which nobody knows the extensions

$t->rpc('evm_revert', $fresh);
unlink "$t->{dir}/contracts";
plain('BondingManager', 'fc6f6f33d2bb065ac61cbdd4dbe4b7adf6f3e7e6c6a3d1fe297cbf9a187092e4',
    qr/^(slashableStake|slashFactor|jail|setJail|activeSet|setActiveSet|evict|delegatorSlashRate)/);
plain('TicketBroker', 'f16f832ef171c8058cbd4a32de7d27c32a1a1ad90bb091b4b7f376f1d95ee254',
    qr/enalty|migrateLegacy/);
plain('ServiceRegistry', 'a65c3dc1a85422ba3e6003be871c3339b882a9c28fc454085d394e4b6436d564',
    qr/Services|Locations|eceiptSigner|serviceVerifier/);
contract($_, '0' x 40) for '121833d5ee4fda5e1a4034c2b7be8155c158142541dea26f39122c796649233f',    # Verifier
    '5f8d58050c9f37ce30acebdd762a0683b7f2bb88ded15cdd64e219c282603664';                            # LivepeerTokenFaucet

ok(!eval { view($t, 'ServiceRegistry', 'getServices(address)', $at{orchestrator1}); 1 },
    'C44 the network is plain');
my $o = 'orchestrator1';
my $services = of($o, qw/ orchestrator services /);
is_deeply([@$services{qw/ extension services /}], [JSON::PP::false, [{ name => 'CPUTranscoding' }]],
    'C44 services: the one that all offer');
is_deeply(of($o, qw/ orchestrator locations /)->{locations}, [], 'C44 locations: unknown');
my $nonce = nonce($t, $at{$o});
for (['services', 'GPUTranscoding'], ['locations', 'cc:br']) {
    my $r = dev($t, $o, 'orchestrator', $_->[0], '--set', $_->[1]);
    ok($r->{status} == 1 && $r->{err} =~ /registry has no catalogue: .* nothing was sent/, "C44 no $_->[0] can be set");
}
is(nonce($t, $at{$o}), $nonce, 'C44 and nothing was sent');
my $status = of($o, qw/ orchestrator status /);
is_deeply([@$status{qw/ active slashable_lptu jailed_until_round /}], [JSON::PP::true, undef, undef],
    'C44 what nobody knows is not said');
my ($first) = @{of($o, qw/ delegator orchestrators /)->{orchestrators}};
is_deeply([lc $first->{address}, $first->{slashable_lptu}, $first->{stake_lptu}],
    [$at{$o}, undef, lptu(3500)], 'C44 nor to delegators');
is(of('broadcaster', qw/ broadcaster status /)->{penalty_escrow_wei}, undef, 'C44 no escrow');
for (['no escrow: leave out --penalty', qw/ broadcaster fund --penalty 1ETH /],
    ['this network has no faucet', qw/ account faucet /]) {
    my ($words, @command) = @$_;
    my $r = dev($t, 'broadcaster', @command);
    ok($r->{status} == 1 && $r->{err} =~ /has no penalty escrow|has no faucet/, "C44 @command: $words");
}
is(dev($t, 'broadcaster', qw/ broadcaster fund --deposit 1ETH --reserve 1ETH /)->{status}, 0, 'C44 money is');
is(dev($t, 'spare', qw/ delegator bond --amount 5 --to /, $at{$o})->{status}, 0, 'C44 and stake');
is(of('spare', 'recipients', '--out', $list)->{recipients}, 3, 'C44 and who is paid');

kill 'CONT', $keeper;                  # from here on the network runs by itself
$t->rpc('evm_setIntervalMining', 1);
my $b = $t->signer(role => 'broadcaster');
my $orch = $t->orchestrator();
$t->gateway('livepeer_profiles 240p; livepeer_key cam:let-me-in-42;', signer => $b);
$t->await('somebody to be paid', 30, sub {
    Test::Livepeer::slurp("$t->{dir}/nginx-error.log") =~ /orchestrators can be paid/ });
my $publisher = $t->publisher('cam?key=let-me-in-42', seconds => 60, size => '426x240');
$t->await('a paid segment', 60, sub { my $l = ledger($t, $orch); $l && $l->{tickets} > 0 && $t->files('cam',
    '240p') > 1 });
pass('C44 a stream is discovered, paid and transcoded');
is_deeply(ledger($t, $orch)->{refused}, {}, 'C44 no ticket was refused');
kill 'INT', $publisher->{pid};
$t->stop($_) for $t->{nginx}, $orch, $b;
kill 'STOP', $keeper;


# The proxy's target: one that passes on all calls but those of the given
# names, which end as in a contract that never had them, without a reason.
sub plain {
    my ($name, $target_id, $names) = @_;
    my $bin = decode_json(Test::Livepeer::slurp(Test::Livepeer::build("contracts/bin/$name.json")));
    my @hidden = map { $bin->{methodIdentifiers}{$_} } grep { /$names/ } sort keys %{$bin->{methodIdentifiers}};
    die "$name: nothing to hide\n" if !@hidden;
    my $target = substr $t->cast('call', $chain->{controller}, "'getContract(bytes32)'", "0x$target_id"), -40;

    my $code = '60003560e01c'                           # the selector; is it hidden?
        . join('', map { "8063${_}1461GONE57" } @hidden)
        . '3660006000' . '37'                           # the call as it came
        . '60006000' . '366000' . "73$target" . '5af4'  # handed on
        . '3d60006000' . '3e' . '61GOOD57' . '3d6000fd';
    my %at = (GOOD => length($code) / 2);
    $code .= '5b3d6000f3';
    $at{GONE} = length($code) / 2;
    $code .= '5b60006000fd';
    $code =~ s/(GOOD|GONE)/sprintf '%04x', $at{$1}/ge;

    my $where = '0x' . substr $target_id, 0, 40;
    $t->rpc('anvil_setCode', $where, "0x$code");
    contract($target_id, substr $where, 2);
}

sub contract { my ($id, $address) = @_;
    owner($t, 'deployer', 'Controller', "0xd737c2b0$id" . '0' x 24 . $address . '0' x 64) }
