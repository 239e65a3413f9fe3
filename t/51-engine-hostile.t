#!/usr/bin/perl
# What a peer may send instead of a segment: each gets one clear status in
# bounded time and memory, and the next segment is done as if nothing was.
# takes 60 s

use strict;
use warnings;
use Test::More;
use File::Path qw/ make_path remove_tree /;
use JSON::PP;

my $build = $ENV{BUILD} || 'build';
my $bin = "$build/orchestrator/transcoder/transcoder";
my $tcdrive = "$build/t/tools/tcdrive";
my $dir = "$build/t/hostile";
for ($bin, $tcdrive) { plan skip_all => "$_ is not built" if !-x }

$ENV{BUILD} = $build;
remove_tree($dir);
make_path($dir);
my $sanitized = $build =~ /san/;

my @profile = ('--profile', 'name=a,size=160x90,bitrate=200k');
my $x264 = '-c:v libx264 -preset veryfast -x264-params aud=1:open-gop=0';

# two clean segments to take apart
my $good = clip('good', 'testsrc2=s=320x180:r=30:d=2', "$x264 -bf 0 -g 60");
my $other = clip('other', 'mandelbrot=s=256x144:r=30', "$x264 -pix_fmt yuv420p -bf 0 -g 60 -t 2");
my @au = units($good);
my @au2 = units($other);
is(scalar @au, 60, 'the clip has its 60 access units');
my ($clean) = jobs('clean', ts('own', timed(@au)));
is($clean->{status}, 'ok', 'and our own bytes of it are a segment');
my $want = md5("$dir/clean/a-0.ts");

subtest 'not a transport stream' => sub {
    my %disguise = (
        playlist => "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/passwd\n",
        playlist2 => "#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1:1/x.ts\n",
        concat => "ffconcat version 1.0\nfile '/etc/passwd'\n",
        concat2 => "concat:/etc/passwd|/etc/hosts", subfile => 'subfile,,start,0,end,9,,:/etc/passwd',
        sdp => "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 1 RTP/AVP 96\n",
        dash => '<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1:1/</BaseURL></MPD>',
        svg => '<svg xmlns:xlink="x"><image xlink:href="file:///etc/passwd"/></svg>',
        webm => "\x1a\x45\xdf\xa3" . "\0" x 2000, flv => "FLV\1\5\0\0\0\t" . "\0" x 2000,
        avi => 'RIFF' . "\0" x 4 . 'AVI LIST' . "\0" x 2000, wav => 'RIFFxxxxWAVEfmt ' . "\0" x 2000,
        gif => 'GIF89a' . "\0" x 2000, jpeg => "\xff\xd8\xff\xe0" . "\0" x 2000,
        png => "\x89PNG\r\n\x1a\n" . "\0" x 2000, id3 => 'ID3' . "\0" x 2000,
        mxf => "\x06\x0e\x2b\x34" . "\0" x 2000, asf => "\x30\x26\xb2\x75" . "\0" x 2000,
        mpegps => "\0\0\1\xba" . "\0" x 2000, ass => "[Script Info]\nTitle: x\n",
        srt => "1\n00:00:00,000 --> 00:00:01,000\nx\n", null => "\0" x 100_000,
        ones => "\xff" x 100_000, empty => '', one => 'G', sync => 'G' x 100_000,
        h264 => slurp("$dir/good.h264"), noise => join('', map { chr int rand 256 } 1 .. 100_000),
        packet => "\x47\x1f\xff\x10" . "\xff" x 184, shifted => "\0" . substr(slurp($good), 0, 50_000) =~ s/G/H/gr,
    );
    run(qw/ ffmpeg -v error -y -i /, $good, qw/ -c copy -movflags +faststart /, "$dir/m.mp4");
    $disguise{mp4} = slurp("$dir/m.mp4");
    my @names = sort keys %disguise;
    my @res = jobs('disguise', map { put($_, $disguise{$_}) } @names);
    for my $i (0 .. $#names) {
        like($res[$i]{status}, qr/^(bad_container|no_video)$/, $names[$i]);
    }
    cmp_ok(scalar @names, '>=', 30, 'T-47: thirty disguises');
};

subtest 'one status each' => sub {
    my $t = 'testsrc2=s=320x180:r=30:d=1';
    my @t = timed(@au);
    my @case = (
        ['ok',              'as it is', ts('t-ok', @t)],
        ['no_keyframe',     'no IDR first', ts('t-noidr', @t[1 .. 59])],
        ['bad_container',   'PES without PTS', ts('t-nopts', $t[0], [undef, undef, $t[1][2]])],
        ['ok',              'PES without DTS', ts('t-nodts', map { [$_->[0], undef, $_->[2]] } @t)],
        ['no_video',        'tables and nothing else', ts('t-none')],
        ['no_video', 'zero-byte PES', ts('t-zero', map { [900_000 + $_, undef, ''] } 1 .. 20_000)],
        ['too_many_frames', '1,000 frames a second', clip('fps', 'color=s=64x48:r=1000:d=2', "$x264 -g 2000 -bf 0")],
        ['too_long',        'PTS jump an hour', ts('t-hour', @t[0 .. 29], map { [$_->[0] + 324_000_000, undef, $_->[2]] } @t[30 .. 59])],
        ['too_long',        'PTS jump back an hour', ts('t-back', @t[0 .. 29], map { [$_->[0] - 324_000_000, undef, $_->[2]] } @t[30 .. 59])],
        ['too_many_frames', 'all PTS the same', ts('t-same', map { [900_000, undef, $_->[2]] } @t)],
        ['damaged',         'and a duration', ts('t-same2', map { [900_000, undef, $_->[2]] } @t) . '@2000'],
        ['damaged',         'PTS that fall', ts('t-fall', map { [1_800_000 - $_->[0], undef, $_->[2]] } @t) . '@2000'],
        ['input_changed',   'another size within', ts('t-size', @t, map { [$_->[0] + 180_000, undef, $_->[2]] } timed(@au2))],
        ['ok',              'SEI after slices', ts('t-sei', map { [@$_[0, 1], "$_->[2]\0\0\1\6\5\x10" . 'x' x 16 . "\x80"] } @t)],
        ['damaged|no_frames', 'slices of zero bytes', ts('t-hollow', $t[0], map { [@$_[0, 1], substr($_->[2], 0, 12) . "\0" x 400] } @t[1 .. 59])],
        ['too_large',       '8192x8192', clip('8k', 'color=s=8192x8192:r=1:d=1', '-c:v libx264 -preset ultrafast')],
        ['too_large',       '8192x16', clip('wide', 'color=s=8192x16:r=1:d=1', '-c:v libx264 -preset ultrafast')],
        ['ok',              '16x4000', clip('tall', 'color=s=16x4000:r=10:d=1', '-c:v libx264 -preset ultrafast')],
        ['bad_pixfmt',      '4:4:4', clip('444', $t, '-c:v libx264 -preset ultrafast -pix_fmt yuv444p')],
        ['bad_pixfmt',      '10 bits', clip('10b', $t, '-c:v libx264 -preset ultrafast -pix_fmt yuv420p10')],
        ['bad_pixfmt',      'interlaced', clip('int', $t, '-c:v libx264 -preset ultrafast -flags +ildct+ilme')],
        ['bad_codec',       'MPEG-2', clip('mpeg2', $t, '-c:v mpeg2video')],
        ['bad_codec',       'HEVC', clip('hevc', $t, '-c:v libx265 -preset ultrafast -x265-params log-level=none')],
        ['audio_only',      'audio alone', clip('aac', 'sine=d=2', '-c:a aac')],
        ['ok|bad_container', '7 h of audio times in 2 s', clip('audio7h', undef, '')],
    );
    my @res = jobs('each', map { $_->[2] } @case);
    for my $i (0 .. $#case) {
        my ($status, $name) = @{$case[$i]};
        like($res[$i]{status}, qr/^($status)$/, $name);
    }
};

subtest 'limits of a job' => sub {
    my $file = ts('limits', timed(@au));
    my @case = (
        ['budget',   'more pixels than paid for', '--max-pixels', 1000, "$file\@2000"],
        ['ok',       'as many as paid for', '--max-pixels', 60 * (320 * 180 + 160 * 90), "$file\@2000"],
        ['budget',   'and one fewer', '--max-pixels', 60 * (320 * 180 + 160 * 90) - 1, "$file\@2000"],
        ['ok',       'no budget is the default one', '--max-pixels', 0, "$file\@2000"],
        ['too_long', 'declared longer than 20 s', "$file\@20001"],
        ['ok',       'unless the deadline leaves the time', '--deadline', 60_000, "$file\@20001"],
        ['too_long', 'but never 300 s', '--deadline', 4_000_000, "$file\@300001"],
        ['timeout',  'a deadline that is over', '--deadline', 1, "$file\@2000"],
        ['ok',       'and after it', '--deadline', 0, "$file\@2000"],
        ['ok',       'a declared duration of nothing', "$file"],
    );
    my @args = map { my (undef, undef, @a) = @$_; @a } @case;
    my @res = jobs('limits', @args);
    for my $i (0 .. $#case) { is($res[$i]{status}, $case[$i][0], $case[$i][1]) }

    my ($big) = jobs('bytes', '--arg', '--max-bytes', '--arg', 10_000, "$file\@2000");
    is($big->{status}, 'too_big', 'more bytes than allowed');

    my $uhd = clip('uhd', 'color=s=3840x2160:r=10:d=0.2', '-c:v libx264 -preset ultrafast');
    my ($wall) = jobs('uhd', (map { ('--profile', "name=u$_,size=3840x2160,bitrate=1000k") } 1 .. 3), $uhd);
    is($wall->{status}, 'limit', 'more pictures at a time than memory is for');
};

# a hole in time is not filled with frames, whatever the rate asked for
subtest 'holes' => sub {
    my @t = timed(@au);
    my $file = ts('hole', @t[0 .. 29], map { [$_->[0] + 900_000, undef, $_->[2]] } @t[30 .. 59]);
    my ($r) = jobs('hole', '--profile', 'name=f,size=160x90,bitrate=200k,fps=120', "$file\@12000");
    is($r->{status}, 'ok', 'T-48: 10 s without frames');
    cmp_ok($r->{renditions}[1]{frames}, '<=', 120 * 4 + 4, 'are not invented');
    ($r) = jobs('lie', '--profile', 'name=f,size=160x90,bitrate=200k,fps=120', ts('lie', @t) . '@20000');
    is($r->{status}, 'ok', '2 s declared as 20 s');
    cmp_ok($r->{renditions}[1]{frames}, '<=', 120 * 3 + 4, 'bring no frames either');
};

subtest 'profiles' => sub {
    my $file = ts('prof', timed(@au[0 .. 1]));
    my @bad = ('0,0,100000,0,1,0', '1,8192,100000,0,1,0', '8192,16,100000,0,1,0',
               '641,361,100000,0,1,0', '640,360,0,0,1,0', '640,360,4000000000,0,1,0',
               '640,360,100000,4000000000,1,0', '640,360,100000,30,0,-7',
               '640,360,100000,121,1,0', '640,360,100000,1,4000000000,0');
    for my $raw (@bad) {
        my @res = jobs('raw', '--no-profiles', '--raw', $raw, "$file\@66",
                       '--no-profiles', @profile, "$file\@66");
        like($res[0]{status}, qr/^(bad_profile|no_frames)$/, "raw $raw");
        is($res[1]{status}, 'ok', 'and a good one after it');
    }
    my ($r) = jobs('many', (map { ('--profile', "name=p$_,size=32x18,bitrate=20k") } 1 .. 11), "$file\@66");
    is($r->{status}, 'ok', 'twelve profiles');
    is(scalar @{$r->{renditions}}, 12, 'twelve renditions');
};

subtest 'cut off' => sub {
    my $whole = slurp($good);
    my @cut = map { int(length($whole) / 188 * $_ / 40) * 188 } 1 .. 39;
    push @cut, map { 188 * $_ } 1 .. 12;
    push @cut, map { $_ * 1000 + 1 } 1 .. 12;
    my @res = jobs('cut', map { put("cut$_", substr $whole, 0, $_) } @cut);
    is(scalar @res, scalar @cut, scalar(@cut) . ' lengths');
    my @odd = grep { $_->{status} !~ /^(ok|damaged|no_frames|no_keyframe|no_video|bad_container|bad_codec)$/ } @res;
    is_deeply([map { $_->{status} } @odd], [], 'each with a status of its own');
};

subtest 'flipped' => sub {
    srand 7;
    my $whole = slurp($good);
    my @files;
    for my $n (1 .. 60) {
        my $bytes = $whole;
        for (1 .. ($n % 3 ? 200 : 5)) {
            my $at = int rand length $bytes;
            next if $n % 2 && $at % 188 < 4;               # leave the packets alone
            substr($bytes, $at, 1) = chr int rand 256;
        }
        push @files, put("flip$n", $bytes) . '@2000';
    }
    my @res = jobs('flip', @files, '--session', 2, ts('own', timed(@au)) . '@2000');
    is(scalar @res, 61, 'all answered');
    is($res[-1]{status}, 'ok', 'and the next session works');
    my %seen;
    $seen{$_->{status} . ($_->{damaged} ? '+' : '')}++ for @res;
    note(join ', ', map { "$_: $seen{$_}" } sort keys %seen);
    cmp_ok($seen{'ok+'} || 0, '>', 0, 'damage that could be concealed is said');
};

# A is done before and after a broken B: its pictures are its own
subtest 'nobody sees another' => sub {
    my $a = ts('own', timed(@au)) . '@2000';
    my $b = put('broken', corrupt(slurp($other))) . '@2000';
    my @res = jobs('tenants', $a, '--session', 2, '--seq', 1, $b, '--session', 1, '--seq', 2, $a,
                   '--session', 2, '--seq', 3, $b, '--session', 2, '--seq', 4, $other,
                   '--session', 3, '--seq', 5, $a);
    is($res[$_]{status}, 'ok', "A $_") for 0, 2, 5;
    is(md5("$dir/tenants/a-$_.ts"), $want, "T-52: A's own pictures in $_") for 0, 2, 5;
    is($res[4]{status}, 'ok', 'B whole');
    my ($alone) = jobs('alone', '--session', 2, '--seq', 4, $other);
    is(md5("$dir/tenants/a-4.ts"), md5("$dir/alone/a-4.ts"), "B's own when it is whole");
};

subtest 'not the protocol' => sub {
    for my $bytes ('', 'x', 'GET / HTTP/1.1', 'LPJ1' . "\xff" x 12, "LPJ1\2\0\0\0" . "\0" x 7 . "\x05hello",
                   "LPJ1\2\0\0\0" . "\0" x 8, "LPJ1\1\0\0\0" . "\0" x 8, "LPJ1\x09\0\0\0" . "\0" x 8) {
        my $pid = open my $fh, '-|', 'perl', '-MSocket', '-e', <<'PERL', $bin, unpack('H*', $bytes);
            socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0);
            my $pid = fork // die;
            if (!$pid) {
                close $a;
                require POSIX;
                POSIX::dup2(fileno $b, 9);
                open STDERR, '>', '/dev/null';
                exec $ARGV[0], '--fd', 9;
            }
            close $b;
            sysread $a, my $hello, 16;
            syswrite $a, pack('H*', $ARGV[1]);
            shutdown $a, 1;
            1 while sysread $a, my $rest, 65536;
            waitpid $pid, 0;
            print $? & 127, ' ', $? >> 8;
PERL
        my $end = <$fh>;
        close $fh;
        is($end, length($bytes) < 16 ? '0 0' : '0 1', length($bytes) . ' bytes of nonsense end it quietly');
    }
};

done_testing();

sub run { system(@_) == 0 or die "@_: $?\n" }
sub slurp { local $/; open my $fh, '<', $_[0] or die "$_[0]: $!"; <$fh> }

sub put {
    my ($name, $bytes) = @_;

    open my $fh, '>', "$dir/$name.in" or die $!;
    print $fh $bytes;
    close $fh;
    return "$dir/$name.in";
}

sub clip {
    my ($name, $source, $enc) = @_;

    my $out = "$dir/$name.ts";
    if ($name eq 'audio7h') {                 # real video, audio far away
        my @t = timed(@au);
        return ts($name, @t, map { [900_000 + $_ * 2_268_000, undef, "\xff\xf1\x4c\x80\x01\x1f\xfc\0", 1] } 0 .. 999);
    }
    run(qw/ ffmpeg -v error -y -f lavfi -i /, $source, split(' ', $enc), qw/ -f mpegts /, $out);
    run(qw/ ffmpeg -v error -y -i /, $out, qw/ -c copy -f h264 /, "$dir/$name.h264")
        if $name =~ /^(good|other)$/;
    return $out;
}

# the access units of a clip, at their delimiters
sub units {
    my $es = slurp($_[0] =~ s/\.ts$/.h264/r);

    return split /(?=\x00\x00\x00\x01\x09)/, $es;
}

sub timed { my $n = 0; map { [900_000 + 3000 * $n++, undef, $_] } @_ }

# a transport stream of [PTS, DTS, bytes, is audio]; either time may be undef
sub ts {
    my ($name, @pes) = @_;

    my %cc;
    my $packet = sub {
        my ($pid, $start, $payload, $pcr) = @_;
        my $room = 184 - length $payload;
        my $af = '';
        if ($room || defined $pcr) {
            $af = defined $pcr ? pack('CN n', 0x50, $pcr >> 1, ($pcr & 1) << 15 | 0x7e00)
                : $room > 1 ? "\0" : '';
            my $len = $room - 1;
            $af = pack('C', $len) . substr($af . "\xff" x 184, 0, $len);
        }
        return pack('CnC', 0x47, ($start ? 0x4000 : 0) | $pid,
                    ($af ne '' ? 0x30 : 0x10) | ($cc{$pid}++ & 15)) . $af . $payload;
    };
    my $section = sub {
        my $s = shift;
        return "\0" . ($s . pack('N', crc($s))) . "\xff" x (184 - 5 - length $s);
    };
    my $out = $packet->(0, 1, $section->("\0\xb0\x0d\0\1\xc1\0\0\0\1\xf0\0"));
    $out .= $packet->(0x1000, 1, $section->("\2\xb0\x17\0\1\xc1\0\0\xe1\0\xf0\0\x1b\xe1\0\xf0\0\x0f\xe1\1\xf0\0"));
    for my $p (@pes) {
        my ($pts, $dts, $bytes, $audio) = @$p;
        my $time = sub { my ($mark, $t) = @_; $t &= (1 << 33) - 1;
                         pack('Cnn', $mark << 4 | ($t >> 29 & 14) | 1, ($t >> 14 & 0xfffe) | 1, ($t << 1 & 0xfffe) | 1) };
        my $head = !defined $pts ? "\x80\0\0" : !defined $dts ? "\x80\x80\5" . $time->(2, $pts)
                 : "\x80\xc0\x0a" . $time->(3, $pts) . $time->(1, $dts);
        my $len = $audio ? length($head) + length $bytes : 0;
        my $data = "\0\0\1" . ($audio ? "\xc0" : "\xe0") . pack('n', $len) . $head . $bytes;
        my $first = 1;
        while (length $data) {
            my $pcr = $first && !$audio && defined $pts ? ($pts - 27_000) & ((1 << 33) - 1) : undef;
            my $max = defined $pcr ? 176 : 184;
            $out .= $packet->($audio ? 0x101 : 0x100, $first, substr($data, 0, $max, ''), $pcr);
            $first = 0;
        }
    }
    return put($name, $out);
}

sub crc {
    my $crc = 0xffffffff;
    for my $byte (unpack 'C*', $_[0]) {
        $crc ^= $byte << 24;
        for (1 .. 8) { $crc = ($crc << 1 ^ ($crc & 0x80000000 ? 0x04c11db7 : 0)) & 0xffffffff }
    }
    return $crc;
}

sub corrupt {
    my $bytes = shift;
    srand 3;
    for (1 .. 2000) {
        my $at = int rand length $bytes;
        substr($bytes, $at, 1) = chr int rand 256 if $at % 188 > 3;
    }
    return $bytes;
}

# one transcoder for all of it; it must live to the end, and stay small
sub jobs {
    my ($name, @args) = @_;

    make_path("$dir/$name");
    my @p = grep({ $_ eq '--no-profiles' } @args) ? () : @profile;
    open my $fh, '-|', $tcdrive, '--arg', '--log-level', '--arg', 'error', '--out', "$dir/$name", @p, @args or die $!;
    my @lines = map { decode_json($_) } <$fh>;
    close $fh;
    my $end = $lines[-1];
    is("$end->{exit} $end->{signal}", '0 0', "$name: the transcoder lives");
    cmp_ok($end->{rss_kb}, '<', 1024 * 1024, "$name: below 1 GiB") if !$sanitized;
    my @res = grep { $_->{file} } @lines;
    is_deeply([map { $_->{file} } grep { $_->{wall_ms} > 8000 && $_->{status} ne 'timeout' } @res], [],
              "$name: none takes longer than 8 s") if !$sanitized;
    return @res;
}

sub md5 { `ffmpeg -v error -i $_[0] -map 0:v -f md5 -` }
