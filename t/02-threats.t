#!/usr/bin/perl
# Which attacks of the threat model have a test that carries their id. P0 are
# requirements: where the work on a section is done, none may be missing.

use strict;
use warnings;
use Test::More;

my @done = qw/ 2.1 2.3 2.9 2.10 /;

my (%threat, %tested);
open my $list, '<', 't/data/threats' or die "t/data/threats: $!\n";
while (<$list>) {
    my ($id, $priority, $section) = /^(T-\d+) (P\d) (\S+)$/ or next;
    $threat{$id} = { priority => $priority, section => $section };
}
cmp_ok(scalar keys %threat, '>', 90, 'the list is there');

# the id stands in what a test says, not in a remark about it
for my $file (glob('t/*.t t/unit/*.c common/contracts/test/*.sol')) {
    next if $file eq 't/02-threats.t';
    open my $fh, '<', $file or die "$file: $!\n";
    while (<$fh>) {
        next if m{^\s*(#|//|\*|/\*)};
        $tested{$1}{$file} = 1 while /\b(T-\d\d)\b/g;
    }
}

my @unknown = grep { !$threat{$_} } sort keys %tested;
is_deeply(\@unknown, [], 'no test names an attack that is not in the list');

my @missing = grep { $threat{$_}{priority} eq 'P0' && !$tested{$_} } sort keys %threat;
diag('P0 without a test: ' . (join(' ', map { "$_ ($threat{$_}{section})" } @missing) || 'none'));

for my $section (@done) {
    is_deeply([grep { $threat{$_}{section} eq $section } @missing], [],
        "section $section: each P0 has a test");
}

done_testing();
