// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {StakePool} from "./StakePool.sol";

// All of BondingManager's storage as one struct at slot 2, so that the linked
// libraries can work on it. Its members fall on the slots of the deployed
// contract (2 .. 14); what Streamflow adds starts at slot 15. Append only.
library BondingState {
    struct Lock {
        uint256 amount;
        uint256 withdrawRound; // 0: no such lock
    }

    struct Delegator {
        uint256 bondedAmount;
        uint256 fees;
        address delegateAddress;
        uint256 delegatedAmount;
        uint256 startRound;
        uint256 lastClaimRound;
        uint256 nextUnbondingLockId;
        mapping(uint256 => Lock) locks;
    }

    struct Pool {
        uint256 totalStake;
        uint256 rewardCut;
        uint256 feeShare;
        uint256 rewardFactor; // cumulative, PERC27, 0 means 1
        uint256 feeFactor; // cumulative, PERC27
    }

    struct Transcoder {
        uint256 lastRewardRound;
        uint256 rewardCut;
        uint256 feeShare;
        mapping(uint256 => Pool) pools; // by round
        uint256 lastActiveStakeUpdateRound;
        uint256 activationRound;
        uint256 deactivationRound;
        uint256 activeCumulativeRewards;
        uint256 cumulativeRewards;
        uint256 cumulativeFees;
        uint256 lastFeeRound;
    }

    struct Data {
        uint64 unbondingPeriod;
        mapping(address => Delegator) delegators;
        mapping(address => Transcoder) transcoders;
        uint256 currentRoundTotalActiveStake;
        uint256 nextRoundTotalActiveStake;
        StakePool.Data pool;
        uint256 treasuryRewardCutRate;
        uint256 nextRoundTreasuryRewardCutRate;
        uint256 treasuryBalanceCeiling;
        // Streamflow, from slot 15.
        uint256 activeSetSizePlusOne; // 0: no round was rolled over by this code yet
        uint256 minStake;
        uint256 maxWeight; // 0: no cap
        uint256 currentRoundMaxWeight; // the cap that the round started with
        uint256 currentRoundTotalWeight;
        uint256 nextRoundTotalWeight; // kept only while there is a cap
        uint64 jailPeriod;
        bool jailPeriodSet;
        uint256 delegatorSlashRate;
        mapping(address => uint256) jailedUntil;
        mapping(address => uint256) slashFactor; // PERC27, 0 means 1
        mapping(address => uint256) delegatorSlashFactor; // the delegate's factor at the last claim
    }

    uint256 internal constant FOREVER = type(uint256).max;
    uint64 internal constant DEFAULT_JAIL_PERIOD = 2;

    function isRegistered(Data storage s, address who) internal view returns (bool) {
        Delegator storage d = s.delegators[who];
        return d.delegateAddress == who && d.bondedAmount > 0;
    }

    function isActive(Data storage s, address who, uint256 round) internal view returns (bool) {
        Transcoder storage t = s.transcoders[who];
        return t.activationRound <= round && round < t.deactivationRound;
    }

    function isJailed(Data storage s, address who, uint256 round) internal view returns (bool) {
        return round < s.jailedUntil[who];
    }

    function jail(Data storage s) internal view returns (uint64) {
        return s.jailPeriodSet ? s.jailPeriod : DEFAULT_JAIL_PERIOD;
    }
}
