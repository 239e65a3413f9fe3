#!/usr/bin/perl
# A hostile broadcaster at a real orchestrator on a real chain: what its
# payments, tickets, tokens and prices may look like, and that nothing which
# is not exactly as issued is worth work. Each refusal by its status, words
# and Livepeer-Error header; the cause stands in the log.
# takes 25 s

use strict;
use warnings;
use lib 't/lib';
use JSON::PP;
use Math::BigInt;
use MIME::Base64;
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Test::Payer qw/ money winners refusal /;

my $t = Test::Livepeer->new();
my $chain = $t->chain(block_time => 0);
my %at = map { $_ => $chain->{accounts}{$_}{address} } keys %{$chain->{accounts}};
my $prices = Test::Livepeer::spew($t->dir . '/prices', "$at{broadcaster2} 50000000\n$at{spare} 0\n");
my @wide = ('--discovery-rate', 100000, '--discovery-burst', 100000, '--discovery-total', 100000,
            '--ping-rate', 1000, '--max-requests', 100000, '--unknown-ip', 1000, '--auto-adjust-price', 0);
my @money = ('--ticket-ev', '0.001ETH', '--max-face-value', '0.002ETH');
my $o = $t->orchestrator(transcoder => '--size 5000 obey', price => 100_000_000,
                         args => [@wide, @money, '--price-senders', $prices, '--log-rate', 10000]);
my $p = Test::Payer->new($t, $o);
my $other = Test::Payer->new($t, $o, 'broadcaster2');

# what must not change while nothing valid arrives
sub books {
    my $m = money($t, $o);
    my $s = decode_json(scalar $t->get('/status', url => $o->{status_url}));
    return { (map { $_ => $m->{$_} } qw/ tickets tickets_won ev_wei credit_wei debt_wei won_wei /),
             rows => scalar(winners($o)), transcoded => $s->{counters}{segments_transcoded_total} };
}

sub refused {
    my ($what, $want, %how) = @_;
    is(refusal($p->segment(tickets => 2, %how)), $want, $what);
}

sub unchanged {
    my ($before, $what) = @_;
    is_deeply(books(), $before, $what);
}

my $RAND = '400 invalid recipientRand for ticket recipientRandHash';
my $SHAPE = '400 invalid payment';
my $WIDTH = '402 protobuf unmarshal error: malformed payment';
my $PRICE = '400 invalid expected price sent with payment';
my $NIL = qq{$PRICE err="expected price is nil" [PriceMismatch]};
my $DEN = qq{$PRICE err="pixels per unit is 0" [PriceMismatch]};
my $POOR = '400 Insufficient balance [LowPMBalance]';

sub hex_of { my ($n, $len) = @_; my $h = substr Math::BigInt->new($n)->as_hex, 2;
             $h = "0$h" if length($h) % 2; return $len ? '0' x (2 * $len - length $h) . $h : $h }
sub bytes { { hex => $_[0] } }

my $info = $p->info;
is($info->{grpc}, 0, 'a funded sender has an offer');
is_deeply($info->{price_info}, ['100000000', '1'], 'at the price of the option');
my %params = %{$info->{ticket_params}};
is($params{recipient}, substr(lc $at{orchestrator1}, 2), 'paid is who is registered');
is(refusal($p->segment()), $POOR, 'T-13: no credit, no work');
is(refusal($p->segment(tickets => 2)), '200', 'an honest payment');
%params = %{$p->info->{ticket_params}};
my $before = books();
is($before->{tickets}, 2, '... of two tickets');


# --- T-01: bytes moved between neighbours of a concatenated record

my ($fv, $wp, $exp) = map { hex_of($params{$_}) } qw/ face_value win_prob expiration_block /;

sub moved { my ($a, $b, $k) = @_; return ($a . substr($b, 0, 2 * $k), substr $b, 2 * $k) }

for my $k (1, 2, 25, length($wp) / 2) {
    my ($a, $b) = moved($fv, $wp, $k);
    refused("T-01: $k bytes of the win probability go to the face value",
            length $a > 64 ? $WIDTH : $RAND, params => { face_value => bytes($a), win_prob => bytes($b) });
}
for my $k (1, length($exp) / 2) {
    my ($a, $b) = moved($wp, $exp, $k);
    refused("T-01: $k bytes of the expiration go to the win probability",
            length $a > 64 ? $WIDTH : $RAND, params => { win_prob => bytes($a),
                expiration_block => bytes($b) });
}
refused('T-01: the end of the face value goes to the win probability', $RAND,
        params => { face_value => bytes(substr $fv, 0, -2), win_prob => bytes(substr substr($fv, -2) . $wp,
            0, 64) });
refused('T-01: the seed lends its end to the face value', $RAND,
        params => { seed => bytes(substr $params{seed}, 0, -2), face_value => bytes(substr($params{seed},
            -2) . $fv) });
refused('T-01: parameters of longer life', $RAND,
    params => { expiration_block => bytes(hex_of($params{expiration_block} + 1)) });


# --- T-02: signs and widths, field by field

my @sized = (
    ['recipient', 20, $params{recipient}, '400 invalid ticket recipient'],
    ['recipient_rand_hash', 32, $params{recipient_rand_hash}, $RAND],
);
for (@sized) {
    my ($field, $len, $value, $other_value) = @$_;
    refused("T-02: $field of " . ($len - 1) . ' bytes', $WIDTH, params => { $field => bytes(substr $value,
        2) });
    refused("T-02: $field of " . ($len + 1) . ' bytes', $WIDTH, params => { $field => bytes("00$value") });
    refused("T-02: $field of twice its length", $WIDTH, params => { $field => bytes($value x 2) });
    refused("T-02: $field with its own bytes at the end of more", $WIDTH,
        params => { $field => bytes('ff' x 12 . $value) });
    refused("T-02: no $field", $WIDTH, params => { $field => undef });
    refused("T-02: $field of zeroes", $other_value, params => { $field => bytes('00' x $len) });
    refused("T-02: another $field", $other_value,
        params => { $field => bytes(hex_of(Math::BigInt->from_hex($value) ^ 1, $len)) });
}
for (['face_value', $params{face_value}], ['win_prob', $params{win_prob}], ['seed',
    Math::BigInt->from_hex($params{seed})]) {
    my ($field, $value) = @$_;
    refused("T-02: $field of 33 bytes", $WIDTH, params => { $field => bytes('01' . hex_of($value, 32)) });
    refused("T-02: $field of 64 bytes", $WIDTH, params => { $field => bytes('00' x 31 . '01'
        . hex_of($value, 32)) });
    refused("T-02: no $field", $RAND, params => { $field => undef });
    refused("T-02: $field of 2^256 - 1", $RAND, params => { $field => bytes('ff' x 32) });
    refused("T-02: $field less one", $RAND,
        params => { $field => bytes(hex_of(Math::BigInt->new($value) - 1)) });
    refused("T-02: $field doubled", $RAND,
            params => { $field => bytes(hex_of(Math::BigInt->new($value)->blsft(1)->band(Math::BigInt->from_hex('f' x 64)))) });
}
refused("T-02: expiration_block $_->[0]", $_->[2], params => { expiration_block => $_->[1] })
    for ['of 33 bytes', bytes('01' . '00' x 32), $WIDTH], ['2^64 later', bytes('01'
        . hex_of($params{expiration_block}, 8)), $SHAPE],
        ['of 2^256 - 1', bytes('ff' x 32), $SHAPE], ['of 2^64 - 1', bytes('ff' x 8), $RAND], ['left out',
            undef, $RAND],
        ['of zero', bytes('00'), $RAND];
refused("T-02: round $_->[0]", $_->[2], params => { 'expiration_params.creation_round' => $_->[1] })
    for ['negated', -$params{round}, $WIDTH], ['-1', -1, $WIDTH], ['of -2^63', -9223372036854775807 - 1,
        $WIDTH],
        ['0', 0, $RAND], ['more', $params{round} + 1, $RAND], ['less', $params{round} - 1, $RAND],
        ['of 2^63 - 1', 9223372036854775807, $RAND];
refused("T-02: round hash $_->[0]", $_->[2],
    params => { 'expiration_params.creation_round_block_hash' => $_->[1] })
    for ['of 31 bytes', bytes(substr $params{round_hash}, 2), $WIDTH], ['of 33 bytes',
        bytes("00$params{round_hash}"), $WIDTH],
        ['left out', undef, $WIDTH], ['of zeroes', bytes('00' x 32), $RAND], ['another', bytes('ab' x 32),
            $RAND];
refused("T-02: sender $_->[0]", $_->[2], pay => { sender => $_->[1] })
    for ['of 19 bytes', bytes('11' x 19), $WIDTH], ['of 21 bytes', bytes('11' x 21), $WIDTH],
        ['of 40 bytes', bytes('11' x 20 . substr lc $at{broadcaster}, 2), $WIDTH],
        ['of 32 bytes', bytes('00' x 12 . substr lc $at{broadcaster}, 2), $WIDTH],
        ['left out', undef, '403 invalid auth token'], ['of zeroes', bytes('00' x 20),
            '403 invalid auth token'],
        ['another', bytes(substr lc $at{broadcaster2}, 2), '403 invalid auth token'];
refused("T-02: price $_->[0]", $_->[2], pay => { %{$_->[1]} })
    for ['-1', { 'expected_price.price_per_unit' => -1 }, $WIDTH],
        ['negated', { 'expected_price.price_per_unit' => -100_000_000 }, $WIDTH],
        ['of -2^63', { 'expected_price.price_per_unit' => -9223372036854775807 - 1 }, $WIDTH],
        ['by -1 pixel', { 'expected_price.pixels_per_unit' => -1 }, $WIDTH],
        ['negated twice', { 'expected_price.price_per_unit' => -100_000_000,
            'expected_price.pixels_per_unit' => -1 }, $WIDTH],
        ['by 0 pixels', { 'expected_price.pixels_per_unit' => 0 }, $DEN],
        ['left out', { expected_price => undef }, $NIL],
        ['of 2^63 - 1', { 'expected_price.price_per_unit' => 9223372036854775807 }, "$PRICE [PriceMismatch]"];
refused('T-02: tickets without parameters', $SHAPE, pay => { ticket_params => undef });
refused('T-02: tickets without expiration parameters', $SHAPE, pay => { expiration_params => undef });
refused('T-02: two expirations that differ', $SHAPE, pay => {
    'ticket_params.expiration_params.creation_round' => $params{round} + 1,
    'ticket_params.expiration_params.creation_round_block_hash' => bytes($params{round_hash}) });
refused("T-02: $_->[0]", $_->[2], graft => $_->[1])
    for ['a message that breaks off', { '' => '12ff' }, $WIDTH], ['a varint without end', { '' => '28'
        . 'ff' x 10 }, $WIDTH],
        ['a field with number 0', { '' => '0000' }, $WIDTH], ['a sender that is a number',
            { '' => '1001' }, $WIDTH],
        ['parameters twice, the second of more worth', { '' => '0a221220' . 'ff' x 32 }, $WIDTH],
        ['a face value twice', { 1 => '1220' . 'ff' x 32 }, $WIDTH],
        ['a win probability twice', { 1 => '1a20' . 'ff' x 32 }, $WIDTH],
        ['a second sender', { '' => '1214' . '11' x 20 }, $WIDTH],
        ['a price twice, then free', { 5 => '0800' }, $WIDTH],
        ['a round twice', { 3 => '0801' }, $WIDTH],
        ['a round twice, then negative', { 3 => '08ffffffffffffffffff01' }, $WIDTH],
        ['a ticket whose signature has no bytes', { '' => '22020805' }, $WIDTH];
refused("T-02: segment: $_->[0]", $_->[1], set => $_->[2])
    for ['hash of 31 bytes', '403 protobuf unmarshal error: malformed segment', { hash => 'ab' x 31 }],
        ['hash of 33 bytes', '403 protobuf unmarshal error: malformed segment', { hash => 'ab' x 33 }],
        ['no hash', '403 protobuf unmarshal error: malformed segment', { hash => '' }],
        ['another hash', '403 ErrSegSig', { hash => 'ab' x 32, sig => '11' x 64 . '1b' }],
        ['signature of 64 bytes', '403 protobuf unmarshal error: malformed segment', { sig => '11' x 64 }],
        ['signature of 66 bytes', '403 protobuf unmarshal error: malformed segment', { sig => '11' x 66 }],
        ['number -1', '403 protobuf unmarshal error: malformed segment', { seq => -1, sig => '11' x 64
            . '1b' }],
        ['duration -1', '403 invalid duration', { duration => -1 }],
        ['duration of 2^31 - 1', '403 invalid duration', { duration => 2147483647 }];
my $one = '2245' . '0801' . '1241' . '00' x 65;
refused('T-02: 601 tickets', '400 invalid ticket senderNonce: too many values', tickets => 0, nonces => [1],
        graft => { '' => $one x 600 });
unchanged($before, 'T-02: of all these nothing was stored, credited or done');

# the same values written otherwise are the same values
for (['with zeroes before them', params => { face_value => bytes(hex_of($params{face_value}, 32)),
                                             expiration_block => bytes(hex_of($params{expiration_block},
                                                 20)) }],
     ['with a price that reduces to it', pay => { 'expected_price.price_per_unit' => 200_000_000,
                                                  'expected_price.pixels_per_unit' => 2 }],
     ['with a field nobody knows', graft => { '' => 'fa0603616263' }])
{
    my ($what, @how) = @$_;
    my $n = money($t, $o)->{tickets};
    is_deeply([refusal($p->segment(tickets => 1, keep => 1, @how)), money($t, $o)->{tickets}], ['200', $n + 1],
              "T-02: numbers $what are taken once");
}
is(refusal($p->segment(nonces => [7777], keep => 1)), '200', 'a nonce of choice');
is(refusal($p->segment(nonces => [7777], keep => 1)),
    '400 invalid ticket senderNonce: already seen [PaymentReplayed]',
   'T-03: the same nonce again');
is(refusal($p->segment(nonces => [7777], wide => 1 << 32, keep => 1)), $WIDTH, 'T-02: nonce 2^32 + n is not nonce n');


# --- T-05: what the contract would not redeem is not taken

$before = books();
refused("T-05: signature: $_", $WIDTH, sig => $_) for '64 bytes', '66 bytes', 'empty';
refused("T-05: signature: $_", '400 invalid ticket signature', sig => $_)
    for 'v0', 'v other', 'v 29', 'v 37', 'zero', 'r 0', 's 0', 'r n', 's n', 'high s', 'keccak', q{another's};
refused('T-05: tickets signed by another key', '400 invalid ticket signature', ticket_key => '11' x 32);
refused('T-05: tickets of another sender', '400 invalid ticket signature',
    sender => substr lc $at{broadcaster2}, 2);
refused('T-05: no aux data: round 0, no hash', $RAND,
        params => { 'expiration_params.creation_round' => 0,
            'expiration_params.creation_round_block_hash' => bytes('00' x 32) });
refused('T-05: the hash of another round', $RAND,
    params => { 'expiration_params.creation_round_block_hash' => bytes('cd' x 32) });
my $null = $p->info(key => undef, forget => 1);
is_deeply([@$null{qw/ grpc text /}], [2, 'insufficient sender reserve'], 'T-05: the null sender has no offer');
unchanged($before, 'T-05: nothing was stored, credited or done');


# --- T-07: the price is ours

$p->info(offer => 'poor');
$other->info;
$before = books();
$p->info(offer => 'cheap', key => $other->{key});
my @prices = (
    ['none', $NIL, pay => { expected_price => undef }],
    ['0', "$PRICE [PriceMismatch]", pay => { 'expected_price.price_per_unit' => 0 }],
    ['-1', $WIDTH, pay => { 'expected_price.price_per_unit' => -1 }],
    ['half', "$PRICE [PriceMismatch]", pay => { 'expected_price.price_per_unit' => 50_000_000 }],
    ['half by 2 pixels', "$PRICE [PriceMismatch]", pay => { 'expected_price.pixels_per_unit' => 2 }],
    ['double', "$PRICE [PriceMismatch]", pay => { 'expected_price.price_per_unit' => 200_000_000 }],
    ["another session's", "$PRICE [PriceMismatch]", price => 'cheap'],
    ['the right one', $POOR],
);
for (@prices) {
    my ($what, $want, @how) = @$_;
    refused("T-07: no tickets, price $what", $want, offer => 'poor', tickets => 0, @how);
    refused("T-07: parameters of this session without tickets, price $what", $want, offer => 'poor',
        tickets => 0, params => {}, @how);
    refused("T-07: another sender's parameters, price $what",
            $want eq $POOR ? '400 invalid expected price sent with payment [PriceMismatch]' : $want,
            offer => 'poor', with => 'cheap', @how) if $what ne 'none' && $what !~ /^half/;
    refused("T-07: two tickets, price $what", $want, offer => 'poor', @how) if $want ne $POOR;
}
refused("T-07: another sender's parameters at this session's price", $RAND, offer => 'poor',
    with => 'cheap', price => 'poor');
refused('T-07: no payment header at all', '403 invalid auth token', offer => 'poor',
    omit => ['Livepeer-Payment']);
refused('T-07: an empty payment', '403 invalid auth token', offer => 'poor', payment_raw => '');
unchanged($before, 'T-07: not one segment was transcoded without credit');

my $free = Test::Payer->new($t, $o, 'spare');
is_deeply($free->info->{price_info}, ['0', '1'], 'T-07: free is who the operator says');
is(refusal($free->segment()), '200', '... and only that one');


# --- T-16: tokens

$p->info(offer => 'a');
my $b = $p->info(offer => 'b');
$before = books();
my ($id, $token) = @$b{qw/ session token /};
my $now = $b->{expiration};
for my $path (qw/ segment payment /) {
    for (['a character of the id becomes the top byte of its expiry',
          { session_id => substr($id, 0, 31), expiration => $now | ord(substr $id, 31) << 56 }],
         ['the id is shorter', { session_id => substr $id, 0, 31 }], ['the id is longer',
             { session_id => "${id}0" }],
         ['the id is in capitals', { session_id => uc($id) =~ s/^(\d*)$/A$1/r }], ['the id of another session', { session_id => '0' x 32 }],
         ['it ends later', { expiration => $now + 3600 }], ['it never ends',
             { expiration => 9223372036854775807 }],
         ['it ended before time', { expiration => -1 }], ['no token', { token => '' }],
         ['it is cut', { token => substr $token, 0, -2 }], ['it is longer', { token => "${token}00" }],
         ['price and pixels change places', { token => join '', substr($token, 16, 16), substr($token, 0,
             16), substr($token, 32) }],
         ['the price is 0', { token => '00' x 8 . substr $token, 16 }], ['the price is negative',
             { token => 'ff' x 8 . substr $token, 16 }],
         ['the sender is another', { token => substr($token, 0, 32) . substr(lc $at{broadcaster2}, 2)
             . substr($token, 72) }],
         map { ["byte $_ is changed", { flip => $_ }] } 0, 7, 8, 15, 16, 35, 36, 67)
    {
        my ($what, $bend) = @$_;
        my $r = $p->ask($path, offer => 'b', tickets => 1, profiles => \@Test::Client::ONE, token => $bend);
        is(refusal($r), '403 invalid auth token', "T-16: /$path: $what");
    }
    my $r = $other->ask($path, tickets => 1, profiles => \@Test::Client::ONE,
                        token => { token => $token, session_id => $id, expiration => $now });
    is(refusal($r), '403 invalid auth token', "T-16: /$path: the token of another sender");
}
unchanged($before, 'T-16: nothing of it was credited or done');

is(refusal($p->pay(offer => 'a', tickets => 2, manifest => 'mine')), '200', 'a payment for one session');
is(refusal($p->segment(offer => 'b', manifest => 'mine')), $POOR,
    'T-16: ... is no credit of another one of the same stream');
is(refusal($p->segment(offer => 'a', manifest => 'other')), '200',
    'T-16: ... and is that of its own, whatever the stream is called');


# --- T-17: a request that was seen elsewhere

my $small = $t->orchestrator(transcoder => '--size 5000 obey', price => 100_000_000, account => 'orchestrator2',
                             args => [@money, '--auto-adjust-price', 0, '--discovery-rate', 1,
                                 '--discovery-burst', 5]);
my $q = Test::Payer->new($t, $small);
my $frame = $t->dir . '/request';
Test::Livepeer::spew($frame, pack 'H*', $q->ask('request')->{hex});
my $curl = "curl -sk --http2 --interface 127.0.0.2 -H 'content-type: application/grpc' -H 'te: trailers' "
    . "--data-binary \@$frame -o /dev/null -D - $small->{url}/net.Orchestrator/GetOrchestrator";
my @answers = map { my $text = `$curl`; $text =~ /^grpc-status: (\d+)/mi ? $1 : $text } 1 .. 9;
is($answers[0], 0, 'a captured request works from elsewhere: the address is a claim');
is($answers[-1], 8, '... until that place has asked enough');
is_deeply([map { $q->info->{grpc} } 1 .. 5], [(0) x 5], 'T-17: the true sender has its whole quota');
is(refusal($q->segment(tickets => 2)), '200', 'T-17: ... and its work done');


# --- T-35: nothing of others is signed

my $nothing = $small->{signed} = 0;
my $packed = join '', lc(substr $at{orchestrator2}, 2), lc(substr $at{orchestrator1}, 2), hex_of(10 ** 15,
    32), 'ff' x 32,
    hex_of(1, 32), 'ab' x 32, hex_of($params{round}, 32), $params{round_hash};
srand 35;
my @values = ('', $packed, substr($packed, 0, 336), 'ab' x 32, 'ab' x 64, unpack('H*', $at{orchestrator1}),
              unpack('H*', $at{broadcaster}), map { join '', map { sprintf '%02x',
                  rand 256 } 1 .. rand 300 } 1 .. 60);
my %seen = map { $_ => 1 } @values;
$nothing += !$p->ask('ping', value => $_)->{len} for @values;
is($nothing, @values, 'T-35: ' . @values
    . ' pings with tickets, addresses, hashes and noise: not one is signed');
my $value = $t->get('/challenge', url => $o->{status_url}) =~ s/\s//gr;
is(substr(lc $at{orchestrator1}, 2), $p->ask('ping', value => $value)->{signer}, 'T-35: its own challenge is');
is($p->ask('ping', value => $value)->{len}, 0, 'T-35: ... once');


# --- what it says

my $log = Test::Livepeer::slurp($o->{log});
for ('invalid recipientRand for ticket', 'invalid ticket signature', 'malformed payment', 'already seen',
    'invalid auth token') {
    like($log, qr/^\S+ info (segment|payment) of 127\.0\.0\.1 refused: 40[023] .*\Q$_\E/m,
        "the log says why: $_");
}
my $leak = 0;
for my $w (winners($o)) {
    my $metrics = $t->get('/metrics', url => $o->{status_url}) . $t->get('/status', url => $o->{status_url});
    $leak += grep { index(lc "$log$metrics", $_) >= 0 } $w->{rand}, $w->{sig}, $w->{rand_hash};
}
is($leak, 0, 'T-04: no number behind a commitment, no signature in log, status or metrics');

is_deeply([$t->finish], [], 'no alert, nothing left running');
done_testing();
