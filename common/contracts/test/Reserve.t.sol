// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBondingManager} from "../src/bonding/IBondingManager.sol";
import {TicketBroker} from "../src/pm/TicketBroker.sol";
import {Tickets} from "../src/pm/Tickets.sol";
import {LiveSizeBroker, OpenPartialBroker} from "./OldRules.sol";
import {World} from "./World.sol";

// The insurance, the time lock and the penalty: what a sender's money is for
// besides the deposit.
contract ReserveTest is World {
    uint256 private constant KEY = 0xA11CE;
    address private sender;
    address private o1 = address(0x0101);
    address private o2 = address(0x0102);
    address private s1 = address(0x0201);
    address private s2 = address(0x0202);

    function setUp() public override {
        super.setUp();
        sender = vm.addr(KEY);
        orchestrator(o1, 100 * LPT, 0, 0);
        orchestrator(o2, 100 * LPT, 0, 0);
        nextRound();
        fund(sender, 0, 10 ether);
    }

    function burst(address who, uint256 face) private {
        pay(KEY, who, face);
    }

    // C10, C11: two newcomers with 1 wei each change nothing in this round.
    function test_C10_joinsDoNotDiluteTheRound() public {
        eq(broker.claimableReserve(sender, o1), 5 ether, "half of it");
        burst(o1, 5 ether);
        bond(s1, 1, s1);
        bond(s2, 1, s2);
        eq(bonding.getTranscoderPoolSize(), 4, "the next set has four");
        eq(bonding.currentRoundActiveSetSize(), 2, "this one has two");
        eq(broker.claimableReserve(sender, o1), 0, "no revert, nothing left");
        eq(broker.claimableReserve(sender, o2), 5 ether, "still half of it");
        burst(o2, 5 ether);
        eq(broker.getReserveInfo(sender).fundsRemaining, 0, "all of it, not more");
    }

    function test_C10_topUpsAreShared() public {
        burst(o1, 9 ether);
        eq(broker.claimedReserve(sender, o1), 5 ether, "capped by the share");
        fund(sender, 0, 4 ether);
        eq(broker.claimableReserve(sender, o1), 2 ether, "half of what came");
        eq(broker.claimableReserve(sender, o2), 7 ether, "half of the whole");
    }

    function test_C10_newRoundDividesTheRest() public {
        burst(o1, 5 ether);
        nextRound();
        eq(broker.claimableReserve(sender, o1), 2.5 ether, "half of the rest");
        eq(broker.claimableReserve(sender, o2), 2.5 ether, "half of the rest");
    }

    // M7, M8: the deployed rule, kept as a witness.
    function test_C10_liveSizeDilutesAndReverts() public {
        useOld(address(new LiveSizeBroker(address(controller))));
        burst(o1, 5 ether);
        bond(s1, 1, s1);
        bond(s2, 1, s2);
        eq(broker.claimableReserve(sender, o2), 2.5 ether, "M7: from 5 to 2.5");
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        broker.claimableReserve(sender, o1);
    }

    // M9: the pool shrinks in mid-round, the shares overlap.
    function test_C10_liveSizeOverlapsWhenMembersLeave() public {
        useOld(address(new LiveSizeBroker(address(controller))));
        vm.prank(o2);
        bonding.unbond(100 * LPT);
        eq(broker.claimableReserve(sender, o1), 10 ether, "everything for one");
        eq(broker.claimableReserve(sender, o2), 10 ether, "and for the other");
    }

    function test_C10_frozenSizeDoesNotOverlap() public {
        vm.prank(o2);
        bonding.unbond(100 * LPT);
        eq(broker.claimableReserve(sender, o1), 5 ether, "half");
        eq(broker.claimableReserve(sender, o2), 5 ether, "half, until the round ends");
        burst(o1, 10 ether);
        eq(broker.claimedReserve(sender, o1), 5 ether, "not a wei of the other half");
    }

    function test_C11_leavingAndComingBackKeepsTheShare() public {
        vm.startPrank(o1);
        bonding.unbond(100 * LPT);
        bonding.rebondFromUnbonded(o1, 0);
        vm.stopPrank();
        ok(bonding.isActiveTranscoder(o1), "still at work in this round");
        eq(broker.claimableReserve(sender, o1), 5 ether, "same share");
        nextRound();
        ok(bonding.isActiveTranscoder(o1), "and in the next");
    }

    function test_C11_firstRoundAfterAnUpgradeUsesTheLivePool() public {
        // As if the storage had been written by the deployed code.
        vm.store(address(bonding), bytes32(uint256(15)), bytes32(0));
        eq(bonding.currentRoundActiveSetSize(), 2, "live size until the first roll-over");
        eq(broker.claimableReserve(sender, o1), 5 ether, "and shares to go on with");
    }

    function test_C11_emptySetHasNoShares() public {
        vm.mockCall(
            address(bonding),
            abi.encodeCall(IBondingManager.currentRoundActiveSetSize, ()),
            abi.encode(uint256(0))
        );
        eq(broker.claimableReserve(sender, o1), 0, "no division by zero");
        vm.clearMockedCalls();
    }

    function test_C13_unlockAndWithdraw() public {
        vm.startPrank(address(0x77));
        refuses("sender deposit and reserve are zero");
        broker.unlock();
        refuses("no unlock request in progress");
        broker.cancelUnlock();
        refuses("sender deposit and reserve are zero");
        broker.withdraw();
        vm.stopPrank();

        vm.startPrank(sender);
        refuses("no unlock request in progress");
        broker.withdraw();
        broker.unlock();
        refuses("unlock already initiated");
        broker.unlock();
        refuses("account is locked");
        broker.withdraw();
        vm.stopPrank();

        nextRound();
        vm.prank(sender);
        refuses("account is locked");
        broker.withdraw();
        nextRound();
        vm.prank(sender);
        broker.withdraw();
        eq(sender.balance, 10 ether, "all of it");
        ok(broker.isUnlockInProgress(sender), "the withdraw round is kept");
    }

    function test_C13_ownMoneyLocksAgainOthersDoesNot() public {
        vm.prank(sender);
        broker.unlock();
        vm.deal(address(this), 10 ether);
        broker.fundDepositAndReserveFor{value: 3 ether}(sender, 1 ether, 2 ether);
        ok(broker.isUnlockInProgress(sender), "a stranger's money changes nothing");
        vm.deal(sender, 3 ether);
        vm.startPrank(sender);
        broker.fundReserve{value: 1 ether}();
        ok(!broker.isUnlockInProgress(sender), "the own money does");
        broker.unlock();
        broker.fundDeposit{value: 1 ether}();
        ok(!broker.isUnlockInProgress(sender), "deposit too");
        broker.unlock();
        broker.fundPenaltyEscrow{value: 1 ether}();
        ok(!broker.isUnlockInProgress(sender), "escrow too");
        broker.unlock();
        broker.cancelUnlock();
        ok(!broker.isUnlockInProgress(sender), "and saying so");
        vm.stopPrank();
    }

    function test_C13_redemptionStopsAtTheWithdrawRound() public {
        vm.prank(sender);
        broker.unlock();
        nextRound();
        burst(o1, 1 ether);
        Tickets.Ticket memory early = ticket(sender, o1, 1 ether);
        bytes memory sig = signTicket(KEY, early);
        nextRound();
        refuses("sender is unlocked");
        redeemAs(o1, early, sig);
    }

    // Random steps against a model of three variables.
    function testFuzz_C13_modelOfTheLock(uint256 seed) public {
        uint256 deposit = 0;
        uint256 due = 0;
        vm.deal(sender, 100 ether);
        for (uint256 i = 0; i < 24; i++) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 step = seed % 5;
            vm.startPrank(sender);
            if (step == 0) {
                broker.fundDeposit{value: 1 ether}();
                (deposit, due) = (deposit + 1 ether, 0);
            } else if (step == 1) {
                bool can = due == 0 && (deposit > 0 || reserveOf() > 0);
                bool done = attempt(abi.encodeCall(broker.unlock, ()));
                ok(done == can, "unlock as modelled");
                if (can) due = round() + 2;
            } else if (step == 2) {
                bool done = attempt(abi.encodeCall(broker.cancelUnlock, ()));
                ok(done == (due > 0), "cancel as modelled");
                if (done) due = 0;
            } else if (step == 3) {
                bool can = due > 0 && round() >= due && (deposit > 0 || reserveOf() > 0);
                bool done = attempt(abi.encodeCall(broker.withdraw, ()));
                ok(done == can, "withdraw as modelled");
                if (can) deposit = 0;
            }
            vm.stopPrank();
            if (step == 4) nextRound();
            (TicketBroker.Sender memory s, ) = broker.getSenderInfo(sender);
            eq(s.deposit, deposit, "deposit");
            eq(s.withdrawRound, due, "withdraw round");
        }
    }

    function reserveOf() private view returns (uint256) {
        return broker.getReserveInfo(sender).fundsRemaining;
    }

    function attempt(bytes memory data) private returns (bool done) {
        (done, ) = address(broker).call(data);
    }

    function test_C14_setters() public {
        refuses("unlockPeriod must be >= ticketValidityPeriod");
        broker.setUnlockPeriod(1);
        refuses("unlockPeriod must be >= ticketValidityPeriod");
        broker.setTicketValidityPeriod(3);
        refuses("ticketValidityPeriod must be greater than 0");
        broker.setTicketValidityPeriod(0);
        broker.setUnlockPeriod(3);
        broker.setTicketValidityPeriod(3);
        vm.startPrank(o1);
        refuses("caller must be Controller owner");
        broker.setUnlockPeriod(3);
        refuses("caller must be Controller owner");
        broker.setTicketValidityPeriod(3);
        refuses("caller must be Controller owner");
        broker.setPenaltyRate(3);
        vm.stopPrank();
    }

    function test_C13_fundingSumsAndEvents() public {
        vm.deal(address(this), 5 ether);
        refuses("msg.value does not equal sum of deposit amount and reserve amount");
        broker.fundDepositAndReserve{value: 1 ether}(1 ether, 1);
        vm.expectEmit(true, false, false, true, address(broker));
        emit ReserveFunded(address(this), 0);
        broker.fundDepositAndReserve{value: 1 ether}(1 ether, 0);
    }

    // Same name and fields as the broker's: only the topics are compared.
    event ReserveFunded(address indexed reserveHolder, uint256 amount);

    function test_C38_penaltyIsBurnedForActiveRecipientsOnly() public {
        broker.setPenaltyRate(1000000);
        escrow(3 ether);
        burst(o1, 7 ether);
        eq(broker.penaltyEscrow(sender), 1 ether, "shortfall of two taken");
        eq(BURN.balance, 2 ether, "and burned");
        near(fees(o1), 5 ether, 1, "the recipient gets nothing of it");

        bond(s1, 1, s1);
        burst(s1, 1 ether);
        eq(BURN.balance, 2 ether, "an inactive recipient causes none");
        burst(o2, 25 ether);
        eq(broker.penaltyEscrow(sender), 0, "capped by what is there");
        eq(BURN.balance, 3 ether, "all burned");
    }

    function testFuzz_C38_amounts(uint256 rate, uint96 face, uint96 inEscrow) public {
        rate = within(rate, 0, 1000000);
        uint256 held = within(inEscrow, 0, 5 ether);
        uint256 amount = within(face, 1, 30 ether);
        broker.setPenaltyRate(rate);
        escrow(held);
        burst(o1, amount);
        uint256 shortfall = amount > 5 ether ? amount - 5 ether : 0;
        uint256 due = (shortfall * rate) / 1000000;
        if (due > held) due = held;
        eq(BURN.balance, due, "burned");
        eq(broker.penaltyEscrow(sender), held - due, "left");
        // What the sender's own Sybil can get back is what was paid, never more.
        near(fees(o1) + shortfall, amount, 2, "paid plus shortfall is the face value");
    }

    function test_C38_rateZeroIsInert() public {
        escrow(3 ether);
        burst(o1, 9 ether);
        eq(broker.penaltyEscrow(sender), 3 ether, "untouched");
        refuses("invalid penalty rate");
        broker.setPenaltyRate(1000001);
    }

    function test_C38_withdrawReturnsTheEscrow() public {
        escrow(3 ether);
        vm.prank(sender);
        broker.unlock();
        nextRounds(2);
        vm.prank(sender);
        broker.withdraw();
        eq(sender.balance, 13 ether, "reserve and escrow");
        eq(broker.penaltyEscrow(sender), 0, "books empty");
    }

    function test_C38_escrowAloneCountsAsFunds() public {
        broker.setPenaltyRate(1000000);
        escrow(2 ether);
        burst(o1, 5 ether);
        burst(o2, 5 ether);
        burst(o1, 1 ether);
        eq(broker.penaltyEscrow(sender), 1 ether, "an emptied sender still pays the penalty");
    }

    function escrow(uint256 amount) private {
        vm.deal(sender, amount);
        vm.prank(sender);
        broker.fundPenaltyEscrow{value: amount}();
    }

    // M14 on the deployed rule: once a rand is public the sender knows the
    // recipient's other winner, drains its deposit to an orchestrator of its
    // own and burns that winner for one wei.
    function test_C40_forcedBurnWorksOnTheOldRule() public {
        useOld(address(new OpenPartialBroker(address(controller))));
        (Tickets.Ticket memory b, bytes memory sig, address cheat) = drained();
        vm.prank(cheat);
        broker.redeemWinningTicket(b, sig, RAND);
        fund(cheat, 3 ether, 0);
        refuses("ticket is used");
        redeemAs(o1, b, sig);
        near(fees(o1), 1 ether, 2, "o1 earned four and has one");
    }

    function test_C40_forcedBurnIsRefused() public {
        (Tickets.Ticket memory b, bytes memory sig, address cheat) = drained();
        vm.prank(cheat);
        refuses("PARTIAL_REDEMPTION");
        broker.redeemWinningTicket(b, sig, RAND);
        refuses("PARTIAL_REDEMPTION");
        broker.redeemWinningTicket(b, sig, RAND);

        fund(cheat, 3 ether, 0);
        broker.redeemWinningTicket(b, sig, RAND);
        near(fees(o1), 4 ether, 2, "paid in full later, by anybody's hand");
    }

    function drained() private returns (Tickets.Ticket memory b, bytes memory sig, address cheat) {
        uint256 key = 0xBAD;
        cheat = vm.addr(key);
        fund(cheat, 7 ether, 0);
        b = ticket(cheat, o1, 3 ether);
        sig = signTicket(key, b);
        pay(key, o1, 1 ether);
        pay(key, o2, 6 ether - 1);
    }

    function test_C40_recipientMayTakeLess() public {
        burst(o1, 9 ether);
        near(fees(o1), 5 ether, 1, "its share of the reserve");
    }

    function test_C40_receiptSignerMayTakeLess() public {
        address helper = address(0x0301);
        vm.prank(o1);
        registry.setReceiptSigner(helper);
        Tickets.Ticket memory t = ticket(sender, o1, 9 ether);
        bytes memory sig = signTicket(KEY, t);
        refuses("PARTIAL_REDEMPTION");
        redeemAs(helper, t, sig);
        nextRound();
        redeemAs(helper, t, sig);
        near(fees(o1), 5 ether, 1, "the signer of this round may");
    }

    function test_C40_batchKeepsItsCaller() public {
        Tickets.Ticket[] memory list = new Tickets.Ticket[](1);
        list[0] = ticket(sender, o1, 9 ether);
        bytes[] memory sigs = new bytes[](1);
        sigs[0] = signTicket(KEY, list[0]);
        uint256[] memory rands = new uint256[](1);
        rands[0] = RAND;
        broker.batchRedeemWinningTickets(list, sigs, rands);
        ok(!broker.usedTickets(broker.getTicketHash(list[0])), "a stranger's batch burns nothing");
        vm.prank(o1);
        broker.batchRedeemWinningTickets(list, sigs, rands);
        near(fees(o1), 5 ether, 1, "the recipient's own batch does");
    }

    function testFuzz_C40_strangersNeverBurn(uint96 face, address caller) public {
        vm.assume(caller != o1 && caller != address(vm) && caller.code.length == 0);
        Tickets.Ticket memory t = ticket(sender, o1, within(face, 1, 30 ether));
        bytes memory sig = signTicket(KEY, t);
        vm.prank(caller);
        try broker.redeemWinningTicket(t, sig, RAND) {
            near(fees(o1), t.faceValue, 2, "taken only in full");
        } catch {
            ok(!broker.usedTickets(broker.getTicketHash(t)), "or not consumed");
        }
    }

    function useOld(address target) private {
        put("TicketBrokerTarget", target);
    }
}
