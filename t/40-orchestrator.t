#!/usr/bin/perl
# The orchestrator as a program: its options and their errors, its key, its
# transcoders when they crash, hang and lie, what the operator sees, how it
# stops; and, where it is built, the real transcoder.
# takes 45 s

use strict;
use warnings;
use lib 't/lib';
use JSON::PP;
use MIME::Base64;
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Test::Client;
use Time::HiRes qw/ time /;

my $real = -x Test::Livepeer::build('orchestrator/transcoder/transcoder');
my $t = Test::Livepeer->new()->plan(113);
my $null = '--size 5000 obey';
my $program = Test::Livepeer::build('orchestrator/orchestrator');
my $nothing = Test::Livepeer::build('t/tools/nulltranscoder');
my @fast = ('--discovery-rate', 100000, '--discovery-burst', 100000, '--ping-rate', 1000);
my $dir = $t->dir;

sub status { decode_json(scalar $t->get('/status', url => $_[0]{status_url})) }
sub metric { $t->metric("orch_$_[1]", undef, scalar $t->get('/metrics', url => $_[0]{status_url})) }

sub start {
    my ($args, %o) = @_;
    my $o = $t->orchestrator(transcoder => $null, args => [@fast, @$args], %o);
    return ($o, Test::Client->new($o->{url}));
}

# (exit status, standard output and error) of the program with these words
sub run {
    my ($env, @args) = @_;
    local %ENV = (%ENV, %$env);
    open my $fh, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', $program, @args or die $!;
    my $text = do { local $/; <$fh> } // '';
    close $fh;
    return ($? >> 8, $text);
}

# our children and theirs: pid => parent
sub children {
    my ($pid) = @_;
    return grep { $_ } map { /^(\d+)/ ? $1 : 0 } split ' ', Test::Livepeer::slurp("/proc/$pid/task/$pid/children");
}


# --- options

my @check = ('--check-config', '--transcoder', $nothing, '--data-dir', "$dir/none");
my ($code, $text) = run({}, @check);
is_deeply([$code, $text], [0, "orchestrator: the configuration is good\n"], 'defaults are good');
ok(!-e "$dir/none", 'a check touches nothing');

($code, $text) = run({}, '--help');
is($code, 0, '--help');
like($text, qr/--$_ <.*\[?/, "... names --$_")
    for qw/ service-addr http-addr max-sessions transcoder data-dir cert-file memory-max config /;
($code, $text) = run({}, '--version');
like($text, qr/^orchestrator \d+\.\d+\.\d+\n$/, '--version');

my $file = Test::Livepeer::spew("$dir/o.conf", "# ours\n\nmax-sessions 2\nsession-idle   5s  \n");
for (['an unknown option', {}, ['--max-session', 1], qr/--max-session \(command line\): no such option; --help/],
     ['a word that is no option', {}, ['max'], qr/"max" \(command line\): options begin with "--"/],
     ['an option without its value', {}, ['--max-sessions'], qr/--max-sessions \(command line\): a value must follow/],
     ['a number that is none', {}, ['--max-sessions', 'x'], qr/--max-sessions "x" \(command line\): give a number from 1 to 10000/],
     ['a number out of range', {}, ['--max-sessions=0'], qr/"0" \(command line\): give a number from 1/],
     ['a size', {}, ['--segment-max', '1t'], qr/--segment-max "1t" \(command line\): give bytes, as 64k/],
     ['a time', {}, ['--stall-time', '-1s'], qr/--stall-time "-1s" \(command line\): give a time/],
     ['the environment', { LIVEPEER_MAX_SESSIONS => 'no' }, [], qr/--max-sessions "no" \(environment\): give a number/],
     ['a file', {}, ['--config', Test::Livepeer::spew("$dir/bad.conf", "\nmax-sessions many\n")],
      qr/--max-sessions "many" \(\Q$dir\E\/bad.conf line 2\): give a number/],
     ['an unknown name in a file', {}, ['--config', Test::Livepeer::spew("$dir/bad2.conf", "--max-sessions 1\n")],
      qr/bad2.conf line 1\): no such option/],
     ['a file that is not there', {}, ['--config', "$dir/nothing"], qr/--config "\Q$dir\E\/nothing" \(command line\): No such file/],
     ['a network', {}, ['--network', 'mainnet'], qr/--network "mainnet" \(command line\): is offchain without --eth-rpc/],
     ['a transcoder that is not there', {}, ['--transcoder', "$dir/nothing"], qr/--transcoder .* \(command line\): is not a program/],
     ['half of a certificate', {}, ['--cert-file', 'x.pem'], qr/--key-file \(default\): is needed with --cert-file/],
     ['an address', {}, ['--http-addr', 'here'], qr/--http-addr "here" \(command line\): give host:port/],
     ['every address without a name', {}, ['--http-addr', '0.0.0.0:8935'], qr/--service-addr \(default\): is needed/],
     ['a service address', {}, ['--service-addr', 'http://a:1'], qr/--service-addr .*must begin with https/],
     ['a service address with a path', {}, ['--service-addr', 'https://a:1/x'], qr/--service-addr .*nothing more/],
     ['a log level', { LIVEPEER_LOG_LEVEL => 'loud' }, [], qr/--log-level "loud" \(environment\): give error, warn, info or debug/])
{
    my ($what, $env, $args, $want) = @$_;
    ($code, $text) = run($env, @check, @$args);
    ok($code == 2 && $text =~ /^orchestrator: $want/ || $code == 2 && $text =~ /^orchestrator: .*$want/,
       "an error in $what") or diag("$code $text");
}

sub sessions {
    my ($args, %env) = @_;
    my $o = $t->orchestrator(transcoder => $null, args => $args, env => \%env);
    my ($n) = Test::Livepeer::slurp($o->{out}) =~ /ready on \S+ \(null, (\d+) sessions\)$/m;
    $t->stop($o);
    return $n;
}

is(sessions([]), 10, 'the ready line: ten sessions by default');
is(sessions(['--config', $file]), 2, 'the file says two');
is(sessions(['--config', $file], LIVEPEER_MAX_SESSIONS => 3), 3, 'the environment is stronger');
is(sessions(['--config', $file, '--max-sessions', 4], LIVEPEER_MAX_SESSIONS => 3), 4, 'the command line the strongest');
is(sessions([], LIVEPEER_CONFIG => $file), 2, 'the file may be named by the environment');


# --- the key

my ($o, $c) = start([], name => 'keyed');
my $address = $c->info->{address};
is(sprintf('%o', (stat "$o->{data}/identity")[2] & 07777), 600, 'a key is made, for us alone');
is($t->stop($o), 0, 'SIGTERM: exit 0');
unlink $o->{out};
($o, $c) = start([], name => 'keyed');
is($c->info->{address}, $address, 'the same key after a restart');
$t->stop($o);

my $key = Test::Livepeer::spew("$dir/key", "$Test::Client::KEY1\n");
chmod 0600, $key;
($o, $c) = start(['--eth-key', $key]);
is($c->info->{address}, '70997970c51812dc3a010c7d01b50e0d17dc79c8', '--eth-key');
$t->stop($o);

symlink $key, "$dir/link";
for (['that others can read', $key, qr/chmod 600/, sub { chmod 0640, $key }],
     ['behind a symbolic link', "$dir/link", qr/symbolic link/, sub { chmod 0600, $key }],
     ['that is none', $key, qr/64 hexadecimal digits/, sub { Test::Livepeer::spew($key, "hello\n") }],
     ['that is zero', $key, qr/not a secp256k1 key/, sub { Test::Livepeer::spew($key, '0' x 64) }],
     ['that is a folder', $dir, qr/not a regular file/, sub { }],
     ['that is not there', "$dir/nothing", qr/No such file/, sub { }])
{
    my ($what, $path, $want, $prepare) = @$_;
    $prepare->();
    ($code, $text) = run({}, '--http-addr', '127.0.0.1:0', '--status-addr', 'off', '--transcoder', $nothing,
                         '--data-dir', "$dir/none", '--eth-key', $path);
    ok($code == 1 && $text =~ $want, "a key file $what is refused") or diag("$code $text");
}

$o = $t->orchestrator(transcoder => $null);
($code, $text) = run({}, '--http-addr', "127.0.0.1:$o->{port}", '--status-addr', 'off', '--transcoder', $nothing,
                     '--data-dir', "$dir/none");
ok($code == 1 && $text =~ /--http-addr "127.0.0.1:$o->{port}" \(command line\): /, 'an address in use is said') or diag($text);
$t->stop($o);


# --- transcoders that fail: that segment errs, the next one works

($o, $c) = start(['--job-time', '1s', '--max-sessions', 3]);
$c->info;
is($c->segment->{error}, '', 'a segment');

for (['crashes', "crash\n", 'ErrTranscoderUnavailable'], ['hangs', "hang\n", 'Remote transcoder took too long', 100],
     map { ["lies: $_", "lie $_\n", 'MismatchedSegments'] } qw/ count size frames short junk /)
{
    my ($what, $body, $want, $duration) = @$_;
    my $lost = metric($o, 'transcoders_lost_total');
    my $r = $c->segment(body => $body, duration => $duration || 2000);
    is_deeply([@$r{qw/ status error /}, scalar @{$r->{urls}}], [200, $want, 0], "a transcoder that $what");
    is($c->segment->{error}, '', '... and the next segment');
    is(metric($o, 'transcoders_lost_total'), $lost + 1, '... by another one');
}

for (qw/ pixels long id frame /) {
    is($c->segment(body => "lie $_\n")->{error}, 'ErrTranscoderUnavailable', "a transcoder that lies: $_");
    is($c->segment->{error}, '', '... and the next segment');
}

is($c->segment(body => "crash\n")->{error}, 'ErrTranscoderUnavailable', 'the same segment crashes a second one');
my $lost = metric($o, 'transcoders_lost_total');
is($c->segment(body => "crash\n")->{error}, 'Unrecoverable state, restart process', 'the third time it is refused');
is(metric($o, 'transcoders_lost_total'), $lost, '... without a transcoder');


# --- children: what they have, and that they go

$c->segment;
my $s = status($o);
my ($session) = @{$s->{sessions}};
is($session->{transcoder}, (grep { $_->{sessions} } @{$s->{transcoders}})[0]{name}, 'a session keeps its transcoder');
$t->await('the warm one', 5, sub { @{status($o)->{transcoders}} == 2 });
my @kids = children($o->{pid});
is(scalar @kids, 2, 'one at work, one warm');
my $pid = $kids[0];
is_deeply([sort map { m{(\d+)$} } glob "/proc/$pid/fd/*"], [0 .. 3], 'a child has three descriptors and its socket');
is(Test::Livepeer::slurp("/proc/$pid/oom_score_adj") + 0, 500, 'it goes first when memory ends');

kill 'KILL', $o->{pid};
$t->reap($o, 0);
$t->await('the children of a killed orchestrator', 5, sub { !grep { -d "/proc/$_" } @kids });
pass('children do not outlive the orchestrator');


# --- what does not start

my $p = $t->spawn('dead', $program, '--http-addr', '127.0.0.1:0', '--status-addr', 'off', '--data-dir', "$dir/dead",
                  '--transcoder', $nothing, '--transcoder-args', 'dead');
$t->await('a second try', 10, sub { Test::Livepeer::slurp($p->{log}) =~ /did not start; again in 2 s/ });
like(Test::Livepeer::slurp($p->{log}), qr/did not start; again in 1 s/, 'a transcoder that cannot start is tried again, later');
is(Test::Livepeer::slurp($p->{out}), '', '... and until then it is not ready');
is($t->stop($p), 0, '... but it stops');

$p = $t->spawn('mute', $program, '--http-addr', '127.0.0.1:0', '--status-addr', 'off', '--data-dir', "$dir/mute",
               '--transcoder', $nothing, '--transcoder-args', 'mute', '--transcoder-start', '200ms');
$t->await('the deadline', 10, sub { Test::Livepeer::slurp($p->{log}) =~ /is lost: it did not say that it is ready/ });
pass('a transcoder that says nothing is given up');
$t->stop($p);


# --- the operator's view

($o, $c) = start([]);
$c->info;
$c->segment(seq => 41);
my ($code_json, $headers, $json) = $t->get('/status', url => $o->{status_url});
$s = decode_json($json);
is_deeply([@{$s->{sessions}[0]}{qw/ seq in_flight segments /}], [41, 0, 1], '/status: the session');
is_deeply([@$s{qw/ service network /}, $s->{limits}{sessions}], [$o->{url}, 'offchain', 10], '... the node');
is($s->{counters}{segments_transcoded_total}, 1, '... the counters');
my $id = $c->segment(seq => 42, no_fetch => 1)->{info}{session};
unlike($json, qr/$id/, '... and no whole session id');
my ($code_m, $headers_m, $metrics) = $t->get('/metrics', url => $o->{status_url});
like($headers_m->{'content-type'}, qr{^text/plain; version=0\.0\.4}, '/metrics for Prometheus');
like($metrics, qr/^livepeer_orch_transcode_seconds_bucket\{le="\+Inf"\} 2$/m, '... with its histograms');
SKIP: {
    my $promtool = grep { -x "$_/promtool" } split /:/, $ENV{PATH};
    skip 'no promtool', 1 if !$promtool;
    Test::Livepeer::spew("$dir/metrics.txt", $metrics);
    is(`promtool check metrics <$dir/metrics.txt 2>&1`, '', '... promtool has nothing to say');
}


# --- HTTP/2

my $h = $c->ask('headers', profiles => \@Test::Client::ONE, seq => 43);
Test::Livepeer::spew("$dir/body", 'segment');
$text = `curl -sk --http2 -o $dir/answer -w '%{http_version} %{http_code}' -H 'Livepeer-Segment: $h->{'Livepeer-Segment'}' \\
    -H 'Livepeer-Payment;' -H 'Content-Type: video/MP2T' --data-binary \@$dir/body $o->{url}/segment`;
is($text, '2 200', 'a segment over HTTP/2');
like(Test::Livepeer::slurp("$dir/answer"), qr{/stream/$id/240p/43\.ts}, '... with its result');
is(`curl -sk --http2 -o $dir/rendition -w '%{http_version} %{http_code} %{content_type}' $o->{url}/stream/$id/240p/43.ts`,
   '2 200 video/mp2t', 'a rendition over HTTP/2');
cmp_ok(-s "$dir/rendition", '>', 4000, '... all of it');


# --- the end

$c->start(1, 'segment', seq => 44, body => "slow 800\n");
$t->await('a segment at work', 5, sub { status($o)->{sessions}[0]{in_flight} == 1 });
kill 'TERM', $o->{pid};
$t->await('the stop', 5, sub { status($o)->{stopping} });
my $r = $c->info(forget => 1);
is($r->{text}, 'Invalid orchestrator request: OrchestratorCapped', 'while it stops, nothing is offered');
is(Test::Client::refusal($c->segment(seq => 45)), '403 OrchestratorCapped', '... and nothing new is taken');
$r = $c->wait(1);
ok($r->{error} eq '' && $r->{signed}, 'an accepted segment is finished, its renditions can be fetched');
@kids = children($o->{pid});
$t->await('the end', 20, sub { $t->reap($o) });
is($o->{status}, 0, 'exit 0');
ok(!(grep { -d "/proc/$_" } @kids), 'no child is left');

($o, $c) = start([]);
$c->info;
$c->start(1, 'segment', body => "slow 20000\n", no_fetch => 1);
$t->await('a segment at work', 5, sub { @{status($o)->{sessions}} && status($o)->{sessions}[0]{in_flight} == 1 });
kill 'INT', $o->{pid};
$t->await('the stop', 5, sub { status($o)->{stopping} });
my $begun = time;
kill 'INT', $o->{pid};
$t->await('the end', 5, sub { $t->reap($o) });
is($o->{status} >> 8, 1, 'a second signal stops at once');
eval { $c->wait(1) };


# --- the real transcoder

SKIP: {
    skip 'no transcoder', 7 if !$real;

    my $source = "$dir/source.ts";
    system('ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30', '-f', 'lavfi',
           '-i', 'sine=frequency=440', '-t', '2', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p',
           '-g', '60', '-b:v', '800k', '-c:a', 'aac', '-f', 'mpegts', $source) == 0 or die 'no source';

    $o = $t->orchestrator(args => \@fast, timeout => 60);
    $c = Test::Client->new($o->{url});
    $c->info(key => $Test::Client::KEY0);
    my @how = (key => $Test::Client::KEY0, file => $source, save => "$dir/out",
               profiles => [['180p', 320, 180, 250000, 30], ['144p', 256, 144, 100000, 0]]);
    $r = $c->segment(@how, seq => 1);
    is($r->{error}, '', 'the real transcoder: a segment');
    is_deeply($r->{pixels}, [60 * 320 * 180, 60 * 256 * 144], 'pixels');
    ok($r->{signed}, 'signed');
    is($c->segment(@how, seq => 2)->{error}, '', 'and the next');
    is(`ffprobe -v error -count_frames -select_streams v -show_entries stream=width,height,nb_read_frames -of csv=p=0 ${dir}/out0.ts` =~ s/\s.*//sr,
       '320,180,60', 'what was fetched plays');
    isnt($c->segment(key => $Test::Client::KEY0, body => 'no video', seq => 3)->{error}, '',
         'what is no video is told so');
    is($c->segment(@how, seq => 4)->{error}, '', 'and the next one works');
}
