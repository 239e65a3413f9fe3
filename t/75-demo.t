#!/usr/bin/perl
# takes 80 s
# alone: it transcodes in real time
# The demo, as its user starts it: everything is delivered, winners come and
# are redeemed, a delegator withdraws its share, and the books are equal.

use strict;
use warnings;
use File::Temp qw/ tempdir /;
use JSON::PP;
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my $began = time;
my $text = `DEMO_DIR=$dir/demo DEMO_SECONDS=30 t/demo 2>&1 </dev/null`;
my $status = $?;
is($status, 0, 'exit status 0') or diag($text);

open my $fh, '<', "$dir/demo/summary.json" or BAIL_OUT("no summary\n$text");
my $s = decode_json(do { local $/; <$fh> });

is_deeply($s->{trouble}, [], 'nothing to complain of');
is($s->{streams}, 2, 'two streams, each with a budget of its own');
cmp_ok($s->{segments}, '>=', 26, 'segments');
is($s->{renditions_missed}, 0, 'no rendition missed');
cmp_ok($s->{tickets}, '>=', 20, 'tickets were sent');
cmp_ok($s->{ev_wei}, '>', 1e16, 'and are worth something');
is($s->{redeemed}, $s->{winners}, 'C42: every winner was redeemed');
is($s->{unpaid_pixels}, 0, 'nothing was made unpaid');
like($text, qr/delegator\d +withdrew its share|^ +orchestrator\d +0 winners/m,
    'C42: who had bonded got a share');
open my $left, '-|', 'pgrep', '-af', $dir or die "pgrep: $!";
is(join('', <$left>), '', 'nothing is left running');

done_testing();
