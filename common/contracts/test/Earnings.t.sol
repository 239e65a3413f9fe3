// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBondingManager} from "../src/bonding/IBondingManager.sol";
import {World} from "./World.sol";

// Rewards, fees and claims: the factors against a model that walks each round,
// the losses that bad timing costs, and the inflation behind it all.
contract EarningsTest is World {
    uint256 private constant KEY = 0xA11CE;
    address private sender;
    address private o1 = address(0x0101);
    address private o2 = address(0x0102);
    address private d1 = address(0x0301);
    address private d2 = address(0x0302);
    address private treasury = address(0x0400);

    function setUp() public override {
        super.setUp();
        sender = vm.addr(KEY);
        orchestrator(o1, 100 * LPT, 100000, 500000);
        orchestrator(o2, 300 * LPT, 0, 0);
        bond(d1, 50 * LPT, o1);
        bond(d2, 250 * LPT, o1);
        nextRound();
        fund(sender, 1000 ether, 0);
    }

    function test_C18_onceOnlyActive() public {
        reward(o1);
        vm.startPrank(o1);
        refuses("caller has already called reward for the current round");
        bonding.reward();
        vm.stopPrank();
        vm.startPrank(d1);
        refuses("caller must be an active transcoder");
        bonding.reward();
        vm.stopPrank();
        bond(address(0x999), LPT, address(0x999));
        vm.prank(address(0x999));
        refuses("caller must be an active transcoder");
        bonding.reward();
    }

    function test_C18_amounts() public {
        uint256 mintable = minter.currentMintableTokens();
        eq(mintable, (token.totalSupply() * minter.inflation()) / 1e9, "of the round");
        uint256 expected = (mintable * ((400 * LPT * 1e9) / (700 * LPT))) / 1e9;
        vm.expectEmit(true, false, false, true, address(bonding));
        emit IBondingManager.Reward(o1, expected);
        reward(o1);
        eq(minter.currentMintedTokens(), expected, "minted");
        eq(bonding.transcoderTotalStake(o1), 400 * LPT + expected, "acts in the next round");
        uint256 own = expected / 10;
        near(stakeOf(o1), 100 * LPT + own + (expected - own) / 4, 2, "cut and its quarter");
        near(stakeOf(d1), 50 * LPT + (expected - own) / 8, 2, "an eighth");
        near(stakeOf(d2), 250 * LPT + ((expected - own) * 5) / 8, 2, "five eighths");
    }

    function testFuzz_C18_sumStaysMintable(uint96 a, uint96 b, uint96 c) public {
        bond(d1, within(a, 1, 1000 * LPT), o1);
        bond(d2, within(b, 1, 1000 * LPT), o1);
        bond(address(0x77), within(c, 1, 1000 * LPT), address(0x77));
        nextRound();
        reward(o1);
        reward(o2);
        reward(address(0x77));
        atMost(minter.currentMintedTokens(), minter.currentMintableTokens(), "sum of rewards");
    }

    function testFuzz_C18_treasuryCut(uint256 rate) public {
        rate = within(rate, 0, 1e27);
        put("Treasury", treasury);
        bonding.setTreasuryBalanceCeiling(750000 * LPT);
        bonding.setTreasuryRewardCutRate(rate);
        eq(bonding.treasuryRewardCutRate(), 0, "not in this round");
        nextRound();
        eq(bonding.treasuryRewardCutRate(), rate, "from the next");
        reward(o1);
        uint256 whole = minter.currentMintedTokens();
        uint256 cut = (whole * rate) / 1e27;
        eq(token.balanceOf(treasury), cut, "exact");
        eq(bonding.transcoderTotalStake(o1), 400 * LPT + whole - cut, "the rest is staked");
    }

    function test_C18_fullTreasuryTakesNothing() public {
        put("Treasury", treasury);
        bonding.setTreasuryRewardCutRate(1e26);
        nextRound();
        reward(o1);
        ok(token.balanceOf(treasury) > 0, "this round's rate holds");
        eq(bonding.nextRoundTreasuryRewardCutRate(), 0, "ceiling of zero is reached");
        nextRound();
        uint256 before = token.balanceOf(treasury);
        reward(o1);
        eq(token.balanceOf(treasury), before, "nothing more");
        refuses("_cutRate is invalid precise percentage");
        bonding.setTreasuryRewardCutRate(1e27 + 1);
    }

    function test_C18_withoutTreasuryTheRateIsIgnored() public {
        bonding.setTreasuryRewardCutRate(1e26);
        nextRound();
        uint256 before = bonding.transcoderTotalStake(o1);
        reward(o1);
        eq(bonding.transcoderTotalStake(o1) - before, minter.currentMintedTokens(), "all of it");
    }

    // Model: stake and fees of o1, d1, d2, walked round by round.
    struct Model {
        uint256[3] stake;
        uint256[3] fees;
    }

    function testFuzz_C19_modelPerRound(uint256 seed) public {
        Model memory m;
        m.stake = [100 * LPT, 50 * LPT, 250 * LPT];
        address[3] memory who = [o1, d1, d2];
        uint256 claims = 1;
        for (uint256 r = 0; r < 12; r++) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256[3] memory begin = [m.stake[0], m.stake[1], m.stake[2]];
            bool rewards = seed % 4 != 0;
            bool feesFirst = (seed >> 8) % 2 == 0;
            uint256 face = within(seed >> 16, 0, 3) * 1 ether + ((seed >> 24) % 1000);
            if (feesFirst && face > 0) modelFees(m, begin, face);
            if (rewards) modelReward(m, begin);
            if (!feesFirst && face > 0) modelFees(m, begin, face);
            // Late in the round, after reward and fees: nothing is lost.
            if ((seed >> 32) % 3 != 0) {
                vm.prank(who[(seed >> 40) % 3]);
                bonding.claimEarnings(0);
                claims++;
            }
            for (uint256 i = 0; i < 3; i++) {
                // Stake grows by a floor per round and per claim, each worth less
                // than a millionth of an LPT's digits here.
                check(stakeOf(who[i]), m.stake[i], claims + r + 3, "stake");
                check(fees(who[i]), m.fees[i], claims + r + 3, "fees");
            }
            nextRound();
        }
    }

    function check(uint256 got, uint256 model, uint256 slack, string memory what) private pure {
        near(got, model, slack, what);
        // The model floors once where the contract floors twice; it may itself
        // be short by one wei per round.
        atMost(got, model + slack, what);
    }

    function modelReward(Model memory m, uint256[3] memory begin) private {
        uint256 before = minter.currentMintedTokens();
        reward(o1);
        uint256 amount = minter.currentMintedTokens() - before;
        uint256 own = amount / 10;
        uint256 total = begin[0] + begin[1] + begin[2];
        for (uint256 i = 0; i < 3; i++) m.stake[i] += ((amount - own) * begin[i]) / total;
        m.stake[0] += own;
    }

    function modelFees(Model memory m, uint256[3] memory begin, uint256 face) private {
        pay(KEY, o1, face);
        uint256 shared = face / 2;
        uint256 total = begin[0] + begin[1] + begin[2];
        for (uint256 i = 0; i < 3; i++) m.fees[i] += (shared * begin[i]) / total;
        m.fees[0] += face - shared;
    }

    function test_C19_gapsOfRewardKeepTheFeeFactor() public {
        reward(o1);
        nextRounds(3);
        reward(o1);
        uint256[2] memory before = [stakeOf(d1), stakeOf(d2)];
        pay(KEY, o1, 8 ether);
        // o1's own part of the stake includes rewards; d2 has five times d1's.
        near(fees(d2), fees(d1) * 5, 10, "in proportion");
        uint256 sum = fees(o1) + fees(d1) + fees(d2);
        near(sum, 8 ether, 5, "all of it, not more");
        atMost(sum, 8 ether, "not more");
        ok(before[0] == stakeOf(d1) && before[1] == stakeOf(d2), "fees do not move stake");
    }

    // As after an upgrade in the very round of a reward: the factor before it
    // was never stored, and the smallest one is taken.
    function test_C19_unknownFactorNeverOverpays() public {
        reward(o1);
        nextRounds(2);
        reward(o1);
        bytes32 t = keccak256(abi.encode(o1, uint256(4)));
        bytes32 pool = keccak256(abi.encode(round() - 1, uint256(t) + 3));
        vm.store(address(bonding), bytes32(uint256(pool) + 3), bytes32(0));
        pay(KEY, o1, 8 ether);
        atMost(fees(o1) + fees(d1) + fees(d2), 8 ether, "not more");
    }

    // Outside the set the recorded stake is stale. Divided by it alone, stake
    // added since would be paid fees that nobody paid in.
    function test_C19_feesOutsideTheSetAreNotOverpaid() public {
        bonding.setActiveSetPolicy(500 * LPT, type(uint256).max);
        bonding.evictBelowMinStake(o1);
        nextRound();
        bond(address(0x78), 50 * LPT, o1);
        eq(bonding.getTranscoderPoolSize(), 1, "still outside");
        nextRound();
        pay(KEY, o1, 8 ether);
        uint256 sum = fees(o1) + fees(d1) + fees(d2) + fees(address(0x78));
        atMost(sum, 8 ether, "not more than was paid");
        near(sum, 8 ether, 8, "and not less");
    }

    // A claim before reward() loses the claimer's part of it.
    function test_C20_claimBeforeRewardLosesIt() public {
        vm.prank(d1);
        bonding.claimEarnings(0);
        reward(o1);
        eq(stakeOf(d1), 50 * LPT, "nothing of this round");
        nextRound();
        eq(stakeOf(d1), 50 * LPT, "nor later");
        ok(stakeOf(d2) > 250 * LPT, "who waited has it");
        uint256 held = stakeOf(o1) + stakeOf(d1) + stakeOf(d2);
        ok(bonding.transcoderTotalStake(o1) > held + 1e6, "it stays locked in Minter");
    }

    // Fees credited after the claim of the same round are lost for the claimer.
    function test_C20_feesAfterTheClaimAreLost() public {
        pay(KEY, o1, 8 ether);
        near(fees(d1), 0.5 ether, 1, "an eighth of the shared half");
        vm.prank(d1);
        bonding.claimEarnings(0);
        pay(KEY, o1, 8 ether);
        nextRound();
        near(fees(d1), 0.5 ether, 1, "only the first");
        near(fees(d2), 5 ether, 2, "five eighths of both");
    }

    // Who moves away leaves the fees of earlier tickets to those who stay.
    function test_C20_movingAwayForfeitsLaterRedemptions() public {
        vm.prank(d2);
        bonding.bond(0, o2);
        nextRound();
        pay(KEY, o1, 3 ether);
        eq(fees(d2), 0, "nothing for who left");
        near(fees(d1), 0.5 ether, 1, "a third of the half, the stake is 150 now");
    }

    function testFuzz_C21_inflation(uint256 total, uint256 target, uint256 change) public {
        uint256 supply = token.totalSupply();
        total = within(total, 0, supply);
        target = within(target, 0, 1e9);
        change = within(change, 0, 1e6);
        minter.setTargetBondingRate(target);
        minter.setInflationChange(change);
        vm.mockCall(
            address(bonding),
            abi.encodeCall(IBondingManager.getTotalBonded, ()),
            abi.encode(total)
        );
        uint256 before = minter.inflation();
        nextRound();
        uint256 rate = (total * 1e9) / supply;
        uint256 expected = before;
        if (rate < target) expected = before + change;
        if (rate > target) expected = before > change ? before - change : 0;
        eq(minter.inflation(), expected, "one step towards the target");
        eq(minter.currentMintableTokens(), (supply * expected) / 1e9, "mintable");
        eq(minter.currentMintedTokens(), 0, "nothing carried over");
    }

    function test_C21_floorAndStill() public {
        minter.setTargetBondingRate(0);
        minter.setInflationChange(1e9);
        nextRound();
        eq(minter.inflation(), 0, "never below zero");
        minter.setTargetBondingRate((bonding.getTotalBonded() * 1e9) / token.totalSupply());
        nextRound();
        eq(minter.inflation(), 0, "still at the target");
    }

    function test_C21_settersAndEmptySupply() public {
        refuses("_targetBondingRate is invalid percentage");
        minter.setTargetBondingRate(1e9 + 1);
        refuses("_inflationChange is invalid percentage");
        minter.setInflationChange(1e9 + 1);
        vm.mockCall(address(token), abi.encodeCall(token.totalSupply, ()), abi.encode(uint256(0)));
        nextRound();
        eq(minter.currentMintableTokens(), 0, "nothing of nothing");
        vm.clearMockedCalls();
    }

    function test_C18_mintCapHolds() public {
        vm.startPrank(address(bonding));
        minter.createReward(1, 2);
        refuses("minted tokens cannot exceed mintable tokens");
        minter.createReward(2, 3);
        vm.stopPrank();
    }
}
