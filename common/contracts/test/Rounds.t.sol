// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {World} from "./World.sol";
import {Tickets} from "../src/pm/Tickets.sol";
import {Receipts} from "../src/fault/Receipts.sol";
import {RoundsManager} from "../src/rounds/RoundsManager.sol";

// The clock, and the two switches that stop everything: pause and a round that
// nobody has begun.
contract RoundsTest is World {
    function testFuzz_C22_noJumpOnNewLength(uint16 blocks, uint16 length) public {
        vm.roll(block.number + within(blocks, 0, 5000));
        uint256 before = round();
        uint256 start = clock.currentRoundStartBlock();
        uint256 next = within(length, 1, 5000);
        clock.setRoundLength(next);
        // A shorter round may be over at once, but never one that was before.
        ok(round() >= before, "never back");
        eq(clock.lastRoundLengthUpdateRound(), before, "anchored in this round");
        eq(clock.lastRoundLengthUpdateStartBlock(), start, "at its first block");
        eq(round(), before + (block.number - start) / next, "counted on from there");
    }

    function test_C22_firstLengthAnchorsWithItself() public {
        RoundsManager fresh = new RoundsManager(address(controller));
        vm.roll(1234);
        fresh.setRoundLength(100);
        eq(fresh.currentRound(), 12, "blocks since the beginning");
        eq(fresh.currentRoundStartBlock(), 1200, "start");
        eq(fresh.lastRoundLengthUpdateRound(), 12, "anchor");
    }

    function test_C22_initOnceAndSkippedRoundsHaveNoHash() public {
        refuses("round already initialized");
        clock.initializeRound();
        skipRound();
        uint256 skipped = round();
        ok(!clock.currentRoundInitialized(), "waits");
        nextRound();
        ok(clock.currentRoundInitialized(), "begun");
        eq(clock.blockHashForRound(skipped), bytes32(0), "none");
        eq(clock.blockHashForRound(round()), blockhash(block.number - 1), "of the block before");
        eq(clock.lastInitializedRound(), round(), "last");
    }

    function test_C22_roundZeroCannotBegin() public {
        RoundsManager fresh = new RoundsManager(address(controller));
        fresh.setRoundLength(1_000_000);
        refuses("round already initialized");
        fresh.initializeRound();
    }

    function testFuzz_C22_lockWindow(uint256 length, uint256 amount, uint256 at) public {
        length = within(length, 1, 10000);
        amount = within(amount, 0, 1000000);
        clock.setRoundLength(length);
        clock.setRoundLockAmount(amount);
        at = within(at, 0, length - 1);
        skipRound();
        vm.roll(clock.currentRoundStartBlock() + at);
        ok(clock.currentRoundLocked() == (at >= length - (length * amount) / 1000000), "exact block");
    }

    function test_C22_setters() public {
        refuses("round length cannot be 0");
        clock.setRoundLength(0);
        refuses("round lock amount must be a valid percentage");
        clock.setRoundLockAmount(1000001);
        clock.setLIPUpgradeRound(73, 9);
        eq(clock.lipUpgradeRound(73), 9, "set");
        refuses("LIP upgrade round already set");
        clock.setLIPUpgradeRound(73, 10);
        vm.startPrank(address(1));
        refuses("caller must be Controller owner");
        clock.setRoundLength(1);
        refuses("caller must be Controller owner");
        clock.setRoundLockAmount(1);
        refuses("caller must be Controller owner");
        clock.setLIPUpgradeRound(1, 1);
        vm.stopPrank();
    }

    function test_C22_blockHash() public {
        vm.roll(1000);
        refuses("can only retrieve past block hashes");
        clock.blockHash(1000);
        refuses("can only retrieve hashes for last 256 blocks");
        clock.blockHash(743);
        eq(clock.blockHash(744), blockhash(744), "the oldest one");
        eq(clock.blockNum(), 1000, "number");
    }

    function calls() private view returns (Call[] memory list) {
        Tickets.Ticket memory t;
        Receipts.Receipt memory r;
        uint256[] memory none = new uint256[](0);
        address b = address(bonding);
        address k = address(broker);
        list = new Call[](35);
        uint256 n = 0;
        list[n++] = Call(b, true, abi.encodeCall(bonding.bond, (1, b)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.bondWithHint, (1, b, b, b, b, b)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.bondForWithHint, (1, b, b, b, b, b, b)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.unbond, (1)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.unbondWithHint, (1, b, b)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.rebond, (1)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.rebondWithHint, (1, b, b)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.rebondFromUnbonded, (b, 1)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.rebondFromUnbondedWithHint, (b, 1, b, b)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.transferBond, (b, 1, b, b, b, b)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.withdrawStake, (1)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.withdrawFees, (payable(b), 1)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.claimEarnings, (1)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.transcoder, (1, 1)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.transcoderWithHint, (1, 1, b, b)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.reward, ()));
        list[n++] = Call(b, true, abi.encodeCall(bonding.rewardWithHint, (b, b)));
        list[n++] = Call(b, true, abi.encodeCall(bonding.evictBelowMinStake, (b)));
        list[n++] = Call(k, true, abi.encodeCall(broker.redeemWinningTicket, (t, "", 1)));
        list[n++] = Call(
            k,
            true,
            abi.encodeCall(broker.batchRedeemWinningTickets, (new Tickets.Ticket[](0), new bytes[](0), none))
        );
        list[n++] = Call(k, true, abi.encodeCall(broker.migrateLegacyDeposit, ()));
        list[n++] = Call(
            address(fault),
            true,
            abi.encodeCall(fault.challenge, (r, "", 0, new bytes32[](0), new bytes32[](0), ""))
        );
        list[n++] = Call(address(fault), true, abi.encodeCall(fault.executeSlash, (0, none)));
        list[n++] = Call(address(fault), true, abi.encodeCall(fault.proveEquivocation, (r, "", r, "")));
        list[n++] = Call(b, false, abi.encodeCall(bonding.updateTranscoderWithFees, (b, 1, 1)));
        list[n++] = Call(k, false, abi.encodeCall(broker.fundDeposit, ()));
        list[n++] = Call(k, false, abi.encodeCall(broker.fundReserve, ()));
        list[n++] = Call(k, false, abi.encodeCall(broker.fundDepositAndReserve, (0, 0)));
        list[n++] = Call(k, false, abi.encodeCall(broker.fundDepositAndReserveFor, (b, 0, 0)));
        list[n++] = Call(k, false, abi.encodeCall(broker.fundPenaltyEscrow, ()));
        list[n++] = Call(k, false, abi.encodeCall(broker.unlock, ()));
        list[n++] = Call(k, false, abi.encodeCall(broker.cancelUnlock, ()));
        list[n++] = Call(k, false, abi.encodeCall(broker.withdraw, ()));
        list[n++] = Call(address(clock), false, abi.encodeCall(clock.initializeRound, ()));
        list[n++] = Call(
            address(minter),
            false,
            abi.encodeCall(minter.trustedWithdrawETH, (payable(b), 1))
        );
        eq(n, list.length, "table is full");
    }

    struct Call {
        address to;
        bool needsRound;
        bytes data;
    }

    function answer(Call memory c) private returns (bytes32) {
        (bool done, bytes memory data) = c.to.call(c.data);
        return done ? bytes32(0) : keccak256(data);
    }

    function test_C23_pauseStopsAllOfThese() public {
        controller.pause();
        bytes32 paused = keccak256(abi.encodeWithSignature("Error(string)", "system is paused"));
        Call[] memory list = calls();
        for (uint256 i = 0; i < list.length; i++) eq(answer(list[i]), paused, "paused");
    }

    function test_C23_anUnbegunRoundStopsItsOwn() public {
        skipRound();
        bytes32 idle = keccak256(
            abi.encodeWithSignature("Error(string)", "current round is not initialized")
        );
        Call[] memory list = calls();
        for (uint256 i = 0; i < list.length; i++) {
            ok((answer(list[i]) == idle) == list[i].needsRound, "exactly those that need the round");
        }
    }

    function test_C23_guardedMinterAndSlash() public {
        controller.pause();
        vm.startPrank(address(bonding));
        refuses("system is paused");
        minter.createReward(1, 1);
        refuses("system is paused");
        minter.trustedTransferTokens(address(1), 1);
        refuses("system is paused");
        minter.trustedBurnTokens(1);
        vm.stopPrank();
        vm.prank(address(clock));
        refuses("system is paused");
        minter.setCurrentRewardTokens();
        vm.startPrank(address(fault));
        refuses("system is paused");
        bonding.slashTranscoder(address(1), address(1), 1, 1);
        refuses("system is paused");
        bonding.slashTranscoderWithLocks(address(1), address(1), 1, 1, new uint256[](0));
        vm.stopPrank();
    }

    function test_C23_pauseStopsNothingElse() public {
        controller.pause();
        registry.setServiceURI("https://127.0.0.1:8935");
        registry.setServices(new bytes32[](0), new address[](0));
        registry.setLocations(new bytes32[](0));
        registry.setReceiptSigner(address(1));
        bonding.setUnbondingPeriod(8);
        broker.setUnlockPeriod(3);
        clock.setRoundLockAmount(1);
        fault.setChallenger(address(1), true);
        bonding.checkpointBondingState(address(1));
        vm.prank(address(clock));
        bonding.setCurrentRoundTotalActiveStake();
        vm.deal(address(broker), 1 ether);
        vm.prank(address(broker));
        ok(minter.depositETH{value: 1 ether}(), "depositETH works");
        eq(address(minter).balance, 1 ether, "and is kept");
    }

    function test_C23_minterGuards() public {
        refuses("msg.sender not BondingManager");
        minter.createReward(1, 1);
        refuses("msg.sender not BondingManager");
        minter.trustedTransferTokens(address(1), 1);
        refuses("msg.sender not BondingManager");
        minter.trustedBurnTokens(1);
        refuses("msg.sender not RoundsManager");
        minter.setCurrentRewardTokens();
        refuses("msg.sender not BondingManager or JobsManager");
        minter.trustedWithdrawETH(payable(address(1)), 1);
        refuses("msg.sender not Minter or JobsManager");
        minter.depositETH();
        refuses("caller must be RoundsManager");
        bonding.setCurrentRoundTotalActiveStake();
        refuses("caller must be TicketBroker");
        bonding.updateTranscoderWithFees(address(1), 1, 1);
        refuses("caller must be Verifier");
        bonding.slashTranscoder(address(1), address(1), 1, 1);
        refuses("caller must be Verifier");
        bonding.slashTranscoderWithLocks(address(1), address(1), 1, 1, new uint256[](0));
    }

    function test_C23_ownerGuards() public {
        vm.startPrank(address(1));
        refuses("caller must be Controller owner");
        bonding.setUnbondingPeriod(1);
        refuses("caller must be Controller owner");
        bonding.setNumActiveTranscoders(100);
        refuses("caller must be Controller owner");
        bonding.setTreasuryRewardCutRate(1);
        refuses("caller must be Controller owner");
        bonding.setTreasuryBalanceCeiling(1);
        refuses("caller must be Controller owner");
        bonding.setJailPeriod(1);
        refuses("caller must be Controller owner");
        bonding.setDelegatorSlashRate(1);
        refuses("caller must be Controller owner");
        minter.setInflationChange(1);
        refuses("caller must be Controller owner");
        minter.setTargetBondingRate(1);
        refuses("caller must be Controller owner");
        minter.migrateToNewMinter(minter);
        refuses("caller must be Controller owner");
        fault.approveVerifier(address(1), 1);
        refuses("caller must be Controller owner");
        fault.setSlashParams(1, 1, 1);
        refuses("caller must be Controller owner");
        fault.setChallengeParams(1, 1, 1);
        vm.stopPrank();
    }

    // The receiver's hook gets 2300 gas and cannot spend more.
    function test_C23_costlyReceiverIsRefused() public {
        vm.deal(address(minter), 1 ether);
        Greedy greedy = new Greedy();
        vm.prank(address(bonding));
        refuses("ETH transfer failed");
        minter.trustedWithdrawETH(payable(address(greedy)), 1);
    }
}

contract Greedy {
    uint256 private count;

    receive() external payable {
        count++;
    }
}
