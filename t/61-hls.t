#!/usr/bin/perl

# HLS out: what lies on disk, what playlists say, and how they go on when a
# publisher returns, on any worker, after a reload and after a restart.

use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Livepeer;
use Test::Rtmp;
use Time::HiRes qw/ time sleep /;

my $t = Test::Livepeer->new->plan(79);
my $dir = $t->dir;

sub conf { "live on; livepeer on; livepeer_segment 1s; livepeer_window 4; livepeer_reconnect $_[0]; livepeer_max_segment 4s;" }
$t->gateway(conf('3s'), no_orchestrators => 1, workers => 2);


# --- a clip: 12 s, 30 fps, IDR every second; fed as fast as the socket takes

my $clip = "$dir/clip.flv";
system(qw/ ffmpeg -nostdin -v error -f lavfi -i testsrc2=rate=30:size=320x180
    -f lavfi -i sine=sample_rate=48000 -t 12 -c:v libx264 -preset ultrafast
    -pix_fmt yuv420p -g 30 -keyint_min 30 -sc_threshold 0 -c:a aac -b:a 64k -f flv /, $clip) == 0
    or die 'no clip';
my @clip = Test::Rtmp::flv($clip);
my @end = grep { $_->[2] eq "\x17\x02\0\0\0" } @clip;
@clip = grep { $_->[2] ne "\x17\x02\0\0\0" } @clip;
my $check = Test::Livepeer::build('t/tools/tscheck');

sub feed {
    my ($name, $to, %o) = @_;
    my $r = Test::Rtmp->new(port => $t->{rtmp});
    my $code = $t->await("$name to be free", 10, sub {
        my $c = $r->publish($name);
        return $c if $c eq 'NetStream.Publish.Start';
        $r = Test::Rtmp->new(port => $t->{rtmp});
        return;
    });
    $r->send(@$_) for grep { $_->[1] < $to * 1000 } @clip;
    $r->close(%o);
    return $r;
}
sub state { my ($name, $state) = @_;
    $t->await("$name to be $state", 10, sub { ($t->stream($name) || { state => '' })->{state} eq $state });
}
sub facts { my @f = @_; my $out = `$check @f 2>&1`; return wantarray ? ($out, $?) : $out }


# --- one whole stream

feed('cam', 12);
state('cam', 'ended');
my $p = $t->playlist('cam/source');

like($p->{text}, qr/\A#EXTM3U\n/, 'a playlist');
like($p->{text}, qr/^#EXT-X-VERSION:3$/m, 'of version 3');
like($p->{text}, qr/^#EXT-X-INDEPENDENT-SEGMENTS$/m, 'each segment stands alone');
like($p->{text}, qr/^#EXT-X-PROGRAM-DATE-TIME:20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/m, 'with its date');
is($p->{target}, 2, 'target duration');
is($p->{ended}, 1, 'ENDLIST after a goodbye');
is_deeply([map { $_->{seq} } @{$p->{segments}}], [8 .. 11], 'the last window');
is_deeply([map { $_->{duration} } @{$p->{segments}}], [('1.000') x 4], 'durations');
is($p->{segments}[0]{uri}, 'source/8.ts', 'relative addresses');
is_deeply([map { m{(\d+)\.ts$} } $t->files('cam', 'source')], [4 .. 11],
          'on disk: the window and one more');
my ($facts, $rc) = facts($t->files('cam', 'source'));
is($rc, 0, 'TS rules hold across segments') or diag $facts;
is(scalar(() = $facts =~ /idrs=1 /g), 8, 'each begins with its IDR');
is(() = $facts =~ /units=30 idrs/g, 8, 'no frame is lost');

my $master = $t->get('/hls/cam.m3u8');
like($master, qr/\A#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-INDEPENDENT-SEGMENTS\n/, 'a master playlist');
like($master, qr/BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+/, 'measured rates');
like($master, qr/CODECS="avc1\.42[0-9a-f]{4},mp4a\.40\.2"/, 'codecs from the headers');
like($master, qr/RESOLUTION=320x180,FRAME-RATE=30\.000\ncam\/source\.m3u8\n/, 'size, rate, address');
my ($peak) = $master =~ /[:,]BANDWIDTH=(\d+)/;
my @rates = map { 8 * -s $_ } $t->files('cam', 'source');
is(scalar(grep { $_ > $peak } @rates), 0, 'no segment is above BANDWIDTH');

system("cat @{[$t->files('cam', 'source')]} > $dir/all.ts");
is(`ffmpeg -nostdin -v warning -i $dir/all.ts -f null - 2>&1`, '', 'it decodes');
my @pts = sort { $a <=> $b } `ffprobe -v error -select_streams v -show_entries packet=pts -of csv=p=0 $dir/all.ts` =~ /(\d+)/g;
is(scalar(grep { abs($pts[$_] - $pts[$_ - 1] - 3000) > 100 } 1 .. $#pts), 0, 'no gap, no overlap');


# --- how it is served

my ($code, $h, $body) = $t->get('/hls/cam/source.m3u8');
is($h->{'content-type'}, 'application/vnd.apple.mpegurl', 'playlist: type');
is($h->{'cache-control'}, 'max-age=1', 'playlist: cache');
is($h->{'access-control-allow-origin'}, '*', 'playlist: CORS');
is($h->{'x-content-type-options'}, 'nosniff', 'playlist: nosniff');
($code, $h, $body) = $t->get('/hls/cam/source/9.ts');
is($h->{'content-type'}, 'video/mp2t', 'segment: type');
is($h->{'cache-control'}, 'public, max-age=3600, immutable', 'segment: cache');
ok($h->{etag}, 'segment: etag');
is($body, Test::Livepeer::slurp("$t->{hls}/cam/source/9.ts"), 'segment: bytes');
($code, $h, my $part) = $t->get('/hls/cam/source/9.ts', headers => "Range: bytes=188-563\r\n");
is($code, 206, 'range');
is($part, substr($body, 188, 376), 'range: bytes');

Test::Livepeer::spew("$t->{hls}/secret", 'x');
Test::Livepeer::spew("$t->{hls}/cam/secret.ts", 'x');
symlink '/etc/passwd', "$t->{hls}/cam/source/999999999999999999999.ts";
my @bad = ('', 'secret', 'cam', 'cam/', 'cam/source', 'cam/source/', 'cam/secret.ts', '../nginx.conf',
    'cam/../cam.m3u8x', '%2e%2e/nginx.conf', '..%2fnginx.conf', 'cam/source/../../secret', 'cam/source/9.ts/',
    'cam/source/9.ts%00', 'cam/source/-1.ts', 'cam/source/9.tsx', 'cam//source/9.ts%20', 'cam.m3u8/x', '.m3u8',
    'cam/.m3u8', 'cam/..m3u8', 'cam/source/999999999999999999999.ts', 'cam/source/7.ts.tmp', 'x' x 4000,
    'cam/' . 'y' x 300 . '.m3u8', 'nobody.m3u8', 'nobody/source.m3u8', 'cam/source/12.ts', 'cam/720p/9.ts');
my @served = grep { my ($c) = $t->get("/hls/$_"); $c == 200 || $c >= 500 } @bad;
is_deeply(\@served, [], 'T-62: nothing but files of streams is found');
unlink "$t->{hls}/secret", "$t->{hls}/cam/secret.ts", "$t->{hls}/cam/source/999999999999999999999.ts";
my $log = Test::Livepeer::slurp("$dir/nginx-error.log");
unlike($log, qr{\[error\].*nginx/hls}, 'and that is no news for the log');


# --- a publisher that vanishes and returns

feed('back', 3, vanish => 1);
state('back', 'waiting');
$p = $t->playlist('back/source');
is($p->{ended}, 0, 'no ENDLIST while it may come back');
is($p->{segments}[-1]{seq}, 2, 'its last segment');
feed('back', 2, vanish => 1);
state('back', 'waiting');
$p = $t->playlist('back/source');
is_deeply([map { $_->{seq} } @{$p->{segments}}], [1 .. 4], 'numbers go on');
is_deeply([map { $_->{disc} ? 1 : 0 } @{$p->{segments}}], [0, 0, 1, 0], 'with one discontinuity');
($facts, $rc) = facts($t->files('back', 'source'));
is($rc, 0, 'TS times go on too') or diag $facts;
my @first = $facts =~ / first_pts=(\d+)/g;
is_deeply([@first], [sort { $a <=> $b } @first], 'and never back');
state('back', 'ended');
is($t->playlist('back/source')->{ended}, 1, 'ENDLIST when it stays away');

# the discontinuity leaves the window and is counted
feed('slide', 2, vanish => 1);
state('slide', 'waiting');
feed('slide', 6);
state('slide', 'ended');
$p = $t->playlist('slide/source');
is_deeply([$p->{seq}, $p->{disc_seq}], [4, 1], 'DISCONTINUITY-SEQUENCE counts what has left');

# after ENDLIST: a new life, in which no number comes twice
feed('cam', 2);
state('cam', 'ended');
$p = $t->playlist('cam/source');
is_deeply([map { $_->{seq} } @{$p->{segments}}], [12, 13], 'after ENDLIST numbers go on');
is_deeply([map { m{(\d+)\.ts$} } $t->files('cam', 'source')], [12, 13], 'the old files are gone');


# --- workers: each publish lands where it lands, each viewer too

for my $i (1 .. 12) {
    feed("w$i", 2);
    state("w$i", 'ended');
}
my %seen = map { $_ => 1 } Test::Livepeer::slurp("$dir/nginx-error.log") =~ / (\d+)#\d+: \*\d+ publish: name='w/g;
cmp_ok(scalar keys %seen, '<=', 2, 'published on ' . keys(%seen) . ' of two workers');
my @got = map { scalar @{($t->playlist("w$_/source") || { segments => [] })->{segments}} } 1 .. 12;
is_deeply(\@got, [(2) x 12], 'twelve streams on two workers, all are served');

my $before = $t->stream('w1')->{next_seq};
feed('w1', 2) for 1 .. 6;
state('w1', 'ended');
is($t->stream('w1')->{next_seq}, $before + 12, 'one name over both workers: numbers in a row');


# --- a reload: the old worker keeps its streams

my $r = Test::Rtmp->new(port => $t->{rtmp});
is($r->publish('keep'), 'NetStream.Publish.Start', 'a stream');
$r->send(@$_) for grep { $_->[1] < 3000 } @clip;
$t->await('its playlist', 5, sub { $t->playlist('keep/source') });
my $workers = sub { () = Test::Livepeer::slurp("$dir/nginx-error.log") =~ /start worker process \d/g };
my $n = $workers->();
$t->reload;
$t->await('new workers', 10, sub { $workers->() >= $n + 2 });
sleep 0.3;
is($t->stream('keep')->{state}, 'live', 'is live after the reload, says a new worker');
my @more = grep { $_->[1] >= 3000 && $_->[1] < 6000 } @clip;
is(scalar(grep { $r->send(@$_) } @more), scalar @more, 'takes frames');
$t->await('segments after the reload', 5, sub { $t->playlist('keep/source')->{segments}[-1]{seq} >= 4 });
is(scalar(grep { $_->{disc} } @{$t->playlist('keep/source')->{segments}}), 0, 'without a discontinuity');
$r->close(vanish => 1);
state('keep', 'waiting');
feed('keep', 2, vanish => 1);
state('keep', 'waiting');
$p = $t->playlist('keep/source');
is_deeply([map { $_->{seq} } @{$p->{segments}}], [$p->{seq} .. $p->{seq} + 3], 'and goes on in a new worker');
is(scalar(grep { $_->{disc} } @{$p->{segments}}), 1, 'with one discontinuity');


# --- a worker that is killed

$r = Test::Rtmp->new(port => $t->{rtmp});
$r->publish('hurt');
$r->send(@$_) for grep { $_->[1] < 3000 } @clip;
$t->await('its playlist', 5, sub { $t->playlist('hurt/source') });
my ($pid) = Test::Livepeer::slurp("$dir/nginx-error.log") =~ /.* (\d+)#\d+: \*\d+ publish: name='hurt'/s;
push @{$t->{allow}}, qr/worker process $pid exited on signal 9/;
kill 'KILL', $pid;
$t->await('a new worker', 10, sub { Test::Livepeer::slurp("$dir/nginx-error.log") =~ /$pid exited on signal 9/ });
feed('hurt', 2, vanish => 1);
state('hurt', 'waiting');
$p = $t->playlist('hurt/source');
is_deeply([map { $_->{seq} } @{$p->{segments}}], [0 .. 3], 'its name is free, its numbers go on');
state('hurt', 'ended');
is($t->playlist('hurt/source')->{ended}, 1, 'the sweep ends what nobody owns');


# --- a restart: the zone is gone, the files are not

my $last = $t->playlist('cam/source')->{segments}[-1]{seq};
my @orphans = grep { !m{/cam(\.m3u8)?$} } glob "$t->{hls}/*";
cmp_ok(scalar @orphans, '>', 10, 'other streams have files');
$t->stop($t->{nginx}, 'QUIT');
mkdir "$t->{hls}/other";
Test::Livepeer::spew("$t->{hls}/other/thing.ts", 'not a stream');
$t->gateway(conf('3s'), no_orchestrators => 1, workers => 2);
feed('cam', 2);
state('cam', 'ended');
$p = $t->playlist('cam/source');
is_deeply([map { $_->{seq} } @{$p->{segments}}], [$last + 1, $last + 2], 'after a restart numbers go on');
cmp_ok($p->{disc_seq}, '>', 0, 'and DISCONTINUITY-SEQUENCE has grown');
is_deeply([map { m{(\d+)\.ts$} } $t->files('cam', 'source')], [$last + 1, $last + 2], 'stale files are gone');
$t->await('files of streams that stay away to go', 10, sub { !grep { -e } @orphans });
ok(-e "$t->{hls}/other/thing.ts", 'what was no stream is left alone');


# --- no room, or no right, to write

SKIP: {
    skip 'needs root to take a right away from the workers', 2 if $>;
    mkdir "$t->{hls}/full";
    Test::Livepeer::spew("$t->{hls}/full/source", 'in the way');
    my $r = Test::Rtmp->new(port => $t->{rtmp});
    is($r->publish('full'), 'NetStream.Publish.Denied', 'no directory, no publish');
    is($r->{why}, 'the server cannot store this stream', 'and it is told');
}


# --- a publisher that comes back smaller: what it cannot have any more goes

my $two = Test::Livepeer->new;
$two->orchestrator(transcoder => 'ok');
$two->gateway('livepeer_profiles name=big size=426x240 bitrate=400k; livepeer_profiles name=mid size=320x180 bitrate=200k;
               livepeer_profiles name=low size=160x90 bitrate=100k;
               livepeer_segment 1s; livepeer_window 4; livepeer_reconnect 10s;');
for my $size ('426x240', '256x144') {
    $two->publish('cam', seconds => 5, size => $size, gop => 30, rate => 30,
                  extra => ['-rtmp_live', 'live'], name => "cam$size");
    $two->await("renditions of $size", 15, sub { ($two->playlist('cam/low') || {})->{ended} });
    my @v = @{$two->variants('cam')};
    is("@v", $size eq '426x240' ? 'big mid low source' : 'mid low source', "variants of a source of $size");
}
is(($two->get('/hls/cam/big.m3u8'))[0], 404, 'the playlist that nobody continues is gone');
is(scalar($two->files('cam', 'big')), 0, 'and so are its files');
$p = $two->playlist('cam/low');
my $q = $two->playlist('cam/source');
is_deeply([map { $_->{seq} } @{$p->{segments}}], [map { $_->{seq} } @{$q->{segments}}], 'the others go on in step');
ok($two->faults == 0, 'no fault there') or diag join "\n", $two->faults;


# --- OBS as it is, in real time: B-frames, 60 fps, IDR every 2 s

my $obs = $t->publisher('obs', rate => 60, gop => 120, bframes => 2, seconds => 9);
$t->await('OBS to end', 30, sub { $t->reap($obs) });
state('obs', 'ended');
$p = $t->playlist('obs/source');
is_deeply([map { $_->{duration} } @{$p->{segments}}[0 .. 2]], [('2.000') x 3], 'IDRs decide, not the target');
($facts, $rc) = facts($t->files('obs', 'source'));
is($rc, 0, 'TS rules hold') or diag $facts;
my @frames = $facts =~ /units=(\d+) idrs/g;
is_deeply([@frames[0 .. 3]], [(120) x 4], 'every frame') or diag $facts;
my @date = map { $_->{date} // () } @{$p->{segments}};
is(scalar @date, 1, 'one date, as nothing was interrupted');
my $audio = `ffprobe -v error -select_streams a -show_entries packet=pts -of csv=p=0 $t->{hls}/obs/source/1.ts`;
my @a = $audio =~ /(\d+)/g;
my @v = `ffprobe -v error -select_streams v -show_entries packet=pts -of csv=p=0 $t->{hls}/obs/source/1.ts` =~ /(\d+)/g;
@v = sort { $a <=> $b } @v;
cmp_ok($a[0], '>=', $v[0], 'no audio before its first frame');
cmp_ok($a[0] - $v[0], '<', 2000, 'and none missing there');
cmp_ok(abs($a[-1] - $v[-1]), '<', 2000, 'nor at the end');


# --- real clips, where they are

my ($media) = grep { -d } $ENV{LP_MEDIA} // '../shared/media';
SKIP: {
    skip 'no folder of real clips', 6 if !$media;
    for my $clip (sort glob "$media/*.mp4") {
        my ($name) = $clip =~ m{/([a-z]+)[^/]*\.mp4$};
        system('ffmpeg', qw/ -nostdin -v error -i /, $clip, qw/ -t 20 -c copy -f flv /, "$dir/$name.flv");
        my $r = Test::Rtmp->new(port => $t->{rtmp});
        $r->publish($name);
        $r->send(@$_) for Test::Rtmp::flv("$dir/$name.flv");
        $r->close;
        state($name, 'ended');
        my ($facts, $rc) = facts($t->files($name, 'source'));
        is($rc, 0, "$name: TS rules hold") or diag $facts;
        system("cat @{[$t->files($name, 'source')]} > $dir/all.ts");
        is(`ffmpeg -nostdin -v error -i $dir/all.ts -f null - 2>&1`, '', "$name: decodes");
        my $p = $t->playlist("$name/source");
        cmp_ok(scalar(grep { $_->{duration} > $p->{target} + 0.5 } @{$p->{segments}}), '==', 0,
               "$name: within the target duration");
    }
}
