// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IController} from "../core/IController.sol";
import {Perc} from "../core/Perc.sol";
import {IMinter} from "../token/IMinter.sol";
import {ActiveSet} from "./ActiveSet.sol";
import {BondingState} from "./BondingState.sol";
import {Earnings} from "./Earnings.sol";
import {Env} from "./Env.sol";
import {IBondingManager} from "./IBondingManager.sol";
import {StakePool} from "./StakePool.sol";

// Takes stake for proven faults, wherever the account keeps it: bonded, with
// whatever delegate, or waiting in unbonding locks.
library Slashing {
    using BondingState for BondingState.Data;
    using StakePool for StakePool.Data;
    using Env for BondingState.Data;

    uint256 internal constant MAX_LOCKS = 64;
    // Below this the factor has too few digits left to divide by.
    uint256 private constant MIN_FACTOR = 1e18;

    function slash(
        BondingState.Data storage s,
        IController c,
        address who,
        address finder,
        uint256 rate,
        uint256 finderFee,
        uint256[] memory lockIds
    ) external {
        uint256 round = Env.round(c);
        Earnings.claim(s, who, round);
        if (s.pool.contains(who)) ActiveSet.drop(s, who, round);
        putInJail(s, who, round);

        address delegate = s.delegators[who].delegateAddress;
        uint256 penalty = slashBond(s, who, rate, round) + slashLocks(s, who, rate, round, lockIds);
        uint256 burned = slashDelegators(s, who, rate, round);

        uint256 bounty = finder == address(0) ? 0 : Perc.part(penalty, finderFee, Perc.PERC);
        emit IBondingManager.TranscoderSlashed(who, finder, penalty, bounty);

        burned += penalty - bounty;
        IMinter minter = Env.minter(c);
        if (bounty > 0) minter.trustedTransferTokens(finder, bounty);
        if (burned > 0) minter.trustedBurnTokens(burned);
        s.checkpoint(c, who);
        if (delegate != who) s.checkpoint(c, delegate);
    }

    function slashable(
        BondingState.Data storage s,
        IController c,
        address who
    ) external view returns (uint256 stake) {
        uint256 round = Env.round(c);
        BondingState.Delegator storage d = s.delegators[who];
        stake = d.bondedAmount;
        uint256 id = d.nextUnbondingLockId;
        for (uint256 n = 0; n < MAX_LOCKS && id > 0; n++) {
            id--;
            if (d.locks[id].withdrawRound > round) stake += d.locks[id].amount;
        }
    }

    function putInJail(BondingState.Data storage s, address who, uint256 round) private {
        uint256 until = round + s.jail();
        // A second slash never shortens the first one's term.
        if (until > s.jailedUntil[who]) s.jailedUntil[who] = until;
        emit IBondingManager.TranscoderJailed(who, s.jailedUntil[who]);
    }

    function slashBond(
        BondingState.Data storage s,
        address who,
        uint256 rate,
        uint256 round
    ) private returns (uint256 penalty) {
        BondingState.Delegator storage d = s.delegators[who];
        penalty = Perc.part(d.bondedAmount, rate, Perc.PERC);
        if (penalty == 0) return 0;

        address delegate = d.delegateAddress;
        d.bondedAmount -= penalty;
        if (d.bondedAmount == 0) {
            d.delegateAddress = address(0);
            d.startRound = 0;
        }
        ActiveSet.decrease(s, delegate, penalty, address(0), address(0), round);
    }

    function slashLocks(
        BondingState.Data storage s,
        address who,
        uint256 rate,
        uint256 round,
        uint256[] memory lockIds
    ) private returns (uint256 total) {
        require(lockIds.length <= MAX_LOCKS, "TOO_MANY");
        for (uint256 i = 0; i < lockIds.length; i++) {
            require(i == 0 || lockIds[i - 1] < lockIds[i], "NOT_SORTED");
            BondingState.Lock storage lock = s.delegators[who].locks[lockIds[i]];
            // A lock that was rebonded meanwhile is part of the bond now.
            if (lock.withdrawRound <= round) continue;
            uint256 penalty = Perc.part(lock.amount, rate, Perc.PERC);
            if (penalty == 0) continue;
            lock.amount -= penalty;
            total += penalty;
            emit IBondingManager.UnbondingLockSlashed(who, lockIds[i], penalty);
        }
    }

    // One factor per delegate instead of a walk over its delegators.
    function slashDelegators(
        BondingState.Data storage s,
        address who,
        uint256 rate,
        uint256 round
    ) private returns (uint256 penalty) {
        uint256 p = Perc.part(rate, s.delegatorSlashRate, Perc.PERC);
        if (p == 0) return 0;
        uint256 factor = Perc.part(Earnings.slashFactor(s, who), Perc.PERC - p, Perc.PERC);
        if (factor < MIN_FACTOR) return 0;
        s.slashFactor[who] = factor;

        BondingState.Delegator storage d = s.delegators[who];
        uint256 self = 0;
        if (d.delegateAddress == who) {
            // The own bond has paid its penalty already.
            self = d.bondedAmount;
            s.delegatorSlashFactor[who] = factor;
        }
        penalty = Perc.part(d.delegatedAmount - self, p, Perc.PERC);
        d.delegatedAmount -= penalty;
        shrinkRound(s, who, p, round);
        if (penalty > 0) emit IBondingManager.DelegatorsSlashed(who, p, penalty);
    }

    // Fees that are still to come in this round are divided by the new stake.
    function shrinkRound(BondingState.Data storage s, address who, uint256 p, uint256 round) private {
        BondingState.Transcoder storage t = s.transcoders[who];
        ActiveSet.fixStake(t, round);
        BondingState.Pool storage pool = t.pools[round];
        pool.totalStake -= Perc.part(pool.totalStake, p, Perc.PERC);
        t.activeCumulativeRewards = Perc.part(t.activeCumulativeRewards, Perc.PERC - p, Perc.PERC);
        t.cumulativeRewards = Perc.part(t.cumulativeRewards, Perc.PERC - p, Perc.PERC);
        t.pools[round + 1].totalStake = s.delegators[who].delegatedAmount;
        t.lastActiveStakeUpdateRound = round + 1;
    }
}
