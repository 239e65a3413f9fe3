// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBondingManager} from "../src/bonding/IBondingManager.sol";
import {BondingViews} from "../src/bonding/BondingViews.sol";
import {IBondingVotes} from "../src/bonding/Env.sol";
import {World} from "./World.sol";

contract Votes is IBondingVotes {
    mapping(address => uint256) public bondedAt;
    mapping(address => uint256) public delegatedAt;
    mapping(uint256 => uint256) public totalAt;

    function checkpointBondingState(
        address account,
        uint256,
        uint256 amount,
        address,
        uint256 delegated,
        uint256,
        uint256
    ) external {
        bondedAt[account] = amount;
        delegatedAt[account] = delegated;
    }

    function checkpointTotalActiveStake(uint256 total, uint256 round) external {
        totalAt[round] = total;
    }
}

// LPT in, around and out: every move by its owner or by others, with its
// refusals. The sum over all accounts always lies in Minter.
contract DelegationTest is World {
    address private o1 = address(0x0101);
    address private o2 = address(0x0102);
    address private d1 = address(0x0301);
    address private d2 = address(0x0302);
    address private patron = address(0x0303);

    function setUp() public override {
        super.setUp();
        orchestrator(o1, 100 * LPT, 0, 0);
        orchestrator(o2, 100 * LPT, 0, 0);
        bond(d1, 50 * LPT, o1);
        nextRound();
    }

    function test_C04_bondAndMove() public {
        eq(uint256(bonding.delegatorStatus(d2)), 2, "unbonded");
        give(d2, 10 * LPT);
        vm.expectEmit(true, true, true, true, address(bonding));
        emit IBondingManager.Bond(o1, address(0), d2, 10 * LPT, 10 * LPT);
        vm.prank(d2);
        bonding.bond(10 * LPT, o1);
        eq(uint256(bonding.delegatorStatus(d2)), 0, "pending");
        nextRound();
        eq(uint256(bonding.delegatorStatus(d2)), 1, "bonded");

        vm.startPrank(d2);
        vm.expectEmit(true, true, true, true, address(bonding));
        emit IBondingManager.Bond(o2, o1, d2, 0, 10 * LPT);
        bonding.bond(0, o2);
        eq(bonding.transcoderTotalStake(o1), 150 * LPT, "left");
        eq(bonding.transcoderTotalStake(o2), 110 * LPT, "arrived");
        refuses("delegation amount must be greater than 0");
        bonding.bond(0, o2);
        vm.stopPrank();
        vm.prank(o1);
        refuses("registered transcoders can't delegate towards other addresses");
        bonding.bond(0, o2);
        eq(uint256(bonding.transcoderStatus(o1)), 1, "registered");
        eq(uint256(bonding.transcoderStatus(d2)), 0, "not registered");
    }

    function test_C04_unbondWithdraw() public {
        vm.startPrank(d1);
        refuses("unbond amount must be greater than 0");
        bonding.unbond(0);
        refuses("amount is greater than bonded amount");
        bonding.unbond(50 * LPT + 1);
        vm.expectEmit(true, true, false, true, address(bonding));
        emit IBondingManager.Unbond(o1, d1, 0, 20 * LPT, round() + 7);
        bonding.unbond(20 * LPT);
        ok(bonding.isValidUnbondingLock(d1, 0), "a lock");
        refuses("withdraw round must be before or equal to the current round");
        bonding.withdrawStake(0);
        refuses("invalid unbonding lock ID");
        bonding.withdrawStake(1);
        vm.stopPrank();
        nextRounds(7);
        vm.startPrank(d1);
        uint256 due = round();
        vm.expectEmit(true, false, false, true, address(bonding));
        emit IBondingManager.WithdrawStake(d1, 0, 20 * LPT, due);
        bonding.withdrawStake(0);
        eq(token.balanceOf(d1), 20 * LPT, "paid");
        refuses("invalid unbonding lock ID");
        bonding.withdrawStake(0);
        bonding.unbond(30 * LPT);
        refuses("caller must be bonded");
        bonding.unbond(1);
        vm.stopPrank();
        vm.prank(d2);
        refuses("caller must be bonded");
        bonding.unbond(1);
    }

    function test_C04_pendingCannotUnbond() public {
        bond(d2, LPT, o1);
        vm.prank(d2);
        refuses("caller must be bonded");
        bonding.unbond(1);
    }

    function test_C04_rebond() public {
        vm.startPrank(d1);
        bonding.unbond(20 * LPT);
        refuses("invalid unbonding lock ID");
        bonding.rebond(1);
        refuses("caller must be unbonded");
        bonding.rebondFromUnbonded(o2, 0);
        vm.expectEmit(true, true, false, true, address(bonding));
        emit IBondingManager.Rebond(o1, d1, 0, 20 * LPT);
        bonding.rebond(0);
        eq(bonded(d1), 50 * LPT, "back");
        bonding.unbond(50 * LPT);
        refuses("caller must be bonded");
        bonding.rebond(1);
        bonding.rebondFromUnbonded(o2, 1);
        vm.stopPrank();
        eq(bonding.transcoderTotalStake(o2), 150 * LPT, "with the other now");
        eq(uint256(bonding.delegatorStatus(d1)), 0, "pending");
    }

    function test_C04_transferBond() public {
        vm.prank(d1);
        vm.expectEmit(true, true, false, true, address(bonding));
        emit IBondingManager.TransferBond(d1, d2, 0, 0, 20 * LPT);
        bonding.transferBond(d2, 20 * LPT, address(0), address(0), address(0), address(0));
        eq(bonded(d2), 20 * LPT, "received");
        (, , address delegate, , , , ) = bonding.getDelegator(d2);
        eq(delegate, o1, "inherits the delegate");
        bond(d2, LPT, o1);
        // The claim that comes with it would cost o2 its reward of this round.
        vm.prank(d1);
        refuses("ILLEGAL_CLAIM_EARNINGS");
        bonding.transferBond(o2, 30 * LPT, address(0), address(0), address(0), address(0));
        vm.prank(o2);
        bonding.claimEarnings(0);
        vm.prank(d1);
        bonding.transferBond(o2, 30 * LPT, address(0), address(0), address(0), address(0));
        eq(bonding.transcoderTotalStake(o2), 130 * LPT, "a bonded receiver keeps its own delegate");
        eq(bonding.transcoderTotalStake(o1), 121 * LPT, "gone from here");
        ok(!bonding.isValidUnbondingLock(d1, 0) && !bonding.isValidUnbondingLock(d2, 0), "no lock is left");
    }

    function test_C04_thirdParty() public {
        give(patron, 100 * LPT);
        vm.startPrank(patron);
        refuses("INVALID_DELEGATOR");
        bondFor(0, address(0), o1);
        refuses("INVALID_DELEGATE");
        bondFor(1, d2, d2);
        refuses("INVALID_DELEGATE_CHANGE");
        bondFor(1, d1, o2);
        refuses("ILLEGAL_CLAIM_EARNINGS");
        bondFor(1, d1, o1);
        bondFor(5 * LPT, d2, o1);
        vm.stopPrank();
        eq(bonded(d2), 5 * LPT, "for an unbonded one");
        reward(o1);
        vm.prank(patron);
        bondFor(5 * LPT, d1, o1);
        ok(bonded(d1) > 55 * LPT, "after reward it may");
        nextRound();
        vm.prank(d1);
        bonding.claimEarnings(0);
        vm.prank(patron);
        bondFor(5 * LPT, d1, o1);
        // The migrator of the old layer may do what an owner may.
        put("L2Migrator", patron);
        vm.prank(patron);
        bondFor(0, d2, o2);
        (, , address delegate, , , , ) = bonding.getDelegator(d2);
        eq(delegate, o2, "moved");
    }

    function bondFor(uint256 amount, address owner, address to) private {
        bonding.bondForWithHint(amount, owner, to, address(0), address(0), address(0), address(0));
    }

    // Also by a third party, for an owner without delegate.
    function test_C04_nobodyIsNoDelegate() public {
        give(patron, 100 * LPT);
        vm.startPrank(patron);
        refuses("INVALID_DELEGATE");
        bondFor(1, d2, address(0));
        refuses("INVALID_DELEGATE");
        bonding.bond(1, address(0));
        vm.stopPrank();
        vm.startPrank(d1);
        bonding.unbond(50 * LPT);
        refuses("INVALID_DELEGATE");
        bonding.rebondFromUnbonded(address(0), 0);
        vm.stopPrank();
    }

    function test_C04_inactiveDelegateAllowsThirdParties() public {
        bond(d2, LPT, address(0x999));
        nextRound();
        give(patron, LPT);
        vm.prank(patron);
        bonding.bondForWithHint(LPT, d2, address(0x999), address(0), address(0), address(0), address(0));
        eq(bonded(d2), 2 * LPT, "nothing can be lost by a claim");
    }

    function test_C03_withdrawFees() public {
        fund(vm.addr(0xA11CE), 10 ether, 0);
        pay(0xA11CE, o1, 4 ether);
        vm.startPrank(o1);
        refuses("invalid recipient");
        bonding.withdrawFees(payable(address(0)), 1);
        refuses("insufficient fees to withdraw");
        bonding.withdrawFees(payable(o1), 4 ether + 1);
        vm.expectEmit(true, false, false, true, address(bonding));
        emit IBondingManager.WithdrawFees(o1, address(0x88), 4 ether);
        bonding.withdrawFees(payable(address(0x88)), 4 ether);
        vm.stopPrank();
        eq(address(0x88).balance, 4 ether, "paid");
        eq(address(minter).balance, 6 ether, "the deposit stays");
    }

    function test_C18_termsRefusalsInOrder() public {
        vm.startPrank(d1);
        refuses("invalid rewardCut percentage");
        bonding.transcoder(1000001, 1000001);
        refuses("invalid feeShare percentage");
        bonding.transcoder(0, 1000001);
        refuses("transcoder must be registered");
        bonding.transcoder(0, 0);
        vm.stopPrank();
        lockPhase();
        vm.prank(d1);
        refuses("can't update transcoder params, current round is locked");
        bonding.transcoder(1000001, 1000001);
        nextRound();
        vm.startPrank(o1);
        refuses("caller can't be active or must have already called reward for the current round");
        bonding.transcoder(1, 1);
        bonding.reward();
        vm.expectEmit(true, false, false, true, address(bonding));
        emit IBondingManager.TranscoderUpdate(o1, 1, 2);
        bonding.transcoder(1, 2);
        vm.stopPrank();
        BondingViews.TranscoderInfo memory t = bonding.getTranscoder(o1);
        eq(t.rewardCut + t.feeShare, 3, "stored");
        eq(t.lastRewardRound, round(), "round");
    }

    // D8: with the votes contract registered, every move is reported.
    function test_C04_checkpoints() public {
        Votes votes = new Votes();
        put("BondingVotes", address(votes));
        bond(d2, 10 * LPT, o1);
        eq(votes.bondedAt(d2), 10 * LPT, "delegator");
        eq(votes.delegatedAt(o1), 160 * LPT, "delegate");
        nextRound();
        eq(votes.totalAt(round()), 260 * LPT, "round");
        vm.prank(d2);
        bonding.bond(0, o2);
        eq(votes.delegatedAt(o1), 150 * LPT, "old delegate");
        eq(votes.delegatedAt(o2), 110 * LPT, "new delegate");
        nextRound();
        vm.prank(d2);
        bonding.unbond(10 * LPT);
        eq(votes.bondedAt(d2), 0, "left");
        bonding.checkpointBondingState(d1);
        eq(votes.bondedAt(d1), 50 * LPT, "on request");
        vm.startPrank(d2);
        bonding.rebondFromUnbonded(o1, 0);
        vm.stopPrank();
        eq(votes.delegatedAt(o1), 160 * LPT, "back");
        reward(o1);
        ok(votes.delegatedAt(o1) > 160 * LPT, "reward");
        vm.prank(address(fault));
        bonding.slashTranscoder(o1, address(0), 1000000, 0);
        eq(votes.bondedAt(o1), 0, "slash");
    }
}
