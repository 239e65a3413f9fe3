#!/usr/bin/perl
# takes 30 s
# livepeerctl for who stakes: an orchestrator from registration to resignation,
# a delegator's choice checked against the chain by arithmetic of our own, stake
# there and back, rounds, and tickets in words.

use strict;
use warnings;
no warnings 'qw';
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use Math::BigInt;
use Test::More;
use Test::Ctl qw/ run dev reads sends nonce view owner next_round lptu tickets redeem /;
use Test::Livepeer;
use Test::Money qw/ wei fees ledger /;

my $t = Test::Livepeer->new()->plan(120);
my $chain = $t->chain(block_time => 0);
my $keeper = decode_json(Test::Livepeer::slurp("$t->{dir}/devchain.pid"))->{serve};
END { kill 'CONT', $keeper if $keeper }
kill 'STOP', $keeper;                  # rounds turn when the test says so

my %at = map { $_ => $chain->{accounts}{$_}{address} } keys %{$chain->{accounts}};
my ($o1, $o2) = @at{qw/ orchestrator1 orchestrator2 /};

sub right { my ($name, @wrong) = @_; is_deeply(\@wrong, [], $name) }
sub sent { my ($name, @what) = @_;
    my ($json, @wrong) = sends($t, @what); right($name, @wrong); return $json }
sub shown { my ($name, @what) = @_;
    my ($json, @wrong) = reads($t, @what); right($name, @wrong); return $json }
sub says { my ($r, $status, $words, $name) = @_;
    ok($r->{status} eq $status && $r->{err} =~ $words && $r->{err} =~ /\A[^\n]*\n\z/, $name)
        or diag(substr($r->{words}, 0, 300), ": exit $r->{status}: $r->{err}$r->{out}") }
sub round { (view($t, 'RoundsManager', 'currentRound()'))[0]->numify }
sub pending { (view($t, 'BondingManager', 'pendingStake(address,uint256)', $at{$_[0]}, 0))[0] }
sub lpt { (view($t, 'LivepeerToken', 'balanceOf(address)', $at{$_[0]}))[0] }
sub eth { Math::BigInt->from_hex($t->rpc('eth_getBalance', $at{$_[0]}, 'latest')) }
sub near { my ($got, $expected, $name, $within) = @_;
    ok(abs($got - $expected) <= ($within // 2), $name) or diag("got $got, expected $expected") }


# --- rounds

my @round = qw/ round initialized last_initialized block start_block length_blocks blocks_left
                shares_locked lock_block /;
my $json = shown('round status', 'spare', [qw/ round status /], \@round);
is_deeply([@$json{qw/ round start_block length_blocks lock_block /}],
    [round(), (map { $_->numify } view($t, 'RoundsManager', 'currentRoundStartBlock()')), 50,
     $json->{start_block} + 45], 'as the chain says; the last tenth is locked');
says(dev($t, 'spare', qw/ round init /), 1, qr/round already initialized: there is nothing to do/,
    'no round is begun twice');
$t->rpc('anvil_mine', '0x32');
says(dev($t, 'orchestrator1', qw/ orchestrator reward /), 1,
    qr/current round is not initialized: begin it with "livepeerctl round init"/,
        'nothing goes before it is begun');
says(dev($t, 'spare', qw/ delegator bond --amount 1 --to /, $o1), 1,
    qr/begin it with "livepeerctl round init"; nothing was sent/, 'nor is an allowance given');
sent('round init', 'spare', [qw/ round init /], ['initialize the round']);
is(dev($t, 'spare', qw/ round status --json /)->{json}{initialized}, JSON::PP::true, 'it is begun');


# --- what one earns: own figures, from stake and fees of a delegator alone

my @list = qw/ address stake_lptu own_stake_lptu slashable_lptu reward_cut_ppm fee_share_ppm fees_per_lpt_1_wei
               fees_per_lpt_7_wei fees_per_lpt_30_wei reward_ppm calls_missed rewarded active /;
sub market {
    my $r = dev($t, 'delegator1', qw/ delegator orchestrators --json /, @_);
    return { map { lc $_->{address} => $_ } @{$r->{json}{orchestrators}} };
}
my $stake = pending('delegator1');                      # 500 LPT, no reward yet

sent('orchestrator reward', 'orchestrator1', [qw/ orchestrator reward /], ['reward']);
says(dev($t, 'orchestrator1', qw/ orchestrator reward /), 1,
    qr/already called reward .*: once in a round is all/, 'once in a round');
says(dev($t, 'spare', qw/ orchestrator reward /), 1, qr/only active orchestrators are rewarded/,
    'only who is active');
redeem($t, face => lptu(1));
next_round($t);                                         # nobody is rewarded in this one
redeem($t, face => lptu(1) / 2);
redeem($t, face => lptu(1) / 5, recipient => 'orchestrator2');
next_round($t);
my $grown = pending('delegator1');                      # with the first round's reward
dev($t, 'orchestrator1', qw/ orchestrator reward /);

my $market = market();
is_deeply([sort keys %{$market->{$o1}}], [sort @list], 'delegator orchestrators: its fields');
my @pool = map { lc $_->{address} } @{dev($t,
    'spare', qw/ delegator orchestrators --json /)->{json}{orchestrators}};
is_deeply(\@pool, [@at{qw/ orchestrator1 orchestrator2 verifier /}], 'who has most stake comes first');
near($market->{$o1}{fees_per_lpt_30_wei}, fees($t, 'delegator1') * lptu(1) / $stake,
    'fees for each LPT: what a delegator was credited, for each LPT it had');
near($market->{$o2}{fees_per_lpt_30_wei}, fees($t, 'delegator2') * lptu(1) / lptu(500),
    'the other one\'s, too');
is($market->{$o1}{fees_per_lpt_1_wei}, 0, 'none in this round yet');
near($market->{$o1}{reward_ppm}, pending('delegator1') * 1000000 / $stake - 1000000,
    'reward: how its stake grew', 1);
is($market->{$o2}{reward_ppm}, 0, 'which the other one\'s did not');
near($market->{$o1}{stake_lptu}, pending('orchestrator1') + pending('delegator1'),
    'stake: all that is bonded to it', 10);
is($market->{$o1}{own_stake_lptu}, pending('orchestrator1'), 'and its own part');
is_deeply([map { @$_{qw/ reward_cut_ppm fee_share_ppm /} } $market->{$o1}], [100000, 500000],
    'the shares it set');

# rounds without a Reward event of an active orchestrator, counted in the log
sub missed {
    my ($who, $since) = @_;
    my %called = map { (wei($t->rpc('eth_call', { to => $chain->{contracts}{RoundsManager}, data => '0x8a19c8bc' },
        $_->{blockNumber})))[0]->numify => 1 } @{$t->rpc('eth_getLogs', { fromBlock => '0x0',
        address => $chain->{contracts}{BondingManager}, topics => [
            '0x' . '619caafabdd75649b302ba8419e48cccf64f37f1983ac4727cfb38b57703ffc9',
            '0x' . '0' x 24 . substr $at{$who}, 2] })};
    return scalar grep { !$called{$_} } $since .. round() - 1;
}
my $active = (view($t, 'BondingManager', 'getTranscoder(address)', $o1))[4]->numify;
is($market->{$o1}{calls_missed}, missed('orchestrator1', $active), 'calls missed: as the log tells');
is($market->{$o2}{calls_missed}, missed('orchestrator2', $active), 'by who never called, too');
isnt($market->{$o1}{calls_missed}, $market->{$o2}{calls_missed}, 'which is not the same');
is_deeply([map { $market->{$_}{rewarded} } $o1, $o2], [JSON::PP::true, JSON::PP::false],
    'and who has called in this round');

my $before = fees($t, 'delegator1');
redeem($t, face => lptu(3) / 10);
$market = market('--rounds', 1);
near($market->{$o1}{fees_per_lpt_1_wei}, (fees($t, 'delegator1') - $before) * lptu(1) / $grown,
    'this round alone');
is_deeply([@{$market->{$o1}}{qw/ fees_per_lpt_7_wei fees_per_lpt_30_wei /}], [undef, undef],
    'others when asked for');
says(dev($t, 'spare', qw/ delegator orchestrators --rounds 5 /), 2, qr/give 1, 7 or 30/, 'no other numbers');
my $text = dev($t, 'spare', qw/ delegator orchestrators /)->{out};
like($text, qr/^  address +stake +own stake +slashable +reward cut +fee share +fees per lpt 1 .* active$/m,
    'a table');
is(() = $text =~ /^  0x\w{40} .* yes$/mg, 3, 'with a row for each');


# --- an orchestrator

my $who = 'broadcaster2';
my @register = qw{ orchestrator register --stake 100 --reward-cut 12.5 --fee-share 40 --uri https://o3.example:8935 };
for (['--fee-share', 101], ['--reward-cut', '1.23456'], ['--uri', 'http://x'], ['--uri', 'https://a/b'],
    ['--stake', '1ETH']) {
    says(dev($t, $who, @register, @$_), 2, qr/\Q$_->[0] "$_->[1]": give/, "register: no $_->[0] $_->[1]");
}
says(dev($t, $who, @register, '--stake', 5000000), 3,
    qr/LPT are missing; from an account that has them: "livepeerctl account send/,
    'more stake than there is: exit 3');
sent('orchestrator register', $who, \@register, ['approve', 'bond', 'set the shares', 'set the URI']);
sent('again: nothing is missing', $who, \@register, []);
my @status = qw/ address registered in_pool active stake_lptu own_stake_lptu slashable_lptu reward_cut_ppm fee_share_ppm
                 fees_wei active_from_round last_reward_round jailed_until_round round uri /;
$json = shown('orchestrator status', $who, [qw/ orchestrator status /], \@status);
is_deeply([@$json{qw/ registered in_pool active own_stake_lptu reward_cut_ppm fee_share_ppm active_from_round uri /}],
    [JSON::PP::true, JSON::PP::true, JSON::PP::false, lptu(100), 125000, 400000, round() + 1,
        'https://o3.example:8935'],
    'registered, active from the next round on');
is_deeply([map { $_->numify } (view($t, 'BondingManager', 'getTranscoder(address)', $at{$who}))[1, 2]],
    [125000, 400000],
    'as the chain says');
says(dev($t, $who, qw/ delegator bond --amount 1 --to /, $o1), 1,
    qr/is an orchestrator, .* resign"; nothing was sent/,
    'its stake goes nowhere else');

next_round($t);
says(dev($t, $who, qw/ orchestrator update --fee-share 50 /), 1,
    qr/first "livepeerctl orchestrator reward"/, 'update: reward comes first');
like(dev($t, $who, qw/ orchestrator status /)->{out},
    qr/^advice +reward\(\) is due in this round: "livepeerctl orchestrator reward"$/m,
    'as status advises');
dev($t, $who, qw/ orchestrator reward /);
sent('orchestrator update', $who, [qw/ orchestrator update --fee-share 50.5 /], ['set the shares']);
$json = dev($t, $who, qw/ orchestrator status --json /)->{json};
is_deeply([@$json{qw/ reward_cut_ppm fee_share_ppm /}], [125000, 505000], 'what was not given stays');
says(dev($t, $who, qw/ orchestrator update /), 2, qr/what shall change\?/, 'update: nothing given');
sent('orchestrator uri', $who, [qw{ orchestrator uri --uri https://o3.example:443 }], ['set the URI']);
sent('the same again', $who, [qw{ orchestrator uri --uri https://o3.example:443 }], []);
my $set = sub { my ($what) = @_;
    join ' ', map { $_->{name} } @{dev($t, $who, 'orchestrator', $what, '--json')->{json}{$what}} };
sent('orchestrator services', $who, [qw/ orchestrator services --set SegmentVerification,GPUTranscoding /],
    ['set the services']);
is(join(' ', sort split / /, $set->('services')), 'GPUTranscoding SegmentVerification',
    'they are shown by name');
sent('orchestrator locations', $who, [qw/ orchestrator locations --set geo:6gyf4,cc:br /],
    ['set the locations']);
is($set->('locations'), 'cc:br geo:6gyf4', 'and places');
says(dev($t, $who, qw/ orchestrator locations --set cc:BR /), 2, qr/give a country as cc:br/,
    'a place that is none');
says(dev($t, $who, qw/ orchestrator services --set a,b,a /), 2, qr/stands there twice/, 'a service twice');
dev($t, $who, qw/ orchestrator locations --set none /);
is($set->('locations'), '', 'none is none');

# pushed out by a rule of the owner's, back when the rule is gone
sent('orchestrator activate: it is in', $who, [qw/ orchestrator activate /], []);
my $any = 'f' x 64;
owner($t, 'deployer', 'BondingManager', '0xbdbacd19' . sprintf('%064s', substr lptu(1000)->as_hex, 2) . $any);
owner($t, 'keeper', 'BondingManager', '0x837fba02' . '0' x 24 . substr $at{$who}, 2);
is(dev($t, $who, qw/ orchestrator status --json /)->{json}{in_pool}, JSON::PP::false, 'pushed out');
owner($t, 'deployer', 'BondingManager', '0xbdbacd19' . '0' x 64 . $any);
$json = sent('orchestrator activate', $who, [qw/ orchestrator activate /], ['set the shares']);
is($json->{in_pool}, JSON::PP::true, 'and in again');

$json = sent('orchestrator resign', $who, [qw/ orchestrator resign /], ['unbond']);
is_deeply([@$json{qw/ lock /}], [0], 'its stake is under lock 0');
is(dev($t, $who, qw/ orchestrator status --json /)->{json}{registered}, JSON::PP::false,
    'no orchestrator any more');
says(dev($t, $who, qw/ orchestrator resign /), 1,
    qr/is no orchestrator: it has no stake of its own; nothing was sent/, 'twice');

$before = eth('orchestrator1');
my $owed = fees($t, 'orchestrator1');
$json = sent('orchestrator withdraw', 'orchestrator1', [qw/ orchestrator withdraw /], ['withdraw the fees']);
is(eth('orchestrator1') - $before, $owed - $json->{transactions}[0]{gas_cost_wei}, 'its fees, less the gas');
is($json->{fees_wei}, $owed, 'as it says');


# --- a delegator: stake there and back

my $d = 'spare';
my $has = lpt($d);
my @mine = qw/ address state orchestrator stake_lptu fees_wei lpt_lptu start_round last_claim_round round locks /;
says(dev($t, $d, qw/ delegator bond --amount 1 --to /, $at{keeper}), 1, qr/--to is no orchestrator/,
    'bond: to nobody');
says(dev($t, $d, qw/ delegator bond --to /, $o1), 1, qr/give an --amount|must be greater than 0/,
    'bond: nothing');
sent('delegator bond', $d, [qw/ delegator bond --amount 100LPT --to /, $o1], [qw/ approve bond /]);
$json = shown('delegator status', $d, [qw/ delegator status /], \@mine);
is_deeply([@$json{qw/ state stake_lptu lpt_lptu start_round locks /}, lc $json->{orchestrator}],
    ['pending', lptu(100), $has - lptu(100), round() + 1, [], $o1], 'from the next round on');
is((view($t, 'LivepeerToken',
    'allowance(address,address)', $at{$d}, $chain->{contracts}{BondingManager}))[0], 0,
    'no allowance is left');
says(dev($t, $d, qw/ delegator unbond --amount 1 /), 1, qr/must be bonded: .* from which round on/,
    'unbond: not yet');
next_round($t);
like(dev($t, $d, qw/ delegator status /)->{out},
    qr/^advice +the orchestrator has not called reward\(\) in round \d+ yet/m,
    'advice: who acts now loses a reward');
dev($t, 'orchestrator1', qw/ orchestrator reward /);
unlike(dev($t, $d, qw/ delegator status /)->{out}, qr/^advice/m, 'and none when it would not');
says(dev($t, $d, qw/ delegator unbond --amount 1000 /), 1,
    qr/greater than bonded amount: .* how much there is/, 'unbond: too much');
is(sent('delegator unbond', $d, [qw/ delegator unbond --amount 40 /], ['unbond'])->{lock}, 0, 'under lock 0');
sent('delegator rebond', $d, [qw/ delegator rebond --lock 0 /], ['rebond']);
says(dev($t, $d, qw/ delegator rebond --lock 0 /), 1, qr/invalid unbonding lock ID: .* lists the locks/,
    'twice');
dev($t, $d, qw/ delegator unbond --amount 30 /);
$json = shown('with a lock', $d, [qw/ delegator status /], \@mine);
is_deeply($json->{locks},
    [{ lock => 1, amount_lptu => lptu(30), withdraw_round => round() + 7, open => JSON::PP::false }],
    'what is under it, and until when');
says(dev($t, $d, qw/ delegator withdraw-stake --lock 1 /), 1,
    qr/withdraw round must be before .*: .* when the lock is open/,
    'withdraw-stake: too soon');
sent('delegator claim', $d, [qw/ delegator claim /], ['claim']);
is((view($t, 'BondingManager', 'getDelegator(address)', $at{$d}))[5], round(), 'claimed up to this round');
my $rest = pending($d);
my ($whole, $part) = $rest =~ /^(\d*)(\d{18})$/;
dev($t, $d, qw/ delegator unbond --amount /, ($whole || 0) . ".$part");
is(dev($t, $d, qw/ delegator status --json /)->{json}{state}, 'unbonded', 'all of it, to the last digit');
says(dev($t, $d, qw/ delegator rebond --lock 2 /), 1, qr/must be bonded/, 'rebond: to whom?');
sent('delegator rebond --to', $d, [qw/ delegator rebond --lock 2 --to /, $o2], ['rebond']);
is(lc dev($t, $d, qw/ delegator status --json /)->{json}{orchestrator}, $o2, 'another one');
$json = sent('delegator bond: move over', $d, [qw/ delegator bond --to /, $o1], ['bond']);
next_round($t, 7);
($before) = lpt($d);
sent('delegator withdraw-stake', $d, [qw/ delegator withdraw-stake --lock 1 /], ['withdraw the stake']);
is(lpt($d) - $before, lptu(30), 'it came back');

$before = eth('delegator1');
$owed = fees($t, 'delegator1');
$json = sent('delegator withdraw-fees', 'delegator1', [qw/ delegator withdraw-fees --amount 0.1ETH /],
    ['withdraw the fees']);
is(eth('delegator1') - $before, lptu(1) / 10 - $json->{transactions}[0]{gas_cost_wei}, 'a part of the fees');
$before = eth('keeper');
$json = sent('to another account', 'delegator1', [qw/ delegator withdraw-fees --to /, $at{keeper}],
    ['withdraw the fees']);
is(eth('keeper') - $before, $owed - lptu(1) / 10, 'and the rest');
says(dev($t, 'delegator1', qw/ delegator withdraw-fees /), 1,
    qr/there are no fees to withdraw yet; nothing was sent/, 'then none');


# --- what the running program has won

my $orch = $t->orchestrator(transcoder => '--size 5000 obey');
my @url = ('--status', $orch->{status_url});
$json = shown('orchestrator redeemed', 'spare', [qw/ orchestrator redeemed /, @url],
    [qw/ winners_final winners_dead redeemed_wei tickets ev_wei /]);
my $ledger = ledger($t, $orch);
is_deeply([@$json{qw/ winners_final redeemed_wei tickets /}],
    [$ledger->{winners}{final}, $ledger->{redeemed_wei}, $ledger->{tickets}], 'as its status says');
$json = shown('orchestrator pending', 'spare', [qw/ orchestrator pending /, @url],
    [qw/ winners_won winners_signed winners_sent winners_mined pending_wei credit_wei /]);
is_deeply([@$json{qw/ winners_won pending_wei /}], [$ledger->{winners}{won}, $ledger->{pending_wei}], 'too');
says(run($t, qw/ orchestrator pending --status /, 'http://127.0.0.1:' . Test::Livepeer::port() . '/status'), 1,
    qr/it does not answer: .*; start it, or give its --status-addr as --status URL/, 'when it does not run');
says(run($t, qw/ orchestrator redeemed --status /, "$orch->{status_url}/metrics"), 1,
    qr/says nothing about money/, 'when that is something else');
$t->stop($orch);


# --- tickets in words, made in Python

my $explain = sub { dev($t, 'spare', 'explain-ticket', @_, '--json') };
my $p = tickets($t, face => lptu(1) / 4, win_prob => '0x8' . '0' x 63, n => 3);
my $r = $explain->($p->{header});
is_deeply([$r->{status}, map { $r->{json}{$_} } qw/ form sender recipient price face_value_wei expected_value_wei
        recipient_rand_hash creation_round creation_round_hash expiration_block wins_one_in /],
    [0, 'a payment', $p->{sender}, $p->{recipient},
        '1200 wei for 1 pixels', lptu(1) / 4, lptu(1) / 8, $p->{rand_hash},
     round(), $p->{round_hash}, '1000000', '1'], 'explain-ticket: a payment\'s fields') or diag($r->{err});
is_deeply([map { [@$_{qw/ nonce hash signed redeemable wins /}] } @{$r->{json}{tickets}}],
    [map { [$_->{nonce}, $_->{hash}, JSON::PP::true, 'unknown', undef] } @{$p->{tickets}}],
    'each ticket: its hash and signature; only the recipient knows whether it won');
like(dev($t, 'spare', 'explain-ticket', $p->{header})->{out}, qr/^  nonce +1\n  hash .*\n.*\n  wins +-\n/m,
    'in text: a block for each');
my ($won) = grep { $_->{wins} } @{$p->{tickets}};
my ($lost) = grep { !$_->{wins} } @{$p->{tickets}};
SKIP: {
    skip 'all of them won', 1 if !$lost;
    is_deeply([@{$explain->($lost->{redeem})->{json}{tickets}[0]}{qw/ wins redeemable why /}],
        [JSON::PP::false, 'no', 'it did not win'], 'one that lost');
}
$p = redeemable();
is_deeply([@{$explain->($p->{tickets}[0]{redeem})->{json}{tickets}[0]}{qw/ wins redeemable why /}],
    [JSON::PP::true, 'yes', 'it pays its face value'], 'one that won');
owner($t, 'orchestrator1', 'TicketBroker', $p->{tickets}[0]{redeem});
is($explain->($p->{tickets}[0]{redeem})->{json}{tickets}[0]{why}, 'it was redeemed already',
    'and was redeemed');
$p = redeemable(face => lptu(100));
is($explain->($p->{tickets}[0]{redeem})->{json}{tickets}[0]{redeemable}, 'partly', 'for more than there is');
$p = redeemable(recipient => 'keeper');
like($explain->($p->{tickets}[0]{redeem})->{json}{tickets}[0]{why}, qr/is no registered orchestrator/,
    'for nobody');
$p = redeemable();
my $flip = $p->{tickets}[0]{redeem};
substr($flip, -192, 1) =~ tr/0-9a-f/1-9a-f0/;           # the first digit of the signature
is($explain->($flip)->{json}{tickets}[0]{why}, 'the sender did not sign it',
    'with a signature that was touched');
next_round($t, 2);
like($explain->($p->{tickets}[0]{redeem})->{json}{tickets}[0]{why}, qr/^it expired: round \d+ was the last/,
    'too late');
is(run($t, 'explain-ticket', $p->{header}, '--json')->{json}{tickets}[0]{why},
    'its form is good; give --rpc and --controller to ask the chain', 'without a chain');
for (['0x12', 'a few digits'], ['!!', 'no base64'], [substr($p->{header}, 0, 60), 'cut off'], ['', 'nothing'],
     [$p->{tickets}[0]{redeem} . '00', 'a call that is too long'], ['A' x 90000, 'far too much']) {
    says(run($t, 'explain-ticket', $_->[0]), 2,
        qr/^livepeerctl: (this is no ticket: give the value|TICKET is missing)/,
        "no ticket: $_->[1]");
}

sub redeemable { tickets($t, face => lptu(1) / 4, @_) }
