package Test::Httpd;

# t/tools/httpd as a test wants it: started on a free port, asked with curl
# or with bytes, stopped by its pid; what it leaked makes its exit status.

use strict;
use warnings;
use Exporter 'import';
use File::Temp qw/ tempdir /;
use IO::Select;
use IO::Socket::INET;
use IPC::Open3;
use POSIX ();
use Time::HiRes qw/ time /;

our @EXPORT_OK = qw/ $sanitized tool slurp spew /;

my $build = $ENV{BUILD} || 'build';
our $sanitized = $build =~ /san/;
my $dir = tempdir(CLEANUP => 1);
my $count = 0;


sub tool { "$build/t/tools/httpd" }

sub slurp {
    my ($file) = @_;

    open my $fh, '<:raw', $file or return '';
    local $/;
    return <$fh> // '';
}

sub spew {
    my ($name, $bytes) = @_;

    open my $fh, '>:raw', "$dir/$name" or die "$dir/$name: $!";
    print $fh $bytes;
    close $fh or die $!;
    return "$dir/$name";
}

# new([cleartext => 1], [shell => 'ulimit ...'], args => [...], limit => n...)
sub new {
    my ($class, %o) = @_;
    my $self = bless { cleartext => delete $o{cleartext}, n => ++$count },
                     $class;
    my @args = @{ delete $o{args} || [] };
    my $shell = delete $o{shell};

    $self->{cert} = "$dir/cert$count.pem";
    $self->{err} = "$dir/err$count";
    push @args, $self->{cleartext} ? '--cleartext'
                                   : ('--cert-out', $self->{cert});
    push @args, '--set', "$_=$o{$_}" for sort keys %o;

    pipe my $out, my $in or die $!;
    $self->{pid} = fork // die $!;
    if (!$self->{pid}) {
        open STDOUT, '>&', $in or die $!;
        open STDERR, '>', $self->{err} or die $!;
        close $out;
        exec $shell ? ('sh', '-c', "$shell; exec \"\$0\" \"\$@\"") : (),
             tool(), @args or POSIX::_exit(127);
    }
    close $in;
    $self->{out} = $out;

    my $line = $self->line(20);
    ($self->{port}) = $line =~ /^port (\d+)/
        or die "httpd did not start: $line" . slurp($self->{err});
    return $self;
}

# the next line it prints, within some seconds; '' at its end
sub line {
    my ($self, $seconds) = @_;

    return '' if !IO::Select->new($self->{out})->can_read($seconds);
    my $line = readline $self->{out};
    return $line // '';
}

sub url {
    my ($self, $path) = @_;

    return ($self->{cleartext} ? 'http' : 'https')
        . "://localhost:$self->{port}$path";
}

# curl(path, options...): the body; status and version are left in the object
sub curl {
    my ($self, $path, @options) = @_;
    my $body = "$dir/body" . ++$count;

    push @options, '--cacert', $self->{cert} if !$self->{cleartext};
    my $pid = open3(my $in, my $out, undef, 'curl', '-sS', '--max-time', 60,
                    '-o', $body, '-w', '%{http_code} %{http_version}\n',
                    @options, map { $self->url($_) } ref $path ? @$path : $path);
    close $in;
    my @lines = <$out>;
    waitpid $pid, 0;
    $self->{curl} = $? >> 8;
    ($self->{status}, $self->{version}) =
        ($lines[-1] // '') =~ /^(\d+) ([\d.]+)/;
    $self->{said} = join '', @lines;
    my $bytes = slurp($body);
    unlink $body;
    return $bytes;
}

# the counters, by name
sub stats {
    my ($self) = @_;

    return { $self->curl('/stats') =~ /^(\w+) (\d+)$/mg };
}

# waits until fact->(stats) holds; the last stats
sub until {
    my ($self, $fact, $seconds) = @_;
    my $end = time + ($seconds || 10);
    my $st;

    do {
        $st = $self->stats;
        return $st if $fact->($st);
        select undef, undef, undef, 0.02;
    } while (time < $end);
    return $st;
}

sub socket {
    my ($self) = @_;

    return IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{port}")
        || die "connect: $!";
}

# what comes back within some seconds, or until it closes or matches
sub read {
    my ($self, $sock, $seconds, $match) = @_;
    my $end = time + $seconds;
    my $got = '';

    $self->{closed} = 0;
    while ((my $left = $end - time) > 0) {
        last if !IO::Select->new($sock)->can_read($left);
        if (!sysread $sock, $got, 65536, length $got) {
            $self->{closed} = 1;
            last;
        }
        last if $match && $got =~ $match;
    }
    return $got;
}

# bytes sent on a connection of their own and all that came back
sub raw {
    my ($self, $bytes, $seconds, $match) = @_;
    my $sock = $self->socket;

    local $SIG{PIPE} = 'IGNORE';
    syswrite $sock, $bytes;
    return $self->read($sock, $seconds || 5, $match);
}

sub rss_kb {
    my ($self) = @_;

    return slurp("/proc/$self->{pid}/status") =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}

sub cpu_s {
    my ($self) = @_;
    my @f = split ' ', slurp("/proc/$self->{pid}/stat") =~ s/^.*\) //sr;

    return ($f[11] + $f[12]) / 100;
}

# ends it; true when it was alive, leaked nothing and had nothing to report
sub stop {
    my ($self) = @_;

    return 1 if !$self->{pid};
    kill 'TERM', $self->{pid};
    waitpid delete $self->{pid}, 0;
    $self->{exit} = $?;
    my $err = slurp($self->{err});
    print STDERR map { "# $_\n" } split /\n/, $err if $err ne '';
    return $self->{exit} == 0 && $err eq '';
}

sub DESTROY {
    my ($self) = @_;

    local $?;
    kill 'KILL', $self->{pid} and waitpid $self->{pid}, 0 if $self->{pid};
}

1;
