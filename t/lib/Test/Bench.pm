package Test::Bench;

# What the measurements share: clips made once, CPU time read from the
# kernel, and the JSON line that a figure is.

use strict;
use warnings;
use Exporter 'import';
use File::Path qw/ make_path /;
use JSON::PP;
use Test::Livepeer;

our @EXPORT = qw/ figure median quantile cpu_ms rss_kb clip pin /;

$| = 1;

sub figure { print JSON::PP->new->canonical->encode({@_}), "\n" }

sub quantile {
    my ($q, @v) = @_;
    @v = sort { $a <=> $b } @v;
    return $v[int($q * $#v + 0.5)];
}

sub median { quantile(0.5, @_) }

# user + system time of all threads of a process, milliseconds
sub cpu_ms {
    my ($pid) = @_;
    my $ns = 0;
    for my $f (glob "/proc/$pid/task/*/schedstat") {
        $ns += (split ' ', Test::Livepeer::slurp($f))[0] || 0;
    }
    return $ns / 1e6;
}

sub rss_kb {
    my ($pid) = @_;
    return Test::Livepeer::slurp("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}

# one processor for a process and all of its threads
sub pin { my ($cpu, $pid) = @_; system("taskset -a -p -c $cpu $pid >/dev/null 2>&1") }

# a clip that ffmpeg makes once: name, then its arguments
sub clip {
    my ($name, @args) = @_;
    my $dir = "$Test::Livepeer::BUILD/bench";
    make_path($dir);
    my $file = "$dir/$name";
    if (!-s $file) {
        system('ffmpeg', '-v', 'error', '-nostdin', '-y', @args, "$dir/part-$name") == 0
            or die "bench: ffmpeg cannot make $name\n";
        rename "$dir/part-$name", $file or die "$file: $!\n";
    }
    return $file;
}

1;
