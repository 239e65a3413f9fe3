package Test::Ctl;

# livepeerctl as an operator runs it, on the chain of a stand: commands that
# read, each as JSON and as text, and commands that send, each dry and real.
# What is not right comes back as sentences.

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use Math::BigInt;
use Test::Livepeer;
use Test::Money qw/ wei /;

our @EXPORT_OK = qw/ run dev reads sends nonce view owner next_round lptu tickets redeem /;

my $n = 0;

# {status, out, err, json}; %o: stdin FILE, env {}
sub run {
    my ($t, @words) = @_;
    my %o = ref $words[0] ? %{shift @words} : ();
    my ($out, $err) = map { "$t->{dir}/ctl-run$n.$_" } qw/ out err /;
    $n++;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN, '<', $o{stdin} || '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>', $out or POSIX::_exit(126);
        open STDERR, '>', $err or POSIX::_exit(126);
        $ENV{$_} = $o{env}{$_} for keys %{$o{env} || {}};
        exec { program() } program(), @words or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my %r = (status => $? & 127 ? "signal $?" : $? >> 8, words => "@words",
             out => Test::Livepeer::slurp($out), err => Test::Livepeer::slurp($err));
    unlink $out, $err;
    $r{json} = eval { decode_json($r{out}) } if $r{out} =~ /^\{/;
    return \%r;
}

sub program { Test::Livepeer::build('common/ctl/livepeerctl') }

# as an account of the chain
sub dev {
    my ($t, $role, @words) = @_;
    my %o = ref $words[0] ? %{shift @words} : ();
    return run($t, \%o, @words, '--dev', $t->{chain}{file}, '--role', $role);
}

# A command that reads: (its JSON, what is wrong). $fields: the names in it, in
# text with spaces and without the unit.
sub reads {
    my ($t, $role, $words, $fields, %o) = @_;
    my @wrong;
    my ($json, $text) = map { dev($t, $role, @$words, @$_) } ['--json'], [];
    push @wrong, "$_->{words}: exit $_->{status}: $_->{err}"
        for grep { $_->{status} != ($o{status} || 0) } $json, $text;
    my $j = $json->{json} or return ({}, @wrong, "no JSON: $json->{out}");
    my %has = map { $_ => 1 } keys %$j;
    push @wrong, "no field $_" for grep { !delete $has{$_} } @$fields, 'exit';
    push @wrong, "field $_ is not documented" for grep { $_ ne 'advice' } sort keys %has;
    for (@$fields) {
        my $name = s/_(wei|lptu|ppm)$//r =~ tr/_/ /r;
        push @wrong, "the text has no line \"$name\"" if $text->{out} !~ /^\Q$name\E(?: |$)/m;
    }
    push @wrong, "text: $text->{out}" if $text->{out} =~ /^\{|_wei|\t/;
    return ($j, @wrong);
}

# A command that sends one transaction for each of @$steps: (its JSON, what is
# wrong). First dry, in text and JSON, then in earnest.
sub sends {
    my ($t, $role, $words, $steps) = @_;
    my $me = $t->{chain}{accounts}{$role}{address};
    my $before = nonce($t, $me);
    my (@wrong, %r);
    for my $form (['--dry-run'], ['--dry-run', '--json'], ['--json']) {
        my $r = $r{"@$form"} = dev($t, $role, @$words, @$form);
        push @wrong, "$r->{words}: exit $r->{status}: $r->{err}" if $r->{status};
        push @wrong, "$r->{words} says: $r->{err}" if !$r->{status} && $r->{err};
        push @wrong, 'a dry run sent something'
            if $form->[0] eq '--dry-run' && nonce($t, $me) != $before;
    }
    my @text = $r{'--dry-run'}{out} =~ /^  step +(\S.*)$/mg;
    push @wrong, "dry, in text: @text" if "@text" ne "@$steps";
    for my $form ('--dry-run --json', '--json') {
        my @tx = @{$r{$form}{json}{transactions} || []};
        push @wrong, "$form: " . join ', ', map { $_->{step} } @tx
            if "@{[ map { $_->{step} } @tx ]}" ne "@$steps";
        push @wrong, map { receipt_wrong($t, $me, $_, $form eq '--json') } @tx;
    }
    my $sent = nonce($t, $me) - $before;
    push @wrong, "$sent were sent" if $sent != @$steps;
    return ($r{'--json'}{json} || {}, @wrong);
}

# an item of "transactions" beside the chain's own receipt
sub receipt_wrong {
    my ($t, $me, $tx, $sent) = @_;
    return "$tx->{step}: sent is wrong" if !!$tx->{sent} != !!$sent;
    return $tx->{gas} > 20000 && $tx->{gas_cost_at_most_wei} =~ /^[1-9]\d+$/ ? ()
        : "$tx->{step}: no gas is named" if !$sent;
    my $r = $t->rpc('eth_getTransactionReceipt', $tx->{hash}) or return "$tx->{step}: no receipt";
    my $cost = Math::BigInt->from_hex($r->{gasUsed})
               * Math::BigInt->from_hex($r->{effectiveGasPrice});
    return map { "$tx->{step}: $_" } (
        hex $r->{status} ? () : 'it failed',
        lc $r->{from} eq lc $me ? () : 'it is from somebody else',
        lc $r->{to} eq lc $tx->{to} ? () : 'it is to somebody else',
        hex $r->{blockNumber} == $tx->{block} ? () : 'another block',
        hex $r->{gasUsed} == $tx->{gas} ? () : 'another gas',
        $cost == $tx->{gas_cost_wei} ? () : "it cost $cost");
}

sub nonce { my ($t, $who) = @_; hex $t->rpc('eth_getTransactionCount', $who, 'latest') }

# words of a view, as cast asks for it
sub view {
    my ($t, $contract, $signature, @args) = @_;
    return wei($t->cast('call', $t->{chain}{contracts}{$contract}, "'$signature'", @args));
}

# a call by an account of the chain, which the node signs; mined
sub owner {
    my ($t, $role, $contract, $data, %o) = @_;
    my $hash = $t->rpc('eth_sendTransaction', { from => $t->{chain}{accounts}{$role}{address},
        to => $t->{chain}{contracts}{$contract}, data => $data, gas => '0x1c9c380' });
    my $r;
    $t->await("$contract to answer", 20, sub { $r = $t->rpc('eth_getTransactionReceipt', $hash) });
    die "$contract $data failed\n" if !hex $r->{status};
    return $r;
}

# the next round, begun by the keeper's account; the test holds its process
sub next_round {
    my ($t, $times) = @_;
    for (1 .. $times || 1) {
        $t->rpc('anvil_mine', '0x32');
        owner($t, 'keeper', 'RoundsManager', '0xd4807fb2');
    }
    return (view($t, 'RoundsManager', 'currentRound()'))[0]->numify;
}

sub lptu { Math::BigInt->new($_[0]) * Math::BigInt->new(10)->bpow(18) }

# Tickets of this round and their payment, made by a broadcaster in Python; %o:
# sender, recipient (accounts), face WEI, win_prob, n, rand
sub tickets {
    my ($t, %o) = @_;
    my $chain = $t->{chain};
    my ($round) = view($t, 'RoundsManager', 'lastInitializedRound()');
    my $hash = $t->cast('call', $chain->{contracts}{RoundsManager},
        "'blockHashForRound(uint256)'", $round);
    my $file = Test::Livepeer::spew("$t->{dir}/tickets.json", encode_json({
        key => Test::Livepeer::slurp($chain->{accounts}{$o{sender} || 'broadcaster'}{key_file}),
        recipient => $chain->{accounts}{$o{recipient} || 'orchestrator1'}{address},
        face => "$o{face}", win_prob => $o{win_prob} || '0x' . 'f' x 64,
        n => $o{n} || 1, rand => $o{rand} || '0x' . unpack('H*', pack 'N*', map { rand 2**32 } 1 .. 8),
        round => $o{round} || "$round", round_hash => $hash }));
    my $text = `/usr/bin/python3 t/tools/tickets.py common/net/lp_rpc.proto <$file`;
    die "tickets.py: $?\n" if $?;
    return decode_json($text);
}

# one that wins, brought to the chain by its recipient
sub redeem {
    my ($t, %o) = @_;
    my $p = tickets($t, %o);
    owner($t, $o{recipient} || 'orchestrator1', 'TicketBroker', $p->{tickets}[0]{redeem});
    return $p;
}

1;
