#!/usr/bin/perl
# The transcoder alone: clips of many kinds are cut, transcoded segment by
# segment and put together again; ffprobe and tscheck say what came out.
# takes 90 s

use strict;
use warnings;
no warnings 'qw';
use Test::More;
use File::Path qw/ make_path remove_tree /;
use JSON::PP;

my $build = $ENV{BUILD} || 'build';
my $bin = "$build/orchestrator/transcoder/transcoder";
my $dir = "$build/t/engine";
my @tools = map { "$build/t/tools/$_" } qw/ tcdrive tscheck tsremux /;
for ($bin, @tools) { plan skip_all => "$_ is not built" if !-x }
my ($tcdrive, $tscheck, $tsremux) = @tools;

$ENV{BUILD} = $build;
remove_tree($dir);
make_path($dir);

# what people publish; [encoder options, filters, audio rate]
my %clip = (
    obs    => ['s=1280x720:r=30', '-bf 2 -g 60', '', 48000],
    ntsc   => ['s=640x360:r=30000/1001', '-bf 3 -g 60', '', 44100],
    flat60 => ['s=640x360:r=60', '-bf 0 -g 120', '', 48000],
    rtmp   => ['s=640x360:r=30', '-bf 2 -g 60 -enc_time_base 1:1000',
               'settb=1/1000', 44100],
    vfr    => ['s=640x360:r=30', '-bf 2 -g 45 -enc_time_base 1:1000',
               q{settb=1/1000,select='mod(n\,7)*mod(n\,11)'}, 22050],
    phone  => ['s=360x640:r=25', '-bf 2 -g 50', '', 48000],
    pal    => ['s=720x576:r=25', '-bf 2 -g 50', 'setsar=16/15', 48000],
    tiny   => ['s=64x48:r=10', '-bf 2 -g 20', '', 48000],
    mute   => ['s=320x240:r=30', '-bf 2 -g 60', '', 0],
    full   => ['s=320x240:r=30', '-bf 2 -g 60 -color_range pc -colorspace bt709'
               . ' -color_primaries bt709 -color_trc bt709',
               'scale=out_range=full,format=yuv420p', 48000],
);

subtest 'every kind of source' => sub {
    for my $name (sort keys %clip) {
        my @seg = segments($name, clip($name, @{$clip{$name}}), 2000);
        my @res = drive($name, \@seg, qw/ --profile name=a,size=320x180,bitrate=400k
                        --profile name=b,size=1280x720,bitrate=900k,profile=main /);
        same_times($name, \@seg, $_) for qw/ a b /;
        joins($name, \@seg, $_) for $name eq 'rtmp' ? qw/ a b / : 'a';
    }
};

subtest 'sizes' => sub {
    my @boxes = ('640x360', '320x180', '1920x1080');
    my %want = (obs   => ['640x360', '320x180', '1280x720'],
                phone => ['360x640', '180x320', '360x640'],
                pal   => ['480x360', '240x180', '768x576'],
                tiny  => ['64x48', '64x48', '64x48']);
    for my $name (sort keys %want) {
        my @seg = segments($name, "$dir/$name.ts", 2000);
        my ($r) = drive("$name-size", [$seg[0]],
            map { ('--profile', "name=p$_,size=$boxes[$_],bitrate=500k") } 0 .. 2);
        is_deeply([map { "$_->{width}x$_->{height}" } @{$r->{renditions}}],
                  $want{$name}, "$name in @boxes");
        is($_->{pixels}, $_->{frames} * $_->{width} * $_->{height}, 'pixels counted')
            for @{$r->{renditions}};
    }
    my ($w, $h, $range, $matrix) = split /,/, probe("$dir/full-out/a-0.ts",
        '-select_streams v -show_entries stream=width,height,color_range,color_space');
    is_deeply([$range, $matrix], [qw/ pc bt709 /], 'colour is said as the source says it');
};

# the union of all segments is the grid: no tick twice, none missing
subtest 'frame rates' => sub {
    my @rates = (['obs', '15', 6000, 300], ['obs', '60', 1500, 300],
                 ['ntsc', '30', 3000, 44100], ['ntsc', '25', 3600, 44100],
                 ['ntsc', '24000/1001', 3753.75, 44100], ['rtmp', '30', 3000, 44100],
                 ['vfr', '30', 3000, 22050], ['flat60', '30', 3000, 48000],
                 ['tiny', '30', 3000, 48000]);
    for my $case (@rates) {
        my ($name, $fps, $step) = @$case;
        my @seg = segments($name, "$dir/$name.ts", 2000);
        my @res = drive("$name-fps", \@seg,
                        '--profile', "name=f,size=320x180,bitrate=300k,fps=$fps");
        joins("$name-fps", \@seg, 'f', $fps);
        my @pts = sort { $a <=> $b } pts("$dir/joined.ts");
        my $first = int($pts[0] / $step + 0.5);
        my @bad = grep { abs($pts[$_] - ($first + $_) * $step) > 1 } 0 .. $#pts;
        is(scalar @bad, 0, "$name at $fps: every tick once")
            or diag("first at $bad[0]: @pts[$bad[0] - 1 .. $bad[0] + 1]");
        my $end = $seg[-1]{first} + 90 * $seg[-1]{ms};
        cmp_ok(abs($pts[-1] + $step - $end), '<=', $step + 90, 'up to the end');
        cmp_ok(abs($pts[0] - $seg[0]{first}), '<=', $step, 'from the start');
    }

    # a clock in ms must not make a steady source stutter
    my @seg = segments('rtmp', "$dir/rtmp.ts", 2000);
    drive('rtmp-same', \@seg, qw/ --profile name=g,size=320x180,bitrate=900k,fps=30 /);
    my $still = grep { $_ } map { repeats("$dir/rtmp-same-out/g-$_.ts") } 0 .. $#seg;
    is($still, 0, '30 fps on the ms grid at fps=30: no frame shown twice');
};

subtest 'GOPs' => sub {
    my @seg = segments('obs', "$dir/obs.ts", 2000);
    drive('gop', \@seg, qw/ --profile name=h,size=320x180,bitrate=500k,gop=500ms
        --profile name=i,size=320x180,bitrate=2000k,gop=intra /);
    for my $n (0 .. $#seg) {
        my @key = keys_of("$dir/gop-out/h-$n.ts");
        is_deeply([map { $_ - $seg[$n]{first} } @key], [map { 45000 * $_ } 0 .. 3],
                  "an IDR every 500 ms from the first frame of segment $n");
        is(scalar keys_of("$dir/gop-out/i-$n.ts"), $seg[$n]{units}, 'all IDR');
    }
    joins('gop', \@seg, 'h');
};

subtest 'h264 profiles' => sub {
    my @seg = segments('obs', "$dir/obs.ts", 2000);
    my %want = (baseline => 'Constrained Baseline', main => 'Main', high => 'High');
    my @p = sort keys %want;
    drive('prof', \@seg, map { ('--profile', "name=$_,size=320x180,bitrate=300k,profile=$_") } @p);
    for (@p) {
        my ($got) = split /,/, probe("$dir/prof-out/$_-0.ts",
            '-select_streams v -show_entries stream=profile');
        is($got, $want{$_}, $_);
        joins('prof', \@seg, $_);
    }
};

subtest 'nothing is left in the decoder' => sub {
    my (@all, @jobs);
    for my $bf (0 .. 3) {
        for my $len (1, 2, 3, 60) {
            my $name = "gop$len-bf$bf";
            my $clip = clip($name, 's=160x96:r=30', "-bf $bf -g $len -frames:v "
                            . ($len * 4), '', 48000);
            my @seg = segments($name, $clip, 10);
            push @jobs, '--session', scalar(@all) + 1, @seg;
            push @all, @seg;
        }
    }
    for my $drain (qw/ flush sentinel /) {
        my @res = drive($drain, \@jobs, '--arg', '--drain', '--arg', $drain,
                        qw/ --profile name=a,size=160x96,bitrate=200k /);
        is_deeply([map { "$_->{file} $_->{frames}" } @res],
                  [map { "$_->{file} $_->{units}" } @all],
                  "$drain: 1, 2, 3 and 60 frames, 0 to 3 B-frames");
        same_times($drain, \@all, 'a');
    }

    # hardware encoders say nothing of reordering in their SPS
    my $clip = "$dir/novui.ts";
    strip_vui("$dir/obs.ts", $clip);
    my @seg = segments('novui', $clip, 2000);
    for my $drain (qw/ flush sentinel /) {
        my @res = drive("novui-$drain", \@seg, '--arg', '--drain', '--arg', $drain,
                        qw/ --profile name=a,size=320x180,bitrate=200k /);
        is_deeply([map { $_->{frames} } @res], [map { $_->{units} } @seg],
                  "$drain: B-frames without VUI");
        is($res[0]{damaged}, 0, 'and none is out of order');
    }
};

subtest 'one thread, many threads: the same bytes' => sub {
    my @seg = segments('obs', "$dir/obs.ts", 2000);
    my @p = map { ('--profile', "name=t$_,size=320x180,bitrate=${_}00k") } 1 .. 4;
    drive("threads$_", \@seg, '--arg', '--threads', '--arg', $_, @p) for 0, 1, 2;
    for my $r (map { "t$_-1.ts" } 1 .. 4) {
        ok(slurp("$dir/threads$_-out/$r") eq slurp("$dir/threads0-out/$r"), "$r with $_")
            for 1, 2;
    }
};

subtest 'sessions' => sub {
    my @obs = segments('obs', "$dir/obs.ts", 2000);
    my @ntsc = segments('ntsc', "$dir/ntsc.ts", 2000);
    my @p = qw/ --profile name=s,size=320x180,bitrate=300k /;
    drive('alone', [@obs], @p);
    drive('mixed', [$obs[0], '--session', 2, '--seq', 100, $ntsc[0],
                    '--session', 1, '--seq', 1, $obs[1], '--end', '--ping',
                    '--session', 2, '--seq', 101, $ntsc[1]], @p);
    # the counters of a session end with it, so the muxed bytes differ: compare pictures
    is(md5v("$dir/mixed-out/s-1.ts"), md5v("$dir/alone-out/s-1.ts"),
       'a segment does not depend on whose came before it');
};

subtest 'real clips' => sub {
    my $media = $ENV{LP_MEDIA} || '../shared/media';
    my @clips = glob("$media/*.mp4");
    plan skip_all => 'no clips' if !@clips;
    for my $file (@clips) {
        my ($name) = $file =~ m{([^/]+)\.mp4$};
        $name =~ s/[^a-z0-9]/-/g;
        run(qw/ ffmpeg -v error -y -i /, $file, qw/ -t 12 -c copy -f mpegts /, "$dir/$name.ts");
        my @seg = segments($name, "$dir/$name.ts", 2000);
        drive($name, \@seg, qw/ --profile name=a,size=640x360,bitrate=800k
              --profile name=b,size=426x240,bitrate=400k /);
        same_times($name, \@seg, $_) for qw/ a b /;
        joins($name, \@seg, 'a');
    }
};

subtest 'the program' => sub {
    like(`$bin --version`, qr/^transcoder \d/, '--version');
    like(`$bin --help`, qr/--encoder NAME/, '--help');
    like(`$bin --probe 2>/dev/null`, qr/^encoder (libx264|h264_nvenc) \(.+\)$/m, '--probe');
    is(system("$bin --fd 3 2>/dev/null 3>&-") >> 8, 2, 'no descriptor 3');
    is(system("$bin --encoder mpeg2 2>/dev/null") >> 8, 2, 'no such encoder');
    is(system("$bin 2>/dev/null") >> 8, 2, 'nothing to do');
    my $facts = decode_json(`$bin --inspect $dir/obs-out/a-0.ts 2>/dev/null`);
    is_deeply([@$facts{qw/ status width height frames damaged /}],
              ['ok', 320, 180, 60, 0], '--inspect');
};

subtest 'the sandbox' => sub {
    for (qw/ open socket exec fork kill /) {
        my $rc = system("exec $bin --self-test-sandbox $_ 2>/dev/null");
        is($rc & 127, 31, "T-49, $_: dies by SIGSYS");
    }
    is(system("$bin --self-test-sandbox nothing 2>/dev/null"), 0, 'else it lives');
};

done_testing();

sub run { system(@_) == 0 or die "@_: $?\n" }

sub slurp { local $/; open my $fh, '<', $_[0] or die "$_[0]: $!"; <$fh> }

sub clip {
    my ($name, $source, $enc, $filter, $rate) = @_;

    my $out = "$dir/$name.ts";
    return $out if -e $out;
    my $len = $enc =~ /frames:v (\d+)/ ? $1 / 30 : 6;
    my @audio = $rate ? ('-f', 'lavfi', '-i', "sine=r=$rate:d=$len") : ();
    run(qw/ ffmpeg -v error -y -f lavfi -i /, "testsrc2=$source:d=$len", @audio,
        ($filter ? ('-vf', $filter) : ()), qw/ -fps_mode passthrough -c:v libx264
        -preset veryfast -sc_threshold 0 -keyint_min 1 -x264-params open-gop=0 /,
        split(' ', $enc), qw/ -c:a aac -f mpegts /, $out);
    return $out;
}

# cut by our own muxer; each segment with its facts and exact duration
sub segments {
    my ($name, $clip, $ms) = @_;

    unlink glob "$dir/$name-src-*.ts";
    run($tsremux, $clip, "$dir/$name-src-%d.ts", $ms);
    my @seg = facts(map { "$dir/$name-src-$_.ts" } 0 .. scalar(() = glob "$dir/$name-src-*.ts") - 1);
    for my $i (0 .. $#seg) {
        my $s = $seg[$i];
        $s->{step} = $s->{units} > 1 ? ($s->{last} - $s->{first}) / ($s->{units} - 1) : 3000;
        $s->{end} = $i < $#seg ? $seg[$i + 1]{first} : $s->{last} + $s->{step};
        $s->{ms} = int(($s->{end} - $s->{first}) / 90 + 0.5);
    }
    return @seg;
}

sub facts {
    my @files = @_;

    my @all;
    for my $line (split /\n/, `$tscheck @files`) {
        my ($file) = split ' ', $line;
        my %f = $line =~ /(\w+)=(\S+)/g;
        my ($check) = $line =~ /check=(.*)/;
        push @all, { file => $file, units => $f{units}, idrs => $f{idrs},
                     first => $f{first_pts}, last => $f{last_pts},
                     first_dts => $f{first_dts}, last_dts => $f{last_dts},
                     audio => $f{audio_bytes}, digest => $f{digest}, check => $check };
    }
    return @all;
}

sub drive {
    my ($name, $segs, @options) = @_;

    my $out = "$dir/$name-out";
    remove_tree($out);
    make_path($out);
    open my $fh, '-|', $tcdrive, '--arg', '--log-level', '--arg', 'error', '--out', $out, @options,
        map { ref $_ ? "$_->{file}\@$_->{ms}" : $_ } @$segs or die $!;
    my @lines = map { decode_json($_) } <$fh>;
    close $fh;
    is($lines[-1]{exit}, 0, "$name: the transcoder ends well");
    my @res = grep { $_->{file} } @lines;
    is_deeply([grep { $_ ne 'ok' } map { $_->{status} } @res], [], "$name: each job is ok");
    return @res;
}

sub probe {
    my ($file, $what) = @_;

    my $out = `ffprobe -v error $what -of csv=p=0 $file`;
    $out =~ s/\s+$//;
    return $out =~ s/^.*\n\n//sr;          # a program's streams come twice
}

sub packets {
    map { [split /,/] } grep { /\d/ } split /\n/,
        `ffprobe -v error -select_streams v -show_entries packet=pts,dts,flags -of csv=p=0 $_[0]`;
}

sub pts { map { $_->[0] } packets(@_) }
sub keys_of { map { $_->[0] } grep { $_->[2] =~ /K/ } packets(@_) }

sub same_times {
    my ($name, $segs, $rung) = @_;

    my @out = facts(map { "$dir/$name-out/$rung-$_.ts" } 0 .. $#$segs);
    my @bad = grep { $out[$_]{digest} ne $segs->[$_]{digest}
                     || $out[$_]{units} != $segs->[$_]{units}
                     || $out[$_]{first} != $segs->[$_]{first} } 0 .. $#out;
    is_deeply([scalar @out, @bad], [scalar @$segs], "$name $rung: the PTS are the source's");
}

# the pieces play as one: nothing to complain of, no hole, the source's audio
sub joins {
    my ($name, $segs, $rung, $fps) = @_;

    my @files = map { "$dir/$name-out/$rung-$_.ts" } 0 .. $#$segs;
    my @out = facts(@files);
    is_deeply([grep { $_ ne 'ok' } map { $_->{check} } @out], [],
              "$name $rung: TS1-TS10 with counters carried on");
    run("cat @files > $dir/joined.ts");
    is(`ffmpeg -v warning -i $dir/joined.ts -map 0:v -enc_time_base 1:90000 -fps_mode passthrough -f null - 2>&1`, '', 'decodes without a word');

    my @p = packets("$dir/joined.ts");
    my @back = grep { $p[$_][1] <= $p[$_ - 1][1] } 1 .. $#p;
    my @late = grep { $_->[1] > $_->[0] } @p;
    is_deeply([scalar @back, scalar @late], [0, 0], 'DTS rise, and are not after PTS');
    is(scalar(grep { $out[$_]{idrs} < 1 } 0 .. $#out), 0, 'each begins with an IDR');

    for my $i (1 .. ($fps ? 0 : $#out)) {
        my $hole = $out[$i]{first} - $segs->[$i - 1]{end};
        cmp_ok(abs($hole), '<=', 90, "join $i: no gap, no overlap") if abs($hole) > 90;
    }

    is_deeply([map { $_->{audio} } @out], [map { $_->{audio} } @$segs],
              'audio: as many bytes in each');
    return if $rung ne 'a';
    run('cat ' . join(' ', map { $_->{file} } @$segs) . " > $dir/source.ts");
    ok(audio("$dir/joined.ts") eq audio("$dir/source.ts"), 'audio: the same packets and times');
}

sub audio { `ffmpeg -v error -copyts -i $_[0] -map 0:a? -vn -c copy -f framemd5 - 2>/dev/null` =~ s/^#.*\n//mgr }

sub md5v { `ffmpeg -v error -i $_[0] -map 0:v -f md5 -` }

# pictures equal to the one before
sub repeats {
    my @md5 = map { (split /,\s*/)[5] } grep { !/^#/ }
        split /\n/, `ffmpeg -v error -i $_[0] -map 0:v -vf mpdecimate=hi=200:lo=100:frac=1 -fps_mode passthrough -f framemd5 -`;
    my @all = pts($_[0]);
    return @all - @md5;
}

# every SPS of the file ends before its VUI; its room is kept with zero bytes
sub strip_vui {
    my ($in, $out) = @_;

    my $ts = slurp($in);
    my $n = 0;
    for (my $at = 0; ($at = 1 + index $ts, "\0\0\1\x67", $at) > 0; $at += 4) {
        $at += 2;
        my ($end) = substr($ts, $at, 120) =~ /^(.+?)(?=\x00\x00(?:\x00)?\x01)/s or next;
        my $raw = $end =~ s/\x00\x00\x03/\x00\x00/gr;
        my $bits = unpack 'B*', substr($raw, 1);
        my $pos = 24;
        my $ue = sub {
            my $zeros = 0;
            $zeros++ while substr($bits, $pos++, 1) eq '0';
            my $v = oct('0b1' . substr($bits, $pos, $zeros)) - 1;
            $pos += $zeros;
            return $v;
        };
        $ue->();                                               # id
        if (ord(substr $raw, 1) == 100) { $ue->() for 1 .. 3; $pos += 2 }
        $ue->();                                               # frame_num bits
        my $type = $ue->();
        $ue->() if $type == 0;
        $ue->(); $pos++; $ue->(); $ue->(); $pos++; $pos++;     # to direct_8x8
        if (substr($bits, $pos++, 1)) { $ue->() for 1 .. 4 }   # cropping
        my $new = substr($bits, 0, $pos) . '01';               # no VUI, stop bit
        $new .= '0' while length($new) % 8;
        my $nal = "\x67" . pack('B*', $new);
        substr($ts, $at, length $end) = $nal . "\0" x (length($end) - length $nal);
        $n++;
    }
    open my $fh, '>', $out or die $!;
    print $fh $ts;
    close $fh;
    cmp_ok($n, '>', 0, "$n parameter sets cut short");
}
