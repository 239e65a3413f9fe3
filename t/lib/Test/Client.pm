package Test::Client;

# The broadcaster in Python (t/lib/livepeer_client.py) as an object: one
# command, one answer. Its messages, signatures and hashes are its own.

use strict;
use warnings;
use IPC::Open2;
use JSON::PP;

my @live;

# [name, width, height, bits/s, fps, {other fields}]
our @TWO = (['240p', 426, 240, 600000, 30], ['360p', 640, 360, 1200000, 0]);
our @ONE = ($TWO[0]);

# public development keys: a broadcaster's, another one's
our $KEY0 = 'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
our $KEY1 = '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d';

sub program { 'livepeer_client.py' }

sub new {
    my ($class, $url) = @_;

    my $self = bless { url => $url }, $class;
    $self->{pid} = open2($self->{out}, $self->{in}, '/usr/bin/python3',
        't/lib/' . $class->program, $url, 'common/net/lp_rpc.proto');
    push @live, $self;
    return $self;
}

sub ask {
    my ($self, $cmd, %o) = @_;

    print { $self->{in} } encode_json({ cmd => $cmd, %o }), "\n";
    $self->{in}->flush;
    my $line = readline $self->{out};
    die "the client ended at \"$cmd\"\n" if !defined $line;
    my $answer = decode_json($line);
    die "$cmd: $answer->{exception}\n" if $answer->{exception};
    return $answer;
}

sub info    { my ($self, %o) = @_; $self->ask('info', %o) }

sub segment {
    my ($self, %o) = @_;
    return $self->ask('segment', profiles => \@ONE, %o);
}

# in the background; wait($id) for the answer
sub start {
    my ($self, $id, $cmd, %o) = @_;
    $self->ask('start', id => $id, what => { cmd => $cmd, profiles => \@ONE, %o });
}

sub wait { my ($self, $id) = @_; $self->ask('wait', id => $id) }

# what a refusal says: "403 ErrSegSig"
sub refusal {
    my ($r) = @_;
    my $text = $r->{body} // '';
    $text .= ' (no newline)' if $text !~ s/\n\z//;
    return "$r->{status} $text";
}

sub close {
    my ($self) = @_;
    return if !$self->{pid};
    close $self->{in};
    waitpid delete $self->{pid}, 0;
}

END { my $status = $?; $_->close for @live; $? = $status }

1;
