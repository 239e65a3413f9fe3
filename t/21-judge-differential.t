#!/usr/bin/perl
# T-05: what our judge accepts, TicketBroker pays. Tickets changed in every
# field, in the signature's forms and in the widths of the wire are judged by
# our validator and tried against the contract, each by an eth_call as their
# recipient. Nothing may be credited that the contract refuses; what it would
# pay and we refuse is told by its cause.
# T05_TICKETS says how many (3000), SEED which.
# takes 8 s

use strict;
use warnings;
use lib 't/lib';
use HTTP::Tiny;
use IPC::Open2;
use JSON::PP;
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Time::HiRes qw/ time /;

my $N = $ENV{T05_TICKETS} || 3000;
my $SEED = $ENV{SEED} // 5;
my $WINNERS = 20;
my $BATCH = 200;

# the sentences of TicketBroker's judgement, all of which have to be heard
my @SENTENCES = (
    'ticket recipient is null address', 'ticket sender is null address',
    'invalid length for ticket auxData: must be 64 bytes',
    'ticket creationRound does not have a block hash',
    'ticket creationRoundBlockHash invalid for creationRound', 'ticket is expired',
    'recipientRand does not match recipientRandHash', 'ticket is used',
    'INVALID_SIGNATURE_LENGTH', 'ECDSA: invalid signature', q{ECDSA: invalid signature 's' value},
    'invalid signature over ticket hash', 'ticket did not win',
);

# Why we refuse what the contract would pay: our status, then the changes that
# may lead there. A contract knows no parameters, so it takes any ticket that
# its sender signed; we take those that we asked for, while we ask for them.
# In capitals: judged as if that had been issued, so that form, signature and
# draw alone decide; there both have to say the same.
my %WHY = (
    mismatch  => ['not what we issued (T-01, I6)',
                  qw/ recipient face_value win_prob border commitment round older offer width any /],
    malformed => ['no width of the wire (T-02)', qw/ nonce NONCE width offer any /],
    replayed  => ['its nonce was seen (T-03)', qw/ twice nonce NONCE COMMITMENT any /],
    expired   => ['its parameters ended or their number is known (T-04)', qw/ late revealed /],
    limit     => ['worth more than a balance can hold (T-12)', qw/ FACE_VALUE BORDER /],
);

my $t = Test::Livepeer->new->plan(10 + keys(%WHY) + @SENTENCES);
my $chain = $t->chain;
my $broker = $chain->{contracts}{TicketBroker};
my $recipient = $chain->{accounts}{orchestrator1}{address};
my $http = HTTP::Tiny->new(timeout => 120);

# three rounds with a hash, the oldest too old; then the chain stands still
my $R = number(ask('lastInitializedRound()')) + 2;
for (1 .. 2) {
    my $next = number(ask('lastInitializedRound()')) + 1;
    $t->rpc('anvil_mine', '0x32');
    $t->await("round $next", 60, sub { number(ask('lastInitializedRound()')) >= $next });
}
$t->rpc('evm_setIntervalMining', 0);
cmp_ok(number(ask('lastInitializedRound()')), '==', $R, 'two rounds later');
my @rounds = map { ($_, ask('blockHashForRound(uint256)', $_)) } $R, $R - 1, $R - 2;

my $pid = open2(my $from, my $to, Test::Livepeer::build('t/tools/judgediff'),
    $chain->{accounts}{broadcaster}{key_file}, lc $recipient, @rounds, $SEED, $WINNERS, $N);

# some winners are paid, so that their tickets are used ones
my @paid = map { take() } 1 .. $WINNERS;
@paid = grep { $_->{won} } @paid;
cmp_ok(scalar @paid, '>', $WINNERS / 2, 'winners at odds of 99 in 100');
my @tx = map { $t->rpc('eth_sendTransaction', { from => $recipient, to => $broker,
    data => $_->{data}, gas => '0x7a120' }) } @paid;
$t->rpc('anvil_mine', '0x1');
is(scalar(grep { $t->rpc('eth_getTransactionReceipt', $_)->{status} eq '0x1' } @tx), scalar @paid,
    'T-05: winners of our judge are redeemed on chain');
print $to "go on\n";
close $to;

my (%count, %heard, %both, @reverts, @other, @unlike, @unexplained, %told);
my ($tickets, $credited, $drawn) = (0, 0, 0);
my $start = time;
while (my @some = grep { $_ } map { take() } 1 .. $BATCH) {
    my @said = simulate(@some);
    judge($some[$_], $said[$_]) for 0 .. $#some;
}
waitpid $pid, 0;
is($?, 0, 'every ticket was made and judged');
my $seconds = time - $start;
note(sprintf '%d tickets in %.1f s, seed %s: %d credited, %d of them won', $tickets, $seconds,
    $SEED, $credited, $drawn);

cmp_ok($tickets, '>=', $N + $WINNERS, "T-05: $tickets tickets before judge and contract");
cmp_ok($drawn, '>', $N / 20, "T-05: $drawn winners were credited");
is_deeply(\@reverts, [], 'T-05: none is credited and then refused by the contract');
is_deeply(\@other, [], 'T-05: each that lost is refused for that and nothing else');
is_deeply(\@unlike, [], 'T-02: what is credited goes to the chain as it came');
is_deeply(\@unexplained, [], 'T-05: what only the contract takes is refused for a known cause');
for my $status (sort keys %WHY) {
    my ($why, @kinds) = @{$WHY{$status}};
    my $n = 0;
    $n += $told{$status}{$_} for keys %{$told{$status} || {}};
    cmp_ok($n, '>', 0, "T-05: refused here alone: $why");
    note("  $status, $why: ", join ', ', map { "$_ $told{$status}{$_}" } sort keys %{$told{$status}});
}
cmp_ok($heard{$_} // 0, '>', 0, "T-05: refused by both: $_") for @SENTENCES;

note('ours / contract: ', join ', ', map { "$_ $count{$_}" } sort keys %count);


# one ticket of the tool, or nothing
sub take {
    my $line = <$from> // return;
    my ($kind, $status, $won, $same, $data) = $line =~ /^(\w+) (\w+) ([01]) ([01]) (0x[0-9a-f]+)$/
        or die "judgediff said: $line";
    return { kind => $kind, status => $status, won => $won, same => $same, data => $data };
}

sub judge {
    my ($ticket, $said) = @_;
    my ($kind, $ours) = @$ticket{qw/ kind status /};
    my $paid = $said eq 'paid';
    my $line = "$kind: $ours, $said $ticket->{data}";

    $tickets++;
    $count{"$ours / " . ($paid ? 'paid' : 'refused')}++;

    if ($ours eq 'ok') {
        $credited++;
        push @unlike, $line if !$ticket->{same};
        if ($ticket->{won}) {
            $drawn++;
            push @reverts, $line if !$paid;
        } else {
            push @other, $line if $said ne 'ticket did not win';
        }
        return;
    }
    if (!$paid) {
        $heard{$said}++;
        return;
    }
    my ($why, @kinds) = @{$WHY{$ours} || []};
    if (grep { $_ eq $kind } @kinds) { $told{$ours}{$kind}++ } else { push @unexplained, $line }
}

# what the contract says to each: 'paid' or its sentence
sub simulate {
    my (@some) = @_;
    my $id = 0;
    my @calls = map { { jsonrpc => '2.0', id => $id++, method => 'eth_call', params =>
        [{ from => $recipient, to => $broker, data => $_->{data} }, 'latest'] } } @some;
    my $r = $http->post($chain->{rpc}, { headers => { 'content-type' => 'application/json' },
        content => encode_json(\@calls) });
    my $list = eval { decode_json($r->{content}) };
    die "the chain said: $r->{status} $r->{content}\n" if ref $list ne 'ARRAY' || @$list != @some;
    my @said;
    $said[$_->{id}] = $_->{error} ? sentence($_->{error}) : 'paid' for @$list;
    return @said;
}

sub sentence {
    my ($error) = @_;
    my $data = $error->{data} // '';
    return $error->{message} if $data !~ /^0x08c379a0.{64}(.{64})(.*)/;
    return substr pack('H*', $2), 0, hex substr $1, -8;
}

# a view of RoundsManager
sub ask {
    my ($signature, @words) = @_;
    my $id = { 'lastInitializedRound()' => '8807f36e', 'blockHashForRound(uint256)' => '3aa4add4' }
        ->{$signature};
    return $t->rpc('eth_call', { to => $chain->{contracts}{RoundsManager},
        data => "0x$id" . join '', map { sprintf '%064x', $_ } @words }, 'latest');
}

sub number { hex substr $_[0], -12 }
