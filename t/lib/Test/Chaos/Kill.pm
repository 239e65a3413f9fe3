package Test::Chaos::Kill;

# kill -9, again and again: at failpoints, while the orchestrator starts, at any
# time; and after each kill the books (threats.md 4.4).

use strict;
use warnings;
use JSON::PP;
use Math::BigInt;
use Test::Chaos;
use Test::Livepeer;
use Test::More ();
use Time::HiRes qw/ time sleep /;

our @ISA = 'Test::Chaos';

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

# the database belongs to somebody else until it is killed: what is won goes to
# the spill log
sub lock_store {
    my ($self) = @_;
    return $self->{t}->spawn('locker', '/usr/bin/python3', '-c', 'import sqlite3, sys, time;'
        . 'c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=9);'
        . 'c.execute("BEGIN IMMEDIATE"); time.sleep(60)', "$self->{data}/winners.db");
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
    my $locker = $point && $point =~ /^spill|adopted|drained/ ? $self->lock_store : undef;
    my $p = $self->{orch};
    my $spilled = sub { (Time::HiRes::stat("$self->{data}/winners.db.spill"))[9] // 0 };
    my $before = $spilled->();
    my ($until, $mined, %kids) = (time + $s, time);
    while (time < $until && $t->alive($p)) {
        $kids{$_} = 1 for Test::Chaos::descendants($p->{pid});
        sleep 0.01;
        next if time < $mined + 0.2;
        $t->rpc('anvil_mine', '0x1');
        $mined = time;

        # it is spilled: now it is to be read back

        $t->stop($locker, 'KILL') if $locker && $point =~ /^store_/ && $spilled->() > $before;
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

# how the next of so many runs is killed: half of them at failpoints, first at
# those that none was killed at yet, the others while it starts or at any time
sub next_kill {
    my ($left, $points, $reached, $tried) = @_;
    my @new = sort { ($tried->{$a} // 0) <=> ($tried->{$b} // 0) } grep { !$reached->{$_} } @$points;
    my $k = rand;
    return $k < 0.65 ? 'start' : 'time' if $k >= 0.5 && $left > 2 * @new || !@$points;
    my $point = @new ? $new[0] : $points->[rand @$points];
    $tried->{$point}++;
    return $point . ':' . (@new ? 1 : 1 + int rand 6);
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
    my $most = Math::BigInt->new($Test::Chaos::EV) * $sent;
    push @bad, "(f) credit of $m->{ev_wei} wei, $sent tickets of $Test::Chaos::EV wei were sent"
        if $most < $m->{ev_wei};
    push @bad, "(i) ready after $self->{ready} s" if $self->{ready} > 3;
    push @bad, '(h) others may read the store' if (stat "$self->{data}/winners.db")[2] & 077;
    $f->{lost} += $books->{lost} // 0;
    $f->{double_paid} = $books->{double_paid} // 0;

    # those that wait too long are given a while: what dies of age in this
    # test would be the test's doing

    for (1 .. 20) {
        last if !$self->{last}{late};
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
    my %tried;
    for my $n (1 .. $o{runs}) {
        my $how = next_kill($o{runs} - $n, \@points, \%reached, \%tried);
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
