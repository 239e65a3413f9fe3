#!/usr/bin/perl
# takes 25 s
# livepeerctl as an operator uses it, on the dev chain: keys and passwords,
# nodes and pinned contracts, a broadcaster's money, the files for the signer.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use Math::BigInt;
use Test::More;
use Test::Ctl qw/ run dev reads sends nonce view owner next_round lptu /;
use Test::Livepeer;
use Test::Money qw/ deposit eth /;

my $t = Test::Livepeer->new()->plan(108);
my $chain = $t->chain(block_time => 0);
my $keeper = decode_json(Test::Livepeer::slurp("$t->{dir}/devchain.pid"))->{serve};
END { kill 'CONT', $keeper if $keeper }
kill 'STOP', $keeper;                  # rounds turn when the test says so

my %at = map { $_ => $chain->{accounts}{$_}{address} } keys %{$chain->{accounts}};
my @node = ('--rpc', $chain->{rpc}, '--controller', $chain->{controller});
my $dead = 'http://127.0.0.1:' . Test::Livepeer::port();

sub right { my ($name, @wrong) = @_; is_deeply(\@wrong, [], $name) }
sub sent { my ($name, @what) = @_; my ($json, @wrong) = sends($t, @what); right($name, @wrong); return $json }
sub shown { my ($name, @what) = @_; my ($json, @wrong) = reads($t, @what); right($name, @wrong); return $json }
sub says { my ($r, $status, $words, $name) = @_;
    ok($r->{status} eq $status && $r->{err} =~ $words && $r->{err} =~ /\A[^\n]*\n\z/, $name)
        or diag(substr($r->{words}, 0, 300), ": exit $r->{status}: $r->{err}$r->{out}") }
sub secret { my ($name, $text, $mode) = @_;
    my $file = Test::Livepeer::spew("$t->{dir}/$name", $text);
    chmod $mode // 0600, $file;
    return $file }


# --- words

says(run($t), 2, qr/give a command; --help lists them/, 'no command');
for (['broadcaster', 'fly'], ['broadcaster']) {
    my $r = run($t, @$_);
    ok($r->{status} == 2 && $r->{err} =~ /^  broadcaster withdraw /m && $r->{err} !~ /delegator/,
        "@$_: the commands of the group") or diag($r->{err});
}
says(run($t, 'fly'), 2, qr/"fly" is no command; --help/, 'an unknown word');
says(run($t, '--json', 'round', 'status'), 2, qr/the command comes first/, 'an option in its place');
says(run($t, 'round', 'status', '--fast'), 2, qr/--fast: there is no such option/, 'an unknown option');
says(run($t, 'round', 'status', 'now'), 2, qr/"now" is not understood/, 'a word too many');
says(run($t, 'round', 'status', '--rpc'), 2, qr/--rpc: URL must follow/, 'a value is missing');
says(run($t, 'round', 'status', '--json=1'), 2, qr/--json takes no value/, 'a value too many');
says(run($t, 'round', 'status'), 2, qr/no node of a chain is known: give --rpc/, 'no node');
says(run($t, 'round', 'status', '--rpc', 'ftp://x'), 2, qr{begins with http://}, 'no URL');
says(run($t, 'round', 'status', '--rpc', $chain->{rpc}), 2, qr/give --controller/, 'no Controller');
says(run($t, 'round', 'status', '--dev', "$t->{dir}/none"), 2, qr/there is no such file/, 'no file');
says(dev($t, 'nobody', 'account', 'show'), 2, qr/no such account/, 'no role');
says(run($t, 'broadcaster', 'unlock', '--role', 'x'), 2, qr/--dev FILE, which is missing/, 'role alone');
says(dev($t, 'spare', 'broadcaster', 'fund'), 2, qr/how much\?/, 'fund: how much?');
for (['1', 'no unit'], ['-1ETH', 'less than nothing'], ['1e3ETH', 'an exponent'], ['1XYZ', 'no money'],
     ['0.0000000000000000001ETH', 'less than a wei']) {
    says(dev($t, 'spare', 'broadcaster', 'fund', '--deposit', $_->[0]), 2,
        qr/--deposit "\Q$_->[0]\E": give an amount with its unit/, "an amount: $_->[1]");
}
says(dev($t, 'spare', 'account', 'send', '--to', '0x12', '--amount', '1ETH'), 2, qr/give an address/,
    'a short address');
says(dev($t, 'spare', 'account', 'send', '--amount', '1ETH', '--to',
        '0x3c44CdDdB6a900fa2b585dd299e03d12FA4293BC'), 2, qr/only if the case is right/,
    'an address with a slip of a letter\'s case');
says(dev($t, 'spare', 'account', 'send', '--amount', '1ETH'), 2, qr/--to ADDRESS is missing/, 'no address');

my $help = run($t, '--help');
my %described = map { $_ => 1 } $help->{out} =~ /^  ((?:\w+ )?[\w-]+) {2,}/mg;
ok($help->{status} == 0 && $described{'broadcaster fund'} && $described{'delegator claim'}, '--help');
like(run($t, '--version')->{out}, qr/\Alivepeerctl \d+\.\d+\.\d+\n\z/, '--version');
my @silent;
for my $command ($help->{out} =~ /^  ([a-z][\w-]*(?: [a-z][\w-]+)?) {2,}\w/mg) {
    my $r = run($t, split(/ /, $command), '--help');
    push @silent, $command if $r->{status} || $r->{out} !~ /^usage: livepeerctl \Q$command\E /;
}
is_deeply(\@silent, [], 'every command has --help');


# --- accounts

my $password = secret('password', "correct horse\n");
my $file = "$t->{dir}/key.json";
my $made = run($t, 'account', 'new', '--out', $file, '--password-file', $password, '--json');
is_deeply([$made->{status}, $made->{err}, [sort keys %{$made->{json}}]], [0, '', [qw/ address exit file /]],
    'account new') or diag($made->{err});
is((stat $file)[2] & 0777, 0600, 'T-39: its file is for us alone');
my $keystore = decode_json(Test::Livepeer::slurp($file));
is("$keystore->{version} $keystore->{crypto}{kdf} $keystore->{crypto}{cipher}", '3 scrypt aes-128-ctr',
    'keystore version 3');
my $wallet = "BUILD=$Test::Livepeer::BUILD common/contracts/tool cast wallet";
my $opened = `$wallet address --keystore $file --password-file $password 2>&1`;
like($opened, qr/^\Q$made->{json}{address}\E$/m, 'cast opens it with that password');
my ($hex) = `$wallet decrypt-keystore key.json --keystore-dir $t->{dir} --unsafe-password 'correct horse' 2>&1`
    =~ /0x([0-9a-f]{64})/;
is(defined $hex ? system('grep', '-rqi', $hex, $t->{dir}) : 'no key', 256, 'T-39: the key itself is in no file');

says(run($t, 'account', 'new', '--out', $file, '--password-file', $password), 2,
    qr/exists and is not replaced/, 'a key is never overwritten');
says(run($t, 'account', 'new', '--out', "$file.2"), 2, qr/needs a password/, 'none without a password');
my $empty = secret('empty', "\n");
says(run($t, 'account', 'new', '--out', "$file.2", '--password-file', $empty), 2, qr/is empty/,
    'nor with an empty one');
my $open = secret('open', "secret\n", 0640);
says(run($t, 'account', 'new', '--out', "$file.2", '--password-file', $open), 2,
    qr/can be used by others \(mode 640\): chmod 600/, 'T-39: a password that others can read');
symlink $password, "$t->{dir}/link";
says(run($t, 'account', 'new', '--out', "$file.2", '--password-file', "$t->{dir}/link"), 2,
    qr/symbolic link|cannot be opened/, 'T-39: a link to a password');
ok(!-e "$file.2", 'what was refused left no file');

my $piped = run($t, { stdin => $password }, 'account', 'show', '--key-file', $file, '--password-fd', 0,
    '--json');
is($piped->{json}{address}, $made->{json}{address}, 'T-39: a password from a descriptor');
says(run($t, 'account', 'show', '--key-file', $file), 2,
    qr/is encrypted: give its password with --password-file/,
    'account show: no password');
says(run($t, 'account', 'show', '--key-file', $file, '--password-file', secret('wrong', 'x')), 2,
    qr/the password does not open/, 'the wrong password');
says(run($t, 'account', 'show', '--password', 'x'), 2, qr/no such option/, 'T-39: no password in words');
{
    my $key = Test::Livepeer::slurp($chain->{accounts}{spare}{key_file}) =~ s/\s//gr;
    my @r = (run($t, 'account', 'show', '--key-file', $key),
             run($t, { env => { LIVEPEER_KEY_FILE => $key } }, 'account', 'show'),
             run($t, 'account', 'import', '--from', $key, '--out', "$file.2", '--password-file', $password));
    is_deeply([map { "$_->{status} " . ($_->{err} =~ /use that key no more/ && index($_->{err}, $key) < 0) } @r],
        ['2 1', '2 1', '2 1'], 'T-39: a key in words or environment is refused and not repeated');
}

my $imported = run($t, 'account', 'import', '--from', $chain->{accounts}{spare}{key_file}, '--out', "$file.3",
    '--password-file', $password, '--json');
is(lc($imported->{json}{address} // ''), $at{spare}, 'account import: 64 digits');
says(run($t, 'account', 'import', '--from', "$file.3", '--out', "$file.4", '--password-file', $password), 2,
    qr/is encrypted: give its password with --from-password/, 'of an encrypted one the password is asked');
$imported = run($t, 'account', 'import', '--from', "$file.3", '--from-password', $password, '--out', "$file.4",
    '--password-file', secret('other', "another\n"), '--json');
is(lc($imported->{json}{address} // ''), $at{spare}, 'and exchanged');
is((stat "$file.4")[2] & 0777, 0600, 'T-39: for us alone, too');

my $json = shown('account show', 'spare', ['account', 'show'], [qw/ address eth_wei lpt_lptu /]);
is_deeply([lc $json->{address}, $json->{eth_wei}, $json->{lpt_lptu}],
    [$at{spare}, balance($at{spare}),
     view($t, 'LivepeerToken', 'balanceOf(address)', $at{spare})], 'what the chain says');

my $has = (view($t, 'LivepeerToken', 'balanceOf(address)', $at{keeper}))[0];
sent('account send, LPT', 'spare', [qw/ account send --amount 12.5LPT --to /, $at{keeper}], ['send']);
is((view($t, 'LivepeerToken', 'balanceOf(address)', $at{keeper}))[0] - $has, '12500000000000000000',
    'it arrived');
$json = sent('account send, ETH', 'spare',
    [qw/ account send --amount 1.5ETH --to /, $made->{json}{address}], ['send']);
is(balance($made->{json}{address}), '1500000000000000000', 'it arrived, too');
$json = sent('account faucet', 'spare', [qw/ account faucet /], ['faucet']);
is($json->{amount_lptu}, lptu(1000), 'how much');
says(dev($t, 'spare', qw/ account send --amount 9999999LPT --to /, $at{keeper}), 3,
    qr/LPT are missing; nothing was sent/,
    'more LPT than there is');


# --- nodes

my @mine = ('--key-file', $chain->{accounts}{spare}{key_file});
my $before = nonce($t, $at{spare});
says(run($t, qw/ broadcaster fund --deposit 1ETH /, @mine, @node), 2,
    qr/give --chain-id 31337; nothing was sent/,
    'T-40: no signature for a chain that was not named');
says(run($t, qw/ broadcaster fund --deposit 1ETH --chain-id 1 /, @mine, @node), 2,
    qr/is on chain 31337, not on 1: .* nothing was sent/, 'T-40: the node is on another chain');
my $other = Test::Livepeer::port();
$ENV{BUILD} = $Test::Livepeer::BUILD;
$t->spawn('other', 'common/contracts/tool', 'anvil', '--port', $other, '--chain-id', 4242, '--silent');
$t->await('the other chain', 20, sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$other", Timeout => 1) });
my $r = run($t, qw/ broadcaster fund --deposit 1ETH --chain-id 31337 /, @mine, '--rpc', $dead,
    '--rpc', "http://127.0.0.1:$other", @node);
ok($r->{status} == 2 && $r->{err} =~ /is on chain 4242, not on 31337/,
    'T-40: nor does a second node bring in another chain');
says(run($t, qw/ broadcaster status --rpc /, "http://127.0.0.1:$other",
    '--controller', $chain->{controller}, @mine), 2,
    qr/there is no contract at 0x\w+, which should be the Controller of chain 4242/,
        'a Controller that is not there');
says(run($t, qw/ broadcaster status /, @mine, '--rpc', $chain->{rpc},
    '--controller', $chain->{contracts}{Minter}), 2,
    qr/is no Controller/, 'a contract that is none');
is(nonce($t, $at{spare}), $before, 'T-40: and nothing was sent');

$r = run($t, qw/ round status --json --rpc /, $dead, @node);
ok($r->{status} == 0 && $r->{json}{length_blocks} == 50
    && $r->{err} =~ /^livepeerctl: node 127.0.0.1:\d+: it does not answer: .*; the next one is asked\n\z/,
    'a dead node: the next one answers');
$r = run($t, qw/ broadcaster fund --deposit 1ETH --chain-id 31337 --json --key-file /, "$file.3",
    '--password-file', $password, '--rpc', $dead, @node);
ok($r->{status} == 0 && $r->{json}{transactions}[0]{sent}, 'which also takes a transaction') or diag($r->{err});
$r = run($t, qw/ round status --json --rpc /, $dead, '--controller', $chain->{controller});
ok($r->{status} == 1 && $r->{json}{exit} == 1 && $r->{json}{error} =~ /start it, or give another one with --rpc/,
    'none is left: exit 1, in JSON too');
my %env = (LIVEPEER_RPC => $chain->{rpc}, LIVEPEER_CONTROLLER => $chain->{controller});
$r = run($t, { env => \%env }, qw/ round status /);
is($r->{status}, 0, 'options from the environment');


# --- contracts, pinned

my $pins = "$t->{dir}/pins";
my @tool = ('--dev', $chain->{file}, '--role', 'spare');
$r = run($t, 'contracts', '--out', $pins, '--dry-run', @tool);
ok($r->{status} == 0 && !-e $pins, 'contracts --dry-run writes nothing');
$r = run($t, 'contracts', '--out', $pins, '--json', @tool);
is_deeply([map { [$_->{name}, lc $_->{address}] } grep { $_->{name} =~ /Broker|Bonding/ } @{$r->{json}{contracts}}],
    [map { [$_, $chain->{contracts}{$_}] } qw/ BondingManager TicketBroker /],
        'contracts: as the Controller says');
is(run($t, qw/ round status --contracts /, $pins, '--rpc', $chain->{rpc})->{status}, 0,
    'its file stands for chain and Controller');

my $snapshot = $t->rpc('evm_snapshot');
my $id = 'bd1aa3e8d2464256d7fd3dcf645c16418d5d8c51d971f1ad7d57e7b1b5eee239';   # keccak("TicketBroker")
owner($t, 'deployer',
    'Controller', "0xd737c2b0$id" . '0' x 24 . substr($chain->{contracts}{ServiceRegistry}, 2) . '0' x 64);
$before = nonce($t, $at{spare});
says(run($t, qw/ broadcaster fund --deposit 1ETH --contracts /, $pins, @tool), 2,
    qr/TicketBroker is 0x\w{40}, but --contracts has 0x\w{40}: .* --replace"; nothing was sent/,
    'T-40: a contract that has moved is not paid');
is(nonce($t, $at{spare}), $before, 'T-40: not even a little');
$r = run($t, 'contracts', '--out', $pins, @tool);
ok($r->{status} == 1 && $r->{err} =~ /1 addresses are not those of/ && $r->{out} =~ /TicketBroker .*0x\w{40} +0x/,
    'T-40: the change is shown');
$r = run($t, 'contracts', '--out', $pins, '--replace', @tool);
ok($r->{status} == 0 && index(lc Test::Livepeer::slurp($pins), "ticketbroker $chain->{contracts}{ServiceRegistry}") > 0,
    'and taken over only when told');
$t->rpc('evm_revert', $snapshot);
says(run($t, qw/ round status --contracts /, secret('nopins', "hello\n"), @tool), 2,
    qr/line 1: it is not a file of contracts/,
    'a file that is none');


# --- a broadcaster's money

my @status = qw/ address eth_wei deposit_wei reserve_wei reserve_claimed_wei penalty_escrow_wei state
                 withdraw_round rounds_left round /;
my $b = 'broadcaster';
$json = sent('broadcaster fund', $b, [qw/ broadcaster fund --deposit 2ETH --reserve 0.5ETH /], ['fund']);
is(join(' ', deposit($t, $b)), join(' ', lptu(12), Math::BigInt->new('5500000000000000000')),
    'deposit and reserve are there');
sent('its escrow', $b, [qw/ broadcaster fund --penalty 0.25ETH /], ['fund the escrow']);
$json = shown('broadcaster status', $b, [qw/ broadcaster status /], \@status);
is_deeply([@$json{qw/ deposit_wei reserve_wei penalty_escrow_wei state /}],
    [lptu(12), '5500000000000000000', '250000000000000000', 'locked'], 'to the wei');

$r = dev($t, $b, qw/ broadcaster status --deposit 20ETH --reserve 5ETH --json /);
is_deeply([$r->{status}, @{$r->{json}}{qw/ missing_deposit_wei missing_reserve_wei /}], [3, lptu(8), '0'],
    'what is missing, and exit 3');
like($r->{err}, qr/^livepeerctl: 8 ETH are missing .*"livepeerctl broadcaster fund --deposit 8ETH --reserve 0ETH"$/,
    'and the command that mends it');
is(dev($t, $b, qw/ broadcaster status --deposit 12ETH --reserve 5.5ETH /)->{status}, 0, 'enough is enough');

$before = nonce($t, $at{$b});
$r = dev($t, $b, qw/ broadcaster fund --deposit 1000000ETH --json /);
my $eth = balance($at{$b});
my ($gas) = $r->{err} =~ /at most ([\d.]+) ETH for gas/;
my ($missing) = $r->{err} =~ /: ([\d.]+) ETH are missing/;
my $own = lptu(1000000) + wei_of($gas) - $eth;
is_deeply([$r->{status}, wei_of($missing)], [3, $own], 'fund beyond the balance: what is missing, to the wei');
like($r->{err}, qr/"livepeerctl account send --to \Q$json->{address}\E --amount \Q$missing\EETH"; nothing was sent$/,
    'and the command that brings it');
is(nonce($t, $at{$b}), $before, 'nothing was sent');
says(dev($t, $b, qw/ broadcaster fund --deposit 1ETH --max-gas-cost 1gwei /), 1, qr/raise --max-gas-cost/,
    'gas too dear');
says(dev($t, $b, qw/ broadcaster fund --deposit 1ETH --max-gas-price 1wei /), 1,
    qr/costs more than --max-gas-price/,
    'a unit of gas, too');
says(dev($t, $b, qw/ broadcaster fund --deposit 1ETH --timeout soon /), 2, qr/--timeout "soon"/,
    'a time that is none');
is(nonce($t, $at{$b}), $before, 'before anything was sent');

says(dev($t, $b, qw/ broadcaster cancel /), 1,
    qr/TicketBroker refuses: no unlock request in progress: begin one with "livepeerctl broadcaster unlock"/,
    'cancel what was not begun');
sent('broadcaster unlock', $b, [qw/ broadcaster unlock /], ['unlock']);
says(dev($t, $b, qw/ broadcaster unlock /), 1,
    qr/unlock already initiated: "livepeerctl broadcaster status" says/, 'twice');
says(dev($t, $b, qw/ broadcaster withdraw /), 1, qr/account is locked: .* says how many rounds are left/,
    'withdraw too soon');
($json) = reads($t, $b, [qw/ broadcaster status /], \@status);
is_deeply([@$json{qw/ state rounds_left /}], ['unlocking', 2], 'status: unlocking');
sent('broadcaster cancel', $b, [qw/ broadcaster cancel /], ['cancel']);
dev($t, $b, qw/ broadcaster unlock /);
next_round($t, 2);
($json) = reads($t, $b, [qw/ broadcaster status /], \@status);
is_deeply([@$json{qw/ state rounds_left /}], ['unlocked', 0], 'status: unlocked');
$eth = balance($at{$b});
$json = sent('broadcaster withdraw', $b, [qw/ broadcaster withdraw /], ['withdraw']);
is(balance($at{$b}) - $eth,
    lptu(12) + '5500000000000000000' + '250000000000000000' - $json->{transactions}[0]{gas_cost_wei},
    'deposit, reserve and escrow came back, less the gas');
says(dev($t, $b, qw/ broadcaster withdraw /), 1, qr/"livepeerctl broadcaster fund" first/,
    'nothing is left to take');


# --- the line of who waits

$t->rpc('evm_setAutomine', JSON::PP::false);
my $tty = "$t->{dir}/tty";
my $words = join ' ', Test::Ctl::program(), qw/ broadcaster fund --deposit 1ETH --dev /, $chain->{file},
    '--role', $b;
my $p = $t->spawn('script', 'script', '-qfec', $words, $tty);
$t->await('the line of a transaction that waits', 20, sub {
    Test::Livepeer::slurp($tty) =~ /waits for a block, [1-9]\d* s/;
});
$t->rpc('evm_mine');
$t->await('the end', 20, sub { $t->reap($p) });
like(Test::Livepeer::slurp($tty),
    qr/\r(livepeerctl: fund: 0x\w{10}\.\. )waits for a block, 0 s\r.*\r\1is in a block, \d+ s +\r?\n/s,
    'a terminal sees one line, written over, until the block');
$r = dev($t, $b, qw/ broadcaster fund --deposit 1ETH --timeout 1 --json /);
ok($r->{status} == 1 && $r->{err} =~ /is in no block after 1 s; it may still come/ && $r->{err} =~ /\A[^\n]+\n\z/
    && $r->{json}{transactions}[0]{sent} && !defined $r->{json}{transactions}[0]{block},
    'a script sees none; what is still under way is said at the end') or diag($r->{err}, $r->{out});
$t->rpc('evm_mine');
$t->rpc('evm_setAutomine', JSON::PP::true);


# --- who is paid

my $list = "$t->{dir}/recipients";
($json) = run($t, 'recipients', '--out', $list, '--json', @tool)->{json};
is_deeply([$json->{recipients}, sort map { lc } split /\n/, Test::Livepeer::slurp($list)],
    [3, sort @at{qw/ orchestrator1 orchestrator2 verifier /}], 'recipients: the active set');
is_deeply([map { /^0x\w{40}$/ ? () : $_ } split /\n/, Test::Livepeer::slurp($list)], [], 'a line each');
says(run($t, 'recipients', '--out', $list, '--follow', 99999, @tool), 2, qr/up to a day/, 'too slow to follow');

# the node is reached through a door that can be shut
my $door = Test::Livepeer::port();
my ($node) = $chain->{rpc} =~ /(\d+)$/;
my @door = ('/usr/bin/python3', 't/tools/door.py', $door, $node);
my $open1 = $t->spawn('door', @door);
$t->await('the door', 10, sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$door", Timeout => 1) });
unlink $list;
$p = $t->spawn('follow', Test::Ctl::program(), 'recipients', '--out', $list, '--follow', 1,
    '--rpc', "http://127.0.0.1:$door", '--controller', $chain->{controller});
$t->await('the first list', 20, sub { -s $list });
my $inode = (stat $list)[1];
$t->stop($open1);
$t->await('the complaint', 30, sub { Test::Livepeer::slurp($p->{log}) =~ /the file stays as it was/ });
is(() = Test::Livepeer::slurp($list) =~ /^0x/mg, 3,
    'recipients --follow: a dead node leaves the file as it was');
dev($t, 'orchestrator2', qw/ orchestrator resign /);
next_round($t);
open my $held, '<', $list or die;
$open1 = $t->spawn('door', @door);
$t->await('the new list', 30, sub { 2 == (() = Test::Livepeer::slurp($list) =~ /^0x/mg) });
is(() = do { local $/; <$held> } =~ /^0x/mg, 3,
    'who reads the old file reads all of it: the new one replaces it');
isnt((stat $list)[1], $inode, 'by a rename');
is($t->stop($p), 0, 'a signal ends it');


sub balance { Math::BigInt->from_hex($t->rpc('eth_getBalance', $_[0], 'latest')) }

# a decimal amount of ETH as wei
sub wei_of {
    my ($whole, $part) = split /\./, $_[0] . (($_[0] =~ /\./) ? '' : '.');
    return Math::BigInt->new($whole . substr(($part // '') . '0' x 18, 0, 18));
}
