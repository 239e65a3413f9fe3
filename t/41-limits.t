#!/usr/bin/perl
# Every limit of the orchestrator above HTTP: what is refused, in which words,
# and that the place is free again afterwards.
# takes 25 s

use strict;
use warnings;
use lib 't/lib';
use JSON::PP;
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Test::Client;
use Time::HiRes qw/ time /;

my $t = Test::Livepeer->new()->plan(50);
my ($KEY0, $KEY1) = ($Test::Client::KEY0, $Test::Client::KEY1);
my $null = '--size 5000 obey';
my @fast = ('--discovery-rate', 100000, '--discovery-burst', 100000, '--ping-rate', 1000);

sub status { decode_json(scalar $t->get("/status", url => $_[0]{status_url})) }
sub metric { $t->metric("orch_$_[1]", undef, scalar $t->get("/metrics", url => $_[0]{status_url})) }

sub start {
    my ($args, %o) = @_;
    my $o = $t->orchestrator(transcoder => $null, args => [@fast, @$args], %o);
    return ($o, Test::Client->new($o->{url}));
}


# --- sessions

my ($o, $c) = start(['--max-sessions', 1]);
my $second = Test::Client->new($o->{url});

$c->info;
$second->info;
is($c->segment->{error}, '', 'the only place is taken');
is(Test::Client::refusal($second->segment), '403 OrchestratorCapped', 'no second session');
my $r = $c->info(forget => 1);
is_deeply([@$r{qw/ grpc text /}], [2, 'Invalid orchestrator request: OrchestratorCapped'],
          'and none is offered');
is($c->segment(seq => 2)->{error}, '', 'the first goes on');
is($c->ask('end')->{grpc}, 0, 'when it ends');
is($second->segment->{error}, '', '... the second is let in');
is(metric($o, 'sessions'), 1, 'one session is counted');
$second->ask('end');

$c->info;
is(Test::Client::refusal($c->segment(send => 'other')), '403 Forbidden', 'a segment that is refused');
is(metric($o, 'sessions'), 0, '... takes no place');

$c->ask('cut', profiles => \@Test::Client::ONE, body => 'x' x 50000, bytes => 20000);
$t->await('the place of a cut upload', 5, sub { metric($o, 'sessions') == 0 });
pass('an upload cut short takes no place');
is(metric($o, 'media_bytes'), 0, '... and no memory');

($o, $c) = start(['--max-sessions', 4, '--max-sessions-sender', 1]);
$second = Test::Client->new($o->{url});
$_->info(key => $KEY0) for $c, $second;
is($c->segment(key => $KEY0)->{error}, '', 'a session of a sender');
is(Test::Client::refusal($second->segment(key => $KEY0)), '403 OrchestratorCapped', 'its second is over its share');
$second->info(key => $KEY1);
is($second->segment(key => $KEY1)->{error}, '', 'another sender has its own');


# --- a session's queue: one at work, three wait, in order

($o, $c) = start([]);
$c->info;
is($c->segment->{error}, '', 'a session');
for my $n (1 .. 4) {
    $c->start($n, 'segment', seq => $n, body => ($n == 1 ? "slow 2000\n" : "slow 50\n$n"), no_fetch => 1);
    $t->await("segment $n in the queue", 5, sub { status($o)->{sessions}[0]{in_flight} == $n });
}
$r = $c->segment(seq => 5);
is_deeply([@$r{qw/ status error /}], [200, 'OrchestratorBusy'], 'the fifth is busy, inside the 200');
my @done = map { $c->wait($_) } 1 .. 4;
is_deeply([map { $_->{error} } @done], [('') x 4], 'the four are worked on');
is_deeply([sort { $done[$a]{at} <=> $done[$b]{at} } 0 .. 3], [0 .. 3], 'in the order they came');
is($c->segment(seq => 6)->{error}, '', 'and then there is room');

($o, $c) = start(['--max-segments', 1]);
$second = Test::Client->new($o->{url});
$_->info for $c, $second;
$c->start(1, 'segment', body => "slow 1000\n", no_fetch => 1);
$t->await('a segment at work', 5, sub { metric($o, 'segments_in_flight') == 1 });
is($second->segment->{error}, 'OrchestratorBusy', 'the segments of all sessions are limited too');
is($c->wait(1)->{error}, '', '... and the one at work is not hurt');


# --- renditions kept, memory

($o, $c) = start(['--renditions-kept', 3, '--memory-max', '200k', '--segment-max', '130k']);
$c->info;
my @url = map { $c->segment(seq => $_)->{urls}[0] } 1 .. 4;
is_deeply([map { $c->ask('get', url => $_)->{status} } @url], [404, 200, 200, 200],
          'the oldest rendition makes room');
$c->segment(seq => 4);
is_deeply([map { $c->ask('get', url => $_)->{status} } @url], [404, 200, 200, 200],
          'one of the same number replaces');
$c->ask('headers', profiles => \@Test::Client::ONE, body => 'y' x 120_000);   # hashed once, here
$c->start(1, 'segment', seq => 10, body => "slow 3000\n" . 'x' x 120_000);
$t->await('the large one at work', 20, sub { metric($o, 'segments_in_flight') == 1 });
is(Test::Client::refusal($c->segment(seq => 11, body => 'y' x 120_000)), '503 Service Unavailable',
   'no memory for another');
is(Test::Client::refusal($c->segment(seq => 11, body => 'y' x 120_000, chunked => 1)), '503 Service Unavailable',
   '... also when its size is not said');
is($c->segment(seq => 12)->{status}, 200, 'a small one fits');
is($c->wait(1)->{error}, '', 'the large one is not hurt');
is($c->segment(seq => 13, body => 'y' x 120_000)->{error}, '', 'and memory is free again');
is(Test::Client::refusal($c->segment(body => 'y' x 140_000)), '413 Request Entity Too Large', 'a segment too large');


# --- time: idle sessions, old tokens

($o, $c) = start(['--session-idle', '300ms', '--token-life', '1s']);
$c->info;
$r = $c->segment;
is($r->{error}, '', 'a session');
my $url = $r->{urls}[0];
$t->await('the idle session to end', 5, sub { metric($o, 'sessions') == 0 });
is($c->ask('get', url => $url)->{status}, 404, 'with the session its renditions are gone');
$t->await('the token to expire', 5, sub { $r = $c->segment(no_fetch => 1); $r->{status} != 200 });
is(Test::Client::refusal($r), '403 expired auth token', 'an old token is refused');
is($c->ask('end')->{grpc}, 0, '... but still ends its session');


# --- rates

$o = $t->orchestrator(transcoder => $null, args => ['--discovery-burst', 3, '--discovery-rate', 1, '--log-rate', 5]);
$c = Test::Client->new($o->{url});
my @codes = map { $c->info->{grpc} } 1 .. 3;
is_deeply(\@codes, [0, 0, 0], 'a burst of discoveries');
$t->await('the rate to bite', 5, sub { $r = $c->info(forget => 1); $r->{grpc} });
is_deeply([@$r{qw/ grpc text /}], [8, 'too many requests'], 'then their rate');
$t->await('the rate of pings', 5, sub { $r = $c->ask('ping', value => ''); $r->{grpc} });
is_deeply([@$r{qw/ grpc text /}], [8, 'too many requests'], 'one ping a second');
cmp_ok(metric($o, 'requests_limited_total'), '>=', 2, 'both are counted');

$c->segment(segment_raw => '!') for 1 .. 12;
$t->await('the next second of the log', 5, sub {
    $c->segment(segment_raw => '!');
    Test::Livepeer::slurp($o->{log}) =~ /(\d+) more lines of this level were left out/;
});
pass('a flood of log lines is cut and counted');
my @lines = Test::Livepeer::slurp($o->{log}) =~ /^(\S+)\.\d+Z info segment/mg;
my %second;
$second{$_}++ for @lines;
ok(!(grep { $_ > 6 } values %second), 'no more than the rate in a second');
is(metric($o, 'requests_refused_total') > 12, 1, 'refused requests are counted');


# --- transcoders

($o, $c) = start(['--max-sessions', 2, '--transcoders', 1]);
$second = Test::Client->new($o->{url});
$_->info for $c, $second;
is($c->segment->{error}, '', 'the only transcoder is taken');
is($second->segment->{error}, 'no transcoders available', 'none for a second session');
$c->ask('end');
is($second->segment(seq => 2)->{error}, '', 'until the first one ends');

# who goes away does not hold anything
$second->ask('cut', profiles => \@Test::Client::ONE, seq => 3, body => "slow 300\n", bytes => 9, read => 1);
$t->await('the segment of someone who left', 5, sub { metric($o, 'segments_in_flight') == 0 });
is($second->segment(seq => 4)->{error}, '', 'the next segment of a session whose last one was left');
is(metric($o, 'transcoders_lost_total'), 0, 'no transcoder was lost for it');

# an end while a segment is at work
$second->start(1, 'segment', seq => 5, body => "slow 9000\n");
$t->await('a segment at work', 5, sub { metric($o, 'segments_in_flight') == 1 });
my $begun = time;
is($second->ask('end')->{grpc}, 0, 'a session ended in the middle of its work');
$r = $second->wait(1);
is($r->{error}, 'ErrTranscoderUnavailable', 'the segment is told so');
cmp_ok(time - $begun, '<', 6, '... at once');
is(metric($o, 'media_bytes'), 0, 'nothing of it stays');
is(metric($o, 'transcoders_lost_total'), 0, 'and no transcoder counts as lost');
