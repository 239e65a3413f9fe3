#!/usr/bin/perl
# The orchestrator's server against those who do not want an answer: raw
# HTTP/2 frames, smuggled HTTP/1 requests, slow peers. After each the process
# is alive, not bigger, and serves another client. threats.md T-53 .. T-56,
# T-59.
# takes 35 s

use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Httpd qw/ $sanitized tool /;
use Time::HiRes qw/ time /;

plan skip_all => 'no ' . tool() if !-x tool();

my $h2raw = 't/tools/h2raw.py';
my $s = Test::Httpd->new(cleartext => 1, max_connections_ip => 1000,
                         header_ms => 1000, stall_ms => 1000);

conform();
warm();
floods();
slow();
allowed();
smuggling();
rubbish();
slots();
memory();

my $st = $s->until(sub { $_[0]{jobs} == 0 && $_[0]{connections} == 1 });
is($st->{jobs}, 0, 'no request is left');
is($st->{pieces}, 0, 'no piece of an answer is left');
ok($s->stop, 'the server ends clean');
done_testing();


sub conform {
    subtest 'RFC 9113, case by case' => sub {
        for (`$h2raw $s->{port} conform`) {
            if (/^(not )?ok \d+ - (.*)/) {
                ok(!$1, $2);
            } elsif (/^# /) {
                diag($_);
            }
        }
    };
}


# one line of h2raw as a hash
sub attack {
    my ($mode, @o) = @_;

    return { `$h2raw $s->{port} $mode @o` =~ /(\w+)=(\S+)/g };
}


# buffers and the allocator have their size before anything is compared
sub warm {
    attack('rapid-reset', 'n=200');
    attack('zero-window', 'n=1000000');
    $s->curl('/big?n=3000000');
}


# what holds after every attack
sub unharmed {
    my ($name, $rss) = @_;

    like($s->curl('/headers', '--http2-prior-knowledge'), qr/^GET/,
         "$name: another client is served");
    my $grown = $s->rss_kb - $rss;
    ok($sanitized || $grown < 4096, "$name: memory is flat")
        or diag("$grown kB more");
}


sub floods {
    my @modes = qw/ rapid-reset forced-reset continuation settings ping
                    priority unknown window empty-data /;
    my %threat = ('rapid-reset' => 'T-53', 'forced-reset' => 'T-53', continuation => 'T-54');

    for my $mode (@modes) {
        my ($rss, $cpu) = ($s->rss_kb, $s->cpu_s);
        my $before = $s->stats->{floods};
        my $r = attack($mode);

        is($r->{closed}, 1, ($threat{$mode} // 'T-55') . ", $mode: the connection is closed");
        cmp_ok($r->{done}, '<', 10_000, "$mode: soon");

        # in a burst the limit of streams at a time may be met first

        my $burst = $mode =~ /reset/ && $r->{goaway} eq '1';
        ok($burst || $r->{goaway} eq '11' || $r->{goaway} eq '-',
           "$mode: ENHANCE_YOUR_CALM, if it was heard") or diag($r->{goaway});
        ok($burst || $s->stats->{floods} == $before + 1, "$mode: counted");
        cmp_ok($s->cpu_s - $cpu, '<', $sanitized ? 3 : 0.5, "$mode: cheap");
        unharmed($mode, $rss);
    }

    my $rss = $s->rss_kb;
    my $r = attack('hpack-bomb', 'n=50000');
    is($r->{closed}, 1, 'T-54, hpack-bomb: the connection is closed');
    unharmed('hpack-bomb', $rss);
}


sub slow {
    my ($rss, $r) = $s->rss_kb;

    $r = attack('slow-head');
    is($r->{closed}, 1, 'T-56: a header block that stops: closed');
    cmp_ok($r->{ms}, '>=', 900, 'not before its deadline');
    cmp_ok($r->{ms}, '<=', 4000, 'but soon after');

    $r = attack('slow-body');
    is($r->{status}, 408, 'a body under the rate: 408');
    cmp_ok($r->{ms}, '<=', 6000, 'after two seconds');

    $r = attack('zero-window', 'n=5000000');
    is($r->{reset}, 8, 'a window that stays shut: the stream is reset');
    is($r->{done}, 0, 'without a byte sent');
    cmp_ok($r->{ms}, '<=', 4000, 'in time');

    $r = attack('no-reading', 'n=100000000');
    is($r->{closed}, 1, 'a socket that is not read: closed');
    cmp_ok($r->{ms}, '<=', 6000, 'in time');
    is($s->until(sub { !$_[0]{pieces} })->{pieces}, 0, 'its pieces are back');
    unharmed('slow', $rss);

    # two hundred at once, and one who wants something

    my @slow = map { $s->socket } 1 .. 200;
    syswrite $_, "POST /sink HTTP/1.1\r\nHost: x\r\nContent-Le" for @slow;
    my $start = time;
    like($s->curl('/headers'), qr/^GET/, 'in a crowd of slow heads: served');
    cmp_ok(time - $start, '<', 2, 'at once');
    $st = $s->until(sub { $_[0]{connections} == 1 });
    is($st->{connections}, 1, 'and the crowd is gone');
}


# what looks like an attack and is none
sub allowed {
    my $r = attack('finished-reset', 'n=900');

    is($r->{done}, 900, "libcurl's reset of each finished stream is free");
    is($r->{goaway}, '-', 'and costs no GOAWAY');
    $r = attack('big-header', 'n=65000');
    is($r->{status}, 200, '65 kB of tickets in a field');
    $r = attack('big-header', 'n=97000');
    is($r->{status}, 200, '97 kB in two fields');
    $r = attack('big-header', 'n=100000');
    is($r->{status}, 431, '100 kB are 431');
    $r = attack('big-header', 'n=300000');
    is($r->{status}, 431, '300 kB are 431');
    $r = attack('big-header', 'n=460000');
    is($r->{closed}, 1, '460 kB end the connection');
}


# each must be 400 or another refusal, and a close: never two answers
sub smuggling {
    my $get = "GET /headers HTTP/1.1\r\nHost: x\r\n";
    my $post = "POST /echo HTTP/1.1\r\nHost: x\r\n";
    my $next = "GET /headers?smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    my @cases = (
        [ 'both lengths', $post . "Content-Length: 6\r\n"
          . "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n$next" ],
        [ 'both lengths, the other way round', $post
          . "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n"
          . "0\r\n\r\n$next" ],
        [ 'two lengths', $post . "Content-Length: 5\r\nContent-Length: 6"
          . "\r\n\r\n12345$next" ],
        [ 'two equal lengths', $post . "Content-Length: 5\r\n"
          . "Content-Length: 5\r\n\r\n12345$next" ],
        [ 'a list of lengths', $post . "Content-Length: 5, 6\r\n\r\n12345" ],
        [ 'a length with a sign', $post . "Content-Length: +5\r\n\r\n12345" ],
        [ 'a negative length', $post . "Content-Length: -5\r\n\r\n12345" ],
        [ 'a length in hex', $post . "Content-Length: 0x5\r\n\r\n12345" ],
        [ 'a length without end', $post . "Content-Length: " . '9' x 30
          . "\r\n\r\n12345" ],
        [ 'a space in a length', $post . "Content-Length: 1 5\r\n\r\n12345" ],
        [ 'an empty length', $post . "Content-Length:\r\n\r\n$next" ],
        [ 'chunked twice', $post . "Transfer-Encoding: chunked\r\n"
          . "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n$next" ],
        [ 'chunked in a list', $post . "Transfer-Encoding: gzip, chunked"
          . "\r\n\r\n0\r\n\r\n$next" ],
        [ 'chunked not last', $post . "Transfer-Encoding: chunked, x"
          . "\r\n\r\n0\r\n\r\n$next" ],
        [ 'a coding like chunked', $post . "Transfer-Encoding: xchunked"
          . "\r\n\r\n0\r\n\r\n$next" ],
        [ 'chunked in quotes', $post . "Transfer-Encoding: \"chunked\""
          . "\r\n\r\n0\r\n\r\n$next" ],
        [ 'a tab before chunked', $post . "Transfer-Encoding:\x0bchunked"
          . "\r\n\r\n0\r\n\r\n$next" ],
        [ 'chunked in HTTP/1.0', "POST /echo HTTP/1.0\r\nHost: x\r\n"
          . "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n$next" ],
        [ 'a space before the colon', $post . "Content-Length : 5\r\n\r\n"
          . "12345$next" ],
        [ 'a bare LF in the head', "GET /headers HTTP/1.1\nHost: x\r\n\r\n" ],
        [ 'a bare LF after a field', $get . "X: y\n\r\n" ],
        [ 'a bare LF as the end', $get . "\n$next" ],
        [ 'a bare CR in a field', $get . "X: a\rb: c\r\n\r\n" ],
        [ 'a bare CR as a line end', $get . "X: a\rY: b\r\n\r\n" ],
        [ 'a folded line', $get . "X: a\r\n b\r\n\r\n" ],
        [ 'a folded first line', "GET /headers HTTP/1.1\r\n Host: x\r\n\r\n" ],
        [ 'a NUL in a value', $get . "X: a\0b\r\n\r\n" ],
        [ 'a NUL in a name', $get . "X\0Y: b\r\n\r\n" ],
        [ 'a control character in a value', $get . "X: a\x01b\r\n\r\n" ],
        [ 'a name without a colon', $get . "X\r\n\r\n" ],
        [ 'an empty name', $get . ": b\r\n\r\n" ],
        [ 'no Host', "GET /headers HTTP/1.1\r\n\r\n" ],
        [ 'two Hosts', $get . "Host: y\r\n\r\n" ],
        [ 'a space in the path', "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n" ],
        [ 'two spaces', "GET  /headers HTTP/1.1\r\nHost: x\r\n\r\n" ],
        [ 'a path without a slash', "GET headers HTTP/1.1\r\nHost: x\r\n\r\n" ],
        [ 'no version', "GET /headers\r\nHost: x\r\n\r\n" ],
        [ 'HTTP/2.0', "GET /headers HTTP/2.0\r\nHost: x\r\n\r\n" ],
        [ 'HTTP/1.2', "GET /headers HTTP/1.2\r\nHost: x\r\n\r\n" ],
        [ 'an unknown method', "SMUGGLE /headers HTTP/1.1\r\nHost: x\r\n\r\n" ],
        [ 'CONNECT', "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n$next" ],
        [ 'TLS where none is', "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\n\n" ],
        [ 'an expectation', $post . "Expect: 200-ok\r\n"
          . "Content-Length: 5\r\n\r\n12345" ],
    );
    my $chunked = $post . "Transfer-Encoding: chunked\r\n\r\n";
    my @bodies = (
        [ 'a chunk size with a sign', "+5\r\nhello\r\n0\r\n\r\n$next" ],
        [ 'a chunk size in another base', "0x5\r\nhello\r\n0\r\n\r\n$next" ],
        [ 'a chunk size of 20 digits', 'f' x 20 . "\r\nhello\r\n" ],
        [ 'a chunk size that is none', "zz\r\nhello\r\n0\r\n\r\n$next" ],
        [ 'an empty chunk size', "\r\nhello\r\n0\r\n\r\n$next" ],
        [ 'a bare LF after a size', "5\nhello\r\n0\r\n\r\n$next" ],
        [ 'a bare CR after a size', "5\rXhello\r\n0\r\n\r\n$next" ],
        [ 'a bare LF after a chunk', "5\r\nhello\n0\r\n\r\n$next" ],
        [ 'no line end after a chunk', "5\r\nhello0\r\n\r\n$next" ],
        [ 'a chunk longer than said', "5\r\nhello!\r\n0\r\n\r\n$next" ],
        [ 'a space before the size', " 5\r\nhello\r\n0\r\n\r\n$next" ],
        [ 'a bare LF in trailers', "0\r\nX: y\n\r\n$next" ],
        [ 'a bare LF as the end', "0\r\n\n$next" ],
        [ 'a bare LF in an extension', "5;a\nb\r\nhello\r\n0\r\n\r\n$next" ],
    );

    for ((map { [ $_->[0], $_->[1] ] } @cases),
         (map { [ $_->[0], $chunked . $_->[1] ] } @bodies))
    {
        my ($name, $bytes) = @$_;
        my $got = $s->raw($bytes, 3);
        like($got, qr{^HTTP/1.1 (400|405|417|501|505) }, "$name: refused");
        ok($s->{closed}, "$name: closed");
        is(() = $got =~ m{^HTTP/1\.1 }mg, 1, "$name: one answer");
    }
    like($s->curl('/headers'), qr/^GET/, 'and another client is served');
}


# good requests with a few bytes wrong; RUBBISH=N for more of them
sub rubbish {
    my $n = $ENV{RUBBISH} || 150;
    my $seed = $ENV{SEED} || 1;
    my @good = (
        "GET /headers?a=b HTTP/1.1\r\nHost: x\r\nX-Repeat: 1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        . "\r\n5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
        "POST /sink?max=3 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        . "Content-Length: 9\r\n\r\n123456789",
        "GET /big?n=100000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    );

    srand $seed;
    local $SIG{PIPE} = 'IGNORE';
    for (1 .. $n) {
        my $bytes = join '', map { $good[rand @good] } 0 .. rand 5;
        substr $bytes, rand length $bytes, 1, chr rand 256 for 0 .. rand 3;
        my $sock = $s->socket;
        syswrite $sock, $bytes;
        $s->read($sock, 0.005);
    }
    `$h2raw $s->{port} rubbish n=$n seed=$seed`;
    is($?, 0, "rubbish: $n connections of either kind (seed $seed)");
    like($s->curl('/headers'), qr/^GET/, 'rubbish: another client is served');
}


# T-56: those who never asked for anything leave first
sub slots {
    my $t = Test::Httpd->new(cleartext => 1, max_connections => 50,
                             max_connections_ip => 1000);
    my $good = $t->socket;
    my $ask = "GET /headers HTTP/1.1\r\nHost: x\r\n\r\n";

    syswrite $good, $ask;
    $t->read($good, 5, qr/x-repeat/);
    my @crowd = map { $t->socket } 1 .. 300;
    syswrite $good, $ask;
    like($t->read($good, 5, qr/x-repeat/), qr/^HTTP\/1.1 200/,
         'a crowd does not push out who has been served');
    ok($t->stop, 'clean');
}


# bodies beyond memory_max wait with their windows shut, and go on later
sub memory {
    my $t = Test::Httpd->new(cleartext => 1, memory_max => 8_000_000,
                             max_connections_ip => 1000);
    my @clients;
    my $body = Test::Httpd::spew('mem', 'm' x 3_000_000);

    for (1 .. 6) {
        my $pid = fork // die $!;
        if (!$pid) {
            my @o = $_ % 2 ? '--http2-prior-knowledge' : '--http1.1';
            my $code = '';
            for (1 .. 200) {
                $code = `curl -s @o -o /dev/null -H Expect: --max-time 60 \\
                         --limit-rate 2M -w '%{http_code}' \\
                         --data-binary \@$body @{[ $t->url('/sink') ]}`;
                last if $code ne '503';
                select undef, undef, undef, 0.05;
            }
            POSIX::_exit($code eq '200' ? 0 : 1);
        }
        push @clients, $pid;
    }
    my $good = grep { waitpid($_, 0) == $_ && $? == 0 } @clients;
    is($good, 6, 'uploads of twice the memory are all served, in turn');
    $t->until(sub { $_[0]{connections} == 1 });
    cmp_ok($t->stats->{memory}, '<', 300_000, 'all of it is given back');
    ok($t->stop, 'clean');
}
