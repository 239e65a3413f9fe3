// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBondingManager} from "../src/bonding/IBondingManager.sol";
import {World} from "./World.sol";

// The set of orchestrators: its order, who gets in, who falls out.
contract PoolTest is World {
    function who(uint256 i) private pure returns (address) {
        return address(uint160(0x1000 + i));
    }

    function fill(uint256 count) private {
        for (uint256 i = 0; i < count; i++) orchestrator(who(i), (10 + i) * LPT, 0, 0);
    }

    function checkPool() private view {
        uint256 count = 0;
        uint256 sum = 0;
        uint256 last = type(uint256).max;
        address id = bonding.getFirstTranscoderInPool();
        while (id != address(0)) {
            uint256 stake = bonding.transcoderTotalStake(id);
            atMost(stake, last, "falling stake");
            last = stake;
            sum += stake;
            count++;
            id = bonding.getNextTranscoderInPool(id);
        }
        eq(count, bonding.getTranscoderPoolSize(), "walk length");
        atMost(count, bonding.getTranscoderPoolMaxSize(), "size");
        eq(sum, bonding.nextRoundTotalActiveStake(), "sum of keys");
    }

    // Random joins and additions, with hints that are right, stale or hostile.
    function testFuzz_C16_orderWithAnyHints(uint256 seed) public {
        for (uint256 i = 0; i < 16; i++) {
            seed = uint256(keccak256(abi.encode(seed)));
            address id = who(seed % 12);
            give(id, 1000 * LPT);
            vm.startPrank(id);
            bonding.bondWithHint(
                within(seed >> 8, 1, 100 * LPT),
                id,
                who((seed >> 16) % 14),
                who((seed >> 24) % 14),
                who((seed >> 32) % 14),
                who((seed >> 40) % 14)
            );
            vm.stopPrank();
            if (seed % 4 == 0) {
                uint256 part = within(seed >> 48, 1, bonded(id));
                nextRound();
                vm.prank(id);
                bonding.unbondWithHint(part, who((seed >> 56) % 14), who((seed >> 64) % 14));
            }
            checkPool();
        }
    }

    function test_C16_rightHintsAreTaken() public {
        fill(4);
        address n = who(99);
        give(n, 100 * LPT);
        vm.startPrank(n);
        // who(3) has 13, who(2) has 12: the place for 12.5 is between them.
        bonding.bondWithHint(12.5 ether, n, address(0), address(0), who(3), who(2));
        eq(bonding.getNextTranscoderInPool(who(3)), n, "after the larger");
        eq(bonding.getNextTranscoderInPool(n), who(2), "before the smaller");
        // To the head, and to the tail again.
        bonding.bondWithHint(10 ether, n, address(0), address(0), address(0), who(3));
        eq(bonding.getFirstTranscoderInPool(), n, "first");
        vm.stopPrank();
        nextRound();
        vm.prank(n);
        bonding.unbondWithHint(22 ether, who(0), address(0));
        eq(bonding.getNextTranscoderInPool(who(0)), n, "last");
        checkPool();
    }

    function test_C16_newcomerGoesBeforeItsEquals() public {
        orchestrator(who(1), 10 * LPT, 0, 0);
        orchestrator(who(2), 10 * LPT, 0, 0);
        eq(bonding.getFirstTranscoderInPool(), who(2), "the later of two equals");
    }

    function test_C17_onlyStrictlyLargerEvicts() public {
        fill(10);
        nextRound();
        address n = who(50);
        bond(n, 10 * LPT, n);
        eq(bonding.getTranscoderPoolSize(), 10, "still ten");
        ok(bonding.isRegisteredTranscoder(n), "registered, outside");
        (, , , , uint256 activation, ) = activity(n);
        eq(activation, 0, "an equal stake does not get in");

        give(n, 1);
        vm.expectEmit(true, false, false, true, address(bonding));
        emit IBondingManager.TranscoderDeactivated(who(0), round() + 1);
        vm.expectEmit(true, false, false, true, address(bonding));
        emit IBondingManager.TranscoderActivated(n, round() + 1);
        vm.prank(n);
        bonding.bond(1, n);

        ok(bonding.isActiveTranscoder(who(0)), "the evicted works until the round ends");
        ok(!bonding.isActiveTranscoder(n), "the newcomer starts with the next");
        nextRound();
        ok(!bonding.isActiveTranscoder(who(0)), "out");
        ok(bonding.isActiveTranscoder(n), "in");
        checkPool();
    }

    function activity(
        address id
    ) private view returns (uint256 a, uint256 b, uint256 c, uint256 d, uint256 activation, uint256 end) {
        IViews.Info memory t = IViews(address(bonding)).getTranscoder(id);
        return (t.a, t.b, t.c, t.d, t.activation, t.end);
    }

    function test_C17_memberIsNotReplacedByLosingStake() public {
        fill(10);
        bond(who(50), 10 * LPT, who(50));
        nextRound();
        vm.prank(who(5));
        bonding.unbond(14 * LPT);
        ok(bonding.getNextTranscoderInPool(who(0)) == who(5), "last in line, still a member");
        // It is replaced only when the outsider acts.
        vm.prank(who(50));
        bonding.transcoder(0, 0);
        nextRound();
        ok(!bonding.isActiveTranscoder(who(5)), "replaced");
        ok(bonding.isActiveTranscoder(who(50)), "by the outsider");
    }

    function test_C17_fullUnbondLeavesThePool() public {
        fill(3);
        nextRound();
        vm.prank(who(1));
        bonding.unbond(11 * LPT);
        eq(bonding.getTranscoderPoolSize(), 2, "left");
        ok(bonding.isActiveTranscoder(who(1)), "works until the round ends");
        checkPool();
    }

    function test_C17_sizeOnlyGrows() public {
        refuses("new max size must be greater than old max size");
        bonding.setNumActiveTranscoders(10);
        bonding.setNumActiveTranscoders(11);
        eq(bonding.getTranscoderPoolMaxSize(), 11, "grown");
    }

    function test_C37_defaultPolicyIsTheDeployedBehaviour() public {
        (uint256 m, uint256 w) = bonding.activeSetPolicy();
        eq(m, 0, "no entry price");
        eq(w, type(uint256).max, "no cap");
        bond(who(1), 1, who(1));
        nextRound();
        ok(bonding.isActiveTranscoder(who(1)), "one wei is enough");
        eq(bonding.currentRoundTotalActiveWeight(), bonding.currentRoundTotalActiveStake(), "weight is stake");
        eq(bonding.nextRoundTotalActiveWeight(), bonding.nextRoundTotalActiveStake(), "next too");
    }

    function test_C37_policySetter() public {
        refuses("invalid policy");
        bonding.setActiveSetPolicy(2, 1);
        refuses("invalid policy");
        bonding.setActiveSetPolicy(0, 0);
        vm.prank(who(1));
        refuses("caller must be Controller owner");
        bonding.setActiveSetPolicy(0, 1);
        bonding.setActiveSetPolicy(3, 3);
        (uint256 m, uint256 w) = bonding.activeSetPolicy();
        eq(m + w, 6, "stored");
    }

    function test_C37_minStakeJoinFallOutAndEvict() public {
        bonding.setActiveSetPolicy(12 * LPT, type(uint256).max);
        fill(4);
        eq(bonding.getTranscoderPoolSize(), 2, "12 and 13 are in, 10 and 11 are not");
        bond(who(60), 2 * LPT, who(0));
        eq(bonding.getTranscoderPoolSize(), 3, "delegated stake counts");
        nextRound();
        vm.prank(who(60));
        bonding.unbond(1);
        eq(bonding.getTranscoderPoolSize(), 2, "one wei below: out of the next set");
        ok(bonding.isActiveTranscoder(who(0)), "this round goes on");

        refuses("stake is sufficient");
        bonding.evictBelowMinStake(who(3));
        refuses("not in the pool");
        bonding.evictBelowMinStake(who(0));
        bonding.setActiveSetPolicy(13 * LPT, type(uint256).max);
        bonding.evictBelowMinStake(who(2));
        eq(bonding.getTranscoderPoolSize(), 1, "the raised price applies on request");
        checkPool();
    }

    // A cap of w splits the mint by capped weight, then hands each part out over
    // the full stake.
    function testFuzz_C37_weightCap(uint96 a, uint96 b, uint96 cap) public {
        uint256 stakeA = within(a, LPT, 1000 * LPT);
        uint256 stakeB = within(b, LPT, 1000 * LPT);
        uint256 w = within(cap, 1, 1000 * LPT);
        bonding.setActiveSetPolicy(0, w);
        orchestrator(who(1), stakeA, 0, 0);
        orchestrator(who(2), stakeB, 0, 0);
        nextRound();
        uint256 weightA = stakeA < w ? stakeA : w;
        uint256 weightB = stakeB < w ? stakeB : w;
        eq(bonding.currentRoundTotalActiveWeight(), weightA + weightB, "sum of capped");
        // A change in mid-round waits for the next one.
        bonding.setActiveSetPolicy(0, type(uint256).max);
        eq(bonding.currentRoundTotalActiveWeight(), weightA + weightB, "same");
        uint256 mintable = minter.currentMintableTokens();
        reward(who(1));
        reward(who(2));
        uint256 expected = (mintable * ((weightA * 1e9) / (weightA + weightB))) / 1e9;
        eq(bonding.transcoderTotalStake(who(1)) - stakeA, expected, "part of the capped weight");
        atMost(minter.currentMintedTokens(), mintable, "never more than mintable");
        nextRound();
        eq(bonding.currentRoundTotalActiveWeight(), bonding.currentRoundTotalActiveStake(), "cap is gone");
        near(stakeOf(who(1)), stakeA + expected, 1e3, "over the full stake");
    }
}

interface IViews {
    struct Info {
        uint256 a;
        uint256 b;
        uint256 c;
        uint256 d;
        uint256 activation;
        uint256 end;
        uint256 e;
        uint256 f;
        uint256 g;
        uint256 h;
    }

    function getTranscoder(address who) external view returns (Info memory);
}
