#!/usr/bin/perl

# takes 60 s

# One stream through everything: publisher, nginx, orchestrator, transcoder
# and back. What viewers get is whole, in order, and of one time line; also
# with several streams, workers and orchestrators, and over a reload.

use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Livepeer;

my $tscheck = Test::Livepeer::build('t/tools/tscheck');


# facts of the segments of a variant, one hash for each
sub facts {
    my ($t, $stream, $variant) = @_;
    my @files = $t->files($stream, $variant) or return;
    return map { +{ map { /^(\w+)=(.*)/ ? ($1, $2) : () } split } }
           split /\n/, `$tscheck @files`;
}

# what ffmpeg says of all segments in a row: the number of pictures, complaints
sub decode {
    my ($t, $stream, $variant) = @_;
    my $all = join '', map { Test::Livepeer::slurp($_) } $t->files($stream, $variant);
    my $file = Test::Livepeer::spew($t->dir . "/$stream-$variant.ts", $all);
    my $words = `ffmpeg -nostdin -v error -i $file -f null - 2>&1`;
    my $n = `ffprobe -v error -select_streams v:0 -count_frames -show_entries stream=nb_read_frames -of csv=p=0 $file`;
    ($n) = $n =~ /(\d+)/;
    return ($n, $words);
}

sub gaps { my ($p) = @_; scalar grep { $_->{gap} } @{$p->{segments}} }
sub seqs { my ($p) = @_; join ' ', map { $_->{seq} } @{$p->{segments}} }

# the children that still run, by pid
sub workers {
    my ($t) = @_;
    my $master = $t->{nginx}{pid};
    return split ' ', Test::Livepeer::slurp("/proc/$master/task/$master/children");
}


# --- a ladder of two rungs, one with a frame rate of its own

my $one = Test::Livepeer->new;
$one->orchestrator;
$one->gateway(<<'CONF');
livepeer_profiles name=mid size=320x180 bitrate=300k;
livepeer_profiles name=low size=160x90 bitrate=150k fps=15;
livepeer_window 32;
CONF
is($one->publish('cam', seconds => 9, size => '426x240', bframes => 2), 0, 'published');

for my $v (qw/ source mid low /) {
    $one->await("the end of $v", 20, sub { ($one->playlist("cam/$v") || {})->{ended} });
    my $p = $one->playlist("cam/$v");
    is(seqs($p), '0 1 2 3 4', "$v: every segment, in order");
    is(gaps($p), 0, "$v: no gap");
}
is_deeply($one->variants('cam'), [qw/ mid low source /], 'master playlist whole');

my @source = facts($one, 'cam', 'source');
my @mid = facts($one, 'cam', 'mid');
my @low = facts($one, 'cam', 'low');
is(scalar @source, 5, 'five segments on disk');

for my $key (qw/ units first_pts last_pts digest audio_bytes /) {
    is_deeply([map { $_->{$key} } @mid], [map { $_->{$key} } @source],
              "mid: $key of every segment is the source's");
}
is_deeply([map { $_->{audio_bytes} } @low], [map { $_->{audio_bytes} } @source],
          'low: the audio is the source\'s');
is((grep { $_->{check} ne 'ok' || $_->{inspect} ne 'ok' } @source, @mid, @low), 0,
   'every segment keeps the rules of MPEG-TS');
is("@{$mid[0]}{qw/width height/}", '318 180', 'mid: its size');
is("@{$low[0]}{qw/width height/}", '158 90', 'low: its size');

my @late = grep { $low[$_]{first_pts} < $source[$_]{first_pts} - 90
                  || $low[$_]{first_pts} - $source[$_]{first_pts} > 6000
                  || $low[$_]{last_pts} > $source[$_]{last_pts} } 0 .. $#source;
is("@late", '', 'low: within one tick of its grid of the source, in every segment');
my $units = 0;
$units += $_->{units} for @low;
is($units, 135, 'low: 15 pictures a second');

for my $v (qw/ source mid low /) {
    my ($n, $words) = decode($one, 'cam', $v);
    is($words, '', "$v: decodes without a complaint");
    is($n, $v eq 'low' ? 135 : 270, "$v: every picture");
}

my $s = $one->stream('cam');
is("$s->{segments} $s->{renditions} $s->{missed} $s->{retries}", '5 10 0 0',
   'the page counts the same');
my ($o) = @{$s->{orchestrators}};
is("$o->{segments} $o->{failures} $o->{in_flight} $o->{suspended}", '5 0 0 0',
   'and knows who did it');
cmp_ok($s->{rtt_ms}{p50}, '>', 0, 'a round trip was measured');
like(Test::Livepeer::slurp($one->dir . '/orchestrator1.log'), qr/session \w+ ends|ended/,
     'the orchestrator was told of the end');
is_deeply([$one->finish], [], 'no alert, nothing left running');


# --- two workers, four streams, two orchestrators, a reload in between

my $two = Test::Livepeer->new;
$two->orchestrator(transcoder => 'ok') for 1 .. 2;
$two->gateway(<<'CONF', workers => 2);
livepeer_profiles name=mid size=320x180 bitrate=300k;
livepeer_segment 1s;
livepeer_window 32;
CONF

my @names = qw/ one two three four /;
my @pubs = map { $two->publisher($_, seconds => 10, size => '426x240', rate => 25,
                            gop => 25, audio => 0) }
           @names;
for my $n (@names) {
    $two->await("three segments of $n", 20,
              sub { @{($two->playlist("$n/mid") || { segments => [] })->{segments}} >= 3 });
}
my @old = workers($two);
$two->reload;
$two->await('new workers', 10, sub { grep { my $p = $_; !grep { $_ == $p } @old } workers($two) });
for my $p (@pubs) {
    $two->await('a publisher to end', 30, sub { $two->reap($p) });
    is($p->{status}, 0, "$p->{name}: not cut off by the reload");
}
for my $n (@names) {
    $two->await("the end of $n", 20, sub { ($two->playlist("$n/mid") || {})->{ended} });
    my ($source, $mid) = ($two->playlist("$n/source"), $two->playlist("$n/mid"));
    is(seqs($mid), seqs($source), "$n: the same segments in both variants");
    is(@{$mid->{segments}}, 10, "$n: all of them");
    is(gaps($mid), 0, "$n: no gap");
    my @m = facts($two, $n, 'mid');
    is_deeply([map { $_->{digest} } @m], [map { $_->{digest} } facts($two, $n, 'source')],
              "$n: the times are the source's");
}
my $alive;
$two->await('the old workers to end', 20, sub {
    my %now = map { $_ => 1 } workers($two);
    !grep { $now{$_} } @old;
});
pass('nothing holds an old worker longer than its streams');
is_deeply([$two->finish], [], 'no alert, nothing left running');


# --- a worker without room for renditions still serves the source

my $three = Test::Livepeer->new;
$three->orchestrator(transcoder => 'ok');
$three->gateway("livepeer_max_segment_size 8m;\nlivepeer_max_memory 16m;\n"
            . join '', map { "livepeer_profiles name=r$_ size=160x90 bitrate=10m;\n" } 1 .. 6);
is($three->publish('cam', seconds => 5, size => '426x240', audio => 0), 0, 'published');
$three->await('the end', 20, sub { ($three->playlist('cam/source') || {})->{ended} });
is(gaps($three->playlist('cam/source')), 0, 'the source goes on');
like(Test::Livepeer::slurp($three->dir . '/nginx-error.log'),
     qr/segment 0 of "cam" is not transcoded: .*livepeer_max_memory/, 'and the log says why');
is($three->stream('cam')->{renditions}, 0, 'no rendition was asked for');
is_deeply([$three->finish], [], 'no alert, nothing left running');

done_testing();
