#!/usr/bin/perl
# The page shows the money: every number in the JSON, the metrics and the DOM
# against the chain and the orchestrator's own ledger; a budget that ends is
# said with its remedy while the source stays on air; and texts that would
# like to be markup stay text.
# takes 45 s

use strict;
use warnings;
use lib 't/lib';
use Test::More;
use JSON::PP;
use Math::BigInt;
use Test::Livepeer;
use Test::Money qw/ deposit ledger transfers wei /;
use Time::HiRes qw/ time /;

my $build = $Test::Livepeer::BUILD;
plan skip_all => 'chromium is not installed' if !-x '/usr/bin/chromium';
plan skip_all => 'node modules are not installed' if !-d "$build/node/node_modules";

my $t = Test::Livepeer->new->plan(70);
my $tool = "BUILD=$build common/contracts/tool";
sub n { Math::BigInt->new($_[0]) }

# Prices and values such that a stream's hour is spent within seconds. Who is
# paid comes from the registry, where a second one stands that does not run.
my $price = 400_000_000;
$t->chain;
my $payer = $t->signer(role => 'broadcaster', day_budget => '4ETH', stream_budget => '3ETH');
my $payee = $t->signer(role => 'orchestrator', account => 'orchestrator1');
my $orch = $t->orchestrator(account => 'orchestrator1', signer => $payee, price => $price,
    transcoder => 'ok', args => ['--ticket-ev', '0.002ETH', '--confirmations', 3]);
$t->gateway('livepeer_profiles 360p 240p; livepeer_key a-secret-key; livepeer_reconnect 1s;
    livepeer_max_price 800000000; livepeer_max_ticket_ev 0.01ETH; livepeer_max_total_ev 0.1ETH;
    livepeer_budget 2ETH/day stream=0.1ETH/hour;', signer => $payer, no_orchestrators => 1);

# what a person sees at the page, when it has come to this
sub page {
    my (%work) = @_;
    my $text = JSON::PP->new->ascii->encode(\%work);
    $text =~ s/'/\\u0027/g;
    my $out = `node t/tools/page.js @{[ $t->http_url('/livepeer/') ]} '$text' 2>&1`;
    my ($line) = $out =~ /^(\{.*\})$/m;
    my $r = eval { decode_json($line // '') } || { failed => $out };
    diag "$r->{failed}\n" . ($r->{text} // '') if $r->{failed};
    return $r;
}

# nobody publishes yet, and the purse is there
$t->await('the chain to be read', 30, sub { my $m = $t->api->{money}; $m->{read} && $m->{stop} eq 'none' });
my $m = $t->api->{money};
my ($deposit, $reserve) = deposit($t, 'broadcaster');
is($m->{deposit_wei}, $deposit->bstr, 'the deposit, as TicketBroker has it');
is($m->{reserve_wei}, $reserve->bstr, 'the reserve');
is(lc $m->{address}, $payer->{address}, 'whose they are');
is($m->{chain_id}, $t->{chain}{chain_id}, 'the chain');
is($m->{round}, $t->cast('call', $t->{chain}{contracts}{RoundsManager}, "'lastInitializedRound()(uint256)'"),
   'the round');
is("$m->{unlock} $m->{withdraw_round}", 'locked 0', 'nothing is unlocked');
is($m->{day}{budget_wei}, '2000000000000000000', "the day's budget");
is($m->{day}{left_wei}, $m->{day}{budget_wei}, 'is untouched');
is($m->{day}{anew_ms} % 86_400_000, 0, 'and begins anew at 00:00 UTC');
cmp_ok($m->{day}{anew_ms} - time * 1000, '<=', 86_400_000, 'the next one');
is($m->{signer}{stream_budget_wei}, '3000000000000000000', "the signer's limits");
my $text = $t->get('/livepeer/api');
unlike($text, qr/_wei":-?\d/, 'amounts are text: a number would lose wei');


# --- a stream is paid

my $cam = $t->publisher('cam?key=a-secret-key', size => '640x360', bitrate => '800k');
my $seen = $t->await('tickets', 30, sub {
    my $s = $t->stream('cam'); $s && $s->{money}{tickets} >= 8 && $s->{money}{fee_wei} && $s });

my ($row) = grep { $_->{url} eq $orch->{url} } @{$seen->{orchestrators}};
ok($row, 'its orchestrator, found in the registry, has a row');
is(lc $row->{money}{address}, $payee->{address}, 'with the address that is paid');
cmp_ok($row->{money}{price}, '>=', $price, "the price of a pixel: $row->{money}{price} wei");
cmp_ok($row->{money}{price}, '<=', $price * 1.02, 'as its operator set it, redemption included');
my $ev = n($row->{money}{face_value_wei})->numify * $row->{money}{win_prob};
ok(abs($ev / 2e15 - 1) < 1e-6, 'face value and chance make what a ticket is worth');
like($row->{money}{balance_wei}, qr/^-?\d+$/, 'the credit');
is($seen->{money}{stop}, 'none', 'nothing stops it');
is($seen->{money}{hour}{budget_wei}, '100000000000000000', "the stream's budget");
is(n($seen->{money}{hour}{spent_wei})->badd($seen->{money}{hour}{left_wei}),
   $seen->{money}{hour}{budget_wei}, 'spent and left make the whole');

# two renditions, 360p and 240p, 30 frames in a second, at that price
my $hourly = n($seen->{money}{hourly_wei})->numify;
my $due = (640 * 360 + 426 * 238) * 30 * 3600 * $row->{money}{price};
ok(abs($hourly / $due - 1) < 0.1, sprintf 'an hour costs %.2f ETH', $hourly / 1e18)
    or diag "expected $due";


# --- one of its tickets is redeemed, by the contract's own rules

my $at = $t->{chain}{contracts};
my $key = sub {
    my $text = Test::Livepeer::slurp($t->{chain}{accounts}{$_[0]}{key_file});
    chomp $text;
    return $text =~ /^0x/ ? $text : "0x$text";
};
my $rand = '0x' . '17' x 32;
my $round = $t->cast('call', $at->{RoundsManager}, "'lastInitializedRound()(uint256)'");
my $hash = $t->cast('call', $at->{RoundsManager}, "'blockHashForRound(uint256)(bytes32)'", $round);
chomp(my $aux = `$tool cast abi-encode 'f(uint256,bytes32)' $round $hash`);
chomp(my $commit = `$tool cast keccak $rand`);
my $face = '30000000000000000';
my $ticket = join ',', $payee->{address}, $payer->{address}, $face, '0x' . 'f' x 64, 1, $commit, $aux;
my $type = '(address,address,uint256,uint256,uint256,bytes32,bytes)';
my $id = $t->cast('call', $at->{TicketBroker}, "'getTicketHash($type)(bytes32)'", "'($ticket)'");
chomp(my $sig = `$tool cast wallet sign --private-key @{[ $key->('broadcaster') ]} $id`);
$t->cast('send', $at->{TicketBroker}, "'redeemWinningTicket($type,bytes,uint256)'", "'($ticket)'", $sig, $rand,
         '--private-key', $key->('orchestrator1'));
my $after = $t->await('the page to know', 20, sub {
    my $m = $t->api->{money}; $m->{winners} && $m->{deposit_wei} eq (deposit($t, 'broadcaster'))[0] && $m });
my @transfers = transfers($t);
my $paid = Math::BigInt->new(0);
$paid += $_->{wei} for @transfers;
is($after->{winners}, scalar @transfers, 'winners: as many as TicketBroker has paid');
is($after->{redeemed_wei}, $paid->bstr, 'and what they took');
is(n($after->{deposit_wei})->badd($after->{reserve_wei})->badd($paid), $deposit + $reserve,
   'is gone from deposit and reserve');
my ($split) = @{$after->{orchestrators}};
is(lc $split->{address}, $payee->{address}, 'who is paid');
is($split->{redeemed_wei}, $paid->bstr, 'has redeemed it');
my @words = wei($t->rpc('eth_call', { to => $at->{BondingManager},
    data => '0x5dce9948' . '0' x 24 . lc substr $payee->{address}, 2 }, 'latest'));
is($split->{reward_cut_ppm}, $words[1]->bstr, 'its reward cut, as BondingManager has it');
is($split->{fee_share_ppm}, $words[2]->bstr, 'its fee share');
is($split->{shared_wei}, ($paid * $words[2] / 1_000_000)->bstr, 'and what that makes of what was redeemed');


# --- the page says so

my $shots = $ENV{PAGE_SHOTS} ? "$ENV{PAGE_SHOTS}/63" : $t->dir . '/shot';
my $p = page(shots => $shots, wait => { '#purse' => 'Winners redeemed', '#payees' => '1 in' });
is($p->{failed}, undef, 'the page shows the money');
is($p->{stop}, undef, 'no banner while all is well');
is($p->{purse}{Deposit}[1], "$p->{api}{money}{deposit_wei} wei", 'the deposit to the wei, in its title');
is($p->{purse}{Deposit}[0], '9.97 ETH', 'and as people read it');
like($p->{purse}{'Winners redeemed'}[0], qr/^\d+, 0\.0\d+ ETH$/, 'winners: ' . $p->{purse}{'Winners redeemed'}[0]);
like($p->{purse}{'Tickets sent'}[0], qr/^\d+, worth [\d.]+ ETH$/, 'tickets and their value');
like($p->{purse}{'cam costs now'}[0], qr/^[\d.]+ ETH an hour$/, 'what an hour costs');
like($p->{budgets}, qr/Today: [\d.]+ ETH left of 2 ETH.*begins anew in \d/s, "the day's budget");
like($p->{budgets}, qr/cam, this hour: [\d.]+ ETH left of 0\.1 ETH.*begins anew in \d+ min/s, "the stream's");
my $left = $p->{api}{streams}[0]{money}{hour}{left_wei} / 0.1e18;
ok(abs($p->{meters}[1] - $left) < 0.001, 'with a bar of what is left');
my ($line) = grep { $_->[0][0] eq $orch->{url} } @{$p->{payees}};
ok($line, 'the orchestrator');
is(lc $line->[0][1], $payee->{address}, 'its address in the title');
like($line->[2][0], qr/ETH, 1 in \d+$/, "its tickets: $line->[2][0]");
like($line->[7][0], qr/^50 %, [\d.]+ ETH$/, "the share to stake: $line->[7][0]");
is_deeply([@$p{qw/ errors console foreign wide /}], [[], [], [], []],
          'no error, nothing from elsewhere, no sideways scroll on a phone');
unlike($p->{text}, qr/undefined|NaN|\[object/, 'no hole in the text');


# --- texts that would like to be markup, wherever a text can stand

my @payload = ('<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "');alert(1)//", '</title><svg/onload=alert(1)>',
    "<iframe srcdoc='<script>parent.alert(1)</script>'>", '{{7*7}}', '%3Cscript%3Ealert(1)%3C/script%3E', '&lt;script&gt;',
    '<b onmouseover=alert(1)>x', '`${alert(1)}`', 'javascript:alert(1)', '<base href=//evil>', '<form action=//evil>',
    '<embed src=//evil>', '<object data=//evil>', "\x{2028}alert(1)", '</script><script>alert(1)//', '<a href=javascript:alert(1)>',
    '<style>*{display:none}</style>', "\x{202e}<img/src=x/onerror=alert(1)>");
$p = page(hostile => \@payload, wait => { '#streams' => 'script' });
is($p->{failed}, undef, 'T-64: twenty payloads as names, addresses and errors: the page shows them');
is_deeply([grep { my $text = $_; !grep { $_ eq $text } @{$p->{streams}} } @payload], [], 'T-64: each as the text it is');
is_deeply($p->{strange}, [], 'T-64: none became an element or a handler');
is_deeply($p->{scripts}, ['hls.min.js', 'app.js'], 'T-64: no script but our own');
is_deeply([@$p{qw/ dialogs errors foreign /}], [[], [], []], 'T-64: nothing ran, nothing was fetched');


# --- Prometheus

$text = $t->get('/livepeer/metrics');
SKIP: {
    skip 'no promtool', 2 if !grep { -x "$_/promtool" } split /:/, $ENV{PATH};
    my %metrics = ('the module' => $text, 'the orchestrator' => $t->get('/metrics', url => $orch->{status_url}) // '');
    for my $whose (sort keys %metrics) {
        Test::Livepeer::spew($t->dir . '/metrics', $metrics{$whose});
        my $out = `promtool check metrics < @{[ $t->dir ]}/metrics 2>&1`;
        is("$? $out", '0 ', "promtool is content with $whose");
    }
}
is($t->metric('deposit_gwei', undef, $text), n((deposit($t, 'broadcaster'))[0])->bdiv(1e9)->numify, 'metrics: deposit');
is($t->metric('winners_redeemed_total', undef, $text), scalar @transfers, 'metrics: winners');
unlike($text, qr/0x[0-9a-fA-F]{40}|https:/, 'T-68: no address in a label, and no URL that its owner chose');


# --- the stream's budget ends: the source goes on

my $stopped = $t->await('the budget of the hour to end', 40, sub {
    my $s = $t->stream('cam'); $s->{money}{stop} eq 'stream' && $s });
cmp_ok(n($stopped->{money}{hour}{left_wei}), '<', n('8e16'), 'T-33: a payment more than is left is not made');
my $sent = $stopped->{money}{tickets};
my $seq = $stopped->{next_seq};
$p = page(shots => "$shots-stopped", wait => { '#stop' => 'Nobody is paid for cam' });
like($p->{stop}, qr/the source alone\. The stream's budget of this hour is used up: wait, or raise stream= in livepeer_budget/,
     'T-33: the page says what ended, and the remedy');
$t->await('the source to go on', 20, sub { $t->stream('cam')->{next_seq} >= $seq + 3 });
my ($newest) = reverse @{$t->playlist('cam/source')->{segments}};
ok(!$newest->{gap} && $newest->{seq} >= $seq, 'the source stays on air');
is($t->stream('cam')->{money}{tickets}, $sent, 'T-33: and no ticket was sent');
is($t->metric('stream_budget_used_up'), 1, 'metrics: it is said');


# --- both books are the same

$t->stop($cam, 'INT');
$t->await('the end', 20, sub { $t->stream('cam')->{state} eq 'ended' });
$m = $t->api->{money};
my $l = ledger($t, $orch);
is("$m->{tickets} $m->{ev_wei}", "$l->{tickets} $l->{ev_wei}", 'tickets and their value: as the orchestrator has them');
is($m->{fee_wei}, $l->{debited_wei}, 'so is the fee, to the wei');
is_deeply([map { "$_->{tickets} $_->{fee_wei}" } @{$m->{orchestrators}}], ["$m->{tickets} $m->{fee_wei}"],
          'one orchestrator has it all');

my ($top) = @{$l->{top_senders}};
is(lc $top->{address}, $payer->{address}, "the orchestrator's table of senders: us");
is("$top->{tickets} $top->{ev_wei}", "$m->{tickets} $m->{ev_wei}", 'with our tickets');
$text = $t->get('/metrics', url => $orch->{status_url});
is($t->metric('livepeer_orch_tickets_total', undef, $text), $m->{tickets}, 'its metrics: tickets');
unlike($text, qr/0x[0-9a-fA-F]{40}/, 'T-68: no sender in a label');

# funds that may be withdrawn in the next round stop everybody
my ($status) = $t->ctl('broadcaster', qw/ broadcaster unlock /);
is($status, 0, 'deposit and reserve are unlocked');
$t->rpc('anvil_mine', '0x32');
$p = page(wait => { '#stop' => 'unlocked', '#purse' => 'Unlocking' });
like($p->{stop}, qr/livepeerctl broadcaster cancel keeps them\./, 'T-34: the page says so, and how to go on');
