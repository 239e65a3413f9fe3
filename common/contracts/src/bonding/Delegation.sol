// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IController} from "../core/IController.sol";
import {Names} from "../core/Names.sol";
import {ActiveSet} from "./ActiveSet.sol";
import {BondingState} from "./BondingState.sol";
import {Earnings} from "./Earnings.sol";
import {Env} from "./Env.sol";
import {IBondingManager} from "./IBondingManager.sol";
import {StakePool} from "./StakePool.sol";

// The ways stake moves by its owner's will. Every function claims first, since
// the factors of a claim hold only for an unchanged bond.
library Delegation {
    using BondingState for BondingState.Data;
    using StakePool for StakePool.Data;
    using Env for BondingState.Data;

    struct Hints {
        address oldPrev;
        address oldNext;
        address newPrev;
        address newNext;
    }

    function bond(
        BondingState.Data storage s,
        IController c,
        uint256 amount,
        address owner,
        address to,
        Hints memory h
    ) external {
        uint256 round = Env.round(c);
        if (msg.sender != owner && msg.sender != c.getContract(Names.L2_MIGRATOR)) {
            checkThirdParty(s, owner, to, round);
        }
        // Stake with nobody would be in no book, and anybody could put it there.
        require(to != address(0), "INVALID_DELEGATE");
        Earnings.claim(s, owner, round);

        BondingState.Delegator storage d = s.delegators[owner];
        address old = d.delegateAddress;
        uint256 moved = amount;
        if (d.bondedAmount == 0) {
            d.startRound = round + 1;
        } else if (old != to) {
            require(!s.isRegistered(owner), "registered transcoders can't delegate towards other addresses");
            s.checkExit(c, old);
            d.startRound = round + 1;
            moved += d.bondedAmount;
            ActiveSet.decrease(s, old, d.bondedAmount, h.oldPrev, h.oldNext, round);
        }
        require(moved > 0, "delegation amount must be greater than 0");

        d.delegateAddress = to;
        d.bondedAmount += amount;
        Earnings.start(s, owner, to, round);
        ActiveSet.increase(s, to, moved, h.newPrev, h.newNext, round);
        emit IBondingManager.Bond(to, old, owner, amount, d.bondedAmount);

        if (amount > 0) {
            bool paid = Env.token(c).transferFrom(msg.sender, address(Env.minter(c)), amount);
            require(paid, "token transfer failed");
        }
        s.checkpoint(c, owner);
        if (to != owner) s.checkpoint(c, to);
        if (old != to && old != owner) s.checkpoint(c, old);
    }

    function unbond(
        BondingState.Data storage s,
        IController c,
        uint256 amount,
        address prev,
        address next
    ) public {
        uint256 round = Env.round(c);
        Earnings.claim(s, msg.sender, round);

        BondingState.Delegator storage d = s.delegators[msg.sender];
        require(d.bondedAmount > 0 && d.startRound <= round, "caller must be bonded");
        require(amount > 0, "unbond amount must be greater than 0");
        require(amount <= d.bondedAmount, "amount is greater than bonded amount");

        address delegate = d.delegateAddress;
        s.checkExit(c, delegate);
        uint256 id = d.nextUnbondingLockId++;
        uint256 withdrawRound = round + s.unbondingPeriod;
        d.locks[id] = BondingState.Lock(amount, withdrawRound);
        d.bondedAmount -= amount;
        if (d.bondedAmount == 0) {
            d.delegateAddress = address(0);
            d.startRound = 0;
            if (s.pool.contains(msg.sender)) ActiveSet.drop(s, msg.sender, round);
        }
        ActiveSet.decrease(s, delegate, amount, prev, next, round);
        emit IBondingManager.Unbond(delegate, msg.sender, id, amount, withdrawRound);

        s.checkpoint(c, msg.sender);
        if (delegate != msg.sender) s.checkpoint(c, delegate);
    }

    function rebond(
        BondingState.Data storage s,
        IController c,
        uint256 lockId,
        address prev,
        address next
    ) external {
        uint256 round = Env.round(c);
        Earnings.claim(s, msg.sender, round);
        require(s.delegators[msg.sender].bondedAmount > 0, "caller must be bonded");
        bondLock(s, c, msg.sender, lockId, prev, next);
    }

    function rebondFromUnbonded(
        BondingState.Data storage s,
        IController c,
        address to,
        uint256 lockId,
        address prev,
        address next
    ) external {
        uint256 round = Env.round(c);
        Earnings.claim(s, msg.sender, round);
        require(s.delegators[msg.sender].bondedAmount == 0, "caller must be unbonded");
        require(to != address(0), "INVALID_DELEGATE");
        restart(s, msg.sender, to, round);
        bondLock(s, c, msg.sender, lockId, prev, next);
    }

    function transferBond(
        BondingState.Data storage s,
        IController c,
        address to,
        uint256 amount,
        Hints memory h
    ) external {
        require(to != address(0), "INVALID_DELEGATOR");
        uint256 round = Env.round(c);
        // Stake that secured work until lately must stay where a slash finds it.
        require(!securedLately(s, msg.sender, round), "TRANSCODER_BOND_LOCKED");

        // A gift of one wei must not cost the receiver its reward of the round.
        if (to != msg.sender) checkClaim(s, to, round);

        address delegate = s.delegators[msg.sender].delegateAddress;
        unbond(s, c, amount, h.oldPrev, h.oldNext);
        uint256 lockId = handOver(s, to, amount);

        Earnings.claim(s, to, round);
        if (s.delegators[to].bondedAmount == 0) {
            require(delegate != to, "INVALID_DELEGATOR");
            restart(s, to, delegate, round);
        }
        bondLock(s, c, to, lockId, h.newPrev, h.newNext);
    }

    function withdrawStake(BondingState.Data storage s, IController c, uint256 lockId) external {
        BondingState.Lock storage lock = s.delegators[msg.sender].locks[lockId];
        (uint256 amount, uint256 withdrawRound) = (lock.amount, lock.withdrawRound);
        require(withdrawRound > 0, "invalid unbonding lock ID");
        require(
            withdrawRound <= Env.round(c),
            "withdraw round must be before or equal to the current round"
        );
        delete s.delegators[msg.sender].locks[lockId];
        emit IBondingManager.WithdrawStake(msg.sender, lockId, amount, withdrawRound);
        Env.minter(c).trustedTransferTokens(msg.sender, amount);
    }

    function withdrawFees(
        BondingState.Data storage s,
        IController c,
        address payable to,
        uint256 amount
    ) external {
        Earnings.claim(s, msg.sender, Env.round(c));
        require(to != address(0), "invalid recipient");
        BondingState.Delegator storage d = s.delegators[msg.sender];
        require(d.fees >= amount, "insufficient fees to withdraw");
        d.fees -= amount;
        emit IBondingManager.WithdrawFees(msg.sender, to, amount);
        Env.minter(c).trustedWithdrawETH(to, amount);
        s.checkpoint(c, msg.sender);
    }

    function claimEarnings(BondingState.Data storage s, IController c) external {
        Earnings.claim(s, msg.sender, Env.round(c));
        s.checkpoint(c, msg.sender);
    }

    // Others may add to a bond, never redirect it, and never make its owner
    // lose this round's reward by an early claim.
    function checkThirdParty(
        BondingState.Data storage s,
        address owner,
        address to,
        uint256 round
    ) private view {
        require(owner != address(0), "INVALID_DELEGATOR");
        BondingState.Delegator storage d = s.delegators[owner];
        address delegate = d.delegateAddress;
        if (d.bondedAmount == 0) require(to != owner, "INVALID_DELEGATE");
        else require(to == delegate, "INVALID_DELEGATE_CHANGE");

        checkClaim(s, owner, round);
    }

    // A claim before the delegate's reward() gives up the part of it.
    function checkClaim(BondingState.Data storage s, address owner, uint256 round) private view {
        address delegate = s.delegators[owner].delegateAddress;
        require(
            !s.isActive(delegate, round) ||
                s.transcoders[delegate].lastRewardRound == round ||
                s.delegators[owner].lastClaimRound == round,
            "ILLEGAL_CLAIM_EARNINGS"
        );
    }

    function restart(BondingState.Data storage s, address who, address delegate, uint256 round) private {
        BondingState.Delegator storage d = s.delegators[who];
        d.startRound = round + 1;
        d.delegateAddress = delegate;
    }

    function bondLock(
        BondingState.Data storage s,
        IController c,
        address who,
        uint256 lockId,
        address prev,
        address next
    ) private {
        BondingState.Delegator storage d = s.delegators[who];
        BondingState.Lock storage lock = d.locks[lockId];
        uint256 amount = lock.amount;
        require(lock.withdrawRound > 0, "invalid unbonding lock ID");
        delete d.locks[lockId];

        address delegate = d.delegateAddress;
        uint256 round = Env.round(c);
        d.bondedAmount += amount;
        Earnings.start(s, who, delegate, round);
        ActiveSet.increase(s, delegate, amount, prev, next, round);
        emit IBondingManager.Rebond(delegate, who, lockId, amount);

        s.checkpoint(c, who);
        if (delegate != who) s.checkpoint(c, delegate);
    }

    // The lock just made by unbond() changes hands, with its maturity.
    function handOver(
        BondingState.Data storage s,
        address to,
        uint256 amount
    ) private returns (uint256 newId) {
        BondingState.Delegator storage from = s.delegators[msg.sender];
        BondingState.Delegator storage receiver = s.delegators[to];
        uint256 oldId = from.nextUnbondingLockId - 1;
        BondingState.Lock memory lock = from.locks[oldId];
        delete from.locks[oldId];
        newId = receiver.nextUnbondingLockId++;
        receiver.locks[newId] = lock;
        emit IBondingManager.TransferBond(msg.sender, to, oldId, newId, amount);
    }

    function securedLately(
        BondingState.Data storage s,
        address who,
        uint256 round
    ) private view returns (bool) {
        BondingState.Transcoder storage t = s.transcoders[who];
        if (t.activationRound == 0) return false;
        return
            t.deactivationRound == BondingState.FOREVER ||
            round < t.deactivationRound + s.unbondingPeriod;
    }
}
