#!/usr/bin/env perl

# Our MPEG-TS against FFmpeg's: clips of many shapes are muxed again by ours,
# cut at IDRs, and must pass TS1-TS9, decode without a word, and hold the same
# packets at the same times.
# takes 50 s

use strict;
use warnings;

use File::Temp qw/ tempdir /;
use Test::More;

my $build = $ENV{BUILD} || 'build';
my $remux = "$build/t/tools/tsremux";
my $check = "$build/t/tools/tscheck";
my $dir = tempdir(CLEANUP => 1);

my $video = '-f lavfi -i testsrc2=size=320x180:rate=';
my $sine = '-f lavfi -i sine=440:sample_rate=48000';
my $x264 = '-c:v libx264 -preset veryfast -sc_threshold 0';

my @clips = (
    {   name => 'two B-frames, IDR every 2 s, 48 kHz stereo',
        args => "${video}30 $sine -t 8 $x264 -bf 2 -g 60 -c:a aac -ac 2",
        cut => 2000, segments => 4, frames => 240 },

    {   name => 'no B-frames, four slices, untouched 8.333 s, no audio',
        args => "${video}30 -t 18 $x264 -bf 0 -g 250 -x264-params slices=4",
        cut => 2000, segments => 3, frames => 540 },

    {   name => 'three B-frames in a pyramid, 60 fps, 44.1 kHz mono',
        args => "${video}60 $sine -t 6 $x264 -bf 3 -b_strategy 0 -g 120"
                . ' -x264-params b-pyramid=strict -c:a aac -ar 44100 -ac 1',
        cut => 2000, segments => 3, frames => 360 },

    {   name => '23.976 fps, 22.05 kHz',
        args => "${video}24000/1001 $sine -t 6 $x264 -bf 2 -g 48"
                . ' -c:a aac -ar 22050',
        cut => 2000, segments => 3, frames => 144 },

    {   name => '5 fps: the clock goes on between pictures, MP3',
        args => "${video}5 $sine -t 8 $x264 -bf 1 -g 10 -c:a libmp3lame",
        cut => 2000, segments => 4, frames => 40 },

    {   name => '5.1',
        args => "${video}25 $sine -t 4 $x264 -bf 2 -g 50 -c:a aac -ac 6",
        cut => 2000, segments => 2, frames => 100 },

    {   name => 'times that wrap at 2^33',
        args => "${video}30 $sine -t 8 $x264 -bf 2 -g 60 -c:a aac"
                . ' -output_ts_offset 95440',
        cut => 2000, segments => 4, frames => 240, wraps => 1 },

    {   name => 'a thousand segments of 0.1 s',
        args => '-f lavfi -i testsrc2=size=128x72:rate=30'
                . " $sine -t 100 $x264 -preset ultrafast -bf 0 -g 3 -c:a aac",
        cut => 90, segments => 1000, frames => 3000 },
);

plan skip_all => 'no ffmpeg' if system('ffmpeg -version > /dev/null 2>&1');
plan tests => 7 * @clips;

run_clip($_, $clips[$_]) for 0 .. $#clips;


sub run_clip {
    my ($n, $clip) = @_;

    my $in = "$dir/$n.ts";
    my $all = "$dir/$n-all.ts";

    is(output("ffmpeg -v error -nostdin -y $clip->{args} -f mpegts $in"), '',
        "clip: $clip->{name}");
    is(output("$remux $in '$dir/$n-%d.ts' $clip->{cut}"), '', '  muxed again');

    my @parts = grep { -e } map { "$dir/$n-$_.ts" } 0 .. $clip->{segments};

    is(@parts, $clip->{segments}, '  cut at its IDRs');

    my @facts = split /\n/, output(join ' ', $check, @parts);
    my @bad = grep { !/ inspect=ok check=ok$/ } @facts;

    is_deeply(\@bad, [], '  TS1-TS9 hold over all segments');

    my $units = 0;
    $units += (/ units=(\d+)/)[0] for @facts;
    is($units, $clip->{frames}, '  every picture is there');

    system("cat @parts > $all");

    # FFmpeg's own clock breaks where the wrap is not the file's first

    my @read = $clip->{wraps} ? @parts : ($all);

    is(join('', map { output("ffmpeg -v warning -nostdin -i $_ -f null -") }
            @read), '', '  decodes without a word');

    my $got = packets($all);

    is_deeply([$got, scalar @{$got->{video}}], [packets($in), $clip->{frames}],
        '  the same packets and times');
}


# what a command says, on either channel

sub output {
    my ($command) = @_;

    my $said = `$command 2>&1`;

    return $? ? "$said(exit $?)" : $said;
}


# PTS and DTS of every packet by track, and the audio's bytes; those of the
# video change with its AUDs

sub packets {
    my ($file) = @_;

    my (%tracks, %p);
    my $entries = 'packet=codec_type,pts,dts,data_hash';

    my $probe = 'ffprobe -v error -show_data_hash md5 -of default=nw=1';

    for (`$probe -show_entries $entries $file`) {
        chomp;
        my ($key, $value) = split /=/, $_, 2;
        $p{$key} = $value;

        push @{$tracks{$p{codec_type}}}, join ' ', @p{qw/ pts dts /},
            $p{codec_type} eq 'audio' ? $value : () if $key eq 'data_hash';
    }

    return \%tracks;
}
