#!/usr/bin/perl
# Somebody on the way between the broadcaster and its orchestrator, with a
# certificate of his own: what he reads and delays, and that he is never paid
# and no rendition that he touched is published. The source is always on air.
# takes 60 s

use strict;
use warnings;
use lib 't/lib';
use JSON::PP;
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Test::Money;

my $t = Test::Livepeer->new();
my $chain = $t->chain();
my %at = map { $_ => $chain->{accounts}{$_}{address} } keys %{$chain->{accounts}};

# the registry knows the port that he listens at
my ($port, $behind) = ($chain->{ports}[0], Test::Livepeer::port());
my $o = $t->orchestrator(account => 'orchestrator1', port => $behind, price => 1_000_000,
    transcoder => '--size 60000 obey',
    args => ['--service-addr', "https://127.0.0.1:$port", '--startup-check', 'off', '--role', 'front',
             '--ticket-ev', '0.000001ETH', '--max-face-value', '0.002ETH']);
my $man = $t->spawn('intercept', '/usr/bin/python3', 't/tools/intercept.py', $port, $behind,
    @at{qw/ orchestrator1 orchestrator2 /});
my $control = $t->await('him', 10, sub { Test::Livepeer::slurp($man->{out}) =~ m{control on (\S+)} && $1 });
my $signer = $t->signer(role => 'broadcaster');

sub tickets { Test::Money::ledger($t, $o)->{tickets} }
sub worked { decode_json(scalar $t->get('/status', url => $o->{status_url}))->{counters}{segments_total} }

sub on_air {
    my (%o) = @_;
    $t->gateway("livepeer_key stream-key;\nlivepeer_segment 1s;\nlivepeer_reconnect 1s;\nlivepeer_window 32;\n"
        . "livepeer_profiles name=mid size=320x180 bitrate=300k;\nlivepeer_orchestrator https://127.0.0.1:$port;",
        signer => $signer, %o);
    $t->await('the chain to be read', 20, sub {
        Test::Livepeer::slurp($t->dir . '/nginx-error.log') =~ /livepeer: orchestrators can be paid/ });
}

# what nginx has said
sub off_air {
    my $log = Test::Livepeer::slurp($t->dir . '/nginx-error.log');
    unlink $t->dir . '/nginx-error.log';
    $t->stop($t->{nginx});
    return $log;
}

# a stream of four segments through him, and a broadcaster with no memory of
# him: what became of it
sub stream {
    my ($mode) = @_;
    my %was = %{decode_json(scalar $t->get("/mode/$mode", url => $control))};
    my ($tickets, $worked) = (tickets(), worked());
    on_air();
    $t->publish("$mode?key=stream-key", seconds => 4, size => '426x240', gop => 30);
    my $source;
    $t->await("the end of $mode", 20, sub { ($source = $t->playlist("$mode/source")) && $source->{ended} });
    my $n = @{$source->{segments}};

    # a rendition that never came has no playlist
    my $mid = $t->playlist("$mode/mid") || { segments => [({ gap => 1 }) x $n] };
    my %now = %{decode_json(scalar $t->get('/count', url => $control))};
    my @gaps = map { scalar grep { $_->{gap} } @{$_->{segments}} } $source, $mid;
    my $log = off_air();
    return { n => $n, source_gaps => $gaps[0], gaps => $gaps[1], log => $log,
             files => [$t->files($mode, 'mid')], tickets => tickets() - $tickets,
             worked => worked() - $worked, changed => $now{changed} // 0,
             map { ($_ => ($now{$_} // 0) - ($was{$_} // 0)) } 'bytes', 'connections', 'renditions seen',
             'offers seen' };
}

sub spared { my ($r) = @_; return [$r->{source_gaps}, $r->{n} >= 4 ? 1 : 0] }


# --- he reads

my $read = stream('read');
is_deeply(spared($read), [0, 1], 'T-37: he reads: the source is whole');
is($read->{gaps}, 0, '... and so is the rendition') or diag($read->{log});
cmp_ok($read->{tickets}, '>', 0, "... it is paid for ($read->{tickets} tickets)");
cmp_ok($read->{"$_ seen"}, '>', 0, "... he has seen $_") for qw/ offers renditions /;


# --- he comes while a broadcaster is at work: another key at the same address

sub alarms { scalar(() = Test::Livepeer::slurp($t->dir . '/nginx-error.log') =~ /another TLS key than before/g) }
sub renditions { my ($name) = @_; $t->publish("$name?key=stream-key", seconds => 4, size => '426x240', gop => 30);
    $t->await("the end of $name", 20, sub { ($t->playlist("$name/source") || {})->{ended} });
    return scalar $t->files($name, 'mid') }

on_air();
cmp_ok(renditions('before'), '>=', 4, 'T-37: a stream with the one that is known');
$t->reload;
$t->await('the new worker', 20, sub { Test::Livepeer::slurp("/proc/$t->{nginx}{pid}/task/$t->{nginx}{pid}/children")
    =~ /^\d+ $/ });
cmp_ok(renditions('again'), '>=', 4, '... after a reload there is another connection');
is(alarms(), 0, 'T-37: ... the key is the same: nothing is said');
$t->stop($man);
$man = $t->spawn('intercept2', '/usr/bin/python3', 't/tools/intercept.py', $port, $behind,
    @at{qw/ orchestrator1 orchestrator2 /});
$control = $t->await('him', 10, sub { Test::Livepeer::slurp($man->{out}) =~ m{control on (\S+)} && $1 });
cmp_ok(renditions('after'), '>=', 3, 'T-37: somebody with another key: he may pass on what is signed');
is(alarms(), 1, 'T-37: ... the operator is told, once');
is($t->metric('tls_key_changes_total'), 1, '... so is who watches the metrics');
off_air();


# --- he delays

my $delay = stream('delay');
is_deeply(spared($delay), [0, 1], 'T-37: he delays: the source is whole');
is(@{$delay->{files}} + $delay->{gaps}, $delay->{n},
    '... each segment of the rendition is there or marked as a gap');


# --- he would be paid

for (['recipient', qr/the recipient is not the registered address/], ['both',
    qr/signs with another address than the registered one/]) {
    my ($mode, $why) = @$_;
    my $r = stream($mode);
    is_deeply(spared($r), [0, 1], "T-37: he names himself ($mode): the source is whole");
    cmp_ok($r->{changed}, '>', 0, '... he did');
    is($r->{tickets}, 0, 'T-37: ... no ticket is signed, for nobody');
    is_deeply([$r->{gaps}, scalar @{$r->{files}}], [$r->{n}, 0], '... and no rendition is published');
    like($r->{log}, $why, '... the log says why');
}


# --- he changes what was made

for (['address', qr/signs with another address than the registered one/], ['rendition', qr/signature/],
    ['result', qr/signature/]) {
    my ($mode, $why) = @$_;
    my $r = stream($mode);
    is_deeply(spared($r), [0, 1], "T-37: he changes the $mode: the source is whole");
    cmp_ok($r->{changed}, '>', 0, '... he did');
    is_deeply([$r->{gaps}, scalar @{$r->{files}}], [$r->{n}, 0],
        'T-37: ... nothing that he touched is published');
    cmp_ok($r->{worked}, '<=', 1, "T-21: ... and no more than one segment is paid for ($r->{tickets} tickets)");
    like($r->{log}, $why, '... the log says why');
}

# --- he is in between to the chain's node: nobody vouches for him

on_air(rpc => "https://127.0.0.1:$port $chain->{rpc}");
like(off_air(), qr{the Ethereum node https://127\.0\.0\.1:$port has a certificate that nobody vouches for when},
    'T-81: a node without a good certificate is not asked, the next one is');

my @paid = Test::Money::transfers($t);
is(scalar(grep { lc $_->{recipient} ne lc $at{orchestrator1} } @paid), 0,
    'T-37: nobody else was paid on chain');

is_deeply([$t->finish], [], 'no alert, nothing left running');
done_testing();
