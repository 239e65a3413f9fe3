#!/usr/bin/perl
# An orchestrator that cannot start on chain says why in one sentence, with
# the remedy, ends with a status that is not 0, and has signed nothing: keys
# and passwords, chain and contracts, nodes that do not work, roles and money.
# takes 15 s

use strict;
use warnings;
use lib 't/lib';
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Test::Signer;
use Time::HiRes qw/ time /;

my $t = Test::Livepeer->new();
my $chain = $t->chain(block_time => 0);
my ($dir, $accounts) = ($t->dir, $chain->{accounts});
my $key = $accounts->{orchestrator1}{key_file};
my $program = Test::Livepeer::build('orchestrator/orchestrator');
my $proxy = $t->spawn('rpcproxy', '/usr/bin/python3', 't/tools/rpcproxy.py', $chain->{rpc});
my $rpc = $t->await('the proxy', 10, sub { Test::Livepeer::slurp($proxy->{out}) =~ m{ready on (\S+)} && $1 });
my $n = 0;

# (exit status, text) of the program; what is undef is left out. mode: of the
# proxy while it runs
sub run {
    my (%o) = @_;
    my $mode = delete $o{mode};
    $t->get("/mode/$mode", url => $rpc) if $mode;
    my %options = ('eth-rpc' => $rpc, 'eth-controller' => $chain->{controller},
        'chain-id' => $chain->{chain_id},
        'price-per-pixel' => 1200, 'eth-key' => $key, 'http-addr' => '127.0.0.1:0', 'status-addr' => 'off',
        'transcoder' => Test::Livepeer::build('t/tools/nulltranscoder'), 'data-dir' => "$dir/data" . ++$n,
        'rpc-time' => '1s', %o);
    my @args = map { defined $options{$_} ? ("--$_", $options{$_}) : () } sort keys %options;
    open my $fh, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', 'timeout', '-k', 5, 30, $program, @args or die $!;
    my $text = do { local $/; <$fh> } // '';
    close $fh;
    $t->get('/mode/pass', url => $rpc) if $mode;
    return ($? >> 8, $text);
}

sub secret { my ($name, $text, $mode) = @_; Test::Signer::secret("$dir/$name", $text, $mode) }

sub refused {
    my ($what, $status, $want, %o) = @_;
    my $begun = time;
    my ($code, $text) = run(%o);
    my @said = grep { !/^\S+ (info|warn) / } split /\n/, $text;
    ok($code == $status && @said == 1 && $said[0] =~ /^(orchestrator:|\S+ error) $want/ && time - $begun < 25, "$what")
        or diag("exit $code: $text");
}

# the public test vector of Web3 secret storage
my $pbkdf2 = '{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},'
    . '"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2","kdfparams":'
    . '{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},'
    . '"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},'
    . '"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}';
my $keystore = secret('keystore', $pbkdf2);
my $password = secret('password', "testpassword\n");
my %sealed = ('eth-key' => $keystore, 'eth-password-file' => $password);

sub nonces { map { hex $t->rpc('eth_getTransactionCount', $accounts->{$_}{address},
    'latest') } sort keys %$accounts }
my @nonces = nonces();
my @balances = map { $t->rpc('eth_getBalance', $accounts->{$_}{address}, 'latest') } sort keys %$accounts;


# --- keys and passwords

my $named = sub { qr/--eth-key "\S+" \(command line\): .*\Q$_[0]\E/ };
refused('a wrong password', 1, $named->('the password does not open the key file'), %sealed,
        'eth-password-file' => secret('wrong', "testpasswort\n"));
refused('no password', 1, $named->('is encrypted: give its password with --password-file (of an orchestrator: --eth-password-file)'),
        'eth-key' => $keystore);
refused('no such password file', 1, $named->('cannot be opened (No such file or directory): check its name'), %sealed,
        'eth-password-file' => "$dir/none");
refused('T-39: a password that others read', 1,
    $named->("can be used by others (mode 644): chmod 600 $dir/open"), %sealed,
    'eth-password-file' => secret('open', "testpassword\n", 0644));
refused('T-39: a keystore that others read', 1,
    $named->("can be used by others (mode 640): chmod 600 $dir/shown"), %sealed,
    'eth-key' => secret('shown', $pbkdf2, 0640));
refused('T-39: a keystore that cannot be read', 1,
    $named->('cannot be opened (No such file or directory): check its name'), %sealed,
    'eth-key' => "$dir/none");
refused('T-39: a folder for a key', 1, $named->('is not a regular file: name the file itself'),
    'eth-key' => $dir);
symlink $key, "$dir/link";
refused('T-39: a link to a key', 1, $named->('is a symbolic link: name the file itself'),
    'eth-key' => "$dir/link");
refused('half of a keystore', 1, $named->('make it again'), %sealed, 'eth-key' => secret('half',
    '{"version":3}'));
refused('no key', 1, $named->('neither a keystore nor 64 hex digits'), 'eth-key' => secret('junk', "hello\n"));
refused('no --eth-key', 2, qr/--eth-key \(default\): is needed on chain, or --signer unix:PATH/,
    'eth-key' => undef);
refused('a signer that is not there', 1, qr/--signer "unix:\S+" \(command line\): .*: start the signer first/,
        'eth-key' => undef, signer => "unix:$dir/nobody");


# --- chain and contracts

refused('T-40: another chain than the node', 1,
    qr/--eth-rpc .* the node is on chain 31337, not 1: correct --eth-rpc or --chain-id/,
    'chain-id' => 1);
refused('T-40: another node than the chain', 1,
    qr/--eth-rpc .* the node is on chain 999, not 31337: correct/, mode => 'chain');
refused('no chain id', 2, qr/--chain-id \(default\): is needed on chain: 42161 for Arbitrum One/,
    'chain-id' => undef);
my $nobody = '0x' . '11' x 20;
refused('no contract at the controller', 1,
    qr/--eth-controller .* there is no Controller at $nobody on this chain: correct/,
    'eth-controller' => $nobody);
refused('another contract at the controller', 1,
    qr/--eth-controller .* there is no Controller at 0x\w+ on this chain: correct/,
    'eth-controller' => $chain->{contracts}{LivepeerToken});
refused('half an address', 2, qr/--eth-controller "0x12" \(command line\): is 0x and 40 digits/,
    'eth-controller' => '0x12');
refused('no controller', 2, qr/--eth-controller \(default\): is needed on chain/, 'eth-controller' => undef);

my $pins = Test::Livepeer::slurp($t->contracts_file);
refused('no file of contracts', 1, qr/--contracts-file .* is not a file of contracts: remove it, or write it/,
        'contracts-file' => secret('pins1', "junk\n"));
refused('T-40: the controller names another TicketBroker than before', 1, qr/--contracts-file .*TicketBroker/,
        'contracts-file' => secret('pins2', $pins =~ s/^(TicketBroker) 0x\w+/$1 $nobody/mr));


# --- nodes

refused('nobody at the port', 1, qr/--eth-rpc .* no node answers: see whether one runs at --eth-rpc/,
    'eth-rpc' => 'http://127.0.0.1:1');
refused('a node that is silent', 1, qr/--eth-rpc .* no node answers: see whether/, mode => 'silent');
refused('a node that hangs up', 1, qr/--eth-rpc .* no node answers: see whether/, mode => 'dead');


# --- roles and money

refused('T-36: a key that holds a deposit', 1,
    qr/--eth-key .* its key holds a deposit or reserve for tickets: .*take another one/,
    'eth-key' => $accounts->{broadcaster}{key_file});
refused('T-91: no price', 2, qr/--price-per-pixel \(default\): is needed on chain: wei for a pixel/,
    'price-per-pixel' => undef);
refused("T-91: price $_", 2, qr/--price-per-pixel "\Q$_\E" \(command line\): give wei, as 1200/,
    'price-per-pixel' => $_)
    for '-1', '1.5', '1/0', '9223372036854775808', 'cheap';
refused('T-91: a price in USD without a feed', 2, qr/--price-feed .*is needed with a price in USD/,
    'price-per-pixel' => '0.05USD/Mpx');
refused('T-91: tickets of no worth', 2, qr/--ticket-ev .*must be over 0 on chain/, 'ticket-ev' => '0wei');
refused('T-91: payments in the log', 2, qr/--log-level "debug" .*payments are not for a log/,
    'log-level' => 'debug');
refused('half a recipient', 2, qr/--recipient "0x12" .*is 0x and 40 digits/, recipient => '0x12');
refused('prices for no one', 1, qr{\S+/prices line 1: give an address and a price},
    'price-senders' => secret('prices', "0x12 1200\n"));

is_deeply([nonces()], \@nonces, 'not one transaction was signed');
is_deeply([map { $t->rpc('eth_getBalance', $accounts->{$_}{address}, 'latest') } sort keys %$accounts],
    \@balances,
          '... or paid for');


# --- and one that can

my $o = $t->orchestrator(transcoder => '--size 5000 obey', args => ['--eth-key', $keystore,
    '--eth-password-file', $password,
                         '--data-dir', "$dir/new/folders"]);
ok(-s "$dir/new/folders/winners.db", 'a keystore with its password: it starts, in a folder that it makes');
is((stat "$dir/new/folders")[2] & 0777, 0700, '... for itself alone');
like(Test::Livepeer::slurp($o->{log}), qr/warn 0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b is not registered as an orchestrator/,
     '... and says that it is not registered');

is_deeply([$t->finish], [], 'no alert, nothing left running');
done_testing();
