// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Manager, ManagerProxyTarget} from "../core/Manager.sol";
import {IController} from "../core/IController.sol";
import {Names} from "../core/Names.sol";
import {Perc} from "../core/Perc.sol";
import {ActiveSet} from "./ActiveSet.sol";
import {BondingState} from "./BondingState.sol";
import {Delegation} from "./Delegation.sol";
import {BondingViews} from "./BondingViews.sol";
import {Env, IBondingVotes} from "./Env.sol";
import {Slashing} from "./Slashing.sol";
import {StakePool} from "./StakePool.sol";
import {Work} from "./Work.sol";

// Stake, delegation and the set of orchestrators: the doors and their guards.
// The rooms behind them are the linked libraries, one subject each.
contract BondingManager is ManagerProxyTarget, BondingViews {
    using BondingState for BondingState.Data;
    using StakePool for StakePool.Data;
    using Delegation for BondingState.Data;
    using Slashing for BondingState.Data;
    using Work for BondingState.Data;

    modifier onlyVerifier() {
        require(Names.isCaller(controller, Names.VERIFIER), "caller must be Verifier");
        _;
    }

    constructor(address controllerAddress) Manager(controllerAddress) {}

    // Parameters

    function setUnbondingPeriod(uint64 period) external onlyControllerOwner {
        s.unbondingPeriod = period;
        emit ParameterUpdate("unbondingPeriod");
    }

    function setNumActiveTranscoders(uint256 count) external onlyControllerOwner {
        require(count > s.pool.maxSize, "new max size must be greater than old max size");
        s.pool.maxSize = count;
        emit ParameterUpdate("numActiveTranscoders");
    }

    function setTreasuryRewardCutRate(uint256 rate) external onlyControllerOwner {
        require(rate <= Perc.PERC27, "_cutRate is invalid precise percentage");
        s.nextRoundTreasuryRewardCutRate = rate;
        emit ParameterUpdate("nextRoundTreasuryRewardCutRate");
    }

    function setTreasuryBalanceCeiling(uint256 ceiling) external onlyControllerOwner {
        s.treasuryBalanceCeiling = ceiling;
        emit ParameterUpdate("treasuryBalanceCeiling");
    }

    function setJailPeriod(uint64 period) external onlyControllerOwner {
        s.jailPeriod = period;
        s.jailPeriodSet = true;
        emit ParameterUpdate("jailPeriod");
    }

    function setDelegatorSlashRate(uint256 rate) external onlyControllerOwner {
        require(rate <= Perc.PERC, "invalid delegator slash rate");
        s.delegatorSlashRate = rate;
        emit ParameterUpdate("delegatorSlashRate");
    }

    function setActiveSetPolicy(uint256 minStake, uint256 maxWeight) external onlyControllerOwner {
        require(maxWeight >= minStake && maxWeight > 0, "invalid policy");
        ActiveSet.setPolicy(s, minStake, maxWeight);
        emit ParameterUpdate("activeSetPolicy");
    }

    // Delegators

    function bond(uint256 amount, address to) external {
        bondForWithHint(amount, msg.sender, to, address(0), address(0), address(0), address(0));
    }

    function bondWithHint(
        uint256 amount,
        address to,
        address oldPrev,
        address oldNext,
        address newPrev,
        address newNext
    ) external {
        bondForWithHint(amount, msg.sender, to, oldPrev, oldNext, newPrev, newNext);
    }

    function unbond(uint256 amount) external {
        unbondWithHint(amount, address(0), address(0));
    }

    function rebond(uint256 lockId) external {
        rebondWithHint(lockId, address(0), address(0));
    }

    function rebondFromUnbonded(address to, uint256 lockId) external {
        rebondFromUnbondedWithHint(to, lockId, address(0), address(0));
    }

    function bondForWithHint(
        uint256 amount,
        address owner,
        address to,
        address oldPrev,
        address oldNext,
        address newPrev,
        address newNext
    ) public whenSystemNotPaused inCurrentRound {
        s.bond(controller, amount, owner, to, Delegation.Hints(oldPrev, oldNext, newPrev, newNext));
    }

    function unbondWithHint(
        uint256 amount,
        address prev,
        address next
    ) public whenSystemNotPaused inCurrentRound {
        s.unbond(controller, amount, prev, next);
    }

    function rebondWithHint(
        uint256 lockId,
        address prev,
        address next
    ) public whenSystemNotPaused inCurrentRound {
        s.rebond(controller, lockId, prev, next);
    }

    function rebondFromUnbondedWithHint(
        address to,
        uint256 lockId,
        address prev,
        address next
    ) public whenSystemNotPaused inCurrentRound {
        s.rebondFromUnbonded(controller, to, lockId, prev, next);
    }

    function transferBond(
        address to,
        uint256 amount,
        address oldPrev,
        address oldNext,
        address newPrev,
        address newNext
    ) external whenSystemNotPaused inCurrentRound {
        s.transferBond(controller, to, amount, Delegation.Hints(oldPrev, oldNext, newPrev, newNext));
    }

    function withdrawStake(uint256 lockId) external whenSystemNotPaused inCurrentRound {
        s.withdrawStake(controller, lockId);
    }

    function withdrawFees(
        address payable to,
        uint256 amount
    ) external whenSystemNotPaused inCurrentRound {
        s.withdrawFees(controller, to, amount);
    }

    // The argument is a relic: a claim always runs through the current round.
    function claimEarnings(uint256) external whenSystemNotPaused inCurrentRound {
        s.claimEarnings(controller);
    }

    function checkpointBondingState(address who) external {
        Env.checkpoint(s, controller, who);
    }

    // Orchestrators

    function transcoder(uint256 rewardCut, uint256 feeShare) external {
        transcoderWithHint(rewardCut, feeShare, address(0), address(0));
    }

    function transcoderWithHint(
        uint256 rewardCut,
        uint256 feeShare,
        address prev,
        address next
    ) public whenSystemNotPaused inCurrentRound {
        s.transcoder(controller, rewardCut, feeShare, prev, next);
    }

    function reward() external {
        rewardWithHint(address(0), address(0));
    }

    function rewardWithHint(address prev, address next) public whenSystemNotPaused inCurrentRound {
        s.reward(controller, prev, next);
    }

    // Needed after the entry price was raised; anybody may do it.
    function evictBelowMinStake(address who) external whenSystemNotPaused inCurrentRound {
        require(s.pool.contains(who), "not in the pool");
        require(s.pool.nodes[who].key < ActiveSet.entry(s), "stake is sufficient");
        ActiveSet.drop(s, who, Env.round(controller));
    }

    // Other contracts

    function updateTranscoderWithFees(
        address recipient,
        uint256 fees,
        uint256 creationRound
    ) external whenSystemNotPaused {
        require(Names.isCaller(controller, Names.TICKET_BROKER), "caller must be TicketBroker");
        s.creditFees(controller, recipient, fees, creationRound);
    }

    function slashTranscoder(
        address who,
        address finder,
        uint256 slashAmount,
        uint256 finderFee
    ) external onlyVerifier whenSystemNotPaused inCurrentRound {
        s.slash(controller, who, finder, slashAmount, finderFee, new uint256[](0));
    }

    function slashTranscoderWithLocks(
        address who,
        address finder,
        uint256 slashAmount,
        uint256 finderFee,
        uint256[] calldata lockIds
    ) external onlyVerifier whenSystemNotPaused inCurrentRound {
        s.slash(controller, who, finder, slashAmount, finderFee, lockIds);
    }

    function setCurrentRoundTotalActiveStake() external {
        require(Names.isCaller(controller, Names.ROUNDS_MANAGER), "caller must be RoundsManager");
        ActiveSet.rollOver(s);
        s.treasuryRewardCutRate = s.nextRoundTreasuryRewardCutRate;

        address votes = controller.getContract(Names.BONDING_VOTES);
        if (votes != address(0)) {
            uint256 round = Env.round(controller);
            IBondingVotes(votes).checkpointTotalActiveStake(s.currentRoundTotalActiveStake, round);
        }
    }

    function env() internal view override returns (IController) {
        return controller;
    }
}
