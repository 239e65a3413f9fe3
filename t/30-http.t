#!/usr/bin/perl
# The orchestrator's server as clients see it: three protocols on one TLS
# port, early answers, limits, gRPC, draining.
# takes 40 s

use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Test::Httpd qw/ $sanitized tool slurp spew /;
use IPC::Open2;
use Time::HiRes qw/ time /;

plan skip_all => 'no ' . tool() if !-x tool();

my $block = join '', map { chr(($_ * 7 + ($_ >> 8)) & 255) } 0 .. 65535;
my $some = $block x 40;                                  # 2.5 MiB
my $some_file = spew('some', $some);
my $big_file = spew('big', "\0" x 50_000_000);

my @clients = (
    [ 'HTTP/2',          0, '2',   '--http2' ],
    [ 'HTTP/1.1',        0, '1.1', '--http1.1' ],
    [ 'no ALPN',         0, '1.1', '--http1.1', '--no-alpn' ],
    [ 'h2c',             1, '2',   '--http2-prior-knowledge' ],
    [ 'h2c by upgrade',  1, '1.1', '--http2' ],
    [ 'cleartext',       1, '1.1', '--http1.1' ],
);
my @servers = map { Test::Httpd->new(cleartext => $_) } 0, 1;

requests(@$_) for @clients;
body_limits(@$_) for @clients[0, 1];
early(@$_) for @clients[0 .. 3, 5];
grpc();

for my $s (@servers) {
    my $st = $s->until(sub { $_[0]{jobs} == 0 && $_[0]{connections} == 1 });
    is($st->{jobs}, 0, 'no request is left');
    is($st->{pieces}, 0, 'every piece of an answer was released');
    cmp_ok($st->{memory}, '<', 300_000, 'no memory is counted any more');
    ok($s->stop, 'the server ends clean');
}

tls();
raw_http1();
deadlines();
connections();
lives();
descriptors();
drain();
done_testing();


sub requests {
    my ($name, $clear, $version, @o) = @_;
    my $s = $servers[$clear];

    is($s->curl('/echo', @o, '--data-binary', 'hello'), 'hello',
       "$name: a body comes back");
    is("$s->{status} $s->{version}", "200 $version", "$name: 200");
    ok($s->curl('/echo', @o, '--data-binary', "\@$some_file") eq $some,
       "$name: 2.5 MiB come back as they were");
    is(length $s->curl('/big?n=8000000', @o), 8_000_000,
       "$name: 8 MB in pieces");
    is($s->curl('/slow', @o), "slow\n", "$name: an answer from a timer");
    is($s->curl('/nowhere', @o), "not found\n", "$name: error text");
    is($s->{status}, 404, "$name: 404");
    $s->curl('/big?n=5000', @o, '-I');
    is($s->{status}, 200, "$name: HEAD");
    like($s->curl('/headers?a=1', @o, '-H', 'X-Repeat: one', '-H',
                  'x-repeat: two'),
         qr{^GET /headers\?a=1 localhost:\d+ peer=127.0.0.1 x-repeat=2:one$},
         "$name: a repeated header is counted");
    like($s->curl('/headers', @o, '-H', 'X-Repeat: ' . 'v' x 60_000),
         qr/x-repeat=1:vvv/, "$name: a field of 60 kB (600 tickets)");
    if ($version eq '1.1') {              # libcurl cannot send it over h2
        $s->curl('/headers', @o, '-H', 'X-Big: ' . 'v' x 70_000);
        is($s->{status}, 431, "$name: a field of 70 kB is 431");
    }
    $s->curl('/headers', @o, map { ('-H', "x-$_: 1") } 1 .. 101);
    is($s->{status}, 431, "$name: 101 fields are 431");

    # a client that leaves in the middle

    my $before = $s->stats->{aborted};
    $s->curl('/slow?wait=5000', @o, '--max-time', '0.2');
    my $st = $s->until(sub { $_[0]{aborted} > $before });
    is($st->{aborted}, $before + 1, "$name: the handler hears of it");
    $s->curl('/big?n=100000000', @o, '--max-filesize', 1000);
    is($s->until(sub { !$_[0]{pieces} })->{pieces}, 0,
       "$name: and its pieces are released");
}


sub body_limits {
    my ($name, $clear, $version, @o) = @_;
    my $s = $servers[$clear];
    my $before = $s->stats;

    is($s->curl('/sink', @o, '-H', 'Expect:', '--data-binary',
                "\@$big_file"), "request body too large\n",
       "$name: 50 MB are refused by their length");
    is($s->{status}, 413, "$name: 413");
    cmp_ok($s->stats->{bytes_in} - $before->{bytes_in}, '<', 20_000_000,
           "$name: most of it was not sent");

    is($s->curl('/sink?max=1000000', @o, '-H', 'Expect:', '-H',
                'Transfer-Encoding: chunked', '--data-binary',
                "\@$some_file") && $s->{status}, 413,
       "$name: and by what came when no length was said");
    is($s->curl('/refuse', @o, '-H', 'Expect:', '--data-binary',
                "\@$some_file"), "refused\n", "$name: refused at its head");
    is($s->{status}, 403, "$name: 403");
}


# the 200 is seen before half of the body is sent
sub early {
    my ($name, $clear, $version, @o) = @_;
    my $s = $servers[$clear];
    my ($got, $pid);

    if ($version eq '2') {
        my $tls = $clear ? '' : 'tls=1';
        like(`t/tools/h2raw.py $s->{port} early $tls`, qr/^done=200 /,
             "$name: 200 before the body is whole");
        return;
    }

    my ($in, $out) = ($s->socket) x 2;
    if (!$clear) {
        my @alpn = grep({ $_ eq '--no-alpn' } @o) ? ()
                                                  : ('-alpn', 'http/1.1');
        undef $in;
        undef $out;
        $pid = open2($out, $in, 'openssl', 's_client', '-quiet', @alpn,
                     '-verify_quiet', '-CAfile', $s->{cert}, '-servername',
                     'localhost', '-connect', "127.0.0.1:$s->{port}");
    }
    syswrite $in, "POST /early HTTP/1.1\r\nHost: x\r\n"
                . "Content-Length: 2000\r\n\r\n" . 'x' x 1000;
    $got = $s->read($out, 10, qr/\r\n\r\n/);
    like($got, qr{^HTTP/1.1 200 }, "$name: 200 before the body is whole");
    syswrite $in, 'x' x 1000;
    like($got . $s->read($out, 10, qr/0\r\n\r\n$/), qr/received 2000\n/,
         "$name: and the body after it");
    kill 'TERM', $pid and waitpid $pid, 0 if $pid;
}


sub grpc {
    my $s = $servers[0];

    SKIP: {
        skip 'no python3-grpcio', 1
            if system("/usr/bin/python3 -c 'import grpc' 2>/dev/null");
        my $script = spew('call.py', <<'PYTHON');
import grpc, sys
cert = open(sys.argv[2], 'rb').read()
channel = grpc.secure_channel('127.0.0.1:' + sys.argv[1],
                              grpc.ssl_channel_credentials(cert),
                              (('grpc.ssl_target_name_override', 'localhost'),))
one = channel.unary_unary('/grpc.Test/Echo')
print(one(b'hello', timeout=10), len(one(b'x' * 1000000, timeout=10)))
print(list(channel.unary_stream('/stream.Test/Messages')(b'', timeout=10)))
for i in range(1500):
    one(b'again', timeout=10)
for path in '/nowhere/Nothing', '/denied.Test/Never':
    try:
        channel.unary_unary(path)(b'', timeout=10)
    except grpc.RpcError as e:
        print(e.code(), e.details() if 'denied' in path else '')
PYTHON
        my $call = "$script $s->{port} $s->{cert} 2>$script.err";
        my $out = `/usr/bin/python3 $call`;
        is($out, "b'hello' 1000000\n[b'0', b'1', b'2', b'3', b'4']\n"
           . "StatusCode.UNIMPLEMENTED \n"
           . "StatusCode.PERMISSION_DENIED not today\n",
           'grpcio: unary, streaming, 1500 calls across a GOAWAY')
            or diag(slurp("$script.err"));
    }

    my $said = $s->curl('/grpc/x', '--http2', '-D', '-', '-H',
                        'content-type: application/grpc', '-H',
                        'te: trailers', '--data-binary', 'm');
    like($s->{said}, qr/^content-type: application\/grpc\r$/m,
         'gRPC with curl: headers');
    like($s->{said}, qr/^grpc-status: 0\r$/m, 'gRPC with curl: trailers');
}


sub tls {
    my $s = Test::Httpd->new(args => [ '--name', '127.0.0.1' ]);
    my $ask = "openssl s_client -connect 127.0.0.1:$s->{port}"
            . " -CAfile $s->{cert} -verify_return_error";
    my $line = `$ask -alpn http/1.1,h2 </dev/null 2>&1`;

    like($line, qr/ALPN protocol: h2/, 'h2 although http/1.1 was named first');
    like($line, qr/Verify return code: 0/, 'the certificate verifies itself');
    like($line, qr/AES_128_GCM/, 'AES-GCM');
    unlike($line, qr/New Session Ticket|TLS session ticket:/, 'no tickets');
    like(`$ask -tls1_2 -alpn foo </dev/null 2>&1`,
         qr/No ALPN negotiated/, 'TLS 1.2, and an ALPN nobody knows');
    like(`$ask -tls1_1 -cipher ALL:\@SECLEVEL=0 </dev/null 2>&1`,
         qr/Cipher is \(NONE\)/, 'TLS 1.1 is refused');
    `curl -sS --cacert $s->{cert} https://127.0.0.1:$s->{port}/stats`;
    is($?, 0, 'the address is in the certificate, as an address');
    like(`openssl x509 -in $s->{cert} -noout -ext subjectAltName`,
         qr/DNS:127.0.0.1, IP Address:127.0.0.1/, 'and as a name');
    ok($s->stop, 'clean');

    my $key = spew('key.pem', '');
    my $cert = spew('cert.pem', '');
    system "openssl req -x509 -newkey rsa:2048 -nodes -keyout $key"
         . " -out $cert -subj /CN=mine -addext subjectAltName=DNS:localhost"
         . ' 2>/dev/null';
    $s = Test::Httpd->new(args => [ '--cert', $cert, $key ]);
    is(slurp($s->{cert}) =~ s/\s+//gr, slurp($cert) =~ s/\s+//gr,
       'a certificate of our own is served');
    like($s->curl('/headers'), qr/^GET/, 'and works');
    my $busy = `@{[ tool() ]} --addr 127.0.0.1:$s->{port} 2>&1`;
    like($busy, qr/address already in use: another orchestrator\?/,
         'a second one says what is wrong');
    like(`@{[ tool() ]} --cert $key $cert 2>&1`,
         qr/cannot be read as PEM/, 'files the wrong way round');
    ok($s->stop, 'clean');
}


sub raw_http1 {
    my $s = Test::Httpd->new(cleartext => 1);
    my $got;

    $got = $s->raw("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
                   . "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3"
                   . "\r\n\r\nabc"
                   . "GET /nowhere HTTP/1.1\r\nHost: x\r\n"
                   . "Connection: close\r\n\r\n");
    is(join(' ', $got =~ m{(?:HTTP/1.1 (?=\d)|\b)(\d\d\d(?= )|slow|abc|not found)}g),
       '200 slow 200 abc 404 not found', 'pipelined: answered in order');
    ok($s->{closed}, 'and closed as asked');

    my $sock = $s->socket;
    syswrite $sock, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                  . "Expect: 100-continue\r\n\r\n";
    is($s->read($sock, 5, qr/\r\n\r\n/), "HTTP/1.1 100 Continue\r\n\r\n",
       '100-continue');
    syswrite $sock, 'ok';
    like($s->read($sock, 5, qr/ok$/), qr{^HTTP/1.1 200 .*\r\n\r\nok$}s,
         'then the answer');

    $got = $s->raw("POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
                   . "Expect: 100-continue\r\n\r\n");
    like($got, qr{^HTTP/1.1 403 .*connection: close}s,
         'refused before it is sent: no 100');

    $got = $s->raw("POST /early HTTP/1.1\r\nHost: x\r\n"
                   . "Transfer-Encoding: chunked\r\n\r\n"
                   . "5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n", 5,
                   qr/\r\n0\r\n\r\n$/);
    like($got, qr{chunked.*\r\n\r\nb\r\nreceived 6\n\r\n0\r\n\r\n$}s,
         'chunked both ways, trailers thrown away');

    $got = $s->raw("GET /early HTTP/1.0\r\n\r\n");
    unlike($got, qr/chunked/, 'HTTP/1.0 gets no chunks');
    like($got, qr/connection: close.*received 0\n$/s, 'but a close');
    $got = $s->raw("GET /headers HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                   . "GET /headers HTTP/1.0\r\n\r\n");
    is(() = $got =~ /^GET/mg, 2, 'HTTP/1.0 may keep the connection');

    $got = $s->raw("\r\nGET http://host/headers?x HTTP/1.1\r\nHost: h\r\n"
                   . "Connection: close\r\n\r\n");
    like($got, qr{GET /headers\?x h }, 'absolute form; an empty line before');

    $got = $s->raw('GET /' . 'x' x 20_000 . " HTTP/1.1\r\nHost: h\r\n\r\n");
    like($got, qr{^HTTP/1.1 414 }, 'a path of 20 kB is 414');
    $got = $s->raw("GET / HTTP/1.1\r\n" . "x: y\r\n" x 200_000);
    like($got, qr{^HTTP/1.1 431 }, 'a head without end is 431');
    ok($s->stop, 'clean');
}


sub deadlines {
    my $s = Test::Httpd->new(cleartext => 1, header_ms => 300,
                             idle_ms => 400, stall_ms => 500);
    my ($got, $start);

    $start = time;
    $got = $s->raw("GET / HTTP/1.1\r\nHo");
    like($got, qr{^HTTP/1.1 408 }, 'a head that stops is 408');
    within($start, 0.25, 1.5, 'at its deadline');

    $start = time;
    $got = $s->raw("GET /headers HTTP/1.1\r\nHost: x\r\n\r\n");
    ok($s->{closed}, 'an idle connection is closed');
    within($start, 0.35, 1.6, 'at its deadline');

    $start = time;
    $got = $s->raw("POST /sink HTTP/1.1\r\nHost: x\r\n"
                   . "Content-Length: 1000000\r\n\r\nxxx");
    like($got, qr{^HTTP/1.1 408 }, 'a body under the rate is 408');
    within($start, 1.9, 3.5, 'after two seconds');

    $start = time;
    $got = $s->raw("POST /sink?ms=300 HTTP/1.1\r\nHost: x\r\n"
                   . "Content-Length: 1000000\r\n\r\nxxx");
    like($got, qr{^HTTP/1.1 408 }, "a body after the handler's deadline");
    within($start, 0.25, 1.5, 'at it');

    my $sock = $s->socket;
    syswrite $sock, "GET /big?n=50000000 HTTP/1.1\r\nHost: x\r\n\r\n";
    my $st = $s->until(sub { $_[0]{pieces} == 0 && $_[0]{timeouts} >= 4 }, 5);
    is($st->{pieces}, 0, 'a reader that does not read is dropped');
    is($st->{jobs}, 0, 'nothing is left of them');
    ok($s->stop, 'clean');

    $s = Test::Httpd->new(handshake_ms => 300);
    $start = time;
    $s->raw('', 5);
    ok($s->{closed}, 'a handshake that does not come');
    within($start, 0.25, 1.5, 'is not awaited');
    ok($s->stop, 'clean');
}


sub within {
    my ($start, $min, $max, $name) = @_;
    my $took = time - $start;

    $max *= 3 if $sanitized;
    ok($took >= $min && $took <= $max, $name)
        or diag("took $took, not $min .. $max s");
}


sub connections {
    SKIP: {
        skip 'no IPv6', 2 if !-s '/proc/net/if_inet6';
        my $six = Test::Httpd->new(cleartext => 1, args => [ '--addr',
                                   '[::1]:0' ]);
        like(`curl -s -g 'http://[::1]:$six->{port}/headers'`,
             qr/peer=::1 /, 'IPv6');
        ok($six->stop, 'clean');
    }

    my $s = Test::Httpd->new(cleartext => 1, max_connections_ip => 3);
    my @held = map { $s->socket } 1 .. 3;

    is($s->raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), '',
       'the fourth connection of an address is closed');
    ok($s->{closed}, 'at once');
    pop @held;
    like($s->curl('/stats', '--retry', 20, '--retry-all-errors',
                  '--retry-delay', 0), qr/^refused [1-9]/m,
         'its place is free when one ends');
    @held = ();
    ok($s->stop, 'clean');

    $s = Test::Httpd->new(cleartext => 1, max_connections => 20,
                          max_connections_ip => 100);
    @held = map { $s->socket } 1 .. 60;
    like($s->curl('/headers'), qr/^GET/,
         'silent connections make room, the oldest first');
    cmp_ok($s->stats->{connections}, '<=', 20, 'and never more than allowed');
    ok($s->stop, 'clean');

    $s = Test::Httpd->new(handshakes_per_s => 5);
    @held = map { $s->socket } 1 .. 20;
    my $closed = grep { $s->read($_, 0.5); $s->{closed} } @held;
    cmp_ok($closed, '>=', 10, 'handshakes beyond the rate are closed');
    ok($s->stop, 'clean');
}


# a connection's life of 5 requests, seen by clients that keep it
sub lives {
    for (@clients[0, 1]) {
        my ($name, undef, undef, @o) = @$_;
        my $s = Test::Httpd->new(max_requests => 5);
        my $before = $s->stats->{accepted};

        $s->curl([ ('/headers') x 23 ], @o, '--retry', 3,
                 (map { ('-o', '/dev/null') } 2 .. 23));
        is($s->{said} =~ s/^200 .*\n//mgr, '', "$name: 23 requests are answered");
        cmp_ok($s->stats->{accepted} - $before, '>=', $name eq 'HTTP/2' ? 1 : 5,
               "$name: over several connections");
        ok($s->stop, 'clean');
    }
}


sub descriptors {
    my $s = Test::Httpd->new(cleartext => 1, shell => 'ulimit -n 40',
                             max_connections_ip => 1000);
    my @held = map { $s->socket } 1 .. 80;
    my $cpu = $s->cpu_s;

    # some of them are told by a close that there is no place

    my $end = time + 10;
    my $closed = 0;
    for my $sock (@held) {
        last if $closed || time > $end;
        $s->read($sock, 0.05);
        $closed ||= $s->{closed};
    }
    ok($closed, 'out of descriptors: a connection is shed');
    cmp_ok($s->cpu_s - $cpu, '<', 0.5, 'without spinning');

    # as soon as it has seen that they are gone

    @held = ();
    $end = time + 10;
    my $answer = '';
    $answer = $s->curl('/headers') while $answer !~ /^GET/ && time < $end;
    like($answer, qr/^GET/, 'and service goes on');
    ok($s->stop, 'clean');
}


sub drain {
    my $s = Test::Httpd->new(cleartext => 1);
    my $idle = $s->socket;
    my $busy = $s->socket;

    syswrite $idle, "GET /headers HTTP/1.1\r\nHost: x\r\n\r\n";
    $s->read($idle, 5, qr/x-repeat/);
    syswrite $busy, "GET /slow?wait=1500 HTTP/1.1\r\nHost: x\r\n\r\n";
    $s->until(sub { $_[0]{jobs} == 1 });
    like(`t/tools/h2raw.py $s->{port} drain`, qr/^done=2 goaway=0 closed=1 /,
         'HTTP/2: GOAWAY twice, and what was asked is answered');
    like($s->read($busy, 5), qr/connection: close.*slow\n$/s,
         'HTTP/1.1: the answer that was due, and close');
    $s->read($idle, 5);
    ok($s->{closed}, 'an idle connection is closed');
    is($s->line(5), "drained\n", 'then the server is told');
    waitpid delete $s->{pid}, 0;
    is($?, 0, 'and ends clean');
}
