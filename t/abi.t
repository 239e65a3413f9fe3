#!/usr/bin/perl
# The ABI of the live network and of our extensions against what the compiler
# made: every selector, event topic, contract id and storage slot by its value;
# and what our C makes of random arguments beside cast: calls, transactions to
# the last byte of their signature, events. SEED says which.
# takes 15 s

use strict;
use warnings;
no warnings 'qw';                               # signatures have commas
use Math::BigInt;
use Test::More;

my $build = $ENV{BUILD} || 'build';
my $mine = 'common/contracts';

plan skip_all => 'npm is not installed' if system('command -v npm >/dev/null');
mkdir $build;
system("flock $build/.contracts-lock make -s BUILD=$build contracts >&2") == 0
    or die "the contracts do not compile\n";

my @rows = map { chomp; [split / /, $_, 4] } grep { /\S/ } <DATA>;
my @names = map { $_->[1] } grep { $_->[0] eq 'n' } @rows;
my %fact = map { chomp; $_ => 1 }
    `BUILD=$build $mine/tool node $mine/facts.js $build/contracts @names`;

my %id = (f => 'C01 selector', e => 'C01 topic', n => 'C01 id',
          l => 'C24 slot');

for my $row (@rows) {
    ok($fact{join ' ', @$row}, join ' ', $id{$row->[0]}, @$row[1 .. $#$row]);
}

# nothing may take a slot before the ones the deployed contracts use
my %first = (RoundsManager => 9, TicketBroker => 7, ServiceRegistry => 3,
             BondingManager => 15);
for my $name (sort keys %first) {
    my %old = map { $_->[2] => 1 }
        grep { $_->[0] eq 'l' && $_->[1] eq $name && $_->[3] !~ /^[A-Z]/ } @rows;
    my @strange = grep { /^l $name (\d+) [a-z]/ && $1 < $first{$name}
                         && !$old{$1} } keys %fact;
    is_deeply(\@strange, [], "C24 prefix of $name is the deployed one");
}

my @abi = map { m{([^/]+)\.json$} } glob "$build/contracts/abi/*.json";
is(scalar(@abi), 15, 'C01 an ABI file for each contract');


# C45: what C makes of random arguments, beside what cast makes of them
my $tool = "$build/t/tools/calldata";
die "$tool is not built: make tools\n" if !-x $tool;
srand(my $seed = $ENV{SEED} // 45);
note("seed $seed");

my $word = sub { join '', map { sprintf '%02x', int rand 256 } 1 .. 32 };
my $address = sub { '0x' . substr $word->(), 0, 40 };
my $hash = sub { '0x' . $word->() };
my $number = sub {
    my $digits = 1 + int rand 77;
    return join '', 1 + int rand 9, map { int rand 10 } 2 .. $digits;
};
my $upto = sub {                                    # of any width up to so many bits
    my $n = Math::BigInt->from_hex($word->());
    return $n->brsft(256 - int rand 1 + $_[0])->bstr;
};
my $few = sub { my ($make) = @_; map { $make->() } 1 .. 1 + int rand 16 };

my @calls;
for (1 .. 3) {
    push @calls, map { [plain => $_] } qw/ initializeRound() unlock() cancelUnlock() withdraw()
        reward() fundPenaltyEscrow() request() /;
    push @calls, map { [of => $_, $address->()] } qw/ getSenderInfo(address) balanceOf(address)
        getTranscoder(address) getDelegator(address) getServices(address) slashableStake(address)
        getNextTranscoderInPool(address) getServiceURI(address) penaltyEscrow(address) /;
    push @calls, map { [of => $_, $address->(), $address->()] } qw/ allowance(address,address)
        claimableReserve(address,address) claimedReserve(address,address) /;
    push @calls, map { [u256 => $_, $number->()] } qw/ unbond(uint256) rebond(uint256)
        blockHashForRound(uint256) claimEarnings(uint256) withdrawStake(uint256) /;
    push @calls, map { [of_u256 => $_, $address->(), $number->()] } qw/ approve(address,uint256)
        withdrawFees(address,uint256) pendingFees(address,uint256)
        rebondFromUnbonded(address,uint256) getDelegatorUnbondingLock(address,uint256) /;
    push @calls, map { [two => $_, $number->(), $number->()] } qw/ transcoder(uint256,uint256)
        fundDepositAndReserve(uint256,uint256) /;
    push @calls, [u256_of => 'bond(uint256,address)', $number->(), $address->()],
        [hash => 'usedTickets(bytes32)', $hash->()], [hash => 'getContract(bytes32)', $hash->()],
        [text => 'setServiceURI(string)', 'https://' . substr $word->(), 0, rand 64];

    my @ids = $few->($hash);
    push @calls, [services => join(',', @ids), join ',', map { $address->() } @ids],
        [locations => join ',', $few->($hash)];

    my $ticket = '(address,address,uint256,uint256,uint256,bytes32,bytes)';
    my (@tickets, @sigs, @rands, @redeems);
    for ($few->($number)) {
        push @tickets, '(' . join(',', $address->(), $address->(), $number->(), $number->(),
            int rand 600, $hash->(), $hash->() . $word->()) . ')';
        push @sigs, $hash->() . $word->() . '1c';
        push @rands, $number->();
        push @redeems, scalar cast('calldata', "redeemWinningTicket($ticket,bytes,uint256)",
            $tickets[-1], $sigs[-1], $rands[-1]);
    }
    push @calls, [batch => join(',', @redeems), "batchRedeemWinningTickets(${ticket}" . '[],bytes[],uint256[])',
        map { '[' . join(',', @$_) . ']' } \@tickets, \@sigs, \@rands];
}

my @ours = ours(map { join ' ', @$_[0 .. ($_->[0] eq 'batch' ? 1 : $#$_)] } @calls);

for my $i (0 .. $#calls) {
    my ($kind, @args) = @{$calls[$i]};
    @args = ('setServices(bytes32[],address[])', map { "[$_]" } @args) if $kind eq 'services';
    @args = ('setLocations(bytes32[])', "[$args[0]]") if $kind eq 'locations';
    shift @args if $kind eq 'batch';
    is($ours[$i] // 'nothing', scalar cast('calldata', @args), "C45 $args[0]");
}


# transactions of both forms, to contracts and making them, by any key
my @txs;
for my $i (0 .. 59) {
    my $legacy = $i % 3 == 2;
    my $data = '0x' . substr join('', map { $word->() } 1 .. 9), 0, 2 * int rand 280;
    my $fee = Math::BigInt->new($upto->(128));
    push @txs, { form => $legacy ? 'legacy' : 'fees', key => $hash->(), chain => 1 + int rand 2**31,
        nonce => $upto->(63), tip => $legacy ? $fee->bstr : ($fee >> int rand 64)->bstr,
        fee => $fee->bstr, gas => $upto->(40), value => $upto->(256), data => $data,
        to => $i % 10 == 9 ? 'create' : $address->() };
}
@ours = ours(map { my $t = $_; join ' ', 'tx', map { $t->{$_} } qw/ form key chain nonce tip fee gas
    to value data / } @txs);
for my $i (0 .. $#txs) {
    my $t = $txs[$i];
    my @to = $t->{to} eq 'create' ? ('--create', $t->{data}) : ($t->{to}, $t->{data});
    is($ours[$i] // 'nothing', scalar cast('mktx', '--private-key', $t->{key}, '--chain', $t->{chain},
        '--nonce', $t->{nonce}, '--gas-limit', $t->{gas}, '--gas-price', $t->{fee}, '--value',
        $t->{value}, $t->{form} eq 'legacy' ? '--legacy' : ('--priority-gas-price', $t->{tip}), @to),
        "C45 a transaction of $t->{form}, " . (length($t->{data}) / 2 - 1) . ' bytes');
}

# events, in the order of their list
my @events = ('NewRound(uint256 indexed,bytes32)', 'DepositFunded(address indexed,uint256)',
    'ReserveFunded(address indexed,uint256)', 'ReserveClaimed(address indexed,address,uint256)',
    'Unlock(address indexed,uint256,uint256)', 'UnlockCancelled(address indexed)',
    'Withdrawal(address indexed,uint256,uint256)',
    'WinningTicketTransfer(address indexed,address indexed,uint256)',
    'WinningTicketRedeemed(address indexed,address indexed,uint256,uint256,uint256,uint256,bytes)',
    'TranscoderActivated(address indexed,uint256)', 'TranscoderDeactivated(address indexed,uint256)',
    'ServiceURIUpdate(address indexed,string)', 'Reward(address indexed,uint256)',
    'TranscoderUpdate(address indexed,uint256,uint256)', 'SetContractInfo(bytes32,address,bytes20)',
    'Pause()', 'Unpause()');
my (@logs, @want);
for my $i (map { $_ % @events } 0 .. 2 * @events - 1) {
    my ($name, $list) = $events[$i] =~ /^(\w+)\((.*)\)/;
    my (@args, @addresses, @words, $id, $text);
    for my $type (split /,/, $list) {
        push @args, $type =~ /^address/ ? $address->() : $type =~ /^uint/ ? $upto->(256)
                    : $type eq 'string' ? 'https://' . substr $word->(), 0, rand 64
                    : $type eq 'bytes20' ? $address->() : $hash->();
        push @addresses, $args[-1] if $type =~ /^address/;
        push @words, $args[-1] if $type =~ /^uint/;
        $id = $args[-1] if $type eq 'bytes32';
        $text = $args[-1] if $type eq 'string';
    }
    my @lines = cast('abi-encode-event', $events[$i], @args);
    push @logs, sprintf 'logs {"id":1,"result":[{"address":"%s","topics":[%s],"data":"%s",'
        . '"transactionHash":"%s","blockHash":"%s","blockNumber":"0x1","logIndex":"0x0"}]}',
        $address->(), join(',', map { /topic\d\]: (\w+)/ ? qq{"$1"} : () } @lines),
        (map { /data\]: (\w+)/ } @lines)[0] // '0x', $hash->(), $hash->();
    push @addresses, '0x' . '0' x 40 while @addresses < 2;
    push @words, 0 while @words < 4;
    push @want, [$name, lc join(' ', $i, @addresses, @words, $id // '0x' . '0' x 64, $text // '') . ';'];
}
@ours = ours(@logs);
is(lc($ours[$_] // 'nothing'), $want[$_][1], "C45 event $want[$_][0]") for 0 .. $#want;

done_testing();


# what our tool answers, line by line
sub ours {
    my $file = "$build/calldata.in.$$";
    open my $in, '>', $file or die $!;
    print $in "$_\n" for @_;
    close $in;
    my @lines = map { chomp; $_ } `$tool < $file`;
    unlink $file;
    return @lines;
}

# cast's first line, or all of them
sub cast {
    open my $fh, '-|', "$mine/tool", 'cast', @_ or die $!;
    my @lines = map { chomp; $_ } <$fh>;
    return wantarray ? @lines : $lines[0] // '';
}

# kind, contract, value of the specification, signature
__DATA__
f Controller e16c7d98 getContract(bytes32)
f Controller 613e2de2 getContractInfo(bytes32)
f Controller d737c2b0 setContractInfo(bytes32,address,bytes20)
f Controller eb5dd94f updateController(bytes32,address)
f Controller 5c975abb paused()
f Controller 8da5cb5b owner()
f Controller 8456cb59 pause()
f Controller 3f4ba83a unpause()
f Controller f2fde38b transferOwnership(address)
f BondingManager f77c4791 controller()
f BondingManager 51720b41 targetContractId()
f BondingManager 92eefe9b setController(address)
f LivepeerToken 70a08231 balanceOf(address)
f LivepeerToken 18160ddd totalSupply()
f LivepeerToken dd62ed3e allowance(address,address)
f LivepeerToken 095ea7b3 approve(address,uint256)
f LivepeerToken a9059cbb transfer(address,uint256)
f LivepeerToken 23b872dd transferFrom(address,address,uint256)
f LivepeerToken 39509351 increaseAllowance(address,uint256)
f LivepeerToken a457c2d7 decreaseAllowance(address,uint256)
f LivepeerToken 06fdde03 name()
f LivepeerToken 95d89b41 symbol()
f LivepeerToken 313ce567 decimals()
f LivepeerToken 2f2ff15d grantRole(bytes32,address)
f LivepeerToken d547741f revokeRole(bytes32,address)
f LivepeerToken 36568abe renounceRole(bytes32,address)
f LivepeerToken 91d14854 hasRole(bytes32,address)
f LivepeerToken 248a9ca3 getRoleAdmin(bytes32)
f LivepeerToken a217fddf DEFAULT_ADMIN_ROLE()
f LivepeerToken 40c10f19 mint(address,uint256)
f LivepeerToken 42966c68 burn(uint256)
f LivepeerToken 79cc6790 burnFrom(address,uint256)
f LivepeerToken d505accf permit(address,address,uint256,uint256,uint8,bytes32,bytes32)
f LivepeerToken 7ecebe00 nonces(address)
f LivepeerToken 3644e515 DOMAIN_SEPARATOR()
f LivepeerToken 84b0196e eip712Domain()
f LivepeerToken 01ffc9a7 supportsInterface(bytes4)
f Minter be0522e0 inflation()
f Minter a7c83514 inflationChange()
f Minter 821b771f targetBondingRate()
f Minter 9ae6309a currentMintableTokens()
f Minter 2de22cdb currentMintedTokens()
f Minter 5507442d getGlobalTotalSupply()
f Minter 3018205f getController()
f Minter 77bde142 setTargetBondingRate(uint256)
f Minter 010e3c1c setInflationChange(uint256)
f Minter ece2064c setCurrentRewardTokens()
f Minter 7dbedad5 createReward(uint256,uint256)
f Minter e7a49c2b trustedTransferTokens(address,uint256)
f Minter c7ee98c2 trustedBurnTokens(uint256)
f Minter 20283da9 trustedWithdrawETH(address,uint256)
f Minter f6326fb3 depositETH()
f Minter 18d217ad migrateToNewMinter(address)
f RoundsManager 8a19c8bc currentRound()
f RoundsManager 8fa148f2 currentRoundStartBlock()
f RoundsManager 219bc76c currentRoundInitialized()
f RoundsManager 6841f253 currentRoundLocked()
f RoundsManager 3aa4add4 blockHashForRound(uint256)
f RoundsManager 8ae63d6d blockNum()
f RoundsManager 85df51fd blockHash(uint256)
f RoundsManager d4807fb2 initializeRound()
f RoundsManager 681312f5 setRoundLength(uint256)
f RoundsManager 0b1573b8 setRoundLockAmount(uint256)
f RoundsManager 13013e7a setLIPUpgradeRound(uint256,uint256)
f RoundsManager 8807f36e lastInitializedRound()
f RoundsManager 8b649b94 roundLength()
f RoundsManager f5b490d5 roundLockAmount()
f RoundsManager 0fe1dfa8 lastRoundLengthUpdateRound()
f RoundsManager 668abff7 lastRoundLengthUpdateStartBlock()
f RoundsManager 1e6d4c22 lipUpgradeRound(uint256)
f BondingManager 5dce9948 getTranscoder(address)
f BondingManager 24454fc4 getTranscoderEarningsPoolForRound(address,uint256)
f BondingManager a64ad595 getDelegator(address)
f BondingManager 412f83b6 getDelegatorUnbondingLock(address,uint256)
f BondingManager 0fd02fc1 isValidUnbondingLock(address,uint256)
f BondingManager 08802374 isActiveTranscoder(address)
f BondingManager 68ba170c isRegisteredTranscoder(address)
f BondingManager 1544fc67 delegatorStatus(address)
f BondingManager 8b2f1652 transcoderStatus(address)
f BondingManager 88a6c749 getFirstTranscoderInPool()
f BondingManager 235c9603 getNextTranscoderInPool(address)
f BondingManager 6cf6d675 unbondingPeriod()
f BondingManager 9ef9df94 transcoderTotalStake(address)
f BondingManager 9d0b2c7a pendingStake(address,uint256)
f BondingManager f595f1cc pendingFees(address,uint256)
f BondingManager 2a4e0d55 getTranscoderPoolSize()
f BondingManager 5a2a75a9 getTranscoderPoolMaxSize()
f BondingManager 5c50c356 getTotalBonded()
f BondingManager 4196ee75 currentRoundTotalActiveStake()
f BondingManager 465501d3 nextRoundTotalActiveStake()
f BondingManager 558f8f44 treasuryRewardCutRate()
f BondingManager a5766231 nextRoundTreasuryRewardCutRate()
f BondingManager 84a16bbc treasuryBalanceCeiling()
f BondingManager 6bd9add4 bondWithHint(uint256,address,address,address,address,address)
f BondingManager b78d27dc bond(uint256,address)
f BondingManager ee4e804a bondForWithHint(uint256,address,address,address,address,address,address)
f BondingManager 9500ed9b unbondWithHint(uint256,address,address)
f BondingManager 27de9e32 unbond(uint256)
f BondingManager 7fc4606f rebondWithHint(uint256,address,address)
f BondingManager eaffb3f9 rebond(uint256)
f BondingManager 0584a373 rebondFromUnbondedWithHint(address,uint256,address,address)
f BondingManager 3a080e93 rebondFromUnbonded(address,uint256)
f BondingManager 062e98b8 transferBond(address,uint256,address,address,address,address)
f BondingManager 25d5971f withdrawStake(uint256)
f BondingManager ad3b1b47 withdrawFees(address,uint256)
f BondingManager 24b1babf claimEarnings(uint256)
f BondingManager 3550aa10 transcoderWithHint(uint256,uint256,address,address)
f BondingManager 43d3461a transcoder(uint256,uint256)
f BondingManager 81871056 rewardWithHint(address,address)
f BondingManager 228cb733 reward()
f BondingManager 3aeb512c updateTranscoderWithFees(address,uint256,uint256)
f BondingManager 22bf9d7c slashTranscoder(address,address,uint256,uint256)
f BondingManager 713f2216 setCurrentRoundTotalActiveStake()
f BondingManager f10d1de1 setUnbondingPeriod(uint64)
f BondingManager 673a456b setNumActiveTranscoders(uint256)
f BondingManager cf33a0d5 setTreasuryRewardCutRate(uint256)
f BondingManager 40e6f271 setTreasuryBalanceCeiling(uint256)
f BondingManager d52bd62b checkpointBondingState(address)
f ServiceRegistry 5f11301b setServiceURI(string)
f ServiceRegistry 214c2a4b getServiceURI(address)
f TicketBroker 6caa736b fundDeposit()
f TicketBroker 6f9c3c8f fundReserve()
f TicketBroker 511f4073 fundDepositAndReserve(uint256,uint256)
f TicketBroker 989f789c fundDepositAndReserveFor(address,uint256,uint256)
f TicketBroker a69df4b5 unlock()
f TicketBroker c2c4c2c8 cancelUnlock()
f TicketBroker 3ccfd60b withdraw()
f TicketBroker ec8b3cb6 redeemWinningTicket((address,address,uint256,uint256,uint256,bytes32,bytes),bytes,uint256)
f TicketBroker d01b808e batchRedeemWinningTickets((address,address,uint256,uint256,uint256,bytes32,bytes)[],bytes[],uint256[])
f TicketBroker b03fa864 getTicketHash((address,address,uint256,uint256,uint256,bytes32,bytes))
f TicketBroker e1a589da getSenderInfo(address)
f TicketBroker 5b6333eb getReserveInfo(address)
f TicketBroker 3d0ddf84 setUnlockPeriod(uint256)
f TicketBroker c9297808 setTicketValidityPeriod(uint256)
f TicketBroker 81779f38 claimableReserve(address,address)
f TicketBroker 4ac826da claimedReserve(address,address)
f TicketBroker 121cdcc2 isUnlockInProgress(address)
f TicketBroker 59a515ba usedTickets(bytes32)
f TicketBroker 20d3a0b4 unlockPeriod()
f TicketBroker 856a2cf8 ticketValidityPeriod()
f LivepeerTokenFaucet 338cdca1 request()
f LivepeerTokenFaucet 207f5ce6 nextValidRequest(address)
f SupplyCache fb1c5ee9 l1CirculatingSupply()
f ServiceRegistry 8b64341c setServices(bytes32[],address[])
f ServiceRegistry b2532a45 getServices(address)
f ServiceRegistry c210d277 serviceVerifier(address,bytes32)
f ServiceRegistry 15c015d0 setLocations(bytes32[])
f ServiceRegistry 4ab8eaa6 getLocations(address)
f ServiceRegistry f95fbab5 setReceiptSigner(address)
f ServiceRegistry 6281899c receiptSignerAt(address,uint256)
f FaultVerifier f67026b4 challenge((address,address,bytes32,uint256,bytes32,bytes32,bytes32,bytes32,address,uint256),bytes,uint256,bytes32[],bytes32[],string)
f FaultVerifier 72061f89 onVerified(bytes32,uint8)
f FaultVerifier 60e93641 executeSlash(bytes32,uint256[])
f FaultVerifier 8eacc74d expireChallenge(bytes32)
f FaultVerifier 4cf47c60 proveEquivocation((address,address,bytes32,uint256,bytes32,bytes32,bytes32,bytes32,address,uint256),bytes,(address,address,bytes32,uint256,bytes32,bytes32,bytes32,bytes32,address,uint256),bytes)
f FaultVerifier 458d2bf1 getChallenge(bytes32)
f FaultVerifier 92b5d190 setChallenger(address,bool)
f FaultVerifier 2301a194 approveVerifier(address,uint8)
f FaultVerifier 322876e3 setSlashParams(uint256,uint256,uint256)
f FaultVerifier 3f5c8ed2 setChallengeParams(uint256,uint256,uint256)
f FaultVerifier cff0ab96 params()
f FaultVerifier c36f3874 withdrawCredit()
f FaultVerifier fc4829b1 receiptDigest((address,address,bytes32,uint256,bytes32,bytes32,bytes32,bytes32,address,uint256))
f FaultVerifier c23f8306 requestKey((address,address,bytes32,uint256,bytes32,bytes32,bytes32,bytes32,address,uint256))
f FaultVerifier f698da25 domainSeparator()
f FaultVerifier eb339d47 isChallenger(address,address)
f FaultVerifier b026fc20 verifierKind(address)
f FaultVerifier 4a2ff0af slashesInRound(address,uint256)
f FaultVerifier d5d44d80 credit(address)
f SolverQuorumVerifier ddca3f43 fee()
f SolverQuorumVerifier d72de933 submit(bytes32,(address,bytes32,bytes32,bytes32,bytes32,string))
f SolverQuorumVerifier d5add906 setSolver(address,bool)
f SolverQuorumVerifier 960bfe04 setThreshold(uint256)
f SolverQuorumVerifier 3bbd2235 commitVote(bytes32,bytes32)
f SolverQuorumVerifier 6969b83c revealVote(bytes32,uint8,bytes32)
f SolverQuorumVerifier 92584d80 finalize(bytes32)
f BondingManager f07299cd slashTranscoderWithLocks(address,address,uint256,uint256,uint256[])
f BondingManager 275ff98d slashableStake(address)
f BondingManager e9abbcb3 jailedUntil(address)
f BondingManager 660f5c17 jailPeriod()
f BondingManager 23732632 setJailPeriod(uint64)
f BondingManager 032f8323 setDelegatorSlashRate(uint256)
f BondingManager 5b85ace5 slashFactor(address)
f BondingManager bdbacd19 setActiveSetPolicy(uint256,uint256)
f BondingManager 23c4f517 activeSetPolicy()
f BondingManager 837fba02 evictBelowMinStake(address)
f BondingManager a88b41db currentRoundActiveSetSize()
f BondingManager 4642cb50 currentRoundTotalActiveWeight()
f BondingManager 1d6b128d nextRoundTotalActiveWeight()
f TicketBroker 45286456 fundPenaltyEscrow()
f TicketBroker caa141c6 penaltyEscrow(address)
f TicketBroker a1bab447 setPenaltyRate(uint256)
f TicketBroker d6b7494f penaltyRate()
f TicketBroker dcce62ce migrateLegacyDeposit()
e Controller f9a6cf519167d81bc5cb3d26c60c0c9a19704aa908c148e82a861b570f4cd2d7 SetContractInfo(bytes32,address,bytes20)
e Controller 6985a02210a168e66602d3235cb6db0e70f92b3ba4d376a33c0f3d9434bff625 Pause()
e Controller 7805862f689e2f13df9f062ff482ad3ad112aca9e0847911ed832e158c525b33 Unpause()
e Controller 8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0 OwnershipTransferred(address indexed,address indexed)
e BondingManager 4ff638452bbf33c012645d18ae6f05515ff5f2d1dfb0cece8cbf018c60903f70 SetController(address)
e BondingManager 9f5033568d78ae30f29f01e944f97b2216493bd19d1b46d429673acff3dcd674 ParameterUpdate(string)
e LivepeerToken ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef Transfer(address indexed,address indexed,uint256)
e LivepeerToken 8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925 Approval(address indexed,address indexed,uint256)
e LivepeerToken 0f6798a560793a54c3bcfe86a93cde1e73087d944c0ea20544137d4121396885 Mint(address indexed,uint256)
e LivepeerToken cc16f5dbb4873280815c1ee09dbd06736cffcc184412cf7a71a0fdb75d397ca5 Burn(address indexed,uint256)
e LivepeerToken 2f8788117e7eff1d82e926ec794901d17c78024a50270940304540a733656f0d RoleGranted(bytes32 indexed,address indexed,address indexed)
e LivepeerToken f6391f5c32d9c69d2a47ea670b442974b53935d1edc7fd64eb21e047a839171b RoleRevoked(bytes32 indexed,address indexed,address indexed)
e LivepeerToken bd79b86ffe0ab8e8776151514217cd7cacd52c909f66475c3af44e129f0b00ff RoleAdminChanged(bytes32 indexed,bytes32 indexed,bytes32 indexed)
e Minter 39567a366345edf17f50c1967a31b597745186c4632f34c4f8ebe06b6890784d SetCurrentRewardTokens(uint256,uint256)
e RoundsManager 22f2fc17c5daf07db2379b3a03a8ef20a183f761097a58fce219c8a14619e786 NewRound(uint256 indexed,bytes32)
e BondingManager e5917769f276ddca9f2ee7c6b0b33e1d1e1b61008010ce622c632dd20d168a23 Bond(address indexed,address indexed,address indexed,uint256,uint256)
e BondingManager 2d5d98d189bee5496a08db2a5948cb7e5e786f09d17d0c3f228eb41776c24a06 Unbond(address indexed,address indexed,uint256,uint256,uint256)
e BondingManager 9f5b64cc71e1e26ff178caaa7877a04d8ce66fde989251870e80e6fbee690c17 Rebond(address indexed,address indexed,uint256,uint256)
e BondingManager f136b986590e86cf1abd7b6600186a7a1178ad3cbbdf0f3312e79f6214a2a567 TransferBond(address indexed,address indexed,uint256,uint256,uint256)
e BondingManager 1340f1a8f3d456a649e1a12071dfa15655e3d09252131d0f980c3b405cc8dd2e WithdrawStake(address indexed,uint256,uint256,uint256)
e BondingManager 4f1b51dd7a2fcb861aa2670f668be66835c4ee12b4bbbf037e4d0018f39819e4 WithdrawFees(address indexed,address,uint256)
e BondingManager d7eab0765b772ea6ea859d5633baf737502198012e930f257f90013d9b211094 EarningsClaimed(address indexed,address indexed,uint256,uint256,uint256,uint256)
e BondingManager 7346854431dbb3eb8e373c604abf89e90f4865b8447e1e2834d7b3e4677bf544 TranscoderUpdate(address indexed,uint256,uint256)
e BondingManager 65d72d782835d64c3287844a829608d5abdc7e864cc9affe96d910ab3db665e9 TranscoderActivated(address indexed,uint256)
e BondingManager fee3e693fc72d0a0a673805f3e606c551f4c677b9072444b90dd2d0406bc995c TranscoderDeactivated(address indexed,uint256)
e BondingManager f4b71fed8e2c9a8c67c388bc6d35ad20b9368a24eed6d565459f2b277b6c0c22 TranscoderSlashed(address indexed,address,uint256,uint256)
e BondingManager 619caafabdd75649b302ba8419e48cccf64f37f1983ac4727cfb38b57703ffc9 Reward(address indexed,uint256)
e BondingManager 40e200718fe552021167687e5491d09f5931275b6f88f14a462650f0effb5237 TreasuryReward(address indexed,address,uint256)
e ServiceRegistry fbb63068732c85741c9f8e61caffaabe038d577bfafd2d2dcc0e352a4f653a4c ServiceURIUpdate(address indexed,string)
e TicketBroker 5159e237d952190e68d5215430f305831be7c9c8776d1377c76679ae4773413f DepositFunded(address indexed,uint256)
e TicketBroker b52b99b9e83551fcbd069b559cc3e823e2a1a3bad8ece46561ea77524394c850 ReserveFunded(address indexed,uint256)
e TicketBroker 5c2b394723f408a40a60335e24b71829642e35f350cebe2036a96a66e895ea98 ReserveClaimed(address indexed,address,uint256)
e TicketBroker f7870c5b224cbc19873599e46ccfc7103934650509b1af0c3ce90138377c2004 Unlock(address indexed,uint256,uint256)
e TicketBroker fa044b7b93a40365dc68049797c2eb06918523d694e5d56e406cac3eb35578e5 UnlockCancelled(address indexed)
e TicketBroker df273cb619d95419a9cd0ec88123a0538c85064229baa6363788f743fff90deb Withdrawal(address indexed,uint256,uint256)
e TicketBroker 8b87351a208c06e3ceee59d80725fd77a23b4129e1b51ca231fc89b40712649c WinningTicketTransfer(address indexed,address indexed,uint256)
e TicketBroker c389eb51ed006dbf2528507f010efdf5225ea596e1e1741d74f550dab1925ee7 WinningTicketRedeemed(address indexed,address indexed,uint256,uint256,uint256,uint256,bytes)
e LivepeerTokenFaucet e31c60e37ab1301f69f01b436a1d13486e6c16cc22c888a08c0e64a39230b6ac Request(address indexed,uint256)
e TicketBroker bd871001a42e73c37a75d177da548541600779899621defa3dc7e470bc661bfd LegacyDepositMigrated(address indexed,uint256)
e FaultVerifier 0452d1f70b8ff32e907eca3308427f5c7ca0c3cabd806ad9b177c9179eb0bae2 ChallengeOpened(bytes32 indexed,address indexed,address indexed,address,address,bytes32,uint256,string)
e FaultVerifier a0ac32ea2eda00c22d0c3d2ebb8bacee1dd1ee463252cee0f81279378d1fbc88 ChallengeResolved(bytes32 indexed,uint8)
e FaultVerifier fed12f4bda99a495bd010e46ca4f7d5ccd4bfd6ad82e229605a9604097655dd6 ChallengeExpired(bytes32 indexed)
e FaultVerifier de31c4598453e825ae632f5e7969960deb9d51f3cd40990a67ec82e6e2b48e18 FaultSlashed(bytes32 indexed,address indexed,address indexed,uint256)
e FaultVerifier 5613aa3168db66507b9879fc473eaf9287b7f79dfabcaaf16d39ec8348e7fd46 EquivocationProven(bytes32 indexed,address indexed,address indexed,bytes32,bytes32)
e FaultVerifier d1e933dc27cd847f38e2d3da6682f0d10c0292ba0582f3bafa7adc53c902b317 ChallengerUpdate(address indexed,address indexed,bool)
e FaultVerifier f65322ae587ef54249e90b684de7f19bea6d170eb28a941c482c9868e1e6ece6 VerifierApproval(address indexed,uint8)
e ServiceRegistry 22d9998ee79eab0e614876c676328d308ae3175bcbe17a7e886d469cb14861a7 ServicesUpdate(address indexed,bytes32[],address[])
e ServiceRegistry 6b48516b47a06f460d0316023ab649ec4ecd2c062459d9e06e7933c95eddd182 LocationsUpdate(address indexed,bytes32[])
e ServiceRegistry 1c0cfbe33d8c0c90a0baba9309bef3c75d4585bc68e8e6b9fbbb265eeaff1d9a ReceiptSignerUpdate(address indexed,address indexed,uint256)
e SolverQuorumVerifier 6249b871989caf5c2f2bf8656515ce15ad9d22e4e2e1045ab756b639895f4089 TaskSubmitted(bytes32 indexed,address,bytes32,bytes32,bytes32,bytes32,string)
e SolverQuorumVerifier 00c60586ab7d9a13c20bb21334f3b3e8084b58168170c07611de4425dedd0d83 VoteRevealed(bytes32 indexed,address indexed,uint8)
e BondingManager 375a715450a97ad92e3afa0c3244514a719e87640f13105d44060c2cc7f027d8 UnbondingLockSlashed(address indexed,uint256,uint256)
e BondingManager 92f0b24c7048a0714b795ce6e7d127485808b313b2dd2369c48642a95da13544 TranscoderJailed(address indexed,uint256)
e BondingManager 7a1dad923909f4e61860728a4ebabbeef3888b9d1c6f254a6ddfb00464bac162 DelegatorsSlashed(address indexed,uint256,uint256)
e TicketBroker d679017ec79e2a2859033228f61da78d4793646aa3833e0b2fab88bae82f9ad3 PenaltyEscrowFunded(address indexed,uint256)
e TicketBroker c266fc96fc85930aed37bb8e1aedd4da0b0e734ed962b57ff984f7ab929fb74b PenaltyApplied(address indexed,address indexed,uint256,uint256)
e TicketBroker bbf268fb413b46896ea3c02a3078552f41211d01ac0f5a2ec60509162d805efe PenaltyEscrowWithdrawn(address indexed,uint256)
n LivepeerToken 3443e257065fe41dd0e4d1f5a1b73a22a62e300962b57f30cddf41d0f8273ba7
n Minter 6e58ad548d72b425ea94c15f453bf26caddb061d82b2551db7fdd3cefe0e9940
n BondingManager 2517d59a36a86548e38734e8ab416f42afff4bca78706a66ad65750dae7f9e37
n BondingManagerTarget fc6f6f33d2bb065ac61cbdd4dbe4b7adf6f3e7e6c6a3d1fe297cbf9a187092e4
n RoundsManager e8438ea868df48e3fc21f2f087b993c9b1837dc0f6135064161ce7d7a1701fe8
n RoundsManagerTarget 56f65aba3e3e5b6d5adbc6cdc14c51957893b21d4a6a56260af4e03af7e1a51d
n TicketBroker bd1aa3e8d2464256d7fd3dcf645c16418d5d8c51d971f1ad7d57e7b1b5eee239
n TicketBrokerTarget f16f832ef171c8058cbd4a32de7d27c32a1a1ad90bb091b4b7f376f1d95ee254
n JobsManager 3d7456535a3155a46f15a2313c3915bd07137ffdc56464f4fc9a82bae7215c2d
n ServiceRegistry 79c5d2a4a07754f4bacb0ffba18ac516030ee589ebc89db8627680c4d4cdb230
n ServiceRegistryTarget a65c3dc1a85422ba3e6003be871c3339b882a9c28fc454085d394e4b6436d564
n Verifier 121833d5ee4fda5e1a4034c2b7be8155c158142541dea26f39122c796649233f
n L2LPTDataCache 8ecfba413a4e4715a264d70a55d3a35bf60b2954c56759310202f39281623200
n L2Migrator 74b6d21e0d4650f622c903126d418c1a52bcc99ea7acb0db0809fc0eeae6c7c3
n BondingVotes 2a1b465fbcae519904f0fb11f93e73dfbeb47ec54530ec444279610af8cf06b2
n BondingVotesTarget 7de5a5b8ecd5bb031f348e5f6eaba02944a498be282a3242da27f5a559dbd5dc
n Treasury 6efca2866b731ee4984990bacad4cde10f1ef764fb54a5206bdfd291695b1a9b
n LivepeerGovernor aea11c65571dd8b6188d3a5cf5e5d3d4695845e6f217cad0b453b4e276c6cdcd
n LivepeerTokenFaucet 5f8d58050c9f37ce30acebdd762a0683b7f2bb88ded15cdd64e219c282603664
n MerkleSnapshot b6138afe6f306a47bdf645c5aebcb9781efe787d221a1880e62d1f76dae58b84
n ServiceCatalog 2dee775a8c2a0988901938982f3f711f237a322f925054c7703d8df589ef409b
n LegacyJobsManager 6313343a7db7aab4abc06ce4c306c79f566420622a26757edc913ccd135970e4
l RoundsManager 0 controller
l RoundsManager 1 targetContractId
l RoundsManager 2 roundLength
l RoundsManager 3 roundLockAmount
l RoundsManager 4 lastInitializedRound
l RoundsManager 5 lastRoundLengthUpdateRound
l RoundsManager 6 lastRoundLengthUpdateStartBlock
l RoundsManager 7 roundHash
l RoundsManager 8 lipUpgradeRound
l BondingManager 0 controller
l BondingManager 1 targetContractId
l BondingManager 2 s.unbondingPeriod
l BondingManager 3 s.delegators
l BondingManager 4 s.transcoders
l BondingManager 5 s.currentRoundTotalActiveStake
l BondingManager 6 s.nextRoundTotalActiveStake
l BondingManager 7 s.pool.head
l BondingManager 8 s.pool.tail
l BondingManager 9 s.pool.maxSize
l BondingManager 10 s.pool.size
l BondingManager 11 s.pool.nodes
l BondingManager 12 s.treasuryRewardCutRate
l BondingManager 13 s.nextRoundTreasuryRewardCutRate
l BondingManager 14 s.treasuryBalanceCeiling
l BondingManager 15 s.activeSetSizePlusOne
l BondingManager 0 Delegator.bondedAmount
l BondingManager 1 Delegator.fees
l BondingManager 2 Delegator.delegateAddress
l BondingManager 3 Delegator.delegatedAmount
l BondingManager 4 Delegator.startRound
l BondingManager 5 Delegator.lastClaimRound
l BondingManager 6 Delegator.nextUnbondingLockId
l BondingManager 7 Delegator.locks
l BondingManager 0 Lock.amount
l BondingManager 1 Lock.withdrawRound
l BondingManager 0 Transcoder.lastRewardRound
l BondingManager 1 Transcoder.rewardCut
l BondingManager 2 Transcoder.feeShare
l BondingManager 3 Transcoder.pools
l BondingManager 4 Transcoder.lastActiveStakeUpdateRound
l BondingManager 5 Transcoder.activationRound
l BondingManager 6 Transcoder.deactivationRound
l BondingManager 7 Transcoder.activeCumulativeRewards
l BondingManager 8 Transcoder.cumulativeRewards
l BondingManager 9 Transcoder.cumulativeFees
l BondingManager 10 Transcoder.lastFeeRound
l BondingManager 0 Pool.totalStake
l BondingManager 1 Pool.rewardCut
l BondingManager 2 Pool.feeShare
l BondingManager 3 Pool.rewardFactor
l BondingManager 4 Pool.feeFactor
l BondingManager 0 Node.key
l BondingManager 1 Node.nextId
l BondingManager 2 Node.prevId
l TicketBroker 0 controller
l TicketBroker 1 targetContractId
l TicketBroker 2 reserves
l TicketBroker 3 senders
l TicketBroker 4 unlockPeriod
l TicketBroker 5 usedTickets
l TicketBroker 6 ticketValidityPeriod
l TicketBroker 7 penaltyEscrow
l TicketBroker 0 Sender.deposit
l TicketBroker 1 Sender.withdrawRound
l TicketBroker 0 Reserve.funds
l TicketBroker 1 Reserve.claimedForRound
l TicketBroker 2 Reserve.claimedByAddress
l ServiceRegistry 0 controller
l ServiceRegistry 1 targetContractId
l ServiceRegistry 2 records
l ServiceRegistry 3 services
l ServiceRegistry 0 Record.serviceURI
l ManagerProxy 0 controller
l ManagerProxy 1 targetContractId
