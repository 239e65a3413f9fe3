#!/usr/bin/perl
# Every fuzz target for a few seconds under ASan and UBSan: the short version
# of `make fuzz`.
# takes 40 s

use strict;
use warnings;
use Test::More;

my $build = $ENV{BUILD} || 'build';
my @targets = map { m{([^/]+)\.c$} } grep { !/standalone/ } <t/fuzz/*.c>;
plan tests => 1 + @targets;

my $dir = $build =~ /san/ ? $build : "$build/san";
my @make = ('make', '--no-print-directory', '-s', 'SAN=1', "BUILD=$dir",
            map { "$dir/t/shortfuzz/$_" } @targets);
is(system("@make >$build/shortfuzz.log 2>&1"), 0, 'the targets build')
    or diag(`tail -n 30 $build/shortfuzz.log`);

my $seconds = $ENV{FUZZ_SHORT} || 3;
for my $t (@targets) {
    my @seeds = glob "t/fuzz/seeds/$t/*";
    my $out = `$dir/t/shortfuzz/$t $seconds 1 @seeds 2>&1`;
    ok($? == 0 && $out =~ /^(\d+) inputs/m, "T-57, $t: " . ($1 // 0) . ' inputs')
        or diag(substr($out, 0, 4000));
}
