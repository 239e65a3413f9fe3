#!/usr/bin/perl
# takes 30 s
# The dev chain as a user meets it: it starts, says where it is, turns its
# rounds, pays a winning ticket, keeps its state, and leaves nothing behind.

use strict;
use warnings;
use File::Temp qw/ tempdir /;
use IO::Socket::INET;
use JSON::PP;
use Test::More;
use Time::HiRes qw/ sleep time /;

my $build = $ENV{BUILD} || 'build';
my $tool = "BUILD=$build common/contracts/tool";

plan skip_all => 'npm is not installed' if system('command -v npm >/dev/null');
mkdir $build;
system("flock $build/.contracts-lock make -s BUILD=$build contracts >&2") == 0
    or die "the contracts do not compile\n";

my $dir = tempdir(CLEANUP => 1);
my $out = "$dir/devchain.json";
my $chain = "$tool node common/contracts/devchain.js";
END { system("$chain stop --out $out >/dev/null 2>&1") if $chain && $dir }

my $port = free_port();
my $begin = time;
is(system("$chain start --out $out --port $port --state $dir/state >/dev/null"), 0,
    'starts');
cmp_ok(time - $begin, '<', 15, 'ready in less than 15 s');

my $info = decode_json(slurp($out));
is($info->{rpc}, "http://127.0.0.1:$port", 'on the port it was given');
is($info->{chain_id}, 31337, 'chain id');
my %at = %{$info->{contracts}};
my %who = %{$info->{accounts}};
is($info->{controller}, $at{Controller}, 'controller');

for my $name (sort keys %at) {
    cmp_ok(length cast('code', $at{$name}), '>', 100, "$name has code");
    next if $name =~ /^(Controller|FaultVerifier|MockVerifier|Solver)/;
    my $id = cast('keccak', $name);
    is(lc cast('call', $at{Controller}, "'getContract(bytes32)(address)'", $id),
        $at{$name}, "$name is registered");
}

for my $role (sort keys %who) {
    my $file = $who{$role}{key_file};
    is((stat $file)[2] & 0777, 0600, "key of $role is private");
    is(lc run("$tool cast wallet address --private-key " . key($role)),
        $who{$role}{address}, "key of $role is its own");
}

for my $role (qw/ orchestrator1 orchestrator2 /) {
    is(cast('call', $at{BondingManager}, "'isActiveTranscoder(address)(bool)'",
            $who{$role}{address}), 'true', "$role is active");
    like(cast('call', $at{ServiceRegistry}, "'getServiceURI(address)(string)'",
            $who{$role}{address}), qr{^"https://127.0.0.1:}, "$role has an address");
}

# rounds turn by themselves
my $round = round();
cast('rpc', 'anvil_mine', 50);
ok(await(sub { round() > $round && initialized() }), 'the keeper begins a round');

# a ticket that always wins, from signature to fees
my $broker = $at{TicketBroker};
my $sender = $who{broadcaster}{address};
my $recipient = $who{orchestrator1}{address};
my $rand = '0x' . '11' x 32;
my $created = cast('call', $at{RoundsManager}, "'lastInitializedRound()(uint256)'");
my $aux = cast('abi-encode', "'f(uint256,bytes32)'", $created,
    cast('call', $at{RoundsManager}, "'blockHashForRound(uint256)(bytes32)'", $created));
my $ticket = join ',', $recipient, $sender, '1000000000000000000', '0x' . 'f' x 64, 1,
    cast('keccak', $rand), $aux;
my $type = '(address,address,uint256,uint256,uint256,bytes32,bytes)';
my $hash = cast('call', $broker, "'getTicketHash($type)(bytes32)'", "'($ticket)'");
my $sig = run("$tool cast wallet sign --private-key " . key('broadcaster') . " $hash");
my $receipt = decode_json(cast('send', $broker,
    "'redeemWinningTicket($type,bytes,uint256)'", "'($ticket)'", $sig, $rand,
    '--private-key', key('orchestrator1'), '--json'));
is(hex $receipt->{status}, 1, 'a winning ticket is redeemed');
cmp_ok(hex $receipt->{gasUsed}, '<=', 350000, 'C46 redeem costs at most 350000 gas');
note('redeem used ', hex $receipt->{gasUsed});
is(cast('call', $broker, "'usedTickets(bytes32)(bool)'", $hash), 'true', 'it is used');

my $owed = sub {
    my $sum = 0;
    for my $role (qw/ orchestrator1 delegator1 /) {
        my ($fees) = cast('call', $at{BondingManager}, "'pendingFees(address,uint256)(uint256)'",
            $who{$role}{address}, 0) =~ /^(\d+)/;
        $sum += $fees;
    }
    return $sum;
};
cmp_ok(abs($owed->() - 1e18), '<', 1e4, 'and its value belongs to stake');

# refusals in one sentence
my $again = run("$chain start --out $out 2>&1");
is($again, 'devchain: it runs already, stop it first: make devchain-stop.', 'no second one');
my $taken = run("$chain start --out $dir/other.json --port $port 2>&1");
is($taken, "devchain: port $port is taken, give another one: make devchain DEVCHAIN_PORT=N.",
    'a taken port');
ok(!-e "$dir/other.json", 'which leaves nothing');
like(run("$chain start --out $dir/other.json --port none 2>&1"),
    qr/^devchain: port none is not a number/, 'a port that is none');

# down, and up again with the same state
my %pid = %{decode_json(slurp("$dir/devchain.pid"))};
my $deposit = deposit();
is(run("$chain stop --out $out"), 'devchain: stopped', 'stops');
ok(!-e $out && !-e "$dir/devchain-keys", 'description and keys are gone');
ok(!grep({ alive($_) } values %pid), 'no process is left');
ok(free($port), 'the port is free');

is(system("$chain start --out $out --port $port --state $dir/state >/dev/null"), 0,
    'starts again');
is(decode_json(slurp($out))->{controller}, $at{Controller}, 'same contracts');
is(deposit(), $deposit, 'same books');
cast('rpc', 'anvil_mine', 50);
ok(await(sub { initialized() }), 'rounds go on');

# even a keeper that is killed takes its chain along
%pid = %{decode_json(slurp("$dir/devchain.pid"))};
kill 'KILL', $pid{serve};
ok(await(sub { !alive($pid{anvil}) }), 'a killed keeper leaves no chain');
run("$chain stop --out $out");

done_testing();


sub deposit { return (split ' ', cast('call', $broker,
    "'getSenderInfo(address)(uint256,uint256,uint256,uint256)'", $sender))[0] }

sub round { return cast('call', $at{RoundsManager}, "'currentRound()(uint256)'") }

sub initialized {
    return cast('call', $at{RoundsManager}, "'currentRoundInitialized()(bool)'") eq 'true';
}

sub await {
    my ($condition) = @_;
    for (1 .. 300) { return 1 if $condition->(); sleep 0.1 }
    return 0;
}

# one that has ended but that nobody has waited for is not alive
sub alive { return slurp("/proc/$_[0]/stat") =~ /\) [^ZX] / }

sub key { return slurp($who{$_[0]}{key_file}) =~ s/\s+//r }

sub cast {
    my ($command, @args) = @_;
    my $rpc = $command =~ /^(keccak|abi-encode)$/ ? '' : "--rpc-url http://127.0.0.1:$port";
    return run(join ' ', $tool, 'cast', $command, @args, $rpc);
}

sub run { my $text = `$_[0]`; $text =~ s/\s+\z//; return $text }

sub slurp { open my $fh, '<', $_[0] or return ''; local $/; return scalar <$fh> }

sub free_port {
    my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die $!;
    return $s->sockport;
}

sub free {
    return IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1',
                                 LocalPort => $_[0], ReuseAddr => 1);
}
