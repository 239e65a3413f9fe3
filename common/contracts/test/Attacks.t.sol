// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TicketBroker} from "../src/pm/TicketBroker.sol";
import {Tickets} from "../src/pm/Tickets.sol";
import {FreeTermsBonding, TermsOfTodayBroker} from "./OldRules.sol";
import {World} from "./World.sol";

// The two attacks that the paper describes, squeezing delegators and stealing
// fees. Each is played first against rules without the counter-measure, where
// it works, then against ours.
contract AttacksTest is World {
    uint256 private constant KEY = 0xA11CE;
    address private sender;
    address private bad = address(0x0101); // the orchestrator that attacks
    address private fair = address(0x0102);
    address private d1 = address(0x0301);
    address private d2 = address(0x0302);

    function setUp() public override {
        super.setUp();
        sender = vm.addr(KEY);
        orchestrator(bad, 100 * LPT, 100000, 500000);
        orchestrator(fair, 100 * LPT, 100000, 500000);
        bond(d1, 300 * LPT, bad);
        bond(d2, 300 * LPT, fair);
        nextRound();
        fund(sender, 1000 ether, 0);
    }

    function terms(address who, uint256 cut, uint256 share) private {
        vm.prank(who);
        bonding.transcoder(cut, share);
    }

    // A1
    function testFuzz_C39_A1_validity(uint8 validity) public {
        uint256 v = within(validity, 1, 3);
        broker.setUnlockPeriod(v < 2 ? 2 : v);
        broker.setTicketValidityPeriod(v);
        uint256 created = round();
        for (uint256 i = 0; i < v; i++) {
            Tickets.Ticket memory t = ticketOf(sender, bad, 1 ether, created);
            redeemAs(bad, t, signTicket(KEY, t));
            nextRound();
        }
        Tickets.Ticket memory late = ticketOf(sender, bad, 1 ether, created);
        bytes memory sig = signTicket(KEY, late);
        refuses("ticket is expired");
        redeemAs(bad, late, sig);
        near(fees(bad) + fees(d1), v * 1 ether, 10, "one in each round of its life");
    }

    // A2
    function test_C39_A2_termsAreCommitted() public {
        vm.prank(bad);
        refuses("caller can't be active or must have already called reward for the current round");
        bonding.transcoder(1000000, 0);
        reward(bad);
        uint256 n = round();
        terms(bad, 1000000, 0);
        (, uint256 cut, uint256 share, , ) = bonding.getTranscoderEarningsPoolForRound(bad, n);
        ok(cut == 100000 && share == 500000, "round n keeps its terms");
        lockPhase();
        vm.prank(bad);
        refuses("can't update transcoder params, current round is locked");
        bonding.transcoder(0, 0);
        nextRound();
        reward(bad);
        (, cut, share, , ) = bonding.getTranscoderEarningsPoolForRound(bad, n + 1);
        ok(cut == 1000000 && share == 0, "round n+1 has the new ones");
    }

    // Fee theft: hold a winner, cut the share, redeem in the next round.
    function steal() private {
        Tickets.Ticket memory t = ticket(sender, bad, 1 ether);
        bytes memory sig = signTicket(KEY, t);
        reward(bad);
        terms(bad, 100000, 0);
        nextRound();
        redeemAs(bad, t, sig);
    }

    // A3
    function test_C39_A3_feeTheftWorksOnTheOldRule() public {
        put("TicketBrokerTarget", address(new TermsOfTodayBroker(address(controller))));
        steal();
        eq(fees(d1), 0, "the delegators get nothing of the fee");
        eq(fees(bad), 1 ether, "all of it stolen");
    }

    function test_C39_A3_feeTheftFails() public {
        steal();
        uint256 part = (0.5 ether * stakeOf(d1)) / (stakeOf(d1) + stakeOf(bad));
        near(fees(d1), part, 1e10, "the promised half, by stake");
        near(fees(bad) + fees(d1), 1 ether, 2, "nothing lost");
    }

    // A4
    function test_C39_A4_higherShareCounts() public {
        Tickets.Ticket memory t = ticket(sender, bad, 1 ether);
        bytes memory sig = signTicket(KEY, t);
        reward(bad);
        terms(bad, 100000, 800000);
        nextRound();
        redeemAs(bad, t, sig);
        uint256 part = (0.8 ether * stakeOf(d1)) / (stakeOf(d1) + stakeOf(bad));
        near(fees(d1), part, 1e10, "the raised share");
    }

    // A5: what a delegator's tool forecasts from chain data, and what happens.
    function test_C39_A5_leaving() public {
        Tickets.Ticket memory t = ticket(sender, bad, 1 ether);
        bytes memory sig = signTicket(KEY, t);
        reward(bad);
        uint256 forecast = stakeOf(d1);
        vm.prank(d1);
        bonding.bond(0, fair);
        eq(bonded(d1), forecast, "principal and reward intact");
        nextRound();
        redeemAs(bad, t, sig);
        eq(fees(d1), 0, "fees of n redeemed in n+1 are forfeit, as forecast");
        near(fees(bad), 1 ether, 2, "they go to the stake that remained");
    }

    // A6: squeezed without a lock on terms and without a quick way out.
    function test_C39_A6_squeezeWorksOnTheOldRules() public {
        put("BondingManagerTarget", address(new FreeTermsBonding(address(controller))));
        uint256 begin = stakeOf(d1);
        // Looks fair until the moment of the reward, each round.
        for (uint256 r = 0; r < 10; r++) {
            vm.startPrank(bad);
            FreeTermsBonding(address(bonding)).transcoderNow(1000000, 0);
            bonding.reward();
            FreeTermsBonding(address(bonding)).transcoderNow(100000, 500000);
            vm.stopPrank();
            reward(fair);
            nextRound();
        }
        eq(stakeOf(d1), begin, "nothing in ten rounds that promised nine tenths");
        ok(stakeOf(d2) > begin * 2, "while the fair one's delegator grows");
    }

    // The same wish against our rules, over fifty rounds: the change is seen one
    // round ahead, and the delegator that moves on the alert keeps the market's
    // rate.
    function test_C39_A6_squeezeFails() public {
        address stays = address(0x0303);
        bond(stays, 300 * LPT, bad);
        nextRound();
        reward(bad);
        reward(fair);
        terms(bad, 1000000, 0); // the alert: TranscoderUpdate
        vm.prank(d1);
        bonding.bond(0, fair);
        uint256 moved = stakeOf(d1);
        uint256 stayed = stakeOf(stays);
        uint256 market = stakeOf(d2);
        nextRound();
        for (uint256 r = 0; r < 50; r++) {
            reward(bad);
            reward(fair);
            nextRound();
        }
        eq(stakeOf(stays), stayed, "who stays is squeezed");
        ok(stakeOf(bad) > 1000 * LPT, "the orchestrator compounds");
        // Both grew by the same factor.
        near((stakeOf(d1) * 1e9) / moved, (stakeOf(d2) * 1e9) / market, 10, "the mover has the market ratio");
    }

    // A7
    function testFuzz_C39_A7_alwaysFreeToMove(uint256 seed) public {
        address[2] memory to = [bad, fair];
        for (uint256 i = 0; i < 10; i++) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed % 3 == 0) nextRound();
            if (seed % 5 == 0) lockPhase();
            if ((seed >> 8) % 2 == 0 && bonding.getTranscoder(bad).lastRewardRound != round()) reward(bad);
            (, , address now_, , , , ) = bonding.getDelegator(d1);
            address next = now_ == to[0] ? to[1] : to[0];
            vm.prank(d1);
            bonding.bond(0, next);
            (, , now_, , , , ) = bonding.getDelegator(d1);
            eq(now_, next, "moved");
        }
    }

    // A8
    function testFuzz_C39_A8_acceptedTicketsOutliveNoUnlock(uint8 validity, uint8 extra, uint8 wait) public {
        uint256 v = within(validity, 1, 3);
        broker.setUnlockPeriod(5);
        broker.setTicketValidityPeriod(v);
        broker.setUnlockPeriod(v + within(extra, 0, 3));
        vm.prank(sender);
        broker.unlock();
        nextRounds(within(wait, 0, 3));
        (TicketBroker.Sender memory s, ) = broker.getSenderInfo(sender);
        bool accepted = round() + v <= s.withdrawRound;
        Tickets.Ticket memory t = ticket(sender, bad, 1 ether);
        bytes memory sig = signTicket(KEY, t);
        if (!accepted) return;
        // In the very last round of its life.
        nextRounds(v - 1);
        redeemAs(bad, t, sig);
        near(fees(bad) + fees(d1), 1 ether, 3, "paid, in full");
    }
}
