package Test::Rtmp;

# An RTMP publisher that does what it is told: messages with any time, any
# bytes, as fast as the socket takes them. Frames come from an FLV file.

use strict;
use warnings;
use IO::Socket::INET;
use IO::Select;
use Time::HiRes qw/ time /;

use constant { AUDIO => 8, VIDEO => 9 };

# the handshake and connect; undef when the server hangs up
sub new {
    my ($class, %o) = @_;

    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$o{port}", Timeout => 5)
        or die "rtmp port $o{port}: $!";
    my $self = bless { s => $s, in => '', chunk => 128, got => [], streams => {} },
        $class;

    $s->print("\x03" . pack('NN', 0, 0) . ("\0" x 1528));
    my $answer = $self->_read(1 + 1536 + 1536) // return;
    $s->print(substr $answer, 1, 1536);
    $self->_chunk(2, 1, 0, pack('N', 65536));
    $self->{out} = 65536;

    $self->command('connect', 1, { app => $o{app} // 'live', type => 'nonprivate',
        flashVer => 'FMLE/3.0', tcUrl => "rtmp://127.0.0.1/" . ($o{app} // 'live') });
    $self->answer('_result') or return;
    return $self;
}

# the code of the server's status, or "closed"
sub publish {
    my ($self, $name) = @_;

    $self->command('createStream', 2, undef);
    $self->answer('_result') or return 'closed';
    $self->command('publish', 0, undef, $name, 'live');
    return $self->status;
}

# the next onStatus; its description in {why}
sub status {
    my ($self, $s) = @_;
    my $m = $self->answer('onStatus', $s // 5) or return 'closed';
    $self->{why} = $m =~ /description\x02(..)/s
        ? substr($m, $+[0], unpack 'n', $1) : '';
    return $m =~ /code\x02..((?:[A-Z][a-zA-Z]+\.)+[A-Za-z]+)/s ? $1 : '';
}

sub command {
    my ($self, $name, $id, @args) = @_;
    $self->_chunk(3, 20, 0, join '', map { _amf($_) } $name, \$id, @args);
}

# one audio or video message; 0 when the connection is gone
sub send {
    my ($self, $type, $time, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    return $self->_chunk($type == VIDEO ? 6 : 4, $type, $time, $bytes);
}

# goodbye, or none
sub close {
    my ($self, %o) = @_;
    local $SIG{PIPE} = 'IGNORE';
    $self->command('deleteStream', 0, undef, \1) if !$o{vanish};
    shutdown $self->{s}, 1 if !$o{vanish};
    CORE::close $self->{s};
}

# true when the server has closed the connection within $s seconds
sub closed {
    my ($self, $s) = @_;
    return !defined $self->_message($s // 5) && $self->{eof} || do {
        1 while defined $self->_message($s // 5);
        $self->{eof};
    };
}

# [type, time, bytes] of every audio and video tag of an FLV file
sub flv {
    my ($file) = @_;
    open my $fh, '<:raw', $file or die "$file: $!";
    local $/;
    my $d = <$fh>;
    my @tags;
    for (my $at = 13; $at + 11 <= length $d; ) {
        my ($type, @n) = unpack 'x[' . $at . ']C C3 C3 C', $d;
        my $len = $n[0] << 16 | $n[1] << 8 | $n[2];
        my $time = $n[6] << 24 | $n[3] << 16 | $n[4] << 8 | $n[5];
        push @tags, [$type, $time, substr $d, $at + 11, $len]
            if $type == AUDIO || $type == VIDEO;
        $at += 11 + $len + 4;
    }
    return @tags;
}

sub _amf {
    my ($v) = @_;
    return "\x05" if !defined $v;
    return "\0" . pack('d>', $$v) if ref $v eq 'SCALAR';
    return "\x03" . join('', map { pack('n/a*', $_) . _amf($v->{$_}) } sort keys %$v)
        . "\0\0\x09" if ref $v eq 'HASH';
    return "\x02" . pack 'n/a*', $v;
}

sub _chunk {
    my ($self, $csid, $type, $time, $bytes) = @_;
    my $size = $self->{out} // 128;
    my $ext = $time >= 0xffffff ? pack('N', $time & 0xffffffff) : '';
    my $t = $ext ne '' ? 0xffffff : $time;
    my $out = pack('C', $csid) . substr(pack('N', $t), 1)
        . substr(pack('N', length $bytes), 1) . pack('CV', $type, $type < 8 ? 0 : 1)
        . $ext;
    for (my $at = 0; $at == 0 || $at < length $bytes; $at += $size) {
        $out .= pack('C', 0xc0 | $csid) . $ext if $at;
        $out .= substr $bytes, $at, $size;
    }
    return syswrite_all($self->{s}, $out);
}

sub syswrite_all {
    my ($s, $d) = @_;
    for (my $at = 0; $at < length $d; ) {
        my $n = syswrite $s, $d, length($d) - $at, $at;
        return 0 if !$n;
        $at += $n;
    }
    return 1;
}

sub _read {
    my ($self, $n, $s) = @_;
    my $until = time + ($s // 5);
    while (length $self->{in} < $n) {
        my $left = $until - time;
        return if $left <= 0 || !IO::Select->new($self->{s})->can_read($left);
        my $got = sysread $self->{s}, $self->{in}, 65536, length $self->{in};
        if (!$got) {
            $self->{eof} = 1;
            return;
        }
    }
    return substr $self->{in}, 0, $n, '';
}

# the next command or status that begins with $name
sub answer {
    my ($self, $name, $s) = @_;
    while (1) {
        my ($type, $bytes) = @{$self->_message($s // 5) // return};
        return $bytes if $type == 20 && substr($bytes, 0, 3 + length $name)
                                        eq "\x02" . pack 'n/a*', $name;
    }
}

sub _message {
    my ($self, $s) = @_;
    while (1) {
        my $b = ord($self->_read(1, $s) // return);
        my ($fmt, $csid) = ($b >> 6, $b & 63);
        my $m = $self->{streams}{$csid} ||= { bytes => '' };
        if ($fmt < 3) {
            my $h = $self->_read((11, 7, 3)[$fmt], $s) // return;
            $self->_read(4, $s) if substr($h, 0, 3) eq "\xff\xff\xff";
            ($m->{len}, $m->{type}) = (unpack('N', "\0" . substr $h, 3, 3),
                                       ord substr $h, 6) if $fmt < 2;
        }
        my $n = $m->{len} - length $m->{bytes};
        $n = $self->{chunk} if $n > $self->{chunk};
        $m->{bytes} .= $self->_read($n, $s) // return;
        next if length $m->{bytes} < $m->{len};
        my $bytes = $m->{bytes};
        $m->{bytes} = '';
        $self->{chunk} = unpack 'N', $bytes if $m->{type} == 1;
        return [$m->{type}, $bytes];
    }
}

1;
