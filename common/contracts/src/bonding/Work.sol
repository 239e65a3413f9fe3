// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IController} from "../core/IController.sol";
import {Names} from "../core/Names.sol";
import {Perc} from "../core/Perc.sol";
import {IRoundsManager} from "../rounds/IRoundsManager.sol";
import {ActiveSet} from "./ActiveSet.sol";
import {BondingState} from "./BondingState.sol";
import {Earnings} from "./Earnings.sol";
import {Env} from "./Env.sol";
import {IBondingManager} from "./IBondingManager.sol";
import {StakePool} from "./StakePool.sol";

// What an orchestrator earns for itself and its delegators: the round's reward
// in LPT, the fees of redeemed tickets in ETH, and the terms it offers.
library Work {
    using BondingState for BondingState.Data;
    using StakePool for StakePool.Data;
    using Env for BondingState.Data;

    function transcoder(
        BondingState.Data storage s,
        IController c,
        uint256 rewardCut,
        uint256 feeShare,
        address prev,
        address next
    ) external {
        IRoundsManager rounds = IRoundsManager(c.getContract(Names.ROUNDS_MANAGER));
        uint256 round = rounds.currentRound();
        require(!rounds.currentRoundLocked(), "can't update transcoder params, current round is locked");
        require(rewardCut <= Perc.PERC, "invalid rewardCut percentage");
        require(feeShare <= Perc.PERC, "invalid feeShare percentage");
        require(s.isRegistered(msg.sender), "transcoder must be registered");

        BondingState.Transcoder storage t = s.transcoders[msg.sender];
        // reward() has written the terms of this round; a change acts next round.
        require(
            !s.isActive(msg.sender, round) || t.lastRewardRound == round,
            "caller can't be active or must have already called reward for the current round"
        );
        t.rewardCut = rewardCut;
        t.feeShare = feeShare;
        if (!s.pool.contains(msg.sender)) {
            ActiveSet.join(s, msg.sender, s.delegators[msg.sender].delegatedAmount, prev, next, round);
        }
        emit IBondingManager.TranscoderUpdate(msg.sender, rewardCut, feeShare);
    }

    function reward(BondingState.Data storage s, IController c, address prev, address next) external {
        uint256 round = Env.round(c);
        BondingState.Transcoder storage t = s.transcoders[msg.sender];
        require(s.isActive(msg.sender, round), "caller must be an active transcoder");
        require(t.lastRewardRound != round, "caller has already called reward for the current round");
        require(!s.isJailed(msg.sender, round), "transcoder is jailed");

        uint256 factor = Earnings.orOne(Earnings.rewardFactor(t, round - 1));
        // Fees of this round need the factor before it, also after a gap.
        if (t.pools[round - 1].rewardFactor == 0) t.pools[round - 1].rewardFactor = factor;
        t.lastRewardRound = round;
        openPool(t, round);

        uint256 amount = mint(s, c, t.pools[round].totalStake);
        credit(t, round, factor, amount);
        ActiveSet.increase(s, msg.sender, amount, prev, next, round);
        emit IBondingManager.Reward(msg.sender, amount);
        s.checkpoint(c, msg.sender);
    }

    function creditFees(
        BondingState.Data storage s,
        IController c,
        address recipient,
        uint256 fees,
        uint256 creationRound
    ) external {
        require(s.isRegistered(recipient), "transcoder must be registered");
        uint256 round = Env.round(c);
        BondingState.Transcoder storage t = s.transcoders[recipient];
        uint256 own = t.activeCumulativeRewards;
        if (t.lastRewardRound < round) {
            openPool(t, round);
            own = t.cumulativeRewards;
        }

        // The terms of the ticket's round bind, so that lowering the share
        // between work and redemption takes nothing from those who stay.
        uint256 share = t.pools[round].feeShare;
        uint256 promised = t.pools[creationRound].feeShare;
        if (promised > share) share = promised;
        // Nobody else has stake here: an inactive verifier is paid in full.
        uint256 stake = divisor(s, recipient, round);
        uint256 shared = stake == 0 ? 0 : Perc.part(fees, share, Perc.PERC);

        uint256 mine = fees - shared;
        if (shared > 0) mine += Perc.part(shared, own, stake, Perc.PERC27);
        t.cumulativeFees += mine;
        t.pools[round].feeFactor = Earnings.feeFactor(t, round) + perStake(s, recipient, round, shared, stake);
        t.lastFeeRound = round;
        s.checkpoint(c, recipient);
    }

    // Fees of a round belong to the stake it began with, so the factor before it
    // counts.
    function perStake(
        BondingState.Data storage s,
        address recipient,
        uint256 round,
        uint256 shared,
        uint256 stake
    ) private view returns (uint256) {
        if (shared == 0) return 0;
        uint256 factor = Earnings.orOne(Earnings.rewardFactor(s.transcoders[recipient], round - 1));
        factor = (factor * Earnings.slashFactor(s, recipient)) / Perc.PERC27;
        return Perc.part(factor, shared, stake, Perc.PERC27);
    }

    function mint(BondingState.Data storage s, IController c, uint256 stake) private returns (uint256 amount) {
        address treasury = c.getContract(Names.TREASURY);
        uint256 rate = treasury == address(0) ? 0 : s.treasuryRewardCutRate;
        if (treasury != address(0) && s.nextRoundTreasuryRewardCutRate > 0) {
            // A full treasury takes nothing from the next round on, until
            // governance sets the rate again.
            if (Env.token(c).balanceOf(treasury) >= s.treasuryBalanceCeiling) {
                s.nextRoundTreasuryRewardCutRate = 0;
            }
        }

        (uint256 weight, uint256 total) = ActiveSet.share(s, stake);
        amount = Env.minter(c).createReward(weight, total);
        uint256 cut = Perc.part(amount, rate, Perc.PERC27);
        if (cut > 0) {
            Env.minter(c).trustedTransferTokens(treasury, cut);
            emit IBondingManager.TreasuryReward(msg.sender, treasury, cut);
            amount -= cut;
        }
    }

    function credit(
        BondingState.Transcoder storage t,
        uint256 round,
        uint256 factor,
        uint256 amount
    ) private {
        BondingState.Pool storage pool = t.pools[round];
        uint256 own = Perc.part(amount, pool.rewardCut, Perc.PERC);
        uint256 rest = amount - own;
        uint256 earlier = t.cumulativeRewards;
        t.activeCumulativeRewards = earlier;
        t.cumulativeRewards = earlier + Perc.part(rest, earlier, pool.totalStake, Perc.PERC27) + own;
        pool.rewardFactor = factor + Perc.part(factor, rest, pool.totalStake, Perc.PERC27);
    }

    // The terms and the stake that hold for the whole round.
    function openPool(BondingState.Transcoder storage t, uint256 round) private {
        BondingState.Pool storage pool = t.pools[round];
        pool.rewardCut = t.rewardCut;
        pool.feeShare = t.feeShare;
        ActiveSet.fixStake(t, round);
    }

    // Outside the set nobody updates the recorded stake any more. Were it used
    // alone, stake added since would be paid fees that are not there.
    function divisor(
        BondingState.Data storage s,
        address recipient,
        uint256 round
    ) private view returns (uint256 stake) {
        stake = s.transcoders[recipient].pools[round].totalStake;
        if (stake == 0 || s.isActive(recipient, round)) return stake;
        uint256 live = s.delegators[recipient].delegatedAmount;
        if (live > stake) stake = live;
    }
}
