#!/usr/bin/perl

# RTMP in: who may publish, what is refused and with which words, and what
# the cut makes of times, sizes and tracks that are not as they should be.

use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Livepeer;
use Test::Rtmp;
use Time::HiRes qw/ time sleep /;

my $t = Test::Livepeer->new->plan(132);
my $dir = $t->dir;

# a sanitized module needs its runtime before all else
if ($Test::Livepeer::BUILD =~ /san/) {
    chomp($ENV{LD_PRELOAD} = join ' ', map { chomp(my $f = `gcc -print-file-name=$_`); $f }
                                       qw/ libasan.so libubsan.so /);
    $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
}


# --- the configuration is judged by nginx -t, with a sentence and a line

my @config = (
    ['livepeer_profiles 725p;', qr/invalid profile "725p" .*nginx\.conf:\d+/,
     'an unknown profile'],
    ['livepeer_profiles name=x size=9x9 bitrate=1m;', qr/invalid profile "name=x".*\d+/,
     'a size out of range'],
    ['livepeer_profiles 360p 360p;', qr/two profiles have this name/, 'a profile twice'],
    ['livepeer_profiles name=source size=640x360 bitrate=1m;',
     qr/"source" is the name of what/, 'the name of the source'],
    ['livepeer_key file:/nonexistent/keys;',
     qr{the file "/nonexistent/keys" of livepeer_key cannot be read}, 'a missing key file'],
    ['livepeer_key short;', qr/a key has 8 to 128 characters/, 'a short key'],
    ['livepeer_key a/b:0123456789;', qr/the name before the colon/, 'a key for a bad name'],
    ['livepeer_orchestrator ftp://x:1;',
     qr/invalid livepeer_orchestrator "ftp:\/\/x:1"/, 'a scheme that is not http'],
    ['livepeer_orchestrator https://x:1/path;', qr/invalid livepeer_orchestrator/, 'a path'],
    ['livepeer_orchestrator https://x:99999;', qr/invalid livepeer_orchestrator/, 'a bad port'],
    ['livepeer_orchestrator https://x:1 always;', qr/only "prefer" and "address=0x\.\." may follow/,
     'a word that is not prefer'],
    ['livepeer_segment 50ms;', qr/livepeer_segment must be 500ms to 10s/, 'a segment too short'],
    ['livepeer_segment nonsense;', qr/"livepeer_segment" directive invalid value/,
     'a time that is none'],
    ['livepeer_max_segment_size 100m;', qr/livepeer_max_segment_size must be 1m to 64m/,
     'a segment too large'],
    ['livepeer_window 2;', qr/livepeer_window must be 3 to 32/, 'a window too short'],
    ['livepeer_hls_path /proc/nowhere/hls;', qr{livepeer_hls_path "/proc/nowhere/hls" cannot be written in .*:\d+},
     'a path that cannot be made'],
    ['livepeer_hls_path /dev/null;', qr{livepeer_hls_path "/dev/null" cannot be written},
     'a path that is no directory'],
);

for (@config) {
    my ($line, $words, $what) = @$_;
    my ($rc, $text) = $t->configtest("live on;\nlivepeer on;\n$line");
    ok($rc != 0 && $text =~ $words, "nginx -t refuses $what") or diag $text;
}

my ($rc, $text) = $t->configtest("livepeer on;");
like($text, qr/"livepeer on" requires "live on", application "live" in .*:\d+/, 'live is required');

($rc, $text) = $t->configtest("live on;\nlivepeer on;\nlivepeer_hls_path $dir/other;",
    rtmp_server => "application two { live on; livepeer on; livepeer_hls_path $dir/other; }");
like($text, qr/two applications have the same "livepeer_hls_path"/, 'a path of its own for each');

($rc, $text) = $t->configtest("live on;\nlivepeer on;\nlivepeer_hls_path $dir/other;",
    rtmp_server => "application two { live on; livepeer on; livepeer_hls_path $dir/two; }");
like($text, qr/"livepeer_hls" must name its application, there are 2 .*:\d+/, 'so must locations');

for (['livepeer_hls;', '~ ^/x/(.*)', 'a regex'], ['livepeer_hls;', '/x', 'no slash'],
     ['livepeer_status;', '= /x/', 'an exact match']) {
    my ($what, $where, $why) = @$_;
    ($rc, $text) = $t->configtest("live on;\nlivepeer on;", http_server => "location $where { $what }");
    like($text, qr/must be in a location with a prefix that ends in a slash in .*:\d+/, "$what in $why");
}

($rc, $text) = $t->configtest("live on;\nlivepeer off;    # and not livepeer on");
like($text, qr/"livepeer_hls" finds no such application/, 'nothing to serve');

($rc, $text) = $t->configtest(<<"CONF");
live on; livepeer on;
livepeer_orchestrator http://127.0.0.1:1 prefer;
livepeer_orchestrator https://[::1]:8935;
livepeer_profiles 720p 360p;
livepeer_profiles name=tiny size=160x90 bitrate=100k fps=15;
livepeer_key cam:0123456789abcdef;
livepeer_segment 1s; livepeer_window 4; livepeer_reconnect 10s; livepeer_attempts 2;
livepeer_max_streams 3; livepeer_max_segment 10s; livepeer_max_segment_size 8m; livepeer_max_memory 64m;
CONF
is($rc, 0, 'all directives, well formed') or diag $text;
delete $ENV{LD_PRELOAD};


# --- who may publish

open my $fh, '>', "$dir/keys" or die;
print $fh "# of the studio\ncam:cam-secret-1\n\nanybody-secret\nstage:stage-secret\r\n";
close $fh;

$t->gateway(<<"CONF", no_orchestrators => 1, log => 'info');
live on; livepeer on; livepeer_key file:$dir/keys; livepeer_reconnect 2s;
livepeer_max_streams 20; livepeer_max_segment 10s;
CONF

sub rtmp { Test::Rtmp->new(port => $t->{rtmp}) }
sub refused {
    my ($key, $code, $why, $what) = @_;
    my $r = rtmp();
    is($r->publish($key), $code, $what);
    is($r->{why}, $why, "... \"$why\"");
    ok($r->closed, '... and the connection is closed');
}

refused('cam', 'NetStream.Publish.Denied', 'wrong stream key', 'no key');
refused('cam?key=cam-secret-2', 'NetStream.Publish.Denied', 'wrong stream key', 'a wrong key');
refused('stage?key=cam-secret-1', 'NetStream.Publish.Denied', 'wrong stream key',
    'T-33: the key of another name');
refused('anybody-secret', 'NetStream.Publish.Denied', 'wrong stream key',
    'a key without a name is no name');

for my $name ('../../etc/x', 'a/b', '..', 'a.b', 'x' x 65, "a\nb", '%2e%2e', "caf\xc3\xa9", 'a"b', '') {
    my $r = rtmp();
    is($r->publish("$name?key=anybody-secret"), 'NetStream.Publish.BadName',
       'T-62: refused name: ' . ($name =~ s/[^ -~]/?/gr));
}
is_deeply([grep { !m{/hls$} } glob "$dir/nginx/hls/*"], [], 'no name has left a file');

is(rtmp()->publish('cam?key=cam-secret-1'), 'NetStream.Publish.Start', 'NAME?key=KEY');
is(rtmp()->publish('any?x=1&key=anybody-secret'), 'NetStream.Publish.Start', 'a key for any name');
is(rtmp()->publish('stage-secret'), 'NetStream.Publish.Start', 'the key alone, pasted');
ok($t->stream('stage'), '... has the name of its line');
unlike(join('', map { Test::Livepeer::slurp($_) } glob "$dir/nginx/hls/*"), qr/secret/, 'no key in a file');
unlike($t->get('/livepeer/api'), qr/secret/, 'nor in the JSON');
like($t->get('/livepeer/metrics') . '', qr/^livepeer_publishes_refused_total\{reason="key"\} 4$/m, 'counted');


# --- a clip to work with: 8 s, 25 fps, IDR every second, B-frames

my $clip = "$dir/clip.flv";
my $wide = "$dir/wide.flv";
sub clip {
    my ($file, @more) = @_;
    system(qw/ ffmpeg -nostdin -v error -f lavfi -i /, "testsrc2=rate=25:size=$more[0]",
        qw/ -f lavfi -i sine=sample_rate=44100 -t /, $more[1] // 8,
        qw/ -c:v libx264 -preset ultrafast -pix_fmt /, $more[2] // 'yuv420p', qw/ -g 25 -keyint_min 25
        -sc_threshold 0 -bf 2 -c:a aac -b:a 64k -f flv /, $file) == 0 or die 'no clip';
}
clip($clip, '320x180');
clip($wide, '480x270', 4);
my @clip = Test::Rtmp::flv($clip);
my @headers = grep { $_->[0] == 9 && substr($_->[2], 1, 1) eq "\0"
                     || $_->[0] == 8 && substr($_->[2], 1, 1) eq "\0" } @clip;
my @frames = grep { my $f = $_; !grep { $_ == $f } @headers } @clip;
my $ends = "\x17\x02\0\0\0";
@frames = grep { $_->[2] ne $ends } @frames;

# publish tags, each mapped; the session
sub feed {
    my ($name, $tags, $map) = @_;
    my $r = rtmp();
    my $code = $r->publish("$name?key=anybody-secret");
    die "$name: $code" if $code ne 'NetStream.Publish.Start';
    feed_more($r, $tags, $map);
    return $r;
}
sub feed_more {
    my ($r, $tags, $map) = @_;
    for my $tag (@$tags) {
        my @m = $map ? $map->(@$tag) : @$tag;
        $r->send(@m) if @m;
    }
}
sub ended { my ($name) = @_;
    $t->await("$name to end", 10, sub { ($t->stream($name) || { state => '' })->{state} eq 'ended' });
    return $t->playlist("$name/source");
}
# the whole checked: TS rules, and what ffmpeg thinks
sub clean {
    my ($name, $what, %o) = @_;
    my @files = $t->files($name, 'source');
    my $check = Test::Livepeer::build('t/tools/tscheck');
    my $facts = `$check @files 2>&1`;
    ok(@files && $? == 0, "$what: TS rules hold") or diag $facts;
    my $errors = system("cat @files > $dir/all.ts") ? 'cat'
        : `ffmpeg -nostdin -v warning -i $dir/all.ts -f null - 2>&1 | grep -v 'timestamp discontinuity'`;
    is($errors, '', "$what: decodes") if !$o{no_decode};
    return $facts;
}
sub frames { my ($facts) = @_; my $n = 0; $n += $1 while $facts =~ /units=(\d+) idrs/g; $n }


# --- times

my $r = feed('plain', \@clip);
$r->close;
my $p = ended('plain');
is(scalar @{$p->{segments}}, 4, '8 s are four segments');
is_deeply([map { $_->{duration} } @{$p->{segments}}], ['2.000', '2.000', '2.000', '2.000'],
          'of two seconds each');
is(frames(clean('plain', 'B-frames')), 200, 'every frame is there');

# 2^32 ms pass in the middle, and 24 bits before them
$r = feed('wrap', \@clip, sub { ($_[0], (4294963296 + $_[1]) & 0xffffffff, $_[2]) });
$r->close;
$p = ended('wrap');
is(scalar @{$p->{segments}}, 4, 'the 32-bit wrap is no event');
is(scalar(grep { $_->{disc} } @{$p->{segments}}), 0, '... and no discontinuity');
is(frames(clean('wrap', 'wrapping times')), 200, 'every frame is there');

$r = feed('ext', \@clip, sub { ($_[0], 16773216 + $_[1], $_[2]) });
$r->close;
is(frames(do { ended('ext'); clean('ext', 'past 24 bits') }), 200, 'every frame is there');

# an hour passes unseen
$r = feed('jump', \@clip, sub { ($_[0], $_[1] + ($_[1] >= 4000 ? 3600000 : 0), $_[2]) });
$r->close;
$p = ended('jump');
is(scalar(grep { $_->{disc} } @{$p->{segments}}), 1, 'a jump of an hour is one discontinuity');
clean('jump', 'a jump');
cmp_ok($t->duration('jump/source'), '<=', 8.1, 'and no hour of nothing');

# back to zero, as an encoder that restarts
$r = feed('again', [@clip, @clip]);
$r->close;
$p = ended('again');
is(scalar(grep { $_->{disc} } @{$p->{segments}}), 1, 'times from zero again: one discontinuity');
clean('again', 'times from zero');

# audio alone is three minutes off
my $lost = 0;
$r = feed('skew', \@clip, sub {
    $_[0] == 8 && $_[1] > 3000 && $_[1] < 5000 ? ($_[0], $_[1] + 180000, $_[2]) : @_ });
$r->close;
$p = ended('skew');
is(scalar(grep { $_->{disc} } @{$p->{segments}}), 0, 'one track that strays is dropped, not believed');
is(frames(clean('skew', 'stray audio')), 200, 'video has not suffered');

# composition times that are negative
$r = feed('cts', \@clip, sub {
    return @_ if $_[0] != 9 || substr($_[2], 1, 1) ne "\1";
    my $cts = unpack 'N', "\0" . substr $_[2], 2, 3;
    return ($_[0], $_[1] + 80, substr($_[2], 0, 2) . substr(pack('N', ($cts - 80) & 0xffffff), 1)
            . substr $_[2], 5);
});
$r->close;
ended('cts');
cmp_ok(frames(clean('cts', 'negative composition times')), '>=', 195, 'all but the first few frames');


# --- bytes

# every 20th unit is damaged; the rest survives
my $n = 0;
$r = feed('bad', \@clip, sub {
    return @_ if $_[0] != 9 || substr($_[2], 1, 1) ne "\1" || ++$n % 20 != 10;
    return ($_[0], $_[1], substr($_[2], 0, 5) . "\x7f" . substr $_[2], 6);
});
$r->close;
ended('bad');
is(frames(clean('bad', 'damaged units', no_decode => 1)), 190, 'damaged units are dropped, others stay');
ok((grep { $_ eq 'damaged' } @{$t->stream('bad')->{advice}}), 'and the page says so');

# nonsense of every length, as the message that it is not
$r = feed('junk', [@headers, @frames[0 .. 20]]);
for my $type (8, 9) {
    for my $first (0x00, 0x17, 0x27, 0x57, 0x80, 0x90, 0x91, 0x93, 0x9f, 0xaf, 0x9a) {
        $r->send($type, 900, pack('C', $first) . ("\xff" x $_)) for 0 .. 12;
    }
}
$r->send(8, 900, '');
$r->send(9, 900, '');
ok(defined $t->get('/livepeer/api'), 'nonsense does not kill a worker');
$r->close;

# the size of the picture changes: as if published anew
$r = feed('grow', \@clip);
feed_more($r, [Test::Rtmp::flv($wide)], sub { ($_[0], $_[1] + 8000, $_[2]) });
$r->close;
$p = ended('grow');
is(scalar @{$p->{segments}}, 6, 'another size: six segments');
is(scalar(grep { $_->{disc} } @{$p->{segments}}), 1, 'one discontinuity between the sizes');
like($t->get('/hls/grow.m3u8'), qr/RESOLUTION=480x270/, 'the master says the new one');


my @small = grep { $_->[1] < 500 } @clip;
my @large = grep { $_->[1] < 500 } Test::Rtmp::flv($wide);
$r = feed('flap', []);
for my $i (0 .. 30) {
    feed_more($r, $i % 2 ? \@large : \@small, sub { ($_[0], $_[1] + 500 * $i, $_[2]) });
}
ok($r->status eq 'NetStream.Publish.Failed' && $r->{why} =~ /size again and again/, 'but not without end');

$r = feed('dance', []);
feed_more($r, [grep { $_->[1] < 1000 } @clip]) for 0 .. 30;
ok($r->status eq 'NetStream.Publish.Failed' && $r->{why} =~ /jump again and again/, 'times that never rest neither');


# --- enhanced RTMP, and codecs that cannot be cut

$r = feed('fourcc', \@clip, sub {
    my ($type, $time, $d) = @_;
    if ($type == 8) {
        return ($type, $time, pack('C', 0x90 | ord substr $d, 1) . 'mp4a' . substr $d, 2);
    }
    my ($key, $kind) = (ord($d) >> 4, ord substr $d, 1);
    return ($type, $time, pack('C', 0x80 | $key << 4 | $kind) . 'avc1'
            . ($kind == 1 ? substr $d, 2 : substr $d, 5));
});
$r->close;
ended('fourcc');
is(frames(clean('fourcc', 'avc1 and mp4a by FourCC')), 200, 'every frame is there');

for (['hvc1', "\x90hvc1\x01", qr/HEVC/], ['av01', "\x90av01\x81", qr/AV1/],
     ['vp09', "\x90vp09\x01", qr/VP9/], ['old', "\x1c\x00\0\0\0", qr/HEVC/]) {
    my ($name, $bytes, $words) = @$_;
    $r = feed("no-$name", []);
    $r->send(9, 0, $bytes);
    ok($r->status eq 'NetStream.Publish.Failed' && $r->{why} =~ $words, "$name is refused by name");
    $t->await('the page to say so', 5, sub { $t->stream("no-$name")->{reason} =~ $words });
    ok((grep { $_ eq 'video_codec' } @{$t->stream("no-$name")->{advice}}), '... and the page says so');
}
like(Test::Livepeer::slurp("$dir/nginx-error.log"), qr/publish refused \(codec\): the video is HEVC/,
     'and the log');


# --- tracks

$r = feed('mute', [grep { $_->[0] == 9 } @clip]);
$r->close;
ended('mute');
unlike(clean('mute', 'video alone'), qr/audio_units=[1-9]/, 'no phantom audio');
unlike($t->get('/hls/mute.m3u8'), qr/mp4a/, 'nor in CODECS');
ok((grep { $_ eq 'no_audio' } @{$t->stream('mute')->{advice}}), 'the page says that audio is missing');

$r = feed('radio', [grep { $_->[0] == 8 } @clip]);
$r->close;
$p = ended('radio');
is(scalar @{$p->{segments}}, 4, 'audio alone is cut by time');
unlike($t->get('/hls/radio.m3u8'), qr/RESOLUTION|avc1/, 'without a picture in the master');

# audio whose header comes after three seconds
$r = feed('joins', [grep { $_->[0] == 9 } @headers], undef);
feed_more($r, [grep { $_->[0] == 9 || $_->[1] >= 3000 } sort { $a->[1] <=> $b->[1] }
    (map { $_->[0] == 8 ? [8, 3000, $_->[2]] : () } @headers), @frames]);
$r->close;
ended('joins');
my $joined = clean('joins', 'audio that joins later');
my @joined = $joined =~ /audio_units=(\d+)/g;
ok($joined[0] == 0 && $joined[2] > 5 && $joined[3] > 5, 'it begins with a segment of its own') or diag $joined;
ok(!(grep { $_ eq 'no_audio' } @{$t->stream('joins')->{advice}}), 'and is no longer missed');

# frames that come when they like
my $i = 0;
$r = feed('vfr', \@clip, sub { $_[0] == 9 && ++$i % 3 == 0 ? ($_[0], $_[1] + 25, $_[2]) : @_ });
$r->close;
ended('vfr');
ok((grep { $_ eq 'vfr' } @{$t->stream('vfr')->{advice}}), 'the page says that the frame rate varies');
ok(!(grep { $_ eq 'vfr' } @{$t->stream('plain')->{advice}}), 'and not of one that does not');

# a picture that cannot be transcoded is passed through
my $rich = "$dir/rich.flv";
clip($rich, '320x180', 4, 'yuv444p');
$r = feed('rich', [Test::Rtmp::flv($rich)]);
$r->close;
$p = ended('rich');
is(scalar @{$p->{segments}}, 2, '4:4:4 is passed through');
ok((grep { $_ eq 'pixfmt' } @{$t->stream('rich')->{advice}}), 'and the page says why');

# late audio: a segment waits for it, and only for it
$r = feed('late', [@headers, sort { $a->[1] + ($a->[0] == 8 ? 150 : 0) <=> $b->[1] + ($b->[0] == 8 ? 150 : 0) } @frames]);
$r->close;
ended('late');
my $facts = clean('late', 'audio 150 ms late');
my @audio = $facts =~ /audio_bytes=(\d+)/g;
is(scalar(grep { $_ < 12000 } @audio), 0, 'no segment has lost its audio') or diag $facts;
my @first = map { my ($pts) = `ffprobe -v error -select_streams a -show_entries packet=pts -of csv=p=0 $_` =~ /^(\d+)/; $pts }
            $t->files('late', 'source');
my @start = $facts =~ / first_pts=(\d+)/g;
is(scalar(grep { $first[$_] < $start[$_] || $first[$_] > $start[$_] + 2100 } 0 .. $#first), 0,
   'and each begins with its own') or diag "@first / @start";


# --- keyframes that do not come

$r = feed('endless', [@headers]);
my $key = 0;
for my $i (0 .. 300) {
    my $f = $frames[$i % 20 + 2];
    next if $f->[0] != 9;
    $r->send(9, $i * 40, "\x27" . substr $f->[2], 1) or last;
}
is($r->status, 'NetStream.Publish.Failed', 'no keyframe for longer than livepeer_max_segment');
like($r->{why}, qr/no keyframe within livepeer_max_segment/, '... is told');


# --- an untouched OBS: one keyframe in 8.3 s

my $began = time;
my $obs = $t->publisher('obs?key=anybody-secret', gop => 250, rate => 30, size => '320x180');
$t->await('advice on the keyframe interval', 12, sub {
    my $s = $t->stream('obs') or return;
    grep { $_ eq 'long_gop' } @{$s->{advice}};
});
cmp_ok(time - $began, '<', 10, 'the page advises within 10 s');
$t->await('its first segment', 15, sub { ($t->playlist('obs/source') || { segments => [] })->{segments}[0] });
$p = $t->playlist('obs/source');
is($p->{segments}[0]{duration}, '8.333', 'which is as long as the GOP');
cmp_ok($p->{target}, '>=', 9, 'and the target duration covers it');


# --- one name, two publishers

my $first = feed('twice', [@headers, @frames[0 .. 150]]);
my $second = feed('twice', \@clip);
ok($first->closed, 'the same key takes the name over');
$second->close;
$p = ended('twice');
is(scalar(grep { $_->{disc} } @{$p->{segments}}), 1, 'with one discontinuity');
my @seqs = map { $_->{seq} } @{$p->{segments}};
is_deeply(\@seqs, [$seqs[0] .. $seqs[-1]], 'and numbers that go on');

$first = feed('mine', [@headers]);
$second = rtmp();
open $fh, '>>', "$dir/keys"; print $fh "mine:another-secret\n"; close $fh;
$t->reload;
$t->await('the new key', 10, sub { rtmp()->publish('mine?key=another-secret') eq 'NetStream.Publish.BadName' });
pass('another valid key does not');

# ten at once: one owner
my @race = map { rtmp() } 1 .. 10;
$_->publish('race?key=anybody-secret') for @race;
feed_more($race[-1], \@clip);
$race[-1]->close;
$p = ended('race');
is(scalar @{$p->{segments}}, 4, 'of ten publishers in a race the last one counts');

$t->stop($obs);
