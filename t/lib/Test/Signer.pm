package Test::Signer;

# The signer's program, and a client of it in Perl, for tests: each request a
# method, answered as a hash with status (a label of protocol.h) and fields.

use strict;
use warnings;
use IO::Socket::UNIX;
use Math::BigInt;
use Socket qw/ SOCK_STREAM /;
use Test::Livepeer;

my %kind = (hello => 1, request => 2, segment => 3, tickets => 4, result => 5,
            ping => 6, receipt => 7, tx => 8);
my @labels = Test::Livepeer::slurp('common/signer/protocol.h')
             =~ /XX\(LP_SIGN_\w+,\s*"(\w+)"/g;

our $KEY0 = 'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
our $KEY1 = '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d';
our $ADDRESS0 = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
our $ADDRESS1 = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';

# --- the program

sub program { Test::Livepeer::build('common/signer/signer') }

# a file that only we can read
sub secret {
    my ($file, $text, $mode) = @_;
    unlink $file;
    Test::Livepeer::spew($file, $text);
    chmod $mode // 0600, $file or die "$file: $!";
    return $file;
}

# start($stand, NAME, [options], %o): a broadcaster with key 0 on chain 31337
# and wide budgets unless said otherwise; dies unless it becomes ready
sub start {
    my ($t, $name, $args, %o) = @_;

    my $dir = $t->dir . "/$name";
    mkdir $dir, 0700;
    my $socket = "$dir/socket";
    my $p = $t->spawn($o{log} || $name, { env => $o{env} || {} }, program(), args($dir, @{$args || []}));
    $t->await("$name to be ready", 20, sub {
        Test::Livepeer::slurp($p->{out}) =~ /signer ready on unix:\Q$socket\E as (0x\w{40}) \((.*)\)/
            and @$p{qw/ address what /} = ($1, $2);
        $p->{address} || !$t->alive($p);
    });
    die "$name did not start\n" . $t->logs if !$p->{address};
    return { %$p, dir => $dir, socket => $socket, proc => $p };
}

# the options with what they do not name
sub args {
    my ($dir, @args) = @_;

    my %given = map { /^--([\w-]+)/ ? ($1 => 1) : () } @args;
    my %default = (
        socket => "$dir/socket", 'key-file' => "$dir/key", 'chain-id' => 31337,
        journal => "$dir/journal", 'max-face-value' => '1ETH',
        'max-ticket-ev' => '0.01ETH', 'day-budget' => '1ETH',
    );
    secret("$dir/key", $KEY0) if !$given{'key-file'} && -d $dir && !-e "$dir/key";
    return (@args, map { $given{$_} ? () : ("--$_", $default{$_}) } sort keys %default);
}

# --- the client

sub new {
    my ($class, $socket) = @_;

    my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $socket) or return;
    return bless { s => $s, in => '', id => 0, kinds => [] }, $class;
}

sub u256 {
    my ($v) = @_;
    my $hex = Math::BigInt->new("$v")->to_hex;
    return pack 'H*', ('0' x (64 - length $hex)) . $hex;
}

sub bytes { my ($hex) = @_; pack 'H*', $hex =~ s/^0x//r }

sub text { pack 'C/a*', $_[0] }

sub frame {
    my ($kind, $id, $body) = @_;
    return pack 'N C N a*', 5 + length($body), $kind{$kind} // $kind, $id, $body;
}

my %body = (
    hello => sub { "\1" },
    request => sub { '' },
    ping => sub { '' },
    segment => sub {
        my %o = (manifest => 'cam', seq => 0, hash => 'ab' x 32, names => ['720p'], @_);
        return text($o{manifest}) . pack('Q>', $o{seq}) . bytes($o{hash})
               . pack('C', scalar @{$o{names}}) . join '', map { text($_) } @{$o{names}};
    },
    # tickets of 8 gwei as in wire.md 11.10
    tickets => sub {
        my %o = (stream => '07' x 16, recipient => $ADDRESS1, face_value => '12000000000000000',
                 win_prob => '77194726158210796949047323339125271902179989777093709359638392000000000',
                 rand_hash => '783ca39fc51a2ddd0c3045e3f63966e6779dd94c504a366874f4e3aa8d19594b',
                 round => 3900, first => 1, n => 1,
                 round_hash => '7895a29307999f1d61abaf54077342a6714b33e42ccf093e4f9eb86abd387c45', @_);
        return bytes($o{stream}) . bytes($o{recipient}) . u256($o{face_value}) . u256($o{win_prob})
               . bytes($o{rand_hash}) . pack('Q>', $o{round}) . bytes($o{round_hash})
               . pack('NN', $o{first}, $o{n});
    },
    result => sub { join '', map { bytes($_) } @_ },
    receipt => sub {
        my %o = (seq => 0, round => 1, @_);
        return join('', map { bytes($o{$_} // '00' x 20) } qw/ broadcaster orchestrator verifier /)
               . join('', map { bytes($o{$_} // '00' x 32) }
                      qw/ manifest_hash source_hash profiles_hash result_hash service_id /)
               . pack('Q>Q>', $o{seq}, $o{round}) . bytes($o{fault_verifier} // '00' x 20);
    },
    tx => sub {
        my %o = (chain_id => 31337, nonce => 0, priority => 1, fee => 2, gas => 21000, value => 0,
                 data => '', legacy => 0, create => 0, @_);
        return pack('Q>Q>', $o{chain_id}, $o{nonce}) . u256($o{priority}) . u256($o{fee})
               . pack('Q>', $o{gas}) . bytes($o{to}) . u256($o{value})
               . pack('C', ($o{create} ? 1 : 0) | ($o{legacy} ? 2 : 0)) . bytes($o{data});
    },
);

# what goes on the wire for one request; its answer is then expected
sub encode {
    my ($self, $kind, @o) = @_;
    push @{$self->{kinds}}, $kind;
    return frame($kind, ++$self->{id}, $body{$kind}->(@o));
}

sub write {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    for (my $at = 0; $at < length $bytes; ) {
        my $n = syswrite $self->{s}, $bytes, length($bytes) - $at, $at;
        return 0 if !$n;
        $at += $n;
    }
    return 1;
}

# the next answer; nothing when the connection has ended
sub answer {
    my ($self, $seconds) = @_;

    while (1) {
        my $len = length $self->{in} >= 4 ? unpack 'N', $self->{in} : undef;
        last if defined $len && length $self->{in} >= 4 + $len;
        my $bits = '';
        vec($bits, fileno $self->{s}, 1) = 1;
        return if !select $bits, undef, undef, $seconds // 10;
        return if !sysread $self->{s}, $self->{in}, 65536, length $self->{in};
    }

    my ($len, $status, $id) = unpack 'N C N', $self->{in};
    my $body = substr $self->{in}, 9, $len - 5;
    substr $self->{in}, 0, 4 + $len, '';
    return decode(shift @{$self->{kinds}}, $labels[$status], $id, $body);
}

sub decode {
    my ($kind, $status, $id, $body) = @_;

    my %r = (status => $status, id => $id, kind => $kind);
    return \%r if $status ne 'ok';
    if ($kind eq 'hello') {
        my @f = unpack 'C H40 Q> N a32 a32 a32 a32 a32 a32 N Q>', $body;
        @r{qw/ version address chain_id kinds max_face_value max_ticket_ev day_budget day_spent
               stream_budget recipient_budget recipients tickets /}
            = map { length == 32 ? Math::BigInt->from_bytes($_) : $_ } @f;
        $r{address} = "0x$r{address}";
    } elsif ($kind eq 'tickets') {
        $r{sigs} = [map { unpack 'H*', $_ } unpack '(a65)*', $body];
    } elsif ($kind eq 'ping') {
        @r{qw/ value sig /} = unpack 'H64 H130', $body;
    } elsif ($kind eq 'tx') {
        @r{qw/ hash raw /} = unpack 'H64 H*', $body;
    } else {
        $r{sig} = unpack 'H*', $body;
    }
    return \%r;
}

# ask and wait
sub ask {
    my ($self, @o) = @_;
    $self->write($self->encode(@o)) or return;
    return $self->answer;
}

for my $kind (keys %kind) {
    no strict 'refs';
    *$kind = sub { my ($self, @o) = @_; $self->ask($kind, @o) };
}

1;
