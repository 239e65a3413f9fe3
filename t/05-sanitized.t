#!/usr/bin/perl
# The unit programs once more, built with ASan and UBSan.
# takes 60 s

use strict;
use warnings;
use Test::More;

my $build = $ENV{BUILD} || 'build';
plan skip_all => 'this build is sanitized as it is' if $build =~ /san/;

my $log = "$build/san-units.log";
my $rc = system("make --no-print-directory -s -j2 SAN=1 BUILD=$build/san units > $log 2>&1");
is($rc, 0, 'the units build with sanitizers') or diag(`tail -n 30 $log`);

for my $unit (grep { -x && !/\.[do]$/ } glob "$build/san/t/unit/*") {
    my ($name) = $unit =~ m{([^/]+)$};
    my $out = `$unit 2>&1`;
    ok($? == 0 && $out !~ /^not ok|Sanitizer|runtime error/m, "$name is clean")
        or diag(join "\n", grep { !/^ok/ } (split /\n/, $out)[-40 .. -1]);
}
done_testing();
