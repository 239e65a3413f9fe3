// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BondingState} from "./BondingState.sol";
import {IBondingManager} from "./IBondingManager.sol";
import {StakePool} from "./StakePool.sol";

// Who is in next round's set, and with which stake. The set of the running
// round never changes: every effect here carries the number of the next round.
library ActiveSet {
    using BondingState for BondingState.Data;
    using StakePool for StakePool.Data;

    function increase(
        BondingState.Data storage s,
        address delegate,
        uint256 amount,
        address prev,
        address next,
        uint256 round
    ) internal {
        uint256 old = s.delegators[delegate].delegatedAmount;
        s.delegators[delegate].delegatedAmount = old + amount;
        if (!s.isRegistered(delegate)) return;

        if (s.pool.contains(delegate)) setStake(s, delegate, old + amount, prev, next, round);
        else join(s, delegate, old + amount, prev, next, round);
    }

    // A member is not replaced because others outside are larger now; but who
    // falls below the entry price of the policy has left the next set.
    function decrease(
        BondingState.Data storage s,
        address delegate,
        uint256 amount,
        address prev,
        address next,
        uint256 round
    ) internal {
        uint256 left = s.delegators[delegate].delegatedAmount - amount;
        s.delegators[delegate].delegatedAmount = left;
        if (!s.pool.contains(delegate)) return;

        if (left < entry(s)) drop(s, delegate, round);
        else setStake(s, delegate, left, prev, next, round);
    }

    function join(
        BondingState.Data storage s,
        address who,
        uint256 stake,
        address prev,
        address next,
        uint256 round
    ) internal {
        if (stake < entry(s) || s.isJailed(who, round)) return;
        if (s.pool.size == s.pool.maxSize) {
            address tail = s.pool.tail;
            if (stake <= s.pool.nodes[tail].key) return;
            drop(s, tail, round);
        }

        weigh(s, 0, stake);
        s.pool.insert(who, stake, prev, next);

        BondingState.Transcoder storage t = s.transcoders[who];
        recordStake(t, stake, round);
        // Leaving and coming back within one round does not end the work of
        // that round, so that shares of reserves stay what they were.
        if (!s.isActive(who, round)) t.activationRound = round + 1;
        t.deactivationRound = BondingState.FOREVER;
        emit IBondingManager.TranscoderActivated(who, round + 1);
    }

    function drop(BondingState.Data storage s, address who, uint256 round) internal {
        weigh(s, s.pool.nodes[who].key, 0);
        s.pool.remove(who);
        s.transcoders[who].deactivationRound = round + 1;
        emit IBondingManager.TranscoderDeactivated(who, round + 1);
    }

    // The stake that counts in `round`: written the first time it is needed.
    function fixStake(BondingState.Transcoder storage t, uint256 round) internal {
        uint256 last = t.lastActiveStakeUpdateRound;
        if (last < round) t.pools[round].totalStake = t.pools[last].totalStake;
    }

    function rollOver(BondingState.Data storage s) internal {
        s.currentRoundTotalActiveStake = s.nextRoundTotalActiveStake;
        s.activeSetSizePlusOne = s.pool.size + 1;
        if (s.maxWeight != 0 || s.currentRoundMaxWeight != 0) {
            s.currentRoundMaxWeight = s.maxWeight;
            s.currentRoundTotalWeight = s.nextRoundTotalWeight;
        }
    }

    // Bounded by the pool's size, which governance sets.
    function setPolicy(BondingState.Data storage s, uint256 minStake, uint256 maxWeight) internal {
        s.minStake = minStake;
        s.maxWeight = maxWeight == type(uint256).max ? 0 : maxWeight;

        uint256 total = 0;
        if (s.maxWeight != 0) {
            for (address id = s.pool.head; id != address(0); id = s.pool.nodes[id].nextId) {
                total += capped(s.pool.nodes[id].key, s.maxWeight);
            }
        }
        s.nextRoundTotalWeight = total;
    }

    function entry(BondingState.Data storage s) internal view returns (uint256) {
        return s.minStake == 0 ? 1 : s.minStake;
    }

    // Numerator and denominator of a member's part of the round's mint.
    function share(
        BondingState.Data storage s,
        uint256 stake
    ) internal view returns (uint256 weight, uint256 total) {
        uint256 cap = s.currentRoundMaxWeight;
        if (cap == 0) return (stake, s.currentRoundTotalActiveStake);
        return (capped(stake, cap), s.currentRoundTotalWeight);
    }

    function capped(uint256 stake, uint256 cap) internal pure returns (uint256) {
        return stake < cap ? stake : cap;
    }

    function setStake(
        BondingState.Data storage s,
        address who,
        uint256 stake,
        address prev,
        address next,
        uint256 round
    ) private {
        weigh(s, s.pool.nodes[who].key, stake);
        s.pool.update(who, stake, prev, next);
        recordStake(s.transcoders[who], stake, round);
    }

    function recordStake(BondingState.Transcoder storage t, uint256 stake, uint256 round) private {
        fixStake(t, round);
        t.pools[round + 1].totalStake = stake;
        t.lastActiveStakeUpdateRound = round + 1;
    }

    function weigh(BondingState.Data storage s, uint256 old, uint256 stake) private {
        s.nextRoundTotalActiveStake = s.nextRoundTotalActiveStake - old + stake;
        uint256 cap = s.maxWeight;
        if (cap != 0) s.nextRoundTotalWeight = s.nextRoundTotalWeight - capped(old, cap) + capped(stake, cap);
    }
}
