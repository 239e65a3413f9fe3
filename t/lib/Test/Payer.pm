package Test::Payer;

# The paying broadcaster in Python (t/lib/livepeer_payer.py) as an object, and
# what the orchestrator has of it: its books and its winners.

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use Test::Client;
use Test::Livepeer;
use Test::Money;

our @ISA = ('Test::Client');
our @EXPORT_OK = qw/ money winners refusal reveal /;

sub program { 'livepeer_payer.py' }

# new($stand, $orchestrator, ACCOUNT of the chain, or its key)
sub new {
    my ($class, $t, $orch, $account) = @_;
    my $self = $class->SUPER::new(ref $orch ? $orch->{url} : $orch);
    $account //= 'broadcaster';
    my $of = $t->{chain}{accounts}{$account};
    $self->{key} = $of ? Test::Livepeer::slurp($of->{key_file}) : $account;
    $self->{key} =~ s/^0x|\s//g;
    return $self;
}

# each command is the account's own unless it says key
sub ask {
    my ($self, $cmd, %o) = @_;
    return $self->SUPER::ask($cmd, key => $self->{key}, %o);
}

sub many {
    my ($self, $n, %what) = @_;
    my %of = map { exists $what{$_} ? ($_ => delete $what{$_}) : () } qw/ path repeat seq /;
    return @{$self->ask('many', n => $n, %of, what => { key => $self->{key},
        profiles => \@Test::Client::ONE, %what })->{answers}};
}

sub start {
    my ($self, $id, $cmd, %o) = @_;
    $self->SUPER::start($id, $cmd, key => $self->{key}, %o);
}

sub pay {
    my ($self, %o) = @_;
    return $self->ask('payment', profiles => \@Test::Client::ONE, %o);
}

# "400 TicketParams expired [TicketParamsExpired]"
sub refusal {
    my ($r) = @_;
    return '200' . ($r->{error} ? " $r->{error}" : '') if $r->{status} == 200;
    my $header = $r->{headers}{'livepeer-error'};
    return Test::Client::refusal($r) . ($header ? " [$header]" : '');
}

sub money { Test::Money::ledger(@_) }

# rows of a table of the store, each a hash; as any other process sees them
sub rows {
    my ($orch, $sql) = @_;
    open my $fh, '-|', '/usr/bin/python3', '-c', <<'PY', "$orch->{data}/winners.db", $sql or die $!;
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10)
db.row_factory = sqlite3.Row
rows = db.execute(sys.argv[2]).fetchall()
db.commit()
print(json.dumps([{k: r[k].hex() if isinstance(r[k], bytes) else r[k] for k in r.keys()} for r in rows]))
PY
    local $/;
    my $text = <$fh>;
    close $fh or die "the store cannot be read\n";
    return @{decode_json($text)};
}

sub winners { rows($_[0], 'SELECT * FROM winners ORDER BY id') }

# what the redeemer does before a number leaves the process
sub reveal {
    my ($orch, $hash) = @_;
    rows($orch, "INSERT INTO revealed (hash) VALUES (x'$hash')");
}

1;
