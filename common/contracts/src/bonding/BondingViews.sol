// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IController} from "../core/IController.sol";
import {ActiveSet} from "./ActiveSet.sol";
import {BondingState} from "./BondingState.sol";
import {Earnings} from "./Earnings.sol";
import {Env} from "./Env.sol";
import {IBondingManager} from "./IBondingManager.sol";
import {Slashing} from "./Slashing.sol";
import {StakePool} from "./StakePool.sol";

// What can be read. The words of each answer and their order are ABI.
abstract contract BondingViews is IBondingManager {
    using BondingState for BondingState.Data;
    using StakePool for StakePool.Data;
    using Slashing for BondingState.Data;

    enum DelegatorStatus {
        Pending,
        Bonded,
        Unbonded
    }

    enum TranscoderStatus {
        NotRegistered,
        Registered
    }

    struct TranscoderInfo {
        uint256 lastRewardRound;
        uint256 rewardCut;
        uint256 feeShare;
        uint256 lastActiveStakeUpdateRound;
        uint256 activationRound;
        uint256 deactivationRound;
        uint256 activeCumulativeRewards;
        uint256 cumulativeRewards;
        uint256 cumulativeFees;
        uint256 lastFeeRound;
    }

    BondingState.Data internal s;

    // A struct of static words has the same encoding as the ten values alone.
    function getTranscoder(address who) external view returns (TranscoderInfo memory) {
        BondingState.Transcoder storage t = s.transcoders[who];
        return
            TranscoderInfo({
                lastRewardRound: t.lastRewardRound,
                rewardCut: t.rewardCut,
                feeShare: t.feeShare,
                lastActiveStakeUpdateRound: t.lastActiveStakeUpdateRound,
                activationRound: t.activationRound,
                deactivationRound: t.deactivationRound,
                activeCumulativeRewards: t.activeCumulativeRewards,
                cumulativeRewards: t.cumulativeRewards,
                cumulativeFees: t.cumulativeFees,
                lastFeeRound: t.lastFeeRound
            });
    }

    function getTranscoderEarningsPoolForRound(
        address who,
        uint256 round
    )
        external
        view
        returns (
            uint256 totalStake,
            uint256 transcoderRewardCut,
            uint256 transcoderFeeShare,
            uint256 cumulativeRewardFactor,
            uint256 cumulativeFeeFactor
        )
    {
        BondingState.Pool storage pool = s.transcoders[who].pools[round];
        return (pool.totalStake, pool.rewardCut, pool.feeShare, pool.rewardFactor, pool.feeFactor);
    }

    function getDelegator(
        address who
    )
        external
        view
        returns (
            uint256 bondedAmount,
            uint256 fees,
            address delegateAddress,
            uint256 delegatedAmount,
            uint256 startRound,
            uint256 lastClaimRound,
            uint256 nextUnbondingLockId
        )
    {
        BondingState.Delegator storage d = s.delegators[who];
        bondedAmount = d.bondedAmount;
        fees = d.fees;
        delegateAddress = d.delegateAddress;
        delegatedAmount = d.delegatedAmount;
        startRound = d.startRound;
        lastClaimRound = d.lastClaimRound;
        nextUnbondingLockId = d.nextUnbondingLockId;
    }

    function getDelegatorUnbondingLock(
        address who,
        uint256 lockId
    ) external view returns (uint256 amount, uint256 withdrawRound) {
        BondingState.Lock storage lock = s.delegators[who].locks[lockId];
        return (lock.amount, lock.withdrawRound);
    }

    function isValidUnbondingLock(address who, uint256 lockId) external view returns (bool) {
        return s.delegators[who].locks[lockId].withdrawRound > 0;
    }

    function isActiveTranscoder(address who) external view returns (bool) {
        return s.isActive(who, Env.round(env()));
    }

    function isRegisteredTranscoder(address who) external view returns (bool) {
        return s.isRegistered(who);
    }

    function delegatorStatus(address who) external view returns (DelegatorStatus) {
        BondingState.Delegator storage d = s.delegators[who];
        if (d.bondedAmount == 0) return DelegatorStatus.Unbonded;
        if (d.startRound > Env.round(env())) return DelegatorStatus.Pending;
        return DelegatorStatus.Bonded;
    }

    function transcoderStatus(address who) external view returns (TranscoderStatus) {
        return s.isRegistered(who) ? TranscoderStatus.Registered : TranscoderStatus.NotRegistered;
    }

    function getFirstTranscoderInPool() external view returns (address) {
        return s.pool.head;
    }

    function getNextTranscoderInPool(address who) external view returns (address) {
        return s.pool.nodes[who].nextId;
    }

    function transcoderTotalStake(address who) external view returns (uint256) {
        return s.delegators[who].delegatedAmount;
    }

    // The round argument of the next two is a relic, like claimEarnings' one.
    function pendingStake(address who, uint256) external view returns (uint256 stake) {
        (stake, ) = Earnings.pending(s, who, Env.round(env()));
    }

    function pendingFees(address who, uint256) external view returns (uint256 fees) {
        (, fees) = Earnings.pending(s, who, Env.round(env()));
    }

    function unbondingPeriod() external view returns (uint64) {
        return s.unbondingPeriod;
    }

    function getTranscoderPoolSize() external view returns (uint256) {
        return s.pool.size;
    }

    function getTranscoderPoolMaxSize() external view returns (uint256) {
        return s.pool.maxSize;
    }

    function getTotalBonded() external view returns (uint256) {
        return s.currentRoundTotalActiveStake;
    }

    function currentRoundTotalActiveStake() external view returns (uint256) {
        return s.currentRoundTotalActiveStake;
    }

    function nextRoundTotalActiveStake() external view returns (uint256) {
        return s.nextRoundTotalActiveStake;
    }

    function treasuryRewardCutRate() external view returns (uint256) {
        return s.treasuryRewardCutRate;
    }

    function nextRoundTreasuryRewardCutRate() external view returns (uint256) {
        return s.nextRoundTreasuryRewardCutRate;
    }

    function treasuryBalanceCeiling() external view returns (uint256) {
        return s.treasuryBalanceCeiling;
    }

    // Streamflow

    function activeSetPolicy() external view returns (uint256 minStake, uint256 maxWeight) {
        return (s.minStake, s.maxWeight == 0 ? type(uint256).max : s.maxWeight);
    }

    // Until the first round after an upgrade nothing was frozen yet.
    function currentRoundActiveSetSize() external view returns (uint256) {
        return s.activeSetSizePlusOne == 0 ? s.pool.size : s.activeSetSizePlusOne - 1;
    }

    function currentRoundTotalActiveWeight() external view returns (uint256) {
        return s.currentRoundMaxWeight == 0 ? s.currentRoundTotalActiveStake : s.currentRoundTotalWeight;
    }

    function nextRoundTotalActiveWeight() external view returns (uint256) {
        return s.maxWeight == 0 ? s.nextRoundTotalActiveStake : s.nextRoundTotalWeight;
    }

    function slashableStake(address who) external view returns (uint256) {
        return s.slashable(env(), who);
    }

    function jailedUntil(address who) external view returns (uint256) {
        return s.jailedUntil[who];
    }

    function jailPeriod() external view returns (uint64) {
        return s.jail();
    }

    function delegatorSlashRate() external view returns (uint256) {
        return s.delegatorSlashRate;
    }

    function slashFactor(address who) external view returns (uint256) {
        return Earnings.slashFactor(s, who);
    }

    function env() internal view virtual returns (IController);
}
