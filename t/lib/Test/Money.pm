package Test::Money;

# The books of a stand with a chain: what TicketBroker and BondingManager say,
# beside the ledgers of the orchestrators, to the wei.

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use Math::BigInt;
use Test::Livepeer;

our @EXPORT_OK = qw/ wei eth deposit fees transfers ledger books settled /;

my $transfer = '0x8b87351a208c06e3ceee59d80725fd77a23b4129e1b51ca231fc89b40712649c';

# words of an answer as numbers of any size
sub wei { map { Math::BigInt->from_hex($_) } ref $_[0] ? @{$_[0]} : $_[0] =~ /([0-9a-f]{64})/g }

# for people: ETH with six digits
sub eth {
    my $text = Math::BigInt->new($_[0])->bstr;
    $text = '0' x (19 - length $text) . $text if length $text < 19;
    return substr($text, 0, -18) . '.' . substr($text, -18, 6);
}

sub call {
    my ($t, $contract, $data) = @_;
    return $t->rpc('eth_call', { to => $t->{chain}{contracts}{$contract}, data => $data }, 'latest');
}

sub word { '0' x 24 . lc(substr $_[0], 2) }
sub address { $_[0]{chain}{accounts}{$_[1]}{address} }

# what TicketBroker says of a sender: deposit, round of withdrawal, reserve, claimed
sub sender {
    my ($t, $account) = @_;
    return wei(call($t, 'TicketBroker', '0xe1a589da' . word(address($t, $account))));
}

# (deposit, reserve) of an account
sub deposit { (sender(@_))[0, 2] }

# pendingFees of an account
sub fees {
    my ($t, $account) = @_;
    return (wei(call($t, 'BondingManager', '0xf595f1cc' . word(address($t, $account)) . '0' x 64)))[0];
}

# every payment of a winning ticket, oldest first
sub transfers {
    my ($t) = @_;
    my $logs = $t->rpc('eth_getLogs', { fromBlock => '0x0', toBlock => 'latest',
        address => $t->{chain}{contracts}{TicketBroker}, topics => [$transfer] });
    return map { { sender => '0x' . substr($_->{topics}[1], 26),
                   recipient => '0x' . substr($_->{topics}[2], 26),
                   wei => (wei($_->{data}))[0], tx => $_->{transactionHash} } } @$logs;
}

# the money part of an orchestrator's status
sub ledger {
    my ($t, $orch) = @_;
    my $text = $t->get('/status', url => $orch->{status_url}) or return;
    return decode_json($text)->{money};
}

# has every winner come to its end; the sum of what was won
sub settled {
    my ($t, @orchs) = @_;
    my $won = 0;
    for my $o (@orchs) {
        my $l = ledger($t, $o) or return;
        my %w = %{$l->{winners}};
        return if $w{won} || $w{signed} || $w{sent} || $w{mined};
        $won += $w{final};
    }
    return $won || '0 but true';
}

# The audit: what does not add up, as sentences; and the sums.
#   before   { account => [deposit, reserve] } of the broadcasters at the start
#   paid     { account => [orchestrator, delegator..] }: whose fees were 0 then
sub books {
    my ($t, %o) = @_;
    my (@wrong, %sum);

    my @transfers = transfers($t);
    my $all = Math::BigInt->new(0);
    $all += $_->{wei} for @transfers;

    my $gone = Math::BigInt->new(0);
    for my $account (sort keys %{$o{before}}) {
        my @now = deposit($t, $account);
        $gone += $o{before}{$account}[$_] - $now[$_] for 0, 1;
    }
    push @wrong, "TicketBroker: $gone wei left deposits and reserves, $all wei were transferred"
        if $gone != $all;

    for my $orch (@{$o{orchestrators}}) {
        my $at = lc $orch->{recipient};
        my $paid = Math::BigInt->new(0);
        my @mine = grep { lc $_->{recipient} eq $at } @transfers;
        $paid += $_->{wei} for @mine;
        my $l = ledger($t, $orch) || {};
        my $final = $l->{winners}{final} // 0;
        push @wrong, "$orch->{name}: $final winners are final, " . @mine . ' were transferred'
            if $final != @mine;
        push @wrong, "$orch->{name}: its ledger says $l->{redeemed_wei} wei, TicketBroker $paid"
            if ($l->{redeemed_wei} // '') ne $paid->bstr;

        # fees are split by factors of 27 digits, rounded down: less than a
        # wei of each payment for each holder stays in the Minter

        my $credited = Math::BigInt->new(0);
        $credited += fees($t, $_) for @{$o{holders}{$orch->{name}} || []};
        my $dust = $paid - $credited;
        my $most = @mine * @{$o{holders}{$orch->{name}} || []};
        push @wrong, "$orch->{name}: BondingManager credited $credited of $paid wei"
            if $o{holders}{$orch->{name}} && ($dust < 0 || $dust > $most);
        $sum{$orch->{name}} = { paid => $paid, credited => $credited, dust => $dust,
                                winners => scalar @mine };
    }
    $sum{paid} = $all;
    $sum{winners} = @transfers;
    return (\%sum, @wrong);
}

1;
