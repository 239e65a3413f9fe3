#!/usr/bin/perl

# takes 75 s

# Orchestrators that fail, lie, stall or vanish: the source never suffers, a
# rendition misses one segment at most while somebody else can work, and
# nothing has to be restarted when the failed ones come back.

use strict;
use warnings;
use lib 't/lib';
use File::Temp qw/ tempdir /;
use Test::More;
use Test::Livepeer;


# what each way to be wrong is called in the log and on the page

my %asked = (                                  # when asked for a session
    'hang-tcp'        => 'did not (accept the connection|finish) in time',
    'hang-tls'        => 'did not finish in time',
    'grpc-garbage'    => 'closed the connection|broke the transfer',
    'grpc-http1'      => 'sent malformed session data|closed the connection',
    'grpc-error'      => 'refused a session',
    'grpc-malformed'  => 'sent malformed session data',
    'grpc-no-token'   => 'gave no auth token',
    'grpc-no-work'    => 'does no work itself',
    'grpc-other-host' => 'sends segments to another host',
    'grpc-incapable'  => 'cannot do what the profiles ask for',
);
my %sent = (                                   # when sent a segment
    'hang'            => 'did not answer in time',
    'early-hang'      => 'did not answer in time',
    'slow=3'          => 'did not answer in time',
    'drip'            => 'did not answer in time',
    'early-close'     => 'closed the connection',
    'close'           => 'closed the connection',
    'status=403'      => 'refused the credentials, or is full \(403\)',
    'redirect'        => 'refused the segment',
    'error=OrchestratorBusy' => 'reported an error',
    'garbage-result'  => 'sent a malformed result',
    'huge-result'     => 'sent more than was ordered',
    'wrong-seq'       => 'answered for another segment',
    'no-data'         => 'sent another number of renditions',
    'fewer'           => 'sent another number of renditions',
    'more'            => 'sent another number of renditions',
    'bad-signature'   => 'sent a result with a wrong signature',
    'no-signature'    => 'did not sign the result',
    'changed-address' => 'changed its address',
    'other-host'      => 'names a rendition on another host',
    'other-port'      => 'names a rendition on another host',
    'file-url'        => 'names a rendition on another host',
    'missing'         => 'does not have the rendition it announced',
    'huge'            => 'sent more than was ordered',
    'endless'         => 'sent more than was ordered',
    'html'            => 'sent a rendition that is no clean MPEG-TS',
    'truncated'       => 'sent a rendition with other frames or times',
    'stale'           => 'sent a rendition (that is no clean MPEG-TS|with other frames or times)',
    'pixels'          => 'claims a wrong number of pixels',
);

my $t = Test::Livepeer->new;
my $clip = tempdir(CLEANUP => 1) . '/clip.mp4';
system('ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25',
       '-t', 30, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', 25,
       '-keyint_min', 25, '-sc_threshold', 0, '-b:v', '300k', $clip) == 0 or die "no clip";

# the source's size is a rung's size: its own bytes are an honest rendition
my $ladder = 'livepeer_profiles name=mid size=320x180 bitrate=300k; livepeer_segment 1s; livepeer_window 32;';

sub bad_orchestrators {
    my ($name, @modes) = @_;
    my $p = $t->spawn($name, '/usr/bin/python3', 't/tools/badorch.py', '--size', '320x180', @modes);
    my %url;
    $t->await("$name to be ready", 30, sub {
        die "$name ended" . $t->logs if !$t->alive($p);
        %url = Test::Livepeer::slurp($p->{out}) =~ /^(\S+) ready on (\S+)/mg;
        keys %url == @modes;
    });
    return ($p, map { $_ => $url{s/=.*//r} } @modes);
}

# one application for each case, so that all of them run at once
sub application {
    my ($name, $lines) = @_;
    return "application $name { live on; livepeer on; livepeer_hls_path $t->{dir}/$name;"
         . " $ladder $lines }\n";
}

sub publish_to {
    my ($app, %o) = @_;
    my $name = $o{name} || $app;
    return $t->publisher($app, input => $clip, seconds => 5, name => $name, %o,
                         url => "rtmp://127.0.0.1:$t->{rtmp}/$app/$name");
}

sub gaps { my ($p) = @_; scalar grep { $_->{gap} } @{$p->{segments}} }
sub log_text { Test::Livepeer::slurp($t->dir . '/nginx-error.log') }


# --- every way to be wrong at once, each with an honest one second in its list

my ($good, undef, $honest) = bad_orchestrators('honest', 'echo');
my ($accuser, undef, $accused) = bad_orchestrators('accuser', 'error=TranscoderInvalidVideo');
my (undef, undef, $second) = bad_orchestrators('second', 'error=TranscoderInvalidVideo');
my (undef, %bad) = bad_orchestrators('bad', sort keys %asked, keys %sent);
my ($door, undef, $shut) = bad_orchestrators('door', 'grpc-error');
my (undef, %fine) = bad_orchestrators('fine', qw/ plain named /);
my $closed = 'https://127.0.0.1:' . Test::Livepeer::port();

my %app = map { my $n = s/=.*//r; $n => "livepeer_orchestrator $bad{$_} prefer; livepeer_orchestrator $honest;" }
          keys %bad;
$app{refused} = "livepeer_orchestrator $closed prefer; livepeer_orchestrator $honest;";
$app{alone} = "livepeer_orchestrator $closed;";
$app{liar} = "livepeer_orchestrator $accused prefer; livepeer_orchestrator $honest;";
$app{accused} = "livepeer_orchestrator $accused; livepeer_orchestrator $second;";
$app{$_} = "livepeer_orchestrator $fine{$_};" for keys %fine;
$app{crowd} = "livepeer_orchestrator $shut;";
$bad{refused} = $closed;
$asked{refused} = 'does not accept connections';

$t->{rtmp} = Test::Livepeer::port();
my $module = Test::Livepeer::build('module/ngx_livepeer_module.so');
$t->gateway("live on;\n# nothing is livepeer on here\n",
    module => '', main => "load_module $module;",
    rtmp_server => join('', map { application($_, $app{$_}) } sort keys %app),
    http_server => join('', map { "location /hls/$_/ { livepeer_hls $_; }\n" } sort keys %app)
                 . 'location /livepeer/ { livepeer_status; }');

# a dozen at a time: slow is to mean the orchestrator, not this machine
my @apps = sort grep { $_ ne 'crowd' } keys %app;
my @crowd = map { publish_to('crowd', name => "crowd$_", seconds => 12) } 1 .. 4;
while (my @some = splice @apps, 0, 12) {
    my @pubs = map { publish_to($_) } @some;
    for my $p (@pubs) {
        $t->await("$p->{name} to end", 60, sub { $t->reap($p) });
    }
}

for my $mode (sort keys %asked, keys %sent) {
    my $n = $mode =~ s/=.*//r;
    $t->await("the end of $n", 30, sub { ($t->playlist("$n/$n/mid") || {})->{ended} });
    my ($source, $mid, $s) = ($t->playlist("$n/$n/source"), $t->playlist("$n/$n/mid"), $t->stream($n));
    my $log = log_text();
    my $words = $asked{$mode} ? qr/\Q$bad{$mode}\E ($asked{$mode}) when asked for a session for "$n"/
                              : qr/of "$n": \Q$bad{$mode}\E ($sent{$mode}) \(\d+ ms\); trying \Q$honest\E/;
    my $whole = @{$mid->{segments}} == 5 && !gaps($mid) && !gaps($source) && $s->{missed} == 0;
    ok($whole && $log =~ $words, "$mode: the other one delivers, and the log says why")
        or diag "gaps @{[ gaps($mid) ]} of @{[ scalar @{$mid->{segments}} ]}, wanted $words\n",
                grep { /"$n"/ } split /^/, $log;
}

for my $n (sort keys %fine) {
    $t->await("the end of $n", 30, sub { ($t->playlist("$n/$n/mid") || {})->{ended} });
    is($t->stream($n)->{renditions}, 5, "$fine{$n}: delivers");
}

$t->await('the crowd to end', 60, sub { !grep { !$t->reap($_) } @crowd });
my $asked = () = Test::Livepeer::slurp($door->{out}) =~ /asked/g;
cmp_ok($asked, '<=', 8, 'four streams at a closed door: one knocks for all');

my $alone = $t->playlist('alone/alone/source');
is(@{$alone->{segments}} . ' ' . gaps($alone), '5 0', 'nobody there: the source goes on');
is($t->stream('alone')->{renditions}, 0, 'and nothing else is promised');

my $liar = $t->stream('liar');
is($liar->{missed}, 0, 'a good source called bad is taken elsewhere');
is($liar->{orchestrators}[0]{last_error}, 'refused a good source', 'and the liar is named');
$accused = $t->stream('accused');
is(join(' ', map { $_->{failures} } @{$accused->{orchestrators}}), '0 0',
   'two that call a source bad are believed');
is($accused->{missed}, 5, 'its renditions are gaps');

$t->await('the ends to be told', 10, sub { Test::Livepeer::slurp($good->{out}) =~ /echo ended/ });
pass('orchestrators are told of a stream\'s end');
is_deeply([$t->finish], [], 'no alert, nothing left running');


# --- the working orchestrator is killed in the middle of a stream

$t = Test::Livepeer->new;
my @orchs = map { $t->orchestrator(transcoder => 'ok') } 1 .. 2;
$t->gateway("$ladder\nlivepeer_orchestrator $orchs[0]{url} prefer;\nlivepeer_orchestrator $orchs[1]{url};");
my $pub = $t->publisher('cam', input => $clip, seconds => 9);
sub done { my ($v) = @_; grep { !$_->{gap} } @{($t->playlist("cam/$v") || { segments => [] })->{segments}} }
$t->await('three segments', 20, sub { done('mid') >= 3 });
kill 'KILL', $orchs[0]{pid};
$t->await('the publisher to end', 30, sub { $t->reap($pub) });
$t->await('the end', 20, sub { ($t->playlist('cam/mid') || {})->{ended} });
is(gaps($t->playlist('cam/source')), 0, 'kill -9: the source has no gap');
cmp_ok(gaps($t->playlist('cam/mid')), '<=', 1, 'kill -9: the rendition misses one segment at most');
is(@{$t->playlist('cam/mid')->{segments}}, 9, 'kill -9: every number is there');
cmp_ok($t->stream('cam')->{retries}, '<=', 2, 'kill -9: what was in flight is tried again, no more');


# --- all are gone, and come back

kill 'KILL', $orchs[1]{pid};
$pub = $t->publisher('two', input => $clip, seconds => 26);
sub tail { my ($n) = @_; my @s = @{($t->playlist('two/source') || { segments => [] })->{segments}}; @s >= $n }
$t->await('the source to go on alone', 20, sub { tail(4) });
my $dir = $orchs[0]{data};
$t->orchestrator(transcoder => 'ok', name => 'again', port => $orchs[0]{port});
my $from = @{$t->playlist('two/source')->{segments}};
$t->await('a rendition again', 15, sub {
    grep { !$_->{gap} } @{($t->playlist('two/mid') || { segments => [] })->{segments}} });
my $took = @{$t->playlist('two/source')->{segments}} - $from;
cmp_ok($took, '<=', 8, 'back: used again within seconds, nothing restarted');
is(gaps($t->playlist('two/source')), 0, 'back: the source had no gap');
$t->await('the publisher to end', 40, sub { $t->reap($pub) });
$t->await('the end', 20, sub { ($t->playlist('two/mid') || {})->{ended} });
my @mid = @{$t->playlist('two/mid')->{segments}};
my ($last) = grep { $mid[$_]{gap} } reverse 0 .. $#mid;
is(scalar(grep { $_->{gap} } @mid[($last // -1) + 1 .. $#mid]), 0, 'back: no gap afterwards');
like(log_text(), qr/no orchestrator can be used, its renditions are marked as a gap/, 'the gaps were named');
is_deeply([$t->finish], [], 'no alert, nothing left running');


# --- a worker told to quit waits for what is in flight, and for nothing else

$t = Test::Livepeer->new;
my (undef, undef, $hang) = bad_orchestrators('bad', 'hang');
$t->gateway("$ladder\nlivepeer_orchestrator $hang;");
$pub = $t->publisher('cam', input => $clip, seconds => 4);
$t->await('two segments of the source', 20, sub {
    @{($t->playlist('cam/source') || { segments => [] })->{segments}} >= 2 });
kill 'QUIT', $t->{nginx}{pid};
$t->await('nginx to quit', 30, sub { $t->reap($t->{nginx}) });
is($t->{nginx}{status}, 0, 'quit: a hanging orchestrator does not keep the worker');
my $master = Test::Livepeer::slurp("$t->{hls}/cam/source.m3u8");
is(scalar(() = $master =~ /^source/mg), 4, 'quit: the stream was not cut off');
is_deeply([$t->finish], [], 'no alert, nothing left running');

done_testing();
