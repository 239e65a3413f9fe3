// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Receipts} from "../src/fault/Receipts.sol";
import {Tickets} from "../src/pm/Tickets.sol";
import {FaultWorld} from "./FaultWorld.sol";

// What the expensive calls cost, with everything around them prepared and every
// slot cold: in isolation each call is a transaction of its own. The ceilings
// are those of the C programs' gas budgets.
/// forge-config: default.isolate = true
contract GasTest is FaultWorld {
    uint256 private constant KEY = 0xA11CE;
    address private sender;

    function setUp() public override {
        super.setUp();
        sender = vm.addr(KEY);
        fund(sender, 100 ether, 10 ether);
        bonding.setNumActiveTranscoders(100);
        for (uint160 i = 0; i < 99; i++) orchestrator(address(0x7000 + i), (10 + i) * LPT, 100000, 500000);
        nextRound();
    }

    function spend(address to, bytes memory data) private returns (uint256) {
        (bool done, ) = to.call(data);
        ok(done, "the measured call works");
        return vm.lastCallGas().gasTotalUsed;
    }

    function limit(string memory what, uint256 used, uint256 ceiling) private {
        vm.snapshotValue("gas", what, used);
        atMost(used, ceiling, what);
    }

    function test_C46_redeem() public {
        Tickets.Ticket memory t = ticket(sender, o1, 1 ether);
        bytes memory sig = signTicket(KEY, t);
        bytes memory data = abi.encodeCall(broker.redeemWinningTicket, (t, sig, RAND));
        limit("first redemption", spend(address(broker), data), 350000);
    }

    function test_C46_redeemAgain() public {
        pay(KEY, o1, 1 ether);
        Tickets.Ticket memory t = ticket(sender, o1, 1 ether);
        bytes memory sig = signTicket(KEY, t);
        bytes memory data = abi.encodeCall(broker.redeemWinningTicket, (t, sig, RAND));
        limit("next redemption", spend(address(broker), data), 250000);
    }

    function test_C46_batchOf20() public {
        Tickets.Ticket[] memory list = new Tickets.Ticket[](20);
        bytes[] memory sigs = new bytes[](20);
        uint256[] memory rands = new uint256[](20);
        for (uint256 i = 0; i < 20; i++) {
            list[i] = ticket(sender, o1, 0.1 ether);
            sigs[i] = signTicket(KEY, list[i]);
            rands[i] = RAND;
        }
        bytes memory data = abi.encodeCall(broker.batchRedeemWinningTickets, (list, sigs, rands));
        limit("batch of 20", spend(address(broker), data), 3500000);
        nextRound();
        near(fees(o1), 2 ether, 100, "all twenty");
    }

    // From the tail to its right place, with the hints a client computes.
    function test_C46_reward100WithHints() public {
        eq(bonding.getTranscoderPoolSize(), 100, "a full set");
        address who = address(0x7000);
        (address prev, address next) = place(who);
        vm.startPrank(who);
        uint256 used = spend(address(bonding), abi.encodeCall(bonding.rewardWithHint, (prev, next)));
        vm.stopPrank();
        limit("reward, N = 100, hints", used, 400000);
    }

    function place(address who) private view returns (address prev, address next) {
        uint256 stake = bonding.transcoderTotalStake(who);
        uint256 gain = (minter.currentMintableTokens() * stake) / bonding.currentRoundTotalActiveStake();
        next = bonding.getFirstTranscoderInPool();
        while (next != address(0)) {
            if (next != who) {
                if (bonding.transcoderTotalStake(next) <= stake + gain) return (prev, next);
                prev = next;
            }
            next = bonding.getNextTranscoderInPool(next);
        }
    }

    function test_C46_reward100WithoutHints() public {
        vm.startPrank(address(0x7000));
        uint256 used = spend(address(bonding), abi.encodeCall(bonding.reward, ()));
        vm.stopPrank();
        limit("reward, N = 100, no hints", used, 1000000);
    }

    function test_C46_initializeRound() public {
        skipRound();
        limit("initializeRound", spend(address(clock), abi.encodeCall(clock.initializeRound, ())), 250000);
    }

    function test_C46_challenge() public {
        Receipts.Receipt memory r = receipt();
        bytes memory sig = signed(r);
        bytes memory data = abi.encodeCall(
            fault.challenge,
            (r, sig, 0, profiles, renditions, "https://a.example/bundle")
        );
        fault.setChallengeParams(3, 2, 0);
        vm.startPrank(viewer);
        uint256 used = spend(address(fault), data);
        vm.stopPrank();
        limit("challenge", used, 400000);
    }

    function test_C46_executeSlash() public {
        vm.startPrank(o1);
        for (uint256 i = 0; i < 4; i++) bonding.unbond(10 * LPT);
        vm.stopPrank();
        bytes32 id = proven();
        vm.startPrank(viewer);
        uint256 used = spend(address(fault), abi.encodeCall(fault.executeSlash, (id, ids(4))));
        vm.stopPrank();
        limit("executeSlash with 4 locks", used, 500000);
    }

    function test_C46_bond() public {
        give(address(0x8000), LPT);
        bytes memory data = abi.encodeCall(bonding.bond, (LPT, o1));
        vm.startPrank(address(0x8000));
        uint256 used = spend(address(bonding), data);
        vm.stopPrank();
        limit("bond to the head", used, 500000);
    }
}
