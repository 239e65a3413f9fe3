// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Perc} from "../core/Perc.sol";
import {BondingState} from "./BondingState.sol";
import {IBondingManager} from "./IBondingManager.sol";

// What a delegator earned since its last claim, from two running factors of its
// delegate: how much one staked unit grew, and the fees per unit. Stake that
// arrives in a round earns nothing of that round: its start is the factor the
// round ends with.
library Earnings {
    using BondingState for BondingState.Data;

    function rewardFactor(
        BondingState.Transcoder storage t,
        uint256 round
    ) internal view returns (uint256 factor) {
        factor = t.pools[round].rewardFactor;
        if (factor == 0 && t.lastRewardRound < round) factor = t.pools[t.lastRewardRound].rewardFactor;
    }

    function feeFactor(
        BondingState.Transcoder storage t,
        uint256 round
    ) internal view returns (uint256 factor) {
        factor = t.pools[round].feeFactor;
        if (factor == 0 && t.lastFeeRound < round) factor = t.pools[t.lastFeeRound].feeFactor;
    }

    function orOne(uint256 factor) internal pure returns (uint256) {
        return factor == 0 ? Perc.PERC27 : factor;
    }

    function slashFactor(BondingState.Data storage s, address delegate) internal view returns (uint256) {
        return orOne(s.slashFactor[delegate]);
    }

    // Makes the factors of `round` readable as a start for later claims.
    function seed(BondingState.Transcoder storage t, uint256 round) internal {
        BondingState.Pool storage pool = t.pools[round];
        if (pool.rewardFactor == 0) pool.rewardFactor = rewardFactor(t, round);
        if (pool.feeFactor == 0) pool.feeFactor = feeFactor(t, round);
    }

    // A delegator that starts with `delegate` in `round`.
    function start(BondingState.Data storage s, address who, address delegate, uint256 round) internal {
        seed(s.transcoders[delegate], round);
        remember(s, who, delegate);
    }

    function pending(
        BondingState.Data storage s,
        address who,
        uint256 round
    ) internal view returns (uint256 stake, uint256 fees) {
        BondingState.Delegator storage d = s.delegators[who];
        address delegate = d.delegateAddress;
        (stake, fees) = (d.bondedAmount, d.fees);
        if (delegate == address(0)) return (stake, fees);
        // A second look in one round finds no new earnings, but may find a slash.
        if (d.lastClaimRound >= round) return (afterSlash(s, who, stake), fees);

        BondingState.Transcoder storage t = s.transcoders[delegate];
        uint256 earned;
        (stake, earned) = grow(s, who, round);
        fees += earned;
        if (who == delegate) {
            stake += t.cumulativeRewards;
            fees += t.cumulativeFees;
        }
    }

    function claim(BondingState.Data storage s, address who, uint256 round) internal {
        BondingState.Delegator storage d = s.delegators[who];
        address delegate = d.delegateAddress;
        uint256 last = d.lastClaimRound;
        (uint256 stake, uint256 fees) = pending(s, who, round);
        if (last < round) d.lastClaimRound = round;
        if (delegate == address(0)) return;

        if (last < round) {
            // A slash of the delegators can make stake smaller than it was.
            uint256 rewards = stake > d.bondedAmount ? stake - d.bondedAmount : 0;
            emit IBondingManager.EarningsClaimed(delegate, who, rewards, fees - d.fees, last + 1, round);
            d.fees = fees;
            if (who == delegate) {
                s.transcoders[delegate].cumulativeRewards = 0;
                s.transcoders[delegate].cumulativeFees = 0;
            }
        }
        if (stake != d.bondedAmount) d.bondedAmount = stake;
        start(s, who, delegate, round);
    }

    function grow(
        BondingState.Data storage s,
        address who,
        uint256 round
    ) private view returns (uint256 stake, uint256 fees) {
        BondingState.Delegator storage d = s.delegators[who];
        BondingState.Transcoder storage t = s.transcoders[d.delegateAddress];
        BondingState.Pool storage from = t.pools[d.lastClaimRound];

        uint256 end = orOne(rewardFactor(t, round));
        uint256 base = orOne(from.rewardFactor);
        uint256 then = orOne(s.delegatorSlashFactor[who]);
        uint256 scaled = base;
        // Rounded up: a smaller divisor would pay more than was ever held.
        if (then != Perc.PERC27) scaled = (base * then + Perc.PERC27 - 1) / Perc.PERC27;
        fees = Perc.part(d.bondedAmount, feeFactor(t, round) - from.feeFactor, scaled, Perc.PERC27);

        uint256 today = slashFactor(s, d.delegateAddress);
        if (today == then) stake = Perc.part(d.bondedAmount, end, base, Perc.PERC27);
        else stake = Perc.part(d.bondedAmount, (end * today) / Perc.PERC27, scaled, Perc.PERC27);
    }

    function afterSlash(
        BondingState.Data storage s,
        address who,
        uint256 stake
    ) private view returns (uint256) {
        uint256 today = slashFactor(s, s.delegators[who].delegateAddress);
        uint256 then = orOne(s.delegatorSlashFactor[who]);
        return today == then ? stake : Perc.part(stake, today, then, Perc.PERC27);
    }

    // Written only when it differs: nobody pays for a slash that never was.
    function remember(BondingState.Data storage s, address who, address delegate) private {
        uint256 factor = slashFactor(s, delegate);
        if (orOne(s.delegatorSlashFactor[who]) != factor) s.delegatorSlashFactor[who] = factor;
    }
}
