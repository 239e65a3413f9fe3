package Test::Chaos;

# The rig of the money side: a chain whose nodes can lie (t/tools/badnode.py),
# a broadcaster that pays in bulk (t/lib/livepeer_wallet.py), an orchestrator
# that is killed and started again, and an audit of its store against what was
# answered and what the chain paid (t/lib/livepeer_audit.py).

use strict;
use warnings;
use File::Path qw/ make_path /;
use HTTP::Tiny;
use JSON::PP;
use Math::BigInt;
use Test::Client;
use Test::Livepeer;
use Time::HiRes qw/ time sleep /;

our $FACE = '1000000000000000';                  # wei, and a ticket worth one
our $EV = '999999999999999';                     # less: one in 10^15 loses

our @ARGS = ('--block-poll', '100ms',
    '--discovery-rate', 100000, '--discovery-burst', 100000, '--discovery-total', 100000,
    '--winners-sender', 1000000, '--recovers-sender', 100000, '--recovers-total', 100000,
    '--max-requests', 100000000, '--startup-check', 'off', '--log-rate', 100000,
    '--reveal-blocks', 1, '--confirmations', 3, '--replace-time', '2s', '--gap-time', '4s',
    '--round-wait', '200ms', '--reward', 0, '--hold-time', '500ms');

# %o: nodes N behind badnode (1), deposit and reserve ETH on top, seed, signer 1
sub new {
    my ($class, $t, %o) = @_;

    my $self = bless { t => $t, lives => 0, face => $o{face} // $FACE, ev => $o{ev} // $EV, seed => $o{seed} // 1, args => $o{args} || [],
                       program => $o{program}
                   || Test::Livepeer::build('fail/orchestrator/orchestrator') }, $class;
    my $c = $t->chain(block_time => $o{block_time} // 0);
    $self->{account} = $c->{accounts}{orchestrator1}{address};
    $self->{data} = $t->dir . '/orchestrator1';
    make_path($self->{data});
    $self->{nodes} = [map { $self->badnode($_) } 1 .. $o{nodes} // 1];
    $self->{rpc} = $o{rpc} || join ' ', map { $_->{url} } @{$self->{nodes}};
    $self->fund($o{deposit} // 0, $o{reserve} // 0) if $o{deposit} || $o{reserve};
    $self->{signer} = $t->signer(role => 'orchestrator') if $o{signer};
    return $self;
}

sub key {
    my ($self, $account) = @_;
    my $key = Test::Livepeer::slurp($self->{t}{chain}{accounts}{$account || 'broadcaster'}{key_file});
    $key =~ s/^0x|\s//g;
    return $key;
}


# --- the chain

sub send {
    my ($self, $from, $to, $data, $eth) = @_;
    my $c = $self->{t}{chain};
    my $tx = $self->{t}->rpc('eth_sendTransaction', {
        from => $c->{accounts}{$from}{address} // $from, to => $c->{contracts}{$to} // $to,
        data => $data, gas => '0x7a120', $eth ? (value => wei_of($eth)) : () });
    return $tx;
}

sub wei_of { '0x' . (Math::BigInt->new($_[0]) * Math::BigInt->new(10) ** 18)->to_hex }
sub word { sprintf '%064s', (Math::BigInt->new($_[0]))->to_hex }

# selector of a function without cast: the node hashes it
sub selector {
    my ($self, $signature) = @_;
    return $self->{selectors}{$signature} //=
        substr $self->{t}->rpc('web3_sha3', '0x' . unpack 'H*', $signature), 0, 10;
}

sub fund {
    my ($self, $deposit, $reserve, $account) = @_;
    my $data = $self->selector('fundDepositAndReserve(uint256,uint256)');
    $data .= substr('0' x 64 . substr(wei_of($_), 2), -64) for $deposit, $reserve;
    $self->send($account || 'broadcaster', 'TicketBroker', $data, $deposit + $reserve);
}

# blocks, and the keeper's time to begin a round that has come
sub mine {
    my ($self, $n) = @_;
    my $t = $self->{t};
    while ($n > 0) {
        my $some = $n < 8 ? $n : 8;
        $t->rpc('anvil_mine', sprintf '0x%x', $some);
        $n -= $some;
        $self->await_round;
    }
}

sub await_round {
    my ($self) = @_;
    my $t = $self->{t};
    my $call = sub { hex $t->rpc('eth_call', { to => $t->{chain}{contracts}{RoundsManager},
        data => $self->selector($_[0]) }, 'latest') };
    $t->await('the round to be initialized', 30, sub { $call->('currentRoundInitialized()') });
}

sub reorg { my ($self, $depth) = @_; $self->{t}->rpc('anvil_reorg', $depth + 0, []) }
sub block { my ($self) = @_; hex $self->{t}->rpc('eth_blockNumber') }


# --- nodes that lie

sub badnode {
    my ($self, $n) = @_;
    my $t = $self->{t};
    my $p = $t->spawn("badnode$n", '/usr/bin/python3', 't/tools/badnode.py', $t->{chain}{rpc},
        '--log', $t->dir . "/badnode$n.requests", '--db', "$self->{data}/winners.db",
        '--account', $self->{account});
    $p->{url} = $t->await("badnode$n", 20, sub {
        Test::Livepeer::slurp($p->{out}) =~ /ready on (\S+)/ ? $1 : 0 });
    return $p;
}

sub fault {
    my ($self, $n, %what) = @_;
    my $r = HTTP::Tiny->new(timeout => 20)->post("$self->{nodes}[$n - 1]{url}/control",
        { content => encode_json(\%what) });
    return decode_json($r->{content});
}

sub honest { my ($self) = @_; $self->fault($_, clear => JSON::PP::true) for 1 .. @{$self->{nodes}} }

# what the nodes saw that must never be: sentences
sub judged {
    my ($self) = @_;
    return map { my $n = $_; map { "node $n: $_" } @{$self->fault($n)->{judge}{found}} }
           1 .. @{$self->{nodes}};
}


# --- the orchestrator

sub options {
    my ($self) = @_;
    return (@ARGS, '--ticket-ev', $self->{ev}, '--max-face-value', $self->{face}, @{$self->{args}});
}

# %o: args, env
sub start {
    my ($self, %o) = @_;
    my $t = $self->{t};
    unlink $t->dir . '/orchestrator1.out';
    @{$t->{orchs}} = ();
    @{$t->{procs}} = grep { !defined $_->{status} } @{$t->{procs}};
    my $begun = time;
    $self->{lives}++;
    $self->{orch} = $t->orchestrator(name => 'orchestrator1', account => 'orchestrator1',
        transcoder => '--size 5000 obey', rpc => $self->{rpc}, env => $o{env},
        $self->{signer} ? (signer => $self->{signer}) : (),
        $self->{program} ? (program => $self->{program}) : (), timeout => 30,
        args => [$self->options, @{$o{args} || []}]);
    $self->{ready} = time - $begun;
    return $self->{orch};
}

sub descendants {
    my ($pid) = @_;
    my @kids = map { split ' ', Test::Livepeer::slurp($_) } glob "/proc/$pid/task/*/children";
    return map { ($_, descendants($_)) } @kids;
}

# alive and no zombie: a zombie is its new parent's to reap
sub lives { Test::Livepeer::slurp("/proc/$_[0]/stat") =~ /\) [^ZX] / }

# SIGKILL, now; what it leaves running a second later (h)
sub kill {
    my ($self, $kids) = @_;
    my $p = $self->{orch};
    my @kids = $kids ? @$kids : descendants($p->{pid});
    CORE::kill 'KILL', $p->{pid};
    $self->{t}->reap($p, 0);
    my $until = time + 5;
    sleep 0.01 while time < $until && grep { lives($_) } @kids;
    my @orphans = grep { lives($_) } @kids;
    CORE::kill 'KILL', @orphans if @orphans;
    return scalar @orphans;
}

sub stop {
    my ($self) = @_;
    return $self->{t}->stop($self->{orch});
}

sub money {
    my ($self) = @_;
    my $text = $self->{t}->get('/status', url => $self->{orch}{status_url}) or return;
    return decode_json($text)->{money};
}


# --- who pays

sub payer {
    my ($self) = @_;
    return $self->{payer} //= Test::Chaos::Wallet->new($self->{orch}{url});
}

sub journal { my ($self) = @_; $self->{t}->dir . '/payer.journal' }

sub load {
    my ($self, %o) = @_;
    $self->payer->ask('load', key => $self->key, journal => $self->journal,
        seed => "$self->{seed}.$self->{lives}", %o);
}

# so many winners, each answered 200
sub pay {
    my ($self, $count, %o) = @_;
    return $self->payer->ask('pay', key => $self->key(delete $o{account}), journal => $self->journal,
        count => $count, seed => "$self->{seed}.$self->{lives}", %o);
}


# --- the books

sub audit {
    my ($self, %o) = @_;
    my $t = $self->{t};
    my $question = encode_json({ db => "$self->{data}/winners.db", journals => [$self->journal],
        rpc => $t->{chain}{rpc}, broker => $t->{chain}{contracts}{TicketBroker},
        rounds => $t->{chain}{contracts}{RoundsManager}, recipient => $self->{account}, account => $self->{account}, data => $self->{data}, %o });
    open my $fh, '-|', '/usr/bin/python3', '-B', 't/lib/livepeer_audit.py', $question or die $!;
    my $text = do { local $/; <$fh> };
    close $fh;
    return eval { decode_json($text) } || { wrong => ["the audit itself failed: $text"] };
}

# until no winner waits. Blocks are mined for what is under way; what is held
# for seconds must not become too old by blocks that take none. Seconds; 0: never
sub settle {
    my ($self, $seconds, %o) = @_;
    my ($begun, $mined) = (time, 0);
    while (time < $begun + $seconds) {
        my $w = ($self->money || {})->{winners} || { won => 1 };
        my $waits = $w->{won} + ($w->{signed} // 0) + ($w->{sent} // 0);
        return time - $begun || 0.001 if !($waits + ($w->{mined} // 0));
        if (!$waits || time > $mined + ($o{pace} // 0.7)) {
            $self->mine($o{step} // 1);
            $mined = time;
        }
        sleep 0.1;
    }
    return 0;
}


package Test::Chaos::Wallet;
our @ISA = 'Test::Client';
sub program { 'livepeer_wallet.py' }

1;
