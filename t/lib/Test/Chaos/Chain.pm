package Test::Chaos::Chain;

# A chain that does its worst while winners are redeemed: reorgs, transactions
# that are lost, late or doubled, prices a hundredfold, nodes that die and lie;
# and the faults of threats.md 2.9 one by one.

use strict;
use warnings;
use Exporter;
use JSON::PP;
use Math::BigInt;
use Test::Chaos;
use Test::Livepeer;
use Test::Money;
use Test::More ();
use Test::Payer;
use Time::HiRes qw/ time sleep /;

our @ISA = ('Test::Chaos', 'Exporter');

our @EXPORT_OK = qw/ none /;
our $yes = JSON::PP::true;

# reorgs go 15 blocks deep: what is final is one more. --redeem-gas: the mean
# price of an hour, after a spike, must not stop the payer
our @ARGS = ('--confirmations', 16, '--rpc-time', '1500ms', '--redeem-gas', 21000);

sub new {
    my ($class, $t, %o) = @_;
    return Test::Chaos::new($class, $t, nodes => 2, deposit => 300, reserve => 300,
        program => Test::Livepeer::build('orchestrator/orchestrator'), %o,
        args => [@ARGS, @{$o{args} || []}]);
}

# the number that a function without arguments answers
sub ask {
    my ($self, $contract, $signature) = @_;
    my $t = $self->{t};
    return hex $t->rpc('eth_call', { to => $t->{chain}{contracts}{$contract},
        data => $self->selector($signature) }, 'latest');
}

# winners are paid for three blocks into a round, are ripe before its end, and
# good for all of the next
sub new_round {
    my ($self, $more) = @_;
    my $start = $self->ask('RoundsManager', 'currentRoundStartBlock()');
    my $missing = $start + 50 - $self->block;
    $self->mine($missing) if $missing > 0;
    $self->mine($more // 4);
    my $block = $self->block;
    $self->{t}->await('the orchestrator to see the round', 30, sub {
        my $m = $self->money or return;
        $m->{block} >= $block && $m->{active} && !$m->{stale};
    });
}

sub states { my ($self) = @_; my $m = $self->money; return $m ? $m->{winners} : {} }
sub open_winners { my ($self) = @_; my $w = $self->states; return $w->{won} + $w->{signed} + $w->{sent} + $w->{mined} }

# paid so many, and their parameters over
sub ripen {
    my ($self, $count, %o) = @_;
    $self->new_round;
    my $r = $self->pay($count, tickets => $o{tickets} // 3, seconds => 60);
    $self->mine($o{blocks} // 48);
    return $r->{taken};
}

# transactions of ours that the nodes were sent so far
sub sent {
    my ($self) = @_;
    my $n = 0;
    $n += $self->fault($_)->{counts}{eth_sendRawTransaction} // 0 for 1 .. @{$self->{nodes}};
    return $n;
}

# for so long, blocks all the while
sub pass {
    my ($self, $s, $cond, %o) = @_;
    my $until = time + $s;
    while (time < $until) {
        return 1 if $cond && $cond->();
        $self->{t}->rpc('anvil_mine', '0x1') if !$o{still};
        sleep $o{pause} // 0.3;
    }
    return !$cond;
}


# --- everything at once

my @lies = (
    sub { (used => $yes) }, sub { (receipts => 'mined') }, sub { (receipts => 'none') },
    sub { (logs => 'none') }, sub { (back => 40) }, sub { (stuck => $yes) },
    sub { (chain_id => 5) }, sub { (deposit => 1000) }, sub { (used => JSON::PP::false) },
    sub { (error => { methods => '*', times => 5 }) }, sub { (silent => '*') },
);
my @losses = (
    sub { (drop => 1 + int rand 4) }, sub { (delay => 0.2 + rand 1.5) },
    sub { (duplicate => 3) }, sub { (reorder => 2 + int rand 3) },
);

# one fault, or their end; its name
sub strike {
    my ($self) = @_;
    my $k = rand;
    if ($k < 0.25) {
        my $depth = 1 + int rand 15;
        $self->reorg($depth);
        return "reorg $depth";
    }
    if ($k < 0.5) {
        my %what = $losses[rand @losses]->();
        $self->fault($_, %what) for 1, 2;
        return join ' ', %what;
    }
    if ($k < 0.57) {
        $self->fault($_, gas => 100) for 1, 2;
        return 'gas x100';
    }
    if ($k < 0.75) {
        my %what = $lies[rand @lies]->();
        $self->fault(1, %what);
        return 'node 1: ' . join ' ', map { ref $what{$_} eq 'HASH' ? 'errors' : "$_ $what{$_}" } keys %what;
    }
    if ($k < 0.8) {
        $self->fault(1, dead => $yes);
        return 'node 1: dead';
    }
    $self->honest;
    return 'honest';
}

# Blocks hold many transactions here: with one for each, those that come again
# after every reorg would use up the window
sub storm {
    my ($self, $seconds) = @_;
    $self->{t}->rpc('evm_setAutomine', JSON::PP::false);
    my ($until, $mined, %n) = (time + $seconds, 0);
    while (time < $until) {
        my $what = $self->strike;
        $n{$what =~ /^reorg/ ? 'reorg' : $what =~ s/ [\d.]+$//r}++;
        $self->{deepest} = $1 if $what =~ /reorg (\d+)/ && $1 > ($self->{deepest} // 0);
        sleep 0.4;
        next if time < $mined + $seconds / 12;    # of the window's 48 blocks
        $self->{t}->rpc('anvil_mine', '0x1');
        $mined = time;
    }
    $self->honest;
    $self->{t}->rpc('evm_setAutomine', $yes);
    $self->{t}->rpc('anvil_mine', '0x1');
    $self->{struck}{$_} += $n{$_} for keys %n;
}

# so many winners, redeemed in a storm; what is wrong, as sentences
sub batch {
    my ($self, $count, %o) = @_;
    my $got = $self->ripen($count);
    return "only $got of $count payments were taken" if $got < $count;
    $self->storm($o{storm});
    my $s = $self->settle($o{settle});
    Test::More::note(sprintf '%d winners, %.1f s after the storm', $got, $s) if $o{verbose};
    return $s ? () : "$got winners were paid, and some wait: " . encode_json($self->states);
}

# Storms until so many winners were paid: the figures, and what is wrong. Two
# batches for a chain: Anvil loses the contracts' code in a reorg past its
# thousandth block.
# %o: winners, each, storm S, settle S, seed, verbose
sub weather {
    my (%o) = @_;
    my (%f, @wrong);
    for (my $left = $o{winners}; $left > 0 && @wrong < 20; ) {
        my $t = Test::Livepeer->new;
        my $c = __PACKAGE__->new($t, seed => $o{seed} . '.' . ++$f{chains});
        $c->start;
        for (1, 2) {
            my $n = $left < $o{each} ? $left : $o{each};
            push @wrong, $c->batch($n, %o) if $n;
            $left -= $n;
        }
        my $books = $c->audit(settled => $yes);
        push @wrong, @{$books->{wrong}}, $c->judged;
        $f{$_} += $books->{$_} for qw/ stored paid dead dead_of_age double_paid /;
        $f{$_} = Math::BigInt->new($f{$_} // 0) + $books->{$_} for qw/ paid_wei final_wei /;
        $f{struck}{$_} += $c->{struck}{$_} for keys %{$c->{struck}};
        $f{deepest} = $c->{deepest} if ($c->{deepest} // 0) > ($f{deepest} // 0);
        $c->payer->close;
        push @wrong, $t->finish;
    }
    return (\%f, @wrong);
}


# --- the faults of threats.md 2.9, one by one: what is wrong, as sentences

# paid within so many seconds with blocks, and nothing is dead
sub all_paid {
    my ($self, $s, $what, %o) = @_;
    my $dead = $self->states->{dead} // 0;
    my $took = $self->settle($s, %o);
    return "$what: winners wait: " . encode_json($self->states) if !$took;
    my $now = $self->states->{dead} // 0;
    return $now > $dead ? "$what: " . ($now - $dead) . ' are given up' : ();
}

# T-78: 50 winners, a restart, and nobody comes
sub no_traffic {
    my ($self, $count) = @_;
    $self->new_round;
    my $got = $self->pay($count, tickets => 5)->{taken};
    $self->kill;
    $self->mine(48);
    $self->start;
    return ($got == $count ? () : "$got of $count were paid", $self->all_paid(60, 'after a restart'));
}

# another process on the same store, of some role
sub beside {
    my ($self, $role) = @_;
    my $t = $self->{t};
    return $t->spawn("beside-$role", Test::Livepeer::build('orchestrator/orchestrator'),
        $self->options, '--eth-rpc', $self->{rpc}, '--eth-controller', $t->{chain}{controller},
        '--chain-id', $t->{chain}{chain_id}, '--price-per-pixel', 1200, '--signer', 'embedded',
        '--eth-key', $t->{chain}{accounts}{orchestrator1}{key_file}, '--role', $role,
        '--contracts-file', $t->contracts_file, '--http-addr', '127.0.0.1:0',
        '--status-addr', 'off', '--data-dir', $self->{data},
        '--transcoder', Test::Livepeer::build('t/tools/nulltranscoder'));
}

# T-79: a second one; its exit status and what it says
sub second_copy {
    my ($self, $role) = @_;
    my $p = $self->beside($role);
    $self->{t}->await('the second copy to end', 30, sub { $self->{t}->reap($p) });
    return ($p->{status} >> 8, Test::Livepeer::slurp($p->{log}));
}

# T-84: a front that only stores, a redeemer that only redeems: nobody can give
# it anything but by the store
sub roles {
    my ($self, $count) = @_;
    my $t = $self->{t};
    my @bad;
    $self->stop;
    $self->start(args => ['--role', 'front']);
    $self->new_round;
    my $got = $self->pay($count, tickets => 2)->{taken};
    push @bad, "the front took $got of $count" if $got != $count;
    my $sent = $self->sent;
    $self->mine(48);
    $self->pass(2, undef, still => 1);
    push @bad, 'the front has sent transactions' if $self->sent != $sent;
    my $p = $self->beside('redeemer');
    $t->await('the redeemer', 20, sub { Test::Livepeer::slurp($p->{out}) =~ /^redeemer ready/m });
    my @listens = grep { $_ } map { my $fd = readlink || ''; $fd =~ /socket:\[(\d+)\]/ ? $1 : 0 }
                  glob "/proc/$p->{pid}/fd/*";
    my %inode = map { $_ => 1 } @listens;
    for my $line (split /\n/, Test::Livepeer::slurp('/proc/net/tcp') . Test::Livepeer::slurp('/proc/net/tcp6')) {
        my @w = split ' ', $line;
        push @bad, "the redeemer listens at $w[1]" if ($w[3] // '') eq '0A' && $inode{$w[9]};
    }
    my $books;
    $self->pass(60, sub {
        $books = $self->audit(quick => $yes);
        !grep { $books->{states}{$_} } qw/ won signed sent mined /;
    }, pause => 0.1) or push @bad, 'winners wait: ' . encode_json($books->{states});
    $t->stop($p);
    $self->stop;
    $self->start;
    return @bad;
}

# T-83: the sender has drained its deposit to itself, and its reserve does not
# cover all. A rig of its own: faces of 1 ETH
sub partial {
    my ($class, $seed) = @_;
    my $t = Test::Livepeer->new;
    my $c = $class->new($t, seed => $seed, face => '1' . '0' x 18, ev => '9' x 18);
    $c->start;
    $c->new_round;
    my $thief = Test::Payer->new($t, $c->{orch}, 'broadcaster2');
    $thief->ask('info');
    my $got = $c->pay(2, tickets => 1, account => 'broadcaster2')->{taken};
    my @bad = $got == 2 ? () : "$got of 2 were taken";
    my $at = $t->{chain}{accounts}{verifier}{address};
    $c->send('verifier', 'TicketBroker', $thief->ask('redeem', recipient => substr($at, 2),
        face_value => (Test::Money::deposit($t, 'broadcaster2'))[0]->bstr)->{data});
    $t->await('the deposit to be drained', 10, sub { (Test::Money::deposit($t, 'broadcaster2'))[0] == 0 });
    $thief->close;

    # the round's share of the reserve covers one and two thirds

    $t->rpc('anvil_mine', '0x30');
    $c->await_round;
    $c->pass(30, sub { $c->states->{final} == 1 }, pause => 0.2);
    push @bad, 'before the deadline: ' . encode_json($c->states)
        if $c->states->{final} != 1 || $c->states->{won} != 1;
    $c->mine($c->ask('RoundsManager', 'currentRoundStartBlock()') + 46 - $c->block);
    push @bad, $c->all_paid(40, 'at the deadline');
    my $books = $c->audit(settled => $yes);
    my $alloc = Math::BigInt->new('5' . '0' x 18) / 3;
    push @bad, @{$books->{wrong}}, $c->judged;
    push @bad, "paid $books->{paid_wei} wei, $alloc were to be had" if $books->{paid_wei} ne $alloc->bstr;
    $c->payer->close;
    return (@bad, $t->finish);
}

# T-79: our own key is used by another program while we redeem
sub foreign {
    my ($self, $count) = @_;
    $self->new_round;
    $self->pay($count, tickets => 2);
    $self->fault($_, delay => 4) for 1, 2;            # ours come too late
    my $sent = $self->sent;
    $self->mine(48);
    my @bad = $self->pass(20, sub { $self->sent > $sent }, still => 1) ? () : 'nothing was sent';
    my $begun = time;
    my $to = $self->{t}{chain}{accounts}{spare}{address};
    for (1 .. 3) {
        $self->send('orchestrator1', $to, '0x', 0);
        $self->pass(0.5);
    }
    $self->honest;
    push @bad, $self->all_paid(100, 'beside a foreign transaction', pace => 0.25);
    push @bad, sprintf 'it took %.0f s', time - $begun if time - $begun > 120;
    return @bad;
}

# T-77: each reason to revert, once
our @REASONS = ('current round is not initialized', 'system is paused', 'out of gas',
    'panic: arithmetic underflow or overflow (0x11)', 'sender deposit and reserve are zero',
    'sender is unlocked', 'PARTIAL_REDEMPTION', 'ticket did not win', 'ticket is expired',
    'invalid signature over ticket hash', 'ticket creationRound does not have a block hash',
    'recipientRand does not match recipientRandHash', 'ticket is used', 'a reason nobody knows');

sub reverts {
    my ($self) = @_;
    my $n = @REASONS;
    $self->new_round;
    my $got = $self->pay($n, tickets => 1)->{taken};
    for (1, 2) {
        $self->fault($_, error => { methods => ['eth_estimateGas'], times => $n, code => 3,
            messages => [map { "execution reverted: $_" } @REASONS] });
    }
    $self->mine(48);
    my $seen = $self->pass(20, sub {
        my $n = 0;
        $n += $self->fault($_)->{struck}{error} // 0 for 1, 2;
        $n >= @REASONS;
    }, pause => 0.2, still => 1);
    my @bad = $seen ? () : 'not every reason was heard';
    $self->honest;
    push @bad, "only $got were paid" if $got != $n;
    return (@bad, $self->all_paid(60, 'after every reason to revert'));
}

# T-77: the system is really paused
sub paused {
    my ($self, $count) = @_;
    $self->new_round;
    $self->pay($count, tickets => 2);
    $self->send('deployer', 'Controller', $self->selector('pause()'));
    $self->{t}->rpc('anvil_mine', '0x2a');
    my $paid = $self->states->{final};
    $self->pass(3, undef, still => 1);
    my @bad = $self->states->{final} == $paid && $self->open_winners >= $count ? ()
            : 'paused, and: ' . encode_json($self->states);
    $self->send('deployer', 'Controller', $self->selector('unpause()'));
    $self->await_round;
    return (@bad, $self->all_paid(60, 'after the pause'));
}

# T-80: a hundred times the price of gas, for half of the window; nothing is
# sent, and all is paid afterwards
sub spike {
    my ($self, $count) = @_;
    $self->new_round;
    $self->pay($count, tickets => 2);
    $self->fault($_, gas => 1000) for 1, 2;
    $self->{t}->await('the price to be seen', 20, sub { $self->money->{gas_price_wei} > 1e11 });
    my $before = $self->sent;
    $self->mine(60);
    $self->pass(3);
    my @bad = $self->sent == $before ? () : 'transactions were sent in the spike';
    push @bad, 'in the spike: ' . encode_json($self->states) if $self->open_winners < $count;
    $self->honest;
    return (@bad, $self->all_paid(60, 'after the spike'));
}

# T-80: for all of the window: it is a loss, no transaction is sent, and the
# operator is told
sub spike_to_the_end {
    my ($self, $count) = @_;
    $self->new_round;
    $self->pay($count, tickets => 2);
    my $dead = $self->states->{dead};
    $self->fault($_, gas => 1000) for 1, 2;
    $self->{t}->await('the price to be seen', 20, sub { $self->money->{gas_price_wei} > 1e11 });
    my $before = $self->sent;
    $self->mine(100);
    my $over = $self->pass(40, sub { $self->states->{dead} == $dead + $count });
    my @bad = $over ? () : 'not all are given up: ' . encode_json($self->states);
    push @bad, 'transactions were sent' if $self->sent != $before;
    my $said = () = Test::Livepeer::slurp($self->{orch}{log}) =~ /a winner of \d+ wei cannot be redeemed/g;
    push @bad, "$said losses are in the log" if $said < $count;
    $self->honest;
    return @bad;
}

# T-81: one of two nodes lies that all was mined, the transactions are lost
sub lying {
    my ($self, $count, %lie) = @_;
    $self->new_round;
    $self->pay($count, tickets => 2);
    my ($final, $dead) = @{$self->states}{qw/ final dead /};
    $self->fault(1, %lie);
    $self->fault($_, drop => $yes) for 1, 2;
    $self->mine(48);
    for (1 .. 8) {
        $self->mine(2);
        sleep 0.4;
    }
    my $now = $self->states;
    my @bad = $now->{final} == $final && $now->{dead} == $dead ? ()
            : 'believed: ' . encode_json($now);
    $self->honest;
    return (@bad, $self->all_paid(90, 'after the lie', pace => 0.4));
}

# T-82: a reorg takes the first block of a round away; tickets of before and
# after are redeemed, those of the lost round are refused
sub round_reorg {
    my ($self, $depth) = @_;
    my $t = $self->{t};
    $self->new_round($depth - 1);

    # three blocks deep it is offered; tickets of the one before would have no
    # time left

    my $offered = sub {
        my $round = $self->ask('RoundsManager', 'currentRound()');
        $t->await('the new round to be offered', 30, sub { ($self->money || {})->{round} == $round });
    };
    $offered->() if $depth > 4;
    $self->payer->ask('info', key => $self->key);
    my $got = $self->pay(2, tickets => 1)->{taken};
    my $hash = sub { $t->rpc('eth_call', { to => $t->{chain}{contracts}{RoundsManager},
        data => $self->selector('blockHashForRound(uint256)') . substr('0' x 64 . sprintf('%x',
            $self->ask('RoundsManager', 'currentRound()')), -64) }, 'latest') };
    my $before = $hash->();
    $self->reorg($depth + 1);
    $self->await_round;
    $self->mine(4);
    my $after = $hash->();
    for (1, 2) {                       # the round is read after its head
        $self->mine(1);
        my $block = $self->block;
        $t->await('the orchestrator to see it', 30, sub { ($self->money || {})->{block} >= $block });
    }
    $offered->();
    my $send = $self->payer->ask('send', key => $self->key);
    my $more = $self->pay(2, tickets => 1)->{taken};
    return { changed => $before ne $after, refused => $send->{status} != 200, taken => $got + $more,
             status => $send->{status}, text => $send->{body} };
}


# --- the tests

my $last = time;

sub none {
    my ($text, @wrong) = @_;
    Test::More::is_deeply(\@wrong, [], $text);
    Test::More::note(sprintf '%.1f s', time - $last);
    $last = time;
}


# tickets of the round before are ripe, and good for few blocks
sub mine_and_pay {
    my ($self) = @_;
    my $at = $self->ask('RoundsManager', 'currentRoundStartBlock()') + 43;
    $self->mine($at - $self->block);
    return $self->all_paid(60, 'of the edge');
}

# what a reorg has stranded is over before the next one begins
sub end_of_window {
    my ($self) = @_;
    $self->mine(40);
    $self->settle(60, step => 4, pace => 0.2);
}

# the line of figures
sub figures {
    my ($f) = @_;
    return sprintf 'chain: %d winners on %d chains: %d paid once (%s wei; store %s), %d twice, '
        . '%d unpayable (%d of them of age); deepest reorg %d; struck: %s',
        @$f{qw/ stored chains paid paid_wei final_wei double_paid dead dead_of_age deepest /},
        join ', ', map { "$_ $f->{struck}{$_}" } sort keys %{$f->{struck}};
}

1;
