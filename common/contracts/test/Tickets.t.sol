// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TicketBroker} from "../src/pm/TicketBroker.sol";
import {Tickets} from "../src/pm/Tickets.sol";
import {Vm} from "./Base.sol";
import {World} from "./World.sol";

// What the broker pays, and every sentence with which it refuses.
contract TicketsTest is World {
    uint256 private constant SENDER_KEY = 0xA11CE;
    address private sender;
    address private o1 = address(0x0101);
    address private o2 = address(0x0102);

    function setUp() public override {
        super.setUp();
        sender = vm.addr(SENDER_KEY);
        orchestrator(o1, 100 * LPT, 0, 500000);
        orchestrator(o2, 100 * LPT, 0, 500000);
        nextRound();
        fund(sender, 10 ether, 4 ether);
    }

    function made(uint256 face) private returns (Tickets.Ticket memory t, bytes memory sig) {
        t = ticket(sender, o1, face);
        sig = signTicket(SENDER_KEY, t);
    }

    function test_C02_goldenTicket() public view {
        Tickets.Ticket memory t;
        t.recipient = 0x70997970C51812dc3A010C7d01b50e0d17dc79C8;
        t.sender = 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266;
        t.faceValue = 1000000000000000;
        t.winProb = type(uint256).max >> 8;
        t.senderNonce = 3;
        t.recipientRandHash = keccak256(abi.encodePacked(uint256(0x1234)));
        t.auxData = abi.encode(
            uint256(12),
            bytes32(0x20b53acf0daefc8c6ad68c861fb3b543ca541abd101abc1edfcbf6606b838ef4)
        );
        eq(
            t.recipientRandHash,
            0xe321d900f3fd366734e2d071e30949ded20c27fd638f1a059390091c643b62c5,
            "hash of the rand"
        );
        eq(
            broker.getTicketHash(t),
            0x53eec7a59cdcb1e51bb8f1ed7ea7f58086e1c273efec7a39e245bd6c42c35d70,
            "ticket hash"
        );
        bytes
            memory sig = hex"d0a0c28266f898393aabc75257e3c4aa0137c8994ebbc2380f3f98f86fbb720d2b8edec46704a5cba8a548a778dda3a057cd54cba1c9b7cdad025172cbbe4a0f1c";
        uint256 devKey = 0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80;
        eq(keccak256(signTicket(devKey, t)), keccak256(sig), "signature of the first dev account");
        eq(
            keccak256(abi.encodePacked(sig, uint256(0x1234))),
            0x3380094bd30be202cfba4f9d33d70317c7f538348eb3cf51a78b8f262b52eb52,
            "the win test's number"
        );
        bytes memory data = abi.encodeCall(TicketBroker.redeemWinningTicket, (t, sig, 0x1234));
        eq(data.length, 548, "calldata length");
        eq(
            keccak256(data),
            0xc37c7734b6a879bf5fc26328a34c5eba5ebbc5d7e3598090a0aad53991724362,
            "calldata"
        );
    }

    function test_C05_ticketIsUsedOnce() public {
        (Tickets.Ticket memory t, bytes memory sig) = made(1 ether);
        redeemAs(o1, t, sig);
        refuses("ticket is used");
        redeemAs(o1, t, sig);
    }

    function test_C05_twiceInOneBatchAndAcrossBatches() public {
        (Tickets.Ticket memory t, bytes memory sig) = made(1 ether);
        (Tickets.Ticket memory other, bytes memory otherSig) = made(2 ether);
        Tickets.Ticket[] memory list = new Tickets.Ticket[](3);
        (list[0], list[1], list[2]) = (t, t, other);
        bytes[] memory sigs = new bytes[](3);
        (sigs[0], sigs[1], sigs[2]) = (sig, sig, otherSig);
        uint256[] memory rands = new uint256[](3);
        (rands[0], rands[1], rands[2]) = (RAND, RAND, RAND);

        broker.batchRedeemWinningTickets(list, sigs, rands);
        eq(fees(o1), 3 ether, "each winner counts once");
        broker.batchRedeemWinningTickets(list, sigs, rands);
        eq(fees(o1), 3 ether, "a second batch adds nothing");
        refuses("ticket is used");
        redeemAs(o1, t, sig);
    }

    function test_C05_usedSurvivesAnUpgrade() public {
        (Tickets.Ticket memory t, bytes memory sig) = made(1 ether);
        redeemAs(o1, t, sig);
        put("TicketBrokerTarget", address(new TicketBroker(address(controller))));
        refuses("ticket is used");
        redeemAs(o1, t, sig);
    }

    function testFuzz_C05_totalsCountOnce(uint8 copies, uint96 face) public {
        uint256 amount = within(face, 1, 1 ether);
        (Tickets.Ticket memory t, bytes memory sig) = made(amount);
        uint256 n = within(copies, 1, 6);
        Tickets.Ticket[] memory list = new Tickets.Ticket[](n);
        bytes[] memory sigs = new bytes[](n);
        uint256[] memory rands = new uint256[](n);
        for (uint256 i = 0; i < n; i++) (list[i], sigs[i], rands[i]) = (t, sig, RAND);
        broker.batchRedeemWinningTickets(list, sigs, rands);
        near(fees(o1), amount, 2, "paid once");
    }

    function test_C05_batchLengths() public {
        (Tickets.Ticket memory t, bytes memory sig) = made(1 ether);
        Tickets.Ticket[] memory list = new Tickets.Ticket[](1);
        list[0] = t;
        bytes[] memory sigs = new bytes[](1);
        sigs[0] = sig;
        refuses("ARRAY_LENGTH_MISMATCH");
        broker.batchRedeemWinningTickets(list, sigs, new uint256[](0));
        refuses("ARRAY_LENGTH_MISMATCH");
        broker.batchRedeemWinningTickets(list, new bytes[](0), new uint256[](1));
    }

    function test_C05_batchDoorIsForTheBrokerOnly() public {
        (Tickets.Ticket memory t, bytes memory sig) = made(1 ether);
        refuses("caller must be TicketBroker");
        broker.redeemFromBatch(t, sig, RAND, o1);
    }

    // Any one bit of ticket, signature or rand.
    function testFuzz_C06_oneBitBreaksIt(uint256 bit) public {
        (Tickets.Ticket memory t, bytes memory sig) = made(1 ether);
        uint256 rand = RAND;
        uint256 field = within(bit >> 16, 0, 8);
        uint256 b = bit & 0xffff;
        if (field == 0) t.recipient = address(uint160(t.recipient) ^ uint160(1 << (b % 160)));
        if (field == 1) t.sender = address(uint160(t.sender) ^ uint160(1 << (b % 160)));
        if (field == 2) t.faceValue ^= 1 << (b % 256);
        if (field == 3) t.winProb ^= 1 << (b % 256);
        if (field == 4) t.senderNonce ^= 1 << (b % 256);
        if (field == 5) t.recipientRandHash ^= bytes32(1 << (b % 256));
        if (field == 6) t.auxData[b % 64] ^= bytes1(uint8(1 << ((b >> 8) % 8)));
        if (field == 7) sig[b % 65] ^= bytes1(uint8(1 << ((b >> 8) % 8)));
        if (field == 8) rand ^= 1 << (b % 256);
        vm.prank(o1);
        try broker.redeemWinningTicket(t, sig, rand) {
            revert("a changed bit was accepted");
        } catch {}
        eq(fees(o1), 0, "nothing was paid");
    }

    function test_C07_signatureForms() public {
        (Tickets.Ticket memory t, bytes memory sig) = made(1 ether);
        (bytes32 r, bytes32 s, uint8 v) = parts(sig);

        refuses("INVALID_SIGNATURE_LENGTH");
        redeemAs(o1, t, abi.encodePacked(r, s));
        refuses("INVALID_SIGNATURE_LENGTH");
        redeemAs(o1, t, abi.encodePacked(sig, uint8(0)));
        refuses("ECDSA: invalid signature");
        redeemAs(o1, t, abi.encodePacked(r, s, uint8(v - 27)));
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        refuses("ECDSA: invalid signature 's' value");
        redeemAs(o1, t, abi.encodePacked(r, bytes32(order - uint256(s)), uint8(v == 27 ? 28 : 27)));
        bytes memory forged = signTicket(0xB0B, t);
        refuses("invalid signature over ticket hash");
        redeemAs(o1, t, forged);
        redeemAs(o1, t, sig);
        near(fees(o1), 1 ether, 1, "and the right one is paid");
    }

    function test_C08_boundaries() public {
        (Tickets.Ticket memory t, bytes memory sig) = made(1 ether);
        t.winProb = 0;
        sig = signTicket(SENDER_KEY, t);
        refuses("ticket did not win");
        redeemAs(o1, t, sig);
        t.winProb = 1;
        sig = signTicket(SENDER_KEY, t);
        refuses("ticket did not win");
        redeemAs(o1, t, sig);
        t.winProb = type(uint256).max;
        redeemAs(o1, t, signTicket(SENDER_KEY, t));
        near(fees(o1), 1 ether, 1, "the largest probability wins");
    }

    // The rule is strict: the number itself does not win, one more does. It
    // depends on the signature, so the signer is mocked to stay the same.
    function testFuzz_C08_strict(uint256 rand, bytes32 noise) public {
        TicketRule rule = new TicketRule();
        bytes memory sig = abi.encodePacked(noise, noise, uint8(27));
        uint256 number = uint256(keccak256(abi.encodePacked(sig, rand)));
        vm.assume(number < type(uint256).max);
        Tickets.Ticket memory t;
        t.winProb = number;
        ok(!rule.wins(t, sig, rand), "equal does not win");
        t.winProb = number + 1;
        ok(rule.wins(t, sig, rand), "one above wins");
    }

    // 20000 tickets at 1/16: mean 1250, sigma sqrt(20000 * 15 / 256) = 34.2.
    function test_C08_winRate() public {
        TicketRule rule = new TicketRule();
        uint256 won = rule.count(20000, type(uint256).max / 16);
        near(won, 1250, 137, "within four sigma");
    }

    function testFuzz_C09_depositFirstThenReserve(uint96 face) public {
        uint256 amount = within(face, 1, 20 ether);
        pay(SENDER_KEY, o1, amount);
        uint256 fromDeposit = amount < 10 ether ? amount : 10 ether;
        uint256 rest = amount - fromDeposit;
        // Two members share a reserve of four.
        uint256 fromReserve = rest < 2 ether ? rest : 2 ether;
        (TicketBroker.Sender memory s, TicketBroker.ReserveInfo memory r) = broker.getSenderInfo(sender);
        eq(s.deposit, 10 ether - fromDeposit, "deposit");
        eq(r.fundsRemaining, 4 ether - fromReserve, "reserve");
        eq(r.claimedInCurrentRound, fromReserve, "claimed");
        eq(broker.claimedReserve(sender, o1), fromReserve, "claimed by this one");
        near(fees(o1), fromDeposit + fromReserve, 2, "never more than the face value");
    }

    function test_C12_inactiveIsPaidFromTheDepositOnly() public {
        address verifier = address(0x0199);
        bond(verifier, 1, verifier);
        eq(broker.claimableReserve(sender, verifier), 0, "no share of the reserve");
        pay(SENDER_KEY, verifier, 3 ether);
        // The next one exceeds the deposit: only the verifier may accept less.
        pay(SENDER_KEY, verifier, 8 ether);
        eq(fees(verifier), 0, "nothing in the round of its own bond");
        nextRound();
        eq(fees(verifier), 10 ether, "then the whole fees, to itself, from the deposit");
        eq(broker.getReserveInfo(sender).fundsRemaining, 4 ether, "reserve");
    }

    function test_C12_strangersCannotBePaid() public {
        address nobody = address(0x0198);
        Tickets.Ticket memory t = ticket(sender, nobody, 1 ether);
        bytes memory sig = signTicket(SENDER_KEY, t);
        refuses("transcoder must be registered");
        redeemAs(nobody, t, sig);
    }

    // Each refusal in its order: every step mends the fault named before it.
    function test_C15_refusalsInOrder() public {
        Tickets.Ticket memory t;
        t.winProb = 0;
        t.auxData = new bytes(63);
        bytes memory sig = new bytes(64);

        controller.pause();
        skipRound();
        expect(t, sig, 1, "system is paused");
        controller.unpause();
        expect(t, sig, 1, "current round is not initialized");
        nextRound();
        expect(t, sig, 1, "ticket recipient is null address");
        t.recipient = o1;
        expect(t, sig, 1, "ticket sender is null address");
        t.sender = sender;
        expect(t, sig, 1, "invalid length for ticket auxData: must be 64 bytes");
        t.auxData = abi.encode(round() + 1, bytes32(0));
        expect(t, sig, 1, "ticket creationRound does not have a block hash");
        t.auxData = abi.encode(round() - 1, bytes32(0));
        expect(t, sig, 1, "ticket creationRound does not have a block hash");
        t.auxData = abi.encode(uint256(1), bytes32(uint256(1)));
        expect(t, sig, 1, "ticket creationRoundBlockHash invalid for creationRound");
        t.auxData = abi.encode(uint256(1), clock.blockHashForRound(1));
        expect(t, sig, 1, "ticket is expired");
        t.auxData = abi.encode(round(), clock.blockHashForRound(round()));
        expect(t, sig, 1, "recipientRand does not match recipientRandHash");
        t.recipientRandHash = keccak256(abi.encodePacked(RAND));
        expect(t, sig, RAND, "INVALID_SIGNATURE_LENGTH");
        sig = new bytes(65);
        expect(t, sig, RAND, "ECDSA: invalid signature");
        sig = signTicket(0xB0B, t);
        expect(t, sig, RAND, "invalid signature over ticket hash");
        sig = signTicket(SENDER_KEY, t);
        expect(t, sig, RAND, "ticket did not win");
        t.winProb = ALWAYS;
        t.faceValue = 15 ether;
        sig = signTicket(SENDER_KEY, t);

        vm.prank(sender);
        broker.unlock();
        nextRounds(2);
        t.auxData = abi.encode(round(), clock.blockHashForRound(round()));
        sig = signTicket(SENDER_KEY, t);
        expect(t, sig, RAND, "sender is unlocked");
        vm.startPrank(sender);
        broker.withdraw();
        vm.stopPrank();
        expect(t, sig, RAND, "sender is unlocked");
        vm.deal(sender, 1);
        vm.startPrank(sender);
        broker.fundDeposit{value: 1}();
        vm.stopPrank();
        refuses("PARTIAL_REDEMPTION");
        broker.redeemWinningTicket(t, sig, RAND);
        redeemAs(o1, t, sig);
        expect(t, sig, RAND, "ticket is used");

        Tickets.Ticket memory next = ticket(sender, o1, 1);
        expect(next, signTicket(SENDER_KEY, next), RAND, "sender deposit and reserve are zero");
    }

    function expect(Tickets.Ticket memory t, bytes memory sig, uint256 rand, string memory reason) private {
        refuses(reason);
        broker.redeemWinningTicket(t, sig, rand);
    }

    function test_C15_skippedRoundHasNoTickets() public {
        skipRound();
        uint256 skipped = round();
        nextRound();
        Tickets.Ticket memory t = ticketOf(sender, o1, 1 ether, skipped);
        expect(t, signTicket(SENDER_KEY, t), RAND, "ticket creationRound does not have a block hash");
    }

    function test_C15_redeemedEventCarriesTheFaceValue() public {
        (Tickets.Ticket memory t, bytes memory sig) = made(13 ether);
        vm.recordLogs();
        redeemAs(o1, t, sig);
        bytes32 transfer = keccak256("WinningTicketTransfer(address,address,uint256)");
        bytes32 redeemed = keccak256(
            "WinningTicketRedeemed(address,address,uint256,uint256,uint256,uint256,bytes)"
        );
        uint256 seen = 0;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] == transfer) {
                eq(abi.decode(logs[i].data, (uint256)), 12 ether, "what was paid");
                seen++;
            }
            if (logs[i].topics[0] == redeemed) {
                (uint256 face, , , , ) = abi.decode(logs[i].data, (uint256, uint256, uint256, uint256, bytes));
                eq(face, 13 ether, "what was written on it");
                seen++;
            }
        }
        eq(seen, 2, "both events");
    }

    function parts(bytes memory sig) private pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly ("memory-safe") {
            r := mload(add(sig, 32))
            s := mload(add(sig, 64))
            v := byte(0, mload(add(sig, 96)))
        }
    }
}

// The library's rule with calldata arguments.
contract TicketRule {
    function wins(Tickets.Ticket calldata t, bytes calldata sig, uint256 rand) external pure returns (bool) {
        return Tickets.wins(t, sig, rand);
    }

    function count(uint256 tickets, uint256 winProb) external view returns (uint256 won) {
        Tickets.Ticket memory t;
        t.winProb = winProb;
        for (uint256 i = 0; i < tickets; i++) {
            bytes32 noise = keccak256(abi.encode("signature", i));
            if (this.wins(t, abi.encodePacked(noise, noise, uint8(27)), i)) won++;
        }
    }
}
