package Test::Chaos;

# The rig of the money side: a chain whose nodes can lie (t/tools/badnode.py),
# a broadcaster that pays in bulk (t/lib/livepeer_payer.py), an orchestrator
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

our @ARGS = ('--ticket-ev', $EV, '--max-face-value', $FACE, '--block-poll', '100ms',
    '--discovery-rate', 100000, '--discovery-burst', 100000, '--discovery-total', 100000,
    '--winners-sender', 1000000, '--recovers-sender', 100000, '--recovers-total', 100000,
    '--max-requests', 100000000, '--startup-check', 'off', '--log-rate', 100000,
    '--reveal-blocks', 1, '--confirmations', 3, '--replace-time', '2s', '--gap-time', '4s',
    '--round-wait', '200ms', '--reward', 0);

# %o: nodes N behind badnode (1), deposit and reserve ETH on top, seed, signer 1
sub new {
    my ($class, $t, %o) = @_;

    my $self = bless { t => $t, lives => 0, seed => $o{seed} // 1, args => $o{args} || [],
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

# %o: args, env, why (text: it is to fail)
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
        args => [@ARGS, @{$self->{args}}, @{$o{args} || []}]);
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
    return $self->{payer} //= Test::Client->payer($self->{orch}{url});
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
    return $self->payer->ask('pay', key => $self->key, journal => $self->journal,
        count => $count, seed => "$self->{seed}.$self->{lives}", %o);
}


# --- the books

sub audit {
    my ($self, %o) = @_;
    my $t = $self->{t};
    my $question = encode_json({ db => "$self->{data}/winners.db", journals => [$self->journal],
        rpc => $t->{chain}{rpc}, broker => $t->{chain}{contracts}{TicketBroker},
        recipient => $self->{account}, account => $self->{account}, data => $self->{data}, %o });
    open my $fh, '-|', '/usr/bin/python3', '-B', 't/lib/livepeer_audit.py', $question or die $!;
    my $text = do { local $/; <$fh> };
    close $fh;
    return eval { decode_json($text) } || { wrong => ["the audit itself failed: $text"] };
}

# until no winner waits; blocks are mined all the while. Seconds; 0: never
sub settle {
    my ($self, $seconds, %o) = @_;
    my $begun = time;
    while (time < $begun + $seconds) {
        my $m = $self->money;
        if ($m) {
            my %w = %{$m->{winners}};
            return time - $begun || 0.001 if !($w{won} + $w{signed} + $w{sent} + $w{mined});
        }
        $self->mine($o{step} // 1);
        sleep $o{pause} // 0.15;
    }
    return 0;
}


# --- kill -9, again and again

# the names of all failpoints, as they stand in the sources
sub failpoints {
    my %names;
    for my $file (glob 'orchestrator/*.c') {
        my $text = Test::Livepeer::slurp($file);
        $names{$1} = 1 while $text =~ /LP_FAILPOINT\("(\w+)"\)/g;
    }
    return sort keys %names;
}

# a program that dies so many seconds after its start
sub doomed {
    my ($self, $s) = @_;
    my $file = Test::Livepeer::spew($self->{t}->dir . '/doomed', "#!/bin/sh\n"
        . "(exec >/dev/null 2>&1; sleep $s; kill -9 \$\$) &\nexec $self->{program} \"\$@\"\n");
    chmod 0755, $file;
    return $file;
}

# what a failpoint needs to be passed: winners that are ripe, a transaction
# that is lost, a database that cannot be written
sub prepare {
    my ($self, $point, $books) = @_;
    $self->mine($books->{next_ripe} - $books->{block})
        if $point =~ /redeem|tx_|winner_set|revealed/ && !$books->{ripe}
            && $books->{next_ripe} > ($books->{block} // 0);
    $self->fault(1, drop => JSON::PP::true) if $point =~ /raise/;
    return $point =~ /^spill|adopted|drained/ ? 26 : $point =~ /raise/ ? 8
         : $point =~ /redeem|tx_|_set|reveal/ ? 4 : 1.5;
}

# the database belongs to somebody else for so long: what is won goes to the
# spill log
sub lock_store {
    my ($self, $s) = @_;
    return $self->{t}->spawn('locker', '/usr/bin/python3', '-c', 'import sqlite3, sys, time;'
        . 'c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=9);'
        . 'c.execute("BEGIN IMMEDIATE"); time.sleep(float(sys.argv[2])); c.execute("ROLLBACK")',
        "$self->{data}/winners.db", $s);
}

# one life: until its failpoint, or for so long; how it ended
sub one_life {
    my ($self, $how, $s) = @_;
    my $t = $self->{t};
    my ($point) = $how =~ /^(\w+):/;

    local $self->{program} = $how eq 'start' ? $self->doomed($s) : $self->{program};
    my $env = $point ? { LIVEPEER_FAILPOINT => $how } : undef;
    if (!eval { $self->start(env => $env); 1 }) {
        my $p = $t->{procs}[-1];
        die $@ if $@ !~ /ended at start/ || $how eq 'time' || ($p->{status} // 0) != 9;
        return { how => $how, in => 'start', orphans => 0, reached => $point };
    }
    my $locker = $point && $point =~ /^spill|adopted|drained/ ? $self->lock_store(12) : undef;
    my $p = $self->{orch};
    my ($until, $mined, %kids) = (time + $s, time);
    while (time < $until && $t->alive($p)) {
        $kids{$_} = 1 for descendants($p->{pid});
        sleep 0.01;
        next if time < $mined + 0.2;
        $t->rpc('anvil_mine', '0x1');
        $mined = time;
    }
    my $reached = !$t->alive($p);
    die "$how: the orchestrator ended with $p->{status}\n" . $t->logs
        if $reached && $p->{status} != 9;
    my $orphans = $self->kill([keys %kids]);
    $t->stop($locker, 'KILL') if $locker;
    return { how => $how, in => 'service', reached => $reached && $point, orphans => $orphans };
}

sub kill_signer {
    my ($self) = @_;
    my $p = $self->{signer};
    CORE::kill 'KILL', $p->{pid};
    $self->{t}->reap($p, 0);
    unlink $p->{out};
    $self->{signer} = $self->{t}->signer(role => 'orchestrator');
}

# how each run is killed: half of them at failpoints, first each of them once,
# the others while it starts or at any time
sub plan_kills {
    my ($runs, @points) = @_;
    my (@plan, $at);
    for (1 .. $runs) {
        my $k = rand;
        if ($k < 0.5 && @points || $at && $at < @points && $runs - $_ <= @points - $at) {
            my $n = $at++ < @points ? 1 : 1 + int rand 6;
            push @plan, $points[($at - 1) % @points] . ":$n";
        } else {
            push @plan, $k < 0.65 ? 'start' : 'time';
        }
    }
    return @plan;
}

# the life after: is everything there, and nothing twice; what is not
sub recover {
    my ($self, $f, %o) = @_;
    my $before = $self->payer->ask('sums')->{tickets};
    $self->start;
    push @{$f->{ready}}, $self->{ready};
    my $books = $self->{last} = $self->audit($o{full} ? () : (quick => JSON::PP::true));
    my $m = $self->money;
    my $sent = $self->payer->ask('sums')->{tickets} - $before;
    my @bad = @{$books->{wrong}};
    my $most = Math::BigInt->new($EV) * $sent;
    push @bad, "(f) credit of $m->{ev_wei} wei, $sent tickets of $EV wei were sent"
        if $most < $m->{ev_wei};
    push @bad, "(i) ready after $self->{ready} s" if $self->{ready} > 3;
    push @bad, '(h) others may read the store' if (stat "$self->{data}/winners.db")[2] & 077;
    $f->{lost} += $books->{lost} // 0;
    $f->{double_paid} = $books->{double_paid} // 0;

    # those that wait too long are given a while: what dies of age in this
    # test would be the test's doing

    for (1 .. 20) {
        last if !$self->{last}{late};
        $self->mine(1);
        sleep 0.3;
        $self->{last} = $self->audit(quick => JSON::PP::true);
    }
    return @bad;
}

# %o: runs, points (all); figures, and what is wrong as sentences
sub kill_runs {
    my ($self, %o) = @_;
    my (%f, @wrong, %reached);
    my @points = @{$o{points} || [failpoints()]};

    # winners that are ripe: the redeemer is at work from the first run on

    $self->start;
    $self->pay(24, tickets => 3);
    $self->mine(45);
    $self->load(threads => 2, tickets => 2, segments => 0.15, pause => $o{pause} // 0.06);
    $self->{last} = $self->audit;
    $self->kill;
    my @plan = plan_kills($o{runs}, @points);
    for my $n (1 .. @plan) {
        my $how = $plan[$n - 1];
        my ($point) = $how =~ /^(\w+):/;
        my $s = $point ? $self->prepare($point, $self->{last})
              : $how eq 'start' ? 0.01 + rand 0.15 : 0.02 + rand 0.7;
        my $life = $self->one_life($how, $s);
        $self->honest;
        $f{kills}++;
        $f{at_points} += !!$life->{reached};
        $reached{$life->{reached}}++ if $life->{reached};
        Test::More::note(sprintf 'run %d: %s, %s', $n, $how, !$point ? $life->{in}
            : $life->{reached} ? "reached in its $life->{in}" : 'not reached') if $o{verbose};
        if ($self->{signer} && rand() < 0.1) {
            $self->kill_signer;
            $f{signers}++;
        }
        my @bad = $self->recover(\%f, full => $n % 25 == 0);
        push @bad, "(h) $life->{orphans} processes were left" if $life->{orphans};
        push @wrong, map { "run $n, seed $self->{seed}, killed at $how: $_" } @bad;
        last if @wrong > 20;
        $self->kill;
    }

    my $s = $self->payer->ask('stop');
    $f{$_} = $s->{$_} for qw/ ok_tickets tickets replays replays_taken /;
    push @wrong, "(f) $s->{replays_taken} payments were taken twice" if $s->{replays_taken};

    # one last life, without a fault: everything comes to its end

    $self->start;
    $f{settled} = $self->settle($o{settle} // 60);
    my $books = $self->audit(settled => JSON::PP::true, budget => '10000000000000000000');
    push @wrong, map { "at the end: $_" } @{$books->{wrong}};
    push @wrong, 'at the end: winners wait: ' . encode_json($self->money->{winners})
        if !$f{settled};
    push @wrong, $self->judged;
    $f{$_} = $books->{$_} for qw/ stored answered paid dead double_paid spent_wei reasons /;
    my @ready = sort { $a <=> $b } @{delete $f{ready}};
    $f{ready_worst} = $ready[-1];
    $f{ready_median} = $ready[@ready / 2];
    $f{unreached} = [grep { !$reached{$_} } @points];
    $f{reached} = keys %reached;
    return (\%f, @wrong);
}

# the letters of threats.md 4.4, as assertions; and the line of figures
sub kill_verdict {
    my ($f, @wrong) = @_;
    my %says = (
        a => 'T-06: (a) every winner answered 200 is stored',
        b => 'T-03: (b) no ticket is stored twice',
        c => 'T-76: (c) paid on chain, payable and dead are all, to the wei',
        d => 'T-76: (d) no two nonces for a ticket, no gap',
        e => 'T-04: (e) no number behind a commitment before it is revealed',
        f => 'T-03: (f) no credit beyond the tickets that came',
        g => 'T-80: (g) no more gas than the budget',
        h => 'T-92: (h) no process, no half file, no lock is left',
        i => 'T-92: (i) ready again within 3 s',
    );
    for my $letter (sort keys %says) {
        my @mine = grep { /\($letter\) / || $letter eq 'e' && /T-04:/ || $letter eq 'd' && /T-76:/ } @wrong;
        Test::More::is_deeply(\@mine, [], $says{$letter});
    }
    my @rest = grep { !/\([a-i]\) |T-04:|T-76:/ } @wrong;
    Test::More::is_deeply(\@rest, [], 'and all comes to its end');
    Test::More::diag(sprintf 'kill -9: n %d (%d at %d failpoints, the signer %d times), %d winners, '
        . '%d answered; lost %d, double credits %d, double redemptions %d; dead %d; '
        . 'ready again: median %.2f s, worst %.2f s',
        @$f{qw/ kills at_points reached /}, $f->{signers} // 0,
        @$f{qw/ stored answered lost replays_taken double_paid dead ready_median ready_worst /});
}

1;
