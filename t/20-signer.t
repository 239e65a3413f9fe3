#!/usr/bin/perl
# The signer as a program: set-ups it refuses, who may ask, what it signs and
# what it does not, what is spent after it was killed at any moment.
# takes 85 s

use strict;
use warnings;
use lib 't/lib';
use Math::BigInt;
use POSIX ();
use Socket qw/ AF_UNIX SOCK_STREAM pack_sockaddr_un /;
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Test::Signer;
use Time::HiRes qw/ time /;

my $t = Test::Livepeer->new()->plan(117);
my $dir = $t->dir;
my $root = $> == 0;
my $nobody = 65534;
my $EV = 8_000_000_001;                          # a ticket's, rounded up
srand(my $seed = $ENV{SEED} // 4);

my $pbkdf2 = '{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},'
    . '"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",'
    . '"kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},'
    . '"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}';
my $scrypt = '{"address":"45dea0fb0bba44f4fcf290bba71fd57d7117cbb8","crypto":{"cipher":"aes-128-ctr",'
    . '"ciphertext":"b87781948a1befd247bff51ef4063f716cf6c2d3481163e9a8f42e1f9bb74145","cipherparams":{"iv":"dc4926b48a105133d2f16b96833abf1e"},'
    . '"kdf":"scrypt","kdfparams":{"dklen":32,"n":2,"p":1,"r":8,"salt":"004244bbdc51cadda545b1cfa43cff9ed2ae88e08c61f1479dbb45410722f8f0"},'
    . '"mac":"39990c1684557447940d4c69e06b1b82b2aceacb43f284df65c956daf3046b85"},"id":"ce541d8d-c79b-40f8-9f8c-20f59616faba","version":3}';

sub secret { Test::Signer::secret(@_) }
sub put { my ($name, $text, $mode) = @_; secret("$dir/bad/$name", $text, $mode) }
sub folder { my ($name, $mode) = @_; mkdir "$dir/bad/$name"; chmod $mode // 0700, "$dir/bad/$name"; "$dir/bad/$name" }

# (exit status, what it said) of the program with these options and defaults;
# one that starts after all is ended
sub run {
    my (@args) = @_;
    open my $fh, '-|', 'sh', '-c', 'exec timeout 20 "$@" 2>&1', 'sh', Test::Signer::program(),
        Test::Signer::args("$dir/bad", @args) or die $!;
    my $text = '';
    while (<$fh>) {
        $text .= $_;
        last if /^signer ready/;
    }
    close $fh;
    return ($text =~ /^signer ready/m ? 0 : $? >> 8, $text);
}

sub refused {
    my ($what, $why, @args) = @_;
    my ($code, $text) = run(@args);
    ok($code == 2 && $text =~ /\Asigner: [^\n]*\n\z/ && $text =~ $why && !-S "$dir/bad/socket", $what)
        or diag("status $code: $text");
}


# --- set-ups

mkdir "$dir/bad", 0700;
put('key', $Test::Signer::KEY0);

refused('T-39: no key file', qr/cannot be opened \(No such file/, '--key-file', "$dir/none");
refused('T-39: a key that everybody reads', qr/used by others \(mode 604\): chmod 600/, '--key-file', put('world', $Test::Signer::KEY0, 0604));
refused('T-39: a key that a group reads', qr/\(mode 640\)/, '--key-file', put('group', $Test::Signer::KEY0, 0640));
symlink "$dir/bad/key", "$dir/bad/link";
refused('T-39: a symbolic link', qr/is a symbolic link: name the file itself/, '--key-file', "$dir/bad/link");
POSIX::mkfifo("$dir/bad/pipe", 0600);
refused('T-39: a pipe', qr/is not a regular file/, '--key-file', "$dir/bad/pipe");
refused('T-39: a file too large', qr/more than 16384 bytes/, '--key-file', put('large', 'a' x 20000));
refused('T-39: a file that is no key', qr/neither a keystore nor 64 hex digits/, '--key-file', put('text', "hello\n"));
refused('T-39: a digit too few', qr/neither a keystore/, '--key-file', put('short', substr $Test::Signer::KEY0, 1));
refused('T-39: the key zero', qr/is not a key/, '--key-file', put('zero', '0' x 64));
refused('T-39: an empty folder', qr/has no key: name the file/, '--key-file', folder('empty'));
folder('two'); put('two/a', $Test::Signer::KEY0); put('two/b', $Test::Signer::KEY1);
refused('T-39: a folder with two keys', qr/more than one key: name the file/, '--key-file', "$dir/bad/two");
refused('T-39: none of that address', qr/no key of that address/, '--key-file', "$dir/bad/two", '--address', '0x' . '12' x 20);
folder('same'); put('same/a', $Test::Signer::KEY0); put('same/b', "$Test::Signer::KEY0\n");
refused('T-39: two of one address', qr/more than one key of that address/, '--key-file', "$dir/bad/same", '--address', $Test::Signer::ADDRESS0);
refused('T-39: an address that is none', qr/the address "0x12" is none/, '--address', '0x12');
refused('T-39: a key of another address', qr/the key of another address/, '--address', $Test::Signer::ADDRESS1);

put('keystore', $pbkdf2);
my @keystore = ('--key-file', "$dir/bad/keystore");
refused('T-39: no password', qr/is encrypted: give its password with --password-file/, @keystore);
refused('T-39: a wrong password', qr/the password does not open/, @keystore, '--password-file', put('wrong', 'testpasswort'));
refused('T-39: a password that others read', qr/password file .* used by others/, @keystore, '--password-file', put('open', 'testpassword', 0644));
symlink "$dir/bad/password", "$dir/bad/plink";
refused('T-39: a password behind a link', qr/password file .* symbolic link/, @keystore, '--password-file', "$dir/bad/plink");
refused('T-39: a password too long', qr/more than 1024 bytes/, @keystore, '--password-file', put('long', 'a' x 2000));
refused('T-39: a password with one newline too many', qr/does not open/, @keystore, '--password-file', put('lines', "testpassword\n\n"));
refused('T-39: a descriptor that is not open', qr/could be read from descriptor 77/, @keystore, '--password-fd', 77);
refused('T-39: two passwords', qr/two passwords/, @keystore, '--password-fd', 3, '--password-file', "$dir/bad/wrong");
put('password', '');
my @empty = ('--password-file', "$dir/bad/password");
for (['n of 2^21', '"n":2,', '"n":2097152,', qr/more work than n 2\^20/],
     ['r of 64', '"r":8', '"r":64', qr/more work/],
     ['p of a million', '"p":1,', '"p":1000000,', qr/more work/],
     ['version 1', '"version":3', '"version":1', qr/not of version 3/],
     ['another cipher', 'aes-128-ctr', 'aes-256-gcm', qr/not of version 3/],
     ['a cut MAC', '"mac":"39', '"mac":"', qr/is damaged/],
     ['another address', '"address":"45', '"address":"46', qr/says another address/]) {
    my ($what, $from, $to, $why) = @$_;
    refused("T-39: $what", $why, '--key-file', put('ks', $scrypt =~ s/\Q$from\E/$to/r), @empty);
}

refused('T-36: both roles on a chain', qr/cannot be broadcaster and orchestrator/, '--role', 'both');
refused('T-91: no limit of face values', qr/give --max-face-value/, '--max-face-value', 'none');
refused('T-91: no limit of a ticket', qr/give --max-ticket-ev/, '--max-ticket-ev', 'none');
refused('T-91: a day budget of zero', qr/give --day-budget/, '--day-budget', '0');
refused('I8: no journal', qr/give --journal/, '--journal', '');
refused('a journal in a folder that is not there', qr/cannot be opened and written/, '--journal', "$dir/none/journal");
refused('a journal that is something else', qr/of another key or chain, or no journal/, '--journal', put('nojournal', 'x' x 100));
refused('T-38: a socket where everybody writes', qr/written by everybody: give --socket a folder/, '--socket', folder('tmp', 0777) . '/s');
refused('a socket that is a file', qr/is no socket: give --socket another name/, '--socket', put('file', ''));
refused('a socket without its folder', qr/is not there: make it/, '--socket', "$dir/none/s");
refused('a socket with too long a name', qr/too long/, '--socket', "$dir/" . 'a' x 120);
refused('recipients that are not there', qr/list of recipients .* cannot be opened/, '--recipients', "$dir/none");
refused('recipients that are none', qr/wrong in line 2/, '--recipients', put('rec', "# x\n0x12\n"));
refused('recipients that everybody writes', qr/chmod o-w/, '--recipients', put('rec2', "$Test::Signer::ADDRESS1\n", 0666));
my @gas = ('--max-gas-fee', '0.01ETH', '--gas-budget', '0.1ETH');
refused('contracts that are not there', qr/contracts file .* cannot be read/, '--contracts', "$dir/none", @gas);
refused('T-40: contracts of another chain', qr/is for chain 1, not 31337/, @gas, '--contracts',
        put('con', "chain 1\nController $Test::Signer::ADDRESS1\n"));
refused('transactions without a limit of gas', qr/give --max-gas-fee/, '--contracts', "$dir/bad/con");
refused('an unknown word of --allow', qr/one word: withdraw/, '--allow', 'everything');
refused('users that are none', qr/numbers of users/, '--allow-uid', '1,,2');
refused('an unknown user', qr/there is no user "nosuchuser"/, '--user', 'nosuchuser');
refused('an amount without its unit', qr/--day-budget "1" \(command line\): give an amount/, '--day-budget', '1');
refused('an option that is none', qr/--keyfile \(command line\): no such option/, '--keyfile', 'x');

SKIP: {
    skip 'only root gives files away', 2 if !$root;
    put('theirs', $Test::Signer::KEY0);
    chown $nobody, 0, "$dir/bad/theirs";
    refused('T-39: a key that belongs to another', qr/belongs to user $nobody, not to us/, '--key-file', "$dir/bad/theirs");
    chown $nobody, 0, put('journal2', '');
    refused('a journal that belongs to another', qr/belongs to someone else/, '--journal', "$dir/bad/journal2");
}

my ($code, $text) = run('--check-config');
is_deeply([$code, $text], [0, "signer: the configuration is good\n"], '--check-config');
($code, $text) = run('--help');
like($text, qr/--$_ </, "--help names --$_") for qw/ socket max-face-value recipients allow-uid config /;

# what opens

for (['a keystore and its password, one newline off', '0x', @keystore, '--password-file', put('right', "testpassword\n")],
     ['go-ethereum\'s scrypt and an empty password', '0x45dea0', '--key-file', put('ks', $scrypt), @empty],
     ['the only key of a folder', '0xf39f', '--key-file', do { folder('one'); put('one/a', "0x$Test::Signer::KEY0\n"); "$dir/bad/one" }],
     ['the key of that address', '0x7099', '--key-file', "$dir/bad/two", '--address', $Test::Signer::ADDRESS1]) {
    my ($what, $address, @args) = @$_;
    unlink "$dir/bad/journal";
    ($code, $text) = run(@args);
    like($text, qr/^signer ready on unix:\S+ as $address/mi, "T-39: $what");
}
{
    unlink "$dir/bad/journal";
    pipe my $r, my $w or die $!;
    print $w "testpassword\n";
    close $w;
    local $^F = 255;
    my $pid = fork // die $!;
    if (!$pid) {
        POSIX::dup2(fileno $r, 9);
        open STDOUT, '>', "$dir/fd.out";
        open STDERR, '>', "$dir/fd.err";
        exec Test::Signer::program(), Test::Signer::args("$dir/bad", @keystore, '--password-fd', 9);
    }
    $t->await('the signer', 20, sub { Test::Livepeer::slurp("$dir/fd.out") =~ /ready/ });
    pass('T-39: a password from a descriptor');
    kill TERM => $pid;
    waitpid $pid, 0;
    is($?, 0, 'SIGTERM ends it in order');
    ok(!-e "$dir/bad/socket", '... and its socket is gone');
}


# --- who may ask, and who may look (T-38)

my $s = Test::Signer::start($t, 's1', ['--config', Test::Livepeer::spew("$dir/s.conf", "role broadcaster\n# x\nmax-face-value 1 ETH\n")]);
is("$s->{address} $s->{what}", "$Test::Signer::ADDRESS0 broadcaster, chain 31337", 'the signer is ready');
is((stat $s->{socket})[2] & 0777, 0600, 'its socket is ours alone');
is((stat "$s->{dir}/journal")[2] & 0777, 0600, 'so is its journal');

my $status = Test::Livepeer::slurp("/proc/$s->{pid}/status");
like($status, qr/^Seccomp:\s+2$/m, 'T-38: system calls are filtered');
like($status, qr/^NoNewPrivs:\s+1$/m, 'T-38: no new rights');
like($status, qr/^VmLck:\s+[1-9]/m, 'T-38: the key is locked in memory');
like(Test::Livepeer::slurp("/proc/$s->{pid}/limits"), qr/^Max core file size\s+0\s+0/m, 'T-38: no core');
SKIP: {
    skip 'only root sees its descriptors', 1 if !$root;
    is(scalar(grep { /socket:/ } map { readlink($_) // '' } glob "/proc/$s->{pid}/fd/*"), 1,
       'T-38: one socket, the one it serves');
}

# what a child as another user gets: its exit status
sub as_nobody {
    my ($do) = @_;
    my $pid = fork // die $!;
    if (!$pid) {
        POSIX::setgid($nobody);
        POSIX::setuid($nobody);
        POSIX::_exit($do->());
    }
    waitpid $pid, 0;
    return $? >> 8;
}

# 1: the file can be opened; to read at address 0 of a memory fails for all
sub peek {
    my ($file) = @_;
    open my $fh, '<', $file or return 0;
    return $file =~ /mem$/ || defined scalar <$fh> ? 1 : 0;
}

SKIP: {
    skip 'only root can be somebody else', 8 if !$root;
    chmod 0711, $dir, $s->{dir};
    for my $what (qw/ mem maps environ stack /) {
        is(as_nobody(sub { peek("/proc/$s->{pid}/$what") }), 0,
           "T-38: another user cannot read its $what");
    }
    is(as_nobody(sub { Test::Signer->new($s->{socket}) ? 1 : 0 }), 0, 'T-38: nor its socket');

    my $o = Test::Signer::start($t, 'theirs', ['--allow-uid', '12345']);
    chmod 0711, $o->{dir};
    is(as_nobody(sub { my $c = Test::Signer->new($o->{socket}) or return 1; $c->hello ? 2 : 0 }), 0,
       'T-38: a user that is not named gets no answer');
    $t->stop($o->{proc});
    $o = Test::Signer::start($t, 'named', ['--allow-uid', "12345,$nobody"]);
    chmod 0711, $o->{dir};
    is(as_nobody(sub { my $c = Test::Signer->new($o->{socket}) or return 1; $c->hello ? 2 : 0 }), 2, 'one that is named does');
    $t->stop($o->{proc});

    # as a user of its own: even that user's other processes cannot look
    my $home = "$dir/home";
    mkdir $home, 0700;
    chown $nobody, $nobody, $home, secret("$home/key", $Test::Signer::KEY0);
    my $p = $t->spawn('dropped', Test::Signer::program(), Test::Signer::args($home, '--user', 'nobody', '--key-file', "$home/key"));
    $t->await('the signer', 20, sub { Test::Livepeer::slurp($p->{out}) =~ /ready/ });
    my ($uid) = Test::Livepeer::slurp("/proc/$p->{pid}/status") =~ /^Uid:\s+(.*)/m;
    my $seen = as_nobody(sub { peek("/proc/$p->{pid}/maps") + peek("/proc/$p->{pid}/mem") });
    is("$uid $seen", join("\t", ($nobody) x 4) . ' 0', 'T-38: --user leaves root, and shuts out that user too');
    $t->stop($p);
}

my $c = Test::Signer->new($s->{socket});
ok(!Test::Signer->new("$s->{socket}x"), 'the client tells when there is no signer');
my $hello = $c->hello;
is_deeply([@$hello{qw/ status address chain_id kinds recipients tickets /}],
          ['ok', lc $Test::Signer::ADDRESS0, 31337, 0x1e, 0, 0], 'hello');
($code, $text) = run('--socket', $s->{socket}, '--journal', "$dir/bad/j3");
like($text, qr/^signer: another signer serves \Q$s->{socket}\E/, 'T-92: one signer on a socket');
($code, $text) = run('--journal', "$s->{dir}/journal");
like($text, qr/^signer: the journal .* is in use by another signer/, 'T-92: one signer on a journal');


# --- no oracle (T-35, T-36)

is($c->request->{status}, 'ok', 'an OrchestratorRequest');
is($c->segment(manifest => 'a' x 64, names => [('x' x 64) x 12])->{status}, 'ok', 'the largest segment');
is($c->segment(manifest => 'a/b')->{status}, 'manifest', 'T-36: a manifest id with a slash');
is($c->segment(manifest => '')->{status}, 'manifest', 'T-36: none');
is($c->ask(@$_)->{status}, 'role', "T-36: no $_->[0] by a broadcaster's key")
    for ['result', 'ab' x 32], ['ping'], ['receipt'];

# bytes that one would like to have signed, as every kind of request: none of
# them is taken for what it is
my $signed = 0;
my $ticket = '70997970c51812dc3a010c7d01b50e0d17dc79c8' . 'f39fd6e51aad88f6f4ce6ab8827279cfffb92266' . '00' x 192;
for my $wish ($ticket, unpack('H*', $Test::Signer::ADDRESS1), 'ab' x 32, '', '00' x 300) {
    for my $kind (0, 2, 5 .. 8, 9, 77, 255) {
        my $a = Test::Signer->new($s->{socket});
        push @{$a->{kinds}}, 'ping';
        $a->write(Test::Signer::frame($kind, 1, pack 'H*', $wish));
        shutdown $a->{s}, 1;
        my $r = $a->answer;
        $signed++ if $r && $r->{status} eq 'ok' && !($kind == 2 && $wish eq '');
    }
}
is($signed, 0, 'T-35: no bytes of a client are signed');

# noise: each connection ends or answers with a refusal, and nobody minds
for (1 .. 200) {
    my $a = Test::Signer->new($s->{socket});
    push @{$a->{kinds}}, ('ping') x 100;
    my $noise = join '', map { chr int rand 256 } 1 .. int rand 400;
    $noise = pack('N', length $noise) . $noise if rand() < 0.7 && length $noise > 5;
    $a->write($noise);
    shutdown $a->{s}, 1;
    while (my $r = $a->answer) { $signed++ if $r->{status} eq 'ok' }
}
is($signed, 0, "T-35: nor is noise (seed $seed)");
is($c->request->{status}, 'ok', 'the signer is there');


# --- nobody waits for another

my $slow = Test::Signer->new($s->{socket});
$slow->{s}->blocking(0);
my $flood = join '', map { $slow->encode('segment', seq => $_) } 1 .. 3000;
for (my $at = 0, my $until = time + 1; $at < length $flood && time < $until; ) {
    my $n = syswrite $slow->{s}, $flood, 65536, $at;
    $at += $n // 0;
}
my $half = Test::Signer->new($s->{socket});
$half->write("\0\0\1");
my $worst = 0;
for (1 .. 50) {
    my $start = time;
    $c->segment(seq => $_);
    $worst = time - $start if time - $start > $worst;
}
cmp_ok($worst, '<', 0.25, 'a client that reads nothing, and one that stops in mid-frame, hold up nobody');
undef $slow;
undef $half;

my @many = grep { $_ } map { Test::Signer->new($s->{socket}) } 1 .. 80;
is($c->segment->{status}, 'ok', 'nor do 80 of them');
my $served = grep { $_->hello } @many[0 .. 9];
is($served, 10, '... the first of which are served');
undef @many;
$t->await('their places', 5, sub { my $a = Test::Signer->new($s->{socket}); $a && $a->hello });

my $bytes = join '', map { ($c->encode('tickets', first => 1 + $_), $c->encode('segment', seq => $_)) } 1 .. 500;
$c->write($bytes);
my @answers = map { $c->answer } 1 .. 1000;
is(scalar(grep { $_->{status} eq 'ok' } @answers), 1000, '1000 requests in one piece are answered');
is_deeply([map { $_->{id} } @answers], [$answers[0]{id} .. $answers[0]{id} + 999], '... in their order');
$c->write(join '', map { $c->encode('segment', seq => $_) } 1 .. 100);
shutdown $c->{s}, 1;
is(scalar(grep { $c->answer } 1 .. 100), 100, 'who says no more gets what was asked for');
ok(!$c->answer(1), '... and is let go');


# --- no core, no key outside

kill ABRT => $s->{pid};
$t->reap($s->{proc}, 0);
is($s->{proc}{status} & 127, 6, 'T-38: SIGABRT ends it');
ok(!($s->{proc}{status} & 128) && !glob("$s->{dir}/core*") && !-e 'core', '... and leaves no core');
my $all = join '', map { Test::Livepeer::slurp($_) } glob "$dir/*.log $dir/*.out";
unlike($all, qr/\Q$Test::Signer::KEY0\E|testpassword/i, 'T-38: no secret in a log');
$s = Test::Signer::start($t, 's1', [], log => 's1-again');
ok($s->{address}, 'the name that was left is taken over');
$t->stop($s->{proc});


# --- a client that has become someone else (T-38, I8)

$s = Test::Signer::start($t, 'thief', ['--day-budget', '1000gwei', '--max-face-value', '0.012ETH',
                                       '--recipients', Test::Livepeer::spew("$dir/list", "$Test::Signer::ADDRESS1\n")]);
$c = Test::Signer->new($s->{socket});
is($c->tickets(face_value => '12000000000000001')->{status}, 'face_value', 'T-38: a face value beyond the limit');
is($c->tickets(recipient => '0x' . '12' x 20)->{status}, 'recipient', 'T-38: a recipient of the thief\'s');
is($c->tickets(win_prob => (Math::BigInt->new(2) ** 256)->bsub(2)->bstr)->{status}, 'ticket', 'T-38: a ticket that always wins');
is($c->tickets(win_prob => (Math::BigInt->new(2) ** 256 * 9 / 10)->bstr)->{status}, 'ticket_ev', 'T-38: or nearly so');
my $stolen = 0;
for my $i (1 .. 400) {
    my $r = $c->tickets(stream => sprintf('%032x', $i), rand_hash => sprintf('%064x', $i), n => 1);
    $stolen++ if $r->{status} eq 'ok';
}
is($stolen, int(1e12 / $EV), 'T-38: a thief gets a day\'s budget and no more');
kill KILL => $s->{pid};
$t->reap($s->{proc}, 0);
$s = Test::Signer::start($t, 'thief', ['--day-budget', '1000gwei', '--max-face-value', '0.012ETH'], log => 'thief2');
$c = Test::Signer->new($s->{socket});
is($c->tickets->{status}, 'day', 'I8: nor by killing the signer');
$t->stop($s->{proc});


# --- killed at any moment: what the journal says covers what was signed (I8)

my $budget = 100_000_000_000_000;                # 12,500 tickets, a chunk 125
my ($before, $sum, $wrong, $rounds) = (Math::BigInt->bzero, 0, 0, 0);
my $nonce = 1;
while ($rounds < 25) {
    $s = Test::Signer::start($t, 'killed', ['--day-budget', "${budget}wei"], log => "killed$rounds");
    $c = Test::Signer->new($s->{socket});
    my $spent = $c->hello->{day_spent};
    $before = $spent if !$rounds;
    my ($got, $asked, $until, $over) = (0, 0, time + 0.002 + rand 0.03, 0);
    while (1) {
        while ($asked - $got < 40) {             # four batches under way
            $c->write($c->encode('tickets', first => $nonce, n => 10)) or last;
            $nonce += 10;
            $asked += 10;
        }
        if (time > $until) { kill KILL => $s->{pid}; last }
        my $r = $c->answer or last;
        last if $over = $r->{status} eq 'day';
        $got += 10;
    }
    kill KILL => $s->{pid};
    while (my $r = $c->answer(5)) { $got += 10 if $r->{status} eq 'ok' }
    $t->reap($s->{proc}, 0);
    $sum += $got;
    my $next = Test::Signer::start($t, 'killed', ['--day-budget', "${budget}wei"], log => "checked$rounds");
    my $now = Test::Signer->new($next->{socket})->hello->{day_spent};
    kill KILL => $next->{pid};
    $t->reap($next->{proc}, 0);
    my $low = $spent + Math::BigInt->new(8_000_000_000) * $got;
    my $high = $spent + Math::BigInt->new($EV) * $asked + $budget / 100;
    $wrong++ if $now < $low || $now > $high;
    $rounds++;
    last if $over;
}
is($wrong, 0, "I8: after each of $rounds kills the journal has what was signed, and a chunk more at most (seed $seed)");
cmp_ok($sum * 8_000_000_000, '<=', $budget, "... $sum tickets in all, within the day's budget");

# the program too: a record cut anywhere
my $journal = Test::Livepeer::slurp("$dir/killed/journal");
$text = '';
for my $cut (1, 47) {
    Test::Livepeer::spew("$dir/killed/journal", $journal . substr($journal, -48, 48 - $cut));
    my $n = Test::Signer::start($t, 'killed', ['--day-budget', "${budget}wei"], log => "torn$cut");
    $text .= Test::Signer->new($n->{socket})->hello->{status};
    kill KILL => $n->{pid};
    $t->reap($n->{proc}, 0);
}
is($text, 'okok', 'I8: a torn record at the end is as if it had not begun');
$t->finish if $t->can('finish') && !$t->{planned};
