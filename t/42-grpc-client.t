#!/usr/bin/perl
# The wire, seen by a client in another language with a public gRPC library:
# discovery, credentials, segments, renditions, and each refusal of a segment
# request that exists off chain, by its status and its exact words.
# takes 30 s

use strict;
use warnings;
use lib 't/lib';
use MIME::Base64;
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Test::Client;

my $t = Test::Livepeer->new()->plan(146);
my ($KEY0, $KEY1) = ($Test::Client::KEY0, $Test::Client::KEY1);
my @fast = ('--discovery-rate', 100000, '--discovery-burst', 100000,
            '--discovery-total', 100000, '--ping-rate', 1000);
my $o = $t->orchestrator(transcoder => '--size 20000 obey',
                         args => [@fast, '--segment-max', '64k']);
my $c = Test::Client->new($o->{url});


# --- the client itself

my $r = $c->ask('selftest');
is($r->{empty}, 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470', 'Keccak of nothing');
is($r->{foo}, '41b1a0649752af1b28b3dc29a1556eee781e4a4c3a1f7f53f90fa834de098c4d', 'Keccak of "foo"');
is($r->{address}, '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266', 'address of a key');
is($r->{sig}, '35912871611224b2a21b31145d6105570fcd5fc140c12b195786e3da03088544'
   . '73e4e05a6329b24a6d0f6076ce389ec2688216053cd5d8efa3443a586bdfc4461b', 'signature');
ok($r->{back}, 'and back to the address');


# --- GetOrchestrator

$r = $c->info;
is($r->{grpc}, 0, 'off chain no one needs to be someone');
is($r->{transcoder}, $o->{url}, 'the service address');
like($r->{address}, qr/^[0-9a-f]{40}$/, 'the address that signs results');
is_deeply($r->{bits}, ['4001f9b'], 'what it can do: no MP4, no foreign storage, no MPEG-7');
like($r->{version}, qr/^\d+\.\d+\.\d+/, 'a version that parses');
ok(!$r->{price} && !$r->{params}, 'no price and no ticket parameters off chain');
like($r->{session}, qr/^[0-9a-f]{32}$/, 'a session id of 128 bits');
cmp_ok($r->{expires_in}, '>', 1790, 'a token for 30 minutes');
cmp_ok($r->{expires_in}, '<=', 1800, '... and not longer');
isnt($c->info->{session}, $r->{session}, 'each answer has its own session');
my $signer = $r->{address};

is($c->info(key => $KEY0)->{grpc}, 0, 'a signed request');

my $bad = 'Invalid orchestrator request: orchestrator req sig check failed';
for (['another signer', key => $KEY0, address => '70997970c51812dc3a010c7d01b50e0d17dc79c8'],
     ['no signature', address => '70997970c51812dc3a010c7d01b50e0d17dc79c8'],
     ['a high s', key => $KEY0, high_s => 1],
     ['a signature by no one', sig => '11' x 64 . '1b'])
{
    my ($name, @how) = @$_;
    $r = $c->info(@how, forget => 1);
    is_deeply([@$r{qw/ grpc text /}], [2, $bad], "request with $name is refused");
}


# --- segments

$r = $c->info;
my $session = $r->{session};
$r = $c->segment(profiles => \@Test::Client::TWO, seq => 7);
is($r->{status}, 200, 'a segment');
is($r->{seq}, 7, 'its number comes back');
is($r->{error}, '', 'without an error');
is_deeply($r->{urls}, ["$o->{url}/stream/$session/240p/7.ts",
                       "$o->{url}/stream/$session/360p/7.ts"], 'where its renditions are');
is_deeply($r->{pixels}, [60 * 426 * 240, 60 * 640 * 360], 'frames x width x height');
ok($r->{signed}, 'the bytes fetched are those that were signed, by the address told');
is($r->{info}{address}, $signer, 'the same address in the answer');
ok($r->{token_same}, 'the token of the request comes back');
my $url = $r->{urls}[0];

$r = $c->ask('get', url => $url);
is_deeply([map { $r->{headers}{$_} } qw/ content-type x-content-type-options
           access-control-allow-origin access-control-expose-headers cache-control /],
          ['video/mp2t', 'nosniff', '*', 'Content-Length', 'max-age=5'], 'headers of a rendition');
is($r->{headers}{'content-length'}, $r->{len}, 'with its length');
my $length = $r->{len};
$r = $c->ask('get', url => $url, method => 'HEAD');
is_deeply([$r->{status}, $r->{headers}{'content-length'}, $r->{len}], [200, $length, 0],
          'HEAD says the same, without the bytes');

for my $path ("/stream/$session/240p/8.ts", "/stream/$session/240p/07.ts",
              "/stream/$session/240p/7.mp4", "/stream/$session/240p/7.ts/",
              "/stream/$session/480p/7.ts", "/stream/$session/../240p/7.ts",
              '/stream/' . '0' x 32 . '/240p/7.ts', '/stream/', '/stream/x',
              "/stream/$session//7.ts", "/stream/$session/240p/.ts",
              "/stream/$session/240p/-7.ts", "/stream/\U$session/240p/7.TS",
              "/stream/$session/240p/99999999999999999999.ts")
{
    is(Test::Client::refusal($c->ask('get', path => $path)), '404 ErrNotFound', "nothing at $path");
}

is(Test::Client::refusal($c->ask('get', path => "/stream/$session/240p/7.ts", method => 'DELETE')),
   '405 Method Not Allowed', 'a rendition cannot be deleted');

$r = $c->segment(body => "slow 700\n", seq => 8);
cmp_ok($r->{total_s} - $r->{headers_s}, '>=', 0.6, 'the early 200 does not wait for the work');

is($c->segment(body => 'x' x 5000, chunked => 1)->{status}, 200, 'a chunked body');
is($c->segment(set => { seq => 0 })->{seq}, 0, 'number 0');
is($c->segment(set => { duration => 0 })->{error}, '', 'duration 0 is 2 s');
is($c->segment(bits => [], clear => ['capabilities'])->{status}, 200, 'no capabilities are none asked for');
is($c->segment(omit => ['Livepeer-Payment'])->{status}, 200, 'no payment header is an empty one');

for (["no_keyframe", 'No keyframes in input'], ['bad_pixfmt', 'Unsupported input pixel format'],
     ['bad_codec', 'Unsupported input codec'], ['too_large', 'TranscoderInvalidResolution'],
     ['no_video', 'TranscoderInvalidVideo'], ['audio_only', 'TranscoderInvalidVideo'],
     ['too_many_frames', 'Encoded frames runaway'], ['bad_container', 'TranscoderUnrecognizedFormat'],
     ['too_long', 'TranscoderInvalidDuration'], ['internal', 'TranscoderStopped'])
{
    is($c->segment(body => "error $_->[0]\n")->{error}, $_->[1], "engine's $_->[0] in the body of a 200");
}


# --- refusals, wire.md 4.6

sub refused {
    my ($what, $want, %how) = @_;
    is(Test::Client::refusal($c->segment(%how)), $want, $what);
}

sub profile { [['240p', 426, 240, 600000, 30, { @_ }]] }

$c->info(key => $KEY0);
my $fresh = { key => $KEY0 };
is($c->segment(%$fresh)->{error}, '', 'who names itself and signs is served');

refused('1 payment that is no base64', '402 base64 decode error: malformed payment', payment_raw => '!!!');
refused('1 payment without padding', '402 base64 decode error: malformed payment', payment_raw => 'AAA');
refused('2 payment that is no message', '402 protobuf unmarshal error: malformed payment', payment_raw => 'AAAA');
refused('2 payment whose sender is no address', '402 protobuf unmarshal error: malformed payment',
        payment_raw => encode_base64("\x12\x03abc", ''));
refused('a payment twice', '402 more than one payment header', %$fresh, repeat => 'Livepeer-Payment');
refused('3 segment that is no base64', '403 ErrorSegEncoding', segment_raw => '%%%');
refused('3 no segment header', '403 ErrorSegEncoding', omit => ['Livepeer-Segment']);
refused('a segment header twice', '403 ErrorSegEncoding', %$fresh, repeat => 'Livepeer-Segment');
refused('4 segment that is no message', '403 protobuf unmarshal error: malformed segment', segment_raw => 'AAAA');
refused('5 unknown format', '403 unrecognized profile output format', profiles => profile(format => 7));
refused('5 unknown H.264 profile', '403 unrecognized encoder profile', profiles => profile(profile => 9));
refused('5 unknown codec', '403 unrecognized video codec', profiles => profile(encoder => 9));
refused('no profiles', '403 no profiles', profiles => []);
refused('two profiles of one name', '403 two profiles have one name',
        profiles => [@Test::Client::ONE, @Test::Client::ONE]);
like(Test::Client::refusal($c->segment(profiles => [[@$_, 600000, 30]])), qr/^403 \S/, 'profile ' . ("@$_" =~ s{\n}{\\n}r))
    for ['../../x', 426, 240], ['a/b', 426, 240], ["a\nb", 426, 240], ['x', 0, 0], ['x', 1, 8192],
        ['x', 427, 240], ['x', 8192, 8192], ['x' x 65, 426, 240];
like(Test::Client::refusal($c->segment(profiles => profile(%$_))), qr/^403 \S/, "profile with @{[ %$_ ]}")
    for { bitrate => -1 }, { bitrate => 200_000_000 }, { fps => 4_000_000_000 }, { gop => -2 };
like(Test::Client::refusal($c->segment(profiles => [map { ["p$_", 426, 240, 600000, 30] } 1 .. 13])),
     qr/^403 \S/, 'thirteen profiles');
refused('6 negative duration', '403 invalid duration', set => { duration => -1 });
refused('6 duration over 5 minutes', '403 invalid duration', set => { duration => 300001 });
refused('7 signed by another', '403 ErrSegSig', %$fresh, sign_key => $KEY1);
refused('7 not signed', '403 ErrSegSig', %$fresh, set => { sig => '' });
refused('7 signature over another number', '403 ErrSegSig', %$fresh,
        set => { sig => 'c5546854bd89ff1511ad0e142932d8f1cd54ed602b773853670419db1bd4fa98'
                      . '22239fe7a2cbf440488abf77a2e42ea4ea2ad2e03d2ac488d2c04000081250a91b' });
refused('8 capability 15 is not ours', '403 incompatible capabilities', bits => [1 << 15]);
refused('8 more words than ours', '403 incompatible capabilities', bits => [0x1003, 0]);
refused('8 a newer version', '403 incompatible capabilities', min_version => '99.0.0');
refused('8 a codec not offered', '403 incompatible capabilities', profiles => profile(encoder => 1));
refused('9 no token', '403 missing auth token', %$fresh, clear => ['auth_token']);
refused("10 token with byte $_ changed", '403 invalid auth token', %$fresh, token => { flip => $_ })
    for 0, 15, 16, 35, 36, 67;
refused('10 empty token', '403 invalid auth token', %$fresh, token => { token => '' });
refused('10 another session id', '403 invalid auth token', %$fresh, token => { session_id => 'f' x 32 });
refused('10 a shorter session id', '403 invalid auth token', %$fresh, token => { session_id => 'f' x 31 });
refused('10 no session id', '403 invalid auth token', %$fresh, token => { session_id => '' });
refused('10 a stretched expiry', '403 invalid auth token', %$fresh, token => { expiration => 9_000_000_000 });
refused('10 the token of another sender', '403 invalid auth token', key => $KEY1);
refused('10 ... of a sender, used by no one', '403 invalid auth token');
refused('17 a URL instead of a segment', '400 BadRequest', %$fresh, type => 'application/vnd+livepeer.uri',
        body => 'http://127.0.0.1:1/x.ts');
refused('a body of another type', '415 Unsupported Media Type', %$fresh, type => 'text/html');
refused('18 other bytes than were hashed', '403 Forbidden', %$fresh, send => 'other bytes');
refused('18 fewer bytes', '403 Forbidden', %$fresh, send => 'seg');
refused('a body over the limit', '413 Request Entity Too Large', %$fresh, body => 'x' x 70000);
refused('another method', '405 Method Not Allowed', %$fresh, method => 'PUT');
is($c->segment(%$fresh, body => 'x' x 70000, chunked => 1)->{status}, 413, 'a chunked body over the limit');

is($c->segment(%$fresh)->{error}, '', 'after all of them the session goes on');


# --- Ping, T-35: nothing of others is signed

my $value = $t->get('/challenge', url => $o->{status_url});
chomp $value;
$r = $c->ask('ping', value => $value);
is($r->{signer}, $signer, 'a value of the orchestrator itself comes back signed');
is($c->ask('ping', value => $value)->{len}, 0, '... once');
for (['nothing', ''], ['a hash', 'ab' x 32], ['the text of an address', unpack 'H*', '0x' . 'f' x 40],
     ['a packed ticket', '00' x 232], ['a ticket without aux data', '00' x 168])
{
    $r = $c->ask('ping', value => $_->[1]);
    is_deeply([@$r{qw/ grpc len /}], [0, 0], "Ping with $_->[0] is answered, not signed");
}


# --- EndTranscodingSession

$c->info(key => $KEY0);
$r = $c->segment(%$fresh);
$url = $r->{urls}[0];
for (['no token', empty => 1], ['a changed token', token => { flip => 40 }]) {
    my ($name, @how) = @$_;
    $r = $c->ask('end', @how);
    is_deeply([@$r{qw/ grpc text /}], [2, 'Invalid auth token'], "a session is not ended with $name");
}
is($c->ask('get', url => $url)->{status}, 200, 'the session is still there');
is($c->ask('end')->{grpc}, 0, 'its token ends it');
is($c->ask('get', url => $url)->{status}, 404, '... and its renditions');
is($c->ask('end')->{grpc}, 0, 'a session that is not there ends too');


# --- the frame of gRPC

for (['an unknown method', 12, 'unknown method', method => '/net.Orchestrator/Nothing', hex => ''],
     ['another service', 12, 'unknown method', method => '/net.Transcoder/RegisterTranscoder', hex => ''],
     ['a compressed message', 12, 'compression is not supported',
      method => '/net.Orchestrator/Ping', gzip => 1, hex => 'aa' x 2000],
     ['a message over 256 KiB', 8, 'message too large', method => '/net.Orchestrator/Ping', zeros => 300_000],
     ['a malformed message', 13, 'malformed request', method => '/net.Orchestrator/GetOrchestrator', hex => '00'])
{
    my ($name, $code, $text, %how) = @$_;
    $r = $c->ask('grpc', %how);
    is_deeply([@$r{qw/ grpc text /}], [$code, $text], "gRPC: $name");
}
is($c->ask('get', method => 'POST', path => '/net.Orchestrator/Ping',
           headers => [['Content-Type', 'application/grpc']])->{status}, 415, 'gRPC needs HTTP/2');
is($c->ask('get', path => '/nothing')->{status}, 404, 'no such path');
is($c->ask('get', path => '/healthz')->{status}, 200, '/healthz');
is($c->ask('get', path => '/status')->{status}, 404, '/status is not for the public');
is($c->ask('get', path => '/metrics')->{status}, 404, '/metrics neither');


# --- /payment

$c->info(key => $KEY0);
$r = $c->ask('payment', key => $KEY0, profiles => \@Test::Client::ONE, seq => 0);
is_deeply([$r->{status}, $r->{info}{address}], [200, $signer], 'a payment is answered with our offer');
is(Test::Client::refusal($c->ask('payment', payment_raw => '!', profiles => \@Test::Client::ONE)),
   '402 base64 decode error: malformed payment', 'a malformed one is refused');
