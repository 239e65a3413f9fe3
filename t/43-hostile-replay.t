#!/usr/bin/perl
# A hostile broadcaster that pays with what was used, leaked, spent or never
# had: replays on many connections and over a kill, numbers that were
# revealed, a store that cannot write, many segments on one credit, work that
# cannot be billed, a lottery it knows, and crowds that nobody knows.
# takes 55 s

use strict;
use warnings;
use lib 't/lib';
use JSON::PP;
use Test::More;                                  # first: its END is the last
use Test::Livepeer;
use Test::Payer qw/ money winners refusal reveal /;
use Time::HiRes qw/ time /;

my $t = Test::Livepeer->new();
my $chain = $t->chain(block_time => 0);
my @args = ('--role', 'front', '--discovery-rate', 100000, '--discovery-burst', 100000, '--discovery-total', 100000,
            '--ping-rate', 1000, '--max-requests', 100000, '--max-connections-ip', 400, '--auto-adjust-price', 0,
            '--ticket-ev', '0.001ETH', '--max-face-value', '0.002ETH', '--log-rate', 10000);

# a segment of one rendition costs 0.00061344 ETH, a ticket is worth 0.001
my ($COST, $EV) = (613_440_000_000_000, 1_000_000_000_000_000);
my $n = 0;

sub orch {
    my (%o) = @_;
    my $name = $o{name} || 'orch' . ++$n;
    return $t->orchestrator(transcoder => '--size 5000 obey', price => 100_000_000, name => $name,
        account => 'orchestrator1', port => Test::Livepeer::port(), %o, args => [@args, @{$o{args} || []}]);
}

sub counter { decode_json(scalar $t->get('/status', url => $_[0]{status_url}))->{counters}{$_[1]} }
sub tally { my %n; $n{$_}++ for map { join ' ', $_->{status}, $_->{body} || () } @_; return \%n }

my $POOR = '400 Insufficient balance [LowPMBalance]';
my $EXPIRED = '400 TicketParams expired [TicketParamsExpired]';
my $SEEN = '400 invalid ticket senderNonce: already seen';


# --- T-03: a ticket is credit once

my $o = orch(name => 'replayed');
my $p = Test::Payer->new($t, $o);
$p->info;
is_deeply(tally($p->many(2, repeat => 1, tickets => 3)), { '200' => 1, $SEEN => 1 },
          'T-03: one payment on two connections is taken once');
is(money($t, $o)->{tickets}, 3, '... its three tickets are credited once');
is_deeply(tally($p->many(10, repeat => 1, tickets => 40)), { '200' => 1, $SEEN => 9 },
          'T-03: one payment of 40 tickets on 10 connections');
is(money($t, $o)->{tickets}, 43, '... credited once');
is_deeply(tally($p->many(8, repeat => 1, path => '/payment', tickets => 2)), { '200' => 1, $SEEN => 7 },
          'T-03: /payment the same');
is(refusal($p->segment(nonces => [45, 99], keep => 1)), "$SEEN [PaymentReplayed]",
   'T-03: a used ticket in front of a fresh one');
is(refusal($p->segment(nonces => [98, 45], keep => 1)), "$SEEN [PaymentReplayed]",
   'T-03: ... and behind it: refused, what came before is credit');
is(money($t, $o)->{tickets}, 46, '... that one alone');
is(refusal($p->pay(nonces => [98], keep => 1)), "$SEEN [PaymentReplayed]", '... and once');

$p->pay(nonces => [200 .. 219], keep => 1);
my @before = map { $_->{hash} } winners($o);
cmp_ok(scalar @before, '>', 10, 'winners are stored');
my %once = map { $_ => 1 } @before;
is(keys %once, @before, 'T-03: each of them once');

kill 'KILL', $o->{pid};
$t->reap($o, 0);
unlink $o->{out};
$o = orch(name => 'replayed', port => $o->{port});
my $again = Test::Payer->new($t, $o);
is(refusal($p->segment(nonces => [200], keep => 1)), '403 invalid auth token',
    'T-03: after SIGKILL the old token is none');
$p->info(offer => 'fresh');
for my $nonce (200 .. 203, 300) {
    is(refusal($p->segment(offer => 'fresh', with => 'main', price => 'fresh', nonces => [$nonce])),
       '400 invalid recipientRand for ticket recipientRandHash',
       "T-03: ... and old parameters are none, ticket $nonce");
}
is_deeply([map { $_->{hash} } winners($o)], \@before, 'T-03: every winner is there, none twice');
is(money($t, $o)->{credit_wei}, 0, '... and no credit was made of it');
is(refusal($p->segment(offer => 'fresh', tickets => 1)), '200', 'new parameters are good');


# --- T-10 and T-04: parameters that died

$p->info;
my $exp = $p->ask('info', offer => 'kept')->{ticket_params}{expiration_block};
is(refusal($p->pay(offer => 'kept', tickets => 1, keep => 1)), '200', 'parameters that live');
my $rows = winners($o);
my $head = sub { hex $t->rpc('eth_blockNumber') };
my $seen = sub { money($t, $o)->{l1_block} };
$t->rpc('anvil_mine', sprintf '0x%x', $exp - 2 - $head->());
my $snapshot = $t->rpc('evm_snapshot');
$t->await('the block', 10, sub { $seen->() >= $exp - 2 });
is(refusal($p->pay(offer => 'kept', tickets => 1, keep => 1)), '200', '... two blocks before their end');
$rows = winners($o);
my $hash = $p->ask('info', offer => 'later')->{ticket_params}{recipient_rand_hash};
is(refusal($p->pay(offer => 'later', tickets => 1, keep => 1)), '200', 'and newer ones');
$rows = winners($o);
$t->rpc('anvil_mine', '0x4');
$t->await('the block', 10, sub { $seen->() >= $exp });
is(refusal($p->pay(offer => 'kept', tickets => 8, keep => 1)), $EXPIRED,
    'T-10: at their block they are expired');
is(winners($o), $rows, 'T-10: ... and what came then is not stored');
$t->rpc('evm_revert', $snapshot);
$t->rpc('anvil_mine', '0x1');
$t->await('the height to go back', 20, sub { $seen->() < $exp });
is(refusal($p->pay(offer => 'kept', tickets => 8, keep => 1)), $EXPIRED,
   'T-04: a head that went back does not revive what expired');
reveal($o, $hash);
is(refusal($p->pay(offer => 'later', tickets => 8, keep => 1)), $EXPIRED,
   'T-04: fresh tickets for a number that was revealed are refused');
is(winners($o), $rows, 'T-04: ... and not stored');
my $out = join '', map { lc Test::Livepeer::slurp($o->{$_}) } qw/ log out /;
$out .= lc($t->get('/metrics', url => $o->{status_url}) . $t->get('/status', url => $o->{status_url}));
is_deeply([grep { index($out, $_) >= 0 } map { @$_{qw/ rand sig /} } winners($o)], [],
          'T-04: no number and no signature of a winner in any output');
$t->stop($o);


# --- T-06: what cannot be stored is no credit

my $pipe = Test::Livepeer::spew($t->dir . '/piped', "#!/bin/bash\nexec "
    . Test::Livepeer::build('orchestrator/orchestrator')
    . ' "$@" 2> >(exec cat >>' . $t->dir . "/piped.log)\n");
chmod 0755, $pipe;
$o = orch(program => $pipe);
$p = Test::Payer->new($t, $o);
$p->info;
is(refusal($p->pay(tickets => 20)), '200', 'a payment with winners');
@before = map { $_->{hash} } winners($o);
my $credit = money($t, $o)->{credit_wei};
system('prlimit', '--pid', $o->{pid}, '--fsize=0:unlimited') == 0 or die 'prlimit';
my $r = $p->pay(tickets => 20, keep => 1);
is(refusal($r), '503 Service Unavailable', 'T-06: the disk takes nothing: a payment with winners is refused');
is(money($t, $o)->{credit_wei}, $credit, 'T-06: ... and is no credit');
is(refusal($p->segment(tickets => 1, keep => 1)), '503 Service Unavailable',
    'T-06: further ones are refused before they are judged');
is(refusal($p->segment()), '200', 'T-06: what was paid before is done');
like($p->info(forget => 1)->{text}, qr/^Service Unavailable$/, 'T-06: no parameters are offered');
system('prlimit', '--pid', $o->{pid}, '--fsize=unlimited:unlimited') == 0 or die 'prlimit';
$t->await('the store to recover', 20, sub { money($t, $o)->{store_healthy} });
is_deeply([map { $_->{hash} } winners($o)], \@before, 'T-06: no refused winner is in the store');
$p->info;
is(refusal($p->pay(tickets => 20)), '200', 'T-06: when it can write again, payments are taken');
cmp_ok(scalar(winners($o)), '>', @before, '... and their winners stored');
like(Test::Livepeer::slurp($t->dir . '/piped.log'), qr{ error store: not written: disk I/O error},
     'T-06: the log names the disk');


# --- T-13: one credit, many segments; debt

$p->info;
is($p->pay(tickets => 1)->{status}, 200, 'credit for one segment');
$p->info(offer => 'one');
is($p->pay(offer => 'one', tickets => 1)->{status}, 200, '... in a session of its own');
my $done = counter($o, 'segments_transcoded_total');
is_deeply(tally($p->many(64, offer => 'one', body => "slow 300\n")), { '200' => 1,
    '400 Insufficient balance' => 63 },
          'T-13: 64 segments at once on credit for one: one is taken');
is(counter($o, 'segments_transcoded_total') - $done, 1, 'T-13: ... and one is transcoded');
is_deeply(tally($p->many(64, offer => 'one', path => '/segment', tickets => 0)),
    { '400 Insufficient balance' => 64 },
          'T-13: then none');
$t->stop($o);

# said to be 1 s long, and twice that in frames
my %long = (duration => 1000, body => "twice\n");
$o = orch();
$p = Test::Payer->new($t, $o);
for my $name (qw/ a b c /) {
    $p->info(offer => $name);
    $p->pay(offer => $name, tickets => 1);
}
for my $name (qw/ a b c /) {
    is(refusal($p->segment(offer => $name, seq => $_, %long)), '200', "segment $_ of a session") for 1, 2;
}
my $debt = 3 * (2 * $COST - $EV);
is(money($t, $o)->{debt_wei}, $debt, 'T-13: what cost more than its credit is owed');
$p->ask('end', offer => $_) for qw/ a b c /;
is(money($t, $o)->{debt_wei}, $debt, 'T-16: the end of a session forgives no debt');
is($p->info(offer => 'd')->{text}, 'Insufficient balance',
    'T-13: a sender in debt for over a segment has no new parameters');
is(refusal($p->segment(offer => 'a', seq => 3)), $POOR, '... and no work');
is(refusal($p->pay(offer => 'a', tickets => 1)), '200', 'it may still pay');
is_deeply([@{money($t, $o)}{qw/ debt_wei credit_wei /}], [0, $EV - $debt],
    'T-13: what comes pays the debt first');
is($p->info(offer => 'd')->{grpc}, 0, '... then all is well');
$t->stop($o);


# --- T-14: work that nobody can bill

for (['other bytes than were hashed', sub { $p->segment(send => 'other bytes') }, 0],
     ['an upload that breaks off at its end', sub { $p->ask('cut', profiles => \@Test::Client::ONE,
         body => 'x' x 5000, bytes => 4950) }, 0],
     ['no video', sub { $p->segment(body => "error bad_container\n") }, 0],
     ['much more decoded than billed', sub { $p->segment(body => 'decoded 9999999999') }, 5])
{
    my ($what, $send, $worked) = @$_;
    $o = orch();
    $p = Test::Payer->new($t, $o);
    $p->info;
    $p->pay(tickets => 8);
    my $log = $o->{log};
    $send->() for 1 .. 5;
    $t->await('the pause', 10, sub { Test::Livepeer::slurp($log) =~ /segments fail, it is paused for 60 s/ });
    is(counter($o, 'segments_transcoded_total'), $worked, "T-14: $what, five times: $worked delivered");
    is(refusal($p->segment()), '503 Service Unavailable',
        "T-14: $what, five times in a minute: no work for a minute, credit or not");
    is(money($t, $o)->{refused}{paused}, 1, '... the count says why');
    $t->stop($o);
}


# --- T-15: one who knows the number

$o = orch();
$p = Test::Payer->new($t, $o);
$p->info;
my $leaked;
for (1 .. 20) {
    $p->pay(tickets => 4, keep => 1);
    last if ($leaked) = winners($o);
}
my $nonces = $p->ask('draws', n => 60, win => 0, rand => $leaked->{rand})->{nonces};
my ($sent, $wins) = (0, scalar winners($o));
my $answer = '200';
while ($answer eq '200' && @$nonces) {
    $sent += 3;
    $answer = refusal($p->pay(nonces => [splice @$nonces, 0, 3], keep => 1));
}
is($answer, '503 sender is refused', 'T-15: who never wins is not lucky but knows: refused');
cmp_ok($sent / 2, '<=', 30, "T-15: ... within 30 expected wins ($sent tickets)");
is(winners($o), $wins, '... of which none won');
is($p->info(forget => 1)->{text}, 'sender is refused', 'T-15: it has no more parameters');
like(Test::Livepeer::slurp($o->{log}), qr/ error payments: tickets of 0x3C44\S+ win \d+ times where \d+ are expected/i, 'T-15: the log raises the alarm');
is(refusal(Test::Payer->new($t, $o, 'broadcaster2')->info->{grpc} ? { status => 0 } : { status => 200 }),
    '200', '... others are served');
$t->stop($o);


# --- T-18: a crowd of strangers

my $proxy = $t->spawn('rpcproxy', '/usr/bin/python3', 't/tools/rpcproxy.py', $chain->{rpc});
my $rpc = $t->await('the proxy', 10, sub { Test::Livepeer::slurp($proxy->{out}) =~ m{ready on (\S+)} && $1 });

# getSenderInfo, claimedReserve, claimableReserve
my @asks = map { "eth_call 0x$_" } qw/ e1a589da 4ac826da 81779f38 /;
sub lookups { my $n = decode_json(scalar $t->get('/count',
    url => $rpc)); my $sum = 0; $sum += $n->{$_} // 0 for @asks; $sum }

for (['from one place', [], 2000, sub { 2 }],
     ['from everywhere', ['--unknown-ip', 1000000], 2000, sub { 20 * ($_[0] + 1) + 2 }])
{
    my ($what, $more, $crowd, $most) = @$_;
    $o = orch(rpc => $rpc, args => $more);
    $p = Test::Payer->new($t, $o);
    $p->info;
    is(refusal($p->segment(tickets => 2)), '200', "T-18: $what: one who pays");
    my $before = lookups();
    my $many = Test::Payer->new($t, $o);
    $many->start(1, 'strangers', n => $crowd);
    my %answers;
    for my $seq (2 .. 40) {
        $answers{refusal($p->segment(tickets => 1, seq => $seq))}++;
        $answers{'info ' . $p->info(offer => 'x')->{grpc}}++;
    }
    my $r = $many->wait(1);
    is(join(' ', sort grep { !/^(200|info 0)$/ } keys %answers), '',
        "T-18: ... and sees no error while $crowd strangers ask");
    my $asked = lookups() - $before;
    cmp_ok($asked, '<=', $most->($r->{seconds}), "T-18: $what: $crowd strangers in "
        . sprintf('%.1f', $r->{seconds}) . " s cost $asked calls of the node");
    ok(!$r->{counts}{offered}, '... and none has an offer') or diag(encode_json($r->{counts}));
    $t->stop($o);
}

is_deeply([$t->finish], [], 'no alert, nothing left running');
done_testing();
