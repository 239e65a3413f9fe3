#!/usr/bin/perl
# takes 90 s
# The Forge tests of the contracts, one line each, named by the ids of the test
# plan. The invariants run short here; `make contracts-chaos` runs them long.

use strict;
use warnings;
use JSON::PP;
use Test::More;

my $build = $ENV{BUILD} || 'build';

plan skip_all => 'npm is not installed' if system('command -v npm >/dev/null');
mkdir $build;
system("flock $build/.contracts-lock make -s BUILD=$build contracts >&2") == 0
    or die "the contracts do not compile\n";

my $tool = "BUILD=$build common/contracts/tool";
my $locked = "BUILD=$build flock $build/contracts/.lock common/contracts/tool";
my @results = `$locked forge test --json | $tool node common/contracts/results.js`;
ok(@results > 100, 'forge ran') or BAIL_OUT('forge said nothing that can be read');

my %seen;
for (@results) {
    chomp;
    my ($status, $suite, $name, $reason) = split /\t/;
    my ($ids, $what) = $name =~ /^[a-zA-Z]+_((?:C\d\d_)+)(\w+)/;
    my @ids = split /_/, $ids // '';
    $seen{$_}++ for map { s/^C0?//r } @ids;
    ok($status eq 'Success', @ids ? "@ids $what" : $name)
        or diag("$suite $name: $reason");
}

# C41: forty rounds on a chain of its own
my $out = "$build/contracts";
my $json = `$tool node common/contracts/economics.js --out $out`;
my $sum = eval { decode_json($json) } // {};
is($sum->{rounds}, 40, 'C41 forty rounds');
cmp_ok($sum->{first_spread} // 0, '>', 0.5, 'C41 fees per stake differ at first');
cmp_ok($sum->{spread} // 1, '<', 0.02, 'C41 and by less than 2 % in the end');
cmp_ok($sum->{share_error} // 1, '<', 0.01, 'C41 stake is shared as the formula says');
ok(-s "$out/economics.svg" && -s "$out/economics.txt", 'C41 plot and table are written');

# C1 and C24's layout are in abi.t, C41 is not Forge's
my @missing = grep { !$seen{$_} && $_ != 1 && $_ != 41 } 1 .. 41, 46;
is_deeply(\@missing, [], 'every id of the plan has a test');

done_testing();
