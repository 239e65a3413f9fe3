#!/usr/bin/perl

# takes 20 s
# alone: 13 live streams whose orchestrators are stubs in Python

# Offers that should not be paid: wrong when a session is asked for, or made
# wrong at random in every result. No ticket is signed outside the limits, and
# where nginx has no limits the signer has its own.

use strict;
use warnings;
use lib 't/lib';
use List::Util qw/ sum0 /;
use Test::More;
use Test::Livepeer;
use Test::Hostile qw/ %LIMIT $FEE $TICKET /;

my $h = Test::Hostile->new(signer => { max_ticket_ev => '0.001ETH', max_face_value => '0.5ETH' });
my $t = $h->{t};
sub events { my @e = $h->events(@_); scalar @e }
sub payments { my @p = $h->paid(@_); scalar @p }

# what is said of each
my %why = (
    price            => 'the price is over livepeer_max_price',
    'no-price'       => 'named no price or no tickets',
    'no-params'      => 'named no price or no tickets',
    'den-zero'       => 'sent malformed session data',
    negative         => 'sent malformed session data',
    'ev-tiny'        => 'asks for more tickets than livepeer_max_tickets',
    'ev-is-face'     => 'every ticket would win',
    'prob-zero'      => 'the tickets are worth nothing',
    'prob-max'       => 'every ticket would win',
    expired          => 'the ticket parameters are expired',
    'no-expiry'      => 'the ticket parameters are expired',
    'endless-expiry' => 'the ticket parameters last too long|named no valid price or tickets',
    round            => 'the ticket parameters are of another round',
    face             => 'a winner would take too much of our deposit|named no valid price or tickets',
    recipient        => 'the recipient is not the registered address',
    'recipient-none' => 'sent malformed session data|the recipient is not the registered address',
);
sub name { my ($mode) = @_; 'x' . $mode =~ s/\W//gr }
my %name = map { $_ => name($_) } sort keys %why;
my @fuzz = map { "fuzz$_" } 1 .. 8;
srand(my $seed = $ENV{SEED} // time);
note("SEED=$seed");

$h->orchestrators('offers', (map { "$name{$_}:$_" } sort keys %why),
                  qw/ free:price=0 good:good door:no-handshake behind:good /);
$h->orchestrators('fuzz', map { "$_:fuzz=" . int rand 1e9 } @fuzz);

# more than the signer takes: 0.002 ETH a ticket, and a face value of 0.9 ETH
my @wide = ('--limits', '{"ev":1e18,"total":1e18,"face":1e18,"price":1e12}', '--ev');
$h->orchestrators('rich', [@wide, '2000000000000000', '--face', '400000000000000000',
                           '--price', '1000000000/1'], 'rich:good');
$h->orchestrators('vast', [@wide, '100000000000000', '--face', '900000000000000000',
                           '--price', '10000000/1'], 'vast:good');
$h->app('offers', 'livepeer_attempts 16;', (map { "$_ prefer" } @name{sort keys %name}), 'good');
$h->app('free', '', 'free');
$h->app('door', '', 'door prefer', 'behind');
$h->app($_, '', $_) for @fuzz;
$h->app($_, 'livepeer_max_ticket_ev 1ETH; livepeer_max_total_ev 1ETH; livepeer_max_price 1000000000000;', $_)
    for qw/ rich vast /;
$h->start;
$h->ended(map { $h->publisher($_, seconds => /fuzz/ ? 14 : 8) }
          qw/ offers free door rich vast /, @fuzz);

my $log = $h->log;
for my $mode (sort keys %why) {
    my $url = $h->{orch}{$name{$mode}}{url};
    ok(events($name{$mode}, 'payment') == 0 && $log =~ /\Q$url\E (?:$why{$mode})/,
       "T-23: $mode: nothing is signed, and it is said why")
        or diag(join '', grep { /\Q$url\E/ } split /^/, $log);
}
is(join(' ', $h->count('offers', 'source')), '8 0', 'T-23: the source is there');
cmp_ok(($h->count('offers', 'mid'))[0], '>=', 7, 'T-23: the honest one delivers');
my $row = $h->row('door', 'door');
is("$row->{failures} $row->{money}{ev_wei}", '1 0', 'T-22: a ticket that never left is not counted as spent');
is(join(' ', payments('free'), events('free', 'delivered')), '0 8', 'T-23: what is free costs no ticket');

my @offers = $h->events(undef, 'offer');
my @paid = map { $h->paid($_) } @fuzz;
my $delivered = sum0(map { $_->{pixels} } map { $h->events($_, 'delivered') } @fuzz);
cmp_ok(scalar @offers, '>=', 80, 'T-23: ' . @offers . ' offers were wrong at random, in results');
cmp_ok(scalar @paid, '>=', 20, 'T-23: ' . @paid . ' payments were made meanwhile');
is(join("\n", $h->wrong), '', 'T-23: each of an offer within the limits, and valid');
is(join(' ', grep { events($_, 'delivered') < 13 } @fuzz), '', 'T-23: the old offer holds while it can');
my @dear = grep {
    $h->ev($_) > sum0(map { $_->{pixels} } $h->events($_, 'delivered')) * 1000 + 2 * $FEE;
} @fuzz;
is("@dear", '', 'T-23: what they cost is the price of the first day');

is(join(' ', payments('rich'), payments('vast')), '0 0', 'T-23: the signer refuses by itself');
my %refusals = %{$t->api->{money}{signer_refusals} || {}};
cmp_ok($refusals{ticket_ev} // 0, '>', 0, 'T-23: a ticket worth too much');
cmp_ok($refusals{face_value} // 0, '>', 0, 'T-23: a face value too high');
is(join(' ', ($h->count('rich', 'source'))[1], ($h->count('vast', 'source'))[1]), '0 0',
   'T-23: the source is there');

is_deeply([$t->finish], [], 'no alert, nothing left running');
done_testing();
