// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBondingManager} from "../src/bonding/IBondingManager.sol";
import {Receipts} from "../src/fault/Receipts.sol";
import {FaultWorld} from "./FaultWorld.sol";

// A slash reaches stake wherever it went (M1-M5 of the deployed rules do not
// work here), and with delegators in it nobody is overpaid.
contract SlashTest is FaultWorld {
    address private o2 = address(0x0102);
    address private d1 = address(0x0301);
    address private d2 = address(0x0302);

    function setUp() public override {
        super.setUp();
        orchestrator(o2, 500 * LPT, 0, 0);
        bond(d1, 100 * LPT, o1);
        bond(d2, 300 * LPT, o1);
        nextRound();
    }

    function slash(uint256 rate, uint256 count) private {
        vm.prank(address(fault));
        bonding.slashTranscoderWithLocks(o1, viewer, rate, 200000, ids(count));
    }

    function checkPool() private view {
        uint256 sum = 0;
        uint256 count = 0;
        address id = bonding.getFirstTranscoderInPool();
        while (id != address(0)) {
            sum += bonding.transcoderTotalStake(id);
            count++;
            id = bonding.getNextTranscoderInPool(id);
        }
        eq(sum, bonding.nextRoundTotalActiveStake(), "keys");
        eq(count, bonding.getTranscoderPoolSize(), "size");
    }

    // M1: unbond all but one wei before a slash.
    function test_C32_locksDoNotEscape() public {
        vm.prank(o1);
        bonding.unbond(1000 * LPT - 1);
        eq(bonding.slashableStake(o1), 1000 * LPT, "all of it in reach");
        slash(1000000, 1);
        eq(bonding.slashableStake(o1), 0, "all of it taken");
        eq(token.balanceOf(viewer), 200 * LPT, "a fifth to the finder");
        checkPool();
    }

    function test_C32_manySmallLocks() public {
        for (uint256 i = 0; i < 70; i++) {
            vm.prank(o1);
            bonding.unbond(10 * LPT);
        }
        eq(bonding.slashableStake(o1), 940 * LPT, "the newest 64 count");
        vm.prank(address(fault));
        refuses("TOO_MANY");
        bonding.slashTranscoderWithLocks(o1, viewer, 100000, 0, ids(65));
        uint256[] memory wrong = new uint256[](2);
        (wrong[0], wrong[1]) = (2, 2);
        vm.prank(address(fault));
        refuses("NOT_SORTED");
        bonding.slashTranscoderWithLocks(o1, viewer, 100000, 0, wrong);
        slash(100000, 64);
        (uint256 amount, ) = bonding.getDelegatorUnbondingLock(o1, 63);
        eq(amount, 9 * LPT, "listed");
        (amount, ) = bonding.getDelegatorUnbondingLock(o1, 64);
        eq(amount, 10 * LPT, "not listed");
    }

    // M2: hand the own stake to somebody else.
    function test_C32_transferIsLocked() public {
        vm.startPrank(o1);
        refuses("TRANSCODER_BOND_LOCKED");
        bonding.transferBond(address(9), 999 * LPT, address(0), address(0), address(0), address(0));
        bonding.unbond(1000 * LPT);
        vm.stopPrank();
        nextRounds(3);
        vm.startPrank(o1);
        bonding.rebondFromUnbonded(d1, 0);
        vm.stopPrank();
        nextRound();
        vm.startPrank(o1);
        refuses("TRANSCODER_BOND_LOCKED");
        bonding.transferBond(address(9), 1, address(0), address(0), address(0), address(0));
        vm.stopPrank();
        nextRounds(4);
        vm.prank(o1);
        bonding.transferBond(address(9), 5 * LPT, address(0), address(0), address(0), address(0));
        eq(bonded(address(9)), 5 * LPT, "after the unbonding period it may");
    }

    function test_C32_transferOfDelegators() public {
        vm.prank(d1);
        refuses("INVALID_DELEGATOR");
        bonding.transferBond(address(0), 1, address(0), address(0), address(0), address(0));
        vm.prank(o1);
        bonding.unbond(1000 * LPT);
        // It would inherit itself as delegate.
        vm.prank(d1);
        refuses("INVALID_DELEGATOR");
        bonding.transferBond(o1, 1, address(0), address(0), address(0), address(0));
    }

    // M3: back into the set in the round of the slash. C33: by no door.
    function test_C33_jailKeepsOut() public {
        slash(100000, 0);
        eq(bonding.jailedUntil(o1), round() + 2, "two rounds");
        eq(bonding.getTranscoderPoolSize(), 1, "out of the set");
        vm.startPrank(o1);
        refuses("transcoder is jailed");
        bonding.reward();
        refuses("caller can't be active or must have already called reward for the current round");
        bonding.transcoder(0, 0);
        bonding.unbond(100 * LPT);
        bonding.rebond(0);
        vm.stopPrank();
        bond(o1, 100 * LPT, o1);
        eq(bonding.getTranscoderPoolSize(), 1, "not by rebond, not by bond");
        nextRound();
        vm.startPrank(o1);
        bonding.transcoder(0, 0);
        eq(bonding.getTranscoderPoolSize(), 1, "not by transcoder");
        bonding.unbond(1000 * LPT);
        bonding.rebondFromUnbonded(o1, locks(o1) - 1);
        vm.stopPrank();
        eq(bonding.getTranscoderPoolSize(), 1, "not from unbonded");
        nextRound();
        vm.prank(o1);
        bonding.transcoder(0, 0);
        eq(bonding.getTranscoderPoolSize(), 2, "back after its term");
        nextRound();
        ok(bonding.isActiveTranscoder(o1), "and at work");
    }

    function test_C33_jailSettings() public {
        eq(bonding.jailPeriod(), 2, "default");
        bonding.setJailPeriod(0);
        eq(bonding.jailPeriod(), 0, "zero is zero");
        slash(100000, 0);
        eq(bonding.jailedUntil(o1), round(), "free at once");
        reward(o1);
        eq(bonding.getTranscoderPoolSize(), 2, "joins again");
        bonding.setJailPeriod(5);
        slash(100000, 0);
        uint256 until = bonding.jailedUntil(o1);
        bonding.setJailPeriod(1);
        slash(100000, 0);
        eq(bonding.jailedUntil(o1), until, "a second slash does not shorten the first");
        refuses("invalid delegator slash rate");
        bonding.setDelegatorSlashRate(1000001);
    }

    // M4: slashed while Pending, and by all of it.
    function test_C32_noPhantomStake() public {
        slash(1000000, 0);
        eq(bonding.transcoderTotalStake(o1), 400 * LPT, "what the delegators have");
        ok(!bonding.isRegisteredTranscoder(o1), "no longer registered");
        (, , address delegate, , uint256 start, , ) = bonding.getDelegator(o1);
        ok(delegate == address(0) && start == 0, "cleared");
        give(o1, 10 * LPT);
        vm.prank(o1);
        bonding.bond(10 * LPT, o1);
        slash(500000, 0);
        eq(bonding.transcoderTotalStake(o1), 405 * LPT, "while Pending too");
        checkPool();
    }

    // M5: the slashed account delegates to somebody else by now.
    function test_C32_penaltyFollowsToTheNewDelegate() public {
        vm.startPrank(o1);
        bonding.unbond(1000 * LPT);
        bonding.rebondFromUnbonded(o2, 0);
        vm.stopPrank();
        eq(bonding.transcoderTotalStake(o2), 1500 * LPT, "moved");
        slash(100000, 0);
        eq(bonding.transcoderTotalStake(o2), 1400 * LPT, "its key follows");
        eq(bonding.nextRoundTotalActiveStake(), 1400 * LPT, "the total too");
        checkPool();
    }

    event UnbondingLockSlashed(address indexed delegator, uint256 unbondingLockId, uint256 penalty);
    event TranscoderJailed(address indexed transcoder, uint256 untilRound);

    function test_C32_eventsAndBurn() public {
        vm.prank(o1);
        bonding.unbond(500 * LPT);
        uint256 supply = token.totalSupply();
        vm.expectEmit(true, false, false, true, address(bonding));
        emit TranscoderJailed(o1, round() + 2);
        vm.expectEmit(true, false, false, true, address(bonding));
        emit UnbondingLockSlashed(o1, 0, 50 * LPT);
        vm.expectEmit(true, false, false, true, address(bonding));
        emit IBondingManager.TranscoderSlashed(o1, viewer, 100 * LPT, 20 * LPT);
        slash(100000, 1);
        eq(supply - token.totalSupply(), 80 * LPT, "the rest is burned");
    }

    function test_C32_shortFormAndNoFinder() public {
        uint256 supply = token.totalSupply();
        vm.startPrank(address(fault));
        bonding.slashTranscoder(o1, address(0), 100000, 200000);
        eq(supply - token.totalSupply(), 100 * LPT, "all burned");
        bonding.slashTranscoder(address(0x999), viewer, 100000, 200000);
        vm.stopPrank();
        eq(token.balanceOf(viewer), 0, "nothing of nothing");
        nextRound();
        skipRound();
        vm.prank(address(fault));
        refuses("current round is not initialized");
        bonding.slashTranscoder(o1, address(0), 100000, 200000);
    }

    // Locks that matured, were withdrawn or rebonded are passed over.
    function test_C32_staleLocksAreSkipped() public {
        vm.startPrank(o1);
        bonding.unbond(100 * LPT);
        vm.stopPrank();
        nextRounds(7);
        vm.startPrank(o1);
        bonding.unbond(100 * LPT);
        bonding.unbond(1);
        bonding.rebond(1);
        vm.stopPrank();
        slash(100000, 4);
        (uint256 amount, ) = bonding.getDelegatorUnbondingLock(o1, 0);
        eq(amount, 100 * LPT, "matured: out of reach");
        (amount, ) = bonding.getDelegatorUnbondingLock(o1, 2);
        eq(amount, 1, "too small to lose a part");
        eq(bonding.slashableStake(o1), 810 * LPT + 1, "bond, with the rebonded lock in it");
    }

    // A slash without BURNER_ROLE fails as on the deployed network.
    function test_C32_minterNeedsBothRoles() public {
        token.revokeRole(keccak256("BURNER_ROLE"), address(minter));
        vm.prank(address(fault));
        try bonding.slashTranscoder(o1, viewer, 100000, 200000) {
            revert("burned without the role");
        } catch Error(string memory reason) {
            ok(bytes(reason).length > 60, "AccessControl says which role is missing");
        }
    }

    // The orchestrator is its own broadcaster, finder included.
    function testFuzz_C34_selfSlashLosesMoney(uint256 rate, uint256 fee, uint256 rounds) public {
        rate = within(rate, 1000, 1000000);
        fee = within(fee, 0, 500000);
        fault.setSlashParams(rate, fee, 3);
        uint256 before = bonded(o1);
        Receipts.Receipt memory r = receipt();
        for (uint256 i = 0; i < within(rounds, 1, 3); i++) {
            r.seq = i;
            execute(provenAt(r, 0));
        }
        uint256 got = token.balanceOf(viewer);
        ok(bonded(o1) + got < before, "the two together have less");
        near(got * (1000000 - fee), (before - bonded(o1) - got) * fee, 1e9 * 1000000, "the burned part deters");
    }

    // Delegated stake never feeds the finder's fee.
    function testFuzz_C34_feeIgnoresDelegatedStake(uint256 share, uint256 rate) public {
        share = within(share, 1, 1000000);
        rate = within(rate, 1, 900000);
        bonding.setDelegatorSlashRate(share);
        uint256 penalty = (1000 * LPT * rate) / 1000000;
        vm.prank(address(fault));
        bonding.slashTranscoder(o1, viewer, rate, 500000);
        eq(token.balanceOf(viewer), penalty / 2, "half of the own penalty only");
        uint256 p = (rate * share) / 1000000;
        near(stakeOf(d2), 300 * LPT - (300 * LPT * p) / 1000000, 2, "delegators lose their part");
        near(bonding.transcoderTotalStake(o1), stakeOf(o1) + stakeOf(d1) + stakeOf(d2), 4, "books agree");
    }

    function enable() private {
        bonding.setDelegatorSlashRate(500000);
    }

    event DelegatorsSlashed(address indexed transcoder, uint256 rate, uint256 penalty);

    function test_C35_factorScalesClaimsAndFees() public {
        enable();
        vm.expectEmit(true, false, false, true, address(bonding));
        emit DelegatorsSlashed(o1, 50000, 20 * LPT);
        slash(100000, 0);
        eq(bonding.slashFactor(o1), 0.95e27, "factor");
        eq(stakeOf(o1), 900 * LPT, "the own bond pays its penalty, not both");
        near(stakeOf(d1), 95 * LPT, 1, "five percent");
        vm.prank(d1);
        bonding.claimEarnings(0);
        near(bonded(d1), 95 * LPT, 1, "booked");

        fund(vm.addr(0xA11CE), 100 ether, 0);
        nextRound();
        pay(0xA11CE, o1, 10 ether);
        uint256 sum = fees(o1) + fees(d1) + fees(d2);
        atMost(sum, 10 ether, "never more than came in");
        near(sum, 10 ether, 10, "nor less");
        near(fees(d2), fees(d1) * 3, 10, "in proportion");
    }

    // Most of its stake is commission it never claimed: its part of later fees
    // must shrink with the stake they are divided by.
    function test_C35_feesAfterASlashInTheRoundOfTheReward() public {
        enable();
        address o3 = address(0x0103);
        address d3 = address(0x0304);
        orchestrator(o3, LPT, 1000000, 1000000);
        bond(d3, 300 * LPT, o3);
        fund(vm.addr(0xA11CE), 100 ether, 0);
        for (uint256 i = 0; i < 4; i++) {
            nextRound();
            reward(o3);
        }
        ok(bonding.getTranscoder(o3).activeCumulativeRewards > 50 * LPT, "much commission");
        vm.prank(address(fault));
        bonding.slashTranscoder(o3, viewer, 1000000, 0);
        bond(o3, LPT, o3);
        pay(0xA11CE, o3, 10 ether);
        uint256 later = bonding.getTranscoder(o3).cumulativeFees;
        atMost(later + fees(d3), 10 ether, "never more than came in");
        ok(fees(d3) > 5 ether, "the delegator has its part");
    }

    // Claimed in the very round of the slash, before and after it.
    function test_C35_sameRoundClaimDoesNotEscape() public {
        enable();
        vm.prank(d1);
        bonding.claimEarnings(0);
        slash(100000, 0);
        near(stakeOf(d1), 95 * LPT, 1, "seen at once");
        vm.prank(d1);
        refuses("amount is greater than bonded amount");
        bonding.unbond(100 * LPT);
        vm.prank(d1);
        bonding.unbond(95 * LPT - 1);
        near(bonded(d1), 1, 1, "no more than that");
        near(bonding.transcoderTotalStake(o1), 900 * LPT + 285 * LPT + bonded(d1), 4, "books agree");
    }

    function test_C35_newcomersAreNotSlashedForThePast() public {
        enable();
        slash(100000, 0);
        bond(address(0x303), 40 * LPT, o1);
        eq(stakeOf(address(0x303)), 40 * LPT, "bonded after");
        nextRounds(2);
        eq(stakeOf(address(0x303)), 40 * LPT, "and later");
        near(stakeOf(d2), 285 * LPT, 1, "who was there before");
    }

    function test_C35_sharedFactorHasAFloor() public {
        bonding.setDelegatorSlashRate(1000000);
        bonding.setJailPeriod(0);
        for (uint256 i = 0; i < 3; i++) {
            vm.prank(address(fault));
            bonding.slashTranscoder(o1, viewer, 999999, 0);
        }
        ok(bonding.slashFactor(o1) >= 1e18, "digits are left to divide by");
        uint256 factor = bonding.slashFactor(o1);
        vm.prank(address(fault));
        bonding.slashTranscoder(o1, viewer, 1000000, 0);
        eq(bonding.slashFactor(o1), factor, "not below");
        ok(stakeOf(d1) < 100 * LPT, "and still computable");
    }

    // Not self-delegated: what it has earned there and not claimed shrinks too.
    function test_C35_unclaimedRewardsOfALeaverShrink() public {
        enable();
        // Claimed before the reward, so that its own part of it stays behind.
        vm.prank(o1);
        bonding.claimEarnings(0);
        reward(o1);
        vm.prank(o1);
        bonding.unbond(1000 * LPT);
        uint256 before = bonding.transcoderTotalStake(o1);
        uint256 unclaimed = bonding.getTranscoder(o1).cumulativeRewards;
        vm.prank(address(fault));
        bonding.slashTranscoder(o1, viewer, 200000, 0);
        near(bonding.transcoderTotalStake(o1), (before * 9) / 10, 2, "ten percent of what is left");
        eq(bonding.getTranscoder(o1).cumulativeRewards, (unclaimed * 9) / 10, "of this too");
        // What the early claim gave up is in the total and nobody's.
        atMost(
            stakeOf(d1) + stakeOf(d2) + (unclaimed * 9) / 10,
            bonding.transcoderTotalStake(o1),
            "no more claims than stake"
        );
    }

    function test_C35_exitIsFrozenDuringAChallenge() public {
        enable();
        bytes32 id = challengeAs(viewer, receipt(), 0);
        ok(fault.exitFrozen(o1), "frozen");
        vm.startPrank(d1);
        refuses("delegate under challenge");
        bonding.unbond(1);
        refuses("delegate under challenge");
        bonding.bond(0, o2);
        refuses("delegate under challenge");
        bonding.transferBond(address(9), 1, address(0), address(0), address(0), address(0));
        vm.stopPrank();
        bond(d1, 1 * LPT, o1);
        judge.say(id, 1);
        ok(!fault.exitFrozen(o1), "thawed by the verdict");
        vm.prank(d1);
        bonding.unbond(1);
    }

    function test_C35_faultyStaysFrozenUntilExecutedOrLate() public {
        enable();
        Receipts.Receipt memory r = receipt();
        bytes32 a = challengeAs(viewer, r, 0);
        judge.say(a, 2);
        ok(fault.exitFrozen(o1), "proven, not yet executed");
        execute(a);
        ok(!fault.exitFrozen(o1), "executed");
        r.seq = 99;
        a = challengeAs(viewer, r, 0);
        judge.say(a, 2);
        nextRounds(3);
        ok(fault.exitFrozen(o1), "the round to execute in");
        nextRound();
        ok(!fault.exitFrozen(o1), "nobody is held by a case that nobody ends");
        vm.prank(d1);
        bonding.bond(0, o2);
    }

    function test_C35_expiryThaws() public {
        enable();
        bytes32 id = challengeAs(viewer, receipt(), 0);
        nextRounds(3);
        fault.expireChallenge(id);
        ok(!fault.exitFrozen(o1), "thawed");
    }

    function test_C35_advisoryAndOffDoNotFreeze() public {
        challengeAs(viewer, receipt(), 0);
        vm.prank(d1);
        bonding.unbond(1);
        enable();
        nextRounds(5);
        fault.approveVerifier(address(judge), 1);
        challengeAs(viewer, receipt(), 0);
        vm.prank(d1);
        bonding.unbond(1);
        put("Verifier", address(token));
        vm.prank(d1);
        bonding.unbond(1);
        put("Verifier", address(0));
        vm.prank(d1);
        bonding.unbond(1);
        eq(locks(d1), 4, "left each time");
    }
}
