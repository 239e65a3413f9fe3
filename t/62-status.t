#!/usr/bin/perl

# The page, its JSON and the metrics: with no stream, with streams, and with
# names and headers that would like to be markup.

use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Livepeer;
use Test::Rtmp;
use JSON::PP;
use Time::HiRes qw/ sleep /;

my $t = Test::Livepeer->new->plan(51);
my $dir = $t->dir;

$t->gateway(<<'CONF', no_orchestrators => 1);
live on; livepeer on; livepeer_key studio-secret; livepeer_key cam:camera-secret;
livepeer_orchestrator http://127.0.0.1:1; livepeer_profiles 360p 144p;
livepeer_reconnect 1s;
CONF


# --- nobody is there

my ($code, $h, $body) = $t->get('/livepeer/');
is($code, 200, 'the page');
is($h->{'content-type'}, 'text/html; charset=utf-8', 'is HTML');
like($h->{'content-security-policy'}, qr/^default-src 'none'; script-src 'self';/, 'may run its own script only');
unlike($h->{'content-security-policy'}, qr/unsafe|https?:|\*/, 'and nothing else');
is($h->{'x-content-type-options'}, 'nosniff', 'nosniff');
unlike($body, qr/<script[^>]*>[^<]|\son\w+=|\sstyle=|<style/, 'no inline script, handler or style');
like($body, qr/<section id="money" hidden>/, 'no money until there is some');
unlike($body, qr{(?:src|href)="(?:https?:)?//}, 'nothing from elsewhere');

for (['app.js', 'text/javascript; charset=utf-8'], ['hls.min.js', 'text/javascript; charset=utf-8'],
     ['style.css', 'text/css; charset=utf-8']) {
    my ($file, $type) = @$_;
    my ($c, $hh, $plain) = $t->get("/livepeer/$file");
    is("$c $hh->{'content-type'}", "200 $type", "$file is in the module");
    my (undef, $hz, $z) = $t->get("/livepeer/$file", headers => "Accept-Encoding: gzip\r\n");
    Test::Livepeer::spew("$dir/x.gz", $z);
    ok($hz->{'content-encoding'} eq 'gzip' && `gzip -dc $dir/x.gz` eq $plain, '... compressed too');
}
my @odd = grep { my ($c) = $t->get("/livepeer/$_"); $c != 404 && $c != 400 }
    qw{ x api/ apis metricsx app.js/ ../livepeer/app.j index.htm %00 hls.min.js.gz };
is_deeply(\@odd, [], 'other names are not found');

my $api = $t->api;
is_deeply($api->{streams}, [], 'JSON: no stream');
is($api->{applications}[0]{port}, $t->{rtmp}, 'JSON: the port to type into OBS');
is($api->{applications}[0]{keyed}, 1, 'JSON: that a key is needed');
is_deeply($api->{applications}[0]{profiles}, ['360p', '144p'], 'JSON: the profiles');

ok(exists $api->{money} && !defined $api->{money}, 'JSON: off chain there is no money');

sub promtool {
    my ($what) = @_;
    my $text = $t->get('/livepeer/metrics');
    SKIP: {
        skip 'no promtool', 1 if !grep { -x "$_/promtool" } split /:/, $ENV{PATH};
        Test::Livepeer::spew("$dir/metrics", $text);
        my $out = `promtool check metrics < $dir/metrics 2>&1`;
        is("$? $out", '0 ', "promtool is content with $what");
    }
    return $text;
}
promtool('no stream');
(undef, $h) = $t->get('/livepeer/metrics');
is($h->{'content-type'}, 'text/plain; version=0.0.4; charset=utf-8', 'metrics: type');


# --- names, keys and headers that would like to be more

my @payload = ('<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "');alert(1)//", '</title><svg/onload=1>',
    "a\r\nSet-Cookie: x=1", '{{7*7}}', '%3Cscript%3E', '&lt;', "\x00", '`', '${x}', 'javascript:1', '#EXT-X-KEY',
    "x\n#EXTINF", '"}', '\\', '<', '>', '&', "\xff\xfe");
my @names;
for (@payload) {
    my $r = Test::Rtmp->new(port => $t->{rtmp}) or next;
    push @names, $_ if $r->publish("$_?key=studio-secret") eq 'NetStream.Publish.Start';
}
is_deeply(\@names, [], 'twenty payloads as a name: none gets in');
is_deeply($t->api->{streams}, [], 'nor onto the page');
my @lines = grep { !/^\d{4}\/\d\d\/\d\d / } split /\n/, Test::Livepeer::slurp("$dir/nginx-error.log");
ok(@lines < 10, 'our lines of the log are lines') or diag join "\n", @lines;


# --- streams

my $p = $t->publisher('cam?key=camera-secret', seconds => 14, size => '640x360', bframes => 1);
$t->await('the stream', 15, sub { ($t->stream('cam') || { segments => 0 })->{segments} >= 2 });
my $s = $t->stream('cam');
is($s->{state}, 'live', 'the stream is live');
is($s->{hls}, '/hls/cam.m3u8', 'where viewers find it');
is("$s->{width}x$s->{height}", '640x360', 'size');
is($s->{fps_milli}, 30000, 'frame rate');
is($s->{gop_ms}, 2000, 'keyframe interval');
is($s->{audio_codec}, 'mp4a.40.2', 'audio');
cmp_ok($s->{bitrate_bps}, '>', 200_000, 'bitrate');
is($s->{variants}[0]{name}, 'source', 'the source is a variant');

my $text = promtool('a stream');
ok(exists $s->{money} && !defined $s->{money}, 'JSON: nor of a stream');
unlike($text, qr/ticket|gwei|deposit|budget/, 'metrics: nor there');
like($text, qr/^livepeer_stream_up\{app="live",stream="cam"\} 1$/m, 'metrics: up');
like($text, qr/^livepeer_segments_total\{app="live",stream="cam"\} \d+$/m, 'metrics: segments');
like($text, qr/^livepeer_stream_keyframe_interval_seconds\{app="live",stream="cam"\} 2\.000$/m, 'metrics: seconds');
unlike($text . $t->get('/livepeer/api'), qr/secret/, 'no key anywhere');

# nobody answers at 127.0.0.1:1
$t->await('the page to say that nobody transcodes', 20, sub {
    grep { $_ eq 'no_orchestrator' } @{($t->stream('cam') || { advice => [] })->{advice}} });
pass('no orchestrator: it is said');
my ($o) = @{$t->stream('cam')->{orchestrators}};
is($o->{url}, 'http://127.0.0.1:1', 'the row of the orchestrator');
ok($o->{last_error}, "with its last error: $o->{last_error}");
$t->await('the publisher to end', 30, sub { $t->reap($p) });
$t->await('the end', 10, sub { $t->stream('cam')->{state} eq 'ended' });
like($t->get('/livepeer/metrics') . '', qr/^livepeer_stream_up\{app="live",stream="cam"\} 0$/m, 'metrics: gone');

# each advice has its sentence on the page, and names a field
my $js = $t->get('/livepeer/app.js');
for my $key (qw/ long_gop vfr no_audio audio_codec video_codec pixfmt no_video upscale damaged /) {
    next if $js =~ /^  $key: \([^)]*\) => (?:(?!^  \w+:).)*(?:Settings|Stats)/ms;
    fail("a sentence for $key");
}
like($js, qr/Keyframe Interval: 2 s/, 'the page names the field of OBS');
unlike($js, qr/innerHTML|outerHTML|insertAdjacent|document\.write|eval\(/, 'and sets text only');

# many names: as many series as there are slots, no more
my %got;
for my $i (1 .. 300) {
    my $r = Test::Rtmp->new(port => $t->{rtmp});
    $got{$r->publish("n$i?key=studio-secret")}++;
    $r->close(vanish => 1);
}
cmp_ok($got{'NetStream.Publish.Start'}, '>=', 200, 'hundreds of names');
$text = promtool('many streams');
my $n = () = $text =~ /^livepeer_stream_up\{/mg;
cmp_ok($n, '<=', 256, 'are 256 series at most');

# a server without livepeer has an empty page, and does not mind
$t->stop($t->{nginx});
my $conf = Test::Livepeer::slurp($t->{conf});
$conf =~ s/livepeer on;//;
$conf =~ s/location \/hls\/ \{ livepeer_hls; \}//;
Test::Livepeer::spew("$dir/empty.conf", $conf);
my %env;
%env = (LD_PRELOAD => join(' ', map { chomp(my $f = `gcc -print-file-name=$_`); $f } qw/ libasan.so libubsan.so /),
        ASAN_OPTIONS => "detect_leaks=0:log_path=$dir/asan") if $Test::Livepeer::BUILD =~ /san/;
my $ng = $t->spawn('empty', { env => \%env }, '/usr/sbin/nginx', '-p', "$dir/nginx", '-c', "$dir/empty.conf", '-e', "$dir/empty-error.log");
$t->await('it', 10, sub { ($t->get('/livepeer/api'))[0] == 200 });
is_deeply($t->api->{applications}, [], 'nothing configured: an empty page');
is(($t->get('/livepeer/metrics'))[0], 200, 'and empty metrics');
$t->stop($ng);
